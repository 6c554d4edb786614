//! The gateway over real sockets: what passes, what is stopped, and what hostile peers get.

#![cfg(feature = "gateway")]

mod hostile;
mod passing;
mod support;
