//! Python source shipped with a model or written into one.

use crate::Scan;
use bartizan_core::Location;

/// Where a piece of Python source came from, which decides what is normal in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Remote code beside a model (`modeling_*.py`), a TorchServe handler, a shipped script: imports and file access are normal.
    Module,
    /// Text evaluated from inside a model file (a `Lambda` body, an `eval` argument, a pickle's `exec` string): nothing is normal.
    Embedded,
    /// The `code/` archive of TorchScript: only TorchScript's own operators are normal.
    TorchScript,
}

/// Inspects `code` found at `place` and reports dangerous calls, with lines relative to `place`.
pub fn inspect(_code: &str, _role: Role, _place: &Location, _scan: &mut Scan<'_>) {}
