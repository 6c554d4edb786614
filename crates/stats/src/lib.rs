//! Pure numbers for the floors above: sketches that merge, tests that compare two samples, detectors of change,
//! models of what is ordinary, and the search for wrong labels.
//!
//! No input, output, clock or global state. Randomness comes from a seed, and every result is the same whatever the
//! thread count. States derive serde and merge, so that the same state runs in one process or on a cluster.
#![forbid(unsafe_code)]
#![expect(clippy::needless_for_each, reason = "an element-wise pass over zipped slices reads as one line")]
#![expect(clippy::similar_names, reason = "pairs such as equal_a and equal_b name the two samples")]
#![expect(clippy::indexing_slicing, reason = "kernels index arrays whose shape was checked on entry")]
#![expect(clippy::many_single_char_names, reason = "formulas keep the letters of their papers")]
#![expect(
    clippy::cast_sign_loss,
    reason = "indices and counts are floored from values checked to be non-negative"
)]
#![expect(clippy::cast_possible_wrap, reason = "powers and hash parts are bounded far below the sign bit")]

pub mod anomaly;
pub mod compare;
pub mod labels;
pub mod monitor;
pub mod multiple;
pub mod sketch;
pub mod special;
pub mod spectral;

mod error;
mod random;

pub use error::StatsError;
pub use random::{Random, hash64, hash64_ascii, mix64};
