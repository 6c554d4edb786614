//! The bytes of a body, out of its framing: [`Content`].
//!
//! Sources: RFC 9112, sections 6.2 and 7.1. Every line ends with CR LF and nothing else; extensions of chunks and trailers are read over,
//! within bounds.

use bytes::{BufMut as _, BytesMut};

/// Hexadecimal digits of a chunk's size: more than any body has bytes.
const DIGITS: u8 = 15;
/// Longest extension of a chunk, and all lines of the trailers together, in bytes.
const LONGEST_EXTENSION: u16 = 1 << 10;
const LONGEST_TRAILERS: u16 = 8 << 10;

/// Where in its body a reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// So many bytes are left.
    Length(u64),
    /// It comes in chunks.
    Chunks(Chunk),
    /// It ends with the connection.
    UntilClose,
}

/// Where in its chunks a reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunk {
    /// In the digits of a size: the number so far, and how many there were.
    Size(u64, u8),
    /// Behind the digits, in blanks or an extension: the size, the bytes read over, whether the extension began.
    Extension(u64, u16, bool),
    /// Before the line feed behind a size.
    SizeEnd(u64),
    /// So many bytes of it are left.
    Data(u64),
    /// Behind its bytes: before the carriage return, or before the line feed.
    DataEnd(bool),
    /// In the trailers: bytes read over, whether the line has any.
    Trailers(u16, bool),
    /// Before the line feed of a line of trailers, which has bytes or is the last.
    TrailerEnd(u16, bool),
    /// Behind everything.
    Over,
}

/// Why bytes are no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body's chunks are malformed at byte {0} of what came")]
pub struct ContentError(pub usize);

impl Content {
    /// A body in chunks, before its first byte.
    pub const CHUNKED: Self = Self::Chunks(Chunk::Size(0, 0));

    /// Whether nothing of the body is left.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunks(Chunk::Over))
    }

    /// Takes bytes that came and puts what is content behind `out`. Gives how many bytes were the body's; those behind it are not touched.
    ///
    /// # Errors
    /// [`ContentError`] names the byte.
    pub fn read(&mut self, input: &[u8], out: &mut BytesMut) -> Result<usize, ContentError> {
        match self {
            Self::Length(left) => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                out.put_slice(input.get(..taken).unwrap_or_default());
                *left = left.saturating_sub(taken as u64);
                Ok(taken)
            }
            Self::Chunks(chunk) => chunk.read(input, out),
            Self::UntilClose => {
                out.put_slice(input);
                Ok(input.len())
            }
        }
    }
}

impl Chunk {
    fn read(&mut self, input: &[u8], out: &mut BytesMut) -> Result<usize, ContentError> {
        let mut at = 0_usize;
        while let Some(byte) = input.get(at) {
            if let Self::Data(left) = *self {
                let rest = input.get(at..).unwrap_or_default();
                let taken = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                out.put_slice(rest.get(..taken).unwrap_or_default());
                at = at.saturating_add(taken);
                let left = left.saturating_sub(taken as u64);
                *self = if left == 0 { Self::DataEnd(false) } else { Self::Data(left) };
                continue;
            }
            if *self == Self::Over {
                break;
            }
            *self = self.after(*byte).ok_or(ContentError(at))?;
            at = at.saturating_add(1);
        }
        Ok(at)
    }

