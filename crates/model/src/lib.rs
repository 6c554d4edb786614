//! Model files: their formats, and what can hide in them.
//!
//! [`scan`] is the way in. It recognises the content ([`identify`](mod@identify)), lets every format that claims it
//! read it ([`Format`]), follows archive members and embedded payloads within [`Limits`], and gives back what
//! was found and what could not be read. Nothing scanned is ever executed, imported or unpickled.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub mod archive;
pub mod binary;
pub mod call;
pub mod formats;
pub mod load_guard;
pub mod names;
pub mod pickle;
pub mod python;
pub mod text;
pub mod weights;
pub mod wire;

mod engine;
mod extension;
mod format;
mod identify;
mod input;
mod inspector;
pub mod registry;
mod siblings;

pub use engine::{Outcome, Scan, decompile, scan, scan_as, scan_without};
pub use format::{Format, Recognition};
pub use input::{Input, NoSiblings, Sibling, Siblings};
pub use inspector::ModelInspector;
pub use siblings::FolderSiblings;

#[doc(no_inline)]
pub use bartizan_core::{Limits, Rule};
