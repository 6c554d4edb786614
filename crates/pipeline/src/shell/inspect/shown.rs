//! Secrets printed into a log.

use super::{Setting, Site};
use crate::Issue;
use crate::rules::SECRET_IN_LOG;
use crate::shell::{Expansion, ExpansionKind, Invocation};
use crate::variable::is_secret_name;
use bartizan_core::Confidence;

pub(super) fn command(site: &Site<'_>, issues: &mut Vec<Issue>) {
    if site.setting != Setting::Pipeline {
        return;
    }
    let program = site.invocation.program.as_str();
    if !matches!(program, "echo" | "printf" | "write-host" | "write-output") || goes_elsewhere(site) {
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

fn secret(expansion: &Expansion) -> Option<(String, Confidence)> {
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

/// Whether the output goes into a file, another command's input that does not print it, or a variable.
fn goes_elsewhere(site: &Site<'_>) -> bool {
    if site.command.inside.is_some() {
        return true;
    }
    if site.command.redirects.iter().any(|redirect| {
        redirect.operator.contains('>')
            && redirect.target.text != "/dev/stderr"
            && redirect.target.text != "2"
            && redirect.target.text != "1"
    }) {
        return true;
    }
    let mut next = site.index;
    for (index, command) in site.script.commands.iter().enumerate().skip(site.index) {
        if command.pipe_from != Some(next) {
            continue;
        }
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
            )
        });
        let kept = command.redirects.iter().any(|redirect| redirect.operator.contains('>'));
        if !prints || kept {
            return true;
        }
        next = index;
    }
    false
}
