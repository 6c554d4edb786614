//! The Redis serialization protocol, version 2: commands out, replies in: [`Reply`].
//!
//! Source: the RESP specification (redis.io/docs/latest/develop/reference/protocol-spec). Only what a client of a few commands meets is
//! read; a reply may nest and be as long as the bounds below say.

/// Longest string of a reply, in bytes.
const LONGEST: usize = 1 << 20;
/// Longest line of a reply, in bytes: lengths, numbers, errors.
const LONGEST_LINE: usize = 1 << 10;
/// Most members of one array.
const MOST: usize = 1 << 10;
/// How deep arrays may nest.
const DEEPEST: usize = 4;

/// What a server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A word of its own: `OK`.
    Simple(String),
    /// What went wrong, in its words.
    Error(String),
    /// A number.
    Integer(i64),
    /// A string of bytes.
    Bulk(Vec<u8>),
    /// Nothing.
    Null,
    /// Several.
    Array(Vec<Reply>),
}

/// Why bytes are no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RespError {
    /// The first byte names no kind, or a line is none.
    #[error("the bytes at {0} are no reply of the Redis protocol, version 2")]
    Malformed(usize),
    /// Longer or deeper than is read.
    #[error("the reply at byte {0} is larger than is read")]
    TooLarge(usize),
}

impl Reply {
    /// Reads one reply from the beginning of `bytes`: it, and how many bytes it has; nothing when it is not all there.
    ///
    /// # Errors
    /// [`RespError`] names the byte.
    pub fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, RespError> {
        read(bytes, 0, DEEPEST)
    }
}

fn read(bytes: &[u8], at: usize, depth: usize) -> Result<Option<(Reply, usize)>, RespError> {
    let Some(kind) = bytes.get(at) else { return Ok(None) };
    let begin = at.saturating_add(1);
    let rest = bytes.get(begin..).unwrap_or_default();
    let searched = rest.get(..LONGEST_LINE).unwrap_or(rest);
    let Some(length) = memchr::memmem::find(searched, b"\r\n") else {
        return if searched.len() == LONGEST_LINE { Err(RespError::TooLarge(at)) } else { Ok(None) };
    };
    let line = std::str::from_utf8(rest.get(..length).unwrap_or_default())
        .map_err(|_| RespError::Malformed(begin))?;
    let after = begin.saturating_add(length).saturating_add(2);
    let number = || line.parse::<i64>().map_err(|_| RespError::Malformed(begin));
    // Only minus one, of lengths, is less than nothing: it says that there is none.
    let counted = |most: usize| match number()? {
        -1 => Ok(None),
        length => match usize::try_from(length) {
            Ok(length) if length <= most => Ok(Some(length)),
            Ok(_) => Err(RespError::TooLarge(at)),
            Err(_) => Err(RespError::Malformed(begin)),
        },
    };
    Ok(Some(match kind {
        b'+' => (Reply::Simple(line.to_owned()), after),
        b'-' => (Reply::Error(line.to_owned()), after),
        b':' => (Reply::Integer(number()?), after),
        b'$' => match counted(LONGEST)? {
            None => (Reply::Null, after),
            Some(length) => {
                let end = after.saturating_add(length);
                let whole = end.saturating_add(2);
                let Some(ends) = bytes.get(end..whole) else { return Ok(None) };
                if ends != b"\r\n" {
                    return Err(RespError::Malformed(end));
                }
                (Reply::Bulk(bytes.get(after..end).unwrap_or_default().to_vec()), whole)
            }
        },
        b'*' => match counted(MOST)? {
            None => (Reply::Null, after),
            Some(_) if depth == 0 => return Err(RespError::TooLarge(at)),
            Some(count) => {
                let (mut items, mut next) = (Vec::new(), after);
                for _ in 0..count {
                    let Some((item, end)) = read(bytes, next, depth.saturating_sub(1))? else {
                        return Ok(None);
                    };
                    items.push(item);
                    next = end;
                }
                (Reply::Array(items), next)
            }
        },
        _ => return Err(RespError::Malformed(at)),
    }))
}

/// A command as it is sent.
pub(super) fn command(words: &[&[u8]]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_of_each_kind_are_read_and_what_follows_is_left() {
        let all: [(&[u8], Reply); 7] = [
            (b"+OK\r\n", Reply::Simple("OK".to_owned())),
            (b"-ERR no\r\n", Reply::Error("ERR no".to_owned())),
            (b":-12\r\n", Reply::Integer(-12)),
            (b"$4\r\na\r\nb\r\n", Reply::Bulk(b"a\r\nb".to_vec())),
            (b"$-1\r\n", Reply::Null),
            (b"*-1\r\n", Reply::Null),
            (
                b"*2\r\n:1\r\n*1\r\n$0\r\n\r\n",
                Reply::Array(vec![Reply::Integer(1), Reply::Array(vec![Reply::Bulk(Vec::new())])]),
            ),
        ];
        for (bytes, reply) in all {
            let more = [bytes, b"+next\r\n"].concat();
            assert_eq!(Reply::read(&more), Ok(Some((reply, bytes.len()))));
            for end in 0..bytes.len() {
                assert_eq!(Reply::read(&bytes[..end]), Ok(None), "{end} of {bytes:?}");
            }
        }
    }

    #[test]
    fn what_is_no_reply_or_too_large_names_its_byte() {
        assert_eq!(Reply::read(b"HTTP/1.1 400\r\n"), Err(RespError::Malformed(0)));
        assert_eq!(Reply::read(b":one\r\n"), Err(RespError::Malformed(1)));
        assert_eq!(Reply::read(b"$2\r\nabc\r\n"), Err(RespError::Malformed(6)));
        assert_eq!(Reply::read(b"$9999999999\r\n"), Err(RespError::TooLarge(0)));
        assert_eq!(Reply::read(b"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"), Err(RespError::TooLarge(16)));
        assert_eq!(Reply::read(&[b'+'; 2_000]), Err(RespError::TooLarge(0)));
    }

    #[test]
    fn a_command_is_an_array_of_strings() {
        assert_eq!(command(&[b"GET", b"a\r\n"]), b"*2\r\n$3\r\nGET\r\n$3\r\na\r\n\r\n");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_give_an_answer_and_a_command_reads_as_an_array(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
            text in r"([*$:+-]-?[0-9]{0,3}\r\n){0,9}",
        ) {
            let _ = (Reply::read(&bytes), Reply::read(text.as_bytes()));
            let sent = command(&[b"SET", &bytes]);
            let whole = Reply::Array(vec![Reply::Bulk(b"SET".to_vec()), Reply::Bulk(bytes)]);
            proptest::prop_assert_eq!(Reply::read(&sent), Ok(Some((whole, sent.len()))));
        }
    }
}
