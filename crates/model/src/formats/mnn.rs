//! MNN: the FlatBuffer of operators, tensors and weights that Alibaba's inference engine loads.
//!
//! The format has no mark; it is recognised by the shape of its root table. Subgraphs stand in a list, so nothing recurses.
//! Cost: linear in the number of operators; weights are stepped over.
//! Source: `schema/default/MNN.fbs` and `UserDefine.fbs` of alibaba/MNN; `source/core/Interpreter.cpp`.

use crate::text::indicators::{inspect_metadata, path_escape};
use crate::text::printable::inspect_runs;
use crate::wire::flatbuffer::{self, FlatbufferError, Table, Vector};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{
    Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, printable, rule,
};
use std::collections::BTreeSet;

rule! {
    /// ## What it finds
    /// An operator of an MNN model whose code is not MNN's: a plug-in, or an `Extra` operator that the converter did not know.
    /// ## Why it matters
    /// The program must load a library that registers it, and the model hands that library data of its own making.
    /// ## Example
    /// An operator of type `Plugin` with the name `MyDecode`.
    /// ## How to fix
    /// Find out which library registers the operator and review it.
    /// ## References
    /// - <https://mnn-docs.readthedocs.io/en/latest/contribute/op.html>
    pub const MNN_CUSTOM_OPERATOR: Rule = Rule {
        id: "model/mnn-custom-operator",
        title: "an MNN operator that needs a custom library",
        severity: Severity::Medium,
        remedy: "Find out which library registers the operator and review it.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(829), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A path of external weights in an MNN model that leaves the folder of the model.
    /// ## Why it matters
    /// The engine opens the file that the operator names and takes what is in it for weights.
    /// ## Example
    /// An operator whose external path is `../../../etc/passwd`.
    /// ## How to fix
    /// Do not load the model; ask its publisher for one whose weights lie beside it.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/22.html>
    pub const MNN_EXTERNAL_PATH: Rule = Rule {
        id: "model/mnn-external-path",
        title: "weights of an MNN model outside its folder",
        severity: Severity::High,
        remedy: "Do not load the model; ask for one whose weights lie beside it.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(22), cwe(73), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// An MNN model whose offsets or tensor numbers lead outside its own tables.
    /// ## Why it matters
    /// The engine is written in C++ and takes tensors by their number from a table that it sized by the list of tensor names:
    /// a number beyond makes it read and write memory that is not its own.
    /// ## Example
    /// An operator with output 40 in a model of three tensors.
    /// ## How to fix
    /// Fetch the file again and compare its digest; do not load it otherwise.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/125.html>
    pub const MNN_MALFORMED: Rule = Rule {
        id: "model/mnn-malformed",
        title: "an MNN model with impossible offsets",
        severity: Severity::Medium,
        remedy: "Fetch the file again and compare its digest; do not load it otherwise.",
        taxonomies: &[cwe(20), cwe(125), cwe(787), owasp_ml("ML06")],
    };
}

/// MNN models.
pub static MNN: Mnn = Mnn;

/// See [`MNN`].
#[derive(Debug, Clone, Copy)]
pub struct Mnn;

/// Fields by their place in the schema.
mod field {
    pub(super) const NET_OPERATORS: u16 = 3;
    pub(super) const NET_TENSOR_NAMES: u16 = 7;
    pub(super) const NET_TENSOR_NUMBER: u16 = 8;
    pub(super) const NET_SUBGRAPHS: u16 = 10;
    pub(super) const GRAPH_TENSORS: u16 = 3;
    pub(super) const GRAPH_OPERATORS: u16 = 4;
    pub(super) const OP_INPUTS: u16 = 0;
    pub(super) const OP_PARAMETER_TYPE: u16 = 1;
    pub(super) const OP_PARAMETER: u16 = 2;
    pub(super) const OP_NAME: u16 = 3;
    pub(super) const OP_OUTPUTS: u16 = 4;
    pub(super) const OP_TYPE: u16 = 5;
    pub(super) const OP_EXTERNAL_PATH: u16 = 7;
    pub(super) const CUSTOM_NAME: u16 = 0;
    pub(super) const CUSTOM_ENGINE: u16 = 1;
    pub(super) const EXTRA_DATA: u16 = 2;
}

/// Operator types (`enum OpType`).
const PLUGIN: i32 = 256;
const EXTRA: i32 = 512;
/// No release has had a higher operator type or kind of parameter.
const HIGHEST_TYPE: i32 = 1023;
const HIGHEST_PARAMETER: u8 = 160;
/// Operators looked at to recognise a model.
const PROBED: usize = 4;
/// Operators between looks at the clock.
const CHECK_EVERY: usize = 1 << 12;
/// Most impossible values and custom operators told of one model.
const TOLD: usize = 32;
/// Longest name shown, in characters.
const SHOWN: usize = 120;

impl Format for Mnn {
    fn id(&self) -> &'static str {
        "mnn"
    }

    fn name(&self) -> &'static str {
        "MNN model"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["mnn"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&MNN_CUSTOM_OPERATOR, &MNN_EXTERNAL_PATH, &MNN_MALFORMED]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if is_net(input.bytes).is_some() {
            Recognition::Certain
        } else if input.extension() == "mnn" {
            Recognition::Weak
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let mut model = Model { scan, told: 0, custom: BTreeSet::new() };
        if let Err(error) = model.net(input.bytes) {
            model.broken("", error);
        }
    }
}

/// `Some` when the root of `bytes` is a net: operators of known types with names and outputs, and a list of tensors.
fn is_net(bytes: &[u8]) -> Option<()> {
    let identified = flatbuffer::identifier(bytes)?;
    // Schemas with a mark of their own carry it here.
    if identified.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let root = flatbuffer::root(bytes).ok()?;
    let operators = root.references(field::NET_OPERATORS).ok().filter(|operators| !operators.is_empty())?;
    let names = root.references(field::NET_TENSOR_NAMES).ok()?;
    if names.is_empty() && root.u32(field::NET_TENSOR_NUMBER).unwrap_or(0) == 0 {
        return None;
    }
    let mut any_name = false;
    for index in 0..operators.len().min(PROBED) {
        let operator = operators.table(index).ok()?;
        let kind = operator.i32(field::OP_TYPE).unwrap_or(0);
        let parameter = operator.u8(field::OP_PARAMETER_TYPE).unwrap_or(0);
        let name = operator.string(field::OP_NAME).ok()?.unwrap_or_default();
        operator.vector(field::OP_OUTPUTS, 4).ok()??;
        operator.vector(field::OP_INPUTS, 4).ok()?;
        let fits = (0..=HIGHEST_TYPE).contains(&kind) && parameter <= HIGHEST_PARAMETER;
        if !fits || std::str::from_utf8(name).is_err() {
            return None;
        }
        any_name |= !name.is_empty();
    }
    for index in 0..names.len().min(PROBED) {
        std::str::from_utf8(names.string(index).ok()?).ok()?;
    }
    (any_name || !names.is_empty()).then_some(())
}

struct Model<'s, 'l> {
    scan: &'s mut Scan<'l>,
    told: usize,
    custom: BTreeSet<String>,
}

impl Model<'_, '_> {
    fn net(&mut self, bytes: &[u8]) -> Result<(), FlatbufferError> {
        let root = flatbuffer::root(bytes)?;
        let names = root.references(field::NET_TENSOR_NAMES)?;
        let announced = usize::try_from(root.i32(field::NET_TENSOR_NUMBER).unwrap_or(0)).unwrap_or(0);
        self.operators(root.references(field::NET_OPERATORS)?, names.len().max(announced), "/oplists");
        for (index, graph) in root.references(field::NET_SUBGRAPHS)?.tables().enumerate() {
            let graph = graph?;
            let tensors = graph.references(field::GRAPH_TENSORS)?.len();
            let place = format!("/subgraphs/{index}");
            self.operators(graph.references(field::GRAPH_OPERATORS)?, tensors, &place);
        }
        Ok(())
    }

    fn operators(&mut self, operators: Vector<'_>, tensors: usize, place: &str) {
        for (index, operator) in operators.tables().enumerate() {
            if index.is_multiple_of(CHECK_EVERY) && self.scan.out_of_time() {
                return;
            }
            let place = || format!("{place}/{index}");
            match operator.and_then(|operator| self.operator(&operator, tensors, &place)) {
                Ok(()) => {}
                Err(error) => {
                    self.broken(&place(), error);
                    if self.told > TOLD {
                        return;
                    }
                }
            }
        }
    }

    fn operator(
        &mut self,
        operator: &Table<'_>,
        tensors: usize,
        place: &dyn Fn() -> String,
    ) -> Result<(), FlatbufferError> {
        for (which, what) in [(field::OP_INPUTS, "input"), (field::OP_OUTPUTS, "output")] {
            let Some(numbers) = operator.vector(which, 4)? else { continue };
            let beyond = (0..numbers.len())
                .filter_map(|at| numbers.u32(at))
                .find(|&number| number as usize >= tensors);
            if let Some(number) = beyond {
                let number = number.cast_signed();
                let text = format!("an operator's {what} is tensor {number} of {tensors}");
                self.malformed(&place(), operator.position(), text);
            }
        }
        let kind = operator.i32(field::OP_TYPE).unwrap_or(0);
        if matches!(kind, PLUGIN | EXTRA) {
            self.custom(operator, kind, place)?;
        }
        if let Some(path) = operator.string(field::OP_EXTERNAL_PATH)? {
            let path = String::from_utf8_lossy(path);
            if let Some(reason) = path_escape(&path) {
                let message =
                    format!("an operator's weights lie at `{}`, which {reason}", printable(&path, SHOWN));
                let finding = Finding::new(&MNN_EXTERNAL_PATH, message).at(operator.position() as u64);
                self.scan.report(finding.pointer(place()).evidence(path));
            }
        }
        let name = String::from_utf8_lossy(operator.string(field::OP_NAME)?.unwrap_or_default());
        let plain = name.len() < 64
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:@".contains(&byte));
        if !plain {
            let at = Some(operator.position() as u64);
            let place = Location { offset: at, pointer: Some(place()), ..Location::default() };
            inspect_metadata(&name, &place, self.scan);
        }
        Ok(())
    }

    /// An operator whose code the program brings: its name, and what it is given.
    fn custom(
        &mut self,
        operator: &Table<'_>,
        kind: i32,
        place: &dyn Fn() -> String,
    ) -> Result<(), FlatbufferError> {
        let Some(parameter) = operator.table(field::OP_PARAMETER)? else { return Ok(()) };
        let text =
            |index| Ok(String::from_utf8_lossy(parameter.string(index)?.unwrap_or_default()).into_owned());
        let name = text(field::CUSTOM_NAME)?;
        let message = if kind == PLUGIN {
            format!("the operator `{}` comes from a plug-in", printable(&name, SHOWN))
        } else {
            let engine = printable(&text(field::CUSTOM_ENGINE)?, SHOWN);
            if let Some(data) = parameter.bytes(field::EXTRA_DATA)? {
                inspect_runs(data, operator.position(), self.scan);
            }
            format!("the operator `{}` (of {engine}) is none of MNN's own", printable(&name, SHOWN))
        };
        if self.custom.len() < TOLD && self.custom.insert(name.clone()) {
            let finding = Finding::new(&MNN_CUSTOM_OPERATOR, message).at(operator.position() as u64);
            self.scan.report(finding.pointer(place()).evidence(name));
        }
        Ok(())
    }

    fn broken(&mut self, place: &str, error: FlatbufferError) {
        let (FlatbufferError::OutOfBounds { offset } | FlatbufferError::BadTable { offset }) = error;
        self.scan.gap(Some(offset as u64), format!("`{place}` could not be read: {error}"));
        self.malformed(place, offset, error.to_string());
    }

    fn malformed(&mut self, place: &str, at: usize, text: String) {
        self.told = self.told.saturating_add(1);
        if self.told <= TOLD {
            self.scan.report(Finding::new(&MNN_MALFORMED, text).at(at as u64).pointer(place.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use crate::wire::flatbuffer_fixture::{Part, table};
    use bartizan_core::{Limits, MonotonicClock};
    use proptest::prelude::*;

    type Fields = Vec<(u16, Part)>;

    fn operator(kind: u32, output: u32, more: Fields) -> Fields {
        let mut fields = vec![
            (field::OP_NAME, Part::Text(b"op".to_vec())),
            (field::OP_OUTPUTS, Part::Numbers(vec![output])),
            (field::OP_TYPE, Part::Number(kind)),
        ];
        fields.extend(more);
        fields
    }

    /// A model of one tensor with that operator.
    fn model(operator: Fields) -> Vec<u8> {
        let mut out = vec![0; 8];
        let root = table(
            &mut out,
            &[
                (field::NET_OPERATORS, Part::Tables(vec![operator])),
                (field::NET_TENSOR_NUMBER, Part::Number(1)),
            ],
        );
        out[..4].copy_from_slice(&(root as u32).to_le_bytes());
        out
    }

    #[test]
    fn a_model_is_recognised_by_its_tables_and_clean() {
        let bytes = model(operator(12, 0, vec![]));
        let outcome =
            crate::scan(&Input::new("x.unheardof", &bytes), &Limits::default(), &MonotonicClock::start());
        assert_eq!((outcome.format, outcome.findings, outcome.gaps), (Some("mnn"), vec![], vec![]));
        assert_eq!(MNN.recognise(&Input::new("x", &[0; 64])), Recognition::No);
    }

    #[test]
    fn plug_ins_and_unknown_operators_are_custom() {
        let plugin = |kind| {
            let parameter = vec![(field::CUSTOM_NAME, Part::Text(b"MyDecode".to_vec()))];
            model(operator(kind, 0, vec![(field::OP_PARAMETER, Part::Table(parameter))]))
        };
        assert_eq!(rules_of(&MNN, &plugin(256)), [MNN_CUSTOM_OPERATOR.id]);
        assert_eq!(rules_of(&MNN, &plugin(512)), [MNN_CUSTOM_OPERATOR.id]);
        assert_eq!(rules_of(&MNN, &plugin(12)), Vec::<&str>::new());
    }

    #[test]
    fn a_tensor_outside_the_table_is_malformed() {
        assert_eq!(rules_of(&MNN, &model(operator(12, 40, vec![]))), [MNN_MALFORMED.id]);
    }

    #[test]
    fn weights_outside_the_folder_are_high() {
        let path =
            |path: &str| model(operator(12, 0, vec![(field::OP_EXTERNAL_PATH, Part::Text(path.into()))]));
        assert_eq!(rules_of(&MNN, &path("../../etc/passwd")), [MNN_EXTERNAL_PATH.id]);
        assert_eq!(rules_of(&MNN, &path("model.mnn.weight")), Vec::<&str>::new());
    }

    #[test]
    fn code_in_the_data_of_an_operator_is_found() {
        let parameter = vec![
            (field::CUSTOM_NAME, Part::Text(b"MyDecode".to_vec())),
            (field::EXTRA_DATA, Part::Text(b"\0\x01os.system('id')\0".to_vec())),
        ];
        let bytes = model(operator(512, 0, vec![(field::OP_PARAMETER, Part::Table(parameter))]));
        assert!(rules_of(&MNN, &bytes).contains(&"model/metadata-code"));
    }

    #[test]
    fn a_model_that_breaks_off_is_never_clean() {
        let whole = model(operator(12, 0, vec![]));
        for cut in 0..whole.len().saturating_sub(8) {
            let outcome = outcome(&MNN, &whole[..cut]);
            assert!(!outcome.findings.is_empty() || !outcome.gaps.is_empty(), "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_result(bytes: Vec<u8>, at: usize, flip: u8) {
            outcome(&MNN, &bytes);
            let mut whole = model(operator(512, 0, vec![]));
            let length = whole.len();
            whole[at % length] ^= flip;
            MNN.recognise(&Input::new("x", &whole));
            outcome(&MNN, &whole);
        }
    }
}
