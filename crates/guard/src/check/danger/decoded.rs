//! Shells that run what comes out of a decoder.

use super::line::{MOST, any};
use super::shell::{SHELLS, is_wrapper, program};
use bartizan_pipeline::shell::{Command, Expansion, ExpansionKind, Redirect, Script, Word};
use std::ops::Range;

/// What turns an encoded text into another.
const DECODERS: [&str; 9] =
    ["base64", "base32", "basenc", "xxd", "openssl", "uudecode", "gunzip", "zcat", "rev"];
/// Marks of decoding among the arguments of those that also encode.
const DECODING: [&str; 8] = ["-d", "-D", "--decode", "-r", "-di", "-id", "-dc", "-rp"];

/// Whether a command turns an encoded text into another.
fn decodes(command: &Command) -> bool {
    let mut words = command.words.iter().map(|word| word.text.as_str());
    let Some(name) = words.find(|word| !is_wrapper(&program(word))).map(program) else { return false };
    let always = matches!(name.as_str(), "gunzip" | "zcat" | "rev" | "uudecode");
    DECODERS.contains(&name.as_str()) && (always || words.any(|word| DECODING.contains(&word)))
}

/// Where a shell takes its code from.
pub(super) enum Code<'w> {
    /// Words of its own.
    Words(&'w [Word]),
    /// A file, which another command may feed.
    File(&'w Word),
    /// What it is fed.
    Input,
}

/// Where the shell of this name takes its code from, by its arguments.
pub(super) fn code_of<'w>(name: &str, arguments: &'w [Word]) -> Option<Code<'w>> {
    match name {
        "eval" => return Some(Code::Words(arguments)),
        "source" | "." => return arguments.first().map(Code::File),
        _ if !SHELLS.contains(&name) => return None,
        _ => {}
    }
    let (mut at, mut has_code) = (0_usize, false);
    while let Some(word) = arguments.get(at) {
        let text = word.text.as_str();
        let is_cluster = text.len() > 1 && text.starts_with('-') && !text.starts_with("--");
        if text == "--" || text == "-" || !text.starts_with(['-', '+']) {
            break;
        }
        has_code |=
            text.eq_ignore_ascii_case("-command") || is_cluster && text.len() < 8 && text.contains('c');
        if is_cluster && !has_code && text.contains('s') {
            return Some(Code::Input);
        }
        let is_valued = matches!(text, "-o" | "+o" | "-O" | "+O" | "--rcfile" | "--init-file")
            || is_cluster && !has_code && text.ends_with('o');
        at = at.saturating_add(if is_valued { 2 } else { 1 });
    }
    if arguments.get(at).is_some_and(|word| matches!(word.text.as_str(), "--" | "-")) {
        at = at.saturating_add(1);
    }
    let rest = arguments.get(at..).unwrap_or_default();
    Some(match rest.first() {
        _ if has_code => Code::Words(rest.get(..1).unwrap_or_default()),
        Some(file) if !is_input(&file.text) => Code::File(file),
        _ => Code::Input,
    })
}

/// Whether a file is what a command is fed.
pub(super) fn is_input(path: &str) -> bool {
    matches!(path, "-" | "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0")
}

/// Whether code of a shell runs what the shell is fed.
pub(super) fn takes_up_input(code: &str) -> bool {
    let runs = |word: &str| SHELLS.contains(&word) || matches!(word, "eval" | "source" | "xargs" | "exec");
    any(code, &["$(cat", "`cat", "$(<", "/dev/stdin", "/dev/fd/0", "{}", "python", "perl", ". /"])
        || code.split(|one: char| !one.is_ascii_alphanumeric()).any(runs)
}

/// Whether the code that a command runs comes out of a decoder.
pub(super) fn decodes_into(script: &Script, command: &Command) -> bool {
    let Some(at) = command.words.iter().position(|word| !is_wrapper(&program(&word.text))) else {
        return false;
    };
    let (wrappers, rest) = command.words.split_at(at);
    let Some((name, arguments)) = rest.split_first() else { return false };
    let Some(code) = code_of(&program(&name.text), arguments) else { return false };
    let decoded_in = |span: &Range<usize>| {
        let inside = |one: &&Command| span.start <= one.span.start && one.span.end <= span.end;
        script.commands.iter().filter(inside).any(decodes)
    };
    let filled_in = |word: &Word| word.expansions.iter().any(|one| decoded_in(&one.span));
    let is_fed = match code {
        Code::Words(words) => {
            if words.iter().any(filled_in) {
                return true;
            }
            words.is_empty() || words.iter().any(|word| takes_up_input(&word.text))
        }
        Code::File(file) => {
            let is_fed = |one: &&Expansion| one.kind == ExpansionKind::Process;
            return file.expansions.iter().filter(is_fed).any(|one| decoded_in(&one.span))
                || is_input(&file.text) && is_fed_decoded(script, command);
        }
        // What `xargs` is fed are names of files.
        Code::Input => !wrappers.iter().any(|word| program(&word.text) == "xargs"),
    };
    let reads = |redirect: &Redirect| {
        matches!(redirect.operator.as_str(), "<" | "<<<") && filled_in(&redirect.target)
    };
    is_fed && (is_fed_decoded(script, command) || command.redirects.iter().any(reads))
}

/// Whether what a command reads comes out of a decoder.
fn is_fed_decoded(script: &Script, command: &Command) -> bool {
    let mut at = command.pipe_from;
    for _ in 0..MOST {
        let Some(source) = at.and_then(|at| script.commands.get(at)) else { break };
        if decodes(source) {
            return true;
        }
        at = source.pipe_from;
    }
    false
}
