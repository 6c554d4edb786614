//! How the columns of two datasets differ, from their profiles alone, and how samples of their rows do when all columns are
//! looked at together.
//!
//! Every test gets a p-value, corrected for the number of tests, and an effect size. A column has drifted when a test is
//! both significant and large enough: with millions of rows every trifle is significant.

mod column;
mod joint;
mod report;

pub use column::{ColumnDrift, DriftTest};
pub use joint::{JointTest, joint_tests};
pub use report::{DRIFT_SCHEMA, Drift, DriftSettings, drift};
