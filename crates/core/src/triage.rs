//! From what a sweep gave to a [`Report`]: which findings are asked for, which are held back, and in what order.

use crate::baseline::Baseline;
use crate::report::{Report, Reported, Summary, Suppressed, SuppressedBy, Tool};
use crate::suppress::{EXPIRED_SUPPRESSION, Suppressions, rule_glob};
use crate::sweep::Examined;
use crate::{Confidence, Digest, Kind, Rule, Severity, Status, Subject, fingerprint, hex};
use globset::GlobMatcher;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// What to keep of a sweep.
#[derive(Debug, Clone)]
pub struct Triage {
    /// Mildest severity reported.
    pub min_severity: Severity,
    /// Weakest confidence reported.
    pub min_confidence: Confidence,
    /// Rules reported.
    pub rules: RuleSelection,
    /// Findings a person accepted.
    pub suppressions: Option<Suppressions>,
    /// Findings that were there before.
    pub baseline: Option<Baseline>,
}

impl Default for Triage {
    fn default() -> Self {
        Self {
            min_severity: Severity::Info,
            min_confidence: Confidence::Low,
            rules: RuleSelection::default(),
            suppressions: None,
            baseline: None,
        }
    }
}

/// When a scan took place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Times {
    /// Its begin.
    pub started: jiff::Timestamp,
    /// Its end.
    pub finished: jiff::Timestamp,
    /// The seconds between, by a monotonic clock.
    pub seconds: f64,
}

impl Triage {
    /// The report of `examined`. What is held back or not asked for is counted in the detail of its subject.
    pub fn report(&self, tool: Tool, times: Times, examined: Vec<Examined>) -> Report {
        let today = jiff::tz::Offset::UTC.to_datetime(times.started).date();
        let (mut subjects, mut findings, mut suppressed, mut gaps, mut notes) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut used = Vec::new();
        for Examined { mut subject, findings: found, gaps: unread, names: _ } in examined {
            let (mut held, mut unasked) = (0u64, 0u64);
            for reported in found {
                if !self.asks_for(&reported) {
                    unasked += 1;
                } else if let Some((by, reason)) = self.holds_back(&reported, &subject, today, &mut used) {
                    held += 1;
                    suppressed.push(Suppressed { reported, by, reason });
                } else {
                    findings.push(reported);
                }
            }
            for (count, what) in [(held, "held back by suppression or baseline"), (unasked, "not asked for")]
            {
                if count > 0 {
                    let detail = subject.detail.get_or_insert_default();
                    let separator = if detail.is_empty() { "" } else { "; " };
                    // Writing to a String cannot fail.
                    let _ = write!(detail, "{separator}{count} {}{what}", plural(count));
                }
            }
            subjects.push(subject);
            gaps.extend(unread);
        }
        if let Some(suppressions) = &self.suppressions {
            notes.extend(suppressions.unused(today, &used));
            if self.rules.includes(EXPIRED_SUPPRESSION.id)
                && EXPIRED_SUPPRESSION.severity >= self.min_severity
            {
                expired(suppressions, today, &mut subjects, &mut findings);
            }
        }
        subjects.sort_by(|a, b| a.uri.cmp(&b.uri));
        findings.sort_by(Reported::worst_first);
        suppressed.sort_by(|a, b| a.reported.worst_first(&b.reported));
        gaps.sort();
        let summary = Summary::new(&subjects, &findings, times.seconds);
        Report {
            tool,
            started: times.started,
            finished: times.finished,
            subjects,
            findings,
            suppressed,
            gaps,
            notes,
            compared_with_baseline: self.baseline.is_some(),
            advisories: None,
            summary,
        }
    }

    fn asks_for(&self, reported: &Reported) -> bool {
        let finding = &reported.finding;
        finding.severity >= self.min_severity
            && finding.confidence >= self.min_confidence
            && self.rules.includes(finding.rule.id)
    }

    fn holds_back(
        &self,
        reported: &Reported,
        subject: &Subject,
        today: jiff::civil::Date,
        used: &mut Vec<usize>,
    ) -> Option<(SuppressedBy, String)> {
        let reason = self.suppressions.as_ref().and_then(|all| all.reason(reported, subject, today, used));
        if let Some(reason) = reason {
            return Some((SuppressedBy::IgnoreFile, reason.to_owned()));
        }
        let known = self.baseline.as_ref().is_some_and(|baseline| baseline.knows(&reported.fingerprint));
        known.then(|| (SuppressedBy::Baseline, "in the baseline".to_owned()))
    }
}

/// Reports the expired entries of `suppressions` as findings about the ignore file.
fn expired(
    suppressions: &Suppressions,
    today: jiff::civil::Date,
    subjects: &mut Vec<Subject>,
    findings: &mut Vec<Reported>,
) {
    let expired = suppressions.expired(today);
    if expired.is_empty() {
        return;
    }
    let uri = crate::walk::shown(suppressions.path());
    let sha256 = hex(&Sha256::digest(suppressions.text()));
    findings.extend(expired.into_iter().map(|finding| Reported {
        subject: uri.clone(),
        fingerprint: fingerprint(&finding, &sha256),
        snippet: crate::report::Snippet::capture(suppressions.text().as_bytes(), &finding.location),
        finding,
    }));
    if let Some(known) = subjects.iter_mut().find(|subject| subject.uri == uri) {
        if known.status != Status::Incomplete {
            known.status = Status::Findings;
        }
        return;
    }
    subjects.push(Subject {
        uri,
        kind: Kind::Config,
        format: "bartizan-ignore".to_owned(),
        size: suppressions.text().len() as u64,
        digest: Digest { sha256: Some(sha256) },
        status: Status::Findings,
        detail: None,
    });
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "finding " } else { "findings " }
}

