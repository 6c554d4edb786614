//! Rows of text out of files: JSON Lines, JSON arrays, CSV and its kin, plain text; compressed with gzip or not.
//!
//! A file is read row by row in constant memory; a row is at most [`LONGEST_ROW`] bytes. Whatever is wrong is said with
//! row and line, and ends the reading: a file that was not read to its end is never judged as if it had been.

mod delimited;
mod json;
mod part;
mod plant;
mod read;
mod rewrite;
mod whole;

pub use part::part;
pub use plant::plant;
pub use read::{Form, TableError, Visit, read};
pub use rewrite::{Change, rewrite};
pub use whole::is_whole;

/// Longest row, in bytes.
pub const LONGEST_ROW: usize = 64 << 20;
/// Most columns of a row.
pub const MOST_COLUMNS: usize = 65_536;
/// How deep a JSON value may nest.
pub const DEEPEST: usize = 64;

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Its column; of nested JSON, the names and positions down to it, parted by dots.
    pub column: String,
    /// The value as text.
    pub value: String,
}
