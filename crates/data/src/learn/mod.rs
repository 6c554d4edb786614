//! Small models that a detector fits and asks: sparse features and logistic regression, deterministic by construction.

mod folds;
mod logistic;
mod sparse;
mod tokens;

pub use folds::{folds, grouped_folds};
pub use logistic::{Logistic, LogisticOptions, log_odds, sigmoid};
pub use sparse::{Sparse, SparseBuilder};
pub use tokens::{is_hidden, lower_case, tokens};
