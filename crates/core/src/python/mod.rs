//! What is measured on the characters of Python source before a parser sees it: how deep it nests, where it can be cut.

mod nesting;
mod pieces;

pub use nesting::{MOST as MOST_LEVELS, levels};
pub use pieces::{Piece, pieces};
