//! Models and data sets fetched by a name that can mean something else tomorrow.

use crate::fix::{Edit, Fix, Safety};
use crate::pin::{Asked, HubKind, PINNED};
use crate::python::call::Call;
use crate::python::hub::{self, Named, Pin, What};
use crate::python::module::{Module, Report};
use crate::rules::UNPINNED_MODEL;
use bartizan_core::{Confidence, Finding, Rule, Severity};

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&UNPINNED_MODEL];

/// What is done about a name without a commit.
const REMEDY: &str = "Pass `revision=` with the 40-digit commit that was reviewed.";

/// Judges one call.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    let fetch = hub::adapter(call).or_else(|| hub::fetch(call));
    if let Some(fetch) = fetch {
        module.judged.insert(call.span.start);
        from_hub(call, &fetch, module);
        return;
    }
    by_name(call, module);
}

fn from_hub(call: &Call<'_>, fetch: &hub::Fetch<'_, '_>, module: &mut Module) {
    let name = match hub::named(call, &fetch.name.value) {
        Named::Local => return,
        Named::Unknown => {
            named_from_outside(call, fetch, module);
            // A branch is asked for by name: whatever is loaded comes from a hub.
            let moving = fetch.revision.and_then(|revision| revision.value.as_text());
            if let Some(branch @ ("main" | "master" | "latest" | "HEAD")) = moving {
                let message = format!("what is fetched at `{branch}` can change");
                let finding = Finding::new(&UNPINNED_MODEL, message).confidence(Confidence::Medium);
                module.report(&call.span, finding.remedy(REMEDY));
            }
            return;
        }
        Named::Remote(name) => name,
    };
    if fetch.what == What::Data && hub::is_file_builder(&name) {
        return;
    }
    // Names of a fixed list that the library ships with digests or versions of its own.
    if matches!(
        call.path.as_ref(),
        "timm.create_model" | "open_clip.create_model" | "open_clip.create_model_and_transforms"
    ) && !fetch.name.value.as_pieces().is_some_and(|name| name.starts_with("hf"))
    {
        return;
    }
    if call.path.as_ref() == "evaluate.load" && !name.contains('/') {
        return;
    }
    if call.path.as_ref() == "faster_whisper.WhisperModel" && !name.contains('/') {
        return;
    }
    if name.contains('@') && name.rsplit('@').next().is_some_and(hub::is_commit) {
        return;
    }
    let in_nested = ["model_kwargs", "download_kwargs", "hub_kwargs"].iter().find_map(|key| {
        call.keyword(key)
            .and_then(|given| given.value.entry("revision"))
            .and_then(|value| value.as_text().map(str::to_owned))
    });
    if in_nested.as_deref().is_some_and(hub::is_commit) {
        return;
    }
    let thing = if fetch.what == What::Model { "model" } else { "data set" };
    let finding = match hub::pin(call, fetch.revision) {
        Pin::Commit | Pin::Unknown => return,
        Pin::Abbreviated => Finding::new(
            &UNPINNED_MODEL,
            format!("the {thing} `{name}` is pinned by the start of a commit only"),
        )
        .severity(Severity::Low),
        Pin::Moving(revision) => Finding::new(
            &UNPINNED_MODEL,
            format!("the {thing} `{name}` is fetched at `{revision}`, which can move"),
        ),
        Pin::Absent => {
            Finding::new(&UNPINNED_MODEL, format!("the {thing} `{name}` is fetched as it is today"))
        }
    };
    let certain = name.contains('/')
        || call.is_of("transformers")
        || call.is_of("datasets")
        || call.is_of("huggingface_hub");
    let finding = finding.remedy(REMEDY);
    let finding = if certain { finding } else { finding.confidence(Confidence::Medium) };
    let fix = pinning(call, fetch, &name);
    // What is written at the revision is shown there, what is missing at the call.
    let moving = fetch.revision.filter(|revision| revision.value.as_text().is_some());
    let span = moving.map_or_else(|| call.span.clone(), |revision| revision.span.clone());
    let report = Report { span, finding, fix };
    let place = fetch.name.value.as_text().unwrap_or_default().to_owned();
    module.facts.unless_written.push((place, report));
}

