//! What a language model answers, kept in a file or a variable, and run by a later command.

use super::downloads::{is_interpreter, runs_file};
use crate::Issue;
use crate::shell::{Command, ExpansionKind, Invocation, Script, Word};
use std::collections::BTreeMap;
use std::ops::Range;

/// What of a model's answers a script kept: the files and variables that hold one, each with who answered.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    files: BTreeMap<String, &'static str>,
    variables: BTreeMap<String, &'static str>,
}

impl Kept {
    /// What the script `text` keeps in files, command after command: also what it prints of an answer that it kept before. Linear in the script
    /// for the few commands that ask or print.
    pub(crate) fn of(text: &str) -> Self {
        let mut kept = Self::default();
        // Without either nothing is kept in a file.
        if text.contains('>') || text.contains("tee") {
            kept.follow(text, &Script::read(text));
        }
        kept
    }

    /// Takes the files that an earlier script kept. Its variables ended with it.
    pub(crate) fn take_files(&mut self, earlier: Self) {
        self.files.extend(earlier.files);
    }

    /// What the script `text` runs of the files.
    pub(crate) fn runs(&self, text: &str) -> Vec<Issue> {
        let mut issues = Vec::new();
        if !self.files.is_empty() {
            self.run_files(&Script::read(text), &mut issues);
        }
        issues
    }

    fn follow(&mut self, text: &str, script: &Script) {
        let mut left = MOST;
        let asks = |command| Invocation::of(command).and_then(|invocation| super::agent(&invocation));
        if !script.commands.iter().any(|command| asks(command).is_some()) {
            return;
        }
        for (index, command) in script.commands.iter().enumerate() {
            if left == 0 {
                return;
            }
            let said = asks(command).or_else(|| self.printed(text, command));
            if let Some(agent) = said {
                left = left.saturating_sub(1);
                self.keep(script, index, agent);
            }
            for assignment in &command.assignments {
                if let Some(agent) = self.held(&assignment.value) {
                    self.variables.insert(assignment.name.clone(), agent);
                }
            }
        }
    }

    /// Whose answer a word holds, if a variable in it holds one.
    fn held(&self, word: &Word) -> Option<&'static str> {
        word.expansions.iter().find_map(|expansion| match &expansion.kind {
            ExpansionKind::Variable(name) => self.variables.get(name).copied(),
            _ => None,
        })
    }

    /// Whose answer the command prints: as a word, a here-string, or in a here-document.
    fn printed(&self, text: &str, command: &Command) -> Option<&'static str> {
        if self.variables.is_empty() {
            return None;
        }
        let invocation = Invocation::of(command)?;
        let says = matches!(invocation.program.as_str(), "echo" | "printf" | "print");
        let word = command.words.iter().skip(1).filter(|_| says).find_map(|word| self.held(word));
        let given = command.redirects.iter().filter(|_| says || prints(&invocation.program));
        word.or_else(|| {
            given.filter(|redirect| redirect.operator.starts_with("<<")).find_map(|redirect| {
                let body = redirect.body.clone().filter(|_| !redirect.target.quoted);
                let body = body.and_then(|body| text.get(body)).unwrap_or_default();
                let in_body = self.variables.iter().find(|(name, _)| {
                    body.contains(&format!("${name}")) || body.contains(&format!("${{{name}"))
                });
                self.held(&redirect.target).or(in_body.map(|(_, agent)| *agent))
            })
        })
    }

    /// Notes where what the command at `index` prints is kept.
    fn keep(&mut self, script: &Script, index: usize, agent: &'static str) {
        let (last, end) = passed_on(script, index);
        for redirect in last
            .redirects
            .iter()
            .filter(|redirect| matches!(redirect.operator.as_str(), ">" | ">>" | ">|" | "&>"))
        {
            keep_file(&redirect.target.text, agent, &mut self.files);
        }
        for tee in Invocation::of(last).into_iter().filter(|one| one.program == "tee") {
            for file in tee.operands(&[]) {
                keep_file(file.text, agent, &mut self.files);
            }
        }
        let outer = last.inside.or(script.commands.get(index).and_then(|command| command.inside));
        if let Some(outer) = outer.and_then(|outer| script.commands.get(outer)).filter(|_| end > 0) {
            // `answer=$(llm …)`, by itself or behind `export` and its like.
            for assignment in &outer.assignments {
                self.variables.insert(assignment.name.clone(), agent);
            }
            for word in &outer.words {
                if let Some((name, _)) = word.text.split_once('=').filter(|_| declares(outer)) {
                    self.variables.insert(name.to_owned(), agent);
                }
            }
        }
    }

    fn run_files(&self, script: &Script, issues: &mut Vec<Issue>) {
        for command in script.commands.iter().filter(|_| !self.files.is_empty()) {
            let Some(invocation) = Invocation::of(command) else { continue };
            let file = self.files.iter().find(|(file, _)| runs_file(&invocation, file));
            if let Some((_, agent)) = file.filter(|_| invocation.program != "chmod") {
                issues.push(run_unseen(invocation.span(), agent, &invocation.program));
            }
        }
    }
}

