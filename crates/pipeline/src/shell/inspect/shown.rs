//! Secrets printed into a log.

use super::{Setting, Site};
use crate::Issue;
use crate::rules::SECRET_IN_LOG;
use crate::shell::{Command, Expansion, ExpansionKind, Invocation, Script};
use crate::variable::is_secret_name;
use bartizan_core::{Confidence, Severity};
use std::collections::BTreeSet;
use std::ops::Range;

pub(super) fn command(site: &Site<'_>, issues: &mut Vec<Issue>) {
    if site.setting != Setting::Pipeline {
        return;
    }
    if lists_environment(&site.invocation) && !goes_elsewhere(site.script, site.index) {
        let message =
            format!("`{}` prints the whole environment, with every secret in it", site.invocation.program);
        let issue = Issue::new(&SECRET_IN_LOG, site.span(), message).severity(Severity::Low);
        issues.push(issue.confidence(Confidence::Low));
        return;
    }
    if let Some(name) = site.traces.from(site.index) {
        let message =
            format!("from here on every command is written to the log, with the secret `{name}` in it");
        issues.push(Issue::new(&SECRET_IN_LOG, site.span(), message).confidence(Confidence::Medium));
        return;
    }
    let program = site.invocation.program.as_str();
    if !matches!(program, "echo" | "printf" | "write-host" | "write-output")
        || goes_elsewhere(site.script, site.index)
    {
        return;
    }
    // A mask command hides the value, it does not show it.
    if site
        .invocation
        .arguments
        .iter()
        .any(|argument| argument.text.starts_with("::add-mask::") || argument.text.starts_with("##vso"))
    {
        return;
    }
    for expansion in site.invocation.arguments.iter().flat_map(|argument| &argument.word.expansions) {
        if let Some((name, confidence)) = secret(expansion) {
            let message = format!("`{program}` prints the secret `{name}`");
            issues.push(Issue::new(&SECRET_IN_LOG, expansion.span.clone(), message).confidence(confidence));
            return;
        }
    }
}

pub(super) fn secret(expansion: &Expansion) -> Option<(String, Confidence)> {
    match &expansion.kind {
        ExpansionKind::Template(inner) => {
            let inner = inner.trim();
            let name = inner.strip_prefix("secrets.")?;
            // A comparison prints whether, not what.
            let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
            plain.then(|| (inner.to_owned(), Confidence::High))
        }
        ExpansionKind::Variable(name) if is_secret_name(name) => Some((name.clone(), Confidence::Medium)),
        _ => None,
    }
}

/// Where the script `text` writes variables that `is_secret` says are secrets to its log: by `set -x` and a command that names one, or by
/// printing the whole environment, for which any of them will do; with the name of one.
pub(crate) fn logged(text: &str, is_secret: &dyn Fn(&str) -> bool, any: &str) -> Vec<(Range<usize>, String)> {
    let script = Script::read(text);
    let named = |expansion: &Expansion| match &expansion.kind {
        ExpansionKind::Variable(name) => is_secret(name).then(|| name.clone()),
        ExpansionKind::Template(inner) => inner.trim().strip_prefix("secrets.").map(str::to_owned),
        _ => None,
    };
    let mut found = Vec::new();
    let traces = Traces::of(&script, &named);
    for (index, command) in script.commands.iter().enumerate() {
        let Some(invocation) = Invocation::of(command) else { continue };
        if lists_environment(&invocation) && !goes_elsewhere(&script, index) {
            found.push((invocation.span(), any.to_owned()));
        } else if let Some(name) = traces.from(index) {
            found.push((invocation.span(), name.to_owned()));
        }
    }
    found
}

/// Whether a command does nothing but print the environment.
fn lists_environment(invocation: &Invocation<'_>) -> bool {
    let plain = invocation.arguments.is_empty();
    match invocation.program.as_str() {
        "env" | "printenv" => plain,
        "export" | "declare" => {
            matches!(invocation.arguments.as_slice(), [only] if matches!(only.text, "-p" | "-x" | "-xp" | "-px"))
        }
        _ => false,
    }
}

/// Where a script begins and ends to trace, and which secrets its commands name: read once, and asked for each command.
pub(super) struct Traces {
    /// The commands that begin to trace.
    begins: BTreeSet<usize>,
    /// The commands that end it, or name a secret: which.
    events: Vec<(usize, Option<String>)>,
}

