//! The verdict as a statement: a SLSA verification summary over the digests that were decided about.
//!
//! Source: SLSA v1.2, `verification_summary.md`. The policy is named by its digest, the evidence by the digests of its envelopes. A level
//! that nobody here evaluates is not claimed: `verifiedLevels` holds a word of ours, or `FAILED`.

use crate::arguments::GateArguments;
use crate::commands::scan::TOOL;
use crate::failure::Failure;
use crate::{keyfile, project, terminal};
use bartizan_evidence::digest::Digest;
use bartizan_evidence::predicate::{VSA_V1, VerificationResult, VerificationSummary, Verifier};
use bartizan_evidence::statement::{ResourceDescriptor, Statement};
use bartizan_policy::decide::{Decision, Verdict};
use bartizan_policy::input::GateInput;
use serde_json::json;
use std::collections::BTreeMap;

/// Who verifies.
const VERIFIER: &str = "urn:bartizan:gate";
/// Version of SLSA whose form this is.
const SLSA_VERSION: &str = "1.2";

/// The statement about a decision.
pub(super) fn statement(decision: &Decision, input: &GateInput) -> Statement<VerificationSummary> {
    let named = |name: &str, digest: &str| {
        let digest: Option<Digest> = digest.parse().ok();
        ResourceDescriptor {
            name: Some(name.to_owned()),
            digest: digest.map(Into::into).unwrap_or_default(),
            ..ResourceDescriptor::default()
        }
    };
    let subjects = input.artifact.files.iter().map(|file| named(&file.name, &file.digest)).collect();
    let mut policy = named(&decision.policies.join(" + "), &decision.policy_digest);
    policy.uri = Some(format!("urn:bartizan:policy:{}", decision.policies.join("+")));
    policy.annotations.insert("environment".to_owned(), json!(decision.environment));
    let evidence = decision.statements.iter().map(|each| named(&each.kind, &each.id));
    let waivers = decision.waived.iter().map(|each| named("waiver", &each.waiver));
    let mut inputs: Vec<ResourceDescriptor> = evidence.chain(waivers).collect();
    inputs.dedup();
    let passed = decision.verdict != Verdict::Deny;
    let level = if passed {
        format!("BARTIZAN_{}", decision.verdict.as_str().to_uppercase())
    } else {
        "FAILED".to_owned()
    };
    let summary = VerificationSummary {
        verifier: Verifier {
            id: VERIFIER.to_owned(),
            version: BTreeMap::from([(TOOL.name.to_owned(), TOOL.version.to_owned())]),
        },
        time_verified: Some(decision.decided_on.clone()),
        resource_uri: decision.artifact.path.clone(),
        policy,
        input_attestations: inputs,
        verification_result: if passed { VerificationResult::Passed } else { VerificationResult::Failed },
        verified_levels: vec![level],
        dependency_levels: BTreeMap::new(),
        slsa_version: Some(SLSA_VERSION.to_owned()),
    };
    Statement::new(subjects, VSA_V1, summary)
}

/// Signs the statement, keeps it and logs it.
///
/// # Errors
/// [`Failure`] when it cannot be signed or kept.
pub(super) fn record(
    statement: &Statement<VerificationSummary>,
    arguments: &GateArguments,
) -> Result<(), Failure> {
    let key = keyfile::signing_key(&arguments.key, &arguments.passphrase)?;
    let store = project::for_signing(arguments.basis.store.as_deref(), &key)?;
    let (receipt, _) = project::record(&store, statement, &key)?;
    let place =
        receipt.entry.map_or_else(|| "not logged".to_owned(), |entry| format!("entry {entry} of the log"));
    terminal::remark(&format!("attested: {} ({place})", receipt.envelope));
    Ok(())
}
