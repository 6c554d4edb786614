//! `scan --fix`, end to end.

use crate::support::Workplace;
use std::fs;

const TRAIN: &str = "import tarfile\nimport torch\nfrom transformers import AutoModel\n\
    tarfile.open('d.tar').extractall('d')\nm = torch.load('m.pt')\nn = AutoModel.from_pretrained('./net', trust_remote_code=True)\n";

fn content(at: &Workplace) -> String {
    fs::read_to_string(at.path().join("train.py")).unwrap()
}

#[test]
fn safe_fixes_are_written_shown_and_scanned_again() {
    let at = Workplace::new();
    at.write("train.py", TRAIN);
    let ran = at.run(&["scan", "train.py", "--fix=safe", "--fail-on", "medium"]);
    let after = content(&at);
    assert!(after.contains("extractall('d', filter=\"data\")"), "{after}");
    assert!(after.contains("torch.load('m.pt', weights_only=True)"), "{after}");
    assert!(after.contains("trust_remote_code=True"), "not a safe one: {after}");
    for line in ["-m = torch.load('m.pt')\n", "+m = torch.load('m.pt', weights_only=True)\n"] {
        assert!(ran.err.contains(line), "{ran:?}");
    }
    assert!(ran.err.contains("2 findings mended in 1 files"), "{ran:?}");
    assert!(
        !ran.out.contains("unsafe-deserialization") && ran.out.contains("pipeline/remote-code"),
        "{ran:?}"
    );
    assert_eq!(ran.code, 1);
}

#[test]
fn all_fixes_turn_a_red_file_green() {
    let at = Workplace::new();
    at.write("train.py", TRAIN);
    assert_eq!(at.run(&["scan", "train.py", "--fail-on", "medium"]).code, 1);
    assert_eq!(at.run(&["scan", "train.py", "--fix=all", "--fail-on", "medium"]).code, 0);
    assert!(content(&at).contains("trust_remote_code=False"));
}

#[test]
fn a_difference_alone_changes_nothing() {
    let at = Workplace::new();
    at.write("train.py", TRAIN);
    let ran = at.run(&["scan", "train.py", "--fix=all", "--diff"]);
    assert!(ran.err.contains("--fix would mend 3 findings in 1 files"), "{ran:?}");
    assert_eq!(content(&at), TRAIN);
}

#[test]
fn a_suppressed_finding_is_not_mended() {
    let at = Workplace::new();
    at.write("train.py", TRAIN);
    let ignore = "[[ignore]]\nrule = \"pipeline/unsafe-deserialization\"\npath = \"train.py\"\nreason = \"drill\"\nexpires = 2999-01-01\n";
    at.write(".bartizan-ignore", ignore);
    at.run(&["scan", "train.py", "--fix=safe"]);
    assert!(content(&at).contains("torch.load('m.pt')\n"));
}

#[cfg(unix)]
#[test]
fn a_mended_file_keeps_its_rights() {
    use std::os::unix::fs::PermissionsExt as _;
    let at = Workplace::new();
    let path = at.write("train.py", TRAIN);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).unwrap();
    at.run(&["scan", "train.py", "--fix=safe"]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o750);
}

#[test]
fn a_call_judged_by_its_arguments_is_reported_once_or_not_at_all() {
    let at = Workplace::new();
    at.write("a.py", "import torch\nm = torch.load('m.pt', weights_only=True)\n");
    at.write("b.py", "import pickle\nm = pickle.load(f)\n");
    let report = at.json(&["a.py", "b.py"]);
    let found: Vec<&str> =
        report["findings"].as_array().unwrap().iter().map(|one| one["rule"].as_str().unwrap()).collect();
    assert_eq!(found, ["pipeline/unsafe-deserialization"]);
}
