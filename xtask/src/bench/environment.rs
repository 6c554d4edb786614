//! Throw-away Python environments below the target folder, made from pinned requirements.

use super::workplace;
use crate::tools;
use std::path::PathBuf;

/// The environment called `name` with what `pins` (a path from the repository's root) lists; an earlier one made from
/// the same pins is used again.
///
/// # Errors
/// When Python's `venv` or pip fails.
pub(crate) fn install(name: &str, pins: &str) -> Result<PathBuf, String> {
    let folder = workplace()?.join(name);
    tools::environment(name, &folder, pins)?;
    Ok(folder)
}
