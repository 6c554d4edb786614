//! What Jinja's string filters and Python's string methods make of a known text.
//!
//! Source: `jinja2.filters` and the Python library reference, *Text Sequence Type*. Every function is linear in its
//! result, which is bounded by [`WIDEST`].

use std::fmt::Write;

/// Widest padding made; names are far shorter.
const WIDEST: usize = 4096;

/// How many copies of `part` fill the widest text.
pub(super) fn copies(part: &str) -> usize {
    WIDEST.checked_div(part.len()).map_or(usize::MAX, |copies| copies.saturating_add(1))
}

/// Which side of a text a padding goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Both,
    Left,
    Right,
}

/// `str.center`, `str.rjust` (padding on the left), `str.ljust`.
pub(super) fn pad(text: &str, width: i64, fill: char, side: Side) -> String {
    let length = text.chars().count();
    let width = usize::try_from(width).unwrap_or(0).min(WIDEST);
    let missing = width.saturating_sub(length);
    let left = match side {
        Side::Left => missing,
        Side::Right => 0,
        // As CPython: the odd one goes left when the width is odd.
        Side::Both => (missing / 2).saturating_add(missing & width & 1),
    };
    let padding = |count: usize| std::iter::repeat_n(fill, count);
    padding(left).chain(text.chars()).chain(padding(missing.saturating_sub(left))).collect()
}

/// Jinja's `title`: a capital at the start and after each separator.
pub(super) fn title(text: &str) -> String {
    let mut begins = true;
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        let separates = letter.is_whitespace() || matches!(letter, '-' | '(' | '{' | '[' | '<');
        if begins && !separates {
            shown.extend(letter.to_uppercase());
        } else {
            shown.extend(letter.to_lowercase());
        }
        begins = separates;
    }
    shown
}

/// `str.title`: a capital at the start of each run of letters.
pub(super) fn python_title(text: &str) -> String {
    let mut inside = false;
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if inside {
            shown.extend(letter.to_lowercase());
        } else {
            shown.extend(letter.to_uppercase());
        }
        inside = letter.is_alphabetic();
    }
    shown
}

pub(super) fn capitalize(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters.flat_map(char::to_lowercase)).collect()
}

pub(super) fn swapcase(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_uppercase() {
            shown.extend(letter.to_lowercase());
        } else {
            shown.extend(letter.to_uppercase());
        }
    }
    shown
}

/// Jinja's `truncate`.
pub(super) fn truncate(text: &str, length: i64, kills_words: bool, end: &str, leeway: i64) -> String {
    let count = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    if count <= length.saturating_add(leeway) {
        return text.to_owned();
    }
    let room = length.saturating_sub(i64::try_from(end.chars().count()).unwrap_or(i64::MAX));
    let kept: String = text.chars().take(usize::try_from(room).unwrap_or(0)).collect();
    let kept = if kills_words { &kept } else { kept.rsplit_once(' ').map_or(&*kept, |(kept, _)| kept) };
    [kept, end].concat()
}

/// Jinja's `wordwrap`, hyphens aside.
pub(super) fn wordwrap(text: &str, width: i64, breaks_words: bool, joint: &str) -> String {
    let width = usize::try_from(width).unwrap_or(0).max(1);
    let mut rows: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut row = String::new();
        let mut used = 0usize;
        for word in line.split_inclusive(' ') {
            let bare = word.trim_end_matches(' ').chars().count();
            if used > 0 && used.saturating_add(bare) > width {
                rows.push(std::mem::take(&mut row).trim_end_matches(' ').to_owned());
                used = 0;
            }
            for letter in word.chars() {
                if used >= width && letter != ' ' && breaks_words {
                    rows.push(std::mem::take(&mut row).trim_end_matches(' ').to_owned());
                    used = 0;
                }
                row.push(letter);
                used = used.saturating_add(1);
            }
        }
        rows.push(row.trim_end_matches(' ').to_owned());
    }
    rows.truncate(copies(joint).saturating_add(1));
    rows.join(joint)
}

