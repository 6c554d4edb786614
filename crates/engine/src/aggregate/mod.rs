//! What a plan computes over a whole file: aggregate functions whose states are bytes, so that they travel and merge.

mod column;
mod correlation;
mod intervals;
mod violations;
mod wrapper;

pub(crate) use column::observe;
pub use column::{ColumnAggregate, column_state};
pub(crate) use correlation::numbers_of;
pub use correlation::{CorrelationAggregate, correlation_state};
pub use intervals::{Intervals, IntervalsAggregate, intervals};
pub use violations::{Violations, ViolationsAggregate, violations};
