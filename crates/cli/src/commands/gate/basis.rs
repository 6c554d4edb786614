//! What decisions rest on, opened once for any number of them: policy, keys and store. [`Basis`].

use super::trust::{self, Examined};
use super::{artifact, bounds, evidence, policies, resident_bytes, signature};
use crate::arguments::BasisArguments;
use crate::failure::Failure;
use bartizan_evidence::keys::{PublicKey, Verifier as _};
use bartizan_evidence::store::TRUSTED;
use bartizan_policy::decide::{Decision, decide};
use bartizan_policy::input::{Environment, GateInput, INPUT_SCHEMA};
use bartizan_policy::source::Policy;
use std::path::Path;

/// Policy, keys and store.
pub(crate) struct Basis {
    arguments: BasisArguments,
    policy: Policy,
    named: Vec<PublicKey>,
    examined: Option<Examined>,
}

/// A name for everything that decisions rest on. Two that are equal lead to the same verdict, but for what time alone changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// Policy, keys, and whether the log is believed.
    pub(crate) rules: String,
    /// The log's checkpoint.
    pub(crate) checkpoint: String,
}

impl Basis {
    /// Opens what the arguments name. The store is looked for beside `artifact` when there is none where the user works.
    ///
    /// # Errors
    /// [`Failure`] when policy, keys or store cannot be used.
    pub(crate) fn open(arguments: &BasisArguments, artifact: &str) -> Result<Self, Failure> {
        let policy = policies(&arguments.policy)?;
        let named = trust::named_keys(arguments)?;
        let examined = trust::examine(arguments, artifact, &named)?;
        Ok(Self { arguments: arguments.clone(), policy, named, examined })
    }

    /// The policy in force.
    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Everything that policies read about an artifact, gathered and checked now. `given` is its signature, where it is not beside it.
    ///
    /// # Errors
    /// [`Failure`] when the artifact, its signature or the store cannot be read.
    pub(crate) fn input(&self, artifact: &str, given: Option<&Path>) -> Result<GateInput, Failure> {
        let time = crate::commands::scan::now();
        let signature = signature::place(artifact, given);
        let read = artifact::read(artifact, signature.as_deref())?;
        let mut input = GateInput {
            schema: INPUT_SCHEMA.to_owned(),
            time: time.to_string(),
            now: time.as_second(),
            environment: Environment {
                name: self.arguments.env.clone(),
                set: self.arguments.set.iter().cloned().collect(),
            },
            artifact: read.artifact.clone(),
            ..GateInput::default()
        };
        let mut keys = self.named.clone();
        if let Some(examined) = &self.examined {
            evidence::gather(examined, self.arguments.max_age_days, &mut input)?;
            keys.extend(believed_keys(examined.store.root(), &input.trusted_keys)?);
        }
        let store = self.examined.as_ref().map(|examined| &examined.store);
        input.signature = signature::judge(&read, signature.as_deref(), keys, store, input.now)?;
        Ok(input)
    }

    /// Decides about an artifact.
    ///
    /// # Errors
    /// As [`Basis::input`], and [`Failure::Policy`] when the policy fails.
    pub(crate) fn decide(
        &self,
        artifact: &str,
        given: Option<&Path>,
    ) -> Result<(Decision, GateInput), Failure> {
        let input = self.input(artifact, given)?;
        let package = self.arguments.package.as_deref();
        let decision =
            decide(&self.policy, package, &input, bounds(&self.arguments.bounds), &resident_bytes)?;
        Ok((decision, input))
    }

    /// The state that the arguments lead to now, whatever was opened before.
    ///
    /// # Errors
    /// As [`Basis::open`].
    pub(crate) fn state(arguments: &BasisArguments, artifact: &str) -> Result<State, Failure> {
        let policy = policies(&arguments.policy)?;
        let named = trust::named_keys(arguments)?;
        let (trusted, checkpoint) = trust::state(arguments, artifact, &named)?;
        Ok(State { rules: format!("{} {trusted}", policy.digest), checkpoint })
    }

    /// Reads what the log has gained since the store was opened, as a server that goes on does.
    ///
    /// # Errors
    /// [`Failure::Store`].
    #[cfg(feature = "gateway")]
    pub(crate) fn catch_up(&self) -> Result<(), Failure> {
        Ok(self.examined.as_ref().map_or(Ok(()), |examined| examined.store.catch_up())?)
    }
}

/// The public keys of a store that are among `ids`.
fn believed_keys(root: &Path, ids: &[String]) -> Result<Vec<PublicKey>, Failure> {
    let mut keys = Vec::new();
    for id in ids {
        let path = root.join(TRUSTED).join(format!("{id}.pem"));
        if path.is_file() {
            keys.push(crate::keyfile::public_key(&path)?);
        }
    }
    Ok(keys)
}

/// Ids of keys, as one text.
pub(super) fn ids(keys: &[PublicKey]) -> String {
    let ids: Vec<String> = keys.iter().map(PublicKey::key_id).collect();
    ids.join(" ")
}
