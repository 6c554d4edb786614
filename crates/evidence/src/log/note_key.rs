//! Keys of signed notes: [`NoteKey`] verifies, [`NoteSigner`] signs, each under a name.
//!
//! Source: C2SP signed-note v1.0.0, "Signature types" and "Verifier keys"; C2SP tlog-cosignature, "Format".

use super::checkpoint::Checkpoint;
use super::note::is_name;
use crate::keys::{KeyAlgorithm, KeyError, PublicKey, Signer, Verifier as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

/// Longest verifier key read, in bytes: a name and an ML-DSA-44 key of 1312 bytes in base64.
const LONGEST_KEY: usize = 4096;
/// Longest name in a message signed with ML-DSA-44, in bytes.
const LONGEST_ML_DSA_NAME: usize = 255;
/// First bytes of a `SubjectPublicKeyInfo` before an Ed25519 key (RFC 8410, section 4).
const ED25519_SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// First bytes of a `SubjectPublicKeyInfo` before an ML-DSA-44 key (RFC 9881, section 4).
const ML_DSA_44_SPKI: [u8; 22] = [
    0x30, 0x82, 0x05, 0x32, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11,
    0x03, 0x82, 0x05, 0x21, 0x00,
];

/// What a signature is over and how it is made, by its assigned byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureType {
    /// 0x01: Ed25519 over the text.
    Ed25519,
    /// 0x04: Ed25519 over a time and a checkpoint.
    CosignatureEd25519,
    /// 0x06: ML-DSA-44 over a time, a name and a checkpoint.
    CosignatureMlDsa44,
}

impl SignatureType {
    /// The byte assigned to it.
    pub fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureEd25519 => 0x04,
            Self::CosignatureMlDsa44 => 0x06,
        }
    }

    /// The kind of key that makes it.
    pub fn algorithm(self) -> KeyAlgorithm {
        match self {
            Self::Ed25519 | Self::CosignatureEd25519 => KeyAlgorithm::Ed25519,
            Self::CosignatureMlDsa44 => KeyAlgorithm::MlDsa44,
        }
    }

    /// Whether it says when it was made, as a witness must.
    pub fn has_time(self) -> bool {
        self != Self::Ed25519
    }

    /// The type a log signs with when its key is of this kind.
    pub fn for_log(algorithm: KeyAlgorithm) -> Option<Self> {
        match algorithm {
            KeyAlgorithm::Ed25519 => Some(Self::Ed25519),
            KeyAlgorithm::MlDsa44 => Some(Self::CosignatureMlDsa44),
            _ => None,
        }
    }

    /// The type a witness signs with when its key is of this kind.
    pub fn for_witness(algorithm: KeyAlgorithm) -> Option<Self> {
        match algorithm {
            KeyAlgorithm::Ed25519 => Some(Self::CosignatureEd25519),
            KeyAlgorithm::MlDsa44 => Some(Self::CosignatureMlDsa44),
            _ => None,
        }
    }

    fn of_byte(byte: u8) -> Option<Self> {
        [Self::Ed25519, Self::CosignatureEd25519, Self::CosignatureMlDsa44]
            .into_iter()
            .find(|each| each.byte() == byte)
    }

    fn spki_prefix(self) -> &'static [u8] {
        match self.algorithm() {
            KeyAlgorithm::MlDsa44 => &ML_DSA_44_SPKI,
            _ => &ED25519_SPKI,
        }
    }
}

