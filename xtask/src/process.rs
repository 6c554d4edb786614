//! Running other programs: in the repository's root, with an error that names the command.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's root folder.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Where cargo puts what it builds; benches keep their generated files and the peers' environment below it.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Runs `program` with its output on the terminal.
///
/// # Errors
/// The command line and its exit status when it does not succeed.
pub(crate) fn run(program: impl AsRef<Path>, arguments: &[&str]) -> Result<(), String> {
    let program = program.as_ref();
    let line = format!("{} {}", program.display(), arguments.join(" "));
    let status = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .status()
        .map_err(|error| format!("cannot start `{line}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed: {status}")) }
}

/// Runs `program` and gives its standard output; its exit status is the caller's to judge.
///
/// # Errors
/// When it cannot be started or prints no UTF-8.
pub(crate) fn output(program: impl AsRef<Path>, arguments: &[&str]) -> Result<(Option<i32>, String), String> {
    let program = program.as_ref();
    let line = format!("{} {}", program.display(), arguments.join(" "));
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start `{line}`: {error}"))?;
    let text = String::from_utf8(output.stdout).map_err(|_| format!("`{line}` printed no UTF-8"))?;
    Ok((output.status.code(), text))
}
