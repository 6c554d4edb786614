//! Text and bytes kept in an HDF5 file: Keras configurations, pickles in attributes and datasets, commands in metadata.

use crate::Scan;
use crate::formats::keras;
use crate::text::indicators;
use bartizan_core::Location;

/// Attributes whose text is a configuration to the Keras loader, whatever it looks like.
pub(super) const CONFIGURATIONS: &[&str] = &["model_config", "training_config"];

/// Shortest value that is looked at as something else than what it says, in bytes.
const TELLING_BYTES: usize = 4;

/// Inspects one text or byte value of the attribute `name`.
pub(super) fn attribute(name: &str, value: &[u8], place: &str, scan: &mut Scan<'_>) {
    let is_configuration = CONFIGURATIONS.contains(&name);
    let looks_typed = || {
        memchr::memmem::find(value.get(..TYPED_BYTES).unwrap_or(value), b"\"class_name\"").is_some()
            && value.trim_ascii_start().starts_with(b"{")
    };
    if is_configuration || looks_typed() {
        keras::config::inspect(value, place, scan);
        return;
    }
    self::value(value, place, scan);
}

/// Inspects one text or byte value of a dataset, or of an attribute that is no configuration.
pub(super) fn value(value: &[u8], place: &str, scan: &mut Scan<'_>) {
    if value.len() < TELLING_BYTES {
        return;
    }
    if looks_like_content(value) {
        scan.member(place, value);
        return;
    }
    if let Ok(text) = std::str::from_utf8(value)
        && text.len() <= TEXT_BYTES
    {
        let place = Location { pointer: Some(place.to_owned()), ..Location::default() };
        indicators::inspect_metadata(text, &place, scan);
    }
}

/// Whether `value` begins like a pickle, marshalled code, an archive or a program.
fn looks_like_content(value: &[u8]) -> bool {
    match value {
        [0x80, 2..=5, ..]
        | [b'P', b'K', 3, 4, ..]
        | [0x1f, 0x8b, 8, ..]
        | [0xe3 | 0x63, _, 0, 0, ..]
        | [0x7f, b'E', b'L', b'F', ..]
        | [b'M', b'Z', ..]
        | [b'#', b'!', b'/', ..]
        | [0x89, b'H', b'D', b'F', ..] => true,
        // A pickle of protocol 0 or 1: it ends with a full stop and its lines begin with opcodes.
        [b'(' | b'c' | b'i' | b'}' | b']' | b'I' | b'S' | b'V' | b'N', .., b'.'] => {
            value.contains(&b'\n') || value.len() < 16
        }
        _ => false,
    }
}

/// Head of a text in which the keys of a configuration are looked for, in bytes.
const TYPED_BYTES: usize = 4096;

/// Longest text looked at for commands and addresses, in bytes.
const TEXT_BYTES: usize = 1 << 20;
