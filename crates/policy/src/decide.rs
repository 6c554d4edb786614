//! From what a policy says to a verdict: [`decide`].
//!
//! The verdict is deny when a reason denies, when evidence is missing, or when the policy has a rule `allow` that is not true; a waiver
//! that is in force takes one reason out, and leaves a warning. Else it is warn when anything warns, else allow.

use crate::PolicyError;
use crate::evaluate::{Outcome, evaluate_input};
use crate::guard::Bounds;
use crate::input::{Artifact, GateInput, Rejected};
use crate::source::Policy;
use crate::waiver::{RejectedWaiver, Waiver};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

/// Name and version of a decision's JSON form.
pub const DECISION_SCHEMA: &str = "bartizan.gate/1";
/// Area of the rules of entries that name none.
pub(crate) const UNNAMED: &str = "policy";
/// Rules of a policy whose entries are named by their words where they name no rule.
pub(crate) const PLAIN: [&str; 4] = ["deny", "warn", "violation", "missing"];
/// Rule for an `allow` that is not true.
const NOT_ALLOWED: &str = "policy/allow";
/// Bytes of the digest of its words that name an entry: nobody finds others of the same by chance.
const SHORT_DIGEST: usize = 8;
/// Longest text taken from a policy into a reason, in characters.
const LONGEST_TEXT: usize = 4_000;

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing speaks against it.
    Allow,
    /// It may go, and somebody should look.
    Warn,
    /// It may not go.
    Deny,
}

impl Verdict {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

/// Something that speaks against an artifact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Reason {
    /// `deny` or `warn`.
    pub effect: Verdict,
    /// Id of the rule; the name of a waiver's target.
    pub rule: String,
    /// What is wrong.
    pub message: String,
    /// The file it is about; none for the whole artifact.
    pub subject: Option<String>,
    /// What to do.
    pub remedy: Option<String>,
    /// Statements it rests on.
    pub evidence: Vec<String>,
    /// Whether a waiver may take it out.
    pub waivable: bool,
}

impl Reason {
    /// Gives its evidence to a reason that says the same; whether it did. What several scans found is one reason.
    fn joins(&mut self, other: &mut Self) -> bool {
        let Self { effect, rule, message, subject, remedy, evidence: _, waivable } = &*self;
        let same = (effect, rule, message) == (&other.effect, &other.rule, &other.message)
            && (subject, remedy, waivable) == (&other.subject, &other.remedy, &other.waivable);
        if same {
            other.evidence.append(&mut self.evidence);
            other.evidence.sort();
            other.evidence.dedup();
        }
        same
    }
}

/// Evidence that is not there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Missing {
    /// Id of the rule that asks for it.
    pub rule: String,
    /// What kind of statement would do, if the policy says.
    pub kind: Option<String>,
    /// What is missing.
    pub message: String,
    /// The file it is about; none for the whole artifact.
    pub subject: Option<String>,
    /// How to get it.
    pub remedy: Option<String>,
    /// Statements that would do if they stood, and why they do not.
    pub candidates: Vec<Candidate>,
    /// Whether a waiver may take it out.
    pub waivable: bool,
}

/// A statement that would do and does not stand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Candidate {
    /// Digest of its envelope.
    pub id: String,
    /// Why it does not stand.
    pub why: String,
}

/// A reason that a waiver took out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Waived {
    /// Id of the rule.
    pub rule: String,
    /// What is wrong, or missing.
    pub message: String,
    /// The file it is about.
    pub subject: Option<String>,
    /// The waiver.
    pub waiver: String,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires: String,
}

/// A statement that the decision read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Read {
    /// Digest of its envelope.
    pub id: String,
    /// What it is.
    pub kind: String,
    /// Its predicate type.
    pub predicate_type: String,
    /// Trusted keys that signed it.
    pub signers: Vec<String>,
    /// Its place in the log.
    pub log_index: u64,
    /// When it was made, as it says.
    pub stated_on: Option<String>,
    /// Its result, where its type says one.
    pub result: Option<String>,
}

/// A verdict with everything it rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// `bartizan.gate/1`.
    pub schema: &'static str,
    /// What is decided.
    pub verdict: Verdict,
    /// What speaks against it, what denies first.
    pub reasons: Vec<Reason>,
    /// Evidence that is not there.
    pub missing: Vec<Missing>,
    /// What waivers took out.
    pub waived: Vec<Waived>,
    /// `sha256:…` of the policy.
    pub policy_digest: String,
    /// What the policy is called.
    pub policies: Vec<String>,
    /// Statements that stand and were read.
    pub statements: Vec<Read>,
    /// Statements that do not stand.
    pub rejected: Vec<Rejected>,
    /// Waivers that do not count.
    pub rejected_waivers: Vec<RejectedWaiver>,
    /// What was decided about.
    pub artifact: Decided,
    /// For which environment.
    pub environment: String,
    /// When, RFC 3339.
    pub decided_on: String,
    /// What the policy printed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prints: Vec<String>,
    /// The fewest facts that would turn it, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<crate::explain::Explanation>,
}

