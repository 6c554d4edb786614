//! Splits a text into pieces of words, as BERT's uncased models do.
//!
//! Lower case without accents, split at white space and punctuation, ideographs alone; then from the left the longest
//! piece the vocabulary knows (Wu et al., 2016; Devlin et al., 2019). Agrees with the reference implementation on the texts in
//! `tests/data/encoder.json`. Differences: characters without a category in Unicode are kept (the reference drops them).

use super::classes::{is_control, is_ideograph, is_mark, is_punctuation};
use std::collections::HashMap;
use unicode_normalization::UnicodeNormalization;

/// Longest word that is split into pieces, in characters; a longer one is unknown.
const LONGEST_WORD: usize = 100;
/// Mark in the vocabulary of a piece that continues a word.
const CONTINUES: &str = "##";

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Its number in the vocabulary.
    pub id: u32,
    /// First byte of the word it belongs to, in the text.
    pub start: u32,
    /// One past the last byte of that word.
    pub end: u32,
}

/// A vocabulary ready for use.
#[derive(Debug, Clone)]
pub struct WordPiece {
    ids: HashMap<Box<str>, u32>,
    /// Longest entry, in bytes.
    longest: usize,
    /// Number of the piece for what is unknown.
    unknown: u32,
    /// Number of the piece that opens a text.
    pub opening: u32,
    /// Number of the piece that closes it.
    pub closing: u32,
}

impl WordPiece {
    /// A vocabulary of one entry a line; the number of an entry is its line, from 0. `None` if it lacks `[UNK]`, `[CLS]` or
    /// `[SEP]`.
    pub fn of(vocabulary: &str) -> Option<Self> {
        let mut ids = HashMap::with_capacity(vocabulary.len() / 7);
        let mut longest = 1;
        for (line, entry) in vocabulary.lines().enumerate() {
            longest = longest.max(entry.len());
            ids.insert(entry.into(), u32::try_from(line).ok()?);
        }
        let special = |name: &str| ids.get(name).copied();
        let (unknown, opening, closing) = (special("[UNK]")?, special("[CLS]")?, special("[SEP]")?);
        Some(Self { ids, longest, unknown, opening, closing })
    }

    /// The entry of a number, looked for from the first to the last.
    pub fn entry(&self, id: u32) -> Option<&str> {
        self.ids.iter().find(|(_, known)| **known == id).map(|(entry, _)| &**entry)
    }

    /// All entries, in the order of their numbers.
    pub fn entries(&self) -> Vec<&str> {
        let mut numbered: Vec<(u32, &str)> = self.ids.iter().map(|(entry, id)| (*id, &**entry)).collect();
        numbered.sort_unstable();
        numbered.into_iter().map(|(_, entry)| entry).collect()
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Whether an entry can come out of a text: it is as folding leaves it, and no name in brackets.
    pub fn can_emit(entry: &str) -> bool {
        let body = entry.strip_prefix(CONTINUES).unwrap_or(entry);
        let mut folded = String::new();
        for character in body.chars() {
            fold(character, &mut folded);
        }
        folded == body && !(body.len() > 2 && body.starts_with('[') && body.ends_with(']'))
    }

    /// The pieces of a text, at most `most`; without those that open and close it. Linear in its length.
    pub fn pieces(&self, text: &str, most: usize) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut word = String::new();
        let (mut start, mut end) = (0_usize, 0_usize);
        for (at, character) in text.char_indices() {
            if pieces.len() >= most {
                break;
            }
            let next = at.saturating_add(character.len_utf8());
            if character.is_whitespace() {
                self.split(&mut word, start, end, &mut pieces);
            } else if is_control(character) || character == '\0' || character == '\u{fffd}' {
                // Dropped: it neither is part of a word nor ends one.
            } else if is_ideograph(character) {
                self.split(&mut word, start, end, &mut pieces);
                word.push(character);
                self.split(&mut word, at, next, &mut pieces);
            } else {
                // What folding makes of a character may hold punctuation itself.
                let mut folded = String::new();
                fold(character, &mut folded);
                for part in folded.chars() {
                    if is_punctuation(part) {
                        self.split(&mut word, start, end, &mut pieces);
                        word.push(part);
                        self.split(&mut word, at, next, &mut pieces);
                    } else {
                        if word.is_empty() {
                            start = at;
                        }
                        word.push(part);
                        end = next;
                    }
                }
            }
        }
        self.split(&mut word, start, end, &mut pieces);
        pieces.truncate(most);
        pieces
    }

