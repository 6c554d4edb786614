//! Long runs of one kind of bytes, found without looking at most of a text.

/// The next run of at least `least` bytes that are `wanted`, at `from` or behind it, where a run may begin: its first byte and its length.
/// A run so long has one of every `least` bytes, so most of a text is not looked at.
pub(super) fn long_run(
    bytes: &[u8],
    from: usize,
    least: usize,
    wanted: impl Fn(u8) -> bool,
) -> Option<(usize, usize)> {
    // Those from `at` to before `known` are wanted.
    let (mut at, mut known) = (from, from);
    loop {
        let behind = at + least;
        let Some(unwanted) = bytes.get(known..behind)?.iter().rposition(|byte| !wanted(*byte)) else {
            let rest = bytes.get(behind..).unwrap_or_default();
            let more = rest.iter().position(|byte| !wanted(*byte)).unwrap_or(rest.len());
            return Some((at, least + more));
        };
        at = known + unwanted + 1;
        known = behind;
    }
}

/// The places of spaces, line feeds and tabs, in order, eight bytes at a time: they stand too close to each other for a search to pay.
pub(super) fn blanks(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let (eights, rest) = bytes.as_chunks::<8>();
    let read = bytes.len() - rest.len();
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(slot, byte)| *slot = *byte);
    let all = eights.iter().copied().zip((0..).step_by(8)).chain([(last, read)]);
    all.flat_map(|(eight, at)| {
        let eight = u64::from_le_bytes(eight);
        let mut found = same(eight, b' ') | same(eight, b'\n') | same(eight, b'\t');
        std::iter::from_fn(move || {
            let next = (found != 0).then(|| at + found.trailing_zeros() as usize / 8);
            found &= found.wrapping_sub(1);
            next
        })
    })
}

/// The highest bit of each of eight bytes that are this one.
const fn same(eight: u64, byte: u8) -> u64 {
    const LOW: u64 = 0x7F7F_7F7F_7F7F_7F7F;
    let differs = eight ^ u64::from_le_bytes([byte; 8]);
    !(((differs & LOW) + LOW) | differs | LOW)
}

/// Base64, standard or URL-safe.
pub(super) const BASE64: u8 = 1;
/// Numbers in hexadecimal, decimal or binary digits, as they are read, and what stands between them.
pub(super) const NUMBERS: u8 = 1 << 1;
/// Morse code.
pub(super) const MORSE: u8 = 1 << 2;
/// Letters of ASCII.
pub(super) const LETTER: u8 = 1 << 3;
/// What is printed in ASCII, without the space.
pub(super) const GRAPHIC: u8 = 1 << 4;

static KINDS: [u8; 256] = kinds();

const fn kinds() -> [u8; 256] {
    let mut kinds = [0; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        let mut kind = 0;
        if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_') {
            kind |= BASE64;
        }
        if byte.is_ascii_hexdigit() || matches!(byte, b'x' | b'+' | b' ' | b'\n' | b',') {
            kind |= NUMBERS;
        }
        if matches!(byte, b'.' | b'-' | b' ' | b'/') {
            kind |= MORSE;
        }
        if byte.is_ascii_alphabetic() {
            kind |= LETTER;
        }
        if byte.is_ascii_graphic() {
            kind |= GRAPHIC;
        }
        #[expect(clippy::indexing_slicing, reason = "a byte is a place of the table")]
        {
            kinds[byte as usize] = kind;
        }
        byte += 1;
    }
    kinds
}

/// Tests for one of the kinds.
pub(super) fn is(kind: u8) -> impl Fn(u8) -> bool {
    move |byte| KINDS.get(usize::from(byte)).is_some_and(|kinds| kinds & kind != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Runs found byte by byte, as the fast way must find them too.
    fn slowly(bytes: &[u8], least: usize, wanted: impl Fn(u8) -> bool) -> Vec<(usize, usize)> {
        let (mut found, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let length = bytes[at..].iter().take_while(|byte| wanted(**byte)).count();
            if length >= least {
                found.push((at, length));
            }
            at += length.max(1);
        }
        found
    }

    proptest! {
        #[test]
        fn blanks_are_those_found_byte_by_byte(text in "([a-z \t\n\r!\x01\x0b\x00]|é|\u{a0}|\\PC){0,60}") {
            let places = text.bytes().enumerate().filter(|(_, byte)| matches!(byte, b' ' | b'\n' | b'\t'));
            prop_assert_eq!(
                blanks(text.as_bytes()).collect::<Vec<_>>(),
                places.map(|(at, _)| at).collect::<Vec<_>>()
            );
        }

        #[test]
        fn long_runs_are_those_found_byte_by_byte(
            text in "([a-z]{0,24}|[.,]{1,3}| |é|[-. /]{0,30}|-{16}|[0-9a-f]{15,17}){0,12}",
            least in 1..24_usize,
        ) {
            for kind in [BASE64, NUMBERS, MORSE, LETTER, GRAPHIC] {
                let (mut found, mut from) = (Vec::new(), 0);
                while let Some((at, length)) = long_run(text.as_bytes(), from, least, is(kind)) {
                    found.push((at, length));
                    from = at + length;
                }
                prop_assert_eq!(found, slowly(text.as_bytes(), least, is(kind)));
            }
        }
    }
}
