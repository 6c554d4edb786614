//! What the lines before gave to variables and functions: [`Variables`].

use super::fetched::Fetched;
use super::functions::{Functions, declared};
use super::places::is_root;

/// Most variables that are kept from line to line, and the longest value.
const KEPT: usize = 32;
pub(super) const LONGEST_VALUE: usize = 256;
/// Names of what a function is called with, and how many of more are kept.
const GIVEN: [&str; 9] = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
const ALL: usize = 16;
/// Lines between a socket that takes the place of an input and the shell that reads it.
const NEAR: u8 = 5;
/// The variable of the folder one is in.
pub(super) const FOLDER: &str = "PWD";

/// What variables and functions were given in the lines before.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables {
    values: Vec<(String, String)>,
    pub(super) functions: Functions,
    pub(super) fetched: Fetched,
    /// Lines left in which a shell that is started talks to a socket.
    sockets: u8,
    /// Groups, branches and loops of the lines before that are open: what is shown in one may be handed on as a whole.
    open: usize,
    /// Whether everything that is shown goes elsewhere, or what shows it is another program.
    redirected: bool,
}

impl Variables {
    /// Whether a text may use one of them.
    pub(crate) fn are_used_in(&self, text: &str) -> bool {
        !self.values.is_empty() && text.contains('$')
            || self.fetched.are_in(text)
            || !self.functions.is_empty()
                && text
                    .split_ascii_whitespace()
                    .any(|word| self.functions.body(word.trim_matches([';', '&', '|', '(', ')'])).is_some())
    }

    /// Whether there are none.
    pub(crate) fn are_none(&self) -> bool {
        self.values.is_empty() && self.functions.is_empty() && self.fetched.is_empty()
    }

    /// Whether a line may give one a value, with any of its commands.
    pub(crate) fn may_learn(line: &str) -> bool {
        const BEFORE: [&str; 12] = [
            "then", "do", "else", "while", "until", "export", "declare", "readonly", "typeset", "local",
            "-x", "-r",
        ];
        const GIVE: [&str; 8] = ["cd", "alias", "for", "set", "pushd", "shift", "read", "printf"];
        // Every line is asked: byte by byte, as most have one command.
        line.as_bytes().split(|byte| matches!(byte, b';' | b'&' | b'|' | b'(' | b'{')).any(|command| {
            let words = command.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            let mut words = words
                .map(|word| str::from_utf8(word).unwrap_or_default())
                .skip_while(|word| BEFORE.contains(word));
            words.next().is_some_and(|word| GIVE.contains(&word) || is_gift(word))
        })
    }

    /// Whether the first word of a line begins one that gives a value.
    pub(crate) fn begins_gift(word: &str) -> bool {
        matches!(word.trim_end(), "cd" | "alias" | "export" | "readonly" | "declare" | "pushd")
            || is_gift(word)
    }

    /// Takes the lines of a text in small letters: whether they start a shell with a socket for its input, which lines before may have made it.
    ///
    /// Source: POSIX.1-2024, `dup2`.
    pub(super) fn starts_shell_on_socket(&mut self, lower: &str) -> bool {
        let mut starts = false;
        for line in lower.lines() {
            if line.contains("dup2(") && (line.contains("fileno") || line.contains("sock")) {
                self.sockets = NEAR;
            }
            let shell =
                ["/bin/sh", "/bin/bash", "/bin/zsh", "cmd.exe"].iter().any(|shell| line.contains(shell));
            let runs =
                ["subprocess", "pty.spawn", "exec", "popen", "system("].iter().any(|run| line.contains(run));
            starts |= self.sockets > 0 && shell && runs;
            self.sockets = self.sockets.saturating_sub(1);
        }
        starts
    }

    /// Takes up what a line opens and closes, and where it sends what is shown.
    pub(crate) fn pass(&mut self, line: &str) {
        let line = line.lines().next().unwrap_or_default().trim();
        let (first, last) = (line.split_ascii_whitespace().next(), line.rsplit(' ').next());
        let (Some(first), Some(last)) = (first, last) else { return };
        // `} else {` does both.
        if matches!(first.trim_end_matches([';', '&']), "}" | ")" | "fi" | "done" | "esac") {
            self.open = self.open.saturating_sub(1);
        }
        if last.ends_with('{') || last.ends_with('(') || matches!(last, "then" | "do" | "in") {
            self.open = self.open.saturating_add(1);
        }
        self.redirected |= first == "exec" && line.contains('>')
            || ["alias cat", "alias echo", "cat()", "echo()", "cat ()", "echo ()"]
                .iter()
                .any(|begin| line.starts_with(begin));
    }

    /// Whether what is shown here may be handed to another program by the lines around it.
    pub(super) fn hand_on(&self) -> bool {
        self.open > 0 || self.redirected
    }

    /// Forgets what is open, where another text begins.
    pub(crate) fn forget_surroundings(&mut self) {
        self.open = 0;
        self.redirected = false;
    }

    /// Whether a line is, or may be, of a function.
    pub(crate) fn may_define(&self, line: &str) -> bool {
        self.functions.is_open() || declared(line).is_some()
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.functions = Functions::default();
        self.fetched = Fetched::default();
        self.sockets = 0;
        self.forget_surroundings();
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Sets what a function or a script is called with.
    pub(super) fn give(&mut self, given: &[&str]) {
        for (at, number) in GIVEN.iter().enumerate() {
            match given.get(at) {
                Some(value) => self.set(number, value),
                None => self.values.retain(|(known, _)| known != number),
            }
        }
        let mut all = given.join(" ");
        if all.len() > LONGEST_VALUE {
            // What matters of many is what decides.
            let matters = |one: &&&str| is_root(one) || one.starts_with('-') && one.len() < 8;
            all = given.iter().filter(matters).take(ALL).copied().collect::<Vec<_>>().join(" ");
        }
        self.set("@", &all);
        self.set("*", &all);
    }

    /// Takes away the first of what a function is called with.
    pub(super) fn shift(&mut self, count: usize) {
        let all = self.value("@").unwrap_or_default().to_owned();
        let rest: Vec<&str> = all.split_whitespace().skip(count).collect();
        self.give(&rest);
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.values.retain(|(known, _)| known != name);
        if value.len() <= LONGEST_VALUE {
            // The oldest makes room, so that no number of others hides one.
            if self.values.len() >= KEPT {
                self.values.remove(0);
            }
            self.values.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// Whether a word is a name that is given a value: `NAME=…`.
fn is_gift(word: &str) -> bool {
    let name = word.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    name > 0 && word.as_bytes().get(name) == Some(&b'=')
}
