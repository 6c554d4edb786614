//! What a line of code or a command would do.

mod command;
mod line;
mod statement;

pub(crate) use line::{Grade, LONGEST, danger, is_triggered};
