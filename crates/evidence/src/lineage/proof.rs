//! What an edge rests on, checked again from the beginning: envelope, signature, place in the log.
//!
//! A walk reads the index, which checked all of this when it took the statement in. The index is a file that can be changed;
//! [`prove`] does not believe it.

use super::graph::Lineage;
use crate::digest::Digest;
use crate::dsse::Envelope;
use crate::statement::{PAYLOAD_TYPE, Statement};
use crate::store::{LogProof, Store, StoreError, envelope_of};
use serde::Serialize;
use std::collections::BTreeMap;

/// What proves a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Trusted keys that signed it, checked just now.
    pub signers: Vec<String>,
    /// Its proof of inclusion, checked just now; none when it is not in the log.
    pub log: Option<LogProof>,
}

/// Why a statement does not say what the index says it does.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// It cannot be read or its place in the log is another.
    #[error("the statement {statement} does not stand: {error}")]
    Store {
        /// Its envelope.
        statement: Digest,
        /// Why.
        #[source]
        error: Box<StoreError>,
    },
    /// The index says more than the statement.
    #[error(
        "the index holds an edge from {from} to {to} that the statement {statement} does not make; run `bartizan lineage reindex`"
    )]
    Edge {
        /// The statement named.
        statement: Digest,
        /// The edge's beginning.
        from: String,
        /// The edge's end.
        to: String,
    },
    /// The index names other signers than those found.
    #[error(
        "the index holds other signers of {statement} than its signatures show; run `bartizan lineage reindex`"
    )]
    Signers {
        /// The statement named.
        statement: Digest,
    },
}

/// Checks every statement that `lineage` rests on, and that each says what the edge says. By digest of the envelope.
///
/// # Errors
/// The first [`ProofError`].
pub fn prove(store: &Store, lineage: &Lineage) -> Result<BTreeMap<Digest, Proof>, ProofError> {
    let mut proofs = BTreeMap::new();
    let mut said = BTreeMap::new();
    let places: BTreeMap<&Digest, Option<u64>> =
        lineage.edges.iter().map(|edge| (&edge.support.statement, edge.support.log_index)).collect();
    for statement in lineage.statements() {
        let failed =
            |error: StoreError| ProofError::Store { statement: statement.clone(), error: Box::new(error) };
        let content = store.blobs().get(statement).map_err(failed)?;
        let envelope = Envelope::from_json(&content).map_err(|error| failed(error.into()))?;
        let payload = envelope.payload_of(PAYLOAD_TYPE).map_err(|error| failed(error.into()))?;
        let read: Statement = Statement::from_payload(payload).map_err(|error| failed(error.into()))?;
        let facts = super::Facts::of_statement(&read, &Digest::sha256(payload));
        let log = match (places.get(statement).copied().flatten(), store.log()) {
            (Some(place), Some(log)) => {
                let entry = log.entries(place, 1).map_err(failed)?.pop().unwrap_or_default();
                if envelope_of(&entry).as_ref() != Some(statement) {
                    return Err(failed(StoreError::Log(format!("entry {place} names another envelope"))));
                }
                Some(log.prove(place, &entry).map_err(failed)?)
            }
            (Some(_), None) => return Err(failed(StoreError::Log("there is none".to_owned()))),
            (None, _) => None,
        };
        said.insert(statement.clone(), facts.edges);
        proofs.insert(statement.clone(), Proof { signers: store.trust().signers(&envelope), log });
    }
    for edge in &lineage.edges {
        let statement = &edge.support.statement;
        let made = said.get(statement).is_some_and(|edges| {
            edges
                .binary_search_by(|known| {
                    (&known.from, &known.to, known.relation).cmp(&(&edge.from, &edge.to, edge.relation))
                })
                .is_ok()
        });
        if !made {
            return Err(ProofError::Edge {
                statement: statement.clone(),
                from: edge.from.to_string(),
                to: edge.to.to_string(),
            });
        }
        if proofs.get(statement).is_none_or(|proof| proof.signers != edge.support.signers) {
            return Err(ProofError::Signers { statement: statement.clone() });
        }
    }
    Ok(proofs)
}
