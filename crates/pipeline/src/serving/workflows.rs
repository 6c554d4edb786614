//! Workflow engines: parameters filled into scripts, tasks taken from elsewhere. Argo Workflows, Kubeflow, Tekton.
//!
//! Source: Argo Workflows docs, "Workflow Variables"; Tekton docs, "Variable Substitutions" and "Remote Resolution".

use super::{containers, shell_script};
use crate::address::{fetched, is_commit, named};
use crate::rules::{INSECURE_TRANSPORT, TEMPLATE_INJECTION, TLS_DISABLED, UNPINNED_INCLUDE, UNPINNED_SOURCE};
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Text, issue, variable};
use bartizan_core::{Confidence, Severity};
use std::ops::Range;

/// Judges `node`, a mapping, as a step of a workflow.
pub(super) fn inspect(text: &Text<'_>, notes: &mut Notes<'_>, node: Node<'_>) {
    let runs = node.get("image").is_some() || node.get("container").is_some();
    let lists: Vec<Node<'_>> = ["command", "args"].iter().filter_map(|key| node.get(key)).collect();
    let scripts = ["source", "script"]
        .iter()
        .filter_map(|key| node.get(key))
        .filter(|script| runs && script.as_str().is_some());
    for script in scripts.chain(shell_script(&lists)).chain(code_argument(&lists)) {
        let value = script.as_str().unwrap_or_default();
        let issues = filled(value).into_iter().map(|(name, span, severity)| {
            Issue::new(&TEMPLATE_INJECTION, span, format!("`{name}` is filled into a script"))
                .severity(severity)
                .confidence(Confidence::High)
                .remedy("Hand it over in `env:` and quote the variable in the script.")
        });
        issue::report_in(text, notes, script, issues);
    }
    for parameter in ["parameters", "params"].iter().filter_map(|key| node.get(key)).flat_map(Node::items) {
        let name = parameter.text_of("name").unwrap_or_default();
        for value in ["value", "default"].iter().filter_map(|key| parameter.get(key)) {
            let written = value.as_str().unwrap_or_default();
            issue::report(text, notes, named(name, written, value.span()));
            issue::report(text, notes, variable::issues(name, written, &value.span()));
        }
    }
    // Kubeflow's tasks are given their arguments by name: `api_key: {runtimeValue: {constant: …}}`.
    for parameter in node.get("parameters").into_iter().flat_map(Node::entries) {
        let constant = parameter.value.path(&["runtimeValue", "constant"]);
        for value in constant.into_iter().chain(parameter.value.get("defaultValue")) {
            let written = value.as_str().unwrap_or_default();
            issue::report(text, notes, named(parameter.name(), written, value.span()));
            issue::report(text, notes, variable::issues(parameter.name(), written, &value.span()));
        }
    }
    issue::report(text, notes, remote(node));
    issue::report(text, notes, artifact(node));
    // What Argo lays over the pod it makes: a text that is YAML or JSON of its own.
    if let Some(patch) = node.get("podSpecPatch").filter(|patch| patch.as_str().is_some()) {
        let inner = Yaml::read(patch.as_str().unwrap_or_default());
        let found: Vec<Issue> =
            inner.nodes().filter(|node| node.is_mapping()).flat_map(containers::rights).collect();
        issue::report_in(text, notes, patch, found);
    }
}

/// An input artifact taken from where it can change or be replaced on the way.
fn artifact(node: Node<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    if node.get("name").is_none() && node.get("path").is_none() {
        return issues;
    }
    if let Some(url) = node.path(&["http", "url"]) {
        issues.extend(fetched(url.as_str().unwrap_or_default(), url.span()));
    }
    if let Some(git) = node.get("git")
        && let Some(repository) = git.get("repo")
    {
        let revision = git.text_of("revision").unwrap_or_default();
        if !is_commit(revision) && !revision.contains("{{") {
            let shown = repository.as_str().unwrap_or_default();
            let message = format!("{shown} is taken at a branch or tag, which can be moved");
            let place = git.get("revision").unwrap_or(repository);
            issues.push(Issue::new(&UNPINNED_SOURCE, place.span(), message));
        }
    }
    let blind = node
        .get("git")
        .and_then(|git| git.entry("insecureIgnoreHostKey").or_else(|| git.entry("insecureSkipTLS")))
        .filter(|entry| entry.value.as_bool() == Some(true));
    if let Some(entry) = blind {
        let message = "the repository is taken from whoever answers: the key of the host is not compared";
        issues.push(Issue::new(&TLS_DISABLED, entry.span(), message).severity(Severity::Medium));
    }
    let plain = node
        .get("s3")
        .and_then(|store| store.entry("insecure"))
        .filter(|entry| entry.value.as_bool() == Some(true));
    if let Some(entry) = plain {
        issues.push(Issue::new(&INSECURE_TRANSPORT, entry.span(), "the store is reached without encryption"));
    }
    issues
}

