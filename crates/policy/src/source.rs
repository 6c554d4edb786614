//! Policies: Rego modules and data, from a file, a folder, a bundle or the program itself.
//!
//! A file `NAME.rego` is a module, `NAME_test.rego` holds tests, `data.json` is data that stands below the path of its folder, as in
//! OPA. A policy is named by one digest over modules and data, the same whether they lie in a folder or in a bundle.

use crate::PolicyError;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

/// Most files read as one policy.
pub const MOST_FILES: usize = 1_000;
/// Largest file of a policy, in bytes; the evaluator reads modules up to the same size.
pub const LARGEST_FILE: usize = 1 << 20;
/// Largest policy in all, in bytes.
pub const LARGEST_POLICY: usize = 16 << 20;
/// How deep folders of a policy nest.
const DEEPEST: usize = 16;
/// Package that only shipped policies may define when one of them is in force.
const RESERVED: &str = "bartizan.lib";

/// One file of a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyFile {
    /// Path within the policy, `/` between parts.
    pub path: String,
    /// What is in it.
    pub content: String,
}

/// A policy, or several that hold together.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// What it is called: a file, a folder, a shipped name. Several when policies were joined.
    pub names: Vec<String>,
    /// Its modules, in order of path.
    pub modules: Vec<PolicyFile>,
    /// Modules with tests.
    pub tests: Vec<PolicyFile>,
    /// Files of data, as they were read.
    pub data_files: Vec<PolicyFile>,
    /// The data, joined.
    pub data: Value,
    /// `sha256:…` over modules and data.
    pub digest: String,
    /// The packages of each policy that was joined, or of this one: each decides by its own.
    pub(crate) parts: Vec<BTreeSet<String>>,
    /// Whether it came with the program.
    shipped: bool,
}

impl Policy {
    /// A policy of files. Files that are neither modules nor data are passed over.
    ///
    /// # Errors
    /// [`PolicyError::Empty`], [`PolicyError::TooLarge`] and [`PolicyError::Data`].
    pub fn of_files(name: &str, mut files: Vec<PolicyFile>) -> Result<Self, PolicyError> {
        files.sort();
        let (mut modules, mut tests, mut data_files) = (Vec::new(), Vec::new(), Vec::new());
        let mut bytes = 0_usize;
        for file in files {
            let kind = match file_kind(&file.path) {
                Some(FileKind::Module) => &mut modules,
                Some(FileKind::Test) => &mut tests,
                Some(FileKind::Data) => &mut data_files,
                None => continue,
            };
            if file.content.len() > LARGEST_FILE {
                return Err(PolicyError::TooLarge {
                    place: file.path,
                    problem: format!(
                        "has {} bytes; files of a policy up to {LARGEST_FILE} bytes are read",
                        file.content.len()
                    ),
                });
            }
            bytes = bytes.saturating_add(file.content.len());
            kind.push(file);
        }
        if bytes > LARGEST_POLICY || modules.len() + tests.len() + data_files.len() > MOST_FILES {
            return Err(PolicyError::TooLarge {
                place: name.to_owned(),
                problem: format!(
                    "is too large for a policy; up to {MOST_FILES} files and {LARGEST_POLICY} bytes are read"
                ),
            });
        }
        if modules.is_empty() {
            return Err(PolicyError::Empty(name.to_owned()));
        }
        let mut data = Value::Object(Map::new());
        for file in &data_files {
            let read: Value = serde_json::from_str(&file.content).map_err(|error| PolicyError::Data {
                path: file.path.clone(),
                problem: format!("is not JSON: {error}"),
            })?;
            let folders = file.path.rsplit_once('/').map_or("", |(folders, _)| folders);
            let nested = folders
                .rsplit('/')
                .filter(|part| !part.is_empty())
                .fold(read, |inner, part| Value::Object(Map::from_iter([(part.to_owned(), inner)])));
            merge(&mut data, nested)
                .map_err(|problem| PolicyError::Data { path: file.path.clone(), problem })?;
        }
        let digest = digest_of(modules.iter().chain(&data_files));
        let packages = modules.iter().filter_map(|module| crate::format::package_of(&module.content));
        let parts = vec![packages.collect()];
        let names = vec![name.to_owned()];
        Ok(Self { names, modules, tests, data_files, data, digest, parts, shipped: false })
    }