/// How the call is pinned: the commit as its `revision`. Only where the name is always the same, and where it takes one.
fn pinning(call: &Call<'_>, fetch: &hub::Fetch<'_, '_>, name: &str) -> Option<Fix> {
    let takes_revision = matches!(
        call.name(),
        "from_pretrained" | "load_dataset" | "load_dataset_builder" | "snapshot_download" | "hf_hub_download"
    ) || matches!(
        call.path.as_ref(),
        "transformers.pipeline"
            | "sentence_transformers.SentenceTransformer"
            | "sentence_transformers.CrossEncoder"
            | "vllm.LLM"
    );
    let elsewhere = ["repo_type", "endpoint"].iter().any(|name| {
        call.keyword(name).is_some_and(|given| !matches!(given.value.as_text(), Some("model" | "dataset")))
    });
    if !takes_revision
        || elsewhere
        || !fetch.name.value.is_constant()
        || fetch.name.value.as_text() != Some(name)
    {
        return None;
    }
    let (edit, revision) = match fetch.revision {
        None => {
            let (span, replacement) = call.adding(&format!("revision=\"{PINNED}\""));
            (Edit { span, replacement }, None)
        }
        Some(given) => {
            let written = given.written;
            let quoted = written.starts_with(['"', '\'']) && written.ends_with(['"', '\'']);
            if !(quoted || written == "None") {
                return None;
            }
            let span = given.span.end.checked_sub(written.len())?..given.span.end;
            let edit = Edit { span, replacement: format!("\"{PINNED}\"") };
            (edit, given.value.as_text().map(str::to_owned))
        }
    };
    let kind = if fetch.what == What::Data { HubKind::Dataset } else { HubKind::Model };
    Some(Fix {
        edits: vec![edit],
        safety: Safety::Safe,
        title: "pass the commit as `revision`".to_owned(),
        asks: Some(Asked::Hub { kind, name: name.to_owned(), revision }),
    })
}

/// The name comes from outside: whoever gives it decides which model runs.
fn named_from_outside(call: &Call<'_>, fetch: &hub::Fetch<'_, '_>, module: &mut Module) {
    use crate::python::value::Taint;
    let taint = fetch.name.value.taint;
    if !(taint.has(Taint::REQUEST) || taint.has(Taint::MODEL)) {
        return;
    }
    let message = format!("what is fetched is named by {}", taint.describe());
    module.report(
        &call.span,
        Finding::new(&UNPINNED_MODEL, message)
            .confidence(Confidence::Medium)
            .remedy("Choose from a list of names and commits of your own."),
    );
}

