//! Proofs that an entry is in a tree and that one tree extends another: which subtrees they are made of, and their check.
//!
//! Source: RFC 6962, sections 2.1.1 and 2.1.2; RFC 9162, sections 2.1.3.2 and 2.1.4.2 (verification without recursion);
//! draft-ietf-plants-merkle-tree-certs, section 4 (subtrees).

use super::hash::Hash;

/// Most hashes in a proof: a tree of 2^63 entries has paths of 63 hashes.
pub const LONGEST_PROOF: usize = 63;

/// Why a proof does not prove what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// No entry has that index.
    #[error("there is no entry {index} in a log of {size} entries")]
    NoSuchEntry {
        /// The index.
        index: u64,
        /// How many entries there are.
        size: u64,
    },
    /// The later tree is smaller than the earlier.
    #[error("a log of {new} entries cannot extend one of {old}: entries are gone")]
    Shrunk {
        /// Size of the earlier tree.
        old: u64,
        /// Size of the later tree.
        new: u64,
    },
    /// Every tree extends the empty one, so such a proof says nothing.
    #[error("consistency with the empty log proves nothing; compare with a checkpoint of at least one entry")]
    FromNothing,
    /// Not a range that is a subtree.
    #[error("entries {start} to {end} are not a subtree of a log of {size} entries")]
    NotASubtree {
        /// First entry.
        start: u64,
        /// One after the last.
        end: u64,
        /// Size of the tree.
        size: u64,
    },
    /// Not as many hashes as the place in the tree asks for.
    #[error("the proof has {found} hashes where {expected} are needed")]
    Length {
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// The hashes lead to another root.
    #[error("the proof leads to root {computed}, not to {expected}: {what} is not what the log holds")]
    Root {
        /// What was to be proven.
        what: &'static str,
        /// Where the proof leads.
        computed: Hash,
        /// Where it should lead.
        expected: Hash,
    },
}

/// A run of neighbouring leaves, from `start` to before `end`, whose hash a proof needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// First leaf.
    pub start: u64,
    /// One after the last leaf.
    pub end: u64,
}

impl Range {
    fn new(start: u64, end: u64) -> Self {
        Self { start, end }
    }

