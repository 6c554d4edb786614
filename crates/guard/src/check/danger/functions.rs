//! Functions and aliases that lines of a shell give, for what they are called with later.

use super::triggers::is_triggered;
use super::variables::Variables;
use std::borrow::Cow;
use std::ops::Range;

/// Most functions that are kept, and the longest body that is kept as it is, in bytes; of a longer one commands are kept that matter.
const KEPT: usize = 8;
const LONGEST_BODY: usize = 1024;
/// Most bytes of a body that are kept.
const MOST_OF_BODY: usize = 4 * LONGEST_BODY;

/// Functions of the lines before.
#[derive(Debug, Clone, Default)]
pub(super) struct Functions {
    /// Names and bodies of those that do something with what they are called with.
    known: Vec<(String, String)>,
    /// The name of one whose brace may begin the next line.
    named: Option<String>,
    open: Option<Open>,
}

/// A function whose end did not come yet.
#[derive(Debug, Clone)]
struct Open {
    name: String,
    body: String,
    /// What its body stands in: braces, or brackets.
    signs: [u8; 2],
    /// Those that are open, and the quote in which none counts.
    depth: usize,
    quote: Option<u8>,
}

impl Open {
    /// Takes a part of the body.
    fn take(&mut self, part: &str) {
        let whole = self.body.len().saturating_add(part.len()) <= LONGEST_BODY;
        let part = if whole { Cow::Borrowed(part) } else { Cow::Owned(what_matters(part)) };
        if self.body.len().saturating_add(part.len()) < MOST_OF_BODY {
            self.body.push_str(&part);
            self.body.push('\n');
        }
    }

    /// Where it ends in a line: at the brace that closes it, outside of quotes and comments.
    fn end(&mut self, line: &str) -> Option<usize> {
        let [opens, closes] = self.signs;
        let (mut before, mut bytes) = (b' ', line.bytes().enumerate());
        while let Some((at, byte)) = bytes.next() {
            match (byte, self.quote) {
                (b'\\', None | Some(b'"')) => {
                    bytes.next();
                }
                (_, Some(quote)) if byte == quote => self.quote = None,
                (b'"' | b'\'', None) => self.quote = Some(byte),
                (b'#', None) if before.is_ascii_whitespace() || before == b';' => return None,
                (byte, None) if byte == opens => self.depth = self.depth.saturating_add(1),
                (byte, None) if byte == closes => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(at);
                    }
                }
                _ => {}
            }
            before = byte;
        }
        None
    }
}

impl Functions {
    /// Whether one is being given.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some() || self.named.is_some()
    }

    /// Whether there is any.
    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The body of the one of this name.
    pub(super) fn body(&self, name: &str) -> Option<&str> {
        self.known.iter().rev().find(|(known, _)| known == name).map(|(_, body)| body.as_str())
    }

    /// Takes a line.
    pub(super) fn line(&mut self, line: &str) {
        let mut rest = line;
        while let Some(begun) = self.begun(rest) {
            rest = begun;
            let Some(open) = &mut self.open else { return };
            let end = open.end(rest);
            let body = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            open.take(body);
            let Some(end) = end else { return };
            if let Some(Open { name, body, .. }) = self.open.take() {
                self.keep(name, body);
            }
            rest = rest.get(end.saturating_add(1)..).unwrap_or_default();
            rest = rest.trim_start_matches([' ', '\t', ';', '&']);
        }
    }

    /// What stands in the body: all of the text where a function is open, or what is behind the brace of one that begins here.
    fn begun<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        if self.open.is_some() {
            return Some(text);
        }
        let brace = text.trim_start().strip_prefix('{').map(|rest| (rest, *b"{}"));
        let (name, (rest, signs)) = if let Some((name, rest)) = self.named.take().zip(brace) {
            (name, rest)
        } else {
            let (name, rest) = declared(text)?;
            if rest.is_empty() {
                self.named = Some(name.to_owned());
                return None;
            }
            let braces = rest.strip_prefix('{').map(|rest| (rest, *b"{}"));
            (name.to_owned(), braces.or_else(|| Some((rest.strip_prefix('(')?, *b"()")))?)
        };
        self.open = Some(Open { name, body: String::new(), signs, depth: 1, quote: None });
        Some(rest)
    }

    /// Takes up one, if it does something with what it is called with that could be a danger.
    pub(super) fn keep(&mut self, name: String, body: String) {
        let uses = uses_given(&body);
        self.known.retain(|(known, _)| *known != name);
        // What it hands on goes to one that does something, too.
        let calls = || {
            body.split([';', '\n', '&', '|', '(', '{']).any(|part| {
                part.split_ascii_whitespace()
                    .next()
                    .is_some_and(|word| self.known.iter().any(|(known, _)| known == word))
            })
        };
        if uses && (is_triggered(&body) || calls()) {
            if self.known.len() >= KEPT {
                self.known.remove(0);
            }
            self.known.push((name, body));
        }
    }
}

/// The same of the first function that is declared in a line: at its beginning, or behind what may stand before a command.
pub(super) fn declared(line: &str) -> Option<(&str, &str)> {
    let at_once = declaration(line);
    if at_once.is_some() || !line.contains('(') && !line.contains("function ") {
        return at_once;
    }
    let is_before = |one: &char| matches!(one, ';' | '&' | '|' | '{' | '(' | '\'' | '"');
    let places = line.char_indices().filter(|(_, one)| is_before(one));
    places.filter_map(|(at, _)| line.get(at.saturating_add(1)..)).find_map(declaration)
}

