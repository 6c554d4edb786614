//! `bartizan db`: advisories imported beforehand, and what a scan says without them.

use crate::support::Workplace;
use serde_json::{Value, json};
use std::process::Command;

/// Two records as OSV writes them, and one that was taken back.
fn records(place: &Workplace) {
    let record = |id: &str, package: &str, fixed: &str| {
        json!({"schema_version": "1.6.0", "id": id, "modified": "2026-01-01T00:00:00Z", "summary": format!("{package} runs code"),
            "affected": [{"package": {"ecosystem": "PyPI", "name": package},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}]})
    };
    place.write("osv/PYSEC-1.json", record("PYSEC-1", "leaky", "2.0").to_string());
    place.write("osv/PYSEC-2.json", record("PYSEC-2", "other", "1.1").to_string());
    let mut withdrawn = record("PYSEC-3", "leaky", "9.0");
    withdrawn["withdrawn"] = json!("2026-02-01T00:00:00Z");
    place.write("osv/PYSEC-3.json", withdrawn.to_string());
}

/// The program, with its database at `advisories` in the place.
fn program(place: &Workplace, arguments: &[&str]) -> Command {
    let mut command = place.program(arguments);
    command.env("BARTIZAN_ADVISORIES", place.path().join("advisories"));
    command
}

fn run(place: &Workplace, arguments: &[&str]) -> crate::support::Ran {
    crate::support::Ran::of(&program(place, arguments).output().unwrap())
}

