//! What passes between people, models and tools, read and judged on its way.
//!
//! | module | subject |
//! | --- | --- |
//! | [`exchange`] | one request or answer as the protocols give it |
//! | [`protocol`] | reading bodies into exchanges, and writing changes back |
//! | [`check`] | the judgement: pure, without clock, network or disk |
//! | [`settings`] | the `[guard]` table of `bartizan.toml` |
//! | `gateway` | the process in front of a model endpoint (with the feature `gateway`) |

pub mod check;
pub mod exchange;
#[cfg(feature = "gateway")]
pub mod gateway;
pub mod protocol;
pub mod settings;
