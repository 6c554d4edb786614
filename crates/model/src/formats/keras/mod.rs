//! Keras model configurations: the JSON that `.keras` archives, HDF5 attributes, SavedModel metadata and `to_json()` share.
//!
//! Cost: linear in the text; see [`crate::wire::json_tree`] for the bound on values.

pub(crate) mod config;
mod lambda;
mod names;
pub(crate) mod rules;
#[cfg(test)]
mod tests;

use crate::wire::json_tree;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Kind, Rule};

/// A Keras configuration as a text of its own: `config.json` of a `.keras` archive, or what `to_json()` gave.
pub struct KerasConfig;

/// The format, for containers that know which member is the configuration.
pub static KERAS_CONFIG: KerasConfig = KerasConfig;

impl Format for KerasConfig {
    fn id(&self) -> &'static str {
        "keras-config"
    }

    fn name(&self) -> &'static str {
        "Keras model configuration"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json", "keras"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if looks_like_config(input.head(RECOGNISE_BYTES)) { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        config::inspect(input.bytes, "", scan);
    }
}

/// Bytes of the head in which the keys of a configuration are looked for.
const RECOGNISE_BYTES: usize = 256 << 10;

/// Whether `head` begins a JSON object with the keys that every Keras serialiser writes.
fn looks_like_config(head: &[u8]) -> bool {
    let opens = head
        .iter()
        .find(|byte| !byte.is_ascii_whitespace() && !matches!(byte, 0 | 0xef | 0xbb | 0xbf | 0xfe | 0xff));
    if opens != Some(&b'{') {
        return false;
    }
    let wide = head.iter().take(8).any(|&byte| byte == 0);
    let plain = |key: &[u8]| memchr::memmem::find(head, key).is_some();
    // An escaped or wide key is still the key to the loader, so those texts are parsed before they are judged.
    if !(wide || plain(b"\\u") || plain(b"\"class_name\"") && plain(b"\"config\"")) {
        return false;
    }
    let text = json_tree::decode(head);
    let document = json_tree::parse(&text);
    let Some(root) = document.root() else { return false };
    let typed = |id| document.get(id, "class_name").is_some() && document.get(id, "config").is_some();
    // The root itself, or a value one level down (`model_config` of older tools). A head that was cut leaves its
    // containers as far as they were read.
    let cut = document.error.is_some();
    typed(root)
        || document.children(root).any(|child| document.is_object(child) && typed(child))
        || cut && document.get(root, "class_name").is_some()
        || cut && document.get(root, "config").is_some() && document.ids().any(typed)
        // A root that lacks either is passed through by Keras 3, and the layers in it are deserialised all the same.
        || document.ids().any(|id| {
            typed(id) && document.get_text(id, "class_name").is_some_and(names::is_builtin_class)
        })
}
