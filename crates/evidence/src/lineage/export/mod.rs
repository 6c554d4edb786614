//! Lineage in the forms that others read.

mod bom;
pub mod cyclonedx;
pub mod drawing;
mod json;
pub mod openlineage;
pub mod spdx;
pub mod svg;

pub use json::{SCHEMA, json};

/// Who wrote a document, and when.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// Name of the program.
    pub tool: &'a str,
    /// Its version.
    pub version: &'a str,
    /// When, as RFC 3339 in UTC.
    pub time: &'a str,
}
