//! What an artifact is called: [`Digest`], one algorithm and its value, and [`DigestSet`], in-toto's map of several.
//!
//! Source: in-toto attestation framework v1, `spec/v1/digest_set.md`.

pub use bartizan_core::hex;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Name of the algorithm that every artifact carries.
pub const SHA256: &str = "sha256";

/// Longest digest value read, in hex digits: four times the longest algorithm in use (512 bits).
const LONGEST_VALUE: usize = 512;

/// One digest: `sha256:9f86d0…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    /// The one that every artifact carries is a constant: graphs hold it hundred thousandfold.
    algorithm: Cow<'static, str>,
    value: String,
}

/// Why a text is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// No colon between algorithm and value.
    #[error("`{0}` is no digest: write ALGORITHM:HEX, for example sha256:9f86d0…")]
    Shape(String),
    /// The value is not hexadecimal, or not as long as the algorithm's output.
    #[error("`{value}` is no {algorithm} digest: {expected} hexadecimal digits are expected")]
    Value {
        /// The algorithm named.
        algorithm: String,
        /// The value found.
        value: String,
        /// What would have been right.
        expected: String,
    },
}

impl Digest {
    /// A digest of `algorithm` with a value in hexadecimal digits of either case.
    ///
    /// # Errors
    /// [`DigestError::Value`] when the value is not hexadecimal or not as long as a known algorithm's output.
    pub fn new(algorithm: &str, value: &str) -> Result<Self, DigestError> {
        if !Self::is_one(algorithm, value) {
            let expected = hex_digits(algorithm);
            return Err(DigestError::Value {
                algorithm: algorithm.to_owned(),
                value: value.chars().take(LONGEST_VALUE).collect(),
                expected: expected
                    .map_or_else(|| format!("1 to {LONGEST_VALUE}"), |digits| digits.to_string()),
            });
        }
        let algorithm =
            if algorithm == SHA256 { Cow::Borrowed(SHA256) } else { Cow::Owned(algorithm.to_owned()) };
        Ok(Self { algorithm, value: value.to_ascii_lowercase() })
    }

    /// Whether [`Digest::new`] would take these.
    pub(crate) fn is_one(algorithm: &str, value: &str) -> bool {
        let fits = hex_digits(algorithm)
            .map_or(!value.is_empty() && value.len() <= LONGEST_VALUE, |digits| value.len() == digits);
        !algorithm.is_empty() && fits && value.bytes().all(|byte| byte.is_ascii_hexdigit())
    }

    /// The SHA-256 of `bytes`.
    pub fn sha256(bytes: &[u8]) -> Self {
        Self::of_sha256(Sha256::digest(bytes).into())
    }

    /// A SHA-256 already computed.
    pub fn of_sha256(value: [u8; 32]) -> Self {
        Self { algorithm: Cow::Borrowed(SHA256), value: hex(&value) }
    }

    /// Name of the algorithm as in-toto writes it.
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// The value in lower-case hexadecimal digits.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.algorithm, self.value)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (algorithm, value) = text.split_once(':').ok_or_else(|| DigestError::Shape(text.to_owned()))?;
        Self::new(algorithm, value)
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Digests of one artifact by algorithm, in-toto's `DigestSet`. Values are kept as they were read: some algorithms of the
/// field (`dirHash`, `gitCommit`) follow rules of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DigestSet(BTreeMap<String, String>);

impl DigestSet {
    /// The digests by algorithm.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(algorithm, value)| (algorithm.as_str(), value.as_str()))
    }

    /// The value under `algorithm`.
    pub fn get(&self, algorithm: &str) -> Option<&str> {
        self.0.get(algorithm).map(String::as_str)
    }

    /// Adds a digest; a digest of the same algorithm is replaced.
    pub fn insert(&mut self, digest: Digest) {
        self.0.insert(digest.algorithm.into_owned(), digest.value);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The SHA-256 when it is there and well-formed, else the first well-formed digest in order of algorithm.
    pub fn preferred(&self) -> Option<Digest> {
        let sha256 = self.get(SHA256).and_then(|value| Digest::new(SHA256, value).ok());
        sha256.or_else(|| self.iter().find_map(|(algorithm, value)| Digest::new(algorithm, value).ok()))
    }

    /// Whether both name the same artifact: at least one algorithm in common and no common one that differs.
    pub fn matches(&self, other: &Self) -> bool {
        let mut common =
            self.iter().filter_map(|(algorithm, value)| Some((value, other.get(algorithm)?))).peekable();
        common.peek().is_some() && common.all(|(one, two)| one.eq_ignore_ascii_case(two))
    }
}

impl From<Digest> for DigestSet {
    fn from(digest: Digest) -> Self {
        Self(BTreeMap::from([(digest.algorithm.into_owned(), digest.value)]))
    }
}

impl FromIterator<Digest> for DigestSet {
    fn from_iter<I: IntoIterator<Item = Digest>>(digests: I) -> Self {
        Self(digests.into_iter().map(|digest| (digest.algorithm.into_owned(), digest.value)).collect())
    }
}

/// The bytes that hexadecimal digits stand for; none when the text is something else.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| Some((digit(pair.first()?)? << 4) | digit(pair.last()?)?))
        .collect()
}

/// Digits in the output of an algorithm whose length is fixed.
fn hex_digits(algorithm: &str) -> Option<usize> {
    Some(match algorithm {
        "md5" => 32,
        "sha1" | "gitCommit" | "gitTree" | "gitBlob" | "gitTag" => 40,
        "sha224" | "sha512_224" | "sha3_224" => 56,
        "sha256" | "sha512_256" | "sha3_256" | "blake3" | "blake2s" => 64,
        "sha384" | "sha3_384" => 96,
        "sha512" | "sha3_512" | "blake2b" => 128,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_digest_reads_back_as_it_was_written() {
        let digest = Digest::sha256(b"");
        assert_eq!(digest.to_string(), format!("sha256:{EMPTY}"));
        assert_eq!(digest.to_string().parse(), Ok(digest));
    }

    #[test]
    fn upper_case_digits_name_the_same_artifact() {
        assert_eq!(Digest::new(SHA256, &EMPTY.to_uppercase()), Ok(Digest::sha256(b"")));
    }

    #[test]
    fn a_value_of_the_wrong_length_is_refused() {
        assert!(Digest::new(SHA256, "00").is_err());
        assert!("sha256".parse::<Digest>().is_err());
        assert!(Digest::new("unheard-of", "00ff").is_ok());
        assert!(Digest::new("unheard-of", "").is_err());
    }

    #[test]
    fn sets_match_on_a_common_algorithm_that_agrees() {
        let one = DigestSet::from(Digest::sha256(b"a"));
        let mut two = one.clone();
        two.insert(Digest::new("md5", &"0".repeat(32)).unwrap());
        assert!(one.matches(&two));
        assert!(!one.matches(&DigestSet::from(Digest::sha256(b"b"))));
        assert!(!one.matches(&DigestSet::from(Digest::new("md5", &"0".repeat(32)).unwrap())));
    }

    #[test]
    fn hexadecimal_digits_go_both_ways() {
        assert_eq!(unhex(&hex(&[0, 9, 0xab, 0xff])), Some(vec![0, 9, 0xab, 0xff]));
        assert_eq!(unhex("0"), None);
        assert_eq!(unhex("zz"), None);
    }
}
