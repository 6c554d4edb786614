//! Attributes of tags of HTML, told while an answer comes in: [`Attributes`].
//!
//! Source: the HTML standard of the WHATWG, section 13.2.5. A tag that begins within another counts as well: whether the outer one is
//! a tag depends on who reads it.

use std::ops::Range;

/// Longest value that is waited for, in bytes; a longer one is told as it begins.
pub(crate) const LONGEST: usize = 2048;
/// Longest name that is kept.
const LONGEST_NAME: usize = 24;

/// An attribute with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribute {
    /// The element, in small letters; empty where another tag began within the tag.
    pub(crate) element: String,
    /// Its name, in small letters.
    pub(crate) name: String,
    /// The bytes of its value, without quotes.
    pub(crate) span: Range<usize>,
    /// Whether the value goes on.
    pub(crate) cut: bool,
}

/// Reads HTML byte by byte.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attributes {
    place: Place,
    element: String,
    name: String,
    /// Whether a tag is open within which another began.
    nested: bool,
    found: Vec<Attribute>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Text,
    /// Behind an angle bracket.
    Opened,
    Element,
    Between,
    Name,
    AfterName,
    /// Behind the sign of equality.
    Before,
    /// In a value that begins there.
    Value(usize, Option<u8>),
    /// In what is left of a value that was told.
    Rest(Option<u8>),
}

impl Attributes {
    /// Whether a step without an angle bracket is nothing to it.
    pub(crate) fn is_idle(&self) -> bool {
        self.place == Place::Text
    }

    /// Where a value begins that is not at its end.
    pub(crate) fn pending(&self) -> Option<usize> {
        if let Place::Value(start, _) = self.place { Some(start) } else { None }
    }

    /// What was found since this was asked last.
    pub(crate) fn found(&mut self) -> Vec<Attribute> {
        std::mem::take(&mut self.found)
    }

    /// Takes the byte at a place.
    pub(crate) fn byte(&mut self, place: usize, byte: u8) {
        let is_blank = byte.is_ascii_whitespace();
        self.place = match self.place {
            Place::Text if byte == b'<' => Place::Opened,
            Place::Text => return,
            Place::Opened if byte.is_ascii_alphabetic() => {
                self.element.clear();
                keep(&mut self.element, byte);
                Place::Element
            }
            Place::Element if byte.is_ascii_alphanumeric() || byte == b'-' => {
                keep(&mut self.element, byte);
                Place::Element
            }
            Place::Element if is_blank || byte == b'/' => Place::Between,
            Place::Between | Place::Name | Place::AfterName | Place::Before | Place::Rest(_)
                if byte == b'<' =>
            {
                self.nested = true;
                Place::Opened
            }
            Place::Opened | Place::Element if byte == b'<' => Place::Opened,
            Place::Opened | Place::Element => self.close(),
            Place::Between | Place::Name | Place::AfterName | Place::Before | Place::Rest(None)
                if byte == b'>' =>
            {
                self.close()
            }
            Place::Between if is_blank || byte == b'/' => Place::Between,
            Place::Name if is_blank => Place::AfterName,
            Place::Name if byte == b'/' => Place::Between,
            Place::Name | Place::AfterName if byte == b'=' => Place::Before,
            Place::AfterName if is_blank => Place::AfterName,
            Place::Name => {
                keep(&mut self.name, byte);
                Place::Name
            }
            Place::Between | Place::AfterName => {
                self.name.clear();
                keep(&mut self.name, byte);
                Place::Name
            }
            Place::Before if is_blank => Place::Before,
            Place::Before if matches!(byte, b'"' | b'\'') => {
                Place::Value(place.saturating_add(1), Some(byte))
            }
            Place::Before => Place::Value(place, None),
            Place::Value(start, quote) if ends(quote, byte) => {
                self.tell(start..place, false);
                if quote.is_none() && byte == b'>' { self.close() } else { Place::Between }
            }
            Place::Value(start, quote) if place.saturating_sub(start) >= LONGEST => {
                self.tell(start..place, true);
                Place::Rest(quote)
            }
            Place::Rest(quote) if ends(quote, byte) => Place::Between,
            same @ (Place::Value(..) | Place::Rest(_)) => same,
        };
    }

    /// Says that nothing follows the place.
    pub(crate) fn finish(&mut self, place: usize) {
        if let Place::Value(start, _) = self.place {
            self.tell(start..place, false);
            self.place = Place::Text;
        }
    }

    fn close(&mut self) -> Place {
        self.nested = false;
        Place::Text
    }

    fn tell(&mut self, span: Range<usize>, cut: bool) {
        if !span.is_empty() {
            let element = if self.nested { String::new() } else { self.element.clone() };
            self.found.push(Attribute { element, name: self.name.clone(), span, cut });
        }
    }
}

/// Whether a value in these quotes ends at a byte.
fn ends(quote: Option<u8>, byte: u8) -> bool {
    quote.map_or(byte.is_ascii_whitespace() || byte == b'>', |quote| quote == byte)
}

fn keep(name: &mut String, byte: u8) {
    if name.len() < LONGEST_NAME {
        name.push(char::from(byte.to_ascii_lowercase()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String, &str)> {
        let mut all = Attributes::default();
        text.bytes().enumerate().for_each(|(place, byte)| all.byte(place, byte));
        all.finish(text.len());
        let shown = |one: Attribute| (one.element, one.name, text.get(one.span).unwrap_or_default());
        all.found().into_iter().map(shown).collect()
    }

    fn one(element: &str, name: &str, value: &'static str) -> Vec<(String, String, &'static str)> {
        vec![(element.to_owned(), name.to_owned(), value)]
    }

    #[test]
    fn values_are_found_however_they_are_written() {
        for text in
            ["<IMG Src=a>", "<img\nsrc = 'a' >", "<img/src=\"a\"", "<img x src=a y>", "<img \"x\"src=a"]
        {
            let found = read(text).pop().map(|(element, _, value)| (element, value));
            assert_eq!(found, Some(("img".to_owned(), "a")), "{text}");
        }
        assert_eq!(read("<td background='a > b'>"), one("td", "background", "a > b"));
        assert_eq!(read("a < b = c, <n; i = 0> <1 a=b> </p a=b> <https://a/?b=c>"), []);
    }

    #[test]
    fn a_tag_within_another_has_no_element_of_its_own() {
        assert_eq!(read("<link <a href=b>"), one("", "href", "b"));
        assert_eq!(read("<b> <a href=b>"), one("a", "href", "b"));
    }

    #[test]
    fn an_endless_value_is_told_as_it_begins_and_others_are_read_behind_it() {
        let text = format!("<img alt='{}' src=b>", "a".repeat(LONGEST * 2));
        let names: Vec<String> = read(&text).into_iter().map(|(_, name, _)| name).collect();
        assert_eq!(names, ["alt", "src"]);
    }
}
