//! Exceptions: [`Waiver`], a signed statement that one rule does not count for one artifact in one environment until a day.
//!
//! A waiver that is expired, too broad or nobody's does not count, and is named with the reason: what was decided once must not
//! become a hole that nobody remembers.

use crate::decide::{PLAIN, UNNAMED};
use crate::input::GateInput;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Predicate type of a waiver.
pub const WAIVER_V1: &str = "urn:bartizan:predicate:waiver:v1";
/// Longest life of a waiver, in days from when it was issued: half a year, in which a fix can be had.
pub const LONGEST_LIFE_DAYS: i64 = 184;

/// What a waiver says; the artifacts are the subjects of its statement.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaiverPredicate {
    /// Id of the one rule that does not count.
    pub rule: String,
    /// The one environment in which it does not.
    pub environment: String,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// When it was issued, RFC 3339.
    pub issued: String,
    /// From when on it does not count any more, RFC 3339.
    pub expires: String,
}

/// A waiver that counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Waiver {
    /// Digest of its envelope.
    pub id: String,
    /// The rule.
    pub rule: String,
    /// The environment.
    pub environment: String,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires: String,
    /// Digests of what it is about.
    pub subjects: Vec<String>,
    /// Trusted keys that signed it.
    pub signers: Vec<String>,
}

/// A waiver that does not count.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct RejectedWaiver {
    /// Digest of its envelope.
    pub id: String,
    /// The rule that it is for.
    pub rule: String,
    /// Who answers for it.
    pub owner: String,
    /// Why it does not count.
    pub why: String,
}

/// Judges a waiver whose signature and place in the log hold. `now` is in seconds since 1970.
///
/// # Errors
/// The waiver with the reason why it does not count. One for another environment is neither in force nor worth a word: none.
pub fn judge(
    id: &str,
    predicate: &WaiverPredicate,
    subjects: Vec<String>,
    signers: Vec<String>,
    environment: &str,
    now: i64,
) -> Result<Option<Waiver>, RejectedWaiver> {
    let rejected = |why: String| RejectedWaiver {
        id: id.to_owned(),
        rule: predicate.rule.clone(),
        owner: predicate.owner.clone(),
        why,
    };
    if let Some(why) = why_void(predicate, now) {
        return Err(rejected(why));
    }
    if predicate.environment != environment {
        return Ok(None);
    }
    if subjects.is_empty() {
        return Err(rejected("it names no artifact".to_owned()));
    }
    Ok(Some(Waiver {
        id: id.to_owned(),
        rule: predicate.rule.clone(),
        environment: predicate.environment.clone(),
        owner: predicate.owner.clone(),
        reason: predicate.reason.clone(),
        expires: predicate.expires.clone(),
        subjects,
        signers,
    }))
}

/// Why a waiver does not count, whatever it is about; none when it does. `now` is in seconds since 1970.
pub fn why_void(predicate: &WaiverPredicate, now: i64) -> Option<String> {
    let blank = |text: &str| text.trim().is_empty();
    let broad = |text: &str| blank(text) || text.contains(['*', '?', '[', ',']);
    if broad(&predicate.rule) {
        return Some(format!("it is too broad: `{}` is not one rule", predicate.rule));
    }
    if is_unnamed(&predicate.rule) {
        return Some(format!(
            "it is too broad: `{}` is whatever a policy says without naming a rule; the gate shows a name for each",
            predicate.rule
        ));
    }
    // Rule and environment are compared letter by letter: a waiver with blanks around them would be for nothing.
    for (what, text) in [("rule", &predicate.rule), ("environment", &predicate.environment)] {
        if !blank(text) && (text.trim() != text || text.contains(char::is_control)) {
            return Some(format!("it is for nothing: no {what} is called {text:?}"));
        }
    }
    if broad(&predicate.environment) {
        return Some(format!("it is too broad: `{}` is not one environment", predicate.environment));
    }
    if blank(&predicate.owner) {
        return Some("nobody answers for it: it has no owner".to_owned());
    }
    if blank(&predicate.reason) {
        return Some("it gives no reason".to_owned());
    }
    let Some(issued) = seconds(&predicate.issued) else {
        return Some("it does not say when it was issued".to_owned());
    };
    let Some(expires) = seconds(&predicate.expires) else {
        return Some("it does not say when it expires".to_owned());
    };
    if expires <= now {
        return Some(format!("it expired on {}", predicate.expires));
    }
    if issued > now.saturating_add(CLOCK_TOLERANCE_S) {
        return Some(format!("it is issued in the future, on {}", predicate.issued));
    }
    if expires.saturating_sub(issued) > LONGEST_LIFE_DAYS * 86_400 {
        return Some(format!(
            "it is too broad: it would count for more than {LONGEST_LIFE_DAYS} days; issue it for a shorter time"
        ));
    }
    None
}

/// Whether `rule` is the area of what names no rule, or one of the rules that give such entries, however it is written.
fn is_unnamed(rule: &str) -> bool {
    let rule = rule.trim().to_lowercase();
    let mut parts = rule.split('/').map(str::trim);
    parts.next() == Some(UNNAMED)
        && parts.next().is_none_or(|from| from.is_empty() || PLAIN.contains(&from))
        && parts.next().is_none()
}

