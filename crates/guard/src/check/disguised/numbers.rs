//! Numbers of characters in a word: `67`, `0x67,0x68`, `\\147\\150`, `=67=68`, `chr(103)+chr(104)`, `String.fromCharCode(103,104)`.

use super::run::is_joint;
use std::ops::Range;

/// Numbers on end that count for themselves, whatever stands around them in the word.
const ROW: usize = 8;

/// Where the numbers of a word are; nothing where it says something else. A word of marks alone has none.
pub(super) fn numbers(word: &str) -> Option<Vec<Range<usize>>> {
    let bytes = word.as_bytes();
    let (mut found, mut is_pure, mut at) = (Vec::new(), true, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        if !byte.is_ascii_alphanumeric() {
            if !is_joint(byte)
                && !matches!(byte, b'+' | b'-' | b'.' | b'/' | b'&' | b'%' | b'#' | b'$' | b'_')
            {
                is_pure = false;
                if !found.is_empty() {
                    break;
                }
            }
            at = at.saturating_add(1);
            continue;
        }
        let length = bytes.iter().skip(at).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let end = at.saturating_add(length);
        let run = word.get(at..end).unwrap_or_default();
        let digits =
            ["0x", "0X", "0o", "x", "u00"].iter().find_map(|mark| run.strip_prefix(mark)).unwrap_or(run);
        if is_number(digits) {
            found.push(end.saturating_sub(digits.len())..end);
        } else if !matches!(bytes.get(end), Some(b'(' | b'[' | b'.')) {
            is_pure = false;
            if !found.is_empty() {
                break;
            }
        }
        at = end;
    }
    (is_pure || found.len() >= ROW).then_some(found)
}

/// Whether a text may be the number of a character: `67`, `103`, `01100111`.
fn is_number(text: &str) -> bool {
    match text.len() {
        2 => text.bytes().all(|byte| byte.is_ascii_hexdigit()),
        3 => text.bytes().all(|byte| byte.is_ascii_digit()),
        7 | 8 => text.bytes().all(|byte| matches!(byte, b'0' | b'1')),
        _ => false,
    }
}

/// What numbers of characters spell, in every way that all of them can be read: hexadecimal, binary, decimal, octal. What is no letter
/// or sign is the end of a line.
pub(super) fn spelt(parts: &[&str]) -> Vec<String> {
    let spell = |radix: u32, widths: std::ops::RangeInclusive<usize>| {
        let number = |part: &&str| {
            let code =
                widths.contains(&part.len()).then(|| u8::from_str_radix(part, radix).ok()).flatten()?;
            let is_seen = code.is_ascii_graphic() || code == b' ';
            code.is_ascii().then(|| if is_seen { char::from(code) } else { '\n' })
        };
        parts.iter().map(number).collect::<Option<String>>()
    };
    [(16, 2..=2), (2, 7..=8), (10, 2..=3), (8, 3..=3)]
        .into_iter()
        .filter_map(|(radix, widths)| spell(radix, widths))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(word: &str) -> Option<Vec<&str>> {
        numbers(word).map(|found| found.into_iter().filter_map(|span| word.get(span)).collect())
    }

    #[test]
    fn numbers_are_found_between_what_puts_them_together() {
        let expected = Some(vec!["67", "68"]);
        for word in [
            "67,68",
            "0x67,0x68,",
            "=67=68=",
            "\\x67\\x68",
            "[0x67|0x68]",
            "chr(67)+chr(68)",
            "67-68",
            "String.fromCharCode(67,68)",
        ] {
            assert_eq!(read(word), expected, "{word}");
        }
        assert_eq!(read("\\147\\150"), Some(vec!["147", "150"]));
        assert_eq!(read("+"), Some(vec![]));
        for word in ["word", "2024-10-12", "a=67,68", "67km", "v1.22.333b"] {
            assert_eq!(read(word), None, "{word}");
        }
        let row = format!("x=[{}].map(c=>f(c))", ["103"; ROW].join(","));
        assert_eq!(read(&row).map(|found| found.len()), Some(ROW));
    }

    #[test]
    fn numbers_are_read_in_every_way_that_fits_all() {
        assert_eq!(spelt(&["67", "68"]), ["gh", "CD"]);
        assert_eq!(spelt(&["147", "150"]), ["gh"]);
        assert_eq!(spelt(&["103", "104"]), ["gh", "CD"]);
        assert_eq!(spelt(&["01100111", "0a"]), [""; 0]);
    }

    proptest::proptest! {
        #[test]
        fn any_word_is_read(word in "([0-9a-f]{2}|0x|chr\\(|[,+=.(\\\\]|[a-z\u{e9}]{1,4}|[0-9]{1,9}){0,24}") {
            let found = numbers(&word).unwrap_or_default();
            let parts: Vec<&str> = found.into_iter().filter_map(|span| word.get(span)).collect();
            proptest::prop_assert!(spelt(&parts).iter().all(|text| text.len() == parts.len()));
        }
    }
}
