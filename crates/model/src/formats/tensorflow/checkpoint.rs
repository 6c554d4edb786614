//! TensorFlow checkpoints: an index (a LevelDB table) and shards of raw tensor bytes. Neither holds code.
//!
//! Source: `tensorflow/core/util/tensor_bundle/tensor_bundle.h`, `tensorflow/core/lib/io/format.h`.

use super::rules::TF_MALFORMED;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Cursor, Finding, Kind, Rule};

/// A TensorFlow checkpoint.
pub struct Checkpoint;

/// The format, for the registry.
pub static TENSORFLOW_CHECKPOINT: Checkpoint = Checkpoint;

/// The last eight bytes of a table (`kTableMagicNumber`).
const MAGIC: u64 = 0xdb47_7524_8b80_fb57;

/// Size of a table's footer: two block handles, padding, and the magic number.
const FOOTER_BYTES: usize = 48;

impl Format for Checkpoint {
    fn id(&self) -> &'static str {
        "tensorflow-checkpoint"
    }

    fn name(&self) -> &'static str {
        "TensorFlow checkpoint"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["index", "ckpt"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&TF_MALFORMED]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if is_index(input) {
            Recognition::Certain
        } else if is_shard_name(input.file_name()) {
            Recognition::Weak
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        if !is_index(input) {
            // A shard: tensors back to back, whose only structure is in the index.
            return;
        }
        let mut footer = Cursor::new(input.tail(FOOTER_BYTES));
        for block in ["metadata index", "index"] {
            let handle = (footer.varint(), footer.varint());
            let (Ok(offset), Ok(size)) = handle else { return };
            if offset.checked_add(size).is_none_or(|end| end > input.bytes.len() as u64) {
                let message =
                    format!("the {block} block lies at {offset} with {size} bytes, outside the file");
                scan.gap(Some(offset), message.clone());
                scan.report(Finding::new(&TF_MALFORMED, message).at(offset));
            }
        }
    }
}

fn is_index(input: &Input<'_>) -> bool {
    input.bytes.len() >= FOOTER_BYTES && Cursor::new(input.tail(8)).u64_le() == Ok(MAGIC)
}

/// Whether `name` is that of a shard: `….data-00000-of-00001`.
fn is_shard_name(name: &str) -> bool {
    let digits = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    name.rsplit_once(".data-")
        .and_then(|(_, shard)| shard.split_once("-of-"))
        .is_some_and(|(index, count)| digits(index) && digits(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::{Limits, MonotonicClock};

    fn scan(name: &str, bytes: &[u8]) -> crate::Outcome {
        crate::scan(&Input::new(name, bytes), &Limits::default(), &MonotonicClock::start())
    }

    fn index(offset: u8) -> Vec<u8> {
        let mut bytes = vec![0; 16];
        bytes.extend([0, 8, offset, 8]);
        bytes.resize(16 + FOOTER_BYTES - 8, 0);
        bytes.extend(MAGIC.to_le_bytes());
        bytes
    }

    #[test]
    fn an_index_and_its_shard_are_recognised_and_clean() {
        let outcome = scan("variables.index", &index(8));
        assert_eq!((outcome.format, outcome.findings.len()), (Some("tensorflow-checkpoint"), 0));
        let outcome = scan("variables.data-00000-of-00001", &[1; 64]);
        assert_eq!(outcome.format, Some("tensorflow-checkpoint"));
    }

    #[test]
    fn a_block_outside_the_file_is_told() {
        assert_eq!(scan("variables.index", &index(127)).findings[0].rule.id, "model/tf-malformed");
    }
}
