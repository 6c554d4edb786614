//! One file per model format.

mod boosted_tree;
pub mod catboost;
pub mod cntk;
pub mod flax;
pub mod ggml;
pub mod gguf;
pub mod hf_config;
pub(crate) mod hidden;
pub mod java_serialized;
mod java_stream;
pub mod jinja;
pub mod keras;
pub mod lightgbm;
pub mod malformed;
pub mod mxnet;
pub mod native_library;
pub mod npy;
mod npy_literal;
pub mod onnx;
pub mod paddle;
pub mod pmml;
pub mod pyc;
pub mod r_data;
pub mod rknn;
pub mod safetensors;
pub mod skops;
pub mod tensorflow;
pub mod tensorrt;
#[cfg(test)]
pub(crate) mod testing;
pub mod torch7;
pub mod xgboost;
pub mod xml;
pub mod hdf5;
