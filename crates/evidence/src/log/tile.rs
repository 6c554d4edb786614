//! Where the tree lies in files: [`TilePath`], the path of a tile or an entry bundle, and which of them a tree of a size has.
//!
//! Source: C2SP tlog-tiles, "Merkle Tree" and "Log entries".

use super::hash::{HASH_BYTES, Hash};
use std::fmt;
use std::str::FromStr;

/// Hashes in a full tile, entries in a full bundle.
pub const TILE_WIDTH: u64 = 256;
/// Levels of the tree in one tile: 2^8 hashes side by side.
pub const TILE_HEIGHT: u32 = 8;
/// Most levels of tiles: a tree of 2^64 entries has eight.
pub const TILE_LEVELS: u8 = 8;
/// Name of the folder that holds tiles and bundles.
pub const TILE_FOLDER: &str = "tile";
/// Bytes of a full tile.
pub const TILE_BYTES: usize = 256 * HASH_BYTES;

/// What a file under `tile/` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Hashes of the tree at this level of tiles.
    Hashes(u8),
    /// The entries themselves.
    Entries,
}

/// The path of a tile or an entry bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    /// What it holds.
    pub level: Level,
    /// Which one of that level, from 0.
    pub index: u64,
    /// How many hashes or entries, when fewer than 256.
    pub width: Option<u8>,
}

/// A path that is not the path of a tile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the path of a tile; expected tile/LEVEL/x001/x234/067 or the same with .p/WIDTH")]
pub struct TilePathError(String);

impl TilePath {
    /// The path of tile `index` at `level` as a tree with `count` hashes (or entries) at that level has it; none when the
    /// tree does not reach so far.
    pub fn in_tree(level: Level, index: u64, count: u64) -> Option<Self> {
        let present = count.checked_sub(index.checked_mul(TILE_WIDTH)?).filter(|present| *present > 0)?;
        Some(Self { level, index, width: u8::try_from(present).ok() })
    }

    /// How many entries a log has at least that has this file; none when no log can have so many.
    pub fn entries_up_to(self) -> Option<u64> {
        let level = match self.level {
            Level::Hashes(level) => level,
            Level::Entries => 0,
        };
        let hashes = self.index.checked_mul(TILE_WIDTH)?.checked_add(self.len())?;
        (0..level).try_fold(hashes, |entries, _| entries.checked_mul(TILE_WIDTH))
    }

    /// The full tile at the same place.
    #[must_use]
    pub fn full(self) -> Self {
        Self { width: None, ..self }
    }

    /// How many hashes or entries it has.
    pub fn len(self) -> u64 {
        self.width.map_or(TILE_WIDTH, u64::from)
    }

    /// Never: a tile has at least one hash.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The folder that holds the partial tiles of this place.
    pub fn partial_folder(self) -> String {
        format!("{}.p", self.full())
    }
}

/// How many hashes a tree with `size` entries has at a level of tiles.
pub fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * TILE_HEIGHT).unwrap_or(0)
}

/// The hashes of a tile's bytes; none unless there are exactly `count`.
pub fn hashes_of(bytes: &[u8], count: u64) -> Option<Vec<Hash>> {
    let chunks = bytes.chunks_exact(HASH_BYTES);
    if !chunks.remainder().is_empty() || u64::try_from(chunks.len()).ok()? != count {
        return None;
    }
    chunks.map(Hash::from_bytes).collect()
}

/// The bytes of a tile.
pub fn bytes_of(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(Hash::as_bytes).copied().collect()
}

impl fmt::Display for TilePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Level::Hashes(level) => write!(formatter, "{TILE_FOLDER}/{level}/")?,
            Level::Entries => write!(formatter, "{TILE_FOLDER}/entries/")?,
        }
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for (place, group) in groups.iter().enumerate().rev() {
            if place == 0 {
                write!(formatter, "{group:03}")?;
            } else {
                write!(formatter, "x{group:03}/")?;
            }
        }
        match self.width {
            Some(width) => write!(formatter, ".p/{width}"),
            None => Ok(()),
        }
    }
}

impl FromStr for TilePath {
    type Err = TilePathError;

