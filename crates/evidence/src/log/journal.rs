//! The journal: where an entry is durable before its tiles are.
//!
//! Two files are used in turn, one for each *generation*. A generation begins with a base record, which holds the right edge
//! of the log, and goes on with one record for each batch of entries. Records begin at multiples of 4,096 bytes, so that no
//! write touches a page of an acknowledged record, and each is believed only with its SHA-256. A file is written over only
//! when everything its generation put into tiles is durable there; therefore the two files and the full tiles always give the
//! log back, whatever was lost of the writes that were never synced.

use super::bundle;
use super::edge::{Edge, Finished};
use super::error::LogError;
use super::hash::{HASH_BYTES, Hash};
use super::storage::{STATE_FOLDER, Storage};
use sha2::{Digest as _, Sha256};

/// First bytes of a record.
const MAGIC: [u8; 8] = *b"BARTLOG1";
/// Bytes of a record before its payload: magic, generation, sequence, first entry, kind, length, SHA-256.
const HEADER_BYTES: usize = 8 + 8 + 8 + 8 + 4 + 4 + HASH_BYTES;
/// Records begin at multiples of this many bytes: a page of memory, and at least a sector of any disk.
const PAGE: u64 = 4096;
/// Largest payload, in bytes: a base record with the largest partial bundle, and some.
const LARGEST_PAYLOAD: usize = bundle::LARGEST_BUNDLE + (1 << 20);
/// Size of a journal file at first, in bytes.
const SMALLEST_SEGMENT: u64 = 64 << 10;
/// How many times as large the next journal file is when one is full: growing stops everyone who appends.
const GROWTH: u64 = 8;
/// Size up to which journal files grow, in bytes.
const LARGEST_SEGMENT: u64 = 32 << 20;

/// What a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The edge of the log; earlier generations may still be needed.
    Base,
    /// The edge of the log, when everything before it is durable in tiles.
    BaseOfDurable,
    /// A root and the entries that lead to it.
    Batch,
}

impl Kind {
    fn number(self) -> u32 {
        match self {
            Self::Base => 1,
            Self::BaseOfDurable => 2,
            Self::Batch => 3,
        }
    }

    fn of_number(number: u32) -> Option<Self> {
        [Self::Base, Self::BaseOfDurable, Self::Batch].into_iter().find(|kind| kind.number() == number)
    }
}

/// A record as it was read.
struct Record {
    generation: u64,
    sequence: u64,
    first: u64,
    kind: Kind,
    payload: Vec<u8>,
}

/// Where the next record goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    generation: u64,
    sequence: u64,
    offset: u64,
    segment: u64,
}

/// A log as the journal gives it back.
pub(super) struct Replayed {
    /// The edge after the last record.
    pub(super) edge: Edge,
    /// Tiles and bundles that became full on the way.
    pub(super) finished: Vec<Finished>,
    /// Where the journal goes on.
    pub(super) position: Position,
    /// Whether there were batches: their tiles may not be durable.
    pub(super) batches: u64,
    /// Where an older generation begins that does not reach this one: the tiles have to show that it is durable.
    pub(super) gap: Option<u64>,
}

fn segment_path(generation: u64) -> String {
    format!("{STATE_FOLDER}/journal.{}", generation % 2)
}

/// Reads the journal; none when there is none to be believed.
pub(super) fn replay(storage: &dyn Storage) -> Result<Option<Replayed>, LogError> {
    let mut bases = Vec::new();
    for slot in 0..2 {
        let record = read_record(storage, slot, 0)?;
        bases.extend(record.filter(|record| {
            record.generation % 2 == slot && record.sequence == 0 && record.kind != Kind::Batch
        }));
    }
    bases.sort_by_key(|base| base.generation);
    let Some(newest) = bases.pop() else { return Ok(None) };
    let older = bases.pop().filter(|base| {
        newest.kind == Kind::Base && base.generation.checked_add(1) == Some(newest.generation)
    });
    if let Some(mut replayed) = older.as_ref().and_then(begin) {
        follow(storage, &mut replayed)?;
        if replayed.edge.size() >= newest.first {
            return Ok(Some(replayed));
        }
    }
    // Either everything before is durable, or the generation before is being written over, which it only is when it is.
    let Some(mut replayed) = begin(&newest) else { return Ok(None) };
    replayed.gap = older.map(|older| older.first);
    follow(storage, &mut replayed)?;
    Ok(Some(replayed))
}

