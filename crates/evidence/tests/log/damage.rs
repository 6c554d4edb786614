//! Any flipped byte in a log is found, and the file that has it is named; and only that one.

use crate::support::{Key, entry, make, open};
use bartizan_evidence::log::checkpoint::SignedCheckpoint;
use bartizan_evidence::log::storage::Disk;
use bartizan_evidence::log::verify::{verify, verify_extends};
use bartizan_evidence::log::{Hash, LogError, LogReader};
use std::fs;
use std::path::{Path, PathBuf};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for each in fs::read_dir(folder).unwrap() {
        let path = each.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn a_whole_log_is_valid_at_sizes_around_every_edge() {
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 700] {
        let folder = tempfile::tempdir().unwrap();
        let key = Key::new();
        make(folder.path(), &key, size);
        let disk = Disk::new(folder.path());
        let mut seen = 0;
        let verified = verify(&disk, &[&key.note_key()], &mut |index, bytes| {
            assert_eq!((index, bytes), (seen, entry(index).as_slice()));
            seen += 1;
        })
        .unwrap();
        assert_eq!((verified.problems, verified.unchecked), (vec![], vec![]), "{size}");
        assert_eq!((seen, verified.signed.checkpoint.size), (size, size));
    }
}

#[test]
fn a_flipped_byte_is_found_and_its_file_named_alone() {
    let folder = tempfile::tempdir().unwrap();
    let key = Key::new();
    make(folder.path(), &key, 600);
    let disk = Disk::new(folder.path());
    let mut paths = Vec::new();
    files(&folder.path().join("tile"), &mut paths);
    assert!(paths.len() > 8, "{paths:?}");
    for path in paths {
        let whole = fs::read(&path).unwrap();
        let name = path.strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned();
        for place in [0, 1, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
            let mut bytes = whole.clone();
            bytes[place] ^= 0x40;
            fs::write(&path, bytes).unwrap();
            let verified = verify(&disk, &[&key.note_key()], &mut |_, _| ()).unwrap();
            let named: Vec<&str> = verified.problems.iter().map(|problem| problem.path.as_str()).collect();
            assert_eq!(named, [name.as_str()], "byte {place}");
        }
        let mut longer = whole.clone();
        longer.push(0);
        fs::write(&path, longer).unwrap();
        assert!(!verify(&disk, &[&key.note_key()], &mut |_, _| ()).unwrap().is_valid(), "{name}");
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(!verify(&disk, &[&key.note_key()], &mut |_, _| ()).unwrap().is_valid(), "{name}");
        fs::write(&path, whole).unwrap();
    }
    assert!(verify(&disk, &[&key.note_key()], &mut |_, _| ()).unwrap().is_valid());
}

#[test]
fn any_flipped_byte_of_the_checkpoint_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let key = Key::new();
    make(folder.path(), &key, 3);
    let disk = Disk::new(folder.path());
    let path = folder.path().join("checkpoint");
    let whole = fs::read(&path).unwrap();
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        fs::write(&path, bytes).unwrap();
        let error = verify(&disk, &[&key.note_key()], &mut |_, _| ()).unwrap_err();
        assert!(error.to_string().contains("checkpoint"), "{error}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let key = Key::new();
    make(folder.path(), &key, 300);
    let disk = Disk::new(folder.path());
    for name in
        ["tile/0/000", "tile/entries/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"]
    {
        let whole = fs::read(folder.path().join(name)).unwrap();
        fs::remove_file(folder.path().join(name)).unwrap();
        let verified = verify(&disk, &[&key.note_key()], &mut |_, _| ()).unwrap();
        let named: Vec<&str> = verified.problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(named, [name]);
        fs::write(folder.path().join(name), whole).unwrap();
    }
}

#[test]
fn every_entry_is_proven_and_every_older_log_is_extended() {
    let folder = tempfile::tempdir().unwrap();
    let key = Key::new();
    make(folder.path(), &key, 300);
    let disk = Disk::new(folder.path());
    let reader = LogReader::open(&disk, &[&key.note_key()]).unwrap();
    for index in 0..300 {
        let proof = reader.prove(index).unwrap();
        proof.verify(&Hash::leaf(&entry(index)), &[&key.note_key()]).unwrap();
        assert_eq!(reader.entry(index).unwrap(), entry(index));
        reader.consistency_proof(index + 1).unwrap();
    }
    assert!(matches!(reader.prove(300), Err(LogError::Proof(_))));
    assert!(matches!(reader.consistency_proof(0), Err(LogError::Proof(_))));
}

