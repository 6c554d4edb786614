//! The parts of a timestamp token, read and not yet believed: [`Token`].

use super::{Content, LONGEST_TOKEN, TimestampError};
use aws_lc_rs::digest::{self, Algorithm};
use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode as _, Encode as _, Reader, Tag, TagNumber, Tagged as _};
use jiff::Timestamp;
use std::time::Duration;
use x509_cert::Certificate;
use x509_cert::ext::pkix::SubjectKeyIdentifier;
use x509_cert::spki::AlgorithmIdentifierRef;

/// Signed data (RFC 5652, 5.1) and the content type of a token (RFC 3161, 2.4.2).
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
pub(super) const TOKEN_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
/// Most certificates read of a token.
const MOST_CERTIFICATES: usize = 16;

/// A certificate with its bytes.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) certificate: Certificate,
    pub(super) der: Vec<u8>,
}

/// A token, read.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) time: Timestamp,
    pub(super) accuracy: Option<Duration>,
    pub(super) policy: ObjectIdentifier,
    pub(super) serial: Vec<u8>,
    /// The bytes that the authority speaks about, as signed.
    pub(super) content: Vec<u8>,
    pub(super) signer: SignerInfo,
    pub(super) certificates: Vec<Known>,
    imprint: Imprint,
    /// Certificates the verifier gave that are the signer's.
    given: Vec<Known>,
}

#[derive(Debug)]
struct Imprint {
    algorithm: ObjectIdentifier,
    digest: Vec<u8>,
}

fn malformed(error: impl std::fmt::Display) -> TimestampError {
    TimestampError::Malformed(error.to_string())
}

impl Token {
    /// Reads a response or a bare token.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, TimestampError> {
        if bytes.len() > LONGEST_TOKEN {
            return Err(TimestampError::TooLong(bytes.len()));
        }
        let whole = AnyRef::from_der(bytes).map_err(malformed)?;
        let first = whole.sequence(first_of).map_err(malformed)?;
        if first == Tag::ObjectIdentifier {
            return Self::of_content_info(bytes);
        }
        let (status, text, token) = whole.sequence(response).map_err(malformed)?;
        match token {
            Some(token) if status <= 1 => Self::of_content_info(&token),
            None if status <= 1 => Err(malformed("the authority granted a token, and there is none")),
            _ => {
                let text = if text.is_empty() { text } else { format!(": {text}") };
                Err(TimestampError::NotGranted { status, text })
            }
        }
    }

    fn of_content_info(bytes: &[u8]) -> Result<Self, TimestampError> {
        let outer = ContentInfo::from_der(bytes).map_err(malformed)?;
        if outer.content_type != SIGNED_DATA {
            return Err(malformed("it is not signed data"));
        }
        let signed: SignedData = outer.content.decode_as().map_err(malformed)?;
        if signed.encap_content_info.econtent_type != TOKEN_INFO {
            return Err(malformed("what is signed is no timestamp"));
        }
        let content = signed.encap_content_info.econtent.ok_or_else(|| malformed("it has no content"))?;
        let content: OctetStringRef<'_> = content.decode_as().map_err(malformed)?;
        let content = content.as_bytes().to_vec();
        let [only] = signed.signer_infos.0.as_slice() else {
            return Err(malformed("it has not exactly one signature"));
        };
        let mut certificates = Vec::new();
        for choice in signed.certificates.iter().flat_map(|set| set.0.iter()).take(MOST_CERTIFICATES) {
            if let CertificateChoices::Certificate(certificate) = choice {
                let der = certificate.to_der().map_err(malformed)?;
                certificates.push(Known { certificate: certificate.clone(), der });
            }
        }
        let info = AnyRef::from_der(&content).and_then(|info| info.sequence(token_info));
        let Info { policy, imprint, serial, time, accuracy } = info.map_err(malformed)?;
        Ok(Self {
            time: time_of(&time).ok_or_else(|| malformed("its time is none"))?,
            accuracy,
            policy,
            serial,
            signer: only.clone(),
            content,
            certificates,
            imprint,
            given: Vec::new(),
        })
    }

    /// Refuses a token that is over something else.
    pub(super) fn check_content(&self, content: Content<'_>) -> Result<(), TimestampError> {
        let (name, algorithm) = hash_of(&self.imprint.algorithm)?;
        let expected = match content {
            Content::Message(message) => bartizan_core::hex(digest::digest(algorithm, message).as_ref()),
            Content::Sha256(hex) if name == "sha256" => hex.to_owned(),
            Content::Sha256(_) => {
                return Err(TimestampError::Algorithm(format!(
                    "{name} where only SHA-256 of the content is known"
                )));
            }
        };
        let found = bartizan_core::hex(&self.imprint.digest);
        if found == expected {
            return Ok(());
        }
        Err(TimestampError::OtherContent { algorithm: name, found, expected })
    }

    /// Adds certificates of the verifier's, of which one may be the signer's.
    pub(super) fn with_given(mut self, trusted: &[Vec<u8>]) -> Self {
        for der in trusted {
            // What cannot be read here is told when the chain is followed.
            if let Ok(certificate) = Certificate::from_der(der) {
                self.given.push(Known { certificate, der: der.clone() });
            }
        }
        self
    }

    /// The signer's certificate.
    pub(super) fn signer(&self) -> Option<&Known> {
        self.certificates.iter().chain(&self.given).find(|known| {
            let named = &known.certificate.tbs_certificate;
            match &self.signer.sid {
                SignerIdentifier::IssuerAndSerialNumber(sid) => {
                    named.issuer == sid.issuer && named.serial_number == sid.serial_number
                }
                SignerIdentifier::SubjectKeyIdentifier(sid) => named
                    .get::<SubjectKeyIdentifier>()
                    .is_ok_and(|found| found.is_some_and(|(_, identifier)| identifier == *sid)),
            }
        })
    }
}

