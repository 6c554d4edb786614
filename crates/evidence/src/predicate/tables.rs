//! Which predicates are known, and what each must hold: the tables of [`super::check`].
//!
//! Source of each table: the specification named beside it. What reading needs and what a specification demands stands here; what
//! it only recommends does not.

use super::shape::{Shape, may, must};
use super::{
    CYCLONEDX, PROVENANCE_V1, SCAI_V0_2, SCAI_V0_3, TEST_RESULT_V0_1, VSA_V1, VULNS_V0_1, VULNS_V0_2,
};
use crate::lineage::erasure::ERASURE_V1;
use crate::lineage::{Kind, LINEAGE_V1, NodeId, PROVENANCE_V0_2, Relation, USE_V1};
use crate::oms::{DIGESTS_V0_1, SIGNATURE_V1};

/// Types that are read without a table of their own.
const READ: [&str; 5] = [
    PROVENANCE_V0_2,
    DIGESTS_V0_1,
    "https://spdx.dev/Document",
    "https://in-toto.io/attestation/release/v0",
    "https://in-toto.io/attestation/link/v0",
];

/// Types whose predicates are checked, for telling what may have been meant.
pub const CHECKED: [&str; 14] = [
    PROVENANCE_V1,
    VSA_V1,
    TEST_RESULT_V0_1,
    VULNS_V0_1,
    VULNS_V0_2,
    SCAI_V0_2,
    SCAI_V0_3,
    CYCLONEDX,
    SIGNATURE_V1,
    LINEAGE_V1,
    USE_V1,
    ERASURE_V1,
    REVIEW_V1,
    WAIVER_V1,
];

/// That somebody looked at the subjects and approves of them, or not.
pub const REVIEW_V1: &str = "urn:bartizan:predicate:review:v1";
/// That one rule does not count for the subjects in one environment until a day.
pub const WAIVER_V1: &str = "urn:bartizan:predicate:waiver:v1";

/// Whether anything here reads predicates of this type.
pub fn is_known(kind: &str) -> bool {
    shape_of(kind).is_some() || READ.iter().any(|known| kind.starts_with(known))
}

/// The table of a type, if it has one.
pub(super) fn shape_of(kind: &str) -> Option<&'static Shape> {
    let is_bom = |rest: &str| rest.is_empty() || rest.starts_with('/');
    Some(match kind {
        PROVENANCE_V1 => &PROVENANCE,
        VSA_V1 => &VERIFICATION_SUMMARY,
        TEST_RESULT_V0_1 => &TEST_RESULT,
        VULNS_V0_1 | VULNS_V0_2 => &VULNERABILITIES,
        SCAI_V0_2 | SCAI_V0_3 => &ATTRIBUTE_REPORT,
        SIGNATURE_V1 => &MODEL_SIGNATURE,
        LINEAGE_V1 => &LINEAGE,
        USE_V1 => &USE,
        ERASURE_V1 => &ERASURE,
        REVIEW_V1 => &REVIEW,
        WAIVER_V1 => &WAIVER,
        bom if bom.strip_prefix(CYCLONEDX).is_some_and(is_bom) => &BOM,
        _ => return None,
    })
}

fn is_kind(word: &str) -> bool {
    Kind::from_name(word).is_some()
}

fn is_relation(word: &str) -> bool {
    Relation::from_name(word).is_some()
}

fn is_node(text: &str) -> bool {
    text.parse::<NodeId>().is_ok()
}

/// in-toto `spec/v1/resource_descriptor.md`.
const DESCRIPTOR: Shape = Shape::Object(&[
    may("name", Shape::Text),
    may("uri", Shape::Text),
    may("digest", Shape::Digests),
    may("content", Shape::Text),
    may("downloadLocation", Shape::Text),
    may("mediaType", Shape::Text),
    may("annotations", Shape::Object(&[])),
]);
const DESCRIPTORS: Shape = Shape::List(&DESCRIPTOR);
const TEXTS: Shape = Shape::List(&Shape::Text);

/// SLSA v1.2, `build-provenance.md`.
static PROVENANCE: Shape = Shape::Object(&[
    must(
        "buildDefinition",
        Shape::Object(&[
            must("buildType", Shape::Text),
            must("externalParameters", Shape::Object(&[])),
            may("internalParameters", Shape::Object(&[])),
            may("resolvedDependencies", DESCRIPTORS),
        ]),
    ),
    must(
        "runDetails",
        Shape::Object(&[
            must(
                "builder",
                Shape::Object(&[
                    must("id", Shape::Text),
                    may("builderDependencies", DESCRIPTORS),
                    may("version", Shape::Object(&[])),
                ]),
            ),
            may(
                "metadata",
                Shape::Object(&[
                    may("invocationId", Shape::Text),
                    may("startedOn", Shape::Time),
                    may("finishedOn", Shape::Time),
                ]),
            ),
            may("byproducts", DESCRIPTORS),
        ]),
    ),
]);

/// SLSA v1.2, `verification_summary.md`.
static VERIFICATION_SUMMARY: Shape = Shape::Object(&[
    must("verifier", Shape::Object(&[must("id", Shape::Text), may("version", Shape::Object(&[]))])),
    may("timeVerified", Shape::Time),
    must("resourceUri", Shape::Text),
    must("policy", DESCRIPTOR),
    may("inputAttestations", DESCRIPTORS),
    must("verificationResult", Shape::Word(&["PASSED", "FAILED"])),
    may("verifiedLevels", TEXTS),
    may("dependencyLevels", Shape::Object(&[])),
    may("slsaVersion", Shape::Text),
]);

