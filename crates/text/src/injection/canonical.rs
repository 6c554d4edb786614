//! A text as a reader takes it, whatever it is written in: compatibility forms, accents, look-alike letters, characters
//! no one sees and white space are folded away, and every byte remembers where in the original it came from.
//!
//! Sources: Unicode 16 normalisation form KD (UAX #15), confusable letters of UTS #39 for words of mixed scripts, tag
//! characters (U+E0020..U+E007E), regional indicator letters.

use super::buried::Run;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A folded text and the way back.
#[derive(Debug, Clone, Default)]
pub struct Canonical {
    text: String,
    /// For every byte of `text`, the byte of the original at which its character begins.
    origin: Vec<u32>,
    /// What had to be undone.
    pub tricks: Tricks,
    /// Text that was written in tag characters or others that no one sees.
    pub tagged: String,
    /// The bytes of the original that the first long run of characters that no one sees lies in.
    pub buried: Option<(u32, u32)>,
}

/// What was done to letters so that a filter would not read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tricks {
    /// Characters no one sees inside words.
    pub invisible: u32,
    /// Letters of one script that stand for those of another inside a word.
    pub confusable: u32,
    /// Letters in mathematical, full-width or enclosed form.
    pub styled: u32,
    /// Characters that turn the direction of text.
    pub direction: u32,
    /// Invisible characters that say something: tags, and those that were read as bytes or bits.
    pub tags: u32,
}

impl Tricks {
    /// Whether there are more of them than an honest text has by accident.
    pub fn any(&self) -> bool {
        self.invisible >= 2
            || self.confusable >= 1
            || self.styled >= 4
            || self.direction >= 1
            || self.tags >= 4
    }
}

/// Longest text that is folded at once, in bytes: offsets are 32 bits wide.
pub const LONGEST: usize = 1 << 30;

impl Canonical {
    /// Folds `text`, of which the first [`LONGEST`] bytes are read. Time and memory grow with its length.
    pub fn of(text: &str) -> Self {
        let mut folded = Folding::new(text.len().min(LONGEST));
        let mut end = text.len().min(LONGEST);
        while !text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        let text = text.get(..end).unwrap_or_default();
        let mut begin = 0;
        while let Some(character) = text.get(begin..).and_then(|rest| rest.chars().next()) {
            let at = u32::try_from(begin).unwrap_or(u32::MAX);
            if !character.is_ascii() {
                folded.other(at, character);
            } else if folded.word.is_empty() && folded.hidden == 0 {
                let rest = text.as_bytes().get(begin..).unwrap_or_default();
                let length = leading_ascii(rest);
                folded.plain(at, rest.get(..length).unwrap_or_default());
                begin = begin.saturating_add(length);
                continue;
            } else {
                folded.ascii(at, character);
            }
            begin = begin.saturating_add(character.len_utf8());
        }
        folded.end()
    }

    /// The folded text: lower case, single spaces.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The folded text by itself.
    pub fn into_text(self) -> String {
        self.text
    }

    /// The byte of the original at which the character of this byte begins; its length for the end.
    pub fn origin(&self, byte: usize) -> usize {
        self.origin.get(byte).map_or_else(
            || self.origin.last().map_or(0, |last| *last as usize + 1),
            |origin| *origin as usize,
        )
    }
}

/// Folding in progress.
struct Folding {
    out: Canonical,
    /// The letters of the word being read, folded, with their places.
    word: Vec<(char, u32)>,
    latin: bool,
    other: bool,
    /// Invisible characters since the last visible one.
    hidden: u32,
    /// The run of invisible characters that was read last.
    run: Run,
    spaced: bool,
}

impl Folding {
    fn new(length: usize) -> Self {
        let out = Canonical {
            text: String::with_capacity(length),
            origin: Vec::with_capacity(length),
            ..Canonical::default()
        };
        Self {
            out,
            word: Vec::new(),
            latin: false,
            other: false,
            hidden: 0,
            run: Run::default(),
            spaced: true,
        }
    }

