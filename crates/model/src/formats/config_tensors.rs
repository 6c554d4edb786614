//! Whether the sizes in a Hugging Face `config.json` are those of the tensors beside it.
//!
//! Loaders build the network from the configuration and fill it from the tensors; what does not fit is left at random
//! values or left out. Only sizes that every architecture names alike are compared. Source: `configuration_utils.py` and
//! `modeling_utils.py` of huggingface/transformers.

use super::safetensors::sibling::{Described, described_in};
use crate::wire::json_tree::{self, Document, NodeId, Value};
use crate::{Input, Scan};
use bartizan_core::{Confidence, Finding, Severity, cwe, owasp_ml, rule};
use std::collections::BTreeSet;

rule! {
    /// ## What it finds
    /// Files of one model that contradict each other: a configuration whose vocabulary, width or number of layers is not
    /// that of the tensors beside it, an index that names tensors its shards do not hold, or shards with tensors that the
    /// index does not name.
    /// ## Why it matters
    /// Loaders do not stop there: what is missing stays at random values, what is not named is loaded by some and ignored
    /// by others. Files of different models were mixed, or one was exchanged.
    /// ## Example
    /// `num_hidden_layers: 32` beside tensors of 30 layers.
    /// ## How to fix
    /// Fetch the whole model again from its publisher and compare digests.
    /// ## References
    /// - <https://huggingface.co/docs/transformers/main_classes/model>
    pub const MODEL_MISMATCH: Rule = Rule {
        id: "model/files-disagree",
        title: "files of one model that contradict each other",
        severity: Severity::Low,
        remedy: "Fetch the whole model again from its publisher and compare digests.",
        taxonomies: &[cwe(345), owasp_ml("ML10")],
    };
}

/// Longest configuration compared, in bytes.
const CONFIG_BYTES: usize = 1 << 20;
/// Files of weights looked for, in the order that loaders prefer them.
const WEIGHTS: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
/// Most shards opened.
const SHARDS: usize = 512;
/// Ends of the names of token embeddings.
const EMBEDDINGS: &[&str] = &[
    "embed_tokens.weight",
    "word_embeddings.weight",
    "wte.weight",
    "embed_in.weight",
    "tok_embeddings.weight",
];
/// Settings that name the width of the embeddings.
const WIDTHS: &[&str] = &[
    "hidden_size",
    "d_model",
    "n_embd",
    "embedding_size",
    "word_embed_proj_dim",
    "dim",
    "emb_dim",
    "embed_dim",
];
/// Settings that name the number of layers of one stack.
const LAYERS: &[&str] = &["num_hidden_layers", "n_layer", "num_layers", "n_layers"];
/// Layers beyond the configuration that are ordinary: those that predict further tokens.
const FURTHER_LAYERS: u64 = 4;

/// Compares the configuration in `input` with the tensors beside it.
pub(super) fn check(input: &Input<'_>, scan: &mut Scan<'_>) {
    if input.file_name() != "config.json" || input.bytes.len() > CONFIG_BYTES {
        return;
    }
    let Some(tensors) = tensors_beside(input) else { return };
    let text = json_tree::decode(input.bytes);
    let document = json_tree::parse(&text);
    let Some(root) = document.root() else { return };
    // Models of several parts keep the sizes of the part that reads text one level down.
    let part = document.get(root, "text_config").or_else(|| document.get(root, "llm_config")).unwrap_or(root);
    if document.get(root, "quantization_config").is_none() {
        embeddings(&document, part, &tensors, scan);
    }
    layers(&document, part, &tensors, scan);
}

/// Every tensor of the model beside the configuration; `None` when there is none, or a part of it is missing.
fn tensors_beside(input: &Input<'_>) -> Option<Vec<Described>> {
    if input.siblings.look_up(WEIGHTS).is_some() {
        return described_in(input.siblings, WEIGHTS);
    }
    input.siblings.look_up(INDEX)?;
    let index = input.siblings.read(INDEX, 64 << 20)?;
    let text = json_tree::decode(&index);
    let document = json_tree::parse(&text);
    let map = document.get(document.root()?, "weight_map")?;
    let shards: BTreeSet<&str> = document.children(map).filter_map(|shard| document.text(shard)).collect();
    let plain = |name: &&str| !name.contains(['/', '\\', ':']);
    if shards.len() > SHARDS || !shards.iter().all(plain) {
        return None;
    }
    let parts: Option<Vec<Vec<Described>>> =
        shards.iter().map(|shard| described_in(input.siblings, shard)).collect();
    Some(parts?.concat())
}

fn number(document: &Document<'_>, id: NodeId, key: &str) -> Option<u64> {
    match document.value(document.get(id, key)?) {
        Value::Number(number) => number.parse().ok(),
        _ => None,
    }
}

