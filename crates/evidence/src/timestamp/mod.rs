//! Timestamps: that something was there at a time, on the word of an authority. [`verify`] judges a token, [`request`] asks
//! for one.
//!
//! Source: RFC 3161 (requests, responses, tokens), RFC 5816 (naming the signer's certificate by SHA-256), RFC 5652 (the signed
//! data around a token). A token stands when its signature is by a certificate for timestamps alone that led to a trusted root
//! at the time the token says. Revocation needs a network and is not looked at.

mod signature;
mod token;

use crate::keys::{CertificateError, Purpose, verify_chain_for};
use aws_lc_rs::digest;
use jiff::Timestamp;
use std::time::Duration;
use token::Token;

/// Longest response or token read, in bytes; with a chain of certificates they have some 6 kB.
pub const LONGEST_TOKEN: usize = 64 << 10;

/// The request for SHA-256 of `message` in DER, apart from the digest: version 1, the algorithm; after it the wish to get the
/// authority's certificate too. There is no nonce: any token over the same digest is as good.
const REQUEST_HEAD: [u8; 24] = [
    0x30, 0x39, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
    0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
];
const REQUEST_TAIL: [u8; 3] = [0x01, 0x01, 0xff];

/// What a token is to be over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'a> {
    /// These bytes.
    Message(&'a [u8]),
    /// The content with this SHA-256, in hexadecimal digits.
    Sha256(&'a str),
}

/// What a token says, when it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timestamped {
    /// When.
    pub time: Timestamp,
    /// How far the authority's clock may be off, if it says so.
    pub accuracy: Option<Duration>,
    /// The name of the authority, in its certificate.
    pub authority: String,
    /// The name of the root that vouches for it.
    pub root: String,
    /// The policy under which it was given, an object identifier.
    pub policy: String,
    /// The token's number with that authority, in hexadecimal digits.
    pub serial: String,
}

/// Why a token is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// Longer than any token.
    #[error("the timestamp has {0} bytes; up to {LONGEST_TOKEN} are read")]
    TooLong(usize),
    /// Not a response or token, or cut short.
    #[error("not a timestamp response or token (RFC 3161 in DER): {0}")]
    Malformed(String),
    /// The authority gave none.
    #[error("the authority gave no token: status {status}{text}; ask again, or another authority")]
    NotGranted {
        /// Its status (RFC 3161, 2.4.2).
        status: u32,
        /// What it said, after a colon.
        text: String,
    },
    /// The token is over something else.
    #[error("the token is over another content ({algorithm} {found}, not {expected})")]
    OtherContent {
        /// The digest's algorithm.
        algorithm: &'static str,
        /// What it is over.
        found: String,
        /// What it should be over.
        expected: String,
    },
    /// A digest or signature of a kind that is not believed, or not known.
    #[error(
        "the token uses {0}, which is not supported; SHA-256, SHA-384 and SHA-512 with RSA, ECDSA or Ed25519 are"
    )]
    Algorithm(String),
    /// The signature, or what it is over, does not hold.
    #[error("the token is not what the authority signed: {0}")]
    NotSigned(&'static str),
    /// The signer's certificate is not in the token, nor among those given.
    #[error(
        "the certificate of the token's signer is not in it; ask with certificates, or give it beside the root"
    )]
    NoCertificate,
    /// The authority is not believed.
    #[error("the authority is not believed: {0}")]
    Authority(#[from] CertificateError),
}

/// A request for a token over SHA-256 of `message`, to be sent to an authority as `application/timestamp-query`.
pub fn request(message: &[u8]) -> Vec<u8> {
    let digest = digest::digest(&digest::SHA256, message);
    [&REQUEST_HEAD, digest.as_ref(), &REQUEST_TAIL].concat()
}

/// Judges a response or a token in DER over `content`, with the roots that are believed (and certificates that may help to reach
/// them) in DER.
///
/// # Errors
/// Each variant of [`TimestampError`].
pub fn verify(
    bytes: &[u8],
    content: Content<'_>,
    trusted: &[Vec<u8>],
) -> Result<Timestamped, TimestampError> {
    let token = Token::parse(bytes)?.with_given(trusted);
    token.check_content(content)?;
    let signer = token.signer().ok_or(TimestampError::NoCertificate)?;
    signature::check(&token, signer)?;
    let time = Duration::from_secs(u64::try_from(token.time.as_second()).unwrap_or(0));
    let mut chain = vec![signer.der.clone()];
    chain
        .extend(token.certificates.iter().filter(|each| each.der != signer.der).map(|each| each.der.clone()));
    let (authority, root) = verify_chain_for(Purpose::TimeStamping, &chain, trusted, time)?;
    Ok(Timestamped {
        time: token.time,
        accuracy: token.accuracy,
        authority,
        root,
        policy: token.policy.to_string(),
        serial: bartizan_core::hex(&token.serial),
    })
}

/// Whether a response or token is over `content`, before anyone believes it.
///
/// # Errors
/// [`TimestampError`] when it is none, or over something else.
pub fn check_content(bytes: &[u8], content: Content<'_>) -> Result<(), TimestampError> {
    Token::parse(bytes)?.check_content(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: Content<'_> = Content::Message(b"");

    #[test]
    fn a_request_is_the_der_of_rfc_3161() {
        let request = request(b"abc");
        assert_eq!(request.len(), 59);
        assert_eq!(usize::from(request[1]), request.len() - 2);
        assert_eq!(usize::from(request[6]), request.len() - 7 - REQUEST_TAIL.len());
        assert_eq!(
            bartizan_core::hex(&request[24..56]),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn what_is_no_token_is_refused() {
        assert!(matches!(verify(b"", EMPTY, &[]), Err(TimestampError::Malformed(_))));
        assert!(matches!(
            verify(&request(b"abc"), Content::Message(b"abc"), &[]),
            Err(TimestampError::Malformed(_))
        ));
        let long = vec![0; LONGEST_TOKEN + 1];
        assert_eq!(verify(&long, EMPTY, &[]), Err(TimestampError::TooLong(LONGEST_TOKEN + 1)));
        // PKIStatusInfo with status 2, a rejection, and the text "no".
        let rejected = [0x30, 0x0b, 0x30, 0x09, 0x02, 0x01, 0x02, 0x30, 0x04, 0x0c, 0x02, b'n', b'o'];
        let error = verify(&rejected, EMPTY, &[]).unwrap_err();
        assert_eq!(error, TimestampError::NotGranted { status: 2, text: ": no".to_owned() });
    }

    #[test]
    fn the_fuzzers_seed_is_over_its_message() {
        let seed = include_bytes!("../../../../fuzz/seeds/timestamp-token/openssl");
        assert_eq!(check_content(seed, Content::Message(b"abc")), Ok(()));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_token_or_an_error(bytes: Vec<u8>) {
            let _ = verify(&bytes, EMPTY, &[]);
            let mut sequence = vec![0x30, u8::try_from(bytes.len().min(127)).unwrap_or(0)];
            sequence.extend(bytes.iter().take(127));
            let _ = verify(&sequence, EMPTY, &[]);
        }
    }
}