/// Jinja's `indent`: all lines but the first, and no empty ones, unless told otherwise.
pub(super) fn indent(text: &str, by: &str, first: bool, blank: bool) -> String {
    let lines = text.split('\n').take(copies(by).saturating_add(1)).enumerate().map(|(number, line)| {
        let is_indented = if number == 0 { first } else { blank || !line.is_empty() };
        if is_indented { [by, line].concat() } else { line.to_owned() }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// `escape`: HTML's five characters.
pub(super) fn escape(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '\'' => shown.push_str("&#39;"),
            '"' => shown.push_str("&#34;"),
            _ => shown.push(letter),
        }
    }
    shown
}

/// `striptags`: without tags and comments, blanks collapsed, entities decoded.
pub(super) fn strip_tags(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        let (before, tag) = rest.split_at(open);
        kept.push_str(before);
        let close = if tag.starts_with("<!--") { "-->" } else { ">" };
        let Some((_, after)) = tag.split_once(close) else {
            rest = tag;
            break;
        };
        rest = after;
    }
    kept.push_str(rest);
    unescape(&kept.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn unescape(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, entity)) = rest.split_once('&') {
        shown.push_str(before);
        let decoded = entity.split_once(';').filter(|(name, _)| name.len() < 10).and_then(|(name, after)| {
            let letter = match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                "lowbar" | "UnderBar" => '_',
                _ => {
                    let number = name.strip_prefix('#')?;
                    let code = match number.strip_prefix(['x', 'X']) {
                        Some(hex) => u32::from_str_radix(hex, 16),
                        None => number.parse(),
                    };
                    char::from_u32(code.ok()?)?
                }
            };
            Some((letter, after))
        });
        rest = entity;
        if let Some((letter, after)) = decoded {
            shown.push(letter);
            rest = after;
        } else {
            shown.push('&');
        }
    }
    shown.push_str(rest);
    shown
}

/// `urlencode` of a text: bytes outside the unreserved ones and `/` in hexadecimal.
pub(super) fn url_encode(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'~' | b'/') {
            shown.push(char::from(byte));
        } else {
            let _ = write!(shown, "%{byte:02X}");
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_follows_python() {
        assert_eq!(pad("ab", 5, '*', Side::Both), "**ab*");
        assert_eq!(pad("abc", 6, '*', Side::Both), "*abc**");
        assert_eq!(pad("ab", 4, '0', Side::Left), "00ab");
        assert_eq!(pad("ab", -4, ' ', Side::Right), "ab");
    }

    #[test]
    fn cases_follow_jinja_and_python() {
        assert_eq!(title("__class__ of-it"), "__class__ Of-It");
        assert_eq!(python_title("__class__ of"), "__Class__ Of");
        assert_eq!(capitalize("aBC"), "Abc");
        assert_eq!(swapcase("__CLASS__x"), "__class__X");
    }

    #[test]
    fn lengths_follow_jinja() {
        assert_eq!(truncate("foo bar baz qux", 9, false, "...", 0), "foo...");
        assert_eq!(truncate("foo bar baz qux", 9, true, "...", 0), "foo ba...");
        assert_eq!(truncate("foo bar baz qux", 11, false, "...", 5), "foo bar baz qux");
        assert_eq!(wordwrap("__cla ss__", 5, true, "\n"), "__cla\nss__");
        assert_eq!(wordwrap("abcdef", 4, true, "~"), "abcd~ef");
        assert_eq!(indent("a\n\nb", "  ", false, false), "a\n\n  b");
        assert_eq!(indent("a", "  ", true, false), "  a");
    }

    #[test]
    fn markup_follows_markupsafe() {
        assert_eq!(escape("a&'<"), "a&amp;&#39;&lt;");
        assert_eq!(strip_tags("__cl<b x=1>ass</b><!-- > -->__ &#95;&x"), "__class__ _&x");
        assert_eq!(strip_tags("a < b"), "a < b");
        assert_eq!(url_encode("[a/"), "%5Ba/");
    }
}
