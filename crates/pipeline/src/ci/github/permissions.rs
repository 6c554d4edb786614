//! What the job's token may do.

use super::workflow::Workflow;
use crate::rules::{EXCESSIVE_PERMISSIONS, UNDOCUMENTED_PERMISSIONS};
use crate::yaml::{Node, edit};
use crate::{Edit, Fix, Issue, Notes, Safety, Text, issue};
use bartizan_core::{Confidence, Severity};

pub(super) fn check(text: &Text<'_>, notes: &mut Notes<'_>, workflow: &Workflow<'_>) {
    if workflow.is_action {
        return;
    }
    let mut issues = Vec::new();
    let top = workflow.root.entry("permissions");
    let lacking = workflow.jobs.iter().filter(|job| job.get("permissions").is_none()).count();
    if let Some(top) = top {
        let all_override = lacking == 0 && !workflow.jobs.is_empty();
        if let Some(issue) = whole(top.value, top.key).filter(|_| !all_override) {
            issues.push(issue);
        }
        if workflow.jobs.len() > 1 && lacking > 0 {
            issues.extend(
                top.value.entries().iter().filter(|scope| scope.value.as_str() == Some("write")).map(
                    |scope| {
                        let message = format!("every job may write `{}`", scope.name());
                        let dangerous = DANGEROUS.contains(&scope.name());
                        Issue::new(&EXCESSIVE_PERMISSIONS, scope.key.span(), message).severity(if dangerous {
                            Severity::Medium
                        } else {
                            Severity::Low
                        })
                    },
                ),
            );
        }
    }
    for job in &workflow.jobs {
        let Some(entry) = job.entry else { continue };
        match entry.value.entry("permissions") {
            Some(own) => issues.extend(whole(own.value, own.key)),
            None if top.is_none() => {
                let is_call = entry.value.get("uses").is_some();
                if is_call || !only_called(workflow) {
                    let message = format!(
                        "the job `{}` has the permissions that the repository gives by default",
                        entry.name()
                    );
                    issues.push(
                        Issue::new(&EXCESSIVE_PERMISSIONS, entry.key.span(), message)
                            .severity(Severity::Low)
                            .confidence(Confidence::Medium)
                            .remedy("Add `permissions:` with what the job needs, or `permissions: {}`.")
                            .fix(least(text, entry.value).filter(|_| !is_call)),
                    );
                }
            }
            None => {}
        }
    }
    if top.is_none() && lacking > 1 && !only_called(workflow) {
        let at = workflow.root.span().start;
        issues.push(
            Issue::new(&EXCESSIVE_PERMISSIONS, at..at, "no permissions are set for the workflow")
                .severity(Severity::Low)
                .confidence(Confidence::Medium)
                .remedy("Add `permissions: {}` at the top.")
                .fix(edit::insertion(text.content, workflow.root, "permissions: {}", Safety::Unsafe)),
        );
    }
    for declared in
        top.into_iter().chain(workflow.jobs.iter().filter_map(|job| job.entry?.value.entry("permissions")))
    {
        issues.extend(undocumented(text, declared.value));
    }
    issue::report(text, notes, issues);
}

/// Gives the job `steps` what fetching its code takes, or nothing.
fn least(text: &Text<'_>, job: Node<'_>) -> Option<Fix> {
    let fetches = job
        .get("steps")
        .into_iter()
        .flat_map(Node::items)
        .any(|step| step.text_of("uses").is_some_and(|action| action.starts_with("actions/checkout@")));
    let line = if fetches { "permissions: {contents: read}" } else { "permissions: {}" };
    edit::insertion(text.content, job, line, Safety::Unsafe)
}

/// Whether nothing but other workflows start it.
fn only_called(workflow: &Workflow<'_>) -> bool {
    !workflow.triggers.is_empty() && workflow.triggers.iter().all(|(name, ..)| *name == "workflow_call")
}

fn whole(value: Node<'_>, key: Node<'_>) -> Option<Issue> {
    let (severity, what) = match value.as_str()? {
        "write-all" => (Severity::High, "may write everything"),
        "read-all" => (Severity::Low, "may read everything"),
        _ => return None,
    };
    let span = value.span();
    let fix = Fix {
        edits: vec![Edit { span, replacement: "{contents: read}".to_owned() }],
        safety: Safety::Unsafe,
        title: "let the token read the code only".to_owned(),
        asks: None,
    };
    let issue = Issue::new(&EXCESSIVE_PERMISSIONS, key.span(), format!("the token {what}"));
    Some(issue.severity(severity).fix(Some(fix).filter(|_| !value.is_alias())))
}

fn undocumented(text: &Text<'_>, value: Node<'_>) -> Vec<Issue> {
    let scopes = value.entries();
    scopes
        .iter()
        .filter(|scope| {
            !(scope.name() == "contents" && scope.value.as_str() == Some("read"))
                && scope.value.as_str() != Some("none")
        })
        .filter(|scope| {
            let (line, _) = text.line_column(scope.value.span().end);
            !text.line(line).contains(" #")
        })
        .map(|scope| {
            let message = format!(
                "nothing says why `{}: {}` is needed",
                scope.name(),
                scope.value.as_str().unwrap_or_default()
            );
            Issue::new(&UNDOCUMENTED_PERMISSIONS, scope.key.span(), message)
        })
        .collect()
}

/// Scopes with which code, releases, packages or identities can be replaced.
const DANGEROUS: &[&str] = &[
    "contents",
    "id-token",
    "packages",
    "actions",
    "deployments",
    "attestations",
    "pull-requests",
    "security-events",
    "issues",
    "pages",
];

#[cfg(test)]
mod tests {
    use crate::{Text, apply, examine};
    use bartizan_core::{Limits, MonotonicClock};

    #[test]
    fn permissions_are_added_where_they_lack_and_narrowed_where_they_are_all() {
        let mended = |content: &str| {
            let text = Text::new(".github/workflows/a.yml", content);
            let outcome = examine(&text, &Limits::default(), &MonotonicClock::start());
            let fixes = outcome.fixes.iter().filter(|one| one.rule == "pipeline/excessive-permissions");
            apply(content, &fixes.map(|one| &one.fix).collect::<Vec<_>>()).0
        };
        assert_eq!(
            mended("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - uses: actions/checkout@v4\n"),
            "on: push\njobs:\n  a:\n    permissions: {contents: read}\n    runs-on: x\n    steps:\n    - uses: actions/checkout@v4\n"
        );
        assert_eq!(
            mended("on: push\npermissions: write-all\njobs: {a: {runs-on: x, steps: [{run: ls}]}}\n"),
            "on: push\npermissions: {contents: read}\njobs: {a: {runs-on: x, steps: [{run: ls}]}}\n"
        );
    }
}
