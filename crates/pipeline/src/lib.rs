//! How models are built, shipped and served: code and notebooks, CI, manifests, dependencies, what agents are given.
//!
//! [`examine`] asks each [`Reader`] of the [`registry`] whether a text is its own and lets it report. Every finding has
//! line and column. Nothing here runs, resolves or fetches what it reads.

mod address;
mod ci;
mod credential;
mod credential_files;
mod docker;
mod environment_file;
mod examine;
mod fix;
mod header;
mod image;
mod image_program;
mod inspector;
mod issue;
mod javascript;
mod login;
mod marks;
mod mount;
mod pin;
mod placeholder;
mod prompts;
mod python;
mod reader;
mod serving;
mod settings_passwords;
mod surroundings;
#[cfg(test)]
mod testing;
mod text;
mod told;
mod variable;
mod withdraw;

pub mod agents;
mod authentication;
pub mod dependencies;
mod digest;
pub mod hcl;
pub mod registry;
pub mod rules;
pub mod shell;
pub mod yaml;

pub use examine::{Outcome, examine, examine_as};
pub use fix::{Edit, Fix, Proposal, Safety, apply};
pub use inspector::{Learnt, PipelineInspector, decoded};
pub use issue::Issue;
pub use pin::{Answer, Asked, HubKind, Repository};
pub use python::place_in_file;
pub use reader::{Notes, Place, Reader};
pub use surroundings::Surroundings;
pub use text::Text;
