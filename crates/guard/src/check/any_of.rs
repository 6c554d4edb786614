//! Whether any of a few fixed texts stands in a word, asked for every word of an answer: [`AnyOf`].

use aho_corasick::automaton::{Automaton as _, StateID};
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, BuildError};

/// Texts to look for, in small letters; large ones of ASCII are the same.
///
/// A search of the library prepares itself for long texts, which costs more than reading a word; this only steps through its table.
#[derive(Debug)]
pub(crate) struct AnyOf {
    table: DFA,
    start: StateID,
}

impl AnyOf {
    /// An automaton over these texts.
    pub(crate) fn new(texts: &[&str]) -> Result<Self, BuildError> {
        let table = DFA::builder().ascii_case_insensitive(true).prefilter(false).build(texts)?;
        // A table for searches that may begin anywhere has this state.
        let start = table.start_state(Anchored::No).unwrap_or_default();
        Ok(Self { table, start })
    }

    /// Whether one of them stands in `text`.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        let mut state = self.start;
        text.bytes().any(|byte| {
            state = self.table.next_state(Anchored::No, state, byte);
            self.table.is_special(state) && self.table.is_match(state)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_wherever_it_stands_and_however_it_is_written() {
        let any = AnyOf::new(&["pass", "key", "ss-h"]).unwrap();
        for (text, found) in [
            ("Password", true),
            ("monKEY", true),
            ("a ss-h", true),
            ("ke y", false),
            ("", false),
            ("pas", false),
        ] {
            assert_eq!(any.is_in(text), found, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn it_says_what_a_search_says(text in "[abcAB \\PC]{0,40}") {
            let texts = ["ab", "bca", "cc", "a b"];
            let plain = texts.iter().any(|one| text.to_ascii_lowercase().contains(one));
            proptest::prop_assert_eq!(AnyOf::new(&texts).unwrap().is_in(&text), plain);
        }
    }
}
