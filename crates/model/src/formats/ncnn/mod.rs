//! ncnn: a list of layers (`.param`, as text or binary) and the weights that they read one after another (`.bin`).
//!
//! Source: `net.cpp`, `paramdict.cpp` and `modelbin.cpp` of Tencent/ncnn. The text form begins with the line `7767517`, the
//! binary form with that number; weights have no mark of their own and are known by the `.param` beside them.
//! Cost: linear in the list of layers; weights are not read beyond the search that runs everywhere.

mod binary;
mod layers;
mod text;

use crate::text::indicators::inspect_metadata;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_ml, printable, rule};
use std::collections::BTreeSet;

rule! {
    /// ## What it finds
    /// A layer that ncnn does not bring itself.
    /// ## Why it matters
    /// The program must register native code for it, and the model chooses what that code is fed with.
    /// ## Example
    /// A line `com.example.Decode dec 1 1 in out` in a `.param` file.
    /// ## How to fix
    /// Find out which library registers the layer and review it.
    /// ## References
    /// - <https://github.com/Tencent/ncnn/wiki/how-to-implement-custom-layer-step-by-step>
    pub const NCNN_CUSTOM_LAYER: Rule = Rule {
        id: "model/ncnn-custom-layer",
        title: "an ncnn layer that needs a custom library",
        severity: Severity::Medium,
        remedy: "Find out which library registers the layer and review it.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(829), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// An ncnn model whose counts and sizes are not true: more blobs or layers than it announces, blob numbers outside the
    /// table, arrays longer than the file, weights that the file beside it does not hold.
    /// ## Why it matters
    /// ncnn is written in C++ and releases before 2025 sized their tables by what the head of the file says.
    /// A number that is too small there makes the loader write past the end of a table.
    /// ## Example
    /// A head of `2 1` over two layers that name five blobs.
    /// ## How to fix
    /// Do not load it; convert the model again from weights whose origin is known, and keep ncnn up to date.
    /// ## References
    /// - <https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure>
    /// - <https://cwe.mitre.org/data/definitions/787.html>
    pub const NCNN_MALFORMED: Rule = Rule {
        id: "model/ncnn-malformed",
        title: "an ncnn model whose sizes are not true",
        severity: Severity::Medium,
        remedy: "Do not load it; convert the model again, and keep ncnn up to date.",
        taxonomies: &[cwe(20), cwe(787), cwe(1284), owasp_ml("ML06")],
    };
}

/// The list of layers as text.
pub static NCNN_PARAM: NcnnParam = NcnnParam;
/// The list of layers as binary.
pub static NCNN_PARAM_BINARY: NcnnParamBinary = NcnnParamBinary;
/// Weights beside a list of layers.
pub static NCNN_WEIGHTS: NcnnWeights = NcnnWeights;

/// See [`NCNN_PARAM`].
#[derive(Debug, Clone, Copy)]
pub struct NcnnParam;

/// See [`NCNN_PARAM_BINARY`].
#[derive(Debug, Clone, Copy)]
pub struct NcnnParamBinary;

/// See [`NCNN_WEIGHTS`].
#[derive(Debug, Clone, Copy)]
pub struct NcnnWeights;

/// What both forms of the list begin with.
const MAGIC: u32 = 7_767_517;
/// Most layers or blobs that ncnn takes (`max_net_count`).
const MOST: i64 = 1_000_000;
/// Most faults and custom layers told one by one.
const TOLD: u32 = 32;
/// Longest name shown, in characters.
const SHOWN: usize = 120;
/// Bytes behind the weights that padding explains.
const SLACK: u64 = 4096;

const RULES: &[&Rule] = &[&NCNN_CUSTOM_LAYER, &NCNN_MALFORMED];

impl Format for NcnnParam {
    fn id(&self) -> &'static str {
        "ncnn-param"
    }

    fn name(&self) -> &'static str {
        "ncnn list of layers"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["param"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = input.head(16);
        let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
        if line.len() < head.len() && line.trim_ascii() == b"7767517" {
            Recognition::Certain
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let mut net = Net::new(scan);
        text::read(input.bytes, &mut net);
        let weights = input.name.strip_suffix(".param").map(|stem| format!("{stem}.bin"));
        net.finish(input, weights.as_deref());
    }
}

impl Format for NcnnParamBinary {
    fn id(&self) -> &'static str {
        "ncnn-param-binary"
    }

    fn name(&self) -> &'static str {
        "ncnn list of layers (binary)"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["bin"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if input.bytes.starts_with(&MAGIC.to_le_bytes()) { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let mut net = Net::new(scan);
        binary::read(input.bytes, &mut net);
        let weights = input.name.strip_suffix(".param.bin").map(|stem| format!("{stem}.bin"));
        net.finish(input, weights.as_deref());
    }
}

impl Format for NcnnWeights {
    fn id(&self) -> &'static str {
        "ncnn-weights"
    }

    fn name(&self) -> &'static str {
        "ncnn weights"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["bin"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let stem =
            input.file_name().strip_suffix(".bin").filter(|stem| stem.strip_suffix(".param").is_none());
        let beside = |stem: &str| {
            let list = format!("{stem}.param");
            let head = input.siblings.look_up(&list).and_then(|_| input.siblings.read(&list, 16));
            head.is_some_and(|head| NCNN_PARAM.recognise(&Input::new(&list, &head)).is_certain())
                || input.siblings.look_up(&format!("{list}.bin")).is_some()
        };
        if stem.is_some_and(beside) { Recognition::Weak } else { Recognition::No }
    }

    // Nothing in raw weights can be told true or false but their amount, which the list of layers is compared with.
    fn scan(&self, _input: &Input<'_>, _scan: &mut Scan<'_>) {}
}

