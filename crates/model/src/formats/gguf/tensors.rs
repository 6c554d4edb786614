//! The tensor descriptions of a GGUF file, and whether they fit its data.

use super::Walk;
use super::reader::Reader;
use super::types::{self, Size};
use crate::formats::hidden::{self, Hidden};
use crate::weights;
use bartizan_core::{Severity, ShortRead, printable};
use std::collections::HashSet;

/// One described tensor.
struct Tensor {
    name: String,
    /// Where its description stands.
    described_at: usize,
    /// Start in the data section.
    offset: u64,
    /// Size in bytes, when known.
    size: Option<u64>,
    kind: u32,
    /// Dimensions as written, innermost first.
    dimensions: Vec<u64>,
}

impl Walk<'_, '_, '_> {
    /// Reads `count` descriptions and checks the data section against them.
    pub(super) fn tensors(&mut self, reader: &mut Reader<'_>, count: u64) {
        let mut names = HashSet::new();
        let mut tensors = Vec::new();
        for index in 0..count {
            if index % 4096 == 4095 && self.scan.out_of_time() {
                return;
            }
            let start = reader.cursor.position();
            let described = reader.string().and_then(|name| Ok((name, reader.u32()?)));
            let Ok((name, dimensions)) = described else { return self.truncated(start) };
            let shown = printable(&String::from_utf8_lossy(name), 120);
            if !names.insert(name) {
                self.malformed(
                    Severity::Medium,
                    start,
                    &shown,
                    format!("the tensor `{shown}` is described twice"),
                );
            }
            if name.len() >= NAME_BYTES {
                self.malformed(
                    Severity::Low,
                    start,
                    &shown,
                    format!("a tensor name of {} bytes, where ggml keeps {NAME_BYTES}", name.len()),
                );
            }
            if dimensions > MAX_DIMENSIONS {
                self.malformed(Severity::Medium, start, &shown, format!("the tensor `{shown}` has {dimensions} dimensions, and readers keep room for {MAX_DIMENSIONS}"));
                if dimensions > READ_DIMENSIONS {
                    return self.scan.gap(start as u64, "tensor description with an impossible number of dimensions; nothing behind it was read");
                }
            }
            let Ok((kind, offset, sizes)) = description(reader, dimensions) else {
                return self.truncated(start);
            };
            let size = self.size(&shown, start, kind, &sizes);
            if !offset.is_multiple_of(self.alignment) {
                self.malformed(
                    Severity::Medium,
                    start,
                    &shown,
                    format!(
                        "the tensor `{shown}` starts at {offset}, which is not aligned to {}",
                        self.alignment
                    ),
                );
            }
            tensors.push(Tensor { name: shown, described_at: start, offset, size, kind, dimensions: sizes });
        }
        self.data(reader.cursor.position(), tensors, reader.big_endian);
    }

    fn size(&mut self, name: &str, start: usize, kind: u32, dimensions: &[u64]) -> Option<u64> {
        match types::size(kind, dimensions) {
            Size::Bytes(bytes) => return Some(bytes),
            Size::Overflows => self.malformed(
                Severity::High,
                start,
                name,
                format!("the size of tensor `{name}` with dimensions {dimensions:?} overflows 64 bits; a reader that multiplies unchecked allocates too little and writes past it"),
            ),
            Size::Ragged => self.malformed(
                Severity::Medium,
                start,
                name,
                format!("the first dimension of tensor `{name}` is no multiple of its type's block"),
            ),
            Size::Unknown => {
                self.malformed(Severity::Low, start, name, format!("the tensor `{name}` has the unknown type {kind}"));
            }
        }
        None
    }

    /// Checks that the tensors lie in the data section one after another, and what lies beside them.
    fn data(&mut self, header_end: usize, mut tensors: Vec<Tensor>, big_endian: bool) {
        let total = self.input.bytes.len() as u64;
        let section = (header_end as u64).checked_next_multiple_of(self.alignment).unwrap_or(u64::MAX);
        tensors.sort_by_key(|tensor| tensor.offset);
        let mut covered = if tensors.is_empty() { header_end as u64 } else { section };
        if !tensors.is_empty() {
            self.beside(header_end as u64, section.min(total), "between header and tensors");
        }
        let mut missing = None;
        let mut unsized_before = false;
        for (index, tensor) in tensors.iter().enumerate() {
            if index % 4096 == 4095 && self.scan.out_of_time() {
                return;
            }
            let start = section.checked_add(tensor.offset);
            let end = start.and_then(|start| start.checked_add(tensor.size.unwrap_or(0)));
            let (Some(start), Some(end)) = (start, end) else {
                self.malformed(
                    Severity::High,
                    tensor.described_at,
                    &tensor.name,
                    format!("the place of tensor `{}` overflows 64 bits", tensor.name),
                );
                continue;
            };
            if start < covered && tensor.size != Some(0) {
                self.malformed(
                    Severity::Medium,
                    tensor.described_at,
                    &tensor.name,
                    format!("the tensor `{}` overlaps the one before it", tensor.name),
                );
            } else if start > covered && !unsized_before {
                self.beside(covered, start.min(total), "between the tensors");
            }
            unsized_before = tensor.size.is_none();
            if end > total {
                missing.get_or_insert((tensor.described_at, tensor.name.clone(), end.saturating_sub(total)));
            } else {
                self.content(tensor, start, end);
            }
            covered = covered.max(end);
        }
        if !big_endian {
            self.values(section, &mut tensors);
        }
        if let Some((described_at, name, lacking)) = missing {
            self.malformed(
                Severity::Low,
                described_at,
                &name,
                format!("the tensor `{name}` ends {lacking} bytes behind the end of the file"),
            );
            self.scan.gap(total, "truncated: tensor data is missing; fetch the file again");
        } else if !unsized_before {
            self.beside(covered, total, "behind the last tensor");
        }
    }

    /// Hands the float tensors to the inspector of values.
    fn values(&mut self, section: u64, tensors: &mut [Tensor]) {
        for tensor in tensors.iter_mut() {
            tensor.dimensions.reverse();
        }
        let input = self.input.bytes;
        let floats: Vec<weights::Tensor<'_>> = tensors
            .iter()
            .filter_map(|tensor| {
                let offset = section.checked_add(tensor.offset)?;
                let end = offset.checked_add(tensor.size?)?;
                Some(weights::Tensor {
                    name: &tensor.name,
                    float: types::float(tensor.kind)?,
                    shape: &tensor.dimensions,
                    bytes: input.get(usize::try_from(offset).ok()?..usize::try_from(end).ok()?)?,
                    offset,
                })
            })
            .collect();
        weights::inspect(&floats, self.scan);
    }

    /// Bytes no tensor owns: padding, if it is zero and shorter than the alignment.
    fn beside(&mut self, start: u64, end: u64, place: &str) {
        let Some(bytes) = self.input.bytes.get(start as usize..end as usize) else { return };
        let zero = bytes.iter().all(|&byte| byte == 0);
        if bytes.is_empty() || zero && bytes.len() as u64 <= self.alignment.min(PADDING_BYTES) {
            return;
        }
        hidden::report(self.scan, bytes, start, place, zero);
    }

    fn content(&mut self, tensor: &Tensor, start: u64, end: u64) {
        let bytes = self.input.bytes.get(start as usize..end as usize).unwrap_or_default();
        if let Some(kind) = Hidden::at_start_of(bytes) {
            hidden::report_tensor(self.scan, bytes, start, &tensor.name, kind);
        }
    }
}

/// Type, offset and dimensions of one tensor.
fn description(reader: &mut Reader<'_>, dimensions: u32) -> Result<(u32, u64, Vec<u64>), ShortRead> {
    let sizes = (0..dimensions).map(|_| reader.length()).collect::<Result<Vec<_>, _>>()?;
    Ok((reader.u32()?, reader.u64()?, sizes))
}

/// Bytes ggml keeps for a tensor's name, its NUL included (`GGML_MAX_NAME`).
const NAME_BYTES: usize = 64;
/// Dimensions ggml keeps room for (`GGML_MAX_DIMS`).
const MAX_DIMENSIONS: u32 = 4;
/// Most dimensions read of a tensor that has too many.
const READ_DIMENSIONS: u32 = 64;
/// Longest zero padding that passes unremarked, whatever the alignment, in bytes.
const PADDING_BYTES: u64 = 1 << 20;
