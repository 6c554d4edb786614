//! What Python's string operations give, for everything that folds constants: pickles, bytecode and source.

pub(crate) mod codecs;
mod formatting;

pub(crate) use formatting::{Argument, formatted, interpolated, replaced, slice};

/// Longest text that folding gives, in bytes.
pub(crate) const MOST_BYTES: usize = 1 << 20;

/// A text or byte string that was computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Folded {
    /// A string.
    Text(String),
    /// A byte string.
    Bytes(Vec<u8>),
}
