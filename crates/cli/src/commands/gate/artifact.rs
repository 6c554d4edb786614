//! What is decided about, read and digested now: no digest that somebody remembers counts.

use super::shards;
use crate::commands::sign::jobs;
use crate::failure::Failure;
use bartizan_evidence::digest::Digest;
use bartizan_evidence::lineage::NodeId;
use bartizan_evidence::manifest::{
    Digesting, Gathered, HashAlgorithm, Kind, Listing, Silent, Work, digest_all, list,
};
use bartizan_policy::input::{Artifact, ArtifactFile, ArtifactKind};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Most other names kept of one file.
const MOST_ALIASES: usize = 16;

/// An artifact and the digests of its files, for whoever verifies them next.
pub(super) struct Read {
    /// What policies read of it.
    pub(super) artifact: Artifact,
    /// What its signature is over: its path, of an index the folder that it lies in; none for a digest.
    pub(super) path: Option<PathBuf>,
    /// Digests by file.
    pub(super) gathered: Gathered,
}

/// Reads what the user names. `signature` is the file that signs it, which does not sign itself.
///
/// # Errors
/// [`Failure`] when it cannot be read, or is neither file, folder nor digest.
pub(super) fn read(given: &str, signature: Option<&Path>) -> Result<Read, Failure> {
    let path = Path::new(given);
    if !path.exists() {
        return of_digest(given);
    }
    let listing = list(path).map_err(|error| Failure::Verify {
        error: Box::new(bartizan_evidence::oms::VerifyError::from(error)),
    })?;
    // The index of a sharded model stands for its parts: whoever loads it loads them.
    let index = shards::listing(path, &listing);
    let is_index = index.is_some();
    let listing = index.unwrap_or(listing);
    let signature = signature.and_then(|path| path.canonicalize().ok());
    let (work, mut unread) = readable(&listing, signature.as_deref());
    if !is_index && !listing.is_file {
        unread.extend(shards::absent(&listing));
    }
    let gathered = Gathered::new(HashAlgorithm::Sha256, None, work.iter().map(|(_, work)| work.path));
    let digesting = Digesting {
        algorithm: HashAlgorithm::Sha256,
        jobs: jobs(None),
        progress: &Silent,
        cache: None,
        gathered: None,
        live: None,
    };
    let order: Vec<Work<'_>> =
        work.iter().map(|(_, work)| Work { path: work.path, size: work.size, range: None }).collect();
    let mut files = Vec::new();
    for ((name, work), digested) in work.iter().zip(digest_all(&order, digesting)) {
        let (digest, size) = digested.map_err(|error| {
            let error = std::io::Error::other(error.to_string());
            Failure::Read { what: "artifact", path: work.path.to_owned(), error }
        })?;
        gathered.keep_sha256(work.path, size, digest.clone());
        let name = if listing.is_file { listing.name.clone() } else { (*name).to_owned() };
        let digest = format!("sha256:{}", bartizan_core::hex(&digest));
        files.push(ArtifactFile { name, digest, size, ..ArtifactFile::default() });
    }
    name_links(&listing, &mut files);
    let digest = match files.as_slice() {
        [only] if listing.is_file => only.digest.clone(),
        _ => format!("dirHash:{}", directory_hash(&files)),
    };
    let artifact = Artifact {
        path: given.to_owned(),
        kind: match (is_index, listing.is_file) {
            (true, _) => ArtifactKind::Index,
            (_, true) => ArtifactKind::File,
            _ => ArtifactKind::Folder,
        },
        digest,
        bytes: files.iter().map(|file| file.size).sum(),
        files,
        unread,
    };
    // A signature over an index says nothing of its parts; one over the folder does.
    let signed = if is_index { parent(path).to_owned() } else { path.to_owned() };
    Ok(Read { artifact, path: Some(signed), gathered })
}

