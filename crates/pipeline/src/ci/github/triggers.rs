//! Triggers that give outsiders a privileged run, and what such runs do with what outsiders bring.

use super::expression::{Context, parse, templates};
use super::workflow::{Job, Step, Workflow};
use crate::rules::{ARTIFACT_POISONING, BOT_CONDITION, DANGEROUS_TRIGGER, UNTRUSTED_CHECKOUT};
use crate::shell::{ExpansionKind, Invocation, Script};
use crate::yaml::Node;
use crate::{Issue, Notes, Text, issue};
use bartizan_core::{Confidence, Severity};

pub(super) fn check(text: &Text<'_>, notes: &mut Notes<'_>, workflow: &Workflow<'_>) {
    let mut issues = bots(workflow);
    if !workflow.is_privileged() {
        issue::report(text, notes, issues);
        return;
    }
    let harmless = workflow
        .jobs
        .iter()
        .all(|job| !job.steps.is_empty() && job.steps.iter().all(|step| step.uses_any(HARMLESS)));
    let touches = workflow.steps().any(|(_, step)| {
        step.uses().is_some_and(|(_, uses)| {
            let name = uses.name();
            name == "actions/checkout" || name.contains("download-artifact")
        })
    });
    for (name, key, _) in &workflow.triggers {
        let severity = match *name {
            "pull_request_target" | "workflow_run" if touches => Severity::Medium,
            "pull_request_target" | "workflow_run" | "issue_comment" => Severity::Low,
            _ => continue,
        };
        if !harmless {
            let message = format!("`{name}` gives anyone a run with secrets and a writing token");
            issues.push(
                Issue::new(&DANGEROUS_TRIGGER, key.span(), message)
                    .severity(severity)
                    .confidence(Confidence::Medium),
            );
        }
    }
    for (job, step) in workflow.steps() {
        issues.extend(checkout(workflow, job, step));
        if untrusted(workflow, job, step).is_some() {
            issues.extend(handed_secrets(job, step));
        }
        if workflow.starts_on(&["workflow_run"]) {
            issues.extend(artifact(job, step));
        }
    }
    issue::report(text, notes, issues);
}

/// Whether the expression text `value` names the head of a pull request.
pub(super) fn names_head(value: &str) -> bool {
    let is_head = |context: &Context| {
        let path = context.path.as_str();
        (path.contains("pull_request")
            && path.contains(".head.")
            && [
                ".ref",
                ".sha",
                "repo.full_name",
                "repo.clone_url",
                "repo.ssh_url",
                "repo.git_url",
                "repo.html_url",
            ]
            .iter()
            .any(|end| path.ends_with(end)))
            || matches!(
                path,
                "github.head_ref"
                    | "github.event.workflow_run.head_sha"
                    | "github.event.workflow_run.head_branch"
                    | "github.event.workflow_run.head_commit.id"
            )
            || path.ends_with("head_ref")
            || path.ends_with("head_sha")
            || path.ends_with("outputs.ref")
            || path.ends_with("merge_commit_sha")
    };
    templates(value)
        .into_iter()
        .filter_map(|range| value.get(range))
        .filter_map(parse)
        .any(|expression| expression.flowing().iter().any(|context| is_head(context)))
        || value.contains("refs/pull/")
        || value.starts_with("pull/")
}

fn checkout(workflow: &Workflow<'_>, job: &Job<'_>, step: &Step<'_>) -> Option<Issue> {
    let (span, step_index) = untrusted(workflow, job, step)?;
    // A script goes on with what it took.
    let from = if step.run().is_some() { step_index } else { step_index.saturating_add(1) };
    let runs = job.steps.iter().skip(from).any(runs_code);
    let trains = job.steps.iter().skip(step_index).filter_map(Step::run).any(|run| {
        let text = run.as_str().unwrap_or_default();
        ["train", "fit", "finetune", "fine-tune", "accelerate launch", "torchrun", "dvc repro", "mlflow run"]
            .iter()
            .any(|word| text.contains(word))
    });
    let guarded = job.get("environment").is_some()
        || condition_of(job, step)
            .is_some_and(|text| text.contains("labels") || text.contains("author_association"));
    let (severity, message) = match (runs, trains) {
        (_, true) => {
            (Severity::Critical, "the code of a pull request is trained with in a run that has secrets")
        }
        (true, false) => (
            Severity::Critical,
            "the code of a pull request is checked out and run in a run that has secrets",
        ),
        (false, false) => {
            (Severity::High, "the code of a pull request is checked out in a run that has secrets")
        }
    };
    let severity = if guarded { Severity::Medium } else { severity };
    Some(Issue::new(&UNTRUSTED_CHECKOUT, span, message).severity(severity).confidence(if runs {
        Confidence::High
    } else {
        Confidence::Medium
    }))
}

