//! Where links and images of Markdown lead to, told while an answer comes in: [`Destinations`].
//!
//! Source: CommonMark 0.31, sections 4.7, 6.3 and 6.4. Where it is not clear what is a bracket and what is code, a link counts as an
//! image that may be one.

use std::ops::Range;

/// Longest destination that is waited for, in bytes; a longer one is told as it begins.
pub(crate) const LONGEST: usize = 2048;
/// Most brackets that are open at a time.
const DEEPEST: usize = 32;

/// What leads somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leads {
    /// A link.
    Link,
    /// An image, which is loaded by itself.
    Image,
    /// A definition, to which links and images refer.
    Definition,
    /// An image that refers to a definition: no destination, but the image itself.
    Reference,
}

/// Where something leads to, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Destination {
    /// What leads there.
    pub(crate) of: Leads,
    /// Its bytes.
    pub(crate) span: Range<usize>,
    /// Whether it goes on.
    pub(crate) cut: bool,
}

/// Reads Markdown byte by byte.
#[derive(Debug, Clone, Default)]
pub(crate) struct Destinations {
    place: Place,
    /// Brackets that are open, and whether each is that of an image.
    open: Vec<bool>,
    /// Where the outermost image that is open begins.
    image: Option<usize>,
    before: u8,
    /// Whether nothing stands in the line yet.
    blank: bool,
    found: Vec<Destination>,
}

/// Where in the text it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Text,
    /// Behind a closing bracket.
    Closed,
    /// Before a destination; so many lines ended since.
    Before(Leads, u8),
    /// In a destination that begins there, with so many parentheses open.
    Plain(Leads, usize, u16),
    /// In one between angle brackets.
    Angled(Leads, usize),
}

impl Destinations {
    /// Whether a step matters in which there is neither a square bracket nor the end of a line.
    pub(crate) fn is_idle(&self) -> bool {
        self.place == Place::Text
    }

    /// Passes over such a step.
    pub(crate) fn pass(&mut self, step: &str) {
        self.before = step.bytes().next_back().unwrap_or(self.before);
        self.blank = false;
    }

    /// Where a destination begins that is not at its end.
    pub(crate) fn pending(&self) -> Option<usize> {
        match self.place {
            Place::Plain(_, start, _) | Place::Angled(_, start) => Some(start),
            Place::Text | Place::Closed | Place::Before(..) => None,
        }
    }

    /// Where an image begins that may still turn out to refer to a definition.
    pub(crate) fn image(&self) -> Option<usize> {
        self.image
    }

    /// Takes the byte at a place.
    pub(crate) fn byte(&mut self, place: usize, byte: u8) {
        match self.place {
            Place::Text => self.text(place, byte),
            Place::Closed => self.closed(place, byte),
            Place::Before(of, lines) => match byte {
                b'\n' if lines > 0 => {
                    self.place = Place::Text;
                    self.text(place, byte);
                }
                b'\n' => self.place = Place::Before(of, lines.saturating_add(1)),
                0..=b' ' => {}
                b'<' => self.place = Place::Angled(of, place.saturating_add(1)),
                b')' if of != Leads::Definition => self.place = Place::Text,
                _ => {
                    self.place = Place::Plain(of, place, 0);
                    self.plain(of, place, 0, place, byte);
                }
            },
            Place::Plain(of, start, depth) => self.plain(of, start, depth, place, byte),
            Place::Angled(of, start) => match byte {
                b'>' if self.before != b'\\' => self.tell(of, start..place, false),
                b'\n' => self.tell(of, start..place, false),
                _ if place.saturating_sub(start) >= LONGEST => self.tell(of, start..place, true),
                _ => {}
            },
        }
        self.blank = match byte {
            b'\n' => true,
            b' ' | b'\t' | b'\r' => self.blank,
            _ => false,
        };
        self.before = byte;
    }

    /// Says that nothing follows the place.
    pub(crate) fn finish(&mut self, place: usize) {
        match self.place {
            Place::Closed => self.closed(place, b'\n'),
            Place::Plain(of, start, _) | Place::Angled(of, start) => self.tell(of, start..place, false),
            Place::Text | Place::Before(..) => {}
        }
    }

    /// What was found since this was asked last.
    pub(crate) fn found(&mut self) -> Vec<Destination> {
        std::mem::take(&mut self.found)
    }

