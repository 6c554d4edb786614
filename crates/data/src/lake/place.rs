//! Files that a table's metadata names, and whether they lie within the table's folder.

use super::LakeError;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Component, Path, PathBuf};

/// A table's folder.
#[derive(Debug)]
pub(super) struct Root {
    /// As the user named it.
    folder: PathBuf,
    /// Without links.
    real: PathBuf,
}

impl Root {
    pub(super) fn new(folder: &Path) -> Result<Self, LakeError> {
        let real =
            fs::canonicalize(folder).map_err(|error| LakeError::Read { path: folder.to_owned(), error })?;
        Ok(Self { folder: folder.to_owned(), real })
    }

    /// The folder, as the user named it.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file that `named`, a path below the folder or an absolute one, stands for. `document` named it.
    ///
    /// # Errors
    /// [`LakeError::Outside`] when it is no local file of this folder, also by way of a link; [`LakeError::Changed`] when it is
    /// not there.
    pub(super) fn file(&self, named: &str, document: &Path) -> Result<PathBuf, LakeError> {
        let outside = || LakeError::Outside { path: document.to_owned(), named: shown(named) };
        let local = local(named).ok_or_else(outside)?;
        let path = Path::new(local);
        let below = if path.is_absolute() {
            let absolute = std::path::absolute(&self.folder).unwrap_or_else(|_| self.real.clone());
            let below = path.strip_prefix(&self.real).or_else(|_| path.strip_prefix(&absolute));
            below.map_err(|_| outside())?
        } else {
            path
        };
        if !below.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(outside());
        }
        let found = self.folder.join(below);
        match fs::canonicalize(&found) {
            Ok(real) if real.starts_with(&self.real) => Ok(found),
            Ok(_) => Err(outside()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(LakeError::Changed {
                path: found,
                reason: "is part of the table's current version and is not there".to_owned(),
            }),
            Err(error) => Err(LakeError::Read { path: found, error }),
        }
    }

    /// As [`Self::file`], for a data file of which the table says how long it is.
    pub(super) fn data_file(
        &self,
        named: &str,
        bytes: Option<u64>,
        document: &Path,
    ) -> Result<(PathBuf, u64), LakeError> {
        let path = self.file(named, document)?;
        let metadata = fs::metadata(&path).map_err(|error| LakeError::Read { path: path.clone(), error })?;
        let found = metadata.len();
        if let Some(bytes) = bytes.filter(|bytes| *bytes != found) {
            let reason = format!("has {found} bytes where the table recorded {bytes}");
            return Err(LakeError::Changed { path, reason });
        }
        Ok((path, found))
    }
}

/// A name as it is shown in an error.
pub(super) fn shown(named: &str) -> String {
    bartizan_core::printable(named, 200)
}

/// A path without `file:`; `None` for other schemes.
pub(super) fn local(named: &str) -> Option<&str> {
    if let Some(rest) = named.strip_prefix("file:") {
        // `file:/a`, `file:///a`; a host other than this machine is none of ours.
        return match rest.strip_prefix("//") {
            Some(rest) => rest
                .strip_prefix("localhost")
                .unwrap_or(rest)
                .starts_with('/')
                .then(|| rest.strip_prefix("localhost").unwrap_or(rest)),
            None => rest.starts_with('/').then_some(rest),
        };
    }
    let scheme = named.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| {
        scheme.len() > 1
            && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    });
    // `a:b/c` may be a file of that name; only what goes on with a slash is an address.
    match scheme {
        Some(scheme) if named.get(scheme.len()..).is_some_and(|rest| rest.starts_with(":/")) => None,
        _ => Some(named),
    }
}

/// The whole of a document of at most `most` bytes, decompressed where its first bytes are those of gzip.
pub(super) fn document(path: &Path, most: u64) -> Result<Vec<u8>, LakeError> {
    let failed = |error| LakeError::Read { path: path.to_owned(), error };
    let mut file = BufReader::new(File::open(path).map_err(failed)?);
    let zipped = std::io::BufRead::fill_buf(&mut file).map_err(failed)?.starts_with(&[0x1f, 0x8b]);
    let mut bytes = Vec::new();
    let most_and_one = most.saturating_add(1);
    if zipped {
        let plain = flate2::bufread::MultiGzDecoder::new(file);
        plain.take(most_and_one).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        file.take(most_and_one).read_to_end(&mut bytes).map_err(failed)?;
    }
    if bytes.len() as u64 > most {
        return Err(LakeError::Limit { path: path.to_owned(), limit: most, what: "bytes" });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_local_paths_have_a_place() {
        assert_eq!(local("file:///a/b"), Some("/a/b"));
        assert_eq!(local("file:/a/b"), Some("/a/b"));
        assert_eq!(local("file://localhost/a"), Some("/a"));
        assert_eq!(local("file://elsewhere/a"), None);
        assert_eq!((local("s3://bucket/a"), local("s3:/a")), (None, None));
        assert_eq!(local("day=12:30/a.parquet"), Some("day=12:30/a.parquet"));
    }

    #[test]
    fn what_leaves_the_folder_is_refused_whatever_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("table");
        fs::create_dir(&table).unwrap();
        fs::write(folder.path().join("secret"), "x").unwrap();
        fs::write(table.join("own"), "x").unwrap();
        let root = Root::new(&table).unwrap();
        let file = |named: &str| root.file(named, Path::new("log"));
        assert_eq!(file("own").unwrap(), table.join("own"));
        assert_eq!(file(&format!("file://{}", table.join("own").display())).unwrap(), table.join("own"));
        for named in ["../secret", "a/../../secret", "/etc/passwd", "s3://b/own", "file:///etc/passwd"] {
            assert!(matches!(file(named), Err(LakeError::Outside { .. })), "{named}");
        }
        assert!(matches!(file("gone"), Err(LakeError::Changed { .. })));
        assert!(matches!(root.data_file("own", Some(2), Path::new("log")), Err(LakeError::Changed { .. })));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(folder.path().join("secret"), table.join("link")).unwrap();
            assert!(matches!(file("link"), Err(LakeError::Outside { .. })));
        }
    }
}
