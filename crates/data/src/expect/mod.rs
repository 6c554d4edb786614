//! What a dataset is expected to be: a suite of expectations that people read and edit, learned from a reference,
//! imported from other tools, and checked by the engine.

mod croissant;
mod great_expectations;
mod import;
mod learn;
mod pandera;
mod suite;
mod yaml;

pub use import::{ImportError, Imported, MOST_IMPORTED_BYTES, import};
pub use learn::{Confidence, coverage, learn, unseen_share};
pub use suite::{Bound, Expectation, Reference, SUITE_SCHEMA, Statistic, Suite, SuiteError};