/// Registries with names of their own.
fn by_name(call: &Call<'_>, module: &mut Module) {
    let first = |names: &[&str]| {
        call.any_keyword(names)
            .or_else(|| call.positional.first())
            .and_then(|argument| argument.value.as_pieces())
    };
    let report = |module: &mut Module, message: String, remedy: &str| {
        module.report(&call.span, Finding::new(&UNPINNED_MODEL, message).remedy(remedy));
    };
    let name = call.name();
    if call.is_of("mlflow")
        && matches!(
            name,
            "load_model"
                | "download_artifacts"
                | "spark_udf"
                | "load_checkpoint"
                | "build_docker"
                | "get_model_info"
        )
    {
        module.judged.insert(call.span.start);
        let uri =
            call.any_keyword(&["model_uri", "artifact_uri"]).map(|argument| &argument.value).or_else(|| {
                call.positional
                    .iter()
                    .map(|argument| &argument.value)
                    .find(|value| value.as_pieces().is_some_and(|uri| uri.contains(":/")))
            });
        let Some(uri) = uri.and_then(|value| value.as_pieces()) else { return };
        if let Some(moving) = moving_mlflow(uri) {
            report(
                module,
                format!("the model `{uri}` is whatever {moving} means today"),
                "Name the version: \"models:/name/7\", and verify its digest.",
            );
        }
        return;
    }
    let reads = matches!(call.package(), "pandas" | "polars" | "dask" | "fsspec")
        && (name.starts_with("read_") || name.starts_with("scan_") || name == "open");
    if reads
        && let Some(address) = call.positional.first().and_then(|given| given.value.as_pieces())
        && let Some(place) = address.strip_prefix("hf://")
    {
        let pinned = place
            .split('/')
            .any(|part| part.split_once('@').is_some_and(|(_, commit)| hub::is_commit(commit)));
        if !pinned {
            let shown = bartizan_core::printable(address, 100);
            report(
                module,
                format!("the data set `{shown}` is fetched as it is today"),
                "Name the commit: `hf://datasets/owner/name@<commit>/file`.",
            );
        }
        return;
    }
    if let Some(environment) = call.any_keyword(&["env", "environment", "Environment"])
        && let Some(model) = environment.value.entry("HF_MODEL_ID").and_then(|model| model.as_text())
    {
        let pinned =
            ["HF_MODEL_REVISION", "REVISION"].iter().any(|name| environment.value.entry(name).is_some());
        if !pinned
            && matches!(hub::named(call, &crate::python::value::Value::text(model)), hub::Named::Remote(_))
        {
            let shown = bartizan_core::printable(model, 100);
            report(
                module,
                format!("the model `{shown}` is served as it is today"),
                "Set `HF_MODEL_REVISION` to the commit.",
            );
        }
    }
    match call.path.as_ref() {
        "langchain.hub.pull" | "langchainhub.pull" | "langsmith.Client().pull_prompt" => {
            let Some(prompt) = first(&["owner_repo_commit", "prompt_identifier"]) else { return };
            if !prompt.contains(':') && !prompt.contains(crate::python::value::HOLE) {
                report(
                    module,
                    format!("the prompt `{prompt}` is fetched as it is today"),
                    "Name the commit: \"owner/name:<commit>\".",
                );
            }
        }
        _ if call.is_of("bentoml")
            && !call.path.contains("()")
            && matches!(name, "get" | "load_model" | "load_runner") =>
        {
            let Some(tag) = first(&["tag", "bento_model", "model_tag"]) else { return };
            if tag.split_once(':').is_none_or(|(_, version)| version == "latest")
                && !tag.contains(crate::python::value::HOLE)
            {
                report(
                    module,
                    format!("the model `{tag}` is whatever was saved last"),
                    "Name the version: \"name:version\".",
                );
            }
        }
        "tensorflow_hub.load" | "tensorflow_hub.KerasLayer" | "tensorflow_hub.resolve" => {
            let Some(handle) = first(&["handle"]) else { return };
            let versioned = handle
                .rsplit('/')
                .next()
                .is_some_and(|last| !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()));
            if handle.starts_with("http") && !versioned {
                report(
                    module,
                    format!("the model `{handle}` is fetched without a version"),
                    "Name the version at the end of the handle.",
                );
            }
        }
        "spacy.cli.download" | "spacy.cli.download.download" => {
            let Some(model) = first(&["model"]) else { return };
            let pinned = call.is_true("direct") && model.bytes().any(|byte| byte.is_ascii_digit());
            if !pinned {
                report(
                    module,
                    format!("the spaCy model `{model}` is fetched in whatever version fits"),
                    "Install the model's wheel by URL and hash in your lock file.",
                );
            }
        }
        "nltk.download" => {
            let what = first(&["info_or_id"]).unwrap_or("a collection").to_owned();
            let finding = Finding::new(&UNPINNED_MODEL, format!("NLTK fetches `{what}` as it is today"))
                .severity(Severity::Low)
                .remedy("Ship the data with the image, or verify its digest after the download.");
            module.report(&call.span, finding);
        }
        "kagglehub.model_download" | "kagglehub.dataset_download" => {
            let Some(handle) = first(&["handle"]) else { return };
            let parts: Vec<&str> = handle.split('/').collect();
            let versioned = parts.last().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()))
                || parts.contains(&"versions");
            if !versioned {
                module.report(
                    &call.span,
                    Finding::new(&UNPINNED_MODEL, format!("`{handle}` is fetched without a version"))
                        .remedy("Name the version in the handle."),
                );
            }
        }
        "wandb.use_artifact" | "wandb.init().use_artifact" | "wandb.Api().artifact" => {
            let Some(artifact) = first(&["artifact_or_name", "name"]) else { return };
            let moving = artifact.split_once(':').is_none_or(|(_, alias)| !is_version(alias));
            if moving && !artifact.contains(crate::python::value::HOLE) {
                report(
                    module,
                    format!("the artifact `{artifact}` is whatever its alias means today"),
                    "Name the version: \"name:v7\", and verify its digest.",
                );
            }
        }
        "modelscope.pipelines.pipeline"
        | "modelscope.snapshot_download"
        | "modelscope.hub.snapshot_download.snapshot_download" => {
            let model = call.any_keyword(&["model", "model_id"]).or_else(|| call.positional.first());
            let Some(model) = model.and_then(|model| model.value.as_text()) else { return };
            let moving = !call
                .any_keyword(&["revision", "model_revision"])
                .and_then(|revision| revision.value.as_text())
                .is_some_and(hub::is_commit);
            if moving && model.contains('/') && !model.starts_with(['.', '/']) && !call.open {
                report(module, format!("the model `{model}` is fetched as it is today"), REMEDY);
            }
        }
        _ => {}
    }
}