    /// Splits a word, which is then empty, into the longest known pieces from the left.
    fn split(&self, word: &mut String, start: usize, end: usize, pieces: &mut Vec<Piece>) {
        if word.is_empty() {
            return;
        }
        let before = pieces.len();
        let (first, last) =
            (u32::try_from(start).unwrap_or(u32::MAX), u32::try_from(end).unwrap_or(u32::MAX));
        let mut known = word.chars().count() <= LONGEST_WORD;
        let mut at = 0_usize;
        let mut candidate = String::new();
        while known && at < word.len() {
            let rest = word.get(at..).unwrap_or_default();
            let found = rest
                .char_indices()
                .map(|(from, character)| from.saturating_add(character.len_utf8()))
                .take_while(|length| *length <= self.longest)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .find_map(|length| {
                    candidate.clear();
                    if at > 0 {
                        candidate.push_str(CONTINUES);
                    }
                    candidate.push_str(rest.get(..length).unwrap_or_default());
                    self.ids.get(candidate.as_str()).map(|id| (*id, length))
                });
            match found {
                Some((id, length)) => {
                    pieces.push(Piece { id, start: first, end: last });
                    at = at.saturating_add(length);
                }
                None => known = false,
            }
        }
        if !known {
            pieces.truncate(before);
            pieces.push(Piece { id: self.unknown, start: first, end: last });
        }
        word.clear();
    }
}

/// Adds a character in lower case without its accents.
fn fold(character: char, out: &mut String) {
    if character.is_ascii() {
        out.push(character.to_ascii_lowercase());
        return;
    }
    for part in std::iter::once(character).nfd().filter(|part| !is_mark(*part)) {
        out.extend(part.to_lowercase().filter(|lower| !is_mark(*lower)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VOCABULARY: &str = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nun\n##aff\n##able\nuna\n!\n漢\ncafe\n";

    fn split(text: &str) -> Vec<u32> {
        let vocabulary = WordPiece::of(VOCABULARY).unwrap_or_else(|| panic!("a vocabulary"));
        vocabulary.pieces(text, 99).iter().map(|piece| piece.id).collect()
    }

    #[test]
    fn the_longest_known_piece_comes_first() {
        assert_eq!(split("Unaffable!"), [1, 8]);
        assert_eq!(split("un una"), [4, 7]);
        // `una` is taken first, after which nothing is known.
        assert_eq!(split("unable"), [1]);
    }

    #[test]
    fn accents_are_dropped_and_ideographs_stand_alone() {
        assert_eq!(split("CAFÉ 漢漢\u{200b}!"), [10, 9, 9, 8]);
        assert_eq!(split(&"x".repeat(101)), [1]);
    }

    #[test]
    fn a_vocabulary_without_its_special_entries_is_refused() {
        assert!(WordPiece::of("a\nb\n").is_none());
        assert!(!WordPiece::can_emit("[unused7]") && !WordPiece::can_emit("É") && WordPiece::can_emit("##s"));
    }

    proptest! {
        #[test]
        fn pieces_point_into_the_text_in_order(text in "\\PC{0,60}", most in 0_usize..40) {
            let vocabulary = WordPiece::of(VOCABULARY).unwrap_or_else(|| panic!("a vocabulary"));
            let pieces = vocabulary.pieces(&text, most);
            prop_assert!(pieces.len() <= most);
            prop_assert!(pieces.iter().all(|piece| text.get(piece.start as usize..piece.end as usize).is_some()));
            prop_assert!(pieces.is_sorted_by_key(|piece| piece.start));
        }
    }
}