#[test]
fn two_logs_under_one_name_are_shown_as_a_fork() {
    let key = Key::new();
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make(first.path(), &key, 10);
    make(second.path(), &key, 9);
    let log = open(second.path(), &key);
    log.append(b"another history".to_vec()).unwrap();
    log.append(b"and more".to_vec()).unwrap();
    log.close().unwrap();
    let read = |folder: &Path| {
        SignedCheckpoint::open(&fs::read(folder.join("checkpoint")).unwrap(), &[&key.note_key()]).unwrap()
    };
    let (ten, eleven) = (read(first.path()), read(second.path()));
    let disk = Disk::new(second.path());
    assert!(verify_extends(&disk, &eleven, &eleven.checkpoint).is_ok());
    match verify_extends(&disk, &eleven, &ten.checkpoint) {
        Err(LogError::Fork { first, second }) => {
            assert_eq!((first.size, second.size), (10, 10));
            assert_ne!(first.root, second.root);
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        verify_extends(&Disk::new(first.path()), &ten, &eleven.checkpoint),
        Err(LogError::Shorter { .. })
    ));
}

#[test]
fn a_checkpoint_that_was_put_back_is_not_written_on_behind() {
    let key = Key::new();
    // One more entry, a tile filled, many tiles more.
    for (before, after) in [(5, 6), (250, 256), (256, 257), (5, 300), (300, 2_000), (0, 1)] {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path(), &key, before);
        let (checkpoint, state) = (folder.path().join("checkpoint"), folder.path().join(".state"));
        let old = fs::read(&checkpoint).unwrap();
        let mut journals = Vec::new();
        files(&state, &mut journals);
        let old_state: Vec<(PathBuf, Vec<u8>)> =
            journals.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
        let log = open(folder.path(), &key);
        let pending: Vec<_> = (before..after).map(|index| log.submit(entry(index)).unwrap()).collect();
        for each in pending {
            each.wait().unwrap();
        }
        log.close().unwrap();
        let latest = fs::read(&checkpoint).unwrap();
        let refused = |case: &str| match try_open(folder.path(), &key).err() {
            Some(LogError::PutBack { size, reached, .. }) => {
                assert_eq!(size, before, "{case}");
                assert!(reached > before && reached <= after, "{case}: {reached}");
            }
            other => panic!("{before} to {after}, {case}: {other:?}"),
        };
        // With the journal it belongs to, and without any.
        fs::write(&checkpoint, &old).unwrap();
        fs::remove_dir_all(&state).unwrap();
        for (path, bytes) in &old_state {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        refused("with an older journal");
        fs::remove_dir_all(&state).unwrap();
        refused("without a journal");
        // Nothing was written, and the remedy works.
        assert_eq!(fs::read(&checkpoint).unwrap(), old);
        fs::write(&checkpoint, &latest).unwrap();
        let log = open(folder.path(), &key);
        assert_eq!(log.append(b"on".to_vec()).unwrap(), after);
        log.close().unwrap();
        assert!(verify(&Disk::new(folder.path()), &[&key.note_key()], &mut |_, _| ()).unwrap().is_valid());
    }
}

fn try_open(folder: &Path, key: &Key) -> Result<bartizan_evidence::log::Log, LogError> {
    bartizan_evidence::log::Log::open(
        std::sync::Arc::new(Disk::new(folder)),
        key.signer(),
        crate::support::clock(),
        bartizan_evidence::log::WriterOptions::default(),
    )
}

#[test]
fn an_older_copy_of_the_stored_log_is_not_written_on() {
    let key = Key::new();
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), &key, 5);
    let state = folder.path().join(".state");
    let old: Vec<Vec<u8>> =
        (0..2).map(|slot| fs::read(state.join(format!("journal.{slot}"))).unwrap()).collect();
    let log = open(folder.path(), &key);
    log.append(b"later".to_vec()).unwrap();
    log.close().unwrap();
    for (slot, bytes) in old.iter().enumerate() {
        fs::write(state.join(format!("journal.{slot}")), bytes).unwrap();
    }
    let opened = try_open(folder.path(), &key);
    assert!(matches!(opened.err(), Some(LogError::GoneBack { published: 6, stored: 5, .. })));
    // Without any journal the published log itself is what is written on.
    fs::remove_dir_all(&state).unwrap();
    let log = open(folder.path(), &key);
    assert_eq!(log.append(b"on".to_vec()).unwrap(), 6);
    log.close().unwrap();
    assert!(verify(&Disk::new(folder.path()), &[&key.note_key()], &mut |_, _| ()).unwrap().is_valid());
}
