//! The words Bartizan speaks, and the tools every floor above needs to speak them.
//!
//! [`Rule`], [`Finding`], [`Subject`] and [`Limits`] are the vocabulary; [`Source`] and [`Cursor`] read hostile
//! input within bounds. Nothing here prints, exits or reads the environment.

mod cursor;
mod finding;
mod limits;
mod rule;
mod source;
mod subject;

pub use cursor::{Cursor, ShortRead};
pub use finding::{Finding, Location, fingerprint, hex, is_invisible, printable};
pub use limits::{Clock, Limits, MonotonicClock};
pub use rule::{Confidence, Rule, Severity, Taxonomy, atlas, cwe, owasp_agentic, owasp_llm, owasp_ml};
pub use source::{Source, SourceError};
pub use subject::{Digest, Gap, Kind, Status, Subject};
