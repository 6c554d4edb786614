//! Which vulnerabilities a scanner found. Source: in-toto attestation framework, `predicates/vuln.md` (v0.1, where a finding is
//! wrapped in an object `vulnerability`) and `predicates/vulns_02.md` (v0.2, where it is not).

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Predicate type of the first version.
pub const VULNS_V0_1: &str = "https://in-toto.io/attestation/vulns/v0.1";
/// Predicate type of the second.
pub const VULNS_V0_2: &str = "https://in-toto.io/attestation/vulns/v0.2";

/// One scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Vulnerabilities {
    /// Who scanned, and what was found.
    pub scanner: Scanner,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<ScanMetadata>,
}

/// A scanner and its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scanner {
    /// Which scanner.
    pub uri: String,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub db: Option<Database>,
    /// What it found; empty when nothing.
    #[serde(default)]
    pub result: Vec<Vulnerability>,
}

/// What a scanner knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Database {
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// When it was last brought up to date, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_update: Option<String>,
}

/// One vulnerability.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Vulnerability {
    /// Its identifier.
    pub id: String,
    /// How bad it is, by one or more methods.
    pub severity: Vec<Severity>,
    /// What else the scanner says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<Value>,
}

/// How bad a vulnerability is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Severity {
    /// By which method: `nvd`, `cvss_score`, …
    pub method: String,
    /// The score, as text.
    pub score: String,
}

/// When a scan ran, RFC 3339.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScanMetadata {
    /// Begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan_started_on: Option<String>,
    /// End.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan_finished_on: Option<String>,
}

/// A vulnerability as either version writes it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Wire {
    Wrapped { vulnerability: Plain },
    Plain(Plain),
}

#[derive(Deserialize)]
struct Plain {
    id: String,
    #[serde(default)]
    severity: OneOrMany,
    #[serde(default)]
    annotations: Vec<Value>,
}

/// The first version's text says an object, its examples a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Severity>),
    One(Severity),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl<'de> Deserialize<'de> for Vulnerability {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (Wire::Wrapped { vulnerability: plain } | Wire::Plain(plain)) = Wire::deserialize(deserializer)?;
        let severity = match plain.severity {
            OneOrMany::Many(many) => many,
            OneOrMany::One(one) => vec![one],
        };
        Ok(Self { id: plain.id, severity, annotations: plain.annotations })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_versions_give_the_same_vulnerability() {
        let plain = json!({"id": "CVE-1", "severity": [{"method": "nvd", "score": "9.8"}]});
        let one = json!({"id": "CVE-1", "severity": {"method": "nvd", "score": "9.8"}});
        let wrapped = json!({"vulnerability": plain});
        let read = |value: Value| serde_json::from_value::<Vulnerability>(value).unwrap();
        assert_eq!(read(plain.clone()), read(wrapped));
        assert_eq!(read(plain), read(one));
    }
}
