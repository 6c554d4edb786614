//! HCL as blocks and attributes that know their bytes: [`read`].
//!
//! Expressions are kept as their text; strings, here-documents, lists of strings and object literals are opened.
//! Linear; nesting is bounded, what lies deeper is kept as text. Source: HCL native syntax specification.

use std::ops::Range;

/// What stands between the braces of a block, or in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body {
    /// `name = value`, in the order of the text.
    pub attributes: Vec<Attribute>,
    /// `type "label" { … }`, in the order of the text.
    pub blocks: Vec<Block>,
}

/// `name = value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Bytes of the name.
    pub key: Range<usize>,
    /// Its value.
    pub value: Value,
    /// Bytes of the value.
    pub span: Range<usize>,
}

/// A value, as far as it is known without running anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A string or here-document; its text with `${…}` as written, and the bytes of that text.
    Text(String, Range<usize>),
    /// An object literal.
    Object(Body),
    /// A list; its strings with their bytes.
    List(Vec<(String, Range<usize>)>),
    /// Any other expression, as text.
    Expression(String),
}

/// `type "label" "label" { … }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its type.
    pub name: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Bytes from the type to the opening brace.
    pub head: Range<usize>,
    /// What it holds.
    pub body: Body,
}

/// Deepest nesting opened.
const DEPTH: u32 = 32;

/// Reads `text`. Never panics on any text; what is no HCL is passed over.
pub fn read(text: &str) -> Body {
    let mut reader = Reader { text, at: 0 };
    let mut whole = Body::default();
    while reader.at < text.len() {
        let before = reader.at;
        let part = reader.body(0);
        whole.attributes.extend(part.attributes);
        whole.blocks.extend(part.blocks);
        // A brace that closes nothing.
        reader.at = reader.at.max(before.saturating_add(1));
    }
    whole
}

impl Body {
    /// The attribute called `name`.
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The text of the attribute called `name`.
    pub fn text(&self, name: &str) -> Option<&str> {
        match &self.get(name)?.value {
            Value::Text(text, _) | Value::Expression(text) => Some(text),
            _ => None,
        }
    }

