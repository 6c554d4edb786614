//! Calls of tools, wherever they stand and in whichever shape: known by their key, or by themselves.
//!
//! Source: OpenAI's chat completions (`tool_calls`, `function_call`) and responses (items that end in `_call`), Anthropic's messages
//! (`tool_use`), Gemini's `functionCall`, Bedrock's `toolUse`; clients in languages without types read a list and an object alike.

use super::gather::{Gather, join};
use super::json::{Node, Value};
use super::names::names;
use crate::exchange::{Role, ToolCall};
use std::borrow::Cow;

/// Calls of the provider's own tools that act: what is called is their type.
pub(super) const ACTING: [&str; 5] =
    ["local_shell_call", "shell_call", "apply_patch_call", "computer_call", "code_interpreter_call"];
/// Where calls say what is to be done.
pub(super) const DOING: [&str; 8] =
    ["arguments", "input", "args", "parameters", "action", "actions", "operation", "code"];
/// Members that hold what is called, with what.
pub(super) const WRAPPING: [&str; 2] = ["function", "custom"];

/// Whether what stands under a key is a call, or several.
pub(super) fn is_calls_key(key: &str) -> bool {
    const KEYS: [&str; 5] = ["tool_calls", "tool_call", "function_calls", "function_call", "tool_use"];
    key.len() <= 16 && KEYS.iter().any(|known| is_spelt(key, known))
}

/// Whether the type of an object says that it is a call.
pub(super) fn is_call_type(kind: &str) -> bool {
    const TYPES: [&str; 7] = [
        "function_call",
        "custom_tool_call",
        "mcp_call",
        "tool_call",
        "tool_use",
        "server_tool_use",
        "mcp_tool_use",
    ];
    TYPES.iter().any(|known| is_spelt(kind, known)) || acting(kind).is_some()
}

/// The tool of the provider's own that is called by this type, as it is called.
pub(super) fn acting(kind: &str) -> Option<&'static str> {
    ACTING.into_iter().find(|known| is_spelt(kind, known))
}

/// The letters and digits of a type, small: readers differ in whether case, blanks, hyphens and underscores matter to them.
fn letters(kind: &str) -> impl DoubleEndedIterator<Item = char> {
    kind.chars().filter(|one| one.is_alphanumeric()).map(|one| one.to_ascii_lowercase())
}

/// Whether a type is a known one for whoever does not look closely.
pub(super) fn is_spelt(kind: &str, known: &str) -> bool {
    letters(kind).eq(letters(known))
}

/// Whether a type ends as a known one does, for whoever does not look closely.
pub(super) fn ends_as(kind: &str, known: &str) -> bool {
    let mut kind = letters(kind).rev();
    letters(known).rev().all(|letter| kind.next() == Some(letter))
}

/// Whether a type begins as a known one does, for whoever does not look closely.
pub(super) fn begins_as(kind: &str, known: &str) -> bool {
    let mut kind = letters(kind);
    letters(known).all(|letter| kind.next() == Some(letter))
}

/// Whether a block of content is a call, whatever type it says it is of: it names what is called, and with what.
pub(super) fn is_call_block(node: Node<'_, '_>) -> bool {
    const WITH: [&str; 3] = ["input", "arguments", "args"];
    let has = |name: &str| node.all(name).next().is_some();
    is_call(node) || node.is_object() && has("name") && WITH.into_iter().any(has)
}

/// Whether an object is a call by itself: by its type, or because it holds what is called together with arguments.
pub(super) fn is_call(node: Node<'_, '_>) -> bool {
    if !node.is_object() {
        return false;
    }
    let typed = node.all("type").filter_map(Node::as_str).any(|kind| is_call_type(&kind));
    let given = |inner: Node<'_, '_>| inner.is_object() && inner.all("arguments").next().is_some();
    typed || WRAPPING.iter().flat_map(|name| node.all(name)).any(given)
}

/// Whether an object says what is called, as far as one that stands under a key of calls must.
pub(super) fn says_what(node: Node<'_, '_>) -> bool {
    const SAYING: [&str; 6] = ["name", "function", "custom", "arguments", "input", "args"];
    is_call(node) || SAYING.iter().any(|name| node.all(name).next().is_some())
}

impl<'j, 'b> Gather<'j, 'b> {
    /// The calls in what stands under a key of calls: one, a list of them, or an object of them.
    pub(super) fn calls_in(&mut self, role: Role, node: Node<'j, 'b>, pointer: &str) {
        match node.value() {
            Value::Object if says_what(node) => self.called(role, node, pointer),
            Value::Array | Value::Object => {
                self.open(node);
                for (place, (key, child)) in node.children().enumerate() {
                    let key = key.unwrap_or_else(|| Cow::Owned(place.to_string()));
                    if child.is_object() || child.is_array() {
                        self.calls_in(role, child, &join(pointer, &key));
                    } else {
                        self.entry(role, &key, child, pointer);
                    }
                }
            }
            _ => self.strings(role, node, pointer),
        }
    }

    /// A call: what is called stands in a member, or in the call itself.
    pub(super) fn called(&mut self, role: Role, call: Node<'j, 'b>, pointer: &str) {
        self.open(call);
        let mut wrapped = false;
        for name in WRAPPING {
            for function in call.all(name).filter(|function| function.is_object()) {
                wrapped = true;
                let inner = join(pointer, name);
                self.open(function);
                self.plainly_called(role, function, &inner);
            }
        }
        if !wrapped {
            self.plainly_called(role, call, pointer);
        }
        self.others(role, call, pointer);
    }

    fn plainly_called(&mut self, role: Role, call: Node<'j, 'b>, pointer: &str) {
        let kind = call.all("type").filter_map(Node::as_str).find_map(|kind| acting(&kind));
        let called = kind.map_or_else(|| names(call), |kind| vec![Cow::Borrowed(kind)]);
        self.calls(&called, call, &DOING, pointer);
        for name in call.all("name").filter(|name| name.is_string()) {
            self.open(name);
        }
        for output in call.all("output") {
            self.strings(Role::ToolResult, output, &join(pointer, "output"));
        }
        self.others(role, call, pointer);
    }

    /// Calls of whatever is called so, with what stands under these keys, or with nothing.
    pub(super) fn calls(&mut self, names: &[Cow<'b, str>], call: Node<'j, 'b>, keys: &[&str], pointer: &str) {
        let mut bare = true;
        for key in keys {
            for arguments in call.all(key) {
                bare = false;
                self.pass(arguments);
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

    fn call(&mut self, name: Cow<'b, str>, arguments: Node<'j, 'b>, pointer: String) {
        let encoded = arguments.as_str();
        let after = self.exchange.parts.len();
        self.exchange.calls.push(ToolCall {
            name,
            pointer,
            span: arguments.span(),
            encoded: encoded.is_some(),
            arguments: encoded.unwrap_or(Cow::Borrowed(arguments.raw())),
            after,
        });
    }

    /// A call of a tool that gives no arguments.
    fn bare_call(&mut self, name: Cow<'b, str>, call: Node<'j, 'b>, pointer: String) {
        let start = call.span().start;
        let after = self.exchange.parts.len();
        self.exchange.calls.push(ToolCall {
            name,
            pointer,
            span: start..start,
            encoded: false,
            arguments: Cow::Borrowed("{}"),
            after,
        });
    }
}