/// The whole-number parameters of one layer.
#[derive(Debug, Default)]
pub(super) struct Parameters(Vec<(i32, i64)>);

impl Parameters {
    pub(super) fn set(&mut self, id: i32, value: i64) {
        if self.0.len() < Self::MOST {
            self.0.push((id, value));
        }
    }

    /// The parameter `id`, or what it is when not written.
    fn or(&self, id: i32, default: i64) -> i64 {
        self.0.iter().rev().find(|(known, _)| *known == id).map_or(default, |(_, value)| *value)
    }

    /// The parameter `id` as a number of things, 0 when not written or below it.
    fn count(&self, id: i32) -> u64 {
        u64::try_from(self.or(id, 0)).unwrap_or(0)
    }

    /// Most parameters of a layer (`NCNN_MAX_PARAM_COUNT`).
    const MOST: usize = 32;
}

/// What has been read of a list of layers.
pub(super) struct Net<'s, 'l> {
    pub(super) scan: &'s mut Scan<'l>,
    faults: u32,
    custom: BTreeSet<String>,
    /// Fewest bytes of weights that the layers read.
    least: u64,
    /// Most of them; `None` once a layer is met whose weights are not known.
    most: Option<u64>,
}

impl<'s, 'l> Net<'s, 'l> {
    fn new(scan: &'s mut Scan<'l>) -> Self {
        Self { scan, faults: 0, custom: BTreeSet::new(), least: 0, most: Some(0) }
    }

    /// Takes the counts of layers and blobs at the head; whether they are such that ncnn reads on.
    pub(super) fn counts(&mut self, layers: i64, blobs: i64, offset: usize) -> bool {
        let fit = (1..=MOST).contains(&layers) && (1..=MOST).contains(&blobs);
        if !fit {
            self.fault(
                offset,
                format!("announces {layers} layers and {blobs} blobs; ncnn takes 1 to {MOST} of each"),
            );
        }
        fit
    }

