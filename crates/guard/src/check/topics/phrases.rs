//! Words and phrases of topics, found in folded text as whole words.

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError};
use std::ops::Range;

/// Words and phrases, each of a topic.
#[derive(Debug)]
pub(super) struct Phrases {
    automaton: AhoCorasick,
    /// The topic of each, by its number.
    owners: Vec<usize>,
    /// All of them, in order.
    sorted: Vec<String>,
    /// Bytes of the longest.
    pub(super) longest: usize,
}

/// One that was found: its topic, and its bytes in the folded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) topic: usize,
    pub(super) span: Range<usize>,
}

impl Phrases {
    /// Folded phrases with the number of their topic, and how else they may be spaced; none if there are none.
    ///
    /// # Errors
    /// [`BuildError`] if there are too many.
    pub(super) fn new(phrases: &[(usize, String)]) -> Result<Option<Self>, BuildError> {
        if phrases.is_empty() {
            return Ok(None);
        }
        let spaced: Vec<(usize, String)> = phrases
            .iter()
            .flat_map(|(owner, phrase)| spacings(phrase).into_iter().map(|spaced| (*owner, spaced)))
            .collect();
        let phrases = &spaced;
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(phrases.iter().map(|(_, phrase)| phrase))?;
        let owners = phrases.iter().map(|(owner, _)| *owner).collect();
        let mut sorted: Vec<String> = phrases.iter().map(|(_, phrase)| phrase.clone()).collect();
        sorted.sort_unstable();
        let longest = sorted.iter().map(String::len).max().unwrap_or_default();
        Ok(Some(Self { automaton, owners, sorted, longest }))
    }

    /// Gives those that stand in a folded text as whole words.
    pub(super) fn each(&self, text: &str, mut give: impl FnMut(Found)) {
        for found in self.automaton.find_overlapping_iter(text) {
            let Some(topic) = self.owners.get(found.pattern().as_usize()) else { continue };
            if stands_alone(text, found.start(), found.end()) {
                give(Found { topic: *topic, span: found.range() });
            }
        }
    }

    /// Where in a folded text the first phrase begins that is not all there yet.
    pub(super) fn begun(&self, text: &str) -> Option<usize> {
        let from = text.ceil_char_boundary(text.len().saturating_sub(self.longest));
        let rest = text.get(from..).unwrap_or_default();
        rest.char_indices().map(|(at, _)| from.saturating_add(at)).find(|at| {
            let end = text.get(*at..).unwrap_or_default();
            let next = self.sorted.partition_point(|phrase| phrase.as_str() <= end);
            self.sorted.get(next).is_some_and(|phrase| phrase.starts_with(end))
                && !is_inside_a_word(text, *at)
        })
    }
}

/// Fewest letters that are looked for set apart.
const SPACED: usize = 4;

/// A phrase as it stands, its words with marks between them or none, and its letters set apart.
fn spacings(phrase: &str) -> Vec<String> {
    let mut all = vec![phrase.to_owned()];
    if phrase.contains(' ') {
        all.extend(["-", "_", "."].map(|mark| phrase.replace(' ', mark)));
        // What is long enough to be no other word.
        if phrase.len() > SPACED {
            all.push(phrase.replace(' ', ""));
        }
    }
    let letters: Vec<String> = phrase.chars().filter(|one| *one != ' ').map(String::from).collect();
    let is_spelt = phrase.chars().all(|one| one.is_alphanumeric() && one < '\u{2E80}' || one == ' ');
    if is_spelt && letters.len() >= SPACED {
        all.extend([" ", "-", ".", "_", "*"].map(|mark| letters.join(mark)));
    }
    all
}

/// Whether no word goes on across the ends of a span. Scripts without spaces have no ends of words.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    !is_inside_a_word(text, start) && !is_inside_a_word(text, end)
}

/// Whether a word goes on across a place.
fn is_inside_a_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|text| text.chars().next_back());
    let after = text.get(at..).and_then(|text| text.chars().next());
    matches!((before, after), (Some(one), Some(other))
        if one.is_alphanumeric() && other.is_alphanumeric() && one < '\u{2E80}' && other < '\u{2E80}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_that_may_still_come_is_waited_for_from_where_it_begins() {
        let all = ["card game", "roulette", "赌博"].map(|phrase| (0, phrase.to_owned()));
        let phrases = Phrases::new(&all).unwrap().unwrap();
        assert_eq!(phrases.begun("a card "), Some(2));
        assert_eq!(phrases.begun("a card"), Some(2));
        assert_eq!(phrases.begun("a scorecard "), None);
        assert_eq!(phrases.begun("我赌"), Some("我".len()));
        assert_eq!(phrases.begun("nothing of it "), None);
        let mut found = Vec::new();
        phrases.each("the card game, no scorecard gamer", |one| found.push((one.topic, one.span)));
        assert_eq!(found, [(0, 4..13)]);
    }

    #[test]
    fn a_phrase_is_found_however_it_is_spaced() {
        let all = ["card game", "roulette", "keno"].map(|phrase| (0, phrase.to_owned()));
        let phrases = Phrases::new(&all).unwrap().unwrap();
        let found = |text: &str| {
            let mut found = Vec::new();
            phrases.each(text, |one| found.push(text.get(one.span).unwrap_or_default().to_owned()));
            found
        };
        for said in ["card-game", "card_game", "cardgame", "c a r d g a m e", "r-o-u-l-e-t-t-e", "k.e.n.o"] {
            assert_eq!(found(&format!("a {said}, or")), [said]);
        }
        assert_eq!(found("scorecardgame cardgames k e n"), [""; 0]);
        assert_eq!(phrases.begun("so r o u "), Some(3));
    }
}
