//! Readers for the wire encodings that several formats share. Each is bounded, borrows its input and never recurses
//! on input depth.

pub mod json;
pub mod protobuf;