    /// Takes one layer at `offset`. `custom` when its number says that the program registered it.
    pub(super) fn layer(&mut self, kind: &str, custom: bool, parameters: &Parameters, offset: usize) {
        let known = layers::LAYERS.contains(&kind) || layers::FURTHER.contains(&kind);
        if custom || !known {
            self.most = None;
            if self.custom.len() < TOLD as usize && self.custom.insert(kind.to_owned()) {
                let message = format!("the layer `{}` is none of ncnn's own", printable(kind, SHOWN));
                self.scan.report(Finding::new(&NCNN_CUSTOM_LAYER, message).at(offset as u64).evidence(kind));
            }
            return;
        }
        if let Some((id, value)) = parameters
            .0
            .iter()
            .find(|(id, value)| is_weight_count(kind, *id) && (*value < 0 || *value > i64::from(i32::MAX)))
        {
            self.fault(offset, format!("a layer `{kind}` of {value} weights (parameter {id})"));
            self.most = None;
            return;
        }
        let Some(weights) = layers::weights(kind, parameters) else {
            self.most = None;
            return;
        };
        // One byte for each element is the densest packing; a table of 256 values may precede it.
        let raw = weights.raw.saturating_mul(4);
        self.least = self.least.saturating_add(weights.tagged).saturating_add(raw);
        let most = weights.tagged.saturating_add(weights.perhaps).saturating_mul(4).saturating_add(raw);
        let table = if weights.tagged > 0 { 1032 } else { 0 };
        self.most = self.most.map(|sum| sum.saturating_add(most).saturating_add(table));
    }

    /// Judges the name of a layer or blob as text.
    pub(super) fn name(&mut self, name: &str, offset: usize) {
        let plain = name.len() < 64
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:@".contains(&byte));
        if !plain {
            let place = Location { offset: Some(offset as u64), ..Location::default() };
            inspect_metadata(name, &place, self.scan);
        }
    }

    pub(super) fn fault(&mut self, offset: usize, message: impl Into<String>) {
        self.faults = self.faults.saturating_add(1);
        if self.faults <= TOLD {
            self.scan.report(Finding::new(&NCNN_MALFORMED, message).at(offset as u64));
        }
    }

    /// The file ends before what it announced.
    pub(super) fn truncated(&mut self, offset: usize) {
        self.scan.report(
            Finding::new(&NCNN_MALFORMED, "ends before what its head announces")
                .severity(Severity::Low)
                .at(offset as u64),
        );
        self.scan.gap(offset as u64, "truncated; fetch the file again");
        self.most = None;
    }

    /// Compares the weights that the layers read with the file of that name beside the list.
    fn finish(&mut self, input: &Input<'_>, weights: Option<&str>) {
        if self.faults > TOLD {
            let further = self.faults.saturating_sub(TOLD);
            let message = format!("{further} further entries are malformed");
            self.scan.report(Finding::new(&NCNN_MALFORMED, message).at(0));
        }
        let Some(name) = weights.and_then(|path| path.rsplit(['/', '\\']).next()) else { return };
        let Some(beside) = input.siblings.look_up(name) else { return };
        let shown = printable(name, SHOWN);
        let size = beside.size;
        if size < self.least {
            let least = self.least;
            let message = format!("its layers read at least {least} bytes of weights, `{shown}` has {size}");
            self.scan.report(Finding::new(&NCNN_MALFORMED, message).at(0));
        } else if let Some(most) = self.most.filter(|most| size > most.saturating_add(SLACK)) {
            let message = format!("its layers read at most {most} bytes of weights, `{shown}` has {size}");
            self.scan.report(Finding::new(&NCNN_MALFORMED, message).severity(Severity::Low).at(0));
        }
    }
}

/// Whether parameter `id` of a layer `kind` is the number of its weights.
fn is_weight_count(kind: &str, id: i32) -> bool {
    match kind {
        "InnerProduct" => id == 2,
        "Embed" => id == 3,
        "BatchNorm" | "PReLU" | "Bias" => id == 0,
        _ if kind.contains("onvolution") => id == 6,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
