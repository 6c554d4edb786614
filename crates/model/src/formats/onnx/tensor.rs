//! One `TensorProto`: whether its shape and data agree, where its data lies, and what the data begins like.

use super::{ONNX_MALFORMED, external};
use crate::formats::hidden::{self, Hidden};
use crate::text::indicators::inspect_metadata;
use crate::weights::Float;
use crate::wire::protobuf::{self, Value};
use crate::{Input, Scan};
use bartizan_core::{Cursor, Finding, Location, Severity};

/// Checks the tensor `message`, which lies at `base`. `unknown` takes fields the schema does not have.
pub(super) fn check<'i>(
    message: &'i [u8],
    base: u64,
    input: &Input<'_>,
    scan: &mut Scan<'_>,
    unknown: &mut Vec<(u64, Vec<u8>)>,
) -> (Option<FloatTensor<'i>>, Result<(), protobuf::ProtobufError>) {
    let mut tensor = Tensor::default();
    let mut outcome = Ok(());
    for field in protobuf::fields(message) {
        let field = match field {
            Ok(field) => field,
            Err(error) => {
                outcome = Err(error);
                break;
            }
        };
        match (field.number, field.value) {
            (1, Value::Varint(dimension)) => tensor.dimension(dimension),
            (1, Value::Bytes(packed)) => {
                let mut cursor = Cursor::new(packed);
                while let Ok(dimension) = cursor.varint() {
                    tensor.dimension(dimension);
                }
            }
            (2, Value::Varint(kind)) => tensor.kind = kind,
            (6, Value::Bytes(text)) => tensor.strings.push((field.value_offset, text)),
            (8, Value::Bytes(name)) => {
                tensor.name = bartizan_core::printable(&String::from_utf8_lossy(name), 120);
            }
            (9, Value::Bytes(raw)) => tensor.raw = Some((field.value_offset, raw)),
            (12 | 16, Value::Bytes(text)) => tensor.texts.push(text),
            (13, Value::Bytes(entry)) => tensor.external.push(entry),
            (14, Value::Varint(location)) => tensor.is_external = location == 1,
            (3..=5 | 7 | 10 | 11, _) => {}
            (_, Value::Bytes(bytes)) => {
                unknown.push((base.saturating_add(field.value_offset as u64), bytes.to_vec()));
            }
            _ => {}
        }
    }
    tensor.judge(base, input, scan);
    (tensor.floats(base), outcome)
}

/// A tensor of plain floats in the file itself.
pub(super) struct FloatTensor<'a> {
    pub(super) name: String,
    pub(super) float: Float,
    pub(super) shape: Vec<u64>,
    pub(super) bytes: &'a [u8],
    pub(super) offset: u64,
}

#[derive(Default)]
struct Tensor<'a> {
    name: String,
    /// Product of the dimensions: `None` once it overflowed or one was negative.
    elements: Elements,
    shape: Vec<u64>,
    kind: u64,
    raw: Option<(usize, &'a [u8])>,
    strings: Vec<(usize, &'a [u8])>,
    texts: Vec<&'a [u8]>,
    external: Vec<&'a [u8]>,
    is_external: bool,
}

struct Elements(Option<u64>);

impl Default for Elements {
    fn default() -> Self {
        Self(Some(1))
    }
}

impl<'a> Tensor<'a> {
    /// The tensor for the inspector of values, if it holds plain floats.
    fn floats(self, base: u64) -> Option<FloatTensor<'a>> {
        let (offset, bytes) = self.raw?;
        let float = match self.kind {
            1 => Float::F32,
            10 => Float::F16,
            11 => Float::F64,
            16 => Float::BF16,
            _ => return None,
        };
        let offset = base.saturating_add(offset as u64);
        Some(FloatTensor { name: self.name, float, shape: self.shape, bytes, offset })
    }

    fn dimension(&mut self, dimension: u64) {
        let known = self.elements.0.filter(|_| i64::try_from(dimension).is_ok());
        if self.shape.len() < DIMENSIONS {
            self.shape.push(dimension);
        }
        self.elements = Elements(known.and_then(|product| product.checked_mul(dimension)));
    }

    fn judge(&self, base: u64, input: &Input<'_>, scan: &mut Scan<'_>) {
        let place = Location {
            offset: Some(base),
            pointer: (!self.name.is_empty()).then(|| format!("/tensor/{}", self.name)),
            ..Location::default()
        };
        let what = format!("tensor `{}`", self.name);
        // A writer that forgets the location enum is still followed by readers that look at the entries alone.
        if self.is_external || !self.external.is_empty() {
            external::check_tensor(&self.external, input, &what, &place, scan);
        }
        let malformed = |message: String| Finding::new(&ONNX_MALFORMED, message).located(&place);
        match (self.elements.0, self.raw) {
            (None, _) => {
                scan.report(malformed(format!("{what} has a shape that is negative or overflows 64 bits")));
            }
            (Some(_), Some((_, raw))) if self.is_external && !raw.is_empty() => {
                scan.report(
                    malformed(format!("{what} has its data both inside and outside the file"))
                        .severity(Severity::Low),
                );
            }
            (Some(elements), Some((_, raw))) => {
                let wanted =
                    bits(self.kind).and_then(|bits| elements.checked_mul(bits)).map(|bits| bits.div_ceil(8));
                if bits(self.kind).is_some() && wanted != Some(raw.len() as u64) {
                    scan.report(malformed(format!(
                        "{what} has {elements} elements and {} bytes of data, which do not agree",
                        raw.len()
                    )));
                }
            }
            (Some(_), None) => {}
        }
        for (offset, data) in self.raw.iter().chain(&self.strings) {
            if let Some(kind) = Hidden::at_start_of(data) {
                hidden::report_tensor(scan, data, base.saturating_add(*offset as u64), &self.name, kind);
            }
        }
        // A few strings are values; many are a vocabulary, in which any text is normal.
        if self.strings.len() <= VALUES {
            for (_, text) in &self.strings {
                inspect_metadata(&String::from_utf8_lossy(text), &place, scan);
            }
        }
        for text in &self.texts {
            inspect_metadata(&String::from_utf8_lossy(text), &place, scan);
        }
    }
}

/// Most dimensions kept.
const DIMENSIONS: usize = 64;
/// Up to this many strings in a tensor are judged as text.
const VALUES: usize = 4;

/// Bits per element of `TensorProto.DataType`, `None` for strings and unknown types.
fn bits(kind: u64) -> Option<u64> {
    Some(match kind {
        1 | 6 | 12 => 32,
        2 | 3 | 9 | 17..=20 | 24 => 8,
        4 | 5 | 10 | 16 => 16,
        7 | 11 | 13 | 14 => 64,
        15 => 128,
        21..=23 => 4,
        25 | 26 => 2,
        _ => return None,
    })
}
