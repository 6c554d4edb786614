//! Whether the authority signed a token: attributes, their digest, and the signature over them.

use super::TimestampError;
use super::token::{Known, TOKEN_INFO, Token, hash_of};
use aws_lc_rs::digest::{self, Algorithm};
use aws_lc_rs::signature::{self as schemes, UnparsedPublicKey, VerificationAlgorithm};
use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode as _, Encode as _, Reader, Tag, Tagged as _};
use x509_cert::spki::AlgorithmIdentifierRef;

/// Content type, message digest (RFC 5652, 11.1 and 11.2), and the signer's certificate (RFC 2634, 5.4; RFC 5035).
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// Refuses a token that `signer` did not sign.
pub(super) fn check(token: &Token, signer: &Known) -> Result<(), TimestampError> {
    let not_signed = TimestampError::NotSigned;
    let attributes = token.signer.signed_attrs.as_ref().ok_or(not_signed("nothing in it is signed"))?;
    let one = |oid: ObjectIdentifier| {
        let mut found = attributes.iter().filter(|attribute| attribute.oid == oid);
        let values =
            found.next().filter(|_| found.next().is_none()).map(|attribute| attribute.values.as_slice());
        match values {
            Some([value]) => value.to_der().ok(),
            _ => None,
        }
    };
    let content_type = one(CONTENT_TYPE).and_then(|value| ObjectIdentifier::from_der(&value).ok());
    if content_type != Some(TOKEN_INFO) {
        return Err(not_signed("the signature is over another type of content"));
    }
    let (_, hash) = hash_of(&token.signer.digest_alg.oid)?;
    let stated = one(MESSAGE_DIGEST).ok_or(not_signed("the digest of the content is not signed"))?;
    let stated = OctetStringRef::from_der(&stated).map_err(|_| not_signed("the signed digest is none"))?;
    if stated.as_bytes() != digest::digest(hash, &token.content).as_ref() {
        return Err(not_signed("the content has another digest than the signed one"));
    }
    let names_signer = match (one(SIGNING_CERTIFICATE_V2), one(SIGNING_CERTIFICATE)) {
        (Some(value), _) => certificate_named(&value, &digest::SHA256),
        (None, Some(value)) => certificate_named(&value, &digest::SHA1_FOR_LEGACY_USE_ONLY),
        (None, None) => None,
    };
    let named = names_signer.ok_or(not_signed("the signer's certificate is not named"))?;
    if digest::digest(named.0, &signer.der).as_ref() != named.1 {
        return Err(not_signed("it names another certificate than the signer's"));
    }
    let message = attributes.to_der().map_err(|_| not_signed("its attributes cannot be written"))?;
    let scheme = scheme(token, signer, hash)?;
    let key = signer.certificate.tbs_certificate.subject_public_key_info.subject_public_key.raw_bytes();
    UnparsedPublicKey::new(scheme, key)
        .verify(&message, token.signer.signature.as_bytes())
        .map_err(|_| not_signed("the signature does not fit the content and the signer's key"))
}

/// The digest by which the first certificate is named (ESSCertID, ESSCertIDv2); `default` where no algorithm is said.
fn certificate_named(value: &[u8], default: &'static Algorithm) -> Option<(&'static Algorithm, Vec<u8>)> {
    let whole = AnyRef::from_der(value).ok()?;
    let named = whole.sequence(|reader| {
        let names: AnyRef<'_> = reader.decode()?;
        while !reader.is_finished() {
            reader.decode::<AnyRef<'_>>()?;
        }
        names.sequence(|reader| {
            let first = reader.decode::<AnyRef<'_>>()?.sequence(name);
            while !reader.is_finished() {
                reader.decode::<AnyRef<'_>>()?;
            }
            first
        })
    });
    let (algorithm, digest) = named.ok()?;
    let algorithm = match algorithm {
        None => default,
        Some(oid) => hash_of(&oid).ok()?.1,
    };
    Some((algorithm, digest))
}

