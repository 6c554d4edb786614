//! Commands that publish a model or an image, or put one to use, and those that check one first.
//!
//! Sources: MLflow REST API 2.0 and Databricks' (`transition-stage`, `alias`, `transition-requests/approve`), Triton's repository
//! extension, the references of the clouds' command lines.

use super::models::{MODEL_FILES, is_hub};
use crate::shell::Invocation;
use bartizan_core::Severity;

/// What a command publishes or promotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Publication {
    /// With its verb: `pushes an image`.
    pub(crate) what: &'static str,
    /// How bad where nothing was verified: what is in use afterwards counts for more than what waits to be used.
    pub(crate) severity: Severity,
}

/// What the command publishes or promotes, if it does.
pub(crate) fn publishes(invocation: &Invocation<'_>) -> Option<Publication> {
    let of = |severity| move |what| Publication { what, severity };
    promotes(invocation).map(of(Severity::Medium)).or_else(|| uploads(invocation).map(of(Severity::Low)))
}

/// What is put to use: a version moved to a stage or under an alias, one approved, one that an endpoint answers with.
fn promotes(invocation: &Invocation<'_>) -> Option<&'static str> {
    let does = |verbs: &[&str]| invocation.does(verbs);
    let named = |part: &str| invocation.arguments.iter().any(|argument| argument.text.contains(part));
    let promotes = match invocation.program.as_str() {
        "mlflow" => {
            named("transition")
                || named("set-alias")
                || does(&["deployments", "create"])
                || does(&["deployments", "update"])
        }
        "databricks" => {
            named("transition-stage")
                || named("transition-request")
                || does(&["registered-models", "set-alias"])
                || does(&["serving-endpoints", "update-config"])
        }
        "aws" => [
            "update-model-package",
            "update-endpoint",
            "create-endpoint",
            "update-endpoint-weights-and-capacities",
        ]
        .iter()
        .any(|verb| does(&["sagemaker", verb])),
        "gcloud" => {
            does(&["ai", "endpoints", "deploy-model"]) || does(&["beta", "ai", "endpoints", "deploy-model"])
        }
        // An endpoint alone answers with nothing; its traffic says with what.
        "az" if does(&["ml", "online-endpoint", "update"]) || does(&["ml", "batch-endpoint", "update"]) => {
            invocation.option(&["--traffic", "--set", "--defaults"]).is_some()
        }
        "az" => ["online-deployment", "batch-deployment"]
            .iter()
            .any(|kind| does(&["ml", kind, "create"]) || does(&["ml", kind, "update"])),
        _ => asks(invocation).is_some_and(is_promotion),
    };
    promotes.then_some("promotes a model")
}

/// What is laid where others take it from.
fn uploads(invocation: &Invocation<'_>) -> Option<&'static str> {
    let does = |verbs: &[&str]| invocation.does(verbs);
    let named = |part: &str| invocation.arguments.iter().any(|argument| argument.text.contains(part));
    let program = invocation.program.as_str();
    if is_hub(program) && (does(&["upload"]) || does(&["upload-large-folder"])) {
        return Some("uploads a model to a hub");
    }
    match program {
        "docker" | "podman" | "buildah" | "nerdctl"
            if does(&["push"])
                || does(&["image", "push"])
                || does(&["compose", "push"])
                || (does(&["buildx", "build"]) || does(&["build"]))
                    && invocation.option(&["--push"]).is_some() =>
        {
            Some("pushes an image")
        }
        "crane" if does(&["push"]) || does(&["copy"]) || does(&["cp"]) => Some("pushes an image"),
        "skopeo"
            if does(&["copy"])
                && invocation.arguments.last().is_some_and(|last| last.text.starts_with("docker://")) =>
        {
            Some("pushes an image")
        }
        "gcloud" if does(&["builds", "submit"]) && invocation.option(&["--tag", "-t"]).is_some() => {
            Some("pushes an image")
        }
        "az" if does(&["acr", "build"]) => Some("pushes an image"),
        "aws" | "gsutil" | "azcopy" | "gcloud" | "rclone" if copies_model(invocation) => {
            Some("copies a model to a store")
        }
        "mlflow" if named("register") || named("create-version") => Some("registers a model"),
        "git" if does(&["push"]) && named("huggingface.co") => Some("pushes a model to a hub"),
        "kit" | "oras" | "modctl" | "bentoml" | "ollama" if does(&["push"]) || does(&["models", "push"]) => {
            Some("pushes a model")
        }
        "wandb" if does(&["artifact", "put"]) => Some("publishes an artifact"),
        "aws" if does(&["sagemaker", "create-model-package"]) => Some("registers a model"),
        "gcloud" if does(&["ai", "models", "upload"]) => Some("registers a model"),
        "az" if does(&["ml", "model", "create"]) => Some("registers a model"),
        _ => asks(invocation).filter(|address| is_registration(address)).map(|_| "registers a model"),
    }
}

/// The address to which a command sends something that changes what is there.
fn asks<'c>(invocation: &Invocation<'c>) -> Option<&'c str> {
    let sends = match invocation.program.as_str() {
        "curl" => {
            let method = invocation.value(&["-X", "--request"]).map(|(method, _)| method);
            let data = [
                "-d",
                "--data",
                "--data-raw",
                "--data-binary",
                "--json",
                "-F",
                "--form",
                "-T",
                "--upload-file",
            ];
            method.map_or_else(|| invocation.option(&data).is_some(), is_change)
                || invocation.arguments.iter().any(|one| {
                    one.text.strip_prefix("-X").is_some_and(|method| !method.is_empty() && is_change(method))
                })
        }
        "wget" | "wget2" => {
            invocation.option(&["--post-data", "--post-file", "--body-data", "--body-file"]).is_some()
                || invocation.value(&["--method"]).is_some_and(|(method, _)| is_change(method))
        }
        "http" | "https" | "xh" => invocation.arguments.iter().any(|one| is_change(one.text)),
        "invoke-restmethod" | "invoke-webrequest" | "irm" | "iwr" => {
            invocation.value(&["-Method"]).is_some_and(|(method, _)| is_change(method))
        }
        _ => false,
    };
    let mut places = invocation.arguments.iter().map(|one| one.text).filter(|text| text.contains('/'));
    places.find(|text| is_promotion(text) || is_registration(text)).filter(|_| sends)
}

