//! Verifying a whole log from its files: every entry, every tile, the checkpoint; and naming the file that is damaged.
//!
//! The tree is computed anew from the entries, a tile's worth of bundles at a time, and compared with every tile on the way
//! up. Where an entry, its tile and the tile above disagree, the two that agree convict the third; on the right edge the
//! checkpoint is the judge. Memory does not grow with the log.

use super::bundle;
use super::checkpoint::{CHECKPOINT_FILE, Checkpoint, SignedCheckpoint};
use super::error::LogError;
use super::hash::{Hash, root_of};
use super::note_key::NoteKey;
use super::proof::ProofError;
use super::reader::{LogReader, read_checkpoint, read_tile};
use super::storage::Files;
use super::tile::{Level, TILE_FOLDER, TILE_WIDTH, TilePath, hashes_at, hashes_of};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Most problems kept; a log with more is refused all the same.
pub const MOST_PROBLEMS: usize = 1000;
/// Most files listed that the checkpoint says nothing about.
const MOST_UNCHECKED: usize = 1000;

/// Something wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file in which it is.
    pub path: String,
    /// What is wrong.
    pub what: String,
}

/// What the files of a log are worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The checkpoint everything was compared with.
    pub signed: SignedCheckpoint,
    /// What is wrong, by file; nothing when the log is valid.
    pub problems: Vec<Problem>,
    /// Files beyond the checkpoint, which it says nothing about.
    pub unchecked: Vec<String>,
    /// How many entries the tiles among them reach to, when that is more than the checkpoint counts and no later checkpoint took
    /// its place in the meantime: an older checkpoint was put back, or a writer ended before it signed a newer one.
    pub beyond: Option<u64>,
    /// Entries read.
    pub entries: u64,
    /// Bytes read.
    pub bytes: u64,
}

impl Verified {
    /// Whether every file is what the checkpoint says.
    pub fn is_valid(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Verifies the log that lies in `files`, whose checkpoint must be signed by one of `keys`. `visit` sees every entry of a
/// full pass in order, with its index.
///
/// # Errors
/// [`LogError`] when a file cannot be read at all, or the checkpoint is not believed.
pub fn verify(
    files: &dyn Files,
    keys: &[&NoteKey],
    visit: &mut dyn FnMut(u64, &[u8]),
) -> Result<Verified, LogError> {
    let signed = read_checkpoint(files, keys)?;
    let mut pass = Pass { files, size: signed.checkpoint.size, ..Pass::new(files) };
    pass.climb(visit)?;
    let edge = pass.judge(&signed.checkpoint);
    let unchecked = pass.strays(&edge)?;
    let reached = unchecked.iter().filter_map(|path| path.parse::<TilePath>().ok()?.entries_up_to()).max();
    let beyond = match reached.filter(|reached| *reached > signed.checkpoint.size) {
        // A log that is being written has grown since; its new checkpoint accounts for what lies beyond the one read.
        Some(_) if read_checkpoint(files, keys)?.checkpoint.size > signed.checkpoint.size => None,
        beyond => beyond,
    };
    Ok(Verified {
        entries: signed.checkpoint.size,
        problems: pass.problems.into_iter().collect(),
        unchecked,
        beyond,
        bytes: pass.bytes,
        signed,
    })
}

/// Two checkpoints of one log that contradict each other, if `older` is not a beginning of the log in `files`.
///
/// # Errors
/// [`LogError::Fork`] with both; [`LogError::Shorter`] when `older` is longer than the log; what kept it from being read.
pub fn verify_extends(
    files: &dyn Files,
    signed: &SignedCheckpoint,
    older: &Checkpoint,
) -> Result<(), LogError> {
    let now = &signed.checkpoint;
    if older.size > now.size {
        return Err(LogError::Shorter { place: files.place(), kept: older.size, size: now.size });
    }
    let root = if older.size == now.size {
        now.root
    } else {
        LogReader::at(files, signed.clone()).root_at(older.size)?
    };
    if root == older.root {
        return Ok(());
    }
    let second = if older.size == now.size {
        now.clone()
    } else {
        Checkpoint::new(now.origin.clone(), older.size, root)
    };
    Err(LogError::Fork { first: Box::new(older.clone()), second: Box::new(second) })
}

/// One way through a log, from its entries up.
struct Pass<'a> {
    files: &'a dyn Files,
    size: u64,
    problems: BTreeSet<Problem>,
    /// For each level of tiles, the hashes computed from below of the tile that is being filled.
    computed: Vec<Vec<Hash>>,
    /// For each level, the last tile that was read as a witness of those below it.
    above: BTreeMap<u8, (u64, Option<Vec<Hash>>)>,
    /// The partial tiles, which only the checkpoint can judge.
    edge: Vec<Contested>,
    bytes: u64,
}

/// A tile as its file states it and as it follows from below; none where that cannot be read.
struct Contested {
    level: u8,
    index: u64,
    stated: Option<Vec<Hash>>,
    computed: Option<Vec<Hash>>,
}

/// A bundle and the tile of its leaf hashes, read.
struct Leaves {
    tile: Contested,
    bundle: Vec<u8>,
    count: u64,
    problems: Vec<Problem>,
    bytes: u64,
}

impl<'a> Pass<'a> {
    fn new(files: &'a dyn Files) -> Self {
        Self {
            files,
            size: 0,
            problems: BTreeSet::new(),
            computed: Vec::new(),
            above: BTreeMap::new(),
            edge: Vec::new(),
            bytes: 0,
        }
    }

