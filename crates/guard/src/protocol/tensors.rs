//! Predictions: KServe's protocol, version 2, as Triton speaks it, and TorchServe's.
//!
//! Source: Open Inference Protocol 2.0 (`/v2/models/NAME/infer`, `/generate`); TorchServe's inference API (`/predictions/NAME`).

use super::gather::{Gather, join};
use super::json::Node;
use crate::exchange::{MediaKind, Role};

/// A request for an inference: texts are in tensors of type `BYTES`, or beside them.
pub(super) fn request(all: &mut Gather<'_, '_>) {
    all.head(true);
    read(all, Role::User, "inputs");
}

/// The answer to one.
pub(super) fn response(all: &mut Gather<'_, '_>) {
    // As text generation servers list the tokens of what they answer beside it.
    all.repeated_under(&["tokens", "prefill", "top_tokens", "logprobs"]);
    read(all, Role::Assistant, "outputs");
}

fn read(all: &mut Gather<'_, '_>, speaker: Role, tensors: &str) {
    all.of_any_form();
    let root = all.root();
    for list in root.all(tensors) {
        all.each(list, &join("", tensors), &|all, tensor, pointer| of_tensor(all, speaker, tensor, pointer));
    }
    all.names(speaker, root, &["id", "model_name", "model_version"], "");
    all.numbers_as_text(speaker);
    all.rest(speaker);
}

fn of_tensor<'j, 'b>(all: &mut Gather<'j, 'b>, speaker: Role, tensor: Node<'j, 'b>, pointer: &str) {
    all.names(speaker, tensor, &["name", "datatype"], pointer);
    let kind = tensor.get("datatype").and_then(Node::as_str).unwrap_or_default();
    // Whole numbers may be tokens, or the letters of a text.
    if speaker == Role::User && (kind.starts_with("INT") || kind.starts_with("UINT")) {
        all.media(MediaKind::Tokens, pointer);
    }
    all.others(speaker, tensor, pointer);
}