/// Secrets in the environment of what runs behind the checkout `step` of an outsider's code.
fn handed_secrets(job: &Job<'_>, step: &Step<'_>) -> Vec<Issue> {
    let Some(index) = job.steps.iter().position(|one| one.node == step.node) else { return Vec::new() };
    let guarded = job.get("environment").is_some() || condition_of(job, step).is_some();
    let later = job
        .steps
        .iter()
        .skip(index.saturating_add(1))
        .filter(|later| later.run().is_some() && runs_code(later));
    let environments = later.clone().filter_map(|later| later.node.get("env"));
    let of_job = job.get("env").filter(|_| later.clone().next().is_some());
    environments
        .chain(of_job)
        .flat_map(Node::entries)
        .filter(|entry| {
            let value = entry.value.as_str().unwrap_or_default();
            !guarded
                && value.contains("${{")
                && (value.contains("secrets.") || value.contains("github.token"))
        })
        .map(|entry| {
            let message = "the code of a pull request runs with this secret in its environment";
            Issue::new(&UNTRUSTED_CHECKOUT, entry.span(), message)
                .severity(Severity::High)
                .confidence(Confidence::Medium)
                .remedy("Run the code of pull requests in a workflow without secrets, on `pull_request`.")
        })
        .collect()
}

fn condition_of<'y>(job: &Job<'y>, step: &Step<'y>) -> Option<&'y str> {
    step.node.text_of("if").or_else(|| job.get("if")?.as_str())
}

/// Where the step takes an outsider's code, and which step of the job it is.
fn untrusted(
    workflow: &Workflow<'_>,
    job: &Job<'_>,
    step: &Step<'_>,
) -> Option<(std::ops::Range<usize>, usize)> {
    let index = job.steps.iter().position(|one| one.node == step.node)?;
    if step.uses_any(&["actions/checkout"]) {
        let found = ["ref", "repository"]
            .iter()
            .filter_map(|input| step.with(input))
            .find(|node| node.as_str().is_some_and(names_head))?;
        return Some((found.span(), index));
    }
    let run = step.run()?;
    let value = run.as_str()?;
    let pulls =
        ["gh pr checkout", "git fetch origin pull/", "git fetch origin refs/pull/", "hub pr checkout"]
            .iter()
            .find_map(|text| value.find(text));
    let head = value
        .lines()
        .find(|line| line.contains("git checkout") && names_head(line))
        .and_then(|line| value.find(line));
    let Some(at) = pulls.or(head).filter(|_| workflow.is_privileged()) else {
        return handed_over(workflow, job, step, value).map(|span| (run.bytes_of(span), index));
    };
    let end = value.get(at..)?.find('\n').map_or(value.len(), |length| at.saturating_add(length));
    Some((run.bytes_of(at..end), index))
}

/// The command of `script` by which git takes what an outsider's branch is called through a variable of the environment, or an
/// address filled in.
fn handed_over(
    workflow: &Workflow<'_>,
    job: &Job<'_>,
    step: &Step<'_>,
    script: &str,
) -> Option<std::ops::Range<usize>> {
    let scopes = [step.node.get("env"), job.get("env"), workflow.root.get("env")];
    let named: Vec<&str> = scopes
        .into_iter()
        .flatten()
        .flat_map(Node::entries)
        .filter(|entry| entry.value.as_str().is_some_and(names_head))
        .map(|entry| entry.name())
        .collect();
    let script_read = Script::read(script);
    script_read.commands.iter().filter_map(Invocation::of).find_map(|invocation| {
        let takes = invocation.program == "git"
            && invocation.does(&["clone"])
                | invocation.does(&["fetch"])
                | invocation.does(&["pull"])
                | invocation.does(&["checkout"])
                | invocation.does(&["switch"])
                | invocation.does(&["reset"])
            || invocation.program == "gh" && invocation.does(&["repo", "clone"]);
        let given = invocation.arguments.iter().any(|argument| {
            names_head(argument.text)
                || argument.word.expansions.iter().any(|expansion| {
                    matches!(&expansion.kind, ExpansionKind::Variable(name) if named.contains(&name.as_str()))
                })
        });
        (takes && given).then(|| invocation.span())
    })
}

