//! AI agents in workflows: what reaches their prompts, and what they may do.

use super::contexts::{Reach, reach};
use super::expression::{parse, templates};
use super::injection::answers;
use super::triggers::untrusted_variables;
use super::workflow::{Job, Step, Workflow};
use crate::marks::Marks;
use crate::rules::{PROMPT_INJECTION_IN_CI, RISKY_TOOL_GRANT};
use crate::shell::{Command, ExpansionKind, Invocation, Script, Word, inspect};
use crate::yaml::Node;
use crate::{Issue, Notes, Text, issue};
use bartizan_core::{Confidence, Severity};
use std::ops::Range;
use std::sync::LazyLock;

pub(super) fn check(text: &Text<'_>, notes: &mut Notes<'_>, workflow: &Workflow<'_>) {
    for (job, step) in workflow.steps() {
        let variables = untrusted_variables(step, &[job.get("env"), workflow.root.get("env")]);
        action(text, notes, workflow, job, step, &variables);
        command(text, notes, workflow, step, &variables);
    }
}

/// Whether the step gives a prompt to an agent or a model.
pub(super) fn asks_model(step: &Step<'_>) -> bool {
    if let Some((_, uses)) = step.uses() {
        let name = uses.name();
        return AGENTS.iter().any(|agent| name.starts_with(agent)) || LOOK.any_in(&name);
    }
    let script = step.run().map(|run| Script::read(run.as_str().unwrap_or_default())).unwrap_or_default();
    script.commands.iter().filter_map(Invocation::of).any(|invocation| inspect::agent(&invocation).is_some())
}

static LOOK: LazyLock<Marks> = LazyLock::new(|| Marks::new(LOOKS.iter().copied()));

/// Parts of names of actions that ask a model.
const LOOKS: &[&str] = &[
    "claude-code",
    "codex-action",
    "gemini-cli",
    "run-gemini",
    "ai-inference",
    "openai",
    "chatgpt",
    "llm-action",
    "gpt-",
    "copilot-agent",
    "aider",
];

/// Expressions in `value` that outsiders fill, with their bytes.
pub(super) fn untrusted(value: &str) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    for range in templates(value) {
        let Some(expression) = value.get(range.clone()).and_then(parse) else { continue };
        for context in expression.flowing() {
            if reach(&context.path) == Reach::Free {
                let span = context.span.start.saturating_add(range.start)
                    ..context.span.end.saturating_add(range.start);
                found.push((context.path.clone(), span));
            }
        }
    }
    found
}

fn action(
    text: &Text<'_>,
    notes: &mut Notes<'_>,
    workflow: &Workflow<'_>,
    job: &Job<'_>,
    step: &Step<'_>,
    variables: &[String],
) {
    let Some((node, uses)) = step.uses() else { return };
    let name = uses.name();
    let known = AGENTS.iter().any(|agent| name.starts_with(agent));
    let looks = !known && LOOK.any_in(&name);
    if !known && !looks {
        return;
    }
    let mut fed = false;
    for entry in step.node.get("with").map(Node::entries).unwrap_or_default() {
        let Some(value) = entry.value.as_str() else { continue };
        let is_prompt = [
            "prompt",
            "message",
            "instruction",
            "input",
            "task",
            "query",
            "content",
            "args",
            "system",
            "body",
            "text",
            "title",
            "diff",
        ]
        .iter()
        .any(|part| entry.name().to_ascii_lowercase().contains(part));
        if is_prompt {
            for (path, span) in untrusted(value) {
                fed = true;
                let message = format!("`{path}`, which anyone can write, is in the prompt of `{name}`");
                let confidence = if known { Confidence::High } else { Confidence::Medium };
                issue::report_in(
                    text,
                    notes,
                    entry.value,
                    [Issue::new(&PROMPT_INJECTION_IN_CI, span, message).confidence(confidence)],
                );
            }
            for range in templates(value) {
                let inner = value.get(range.clone()).and_then(parse);
                for context in inner.iter().flat_map(|inner| inner.flowing()) {
                    if answers(job, &context.path) {
                        let span = context.span.start.saturating_add(range.start)
                            ..context.span.end.saturating_add(range.start);
                        let message = format!(
                            "`{}`, which a model answered, is in the prompt of `{name}`",
                            context.path
                        );
                        let issue = Issue::new(&PROMPT_INJECTION_IN_CI, span, message)
                            .severity(Severity::Medium)
                            .confidence(Confidence::Medium);
                        issue::report_in(text, notes, entry.value, [issue]);
                    }
                }
            }
            let variable = variables.iter().find(|variable| {
                value.contains(&format!("${variable}")) || value.contains(&format!("env.{variable}"))
            });
            if let Some(variable) = variable {
                fed = true;
                let message =
                    format!("`{variable}` holds what anyone can write and is in the prompt of `{name}`");
                issue::report(
                    text,
                    notes,
                    [Issue::new(&PROMPT_INJECTION_IN_CI, entry.value.span(), message)],
                );
            }
        }
        grants(text, notes, entry.name(), entry.value);
    }
    // The agents of issues and comments read what started them without being told to.
    let reads_event = name.starts_with("anthropics/claude-code")
        || name.starts_with("google-github-actions/run-gemini")
        || name.starts_with("openai/codex-action");
    let gated = step.node.text_of("if").is_some()
        || workflow.jobs.iter().any(|job| {
            job.get("if").is_some_and(|condition| {
                condition.as_str().is_some_and(|text| {
                    text.contains("author_association")
                        || text.contains("github.actor")
                        || text.contains("sender.login")
                })
            })
        });
    let open = workflow.starts_on(&[
        "issues",
        "issue_comment",
        "pull_request_target",
        "discussion",
        "discussion_comment",
    ]);
    let everyone = step
        .with("allowed_non_write_users")
        .or_else(|| step.with("allow-users"))
        .filter(|node| node.as_str() == Some("*"));
    if let Some(everyone) = everyone {
        issue::report(
            text,
            notes,
            [Issue::new(&PROMPT_INJECTION_IN_CI, everyone.span(), "anyone may give this agent orders")],
        );
    } else if reads_event && open && !fed && !gated {
        let message = format!("`{name}` reads the text of the issue or comment that started it");
        issue::report(
            text,
            notes,
            [Issue::new(&PROMPT_INJECTION_IN_CI, node.span(), message)
                .severity(Severity::Medium)
                .confidence(Confidence::Medium)],
        );
    }
}