/// Which rules are asked for: all, unless patterns say otherwise.
#[derive(Debug, Clone, Default)]
pub struct RuleSelection {
    included: Vec<GlobMatcher>,
    refused: Vec<GlobMatcher>,
}

/// Why rules cannot be selected.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    /// A pattern is no glob.
    #[error("`{pattern}` is neither a rule id nor a glob over ids: {error}")]
    Malformed {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        #[source]
        error: globset::Error,
    },
    /// A pattern matches no rule.
    #[error("no rule matches `{pattern}`")]
    NoSuchRule {
        /// The pattern.
        pattern: String,
    },
}

impl RuleSelection {
    /// A selection from ids and globs; a leading `!` leaves out. Only leaving out means all but these.
    ///
    /// # Errors
    /// [`SelectionError`] when a pattern is malformed or matches none of `known`.
    pub fn new(patterns: &[String], known: &[&Rule]) -> Result<Self, SelectionError> {
        let mut selection = Self::default();
        for spelled in patterns {
            let bare = spelled.strip_prefix('!').unwrap_or(spelled);
            let glob = rule_glob(bare)
                .map_err(|error| SelectionError::Malformed { pattern: bare.to_owned(), error })?
                .compile_matcher();
            if !known.iter().any(|rule| glob.is_match(rule.id)) {
                return Err(SelectionError::NoSuchRule { pattern: bare.to_owned() });
            }
            if bare.len() < spelled.len() {
                selection.refused.push(glob);
            } else {
                selection.included.push(glob);
            }
        }
        Ok(selection)
    }

    /// Whether the rule `id` is asked for.
    pub fn includes(&self, id: &str) -> bool {
        (self.included.is_empty() || self.included.iter().any(|glob| glob.is_match(id)))
            && !self.refused.iter().any(|glob| glob.is_match(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Finding;
    use crate::report::tests::{CALLS, TRAILING, reported, subject};
    use std::path::Path;

    fn selection(patterns: &[&str]) -> Result<RuleSelection, SelectionError> {
        let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
        RuleSelection::new(&patterns, &[&CALLS, &TRAILING])
    }

    fn report(triage: &Triage) -> Report {
        let second = |second| jiff::Timestamp::from_second(second).unwrap();
        // 2023-11-14.
        let times = Times { started: second(1_700_000_000), finished: second(1_700_000_002), seconds: 2.0 };
        let findings = vec![
            reported("a", Finding::new(&TRAILING, "t").confidence(Confidence::Low)),
            reported("a", Finding::new(&CALLS, "c")),
        ];
        let examined = Examined {
            subject: subject("a", Status::Findings),
            findings,
            gaps: Vec::new(),
            names: Vec::new(),
        };
        triage.report(Tool { name: "t", version: "1" }, times, vec![examined])
    }

    #[test]
    fn selections_include_and_refuse_by_glob() {
        let chosen = selection(&["test/*", "!test/trailing-bytes"]).unwrap();
        assert!(chosen.includes("test/calls-on-load") && !chosen.includes("test/trailing-bytes"));
        assert!(!chosen.includes("other/x"));
        assert!(selection(&["!test/trailing-bytes"]).unwrap().includes("other/x"));
    }

    #[test]
    fn a_pattern_that_matches_no_rule_is_an_error() {
        assert!(matches!(selection(&["test/nothing"]), Err(SelectionError::NoSuchRule { .. })));
    }

    #[test]
    fn what_is_not_asked_for_does_not_make_a_subject_clean() {
        let all = report(&Triage { rules: selection(&["!test/*"]).unwrap(), ..Triage::default() });
        assert!(all.findings.is_empty());
        assert_eq!(all.subjects[0].status, Status::Findings);
        assert_eq!(all.subjects[0].detail.as_deref(), Some("2 findings not asked for"));
        let sure = report(&Triage { min_confidence: Confidence::Medium, ..Triage::default() });
        assert_eq!(sure.findings.len(), 1);
    }

    #[test]
    fn a_baseline_holds_back_what_it_knows_and_a_subject_without_more_is_not_called_clean() {
        let first = report(&Triage::default());
        let mut text = Vec::new();
        Baseline::write(&first, &mut text).unwrap();
        let baseline = Baseline::parse(std::str::from_utf8(&text).unwrap()).unwrap();
        let second = report(&Triage { baseline: Some(baseline), ..Triage::default() });
        assert_eq!((second.findings.len(), second.suppressed.len()), (0, 2));
        assert_eq!(second.subjects[0].status, Status::Findings);
        assert_eq!(
            second.subjects[0].detail.as_deref(),
            Some("2 findings held back by suppression or baseline")
        );
    }

    #[test]
    fn an_expired_suppression_becomes_a_finding_about_the_ignore_file() {
        let text = "[[ignore]]\nrule=\"test/*\"\npath=\"a\"\nreason=\"r\"\nexpires=2023-11-13\n";
        let suppressions = Suppressions::parse(Path::new("ignore"), text).unwrap();
        let report = report(&Triage { suppressions: Some(suppressions), ..Triage::default() });
        assert_eq!(report.findings.len(), 3);
        assert!(report.findings.iter().any(|f| f.subject == "ignore" && f.snippet.is_some()));
        assert_eq!(report.subjects[1].status, Status::Findings);
    }
}
