//! The guard: one process in front of a model endpoint that judges every exchange, streams without breaking, and leaves a
//! receipt for every decision.
//!
//! | module | subject |
//! | --- | --- |
//! | [`protocol`] | what is said, in the protocols that carry it |
//! | [`check`] | what is judged, and what becomes of it |

pub mod check;
pub mod protocol;
