//! A witness over HTTP on the loopback: it cosigns what extends, and says no to another history.

use crate::support::{Key, make, open};
use bartizan_evidence::keys::{KeyAlgorithm, SigningKey};
use bartizan_evidence::log::storage::Disk;
use bartizan_evidence::log::witness::{Witness, WitnessClient, WitnessError, attach, serve};
use bartizan_evidence::log::{LogReader, NoteKey, NoteSigner, read_checkpoint};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

/// Starts a witness; it ends with the test's process.
fn start(memory: &Path, log: NoteKey) -> (String, NoteKey) {
    let key = SigningKey::generate(KeyAlgorithm::Ed25519).unwrap();
    let signer = NoteSigner::for_witness("witness.example/w1", Box::new(key)).unwrap();
    let key = signer.key().clone();
    let witness = Witness::new(signer, vec![log], Arc::new(Disk::new(memory)));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || serve(witness, listener, Arc::new(|| 1_795_417_200)));
    (url, key)
}

#[test]
fn a_growing_log_is_cosigned_and_a_rewritten_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (path, memory) = (folder.path().join("log"), folder.path().join("memory"));
    let key = Key::new();
    make(&path, &key, 300);
    let (url, witness) = start(&memory, key.note_key());
    let client = WitnessClient::new(&url, witness.clone()).unwrap();
    let disk = Disk::new(&path);
    for more in 0..2 {
        let reader = LogReader::open(&disk, &[&key.note_key()]).unwrap();
        let signatures = client.cosign(&reader).unwrap();
        assert!(attach(&disk, &key.note_key(), &reader.checkpoint().note, signatures).unwrap());
        let note = read_checkpoint(&disk, &[&key.note_key()]).unwrap().note;
        assert_eq!(note.verify(&[&witness]).unwrap()[0].time, Some(1_795_417_200));
        let log = open(&path, &key);
        log.append(format!("more {more}").into_bytes()).unwrap();
        log.close().unwrap();
    }
    let other = folder.path().join("other");
    make(&other, &key, 305);
    let log = open(&other, &key);
    log.append(b"another history".to_vec()).unwrap();
    log.close().unwrap();
    let forked = Disk::new(&other);
    let reader = LogReader::open(&forked, &[&key.note_key()]).unwrap();
    assert!(matches!(client.cosign(&reader), Err(WitnessError::Refused { status: 422, .. })));
    let shorter = folder.path().join("shorter");
    make(&shorter, &key, 7);
    let behind = Disk::new(&shorter);
    let reader = LogReader::open(&behind, &[&key.note_key()]).unwrap();
    assert!(matches!(client.cosign(&reader), Err(WitnessError::Ahead { seen: 301, size: 7, .. })));
}

#[test]
fn addresses_that_are_none_are_refused() {
    let key = Key::new().note_key();
    for url in ["", "witness.example", "https://witness.example", "ftp://witness.example", "http://"] {
        assert!(matches!(WitnessClient::new(url, key.clone()), Err(WitnessError::Url(_))), "{url}");
    }
    assert!(WitnessClient::new("http://[::1]:7801/prefix/", key).is_ok());
}
