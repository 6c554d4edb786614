//! What an answer shows to whoever reads it as a page: tags and comments aside, character references, escapes and percent-encoding undone,
//! letters in other forms as the plain ones, numbers before the lines of a list left out.
//!
//! Every byte keeps its place: what is left out are blanks or [`NOTHING`], and what is shorter than it is written is filled up with that.

use super::fence::INLINE;
use bartizan_text::plain_form;
use bartizan_text::references::reference;
use std::borrow::Cow;

/// What stands in the place of what is not shown, and ends no word.
pub(crate) const NOTHING: char = '\u{7f}';

/// Longest tag, and longest destination of a link, in bytes.
const LONGEST: usize = 256;
/// Longest comment.
const LONGEST_COMMENT: usize = 4096;
/// Longest name of an element that is told from others.
const LONGEST_NAME: usize = 12;
/// Most digits of a number before a line.
const DIGITS: usize = 3;

/// Reads an answer step by step.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    within: Within,
    /// Whether something stands in the line already.
    in_line: bool,
    /// Whether anything was shown in another way than it is written.
    differs: bool,
    /// Whether what stands within a word does not part it: tags of elements within lines, and marks of Markdown.
    joins: bool,
}

/// What is under way that is not shown, and its bytes so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Text,
    /// A tag; whether it parts words.
    Tag(usize, bool),
    Comment(usize),
    /// Where a link of Markdown leads to.
    Destination(usize),
}

impl Shown {
    /// A reading in which only what a page shows as a gap parts words.
    pub(crate) fn joining() -> Self {
        Self { joins: true, ..Self::default() }
    }

    /// Whether nothing is under way that is not shown.
    pub(crate) fn is_idle(&self) -> bool {
        self.within == Within::Text
    }

    /// Whether the next step begins a line.
    pub(crate) fn begins_line(&self) -> bool {
        !self.in_line
    }

    /// A step as it is shown; nothing as long as all of the answer is shown as it is written.
    pub(crate) fn step<'t>(&mut self, step: &'t str) -> Option<Cow<'t, str>> {
        let shown = self.read(step);
        self.differs |= matches!(shown, Cow::Owned(_));
        self.differs.then_some(shown)
    }

    /// A step as it is shown, of the length that it has.
    pub(crate) fn read<'t>(&mut self, step: &'t str) -> Cow<'t, str> {
        let begins_line = !self.in_line;
        let blank = step.trim_start().is_empty();
        self.in_line = if step.contains('\n') { false } else { self.in_line || !blank };
        if self.within == Within::Text && is_number(step) && begins_line {
            return Cow::Owned(" ".repeat(step.len()));
        }
        let is_marked = |byte: u8| match byte {
            // The last three are what forms of ASCII begin with, and neither letters of Europe nor of East Asia do.
            b'<' | b'&' | b'%' | b'\\' | 0xE2 | 0xEF | 0xF0 => true,
            b'*' | b'`' | b'~' | b'[' | b']' => self.joins,
            _ => false,
        };
        if self.within == Within::Text && !step.bytes().any(is_marked) {
            return Cow::Borrowed(step);
        }
        let shown = self.written(step);
        if shown == step { Cow::Borrowed(step) } else { Cow::Owned(shown) }
    }

    /// Passes over a step of letters and blanks alone while nothing is under way.
    pub(crate) fn pass(&mut self, ends_line: bool) {
        self.in_line = !ends_line;
    }

    fn written(&mut self, step: &str) -> String {
        let mut out = String::with_capacity(step.len());
        let mut rest = step;
        while let Some(first) = rest.chars().next() {
            let (shown, taken) = self.next(first, rest);
            let until = out.len().saturating_add(taken);
            out.push(shown);
            let filler = if shown == ' ' { ' ' } else { NOTHING };
            out.extend(std::iter::repeat_n(filler, until.saturating_sub(out.len())));
            rest = rest.get(taken..).unwrap_or_default();
        }
        out
    }

    /// What is shown next, and of how many bytes it is.
    fn next(&mut self, first: char, rest: &str) -> (char, usize) {
        let length = first.len_utf8();
        let gap = |parts: bool| if parts { ' ' } else { NOTHING };
        match self.within {
            Within::Tag(bytes, parts) => {
                let ends = first == '>' || bytes > LONGEST;
                self.within =
                    if ends { Within::Text } else { Within::Tag(bytes.saturating_add(length), parts) };
                return (gap(parts), length);
            }
            Within::Comment(bytes) => {
                let ends = rest.starts_with("-->") || bytes > LONGEST_COMMENT;
                let length = if rest.starts_with("-->") { 3 } else { length };
                self.within = if ends { Within::Text } else { Within::Comment(bytes.saturating_add(length)) };
                return (gap(!self.joins), length);
            }
            Within::Destination(bytes) => {
                let ends = first == ')' || bytes > LONGEST;
                self.within =
                    if ends { Within::Text } else { Within::Destination(bytes.saturating_add(length)) };
                return (NOTHING, length);
            }
            Within::Text => {}
        }
        match first {
            '<' if rest.starts_with("<!--") => {
                self.within = Within::Comment(4);
                (gap(!self.joins), 4)
            }
            '<' if begins_tag(rest) => {
                let parts = !self.joins || parts_words(rest);
                self.within = Within::Tag(1, parts);
                (gap(parts), 1)
            }
            ']' if self.joins && rest.starts_with("](") => {
                self.within = Within::Destination(2);
                (NOTHING, 2)
            }
            '*' | '`' | '[' | ']' if self.joins => (NOTHING, 1),
            '~' if self.joins && rest.starts_with("~~") => (NOTHING, 2),
            // Between words a dash is as good as another.
            '\u{2010}'..='\u{2015}' if !self.joins => (first, length),
            _ => decoded(rest).unwrap_or((first, length)),
        }
    }
}

