//! Whether a number may still go on: how much of the end of a stream has to wait for what follows.
//!
//! Numbers are written in up to ten groups set apart by one blank, with up to two short words before them
//! (`DE 136 695 976`, `B AB 1234`); no kind of number has more than 34 letters and digits or a group of more than five
//! letters without a digit, nor three such groups on end.

use super::calm::Stretch;
use super::stream::{Kinds, Tail, without_blanks};
use std::collections::VecDeque;

/// Letters and digits of the longest number, and of two words before it.
const LONGEST: usize = 34 + 8;
/// Groups of the longest number, and two words before it.
const MOST: usize = 10 + 2;
/// Words with digits on end that are a row of numbers.
const ROW: usize = MOST / 2;
/// Letters of a group without a digit.
const LETTERS: usize = 5;
/// Letters of a word before a number.
const LEAD: usize = 4;

/// The end of a text that may be the beginning of a number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Numbers {
    words: VecDeque<Word>,
    /// Letters and digits in all words.
    total: usize,
    /// Words with a digit.
    digits: usize,
}

#[derive(Debug, Clone, Copy)]
struct Word {
    start: usize,
    length: usize,
    digit: bool,
}

impl Numbers {
    /// Whether no word with a digit is among those that may be part of a number.
    pub(crate) fn has_no_digit(&self) -> bool {
        self.digits == 0
    }

    /// Takes a word of so many small letters with one blank behind it where there is no digit before it, as [`Self::word`] does.
    pub(crate) fn small(&mut self, letters: usize, start: usize) -> Option<usize> {
        self.lead(letters, start)
    }

    /// Takes calm words on end where there is no digit before them, as [`Self::word`] does word by word. Of words without digits only the
    /// last two may lead up to a number, so that no more of them are looked at.
    pub(crate) fn pass(&mut self, tail: &Tail, stretch: &Stretch) -> Option<usize> {
        if stretch.start < stretch.before {
            self.clear();
        }
        stretch.ending().fold(None, |_, word| self.word(tail.held(word.clone()), word.start, Kinds::OTHER))
    }

    /// Takes a word with the blanks behind it; gives where a number that is not complete may begin.
    pub(crate) fn word(&mut self, text: &str, start: usize, kinds: Kinds) -> Option<usize> {
        // Most words are longer than any group of letters, and nothing but letters.
        let letter = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_alphabetic);
        if kinds.is_plain() && letter(0) && letter(LETTERS) {
            self.clear();
            return None;
        }
        let core = without_blanks(text);
        if kinds.is_plain() && self.digits == 0 {
            let is_followed = text.len() == core.len().saturating_add(1) && text.ends_with(' ');
            return self.lead(if is_followed { core.len() } else { 0 }, start);
        }
        let gap = text.get(core.len()..).unwrap_or_default();
        let bytes = core.as_bytes();
        // Only what stands behind the last other mark can be part of it.
        let (mut run, mut length, mut digit) = (0_usize, 0_usize, false);
        for byte in bytes.iter().rev() {
            let member = MEMBERS.get(usize::from(*byte)).copied().unwrap_or_default();
            if member == NO_MEMBER {
                break;
            }
            run = run.saturating_add(1);
            length = length.saturating_add(usize::from(member != MARK));
            digit |= member == DIGIT;
        }
        let inner = bytes.len().saturating_sub(run);
        let tail = bytes.get(inner..).unwrap_or_default();
        if inner > 0 || (!digit && length > LETTERS) {
            self.clear();
        }
        if gap != " " || tail.is_empty() || (!digit && length > LETTERS) {
            self.clear();
            return None;
        }
        self.words.push_back(Word { start: start.saturating_add(inner), length, digit });
        self.digits = self.digits.saturating_add(usize::from(digit));
        self.total = self.total.saturating_add(length);
        self.shorten();
        self.words.front().map(|word| word.start)
    }

    /// Takes a word of so many letters behind others without digits, of which the last two may lead up to a number; none ends them.
    fn lead(&mut self, length: usize, start: usize) -> Option<usize> {
        if length == 0 || length > LEAD {
            self.clear();
            return None;
        }
        if self.words.len() > 1 {
            self.pop();
        }
        self.words.push_back(Word { start, length, digit: false });
        self.total = self.total.saturating_add(length);
        self.words.front().map(|word| word.start)
    }

    /// Whether it is in the midst of a row of numbers.
    pub(crate) fn is_row(&self) -> bool {
        self.words.len() >= ROW && self.words.iter().all(|word| word.digit)
    }

    fn clear(&mut self) {
        if self.words.is_empty() {
            return;
        }
        self.words.clear();
        (self.total, self.digits) = (0, 0);
    }

    /// Drops words from the front that can no longer belong to a number that goes on.
    fn shorten(&mut self) {
        while self.total > LONGEST || self.words.len() > MOST {
            self.pop();
        }
        let lettered = self.words.iter().rev().take_while(|word| !word.digit).count();
        if lettered >= 3 || lettered == self.words.len() {
            while self.words.len() > 2 {
                self.pop();
            }
            while self.words.iter().any(|word| !word.digit && word.length > LEAD) {
                self.pop();
            }
        }
    }

    fn pop(&mut self) {
        if let Some(word) = self.words.pop_front() {
            self.total = self.total.saturating_sub(word.length);
            self.digits = self.digits.saturating_sub(usize::from(word.digit));
        }
    }
}

