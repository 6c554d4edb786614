//! Small states that summarise a stream of any length, merge, and travel between machines.
//!
//! Merging is associative and commutative for every sketch here (exactly, or to rounding where floats are summed).

mod count_min;
mod distinct;
mod frequent;
mod moments;
mod quantiles;
mod sample;
mod similarity;

pub use count_min::CountMin;
pub use distinct::HyperLogLog;
pub use frequent::{FrequentItem, FrequentItems};
pub use moments::Moments;
pub use quantiles::DdSketch;
pub use sample::BottomK;
pub use similarity::{MinHash, band_keys, collision_probability, sim_hash};
