//! The one layout of Rego: [`format`], which moves white space and nothing else.
//!
//! Lines stay lines, tokens stay tokens, and comments stay where they are; what changes is indentation (a tab for each line with open
//! brackets), runs of blanks, blanks around `:=`, `==` and their like and beside commas, and blank lines. That tokens and lines are the
//! same before and after is checked on every call, not assumed.

mod tokens;

pub use tokens::{Token, TokenKind, tokens};

/// Why a module is not formatted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// A text or comment without an end, or a character that Rego does not know.
    #[error("line {line}: {problem}")]
    Token {
        /// From 1.
        line: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// The result would say something else; a defect of ours.
    #[error("line {line}: the layout would change what the module says; it is left as it is")]
    Changed {
        /// From 1.
        line: usize,
    },
}

/// Operators that stand between blanks.
const SPACED: [&str; 5] = [":=", "==", "!=", "<=", ">="];

/// A module in the one layout.
///
/// # Errors
/// [`FormatError`].
pub fn format(module: &str) -> Result<String, FormatError> {
    let before = tokens(module)?;
    let mut out = String::with_capacity(module.len() + module.len() / 8);
    // For each open bracket, the line on which it was opened.
    let mut open: Vec<usize> = Vec::new();
    let mut line = 0_usize;
    let mut at = 0;
    while let Some(first) = before.get(at) {
        if first.kind == TokenKind::Break {
            let blank = out.ends_with("\n\n") || out.is_empty() || inner_blank(&out, &open, &before, at);
            if !blank {
                out.push('\n');
            }
            at += 1;
            continue;
        }
        line += 1;
        let end = before.iter().skip(at).position(|token| token.kind == TokenKind::Break);
        let end = end.map_or(before.len(), |length| at + length);
        let on_line = before.get(at..end).unwrap_or_default();
        let closing = on_line.iter().take_while(|token| token.closes()).count();
        let kept = open.get(..open.len().saturating_sub(closing)).unwrap_or_default();
        for _ in 0..distinct(kept) {
            out.push('\t');
        }
        write_line(on_line, &mut out);
        for token in on_line {
            if token.opens() {
                open.push(line);
            } else if token.closes() {
                open.pop();
            }
        }
        out.push('\n');
        // The break that ends the line.
        at = end + 1;
    }
    while out.ends_with("\n\n") {
        out.pop();
    }
    same_tokens(&before, &out)?;
    Ok(out)
}

/// Whether a blank line would open or close a block: it is left out.
fn inner_blank(out: &str, open: &[usize], all: &[Token<'_>], at: usize) -> bool {
    if open.is_empty() {
        return false;
    }
    let opened = out.trim_end_matches('\n').ends_with(['{', '[', '(']);
    let next = all.iter().skip(at).find(|token| token.kind != TokenKind::Break);
    opened || next.is_some_and(Token::closes)
}

/// How many lines the open brackets stand on: several opened on one line indent once.
fn distinct(open: &[usize]) -> usize {
    let mut lines = open.to_vec();
    lines.dedup();
    lines.len()
}

fn write_line(tokens: &[Token<'_>], out: &mut String) {
    for (place, token) in tokens.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|before| tokens.get(before));
        if before.is_some_and(|before| blank_between(before, token)) {
            out.push(' ');
        }
        let text = if token.kind == TokenKind::Comment { token.text.trim_end() } else { token.text };
        out.push_str(text);
    }
}

fn blank_between(before: &Token<'_>, token: &Token<'_>) -> bool {
    if token.kind == TokenKind::Comment {
        return true;
    }
    if SPACED.contains(&token.text) || SPACED.contains(&before.text) {
        return true;
    }
    match (before.text, token.text) {
        (_, "," | ")" | "]") | ("(" | "[", _) => false,
        (",", _) => true,
        _ => token.after_blank,
    }
}

