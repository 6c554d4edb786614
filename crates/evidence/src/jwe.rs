//! Content encrypted to one reader: [`Recipient`] seals, [`open`] opens.
//!
//! The form is the compact serialisation of JSON Web Encryption (RFC 7516, section 7.1) with direct key agreement `ECDH-ES` on P-256
//! and `A256GCM` (RFC 7518, sections 4.6 and 5.3): every message has a key of its own, made of a key pair that is thrown away and the
//! reader's public key, so whoever sealed a message cannot open it. Curve, cipher and randomness come from AWS-LC; what is here is
//! the envelope and the derivation of the key.

use crate::keys::{KeyAlgorithm, KeyError, PublicKey, Signer as _, SigningKey, Verifier as _};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Most bytes of a message that are opened.
pub const LONGEST_JWE: usize = 64 << 20;

/// Most bytes of a header, before it is decoded. Ours has some 300.
const LONGEST_HEADER: usize = 16 << 10;
/// How the key is agreed upon (RFC 7518, 4.6).
const AGREEMENT: &str = "ECDH-ES";
/// How content is encrypted (RFC 7518, 5.3).
const CIPHER: &str = "A256GCM";
/// Bytes of a key of that cipher.
const KEY_LENGTH: usize = 32;
/// The same in bits.
const KEY_BITS: u32 = 256;
/// Bytes of its tag.
const TAG_LENGTH: usize = 16;
/// Bytes of a coordinate on P-256 (RFC 7518, 6.2.1.2).
const COORDINATE: usize = 32;

/// Why content cannot be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JweError {
    /// The key is of a kind that nothing can be encrypted to.
    #[error(
        "content is encrypted to ECDSA P-256 keys, this one is {0}; `bartizan key generate --output auditor.key` makes one"
    )]
    KeyKind(KeyAlgorithm),
    /// The private key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Larger than [`LONGEST_JWE`].
    #[error("the message has {0} bytes; messages up to {LONGEST_JWE} bytes are opened")]
    TooLong(usize),
    /// Not five parts.
    #[error("the message has {0} parts between dots; the compact form of RFC 7516 has five")]
    Parts(usize),
    /// A part is not what it has to be.
    #[error("the {part}, from byte {offset} of the message on, {problem}")]
    Part {
        /// Which.
        part: &'static str,
        /// Where it begins, in bytes.
        offset: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// It asks for something that is not done here.
    #[error("the message asks for {0}; only {AGREEMENT} on P-256 with {CIPHER} is opened")]
    Unsupported(String),
    /// It is for another key.
    #[error("the message is for the key {0}, and this is another; name that key's file")]
    OtherKey(String),
    /// The tag does not fit.
    #[error("the message does not open: it is for another key, or was changed after it was sealed")]
    Closed,
    /// The system gave no randomness, or the library refused.
    #[error("nothing can be sealed: {0}")]
    Seal(&'static str),
}

/// Whoever may open what is sealed here: the public half of a P-256 key.
#[derive(Debug, Clone)]
pub struct Recipient {
    key: PublicKey,
    key_id: String,
}

impl Recipient {
    /// A reader by their public key.
    ///
    /// # Errors
    /// [`JweError::KeyKind`] when it is on no P-256.
    pub fn new(key: PublicKey) -> Result<Self, JweError> {
        if key.algorithm() != KeyAlgorithm::EcdsaP256 {
            return Err(JweError::KeyKind(key.algorithm()));
        }
        Ok(Self { key_id: key.key_id(), key })
    }

    /// Name of the key: SHA-256 over its PEM.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// `plain` for this reader alone; `content_type` says in the open what it is (RFC 7516, 4.1.12).
    ///
    /// The message has 4 bytes for each 3 of `plain`, and some 500 more.
    ///
    /// # Errors
    /// [`JweError::Seal`].
    pub fn seal(&self, content_type: &str, plain: &[u8]) -> Result<String, JweError> {
        let failed = |_| JweError::Seal("the system gives no randomness");
        let once = PrivateKey::generate(&ECDH_P256).map_err(failed)?;
        let point = once.compute_public_key().map_err(failed)?;
        let header = Header {
            alg: AGREEMENT.to_owned(),
            enc: CIPHER.to_owned(),
            kid: Some(self.key_id.clone()),
            cty: Some(content_type.to_owned()),
            epk: Some(EphemeralKey::of(point.as_ref()).ok_or(JweError::Seal("a key has no coordinates"))?),
            ..Header::default()
        };
        let header = serde_json::to_vec(&header).map_err(|_| JweError::Seal("the header is no JSON"))?;
        let header = URL_SAFE_NO_PAD.encode(header);
        let theirs = UnparsedPublicKey::new(&ECDH_P256, self.key.spki());
        let key = agree(&once, theirs, JweError::Seal("the library takes no such key"), |secret| {
            Ok(concat_kdf(secret, CIPHER, &[], &[], KEY_BITS))
        })?;
        let mut iv = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut iv).map_err(failed)?;
        let mut content = plain.to_vec();
        let tag = cipher(&key)
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(iv),
                Aad::from(header.as_bytes()),
                &mut content,
            )
            .map_err(|_| JweError::Seal("the content is too long for its cipher"))?;
        let mut message = header;
        // Between the dots after the header stands the encrypted key, which direct agreement has none of.
        message.push_str("..");
        URL_SAFE_NO_PAD.encode_string(iv, &mut message);
        message.push('.');
        URL_SAFE_NO_PAD.encode_string(&content, &mut message);
        message.push('.');
        URL_SAFE_NO_PAD.encode_string(tag.as_ref(), &mut message);
        Ok(message)
    }
}