/// Exit code, rules, and status of the one subject of a scan of `requirements.txt`.
fn scanned(place: &Workplace) -> (i32, Vec<String>, Value) {
    let ran = run(place, &["scan", "requirements.txt", "--format", "json"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let rules =
        report["findings"].as_array().unwrap().iter().map(|each| each["rule"].as_str().unwrap().to_owned());
    (ran.code, rules.collect(), report["subjects"][0].clone())
}

#[test]
fn an_imported_folder_finds_what_is_vulnerable_and_passes_over_what_was_withdrawn() {
    let place = Workplace::new();
    records(&place);
    let ran = run(&place, &["db", "import", "osv"]);
    assert!(ran.code == 0 && ran.out.contains("2 advisories about 2 packages"), "{ran:?}");
    assert!(ran.err.contains("1 records were passed over"), "{ran:?}");
    let status = run(&place, &["db", "status"]);
    assert!(
        status.code == 0 && status.out.contains("0 days ago") && status.out.contains("sha256:"),
        "{status:?}"
    );
    place.write("requirements.txt", "leaky==1.5\nother==1.1\n");
    let (_, rules, subject) = scanned(&place);
    let known = rules.iter().filter(|rule| *rule == "pipeline/known-vulnerable-package").count();
    assert_eq!((known, &subject["status"]), (1, &json!("findings")), "{rules:?}");
    assert!(!rules.iter().any(|rule| rule == "pipeline/vulnerabilities-not-checked"));
}

/// Runs the program where no database of advisories is known.
fn without_database(place: &Workplace, arguments: &[&str]) -> crate::support::Ran {
    let mut command = place.program(arguments);
    command.env_remove("BARTIZAN_ADVISORIES").env("XDG_DATA_HOME", place.path().join("nobody"));
    crate::support::Ran::of(&command.output().unwrap())
}

#[test]
fn without_a_database_nothing_is_called_free_of_vulnerabilities() {
    let place = Workplace::new();
    place.write("requirements.txt", "leaky==1.5\n");
    let asked = |arguments: &[&str]| without_database(&place, arguments);
    let status = asked(&["db", "status"]);
    assert!(status.code == 3 && status.out.contains("not checked for vulnerabilities"), "{status:?}");
    let scan = asked(&["scan", "requirements.txt"]);
    assert!(scan.code == 0 && scan.out.contains("pipeline/vulnerabilities-not-checked"), "{scan:?}");
    // Whatever is filtered, people and machines are told that nobody looked.
    let told = "known vulnerabilities of 1 file of dependencies NOT looked up";
    let few = asked(&["scan", ".", "--min-severity", "high"]);
    assert!(few.code == 0 && few.out.contains(told), "{few:?}");
    let report = |format: &str| -> Value {
        let ran = asked(&["scan", "requirements.txt", "--format", format, "--min-severity", "high"]);
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
    };
    let absent = json!({"state": "absent", "files": 1, "imported": null, "age_days": null, "sha256": null});
    assert_eq!(report("json")["advisories"], absent);
    let sarif = &report("sarif")["runs"][0];
    assert_eq!(sarif["properties"]["advisories"], absent);
    let notification = &sarif["invocations"][0]["toolConfigurationNotifications"][0];
    assert!(notification["message"]["text"].as_str().unwrap().contains(told), "{notification}");
    assert!(asked(&["scan", "requirements.txt", "--format", "markdown"]).out.contains("NOT looked up"));
    // Who demands it is not told that the scan is done.
    let demanded = asked(&["scan", "requirements.txt", "--require-advisories"]);
    assert!(demanded.code == 3 && demanded.out.contains("bartizan db import"), "{demanded:?}");
    place.write("bartizan.toml", "[scan]\nrequire-advisories = true\n");
    assert_eq!(asked(&["scan", "requirements.txt"]).code, 3);
    std::fs::remove_file(place.path().join("bartizan.toml")).unwrap();
    // Where there is nothing to look up, nothing is said.
    place.write("clean/a.txt", "hello");
    let clean = asked(&["scan", "clean", "--require-advisories", "--format", "json"]);
    let clean_report: Value = serde_json::from_str(&clean.out).unwrap();
    assert_eq!((clean.code, &clean_report["advisories"]), (0, &Value::Null));
}

#[test]
fn a_scan_that_did_not_look_up_vulnerabilities_is_missing_evidence_where_that_is_demanded() {
    let place = Workplace::new();
    place.write("requirements.txt", "leaky==1.5\n");
    let asked = |arguments: &[&str]| without_database(&place, arguments);
    let key = asked(&["key", "generate"]);
    assert_eq!(key.code, 0, "{key:?}");
    let scan = asked(&["scan", "requirements.txt", "--attest"]);
    assert_eq!(scan.code, 0, "{scan:?}");
    let missing = |arguments: &[&str]| {
        let mut all = vec!["gate", "requirements.txt", "--format", "json"];
        all.extend(arguments);
        let ran = asked(&all);
        let decision: Value =
            serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        decision["missing"].to_string()
    };
    assert!(missing(&["--policy", "strict"]).contains("strict/advisories"));
    assert!(!missing(&["--policy", "baseline"]).contains("advisories"));
    assert!(
        missing(&["--policy", "baseline", "--set", "require_advisories=true"])
            .contains("evidence/advisories")
    );
}

#[test]
fn a_database_that_is_named_and_not_there_leaves_the_scan_incomplete() {
    let place = Workplace::new();
    place.write("requirements.txt", "leaky==1.5\n");
    let status = run(&place, &["db", "status"]);
    assert!(status.code == 3 && status.out.contains("advisories"), "{status:?}");
    let (code, rules, subject) = scanned(&place);
    assert!(rules.iter().any(|rule| rule == "pipeline/vulnerabilities-not-checked"), "{rules:?}");
    let detail = subject["detail"].as_str().unwrap_or_default();
    assert!(code == 3 && detail.contains("advisories") && detail.contains("db import"), "{code} {subject}");
}

#[test]
fn a_stale_or_changed_database_leaves_the_scan_incomplete_and_says_why() {
    let place = Workplace::new();
    records(&place);
    assert_eq!(run(&place, &["db", "import", "osv"]).code, 0);
    place.write("requirements.txt", "fine==1.0\n");
    assert_eq!(scanned(&place).0, 0);
    let whole = std::fs::read_to_string(place.path().join("advisories")).unwrap();
    let (header, rows) = whole.split_once('\n').unwrap();
    let mut header: Value = serde_json::from_str(header).unwrap();
    header["imported"] = json!("2026-01-01");
    place.write("advisories", format!("{header}\n{rows}"));
    let (code, _, subject) = scanned(&place);
    assert_eq!((code, &subject["status"]), (3, &json!("incomplete")), "{subject}");
    assert!(subject["detail"].as_str().unwrap().contains("days"), "{subject}");
    place.write("advisories", whole.replace("leaky", "leeky"));
    let (code, _, subject) = scanned(&place);
    assert_eq!((code, &subject["status"]), (3, &json!("incomplete")), "{subject}");
    assert_eq!(run(&place, &["db", "status"]).code, 3);
}

#[test]
fn what_is_no_record_is_refused_and_an_older_database_stays() {
    let place = Workplace::new();
    records(&place);
    assert_eq!(run(&place, &["db", "import", "osv"]).code, 0);
    let before = std::fs::read(place.path().join("advisories")).unwrap();
    assert_eq!(run(&place, &["db", "import", "nowhere"]).code, 2);
    place.write("empty/readme.txt", "no record");
    assert_eq!(run(&place, &["db", "import", "empty"]).code, 2);
    assert_eq!(std::fs::read(place.path().join("advisories")).unwrap(), before);
}
