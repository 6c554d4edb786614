//! What a safetensors file beside the input describes, for files that speak about its tensors: only its header is read.

use super::header::Header;
use crate::Siblings;

/// One tensor of a file beside the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Described {
    /// Its name.
    pub(crate) name: String,
    /// Its dimensions.
    pub(crate) shape: Vec<u64>,
    /// How many bytes its data takes.
    pub(crate) bytes: u64,
}

/// The tensors that the file at `relative` describes; `None` when it is not there or is no safetensors file.
pub(crate) fn described_in(siblings: &dyn Siblings, relative: &str) -> Option<Vec<Described>> {
    let length: [u8; 8] = siblings.read(relative, 8)?.try_into().ok()?;
    let length = u64::from_le_bytes(length);
    if length > HEADER_BYTES {
        return None;
    }
    let bytes = siblings.read(relative, length.saturating_add(8))?;
    let (header, error) = Header::read(bytes.get(8..)?);
    let described = header.tensors.into_iter().map(|tensor| Described {
        name: tensor.name,
        shape: tensor.shape,
        bytes: tensor.span.1.saturating_sub(tensor.span.0),
    });
    error.is_none().then(|| described.collect())
}

/// Longest header read of a file beside the input, in bytes; the largest published ones have a few megabytes.
const HEADER_BYTES: u64 = 32 << 20;

#[cfg(test)]
pub(crate) mod testing {
    use crate::{Sibling, Siblings};

    /// A folder with the files given by name and content.
    pub(crate) struct Files<'a>(pub(crate) &'a [(&'a str, Vec<u8>)]);

    impl Siblings for Files<'_> {
        fn look_up(&self, relative: &str) -> Option<Sibling> {
            let (_, bytes) = self.0.iter().find(|(name, _)| *name == relative)?;
            Some(Sibling { size: bytes.len() as u64, is_symlink: false })
        }

        fn read(&self, relative: &str, limit: u64) -> Option<Vec<u8>> {
            let (_, bytes) = self.0.iter().find(|(name, _)| *name == relative)?;
            Some(bytes.iter().take(limit as usize).copied().collect())
        }
    }

    /// A safetensors file of half-precision tensors with these names and shapes; its data is left out.
    pub(crate) fn safetensors(tensors: &[(&str, &[u64])]) -> Vec<u8> {
        let mut at = 0;
        let mut entries = Vec::new();
        for (name, shape) in tensors {
            let end = at + 2 * shape.iter().product::<u64>();
            entries
                .push(format!(r#""{name}":{{"dtype":"F16","shape":{shape:?},"data_offsets":[{at},{end}]}}"#));
            at = end;
        }
        let json = format!("{{{}}}", entries.join(","));
        [(json.len() as u64).to_le_bytes().as_slice(), json.as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{Files, safetensors};
    use super::*;

    #[test]
    fn tensors_are_described_and_what_is_no_safetensors_is_not() {
        let folder = [("a", safetensors(&[("w", &[2, 3])])), ("b", b"\x04\0\0\0\0\0\0\0{\"a\"".to_vec())];
        let wanted = Described { name: "w".to_owned(), shape: vec![2, 3], bytes: 12 };
        assert_eq!(described_in(&Files(&folder), "a"), Some(vec![wanted]));
        assert_eq!(described_in(&Files(&folder), "b"), None);
        assert_eq!(described_in(&Files(&folder), "c"), None);
    }
}
