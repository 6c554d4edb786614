//! Filling an [`Exchange`] from a document: [`Gather`].
//!
//! What is not known is judged rather than passed over: a block of an unknown type gives every string in it.

use super::json::{Json, Node, Value};
use crate::exchange::{Exchange, Media, MediaKind, Part, Role, ToolCall, ToolSpec};
use std::borrow::Cow;

/// Keys whose strings name, type or refer to something and are no text: the words of the protocols themselves. What stands under them is
/// passed over only where it is [a word](is_word) and no more.
pub(super) const NO_TEXT: [&str; 19] = [
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
    "thought_signature",
    "encrypted_content",
    "file_id",
    "call_id",
    "tool_call_id",
    "tool_use_id",
    "ttl",
    "encoding",
];
/// Those of them whose words are made by machines, however long.
const OPAQUE: [&str; 8] = [
    "id",
    "signature",
    "thought_signature",
    "encrypted_content",
    "file_id",
    "call_id",
    "tool_call_id",
    "tool_use_id",
];
/// Longest word that is a name or a type and no text, in bytes.
const LONGEST_WORD: usize = 64;
/// Keys from this length on can say something themselves, in bytes: no phrase and no credential is shorter.
const TELLING_KEY: usize = 16;

/// Whether a string under a key of the protocols names something, and says nothing.
pub(super) fn is_no_text(key: &str, text: &str) -> bool {
    NO_TEXT.contains(&key) && is_word(text) && (text.len() <= LONGEST_WORD || OPAQUE.contains(&key))
}

/// Whether a text is one word of printable ASCII, as names, types and identifiers are.
pub(super) fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What something is called: where its name is given more than once, each of the first and last few, as readers differ in which they take.
pub(super) fn names<'b>(node: Node<'_, 'b>) -> Vec<Cow<'b, str>> {
    const MOST: usize = 8;
    let mut all: Vec<Cow<'b, str>> = Vec::new();
    for name in node.all("name").filter_map(Node::as_str) {
        if all.contains(&name) {
            continue;
        }
        if all.len() == MOST {
            all.remove(MOST.saturating_sub(1));
        }
        all.push(name);
    }
    if all.is_empty() {
        all.push(Cow::Borrowed(""));
    }
    all
}

/// Whether a key is a name that somebody who writes programs gave it.
fn is_identifier(key: &str) -> bool {
    key.len() <= LONGEST_WORD
        && key.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-'))
}

/// Whether a text is a name of the length that names have.
fn is_name(text: &str) -> bool {
    text.len() <= LONGEST_WORD && is_word(text)
}

/// Gathers the parts of one body.
pub(super) struct Gather<'j, 'b> {
    json: &'j Json<'b>,
    exchange: Exchange<'b>,
    /// Whether the keys of [`NO_TEXT`] mean what they mean in the protocols of models.
    known: bool,
    /// Keys whose values say again, in other form, what the texts say.
    repeating: &'static [&'static str],
}

impl<'j, 'b> Gather<'j, 'b> {
    pub(super) fn new(body: &'b [u8], json: &'j Json<'b>) -> Self {
        Self { json, exchange: Exchange { body, ..Exchange::default() }, known: true, repeating: &[] }
    }

    /// From here on no key means anything by itself: every string is text.
    pub(super) fn of_any_form(&mut self) {
        self.known = false;
    }

