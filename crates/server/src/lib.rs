//! The control plane: what stands between what was made and what runs.
//!
//! | module | subject |
//! | --- | --- |
//! | [`admission`] | a Kubernetes admission webhook that lets in what the gate lets in |
//! | [`lookup`] | what tags, branches and names of models stand for now |
//! | [`registry`] | models pulled from OCI registries, by digest |
//!
//! Nothing here decides by itself: who decides is handed in, and so are clock, keys and credentials.

pub mod admission;
pub mod lookup;
pub mod registry;

mod web;

pub use web::{Roots, WebError};
