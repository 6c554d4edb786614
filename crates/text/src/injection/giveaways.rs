//! Words that give away how a text was turned.

use aho_corasick::packed;
use std::sync::LazyLock;

/// Whether at least two words of the text give away that its letters were moved by thirteen, and that it was written backwards.
pub(super) fn given_away(text: &str) -> [bool; 2] {
    told(text, GIVEN_AWAY.as_ref())
}

/// Words that give away letters moved by thirteen.
const TURNED: [&str; 9] =
    ["gur", "naq", "nyy", "lbhe", "lbh", "cerivbhf", "vafgehpgvbaf", "flfgrz", "cebzcg"];
/// Words that give away a text written backwards.
const BACKWARDS: [&str; 9] =
    ["eht", "dna", "lla", "ruoy", "snoitcurtsni", "suoiverp", "tpmorp", "metsys", "erongi"];

/// The words that give a text away, in search of many at a time where the processor can.
static GIVEN_AWAY: LazyLock<Option<packed::Searcher>> = LazyLock::new(|| {
    let mut builder = packed::Config::new().match_kind(packed::MatchKind::LeftmostLongest).builder();
    builder.extend(TURNED.iter().chain(&BACKWARDS)).build()
});

/// The same with a search for many words at a time, or word by word without one.
fn told(text: &str, searcher: Option<&packed::Searcher>) -> [bool; 2] {
    let lower = text.to_ascii_lowercase();
    let bytes = lower.as_bytes();
    let letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphabetic);
    let mut counts = [0_usize; 2];
    let mut count = |which: usize| {
        if let Some(count) = counts.get_mut(usize::from(which >= TURNED.len())) {
            *count += 1;
        }
    };
    if let Some(searcher) = searcher {
        // The longest that begins first is the word, where a word is one of them.
        for found in searcher.find_iter(bytes) {
            if !letter(found.end()) && !found.start().checked_sub(1).is_some_and(letter) {
                count(found.pattern().as_usize());
            }
        }
    } else {
        for word in bytes.split(|byte| !byte.is_ascii_alphabetic()) {
            let which = TURNED.iter().chain(&BACKWARDS).position(|known| known.as_bytes() == word);
            which.into_iter().for_each(&mut count);
        }
    }
    counts.map(|count| count >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn words_that_give_a_text_away_are_those_of_the_lists(
            text in "((gur|Naq|LBH|lbhe|cerivbhf|eht|DNA|ruoy|erongi|[a-z]{1,4}|é)([ .,1'-]|é)?){0,40}",
        ) {
            let wanted = [TURNED, BACKWARDS].map(|list| {
                let words = text.split(|c: char| !c.is_ascii_alphabetic());
                words.filter(|word| list.iter().any(|known| known.eq_ignore_ascii_case(word))).count() >= 2
            });
            prop_assert_eq!(told(&text, None), wanted);
            prop_assert_eq!(given_away(&text), wanted);
        }
    }
}
