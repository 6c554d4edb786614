//! The reader of shell text: one pass over the bytes, with a bounded stack for what nests.

use super::{Assignment, Command, Expansion, ExpansionKind, Redirect, Script, Word};
use std::ops::Range;

/// Reads `text` as a script.
pub(super) fn read(text: &str) -> Script {
    let (script, pending, compounds) = (Script::default(), Vec::new(), Vec::new());
    let (declared, braces) = (false, Vec::new());
    let mut reader = Reader { text, at: 0, script, pending, cases: 0, compounds, declared, braces };
    while reader.at < text.len() {
        let before = reader.at;
        reader.list(End::Text, None, 0);
        if reader.script.stopped.is_some() {
            break;
        }
        // A bracket that closes nothing.
        if reader.at < text.len() || reader.at == before {
            reader.at = reader.at.saturating_add(1);
        }
    }
    reader.script
}

/// What ends a list of commands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Text,
    Bracket,
    Backtick,
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    script: Script,
    /// Here-documents whose lines begin after this one: command, redirection, delimiter, whether tabs are stripped.
    pending: Vec<(usize, usize, String, bool)>,
    /// `case` commands not yet ended, in which `)` ends a pattern.
    cases: usize,
    /// Compound commands not yet ended: where each begins, and the word that does.
    compounds: Vec<(usize, &'static str)>,
    /// Whether a function was just named, whose body comes.
    declared: bool,
    /// Braces not yet ended, with where the body of a function begins.
    braces: Vec<Option<usize>>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at.saturating_add(ahead)).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn step(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.text.len());
    }

    /// Commands up to `end`; gives the last one. Stops before a bracket that closes nothing here.
    fn list(&mut self, end: End, inside: Option<usize>, depth: usize) -> Option<usize> {
        let mut last = None;
        let mut pipe_from = None;
        let outer_cases = std::mem::take(&mut self.cases);
        let outer_compounds = std::mem::take(&mut self.compounds);
        while self.script.stopped.is_none() {
            self.blanks();
            let Some(byte) = self.peek() else { break };
            match byte {
                b'\n' => {
                    self.step(1);
                    self.here_documents();
                    // A pipe at the end of a line goes on in the next.
                }
                b'#' => self.comment(),
                b';' => {
                    self.step(1);
                    pipe_from = None;
                }
                b'&' => {
                    self.step(if self.peek_at(1) == Some(b'&') { 2 } else { 1 });
                    pipe_from = None;
                }
                b'|' => {
                    let double = self.peek_at(1) == Some(b'|');
                    self.step(if double || self.peek_at(1) == Some(b'&') { 2 } else { 1 });
                    pipe_from = if double { None } else { last };
                }
                b')' if self.cases > 0 => {
                    self.step(1);
                    pipe_from = None;
                }
                b')' => {
                    if end == End::Bracket {
                        self.step(1);
                        break;
                    }
                    if depth > 0 {
                        break;
                    }
                    self.step(1);
                }
                b'`' if end == End::Backtick => {
                    self.step(1);
                    break;
                }
                b'(' => {
                    self.step(1);
                    if depth >= Script::DEPTH {
                        self.script.stopped = Some(self.at);
                        break;
                    }
                    let first = self.script.commands.len();
                    last = self.list(End::Bracket, inside, depth.saturating_add(1)).or(last);
                    if let Some(command) = self.script.commands.get_mut(first) {
                        command.pipe_from = command.pipe_from.or(pipe_from);
                    }
                    pipe_from = None;
                }
                _ => {
                    let index = self.command(pipe_from, inside, depth, end);
                    if index.is_some() {
                        last = index;
                        pipe_from = None;
                    }
                }
            }
        }
        self.cases = outer_cases;
        let left = std::mem::replace(&mut self.compounds, outer_compounds);
        if self.script.stopped.is_none() {
            self.script.unended = self.script.unended.or(left.first().copied());
        }
        last
    }

    /// Notes that the word at `at`, the first of a command, begins or ends a compound one.
    fn compound(&mut self, word: &str, at: usize) {
        // `if)` is a pattern of a `case`; `fi)` is one only where no bracket was opened since.
        let begins_one = COMPOUNDS.iter().any(|(begins, _)| *begins == word);
        let next = self.peek();
        if next == Some(b')') && (begins_one || self.cases > 0) || next == Some(b'|') && self.cases > 0 {
            return;
        }
        if let Some((begins, _)) = COMPOUNDS.iter().find(|(begins, _)| *begins == word) {
            self.compounds.push((at, begins));
        } else if let Some((begins, _)) = COMPOUNDS.iter().find(|(_, ends)| *ends == word) {
            // One that ends another than the innermost: those in between have no end.
            let open = self.compounds.iter().rposition(|(_, open)| open == begins);
            if let Some(open) = open {
                let inner = self.compounds.get(open.saturating_add(1)).copied();
                self.script.unended = self.script.unended.or(inner);
                self.compounds.truncate(open);
            }
        }
    }

    /// One simple command; `None` when only reserved words were read.
    fn command(
        &mut self,
        pipe_from: Option<usize>,
        inside: Option<usize>,
        depth: usize,
        end: End,
    ) -> Option<usize> {
        if self.script.commands.len() >= Script::COMMANDS {
            self.script.stopped = Some(self.at);
            return None;
        }
        let start = self.at;
        let index = self.script.commands.len();
        self.script.commands.push(Command {
            assignments: Vec::new(),
            words: Vec::new(),
            redirects: Vec::new(),
            pipe_from,
            inside,
            span: start..start,
        });
        let mut finish = start;
        while self.script.stopped.is_none() {
            self.blanks();
            let Some(byte) = self.peek() else { break };
            match byte {
                b'\n' | b';' | b'|' | b')' => break,
                b'&' if self.peek_at(1) != Some(b'>') => break,
                b'`' if end == End::Backtick => break,
                b'#' => {
                    self.comment();
                    continue;
                }
                b'(' => {
                    // `name()` declares a function, `name=(…)` an array; anything else begins a subshell.
                    if self.rest().starts_with("()") {
                        self.step(2);
                        self.declared = true;
                        self.drop_words(index);
                        break;
                    }
                    if self.script.commands.get(index).is_some_and(|command| command.words.is_empty()) {
                        break;
                    }
                    self.step(1);
                    continue;
                }
                _ => {}
            }
            if self.redirect(index, depth) {
                finish = self.at;
                continue;
            }
            let before = self.at;
            let word = self.word(index, depth, end);
            if self.at == before {
                self.step(1);
                continue;
            }
            finish = self.at;
            let is_first = self.script.commands.get(index).is_some_and(|command| command.words.is_empty());
            if is_first && !word.quoted {
                self.compound(&word.text, word.span.start);
            }
            if is_first && !word.quoted && RESERVED.contains(&word.text.as_str()) {
                match word.text.as_str() {
                    "esac" => self.cases = self.cases.saturating_sub(1),
                    "function" => {
                        self.blanks();
                        let _ = self.word(index, depth, end);
                        self.declared = true;
                    }
                    "{" => {
                        let body = std::mem::take(&mut self.declared).then_some(word.span.start);
                        self.braces.push(body);
                    }
                    "}" => {
                        let body = self.braces.pop().flatten();
                        self.script.functions.extend(body.map(|start| start..self.at));
                    }
                    _ => {}
                }
                self.drop_words(index);
                return self.discard_if_empty(index);
            }
            if is_first && let Some(mut assignment) = assignment(&word) {
                if self.peek() == Some(b'(') && assignment.value.text.is_empty() {
                    let begin = self.at.saturating_add(1);
                    self.array();
                    let inner = self.text.get(begin..self.at.saturating_sub(1)).unwrap_or_default();
                    if !inner.contains(['$', '`', '#', '\'', '"']) {
                        inner
                            .split_whitespace()
                            .collect::<Vec<_>>()
                            .join(" ")
                            .clone_into(&mut assignment.value.text);
                    }
                }
                if let Some(command) = self.script.commands.get_mut(index) {
                    command.assignments.push(assignment);
                }
                continue;
            }
            if is_first && word.text == "case" && !word.quoted {
                self.cases = self.cases.saturating_add(1);
            }
            let declares = self.script.commands.get(index).and_then(|command| command.words.first());
            if declares.is_some_and(|first| DECLARES.contains(&first.text.as_str()))
                && let Some(assignment) = assignment(&word)
                && let Some(command) = self.script.commands.get_mut(index)
            {
                command.assignments.push(assignment);
            }
            let ends_header = word.text == "in" && !word.quoted;
            if let Some(command) = self.script.commands.get_mut(index) {
                command.words.push(word);
                let is_case = command.words.first().is_some_and(|first| first.text == "case");
                if ends_header && is_case {
                    break;
                }
            }
        }
        if let Some(command) = self.script.commands.get_mut(index) {
            command.span.end = finish.max(start);
        }
        self.discard_if_empty(index)
    }

    fn drop_words(&mut self, index: usize) {
        if let Some(command) = self.script.commands.get_mut(index) {
            command.words.clear();
        }
    }

    /// Forgets a command that came to nothing, unless others were read inside it.
    fn discard_if_empty(&mut self, index: usize) -> Option<usize> {
        let command = self.script.commands.get(index)?;
        let is_empty =
            command.words.is_empty() && command.assignments.is_empty() && command.redirects.is_empty();
        if !is_empty {
            return Some(index);
        }
        if self.script.commands.len() == index.saturating_add(1) {
            self.script.commands.pop();
        }
        None
    }

    fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.step(1),
                Some(b'\\') if self.peek_at(1) == Some(b'\n') => self.step(2),
                Some(b'\\') if self.rest().starts_with("\\\r\n") => self.step(3),
                _ => return,
            }
        }
    }

    fn comment(&mut self) {
        let length = memchr::memchr(b'\n', self.rest().as_bytes()).unwrap_or(self.rest().len());
        self.step(length);
    }

    fn array(&mut self) {
        let length = memchr::memchr(b')', self.rest().as_bytes()).unwrap_or(self.rest().len());
        self.step(length.saturating_add(1));
    }

    /// A redirection, if one begins here.
    fn redirect(&mut self, index: usize, depth: usize) -> bool {
        let rest = self.rest();
        let digits = rest.len().saturating_sub(rest.trim_start_matches(|c: char| c.is_ascii_digit()).len());
        let after = rest.get(digits..).unwrap_or_default();
        let Some(operator) = OPERATORS.iter().find(|operator| after.starts_with(**operator)) else {
            return false;
        };
        if after.starts_with("<(") || after.starts_with(">(") {
            return false;
        }
        let operator = (*operator).to_owned();
        self.step(digits.saturating_add(operator.len()));
        self.blanks();
        let target = self.word(index, depth, End::Text);
        let is_here = operator == "<<" || operator == "<<-";
        let Some(command) = self.script.commands.get_mut(index) else { return true };
        let place = command.redirects.len();
        if is_here && !target.text.is_empty() && self.pending.len() < 64 {
            self.pending.push((index, place, target.text.clone(), operator == "<<-"));
        }
        command.redirects.push(Redirect { operator, target, body: None });
        true
    }

    /// Takes the lines of the here-documents announced on the line that ended.
    fn here_documents(&mut self) {
        for (index, place, delimiter, strips) in std::mem::take(&mut self.pending) {
            let start = self.at;
            let mut end = start;
            while self.at < self.text.len() {
                let length = memchr::memchr(b'\n', self.rest().as_bytes())
                    .map_or(self.rest().len(), |length| length.saturating_add(1));
                let line = self.rest().get(..length).unwrap_or_default().trim_end_matches(['\n', '\r']);
                let line = if strips { line.trim_start_matches('\t') } else { line };
                let found = line == delimiter;
                self.step(length);
                if found {
                    break;
                }
                end = self.at;
            }
            let redirect = self.script.commands.get_mut(index).and_then(|one| one.redirects.get_mut(place));
            if let Some(redirect) = redirect {
                redirect.body = Some(start..end);
            }
        }
    }

    /// One word; empty when none begins here.
    fn word(&mut self, index: usize, depth: usize, end: End) -> Word {
        let start = self.at;
        let mut word = Word::default();
        while let Some(byte) = self.peek() {
            match byte {
                b'`' if end == End::Backtick => break,
                b'<' | b'>' if self.peek_at(1) == Some(b'(') && self.at == start => {
                    self.commands(ExpansionKind::Process, 2, End::Bracket, index, depth, &mut word);
                }
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'|' | b'&' | b')' | b'(' | b'<' | b'>' => break,
                b'\\' => {
                    match self.peek_at(1) {
                        Some(b'\n') => {}
                        Some(_) => {
                            let next = self
                                .text
                                .get(self.at.saturating_add(1)..)
                                .and_then(|rest| rest.chars().next());
                            let next = next.unwrap_or_default();
                            word.text.push(next);
                            self.step(next.len_utf8().saturating_sub(1));
                        }
                        None => word.text.push('\\'),
                    }
                    self.step(2);
                }
                b'\'' => {
                    word.quoted = true;
                    self.step(1);
                    let closed = memchr::memchr(b'\'', self.rest().as_bytes());
                    if closed.is_none() {
                        self.script.unclosed = self.script.unclosed.or(Some(self.at.saturating_sub(1)));
                    }
                    let length = closed.unwrap_or(self.rest().len());
                    let held = self.at..self.at.saturating_add(length);
                    self.quoted_text(held, &mut word);
                    self.step(1);
                }
                b'"' => {
                    word.quoted = true;
                    self.step(1);
                    self.double(index, depth, &mut word);
                }
                _ => self.unquoted(byte, index, depth, &mut word),
            }
            if self.script.stopped.is_some() {
                break;
            }
        }
        self.at = self.at.min(self.text.len());
        word.span = start..self.at;
        word
    }

    /// Text in single quotes: literal to the shell, though not to a CI system's templates.
    fn quoted_text(&mut self, held: Range<usize>, word: &mut Word) {
        word.text.push_str(self.text.get(held.clone()).unwrap_or_default());
        while self.at < held.end {
            if let Some(template) = self.template() {
                word.expansions.push(template);
                continue;
            }
            let rest = self.text.as_bytes().get(self.at..held.end).unwrap_or_default();
            let next = memchr::memchr2(b'{', b'$', rest.get(1..).unwrap_or_default());
            self.step(next.map_or(rest.len(), |next| next.saturating_add(1)));
        }
        self.at = held.end.min(self.text.len());
    }

    fn double(&mut self, index: usize, depth: usize, word: &mut Word) {
        let opened = self.at.saturating_sub(1);
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.step(1);
                    return;
                }
                b'\\' => {
                    let next =
                        self.text.get(self.at.saturating_add(1)..).and_then(|rest| rest.chars().next());
                    match next {
                        Some('\n') | None => {}
                        Some(next @ ('"' | '\\' | '$' | '`')) => word.text.push(next),
                        Some(next) => word.text.extend(['\\', next]),
                    }
                    self.step(next.map_or(1, |next| next.len_utf8().saturating_add(1)));
                }
                _ => self.unquoted(byte, index, depth, word),
            }
            if self.script.stopped.is_some() {
                return;
            }
        }
        self.script.unclosed = self.script.unclosed.or(Some(opened));
    }

    /// One character, or one expansion, as it stands outside quotes or inside double ones.
    fn unquoted(&mut self, byte: u8, index: usize, depth: usize, word: &mut Word) {
        if matches!(byte, b'$' | b'{')
            && let Some(template) = self.template()
        {
            word.text.push_str(self.text.get(template.span.clone()).unwrap_or_default());
            word.expansions.push(template);
            return;
        }
        if byte == b'`' {
            self.commands(ExpansionKind::Commands, 1, End::Backtick, index, depth, word);
            return;
        }
        if byte != b'$' {
            let next = self.rest().chars().next().unwrap_or_default();
            word.text.push(next);
            self.step(next.len_utf8());
            return;
        }
        let start = self.at;
        match self.peek_at(1) {
            Some(b'(') if self.peek_at(2) == Some(b'(') => {
                let length = self.near().find("))").map_or(3, |at| at.saturating_add(2));
                word.text.push_str("$((…))");
                self.step(length);
            }
            Some(b'(') => self.commands(ExpansionKind::Commands, 2, End::Bracket, index, depth, word),
            Some(b'{') => {
                let near = self.near();
                let length = near.find('}').map_or(2, |at| at.saturating_add(1));
                let inner = near.get(2..length.saturating_sub(1)).unwrap_or_default();
                let inner = inner.trim_start_matches(['!', '#']);
                let name: String =
                    inner.chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':').collect();
                let name = name.strip_prefix("env:").unwrap_or(&name).trim_end_matches(':').to_owned();
                let default = inner.strip_prefix(name.as_str()).and_then(default).map(str::to_owned);
                if let Some(default) = default.filter(|_| self.script.defaults.len() < Script::DEFAULTS) {
                    self.script.defaults.push((name.clone(), default));
                }
                word.text.push('$');
                word.text.push_str(&name);
                self.step(length);
                word.expansions.push(Expansion { kind: ExpansionKind::Variable(name), span: start..self.at });
            }
            Some(next) if next.is_ascii_alphabetic() || next == b'_' => {
                self.step(1);
                if self.rest().get(..4).is_some_and(|head| head.eq_ignore_ascii_case("env:")) {
                    self.step(4);
                }
                let rest = self.rest();
                let name: String =
                    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                self.step(name.len());
                word.text.push('$');
                word.text.push_str(&name);
                word.expansions.push(Expansion { kind: ExpansionKind::Variable(name), span: start..self.at });
            }
            Some(next @ (b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'!' | b'-')) => {
                let name = char::from(next).to_string();
                word.text.push('$');
                word.text.push_str(&name);
                self.step(2);
                word.expansions.push(Expansion { kind: ExpansionKind::Variable(name), span: start..self.at });
            }
            _ => {
                word.text.push('$');
                self.step(1);
            }
        }
    }

    /// What follows, bounded, so that a search in vain costs little.
    fn near(&self) -> &str {
        let rest = self.rest();
        rest.get(..rest.floor_char_boundary(4096)).unwrap_or(rest)
    }

    /// `${{ … }}` or `{{…}}`, if one begins here.
    fn template(&mut self) -> Option<Expansion> {
        let near = self.near();
        let open = if near.starts_with("${{") {
            3
        } else if near.starts_with("{{") {
            2
        } else {
            return None;
        };
        let length = near.find("}}")?;
        let inner = near.get(open..length)?.to_owned();
        let start = self.at;
        self.step(length.saturating_add(2));
        Some(Expansion { kind: ExpansionKind::Template(inner), span: start..self.at })
    }

    /// Commands inside a word, opened by `open` bytes.
    fn commands(
        &mut self,
        kind: ExpansionKind,
        open: usize,
        end: End,
        index: usize,
        depth: usize,
        word: &mut Word,
    ) {
        let start = self.at;
        self.step(open);
        if depth >= Script::DEPTH {
            self.script.stopped = Some(start);
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        self.list(end, Some(index), depth.saturating_add(1));
        self.pending = pending;
        word.text.push_str("$(…)");
        word.expansions.push(Expansion { kind, span: start..self.at });
    }
}

