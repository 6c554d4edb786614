//! What a line of code or a command would do.

mod command;
mod decoded;
mod destructive;
mod expansion;
mod fetched;
mod functions;
mod glob;
mod here;
mod line;
mod places;
mod said;
mod shell;
mod statement;
mod variables;

pub(crate) use line::{Grade, LONGEST, TRIGGERS, carried, danger, is_triggered};
pub(crate) use said::{Quoted, lines};
pub(crate) use variables::Variables;
