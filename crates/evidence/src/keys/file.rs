//! Keys as they lie in files: PKCS#8 (RFC 5958), plain or encrypted (PBES2, RFC 8018), SEC 1 (RFC 5915), SPKI (RFC 5280), all
//! as PEM (RFC 7468).

use super::pem::{PemBlock, pem_blocks, pem_text};
use super::{KeyError, PublicKey, SigningKey};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use pkcs8::der::Encode as _;
use pkcs8::der::asn1::{AnyRef, BitStringRef};
use pkcs8::pkcs5::{EncryptionScheme, pbes2, scrypt};
use pkcs8::spki::{AlgorithmIdentifierRef, ObjectIdentifier, SubjectPublicKeyInfoRef};
use pkcs8::{EncryptedPrivateKeyInfo, PrivateKeyInfo};
use zeroize::Zeroizing;

const PRIVATE: &str = "PRIVATE KEY";
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
const SEC1: &str = "EC PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";
const RSA_PUBLIC: &str = "RSA PUBLIC KEY";
const CERTIFICATE: &str = "CERTIFICATE";

/// Most memory that a key's own derivation may ask for, in bytes: eight times what OpenSSL allows itself.
const MOST_SCRYPT_BYTES: u64 = 256 << 20;
/// Most rounds that a key's own derivation may ask for. OWASP advises 600,000 for PBKDF2 with SHA-256; this is a few seconds.
const MOST_ROUNDS: u64 = 10_000_000;
/// scrypt as we write it: N = 2^14, r = 8, p = 5. One of OWASP's equivalent choices, and the one that OpenSSL's limit of 32 MiB reads.
const SCRYPT: (u8, u32, u32) = (14, 8, 5);

impl SigningKey {
    /// Reads the first private key of a PEM text. `passphrase` is used when that key is encrypted.
    ///
    /// # Errors
    /// [`KeyError::NoKey`] when there is none, [`KeyError::PassphraseNeeded`] and [`KeyError::WrongPassphrase`] for an encrypted
    /// one, and what reading the key itself gives.
    pub fn from_pem(text: &str, passphrase: Option<&str>) -> Result<Self, KeyError> {
        let blocks = pem_blocks(text)?;
        for block in &blocks {
            match block.label.as_str() {
                PRIVATE => return Self::from_pkcs8(&block.der),
                SEC1 => return Self::from_sec1(&block.der),
                ENCRYPTED => {
                    return open(&block.der, passphrase.ok_or(KeyError::PassphraseNeeded)?);
                }
                other if other.ends_with(PRIVATE) => {
                    return Err(KeyError::Unsupported(format!(
                        "a PEM block `{other}`; convert it with `openssl pkcs8 -topk8 -in KEY -out NEW`"
                    )));
                }
                _ => {}
            }
        }
        Err(KeyError::NoKey(match blocks.first().map(|block| block.label.as_str()) {
            Some(PUBLIC | RSA_PUBLIC) => "this is a public key; signing needs the private one".to_owned(),
            Some(CERTIFICATE) => "this is a certificate; signing needs its private key".to_owned(),
            _ => "no PEM block with a private key".to_owned(),
        }))
    }

    /// The key as PEM, encrypted when a passphrase is given.
    ///
    /// # Errors
    /// [`KeyError::Sign`] when the system gives no randomness.
    pub fn to_pem(&self, passphrase: Option<&str>) -> Result<Zeroizing<String>, KeyError> {
        let der = self.to_pkcs8()?;
        match passphrase {
            None => Ok(pem_text(PRIVATE, &der)),
            Some(passphrase) => Ok(pem_text(ENCRYPTED, &seal(&der, passphrase)?)),
        }
    }
}

impl PublicKey {
    /// Reads the first public key of a PEM text.
    ///
    /// A certificate or a private key is not taken for one: the first has a chain to check, the second should not lie where keys
    /// are only verified.
    ///
    /// # Errors
    /// [`KeyError::NoKey`] when there is none, and what reading the key itself gives.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let blocks = pem_blocks(text)?;
        let labelled = |label: &str| blocks.iter().find(|block| block.label == label);
        if let Some(block) = labelled(PUBLIC) {
            return Self::from_spki(&block.der);
        }
        if let Some(block) = labelled(RSA_PUBLIC) {
            return from_pkcs1(block);
        }
        Err(KeyError::NoKey(if labelled(CERTIFICATE).is_some() {
            "this is a certificate; certificates are checked against a root, given with --certificate-chain"
                .to_owned()
        } else if blocks.iter().any(|block| block.label.ends_with(PRIVATE)) {
            "this is a private key; write its public half with `bartizan key export`".to_owned()
        } else {
            "no PEM block with a public key".to_owned()
        }))
    }
}