    /// Reads what lies at `path`: a module, a folder, or a bundle (`.tar`, `.tar.gz`, `.tgz`).
    ///
    /// # Errors
    /// [`PolicyError::Read`], and what [`Policy::of_files`] and [`crate::bundle::read`] give.
    pub fn load(path: &Path) -> Result<Self, PolicyError> {
        let name = path.display().to_string();
        let failed = |error| PolicyError::Read { path: path.to_owned(), error };
        let metadata = fs::metadata(path).map_err(failed)?;
        // A pipe would be waited for without end.
        if !metadata.is_dir() && !metadata.is_file() {
            return Err(failed(std::io::Error::other("it is neither a file nor a folder")));
        }
        if metadata.is_dir() {
            let mut files = Vec::new();
            folder(path, "", 0, &mut files)?;
            return Self::of_files(&name, files);
        }
        let own = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if file_kind(&own) == Some(FileKind::Module) || file_kind(&own) == Some(FileKind::Test) {
            let content = text(path)?;
            // A file that was named is a module, whatever it is called.
            let file = PolicyFile { path: own.replace("_test.rego", ".rego"), content };
            return Self::of_files(&name, vec![file]);
        }
        let mut bytes = Vec::new();
        let most = crate::bundle::LARGEST_BUNDLE as u64 + 1;
        File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(failed)?;
        let files = crate::bundle::read(&name, &bytes)?;
        Self::of_files(&name, files)
    }

    /// The same policy as one of those that come with the program.
    #[must_use]
    pub fn shipped(mut self) -> Self {
        self.shipped = true;
        self
    }

    /// Several policies in force at once: whatever one of them denies is denied.
    ///
    /// # Errors
    /// [`PolicyError::Reserved`] when a policy would add to a package on which a shipped one rests, [`PolicyError::Data`] when two
    /// give different data in one place, and [`PolicyError::Empty`] for none.
    pub fn join(policies: Vec<Self>) -> Result<Self, PolicyError> {
        let mut rest = policies.into_iter();
        let Some(mut joined) = rest.next() else {
            return Err(PolicyError::Empty("the list of policies".to_owned()));
        };
        let rest: Vec<Self> = rest.collect();
        if rest.is_empty() {
            return Ok(joined);
        }
        let any_shipped = joined.shipped || rest.iter().any(|each| each.shipped);
        for policy in std::iter::once(&joined).chain(&rest).filter(|each| any_shipped && !each.shipped) {
            for module in &policy.modules {
                if let Some(package) =
                    crate::format::package_of(&module.content).filter(|package| is_reserved(package))
                {
                    return Err(PolicyError::Reserved { path: module.path.clone(), package });
                }
            }
        }
        let mut digests = vec![joined.digest.clone()];
        let named = |policy: &mut Self| {
            let name = policy.names.first().cloned().unwrap_or_default();
            for file in policy.modules.iter_mut().chain(&mut policy.tests).chain(&mut policy.data_files) {
                file.path = format!("{name}/{}", file.path);
            }
        };
        named(&mut joined);
        for mut policy in rest {
            digests.push(policy.digest.clone());
            named(&mut policy);
            let place = policy.names.first().cloned().unwrap_or_default();
            // A policy on which two of those named rest is in force once.
            for module in policy.modules {
                if !joined.modules.iter().any(|known| known.content == module.content) {
                    joined.modules.push(module);
                }
            }
            joined.tests.extend(policy.tests);
            joined.data_files.extend(policy.data_files);
            merge(&mut joined.data, policy.data)
                .map_err(|problem| PolicyError::Data { path: place, problem })?;
            joined.names.extend(policy.names);
            joined.parts.extend(policy.parts);
            joined.shipped &= policy.shipped;
        }
        digests.sort();
        digests.dedup();
        if let [_, _, ..] = digests.as_slice() {
            joined.digest = format!("sha256:{}", hex(&Sha256::digest(digests.join("\n"))));
        }
        Ok(joined)
    }
}

