//! `bartizan log`: begin, append, prove, verify; what a damaged log, a wrong key and a fork look like from outside.

use crate::support::Workplace;
use std::fs;

/// A place with a key, an empty log, its verifier key in `log.vkey`, and an envelope.
fn place_with_log() -> Workplace {
    let place = Workplace::new();
    assert_eq!(place.run(&["key", "generate", "--algorithm", "ed25519", "--output", "log.key"]).code, 0);
    let made = place.run(&["log", "init", "store/log", "--origin", "example.com/log", "--key", "log.key"]);
    assert_eq!(made.code, 0, "{made:?}");
    place.write("log.vkey", made.out);
    place.write(
        "e.json",
        r#"{"payload":"e30=","payloadType":"application/json","signatures":[{"sig":"AAAA"}]}"#,
    );
    place
}

fn append(place: &Workplace, count: usize) {
    let mut arguments = vec!["log", "append", "store/log", "--key", "log.key"];
    arguments.extend(std::iter::repeat_n("e.json", count));
    let ran = place.run(&arguments);
    assert_eq!(ran.code, 0, "{ran:?}");
}

fn verdict(place: &Workplace, more: &[&str]) -> (i32, serde_json::Value) {
    let mut arguments = vec!["log", "verify", "store/log", "--key", "log.vkey", "--format", "json"];
    arguments.extend(more);
    let ran = place.run(&arguments);
    (ran.code, serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}")))
}

#[test]
fn a_log_is_begun_appended_to_and_verified() {
    let place = place_with_log();
    append(&place, 3);
    append(&place, 2);
    let (code, said) = verdict(&place, &[]);
    assert_eq!((code, said["verdict"].as_str(), said["size"].as_u64()), (0, Some("valid"), Some(5)));
    let again = place.run(&["log", "init", "store/log", "--origin", "example.com/log", "--key", "log.key"]);
    assert_eq!(again.code, 2, "{again:?}");
    let blobs = fs::read_dir(place.path().join("store/blobs")).unwrap();
    assert!(blobs.count() > 0);
}

#[test]
fn a_proof_stands_for_its_entry_alone() {
    let place = place_with_log();
    append(&place, 4);
    let proven =
        place.run(&["log", "prove", "store/log", "2", "--key", "log.vkey", "--output", "p.tlog-proof"]);
    assert_eq!(proven.code, 0, "{proven:?}");
    let lines = place.run(&["log", "export", "store/log", "--key", "log.vkey"]).out;
    let line: serde_json::Value = serde_json::from_str(lines.lines().nth(2).unwrap()).unwrap();
    place.write("entry", line["entry"].as_str().unwrap());
    let check = ["log", "verify", "p.tlog-proof", "--entry", "entry", "--key", "log.vkey"];
    assert_eq!(place.run(&check).code, 0);
    place.write("entry", "another");
    let refused = place.run(&check);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert_eq!(place.run(&["log", "prove", "store/log", "4", "--key", "log.vkey"]).code, 2);
}

#[test]
fn a_flipped_byte_is_refused_and_its_file_named() {
    let place = place_with_log();
    append(&place, 3);
    for name in ["tile/0/000.p/3", "tile/entries/000.p/3", "checkpoint"] {
        let path = place.path().join("store/log").join(name);
        let whole = fs::read(&path).unwrap();
        let mut damaged = whole.clone();
        damaged[20] ^= 1;
        fs::write(&path, damaged).unwrap();
        let (code, said) = verdict(&place, &[]);
        assert_eq!((code, said["verdict"].as_str()), (1, Some("refused")), "{name}");
        assert_eq!(said["reasons"][0]["path"], name);
        fs::write(&path, whole).unwrap();
    }
    assert_eq!(verdict(&place, &[]).0, 0);
}

#[test]
fn another_key_or_no_log_is_told_apart() {
    let place = place_with_log();
    let other = place_with_log();
    fs::copy(other.path().join("log.vkey"), place.path().join("other.vkey")).unwrap();
    assert_eq!(place.run(&["log", "verify", "store/log", "--key", "other.vkey"]).code, 1);
    assert_eq!(place.run(&["log", "verify", "nowhere", "--key", "log.vkey"]).code, 2);
    assert_eq!(place.run(&["log", "verify", "store/log", "--key", "no+key"]).code, 2);
}

#[test]
fn a_fork_is_refused_with_both_checkpoints() {
    let place = place_with_log();
    append(&place, 2);
    fs::copy(place.path().join("store/log/checkpoint"), place.path().join("kept")).unwrap();
    fs::remove_dir_all(place.path().join("store/log")).unwrap();
    let made = place.run(&["log", "init", "store/log", "--origin", "example.com/log", "--key", "log.key"]);
    assert_eq!(made.code, 0, "{made:?}");
    place.write("e.json", r#"{"payload":"e30=","payloadType":"text/plain","signatures":[{"sig":"AAAA"}]}"#);
    append(&place, 3);
    assert_eq!(verdict(&place, &[]).0, 0);
    let (code, said) = verdict(&place, &["--checkpoint", "kept"]);
    assert_eq!(code, 1);
    let problem = said["reasons"][0]["problem"].as_str().unwrap();
    assert!(problem.contains("forked") && problem.matches("example.com/log\n2\n").count() == 2, "{problem}");
}
