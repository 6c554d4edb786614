//! Texts in quotes that their command only prints, looks for or writes down: a message of a commit may name any danger.

use super::command::ARGUMENTS;
use super::destructive::named;
use super::here;
use super::line::{LONGEST, MOST, any};
use super::shell::{is_wrapper, program};
use bartizan_pipeline::shell::{Command, Expansion, ExpansionKind, Script, Word};
use std::ops::Range;

/// Programs whose quoted texts may go on over lines and are only said.
const SAYING: [&str; 5] = ["git", "gh", "glab", "echo", "printf"];

/// Lines which a shell reads as one: a text in quotes that is only said goes on until the quote ends, a here-document until its word.
#[derive(Debug, Clone, Default)]
pub(crate) struct Quoted {
    /// The quote that is open.
    open: Option<u8>,
    /// The word that ends the here-document.
    here: Option<String>,
    /// Whether the line ends with a sign behind which its command goes on.
    piped: bool,
    /// Brackets that are open of a call that starts a program.
    brackets: usize,
}

impl Quoted {
    /// Takes a line; gives whether a quote or a here-document is open behind it.
    pub(crate) fn goes_on(&mut self, line: &str) -> bool {
        self.piped = false;
        if is_fence(line) {
            // No command goes on from one block of code into another.
            *self = Self::default();
            return false;
        }
        if let Some(word) = &self.here {
            if here::ends(line, word) {
                self.here = None;
            }
            return self.is_open();
        }
        if memchr::memchr2(b'"', b'\'', line.as_bytes()).is_some() {
            self.quotes(line);
        }
        if self.brackets > 0 || starts_program(line) {
            self.brackets = brackets(line, self.brackets);
        }
        if self.open.is_none() {
            self.here = here::delimiter(line).map(str::to_owned);
            self.piped = self.here.is_none() && is_piped(line);
        }
        self.is_open()
    }

    /// Takes the quotes of a line.
    fn quotes(&mut self, line: &str) {
        let bytes = line.as_bytes();
        let within = self.open.is_some();
        let (mut at, mut begun) = (0_usize, 0_usize);
        let mut before = b' ';
        while let Some(&byte) = bytes.get(at) {
            let is_escape = byte == b'\\' && self.open != Some(b'\'');
            match (byte, self.open) {
                (_, _) if is_escape => at = at.saturating_add(1),
                (_, Some(open)) if byte == open => self.open = None,
                // An apostrophe within a word of prose begins nothing.
                (b'"' | b'\'', None) if before.is_ascii_whitespace() || matches!(before, b'=' | b'(') => {
                    (self.open, begun) = (Some(byte), at);
                }
                (_, _) => {}
            }
            before = byte;
            at = at.saturating_add(1);
        }
        if !within && !says(line.get(..begun).unwrap_or_default()) {
            self.open = None;
        }
    }

    /// Whether a quote, a here-document or a call that starts a program is open.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some() || self.here.is_some() || self.piped || self.brackets > 0
    }
}

/// Whether a line begins or ends a block of code of Markdown.
fn is_fence(line: &str) -> bool {
    let line = line.trim_start_matches(['>', ' ', '\t']);
    line.starts_with("```") || line.starts_with("~~~")
}

/// Whether the last command of a line goes on in the next: behind a pipe, or behind what joins two. A row of a table begins with such a sign.
///
/// Source: POSIX.1-2024 XCU 2.10.2 (`linebreak` behind `|`, `&&` and `||`).
fn is_piped(line: &str) -> bool {
    let command = line.find(" #").and_then(|at| line.get(..at)).unwrap_or(line).trim();
    let ends = command.ends_with('|') || command.ends_with("|&") || command.ends_with("&&");
    ends && !command.starts_with('|') && command.len() > 2
}

/// Whether a line begins a call that starts a program and goes on in the next: its arguments stand one to a line.
fn starts_program(line: &str) -> bool {
    const CALLS: [&str; 13] = [
        "subprocess.",
        "popen(",
        "spawn(",
        "spawnsync(",
        "execfile",
        "exec(",
        "exec.command(",
        "execv",
        "processbuilder(",
        "command::new(",
        "process.start(",
        "check_call(",
        "check_output(",
    ];
    if !line.trim_end().ends_with(['(', '[', '{', ',']) {
        return false;
    }
    let lower = line.to_ascii_lowercase();
    CALLS.iter().any(|call| lower.contains(call))
}

/// Brackets that are open behind a line, of which `open` were before; those in quotes are none.
fn brackets(line: &str, open: usize) -> usize {
    let (mut open, mut quote, mut bytes) = (open, None, line.bytes());
    while let Some(byte) = bytes.next() {
        match (byte, quote) {
            (b'\\', _) => _ = bytes.next(),
            (_, Some(own)) if byte == own => quote = None,
            (b'"' | b'\'', None) => quote = Some(byte),
            (b'(' | b'[' | b'{', None) => open = open.saturating_add(1),
            (b')' | b']' | b'}', None) => open = open.saturating_sub(1),
            _ => {}
        }
    }
    open
}

