//! Settings of trainings and servers as YAML or JSON, read by code or a trainer (Axolotl, LLaMA-Factory, TRL, lm-evaluation-harness,
//! BentoML, LiteLLM): remote code, models of a hub, data without encryption.

use super::models;
use crate::address::{is_commit, named};
use crate::ci::github::gaps;
use crate::marks::Marks;
use crate::rules::{
    self, HOST_ACCESS, REMOTE_CODE, SECRET, TLS_DISABLED, UNPINNED_MODEL, UNSAFE_MODEL_FORMAT,
};
use crate::shell::inspect;
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, issue, variable};
use bartizan_core::{Confidence, Kind, Rule, Severity};
use std::sync::LazyLock;

/// Settings that name a model.
#[derive(Debug)]
pub(crate) struct Settings;

impl Reader for Settings {
    fn id(&self) -> &'static str {
        "model-settings"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        // What a hub or a library writes beside a model is no setting of anyone.
        let written =
            ["config.json", "tokenizer_config.json", "adapter_config.json", "generation_config.json"];
        matches!(text.extension(), "yaml" | "yml" | "json")
            && !written.contains(&text.file_name())
            && !text.content.contains("apiVersion:")
            && ANY_MARK.any_in(text.content)
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        for node in yaml.nodes().filter(|node| node.is_mapping()) {
            if notes.out_of_time() {
                return;
            }
            issue::report(text, notes, judged(node));
            models::inspect(text, notes, node);
        }
    }
}

/// Keys that such a file holds.
const MARKS: &[&str] = &[
    "trust_remote_code",
    "trustRemoteCode",
    "model_name_or_path",
    "pretrained_model_name_or_path",
    "base_model",
    "model_id",
    "tokenizer_name",
    "trust-remote-code",
    "model_source",
    "litellm_params",
    "api_base",
    "model_url",
    "model_uri",
    "dataset_url",
    "data_url",
    "weights_url",
    "checkpoint_url",
    "tensor-parallel-size",
    "tensor_parallel_size",
    "gpu-memory-utilization",
    "gpu_memory_utilization",
    "max-model-len",
    "lora-modules",
    "lora_modules",
    "pretraining_dataset",
    "dataset_mixer",
    "dataset_mixture",
    "dataset_name",
    "ssl_verify",
    "verify_ssl",
    "tls_verify",
    "verify_certs",
    "insecureSkipVerify",
    "insecure_skip_verify",
    "insecureIgnoreHostKey",
    "save_safetensors",
    "safe_serialization",
];

/// Finds any of them in one pass.
static ANY_MARK: LazyLock<Marks> = LazyLock::new(|| Marks::new(MARKS.iter().copied()));

/// Switches by which certificates are looked at, and those by which they are not.
const VERIFY: &[&str] = &["ssl_verify", "verify_ssl", "tls_verify", "verify_tls", "verify_certs"];
const SKIP: &[&str] = &[
    "insecureskipverify",
    "insecure_skip_verify",
    "insecureskiptlsverify",
    "insecure_skip_tls_verify",
    "insecureignorehostkey",
];

/// Options of vLLM's servers that stand beside the plain name `model`.
const SERVER: &[&str] = &[
    "trust_remote_code",
    "tensor_parallel_size",
    "pipeline_parallel_size",
    "gpu_memory_utilization",
    "max_model_len",
    "max_num_seqs",
    "enforce_eager",
    "enable_lora",
    "lora_modules",
    "served_model_name",
];

/// Keys whose value is a model of a hub, or a folder.
const MODELS: &[&str] = &[
    "model_name_or_path",
    "pretrained_model_name_or_path",
    "base_model",
    "model_id",
    "hf_model_id",
    "adapter_name_or_path",
    "model_source",
];

/// Keys that pin it.
const REVISIONS: &[&str] = &[
    "revision",
    "model_revision",
    "base_model_revision",
    "revision_of_model",
    "hf_revision",
    "commit",
    "commit_hash",
];

/// Keys whose value lists data sets, or names one: Axolotl's, TRL's and the alignment handbook's.
const DATASETS: &[&str] = &[
    "datasets",
    "test_datasets",
    "dataset",
    "pretraining_dataset",
    "dataset_name",
    "dataset_id",
    "dataset_mixer",
    "dataset_mixture",
    "train_dataset",
    "eval_dataset",
];

/// Names of loaders that read files, and of kinds of data: no repositories.
const LOADERS: &[&str] =
    &["json", "csv", "parquet", "text", "arrow", "pandas", "imagefolder", "audiofolder", "webdataset"];

