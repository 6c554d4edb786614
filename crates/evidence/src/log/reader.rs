//! Reading a log: entries, and proofs made of its tiles: [`LogReader`].
//!
//! Source: C2SP tlog-tiles. Every proof is checked against the checkpoint before it is given away, so that a damaged tile is
//! an error here and not a wrong proof there.

use super::bundle;
use super::checkpoint::{CHECKPOINT_FILE, SignedCheckpoint};
use super::edge::Edge;
use super::error::LogError;
use super::hash::Hash;
use super::note_key::NoteKey;
use super::proof::{Range, consistency_ranges, inclusion_ranges, verify_consistency, verify_inclusion};
use super::proof_file::ProofFile;
use super::storage::Files;
use super::tile::{Level, TILE_HEIGHT, TILE_WIDTH, TilePath, hashes_at, hashes_of};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Most tiles kept by one reader: 16 KiB each. A proof needs at most two for each of eight levels.
const MOST_TILES: usize = 512;

/// A log at one checkpoint.
pub struct LogReader<'a> {
    files: &'a dyn Files,
    signed: SignedCheckpoint,
    tiles: Mutex<BTreeMap<TilePath, Subtrees>>,
}

/// A tile with the roots of the full subtrees within it, by height and place: computed once, where every proof of a batch needs most of
/// them.
struct Subtrees(Vec<Vec<Hash>>);

impl Subtrees {
    fn of(tile: Vec<Hash>) -> Self {
        let mut heights = vec![tile];
        while let Some(below) = heights.last().filter(|below| below.len() > 1) {
            let pairs = below.chunks_exact(2).filter_map(|pair| match pair {
                [left, right] => Some(Hash::node(left, right)),
                _ => None,
            });
            let above: Vec<Hash> = pairs.collect();
            heights.push(above);
        }
        Self(heights)
    }

    /// The root of the full subtree of 2^height hashes, the `place`th of that height in the tile.
    fn root(&self, height: u32, place: u64) -> Option<Hash> {
        let height = self.0.get(usize::try_from(height).ok()?)?;
        height.get(usize::try_from(place).ok()?).copied()
    }
}

impl<'a> LogReader<'a> {
    /// Opens a log at its latest checkpoint, signed by one of its keys.
    ///
    /// # Errors
    /// [`LogError::NoLog`], [`LogError::Read`], [`LogError::Checkpoint`].
    pub fn open(files: &'a dyn Files, keys: &[&NoteKey]) -> Result<Self, LogError> {
        Ok(Self::at(files, read_checkpoint(files, keys)?))
    }

    /// Opens a log at a checkpoint that was checked before.
    pub fn at(files: &'a dyn Files, signed: SignedCheckpoint) -> Self {
        Self { files, signed, tiles: Mutex::new(BTreeMap::new()) }
    }