/// The lines of a text as a shell reads them: those of a text in quotes that is only said are one, and those of a here-document with the line
/// that begins it, where they end within the longest line.
pub(crate) fn lines(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (mut quoted, mut end, mut first) = (Quoted::default(), 0_usize, None);
        for line in rest.split_inclusive('\n') {
            end = end.saturating_add(line.len());
            let own = line.trim_end_matches('\n');
            let goes_on = quoted.goes_on(own);
            first = first.or(Some(end));
            if !goes_on || end > LONGEST {
                break;
            }
        }
        let end = if quoted.is_open() { first.unwrap_or(end) } else { end };
        all.push(rest.get(..end).unwrap_or_default().trim_end_matches(['\n', '\r']));
        rest = rest.get(end..).unwrap_or_default();
    }
    all
}

/// Whether the last command of the beginning of a line only says what it is given.
fn says(line: &str) -> bool {
    let command = line.rsplit([';', '|', '&', '(']).next().unwrap_or_default();
    let mut words = command.split_ascii_whitespace().skip_while(|word| *word == "$" || is_wrapper(word));
    words.next().is_some_and(|name| SAYING.contains(&name))
}

/// Whether a quoted word is only printed, looked for or written down by its command, and runs nowhere.
///
/// `hand_on` says that what is shown may be handed on by the lines around it.
pub(super) fn is_only_said(script: &Script, index: usize, word: &Word, hand_on: bool) -> bool {
    let Some(command) = script.commands.get(index) else { return false };
    let mut words = command.words.iter().skip_while(|word| is_wrapper(&program(&word.text)));
    let Some(name) = words.next().map(|word| program(&word.text)) else { return false };
    let text = word.text.as_str();
    let says = match name.as_str() {
        // What is looked for, compared, or said to somebody else.
        "grep" | "egrep" | "fgrep" | "zgrep" | "[" | "[[" | "test" | "jq" | "logger" | "notify-send" => true,
        "rg" | "ag" | "ack" => !words.any(|word| word.text.starts_with("--pre") || word.text == "--pager"),
        // `e` of GNU's runs what stands behind it, or what comes of a substitution.
        "sed" => {
            let command = text.trim_start_matches(|one: char| one.is_ascii_digit() || "$, ".contains(one));
            let flags = text.rsplit(['/', '|', '#', ',']).next().unwrap_or_default();
            let runs = command.starts_with('e')
                || flags.len() < 6 && flags.contains('e')
                || any(text, &["/e ", ";e", "\n"]);
            !runs
        }
        "git" => {
            let verb = words.next().map(|word| word.text.as_str()).unwrap_or_default();
            matches!(verb, "commit" | "tag" | "log" | "grep" | "notes" | "merge")
        }
        // What stands in a review, a report or a release.
        "gh" | "glab" => {
            let verb = words.next().map(|word| word.text.as_str()).unwrap_or_default();
            matches!(verb, "pr" | "mr" | "issue" | "release" | "api" | "gist")
        }
        "echo" | "printf" => !hand_on && command.inside.is_none() && !writes(command),
        "curl" => text.contains(' ') && !text.contains('@') && !begins_danger(text),
        _ => false,
    };
    // An apostrophe of prose stands in a word, and a part that commands fill in is run.
    let is_filled =
        |one: &Expansion| !matches!(one.kind, ExpansionKind::Variable(_)) && !is_here_text(script, one);
    if !says
        || word.expansions.iter().any(is_filled)
        || script.unclosed.is_some()
        || text.starts_with("--") && !text.starts_with("--message=")
    {
        return false;
    }
    is_read_quietly(script, index)
}

/// Whether a part of a text between quotes and signs begins with a command that is a danger: somebody elsewhere may run it.
fn begins_danger(text: &str) -> bool {
    text.split(['"', '\'', '=', ';', '|', '&', '\n']).take(ARGUMENTS).any(|part| {
        let words = part.split_ascii_whitespace().skip_while(|word| is_wrapper(&program(word)));
        let words: Vec<&str> = words.take(ARGUMENTS).collect();
        words.split_first().is_some_and(|(name, arguments)| named(&program(name), arguments).is_some())
    })
}

/// Whether what reads on in the pipe behind a command runs nothing of it either.
pub(super) fn is_read_quietly(script: &Script, index: usize) -> bool {
    let mut at = index;
    for _ in 0..MOST {
        let Some((next, reader)) =
            script.commands.iter().enumerate().find(|(_, one)| one.pipe_from == Some(at))
        else {
            return true;
        };
        let name = reader.words.first().map(|word| program(&word.text)).unwrap_or_default();
        let is_quiet = matches!(
            name.as_str(),
            "grep"
                | "egrep"
                | "fgrep"
                | "wc"
                | "cat"
                | "head"
                | "tail"
                | "sort"
                | "uniq"
                | "less"
                | "more"
                | "fold"
                | "column"
                | "nl"
                | "cut"
                | "jq"
        );
        if !is_quiet || writes(reader) {
            return false;
        }
        at = next;
    }
    false
}

