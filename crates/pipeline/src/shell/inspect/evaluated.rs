//! Text that becomes code: what a script is started with, given to `eval` or another shell, and in pipelines what others write into
//! commits, branches and pull requests, handed on to one.
//!
//! Sources: POSIX.1-2024 XCU, `eval`, `sh`, `xargs`; git, "PRETTY FORMATS"; GitHub CLI manual.

use super::downloads::is_interpreter;
use super::{SHELLS, code_words};
use crate::Issue;
use crate::python::SHELL_COMMAND_FROM_DATA;
use crate::rules::TEMPLATE_INJECTION;
use crate::shell::{Command, ExpansionKind, Invocation, Script, Word};
use bartizan_core::{Confidence, Severity};

/// What `script` evaluates of its own arguments. Those of a function are given by the script itself and are none.
pub(super) fn arguments(script: &Script, issues: &mut Vec<Issue>) {
    let evaluating = script.commands.iter().enumerate().filter_map(|(index, command)| {
        let invocation = Invocation::of(command)?;
        let words = code_words(&invocation);
        (!words.is_empty()).then_some((index, command, invocation, words))
    });
    for (index, command, invocation, words) in evaluating.take(EVALUATED) {
        let given = words.into_iter().find_map(|word| {
            let name = argument_in(script, index, word)?;
            Some((word, name))
        });
        let Some((word, name)) = given else { continue };
        // `eval set -- "$OPTIONS"` is how options are read.
        if script.in_function(command.span.start) || invocation.does(&["set"]) || invocation.program == "ssh"
        {
            continue;
        }
        // A script that does nothing but run what it is given.
        let whole = matches!(word.text.as_str(), "$@" | "$*");
        let severity = if whole { Severity::Low } else { Severity::Medium };
        let message =
            format!("`{}` runs `${name}`, which the script is started with, as code", invocation.program);
        let issue = Issue::new(&SHELL_COMMAND_FROM_DATA, invocation.span(), message).severity(severity);
        issues.push(issue.confidence(Confidence::Medium).remedy(
            "Call the program itself with `\"$1\"` quoted, or choose among commands that the script lists.",
        ));
    }
}

/// The argument of the script that `word` holds, directly or in a variable made of it.
fn argument_in<'s>(script: &'s Script, index: usize, word: &'s Word) -> Option<&'s str> {
    let named = |word: &'s Word| {
        word.expansions.iter().find_map(|expansion| match &expansion.kind {
            ExpansionKind::Variable(name) => Some(name.as_str()),
            _ => None,
        })
    };
    let positional =
        |name: &&str| matches!(*name, "@" | "*") || name.parse::<u8>().is_ok_and(|number| number > 0);
    let all = word.expansions.iter().filter_map(|expansion| match &expansion.kind {
        ExpansionKind::Variable(name) => Some(name.as_str()),
        _ => None,
    });
    let mut all = all.peekable();
    all.peek()?;
    all.find_map(|name| {
        if positional(&name) {
            return Some(name);
        }
        let value = script.assigned(name, index)?;
        named(value).filter(positional).map(|_| name)
    })
}

