//! Reads and writes tensors in a safetensors file: the container of the weights.
//!
//! Layout: 8 bytes with the length of the header, little-endian; the header, JSON, an object of name to `dtype`, `shape` and
//! `data_offsets`; then the data. Source: the format's README in its reference implementation. Everything is bounded and
//! borrowed: reading allocates for names only.

use serde::Deserialize;
use std::collections::BTreeMap;
use thiserror::Error;

/// Longest header that is read, in bytes.
pub const LONGEST_HEADER: usize = 1 << 20;

/// A file that holds no tensors.
#[derive(Debug, Error)]
pub enum ContainerError {
    /// The file ends inside its header, or the header is too long.
    #[error(
        "the header of {length} bytes does not fit the file of {file}; take the file that came with this version"
    )]
    Header {
        /// Length the file gives for its header.
        length: u64,
        /// Length of the file.
        file: usize,
    },
    /// The header is not what it should be.
    #[error("the header names no tensors; take the file that came with this version")]
    Json(#[from] serde_json::Error),
    /// A tensor lies outside the file or has another size than its shape says.
    #[error(
        "tensor `{name}` does not lie in the file as its shape says; take the file that came with this version"
    )]
    Place {
        /// Its name.
        name: String,
    },
}

/// One tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor<'f> {
    /// Type of its values: `F32`, `I8`, `U8`.
    pub kind: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values, little-endian.
    pub bytes: &'f [u8],
}

impl Tensor<'_> {
    /// Its values as 32-bit floating point numbers; empty if they are not.
    pub fn floats(&self) -> Vec<f32> {
        if self.kind != "F32" {
            return Vec::new();
        }
        self.bytes
            .chunks_exact(4)
            .map(|four| f32::from_le_bytes(four.try_into().unwrap_or_default()))
            .collect()
    }
}

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (usize, usize),
}

/// The tensors of a file by their names.
///
/// # Errors
/// [`ContainerError`] when the file is not what it should be.
pub fn read(file: &[u8]) -> Result<BTreeMap<String, Tensor<'_>>, ContainerError> {
    let eight = file.first_chunk::<8>().copied().unwrap_or([0xFF; 8]);
    let length = u64::from_le_bytes(eight);
    let refused = ContainerError::Header { length, file: file.len() };
    let short = usize::try_from(length).ok().filter(|length| *length <= LONGEST_HEADER);
    let Some(length) = short else { return Err(refused) };
    let Some((header, data)) = file.get(8..).and_then(|rest| rest.split_at_checked(length)) else {
        return Err(refused);
    };
    let mut entries: BTreeMap<String, serde_json::Value> = serde_json::from_slice(header)?;
    entries.remove("__metadata__");
    let mut tensors = BTreeMap::new();
    for (name, entry) in entries {
        let entry: Entry = serde_json::from_value(entry)?;
        let width = match entry.dtype.as_str() {
            "F64" | "I64" | "U64" => 8_usize,
            "F32" | "I32" | "U32" => 4,
            "F16" | "BF16" | "I16" | "U16" => 2,
            _ => 1,
        };
        let size = entry.shape.iter().try_fold(1_usize, |size, side| size.checked_mul(*side));
        let size = size.and_then(|size| size.checked_mul(width));
        let (start, end) = entry.data_offsets;
        match data.get(start..end) {
            Some(bytes) if Some(bytes.len()) == size => {
                tensors.insert(name, Tensor { kind: entry.dtype, shape: entry.shape, bytes });
            }
            _ => return Err(ContainerError::Place { name }),
        }
    }
    Ok(tensors)
}

/// A file of these tensors, in the order of their names, with `about` in its metadata.
pub fn write(tensors: &BTreeMap<String, Tensor<'_>>, about: &BTreeMap<String, String>) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    header.insert("__metadata__".to_owned(), serde_json::json!(about));
    let mut at = 0_usize;
    for (name, tensor) in tensors {
        let end = at.saturating_add(tensor.bytes.len());
        let entry =
            serde_json::json!({"dtype": tensor.kind, "shape": tensor.shape, "data_offsets": [at, end]});
        header.insert(name.clone(), entry);
        at = end;
    }
    let mut text = serde_json::Value::Object(header).to_string();
    while !text.len().is_multiple_of(8) {
        text.push(' ');
    }
    let mut out = (text.len() as u64).to_le_bytes().to_vec();
    out.extend_from_slice(text.as_bytes());
    for tensor in tensors.values() {
        out.extend_from_slice(tensor.bytes);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read() {
        let bytes = [1.5_f32.to_le_bytes(), (-2.0_f32).to_le_bytes()].concat();
        let tensor = Tensor { kind: "F32".to_owned(), shape: vec![2, 1], bytes: &bytes };
        let small = Tensor { kind: "I8".to_owned(), shape: vec![3], bytes: &[1, 2, 255] };
        let tensors = BTreeMap::from([("a".to_owned(), tensor), ("b".to_owned(), small)]);
        let file = write(&tensors, &BTreeMap::from([("by".to_owned(), "a test".to_owned())]));
        let again = read(&file).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(again, tensors);
        assert_eq!(again["a"].floats(), [1.5, -2.0]);
    }

    #[test]
    fn a_tensor_outside_the_file_is_refused_by_name() {
        let header = br#"{"far":{"dtype":"I8","shape":[9],"data_offsets":[0,9]}}"#;
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend_from_slice(header);
        file.push(0);
        assert!(matches!(read(&file), Err(ContainerError::Place { name }) if name == "far"));
        assert!(matches!(read(&[1, 2]), Err(ContainerError::Header { .. })));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
    }
}
