//! What can be wrong with the numbers a caller hands in.

/// Why a statistic could not be computed. Each variant names the argument and what would be accepted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StatsError {
    /// A sample, table or model input holds nothing.
    #[error("{subject} is empty: at least {needed} value(s) are needed")]
    Empty {
        /// The argument.
        subject: &'static str,
        /// How many values the method needs.
        needed: usize,
    },
    /// Two arguments that must agree in shape do not.
    #[error("{subject} has {found} element(s) where {expected} were expected")]
    ShapeMismatch {
        /// The argument.
        subject: &'static str,
        /// Elements expected.
        expected: usize,
        /// Elements found.
        found: usize,
    },
    /// A NaN or an infinity where only finite numbers have a meaning.
    #[error("{subject}[{index}] is not a finite number: drop or impute it first")]
    NotFinite {
        /// The argument.
        subject: &'static str,
        /// Position of the first such value, row-major.
        index: usize,
    },
    /// A parameter outside the domain of the function.
    #[error("{subject} is {value}, outside {expected}")]
    Domain {
        /// The parameter.
        subject: &'static str,
        /// Its value.
        value: f64,
        /// The domain in words.
        expected: &'static str,
    },
    /// States made with different parameters cannot be merged.
    #[error(
        "cannot merge two {subject} states made with different parameters: build both with the same ones"
    )]
    Incompatible {
        /// The kind of state.
        subject: &'static str,
    },
}

/// Fails with the place of the first value that is not finite.
pub(crate) fn finite(subject: &'static str, values: &[f64]) -> Result<(), StatsError> {
    match values.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(StatsError::NotFinite { subject, index }),
        None => Ok(()),
    }
}

/// Fails when fewer than `needed` values are there, or one of them is not finite.
pub(crate) fn sample(subject: &'static str, values: &[f64], needed: usize) -> Result<(), StatsError> {
    if values.len() < needed {
        return Err(StatsError::Empty { subject, needed });
    }
    finite(subject, values)
}