    /// The blocks called `name`.
    pub fn blocks<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'b Block> {
        self.blocks.iter().filter(move |block| block.name == name)
    }

    /// Calls `visit` on this body and on every one inside it.
    pub fn each<'b>(&'b self, visit: &mut dyn FnMut(&'b Self)) {
        let mut pending = vec![self];
        while let Some(body) = pending.pop() {
            visit(body);
            pending.extend(body.blocks.iter().rev().map(|block| &block.body));
            pending.extend(body.attributes.iter().rev().filter_map(|attribute| match &attribute.value {
                Value::Object(inner) => Some(inner),
                _ => None,
            }));
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step(&mut self, bytes: usize) {
        self.at = self.text.ceil_char_boundary(self.at.saturating_add(bytes).min(self.text.len()));
    }

    /// Passes white space (line ends too when `lines`) and comments.
    fn blanks(&mut self, lines: bool) {
        loop {
            let rest = self.rest();
            match self.peek() {
                Some(b' ' | b'\t' | b'\r' | b',') => self.step(1),
                Some(b'\n') if lines => self.step(1),
                Some(b'#') => self.comment(),
                Some(b'/') if rest.starts_with("//") => self.comment(),
                Some(b'/') if rest.starts_with("/*") => {
                    let length = rest.find("*/").map_or(rest.len(), |end| end.saturating_add(2));
                    self.step(length);
                }
                _ => return,
            }
        }
    }

    fn comment(&mut self) {
        let length = memchr::memchr(b'\n', self.rest().as_bytes()).unwrap_or(self.rest().len());
        self.step(length);
    }

    fn word(&mut self) -> Option<String> {
        let rest = self.rest();
        let length =
            rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))).unwrap_or(rest.len());
        let word = rest.get(..length).filter(|word| !word.is_empty())?.to_owned();
        self.step(length);
        Some(word)
    }

    /// Attributes and blocks up to a closing brace, which is not taken.
    fn body(&mut self, depth: u32) -> Body {
        let mut body = Body::default();
        loop {
            self.blanks(true);
            let start = self.at;
            match self.peek() {
                None | Some(b'}') => return body,
                _ => {}
            }
            let name =
                if self.peek() == Some(b'"') { self.string().map(|(text, _)| text) } else { self.word() };
            let Some(name) = name else {
                self.step(1);
                continue;
            };
            let key = start..self.at;
            self.blanks(false);
            match self.peek() {
                Some(b'=' | b':') if !self.rest().starts_with("==") => {
                    self.step(1);
                    self.blanks(false);
                    let from = self.at;
                    let value = self.value(depth);
                    body.attributes.push(Attribute { name, key, value, span: from..self.at });
                }
                Some(b'{' | b'"') => {
                    let mut labels = Vec::new();
                    while self.peek() == Some(b'"') {
                        let Some((label, _)) = self.string() else { break };
                        labels.push(label);
                        self.blanks(false);
                    }
                    if self.peek() == Some(b'{') {
                        let head = start..self.at;
                        let inner = self.braces(depth);
                        body.blocks.push(Block { name, labels, head, body: inner });
                    }
                }
                _ => {}
            }
        }
    }

    /// `{ … }`.
    fn braces(&mut self, depth: u32) -> Body {
        self.step(1);
        if depth >= DEPTH {
            self.skip_nested();
            return Body::default();
        }
        let body = self.body(depth.saturating_add(1));
        if self.peek() == Some(b'}') {
            self.step(1);
        }
        body
    }

    /// Passes what stands up to the brace that closes an opened one.
    fn skip_nested(&mut self) {
        let mut open = 1usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'{' => open = open.saturating_add(1),
                b'}' => open = open.saturating_sub(1),
                _ => {}
            }
            self.step(1);
            if open == 0 {
                return;
            }
        }
    }

    fn value(&mut self, depth: u32) -> Value {
        let rest = self.rest();
        if rest.starts_with("<<")
            && let Some(document) = self.document()
        {
            return document;
        }
        match self.peek() {
            Some(b'{') => Value::Object(self.braces(depth)),
            Some(b'"') => {
                let start = self.at;
                if let Some((text, inner)) = self.string() {
                    let after = self.rest().trim_start_matches([' ', '\t', '\r']);
                    if after.is_empty()
                        || after.starts_with(['\n', '}', ']', ',', '#'])
                        || after.starts_with("//")
                    {
                        return Value::Text(text, inner);
                    }
                    self.at = start;
                }
                self.expression()
            }
            Some(b'[') => self.list(),
            _ => self.expression(),
        }
    }

    fn list(&mut self) -> Value {
        let mut items = Vec::new();
        let mut open = 0usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'[' | b'{' | b'(' => open = open.saturating_add(1),
                b']' | b'}' | b')' => {
                    open = open.saturating_sub(1);
                    if open == 0 {
                        self.step(1);
                        break;
                    }
                }
                b'"' => {
                    if let Some(string) = self.string() {
                        items.push(string);
                        continue;
                    }
                }
                b'#' => {
                    self.comment();
                    continue;
                }
                _ => {}
            }
            self.step(1);
        }
        Value::List(items)
    }

    /// An expression to the end of its line, brackets closed.
    fn expression(&mut self) -> Value {
        let start = self.at;
        let mut open = 0usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' | b'}' | b']' | b')' | b',' | b'#' if open == 0 => break,
                b'(' | b'[' | b'{' => open = open.saturating_add(1),
                b')' | b']' | b'}' => open = open.saturating_sub(1),
                b'"' => {
                    if self.string().is_none() {
                        self.step(1);
                    }
                    continue;
                }
                _ => {}
            }
            self.step(1);
        }
        Value::Expression(self.text.get(start..self.at).unwrap_or_default().trim().to_owned())
    }

    /// A quoted string with the bytes of its inside; `None` when it is not closed on its line.
    fn string(&mut self) -> Option<(String, Range<usize>)> {
        let start = self.at.saturating_add(1);
        let bytes = self.text.as_bytes();
        let mut at = start;
        let mut open = 0usize;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'\\' => at = at.saturating_add(1),
                b'$' | b'%' if bytes.get(at.saturating_add(1)) == Some(&b'{') => {
                    open = open.saturating_add(1);
                    at = at.saturating_add(1);
                }
                b'}' => open = open.saturating_sub(1),
                b'"' if open == 0 => {
                    let raw = self.text.get(start..at)?;
                    self.at = at.saturating_add(1);
                    let text = if raw.contains('\\') {
                        raw.replace("\\\"", "\"").replace("\\\\", "\\")
                    } else {
                        raw.to_owned()
                    };
                    return Some((text, start..at));
                }
                b'\n' => return None,
                _ => {}
            }
            at = at.saturating_add(1);
        }
        None
    }

    /// `<<EOF … EOF`.
    fn document(&mut self) -> Option<Value> {
        let rest = self.rest();
        let line = rest.lines().next()?;
        let delimiter = line.trim_start_matches(['<', '-']).trim().to_owned();
        if delimiter.is_empty() || !delimiter.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            return None;
        }
        let start = self.at.saturating_add(line.len()).saturating_add(1).min(self.text.len());
        let mut at = start;
        for line in self.text.get(start..)?.split_inclusive('\n') {
            if line.trim() == delimiter {
                self.at = at.saturating_add(line.trim_end_matches(['\n', '\r']).len());
                return Some(Value::Text(self.text.get(start..at)?.to_owned(), start..at));
            }
            at = at.saturating_add(line.len());
        }
        self.at = self.text.len();
        Some(Value::Text(self.text.get(start..)?.to_owned(), start..self.text.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blocks_attributes_strings_and_documents_keep_their_bytes() {
        let text = "# c\nresource \"a\" \"b\" {\n  x = \"q ${var.y[\"k\"]} r\" // t\n  n = 1 + f(2,\n    3)\n  l = [\"p\", var.z]\n  inner { ok = true }\n  m = { K = \"v\", L : \"w\" }\n  s = <<-EOT\n    curl\n  EOT\n}\n";
        let body = read(text);
        let block = &body.blocks[0];
        assert_eq!((block.name.as_str(), block.labels.len()), ("resource", 2));
        assert_eq!(block.body.text("x"), Some("q ${var.y[\"k\"]} r"));
        assert_eq!(block.body.text("n"), Some("1 + f(2,\n    3)"));
        assert_eq!(block.body.blocks("inner").next().unwrap().body.text("ok"), Some("true"));
        let Value::List(items) = &block.body.get("l").unwrap().value else { panic!() };
        assert_eq!(&text[items[0].1.clone()], "p");
        let Value::Object(object) = &block.body.get("m").unwrap().value else { panic!() };
        assert_eq!((object.text("K"), object.text("L")), (Some("v"), Some("w")));
        let Value::Text(document, span) = &block.body.get("s").unwrap().value else { panic!() };
        assert_eq!((document.as_str(), &text[span.clone()]), ("    curl\n", "    curl\n"));
    }

    #[test]
    fn nesting_without_end_is_passed_over() {
        assert!(read(&"a {".repeat(100_000)).blocks.len() <= 2);
        assert!(read(&"a = {".repeat(100_000)).attributes.len() <= 2);
        let _ = read(&"}".repeat(100_000));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "([a-z]+ |[\"={}\\[\\]<$#/\\\\é,:]|\n|<<E|\nE\n|\\$\\{){0,80}") {
            read(&text).each(&mut |body| {
                for attribute in &body.attributes {
                    assert!(text.get(attribute.span.clone()).is_some());
                }
            });
        }
    }
}