/// A digest's name and algorithm.
pub(super) fn hash_of(oid: &ObjectIdentifier) -> Result<(&'static str, &'static Algorithm), TimestampError> {
    Ok(match oid.to_string().as_str() {
        "2.16.840.1.101.3.4.2.1" => ("sha256", &digest::SHA256),
        "2.16.840.1.101.3.4.2.2" => ("sha384", &digest::SHA384),
        "2.16.840.1.101.3.4.2.3" => ("sha512", &digest::SHA512),
        other => return Err(TimestampError::Algorithm(format!("the digest {other}"))),
    })
}

/// The tag of the first element; the others are passed over.
fn first_of<'r>(reader: &mut impl Reader<'r>) -> der::Result<Tag> {
    let first: AnyRef<'_> = reader.decode()?;
    while !reader.is_finished() {
        reader.decode::<AnyRef<'_>>()?;
    }
    Ok(first.tag())
}

/// Status, what was said with it, and the token.
fn response<'r>(reader: &mut impl Reader<'r>) -> der::Result<(u32, String, Option<Vec<u8>>)> {
    let status: AnyRef<'_> = reader.decode()?;
    let token: Option<AnyRef<'_>> = if reader.is_finished() { None } else { Some(reader.decode()?) };
    let (status, text) = status.sequence(|reader| {
        let status: u32 = reader.decode()?;
        let mut text = String::new();
        while !reader.is_finished() {
            let part: AnyRef<'_> = reader.decode()?;
            if part.tag() == Tag::Sequence {
                text = part.sequence(said)?;
            }
        }
        Ok((status, text))
    })?;
    Ok((status, text, token.map(|token| token.to_der()).transpose()?))
}

fn said<'r>(reader: &mut impl Reader<'r>) -> der::Result<String> {
    let mut lines = Vec::new();
    while !reader.is_finished() {
        let line: AnyRef<'_> = reader.decode()?;
        lines.push(bartizan_core::printable(&String::from_utf8_lossy(line.value()), 200));
    }
    Ok(lines.join("; "))
}

