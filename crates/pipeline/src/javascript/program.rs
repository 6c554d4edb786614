//! Tokens as a program: calls with their arguments, names with what they were bound to, functions.

use super::lexer::{self, Kind, Token};
use std::collections::HashMap;
use std::ops::Range;

/// Source as tokens, with the names that modules gave it.
pub(super) struct Program<'a> {
    /// The source.
    pub(super) text: &'a str,
    /// Its tokens.
    pub(super) tokens: Vec<Token>,
    /// Where reading ended before the text did.
    pub(super) stopped: Option<usize>,
    /// What local names stand for in other modules: `run` for `child_process.exec`.
    imports: HashMap<&'a str, String>,
    /// Whether a template reads its names wherever they are given a value.
    pub(super) component: bool,
    /// For each token, where the expression that begins with it ends.
    ends: Vec<usize>,
}

/// A call: what is called, and its arguments as ranges of tokens.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// What is called, with the module it comes from: `child_process.exec`, `server.tool`, `r.json().then`.
    pub(super) path: String,
    /// Index of the first token of what is called.
    pub(super) begin: usize,
    /// Index of its `)`.
    pub(super) close: usize,
    /// The arguments.
    pub(super) arguments: Vec<Range<usize>>,
}

impl Call {
    /// The last name of what is called.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(&self.path)
    }

    /// What stands before the last name; empty for a plain function.
    pub(super) fn receiver(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(receiver, _)| receiver)
    }
}

/// Most tokens of one expression that are looked at.
pub(super) const EXPRESSION: usize = 4_000;
/// Most parts of a path, and most names of one import.
const PARTS: usize = 64;

impl<'a> Program<'a> {
    /// Reads `text`; `markup` says whether it may hold JSX.
    pub(super) fn read(text: &'a str, markup: bool) -> Self {
        let read = lexer::read(text, markup);
        let mut program = Self {
            text,
            tokens: read.list,
            stopped: read.stopped,
            imports: HashMap::new(),
            component: false,
            ends: Vec::new(),
        };
        program.ends();
        program.imports();
        program
    }