fn name<'r>(reader: &mut impl Reader<'r>) -> der::Result<(Option<ObjectIdentifier>, Vec<u8>)> {
    let mut part: AnyRef<'_> = reader.decode()?;
    let mut algorithm = None;
    if part.tag() == Tag::Sequence {
        algorithm = Some(part.decode_as::<AlgorithmIdentifierRef<'_>>()?.oid);
        part = reader.decode()?;
    }
    let digest = part.decode_as::<OctetStringRef<'_>>()?.as_bytes().to_vec();
    while !reader.is_finished() {
        reader.decode::<AnyRef<'_>>()?;
    }
    Ok((algorithm, digest))
}

/// The signature scheme of a key, a signature and a digest together; none but those that fit each other.
fn scheme(
    token: &Token,
    signer: &Known,
    hash: &'static Algorithm,
) -> Result<&'static dyn VerificationAlgorithm, TimestampError> {
    let key = &signer.certificate.tbs_certificate.subject_public_key_info.algorithm;
    let curve = key.parameters.as_ref().and_then(|curve| curve.decode_as::<ObjectIdentifier>().ok());
    let (key, signature) = (key.oid.to_string(), token.signer.signature_algorithm.oid.to_string());
    let curve = curve.map(|curve| curve.to_string()).unwrap_or_default();
    let bits = hash.output_len() * 8;
    // The digest that the signature's own name has in it, if any, must be the one the attributes were digested with.
    let named = match signature.as_str() {
        "1.2.840.113549.1.1.11" | "1.2.840.10045.4.3.2" => Some(256),
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Some(384),
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Some(512),
        _ => None,
    };
    let family = match (key.as_str(), signature.as_str()) {
        ("1.2.840.113549.1.1.1", "1.2.840.113549.1.1.1") => "rsa",
        ("1.2.840.113549.1.1.1", other) if other.starts_with("1.2.840.113549.1.1.1") && named.is_some() => {
            "rsa"
        }
        ("1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10") => "pss",
        ("1.2.840.10045.2.1", other) if other.starts_with("1.2.840.10045.4.3.") => curve.as_str(),
        ("1.3.101.112", "1.3.101.112") => return Ok(&schemes::ED25519),
        _ => "",
    };
    let found: Option<&'static dyn VerificationAlgorithm> = match (family, named.unwrap_or(bits)) {
        ("rsa", 256) => Some(&schemes::RSA_PKCS1_2048_8192_SHA256),
        ("rsa", 384) => Some(&schemes::RSA_PKCS1_2048_8192_SHA384),
        ("rsa", 512) => Some(&schemes::RSA_PKCS1_2048_8192_SHA512),
        ("pss", 256) => Some(&schemes::RSA_PSS_2048_8192_SHA256),
        ("pss", 384) => Some(&schemes::RSA_PSS_2048_8192_SHA384),
        ("pss", 512) => Some(&schemes::RSA_PSS_2048_8192_SHA512),
        ("1.2.840.10045.3.1.7", 256) => Some(&schemes::ECDSA_P256_SHA256_ASN1),
        ("1.2.840.10045.3.1.7", 384) => Some(&schemes::ECDSA_P256_SHA384_ASN1),
        ("1.3.132.0.34", 256) => Some(&schemes::ECDSA_P384_SHA256_ASN1),
        ("1.3.132.0.34", 384) => Some(&schemes::ECDSA_P384_SHA384_ASN1),
        ("1.3.132.0.35", 256) => Some(&schemes::ECDSA_P521_SHA256_ASN1),
        ("1.3.132.0.35", 384) => Some(&schemes::ECDSA_P521_SHA384_ASN1),
        ("1.3.132.0.35", 512) => Some(&schemes::ECDSA_P521_SHA512_ASN1),
        _ => None,
    };
    found.ok_or_else(|| {
        TimestampError::Algorithm(format!(
            "the signature {signature} with a key of {key} {curve} and {bits} bits of digest"
        ))
    })
}
