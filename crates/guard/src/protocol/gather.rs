//! Filling an [`Exchange`] from a document: [`Gather`].
//!
//! What is not known is judged rather than passed over. Readers of a protocol take what they know and pass over what they know to be no
//! text; whatever of the document is left then, be it a member that nobody knows or a container of another shape than it should have, is
//! judged string by string. Each value is taken once, by the first who takes it.

use super::calls::{is_call, is_calls_key};
use super::files::{data_kind, is_binary, is_text, kind_of, referred};
use super::json::{Json, Node, Value, folded};
use super::names::{TELLING, is_base64, is_identifier, is_mere_name, is_name, is_no_text, is_phrase};
use super::openai::has_numbers;
use crate::exchange::{Exchange, Media, MediaKind, Part, Role, ToolSpec};
use std::borrow::Cow;

/// Gathers the parts of one body.
pub(super) struct Gather<'j, 'b> {
    json: &'j Json<'b>,
    pub(super) exchange: Exchange<'b>,
    /// Which values were taken or passed over, in the order they stand.
    seen: Vec<bool>,
    /// Whether the keys of the protocols of models mean what they mean there.
    known: bool,
    /// Whether long whole numbers are judged like texts.
    numbers: bool,
    /// Keys whose values say again, in other form, what the texts say.
    repeating: &'static [&'static str],
}

impl<'j, 'b> Gather<'j, 'b> {
    pub(super) fn new(body: &'b [u8], json: &'j Json<'b>) -> Self {
        Self {
            json,
            exchange: Exchange { body, ..Exchange::default() },
            seen: vec![false; json.values()],
            known: true,
            numbers: false,
            repeating: &[],
        }
    }

    /// From here on no key means anything by itself: every string is text.
    pub(super) fn of_any_form(&mut self) {
        self.known = false;
    }

    /// From here on a long whole number is a text: it may be that of a card or of a person.
    pub(super) fn numbers_say(&mut self) {
        self.numbers = true;
    }