    /// Reads everything, bottom up.
    fn climb(&mut self, visit: &mut dyn FnMut(u64, &[u8])) -> Result<(), LogError> {
        let bundles = self.size.div_ceil(TILE_WIDTH);
        let step = (rayon::current_num_threads() as u64).saturating_mul(4).max(1);
        let mut next = 0;
        while next < bundles {
            let end = bundles.min(next + step);
            let read: Vec<Result<Leaves, LogError>> =
                (next..end).into_par_iter().map(|index| self.leaves(index)).collect();
            for leaves in read {
                let leaves = leaves?;
                self.bytes += leaves.bytes;
                for problem in leaves.problems {
                    self.problem(problem);
                }
                if let Ok(entries) = bundle::entries(&leaves.bundle, leaves.count) {
                    (leaves.tile.index * TILE_WIDTH..)
                        .zip(entries)
                        .for_each(|(index, entry)| visit(index, entry));
                }
                self.settle(leaves.tile)?;
            }
            next = end;
        }
        for level in 1..=u8::MAX {
            let count = hashes_at(level, self.size);
            if count == 0 {
                break;
            }
            if !count.is_multiple_of(TILE_WIDTH) {
                let computed = self.computed.get_mut(usize::from(level)).map(std::mem::take);
                let index = count / TILE_WIDTH;
                let stated = self.stated(level, index)?;
                self.settle(Contested { level, index, stated, computed })?;
            }
        }
        Ok(())
    }

