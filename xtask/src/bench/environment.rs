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
        eprintln!("installing the {name} into {}", folder.display());
        run("python3", &["-m", "venv", "--clear", &folder.to_string_lossy()])?;
        let pip = folder.join("bin/pip");
        let installed = std::process::Command::new(&pip)
            .args(["install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(&pins)
            .output()
            .map_err(|error| format!("cannot start {}: {error}", pip.display()))?;
        if !installed.status.success() {
            let said = String::from_utf8_lossy(&installed.stderr);
            let reason = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no message");
            return Err(format!("pip cannot install {}: {reason}", pins.display()));
        }
        std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    }
    Ok(folder)
}
