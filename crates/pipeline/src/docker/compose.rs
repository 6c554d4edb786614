//! Compose files.

use crate::ci::github::{gaps, has_key};
use crate::rules::{self, HOST_ACCESS, PRIVILEGED_CONTAINER, ROOT_USER};
use crate::serving::{command_issues, environment_issues};
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, image, issue};
use bartizan_core::{Kind, Rule, Severity};

/// `docker-compose.yml`, `compose.yaml` and their overrides.
#[derive(Debug)]
pub(crate) struct ComposeFile;

impl Reader for ComposeFile {
    fn id(&self) -> &'static str {
        "compose"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        let name = text.file_name();
        let named = name.contains("compose") && matches!(text.extension().as_str(), "yml" | "yaml");
        named && has_key(text.content, &["services"])
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        let Some(services) = yaml.root().and_then(|root| root.get("services")) else { return };
        for service in services.entries() {
            if notes.out_of_time() {
                return;
            }
            service_in(text, notes, service.value);
        }
    }
}

fn service_in(text: &Text<'_>, notes: &mut Notes<'_>, service: Node<'_>) {
    let built = service.get("build").is_some();
    if let Some((node, reference)) = service.get("image").and_then(|node| Some((node, node.as_str()?))) {
        let reference = default_of(reference);
        issue::report(text, notes, image::issue(&reference, node.span(), "the image").filter(|_| !built));
    }
    environment_issues(text, notes, service.get("environment"));
    for key in ["command", "entrypoint"] {
        if let Some(node) = service.get(key) {
            command_issues(text, notes, &[node]);
        }
    }
    let mut issues = Vec::new();
    if let Some(node) = service.entry("privileged").filter(|entry| entry.value.as_bool() == Some(true)) {
        issues.push(Issue::new(
            &PRIVILEGED_CONTAINER,
            node.span(),
            "the container has all rights of the machine",
        ));
    }
    for capability in service.get("cap_add").into_iter().flat_map(Node::items) {
        if matches!(
            capability.as_str(),
            Some("ALL" | "SYS_ADMIN" | "SYS_PTRACE" | "SYS_MODULE" | "NET_ADMIN")
        ) {
            issues.push(Issue::new(
                &PRIVILEGED_CONTAINER,
                capability.span(),
                "the container gets a capability of the machine",
            ));
        }
    }
    for (key, value) in [("network_mode", "host"), ("pid", "host"), ("ipc", "host"), ("userns_mode", "host")]
    {
        if let Some(node) = service.entry(key).filter(|entry| entry.value.as_str() == Some(value)) {
            let severity = if key == "ipc" { Severity::Low } else { Severity::Medium };
            issues.push(
                Issue::new(
                    &HOST_ACCESS,
                    node.span(),
                    format!("the container shares the machine's namespace (`{key}`)"),
                )
                .severity(severity),
            );
        }
    }
    for volume in service.get("volumes").into_iter().flat_map(Node::items) {
        let source = volume.as_str().or_else(|| volume.text_of("source")).unwrap_or_default();
        if source.contains("docker.sock") || source.starts_with("/:") || source == "/" {
            issues.push(
                Issue::new(
                    &HOST_ACCESS,
                    volume.span(),
                    format!("`{source}` gives the container the machine"),
                )
                .severity(Severity::High),
            );
        }
    }
    if let Some(user) = service.entry("user").filter(|entry| {
        entry.value.as_str().is_some_and(|user| matches!(user.split(':').next(), Some("0" | "root")))
    }) {
        let issue = Issue::new(&ROOT_USER, user.span(), "the container is told to run as root");
        issues.push(issue.severity(Severity::Medium));
    }
    issue::report(text, notes, issues);
}

/// The reference with the defaults of its variables: `a:${TAG:-latest}`.
fn default_of(reference: &str) -> String {
    let mut shown = reference.to_owned();
    while let Some(at) = shown.find("${") {
        let Some(length) = shown.get(at..).and_then(|rest| rest.find('}')) else { break };
        let inner = shown.get(at.saturating_add(2)..at.saturating_add(length)).unwrap_or_default().to_owned();
        let Some((_, value)) = inner.split_once(":-").or_else(|| inner.split_once('-')) else { break };
        shown.replace_range(at..at.saturating_add(length).saturating_add(1), value);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examine;
    use bartizan_core::{Limits, MonotonicClock};

    #[test]
    fn services_are_judged_as_containers() {
        let text = "services:\n  a:\n    image: acme/net:${TAG:-latest}\n    environment:\n      - HF_TOKEN=hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567\n    command: mlflow server --host 0.0.0.0\n    volumes:\n      - /var/run/docker.sock:/var/run/docker.sock\n    privileged: true\n  b:\n    image: acme/x@sha256:aa\n    environment:\n      HF_TOKEN: ${HF_TOKEN}\n";
        let outcome =
            examine(&Text::new("docker-compose.yml", text), &Limits::default(), &MonotonicClock::start());
        let mut found: Vec<_> =
            outcome.findings.iter().map(|one| (one.location.line.unwrap(), one.rule.id)).collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                (3, "pipeline/unpinned-image"),
                (5, "pipeline/secret"),
                (6, "pipeline/exposed-service"),
                (8, "pipeline/host-access"),
                (9, "pipeline/privileged-container"),
            ]
        );
    }
}
