//! Who signs and who is believed: [`Signer`] and [`Verifier`] are what envelopes, model signatures and checkpoints ask for;
//! [`SigningKey`] and [`PublicKey`] are the keys kept in files.
//!
//! Primitives come from AWS-LC; nothing here does arithmetic on keys.

mod algorithm;
mod certificate;
mod certificate_error;
mod file;
mod pem;
mod public;
mod revocation;
mod securesystemslib;
mod signing;

pub use algorithm::KeyAlgorithm;
pub use certificate::{
    CertifiedKey, Purpose, certificate_key, certificates_from_pem, check_dates, verify_chain,
    verify_chain_against, verify_chain_for,
};
pub use certificate_error::CertificateError;
pub use file::is_encrypted;
pub use pem::{LONGEST_PEM, PemBlock, PemError, pem_blocks, pem_text};
pub use public::PublicKey;
pub use revocation::{LONGEST_REVOCATION_LIST, RevocationLists};
pub use signing::SigningKey;

/// Something that can sign: a key in a file today, a key in a token or a service behind the same trait.
pub trait Signer: Send + Sync {
    /// How it signs.
    fn algorithm(&self) -> KeyAlgorithm;
    /// The public half.
    fn public_key(&self) -> PublicKey;
    /// Signs a message. ECDSA signatures are ASN.1 DER over the curve's own hash.
    ///
    /// # Errors
    /// [`KeyError::Sign`].
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError>;
    /// Name of the key: SHA-256 over its public half as PEM, the hint of model signatures.
    fn key_id(&self) -> String {
        self.public_key().key_id()
    }
}

/// Something that can tell whether a signature is by one signer.
pub trait Verifier: Send + Sync {
    /// Name of the key.
    fn key_id(&self) -> String;
    /// Checks a signature over a message.
    ///
    /// # Errors
    /// [`KeyError::Signature`] when it is not by this key over this message.
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), KeyError>;
}

/// Why a key cannot be read or used, or does not fit a signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The file holds no PEM block of a kind that is read.
    #[error("no key found: {0}")]
    NoKey(String),
    /// The key is of a kind that is not supported.
    #[error(
        "unsupported key: {0}; use ECDSA P-256, P-384 or P-521, Ed25519, ML-DSA-44 or (to verify) RSA of 2048 bits and more"
    )]
    Unsupported(String),
    /// The key is damaged.
    #[error("the key is damaged: {0}")]
    Damaged(String),
    /// The file is no whole PEM.
    #[error("the key file cannot be read: {0}")]
    Pem(#[from] PemError),
    /// The file asks for more work than any honest one.
    #[error("opening the key asks for {0}; write it anew with `openssl pkcs8 -topk8 -in KEY -out NEW`")]
    TooCostly(String),
    /// An encrypted key, and no passphrase.
    #[error("the key is encrypted; give its passphrase")]
    PassphraseNeeded,
    /// The passphrase does not open the key.
    #[error("the passphrase does not open the key")]
    WrongPassphrase,
    /// The system gave no randomness or the library refused.
    #[error("the key could not be made or used: {0}")]
    Sign(String),
    /// Not by this key over this message.
    #[error("the signature is not by key {0}, or what was signed has changed")]
    Signature(String),
}