/// What a message holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// What it says that it is, if it does.
    pub content_type: Option<String>,
    /// The content; wiped when dropped.
    pub plain: Zeroizing<Vec<u8>>,
}

/// Opens a message with the reader's private key.
///
/// Read is what [`Recipient::seal`] writes, and the same by others: `apu` and `apv` are honoured, header parameters that nobody
/// here knows are passed over as RFC 7516 says, `crit` and `zip` are refused.
///
/// # Errors
/// [`JweError`]: the message is none, asks for something else, is for another key or was changed.
pub fn open(message: &str, key: &SigningKey) -> Result<Opened, JweError> {
    if message.len() > LONGEST_JWE {
        return Err(JweError::TooLong(message.len()));
    }
    let mut parts = message.split('.');
    let (Some(head), Some(wrapped), Some(iv), Some(content), Some(tag), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(JweError::Parts(message.split('.').count()));
    };
    let after_head = head.len().saturating_add(1);
    let header = Header::read(head)?;
    header.check()?;
    if !wrapped.is_empty() {
        return Err(wrong("encrypted key", after_head, "is not empty, as it is with direct agreement"));
    }
    let iv_at = after_head.saturating_add(1);
    let content_at = iv_at.saturating_add(iv.len()).saturating_add(1);
    let tag_at = content_at.saturating_add(content.len()).saturating_add(1);
    let iv: [u8; NONCE_LEN] = sized("initialisation vector", iv_at, iv)?;
    let tag: [u8; TAG_LENGTH] = sized("tag", tag_at, tag)?;
    let mut content = Zeroizing::new(decoded("ciphertext", content_at, content)?);
    let ours = key.algorithm();
    if ours != KeyAlgorithm::EcdsaP256 {
        return Err(JweError::KeyKind(ours));
    }
    if let Some(kid) = header.kid.as_deref().filter(|kid| is_key_id(kid) && *kid != key.key_id()) {
        return Err(JweError::OtherKey(kid.to_owned()));
    }
    let refused = |_| KeyError::Damaged("it cannot agree upon a key".to_owned());
    let private = PrivateKey::from_private_key_der(&ECDH_P256, &key.to_pkcs8()?).map_err(refused)?;
    let point = header.epk.as_ref().map(EphemeralKey::point).transpose()?;
    let point = point.ok_or_else(|| wrong("header", 0, "names no ephemeral key (`epk`)"))?;
    let parties = (party("apu", header.apu.as_deref())?, party("apv", header.apv.as_deref())?);
    // The library takes no point that is not on the curve.
    let off_curve = wrong("header", 0, "has an ephemeral key that is no point of P-256");
    let theirs = UnparsedPublicKey::new(&ECDH_P256, &point[..]);
    let shared = agree(&private, theirs, off_curve, |secret| {
        Ok(concat_kdf(secret, CIPHER, &parties.0, &parties.1, KEY_BITS))
    })?;
    cipher(&shared)
        .open_in_place_separate_tag(
            Nonce::assume_unique_for_key(iv),
            Aad::from(head.as_bytes()),
            &tag,
            &mut content,
        )
        .map_err(|_| JweError::Closed)?;
    Ok(Opened { content_type: header.cty, plain: content })
}

