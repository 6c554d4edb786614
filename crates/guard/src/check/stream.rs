//! An answer as it comes in: the text that is still held, cut into steps that do not depend on how it arrived.
//!
//! A step is a word with the blanks behind it, or one character of a script without blanks. Readers are fed step by step,
//! so the same text gives the same findings and the same released text whatever the chunks of the stream were.

use super::any_of::{Sieve, shifted};
use super::calm::{Stretch, calm_word};
use super::judgement::Reason;
use super::{danger, sensitive_stream};
use std::collections::VecDeque;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::LazyLock;

/// Longest step, in bytes; a longer word is cut.
pub(crate) const LONGEST_STEP: usize = 16 << 10;
/// Bytes kept before what is held, for readers that look back.
pub(crate) const CONTEXT: usize = 256;
/// Bytes that may pile up before what is no longer needed is dropped.
const SLACK: usize = 4096;
/// Bytes that most steps have and more, so that room is made for those of a long text at once.
const LETTERS_A_STEP: usize = 6;

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
    /// A quote, a backslash or a tab, or several blanks on end: what a shell reads past.
    pub(crate) const DRESSED: Self = Self(1 << 11);
    /// A large letter.
    pub(crate) const LARGE: Self = Self(1 << 12);
    /// Three bytes on end that begin one of the texts which readers look for in every word. Told of a whole step alone.
    pub(crate) const HINT: Self = Self(1 << 13);

    /// What letters and blanks of ASCII are.
    const PLAIN: Self = Self::LINE_END.or(Self::DRESSED).or(Self::LARGE).or(Self::HINT);

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
        // Quotes are of another kind as well.
        self.0 & !Self::PLAIN.0 == 0
    }

    /// Whether there is nothing but small letters of ASCII, with one blank behind them at most, and nothing that readers look for in every
    /// word: what is nothing to any of them unless something is under way.
    pub(crate) const fn is_small(self) -> bool {
        self.0 == 0
    }

    /// What is in a text.
    pub(crate) fn of(text: &str) -> Self {
        let (mut reading, hints) = (Reading::default(), &*HINTS);
        for byte in text.bytes() {
            if is_blank(byte) {
                reading.take_blank(byte, hints);
            } else {
                reading.take(byte, hints);
                reading.last = Last::Word;
            }
        }
        reading.kinds
    }
}

/// What begins one of the texts that readers look for in every word.
static HINTS: LazyLock<Sieve> =
    LazyLock::new(|| Sieve::of(danger::TRIGGERS.iter().chain(sensitive_stream::CUES).copied()));

/// What was read of a step.
#[derive(Debug, Clone, Copy, Default)]
struct Reading {
    kinds: Kinds,
    /// Its last three bytes.
    key: usize,
    /// Its last character, as far as it tells whether the next one is of the step.
    last: Last,
}

/// The last character of a step under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Last {
    /// There is none.
    #[default]
    None,
    Word,
    Blank,
    /// Of a script without blanks.
    Unspaced,
}

impl Reading {
    /// Takes the kind of a byte.
    #[inline]
    fn take(&mut self, byte: u8, hints: &Sieve) {
        self.key = shifted(self.key, byte);
        let hint = if hints.lets_through(self.key) { Kinds::HINT } else { Kinds::default() };
        let kind = KINDS.get(usize::from(byte)).copied().unwrap_or_default();
        self.kinds = self.kinds.or(kind).or(hint);
    }

    /// Takes the bytes of a word of ASCII up to its end; gives how many.
    #[inline]
    fn take_within(&mut self, bytes: &[u8], hints: &Sieve) -> usize {
        let (mut key, mut kinds, mut hint, mut taken) = (self.key, self.kinds, false, 0_usize);
        for byte in bytes {
            if !byte.is_ascii_graphic() {
                break;
            }
            key = shifted(key, *byte);
            hint |= hints.lets_through(key);
            kinds = kinds.or(KINDS.get(usize::from(*byte)).copied().unwrap_or_default());
            taken = taken.saturating_add(1);
        }
        self.key = key;
        self.kinds = if hint { kinds.or(Kinds::HINT) } else { kinds };
        taken
    }

    /// Takes the kind of a byte behind a blank or within blanks.
    fn take_blank(&mut self, byte: u8, hints: &Sieve) {
        self.take(byte, hints);
        if self.last == Last::Blank {
            self.kinds = self.kinds.or(Kinds::DRESSED);
        }
        self.last = Last::Blank;
    }
}

