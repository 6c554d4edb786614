//! Keyless signatures: a certificate of Sigstore's authority for an identity, and an entry in its log, checked offline against
//! the trust root that sigstore-verify embeds.

use crate::digest::{SHA256, unhex};
use crate::statement::Statement;
use serde_json::Value;
use sigstore_verify::trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};
use sigstore_verify::types::{Artifact, Bundle, Sha256Hash};
use sigstore_verify::{VerificationPolicy, verify};

/// Who is expected to have signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Email address or URI in the certificate.
    pub identity: String,
    /// The OpenID Connect provider that vouched for it.
    pub issuer: String,
}

/// Why a keyless signature is not believed.
#[derive(Debug, thiserror::Error)]
pub enum KeylessError {
    /// The trust root given cannot be read.
    #[error("the Sigstore trust root cannot be used: {0}")]
    TrustRoot(String),
    /// The bundle is not as Sigstore writes it.
    #[error("the bundle is no keyless Sigstore bundle: {0}")]
    Bundle(String),
    /// The subject has no SHA-256.
    #[error("the statement names no subject with a SHA-256")]
    Subject,
    /// Somebody else, or nobody, signed.
    #[error("the keyless signature is not believed: {0}")]
    NotBelieved(String),
}

/// Checks signature, certificate, log entry and identity of a bundle; `trust_root` replaces the embedded root of Sigstore.
pub(super) fn check(
    json: &[u8],
    payload: &[u8],
    expected: &Identity,
    trust_root: Option<&str>,
) -> Result<Identity, KeylessError> {
    let root = TrustedRoot::from_json(trust_root.unwrap_or(SIGSTORE_PRODUCTION_TRUSTED_ROOT))
        .map_err(|error| KeylessError::TrustRoot(error.to_string()))?;
    let text = std::str::from_utf8(json).map_err(|error| KeylessError::Bundle(error.to_string()))?;
    let bundle = Bundle::from_json(text).map_err(|error| KeylessError::Bundle(error.to_string()))?;
    // The library asks for an artifact among the subjects; what the subjects stand for is checked against the files later.
    let statement = Statement::<Value>::from_payload(payload).map_err(|_| KeylessError::Subject)?;
    let digest = statement.subject.iter().find_map(|subject| unhex(subject.digest.get(SHA256)?));
    let digest = digest
        .and_then(|digest| Sha256Hash::try_from(digest.as_slice()).ok())
        .ok_or(KeylessError::Subject)?;
    let policy = VerificationPolicy::new(expected.identity.as_str(), expected.issuer.as_str());
    let result = verify(Artifact::from(digest), &bundle, &policy, &root)
        .map_err(|error| KeylessError::NotBelieved(error.to_string()))?;
    Ok(Identity {
        identity: result.identity().map_or_else(String::new, |name| name.as_str().to_owned()),
        issuer: result.issuer().unwrap_or_default().to_owned(),
    })
}
