//! The words of a sentence and where they stand: [`tokens`].

use super::lexicon::{Classes, classes_of};
use std::ops::Range;

/// A word, or a piece of code in a sentence.
#[derive(Debug, Clone)]
pub(super) struct Token<'t> {
    /// Without the marks around it.
    pub(super) text: &'t str,
    /// In bytes of the sentence.
    pub(super) span: Range<usize>,
    /// What it may mean.
    pub(super) classes: Classes,
    /// Whether a mark behind it ends a clause.
    pub(super) ends_clause: bool,
    /// Whether it begins a quotation or is code.
    pub(super) quoted: bool,
    /// Whether it begins with a capital that its place does not explain.
    pub(super) named: bool,
}

impl Token<'_> {
    /// Whether it is one of `words`, which white space parts.
    pub(super) fn any_of(&self, words: &str) -> bool {
        words.split_ascii_whitespace().any(|word| word == self.text)
    }
}

/// The first [`MOST`] words of `sentence`, which begins at byte `start` of the text whose capitals `capital` knows.
pub(super) fn tokens<'t>(sentence: &'t str, start: usize, capital: &dyn Fn(usize) -> bool) -> Vec<Token<'t>> {
    let mut found: Vec<Token<'t>> = Vec::new();
    let mut at = 0_usize;
    for raw in sentence.split_inclusive(char::is_whitespace) {
        let from = at;
        at = at.saturating_add(raw.len());
        let whole = raw.trim_end();
        let text = whole.trim_start_matches(BEFORE);
        let begin = from.saturating_add(whole.len().saturating_sub(text.len()));
        let quoted = whole.starts_with(['"', '\u{201c}', '`', '\'']);
        let bare = text.trim_end_matches(BEHIND);
        if bare.is_empty() {
            continue;
        }
        let tail = text.get(bare.len()..).unwrap_or_default();
        // A word that stands first, behind a mark or all in capitals is written so for other reasons.
        let open = found.last().is_none_or(|last| {
            sentence
                .get(last.span.end..begin)
                .is_some_and(|between| between.contains(|c: char| !(c.is_whitespace() || c == ',')))
        });
        let letters = bare.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '\'' | '\u{2019}'));
        let from_start = start.saturating_add(begin);
        let named = !open
            && letters
            && bare.len() >= 4
            && capital(from_start)
            && !capital(from_start.saturating_add(1));
        found.push(Token {
            text: bare,
            span: begin..begin.saturating_add(bare.len()),
            classes: classes_of(bare),
            ends_clause: tail.contains([',', ';', ':', '.']) || matches!(bare, "\u{2013}" | "\u{2014}" | "-"),
            quoted,
            named,
        });
        if found.len() >= MOST {
            break;
        }
    }
    found
}

/// Marks that stand before a word.
const BEFORE: &[char] = &['"', '\'', '`', '(', '[', '{', '*', '\u{201c}', '\u{2018}', '|', '>', '!'];
/// Marks that stand behind a word.
const BEHIND: &[char] =
    &['"', '\'', '`', ')', ']', '}', '*', ',', '.', ';', ':', '!', '?', '\u{201d}', '\u{2019}', '|'];
/// Most words of a sentence that are looked at.
const MOST: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lose_their_marks_and_keep_their_places() {
        let sentence = "put `~/.netrc`, (all) \"of it\".";
        let found = tokens(sentence, 0, &|_| false);
        let words: Vec<&str> = found.iter().map(|token| token.text).collect();
        assert_eq!(words, ["put", "~/.netrc", "all", "of", "it"]);
        assert!(found.get(1).is_some_and(|token| token.ends_clause && token.quoted));
        for token in &found {
            assert_eq!(sentence.get(token.span.clone()), Some(token.text));
        }
    }
}
