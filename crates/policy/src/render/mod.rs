//! A decision as people and programs read it: [`table`], [`markdown`], [`sarif`], [`junit`]; its JSON form is [`Decision`] itself.
//!
//! Texts come from policies and statements, so from strangers: each is made harmless before it is shown.

mod junit;
mod markdown;
mod sarif;
mod table;

pub use junit::junit;
pub use markdown::markdown;
pub use sarif::sarif;
pub use table::table;

use crate::decide::{Decision, Missing, Reason, Verdict};

/// Longest text shown in one piece, in characters.
const LONGEST: usize = 2_000;

/// One line that steers no terminal.
fn line(text: &str) -> String {
    bartizan_core::printable(text, LONGEST)
}

/// A denial, a warning or missing evidence, in one shape.
struct Entry<'a> {
    denies: bool,
    rule: &'a str,
    message: &'a str,
    subject: Option<&'a str>,
    remedy: Option<&'a str>,
}

/// Everything that speaks against the artifact, what denies first.
fn entries(decision: &Decision) -> Vec<Entry<'_>> {
    let denies = decision.reasons.iter().filter(|each| each.effect == Verdict::Deny).map(reason);
    let warns = decision.reasons.iter().filter(|each| each.effect != Verdict::Deny).map(reason);
    denies.chain(decision.missing.iter().map(missing)).chain(warns).collect()
}

fn reason(each: &Reason) -> Entry<'_> {
    Entry {
        denies: each.effect == Verdict::Deny,
        rule: &each.rule,
        message: &each.message,
        subject: each.subject.as_deref(),
        remedy: each.remedy.as_deref(),
    }
}

fn missing(each: &Missing) -> Entry<'_> {
    Entry {
        denies: true,
        rule: &each.rule,
        message: &each.message,
        subject: each.subject.as_deref(),
        remedy: each.remedy.as_deref(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::{Candidate, Decided, Waived};

    /// A decision with one of everything, in words that try to break out.
    fn decision() -> Decision {
        Decision {
            schema: crate::decide::DECISION_SCHEMA,
            verdict: Verdict::Deny,
            reasons: vec![
                Reason {
                    effect: Verdict::Deny,
                    rule: "model/x".to_owned(),
                    message: "runs <b>code</b> | \u{1b}[31m]]>".to_owned(),
                    subject: Some("a`b.pkl".to_owned()),
                    remedy: Some("convert it".to_owned()),
                    evidence: vec!["sha256:1".to_owned()],
                    waivable: true,
                },
                Reason {
                    effect: Verdict::Warn,
                    rule: "model/y".to_owned(),
                    message: "look".to_owned(),
                    subject: None,
                    remedy: None,
                    evidence: Vec::new(),
                    waivable: true,
                },
            ],
            missing: vec![Missing {
                rule: "evidence/scan".to_owned(),
                kind: Some("scan".to_owned()),
                message: "no scan".to_owned(),
                subject: None,
                remedy: Some("bartizan scan m --attest".to_owned()),
                candidates: vec![Candidate { id: "sha256:2".to_owned(), why: "unlogged".to_owned() }],
                waivable: true,
            }],
            waived: vec![Waived {
                rule: "model/z".to_owned(),
                message: "old".to_owned(),
                subject: None,
                waiver: "sha256:3".to_owned(),
                owner: "me".to_owned(),
                reason: "known".to_owned(),
                expires: "2027-01-01T00:00:00Z".to_owned(),
            }],
            policy_digest: "sha256:4".to_owned(),
            policies: vec!["baseline".to_owned()],
            statements: Vec::new(),
            rejected: Vec::new(),
            rejected_waivers: Vec::new(),
            artifact: Decided { path: "m".to_owned(), digest: "sha256:5".to_owned(), files: 1, bytes: 2 },
            environment: "production".to_owned(),
            decided_on: "2026-06-01T00:00:00Z".to_owned(),
            prints: Vec::new(),
            explanation: None,
        }
    }

    fn written(write: impl Fn(&Decision, &mut Vec<u8>) -> std::io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&decision(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_table_names_verdict_reasons_remedies_and_what_waivers_took_out() {
        let text = written(|decision, out| table(decision, false, out));
        for part in ["deny", "model/x", "convert it", "evidence/scan", "unlogged", "waived", "2027-01-01"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn markdown_stays_in_its_cells() {
        let text = written(|decision, out| markdown(decision, out));
        assert!(!text.contains("<b>") && !text.contains('\u{1b}'), "{text}");
        assert!(text.contains("\\|"), "{text}");
    }

    #[test]
    fn sarif_has_a_result_for_each_reason_with_its_level_and_its_waiver() {
        let text = written(|decision, out| sarif(decision, "bartizan", "0.1.0", out));
        let log: serde_json::Value = serde_json::from_str(&text).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap();
        let levels: Vec<&str> = results.iter().map(|each| each["level"].as_str().unwrap()).collect();
        assert_eq!(levels, ["error", "error", "warning", "note"]);
        assert_eq!(results[3]["suppressions"][0]["justification"], "known (me, until 2027-01-01T00:00:00Z)");
    }

    #[test]
    fn junit_counts_what_denies_as_failures() {
        let text = written(|decision, out| junit(decision, out));
        assert!(
            text.contains("failures=\"2\"") && !text.contains('\u{1b}') && !text.contains("<b>"),
            "{text}"
        );
    }
}