    /// Takes ASCII while no word of other letters is open and nothing invisible came before: what [`Self::ascii`] does character by
    /// character, many at a time.
    fn plain(&mut self, mut at: u32, run: &[u8]) {
        for chunk in run.chunks(64) {
            let mut buffer = [0_u8; 64];
            let mut doubled = false;
            let mut spaced = self.spaced;
            for (slot, byte) in buffer.iter_mut().zip(chunk) {
                let space = *byte <= b' ' || *byte == 0x7F;
                *slot = if space { b' ' } else { byte.to_ascii_lowercase() };
                doubled |= space & spaced;
                spaced = space;
            }
            let folded = buffer.get(..chunk.len()).unwrap_or_default();
            if doubled {
                self.singly(at, folded);
            } else {
                self.out.text.push_str(std::str::from_utf8(folded).unwrap_or_default());
                self.out.origin.extend(at..at + chunk.len() as u32);
                self.spaced = spaced;
            }
            at += chunk.len() as u32;
        }
        self.latin = run.last().is_some_and(u8::is_ascii_alphabetic);
    }

    /// Takes folded ASCII without the spaces that follow another.
    fn singly(&mut self, at: u32, folded: &[u8]) {
        for (byte, at) in folded.iter().zip(at..) {
            if *byte != b' ' || !self.spaced {
                self.out.text.push(char::from(*byte));
                self.out.origin.push(at);
            }
            self.spaced = *byte == b' ';
        }
    }

    fn ascii(&mut self, at: u32, character: char) {
        if character.is_ascii_alphabetic() {
            if self.word.is_empty() {
                if self.latin {
                    self.out.tricks.invisible = self.out.tricks.invisible.saturating_add(self.hidden);
                }
                self.hidden = 0;
                self.put(at, character.to_ascii_lowercase());
                self.latin = true;
            } else {
                self.letter(at, character.to_ascii_lowercase());
            }
        } else {
            self.flush();
            if character.is_ascii_whitespace() || character.is_ascii_control() {
                self.space(at);
            } else {
                self.put(at, character);
            }
        }
    }

