//! What passes between people, models and tools, read and judged on its way.
//!
//! | module | subject |
//! | --- | --- |
//! | [`exchange`] | one request or answer as the protocols give it |
//! | [`protocol`] | reading bodies into exchanges, and writing changes back |
//! | [`check`] | the judgement: pure, without clock, network or disk |

pub mod check;
pub mod exchange;
pub mod protocol;