/// The text of a script's function, by where its body stands: its name, and what is between the braces.
pub(super) fn of_script<'t>(text: &'t str, body: &Range<usize>) -> Option<(&'t str, Cow<'t, str>)> {
    let before = text.get(..body.start)?.trim_end();
    let before = before.strip_suffix(')').map_or(before, |head| head.trim_end().trim_end_matches('('));
    let name = before.trim_end().rsplit(|one: char| !is_of_name(one)).next()?;
    let inner = text.get(body.clone())?;
    let inner = inner.strip_prefix('{').unwrap_or(inner);
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    let is_short = inner.len() <= LONGEST_BODY;
    let inner = if is_short { Cow::Borrowed(inner) } else { Cow::Owned(what_matters(inner)) };
    (!name.is_empty() && inner.len() <= MOST_OF_BODY).then_some((name, inner))
}

/// The commands of a body that could be a danger, use what it is called with, or give a value.
fn what_matters(body: &str) -> String {
    let mut out = String::new();
    for command in body.split_inclusive([';', '\n']) {
        let is_comment = command.trim_start().starts_with('#');
        if !is_comment && (uses_given(command) || is_triggered(command) || Variables::may_learn(command)) {
            out.push_str(command);
        }
    }
    out
}

/// Whether a text uses what its function is called with.
fn uses_given(text: &str) -> bool {
    text.match_indices('$').any(|(at, _)| {
        let behind = text.as_bytes().get(at.saturating_add(1)..).unwrap_or_default();
        let behind = behind.strip_prefix(b"{").unwrap_or(behind);
        behind.first().is_some_and(|byte| matches!(byte, b'1'..=b'9' | b'@' | b'*'))
    })
}

/// Whether a name of a function may have this character.
const fn is_of_name(one: char) -> bool {
    one.is_ascii_alphanumeric() || matches!(one, '_' | '-' | '.')
}

/// The name of a function whose declaration a line begins with, and what stands behind that: its brace or bracket, or nothing where that begins
/// the next line.
pub(super) fn declaration(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let (line, is_said) = match line.strip_prefix("function ") {
        Some(rest) => (rest.trim_start(), true),
        None => (line, false),
    };
    let length = line.bytes().take_while(|byte| is_of_name(char::from(*byte))).count();
    let (name, rest) = line.split_at_checked(length).filter(|(name, _)| !name.is_empty())?;
    let rest = rest.trim_start();
    let rest = match rest.strip_prefix('(').map(str::trim_start) {
        Some(inner) => inner.strip_prefix(')')?,
        None if is_said => rest,
        None => return None,
    };
    let rest = rest.trim_start();
    (rest.is_empty() || rest.starts_with(['{', '('])).then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_read_over_lines_and_in_one() {
        for lines in [
            &["wipe() {", "  rm -rf \"$1\"", "}"][..],
            &["function wipe { rm -rf $@; }; wipe /tmp/x"],
            &["wipe()", "{", "  rm -rf \"$1\"", "}"],
            &["a() { :; }; wipe () { if true; then { rm -rf ${1:-x}; }; fi; }"],
            &["true; wipe() {", "  # } and it's not the end", "  echo '}' \"}\" \\}", "  rm -rf \"$1\"", "}"],
            &["sh -c 'wipe() {", "rm -rf \"$1\"", "}"],
            &["wipe() (rm -rf \"$1\"); wipe /tmp/x"],
            &["wipe() (", "  cd /tmp && (true)", "  rm -rf \"$1\"", ")"],
        ] {
            let mut functions = Functions::default();
            for line in lines {
                functions.line(line);
            }
            assert!(
                !functions.is_open() && functions.body("wipe").is_some_and(|body| body.contains("rm -rf")),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn of_a_long_body_what_matters_is_kept() {
        for body in [
            format!("{}  rm -rf \"$1\"\n", "  # what this does and why\n".repeat(90)),
            format!("  local dir=$1\n{}  rm -rf \"$dir\"\n", "  echo step\n".repeat(900)),
            format!("{} rm -rf \"$1\"", "echo step;".repeat(300)),
        ] {
            let (mut functions, text) = (Functions::default(), format!("wipe() {{\n{body}\n}}"));
            text.lines().for_each(|line| functions.line(line));
            let kept = functions.body("wipe").unwrap_or_default();
            assert!(!functions.is_open() && kept.contains("rm -rf") && kept.len() <= MOST_OF_BODY, "{kept}");
        }
    }

    #[test]
    fn what_calls_a_function_that_is_kept_is_kept() {
        let mut functions = Functions::default();
        functions.line("g(){ rm -rf \"$1\"; }; f(){ g \"$1\"; }; h() { echo \"$1\"; }");
        assert_eq!(["f", "g", "h"].map(|name| functions.body(name).is_some()), [true, true, false]);
    }

    #[test]
    fn what_takes_nothing_or_destroys_nothing_is_not_kept() {
        let mut functions = Functions::default();
        for line in
            ["a() { rm -rf build; }", "b() { echo $1; }", "int main() {", "  return 0;", "}", "foo(x) {"]
        {
            functions.line(line);
        }
        assert!(functions.is_empty() && !functions.is_open());
    }

    proptest::proptest! {
        #[test]
        fn any_lines_are_taken(lines in "([a-z]\\(\\) ?\\{|\\}|rm \\$1|\n|;|\\PC){0,40}") {
            let mut functions = Functions::default();
            lines.lines().for_each(|line| functions.line(line));
        }
    }
}
