//! The envelope around a signed payload.
//!
//! Source: DSSE v1.0.2, `protocol.md` and `envelope.md`. What is signed is the pre-authentication encoding of type and
//! payload, so that neither can be changed, nor one read as the other. The payload's bytes are kept exactly as they came.

use crate::keys::{KeyError, Signer, Verifier};
use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig as Config};
use serde::{Deserialize, Serialize};

/// Largest envelope read, in bytes: the largest statement in base64 and some.
pub const LONGEST_ENVELOPE: usize = 400 << 20;
/// Most signatures read from one envelope; signers of one payload are people and machines, not thousands.
pub const MOST_SIGNATURES: usize = 256;

const LENIENT: GeneralPurposeConfig = Config::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const READ_STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
const READ_URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);

/// A payload, what type it has, and who signed both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The payload's bytes, decoded.
    pub payload: Vec<u8>,
    /// Media type or URI of the payload.
    pub payload_type: String,
    /// One or more signatures.
    pub signatures: Vec<Signature>,
}

/// One signature over the pre-authentication encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// A hint at the key, never trusted; none when absent, empty or null.
    pub key_id: Option<String>,
    /// The signature's bytes, decoded.
    pub value: Vec<u8>,
}

/// Why an envelope cannot be read or is not believed.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Not JSON, or not of the shape of an envelope.
    #[error("not a DSSE envelope: {0}; expected an object with payload, payloadType and signatures")]
    Json(#[from] serde_json::Error),
    /// Larger than [`LONGEST_ENVELOPE`].
    #[error("the envelope has {0} bytes; envelopes up to {LONGEST_ENVELOPE} bytes are read")]
    TooLong(usize),
    /// A field that is not base64, standard or URL-safe.
    #[error("the envelope's {field} is not base64: {error}")]
    Base64 {
        /// The field.
        field: String,
        /// What is wrong with it.
        #[source]
        error: base64::DecodeError,
    },
    /// Nobody signed.
    #[error("the envelope has no signature")]
    Unsigned,
    /// More than [`MOST_SIGNATURES`].
    #[error("the envelope has {0} signatures; up to {MOST_SIGNATURES} are read")]
    TooManySignatures(usize),
    /// The type is not the one asked for.
    #[error("the envelope holds `{found}`, not `{expected}`")]
    PayloadType {
        /// What the envelope says.
        found: String,
        /// What the caller can read.
        expected: String,
    },
    /// No signature is by any of the keys given.
    #[error("none of the envelope's {signatures} signature(s) is by the given key(s) {keys}")]
    NotBelieved {
        /// How many there are.
        signatures: usize,
        /// The keys that were tried.
        keys: String,
    },
    /// A key cannot sign.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The bytes that are signed: `DSSEv1 SP LEN(type) SP type SP LEN(body) SP body`.
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    let mut encoding = head.into_bytes();
    encoding.extend_from_slice(payload);
    encoding
}

impl Envelope {
    /// Signs a payload with one key.
    ///
    /// # Errors
    /// [`EnvelopeError::Key`] when the key cannot sign.
    pub fn sign(payload: Vec<u8>, payload_type: &str, signer: &dyn Signer) -> Result<Self, EnvelopeError> {
        let mut envelope = Self { payload, payload_type: payload_type.to_owned(), signatures: Vec::new() };
        envelope.add_signature(signer)?;
        Ok(envelope)
    }

    /// Adds one more signature over the same payload.
    ///
    /// # Errors
    /// [`EnvelopeError::Key`] when the key cannot sign.
    pub fn add_signature(&mut self, signer: &dyn Signer) -> Result<(), EnvelopeError> {
        let value = signer.sign(&pre_authentication_encoding(&self.payload_type, &self.payload))?;
        self.signatures.push(Signature { key_id: Some(signer.key_id()), value });
        Ok(())
    }

    /// Which of `verifiers` signed, as places in the list given, in that order. The hints in the envelope are not trusted:
    /// every signature is tried with every key.
    ///
    /// # Errors
    /// [`EnvelopeError::Unsigned`] and [`EnvelopeError::NotBelieved`].
    pub fn verify(&self, verifiers: &[&dyn Verifier]) -> Result<Vec<usize>, EnvelopeError> {
        if self.signatures.is_empty() {
            return Err(EnvelopeError::Unsigned);
        }
        let encoding = pre_authentication_encoding(&self.payload_type, &self.payload);
        let signed = |verifier: &&dyn Verifier| {
            self.signatures.iter().any(|signature| verifier.verify(&encoding, &signature.value).is_ok())
        };
        let believed: Vec<usize> = verifiers
            .iter()
            .enumerate()
            .filter(|(_, verifier)| signed(verifier))
            .map(|(place, _)| place)
            .collect();
        if believed.is_empty() {
            let keys: Vec<String> = verifiers.iter().map(|verifier| verifier.key_id()).collect();
            return Err(EnvelopeError::NotBelieved {
                signatures: self.signatures.len(),
                keys: keys.join(", "),
            });
        }
        Ok(believed)
    }

