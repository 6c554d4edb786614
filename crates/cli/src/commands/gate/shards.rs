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

/// Ends of the name of the part that stands for those of an index that cannot be read.
const TOO_LARGE: &str = ", which is too large to be read";
const NO_JSON: &str = ", which is no JSON that is read here";

/// Whether `part` stands for parts that nobody could read: no file is that part, whatever it is called.
fn is_nowhere(part: &str) -> bool {
    part.ends_with(TOO_LARGE) || part.ends_with(NO_JSON)
}

/// The names of the parts; none when the file is no such index. An index that cannot be read names one part that is nowhere: others read
/// what is refused here, as Python does `NaN` and a lone surrogate, and would load parts that nobody looked at.
fn named_in(path: &Path) -> Option<BTreeSet<String>> {
    let source = File::open(path).ok().and_then(|file| Source::read(file, LARGEST).ok());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let nowhere = |why: &str| Some(BTreeSet::from([format!("the parts of {name}{why}")]));
    let Some(source) = source else { return nowhere(TOO_LARGE) };
    let Ok(index) = serde_json::from_slice(source.bytes()) else { return nowhere(NO_JSON) };
    let Value::Object(index) = index else { return None };
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

/// Parts that indexes in a folder name and that are not in it, by their path below it. An index is passed over when none of its parts is
/// there and other weights are whole: that is what a download of one format of several leaves.
pub(super) fn absent(listing: &Listing) -> Vec<String> {
    let known: BTreeSet<&str> = listing.entries.iter().map(|entry| entry.name.as_str()).collect();
    let mut absent = BTreeSet::new();
    let mut unfetched = Vec::new();
    // Folders, by their path with its last separator, with the whole weights of a model.
    let mut whole = BTreeSet::new();
    for entry in &listing.entries {
        let (folder, name) = entry.name.split_at(entry.name.rfind('/').map_or(0, |at| at.saturating_add(1)));
        if !matches!(entry.kind, Kind::File { .. } | Kind::FileLink { .. }) {
            continue;
        }
        if is_whole(name) {
            whole.insert(folder);
        }
        let Some(parts) = is_called_index(name).then(|| named_in(&entry.path)).flatten() else { continue };
        let missing: BTreeSet<String> = parts
            .iter()
            .filter(|part| is_nowhere(part) || !known.contains(format!("{folder}{part}").as_str()))
            .cloned()
            .collect();
        if missing.is_empty() && !parts.is_empty() {
            whole.insert(folder);
        }
        if missing.len() == parts.len() && missing.iter().all(|part| is_unfetched(&entry.path, part)) {
            unfetched.push((folder, missing));
        } else {
            absent.extend(missing.into_iter().map(|part| format!("{folder}{part}")));
        }
    }
    for (folder, missing) in unfetched.into_iter().filter(|(folder, _)| !whole.contains(folder)) {
        absent.extend(missing.into_iter().map(|part| format!("{folder}{part}")));
    }
    absent.into_iter().collect()
}

/// Whether a file is called as the weights of a model that lie in one file are.
fn is_whole(name: &str) -> bool {
    let Some((stem, end)) = name.rsplit_once('.') else { return false };
    let is_model =
        matches!(stem, "model" | "pytorch_model" | "diffusion_pytorch_model" | "tf_model" | "flax_model");
    is_model && matches!(end, "safetensors" | "bin" | "h5" | "msgpack" | "gguf")
}

/// Whether the part of the index at `index` would lie beside it, and nothing does: what lies elsewhere may be loaded all the same.
fn is_unfetched(index: &Path, part: &str) -> bool {
    let mut inner = Path::new(part).components();
    let beside = matches!((inner.next(), inner.next()), (Some(Component::Normal(_)), None));
    beside && !is_nowhere(part) && fs::symlink_metadata(parent(index).join(part)).is_err()
}

fn entry(folder: &Path, name: &str) -> Entry {
    let inner = Path::new(name);
    let leads_out = inner.components().any(|part| !matches!(part, Component::Normal(_)));
    let path = folder.join(inner);
    // What lies elsewhere is no part of what was named, and no digest of it is asked for.
    let kind =
        if leads_out || name.is_empty() || is_nowhere(name) { Kind::BrokenLink } else { kind(folder, &path) };
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
