//! The words Bartizan speaks, and the tools every floor above needs to speak them.
//!
//! [`Rule`], [`Finding`], [`Subject`] and [`Limits`] are the vocabulary; [`Source`] and [`Cursor`] read hostile
//! input within bounds. [`walk`] finds what to scan, [`sweep`] reads it, [`triage`] makes a [`report`] of it and
//! [`render`] writes that. Nothing here prints, exits or reads the environment.

pub mod baseline;
pub mod python;
pub mod render;
pub mod report;
pub mod suppress;
pub mod sweep;
pub mod triage;
pub mod walk;

mod cursor;
mod finding;
mod limits;
mod page;
mod rule;
mod source;
mod subject;
mod whole_file;

pub use cursor::{Cursor, ShortRead};
pub use finding::{Finding, Location, fingerprint, hex, is_invisible, printable};
pub use limits::{Clock, Limits, MonotonicClock};
pub use rule::{Confidence, Rule, Severity, Taxonomy, atlas, cwe, owasp_agentic, owasp_llm, owasp_ml};
pub use source::{Source, SourceError};
pub use subject::{Digest, Gap, Kind, Status, Subject};
pub use whole_file::write_whole;

/// The rules of this crate: what a walk or an ignore file can show, by id.
pub const RULES: &[&Rule] = &[&suppress::EXPIRED_SUPPRESSION, &walk::SYMLINK_ESCAPE, &walk::SYMLINK_LOOP];