    fn other(&mut self, at: u32, character: char) {
        let tag = u32::from(character).wrapping_sub(0xE_0000);
        if (0x20..0x7F).contains(&tag) {
            self.out.tricks.tags = self.out.tricks.tags.saturating_add(1);
            self.out.tagged.extend(u8::try_from(tag).map(char::from));
            return;
        }
        if matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}') {
            self.out.tricks.direction = self.out.tricks.direction.saturating_add(1);
            return;
        }
        if bartizan_core::is_invisible(character) {
            self.hidden = self.hidden.saturating_add(1);
            if let Some(ended) = self.run.take(at, character) {
                self.unearth(&ended);
            }
            return;
        }
        if character.is_whitespace() {
            self.flush();
            self.space(at);
            return;
        }
        let indicator = u32::from(character).wrapping_sub(0x1_F1E6);
        if indicator < 26 {
            self.out.tricks.styled = self.out.tricks.styled.saturating_add(1);
            let letter =
                u8::try_from(indicator).map_or('a', |letter| char::from(letter.saturating_add(b'a')));
            self.letter(at, letter);
            return;
        }
        let mut letters = 0_u32;
        for folded in std::iter::once(character).nfkd().take(18) {
            if is_combining_mark(folded) {
                continue;
            }
            if folded.is_ascii_alphabetic() && !is_accented(character) {
                letters = letters.saturating_add(1);
            }
            for lower in folded.to_lowercase() {
                let lower = punctuation(lower);
                if lower.is_alphabetic() {
                    self.letter(at, lower);
                } else {
                    self.flush();
                    if lower.is_whitespace() { self.space(at) } else { self.put(at, lower) }
                }
            }
        }
        self.out.tricks.styled = self.out.tricks.styled.saturating_add(letters);
    }

    /// Takes what a run of invisible characters says.
    fn unearth(&mut self, run: &Run) {
        self.out.buried = self.out.buried.or(run.span());
        if let Some(message) = run.message() {
            self.out.tricks.tags =
                self.out.tricks.tags.saturating_add(u32::try_from(run.len()).unwrap_or(u32::MAX));
            self.out.tagged.push_str(&message);
        }
    }

    /// Ends the text.
    fn end(mut self) -> Canonical {
        self.flush();
        let run = std::mem::take(&mut self.run);
        self.unearth(&run);
        self.out
    }

    /// A letter of a word, whose script decides at the end of the word what it is.
    fn letter(&mut self, at: u32, letter: char) {
        if self.word.is_empty() && self.latin {
            // The word began in plain letters that are already written; what follows joins it.
            self.begin_again();
        }
        if self.hidden > 0 {
            if !self.word.is_empty() {
                self.out.tricks.invisible = self.out.tricks.invisible.saturating_add(self.hidden);
            }
            self.hidden = 0;
        }
        if letter.is_ascii() {
            self.latin = true;
        } else if latin_twin(letter).is_some() {
            self.other = true;
        }
        self.word.push((letter, at));
    }

    /// Takes the plain letters at the end of the text back into the word.
    fn begin_again(&mut self) {
        let kept = self.out.text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len();
        let tail = self.out.text.split_off(kept);
        let places = self.out.origin.split_off(kept);
        self.word.extend(tail.chars().zip(places));
    }

    /// Ends the word.
    fn flush(&mut self) {
        let mixed = self.latin && self.other;
        for (letter, at) in std::mem::take(&mut self.word) {
            let twin = mixed.then(|| latin_twin(letter)).flatten();
            if twin.is_some() {
                self.out.tricks.confusable = self.out.tricks.confusable.saturating_add(1);
            }
            self.put(at, twin.unwrap_or(letter));
        }
        self.latin = false;
        self.other = false;
    }

    fn space(&mut self, at: u32) {
        if !self.spaced {
            self.put(at, ' ');
            self.spaced = true;
        }
        self.hidden = 0;
    }

    fn put(&mut self, at: u32, character: char) {
        self.out.text.push(character);
        for _ in 0..character.len_utf8() {
            self.out.origin.push(at);
        }
        self.spaced = false;
    }
}

/// Bytes of ASCII that a text begins with.
fn leading_ascii(bytes: &[u8]) -> usize {
    const BLOCK: usize = 64;
    let whole = bytes.chunks_exact(BLOCK).take_while(|block| block.is_ascii()).count() * BLOCK;
    let rest = bytes.get(whole..).unwrap_or_default();
    whole + rest.iter().position(|byte| !byte.is_ascii()).unwrap_or(rest.len())
}

/// Letters with an accent of Latin languages, whose plain form is no trick.
fn is_accented(character: char) -> bool {
    matches!(u32::from(character), 0xC0..=0x24F | 0x1E00..=0x1EFF)
}

/// Typographic quotes and dashes as typed ones.
fn punctuation(character: char) -> char {
    match character {
        '\u{2018}' | '\u{2019}' | '\u{201B}' | '\u{2032}' => '\'',
        '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{2033}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        other => other,
    }
}