    /// The payload when it is of the type asked for.
    ///
    /// # Errors
    /// [`EnvelopeError::PayloadType`].
    pub fn payload_of(&self, expected: &str) -> Result<&[u8], EnvelopeError> {
        if self.payload_type == expected {
            return Ok(&self.payload);
        }
        Err(EnvelopeError::PayloadType { found: self.payload_type.clone(), expected: expected.to_owned() })
    }

    /// Reads an envelope from JSON.
    ///
    /// # Errors
    /// [`EnvelopeError::Json`], [`EnvelopeError::TooLong`], [`EnvelopeError::Base64`], [`EnvelopeError::TooManySignatures`].
    pub fn from_json(json: &[u8]) -> Result<Self, EnvelopeError> {
        if json.len() > LONGEST_ENVELOPE {
            return Err(EnvelopeError::TooLong(json.len()));
        }
        Self::try_from(serde_json::from_slice::<Wire>(json)?)
    }

    /// The envelope as compact JSON with standard base64, which every reader accepts.
    ///
    /// # Errors
    /// [`EnvelopeError::Json`], which strings alone never cause.
    pub fn to_json(&self) -> Result<Vec<u8>, EnvelopeError> {
        Ok(serde_json::to_vec(&Wire::from(self))?)
    }
}

/// The envelope as it is written. Field order is that of the specification.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    payload: String,
    payload_type: String,
    signatures: Vec<WireSignature>,
}

#[derive(Serialize, Deserialize)]
struct WireSignature {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keyid: Option<String>,
    sig: String,
}

impl TryFrom<Wire> for Envelope {
    type Error = EnvelopeError;

    fn try_from(wire: Wire) -> Result<Self, EnvelopeError> {
        if wire.signatures.len() > MOST_SIGNATURES {
            return Err(EnvelopeError::TooManySignatures(wire.signatures.len()));
        }
        let signatures = wire.signatures.into_iter().enumerate().map(|(place, signature)| {
            Ok(Signature {
                key_id: signature.keyid.filter(|id| !id.is_empty()),
                value: decode(&signature.sig, || format!("signatures[{place}].sig"))?,
            })
        });
        Ok(Self {
            payload: decode(&wire.payload, || "payload".to_owned())?,
            payload_type: wire.payload_type,
            signatures: signatures.collect::<Result<_, EnvelopeError>>()?,
        })
    }
}

impl From<&Envelope> for Wire {
    fn from(envelope: &Envelope) -> Self {
        let signatures = envelope.signatures.iter().map(|signature| WireSignature {
            keyid: signature.key_id.clone(),
            sig: STANDARD.encode(&signature.value),
        });
        Self {
            payload: STANDARD.encode(&envelope.payload),
            payload_type: envelope.payload_type.clone(),
            signatures: signatures.collect(),
        }
    }
}

impl Serialize for Envelope {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire::from(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Envelope {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(Wire::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Decodes standard or URL-safe base64; the specification lets a producer choose.
fn decode(text: &str, field: impl FnOnce() -> String) -> Result<Vec<u8>, EnvelopeError> {
    let engine = if text.contains(['-', '_']) { READ_URL_SAFE } else { READ_STANDARD };
    engine.decode(text).map_err(|error| EnvelopeError::Base64 { field: field(), error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyAlgorithm, SigningKey};

    fn key() -> SigningKey {
        SigningKey::generate(KeyAlgorithm::Ed25519).unwrap()
    }

    #[test]
    fn encoding_is_the_one_of_the_specification() {
        // protocol.md, "Test vectors".
        let encoding = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoding, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn what_is_signed_verifies_and_reads_back() {
        let key = key();
        let envelope = Envelope::sign(b"{}".to_vec(), "application/json", &key).unwrap();
        let read = Envelope::from_json(&envelope.to_json().unwrap()).unwrap();
        assert_eq!(read, envelope);
        assert_eq!(
            read.verify(&[
                &SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap().public_key(),
                &key.public_key()
            ])
            .unwrap(),
            [1]
        );
    }

    #[test]
    fn a_changed_payload_or_type_is_refused() {
        let key = key();
        let envelope = Envelope::sign(b"{}".to_vec(), "application/json", &key).unwrap();
        let mut payload = envelope.clone();
        payload.payload.push(b' ');
        let mut payload_type = envelope.clone();
        payload_type.payload_type.push('x');
        let mut unsigned = envelope;
        unsigned.signatures.clear();
        assert!(matches!(payload.verify(&[&key.public_key()]), Err(EnvelopeError::NotBelieved { .. })));
        assert!(matches!(payload_type.verify(&[&key.public_key()]), Err(EnvelopeError::NotBelieved { .. })));
        assert!(matches!(unsigned.verify(&[&key.public_key()]), Err(EnvelopeError::Unsigned)));
    }

    #[test]
    fn key_ids_may_be_absent_empty_or_null_and_base64_url_safe() {
        let json = br#"{"payload":"_-8","payloadType":"t","signatures":[{"sig":"AA=="},{"keyid":"","sig":""},{"keyid":null,"sig":"AA"}]}"#;
        let envelope = Envelope::from_json(json).unwrap();
        assert_eq!(envelope.payload, [0xff, 0xef]);
        assert!(envelope.signatures.iter().all(|signature| signature.key_id.is_none()));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_an_envelope_or_an_error(bytes: Vec<u8>) {
            let _ = Envelope::from_json(&bytes);
        }
    }
}