    /// Where a reader is behind one byte of framing.
    fn after(self, byte: u8) -> Option<Self> {
        let is_text = byte == b'\t' || (byte >= b' ' && byte != 0x7F);
        match (self, byte) {
            (Self::Size(size, digits), _) if byte.is_ascii_hexdigit() => {
                let digit = char::from(byte).to_digit(16)?;
                let digits = digits.saturating_add(1);
                (digits <= DIGITS).then(|| Self::Size(size << 4 | u64::from(digit), digits))
            }
            (Self::Size(_, 0), _) => None,
            (Self::Size(size, _) | Self::Extension(size, ..), b'\r') => Some(Self::SizeEnd(size)),
            (Self::Size(size, _), b' ' | b'\t') => Some(Self::Extension(size, 1, false)),
            (Self::Size(size, _), b';') => Some(Self::Extension(size, 1, true)),
            (Self::Extension(size, length, begun), _) if length < LONGEST_EXTENSION => {
                let goes_on = if begun { is_text } else { matches!(byte, b' ' | b'\t' | b';') };
                goes_on.then(|| Self::Extension(size, length.saturating_add(1), begun || byte == b';'))
            }
            (Self::SizeEnd(0), b'\n') => Some(Self::Trailers(0, false)),
            (Self::SizeEnd(size), b'\n') => Some(Self::Data(size)),
            (Self::DataEnd(false), b'\r') => Some(Self::DataEnd(true)),
            (Self::DataEnd(true), b'\n') => Some(Self::Size(0, 0)),
            (Self::Trailers(length, some), b'\r') => Some(Self::TrailerEnd(length, some)),
            (Self::Trailers(length, _), _) if is_text && length < LONGEST_TRAILERS => {
                Some(Self::Trailers(length.saturating_add(1), true))
            }
            (Self::TrailerEnd(length, true), b'\n') => Some(Self::Trailers(length, false)),
            (Self::TrailerEnd(_, false), b'\n') => Some(Self::Over),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The content, how many bytes were the body's, and whether it is over, when it comes in pieces of a size.
    fn read(mut content: Content, input: &[u8], size: usize) -> Result<(Vec<u8>, usize, bool), usize> {
        let (mut out, mut taken) = (BytesMut::new(), 0);
        for piece in input.chunks(size) {
            let read = content.read(piece, &mut out).map_err(|error| taken + error.0)?;
            taken += read;
            if read < piece.len() {
                break;
            }
        }
        Ok((out.to_vec(), taken, content.is_over()))
    }

    #[test]
    fn chunks_are_read_however_they_come_and_nothing_behind_them() {
        let body =
            b"4\r\nWiki\r\n0006;a=\"b\"\r\npedia \r\nE \r\nin \r\n\r\nchunks.\r\n0\r\nx: y\r\n\r\nGET /";
        for size in 1..body.len() {
            let (text, taken, over) = read(Content::CHUNKED, body, size).unwrap();
            assert_eq!(text, b"Wikipedia in \r\n\r\nchunks.");
            assert_eq!((taken, over), (body.len() - 5, true), "{size}");
        }
    }

    #[test]
    fn chunks_that_could_be_read_in_two_ways_are_refused_at_their_byte() {
        for (body, at) in [
            (&b"4\nWiki\r\n0\r\n\r\n"[..], 1),
            (b"4\r\nWiki\n0\r\n\r\n", 7),
            (b"4\r\nWikia\r\n0\r\n\r\n", 7),
            (b"\r\nWiki", 0),
            (b"-4\r\nWiki", 0),
            (b"+4\r\nWiki", 0),
            (b"0x4\r\nWiki", 1),
            (b" 4\r\nWiki", 0),
            (b"4 4\r\nWiki", 2),
            (b"4;a\nb\r\nWiki", 3),
            (b"4\rX", 2),
            (b"fffffffffffffffff\r\n", 15),
            (b"0\r\n\n", 3),
            (b"0\r\nx\x00y\r\n\r\n", 4),
            (b"0\r\n\rX", 4),
        ] {
            for size in [1, 3, body.len()] {
                assert_eq!(read(Content::CHUNKED, body, size), Err(at), "{}", String::from_utf8_lossy(body));
            }
        }
    }

    #[test]
    fn extensions_and_trailers_are_bounded() {
        let long = [b"1;".as_slice(), &b"a".repeat(2_000)].concat();
        assert!(read(Content::CHUNKED, &long, 100).is_err());
        let long = [b"0\r\n".as_slice(), &b"a: b\r\n".repeat(4_000)].concat();
        assert!(read(Content::CHUNKED, &long, 100).is_err());
    }

    #[test]
    fn a_length_is_kept_to() {
        assert_eq!(read(Content::Length(3), b"abcdef", 2).unwrap(), (b"abc".to_vec(), 3, true));
        assert_eq!(read(Content::Length(3), b"ab", 2).unwrap(), (b"ab".to_vec(), 2, false));
        assert_eq!(read(Content::UntilClose, b"ab", 1).unwrap(), (b"ab".to_vec(), 2, false));
    }

    proptest! {
        #[test]
        fn no_cut_changes_what_is_read(input in "[0-9a-f;\r\n x]{0,40}", size in 1..20_usize) {
            let whole = read(Content::CHUNKED, input.as_bytes(), usize::MAX);
            prop_assert_eq!(whole, read(Content::CHUNKED, input.as_bytes(), size));
        }

        #[test]
        fn what_is_cut_into_chunks_comes_back(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..6), size in 1..30_usize) {
            let mut body = Vec::new();
            for piece in &pieces {
                body.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                body.extend_from_slice(piece);
                body.extend_from_slice(b"\r\n");
            }
            body.extend_from_slice(b"0\r\n\r\n");
            prop_assert_eq!(read(Content::CHUNKED, &body, size), Ok((pieces.concat(), body.len(), true)));
        }
    }
}