/// How far the clocks of those who issue and those who decide may differ, in seconds.
pub const CLOCK_TOLERANCE_S: i64 = 300;

/// Seconds since 1970 of a time as in RFC 3339.
pub fn seconds(time: &str) -> Option<i64> {
    time.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

impl Waiver {
    /// Whether it is about what a reason is about: the file that the reason names, or the whole artifact.
    pub fn covers(&self, input: &GateInput, file: Option<&str>) -> bool {
        let about: BTreeSet<&str> = self.subjects.iter().map(String::as_str).collect();
        if about.contains(input.artifact.digest.as_str()) {
            return true;
        }
        if let Some(file) = file.and_then(|name| input.file(name)) {
            return about.contains(file.digest.as_str());
        }
        let files = &input.artifact.files;
        !files.is_empty() && files.iter().all(|file| about.contains(file.digest.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Artifact, ArtifactFile};

    /// 2026-06-01T00:00:00Z.
    const NOW: i64 = 1_780_272_000;

    fn good() -> WaiverPredicate {
        WaiverPredicate {
            rule: "model/unsafe-opcode".to_owned(),
            environment: "production".to_owned(),
            owner: "ml@example.org".to_owned(),
            reason: "replaced in July".to_owned(),
            issued: "2026-05-01T00:00:00Z".to_owned(),
            expires: "2026-07-01T00:00:00Z".to_owned(),
        }
    }

    #[test]
    fn only_one_rule_in_one_environment_for_a_time_with_owner_and_reason_counts() {
        assert_eq!(why_void(&good(), NOW), None);
        for (change, why) in [
            (WaiverPredicate { rule: "model/*".to_owned(), ..good() }, "not one rule"),
            (WaiverPredicate { rule: "policy".to_owned(), ..good() }, "too broad"),
            (WaiverPredicate { rule: "policy/missing".to_owned(), ..good() }, "too broad"),
            (WaiverPredicate { rule: "POLICY".to_owned(), ..good() }, "too broad"),
            (WaiverPredicate { rule: "policy ".to_owned(), ..good() }, "too broad"),
            (WaiverPredicate { rule: " Policy/ deny".to_owned(), ..good() }, "too broad"),
            (WaiverPredicate { rule: "model/unsafe-opcode ".to_owned(), ..good() }, "for nothing"),
            (WaiverPredicate { rule: "model/\tunsafe-opcode".to_owned(), ..good() }, "for nothing"),
            (WaiverPredicate { environment: " production".to_owned(), ..good() }, "for nothing"),
            (WaiverPredicate { environment: "*".to_owned(), ..good() }, "not one environment"),
            (WaiverPredicate { environment: String::new(), ..good() }, "not one environment"),
            (WaiverPredicate { owner: " ".to_owned(), ..good() }, "no owner"),
            (WaiverPredicate { reason: String::new(), ..good() }, "no reason"),
            (
                WaiverPredicate { expires: "2026-05-31T00:00:00Z".to_owned(), ..good() },
                "expired on 2026-05-31",
            ),
            (WaiverPredicate { expires: "2027-05-31T00:00:00Z".to_owned(), ..good() }, "184 days"),
            (WaiverPredicate { expires: "never".to_owned(), ..good() }, "when it expires"),
            (WaiverPredicate { issued: "2026-06-02T00:00:00Z".to_owned(), ..good() }, "in the future"),
        ] {
            assert!(why_void(&change, NOW).unwrap().contains(why), "{change:?}");
        }
    }

    #[test]
    fn a_waiver_for_another_environment_is_silent_and_one_about_nothing_does_not_count() {
        let about = vec!["sha256:aa".to_owned()];
        assert_eq!(judge("w", &good(), about.clone(), vec![], "staging", NOW), Ok(None));
        assert!(judge("w", &good(), about, vec![], "production", NOW).unwrap().is_some());
        assert!(judge("w", &good(), vec![], vec![], "production", NOW).is_err());
    }

    #[test]
    fn a_waiver_for_one_file_does_not_cover_the_others() {
        let file = |name: &str| ArtifactFile {
            name: name.to_owned(),
            digest: format!("sha256:{name}"),
            ..ArtifactFile::default()
        };
        let input = GateInput {
            artifact: Artifact {
                digest: "dirHash:d".to_owned(),
                files: vec![file("a"), file("b")],
                ..Artifact::default()
            },
            ..GateInput::default()
        };
        let about = |digests: &[&str]| Waiver {
            subjects: digests.iter().map(|each| (*each).to_owned()).collect(),
            ..Waiver::default()
        };
        assert!(about(&["sha256:a"]).covers(&input, Some("a")));
        assert!(
            !about(&["sha256:a"]).covers(&input, Some("b")) && !about(&["sha256:a"]).covers(&input, None)
        );
        assert!(about(&["sha256:a", "sha256:b"]).covers(&input, None));
        assert!(about(&["dirHash:d"]).covers(&input, Some("b")));
    }
}