impl Traces {
    /// Those of `script`, in which `secret` tells what names one.
    pub(super) fn of(script: &Script, secret: &dyn Fn(&Expansion) -> Option<String>) -> Self {
        let mut traces = Self { begins: BTreeSet::new(), events: Vec::new() };
        let sets = |command: &Command| command.words.iter().any(|word| word.text == "set");
        for (index, command) in script.commands.iter().enumerate() {
            if let Some(invocation) = Some(command).filter(|command| sets(command)).and_then(Invocation::of) {
                if switches(&invocation, '-') {
                    traces.begins.insert(index);
                }
                if switches(&invocation, '+') {
                    traces.events.push((index, None));
                    continue;
                }
            }
            let values = command.assignments.iter().map(|assignment| &assignment.value);
            let mut named = command.words.iter().chain(values).flat_map(|word| &word.expansions);
            if let Some(name) = named.find_map(secret) {
                traces.events.push((index, Some(name)));
            }
        }
        if traces.begins.is_empty() {
            traces.events.clear();
        }
        traces
    }

    /// The first secret that a command names between the one at `index`, when that begins to trace, and the end of the tracing.
    fn from(&self, index: usize) -> Option<&str> {
        self.begins.contains(&index).then_some(())?;
        let later = self.events.partition_point(|(at, _)| *at <= index);
        let (at, name) = self.events.get(later)?;
        (at.saturating_sub(index) <= TRACED).then_some(name.as_deref()).flatten()
    }
}

/// Whether `set` switches tracing, on with `-` and off with `+`.
fn switches(invocation: &Invocation<'_>, sign: char) -> bool {
    invocation.program == "set"
        && (invocation.arguments.iter().any(|argument| {
            let flags = argument.text.strip_prefix(sign).filter(|flags| !flags.starts_with(sign));
            flags.is_some_and(|flags| flags.contains('x'))
        }) || invocation.arguments.windows(2).any(|pair| {
            matches!(pair, [option, name] if option.text.strip_prefix(sign).is_some_and(|rest| rest.ends_with('o')) && name.text == "xtrace")
        }))
}

/// Most commands that are looked at behind one that begins to trace.
const TRACED: usize = 256;

/// Whether the output of the command at `index` goes into a file, another command's input that does not print it, or a variable.
fn goes_elsewhere(script: &Script, index: usize) -> bool {
    let Some(command) = script.commands.get(index) else { return false };
    if command.inside.is_some() {
        return true;
    }
    if command.redirects.iter().any(|redirect| {
        redirect.operator.contains('>')
            && redirect.target.text != "/dev/stderr"
            && redirect.target.text != "2"
            && redirect.target.text != "1"
    }) {
        return true;
    }
    let mut at = index;
    for _ in 0..PIPES {
        let Some(next) = script.reader(at) else { return false };
        let Some(command) = script.commands.get(next) else { return false };
        let prints = Invocation::of(command).is_some_and(|invocation| {
            matches!(
                invocation.program.as_str(),
                "base64"
                    | "rev"
                    | "xxd"
                    | "sed"
                    | "tr"
                    | "cut"
                    | "cat"
                    | "head"
                    | "od"
                    | "hexdump"
                    | "fold"
                    | "awk"
                    | "sort"
                    | "grep"
                    | "tee"
            )
        });
        let kept = command.redirects.iter().any(|redirect| redirect.operator.contains('>'));
        if !prints || kept {
            return true;
        }
        at = next;
    }
    false
}

/// Most pipes followed from one command.
const PIPES: usize = 32;

#[cfg(test)]
mod tests {
    use crate::shell::inspect::{Setting, script};
    use bartizan_core::Severity::{self, Low, Medium};

    fn found(text: &str) -> Vec<Severity> {
        let issues = script(text, Setting::Pipeline).into_iter();
        issues.filter(|issue| issue.rule.id == "pipeline/secret-in-log").map(|issue| issue.severity).collect()
    }

    #[test]
    fn the_folder_of_a_shell_is_no_secret() {
        assert_eq!(found("set -x\ndocker run -v \"$PWD:/src\" img make"), []);
        assert_eq!(found("echo \"in $PWD, from $OLDPWD and $cwd\""), []);
        assert_eq!(found("echo \"$DB_PWD\""), [Medium]);
    }

    #[test]
    fn what_writes_secrets_to_the_log_is_found() {
        assert_eq!(found("set -x\ncurl -H \"Authorization: $API_TOKEN\" https://x.example"), [Medium]);
        assert_eq!(found("set -euxo pipefail\nPASSWORD=${{ secrets.P }} ./run.sh"), [Medium]);
        assert_eq!(found("set -o xtrace\ntwine upload -p $PYPI_TOKEN dist/*"), [Medium]);
        for text in ["env", "printenv | sort", "export -p"] {
            assert_eq!(found(text), [Low], "{text}");
        }
        for text in [
            "set -x\nmake all",
            "set -x\nmake all\nset +x\nlogin $API_TOKEN",
            "set -e\nlogin $API_TOKEN",
            "env > before.txt",
            "env -i make",
            "printenv HOME",
            "env | wc -l",
            "N=$(env)",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