/// What a pipeline hands of texts that others write to a shell: `git log --format=%B | xargs -I{} sh -c "echo {}"`.
pub(super) fn handed_on(script: &Script, issues: &mut Vec<Issue>) {
    let mut kept: Vec<(&str, &'static str, Severity)> = Vec::new();
    let sources = script.commands.iter().enumerate().filter_map(|(index, command)| {
        Invocation::of(command).and_then(|one| others_write(&one)).map(|found| (index, command, found))
    });
    for (index, command, (what, severity)) in sources.take(MOST) {
        let report = |invocation: &Invocation<'_>, issues: &mut Vec<Issue>| {
            let message = format!("{what} becomes part of what `{}` runs", invocation.program);
            issues.push(Issue::new(&TEMPLATE_INJECTION, invocation.span(), message).severity(severity));
        };
        let mut at = index;
        for _ in 0..PIPES {
            let Some(next) = script.reader(at) else { break };
            let Some(command) = script.commands.get(next) else { break };
            if let Some(sink) = Invocation::of(command).filter(|sink| takes_code(command, sink)) {
                report(&sink, issues);
                break;
            }
            at = next;
        }
        let last = script.commands.get(at).and_then(|one| one.inside).or(command.inside);
        let Some(outer) = last.and_then(|outer| script.commands.get(outer)) else { continue };
        let sink = Invocation::of(outer).filter(|sink| {
            let within =
                |word: &Word| word.span.start <= command.span.start && command.span.end <= word.span.end;
            code_words(sink).into_iter().any(within)
                || is_interpreter(sink)
                    && outer.redirects.iter().any(|one| one.operator == "<<<" && within(&one.target))
        });
        if let Some(sink) = sink {
            report(&sink, issues);
        }
        kept.extend(outer.assignments.iter().map(|one| (one.name.as_str(), what, severity)));
    }
    if kept.is_empty() {
        return;
    }
    for (name, span) in super::evaluated_variables(script).into_iter().chain(super::piped_variables(script)) {
        if let Some((_, what, severity)) = kept.iter().find(|(known, ..)| *known == name) {
            let message = format!("`{name}`, {what}, becomes part of a program");
            issues.push(Issue::new(&TEMPLATE_INJECTION, span, message).severity(*severity));
        }
    }
}

/// Whether the command runs what comes to it through a pipe: a shell that reads it, or `xargs` that fills it into a script.
fn takes_code(command: &Command, invocation: &Invocation<'_>) -> bool {
    if command.words.first().is_none_or(|word| word.text != "xargs") {
        return is_interpreter(invocation);
    }
    if !SHELLS.contains(&invocation.program.as_str()) {
        return false;
    }
    let mut words = command.words.iter().map(|word| word.text.as_str());
    let mark = words.find_map(|word| word.strip_prefix("-I").or_else(|| word.strip_prefix("--replace=")));
    let mark = match mark {
        Some("") => words.next(),
        other => other,
    };
    match code_words(invocation).first() {
        Some(code) => mark.is_some_and(|mark| code.text.contains(mark)),
        // `xargs sh -c`: the first of them is the script.
        None => invocation
            .arguments
            .last()
            .is_some_and(|last| last.text.starts_with('-') && last.text.ends_with('c')),
    }
}

/// What a command prints that others write, and how freely.
fn others_write(invocation: &Invocation<'_>) -> Option<(&'static str, Severity)> {
    let does = |verbs: &[&str]| invocation.does(verbs);
    let holds = |parts: &[&str]| {
        invocation.arguments.iter().any(|argument| parts.iter().any(|part| argument.text.contains(part)))
    };
    match invocation.program.as_str() {
        "git" if does(&["log"]) || does(&["show"]) || does(&["shortlog"]) => {
            let formatted = holds(&["--format", "--pretty"]);
            let told = holds(&[
                "%s", "%B", "%b", "%an", "%ae", "%cn", "%ce", "%D", "%d", "%N", "oneline", "medium", "full",
            ]);
            let listed = holds(&["--name-only", "--name-status"]);
            if listed {
                Some(("the names of files that others change", Severity::Medium))
            } else {
                (!formatted || told).then_some(("what others write into commits", Severity::High))
            }
        }
        "git" if (does(&["diff"]) || does(&["diff-tree"])) && holds(&["--name-only", "--name-status"]) => {
            Some(("the names of files that others change", Severity::Medium))
        }
        "git"
            if does(&["branch"]) && holds(&["--show-current"])
                || does(&["rev-parse"]) && holds(&["--abbrev-ref"])
                || does(&["symbolic-ref"])
                || does(&["name-rev"]) =>
        {
            Some(("the name of a branch", Severity::Medium))
        }
        "gh" | "glab"
            if ["pr", "issue", "mr"].iter().any(|kind| does(&[kind, "view"]) || does(&[kind, "list"])) =>
        {
            holds(&["title", "body", "comments", "headRefName", "description"])
                .then_some(("what others write into pull requests and issues", Severity::High))
        }
        "jq" if holds(&["GITHUB_EVENT_PATH"]) => holds(&["title", "body", "message", "head_ref", ".ref"])
            .then_some(("what others write into the event", Severity::High)),
        _ => None,
    }
}

