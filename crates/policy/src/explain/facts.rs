//! Facts that could be otherwise, and how each changes the input.

use super::{Fact, Names};
use crate::decide::{Judged, Verdict};
use crate::input::{
    About, ArtifactKind, Evidence, EvidenceSubject, GateInput, LogPlace, ModelSignature, SCAN, SignatureState,
};
use crate::waiver::Waiver;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Most waivers offered.
const MOST_WAIVERS: usize = 8;
/// Most files named in the command of one.
const MOST_NAMED: usize = 8;
/// Most pieces of evidence taken away one by one.
const MOST_REMOVALS: usize = 24;

/// A fact and what it does.
pub(super) struct Change {
    pub(super) fact: Fact,
    how: How,
}

enum How {
    /// A statement about every file of the artifact.
    Statement(Box<Evidence>),
    /// A statement about everything of a kind upstream.
    Upstream(&'static str, Box<Evidence>),
    Signed,
    /// Only files and folders are left.
    Readable,
    LogWhole,
    LogBelieved,
    Waived(Box<Waiver>),
    Without(String),
    Unsigned,
    Unwaived(String),
}

impl Change {
    /// Makes it so.
    pub(super) fn make(&self, input: &mut GateInput) {
        match &self.how {
            How::Statement(evidence) => {
                let mut evidence = (**evidence).clone();
                evidence.subjects = input
                    .artifact
                    .files
                    .iter()
                    .map(|file| EvidenceSubject {
                        name: file.name.clone(),
                        digest: file.digest.clone(),
                        file: Some(file.name.clone()),
                    })
                    .collect();
                if evidence.kind == SCAN {
                    // As the scans before it called them.
                    let known = input.statements.iter().filter(|each| each.kind == SCAN);
                    let known =
                        known.flat_map(|each| &each.subjects).filter(|subject| subject.file.is_some());
                    evidence.subjects.extend(known.cloned());
                    evidence.subjects.sort();
                    evidence.subjects.dedup();
                }
                input.statements.push(evidence);
                // A statement that stands is in a log that is believed.
                input.log.believed = true;
            }
            How::Upstream(kind, evidence) => {
                let mut evidence = (**evidence).clone();
                let nodes = input.lineage.nodes.iter().filter(|node| node.kind == *kind);
                evidence.subjects = nodes
                    .map(|node| EvidenceSubject {
                        name: node.name.clone(),
                        digest: node.id.clone(),
                        file: None,
                    })
                    .collect();
                input.statements.push(evidence);
            }
            How::Signed => {
                let signers = input.trusted_keys.first().cloned().into_iter().collect();
                input.signature = ModelSignature {
                    state: SignatureState::Valid,
                    signers,
                    logged: input.signature.logged,
                    ..ModelSignature::default()
                };
            }
            How::Readable => input.artifact.unread.clear(),
            How::LogWhole => input.log.gaps.clear(),
            How::LogBelieved => input.log.believed = true,
            How::Waived(waiver) => input.waivers.push((**waiver).clone()),
            How::Without(id) => input.statements.retain(|each| each.id != *id),
            How::Unsigned => input.signature = ModelSignature::default(),
            How::Unwaived(id) => input.waivers.retain(|each| each.id != *id),
        }
    }
}

/// Kinds of statements that can be had, with result and predicate as they would read, words for it, and the command.
const KINDS: [(&str, &str, &str, &str); 9] = [
    ("scan", "a scan that passes", "PASSED", "bartizan scan {} --attest"),
    ("provenance", "provenance: which run made it, of what", "", "bartizan run --output {} -- COMMAND"),
    ("reproduction", "a reproduction that gives the same", "PASSED", "bartizan reproduce RUN"),
    (
        "bom",
        "a bill of materials",
        "",
        "bartizan bom {} --format cyclonedx-1.6 --output bom.json && bartizan attest {} --type https://cyclonedx.org/bom/v1.6 --predicate bom.json",
    ),
    (
        "review",
        "a review that approves, by another key than signed the model",
        "",
        "bartizan attest {} --type urn:bartizan:predicate:review:v1 --predicate review.json",
    ),
    (
        "red-team",
        "red-team tests that pass",
        "PASSED",
        "bartizan attest {} --type https://in-toto.io/attestation/test-result/v0.1 --predicate red-team.json",
    ),
    (
        "drift",
        "drift checks that pass",
        "PASSED",
        "bartizan attest {} --type https://in-toto.io/attestation/test-result/v0.1 --predicate drift.json",
    ),
    (
        "vulns",
        "a vulnerability report without findings",
        "",
        "bartizan attest {} --type https://in-toto.io/attestation/vulns/v0.2 --predicate vulns.json",
    ),
    (
        "test",
        "tests that pass",
        "PASSED",
        "bartizan attest {} --type https://in-toto.io/attestation/test-result/v0.1 --predicate result.json",
    ),
];

/// Evidence that could be added.
pub(super) fn evidence(input: &GateInput, now: &Judged, names: &Names) -> Vec<Change> {
    let mut changes = Vec::new();
    let who = "whoever holds a trusted key".to_owned();
    let artifact = quoted(&names.artifact);
    let add = |text: String, command: Option<String>| Fact {
        change: "add",
        text,
        who: Some(who.clone()),
        command: command.map(|command| command.replace("{}", &artifact)),
    };
    let about = format!("about {}, by a trusted key, in the log", words(input));
    for (kind, text, result, command) in KINDS {
        let (text, evidence) = match known_scan(input).filter(|_| kind == "scan") {
            // The same bytes are found the same again, and end a reading at the same place.
            Some(last) => {
                let mut predicate = (*last.predicate).clone();
                // What was left out need not be again.
                if let Some(members) = predicate.as_object_mut() {
                    members.remove("selection");
                }
                let again = Evidence {
                    subjects: last.subjects.clone(),
                    tests: last.tests.clone(),
                    result: last.result.clone(),
                    predicate: predicate.into(),
                    ..statement(input, kind, result)
                };
                ("a scan of today, which will find what the last one found", again)
            }
            None => (text, statement(input, kind, result)),
        };
        let fact = add(format!("{text}, {about}"), Some(command.to_owned()));
        changes.push(Change { fact, how: How::Statement(Box::new(evidence)) });
    }
    // What a policy of the user's asks for by a word of its own.
    let asked: BTreeSet<&String> = now.missing.iter().filter_map(|each| each.kind.as_ref()).collect();
    for kind in asked {
        let known =
            KINDS.iter().any(|(known, ..)| known == kind) || matches!(kind.as_str(), "signature" | "data");
        if !known {
            let fact = add(format!("a statement of kind `{kind}`, {about}"), None);
            changes.push(Change { fact, how: How::Statement(Box::new(statement(input, kind, "PASSED"))) });
        }
    }
    for upstream in ["dataset", "model"] {
        if input.lineage.nodes.iter().any(|node| node.kind == upstream) {
            let kind = if upstream == "dataset" { "data" } else { "scan" };
            let mut evidence = statement(input, kind, "PASSED");
            evidence.about = About::Upstream;
            let text = if upstream == "dataset" { "data checks that pass" } else { "a scan that passes" };
            let fact = add(
                format!("{text}, about every {upstream} it came of, by a trusted key, in the log"),
                Some("bartizan attest PATH --type https://in-toto.io/attestation/test-result/v0.1 --predicate result.json".to_owned()),
            );
            changes.push(Change { fact, how: How::Upstream(upstream, Box::new(evidence)) });
        }
    }
    if input.signature.state != SignatureState::Valid {
        let fact = add(
            format!("a signature over {}, by a trusted key", words(input)),
            Some("bartizan sign {} --key bartizan.key".to_owned()),
        );
        changes.push(Change { fact, how: How::Signed });
    }
    if !input.log.believed {
        let fact = Fact {
            change: "add",
            text: "the key of the log, confirmed on this machine".to_owned(),
            who: Some("you, once you know whose log it is".to_owned()),
            command: Some("bartizan lineage trust KEY.pub".to_owned()),
        };
        changes.push(Change { fact, how: How::LogBelieved });
    }
    if !input.log.gaps.is_empty() {
        let fact = Fact {
            change: "add",
            text: format!("the {} envelopes that the log names and the store has lost", input.log.gaps.len()),
            who: Some("whoever has a copy of the store".to_owned()),
            command: None,
        };
        changes.push(Change { fact, how: How::LogWhole });
    }
    if !input.artifact.unread.is_empty() {
        let fact = Fact {
            change: "remove",
            text: format!("what cannot be read: {}", input.artifact.unread.join(", ")),
            who: Some("whoever builds the artifact".to_owned()),
            command: None,
        };
        changes.push(Change { fact, how: How::Readable });
    }
    changes
}

/// Waivers for what still denies.
pub(super) fn waivers(input: &GateInput, judged: &Judged, names: &Names) -> Vec<Change> {
    let reasons = judged.reasons.iter().filter(|each| each.effect == Verdict::Deny && each.waivable);
    let reasons = reasons.map(|each| (each.rule.clone(), each.subject.as_deref()));
    let missing = judged.missing.iter().filter(|each| each.waivable);
    let missing = missing.map(|each| (each.rule.clone(), each.subject.as_deref()));
    let mut rules: BTreeMap<String, BTreeSet<Option<&str>>> = BTreeMap::new();
    for (rule, subject) in reasons.chain(missing) {
        rules.entry(rule).or_default().insert(subject);
    }
    let environment = &input.environment.name;
    rules
        .into_iter()
        .take(MOST_WAIVERS)
        .map(|(rule, about)| {
            // No more is excused than has to be.
            let files: Option<Vec<_>> = about.iter().map(|name| input.file((*name)?)).collect();
            let files = files.filter(|files| {
                matches!(input.artifact.kind, ArtifactKind::Folder | ArtifactKind::Index)
                    && files.len() < input.artifact.files.len()
                    && files.len() <= MOST_NAMED
            });
            let (shown, paths, subjects) = if let Some(files) = files {
                    let path = |name: &str| quoted(&format!("{}/{name}", names.artifact.trim_end_matches('/')));
                    let paths: Vec<String> = files.iter().map(|file| path(&file.name)).collect();
                    let shown: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
                    let digests = files.iter().map(|file| file.digest.clone()).collect();
                    (shown.join(", "), paths.join(" "), digests)
            } else {
                let digests = input.artifact.files.iter().map(|file| file.digest.clone()).collect();
                (words(input), quoted(&names.artifact), digests)
            };
            let text = format!("a waiver of `{rule}` for {shown} in the environment `{environment}`");
            let command = format!(
                "bartizan waive {paths} --rule {rule} --env {environment} --owner WHO --reason WHY --expires DATE"
            );
            let fact = Fact {
                change: "waive",
                text,
                who: Some("whoever answers for the risk, with a trusted key".to_owned()),
                command: Some(command),
            };
            let waiver = Waiver {
                id: format!("waiver of {rule}"),
                rule,
                environment: environment.clone(),
                subjects,
                ..Waiver::default()
            };
            Change { fact, how: How::Waived(Box::new(waiver)) }
        })
        .collect()
}

/// Evidence that could be taken away.
pub(super) fn removals(input: &GateInput) -> Vec<Change> {
    let remove = |text: String| Fact { change: "remove", text, who: None, command: None };
    let mut changes = Vec::new();
    if input.signature.state == SignatureState::Valid {
        let by = input.signature.signers.join(", ");
        changes.push(Change { fact: remove(format!("the signature by {by}")), how: How::Unsigned });
    }
    for waiver in &input.waivers {
        let text =
            format!("the waiver of `{}` by {}, which ends on {}", waiver.rule, waiver.owner, waiver.expires);
        changes.push(Change { fact: remove(text), how: How::Unwaived(waiver.id.clone()) });
    }
    for statement in input.statements.iter().rev().take(MOST_REMOVALS) {
        let text = format!(
            "the statement {} ({}), entry {} of the log",
            statement.id, statement.kind, statement.log.index
        );
        changes.push(Change { fact: remove(text), how: How::Without(statement.id.clone()) });
    }
    changes
}

/// The last scan of the artifact as it is that found something, or did not come to an end.
fn known_scan(input: &GateInput) -> Option<&Evidence> {
    let scans = input
        .statements
        .iter()
        .filter(|each| each.kind == "scan" && each.about == About::Artifact && each.complete);
    let last = scans.max_by_key(|each| each.log.index)?;
    let unread = last.tests.iter().any(|test| matches!(test.rule.as_str(), "incomplete" | "unsupported"));
    (unread || last.result.as_deref() == Some("FAILED")).then_some(last)
}

/// A statement as it would stand, made now.
fn statement(input: &GateInput, kind: &str, result: &str) -> Evidence {
    Evidence {
        id: format!("a new {kind}"),
        payload: String::new(),
        predicate_type: format!("(a new {kind})"),
        kind: kind.to_owned(),
        about: About::Artifact,
        complete: true,
        // A second pair of eyes has a key of its own.
        signers: match kind {
            "review" => vec!["another trusted key".to_owned()],
            _ => input.trusted_keys.first().cloned().into_iter().collect(),
        },
        log: LogPlace {
            index: input.log.size,
            size: input.log.size.saturating_add(1),
            ..LogPlace::default()
        },
        stated_on: Some(input.time.clone()),
        age_s: Some(0),
        result: (!result.is_empty()).then(|| result.to_owned()),
        predicate: predicate(input, kind, result).into(),
        ..Evidence::default()
    }
}

/// What a statement of a kind would say at its best.
fn predicate(input: &GateInput, kind: &str, result: &str) -> Value {
    match kind {
        "review" => json!({
            "reviewer": "a reviewer", "decision": "approved", "reviewedOn": input.time,
            "environment": input.environment.name,
        }),
        "provenance" => json!({
            "buildDefinition": {"buildType": "", "externalParameters": {}, "resolvedDependencies": []},
            "runDetails": {"builder": {"id": ""}},
        }),
        "vulns" => json!({"scanner": {"uri": "", "result": []}, "metadata": {"scanFinishedOn": input.time}}),
        _ if result.is_empty() => json!({}),
        _ => {
            json!({"result": result, "configuration": [], "passedTests": [], "warnedTests": [], "failedTests": []})
        }
    }
}

/// The artifact in a few words.
fn words(input: &GateInput) -> String {
    match input.artifact.files.as_slice() {
        [only] => only.digest.clone(),
        files => format!("all {} files of {}", files.len(), input.artifact.path),
    }
}

/// A word of a command line.
fn quoted(word: &str) -> String {
    let plain = word.chars().all(|each| each.is_ascii_alphanumeric() || "/._-:=@".contains(each));
    if plain && !word.is_empty() { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
