//! The files with which a step changes the environment of the later ones.

use super::triggers::{is_dynamic, names_head, untrusted_variables};
use super::workflow::{Job, Workflow};
use crate::rules::{ENVIRONMENT_FILE_INJECTION, INSECURE_COMMANDS};
use crate::shell::{Command, ExpansionKind, Invocation, Script};
use crate::yaml::Node;
use crate::{Issue, Notes, Text, issue};
use bartizan_core::{Confidence, Severity};

pub(super) fn check(text: &Text<'_>, notes: &mut Notes<'_>, workflow: &Workflow<'_>) {
    insecure(text, notes, workflow);
    if !workflow.is_action && !workflow.is_privileged() {
        return;
    }
    for (job, step) in workflow.steps() {
        let Some(run) = step.run() else { continue };
        let value = run.as_str().unwrap_or_default();
        if !value.contains("GITHUB_ENV") && !value.contains("GITHUB_PATH") {
            continue;
        }
        let outsiders = untrusted_variables(step, &[job.get("env"), workflow.root.get("env")]);
        let script = Script::read(value);
        let writes = script.commands.iter().enumerate().filter(|(index, command)| {
            let direct = writes_environment(command);
            let reader = script.reader(*index).and_then(|next| script.commands.get(next));
            let piped = reader.is_some_and(writes_environment);
            (direct || piped) && (fills(command) || (foreign(job) && copies_file(command)))
        });
        let issues: Vec<Issue> = writes
            .map(|(_, command)| {
                let known = !outsiders.is_empty();
                let confidence = if known { Confidence::High } else { Confidence::Low };
                let severity = if known || workflow.is_privileged() { Severity::High } else { Severity::Low };
                Issue::new(
                    &ENVIRONMENT_FILE_INJECTION,
                    command.span.clone(),
                    "a value that is not fixed is written to the environment of later steps",
                )
                .confidence(confidence)
                .severity(severity)
            })
            .collect();
        issue::report_in(text, notes, run, issues);
    }
}

/// Whether the command's output goes to one of the files.
fn writes_environment(command: &Command) -> bool {
    let named = |text: &str| text.contains("GITHUB_ENV") || text.contains("GITHUB_PATH");
    command.redirects.iter().any(|redirect| redirect.operator.contains('>') && named(&redirect.target.text))
        || command.words.iter().any(|word| {
            named(&word.text)
                && command
                    .words
                    .first()
                    .is_some_and(|first| matches!(first.text.as_str(), "tee" | "Add-Content" | "Out-File"))
        })
}

/// Whether the job has files that a stranger made: artifacts of another run, or the code of a pull request.
fn foreign(job: &Job<'_>) -> bool {
    job.steps.iter().any(|step| {
        step.uses().is_some_and(|(_, uses)| uses.name().contains("download-artifact"))
            || step.with("ref").and_then(Node::as_str).is_some_and(names_head)
    })
}

/// Whether what it writes is what a file holds.
fn copies_file(command: &Command) -> bool {
    let Some(invocation) = Invocation::of(command) else { return false };
    matches!(
        invocation.program.as_str(),
        "cat" | "head" | "tail" | "grep" | "sed" | "jq" | "yq" | "tr" | "cut"
    ) && (invocation.arguments.iter().any(|argument| !argument.is_option())
        || command.redirects.iter().any(|redirect| redirect.operator == "<"))
}

/// Whether what it writes is filled in.
fn fills(command: &Command) -> bool {
    let percent = command.words.iter().skip(1).any(|word| word.text.matches('%').count() >= 2);
    percent
        || command.words.iter().flat_map(|word| &word.expansions).any(|expansion| match &expansion.kind {
            ExpansionKind::Template(_) => false,
            kind => is_dynamic(kind),
        })
}

fn insecure(text: &Text<'_>, notes: &mut Notes<'_>, workflow: &Workflow<'_>) {
    let scopes = workflow
        .root
        .entry("env")
        .into_iter()
        .chain(workflow.jobs.iter().filter_map(|job| job.entry?.value.entry("env")))
        .chain(workflow.steps().filter_map(|(_, step)| step.node.entry("env")));
    for scope in scopes {
        let on = scope.value.get("ACTIONS_ALLOW_UNSECURE_COMMANDS").and_then(Node::as_str);
        if on.is_some_and(|value| value.trim().eq_ignore_ascii_case("true")) {
            let issue = Issue::new(
                &INSECURE_COMMANDS,
                scope.key.span(),
                "`ACTIONS_ALLOW_UNSECURE_COMMANDS` lets printed text set variables",
            );
            issue::report(text, notes, [issue]);
        }
        if scope.value.as_str().is_some_and(|value| value.contains("${{")) {
            let issue = Issue::new(
                &INSECURE_COMMANDS,
                scope.key.span(),
                "the whole environment is computed and may allow insecure commands",
            );
            issue::report(text, notes, [issue.severity(Severity::Low).confidence(Confidence::Low)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::graded;
    use bartizan_core::Severity::High;

    #[test]
    fn a_file_of_a_stranger_that_becomes_the_environment_is_found() {
        let written = |on: &str, uses: &str, run: &str| {
            let text = format!(
                "on: {on}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n    - uses: {uses}@0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012\n    - run: {run}\n"
            );
            graded(".github/workflows/a.yml", &text, "pipeline/environment-file-injection")
        };
        assert_eq!(
            written("workflow_run", "actions/download-artifact", "cat m.env >> \"$GITHUB_ENV\""),
            [High]
        );
        for (on, uses, run) in [
            ("push", "actions/download-artifact", "cat m.env >> \"$GITHUB_ENV\""),
            ("workflow_run", "actions/checkout", "cat m.env >> \"$GITHUB_ENV\""),
            ("workflow_run", "actions/download-artifact", "cat m.env >> metrics.txt"),
            ("workflow_run", "actions/download-artifact", "echo A=1 >> \"$GITHUB_ENV\""),
        ] {
            assert_eq!(written(on, uses, run), [], "{on} {uses} {run}");
        }
    }
}
