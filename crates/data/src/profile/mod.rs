//! What a dataset is like, column by column, in states that merge: the same profile comes from one process, from shards
//! read one after another, or from machines that each read some.
//!
//! [`ColumnState`] is filled from values of any origin; [`Profile`] is the file that is kept and compared.

mod column;
mod correlation;
mod feed;
mod file;
mod kind;
mod shape;
mod summary;

pub use column::ColumnState;
pub use correlation::{CorrelationState, MOST_CORRELATED, Pair};
pub use feed::{hash_number, hash_text};
pub use file::{ColumnProfile, MOST_BYTES, Profile, ProfileError, SCHEMA, Shard, ShardColumn};
pub use kind::{Parts, ValueKind};
pub use shape::shape;
pub use summary::{Bin, ColumnSummary, FrequentValue, Quantile, SHARES};