/// What is shown of a character that is written as more than itself, or in another form, and how long that is.
pub(crate) fn decoded(text: &str) -> Option<(char, usize)> {
    match text.chars().next()? {
        '&' => reference(text).filter(|(shown, length)| {
            shown.len_utf8() <= *length && text.get(..*length).is_some_and(|all| all.ends_with(';'))
        }),
        '%' => percent(text),
        '\\' => escape(text),
        other if other.is_ascii() => None,
        other => plain_form(other).map(|plain| (plain, other.len_utf8())),
    }
}

/// How long what is written at the beginning of a text is that one character is shown for.
pub(crate) fn width(text: &str) -> usize {
    decoded(text).map_or_else(|| text.chars().next().map_or(0, char::len_utf8), |(_, length)| length)
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

/// Whether a page shows a gap where a tag stands.
fn parts_words(tag: &str) -> bool {
    let name = tag.trim_start_matches(['<', '/']);
    let length = name.bytes().take(LONGEST_NAME).take_while(u8::is_ascii_alphanumeric).count();
    let name = name.get(..length).unwrap_or_default();
    name.eq_ignore_ascii_case("br") || !INLINE.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The character that percent-encoding stands for, also where its signs were encoded again, if that is one of ASCII.
fn percent(text: &str) -> Option<(char, usize)> {
    let bytes = text.as_bytes();
    let mut at = 1_usize;
    while bytes.get(at..at.saturating_add(2)) == Some(b"25") && at < LONGEST_NAME {
        let next = bytes.get(at.saturating_add(2)..at.saturating_add(4))?;
        if !next.iter().all(u8::is_ascii_hexdigit) {
            break;
        }
        at = at.saturating_add(2);
    }
    let end = at.saturating_add(2);
    let code = u8::from_str_radix(text.get(at..end)?, 16).ok()?;
    (code.is_ascii_graphic() || code == b' ').then_some((char::from(code), end))
}

/// The character that an escape of Markdown, of JSON or of a programming language stands for: `\_`, `\u005f`, `\u{5f}`, `\x5f`.
fn escape(text: &str) -> Option<(char, usize)> {
    let next = text.chars().nth(1)?;
    if next.is_ascii_punctuation() {
        return Some((next, 2));
    }
    let (digits, end) = match (next, text.as_bytes().get(2)) {
        ('u', Some(b'{')) => {
            let length = text.get(3..)?.bytes().take(7).position(|byte| byte == b'}')?;
            (text.get(3..length.saturating_add(3))?, length.saturating_add(4))
        }
        ('u', _) => (text.get(2..6)?, 6),
        ('U', _) => (text.get(2..10)?, 10),
        ('x', _) => (text.get(2..4)?, 4),
        _ => return None,
    };
    let character = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
    (character.len_utf8() <= end && !character.is_control()).then_some((character, end))
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
                found.push(word.replace(NOTHING, ""));
            });
        }
        found
    }

    fn joined(text: &str) -> String {
        let mut shown = Shown::joining();
        let all: String =
            text.split_inclusive([' ', '\n']).map(|step| shown.read(step).into_owned()).collect();
        all.replace(NOTHING, "")
    }

    #[test]
    fn tags_references_and_numbers_are_left_out() {
        assert_eq!(shown("<b>You</b> <span class=\"x y\">are</span><br>the"), ["You", "are", "the"]);
        assert_eq!(shown("1. You\n2) are\n3. 100. the"), ["You", "are", "100", "the"]);
        assert_eq!(shown("&#89;&#111;&#x75;&nbsp;are&amp;so"), ["You", "are", "so"]);
        assert_eq!(shown("%59%6f%75%20are 5% of"), ["You", "are", "5", "of"]);
        assert_eq!(shown("\\u0059ou\u{ff21}re so <!-- not --> new"), ["YouAre", "so", "new"]);
        assert_eq!(shown("plain a < b & c 100% C:\\dir"), [""; 0]);
    }

    #[test]
    fn what_a_page_shows_as_one_word_is_one() {
        for (text, word) in [
            ("gh<b>p</b>_", "ghp_"),
            ("gh<span class=\"x y\">p_</span>", "ghp_"),
            ("gh<!-- a > b -->p_", "ghp_"),
            ("g**h**p`_`~~x~~", "ghp_x"),
            ("[gh](https://a.example/ b)p_", "ghp_"),
            ("gh&ZeroWidthSpace;p&lowbar;", "gh\u{200b}p_"),
            ("%67%2568p%25255f", "ghp_"),
            ("\\x67\\u0068\\u{70}\\_", "ghp_"),
            ("ｇ𝐡ⓟ＿", "ghp_"),
        ] {
            assert_eq!(joined(text), word, "{text}");
        }
        assert_eq!(joined("gh<br>p<td>_"), "gh    p    _");
    }

    proptest::proptest! {
        #[test]
        fn every_byte_keeps_its_place(text in "[a-z<>&;#%0-9. \\n\\\\u*`\\[\\]()!\u{e9}\u{65e5}\u{ff41}-]{0,60}") {
            for mut shown in [Shown::default(), Shown::joining()] {
                for step in text.split_inclusive([' ', '\n']) {
                    proptest::prop_assert_eq!(shown.read(step).len(), step.len());
                }
            }
        }
    }
}
