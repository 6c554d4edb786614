//! Predictions: KServe's protocol, version 2, as Triton speaks it, and TorchServe's.
//!
//! Source: Open Inference Protocol 2.0 (`/v2/models/NAME/infer`, `/generate`); TorchServe's inference API (`/predictions/NAME`).

use super::gather::{Gather, join};
use super::json::Node;
use crate::exchange::Role;

/// A request for an inference: texts are in tensors of type `BYTES`, or beside them.
pub(super) fn request(all: &mut Gather<'_, '_>) {
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
    for (key, child) in root.children() {
        let key = key.unwrap_or_default();
        match &*key {
            "id" | "model_name" | "model_version" => all.name(speaker, child, join("", &key)),
            key if key == tensors && child.is_array() => {
                for (place, tensor) in child.items().enumerate() {
                    of_tensor(all, speaker, tensor, &format!("/{key}/{place}"));
                }
            }
            _ => all.entry(speaker, &key, child, ""),
        }
    }
    if root.is_array() || root.is_string() {
        all.strings(speaker, root, "");
    }
}

fn of_tensor<'j, 'b>(all: &mut Gather<'j, 'b>, speaker: Role, tensor: Node<'j, 'b>, pointer: &str) {
    if !tensor.is_object() {
        all.strings(speaker, tensor, pointer);
        return;
    }
    for (key, child) in tensor.children() {
        let key = key.unwrap_or_default();
        match &*key {
            "name" | "datatype" => all.name(speaker, child, join(pointer, &key)),
            _ => all.entry(speaker, &key, child, pointer),
        }
    }
}
