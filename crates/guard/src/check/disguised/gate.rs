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
const AROUND: usize = 256;

/// The part of a text in which something may be hidden, from blank to blank.
pub(super) fn part(text: &str) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let (mut before, mut first, mut last) = (0_u8, None, 0_usize);
    for (number, block) in bytes.chunks(BLOCK).enumerate() {
        let marked = block.iter().fold(0_u8, |sum, byte| sum.wrapping_add(u8::from(is_marked(*byte))));
        if before.wrapping_add(marked) >= DENSE || has_long_word(bytes, number.saturating_mul(BLOCK)) {
            first = first.or(Some(number));
            last = number;
        }
        before = marked;
    }
    let start = first?.saturating_sub(1).saturating_mul(BLOCK).saturating_sub(AROUND);
    let end = last.saturating_add(1).saturating_mul(BLOCK).saturating_add(AROUND).min(text.len());
    let head = text.get(..text.floor_char_boundary(start)).unwrap_or_default();
    let end = text.ceil_char_boundary(end);
    let tail = text.get(end..).unwrap_or_default();
    let start = head.rfind(char::is_whitespace).map_or(0, |at| text.ceil_char_boundary(at.saturating_add(1)));
    let end = tail.find(char::is_whitespace).map_or(text.len(), |at| end.saturating_add(at));
    Some(start..end)
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
        assert_eq!(part(&prose), None);
        let text = format!("{prose}ghp_x7Kd2Qx9Lm4Zt8Rv3 {prose}");
        let span = part(&text).unwrap();
        assert!(
            span.start > 500 && span.end < text.len() - 500 && span.contains(&(prose.len() + 10)),
            "{span:?}"
        );
        assert!(text[span].starts_with(char::is_alphabetic));
        assert!(
            part("the key is ghp_x7kd2qx9lm4zt8rv3b").is_some()
                && part("g h p _ x 7 K d 2 Q x 9 L m 4 Z t 8 R v 3 B").is_some()
        );
        let piece = "Internationalisierung";
        assert!(part(&format!("{}{piece}", "a ".repeat(40))).is_some_and(|span| span.contains(&90)));
    }

    proptest::proptest! {
        #[test]
        fn a_part_begins_and_ends_at_characters(text in "([a-z ]{0,80}|[A-Z0-9]{0,40}|\u{e9}|\u{65e5}|\u{3000}){0,12}") {
            if let Some(span) = part(&text) {
                proptest::prop_assert!(text.get(span).is_some());
            }
        }
    }
}