/// The folder that a file lies in.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What can be digested of a listing, and the names of what cannot.
fn readable<'a>(listing: &'a Listing, signature: Option<&Path>) -> (Vec<(&'a str, Work<'a>)>, Vec<String>) {
    let (mut work, mut unread) = (Vec::new(), Vec::new());
    for entry in &listing.entries {
        if signature == Some(entry.path.as_path()) {
            continue;
        }
        match &entry.kind {
            Kind::File { size, .. } => {
                work.push((entry.name.as_str(), Work { path: &entry.path, size: *size, range: None }));
            }
            Kind::FileLink { target, size, .. } => {
                work.push((entry.name.as_str(), Work { path: target, size: *size, range: None }));
            }
            _ => unread.push(entry.name.clone()),
        }
    }
    (work, unread)
}

/// Parts at the end of the path of what a link leads to by which it is known in a scan of another folder.
const OUTSIDE_PARTS: usize = 3;

/// Gives files that links lead to, and those links, each other's names; links that lead out of the artifact the end of where they lead.
fn name_links(listing: &Listing, files: &mut [ArtifactFile]) {
    let links: BTreeSet<&str> = listing
        .entries
        .iter()
        .filter(|entry| matches!(entry.kind, Kind::FileLink { .. }))
        .map(|entry| entry.name.as_str())
        .collect();
    if links.is_empty() {
        return;
    }
    let mut names: BTreeMap<PathBuf, Vec<&str>> = BTreeMap::new();
    for entry in &listing.entries {
        if let Ok(place) = std::fs::canonicalize(&entry.path) {
            names.entry(place).or_default().push(&entry.name);
        }
    }
    let mut aliases: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (place, several) in names {
        if let [alone] = several.as_slice() {
            // What a link leads to outside of the artifact is scanned under its own name.
            let parts: Vec<_> =
                place.iter().rev().take(OUTSIDE_PARTS).map(|part| part.to_string_lossy()).collect();
            let known = parts.iter().rev().map(AsRef::as_ref).collect::<Vec<&str>>().join("/");
            if links.contains(alone) {
                aliases.insert(alone, vec![known]);
            }
            continue;
        }
        for name in &several {
            let others = several.iter().filter(|other| *other != name).take(MOST_ALIASES);
            aliases.insert(name, others.map(|other| (*other).to_owned()).collect());
        }
    }
    for file in files {
        file.aliases = aliases.remove(file.name.as_str()).unwrap_or_default();
    }
}

/// in-toto's `dirHash`: SHA-256 over a line for each file, `HEX  NAME`, in order of name (Go's `h1`, golang.org/x/mod/sumdb/dirhash).
fn directory_hash(files: &[ArtifactFile]) -> String {
    let lines: Vec<String> = files
        .iter()
        .map(|file| format!("{}  {}\n", file.digest.trim_start_matches("sha256:"), file.name))
        .collect();
    Digest::sha256(lines.concat().as_bytes()).value().to_owned()
}