/// Most commands looked at that take code.
const EVALUATED: usize = 1_000;
/// Most pipes followed from one command.
const PIPES: usize = 8;
/// Most commands followed that print what others write.
const MOST: usize = 64;

#[cfg(test)]
mod tests {
    use crate::shell::inspect::{Setting, script};
    use bartizan_core::Severity::{self, High, Low, Medium};

    fn graded(text: &str, rule: &str) -> Vec<Severity> {
        let issues = script(text, Setting::Pipeline).into_iter();
        issues.filter(|issue| issue.rule.id == rule).map(|issue| issue.severity).collect()
    }

    #[test]
    fn arguments_of_a_script_that_become_code_are_found() {
        let found = |text: &str| graded(text, "pipeline/shell-command-from-data");
        for text in [
            "eval \"$1\"",
            "eval \"train --name $2\"",
            "CMD=$1\neval $CMD",
            "CMD=\"${1:-train}\"\nbash -c \"$CMD\"",
            "bash -c \"run $*\"",
            "python -c \"print('$1')\"",
        ] {
            assert_eq!(found(text), [Medium], "{text}");
        }
        assert_eq!(found("exec sh -c \"$*\""), [Low]);
        for text in [
            "eval \"$(ssh-agent -s)\"",
            "eval set -- \"$1\"",
            "run() { echo \"$@\"; eval \"$1\"; }\nrun make",
            "function run {\n  eval \"$*\"\n}\nrun make",
            "exec \"$@\"",
            "CMD=train\neval \"$CMD\"",
            "bash -c 'echo \"$1\"' _ \"$1\"",
            "eval \"$HOOK\"",
            "sh install.sh \"$1\"",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
        assert_eq!(found("run() { echo; }\neval \"$1\""), [Medium]);
    }

    #[test]
    fn what_others_write_that_is_handed_to_a_shell_is_found() {
        let found = |text: &str| graded(text, "pipeline/template-injection");
        for (text, severity) in [
            ("git log -1 --pretty=%s | xargs -I{} bash -c 'notify {}'", High),
            ("git log -1 --format=%B | xargs -I % sh -c \"echo %\"", High),
            ("git show -s --format=%an | sh", High),
            ("git log -1 | tail -1 | xargs sh -c", High),
            ("eval \"$(git log -1 --format=%b)\"", High),
            ("bash -c \"echo $(git log -1 --format=%s)\"", High),
            ("bash <<< \"$(gh pr view 1 --json body -q .body)\"", High),
            ("MESSAGE=$(git log -1 --format=%s)\neval \"tag $MESSAGE\"", High),
            ("TITLE=$(jq -r .pull_request.title \"$GITHUB_EVENT_PATH\")\nsh -c \"say $TITLE\"", High),
            ("git diff --name-only HEAD~1 | xargs -I{} sh -c 'lint {}'", Medium),
            ("eval \"deploy $(git rev-parse --abbrev-ref HEAD)\"", Medium),
        ] {
            assert_eq!(found(text), [severity], "{text}");
        }
        for text in [
            "git log -1 --format=%H | xargs -I{} sh -c 'echo {}'",
            "git log -1 --format=%B | xargs -I{} echo {}",
            "git log -1 --format=%B | xargs -I{} sh -c 'echo \"$1\"' _ ",
            "git diff --name-only | xargs pylint",
            "MESSAGE=$(git log -1 --format=%s)\necho \"$MESSAGE\"",
            "git log -1 --format=%B > message.txt\nbash build.sh",
            "eval \"$(git config --get acme.command)\"",
            "cat list | xargs -I{} sh -c 'echo {}'",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
