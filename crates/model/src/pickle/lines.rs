//! The text arguments of protocol 0: what the lines behind `STRING`, `UNICODE`, `INT` and their like stand for.
//!
//! Source: CPython `Modules/_pickle.c` and `Objects/bytesobject.c`.

/// The bytes a `STRING` line stands for: quotes off, escapes resolved as CPython's `PyBytes_DecodeEscape` does.
///
/// `None` where the loader fails: no matching quotes, or a broken `\x` escape.
pub fn string_line(line: &[u8]) -> Option<Vec<u8>> {
    let quote = *line.first()?;
    let inner = match line.len() {
        0 | 1 => return None,
        length => line.get(1..length.saturating_sub(1))?,
    };
    if line.last() != Some(&quote) || !matches!(quote, b'\'' | b'"') {
        return None;
    }
    let mut text = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            text.push(byte);
            continue;
        }
        match bytes.next()? {
            b'\n' => {}
            b'a' => text.push(7),
            b'b' => text.push(8),
            b't' => text.push(b'\t'),
            b'n' => text.push(b'\n'),
            b'v' => text.push(11),
            b'f' => text.push(12),
            b'r' => text.push(b'\r'),
            same @ (b'\\' | b'\'' | b'"') => text.push(same),
            b'x' => {
                let high = hex_digit(bytes.next()?)?;
                let low = hex_digit(bytes.next()?)?;
                text.push((high << 4) | low);
            }
            digit @ b'0'..=b'7' => {
                let mut value = u16::from(digit & 7);
                for _ in 0..2 {
                    let Some(next) = bytes.next_if(|next| matches!(next, b'0'..=b'7')) else { break };
                    value = (value << 3) | u16::from(next & 7);
                }
                text.push(value as u8);
            }
            other => text.extend([b'\\', other]),
        }
    }
    Some(text)
}

/// The text a `UNICODE` line stands for: raw-unicode-escape, so only `\uXXXX` and `\UXXXXXXXX` are escapes and other
/// bytes are Latin-1. `None` where the loader fails.
pub fn unicode_line(line: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'\\' {
            text.push(char::from(byte));
            continue;
        }
        let digits = match tail.first() {
            Some(b'u') => 4,
            Some(b'U') => 8,
            Some(b'\\') => {
                // A pair of backslashes stays as it is, and the second one starts no escape.
                text.push_str("\\\\");
                rest = tail.get(1..)?;
                continue;
            }
            _ => {
                text.push('\\');
                continue;
            }
        };
        let field = tail.get(1..)?.get(..digits)?;
        let value =
            field.iter().try_fold(0u32, |value, &digit| Some((value << 4) | u32::from(hex_digit(digit)?)))?;
        // A lone surrogate is text to Python; no name or code can hold one, so the replacement character stands in.
        text.push(char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER));
        rest = tail.get(1..)?.get(digits..)?;
    }
    Some(text)
}

/// The number in an `INT`, `LONG`, `GET` or `PUT` line as C's `strtol` with base 0 reads it; `None` when it is no
/// number of 64 bits.
pub fn integer_line(line: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(line).ok()?.trim().trim_end_matches('L').replace('_', "");
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let lower = digits.to_ascii_lowercase();
    let value = if let Some(hex) = lower.strip_prefix("0x") {
        i64::from_str_radix(hex, 16)
    } else if let Some(octal) = lower.strip_prefix("0o") {
        i64::from_str_radix(octal, 8)
    } else if let Some(binary) = lower.strip_prefix("0b") {
        i64::from_str_radix(binary, 2)
    } else {
        lower.parse()
    };
    value.ok().map(|value| if negative { value.wrapping_neg() } else { value })
}

/// Value of a hexadecimal digit.
pub(crate) fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn string_lines_resolve_the_escapes_cpython_resolves() {
        assert_eq!(string_line(br"'o\x73\141\n\q'").unwrap(), b"osa\n\\q");
        assert_eq!(string_line(b"'a"), None);
        assert_eq!(string_line(b"'a\""), None);
    }

    #[test]
    fn unicode_lines_resolve_only_u_escapes() {
        assert_eq!(unicode_line(br"\u006fs\n").unwrap(), "os\\n");
        assert_eq!(unicode_line(br"\\u006f").unwrap(), "\\\\u006f");
        assert_eq!(unicode_line(br"\u00"), None);
    }

    #[test]
    fn integer_lines_take_bases_as_strtol_does() {
        assert_eq!(integer_line(b"0x1F"), Some(31));
        assert_eq!(integer_line(b"-7L"), Some(-7));
        assert_eq!(integer_line(b"seven"), None);
    }

    proptest! {
        #[test]
        fn any_line_is_read_without_panic(line: Vec<u8>) {
            let _ = string_line(&line);
            let _ = unicode_line(&line);
            let _ = integer_line(&line);
        }
    }
}
