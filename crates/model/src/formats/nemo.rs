//! NVIDIA NeMo checkpoints (`.nemo`): a tar of `model_config.yaml`, weights and tokenizer files.
//!
//! Source: `nemo/core/connectors/save_restore_connector.py` of NeMo 2.5. Restoring instantiates every `_target_` of the
//! configuration through Hydra (CVE-2025-23304); the YAML reader weighs those. Here: what else does not belong.

use super::malformed::{MALFORMED_STRUCTURE, malformed};
use super::torch_zip::{CHECKPOINT_SCRIPT, SCRIPTS, has_extension};
use crate::archive::tar::{self, Archive};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Finding, Kind, Rule, printable};

/// NeMo checkpoints.
pub static NEMO: Nemo = Nemo;

/// See [`NEMO`].
pub struct Nemo;

/// Members looked at by recognition.
const LOOKED_AT: u64 = 64;

impl Format for Nemo {
    fn id(&self) -> &'static str {
        "nemo"
    }

    fn name(&self) -> &'static str {
        "NeMo checkpoint"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["nemo", "tar"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&CHECKPOINT_SCRIPT, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let fits = tar::is_tar(input.bytes)
            && (input.extension() == "nemo"
                || Archive::read(input.bytes, LOOKED_AT)
                    .members
                    .iter()
                    .any(|member| file(&member.name) == "model_config.yaml"));
        if fits { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let archive = Archive::read(input.bytes, scan.limits().members);
        if !archive.members.iter().any(|member| file(&member.name) == "model_config.yaml") {
            malformed(scan, 0, "the checkpoint has no model_config.yaml: NeMo cannot restore it");
        }
        for member in &archive.members {
            let is_script = has_extension(&member.name, SCRIPTS) || member.data.starts_with(b"#!/");
            if is_script && !member.data.is_empty() {
                let shown = printable(&member.name, 120);
                scan.report(
                    Finding::new(&CHECKPOINT_SCRIPT, format!("`{shown}` is a script; a NeMo checkpoint holds configuration, weights and tokenizer files"))
                        .at(member.at as u64)
                        .evidence(String::from_utf8_lossy(member.data.get(..200).unwrap_or(member.data))),
                );
            }
        }
    }
}

fn file(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::tar::fixture::{archive, member};
    use crate::formats::testing::rules_of;

    #[test]
    fn a_script_in_a_checkpoint_is_reported_and_its_usual_members_are_not() {
        let config = member("model_config.yaml", b'0', "", b"a: 1\n");
        let with = |extra: Vec<u8>| rules_of(&NEMO, &archive(&[config.clone(), extra]));
        assert_eq!(with(member("x.sh", b'0', "", b"echo")), [CHECKPOINT_SCRIPT.id]);
        assert_eq!(with(member("x", b'0', "", b"#!/bin/sh\n")), [CHECKPOINT_SCRIPT.id]);
        assert!(with(member("vocab.txt", b'0', "", b"a b c")).is_empty());
    }

    #[test]
    fn a_checkpoint_without_configuration_is_malformed() {
        assert_eq!(rules_of(&NEMO, &archive(&[member("w.ckpt", b'0', "", b"1")])), [MALFORMED_STRUCTURE.id]);
    }
}
