//! Sets of ASCII bytes, as bit masks: a choice of half, one shift and one AND per byte.

/// A set of ASCII bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Set(u64, u64);

impl Set {
    /// The bytes of `members`; anything beyond ASCII is left out.
    pub(crate) const fn of(members: &[u8]) -> Self {
        let (mut low, mut high) = (0_u64, 0_u64);
        let mut rest = members;
        while let [first, tail @ ..] = rest {
            match *first {
                0..64 => low |= 1_u64 << *first,
                64..128 => high |= 1_u64 << (*first - 64),
                _ => {}
            }
            rest = tail;
        }
        Self(low, high)
    }

    /// Both sets together.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0, self.1 | other.1)
    }

    /// Whether the byte is in the set.
    pub(crate) const fn has(self, byte: u8) -> bool {
        let half = match byte >> 6 {
            0 => self.0,
            1 => self.1,
            _ => 0,
        };
        (half >> (byte & 63)) & 1 == 1
    }

    /// How many bytes at the start of `text` are in the set, `most` at most.
    pub(crate) fn run(self, text: &[u8], most: usize) -> usize {
        text.iter().take(most).take_while(|&&byte| self.has(byte)).count()
    }
}

/// Bytes that [`first`] asks at once.
const BLOCK: usize = 16;

/// The place of the first byte that `is` holds for, at `from` or behind it. Blocks without one are passed over at once, so that `is` should ask
/// without branches.
pub(crate) fn first(text: &[u8], from: usize, is: impl Fn(u8) -> bool) -> Option<usize> {
    let rest = text.get(from..)?;
    let (blocks, _) = rest.as_chunks::<BLOCK>();
    let is_free = |block: &&[u8; BLOCK]| !block.iter().fold(false, |any, byte| any | is(*byte));
    let free = blocks.iter().take_while(is_free).count() * BLOCK;
    let found = rest.get(free..)?.iter().position(|byte| is(*byte))?;
    Some(from + free + found)
}

/// Decimal digits.
pub(crate) const DIGITS: Set = Set::of(b"0123456789");
/// Capital letters.
pub(crate) const UPPER: Set = Set::of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ");
/// Small letters.
pub(crate) const LOWER: Set = Set::of(b"abcdefghijklmnopqrstuvwxyz");
/// Letters.
pub(crate) const ALPHA: Set = UPPER.and(LOWER);
/// Letters and digits.
pub(crate) const ALNUM: Set = ALPHA.and(DIGITS);
/// Small letters and digits.
pub(crate) const LOWER_NUM: Set = LOWER.and(DIGITS);
/// Capital letters and digits.
pub(crate) const UPPER_NUM: Set = UPPER.and(DIGITS);
/// Hexadecimal digits in either case.
pub(crate) const HEX: Set = Set::of(b"0123456789abcdefABCDEF");
/// Letters, digits and underscore.
pub(crate) const WORD: Set = ALNUM.and(Set::of(b"_"));
/// The URL-safe Base64 alphabet (RFC 4648 section 5).
pub(crate) const BASE64_URL: Set = ALNUM.and(Set::of(b"-_"));
/// The Base64 alphabet with its padding (RFC 4648 section 4).
pub(crate) const BASE64: Set = ALNUM.and(Set::of(b"+/="));
/// The URL-safe Base64 alphabet with tilde and full stop.
pub(crate) const TILDE: Set = BASE64_URL.and(Set::of(b"~."));
/// What host names and mailboxes are written with.
pub(crate) const HOST: Set = ALNUM.and(Set::of(b"-._"));

/// The byte before `at`.
pub(crate) fn before(text: &[u8], at: usize) -> Option<u8> {
    text.get(at.checked_sub(1)?).copied()
}

/// The byte at `at`.
pub(crate) fn at(text: &[u8], at: usize) -> Option<u8> {
    text.get(at).copied()
}

/// The bytes of a span, empty where it lies outside.
pub(crate) fn span(text: &[u8], start: usize, end: usize) -> &[u8] {
    text.get(start..end.min(text.len())).unwrap_or_default()
}

/// Whether `needle` stands in `hay`, ASCII case aside.
pub(crate) fn holds_ignoring_case(hay: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return false };
    let candidates =
        hay.len().checked_sub(needle.len()).and_then(|last| hay.get(..=last)).unwrap_or_default();
    memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), candidates)
        .any(|at| span(hay, at, at + needle.len()).eq_ignore_ascii_case(needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_stops_at_the_first_stranger_and_at_the_limit() {
        assert_eq!(HEX.run(b"0aFg", 9), 3);
        assert_eq!(HEX.run(b"0aF0", 2), 2);
        assert!(!ALNUM.has(0xC3));
    }

    #[test]
    fn words_are_found_in_any_case() {
        assert!(holds_ignoring_case(b"My API Key", b"api k"));
        assert!(!holds_ignoring_case(b"My", b"api"));
    }
}
