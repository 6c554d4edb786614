//! What an answer shows to whoever reads it as a page: tags aside, character references and percent-encoding undone, numbers before
//! the lines of a list left out.
//!
//! Every byte keeps its place: what is left out are blanks, and what is shorter than its reference is filled up with characters that
//! no one sees, which no word is ended by.

use super::references::undone;
use std::borrow::Cow;

/// Longest tag, in bytes.
const LONGEST: usize = 256;
/// Most digits of a number before a line.
const DIGITS: usize = 3;

/// Reads an answer step by step.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    /// Bytes of the tag that is open.
    tag: usize,
    /// Whether something stands in the line already.
    in_line: bool,
    /// Whether anything was shown in another way than it is written.
    differs: bool,
}

impl Shown {
    /// A step as it is shown; nothing as long as all of the answer is shown as it is written.
    pub(crate) fn step<'t>(&mut self, step: &'t str) -> Option<Cow<'t, str>> {
        let begins_line = !self.in_line;
        let blank = step.trim_start().is_empty();
        self.in_line = if step.contains('\n') { false } else { self.in_line || !blank };
        if self.tag == 0 && is_number(step) && begins_line {
            self.differs = true;
            return Some(Cow::Owned(" ".repeat(step.len())));
        }
        if self.tag > 0 || step.bytes().any(|byte| matches!(byte, b'<' | b'&' | b'%')) {
            let shown = self.written(step);
            self.differs |= shown != step;
            return self.differs.then_some(Cow::Owned(shown));
        }
        self.differs.then_some(Cow::Borrowed(step))
    }

    fn written(&mut self, step: &str) -> String {
        let mut out = String::with_capacity(step.len());
        let mut rest = step;
        while let Some(first) = rest.chars().next() {
            let mut length = first.len_utf8();
            if self.tag > 0 {
                self.tag =
                    if first == '>' || self.tag > LONGEST { 0 } else { self.tag.saturating_add(length) };
                out.extend(std::iter::repeat_n(' ', length));
            } else if first == '<' && begins_tag(rest) {
                self.tag = 1;
                out.push(' ');
            } else {
                let (shown, taken) = match first {
                    '&' => reference(rest),
                    '%' => percent(rest),
                    _ => (first, length),
                };
                length = taken;
                fill(&mut out, shown, taken);
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        out
    }
}

/// Whether a step is a number before a line of a list, and no more.
fn is_number(step: &str) -> bool {
    let digits = step.bytes().take_while(u8::is_ascii_digit).count();
    (1..=DIGITS).contains(&digits)
        && step.get(digits..).is_some_and(|rest| matches!(rest.trim_end(), "." | ")") && rest.len() > 1)
}

fn begins_tag(text: &str) -> bool {
    text.as_bytes().get(1).is_some_and(|next| next.is_ascii_alphabetic() || *next == b'/')
}

/// The character of a reference and how long that is; the ampersand where it is none.
fn reference(text: &str) -> (char, usize) {
    let length = text.bytes().take(12).position(|byte| byte == b';').map_or(0, |at| at.saturating_add(1));
    let shown = undone(text.get(..length).unwrap_or_default(), false);
    let mut shown = shown.chars();
    match (shown.next(), shown.next()) {
        (Some(one), None) => (one, length),
        _ => ('&', 1),
    }
}

/// The character that three of percent-encoding stand for, if that is one of ASCII.
fn percent(text: &str) -> (char, usize) {
    let code = text.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    code.filter(u8::is_ascii_graphic)
        .or(code.filter(|code| *code == b' '))
        .map_or(('%', 1), |code| (char::from(code), 3))
}

/// A character in so many bytes.
fn fill(out: &mut String, character: char, length: usize) {
    let mut left = length.saturating_sub(character.len_utf8());
    if character.len_utf8() > length {
        out.extend(std::iter::repeat_n(' ', length));
        return;
    }
    out.push(character);
    if left % 2 == 1 && left > 2 {
        out.push('\u{200b}');
        left = left.saturating_sub(3);
    }
    out.extend(std::iter::repeat_n('\u{ad}', left / 2));
    out.extend(std::iter::repeat_n(' ', left % 2));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::words;

    /// The words that are shown, from the first that is shown in another way on.
    fn shown(text: &str) -> Vec<String> {
        let mut shown = Shown::default();
        let mut found = Vec::new();
        for step in text.split_inclusive([' ', '\n']) {
            let Some(step) = shown.step(step) else { continue };
            words::each(&step, 0, |word| {
                let word = step.get(word.start..word.end).unwrap_or_default();
                found.push(word.replace(['\u{ad}', '\u{200b}'], ""));
            });
        }
        found
    }

    #[test]
    fn tags_references_and_numbers_are_left_out() {
        assert_eq!(shown("<b>You</b> <span class=\"x y\">are</span><br>the"), ["You", "are", "the"]);
        assert_eq!(shown("1. You\n2) are\n3. 100. the"), ["You", "are", "100", "the"]);
        assert_eq!(shown("&#89;&#111;&#x75;&nbsp;are&amp;so"), ["You", "are", "so"]);
        assert_eq!(shown("%59%6f%75%20are 5% of"), ["You", "are", "5", "of"]);
        assert_eq!(shown("plain a < b & c 100%"), [""; 0]);
    }

    proptest::proptest! {
        #[test]
        fn every_byte_keeps_its_place(text in "[a-z<>&;#%0-9. \\n\u{e9}\u{65e5}]{0,60}") {
            let mut shown = Shown::default();
            for step in text.split_inclusive([' ', '\n']) {
                if let Some(shown) = shown.step(step) {
                    proptest::prop_assert_eq!(shown.len(), step.len());
                }
            }
        }
    }
}