/// Whether a step runs code of the checkout: any command but the plainest, an action that builds.
fn runs_code(step: &Step<'_>) -> bool {
    let Some(run) = step.run() else {
        return step.uses().is_some_and(|(_, uses)| matches!(uses, super::workflow::Uses::Local))
            || step.uses_any(&[
                "actions/setup-node",
                "gradle/gradle-build-action",
                "pre-commit/action",
                "docker/build-push-action",
            ]);
    };
    Script::read(run.as_str().unwrap_or_default()).commands.iter().filter_map(Invocation::of).any(
        |invocation| {
            !matches!(
                invocation.program.as_str(),
                "echo"
                    | "ls"
                    | "cat"
                    | "test"
                    | "["
                    | "[["
                    | "git"
                    | "gh"
                    | "mkdir"
                    | "cp"
                    | "mv"
                    | "jq"
                    | "grep"
                    | "set"
                    | "exit"
                    | "true"
                    | "cd"
                    | "diff"
                    | "wc"
                    | "head"
                    | "curl"
                    | "sed"
                    | "rm"
                    | "date"
            )
        },
    )
}

/// An artifact of the run before, taken into a job that runs or publishes.
fn artifact(job: &Job<'_>, step: &Step<'_>) -> Option<Issue> {
    if let Some(run) = step.run() {
        return fetched(job, step, run);
    }
    let (node, uses) = step.uses()?;
    let name = uses.name();
    let foreign = name == "dawidd6/action-download-artifact"
        || (name == "actions/download-artifact" && step.with("run-id").is_some());
    if !foreign {
        return None;
    }
    let apart = step
        .with("path")
        .and_then(Node::as_str)
        .is_some_and(|path| path.contains("runner.temp") || path.starts_with("/tmp"));
    let index = job.steps.iter().position(|one| one.node == step.node)?;
    let goes_on = job.steps.iter().skip(index.saturating_add(1)).any(runs_code);
    if apart || !goes_on {
        return None;
    }
    let message = "an artifact that a stranger's run may have made is unpacked into the workspace of a run with secrets";
    Some(Issue::new(&ARTIFACT_POISONING, node.span(), message).confidence(Confidence::Medium))
}

/// `gh run download` of the run before, into the workspace of a job that goes on to run something.
fn fetched(job: &Job<'_>, step: &Step<'_>, run: Node<'_>) -> Option<Issue> {
    let script = Script::read(run.as_str().unwrap_or_default());
    let download = script.commands.iter().filter_map(Invocation::of).find(|invocation| {
        let apart = invocation.value(&["-D", "--dir"]).is_some_and(|(folder, _)| {
            folder.contains("RUNNER_TEMP") || folder.contains("runner.temp") || folder.starts_with("/tmp")
        });
        invocation.program == "gh" && invocation.does(&["run", "download"]) && !apart
    })?;
    let index = job.steps.iter().position(|one| one.node == step.node)?;
    let goes_on = job.steps.iter().skip(index).any(runs_code);
    let message = "an artifact that a stranger's run may have made is unpacked into the workspace of a run with secrets";
    goes_on.then(|| {
        Issue::new(&ARTIFACT_POISONING, run.bytes_of(download.span()), message).confidence(Confidence::Medium)
    })
}

/// Checks of the actor for a bot in the conditions of jobs and steps.
fn bots(workflow: &Workflow<'_>) -> Vec<Issue> {
    let conditions = workflow.jobs.iter().flat_map(|job| {
        job.get("if").into_iter().chain(job.steps.iter().filter_map(|step| step.node.get("if")))
    });
    conditions.filter_map(|condition| bot(workflow, condition)).collect()
}

/// A check of the actor for a bot.
fn bot(workflow: &Workflow<'_>, condition: Node<'_>) -> Option<Issue> {
    let value = condition.as_str()?;
    let spoofable = ["github.actor", "github.triggering_actor", "github.event.sender.login"]
        .iter()
        .any(|context| value.contains(context));
    let names_bot = value.contains("[bot]");
    let merges = || {
        workflow.steps().any(|(_, step)| {
            let run = step.run().and_then(Node::as_str).unwrap_or_default();
            step.node.get("if").is_some_and(|own| own == condition)
                && (run.contains("gh pr merge") || run.contains("gh pr review --approve"))
        })
    };
    if !spoofable || !names_bot || value.contains("!=") {
        return None;
    }
    let issue =
        Issue::new(&BOT_CONDITION, condition.span(), "the condition trusts whoever caused the last event");
    if workflow.is_privileged() {
        return Some(issue.confidence(Confidence::High));
    }
    // What is merged counts, although strangers' own runs may not merge.
    merges().then(|| issue.severity(Severity::Low).confidence(Confidence::Medium))
}

