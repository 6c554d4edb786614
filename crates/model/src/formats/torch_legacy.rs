//! PyTorch checkpoints from before the zip format: five pickles (magic number, protocol, system, object, storage
//! keys), then the raw storages.
//!
//! Source: `_legacy_save` and `_legacy_load` in `torch/serialization.py` of torch 2.9. The pickles are read by the pickle
//! machine; here the storages are measured, so that nothing hides between or behind them. Cost: linear in the pickles.

use super::malformed::{MALFORMED_STRUCTURE, broken};
use super::torch_zip::TORCH_STORAGE_MISMATCH;
use crate::pickle::{self, Literal};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Cursor, Finding, Kind, Rule};
use std::collections::HashMap;

/// Legacy PyTorch checkpoints.
pub static TORCH_LEGACY: TorchLegacy = TorchLegacy;

/// See [`TORCH_LEGACY`].
pub struct TorchLegacy;

/// `MAGIC_NUMBER` of `torch/serialization.py`, as protocol 2 pickles it.
const HEAD: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

impl Format for TorchLegacy {
    fn id(&self) -> &'static str {
        "torch-legacy"
    }

    fn name(&self) -> &'static str {
        "legacy PyTorch checkpoint"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["pt", "pth", "bin", "ckpt", "model", "pkl", "tar", "t7", "dat", "data", "weights"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&TORCH_STORAGE_MISMATCH, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if input.bytes.starts_with(HEAD) { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let bytes = input.bytes;
        let (mut at, mut sizes, mut keys) = (0usize, HashMap::new(), Vec::new());
        for index in 0..5 {
            let followed = pickle::follow(bytes, at, scan);
            if !followed.stopped || followed.end <= at {
                scan.gap(
                    at as u64,
                    format!("pickle {index} of the legacy checkpoint does not end; get the file again"),
                );
                return;
            }
            at = followed.end;
            for storage in followed.storages {
                sizes.insert(storage.key, storage.class);
            }
            if let (4, Literal::TextList(found)) = (index, followed.result) {
                keys = found;
            }
        }
        for key in &keys {
            let mut cursor = Cursor::at(bytes, at);
            let Ok(elements) = cursor.u64_le() else {
                return broken(scan, at, format!("storage `{}` is cut", bartizan_core::printable(key, 80)));
            };
            // Without the class the length is unknown, and so is where the next storage starts.
            let Some(size) = sizes.get(key).and_then(|class| super::torch_zip::element_bytes(class)) else {
                return;
            };
            if cursor.skip(elements.saturating_mul(size)).is_err() {
                let key = bartizan_core::printable(key, 80);
                return broken(
                    scan,
                    at,
                    format!("storage `{key}` of {elements} elements runs past the end of the file"),
                );
            }
            at = cursor.position();
        }
        let tail = bytes.get(at..).unwrap_or_default();
        if !keys.is_empty() && tail.iter().any(|&byte| byte != 0) {
            scan.report(
                Finding::new(
                    &TORCH_STORAGE_MISMATCH,
                    format!("{} bytes follow the last storage", tail.len()),
                )
                .at(at as u64),
            );
            scan.member(&format!("(bytes from {at}, after the storages)"), tail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use proptest::prelude::*;

    fn checkpoint(elements: u64, content: usize) -> Vec<u8> {
        let mut bytes = HEAD.to_vec();
        bytes.extend(b"\x80\x02M\xe9\x03.\x80\x02}.");
        bytes
            .extend(b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n");
        bytes.extend(
            b"X\x01\0\0\x000X\x03\0\0\0cpuK\x02NtQK\0K\x02\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR.",
        );
        bytes.extend(b"\x80\x02]X\x01\0\0\x000a.");
        bytes.extend(elements.to_le_bytes());
        bytes.extend(vec![0u8; content]);
        bytes
    }

    #[test]
    fn an_honest_checkpoint_is_silent() {
        let outcome = outcome(&TORCH_LEGACY, &checkpoint(2, 8));
        assert!(outcome.findings.is_empty() && outcome.gaps.is_empty(), "{outcome:?}");
    }

    #[test]
    fn bytes_behind_the_storages_are_reported() {
        let bytes = [checkpoint(2, 8), b"payload".to_vec()].concat();
        assert_eq!(rules_of(&TORCH_LEGACY, &bytes), [TORCH_STORAGE_MISMATCH.id]);
    }

    #[test]
    fn a_cut_storage_is_a_gap() {
        assert!(!outcome(&TORCH_LEGACY, &checkpoint(200, 8)).gaps.is_empty());
    }

    proptest! {
        #[test]
        fn a_mutated_checkpoint_never_panics(at in 0usize..200, value: u8) {
            let mut bytes = checkpoint(2, 8);
            let length = bytes.len();
            bytes[at % length] = value;
            let _ = outcome(&TORCH_LEGACY, &bytes);
        }
    }
}