fn grants(text: &Text<'_>, notes: &mut Notes<'_>, name: &str, value: Node<'_>) {
    let setting = value.as_str().unwrap_or_default();
    let name = name.to_ascii_lowercase().replace('-', "_");
    let tools = name.contains("allowed_tools")
        || name.contains("allowedtools")
        || name == "claude_args"
        || name == "settings";
    let shell = tools
        && setting
            .split([',', ' ', '"', '\n', '\'', '[', ']'])
            .any(|tool| matches!(tool.trim(), "Bash" | "Bash(*)" | "*" | "run_shell_command" | "Bash(*:*)"));
    let free = setting.contains("dangerously-skip-permissions")
        || setting.contains("bypassPermissions")
        || setting.contains("danger-full-access")
        || setting.contains("--yolo")
        || (name == "safety_strategy" && setting == "unsafe")
        || (name == "sandbox" && setting == "danger-full-access")
        || name == "dangerously_skip_permissions" && setting == "true";
    if shell || free {
        issue::report(
            text,
            notes,
            [Issue::new(&RISKY_TOOL_GRANT, value.span(), "the agent may run any command")],
        );
    }
}

/// Agents and models that a script gives a prompt to.
fn command(
    text: &Text<'_>,
    notes: &mut Notes<'_>,
    workflow: &Workflow<'_>,
    step: &Step<'_>,
    variables: &[String],
) {
    let Some(run) = step.run() else { return };
    let value = run.as_str().unwrap_or_default();
    if !ASKING.iter().any(|word| value.contains(word)) {
        return;
    }
    let script = Script::read(value);
    let written = Written::of(&script, workflow.is_public());
    for (index, command) in script.commands.iter().enumerate() {
        let Some(invocation) = Invocation::of(command) else { continue };
        let Some(agent) = inspect::agent(&invocation) else { continue };
        let from = command.pipe_from.and_then(|from| script.commands.get(from));
        let inside = script.within(index);
        let bodies = command.redirects.iter().filter_map(|redirect| redirect.body.clone());
        let mut issues = Vec::new();
        for span in bodies.chain([command.span.clone()]).chain(from.map(|from| from.span.clone())) {
            let part = value.get(span.clone()).unwrap_or_default();
            for (path, inner) in untrusted(part) {
                let at = inner.start.saturating_add(span.start)..inner.end.saturating_add(span.start);
                issues.push(Issue::new(
                    &PROMPT_INJECTION_IN_CI,
                    at,
                    format!("`{path}`, which anyone can write, is in the prompt of {agent}"),
                ));
            }
        }
        let words = command
            .words
            .iter()
            .chain(from.into_iter().flat_map(|from| &from.words))
            .chain(inside.clone().flat_map(|one| &one.words));
        for expansion in words.flat_map(|word| &word.expansions) {
            if let ExpansionKind::Variable(name) = &expansion.kind
                && (variables.contains(name) || written.variables.contains(name))
            {
                let message = format!("`{name}` holds what anyone can write and is in the prompt of {agent}");
                issues.push(Issue::new(&PROMPT_INJECTION_IN_CI, expansion.span.clone(), message));
            }
        }
        let inputs = || inside.clone().chain(from);
        let fetched = inputs()
            .find(|one| Invocation::of(one).is_some_and(|one| fetches(&one)) || written.is_read_by(one));
        let given = fetched.or_else(|| Some(command).filter(|command| written.is_read_by(command)));
        if let Some(given) = given.filter(|_| issues.is_empty()) {
            let message = format!("the text of an issue or pull request is in the prompt of {agent}");
            issues.push(
                Issue::new(&PROMPT_INJECTION_IN_CI, given.span.clone(), message)
                    .confidence(Confidence::Medium),
            );
        }
        issue::report_in(text, notes, run, issues);
    }
}