/// Why a key of a note cannot be read or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteKeyError {
    /// Not of the shape of a verifier key.
    #[error(
        "`{0}` is no verifier key: expected NAME+ID+BASE64, for example example.com/log+530d903a+AekyeR…"
    )]
    Shape(String),
    /// The id is not the one that follows from name and key.
    #[error(
        "the verifier key of `{name}` is damaged: its id is {found:08x}, its name and key give {expected:08x}"
    )]
    Id {
        /// Name of the key.
        name: String,
        /// The id it carries.
        found: u32,
        /// The id it should carry.
        expected: u32,
    },
    /// A type of signature that is not read.
    #[error(
        "the verifier key of `{name}` is of type 0x{kind:02x}; read are 0x01 (Ed25519), 0x04 (Ed25519 cosignature) and \
         0x06 (ML-DSA-44 cosignature)"
    )]
    UnknownType {
        /// Name of the key.
        name: String,
        /// Its type.
        kind: u8,
    },
    /// A name that no key may have.
    #[error("`{0}` cannot name a key: a name is not empty and has no spaces and no plus")]
    Name(String),
    /// A key of a kind that does not sign notes.
    #[error("a key of kind {0} does not sign notes; use ed25519 or ml-dsa-44")]
    Algorithm(KeyAlgorithm),
    /// A kind of signature that is made over checkpoints only.
    #[error("this kind of signature is made over checkpoints only, and the text is none")]
    NotACheckpoint,
    /// A time that cannot be written.
    #[error("the time {0} is later than a signature can carry")]
    Time(u64),
    /// The key itself.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A signature that fits: when it was made, where its type says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signed {
    pub(super) time: Option<u64>,
}

/// A key that verifies signatures on notes, written as a *vkey*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteKey {
    name: String,
    id: u32,
    kind: SignatureType,
    material: Vec<u8>,
    key: PublicKey,
}

impl NoteKey {
    /// A key under a name.
    ///
    /// # Errors
    /// [`NoteKeyError::Name`] and [`NoteKeyError::Algorithm`].
    pub fn new(name: &str, kind: SignatureType, key: PublicKey) -> Result<Self, NoteKeyError> {
        if !is_name(name) {
            return Err(NoteKeyError::Name(name.chars().take(200).collect()));
        }
        let material = (key.algorithm() == kind.algorithm())
            .then(|| key.spki().strip_prefix(kind.spki_prefix()))
            .flatten()
            .ok_or(NoteKeyError::Algorithm(key.algorithm()))?
            .to_vec();
        let id = key_id(name, kind, &material);
        Ok(Self { name: name.to_owned(), id, kind, material, key })
    }

    /// Name of the key; of a log's key, the log's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Id of the key.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What its signatures are over.
    pub fn kind(&self) -> SignatureType {
        self.kind
    }

    /// Whether both wrap the same public key, whatever their names and types.
    pub fn same_key(&self, other: &Self) -> bool {
        self.key == other.key
    }

    /// Checks a signature over a text. None when it does not fit.
    pub(super) fn verify(&self, text: &str, signature: &[u8]) -> Option<Signed> {
        if !self.kind.has_time() {
            return self.key.verify(text.as_bytes(), signature).ok().map(|()| Signed { time: None });
        }
        let (time, signature) = signature.split_first_chunk::<8>()?;
        let time = u64::from_be_bytes(*time);
        let message = cosigned_message(self.kind, &self.name, text, time).ok()?;
        self.key.verify(&message, signature).ok().map(|()| Signed { time: Some(time) })
    }
}

impl fmt::Display for NoteKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![self.kind.byte()];
        bytes.extend_from_slice(&self.material);
        write!(formatter, "{}+{:08x}+{}", self.name, self.id, STANDARD.encode(bytes))
    }
}

impl FromStr for NoteKey {
    type Err = NoteKeyError;

