//! What the store says about an artifact, each statement checked from the beginning: envelope, signature, place in the log, shape.

use super::facts::{self, STATED};
use super::trust::{Doubt, Examined};
use crate::failure::Failure;
use bartizan_evidence::digest::Digest;
use bartizan_evidence::lineage::{Kind, NodeId, TraceRequest, trace};
use bartizan_evidence::predicate;
use bartizan_evidence::store::{Checked, Direction, StatementRow, Store, StoreError, envelope_of};
use bartizan_policy::input::{
    About, Evidence, EvidenceSubject, GateInput, LogGap, LogPlace, LogState, Rejected, Said, Upstream,
    UpstreamNode, is_called,
};
use bartizan_policy::waiver::{CLOCK_TOLERANCE_S, WAIVER_V1, WaiverPredicate, judge, seconds};
use rayon::prelude::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most nodes of the lineage that are looked at.
const MOST_UPSTREAM: usize = 2_000;
/// Seconds in a day.
const DAY_S: i64 = 86_400;

/// Fills the input with what an examined store says.
///
/// # Errors
/// [`Failure::Store`] when store, index or log do not answer.
pub(super) fn gather(
    examined: &Examined,
    max_age_days: Option<u32>,
    input: &mut GateInput,
) -> Result<(), Failure> {
    let store = &examined.store;
    input.trusted_keys = store.trust().key_ids().map(str::to_owned).collect();
    input.log = log_state(examined)?;
    input.lineage = upstream(store, input)?;
    let mut rows: BTreeMap<Digest, StatementRow> = BTreeMap::new();
    let wanted = wanted(input);
    for digest in wanted.keys() {
        let Ok(node) = digest.parse::<NodeId>() else { continue };
        let mut index = store.index();
        let Some(key) = index.node(&node).map_err(StoreError::from)? else { continue };
        let keys = index.about(key).map_err(StoreError::from)?;
        for row in index.statements(&keys).map_err(StoreError::from)?.into_values() {
            rows.insert(row.envelope.clone(), row);
        }
    }
    let (mut standing, mut rejected) = (Vec::new(), Vec::new());
    let rows: Vec<StatementRow> = rows.into_values().collect();
    let places = log_places(examined, &rows)?;
    let examination = Examination { examined, now: input.now, wanted: &wanted, max_age_days };
    // Each statement is read and checked by itself; the order of the rows is kept.
    let examined: Vec<Result<Evidence, Rejected>> =
        rows.par_iter().zip(places).map(|(row, place)| examination.statement(row, place)).collect();
    for each in examined {
        match each {
            Ok(evidence) => standing.push(evidence),
            Err(because) => rejected.push(because),
        }
    }
    input.rejected = rejected;
    standing.sort_by(|one, two| one.log.index.cmp(&two.log.index).then_with(|| one.id.cmp(&two.id)));
    // Whoever may append to the log could wrap an old statement anew, to be the last of its kind once more.
    let mut first_places: BTreeMap<String, u64> = BTreeMap::new();
    for evidence in standing {
        if let Some(first) = first_places.get(&evidence.payload) {
            input.rejected.push(Rejected {
                reason: "repeated".to_owned(),
                message: format!("it says what entry {first} of the log says, wrapped anew"),
                id: evidence.id,
                predicate_type: evidence.predicate_type,
                kind: evidence.kind,
            });
            continue;
        }
        first_places.insert(evidence.payload.clone(), evidence.log.index);
        if evidence.predicate_type != WAIVER_V1 {
            input.statements.push(evidence);
            continue;
        }
        let subjects = evidence.subjects.iter().map(|subject| subject.digest.clone()).collect();
        let Ok(predicate) = serde_json::from_value::<WaiverPredicate>((*evidence.predicate).clone()) else {
            continue;
        };
        match judge(&evidence.id, &predicate, subjects, evidence.signers, &input.environment.name, input.now)
        {
            Ok(waiver) => input.waivers.extend(waiver),
            Err(rejected) => input.rejected_waivers.push(rejected),
        }
    }
    input.rejected.sort();
    input.link();
    Ok(())
}

