//! Secrets: handed over whole, taken apart, used without an environment, written down.

use super::expression::Expression;
use super::workflow::{Job, Workflow};
use crate::rules::{
    OVERPROVISIONED_SECRETS, SECRET, SECRET_IN_LOG, SECRETS_INHERIT, SECRETS_OUTSIDE_ENVIRONMENT,
    UNREDACTED_SECRET,
};
use crate::shell::inspect;
use crate::yaml::Node;
use crate::{Issue, Notes, Text, issue};
use bartizan_core::Confidence;
use std::ops::Range;

/// Texts, one of which a script has that writes its commands or its environment to the log.
const MAY_LOG: &[&str] = &["set -", "env", "export -p", "declare -"];

pub(super) fn check(text: &Text<'_>, notes: &mut Notes<'_>, workflow: &Workflow<'_>) {
    let mut issues = Vec::new();
    for job in &workflow.jobs {
        if let Some(secrets) = job
            .entry
            .and_then(|entry| entry.value.entry("secrets"))
            .filter(|secrets| secrets.value.as_str() == Some("inherit"))
        {
            issues.push(Issue::new(
                &SECRETS_INHERIT,
                secrets.span(),
                "every secret goes to the called workflow",
            ));
        }
        container(job, &mut issues);
    }
    issue::report(text, notes, issues);
    for (job, step) in workflow.steps() {
        let Some((run, script)) = step.run().and_then(|run| Some((run, run.as_str()?))) else { continue };
        let scopes = [workflow.root.get("env"), job.get("env"), step.node.get("env")];
        let given: Vec<&str> = scopes
            .into_iter()
            .flatten()
            .flat_map(Node::entries)
            .filter(|entry| entry.value.as_str().is_some_and(|value| value.contains("secrets.")))
            .map(|entry| entry.name())
            .collect();
        let Some(first) = given.first().filter(|_| MAY_LOG.iter().any(|how| script.contains(how))) else {
            continue;
        };
        let logged = inspect::logged(script, &|name| given.contains(&name), first).into_iter();
        let issues = logged.map(|(span, name)| {
            let message = format!("the secret `{name}` is written to the log, masked only as long as it stands there letter by letter");
            Issue::new(&SECRET_IN_LOG, span, message).confidence(Confidence::Medium)
        });
        issue::report_in(text, notes, run, issues);
    }
}

/// Jobs without an environment, by their bytes.
pub(super) fn outside(workflow: &Workflow<'_>) -> Vec<Range<usize>> {
    workflow
        .jobs
        .iter()
        .filter(|job| job.get("environment").is_none() && !workflow.is_action)
        .filter_map(|job| Some(job.entry?.value.span()))
        .collect()
}

/// Judges an expression that begins at `offset` of the scalar `node`; `outside` are the jobs without an environment.
pub(super) fn expression(
    text: &Text<'_>,
    notes: &mut Notes<'_>,
    (node, expression, offset): (Node<'_>, &Expression, usize),
    outside: &[Range<usize>],
) {
    let mut found = Vec::new();
    expression.each(&mut |one| judge(one, offset, &mut found));
    issue::report_in(text, notes, node, found);
    if outside.iter().any(|job| job.contains(&node.span().start)) {
        let secret = expression.contexts().into_iter().find(|context| {
            context.path.starts_with("secrets.")
                && context.path != "secrets.github_token"
                && !context.path.ends_with('*')
        });
        let issue = secret.map(|context| {
            let span = context.span.start.saturating_add(offset)..context.span.end.saturating_add(offset);
            let message = format!("`{}` is used in a job without an environment", context.path);
            Issue::new(&SECRETS_OUTSIDE_ENVIRONMENT, span, message)
        });
        issue::report_in(text, notes, node, issue);
    }
}

fn judge(one: &Expression, offset: usize, found: &mut Vec<Issue>) {
    let moved = |span: &Range<usize>| span.start.saturating_add(offset)..span.end.saturating_add(offset);
    match one {
        Expression::Call(name, arguments, span) => {
            let secret = |path: &str| path == "secrets" || path.starts_with("secrets.");
            let named = arguments
                .iter()
                .any(|argument| matches!(argument, Expression::Context(context) if secret(&context.path)));
            if name == "fromjson" && named {
                found.push(Issue::new(
                    &UNREDACTED_SECRET,
                    moved(span),
                    "the parts of this secret are not masked in the log",
                ));
            }
            let whole = arguments.iter().any(
                |argument| matches!(argument, Expression::Context(context) if context.path == "secrets"),
            );
            if name == "tojson" && whole {
                found.push(Issue::new(
                    &OVERPROVISIONED_SECRETS,
                    moved(span),
                    "every secret is given to the job",
                ));
            }
        }
        Expression::Context(context) if context.path.starts_with("secrets.") && context.is_computed => {
            found.push(Issue::new(
                &OVERPROVISIONED_SECRETS,
                moved(&context.span),
                "a computed name gives the job every secret",
            ));
        }
        _ => {}
    }
}

fn container(job: &Job<'_>, issues: &mut Vec<Issue>) {
    let services = job.get("services").map(Node::entries).unwrap_or_default();
    for node in job.get("container").into_iter().chain(services.into_iter().map(|entry| entry.value)) {
        let Some(credentials) = node.entry("credentials") else { continue };
        let Some(password) = credentials.value.get("password") else { continue };
        if password.as_str().is_some_and(|written| !written.is_empty() && !written.contains("${{")) {
            issues.push(Issue::new(
                &SECRET,
                password.span(),
                "the password of a registry is written in the workflow",
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::graded;
    use bartizan_core::Severity::{Low, Medium};

    #[test]
    fn secrets_of_the_environment_that_a_step_writes_to_the_log_are_found() {
        let found = |run: &str| {
            let text = format!(
                "on: push\npermissions: {{}}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    environment: b\n    steps:\n    - env:\n        KAGGLE: ${{{{ secrets.KAGGLE }}}}\n        MODE: fast\n      run: |\n        {run}\n"
            );
            graded(".github/workflows/a.yml", &text, "pipeline/secret-in-log")
        };
        assert_eq!(found("set -x; login $KAGGLE"), [Medium]);
        assert_eq!(found("env"), [Medium]);
        assert_eq!(found("set -x; run $MODE"), []);
        assert_eq!(found("login $KAGGLE"), []);
        let without =
            "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n    - run: env\n";
        assert_eq!(graded(".github/workflows/a.yml", without, "pipeline/secret-in-log"), [Low]);
    }
}
