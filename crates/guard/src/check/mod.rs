//! Checks on what is asked of a model and what it answers.
//!
//! One file per check, one line in the registry. A check is pure: the same exchange under the same policy gives the same
//! judgement, however a stream was cut into pieces, in time linear in its length.

mod judgement;

pub use judgement::{Action, Edit, Judgement, Reason, Release};
