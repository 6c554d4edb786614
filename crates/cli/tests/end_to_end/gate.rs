//! `bartizan gate`: what is let through, what is not and why, in the project of a user who scans, signs and logs.

use crate::support::{Ran, Workplace, evil_pickle, good_pickle, good_safetensors};
use serde_json::{Value, json};

/// A model, a key, a scan in the log and a signature beside the model.
pub(crate) fn project() -> Workplace {
    let place = Workplace::new();
    place.write("model/weights.safetensors", good_safetensors());
    place.write("model/list.pkl", good_pickle());
    for line in ["key generate", "scan model --attest -q", "sign model --key bartizan.key"] {
        let ran = run(&place, line);
        assert_eq!(ran.code, 0, "{line}: {ran:?}");
    }
    place
}

fn run(place: &Workplace, line: &str) -> Ran {
    place.run(&line.split(' ').collect::<Vec<_>>())
}

/// Exit code and decision of `gate model` with more arguments.
pub(crate) fn gate(place: &Workplace, more: &[&str]) -> (i32, Value) {
    let ran = place.run(&[&["gate", "model", "--format", "json"], more].concat());
    let json = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    (ran.code, json)
}

/// Rules of the reasons that deny and of what is missing.
fn rules(decision: &Value) -> Vec<&str> {
    let of = |list: &'static str| decision[list].as_array().unwrap().iter();
    let reasons = of("reasons").filter(|each| each["effect"] == "deny");
    reasons.chain(of("missing")).map(|each| each["rule"].as_str().unwrap()).collect()
}

