//! The signature over a model's files, verified with the digests that were just computed.

use super::artifact::Read;
use crate::commands::sign::{jobs, signature_file};
use crate::failure::Failure;
use bartizan_evidence::digest::Digest;
use bartizan_evidence::keys::{PublicKey, RevocationLists, Verifier as _};
use bartizan_evidence::manifest::{Digesting, HashAlgorithm, Silent};
use bartizan_evidence::oms::{Bundle, LONGEST_BUNDLE, Signatory, Trust, VerifyOptions, verify};
use bartizan_evidence::store::{Store, StoreError};
use bartizan_policy::input::{ArtifactKind, ModelSignature, SignatureState};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file that signs what the user named, where it lies; none for a digest.
pub(super) fn place(artifact: &str, given: Option<&Path>) -> Option<PathBuf> {
    let path = Path::new(artifact);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Of an index it is the signature of the folder, which is over the parts as well.
    let is_index = path.is_file() && super::shards::is_index(path, &name);
    path.exists().then(|| signature_file(if is_index { super::artifact::parent(path) } else { path }, given))
}

/// Verifies the signature, if there is one, by any of `keys`. `now` is in seconds since 1970.
///
/// # Errors
/// [`Failure`] when the signature cannot be read, or the artifact is gone.
pub(super) fn judge(
    read: &Read,
    signature: Option<&Path>,
    keys: Vec<PublicKey>,
    store: Option<&Store>,
    now: i64,
) -> Result<ModelSignature, Failure> {
    let (Some(path), Some(signature)) = (&read.path, signature.filter(|signature| signature.is_file()))
    else {
        return Ok(ModelSignature::default());
    };
    let mut bundle = Vec::new();
    File::open(signature)
        .and_then(|file| file.take(LONGEST_BUNDLE as u64 + 1).read_to_end(&mut bundle))
        .map_err(|error| Failure::Read { what: "signature", path: signature.to_owned(), error })?;
    let trust = Trust::Keys(keys);
    let options = VerifyOptions {
        trust: &trust,
        revoked: &RevocationLists::default(),
        digesting: Digesting {
            algorithm: HashAlgorithm::Sha256,
            jobs: jobs(None),
            progress: &Silent,
            cache: None,
            // The signature of an index's folder is over more than the artifact.
            gathered: (read.artifact.kind != ArtifactKind::Index).then_some(&read.gathered),
            live: None,
        },
        now: Duration::from_secs(u64::try_from(now).unwrap_or_default()),
        signature_file: Some(signature),
        ignore_paths: &[],
        allow_symlinks: false,
        ignore_unsigned_files: false,
        allow_unsigned: false,
    };
    let found = verify(path, &bundle, options).map_err(|error| Failure::Verify { error: Box::new(error) })?;
    // Of an index's folder, what the index does not name is no part of the artifact.
    let concerns = |name: &String| {
        read.artifact.kind != ArtifactKind::Index || read.artifact.files.iter().any(|file| file.name == *name)
    };
    let signers = match &found.signer {
        Some(Signatory::Key(key) | Signatory::Certificate { key, .. }) => vec![key.key_id()],
        Some(Signatory::Identity(identity)) => vec![identity.identity.clone()],
        None => Vec::new(),
    };
    let valid = found.refusals.is_empty() && found.signer.is_some();
    Ok(ModelSignature {
        state: if valid { SignatureState::Valid } else { SignatureState::Refused },
        path: Some(signature.display().to_string()),
        signers,
        reasons: found.refusals.iter().map(ToString::to_string).collect(),
        unsigned: found.unsigned.iter().map(|each| each.name.clone()).filter(concerns).collect(),
        logged: is_logged(&bundle, store)?,
    })
}

/// Whether the payload that the bundle signs is in the store's log.
fn is_logged(bundle: &[u8], store: Option<&Store>) -> Result<bool, Failure> {
    let (Some(store), Ok(bundle)) = (store, Bundle::from_json(bundle)) else { return Ok(false) };
    let payload = Digest::sha256(&bundle.envelope.payload);
    let row = store.index().statement_called(&payload).map_err(StoreError::from)?;
    Ok(row.is_some_and(|row| row.entry.is_some() && !row.signers.is_empty()))
}
