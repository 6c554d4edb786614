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
    read_noting(text).0
}

/// The same, with the places that were passed over because they are no HCL, in order, and why; at most [`STOPS`].
pub fn read_noting(text: &str) -> (Body, Vec<Stop>) {
    let mut reader = Reader { text, at: 0, stops: Vec::new() };
    let mut whole = Body::default();
    while reader.at < text.len() {
        let before = reader.at;
        let part = reader.body(0, true);
        whole.attributes.extend(part.attributes);
        whole.blocks.extend(part.blocks);
        if reader.at < text.len() {
            reader.stop(reader.at, "a brace closes nothing");
            reader.step(1);
        }
        reader.at = reader.at.max(before.saturating_add(1));
    }
    reader.stops.sort_unstable();
    (whole, reader.stops)
}

/// A byte of the text, and why what stands there was passed over.
pub type Stop = (usize, &'static str);

/// Most places noted.
pub const STOPS: usize = 32;

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

/// Whether a name may begin with `byte`.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    stops: Vec<Stop>,
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

    fn stop(&mut self, at: usize, why: &'static str) {
        if self.stops.len() < STOPS {
            self.stops.push((at, why));
        }
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

    fn is_comment(&self) -> bool {
        ["#", "//", "/*"].iter().any(|begin| self.rest().starts_with(begin))
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

    /// Attributes and blocks up to a closing brace, which is not taken. Objects hold more (`for`, keys in brackets), which is passed
    /// over; in a `block` it is a mistake.
    fn body(&mut self, depth: u32, block: bool) -> Body {
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
                if block {
                    self.stop(start, "neither an attribute nor a block begins here");
                    // One mistake a line is said.
                    self.comment();
                } else if self.peek() == Some(b'{') {
                    // An object within the expression of a `for`: its end is not that of this one.
                    let inner = self.braces(depth, false);
                    body.attributes.extend(inner.attributes);
                } else {
                    self.step(1);
                }
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
                    if self.at == from && block {
                        self.stop(start, "an attribute without a value");
                    }
                    body.attributes.push(Attribute { name, key, value, span: from..self.at });
                }
                Some(byte) if matches!(byte, b'{' | b'"') || (block && is_name(byte)) => {
                    let mut labels = Vec::new();
                    loop {
                        // A label may be a plain name.
                        let label = match self.peek() {
                            Some(b'"') => self.string().map(|(label, _)| label),
                            Some(byte) if block && is_name(byte) => self.word(),
                            _ => None,
                        };
                        let Some(label) = label else { break };
                        labels.push(label);
                        self.blanks(false);
                    }
                    if self.peek() == Some(b'{') {
                        let head = start..self.at;
                        let inner = self.braces(depth, true);
                        body.blocks.push(Block { name, labels, head, body: inner });
                    } else if block {
                        self.stop(start, "neither an attribute nor a block begins here");
                    }
                }
                _ if block => self.stop(start, "neither an attribute nor a block begins here"),
                _ => {}
            }
        }
    }

    /// `{ … }`.
    fn braces(&mut self, depth: u32, block: bool) -> Body {
        let opened = self.at;
        self.step(1);
        if depth >= DEPTH {
            self.stop(opened, "nested deeper than 32 levels");
            self.skip_nested();
            return Body::default();
        }
        let body = self.body(depth.saturating_add(1), block);
        if self.peek() == Some(b'}') {
            self.step(1);
        } else {
            self.stop(opened, "a brace is not closed");
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
            Some(b'{') => Value::Object(self.braces(depth, false)),
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
        let opened = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b'[' | b'{' | b'(' => open = open.saturating_add(1),
                b']' | b'}' | b')' => {
                    open = open.saturating_sub(1);
                    if open == 0 {
                        self.step(1);
                        return Value::List(items);
                    }
                }
                b'"' => {
                    if let Some(string) = self.string() {
                        items.push(string);
                        continue;
                    }
                }
                b'#' | b'/' if self.is_comment() => {
                    self.blanks(false);
                    continue;
                }
                _ => {}
            }
            self.step(1);
        }
        self.stop(opened, "a bracket is not closed");
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
                b'#' | b'/' if self.is_comment() => {
                    self.blanks(false);
                    continue;
                }
                b'<' if self.rest().starts_with("<<") && self.document().is_some() => continue,
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
        if open > 0 {
            self.stop(start, "a bracket is not closed");
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
        self.stop(self.at, "a here-document does not end");
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
    fn what_is_no_hcl_is_noted_with_its_place() {
        let stops = |text: &str| read_noting(text).1.into_iter().map(|(at, _)| at).collect::<Vec<_>>();
        assert_eq!(stops("resource \"a\" \"b\" {\n  x = [1,\n"), [17, 25]);
        assert_eq!(stops("a = 1\n@@ b @\nc = 2\n"), [6]);
        assert_eq!(stops("resource \"x\" \"y\" {\n  a = \n}\n"), [21]);
        assert_eq!(stops("a {\n  b\n}\n}\n"), [6, 10]);
        let fine = "resource \"a\" b {\n  m = { for k, v in var.x : k => v if v != null }\n  (n) = 1\n}\n";
        assert_eq!(stops(fine), [fine.find("(n)").unwrap()]);
        let fine = "locals {\n  # don't (\n  l = [ // a [\n    \"x\", /* ( */\n  ]\n  y = f(1, # (\n    2)\n  z = f(<<-E\n    \"(\n  E\n  )\n}\n";
        assert!(stops(fine).is_empty());
        let fine = "a {\n  f = { for k, v in merge(\n    {\n      x = 1\n    },\n    y\n  ) : k => v if c }\n\n  p = 2\n}\n";
        assert!(stops(fine).is_empty());
        assert_eq!(read(fine).blocks[0].body.text("p"), Some("2"));
        assert_eq!(read("resource a b {\n  x = 1\n}\n").blocks[0].labels, ["a", "b"]);
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
