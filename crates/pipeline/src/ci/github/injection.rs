//! Expressions filled into scripts.

use super::agents::asks_model;
use super::contexts::{Reach, reach};
use super::expression::{parse, templates};
use super::workflow::{Job, Step, Workflow};
use crate::rules::TEMPLATE_INJECTION;
use crate::yaml::Node;
use crate::{Issue, Notes, Text, issue};
use bartizan_core::{Confidence, Severity};

pub(super) fn check(text: &Text<'_>, notes: &mut Notes<'_>, workflow: &Workflow<'_>) {
    for (job, step) in workflow.steps() {
        for script in code(step) {
            script_in(text, notes, workflow, job, step, script);
        }
    }
}

/// The scalars of a step that are run as code.
fn code<'y>(step: &Step<'y>) -> Vec<Node<'y>> {
    let mut found: Vec<Node<'y>> = step.run().into_iter().collect();
    let Some((_, uses)) = step.uses() else { return found };
    let name = uses.name();
    let inputs =
        CODE_INPUTS.iter().filter(|(action, _)| *action == name).flat_map(|(_, inputs)| inputs.iter());
    found.extend(inputs.filter_map(|input| step.with(input)));
    found
}

fn script_in(
    text: &Text<'_>,
    notes: &mut Notes<'_>,
    workflow: &Workflow<'_>,
    job: &Job<'_>,
    step: &Step<'_>,
    script: Node<'_>,
) {
    let value = script.as_str().unwrap_or_default();
    let mut issues = Vec::new();
    for range in templates(value) {
        let Some(expression) = value.get(range.clone()).and_then(parse) else { continue };
        for context in expression.flowing() {
            let span =
                context.span.start.saturating_add(range.start)..context.span.end.saturating_add(range.start);
            if let Some(issue) = judge(workflow, job, step, &context.path, span) {
                issues.push(issue);
            }
        }
    }
    issue::report_in(text, notes, script, issues);
}

fn judge(
    workflow: &Workflow<'_>,
    job: &Job<'_>,
    step: &Step<'_>,
    path: &str,
    span: std::ops::Range<usize>,
) -> Option<Issue> {
    let (severity, confidence, who) = match reach(path) {
        Reach::Fixed => return None,
        Reach::Free => (Severity::High, Confidence::High, "anyone can choose"),
        Reach::Reference if workflow.is_public() => {
            (Severity::High, Confidence::Medium, "the author of a pull request can choose")
        }
        Reach::Reference => (Severity::Medium, Confidence::Medium, "who pushes can choose"),
        Reach::Caller => caller(workflow, path)?,
        Reach::Unknown => unknown(workflow, job, step, path)?,
    };
    let message = format!("`{path}`, which {who}, is filled into code");
    let name =
        path.rsplit('.').find(|part| *part != "*").unwrap_or("VALUE").to_ascii_uppercase().replace('-', "_");
    Some(Issue::new(&TEMPLATE_INJECTION, span, message).severity(severity).confidence(confidence).remedy(
        format!("Set `env: {name}: ${{{{ {path} }}}}` on the step and use `\"${name}\"` in the script."),
    ))
}

/// Inputs: of a fixed type they say nothing, of an action or workflow that others call they are its caller's.
fn caller(workflow: &Workflow<'_>, path: &str) -> Option<(Severity, Confidence, &'static str)> {
    let name = path.rsplit('.').next().unwrap_or_default();
    for trigger in ["workflow_dispatch", "workflow_call"] {
        let input = workflow
            .trigger(trigger)
            .and_then(|trigger| trigger.get("inputs"))
            .map(|inputs| inputs.entries().into_iter().find(|entry| entry.name().eq_ignore_ascii_case(name)));
        let kind = input.flatten().and_then(|entry| entry.value.text_of("type"));
        if matches!(kind, Some("boolean" | "number" | "choice" | "environment")) {
            return None;
        }
    }
    Some((Severity::Low, Confidence::Medium, "who calls this chooses"))
}

