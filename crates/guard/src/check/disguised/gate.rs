//! Where a text may hold something in disguise at all: a look so cheap that every prompt can have it.

use std::ops::Range;

/// Bytes that are counted at once; what counts is two such blocks on end.
const BLOCK: usize = 32;
/// Capitals, digits and signs in two blocks from which on something may be set apart there: of tokens they are half, which fill one block
/// and more however they are cut. Sentences with a year and names stay below.
const DENSE: u8 = 10;
/// Bytes on end without a blank that may be a token by themselves; no word of prose is so long.
const LONG: usize = 20;
/// Bytes around what may be one that are read as well.
const AROUND: usize = 128;

/// The parts of a text in which something may be hidden, in order, each from blank to blank.
pub(super) fn parts(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let (mut before, mut found) = (0_u8, Vec::<Range<usize>>::new());
    for (number, block) in bytes.chunks(BLOCK).enumerate() {
        let marked = block.iter().fold(0_u8, |sum, byte| sum.wrapping_add(u8::from(is_marked(*byte))));
        let at = number.saturating_mul(BLOCK);
        if before.wrapping_add(marked) >= DENSE || has_long_word(bytes, at) {
            let start = at.saturating_sub(BLOCK).saturating_sub(AROUND);
            let end = at.saturating_add(BLOCK).saturating_add(AROUND).min(text.len());
            match found.last_mut() {
                Some(last) if start <= last.end => last.end = end,
                _ => found.push(start..end),
            }
        }
        before = marked;
    }
    let mut parts = Vec::<Range<usize>>::with_capacity(found.len());
    for one in found {
        let read = parts.last().map_or(0, |last| last.end);
        if one.end <= read {
            continue;
        }
        // No further back than what is read already, so that each byte is looked at once.
        let head = text.get(read..text.floor_char_boundary(one.start.max(read))).unwrap_or_default();
        let end = text.ceil_char_boundary(one.end);
        let tail = text.get(end..).unwrap_or_default();
        let blank = head.char_indices().rfind(|(_, one)| one.is_whitespace());
        let start = blank.map_or(read, |(at, one)| read.saturating_add(at).saturating_add(one.len_utf8()));
        let end = tail.find(char::is_whitespace).map_or(text.len(), |at| end.saturating_add(at));
        match parts.last_mut() {
            Some(last) if start <= last.end => last.end = end,
            _ => parts.push(start..end),
        }
    }
    parts
}

/// Whether a long word goes through one of the quarters of the block at `start`. A word of that length fills one at least.
fn has_long_word(bytes: &[u8], start: usize) -> bool {
    let block = bytes.get(start..bytes.len().min(start.saturating_add(BLOCK))).unwrap_or_default();
    let (quarters, _) = block.as_chunks::<8>();
    quarters.iter().enumerate().filter(|(_, eight)| is_filled(**eight)).any(|(number, _)| {
        let at = start.saturating_add(number.saturating_mul(8));
        let seen = |byte: &&u8| byte.is_ascii_graphic();
        let behind = bytes.get(at..).unwrap_or_default().iter().take(LONG).take_while(seen).count();
        let ahead = bytes.get(..at).unwrap_or_default().iter().rev().take(LONG).take_while(seen).count();
        behind.saturating_add(ahead) >= LONG
    })
}

/// Whether each of eight bytes is of ASCII and neither a blank nor a control, asked of all at once.
fn is_filled(eight: [u8; 8]) -> bool {
    let all = u64::from_le_bytes(eight);
    (all.wrapping_sub(0x2121_2121_2121_2121) | all) & 0x8080_8080_8080_8080 == 0
}

/// Whether a byte is a digit, a capital, a sign of markup, escapes and encodings, or of a character that stands for one of ASCII.
#[expect(clippy::needless_bitwise_bool, reason = "so that many bytes are asked at once")]
fn is_marked(byte: u8) -> bool {
    byte.is_ascii_digit()
        | byte.is_ascii_uppercase()
        | (byte == b'_')
        | (byte == b'=')
        | (byte == b'%')
        | (byte == b'&')
        | (byte == b'\\')
        | (byte == b'<')
        | (byte == b'*')
        | (byte == b'-')
        | (byte == b'+')
        | (byte == b'|')
        | (byte == b'>')
        | (byte == b'#')
        | (byte == 0xE2)
        | (byte == 0xEF)
        | (byte == 0xF0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_passed_over_and_the_rest_is_read_with_what_stands_around_it() {
        let prose =
            "The harbour office opens at nine, and Ms Lind of the Board said in 2024 that it is to stay so. "
                .repeat(12);
        assert!(parts(&prose).is_empty());
        let text = format!("{prose}ghp_x7Kd2Qx9Lm4Zt8Rv3 {prose}");
        let span = parts(&text).remove(0);
        assert!(
            span.start > 500 && span.end < text.len() - 500 && span.contains(&(prose.len() + 10)),
            "{span:?}"
        );
        assert!(text[span].starts_with(char::is_alphabetic));
        assert!(
            !parts("the key is ghp_x7kd2qx9lm4zt8rv3b").is_empty()
                && !parts("g h p _ x 7 K d 2 Q x 9 L m 4 Z t 8 R v 3 B").is_empty()
        );
        let piece = "Internationalisierung";
        let text = format!("{}{piece}", "a ".repeat(40));
        assert!(parts(&text).iter().any(|span| span.contains(&90)));
        let two = format!("{piece}{prose}{piece}");
        assert_eq!(parts(&two).len(), 2);
    }

    proptest::proptest! {
        #[test]
        fn a_part_begins_and_ends_at_characters(text in "([a-z ]{0,80}|[A-Z0-9]{0,40}|\u{e9}|\u{65e5}|\u{3000}){0,12}") {
            let mut before = 0;
            for span in parts(&text) {
                proptest::prop_assert!(span.start >= before && text.get(span.clone()).is_some());
                before = span.end;
            }
        }
    }
}
