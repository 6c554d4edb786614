//! Keys that sign, kept as PKCS#8: [`SigningKey`].

use super::{KeyAlgorithm, KeyError, PublicKey, Signer, Verifier as _};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, ML_DSA_44_SIGNING, PqdsaKeyPair,
};
use pkcs8::PrivateKeyInfo;
use zeroize::Zeroizing;

/// A private key in memory.
pub struct SigningKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Ecdsa(KeyAlgorithm, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    MlDsa44(PqdsaKeyPair),
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SigningKey({}, {})", self.algorithm(), self.public.key_id())
    }
}

impl SigningKey {
    /// A new key from the system's randomness.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] for RSA, which is only verified; [`KeyError::Sign`] when the system gives no randomness.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, KeyError> {
        let failed = |_| KeyError::Sign(format!("no new {algorithm} key could be made"));
        let pair = match algorithm {
            KeyAlgorithm::Ed25519 => Pair::Ed25519(Ed25519KeyPair::generate().map_err(failed)?),
            KeyAlgorithm::MlDsa44 => {
                Pair::MlDsa44(PqdsaKeyPair::generate(&ML_DSA_44_SIGNING).map_err(failed)?)
            }
            _ => Pair::Ecdsa(algorithm, EcdsaKeyPair::generate(ecdsa(algorithm)?).map_err(failed)?),
        };
        Self::of(pair)
    }

    /// Reads PKCS#8 in DER (RFC 5958), not encrypted.
    ///
    /// # Errors
    /// [`KeyError::Damaged`] and [`KeyError::Unsupported`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let info = PrivateKeyInfo::try_from(der).map_err(|error| KeyError::Damaged(error.to_string()))?;
        let algorithm = KeyAlgorithm::of_identifier(&info.algorithm)?;
        let rejected = |error: aws_lc_rs::error::KeyRejected| KeyError::Damaged(error.to_string());
        Self::of(match algorithm {
            KeyAlgorithm::Ed25519 => {
                Pair::Ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(rejected)?)
            }
            KeyAlgorithm::MlDsa44 => {
                Pair::MlDsa44(PqdsaKeyPair::from_pkcs8(&ML_DSA_44_SIGNING, der).map_err(rejected)?)
            }
            _ => Pair::Ecdsa(algorithm, EcdsaKeyPair::from_pkcs8(ecdsa(algorithm)?, der).map_err(rejected)?),
        })
    }

    /// Reads an elliptic-curve key in the older form of SEC 1 (RFC 5915), in DER.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] when it is on none of the three curves.
    pub fn from_sec1(der: &[u8]) -> Result<Self, KeyError> {
        let curves = [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::EcdsaP521];
        let pair = curves.into_iter().find_map(|algorithm| {
            EcdsaKeyPair::from_private_key_der(ecdsa(algorithm).ok()?, der)
                .ok()
                .map(|pair| Pair::Ecdsa(algorithm, pair))
        });
        Self::of(
            pair.ok_or_else(|| KeyError::Unsupported("an elliptic-curve key on another curve".to_owned()))?,
        )
    }

    /// The key as PKCS#8 in DER, not encrypted.
    ///
    /// # Errors
    /// [`KeyError::Sign`] when the library cannot write it.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let failed = |_| KeyError::Sign("the key cannot be written".to_owned());
        Ok(Zeroizing::new(match &self.pair {
            Pair::Ecdsa(_, pair) => pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
            Pair::Ed25519(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair).map_err(failed)?.as_ref().to_vec(),
            Pair::MlDsa44(pair) => pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
        }))
    }

    fn of(pair: Pair) -> Result<Self, KeyError> {
        let failed = |_| KeyError::Damaged("its public half cannot be computed".to_owned());
        let der = match &pair {
            Pair::Ecdsa(_, pair) => pair.public_key().as_der().map_err(failed)?,
            Pair::Ed25519(pair) => pair.public_key().as_der().map_err(failed)?,
            Pair::MlDsa44(pair) => pair.public_key().as_der().map_err(failed)?,
        };
        Ok(Self { public: PublicKey::from_spki(der.as_ref())?, pair })
    }
}

impl Signer for SigningKey {
    fn algorithm(&self) -> KeyAlgorithm {
        match &self.pair {
            Pair::Ecdsa(algorithm, _) => *algorithm,
            Pair::Ed25519(_) => KeyAlgorithm::Ed25519,
            Pair::MlDsa44(_) => KeyAlgorithm::MlDsa44,
        }
    }

    fn public_key(&self) -> PublicKey {
        self.public.clone()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let failed = |_| KeyError::Sign("the library refused to sign".to_owned());
        Ok(match &self.pair {
            Pair::Ecdsa(_, pair) => {
                pair.sign(&SystemRandom::new(), message).map_err(failed)?.as_ref().to_vec()
            }
            Pair::Ed25519(pair) => pair.try_sign(message).map_err(failed)?.as_ref().to_vec(),
            Pair::MlDsa44(pair) => {
                let mut signature = vec![0; pair.algorithm().signature_len()];
                let written = pair.sign(message, &mut signature).map_err(failed)?;
                signature.truncate(written);
                signature
            }
        })
    }
}

fn ecdsa(algorithm: KeyAlgorithm) -> Result<&'static EcdsaSigningAlgorithm, KeyError> {
    match algorithm {
        KeyAlgorithm::EcdsaP256 => Ok(&ECDSA_P256_SHA256_ASN1_SIGNING),
        KeyAlgorithm::EcdsaP384 => Ok(&ECDSA_P384_SHA384_ASN1_SIGNING),
        KeyAlgorithm::EcdsaP521 => Ok(&ECDSA_P521_SHA512_ASN1_SIGNING),
        other => Err(KeyError::Unsupported(format!("{other} keys do not sign here"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_key_signs_verifies_and_survives_a_file() {
        for algorithm in KeyAlgorithm::SIGNING {
            let key = SigningKey::generate(algorithm).unwrap();
            let read = SigningKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
            assert_eq!(read.algorithm(), algorithm);
            assert_eq!(read.key_id(), key.key_id());
            let signature = read.sign(b"message").unwrap();
            assert_eq!(key.public_key().verify(b"message", &signature), Ok(()), "{algorithm}");
            assert!(key.public_key().verify(b"another", &signature).is_err(), "{algorithm}");
            let other = SigningKey::generate(algorithm).unwrap();
            assert!(other.public_key().verify(b"message", &signature).is_err(), "{algorithm}");
        }
    }

    #[test]
    fn rsa_keys_are_not_generated() {
        assert!(matches!(SigningKey::generate(KeyAlgorithm::Rsa), Err(KeyError::Unsupported(_))));
    }

    #[test]
    fn a_damaged_key_is_refused() {
        let key = SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap().to_pkcs8().unwrap();
        for cut in 0..key.len() {
            assert!(SigningKey::from_pkcs8(&key[..cut]).is_err());
        }
    }
}
