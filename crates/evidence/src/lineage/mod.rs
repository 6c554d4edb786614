//! Lineage: one graph over everything that statements say about where artifacts come from.
//!
//! | module | subject |
//! | --- | --- |
//! | [`Facts`] | what one statement says |
//! | [`trace()`] | a walk: blast radius and ancestry |
//! | [`Lineage`] | its result: nodes, edges, what each rests on, cycles, contradictions |
//! | [`diff`] | what two lineages have in common |
//! | [`bisect`] | the first bad version between two |
//! | [`erasure`] | everything made from a record, as a statement |
//! | [`import`] | OpenLineage, MLflow, DVC, Croissant, model cards, git, CycloneDX, SPDX |
//! | [`export`] | OpenLineage, CycloneDX, SPDX, Mermaid, DOT, SVG |

pub mod bisect;
mod cycles;
pub mod diff;
mod doubts;
pub mod erasure;
pub mod export;
mod facts;
mod graph;
pub mod import;
mod node;
mod proof;
mod trace;

#[cfg(test)]
pub(crate) mod testing;

pub use facts::{EdgeFact, Facts, LINEAGE_V1, MOST_FACTS, NodeFact, PROVENANCE_V0_2, USE_V1, kind_of_name};
pub use graph::{Contradiction, Edge, Lineage, Node, Support, Totals};
pub use node::{Kind, LONGEST_NODE, NodeId, NodeIdError, Relation};
pub use proof::{Proof, ProofError, prove};
pub use trace::{MOST_NODES, TraceError, TraceRequest, trace, whole};