/// A place in the log, or why there is none: a word and a message.
type Place = Result<LogPlace, (&'static str, String)>;

/// Where statements stand in the log, in the order of `rows`, each proven now against one checkpoint.
///
/// # Errors
/// [`Failure::Store`] when the log does not answer at all.
fn log_places(examined: &Examined, rows: &[StatementRow]) -> Result<Vec<Place>, Failure> {
    let unlogged = |message: &str| Err(("unlogged", message.to_owned()));
    let Some(log) = examined.store.log() else {
        return Ok(rows.iter().map(|_| unlogged("the store has no transparency log")).collect());
    };
    let mut entries: Vec<u64> = rows.iter().filter_map(|row| row.entry).collect();
    if !examined.log_believed {
        entries.clear();
    }
    entries.sort_unstable();
    let proven: BTreeMap<u64, _> = entries.iter().copied().zip(log.prove_all(&entries)?).collect();
    let place = |row: &StatementRow| match row.entry {
        None => unlogged("it is not in the transparency log"),
        Some(_) if !examined.log_believed => {
            unlogged("it is in a log whose key nobody confirmed on this machine")
        }
        Some(place) => match proven.get(&place) {
            Some(Ok((entry, proof))) if envelope_of(entry).as_ref() == Some(&row.envelope) => Ok(LogPlace {
                origin: proof.origin.clone(),
                index: proof.index,
                size: proof.size,
                root: proof.root.clone(),
            }),
            Some(Ok(_)) => Err(("unproven", format!("entry {place} of the log names another envelope"))),
            Some(Err(error)) => Err(("unproven", error.to_string())),
            None => Err(("unproven", format!("entry {place} of the log was not looked up"))),
        },
    };
    Ok(rows.iter().map(place).collect())
}

/// Digests that a statement may be about, with the artifact's files that have them: none for what is upstream, and several where files
/// are equal.
type Wanted = BTreeMap<String, Vec<String>>;

fn wanted(input: &GateInput) -> Wanted {
    let mut wanted: Wanted = input.lineage.nodes.iter().map(|node| (node.id.clone(), Vec::new())).collect();
    for file in &input.artifact.files {
        wanted.entry(file.digest.clone()).or_default().push(file.name.clone());
    }
    wanted
}

/// Which of files with the same content a statement speaks of that calls it `name`: the one called so, else the first.
fn meant<'a>(files: &'a [String], name: &str) -> Option<&'a String> {
    files.iter().find(|file| is_called(name, file)).or_else(|| files.first())
}

fn log_state(examined: &Examined) -> Result<LogState, Failure> {
    let Some(log) = examined.store.log() else { return Ok(LogState::default()) };
    let head = log.head()?;
    let gaps = examined.store.gaps()?;
    Ok(LogState {
        believed: examined.log_believed,
        origin: head.origin,
        size: head.size,
        root: head.root,
        gaps: gaps.into_iter().map(|gap| LogGap { entry: gap.entry, reason: gap.reason }).collect(),
    })
}

/// What the artifact came of, as far as the store says.
fn upstream(store: &Store, input: &GateInput) -> Result<Upstream, Failure> {
    let mut start = Vec::new();
    for file in &input.artifact.files {
        let Ok(node) = file.digest.parse::<NodeId>() else { continue };
        if store.index().node(&node).map_err(StoreError::from)?.is_some() {
            start.push(node);
        }
    }
    if start.is_empty() {
        return Ok(Upstream { complete: true, ..Upstream::default() });
    }
    let own: BTreeSet<NodeId> = start.iter().cloned().collect();
    let request = TraceRequest { start, direction: Direction::Up, depth: None, most_nodes: MOST_UPSTREAM };
    let lineage = trace(store.index().as_mut(), &request)?;
    // Reached from the artifact over proven edges alone.
    let mut proven = own.clone();
    loop {
        let reached: Vec<&NodeId> = lineage
            .edges
            .iter()
            .filter(|edge| edge.proven && proven.contains(&edge.to) && !proven.contains(&edge.from))
            .map(|edge| &edge.from)
            .collect();
        if reached.is_empty() {
            break;
        }
        proven.extend(reached.into_iter().cloned());
    }
    let contradictions = lineage.contradictions.iter().map(|each| each.message.clone());
    let cycles = lineage.cycles.iter().map(|cycle| {
        let names: Vec<&str> = cycle.iter().map(NodeId::as_str).collect();
        format!("leads back to itself: {}", names.join(" → "))
    });
    Ok(Upstream {
        complete: !lineage.truncated,
        contradictions: contradictions.chain(cycles).collect(),
        nodes: lineage
            .nodes
            .iter()
            .filter(|node| !own.contains(&node.id) && node.kind != Kind::Check)
            .map(|node| UpstreamNode {
                id: node.id.to_string(),
                kind: node.kind.name().to_owned(),
                name: node.names.first().cloned().unwrap_or_default(),
                depth: node.depth,
                proven: proven.contains(&node.id),
                statements: Vec::new(),
            })
            .collect(),
    })
}

/// One statement under examination.
struct Examination<'a> {
    examined: &'a Examined,
    /// Seconds since 1970.
    now: i64,
    wanted: &'a Wanted,
    max_age_days: Option<u32>,
}