    fn text(&mut self, place: usize, byte: u8) {
        match byte {
            b'[' => {
                let is_image = self.before == b'!';
                if is_image && self.image.is_none() {
                    self.image = Some(place.saturating_sub(1));
                }
                if self.open.len() < DEEPEST {
                    self.open.push(is_image);
                } else if let Some(last) = self.open.last_mut() {
                    *last |= is_image;
                }
            }
            b']' => self.place = Place::Closed,
            b'\n' if self.blank => {
                self.open.clear();
                self.image = None;
            }
            _ => {}
        }
    }

    fn closed(&mut self, place: usize, byte: u8) {
        let is_image = self.open.contains(&true);
        self.place = match byte {
            b'(' => Place::Before(if is_image { Leads::Image } else { Leads::Link }, 0),
            b':' => Place::Before(Leads::Definition, 0),
            _ => Place::Text,
        };
        if is_image && byte != b'(' && byte != b':' {
            let start = self.image.unwrap_or(place);
            self.found.push(Destination { of: Leads::Reference, span: start..place, cut: false });
        }
        // What closes an image by itself may be no bracket but code in its text.
        if matches!(byte, b'(' | b'[' | b':') || self.open.last() == Some(&false) {
            self.open.pop();
        }
        if !self.open.contains(&true) {
            self.image = None;
        }
        if self.place == Place::Text {
            self.text(place, byte);
        }
    }

    fn plain(&mut self, of: Leads, start: usize, depth: u16, place: usize, byte: u8) {
        match byte {
            0..=b' ' => {
                self.tell(of, start..place, false);
                self.text(place, byte);
            }
            b'(' => self.place = Place::Plain(of, start, depth.saturating_add(1)),
            b')' if of != Leads::Definition && self.before != b'\\' => match depth.checked_sub(1) {
                Some(depth) => self.place = Place::Plain(of, start, depth),
                None => self.tell(of, start..place, false),
            },
            _ if place.saturating_sub(start) >= LONGEST => self.tell(of, start..place, true),
            _ => {}
        }
    }

    fn tell(&mut self, of: Leads, span: Range<usize>, cut: bool) {
        self.place = Place::Text;
        if !span.is_empty() {
            self.found.push(Destination { of, span, cut });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(Leads, &str)> {
        let mut all = Destinations::default();
        text.bytes().enumerate().for_each(|(place, byte)| all.byte(place, byte));
        all.finish(text.len());
        let shown = |one: Destination| (one.of, text.get(one.span).unwrap_or_default());
        all.found().into_iter().map(shown).collect()
    }

    #[test]
    fn destinations_are_found_in_every_form() {
        use Leads::{Definition, Image, Link, Reference};
        assert_eq!(read("a [b](c) ![d](e(f)g \"t\") x"), [(Link, "c"), (Image, "e(f)g")]);
        assert_eq!(read("[![x](a)](b)"), [(Image, "a"), (Link, "b")]);
        assert_eq!(read("[x](\n  <a b>) [x](c\\)d)"), [(Link, "a b"), (Link, "c\\)d")]);
        assert_eq!(
            read("[1]: a)b\n\n![x][1] ![y] z"),
            [(Definition, "a)b"), (Reference, "![x]"), (Reference, "![y]")]
        );
        assert_eq!(read("[x](日本。a b"), [(Link, "日本。a")]);
        assert_eq!(read("a[0] b(c) [d] (e) []() [x](\n\nf)"), []);
    }

    #[test]
    fn what_may_be_an_image_is_one() {
        for text in ["![a `[` b](c)", "![a `]` b](c)", "![a \\] b](c)", "![a [b](d) e](c)"] {
            assert_eq!(read(text).pop(), Some((Leads::Image, "c")), "{text}");
        }
        assert_eq!(read("![a\n\n[b](c)"), [(Leads::Link, "c")]);
    }

    #[test]
    fn an_endless_destination_is_told_as_it_begins() {
        let text = format!("[x]({}", "a".repeat(LONGEST * 3));
        let mut all = Destinations::default();
        text.bytes().enumerate().for_each(|(place, byte)| all.byte(place, byte));
        assert_eq!(all.found(), [Destination { of: Leads::Link, span: 4..4 + LONGEST, cut: true }]);
    }
}
