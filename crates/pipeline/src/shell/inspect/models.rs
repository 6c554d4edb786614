//! Models and datasets named on command lines: downloads, servers, publishing.

use super::Site;
use crate::Issue;
use crate::address::{is_commit, is_filled_in};
use crate::rules::{REMOTE_CODE, UNPINNED_MODEL, UNPINNED_SOURCE};
use crate::shell::Invocation;
use bartizan_core::{Confidence, Severity};

pub(super) fn command(site: &Site<'_>, issues: &mut Vec<Issue>) {
    let invocation = &site.invocation;
    for (place, argument) in invocation.arguments.iter().enumerate() {
        if allows_remote_code(argument.text) {
            let message = format!("`{}` lets the model's repository run code", argument.text);
            let issue = Issue::new(&REMOTE_CODE, argument.word.span.clone(), message);
            // `--trust-remote-code true` are two words.
            let valued = invocation.arguments.get(place.saturating_add(1)).is_some_and(|next| {
                matches!(next.text.to_ascii_lowercase().as_str(), "true" | "1" | "yes" | "on")
            });
            issues.push(if valued { issue } else { issue.withdrawing(argument.text) });
        }
    }
    let unpinned = |what: String, issues: &mut Vec<Issue>, severity: Severity| {
        issues.push(Issue::new(&UNPINNED_MODEL, site.span(), what).severity(severity));
    };
    let program = invocation.program.as_str();
    if is_hub(program) && invocation.does(&["download"]) {
        let operands = invocation.operands(HUB_VALUED);
        let Some(name) = operands.get(1).map(|operand| site.resolved(operand.text)) else { return };
        let revision = invocation.value(&["--revision"]).map(|(value, _)| site.resolved(value));
        if let Some(why) = moves(revision.as_deref()) {
            unpinned(format!("`{name}` is downloaded {why}"), issues, Severity::Medium);
        }
        return;
    }
    if program == "git" && (invocation.does(&["clone"]) || invocation.does(&["lfs", "clone"])) {
        let address = invocation
            .arguments
            .iter()
            .find(|argument| argument.text.contains("huggingface.co/") || argument.text.contains("hf.co/"));
        let pinned =
            site.script.commands.iter().skip(site.index).take(BEHIND).filter_map(Invocation::of).any(|one| {
                one.program == "git" && one.arguments.iter().any(|argument| is_commit(argument.text))
            });
        if let Some(address) = address.filter(|_| !pinned) {
            unpinned(format!("{} is cloned at its newest commit", address.text), issues, Severity::Medium);
        }
        return;
    }
    if matches!(program, "curl" | "wget" | "aria2c" | "axel") {
        for argument in &invocation.arguments {
            if let Some(why) = address_moves(&site.resolved(argument.text)) {
                unpinned(why, issues, Severity::Medium);
                return;
            }
        }
    }
    if program == "mlflow"
        && invocation.does(&["run"])
        && let Some(project) =
            invocation.operands(&[]).into_iter().map(|one| one.text).find(|text| text.contains("://"))
        && !invocation
            .value(&["--version", "-v"])
            .is_some_and(|(version, _)| is_commit(version) || is_filled_in(version))
    {
        let message = format!("`mlflow run` runs what {project} says, at a version that can move");
        issues.push(Issue::new(&UNPINNED_SOURCE, site.span(), message).severity(Severity::Medium));
        return;
    }
    if let Some(place) = copied(site) {
        unpinned(format!("{place} is fetched from a place whose content changes"), issues, Severity::Low);
        return;
    }
    served(site, issues);
    adapters(site, issues);
    fetched_otherwise(site, issues);
    if let Some(code) = python_code(invocation) {
        for name in unpinned_loads(code) {
            unpinned(format!("`{name}` is loaded at its newest commit"), issues, Severity::Medium);
        }
        if code.contains("trust_remote_code=True") {
            issues.push(Issue::new(
                &REMOTE_CODE,
                site.span(),
                "`trust_remote_code=True` lets the model's repository run code",
            ));
        }
    }
}

/// Most commands behind one that clones among which a checkout of a commit is looked for.
const BEHIND: usize = 64;

/// What a command copies from a bucket under a name that is meant to move: `aws s3 cp s3://b/latest/m .`.
fn copied<'s>(site: &'s Site<'_>) -> Option<&'s str> {
    let invocation = &site.invocation;
    let copies = match invocation.program.as_str() {
        "aws" => ["cp", "sync"].iter().any(|verb| invocation.does(&["s3", verb])),
        "gsutil" => {
            ["cp", "rsync"].iter().any(|verb| invocation.does(&[verb]) || invocation.does(&["-m", verb]))
        }
        "gcloud" => ["cp", "rsync"].iter().any(|verb| invocation.does(&["storage", verb])),
        "azcopy" => ["copy", "cp", "sync"].iter().any(|verb| invocation.does(&[verb])),
        "mc" | "rclone" | "s5cmd" => {
            ["cp", "copy", "sync", "mirror"].iter().any(|verb| invocation.does(&[verb]))
        }
        _ => false,
    };
    let addresses: Vec<&str> =
        invocation.arguments.iter().map(|one| one.text).filter(|text| text.contains("://")).collect();
    let last = invocation.arguments.last().map(|one| one.text);
    // What is copied to a bucket is no fetch.
    let source = addresses.first().filter(|first| copies && last != Some(**first))?;
    let moves = source.split('/').skip(3).any(|part| {
        matches!(part.to_ascii_lowercase().as_str(), "latest" | "current" | "newest" | "main" | "master")
    });
    moves.then_some(*source)
}

