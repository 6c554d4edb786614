//! Actions of Go's templates, as charts hold them: where they stand, and which texts, numbers and truths one may come to that are written
//! in it.
//!
//! Source: Go, `text/template`, "Actions", "Pipelines" and "Functions"; Helm, "Template Function List" (`default`, `coalesce`, `ternary`).

use std::ops::Range;

/// Most brackets within one another that are read.
const DEPTH: usize = 24;
/// Most values of one action that are told.
const MOST_PARTS: usize = 32;

/// The actions of `content`, as the bytes between `{{` and `}}`, in order; quotes may hold either. Remarks are left out. Linear.
pub(super) fn actions(content: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0_usize;
    while let Some(open) = content.get(at..).and_then(|rest| rest.find("{{")) {
        let start = at.saturating_add(open).saturating_add(2);
        let remark = content
            .get(start..)
            .is_some_and(|rest| rest.trim_start_matches('-').trim_start().starts_with("/*"));
        let length = if remark {
            content.get(start..).and_then(|rest| rest.find("*/"))
        } else {
            length(content.get(start..).unwrap_or_default())
        };
        let Some(length) = length else { break };
        let end = start.saturating_add(length);
        if remark {
            at = end;
            continue;
        }
        found.push(start..end);
        at = end.saturating_add(2);
    }
    found
}

/// Bytes before the `}}` that ends the action which `rest` begins in.
fn length(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let (mut quote, mut at) = (None, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match (quote, byte) {
            (Some(b'"'), b'\\') => at = at.saturating_add(1),
            (Some(open), byte) if open == *byte => quote = None,
            (Some(b'"'), b'\n') => quote = None,
            (None, b'"' | b'`') => quote = Some(*byte),
            (None, b'}') if bytes.get(at.saturating_add(1)) == Some(&b'}') => return Some(at),
            _ => {}
        }
        at = at.saturating_add(1);
    }
    None
}

/// What an action may come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Its bytes in the action, without quotes.
    pub(super) span: Range<usize>,
    pub(super) kind: Written,
}

/// How a part is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// In quotes.
    Text,
    /// A number or a truth.
    Plain,
    /// The path of a value: `.Values.auth.password`.
    Path,
}

/// What one action says.
#[derive(Debug, Default)]
pub(super) struct Action<'t> {
    /// The word that makes it a branch or its end: `if`, `else`, `with`, `end`; empty for a value.
    pub(super) keyword: &'t str,
    /// The variable that the value is given to.
    pub(super) variable: Option<&'t str>,
    /// The last parts of the paths of all values that it names: `password` of `.Values.auth.password`.
    pub(super) values: Vec<&'t str>,
    /// What it may come to.
    pub(super) parts: Vec<Part>,
}

impl<'t> Action<'t> {
    /// Reads the text of an action, which stands between its braces.
    pub(super) fn of(text: &'t str) -> Self {
        let mut words = words(text);
        // What takes the blanks away: `{{-`, `-}}`.
        let is_trim = |span: Option<&Range<usize>>| span.and_then(|span| text.get(span.clone())) == Some("-");
        if is_trim(words.last()) {
            words.pop();
        }
        let mut from = usize::from(is_trim(words.first()));
        let word = |at: usize| words.get(at).and_then(|span| text.get(span.clone())).unwrap_or_default();
        let mut keyword = "";
        while matches!(
            word(from),
            "if" | "else" | "with" | "range" | "end" | "define" | "block" | "template" | "break" | "continue"
        ) {
            keyword = if keyword == "else" { keyword } else { word(from) };
            from = from.saturating_add(1);
        }
        let mut variable = None;
        if word(from).starts_with('$') && matches!(word(from.saturating_add(1)), ":=" | "=") {
            variable = word(from).strip_prefix('$');
            from = from.saturating_add(2);
        }
        let values = words.iter().filter_map(|span| value(text.get(span.clone())?)).collect();
        let mut reading = Reading { text, words: &words, at: from };
        let mut parts = reading.pipeline(0);
        parts.truncate(MOST_PARTS);
        Self { keyword, variable, values, parts }
    }
}

/// The last part of the path of a value that `word` is.
pub(super) fn value(word: &str) -> Option<&str> {
    let path = word.strip_prefix('$').unwrap_or(word).strip_prefix(".Values.")?;
    path.rsplit('.').next()
}

/// The words of an action with what is read of them.
struct Reading<'t> {
    text: &'t str,
    words: &'t [Range<usize>],
    at: usize,
}

