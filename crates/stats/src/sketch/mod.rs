//! Small states that summarise a stream of any length, merge, and travel between machines.
//!
//! Merging is associative and commutative for every sketch here (exactly, or to rounding where floats are summed),
//! but for [`KllSketch`], whose promise, not whose state, is the same in any order.

mod count_min;
mod distinct;
mod frequent;
mod heavy;
mod moments;
mod quantiles;
mod ranks;
mod sample;
mod similarity;
mod tally;

pub use count_min::CountMin;
pub use distinct::HyperLogLog;
pub use frequent::{FrequentItem, FrequentItems};
pub use heavy::{HeavyHitters, LONGEST_KEPT};
pub use moments::{Moments, finite_range};
pub use quantiles::DdSketch;
pub use ranks::KllSketch;
pub use sample::BottomK;
pub use similarity::{MinHash, band_keys, collision_probability, sim_hash};
pub use tally::{Repeat, tally};
