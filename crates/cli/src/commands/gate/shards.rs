//! The index of a sharded model: one file that stands for the parts that it names ([`named_in`]).
//!
//! Source: huggingface/transformers, `modeling_utils.py` (`get_checkpoint_shard_files`): `weight_map` gives the file of each tensor, by its
//! name below the folder of the index. Names: `model.safetensors.index.json`, with a variant `model.safetensors.index.fp16.json`.

use super::artifact::parent;
use bartizan_core::Source;
use bartizan_evidence::manifest::{Entry, Kind, Listing};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Component, Path};

/// Largest index that is read, in bytes: that of a model with a million tensors has some 80 MB.
const LARGEST: u64 = 128 << 20;

/// Whether the file at `path`, called `name`, is such an index.
pub(super) fn is_index(path: &Path, name: &str) -> bool {
    is_called_index(name) && named_in(path).is_some()
}

/// Whether a file is called as such an index is.
fn is_called_index(name: &str) -> bool {
    let is_json = Path::new(name).extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
    is_json && name.to_ascii_lowercase().contains(".index.")
}

/// The names of the parts; none when the file is no such index. An index that cannot be read names one part that is nowhere.
fn named_in(path: &Path) -> Option<BTreeSet<String>> {
    let source = File::open(path).ok().and_then(|file| Source::read(file, LARGEST).ok());
    let Some(source) = source else {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        return Some(BTreeSet::from([format!("the parts of {name}, which is too large to be read")]));
    };
    let Value::Object(index) = serde_json::from_slice(source.bytes()).ok()? else { return None };
    let Some(Value::Object(map)) = index.get("weight_map") else { return None };
    Some(map.values().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// The index at `path`, which is listed as one file, with its parts as the listing of a folder; none when it is no index.
pub(super) fn listing(path: &Path, listed: &Listing) -> Option<Listing> {
    let [index] = listed.entries.as_slice() else { return None };
    let parts = (listed.is_file && is_called_index(&listed.name)).then(|| named_in(&index.path)).flatten()?;
    let folder = fs::canonicalize(parent(path)).ok()?;
    let own = folder.join(&listed.name);
    let mut entries: Vec<Entry> =
        parts.iter().filter(|part| **part != listed.name).map(|part| entry(&folder, part)).collect();
    entries.push(Entry { name: listed.name.clone(), kind: kind(&folder, &own), path: own });
    entries.sort_by(|one, two| one.name.cmp(&two.name));
    Some(Listing { root: folder, name: listed.name.clone(), is_file: false, entries })
}

/// Parts that indexes in a folder name and that are not in it, by their path below it.
pub(super) fn absent(listing: &Listing) -> Vec<String> {
    let known: BTreeSet<&str> = listing.entries.iter().map(|entry| entry.name.as_str()).collect();
    let mut absent = BTreeSet::new();
    for entry in &listing.entries {
        let (folder, name) = entry.name.rsplit_once('/').unwrap_or(("", &entry.name));
        let is_file = matches!(entry.kind, Kind::File { .. } | Kind::FileLink { .. });
        if !is_file || !is_called_index(name) {
            continue;
        }
        for part in named_in(&entry.path).into_iter().flatten() {
            let place = if folder.is_empty() { part } else { format!("{folder}/{part}") };
            if !known.contains(place.as_str()) {
                absent.insert(place);
            }
        }
    }
    absent.into_iter().collect()
}

fn entry(folder: &Path, name: &str) -> Entry {
    let inner = Path::new(name);
    let leads_out = inner.components().any(|part| !matches!(part, Component::Normal(_)));
    let path = folder.join(inner);
    // What lies elsewhere is no part of what was named, and no digest of it is asked for.
    let kind = if leads_out || name.is_empty() { Kind::BrokenLink } else { kind(folder, &path) };
    Entry { name: name.to_owned(), path, kind }
}

fn kind(folder: &Path, path: &Path) -> Kind {
    let Ok(metadata) = fs::metadata(path) else { return Kind::BrokenLink };
    match fs::canonicalize(path) {
        Ok(target) if metadata.is_file() && target != path => {
            Kind::FileLink { inside: target.starts_with(folder), target, size: metadata.len() }
        }
        Ok(_) if metadata.is_file() => Kind::File { size: metadata.len(), executable: false },
        _ => Kind::BrokenLink,
    }
}
