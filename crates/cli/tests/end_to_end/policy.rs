//! `bartizan policy`: from a shipped policy to one's own, tested, laid out, bundled and used.

use crate::gate::{gate, project};
use crate::support::{Ran, Workplace, good_pickle};
use serde_json::Value;

fn run(place: &Workplace, line: &str) -> Ran {
    place.run(&line.split(' ').collect::<Vec<_>>())
}

#[test]
fn the_shipped_policies_are_listed_shown_and_pass_their_own_tests() {
    let place = Workplace::new();
    let listed = run(&place, "policy show");
    for name in ["baseline", "strict", "eu-ai-act-high-risk", "owasp-llm"] {
        assert!(listed.out.contains(name), "{listed:?}");
        let ran = run(&place, &format!("policy test {name}"));
        assert!(ran.code == 0 && ran.out.contains(" 0 failed, 0 errors"), "{name}: {ran:?}");
    }
    let shown = run(&place, "policy show strict --format json");
    let shown: Value = serde_json::from_str(&shown.out).unwrap();
    assert!(shown["files"].as_array().unwrap().iter().any(|file| file["path"] == "strict/gate.rego"));
    let explained = run(&place, "policy explain strict");
    for part in ["strict/provenance", "evidence/scan", "strict_scan_max_age_days", "scan_max_age_days"] {
        assert!(explained.out.contains(part), "{part}: {explained:?}");
    }
}

#[test]
fn a_policy_of_ones_own_begins_as_a_copy_and_has_the_same_digest_as_folder_and_bundle() {
    let place = project();
    assert_eq!(run(&place, "policy show baseline --extract ours").code, 0);
    assert_eq!(run(&place, "policy show baseline --extract ours").code, 2);
    let digest = |policy: &str| gate(&place, &["--policy", policy]).1["policy_digest"].clone();
    assert_eq!(digest("ours"), digest("baseline"));
    let bundled = run(&place, "policy bundle ours --output ours.tar.gz --with-tests");
    assert_eq!(bundled.code, 0, "{bundled:?}");
    let first = std::fs::read(place.path().join("ours.tar.gz")).unwrap();
    assert_eq!(digest("ours.tar.gz"), digest("ours"));
    assert_eq!(run(&place, "policy test ours.tar.gz").code, 0);
    assert_eq!(run(&place, "policy bundle ours --output again.tar.gz --with-tests").code, 0);
    assert_eq!(std::fs::read(place.path().join("again.tar.gz")).unwrap(), first);
    // A bundle that was changed is none.
    let mut changed = first;
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    place.write("ours.tar.gz", changed);
    assert_eq!(run(&place, "gate model --policy ours.tar.gz").code, 2);
}

#[test]
fn a_failing_test_is_named_with_its_place_and_no_tests_are_no_pass() {
    let place = Workplace::new();
    place.write("p/gate.rego", "package bartizan.gate\n\ndeny contains \"x\" if input.bad\n");
    assert_eq!(run(&place, "policy test p").code, 1);
    place.write(
        "p/gate_test.rego",
        "package bartizan.gate_test\n\nimport data.bartizan.gate\n\ntest_bad if \"x\" in gate.deny with input as {\"bad\": true}\n\n\
         test_good if \"x\" in gate.deny with input as {}\n",
    );
    let ran = run(&place, "policy test p");
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("FAIL  bartizan.gate_test.test_good (p: gate_test.rego:7)"), "{ran:?}");
    assert!(ran.out.contains("1 passed, 1 failed, 0 errors, 0 skipped"));
    let ran = run(&place, "policy test p --filter test_bad --format json");
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &report["passed"], &report["failed"]), (0, &1.into(), &0.into()));
}

#[test]
fn the_layout_is_checked_and_made_and_a_broken_file_is_left_alone() {
    let place = Workplace::new();
    let path = place.write(
        "p/gate.rego",
        "package   bartizan.gate\n\n\n\ndeny contains \"x\" if {\ninput.bad==true\n}\n",
    );
    let check = run(&place, "policy fmt p --check");
    assert!(check.code == 1 && check.out.contains("would change p/gate.rego"), "{check:?}");
    assert_eq!(run(&place, "policy fmt p").code, 0);
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "package bartizan.gate\n\ndeny contains \"x\" if {\n\tinput.bad == true\n}\n"
    );
    assert_eq!(run(&place, "policy fmt p --check").code, 0);
    place.write("p/gate.rego", "x := \"abc\n");
    let broken = run(&place, "policy fmt p");
    assert!(broken.code == 2 && broken.err.contains("line 1"), "{broken:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "x := \"abc\n");
}

#[test]
fn the_document_that_policies_read_fits_the_schema_that_is_published() {
    let place = project();
    let schema = run(&place, "policy schema");
    let schema: Value = serde_json::from_str(&schema.out).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let bare = Workplace::new();
    bare.write("model/list.pkl", good_pickle());
    for place in [&place, &bare] {
        let input = run(place, "gate model --show-input");
        assert_eq!(input.code, 0);
        let input: Value = serde_json::from_str(&input.out).unwrap();
        assert!(validator.is_valid(&input), "{input}");
    }
    // And a policy can be tried on a document that was kept.
    let kept = run(&place, "gate model --show-input").out;
    place.write("input.json", &kept);
    let tried = run(&place, "policy try baseline --input input.json --format json");
    let tried: Value = serde_json::from_str(&tried.out).unwrap();
    assert_eq!(tried["verdict"], "allow");
    assert_eq!(run(&place, "policy try strict --input input.json").code, 1);
    place.write("input.json", "[1]");
    assert_eq!(run(&place, "policy try strict --input input.json").code, 2);
}
