//! What a line of code or a command would do.

mod command;
mod destructive;
mod line;
mod shell;
mod statement;

pub(crate) use line::{Grade, LONGEST, TRIGGERS, danger, is_triggered};
pub(crate) use shell::Variables;
