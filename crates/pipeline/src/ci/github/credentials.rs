//! The token that a checkout leaves behind; secrets and files of credentials that a step puts into an image or an artifact.

use super::triggers::names_head;
use super::workflow::{Job, Step, Workflow};
use crate::rules::{PACKAGED_SECRET, PERSISTED_CREDENTIALS, holds_credentials};
use crate::variable::is_secret_name;
use crate::yaml::{Node, edit};
use crate::{Fix, Issue, Notes, Safety, Text, issue};
use bartizan_core::{Confidence, Severity};

pub(super) fn check(text: &Text<'_>, notes: &mut Notes<'_>, workflow: &Workflow<'_>) {
    for job in &workflow.jobs {
        for (index, step) in job.steps.iter().enumerate() {
            packaged(text, notes, step);
            if !step.uses_any(&["actions/checkout"]) {
                continue;
            }
            let kept = job
                .steps
                .iter()
                .skip(index.saturating_add(1))
                .filter(|later| is_upload(later) && takes_all(later));
            if step
                .with("persist-credentials")
                .and_then(Node::as_str)
                .is_none_or(|value| value.eq_ignore_ascii_case("true"))
            {
                let paths = kept.filter_map(|upload| upload.with("path")).map(|path| {
                    let message =
                        "the whole checkout is kept as an artifact, with the token in `.git/config`";
                    Issue::new(&PACKAGED_SECRET, path.span(), message)
                        .severity(Severity::Medium)
                        .confidence(Confidence::Medium)
                });
                issue::report(text, notes, paths);
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
                None if runs_pull_request(workflow, job, index) => (
                    Severity::Medium,
                    Confidence::Medium,
                    "the token stays in the checkout, where the code of a pull request runs",
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

/// Whether the checkout at `index` of `job` takes the code of a pull request in a run that has secrets, and something runs behind it.
fn runs_pull_request(workflow: &Workflow<'_>, job: &Job<'_>, index: usize) -> bool {
    let taken = job.steps.get(index).is_some_and(|step| {
        ["ref", "repository"]
            .iter()
            .filter_map(|input| step.with(input))
            .any(|node| node.as_str().is_some_and(names_head))
    });
    workflow.is_privileged()
        && taken
        && job.steps.iter().skip(index.saturating_add(1)).any(|later| later.run().is_some())
}

/// Secrets given to the build of an image as arguments, which stay in its history, and files of credentials among artifacts.
fn packaged(text: &Text<'_>, notes: &mut Notes<'_>, step: &Step<'_>) {
    if let Some(given) = step.with("build-args") {
        let value = given.as_str().unwrap_or_default();
        let mut at = 0usize;
        let mut issues = Vec::new();
        for line in value.split_inclusive('\n') {
            let start = at;
            at = at.saturating_add(line.len());
            let Some((name, filled)) = line.split_once('=') else { continue };
            if is_secret_name(name.trim()) && filled.contains("secrets.") {
                let shown = bartizan_core::printable(name.trim(), 60);
                let message = format!("the secret `{shown}` stays in the history of the image");
                let span = start..start.saturating_add(line.trim_end().len());
                let issue = Issue::new(&PACKAGED_SECRET, span, message).severity(Severity::Medium);
                issues.push(issue.remedy("Give it under `secrets:` and mount it where it is used."));
            }
        }
        issue::report_in(text, notes, given, issues);
    }
    if is_upload(step)
        && let Some(path) = step.with("path")
        && let Some(file) = path.as_str().unwrap_or_default().lines().find(|line| holds_credentials(line))
    {
        let message = format!("`{}` is kept as an artifact", bartizan_core::printable(file.trim(), 80));
        issue::report(text, notes, [Issue::new(&PACKAGED_SECRET, path.span(), message)]);
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

#[cfg(test)]
mod tests {
    #[test]
    fn secrets_in_images_and_artifacts_are_found() {
        let ids = |step: &str| -> Vec<(u32, &'static str)> {
            let text = format!(
                "on: push\npermissions: {{}}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: {step}\n"
            );
            let found = crate::testing::lines(".github/workflows/a.yml", &text).into_iter();
            found.filter(|(_, rule)| *rule == "packaged-secret").collect()
        };
        let build = |given: &str| {
            ids(&format!(
                "docker/build-push-action@0123456789abcdef0123456789abcdef01234567\n        with:\n          build-args: |\n            A=1\n            {given}"
            ))
        };
        assert_eq!(build("HF_TOKEN=${{ secrets.HF_TOKEN }}"), [(11, "packaged-secret")]);
        assert_eq!(build("VERSION=${{ github.sha }}"), []);
        let upload = |path: &str| {
            ids(&format!(
                "actions/upload-artifact@0123456789abcdef0123456789abcdef01234567\n        with:\n          path: {path}"
            ))
        };
        assert_eq!(upload(".env"), [(9, "packaged-secret")]);
        let after = |setting: &str, path: &str| {
            ids(&format!(
                "actions/checkout@0123456789abcdef0123456789abcdef01234567\n        with:\n          persist-credentials: {setting}\n      - uses: actions/upload-artifact@0123456789abcdef0123456789abcdef01234567\n        with:\n          path: {path}"
            ))
        };
        assert_eq!(after("true", "."), [(12, "packaged-secret")]);
        assert_eq!(after("true", "dist/"), []);
        assert_eq!(after("false", "."), []);
        assert_eq!(upload("dist/"), []);
    }
}