    fn problem(&mut self, problem: Problem) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.insert(problem);
        }
    }

    fn leaves(&self, index: u64) -> Result<Leaves, LogError> {
        let outside = || ProofError::NoSuchEntry { index: index.saturating_mul(TILE_WIDTH), size: self.size };
        let path = TilePath::in_tree(Level::Entries, index, self.size).ok_or_else(outside)?;
        let mut tile = Contested { level: 0, index, stated: None, computed: None };
        let mut problems = Vec::new();
        let (mut bundle, mut count, mut bytes) = (Vec::new(), 0, 0);
        if let Some((found, read)) = self.present(path, &mut problems)? {
            bytes += read.len() as u64;
            match bundle::leaves(&read, found.len()) {
                Ok(mut leaves) => {
                    leaves.truncate(usize::try_from(path.len()).unwrap_or(usize::MAX));
                    tile.computed = Some(leaves);
                    (bundle, count) = (read, found.len());
                }
                Err(error) => problems.push(Problem { path: found.to_string(), what: error.to_string() }),
            }
        }
        let (stated, read) = self.hashes(0, index, &mut problems)?;
        tile.stated = stated;
        Ok(Leaves { tile, bundle, count, problems, bytes: bytes + read })
    }

    /// The hashes that a tile's file states, as many as the tree has, and the bytes read.
    fn hashes(
        &self,
        level: u8,
        index: u64,
        problems: &mut Vec<Problem>,
    ) -> Result<(Option<Vec<Hash>>, u64), LogError> {
        let count = hashes_at(level, self.size);
        let Some(path) = TilePath::in_tree(Level::Hashes(level), index, count) else { return Ok((None, 0)) };
        let Some((found, bytes)) = self.present(path, problems)? else { return Ok((None, 0)) };
        let hashes = hashes_of(&bytes, found.len()).map(|mut hashes| {
            hashes.truncate(usize::try_from(path.len()).unwrap_or(usize::MAX));
            hashes
        });
        if hashes.is_none() {
            let what = format!("it has {} bytes, not {} hashes", bytes.len(), found.len());
            problems.push(Problem { path: found.to_string(), what });
        }
        Ok((hashes, bytes.len() as u64))
    }

    /// A file, or the problem that it is missing or too large.
    fn present(
        &self,
        path: TilePath,
        problems: &mut Vec<Problem>,
    ) -> Result<Option<(TilePath, Vec<u8>)>, LogError> {
        match read_tile(self.files, path) {
            Ok(found) => Ok(Some(found)),
            Err(LogError::Missing { path, .. }) => {
                problems.push(Problem { path, what: "it is missing".to_owned() });
                Ok(None)
            }
            Err(LogError::Read { path, error, .. }) if error.kind() == std::io::ErrorKind::FileTooLarge => {
                problems.push(Problem { path, what: error.to_string() });
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// A tile of a higher level as its file states it; read once for all tiles below it.
    fn stated(&mut self, level: u8, index: u64) -> Result<Option<Vec<Hash>>, LogError> {
        if let Some((known, hashes)) = self.above.get(&level)
            && *known == index
        {
            return Ok(hashes.clone());
        }
        let mut problems = Vec::new();
        let (hashes, bytes) = self.hashes(level, index, &mut problems)?;
        self.bytes += bytes;
        for problem in problems {
            self.problem(problem);
        }
        self.above.insert(level, (index, hashes.clone()));
        Ok(hashes)
    }

    /// Decides what a tile holds, and hands its root to the level above, tile by tile as they become full.
    fn settle(&mut self, tile: Contested) -> Result<(), LogError> {
        let mut tile = tile;
        loop {
            let Contested { level, index, .. } = tile;
            if hashes_at(level, self.size) < (index + 1) * TILE_WIDTH {
                self.edge.push(tile);
                return Ok(());
            }
            let place = usize::try_from(index % TILE_WIDTH).unwrap_or(usize::MAX);
            let above = self.stated(level + 1, index / TILE_WIDTH)?;
            let above = above.and_then(|hashes| hashes.get(place).copied());
            let stated = tile.stated.as_deref().map(root_of);
            let computed = match (&tile.stated, &tile.computed) {
                (Some(stated_hashes), Some(computed)) if stated_hashes == computed => stated,
                (_, computed) => computed.as_deref().map(root_of),
            };
            let root = match (stated, computed) {
                (Some(stated), Some(computed)) if stated == computed => Some(stated),
                (Some(stated), Some(_)) if above == Some(stated) => {
                    self.convict_below(&tile);
                    Some(stated)
                }
                (Some(_), Some(computed)) if above == Some(computed) => {
                    self.convict(&tile);
                    Some(computed)
                }
                (Some(_), Some(computed)) => {
                    self.convict(&tile);
                    self.convict_below(&tile);
                    Some(computed)
                }
                (stated, computed) => computed.or(stated).or(above),
            };
            let next = usize::from(level) + 1;
            if self.computed.len() <= next {
                self.computed.resize_with(next + 1, Vec::new);
            }
            let Some(hashes) = self.computed.get_mut(next) else { return Ok(()) };
            // Where nothing is known of a tile, problems are reported already; any hash keeps the others in their places.
            hashes.push(root.unwrap_or_else(Hash::empty_tree));
            if (hashes.len() as u64) < TILE_WIDTH {
                return Ok(());
            }
            let computed = Some(std::mem::take(hashes));
            let stated = self.stated(level + 1, index / TILE_WIDTH)?;
            tile = Contested { level: level + 1, index: index / TILE_WIDTH, stated, computed };
        }
    }

    fn path(&self, level: Level, index: u64) -> String {
        let count = match level {
            Level::Hashes(level) => hashes_at(level, self.size),
            Level::Entries => self.size,
        };
        let path = TilePath::in_tree(level, index, count);
        let path = path.unwrap_or(TilePath { level, index, width: None });
        // What was read is the full one, when the partial one is gone.
        read_tile(self.files, path).map_or(path, |(found, _)| found).to_string()
    }

    /// The tile's own file is wrong.
    fn convict(&mut self, tile: &Contested) {
        let wrong = differences(tile);
        let path = self.path(Level::Hashes(tile.level), tile.index);
        let what =
            format!("hash {} is not that of what lies below it", wrong.first().copied().unwrap_or_default());
        self.problem(Problem { path, what });
    }

    /// What lies below the tile is wrong.
    fn convict_below(&mut self, tile: &Contested) {
        let wrong = differences(tile);
        let Some(below) = tile.level.checked_sub(1) else {
            let path = self.path(Level::Entries, tile.index);
            let entry = tile.index * TILE_WIDTH + wrong.first().copied().unwrap_or_default();
            let what = format!("entry {entry} is not the one that was logged");
            return self.problem(Problem { path, what });
        };
        for place in wrong {
            let path = self.path(Level::Hashes(below), tile.index * TILE_WIDTH + place);
            let what = "neither it nor what lies below it is what the tile above says".to_owned();
            self.problem(Problem { path, what });
        }
    }

    /// Lets the checkpoint decide between the partial tiles and what lies below them. Gives what they hold.
    fn judge(&mut self, checkpoint: &Checkpoint) -> BTreeMap<u8, Vec<Hash>> {
        let edge = std::mem::take(&mut self.edge);
        let contested: Vec<usize> = edge
            .iter()
            .enumerate()
            .filter(|(_, tile)| {
                tile.stated.is_some() && tile.computed.is_some() && tile.stated != tile.computed
            })
            .map(|(place, _)| place)
            .collect();
        // At most eight levels, so at most 256 ways to believe one or the other.
        let choose = |ways: u32| -> Vec<&[Hash]> {
            let chosen = edge.iter().enumerate().map(|(place, tile)| {
                let at = contested.iter().position(|each| *each == place);
                let believe_file = at.is_some_and(|at| (ways >> at) & 1 == 1);
                let (first, second) = if believe_file {
                    (&tile.stated, &tile.computed)
                } else {
                    (&tile.computed, &tile.stated)
                };
                first.as_deref().or(second.as_deref()).unwrap_or_default()
            });
            chosen.collect()
        };
        let ways = 1_u32 << contested.len().min(8);
        let right = (0..ways).find(|ways| edge_root(&choose(*ways)) == checkpoint.root);
        for (at, place) in contested.iter().enumerate() {
            let Some(tile) = edge.get(*place) else { continue };
            match right {
                Some(ways) if (ways >> at) & 1 == 1 => self.convict_below(tile),
                Some(_) => self.convict(tile),
                None => {
                    self.convict(tile);
                    self.convict_below(tile);
                }
            }
        }
        if right.is_none() && self.problems.is_empty() {
            self.problem(Problem {
                path: CHECKPOINT_FILE.to_owned(),
                what: format!(
                    "its root {} is not that of the {} entries, which is {}",
                    checkpoint.root,
                    self.size,
                    edge_root(&choose(0))
                ),
            });
        }
        let held = choose(right.unwrap_or(0)).into_iter().map(<[Hash]>::to_vec);
        edge.iter().map(|tile| tile.level).zip(held).collect()
    }

    /// Looks at every other file: partial tiles of earlier checkpoints must be the beginning of what is there now; of files
    /// beyond the checkpoint only the names are given.
    fn strays(&mut self, edge: &BTreeMap<u8, Vec<Hash>>) -> Result<Vec<String>, LogError> {
        let mut unchecked = Vec::new();
        let mut folders = vec![TILE_FOLDER.to_owned()];
        while let Some(folder) = folders.pop() {
            let listed =
                self.files.list(&folder).map_err(|error| LogError::read(self.files, &folder, error))?;
            for each in listed {
                let path = format!("{folder}/{}", each.name);
                if each.folder {
                    folders.push(path);
                } else if !self.is_known(&path, edge)? && unchecked.len() < MOST_UNCHECKED {
                    unchecked.push(path);
                }
            }
        }
        unchecked.sort();
        Ok(unchecked)
    }

    /// Whether the checkpoint says what a file holds; if so, and it is not one that was read before, it is compared.
    fn is_known(&mut self, name: &str, edge: &BTreeMap<u8, Vec<Hash>>) -> Result<bool, LogError> {
        let Ok(path) = name.parse::<TilePath>() else { return Ok(false) };
        let level = match path.level {
            Level::Hashes(level) => level,
            Level::Entries => 0,
        };
        let count = hashes_at(level, self.size);
        let Some(current) = TilePath::in_tree(path.level, path.index, count) else { return Ok(false) };
        if current == path {
            return Ok(true);
        }
        if path.len() > current.len() {
            return Ok(false);
        }
        let held = if current.width.is_some() {
            edge.get(&level).cloned()
        } else {
            let tile = TilePath { level: Level::Hashes(level), ..current };
            let refused = self.problems.iter().any(|problem| problem.path == tile.to_string());
            if refused { None } else { self.hashes(level, path.index, &mut Vec::new())?.0 }
        };
        let expected = held.as_deref().and_then(|held| held.get(..usize::try_from(path.len()).ok()?));
        let Some(expected) = expected else { return Ok(false) };
        let bytes = self.files.read(name).map_err(|error| LogError::read(self.files, name, error))?;
        let bytes = bytes.unwrap_or_default();
        self.bytes += bytes.len() as u64;
        let found = match path.level {
            Level::Hashes(_) => hashes_of(&bytes, path.len()),
            Level::Entries => bundle::leaves(&bytes, path.len()).ok(),
        };
        if found.as_deref() != Some(expected) {
            let what = "it is not the beginning of what the log holds there".to_owned();
            self.problem(Problem { path: name.to_owned(), what });
        }
        Ok(true)
    }
}

/// Places at which a tile's file differs from what lies below it.
fn differences(tile: &Contested) -> Vec<u64> {
    let pairs = tile.stated.iter().flatten().zip(tile.computed.iter().flatten());
    (0..).zip(pairs).filter(|(_, (stated, computed))| stated != computed).map(|(place, _)| place).collect()
}

/// The root over the partial tiles of all levels, lowest first.
fn edge_root(tiles: &[&[Hash]]) -> Hash {
    let mut folded: Option<Hash> = None;
    for hashes in tiles {
        let mut rest = *hashes;
        while let Some(lowest) = (!rest.is_empty()).then(|| 1_usize << rest.len().trailing_zeros()) {
            // The smallest full subtree is the rightmost.
            let Some((before, last)) = rest.split_at_checked(rest.len() - lowest) else { break };
            let left = root_of(last);
            folded = Some(match folded {
                Some(right) => Hash::node(&left, &right),
                None => left,
            });
            rest = before;
        }
    }
    folded.unwrap_or_else(Hash::empty_tree)
}
