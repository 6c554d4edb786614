//! Entry bundles: entries one after the other, each after its length in two bytes, big end first.
//!
//! Source: C2SP tlog-tiles, "Log entries".

use super::hash::Hash;
use super::tile::TILE_WIDTH;

/// Longest entry in bytes: what fits in two bytes of length.
pub const LONGEST_ENTRY: usize = u16::MAX as usize;
/// Bytes of the length before each entry.
pub const LENGTH_BYTES: usize = 2;
/// Largest bundle in bytes: 256 of the longest entries.
pub const LARGEST_BUNDLE: usize = 256 * (LENGTH_BYTES + LONGEST_ENTRY);

/// Why bytes are no bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// The bytes end inside an entry.
    #[error("the bundle ends inside entry {entry}, which begins at byte {offset}")]
    Truncated {
        /// Which entry of the bundle, from 0.
        entry: usize,
        /// Where it begins.
        offset: usize,
    },
    /// More or fewer entries than its name says.
    #[error("the bundle has {found} entries where {expected} are expected")]
    Count {
        /// How many there are; counting stops one after those expected.
        found: u64,
        /// How many there should be.
        expected: u64,
    },
}

/// The entries of a bundle with exactly `count` entries.
///
/// # Errors
/// [`BundleError::Truncated`] and [`BundleError::Count`].
pub fn entries(bytes: &[u8], count: u64) -> Result<Vec<&[u8]>, BundleError> {
    let mut found = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let number = u64::try_from(found.len()).unwrap_or(u64::MAX);
        if number >= count.min(TILE_WIDTH) {
            return Err(BundleError::Count { found: number + 1, expected: count });
        }
        let truncated = BundleError::Truncated { entry: found.len(), offset: bytes.len() - rest.len() };
        let (length, after) = rest.split_first_chunk::<LENGTH_BYTES>().ok_or_else(|| truncated.clone())?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or(truncated)?;
        found.push(entry);
        rest = after;
    }
    let number = u64::try_from(found.len()).unwrap_or(u64::MAX);
    if number != count {
        return Err(BundleError::Count { found: number, expected: count });
    }
    Ok(found)
}

/// The leaf hashes of a bundle with exactly `count` entries.
///
/// # Errors
/// Those of [`entries`].
pub fn leaves(bytes: &[u8], count: u64) -> Result<Vec<Hash>, BundleError> {
    Ok(entries(bytes, count)?.into_iter().map(Hash::leaf).collect())
}

/// Adds an entry to a bundle. Whether it fits in two bytes of length, and whether the bundle is full, is the caller's duty.
pub(super) fn push(bundle: &mut Vec<u8>, entry: &[u8]) {
    let length = u16::try_from(entry.len()).unwrap_or(u16::MAX);
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_is_read_back() {
        let mut bundle = Vec::new();
        let longest = vec![7; LONGEST_ENTRY];
        for entry in [b"one".as_slice(), b"", &longest] {
            push(&mut bundle, entry);
        }
        assert_eq!(entries(&bundle, 3), Ok(vec![b"one".as_slice(), b"", &longest]));
        assert_eq!(entries(&bundle, 2), Err(BundleError::Count { found: 3, expected: 2 }));
        assert_eq!(entries(&bundle, 4), Err(BundleError::Count { found: 3, expected: 4 }));
        assert_eq!(
            entries(&bundle[..bundle.len() - 1], 3),
            Err(BundleError::Truncated { entry: 2, offset: 7 })
        );
        assert_eq!(entries(&[0], 1), Err(BundleError::Truncated { entry: 0, offset: 0 }));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_bundle_or_an_error(bytes: Vec<u8>, count in 0_u64..300) {
            let _ = leaves(&bytes, count);
        }
    }
}