    fn from_str(text: &str) -> Result<Self, NoteKeyError> {
        let shape = || NoteKeyError::Shape(text.chars().take(80).collect());
        let mut parts = text.splitn(3, '+');
        let (name, id, key) = match (parts.next(), parts.next(), parts.next()) {
            (Some(name), Some(id), Some(key)) if text.len() <= LONGEST_KEY => (name, id, key),
            _ => return Err(shape()),
        };
        let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if id.len() != 8 || !id.bytes().all(lower_hex) {
            return Err(shape());
        }
        let found = u32::from_str_radix(id, 16).map_err(|_| shape())?;
        let bytes = STANDARD.decode(key).map_err(|_| shape())?;
        let (byte, material) = bytes.split_first().ok_or_else(shape)?;
        let kind = SignatureType::of_byte(*byte)
            .ok_or_else(|| NoteKeyError::UnknownType { name: name.to_owned(), kind: *byte })?;
        let mut spki = kind.spki_prefix().to_vec();
        spki.extend_from_slice(material);
        let read = Self::new(name, kind, PublicKey::from_spki(&spki)?)?;
        if read.id != found {
            return Err(NoteKeyError::Id { name: read.name, found, expected: read.id });
        }
        Ok(read)
    }
}

/// A key that signs notes under a name.
pub struct NoteSigner {
    key: NoteKey,
    signer: Box<dyn Signer>,
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "NoteSigner({}+{:08x})", self.key.name, self.key.id)
    }
}

impl NoteSigner {
    /// A signer under a name.
    ///
    /// # Errors
    /// Those of [`NoteKey::new`].
    pub fn new(name: &str, kind: SignatureType, signer: Box<dyn Signer>) -> Result<Self, NoteKeyError> {
        Ok(Self { key: NoteKey::new(name, kind, signer.public_key())?, signer })
    }

    /// A log's signer: its name is the origin, its kind of signature follows from the key.
    ///
    /// # Errors
    /// Those of [`NoteKey::new`].
    pub fn for_log(origin: &str, signer: Box<dyn Signer>) -> Result<Self, NoteKeyError> {
        let kind = SignatureType::for_log(signer.algorithm());
        Self::new(origin, kind.ok_or(NoteKeyError::Algorithm(signer.algorithm()))?, signer)
    }

    /// A witness's signer.
    ///
    /// # Errors
    /// Those of [`NoteKey::new`].
    pub fn for_witness(name: &str, signer: Box<dyn Signer>) -> Result<Self, NoteKeyError> {
        let kind = SignatureType::for_witness(signer.algorithm());
        Self::new(name, kind.ok_or(NoteKeyError::Algorithm(signer.algorithm()))?, signer)
    }

    /// The public half.
    pub fn key(&self) -> &NoteKey {
        &self.key
    }

    /// Signs a text.
    pub(super) fn sign(&self, text: &str, time: u64) -> Result<Vec<u8>, NoteKeyError> {
        if !self.key.kind.has_time() {
            return Ok(self.signer.sign(text.as_bytes())?);
        }
        let message = cosigned_message(self.key.kind, &self.key.name, text, time)?;
        let mut signature = time.to_be_bytes().to_vec();
        signature.extend(self.signer.sign(&message)?);
        Ok(signature)
    }
}

/// The bytes that a cosignature over a checkpoint is made over.
///
/// Source: C2SP tlog-cosignature, "Ed25519 signed message" and "ML-DSA-44 signed message".
fn cosigned_message(kind: SignatureType, name: &str, text: &str, time: u64) -> Result<Vec<u8>, NoteKeyError> {
    let checkpoint = Checkpoint::parse(text).map_err(|_| NoteKeyError::NotACheckpoint)?;
    if i64::try_from(time).is_err() {
        return Err(NoteKeyError::Time(time));
    }
    if kind != SignatureType::CosignatureMlDsa44 {
        return Ok(format!("cosignature/v1\ntime {time}\n{text}").into_bytes());
    }
    let mut message = b"subtree/v1\n\0".to_vec();
    short_string(&mut message, name)?;
    message.extend(time.to_be_bytes());
    short_string(&mut message, &checkpoint.origin)?;
    message.extend(0_u64.to_be_bytes());
    message.extend(checkpoint.size.to_be_bytes());
    message.extend(checkpoint.root.as_bytes());
    Ok(message)
}