/// Whether a part of a word is filled in by `cat` with the lines behind it as they stand: `$(cat <<'END' …)`.
fn is_here_text(script: &Script, expansion: &Expansion) -> bool {
    let is_inside =
        |one: &&Command| expansion.span.start <= one.span.start && one.span.end <= expansion.span.end;
    let mut inside = script.commands.iter().filter(is_inside);
    let is_shown = |one: &Command| {
        let [name] = one.words.as_slice() else { return false };
        let [lines] = one.redirects.as_slice() else { return false };
        name.text == "cat" && name.is_literal() && lines.operator.starts_with("<<") && lines.target.quoted
    };
    expansion.kind == ExpansionKind::Commands
        && inside.next().is_some_and(is_shown)
        && inside.next().is_none()
}

/// Whether what a command says goes into a file.
pub(super) fn writes(command: &Command) -> bool {
    let is_file = |target: &str| target != "/dev/null" && target != "/dev/stderr";
    command.redirects.iter().any(|one| {
        !one.operator.starts_with('<') && one.operator != ">&" && is_file(one.target.text.as_str())
    })
}

/// A line without the quoted words that are only said, for who reads it without a shell's eyes.
pub(super) fn without_said(line: &str, hand_on: bool) -> Option<String> {
    let script = Script::read(line);
    let mut said: Vec<Range<usize>> = Vec::new();
    for (index, command) in script.commands.iter().enumerate().take(MOST) {
        let is_quoted = |word: &&Word| {
            let written = line.get(word.span.clone()).unwrap_or_default();
            word.quoted && written.strip_prefix("--message=").unwrap_or(written).starts_with(['"', '\''])
        };
        let words = command.words.iter().filter(is_quoted).take(ARGUMENTS);
        said.extend(
            words.filter(|word| is_only_said(&script, index, word, hand_on)).map(|word| word.span.clone()),
        );
    }
    said.sort_by_key(|span| span.start);
    let (mut out, mut at) = (String::new(), 0);
    for span in &said {
        out.push_str(line.get(at..span.start).unwrap_or_default());
        out.push_str("''");
        at = at.max(span.end);
    }
    out.push_str(line.get(at..).unwrap_or_default());
    (!said.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::super::line::{Grade, danger};
    use super::super::variables::Variables;
    use super::*;

    #[test]
    fn a_quoted_text_that_is_said_is_one_line() {
        let text = "git add . && git commit -m \"docs: never run\nrm -rf /\nas root\" && git push\nls\n";
        assert_eq!(lines(text), [text.trim_end_matches("\nls\n"), "ls"]);
        let text = "git commit -m 'one' -m \"two\n\nthree \\\" four\" x";
        assert_eq!(lines(text), [text]);
    }

    #[test]
    fn a_call_that_starts_a_program_is_one_line() {
        for text in [
            "subprocess.run([\n    \"rm\",\n    \"-rf\",  # all\n    \"/\",\n], check=True)",
            "const out = spawn(\n  'rm',\n  ['-rf', '/'],\n);",
            "cmd := exec.Command(\n\t\"rm\",\n\t\"-rf\",\n\t\"/\",\n)",
        ] {
            assert_eq!(lines(&format!("{text}\nnext")), [text, "next"]);
            let found = danger(text, &mut Variables::default()).map(|one| one.grade);
            assert_eq!(found, Some(Grade::Grave), "{text}");
        }
        for text in [
            "subprocess.run(\n    [\"rm\", \"-rf\", \"build\"],\n)",
            "spawn(\n  'ls',\n  ['/'],\n)",
            "subprocess.run([\n  \"ls\",",
        ] {
            assert_eq!(danger(text, &mut Variables::default()), None, "{text}");
        }
        let open = "subprocess.run([\n  \"ls\",\nrm -rf /";
        assert_eq!(lines(open).len(), 3);
    }

    #[test]
    fn other_quotes_and_those_without_an_end_join_nothing() {
        for text in [
            "bash -c \"echo a\nrm -rf /\"",
            "It isn't so\nrm -rf / isn't",
            "git commit -m \"docs\nrm -rf /",
            "git commit -m \"docs\" && x \"a\nb\"",
            "a\r\nb\n\nc",
        ] {
            assert_eq!(lines(text), text.lines().collect::<Vec<_>>(), "{text}");
        }
        let long = format!("echo \"{}\nrm -rf /\"", "word ".repeat(LONGEST));
        assert_eq!(lines(&long).len(), 2);
    }

    proptest::proptest! {
        #[test]
        fn every_letter_is_in_a_line(text in "(git commit -m |echo |['\"\\\\(]|\n|word |rm -rf /){0,24}") {
            let all: String = lines(&text).concat().chars().filter(|one| *one != '\n').collect();
            proptest::prop_assert_eq!(all, text.replace('\n', ""));
        }
    }
}
