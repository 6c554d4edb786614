//! A text under reading: its tokens, which of them are taken, and what was found.

use super::tokens::{Sort, Token};
use crate::hit::{Kind, Raw};

/// A text and what is known of it so far.
#[derive(Debug)]
pub(super) struct Reading<'t> {
    pub(super) text: &'t str,
    pub(super) tokens: Vec<Token>,
    /// Which tokens something was found in already.
    pub(super) taken: Vec<bool>,
    pub(super) found: Vec<Raw>,
}

impl<'t> Reading<'t> {
    /// A text of which nothing is known.
    pub(super) fn new(text: &'t str, tokens: Vec<Token>) -> Self {
        let taken = vec![false; tokens.len()];
        Self { text, tokens, taken, found: Vec::new() }
    }

    /// What a token says; nothing outside the text.
    pub(super) fn word(&self, at: usize) -> &'t str {
        self.tokens.get(at).and_then(|token| self.text.get(token.start..token.end)).unwrap_or_default()
    }

    /// Whether a token is this mark.
    pub(super) fn is(&self, at: usize, mark: char) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is(mark))
    }

    /// The token at a place that nothing was found in.
    pub(super) fn free(&self, at: usize) -> Option<Token> {
        self.tokens.get(at).copied().filter(|_| !self.is_taken(at))
    }

    /// Whether something was found in the token.
    pub(super) fn is_taken(&self, at: usize) -> bool {
        self.taken.get(at).copied().unwrap_or(false)
    }

    /// The value and length of a number token of digits, letters of an ordinal aside.
    pub(super) fn number(&self, at: usize) -> Option<(u32, usize)> {
        self.tokens.get(at).filter(|token| token.sort == Sort::Number)?;
        let word = self.word(at);
        let digits =
            ["st", "nd", "rd", "th"].iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(word);
        (digits.len() <= 7 && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| Some((digits.parse().ok()?, digits.len())))?
    }

    /// Takes the tokens `from..to` as one thing.
    pub(super) fn mark(
        &mut self,
        from: usize,
        to: usize,
        kind: &'static Kind,
        score: f32,
        why: &'static str,
    ) {
        let (Some(first), Some(last)) =
            (self.tokens.get(from), to.checked_sub(1).and_then(|last| self.tokens.get(last)))
        else {
            return;
        };
        self.found.push(Raw::new(kind, first.start, last.end, score, why));
        for taken in self.taken.iter_mut().take(to).skip(from) {
            *taken = true;
        }
    }

    /// Takes the tokens from `from` up to the byte `end`, and gives the token behind them.
    pub(super) fn mark_bytes(
        &mut self,
        from: usize,
        end: usize,
        kind: &'static Kind,
        score: f32,
        why: &'static str,
    ) -> usize {
        let inside = self.tokens.iter().skip(from).take_while(|token| token.start < end).count();
        self.mark(from, from + inside, kind, score, why);
        if let Some(hit) = self.found.last_mut() {
            hit.end = end;
        }
        from + inside
    }

    /// The word before a token in its line, small letters or capitals, past one mark such as a colon or quote.
    pub(super) fn before(&self, at: usize) -> &'t str {
        let Some(last) = at.checked_sub(1) else { return "" };
        let marked = matches!(
            self.tokens.get(last).map(|token| token.sort),
            Some(Sort::Mark(':' | '"' | '\'' | '(' | '“'))
        );
        self.word(if marked { last.wrapping_sub(1) } else { last })
    }

    /// Whether a sentence, line or quotation begins at the token.
    pub(super) fn begins(&self, at: usize) -> bool {
        let Some(token) = at.checked_sub(1).and_then(|last| self.tokens.get(last)) else { return true };
        match token.sort {
            Sort::Line | Sort::Mark('!' | '?' | '"' | '“' | ':' | '>' | '•' | '-' | '*') => true,
            Sort::Mark('.') => !self.is_abbreviation(at.saturating_sub(1)),
            _ => false,
        }
    }

    /// Whether the full stop at a token ends a title or an initial.
    pub(super) fn is_abbreviation(&self, at: usize) -> bool {
        let Some(word) = at.checked_sub(1).and_then(|last| self.tokens.get(last)) else { return false };
        word.senses.any(super::lexicon::Senses::HONORIFIC)
            || (word.is_capital() && word.end - word.start == 1)
    }
}