/// Signs a predicate about the model's files, and keeps and logs it.
fn attest(place: &Workplace, artifact: &str, kind: &str, predicate: &Value, key: &str) {
    place.write("predicate.json", predicate.to_string());
    let ran = place.run(&["attest", artifact, "--type", kind, "--predicate", "predicate.json", "--key", key]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";
const WAIVER: &str = "urn:bartizan:predicate:waiver:v1";

/// A scan as somebody would state it, finished on a day.
fn scan_of(result: &str, finished: &str) -> Value {
    json!({"result": result, "configuration": [{"name": "bartizan-rules"}], "finished": finished})
}

#[test]
fn what_is_scanned_signed_and_logged_is_let_through_in_the_form_scripts_rely_on() {
    let place = project();
    let (code, decision) = gate(&place, &["--policy", "baseline"]);
    assert_eq!((code, &decision["verdict"]), (0, &json!("allow")), "{decision}");
    assert_eq!((&decision["reasons"], &decision["missing"]), (&json!([]), &json!([])));
    assert!(decision["policy_digest"].as_str().unwrap().starts_with("sha256:"));
    let statements = decision["statements"].as_array().unwrap();
    assert_eq!((statements.len(), &statements[0]["kind"]), (1, &json!("scan")));
    // One file of it alone, and its digest, have the scan; the digest needs no signature over files.
    let digest = run(&place, "gate model --show-input").out;
    let input: Value = serde_json::from_str(&digest).unwrap();
    let digest = input["artifact"]["files"][0]["digest"].as_str().unwrap().to_owned();
    assert_eq!(place.run(&["gate", &digest]).code, 0);
    assert_eq!(run(&place, "gate model/list.pkl").code, 1);
    assert_eq!(run(&place, "sign model/list.pkl --key bartizan.key").code, 0);
    assert_eq!(run(&place, "gate model/list.pkl").code, 0);
}

#[test]
fn a_flipped_byte_denies_also_when_size_and_time_stay() {
    let place = project();
    let path = place.path().join("model/list.pkl");
    let time = std::fs::metadata(&path).unwrap().modified().unwrap();
    place.write("model/list.pkl", b"\x80\x02]q\x00(K\x01K\x03e.");
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    let (code, decision) = gate(&place, &[]);
    assert_eq!((code, &decision["verdict"]), (1, &json!("deny")));
    assert_eq!(rules(&decision), ["signature/refused", "evidence/scan"], "{decision}");
    assert!(decision["missing"][0]["message"].as_str().unwrap().contains("list.pkl"));
}

#[test]
fn a_file_that_was_added_a_link_and_an_empty_folder_deny() {
    let place = project();
    place.write("model/extra.bin", "more");
    assert_eq!(rules(&gate(&place, &[]).1), ["signature/refused", "evidence/scan"]);
    std::fs::remove_file(place.path().join("model/extra.bin")).unwrap();
    assert_eq!(gate(&place, &[]).0, 0);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", place.path().join("model/broken")).unwrap();
        assert!(rules(&gate(&place, &[]).1).contains(&"artifact/unread"));
    }
    std::fs::create_dir(place.path().join("void")).unwrap();
    assert_eq!(run(&place, "gate void").code, 1);
}

#[test]
fn without_signature_scan_or_store_it_denies_and_says_what_is_missing() {
    let place = project();
    std::fs::remove_file(place.path().join("model.sig")).unwrap();
    assert_eq!(rules(&gate(&place, &[]).1), ["evidence/signature"]);
    let bare = Workplace::new();
    bare.write("model/list.pkl", good_pickle());
    let (code, decision) = gate(&bare, &[]);
    assert_eq!(code, 1);
    assert_eq!(rules(&decision), ["evidence/log", "evidence/scan", "evidence/signature"]);
    assert!(!bare.path().join(".bartizan").exists());
    assert_eq!(run(&bare, "gate nothing-there").code, 2);
    assert_eq!(run(&bare, "gate model --store nowhere").code, 2);
}

#[test]
fn what_a_key_signed_that_nobody_trusts_does_not_count() {
    let place = Workplace::new();
    place.write("model/list.pkl", good_pickle());
    for line in [
        "key generate",
        "key generate --output other.key",
        "sign model --key bartizan.key",
        // The store believes the first key that signs in it.
        "waive model --rule a/b --any-rule --owner me --reason test --expires 2027-01-31 --key bartizan.key",
        "scan model --attest -q --key other.key",
    ] {
        let line = if line.starts_with("waive") {
            line.replace("2027-01-31", &in_days(20))
        } else {
            line.to_owned()
        };
        assert_eq!(run(&place, &line).code, 0, "{line}");
    }
    let (code, decision) = gate(&place, &[]);
    assert_eq!((code, rules(&decision)), (1, vec!["evidence/scan"]));
    let rejected = &decision["rejected"][0];
    assert_eq!((&rejected["reason"], &rejected["kind"]), (&json!("unknown-key"), &json!("scan")));
    assert_eq!(decision["missing"][0]["candidates"][0]["id"], rejected["id"]);
    // Whoever says so for this decision believes it.
    assert_eq!(gate(&place, &["--trust", "other.pub"]).0, 0);
}

/// The day that many days from now.
fn in_days(days: i64) -> String {
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let day = i64::try_from(seconds).unwrap() / 86_400 + days;
    // Days since 1970 as a date: Howard Hinnant, "chrono-compatible low-level date algorithms".
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (d, m) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    format!("{:04}-{m:02}-{d:02}", yoe + era * 400 + i64::from(m <= 2))
}

#[test]
fn a_project_that_came_from_elsewhere_proves_nothing_until_its_keys_are_confirmed() {
    let place = project();
    let elsewhere = tempfile::tempdir().unwrap();
    let ran = |more: &[&str]| {
        let all = [&["gate", "model", "--format", "json"], more].concat();
        let output = place.program(&all).env("XDG_CONFIG_HOME", elsewhere.path()).output().unwrap();
        let ran = Ran::of(&output);
        (ran.code, serde_json::from_str::<Value>(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}")))
    };
    let (code, decision) = ran(&[]);
    assert_eq!(code, 1);
    assert_eq!(decision["rejected"][0]["reason"], "unconfirmed-key");
    assert_eq!(rules(&decision), ["signature/refused", "evidence/log", "evidence/scan"]);
    // The key alone is not enough: whoever keeps the log may have left things out.
    let (code, decision) = ran(&["--trust", "bartizan.pub"]);
    assert_eq!((code, &decision["rejected"][0]["reason"]), (1, &json!("unlogged")));
    let both = ["--trust", "bartizan.pub", "--trust-log", ".bartizan/log.vkey"];
    assert_eq!(ran(&both).0, 0);
}

#[test]
fn a_statement_that_is_in_no_log_does_not_count() {
    let place = project();
    for name in ["log", "log.vkey", "log.key"] {
        let path = place.path().join(".bartizan").join(name);
        let removed =
            if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        removed.unwrap();
    }
    let (code, decision) = gate(&place, &[]);
    assert_eq!((code, &decision["rejected"][0]["reason"]), (1, &json!("unlogged")), "{decision}");
    assert_eq!(rules(&decision), ["evidence/log", "evidence/scan"]);
}

#[test]
fn an_envelope_that_the_log_names_and_the_store_lost_denies() {
    let place = project();
    let (_, decision) = gate(&place, &[]);
    let id = decision["statements"][0]["id"].as_str().unwrap().trim_start_matches("sha256:").to_owned();
    let mut removed = 0;
    let mut folders = vec![place.path().join(".bartizan/blobs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.to_string_lossy().replace('/', "").ends_with(&id) || entry.ends_with(&id) {
                std::fs::remove_file(entry).unwrap();
                removed += 1;
            }
        }
    }
    assert_eq!(removed, 1);
    let (code, decision) = gate(&place, &[]);
    assert_eq!((code, rules(&decision)), (1, vec!["evidence/log-gap", "evidence/scan"]));
}

#[test]
fn an_old_scan_is_stale_and_one_without_a_time_as_well() {
    let place = Workplace::new();
    place.write("model/list.pkl", good_pickle());
    assert_eq!(run(&place, "key generate").code, 0);
    assert_eq!(run(&place, "sign model --key bartizan.key").code, 0);
    attest(&place, "model", TEST_RESULT, &scan_of("PASSED", "2020-01-01T00:00:00Z"), "bartizan.key");
    assert_eq!(rules(&gate(&place, &[]).1), ["evidence/stale-scan"]);
    assert_eq!(gate(&place, &["--set", "scan_max_age_days=100000"]).0, 0);
    let (code, decision) = gate(&place, &["--set", "scan_max_age_days=100000", "--max-age-days", "30"]);
    assert_eq!((code, &decision["rejected"][0]["reason"]), (1, &json!("stale")));
    attest(
        &place,
        "model",
        TEST_RESULT,
        &json!({"result": "PASSED", "configuration": [{"name": "bartizan-rules"}]}),
        "bartizan.key",
    );
    assert_eq!(rules(&gate(&place, &["--set", "scan_max_age_days=100000"]).1), ["evidence/stale-scan"]);
    attest(&place, "model", TEST_RESULT, &scan_of("PASSED", "2120-01-01T00:00:00Z"), "bartizan.key");
    let (_, decision) = gate(&place, &[]);
    assert!(decision["rejected"].as_array().unwrap().iter().any(|each| each["reason"] == "future"));
}

#[test]
fn the_last_scan_counts_and_a_waiver_takes_out_one_rule_for_one_file_in_one_environment() {
    let place = Workplace::new();
    place.write("model/evil.pkl", evil_pickle());
    assert_eq!(run(&place, "key generate").code, 0);
    assert_eq!(run(&place, "sign model --key bartizan.key").code, 0);
    assert_eq!(run(&place, "scan model --attest -q").code, 1);
    let (code, decision) = gate(&place, &["--env", "production"]);
    assert_eq!((code, rules(&decision)), (1, vec!["model/pickle-code-execution"]));
    assert_eq!(decision["reasons"][0]["subject"], "evil.pkl");
    let waive = |rule: &str, env: &str| {
        let expires = in_days(30);
        place.run(&[
            "waive",
            "model",
            "--rule",
            rule,
            "--env",
            env,
            "--owner",
            "me@example.org",
            "--reason",
            "known, replaced next month",
            "--expires",
            &expires,
        ])
    };
    let misspelt = waive("model/pickle-code-executon", "production");
    assert_eq!(misspelt.code, 2);
    assert!(misspelt.err.contains("`model/pickle-code-execution`") && misspelt.err.contains("--any-rule"));
    assert_eq!(waive("model/pickle-code-execution", "staging").code, 0);
    assert_eq!(gate(&place, &["--env", "production"]).0, 1);
    assert_eq!(waive("model/pickle-code-execution", "production").code, 0);
    let (code, decision) = gate(&place, &["--env", "production"]);
    assert_eq!((code, &decision["verdict"]), (0, &json!("warn")), "{decision}");
    assert_eq!(decision["waived"][0]["owner"], "me@example.org");
    // Another file with the same weakness is another matter.
    place.write("model/evil.pkl", [evil_pickle(), b"\n".to_vec()].concat());
    assert_eq!(run(&place, "sign model --key bartizan.key").code, 0);
    assert_eq!(run(&place, "scan model --attest -q").code, 1);
    assert!(rules(&gate(&place, &["--env", "production"]).1).contains(&"model/pickle-code-execution"));
}

#[test]
fn no_file_in_the_checkout_softens_what_a_signed_scan_says() {
    let place = Workplace::new();
    place.write("model/evil.pkl", evil_pickle());
    place.write("model/load.py", "import torch\n\ntorch.load(\"x.pt\", weights_only=False)\n");
    for line in ["key generate", "sign model --key bartizan.key"] {
        assert_eq!(run(&place, line).code, 0, "{line}");
    }
    let ignore = "[[ignore]]\nrule = \"*/*\"\npath = \"model/*\"\nreason = \"x\"\nexpires = 2999-01-01\n";
    assert_eq!(run(&place, "scan model -q --write-baseline known.json").code, 1);
    for (file, text, code) in [
        (".bartizan-ignore", ignore, 0),
        ("bartizan.toml", "[scan]\nrules = [\"pipeline/prompt-from-untrusted-input\"]\n", 0),
        ("bartizan.toml", "[scan]\nbaseline = \"known.json\"\n", 0),
        ("bartizan.toml", "[scan]\nmin-severity = \"critical\"\nmin-confidence = \"high\"\n", 1),
        ("bartizan.toml", "[scan]\nfail-on = \"critical\"\n", 1),
    ] {
        place.write(file, text);
        assert_eq!(run(&place, "scan model --attest -q").code, code, "{text}");
        let (verdict, decision) = gate(&place, &[]);
        let found = ["model/pickle-code-execution", "pipeline/unsafe-deserialization"];
        assert_eq!((verdict, rules(&decision)), (1, found.to_vec()), "{text}: {decision}");
        std::fs::remove_file(place.path().join(file)).unwrap();
    }
}

#[test]
fn the_digest_of_an_image_stands_for_what_its_layers_hold() {
    let place = Workplace::new();
    assert_eq!(run(&place, "key generate").code, 0);
    let image = |folder: &str, layer: &[u8]| {
        let put = |content: &[u8]| {
            let digest = bartizan_evidence::digest::Digest::sha256(content).to_string();
            place.write(&format!("{folder}/blobs/{}", digest.replace(':', "/")), content);
            json!({"mediaType": "application/octet-stream", "digest": digest, "size": content.len()})
        };
        let (config, layer) = (put(b"{\"os\": \"linux\"}"), put(layer));
        let manifest =
            put(json!({"schemaVersion": 2, "config": config, "layers": [layer]}).to_string().as_bytes());
        let index = put(json!({"schemaVersion": 2, "manifests": [manifest]}).to_string().as_bytes());
        place.write(&format!("{folder}/oci-layout"), "{\"imageLayoutVersion\": \"1.0.0\"}");
        [manifest, index].map(|part| part["digest"].as_str().unwrap().to_owned())
    };
    let decided = |digest: &str| -> Value {
        let ran = place.run(&["gate", digest, "--format", "json"]);
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
    };
    let good = image("good", &good_pickle());
    let bad = image("bad", &evil_pickle());
    assert_eq!(run(&place, "scan good --attest -q").code, 0);
    assert_eq!(run(&place, "scan bad --attest -q").code, 1);
    for digest in &good {
        assert_eq!(decided(digest)["verdict"], "allow", "{digest}");
    }
    for digest in &bad {
        assert_eq!(rules(&decided(digest)), ["model/pickle-code-execution"], "{digest}");
    }
    // The manifest alone says nothing about layers that nobody looked at.
    let other = image("other", b"\x80\x04]\x94]\x94.");
    let manifest = other[0].replace(':', "/");
    let content = std::fs::read(place.path().join(format!("other/blobs/{manifest}"))).unwrap();
    place.write("alone/manifest.json", content);
    assert_eq!(run(&place, "scan alone --attest -q").code, 0);
    assert_eq!(rules(&decided(&other[0])), ["evidence/incomplete-scan"]);
}

#[test]
fn a_scan_of_a_copy_under_another_name_takes_nothing_back() {
    let place = Workplace::new();
    place.write("model/requirements.txt", "transfomers==1.0\n");
    for (line, code) in [("key generate", 0), ("sign model --key bartizan.key", 0)] {
        assert_eq!(run(&place, line).code, code, "{line}");
    }
    place.write("copy/notes.dat", "transfomers==1.0\n");
    assert_eq!(run(&place, "scan copy --attest -q").code, 0);
    // Nobody has looked at it as what it is.
    assert_eq!(rules(&gate(&place, &[]).1), ["evidence/scan"]);
    run(&place, "scan model --attest -q");
    assert_eq!(rules(&gate(&place, &[]).1), ["pipeline/typosquat-package"]);
    run(&place, "scan copy --attest -q");
    assert_eq!(rules(&gate(&place, &[]).1), ["pipeline/typosquat-package"]);
}

#[test]
fn of_files_that_are_equal_each_finding_names_its_own() {
    let place = Workplace::new();
    for name in ["a", "b", "c"] {
        place.write(&format!("model/{name}.pkl"), evil_pickle());
    }
    for (line, code) in
        [("key generate", 0), ("scan model --attest -q", 1), ("sign model --key bartizan.key", 0)]
    {
        assert_eq!(run(&place, line).code, code, "{line}");
    }
    let (_, decision) = gate(&place, &[]);
    let reasons = decision["reasons"].as_array().unwrap();
    let subjects: Vec<_> = reasons.iter().map(|each| each["subject"].as_str().unwrap()).collect();
    assert_eq!(subjects, ["a.pkl", "b.pkl", "c.pkl"]);
}

#[test]
fn a_scan_that_left_something_out_is_missing_evidence_until_a_waiver_excuses_it() {
    let place = project();
    place.write("model/extra/notes.md", "# notes\n");
    assert_eq!(run(&place, "sign model --key bartizan.key").code, 0);
    place.write("bartizan.toml", "[scan]\nexclude = [\"extra\"]\n");
    let ran = run(&place, "scan model --attest -q");
    assert!(ran.code == 0 && ran.err.contains("left something out"), "{ran:?}");
    // The file that was left out has no scan, and the others have one that did not look everywhere.
    assert_eq!(rules(&gate(&place, &[]).1), ["evidence/narrowed-scan", "evidence/scan"]);
    assert_eq!(run(&place, "scan model --attest -q --no-config").code, 0);
    assert_eq!(gate(&place, &[]).0, 0);
    assert_eq!(run(&place, "scan model --attest -q --no-config --fail-on critical").code, 0);
    assert_eq!(rules(&gate(&place, &[]).1), ["evidence/narrowed-scan"]);
    let waive =
        format!("waive model --rule evidence/narrowed-scan --owner me --reason r --expires {}", in_days(9));
    assert_eq!(run(&place, &waive).code, 0);
    assert_eq!(gate(&place, &[]).1["verdict"], "warn");
}

#[test]
fn what_a_scan_could_not_read_to_its_end_is_missing_evidence_until_a_waiver_excuses_it() {
    let place = Workplace::new();
    // A pickle cut off within an argument.
    place.write("model/cut.pkl", b"\x80\x04\x95\xff\xff");
    for (line, code) in
        [("key generate", 0), ("scan model --attest -q", 3), ("sign model --key bartizan.key", 0)]
    {
        assert_eq!(run(&place, line).code, code, "{line}");
    }
    let (code, decision) = gate(&place, &["--explain"]);
    assert_eq!((code, rules(&decision)), (1, vec!["evidence/incomplete-scan"]), "{decision}");
    assert_eq!(decision["missing"][0]["subject"], "cut.pkl");
    // Another scan would end at the same place.
    let facts = decision["explanation"]["facts"].as_array().unwrap();
    assert!(facts.iter().all(|fact| fact["change"] == "waive"), "{decision}");
    let waive = format!(
        "waive model/cut.pkl --rule evidence/incomplete-scan --owner me --reason r --expires {}",
        in_days(9)
    );
    assert_eq!(run(&place, &waive).code, 0);
    assert_eq!(gate(&place, &[]).0, 0);
}

#[test]
fn an_old_statement_that_is_wrapped_anew_is_not_the_last_of_its_kind() {
    let place = Workplace::new();
    place.write("model/list.pkl", good_pickle());
    assert_eq!(run(&place, "key generate").code, 0);
    assert_eq!(run(&place, "sign model --key bartizan.key").code, 0);
    let passed = scan_of("PASSED", "2026-01-01T00:00:00Z");
    place.write("predicate.json", passed.to_string());
    let line = format!("attest model --type {TEST_RESULT} --predicate predicate.json --output passed.json");
    assert_eq!(run(&place, &line).code, 0);
    attest(&place, "model", TEST_RESULT, &scan_of("FAILED", "2026-01-02T00:00:00Z"), "bartizan.key");
    let old = ["--set", "scan_max_age_days=100000"];
    assert_eq!(rules(&gate(&place, &old).1), ["evidence/scan-failed"]);
    let envelope: Value =
        serde_json::from_str(&std::fs::read_to_string(place.path().join("passed.json")).unwrap()).unwrap();
    place.write("again.json", serde_json::to_string_pretty(&envelope).unwrap());
    let appended = run(&place, "log append .bartizan/log again.json --key .bartizan/log.key");
    assert_eq!(appended.code, 0, "{appended:?}");
    let (code, decision) = gate(&place, &old);
    assert_eq!((code, rules(&decision)), (1, vec!["evidence/scan-failed"]), "{decision}");
    assert_eq!(decision["rejected"][0]["reason"], "repeated");
}

#[test]
fn waivers_that_are_expired_or_too_broad_are_not_signed_and_do_not_count() {
    let place = Workplace::new();
    place.write("model/evil.pkl", evil_pickle());
    assert_eq!(run(&place, "key generate").code, 0);
    assert_eq!(run(&place, "sign model --key bartizan.key").code, 0);
    assert_eq!(run(&place, "scan model --attest -q").code, 1);
    for (rule, env, expires, why) in [
        ("model/*", "production", in_days(30), "not one rule"),
        ("model/x", "*", in_days(30), "not one environment"),
        ("model/x", "production", "2020-01-01".to_owned(), "expired"),
        ("model/x", "production", in_days(400), "too broad"),
    ] {
        let ran = place.run(&[
            "waive",
            "model",
            "--rule",
            rule,
            "--env",
            env,
            "--owner",
            "me",
            "--reason",
            "r",
            "--expires",
            &expires,
        ]);
        assert!(ran.code == 2 && ran.err.contains(why), "{rule} {env}: {ran:?}");
    }
    let (issued, rule) = ("2020-01-01T00:00:00Z", "model/pickle-code-execution");
    for (rule, environment, expires) in [
        (rule, "production", "2020-02-01T00:00:00Z"),
        ("*", "production", "2020-02-01T00:00:00Z"),
        (rule, "*", "2120-02-01T00:00:00Z"),
    ] {
        let waiver = json!({
            "rule": rule, "environment": environment, "owner": "me", "reason": "r", "issued": issued, "expires": expires,
        });
        attest(&place, "model", WAIVER, &waiver, "bartizan.key");
    }
    let (code, decision) = gate(&place, &["--env", "production"]);
    assert_eq!((code, rules(&decision)), (1, vec![rule]));
    let named = decision["rejected_waivers"].as_array().unwrap();
    assert_eq!(named.len(), 3, "{decision}");
    assert!(named.iter().any(|each| each["why"].as_str().unwrap().starts_with("it expired on 2020-02-01")));
}

#[test]
fn a_waiver_by_a_key_that_nobody_trusts_does_not_count() {
    let place = Workplace::new();
    place.write("model/evil.pkl", evil_pickle());
    for line in ["key generate", "key generate --output other.key", "sign model --key bartizan.key"] {
        assert_eq!(run(&place, line).code, 0);
    }
    assert_eq!(run(&place, "scan model --attest -q").code, 1);
    let expires = in_days(30);
    let line = format!(
        "waive model --rule model/pickle-code-execution --owner me --reason r --expires {expires} --key other.key"
    );
    assert_eq!(run(&place, &line).code, 0);
    let (code, decision) = gate(&place, &[]);
    assert_eq!((code, rules(&decision)), (1, vec!["model/pickle-code-execution"]));
    assert_eq!(decision["rejected"][0]["kind"], "waiver");
}

#[test]
fn policies_of_other_tools_and_of_before_version_1_decide_as_well() {
    let place = project();
    place.write("conftest.rego", "package main\n\ndeny[msg] {\n  input.environment.name == \"production\"\n  msg := \"not there\"\n}\n");
    assert_eq!(gate(&place, &["--policy", "conftest.rego"]).0, 0);
    let (code, decision) = gate(&place, &["--policy", "conftest.rego", "--env", "production"]);
    assert_eq!((code, &decision["reasons"][0]["message"]), (1, &json!("not there")));
    place.write(
        "opa.rego",
        "package authz\n\ndefault allow := false\n\nallow if input.environment.set.team == \"ml\"\n",
    );
    let (code, decision) = gate(&place, &["--policy", "opa.rego"]);
    assert_eq!((code, &decision["reasons"][0]["rule"]), (1, &json!("policy/allow")));
    assert_eq!(gate(&place, &["--policy", "opa.rego", "--set", "team=ml"]).0, 0);
    // Joined, both must agree.
    place.write(
        "ours.rego",
        "package bartizan.gate\n\ndeny contains \"closed\" if input.environment.name == \"closed\"\n",
    );
    let both = ["--policy", "baseline", "--policy", "ours.rego"];
    assert_eq!(gate(&place, &both).0, 0);
    assert_eq!(gate(&place, &[&both[..], &["--env", "closed"]].concat()).0, 1);
    // Each decides by its own package: what is added is asked, whatever it is called.
    let beside = ["--policy", "baseline", "--policy", "conftest.rego"];
    assert_eq!(gate(&place, &beside).0, 0);
    let (code, decision) = gate(&place, &[&beside[..], &["--env", "production"]].concat());
    assert_eq!((code, &decision["reasons"][0]["message"]), (1, &json!("not there")));
    // What a checkout calls `baseline` does not take the place of the shipped one.
    place.write("baseline/gate.rego", "package bartizan.gate\n\nallow := true\n");
    let bare = Workplace::new();
    bare.write("model/list.pkl", good_pickle());
    bare.write("baseline/gate.rego", "package bartizan.gate\n\nallow := true\n");
    assert_eq!((run(&bare, "gate model").code, run(&bare, "gate model --policy ./baseline").code), (1, 0));
    place.write("mine.rego", "package bartizan.lib.evidence\n\nwithout(_) := set()\n");
    let ran = run(&place, "gate model --policy baseline --policy mine.rego");
    assert!(ran.code == 2 && ran.err.contains("bartizan.lib.evidence"), "{ran:?}");
}

#[test]
fn the_shortest_way_to_another_verdict_is_told_with_its_commands() {
    let bare = Workplace::new();
    bare.write("model/list.pkl", good_pickle());
    let (code, decision) = gate(&bare, &["--explain"]);
    let facts = decision["explanation"]["facts"].as_array().unwrap();
    let commands: Vec<&str> = facts.iter().map(|fact| fact["command"].as_str().unwrap()).collect();
    assert_eq!(commands, ["bartizan scan model --attest", "bartizan sign model --key bartizan.key"]);
    assert_eq!((code, &decision["explanation"]["turns_to"]), (1, &json!("allow")));
    // And they do.
    assert_eq!(run(&bare, "key generate").code, 0);
    for command in commands {
        assert_eq!(run(&bare, command.trim_start_matches("bartizan ")).code, 0, "{command}");
    }
    let (code, decision) = gate(&bare, &["--explain"]);
    assert_eq!((code, &decision["explanation"]["turns_to"]), (0, &json!("deny")));
    assert_eq!(decision["explanation"]["facts"].as_array().unwrap().len(), 1);
}

#[test]
fn the_verdict_is_a_summary_that_others_can_verify_and_is_evidence_itself() {
    let place = project();
    let ran = run(&place, "gate model --attest --format vsa");
    assert_eq!(ran.code, 0, "{ran:?}");
    let statement: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(statement["predicateType"], "https://slsa.dev/verification_summary/v1");
    assert_eq!(statement["predicate"]["verificationResult"], "PASSED");
    assert_eq!(statement["subject"].as_array().unwrap().len(), 2);
    let (_, decision) = gate(&place, &[]);
    assert_eq!(
        statement["predicate"]["policy"]["digest"]["sha256"],
        decision["policy_digest"].as_str().unwrap().trim_start_matches("sha256:")
    );
    let kinds: Vec<_> = decision["statements"].as_array().unwrap().iter().map(|each| &each["kind"]).collect();
    assert_eq!(kinds, ["scan", "vsa"]);
    assert_eq!(decision["statements"][1]["result"], "PASSED");
    place.write("model/list.pkl", b"\x80\x02]q\x00(K\x01K\x03e.");
    let ran = run(&place, "gate model --attest --format vsa");
    let statement: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &statement["predicate"]["verificationResult"]), (1, &json!("FAILED")));
    assert_eq!(statement["predicate"]["verifiedLevels"], json!(["FAILED"]));
}

