//! The tokens of Rego, each with its place: [`tokens`]. Total: any text gives tokens or an error with its line.
//!
//! Source: the Open Policy Agent's reference, "Grammar". Words and numbers are told apart from symbols only as far as layout needs it.

use super::FormatError;

/// A piece of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// As it stands there.
    pub text: &'a str,
    /// Its line, from 1.
    pub line: usize,
    /// Whether blanks stand before it on its line.
    pub after_blank: bool,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// The end of a line.
    Break,
    /// From `#` to the end of the line.
    Comment,
    /// `"…"` or `` `…` ``, with its quotes.
    Text,
    /// A name, keyword or number.
    Word,
    /// An operator, a bracket, a comma.
    Symbol,
}

impl Token<'_> {
    /// Whether it is an opening bracket.
    pub fn opens(&self) -> bool {
        self.kind == TokenKind::Symbol && matches!(self.text, "{" | "[" | "(")
    }

    /// Whether it is a closing bracket.
    pub fn closes(&self) -> bool {
        self.kind == TokenKind::Symbol && matches!(self.text, "}" | "]" | ")")
    }
}

/// All tokens of a module, in order.
///
/// # Errors
/// [`FormatError::Token`] for a text without an end.
pub fn tokens(module: &str) -> Result<Vec<Token<'_>>, FormatError> {
    let mut found = Vec::new();
    let mut rest = module;
    let mut line = 1;
    let mut after_blank = false;
    while let Some(first) = rest.chars().next() {
        let (kind, length) = match first {
            '\n' => (TokenKind::Break, 1),
            _ if first.is_whitespace() => {
                after_blank = true;
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
                continue;
            }
            '#' => (TokenKind::Comment, rest.find('\n').unwrap_or(rest.len())),
            '"' => (TokenKind::Text, quoted(rest).ok_or(unended(line, "a text has no end on its line"))?),
            '`' => {
                let length = rest.get(1..).and_then(|inner| inner.find('`')).map(|inner| inner + 2);
                (TokenKind::Text, length.ok_or(unended(line, "a raw text has no end"))?)
            }
            _ if is_word(first) => (TokenKind::Word, rest.find(|each| !is_word(each)).unwrap_or(rest.len())),
            _ => (TokenKind::Symbol, symbol(rest, first)),
        };
        let (text, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        found.push(Token { kind, text, line, after_blank });
        line += text.matches('\n').count();
        after_blank = false;
        rest = after;
    }
    Ok(found)
}

fn unended(line: usize, problem: &'static str) -> FormatError {
    FormatError::Token { line, problem }
}

fn is_word(each: char) -> bool {
    each.is_alphanumeric() || each == '_'
}

/// Bytes of a text in double quotes at the beginning of `rest`, which ends on its line.
fn quoted(rest: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, each) in rest.char_indices().skip(1) {
        match each {
            '\n' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Bytes of the operator or bracket at the beginning of `rest`.
fn symbol(rest: &str, first: char) -> usize {
    let second = rest.get(first.len_utf8()..).and_then(|rest| rest.chars().next());
    match (first, second) {
        (':' | '=' | '!' | '<' | '>', Some('=')) => 2,
        _ => first.len_utf8(),
    }
}
