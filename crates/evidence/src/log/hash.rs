//! Merkle tree hashes: [`Hash`], and the two hashes a tree is made of.
//!
//! Source: RFC 6962, section 2.1. A leaf and a node never hash the same bytes: their first byte differs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Bytes of a hash (SHA-256).
pub const HASH_BYTES: usize = 32;
/// First byte hashed for a leaf.
const LEAF: u8 = 0;
/// First byte hashed for a node.
const NODE: u8 = 1;

/// A SHA-256 over a leaf, a node, or a whole tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; HASH_BYTES]);

impl Hash {
    /// The root of the tree without entries: SHA-256 of nothing.
    pub fn empty_tree() -> Self {
        Self(Sha256::digest([]).into())
    }

    /// The hash of an entry.
    pub fn leaf(entry: &[u8]) -> Self {
        Self(Sha256::new().chain_update([LEAF]).chain_update(entry).finalize().into())
    }

    /// The hash of two neighbours.
    pub fn node(left: &Self, right: &Self) -> Self {
        let mut input = [NODE; 1 + 2 * HASH_BYTES];
        let (_, both) = input.split_at_mut(1);
        let (first, second) = both.split_at_mut(HASH_BYTES);
        first.copy_from_slice(&left.0);
        second.copy_from_slice(&right.0);
        Self(Sha256::digest(input).into())
    }

    /// A hash from its bytes; none unless there are [`HASH_BYTES`] of them.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }

    /// A hash from base64 with padding; none when it is anything else.
    pub fn from_base64(text: &str) -> Option<Self> {
        Self::from_bytes(&STANDARD.decode(text).ok()?)
    }

    /// The hash's bytes.
    pub fn as_bytes(&self) -> &[u8; HASH_BYTES] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The root of a list of neighbouring hashes that are each the root of a full subtree of the same height.
pub fn root_of(hashes: &[Hash]) -> Hash {
    let mut stack = Stack::default();
    for hash in hashes {
        stack.push(*hash);
    }
    stack.root()
}

/// The roots of the full subtrees along the right edge of a growing tree, largest first. One leaf costs one hash on
/// average, the root as many as there are bits in the size.
///
/// Source: RFC 6962, section 2.1; "compact range" in other implementations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stack {
    size: u64,
    roots: Vec<Hash>,
}

impl Stack {
    /// Adds one leaf (or one full subtree of the height that is counted).
    pub fn push(&mut self, hash: Hash) {
        let mut hash = hash;
        for _ in 0..self.size.trailing_ones() {
            // As many full subtrees end here as the size has ones at its end.
            if let Some(left) = self.roots.pop() {
                hash = Hash::node(&left, &hash);
            }
        }
        self.roots.push(hash);
        self.size = self.size.saturating_add(1);
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let folded = self.roots.iter().rev().copied().reduce(|right, left| Hash::node(&left, &right));
        folded.unwrap_or_else(Hash::empty_tree)
    }

    /// The roots, largest subtree first.
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// A stack as it was written down; none when there are not as many roots as bits in the size.
    pub fn from_parts(size: u64, roots: Vec<Hash>) -> Option<Self> {
        (roots.len() == usize::try_from(size.count_ones()).ok()?).then_some(Self { size, roots })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6962, section 2.1, word for word.
    fn defined(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::empty_tree(),
            [one] => *one,
            many => {
                let split = many.len().next_power_of_two() / 2;
                Hash::node(&defined(&many[..split]), &defined(&many[split..]))
            }
        }
    }

    #[test]
    fn the_stack_agrees_with_the_definition_at_every_size() {
        let leaves: Vec<Hash> = (0_u8..70).map(|each| Hash::leaf(&[each])).collect();
        let mut stack = Stack::default();
        for size in 0..leaves.len() {
            assert_eq!(stack.root(), defined(&leaves[..size]), "{size}");
            assert_eq!(Stack::from_parts(stack.size(), stack.roots().to_vec()), Some(stack.clone()));
            stack.push(leaves[size]);
        }
    }

    #[test]
    fn the_empty_root_and_an_empty_leaf_are_those_of_the_rfc() {
        assert_eq!(Hash::empty_tree().to_string(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(Hash::leaf(b"").to_string(), "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=");
    }

    #[test]
    fn only_thirty_two_bytes_are_a_hash() {
        assert!(Hash::from_base64("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=").is_some());
        assert!(Hash::from_base64("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF==").is_none());
        assert!(Hash::from_base64("47DEQpj8HBSa").is_none());
        assert!(Stack::from_parts(3, vec![Hash::empty_tree()]).is_none());
    }
}
