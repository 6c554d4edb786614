//! How models are built, shipped and served: code and notebooks, CI, manifests, dependencies, what agents are given.
//!
//! [`examine`] asks each [`Reader`] of the [`registry`] whether a text is its own and lets it report. Every finding has
//! line and column. Nothing here runs, resolves or fetches what it reads.

mod examine;
mod fix;
mod inspector;
mod python;
mod reader;
mod text;

pub mod registry;

pub use examine::{Outcome, examine};
pub use fix::{Edit, Fix, Proposal, Safety, apply};
pub use inspector::PipelineInspector;
pub use reader::{Notes, Place, Reader};
pub use text::Text;
