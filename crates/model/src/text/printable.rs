//! Readable text inside binary content whose structure is not known: runs of ASCII, and of ASCII written as UTF-16.
//!
//! Cost: one pass over the bytes; every run is judged once, cut at [`RUN_BYTES`].

use super::indicators::{METADATA_CODE, METADATA_COMMAND, METADATA_PAYLOAD, inspect_metadata};
use crate::{Format, Input, Scan};
use bartizan_core::{Finding, Location, Severity};

/// Shortest run taken for text, in bytes. Random bytes give a run of this length about once in a megabyte.
const SHORTEST: usize = 8;
/// Longest piece of a run judged at once, in bytes.
const RUN_BYTES: usize = 1 << 20;
/// Runs judged before the clock is asked.
const CHECK_EVERY: usize = 4096;

/// Judges every readable run in `bytes`, which begin at offset `base` of the current input.
pub(crate) fn inspect_runs(bytes: &[u8], base: usize, scan: &mut Scan<'_>) {
    for (count, (offset, text)) in ascii_runs(bytes).enumerate() {
        if count % CHECK_EVERY == 0 && scan.out_of_time() {
            return;
        }
        let place = Location { offset: Some(base.saturating_add(offset) as u64), ..Location::default() };
        inspect_where_no_text_belongs(text, &place, scan);
    }
    for (offset, text) in wide_runs(bytes) {
        let place = Location { offset: Some(base.saturating_add(offset) as u64), ..Location::default() };
        inspect_where_no_text_belongs(&text, &place, scan);
    }
}

/// Extensions under which weights of unknown layout are kept.
const WEIGHTS: &[&str] = &[
    "bin", "dat", "data", "weights", "model", "pt", "pth", "ckpt", "pkl", "h5", "onnx", "pb", "mlmodel",
    "tflite", "raw",
];

/// Searches content that nothing recognised, under a name weights go by.
pub(crate) fn check_unknown(input: &Input<'_>, format: Option<&'static dyn Format>, scan: &mut Scan<'_>) {
    if format.is_none() && WEIGHTS.contains(&input.extension().as_ref()) {
        inspect_runs(input.bytes, 0, scan);
    }
}

/// Escaped bytes in a row from which a text is data in disguise.
const ESCAPES: usize = 4;

/// Judges a text that stands where weights need none: what passes for a curiosity in a model card, a command or a call
/// that may be shown there as an example, is high here.
pub(crate) fn inspect_where_no_text_belongs(text: &str, place: &Location, scan: &mut Scan<'_>) {
    let before = scan.findings().len();
    inspect_metadata(text, place, scan);
    if let Some(at) = escaped_bytes(text) {
        let finding = Finding::new(&METADATA_PAYLOAD, "metadata holds bytes written as escape sequences");
        scan.report(
            finding.severity(Severity::Low).located(place).evidence(text.get(at..).unwrap_or_default()),
        );
    }
    let strict = [METADATA_CODE.id, METADATA_COMMAND.id, METADATA_PAYLOAD.id];
    let new = scan.findings().get(before..).unwrap_or_default().iter();
    let raised: Vec<Finding> = new
        .filter(|found| found.severity == Severity::Medium && strict.contains(&found.rule.id))
        .cloned()
        .collect();
    for finding in raised {
        // The member path is filled in anew.
        scan.report(Finding { location: place.clone(), severity: Severity::High, ..finding });
    }
}