/// The Latin letter that this letter of another script, or small capital, is taken for.
pub(crate) fn latin_twin(letter: char) -> Option<char> {
    Some(match letter {
        'а' | 'α' | 'ɑ' | 'ᴀ' => 'a',
        'в' | 'ʙ' | 'β' => 'b',
        'с' | 'ϲ' | 'ᴄ' => 'c',
        'ԁ' | 'ᴅ' => 'd',
        'е' | 'є' | 'ε' | 'ᴇ' => 'e',
        'ғ' | 'ꜰ' => 'f',
        'ɡ' | 'ɢ' => 'g',
        'һ' | 'н' | 'ʜ' => 'h',
        'і' | 'ι' | 'ı' | 'ɪ' => 'i',
        'ј' | 'ᴊ' => 'j',
        'к' | 'κ' | 'ᴋ' => 'k',
        'ӏ' | 'ʟ' => 'l',
        'м' | 'ᴍ' => 'm',
        'п' | 'ո' | 'η' | 'ɴ' => 'n',
        'о' | 'ο' | 'σ' | 'ᴏ' | 'օ' => 'o',
        'р' | 'ρ' | 'ᴘ' => 'p',
        'ԛ' => 'q',
        'г' | 'ʀ' => 'r',
        'ѕ' | 'ꜱ' => 's',
        'т' | 'τ' | 'ᴛ' => 't',
        'υ' | 'ᴜ' | 'ս' => 'u',
        'ν' | 'ѵ' | 'ᴠ' => 'v',
        'ѡ' | 'ω' | 'ᴡ' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' | 'ʏ' => 'y',
        'ᴢ' => 'z',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn styled_letters_and_letters_of_other_scripts_read_as_latin_and_point_back() {
        let text = "𝗜𝗴𝗻𝗼𝗿𝗲  аll pr\u{200b}evio\u{200b}us";
        let folded = Canonical::of(text);
        assert_eq!(folded.text(), "ignore all previous");
        let at = folded.text().find("previous").unwrap_or_default();
        assert_eq!(text.get(folded.origin(at)..).map(|rest| rest.starts_with("pr\u{200b}")), Some(true));
        assert_eq!(folded.tricks, Tricks { invisible: 2, confusable: 1, styled: 6, direction: 0, tags: 0 });
    }

    #[test]
    fn a_text_in_russian_or_with_accents_is_no_trick() {
        let folded = Canonical::of("Привет, как дела? Señor Müller’s café");
        assert_eq!(folded.text(), "привет, как дела? senor muller's cafe");
        assert!(!folded.tricks.any());
    }

    #[test]
    fn tag_characters_are_read_apart() {
        let hidden: String =
            "do it".chars().filter_map(|c| char::from_u32(u32::from(c) + 0xE_0000)).collect();
        let folded = Canonical::of(&format!("fine{hidden}."));
        assert_eq!((folded.text(), folded.tagged.as_str()), ("fine.", "do it"));
    }

    /// Character by character, as the fast way must do it too.
    fn slowly(text: &str) -> Canonical {
        let mut folded = Folding::new(text.len());
        for (at, character) in text.char_indices() {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            if character.is_ascii() {
                folded.ascii(at, character);
            } else {
                folded.other(at, character);
            }
        }
        folded.end()
    }

    proptest! {
        #[test]
        fn many_characters_at_a_time_fold_as_one_by_one(
            text in "([A-Za-z]{1,9}|[ \\t\\n]{1,3}|[.,!-]|\u{200b}|а|é|𝗜|\u{202e}|\u{e0041}|\u{1}| {250,260}|\u{fe01}{5,20}|\\PC){0,30}",
        ) {
            let (fast, slow) = (Canonical::of(&text), slowly(&text));
            prop_assert_eq!((&fast.text, &fast.origin), (&slow.text, &slow.origin));
            prop_assert_eq!((fast.tricks, fast.tagged, fast.buried), (slow.tricks, slow.tagged, slow.buried));
        }

        #[test]
        fn every_byte_points_to_a_character_of_the_original(text in "\\PC{0,60}") {
            let folded = Canonical::of(&text);
            prop_assert_eq!(folded.text().len(), folded.origin.len());
            let mut before = 0;
            for byte in 0..folded.text().len() {
                let origin = folded.origin(byte);
                prop_assert!(text.is_char_boundary(origin) && origin >= before);
                before = origin;
            }
        }
    }
}
