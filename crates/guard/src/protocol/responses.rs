//! OpenAI's responses.
//!
//! Source: the OpenAPI description of the OpenAI API (2.3), `/responses`.

use super::calls::{ends_as, is_call_block, is_call_type, is_spelt};
use super::gather::{Gather, role};
use super::json::{Json, Node, folded};
use crate::exchange::{Exchange, Role};
use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};

/// Members of a request that choose how is answered: names, as a rule.
const CHOICES: [&str; 7] = [
    "model",
    "tool_choice",
    "user",
    "include",
    "previous_response_id",
    "prompt_cache_key",
    "safety_identifier",
];
/// Members of an answer that say again what was asked.
pub(super) const ECHOES: [&str; 7] =
    ["instructions", "input", "prompt", "tools", "tool_choice", "text", "metadata"];
/// Members of an answer that are names and numbers, as a rule.
pub(super) const ABOUT: [&str; 14] = [
    "id",
    "object",
    "status",
    "model",
    "usage",
    "service_tier",
    "truncation",
    "user",
    "reasoning",
    "incomplete_details",
    "previous_response_id",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
];

/// What a request said that its answer may say again: every string under the [members](ECHOES) that are, word for word, whatever blanks stand
/// around and between the words, which upstreams trim.
#[derive(Debug, Default)]
pub struct Echoes {
    /// Keys the digests, so that nobody finds another text with the digest of one that was said.
    key: RandomState,
    said: HashSet<u64>,
}

impl Echoes {
    /// Takes in a request.
    pub fn add(&mut self, request: &Json<'_>) {
        for member in ECHOES.iter().flat_map(|name| request.root().all(name)) {
            for node in member.inside() {
                let texts = node.as_str().into_iter().chain(node.key());
                let texts: Vec<u64> = texts.map(|text| self.digest(&text)).collect();
                self.said.extend(texts);
            }
        }
    }

    /// Whether the request said a text.
    pub fn has(&self, text: &str) -> bool {
        self.said.contains(&self.digest(text))
    }

    fn digest(&self, text: &str) -> u64 {
        let mut digest = self.key.build_hasher();
        text.split_whitespace().for_each(|word| word.hash(&mut digest));
        digest.finish()
    }

    /// Leaves out of a whole answer what only says again what the request said.
    pub fn leave_out(&self, answer: &mut Exchange<'_>) {
        let is_echo = |pointer: &str| {
            let first = pointer.split('/').nth(1).unwrap_or_default();
            ECHOES.contains(&&*folded(first))
        };
        answer.parts.retain(|part| !is_echo(&part.pointer) || !self.has(&part.text));
    }
}

/// A request for a response.
pub(super) fn request(all: &mut Gather<'_, '_>) {
    all.head(true);
    let root = all.root();
    for instructions in root.all("instructions") {
        all.strings(Role::System, instructions, "/instructions");
    }
    for input in root.all("input") {
        all.each(input, "/input", &|all, one, pointer| item(all, one, role(one), pointer));
    }
    for tools in root.all("tools") {
        all.each(tools, "/tools", &|all, tool, pointer| {
            // Servers of tools are given with credentials that are meant for them.
            if tool.get("type").and_then(Node::as_str).as_deref() == Some("mcp") {
                all.pass_members(tool, &["authorization", "headers"]);
            }
            all.tool(tool, "parameters", pointer);
        });
    }
    for text in root.all("text") {
        all.descriptions(text, "/text");
    }
    all.names(Role::User, root, &CHOICES, "");
    all.rest(Role::User);
    let format = root.get("text").and_then(|text| text.get("format"));
    if let Some(schema) = format.and_then(|format| format.get("schema")) {
        all.answer_schema(schema);
    }
}

/// The answer to one.
pub(super) fn response(all: &mut Gather<'_, '_>) {
    all.head(false);
    all.repeated_under(&["logprobs"]);
    let root = all.root();
    for output in root.all("output") {
        all.each(output, "/output", &|all, one, pointer| item(all, one, Role::Assistant, pointer));
    }
    all.names(Role::Assistant, root, &ABOUT, "");
    all.rest(Role::Assistant);
}

/// One item: a message, a call, what a tool gave back, or what is not known.
fn item<'j, 'b>(all: &mut Gather<'j, 'b>, one: Node<'j, 'b>, speaker: Role, pointer: &str) {
    let kind = one.get("type").and_then(Node::as_str).unwrap_or(Cow::Borrowed(""));
    if is_call_type(&kind) || speaker == Role::Assistant && is_call_block(one) {
        return all.called(speaker, one, pointer);
    }
    let speaker = match &*kind {
        kind if ends_as(kind, "_output") || ends_as(kind, "_call") => Role::ToolResult,
        // Who says that somebody else speaks is believed.
        kind if is_spelt(kind, "reasoning") && one.all("role").next().is_none() => Role::Assistant,
        _ => speaker,
    };
    all.others(speaker, one, pointer);
}
