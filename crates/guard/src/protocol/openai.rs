//! OpenAI's chat completions, completions and embeddings, with what vLLM, Ollama and LiteLLM add.
//!
//! Source: the OpenAPI description of the OpenAI API (2.3), and vLLM's extra parameters.

use super::calls::WRAPPING;
use super::gather::{Gather, join, role};
use super::json::{Node, Value, folded};
use super::names::{is_base64, is_credential};
use crate::exchange::{MediaKind, Role};

/// Members of requests that choose how is answered and are put before no model: names, as a rule.
const CHOICES: [&str; 15] = [
    "model",
    "user",
    "stop",
    "tool_choice",
    "function_call",
    "service_tier",
    "encoding_format",
    "safety_identifier",
    "prompt_cache_key",
    "reasoning_effort",
    "modalities",
    "audio",
    "keep_alive",
    "cache_salt",
    "request_id",
];
/// Members of answers that are names and numbers, as a rule.
const ABOUT: [&str; 9] = [
    "id",
    "object",
    "created",
    "created_at",
    "model",
    "usage",
    "system_fingerprint",
    "service_tier",
    "done_reason",
];
/// Members that tell the tokens of a text again, one by one.
const TOKENS: [&str; 5] = ["logprobs", "token_ids", "prompt_logprobs", "prompt_token_ids", "tokens"];

/// A request for a chat completion.
pub(super) fn chat_request(all: &mut Gather<'_, '_>) {
    all.head(true);
    let root = all.root();
    for messages in root.all("messages") {
        all.each(messages, "/messages", &|all, one, pointer| message(all, one, role(one), pointer));
    }
    tools(all, root);
    for (name, speaker) in [("documents", Role::Document), ("prediction", Role::Assistant)] {
        for node in root.all(name) {
            all.strings(speaker, node, &join("", name));
        }
    }
    others(all, root);
}

/// Members that hold schemas of answers.
const SCHEMAS: [&str; 4] = ["response_format", "guided_json", "structured_outputs", "format"];
/// Members in which numbers of tokens stand for a text.
const NUMBERED: [&str; 3] = ["prompt", "prompt_token_ids", "input_ids"];

/// Whether a value holds numbers, at any depth: each document is no deeper than is read.
pub(super) fn has_numbers(node: Node<'_, '_>) -> bool {
    node.items().any(|item| matches!(item.value(), Value::Number(_)) || has_numbers(item))
}

/// What a request says beside its messages.
fn others<'j, 'b>(all: &mut Gather<'j, 'b>, root: Node<'j, 'b>) {
    if NUMBERED.iter().flat_map(|name| root.all(name)).any(has_numbers) {
        all.cannot_read("numbers of tokens in place of a text");
    }
    for context in root.all("context").filter(|context| has_numbers(*context)) {
        all.exchange.context.push(context.span());
    }
    if root.all("detokenize").any(|node| node.value() == Value::Bool(false)) {
        all.cannot_read("an answer in numbers of tokens, which it asks for,");
    }
    all.names(Role::User, root, &CHOICES, "");
    for images in root.all("images") {
        all.pictures(Role::User, images, "/images");
    }
    answer_schema(all, root);
    for (name, schema) in SCHEMAS.iter().flat_map(|name| root.all(name).map(move |schema| (*name, schema))) {
        if schema.is_object() {
            all.descriptions(schema, &join("", name));
        } else {
            all.name(Role::User, schema, join("", name));
        }
    }
    all.rest(Role::User);
}

/// The answer to one.
pub(super) fn chat_response(all: &mut Gather<'_, '_>) {
    all.head(false);
    all.repeated_under(&TOKENS);
    let root = all.root();
    for choices in root.all("choices") {
        all.each(choices, "/choices", &|all, choice, pointer| {
            all.names(Role::Assistant, choice, &["index", "finish_reason", "stop_reason"], pointer);
            for (key, child) in choice.children() {
                let key = key.unwrap_or_default();
                if child.is_object() && matches!(&*folded(&key), "message" | "delta") {
                    message(all, child, Role::Assistant, &join(pointer, &key));
                } else if !all.is_seen(child) {
                    all.entry(Role::Assistant, &key, child, pointer);
                }
            }
        });
    }
    // Ollama's own form.
    for one in root.all("message").filter(|one| one.is_object()) {
        message(all, one, Role::Assistant, "/message");
    }
    // Of Ollama's: all that was said, the answer included, in numbers of tokens.
    for context in root.all("context").filter(|context| has_numbers(*context)) {
        all.repeat(Role::Assistant, context, "/context");
    }
    all.names(Role::Assistant, root, &ABOUT, "");
    all.names(Role::Assistant, root, &["context"], "");
    all.rest(Role::Assistant);
}