/// in-toto `spec/predicates/test-result.md`.
static TEST_RESULT: Shape = Shape::Object(&[
    must("result", Shape::Word(&["PASSED", "WARNED", "FAILED"])),
    must("configuration", DESCRIPTORS),
    may("url", Shape::Text),
    may("passedTests", TEXTS),
    may("warnedTests", TEXTS),
    may("failedTests", TEXTS),
]);

/// in-toto `spec/predicates/vuln.md` and `vulns_02.md`.
const VULNERABILITY: Shape = Shape::Object(&[
    must("id", Shape::Text),
    may(
        "severity",
        Shape::OneOrMany(&Shape::Object(&[must("method", Shape::Text), must("score", Shape::Text)])),
    ),
    may("annotations", Shape::Any),
]);
static VULNERABILITIES: Shape = Shape::Object(&[
    must(
        "scanner",
        Shape::Object(&[
            must("uri", Shape::Text),
            may("version", Shape::Text),
            may(
                "db",
                Shape::Object(&[
                    may("uri", Shape::Text),
                    may("version", Shape::Text),
                    may("lastUpdate", Shape::Time),
                ]),
            ),
            may("result", Shape::List(&Shape::MaybeUnder("vulnerability", &VULNERABILITY))),
        ]),
    ),
    may("metadata", Shape::Object(&[may("scanStartedOn", Shape::Time), may("scanFinishedOn", Shape::Time)])),
]);

/// in-toto `spec/predicates/scai.md`.
static ATTRIBUTE_REPORT: Shape = Shape::Object(&[
    must(
        "attributes",
        Shape::List(&Shape::Object(&[
            must("attribute", Shape::Text),
            may("target", DESCRIPTOR),
            may("conditions", Shape::Object(&[])),
            may("evidence", DESCRIPTOR),
        ])),
    ),
    may("producer", DESCRIPTOR),
]);

/// CycloneDX 1.4 to 1.7, what every version asks of a JSON document.
static BOM: Shape = Shape::Object(&[
    must("bomFormat", Shape::Word(&["CycloneDX"])),
    must("specVersion", Shape::Text),
    may("serialNumber", Shape::Text),
    may("version", Shape::Count),
    may("metadata", Shape::Object(&[may("timestamp", Shape::Time)])),
    may(
        "components",
        Shape::List(&Shape::Object(&[
            must("type", Shape::Text),
            must("name", Shape::Text),
            may(
                "hashes",
                Shape::List(&Shape::Object(&[must("alg", Shape::Text), must("content", Shape::Text)])),
            ),
        ])),
    ),
    may("dependencies", Shape::List(&Shape::Object(&[must("ref", Shape::Text), may("dependsOn", TEXTS)]))),
]);

/// OMS 1.0.
static MODEL_SIGNATURE: Shape = Shape::Object(&[
    must("serialization", Shape::Object(&[must("method", Shape::Text), must("hash_type", Shape::Text)])),
    must(
        "resources",
        Shape::List(&Shape::Object(&[
            must("name", Shape::Text),
            must("algorithm", Shape::Text),
            must("digest", Shape::Text),
        ])),
    ),
]);

const NODE: Shape = Shape::Named(is_node, "a node, such as sha256:9f86d0… or dataset:NAME");
const KIND: Shape =
    Shape::Named(is_kind, "a kind of node, such as dataset, run, model, release, deployment or decision");

/// What `bartizan lineage import` writes.
static LINEAGE: Shape = Shape::Object(&[
    may("format", Shape::Text),
    may(
        "nodes",
        Shape::List(&Shape::Object(&[must("id", NODE), may("kind", Shape::Any), may("name", Shape::Any)])),
    ),
    may(
        "edges",
        Shape::List(&Shape::Object(&[
            must("from", NODE),
            must("to", NODE),
            must("relation", Shape::Named(is_relation, "a relation, such as used-by, produced or part-of")),
        ])),
    ),
]);

/// That a deployment, a decision or anything else uses artifacts.
static USE: Shape = Shape::Object(&[must("kind", KIND), must("uses", DESCRIPTORS)]);

/// What `bartizan lineage erase` writes.
static ERASURE: Shape = Shape::Object(&[
    must(
        "affected",
        Shape::List(&Shape::Object(&[
            must("id", NODE),
            must("kind", KIND),
            may("name", Shape::Text),
            must("depth", Shape::Count),
            must("proven", Shape::Truth),
        ])),
    ),
    must("totals", Shape::Object(&[])),
    must("complete", Shape::Truth),
    must("doubts", TEXTS),
    must("log", Shape::Any),
    must("examinedOn", Shape::Time),
]);

/// What somebody signs after looking at an artifact.
static REVIEW: Shape = Shape::Object(&[
    must("reviewer", Shape::Text),
    must("decision", Shape::Word(&["approved", "rejected"])),
    must("reviewedOn", Shape::Time),
    may("comment", Shape::Text),
    may("environment", Shape::Text),
]);

/// What `bartizan waive` writes.
static WAIVER: Shape = Shape::Object(&[
    must("rule", Shape::Text),
    must("environment", Shape::Text),
    must("owner", Shape::Text),
    must("reason", Shape::Text),
    must("issued", Shape::Time),
    must("expires", Shape::Time),
]);