fn embeddings(document: &Document<'_>, part: NodeId, tensors: &[Described], scan: &mut Scan<'_>) {
    let is_embedding = |tensor: &&Described| {
        EMBEDDINGS.iter().any(|end| tensor.name.ends_with(end)) && tensor.shape.len() == 2
    };
    let mut found = tensors.iter().filter(is_embedding);
    // More than one belongs to more than one part of the model.
    let (Some(embedding), None) = (found.next(), found.next()) else { return };
    let [rows, columns] = embedding.shape.as_slice() else { return };
    let name = bartizan_core::printable(&embedding.name, 120);
    if let Some(vocabulary) = number(document, part, "vocab_size")
        && vocabulary > *rows
    {
        let message = format!("the configuration speaks of {vocabulary} tokens, and `{name}` holds {rows}");
        report(document, part, "vocab_size", message, scan);
    }
    let widths: Vec<u64> = WIDTHS.iter().filter_map(|key| number(document, part, key)).collect();
    if !widths.is_empty() && !widths.contains(columns) {
        let message = format!("no width of the configuration is that of `{name}`, {columns}");
        report(document, part, "hidden_size", message, scan);
    }
}

fn layers(document: &Document<'_>, part: NodeId, tensors: &[Described], scan: &mut Scan<'_>) {
    let Some((key, said)) = LAYERS.iter().find_map(|key| Some((*key, number(document, part, key)?))) else {
        return;
    };
    // The stack with the most layers: names such as `model.layers.12.mlp`, prefix and number.
    let mut stacks: std::collections::BTreeMap<&str, BTreeSet<u64>> = std::collections::BTreeMap::new();
    for tensor in tensors {
        if let Some((prefix, layer)) = layer_of(&tensor.name) {
            stacks.entry(prefix).or_default().insert(layer);
        }
    }
    let Some(most) = stacks.values().map(BTreeSet::len).max() else { return };
    let held = most as u64;
    // Several stacks share the setting in encoders and decoders; layers may share their weights.
    if stacks.len() == 1 && (held < said || held > said.saturating_add(FURTHER_LAYERS)) {
        let message =
            format!("the configuration speaks of {said} layers, and the tensors are those of {held}");
        report(document, part, key, message, scan);
    }
}

/// The prefix and number of a layer in a tensor's name.
fn layer_of(name: &str) -> Option<(&str, u64)> {
    [".layers.", ".layer.", ".h.", ".blocks."].iter().find_map(|mark| {
        let at = name.find(mark)?.saturating_add(mark.len());
        let (prefix, rest) = name.split_at_checked(at)?;
        Some((prefix, rest.split('.').next()?.parse().ok()?))
    })
}

fn report(document: &Document<'_>, part: NodeId, key: &str, message: String, scan: &mut Scan<'_>) {
    let pointer = document.get(part, key).map_or_else(String::new, |id| document.pointer(id));
    scan.report(
        Finding::new(&MODEL_MISMATCH, message)
            .severity(Severity::Info)
            .confidence(Confidence::Medium)
            .pointer(pointer),
    );
}

#[cfg(test)]
mod tests {
    use super::super::safetensors::sibling::testing::{Files, safetensors};
    use super::*;
    use bartizan_core::{Limits, MonotonicClock};

    fn told(config: &str, files: &[(&str, Vec<u8>)]) -> Vec<String> {
        let input = Input { bytes: config.as_bytes(), name: "config.json", siblings: &Files(files) };
        let (limits, clock) = (Limits::default(), MonotonicClock::start());
        let mut scan = Scan::new(&limits, &clock);
        check(&input, &mut scan);
        scan.findings().iter().filter_map(|finding| finding.location.pointer.clone()).collect()
    }

    fn weights() -> Vec<u8> {
        safetensors(&[
            ("model.embed_tokens.weight", &[10, 4]),
            ("model.layers.0.mlp.weight", &[4, 4]),
            ("model.layers.1.mlp.weight", &[4, 4]),
        ])
    }

    #[test]
    fn sizes_that_agree_are_silent_and_others_are_told() {
        let files = [(WEIGHTS, weights())];
        let config = |vocabulary: u64, width: u64, layers: u64| {
            told(
                &format!(
                    r#"{{"vocab_size":{vocabulary},"hidden_size":{width},"num_hidden_layers":{layers}}}"#
                ),
                &files,
            )
        };
        assert_eq!(config(10, 4, 2), Vec::<String>::new());
        assert_eq!(config(9, 4, 2), Vec::<String>::new());
        assert_eq!(config(11, 4, 2), ["/vocab_size"]);
        assert_eq!(config(10, 8, 2), ["/hidden_size"]);
        assert_eq!(config(10, 4, 3), ["/num_hidden_layers"]);
    }

    #[test]
    fn shards_are_read_through_their_index_and_without_weights_nothing_is_said() {
        let map = r#"{"weight_map":{"a":"m-1.safetensors"}}"#;
        let files = [(INDEX, map.as_bytes().to_vec()), ("m-1.safetensors", weights())];
        assert_eq!(
            told(r#"{"text_config":{"num_hidden_layers":9}}"#, &files),
            ["/text_config/num_hidden_layers"]
        );
        assert_eq!(told(r#"{"num_hidden_layers":9}"#, &[]), Vec::<String>::new());
    }
}
