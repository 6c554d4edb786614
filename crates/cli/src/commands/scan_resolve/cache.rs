//! Commits of models and data sets in the cache of the Hugging Face hub on this machine.
//!
//! Source: huggingface_hub documentation, "Understand caching": `models--OWNER--NAME/refs/REVISION` holds the commit whose files lie in
//! `snapshots/COMMIT`; `HF_HUB_CACHE`, `HF_HOME`.

use bartizan_pipeline::{Asked, HubKind};
use std::env::var_os;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Longest file that names a commit, in bytes.
const LONGEST: u64 = 100;

/// The folder of a cache.
pub(super) struct HubCache(PathBuf);

impl HubCache {
    /// The user's.
    pub(super) fn of_user() -> Option<Self> {
        let said = |name: &str| var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        said("HF_HUB_CACHE")
            .or_else(|| said("HF_HOME").map(|home| home.join("hub")))
            .or_else(|| said("XDG_CACHE_HOME").map(|cache| cache.join("huggingface/hub")))
            .or_else(|| said("HOME").map(|home| home.join(".cache/huggingface/hub")))
            .map(Self)
    }

    /// The commit that was fetched under this name, where its files still lie.
    pub(super) fn commit(&self, asked: &Asked) -> Option<String> {
        let Asked::Hub { kind, name, revision } = asked else { return None };
        let kind = match kind {
            HubKind::Model => "models",
            HubKind::Dataset => "datasets",
        };
        let revision = revision.as_deref().unwrap_or("main");
        // Names come from what is scanned and stay in their folder.
        let plain = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.bytes().all(|each| each.is_ascii_alphanumeric() || matches!(each, b'.' | b'-' | b'_'))
        };
        if !name.split('/').chain(revision.split('/')).all(plain) {
            return None;
        }
        let folder = self.0.join(format!("{kind}--{}", name.replace('/', "--")));
        let commit = read(&folder.join("refs").join(revision))?;
        let is_commit =
            commit.len() == 40 && commit.bytes().all(|each| matches!(each, b'0'..=b'9' | b'a'..=b'f'));
        (is_commit && folder.join("snapshots").join(&commit).is_dir()).then_some(commit)
    }
}

fn read(path: &Path) -> Option<String> {
    // A pipe of that name would be waited for without end.
    fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let mut text = String::new();
    File::open(path).ok()?.take(LONGEST).read_to_string(&mut text).ok()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_known_while_its_files_lie_in_the_cache() {
        let folder = tempfile::tempdir().unwrap();
        let commit = "0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012";
        let model = folder.path().join("models--acme--net");
        fs::create_dir_all(model.join("refs")).unwrap();
        fs::write(model.join("refs/main"), commit).unwrap();
        let cache = HubCache(folder.path().to_owned());
        let asked = |name: &str, revision: Option<&str>| Asked::Hub {
            kind: HubKind::Model,
            name: name.to_owned(),
            revision: revision.map(str::to_owned),
        };
        assert_eq!(cache.commit(&asked("acme/net", None)), None);
        fs::create_dir_all(model.join("snapshots").join(commit)).unwrap();
        assert_eq!(cache.commit(&asked("acme/net", None)).as_deref(), Some(commit));
        assert_eq!(cache.commit(&asked("acme/net", Some("main"))).as_deref(), Some(commit));
        for (name, revision) in [("acme/net", Some("../refs/main")), ("../acme/net", None), ("acme", None)] {
            assert_eq!(cache.commit(&asked(name, revision)), None);
        }
        fs::write(model.join("refs/main"), "main").unwrap();
        assert_eq!(cache.commit(&asked("acme/net", None)), None);
    }
}
