//! What came of reproducing a run, as a statement: in-toto test-result v0.1 about the recorded outputs.
//!
//! Source: in-toto attestation, `spec/predicates/test-result.md`. Each output is a test of its own: passed when identical,
//! warned when different within the tolerance, failed otherwise. How far each differs, and why, are fields of ours.

use super::compare::{Class, Comparison};
use super::rerun::Reproduction;
use crate::predicate::{Outcome, TEST_RESULT_V0_1, TestResult};
use crate::run::Ending;
use crate::run::environment::Cause;
use crate::statement::{ResourceDescriptor, Statement};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A statement about a reproduction.
pub type ReproductionResult = Statement<ReproductionTest>;

/// A test result with what is particular to a reproduction: each output is a test, the recorded run the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReproductionTest {
    /// The standard's own fields.
    #[serde(flatten)]
    pub test: TestResult,
    /// How far, by output.
    #[serde(default, rename = "bartizan_comparison")]
    pub comparison: BTreeMap<String, Comparison>,
    /// What differs between then and now.
    #[serde(default, rename = "bartizan_causes", skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    /// The tolerance, relative to a tensor's root mean square.
    #[serde(rename = "bartizan_tolerance")]
    pub tolerance: f64,
    /// How the command ended.
    #[serde(rename = "bartizan_ending")]
    pub ending: Ending,
    /// When it was done, RFC 3339.
    #[serde(rename = "bartizan_finishedOn")]
    pub finished_on: String,
}

pub(super) fn statement(
    request: &Reproduction<'_>,
    outputs: &[ResourceDescriptor],
    compared: &[(String, Comparison)],
    causes: &[Cause],
    ending: Ending,
) -> ReproductionResult {
    let names = |wanted: Outcome| {
        let of = |comparison: &Comparison| match comparison.class {
            Class::Identical => Outcome::Passed,
            _ if comparison.is_within(request.tolerance) => Outcome::Warned,
            _ => Outcome::Failed,
        };
        compared
            .iter()
            .filter(|(_, each)| of(each) == wanted)
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>()
    };
    let (warned, failed) = (names(Outcome::Warned), names(Outcome::Failed));
    let result = if !failed.is_empty() || !ending.is_success() {
        Outcome::Failed
    } else if !warned.is_empty() {
        Outcome::Warned
    } else {
        Outcome::Passed
    };
    let about: Vec<ResourceDescriptor> =
        if outputs.is_empty() { request.recorded.subject.clone() } else { outputs.to_vec() };
    let bare = |each: ResourceDescriptor| ResourceDescriptor { annotations: serde_json::Map::new(), ..each };
    Statement::new(
        about.into_iter().map(bare).collect(),
        TEST_RESULT_V0_1,
        ReproductionTest {
            test: TestResult {
                result,
                configuration: vec![ResourceDescriptor::named("run", request.name.clone())],
                url: None,
                passed_tests: names(Outcome::Passed),
                warned_tests: warned,
                failed_tests: failed,
            },
            comparison: compared.iter().cloned().collect(),
            causes: causes.to_vec(),
            tolerance: request.tolerance.0,
            ending,
            finished_on: (request.clock)().to_string(),
        },
    )
}