/// Whether a command prints the text of an issue or a pull request.
fn fetches(invocation: &Invocation<'_>) -> bool {
    invocation.program == "gh"
        && (invocation.does(&["issue", "view"])
            || invocation.does(&["pr", "view"])
            || invocation.does(&["pr", "diff"])
            || invocation.does(&["api"])
                && invocation.arguments.iter().any(|argument| {
                    ["/issues/", "/pulls/", "/comments", "/discussions/"]
                        .iter()
                        .any(|part| argument.text.contains(part))
                }))
}

/// Variables and files of a script that hold what outsiders wrote.
#[derive(Debug, Default)]
struct Written {
    variables: Vec<String>,
    files: Vec<String>,
}

impl Written {
    /// Those of `script`; `public` says whether outsiders start the run, so that the event is theirs.
    fn of(script: &Script, public: bool) -> Self {
        let mut written = Self::default();
        for command in &script.commands {
            let Some(invocation) = Invocation::of(command) else { continue };
            let event = public
                && matches!(invocation.program.as_str(), "jq" | "cat" | "yq")
                && (command.words.iter().any(names_event)
                    || command.redirects.iter().any(|redirect| names_event(&redirect.target)));
            if !event && !fetches(&invocation) && !written.is_read_by(command) {
                continue;
            }
            let outputs = command.redirects.iter().filter(|redirect| redirect.operator.starts_with('>'));
            written.files.extend(outputs.map(|redirect| redirect.target.text.clone()));
            let around = command.inside.and_then(|index| script.commands.get(index));
            for assignment in around.into_iter().flat_map(|around| &around.assignments) {
                if assignment.value.expansions.iter().any(|one| one.kind == ExpansionKind::Commands) {
                    written.variables.push(assignment.name.clone());
                }
            }
        }
        written
    }

    /// Whether the command reads one of the files.
    fn is_read_by(&self, command: &Command) -> bool {
        let known = |name: &str| self.files.iter().any(|file| file == name.trim_start_matches('@'));
        command.words.iter().skip(1).any(|word| known(&word.text))
            || command.redirects.iter().any(|one| one.operator == "<" && known(&one.target.text))
    }
}

/// Whether a word is the file with the event that started the run.
fn names_event(word: &Word) -> bool {
    word.expansions
        .iter()
        .any(|one| matches!(&one.kind, ExpansionKind::Variable(name) if name == "GITHUB_EVENT_PATH"))
}

/// Words without which a script asks no model.
const ASKING: &[&str] = &[
    "claude", "codex", "gemini", "aider", "llm", "opencode", "agent", "goose", "amp", "qwen", "sgpt",
    "ollama", "copilot", "models", "http",
];

/// Actions that run an agent or a model, in lower case.
const AGENTS: &[&str] = &[
    "anthropics/claude-code-action",
    "anthropics/claude-code-base-action",
    "openai/codex-action",
    "google-github-actions/run-gemini-cli",
    "google-gemini/gemini-cli-action",
    "actions/ai-inference",
    "github/copilot",
    "coderabbitai/",
    "codium-ai/pr-agent",
    "qodo-ai/pr-agent",
    "sst/opencode",
    "cursor/",
    "mirrajabi/aider-github-action",
    "block/goose",
    "warpdotdev/",
    "continuedev/",
];

#[cfg(test)]
mod tests {
    use crate::testing::graded;

    #[test]
    fn what_outsiders_wrote_is_followed_through_files_and_variables() {
        let asked = |run: &str| {
            let text = format!(
                "on: issue_comment\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n    - run: |\n        {}\n",
                run.replace('\n', "\n        ")
            );
            graded(".github/workflows/a.yml", &text, "pipeline/prompt-injection-in-ci").len()
        };
        for run in [
            "gh issue view 1 > body.txt\nllm \"$(cat body.txt)\"",
            "gh issue view 1 > body.txt\ncat body.txt | claude -p",
            "gh api repos/a/b/issues/1/comments > c.json\nclaude -p < c.json",
            "BODY=$(jq -r .comment.body \"$GITHUB_EVENT_PATH\")\nclaude -p \"$BODY\"",
        ] {
            assert_eq!(asked(run), 1, "{run}");
        }
        for run in [
            "git log > body.txt\nllm \"$(cat body.txt)\"",
            "gh issue view 1 > body.txt\nllm \"$(cat other.txt)\"",
            "gh issue view 1 > body.txt\nwc body.txt",
            "N=$(jq -r .number x.json)\nclaude -p \"$N\"",
        ] {
            assert_eq!(asked(run), 0, "{run}");
        }
    }
}
