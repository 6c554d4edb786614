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

#[test]
fn a_checkpoint_that_was_put_back_is_incomplete_and_both_sizes_are_named() {
    let place = place_with_log();
    append(&place, 2);
    let checkpoint = place.path().join("store/log/checkpoint");
    let (older, kept) = (fs::read(&checkpoint).unwrap(), place.path().join("kept"));
    append(&place, 3);
    fs::copy(&checkpoint, &kept).unwrap();
    fs::write(&checkpoint, older).unwrap();
    let (code, said) = verdict(&place, &[]);
    assert_eq!((code, said["verdict"].as_str()), (3, Some("incomplete")), "{said}");
    let gap = said["incomplete"][0].as_str().unwrap();
    assert!(gap.contains("counts 2 entries") && gap.contains("lie there for 5"), "{gap}");
    // What was kept settles it.
    let (code, said) = verdict(&place, &["--checkpoint", "kept"]);
    assert_eq!((code, said["verdict"].as_str()), (1, Some("refused")), "{said}");
    let problem = said["reasons"][0]["problem"].as_str().unwrap();
    assert!(problem.contains("has 2 entries") && problem.contains("counts 5"), "{problem}");
    // The journal still has all five, so the log's own key puts it right.
    assert_eq!(place.run(&["log", "checkpoint", "store/log", "--key", "log.key"]).code, 0);
    assert_eq!(verdict(&place, &["--checkpoint", "kept"]).0, 0);
}

#[test]
fn a_proof_stands_for_the_envelope_it_was_made_for_and_no_other() {
    let place = place_with_log();
    append(&place, 1);
    let other = r#"{"payload":"e30=","payloadType":"text/plain","signatures":[{"sig":"AAAA"}]}"#;
    place.write("other.json", other);
    let prove = ["log", "prove", "store/log", "0", "--key", "log.vkey", "--output", "p.tlog-proof"];
    assert_eq!(place.run(&prove).code, 0);
    let check = |entry: &[&str]| {
        let mut all = vec!["log", "verify", "p.tlog-proof", "--key", "log.vkey", "--format", "json"];
        all.extend(entry);
        let ran = place.run(&all);
        (ran.code, serde_json::from_str::<serde_json::Value>(&ran.out).unwrap_or_default())
    };
    let (code, said) = check(&["--entry", "e.json"]);
    assert_eq!(
        (code, said["verdict"].as_str(), said["index"].as_u64()),
        (0, Some("valid"), Some(0)),
        "{said}"
    );
    assert_eq!(check(&["--envelope", "e.json"]).0, 0);
    let (code, alone) = check(&[]);
    assert_eq!((code, &alone["envelope"]), (0, &said["envelope"]));
    let (code, said) = check(&["--entry", "other.json"]);
    assert_eq!(code, 1);
    assert!(said["reasons"][0]["problem"].as_str().unwrap().contains("the proof is about sha256:"), "{said}");
    // Another entry in the proof is not the one that was logged.
    let proof = fs::read_to_string(place.path().join("p.tlog-proof")).unwrap();
    let extra = proof.lines().find(|line| line.starts_with("extra ")).unwrap();
    place.write("p.tlog-proof", proof.replace(extra, "extra e30="));
    assert_eq!(check(&[]).0, 1);
    place.write("p.tlog-proof", proof.replace(&format!("{extra}\n"), ""));
    assert_eq!(check(&[]).0, 2);
    let (code, said) = check(&["--entry", "e.json"]);
    assert_eq!(code, 1);
    assert!(said["reasons"][0]["problem"].as_str().unwrap().contains("carries no entry"), "{said}");
}

#[test]
fn a_proof_from_a_fork_is_shown_with_both_checkpoints() {
    let (place, fork) = (place_with_log(), Workplace::new());
    append(&place, 2);
    fs::copy(place.path().join("log.key"), fork.path().join("log.key")).unwrap();
    let init = ["log", "init", "store/log", "--origin", "example.com/log", "--key", "log.key"];
    assert_eq!(fork.run(&init).code, 0);
    fork.write("e.json", r#"{"payload":"e30=","payloadType":"text/plain","signatures":[{"sig":"AAAA"}]}"#);
    append(&fork, 2);
    fork.write("log.vkey", fs::read(place.path().join("log.vkey")).unwrap());
    let prove = ["log", "prove", "store/log", "1", "--key", "log.vkey", "--output", "p.tlog-proof"];
    assert_eq!(fork.run(&prove).code, 0);
    let kept = place.path().join("store/log/checkpoint");
    let kept = kept.to_str().unwrap();
    let check =
        ["log", "verify", "p.tlog-proof", "--entry", "e.json", "--key", "log.vkey", "--checkpoint", kept];
    let refused = fork.run(&check);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.out.contains("forked") && refused.out.matches("example.com/log\n  2\n").count() == 2,
        "{refused:?}"
    );
    append(&place, 1);
    let unknown = fork.run(&check);
    assert_eq!(unknown.code, 3, "{unknown:?}");
    assert!(unknown.out.contains("counts 3 entries, the proof's checkpoint 2"), "{unknown:?}");
}

/// The commands of the guide's first walk, run as they stand there.
#[cfg(unix)]
#[test]
fn the_walk_in_the_guide_holds() {
    let guide = include_str!("../../../../docs/src/guide/log.md");
    let walk = guide.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(walk.contains("log prove") && walk.contains("log verify release.tlog-proof"), "{walk}");
    let place = Workplace::new();
    place.write("my-model/weights.bin", [7; 100]);
    place.write("walk.sh", walk);
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_bartizan"));
    let path = std::env::join_paths(
        [program.parent().unwrap().to_owned()]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut shell = std::process::Command::new("sh");
    shell.args(["-e", "walk.sh"]).current_dir(place.path()).env("PATH", path.unwrap());
    let ran =
        crate::support::Ran::of(&shell.env("XDG_CONFIG_HOME", place.path().join("home")).output().unwrap());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.out.matches("\nvalid\n").count(), 2, "{ran:?}");
}

#[test]
fn a_clock_that_went_back_is_named_with_the_log_and_nothing_is_logged() {
    let place = place_with_log();
    // As written by a machine whose clock was wrong.
    let digest = format!("sha256:{}", "ab".repeat(32));
    place.write(
        "later",
        format!(
            r#"{{"envelope":"{digest}","payloadType":"application/json","time":"2199-01-01T00:00:00Z"}}"#
        ),
    );
    assert_eq!(place.run(&["log", "append", "store/log", "later", "--raw", "--key", "log.key"]).code, 0);
    let refused = place.run(&["log", "append", "store/log", "e.json", "--key", "log.key"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    for part in ["clock has gone back", "store/log", "2199-01-01T00:00:00Z", "set this"] {
        assert!(refused.err.contains(part), "{part}: {}", refused.err);
    }
    assert_eq!(verdict(&place, &[]).1["size"], 1);
    let going_on =
        place.run(&["log", "append", "store/log", "e.json", "--key", "log.key", "--clock-was-wrong"]);
    assert_eq!(going_on.code, 0, "{going_on:?}");
    // From there on the log goes on as ever.
    assert_eq!(place.run(&["log", "append", "store/log", "e.json", "--key", "log.key"]).code, 0);
    let (code, said) = verdict(&place, &[]);
    let warning = said["warnings"][0].as_str().unwrap();
    assert!(
        code == 0 && warning.contains("entry 1 says 20") && warning.contains(", entry 0 before it 2199"),
        "{said}"
    );
}