struct Info {
    policy: ObjectIdentifier,
    imprint: Imprint,
    serial: Vec<u8>,
    time: Vec<u8>,
    accuracy: Option<Duration>,
}

/// TSTInfo (RFC 3161, 2.4.2).
fn token_info<'r>(reader: &mut impl Reader<'r>) -> der::Result<Info> {
    if reader.decode::<u8>()? != 1 {
        return Err(Tag::Integer.value_error());
    }
    let policy = reader.decode()?;
    let imprint = reader.decode::<AnyRef<'_>>()?.sequence(|reader| {
        let algorithm: AlgorithmIdentifierRef<'_> = reader.decode()?;
        let digest: OctetStringRef<'_> = reader.decode()?;
        Ok(Imprint { algorithm: algorithm.oid, digest: digest.as_bytes().to_vec() })
    })?;
    let serial = of_tag(reader.decode()?, Tag::Integer)?;
    let time = of_tag(reader.decode()?, Tag::GeneralizedTime)?;
    let mut accuracy = None;
    while !reader.is_finished() {
        let part: AnyRef<'_> = reader.decode()?;
        if part.tag() == Tag::Sequence {
            accuracy = Some(part.sequence(accuracy_of)?);
        }
        // Extensions, of which none is known: a critical one may change what the token says.
        if part.tag() == (Tag::ContextSpecific { constructed: true, number: TagNumber::N1 }) {
            let mut extensions = der::SliceReader::new(part.value())?;
            while !extensions.is_finished() {
                let extension: x509_cert::ext::Extension = extensions.decode()?;
                if extension.critical {
                    return Err(Tag::Boolean.value_error());
                }
            }
        }
    }
    Ok(Info { policy, imprint, serial, time, accuracy })
}

fn of_tag(value: AnyRef<'_>, tag: Tag) -> der::Result<Vec<u8>> {
    value.tag().assert_eq(tag)?;
    Ok(value.value().to_vec())
}

/// Seconds, thousandths and millionths of them, each of which may be absent.
fn accuracy_of<'r>(reader: &mut impl Reader<'r>) -> der::Result<Duration> {
    let mut accuracy = Duration::ZERO;
    while !reader.is_finished() {
        let part: AnyRef<'_> = reader.decode()?;
        let number = part
            .value()
            .iter()
            .try_fold(0_u64, |number, byte| number.checked_mul(256).map(|number| number | u64::from(*byte)));
        let number = number.ok_or_else(|| part.tag().value_error())?;
        accuracy = accuracy.saturating_add(match part.tag() {
            Tag::Integer => Duration::from_secs(number),
            Tag::ContextSpecific { number: TagNumber::N0, .. } => Duration::from_millis(number),
            _ => Duration::from_micros(number),
        });
    }
    Ok(accuracy)
}

/// A GeneralizedTime as tokens have it: YYYYMMDDhhmmss, a fraction if wanted, and Z.
fn time_of(bytes: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('Z')?;
    let (whole, fraction) =
        text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    if whole.len() != 14 || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| whole.get(from..to);
    let mut written = format!("{}-{}-{}", part(0, 4)?, part(4, 6)?, part(6, 8)?);
    written.push_str(&format!("T{}:{}:{}", part(8, 10)?, part(10, 12)?, part(12, 14)?));
    if let Some(fraction) = fraction {
        let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
        if fraction.is_empty() || fraction.len() > 9 || !digits {
            return None;
        }
        written.push_str(&format!(".{fraction}"));
    }
    written.push('Z');
    written.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_fraction_and_others_refused() {
        let read = |text: &str| time_of(text.as_bytes()).map(|time| time.to_string());
        assert_eq!(read("20261129044406Z").as_deref(), Some("2026-11-29T04:44:06Z"));
        assert_eq!(read("20261129044406.25Z").as_deref(), Some("2026-11-29T04:44:06.25Z"));
        for wrong in [
            "20261129044406",
            "20261329044406Z",
            "2026112904440Z",
            "20261129044406.Z",
            "20261129044406,5Z",
            "",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