#[test]
fn every_format_is_written_with_the_exit_code_of_the_verdict() {
    let bare = Workplace::new();
    bare.write("model/list.pkl", good_pickle());
    for (format, part) in [
        ("table", "evidence/scan"),
        ("markdown", "| deny | evidence/scan |"),
        ("sarif", "\"ruleId\": \"evidence/scan\""),
        ("junit", "<failure type=\"evidence/scan\""),
        ("vsa", "\"FAILED\""),
    ] {
        let ran = bare.run(&["gate", "model", "--format", format]);
        assert!(ran.code == 1 && ran.out.contains(part), "{format}: {ran:?}");
    }
    let ran = run(&bare, "gate model --format sarif --output gate.sarif");
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    let log = std::fs::read_to_string(bare.path().join("gate.sarif")).unwrap();
    let log: Value = serde_json::from_str(&log).unwrap();
    assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), 3);
}

#[test]
fn a_candidate_policy_is_held_against_what_the_guard_recorded() {
    let place = Workplace::new();
    let line = |action: &str, score: f64| {
        json!({"id": "d", "action": action, "time_micros": 1, "reasons": [{"check": "injection", "score": score}]}).to_string()
    };
    let recorded: Vec<String> = (0..300)
        .map(|at| if at % 3 == 0 { line("block", 0.95) } else { line("allow", 0.1) })
        .chain([line("block", 0.6)])
        .collect();
    place.write("decisions.jsonl", recorded.join("\n"));
    let candidate = |least: &str| {
        format!(
            "package bartizan.guard\n\ndeny contains r.check if {{\n\tsome r in input.reasons\n\tr.score > {least}\n}}\n"
        )
    };
    place.write("same.rego", candidate("0.5"));
    place.write("milder.rego", candidate("0.9"));
    place.write("stricter.rego", candidate("0.05"));
    let replay = |policy: &str, more: &[&str]| {
        let all =
            [&["gate", "--replay", "decisions.jsonl", "--format", "json", "--policy", policy], more].concat();
        let ran = place.run(&all);
        (ran.code, serde_json::from_str::<Value>(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}")))
    };
    assert_eq!(replay("same.rego", &[]).0, 0);
    let (code, found) = replay("milder.rego", &[]);
    assert_eq!((code, &found["difference"]["loosened"]), (1, &json!(1)));
    assert_eq!(found["difference"]["first_loosened"][0]["line"], 301);
    assert_eq!(replay("milder.rego", &["--max-loosened", "1"]).0, 0);
    let (code, found) = replay("stricter.rego", &[]);
    assert_eq!((code, &found["difference"]["changes"]["allow → deny"]), (1, &json!(200)));
    assert_eq!(replay("stricter.rego", &["--max-tightened-percent", "70"]).0, 0);
    for percent in ["nan", "inf", "-1", "101"] {
        let refused =
            format!("gate --replay decisions.jsonl --policy stricter.rego --max-tightened-percent={percent}");
        assert_eq!(run(&place, &refused).code, 2, "{percent}");
    }
    place.write("decisions.jsonl", "{\"no\": \"action\"}\n");
    assert_eq!(run(&place, "gate --replay decisions.jsonl --policy same.rego").code, 2);
    assert_eq!(run(&place, "gate").code, 2);
}
