//! The tokens inside a tag: names, numbers, string literals and marks.
//!
//! Source: `jinja2/lexer.py`.

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token<'a> {
    Name(&'a str),
    Integer(i64),
    Float,
    /// The literal's inside, with its escapes.
    Text(&'a str),
    Mark(&'a str),
}

/// Splits the tag body at `start` into tokens; gives the offset after its closing delimiter.
pub(super) fn tokenize<'a>(
    source: &'a str,
    start: usize,
    closing: [u8; 2],
    tokens: &mut Vec<(Token<'a>, usize)>,
) -> Option<usize> {
    let bytes = source.as_bytes();
    let mut at = start;
    let mut braces = 0usize;
    if matches!(bytes.get(at), Some(b'-' | b'+')) {
        at = at.saturating_add(1);
    }
    loop {
        let byte = *bytes.get(at)?;
        let closes = |from: usize| bytes.get(from..from.saturating_add(2)) == Some(&closing[..]);
        if (braces == 0 || closing == *b"%}") && closes(at) {
            return Some(at.saturating_add(2));
        }
        if matches!(byte, b'-' | b'+') && closes(at.saturating_add(1)) {
            return Some(at.saturating_add(3));
        }
        let length = match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {
                at = at.saturating_add(1);
                continue;
            }
            b'"' | b'\'' => {
                let end = end_of_literal(bytes, at)?;
                let inside = source.get(at.saturating_add(1)..end)?;
                tokens.push((Token::Text(inside), at));
                at = end.saturating_add(1);
                continue;
            }
            b'0'..=b'9' => {
                let digits = run(bytes, at, |b| b.is_ascii_alphanumeric() || b == b'_');
                let after = bytes.get(at.saturating_add(digits));
                let fraction = after == Some(&b'.')
                    && bytes.get(at.saturating_add(digits).saturating_add(1)).is_some_and(u8::is_ascii_digit);
                if fraction {
                    let more = run(bytes, at.saturating_add(digits).saturating_add(1), |b| {
                        b.is_ascii_alphanumeric()
                    });
                    tokens.push((Token::Float, at));
                    digits.saturating_add(1).saturating_add(more)
                } else {
                    let word = source.get(at..at.saturating_add(digits))?.replace('_', "");
                    tokens.push((integer(&word).map_or(Token::Float, Token::Integer), at));
                    digits
                }
            }
            _ if byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80 => {
                let length = run(bytes, at, |b| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80);
                tokens.push((Token::Name(source.get(at..at.saturating_add(length))?), at));
                length
            }
            _ => {
                let two = source.get(at..at.saturating_add(2)).unwrap_or_default();
                let length = if matches!(two, "==" | "!=" | "<=" | ">=" | "**" | "//") { 2 } else { 1 };
                match byte {
                    b'{' => braces = braces.saturating_add(1),
                    b'}' => braces = braces.saturating_sub(1),
                    _ => {}
                }
                tokens.push((Token::Mark(source.get(at..at.saturating_add(length))?), at));
                length
            }
        };
        at = at.saturating_add(length);
    }
}

fn run(bytes: &[u8], start: usize, belongs: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    rest.iter().position(|&byte| !belongs(byte)).unwrap_or(rest.len())
}

fn integer(word: &str) -> Option<i64> {
    let lower = word.to_ascii_lowercase();
    match lower.as_bytes() {
        [b'0', b'x', ..] => i64::from_str_radix(lower.get(2..)?, 16).ok(),
        [b'0', b'o', ..] => i64::from_str_radix(lower.get(2..)?, 8).ok(),
        [b'0', b'b', ..] => i64::from_str_radix(lower.get(2..)?, 2).ok(),
        _ => Some(lower.parse().unwrap_or(i64::MAX)).filter(|_| lower.bytes().all(|b| b.is_ascii_digit())),
    }
}

/// Offset of the quote that ends the literal begun at `start`.
fn end_of_literal(bytes: &[u8], start: usize) -> Option<usize> {
    let quote = *bytes.get(start)?;
    let mut at = start.saturating_add(1);
    loop {
        let step = memchr::memchr2(quote, b'\\', bytes.get(at..)?)?;
        at = at.saturating_add(step);
        if bytes.get(at) == Some(&quote) {
            return Some(at);
        }
        at = at.saturating_add(2);
    }
}

/// The characters of a literal, escapes resolved as Jinja resolves them (`unicode-escape`).
pub(crate) fn unescape(inside: &str) -> String {
    if !inside.contains('\\') {
        return inside.to_owned();
    }
    let mut shown = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            shown.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => shown.push('\n'),
            Some('t') => shown.push('\t'),
            Some('r') => shown.push('\r'),
            Some('x') => shown.extend(digits(&mut characters, 2, 16)),
            Some('u') => shown.extend(digits(&mut characters, 4, 16)),
            Some('U') => shown.extend(digits(&mut characters, 8, 16)),
            Some('N') => shown.extend(called(&mut characters)),
            Some('\n') | None => {}
            Some(first @ '0'..='7') => {
                let mut code = first.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let mut ahead = characters.clone();
                    let Some(digit) = ahead.next().and_then(|c| c.to_digit(8)) else { break };
                    code = code << 3 | digit;
                    characters = ahead;
                }
                shown.extend(char::from_u32(code));
            }
            Some(other) => shown.push(other),
        }
    }
    shown
}

/// The character of `\N{NAME}`, for the names of ASCII that identifiers and paths are made of.
fn called(characters: &mut std::str::Chars<'_>) -> Option<char> {
    let (name, rest) = characters.as_str().strip_prefix('{')?.split_once('}')?;
    *characters = rest.chars();
    let name = name.to_ascii_uppercase();
    let letter = |begin: &str| name.strip_prefix(begin).filter(|rest| rest.len() == 1)?.chars().next();
    match name.as_str() {
        "LOW LINE" | "SPACING UNDERSCORE" => Some('_'),
        "FULL STOP" => Some('.'),
        "SOLIDUS" => Some('/'),
        _ => letter("LATIN CAPITAL LETTER ")
            .or_else(|| letter("LATIN SMALL LETTER ").map(|letter| letter.to_ascii_lowercase())),
    }
}

fn digits(characters: &mut std::str::Chars<'_>, count: usize, radix: u32) -> Option<char> {
    let mut code = 0u32;
    for _ in 0..count {
        code = code.checked_mul(radix)?.checked_add(characters.next()?.to_digit(radix)?)?;
    }
    char::from_u32(code)
}