fn short_string(message: &mut Vec<u8>, text: &str) -> Result<(), NoteKeyError> {
    let length = u8::try_from(text.len())
        .ok()
        .filter(|length| *length > 0)
        .ok_or_else(|| NoteKeyError::Name(text.chars().take(LONGEST_ML_DSA_NAME).collect()))?;
    message.push(length);
    message.extend_from_slice(text.as_bytes());
    Ok(())
}

/// First four bytes of the SHA-256 over name, newline, type and key.
fn key_id(name: &str, kind: SignatureType, material: &[u8]) -> u32 {
    let hash: [u8; 32] = Sha256::new()
        .chain_update(name.as_bytes())
        .chain_update(b"\n")
        .chain_update([kind.byte()])
        .chain_update(material)
        .finalize()
        .into();
    hash.first_chunk::<4>().copied().map_or(0, u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SigningKey;
    use crate::log::hash::Hash;
    use crate::log::note::{Believed, Note};

    fn checkpoint() -> Note {
        let text = Checkpoint::new("example.com/log".to_owned(), 0, Hash::empty_tree()).to_string();
        Note::new(text).unwrap()
    }

    #[test]
    fn every_type_signs_verifies_and_survives_as_text() {
        for kind in
            [SignatureType::Ed25519, SignatureType::CosignatureEd25519, SignatureType::CosignatureMlDsa44]
        {
            let key = SigningKey::generate(kind.algorithm()).unwrap();
            let signer = NoteSigner::new("example.com/w", kind, Box::new(key)).unwrap();
            let mut note = checkpoint();
            note.sign(&signer, 1_795_417_200).unwrap();
            let key: NoteKey = signer.key().to_string().parse().unwrap();
            assert_eq!(&key, signer.key());
            let time = kind.has_time().then_some(1_795_417_200);
            assert_eq!(note.verify(&[&key]), Ok(vec![Believed { key: 0, time }]), "{kind:?}");
        }
    }

    #[test]
    fn a_cosignature_is_over_checkpoints_and_its_time() {
        let key = SigningKey::generate(KeyAlgorithm::Ed25519).unwrap();
        let signer = NoteSigner::for_witness("w", Box::new(key)).unwrap();
        let mut note = Note::new("no checkpoint\n".to_owned()).unwrap();
        assert!(note.sign(&signer, 5).is_err());
        assert_eq!(signer.sign(checkpoint().text(), u64::MAX), Err(NoteKeyError::Time(u64::MAX)));
        let mut signature = signer.sign(checkpoint().text(), 5).unwrap();
        assert_eq!(signer.key().verify(checkpoint().text(), &signature), Some(Signed { time: Some(5) }));
        signature[7] ^= 1;
        assert_eq!(signer.key().verify(checkpoint().text(), &signature), None);
    }

    #[test]
    fn keys_that_are_almost_right_are_refused() {
        let good = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        assert!(good.parse::<NoteKey>().is_ok());
        assert!(matches!(
            good.replace("530d903a", "530d903b").parse::<NoteKey>(),
            Err(NoteKeyError::Id { .. })
        ));
        assert!(matches!(good.replace("foo", "bar").parse::<NoteKey>(), Err(NoteKeyError::Id { .. })));
        assert!(good.replace("530d903a", "530D903A").parse::<NoteKey>().is_err());
        assert!(good.replace("+Aeky", "+Beky").parse::<NoteKey>().is_err());
        assert!("example.com/foo+530d903a".parse::<NoteKey>().is_err());
        let ecdsa = SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        assert!(matches!(NoteSigner::for_log("a", Box::new(ecdsa)), Err(NoteKeyError::Algorithm(_))));
        let spaced = SigningKey::generate(KeyAlgorithm::Ed25519).unwrap();
        assert!(matches!(NoteSigner::for_log("a b", Box::new(spaced)), Err(NoteKeyError::Name(_))));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_key_or_an_error(text: String) {
            let _ = text.parse::<NoteKey>();
        }
    }
}
