//! Programs that stand in a step, Python or JavaScript in a here-document, behind `-c` or as the whole step, and give a model what
//! anyone can write.
//!
//! What such a program does with a text is not followed: one that reads it from the environment and calls a model is taken to hand it on.

use super::triggers::untrusted_variables;
use super::workflow::{Step, Workflow};
use crate::marks::Marks;
use crate::rules::PROMPT_INJECTION_IN_CI;
use crate::shell::{Invocation, Script};
use crate::yaml::Node;
use crate::{Issue, Notes, Text, issue};
use bartizan_core::Confidence;
use std::ops::Range;
use std::sync::LazyLock;

pub(super) fn check(text: &Text<'_>, notes: &mut Notes<'_>, workflow: &Workflow<'_>) {
    for (job, step) in workflow.steps() {
        let node =
            step.run().or_else(|| step.with("script").filter(|_| step.uses_any(&["actions/github-script"])));
        let Some(run) = node.filter(|run| run.as_str().is_some_and(calls_model)) else { continue };
        let variables = untrusted_variables(step, &[job.get("env"), workflow.root.get("env")]);
        let value = run.as_str().unwrap_or_default();
        let mut issues: Vec<Issue> = Vec::new();
        for span in parts(step, value) {
            let part = value.get(span.clone()).unwrap_or_default();
            if !calls_model(part) {
                continue;
            }
            let read = variables.iter().filter_map(|name| Some((name.as_str(), reads(part, name)?)));
            issues.extend(read.map(|(name, at)| {
                let at = at.start.saturating_add(span.start)..at.end.saturating_add(span.start);
                let message = format!(
                    "`{name}` holds what anyone can write, and the program that reads it asks a model"
                );
                Issue::new(&PROMPT_INJECTION_IN_CI, at, message).confidence(Confidence::Medium)
            }));
            for (path, at) in super::agents::untrusted(part) {
                let at = at.start.saturating_add(span.start)..at.end.saturating_add(span.start);
                let message =
                    format!("`{path}`, which anyone can write, stands in a program that asks a model");
                issues.push(Issue::new(&PROMPT_INJECTION_IN_CI, at, message).confidence(Confidence::Medium));
            }
            if issues.is_empty()
                && let Some(at) =
                    reads(part, "GITHUB_EVENT_PATH").filter(|_| takes_words(part) && is_open(workflow))
            {
                let at = at.start.saturating_add(span.start)..at.end.saturating_add(span.start);
                let message = "the text of what started the workflow is read by a program that asks a model";
                issues.push(Issue::new(&PROMPT_INJECTION_IN_CI, at, message).confidence(Confidence::Medium));
            }
        }
        issue::report_in(text, notes, run, issues);
    }
}

/// The programs in a step: all of it where another interpreter than a shell reads it, else what interpreters are given.
fn parts(step: &Step<'_>, value: &str) -> Vec<Range<usize>> {
    let shell = step.node.get("shell").and_then(Node::as_str).unwrap_or_default();
    if step.run().is_none() || shell.starts_with("python") || shell.starts_with("node") {
        return std::iter::once(0..value.len()).collect();
    }
    let script = Script::read(value);
    let mut parts = Vec::new();
    for command in &script.commands {
        let Some(invocation) = Invocation::of(command) else { continue };
        let program = invocation.program.as_str();
        let interprets =
            program.starts_with("python") || matches!(program, "node" | "bun" | "deno" | "tsx" | "ipython");
        if !interprets {
            continue;
        }
        parts.extend(command.redirects.iter().filter_map(|redirect| redirect.body.clone()));
        let given =
            invocation.arguments.iter().skip_while(|one| !matches!(one.text, "-c" | "-e" | "--eval")).nth(1);
        parts.extend(given.map(|one| one.word.span.clone()));
    }
    parts
}

