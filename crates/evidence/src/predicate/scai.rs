//! Which attributes somebody asserts of an artifact. Source: in-toto attestation framework, `predicates/scai.md` v0.3.

use crate::statement::ResourceDescriptor;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Predicate type, the version before.
pub const SCAI_V0_2: &str = "https://in-toto.io/attestation/scai/attribute-report/v0.2";
/// Predicate type.
pub const SCAI_V0_3: &str = "https://in-toto.io/attestation/scai/v0.3";

/// Several assertions by one producer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AttributeReport {
    /// The assertions.
    pub attributes: Vec<AttributeAssertion>,
    /// Who or what produced the subjects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub producer: Option<ResourceDescriptor>,
}

/// One assertion.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AttributeAssertion {
    /// What is asserted.
    pub attribute: String,
    /// Of what, when not of all subjects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<ResourceDescriptor>,
    /// Under which conditions.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub conditions: Map<String, Value>,
    /// On which evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<ResourceDescriptor>,
}
