//! What a language model answers, kept in a file or a variable, and run by a later command.

use super::downloads::{is_interpreter, runs_file};
use crate::Issue;
use crate::shell::{Command, ExpansionKind, Invocation, Script};
use std::collections::BTreeMap;

/// Adds what `script` runs of answers that earlier commands kept. Linear in the script for the few agents it starts.
pub(super) fn run(script: &Script, issues: &mut Vec<Issue>) {
    let asked: Vec<(usize, &'static str)> = script
        .commands
        .iter()
        .enumerate()
        .filter_map(|(index, command)| Some((index, super::agent(&Invocation::of(command)?)?)))
        .take(MOST)
        .collect();
    if asked.is_empty() {
        return;
    }
    let mut files: BTreeMap<String, &'static str> = BTreeMap::new();
    let mut variables: BTreeMap<String, &'static str> = BTreeMap::new();
    for (index, agent) in asked {
        let (last, end) = passed_on(script, index);
        for redirect in last
            .redirects
            .iter()
            .filter(|redirect| matches!(redirect.operator.as_str(), ">" | ">>" | ">|" | "&>"))
        {
            keep_file(&redirect.target.text, agent, &mut files);
        }
        for tee in Invocation::of(last).into_iter().filter(|one| one.program == "tee") {
            for file in tee.operands(&[]) {
                keep_file(file.text, agent, &mut files);
            }
        }
        let outer = last.inside.or(script.commands.get(index).and_then(|command| command.inside));
        if let Some(outer) = outer.and_then(|outer| script.commands.get(outer)).filter(|_| end > 0) {
            // `answer=$(llm …)`, by itself or behind `export` and its like.
            for assignment in &outer.assignments {
                variables.insert(assignment.name.clone(), agent);
            }
            for word in &outer.words {
                if let Some((name, _)) = word.text.split_once('=').filter(|_| declares(outer)) {
                    variables.insert(name.to_owned(), agent);
                }
            }
        }
    }
    let mut report = |span, agent: &str, how: &str| {
        let message = format!("what {agent} answers is kept and then run by `{how}` unseen");
        let issue = Issue::new(&crate::python::MODEL_OUTPUT_EXECUTED, span, message);
        issues.push(issue.severity(bartizan_core::Severity::Critical));
    };
    for command in script.commands.iter().filter(|_| !files.is_empty()) {
        let Some(invocation) = Invocation::of(command) else { continue };
        let file = files.iter().find(|(file, _)| runs_file(&invocation, file));
        if let Some((_, agent)) = file.filter(|_| invocation.program != "chmod") {
            report(invocation.span(), agent, &invocation.program);
        }
    }
    if variables.is_empty() {
        return;
    }
    for (name, span) in super::evaluated_variables(script) {
        if let Some(agent) = variables.get(&name) {
            report(span, agent, "the shell");
        }
    }
    // `echo "$answer" | bash`
    for command in &script.commands {
        let Some(interpreter) = Invocation::of(command).filter(is_interpreter) else { continue };
        let Some(from) = command.pipe_from.and_then(|from| script.commands.get(from)) else { continue };
        let prints =
            Invocation::of(from).is_some_and(|one| matches!(one.program.as_str(), "echo" | "printf" | "cat"));
        let held =
            from.words.iter().flat_map(|word| &word.expansions).find_map(|expansion| match &expansion.kind {
                ExpansionKind::Variable(name) => variables.get(name),
                _ => None,
            });
        if let Some(agent) = held.filter(|_| prints) {
            report(interpreter.span(), agent, &interpreter.program);
        }
    }
}

/// The command at the end of the pipe that begins with the one at `index`, as far as texts are only cut and printed; and 1 when nothing
/// but such commands stands between, else 0.
fn passed_on(script: &Script, index: usize) -> (&Command, usize) {
    let mut at = index;
    for _ in 0..16 {
        let next = script.commands.iter().position(|command| command.pipe_from == Some(at));
        let Some(next) = next else { break };
        let prints = script.commands.get(next).and_then(Invocation::of).is_some_and(|one| {
            matches!(
                one.program.as_str(),
                "tee"
                    | "sed"
                    | "awk"
                    | "grep"
                    | "head"
                    | "tail"
                    | "tr"
                    | "cut"
                    | "cat"
                    | "jq"
                    | "sort"
                    | "uniq"
            )
        });
        if !prints {
            return (script.commands.get(at).unwrap_or(&EMPTY), 0);
        }
        at = next;
    }
    (script.commands.get(at).unwrap_or(&EMPTY), 1)
}

/// Stands where a script has no such command.
static EMPTY: Command = Command {
    assignments: Vec::new(),
    words: Vec::new(),
    redirects: Vec::new(),
    pipe_from: None,
    inside: None,
    span: 0..0,
};

fn keep_file(name: &str, agent: &'static str, files: &mut BTreeMap<String, &'static str>) {
    let file = name.rsplit('/').next().unwrap_or(name);
    if !file.is_empty() && !name.starts_with("/dev/") && !file.contains('$') {
        files.insert(file.to_owned(), agent);
    }
}

fn declares(command: &Command) -> bool {
    command.words.first().is_some_and(|word| {
        matches!(word.text.as_str(), "export" | "local" | "declare" | "readonly" | "typeset")
    })
}

/// Most commands followed that ask a model.
const MOST: usize = 64;

#[cfg(test)]
mod tests {
    use crate::shell::inspect::{Setting, script};

    fn found(text: &str) -> Vec<bartizan_core::Severity> {
        let issues = script(text, Setting::Pipeline).into_iter();
        issues
            .filter(|issue| issue.rule.id == "pipeline/model-output-executed")
            .map(|issue| issue.severity)
            .collect()
    }

    #[test]
    fn answers_that_are_kept_and_run_are_found() {
        for text in [
            "llm 'write a script' > plan.sh\nbash plan.sh",
            "npx @google/gemini-cli -p \"$T\" | sed 's/```//' > out/plan.sh\nsh ./out/plan.sh",
            "ANSWER=$(llm \"$Q\")\neval \"$ANSWER\"",
            "OUT=$(claude -p \"$T\")\nbash -c \"$OUT\"",
            "OUT=$(claude -p \"$T\" | tail -n 1)\necho \"$OUT\" | bash",
            "llm x | tee fix.py\npython fix.py",
            "export A=$(llm x)\neval $A",
        ] {
            assert_eq!(found(text), [bartizan_core::Severity::Critical], "{text}");
        }
    }

    #[test]
    fn answers_that_are_read_by_people_are_none() {
        for text in [
            "llm 'summarise' > summary.md\ncat summary.md",
            "llm 'summarise' > notes.txt\nbash build.sh",
            "ANSWER=$(llm x)\necho \"$ANSWER\"",
            "ANSWER=$(llm x)\ngh pr comment -b \"$ANSWER\"",
            "A=$(llm x)\nB=$(cat cmd)\neval \"$B\"",
            "llm x | wc -l > n.sh\nbash n.sh",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