/// The plain text behind `:-`, `-`, `:=` or `=`, what stands behind a name in braces.
fn default(operation: &str) -> Option<&str> {
    let text = operation.strip_prefix(':').unwrap_or(operation).strip_prefix(['-', '='])?;
    let text = text.trim_matches(['"', '\'']);
    (!text.is_empty() && !text.contains(['$', '`'])).then_some(text)
}

/// `NAME=value` as an assignment.
fn assignment(word: &Word) -> Option<Assignment> {
    let (name, value) = word.text.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let mut characters = name.chars();
    let begins = characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    if !begins || !characters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return None;
    }
    let value = Word { text: value.to_owned(), ..word.clone() };
    Some(Assignment { name: name.to_owned(), value })
}

/// Commands whose words give variables a value.
const DECLARES: &[&str] = &["export", "declare", "local", "readonly", "typeset"];

/// Words that begin or end a compound command and are followed by a command or nothing.
const RESERVED: &[&str] = &[
    "if", "then", "elif", "else", "fi", "do", "done", "while", "until", "esac", "{", "}", "!", "time",
    "function", "coproc",
];

/// Words that begin a compound command, and those that end it.
const COMPOUNDS: &[(&str, &str)] = &[("if", "fi"), ("do", "done"), ("case", "esac")];

/// Redirections, the longer before those they begin with.
const OPERATORS: &[&str] = &["<<<", "<<-", "<<", "&>>", "&>", ">>", ">&", "<&", ">|", "<>", ">", "<"];
