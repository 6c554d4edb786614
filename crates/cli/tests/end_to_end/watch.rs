//! `bartizan gate --watch FOLDER`: a line for what comes, and another when it, or what is known of it, changes.

use crate::gate::project;
use crate::support::good_pickle;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

#[test]
fn each_artifact_gets_a_verdict_once_and_again_when_evidence_comes() {
    let place = project();
    std::fs::create_dir(place.path().join("releases")).unwrap();
    place.write("releases/.hidden", "x");
    place.write("releases/notes.toml", "x");
    let watch = ["gate", "--watch", "releases", "--policy", "baseline", "--every-ms", "20"];
    let mut process = place.program(&watch).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    place.write("releases/list.pkl", good_pickle());
    let first = next();
    assert_eq!(
        (&first["schema"], &first["artifact"]),
        (&"bartizan.gate-watch/1".into(), &"releases/list.pkl".into())
    );
    assert_eq!(
        (&first["verdict"], &first["reasons"][0]["rule"]),
        (&"deny".into(), &"evidence/signature".into())
    );
    assert_eq!(place.run(&["sign", "releases/list.pkl", "--key", "bartizan.key"]).code, 0);
    // Its bytes and its name are those of a file that was scanned: the signature was all that was missing. Signing logs a statement as well, so
    // that one more line may say what was there before.
    let mut then = next();
    while then["verdict"] == "deny" {
        then = next();
    }
    assert_eq!((&then["verdict"], &then["digest"]), (&"allow".into(), &first["digest"]), "{then}");
    let _ = process.kill();
    let _ = process.wait();
    let once = place.run(&["gate", "--watch", "releases", "--looks", "1"]);
    assert_eq!((once.code, once.out.lines().count()), (0, 1), "{once:?}");
    assert_eq!(place.run(&["gate", "--watch", "nowhere"]).code, 2);
}

#[test]
fn what_stays_as_it_is_is_decided_about_again_when_its_time_has_come() {
    let place = project();
    std::fs::create_dir(place.path().join("releases")).unwrap();
    place.write("releases/new.pkl", good_pickle());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let rego = format!(
        "package bartizan.gate\n\ndeny contains \"too late\" if time.now_ns() >= {}\n",
        (u128::from(now) + 5) * 1_000_000_000
    );
    place.write("late.rego", rego.as_bytes());
    let watch =
        ["gate", "--watch", "releases", "--policy", "late.rego", "--every-ms", "20", "--again-ms", "50"];
    let mut process = place.program(&watch).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    // The second line comes although file, policy and store are what they were; looks in between wrote none.
    let (first, then) = (next(), next());
    assert_eq!((&first["verdict"], &then["verdict"]), (&"allow".into(), &"deny".into()), "{first} {then}");
    assert_eq!((&first["digest"], &then["reasons"][0]["message"]), (&then["digest"], &"too late".into()));
    let _ = process.kill();
    let _ = process.wait();
}

#[test]
fn what_comes_and_goes_between_two_looks_is_no_error() {
    let place = project();
    std::fs::create_dir(place.path().join("releases")).unwrap();
    let watch = ["gate", "--watch", "releases", "--policy", "baseline", "--every-ms", "1", "--looks", "60"];
    let process = place.program(&watch).stdout(Stdio::piped()).spawn().unwrap();
    let upload = place.path().join("releases/upload");
    let finished = std::thread::spawn(move || process.wait_with_output().unwrap());
    while !finished.is_finished() {
        std::fs::write(&upload, "half of a model").unwrap();
        std::thread::yield_now();
        std::fs::remove_file(&upload).unwrap();
    }
    let out = String::from_utf8(finished.join().unwrap().stdout).unwrap();
    for line in out.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["verdict"], "deny", "{line}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_no_text_is_an_error_and_not_passed_over() {
    use std::os::unix::ffi::OsStrExt as _;
    let place = project();
    let releases = place.path().join("releases");
    std::fs::create_dir(&releases).unwrap();
    std::fs::write(releases.join(std::ffi::OsStr::from_bytes(b"m\xff.pkl")), good_pickle()).unwrap();
    let once = place.run(&["gate", "--watch", "releases", "--looks", "1"]);
    let line: Value = serde_json::from_str(once.out.trim()).unwrap();
    assert_eq!((once.code, &line["verdict"]), (1, &"error".into()), "{once:?}");
}