/// What a decision is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// As the user named it.
    pub path: String,
    /// Digest of the whole.
    pub digest: String,
    /// How many files.
    pub files: usize,
    /// Bytes in all.
    pub bytes: u64,
}

impl From<&Artifact> for Decided {
    fn from(artifact: &Artifact) -> Self {
        Self {
            path: artifact.path.clone(),
            digest: artifact.digest.clone(),
            files: artifact.files.len(),
            bytes: artifact.bytes,
        }
    }
}

/// Decides about an artifact, on a thread of its own and within bounds. `resident` gives the bytes the process holds.
///
/// # Errors
/// [`PolicyError`]: no decision, which is never an "allow".
pub fn decide(
    policy: &Policy,
    package: Option<&str>,
    input: &GateInput,
    bounds: Bounds,
    resident: &dyn Fn() -> u64,
) -> Result<Decision, PolicyError> {
    let outcome = evaluate_input(policy, package, input, bounds, resident)?;
    Ok(conclude(policy, input, outcome))
}

/// The verdict over what a policy said.
pub fn conclude(policy: &Policy, input: &GateInput, outcome: Outcome) -> Decision {
    let Judged { verdict, reasons, missing, waived } = judge(input, &outcome);
    let read = input.statements.iter().map(|each| Read {
        id: each.id.clone(),
        kind: each.kind.clone(),
        predicate_type: each.predicate_type.clone(),
        signers: each.signers.clone(),
        log_index: each.log.index,
        stated_on: each.stated_on.clone(),
        result: each.result.clone(),
    });
    Decision {
        schema: DECISION_SCHEMA,
        verdict,
        reasons,
        missing,
        waived,
        policy_digest: policy.digest.clone(),
        policies: policy.names.clone(),
        statements: read.collect(),
        rejected: input.rejected.clone(),
        rejected_waivers: input.rejected_waivers.clone(),
        artifact: Decided::from(&input.artifact),
        environment: input.environment.name.clone(),
        decided_on: input.time.clone(),
        prints: outcome.prints,
        explanation: None,
    }
}

/// A verdict and what leads to it.
pub(crate) struct Judged {
    pub(crate) verdict: Verdict,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) missing: Vec<Missing>,
    pub(crate) waived: Vec<Waived>,
}

/// Reads the entries of the rules and lets waivers take out what they are for.
pub(crate) fn judge(input: &GateInput, outcome: &Outcome) -> Judged {
    let mut reasons: Vec<Reason> = Vec::new();
    for (effect, entries) in [(Verdict::Deny, &outcome.deny), (Verdict::Warn, &outcome.warn)] {
        reasons.extend(entries.iter().map(|(rule, entry)| reason(effect, rule, entry)));
    }
    if outcome.allow == Some(false) {
        reasons.push(Reason {
            effect: Verdict::Deny,
            rule: NOT_ALLOWED.to_owned(),
            message: "the policy's rule `allow` is not true".to_owned(),
            subject: None,
            remedy: None,
            evidence: Vec::new(),
            waivable: false,
        });
    }
    let mut missing: Vec<Missing> =
        outcome.missing.iter().map(|(rule, entry)| absent(input, rule, entry)).collect();
    let mut waived = Vec::new();
    reasons.retain(|each| {
        let exception = (each.waivable && each.effect == Verdict::Deny)
            .then(|| waiver_for(input, &each.rule, each.subject.as_deref()))
            .flatten();
        waived.extend(exception.map(|waiver| taken_out(waiver, &each.message, each.subject.as_deref())));
        exception.is_none()
    });
    missing.retain(|each| {
        let exception =
            each.waivable.then(|| waiver_for(input, &each.rule, each.subject.as_deref())).flatten();
        waived.extend(exception.map(|waiver| taken_out(waiver, &each.message, each.subject.as_deref())));
        exception.is_none()
    });
    reasons.sort_by(|one, two| two.effect.cmp(&one.effect).then_with(|| one.cmp(two)));
    reasons.dedup_by(Reason::joins);
    missing.sort();
    missing.dedup();
    waived.sort();
    waived.dedup();
    let denies = !missing.is_empty() || reasons.iter().any(|each| each.effect == Verdict::Deny);
    let verdict = if denies {
        Verdict::Deny
    } else if reasons.is_empty() && waived.is_empty() {
        Verdict::Allow
    } else {
        Verdict::Warn
    };
    Judged { verdict, reasons, missing, waived }
}

