//! The Python interpreter a command uses or would find: asked about itself, its file digested.

use super::{Surroundings, ask};
use crate::run::child::resolve;
use crate::run::files::{Reading, digest_file};
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;

/// Asks an interpreter about itself. The working folder leaves the search path first, so that no file of the project is
/// imported in place of the standard library's.
const QUESTION: &str = "\
import sys
if sys.path and sys.path[0] == '': del sys.path[0]
import json
print(json.dumps({'version': sys.version.split()[0], 'implementation': sys.implementation.name, 'path': sys.executable,
'prefix': sys.prefix, 'basePrefix': sys.base_prefix, 'searchPath': sys.path, 'hashRandomization': bool(sys.flags.hash_randomization)}))";

/// A Python interpreter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Interpreter {
    /// `cpython`, `pypy`.
    pub implementation: String,
    /// Its version.
    pub version: String,
    /// Its file.
    pub path: PathBuf,
    /// SHA-256 of its file, in hexadecimal digits.
    pub sha256: String,
    /// The environment it works in.
    pub prefix: PathBuf,
    /// The installation that environment was made from.
    pub base_prefix: PathBuf,
    /// Where it looks for modules.
    pub search_path: Vec<PathBuf>,
    /// Whether the order of sets of strings differs from run to run.
    pub hash_randomization: bool,
}

/// The interpreter of a command: the program itself, the one its first line names, else the one on the path.
pub(super) fn interpreter(at: &Surroundings<'_>, gaps: &mut Vec<String>) -> Option<Interpreter> {
    let search = at.variable("PATH");
    let find = |name: &str| resolve(OsStr::new(name), at.directory, search);
    let program = if is_python(at.program) {
        Some(at.program.to_owned())
    } else {
        script_interpreter(at.program, find)
    };
    let program = program.or_else(|| find("python3")).or_else(|| find("python"))?;
    let mut command = Command::new(&program);
    command.args(["-c", QUESTION]).current_dir(at.directory).env_clear();
    command.envs(at.variables.iter().map(|(name, value)| (name, value)));
    let failed = |reason: String| format!("interpreter: {reason}");
    let answer = ask(command).map_err(|reason| gaps.push(failed(reason))).ok()?;
    let mut interpreter: Interpreter =
        serde_json::from_str(&answer).map_err(|error| gaps.push(failed(error.to_string()))).ok()?;
    match digest_file(&interpreter.path, Reading::all(&AtomicBool::new(false))) {
        Ok(file) => file.digest.value().clone_into(&mut interpreter.sha256),
        Err(error) => gaps.push(failed(format!("{}: {error}", interpreter.path.display()))),
    }
    Some(interpreter)
}

fn is_python(program: &Path) -> bool {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let rest = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"));
    rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// The Python that a script's first line names, directly or through `env`.
fn script_interpreter(script: &Path, find: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let mut head = String::new();
    fs::metadata(script).ok().filter(fs::Metadata::is_file)?;
    File::open(script).ok()?.take(256).read_to_string(&mut head).ok()?;
    let mut words = head.strip_prefix("#!")?.lines().next()?.split_whitespace();
    let first = Path::new(words.next()?);
    if first.file_name() == Some(OsStr::new("env")) {
        let name = words.find(|word| !word.starts_with('-'))?;
        return is_python(Path::new(name)).then(|| find(name))?;
    }
    is_python(first).then(|| first.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters_are_known_by_name() {
        for (name, is) in
            [("python", true), ("python3.11", true), ("pypy3", true), ("pythonista", false), ("sh", false)]
        {
            assert_eq!(is_python(Path::new(name)), is, "{name}");
        }
    }

    #[test]
    fn a_script_names_its_interpreter() {
        let folder = tempfile::tempdir().unwrap();
        let script = |text: &str| {
            let path = folder.path().join("script");
            fs::write(&path, text).unwrap();
            script_interpreter(&path, |name| Some(Path::new("/found").join(name)))
        };
        assert_eq!(script("#!/usr/bin/python3 -u\n"), Some(PathBuf::from("/usr/bin/python3")));
        assert_eq!(script("#!/usr/bin/env -S python3.11\n"), Some(PathBuf::from("/found/python3.11")));
        assert_eq!(script("#!/bin/sh\n"), None);
        assert_eq!(script("\u{7f}ELF"), None);
    }
}
