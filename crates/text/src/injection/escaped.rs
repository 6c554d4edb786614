//! Codings that are undone in a text as a whole: percent-encoding, references of HTML, escapes of programs.
//!
//! Sources: RFC 3986 section 2.1, HTML Living Standard 13.1.4, RFC 8259 section 7.

use super::hidden::{Hidden, Veil};
use super::set_apart::{self, Apart};
use crate::references::reference;

/// Bytes of an escape that stands for a byte: `\x41`.
const BYTE: usize = 4;

/// How a text is decoded at a place: a character and the bytes that stand for it.
pub(super) type Decode = fn(&str) -> Option<(char, usize)>;
/// Codings that are undone in a text as a whole, besides those of mail.
pub(super) const IN_TEXT: [(Veil, Decode); 3] =
    [(Veil::Percent, percent), (Veil::References, references), (Veil::Escapes, escapes)];

/// How long an escape is that a text begins with.
pub(super) fn escaped(text: &str) -> Option<usize> {
    let found = match text.as_bytes().first()? {
        b'=' => text.get(1..).and_then(|rest| percent(&format!("%{}", rest.get(..2)?))),
        b'%' => percent(text),
        b'\\' => escapes(text),
        b'&' => references(text),
        _ => None,
    };
    found.map(|(_, length)| length)
}

/// Decodes the text as a whole if it holds at least four escapes. Letters of other languages are written with `\u` by encoders, and the ends
/// of ranges, tables and what nobody sees by programmers: of those only escapes for letters and digits beside others count, those that are
/// set apart only where they read like words, and those for control characters where they stand within words.
///
/// Gives what those that are set apart say, and the text with all undone, as far as it stands `around` them.
pub(super) fn whole(text: &str, veil: Veil, decode: Decode, around: usize) -> [Option<Hidden>; 2] {
    let lead = match veil {
        Veil::Percent => b'%',
        Veil::References => b'&',
        _ => b'\\',
    };
    if memchr::memchr_iter(lead, text.as_bytes()).take(4).count() < 4 {
        return [None, None];
    }
    let mut out = String::with_capacity(text.len());
    let mut span: Option<(usize, usize)> = None;
    // Where something was decoded, with what a window of the classifier takes in around it.
    let mut places: Vec<(usize, usize)> = Vec::new();
    let (mut count, mut is_unseen) = (0_usize, false);
    let mut apart = Apart::default();
    let mut at = 0;
    while let Some(rest) = text.get(at..)
        && !rest.is_empty()
    {
        let plain = memchr::memchr(lead, rest.as_bytes()).unwrap_or(rest.len());
        let (before, rest) = rest.split_at(plain);
        out.push_str(before);
        at += plain;
        if let Some((decoded, length)) = decode(rest) {
            let behind = rest.get(length..).unwrap_or_default();
            let goes_on = out.ends_with(char::is_alphanumeric)
                || behind.starts_with(char::is_alphanumeric)
                || ["\\x", "\\u", "\\U", "\\0", "\\1"].iter().any(|mark| behind.starts_with(mark));
            let hidden = set_apart::is_unseen(decoded);
            // A byte beyond ASCII is no letter.
            let is_word = decoded.is_alphanumeric() || decoded == ' ';
            let is_letter = is_word && (decoded.is_ascii() || length > BYTE) && goes_on;
            let counts = !hidden && (veil != Veil::Escapes || is_letter);
            count += usize::from(counts);
            is_unseen |= hidden;
            if veil == Veil::Escapes {
                apart.take(text, at, length, decoded);
            }
            if counts && is_word {
                keep(&mut places, out.len(), around);
            }
            out.push(decoded);
            span = Some((span.map_or(at, |(start, _)| start), at + length));
            at += length;
        } else if !rest.is_empty() {
            out.push(char::from(lead));
            at += 1;
        }
    }
    let apart = apart.piece();
    let Some((start, end)) = span else { return [apart, None] };
    let (read, joined) = if is_unseen { set_apart::without(&out) } else { Default::default() };
    out = if joined >= 4 {
        read
    } else {
        let cut = parts(out, &places, around);
        if is_unseen { set_apart::without(&cut).0 } else { cut }
    };
    let is_read = count >= 4 || veil == Veil::Escapes && joined >= 4;
    [apart, is_read.then_some(Hidden { veil, start, end, text: out })]
}

