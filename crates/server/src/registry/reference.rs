//! The name of an artifact in a registry: [`OciReference`].

use std::fmt;
use std::str::FromStr;

/// How such a name begins.
pub const SCHEME: &str = "oci://";
/// Longest name of a repository, in bytes (OCI distribution specification, "Pulling manifests").
const LONGEST_NAME: usize = 255;
/// Longest tag, in bytes.
const LONGEST_TAG: usize = 128;

/// Which of a repository's artifacts is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// The one with a digest, `sha256:…`.
    Digest(String),
    /// The one that a tag stands for at the moment.
    Tag(String),
    /// None in particular.
    Repository,
}

/// `oci://HOST[:PORT]/NAME[:TAG][@sha256:…]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OciReference {
    /// Host and port as they were written.
    pub host: String,
    /// Name of the repository.
    pub name: String,
    /// Which artifact.
    pub named: Named,
}

/// A text that is no such name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no artifact in a registry: {problem}; expected oci://HOST/NAME@sha256:…")]
pub struct ReferenceError {
    text: String,
    problem: &'static str,
}

impl OciReference {
    /// Whether the host is this machine: such registries are asked without TLS.
    pub fn is_local(&self) -> bool {
        let host = self.host.rsplit_once(':').map_or(self.host.as_str(), |(host, _)| host);
        host == "[::1]" || crate::web::is_this_machine(host)
    }

    /// The same repository's artifact with a digest.
    #[must_use]
    pub fn with_digest(&self, digest: &str) -> Self {
        Self { named: Named::Digest(digest.to_owned()), ..self.clone() }
    }
}

impl fmt::Display for OciReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{SCHEME}{}/{}", self.host, self.name)?;
        match &self.named {
            Named::Digest(digest) => write!(formatter, "@{digest}"),
            Named::Tag(tag) => write!(formatter, ":{tag}"),
            Named::Repository => Ok(()),
        }
    }
}

impl FromStr for OciReference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let failed = |problem| ReferenceError { text: bartizan_core::printable(text, 300), problem };
        let rest = text.strip_prefix(SCHEME).ok_or_else(|| failed("it does not begin with oci://"))?;
        let (host, rest) = rest.split_once('/').ok_or_else(|| failed("it names no repository"))?;
        let is_host =
            |each: u8| each.is_ascii_alphanumeric() || matches!(each, b'.' | b'-' | b':' | b'[' | b']');
        if host.is_empty() || !host.bytes().all(is_host) {
            return Err(failed("the host is none, or holds a user name or a password"));
        }
        let (rest, digest) = match rest.split_once('@') {
            None => (rest, None),
            Some((rest, digest)) => {
                let whole = super::super::admission::digest_in(&format!("@{digest}"));
                (
                    rest,
                    Some(
                        whole
                            .ok_or_else(|| failed("the digest is not sha256: and 64 digits in lower case"))?,
                    ),
                )
            }
        };
        let (name, tag) = match rest.rsplit_once(':') {
            None => (rest, None),
            Some((name, tag)) => (name, Some(tag)),
        };
        let is_part = |part: &str| {
            let edge = |each: Option<u8>| {
                each.is_some_and(|each| each.is_ascii_lowercase() || each.is_ascii_digit())
            };
            edge(part.bytes().next())
                && edge(part.bytes().last())
                && part.bytes().all(|each| {
                    each.is_ascii_lowercase() || each.is_ascii_digit() || matches!(each, b'.' | b'_' | b'-')
                })
        };
        if name.len() > LONGEST_NAME || !name.split('/').all(is_part) {
            return Err(failed("the repository's name is none"));
        }
        let is_tag = |tag: &&str| {
            (1..=LONGEST_TAG).contains(&tag.len())
                && tag.bytes().all(|each| each.is_ascii_alphanumeric() || matches!(each, b'.' | b'_' | b'-'))
                && !tag.starts_with(['.', '-'])
        };
        if tag.is_some_and(|tag| !is_tag(&tag)) {
            return Err(failed("the tag is none"));
        }
        // Where both stand, the digest decides.
        let named = match (digest, tag) {
            (Some(digest), _) => Named::Digest(digest),
            (None, Some(tag)) => Named::Tag(tag.to_owned()),
            (None, None) => Named::Repository,
        };
        Ok(Self { host: host.to_owned(), name: name.to_owned(), named })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_tags_and_repositories_are_told_apart() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let read = |text: &str| text.parse::<OciReference>();
        let one = read(&format!("oci://r.example:5000/team/model:1@{digest}")).unwrap();
        assert_eq!(
            (one.host.as_str(), one.name.as_str(), one.named.clone()),
            ("r.example:5000", "team/model", Named::Digest(digest.clone()))
        );
        assert_eq!(one.to_string(), format!("oci://r.example:5000/team/model@{digest}"));
        assert_eq!(read("oci://h/m:v1").unwrap().named, Named::Tag("v1".to_owned()));
        assert_eq!(read("oci://h/m").unwrap().named, Named::Repository);
        assert!(
            read("oci://127.0.0.1:5000/m").unwrap().is_local()
                && read("oci://localhost/m").unwrap().is_local()
        );
        assert!(!one.is_local());
    }

    #[test]
    fn what_is_almost_a_reference_is_refused() {
        for text in [
            "r/m",
            "oci://h",
            "oci:///m",
            "oci://user:secret@h/m",
            "oci://h/",
            "oci://h/M",
            "oci://h/../m",
            "oci://h/a//b",
            "oci://h/m:",
            "oci://h/m@sha256:00",
            "oci://h/m?x",
            "oci://h/m:a b",
        ] {
            assert!(text.parse::<OciReference>().is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_reference_or_an_error(text: String, rest in "[a-z:/@.0-9]{0,40}") {
            let _ = text.parse::<OciReference>();
            if let Ok(read) = format!("{SCHEME}{rest}").parse::<OciReference>() {
                proptest::prop_assert_eq!(read.to_string().parse::<OciReference>(), Ok(read));
            }
        }
    }
}