/// Whether the script reads a value that an outsider gave through the environment.
pub(super) fn untrusted_variables(step: &Step<'_>, scopes: &[Option<Node<'_>>]) -> Vec<String> {
    let mut names = Vec::new();
    for entry in
        std::iter::once(step.node.get("env")).chain(scopes.iter().copied()).flatten().flat_map(Node::entries)
    {
        let value = entry.value.as_str().unwrap_or_default();
        let free =
            templates(value).into_iter().filter_map(|range| parse(value.get(range)?)).any(|expression| {
                expression
                    .flowing()
                    .iter()
                    .any(|context| super::contexts::reach(&context.path) >= super::contexts::Reach::Free)
            });
        if free {
            names.push(entry.name().to_owned());
        }
    }
    names
}

/// Whether a word is filled in at run time from anything but a fixed text.
pub(super) fn is_dynamic(kind: &ExpansionKind) -> bool {
    !matches!(kind, ExpansionKind::Variable(name) if matches!(name.as_str(), "GITHUB_ENV" | "GITHUB_PATH" | "GITHUB_WORKSPACE" | "HOME" | "PWD" | "GITHUB_SHA" | "RUNNER_TEMP" | "PATH" | "?"))
}

/// Actions that do nothing with the code of a pull request.
const HARMLESS: &[&str] = &[
    "actions/labeler",
    "dessant/label-actions",
    "actions/first-interaction",
    "actions/stale",
    "amannn/action-semantic-pull-request",
    "actions/add-to-project",
    "dessant/lock-threads",
];

#[cfg(test)]
mod tests {
    use crate::testing::graded;
    use bartizan_core::Severity::{Critical, Low};

    #[test]
    fn a_merge_that_trusts_whoever_acted_last_is_found_and_other_uses_of_the_name_are_not() {
        let conditioned = |run: &str| {
            let text = format!(
                "on: pull_request\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n    - if: github.actor == 'dependabot[bot]'\n      run: {run}\n"
            );
            graded(".github/workflows/a.yml", &text, "pipeline/bot-condition")
        };
        assert_eq!(conditioned("gh pr merge --auto 1"), [Low]);
        assert_eq!(conditioned("make lint"), []);
    }

    #[test]
    fn a_branch_that_git_takes_through_a_variable_is_an_untrusted_checkout() {
        let workflow = |from: &str| {
            let text = format!(
                "on: pull_request_target\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n    - env:\n        R: {from}\n      run: |\n        git clone \"https://github.com/$R\" r\n        cd r && python train.py\n"
            );
            graded(".github/workflows/a.yml", &text, "pipeline/untrusted-checkout")
        };
        assert_eq!(workflow("${{ github.event.pull_request.head.repo.full_name }}"), [Critical]);
        assert_eq!(workflow("${{ github.event.pull_request.base.repo.full_name }}"), []);
        assert_eq!(workflow("acme/app"), []);
    }

    #[test]
    fn what_runs_behind_an_outsiders_checkout_is_given_no_secret() {
        use bartizan_core::Severity::{High, Medium};
        let workflow = |trigger: &str, env: &str| {
            format!(
                "on: {trigger}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n    - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683\n      with:\n        ref: ${{{{ github.event.pull_request.head.sha }}}}\n    - run: python eval.py\n      env:\n        TOKEN: {env}\n"
            )
        };
        let of = |trigger: &str, env: &str, rule: &str| {
            graded(".github/workflows/a.yml", &workflow(trigger, env), rule)
        };
        let secret = "${{ secrets.HF_TOKEN }}";
        let mut found = of("pull_request_target", secret, "pipeline/untrusted-checkout");
        found.sort_unstable();
        assert_eq!(found, [High, Critical]);
        assert_eq!(of("pull_request_target", "x", "pipeline/untrusted-checkout"), [Critical]);
        assert_eq!(of("pull_request", secret, "pipeline/untrusted-checkout"), []);
        assert_eq!(of("pull_request_target", "x", "pipeline/persisted-credentials"), [Medium]);
        assert_eq!(of("pull_request", "x", "pipeline/persisted-credentials"), [Low]);
    }

    #[test]
    fn artifacts_that_a_command_fetches_are_those_of_the_run_before() {
        use bartizan_core::Severity::High;
        let fetched = |run: &str, next: &str| {
            let text = format!(
                "on:\n  workflow_run:\n    workflows: [ci]\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n    - run: {run}\n    - run: {next}\n"
            );
            graded(".github/workflows/a.yml", &text, "pipeline/artifact-poisoning")
        };
        assert_eq!(fetched("gh run download 1 -n model", "python promote.py"), [High]);
        assert_eq!(fetched("gh run download 1 -n model -D /tmp/model", "python promote.py"), []);
        assert_eq!(fetched("gh run download 1 -n model", "cat model/result.txt"), []);
        assert_eq!(fetched("gh run list", "python promote.py"), []);
    }
}