fn is_reserved(package: &str) -> bool {
    package.strip_prefix(RESERVED).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn hex(bytes: &[u8]) -> String {
    bartizan_core::hex(bytes)
}

/// SHA-256 over a line for each file, in order of path: its own SHA-256, two blanks, its path.
fn digest_of<'a>(files: impl Iterator<Item = &'a PolicyFile>) -> String {
    let mut lines: BTreeMap<&str, String> = BTreeMap::new();
    for file in files {
        lines.insert(&file.path, hex(&Sha256::digest(&file.content)));
    }
    let lines: Vec<String> = lines.iter().map(|(path, digest)| format!("{digest}  {path}\n")).collect();
    let text = lines.concat();
    format!("sha256:{}", hex(&Sha256::digest(text)))
}

/// What a file of a policy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Module,
    Test,
    Data,
}

/// What a file is by its name; none for what is no part of a policy.
pub(crate) fn file_kind(path: &str) -> Option<FileKind> {
    let name = path.rsplit('/').next().unwrap_or_default();
    if name.ends_with("_test.rego") {
        return Some(FileKind::Test);
    }
    match name.rsplit_once('.') {
        Some((_, "rego")) => Some(FileKind::Module),
        _ if name == "data.json" => Some(FileKind::Data),
        _ => None,
    }
}

/// Lays `other` over `data`; two values in one place must be equal.
fn merge(data: &mut Value, other: Value) -> Result<(), String> {
    // Iterative: data nests as deep as JSON does.
    let mut work = vec![(Vec::<String>::new(), other)];
    while let Some((path, value)) = work.pop() {
        let mut place = &mut *data;
        for part in &path {
            let Value::Object(members) = place else { return Err(conflict(&path)) };
            place = members.entry(part.clone()).or_insert(Value::Null);
        }
        match (place, value) {
            (place @ Value::Null, value) => *place = value,
            (Value::Object(_), Value::Object(members)) => {
                for (name, value) in members {
                    let mut path = path.clone();
                    path.push(name);
                    work.push((path, value));
                }
            }
            (place, value) if *place == value => {}
            _ => return Err(conflict(&path)),
        }
    }
    Ok(())
}

fn conflict(path: &[String]) -> String {
    format!("gives another value for `{}` than a file before it", path.join("."))
}

/// Files below a folder of a policy. Links are followed (a mounted ConfigMap is made of them), hidden folders are not entered.
fn folder(path: &Path, prefix: &str, depth: usize, files: &mut Vec<PolicyFile>) -> Result<(), PolicyError> {
    let failed = |error| PolicyError::Read { path: path.to_owned(), error };
    if depth > DEEPEST {
        return Err(PolicyError::TooLarge {
            place: path.display().to_string(),
            problem: format!("lies deeper than {DEEPEST} folders; policies do not nest so deep"),
        });
    }
    let mut entries: Vec<_> =
        fs::read_dir(path).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let inner = entry.path();
        let metadata =
            fs::metadata(&inner).map_err(|error| PolicyError::Read { path: inner.clone(), error })?;
        if metadata.is_dir() {
            folder(&inner, &format!("{prefix}{name}/"), depth + 1, files)?;
        } else if metadata.is_file() && file_kind(&name).is_some() {
            if files.len() >= MOST_FILES {
                return Err(PolicyError::TooLarge {
                    place: path.display().to_string(),
                    problem: format!("holds more than {MOST_FILES} files"),
                });
            }
            files.push(PolicyFile { path: format!("{prefix}{name}"), content: text(&inner)? });
        }
    }
    Ok(())
}