/// Whether a method of HTTP changes what it is sent to.
pub(crate) fn is_change(method: &str) -> bool {
    ["POST", "PUT", "PATCH"].iter().any(|change| method.eq_ignore_ascii_case(change))
}

/// Whether what is sent to an address puts a model to use.
pub(crate) fn is_promotion(address: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or(address).trim_end_matches('/');
    let ends = [
        "model-versions/transition-stage",
        "registered-models/alias",
        "transition-requests/approve",
        ":deployModel",
        ":mergeVersionAliases",
        "/trafficPolicy",
    ];
    let serving = path.contains("/serving-endpoints/") && path.ends_with("/config");
    let loads = path.contains("/v2/repository/models/") && path.ends_with("/load");
    serving || loads || ends.iter().any(|end| path.ends_with(end))
}

/// Whether what is sent to an address becomes a version of a model in a registry.
fn is_registration(address: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or(address).trim_end_matches('/');
    path.ends_with("mlflow/model-versions/create") || path.ends_with("models:upload")
}

/// Whether a file of a model is copied to a store.
fn copies_model(invocation: &Invocation<'_>) -> bool {
    let operands = invocation.operands(&[]);
    let copies = operands.iter().any(|operand| matches!(operand.text, "cp" | "sync" | "copy" | "rsync"));
    let Some((target, sources)) = operands.split_last() else { return false };
    let is_store =
        ["s3://", "gs://", "https://", "az://", "s3:"].iter().any(|scheme| target.text.starts_with(scheme));
    let is_model = |text: &str| {
        MODEL_FILES.iter().any(|end| text.ends_with(end))
            || text.split('/').any(|part| matches!(part, "model" | "models" | "weights" | "checkpoints"))
    };
    copies && is_store && sources.iter().any(|source| !source.text.contains("://") && is_model(source.text))
}

/// Whether the command checks, scans or signs what is published.
pub(crate) fn verifies(invocation: &Invocation<'_>) -> bool {
    let program = invocation.program.as_str();
    matches!(
        program,
        "bartizan"
            | "cosign"
            | "model_signing"
            | "model-signing"
            | "modelscan"
            | "picklescan"
            | "fickling"
            | "sigstore"
            | "gpg"
            | "witness"
            | "notation"
            | "slsa-verifier"
            | "modelaudit"
    ) || invocation
        .arguments
        .iter()
        .any(|argument| ["bartizan", "model_signing", "modelscan", "picklescan"].contains(&argument.text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::Script;

    fn graded(text: &str) -> Option<Severity> {
        let script = Script::read(text);
        script
            .commands
            .iter()
            .filter_map(Invocation::of)
            .find_map(|one| publishes(&one))
            .map(|one| one.severity)
    }

    #[test]
    fn what_is_put_to_use_is_told_whoever_is_asked() {
        for text in [
            "curl -X POST -d @v.json https://m.example/api/2.0/mlflow/model-versions/transition-stage",
            "curl --json \"$BODY\" \"$HOST/api/2.0/mlflow/registered-models/alias\"",
            "curl -XPUT https://d.example/api/2.0/serving-endpoints/a/config -d @c.json",
            "http POST https://m.example/api/2.0/mlflow/registered-models/alias name=a",
            "Invoke-RestMethod -Method Post -Uri https://m.example/api/2.0/mlflow/registered-models/alias",
            "wget --post-data=x https://t.example/v2/repository/models/net/load",
            "az ml online-deployment update --name blue --endpoint a --set model=azureml:a@latest",
            "az ml online-endpoint update --name a --traffic 'blue=100'",
            "aws sagemaker update-model-package --model-package-arn a --model-approval-status Approved",
            "gcloud ai endpoints deploy-model 1 --model=2",
            "databricks registered-models set-alias a.b.c champion 3",
        ] {
            assert_eq!(graded(text), Some(Severity::Medium), "{text}");
        }
        for text in [
            "curl https://m.example/api/2.0/mlflow/registered-models/alias?name=a",
            "curl -X DELETE https://m.example/api/2.0/mlflow/registered-models/alias",
            "curl -X POST https://m.example/api/2.0/mlflow/model-versions/search -d @q.json",
            "curl -X POST https://hooks.example/registered-models/alias-changed -d x",
            "az ml online-deployment show --name blue",
            "az ml online-endpoint create -n a -f endpoint.yml",
            "aws sagemaker describe-endpoint --endpoint-name a",
            "echo registered-models/alias",
        ] {
            assert_eq!(graded(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_laid_out_for_others_is_low() {
        for text in [
            "docker buildx build --push -t acme/net .",
            "docker compose push",
            "podman push acme/net",
            "skopeo copy oci:out docker://acme/net",
            "gcloud builds submit --tag gcr.io/acme/net",
            "az acr build -r acme -t net .",
            "curl -X POST https://m.example/api/2.0/mlflow/model-versions/create -d @v.json",
            "hf upload acme/net ./out",
        ] {
            assert_eq!(graded(text), Some(Severity::Low), "{text}");
        }
        for text in ["docker build -t acme/net .", "skopeo copy docker://acme/net oci:out", "docker pull a"] {
            assert_eq!(graded(text), None, "{text}");
        }
    }
}