/// That two modules have the same tokens on the same lines, blank ones aside.
fn same_tokens(before: &[Token<'_>], text: &str) -> Result<(), FormatError> {
    let after = tokens(text)?;
    let (mut one, mut two) = (before.iter().peekable(), after.iter().peekable());
    // Blank lines at the beginning say nothing.
    while one.next_if(|token| token.kind == TokenKind::Break).is_some() {}
    loop {
        let (first, second) = (one.next(), two.next());
        let line = first.or(second).map_or(0, |token| token.line);
        match (first, second) {
            (None, None) => return Ok(()),
            // The last line may get its break.
            (None, Some(token)) | (Some(token), None) if token.kind == TokenKind::Break => {}
            (Some(first), Some(second)) => {
                let same = first.kind == second.kind
                    && (first.text == second.text
                        || first.kind == TokenKind::Break
                        || first.kind == TokenKind::Comment && first.text.trim_end() == second.text);
                if !same {
                    return Err(FormatError::Changed { line });
                }
                if first.kind == TokenKind::Break {
                    while one.next_if(|token| token.kind == TokenKind::Break).is_some() {}
                    while two.next_if(|token| token.kind == TokenKind::Break).is_some() {}
                }
            }
            _ => return Err(FormatError::Changed { line }),
        }
    }
}

/// The line on which brackets of a module nest deeper than that; none where they do not, or the module does not read as Rego.
pub(crate) fn deeper_than(module: &str, most: usize) -> Option<usize> {
    let mut open = 0_usize;
    for token in tokens(module).ok()? {
        if token.opens() {
            open += 1;
        } else if token.closes() {
            open = open.saturating_sub(1);
        }
        if open > most {
            return Some(token.line);
        }
    }
    None
}

/// The package of a module, as `a.b.c`; none when it has no package or does not read as Rego.
pub fn package_of(module: &str) -> Option<String> {
    let all = tokens(module).ok()?;
    let mut rest = all.iter().filter(|token| !matches!(token.kind, TokenKind::Break | TokenKind::Comment));
    if rest.next()?.text != "package" {
        return None;
    }
    let mut parts = vec![rest.next()?.text.to_owned()];
    let mut last = "";
    // `a.b` and `a["b"]`; anything else is the first rule.
    for token in rest {
        match (last, token.kind) {
            (_, TokenKind::Symbol) if matches!(token.text, "." | "[" | "]") => last = token.text,
            (".", TokenKind::Word) => {
                parts.push(token.text.to_owned());
                last = "";
            }
            ("[", TokenKind::Text) => {
                parts.push(token.text.trim_matches(['"', '`']).to_owned());
                last = "";
            }
            _ => break,
        }
    }
    Some(parts.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn white_space_takes_its_one_form() {
        let module = "package   a.b\n\n\n\nimport rego.v1\ndeny contains msg if {\n\n  x:=1\n      some y in [ 1,2 , 3 ]\n  f(  {\n\"a\":1,\n  } )\n   msg == \"x  y\"   # why  \n\n}\n\n\n";
        let expected = "package a.b\n\nimport rego.v1\ndeny contains msg if {\n\tx := 1\n\tsome y in [1, 2, 3]\n\tf({\n\t\t\"a\":1,\n\t})\n\tmsg == \"x  y\" # why\n}\n";
        assert_eq!(format(module).unwrap(), expected);
        assert_eq!(format(expected).unwrap(), expected);
    }

    #[test]
    fn what_stands_in_texts_and_raw_texts_stays() {
        let module = "package a\n\nx := `a  ,b\n   { :=`\ny := \"{[(  # \\\" \"\n";
        assert_eq!(format(module).unwrap(), module);
    }

    #[test]
    fn a_text_without_end_is_told_with_its_line() {
        assert_eq!(
            format("package a\nx := \"abc\n"),
            Err(FormatError::Token { line: 2, problem: "a text has no end on its line" })
        );
        assert!(matches!(format("x := `abc\n"), Err(FormatError::Token { line: 1, .. })));
    }

    #[test]
    fn the_package_is_found_behind_comments_and_in_brackets() {
        assert_eq!(package_of("# a\n\npackage bartizan.lib.x\nimport a").as_deref(), Some("bartizan.lib.x"));
        assert_eq!(package_of("package bartizan[\"lib\"]\n\nx := 1").as_deref(), Some("bartizan.lib"));
        assert_eq!(package_of("package bartizan[`lib`].y\n").as_deref(), Some("bartizan.lib.y"));
        assert_eq!(package_of("x := 1"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_formatted_or_refused_and_formatting_twice_changes_nothing(module in "[a-z0-9 \t\n\r{}()\\[\\],.:=<>!+*/%|;#\"`\\\\-]{0,200}") {
            if let Ok(once) = format(&module) {
                let twice = format(&once);
                prop_assert_eq!(twice.as_deref(), Ok(once.as_str()));
            }
        }
    }
}
