//! PyTorch checkpoints from before 0.1.10: a tar of `sys_info`, `pickle`, `storages` and `tensors`.
//!
//! Source: `_legacy_load` in `torch/serialization.py`. Torch before 2.6 unpickles these members without the
//! `weights_only` restrictions (CVE-2025-32434), so each is read as a pickle whatever it looks like.

use super::torch_zip::TORCH_VERSION;
use crate::archive::tar::{self, Archive};
use crate::pickle::Pickle;
use crate::{Format, Input, Recognition, Scan, identify};
use bartizan_core::{Finding, Kind, Rule, Severity};

/// Legacy tar checkpoints.
pub static TORCH_TAR: TorchTar = TorchTar;

/// See [`TORCH_TAR`].
pub struct TorchTar;

/// Members that torch unpickles.
const PICKLES: &[&str] = &["sys_info", "pickle", "storages", "tensors"];
/// Members looked at by recognition.
const LOOKED_AT: u64 = 64;

fn base(name: &str) -> &str {
    name.trim_start_matches("./")
}

impl Format for TorchTar {
    fn id(&self) -> &'static str {
        "torch-tar"
    }

    fn name(&self) -> &'static str {
        "PyTorch tar checkpoint"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["pt", "pth", "tar", "bin", "ckpt", "model", "t7"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&TORCH_VERSION]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let fits = tar::is_tar(input.bytes)
            && Archive::read(input.bytes, LOOKED_AT)
                .members
                .iter()
                .filter(|member| PICKLES.contains(&base(&member.name)))
                .count()
                >= 2;
        if fits { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        for member in &Archive::read(input.bytes, scan.limits().members).members {
            if !PICKLES.contains(&base(&member.name)) || member.data.is_empty() {
                continue;
            }
            let input = Input::new(&member.name, member.data);
            if !identify::certain(&input).iter().any(|format| format.id() == Pickle.id()) {
                scan.member_as(&Pickle, &member.name, member.data);
            }
        }
        scan.report(
            Finding::new(
                &TORCH_VERSION,
                "the tar layout of torch before 0.1.10: torch before 2.6 unpickles it without restrictions even with weights_only=True (CVE-2025-32434)",
            )
            .severity(Severity::Low),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::tar::fixture::{archive, member};
    use bartizan_core::{Limits, MonotonicClock};

    #[test]
    fn the_layout_is_recognised_and_advised_against() {
        let scan = |bytes: &[u8]| {
            crate::scan(&Input::new("m.pt", bytes), &Limits::default(), &MonotonicClock::start())
        };
        let bytes = archive(&[
            member("sys_info", b'0', "", b"\x80\x02}."),
            member("pickle", b'0', "", b"\x80\x02}."),
        ]);
        let outcome = scan(&bytes);
        assert_eq!(outcome.format, Some("torch-tar"));
        assert!(outcome.findings.iter().any(|finding| finding.rule.id == TORCH_VERSION.id));
        let other = scan(&archive(&[member("pickle", b'0', "", b"\x80\x02}.")]));
        assert_eq!(other.format, Some("tar"));
    }
}