/// Whether the first private key of a PEM text asks for a passphrase.
///
/// # Errors
/// [`KeyError::Pem`].
pub fn is_encrypted(text: &str) -> Result<bool, KeyError> {
    let first = pem_blocks(text)?.into_iter().find(|block| block.label.ends_with(PRIVATE));
    Ok(first.is_some_and(|block| block.label == ENCRYPTED))
}

/// Wraps an RSA key of PKCS#1 (RFC 8017, A.1.1) as SPKI.
fn from_pkcs1(block: &PemBlock) -> Result<PublicKey, KeyError> {
    const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
    let damaged = |error: pkcs8::der::Error| KeyError::Damaged(error.to_string());
    let spki = SubjectPublicKeyInfoRef {
        algorithm: AlgorithmIdentifierRef { oid: RSA, parameters: Some(AnyRef::NULL) },
        subject_public_key: BitStringRef::from_bytes(&block.der).map_err(damaged)?,
    };
    PublicKey::from_spki(&spki.to_der().map_err(damaged)?)
}

fn open(der: &[u8], passphrase: &str) -> Result<SigningKey, KeyError> {
    let damaged = |error: pkcs8::Error| KeyError::Damaged(error.to_string());
    let sealed = EncryptedPrivateKeyInfo::try_from(der).map_err(damaged)?;
    afford(&sealed.encryption_algorithm)?;
    // A wrong passphrase shows as bad padding, or once in a while as bytes that are no key.
    let key = sealed.decrypt(passphrase).map_err(|_| KeyError::WrongPassphrase)?;
    if PrivateKeyInfo::try_from(key.as_bytes()).is_err() {
        return Err(KeyError::WrongPassphrase);
    }
    SigningKey::from_pkcs8(key.as_bytes())
}

