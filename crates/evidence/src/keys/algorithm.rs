//! The kinds of keys: [`KeyAlgorithm`].

use super::KeyError;
use std::fmt;

/// How a key signs. Hash and encoding follow from it, so that no signature can be read two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyAlgorithm {
    /// ECDSA on NIST P-256 with SHA-256, signatures in DER (FIPS 186-5).
    EcdsaP256,
    /// ECDSA on NIST P-384 with SHA-384, signatures in DER (FIPS 186-5).
    EcdsaP384,
    /// ECDSA on NIST P-521 with SHA-512, signatures in DER (FIPS 186-5).
    EcdsaP521,
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ML-DSA-44 (FIPS 204), safe against a quantum computer.
    MlDsa44,
    /// RSA of 2048 bits and more: only to verify what others signed, with PKCS#1 v1.5 or PSS and SHA-256 (RFC 8017).
    Rsa,
}

impl KeyAlgorithm {
    /// The kinds that can be generated, the default first.
    pub const SIGNING: [Self; 5] =
        [Self::EcdsaP256, Self::EcdsaP384, Self::EcdsaP521, Self::Ed25519, Self::MlDsa44];

    /// Name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::EcdsaP521 => "ecdsa-p521",
            Self::Ed25519 => "ed25519",
            Self::MlDsa44 => "ml-dsa-44",
            Self::Rsa => "rsa",
        }
    }
}

impl std::str::FromStr for KeyAlgorithm {
    type Err = KeyError;

    /// Reads the name of a kind that can be generated.
    fn from_str(name: &str) -> Result<Self, KeyError> {
        Self::SIGNING
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| KeyError::Unsupported(format!("`{name}`")))
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