    /// How many leaves it has.
    pub fn len(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the tree over it splits: after the largest power of two of leaves that leaves some over.
    fn split(&self) -> u64 {
        let half = 1_u64 << (self.len().max(2) - 1).ilog2();
        self.start + half
    }

    /// The full subtrees it is made of, left to right, each as (height, index at that height).
    pub fn full_subtrees(&self) -> impl Iterator<Item = (u32, u64)> {
        let (mut start, end) = (self.start, self.end);
        std::iter::from_fn(move || {
            let left = end.checked_sub(start).filter(|left| *left > 0)?;
            let height = left.ilog2().min(start.trailing_zeros());
            let index = start >> height;
            start += 1 << height;
            Some((height, index))
        })
    }
}

/// The subtrees whose hashes prove that entry `index` is in a tree of `size` entries, from the leaf upwards.
///
/// # Errors
/// [`ProofError::NoSuchEntry`].
pub fn inclusion_ranges(index: u64, size: u64) -> Result<Vec<Range>, ProofError> {
    if index >= size {
        return Err(ProofError::NoSuchEntry { index, size });
    }
    let mut tree = Range::new(0, size);
    let mut path = Vec::new();
    while tree.len() > 1 {
        let middle = tree.split();
        if index < middle {
            path.push(Range::new(middle, tree.end));
            tree.end = middle;
        } else {
            path.push(Range::new(tree.start, middle));
            tree.start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The subtrees whose hashes prove that a tree of `new` entries extends one of `old`.
///
/// # Errors
/// [`ProofError::FromNothing`] when `old` is zero, [`ProofError::Shrunk`] when `new` is smaller.
pub fn consistency_ranges(old: u64, new: u64) -> Result<Vec<Range>, ProofError> {
    if new < old {
        return Err(ProofError::Shrunk { old, new });
    }
    if old == 0 {
        return Err(ProofError::FromNothing);
    }
    let mut tree = Range::new(0, new);
    let mut path = Vec::new();
    let mut known = true;
    while tree.end != old {
        let middle = tree.split();
        if old <= middle {
            path.push(Range::new(middle, tree.end));
            tree.end = middle;
        } else {
            path.push(Range::new(tree.start, middle));
            tree.start = middle;
            known = false;
        }
    }
    if !known {
        path.push(tree);
    }
    path.reverse();
    Ok(path)
}

/// Checks that the leaf `leaf` is entry `index` of the tree with `size` entries and root `root`.
///
/// # Errors
/// [`ProofError::NoSuchEntry`], [`ProofError::Length`], [`ProofError::Root`].
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    let computed = root_from_inclusion(leaf, index, size, proof)?;
    same_root("the entry", computed, root)
}

/// The root that an inclusion proof leads to.
///
/// # Errors
/// [`ProofError::NoSuchEntry`] and [`ProofError::Length`].
pub fn root_from_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash]) -> Result<Hash, ProofError> {
    if index >= size {
        return Err(ProofError::NoSuchEntry { index, size });
    }
    let (inner, border) = path_lengths(index, size);
    of_length(proof, inner + border)?;
    let (below, above) = proof.split_at_checked(inner).unwrap_or((proof, &[]));
    let hash = below.iter().enumerate().fold(*leaf, |hash, (level, sibling)| {
        if (index >> level) & 1 == 0 { Hash::node(&hash, sibling) } else { Hash::node(sibling, &hash) }
    });
    Ok(above.iter().fold(hash, |hash, left| Hash::node(left, &hash)))
}

/// Checks that the tree with `new` entries and root `new_root` extends the one with `old` entries and root `old_root`.
/// Consistency with the empty tree is refused: it holds for every tree.
///
/// # Errors
/// [`ProofError::FromNothing`], [`ProofError::Shrunk`], [`ProofError::Length`], [`ProofError::Root`].
pub fn verify_consistency(
    old: u64,
    new: u64,
    proof: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> Result<(), ProofError> {
    if old == 0 {
        return Err(ProofError::FromNothing);
    }
    if new < old {
        return Err(ProofError::Shrunk { old, new });
    }
    if old == new {
        of_length(proof, 0)?;
        return same_root("the earlier log", *old_root, new_root);
    }
    let shift = old.trailing_zeros();
    let (inner, border) = path_lengths(old - 1, new);
    let inner = inner.saturating_sub(usize::try_from(shift).unwrap_or(usize::MAX));
    let whole = old.is_power_of_two();
    of_length(proof, inner + border + usize::from(!whole))?;
    let (seed, rest) = match proof.split_first() {
        Some((first, rest)) if !whole => (first, rest),
        _ => (old_root, proof),
    };
    let (below, above) = rest.split_at_checked(inner).unwrap_or((rest, &[]));
    let mask = (old - 1) >> shift;
    let left_of = |level: usize| (mask >> level) & 1 == 1;
    let steps = || below.iter().enumerate();
    let old_hash = steps().fold(
        *seed,
        |hash, (level, sibling)| {
            if left_of(level) { Hash::node(sibling, &hash) } else { hash }
        },
    );
    let new_hash = steps().fold(*seed, |hash, (level, sibling)| {
        if left_of(level) { Hash::node(sibling, &hash) } else { Hash::node(&hash, sibling) }
    });
    let up = |hash: Hash| above.iter().fold(hash, |hash, left| Hash::node(left, &hash));
    same_root("the earlier log", up(old_hash), old_root)?;
    same_root("the later log", up(new_hash), new_root)
}

/// Whether entries `start` to before `end` are a subtree: the start is a multiple of the power of two that holds them.
///
/// Source: draft-ietf-plants-merkle-tree-certs, section 4.1.
pub fn is_subtree(start: u64, end: u64) -> bool {
    end.checked_sub(start)
        .filter(|len| *len > 0)
        .and_then(u64::checked_next_power_of_two)
        .is_some_and(|width| start.is_multiple_of(width))
}

/// Checks that entry `index` is in the subtree from `start` to before `end` with root `root`.
///
/// Source: draft-ietf-plants-merkle-tree-certs, section 4.3.
///
/// # Errors
/// [`ProofError::NotASubtree`] and those of [`verify_inclusion`].
pub fn verify_subtree_inclusion(
    leaf: &Hash,
    index: u64,
    (start, end): (u64, u64),
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if !is_subtree(start, end) {
        return Err(ProofError::NotASubtree { start, end, size: end });
    }
    let size = end - start;
    let within = index.checked_sub(start).ok_or(ProofError::NoSuchEntry { index, size: end })?;
    verify_inclusion(leaf, within, size, proof, root)
}

/// Checks that the subtree from `start` to before `end` with root `subtree` is part of the tree with `size` entries and root
/// `root`.
///
/// Source: draft-ietf-plants-merkle-tree-certs, section 4.4.
///
/// # Errors
/// [`ProofError::NotASubtree`], [`ProofError::Length`], [`ProofError::Root`].
pub fn verify_subtree_consistency(
    (start, end): (u64, u64),
    size: u64,
    proof: &[Hash],
    subtree: &Hash,
    root: &Hash,
) -> Result<(), ProofError> {
    if start == end && end <= size {
        // No entries are part of any log, under the root of no entries.
        of_length(proof, 0)?;
        return same_root("the subtree", *subtree, &Hash::empty_tree());
    }
    if !is_subtree(start, end) || end > size {
        return Err(ProofError::NotASubtree { start, end, size });
    }
    let (mut first, mut last, mut tree) = (start, end - 1, size - 1);
    let step = |first: &mut u64, last: &mut u64, tree: &mut u64| {
        *first >>= 1;
        *last >>= 1;
        *tree >>= 1;
    };
    if last == tree {
        while first != last {
            step(&mut first, &mut last, &mut tree);
        }
    } else {
        while first != last && last & 1 == 1 {
            step(&mut first, &mut last, &mut tree);
        }
    }
    let wrong_length = |expected| ProofError::Length { found: proof.len(), expected };
    let (seed, rest) = if first == last {
        (*subtree, proof)
    } else {
        let (seed, rest) = proof.split_first().ok_or_else(|| wrong_length(1))?;
        (*seed, rest)
    };
    let (mut small, mut large) = (seed, seed);
    for (used, sibling) in rest.iter().enumerate() {
        if tree == 0 {
            return Err(wrong_length(proof.len() - rest.len() + used));
        }
        if last & 1 == 1 || last == tree {
            if first < last {
                small = Hash::node(sibling, &small);
            }
            large = Hash::node(sibling, &large);
            while last & 1 == 0 && tree != 0 {
                step(&mut first, &mut last, &mut tree);
            }
        } else {
            large = Hash::node(&large, sibling);
        }
        step(&mut first, &mut last, &mut tree);
    }
    if tree != 0 {
        return Err(wrong_length(proof.len() + 1));
    }
    same_root("the subtree", small, subtree)?;
    same_root("the log", large, root)
}

/// How many hashes of a path are beside full subtrees on both sides, and how many are left borders only.
fn path_lengths(index: u64, size: u64) -> (usize, usize) {
    let inner = u64::BITS - (index ^ (size - 1)).leading_zeros();
    let border = index.checked_shr(inner).unwrap_or(0).count_ones();
    (usize::try_from(inner).unwrap_or(usize::MAX), usize::try_from(border).unwrap_or(usize::MAX))
}

fn of_length(proof: &[Hash], expected: usize) -> Result<(), ProofError> {
    if proof.len() == expected {
        return Ok(());
    }
    Err(ProofError::Length { found: proof.len(), expected })
}

fn same_root(what: &'static str, computed: Hash, expected: &Hash) -> Result<(), ProofError> {
    if computed == *expected {
        return Ok(());
    }
    Err(ProofError::Root { what, computed, expected: *expected })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::hash::root_of;

    fn leaves(count: u8) -> Vec<Hash> {
        (0..count).map(|each| Hash::leaf(&[each])).collect()
    }

    fn hashes(leaves: &[Hash], ranges: &[Range]) -> Vec<Hash> {
        let at = |range: &Range| root_of(&leaves[range.start as usize..range.end as usize]);
        ranges.iter().map(at).collect()
    }

    #[test]
    fn every_entry_of_every_small_tree_is_proven_and_no_other() {
        let leaves = leaves(40);
        for size in 1..=40_u64 {
            let root = root_of(&leaves[..size as usize]);
            for index in 0..size {
                let proof = hashes(&leaves, &inclusion_ranges(index, size).unwrap());
                let leaf = &leaves[index as usize];
                assert_eq!(verify_inclusion(leaf, index, size, &proof, &root), Ok(()));
                let other = Hash::leaf(b"other");
                assert!(verify_inclusion(&other, index, size, &proof, &root).is_err());
                let mut longer = proof.clone();
                longer.push(other);
                assert!(matches!(
                    verify_inclusion(leaf, index, size, &longer, &root),
                    Err(ProofError::Length { .. })
                ));
            }
            assert_eq!(inclusion_ranges(size, size), Err(ProofError::NoSuchEntry { index: size, size }));
        }
    }

    #[test]
    fn every_small_tree_extends_every_smaller_one() {
        let leaves = leaves(40);
        for new in 1..=40_u64 {
            let new_root = root_of(&leaves[..new as usize]);
            for old in 1..=new {
                let old_root = root_of(&leaves[..old as usize]);
                let proof = hashes(&leaves, &consistency_ranges(old, new).unwrap());
                assert_eq!(verify_consistency(old, new, &proof, &old_root, &new_root), Ok(()), "{old} {new}");
                let other = Hash::leaf(b"other");
                assert!(verify_consistency(old, new, &proof, &other, &new_root).is_err());
                assert!(verify_consistency(old, new, &proof, &old_root, &other).is_err());
                assert_eq!(
                    verify_subtree_consistency((0, old), new, &proof, &old_root, &new_root),
                    Ok(()),
                    "{old} {new}"
                );
            }
        }
    }

    #[test]
    fn nothing_is_consistent_with_the_empty_tree_or_a_larger_one() {
        let root = Hash::empty_tree();
        assert_eq!(verify_consistency(0, 0, &[], &root, &root), Err(ProofError::FromNothing));
        assert_eq!(verify_consistency(0, 5, &[], &root, &root), Err(ProofError::FromNothing));
        assert_eq!(verify_consistency(5, 4, &[], &root, &root), Err(ProofError::Shrunk { old: 5, new: 4 }));
        assert_eq!(consistency_ranges(0, 4), Err(ProofError::FromNothing));
    }

    #[test]
    fn subtrees_begin_at_a_multiple_of_their_width() {
        assert!(is_subtree(0, 1) && is_subtree(8, 13) && is_subtree(4, 8) && is_subtree(0, u64::MAX / 2));
        assert!(!is_subtree(4, 9) && !is_subtree(3, 5) && !is_subtree(2, 2) && !is_subtree(5, 4));
    }

    proptest::proptest! {
        #[test]
        fn any_sizes_and_hashes_are_judged_without_panic(a: u64, b: u64, c: u64, count in 0_usize..66) {
            let hash = Hash::empty_tree();
            let proof = vec![hash; count];
            let _ = verify_inclusion(&hash, a, b, &proof, &hash);
            let _ = verify_consistency(a, b, &proof, &hash, &hash);
            let _ = verify_subtree_inclusion(&hash, a, (b, c), &proof, &hash);
            let _ = verify_subtree_consistency((a, b), c, &proof, &hash, &hash);
            let _ = inclusion_ranges(a >> 1, b >> 1);
            let _ = consistency_ranges(a >> 1, b >> 1);
        }
    }
}
