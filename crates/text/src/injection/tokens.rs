//! A folded text taken apart, in one pass: its words, hashed; where a phrase may begin; and what may be a disguise.

use super::places::{mix, word_place};
use std::ops::Range;

/// What a folded text consists of.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// Its words: runs of letters and digits. Numbers are one word whatever they say.
    pub(super) words: Vec<Word>,
    /// Places at which a phrase may begin, in order.
    pub(super) starts: Vec<u32>,
    /// What stands between spaces and is more than one word of plain letters with marks around it.
    pub(super) odd: Vec<Range<u32>>,
    /// Whether there may be five letters with a sign between each.
    pub(super) apart: bool,
    /// Letters and digits of the longest word, in bytes.
    pub(super) longest: usize,
}

/// A word.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    /// What it is; 1 for whatever holds a digit.
    pub(super) hash: u64,
    /// Its place in a vector.
    pub(super) place: u32,
    /// The place of the pair that it makes with the word before it, both by their stems.
    pub(super) pair: u32,
    /// The place of its stem; 0 for a word that is its own.
    pub(super) stem: u32,
    /// Its first byte.
    pub(super) start: u32,
    /// Whether a sentence or line begins with it.
    pub(super) first: bool,
}

impl Tokens {
    /// Takes a folded text apart. `begins` says of a byte whether a phrase begins with it. Linear in the length of the text.
    pub(super) fn of(text: &str, begins: &[bool; 256]) -> Self {
        let bytes = text.as_bytes();
        let begins = |byte: u8| begins.get(usize::from(byte)).copied().unwrap_or(false);
        let mut out = Self {
            words: Vec::with_capacity(bytes.len() / 5),
            starts: Vec::with_capacity(bytes.len() / 5),
            ..Self::default()
        };
        let (mut at, mut first, mut before) = (0_usize, true, 0_u64);
        // Between spaces: where it begins, what it holds, words in it.
        let (mut chunk, mut holds, mut count) = (0_usize, 0_u8, 0_usize);
        // Words of one letter, each two bytes behind the one before, and where the last of them stands.
        let (mut singles, mut single) = (0_usize, usize::MAX);
        while let Some(byte) = bytes.get(at) {
            let class = class(*byte);
            if class & LETTER == 0 {
                if *byte == b' ' {
                    out.close(chunk..at, holds, count);
                    (chunk, holds, count) = (at + 1, 0, 0);
                } else {
                    if begins(*byte) {
                        out.starts.push(at as u32);
                    }
                    holds |= class;
                    first |= class & STOP != 0;
                }
                at += 1;
                continue;
            }
            let rest = bytes.get(at..).unwrap_or_default();
            let (hash, length, seen, stem) = if class & WIDE != 0 && is_unspaced(text, at) {
                // Two characters of a script without spaces are one word.
                let length = text.get(at..).unwrap_or_default().chars().take(2).map(char::len_utf8).sum();
                hash(rest.iter().take(length))
            } else {
                hash(rest.iter().take_while(|byte| self::class(**byte) & (LETTER | INNER) != 0))
            };
            let inside =
                at.checked_sub(1).and_then(|last| bytes.get(last)).is_some_and(|last| is_letter(*last));
            if begins(*byte) && (!inside || class & WIDE != 0) {
                out.starts.push(at as u32);
            }
            if seen & (WIDE | INNER) != 0 {
                // No phrase begins within letters of ASCII.
                let inner = rest.iter().zip(rest.iter().skip(1).take(length - 1)).zip(at + 1..);
                let starts = inner.filter(|((last, byte), _)| {
                    begins(**byte) && !(is_letter(**last) && byte.is_ascii_alphanumeric())
                });
                out.starts.extend(starts.map(|(_, at)| at as u32));
                out.apart |= seen & INNER != 0 && length >= LEAST_APART;
            }
            if length == 1 {
                singles = if at.checked_sub(2) == Some(single) { singles + 1 } else { 1 };
                single = at;
                out.apart |= singles > 2;
            }
            out.longest = out.longest.max(length);
            out.words.push(Word {
                hash,
                place: word_place(hash),
                pair: word_place(mix(before, stem)),
                stem: if stem == hash { 0 } else { word_place(mix(stem, STEM as u64)) },
                start: at as u32,
                first,
            });
            before = stem;
            first = false;
            holds |= seen;
            count += 1;
            at += length;
        }
        out.close(chunk..at, holds, count);
        out
    }

    /// Ends what stands between spaces.
    fn close(&mut self, chunk: Range<usize>, holds: u8, words: usize) {
        if words > 1 || holds & (DIGIT | ODD | WIDE) != 0 {
            self.odd.push(chunk.start as u32..chunk.end as u32);
        }
    }
}

/// Bytes of five letters with a sign between each.
const LEAST_APART: usize = 9;

/// A letter or digit, of ASCII or not.
const LETTER: u8 = 1;
/// A digit.
const DIGIT: u8 = 1 << 1;
/// A sentence or line ends with it.
const STOP: u8 = 1 << 2;
/// Goes on with a word, but begins none.
const INNER: u8 = 1 << 3;
/// Part of a character beyond ASCII.
const WIDE: u8 = 1 << 4;
/// Stands for a letter.
const ODD: u8 = 1 << 5;

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    loop {
        let class = match byte {
            b'0'..=b'9' => LETTER | DIGIT,
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'!' => STOP | ODD,
            b'.' | b'?' | b':' | b'\n' | b'>' | b'|' | b'"' | b'*' | b'#' => STOP,
            b'@' | b'$' => ODD,
            b'\'' => INNER,
            0x80.. => LETTER | WIDE,
            _ => 0,
        };
        #[expect(clippy::indexing_slicing, reason = "a byte is a place of the table")]
        {
            classes[byte as usize] = class;
        }
        if byte == u8::MAX {
            return classes;
        }
        byte += 1;
    }
}

fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(0)
}

/// Whether a byte is a letter or digit, or part of a character beyond ASCII.
pub(super) fn is_letter(byte: u8) -> bool {
    class(byte) & LETTER != 0
}

/// Bytes of the stem of a word, which its inflections share, and of the shortest word that has another stem than itself.
const STEM: usize = 5;
const LEAST_STEMMED: usize = 7;

/// The hash of a word (FNV-1a, 64 bits: Fowler, Noll, Vo), 1 where it holds a digit; its length in bytes; of which
/// classes they are; and the hash of its stem.
fn hash<'b>(bytes: impl Iterator<Item = &'b u8>) -> (u64, usize, u8, u64) {
    let (mut hash, mut length, mut seen) = (0xCBF2_9CE4_8422_2325_u64, 0_usize, 0_u8);
    let mut stem = 0;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01B3);
        seen |= class(*byte);
        length += 1;
        if length == STEM {
            stem = hash;
        }
    }
    let hash = if seen & DIGIT == 0 { hash } else { 1 };
    // Five bytes of another script are no stem.
    let stemmed = length >= LEAST_STEMMED && seen & (DIGIT | WIDE) == 0;
    (hash, length, seen, if stemmed { stem } else { hash })
}
/// Whether the character at `at` is of a script that sets no space between words.
fn is_unspaced(text: &str, at: usize) -> bool {
    text.get(at..)
        .and_then(|rest| rest.chars().next())
        .is_some_and(|c| matches!(u32::from(c), 0x0E00..=0x0E7F | 0x3040..=0x30FF | 0x3400..=0x9FFF))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Where words begin, their bytes, and whether they are first, told one test after the other.
    fn slowly(text: &str) -> Vec<(usize, String, bool)> {
        let letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80;
        let (mut found, mut at, mut first) = (Vec::new(), 0, true);
        while let Some(byte) = text.as_bytes().get(at) {
            if !letter(byte) {
                first |= b".!?:\n>|\"*#".contains(byte);
                at += 1;
                continue;
            }
            let rest = &text[at..];
            let length: usize = if is_unspaced(text, at) {
                rest.chars().take(2).map(char::len_utf8).sum()
            } else {
                rest.bytes().take_while(|byte| letter(byte) || *byte == b'\'').count()
            };
            found.push((at, rest[..length].to_owned(), first));
            first = false;
            at += length;
        }
        found
    }

    #[test]
    fn a_word_is_hashed_as_published() {
        // Test vector of the authors of the hash.
        assert_eq!(hash(b"foobar".iter()).0, 0x8594_4171_F739_67E8);
        assert_eq!(hash(b"2fa".iter()).0, 1);
    }

    /// All bytes begin a phrase, or those of some signs, letters and characters beyond ASCII.
    fn begin(all: bool) -> [bool; 256] {
        let some = |byte: u8| b"abm.'\xe4\xd0".contains(&byte);
        std::array::from_fn(|byte| byte != 32 && (all || some(byte as u8)))
    }

    proptest! {
        #[test]
        fn words_are_runs_of_letters_and_pairs_of_characters_without_spaces(
            text in "([a-z]{1,8}|[0-9]{1,3}|[ .!?:>|\"*#,'-]{1,2}|\n|\u{4e2d}|\u{6587}|\u{e01}|é|й){0,40}",
        ) {
            let words = Tokens::of(&text, &begin(true)).words;
            let wanted = slowly(&text);
            let seen: Vec<_> = words.iter().map(|word| (word.start as usize, word.first)).collect();
            let expected: Vec<_> = wanted.iter().map(|(at, _, first)| (*at, *first)).collect();
            prop_assert_eq!(seen, expected);
            let mut before = 0;
            for (word, (_, bytes, _)) in words.iter().zip(&wanted) {
                let digits = bytes.bytes().any(|byte| byte.is_ascii_digit());
                let wanted = if digits { 1 } else { hash(bytes.as_bytes().iter()).0 };
                prop_assert_eq!((word.hash, word.place), (wanted, word_place(wanted)));
                let stemmed = bytes.len() >= LEAST_STEMMED && bytes.is_ascii() && !digits;
                let stem = if stemmed { hash(bytes.as_bytes()[..STEM].iter()).0 } else { wanted };
                prop_assert_eq!(word.stem, if stemmed { word_place(mix(stem, STEM as u64)) } else { 0 });
                prop_assert_eq!(word.pair, word_place(mix(before, stem)));
                before = stem;
            }
        }

        #[test]
        fn a_phrase_may_begin_everywhere_but_within_letters_of_ascii(
            text in "([a-z]{1,8}|[0-9]{1,3}|[ .!?:>|\"*#,'-]{1,2}|\n|\u{4e2d}|\u{6587}|\u{e01}|é|й){0,40}",
            all in any::<bool>(),
        ) {
            let begins = begin(all);
            let bytes = text.as_bytes();
            let within = |at: usize| {
                bytes[at].is_ascii_alphanumeric()
                    && at > 0
                    && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] >= 0x80)
            };
            let wanted: Vec<u32> = (0..bytes.len())
                .filter(|at| begins[usize::from(bytes[*at])] && !within(*at))
                .map(|at| at as u32)
                .collect();
            let starts = Tokens::of(&text, &begins).starts;
            if all {
                // Bytes within a character begin nothing.
                let inner = |at: &u32| text.is_char_boundary(*at as usize);
                prop_assert_eq!(starts.into_iter().filter(inner).collect::<Vec<_>>(), wanted.into_iter().filter(inner).collect::<Vec<_>>());
            } else {
                prop_assert_eq!(starts, wanted);
            }
        }
    }
}