/// Takes up a place where something was decoded; those that are so near to each other that what stands `around` them meets are one.
pub(super) fn keep(places: &mut Vec<(usize, usize)>, place: usize, around: usize) {
    match places.last_mut().filter(|last| last.1.saturating_add(2 * around) >= place) {
        Some(last) => last.1 = place,
        None => places.push((place, place)),
    }
}

/// The parts of a decoded text around the places where something was decoded: what else it says, it says as it stands.
pub(super) fn parts(text: String, places: &[(usize, usize)], around: usize) -> String {
    let span = |(start, end): &(usize, usize)| {
        let start = text.floor_char_boundary(start.saturating_sub(around));
        start..text.ceil_char_boundary(end.saturating_add(around).min(text.len()))
    };
    if places.iter().map(|place| span(place).len()).sum::<usize>() >= text.len() {
        return text;
    }
    places.iter().filter_map(|place| text.get(span(place))).collect::<Vec<_>>().join("\n")
}

fn percent(rest: &str) -> Option<(char, usize)> {
    let digits = rest.get(1..3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    let byte = u8::from_str_radix(digits, 16).ok()?;
    byte.is_ascii().then(|| (char::from(byte), 3))
}

/// One reference with its semicolon: without it `&lt=5` of an address would be one.
fn references(rest: &str) -> Option<(char, usize)> {
    let (character, length) = reference(rest)?;
    let blank = if character == '\u{A0}' { ' ' } else { character };
    rest.get(..length).is_some_and(|taken| taken.ends_with(';')).then_some((blank, length))
}

/// `\x41`, `\u0041`, `\U00000041`, `\101` where that is printed, and `\u{41}` and `\x{41}` of one to six digits. What is so long is written by programmers for
/// what they cannot type: of that only ASCII counts.
fn escapes(rest: &str) -> Option<(char, usize)> {
    let hexadecimal = |from: usize, most: usize| {
        let bytes = rest.as_bytes().get(from..).unwrap_or_default();
        from..from + bytes.iter().take(most).take_while(|byte| byte.is_ascii_hexdigit()).count()
    };
    let is_long = matches!(rest.as_bytes().get(1..), Some([b'U', ..] | [_, b'{', ..]));
    if let Some([b'0' | b'1', b'0'..=b'7', b'0'..=b'7', ..]) = rest.as_bytes().get(1..) {
        let decoded = u8::from_str_radix(rest.get(1..BYTE)?, 8).ok()?;
        return (decoded.is_ascii_graphic() || decoded == b' ').then_some((char::from(decoded), BYTE));
    }
    let (digits, end) = match rest.as_bytes().get(1..)? {
        [b'u' | b'x', b'{', ..] => {
            let digits = hexadecimal(3, 6);
            let end = digits.end + 1;
            (rest.as_bytes().get(digits.end) == Some(&b'}')).then_some((digits, end))?
        }
        [mark @ (b'u' | b'x' | b'U'), ..] => {
            let length = match mark {
                b'U' => 8,
                b'u' => 4,
                _ => 2,
            };
            let digits = hexadecimal(2, length);
            let end = digits.end;
            (digits.len() == length).then_some((digits, end))?
        }
        _ => return None,
    };
    let decoded = char::from_u32(u32::from_str_radix(rest.get(digits)?, 16).ok()?)?;
    (decoded.is_ascii() || !is_long).then_some((decoded, end))
}
