//! One file per model format.

pub mod flax;
pub mod ggml;
pub mod gguf;
pub mod hf_config;
pub(crate) mod hidden;
pub mod java_serialized;
mod java_stream;
pub mod jinja;
pub mod keras;
pub mod malformed;
pub mod npy;
mod npy_literal;
pub mod onnx;
pub mod pmml;
pub mod r_data;
pub mod safetensors;
pub mod skops;
pub mod tensorflow;
#[cfg(test)]
pub(crate) mod testing;
pub mod xml;
