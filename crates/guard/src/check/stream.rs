//! An answer as it comes in: the text that is still held, cut into steps that do not depend on how it arrived.
//!
//! A step is a word with the blanks behind it, or one character of a script without blanks. Readers are fed step by step,
//! so the same text gives the same findings and the same released text whatever the chunks of the stream were.

use super::judgement::Reason;
use std::collections::VecDeque;
use std::fmt::Debug;
use std::ops::Range;

/// Longest step, in bytes; a longer word is cut.
pub(crate) const LONGEST_STEP: usize = 16 << 10;
/// Bytes kept before what is held, for readers that look back.
pub(crate) const CONTEXT: usize = 256;
/// Bytes that may pile up before what is no longer needed is dropped.
const SLACK: usize = 4096;

/// A step: where it is, and which kinds of bytes are in it, so that readers pass over what can be nothing to them at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kinds: Kinds,
}

impl Step {
    /// Its bytes, counted from the start of the answer.
    pub(crate) fn span(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// Kinds of bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Kinds(u16);

impl Kinds {
    pub(crate) const LINE_END: Self = Self(1);
    /// A backtick or tilde: what fences of code are made of.
    pub(crate) const FENCE: Self = Self(1 << 1);
    pub(crate) const ANGLE: Self = Self(1 << 2);
    pub(crate) const SQUARE: Self = Self(1 << 3);
    pub(crate) const SLASH: Self = Self(1 << 4);
    pub(crate) const HYPHEN: Self = Self(1 << 5);
    pub(crate) const DIGIT: Self = Self(1 << 6);
    /// `@`, `=` or `$`.
    pub(crate) const SIGN: Self = Self(1 << 7);
    pub(crate) const BACKSLASH: Self = Self(1 << 8);
    /// Any other that is neither a small or large letter nor a blank.
    pub(crate) const OTHER: Self = Self(1 << 9);
    /// Of a character beyond ASCII.
    pub(crate) const BEYOND: Self = Self(1 << 10);

    /// Both kinds.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any of these kinds is there.
    pub(crate) const fn any(self, kinds: Self) -> bool {
        self.0 & kinds.0 != 0
    }

    /// Whether there is nothing but letters and blanks of ASCII.
    pub(crate) const fn is_plain(self) -> bool {
        self.0 & !Self::LINE_END.0 == 0
    }

    /// What is in a text.
    pub(crate) fn of(text: &str) -> Self {
        let with = |kinds: u16, byte: &u8| kinds | KINDS.get(usize::from(*byte)).map_or(0, |kind| kind.0);
        Self(text.as_bytes().iter().fold(0, with))
    }
}

/// The kind of each byte.
#[expect(clippy::indexing_slicing, reason = "read by the compiler")]
const KINDS: [Kinds; 256] = {
    let mut kinds = [Kinds::OTHER; 256];
    let mut byte = 0_u8;
    loop {
        kinds[byte as usize] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b' ' | b'\t' => Kinds(0),
            b'\n' | b'\r' => Kinds::LINE_END,
            b'`' | b'~' => Kinds::FENCE,
            b'<' => Kinds::ANGLE,
            b'[' | b']' => Kinds::SQUARE,
            b'/' => Kinds::SLASH,
            b'-' => Kinds::HYPHEN,
            b'0'..=b'9' => Kinds::DIGIT,
            b'@' | b'=' | b'$' => Kinds::SIGN,
            b'\\' => Kinds::BACKSLASH,
            // A vertical tab ends a word here and none of ASCII's.
            0x80.. | 0x0B => Kinds::BEYOND,
            _ => Kinds::OTHER,
        };
        if byte == u8::MAX {
            break kinds;
        }
        byte += 1;
    }
};

/// Reads an answer step by step.
pub(crate) trait Reader: Debug + Send + Sync {
    /// Reads a step; `last` says that nothing follows it. Gives the place before which nothing more will be found.
    fn read(&mut self, tail: &Tail, step: &Step, last: bool, seen: &mut Vec<Seen>) -> usize;

    /// A reader in the same state.
    fn boxed(&self) -> Box<dyn Reader>;

    /// Whether it reads the arguments of calls too.
    fn reads_arguments(&self) -> bool {
        true
    }

    /// Whether another of its kind may read the same text once more; one that counts what all of them read may not.
    fn rereads(&self) -> bool {
        true
    }
}

/// Something a reader found; its span counts from the start of the answer.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) reason: Reason,
    /// What to put in its place.
    pub(crate) replacement: Option<String>,
}

/// The end of an answer so far. All offsets count from the start of the answer, in bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tail {
    text: String,
    /// Where `text` begins.
    base: usize,
    /// Where the step under way begins.
    begun: usize,
    /// Where to go on looking for its end.
    looked: usize,
    /// Begins of steps that are not released yet.
    starts: VecDeque<usize>,
}

impl Tail {
    /// Takes more text.
    pub(crate) fn push(&mut self, delta: &str) {
        self.text.push_str(delta);
    }

    /// One past the last byte.
    pub(crate) fn end(&self) -> usize {
        self.base.saturating_add(self.text.len())
    }

