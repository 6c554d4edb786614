//! Whether a text holds anything that the other rooms here look for: one pass that lets most texts go.

use super::{SHORT_BYTES, address, patterns};
use bartizan_text::trie::{Occurrence, Trie};
use std::sync::LazyLock;

/// Whether `text` holds a sign: the text of a pattern, an address or path, a terminal escape or
/// a tag character.
pub(super) fn any(text: &str) -> bool {
    SIGNS.is_in(text.as_bytes())
}

/// Whether `text` may hold a terminal escape or a tag character; what may begin one is enough.
pub(super) fn may_hide(text: &str) -> bool {
    text.bytes().any(|byte| matches!(byte, 0x1b | 0xc2 | 0xf3))
}

/// Every sign in a short `text`, by where it ends, of those that end together the longest first: the texts of [`patterns`] by their index,
/// and behind them those of [`address`]. Nothing is known of a long text, which would have too many.
pub(super) fn of(text: &str) -> Option<Vec<Occurrence>> {
    (text.len() <= SHORT_BYTES).then(|| SIGNS.occurrences(text.as_bytes()))
}

static SIGNS: LazyLock<Trie> = LazyLock::new(|| {
    let escapes: [&[u8]; 5] = [b"\x1b", b"\xc2\x9b", b"\xc2\x9d", b"\xf3\xa0\x80", b"\xf3\xa0\x81"];
    let texts = patterns::texts().chain(address::signs());
    let signs: Vec<&[u8]> = texts.map(str::as_bytes).chain(escapes).collect();
    Trie::ignoring_case(&signs)
});

#[cfg(test)]
mod tests {
    use super::{address, any, of, patterns};
    use crate::text::indicators::Passage;
    use bartizan_text::trie::Occurrence;
    use proptest::prelude::*;

    /// What the patterns, the addresses and the paths of `text` come to.
    fn judged(text: &str, signs: Option<&[Occurrence]>) -> Vec<(&'static str, usize, String)> {
        let mut passage =
            Passage { text, document: false, record: false, signed: true, hidden: None, marks: Vec::new() };
        patterns::judge(&mut passage, signs);
        address::judge(&mut passage, signs, patterns::texts().count());
        passage.marks.into_iter().map(|mark| (mark.rule.id, mark.start, mark.message)).collect()
    }

    fn piece() -> impl Strategy<Value = &'static str> {
        let texts: Vec<&str> = patterns::texts().chain(address::signs()).collect();
        let between = ["\n", " ", "\"", "| sh", "; ", "<a ", "\u{1b}[2J", "x", "é", "http", "-e "].to_vec();
        prop_oneof![prop::sample::select(texts), prop::sample::select(between)]
    }

    proptest! {
        #[test]
        fn short_and_long_texts_are_judged_alike(
            pieces in prop::collection::vec(piece(), 0..12),
            loud in proptest::bool::ANY,
        ) {
            let text = pieces.concat();
            let text = if loud { text.to_ascii_uppercase() } else { text };
            prop_assert_eq!(judged(&text, of(&text).as_deref()), judged(&text, None));
        }
    }

    #[test]
    fn a_sign_of_every_room_is_seen_and_prose_has_none() {
        for text in ["x OS.SYSTEM(", "see https://a.b", "~/.ssh/id_rsa", "a\u{1b}[2J", "\u{e0041}", "../../a"]
        {
            assert!(any(text), "{text}");
        }
        assert!(!any("The quick brown fox jumps over the lazy dog, and then some."));
    }
}
