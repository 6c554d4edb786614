//! Flax and JAX checkpoints in MessagePack: state trees of arrays, and what else their strings and byte strings carry.
//!
//! Source: `flax/serialization.py` (extension types 1 to 3, chunked arrays) and the MessagePack specification. Cost:
//! linear; arrays are skipped.

use super::malformed::{MALFORMED_STRUCTURE, malformed};
use crate::text::printable::inspect_where_no_text_belongs;
use crate::wire::msgpack::{Event, MsgpackError, Reader};
use crate::{Format, Input, Recognition, Scan, identify};
use bartizan_core::{Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_ml, rule};

/// Flax state trees and other MessagePack documents.
pub static FLAX: Flax = Flax;

/// See [`FLAX`].
#[derive(Debug, Clone, Copy)]
pub struct Flax;

rule! {
    /// ## What it finds
    /// A MessagePack document under the name of a checkpoint that holds no array, or maps far larger than state trees.
    /// ## Why it matters
    /// A checkpoint without weights is something else: data smuggled along, or a document made to exhaust a loader that
    /// builds one Python object per entry.
    /// ## Example
    /// `{"random_key": "random_value"}` in `model.msgpack`.
    /// ## How to fix
    /// Compare the file with what its publisher describes.
    /// ## References
    /// - <https://flax.readthedocs.io/en/latest/guides/training_techniques/use_checkpointing.html>
    pub const FLAX_UNUSUAL_TREE: Rule = Rule {
        id: "model/flax-unusual-tree",
        title: "a MessagePack checkpoint that is no tree of arrays",
        severity: Severity::Info,
        remedy: "Compare the file with what its publisher describes.",
        taxonomies: &[atlas("AML.T0074"), cwe(20), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A pickle, an archive or a program inside a byte string or extension value of a MessagePack checkpoint.
    /// ## Why it matters
    /// Byte strings of a checkpoint are array data. Loaders with hooks for other types unpickle them.
    /// ## Example
    /// `{"params": b"\x80\x04\x8c\x05posix…"}`
    /// ## How to fix
    /// Remove the value; load with `flax.serialization.msgpack_restore` and no custom hooks.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/506.html>
    pub const FLAX_EMBEDDED_FILE: Rule = Rule {
        id: "model/flax-embedded-file",
        title: "a file hidden in a MessagePack checkpoint",
        severity: Severity::Medium,
        remedy: "Remove the value; load without custom hooks.",
        taxonomies: &[atlas("AML.T0018.002"), cwe(506), owasp_ml("ML06")],
    };
}

/// Top-level names of state trees that Flax, Optax, T5X and Orbax write.
const USUAL_KEYS: &[&str] = &[
    "params",
    "opt_state",
    "step",
    "state",
    "model",
    "batch_stats",
    "target",
    "optimizer",
    "ema_params",
    "ema",
    "flax_mutables",
    "variables",
    "weights",
    "train_state",
    "rng",
    "epoch",
    "metadata",
    "config",
    "cache",
    "version",
    "target_params",
    "tx",
    "key",
    "scaler",
    "param_states",
    "mesh",
    "encoder",
    "decoder",
];
/// Pairs in one map from which it is no state tree; the largest published ones have a few thousand.
const LARGE_MAP: u32 = 50_000;
/// Shortest string judged, in bytes.
const SHORTEST: usize = 6;
/// Values read before the clock is asked.
const CHECK_EVERY: u32 = 1 << 16;
/// Most dimensions of an array.
const MOST_DIMENSIONS: usize = 64;

impl Format for Flax {
    fn id(&self) -> &'static str {
        "flax-msgpack"
    }

    fn name(&self) -> &'static str {
        "Flax checkpoint (MessagePack)"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["msgpack", "flax", "jax", "orbax", "mpk"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&FLAX_UNUSUAL_TREE, &FLAX_EMBEDDED_FILE, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let mut reader = Reader::new(input.bytes);
        let named = self.extensions().contains(&input.extension().as_ref());
        match (reader.next(), reader.next()) {
            (Some(Ok(Event::Map(1..))), Some(Ok(Event::Text(key)))) if is_name(key) => {
                // 0x80 to 0x8f is common; a value that reads as well makes chance unlikely.
                let follows = matches!(reader.next(), Some(Ok(_) | Err(MsgpackError::Truncated(_))));
                if follows && (key.len() >= 3 || named) { Recognition::Certain } else { Recognition::Weak }
            }
            (
                Some(
                    Ok(Event::Map(_) | Event::Array(_) | Event::Extension(..))
                    | Err(MsgpackError::TooMany { .. }),
                ),
                _,
            ) if named => Recognition::Weak,
            _ => Recognition::No,
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let mut tree = Tree::default();
        let mut reader = Reader::new(input.bytes);
        let mut count = 0u32;
        while let Some(event) = reader.next() {
            count = count.wrapping_add(1);
            if count.is_multiple_of(CHECK_EVERY) && scan.out_of_time() {
                return;
            }
            match event {
                Ok(event) => tree.event(event, reader.offset(), scan),
                Err(error) => {
                    malformed(scan, reader.offset(), format!("the MessagePack document breaks off: {error}"));
                    scan.gap(reader.offset() as u64, format!("{error}; fetch the file again"));
                    return;
                }
            }
        }
        let rest = input.bytes.get(reader.position()..).unwrap_or_default();
        if !rest.is_empty() {
            malformed(
                scan,
                reader.position(),
                format!("{} bytes follow the MessagePack document", rest.len()),
            );
            scan.member("data after the document", rest);
        }
        if !tree.has_arrays && !tree.has_usual_key {
            scan.report(
                Finding::new(&FLAX_UNUSUAL_TREE, "the document holds no array and no name of a state tree")
                    .at(0),
            );
        }
    }
}

fn is_name(key: &[u8]) -> bool {
    !key.is_empty() && key.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// What is open, and what was seen.
#[derive(Default)]
struct Tree {
    levels: Vec<Level>,
    has_arrays: bool,
    has_usual_key: bool,
}

struct Level {
    is_map: bool,
    /// Values seen so far, keys included.
    seen: u32,
    key: String,
}

impl Tree {
    /// Path to the current value.
    fn pointer(&self) -> String {
        self.levels.iter().fold(String::new(), |mut path, level| {
            path.push('/');
            if level.is_map {
                path.push_str(&level.key);
            } else {
                path.push_str(&level.seen.saturating_sub(1).to_string());
            }
            path
        })
    }

    fn event(&mut self, event: Event<'_>, offset: usize, scan: &mut Scan<'_>) {
        if event == Event::End {
            self.levels.pop();
            return;
        }
        let depth = self.levels.len();
        let mut is_key = false;
        if let Some(level) = self.levels.last_mut() {
            is_key = level.is_map && level.seen.is_multiple_of(2);
            level.seen = level.seen.saturating_add(1);
            if is_key {
                level.key = match event {
                    Event::Text(key) => String::from_utf8_lossy(key.get(..200).unwrap_or(key)).into_owned(),
                    Event::Integer(number) => number.to_string(),
                    _ => "?".to_owned(),
                };
                self.has_usual_key |= depth == 1 && USUAL_KEYS.contains(&level.key.as_str());
            }
        }
        match event {
            Event::Map(_) | Event::Array(_) => self.open(event, offset, scan),
            Event::Text(text) => self.text(text, is_key, offset, scan),
            Event::Binary(bytes) => {
                self.has_arrays = true;
                self.file(bytes, offset, scan);
            }
            Event::Extension(kind, bytes) => self.extension(kind, bytes, offset, scan),
            Event::Integer(size) if size < 0 && self.is_in_shape() => {
                malformed(scan, offset, format!("`{}` holds the negative size {size}", self.pointer()));
            }
            _ => {}
        }
    }

    fn is_in_shape(&self) -> bool {
        matches!(self.levels.as_slice(), [.., map, list] if map.is_map && !list.is_map && map.key == "shape")
    }

    fn open(&mut self, event: Event<'_>, offset: usize, scan: &mut Scan<'_>) {
        if let Event::Map(pairs) = event
            && pairs > LARGE_MAP
        {
            let message = format!("the map `{}` has {pairs} entries", self.pointer());
            scan.report(Finding::new(&FLAX_UNUSUAL_TREE, message).severity(Severity::Low).at(offset as u64));
        }
        self.levels.push(Level { is_map: matches!(event, Event::Map(_)), seen: 0, key: String::new() });
    }

    fn text(&self, text: &[u8], is_key: bool, offset: usize, scan: &mut Scan<'_>) {
        if text.len() < SHORTEST {
            return;
        }
        let place = Location {
            offset: Some(offset as u64),
            pointer: Some(self.pointer()).filter(|_| !is_key),
            ..Location::default()
        };
        inspect_where_no_text_belongs(&String::from_utf8_lossy(text), &place, scan);
    }

    /// A byte string that is a file of another format.
    fn file(&self, bytes: &[u8], offset: usize, scan: &mut Scan<'_>) {
        let pointer = self.pointer();
        let formats = identify::certain(&Input::new(&pointer, bytes));
        // Array data that happens to read as a small map is array data.
        if let Some(format) = formats.iter().find(|format| format.id() != FLAX.id()) {
            let message = format!("the byte string `{pointer}` is {}", format.name());
            scan.report(
                Finding::new(&FLAX_EMBEDDED_FILE, message).at(offset as u64).pointer(pointer.clone()),
            );
            scan.member(&pointer, bytes);
        }
    }

    fn extension(&mut self, kind: i8, bytes: &[u8], offset: usize, scan: &mut Scan<'_>) {
        match kind {
            // An array or a NumPy scalar: shape, dtype, data.
            1 | 3 => {
                self.has_arrays = true;
                match array(bytes) {
                    Some(Ok(data)) => self.file(data, offset, scan),
                    Some(Err(what)) => {
                        malformed(scan, offset, format!("the array `{}` {what}", self.pointer()));
                    }
                    None => malformed(
                        scan,
                        offset,
                        format!("the array `{}` has no shape, dtype and data", self.pointer()),
                    ),
                }
            }
            // A complex number, or a time stamp (-1).
            2 | -1 => {}
            _ => {
                let message = format!("the value `{}` has the unknown extension type {kind}", self.pointer());
                scan.report(
                    Finding::new(&FLAX_UNUSUAL_TREE, message).severity(Severity::Low).at(offset as u64),
                );
                self.file(bytes, offset, scan);
            }
        }
    }
}

/// The data of a packed array: `None` when it is no such thing, an error when its parts disagree.
fn array(bytes: &[u8]) -> Option<Result<&[u8], String>> {
    let mut reader = Reader::new(bytes).flatten();
    let Event::Array(3) = reader.next()? else { return None };
    let Event::Array(dimensions) = reader.next()? else { return None };
    if dimensions as usize > MOST_DIMENSIONS {
        return Some(Err(format!("has {dimensions} dimensions")));
    }
    let mut elements = 1u64;
    for _ in 0..dimensions {
        let Event::Integer(size) = reader.next()? else { return None };
        let Ok(size) = u64::try_from(size) else { return Some(Err(format!("has the size {size}"))) };
        elements = elements.saturating_mul(size);
    }
    let Event::End = reader.next()? else { return None };
    let (Event::Text(dtype) | Event::Binary(dtype)) = reader.next()? else { return None };
    let (Event::Binary(data) | Event::Text(data)) = reader.next()? else { return None };
    let width = match dtype {
        b"bool" | b"int8" | b"uint8" | b"int4" | b"uint4" => 1,
        b"int16" | b"uint16" | b"float16" | b"bfloat16" | b"V2" => 2,
        b"int32" | b"uint32" | b"float32" => 4,
        b"int64" | b"uint64" | b"float64" | b"complex64" => 8,
        b"complex128" => 16,
        _ if dtype.starts_with(b"float8") => 1,
        b"object" | b"O" => {
            return Some(Err("has the dtype object, which only a pickle can hold".to_owned()));
        }
        _ => return Some(Ok(data)),
    };
    if elements.saturating_mul(width) == data.len() as u64 {
        Some(Ok(data))
    } else {
        Some(Err(format!("promises {elements} elements of {width} bytes, {} bytes are there", data.len())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use proptest::prelude::*;

    /// `{"params": {"w": ext}}`
    fn checkpoint(extension: &[u8]) -> Vec<u8> {
        [b"\x81\xa6params\x81\xa1w\xc7".as_slice(), &[extension.len() as u8, 1], extension].concat()
    }

    #[test]
    fn a_tree_of_arrays_is_clean() {
        let bytes = checkpoint(b"\x93\x92\x01\x02\xa7float32\xc4\x08abcdefgh");
        let outcome = outcome(&FLAX, &bytes);
        assert!(outcome.findings.is_empty() && outcome.gaps.is_empty(), "{outcome:?}");
    }

    #[test]
    fn an_array_shorter_than_its_shape_is_malformed() {
        assert_eq!(
            rules_of(&FLAX, &checkpoint(b"\x93\x92\x01\x02\xa7float32\xc4\x04abcd")),
            ["model/malformed-structure"]
        );
    }

    #[test]
    fn a_call_in_a_string_is_high() {
        let bytes = b"\x82\xa6params\xc4\x01a\xa4hook\xb1run(eval(payload))";
        assert!(outcome(&FLAX, bytes).findings[0].severity >= Severity::High);
    }

    #[test]
    fn a_tree_without_arrays_or_usual_names_is_noted() {
        assert_eq!(rules_of(&FLAX, b"\x81\xa5apple\xa4pear"), ["model/flax-unusual-tree"]);
    }

    #[test]
    fn bytes_after_the_document_are_malformed() {
        assert_eq!(
            rules_of(&FLAX, b"\x81\xa6params\x81\xa1w\x93\x01\x02\x03TRAILING"),
            ["model/malformed-structure"]
        );
    }

    proptest! {
        #[test]
        fn any_extension_gives_a_result(extension in proptest::collection::vec(any::<u8>(), 0..200)) {
            outcome(&FLAX, &checkpoint(&extension));
        }

        #[test]
        fn any_bytes_give_a_result(bytes: Vec<u8>) {
            FLAX.recognise(&Input::new("a.flax", &bytes));
            outcome(&FLAX, &bytes);
        }
    }
}
