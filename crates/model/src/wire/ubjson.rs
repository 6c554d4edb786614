//! Universal Binary JSON (draft 12): a flat walk over the values of a document; typed arrays of numbers come whole.
//!
//! Source: ubjson.org, and the subset XGBoost writes (`src/common/json.cc`). Nesting is kept on an explicit stack and
//! bounded; nothing is built; cost is linear.

use bartizan_core::{Cursor, ShortRead};

/// Deepest nesting followed.
pub const MAX_DEPTH: usize = 512;

/// One step through a document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event<'a> {
    /// `{`
    ObjectStart,
    /// End of an object.
    ObjectEnd,
    /// `[`
    ArrayStart,
    /// End of an array.
    ArrayEnd,
    /// A member's name; its value follows.
    Key(&'a [u8]),
    /// A string or a high-precision number.
    Text(&'a [u8]),
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// An array whose items all have the type `kind` (a UBJSON marker) and lie in `bytes` one after another.
    Numbers {
        /// The type marker of every item.
        kind: u8,
        /// Number of items.
        count: u64,
        /// The items, big-endian.
        bytes: &'a [u8],
    },
    /// `T` or `F`
    Bool(bool),
    /// `Z`
    Null,
}

/// Why a document could not be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UbjsonError {
    /// The document ends inside a value.
    #[error("the document ends inside a value: {0}")]
    Truncated(#[from] ShortRead),
    /// A marker that does not exist, or not here.
    #[error("the marker {marker:#04x} has no meaning here")]
    BadMarker {
        /// The byte found.
        marker: u8,
    },
    /// A negative length, or more items than bytes are left.
    #[error("a length of {length} cannot be")]
    BadLength {
        /// The length found.
        length: i64,
    },
    /// More than [`MAX_DEPTH`] levels.
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

#[derive(Debug, Clone, Copy)]
struct Level {
    is_object: bool,
    /// Items still to come where a count was given; else the container ends by its mark.
    left: Option<u64>,
    /// Type of every item, where one was given.
    kind: Option<u8>,
    /// In an object: whether the next thing is a value.
    has_key: bool,
}

/// Walks one value and everything in it.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    cursor: Cursor<'a>,
    open: Vec<Level>,
    offset: usize,
    done: bool,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { cursor: Cursor::new(bytes), open: Vec::new(), offset: 0, done: false }
    }

    /// Offset of the last event's first byte.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Offset just past the last event.
    pub fn position(&self) -> usize {
        self.cursor.position()
    }

    fn marker(&mut self) -> Result<u8, UbjsonError> {
        loop {
            // `N` is padding.
            match self.cursor.u8()? {
                b'N' => {}
                marker => return Ok(marker),
            }
        }
    }

    fn integer(&mut self, marker: u8) -> Result<i64, UbjsonError> {
        let cursor = &mut self.cursor;
        Ok(match marker {
            b'i' => i64::from(cursor.u8()?.cast_signed()),
            b'U' => i64::from(cursor.u8()?),
            b'I' => i64::from(cursor.u16_be()?.cast_signed()),
            b'l' => i64::from(cursor.i32_be()?),
            b'L' => cursor.u64_be()?.cast_signed(),
            _ => return Err(UbjsonError::BadMarker { marker }),
        })
    }

    fn length(&mut self) -> Result<usize, UbjsonError> {
        let marker = self.marker()?;
        let length = self.integer(marker)?;
        usize::try_from(length).map_err(|_| UbjsonError::BadLength { length })
    }

    fn text(&mut self) -> Result<&'a [u8], UbjsonError> {
        let length = self.length()?;
        Ok(self.cursor.take(length)?)
    }

    fn close(&mut self) -> Event<'a> {
        let is_object = self.open.pop().is_some_and(|level| level.is_object);
        self.done = self.open.is_empty();
        if is_object { Event::ObjectEnd } else { Event::ArrayEnd }
    }

    fn step(&mut self) -> Result<Option<Event<'a>>, UbjsonError> {
        if self.done {
            return Ok(None);
        }
        self.offset = self.cursor.position();
        let Some(level) = self.open.last().copied() else {
            let marker = self.marker()?;
            return self.value(marker).map(Some);
        };
        if level.has_key {
            self.set(|level| level.has_key = false);
            let marker = match level.kind {
                Some(kind) => kind,
                None => self.marker()?,
            };
            return self.value(marker).map(Some);
        }
        if level.left == Some(0) {
            return Ok(Some(self.close()));
        }
        let end = if level.is_object { b'}' } else { b']' };
        if level.left.is_none() {
            let before = self.cursor.clone();
            if self.marker()? == end {
                return Ok(Some(self.close()));
            }
            self.cursor = before;
        }
        self.set(|level| level.left = level.left.map(|left| left.saturating_sub(1)));
        if level.is_object {
            self.set(|level| level.has_key = true);
            return Ok(Some(Event::Key(self.text()?)));
        }
        let marker = match level.kind {
            Some(kind) => kind,
            None => self.marker()?,
        };
        self.value(marker).map(Some)
    }

    fn set(&mut self, change: impl Fn(&mut Level)) {
        if let Some(level) = self.open.last_mut() {
            change(level);
        }
    }

    fn value(&mut self, marker: u8) -> Result<Event<'a>, UbjsonError> {
        let event = match marker {
            b'{' | b'[' => return self.container(marker == b'{'),
            b'S' | b'H' => Event::Text(self.text()?),
            b'C' => Event::Integer(i64::from(self.cursor.u8()?)),
            b'd' => Event::Float(f64::from(f32::from_be_bytes(self.cursor.array()?))),
            b'D' => Event::Float(f64::from_be_bytes(self.cursor.array()?)),
            b'T' => Event::Bool(true),
            b'F' => Event::Bool(false),
            b'Z' => Event::Null,
            _ => Event::Integer(self.integer(marker)?),
        };
        self.done = self.open.is_empty();
        Ok(event)
    }

    fn container(&mut self, is_object: bool) -> Result<Event<'a>, UbjsonError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(UbjsonError::TooDeep);
        }
        let mut kind = None;
        let mut left = None;
        if self.cursor.peek() == Some(b'$') {
            self.cursor.u8()?;
            kind = Some(self.cursor.u8()?);
        }
        if self.cursor.peek() == Some(b'#') {
            self.cursor.u8()?;
            left = Some(self.length()? as u64);
        } else if let Some(marker) = kind {
            return Err(UbjsonError::BadMarker { marker });
        }
        if let (Some(kind), Some(count), false) = (kind, left, is_object)
            && let Some(width) = width(kind)
        {
            let length = usize::try_from(count.saturating_mul(width)).unwrap_or(usize::MAX);
            let bytes = self.cursor.take(length)?;
            self.done = self.open.is_empty();
            return Ok(Event::Numbers { kind, count, bytes });
        }
        // Items without data (`T`, `F`, `Z`) could otherwise come by the billion from a few bytes.
        let remaining = self.cursor.remaining() as u64;
        if left.is_some_and(|left| left > remaining) {
            return Err(UbjsonError::BadLength { length: left.unwrap_or_default().cast_signed() });
        }
        self.open.push(Level { is_object, left, kind, has_key: false });
        Ok(if is_object { Event::ObjectStart } else { Event::ArrayStart })
    }
}