fn waiver_for<'a>(input: &'a GateInput, rule: &str, file: Option<&str>) -> Option<&'a Waiver> {
    input.waivers.iter().find(|waiver| waiver.rule == rule && waiver.covers(input, file))
}

fn taken_out(waiver: &Waiver, message: &str, subject: Option<&str>) -> Waived {
    Waived {
        rule: waiver.rule.clone(),
        message: message.to_owned(),
        subject: subject.map(str::to_owned),
        waiver: waiver.id.clone(),
        owner: waiver.owner.clone(),
        reason: waiver.reason.clone(),
        expires: waiver.expires.clone(),
    }
}

/// The rule that an entry of the rule `from` names, else the name of `from`. What neither names is a rule by its words, so that a
/// waiver takes out the one thing that somebody read, and nothing that the policy says besides or later.
fn rule(from: &str, entry: &Value) -> String {
    text(entry, &["rule", "id"]).unwrap_or_else(|| match from {
        plain if PLAIN.contains(&plain) => {
            let digest = Sha256::digest(words(entry).as_bytes());
            let short = digest.get(..SHORT_DIGEST).unwrap_or(&digest);
            format!("{UNNAMED}/{}", bartizan_core::hex(short))
        }
        named => format!("{UNNAMED}/{named}"),
    })
}

/// An entry of `deny` or `warn`: an object with `rule` and `message` (`msg`), or a text.
fn reason(effect: Verdict, from: &str, entry: &Value) -> Reason {
    Reason {
        effect,
        rule: rule(from, entry),
        message: message(entry),
        subject: text(entry, &["subject", "file"]),
        remedy: text(entry, &["remedy"]),
        evidence: texts(entry, "evidence"),
        waivable: entry.get("waivable") != Some(&Value::Bool(false)),
    }
}

/// An entry of `missing`.
fn absent(input: &GateInput, from: &str, entry: &Value) -> Missing {
    let kind = text(entry, &["kind"]);
    let candidates = input.rejected.iter().filter(|each| Some(&each.kind) == kind.as_ref());
    Missing {
        rule: rule(from, entry),
        message: message(entry),
        subject: text(entry, &["subject", "file"]),
        remedy: text(entry, &["remedy"]),
        waivable: entry.get("waivable") != Some(&Value::Bool(false)),
        candidates: candidates
            .map(|each| Candidate { id: each.id.clone(), why: each.message.clone() })
            .collect(),
        kind,
    }
}

fn message(entry: &Value) -> String {
    shortened(&words(entry))
}

/// All that an entry says.
fn words(entry: &Value) -> Cow<'_, str> {
    let named = ["message", "msg"].iter().find_map(|name| entry.get(*name)).and_then(Value::as_str);
    match entry.as_str().or(named).filter(|text| !text.trim().is_empty()) {
        Some(text) => Cow::Borrowed(text),
        // Whatever a policy gives denies, also what has no message.
        None => Cow::Owned(entry.to_string()),
    }
}

fn text(entry: &Value, names: &[&str]) -> Option<String> {
    let found = names.iter().find_map(|name| entry.get(*name)).and_then(Value::as_str)?;
    (!found.is_empty()).then(|| shortened(found))
}

