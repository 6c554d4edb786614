//! Evidence that does not hold, case by case: the exit code, who or what it is about, what to do, and that nothing was written.

use crate::certificates::certified;
use crate::support::{Ran, Workplace};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Every file below a folder with its bytes.
fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Runs a command that must end with `code`, name every one of `parts`, and change nothing.
fn ends(place: &Workplace, code: i32, line: &str, parts: &[&str]) -> Ran {
    let before = content(place.path());
    let ran = place.run(&line.split(' ').collect::<Vec<_>>());
    assert_eq!(ran.code, code, "{line}: {ran:?}");
    for part in parts {
        assert!(ran.out.contains(part) || ran.err.contains(part), "{line} does not say `{part}`: {ran:?}");
    }
    assert_eq!(content(place.path()), before, "{line} changed something");
    ran
}

fn does(place: &Workplace, line: &str) -> Ran {
    let ran = place.run(&line.split(' ').collect::<Vec<_>>());
    assert_eq!(ran.code, 0, "{line}: {ran:?}");
    ran
}

/// A signed model and a log with two entries.
fn place() -> Workplace {
    let place = Workplace::new();
    place.write("model/weights.bin", [7; 100]);
    place.write(
        "e.json",
        r#"{"payload":"e30=","payloadType":"application/json","signatures":[{"sig":"AAAA"}]}"#,
    );
    does(&place, "key generate --output a.key");
    does(&place, "key generate --output b.key");
    does(&place, "sign model --key a.key --no-cache");
    does(&place, "key generate --algorithm ed25519 --output log.key");
    let vkey = does(&place, "log init s/log --origin example.com/log --key log.key").out;
    place.write("log.vkey", vkey);
    does(&place, "log append s/log e.json e.json --key log.key");
    place
}

#[test]
fn another_key() {
    let place = place();
    ends(
        &place,
        1,
        "verify model --key b.pub --no-cache",
        &["refused", "not by the given key", "names key", "give its public half with --key"],
    );
    does(&place, "key generate --algorithm ed25519 --output other.key");
    let vkey = does(&place, "log init t/log --origin example.com/log --key other.key").out;
    place.write("other.vkey", vkey);
    ends(
        &place,
        1,
        "log verify s/log --key other.vkey",
        &["refused", "checkpoint", "not signed by example.com/log", "ask the log's operator"],
    );
    ends(&place, 2, "log append s/log e.json --key other.key", &["s/log"]);
    ends(&place, 2, "sign model --key none.key", &["none.key", "check the path"]);
}

#[test]
fn an_expired_chain() {
    let place = certified(2021, 2022);
    ends(
        &place,
        2,
        "sign model --key signer.key --certificate signer.pem --no-cache",
        &["Signer of models", "valid until 2022", "--allow-expired"],
    );
    does(&place, "sign model --key signer.key --certificate signer.pem --allow-expired --no-cache");
    ends(
        &place,
        1,
        "verify model --certificate-chain root.pem --no-cache",
        &["Signer of models", "expired on 2022", "signed anew"],
    );
}

#[test]
fn an_unknown_predicate() {
    use base64::Engine as _;
    let place = place();
    let bundle: serde_json::Value =
        serde_json::from_slice(&fs::read(place.path().join("model.sig")).unwrap()).unwrap();
    // Signed by the right key, about something else than a model's files.
    place.write("predicate.json", "{}");
    let line = "attest model --type https://example.com/later/v9 --predicate predicate.json --key a.key --output other.json";
    let warned = does(&place, line);
    assert!(warned.err.contains("`https://example.com/later/v9` is not known"), "{warned:?}");
    let mut other = bundle.clone();
    other["dsseEnvelope"] =
        serde_json::from_slice(&fs::read(place.path().join("other.json")).unwrap()).unwrap();
    place.write("other.sig", other.to_string());
    ends(
        &place,
        1,
        "verify model --signature other.sig --key a.pub --no-cache",
        &[
            "https://example.com/later/v9",
            "no model signature",
            "https://model_signing/signature/v1.0",
            "with --signature",
        ],
    );
    // A type that was changed after signing is no longer signed.
    let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
    let statement = base64::engine::general_purpose::STANDARD.decode(payload).unwrap();
    let changed = String::from_utf8(statement).unwrap().replace("signature/v1.0", "signature/v9.0");
    let mut forged = bundle;
    forged["dsseEnvelope"]["payload"] = base64::engine::general_purpose::STANDARD.encode(changed).into();
    place.write("forged.sig", forged.to_string());
    ends(
        &place,
        1,
        "verify model --signature forged.sig --key a.pub --no-cache",
        &["changed after signing", "from whoever signed"],
    );
}

