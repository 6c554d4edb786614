//! Asking servers over HTTP and TLS, each answer bounded in size and time.
//!
//! | file | subject |
//! | --- | --- |
//! | `place` | addresses, and which lead to which |
//! | `client` | one question, and its answer |

mod client;
mod place;

pub(crate) use client::{Client, Got, MOST_REDIRECTS, PATIENCE, broke_off, redirected};
pub use client::{Roots, WebError};
pub(crate) use place::{Place, is_this_machine};
