//! Logs made for tests.

use bartizan_evidence::keys::{KeyAlgorithm, SigningKey};
use bartizan_evidence::log::storage::Disk;
use bartizan_evidence::log::{Clock, Log, NoteKey, NoteSigner, WriterOptions};
use std::path::Path;
use std::sync::Arc;

/// Origin of every log made here.
pub(crate) const ORIGIN: &str = "log.example/test";

/// A key of its own for each test, kept as PKCS#8 so that it can be opened again.
pub(crate) struct Key(Vec<u8>);

impl Key {
    pub(crate) fn new() -> Self {
        Self(SigningKey::generate(KeyAlgorithm::Ed25519).unwrap().to_pkcs8().unwrap().to_vec())
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    #[cfg(feature = "cloud")]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn signer(&self) -> NoteSigner {
        NoteSigner::for_log(ORIGIN, Box::new(SigningKey::from_pkcs8(&self.0).unwrap())).unwrap()
    }

    pub(crate) fn note_key(&self) -> NoteKey {
        self.signer().key().clone()
    }
}

/// A clock that stands still.
pub(crate) fn clock() -> Clock {
    Box::new(|| 1_795_417_200)
}

/// What entry `index` of a log made here holds.
pub(crate) fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

pub(crate) fn open(folder: &Path, key: &Key) -> Log {
    Log::open(Arc::new(Disk::new(folder)), key.signer(), clock(), WriterOptions::default()).unwrap()
}

/// A log of `size` entries, made in several runs.
pub(crate) fn make(folder: &Path, key: &Key, size: u64) {
    Log::create(Arc::new(Disk::new(folder)), key.signer(), clock()).unwrap().close().unwrap();
    let mut next = 0;
    for stop in [size / 3, size / 2, size.saturating_sub(1), size] {
        let log = open(folder, key);
        let pending: Vec<_> = (next..stop).map(|index| log.submit(entry(index)).unwrap()).collect();
        for (index, pending) in (next..stop).zip(pending) {
            assert_eq!(pending.wait().unwrap(), index);
        }
        next = stop.max(next);
        assert_eq!(log.close().unwrap().size, next);
    }
}