fn text(path: &Path) -> Result<String, PolicyError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST_FILE as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|error| PolicyError::Read { path: path.to_owned(), error })?;
    if bytes.len() > LARGEST_FILE {
        return Err(PolicyError::TooLarge {
            place: path.display().to_string(),
            problem: format!("is larger than {LARGEST_FILE} bytes, the most that is read of one file"),
        });
    }
    String::from_utf8(bytes).map_err(|_| PolicyError::Data {
        path: path.display().to_string(),
        problem: "is not UTF-8; Rego and JSON are".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn file(path: &str, content: &str) -> PolicyFile {
        PolicyFile { path: path.to_owned(), content: content.to_owned() }
    }

    #[test]
    fn modules_tests_and_data_are_told_apart_and_data_stands_below_its_folder() {
        let policy = Policy::of_files(
            "p",
            vec![
                file("b.rego", "package b"),
                file("a_test.rego", "package a"),
                file("x/y/data.json", r#"{"days": 3}"#),
                file("README.md", "text"),
            ],
        )
        .unwrap();
        assert_eq!((policy.modules.len(), policy.tests.len(), policy.data_files.len()), (1, 1, 1));
        assert_eq!(policy.data, json!({"x": {"y": {"days": 3}}}));
        assert!(matches!(Policy::of_files("p", vec![file("README.md", "")]), Err(PolicyError::Empty(_))));
    }

    #[test]
    fn the_digest_covers_modules_and_data_and_nothing_else() {
        let digest = |files| Policy::of_files("p", files).unwrap().digest;
        let base = digest(vec![file("a.rego", "package a"), file("data.json", "{}")]);
        assert_eq!(
            base,
            digest(vec![file("data.json", "{}"), file("a.rego", "package a"), file("a_test.rego", "x")])
        );
        assert_ne!(base, digest(vec![file("a.rego", "package a\n"), file("data.json", "{}")]));
        assert_ne!(base, digest(vec![file("b.rego", "package a"), file("data.json", "{}")]));
        assert_ne!(base, digest(vec![file("a.rego", "package a"), file("data.json", "{ }")]));
    }

    #[test]
    fn data_that_contradicts_itself_is_refused() {
        let files = vec![
            file("a.rego", "package a"),
            file("data.json", r#"{"x": {"d": 1}}"#),
            file("x/data.json", r#"{"d": 2}"#),
        ];
        assert!(
            matches!(Policy::of_files("p", files), Err(PolicyError::Data { problem, .. }) if problem.contains("x.d"))
        );
    }

    #[test]
    fn a_policy_does_not_add_to_what_shipped_ones_rest_on() {
        let shipped =
            Policy::of_files("baseline", vec![file("a.rego", "package bartizan.gate")]).unwrap().shipped();
        let own =
            Policy::of_files("own", vec![file("o.rego", "# mine\npackage bartizan.lib.scan\n")]).unwrap();
        assert!(matches!(
            Policy::join(vec![shipped.clone(), own.clone()]),
            Err(PolicyError::Reserved { package, .. }) if package == "bartizan.lib.scan"
        ));
        assert_eq!(Policy::join(vec![own.clone()]).unwrap(), own);
        let other = Policy::of_files("own", vec![file("o.rego", "package bartizan.gate")]).unwrap();
        let joined = Policy::join(vec![shipped.clone(), other]).unwrap();
        assert_eq!((joined.names.len(), joined.digest == shipped.digest), (2, false));
    }

    #[test]
    fn a_folder_is_read_with_its_folders_and_a_single_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("lib/.git")).unwrap();
        fs::write(folder.path().join("a.rego"), "package a").unwrap();
        fs::write(folder.path().join("lib/b.rego"), "package b").unwrap();
        fs::write(folder.path().join("lib/.git/c.rego"), "package c").unwrap();
        let policy = Policy::load(folder.path()).unwrap();
        assert_eq!(
            policy.modules.iter().map(|each| each.path.as_str()).collect::<Vec<_>>(),
            ["a.rego", "lib/b.rego"]
        );
        assert_eq!(Policy::load(&folder.path().join("a.rego")).unwrap().modules.len(), 1);
        assert!(matches!(Policy::load(&folder.path().join("none")), Err(PolicyError::Read { .. })));
    }
}