/// The code in `[python, -c, CODE]`.
fn code_argument<'y>(lists: &[Node<'y>]) -> Option<Node<'y>> {
    let items: Vec<Node<'y>> = lists.iter().flat_map(|list| list.items()).collect();
    let python = items.first()?.as_str()?;
    let flag = items.iter().position(|item| matches!(item.as_str(), Some("-c" | "-e")))?;
    (python.contains("python") || python.ends_with("node")).then_some(())?;
    items.get(flag.saturating_add(1)).copied().filter(|code| code.as_str().is_some())
}

/// Parameters in `value` that the engine fills in before anything is run.
fn filled(value: &str) -> Vec<(String, Range<usize>, Severity)> {
    let mut found = Vec::new();
    for (open, close) in [("{{", "}}"), ("$(", ")")] {
        let mut at = 0usize;
        while let Some(start) =
            value.get(at..).and_then(|rest| rest.find(open)).map(|place| at.saturating_add(place))
        {
            let inner = start.saturating_add(2);
            let near = value.get(inner..).unwrap_or_default();
            let near = near.get(..near.floor_char_boundary(1024)).unwrap_or(near);
            let Some(length) = near.find(close) else {
                at = inner;
                continue;
            };
            let name = near.get(..length).unwrap_or_default().trim();
            let end = inner.saturating_add(length).saturating_add(close.len());
            let severity = if open == "{{" { argo(name) } else { tekton(name) };
            if let Some(severity) = severity {
                found.push((name.to_owned(), start..end, severity));
            }
            at = end;
        }
    }
    found.sort_by_key(|(_, span, _)| span.start);
    found
}

fn argo(name: &str) -> Option<Severity> {
    let is_expression = name.starts_with('=');
    // Kubeflow writes its placeholders as paths: `{{$.inputs.parameters['x']}}`.
    let name = name.trim_start_matches('=').trim();
    let name = name.strip_prefix("$.").unwrap_or(name);
    let has = |part: &str| name.starts_with(part) || (is_expression && name.contains(part));
    if has("inputs.parameters")
        || has("workflow.parameters")
        || has("workflow.annotations")
        || has("workflow.labels")
    {
        return Some(Severity::Medium);
    }
    if has("body.") || has("headers.") {
        // Pipelines as Code fills in the event's payload.
        return Some(Severity::High);
    }
    if (has("steps.") || has("tasks."))
        && (name.contains(".outputs.parameters") || name.contains(".outputs.result"))
    {
        return Some(Severity::Low);
    }
    (has("item") && !name.contains("items")).then_some(Severity::Low)
}

fn tekton(name: &str) -> Option<Severity> {
    let outside =
        ["params.", "params[", "inputs.params.", "tt.params."].iter().any(|begin| name.starts_with(begin));
    if outside {
        return Some(Severity::Medium);
    }
    (name.starts_with("tasks.") && name.contains(".results.")).then_some(Severity::Low)
}

/// A task or pipeline taken from where it can change.
fn remote(node: Node<'_>) -> Option<Issue> {
    let reference = ["taskRef", "pipelineRef", "ref"].iter().find_map(|key| node.get(key))?;
    if let Some(bundle) = reference
        .get("bundle")
        .filter(|bundle| bundle.as_str().is_some_and(|text| !text.contains("@sha256:")))
    {
        return Some(Issue::new(&UNPINNED_INCLUDE, bundle.span(), "the task's bundle has no digest"));
    }
    let resolver = reference.entry("resolver")?;
    let parameters = reference.get("params")?;
    let value = |name: &str| {
        parameters.items().find(|one| one.text_of("name") == Some(name)).and_then(|one| one.get("value"))
    };
    let issue = |at: Node<'_>, what: &str| {
        Some(Issue::new(&UNPINNED_INCLUDE, at.span(), format!("the task is taken {what}")))
    };
    match resolver.value.as_str()? {
        "git" => match value("revision") {
            Some(revision) if revision.as_str().is_some_and(|text| is_commit(text) || text.contains('$')) => {
                None
            }
            Some(revision) => issue(revision, "from a branch or tag, which can be moved"),
            None => issue(resolver.value, "from the default branch"),
        },
        "http" => issue(value("url").unwrap_or(resolver.value), "from an address without a digest"),
        "bundles" => value("bundle")
            .filter(|bundle| bundle.as_str().is_some_and(|text| !text.contains("@sha256:")))
            .and_then(|bundle| issue(bundle, "from a bundle without a digest")),
        _ => None,
    }
}
