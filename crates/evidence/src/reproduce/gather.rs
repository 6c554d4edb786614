//! The recorded inputs, gathered into a folder of their own: each from the first [`Source`] that has the recorded content.

use super::ReproduceError;
use crate::digest::{Digest, SHA256};
use crate::run::files::{Reading, digest_file};
use crate::run::provenance::{LINK, ROLE, Role, RunProvenance, annotation, is_file};
use crate::statement::ResourceDescriptor;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

/// Where content may be had by its digest.
pub trait Source: Sync {
    /// The content called `digest`, if it is there; it is checked again by whoever asks.
    fn content(&self, digest: &Digest) -> Option<Vec<u8>>;
}

/// Nothing beside the project's own files.
impl Source for () {
    fn content(&self, _: &Digest) -> Option<Vec<u8>> {
        None
    }
}

/// Puts every input of a run below `into`, and checks those that lie outside of the project where they lie.
pub(super) fn gather(
    run: &RunProvenance,
    root: &Path,
    into: &Path,
    source: &dyn Source,
) -> Result<Vec<PathBuf>, ReproduceError> {
    let commit = commit(run);
    let mut gathered = Vec::new();
    let dependencies = &run.build_definition.resolved_dependencies;
    for input in dependencies.iter().filter(|input| is_file(input)) {
        let (Some(name), Some(digest)) = (input.name.as_deref(), input.digest.get(SHA256)) else { continue };
        let missing = |reason: String| ReproduceError::Missing {
            name: name.to_owned(),
            digest: digest.to_owned(),
            reason,
        };
        let wanted = Digest::new(SHA256, digest).map_err(|error| missing(error.to_string()))?;
        if Path::new(name).is_absolute() {
            let found = digest_file(Path::new(name), Reading::all(&AtomicBool::new(false)));
            match found {
                Ok(found) if found.digest == wanted => continue,
                Ok(_) => return Err(missing("it lies outside of the project and has changed".to_owned())),
                Err(error) => return Err(missing(format!("it lies outside of the project: {error}"))),
            }
        }
        let target = into.join(inside(name)?);
        fetch(&root.join(name), &target, &wanted, source, (root, commit.as_deref(), name))
            .map_err(|error| error.unwrap_or_else(missing))?;
        gathered.push(target);
    }
    Ok(gathered)
}

/// `name` as a path that stays below the folder it is joined to.
pub(super) fn inside(name: &str) -> Result<&Path, ReproduceError> {
    let path = Path::new(name);
    let stays = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if stays { Ok(path) } else { Err(ReproduceError::Escape(name.to_owned())) }
}

/// Why a file could not be fetched: an error of its own, or the reasons it is not to be had.
enum Refused {
    Write(ReproduceError),
    Reason(String),
}

impl Refused {
    fn unwrap_or_else(self, missing: impl FnOnce(String) -> ReproduceError) -> ReproduceError {
        match self {
            Self::Write(error) => error,
            Self::Reason(reason) => missing(reason),
        }
    }
}

fn fetch(
    from: &Path,
    to: &Path,
    wanted: &Digest,
    source: &dyn Source,
    (root, commit, name): (&Path, Option<&str>, &str),
) -> Result<(), Refused> {
    let write = |error| Refused::Write(ReproduceError::Write { path: to.to_owned(), error });
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(write)?;
    }
    let go_on = AtomicBool::new(false);
    let reading = Reading::all(&go_on);
    let here = match digest_file(from, reading) {
        Ok(found) if found.digest == *wanted => {
            fs::copy(from, to).map_err(write)?;
            // It may have changed between the look and the copy.
            if digest_file(to, reading).is_ok_and(|copied| copied.digest == *wanted) {
                return Ok(());
            }
            "the project's file changes meanwhile".to_owned()
        }
        Ok(_) => "the project's file has another content".to_owned(),
        Err(error) => format!("the project's file: {error}"),
    };
    let kept = source.content(wanted).filter(|content| Digest::sha256(content) == *wanted);
    let content = kept.or_else(|| {
        let content = committed(root, commit?, name)?;
        (Digest::sha256(&content) == *wanted).then_some(content)
    });
    match content {
        Some(content) => fs::write(to, content).map_err(write),
        None => Err(Refused::Reason(format!("{here}, and neither the store nor the recorded commit has it"))),
    }
}

fn commit(run: &RunProvenance) -> Option<String> {
    let is_source = |each: &&ResourceDescriptor| annotation(each, ROLE) == Some(Role::Source.as_str());
    let source = run.build_definition.resolved_dependencies.iter().find(is_source)?;
    let commit = source.digest.get("gitCommit")?;
    // It becomes an argument of git.
    commit.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| commit.to_owned())
}

/// A file of a commit, from the repository around `root`.
fn committed(root: &Path, commit: &str, name: &str) -> Option<Vec<u8>> {
    let output = Command::new("git")
        .args(["cat-file", "blob", &format!("{commit}:./{name}")])
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then_some(output.stdout)
}

/// Whether an input was reached through a link, which the working copy replaces by the file itself.
pub(super) fn was_link(input: &ResourceDescriptor) -> bool {
    input.annotations.contains_key(LINK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_are_refused() {
        assert!(inside("data/a.csv").is_ok() && inside("./a").is_ok());
        for name in ["../a", "a/../../b", "/etc/passwd"] {
            assert!(matches!(inside(name), Err(ReproduceError::Escape(_))), "{name}");
        }
    }

    #[test]
    fn content_comes_from_the_project_or_the_source_and_never_unchecked() {
        struct Holds(Vec<u8>);
        impl Source for Holds {
            fn content(&self, _: &Digest) -> Option<Vec<u8>> {
                Some(self.0.clone())
            }
        }
        let (project, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (from, to) = (project.path().join("a"), copy.path().join("x/a"));
        let wanted = Digest::sha256(b"right");
        let fetched =
            |source: &dyn Source| fetch(&from, &to, &wanted, source, (project.path(), None, "a")).is_ok();
        assert!(!fetched(&()));
        fs::write(&from, "wrong").unwrap();
        assert!(!fetched(&()) && !fetched(&Holds(b"wrong".to_vec())));
        assert!(fetched(&Holds(b"right".to_vec())));
        fs::write(&from, "right").unwrap();
        assert!(fetched(&()) && fs::read(&to).unwrap() == b"right");
    }
}