fn of_digest(given: &str) -> Result<Read, Failure> {
    let unknown = |reason: String| Failure::Node { text: given.to_owned(), reason };
    let node = given.parse::<NodeId>().ok();
    let digest = node.as_ref().and_then(NodeId::digest);
    let digest = digest.filter(|digest| digest.algorithm() == bartizan_evidence::digest::SHA256);
    let digest = digest.ok_or_else(|| {
        unknown("is no file or folder that is here, and no digest: those are written sha256:HEX".to_owned())
    })?;
    let file =
        ArtifactFile { name: digest.to_string(), digest: digest.to_string(), ..ArtifactFile::default() };
    let artifact = Artifact {
        path: given.to_owned(),
        kind: ArtifactKind::Digest,
        digest: digest.to_string(),
        files: vec![file],
        ..Artifact::default()
    };
    let gathered = Gathered::new(HashAlgorithm::Sha256, None, std::iter::empty());
    Ok(Read { artifact, path: None, gathered })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_named_by_the_hash_that_go_and_in_toto_use() {
        // Go, dirhash.Hash1 over {a: "one\n", b/c: "two\n"}: base64 of the same 32 bytes.
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("b")).unwrap();
        std::fs::write(folder.path().join("a"), "one\n").unwrap();
        std::fs::write(folder.path().join("b/c"), "two\n").unwrap();
        let read = read(&folder.path().to_string_lossy(), None).unwrap().artifact;
        let digest = |text: &str| Digest::sha256(text.as_bytes()).value().to_owned();
        let lines = format!("{}  a\n{}  b/c\n", digest("one\n"), digest("two\n"));
        assert_eq!(read.digest, format!("dirHash:{}", digest(&lines)));
        assert_eq!((read.files.len(), read.bytes, read.kind), (2, 8, ArtifactKind::Folder));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_and_the_file_that_it_leads_to_know_each_others_names() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("blobs")).unwrap();
        std::fs::write(folder.path().join("blobs/00"), "one").unwrap();
        std::fs::write(folder.path().join("other"), "one").unwrap();
        std::os::unix::fs::symlink("blobs/00", folder.path().join("model.bin")).unwrap();
        let (cache, outer) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir_all(cache.path().join("files/md5/ab")).unwrap();
        std::fs::write(cache.path().join("files/md5/ab/cd"), "two").unwrap();
        std::os::unix::fs::symlink(cache.path().join("files/md5/ab/cd"), outer.path().join("out.bin"))
            .unwrap();
        let outside = read(&outer.path().to_string_lossy(), None).unwrap().artifact.files;
        assert!(outside.iter().all(|file| file.aliases == ["md5/ab/cd"]), "{outside:?}");
        let files = read(&folder.path().to_string_lossy(), None).unwrap().artifact.files;
        let told: Vec<_> = files.iter().map(|file| (file.name.as_str(), file.aliases.join(" "))).collect();
        let told: Vec<_> = told.iter().map(|(name, aliases)| (*name, aliases.as_str())).collect();
        assert_eq!(told, [("blobs/00", "model.bin"), ("model.bin", "blobs/00"), ("other", "")]);
    }

    #[test]
    fn an_index_stands_for_the_parts_that_it_names_and_a_part_that_is_not_there_is_unread() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("model-1.safetensors", "one");
        write("notes.txt", "beside");
        let map =
            r#"{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors", "c": "../out.bin"}}"#;
        write("model.safetensors.index.json", map);
        let index = folder.path().join("model.safetensors.index.json");
        let found = read(&index.to_string_lossy(), None).unwrap();
        let names: Vec<_> = found.artifact.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["model-1.safetensors", "model.safetensors.index.json"]);
        assert_eq!(found.artifact.unread, ["../out.bin", "model-2.safetensors"]);
        assert_eq!((found.artifact.kind, found.path.as_deref()), (ArtifactKind::Index, Some(folder.path())));
        assert!(found.artifact.digest.starts_with("dirHash:"));
        // In a folder as well, what an index names has to be there.
        let whole = read(&folder.path().to_string_lossy(), None).unwrap().artifact;
        assert_eq!((whole.files.len(), whole.unread.len()), (3, 2));
        write("model-2.safetensors", "two");
        write("model.safetensors.index.json", &map.replace("../out.bin", "model-2.safetensors"));
        let whole = read(&folder.path().to_string_lossy(), None).unwrap().artifact;
        assert_eq!((whole.files.len(), whole.unread.len()), (4, 0));
        // Any other file of that name is itself alone.
        write("search.index.json", "{\"weight_map\": 1}");
        let other = read(&folder.path().join("search.index.json").to_string_lossy(), None).unwrap().artifact;
        assert_eq!((other.kind, other.files.len()), (ArtifactKind::File, 1));
    }

    #[test]
    fn a_digest_is_taken_as_it_is_and_what_is_neither_is_refused() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let read = read(&digest, None).unwrap().artifact;
        assert_eq!((read.kind, read.files[0].digest.as_str()), (ArtifactKind::Digest, digest.as_str()));
        assert!(super::read("no/such/model", None).is_err() && super::read("md5:00", None).is_err());
    }
}
