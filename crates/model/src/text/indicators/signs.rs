//! Whether a text holds anything that the other rooms here look for: one pass that lets most texts go.

use super::{address, patterns};
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use std::sync::LazyLock;

/// Whether `text` holds a sign: the text of a pattern, an address or path, a terminal escape or
/// a tag character.
pub(super) fn any(text: &str) -> bool {
    SIGNS.as_ref().is_none_or(|signs| signs.is_match(text))
}

static SIGNS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let escapes: [&[u8]; 4] = [b"\x1b[", b"\x1b]", b"\xf3\xa0\x80", b"\xf3\xa0\x81"];
    let texts = patterns::texts().chain(address::signs());
    let signs = texts.map(str::as_bytes).chain(escapes);
    // A table of all steps: some hundred kilobytes, and one look a byte.
    AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(signs).ok()
});

#[cfg(test)]
mod tests {
    use super::any;

    #[test]
    fn a_sign_of_every_room_is_seen_and_prose_has_none() {
        for text in ["x OS.SYSTEM(", "see https://a.b", "~/.ssh/id_rsa", "a\u{1b}[2J", "\u{e0041}", "../../a"]
        {
            assert!(any(text), "{text}");
        }
        assert!(!any("The quick brown fox jumps over the lazy dog, and then some."));
    }
}