    /// The checkpoint.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.signed
    }

    /// How many entries there are.
    pub fn size(&self) -> u64 {
        self.signed.checkpoint.size
    }

    /// One entry, checked against the checkpoint.
    ///
    /// # Errors
    /// [`LogError`], whichever way it fails.
    pub fn entry(&self, index: u64) -> Result<Vec<u8>, LogError> {
        let bundle = self.bundle(index / TILE_WIDTH)?;
        let place = usize::try_from(index % TILE_WIDTH).unwrap_or(usize::MAX);
        let no_such_entry =
            || LogError::Proof(super::proof::ProofError::NoSuchEntry { index, size: self.size() });
        let entry = bundle.get(place).ok_or_else(no_such_entry)?;
        self.inclusion_proof(index, &Hash::leaf(entry))?;
        Ok(entry.clone())
    }

    /// The entries of one bundle, not checked against the checkpoint: callers that walk the whole log verify it first.
    ///
    /// # Errors
    /// [`LogError::Proof`] when the log does not reach so far, and whatever is wrong with the file.
    pub fn bundle(&self, index: u64) -> Result<Vec<Vec<u8>>, LogError> {
        let size = self.size();
        let path = TilePath::in_tree(Level::Entries, index, size)
            .ok_or(super::proof::ProofError::NoSuchEntry { index: index.saturating_mul(TILE_WIDTH), size })?;
        let (found, bytes) = read_tile(self.files, path)?;
        let entries = bundle::entries(&bytes, found.len())
            .map_err(|error| LogError::damaged(self.files, found, error.to_string()))?;
        let wanted = usize::try_from(path.len()).unwrap_or(usize::MAX);
        Ok(entries.into_iter().take(wanted).map(<[u8]>::to_vec).collect())
    }

    /// The proof that `leaf` is entry `index`.
    ///
    /// # Errors
    /// [`LogError::Proof`] when it is not, or the log does not reach so far; whatever is wrong with a tile.
    pub fn inclusion_proof(&self, index: u64, leaf: &Hash) -> Result<Vec<Hash>, LogError> {
        let ranges = inclusion_ranges(index, self.size())?;
        let proof = self.hashes(&ranges)?;
        verify_inclusion(leaf, index, self.size(), &proof, &self.signed.checkpoint.root)?;
        Ok(proof)
    }

    /// The proof that the log extends the one of `old` entries, and that one's root.
    ///
    /// # Errors
    /// [`LogError::Proof`] when `old` is zero or larger than the log; whatever is wrong with a tile.
    pub fn consistency_proof(&self, old: u64) -> Result<(Vec<Hash>, Hash), LogError> {
        let ranges = consistency_ranges(old, self.size())?;
        let old_root = self.root_at(old)?;
        let proof = self.hashes(&ranges)?;
        verify_consistency(old, self.size(), &proof, &old_root, &self.signed.checkpoint.root)?;
        Ok((proof, old_root))
    }

    /// The root the log had at `size` entries, as its tiles say.
    ///
    /// # Errors
    /// Whatever is wrong with a tile.
    pub fn root_at(&self, size: u64) -> Result<Hash, LogError> {
        if size == 0 {
            return Ok(Hash::empty_tree());
        }
        self.hash(Range { start: 0, end: size })
    }

    /// Everything needed to believe, offline, that an entry is in this log.
    ///
    /// # Errors
    /// Those of [`LogReader::inclusion_proof`].
    pub fn prove(&self, index: u64) -> Result<ProofFile, LogError> {
        let leaf = self.leaf(index)?;
        let hashes = self.inclusion_proof(index, &leaf)?;
        Ok(ProofFile { extra: None, index, hashes, checkpoint: self.signed.note.clone() })
    }

    /// The leaf hash of an entry, from its tile.
    ///
    /// # Errors
    /// [`LogError::Proof`] when the log does not reach so far; whatever is wrong with the tile.
    pub fn leaf(&self, index: u64) -> Result<Hash, LogError> {
        if index >= self.size() {
            return Err(super::proof::ProofError::NoSuchEntry { index, size: self.size() }.into());
        }
        self.full_subtree(0, index)
    }

    fn hashes(&self, ranges: &[Range]) -> Result<Vec<Hash>, LogError> {
        ranges.iter().map(|range| self.hash(*range)).collect()
    }

    /// The hash of a run of leaves.
    fn hash(&self, range: Range) -> Result<Hash, LogError> {
        let mut folded: Option<Hash> = None;
        let subtrees: Vec<(u32, u64)> = range.full_subtrees().collect();
        for (height, index) in subtrees.into_iter().rev() {
            let left = self.full_subtree(height, index)?;
            folded = Some(match folded {
                Some(right) => Hash::node(&left, &right),
                None => left,
            });
        }
        Ok(folded.unwrap_or_else(Hash::empty_tree))
    }

    /// The root of the full subtree of 2^height leaves, the `index`th of that height.
    fn full_subtree(&self, height: u32, index: u64) -> Result<Hash, LogError> {
        let level = u8::try_from(height / TILE_HEIGHT).unwrap_or(u8::MAX);
        let within = height % TILE_HEIGHT;
        let first = index << within;
        let path = TilePath::in_tree(Level::Hashes(level), first / TILE_WIDTH, hashes_at(level, self.size()))
            .ok_or(super::proof::ProofError::NoSuchEntry { index: first, size: self.size() })?;
        let place = (first % TILE_WIDTH) >> within;
        self.with_tile(path, |tile| tile.root(within, place))?
            .ok_or_else(|| LogError::damaged(self.files, path, "it is shorter than the log is long"))
    }

    fn with_tile<T>(&self, path: TilePath, act: impl FnOnce(&Subtrees) -> T) -> Result<T, LogError> {
        let mut tiles = self.tiles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tile) = tiles.get(&path) {
            return Ok(act(tile));
        }
        let (found, bytes) = read_tile(self.files, path)?;
        let hashes = hashes_of(&bytes, found.len()).ok_or_else(|| {
            LogError::damaged(self.files, found, format!("it is not {} hashes long", found.len()))
        })?;
        let tile = Subtrees::of(hashes);
        let answer = act(&tile);
        if tiles.len() >= MOST_TILES {
            tiles.pop_first();
        }
        tiles.insert(path, tile);
        Ok(answer)
    }
}

