//! Addresses and formats of served models.

use crate::address::{self, is_commit, is_filled_in};
use crate::rules::{UNPINNED_IMAGE, UNPINNED_MODEL, UNSAFE_MODEL_FORMAT};
use crate::yaml::Node;
use crate::{Issue, Notes, Text, image, issue};
use bartizan_core::{Confidence, Severity};
use std::ops::Range;

/// Keys whose value is the address of a model.
const KEYS: &[&str] = &[
    "storageUri",
    "modelUri",
    "model_uri",
    "storage_uri",
    "modelPath",
    "modelURI",
    "storageURI",
    "artifactUri",
    "modelDataUrl",
    "ModelDataUrl",
    "model_data_url",
];

/// Judges `node`, a mapping, as what says which model is served.
pub(super) fn inspect(text: &Text<'_>, notes: &mut Notes<'_>, node: Node<'_>) {
    let address = KEYS.iter().find_map(|key| node.get(key)).filter(|address| address.as_str().is_some());
    // KServe's `LLMInferenceService` says `model: {uri}`, and `uri` for each adapter below it.
    let plain = node.get("uri").filter(|uri| {
        uri.as_str()
            .is_some_and(|uri| ["hf://", "oci://", "models:/"].iter().any(|begin| uri.starts_with(begin)))
    });
    let of_model = node.path(&["model", "uri"]).filter(|uri| uri.as_str().is_some());
    for address in [address, plain, of_model].into_iter().flatten() {
        issue::report(text, notes, uri_issues(address.as_str().unwrap_or_default(), &address.span()));
    }
    issue::report(text, notes, format_issue(node, address));
    // KServe takes the image of the runtime with this tag.
    let served =
        ["storageUri", "modelFormat", "runtime", "protocolVersion"].iter().any(|key| node.get(key).is_some());
    let runtime = node.get("runtimeVersion").filter(|_| served);
    if let Some((runtime, tag)) = runtime.and_then(|runtime| Some((runtime, runtime.as_str()?)))
        && !tag.is_empty()
    {
        let reference = format!("runtime:{tag}");
        let moving = matches!(image::pin(&reference), image::Pin::Moving);
        let message = format!("the model is served by the runtime `{tag}`, whatever that is at each start");
        issue::report(text, notes, moving.then(|| Issue::new(&UNPINNED_IMAGE, runtime.span(), message)));
    }
}

/// What the address of a model says of how it is pinned, carried and stored.
pub(crate) fn uri_issues(uri: &str, span: &Range<usize>) -> Vec<Issue> {
    let mut issues = Vec::new();
    if let Some(why) = moves(uri) {
        issues.push(Issue::new(&UNPINNED_MODEL, span.clone(), format!("`{uri}` {why}")));
    } else if is_unversioned(uri) {
        let message = format!("`{uri}` names neither a version nor a digest: whatever lies there is served");
        let issue = Issue::new(&UNPINNED_MODEL, span.clone(), message).severity(Severity::Low);
        issues.push(issue.confidence(Confidence::Medium));
    }
    issues.extend(address::fetched(uri, span.clone()));
    if let Some(end) = [".pkl", ".pickle", ".joblib", ".dill", ".pt", ".pth", ".ckpt", ".h5", ".mar", ".nemo"]
        .iter()
        .find(|end| uri.to_ascii_lowercase().ends_with(**end))
    {
        issues.push(
            Issue::new(
                &UNSAFE_MODEL_FORMAT,
                span.clone(),
                format!("a `{end}` file can run code when it is loaded"),
            )
            .confidence(Confidence::Medium),
        );
    }
    issues
}

/// Why what stands at `uri` can change; `None` when it is named by a commit, a digest or a version.
fn moves(uri: &str) -> Option<String> {
    if is_filled_in(uri) {
        return None;
    }
    if let Some(repository) = uri.strip_prefix("hf://") {
        let revision = repository.rsplit_once([':', '@']).map(|(_, revision)| revision);
        return match revision {
            Some(revision) if is_commit(revision) => None,
            Some(revision) => Some(format!("names `{revision}`, which can be moved")),
            None => Some("names no revision".to_owned()),
        };
    }
    if let Some(reference) = uri.strip_prefix("oci://") {
        return match crate::image::pin(reference) {
            crate::image::Pin::Digest | crate::image::Pin::Unknown => None,
            _ => Some("names no digest".to_owned()),
        };
    }
    if let Some(why) = crate::shell::inspect::address_moves(uri) {
        return Some(why);
    }
    if crate::shell::inspect::model_uri_moves(uri) {
        return Some("names a stage, an alias or the newest version".to_owned());
    }
    let path = uri.split_once("://")?.1;
    let moving = path.split('/').skip(1).find(|part| MOVING.contains(&part.to_ascii_lowercase().as_str()));
    moving.map(|part| format!("names `{part}`, whose content changes"))
}

