//! Whether the files there are those that the list allows. It fails closed: what is not pinned or signed is not allowed.

use super::list::{Dataset, Sources, hex_of};
use super::quarantine::QUARANTINE_FOLDER;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Most files of a dataset.
const MOST_FILES: usize = 1_000_000;

/// One thing that is not as the list says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// The dataset.
    pub dataset: String,
    /// The file, relative to the dataset, if it is about one.
    pub file: Option<String>,
    /// `changed`, `unknown`, `missing`, `unpinned`, `origin`, `licence`, `signature`, `unreadable` or `unlisted`.
    pub kind: &'static str,
    /// What is wrong.
    pub message: String,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct SourceReport {
    /// Datasets looked at.
    pub datasets: usize,
    /// Files whose digest was computed.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What is wrong; nothing else is allowed to be used.
    pub problems: Vec<Problem>,
}

/// Compares the datasets of `sources`, whose paths are relative to `folder`, with the files there.
///
/// `only` limits it to datasets by name. `verify` tells whether the signature of a dataset stands, as (path, key file,
/// signature file); it is asked for datasets with a signer.
pub fn check(
    sources: &Sources,
    folder: &Path,
    only: &[String],
    verify: &dyn Fn(&Path, &Path, &Path) -> Result<(), String>,
) -> SourceReport {
    let mut report = SourceReport::default();
    for dataset in sources.datasets.iter().filter(|dataset| only.is_empty() || only.contains(&dataset.name)) {
        report.datasets = report.datasets.saturating_add(1);
        Look { dataset, folder, report: &mut report }.at(sources.licences.as_deref(), verify);
    }
    report
}

struct Look<'a> {
    dataset: &'a Dataset,
    folder: &'a Path,
    report: &'a mut SourceReport,
}

impl Look<'_> {
    fn problem(&mut self, file: Option<&str>, kind: &'static str, message: String) {
        let file = file.map(str::to_owned);
        self.report.problems.push(Problem { dataset: self.dataset.name.clone(), file, kind, message });
    }

    fn at(
        &mut self,
        licences: Option<&[String]>,
        verify: &dyn Fn(&Path, &Path, &Path) -> Result<(), String>,
    ) {
        if let Some(message) = self.dataset.origin_problem() {
            self.problem(None, "origin", message);
        }
        self.licence(licences);
        let path = self.folder.join(&self.dataset.path);
        let mut signed = false;
        if let Some(signer) = &self.dataset.signer {
            let signature = self
                .dataset
                .signature
                .clone()
                .unwrap_or_else(|| format!("{}.sig", self.dataset.path.trim_end_matches('/')));
            match verify(&path, &self.folder.join(signer), &self.folder.join(signature)) {
                Ok(()) => signed = true,
                Err(reason) => self.problem(None, "signature", reason),
            }
        }
        let mut pinned = self.dataset.shards.clone();
        if let Some(croissant) = &self.dataset.croissant {
            match described(&self.folder.join(croissant)) {
                Ok(described) => {
                    for (file, digest) in described {
                        let stated = pinned.entry(file.clone()).or_insert_with(|| digest.clone()).clone();
                        if !stated.eq_ignore_ascii_case(&digest) {
                            self.problem(
                                Some(&file),
                                "changed",
                                format!("the list pins {stated}, {croissant} states {digest}"),
                            );
                        }
                    }
                }
                Err(reason) => self.problem(None, "unreadable", format!("{croissant}: {reason}")),
            }
        }
        self.files(&path, &pinned, signed);
    }

    fn licence(&mut self, allowed: Option<&[String]>) {
        let Some(allowed) = allowed else { return };
        match &self.dataset.licence {
            Some(licence) if allowed.contains(licence) => {}
            Some(licence) => {
                let message =
                    format!("{licence} is not among the licences that may be used: {}", allowed.join(", "));
                self.problem(None, "licence", message);
            }
            None => self.problem(None, "licence", "no licence is stated".to_owned()),
        }
    }

    fn files(&mut self, path: &Path, pinned: &BTreeMap<String, String>, signed: bool) {
        let files = match files_of(path) {
            Ok(files) => files,
            Err(error) => return self.problem(None, "unreadable", format!("{}: {error}", path.display())),
        };
        if pinned.is_empty() && !signed {
            let message = "nothing pins it: add digests ([dataset.shards], `bartizan data sources pin`), a Croissant description or a signer";
            self.problem(None, "unpinned", message.to_owned());
        }
        for (name, file) in &files {
            let Some(expected) = pinned.get(name) else {
                if !signed && !pinned.is_empty() {
                    self.problem(Some(name), "unknown", "the list does not know it".to_owned());
                }
                continue;
            };
            match digest_of(file) {
                Ok((digest, bytes)) => {
                    self.report.files = self.report.files.saturating_add(1);
                    self.report.bytes = self.report.bytes.saturating_add(bytes);
                    if hex_of(expected).is_none_or(|hex| !hex.eq_ignore_ascii_case(&digest)) {
                        self.problem(
                            Some(name),
                            "changed",
                            format!("is sha256:{digest}, pinned is {expected}"),
                        );
                    }
                }
                Err(error) => self.problem(Some(name), "unreadable", error.to_string()),
            }
        }
        for name in pinned.keys().filter(|name| !files.contains_key(*name)) {
            self.problem(Some(name), "missing", "is pinned and not there".to_owned());
        }
    }
}

