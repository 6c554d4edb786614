//! Making a database of a folder or archive of OSV records, or of JSON lines: [`import`].

use super::{Advisory, AdvisoryError, Database, osv, rule, zip};
use bartizan_core::printable;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What an import made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The database, to be written to a file.
    pub text: String,
    /// Advisories in it.
    pub advisories: usize,
    /// Packages in it.
    pub packages: usize,
    /// Records passed over: withdrawn, of other ecosystems, without versions, or no advisories at all.
    pub passed_over: usize,
}

/// Reads `path` (a folder of OSV files, a zip of them, one OSV file, or JSON lines) and makes a database dated `today`
/// (`YYYY-MM-DD`). The same input gives the same database.
///
/// JSON lines may hold OSV records, or rows with `component`, `cve`, `severity`, `summary` and a `rule` over `version`.
///
/// # Errors
/// [`AdvisoryError`] when it cannot be read, holds no advisory, or holds a record that is no JSON object or a file without records.
pub fn import(path: &Path, today: &str) -> Result<Imported, AdvisoryError> {
    let mut gathered = Gathered::default();
    if path.is_dir() {
        let mut folders = vec![path.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in sorted(&folder)? {
                if entry.is_dir() && !entry.is_symlink() {
                    folders.push(entry);
                } else if entry
                    .extension()
                    .is_some_and(|extension| extension == "json" || extension == "jsonl")
                {
                    gathered.bytes(&entry.to_string_lossy(), &read(&entry)?);
                }
            }
        }
    } else {
        let bytes = read(path)?;
        if bytes.starts_with(b"PK") {
            zip::members(path, &bytes, |name, member| gathered.bytes(name, member))?;
        } else {
            gathered.bytes(&path.to_string_lossy(), &bytes);
        }
    }
    if let Some(first) = gathered.first_broken {
        return Err(AdvisoryError::Broken { path: path.to_path_buf(), records: gathered.broken, first });
    }
    if gathered.packages.is_empty() {
        return Err(AdvisoryError::Empty { path: path.to_path_buf() });
    }
    for advisories in gathered.packages.values_mut() {
        advisories.sort_by(|a, b| a.id.cmp(&b.id));
        advisories.dedup();
    }
    Ok(Imported {
        text: Database::write(&gathered.packages, today),
        advisories: gathered.packages.values().map(Vec::len).sum(),
        packages: gathered.packages.len(),
        passed_over: gathered.passed_over,
    })
}

#[derive(Default)]
struct Gathered {
    packages: BTreeMap<(String, String), Vec<Advisory>>,
    passed_over: usize,
    /// Records that are no JSON objects, files without one, and what the first was read from.
    broken: usize,
    first_broken: Option<String>,
}

impl Gathered {
    /// One JSON document, or one on each line, from what is called `name`.
    fn bytes(&mut self, name: &str, bytes: &[u8]) {
        if let Ok(record) = serde_json::from_slice::<Value>(bytes) {
            match record {
                Value::Array(records) if records.is_empty() => self.is_none(name),
                Value::Array(records) => records.iter().for_each(|record| self.record(name, record)),
                record => self.record(name, &record),
            }
            return;
        }
        let mut lines =
            bytes.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).peekable();
        if lines.peek().is_none() {
            self.is_none(name);
        }
        for line in lines {
            if let Ok(record) = serde_json::from_slice::<Value>(line) {
                self.record(name, &record);
                continue;
            }
            self.is_none(name);
            // One document that was cut has many lines, and is one record.
            if !is_lines(name) {
                break;
            }
        }
    }

    /// Counts what is called `name` as a record that is none.
    fn is_none(&mut self, name: &str) {
        self.broken = self.broken.saturating_add(1);
        self.first_broken.get_or_insert_with(|| printable(name, 200));
    }

    fn record(&mut self, name: &str, record: &Value) {
        // An empty list or text is what a cut or failed download leaves.
        if !record.is_object() {
            return self.is_none(name);
        }
        let found = if record.get("component").is_some() {
            product(record).into_iter().collect()
        } else {
            osv::advisories(record)
        };
        if found.is_empty() {
            self.passed_over = self.passed_over.saturating_add(1);
        }
        for (key, advisory) in found {
            // A tab or line end in a name would break its line; no registry allows one.
            if !key.1.is_empty() && !key.1.contains(['\t', '\n', '\r']) {
                self.packages.entry(key).or_default().push(advisory);
            }
        }
    }
}

