//! safetensors: a length, a JSON header, the values.
//!
//! Source: huggingface/safetensors, README ("Format").

use super::{Kind, MOST_TENSORS, Tensor};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Longest header read, in bytes. Source: the reference implementation's `MAX_HEADER_SIZE`.
const LONGEST_HEADER: usize = 100_000_000;

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [usize; 2],
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Field {
    Tensor(Entry),
    Metadata(serde::de::IgnoredAny),
}

pub(super) fn read(file: &[u8]) -> Result<BTreeMap<String, Tensor<'_>>, String> {
    let unknown = || "no format with tensors that is known here".to_owned();
    let length = file.first_chunk::<8>().map(|length| u64::from_le_bytes(*length)).ok_or_else(unknown)?;
    let length =
        usize::try_from(length).ok().filter(|length| *length <= LONGEST_HEADER).ok_or_else(unknown)?;
    let end = length.checked_add(8).ok_or_else(unknown)?;
    let header = file.get(8..end).filter(|header| header.first() == Some(&b'{')).ok_or_else(unknown)?;
    let values = file.get(end..).unwrap_or_default();
    let fields: BTreeMap<String, Field> =
        serde_json::from_slice(header).map_err(|error| format!("the header of safetensors: {error}"))?;
    if fields.len() > MOST_TENSORS {
        return Err(format!("more than {MOST_TENSORS} tensors"));
    }
    let mut found = BTreeMap::new();
    for (name, field) in fields {
        match field {
            Field::Metadata(_) if name == "__metadata__" => {}
            Field::Metadata(_) => return Err(format!("tensor {name} has no type")),
            Field::Tensor(entry) => {
                let [start, end] = entry.data_offsets;
                let bytes =
                    values.get(start..end).ok_or_else(|| format!("tensor {name} lies beyond the file"))?;
                let tensor =
                    Tensor { kind: kind(&entry.dtype), shape: entry.shape, bytes: Cow::Borrowed(bytes) };
                found.insert(name, tensor);
            }
        }
    }
    Ok(found)
}

fn kind(name: &str) -> Kind {
    match name {
        "F64" => Kind::Float(8),
        "F32" => Kind::Float(4),
        "F16" => Kind::Float(2),
        "BF16" => Kind::BrainFloat,
        "I64" => Kind::Signed(8),
        "I32" => Kind::Signed(4),
        "I16" => Kind::Signed(2),
        "I8" => Kind::Signed(1),
        "U64" => Kind::Unsigned(8),
        "U32" => Kind::Unsigned(4),
        "U16" => Kind::Unsigned(2),
        "U8" => Kind::Unsigned(1),
        "BOOL" => Kind::Bool,
        other => Kind::Other(other.to_owned()),
    }
}
