//! Words of a text as hashes: runs of letters and digits in small letters, one for each character of scripts without
//! blanks. Marks, blanks, markup and characters no one sees between or in them do not count.

use super::shown::NOTHING;
use super::stream::is_unspaced;

/// A word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word {
    /// Hash of the word in small letters.
    pub(crate) hash: u64,
    /// Hash of it with its letters moved by thirteen.
    pub(crate) turned: u64,
    /// Its bytes.
    pub(crate) start: usize,
    /// One past its last byte.
    pub(crate) end: usize,
    /// Whether it holds a digit.
    pub(crate) digit: bool,
}

/// FNV-1a, 64 bits: offset basis and prime.
pub(crate) const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// Gives each word of `text`, whose first byte is at `base`.
pub(crate) fn each(text: &str, base: usize, word: impl FnMut(Word)) {
    read::<true>(text, base, word);
}

/// The same without the hashes of turned letters, in half the time.
pub(crate) fn each_plain(text: &str, base: usize, word: impl FnMut(Word)) {
    read::<false>(text, base, word);
}

/// For each ASCII byte the small letter or digit it counts as, nought for what stands between words.
#[expect(clippy::indexing_slicing, reason = "read by the compiler")]
const MEMBERS: [u8; 128] = {
    let mut members = [0; 128];
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() {
            members[byte as usize] = byte.to_ascii_lowercase();
        }
        byte += 1;
    }
    members
};

fn read<const TURN: bool>(text: &str, base: usize, mut word: impl FnMut(Word)) {
    let fresh = |start: usize| Word { hash: BASIS, turned: BASIS, start, end: start, digit: false };
    let bytes = text.as_bytes();
    let (mut at, mut open) = (0_usize, false);
    let mut one = fresh(base);
    while let Some(&byte) = bytes.get(at) {
        let place = base.saturating_add(at);
        if let Some(&member) = MEMBERS.get(usize::from(byte)) {
            at = at.saturating_add(1);
            if member != 0 {
                if !open {
                    one = fresh(place);
                    open = true;
                }
                one.hash = mixed(one.hash, member);
                if TURN {
                    one.turned = mixed(one.turned, turned(member));
                }
                one.digit |= member <= b'9';
                one.end = place.saturating_add(1);
            } else if open && char::from(byte) != NOTHING {
                open = false;
                word(one);
            }
            continue;
        }
        let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
        at = at.saturating_add(character.len_utf8());
        let end = base.saturating_add(at);
        let unspaced = is_unspaced(character);
        if !unspaced && character.is_alphanumeric() {
            if !open {
                one = fresh(place);
                open = true;
            }
            character.to_lowercase().for_each(|small| one.add(small));
            one.end = end;
        } else if unspaced || !bartizan_core::is_invisible(character) {
            if open {
                open = false;
                word(one);
            }
            if unspaced {
                one = fresh(place);
                one.add(character);
                one.end = end;
                word(one);
            }
        }
    }
    if open {
        word(one);
    }
}

impl Word {
    fn add(&mut self, character: char) {
        let mut bytes = [0; 4];
        for byte in character.encode_utf8(&mut bytes).bytes() {
            self.hash = mixed(self.hash, byte);
            self.turned = mixed(self.turned, byte);
        }
    }
}

pub(crate) fn mixed(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(PRIME)
}

/// A small letter moved by thirteen.
pub(crate) fn turned(byte: u8) -> u8 {
    match byte {
        b'a'..=b'm' => byte.saturating_add(13),
        b'n'..=b'z' => byte.saturating_sub(13),
        _ => byte,
    }
}

/// One hash of two words in this order.
pub(crate) fn pair(first: u64, second: u64) -> u64 {
    (first.rotate_left(25) ^ second).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(text: &str) -> Vec<u64> {
        let mut hashes = Vec::new();
        each(text, 0, |word| hashes.push(word.hash));
        hashes
    }

    #[test]
    fn words_are_the_same_whatever_stands_around_them() {
        assert_eq!(hashes("You are **HELPFUL**, é!"), hashes("you-are helpful\n\nÉ"));
        assert_eq!(hashes("a\u{200b}b"), hashes("ab"));
        assert_eq!(hashes("日本 x").len(), 3);
        assert_ne!(hashes("a b"), hashes("ab"));
    }

    #[test]
    fn letters_are_turned_by_thirteen() {
        let mut turned = Vec::new();
        each("Lbh ner", 0, |word| turned.push(word.turned));
        assert_eq!(turned, hashes("you are"));
    }
}
