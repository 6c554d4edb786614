//! Addresses and texts as whoever shows them reads them: character references, and escapes of Markdown and of style sheets, undone.
//!
//! Sources: the HTML standard of the WHATWG, section 13.2.5.72; CommonMark 0.31, sections 2.4 and 2.5; CSS Syntax Level 3, section 4.3.7.

use bartizan_text::references::reference;
use std::borrow::Cow;

/// A text with its character references undone, and with the escapes of Markdown as well if it is Markdown.
pub(crate) fn undone(text: &str, markdown: bool) -> Cow<'_, str> {
    let is_special = |byte: &u8| *byte == b'&' || markdown && *byte == b'\\';
    if !text.as_bytes().iter().any(&is_special) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| is_special(&byte)) {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        let (character, length) =
            if tail.starts_with('\\') { escape(tail) } else { reference(tail).unwrap_or(('&', 1)) };
        out.push(character);
        rest = tail.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The character that an escape stands for, and how long the escape is.
fn escape(text: &str) -> (char, usize) {
    match text.chars().nth(1).filter(char::is_ascii_punctuation) {
        Some(escaped) => (escaped, 2),
        None => ('\\', 1),
    }
}

/// A style with its escapes undone.
pub(crate) fn of_style(style: &str) -> Cow<'_, str> {
    if !style.contains('\\') {
        return Cow::Borrowed(style);
    }
    let mut out = String::with_capacity(style.len());
    let mut rest = style;
    while let Some(at) = rest.find('\\') {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        let tail = tail.get(1..).unwrap_or_default();
        let digits = tail.bytes().take_while(u8::is_ascii_hexdigit).take(6).count();
        let code = u32::from_str_radix(tail.get(..digits).unwrap_or_default(), 16).ok();
        out.extend(code.and_then(char::from_u32));
        rest = tail.get(digits..).unwrap_or_default();
        if digits > 0 {
            rest = rest.strip_prefix([' ', '\t', '\n']).unwrap_or(rest);
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_undone_and_what_is_none_stays() {
        assert_eq!(undone("https&colon;&#47;&#x2F;a&sol;b&#10;c", false), "https://a/b\nc");
        assert_eq!(undone("a&b=1&copy=2&#;&#x110000;&", true), "a&b=1&copy=2&#;&#x110000;&");
        assert_eq!(undone("&#106avascript&#58", false), "javascript:");
    }

    #[test]
    fn escapes_count_in_markdown_alone() {
        assert_eq!(undone("https\\:\\/\\/a\\b\\&sol;", true), "https://a\\b&sol;");
        assert_eq!(undone("https:\\/\\/a", false), "https:\\/\\/a");
    }

    #[test]
    fn escapes_of_styles_are_undone() {
        assert_eq!(of_style("u\\72l(https:\\2f\\2f a\\.b)"), "url(https://a.b)");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_and_what_has_no_marks_stays(text in "\\PC{0,60}", marked in "[&#x;\\\\0-9a-f/]{0,24}") {
            undone(&marked, true);
            of_style(&marked);
            let plain = text.replace(['&', '\\'], "");
            proptest::prop_assert_eq!(undone(&plain, true), plain.as_str());
        }
    }
}