    /// From here on what stands under these keys repeats the texts.
    pub(super) fn repeated_under(&mut self, keys: &'static [&'static str]) {
        self.repeating = keys;
    }

    /// Something here speaks to a model and is no text.
    pub(super) fn cannot_read(&mut self, what: &'static str) {
        self.exchange.unread = Some(what);
    }

    /// Looks for numbers of tokens under the names that servers of models give them.
    pub(super) fn numbers_as_text(&mut self, speaker: Role) {
        const NAMES: [&str; 3] = ["input_ids", "token_ids", "prompt_token_ids"];
        let root = self.root();
        if speaker == Role::User && NAMES.iter().flat_map(|name| root.all(name)).any(has_numbers) {
            self.cannot_read("numbers of tokens in place of a text");
        }
    }

    /// Something here is given to a model and is no text.
    pub(super) fn media(&mut self, kind: MediaKind, pointer: &str) {
        if let Some(known) = self.exchange.media.iter_mut().find(|known| known.kind == kind) {
            known.count = known.count.saturating_add(1);
        } else {
            self.exchange.media.push(Media { kind, pointer: pointer.to_owned(), count: 1 });
        }
    }

    /// What stands here says again what the texts say, token by token: a string in it that is longer than a token is a text all the same.
    pub(super) fn repeat(&mut self, role: Role, node: Node<'j, 'b>, pointer: &str) {
        if matches!(node.value(), Value::Null) {
            return self.pass(node);
        }
        self.exchange.repeats.push(node.span());
        let longer = |text: Cow<'_, str>| text.len() >= TELLING;
        if node.inside().any(|inner| inner.as_str().is_some_and(longer)) {
            self.repeated(role, node, pointer);
        } else {
            self.pass(node);
        }
    }

    fn repeated(&mut self, role: Role, node: Node<'j, 'b>, pointer: &str) {
        if node.as_str().is_some_and(|text| text.len() >= TELLING) {
            return self.text(role, node, pointer.to_owned());
        }
        self.open(node);
        for (place, (key, child)) in node.children().enumerate() {
            let key = key.unwrap_or_else(|| Cow::Owned(place.to_string()));
            self.repeated(role, child, &join(pointer, &key));
        }
    }

    pub(super) fn done(self) -> Exchange<'b> {
        self.exchange
    }

    pub(super) fn root(&self) -> Node<'j, 'b> {
        self.json.root()
    }

    /// What is directly in this was looked at, one by one.
    pub(super) fn open(&mut self, node: Node<'j, 'b>) {
        if let Some(seen) = self.seen.get_mut(node.place().start) {
            *seen = true;
        }
    }

    /// All of this is no text, or is not meant to be judged.
    pub(super) fn pass(&mut self, node: Node<'j, 'b>) {
        if let Some(seen) = self.seen.get_mut(node.place()) {
            seen.fill(true);
        }
    }

    /// Whether this was taken or passed over.
    pub(super) fn is_seen(&self, node: Node<'j, 'b>) -> bool {
        self.seen.get(node.place().start).is_none_or(|seen| *seen)
    }

    /// Gives each object in a list to a reader. What is no list, and what is in it and no object, is left.
    pub(super) fn each(
        &mut self,
        list: Node<'j, 'b>,
        pointer: &str,
        read: &dyn Fn(&mut Self, Node<'j, 'b>, &str),
    ) {
        if !list.is_array() {
            return;
        }
        self.open(list);
        for (place, item) in list.items().enumerate().filter(|(_, item)| item.is_object()) {
            self.open(item);
            read(self, item, &format!("{pointer}/{place}"));
        }
    }

    /// Judges all that is left of the document.
    pub(super) fn rest(&mut self, role: Role) {
        let root = self.root();
        if root.is_object() {
            self.open(root);
        }
        self.others_in(role, root, "");
    }

    fn left(&mut self, role: Role, node: Node<'j, 'b>, pointer: &str) {
        if self.seen.get(node.place()).is_none_or(|seen| seen.iter().all(|seen| *seen)) {
            return;
        }
        for (place, (key, child)) in node.children().enumerate() {
            let in_object = key.is_some();
            let key = key.unwrap_or_else(|| Cow::Owned(place.to_string()));
            match (self.is_seen(child), in_object) {
                (true, _) => self.left(role, child, &join(pointer, &key)),
                (false, true) => self.entry(role, &key, child, pointer),
                (false, false) => self.strings(role, child, &join(pointer, &key)),
            }
        }
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
        if self.is_seen(node) {
            return;
        }
        self.open(node);
        if let Some(text) = node.as_str()
            && !text.is_empty()
        {
            self.exchange.parts.push(Part { role, pointer, span: node.span(), text });
        }
    }

    /// Every string in a value, but those that only name things; of what the model says, calls are told apart.
    pub(super) fn strings(&mut self, role: Role, node: Node<'j, 'b>, pointer: &str) {
        if self.is_seen(node) {
            return;
        }
        if role == Role::Assistant && is_call(node) {
            return self.called(role, node, pointer);
        }
        match node.value() {
            Value::String(text) => match data_kind(&text) {
                None => self.text(role, node, pointer.to_owned()),
                Some(kind) => {
                    self.open(node);
                    self.media(kind, pointer);
                }
            },
            Value::Array => {
                self.open(node);
                for (place, item) in node.items().enumerate() {
                    self.strings(role, item, &format!("{pointer}/{place}"));
                }
            }
            Value::Object => {
                self.open(node);
                let binary = is_binary(node).then(|| kind_of(node));
                for (key, child) in node.children() {
                    let key = key.unwrap_or_default();
                    if let Some(kind) = binary
                        && key == "data"
                        && child.as_str().is_some_and(|text| is_base64(&text) && !is_text(&text))
                    {
                        self.open(child);
                        self.media(kind, pointer);
                        continue;
                    }
                    self.entry(role, &key, child, pointer);
                }
            }
            Value::Number(digits) if self.numbers && is_long(digits) => {
                self.open(node);
                let (pointer, text) = (pointer.to_owned(), Cow::Borrowed(digits));
                self.exchange.parts.push(Part { role, pointer, span: node.span(), text });
            }
            _ => self.open(node),
        }
    }

    /// A member of an object: its key where that can say something, and every string in its value.
    pub(super) fn entry(&mut self, role: Role, key: &str, child: Node<'j, 'b>, pointer: &str) {
        if self.repeating.contains(&&*folded(key)) {
            return self.repeat(role, child, &join(pointer, key));
        }
        if role == Role::Assistant && is_calls_key(key) {
            return self.calls_in(role, child, &join(pointer, key));
        }
        if key == "prompt_embeds" && child.as_str().is_some_and(|text| is_base64(&text)) {
            self.pass(child);
            return self.cannot_read("vectors in place of a text");
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
            return self.pass(child);
        }
        self.key(role, key, child, pointer);
        self.strings(role, child, &join(pointer, key));
    }

    /// A key that is long enough to say something.
    fn key(&mut self, role: Role, key: &str, child: Node<'j, 'b>, pointer: &str) {
        if (key.len() >= TELLING || key.contains('@'))
            && (!is_identifier(key) || is_phrase(key))
            && let Some(span) = child.key_span()
        {
            let text = Cow::Owned(key.to_owned());
            self.exchange.parts.push(Part { role, pointer: join(pointer, key), span, text });
        }
    }

    /// What an object says beside what was taken of it: a model may be given any of it.
    pub(super) fn others(&mut self, role: Role, node: Node<'j, 'b>, pointer: &str) {
        for (key, child) in node.children() {
            if !self.is_seen(child) {
                self.entry(role, &key.unwrap_or_default(), child, pointer);
            }
        }
    }

    /// What is left of a value that was looked at in part.
    pub(super) fn others_in(&mut self, role: Role, node: Node<'j, 'b>, pointer: &str) {
        if self.is_seen(node) { self.left(role, node, pointer) } else { self.strings(role, node, pointer) }
    }

    /// Of the members that are called so, every string that is more than a name.
    pub(super) fn names(&mut self, role: Role, node: Node<'j, 'b>, members: &[&str], pointer: &str) {
        for (key, child) in node.children() {
            let key = key.unwrap_or_default();
            if members.contains(&&*folded(&key)) && !self.names_at_most(child) {
                self.words(role, child, &join(pointer, &key));
            }
        }
    }

    /// Whether a value says nothing, or is a name and no more; it is read then.
    fn names_at_most(&mut self, node: Node<'j, 'b>) -> bool {
        let names = node.is_bare() || node.as_str().is_some_and(|text| is_mere_name(&text));
        if names {
            self.open(node);
        }
        names
    }

    fn words(&mut self, role: Role, node: Node<'j, 'b>, pointer: &str) {
        self.name(role, node, pointer.to_owned());
        for (place, (key, child)) in node.children().enumerate() {
            if let Some(key) = &key {
                self.key(role, key, child, pointer);
            }
            if !self.names_at_most(child) {
                let key = key.unwrap_or_else(|| Cow::Owned(place.to_string()));
                self.words(role, child, &join(pointer, &key));
            }
        }
    }

    /// A string that is a name, unless it is more than names are.
    pub(super) fn name(&mut self, role: Role, node: Node<'j, 'b>, pointer: String) {
        if node.as_str().is_some_and(|text| is_mere_name(&text)) {
            self.open(node);
        } else {
            self.text(role, node, pointer);
        }
    }

    /// Passes over the members that are called so.
    pub(super) fn pass_members(&mut self, node: Node<'j, 'b>, members: &[&str]) {
        for (key, child) in node.children() {
            if key.is_some_and(|key| members.contains(&&*folded(&key))) {
                self.pass(child);
            }
        }
    }

    /// Pictures, as Ollama takes them: in base64, told by how each format begins.
    pub(super) fn pictures(&mut self, role: Role, node: Node<'j, 'b>, pointer: &str) {
        const BEGINNINGS: [&str; 5] = ["iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR", "Qk0"];
        let is_picture = |text: &str| BEGINNINGS.iter().any(|head| text.starts_with(head)) && is_base64(text);
        if !node.is_array() {
            return self.strings(role, node, pointer);
        }
        self.open(node);
        for (place, one) in node.items().enumerate() {
            let pointer = format!("{pointer}/{place}");
            if one.as_str().is_some_and(|text| is_picture(&text)) {
                self.open(one);
                self.media(MediaKind::Image, &pointer);
            } else {
                self.strings(role, one, &pointer);
            }
        }
    }

    /// Speech: what is said in it, and not its sound.
    pub(super) fn speech(&mut self, role: Role, node: Node<'j, 'b>, pointer: &str) {
        if !node.is_object() {
            return self.strings(role, node, pointer);
        }
        self.open(node);
        for (key, child) in node.children() {
            let key = key.unwrap_or_default();
            if key == "data" && child.as_str().is_some_and(|text| is_base64(&text)) {
                self.open(child);
                self.media(MediaKind::Audio, pointer);
            } else {
                self.entry(role, &key, child, pointer);
            }
        }
    }

    /// A tool that is offered: its names, and the schema of its arguments.
    pub(super) fn offered(&mut self, tool: Node<'j, 'b>, parameters: Option<Node<'j, 'b>>, pointer: &str) {
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
    }

    /// A tool that is offered, and what it says of itself, its arguments' descriptions included.
    pub(super) fn tool(&mut self, tool: Node<'j, 'b>, schema: &str, pointer: &str) {
        self.offered(tool, tool.get(schema), pointer);
        self.open(tool);
        for (key, child) in tool.children() {
            let key = key.unwrap_or_default();
            let inner = join(pointer, &key);
            match &*folded(&key) {
                "name" => self.name(Role::ToolDescription, child, inner),
                "outputschema" | "output_schema" => self.descriptions(child, &inner),
                _ if key.eq_ignore_ascii_case(schema) => self.descriptions(child, &inner),
                _ => self.entry(Role::ToolDescription, &key, child, pointer),
            }
        }
    }

    /// Every description, title, default, example, constant and telling name in a schema: a model reads them all.
    pub(super) fn descriptions(&mut self, node: Node<'j, 'b>, pointer: &str) {
        if !matches!(node.value(), Value::Array | Value::Object) {
            return self.text(Role::ToolDescription, node, pointer.to_owned());
        }
        self.open(node);
        for (place, (key, child)) in node.children().enumerate() {
            let in_object = key.is_some();
            let key = key.unwrap_or_else(|| Cow::Owned(place.to_string()));
            let inner = join(pointer, &key);
            if in_object && !is_mere_name(&key) {
                self.key(Role::ToolDescription, &key, child, pointer);
            }
            let Some(text) = child.as_str().filter(|_| !self.is_seen(child)) else {
                self.descriptions(child, &inner);
                continue;
            };
            let names =
                !in_object || matches!(&*key, "type" | "format" | "$ref" | "$schema" | "$id" | "pattern");
            if names && is_mere_name(&text) {
                self.open(child);
            } else {
                self.text(Role::ToolDescription, child, inner);
            }
        }
    }

    /// The schema that the answer is to have.
    pub(super) fn answer_schema(&mut self, node: Node<'j, 'b>) {
        self.exchange.answer_schema = Some(Cow::Borrowed(node.raw()));
    }
}

/// Whether a number is whole and as long as that of an account, a card or a person.
fn is_long(digits: &str) -> bool {
    (9..=19).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A pointer to a member.
pub(super) fn join(pointer: &str, key: &str) -> String {
    let mut joined = String::with_capacity(pointer.len().saturating_add(key.len()).saturating_add(1));
    joined.push_str(pointer);
    joined.push('/');
    if key.bytes().any(|byte| matches!(byte, b'~' | b'/')) {
        joined.push_str(&key.replace('~', "~0").replace('/', "~1"));
    } else {
        joined.push_str(key);
    }
    joined
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
