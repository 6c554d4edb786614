//! Paths of Rego, however they are written: [`dotted`], and what they reach: [`resolved`].

use crate::format::{Token, TokenKind};
use std::collections::BTreeMap;

/// The path `a.b["c"]` at the beginning of `words`, with points between its parts, and of how many tokens it is made.
pub(crate) fn dotted(words: &[&Token<'_>]) -> (String, usize) {
    let mut path = String::new();
    let Some(first) = words.first().filter(|token| token.kind == TokenKind::Word) else { return (path, 0) };
    path.push_str(first.text);
    let mut length = 1;
    while let [separator, part, ..] = words.get(length..).unwrap_or_default() {
        let taken = match separator.text {
            "." if part.kind == TokenKind::Word => 2,
            "[" if is_name(part) && words.get(length + 2).is_some_and(|token| token.text == "]") => 3,
            _ => break,
        };
        path.push('.');
        path.push_str(part.text.trim_matches(['"', '`']));
        length += taken;
    }
    (path, length)
}

/// Whether a token is a text without escapes, as parts of a path are.
fn is_name(token: &Token<'_>) -> bool {
    token.kind == TokenKind::Text && !token.text.contains('\\')
}

/// The name that a line `import data.a as b` gives, and the path that it stands for.
pub(crate) fn import(words: &[&Token<'_>]) -> Option<(String, String)> {
    let path = words.get(1..).map(dotted)?.0;
    Some((words.last()?.text.trim_matches(['"', '`']).to_owned(), path))
}

/// The path from the root, without `data`, that `path`, written in `package`, reaches. `data` alone is empty.
pub(crate) fn resolved(path: &str, package: &str, imports: &BTreeMap<String, String>) -> String {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let whole = match (first, imports.get(first)) {
        (_, Some(import)) if rest.is_empty() => import.clone(),
        (_, Some(import)) => format!("{import}.{rest}"),
        ("data", None) => path.to_owned(),
        _ => return format!("{package}.{path}"),
    };
    match whole.strip_prefix("data") {
        Some("") => String::new(),
        Some(below) => below.strip_prefix('.').map_or_else(|| whole.clone(), str::to_owned),
        None => whole,
    }
}
