//! What is encoded in groups with white space between them: base64 in blocks or short lines, numbers of characters.

use super::hidden::{Hidden, Veil, decoded, put};
use super::readable::readable;
use super::runs::{BASE64, NUMBERS, is, long_run};
use std::ops::Range;

/// Groups of one length in a row from which on they are read as one run, with what ends it; and characters of a group of which two do.
const LEAST_GROUPS: usize = 3;
const LONG_GROUP: usize = 12;
/// Characters of a group; a run of that many is read by itself as well.
const SHORTEST_GROUP: usize = 4;
/// Numbers that are read.
const LEAST_NUMBERS: usize = 8;

/// Base64 that is cut into groups of one length, the last of which may be shorter. Words of one length in a row are rare, and what they
/// decode to is no text.
pub(super) fn groups(text: &str, found: &mut Vec<Hidden>) {
    let bytes = text.as_bytes();
    let (mut start, mut length, mut count, mut at) = (0, 0, 0_usize, 0);
    // Blanks stand too close to each other for a search to pay.
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\t');
    let blanks = bytes.iter().enumerate().filter(|(_, byte)| is_blank(byte)).map(|(at, _)| at);
    for end in blanks.chain([bytes.len()]) {
        let group = bytes.get(at..end).unwrap_or_default();
        let group = group.strip_suffix(b"\r").unwrap_or(group);
        // What a run begins with is looked at when something follows it: most words stand alone.
        let first = || count > 1 || bytes.get(start..start + length).and_then(unpadded).is_some();
        if group.len() == length && length >= SHORTEST_GROUP && unpadded(group).is_some() && first() {
            count += 1;
        } else {
            if is_run(count, length) {
                // What is shorter may be the rest of the run, or a word of the text.
                let filled = at.checked_sub(2).and_then(|last| bytes.get(last)) == Some(&b'=');
                let rest = !filled && group.len() < length && unpadded(group).is_some();
                if !(rest && run(text, start..at + group.len(), found)) {
                    run(text, start..at.saturating_sub(1), found);
                }
            }
            (start, length, count) = (at, group.len(), 1);
        }
        at = end.saturating_add(1);
    }
    if is_run(count, length) {
        run(text, start..bytes.len(), found);
    }
}

/// Whether so many groups of a length are read.
fn is_run(count: usize, length: usize) -> bool {
    count >= LEAST_GROUPS || (count == 2 && length >= LONG_GROUP)
}

/// A group of base64 without the signs that fill it up; none for anything else.
fn unpadded(group: &[u8]) -> Option<&[u8]> {
    let end = group.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let inner = group.get(..end).unwrap_or_default();
    (group.len() - end <= 2 && inner.iter().all(|byte| is(BASE64)(*byte))).then_some(inner)
}

/// Reads groups as one run; whether they say something.
fn run(text: &str, span: Range<usize>, found: &mut Vec<Hidden>) -> bool {
    let inside = text.as_bytes().get(span.clone()).unwrap_or_default();
    let end = span.start + inside.trim_ascii_end().len();
    let joined: Vec<u8> =
        inside.iter().copied().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=').collect();
    let Some((veil, text)) = decoded(&joined) else { return false };
    put(found, Hidden { veil, start: span.start, end, text });
    true
}

/// Numbers of characters, in hexadecimal, decimal or binary digits.
pub(super) fn numbers(text: &str, found: &mut Vec<Hidden>) {
    // Eight pairs of digits with something between them, the shortest that is read.
    if long_run(text.as_bytes(), 0, LEAST_NUMBERS * 3 - 1, is(NUMBERS)).is_none() {
        return;
    }
    let (mut words, mut start, mut last, mut at) = (Vec::new(), 0, 0, 0);
    let mut close = |words: &mut Vec<&str>, start: usize, end: usize| {
        if words.len() >= LEAST_NUMBERS
            && let Some((veil, text)) = spelled(words)
        {
            put(found, Hidden { veil, start, end, text });
        }
        words.clear();
    };
    let ends = memchr::memchr3_iter(b' ', b'\n', b',', text.as_bytes()).chain([text.len()]);
    for end in ends {
        let word = text.get(at..end).unwrap_or_default();
        if is_number(word) {
            if words.is_empty() {
                start = at;
            }
            last = end;
            words.push(word);
        } else if !word.is_empty() {
            close(&mut words, start, last);
        }
        at = end.saturating_add(1);
    }
    close(&mut words, start, last);
}

/// Whether a word may be the number of a character: `69`, `0x69`, `105`, `01101001`.
fn is_number(word: &str) -> bool {
    match word.len() {
        2 => word.bytes().all(|byte| byte.is_ascii_hexdigit()),
        3 => word.bytes().all(|byte| byte.is_ascii_digit()),
        4 => word.strip_prefix("0x").is_some_and(is_number),
        7 | 8 => word.bytes().all(|byte| matches!(byte, b'0' | b'1')),
        _ => false,
    }
}

/// What numbers spell, all of them in the same digits.
fn spelled(words: &[&str]) -> Option<(Veil, String)> {
    let all = |radix: u32, widths: &[usize]| {
        let number = |word: &&str| {
            let digits = word.trim_start_matches("0x");
            widths.contains(&digits.len()).then(|| u8::from_str_radix(digits, radix).ok()).flatten()
        };
        let bytes: Option<Vec<u8>> = words.iter().map(number).collect();
        bytes.and_then(readable)
    };
    let hex = all(16, &[2]).map(|text| (Veil::Hex, text));
    hex.or_else(|| Some((Veil::Codes, all(10, &[2, 3]).or_else(|| all(2, &[7, 8]))?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn spans_lie_inside(text in "([a-zA-Z0-9+/]{4}[ \n]|[a-z]{1,9} |0x[0-9a-f]{2},|[01]{8} |é|=|\r\n){0,30}") {
            let mut found = Vec::new();
            groups(&text, &mut found);
            numbers(&text, &mut found);
            for piece in found {
                prop_assert!(piece.start < piece.end && text.get(piece.start..piece.end).is_some());
            }
        }
    }
}
