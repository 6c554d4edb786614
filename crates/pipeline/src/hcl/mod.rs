//! HCL, as Terraform and OpenTofu write it.

mod firewall;
mod known;
mod reached;
mod rights;
mod terraform;
mod tree;

pub(crate) use firewall::{MODEL_SERVERS, between as reached_between};
pub(crate) use terraform::Terraform;
pub use tree::{Attribute, Block, Body, STOPS, Stop, Value, read, read_noting};