/// Refuses a derivation whose cost, which the file names, is beyond any honest one.
fn afford(scheme: &EncryptionScheme<'_>) -> Result<(), KeyError> {
    let EncryptionScheme::Pbes2(parameters) = scheme else {
        return Err(KeyError::Unsupported(
            "a key encrypted with PBES1; convert it with `openssl pkcs8 -topk8 -in KEY -out NEW`".to_owned(),
        ));
    };
    let too_costly = |what: String| Err(KeyError::TooCostly(what));
    match &parameters.kdf {
        pbes2::Kdf::Pbkdf2(kdf) if u64::from(kdf.iteration_count) > MOST_ROUNDS => {
            too_costly(format!("{} rounds, up to {MOST_ROUNDS} are done", kdf.iteration_count))
        }
        pbes2::Kdf::Scrypt(kdf) => {
            let bytes = kdf.cost_parameter.saturating_mul(kdf.block_size.into()).saturating_mul(128);
            let rounds = bytes.saturating_mul(kdf.parallelization.into()) / (MOST_SCRYPT_BYTES / 16).max(1);
            if bytes > MOST_SCRYPT_BYTES || rounds > 256 {
                return too_costly(format!(
                    "scrypt with {bytes} bytes {} times, up to {MOST_SCRYPT_BYTES} bytes are taken",
                    kdf.parallelization
                ));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn seal(der: &[u8], passphrase: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let failed = |_| KeyError::Sign("the key cannot be encrypted".to_owned());
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    let random = SystemRandom::new();
    for part in [&mut salt, &mut iv] {
        random.fill(part).map_err(|_| KeyError::Sign("the system gives no randomness".to_owned()))?;
    }
    let (log_n, r, p) = SCRYPT;
    let cost = scrypt::Params::new(log_n, r, p, 32)
        .map_err(|error| KeyError::Sign(format!("the key cannot be encrypted: {error}")))?;
    let parameters = pbes2::Parameters::scrypt_aes256cbc(cost, &salt, &iv)
        .map_err(|error| KeyError::Sign(format!("the key cannot be encrypted: {error}")))?;
    let info = PrivateKeyInfo::try_from(der).map_err(|error| KeyError::Damaged(error.to_string()))?;
    let sealed = info.encrypt_with_params(parameters, passphrase).map_err(failed)?;
    Ok(Zeroizing::new(sealed.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyAlgorithm, Signer as _};

    #[test]
    fn every_kind_of_key_survives_a_file() {
        for algorithm in KeyAlgorithm::SIGNING {
            let key = SigningKey::generate(algorithm).unwrap();
            let read = SigningKey::from_pem(&key.to_pem(None).unwrap(), None).unwrap();
            assert_eq!(read.key_id(), key.key_id(), "{algorithm}");
            let public = key.public_key();
            assert_eq!(PublicKey::from_pem(public.to_pem()), Ok(public));
        }
    }

    #[test]
    fn an_encrypted_key_opens_with_its_passphrase_only() {
        let key = SigningKey::generate(KeyAlgorithm::Ed25519).unwrap();
        let pem = key.to_pem(Some("open sesame")).unwrap();
        assert_eq!(is_encrypted(&pem), Ok(true));
        assert_eq!(is_encrypted(&key.to_pem(None).unwrap()), Ok(false));
        assert_eq!(SigningKey::from_pem(&pem, Some("open sesame")).unwrap().key_id(), key.key_id());
        assert_eq!(SigningKey::from_pem(&pem, None).unwrap_err(), KeyError::PassphraseNeeded);
        assert_eq!(SigningKey::from_pem(&pem, Some("open barley")).unwrap_err(), KeyError::WrongPassphrase);
    }

    #[test]
    fn a_derivation_that_asks_for_too_much_is_not_begun() {
        let salt = [0; 8];
        let scheme = |log_n| {
            EncryptionScheme::Pbes2(
                pbes2::Parameters::scrypt_aes256cbc(
                    scrypt::Params::new(log_n, 8, 1, 32).unwrap(),
                    &salt,
                    &[0; 16],
                )
                .unwrap(),
            )
        };
        assert_eq!(afford(&scheme(17)), Ok(()));
        assert!(matches!(afford(&scheme(30)), Err(KeyError::TooCostly(_))));
        let pbkdf2 = |rounds| {
            EncryptionScheme::Pbes2(
                pbes2::Parameters::pbkdf2_sha256_aes256cbc(rounds, &salt, &[0; 16]).unwrap(),
            )
        };
        assert_eq!(afford(&pbkdf2(600_000)), Ok(()));
        assert!(matches!(afford(&pbkdf2(MOST_ROUNDS as u32 + 1)), Err(KeyError::TooCostly(_))));
    }

    #[test]
    fn a_key_of_the_wrong_half_is_told_apart() {
        let key = SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let said = |error: KeyError| error.to_string();
        assert!(
            said(PublicKey::from_pem(&key.to_pem(None).unwrap()).unwrap_err()).contains("is a private key")
        );
        assert!(
            said(SigningKey::from_pem(key.public_key().to_pem(), None).unwrap_err())
                .contains("is a public key")
        );
        assert!(matches!(PublicKey::from_pem("nothing here"), Err(KeyError::NoKey(_))));
    }

    #[test]
    fn sec1_parameters_before_the_key_are_stepped_over() {
        let key = SigningKey::generate(KeyAlgorithm::EcdsaP384).unwrap();
        let text = format!(
            "-----BEGIN EC PARAMETERS-----\nBgUrgQQAIg==\n-----END EC PARAMETERS-----\n{}",
            *key.to_pem(None).unwrap()
        );
        assert_eq!(SigningKey::from_pem(&text, None).unwrap().key_id(), key.key_id());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_between_the_labels_are_a_key_or_an_error(der: Vec<u8>) {
            for label in [PRIVATE, SEC1, ENCRYPTED, PUBLIC, RSA_PUBLIC] {
                let text = pem_text(label, &der);
                let _ = SigningKey::from_pem(&text, Some("x"));
                let _ = PublicKey::from_pem(&text);
            }
        }
    }
}
