//! A verifier written in Python from the specifications agrees with ours, on a whole log, a proof, and a damaged log.

use crate::support::{Key, entry, make};
use bartizan_evidence::log::LogReader;
use bartizan_evidence::log::storage::Disk;
use std::fs;
use std::process::Command;

#[test]
fn an_independent_verifier_agrees() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: there is no python3");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let key = Key::new();
    make(&log, &key, 700);
    let disk = Disk::new(&log);
    let reader = LogReader::open(&disk, &[&key.note_key()]).unwrap();
    let (proof, content) = (folder.path().join("p.tlog-proof"), folder.path().join("entry"));
    fs::write(&proof, reader.prove(555).unwrap().to_string()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/independent/verify_log.py");
    let run = |proven: u64| {
        fs::write(&content, entry(proven)).unwrap();
        let mut command = Command::new("python3");
        command.arg(script).arg(&log).arg(key.note_key().to_string()).arg(&proof).arg(&content);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert_eq!(run(555), (Some(0), "valid: 700 entries\nvalid: entry 555 of 700\n".to_owned()));
    assert_eq!(run(554).0, Some(1));
    for name in ["tile/entries/001", "tile/0/000", "tile/1/000.p/2", "checkpoint"] {
        let whole = fs::read(log.join(name)).unwrap();
        let mut damaged = whole.clone();
        damaged[40] ^= 1;
        fs::write(log.join(name), damaged).unwrap();
        let (code, said) = run(555);
        assert_eq!(code, Some(1), "{name}: {said}");
        fs::write(log.join(name), whole).unwrap();
    }
}
