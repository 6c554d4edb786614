//! Filling an [`Exchange`] from a document: [`Gather`].
//!
//! What is not known is judged rather than passed over: a block of an unknown type gives every string in it.

use super::json::{Json, Node, Value};
use crate::exchange::{Exchange, Part, Role, ToolCall, ToolSpec};
use std::borrow::Cow;

/// Keys whose strings name, type or refer to something and are no text: the words of the protocols themselves.
pub(super) const NO_TEXT: [&str; 18] = [
    "type",
    "id",
    "role",
    "object",
    "status",
    "media_type",
    "mime_type",
    "mimeType",
    "detail",
    "format",
    "signature",
    "encrypted_content",
    "file_id",
    "call_id",
    "tool_call_id",
    "tool_use_id",
    "ttl",
    "encoding",
];

/// Gathers the parts of one body.
pub(super) struct Gather<'j, 'b> {
    json: &'j Json<'b>,
    exchange: Exchange<'b>,
}

impl<'j, 'b> Gather<'j, 'b> {
    pub(super) fn new(body: &'b [u8], json: &'j Json<'b>) -> Self {
        Self { json, exchange: Exchange { body, ..Exchange::default() } }
    }

    pub(super) fn done(self) -> Exchange<'b> {
        self.exchange
    }

    pub(super) fn root(&self) -> Node<'j, 'b> {
        self.json.root()
    }

    /// The model and the length asked for.
    pub(super) fn head(&mut self, lengths: &[&str]) {
        let root = self.root();
        self.exchange.model = root.get("model").and_then(Node::as_str);
        // Which of several a reader takes is its own choice: the largest is judged.
        let asked = lengths.iter().flat_map(|name| root.all(name)).filter_map(|node| number(node));
        self.exchange.max_output_tokens = asked.max();
    }

    /// A string is a part; anything else is nothing.
    pub(super) fn text(&mut self, role: Role, node: Node<'j, 'b>, pointer: String) {
        if let Some(text) = node.as_str()
            && !text.is_empty()
        {
            self.exchange.parts.push(Part { role, pointer, span: node.span(), text });
        }
    }

    /// Every string under a key, as parts.
    pub(super) fn member(&mut self, role: Role, node: Node<'j, 'b>, name: &str, pointer: &str) {
        for child in node.all(name) {
            self.text(role, child, join(pointer, name));
        }
    }

    /// Every string in a value, but those that only name things.
    pub(super) fn strings(&mut self, role: Role, node: Node<'j, 'b>, pointer: &str) {
        match node.value() {
            Value::String(text) if !is_data(&text) => self.text(role, node, pointer.to_owned()),
            Value::Array => {
                for (place, item) in node.items().enumerate() {
                    self.strings(role, item, &format!("{pointer}/{place}"));
                }
            }
            Value::Object => {
                let binary = is_binary(node);
                for (key, child) in node.children() {
                    let key = key.unwrap_or_default();
                    if child.is_string()
                        && (NO_TEXT.contains(&&*key) || binary && (key == "data" || key == "url"))
                    {
                        continue;
                    }
                    self.strings(role, child, &join(pointer, &key));
                }
            }
            _ => {}
        }
    }

    /// A call of a tool.
    pub(super) fn call(&mut self, name: Cow<'b, str>, arguments: Node<'j, 'b>, pointer: String) {
        let encoded = arguments.as_str();
        self.exchange.calls.push(ToolCall {
            name,
            pointer,
            span: arguments.span(),
            encoded: encoded.is_some(),
            arguments: encoded.unwrap_or(Cow::Borrowed(arguments.raw())),
            after: self.exchange.parts.len(),
        });
    }

    /// A tool that is offered: its names, and what it says of itself, its arguments' descriptions included.
    pub(super) fn tool(&mut self, tool: Node<'j, 'b>, schema: &str, pointer: &str) {
        let parameters = tool.get(schema);
        let mut names: Vec<_> = tool.all("name").filter_map(Node::as_str).collect();
        if names.is_empty() && parameters.is_some() {
            names.push(Cow::Borrowed(""));
        }
        for name in names {
            self.exchange.tools.push(ToolSpec {
                name,
                schema: parameters.map(|node| Cow::Borrowed(node.raw())),
                pointer: pointer.to_owned(),
                span: tool.span(),
            });
        }
        self.member(Role::ToolDescription, tool, "description", pointer);
        for parameters in tool.all(schema) {
            self.descriptions(parameters, &join(pointer, schema));
        }
    }

    /// Every description, title, default, example and constant in a schema: a model reads them all.
    pub(super) fn descriptions(&mut self, node: Node<'j, 'b>, pointer: &str) {
        for (place, (key, child)) in node.children().enumerate() {
            let key = key.unwrap_or_else(|| Cow::Owned(place.to_string()));
            let inner = join(pointer, &key);
            if child.is_string() {
                if !matches!(&*key, "type" | "format" | "$ref" | "$schema" | "$id" | "pattern")
                    && node.is_object()
                {
                    self.text(Role::ToolDescription, child, inner);
                }
            } else {
                self.descriptions(child, &inner);
            }
        }
    }

    /// The schema that the answer is to have.
    pub(super) fn answer_schema(&mut self, node: Node<'j, 'b>) {
        self.exchange.answer_schema = Some(Cow::Borrowed(node.raw()));
    }
}

/// A pointer to a member.
pub(super) fn join(pointer: &str, key: &str) -> String {
    if key.contains(['~', '/']) {
        format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
    } else {
        format!("{pointer}/{key}")
    }
}

/// Who speaks in a message. Where several roles are given, the one that is believed least.
pub(super) fn role(message: Node<'_, '_>) -> Role {
    let mut roles = message.all("role").map(|node| match node.as_str().as_deref() {
        Some("system" | "developer") => Role::System,
        Some("assistant" | "model") => Role::Assistant,
        Some("tool" | "function" | "tool_result" | "ipython") => Role::ToolResult,
        Some("document" | "documents" | "context") => Role::Document,
        _ => Role::User,
    });
    let Some(first) = roles.next() else { return Role::User };
    if roles.all(|role| role == first) { first } else { Role::User }
}

/// A number that is counted; one that is no whole number counts as more than any.
fn number(node: Node<'_, '_>) -> Option<u64> {
    let Value::Number(text) = node.value() else { return None };
    (!text.starts_with('-')).then(|| text.parse().unwrap_or(u64::MAX))
}

/// Whether a string is data in base64 and no text.
fn is_data(text: &str) -> bool {
    text.get(..5).is_some_and(|head| head.eq_ignore_ascii_case("data:"))
        && text.get(..200.min(text.len())).is_some_and(|head| head.contains(";base64,"))
}

/// Whether an object says of itself that its data are no text.
fn is_binary(node: Node<'_, '_>) -> bool {
    let is = |name, words: &[&str]| {
        node.get(name)
            .and_then(Node::as_str)
            .is_some_and(|value| words.iter().any(|word| value.starts_with(word)))
    };
    is("type", &["base64", "image", "audio", "input_image", "input_audio", "input_file"])
        || is("media_type", &["image/", "audio/", "video/", "application/pdf"])
        || is("mimeType", &["image/", "audio/", "video/", "application/octet"])
        || node.get("format").and_then(Node::as_str).is_some_and(|format| matches!(&*format, "wav" | "mp3"))
}