/// Adds what `script`, whose text is `text`, runs of answers that earlier commands kept.
pub(super) fn run(text: &str, script: &Script, issues: &mut Vec<Issue>) {
    let mut kept = Kept::default();
    kept.follow(text, script);
    kept.run_files(script, issues);
    if kept.variables.is_empty() {
        return;
    }
    for (name, span) in super::evaluated_variables(script) {
        if let Some(agent) = kept.variables.get(&name) {
            issues.push(run_unseen(span, agent, "the shell"));
        }
    }
    // `echo "$answer" | bash`
    for command in &script.commands {
        let Some(interpreter) = Invocation::of(command).filter(is_interpreter) else { continue };
        let Some(from) = command.pipe_from.and_then(|from| script.commands.get(from)) else { continue };
        let prints =
            Invocation::of(from).is_some_and(|one| matches!(one.program.as_str(), "echo" | "printf" | "cat"));
        if let Some(agent) = from.words.iter().find_map(|word| kept.held(word)).filter(|_| prints) {
            issues.push(run_unseen(interpreter.span(), agent, &interpreter.program));
        }
    }
}

fn run_unseen(span: Range<usize>, agent: &str, how: &str) -> Issue {
    let message = format!("what {agent} answers is kept and then run by `{how}` unseen");
    Issue::new(&crate::python::MODEL_OUTPUT_EXECUTED, span, message)
        .severity(bartizan_core::Severity::Critical)
}

/// The command at the end of the pipe that begins with the one at `index`, as far as texts are only cut and printed; and 1 when nothing
/// but such commands stands between, else 0.
fn passed_on(script: &Script, index: usize) -> (&Command, usize) {
    let mut at = index;
    for _ in 0..16 {
        let Some(next) = script.reader(at) else { break };
        if !script.commands.get(next).and_then(Invocation::of).is_some_and(|one| prints(&one.program)) {
            return (script.commands.get(at).unwrap_or(&EMPTY), 0);
        }
        at = next;
    }
    (script.commands.get(at).unwrap_or(&EMPTY), 1)
}

/// Whether a program prints what it is given, cut or changed a little.
fn prints(program: &str) -> bool {
    matches!(
        program,
        "tee" | "sed" | "awk" | "grep" | "head" | "tail" | "tr" | "cut" | "cat" | "jq" | "sort" | "uniq"
    )
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
            "ANS=$(claude -p \"$Q\")\necho \"$ANS\" > run.sh\nbash run.sh",
            "ANS=$(claude -p \"$Q\")\nprintf '%s' \"$ANS\" | sed 's/`//g' | tee out/run.sh\nchmod +x out/run.sh\n./out/run.sh",
            "ANS=$(llm x)\nCODE=$(echo \"$ANS\" | tail -n 3)\neval \"$CODE\"",
            "ANS=$(llm x)\nB=\"$ANS\"\nbash -c \"$B\"",
            "ANS=$(llm x)\ncat > run.sh <<EOF\nset -e\n$ANS\nEOF\nbash run.sh",
            "ANS=$(llm x)\nsed 's/x//' <<< \"$ANS\" > run.sh\nbash run.sh",
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
            "ANS=$(llm x)\necho \"$ANS\" > notes.md\nbash run.sh",
            "ANS=$(llm x)\ncat > run.sh <<'EOF'\necho $ANS\nEOF\nbash run.sh",
            "ANS=$(llm x)\necho \"$OTHER\" > run.sh\nbash run.sh",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
