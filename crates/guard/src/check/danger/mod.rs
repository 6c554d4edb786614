//! What a line of code or a command would do.

mod command;
mod decoded;
mod destructive;
mod expansion;
mod feeding;
mod fetched;
mod functions;
mod glob;
mod here;
mod line;
mod places;
mod said;
mod shell;
mod statement;
mod triggers;
mod variables;
mod whole;

pub(crate) use line::{Danger, Grade, LONGEST, carried, danger};
pub(crate) use said::{Quoted, lines};
pub(crate) use triggers::{TRIGGERS, is_triggered};
pub(crate) use variables::Variables;
