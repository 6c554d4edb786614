//! `sign --scan` and `verify --scan`: one reading, one verdict over signature, scan and provenance.

use crate::support::{LFS_POINTER, Workplace, evil_pickle, good_pickle, good_safetensors};
use serde_json::Value;

const SIGN: [&str; 6] = ["sign", "model", "--key", "a.key", "--signature", "model.sig"];
const VERIFY: [&str; 8] =
    ["verify", "model", "--signature", "model.sig", "--key", "a.pub", "--format", "json"];

/// A harmless model and a key.
fn model() -> Workplace {
    let place = Workplace::new();
    place.write("model/model.safetensors", good_safetensors());
    place.write("model/list.pkl", good_pickle());
    assert_eq!(place.run(&["key", "generate", "--output", "a.key"]).code, 0);
    place
}

fn with<'a>(base: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [base, more].concat()
}

fn verdict(place: &Workplace, more: &[&str]) -> (i32, Value) {
    let ran = place.run(&with(&VERIFY, more));
    (ran.code, serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}")))
}

#[test]
fn what_is_scanned_and_signed_in_one_reading_is_valid_with_and_without_a_scan() {
    for hash in [vec![], vec!["--hash", "blake2b"], vec!["--hash", "blake3"], vec!["--shard-size", "7"]] {
        let place = model();
        let ran = place.run(&with(&with(&SIGN, &["--scan"]), &hash));
        assert_eq!(ran.code, 0, "{hash:?} {ran:?}");
        assert!(ran.out.contains("scanned    2 files, nothing found"), "{ran:?}");
        for more in [vec![], vec!["--scan"]] {
            let (code, json) = verdict(&place, &more);
            assert_eq!((code, &json["verdict"]), (0, &Value::from("valid")), "{hash:?} {more:?} {json}");
        }
        let (_, json) = verdict(&place, &["--scan"]);
        assert_eq!(json["scan"]["schema"], "bartizan.scan/1");
        assert_eq!((&json["files"], &json["provenance"]), (&Value::from(2), &Value::Array(vec![])));
    }
}

#[test]
fn a_dangerous_model_is_not_signed_unless_told() {
    let place = model();
    place.write("model/evil.pkl", evil_pickle());
    let ran = place.run(&with(&SIGN, &["--scan"]));
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("model/pickle-code-execution"), "{ran:?}");
    assert!(ran.err.contains("not signed") && ran.err.contains("--allow-findings"), "{ran:?}");
    assert!(!place.path().join("model.sig").exists());
    assert_eq!(place.run(&with(&SIGN, &["--scan", "--allow-findings"])).code, 0);
    // The signature is good, and the verdict is not.
    assert_eq!(verdict(&place, &[]).0, 0);
    let (code, json) = verdict(&place, &["--scan"]);
    assert_eq!((code, &json["verdict"]), (1, &Value::from("refused")));
    assert_eq!(json["refusals"][0]["kind"], "finding");
    assert!(json["reasons"][0].as_str().unwrap().contains("evil.pkl"), "{json}");
    let (code, json) = verdict(&place, &["--scan", "--allow-findings"]);
    assert_eq!((code, &json["verdict"]), (0, &Value::from("valid")));
}

#[test]
fn what_cannot_be_scanned_to_its_end_is_incomplete() {
    let place = model();
    place.write("model/weights.bin", LFS_POINTER);
    let ran = place.run(&with(&SIGN, &["--scan"]));
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("--allow-incomplete"), "{ran:?}");
    assert!(!place.path().join("model.sig").exists());
    assert_eq!(place.run(&with(&SIGN, &["--scan", "--allow-incomplete"])).code, 0);
    let (code, json) = verdict(&place, &["--scan"]);
    assert_eq!((code, &json["verdict"]), (3, &Value::from("incomplete")));
    assert_eq!(json["refusals"][0]["kind"], "incomplete");
    // A changed file outweighs what was not scanned.
    place.write("model/list.pkl", b"\x80\x02]q\x00(K\x01K\x03e.");
    assert_eq!(verdict(&place, &["--scan"]).0, 1);
}

#[test]
fn a_changed_byte_is_caught_by_the_digest_that_the_scan_gave() {
    let place = model();
    assert_eq!(place.run(&with(&SIGN, &["--scan"])).code, 0);
    place.write("model/list.pkl", b"\x80\x02]q\x00(K\x01K\x03e.");
    let (code, json) = verdict(&place, &["--scan"]);
    assert_eq!((code, &json["refusals"][0]["kind"]), (1, &Value::from("changed")), "{json}");
}

#[test]
fn one_verdict_says_who_made_the_model() {
    let place = model();
    let run = ["run", "--key", "a.key", "--output", "model", "--", "sh", "-c", "echo made > model/made.txt"];
    let ran = place.run(&run);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(place.run(&with(&SIGN, &["--scan"])).code, 0);
    let (code, json) = verdict(&place, &["--scan"]);
    assert_eq!(code, 0, "{json}");
    let made = json["provenance"].as_array().unwrap();
    let made =
        made.iter().find(|each| each["subject"] == "model/made.txt").unwrap_or_else(|| panic!("{json}"));
    assert_eq!(made["verified"], true);
    assert!(made["builder"].as_str().is_some_and(|builder| !builder.is_empty()), "{made}");
}

/// How often each file of the model is opened while the program runs, as the kernel counts.
#[cfg(target_os = "linux")]
fn openings(place: &Workplace, arguments: &[&str]) -> std::collections::BTreeMap<String, usize> {
    use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
    let inotify = Inotify::init(InitFlags::IN_NONBLOCK).unwrap();
    inotify.add_watch(&place.path().join("model"), AddWatchFlags::IN_OPEN).unwrap();
    let ran = place.run(arguments);
    assert_eq!(ran.code, 0, "{ran:?}");
    let mut counted = std::collections::BTreeMap::new();
    while let Ok(events) = inotify.read_events() {
        for event in events.into_iter().filter(|event| !event.mask.contains(AddWatchFlags::IN_ISDIR)) {
            if let Some(name) = event.name {
                *counted.entry(name.to_string_lossy().into_owned()).or_default() += 1;
            }
        }
    }
    counted
}

#[test]
#[cfg(target_os = "linux")]
fn every_file_is_opened_once_for_scan_and_signature_together() {
    let once = [("large.pkl".to_owned(), 1), ("list.pkl".to_owned(), 1), ("notes.txt".to_owned(), 1)];
    for more in [vec![], vec!["--hash", "blake3"], vec!["--shard-size", "100000"]] {
        let place = Workplace::new();
        place.write("model/list.pkl", good_pickle());
        place.write("model/notes.txt", "two layers");
        // Large enough to be mapped and digested beside its inspection.
        let mut large = b"\x80\x03B".to_vec();
        large.extend(3_000_000_u32.to_le_bytes());
        large.extend(vec![7; 3_000_000]);
        large.push(b'.');
        place.write("model/large.pkl", large);
        assert_eq!(place.run(&["key", "generate", "--output", "a.key"]).code, 0);
        let sign = with(&with(&SIGN, &["--scan"]), &more);
        assert_eq!(openings(&place, &sign), once.clone().into(), "{more:?}");
        assert_eq!(openings(&place, &with(&VERIFY, &["--scan"])), once.clone().into(), "{more:?}");
    }
}