fn texts(entry: &Value, name: &str) -> Vec<String> {
    let list = entry.get(name).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(shortened).collect()
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::ArtifactFile;
    use serde_json::json;

    fn input() -> GateInput {
        let file = |name: &str| ArtifactFile {
            name: name.to_owned(),
            digest: format!("sha256:{name}"),
            ..ArtifactFile::default()
        };
        let waiver = Waiver {
            id: "w".to_owned(),
            rule: "model/x".to_owned(),
            subjects: vec!["sha256:a".to_owned()],
            ..Waiver::default()
        };
        GateInput {
            artifact: Artifact { files: vec![file("a"), file("b")], ..Artifact::default() },
            waivers: vec![waiver],
            rejected: vec![Rejected { id: "r".to_owned(), kind: "scan".to_owned(), ..Rejected::default() }],
            ..GateInput::default()
        }
    }

    fn entry(rule: &str, value: Value) -> (String, Value) {
        (rule.to_owned(), value)
    }

    #[test]
    fn a_waiver_takes_out_its_rule_for_its_file_and_leaves_a_warning() {
        let about = |file: &str| json!({"rule": "model/x", "message": "m", "subject": file});
        let one = Outcome { deny: vec![entry("deny", about("a"))], ..Outcome::default() };
        let judged = judge(&input(), &one);
        assert_eq!((judged.verdict, judged.waived.len(), judged.reasons.len()), (Verdict::Warn, 1, 0));
        let both = Outcome {
            deny: vec![entry("deny", about("a")), entry("deny", about("b"))],
            ..Outcome::default()
        };
        let judged = judge(&input(), &both);
        assert_eq!((judged.verdict, judged.waived.len(), judged.reasons.len()), (Verdict::Deny, 1, 1));
        let never = json!({"rule": "model/x", "message": "m", "subject": "a", "waivable": false});
        let judged = judge(&input(), &Outcome { deny: vec![entry("deny", never)], ..Outcome::default() });
        assert_eq!((judged.verdict, judged.waived.len()), (Verdict::Deny, 0));
    }

    #[test]
    fn whatever_a_policy_gives_denies_also_what_has_no_words() {
        for value in [
            json!("text"),
            json!({"msg": "m"}),
            json!({"msg": ""}),
            json!(""),
            json!(3),
            json!(null),
            json!([]),
        ] {
            let judged =
                judge(&input(), &Outcome { deny: vec![entry("deny", value.clone())], ..Outcome::default() });
            assert_eq!((judged.verdict, judged.reasons.len()), (Verdict::Deny, 1), "{value}");
            assert!(!judged.reasons[0].message.is_empty());
        }
        let judged = judge(
            &input(),
            &Outcome { missing: vec![entry("missing", json!({"kind": "scan"}))], ..Outcome::default() },
        );
        assert_eq!((judged.verdict, judged.missing[0].candidates.len()), (Verdict::Deny, 1));
    }

    #[test]
    fn warnings_alone_warn_nothing_at_all_allows_and_an_allow_that_is_false_denies() {
        let warn = Outcome { warn: vec![entry("warn", json!("look"))], ..Outcome::default() };
        assert_eq!(judge(&input(), &warn).verdict, Verdict::Warn);
        assert_eq!(judge(&input(), &Outcome::default()).verdict, Verdict::Allow);
        for (allow, verdict) in [(true, Verdict::Allow), (false, Verdict::Deny)] {
            let outcome = Outcome { allow: Some(allow), ..Outcome::default() };
            assert_eq!(judge(&input(), &outcome).verdict, verdict);
        }
    }

    #[test]
    fn what_has_no_name_is_waived_by_its_own_words_and_nothing_besides() {
        let said = |words: &str| Outcome { deny: vec![entry("deny", json!(words))], ..Outcome::default() };
        let first = judge(&input(), &said("first")).reasons.remove(0);
        assert_eq!((first.rule.starts_with("policy/"), first.rule.len()), (true, "policy/".len() + 16));
        let mut excused = input();
        let waiver = Waiver {
            rule: first.rule,
            subjects: vec!["sha256:a".into(), "sha256:b".into()],
            ..Waiver::default()
        };
        excused.waivers.push(waiver);
        assert_eq!(judge(&excused, &said("first")).verdict, Verdict::Warn);
        assert_eq!(judge(&excused, &said("second")).verdict, Verdict::Deny);
        let missing =
            |words: &str| Outcome { missing: vec![entry("missing", json!(words))], ..Outcome::default() };
        assert_eq!(judge(&excused, &missing("first")).verdict, Verdict::Warn);
        assert_eq!(judge(&excused, &missing("second")).verdict, Verdict::Deny);
    }

    #[test]
    fn what_several_statements_say_alike_is_one_reason_with_all_of_them_as_evidence() {
        let found = |id: &str, message: &str| {
            entry("deny", json!({"rule": "model/z", "message": message, "subject": "b", "evidence": [id]}))
        };
        let deny = vec![found("2", "m"), found("1", "m"), found("1", "n")];
        let judged = judge(&input(), &Outcome { deny, ..Outcome::default() });
        let told: Vec<_> =
            judged.reasons.iter().map(|each| (each.message.as_str(), each.evidence.join(" "))).collect();
        assert_eq!(told, [("m", "1 2".to_owned()), ("n", "1".to_owned())]);
    }

    #[test]
    fn a_rule_with_an_ending_names_itself() {
        let judged =
            judge(&input(), &Outcome { deny: vec![entry("deny_images", json!("m"))], ..Outcome::default() });
        assert_eq!(judged.reasons[0].rule, "policy/deny_images");
    }
}
