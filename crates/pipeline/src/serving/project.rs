//! MLflow projects: `MLproject`.

use crate::ci::github::gaps;
use crate::shell::inspect::{self, Setting};
use crate::yaml::{Node, Yaml};
use crate::{Notes, Reader, Text, image, issue, rules, variable};
use bartizan_core::{Confidence, Kind, Rule, Severity};

/// `MLproject`.
#[derive(Debug)]
pub(crate) struct MlProject;

impl Reader for MlProject {
    fn id(&self) -> &'static str {
        "mlproject"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        text.file_name().eq_ignore_ascii_case("mlproject")
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        let Some(root) = yaml.root() else { return };
        if let Some(image) = root.path(&["docker_env", "image"]) {
            issue::report(
                text,
                notes,
                image::issue(image.as_str().unwrap_or_default(), image.span(), "the image"),
            );
        }
        for volume in root.path(&["docker_env", "volumes"]).into_iter().flat_map(Node::items) {
            let host = volume.as_str().and_then(|volume| volume.split(':').next()).unwrap_or_default();
            if crate::mount::is_the_machine(host) || host.starts_with("/etc") || host.starts_with("/root") {
                let message = format!("`{host}` of the machine is mounted");
                issue::report(text, notes, [crate::Issue::new(&rules::HOST_ACCESS, volume.span(), message)]);
            }
        }
        for pair in root.path(&["docker_env", "environment"]).into_iter().flat_map(Node::items) {
            let mut parts = pair.items();
            if let (Some(name), Some(value)) = (parts.next().and_then(Node::as_str), parts.next()) {
                let given = value.as_str().unwrap_or_default();
                issue::report(text, notes, variable::issues(name, given, &value.span()));
            }
        }
        for parameter in root.get("entry_points").map(Node::entries).unwrap_or_default() {
            for entry in parameter.value.get("parameters").map(Node::entries).unwrap_or_default() {
                let Some(default) = entry.value.get("default").filter(|default| default.as_str().is_some())
                else {
                    continue;
                };
                issue::report(
                    text,
                    notes,
                    super::uri_issues(default.as_str().unwrap_or_default(), &default.span()),
                );
            }
        }
        for entry in root.get("entry_points").map(Node::entries).unwrap_or_default() {
            let Some(command) = entry.value.get("command") else { continue };
            let value = command.as_str().unwrap_or_default();
            issue::report_in(text, notes, command, inspect::script(value, Setting::Other));
            issue::report_in(text, notes, command, quoted_parameters(value));
            issue::report_in(text, notes, command, declared_parameters(entry.value, value));
        }
    }
}

/// Parameters of free text in a command. MLflow quotes them; a value that begins with a dash still becomes an option, and
/// other runners of the file quote nothing.
fn declared_parameters(entry: Node<'_>, command: &str) -> Vec<crate::Issue> {
    let declared = entry.get("parameters").map(Node::entries).unwrap_or_default();
    let free = declared.iter().filter(|parameter| {
        let kind = parameter.value.text_of("type").or_else(|| parameter.value.as_str()).unwrap_or("string");
        matches!(kind, "string" | "path" | "uri")
    });
    let found = free.filter_map(|parameter| {
        let name = parameter.name();
        let at = command.find(&format!("{{{name}}}"))?;
        let message = format!("the parameter `{name}` is filled into a command");
        let issue = crate::Issue::new(
            &rules::TEMPLATE_INJECTION,
            at..at.saturating_add(name.len()).saturating_add(2),
            message,
        );
        Some(issue.severity(Severity::Low).confidence(Confidence::Low))
    });
    found.collect()
}

/// Parameters are quoted by MLflow where they stand; inside a script for `sh -c` or `eval` they become code.
fn quoted_parameters(command: &str) -> Vec<crate::Issue> {
    let runs = ["sh -c", "bash -c", "eval ", "python -c"].iter().filter_map(|part| command.find(part)).min();
    let Some(from) = runs else { return Vec::new() };
    let mut issues = Vec::new();
    for (at, _) in command.match_indices('{').filter(|(at, _)| *at > from) {
        let rest = command.get(at..).unwrap_or_default();
        let Some(length) = rest.find('}').filter(|length| *length > 1) else { continue };
        let name = rest.get(1..length).unwrap_or_default();
        if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            let message = format!("the parameter `{name}` is filled into a script");
            issues.push(crate::Issue::new(
                &rules::TEMPLATE_INJECTION,
                at..at.saturating_add(length).saturating_add(1),
                message,
            ));
        }
    }
    issues
}