/// Where a program reads the variable `name` from its environment.
fn reads(program: &str, name: &str) -> Option<Range<usize>> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    program.match_indices(name).find_map(|(at, found)| {
        let (before, after) = (program.get(..at)?, program.get(at.saturating_add(found.len())..)?);
        let near = before.get(before.ceil_char_boundary(before.len().saturating_sub(NEAR))..)?;
        let is_read = ["environ", "getenv", "process.env", "Deno.env"].iter().any(|how| near.contains(how));
        let apart = !before.ends_with(word) && !after.starts_with(word);
        (is_read && apart).then(|| at..at.saturating_add(found.len()))
    })
}

/// Whether a program calls a model.
fn calls_model(program: &str) -> bool {
    static MARKS: LazyLock<Marks> = LazyLock::new(|| Marks::new(CALLS.iter().copied()));
    MARKS.any_in(program)
}

/// Whether a program takes texts out of an event.
fn takes_words(program: &str) -> bool {
    ["body", "title", "comment"]
        .iter()
        .any(|member| ["\"", "'", "."].iter().any(|mark| program.contains(&format!("{mark}{member}"))))
}

/// Whether strangers start the workflow.
fn is_open(workflow: &Workflow<'_>) -> bool {
    workflow.starts_on(&[
        "issues",
        "issue_comment",
        "pull_request_target",
        "discussion",
        "discussion_comment",
    ])
}

/// Bytes before a name in which what reads it stands.
const NEAR: usize = 16;

/// How models are called by the libraries of their makers, in Python and JavaScript.
const CALLS: &[&str] = &[
    "chat.completions.create",
    "responses.create",
    "messages.create",
    "messages.stream",
    "ChatCompletion.create",
    "completions.create",
    "generate_content",
    "generateContent",
    "litellm.completion",
    "litellm.acompletion",
    "ollama.chat",
    "ollama.generate",
    "client.chat(",
    "InferenceClient",
    "text_generation(",
    "ChatOpenAI",
    "ChatAnthropic",
    "init_chat_model",
    "generateText(",
    "streamText(",
    "converse(",
    "invoke_model(",
    "/v1/chat/completions",
    "/v1/messages",
    "models.github.ai",
];

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    fn found(on: &str, run: &str) -> usize {
        let text = format!(
            "on: {on}\npermissions: {{}}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n    - env:\n        BODY: ${{{{ github.event.issue.body }}}}\n        LABEL: ${{{{ github.event.issue.number }}}}\n      run: |\n{run}"
        );
        let found = lines(".github/workflows/a.yml", &text);
        found.iter().filter(|(_, rule)| *rule == "prompt-injection-in-ci").count()
    }

    #[test]
    fn a_program_that_gives_a_model_what_strangers_wrote_is_found() {
        for run in [
            "        python - <<'PY'\n        import os\n        body = os.environ[\"BODY\"]\n        OpenAI().chat.completions.create(messages=[body])\n        PY\n",
            "        python3 -c 'import os; c.messages.create(messages=[os.getenv(\"BODY\")])'\n",
            "        node <<EOF\n        await generateText({prompt: process.env.BODY})\n        EOF\n",
            "        python - <<PY\n        event = json.load(open(os.environ['GITHUB_EVENT_PATH']))\n        c.responses.create(input=event['issue']['body'])\n        PY\n",
        ] {
            assert_eq!(found("issues", run), 1, "{run}");
        }
    }

    #[test]
    fn programs_that_ask_nobody_or_read_nothing_of_strangers_are_silent() {
        for run in [
            "        python - <<'PY'\n        print(os.environ[\"BODY\"])\n        PY\n",
            "        python - <<'PY'\n        c.responses.create(input=os.environ[\"LABEL\"])\n        PY\n",
            "        cat <<'PY'\n        c.responses.create(input=os.environ[\"BODY\"])\n        PY\n",
            "        python - <<'PY'\n        c.responses.create(input=BODY_OF_RELEASE)\n        PY\n",
        ] {
            assert_eq!(found("issues", run), 0, "{run}");
        }
        let event = "        python - <<PY\n        event = json.load(open(os.environ['GITHUB_EVENT_PATH']))\n        c.responses.create(input=event['issue']['body'])\n        PY\n";
        assert_eq!(found("push", event), 0);
    }
}
