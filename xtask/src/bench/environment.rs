//! Throw-away Python environments below the target folder, made from pinned requirements.

use super::workplace;
use crate::process::{root, run};
use std::path::PathBuf;

/// The environment called `name` with what `pins` (a path from the repository's root) lists; an earlier one made from
/// the same pins is used again.
///
/// # Errors
/// When Python's `venv` or pip fails.
pub(crate) fn install(name: &str, pins: &str) -> Result<PathBuf, String> {
    let folder = workplace()?.join(name);
    let pins = root().join(pins);
    let wanted = std::fs::read_to_string(&pins).map_err(|error| format!("{}: {error}", pins.display()))?;
    let stamp = folder.join("installed.txt");
    if !std::fs::read_to_string(&stamp).is_ok_and(|held| held == wanted) {
        println!("installing the {name} into {}", folder.display());
        run("python3", &["-m", "venv", "--clear", &folder.to_string_lossy()])?;
        run(folder.join("bin/pip"), &["install", "--quiet", "--requirement", &pins.to_string_lossy()])?;
        std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    }
    Ok(folder)
}
