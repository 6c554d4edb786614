//! The gateway over real sockets: what passes, what is stopped, and what hostile peers get.

#![cfg(test)]
#![cfg(feature = "gateway")]

mod contents;
mod counters;
mod forms;
mod hostile;
mod identity;
mod models;
mod passing;
mod receipts;
mod shapes;
mod streaming;
mod support;
mod telling;
mod tls;
