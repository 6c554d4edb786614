//! The ignore file: findings a person has looked at and accepts, with a reason and for a limited time.
//!
//! ```toml
//! [[ignore]]
//! rule = "model/unknown-callable"   # a rule id, or a glob over ids
//! path = "models/legacy/**"         # and at least one of path, fingerprint, sha256
//! reason = "Own class, reviewed in SEC-12"
//! expires = 2027-01-31              # the last day it holds
//! ```
//! An entry past its day holds nothing back and is a finding itself. Gaps cannot be suppressed: leave the file out of
//! the scan instead.

use crate::report::Reported;
use crate::{Finding, Severity, Subject, cwe, rule};
use globset::{Glob, GlobBuilder, GlobMatcher, GlobSet};
use serde::Deserialize;
use std::ops::Range;
use std::path::{Path, PathBuf};

rule! {
    /// ## What it finds
    /// An entry of the ignore file whose expiry date has passed.
    /// ## Why it matters
    /// What it held back is reported again, and nobody has looked at it since. An exception without an end becomes a hole
    /// that no one remembers.
    /// ## Example
    /// `expires = 2024-01-31` in `.bartizan-ignore`
    /// ## How to fix
    /// Look at the findings again. Fix them and delete the entry, or give it a new reason and a new date.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/1053.html>
    pub const EXPIRED_SUPPRESSION: Rule = Rule {
        id: "core/expired-suppression",
        title: "a suppression past its expiry date",
        severity: Severity::Medium,
        remedy: "Look at what it held back again, then delete the entry or renew its reason and date.",
        taxonomies: &[cwe(1053)],
    };
}

/// The entries of one ignore file.
#[derive(Debug, Clone)]
pub struct Suppressions {
    path: PathBuf,
    /// Folder that `path` entries start from, absolute; none when it is not known.
    folder: Option<PathBuf>,
    text: String,
    entries: Vec<Suppression>,
}

#[derive(Debug, Clone)]
struct Suppression {
    rule: GlobMatcher,
    path: Option<GlobSet>,
    fingerprint: Option<String>,
    sha256: Option<String>,
    reason: String,
    expires: jiff::civil::Date,
    line: u32,
    label: String,
}

/// Why an ignore file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SuppressionError {
    /// It is not the TOML it should be.
    #[error("{path}:{line}:{column}: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u32,
        /// Column in characters, from 1.
        column: u32,
        /// What is wrong and how it should read.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    ignore: Vec<toml::Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    path: Option<String>,
    fingerprint: Option<String>,
    sha256: Option<String>,
    reason: String,
    expires: toml::value::Datetime,
}

impl Suppressions {
    /// Reads `text`, the content of the ignore file at `path`.
    ///
    /// # Errors
    /// [`SuppressionError::Malformed`] with the line, when an entry is not as it should be.
    pub fn parse(path: &Path, text: &str) -> Result<Self, SuppressionError> {
        let malformed = |at: usize, reason: String| {
            let (line, column) = line_and_column(text, at);
            SuppressionError::Malformed { path: path.to_owned(), line, column, reason }
        };
        let file: File = toml::from_str(text).map_err(|error| {
            malformed(error.span().unwrap_or(Range { start: 0, end: 0 }).start, error.message().to_owned())
        })?;
        let entries = file.ignore.into_iter().map(|spanned| {
            let at = spanned.span().start;
            let line = line_and_column(text, at).0;
            Suppression::new(spanned.into_inner(), line).map_err(|reason| malformed(at, reason))
        });
        // The folder's own name, so that it is the same folder however the file was named.
        let folder =
            path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        let folder = folder.and_then(|folder| std::fs::canonicalize(folder).ok());
        let entries = entries.collect::<Result<_, _>>()?;
        Ok(Self { path: path.to_owned(), folder, text: text.to_owned(), entries })
    }