    /// The token at `index` as written; empty past the end.
    pub(super) fn word(&self, index: usize) -> &'a str {
        self.tokens.get(index).and_then(|token| self.text.get(token.span.clone())).unwrap_or_default()
    }

    /// Whether the token at `index` is of this kind.
    pub(super) fn is(&self, index: usize, kind: Kind) -> bool {
        self.tokens.get(index).is_some_and(|token| token.kind == kind)
    }

    /// The bytes of a range of tokens.
    pub(super) fn span(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.tokens.get(range.start).map_or(self.text.len(), |token| token.span.start);
        let end = range.end.checked_sub(1).and_then(|last| self.tokens.get(last)).map(|token| token.span.end);
        start..end.unwrap_or(start).max(start)
    }

    /// The index behind what the bracket at `index` encloses; the next one for anything else.
    pub(super) fn past(&self, index: usize) -> usize {
        let closed = self.tokens.get(index).and_then(|token| token.pair).filter(|pair| *pair > index);
        closed.unwrap_or(index).saturating_add(1)
    }

    /// What a string holds, without its quotes; its escapes stay as written.
    pub(super) fn content(&self, index: usize) -> Option<&'a str> {
        let word =
            self.tokens.get(index).filter(|token| token.kind == Kind::Text).map(|_| self.word(index))?;
        let inner = word.get(1..)?;
        Some(inner.strip_suffix(['"', '\'']).unwrap_or(inner))
    }

    /// The text of an expression that is one string or one template without holes.
    pub(super) fn constant(&self, range: &Range<usize>) -> Option<&'a str> {
        if range.len() == 1 {
            return self.content(range.start);
        }
        let piece = range.len() == 3 && self.word(range.start) == "`";
        piece.then(|| self.word(range.start.saturating_add(1)))
    }

    /// The text with which an expression begins, whatever follows.
    pub(super) fn beginning(&self, range: &Range<usize>) -> &'a str {
        if self.word(range.start) == "`" {
            let piece = range.start.saturating_add(1);
            return if self.is(piece, Kind::Piece) { self.word(piece) } else { "" };
        }
        self.content(range.start).unwrap_or_default()
    }

    /// The call whose `(` is at `open`.
    pub(super) fn call(&self, open: usize) -> Option<Call> {
        let close = self.tokens.get(open).filter(|_| self.word(open) == "(")?.pair?;
        let (path, begin) = self.path(open)?;
        if matches!(
            path.as_str(),
            "if" | "for" | "while" | "switch" | "catch" | "function" | "return" | "with"
        ) {
            return None;
        }
        Some(Call { path, begin, close, arguments: self.parts(open) })
    }

    /// What the bracket at `open` encloses, cut at its commas.
    pub(super) fn parts(&self, open: usize) -> Vec<Range<usize>> {
        let Some(close) = self.tokens.get(open).and_then(|token| token.pair) else { return Vec::new() };
        let mut parts = Vec::new();
        let (mut from, mut at) = (open.saturating_add(1), open.saturating_add(1));
        while at < close {
            if self.word(at) == "," {
                parts.push(from..at);
                from = at.saturating_add(1);
            }
            at = self.past(at);
        }
        if from < close {
            parts.push(from..close);
        }
        parts
    }

    /// The names that end before the token at `end`, joined by dots, and where they begin. Calls and indices between them are
    /// passed over.
    fn path(&self, end: usize) -> Option<(String, usize)> {
        let mut parts: Vec<&str> = Vec::new();
        let mut at = end.checked_sub(1)?;
        if self.word(at) == "?." {
            at = at.checked_sub(1)?;
        }
        at = self.before_types(at);
        // `tools[name](…)`: a member without a name.
        if self.word(at) == "]" {
            let owner = self.tokens.get(at)?.pair?.checked_sub(1)?;
            at = Some(owner).filter(|owner| self.is(*owner, Kind::Word))?;
            parts.push("[]");
        }
        let mut begin;
        loop {
            // `a.b(…).c`, `a['b'].c`, `a!.b`
            while matches!(self.word(at), ")" | "]" | "!") && !parts.is_empty() {
                let opened = if self.word(at) == "!" { at } else { self.tokens.get(at)?.pair? };
                let Some(before) = opened.checked_sub(1) else { break };
                at = before;
            }
            if !self.is(at, Kind::Word) || parts.len() >= PARTS {
                return (!parts.is_empty()).then(|| (self.named(parts), at.saturating_add(1)));
            }
            parts.push(self.word(at));
            begin = at;
            let dot = at.checked_sub(1).filter(|dot| matches!(self.word(*dot), "." | "?."));
            let Some(before) = dot.and_then(|dot| dot.checked_sub(1)) else { break };
            at = before;
        }
        // `require("m").f(…)`
        let module = self.content(begin.saturating_add(2)).filter(|_| self.word(begin) == "require");
        if let Some(module) = module.map(module_name).filter(|_| parts.len() > 1) {
            parts.pop();
            parts.push(module);
            parts.reverse();
            return Some((parts.join("."), begin));
        }
        Some((self.named(parts), begin))
    }

    /// The index before the types in `name<A, B>(`, for `at` at their end; else `at`.
    fn before_types(&self, at: usize) -> usize {
        if self.word(at) != ">" {
            return at;
        }
        let first = at.saturating_sub(PARTS);
        let opened = (first..at).rev().find(|index| self.word(*index) == "<");
        opened.and_then(|opened| opened.checked_sub(1)).unwrap_or(at)
    }

    /// Parts from the last to the first as a path, with what the first stands for.
    fn named(&self, mut parts: Vec<&str>) -> String {
        parts.reverse();
        let first = parts.first().copied().unwrap_or_default();
        match self.imports.get(first) {
            Some(meant) => std::iter::once(meant.as_str())
                .chain(parts.iter().skip(1).copied())
                .collect::<Vec<_>>()
                .join("."),
            None => parts.join("."),
        }
    }

    /// What a local name stands for in another module.
    pub(super) fn imported(&self, name: &str) -> Option<&str> {
        self.imports.get(name).map(String::as_str)
    }

    /// Whether any local name stands for something of a module that `wanted` takes.
    pub(super) fn imports_of(&self, wanted: impl Fn(&str) -> bool) -> bool {
        self.imports.values().any(|path| wanted(path))
    }

    /// Whether the token at `index` is a name that is read: no member of another, no key, no word of the language.
    pub(super) fn is_variable(&self, index: usize) -> bool {
        let before = index.checked_sub(1).map_or("", |before| self.word(before));
        self.is(index, Kind::Word)
            && !matches!(before, "." | "?.")
            && !(matches!(before, "{" | ",") && self.word(index.saturating_add(1)) == ":")
    }

    /// Where the expression that begins at `from` ends: at a comma, a semicolon, a closing bracket, or a line that begins something
    /// else.
    pub(super) fn expression(&self, from: usize) -> Range<usize> {
        from..self.ends.get(from).copied().unwrap_or(from).max(from)
    }

    /// Notes where expressions end, from the last token to the first: each looks only at what follows it, so that all of them
    /// together take one pass.
    fn ends(&mut self) {
        let count = self.tokens.len();
        let mut ends = vec![count; count];
        for from in (0..count).rev() {
            let next = self.past(from);
            let end = if self.separates(from) {
                from
            } else if self.separates(next) || self.breaks(next) {
                next
            } else {
                ends.get(next).copied().unwrap_or(count)
            };
            if let Some(noted) = ends.get_mut(from) {
                *noted = end.min(count);
            }
        }
        self.ends = ends;
    }

    /// Whether the token at `at` ends any expression before it.
    fn separates(&self, at: usize) -> bool {
        self.is(at, Kind::Mark) && matches!(self.word(at), "," | ";" | ")" | "]" | "}")
    }

    /// Whether a statement begins with the token at `at`, which stands on a line of its own.
    pub(super) fn breaks(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return true };
        let (Some(last), Some(token)) = (self.tokens.get(before), self.tokens.get(at)) else { return true };
        let between = self.text.get(last.span.end..token.span.start).unwrap_or_default();
        if !between.contains('\n') {
            return false;
        }
        let goes_on = last.kind == Kind::Mark
            && !matches!(self.word(before), ")" | "]" | "}" | "`" | "++" | "--")
            || matches!(self.word(before), "await" | "new" | "typeof" | "return" | "as" | "yield");
        let continues = token.kind == Kind::Mark && !matches!(self.word(at), "{" | "!" | "++" | "--")
            || matches!(self.word(at), "as" | "satisfies" | "instanceof" | "in");
        !goes_on && !continues
    }

    /// The function that a range of tokens is: the tokens of its parameters, and of its body.
    pub(super) fn function(&self, range: &Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
        let mut at = range.start;
        if self.word(at) == "async" {
            at = at.saturating_add(1);
        }
        if self.word(at) == "function" {
            let open = (at..range.end.min(at.saturating_add(4))).find(|index| self.word(*index) == "(")?;
            let close = self.tokens.get(open)?.pair?;
            let body =
                (close..range.end.min(close.saturating_add(PARTS))).find(|index| self.word(*index) == "{")?;
            return Some((open.saturating_add(1)..close, body.saturating_add(1)..self.past(body)));
        }
        let (parameters, behind) = if self.word(at) == "(" {
            let close = self.tokens.get(at)?.pair?;
            (at.saturating_add(1)..close, close.saturating_add(1))
        } else if self.is(at, Kind::Word) && self.word(at.saturating_add(1)) == "=>" {
            (at..at.saturating_add(1), at.saturating_add(1))
        } else {
            return None;
        };
        let arrow =
            (behind..range.end.min(behind.saturating_add(PARTS))).find(|index| self.word(*index) == "=>")?;
        let body = arrow.saturating_add(1);
        Some((parameters, body..if self.word(body) == "{" { self.past(body) } else { range.end }))
    }

    /// The value of `key` in the object that begins at `open`, by its own name or a method's.
    pub(super) fn value(&self, open: usize, key: &str) -> Option<Range<usize>> {
        if self.word(open) != "{" {
            return None;
        }
        self.parts(open).into_iter().find_map(|part| {
            let begin =
                if self.word(part.start) == "async" { part.start.saturating_add(1) } else { part.start };
            let named = self.word(begin) == key || self.content(begin) == Some(key);
            if !named {
                return None;
            }
            match self.word(begin.saturating_add(1)) {
                ":" => Some(begin.saturating_add(2)..part.end),
                _ if part.len() == 1 => Some(part),
                _ => None,
            }
        })
    }

    /// The functions that an object holds as methods: `key(parameters) { body }`.
    pub(super) fn method(&self, open: usize, key: &str) -> Option<(Range<usize>, Range<usize>)> {
        self.parts(open).into_iter().find_map(|part| {
            let begin =
                if self.word(part.start) == "async" { part.start.saturating_add(1) } else { part.start };
            let opened = begin.saturating_add(1);
            let close = (self.word(begin) == key && self.word(opened) == "(")
                .then(|| self.tokens.get(opened)?.pair)??;
            let body = (close..part.end).find(|index| self.word(*index) == "{")?;
            Some((opened.saturating_add(1)..close, body.saturating_add(1)..self.past(body)))
        })
    }

    /// The names that the pattern at `open` binds, each with the member it takes.
    pub(super) fn pattern(&self, open: usize) -> Vec<(&'a str, &'a str)> {
        self.parts(open)
            .into_iter()
            .take(PARTS)
            .filter(|part| self.is(part.start, Kind::Word))
            .map(|part| {
                let key = self.word(part.start);
                let renamed = self.word(part.start.saturating_add(1)) == ":"
                    && self.is(part.start.saturating_add(2), Kind::Word);
                (if renamed { self.word(part.start.saturating_add(2)) } else { key }, key)
            })
            .collect()
    }

    /// Whether a text is put together as markup.
    pub(super) fn is_markup(&self, given: &Range<usize>) -> bool {
        given.clone().take(EXPRESSION).any(|at| {
            let text = if self.is(at, Kind::Piece) { Some(self.word(at)) } else { self.content(at) };
            text.is_some_and(|text| {
                text.trim_start().starts_with('<') || text.contains("</") || text.contains("<br")
            })
        })
    }

    /// Notes what imports and calls of `require` bind.
    fn imports(&mut self) {
        for at in 0..self.tokens.len() {
            match self.word(at) {
                "import" if self.is(at, Kind::Word) => self.import(at),
                "require" if self.is(at, Kind::Word) => self.require(at),
                "promisify" if self.is(at, Kind::Word) => self.promisified(at),
                _ => {}
            }
        }
    }

    /// `import a, { b as c } from "m"`, `import * as d from "m"`.
    fn import(&mut self, at: usize) {
        let limit = at.saturating_add(PARTS.saturating_mul(3)).min(self.tokens.len());
        let Some(from) = (at..limit)
            .find(|index| self.word(*index) == "from" && self.is(index.saturating_add(1), Kind::Text))
        else {
            return;
        };
        let Some(module) = self.content(from.saturating_add(1)).map(module_name) else { return };
        let mut index = at.saturating_add(1);
        while index < from {
            let word = self.word(index);
            if word == "{" {
                self.names(index, module);
                index = self.past(index);
                continue;
            }
            if self.is(index, Kind::Word) && !matches!(word, "as" | "type") {
                self.imports.insert(word, module.to_owned());
            }
            index = index.saturating_add(1);
        }
    }

    /// `{ a, b as c }` or `{ a, b: c }` of the module `module`.
    fn names(&mut self, open: usize, module: &str) {
        for part in self.parts(open).into_iter().take(PARTS) {
            let name = self.word(part.start);
            let local = part
                .end
                .checked_sub(1)
                .filter(|last| self.is(*last, Kind::Word))
                .map_or(name, |last| self.word(last));
            self.imports.insert(local, format!("{module}.{name}"));
        }
    }

    /// `const a = require("m")`, `const { b } = require("m")`, `require("m").b`.
    fn require(&mut self, at: usize) {
        let Some(module) = self.content(at.saturating_add(2)).map(module_name) else { return };
        let Some(equals) = at.checked_sub(1).filter(|before| self.word(*before) == "=") else { return };
        let Some(target) = equals.checked_sub(1) else { return };
        if self.word(target) == "}" {
            if let Some(open) = self.tokens.get(target).and_then(|token| token.pair) {
                self.names(open, module);
            }
        } else if self.is(target, Kind::Word) {
            let behind = self.past(at.saturating_add(1));
            let member = (self.word(behind) == ".").then(|| self.word(behind.saturating_add(1)));
            let meant = member.map_or_else(|| module.to_owned(), |member| format!("{module}.{member}"));
            self.imports.insert(self.word(target), meant);
        }
    }

    /// `const run = promisify(exec)`: the same function.
    fn promisified(&mut self, at: usize) {
        let Some(call) = self.call(at.saturating_add(1)) else { return };
        let Some(equals) = call.begin.checked_sub(1).filter(|before| self.word(*before) == "=") else {
            return;
        };
        let Some(given) = call.arguments.first().filter(|given| given.len() <= 5) else { return };
        let meant = self.path(given.end).map(|(path, _)| path);
        let target = equals.checked_sub(1).filter(|target| self.is(*target, Kind::Word));
        if let (Some(meant), Some(target)) = (meant, target) {
            self.imports.insert(self.word(target), meant);
        }
    }
}

