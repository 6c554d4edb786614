//! `bartizan policy fmt`: Rego in the one layout, in place, or a check that it is.

use crate::commands::scan::write_whole;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::project;
use bartizan_policy::PolicyError;
use bartizan_policy::format::format;
use bartizan_policy::source::{LARGEST_FILE, MOST_FILES};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Lays out every `.rego` file at or below the paths.
///
/// # Errors
/// [`Failure::Read`], [`Failure::Write`] and [`Failure::Policy`]; files before the one that fails are done.
pub(super) fn run(paths: &[PathBuf], check: bool) -> Result<Exit, Failure> {
    let mut changed = 0_usize;
    let mut out = io::stdout().lock();
    for path in files(paths)? {
        let text = project::document("policy", &path, LARGEST_FILE)?;
        let refused = |problem: String| PolicyError::Rego { path: path.display().to_string(), problem };
        let text = String::from_utf8(text).map_err(|_| refused("it is not UTF-8".to_owned()))?;
        let laid_out = format(&text).map_err(|error| refused(error.to_string()))?;
        if path.as_os_str() == "-" && !check {
            out.write_all(laid_out.as_bytes())?;
            continue;
        }
        if laid_out == text {
            continue;
        }
        changed += 1;
        if check {
            writeln!(out, "would change {}", path.display())?;
        } else {
            write_whole(&path, |out| out.write_all(laid_out.as_bytes()))?;
            writeln!(out, "changed {}", path.display())?;
        }
    }
    Ok(if check && changed > 0 { Exit::Found } else { Exit::Done })
}

/// The files that are named, and those that end in `.rego` in the folders that are.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut work: Vec<PathBuf> = paths.iter().rev().cloned().collect();
    while let Some(path) = work.pop() {
        if !path.is_dir() {
            found.push(path);
            continue;
        }
        let failed = |error| Failure::Read { what: "folder", path: path.clone(), error };
        let mut inner: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(&path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            let is_rego = entry.path().extension().is_some_and(|ending| ending == "rego");
            // Links are left alone: what they lead to may be somebody else's.
            if kind.is_dir() && !is_hidden(&entry.path()) || kind.is_file() && is_rego {
                inner.push(entry.path());
            }
        }
        inner.sort();
        work.extend(inner.into_iter().rev());
        if found.len() + work.len() > MOST_FILES {
            return Err(PolicyError::TooLarge {
                place: path.display().to_string(),
                problem: format!("brings the files to more than {MOST_FILES}"),
            }
            .into());
        }
    }
    Ok(found)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}
