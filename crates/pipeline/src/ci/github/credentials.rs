//! The token that a checkout leaves behind.

use super::workflow::{Step, Workflow};
use crate::rules::PERSISTED_CREDENTIALS;
use crate::yaml::{Node, edit};
use crate::{Fix, Issue, Notes, Safety, Text, issue};
use bartizan_core::{Confidence, Severity};

pub(super) fn check(text: &Text<'_>, notes: &mut Notes<'_>, workflow: &Workflow<'_>) {
    for job in &workflow.jobs {
        for (index, step) in job.steps.iter().enumerate() {
            if !step.uses_any(&["actions/checkout"]) {
                continue;
            }
            let computed = step.node.get("with").is_some_and(|with| with.as_str().is_some());
            let setting = step.with("persist-credentials").and_then(Node::as_str);
            if computed
                || setting.is_some_and(|value| {
                    value.contains("${{")
                        || value.eq_ignore_ascii_case("false")
                        || value.eq_ignore_ascii_case("true")
                })
            {
                continue;
            }
            let uploads = job.steps.iter().skip(index.saturating_add(1)).find(|later| is_upload(later));
            let (severity, confidence, message) = match uploads {
                Some(upload) if takes_all(upload) => (
                    Severity::High,
                    Confidence::Medium,
                    "the token stays in the checkout, which is uploaded as an artifact",
                ),
                Some(_) => (
                    Severity::Low,
                    Confidence::Medium,
                    "the token stays in the checkout of a job that uploads artifacts",
                ),
                None => {
                    (Severity::Low, Confidence::Low, "the token stays in the checkout for every later step")
                }
            };
            let span = step.node.span();
            let line = step.node.entries().first().map_or(span.clone(), |first| first.key.span());
            let issue =
                Issue::new(&PERSISTED_CREDENTIALS, line, message).severity(severity).confidence(confidence);
            issue::report(text, notes, [issue.fix(without_credentials(text, step))]);
        }
    }
}

/// `persist-credentials: false`, where the step has its inputs or would have them.
fn without_credentials(text: &Text<'_>, step: &Step<'_>) -> Option<Fix> {
    let setting = "persist-credentials: false";
    if let Some(with) = step.node.get("with") {
        return edit::insertion(text.content, with, setting, Safety::Unsafe);
    }
    let uses = step.node.entry("uses")?;
    if uses.value.is_alias() || text.content.get(step.node.span().start..)?.starts_with('{') {
        return None;
    }
    let block = ["with:", "  persist-credentials: false"];
    let title = format!("add `{setting}`");
    edit::nested(text.content, uses.key.span().start, uses.value.span().end, &block, &title, Safety::Unsafe)
}

fn is_upload(step: &Step<'_>) -> bool {
    step.uses_any(&["actions/upload-artifact"])
}

/// Whether the whole workspace is uploaded.
fn takes_all(step: &Step<'_>) -> bool {
    let path = step.with("path").and_then(Node::as_str).unwrap_or_default();
    path.lines().map(str::trim).any(|line| {
        matches!(line, "." | "./" | "*" | "./*" | "**" | ".git") || line == "${{ github.workspace }}"
    })
}