#[test]
fn a_truncated_bundle_envelope_or_proof() {
    let place = place();
    does(&place, "log prove s/log 1 --key log.vkey --output p.tlog-proof");
    let cut = |name: &str| {
        let bytes = fs::read(place.path().join(name)).unwrap();
        place.write(&format!("cut.{name}"), &bytes[..bytes.len() / 2]);
    };
    for name in ["model.sig", "e.json", "p.tlog-proof"] {
        cut(name);
    }
    ends(
        &place,
        1,
        "verify model --signature cut.model.sig --key a.pub --no-cache",
        &["damaged or cut short", "get it anew"],
    );
    ends(&place, 2, "log append s/log cut.e.json --key log.key", &["cut.e.json", "not a DSSE envelope"]);
    ends(&place, 1, "log verify cut.p.tlog-proof --key log.vkey --entry e.json", &["cut.p.tlog-proof"]);
}

#[test]
fn a_fork() {
    let (place, fork) = (place(), Workplace::new());
    fork.write("log.key", fs::read(place.path().join("log.key")).unwrap());
    fork.write("e.json", r#"{"payload":"e30=","payloadType":"text/plain","signatures":[{"sig":"AAAA"}]}"#);
    does(&fork, "log init s/log --origin example.com/log --key log.key");
    does(&fork, "log append s/log e.json e.json e.json --key log.key");
    place.write("kept", fs::read(fork.path().join("s/log/checkpoint")).unwrap());
    let shorter =
        ends(&place, 1, "log verify s/log --key log.vkey --checkpoint kept", &["has 2 entries", "counts 3"]);
    assert!(shorter.out.contains("kept:"), "{shorter:?}");
    does(&place, "log append s/log e.json --key log.key");
    let forked = ends(
        &place,
        1,
        "log verify s/log --key log.vkey --checkpoint kept",
        &["the log `example.com/log` is forked", "keep both"],
    );
    let roots: Vec<&str> = forked.out.lines().filter(|line| line.trim_end().ends_with('=')).collect();
    assert!(roots.len() >= 3 && roots[1] != roots[2], "{roots:?}");
}

#[test]
fn a_clock_that_went_back() {
    let place = place();
    let later = format!(
        r#"{{"envelope":"sha256:{}","payloadType":"application/json","time":"2199-01-01T00:00:00Z"}}"#,
        "ab".repeat(32)
    );
    place.write("later", later);
    does(&place, "log append s/log later --raw --key log.key");
    let parts = ["the clock has gone back", "s/log", "2199-01-01T00:00:00Z", "set this"];
    ends(&place, 2, "log append s/log e.json --key log.key", &parts);
}

#[test]
fn a_checkpoint_that_was_put_back() {
    let place = place();
    let older = fs::read(place.path().join("s/log/checkpoint")).unwrap();
    does(&place, "log append s/log e.json --key log.key");
    place.write("s/log/checkpoint", older);
    let parts = ["incomplete", "counts 2 entries", "for 3", "log checkpoint s/log --key FILE"];
    ends(&place, 3, "log verify s/log --key log.vkey", &parts);
    // Nobody knows how far the log went once the writer's own files are gone too; the tiles still tell.
    fs::remove_dir_all(place.path().join("s/log/.state")).unwrap();
    let before = fs::read(place.path().join("s/log/checkpoint")).unwrap();
    let refused = place.run(&["log", "append", "s/log", "e.json", "--key", "log.key"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    for part in [
        "was put back to an older state",
        "counts 2 entries",
        "of a log of 3",
        "Put the latest checkpoint back",
    ] {
        assert!(refused.err.contains(part), "{refused:?}");
    }
    assert_eq!(fs::read(place.path().join("s/log/checkpoint")).unwrap(), before);
}