/// Where at least [`ESCAPES`] sequences `\\xNN` follow each other.
fn escaped_bytes(text: &str) -> Option<usize> {
    let is_escape = |four: &[u8]| matches!(four, [b'\\', b'x', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
    let starts = memchr::memmem::find_iter(text.as_bytes(), b"\\x");
    let mut run = (0usize, 0usize);
    for at in starts {
        if !text.as_bytes().get(at..at.saturating_add(4)).is_some_and(is_escape) {
            continue;
        }
        run = if run.1 > 0 && at == run.0.saturating_add(run.1.saturating_mul(4)) {
            (run.0, run.1.saturating_add(1))
        } else {
            (at, 1)
        };
        if run.1 == ESCAPES {
            return Some(run.0);
        }
    }
    None
}

/// Runs of printable ASCII with their offsets; line breaks and tabs belong to a run.
pub(crate) fn ascii_runs(bytes: &[u8]) -> impl Iterator<Item = (usize, &str)> {
    let mut position = 0usize;
    std::iter::from_fn(move || {
        loop {
            let rest = bytes.get(position..).filter(|rest| !rest.is_empty())?;
            let start = position.saturating_add(first_text(rest)?);
            let run = bytes.get(start..).unwrap_or_default();
            let run = run.get(..RUN_BYTES).unwrap_or(run);
            let length = run.iter().position(|&byte| !is_text(byte)).unwrap_or(run.len());
            position = start.saturating_add(length);
            if length >= SHORTEST
                && let Some(text) = run.get(..length).and_then(|run| std::str::from_utf8(run).ok())
            {
                return Some((start, text));
            }
        }
    })
}

/// Runs of printable ASCII in little-endian UTF-16, with their offsets.
fn wide_runs(bytes: &[u8]) -> impl Iterator<Item = (usize, String)> {
    let mut position = 0usize;
    std::iter::from_fn(move || {
        loop {
            let rest = bytes.get(position..).filter(|rest| rest.len() >= 2)?;
            let start = position.saturating_add(first_wide(rest)?);
            let units = bytes.get(start..).unwrap_or_default().chunks_exact(2).take(RUN_BYTES);
            let text: String = units
                .map_while(|unit| match unit {
                    [low, 0] if is_text(*low) => Some(char::from(*low)),
                    _ => None,
                })
                .collect();
            position = start.saturating_add(text.len().saturating_mul(2)).max(start.saturating_add(1));
            if text.len() >= SHORTEST {
                return Some((start, text));
            }
        }
    })
}

/// Bytes looked at together where nothing is expected: the compiler makes one comparison of many of them.
const STRIDE: usize = 64;

/// Where the first byte of text stands.
fn first_text(bytes: &[u8]) -> Option<usize> {
    let (blocks, _) = bytes.as_chunks::<STRIDE>();
    let holds_text = |block: &[u8; STRIDE]| block.iter().fold(false, |found, &byte| found | is_text(byte));
    let blank = blocks.iter().take_while(|block| !holds_text(block)).count().saturating_mul(STRIDE);
    let rest = bytes.get(blank..)?;
    rest.iter().position(|&byte| is_text(byte)).map(|at| blank.saturating_add(at))
}

/// Where the first byte of text followed by a NUL stands, which is a character of ASCII in UTF-16.
fn first_wide(bytes: &[u8]) -> Option<usize> {
    let is_wide = |low: u8, high: u8| (high == 0) & is_text(low);
    let (blocks, _) = bytes.as_chunks::<STRIDE>();
    let (next, _) = bytes.get(1..)?.as_chunks::<STRIDE>();
    let holds_wide = |(block, next): &(&[u8; STRIDE], &[u8; STRIDE])| {
        block.iter().zip(next.iter()).fold(false, |found, (&low, &high)| found | is_wide(low, high))
    };
    let blank = blocks.iter().zip(next).take_while(|pair| !holds_wide(pair)).count().saturating_mul(STRIDE);
    let rest = bytes.get(blank..)?;
    rest.windows(2)
        .position(|pair| matches!(pair, [low, high] if is_wide(*low, *high)))
        .map(|at| blank.saturating_add(at))
}

fn is_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn runs_come_with_their_offsets_and_short_ones_are_left_out() {
        let runs: Vec<_> = ascii_runs(b"\0\0short\0long enough\xff").collect();
        assert_eq!(runs, [(8, "long enough")]);
    }

    #[test]
    fn text_written_as_utf_16_is_found() {
        let mut bytes = vec![1, 2, 3];
        bytes.extend("powershell".bytes().flat_map(|byte| [byte, 0]));
        assert_eq!(wide_runs(&bytes).collect::<Vec<_>>(), [(3, "powershell".to_owned())]);
    }

    #[test]
    fn four_escaped_bytes_in_a_row_are_data_and_a_stray_one_is_not() {
        assert_eq!(escaped_bytes(r"a \x41\x42\x43\x44"), Some(2));
        assert_eq!(escaped_bytes(r"\x41 and \x42 and \x43 and \x44"), None);
    }

    #[test]
    fn code_in_weights_of_unknown_layout_is_found() {
        let bytes = b"\x00\x01\x02\x03os.system('id')\x00\xff\xfe";
        let limits = bartizan_core::Limits::default();
        let clock = bartizan_core::MonotonicClock::start();
        let found = |name: &str| crate::scan(&Input::new(name, bytes), &limits, &clock).findings.len();
        assert!(found("weights.bin") > 0);
        assert_eq!(found("photo.unheardof"), 0);
    }

    #[test]
    fn the_first_text_is_found_wherever_it_stands_in_a_block() {
        for at in 0..200 {
            let mut bytes = vec![0u8; 260];
            bytes[at] = b'x';
            assert_eq!((first_text(&bytes), first_wide(&bytes)), (Some(at), Some(at)), "at {at}");
        }
        assert_eq!((first_text(&[0; 300]), first_wide(&[b'x'; 300])), (None, None));
    }

    proptest! {
        #[test]
        fn any_bytes_give_runs_that_lie_inside(bytes: Vec<u8>) {
            prop_assert!(ascii_runs(&bytes).all(|(offset, text)| offset + text.len() <= bytes.len()));
            prop_assert!(wide_runs(&bytes).all(|(offset, text)| offset + 2 * text.len() <= bytes.len()));
        }
    }
}