/// Names of keys as we give them. What others call theirs says nothing here.
fn is_key_id(kid: &str) -> bool {
    kid.len() == 64 && kid.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The header (RFC 7516, 4.1 and RFC 7518, 4.6.1).
#[derive(Debug, Default, Serialize, Deserialize)]
struct Header {
    alg: String,
    enc: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cty: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    apu: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    apv: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zip: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crit: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epk: Option<EphemeralKey>,
}

impl Header {
    fn read(part: &str) -> Result<Self, JweError> {
        if part.len() > LONGEST_HEADER {
            return Err(wrong(
                "header",
                0,
                format!("has {} bytes, up to {LONGEST_HEADER} are read", part.len()),
            ));
        }
        let json = decoded("header", 0, part)?;
        serde_json::from_slice(&json).map_err(|error| wrong("header", 0, format!("is none: {error}")))
    }

    fn check(&self) -> Result<(), JweError> {
        let shown = |what: &str, value: &str| {
            Err(JweError::Unsupported(format!("{what} `{}`", bartizan_core::printable(value, 64))))
        };
        if self.alg != AGREEMENT {
            return shown("the agreement", &self.alg);
        }
        if self.enc != CIPHER {
            return shown("the cipher", &self.enc);
        }
        if self.zip.is_some() {
            return Err(JweError::Unsupported("compression (`zip`)".to_owned()));
        }
        if self.crit.is_some() {
            return Err(JweError::Unsupported("extensions that must be understood (`crit`)".to_owned()));
        }
        Ok(())
    }
}

/// The key pair of one message, its public half (RFC 7518, 4.6.1.1 and 6.2.1).
#[derive(Debug, Serialize, Deserialize)]
struct EphemeralKey {
    kty: String,
    crv: String,
    x: String,
    y: String,
}

impl EphemeralKey {
    /// Of an uncompressed point (SEC 1, 2.3.3).
    fn of(point: &[u8]) -> Option<Self> {
        let (x, y) = point.strip_prefix(&[4])?.split_at_checked(COORDINATE)?;
        Some(Self {
            kty: "EC".to_owned(),
            crv: "P-256".to_owned(),
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
        })
    }

    fn point(&self) -> Result<Vec<u8>, JweError> {
        if self.kty != "EC" || self.crv != "P-256" {
            let curve = bartizan_core::printable(&format!("{} {}", self.kty, self.crv), 64);
            return Err(JweError::Unsupported(format!("the curve `{curve}`")));
        }
        let mut point = vec![4];
        for coordinate in [&self.x, &self.y] {
            point.extend(sized::<COORDINATE>("header with its `epk`", 0, coordinate)?);
        }
        Ok(point)
    }
}

/// What a party is called, decoded; nothing when it has no name.
fn party(name: &'static str, value: Option<&str>) -> Result<Vec<u8>, JweError> {
    value.map_or(Ok(Vec::new()), |value| {
        URL_SAFE_NO_PAD
            .decode(value)
            .map_err(|error| wrong("header", 0, format!("has an `{name}` that is no base64url: {error}")))
    })
}

fn wrong(part: &'static str, offset: usize, problem: impl Into<String>) -> JweError {
    JweError::Part { part, offset, problem: problem.into() }
}

fn decoded(part: &'static str, offset: usize, text: &str) -> Result<Vec<u8>, JweError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|error| wrong(part, offset, format!("is no base64url: {error}")))
}

fn sized<const LENGTH: usize>(
    part: &'static str,
    offset: usize,
    text: &str,
) -> Result<[u8; LENGTH], JweError> {
    let bytes = decoded(part, offset, text)?;
    let length = bytes.len();
    bytes.try_into().map_err(|_| wrong(part, offset, format!("has {length} bytes where {LENGTH} belong")))
}

fn cipher(key: &[u8; KEY_LENGTH]) -> LessSafeKey {
    #[expect(clippy::expect_used, reason = "the key has the length of the cipher's keys, by its type")]
    let key = UnboundKey::new(&AES_256_GCM, key).expect("a key of 32 bytes");
    LessSafeKey::new(key)
}

/// The key that a shared secret gives: 32 bytes, of which an algorithm with shorter keys takes the first.
///
/// One round of SHA-256 over the number of the round, the secret, the name of the algorithm, both parties' names, each after its length,
/// and the length of the key in bits.
///
/// Source: NIST SP 800-56A, section 5.8.1, as RFC 7518, section 4.6.2 uses it. Agrees with the example of its appendix C.
fn concat_kdf(
    secret: &[u8],
    algorithm: &str,
    apu: &[u8],
    apv: &[u8],
    bits: u32,
) -> Zeroizing<[u8; KEY_LENGTH]> {
    let mut digest = Sha256::new_with_prefix(1_u32.to_be_bytes());
    digest.update(secret);
    for part in [algorithm.as_bytes(), apu, apv] {
        // Names are bounded by the header, which is far below 4 GiB.
        digest.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        digest.update(part);
    }
    digest.update(bits.to_be_bytes());
    Zeroizing::new(digest.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap()
    }

    fn sealed(key: &SigningKey, plain: &[u8]) -> String {
        Recipient::new(key.public_key()).unwrap().seal("json", plain).unwrap()
    }

    fn with_header(message: &str, change: impl FnOnce(&mut serde_json::Value)) -> String {
        let (head, rest) = message.split_once('.').unwrap();
        let mut header: serde_json::Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
        change(&mut header);
        format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
    }

    /// RFC 7518, appendix C: Alice's ephemeral key, Bob's key, and what they agree upon.
    #[test]
    fn the_key_is_that_of_the_example_of_the_standard() {
        let bob = URL_SAFE_NO_PAD.decode("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw").unwrap();
        let bob = PrivateKey::from_private_key(&ECDH_P256, &bob).unwrap();
        let alice = EphemeralKey {
            kty: "EC".to_owned(),
            crv: "P-256".to_owned(),
            x: "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0".to_owned(),
            y: "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps".to_owned(),
        };
        let point = alice.point().unwrap();
        let theirs = UnparsedPublicKey::new(&ECDH_P256, &point[..]);
        let derived = agree(&bob, theirs, (), |secret| {
            assert_eq!(
                bartizan_core::hex(secret),
                "9e56d91d817135d372834283bf84269cfb316ea3da806a48f6daa7798cfe90c4"
            );
            Ok(concat_kdf(secret, "A128GCM", b"Alice", b"Bob", 128))
        });
        assert_eq!(URL_SAFE_NO_PAD.encode(&derived.unwrap()[..16]), "VqqN6vgjbSBcIijNcacQGg");
    }

    #[test]
    fn what_is_sealed_opens_with_its_key_and_no_other() {
        let (ours, other) = (key(), key());
        let message = sealed(&ours, b"the prompt");
        let opened = open(&message, &ours).unwrap();
        assert_eq!((&opened.plain[..], opened.content_type.as_deref()), (&b"the prompt"[..], Some("json")));
        assert_eq!(open(&message, &other), Err(JweError::OtherKey(ours.key_id())));
        // Without a name the cipher says it.
        let unnamed = with_header(&message, |header| header["kid"] = serde_json::Value::Null);
        assert_eq!(open(&unnamed, &other), Err(JweError::Closed));
        assert_ne!(message, sealed(&ours, b"the prompt"));
        assert!(!message.contains(&URL_SAFE_NO_PAD.encode("the prompt")));
    }

    #[test]
    fn keys_of_other_kinds_are_refused() {
        for algorithm in KeyAlgorithm::SIGNING.into_iter().filter(|kind| *kind != KeyAlgorithm::EcdsaP256) {
            let other = SigningKey::generate(algorithm).unwrap();
            assert_eq!(Recipient::new(other.public_key()).unwrap_err(), JweError::KeyKind(algorithm));
            assert_eq!(open(&sealed(&key(), b""), &other), Err(JweError::KeyKind(algorithm)));
        }
    }

    #[test]
    fn a_message_that_asks_for_something_else_is_refused_by_name() {
        let key = key();
        let message = sealed(&key, b"x");
        let said = |change: &dyn Fn(&mut serde_json::Value)| {
            open(&with_header(&message, change), &key).unwrap_err().to_string()
        };
        assert!(said(&|header| header["alg"] = "dir".into()).contains("the agreement `dir`"));
        assert!(said(&|header| header["enc"] = "A128GCM\u{1b}".into()).contains("`A128GCM\\u{1b}`"));
        assert!(said(&|header| header["zip"] = "DEF".into()).contains("compression"));
        assert!(said(&|header| header["crit"] = serde_json::json!(["exp"])).contains("crit"));
        assert!(said(&|header| header["epk"]["crv"] = "P-384".into()).contains("EC P-384"));
        assert!(said(&|header| header["epk"]["x"] = "AA".into()).contains("1 bytes where 32 belong"));
        assert!(said(&|header| header["epk"] = serde_json::Value::Null).contains("no ephemeral key"));
        let off = said(&|header| header["epk"]["x"] = header["epk"]["y"].clone());
        assert!(off.contains("no point of P-256"), "{off}");
    }

    #[test]
    fn every_part_is_told_by_its_place() {
        let key = key();
        let message = sealed(&key, b"content");
        assert_eq!(open("a.b.c", &key), Err(JweError::Parts(3)));
        assert_eq!(open(&format!("{message}."), &key), Err(JweError::Parts(6)));
        let parts: Vec<&str> = message.split('.').collect();
        let place = |at: usize| parts.iter().take(at).map(|part| part.len() + 1).sum::<usize>();
        for (at, name) in [(0, "header"), (2, "initialisation vector"), (3, "ciphertext"), (4, "tag")] {
            let mut damaged = parts.clone();
            damaged[at] = "*";
            let error = open(&damaged.join("."), &key).unwrap_err();
            let told = matches!(&error, JweError::Part { part, offset, .. } if *part == name && *offset == place(at));
            assert!(told, "{error}");
        }
        let mut wrapped = parts.clone();
        wrapped[1] = "AAAA";
        let error = open(&wrapped.join("."), &key).unwrap_err();
        assert!(matches!(error, JweError::Part { part: "encrypted key", .. }), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn any_content_comes_back_and_any_change_closes_it(plain: Vec<u8>, place: proptest::sample::Index, bit in 0..8_u32) {
            let key = key();
            let message = sealed(&key, &plain);
            proptest::prop_assert_eq!(&open(&message, &key).unwrap().plain[..], &plain[..]);
            let mut bytes = message.into_bytes();
            let at = place.index(bytes.len());
            bytes[at] ^= 1 << bit;
            if let Ok(changed) = String::from_utf8(bytes) {
                proptest::prop_assert!(open(&changed, &key).is_err());
            }
        }

        #[test]
        fn any_text_is_a_message_or_an_error(text: String, head: String) {
            let key = key();
            let _ = open(&text, &key);
            let _ = open(&format!("{}..AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA", URL_SAFE_NO_PAD.encode(head)), &key);
        }
    }
}
