//! Values of a pickle as Python expressions, bounded in depth and length.

use super::Decompiler;

/// A value on the stack.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expression<'a> {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// A string of the stream.
    Text(&'a [u8]),
    /// Bytes of the stream.
    Bytes(&'a [u8]),
    /// Anything else: index into the nodes.
    Node(u32),
}

/// What more than one place may refer to, or what has to be built.
#[derive(Debug)]
pub(super) enum Node<'a> {
    /// An expression that is written already: a variable, an imported name.
    Written(String),
    Text(String),
    Bytes(Vec<u8>),
    Container {
        brackets: Brackets,
        items: Vec<Expression<'a>>,
        count: usize,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brackets {
    List,
    Tuple,
    Dict,
    Set,
    FrozenSet,
}

impl<'a> Node<'a> {
    fn empty(brackets: Brackets) -> Self {
        Self::Container { brackets, items: Vec::new(), count: 0 }
    }

    pub(super) fn list() -> Self {
        Self::empty(Brackets::List)
    }

    pub(super) fn dict() -> Self {
        Self::empty(Brackets::Dict)
    }

    pub(super) fn set() -> Self {
        Self::empty(Brackets::Set)
    }

    pub(super) fn tuple(items: Vec<Expression<'a>>) -> Self {
        Self::empty(Brackets::Tuple).with(items)
    }

    pub(super) fn frozen_set(items: Vec<Expression<'a>>) -> Self {
        Self::empty(Brackets::FrozenSet).with(items)
    }

    pub(super) fn with(mut self, more: Vec<Expression<'a>>) -> Self {
        self.extend(more);
        self
    }

    /// Adds `more` to a container; what is not shown anyway is only counted.
    pub(super) fn extend(&mut self, more: Vec<Expression<'a>>) {
        if let Self::Container { items, count, .. } = self {
            *count = count.saturating_add(more.len());
            items.extend(more.into_iter().take(ITEMS.saturating_sub(items.len())));
        }
    }

    pub(super) fn is_container(&self) -> bool {
        matches!(self, Self::Container { .. })
    }
}

impl<'a> Decompiler<'a> {
    /// `value` as an expression.
    pub(super) fn shown(&self, value: Expression<'a>) -> String {
        let mut out = String::new();
        self.write(value, &mut out, 0);
        out
    }

    /// The items of the tuple `value` as arguments; anything else as `*value`.
    pub(super) fn arguments(&self, value: Expression<'a>) -> String {
        let mut out = String::new();
        if let Some(Node::Container { brackets: Brackets::Tuple, items, count }) = self.node(value) {
            self.write_items(items, *count, &mut out, 1);
        } else {
            out.push('*');
            self.write(value, &mut out, 0);
        }
        out
    }

    pub(super) fn node(&self, value: Expression<'a>) -> Option<&Node<'a>> {
        match value {
            Expression::Node(index) => self.nodes.get(index as usize),
            _ => None,
        }
    }

    /// The string that `value` is.
    pub(super) fn text(&self, value: Expression<'a>) -> Option<String> {
        match (value, self.node(value)) {
            (Expression::Text(text), _) => std::str::from_utf8(text).ok().map(str::to_owned),
            (_, Some(Node::Text(text))) => Some(text.clone()),
            _ => None,
        }
    }

    fn write(&self, value: Expression<'a>, out: &mut String, depth: u32) {
        if depth > DEPTH || out.len() > LONGEST {
            out.push('…');
            return;
        }
        match value {
            Expression::None => out.push_str("None"),
            Expression::Bool(true) => out.push_str("True"),
            Expression::Bool(false) => out.push_str("False"),
            Expression::Int(number) => out.push_str(&number.to_string()),
            Expression::Float(number) if number.is_finite() => out.push_str(&format!("{number:?}")),
            Expression::Float(number) if number.is_nan() => out.push_str("float('nan')"),
            Expression::Float(number) => {
                out.push_str(if number > 0.0 { "float('inf')" } else { "-float('inf')" });
            }
            Expression::Text(text) => quote(text, true, out),
            Expression::Bytes(bytes) => quote(bytes, false, out),
            Expression::Node(_) => match self.node(value) {
                None => out.push('…'),
                Some(Node::Written(written)) => out.push_str(written),
                Some(Node::Text(text)) => quote(text.as_bytes(), true, out),
                Some(Node::Bytes(bytes)) => quote(bytes, false, out),
                Some(Node::Container { brackets, items, count }) => {
                    self.write_container(*brackets, items, *count, out, depth);
                }
            },
        }
    }

    fn write_container(
        &self,
        brackets: Brackets,
        items: &[Expression<'a>],
        count: usize,
        out: &mut String,
        depth: u32,
    ) {
        let deeper = depth.saturating_add(1);
        let (open, close) = match (brackets, count) {
            (Brackets::Set, 0) => ("set(", ")"),
            (Brackets::FrozenSet, 0) => ("frozenset(", ")"),
            (Brackets::List, _) => ("[", "]"),
            (Brackets::Tuple, 1) => ("(", ",)"),
            (Brackets::Tuple, _) => ("(", ")"),
            (Brackets::Dict | Brackets::Set, _) => ("{", "}"),
            (Brackets::FrozenSet, _) => ("frozenset({", "})"),
        };
        out.push_str(open);
        if brackets == Brackets::Dict {
            for (index, pair) in items.chunks(2).enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                let mut parts = pair.iter().copied();
                self.write(parts.next().unwrap_or(Expression::None), out, deeper);
                out.push_str(": ");
                self.write(parts.next().unwrap_or(Expression::None), out, deeper);
            }
            write_rest(items.len() / 2, count / 2, out);
        } else {
            self.write_items(items, count, out, deeper);
        }
        out.push_str(close);
    }

    fn write_items(&self, items: &[Expression<'a>], count: usize, out: &mut String, depth: u32) {
        for (index, &item) in items.iter().enumerate() {
            out.push_str(if index > 0 { ", " } else { "" });
            self.write(item, out, depth);
            if out.len() > LONGEST {
                return;
            }
        }
        write_rest(items.len(), count, out);
    }
}

fn write_rest(shown: usize, count: usize, out: &mut String) {
    if count > shown {
        out.push_str(&format!("{}… {} more", if shown > 0 { ", " } else { "" }, count.saturating_sub(shown)));
    }
}

/// `data` as a Python literal. What does not print is escaped, so that a name cannot hide behind what looks like it.
fn quote(data: &[u8], is_text: bool, out: &mut String) {
    out.push_str(if is_text { "'" } else { "b'" });
    let head = data.get(..STRING).unwrap_or(data);
    if is_text {
        // A cut must not fall into a character.
        let end = (0..4).find_map(|less| {
            head.get(..head.len().saturating_sub(less)).filter(|head| std::str::from_utf8(head).is_ok())
        });
        for one in String::from_utf8_lossy(end.unwrap_or(head)).chars() {
            escape(one, out);
        }
    } else {
        for &byte in head {
            match byte {
                0x20..=0x7e => escape(char::from(byte), out),
                b'\n' => out.push_str("\\n"),
                byte => out.push_str(&format!("\\x{byte:02x}")),
            }
        }
    }
    if data.len() > head.len() {
        out.push_str(&format!("… {} bytes", data.len()));
    }
    out.push('\'');
}

fn escape(one: char, out: &mut String) {
    match one {
        '\'' | '\\' => out.extend(['\\', one]),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        ' '..='~' => out.push(one),
        _ if one.is_alphanumeric() => out.push(one),
        _ => {
            let code = u32::from(one);
            out.push_str(&if code <= 0xff {
                format!("\\x{code:02x}")
            } else if code <= 0xffff {
                format!("\\u{code:04x}")
            } else {
                format!("\\U{code:08x}")
            });
        }
    }
}

/// `text` as it is where it is plain, as an escaped word where it is not.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::new();
    for one in text.chars().take(STRING) {
        escape(one, &mut out);
    }
    out
}

/// Items kept and shown of one container.
pub(super) const ITEMS: usize = 64;
/// Bytes shown of one string.
const STRING: usize = 200;
/// Length of one line in bytes from which on the rest is left out.
const LONGEST: usize = 4000;
/// Nesting shown.
const DEPTH: u32 = 24;
