//! The file a model signature lies in: a Sigstore bundle with a DSSE envelope.
//!
//! Source: sigstore protobuf-specs, `sigstore_bundle.proto`, and OMS 1.0 sections 4 and 11.

use crate::dsse::{Envelope, EnvelopeError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Media type that is written: version 0.3, the only one that the reference implementation reads.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// What every media type of a bundle begins with (OMS 1.0, `bundle.schema.json`).
const MEDIA_TYPES: &str = "application/vnd.dev.sigstore.bundle";
/// Largest bundle read, in bytes: an envelope around the largest statement.
pub const LONGEST_BUNDLE: usize = 400 << 20;
/// Most certificates read in one chain.
const MOST_CERTIFICATES: usize = 32;

/// A bundle.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// By what the signature can be checked.
    pub material: Material,
    /// The signed statement.
    pub envelope: Envelope,
}

/// By what a signature can be checked.
#[derive(Debug, Clone, PartialEq)]
pub enum Material {
    /// A key that the verifier must have (method `key`); the hint says which, and is none in bundles before version 1.1.
    Key {
        /// SHA-256 over the key's PEM in hexadecimal digits.
        hint: Option<String>,
    },
    /// A chain, leaf first, to a root that the verifier must have (method `certificate`). DER.
    Certificates(Vec<Vec<u8>>),
    /// A certificate of a few minutes, and entries of a transparency log (method `sigstore`).
    Keyless,
}

