//! What passes between people, models and tools, read and judged on its way.
//!
//! [`exchange`] is one request or answer as the protocols give it; [`check`] judges it: pure, without clock, network or disk.

pub mod check;
pub mod exchange;
