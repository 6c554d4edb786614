//! Checking a dataset against a suite: all expectations become one plan per file, read once; what fails is then looked up
//! row by row.

mod compile;
mod examples;
mod judge;
mod outcome;
mod run;
mod unique;

pub use outcome::{CHECK_SCHEMA, CheckReport, CheckStatus, Example, Outcome};
pub use run::CheckSettings;
