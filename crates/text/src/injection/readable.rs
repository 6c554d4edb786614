//! Whether what was decoded is a text.

use super::escaped::escaped;

/// Characters from which on a decoded text is a long one.
const LONG: usize = 64;

/// Whether a decoded text looks like one: nearly all printable, mostly letters and spaces; of a long one, whose like nobody draws, half is
/// enough, as pages and programs have marks.
pub(super) fn readable(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    let mut letters = 0_usize;
    let mut strange = 0_usize;
    let mut count = 0_usize;
    for character in text.chars() {
        count = count.saturating_add(1);
        if character.is_alphabetic() || character == ' ' {
            letters = letters.saturating_add(1);
        } else if character.is_control() && !character.is_whitespace() {
            strange = strange.saturating_add(1);
        }
    }
    let least = if count >= LONG { 5 } else { 7 };
    (count >= 6 && strange == 0 && letters.saturating_mul(10) >= count.saturating_mul(least)).then_some(text)
}

/// The same, where what is escaped in it may stand for letters.
pub(super) fn said(bytes: Vec<u8>) -> Option<String> {
    /// Fewest escapes.
    const LEAST: usize = 6;
    if matches!(bytes.as_slice(), [0, _, ..] | [_, 0, ..] | [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..]) {
        return utf16(&bytes).map(String::into_bytes).and_then(readable);
    }
    let bytes = match std::str::from_utf8(&bytes) {
        Ok(text) if text.contains(['=', '%', '\\', '&']) => {
            let (mut escapes, mut letters, mut count, mut rest) = (0_usize, 0_usize, 0_usize, text);
            while let Some(first) = rest.chars().next() {
                let is_control = first.is_control() && !first.is_whitespace();
                if is_control {
                    return None;
                }
                let length = escaped(rest);
                escapes += usize::from(length.is_some());
                letters += usize::from(length.is_some() || first.is_alphabetic() || first == ' ');
                count += 1;
                rest = rest.get(length.unwrap_or(first.len_utf8())..).unwrap_or_default();
            }
            if escapes >= LEAST && letters * 10 >= count * 7 {
                return String::from_utf8(bytes).ok();
            }
            bytes
        }
        _ => bytes,
    };
    // A page is told by what stands between its tags.
    let is_page = std::str::from_utf8(&bytes).is_ok_and(|text| text.contains('<') && is_shown(text));
    if is_page { String::from_utf8(bytes).ok() } else { readable(bytes) }
}

/// Whether half of what stands between the tags of a page is letters and blanks, and nothing in it is no text.
fn is_shown(text: &str) -> bool {
    let (mut letters, mut count, mut is_tag) = (0_usize, 0_usize, false);
    for one in text.chars() {
        if one.is_control() && !one.is_whitespace() {
            return false;
        }
        match one {
            '<' => is_tag = true,
            '>' => is_tag = false,
            _ if is_tag => {}
            _ => {
                letters += usize::from(one.is_alphabetic() || one == ' ');
                count += 1;
            }
        }
    }
    count >= LONG / 2 && letters * 2 >= count
}

/// What bytes say in UTF-16, in the order that their mark tells, or their zeros.
fn utf16(bytes: &[u8]) -> Option<String> {
    let (units, _) = bytes.as_chunks::<2>();
    let is_big = matches!(bytes, [0xFE, 0xFF, ..] | [0, _, ..]);
    let unit = |unit: &[u8; 2]| if is_big { u16::from_be_bytes(*unit) } else { u16::from_le_bytes(*unit) };
    let text: Result<String, _> = char::decode_utf16(units.iter().map(unit)).collect();
    text.ok().map(|text| text.trim_start_matches('\u{FEFF}').to_owned())
}
