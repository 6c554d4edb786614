//! A text set as numbers: every distinct token once, every row a list of them.

use crate::learn::{is_hidden, lower_case, tokens};
use std::collections::HashMap;

/// Number of a token, as it is written or in lower case.
pub(super) type Word = u32;

/// Stands for the end of a line.
pub(super) const LINE_END: &str = "\n";

/// Stands for blanks side by side within a line.
const TWO_BLANKS: &str = "  ";

/// The rows of a text set.
pub(super) struct Corpus {
    /// Tokens as they are written, by row.
    pub(super) rows: Vec<Vec<Word>>,
    /// Tokens in lower case, by row.
    pub(super) lower: Vec<Vec<Word>>,
    written: Vec<Box<str>>,
    lowered: Vec<Box<str>>,
}

impl Corpus {
    /// Splits texts into tokens and numbers these.
    pub(super) fn read<T: AsRef<str>>(texts: &[T]) -> Self {
        Self::of_tokens(texts, |text| tokens(text).chain(spacing(text)).collect())
    }

    /// As [`Self::read`], with every line that is not blank ended by the token [`LINE_END`].
    pub(super) fn read_lines<T: AsRef<str>>(texts: &[T]) -> Self {
        Self::of_tokens(texts, |text| {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            lines.flat_map(|line| tokens(line).chain(std::iter::once(LINE_END))).collect()
        })
    }

    fn of_tokens<T: AsRef<str>>(texts: &[T], split: impl Fn(&str) -> Vec<&str>) -> Self {
        let (mut written, mut lowered) = (Numbers::default(), Numbers::default());
        let mut of_written: Vec<Word> = Vec::new();
        let (mut rows, mut lower) = (Vec::with_capacity(texts.len()), Vec::with_capacity(texts.len()));
        for text in texts {
            let row: Vec<Word> = split(text.as_ref())
                .into_iter()
                .map(|token| {
                    let word = written.number(token);
                    if word as usize == of_written.len() {
                        of_written.push(lowered.number(&lower_case(token)));
                    }
                    word
                })
                .collect();
            lower.push(row.iter().filter_map(|word| of_written.get(*word as usize).copied()).collect());
            rows.push(row);
        }
        Self { rows, lower, written: written.words, lowered: lowered.words }
    }

    /// A token as it is written.
    pub(super) fn written(&self, word: Word) -> &str {
        self.written.get(word as usize).map_or("", |word| word)
    }

    /// A token in lower case.
    pub(super) fn lowered(&self, word: Word) -> &str {
        self.lowered.get(word as usize).map_or("", |word| word)
    }

    /// In how many rows each lower-case token stands; shape `(words,)`.
    pub(super) fn lower_counts(&self) -> Vec<u32> {
        row_counts(&self.lower, self.lowered.len())
    }

    /// In how many rows each token stands as it is written; shape `(words,)`.
    pub(super) fn written_counts(&self) -> Vec<u32> {
        row_counts(&self.rows, self.written.len())
    }
}

/// White space that is written otherwise than as single blanks and ends of lines, each kind once: a mark that is seen by nobody and
/// that a tokeniser may keep. Stands behind the tokens, so that none of them loses its neighbours.
fn spacing(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    let text = text.trim();
    if let Some(start) = text.find(TWO_BLANKS) {
        found.extend(text.get(start..start.saturating_add(TWO_BLANKS.len())));
    }
    if text.is_ascii() {
        return found;
    }
    for (start, letter) in text.char_indices() {
        if letter.is_whitespace() && !letter.is_ascii() && !is_hidden(letter) {
            let space = text.get(start..start.saturating_add(letter.len_utf8())).unwrap_or_default();
            if !found.contains(&space) {
                found.push(space);
            }
        }
    }
    found
}

/// A token of white space for people: its code point.
pub(super) fn shown(token: &str) -> String {
    match token {
        TWO_BLANKS => "(two blanks)".to_owned(),
        _ if !token.is_empty() && token.chars().all(char::is_whitespace) => {
            token.chars().map(|letter| format!("U+{:04X}", letter as u32)).collect::<Vec<_>>().join(" ")
        }
        _ => token.to_owned(),
    }
}

fn row_counts(rows: &[Vec<Word>], words: usize) -> Vec<u32> {
    let mut counts = vec![(0u32, usize::MAX); words];
    for (number, row) in rows.iter().enumerate() {
        for word in row {
            if let Some((count, last)) = counts.get_mut(*word as usize).filter(|(_, last)| *last != number) {
                *last = number;
                *count = count.saturating_add(1);
            }
        }
    }
    counts.into_iter().map(|(count, _)| count).collect()
}

/// Numbers strings in the order of their first appearance.
#[derive(Default)]
struct Numbers {
    of: HashMap<Box<str>, Word>,
    words: Vec<Box<str>>,
}

impl Numbers {
    fn number(&mut self, word: &str) -> Word {
        if let Some(number) = self.of.get(word) {
            return *number;
        }
        let number = self.words.len() as Word;
        self.of.insert(word.into(), number);
        self.words.push(word.into());
        number
    }
}

/// Numbers features of any kind in the order of their first appearance.
pub(super) struct Features<K> {
    of: HashMap<K, u32>,
    /// The features, by number.
    pub(super) keys: Vec<K>,
}

impl<K> Default for Features<K> {
    fn default() -> Self {
        Self { of: HashMap::new(), keys: Vec::new() }
    }
}

impl<K: Copy + Eq + std::hash::Hash> Features<K> {
    /// The number of a feature.
    pub(super) fn number(&mut self, key: K) -> u32 {
        let next = self.keys.len() as u32;
        *self.of.entry(key).or_insert_with(|| {
            self.keys.push(key);
            next
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusual_white_space_is_named_once_behind_the_tokens() {
        let corpus = Corpus::read(&["a\u{a0}b  c\u{a0}d\u{2009}e", " plain\ttext \n"]);
        let tokens: Vec<&str> = corpus.rows[0].iter().map(|word| corpus.written(*word)).collect();
        assert_eq!(tokens, ["a", "b", "c", "d", "e", "  ", "\u{a0}", "\u{2009}"]);
        assert_eq!(
            tokens[5..].iter().map(|token| shown(token)).collect::<Vec<_>>(),
            ["(two blanks)", "U+00A0", "U+2009"]
        );
        assert_eq!(corpus.rows[1].len(), 2);
    }
}
