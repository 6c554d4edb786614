//! Where data may come from, and whether it is still what it was: an allow-list with pinned digests, and quarantine.
//!
//! A copy on the web can change after it was reviewed, while the address stays the same (split-view poisoning: Carlini and
//! others, "Poisoning web-scale training datasets is practical", arXiv:2302.10149). Digests of every file settle it.

mod check;
mod list;
mod quarantine;

pub use check::{Problem, SourceReport, check, digest_of, matching, pins};
pub use list::{Dataset, MOST_BYTES, SOURCES_SCHEMA, Sources, SourcesError};
pub use quarantine::{QUARANTINE_FOLDER, QuarantineError, Record, list, quarantine, restore};
