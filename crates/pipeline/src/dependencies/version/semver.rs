//! Versions of npm and Cargo packages. Source: Semantic Versioning 2.0.0, items 9 to 11.

use std::cmp::Ordering;

/// A version, ordered as Semantic Versioning orders it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    parts: [u64; 3],
    /// Identifiers of the pre-release; empty for a release.
    pre: Vec<Identifier>,
}

/// An identifier of a pre-release: numbers stand below words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    Number(u64),
    Word(String),
}

impl Version {
    /// Reads a version; parts that are missing are zero. `None` when it is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix(['v', '=']).unwrap_or(text);
        let text = text.split('+').next().unwrap_or(text);
        let (core, pre) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
        let mut parts = [0_u64; 3];
        let mut written = core.split('.');
        for part in &mut parts {
            match written.next() {
                Some(number) => *part = number.parse().ok()?,
                None => break,
            }
        }
        if written.next().is_some() || core.is_empty() {
            return None;
        }
        let pre = pre
            .into_iter()
            .flat_map(|pre| pre.split('.'))
            .map(|part| part.parse().map_or_else(|_| Identifier::Word(part.to_owned()), Identifier::Number))
            .collect();
        Some(Self { parts, pre })
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts.cmp(&other.parts).then_with(|| match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => self.pre.cmp(&other.pre),
        })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_stand_in_the_order_of_the_specification() {
        let order = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "2.0.0",
            "2.1.0",
            "2.1.1",
            "10.0.0",
        ];
        for pair in order.windows(2) {
            assert!(Version::read(pair[0]).unwrap() < Version::read(pair[1]).unwrap(), "{pair:?}");
        }
        assert_eq!(
            Version::read("v1.2").unwrap().cmp(&Version::read("1.2.0+build").unwrap()),
            Ordering::Equal
        );
        for none in ["", "x", "1.2.3.4", "1.x"] {
            assert_eq!(Version::read(none), None, "{none}");
        }
    }
}