/// The data sets of a hub that stand under a key of [`DATASETS`] without a commit.
fn datasets(name: &str, node: Node<'_>, value: Node<'_>) -> Vec<Issue> {
    let beside = |node: Node<'_>| {
        ["revision", "dataset_revision", "commit", "ref"]
            .iter()
            .find_map(|key| node.text_of(key))
            .map(str::to_owned)
    };
    let told = |place: Node<'_>, name: &str, revision: Option<&str>| {
        let name = name.split_once(':').map_or(name, |(name, _)| name);
        let is_data = names_repository(name) && !LOADERS.contains(&name);
        let why = is_data.then(|| inspect::moves(revision)).flatten()?;
        let message = format!("the data set `{name}` is loaded {why}");
        Some(Issue::new(&UNPINNED_MODEL, place.span(), message).confidence(Confidence::Medium))
    };
    let of = |node: Node<'_>| {
        let place = ["path", "name", "id", "dataset_id", "dataset_name", "repo_id"]
            .iter()
            .find_map(|key| node.get(key))?;
        told(place, place.as_str()?, beside(node).as_deref())
    };
    let mut found = Vec::new();
    if let Some(text) = value.as_str() {
        found.extend(told(value, text, beside(node).as_deref()));
    }
    for item in value.items() {
        found.extend(item.as_str().map_or_else(|| of(item), |text| told(item, text, None)));
    }
    if name.starts_with("dataset_mix") {
        for entry in value.entries() {
            found.extend(told(entry.key, entry.name(), beside(entry.value).as_deref()));
        }
    } else if value.is_mapping() {
        found.extend(of(value));
    }
    found
}

/// What the settings in `node`, a mapping, say.
pub(super) fn judged(node: Node<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    let entries = node.entries();
    let snake =
        |name: &str| name.replace("RemoteCode", "_remote_code").replace('-', "_").to_ascii_lowercase();
    let names: Vec<String> = entries.iter().map(|entry| snake(entry.name())).collect();
    let is_server = names.iter().any(|name| SERVER.contains(&name.as_str()));
    let has_source = names.iter().any(|name| name == "model_source");
    for (entry, snake) in entries.iter().zip(&names) {
        let name = entry.name();
        // Ray's `model_id` is what clients call the model that `model_source` names.
        let names_model = (MODELS.contains(&snake.as_str()) && !(has_source && snake == "model_id"))
            || (is_server && matches!(snake.as_str(), "model" | "tokenizer"));
        if DATASETS.contains(&snake.as_str()) {
            issues.extend(datasets(snake, node, entry.value));
        }
        if snake == "lora_modules" {
            issues.extend(entry.value.items_or_self().into_iter().filter_map(adapter));
        }
        let value = entry.value.as_str().unwrap_or_default();
        if snake == "trust_remote_code" && entry.value.as_bool() == Some(true) {
            let message = "the model's repository may run code where these settings are used";
            let fix = super::replaced(entry.value, "false", "do not trust remote code");
            issues.push(Issue::new(&REMOTE_CODE, entry.span(), message).fix(fix));
        } else if VERIFY.contains(&snake.as_str()) && entry.value.as_bool() == Some(false)
            || SKIP.contains(&snake.as_str()) && entry.value.as_bool() == Some(true)
        {
            let message = format!("`{name}: {value}` accepts any certificate or key");
            issues.push(Issue::new(&TLS_DISABLED, entry.span(), message));
        } else if matches!(snake.as_str(), "save_safetensors" | "safe_serialization")
            && entry.value.as_bool() == Some(false)
        {
            let message = format!(
                "`{name}: {value}` writes the weights as a pickle, which runs code where it is loaded"
            );
            issues.push(Issue::new(&UNSAFE_MODEL_FORMAT, entry.span(), message).severity(Severity::Low));
        } else if let Some(message) = inspect::unpickles(value).filter(|_| snake == "load_format") {
            issues.push(Issue::new(&UNSAFE_MODEL_FORMAT, entry.span(), message).severity(Severity::High));
        } else if let Some(message) =
            inspect::hands_out(value).filter(|_| snake == "allowed_local_media_path" && !value.is_empty())
        {
            issues.push(Issue::new(&HOST_ACCESS, entry.span(), message).severity(Severity::High));
        } else if names_model && names_repository(value) {
            let revision = REVISIONS.iter().find_map(|key| node.text_of(key));
            if !revision.is_some_and(is_commit)
                && let Some(why) = inspect::moves(revision)
            {
                let message = format!("the model `{value}` is loaded {why}");
                issues.push(
                    Issue::new(&UNPINNED_MODEL, entry.value.span(), message).confidence(Confidence::Medium),
                );
            }
        } else if let Some(issue) = named(snake, value, entry.value.span()).filter(|_| is_fetched(snake)) {
            issues.push(issue);
        } else if let Some(what) = variable::credential(snake, value) {
            let severity = what.severity.max(Severity::Medium);
            let message = format!("`{name}` holds {} in the open", what.name);
            issues.push(
                Issue::new(&SECRET, entry.value.span(), message)
                    .severity(severity)
                    .confidence(what.confidence),
            );
        }
    }
    issues
}