/// Whether each line of a file is a document, by its name.
fn is_lines(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("jsonl"))
}

/// A row about a product, whose ecosystem is not said.
fn product(row: &Value) -> Option<((String, String), Advisory)> {
    let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default();
    let ranges = rule::intervals(text("rule"))?;
    let name = bare(text("component"));
    let advisory = Advisory {
        id: text("cve").to_owned(),
        aliases: Vec::new(),
        summary: printable(text("summary").lines().next().unwrap_or_default(), 160),
        severity: osv::word(text("severity")).unwrap_or(bartizan_core::Severity::Medium),
        ranges,
        versions: Vec::new(),
    };
    (!name.is_empty() && !advisory.id.is_empty()).then(|| (("*".to_owned(), name), advisory))
}

/// A name without case and separators, as products are compared.
pub(super) fn bare(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, AdvisoryError> {
    let unreadable = |source| AdvisoryError::Unreadable { path: folder.to_path_buf(), source };
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).map_err(unreadable)?.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<Vec<u8>, AdvisoryError> {
    fs::read(path).map_err(|source| AdvisoryError::Unreadable { path: path.to_path_buf(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dependencies::Ecosystem;

    #[test]
    fn a_folder_of_records_becomes_a_database_that_answers_and_notices_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let record = r#"{"id": "GHSA-x", "aliases": ["CVE-1"], "summary": "bad", "affected": [{"package": {"ecosystem": "PyPI", "name": "A_b"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2"}]}], "versions": ["1.0"]}], "database_specific": {"severity": "HIGH"}}"#;
        fs::write(folder.path().join("a.json"), record).unwrap();
        fs::write(
            folder.path().join("b.json"),
            r#"{"id": "GHSA-y", "withdrawn": "2024-01-01T00:00:00Z", "affected": []}"#,
        )
        .unwrap();
        let imported = import(folder.path(), "2026-01-02").unwrap();
        assert_eq!((imported.advisories, imported.packages, imported.passed_over), (1, 1, 1));
        let database = Database::load(&imported.text).unwrap();
        assert_eq!(database.header.imported, "2026-01-02");
        let found = database.advisories(Ecosystem::PyPi, "a-b");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].ranges[0].high, Some(("1.2".to_owned(), false)));
        assert_eq!(database.advisories(Ecosystem::Npm, "a-b"), []);
        let changed = imported.text.replace("1.2", "1.1");
        assert!(matches!(Database::load(&changed), Err(AdvisoryError::Damaged { .. })));
    }

    #[test]
    fn a_record_that_was_cut_off_is_named_and_nothing_is_imported() {
        let folder = tempfile::tempdir().unwrap();
        let record = r#"{"id": "GHSA-x", "affected": [{"package": {"ecosystem": "PyPI", "name": "a"}, "versions": ["1.0"]}]}"#;
        fs::write(folder.path().join("a.json"), record).unwrap();
        fs::write(folder.path().join("b.json"), record.get(..60).unwrap()).unwrap();
        fs::write(folder.path().join("c.jsonl"), format!("{record}\n{{\n{{\n")).unwrap();
        let Err(AdvisoryError::Broken { records, first, .. }) = import(folder.path(), "2026-01-02") else {
            panic!("it was imported");
        };
        assert_eq!((records, first.ends_with("b.json")), (3, true));
    }

    #[test]
    fn a_file_without_records_is_named_and_nothing_is_imported() {
        let record = r#"{"id": "GHSA-x", "affected": [{"package": {"ecosystem": "PyPI", "name": "a"}, "versions": ["1.0"]}]}"#;
        for nothing in ["", " \n", "[]", "null", "\"GHSA-y\"", "[null]"] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("a.json"), record).unwrap();
            fs::write(folder.path().join("b.json"), nothing).unwrap();
            let imported = import(folder.path(), "2026-01-02");
            let Err(AdvisoryError::Broken { records, first, .. }) = imported else {
                panic!("{nothing:?} was imported");
            };
            assert_eq!((records, first.ends_with("b.json")), (1, true), "{nothing:?}");
        }
    }

    #[test]
    fn a_folder_without_advisories_is_an_error_and_no_empty_database() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(import(folder.path(), "2026-01-02"), Err(AdvisoryError::Empty { .. })));
    }
}
