//! `bartizan attest`: which predicates are signed, which are refused before anything is written, and which are warned about.

use crate::support::Workplace;

const PROVENANCE: &str = "https://slsa.dev/provenance/v1";

/// A place with a key and an artifact.
fn place() -> Workplace {
    let place = Workplace::new();
    assert_eq!(place.run(&["key", "generate"]).code, 0);
    place.write("model.onnx", "weights");
    place
}

#[test]
fn a_predicate_that_does_not_fit_its_type_is_refused_with_the_field_and_nothing_is_written() {
    let place = place();
    for (kind, predicate, pointer) in [
        (PROVENANCE, r#"{"buildDefinition": {"externalParameters": {}}}"#, "/buildDefinition/buildType"),
        ("https://slsa.dev/verification_summary/v1", r#"{"verifier": {"id": 7}}"#, "/verifier/id"),
        ("https://in-toto.io/attestation/test-result/v0.1", r#"{"result": "passed"}"#, "/result"),
        (
            "https://in-toto.io/attestation/vulns/v0.2",
            r#"{"scanner": {"uri": "s", "result": {}}}"#,
            "/scanner/result",
        ),
        ("https://in-toto.io/attestation/scai/v0.3", r#"{"attributes": [{}]}"#, "/attributes/0/attribute"),
        ("https://cyclonedx.org/bom/v1.6", r#"{"bomFormat": "SPDX"}"#, "/bomFormat"),
        ("urn:bartizan:predicate:use:v1", r#"{"kind": "deployment"}"#, "/uses"),
    ] {
        place.write("predicate.json", predicate);
        let ran = place.run(&[
            "attest",
            "model.onnx",
            "--type",
            kind,
            "--predicate",
            "predicate.json",
            "--output",
            "e",
        ]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(
            ran.err.contains(&format!("`{pointer}`")) && ran.err.contains("predicate.json"),
            "{kind}: {}",
            ran.err
        );
        assert!(!place.path().join(".bartizan").exists() && !place.path().join("e").exists(), "{kind}");
    }
}

#[test]
fn a_type_that_is_not_known_is_signed_with_a_warning_that_names_it() {
    let place = place();
    place.write("predicate.json", "[1, 2]");
    let attest = |kind: &str| {
        place.run(&["attest", "model.onnx", "--type", kind, "--predicate", "predicate.json", "--output", "e"])
    };
    let ran = attest("https://example.com/own/v1");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("`https://example.com/own/v1` is not known"), "{}", ran.err);
    let near = attest("https://slsa.dev/provenance/v2");
    assert!(near.code == 0 && near.err.contains(&format!("did you mean {PROVENANCE}?")), "{near:?}");
    place.write("predicate.json", r#"{"result": "PASSED", "configuration": []}"#);
    let known = attest("https://in-toto.io/attestation/test-result/v0.1");
    assert!(known.code == 0 && !known.err.contains("not known"), "{known:?}");
}
