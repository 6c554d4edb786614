//! What a record went into: [`statement`], a signed answer to a request for erasure.
//!
//! It lists everything reached downwards from the record, and says how complete that is: up to which entry of which log, how
//! many of the edges are proven, and what spoke against it. Forgetting what was learned is not done here; knowing where it
//! went is what that begins with.

use super::doubts::led_back;
use super::graph::{Lineage, Totals};
use super::node::Kind;
use crate::statement::{ResourceDescriptor, Statement};
use crate::store::{Gap, LogHead};
use serde::Serialize;
use serde_json::{Value, json};

/// Its predicate type.
pub const ERASURE_V1: &str = "urn:bartizan:predicate:erasure:v1";

/// Why no such statement can be made.
#[derive(Debug, thiserror::Error)]
pub enum ErasureError {
    /// The walk was not from one artifact with a digest.
    #[error("{0} has no digest; a statement about erasure names its record by digest")]
    NoDigest(String),
    /// The walk ended early.
    #[error(
        "the lineage was cut short at a limit; a statement about all of it needs all of it, raise --max-nodes"
    )]
    Truncated,
}

/// What is affected, and how sure that is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Erasure<'a> {
    affected: Vec<Affected<'a>>,
    totals: Totals,
    complete: bool,
    doubts: Vec<String>,
    log: Option<&'a LogHead>,
    examined_on: &'a str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Affected<'a> {
    id: &'a str,
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// Steps from the record.
    depth: u32,
    /// Whether it is reached over proven edges alone.
    proven: bool,
}

/// The statement about the record at the start of `radius`, a walk downwards; `log` is the log as it was before the walk,
/// `gaps` what of it could not be read.
///
/// # Errors
/// [`ErasureError`].
pub fn statement(
    radius: &Lineage,
    log: Option<&LogHead>,
    gaps: &[Gap],
    examined_on: &str,
) -> Result<Statement<Value>, ErasureError> {
    if radius.truncated {
        return Err(ErasureError::Truncated);
    }
    let record = radius.start.first();
    let digest = record
        .and_then(super::NodeId::digest)
        .ok_or_else(|| ErasureError::NoDigest(record.map(ToString::to_string).unwrap_or_default()))?;
    let proven = reached_proven(radius);
    let affected = radius.nodes.iter().filter(|node| !radius.start.contains(&node.id)).map(|node| Affected {
        id: node.id.as_str(),
        kind: node.kind,
        name: node.names.first().map(String::as_str),
        depth: node.depth,
        proven: proven.contains(&node.id),
    });
    let totals = radius.totals();
    let mut doubts: Vec<String> =
        radius.contradictions.iter().map(|each| format!("{}: {}", each.subject, each.message)).collect();
    doubts.extend(radius.cycles.iter().map(|cycle| led_back(cycle.len())));
    if log.is_none() {
        doubts.push("there is no log: statements may have been taken away".to_owned());
    }
    if let Some(first) = gaps.first() {
        doubts.push(format!(
            "{} entries of the log could not be read, the first of them {}: {}",
            gaps.len(),
            first.entry,
            first.reason
        ));
    }
    if totals.unproven > 0 {
        doubts.push(format!("{} of {} edges are not proven", totals.unproven, totals.edges));
    }
    let erasure = Erasure {
        affected: affected.collect(),
        complete: doubts.is_empty(),
        doubts,
        totals,
        log,
        examined_on,
    };
    let mut subject = ResourceDescriptor { digest: digest.into(), ..ResourceDescriptor::default() };
    subject.name = record.and_then(|id| radius.node(id)).and_then(|node| node.names.first().cloned());
    Ok(Statement::new(vec![subject], ERASURE_V1, json!(erasure)))
}

fn reached_proven(radius: &Lineage) -> std::collections::BTreeSet<&super::NodeId> {
    let mut down: std::collections::BTreeMap<&super::NodeId, Vec<&super::NodeId>> =
        std::collections::BTreeMap::new();
    for edge in radius.edges.iter().filter(|edge| edge.proven) {
        down.entry(&edge.from).or_default().push(&edge.to);
    }
    let mut seen: std::collections::BTreeSet<&super::NodeId> = radius.start.iter().collect();
    let mut work: Vec<&super::NodeId> = radius.start.iter().collect();
    while let Some(node) = work.pop() {
        for next in down.get(node).into_iter().flatten() {
            if seen.insert(next) {
                work.push(next);
            }
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::testing::line;

    fn head() -> LogHead {
        LogHead { origin: "log".to_owned(), size: 3, root: "00".to_owned(), checkpoint: String::new() }
    }

    #[test]
    fn everything_made_from_the_record_is_listed_with_the_log_it_was_read_from() {
        let radius = line(&["data", "run", "model"]);
        let statement = statement(&radius, Some(&head()), &[], "2026-01-01T00:00:00Z").unwrap();
        let predicate = statement.predicate.unwrap();
        assert_eq!(predicate["affected"].as_array().unwrap().len(), 2);
        assert_eq!((&predicate["complete"], &predicate["log"]["size"]), (&json!(true), &json!(3)));
        assert_eq!(statement.subject[0].digest.preferred(), radius.start[0].digest());
    }

    #[test]
    fn an_unproven_edge_or_no_log_makes_it_incomplete_and_says_where() {
        let mut radius = line(&["data", "run", "model"]);
        radius.edges[1].proven = false;
        let gaps = [Gap { entry: 7, reason: "it was erased".to_owned() }];
        let statement = statement(&radius, None, &gaps, "2026-01-01T00:00:00Z").unwrap();
        let predicate = statement.predicate.unwrap();
        assert_eq!(predicate["complete"], json!(false));
        assert_eq!(predicate["doubts"].as_array().unwrap().len(), 3);
        assert!(predicate["doubts"].to_string().contains("the first of them 7: it was erased"));
        assert_eq!(
            (&predicate["affected"][0]["proven"], &predicate["affected"][1]["proven"]),
            (&json!(true), &json!(false))
        );
    }

    #[test]
    fn half_a_walk_is_no_answer() {
        let mut radius = line(&["data", "run"]);
        radius.truncated = true;
        assert!(matches!(statement(&radius, None, &[], ""), Err(ErasureError::Truncated)));
        let mut nameless = line(&["data"]);
        nameless.start = vec![crate::lineage::NodeId::run("r")];
        assert!(matches!(statement(&nameless, None, &[], ""), Err(ErasureError::NoDigest(_))));
    }
}