/// The kind of each byte.
#[expect(clippy::indexing_slicing, reason = "read by the compiler")]
const KINDS: [Kinds; 256] = {
    let mut kinds = [Kinds::OTHER; 256];
    let mut byte = 0_u8;
    loop {
        kinds[byte as usize] = match byte {
            b'a'..=b'z' | b' ' => Kinds(0),
            b'A'..=b'Z' => Kinds::LARGE,
            b'\t' => Kinds::DRESSED,
            b'\n' | b'\r' => Kinds::LINE_END,
            b'`' | b'~' => Kinds::FENCE,
            b'<' => Kinds::ANGLE,
            b'[' | b']' => Kinds::SQUARE,
            b'/' => Kinds::SLASH,
            b'-' => Kinds::HYPHEN,
            b'0'..=b'9' => Kinds::DIGIT,
            b'@' | b'=' | b'$' => Kinds::SIGN,
            b'\\' => Kinds::BACKSLASH.or(Kinds::DRESSED),
            b'"' | b'\'' => Kinds::OTHER.or(Kinds::DRESSED),
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

    /// How far it passes over calm words that begin with this one; not at all where something is under way.
    fn passes_until(&self, _first: &Range<usize>) -> usize {
        0
    }

    /// Passes over calm words no further than it said, as if it read step by step. Gives the place before which nothing more will be found.
    fn pass(&mut self, _tail: &Tail, stretch: &Stretch) -> usize {
        stretch.end
    }

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
    /// Where to go on looking for its end, and what was read of it.
    looked: usize,
    reading: Reading,
    /// Begins of steps that are not released yet.
    starts: VecDeque<usize>,
}

impl Tail {
    /// Takes more text.
    pub(crate) fn push(&mut self, delta: &str) {
        self.text.push_str(delta);
        self.starts.reserve(delta.len() / LETTERS_A_STEP);
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

    /// The text of a step that is held as a whole, as it is while it is read.
    pub(crate) fn word(&self, step: &Step) -> &str {
        self.held(step.span())
    }

    /// The text of whole steps that are held.
    pub(crate) fn held(&self, span: Range<usize>) -> &str {
        let inner = span.start.saturating_sub(self.base)..span.end.saturating_sub(self.base);
        self.text.get(inner).unwrap_or_default()
    }

    /// Where the text that is still held begins, at or behind `place`.
    pub(crate) fn held_from(&self, place: usize) -> usize {
        let inner = place.saturating_sub(self.base).min(self.text.len());
        self.base.saturating_add(self.text.ceil_char_boundary(inner))
    }

    /// The next word where it is a whole step, and calm.
    pub(crate) fn calm(&self) -> Option<Range<usize>> {
        let begun = self.begun.saturating_sub(self.base);
        let rest = self.text.as_bytes().get(begun..).filter(|_| self.looked == self.begun)?;
        let length = calm_word(rest, &HINTS)?;
        Some(self.begun..self.begun.saturating_add(length))
    }

    /// Takes the next word, which is [calm](Self::calm), and what stands behind it and is so too, as steps. They end no further than `until`;
    /// none are taken where the first ends behind that.
    pub(crate) fn stretch(&mut self, first: Range<usize>, until: usize) -> Option<Stretch> {
        if first.end > until {
            return None;
        }
        let mut stretch =
            Stretch { start: first.start, before: first.start, last: first.start, end: first.end };
        self.starts.push_back(first.start);
        let hints = &*HINTS;
        let bytes = self.text.as_bytes();
        while let Some(length) =
            bytes.get(stretch.end.saturating_sub(self.base)..).and_then(|rest| calm_word(rest, hints))
        {
            let end = stretch.end.saturating_add(length);
            if end > until {
                break;
            }
            self.starts.push_back(stretch.end);
            stretch = Stretch { before: stretch.last, last: stretch.end, end, ..stretch };
        }
        self.begun = stretch.end;
        self.looked = stretch.end;
        Some(stretch)
    }

    /// The next whole step.
    pub(crate) fn step(&mut self) -> Option<Step> {
        if let Some(step) = self.word_and_blank() {
            return Some(step);
        }
        let begun = self.begun.saturating_sub(self.base);
        let mut at = self.looked.saturating_sub(self.base);
        let (mut reading, hints) = (self.reading, &*HINTS);
        let longest = begun.saturating_add(LONGEST_STEP);
        let bytes = self.text.as_bytes();
        loop {
            // Within a word of ASCII nothing ends.
            if reading.last == Last::Word {
                let within = bytes.get(at..longest.min(bytes.len())).unwrap_or_default();
                at = at.saturating_add(reading.take_within(within, hints));
            }
            let Some(byte) = bytes.get(at).copied() else {
                (self.looked, self.reading) = (self.end(), reading);
                return None;
            };
            let next = match byte {
                _ if is_blank(byte) => Last::Blank,
                0..0x80 => Last::Word,
                _ => {
                    let character = self.text.get(at..).and_then(|rest| rest.chars().next());
                    Last::of(character.unwrap_or_default())
                }
            };
            let ends = match reading.last {
                Last::None => false,
                Last::Word => next == Last::Unspaced,
                Last::Blank => next != Last::Blank,
                Last::Unspaced => true,
            };
            if ends || at >= longest {
                return Some(self.close(self.base.saturating_add(at), reading.kinds));
            }
            if is_blank(byte) {
                reading.take_blank(byte, hints);
                at = at.saturating_add(1);
                continue;
            }
            let end = self.text.ceil_char_boundary(at.saturating_add(1));
            for byte in bytes.get(at..end).unwrap_or_default() {
                reading.take(*byte, hints);
            }
            (reading.last, at) = (next, end);
        }
    }

    /// The next step where that is as most are: a word of ASCII that was not looked at yet, one blank, and another word of ASCII.
    fn word_and_blank(&mut self) -> Option<Step> {
        let begun = self.begun.saturating_sub(self.base);
        let rest = self.text.as_bytes().get(begun..).filter(|_| self.looked == self.begun)?;
        let hints = &*HINTS;
        let mut reading = Reading::default();
        let length = reading.take_within(rest.get(..LONGEST_STEP.min(rest.len())).unwrap_or_default(), hints);
        let behind =
            rest.get(length..length.saturating_add(2)).filter(|_| (1..LONGEST_STEP).contains(&length))?;
        let [b' ', next] = behind else { return None };
        if !next.is_ascii_graphic() {
            return None;
        }
        reading.take(b' ', hints);
        Some(self.close(self.begun.saturating_add(length).saturating_add(1), reading.kinds))
    }

    /// What is left when nothing follows.
    pub(crate) fn rest(&mut self) -> Step {
        let kinds = Kinds::of(self.get(self.begun..self.end()));
        self.close(self.end(), kinds)
    }

    fn close(&mut self, end: usize, kinds: Kinds) -> Step {
        let step = Step { start: self.begun, end, kinds };
        self.starts.push_back(self.begun);
        self.begun = end;
        self.looked = end;
        self.reading = Reading::default();
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
        let gone = self.starts.partition_point(|start| *start <= place).saturating_sub(1);
        self.starts.drain(..gone);
        let keep = place.saturating_sub(CONTEXT).saturating_sub(self.base);
        if keep > SLACK {
            let keep = self.text.floor_char_boundary(keep);
            self.text.drain(..keep);
            self.base = self.base.saturating_add(keep);
        }
    }
}

impl Last {
    fn of(character: char) -> Self {
        match character {
            _ if is_unspaced(character) => Self::Unspaced,
            _ if character.is_whitespace() => Self::Blank,
            _ => Self::Word,
        }
    }
}

/// A step without the blanks behind it, of which most have one.
pub(crate) fn without_blanks(step: &str) -> &str {
    match step.as_bytes() {
        [.., before, b' '] if before.is_ascii_graphic() => {
            step.get(..step.len().saturating_sub(1)).unwrap_or_default()
        }
        _ => step.trim_end(),
    }
}

/// Whether a byte is white space of ASCII.
const fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
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
                steps.push(tail.word(&step).to_owned());
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

    proptest::proptest! {
        #[test]
        fn steps_end_at_borders_and_say_what_is_in_them(
            text in "([a-zA-Z,.0-9\"']{0,9}[ \t\n]{0,2}|日本|\u{3000}|\u{A0}|é|\u{B}|rm |\\PC){0,30}", chunk in 1_usize..9,
        ) {
            let (mut tail, mut found, mut at) = (Tail::default(), Vec::new(), 0);
            while at < text.len() {
                let end = text.ceil_char_boundary((at + chunk).min(text.len()));
                tail.push(&text[at..end]);
                found.extend(std::iter::from_fn(|| tail.step()));
                at = end;
            }
            found.push(tail.rest());
            let is_border = |one: char, next: char| {
                one.is_whitespace() && !next.is_whitespace() || is_unspaced(one) || is_unspaced(next)
            };
            let places = text.char_indices().zip(text.chars().skip(1));
            let ends = places.filter(|((_, one), next)| is_border(*one, *next));
            let mut ends: Vec<usize> = ends.map(|((at, one), _)| at + one.len_utf8()).collect();
            ends.push(text.len());
            proptest::prop_assert_eq!(found.iter().map(|step| step.end).collect::<Vec<_>>(), ends);
            for step in found {
                let word = &text[step.span()];
                // Blanks beyond ASCII count as blanks before others where characters are told apart.
                let loose = |kinds: Kinds| kinds.or(Kinds::DRESSED);
                proptest::prop_assert_eq!(loose(step.kinds), loose(Kinds::of(word)), "{}", word);
                let small = word.to_ascii_lowercase();
                let mut hints = danger::TRIGGERS.iter().chain(sensitive_stream::CUES).copied();
                let is_there = hints.any(|hint: &str| small.contains(hint));
                proptest::prop_assert!(step.kinds.any(Kinds::HINT) || !is_there);
                let is_dressed = word.contains(['"', '\'', '\t', '\\']) || word.contains("  ");
                proptest::prop_assert!(step.kinds.any(Kinds::DRESSED) || !is_dressed);
                proptest::prop_assert_eq!(without_blanks(word), word.trim_end());
            }
        }
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
