//! What happens when a file cannot be written to its end: an error that says so, and nothing half-written.

use crate::support::{Ran, Workplace};
use std::process::Command;

/// Runs the program with files limited to some blocks of 512 bytes.
fn limited(place: &Workplace, blocks: u32, arguments: &[&str]) -> Ran {
    let program = place.program(arguments);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -f {blocks}; exec \"$@\""), "sh"]).arg(program.get_program());
    shell.args(arguments).current_dir(place.path());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    Ran::of(&shell.output().unwrap())
}

/// Names of all files in the place, sorted.
fn files(place: &Workplace) -> Vec<String> {
    let listed = std::fs::read_dir(place.path()).unwrap();
    let mut names: Vec<String> =
        listed.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn is_told(ran: &Ran, file: &str) {
    assert_eq!(ran.code, 2, "{ran:?}");
    for part in ["cannot write", file, "File too large", "ulimit -f"] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
}

#[test]
fn a_signature_beyond_the_limit_on_file_sizes_is_an_error_and_the_older_one_stays() {
    let place = Workplace::new();
    place.write("model/weights.bin", [7; 100]);
    assert_eq!(place.run(&["key", "generate", "--output", "a.key"]).code, 0);
    let before = files(&place);
    let sign = ["sign", "model", "--key", "a.key", "--no-cache"];
    is_told(&limited(&place, 1, &sign), "model.sig");
    assert_eq!(files(&place), before);
    assert_eq!(limited(&place, 100, &sign).code, 0);
    let signed = std::fs::read(place.path().join("model.sig")).unwrap();
    is_told(&limited(&place, 1, &sign), "model.sig");
    assert_eq!(std::fs::read(place.path().join("model.sig")).unwrap(), signed);
    assert_eq!(place.run(&["verify", "model", "--key", "a.pub"]).code, 0);
}

#[test]
fn a_proof_beyond_the_limit_and_a_log_that_cannot_grow_are_left_as_they_were() {
    let place = Workplace::new();
    place.write(
        "e.json",
        r#"{"payload":"e30=","payloadType":"application/json","signatures":[{"sig":"AAAA"}]}"#,
    );
    assert_eq!(place.run(&["key", "generate", "--algorithm", "ed25519", "--output", "log.key"]).code, 0);
    let made = place.run(&["log", "init", "s/log", "--origin", "example.com/log", "--key", "log.key"]);
    place.write("log.vkey", made.out);
    let append = ["log", "append", "s/log", "e.json", "e.json", "e.json", "--key", "log.key"];
    assert_eq!(place.run(&append).code, 0);
    let before = files(&place);
    is_told(
        &limited(&place, 0, &["log", "prove", "s/log", "1", "--key", "log.vkey", "--output", "p.tlog-proof"]),
        "p.tlog-proof",
    );
    assert_eq!(files(&place), before);
    let refused = limited(&place, 1, &append);
    assert!(refused.code == 2 && refused.err.contains("cannot write"), "{refused:?}");
    let verify = ["log", "verify", "s/log", "--key", "log.vkey"];
    let ran = place.run(&verify);
    assert!(ran.code == 0 && ran.out.contains("entries  3"), "{ran:?}");
    assert_eq!(place.run(&append).code, 0);
    assert!(place.run(&verify).out.contains("entries  6"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named() {
    let place = Workplace::new();
    place.write("model/weights.bin", [7; 100]);
    assert_eq!(place.run(&["key", "generate", "--output", "a.key"]).code, 0);
    let ran = place.run(&["sign", "model", "--key", "a.key", "--signature", "/dev/full", "--no-cache"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    for part in ["cannot write /dev/full", "No space left", "free space"] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
}
