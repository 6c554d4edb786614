//! OpenVINO IR: an XML graph of layers and the `.bin` file its constants lie in.
//!
//! Source: the OpenVINO documentation, *Operation sets in OpenVINO* and *IR format*. The document is read by the shared
//! XML reader, which also reports what XML itself can hide. Cost: linear; the `.bin` is only looked up.

use crate::formats::malformed::MALFORMED_STRUCTURE;
use crate::formats::onnx::{EXTERNAL_DATA_ESCAPE, check_path};
use crate::formats::xml::{self, Dialect};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};
use quick_xml::events::BytesStart;

/// The OpenVINO IR format.
#[derive(Debug, Clone, Copy)]
pub struct OpenVino;

impl Format for OpenVino {
    fn id(&self) -> &'static str {
        "openvino"
    }

    fn name(&self) -> &'static str {
        "OpenVINO model"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["xml"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[
            &OPENVINO_CUSTOM_LAYER,
            &EXTERNAL_DATA_ESCAPE,
            &MALFORMED_STRUCTURE,
            &xml::XML_EXTERNAL_ENTITY,
            &xml::XML_ENTITY_EXPANSION,
            &xml::XML_SCRIPT,
        ]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = xml::decoded(input.head(HEAD_BYTES));
        // The root comes after declarations, comments and a document type; an unclosed comment hides it from loaders too.
        let root = head.match_indices("<net").find(|(at, _)| {
            head.get(at.saturating_add(4)..)
                .is_some_and(|rest| rest.starts_with([' ', '>', '\n', '\r', '\t', '/']))
        });
        let Some((at, _)) = root else { return Recognition::No };
        let before =
            head.get(..at).unwrap_or_default().trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
        let tag = head.get(at..).and_then(|rest| rest.split('>').next()).unwrap_or_default();
        let leads = before.is_empty() || before.starts_with("<?xml") || before.starts_with("<!");
        if leads && (tag.contains("version") || head.contains("<layers")) {
            Recognition::Certain
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let mut graph = Graph::default();
        xml::read(input.bytes, &mut graph, scan);
        graph.finish(input, scan);
    }
}

/// How much is looked at to recognise a graph, in bytes.
const HEAD_BYTES: usize = 4096;
/// Most findings about single layers.
const LAYER_FINDINGS: u32 = 64;

/// What the walk has seen of a graph.
#[derive(Default)]
struct Graph {
    layer: Layer,
    layers: u64,
    /// Furthest byte of the `.bin` that a constant reads, and the layer that does.
    furthest: (u64, String),
    reported: u32,
}

#[derive(Default)]
struct Layer {
    name: String,
    kind: String,
}

impl Dialect for Graph {
    fn element(&mut self, element: &BytesStart<'_>, _depth: usize, offset: usize, scan: &mut Scan<'_>) {
        let name = element.local_name();
        let name: &[u8] = name.as_ref().as_ref();
        match name {
            b"layer" => self.layer(element, offset, scan),
            b"data" => self.data(element, offset, scan),
            b"custom_layer" | b"CustomLayer" | b"extension" | b"Kernel" | b"Source" => {
                self.paths(element, offset, scan);
                let message =
                    "the document configures a custom layer, whose kernel is code outside the model";
                self.report(Finding::new(&OPENVINO_CUSTOM_LAYER, message).at(offset as u64), scan);
            }
            _ => self.paths(element, offset, scan),
        }
    }
}

