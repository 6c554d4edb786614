//! What hostile strings become before they are shown.

use crate::{Location, printable};
use std::fmt::Write as _;

/// One line of text that steers no terminal and no build server, whole up to a generous bound.
pub(crate) fn line(text: &str) -> String {
    inert(&printable(text, LINE_CHARS))
}

/// `text` without what GitHub's runner obeys when it meets it in the output of a step: `##[command]` anywhere in a line, and
/// `::command` after nothing but blanks. Every word may become the first of a wrapped line.
///
/// Source: actions/runner, `ActionCommand.cs`.
pub(crate) fn inert(text: &str) -> String {
    if !text.contains("##[") && !text.contains("::") {
        return text.to_owned();
    }
    let text = text.replace("##[", "##\\[");
    let mut tamed = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        if word.starts_with("::") {
            tamed.push('\\');
        }
        tamed.push_str(word);
    }
    tamed
}

/// The place of a finding as `path!/member:line:column` or `path!/member @ 0x1f`, with the pointer behind.
pub(crate) fn place(subject: &str, location: &Location) -> String {
    let mut shown = line(subject);
    if let Some(member) = &location.member {
        shown.push_str("!/");
        shown.push_str(&line(member));
    }
    // Writing to a String cannot fail.
    let _ = match (location.line, location.offset) {
        (Some(at), _) => write!(shown, ":{at}:{}", location.column.unwrap_or(1)),
        (None, Some(offset)) => write!(shown, " @ {offset:#x}"),
        (None, None) => Ok(()),
    };
    if let Some(pointer) = location.pointer.as_deref().filter(|pointer| !pointer.is_empty()) {
        let _ = write!(shown, " ({})", line(pointer));
    }
    shown
}

/// Longest text shown on one line, in characters; messages are sentences, evidence is bounded already.
const LINE_CHARS: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_command_to_a_build_server() {
        assert_eq!(line("::set-output name=x::y.pkl"), "\\::set-output name=x::y.pkl");
        assert_eq!(line("a ##[add-mask]x ::stop"), "a ##\\[add-mask]x \\::stop");
        assert_eq!(line("std::vector"), "std::vector");
    }

    #[test]
    fn a_place_names_member_line_or_offset_and_pointer() {
        let member = Some("a\u{1b}.pkl".to_owned());
        let at = Location { member, offset: Some(31), ..Location::default() };
        assert_eq!(place("m.pt", &at), "m.pt!/a\\u{1b}.pkl @ 0x1f");
        let at = Location { line: Some(3), pointer: Some("/x".into()), ..Location::default() };
        assert_eq!(place("m.json", &at), "m.json:3:1 (/x)");
    }
}
