//! Words as a command gets them: variables that are known, defaults of those that are not, braces that list, echoed texts.

use super::command::ARGUMENTS;
use super::line::LONGEST;
use super::places::is_root;
use super::variables::{LONGEST_VALUE, Variables};
use bartizan_pipeline::shell::{Command, Expansion, ExpansionKind, Script, Word};

/// A text and its tree.
#[derive(Debug)]
pub(super) struct Tree<'t> {
    pub(super) text: &'t str,
    pub(super) script: Script,
}

impl<'t> Tree<'t> {
    pub(super) fn read(text: &'t str) -> Self {
        Self { text, script: Script::read(text) }
    }

    /// The words of a command as it gets them.
    pub(super) fn words(&self, index: usize, variables: &Variables, left: &mut usize) -> Vec<String> {
        let Some(command) = self.script.commands.get(index) else { return Vec::new() };
        // Of many, those that could decide are not lost behind others.
        let many = command.words.len() > ARGUMENTS;
        let decides =
            |word: &Word| word.text.starts_with('-') && word.text.len() <= 16 || is_root(&word.text);
        let words = command.words.iter().enumerate();
        let words = words.filter(|(at, word)| !many || *at < ARGUMENTS / 2 || decides(word));
        let words = words.map(|(_, word)| word).take(ARGUMENTS);
        words.flat_map(|word| self.expanded(word, index, variables, left)).take(ARGUMENTS).collect()
    }

    /// A word as the command gets it; one that is filled in may be several.
    pub(super) fn expanded(
        &self,
        word: &Word,
        index: usize,
        variables: &Variables,
        left: &mut usize,
    ) -> Vec<String> {
        let text = unescaped(&word.text);
        let (mut out, mut rest) = (String::with_capacity(text.len()), text.as_str());
        for expansion in &word.expansions {
            if out.len() >= LONGEST || *left == 0 {
                break;
            }
            // What is looked through for a value.
            *left = left.saturating_sub(self.script.commands.len());
            let (mark, value) = match &expansion.kind {
                ExpansionKind::Variable(name) => {
                    let value = self.value(name, expansion, index, variables);
                    (format!("${name}"), value.filter(|value| value.len() <= LONGEST_VALUE))
                }
                ExpansionKind::Commands => {
                    let stands_in = |one: &&Command| {
                        one.inside == Some(index)
                            && expansion.span.start <= one.span.start
                            && one.span.end <= expansion.span.end
                    };
                    ("$(…)".to_owned(), self.script.commands.iter().find(stands_in).and_then(said))
                }
                ExpansionKind::Process => ("$(…)".to_owned(), None),
                ExpansionKind::Template(_) => continue,
            };
            let Some((head, tail)) = rest.split_once(mark.as_str()) else { continue };
            let value = value.unwrap_or(mark);
            *left = left.saturating_sub(head.len().saturating_add(value.len()));
            out.push_str(head);
            out.push_str(&value);
            rest = tail;
        }
        out.push_str(rest);
        out.truncate(out.floor_char_boundary(LONGEST));
        // All that a function is called with is a word each, in quotes too.
        let is_all = matches!(word.expansions.as_slice(), [Expansion { kind: ExpansionKind::Variable(name), .. }] if name == "@");
        if word.quoted && !is_all {
            return vec![out];
        }
        if word.expansions.is_empty() {
            return braced(&out);
        }
        out.split_whitespace().flat_map(braced).collect()
    }

    /// What a variable stands for, its default where it has one and is not known.
    fn value(
        &self,
        name: &str,
        expansion: &Expansion,
        index: usize,
        variables: &Variables,
    ) -> Option<String> {
        let length = name.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let bare = name.get(..length).filter(|bare| !bare.is_empty()).unwrap_or(name);
        let local = self.script.assigned(bare, index).filter(|value| value.is_literal());
        let known = local.map(|value| value.text.as_str()).or_else(|| variables.value(bare));
        let value = match bare {
            "IFS" => Some(" "),
            "@" | "*" | "-" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" => known.or(Some("")),
            _ => known,
        };
        let written = self.text.get(expansion.span.clone()).unwrap_or_default();
        let inner = written.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
        let operation = inner.trim_start_matches(['!', '#']).strip_prefix(bare).unwrap_or_default();
        let filled = operation.strip_prefix(':');
        let (sign, default) = filled.unwrap_or(operation).split_at_checked(1).unwrap_or_default();
        let default = || Some(default.trim_matches(['"', '\'']).to_owned());
        match sign {
            "-" | "=" => value
                .filter(|value| filled.is_none() || !value.is_empty())
                .map(str::to_owned)
                .or_else(default),
            "+" => value.filter(|value| !value.is_empty()).and_then(|_| default()),
            _ => match filled.and_then(|range| part(range, bare, value)) {
                Some(part) => Some(part),
                None => value.map(str::to_owned),
            },
        }
    }
}

/// A part of a value, by where it begins and perhaps how long it is: `${HOME:0:1}`.
fn part(range: &str, name: &str, value: Option<&str>) -> Option<String> {
    // What these hold begins with the root, wherever they lead.
    let place = matches!(name, "HOME" | "PWD" | "OLDPWD" | "PATH" | "SHELL").then_some("/");
    let (start, length) = range.split_once(':').unwrap_or((range, ""));
    let start: usize = start.trim().parse().ok()?;
    let length = if length.is_empty() { None } else { Some(length.trim().parse::<usize>().ok()?) };
    let (value, length) = match value {
        Some(value) => (value, length.unwrap_or(usize::MAX)),
        None => (place?, length.filter(|length| start == 0 && *length == 1)?),
    };
    Some(value.chars().skip(start).take(length).collect())
}

/// The words that a word with braces lists: `{rm,-rf,/}`, `/{etc,usr}`.
fn braced(word: &str) -> Vec<String> {
    let listed = word.find('{').and_then(|open| {
        let (head, rest) = word.split_at_checked(open)?;
        let close = rest.find('}')?;
        let (listed, tail) = (rest.get(1..close)?, rest.get(close.saturating_add(1)..)?);
        listed.contains(',').then_some((head, listed, tail))
    });
    let Some((head, listed, tail)) = listed else { return vec![word.to_owned()] };
    let most = LONGEST / word.len().max(1);
    listed.split(',').take(ARGUMENTS.min(most.max(1))).map(|one| format!("{head}{one}{tail}")).collect()
}

/// What a command prints that only repeats what it is given.
fn said(command: &Command) -> Option<String> {
    let (name, words) = command.words.split_first()?;
    let prints = matches!(name.text.as_str(), "echo" | "printf");
    let said: Vec<String> =
        words.iter().filter(|word| !word.text.starts_with('-')).map(|word| unescaped(&word.text)).collect();
    let all = said.join(" ");
    (prints && all.len() <= LONGEST_VALUE && words.iter().all(Word::is_literal)).then_some(all)
}

/// A text with the numbers of characters read that `$'…'` and `printf` know.
fn unescaped(text: &str) -> String {
    if !["\\x", "\\0", "\\1"].iter().any(|mark| text.contains(mark)) {
        return text.to_owned();
    }
    let text = text.strip_prefix('$').unwrap_or(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        let (digits, radix) =
            if tail.starts_with("\\x") { (tail.get(2..4), 16) } else { (tail.get(1..4), 8) };
        let code = digits.and_then(|digits| u8::from_str_radix(digits, radix).ok()).filter(u8::is_ascii);
        out.push(code.map_or('\\', char::from));
        rest = tail.get(if code.is_some() { 4 } else { 1 }..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}