    /// From here on what stands under these keys repeats the texts.
    pub(super) fn repeated_under(&mut self, keys: &'static [&'static str]) {
        self.repeating = keys;
    }

    /// Something here speaks to a model and is no text.
    pub(super) fn cannot_read(&mut self, what: &'static str) {
        self.exchange.unread = Some(what);
    }

    /// Something here is given to a model and is no text.
    pub(super) fn media(&mut self, kind: MediaKind, pointer: &str) {
        if let Some(known) = self.exchange.media.iter_mut().find(|known| known.kind == kind) {
            known.count = known.count.saturating_add(1);
        } else {
            self.exchange.media.push(Media { kind, pointer: pointer.to_owned(), count: 1 });
        }
    }

    /// What stands here says again what the texts say, token by token.
    pub(super) fn repeat(&mut self, node: Node<'j, 'b>) {
        if !matches!(node.value(), Value::Null) {
            self.exchange.repeats.push(node.span());
        }
    }

    pub(super) fn done(self) -> Exchange<'b> {
        self.exchange
    }

    pub(super) fn root(&self) -> Node<'j, 'b> {
        self.json.root()
    }

    /// The model, and of a request how many answers are asked for and how long each may be.
    pub(super) fn head(&mut self, of_request: bool) {
        let root = self.root();
        self.exchange.model = root.get("model").and_then(Node::as_str);
        if of_request {
            let (length, answers) = super::length::asked(root);
            self.exchange.max_output_tokens = length;
            self.exchange.answers = answers;
        }
    }

    /// A string is a part; anything else is nothing.
    pub(super) fn text(&mut self, role: Role, node: Node<'j, 'b>, pointer: String) {
        if let Some(text) = node.as_str()
            && !text.is_empty()
        {
            self.exchange.parts.push(Part { role, pointer, span: node.span(), text });
        }
    }

    /// Every string in a value, but those that only name things.
    pub(super) fn strings(&mut self, role: Role, node: Node<'j, 'b>, pointer: &str) {
        match node.value() {
            Value::String(text) => match data_kind(&text) {
                None => self.text(role, node, pointer.to_owned()),
                Some(kind) => self.media(kind, pointer),
            },
            Value::Array => {
                for (place, item) in node.items().enumerate() {
                    self.strings(role, item, &format!("{pointer}/{place}"));
                }
            }
            Value::Object => {
                let binary = is_binary(node);
                for (key, child) in node.children() {
                    let key = key.unwrap_or_default();
                    if binary && key == "data" && child.as_str().is_some_and(|text| is_base64(&text)) {
                        self.media(kind_of(node), pointer);
                        continue;
                    }
                    self.entry(role, &key, child, pointer);
                }
            }
            _ => {}
        }
    }

    /// A member of an object: its key where that can say something, and every string in its value.
    pub(super) fn entry(&mut self, role: Role, key: &str, child: Node<'j, 'b>, pointer: &str) {
        if self.repeating.contains(&key) {
            return self.repeat(child);
        }
        if self.known
            && let Some(kind) = referred(key, child)
        {
            self.media(kind, pointer);
        }
        let is_type = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let named = |text: &str| {
            if self.known { is_no_text(key, text) } else { key == "type" && is_name(text) && is_type(text) }
        };
        if child.as_str().is_some_and(|text| named(&text)) {
            return;
        }
        self.key(role, key, child, pointer);
        self.strings(role, child, &join(pointer, key));
    }

    /// A key that is long enough to say something.
    fn key(&mut self, role: Role, key: &str, child: Node<'j, 'b>, pointer: &str) {
        if key.len() >= TELLING_KEY
            && !is_identifier(key)
            && let Some(span) = child.key_span()
        {
            let text = Cow::Owned(key.to_owned());
            self.exchange.parts.push(Part { role, pointer: join(pointer, key), span, text });
        }
    }

    /// What an object says beside the members that are read one by one: a model may be given any of it.
    pub(super) fn others(&mut self, role: Role, node: Node<'j, 'b>, read: &[&str], pointer: &str) {
        for (key, child) in node.children() {
            let key = key.unwrap_or_default();
            if !read.iter().any(|name| name.eq_ignore_ascii_case(&key)) {
                self.entry(role, &key, child, pointer);
            }
        }
    }

    /// A string that is a name, unless it is more than names are.
    pub(super) fn name(&mut self, role: Role, node: Node<'j, 'b>, pointer: String) {
        if node.as_str().is_some_and(|text| !is_name(&text)) {
            self.text(role, node, pointer);
        }
    }

    /// Pictures, as Ollama takes them: in base64, told by how each format begins.
    pub(super) fn pictures(&mut self, role: Role, node: Node<'j, 'b>, pointer: &str) {
        const BEGINNINGS: [&str; 5] = ["iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR", "Qk0"];
        let is_picture = |text: &str| BEGINNINGS.iter().any(|head| text.starts_with(head)) && is_base64(text);
        for (place, one) in node.items().enumerate() {
            let pointer = format!("{pointer}/{place}");
            if one.as_str().is_some_and(|text| is_picture(&text)) {
                self.media(MediaKind::Image, &pointer);
            } else {
                self.strings(role, one, &pointer);
            }
        }
        if !node.is_array() {
            self.strings(role, node, pointer);
        }
    }

    /// Speech: what is said in it, and not its sound.
    pub(super) fn speech(&mut self, role: Role, node: Node<'j, 'b>, pointer: &str) {
        if !node.is_object() {
            return self.strings(role, node, pointer);
        }
        for (key, child) in node.children() {
            let key = key.unwrap_or_default();
            if key == "data" && child.as_str().is_some_and(|text| is_base64(&text)) {
                self.media(MediaKind::Audio, pointer);
            } else {
                self.entry(role, &key, child, pointer);
            }
        }
    }

    /// A call of a tool.
    fn call(&mut self, name: Cow<'b, str>, arguments: Node<'j, 'b>, pointer: String) {
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

    /// Calls of whatever is called so, with what stands under these keys, or with nothing.
    pub(super) fn calls(&mut self, names: &[Cow<'b, str>], call: Node<'j, 'b>, keys: &[&str], pointer: &str) {
        let mut bare = true;
        for key in keys {
            for arguments in call.all(key) {
                bare = false;
                for name in names {
                    self.call(name.clone(), arguments, join(pointer, key));
                }
            }
        }
        if bare && call.is_object() {
            for name in names {
                self.bare_call(name.clone(), call, pointer.to_owned());
            }
        }
    }

    /// A call of a tool that gives no arguments.
    fn bare_call(&mut self, name: Cow<'b, str>, call: Node<'j, 'b>, pointer: String) {
        let start = call.span().start;
        self.exchange.calls.push(ToolCall {
            name,
            pointer,
            span: start..start,
            encoded: false,
            arguments: Cow::Borrowed("{}"),
            after: self.exchange.parts.len(),
        });
    }

    /// A tool that is offered: its names, and what it says of itself, its arguments' descriptions included.
    pub(super) fn tool(&mut self, tool: Node<'j, 'b>, schema: &str, pointer: &str) {
        let parameters = tool.get(schema);
        let mut names: Vec<_> = tool.all("name").filter_map(Node::as_str).collect();
        // A tool of the provider's own is called by its type.
        let own =
            tool.get("type").and_then(Node::as_str).filter(|kind| !matches!(&**kind, "function" | "custom"));
        if names.is_empty() && (parameters.is_some() || own.is_some()) {
            names.push(own.unwrap_or_default());
        }
        for name in names {
            self.exchange.tools.push(ToolSpec {
                name,
                schema: parameters.map(|node| Cow::Borrowed(node.raw())),
                pointer: pointer.to_owned(),
                span: tool.span(),
            });
        }
        for (key, child) in tool.children() {
            let key = key.unwrap_or_default();
            let inner = join(pointer, &key);
            match &*key {
                "name" => self.name(Role::ToolDescription, child, inner),
                "outputSchema" | "output_schema" => self.descriptions(child, &inner),
                _ if key == schema => self.descriptions(child, &inner),
                _ => self.entry(Role::ToolDescription, &key, child, pointer),
            }
        }
    }

    /// Every description, title, default, example, constant and telling name in a schema: a model reads them all.
    pub(super) fn descriptions(&mut self, node: Node<'j, 'b>, pointer: &str) {
        for (place, (key, child)) in node.children().enumerate() {
            let in_object = key.is_some();
            let key = key.unwrap_or_else(|| Cow::Owned(place.to_string()));
            let inner = join(pointer, &key);
            if in_object && !is_name(&key) {
                self.key(Role::ToolDescription, &key, child, pointer);
            }
            let Some(text) = child.as_str() else {
                self.descriptions(child, &inner);
                continue;
            };
            let names =
                !in_object || matches!(&*key, "type" | "format" | "$ref" | "$schema" | "$id" | "pattern");
            if !names || !is_name(&text) {
                self.text(Role::ToolDescription, child, inner);
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

/// The kind of what a member refers to that is elsewhere: by an address or by the name of a file that was sent before.
fn referred(key: &str, child: Node<'_, '_>) -> Option<MediaKind> {
    const KEYS: [&str; 6] = ["image_url", "video_url", "audio_url", "file_url", "file_id", "source"];
    if !KEYS.contains(&key) {
        return None;
    }
    // Where it is in an object, it stands under `url`, or the object says that it is elsewhere.
    let elsewhere = |node: Node<'_, '_>| node.as_str().is_some_and(|text| data_kind(&text).is_none());
    let is_referred = match key {
        "source" => {
            child.get("type").and_then(Node::as_str).is_some_and(|kind| matches!(&*kind, "url" | "file"))
        }
        _ => elsewhere(child) || child.all("url").any(elsewhere),
    };
    is_referred.then(|| MediaKind::of(key))
}

/// The kind of a string that is a picture, a sound or another file in base64 and no text: an address of the scheme `data` (RFC 2397),
/// all of it.
fn data_kind(text: &str) -> Option<MediaKind> {
    const FILES: [&str; 7] = [
        "image/",
        "audio/",
        "video/",
        "application/pdf",
        "application/octet-stream",
        "application/zip",
        "application/vnd.",
    ];
    if !text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) {
        return None;
    }
    let (head, data) = text.split_once(',')?;
    let head = head.to_ascii_lowercase();
    let kind = head.strip_prefix("data:").and_then(|head| head.strip_suffix(";base64"))?;
    let is_file = FILES.iter().any(|file| kind.starts_with(file)) && !is_written(kind) && is_base64(data);
    is_file.then(|| MediaKind::of(kind))
}

/// Whether a media type is that of a text, whatever it belongs to.
fn is_written(kind: &str) -> bool {
    kind.starts_with("text/")
        || ["xml", "json", "html", "script", "yaml"].iter().any(|form| kind.contains(form))
}

/// Whether a text has only the letters of base64, in either alphabet, and ends of lines.
pub(super) fn is_base64(text: &str) -> bool {
    text.bytes().all(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_' | b'\r' | b'\n')
    })
}

/// The kind of an object's data, as it says of itself.
fn kind_of(node: Node<'_, '_>) -> MediaKind {
    let named = ["media_type", "mimeType", "type", "format"].into_iter().flat_map(|name| node.all(name));
    let kinds = named.filter_map(Node::as_str).map(|name| MediaKind::of(&name));
    kinds.filter(|kind| *kind != MediaKind::File).min().unwrap_or(MediaKind::File)
}

/// Whether an object says of itself that its data are no text.
fn is_binary(node: Node<'_, '_>) -> bool {
    let is = |name, words: &[&str]| {
        node.get(name)
            .and_then(Node::as_str)
            .is_some_and(|value| words.iter().any(|word| value.starts_with(word)))
    };
    let written = |name| {
        node.get(name).and_then(Node::as_str).is_some_and(|kind| is_written(&kind.to_ascii_lowercase()))
    };
    if written("media_type") || written("mimeType") {
        return false;
    }
    is("type", &["base64", "image", "audio", "input_image", "input_audio", "input_file"])
        || is("media_type", &["image/", "audio/", "video/", "application/pdf"])
        || is("mimeType", &["image/", "audio/", "video/", "application/octet"])
        || node.get("format").and_then(Node::as_str).is_some_and(|format| matches!(&*format, "wav" | "mp3"))
}
