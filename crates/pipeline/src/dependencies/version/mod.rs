//! Versions as each ecosystem orders them.

mod pep440;
mod semver;

use super::Ecosystem;
use std::cmp::Ordering;

/// How `a` stands to `b`; `None` when either is no version of the ecosystem.
///
/// Python after PEP 440; JavaScript and Rust after Semantic Versioning 2.0.0, with missing parts as zero.
pub fn compare(ecosystem: Ecosystem, a: &str, b: &str) -> Option<Ordering> {
    match ecosystem {
        Ecosystem::PyPi => Some(pep440::Version::read(a)?.cmp(&pep440::Version::read(b)?)),
        Ecosystem::Npm | Ecosystem::Crates => Some(semver::Version::read(a)?.cmp(&semver::Version::read(b)?)),
    }
}
