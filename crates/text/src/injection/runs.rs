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
