//! What statements say: the predicates of the field in types, any other as the JSON it came as.
//!
//! Unknown fields are ignored and unknown predicates kept, as the in-toto attestation framework asks (`spec/v1/README.md`,
//! parsing rules).

mod scai;
mod schema;
mod shape;
mod slsa;
mod tables;
mod test_result;
mod vulns;

pub use scai::{AttributeAssertion, AttributeReport, SCAI_V0_2, SCAI_V0_3};
pub use schema::{Schema, schemas};
pub use shape::{Misfit, check};
pub use slsa::{
    BuildDefinition, BuildMetadata, Builder, PROVENANCE_V1, Provenance, RunDetails, VSA_V1,
    VerificationResult, VerificationSummary, Verifier,
};
pub use tables::{CANARIES_V1, CHECKED, DECISIONS_V1, MCP_APPROVAL_V1, REVIEW_V1, WAIVER_V1, is_known};
pub use test_result::{Outcome, TEST_RESULT_V0_1, TestResult};
pub use vulns::{
    Database, ScanMetadata, Scanner, Severity, VULNS_V0_1, VULNS_V0_2, Vulnerabilities, Vulnerability,
};

use crate::oms::{DIGESTS_V0_1, SIGNATURE_V1};
use crate::statement::Statement;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Predicate type of a CycloneDX BOM; a version may follow (`…/bom/v1.6`).
pub const CYCLONEDX: &str = "https://cyclonedx.org/bom";

/// What a statement says.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// How the subjects were built (SLSA provenance v1).
    Provenance(Box<Provenance>),
    /// That somebody verified the subjects (SLSA VSA v1).
    VerificationSummary(Box<VerificationSummary>),
    /// How a test run over the subjects ended.
    TestResult(Box<TestResult>),
    /// Which vulnerabilities a scanner found in the subjects.
    Vulnerabilities(Box<Vulnerabilities>),
    /// Which attributes somebody asserts of the subjects (SCAI).
    AttributeReport(Box<AttributeReport>),
    /// A BOM of the subjects (CycloneDX), as it came.
    CycloneDx(Value),
    /// Every file of a model (OMS), as it came; `oms::ModelManifest` reads it with its checks.
    ModelSignature(Value),
    /// Anything else, as it came.
    Other(Value),
}

/// Why a predicate is not what its type says.
#[derive(Debug, thiserror::Error)]
#[error("the predicate is no {kind}: {error}")]
pub struct PredicateError {
    /// What the statement says it is.
    kind: &'static str,
    /// What is wrong with it.
    #[source]
    error: serde_json::Error,
}

impl Predicate {
    /// The predicate of a statement. A statement without one says null.
    ///
    /// # Errors
    /// [`PredicateError`] when a known type does not have its shape.
    pub fn of(statement: &Statement) -> Result<Self, PredicateError> {
        let value = statement.predicate.clone().unwrap_or_default();
        Ok(match statement.predicate_type.as_str() {
            PROVENANCE_V1 => Self::Provenance(typed("SLSA provenance", value)?),
            VSA_V1 => Self::VerificationSummary(typed("SLSA verification summary", value)?),
            TEST_RESULT_V0_1 => Self::TestResult(typed("test result", value)?),
            VULNS_V0_1 | VULNS_V0_2 => Self::Vulnerabilities(typed("vulnerability report", value)?),
            SCAI_V0_2 | SCAI_V0_3 => Self::AttributeReport(typed("SCAI attribute report", value)?),
            SIGNATURE_V1 | DIGESTS_V0_1 => Self::ModelSignature(value),
            other
                if other
                    .strip_prefix(CYCLONEDX)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) =>
            {
                Self::CycloneDx(value)
            }
            _ => Self::Other(value),
        })
    }
}

fn typed<P: DeserializeOwned>(kind: &'static str, value: Value) -> Result<Box<P>, PredicateError> {
    serde_json::from_value(value).map(Box::new).map_err(|error| PredicateError { kind, error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::statement::ResourceDescriptor;
    use serde_json::json;

    fn of(kind: &str, predicate: Value) -> Result<Predicate, PredicateError> {
        let subject = ResourceDescriptor::named("m", Digest::sha256(b""));
        Predicate::of(&Statement::new(vec![subject], kind, predicate))
    }

    #[test]
    fn known_predicates_are_typed_and_unknown_ones_kept() {
        let provenance = json!({
            "buildDefinition": {"buildType": "t", "externalParameters": {"a": 1}},
            "runDetails": {"builder": {"id": "b"}}, "later": 1,
        });
        let Predicate::Provenance(read) = of(PROVENANCE_V1, provenance).unwrap() else { panic!() };
        assert_eq!(
            (read.build_definition.build_type.as_str(), read.run_details.builder.id.as_str()),
            ("t", "b")
        );
        let Predicate::TestResult(read) =
            of(TEST_RESULT_V0_1, json!({"result": "WARNED", "configuration": []})).unwrap()
        else {
            panic!()
        };
        assert_eq!(read.result, Outcome::Warned);
        assert_eq!(of("https://example.com/x", json!([1])).unwrap(), Predicate::Other(json!([1])));
        assert!(matches!(of("https://cyclonedx.org/bom/v1.6", json!({})), Ok(Predicate::CycloneDx(_))));
        assert!(matches!(of("https://cyclonedx.org/bombastic", json!({})), Ok(Predicate::Other(_))));
    }

    #[test]
    fn a_known_type_of_another_shape_is_an_error() {
        assert!(of(PROVENANCE_V1, json!({})).is_err());
        assert!(of(VSA_V1, json!({"verificationResult": "MAYBE"})).is_err());
        assert!(of(TEST_RESULT_V0_1, json!({"result": "fine", "configuration": []})).is_err());
    }
}
