//! Values of Helm charts.

use super::{command_issues, environment_issues, models};
use crate::ci::github::gaps;
use crate::pin::Pinning;
use crate::rules::{
    self, EXPOSED_SERVICE, NO_AUTHENTICATION, PRIVILEGED_CONTAINER, ROOT_USER, UNPINNED_MODEL,
};
use crate::shell::inspect;
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, image, issue, variable};
use bartizan_core::{Confidence, Kind, Rule, Severity};

/// `values.yaml` and its variants.
#[derive(Debug)]
pub(crate) struct HelmValues;

impl Reader for HelmValues {
    fn id(&self) -> &'static str {
        "helm-values"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        let name = text.file_name();
        let named =
            name.starts_with("values") || name.ends_with("values.yaml") || name.ends_with("values.yml");
        named
            && matches!(text.extension().as_str(), "yaml" | "yml")
            && ["image", "repository", "modelSpec"].iter().any(|part| text.content.contains(part))
            && !text.content.contains("apiVersion:")
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        for node in yaml.nodes().filter(|node| node.is_mapping()) {
            if notes.out_of_time() {
                return;
            }
            issue::report(text, notes, image_of(node));
            models::inspect(text, notes, node);
            for key in ["args", "extraArgs", "command"] {
                if let Some(list) = node.get(key).filter(|list| list.is_sequence()) {
                    command_issues(text, notes, &[list]);
                }
            }
            for key in ["env", "extraEnv", "environment", "extraEnvVars"] {
                environment_issues(text, notes, node.get(key));
            }
            if let Some(entry) = node.entry("privileged").filter(|entry| entry.value.as_bool() == Some(true))
            {
                issue::report(
                    text,
                    notes,
                    [Issue::new(
                        &PRIVILEGED_CONTAINER,
                        entry.span(),
                        "the container has all rights of the machine",
                    )],
                );
            }
            issue::report(text, notes, model_of(node));
            if let Some(entry) = node.entry("runAsUser").filter(|entry| entry.value.as_int() == Some(0)) {
                issue::report(
                    text,
                    notes,
                    [Issue::new(&ROOT_USER, entry.span(), "the container is told to run as root")
                        .severity(Severity::Medium)],
                );
            }
            if let Some(service) = node.get("service")
                && let Some(kind) = service
                    .get("type")
                    .filter(|kind| matches!(kind.as_str(), Some("LoadBalancer" | "NodePort")))
            {
                let message = "the service is reachable from outside the cluster";
                let issue = Issue::new(&EXPOSED_SERVICE, kind.span(), message);
                issue::report(text, notes, [issue.severity(Severity::Low).confidence(Confidence::Low)]);
            }
            if let Some(kind) = node
                .get("serviceType")
                .filter(|kind| matches!(kind.as_str(), Some("LoadBalancer" | "NodePort")))
            {
                let message = "the service is reachable from outside the cluster";
                let issue = Issue::new(&EXPOSED_SERVICE, kind.span(), message);
                issue::report(text, notes, [issue.severity(Severity::Low).confidence(Confidence::Low)]);
            }
            issue::report(text, notes, open(node));
            for entry in node.entries() {
                if let Some(value) =
                    entry.value.as_str().filter(|_| variable::is_secret_name(&snake(entry.name())))
                {
                    issue::report(
                        text,
                        notes,
                        variable::issues(&snake(entry.name()), value, &entry.value.span()),
                    );
                }
            }
        }
    }
}

/// Authentication that a chart offers and these values switch off: `auth: {enabled: false}`.
fn open(node: Node<'_>) -> Option<Issue> {
    let asked = ["auth", "authentication", "basicAuth"].iter().find_map(|key| node.get(key))?;
    let entry = asked.entry("enabled").filter(|entry| entry.value.as_bool() == Some(false))?;
    let message = "authentication is switched off";
    Some(
        Issue::new(&NO_AUTHENTICATION, entry.span(), message)
            .severity(Severity::Medium)
            .confidence(Confidence::Medium),
    )
}

/// `rootPassword` as `root_password`.
fn snake(name: &str) -> String {
    name.chars().fold(String::with_capacity(name.len()), |mut shown, c| {
        if c.is_ascii_uppercase()
            && !shown.is_empty()
            && !shown.ends_with('_')
            && !shown.ends_with(|last: char| last.is_ascii_uppercase())
        {
            shown.push('_');
        }
        shown.push(c.to_ascii_lowercase());
        shown
    })
}

/// The model that values name by its repository: `model: {id, revision}`, `modelId`, `huggingface: {repo}`.
fn model_of(node: Node<'_>) -> Vec<Issue> {
    let revision = ["revision", "modelRevision", "commit"].iter().find_map(|key| node.text_of(key));
    let named = |key: &str| node.get(key).filter(|value| value.as_str().is_some_and(inspect::is_repository));
    let direct = ["modelId", "model_id", "modelID", "hfModelId", "huggingfaceModel", "modelURL", "modelUrl"]
        .iter()
        .find_map(|key| named(key));
    let nested = ["model", "huggingface", "llm"].iter().filter_map(|key| node.get(key)).find_map(|model| {
        let value = ["id", "name", "repo", "repository", "repoId"]
            .iter()
            .filter_map(|key| model.get(key))
            .find(|value| value.as_str().is_some_and(inspect::is_repository))?;
        Some((value, ["revision", "commit"].iter().find_map(|key| model.text_of(key))))
    });
    let judged = |value: Node<'_>, revision: Option<&str>| {
        let why = inspect::moves(revision.filter(|revision| !revision.is_empty()))?;
        let message = format!("the model `{}` is served {why}", value.as_str().unwrap_or_default());
        Some(Issue::new(&UNPINNED_MODEL, value.span(), message).confidence(Confidence::Medium))
    };
    let direct = direct.and_then(|value| judged(value, revision));
    direct.into_iter().chain(nested.and_then(|(value, revision)| judged(value, revision))).collect()
}

/// The issue of `image: {repository, tag}` or `image: name:tag`.
fn image_of(node: Node<'_>) -> Option<Issue> {
    if let Some(image) =
        node.get("image").filter(|image| image.as_str().is_some_and(|text| text.contains(['/', ':'])))
    {
        return image::issue(image.as_str()?, image.span(), "the image");
    }
    let repository = node.get("repository").and_then(Node::as_str)?;
    if node.text_of("digest").is_some_and(|digest| digest.contains("sha256")) || repository.contains("://") {
        return None;
    }
    let tag = node.get("tag")?;
    let written = tag.as_str().filter(|tag| !tag.is_empty())?;
    let reference = format!("{repository}:{written}");
    let issue = image::issue(&reference, tag.span(), "the image")?;
    // Charts write `repository:tag`: the digest goes with the tag, which the registry then passes over.
    Some(issue.pinned(Pinning::image(&reference).behind(written)))
}