/// The dataset that allows `path` to be used, or the problem that none does.
///
/// # Errors
/// The [`Problem`] with the reason.
pub fn matching<'a>(
    sources: &'a Sources,
    folder: &Path,
    path: &Path,
    origin: Option<&str>,
) -> Result<&'a Dataset, Box<Problem>> {
    let unlisted = |dataset: &str, kind, message| {
        Box::new(Problem {
            dataset: dataset.to_owned(),
            file: Some(path.display().to_string()),
            kind,
            message,
        })
    };
    let real = fs::canonicalize(path).map_err(|error| unlisted("-", "unreadable", error.to_string()))?;
    let dataset = sources.datasets.iter().find(|dataset| {
        fs::canonicalize(folder.join(&dataset.path)).is_ok_and(|listed| real.starts_with(listed))
    });
    let dataset =
        dataset.ok_or_else(|| unlisted("-", "unlisted", "no dataset of the list lies there".to_owned()))?;
    if let Some(origin) = origin.filter(|origin| !dataset.covers(origin)) {
        let message = format!("came from {origin}, and may only come from {}", dataset.from);
        return Err(unlisted(&dataset.name, "origin", message));
    }
    Ok(dataset)
}

/// Digests of all files at a path, as the list pins them.
///
/// # Errors
/// When a file cannot be read.
pub fn pins(path: &Path) -> io::Result<BTreeMap<String, String>> {
    let files = files_of(path)?;
    files.into_iter().map(|(name, file)| Ok((name, format!("sha256:{}", digest_of(&file)?.0)))).collect()
}

/// SHA-256 of a file in hexadecimal digits, and its size.
///
/// # Errors
/// When it cannot be read.
pub fn digest_of(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; 1 << 20];
    let mut bytes = 0_u64;
    loop {
        let count = file.read(&mut block)?;
        let Some(read) = block.get(..count).filter(|read| !read.is_empty()) else { break };
        hasher.update(read);
        bytes = bytes.saturating_add(count as u64);
    }
    Ok((bartizan_core::hex(&hasher.finalize()), bytes))
}

/// The files of a dataset by name relative to it; a file stands for itself. What lies in quarantine is not there.
fn files_of(path: &Path) -> io::Result<BTreeMap<String, PathBuf>> {
    let mut files = BTreeMap::new();
    if fs::metadata(path)?.is_file() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.insert(name, path.to_owned());
        return Ok(files);
    }
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                if entry.file_name() != QUARANTINE_FOLDER {
                    folders.push(entry.path());
                }
                continue;
            }
            let file = entry.path();
            let relative = file.strip_prefix(path).unwrap_or(&file);
            let name = relative
                .components()
                .map(|part| part.as_os_str().to_string_lossy())
                .collect::<Vec<_>>()
                .join("/");
            // A link to a folder would hide what lies below it.
            if kind.is_symlink() && fs::metadata(&file).is_ok_and(|target| target.is_dir()) {
                return Err(io::Error::other(format!(
                    "`{name}` is a link to a folder; put the files themselves there"
                )));
            }
            files.insert(name, file);
            if files.len() > MOST_FILES {
                return Err(io::Error::other(format!("more than {MOST_FILES} files")));
            }
        }
    }
    Ok(files)
}

