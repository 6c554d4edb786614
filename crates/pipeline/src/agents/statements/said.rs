//! A sentence as its words: [`Said`].

use super::super::intents::sentence_spans;
use super::lexicon::Class;
use super::tokens::{Token, tokens};
use std::ops::Range;

/// A sentence.
pub(super) struct Said<'t> {
    /// The sentence.
    pub(super) text: &'t str,
    /// Where it begins in the text.
    pub(super) start: usize,
    /// Its words.
    pub(super) tokens: Vec<Token<'t>>,
    /// Whether it speaks of what others do or what is to be found.
    pub(super) attributed: bool,
}

/// The sentences of `text`; the rows of a table are sentences of their own.
pub(super) fn sentences<'t>(text: &'t str, capital: &dyn Fn(usize) -> bool) -> Vec<Said<'t>> {
    let mut found: Vec<Said<'t>> = Vec::new();
    let mut listed = false;
    for span in sentence_spans(text) {
        let whole = text.get(span.clone()).unwrap_or_default();
        let mut at = span.start;
        for row in whole.split_inclusive("| |") {
            let start = at;
            at = at.saturating_add(row.len());
            let tokens = tokens(row, start, capital);
            if tokens.is_empty() {
                continue;
            }
            // Items below "Look for:" are looked for; a number before an item is no sentence.
            let item = start > 0 && text.get(..start).is_some_and(|before| before.ends_with(['-', '*', '|']));
            let speaks = is_attributed(row, &tokens);
            listed = (speaks && row.contains(':')) || listed && item;
            found.push(Said { text: row, start, attributed: speaks || listed, tokens });
        }
    }
    found.retain(|said| said.tokens.len() >= 2);
    found
}

impl<'t> Said<'t> {
    /// Where it ends in the text.
    pub(super) fn end(&self) -> usize {
        let end = self.start.saturating_add(self.text.len());
        end.saturating_sub(self.text.len().saturating_sub(self.text.trim_end().len()))
    }

    /// The word at `index`.
    pub(super) fn at(&self, index: usize) -> Option<&Token<'t>> {
        self.tokens.get(index)
    }

    /// Places of the words of `class`.
    pub(super) fn all(&self, class: Class) -> impl Iterator<Item = usize> + '_ {
        self.tokens.iter().enumerate().filter(move |(_, token)| token.is(class)).map(|(index, _)| index)
    }

    /// Whether a word is of `class`.
    pub(super) fn has(&self, class: Class) -> bool {
        self.all(class).next().is_some()
    }

    /// Places of words of `class` that nothing negates.
    pub(super) fn meant(&self, class: Class) -> impl Iterator<Item = usize> + '_ {
        self.all(class).filter(|index| !self.negated(*index))
    }

    /// Up to `count` words before `index`, the nearest first.
    pub(super) fn before(&self, index: usize, count: usize) -> impl Iterator<Item = &Token<'t>> {
        self.tokens.get(..index).unwrap_or_default().iter().rev().take(count)
    }

    /// Up to `count` words behind `index`, the nearest first.
    pub(super) fn behind(&self, index: usize, count: usize) -> impl Iterator<Item = &Token<'t>> {
        self.tokens.get(index.saturating_add(1)..).unwrap_or_default().iter().take(count)
    }

    /// The place of a word of `class` behind `index`, at most `count` words from it.
    pub(super) fn next(&self, index: usize, class: Class, count: usize) -> Option<usize> {
        self.behind(index, count)
            .position(|token| token.is(class))
            .map(|at| index.saturating_add(1).saturating_add(at))
    }

    /// Whether a word of `class` stands at most `count` words from `index`.
    pub(super) fn beside(&self, index: usize, class: Class, count: usize) -> bool {
        self.before(index, count).chain(self.behind(index, count)).any(|token| token.is(class))
    }

    /// Whether the sentence holds one of `phrases`, from a word's beginning.
    pub(super) fn says(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| {
            memchr::memmem::find_iter(self.text.as_bytes(), phrase).any(|at| {
                let before = self.text.as_bytes().get(..at).and_then(<[u8]>::last);
                !before.is_some_and(u8::is_ascii_alphanumeric)
            })
        })
    }

    /// Whether the word at `index` is negated: by a negation shortly before it in its clause, or in a list of what is.
    pub(super) fn negated(&self, index: usize) -> bool {
        let mut listed = false;
        for (away, token) in self.before(index, GOVERNS).enumerate() {
            listed |= token.any_of("or nor");
            // "… but write" and "…; write" begin anew.
            if token.any_of("but then instead only") || token.ends_clause && !listed {
                return false;
            }
            if token.is(Class::Not) {
                let noun = token.any_of("no without nothing none");
                let also = self.before(index, away).any(|word| word.text == "only");
                return !also && (!noun || away <= 2);
            }
        }
        false
    }

    /// The bytes of the whole text from the word at `from` to that at `to`.
    pub(super) fn span(&self, from: usize, to: usize) -> Range<usize> {
        let place = |index: usize| self.at(index).map_or(0..0, |token| token.span.clone());
        let (one, other) = (place(from), place(to));
        self.start.saturating_add(one.start.min(other.start))
            ..self.start.saturating_add(one.end.max(other.end))
    }
}

/// Whether `row` says what attackers, bad texts or findings are like.
fn is_attributed(row: &str, tokens: &[Token<'_>]) -> bool {
    tokens.iter().any(|token| token.is(Class::Attacker))
        || [
            "look for",
            "looks for",
            "signs of",
            "ones that",
            "such as \"",
            "text like",
            "to flag:",
            "example of",
        ]
        .iter()
        .any(|way| row.contains(way))
}

/// How many words before it negate a word.
const GOVERNS: usize = 6;
