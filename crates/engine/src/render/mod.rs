//! What people see: tables for terminals, pages for browsers. All pure: a result in, text out.

mod check;
mod drift;
mod number;
mod page;
mod profile;

pub use check::{check_junit, check_table};
pub use drift::drift_table;
pub(crate) use number::{count, number, value};
pub use page::profile_page;
pub use profile::profile_table;
