//! Characters that are not seen, steer the direction of text, or are not what they seem; and bytes decoded wrongly.
//!
//! Sources: Unicode 16 (default-ignorable code points, tag characters, bidirectional controls of UAX #9), the mixed-script
//! rule of UTS #39 section 5 for words of Latin, Greek and Cyrillic letters, and RFC 3629 for overlong UTF-8.

use crate::hit::{Class, Kind, Raw};

const fn kind(id: &'static str, name: &'static str) -> Kind {
    Kind { id, name, class: Class::Character }
}

static INVISIBLE: Kind = kind("invisible-characters", "characters no one sees");
static TAGS: Kind = kind("tag-characters", "text in invisible tag characters");
static DIRECTION: Kind = kind("direction-override", "characters that turn the direction of text");
static MIXED: Kind = kind("mixed-script-word", "a word of letters from two scripts");
static MOJIBAKE: Kind = kind("wrong-encoding", "text decoded by the wrong encoding");
static OVERLONG: Kind = kind("overlong-encoding", "a character in more bytes than UTF-8 allows");

/// Finds such characters; a run of one sort is one hit.
pub(crate) fn scan(text: &[u8], raw: &mut Vec<Raw>) {
    if text.is_ascii() {
        return;
    }
    let mut at = 0;
    for chunk in text.utf8_chunks() {
        valid(chunk.valid(), at, raw);
        at += chunk.valid().len();
        for (inner, &byte) in chunk.invalid().iter().enumerate() {
            if matches!(byte, 0xC0 | 0xC1) {
                raw.push(Raw::new(
                    &OVERLONG,
                    at + inner,
                    at + inner + 1,
                    0.9,
                    "a lead byte UTF-8 never uses",
                ));
            }
        }
        at += chunk.invalid().len();
    }
}

fn valid(text: &str, base: usize, raw: &mut Vec<Raw>) {
    let mut run: Option<(&'static Kind, usize, usize, usize)> = None;
    let mut word: Option<Word> = None;
    let mut previous = '\0';
    for (at, character) in text.char_indices() {
        let end = at + character.len_utf8();
        let sort = sort(character, previous, text.get(end..).and_then(|rest| rest.chars().next()));
        match (&mut run, sort) {
            (Some((kind, _, last, count)), Some(now)) if kind.id == now.id => {
                *last = end;
                *count += 1;
            }
            (_, now) => {
                raw.extend(run.take().and_then(|run| close(run, base)));
                run = now.map(|kind| (kind, at, end, 1));
            }
        }
        if character.is_alphabetic() {
            let word = word.get_or_insert(Word { start: at, end, scripts: 0 });
            word.end = end;
            word.scripts |= script(character);
        } else if !matches!(sort, Some(kind) if kind.id == INVISIBLE.id) {
            raw.extend(word.take().and_then(|word| word.close(base)));
        }
        let pair = matches!(previous, 'Ã' | 'Â' | 'â')
            && matches!(character, '\u{80}'..='\u{BF}' | '€' | '™' | '„' | '‚');
        if pair {
            raw.push(Raw::new(
                &MOJIBAKE,
                base + at - previous.len_utf8(),
                base + end,
                0.6,
                "UTF-8 read as Windows-1252",
            ));
        }
        previous = character;
    }
    raw.extend(run.and_then(|run| close(run, base)));
    raw.extend(word.and_then(|word| word.close(base)));
}

fn close((kind, start, end, count): (&'static Kind, usize, usize, usize), base: usize) -> Option<Raw> {
    // Flags of nations without a country code take up to six tags behind a black flag.
    let harmless = kind.id == TAGS.id && count <= 6;
    let score = if count > 1 || kind.id == DIRECTION.id { 0.9 } else { 0.6 };
    (!harmless).then(|| Raw::new(kind, base + start, base + end, score, kind.name))
}

/// What sort of unseen character this is, if it is none that its neighbours need: joiners between emoji or in scripts that
/// join, a byte-order mark at the start, a variation selector behind a symbol.
fn sort(character: char, previous: char, next: Option<char>) -> Option<&'static Kind> {
    let joins = |c: char| !c.is_ascii() && !bartizan_core::is_invisible(c);
    match character {
        '\u{E0000}'..='\u{E007F}' => Some(&TAGS),
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => Some(&DIRECTION),
        '\u{200C}' | '\u{200D}' if joins(previous) && next.is_some_and(joins) => None,
        '\u{FE00}'..='\u{FE0F}' if previous != '\0' && !bartizan_core::is_invisible(previous) => None,
        '\u{FEFF}' if previous == '\0' => None,
        '\u{200B}'..='\u{200F}'
        | '\u{2060}'..='\u{2064}'
        | '\u{FEFF}'
        | '\u{180E}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{E0100}'..='\u{E01EF}'
        | '\u{115F}'
        | '\u{1160}'
        | '\u{3164}'
        | '\u{FFA0}' => Some(&INVISIBLE),
        _ => None,
    }
}

/// A word under way and the scripts of its letters.
struct Word {
    start: usize,
    end: usize,
    scripts: u8,
}

impl Word {
    fn close(self, base: usize) -> Option<Raw> {
        (self.scripts.count_ones() > 1).then(|| {
            Raw::new(&MIXED, base + self.start, base + self.end, 0.8, "letters of two scripts (UTS #39)")
        })
    }
}

/// A bit for Latin, Greek and Cyrillic; nothing for the rest.
fn script(character: char) -> u8 {
    match character {
        'a'..='z' | 'A'..='Z' | '\u{C0}'..='\u{24F}' => 1,
        '\u{370}'..='\u{3FF}' if character != 'µ' => 2,
        '\u{400}'..='\u{52F}' => 4,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &[u8]) -> Vec<(&'static str, usize, usize)> {
        let mut raw = Vec::new();
        scan(text, &mut raw);
        raw.iter().map(|hit| (hit.kind.id, hit.start, hit.end)).collect()
    }

    #[test]
    fn zero_width_characters_are_found_as_one_run() {
        assert_eq!(found("a\u{200b}\u{200b}b".as_bytes()), [("invisible-characters", 1, 7)]);
    }

    #[test]
    fn joiners_of_emoji_and_of_persian_are_left_alone() {
        assert_eq!(found("👩\u{200d}💻 می\u{200c}خواهم".as_bytes()), []);
    }

    #[test]
    fn a_cyrillic_letter_in_a_latin_word_is_found_and_two_languages_are_not() {
        assert_eq!(found("p\u{430}ypal".as_bytes()), [("mixed-script-word", 0, 7)]);
        assert_eq!(found("привет world".as_bytes()), []);
    }

    #[test]
    fn overlong_bytes_and_turned_text_are_found() {
        assert_eq!(found(b"a\xC0\xAFb"), [("overlong-encoding", 1, 2)]);
        assert_eq!(found("x\u{202e}txt".as_bytes()), [("direction-override", 1, 4)]);
    }
}
