//! Suppressions and baselines, end to end.

use crate::support::{Workplace, evil_pickle};

fn ignore(expires: &str) -> String {
    format!("[[ignore]]\nrule = \"model/*\"\npath = \"evil.pkl\"\nreason = \"drill\"\nexpires = {expires}\n")
}

#[test]
fn a_suppression_holds_until_it_expires_and_is_then_a_finding() {
    let at = Workplace::new();
    at.write("evil.pkl", evil_pickle());
    at.write(".bartizan-ignore", ignore("2999-01-01"));
    let ran = at.run(&["scan", "evil.pkl"]);
    assert!(ran.code == 0 && ran.out.contains("held back by the ignore file"), "{ran:?}");
    at.write(".bartizan-ignore", ignore("2020-01-01"));
    let ran = at.run(&["scan", "evil.pkl"]);
    assert!(ran.code == 1 && ran.out.contains("core/expired-suppression"), "{ran:?}");
    assert!(ran.out.contains(".bartizan-ignore:1:1"), "{ran:?}");
}

#[test]
fn a_suppression_that_matches_nothing_is_noted() {
    let at = Workplace::new();
    at.write("good.txt", "text");
    at.write("mine.toml", ignore("2999-01-01"));
    let ran = at.run(&["scan", "good.txt", "--ignore-file", "mine.toml"]);
    assert!(
        ran.err.contains("note: mine.toml:1: the suppression of `model/*` in `evil.pkl` matched nothing"),
        "{ran:?}"
    );
}

#[test]
fn an_ignore_file_inside_what_is_scanned_has_no_say() {
    let at = Workplace::new();
    at.write("download/evil.pkl", evil_pickle());
    at.write("download/.bartizan-ignore", ignore("2999-01-01"));
    assert_eq!(at.run(&["scan", "download"]).code, 1);
}

#[test]
fn a_suppression_without_a_date_is_refused_with_its_line() {
    let at = Workplace::new();
    at.write(".bartizan-ignore", "[[ignore]]\nrule = \"model/*\"\npath = \"x\"\nreason = \"r\"\n");
    let ran = at.run(&["scan", "."]);
    assert!(ran.code == 2 && ran.err.contains(".bartizan-ignore:1:1: missing field `expires`"), "{ran:?}");
}

#[test]
fn a_baseline_follows_a_renamed_file_and_fails_on_a_changed_one() {
    let at = Workplace::new();
    let path = at.write("evil.pkl", evil_pickle());
    assert_eq!(at.run(&["scan", ".", "--write-baseline", "../base.json"]).code, 1);
    std::fs::create_dir(at.path().join("moved")).unwrap();
    std::fs::rename(&path, at.path().join("moved/other.bin")).unwrap();
    let ran = at.run(&["scan", ".", "--baseline", "../base.json"]);
    std::fs::remove_file(at.path().join("../base.json")).unwrap();
    assert!(ran.code == 0 && ran.out.contains("held back by the baseline"), "{ran:?}");
}

#[test]
fn an_earlier_json_report_serves_as_a_baseline() {
    let at = Workplace::new();
    at.write("m/evil.pkl", evil_pickle());
    assert_eq!(at.run(&["scan", "m", "--format", "json", "--output", "before.json"]).code, 1);
    assert_eq!(at.run(&["scan", "m", "--baseline", "before.json"]).code, 0);
    at.write("m/evil2.pkl", [evil_pickle(), evil_pickle()].concat());
    assert_eq!(at.run(&["scan", "m", "--baseline", "before.json"]).code, 1);
}

#[test]
fn a_missing_or_foreign_baseline_is_an_error() {
    let at = Workplace::new();
    assert_eq!(at.run(&["scan", ".", "--baseline", "none.json"]).code, 2);
    at.write("other.json", "{\"schema\":\"x\",\"findings\":[]}");
    let ran = at.run(&["scan", ".", "--baseline", "other.json"]);
    assert!(ran.code == 2 && ran.err.contains("bartizan.baseline/1"), "{ran:?}");
}
