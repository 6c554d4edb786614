//! TensorFlow: saved models, meta graphs, frozen graphs and checkpoint indices.

mod ops;

pub(crate) use ops::{is_registered, risky_op};
