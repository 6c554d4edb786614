//! Readers for the wire encodings that several formats share. Each is bounded, borrows its input and never recurses
//! on input depth.

pub mod base64;
pub mod flatbuffer;
#[cfg(test)]
pub(crate) mod flatbuffer_fixture;
pub mod json;
pub mod json_tree;
pub mod msgpack;
pub mod protobuf;
pub mod ubjson;
