//! The algorithms under which files are digested: [`HashAlgorithm`].

use blake2::{Blake2b512, Digest as _};
use sha2::Sha256;
use std::fmt;

/// Part of a file, in bytes: from the first to before the second.
pub type Range = std::ops::Range<u64>;

/// How a file is digested.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum HashAlgorithm {
    /// SHA-256 (FIPS 180-4).
    #[default]
    Sha256,
    /// BLAKE2b of 512 bits (RFC 7693).
    Blake2b,
    /// BLAKE3 of 256 bits; a tree, so that one file is read by several threads.
    Blake3,
}

/// How far ahead of the digest another thread touches a mapped file, in bytes: enough to hide page faults, little enough to
/// stay in the last-level cache.
const AHEAD: usize = 8 << 20;
/// Size from which touching ahead pays, in bytes.
const AHEAD_FROM: usize = 64 << 20;
/// Bytes digested between two looks at how far the other thread is.
const STEP: usize = 1 << 20;
/// Size of a page, in bytes; larger ones only make some touches superfluous.
const PAGE: usize = 4 << 10;
/// Size from which BLAKE3 is shared between threads, in bytes (the crate's own advice: 128 KiB and more).
const TREE_FROM: usize = 1 << 20;

impl HashAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Blake2b, Self::Blake3];

    /// Name in digests, in model signatures and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Blake2b => "blake2b",
            Self::Blake3 => "blake3",
        }
    }

    /// The algorithm of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Length of a digest in bytes.
    pub fn output_bytes(self) -> usize {
        match self {
            Self::Sha256 | Self::Blake3 => 32,
            Self::Blake2b => 64,
        }
    }

    /// The digest of `bytes`.
    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Blake2b => Blake2b512::digest(bytes).to_vec(),
            Self::Blake3 if bytes.len() >= TREE_FROM => {
                blake3::Hasher::new().update_rayon(bytes).finalize().as_bytes().to_vec()
            }
            Self::Blake3 => blake3::hash(bytes).as_bytes().to_vec(),
        }
    }

    /// What takes the bytes piece by piece.
    pub(super) fn hasher(self) -> Hasher {
        match self {
            Self::Sha256 => Hasher::Sha256(Sha256::new()),
            Self::Blake2b => Hasher::Blake2b(Box::new(Blake2b512::new())),
            Self::Blake3 => Hasher::Blake3(Box::new(blake3::Hasher::new())),
        }
    }

    /// The digest of a mapped file, while a second thread touches its pages ahead: a serial algorithm then never waits for one.
    pub(super) fn digest_touching_ahead(self, bytes: &[u8]) -> Vec<u8> {
        if bytes.len() < AHEAD_FROM || self == Self::Blake3 {
            return self.digest(bytes);
        }
        match self {
            Self::Sha256 => touching_ahead::<Sha256>(bytes),
            Self::Blake2b | Self::Blake3 => touching_ahead::<Blake2b512>(bytes),
        }
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A digest under way.
pub(super) enum Hasher {
    Sha256(Sha256),
    Blake2b(Box<Blake2b512>),
    Blake3(Box<blake3::Hasher>),
}

impl Hasher {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Blake2b(hasher) => hasher.update(bytes),
            Self::Blake3(hasher) => _ = hasher.update(bytes),
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha256(hasher) => hasher.finalize().to_vec(),
            Self::Blake2b(hasher) => hasher.finalize().to_vec(),
            Self::Blake3(hasher) => hasher.finalize().as_bytes().to_vec(),
        }
    }
}

fn touching_ahead<H: blake2::Digest>(bytes: &[u8]) -> Vec<u8> {
    let (done, told) = std::sync::mpsc::sync_channel::<()>(AHEAD / STEP);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for part in bytes.chunks(STEP) {
                let touched = part.iter().step_by(PAGE).fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
                std::hint::black_box(touched);
                // The channel's bound holds this thread back; it closes when the digest is done.
                if done.send(()).is_err() {
                    return;
                }
            }
        });
        let mut hasher = H::new();
        for part in bytes.chunks(STEP) {
            let _ = told.recv();
            hasher.update(part);
        }
        drop(told);
        hasher.finalize().to_vec()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::hex;

    #[test]
    fn digests_of_nothing_are_the_published_ones() {
        // FIPS 180-4 examples; RFC 7693 appendix; the BLAKE3 test vectors.
        assert!(hex(&HashAlgorithm::Sha256.digest(b"")).starts_with("e3b0c44298fc1c14"));
        assert!(hex(&HashAlgorithm::Blake2b.digest(b"")).starts_with("786a02f742015903"));
        assert!(hex(&HashAlgorithm::Blake3.digest(b"")).starts_with("af1349b9f5f9a1a6"));
    }

    #[test]
    fn reading_in_parallel_changes_no_digest() {
        let bytes: Vec<u8> = (0..AHEAD_FROM + 4_321).map(|index| (index % 251) as u8).collect();
        assert_eq!(HashAlgorithm::Sha256.digest_touching_ahead(&bytes), Sha256::digest(&bytes).to_vec());
        assert_eq!(HashAlgorithm::Blake3.digest(&bytes), blake3::hash(&bytes).as_bytes().to_vec());
    }
}
