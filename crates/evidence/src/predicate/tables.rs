//! Which predicates are known, and what each must hold: the tables of [`super::check`].
//!
//! Source of each table: the specification named beside it. What reading needs and what a specification demands stands here; what
//! it only recommends does not.

use super::shape::{Field, Named, Shape, may, must};
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
pub const CHECKED: [&str; 17] = [
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
    CANARIES_V1,
    MCP_APPROVAL_V1,
    DECISIONS_V1,
];

/// That somebody looked at the subjects and approves of them, or not.
pub const REVIEW_V1: &str = "urn:bartizan:predicate:review:v1";
/// That one rule does not count for the subjects in one environment until a day.
pub const WAIVER_V1: &str = "urn:bartizan:predicate:waiver:v1";
/// Which texts were planted in a copy of a dataset, so that who passes it on can be told.
pub const CANARIES_V1: &str = "urn:bartizan:predicate:canaries:v1";
/// That somebody agreed to what MCP servers are and offer.
pub const MCP_APPROVAL_V1: &str = "urn:bartizan:predicate:mcp-approval:v1";
/// What the gateway decided about exchanges; each subject is one decision.
pub const DECISIONS_V1: &str = "urn:bartizan:predicate:decisions:v1";

/// A predicate type of our own.
pub(super) struct Own {
    pub(super) kind: &'static str,
    /// What it says, in one sentence.
    pub(super) about: &'static str,
    pub(super) shape: &'static Shape,
}

/// Every predicate type of our own.
pub(super) static OWN: [Own; 8] = [
    Own {
        kind: LINEAGE_V1,
        about: "What leads to what, as a document of someone else says or as somebody states; the subject is the document.",
        shape: &LINEAGE,
    },
    Own {
        kind: USE_V1,
        about: "That a deployment, a decision or anything else uses artifacts.",
        shape: &USE,
    },
    Own {
        kind: ERASURE_V1,
        about: "Everything that was made from a record, as far as a log tells; the subject is the record.",
        shape: &ERASURE,
    },
    Own {
        kind: REVIEW_V1,
        about: "That somebody looked at the subjects and approves of them, or not.",
        shape: &REVIEW,
    },
    Own {
        kind: WAIVER_V1,
        about: "That one rule does not count for the subjects in one environment until a day.",
        shape: &WAIVER,
    },
    Own {
        kind: CANARIES_V1,
        about: "Which texts were planted in a copy of a dataset, which is the subject.",
        shape: &CANARIES,
    },
    Own {
        kind: MCP_APPROVAL_V1,
        about: "That somebody agreed to what MCP servers are and offer; the subject is the lock.",
        shape: &MCP_APPROVAL,
    },
    Own {
        kind: DECISIONS_V1,
        about: "What the gateway decided about exchanges; each subject is one decision.",
        shape: &DECISIONS,
    },
];

/// Whether anything here reads predicates of this type.
pub fn is_known(kind: &str) -> bool {
    shape_of(kind).is_some() || READ.iter().any(|known| kind.starts_with(known))
}

