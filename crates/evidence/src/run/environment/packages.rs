//! Packages installed for an interpreter, each with its version and the digest of the list of its files.
//!
//! Source: Python packaging specifications, "Recording installed projects" (`*.dist-info/RECORD` holds a digest per file);
//! conda's `conda-meta/*.json`.

use super::python::Interpreter;
use crate::digest::Digest;
use crate::store::read_bounded;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Most packages recorded.
const MOST_PACKAGES: usize = 20_000;
/// Longest list of files digested, in bytes.
const LONGEST_RECORD: u64 = 64 << 20;

/// One installed package.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Package {
    /// Package URL without version: `pkg:pypi/numpy`.
    pub purl: String,
    /// Version.
    pub version: String,
    /// SHA-256 of the list of its files with their digests, in hexadecimal digits; none when it has no such list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
}

/// The packages `python` finds on its search path, and those of a conda environment around it.
pub(super) fn packages(python: &Interpreter, gaps: &mut Vec<String>) -> Vec<Package> {
    let mut found = BTreeSet::new();
    for folder in python.search_path.iter().filter(|folder| folder.is_dir()) {
        installed(folder, &mut found, gaps);
    }
    conda(&python.prefix.join("conda-meta"), &mut found);
    found.into_iter().take(MOST_PACKAGES).collect()
}

fn installed(folder: &Path, found: &mut BTreeSet<Package>, gaps: &mut Vec<String>) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return gaps.push(format!("packages: {}: {error}", folder.display())),
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let (stem, list) = match (name.strip_suffix(".dist-info"), name.strip_suffix(".egg-info")) {
            (Some(stem), _) => (stem, "RECORD"),
            (None, Some(stem)) => (stem, "SOURCES.txt"),
            (None, None) => continue,
        };
        // An egg's folder also carries the Python version: name-1.0-py3.11.
        let mut parts = stem.splitn(3, '-');
        let (Some(name), version) = (parts.next(), parts.next().unwrap_or_default()) else { continue };
        let list = entry.path().join(list);
        let record = read_bounded(&list, LONGEST_RECORD).ok();
        found.insert(Package {
            purl: format!("pkg:pypi/{}", normal_name(name)),
            version: version.to_owned(),
            record: record.map(|bytes| Digest::sha256(&bytes).value().to_owned()),
        });
    }
}

/// Source: Python packaging specifications, "Names and normalization".
fn normal_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for character in name.chars() {
        if !matches!(character, '-' | '_' | '.') {
            normal.push(character.to_ascii_lowercase());
        } else if !normal.ends_with('-') {
            normal.push('-');
        }
    }
    normal
}

fn conda(folder: &Path, found: &mut BTreeSet<Package>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        let Some(stem) = file.strip_suffix(".json") else { continue };
        // name-version-build, of which the name may hold dashes.
        let mut parts = stem.rsplitn(3, '-');
        let (Some(build), Some(version), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let record = read_bounded(&entry.path(), LONGEST_RECORD).ok();
        found.insert(Package {
            purl: format!("pkg:conda/{name}"),
            version: format!("{version}-{build}"),
            record: record.map(|bytes| Digest::sha256(&bytes).value().to_owned()),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_versioned_and_digested() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("scikit_learn-1.5.2.dist-info")).unwrap();
        fs::write(at("scikit_learn-1.5.2.dist-info/RECORD"), "a").unwrap();
        fs::create_dir_all(at("Old.Thing-0.1-py3.11.egg-info")).unwrap();
        fs::create_dir_all(at("conda-meta")).unwrap();
        fs::write(at("conda-meta/libblas-3.9.0-16_openblas.json"), "{}").unwrap();
        let python = Interpreter {
            search_path: vec![folder.path().to_owned(), at("missing")],
            prefix: folder.path().to_owned(),
            ..Interpreter::default()
        };
        let found = packages(&python, &mut Vec::new());
        let shown: Vec<_> =
            found.iter().map(|package| format!("{}@{}", package.purl, package.version)).collect();
        let expected =
            ["pkg:conda/libblas@3.9.0-16_openblas", "pkg:pypi/old-thing@0.1", "pkg:pypi/scikit-learn@1.5.2"];
        assert_eq!(shown, expected);
        assert_eq!(found[2].record.as_deref(), Some(Digest::sha256(b"a").value()));
        assert_eq!(found[1].record, None);
    }
}