/// Bytes of one number of the type.
fn width(kind: u8) -> Option<u64> {
    match kind {
        b'i' | b'U' | b'C' => Some(1),
        b'I' => Some(2),
        b'l' | b'd' => Some(4),
        b'L' | b'D' => Some(8),
        _ => None,
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Event<'a>, UbjsonError>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        self.done |= step.is_err();
        step.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Event::{ArrayEnd, ArrayStart, Integer, Key, Numbers, ObjectEnd, ObjectStart};
    use proptest::prelude::*;

    #[test]
    fn objects_arrays_and_typed_arrays_are_walked() {
        let events: Vec<_> =
            Reader::new(b"{U\x01a[U\x05]U\x01b[$l#U\x01\x00\x00\x00\x07}").map(Result::unwrap).collect();
        let numbers = Numbers { kind: b'l', count: 1, bytes: &[0, 0, 0, 7] };
        assert_eq!(
            events,
            [ObjectStart, Key(b"a"), ArrayStart, Integer(5), ArrayEnd, Key(b"b"), numbers, ObjectEnd]
        );
    }

    #[test]
    fn a_typed_array_longer_than_the_document_is_refused() {
        assert!(Reader::new(b"[$D#l\x7f\xff\xff\xff").next().unwrap().is_err());
        assert!(Reader::new(b"[$Z#l\x7f\xff\xff\xff").next().unwrap().is_err());
        assert!(Reader::new(b"[#i\xff").next().unwrap().is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_walked(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), proptest::sample::select(b"{}[]$#UiSCZTN".to_vec())], 0..300)) {
            prop_assert!(Reader::new(&bytes).count() <= 3 * bytes.len() + 3);
        }
    }
}
