//! Machines that jobs run on.

use super::expression::{parse, templates};
use super::workflow::{Job, Workflow};
use crate::rules::SELF_HOSTED_RUNNER;
use crate::yaml::Node;
use crate::{Issue, Notes, Text, issue};
use bartizan_core::{Confidence, Severity};

pub(super) fn check(text: &Text<'_>, notes: &mut Notes<'_>, workflow: &Workflow<'_>) {
    for job in &workflow.jobs {
        let Some(entry) = job.entry.and_then(|entry| entry.value.entry("runs-on")) else { continue };
        if !is_own(job, entry.value) {
            continue;
        }
        let public = workflow.is_public();
        let (severity, message) = if public {
            (Severity::Medium, "strangers can start this job on a machine of your own")
        } else {
            (
                Severity::Low,
                "the job runs on a machine of your own, where earlier jobs may have left something",
            )
        };
        let span = entry.key.span().start..entry.value.span().end.max(entry.key.span().end);
        issue::report(
            text,
            notes,
            [Issue::new(&SELF_HOSTED_RUNNER, span, message)
                .severity(severity)
                .confidence(Confidence::Medium)],
        );
    }
}

fn is_own(job: &Job<'_>, value: Node<'_>) -> bool {
    let named = |node: Node<'_>| node.as_str() == Some("self-hosted");
    if let Some(labels) = value.get("labels") {
        return labels.items_or_self().into_iter().any(named);
    }
    if value.items_or_self().into_iter().any(named) || value.get("group").is_some() {
        return true;
    }
    let Some(text) = value.as_str() else { return false };
    templates(text).into_iter().filter_map(|range| parse(text.get(range)?)).any(|expression| {
        expression
            .contexts()
            .iter()
            .filter_map(|context| context.path.strip_prefix("matrix.").map(str::to_owned))
            .any(|name| {
                let excluded = job.get("strategy").and_then(|strategy| strategy.path(&["matrix", "exclude"]));
                let left_out = excluded
                    .into_iter()
                    .flat_map(Node::items)
                    .any(|one| one.text_of(&name) == Some("self-hosted"));
                !left_out
                    && job.matrix(&name).is_some_and(|values| {
                        values.into_iter().any(|value| value.items_or_self().into_iter().any(named))
                    })
            })
    })
}