impl Graph {
    fn layer(&mut self, element: &BytesStart<'_>, offset: usize, scan: &mut Scan<'_>) {
        self.layers = self.layers.saturating_add(1);
        let mut version = String::new();
        self.layer = Layer::default();
        for (key, value) in xml::attributes(element) {
            match key.as_str() {
                "name" => self.layer.name = bartizan_core::printable(&value, 120),
                "type" => self.layer.kind = value,
                "version" => version = value,
                _ => {}
            }
        }
        let kind = self.layer.kind.to_ascii_lowercase();
        let shown = bartizan_core::printable(&self.layer.kind, 80);
        let verdict = if kind.contains("python")
            || matches!(kind.as_str(), "pyop" | "exec" | "shell" | "system")
        {
            Some((Severity::High, "runs code outside the model by its name"))
        } else if version == "extension" || kind.contains("custom") || kind.contains("plugin") {
            Some((
                Severity::Medium,
                "needs an extension library, which runs native code when the model is compiled",
            ))
        } else if !version.is_empty() && !is_known_opset(&version) {
            Some((
                Severity::Medium,
                "comes from an operation set that OpenVINO does not define, so it needs an extension library",
            ))
        } else {
            None
        };
        if let Some((severity, what)) = verdict {
            let message = format!("layer `{}` of type `{shown}` {what}", self.layer.name);
            self.report(
                Finding::new(&OPENVINO_CUSTOM_LAYER, message)
                    .severity(severity)
                    .at(offset as u64)
                    .evidence(&version),
                scan,
            );
        }
        self.paths(element, offset, scan);
    }

    /// The `data` element of a layer: for a constant, where its bytes lie.
    fn data(&mut self, element: &BytesStart<'_>, offset: usize, scan: &mut Scan<'_>) {
        let (mut at, mut size, mut kind, mut shape) = (None, None, String::new(), None);
        for (key, value) in xml::attributes(element) {
            match key.as_str() {
                "offset" => at = Some(value),
                "size" => size = Some(value),
                "element_type" => kind = value,
                "shape" => shape = Some(value),
                _ => {}
            }
        }
        self.paths(element, offset, scan);
        if self.layer.kind != "Const" {
            return;
        }
        let (Some(at), Some(size)) = (at, size) else { return };
        let name = self.layer.name.clone();
        let malformed = |message: String| Finding::new(&MALFORMED_STRUCTURE, message).at(offset as u64);
        let end = at
            .trim()
            .parse::<u64>()
            .ok()
            .zip(size.trim().parse::<u64>().ok())
            .and_then(|(at, size)| at.checked_add(size));
        let Some(end) = end else {
            let message =
                format!("constant `{name}` lies at `{at}` with size `{size}`, which is no place in a file");
            return self.report(malformed(message), scan);
        };
        if end > self.furthest.0 {
            self.furthest = (end, name.clone());
        }
        let elements = shape.as_deref().map_or(Some(1), |shape| {
            shape
                .split(',')
                .map(str::trim)
                .filter(|dimension| !dimension.is_empty())
                .try_fold(1u64, |product, dimension| product.checked_mul(dimension.parse().ok()?))
        });
        let wanted = bits(&kind).map(|bits| {
            elements.and_then(|elements| elements.checked_mul(bits)).map(|bits| bits.div_ceil(8))
        });
        if let Some(wanted) = wanted
            && wanted != size.trim().parse().ok()
        {
            let message =
                format!("constant `{name}` takes {size} bytes, which its type and shape do not need");
            self.report(malformed(message), scan);
        }
    }

    /// Attributes that name files: libraries that would be loaded, and paths that leave the folder.
    fn paths(&mut self, element: &BytesStart<'_>, offset: usize, scan: &mut Scan<'_>) {
        for (key, value) in xml::attributes(element) {
            let key = key.to_ascii_lowercase();
            let lower = value.to_ascii_lowercase();
            let file = lower.split(['?', '#']).next().unwrap_or_default();
            let names_library =
                LIBRARIES.iter().any(|extension| file.ends_with(extension)) && !file.contains(' ');
            let is_path_key = PATH_KEYS.iter().any(|word| key.contains(word));
            let place = Location {
                offset: Some(offset as u64),
                pointer: Some(format!("/{key}")),
                ..Location::default()
            };
            if names_library && (is_path_key || value.contains(['/', '\\'])) {
                let message = format!(
                    "the attribute `{key}` names the library `{}`",
                    bartizan_core::printable(&value, 120)
                );
                let finding =
                    Finding::new(&OPENVINO_CUSTOM_LAYER, message).located(&place).severity(Severity::High);
                self.report(finding.evidence(&value), scan);
            }
            if is_path_key && value.contains(['/', '\\', ':']) && !value.contains(' ') {
                check_path(&value, &format!("the attribute `{key}`"), &place, scan);
            }
        }
    }