    /// The reason why `reported` about `subject` is held back on `today`, if it is; notes in `used` which entry did it.
    pub fn reason(
        &self,
        reported: &Reported,
        subject: &Subject,
        today: jiff::civil::Date,
        used: &mut Vec<usize>,
    ) -> Option<&str> {
        let below = self.folder.as_deref().and_then(|folder| place_below(folder, &subject.uri));
        let (place, entry) = self.entries.iter().enumerate().find(|(_, entry)| {
            entry.expires >= today && entry.matches(reported, subject, below.as_deref())
        })?;
        used.push(place);
        Some(&entry.reason)
    }

    /// A finding for each entry that expired before `today`, with its line.
    pub fn expired(&self, today: jiff::civil::Date) -> Vec<Finding> {
        let expired = self.entries.iter().filter(|entry| entry.expires < today);
        expired
            .map(|entry| {
                let message = format!("the suppression of {} expired on {}", entry.label, entry.expires);
                Finding::new(&EXPIRED_SUPPRESSION, message).at_line(entry.line, 1).evidence(&entry.reason)
            })
            .collect()
    }

    /// A note for each entry still valid on `today` that is not among `used`.
    pub fn unused(&self, today: jiff::civil::Date, used: &[usize]) -> Vec<String> {
        let idle = self.entries.iter().enumerate();
        idle.filter(|(place, entry)| entry.expires >= today && !used.contains(place))
            .map(|(_, entry)| {
                let path = self.path.display();
                format!(
                    "{path}:{}: the suppression of {} matched nothing; delete it",
                    entry.line, entry.label
                )
            })
            .collect()
    }

    /// The file they came from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text of the file.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Suppression {
    fn new(entry: Entry, line: u32) -> Result<Self, String> {
        let Entry { rule, path, fingerprint, sha256, reason, expires } = entry;
        if path.is_none() && fingerprint.is_none() && sha256.is_none() {
            return Err(
                "an entry needs `path`, `fingerprint` or `sha256` beside `rule`, or it would hide every \
                        finding of that rule"
                    .to_owned(),
            );
        }
        if reason.trim().is_empty() {
            return Err("`reason` is empty; say who accepted the finding and why".to_owned());
        }
        let date = expires.date.ok_or("`expires` is not a date; write it as 2027-01-31")?;
        let expires = jiff::civil::Date::new(
            i16::try_from(date.year).unwrap_or(i16::MAX),
            date.month.cast_signed(),
            date.day.cast_signed(),
        )
        .map_err(|error| format!("`expires` is not a date: {error}"))?;
        let label = match (&path, &fingerprint, &sha256) {
            (Some(path), _, _) => format!("`{rule}` in `{path}`"),
            (None, Some(print), _) => format!("`{rule}` with fingerprint `{print}`"),
            (None, None, digest) => format!("`{rule}` in sha256 `{}`", digest.as_deref().unwrap_or_default()),
        };
        let path =
            path.map(|path| crate::walk::patterns(&[path])).transpose().map_err(|error| error.to_string())?;
        Ok(Self {
            rule: rule_glob(&rule).map_err(|error| error.to_string())?.compile_matcher(),
            path,
            fingerprint: fingerprint.map(|text| text.to_ascii_lowercase()),
            sha256: sha256.map(|text| text.to_ascii_lowercase()),
            reason,
            expires,
            line,
            label,
        })
    }

    fn matches(&self, reported: &Reported, subject: &Subject, below: Option<&Path>) -> bool {
        let path_fits = |patterns: &GlobSet| {
            patterns.is_match(&subject.uri) || below.is_some_and(|inner| patterns.is_match(inner))
        };
        self.rule.is_match(reported.finding.rule.id)
            && self.path.as_ref().is_none_or(path_fits)
            && self.fingerprint.as_ref().is_none_or(|print| *print == reported.fingerprint)
            && self.sha256.as_ref().is_none_or(|wanted| Some(wanted) == subject.digest.sha256.as_ref())
    }
}

