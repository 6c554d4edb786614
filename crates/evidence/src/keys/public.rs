//! Keys that verify, kept as `SubjectPublicKeyInfo` (RFC 5280, 4.1.2.7): [`PublicKey`].

use super::{KeyAlgorithm, KeyError, Verifier};
use crate::digest::Digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519, ML_DSA_44,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, VerificationAlgorithm,
};
use pkcs8::LineEnding;
use pkcs8::der::{Decode as _, Encode as _, pem};
use pkcs8::spki::{AlgorithmIdentifierRef, ObjectIdentifier, SubjectPublicKeyInfoRef};

/// Object identifiers of the kinds of keys, from RFC 5480, RFC 8410, RFC 8017 and FIPS 204 (RFC 9881).
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const CURVE_P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const CURVE_P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const CURVE_P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ED25519_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ML_DSA_44_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17");

/// Label of the PEM block.
const LABEL: &str = "PUBLIC KEY";

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: KeyAlgorithm,
    spki: Vec<u8>,
    pem: String,
}

impl KeyAlgorithm {
    /// The kind that an algorithm identifier names.
    pub(super) fn of_identifier(identifier: &AlgorithmIdentifierRef<'_>) -> Result<Self, KeyError> {
        let unsupported = || KeyError::Unsupported(format!("algorithm {}", identifier.oid));
        Ok(match identifier.oid {
            EC_PUBLIC_KEY => match identifier.parameters_oid().map_err(|_| unsupported())? {
                CURVE_P256 => Self::EcdsaP256,
                CURVE_P384 => Self::EcdsaP384,
                CURVE_P521 => Self::EcdsaP521,
                curve => return Err(KeyError::Unsupported(format!("elliptic curve {curve}"))),
            },
            ED25519_KEY => Self::Ed25519,
            ML_DSA_44_KEY => Self::MlDsa44,
            RSA_KEY => Self::Rsa,
            _ => return Err(unsupported()),
        })
    }

    /// The schemes under which a signature by such a key is accepted.
    fn schemes(self) -> &'static [&'static dyn VerificationAlgorithm] {
        match self {
            Self::EcdsaP256 => &[&ECDSA_P256_SHA256_ASN1],
            Self::EcdsaP384 => &[&ECDSA_P384_SHA384_ASN1],
            Self::EcdsaP521 => &[&ECDSA_P521_SHA512_ASN1],
            Self::Ed25519 => &[&ED25519],
            Self::MlDsa44 => &[&ML_DSA_44],
            Self::Rsa => &[&RSA_PSS_2048_8192_SHA256, &RSA_PKCS1_2048_8192_SHA256],
        }
    }
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo` in DER.
    ///
    /// # Errors
    /// [`KeyError::Damaged`] and [`KeyError::Unsupported`].
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        let damaged = |error: pkcs8::der::Error| KeyError::Damaged(error.to_string());
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(damaged)?;
        let algorithm = KeyAlgorithm::of_identifier(&info.algorithm)?;
        let spki = info.to_der().map_err(damaged)?;
        for scheme in algorithm.schemes() {
            ParsedPublicKey::new(*scheme, &spki).map_err(|error| KeyError::Damaged(error.to_string()))?;
        }
        let pem = pem::encode_string(LABEL, LineEnding::LF, &spki)
            .map_err(|error| KeyError::Damaged(error.to_string()))?;
        Ok(Self { algorithm, spki, pem })
    }

    /// The kind of key.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The key as `SubjectPublicKeyInfo` in DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The key as PEM with line feeds, the text that [`Verifier::key_id`] is the SHA-256 of.
    pub fn to_pem(&self) -> &str {
        &self.pem
    }
}

impl Verifier for PublicKey {
    fn key_id(&self) -> String {
        Digest::sha256(self.pem.as_bytes()).value().to_owned()
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), KeyError> {
        let fits = |scheme: &&'static dyn VerificationAlgorithm| {
            ParsedPublicKey::new(*scheme, &self.spki)
                .is_ok_and(|key| key.verify_sig(message, signature).is_ok())
        };
        if self.algorithm.schemes().iter().any(fits) {
            return Ok(());
        }
        Err(KeyError::Signature(self.key_id()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Signer as _, SigningKey};

    #[test]
    fn a_key_reads_back_from_der_and_any_cut_is_refused() {
        for algorithm in KeyAlgorithm::SIGNING {
            let key = SigningKey::generate(algorithm).unwrap().public_key();
            assert_eq!(PublicKey::from_spki(key.spki()), Ok(key.clone()));
            assert!(PublicKey::from_spki(&key.spki()[..key.spki().len() - 1]).is_err());
        }
    }

    #[test]
    fn pem_has_line_feeds_and_the_usual_label() {
        let pem = SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap().public_key().to_pem().to_owned();
        assert!(
            pem.starts_with("-----BEGIN PUBLIC KEY-----\n") && pem.ends_with("-----END PUBLIC KEY-----\n")
        );
    }
}
