//! CatBoost binary models (`.cbm`): the magic `CBM1`, a length, a FlatBuffer core, further parts.
//!
//! Source: CatBoost `catboost/libs/model/model.cpp`. Trees are numbers; what can carry more are strings: feature names,
//! parameters, class names. Cost: linear.

use super::malformed::{MALFORMED_STRUCTURE, broken, malformed};
use crate::text::printable::inspect_runs;
use crate::wire::flatbuffer;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Cursor, Kind, Rule};

/// CatBoost models.
pub static CATBOOST: CatBoost = CatBoost;

/// See [`CATBOOST`].
#[derive(Debug, Clone, Copy)]
pub struct CatBoost;

const MAGIC: &[u8] = b"CBM1";

impl Format for CatBoost {
    fn id(&self) -> &'static str {
        "catboost"
    }

    fn name(&self) -> &'static str {
        "CatBoost model"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["cbm", "bin", "model"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if input.bytes.starts_with(MAGIC) {
            Recognition::Certain
        } else if input.extension() == "cbm" {
            Recognition::Weak
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let mut cursor = Cursor::new(input.bytes);
        let magic = cursor.take(MAGIC.len()).unwrap_or_default();
        let core = cursor.u32_le().ok().and_then(|length| cursor.take(length as usize).ok());
        match core {
            _ if magic != MAGIC => broken(scan, 0, "no CatBoost model: it does not begin with `CBM1`"),
            None => broken(scan, MAGIC.len(), "the core of the model is longer than the file"),
            Some(core) => {
                if let Err(error) = flatbuffer::root(core) {
                    malformed(scan, 8, format!("the core of the model is no FlatBuffer: {error}"));
                }
            }
        }
        inspect_runs(input.bytes, 0, scan);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use bartizan_core::Severity;
    use proptest::prelude::*;

    fn model(text: &str) -> Vec<u8> {
        // Root table at 12 with a field table of four bytes at 8.
        let mut core = vec![12, 0, 0, 0, 0, 0, 0, 0, 4, 0, 4, 0, 4, 0, 0, 0];
        core.extend(text.as_bytes());
        [MAGIC, &(core.len() as u32).to_le_bytes(), &core].concat()
    }

    #[test]
    fn names_of_features_are_silent() {
        assert_eq!(rules_of(&CATBOOST, &model("feature_system\0exec_time_ms\0")), Vec::<&str>::new());
    }

    #[test]
    fn code_in_a_parameter_is_high() {
        let found = outcome(&CATBOOST, &model("__import__('os').system('id')"));
        assert!(found.findings[0].severity >= Severity::High);
    }

    #[test]
    fn a_core_longer_than_the_file_is_malformed() {
        assert_eq!(rules_of(&CATBOOST, b"CBM1\xff\xff\xff\x7fabc"), ["model/malformed-structure"]);
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_result(bytes: Vec<u8>) {
            outcome(&CATBOOST, &[MAGIC, &bytes].concat());
        }
    }
}
