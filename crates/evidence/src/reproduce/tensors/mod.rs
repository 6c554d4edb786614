//! Tensors in files, as raw values: safetensors, NumPy's `.npy` and `.npz`, and the storages of PyTorch's zip files.
//!
//! Nothing is unpickled; bytes stay where they are unless they are compressed.

mod npy;
mod safetensors;
mod storages;
mod zip;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Most tensors read from one file.
const MOST_TENSORS: usize = 1_000_000;

/// A tensor's values as they lie in the file, little-endian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor<'a> {
    /// What one value is.
    pub kind: Kind,
    /// Its shape.
    pub shape: Vec<u64>,
    /// Its bytes.
    pub bytes: Cow<'a, [u8]>,
}

/// What one value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// IEEE 754 floats of 2, 4 or 8 bytes.
    Float(u8),
    /// The upper half of a 4-byte float.
    BrainFloat,
    /// Signed integers of 1, 2, 4 or 8 bytes.
    Signed(u8),
    /// Unsigned integers of 1, 2, 4 or 8 bytes.
    Unsigned(u8),
    /// Truth values of one byte.
    Bool,
    /// Anything else, by the file's own name for it.
    Other(String),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = |bytes: &u8| bytes.saturating_mul(8);
        match self {
            Self::Float(bytes) => write!(f, "F{}", bits(bytes)),
            Self::BrainFloat => f.write_str("BF16"),
            Self::Signed(bytes) => write!(f, "I{}", bits(bytes)),
            Self::Unsigned(bytes) => write!(f, "U{}", bits(bytes)),
            Self::Bool => f.write_str("BOOL"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

impl Kind {
    /// Bytes of one value; none where that is not known.
    pub fn size(&self) -> Option<usize> {
        match self {
            Self::Float(bytes) | Self::Signed(bytes) | Self::Unsigned(bytes) => Some((*bytes).into()),
            Self::BrainFloat => Some(2),
            Self::Bool => Some(1),
            Self::Other(_) => None,
        }
    }

    /// Whether each value is told from every other as a float of 8 bytes.
    pub fn is_exact(&self) -> bool {
        !matches!(self, Self::Signed(8) | Self::Unsigned(8) | Self::Other(_))
    }

    fn read(&self, bytes: &[u8]) -> f64 {
        fn all<const N: usize>(bytes: &[u8]) -> [u8; N] {
            bytes.try_into().unwrap_or([0; N])
        }
        match self {
            Self::Float(2) => half(u16::from_le_bytes(all(bytes))),
            Self::Float(4) => f32::from_le_bytes(all(bytes)).into(),
            Self::Float(_) => f64::from_le_bytes(all(bytes)),
            Self::BrainFloat => f32::from_bits(u32::from(u16::from_le_bytes(all(bytes))) << 16).into(),
            Self::Signed(1) => i8::from_le_bytes(all(bytes)).into(),
            Self::Signed(2) => i16::from_le_bytes(all(bytes)).into(),
            Self::Signed(4) => i32::from_le_bytes(all(bytes)).into(),
            Self::Signed(_) => i64::from_le_bytes(all(bytes)) as f64,
            Self::Unsigned(2) => u16::from_le_bytes(all(bytes)).into(),
            Self::Unsigned(4) => u32::from_le_bytes(all(bytes)).into(),
            Self::Unsigned(8) => u64::from_le_bytes(all(bytes)) as f64,
            _ => bytes.first().copied().unwrap_or_default().into(),
        }
    }
}

impl Tensor<'_> {
    /// Its values in order.
    pub fn values(&self) -> impl Iterator<Item = f64> {
        self.bytes.chunks_exact(self.kind.size().unwrap_or(1)).map(|value| self.kind.read(value))
    }

    /// Whether its bytes are as many as kind and shape ask for.
    fn is_whole(&self) -> bool {
        let Some(size) = self.kind.size() else { return true };
        let count = self.shape.iter().try_fold(1u64, |count, length| count.checked_mul(*length));
        count.and_then(|count| count.checked_mul(size as u64)) == Some(self.bytes.len() as u64)
    }
}

/// The value of a float of 2 bytes. Source: IEEE 754-2019, binary16.
fn half(bits: u16) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let fraction = f64::from(bits & 0x3ff);
    match (bits >> 10) & 0x1f {
        0 => sign * fraction * 2f64.powi(-24),
        0x1f if fraction == 0.0 => sign * f64::INFINITY,
        0x1f => f64::NAN,
        exponent => sign * (1.0 + fraction / 1024.0) * 2f64.powi(i32::from(exponent).saturating_sub(15)),
    }
}

/// The tensors in a file by name.
///
/// # Errors
/// Why the file holds none that can be read.
pub fn tensors(file: &[u8]) -> Result<BTreeMap<String, Tensor<'_>>, String> {
    let found = if file.starts_with(npy::MAGIC) {
        BTreeMap::from([("array".to_owned(), npy::read(Cow::Borrowed(file))?)])
    } else if file.starts_with(zip::LOCAL_HEADER) {
        in_archive(file)?
    } else {
        safetensors::read(file)?
    };
    match found.iter().find(|(_, tensor)| !tensor.is_whole()) {
        Some((name, _)) => Err(format!("tensor {name} has not as many bytes as its shape asks for")),
        None => Ok(found),
    }
}

/// Arrays of an `.npz` by name; storages of a PyTorch file by their key, as bytes.
fn in_archive(file: &[u8]) -> Result<BTreeMap<String, Tensor<'_>>, String> {
    let mut found = BTreeMap::new();
    let entries = zip::entries(file)?;
    let pickle = entries.iter().find(|entry| entry.name.ends_with("/data.pkl"));
    let storages = match pickle {
        Some(entry) => storages::kinds(&entry.content(file)?),
        None => BTreeMap::new(),
    };
    for entry in &entries {
        if let Some(name) = entry.name.strip_suffix(".npy") {
            found.insert(name.to_owned(), npy::read(entry.content(file)?)?);
        } else if pickle.is_some()
            && let Some((_, key)) = entry.name.rsplit_once("/data/")
        {
            let bytes = entry.content(file)?;
            let kind = storages
                .get(key)
                .cloned()
                .unwrap_or_else(|| Kind::Other("storage of unknown type".to_owned()));
            let shape = vec![(bytes.len() / kind.size().unwrap_or(1)) as u64];
            found.insert(format!("storage {key}"), Tensor { kind, shape, bytes });
        }
    }
    if found.is_empty() { Err("an archive without arrays".to_owned()) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_of_two_bytes_have_their_values() {
        let cases = [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 2f64.powi(-24)),
            (0x3555, 0.333_251_953_125),
        ];
        for (bits, value) in cases {
            assert_eq!(half(bits).to_bits(), f64::to_bits(value), "{bits:#x}");
        }
        assert!(half(0x7e00).is_nan() && half(0xfc00) == f64::NEG_INFINITY);
    }

    #[test]
    fn a_tensor_shorter_than_its_shape_is_refused() {
        let header = br#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#;
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header);
        file.extend([0; 4]);
        assert!(tensors(&file).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_tensors_or_an_error(bytes: Vec<u8>, start in 0usize..4) {
            let starts: [&[u8]; 4] = [b"", npy::MAGIC, zip::LOCAL_HEADER, &[8, 0, 0, 0, 0, 0, 0, 0, b'{']];
            let file = [starts[start], &bytes].concat();
            let _ = tensors(&file);
        }
    }
}
