//! TensorRT engines (plans): a compiled network, whose plug-ins the runtime looks up by name or loads from the engine.
//!
//! Source: NVIDIA TensorRT developer guide, *Plugins* and *Version compatibility*. The plan's layout is not published
//! beyond its magic `ftrt`; strings in it carry a length in front, which tells a plug-in's creator name from chance.
//! Cost: one pass over the bytes.

use super::malformed::{MALFORMED_STRUCTURE, malformed};
use super::native_library::{FOREIGN_OPERATOR, NATIVE_LIBRARY, inspect_binary};
use crate::text::printable::ascii_runs;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Confidence, Cursor, Finding, Kind, Rule};
use std::collections::BTreeSet;

/// TensorRT engines.
pub static TENSORRT: TensorRt = TensorRt;

/// See [`TENSORRT`].
#[derive(Debug, Clone, Copy)]
pub struct TensorRt;

/// First bytes of a plan.
const MAGICS: &[&[u8]] = &[b"ftrt", b"ptrt"];
/// How far in front of a string its length may stand, in bytes: 4 or 8.
const LENGTH_WIDTHS: &[usize] = &[4, 8];

/// Plug-ins shipped with TensorRT (`plugin/` of the open-source release), without the suffixes `_TRT` and `Plugin`.
const SHIPPED: &[&str] = &[
    "BatchTilePlugin",
    "BatchedNMS",
    "BatchedNMSDynamic",
    "BatchedNMSDynamic_TRT",
    "CoordConvAC",
    "CropAndResize",
    "CropAndResizeDynamic",
    "CustomEmbLayerNormPluginDynamic",
    "CustomFCPluginDynamic",
    "CustomGeluPluginDynamic",
    "CustomQKVToContextPluginDynamic",
    "CustomSkipLayerNormPluginDynamic",
    "DecodeBbox3DPlugin",
    "DetectionLayer",
    "DisentangledAttention",
    "EfficientNMS",
    "EfficientNMS_Explicit_TF",
    "EfficientNMS_Implicit_TF",
    "EfficientNMS_ONNX",
    "FlattenConcat",
    "FlattenConcat_TRT",
    "GenerateDetection",
    "GridAnchor",
    "GridAnchorRect",
    "GroupNormalizationPlugin",
    "InstanceNormalization",
    "LReLU",
    "ModulatedDeformConv2d",
    "MultilevelCropAndResize",
    "MultilevelProposeROI",
    "MultiscaleDeformableAttnPlugin",
    "NMS",
    "NMSDynamic",
    "NMS_OPT",
    "Normalize",
    "PillarScatterPlugin",
    "PriorBox",
    "Proposal",
    "ProposalDynamic",
    "ProposalLayer",
    "PyramidROIAlign",
    "RPROI",
    "Region",
    "Reorg",
    "ReorgDynamic",
    "ResizeNearest",
    "ROIAlign",
    "ScatterElements",
    "ScatterND",
    "SingleStepLSTMPlugin",
    "SpecialSlice",
    "Split",
    "VoxelGeneratorPlugin",
    "fMHA_V2",
    "fMHCA",
];

impl Format for TensorRt {
    fn id(&self) -> &'static str {
        "tensorrt"
    }

    fn name(&self) -> &'static str {
        "TensorRT engine"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["engine", "plan", "trt"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&FOREIGN_OPERATOR, &NATIVE_LIBRARY, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if MAGICS.iter().any(|magic| input.bytes.starts_with(magic)) {
            Recognition::Certain
        } else if self.extensions().contains(&input.extension().as_ref()) {
            Recognition::Weak
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let bytes = input.bytes;
        if !MAGICS.iter().any(|magic| bytes.starts_with(magic)) {
            malformed(scan, 0, "no TensorRT engine: it does not begin with the magic of a plan");
        }
        let mut seen = BTreeSet::new();
        for (offset, run) in ascii_runs(bytes) {
            let Some(name) = plugin_name(bytes, offset, run) else { continue };
            if seen.insert(name) {
                let message = format!("the engine needs the plug-in `{name}`, which TensorRT does not ship");
                scan.report(
                    Finding::new(&FOREIGN_OPERATOR, message)
                        .confidence(Confidence::Medium)
                        .at(offset as u64)
                        .evidence(name),
                );
            }
        }
        inspect_binary(bytes, 0, scan);
    }
}

/// The name of a plug-in that `run` is, when a length in front says so and TensorRT does not ship it.
fn plugin_name<'r>(bytes: &[u8], offset: usize, run: &'r str) -> Option<&'r str> {
    let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    // A length that is printable itself can stand at the front of the run only for very long names.
    let name = LENGTH_WIDTHS.iter().find_map(|&width| {
        let length = Cursor::at(bytes, offset.checked_sub(width)?).u32_le().ok()? as usize;
        run.get(..length).filter(|name| name.len() >= 4 && is_word(name))
    })?;
    let stem = name.strip_suffix("_TRT");
    let is_plugin = stem.is_some()
        || name.ends_with("Plugin")
        || name.ends_with("PluginDynamic")
        || name.contains("Plugin_");
    let is_shipped = SHIPPED.contains(&name) || stem.is_some_and(|stem| SHIPPED.contains(&stem));
    (is_plugin && !is_shipped).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use bartizan_core::Severity;
    use proptest::prelude::*;

    fn engine(text: &str) -> Vec<u8> {
        [b"ftrt\0\0\0\0".as_slice(), &(text.len() as u32).to_le_bytes(), text.as_bytes(), &[0; 8]].concat()
    }

    #[test]
    fn shipped_plugins_are_silent_and_others_are_named() {
        assert_eq!(rules_of(&TENSORRT, &engine("EfficientNMS_TRT")), Vec::<&str>::new());
        assert_eq!(rules_of(&TENSORRT, &engine("AcmeRunnerPlugin")), ["model/foreign-operator"]);
    }

    #[test]
    fn a_library_in_a_temporary_folder_is_high() {
        let found = outcome(&TENSORRT, &engine("/tmp/libacme.so"));
        assert_eq!(
            (found.findings[0].rule.id, found.findings[0].severity),
            ("model/native-library-path", Severity::High)
        );
    }

    #[test]
    fn a_file_without_the_magic_is_malformed() {
        assert!(rules_of(&TENSORRT, b"readable text only").contains(&"model/malformed-structure"));
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_result(bytes: Vec<u8>) {
            outcome(&TENSORRT, &[b"ftrt".as_slice(), &bytes].concat());
        }
    }
}
