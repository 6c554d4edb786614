//! One file per model format.

pub mod ggml;
pub mod gguf;
pub(crate) mod hidden;
pub mod safetensors;