pub(super) fn is_hub(program: &str) -> bool {
    matches!(
        program,
        "huggingface-cli"
            | "hf"
            | "modelscope"
            | "huggingface_hub.cli.hf"
            | "huggingface_hub.commands.huggingface_cli"
    )
}

const HUB_VALUED: &[&str] = &[
    "--revision",
    "--repo-type",
    "--local-dir",
    "--cache-dir",
    "--include",
    "--exclude",
    "--token",
    "--max-workers",
    "--local-dir-use-symlinks",
    "--model",
    "--dataset",
];

/// Whether the argument allows remote code.
pub(crate) fn allows_remote_code(text: &str) -> bool {
    let option = text.trim_start_matches('-').replace('_', "-").to_ascii_lowercase();
    match option.split_once('=') {
        _ if !text.starts_with("--") => false,
        Some((name, value)) => name == "trust-remote-code" && !matches!(value, "false" | "0" | "no"),
        None => option == "trust-remote-code",
    }
}

/// Why a revision does not pin; `None` for a commit, and for one that is known at run time only.
pub(crate) fn moves(revision: Option<&str>) -> Option<String> {
    match revision {
        None => Some("at its newest commit".to_owned()),
        Some(revision) if is_commit(revision) || is_filled_in(revision) => None,
        Some(revision) => Some(format!("at `{revision}`, which can be moved")),
    }
}

/// Why a hub's address does not pin what it names.
pub(crate) fn address_moves(address: &str) -> Option<String> {
    let at = address.find("huggingface.co/").or_else(|| address.find("hf.co/"))?;
    let path = address.get(at..)?;
    let revision =
        ["/resolve/", "/raw/"].iter().find_map(|part| path.split_once(part)).map(|(_, rest)| rest)?;
    let revision = revision.split('/').next()?;
    (!is_commit(revision) && !is_filled_in(revision))
        .then(|| format!("a model is fetched from `{revision}`, which can be moved"))
}

/// Whether `name` is a repository of a hub and no path.
pub(crate) fn is_repository(name: &str) -> bool {
    let mut parts = name.split('/');
    let (owner, model) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let plain = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    parts.next().is_none() && plain(owner) && plain(model) && !owner.starts_with('.')
}

/// Servers and the model they are started with.
fn served(site: &Site<'_>, issues: &mut Vec<Issue>) {
    let invocation = &site.invocation;
    let program = invocation.program.as_str();
    let operand = |index: usize| invocation.operands(&[]).get(index).map(|operand| (operand.text, *operand));
    let named = match program {
        "vllm" if invocation.does(&["serve"]) => {
            operand(1).filter(|(name, _)| !name.starts_with('-')).or_else(|| invocation.value(&["--model"]))
        }
        "vllm.entrypoints.openai.api_server"
        | "vllm.entrypoints.api_server"
        | "sglang.launch_server"
        | "sglang"
        | "aphrodite"
        | "trtllm-serve"
        | "lmdeploy"
        | "mlx_lm.server"
        | "llama-server"
        | "infinity_emb" => invocation.value(&["--model", "--model-path", "--model-id", "-hf"]),
        "text-generation-launcher" | "text-generation-inference" | "text-embeddings-router" => {
            invocation.value(&["--model-id"])
        }
        _ if invocation.arguments.iter().any(|argument| {
            argument.text.contains("vllm.entrypoints") || argument.text.contains("sglang.launch_server")
        }) =>
        {
            invocation.value(&["--model", "--model-path"])
        }
        "" | "huggingface-cli" | "hf" | "curl" | "wget" | "git" => None,
        // Options that name a model of a hub whatever program they are given to.
        _ => invocation.value(MODEL_OPTIONS).filter(|(name, _)| {
            let owner = name.split('/').next().unwrap_or(name);
            name.contains('/') && !crate::python::is_local_folder(owner)
        }),
    };
    let Some((name, argument)) = named else { return };
    let name = site.resolved(name);
    if !is_repository(&name) {
        return;
    }
    let revision = invocation
        .value(&["--revision", "--model-revision", "--model_revision", "--model_id_revision"])
        .map(|(value, _)| value);
    if let Some(why) = moves(revision) {
        let message = format!("the model `{name}` is served {why}");
        issues.push(Issue::new(&UNPINNED_MODEL, argument.word.span.clone(), message));
    }
}