/// A module without what says that it is Node's own.
fn module_name(name: &str) -> &str {
    name.strip_prefix("node:").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(text: &str) -> Vec<String> {
        let program = Program::read(text, false);
        (0..program.tokens.len()).filter_map(|at| program.call(at)).map(|call| call.path).collect()
    }

    #[test]
    fn calls_are_known_by_where_their_names_come_from() {
        let text = "import { exec as run, spawn } from 'node:child_process';\nimport * as fs from \"fs/promises\";\nimport cp from 'child_process';\nconst { readFileSync } = require('fs');\nconst util = require('node:util');\nconst sh = util.promisify(cp.exec);\nrun('a'); fs.readFile('b'); cp.execSync('c'); readFileSync('d'); sh('e'); r.json().then(f)";
        assert_eq!(
            calls(text).split_off(3),
            [
                "child_process.exec",
                "fs/promises.readFile",
                "child_process.execSync",
                "fs.readFileSync",
                "child_process.exec",
                "r.json",
                "r.json.then"
            ]
        );
    }

    #[test]
    fn arguments_and_expressions_end_where_they_do() {
        let program = Program::read("f(a, [b, c], `x, ${y}`)\nconst p = q\n  .r(1)\ns()", false);
        let call = program.call(1).unwrap();
        assert_eq!(call.arguments.len(), 3);
        let equals = (0..program.tokens.len()).find(|at| program.word(*at) == "=").unwrap();
        let expression = program.expression(equals + 1);
        assert_eq!(&program.text[program.span(&expression)], "q\n  .r(1)");
    }

    #[test]
    fn the_ends_of_a_long_row_of_expressions_are_all_known_at_once() {
        let text = "a=".repeat(200_000);
        let program = Program::read(&text, false);
        let sum = (0..program.tokens.len()).filter(|at| program.expression(*at).end == 400_000).count();
        assert_eq!(sum, 400_000);
    }

    #[test]
    fn functions_are_known_in_each_form() {
        for text in [
            "async ({ a }) => { b }",
            "a => b",
            "async function (a) { b }",
            "(a): Promise<R> => { b }",
            "function f(a) { b }",
        ] {
            let program = Program::read(text, false);
            let (parameters, body) = program.function(&(0..program.tokens.len())).unwrap();
            let named: Vec<&str> = parameters.map(|at| program.word(at)).collect();
            assert!(named.contains(&"a"), "{text}: {named:?}");
            assert!(body.map(|at| program.word(at)).any(|word| word == "b"), "{text}");
        }
    }
}
