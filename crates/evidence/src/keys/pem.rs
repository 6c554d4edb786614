//! PEM blocks in a text file: labels and the bytes between them.
//!
//! Source: RFC 7468, read laxly as its section 3 allows (text around the blocks, any line length, any blanks), because keys come
//! from many tools. A block that does not end, or ends as something else, is an error: half a key is no key.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// Longest PEM text read, in bytes. A chain of ten certificates with ML-DSA signatures has about 60 KiB.
pub const LONGEST_PEM: usize = 1 << 20;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One block.
#[derive(Clone, PartialEq, Eq)]
pub struct PemBlock {
    /// What it says it is: `PUBLIC KEY`, `CERTIFICATE`, …
    pub label: String,
    /// Its bytes. They may be a private key, so they are wiped when dropped.
    pub der: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for PemBlock {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "PemBlock({}, {} bytes)", self.label, self.der.len())
    }
}

/// Why a text is no PEM.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// Longer than [`LONGEST_PEM`].
    #[error("the file has {0} bytes; PEM files up to {LONGEST_PEM} bytes are read")]
    TooLong(usize),
    /// A block begins and does not end, or ends as another.
    #[error("line {line}: the block `{label}` does not end; the file may be cut short")]
    Unterminated {
        /// What the block says it is.
        label: String,
        /// Line on which it begins, from 1.
        line: usize,
    },
    /// The bytes are not base64.
    #[error("line {line}: the block `{label}` is not base64; copy the file again, as text")]
    Base64 {
        /// What the block says it is.
        label: String,
        /// Line on which it begins, from 1.
        line: usize,
    },
    /// The old encryption of OpenSSL, whose key derivation is one round of MD5.
    #[error(
        "line {line}: the block `{label}` is encrypted in OpenSSL's old way; convert it with `openssl pkcs8 -topk8 -in KEY -out NEW`"
    )]
    OldEncryption {
        /// What the block says it is.
        label: String,
        /// Line on which it begins, from 1.
        line: usize,
    },
}

/// The blocks of a text, in order; none when there is no block.
///
/// # Errors
/// Each variant of [`PemError`].
pub fn pem_blocks(text: &str) -> Result<Vec<PemBlock>, PemError> {
    if text.len() > LONGEST_PEM {
        return Err(PemError::TooLong(text.len()));
    }
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim).zip(1..);
    while let Some((begin, line)) = lines.next() {
        let Some(label) = begin.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(DASHES)) else {
            continue;
        };
        let place = || (label.to_owned(), line);
        let mut body = Zeroizing::new(String::new());
        let mut header = false;
        loop {
            let Some((next, _)) = lines.next() else {
                let (label, line) = place();
                return Err(PemError::Unterminated { label, line });
            };
            if let Some(end) = next.strip_prefix(END).and_then(|rest| rest.strip_suffix(DASHES)) {
                if end != label {
                    let (label, line) = place();
                    return Err(PemError::Unterminated { label, line });
                }
                break;
            }
            // RFC 1421 headers: `Proc-Type: 4,ENCRYPTED`. Colons never occur in base64.
            header |= next.starts_with("Proc-Type:") && next.ends_with("ENCRYPTED");
            body.extend(next.chars().filter(|character| !character.is_whitespace()));
        }
        let (label, line) = place();
        if header {
            return Err(PemError::OldEncryption { label, line });
        }
        let Ok(der) = LENIENT.decode(body.as_bytes()).map(Zeroizing::new) else {
            return Err(PemError::Base64 { label, line });
        };
        blocks.push(PemBlock { label, der });
    }
    Ok(blocks)
}

/// One block as text: lines of 64 characters, line feeds.
pub fn pem_text(label: &str, der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(der));
    // Room for all of it at once: growing would leave copies behind that are not wiped.
    let mut text = Zeroizing::new(String::with_capacity(body.len() + body.len() / 64 + 2 * label.len() + 64));
    text.push_str(BEGIN);
    text.push_str(label);
    text.push_str(DASHES);
    for (index, character) in body.chars().enumerate() {
        if index % 64 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push('\n');
    text.push_str(END);
    text.push_str(label);
    text.push_str(DASHES);
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_between_other_text() {
        let text = "Bag Attributes\n-----BEGIN A B-----\r\nAQI\n D\n-----END A B-----\nmore\n-----BEGIN C-----\n-----END C-----";
        let blocks = pem_blocks(text).unwrap();
        let found: Vec<(&str, &[u8])> =
            blocks.iter().map(|block| (block.label.as_str(), block.der.as_slice())).collect();
        assert_eq!(found, [("A B", &[1, 2, 3][..]), ("C", &[][..])]);
    }

    #[test]
    fn half_a_block_or_a_mixed_one_is_an_error() {
        let cut = PemError::Unterminated { label: "A".to_owned(), line: 1 };
        assert_eq!(pem_blocks("-----BEGIN A-----\nAQID\n"), Err(cut.clone()));
        assert_eq!(pem_blocks("-----BEGIN A-----\nAQID\n-----END B-----\n"), Err(cut));
        assert_eq!(
            pem_blocks("\n-----BEGIN A-----\nA*ID\n-----END A-----\n"),
            Err(PemError::Base64 { label: "A".to_owned(), line: 2 })
        );
    }

    #[test]
    fn the_old_encryption_is_named() {
        let text = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAQID\n-----END EC PRIVATE KEY-----\n";
        assert!(matches!(pem_blocks(text), Err(PemError::OldEncryption { line: 1, .. })));
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_reads_back(der: Vec<u8>) {
            let text = pem_text("X", &der);
            let blocks = pem_blocks(&text).unwrap();
            proptest::prop_assert_eq!(blocks.len(), 1);
            proptest::prop_assert_eq!(blocks[0].der.as_slice(), der.as_slice());
        }

        #[test]
        fn any_text_is_blocks_or_an_error(text: String, inner: String) {
            let _ = pem_blocks(&text);
            let _ = pem_blocks(&format!("-----BEGIN {text}-----\n{inner}\n-----END {text}-----"));
        }
    }
}
