//! Public keys as TUF and in-toto tools write them: a JSON object with `keytype`, `scheme` and `keyval.public`.
//!
//! Source: TUF specification 1.0, section 4.2 (key formats), and securesystemslib's `formats`. The `keyid` is kept as a name for
//! reports only; which key signed is found by trying.

use super::{KeyAlgorithm, KeyError, PublicKey};
use crate::digest::unhex;
use pkcs8::der::Encode as _;
use pkcs8::der::asn1::BitStringRef;
use pkcs8::spki::{AlgorithmIdentifierRef, ObjectIdentifier, SubjectPublicKeyInfoRef};
use serde::{Deserialize, Serialize};

/// Longest key file read, in bytes.
const LONGEST: usize = 64 << 10;
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

#[derive(Serialize, Deserialize)]
struct KeyFile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keyid: Option<String>,
    keytype: String,
    scheme: String,
    keyval: KeyValue,
}

#[derive(Serialize, Deserialize)]
struct KeyValue {
    public: String,
}

impl PublicKey {
    /// Reads a key file of securesystemslib; gives the key and the name the file has for it.
    ///
    /// # Errors
    /// [`KeyError::Damaged`] when it is no such file, [`KeyError::Unsupported`] for another type or a scheme that does not fit it.
    pub fn from_securesystemslib(json: &[u8]) -> Result<(Self, Option<String>), KeyError> {
        if json.len() > LONGEST {
            return Err(KeyError::Damaged(format!("a key file of {} bytes", json.len())));
        }
        let file: KeyFile =
            serde_json::from_slice(json).map_err(|error| KeyError::Damaged(error.to_string()))?;
        let key = if file.keytype == "ed25519" && !file.keyval.public.contains("BEGIN") {
            let raw = unhex(&file.keyval.public)
                .ok_or_else(|| KeyError::Damaged("keyval.public is not hexadecimal".to_owned()))?;
            Self::from_ed25519(&raw)?
        } else {
            Self::from_pem(&file.keyval.public)?
        };
        if !fits(key.algorithm(), &file.keytype, &file.scheme) {
            return Err(KeyError::Unsupported(format!(
                "keytype `{}` with scheme `{}` over an {} key",
                file.keytype,
                file.scheme,
                key.algorithm()
            )));
        }
        Ok((key, file.keyid))
    }

    /// The key as a key file of securesystemslib.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] for ML-DSA, which those tools do not know.
    pub fn to_securesystemslib(&self) -> Result<String, KeyError> {
        use super::Verifier as _;
        let (keytype, scheme) = match self.algorithm() {
            KeyAlgorithm::EcdsaP256 => ("ecdsa", "ecdsa-sha2-nistp256"),
            KeyAlgorithm::EcdsaP384 => ("ecdsa", "ecdsa-sha2-nistp384"),
            KeyAlgorithm::EcdsaP521 => ("ecdsa", "ecdsa-sha2-nistp521"),
            KeyAlgorithm::Ed25519 => ("ed25519", "ed25519"),
            KeyAlgorithm::Rsa => ("rsa", "rsassa-pss-sha256"),
            KeyAlgorithm::MlDsa44 => {
                return Err(KeyError::Unsupported("ML-DSA-44 as a securesystemslib key".to_owned()));
            }
        };
        let public = match self.algorithm() {
            // The last 32 bytes of the SPKI are the key itself (RFC 8410, section 4).
            KeyAlgorithm::Ed25519 => {
                crate::digest::hex(self.spki().last_chunk::<32>().map_or(&[][..], |key| key))
            }
            _ => self.to_pem().to_owned(),
        };
        let file = KeyFile {
            keyid: Some(self.key_id()),
            keytype: keytype.to_owned(),
            scheme: scheme.to_owned(),
            keyval: KeyValue { public },
        };
        serde_json::to_string_pretty(&file).map_err(|error| KeyError::Damaged(error.to_string()))
    }

    /// An Ed25519 key from its 32 bytes (RFC 8032, 5.1.5).
    ///
    /// # Errors
    /// [`KeyError::Damaged`] when they are not 32 or no point of the curve.
    pub fn from_ed25519(raw: &[u8]) -> Result<Self, KeyError> {
        let damaged = |error: pkcs8::der::Error| KeyError::Damaged(error.to_string());
        if raw.len() != 32 {
            return Err(KeyError::Damaged(format!("an Ed25519 key of {} bytes, not 32", raw.len())));
        }
        let spki = SubjectPublicKeyInfoRef {
            algorithm: AlgorithmIdentifierRef { oid: ED25519, parameters: None },
            subject_public_key: BitStringRef::from_bytes(raw).map_err(damaged)?,
        };
        Self::from_spki(&spki.to_der().map_err(damaged)?)
    }
}

fn fits(algorithm: KeyAlgorithm, keytype: &str, scheme: &str) -> bool {
    match algorithm {
        KeyAlgorithm::EcdsaP256 => keytype.starts_with("ecdsa") && scheme == "ecdsa-sha2-nistp256",
        KeyAlgorithm::EcdsaP384 => keytype.starts_with("ecdsa") && scheme == "ecdsa-sha2-nistp384",
        KeyAlgorithm::EcdsaP521 => keytype.starts_with("ecdsa") && scheme == "ecdsa-sha2-nistp521",
        KeyAlgorithm::Ed25519 => keytype == "ed25519" && scheme == "ed25519",
        KeyAlgorithm::Rsa => {
            keytype == "rsa" && matches!(scheme, "rsassa-pss-sha256" | "rsa-pkcs1v15-sha256")
        }
        KeyAlgorithm::MlDsa44 => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Signer as _, SigningKey, Verifier as _};

    #[test]
    fn keys_read_back_as_they_were_written() {
        for algorithm in KeyAlgorithm::SIGNING {
            let key = SigningKey::generate(algorithm).unwrap().public_key();
            match key.to_securesystemslib() {
                Ok(json) => {
                    let (read, id) = PublicKey::from_securesystemslib(json.as_bytes()).unwrap();
                    assert_eq!(id, Some(key.key_id()));
                    assert_eq!(read, key);
                }
                Err(error) => {
                    assert_eq!(algorithm, KeyAlgorithm::MlDsa44, "{error}");
                }
            }
        }
    }

    #[test]
    fn a_scheme_that_does_not_fit_the_key_is_refused() {
        let key = SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap().public_key();
        let json = key.to_securesystemslib().unwrap().replace("nistp256", "nistp384");
        assert!(matches!(PublicKey::from_securesystemslib(json.as_bytes()), Err(KeyError::Unsupported(_))));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_key_or_an_error(bytes: Vec<u8>) {
            let _ = PublicKey::from_securesystemslib(&bytes);
        }
    }
}