/// An adapter that a server loads beside its model: `name=owner/adapter`, or `{name, path}`.
fn adapter(item: Node<'_>) -> Option<Issue> {
    let path = item.get("path").unwrap_or(item);
    let written = path.as_str()?;
    let name = written.split_once('=').map_or(written, |(_, name)| name);
    names_repository(name).then(|| {
        let message = format!("the adapter `{name}` is loaded at its newest commit");
        Issue::new(&UNPINNED_MODEL, path.span(), message).confidence(Confidence::Medium)
    })
}

/// Whether `value` is `owner/name` of a hub rather than a folder people keep their own in.
fn names_repository(value: &str) -> bool {
    let owner = value.split('/').next().unwrap_or(value);
    inspect::is_repository(value) && !crate::python::is_local_folder(owner)
}

/// Whether what stands under `name` is fetched.
fn is_fetched(name: &str) -> bool {
    [
        "url",
        "uri",
        "data_files",
        "dataset",
        "data",
        "source",
        "path",
        "endpoint",
        "mirror",
        "download",
        "api_base",
    ]
    .iter()
    .any(|part| name == *part || name.ends_with(&format!("_{part}")))
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    fn found(text: &str) -> Vec<(u32, &'static str)> {
        lines("conf/train.yaml", text)
    }

    #[test]
    fn settings_are_judged_by_what_they_load() {
        let text = "model:\n  model_name_or_path: acme/net\n  trust_remote_code: true\ndata:\n  url: http://d.example/t.jsonl\nhub_token: hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567\n";
        assert_eq!(
            found(text),
            [(2, "unpinned-model"), (3, "remote-code"), (5, "insecure-transport"), (6, "secret")]
        );
    }

    #[test]
    fn settings_of_servers_are_judged_with_their_adapters() {
        let text = "model: acme/net\ntrust-remote-code: true\nlora-modules:\n- sql=acme/sql-lora\n- own=/adapters/own\n";
        assert_eq!(found(text), [(1, "unpinned-model"), (2, "remote-code"), (4, "unpinned-model")]);
        let json = "{\n\"model\": \"acme/net\",\n\"gpu_memory_utilization\": 0.5\n}";
        assert_eq!(lines("model.json", json), [(2, "unpinned-model")]);
        let proxy = "model_list:\n- model_name: a\n  litellm_params:\n    model: openai/gpt-4o\n    api_base: http://llm.example/v1\n";
        assert_eq!(found(proxy), [(5, "insecure-transport")]);
        assert_eq!(found("model: /models/net\nmax-model-len: 2048\n"), []);
        assert_eq!(
            found(
                "model: acme/net\nmax-model-len: 2048\nrevision: 0123456789abcdef0123456789abcdef01234567\n"
            ),
            []
        );
    }

    #[test]
    fn data_sets_of_trainers_without_a_commit_are_found() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let axolotl = format!(
            "base_model: ./net\ndatasets:\n- path: teknium/gpt4\n  type: alpaca\n- path: json\n  data_files: data/a.jsonl\n- path: acme/pairs\n  revision: {commit}\n- path: ./own/data\ntest_datasets:\n- path: acme/eval\n  revision: main\n"
        );
        assert_eq!(found(&axolotl), [(3, "unpinned-model"), (11, "unpinned-model")]);
        let mixed = "model_name_or_path: ./net\ndataset_mixer:\n  HuggingFaceH4/ultrachat_200k: 1.0\n  data/own: 1.0\ndataset_name: acme/pairs\n";
        assert_eq!(found(mixed), [(3, "unpinned-model"), (5, "unpinned-model")]);
        assert_eq!(found(&format!("dataset_name: acme/pairs\ndataset_revision: {commit}\n")), []);
        assert_eq!(found("base_model: ./net\ndatasets:\n- name: train\n- name: evaluation\n"), []);
    }

    #[test]
    fn switches_of_any_settings_are_judged() {
        assert_eq!(found("a:\n  ssl_verify: false\n"), [(2, "tls-disabled")]);
        assert_eq!(found("tls:\n  insecureSkipVerify: true\n"), [(2, "tls-disabled")]);
        assert_eq!(found("a:\n  ssl_verify: true\n  insecureSkipVerify: false\n  verify: false\n"), []);
        assert_eq!(
            found("max-model-len: 2048\nload-format: pt\nallowed-local-media-path: /\n"),
            [(2, "unsafe-model-format"), (3, "host-access")]
        );
        assert_eq!(
            found("max-model-len: 2048\nload-format: auto\nallowed-local-media-path: /srv/media\n"),
            []
        );
        assert_eq!(found("save_safetensors: false\n"), [(1, "unsafe-model-format")]);
        assert_eq!(found("save_safetensors: true\n"), []);
    }

    #[test]
    fn pinned_and_local_models_are_silent() {
        let pinned = "model_name_or_path: acme/net\nmodel_revision: 0123456789abcdef0123456789abcdef01234567\ntrust_remote_code: false\n";
        assert_eq!(found(pinned), []);
        assert_eq!(found("model_name_or_path: ./out/net\n"), []);
        assert_eq!(found("base_model: models/net\ndata:\n  url: https://d.example/t\n"), []);
    }
}
