//! Datasets at size: profiles, expectations and drift as ordinary plans of DataFusion over Parquet, CSV, JSON, Arrow and
//! Avro, larger than memory.
//!
//! [`input`] turns what a user names into tables, [`aggregate`] holds the functions whose states merge and travel, and
//! [`Engine`] runs plans. Nothing here prints, exits or reads the environment; the binary `bartizan-data` does.

pub mod aggregate;
mod automaton;
pub mod check;
mod error;
mod function;
pub mod input;
mod learn;
mod profile;
pub mod render;
mod rows;
mod sample;
mod session;

pub use error::EngineError;
pub use learn::Learned;
pub use profile::MOST_COLUMNS;
pub use session::{BATCH, Engine, PARTITIONS, Settings};