impl Examination<'_> {
    /// The statement when it stands.
    fn statement(&self, row: &StatementRow, place: Place) -> Result<Evidence, Rejected> {
        let said = Rejected {
            id: row.envelope.to_string(),
            predicate_type: row.predicate_type.clone(),
            kind: facts::kind(&row.predicate_type, &Value::Null).to_owned(),
            ..Rejected::default()
        };
        let because = |kind: &str, reason: &str, message: String| Rejected {
            kind: kind.to_owned(),
            reason: reason.to_owned(),
            message,
            ..said.clone()
        };
        let unreadable = |message: String| because(&said.kind, "unreadable", message);
        let checked =
            self.examined.store.checked(&row.envelope).map_err(|error| unreadable(error.to_string()))?;
        let Checked { payload, statement, predicate, signers } = &*checked;
        let kind = facts::kind(&statement.predicate_type, predicate);
        if signers.is_empty() {
            let (reason, message) = match self.examined.doubt(&row.envelope) {
                Doubt::Unconfirmed(keys) => (
                    "unconfirmed-key",
                    format!(
                        "signed by the key {}, which the store trusts and nobody confirmed on this machine",
                        keys.join(", ")
                    ),
                ),
                Doubt::Unknown(keys) => (
                    "unknown-key",
                    format!(
                        "signed by no key that is trusted; it names {}",
                        bartizan_core::printable(&keys.join(", "), 300)
                    ),
                ),
            };
            return Err(because(kind, reason, message));
        }
        predicate::check(&statement.predicate_type, predicate)
            .map_err(|misfit| because(kind, "malformed", misfit.to_string()))?;
        let log = place.map_err(|(reason, message)| because(kind, reason, message))?;
        let stated_on =
            STATED.iter().find_map(|pointer| predicate.pointer(pointer)?.as_str()).map(str::to_owned);
        let stated = stated_on.as_deref().and_then(seconds);
        if stated.is_some_and(|stated| stated > self.now.saturating_add(CLOCK_TOLERANCE_S)) {
            return Err(because(kind, "future", "it says it was made in the future".to_owned()));
        }
        let age_s = stated.map(|stated| self.now.saturating_sub(stated).max(0));
        if let Some(days) = self.max_age_days
            && statement.predicate_type != WAIVER_V1
            && age_s.is_none_or(|age| age > i64::from(days).saturating_mul(DAY_S))
        {
            let message = match age_s {
                Some(age) => format!("it is {} days old; up to {days} count", age / DAY_S),
                None => {
                    format!("it does not say when it was made, and only what is up to {days} days old counts")
                }
            };
            return Err(because(kind, "stale", message));
        }
        let mut names = BTreeMap::new();
        let mut subjects = Vec::new();
        for subject in &statement.subject {
            let name = subject.name.clone().or_else(|| subject.uri.clone()).unwrap_or_default();
            let Some(value) = subject.digest.get("sha256") else { continue };
            let digest = format!("sha256:{}", value.to_ascii_lowercase());
            let files = self.wanted.get(&digest);
            let file = files.and_then(|files| meant(files, &name)).cloned();
            names.insert(name.clone(), file.clone());
            if files.is_some() {
                subjects.push(EvidenceSubject { name, digest, file });
            }
        }
        if subjects.is_empty() {
            // The index says so, and the statement does not.
            return Err(because(
                kind,
                "unproven",
                "it is about something else; the index is wrong".to_owned(),
            ));
        }
        let about = subjects.iter().any(|subject| subject.file.is_some());
        Ok(Evidence {
            id: said.id.clone(),
            payload: payload.to_string(),
            predicate_type: statement.predicate_type.clone(),
            kind: kind.to_owned(),
            about: if about { About::Artifact } else { About::Upstream },
            subjects,
            complete: false,
            signers: signers.clone(),
            log,
            stated_on,
            age_s,
            result: facts::result(predicate),
            tests: facts::tests(kind, predicate, &names),
            predicate: Said::from(Arc::clone(predicate)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_files_with_the_same_content_the_one_is_meant_that_is_called_so() {
        let files = ["a.pkl".to_owned(), "sub/b.pkl".to_owned()];
        assert_eq!(meant(&files, "m/sub/b.pkl").map(String::as_str), Some("sub/b.pkl"));
        assert_eq!(meant(&files, "m/a.pkl").map(String::as_str), Some("a.pkl"));
        assert_eq!(meant(&files, "elsewhere.bin").map(String::as_str), Some("a.pkl"));
        assert_eq!(meant(&[], "a.pkl"), None);
    }
}
