//! The exit codes of `bartizan scan`, a contract with scripts.

use crate::support::{LFS_POINTER, Workplace, evil_pickle, good_pickle, good_safetensors};

#[test]
fn nothing_found_is_0() {
    let at = Workplace::new();
    at.write("good.pkl", good_pickle());
    at.write("good.safetensors", good_safetensors());
    let ran = at.run(&["scan", "."]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.is_empty(), "{ran:?}");
}

#[test]
fn a_finding_at_the_failing_severity_is_1_and_below_it_0() {
    let at = Workplace::new();
    at.write("evil.pkl", evil_pickle());
    assert_eq!(at.run(&["scan", "."]).code, 1);
    assert_eq!(at.run(&["scan", "evil.pkl", "--fail-on", "critical"]).code, 1);
    assert_eq!(at.run(&["scan", ".", "--rules", "!model/*"]).code, 0);
}

#[test]
fn usage_and_missing_paths_are_2_and_say_what_to_do() {
    let at = Workplace::new();
    let ran = at.run(&["scan", "missing.pkl"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("error: cannot scan missing.pkl: ") && ran.err.contains("help:"), "{ran:?}");
    assert_eq!(at.run(&["scan", "--fail-on", "worst"]).code, 2);
    assert_eq!(at.run(&["scan", ".", "--exclude", "a["]).code, 2);
    let ran = at.run(&["scan", ".", "--rules", "core/symlink-escap"]);
    assert!(ran.code == 2 && ran.err.contains("did you mean `core/symlink-escape`"), "{ran:?}");
}

#[test]
fn a_git_lfs_pointer_is_3_and_findings_outrank_it() {
    let at = Workplace::new();
    at.write("model.bin", LFS_POINTER);
    let ran = at.run(&["scan", "."]);
    assert_eq!(ran.code, 3);
    assert!(ran.out.contains("git lfs pull"), "{ran:?}");
    at.write("evil.pkl", evil_pickle());
    assert_eq!(at.run(&["scan", "."]).code, 1);
}

#[test]
fn a_truncated_model_is_3() {
    let at = Workplace::new();
    let whole = good_safetensors();
    at.write("cut.safetensors", &whole[..whole.len() - 2]);
    let report = at.json(&["."]);
    assert_eq!(report["subjects"][0]["status"], "incomplete", "{report}");
    assert_eq!(at.run(&["scan", "."]).code, 3);
}

#[test]
fn a_file_over_the_size_limit_is_3_and_never_clean() {
    let at = Workplace::new();
    at.write("good.pkl", good_pickle());
    let ran = at.run(&["scan", ".", "--max-file-bytes", "4B"]);
    assert_eq!(ran.code, 3);
    assert!(ran.out.contains("--max-file-bytes"), "{ran:?}");
}

#[test]
fn an_empty_folder_is_0_and_says_so() {
    let at = Workplace::new();
    let ran = at.run(&["scan", "."]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("No file was scanned"), "{ran:?}");
}