fn unknown(
    workflow: &Workflow<'_>,
    job: &Job<'_>,
    step: &Step<'_>,
    path: &str,
) -> Option<(Severity, Confidence, &'static str)> {
    if let Some(name) = path.strip_prefix("env.") {
        let scopes = [step.node.get("env"), job.get("env"), workflow.root.get("env")];
        let value = scopes.into_iter().flatten().find_map(|scope| {
            scope.entries().into_iter().find(|entry| entry.name().eq_ignore_ascii_case(name))
        });
        let Some(value) = value.and_then(|entry| entry.value.as_str()) else {
            return Some((Severity::Low, Confidence::Medium, "is set elsewhere"));
        };
        let mut worst = None;
        for range in templates(value) {
            let inner = value.get(range).and_then(parse);
            for context in inner.iter().flat_map(super::expression::Expression::flowing) {
                worst = worst.max(Some(reach(&context.path)));
            }
        }
        return match worst {
            None | Some(Reach::Fixed) => None,
            Some(Reach::Free) => Some((Severity::High, Confidence::High, "is what anyone can choose")),
            Some(Reach::Reference) => {
                Some((Severity::Medium, Confidence::Medium, "is a name that others choose"))
            }
            Some(_) => Some((Severity::Low, Confidence::Medium, "is set elsewhere")),
        };
    }
    if answers(job, path) {
        return Some((Severity::High, Confidence::Medium, "is what a model answered"));
    }
    if let Some(name) = path.strip_prefix("matrix.") {
        let values = job.matrix(name.split('.').next().unwrap_or(name))?;
        let literal = values.iter().all(|value| value.as_str().is_none_or(|value| !value.contains("${{")));
        return (!literal).then_some((Severity::Low, Confidence::Medium, "is computed"));
    }
    Some((Severity::Info, Confidence::Low, "is not known from here"))
}

/// Whether `path` is the output of a step that asks a model.
pub(super) fn answers(job: &Job<'_>, path: &str) -> bool {
    let Some(id) = path.strip_prefix("steps.").and_then(|rest| rest.split('.').next()) else { return false };
    let step =
        job.steps.iter().find(|step| step.node.text_of("id").is_some_and(|own| own.eq_ignore_ascii_case(id)));
    step.is_some_and(asks_model)
}

/// Inputs of actions that are run as code, by action in lower case.
const CODE_INPUTS: &[(&str, &[&str])] = &[
    ("actions/github-script", &["script"]),
    ("addnab/docker-run-action", &["run", "options"]),
    ("alessbell/pull-request-comment-branch", &["script"]),
    ("amadevus/pwsh-script", &["script"]),
    ("appleboy/ssh-action", &["script"]),
    ("azure/cli", &["inlinescript"]),
    ("azure/powershell", &["inlinescript"]),
    ("cardinalby/js-eval-action", &["expression"]),
    ("cross-platform-actions/action", &["run"]),
    ("devorbitus/yq-action-output", &["cmd"]),
    ("jannekem/run-python-script-action", &["script"]),
    ("mikefarah/yq", &["cmd"]),
    ("nick-fields/retry", &["command"]),
    ("nick-invision/retry", &["command"]),
    ("tibdex/backport", &["title_template", "body_template", "head_template", "labels_template"]),
    ("uraimo/run-on-arch-action", &["run", "install", "setup"]),
    ("vmactions/freebsd-vm", &["run", "prepare"]),
    ("vmactions/openbsd-vm", &["run", "prepare"]),
    ("webfactory/ssh-agent", &[]),
    ("wandalen/wretry.action", &["command"]),
    ("lukka/run-vcpkg", &[]),
    ("roots/issue-closer-action", &["issue-close-message", "issue-pattern"]),
    ("machulav/ec2-github-runner", &["pre-runner-script"]),
    ("peter-evans/find-comment", &[]),
    ("gautamkrishnar/keepalive-workflow", &["commit_message"]),
    ("sergeysova/jq-action", &["cmd"]),
    ("skitionek/notify-microsoft-teams", &["overwrite"]),
];