/// Whether an address in a bucket has no part that looks like a version: `gs://models/income/classifier`.
fn is_unversioned(uri: &str) -> bool {
    let Some((scheme, path)) = uri.split_once("://") else { return false };
    let buckets = ["s3", "s3a", "gs", "gcs", "abfs", "abfss", "wasbs", "az", "oss", "hdfs", "minio", "r2"];
    let mut parts = path.split(['/', '?', '#']).filter(|part| !part.is_empty()).skip(1).peekable();
    buckets.contains(&scheme) && !is_filled_in(uri) && parts.peek().is_some() && !parts.any(is_version)
}

/// Whether a part of a path is a version, a date, a run or a digest: `v3`, `1.0`, `20240101`, `net-v2`, `8c1f0e…`.
fn is_version(part: &str) -> bool {
    let words: Vec<&str> = part.split(['-', '_', '=', '@', ':', '+']).collect();
    let numbered = |word: &str| {
        let digits = word.strip_prefix(['v', 'V', 'r', 'n']).unwrap_or(word);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    let drawn = |word: &str| {
        word.len() >= 7
            && word.bytes().all(|byte| byte.is_ascii_hexdigit())
            && word.bytes().any(|byte| byte.is_ascii_digit())
    };
    let dotted = part.split_once('.').is_some_and(|(before, after)| {
        before.ends_with(|c: char| c.is_ascii_digit()) && after.starts_with(|c: char| c.is_ascii_digit())
    });
    dotted
        || part.contains("sha256")
        || part.contains("ersionId")
        || words.iter().any(|word| numbered(word) || drawn(word))
}

/// Parts of a path that are meant to be replaced.
const MOVING: &[&str] = &[
    "latest",
    "current",
    "newest",
    "head",
    "main",
    "master",
    "prod",
    "production",
    "staging",
    "nightly",
    "best",
    "last",
];

/// The format that a server unpickles.
fn format_issue(node: Node<'_>, address: Option<Node<'_>>) -> Option<Issue> {
    let seldon = node.get("implementation").filter(|one| {
        matches!(one.as_str(), Some("SKLEARN_SERVER" | "MLFLOW_SERVER" | "SKLearnServer" | "MLFlowServer"))
    });
    let kserve = node
        .get("modelFormat")
        .and_then(|format| format.get("name"))
        .filter(|one| matches!(one.as_str(), Some("sklearn" | "mlflow" | "lightgbm" | "pickle" | "joblib")));
    let old = ["sklearn", "lightgbm"]
        .iter()
        .find_map(|key| node.entry(key))
        .filter(|entry| entry.value.get("storageUri").is_some());
    // Seldon Core 2 names the server's abilities instead of the format.
    let required = node.get("requirements").filter(|_| address.is_some()).and_then(|list| {
        list.items()
            .find(|one| matches!(one.as_str(), Some("sklearn" | "mlflow" | "alibi-explain" | "alibi-detect")))
    });
    let place = seldon.or(kserve).or(old.map(|entry| entry.key)).or(required)?;
    let uri = address
        .or_else(|| old.and_then(|entry| entry.value.get("storageUri")))
        .and_then(Node::as_str)
        .unwrap_or_default();
    let severity = if moves(uri).is_some() { Severity::Medium } else { Severity::Low };
    let message = format!("the server for `{}` unpickles the model", place.as_str().unwrap_or_default());
    Some(
        Issue::new(&UNSAFE_MODEL_FORMAT, place.span(), message)
            .severity(severity)
            .confidence(Confidence::Medium),
    )
}

#[cfg(test)]
mod tests {
    use crate::testing::graded;
    use bartizan_core::Severity::{Low, Medium};

    #[test]
    fn an_address_in_a_bucket_without_a_version_is_told_and_one_with_a_version_is_not() {
        let served = |uri: &str| {
            let text = format!(
                "apiVersion: machinelearning.seldon.io/v1\nkind: SeldonDeployment\nspec:\n  predictors:\n  - graph:\n      name: a\n      implementation: TRITON_SERVER\n      modelUri: {uri}\n"
            );
            graded("a.yaml", &text, "pipeline/unpinned-model")
        };
        assert_eq!(served("gs://acme-models/income/classifier"), [Low]);
        assert_eq!(served("s3://acme-models2/iris"), [Low]);
        assert_eq!(served("gs://acme-models/income/latest"), [Medium]);
        for uri in [
            "gs://acme-models/income/v3",
            "s3://m/net/1.0/model",
            "s3://m/2024-06-01/net",
            "gs://m/net-v2",
            "gs://m/runs/8c1f0e9a77d1/net",
            "gs://m/net#1699999999",
            "pvc://store/net",
            "s3://bucket",
        ] {
            assert_eq!(served(uri), [], "{uri}");
        }
    }
}
