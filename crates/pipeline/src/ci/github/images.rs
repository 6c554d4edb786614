//! Container images of jobs, services and steps.

use super::expression::{Expression, parse, templates};
use super::workflow::{Job, Uses, Workflow};
use crate::docker::started_with;
use crate::image::{self, Pin};
use crate::rules::UNPINNED_IMAGE;
use crate::yaml::Node;
use crate::{Issue, Notes, Text, issue};
use bartizan_core::{Confidence, Severity};

pub(super) fn check(text: &Text<'_>, notes: &mut Notes<'_>, workflow: &Workflow<'_>) {
    for job in &workflow.jobs {
        let services = job.get("services").map(Node::entries).unwrap_or_default();
        for started in job.get("container").into_iter().chain(services.into_iter().map(|entry| entry.value)) {
            issue::report(text, notes, started_with(started));
        }
        let container = job.get("container").map(|one| one.get("image").unwrap_or(one));
        let services = job.get("services").map(Node::entries).unwrap_or_default();
        let services = services.into_iter().map(|entry| entry.value.get("image").unwrap_or(entry.value));
        for node in container.into_iter().chain(services) {
            issue::report(text, notes, judge(job, node));
        }
        for (node, uses) in job.steps.iter().filter_map(super::workflow::Step::uses) {
            if let Uses::Image(reference) = uses {
                issue::report(text, notes, image::issue(reference, node.span(), "the image"));
            }
        }
    }
    if workflow.is_action {
        let node = workflow.root.path(&["runs", "image"]);
        if let Some((node, reference)) =
            node.and_then(|node| Some((node, node.as_str()?.strip_prefix("docker://")?)))
        {
            issue::report(text, notes, image::issue(reference, node.span(), "the image"));
        }
    }
}

fn judge(job: &Job<'_>, node: Node<'_>) -> Option<Issue> {
    let value = node.as_str()?;
    let ranges = templates(value);
    let [range] = ranges.as_slice() else {
        return if ranges.is_empty() { image::issue(value, node.span(), "the image") } else { None };
    };
    if value.trim().len() != range.len().saturating_add(5) {
        return None;
    }
    let expression = parse(value.get(range.clone())?)?;
    let mut worst: Option<Issue> = None;
    let mut raise = |issue: Option<Issue>| {
        if issue.as_ref().map(|issue| issue.severity) > worst.as_ref().map(|issue| issue.severity) {
            worst = issue;
        }
    };
    for part in expression.flows() {
        match part {
            Expression::Text(reference, _) => raise(image::issue(reference, node.span(), "the image")),
            Expression::Context(context) => {
                let values =
                    context.path.strip_prefix("matrix.").map(|name| job.matrix(name).unwrap_or_default());
                if let Some(values) = values {
                    for reference in values.iter().filter_map(|value| value.as_str()) {
                        if image::pin(reference) != Pin::Digest && !reference.contains("${{") {
                            raise(image::issue(reference, node.span(), "the image"));
                        }
                    }
                } else {
                    let message = format!("the image is `{}`, which nothing pins", context.path);
                    let unknown = Issue::new(&UNPINNED_IMAGE, node.span(), message);
                    raise(Some(unknown.severity(Severity::Low).confidence(Confidence::Low)));
                }
            }
            _ => {}
        }
    }
    worst
}
