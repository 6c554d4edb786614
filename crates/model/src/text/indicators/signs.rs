//! Whether a text holds anything that the other rooms here look for: one pass that lets most texts go.

use super::{address, patterns};
use bartizan_text::trie::Trie;
use std::sync::LazyLock;

/// Whether `text` holds a sign: the text of a pattern, an address or path, a terminal escape or
/// a tag character.
pub(super) fn any(text: &str) -> bool {
    SIGNS.is_in(text.as_bytes())
}

static SIGNS: LazyLock<Trie> = LazyLock::new(|| {
    let escapes: [&[u8]; 5] = [b"\x1b", b"\xc2\x9b", b"\xc2\x9d", b"\xf3\xa0\x80", b"\xf3\xa0\x81"];
    let texts = patterns::texts().chain(address::signs());
    let signs: Vec<&[u8]> = texts.map(str::as_bytes).chain(escapes).collect();
    Trie::ignoring_case(&signs)
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