/// Adapters that a server loads beside its model: `--lora-modules name=owner/adapter …`, also as JSON with `path`.
fn adapters(site: &Site<'_>, issues: &mut Vec<Issue>) {
    const OPTIONS: &[&str] = &["--lora-modules", "--lora-paths", "--lora-adapters"];
    let mut listed = false;
    for argument in &site.invocation.arguments {
        let (option, value) = argument.text.split_once('=').unwrap_or((argument.text, ""));
        if argument.text.starts_with("--") {
            listed = OPTIONS.contains(&option);
            if !listed || value.is_empty() {
                continue;
            }
        } else if !listed {
            continue;
        }
        let written = if argument.text.starts_with("--") { value } else { argument.text };
        for part in written.split(',').filter(|part| !part.trim().is_empty()) {
            let place = if written.trim_start().starts_with('{') {
                part.split_once("\"path\"")
                    .map_or("", |(_, rest)| rest.trim_start_matches([':', ' ']).trim_matches(['"', '}', ' ']))
            } else {
                part.split_once('=').map_or(part, |(_, place)| place)
            };
            let owner = place.split('/').next().unwrap_or(place);
            let revision = place.split_once('@').map(|(_, revision)| revision);
            let name = place.split('@').next().unwrap_or(place);
            if !is_repository(name) || crate::python::is_local_folder(owner) {
                continue;
            }
            if let Some(why) = moves(revision) {
                let message = format!("the adapter `{name}` is loaded {why}");
                issues.push(
                    Issue::new(&UNPINNED_MODEL, argument.word.span.clone(), message)
                        .confidence(Confidence::Medium),
                );
            }
        }
    }
}

/// Options of trainers and servers whose value is the name of a model, or a folder.
const MODEL_OPTIONS: &[&str] = &[
    "--model-id",
    "--model_id",
    "--model_name_or_path",
    "--model-name-or-path",
    "--pretrained_model_name_or_path",
    "--base-model",
    "--base_model",
    "--hf-model",
];

fn fetched_otherwise(site: &Site<'_>, issues: &mut Vec<Issue>) {
    let invocation = &site.invocation;
    let second = invocation.operands(&[]).get(1).map(|operand| operand.text.to_owned());
    let what = match invocation.program.as_str() {
        "ollama" if invocation.does(&["pull"]) || invocation.does(&["run"]) => second
            .filter(|name| !name.contains("sha256"))
            .map(|name| format!("`{name}` is pulled by a tag that can be moved")),
        "kaggle" if invocation.does(&["datasets", "download"]) => {
            Some("a dataset is downloaded at its newest version".to_owned())
        }
        "spacy" if invocation.does(&["download"]) && invocation.option(&["-d", "--direct"]).is_none() => {
            second.map(|name| format!("`{name}` is downloaded at its newest version"))
        }
        "mlflow" => invocation
            .value(&["-m", "--model-uri", "--artifact-uri"])
            .filter(|(uri, _)| model_uri_moves(uri))
            .map(|(uri, _)| format!("`{uri}` names whatever stands there now")),
        _ => None,
    };
    if let Some(what) = what {
        // A stage or an alias is moved by design, as a branch is.
        let severity = if invocation.program == "mlflow" { Severity::Medium } else { Severity::Low };
        let issue = Issue::new(&UNPINNED_MODEL, site.span(), what);
        issues.push(issue.severity(severity).confidence(Confidence::Medium));
    }
}

/// Whether an MLflow address names a stage, an alias or the newest version.
pub(crate) fn model_uri_moves(uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix("models:/") else { return false };
    let rest = rest.trim_start_matches('/');
    match rest.split_once('/') {
        Some((_, version)) => !version.chars().all(|c| c.is_ascii_digit()) && !is_filled_in(version),
        None => rest.contains('@') || !rest.starts_with("m-"),
    }
}

fn python_code<'c>(invocation: &Invocation<'c>) -> Option<&'c str> {
    if !invocation.program.starts_with("python") {
        return None;
    }
    invocation.value(&["-c"]).map(|(code, _)| code)
}

/// Repositories that Python code of one line loads without a revision.
fn unpinned_loads(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for call in [
        "from_pretrained(",
        "snapshot_download(",
        "hf_hub_download(",
        "load_dataset(",
        "SentenceTransformer(",
        "CrossEncoder(",
    ] {
        for (at, _) in code.match_indices(call).take(32) {
            let rest = code.get(at.saturating_add(call.len())..).unwrap_or_default();
            let arguments = rest.split(')').next().unwrap_or(rest);
            let first = arguments.split(',').next().unwrap_or_default();
            let name = first.rsplit('=').next().unwrap_or(first).trim().trim_matches(['\'', '"', '\\']);
            let pinned = arguments.split_once("revision=").is_some_and(|(_, value)| {
                is_commit(
                    value
                        .trim_start_matches(['\'', '"', '\\'])
                        .split(['\'', '"', '\\'])
                        .next()
                        .unwrap_or_default(),
                )
            });
            if !pinned && is_repository(name) && first.contains(['\'', '"']) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// How files of models end.
pub(super) const MODEL_FILES: &[&str] = &[
    ".pt",
    ".pth",
    ".bin",
    ".safetensors",
    ".onnx",
    ".pkl",
    ".joblib",
    ".h5",
    ".keras",
    ".gguf",
    ".ckpt",
    ".tflite",
    ".mar",
    ".nemo",
];
