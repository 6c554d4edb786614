//! Has a stream changed? Detectors that see one value at a time, and tests that may be looked at all the time.

mod adwin;
mod control;
mod jumps;
mod sequential;

pub use adwin::Adwin;
pub use control::{Cusum, Ddm, PageHinkley, Signal};
pub use jumps::{Jump, SHORTEST, jumps};
pub use sequential::{BetaBinomial, confidence_half_width};