    /// The text of a span, as far as it is still held.
    pub(crate) fn get(&self, span: Range<usize>) -> &str {
        let start = span.start.saturating_sub(self.base).min(self.text.len());
        let end = span.end.saturating_sub(self.base).min(self.text.len());
        self.text
            .get(self.text.ceil_char_boundary(start)..self.text.floor_char_boundary(end))
            .unwrap_or_default()
    }

    /// Where the text that is still held begins, at or behind `place`.
    pub(crate) fn held_from(&self, place: usize) -> usize {
        let inner = place.saturating_sub(self.base).min(self.text.len());
        self.base.saturating_add(self.text.ceil_char_boundary(inner))
    }

    /// The next whole step.
    pub(crate) fn step(&mut self) -> Option<Step> {
        let begun = self.begun.saturating_sub(self.base);
        let from = self.looked.saturating_sub(self.base).max(begun);
        let mut previous = self.text.get(begun..from).and_then(|read| read.chars().next_back());
        let mut end = None;
        // Within a word of ASCII nothing ends; its bytes are passed over at once.
        let is_within = |byte: &u8| byte.is_ascii_graphic();
        let within = match previous {
            Some(previous) if !previous.is_ascii_graphic() => 0,
            _ => self
                .text
                .as_bytes()
                .get(from..)
                .unwrap_or_default()
                .iter()
                .take_while(|byte| is_within(byte))
                .count(),
        };
        let within = within.min(LONGEST_STEP.saturating_sub(from.saturating_sub(begun)));
        if within > 0 {
            previous = Some('a');
        }
        let from = from.saturating_add(within);
        for (at, character) in self.text.get(from..).unwrap_or_default().char_indices() {
            let at = from.saturating_add(at);
            if previous.is_some_and(|previous| is_border(previous, character))
                || at.saturating_sub(begun) >= LONGEST_STEP
            {
                end = Some(at);
                break;
            }
            previous = Some(character);
        }
        let Some(end) = end else {
            self.looked = self.end();
            return None;
        };
        Some(self.close(self.base.saturating_add(end)))
    }

    /// What is left when nothing follows.
    pub(crate) fn rest(&mut self) -> Step {
        self.close(self.end())
    }

    fn close(&mut self, end: usize) -> Step {
        let kinds = Kinds::of(self.get(self.begun..end));
        let step = Step { start: self.begun, end, kinds };
        self.starts.push_back(self.begun);
        self.begun = end;
        self.looked = end;
        step
    }

    /// The last begin of a step at or before `place`; what is released ends at one.
    pub(crate) fn floor(&self, place: usize) -> usize {
        if place >= self.begun {
            return self.begun;
        }
        let after = self.starts.partition_point(|start| *start <= place);
        after.checked_sub(1).and_then(|at| self.starts.get(at)).copied().unwrap_or_default()
    }

    /// Drops what lies well before `place`.
    pub(crate) fn forget(&mut self, place: usize) {
        while self.starts.get(1).is_some_and(|next| *next <= place) {
            self.starts.pop_front();
        }
        let keep = place.saturating_sub(CONTEXT).saturating_sub(self.base);
        if keep > SLACK {
            let keep = self.text.floor_char_boundary(keep);
            self.text.drain(..keep);
            self.base = self.base.saturating_add(keep);
        }
    }
}

/// Whether a step ends between two characters.
fn is_border(previous: char, next: char) -> bool {
    (previous.is_whitespace() && !next.is_whitespace()) || is_unspaced(previous) || is_unspaced(next)
}

/// Whether a character belongs to a script that sets no blanks between words: Thai to Khmer, and East Asian.
pub(crate) fn is_unspaced(character: char) -> bool {
    matches!(character, '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
        | '\u{2E80}'..='\u{A4CF}' | '\u{AC00}'..='\u{D7FF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(chunks: &[&str]) -> Vec<String> {
        let mut tail = Tail::default();
        let mut steps = Vec::new();
        for chunk in chunks {
            tail.push(chunk);
            while let Some(step) = tail.step() {
                steps.push(tail.get(step.span()).to_owned());
            }
        }
        let rest = tail.rest();
        steps.push(tail.get(rest.span()).to_owned());
        steps
    }

    #[test]
    fn a_step_is_a_word_with_its_blanks_however_it_came() {
        let expected = ["Hello,  ", "wor\u{301}ld\n\n", "日", "本", " ", "x"];
        assert_eq!(steps(&["Hello,  wor\u{301}ld\n\n日本 x"]), expected);
        assert_eq!(steps(&["He", "llo,", " ", " w", "or\u{301}", "ld\n", "\n日", "本", " x"]), expected);
    }

    #[test]
    fn an_endless_word_is_cut() {
        let word = "x".repeat(LONGEST_STEP * 2 + 1);
        assert_eq!(
            steps(&[&word]).iter().map(String::len).collect::<Vec<_>>(),
            [LONGEST_STEP, LONGEST_STEP, 1]
        );
    }

    #[test]
    fn text_is_dropped_only_well_behind() {
        let mut tail = Tail::default();
        tail.push(&"word ".repeat(4000));
        while tail.step().is_some() {}
        tail.forget(19_000);
        assert_eq!(tail.get(18_800..18_805), "word ");
        assert_eq!(tail.get(0..5), "");
        assert_eq!(tail.floor(19_002), 19_000);
    }
}
