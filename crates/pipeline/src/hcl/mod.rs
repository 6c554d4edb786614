//! HCL, as Terraform and OpenTofu write it.

pub(crate) mod terraform;
mod tree;

pub(crate) use terraform::Terraform;
pub use tree::{Attribute, Block, Body, STOPS, Stop, Value, read, read_noting};