    fn finish(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        if self.layers == 0 {
            scan.report(
                Finding::new(&MALFORMED_STRUCTURE, "the graph has no layers").severity(Severity::Low).at(0),
            );
        }
        let Some(stem) = input.file_name().rsplit_once('.').map(|(stem, _)| stem) else { return };
        let weights = format!("{stem}.bin");
        let (needed, layer) = &self.furthest;
        if *needed == 0 || input.siblings.look_up(input.file_name()).is_none() {
            return;
        }
        match input.siblings.look_up(&weights) {
            None => scan.gap(
                None,
                format!("the weights `{weights}` are not there; scan them together with the model"),
            ),
            Some(file) if file.size < *needed => {
                let message = format!(
                    "constant `{layer}` reads `{weights}` up to byte {needed}, and the file ends at byte {}",
                    file.size
                );
                scan.report(Finding::new(&MALFORMED_STRUCTURE, message).at(0));
            }
            Some(_) => {}
        }
    }

    fn report(&mut self, finding: Finding, scan: &mut Scan<'_>) {
        self.reported = self.reported.saturating_add(1);
        if self.reported <= LAYER_FINDINGS || finding.severity >= Severity::High {
            scan.report(finding);
        }
    }
}

/// Operation sets of OpenVINO itself.
fn is_known_opset(version: &str) -> bool {
    let number = version.strip_prefix("opset").and_then(|number| number.parse::<u32>().ok());
    number.is_some_and(|number| (1..=64).contains(&number))
        || matches!(
            version,
            "experimental"
                | "util"
                | "ie_internal_opset"
                | "type_relaxed_opset"
                | "gpu_opset"
                | "cpu_plugin_opset"
                | "SubgraphOpset"
                | "NPUSubgraph"
        )
}

/// Bits per element, `None` for an unknown type.
fn bits(kind: &str) -> Option<u64> {
    Some(match kind {
        "u1" => 1,
        "i4" | "u4" | "nf4" | "f4e2m1" => 4,
        "boolean" | "i8" | "u8" | "f8e4m3" | "f8e5m2" | "f8e8m0" => 8,
        "i16" | "u16" | "f16" | "bf16" => 16,
        "i32" | "u32" | "f32" => 32,
        "i64" | "u64" | "f64" => 64,
        _ => return None,
    })
}

/// How files that are loaded as code end, in lower case.
const LIBRARIES: &[&str] = &[".so", ".dll", ".dylib", ".pyd", ".py", ".exe", ".sh", ".cl", ".bat", ".ps1"];
/// Words in the name of an attribute whose value is a file.
const PATH_KEYS: &[&str] = &[
    "path",
    "file",
    "library",
    "extension",
    "plugin",
    "location",
    "source",
    "kernel",
    "include",
    "config",
    "bin",
    "weights",
];