fn begin(base: &Record) -> Option<Replayed> {
    let edge = Edge::decode(&base.payload).filter(|edge| edge.size() == base.first)?;
    let position = Position {
        generation: base.generation,
        sequence: 1,
        offset: record_bytes(base.payload.len()),
        segment: 0,
    };
    Some(Replayed { edge, finished: Vec::new(), position, batches: 0, gap: None })
}

/// Takes in what the journal holds beyond a position, be it this process's or another's. Gives whether the journal goes on
/// where the position says; if not, others have written so much that it has to be read anew.
pub(super) fn follow(storage: &dyn Storage, log: &mut Replayed) -> Result<bool, LogError> {
    loop {
        let Position { generation, sequence, offset, .. } = log.position;
        let record = read_record(storage, generation % 2, offset)?;
        if let Some(record) = record
            && (record.generation, record.sequence, record.first, record.kind)
                == (generation, sequence, log.edge.size(), Kind::Batch)
        {
            apply(storage, &record, log)?;
            continue;
        }
        let next = generation.saturating_add(1);
        let first = read_header(storage, next % 2, 0)?;
        match first {
            Some(header) if header.generation == next && header.first == log.edge.size() => {
                let Some(base) = read_record(storage, next % 2, 0)? else { return Ok(true) };
                log.position.generation = next;
                log.position.sequence = 1;
                log.position.offset = record_bytes(base.payload.len());
                log.position.segment = 0;
            }
            Some(header) if header.generation > generation => {
                // Either others went further, or that base was torn; only a whole one counts.
                return Ok(read_record(storage, header.generation % 2, 0)?.is_none());
            }
            _ => return Ok(true),
        }
    }
}

fn apply(storage: &dyn Storage, record: &Record, log: &mut Replayed) -> Result<(), LogError> {
    let damaged = || LogError::Journal { place: storage.place(), generation: record.generation };
    let (root, entries) = record.payload.split_first_chunk::<HASH_BYTES>().ok_or_else(damaged)?;
    let mut rest = entries;
    while let Some((length, after)) = rest.split_first_chunk::<{ bundle::LENGTH_BYTES }>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or_else(damaged)?;
        log.edge.push(entry, &mut log.finished);
        rest = after;
    }
    if !rest.is_empty() || Hash::from_bytes(root) != Some(log.edge.root()) {
        return Err(damaged());
    }
    log.batches += 1;
    log.position.sequence += 1;
    log.position.offset += record_bytes(record.payload.len());
    Ok(())
}

/// The bytes of a batch's entries, as the journal keeps them.
pub(super) fn encode_entries<'a>(entries: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    entries.for_each(|entry| bundle::push(&mut bytes, entry));
    bytes
}

impl Position {
    /// Where a log without a journal begins one.
    pub(super) fn before_first() -> Self {
        Self { generation: 0, sequence: 0, offset: u64::MAX, segment: 0 }
    }

    /// The generation that is being written.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether a batch of `entries` bytes fits into this generation.
    pub(super) fn has_room(&self, storage: &dyn Storage, entries: usize) -> Result<bool, LogError> {
        let segment = if self.segment > 0 { self.segment } else { self.length(storage)? };
        let end = self.offset.checked_add(record_bytes(HASH_BYTES + entries));
        Ok(end.is_some_and(|end| end <= segment))
    }

    fn length(&self, storage: &dyn Storage) -> Result<u64, LogError> {
        if self.offset == u64::MAX {
            return Ok(0);
        }
        let path = segment_path(self.generation);
        storage.reserve(&path, 0).map_err(|error| LogError::write(storage, &path, error))
    }

