//! What a predicate says in the few words that policies ask for: its kind, its result, the tests that did not pass, its time.

use bartizan_evidence::lineage::erasure::ERASURE_V1;
use bartizan_evidence::lineage::{LINEAGE_V1, PROVENANCE_V0_2, USE_V1};
use bartizan_evidence::oms::{DIGESTS_V0_1, SIGNATURE_V1};
use bartizan_evidence::predicate::{
    CYCLONEDX, PROVENANCE_V1, REVIEW_V1, SCAI_V0_2, SCAI_V0_3, TEST_RESULT_V0_1, VSA_V1, VULNS_V0_1,
    VULNS_V0_2,
};
use bartizan_policy::input::TestFact;
use bartizan_policy::waiver::WAIVER_V1;
use serde_json::Value;
use std::collections::BTreeMap;

/// Where predicates say when they were made, as JSON pointers, the most telling first.
pub(super) const STATED: [&str; 12] = [
    "/finished",
    "/bartizan_finishedOn",
    "/finishedOn",
    "/timeVerified",
    "/runDetails/metadata/finishedOn",
    "/runDetails/metadata/startedOn",
    "/metadata/scanFinishedOn",
    "/metadata/timestamp",
    "/reviewedOn",
    "/issued",
    "/examinedOn",
    "/testedOn",
];

/// Names of the configuration of a test result that say what kind of test it was.
const TESTS: [(&str, &str); 4] = [
    ("bartizan-rules", "scan"),
    ("data-checks", "data"),
    ("drift-checks", "drift"),
    ("red-team", "red-team"),
];

/// What a statement is, in one word.
pub(super) fn kind(predicate_type: &str, predicate: &Value) -> &'static str {
    match predicate_type {
        TEST_RESULT_V0_1 => {
            if predicate.get("bartizan_comparison").is_some() {
                return "reproduction";
            }
            let configuration =
                predicate.get("configuration").and_then(Value::as_array).into_iter().flatten();
            let names: Vec<&str> = configuration.filter_map(|each| each.get("name")?.as_str()).collect();
            let known = TESTS.iter().find(|(name, _)| names.contains(name));
            known.map_or("test", |(_, kind)| kind)
        }
        PROVENANCE_V1 | PROVENANCE_V0_2 => "provenance",
        SIGNATURE_V1 | DIGESTS_V0_1 => "signature",
        VULNS_V0_1 | VULNS_V0_2 => "vulns",
        VSA_V1 => "vsa",
        SCAI_V0_2 | SCAI_V0_3 => "attributes",
        LINEAGE_V1 | USE_V1 | ERASURE_V1 => "lineage",
        REVIEW_V1 => "review",
        WAIVER_V1 => "waiver",
        bom if bom.starts_with(CYCLONEDX) || bom.starts_with("https://spdx.dev/Document") => "bom",
        _ => "other",
    }
}

/// The result of a statement whose type says one.
pub(super) fn result(predicate: &Value) -> Option<String> {
    let named = ["result", "verificationResult"].iter().find_map(|name| predicate.get(*name)?.as_str());
    named.map(|result| bartizan_core::printable(result, 40))
}

/// The tests that did not pass. `names` are the statement's subjects, with the artifact's file where one is. A scan reads more than
/// one artifact: what it found in files that are none of this one's is left out.
pub(super) fn tests(
    kind: &str,
    predicate: &Value,
    names: &BTreeMap<String, Option<String>>,
) -> Vec<TestFact> {
    let mut found = Vec::new();
    for (list, outcome) in [("failedTests", "failed"), ("warnedTests", "warned")] {
        for text in
            predicate.get(list).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            let (rule, place) = text.split_once(": ").unwrap_or((text, ""));
            let file = match names.get(place) {
                Some(None) => continue,
                Some(Some(file)) => Some(file.clone()),
                // A file without a digest was not read: no statement is about it, and nothing passes for it.
                None if kind == "scan" && outcome == "warned" => continue,
                None => None,
            };
            found.push(TestFact {
                outcome: outcome.to_owned(),
                rule: rule.to_owned(),
                file,
                text: text.to_owned(),
                current: true,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_of_test_results_are_told_by_their_configuration() {
        let of = |name: &str| kind(TEST_RESULT_V0_1, &json!({"configuration": [{"name": name}]}));
        assert_eq!((of("bartizan-rules"), of("data-checks"), of("pytest")), ("scan", "data", "test"));
        assert_eq!(kind(TEST_RESULT_V0_1, &json!({"bartizan_comparison": {}})), "reproduction");
        assert_eq!(kind("https://cyclonedx.org/bom/v1.6", &Value::Null), "bom");
        assert_eq!(kind("https://example.com/x", &Value::Null), "other");
    }

    #[test]
    fn what_a_scan_found_elsewhere_is_left_out_and_what_nobody_can_place_is_kept() {
        let names = BTreeMap::from([
            ("m/a.pkl".to_owned(), Some("a.pkl".to_owned())),
            ("other.pkl".to_owned(), None),
        ]);
        let predicate = json!({
            "failedTests": ["model/x: m/a.pkl", "model/x: other.pkl", "model/y: gone.pkl"],
            "warnedTests": ["incomplete: gone.pkl", "model/z: m/a.pkl"],
        });
        let found = tests("scan", &predicate, &names);
        let told: Vec<_> = found
            .iter()
            .map(|each| (each.outcome.as_str(), each.rule.as_str(), each.file.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("failed", "model/x", Some("a.pkl")),
                ("failed", "model/y", None),
                ("warned", "model/z", Some("a.pkl")),
            ]
        );
    }
}