    fn from_str(text: &str) -> Result<Self, TilePathError> {
        let error = || TilePathError(text.chars().take(200).collect());
        let rest = text.strip_prefix("tile/").ok_or_else(error)?;
        let (level, rest) = rest.split_once('/').ok_or_else(error)?;
        let level = match level {
            "entries" => Level::Entries,
            digits => {
                Level::Hashes(decimal(digits).and_then(|level| u8::try_from(level).ok()).ok_or_else(error)?)
            }
        };
        if matches!(level, Level::Hashes(64..)) {
            return Err(error());
        }
        let (place, width) = match rest.split_once(".p/") {
            Some((place, width)) => {
                let width = decimal(width).and_then(|width| u8::try_from(width).ok());
                (place, Some(width.filter(|width| *width > 0).ok_or_else(error)?))
            }
            None => (rest, None),
        };
        let groups: Vec<&str> = place.split('/').take(8).collect();
        let (last, above) = groups.split_last().ok_or_else(error)?;
        let mut index = 0_u64;
        let group = |digits: &str| {
            (digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| digits.parse::<u64>().ok())
                .flatten()
        };
        for (place, each) in above.iter().enumerate() {
            let value = each.strip_prefix('x').and_then(group).ok_or_else(error)?;
            if place == 0 && value == 0 {
                return Err(error());
            }
            index = index.checked_mul(1000).and_then(|index| index.checked_add(value)).ok_or_else(error)?;
        }
        let value = group(last).ok_or_else(error)?;
        index = index.checked_mul(1000).and_then(|index| index.checked_add(value)).ok_or_else(error)?;
        let path = Self { level, index, width };
        // One tile, one path: whatever else was dropped on the way is refused here.
        if path.to_string() == text { Ok(path) } else { Err(error()) }
    }
}

/// A number as the formats of the log write it: digits, no sign, no leading zero.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (plain && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(level: Level, index: u64, width: Option<u8>) -> TilePath {
        TilePath { level, index, width }
    }

    #[test]
    fn paths_are_those_of_the_specification() {
        assert_eq!(tile(Level::Hashes(3), 1_234_067, None).to_string(), "tile/3/x001/x234/067");
        assert_eq!(tile(Level::Entries, 0, Some(5)).to_string(), "tile/entries/000.p/5");
        assert_eq!(tile(Level::Hashes(0), 1000, None).to_string(), "tile/0/x001/000");
    }

    #[test]
    fn what_is_almost_a_path_is_refused() {
        for text in [
            "tile/0/0",
            "tile/00/000",
            "tile/64/000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/05",
            "tile/0/x000/001",
            "tile/0/001/000",
            "tile/0/x001",
            "tile/0/../000",
            "tile/0/+01",
            "tile//000",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
        ] {
            assert!(text.parse::<TilePath>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_tree_of_seventy_thousand_has_the_tiles_the_specification_lists() {
        let last = |level| {
            let count = hashes_at(level, 70_000);
            TilePath::in_tree(Level::Hashes(level), (count - 1) / TILE_WIDTH, count)
        };
        assert_eq!(last(0), Some(tile(Level::Hashes(0), 273, Some(112))));
        assert_eq!(last(1), Some(tile(Level::Hashes(1), 1, Some(17))));
        assert_eq!(last(2), Some(tile(Level::Hashes(2), 0, Some(1))));
        assert_eq!(TilePath::in_tree(Level::Hashes(0), 274, 70_000), None);
        assert_eq!(TilePath::in_tree(Level::Hashes(0), 0, 256), Some(tile(Level::Hashes(0), 0, None)));
    }

    proptest::proptest! {
        #[test]
        fn a_path_reads_back(level in 0_u8..64, index: u64, width in 0_u8..=255, entries: bool) {
            let level = if entries { Level::Entries } else { Level::Hashes(level) };
            let path = tile(level, index, (width > 0).then_some(width));
            proptest::prop_assert_eq!(path.to_string().parse(), Ok(path));
        }

        #[test]
        fn any_text_is_a_path_or_an_error(text in "(tile/)?[0-9a-zx/.]{0,40}") {
            let _ = text.parse::<TilePath>();
        }
    }
}
