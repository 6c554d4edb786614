//! A baseline: the fingerprints of findings that were there before, so that a scan fails on new ones only.
//!
//! Fingerprints are of content, not of names, so a moved or renamed file stays matched and a changed one does not.
//! A baseline is written by `--write-baseline`; an earlier JSON report of a scan serves as well.

use crate::report::Report;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Fingerprints of known findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    fingerprints: BTreeSet<String>,
}

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is not JSON of the expected shape.
    #[error("neither a baseline nor a JSON report: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It is of another kind or a later version.
    #[error("its `schema` is `{found}`; expected `{BASELINE_SCHEMA}` or `{}`", crate::render::json::SCHEMA)]
    Schema {
        /// The schema it names.
        found: String,
    },
}

#[derive(Deserialize)]
struct File {
    schema: String,
    findings: Vec<Known>,
}

#[derive(Deserialize)]
struct Known {
    fingerprint: String,
}

#[derive(Serialize)]
struct Written<'a> {
    schema: &'a str,
    findings: Vec<WrittenFinding<'a>>,
}

/// Rule, subject and message are there for the reader of a diff; only the fingerprint is compared.
#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct WrittenFinding<'a> {
    rule: &'a str,
    subject: &'a str,
    message: &'a str,
    fingerprint: &'a str,
}

impl Baseline {
    /// Reads a baseline or a JSON report.
    ///
    /// # Errors
    /// [`BaselineError`] when it is neither.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let file: File = serde_json::from_str(text)?;
        if file.schema != BASELINE_SCHEMA && file.schema != crate::render::json::SCHEMA {
            return Err(BaselineError::Schema { found: crate::printable(&file.schema, 80) });
        }
        Ok(Self { fingerprints: file.findings.into_iter().map(|known| known.fingerprint).collect() })
    }

    /// Whether a finding with this fingerprint was there before.
    pub fn knows(&self, fingerprint: &str) -> bool {
        self.fingerprints.contains(fingerprint)
    }

    /// Writes every finding of `report`, also those an older baseline holds back, as a baseline.
    ///
    /// # Errors
    /// When writing fails.
    pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let known = report.suppressed.iter().filter(|held| held.by == crate::report::SuppressedBy::Baseline);
        let all = report.findings.iter().chain(known.map(|held| &held.reported));
        let mut findings: Vec<_> = all
            .map(|reported| WrittenFinding {
                rule: reported.finding.rule.id,
                subject: &reported.subject,
                message: &reported.finding.message,
                fingerprint: &reported.fingerprint,
            })
            .collect();
        findings.sort();
        serde_json::to_writer_pretty(&mut *out, &Written { schema: BASELINE_SCHEMA, findings })?;
        writeln!(out)
    }
}

/// Name and version of the baseline's JSON.
pub const BASELINE_SCHEMA: &str = "bartizan.baseline/1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::sample;

    #[test]
    fn a_written_baseline_knows_the_findings_it_was_written_from() {
        let report = sample();
        let mut text = Vec::new();
        Baseline::write(&report, &mut text).unwrap();
        let baseline = Baseline::parse(std::str::from_utf8(&text).unwrap()).unwrap();
        assert!(report.findings.iter().all(|reported| baseline.knows(&reported.fingerprint)));
        assert!(!baseline.knows("0"));
    }

    #[test]
    fn a_json_report_serves_as_a_baseline() {
        let report = sample();
        let mut text = Vec::new();
        crate::render::json::write(&report, &mut text).unwrap();
        let baseline = Baseline::parse(std::str::from_utf8(&text).unwrap()).unwrap();
        assert!(report.findings.iter().all(|reported| baseline.knows(&reported.fingerprint)));
    }

    #[test]
    fn another_schema_is_refused_by_name() {
        let error = Baseline::parse(r#"{"schema":"other/9","findings":[]}"#).unwrap_err();
        assert!(error.to_string().contains("other/9"));
    }
}