/// Why a file is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Not JSON, cut short, or of another shape.
    #[error(
        "the signature file is no Sigstore bundle, or is damaged or cut short ({0}); get it anew, or have the model signed again"
    )]
    Json(#[from] serde_json::Error),
    /// Larger than [`LONGEST_BUNDLE`].
    #[error("the signature file has {0} bytes; bundles up to {LONGEST_BUNDLE} bytes are read")]
    TooLong(usize),
    /// Another media type.
    #[error("the signature file is of type `{0}`; expected {MEDIA_TYPE}")]
    MediaType(String),
    /// A field that is not there.
    #[error("the bundle has no {0}; sign the model again")]
    Missing(&'static str),
    /// A field that is not base64.
    #[error("the bundle's certificate {0} is not base64")]
    Base64(usize),
    /// More than one way to check the signature: which one counts would be the reader's choice.
    #[error("the bundle names more than one key or certificate; a signature has one signer")]
    Ambiguous,
    /// A bundle has exactly one signature (`sigstore_bundle.proto`).
    #[error("the bundle has {0} signatures; a bundle has exactly one")]
    Signatures(usize),
    /// The envelope is not as it should be.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// Each variant of [`BundleError`].
    pub fn from_json(json: &[u8]) -> Result<Self, BundleError> {
        if json.len() > LONGEST_BUNDLE {
            return Err(BundleError::TooLong(json.len()));
        }
        let wire: Wire = serde_json::from_slice(json)?;
        let media_type = wire.media_type.ok_or(BundleError::Missing("mediaType"))?;
        if !media_type.starts_with(MEDIA_TYPES) {
            return Err(BundleError::MediaType(media_type.chars().take(100).collect()));
        }
        let material = wire.verification_material.ok_or(BundleError::Missing("verificationMaterial"))?;
        let envelope = wire.dsse_envelope.ok_or(BundleError::Missing("dsseEnvelope"))?;
        if envelope.signatures.len() != 1 {
            return Err(BundleError::Signatures(envelope.signatures.len()));
        }
        Ok(Self { material: material.read()?, envelope })
    }

    /// The bundle as compact JSON.
    ///
    /// # Errors
    /// [`BundleError::Missing`] for keyless material, which is only read here, and [`BundleError::Json`].
    pub fn to_json(&self) -> Result<Vec<u8>, BundleError> {
        let mut material = WireMaterial { tlog_entries: Some(Vec::new()), ..WireMaterial::default() };
        match &self.material {
            Material::Key { hint } => material.public_key = Some(WireKey { hint: hint.clone() }),
            Material::Certificates(chain) => {
                let certificates =
                    chain.iter().map(|der| WireCertificate { raw_bytes: STANDARD.encode(der) }).collect();
                material.x509_certificate_chain = Some(WireChain { certificates });
            }
            Material::Keyless => return Err(BundleError::Missing("certificate that could be written")),
        }
        Ok(serde_json::to_vec(&Wire {
            media_type: Some(MEDIA_TYPE.to_owned()),
            verification_material: Some(material),
            dsse_envelope: Some(self.envelope.clone()),
        })?)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    media_type: Option<String>,
    verification_material: Option<WireMaterial>,
    dsse_envelope: Option<Envelope>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMaterial {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    public_key: Option<WireKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x509_certificate_chain: Option<WireChain>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<WireCertificate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tlog_entries: Option<Vec<serde_json::Value>>,
}

#[derive(Serialize, Deserialize)]
struct WireKey {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct WireChain {
    certificates: Vec<WireCertificate>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCertificate {
    raw_bytes: String,
}

impl WireMaterial {
    fn read(self) -> Result<Material, BundleError> {
        match (self.public_key, self.x509_certificate_chain, self.certificate) {
            (Some(key), None, None) => Ok(Material::Key { hint: key.hint.filter(|hint| !hint.is_empty()) }),
            (None, Some(chain), None) => {
                let decoded: Result<Vec<Vec<u8>>, BundleError> = chain
                    .certificates
                    .iter()
                    .take(MOST_CERTIFICATES)
                    .enumerate()
                    .map(|(place, each)| {
                        STANDARD.decode(&each.raw_bytes).map_err(|_| BundleError::Base64(place))
                    })
                    .collect();
                match decoded? {
                    chain if chain.is_empty() => Err(BundleError::Missing("certificate")),
                    chain => Ok(Material::Certificates(chain)),
                }
            }
            (None, None, Some(_)) if self.tlog_entries.is_none_or(|entries| entries.is_empty()) => {
                Err(BundleError::Missing("entry of a transparency log, which keyless signatures need"))
            }
            (None, None, Some(_)) => Ok(Material::Keyless),
            (None, None, None) => Err(BundleError::Missing("publicKey, x509CertificateChain or certificate")),
            _ => Err(BundleError::Ambiguous),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyAlgorithm, SigningKey};

    fn bundle() -> Bundle {
        let key = SigningKey::generate(KeyAlgorithm::Ed25519).unwrap();
        let envelope = Envelope::sign(b"{}".to_vec(), "t", &key).unwrap();
        Bundle { material: Material::Key { hint: Some("ab".to_owned()) }, envelope }
    }

    fn changed(from: &str, to: &str) -> Result<Bundle, BundleError> {
        let json = String::from_utf8(bundle().to_json().unwrap()).unwrap();
        assert!(json.contains(from), "{json}");
        Bundle::from_json(json.replace(from, to).as_bytes())
    }

    #[test]
    fn a_bundle_reads_back_as_it_was_written() {
        let bundle = bundle();
        assert_eq!(Bundle::from_json(&bundle.to_json().unwrap()).unwrap(), bundle);
    }

    #[test]
    fn older_and_other_writers_are_read() {
        assert!(changed(r#","tlogEntries":[]"#, "").is_ok());
        let old =
            changed(r#"{"hint":"ab"}"#, r#"{"rawBytes":"AA==","keyDetails":"PKIX_ECDSA_P256"}"#).unwrap();
        assert_eq!(old.material, Material::Key { hint: None });
    }

    #[test]
    fn what_is_missing_or_doubled_is_named() {
        assert!(matches!(changed("sigstore", "other"), Err(BundleError::MediaType(_))));
        assert!(matches!(
            changed(r#""publicKey":{"hint":"ab"}"#, r#""certificate":{"rawBytes":"AA=="}"#),
            Err(BundleError::Missing(_))
        ));
        assert!(matches!(
            changed(r#""publicKey":"#, r#""certificate":{"rawBytes":"AA=="},"publicKey":"#),
            Err(BundleError::Ambiguous)
        ));
        let mut twice = bundle();
        twice.envelope.signatures.push(twice.envelope.signatures[0].clone());
        assert!(matches!(Bundle::from_json(&twice.to_json().unwrap()), Err(BundleError::Signatures(2))));
        twice.envelope.signatures.clear();
        assert!(matches!(Bundle::from_json(&twice.to_json().unwrap()), Err(BundleError::Signatures(0))));
    }

    #[test]
    fn a_bundle_cut_anywhere_is_refused() {
        let json = bundle().to_json().unwrap();
        for cut in 0..json.len() {
            assert!(Bundle::from_json(&json[..cut]).is_err());
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_bundle_or_an_error(bytes: Vec<u8>) {
            let _ = Bundle::from_json(&bytes);
        }
    }
}