/// Where the file shown as `uri` lies below `folder`, which is absolute; none when it lies elsewhere or is no file.
fn place_below(folder: &Path, uri: &str) -> Option<PathBuf> {
    let path = Path::new(uri);
    // The parent only: the file itself may be a link, and its own name is what the entry speaks of.
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let parent = std::fs::canonicalize(parent).ok()?;
    parent.strip_prefix(folder).ok().map(|inner| inner.join(path.file_name().unwrap_or_default()))
}

/// A glob over rule ids, in which `*` does not cross the `/` after the area.
///
/// # Errors
/// When `pattern` is malformed.
pub(crate) fn rule_glob(pattern: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(pattern).literal_separator(true).build()
}

/// Line and column of the byte at `offset`, both from 1, the column in characters.
pub fn line_and_column(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = before.split('\n').count();
    let column = before.get(start..).unwrap_or_default().chars().count() + 1;
    (line as u32, column as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;
    use crate::report::tests::{TRAILING, reported, subject};
    use jiff::civil::date;

    fn parse(text: &str) -> Result<Suppressions, SuppressionError> {
        Suppressions::parse(Path::new(".bartizan-ignore"), text)
    }

    const ENTRY: &str =
        "[[ignore]]\nrule = \"test/*\"\npath = \"models/**\"\nreason = \"seen\"\nexpires = 2027-01-31\n";

    fn holds(text: &str, uri: &str) -> bool {
        let finding = reported(uri, Finding::new(&TRAILING, "m"));
        let mut used = Vec::new();
        let subject = subject(uri, Status::Findings);
        parse(text).unwrap().reason(&finding, &subject, date(2027, 1, 31), &mut used).is_some()
    }

    #[test]
    fn an_entry_holds_back_what_rule_and_path_match() {
        assert!(holds(ENTRY, "models/a/b.bin"));
        assert!(!holds(ENTRY, "other/b.bin"));
        assert!(!holds(&ENTRY.replace("test/*", "model/*"), "models/a/b.bin"));
    }

    #[test]
    fn an_entry_by_digest_follows_the_content() {
        let text = ENTRY.replace("path = \"models/**\"", &format!("sha256 = \"{}\"", "ab".repeat(32)));
        assert!(holds(&text, "anywhere.bin"));
        assert!(!holds(&text.replace("abab", "cdcd"), "anywhere.bin"));
    }

    #[test]
    fn an_entry_past_its_day_holds_nothing_and_is_a_finding() {
        let entries = parse(ENTRY).unwrap();
        assert!(entries.expired(date(2027, 1, 31)).is_empty());
        let expired = entries.expired(date(2027, 2, 1));
        assert_eq!(expired[0].rule.id, "core/expired-suppression");
        assert_eq!(expired[0].location.line, Some(1));
        assert!(!holds(&ENTRY.replace("2027-01-31", "2027-01-30"), "models/a/b.bin"));
    }

    #[test]
    fn an_entry_that_matched_nothing_is_noted() {
        let entries = parse(ENTRY).unwrap();
        assert_eq!(entries.unused(date(2027, 1, 1), &[]).len(), 1);
        assert!(entries.unused(date(2027, 1, 1), &[0]).is_empty());
    }

    #[test]
    fn an_entry_without_reason_date_or_target_is_refused_with_its_line() {
        for (cut, told) in [
            ("reason = \"seen\"\n", "reason"),
            ("expires = 2027-01-31\n", "expires"),
            ("path = \"models/**\"\n", "needs `path`"),
        ] {
            let error = parse(&ENTRY.replace(cut, "")).unwrap_err().to_string();
            assert!(error.contains(told) && error.starts_with(".bartizan-ignore:1:"), "{error}");
        }
        assert!(parse(&ENTRY.replace("seen", " ")).is_err());
    }
}
