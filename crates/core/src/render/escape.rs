//! What hostile strings become before they are shown.

use crate::{Location, printable};
use std::fmt::Write as _;

/// One line of text that steers no terminal, whole up to a generous bound.
pub(crate) fn line(text: &str) -> String {
    printable(text, LINE_CHARS)
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
    fn a_place_names_member_line_or_offset_and_pointer() {
        let member = Some("a\u{1b}.pkl".to_owned());
        let at = Location { member, offset: Some(31), ..Location::default() };
        assert_eq!(place("m.pt", &at), "m.pt!/a\\u{1b}.pkl @ 0x1f");
        let at = Location { line: Some(3), pointer: Some("/x".into()), ..Location::default() };
        assert_eq!(place("m.json", &at), "m.json:3:1 (/x)");
    }
}