/// The table of a type, if it has one.
pub(super) fn shape_of(kind: &str) -> Option<&'static Shape> {
    let is_bom = |rest: &str| rest.is_empty() || rest.starts_with('/');
    if let Some(own) = OWN.iter().find(|own| own.kind == kind) {
        return Some(own.shape);
    }
    Some(match kind {
        PROVENANCE_V1 => &PROVENANCE,
        VSA_V1 => &VERIFICATION_SUMMARY,
        TEST_RESULT_V0_1 => &TEST_RESULT,
        VULNS_V0_1 | VULNS_V0_2 => &VULNERABILITIES,
        SCAI_V0_2 | SCAI_V0_3 => &ATTRIBUTE_REPORT,
        SIGNATURE_V1 => &MODEL_SIGNATURE,
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

const NODE: Shape = Shape::Named(&Named {
    takes: is_node,
    what: "a node, such as sha256:9f86d0… or dataset:NAME",
    all: Vec::new,
    // A digest's algorithm and digits are checked when it is read.
    pattern: "^\\s*([^:]+:.|[0-9A-Fa-f]{64}\\s*$)",
});
const KIND: Shape = Shape::Named(&Named {
    takes: is_kind,
    what: "a kind of node, such as dataset, run, model, release, deployment or decision",
    all: || Kind::ALL.iter().map(|kind| kind.name()).collect(),
    pattern: "",
});
const RELATION: Shape = Shape::Named(&Named {
    takes: is_relation,
    what: "a relation, such as used-by, output or part-of",
    all: || Relation::ALL.iter().map(|relation| relation.name()).collect(),
    pattern: "",
});

/// What `bartizan lineage import` writes.
static LINEAGE: Shape = Shape::Object(&[
    may("format", Shape::Text).about("Format of the document that was read."),
    may(
        "nodes",
        Shape::List(&Shape::Object(&[
            must("id", NODE).about("A digest, or a name for what has none."),
            may("kind", Shape::Any).about("What it is."),
            may("name", Shape::Any).about("What it is called."),
        ])),
    )
    .about("What is known of nodes."),
    may(
        "edges",
        Shape::List(&Shape::Object(&[
            must("from", NODE).about("What was there before."),
            must("to", NODE).about("What came of it."),
            must("relation", RELATION).about("Why the one leads to the other."),
        ])),
    )
    .about("What leads to what."),
]);

/// That a deployment, a decision or anything else uses artifacts.
static USE: Shape = Shape::Object(&[
    must("kind", KIND).about("What the subject is."),
    must("uses", DESCRIPTORS).about("The artifacts that it uses, each with its digest."),
]);

/// What `bartizan lineage erase` writes.
static ERASURE: Shape = Shape::Object(&[
    must(
        "affected",
        Shape::List(&Shape::Object(&[
            must("id", NODE),
            must("kind", KIND),
            may("name", Shape::Text),
            must("depth", Shape::Count).about("Steps from the record."),
            must("proven", Shape::Truth).about("Whether it is reached over proven edges alone."),
        ])),
    )
    .about("Everything that was made from the record, the nearest first."),
    must("totals", Shape::Object(&[])).about("How many nodes, edges and statements."),
    must("complete", Shape::Truth).about("Whether nothing in `doubts` speaks against it."),
    must("doubts", TEXTS).about("What speaks against the list being complete and right."),
    must("log", Shape::Any)
        .about("Head of the log that was read: origin, size, root, checkpoint; null without a log."),
    must("examinedOn", Shape::Time),
]);

/// What somebody signs after looking at an artifact.
static REVIEW: Shape = Shape::Object(&[
    must("reviewer", Shape::Text).about("Who looked."),
    must("decision", Shape::Word(&["approved", "rejected"])),
    must("reviewedOn", Shape::Time),
    may("comment", Shape::Text),
    may("environment", Shape::Text).about("Where it counts; everywhere when it is not given."),
]);

/// What `bartizan waive` writes.
static WAIVER: Shape = Shape::Object(&[
    must("rule", Shape::Text).about("Id of the one rule that does not count."),
    must("environment", Shape::Text).about("The one environment in which it does not."),
    must("owner", Shape::Text).about("Who answers for it."),
    must("reason", Shape::Text),
    must("issued", Shape::Time),
    must("expires", Shape::Time).about("From when on it does not count any more."),
]);

/// What `bartizan data canary plant` writes.
static CANARIES: Shape = Shape::Object(&[
    must("column", Shape::Text).about("The column that the canaries stand in."),
    must(
        "canaries",
        Shape::List(&Shape::Object(&[
            must("row", Shape::Count).about("Its row in the copy, from 0."),
            must("token", Shape::Text).about("What it is recognised by."),
            must("text", Shape::Text).about("The whole text."),
        ])),
    )
    .about("In the order of their rows."),
]);

/// What `bartizan mcp approve` writes.
static MCP_APPROVAL: Shape = Shape::Object(&[
    must("by", Shape::Text).about("Who agreed."),
    must("why", Shape::Text),
    must("at", Shape::Time),
    must("servers", Shape::Text).about("Digest of the servers as they are in the lock then."),
    must(
        "changes",
        Shape::List(&Shape::Object(&[
            must("server", Shape::Text),
            may("tool", Shape::Text),
            must("what", Shape::Text).about("What sort of change."),
            must("risk", Shape::Text),
            must("detail", Shape::Text),
        ])),
    )
    .about("What was agreed to."),
]);

/// What the gateway writes.
static DECISION_CONTENT: [Field; 4] = [
    must("jwe_sha256", Shape::Text)
        .about("SHA-256 of the message (RFC 7516, compact), its name among the blobs."),
    must("bytes", Shape::Count).about("Bytes of the message."),
    must("auditor", Shape::Text).about("The key that opens it: SHA-256 over its public half as PEM."),
    must("cut", Shape::Truth).about("Whether less than all of a body is in it."),
];

static DECISIONS: Shape = Shape::Object(&[must(
    "decisions",
    Shape::List(&Shape::Object(&[
        must("id", Shape::Text)
            .about("Its name, and that of the subject whose digest is the SHA-256 of this object's bytes."),
        must("time_micros", Shape::Count).about("When its request came, in microseconds since 1970."),
        must("action", Shape::Text).about("What was decided."),
        must("enforced", Shape::Truth).about("Whether that was carried out, and not only observed."),
        must("outcome", Shape::Text).about("How the exchange went."),
        may("content", Shape::Object(&DECISION_CONTENT))
            .about("What passed, encrypted to an auditor, where the configuration asks for that."),
    ])),
)
.about("One for each subject, in the same order.")]);