impl<'t> Reading<'t> {
    fn word(&self) -> &'t str {
        self.words.get(self.at).and_then(|span| self.text.get(span.clone())).unwrap_or_default()
    }

    /// What commands with bars between may come to, up to the bracket that closes them.
    fn pipeline(&mut self, depth: usize) -> Vec<Part> {
        let mut piped: Option<Vec<Part>> = None;
        while self.at < self.words.len() && self.word() != ")" {
            piped = Some(self.command(piped, depth));
            if self.word() == "|" {
                self.at = self.at.saturating_add(1);
            }
        }
        piped.unwrap_or_default()
    }

    /// What one command may come to, whose last argument is `piped`.
    fn command(&mut self, piped: Option<Vec<Part>>, depth: usize) -> Vec<Part> {
        let name = self.word();
        let mut operands: Vec<Vec<Part>> = Vec::new();
        while self.at < self.words.len() && !matches!(self.word(), "|" | ")") {
            operands.push(self.operand(depth));
        }
        let is_function = operands.first().is_some_and(Vec::is_empty) && name != "(";
        if !is_function {
            // A value by itself, which a bar before it would have made a mistake.
            return operands.into_iter().next().unwrap_or_default();
        }
        let mut arguments: Vec<Vec<Part>> = operands.into_iter().skip(1).chain(piped).collect();
        match name {
            "default" | "coalesce" | "or" | "print" => arguments.concat(),
            "ternary" => arguments.into_iter().take(2).flatten().collect(),
            "printf" => {
                let form = arguments.first().and_then(|form| form.first()).cloned();
                let form = form.as_ref().and_then(|form| self.text.get(form.span.clone()));
                match form {
                    Some("%s" | "%v") => arguments.into_iter().skip(1).flatten().collect(),
                    Some(form) if !form.contains('%') => arguments.into_iter().take(1).flatten().collect(),
                    _ => Vec::new(),
                }
            }
            "quote" | "squote" | "toString" | "toYaml" | "toJson" | "b64enc" | "trim" | "nospace" | "tpl"
            | "lower" | "upper" | "toBool" | "int" | "int64" => {
                arguments.into_iter().next().unwrap_or_default()
            }
            "indent" | "nindent" | "trunc" | "trimSuffix" | "trimPrefix" => {
                arguments.pop().unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    /// What an operand may come to; nothing for the name of a function.
    fn operand(&mut self, depth: usize) -> Vec<Part> {
        let word = self.word();
        let span = self.words.get(self.at).cloned().unwrap_or_default();
        self.at = self.at.saturating_add(1);
        if word == "(" {
            if depth >= DEPTH {
                self.at = self.words.len();
                return Vec::new();
            }
            let inner = self.pipeline(depth.saturating_add(1));
            // The bracket that closes it.
            self.at = self.at.saturating_add(1);
            return inner;
        }
        let inner = word.strip_prefix(['"', '`']).and_then(|word| word.strip_suffix(['"', '`']));
        if inner.is_some() {
            let span = span.start.saturating_add(1)..span.end.saturating_sub(1);
            return vec![Part { span, kind: Written::Text }];
        }
        let plain = matches!(word, "true" | "false") || word.bytes().all(|byte| byte.is_ascii_digit());
        let kind = if value(word).is_some() {
            Written::Path
        } else if plain && !word.is_empty() {
            Written::Plain
        } else {
            return Vec::new();
        };
        vec![Part { span, kind }]
    }
}

/// The words of an action, texts in quotes as one; brackets and bars are words of their own.
fn words(action: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut open: Option<(usize, char)> = None;
    let mut begun: Option<usize> = None;
    let mut escaped = false;
    for (at, c) in action.char_indices() {
        if let Some((start, quote)) = open {
            if escaped {
                escaped = false;
            } else if c == '\\' && quote == '"' {
                escaped = true;
            } else if c == quote {
                words.push(start..at.saturating_add(1));
                open = None;
            }
            continue;
        }
        if c.is_whitespace() || matches!(c, '(' | ')' | '|' | '"' | '`') {
            words.extend(begun.take().map(|start| start..at));
        } else if begun.is_none() {
            begun = Some(at);
        }
        match c {
            '(' | ')' | '|' => words.push(at..at.saturating_add(1)),
            '"' | '`' => open = Some((at, c)),
            _ => {}
        }
    }
    words.extend(begun.map(|start| start..action.len()));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(action: &str) -> Vec<&str> {
        let found = Action::of(action).parts;
        let written = found.into_iter().filter(|part| part.kind != Written::Path);
        written.filter_map(|part| action.get(part.span)).collect()
    }

    #[test]
    fn what_an_action_may_come_to_is_told_through_functions_and_bars() {
        for (action, wanted) in [
            ("- .Values.a | default \"x\" | quote ", vec!["x"]),
            ("default \"x\" .Values.a", vec!["x"]),
            ("coalesce .Values.a .Values.b \"x\"", vec!["x"]),
            (".Values.on | ternary \"x\" \"y\"", vec!["x", "y"]),
            ("default (printf \"%s\" \"x\") .Values.a", vec!["x"]),
            ("or .Values.a `x`", vec!["x"]),
            ("$p := (.Values.a | default \"x\") | b64enc", vec!["x"]),
            (".Values.a | default true", vec!["true"]),
            ("if eq .Values.a \"x\"", vec![]),
            ("required \"x\" .Values.a", vec![]),
            ("include \"x\" .", vec![]),
            ("default (printf \"%s-db\" .Release.Name) .Values.a", vec![]),
            ("randAlphaNum 16 | default 3 | quote -", vec!["3"]),
            ("randAlphaNum 16 | default 3 | quote (", vec![]),
        ] {
            assert_eq!(written(action), wanted, "{action}");
        }
        let action = Action::of("- else if .Values.auth.password -");
        assert_eq!((action.keyword, action.values), ("else", vec!["password"]));
        assert_eq!(Action::of(" $word := .Values.a ").variable, Some("word"));
    }

    #[test]
    fn actions_end_behind_their_quotes_and_remarks_are_none() {
        let text = "a {{ b \"}}\" }} {{/* c }} */}} {{-\n d\n-}}";
        let found: Vec<&str> = actions(text).into_iter().filter_map(|span| text.get(span)).collect();
        assert_eq!(found, [" b \"}}\" ", "-\n d\n-"]);
        assert!(actions("{{ open \"").is_empty());
    }

    #[test]
    fn brackets_without_end_are_read_to_a_depth() {
        assert_eq!(written(&"(".repeat(5000)), [] as [&str; 0]);
    }
}