/// A log's latest checkpoint.
///
/// # Errors
/// [`LogError::NoLog`], [`LogError::Read`], [`LogError::Checkpoint`].
pub fn read_checkpoint(files: &dyn Files, keys: &[&NoteKey]) -> Result<SignedCheckpoint, LogError> {
    let bytes = files
        .read(CHECKPOINT_FILE)
        .map_err(|error| LogError::read(files, CHECKPOINT_FILE, error))?
        .ok_or_else(|| LogError::NoLog { place: files.place() })?;
    SignedCheckpoint::open(&bytes, keys).map_err(|error| LogError::Checkpoint { place: files.place(), error })
}

/// A tile or bundle; when a partial one is gone, the full one that took its place.
pub(super) fn read_tile(files: &dyn Files, path: TilePath) -> Result<(TilePath, Vec<u8>), LogError> {
    for candidate in [path, path.full()] {
        let name = candidate.to_string();
        if let Some(bytes) = files.read(&name).map_err(|error| LogError::read(files, &name, error))? {
            return Ok((candidate, bytes));
        }
        if path.width.is_none() {
            break;
        }
    }
    Err(LogError::Missing { place: files.place(), path: path.to_string() })
}

/// The right edge of a log from its tiles, when there is no journal.
pub(super) fn edge_from_files(files: &dyn Files, signed: &SignedCheckpoint) -> Result<Edge, LogError> {
    let size = signed.checkpoint.size;
    let mut levels = Vec::new();
    for level in 0..super::tile::TILE_LEVELS {
        let count = hashes_at(level, size);
        if count == 0 {
            break;
        }
        let partial = TilePath::in_tree(Level::Hashes(level), count / TILE_WIDTH, count);
        let hashes = match partial {
            None => Vec::new(),
            Some(path) => {
                let (found, bytes) = read_tile(files, path)?;
                let mut hashes = hashes_of(&bytes, found.len())
                    .ok_or_else(|| LogError::damaged(files, found, "it has another length"))?;
                hashes.truncate(usize::try_from(path.len()).unwrap_or(usize::MAX));
                hashes
            }
        };
        levels.push(hashes);
    }
    let mut last = Vec::new();
    if let Some(path) = TilePath::in_tree(Level::Entries, size / TILE_WIDTH, size) {
        let (found, bytes) = read_tile(files, path)?;
        let entries = bundle::entries(&bytes, found.len())
            .map_err(|error| LogError::damaged(files, found, error.to_string()))?;
        let wanted = usize::try_from(path.len()).unwrap_or(usize::MAX);
        entries.into_iter().take(wanted).for_each(|entry| bundle::push(&mut last, entry));
    }
    let damaged = |what: &str| LogError::damaged(files, CHECKPOINT_FILE, what);
    let edge = Edge::from_files(size, levels, last)
        .ok_or_else(|| damaged("the tiles on the right edge do not fit its size"))?;
    if edge.root() != signed.checkpoint.root {
        return Err(damaged(
            "its root is not that of the tiles; `bartizan log verify` names the damaged file",
        ));
    }
    Ok(edge)
}