/// What each byte is in a number.
#[expect(clippy::indexing_slicing, reason = "read by the compiler")]
const MEMBERS: [u8; 256] = {
    let mut members = [NO_MEMBER; 256];
    let mut byte = 0_u8;
    loop {
        members[byte as usize] = match byte {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'-' | b'.' | b'/' | b'+' | b':' | b'(' | b')' | b'_' => MARK,
            _ => NO_MEMBER,
        };
        if byte == u8::MAX {
            break members;
        }
        byte += 1;
    }
};
const NO_MEMBER: u8 = 0;
const MARK: u8 = 1;
const LETTER: u8 = 2;
const DIGIT: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    /// What of the text would wait.
    fn waiting(text: &str) -> &str {
        let (mut numbers, mut at, mut open) = (Numbers::default(), 0, None);
        for word in text.split_inclusive(' ') {
            open = numbers.word(word, at, Kinds::of(word));
            at += word.len();
        }
        text.get(open.unwrap_or(at)..).unwrap_or_default()
    }

    #[test]
    fn a_number_waits_with_the_short_words_before_it() {
        assert_eq!(waiting("VAT is DE 136 695 "), "is DE 136 695 ");
        assert_eq!(waiting("iban=GB82 WEST 1234 "), "GB82 WEST 1234 ");
        assert_eq!(waiting("call (030) 123 "), "call (030) 123 ");
    }

    proptest::proptest! {
        /// Words of letters are read in a shorter way; marks that belong to none make it the longer one.
        #[test]
        fn words_of_letters_lead_up_as_any_words_do(text in "([a-zA-Z]{0,7}[ \n]{0,2}|[0-9]{1,4} |- |, ){0,14}") {
            let (mut short, mut long, mut at) = (Numbers::default(), Numbers::default(), 0);
            for word in text.split_inclusive([' ', '\n']) {
                let kinds = Kinds::of(word);
                let open = short.word(word, at, kinds);
                proptest::prop_assert_eq!(open, long.word(word, at, kinds.or(Kinds::OTHER)), "{:?}", word);
                at += word.len();
            }
        }
    }

    proptest::proptest! {
        /// Of words without digits only the last two matter.
        #[test]
        fn calm_words_lead_up_at_once_as_they_do_one_by_one(
            text in "([A-Za-z]{1,6}[.,:!?)]{0,2} ){0,3}", calm in "([A-Za-z]?[a-z]{1,6}[.,:!?)]{0,2} ){1,6}", behind in "([a-z]{1,4} |[0-9]{1,4} ){0,3}",
        ) {
            let all = format!("{text}{calm}{behind}");
            let (mut one_by_one, mut at_once, mut at) = (Numbers::default(), Numbers::default(), 0);
            let mut tail = Tail::default();
            tail.push(&all);
            let mut starts = Vec::new();
            let mut open = None;
            for word in all.split_inclusive(' ') {
                if at < text.len() || at >= text.len() + calm.len() {
                    if at == text.len() + calm.len() {
                        let before = starts[starts.len().saturating_sub(2)];
                        let stretch = Stretch { start: text.len(), before, last: starts[starts.len() - 1], end: at };
                        proptest::prop_assert_eq!(at_once.pass(&tail, &stretch), open);
                    }
                    proptest::prop_assert_eq!(
                        at_once.word(word, at, Kinds::of(word)),
                        one_by_one.word(word, at, Kinds::of(word))
                    );
                } else {
                    starts.push(at);
                    open = one_by_one.word(word, at, Kinds::of(word));
                }
                at += word.len();
            }
        }
    }

    #[test]
    fn words_and_closed_numbers_do_not_wait() {
        assert_eq!(waiting("Numbers of several "), "");
        assert_eq!(waiting("it was 1984, "), "");
        assert_eq!(waiting("in 2024 everything "), "");
        assert_eq!(waiting("in 2024 we saw the "), "saw the ");
    }

    #[test]
    fn a_row_is_of_numbers_alone() {
        let is_row = |text: &str| {
            let mut numbers = Numbers::default();
            text.split_inclusive(' ').fold(0, |at, word| {
                numbers.word(word, at, Kinds::of(word));
                at + word.len()
            });
            numbers.is_row()
        };
        assert!(is_row(&"1 ".repeat(40)) && is_row(&"1234 ".repeat(40)));
        assert!(!is_row("1 2 3 ") && !is_row(&"12 of ".repeat(40)));
    }

    #[test]
    fn an_endless_row_of_numbers_waits_only_for_its_end() {
        assert!(waiting(&"1234 ".repeat(100)).len() <= LONGEST + MOST);
    }
}