/// A request to complete a text.
pub(super) fn completion_request(all: &mut Gather<'_, '_>) {
    all.head(true);
    let root = all.root();
    for (name, speaker) in
        [("prompt", Role::User), ("suffix", Role::User), ("system", Role::System), ("template", Role::System)]
    {
        for node in root.all(name) {
            all.strings(speaker, node, &join("", name));
        }
    }
    others(all, root);
}

/// A request for the embedding of texts.
pub(super) fn embedding_request(all: &mut Gather<'_, '_>) {
    const TEXTS: [&str; 4] = ["input", "prompt", "query", "documents"];
    all.head(false);
    let root = all.root();
    // Numbers of tokens steer no model that answers in numbers, but what they say leaves all the same.
    for name in ["input", "prompt"] {
        if root.all(name).any(has_numbers) {
            all.media(MediaKind::Tokens, &join("", name));
        }
    }
    for name in TEXTS {
        for node in root.all(name) {
            all.strings(Role::User, node, &join("", name));
        }
    }
    all.names(Role::User, root, &CHOICES, "");
    all.rest(Role::User);
}

/// The answer to one: numbers, and what went wrong.
pub(super) fn embedding_response(all: &mut Gather<'_, '_>) {
    all.head(false);
    let root = all.root();
    let items = root.all("data").flat_map(Node::items);
    for holder in std::iter::once(root).chain(items) {
        for vectors in ["embedding", "embeddings"].into_iter().flat_map(|name| holder.all(name)) {
            // Numbers, or as many of them in base64; no vector is as short as a credential.
            let is_vector = |text: &str| is_base64(text) && (text.len() > 256 || !is_credential(text));
            if vectors.inside().filter_map(Node::as_str).all(|text| is_vector(&text)) {
                all.pass(vectors);
            }
        }
    }
    all.names(Role::Assistant, root, &ABOUT, "");
    all.rest(Role::Assistant);
}

/// A message, whoever sent it.
fn message<'j, 'b>(all: &mut Gather<'j, 'b>, one: Node<'j, 'b>, speaker: Role, pointer: &str) {
    all.open(one);
    for (key, child) in one.children() {
        let key = key.unwrap_or_default();
        match &*folded(&key) {
            "name" => all.strings(speaker, child, &join(pointer, &key)),
            "audio" => all.speech(speaker, child, &join(pointer, &key)),
            "images" => all.pictures(speaker, child, &join(pointer, &key)),
            _ => all.entry(speaker, &key, child, pointer),
        }
    }
}

/// The tools offered, in both forms.
fn tools<'j, 'b>(all: &mut Gather<'j, 'b>, root: Node<'j, 'b>) {
    for tools in root.all("tools") {
        all.each(tools, "/tools", &|all, tool, pointer| offered(all, tool, pointer));
    }
    for functions in root.all("functions") {
        all.each(functions, "/functions", &|all, function, pointer| {
            all.tool(function, "parameters", pointer);
        });
    }
}

/// The tools that a request of any form offers, as far as their shape tells. Their texts are not taken.
pub(super) fn offers(all: &mut Gather<'_, '_>) {
    let root = all.root();
    let lists = ["tools", "functions"].into_iter();
    for (name, list) in lists.flat_map(|name| root.all(name).map(move |list| (name, list))) {
        for (place, tool) in list.items().enumerate() {
            let inner = WRAPPING.iter().flat_map(|name| tool.all(name)).filter(|inner| inner.is_object());
            let described: Vec<_> = inner.chain([tool]).collect();
            for one in described {
                let schema =
                    ["parameters", "input_schema", "inputSchema"].iter().find_map(|name| one.get(name));
                all.offered(one, schema, &format!("/{name}/{place}"));
            }
        }
    }
}

fn offered<'j, 'b>(all: &mut Gather<'j, 'b>, tool: Node<'j, 'b>, pointer: &str) {
    let wrapped = WRAPPING.iter().flat_map(|name| tool.all(name));
    let wrapped: Vec<_> = wrapped.filter(|inner| inner.is_object()).collect();
    if wrapped.is_empty() {
        return all.tool(tool, "parameters", pointer);
    }
    for function in wrapped {
        all.tool(function, "parameters", &format!("{pointer}/function"));
    }
    all.others(Role::ToolDescription, tool, pointer);
}

fn answer_schema<'j, 'b>(all: &mut Gather<'j, 'b>, root: Node<'j, 'b>) {
    let schema = root
        .get("response_format")
        .and_then(|format| format.get("json_schema"))
        .and_then(|schema| schema.get("schema"))
        .or_else(|| root.get("guided_json"))
        .or_else(|| root.get("format").filter(|format| format.is_object()));
    if let Some(schema) = schema.filter(|schema| schema.is_object()) {
        all.answer_schema(schema);
    }
}