rule! {
    /// ## What it finds
    /// Layers of an OpenVINO graph that OpenVINO does not define, and attributes that name a library or script.
    /// ## Why it matters
    /// `Core::add_extension` loads a shared library to provide such layers; the library runs native code in the process
    /// that compiles the model, whatever the layer claims to do.
    /// ## Example
    /// `<layer type="MyOp" version="extension">` with `<data library="../libmyop.so"/>`.
    /// ## How to fix
    /// Run the model only with extensions you built yourself; refuse libraries that come with it.
    /// ## References
    /// - <https://docs.openvino.ai/2025/documentation/openvino-extensibility.html>
    pub const OPENVINO_CUSTOM_LAYER: Rule = Rule {
        id: "model/openvino-custom-layer",
        title: "a layer or library that OpenVINO does not provide",
        severity: Severity::Medium,
        remedy: "Run the model only with extension libraries you built yourself.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(829), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Outcome, Sibling, Siblings};
    use bartizan_core::{Limits, MonotonicClock};
    use proptest::prelude::*;

    fn graph(layers: &str) -> String {
        format!("<?xml version=\"1.0\"?>\n<net name=\"m\" version=\"11\"><layers>{layers}</layers></net>")
    }

    const CONSTANT: &str = r#"<layer id="0" name="w" type="Const" version="opset1"><data element_type="f32" shape="2,2" offset="0" size="16"/></layer>"#;

    fn scanned(text: &str) -> Outcome {
        crate::scan(&Input::new("m.xml", text.as_bytes()), &Limits::default(), &MonotonicClock::start())
    }

    fn rules(outcome: &Outcome) -> Vec<(&'static str, Severity)> {
        outcome.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect()
    }

    #[test]
    fn a_plain_graph_is_recognised_and_clean() {
        let outcome = scanned(&graph(CONSTANT));
        assert_eq!((outcome.format, rules(&outcome), outcome.gaps.len()), (Some("openvino"), vec![], 0));
    }

    #[test]
    fn a_layer_of_an_extension_is_medium_and_one_of_an_opset_is_not() {
        let outcome = scanned(&graph(r#"<layer id="0" name="x" type="Mine" version="extension"/>"#));
        assert_eq!(rules(&outcome), [(OPENVINO_CUSTOM_LAYER.id, Severity::Medium)]);
        assert_eq!(rules(&scanned(&graph(r#"<layer id="0" name="x" type="Relu" version="opset16"/>"#))), []);
    }

    #[test]
    fn a_library_named_by_a_layer_is_high() {
        let outcome =
            scanned(&graph(r#"<layer id="0" name="x" type="Relu"><data library="ops/libx.so"/></layer>"#));
        assert_eq!(rules(&outcome), [(OPENVINO_CUSTOM_LAYER.id, Severity::High)]);
    }

    #[test]
    fn a_path_that_leaves_the_folder_is_high() {
        let outcome = scanned(&graph(
            r#"<layer id="0" name="x" type="Relu"><data weights_path="/etc/hostname"/></layer>"#,
        ));
        assert_eq!(rules(&outcome), [(EXTERNAL_DATA_ESCAPE.id, Severity::High)]);
    }

    #[test]
    fn a_constant_whose_size_does_not_fit_is_malformed() {
        let lie = CONSTANT.replace("size=\"16\"", "size=\"17\"");
        assert_eq!(rules(&scanned(&graph(&lie))), [(MALFORMED_STRUCTURE.id, Severity::Medium)]);
    }

    #[test]
    fn a_graph_without_layers_is_malformed() {
        assert_eq!(rules(&scanned("<net version='10'></net>")), [(MALFORMED_STRUCTURE.id, Severity::Low)]);
    }

    /// A folder that holds the graph and, if so told, eight bytes of weights.
    struct Folder(bool);

    impl Siblings for Folder {
        fn look_up(&self, relative: &str) -> Option<Sibling> {
            let known = relative == "m.xml" || (relative == "m.bin" && self.0);
            known.then_some(Sibling { size: 8, is_symlink: false })
        }

        fn read(&self, _relative: &str, _limit: u64) -> Option<Vec<u8>> {
            None
        }
    }

    #[test]
    fn missing_weights_are_a_gap_and_short_ones_malformed() {
        let text = graph(CONSTANT);
        let look = |folder| {
            let input = Input { bytes: text.as_bytes(), name: "m.xml", siblings: folder };
            crate::scan(&input, &Limits::default(), &MonotonicClock::start())
        };
        assert_eq!(look(&Folder(false)).gaps.len(), 1);
        assert_eq!(rules(&look(&Folder(true))), [(MALFORMED_STRUCTURE.id, Severity::Medium)]);
    }

    proptest! {
        #[test]
        fn a_damaged_graph_gives_a_result(at in 0usize..300, to: u8) {
            let mut bytes = graph(CONSTANT).into_bytes();
            let at = at % bytes.len();
            bytes[at] = to;
            crate::scan_as(&OpenVino, &Input::new("m.xml", &bytes), &Limits::default(), &MonotonicClock::start());
        }
    }
}