    /// Writes a batch and makes it durable. `root` is the one after it, `first` its first entry.
    pub(super) fn write_batch(
        &mut self,
        storage: &dyn Storage,
        first: u64,
        root: &Hash,
        entries: &[u8],
    ) -> Result<(), LogError> {
        let mut payload = root.as_bytes().to_vec();
        payload.extend_from_slice(entries);
        let record = Record {
            generation: self.generation,
            sequence: self.sequence,
            first,
            kind: Kind::Batch,
            payload,
        };
        write_record(storage, &record, self.offset)?;
        self.sequence += 1;
        self.offset += record_bytes(record.payload.len());
        Ok(())
    }

    /// Begins the next generation with the edge as it is, with room for `entries` more bytes. `durable` says that everything
    /// before is durable in tiles; else it must be so for every generation but the one that ends here.
    pub(super) fn begin_next(
        &mut self,
        storage: &dyn Storage,
        edge: &Edge,
        durable: bool,
        entries: usize,
    ) -> Result<(), LogError> {
        let full = !durable && self.offset != u64::MAX;
        let payload = edge.encode();
        let kind = if durable { Kind::BaseOfDurable } else { Kind::Base };
        let generation = self.generation + 1;
        let offset = record_bytes(payload.len());
        let least = offset + record_bytes(HASH_BYTES + entries);
        let grown = if full { self.length(storage)?.saturating_mul(GROWTH).min(LARGEST_SEGMENT) } else { 0 };
        let path = segment_path(generation);
        let segment = storage
            .reserve(&path, least.max(grown).max(SMALLEST_SEGMENT).next_multiple_of(PAGE))
            .map_err(|error| LogError::write(storage, &path, error))?;
        let record = Record { generation, sequence: 0, first: edge.size(), kind, payload };
        write_record(storage, &record, 0)?;
        *self = Self { generation, sequence: 1, offset, segment };
        Ok(())
    }
}

/// Bytes a record takes.
fn record_bytes(payload: usize) -> u64 {
    (HEADER_BYTES as u64 + payload as u64).next_multiple_of(PAGE)
}

fn write_record(storage: &dyn Storage, record: &Record, offset: u64) -> Result<(), LogError> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + record.payload.len());
    bytes.extend(MAGIC);
    bytes.extend(record.generation.to_be_bytes());
    bytes.extend(record.sequence.to_be_bytes());
    bytes.extend(record.first.to_be_bytes());
    bytes.extend(record.kind.number().to_be_bytes());
    bytes.extend(u32::try_from(record.payload.len()).unwrap_or(u32::MAX).to_be_bytes());
    let sum: [u8; 32] = Sha256::new().chain_update(&bytes).chain_update(&record.payload).finalize().into();
    bytes.extend(sum);
    bytes.extend_from_slice(&record.payload);
    let path = segment_path(record.generation);
    storage
        .write_at(&path, offset, &bytes)
        .and_then(|()| storage.sync_data(&path))
        .map_err(|error| LogError::write(storage, &path, error))
}

struct Header {
    generation: u64,
    sequence: u64,
    first: u64,
    kind: Kind,
    length: usize,
    fields: Vec<u8>,
    sum: [u8; 32],
}

fn read_header(storage: &dyn Storage, slot: u64, offset: u64) -> Result<Option<Header>, LogError> {
    let path = segment_path(slot);
    let bytes = storage
        .read_at(&path, offset, HEADER_BYTES)
        .map_err(|error| LogError::read(storage, &path, error))?;
    Ok(parse_header(&bytes))
}

fn parse_header(bytes: &[u8]) -> Option<Header> {
    let (fields, sum) = bytes.split_at_checked(HEADER_BYTES - HASH_BYTES)?;
    let rest = fields.strip_prefix(&MAGIC)?;
    let (generation, rest) = rest.split_first_chunk::<8>()?;
    let (sequence, rest) = rest.split_first_chunk::<8>()?;
    let (first, rest) = rest.split_first_chunk::<8>()?;
    let (kind, rest) = rest.split_first_chunk::<4>()?;
    let (length, _) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    Some(Header {
        generation: u64::from_be_bytes(*generation),
        sequence: u64::from_be_bytes(*sequence),
        first: u64::from_be_bytes(*first),
        kind: Kind::of_number(u32::from_be_bytes(*kind))?,
        length: (length <= LARGEST_PAYLOAD).then_some(length)?,
        fields: fields.to_vec(),
        sum: sum.try_into().ok()?,
    })
}

