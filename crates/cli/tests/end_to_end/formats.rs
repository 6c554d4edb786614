//! Every report format, end to end: schemas of others where they exist, snapshots where people read.

use crate::support::{LFS_POINTER, Workplace, evil_pickle, good_safetensors};
use serde_json::Value;

fn project() -> Workplace {
    let at = Workplace::new();
    at.write("models/evil.pkl", evil_pickle());
    at.write("models/weights.safetensors", good_safetensors());
    at.write("models/pointer.bin", LFS_POINTER);
    at
}

fn errors(schema: &str, document: &Value) -> Vec<String> {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn forbid_further_keys(schema: &mut Value) {
    if let Some(object) = schema.as_object_mut() {
        if object.get("type").is_some_and(|kind| kind == "object") {
            object.insert("additionalProperties".into(), false.into());
        }
        object.values_mut().for_each(forbid_further_keys);
    }
}

#[test]
fn json_conforms_to_the_published_schema() {
    let report = project().json(&["."]);
    let mut schema =
        serde_json::from_str(include_str!("../../../../docs/schemas/scan-1.schema.json")).unwrap();
    // Readers must expect new keys within a version; we must not write one that is not described.
    forbid_further_keys(&mut schema);
    let broken = errors(&schema.to_string(), &report);
    assert!(broken.is_empty(), "{broken:#?}");
    assert_eq!(report["subjects"].as_array().unwrap().len(), 3);
    assert_eq!(report["findings"][0]["severity"], "critical");
}

#[test]
fn every_finding_in_a_text_has_its_line() {
    let at = Workplace::new();
    // Joined, so that no scanner of this repository takes the fixture for a real one.
    let token = format!("{}{}", "hf_", "QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUi");
    at.write("rows.jsonl", format!("{{\"t\": \"a\"}}\n{{\"t\": \"see\\u0020{token}\"}}\n"));
    at.write("deep.py", format!("x = {}1{}\n", "(".repeat(20_000), ")".repeat(20_000)));
    at.write(".gitlab-ci.yml", b"a: \xff\xfe\xfd\njob:\n  image: python:latest\n  script: [x]\n");
    at.write("card.json", "{\"chat_template\": \"{{ x.__globals__ }}\"}\n");
    let report = at.json(&["."]);
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.len() >= 3, "{findings:?}");
    for finding in findings {
        assert!(finding["location"]["line"].is_u64(), "{finding}");
    }
    let leak = findings.iter().find(|finding| finding["rule"] == "text/secret").unwrap();
    assert_eq!(leak["location"]["line"], 2);
}

#[test]
fn sarif_conforms_to_the_schema_of_the_standard() {
    let at = project();
    let ran = at.run(&["scan", ".", "--format", "sarif"]);
    let log: Value = serde_json::from_str(&ran.out).unwrap();
    let broken = errors(include_str!("schemas/sarif-2.1.0.json"), &log);
    assert!(broken.is_empty(), "{broken:#?}");
    let run = &log["runs"][0];
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    assert_eq!(run["artifacts"].as_array().unwrap().len(), 3);
    let rule = run["results"][0]["ruleIndex"].as_u64().unwrap() as usize;
    assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], run["results"][0]["ruleId"]);
}

#[test]
fn sarif_with_suppressions_and_a_baseline_conforms_as_well() {
    let at = project();
    at.run(&["scan", ".", "--write-baseline", "base.json", "--output", "out"]);
    at.write("models/more.pkl", [evil_pickle(), b"x".to_vec()].concat());
    let ran = at.run(&["scan", "models", "--format", "sarif", "--baseline", "base.json"]);
    let log: Value = serde_json::from_str(&ran.out).unwrap();
    let broken = errors(include_str!("schemas/sarif-2.1.0.json"), &log);
    assert!(broken.is_empty(), "{broken:#?}");
    let states: Vec<&str> = log["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["baselineState"].as_str().unwrap())
        .collect();
    assert!(states.contains(&"new") && states.contains(&"unchanged"), "{states:?}");
}

#[test]
fn jsonl_is_one_object_a_line() {
    let ran = project().run(&["scan", ".", "--format", "jsonl"]);
    let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0]["path"], "models/evil.pkl");
    assert_eq!(lines[3]["summary"]["subjects"], 3);
}

#[test]
fn junit_is_well_formed_and_counts_what_it_holds() {
    let ran = project().run(&["scan", ".", "--format", "junit"]);
    let mut reader = quick_xml::Reader::from_str(&ran.out);
    let (mut depth, mut failures, mut errors) = (0, 0, 0);
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Start(tag) => {
                depth += 1;
                failures += usize::from(tag.name().as_ref() == "failure");
                errors += usize::from(tag.name().as_ref() == "error");
            }
            quick_xml::events::Event::End(_) => depth -= 1,
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!((depth, errors), (0, 1));
    assert!(
        failures > 0 && ran.out.contains(&format!("failures=\"{failures}\" errors=\"1\"")),
        "{}",
        ran.out
    );
}

#[test]
fn the_report_can_go_to_a_file() {
    let at = project();
    let ran = at.run(&["scan", ".", "--format", "html", "--output", "report.html"]);
    assert!(
        ran.code == 1 && ran.out.is_empty() && ran.err.contains("report written to report.html"),
        "{ran:?}"
    );
    let page = std::fs::read_to_string(at.path().join("report.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    let leftovers: Vec<_> = std::fs::read_dir(at.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().contains(".part"))
        .collect();
    assert!(leftovers.is_empty(), "{leftovers:?}");
}

#[test]
fn every_format_names_the_dangerous_file() {
    let at = project();
    for format in ["table", "json", "jsonl", "sarif", "markdown", "junit", "github", "html"] {
        let ran = at.run(&["scan", ".", "--format", format]);
        assert!(ran.code == 1 && ran.out.contains("models/evil.pkl"), "{format}: {ran:?}");
    }
}

#[test]
fn colour_is_written_only_when_asked_for_or_on_a_terminal() {
    let at = project();
    assert!(!at.run(&["scan", "."]).out.contains('\u{1b}'));
    assert!(at.run(&["scan", ".", "--color", "always"]).out.contains('\u{1b}'));
    let quiet = at.program(&["scan", "."]).env("NO_COLOR", "1").output().unwrap();
    assert!(!String::from_utf8_lossy(&quiet.stdout).contains('\u{1b}'));
}

#[test]
fn the_number_of_jobs_does_not_change_the_report() {
    let at = Workplace::new();
    for n in 0..60u8 {
        let content = if n % 3 == 0 { evil_pickle() } else { vec![n; 40] };
        at.write(&format!("d{}/f{n}.pkl", n % 7), content);
    }
    let report = |jobs: &str| {
        let mut report = at.json(&[".", "--jobs", jobs]);
        for time in ["started", "finished"] {
            report[time] = Value::Null;
        }
        report["summary"]["seconds"] = Value::Null;
        report
    };
    assert_eq!(report("1"), report("8"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::io::Read as _;
    let at = Workplace::new();
    for n in 0..400 {
        at.write(&format!("f{n}.pkl"), evil_pickle());
    }
    let mut child = at
        .program(&["scan", ".", "--format", "json"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let ended = crate::support::Ran::of(&child.wait_with_output().unwrap());
    assert!(ended.err.is_empty(), "{ended:?}");
}
