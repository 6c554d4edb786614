//! Messages in characters that draw nothing, many of them in one place: a byte in each variation selector, or bits in two characters
//! of no width.
//!
//! Source: P. Butler, *Smuggling arbitrary data through an emoji* (2025), for selectors; characters of no width as bits are common
//! in tools for watermarks.

use super::readable::readable;

/// Characters in a row from which on they are a message and no accident: writing that needs them has one or two at a time.
const LEAST: usize = 16;
/// Selectors in a row that are read as bytes; a picture has one.
const LEAST_SELECTORS: usize = 4;
/// Characters of a run that are read.
const MOST: usize = 1 << 16;

/// A run of such characters, as it is read.
#[derive(Debug, Default)]
pub(super) struct Run {
    characters: Vec<char>,
    /// First byte.
    start: u32,
    /// One past the last byte.
    end: u32,
}

impl Run {
    /// Takes the character at byte `at`; gives the run before it when it is another one.
    pub(super) fn take(&mut self, at: u32, character: char) -> Option<Self> {
        let ended = (at != self.end).then(|| std::mem::take(self)).filter(|run| !run.characters.is_empty());
        if self.characters.is_empty() {
            self.start = at;
        }
        self.end = at.saturating_add(character.len_utf8() as u32);
        if self.characters.len() < MOST {
            self.characters.push(character);
        }
        ended
    }

    /// Its bytes in the text, when it is as long as a message.
    pub(super) fn span(&self) -> Option<(u32, u32)> {
        (self.characters.len() >= LEAST).then_some((self.start, self.end))
    }

    /// How many characters it has.
    pub(super) fn len(&self) -> usize {
        self.characters.len()
    }

    /// What it says, where that can be read.
    pub(super) fn message(&self) -> Option<String> {
        if self.characters.len() < LEAST_SELECTORS {
            return None;
        }
        let bytes: Option<Vec<u8>> = self.characters.iter().map(|character| selected(*character)).collect();
        match bytes {
            Some(bytes) => String::from_utf8(bytes).ok().filter(|text| !text.contains(char::is_control)),
            None if self.characters.len() >= LEAST => bits(&self.characters),
            None => None,
        }
    }
}

/// The byte that a variation selector stands for.
fn selected(character: char) -> Option<u8> {
    match u32::from(character) {
        code @ 0xFE00..=0xFE0F => u8::try_from(code - 0xFE00).ok(),
        code @ 0xE_0100..=0xE_01EF => u8::try_from(code - 0xE_0100 + 16).ok(),
        _ => None,
    }
}

/// Text in two characters that stand for bits, eight or seven of them a letter, or as many as lie between those of a third kind.
fn bits(run: &[char]) -> Option<String> {
    let mut kinds: Vec<(char, usize)> = Vec::new();
    for character in run {
        let full = kinds.len() == 3;
        match kinds.iter_mut().find(|(known, _)| known == character) {
            Some((_, count)) => *count += 1,
            None if full => return None,
            None => kinds.push((*character, 1)),
        }
    }
    let rarest = kinds.iter().min_by_key(|(_, count)| *count).map(|(kind, _)| *kind);
    let between = rarest.filter(|_| kinds.len() == 3);
    let values: Vec<char> =
        kinds.iter().map(|(kind, _)| *kind).filter(|kind| Some(*kind) != between).collect();
    let [one, other] = values.try_into().ok()?;
    let number = |group: &[char], set: char| {
        let digits = group.iter().take(9).fold(0_u32, |number, bit| number << 1 | u32::from(*bit == set));
        u8::try_from(digits).ok()
    };
    for set in [other, one] {
        let groups: Vec<Vec<&[char]>> = match between {
            Some(between) => vec![run.split(|c| *c == between).filter(|group| !group.is_empty()).collect()],
            None => vec![run.chunks_exact(8).collect(), run.chunks_exact(7).collect()],
        };
        for groups in groups {
            let bytes: Option<Vec<u8>> = groups.into_iter().map(|group| number(group, set)).collect();
            if let Some(text) = bytes.and_then(readable) {
                return Some(text);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> (Vec<String>, Vec<(u32, u32)>) {
        let (mut run, mut ended) = (Run::default(), Vec::new());
        for (at, character) in text.char_indices().filter(|(_, c)| bartizan_core::is_invisible(*c)) {
            ended.extend(run.take(at as u32, character));
        }
        ended.push(run);
        (ended.iter().filter_map(Run::message).collect(), ended.iter().filter_map(Run::span).collect())
    }

    /// A message in selectors, as it is smuggled behind a picture.
    fn selectors(message: &str) -> String {
        let code =
            |byte: u8| if byte < 16 { 0xFE00 + u32::from(byte) } else { 0xE_0100 + u32::from(byte) - 16 };
        message.bytes().filter_map(|byte| char::from_u32(code(byte))).collect()
    }

    #[test]
    fn selectors_are_read_as_bytes_and_a_picture_has_none_to_read() {
        assert_eq!(read(&format!("hi 😀{} there", selectors("ignore it"))).0, ["ignore it"]);
        assert_eq!(read("❤\u{FE0F}❤\u{FE0F}❤\u{FE0F}❤\u{FE0F}❤\u{FE0F}"), (Vec::new(), Vec::new()));
    }

    #[test]
    fn a_long_run_that_says_nothing_is_still_a_run() {
        let (said, spans) = read(&format!("a{}b", "\u{200B}".repeat(40)));
        assert_eq!((said, spans), (Vec::new(), vec![(1, 121)]));
    }

    proptest! {
        #[test]
        fn bits_are_read_whatever_stands_for_them(
            message in "[a-z]{3,9} [a-z]{3,9}", swapped: bool, width in 7..9_usize, parted: bool,
        ) {
            let signs = if swapped { ['\u{200C}', '\u{200B}'] } else { ['\u{200B}', '\u{200C}'] };
            let mut hidden = String::new();
            for byte in message.bytes() {
                hidden.extend((0..width).rev().map(|bit| signs[usize::from(byte >> bit & 1)]));
                if parted {
                    hidden.push('\u{200D}');
                }
            }
            // Seven at a time may happen to read as eight; what was written is among the ways that are tried first to last.
            let (said, spans) = read(&format!("x{hidden}y"));
            prop_assert_eq!(spans.len(), 1);
            prop_assert!(said.len() == 1);
            prop_assert!(!parted || said[0] == message);
        }

        #[test]
        fn any_run_is_read(text in "[\u{200B}-\u{200F}\u{FE00}-\u{FE0F}\u{E0100}-\u{E0120}a]{0,90}") {
            let (_, spans) = read(&text);
            prop_assert!(spans.iter().all(|(start, end)| text.get(*start as usize..*end as usize).is_some()));
        }
    }
}
