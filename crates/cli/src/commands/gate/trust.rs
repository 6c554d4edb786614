//! The store that a decision rests on, and whom it believes: keys confirmed on this machine, and those named for this decision.

use super::basis::ids;
use crate::arguments::BasisArguments;
use crate::believed::Believed;
use crate::failure::Failure;
use crate::{keyfile, project};
use bartizan_evidence::digest::Digest;
use bartizan_evidence::dsse::Envelope;
use bartizan_evidence::keys::PublicKey;
use bartizan_evidence::store::{Store, StoreError, Trust};
use std::path::{Path, PathBuf};

/// A store, opened to be judged.
pub(super) struct Examined {
    /// The store. Its trust holds confirmed keys only.
    pub(super) store: Store,
    /// Whether the log's key is confirmed.
    pub(super) log_believed: bool,
    /// Every key that the store itself trusts.
    named: Trust,
}

/// Why nobody who is trusted signed an envelope.
pub(super) enum Doubt {
    /// Keys that the store trusts, and this user never confirmed.
    Unconfirmed(Vec<String>),
    /// Nobody knows who; the keys that the envelope names.
    Unknown(Vec<String>),
}

impl Examined {
    /// Why an envelope is not by a trusted key.
    pub(super) fn doubt(&self, envelope: &Digest) -> Doubt {
        let bytes = self.store.blobs().get(envelope).ok();
        let Some(envelope) = bytes.and_then(|bytes| Envelope::from_json(&bytes).ok()) else {
            return Doubt::Unknown(vec!["no key".to_owned()]);
        };
        let known = self.named.signers(&envelope);
        if !known.is_empty() {
            return Doubt::Unconfirmed(known);
        }
        let hints = envelope.signatures.iter().filter_map(|signature| signature.key_id.clone());
        let hints: Vec<String> = hints.collect();
        Doubt::Unknown(if hints.is_empty() { vec!["no key".to_owned()] } else { hints })
    }
}

/// Keys that are believed whatever the store says.
///
/// # Errors
/// [`Failure::Read`] and [`Failure::Key`].
pub(super) fn named_keys(arguments: &BasisArguments) -> Result<Vec<PublicKey>, Failure> {
    arguments.trust.iter().map(|path| keyfile::public_key(path)).collect()
}

/// Opens the store; none where there is none, which is for a policy to judge.
///
/// # Errors
/// [`Failure::Store`] when there is one that does not open, or none where the user said there is.
pub(super) fn examine(
    arguments: &BasisArguments,
    artifact: &str,
    named: &[PublicKey],
) -> Result<Option<Examined>, Failure> {
    let Some(root) = root(arguments, artifact)? else { return Ok(None) };
    let Believing { all, trust, log_believed, .. } = believing(&root, arguments, named)?;
    let store = project::open_with(&root, trust, arguments.indexed)?;
    Ok(Some(Examined { store, log_believed, named: all }))
}

/// Whom a store and its reader believe, as one text, and the log's checkpoint as it is now; nothing where there is no store.
///
/// # Errors
/// As [`examine`].
pub(super) fn state(
    arguments: &BasisArguments,
    artifact: &str,
    named: &[PublicKey],
) -> Result<(String, String), Failure> {
    let Some(root) = root(arguments, artifact)? else { return Ok((ids(named), String::new())) };
    let Believing { trust, log_believed, verifier, .. } = believing(&root, arguments, named)?;
    let checkpoint = match &verifier {
        Some(_) => project::checkpoint(&root)?,
        None => String::new(),
    };
    let believed = format!("{} {log_believed} {}", trust.name(), verifier.unwrap_or_default());
    Ok((believed, checkpoint))
}

/// The folder of the store; none where there is none and the user named none.
fn root(arguments: &BasisArguments, artifact: &str) -> Result<Option<PathBuf>, Failure> {
    match &arguments.store {
        Some(root) if root.is_dir() => Ok(Some(root.clone())),
        Some(root) => Err(Failure::Store(StoreError::NoStore(root.clone()).into())),
        None => Ok(Store::find(&store_beside(artifact)).ok()),
    }
}

/// Whom a decision believes.
struct Believing {
    /// Every key that the store itself trusts.
    all: Trust,
    /// Those that count.
    trust: Trust,
    log_believed: bool,
    verifier: Option<String>,
}

fn believing(root: &Path, arguments: &BasisArguments, named: &[PublicKey]) -> Result<Believing, Failure> {
    let all = Trust::of_store(root)?;
    let believed = Believed::of_user();
    let mut trust = all.clone();
    trust.restrict(&|id| believed.has_key(id));
    for key in named {
        trust.add(key.clone());
    }
    let verifier = project::verifier_key(root)?;
    let log_believed = match (&verifier, &arguments.trust_log) {
        (None, _) => false,
        (Some(verifier), Some(given)) => *verifier == verifier_given(given)?,
        (Some(verifier), None) => believed.has_log(verifier),
    };
    Ok(Believing { all, trust, log_believed, verifier })
}

/// Where the search for a store begins: the folder the user works in. Only when that has none, beside the artifact.
fn store_beside(artifact: &str) -> PathBuf {
    let here = project::here();
    if Store::find(&here).is_ok() {
        return here;
    }
    Path::new(artifact).canonicalize().unwrap_or(here)
}

fn verifier_given(given: &str) -> Result<String, Failure> {
    let path = Path::new(given);
    let text = if path.is_file() {
        std::fs::read_to_string(path).map_err(|error| Failure::Read {
            what: "verifier key",
            path: path.to_owned(),
            error,
        })?
    } else {
        given.to_owned()
    };
    Ok(text.trim().to_owned())
}