/// What in an MLflow address can move: a stage, an alias or `latest`; `None` for a version or a run.
fn moving_mlflow(uri: &str) -> Option<String> {
    let rest = uri.strip_prefix("models:/")?.trim_start_matches('/');
    if let Some((_, alias)) = rest.split_once('@') {
        return Some(format!("the alias `{alias}`"));
    }
    let (_, version) = rest.rsplit_once('/')?;
    if version.is_empty() || version.contains(crate::python::value::HOLE) {
        return None;
    }
    let number = version.bytes().all(|byte| byte.is_ascii_digit()) || version.starts_with("m-");
    (!number).then(|| format!("`{version}`"))
}

/// `v7`, or a digest.
fn is_version(alias: &str) -> bool {
    alias
        .strip_prefix('v')
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        || alias.len() >= 12 && alias.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{Low, Medium};

    fn models(code: &str) -> Vec<bartizan_core::Severity> {
        severities(code, "pipeline/unpinned-model")
    }

    #[test]
    fn names_without_a_commit_are_found_wherever_they_are_held() {
        for code in [
            "from transformers import AutoModel\nAutoModel.from_pretrained('acme/net')",
            "from transformers import AutoModel as A\nNAME = 'acme/' + 'net'\nA.from_pretrained(NAME, revision='main')",
            "from transformers import pipeline\npipeline('fill-mask', 'bert-base-uncased')",
            "from huggingface_hub import hf_hub_download as get\nget(filename='w', repo_id='acme/net', revision=None)",
            "from sentence_transformers import SentenceTransformer\nSentenceTransformer('all-MiniLM-L6-v2')",
            "import mlflow\nmlflow.pyfunc.load_model('models:/fraud@champion')",
            "import os\nfrom transformers import AutoModel\nAutoModel.from_pretrained(os.getenv('M', 'acme/net'))",
            "import mlflow\nname = 'fraud'\nmlflow.sklearn.load_model(f'models:/{name}/latest')",
        ] {
            assert_eq!(models(code), [Medium], "{code}");
        }
    }

    #[test]
    fn commits_local_paths_and_own_output_are_silent() {
        for code in [
            "M.from_pretrained('acme/net', revision='0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012')",
            "REV = '0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012'\nk = {'revision': REV}\nM.from_pretrained('acme/net', **k)",
            "M.from_pretrained('./net')",
            "import os\nM.from_pretrained(os.path.join('models', 'net'))",
            "from pathlib import Path\nM.from_pretrained(Path('models') / 'net')",
            "M.from_pretrained('acme/net', local_files_only=True)",
            "def f(name, revision):\n    M.from_pretrained('acme/net', revision=revision)",
            "out = 'my-model'\nmodel.save_pretrained(out)\nM.from_pretrained(out)",
            "import mlflow\nmlflow.pyfunc.load_model('models:/fraud/7')",
            "import mlflow\nmlflow.pyfunc.load_model(f'runs:/{run}/model')",
        ] {
            assert_eq!(models(code), [], "{code}");
        }
    }

    #[test]
    fn adapters_need_a_commit_as_models_do() {
        let commit = "0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012";
        for (code, pinned) in [
            ("from peft import PeftModel\nPeftModel.from_pretrained(base, 'acme/lora'", true),
            ("model.load_adapter('acme/lora'", true),
            ("pipe.load_lora_weights('acme/lora'", true),
            ("from vllm.lora.request import LoRARequest\nLoRARequest('n', 1, 'acme/lora'", false),
        ] {
            assert_eq!(models(&format!("{code})")), [Medium], "{code}");
            if pinned {
                assert_eq!(models(&format!("{code}, revision='{commit}')")), [], "{code}");
            }
            assert_eq!(models(&format!("{})", code.replace("acme/lora", "./adapters/own"))), [], "{code}");
        }
    }

    #[test]
    fn a_short_commit_is_mild() {
        assert_eq!(models("M.from_pretrained('acme/net', revision='0f3c9b2')"), [Low]);
    }

    #[test]
    fn data_sets_are_told_from_builders_that_read_files() {
        let data = |code: &str| {
            severities(&format!("from datasets import load_dataset\n{code}"), "pipeline/unpinned-model")
        };
        assert_eq!(data("load_dataset('acme/corpus')"), [Medium]);
        assert_eq!(data("load_dataset('imdb', split='train')"), [Medium]);
        assert_eq!(data("load_dataset('csv', data_files='a.csv')"), []);
        assert_eq!(data("load_dataset('data/corpus')"), []);
    }
}
