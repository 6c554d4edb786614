//! The journal of a log in an object store: one object, replaced with every batch.
//!
//! It holds the right edge before the newest batch, that batch, and who wrote the last ones. A writer replaces it only when it
//! is unchanged, and only after every full tile that the old one still held is in place; so the one object and the full tiles
//! always give the log back, and of two writers one comes after the other. For each of the last writers there is a receipt of its
//! last batch, so that a writer whose answer was lost sees whether that batch is in the log.

use super::bundle;
use super::edge::{Edge, Finished};
use super::hash::{HASH_BYTES, Hash};
use super::storage::LARGEST_OBJECT;
use sha2::{Digest as _, Sha256};

/// First bytes of the object.
const MAGIC: [u8; 8] = *b"BARTOBJ1";
/// Most receipts kept, each of another writer: so many may come between a lost answer and the look for it.
pub(super) const MOST_RECEIPTS: usize = 64;
/// Bytes of a writer's name.
pub(super) const WRITER_BYTES: usize = 16;
/// Bytes of a receipt: writer, number of the batch, its first entry.
const RECEIPT_BYTES: usize = WRITER_BYTES + 8 + 8;

/// That a batch is in the log: the last one of its writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Receipt {
    /// The writer's name, a random number.
    pub(super) writer: [u8; WRITER_BYTES],
    /// The number of its batch, which grows with each.
    pub(super) batch: u64,
    /// The batch's first entry.
    pub(super) first: u64,
}

/// What the journal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ObjectJournal {
    /// The edge after the newest batch.
    pub(super) edge: Edge,
    /// Tiles and bundles that became full in it.
    pub(super) finished: Vec<Finished>,
    /// The last batch of each writer, in the order they were written.
    pub(super) receipts: Vec<Receipt>,
}

impl ObjectJournal {
    /// Puts the receipt of a writer's newest batch in place of its last one.
    pub(super) fn add_receipt(&mut self, receipt: Receipt) {
        self.receipts.retain(|each| each.writer != receipt.writer);
        self.receipts.push(receipt);
        let surplus = self.receipts.len().saturating_sub(MOST_RECEIPTS);
        self.receipts.drain(..surplus);
    }
}

/// The object for a batch of `entries` after `base`, which leads to `root`.
pub(super) fn encode(base: &Edge, receipts: &[Receipt], root: &Hash, entries: &[u8]) -> Vec<u8> {
    let edge = base.encode();
    let mut bytes = MAGIC.to_vec();
    bytes.push(u8::try_from(receipts.len()).unwrap_or(u8::MAX));
    for receipt in receipts {
        bytes.extend(receipt.writer);
        bytes.extend(receipt.batch.to_be_bytes());
        bytes.extend(receipt.first.to_be_bytes());
    }
    bytes.extend(u32::try_from(edge.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(edge);
    bytes.extend(root.as_bytes());
    bytes.extend_from_slice(entries);
    let sum: [u8; HASH_BYTES] = Sha256::digest(&bytes).into();
    bytes.extend(sum);
    bytes
}

/// Reads what [`encode`] wrote and applies the batch; none when it is anything else.
pub(super) fn decode(bytes: &[u8]) -> Option<ObjectJournal> {
    if bytes.len() > LARGEST_OBJECT {
        return None;
    }
    let (content, sum) = bytes.split_last_chunk::<HASH_BYTES>()?;
    if *sum != <[u8; HASH_BYTES]>::from(Sha256::digest(content)) {
        return None;
    }
    decode_content(content)
}

fn decode_content(content: &[u8]) -> Option<ObjectJournal> {
    let (count, rest) = content.strip_prefix(&MAGIC)?.split_first()?;
    let count = usize::from(*count);
    if count > MOST_RECEIPTS {
        return None;
    }
    let (kept, rest) = rest.split_at_checked(count * RECEIPT_BYTES)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (edge, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let (root, mut entries) = rest.split_first_chunk::<HASH_BYTES>()?;
    let mut receipts = Vec::with_capacity(count);
    for receipt in kept.chunks_exact(RECEIPT_BYTES) {
        let (writer, numbers) = receipt.split_first_chunk::<WRITER_BYTES>()?;
        let (batch, first) = numbers.split_first_chunk::<8>()?;
        let (batch, first) = (u64::from_be_bytes(*batch), u64::from_be_bytes(first.try_into().ok()?));
        receipts.push(Receipt { writer: *writer, batch, first });
    }
    let mut edge = Edge::decode(edge)?;
    let mut finished = Vec::new();
    while let Some((length, after)) = entries.split_first_chunk::<{ bundle::LENGTH_BYTES }>() {
        let (entry, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        edge.push(entry, &mut finished);
        entries = after;
    }
    (entries.is_empty() && Hash::from_bytes(root) == Some(edge.root())).then_some(ObjectJournal {
        edge,
        finished,
        receipts,
    })
}

/// Reads the journal of a log in an object store as its writer would; for the fuzzer. Gives the entries the log then has.
pub fn size_in_object_journal(bytes: &[u8]) -> Option<u64> {
    // Without the check sum, which no fuzzer gets past.
    decode_content(bytes).or_else(|| decode(bytes)).map(|journal| journal.edge.size())
}

#[cfg(test)]
mod tests {
    use super::super::journal::encode_entries;
    use super::*;

    fn journal(before: u32, batch: u32) -> (Vec<u8>, Edge, Vec<Finished>) {
        let mut edge = Edge::default();
        (0..before).for_each(|each| edge.push(&each.to_be_bytes(), &mut Vec::new()));
        let base = edge.clone();
        let entries: Vec<[u8; 4]> = (before..before + batch).map(u32::to_be_bytes).collect();
        let mut finished = Vec::new();
        for entry in &entries {
            edge.push(entry, &mut finished);
        }
        let receipts = [Receipt { writer: [7; WRITER_BYTES], batch: 3, first: u64::from(before) }];
        let entries = encode_entries(entries.iter().map(<[u8; 4]>::as_slice));
        (encode(&base, &receipts, &edge.root(), &entries), edge, finished)
    }

    #[test]
    fn a_journal_gives_back_the_edge_and_the_tiles_that_became_full() {
        for (before, batch) in [(0, 0), (0, 1), (250, 10), (255, 600)] {
            let (bytes, edge, finished) = journal(before, batch);
            let read = decode(&bytes).unwrap();
            assert_eq!((read.edge, read.finished), (edge, finished));
            assert_eq!(
                read.receipts,
                [Receipt { writer: [7; WRITER_BYTES], batch: 3, first: u64::from(before) }]
            );
        }
    }

    #[test]
    fn any_flipped_bit_and_any_cut_is_refused() {
        let (bytes, ..) = journal(3, 2);
        for place in 0..bytes.len() {
            let mut other = bytes.clone();
            other[place] ^= 1;
            assert_eq!(decode(&other), None, "byte {place}");
            assert_eq!(decode(&bytes[..place]), None, "cut at {place}");
        }
    }

    #[test]
    fn the_fuzzers_seed_is_the_journal_of_an_empty_log() {
        let seed = include_bytes!("../../../../fuzz/seeds/log-object-journal/small");
        assert_eq!(size_in_object_journal(seed), Some(0));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_journal_or_none(bytes: Vec<u8>) {
            let _ = decode(&bytes);
            let mut with_magic = MAGIC.to_vec();
            with_magic.extend(&bytes);
            let _ = size_in_object_journal(&with_magic);
        }
    }
}
