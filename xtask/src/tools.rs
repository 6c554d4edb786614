//! The programs that `test` needs besides the Rust toolchain: found on the machine, or installed with cargo.

use crate::process::{output, run};

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

/// The first `major.minor.patch` in `text`.
fn version(text: &str) -> Option<[u32; 3]> {
    text.split_whitespace().find_map(|word| {
        let mut parts = word.trim_start_matches('v').splitn(3, '.').map(|part| part.parse().ok());
        Some([parts.next()??, parts.next()??, parts.next()??])
    })
}
