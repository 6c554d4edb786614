//! Words of a text as hashes: runs of letters and digits in small letters, one for each character of scripts without
//! blanks. Marks, blanks, markup and characters no one sees between or in them do not count.

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
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// Gives each word of `text`, whose first byte is at `base`.
pub(crate) fn each(text: &str, base: usize, mut word: impl FnMut(Word)) {
    let fresh = |start: usize| Word { hash: BASIS, turned: BASIS, start, end: start, digit: false };
    let mut open: Option<Word> = None;
    for (at, character) in text.char_indices() {
        let at = base.saturating_add(at);
        let end = at.saturating_add(character.len_utf8());
        if character.is_ascii_alphanumeric() {
            let byte = (character as u8).to_ascii_lowercase();
            let one = open.get_or_insert_with(|| fresh(at));
            one.hash = mixed(one.hash, byte);
            one.turned = mixed(one.turned, turned(byte));
            one.end = end;
            one.digit |= byte.is_ascii_digit();
        } else if character.is_ascii() {
            open.take().into_iter().for_each(&mut word);
        } else if is_unspaced(character) {
            open.take().into_iter().for_each(&mut word);
            let mut one = fresh(at);
            one.add(character);
            one.end = end;
            word(one);
        } else if character.is_alphanumeric() {
            let one = open.get_or_insert_with(|| fresh(at));
            character.to_lowercase().for_each(|small| one.add(small));
            one.end = end;
        } else if !bartizan_core::is_invisible(character) {
            open.take().into_iter().for_each(&mut word);
        }
    }
    open.into_iter().for_each(word);
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

fn mixed(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(PRIME)
}

fn turned(byte: u8) -> u8 {
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
        assert_eq!(hashes("hel\u{200b}pful"), hashes("helpful"));
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
