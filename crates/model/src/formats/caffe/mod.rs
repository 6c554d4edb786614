//! Caffe networks: weights in `.caffemodel` (protobuf) and definitions in `.prototxt` (its text form).
//!
//! A layer of type `Python` imports a module and makes a class of it when the network is built; a layer of type
//! `HDF5Output` writes a file. Source: Caffe `src/caffe/proto/caffe.proto` and `src/caffe/layer_factory.cpp`. Linear time;
//! weights are skipped.

mod text;

pub use text::{CAFFE_TEXT, CaffeText};

use super::malformed::{MALFORMED_STRUCTURE, broken};
use super::native_library::{FOREIGN_OPERATOR, NATIVE_LIBRARY, report_library};
use crate::text::indicators;
use crate::wire::protobuf::{self, ProtobufError};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{
    Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, printable, rule,
};

rule! {
    /// ## What it finds
    /// A layer of a Caffe network that writes a file whose path the network chooses.
    /// ## Why it matters
    /// The file is created when the network is built, with the rights of the process. A path that is absolute or climbs
    /// out of the working folder can overwrite what somebody else relies on.
    /// ## Example
    /// `hdf5_output_param { file_name: "/root/.ssh/authorized_keys" }`
    /// ## How to fix
    /// Remove the layer; inference needs none that writes.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/73.html>
    pub const CAFFE_FILE_WRITE: Rule = Rule {
        id: "model/caffe-file-write",
        title: "a Caffe layer that writes a file",
        severity: Severity::Medium,
        remedy: "Remove the layer; inference needs none that writes.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(73), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

/// Caffe weights.
pub static CAFFE: Caffe = Caffe;

/// See [`CAFFE`].
#[derive(Debug, Clone, Copy)]
pub struct Caffe;

/// Field numbers of `NetParameter`, `LayerParameter` and their parts.
mod field {
    pub(super) const NAME: u32 = 1;
    pub(super) const LAYER_TYPE: u32 = 2;
    pub(super) const LAYER: u32 = 100;
    pub(super) const HDF5_OUTPUT: u32 = 113;
    pub(super) const PYTHON: u32 = 130;
    pub(super) const PYTHON_MODULE: u32 = 1;
    pub(super) const PYTHON_CLASS: u32 = 2;
    pub(super) const PYTHON_ARGUMENT: u32 = 3;
}

/// Fields of the network looked at to recognise it.
const RECOGNISED_WITHIN: usize = 16;

impl Format for Caffe {
    fn id(&self) -> &'static str {
        "caffe"
    }

    fn name(&self) -> &'static str {
        "Caffe model"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["caffemodel"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if input.extension() == "caffemodel" {
            return Recognition::Weak;
        }
        // A layer with a name and a type that are words, under a number that no other known message uses so.
        let mut fields = protobuf::fields(input.bytes).take(RECOGNISED_WITHIN).map_while(Result::ok);
        let layer = fields.find(|field| field.number == field::LAYER).and_then(|field| field.bytes());
        let word = |layer: &[u8], number: u32| {
            let mut fields = protobuf::fields(layer).take(2).map_while(Result::ok);
            fields.any(|field| {
                field.number == number
                    && field.text().is_some_and(|text| !text.is_empty() && !text.contains('\0'))
            })
        };
        let is_layer = layer.is_some_and(|layer| word(layer, field::NAME) && word(layer, field::LAYER_TYPE));
        if is_layer { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        if let Err(error) = read(input.bytes, scan) {
            broken(scan, 0, format!("the Caffe model breaks off: {error}"));
        }
    }
}

/// Rules of both forms.
static RULES: &[&Rule] = &[&FOREIGN_OPERATOR, &CAFFE_FILE_WRITE, &NATIVE_LIBRARY, &MALFORMED_STRUCTURE];

fn read(network: &[u8], scan: &mut Scan<'_>) -> Result<(), ProtobufError> {
    for field in protobuf::fields(network) {
        let field = field?;
        let Some(layer) = field.bytes().filter(|_| field.number == field::LAYER) else { continue };
        if scan.out_of_time() {
            return Ok(());
        }
        read_layer(layer, field.value_offset, scan)?;
    }
    Ok(())
}

fn read_layer(layer: &[u8], base: usize, scan: &mut Scan<'_>) -> Result<(), ProtobufError> {
    for field in protobuf::fields(layer) {
        let field = field?;
        let offset = base.saturating_add(field.value_offset);
        let Some(part) = field.bytes() else { continue };
        match field.number {
            field::PYTHON => {
                let mut python = PythonLayer { offset, ..PythonLayer::default() };
                for field in protobuf::fields(part) {
                    let field = field?;
                    let text = || field.bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
                    match field.number {
                        field::PYTHON_MODULE => python.module = text(),
                        field::PYTHON_CLASS => python.class = text(),
                        field::PYTHON_ARGUMENT => python.argument = text(),
                        _ => {}
                    }
                }
                python.report(scan);
            }
            field::HDF5_OUTPUT => {
                for field in protobuf::fields(part) {
                    let field = field?;
                    if let Some(path) = field.text().filter(|_| field.number == field::NAME) {
                        report_output(path, offset, scan);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The parameters of a layer of type `Python`.
#[derive(Debug, Default)]
struct PythonLayer {
    module: Option<String>,
    class: Option<String>,
    argument: Option<String>,
    offset: usize,
}

impl PythonLayer {
    fn report(&self, scan: &mut Scan<'_>) {
        let module = self.module.as_deref().unwrap_or_default();
        let class = self.class.as_deref().unwrap_or_default();
        let message = format!(
            "a Python layer imports `{}` and makes a `{}` of it",
            printable(module, 120),
            printable(class, 120)
        );
        scan.report(
            Finding::new(&FOREIGN_OPERATOR, message)
                .at(self.offset as u64)
                .evidence(format!("{module}.{class}")),
        );
        // Such layers hand the string to `eval` or a YAML reader by custom.
        if let Some(argument) = &self.argument {
            let place = Location { offset: Some(self.offset as u64), ..Location::default() };
            indicators::inspect_metadata(argument, &place, scan);
            report_library(argument, self.offset, scan);
        }
    }
}

/// Reports the file that a layer at `offset` writes; a path that leaves the working folder is high.
fn report_output(path: &str, offset: usize, scan: &mut Scan<'_>) {
    let leaves = path.starts_with(['/', '\\', '~'])
        || path.split(['/', '\\']).any(|part| part == "..")
        || path.as_bytes().get(1) == Some(&b':');
    let message = format!("a layer writes the file `{}` when the network is built", printable(path, 200));
    let severity = if leaves { Severity::High } else { Severity::Medium };
    scan.report(Finding::new(&CAFFE_FILE_WRITE, message).severity(severity).at(offset as u64).evidence(path));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use proptest::prelude::*;

    fn bytes(number: u32, value: &[u8]) -> Vec<u8> {
        let key = (number << 3) | 2;
        let varint = |mut value: u32| {
            let mut out = Vec::new();
            while value >= 0x80 {
                out.push((value & 0x7f) as u8 | 0x80);
                value >>= 7;
            }
            out.push(value as u8);
            out
        };
        [varint(key), varint(value.len() as u32), value.to_vec()].concat()
    }

    fn network(kind: &str, part: &[u8]) -> Vec<u8> {
        let layer = [bytes(1, b"first"), bytes(2, kind.as_bytes()), part.to_vec()].concat();
        [bytes(1, b"net"), bytes(100, &layer)].concat()
    }

    #[test]
    fn a_python_layer_is_reported_and_a_convolution_is_not() {
        let python = [bytes(1, b"acme"), bytes(2, b"Runner"), bytes(3, b"{'a': 1}")].concat();
        let found = outcome(&CAFFE, &network("Python", &bytes(130, &python)));
        assert_eq!(found.findings.len(), 1);
        assert_eq!(found.findings[0].message, "a Python layer imports `acme` and makes a `Runner` of it");
        assert_eq!(rules_of(&CAFFE, &network("Convolution", &[])), Vec::<&str>::new());
    }

    #[test]
    fn a_layer_that_writes_outside_is_high_and_inside_medium() {
        for (path, severity) in
            [("/etc/cron.d/x", Severity::High), ("../x.h5", Severity::High), ("out.h5", Severity::Medium)]
        {
            let found = outcome(&CAFFE, &network("HDF5Output", &bytes(113, &bytes(1, path.as_bytes()))));
            let found: Vec<_> =
                found.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect();
            assert_eq!(found, [("model/caffe-file-write", severity)], "{path}");
        }
    }

    #[test]
    fn it_is_recognised_by_its_layers() {
        assert_eq!(CAFFE.recognise(&Input::new("x", &network("ReLU", &[]))), Recognition::Certain);
        assert_eq!(CAFFE.recognise(&Input::new("x", &bytes(1, b"net"))), Recognition::No);
    }

    #[test]
    fn a_model_that_breaks_off_is_malformed() {
        let whole = network("ReLU", &[]);
        assert_eq!(rules_of(&CAFFE, &whole[..whole.len() - 1]), ["model/malformed-structure"]);
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_result(rest: Vec<u8>) {
            outcome(&CAFFE, &[network("ReLU", &[]), rest].concat());
        }
    }
}