/// The digests that a Croissant description states, by file name as its `contentUrl` ends.
fn described(path: &Path) -> Result<BTreeMap<String, String>, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(64 << 20).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let document: Value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    let distribution = document.get("distribution").and_then(Value::as_array);
    let mut found = BTreeMap::new();
    for object in distribution.into_iter().flatten() {
        let Some(digest) = object.get("sha256").and_then(Value::as_str) else { continue };
        let digest = format!("sha256:{digest}");
        let text = |key: &str| object.get(key).and_then(Value::as_str);
        let Some(address) = text("contentUrl").or_else(|| text("name")).or_else(|| text("@id")) else {
            continue;
        };
        // A relative address is the path itself; of an absolute one, only the last part can be known here.
        let bare = address.split(['?', '#']).next().unwrap_or_default();
        let name = if bare.contains("://") { bare.rsplit('/').next().unwrap_or_default() } else { bare };
        if hex_of(&digest).is_none() {
            return Err(format!("the digest of `{name}` is no SHA-256"));
        }
        found.insert(name.trim_start_matches("./").to_owned(), digest);
    }
    if found.is_empty() { Err("states no digest (sha256) of a file".to_owned()) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir_all(folder.path().join("data/sub")).unwrap();
            fs::write(folder.path().join("data/a.csv"), "x\n1\n").unwrap();
            fs::write(folder.path().join("data/sub/b.csv"), "x\n2\n").unwrap();
            Self(folder)
        }

        fn report(&self, more: &str) -> Vec<(&'static str, Option<String>)> {
            let text = format!(
                "schema = \"bartizan.sources/1\"\nlicences = [\"MIT\"]\n[[dataset]]\nname = \"d\"\npath = \"data\"\nfrom = \"https://a.example/\"\n{more}"
            );
            let sources = Sources::from_toml(&text).unwrap();
            let verify = |_: &Path, key: &Path, _: &Path| {
                if key.ends_with("good.pub") { Ok(()) } else { Err("no".to_owned()) }
            };
            let report = check(&sources, self.0.path(), &[], &verify);
            report.problems.into_iter().map(|problem| (problem.kind, problem.file)).collect()
        }

        fn pinned(&self) -> String {
            let pins = pins(&self.0.path().join("data")).unwrap();
            let lines: String =
                pins.iter().map(|(name, digest)| format!("\"{name}\" = \"{digest}\"\n")).collect();
            format!("licence = \"MIT\"\n[dataset.shards]\n{lines}")
        }
    }

    fn at(kind: &'static str, file: &str) -> (&'static str, Option<String>) {
        (kind, Some(file.to_owned()))
    }

    #[test]
    fn pinned_files_pass_and_every_change_is_found() {
        let place = Place::new();
        let pinned = place.pinned();
        assert_eq!(place.report(&pinned), []);
        fs::write(place.0.path().join("data/a.csv"), "x\n9\n").unwrap();
        fs::write(place.0.path().join("data/new.csv"), "x\n").unwrap();
        fs::remove_file(place.0.path().join("data/sub/b.csv")).unwrap();
        assert_eq!(
            place.report(&pinned),
            [at("changed", "a.csv"), at("unknown", "new.csv"), at("missing", "sub/b.csv")]
        );
    }

    #[test]
    fn what_nothing_pins_fails_closed() {
        let place = Place::new();
        assert_eq!(place.report("licence = \"MIT\""), [("unpinned", None)]);
        assert_eq!(place.report("signer = \"good.pub\""), [("licence", None)]);
        assert_eq!(
            place.report("licence = \"MIT\"\nsigner = \"bad.pub\""),
            [("signature", None), ("unpinned", None)]
        );
        assert_eq!(place.report("licence = \"GPL\"\nsigner = \"good.pub\""), [("licence", None)]);
    }

    #[test]
    fn digests_of_a_description_count() {
        let place = Place::new();
        let (digest, _) = digest_of(&place.0.path().join("data/a.csv")).unwrap();
        let (other, _) = digest_of(&place.0.path().join("data/sub/b.csv")).unwrap();
        let describe = |first: &str| {
            let text = serde_json::json!({"distribution": [
                {"contentUrl": "https://a.example/files/a.csv?raw=1", "sha256": first},
                {"contentUrl": "sub/b.csv", "sha256": other}]});
            fs::write(place.0.path().join("c.json"), text.to_string()).unwrap();
        };
        let list = "licence = \"MIT\"\ncroissant = \"c.json\"";
        describe(&digest);
        assert_eq!(place.report(list), []);
        describe(&other);
        assert_eq!(place.report(list), [at("changed", "a.csv")]);
        fs::write(place.0.path().join("c.json"), "{}").unwrap();
        assert_eq!(place.report(list), [("unreadable", None), ("unpinned", None)]);
    }

    #[test]
    fn a_path_and_its_origin_have_to_be_listed() {
        let place = Place::new();
        let text = "schema = \"bartizan.sources/1\"\n[[dataset]]\nname = \"d\"\npath = \"data\"\nfrom = \"https://a.example/\"";
        let sources = Sources::from_toml(text).unwrap();
        fs::write(place.0.path().join("other.csv"), "x\n").unwrap();
        let of = |path: &str, origin: Option<&str>| {
            let found = matching(&sources, place.0.path(), &place.0.path().join(path), origin);
            found.map(|dataset| dataset.name.clone()).map_err(|problem| problem.kind)
        };
        assert_eq!(of("data/a.csv", Some("https://a.example/a.csv")), Ok("d".to_owned()));
        assert_eq!(of("data/a.csv", Some("https://b.example/a.csv")), Err("origin"));
        assert_eq!(of("other.csv", None), Err("unlisted"));
        assert_eq!(of("data/../other.csv", None), Err("unlisted"));
    }
}
