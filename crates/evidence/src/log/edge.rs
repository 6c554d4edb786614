//! The right edge of a growing log: the tiles and the bundle that are not full yet, and the root over everything.
//!
//! It is all a writer has to remember: at most 255 hashes a level and 255 entries, whatever the size of the log.

use super::bundle;
use super::hash::{HASH_BYTES, Hash, Stack, root_of};
use super::tile::{Level, TILE_WIDTH, TilePath, bytes_of, hashes_at};

/// What is not full yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Edge {
    stack: Stack,
    /// For each level of tiles, the hashes of its last tile while that is partial.
    levels: Vec<Vec<Hash>>,
    /// The entries of the last bundle while that is partial.
    bundle: Vec<u8>,
}

/// A file of the log that is now full, or as full as the log has entries.
pub(super) type Finished = (TilePath, Vec<u8>);

impl Edge {
    /// How many entries the log has.
    pub(super) fn size(&self) -> u64 {
        self.stack.size()
    }

    /// The root of the tree.
    pub(super) fn root(&self) -> Hash {
        self.stack.root()
    }

    /// Adds an entry, and gives the tiles and bundles that are full by it.
    pub(super) fn push(&mut self, entry: &[u8], finished: &mut Vec<Finished>) {
        let leaf = Hash::leaf(entry);
        self.stack.push(leaf);
        bundle::push(&mut self.bundle, entry);
        if self.size().is_multiple_of(TILE_WIDTH) {
            let index = self.size() / TILE_WIDTH - 1;
            let path = TilePath { level: Level::Entries, index, width: None };
            finished.push((path, std::mem::take(&mut self.bundle)));
        }
        let mut hash = leaf;
        for level in 0..u8::MAX {
            let place = usize::from(level);
            if self.levels.len() <= place {
                self.levels.push(Vec::new());
            }
            let Some(hashes) = self.levels.get_mut(place) else { return };
            hashes.push(hash);
            if (hashes.len() as u64) < TILE_WIDTH {
                return;
            }
            let full = std::mem::take(hashes);
            hash = root_of(&full);
            let index = hashes_at(level, self.stack.size()) / TILE_WIDTH - 1;
            finished.push((TilePath { level: Level::Hashes(level), index, width: None }, bytes_of(&full)));
        }
    }

    /// The partial bundle and tiles, which a checkpoint of this size needs.
    pub(super) fn partial(&self) -> Vec<Finished> {
        let size = self.size();
        let path = |level, count: u64| TilePath {
            level,
            index: count / TILE_WIDTH,
            width: u8::try_from(count % TILE_WIDTH).ok(),
        };
        let mut files = Vec::new();
        if !size.is_multiple_of(TILE_WIDTH) {
            files.push((path(Level::Entries, size), self.bundle.clone()));
        }
        for (level, hashes) in (0_u8..).zip(&self.levels) {
            if !hashes.is_empty() {
                files.push((path(Level::Hashes(level), hashes_at(level, size)), bytes_of(hashes)));
            }
        }
        files
    }

    /// The edge of a log of `size` entries from its partial tiles and bundle; none when they do not fit the size.
    pub(super) fn from_files(size: u64, levels: Vec<Vec<Hash>>, bundle: Vec<u8>) -> Option<Self> {
        let mut roots = Vec::new();
        for (level, hashes) in levels.iter().enumerate().rev() {
            let level = u8::try_from(level).ok()?;
            if hashes.len() as u64 != hashes_at(level, size) % TILE_WIDTH {
                return None;
            }
            let mut rest = hashes.as_slice();
            while !rest.is_empty() {
                let (full, after) = rest.split_at_checked(1 << rest.len().ilog2())?;
                roots.push(root_of(full));
                rest = after;
            }
        }
        bundle::entries(&bundle, size % TILE_WIDTH).ok()?;
        Some(Self { stack: Stack::from_parts(size, roots)?, levels, bundle })
    }

    /// The edge as the journal keeps it.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = self.size().to_be_bytes().to_vec();
        bytes.push(u8::try_from(self.levels.len()).unwrap_or(u8::MAX));
        for hashes in &self.levels {
            bytes.push(u8::try_from(hashes.len()).unwrap_or(u8::MAX));
            bytes.extend(bytes_of(hashes));
        }
        bytes.extend_from_slice(&self.bundle);
        bytes
    }

    /// Reads what [`Edge::encode`] wrote; none when it is anything else.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (size, rest) = bytes.split_first_chunk::<8>()?;
        let (count, mut rest) = rest.split_first()?;
        let mut levels = Vec::new();
        for _ in 0..*count {
            let (width, after) = rest.split_first()?;
            let (hashes, after) = after.split_at_checked(usize::from(*width) * HASH_BYTES)?;
            levels.push(super::tile::hashes_of(hashes, u64::from(*width))?);
            rest = after;
        }
        Self::from_files(u64::from_be_bytes(*size), levels, rest.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_reads_back_and_knows_its_root_at_every_size() {
        let mut edge = Edge::default();
        let mut leaves = Vec::new();
        let mut finished = Vec::new();
        for number in 0..600_u32 {
            assert_eq!(Edge::decode(&edge.encode()), Some(edge.clone()), "{number}");
            assert_eq!(edge.root(), root_of(&leaves));
            edge.push(&number.to_be_bytes(), &mut finished);
            leaves.push(Hash::leaf(&number.to_be_bytes()));
        }
        let paths: Vec<String> = finished.iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(paths, ["tile/entries/000", "tile/0/000", "tile/entries/001", "tile/0/001"]);
        let partial: Vec<String> = edge.partial().iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(partial, ["tile/entries/002.p/88", "tile/0/002.p/88", "tile/1/000.p/2"]);
    }

    #[test]
    fn an_edge_that_does_not_fit_its_size_is_refused() {
        let mut edge = Edge::default();
        (0..3).for_each(|_| edge.push(b"x", &mut Vec::new()));
        let bytes = edge.encode();
        for cut in 0..bytes.len() {
            assert_eq!(Edge::decode(&bytes[..cut]), None, "{cut}");
        }
        let mut other = bytes;
        other[7] = 4;
        assert_eq!(Edge::decode(&other), None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_an_edge_or_none(bytes: Vec<u8>) {
            let _ = Edge::decode(&bytes);
        }
    }
}