/// The record at an offset of a journal file, if a whole one is there.
fn read_record(storage: &dyn Storage, slot: u64, offset: u64) -> Result<Option<Record>, LogError> {
    let Some(header) = read_header(storage, slot, offset)? else { return Ok(None) };
    let path = segment_path(slot);
    let payload = storage
        .read_at(&path, offset.saturating_add(HEADER_BYTES as u64), header.length)
        .map_err(|error| LogError::read(storage, &path, error))?;
    let sum: [u8; 32] = Sha256::new().chain_update(&header.fields).chain_update(&payload).finalize().into();
    if payload.len() != header.length || sum != header.sum {
        return Ok(None);
    }
    Ok(Some(Record {
        generation: header.generation,
        sequence: header.sequence,
        first: header.first,
        kind: header.kind,
        payload,
    }))
}

#[cfg(test)]
mod tests {
    use super::super::storage::Disk;
    use super::*;

    fn batch(disk: &Disk, edge: &mut Edge, position: &mut Position, entry: &[u8]) {
        let bytes = encode_entries([entry].into_iter());
        let first = edge.size();
        edge.push(entry, &mut Vec::new());
        assert!(position.has_room(disk, bytes.len()).unwrap(), "no room");
        position.write_batch(disk, first, &edge.root(), &bytes).unwrap();
    }

    #[test]
    fn what_was_written_is_replayed_over_two_generations() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path());
        let (mut edge, mut position) = (Edge::default(), Position::before_first());
        assert!(replay(&disk).unwrap().is_none());
        position.begin_next(&disk, &edge, true, 0).unwrap();
        batch(&disk, &mut edge, &mut position, b"one");
        batch(&disk, &mut edge, &mut position, b"two");
        position.begin_next(&disk, &edge, false, 0).unwrap();
        batch(&disk, &mut edge, &mut position, b"three");
        let replayed = replay(&disk).unwrap().unwrap();
        assert_eq!((replayed.edge.clone(), replayed.batches), (edge.clone(), 3));
        position.begin_next(&disk, &edge, true, 0).unwrap();
        let replayed = replay(&disk).unwrap().unwrap();
        assert_eq!((replayed.edge, replayed.batches), (edge, 0));
    }

    #[test]
    fn a_damaged_last_record_is_as_if_never_written() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path());
        let (mut edge, mut position) = (Edge::default(), Position::before_first());
        position.begin_next(&disk, &edge, true, 0).unwrap();
        batch(&disk, &mut edge, &mut position, b"one");
        let before = edge.clone();
        let offset = position.offset;
        batch(&disk, &mut edge, &mut position, b"two");
        for place in 0..HEADER_BYTES as u64 + 37 {
            let old = disk.read_at(".state/journal.1", offset + place, 1).unwrap();
            disk.write_at(".state/journal.1", offset + place, &[old[0] ^ 0x10]).unwrap();
            assert_eq!(replay(&disk).unwrap().unwrap().edge, before, "byte {place}");
            disk.write_at(".state/journal.1", offset + place, &old).unwrap();
        }
        assert_eq!(replay(&disk).unwrap().unwrap().edge, edge);
    }

    #[test]
    fn a_torn_base_leaves_the_generation_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path());
        let (mut edge, mut position) = (Edge::default(), Position::before_first());
        position.begin_next(&disk, &edge, true, 0).unwrap();
        batch(&disk, &mut edge, &mut position, b"one");
        position.begin_next(&disk, &edge, false, 0).unwrap();
        disk.write_at(".state/journal.0", 60, b"torn").unwrap();
        assert_eq!(replay(&disk).unwrap().unwrap().edge, edge);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_header_or_none(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..100)) {
            let mut with_magic = MAGIC.to_vec();
            with_magic.extend(&bytes);
            let _ = parse_header(&bytes);
            let _ = parse_header(&with_magic);
        }
    }
}
