//! Commands, code and markup, each with the position in which it acts.

use super::{METADATA_CODE, METADATA_COMMAND, METADATA_MARKUP, Passage};
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use bartizan_core::{Rule, Severity};
use bartizan_text::trie::Occurrence;
use std::sync::LazyLock;

/// Looks for every pattern of [`PATTERNS`]; `signs` are what the text is known to hold of them.
pub(super) fn judge(passage: &mut Passage<'_>, signs: Option<&[Occurrence]>) {
    // For each pattern, up to where the text was searched for what makes it act.
    let mut searched: Vec<usize> = Vec::new();
    if let Some(signs) = signs {
        for &Occurrence { pattern, start, end } in signs {
            for &index in ALIKE.get(pattern).into_iter().flatten() {
                hit(passage, index, (start, end), &mut searched);
            }
        }
    } else if let Some(automaton) = AUTOMATON.as_ref() {
        for found in automaton.find_overlapping_iter(passage.text) {
            hit(passage, found.pattern().as_usize(), (found.start(), found.end()), &mut searched);
        }
    }
}

/// Judges the pattern numbered `index`, whose text stands at `start..end`.
fn hit(passage: &mut Passage<'_>, index: usize, (start, end): (usize, usize), searched: &mut Vec<usize>) {
    searched.resize(PATTERNS.len(), 0);
    let (Some(pattern), Some(searched)) = (PATTERNS.get(index), searched.get_mut(index)) else { return };
    if pattern.when.holds(passage.text.as_bytes(), start, end, searched) {
        passage.mark(pattern.rule, pattern.severity, start, pattern.what);
    }
}

/// A text that acts when it stands in the right place.
struct Pattern {
    text: &'static str,
    when: When,
    rule: &'static Rule,
    severity: Severity,
    /// Completes "metadata holds …".
    what: &'static str,
}

/// Where a pattern acts.
#[derive(Clone, Copy)]
enum When {
    /// Anywhere.
    Anywhere,
    /// Not as the tail of a longer name or attribute.
    Word,
    /// At the start of a command: after a separator, a quote or a prompt, or at the start of a line.
    Command,
    /// As a word, with one of these later on the line.
    LineHas(&'static [&'static str]),
    /// As a word, with a pipe into an interpreter later on the line.
    PipedIntoShell,
    /// At the start of a statement, and not the start of a sentence.
    Statement,
    /// At the start of a statement.
    Margin,
    /// As a word, with an argument before the bracket closes.
    Call,
    /// Inside a tag that has been opened and not closed.
    InTag,
    /// After a quote, an equals sign or an opening bracket.
    AsValue,
}

impl When {
    /// Whether the hit at `start..end` acts. `searched` is the caller's note of how far the text was already searched in
    /// vain for the needles of the same pattern, so that a line of hits is searched once and not once per hit.
    fn holds(self, text: &[u8], start: usize, end: usize, searched: &mut usize) -> bool {
        let before = text.get(..start).unwrap_or_default();
        let last = before.last().copied();
        let word = !last.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
        match self {
            Self::Anywhere => true,
            Self::Word => word,
            Self::Command => word && is_command_start(before),
            Self::LineHas(needles) => {
                if !word {
                    return false;
                }
                let line = line_after(text, end);
                let known = searched.saturating_sub(NEEDLE_BYTES).saturating_sub(end).min(line.len());
                let unknown = line.get(known..).unwrap_or_default();
                let found = needles.iter().any(|needle| contains(unknown, needle.as_bytes()));
                if !found {
                    *searched = end.saturating_add(line.len());
                }
                found
            }
            Self::PipedIntoShell => word && pipes_into_interpreter(line_after(text, end)),
            Self::Statement => {
                let follows = text.get(end).copied();
                let ends = !follows.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                let prose = matches!(follows, Some(b' '))
                    && text.get(end.saturating_add(1)).is_some_and(u8::is_ascii_alphabetic)
                    && !line_after(text, end).starts_with(b" as ");
                ends && !prose && is_statement_start(before)
            }
            Self::Margin => is_statement_start(before),
            Self::Call => {
                word && !matches!(text.get(end), None | Some(b')' | b' ' | b'`'))
                    && !before.ends_with(b"def ")
            }
            Self::InTag => {
                let near = before.get(before.len().saturating_sub(TAG_BYTES)..).unwrap_or_default();
                let opened = near.iter().rposition(|byte| matches!(byte, b'<' | b'>'));
                word && opened.is_some_and(|at| {
                    near.get(at) == Some(&b'<')
                        && near.get(at.saturating_add(1)).is_some_and(u8::is_ascii_alphabetic)
                })
            }
            Self::AsValue => last.is_none_or(|byte| matches!(byte, b'"' | b'\'' | b'=' | b'(' | b'`')),
        }
    }
}

/// Longest tag looked back through for its opening bracket, in bytes.
const TAG_BYTES: usize = 256;
/// Longest line looked at after a hit, in bytes.
const LINE_BYTES: usize = 400;
/// No needle of [`When::LineHas`] is longer, in bytes.
const NEEDLE_BYTES: usize = 16;

fn line_after(text: &[u8], from: usize) -> &[u8] {
    let rest = text.get(from..).unwrap_or_default();
    let rest = rest.get(..LINE_BYTES).unwrap_or(rest);
    let end = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len().max(1)).any(|window| window.eq_ignore_ascii_case(needle))
}

fn is_command_start(before: &[u8]) -> bool {
    let spaced = before.iter().rposition(|&byte| byte != b' ').map_or(0, |at| at.saturating_add(1));
    let margin = before.get(..spaced).unwrap_or_default();
    margin.last().is_none_or(|byte| {
        matches!(
            byte,
            b';' | b'|' | b'&' | b'\n' | b'"' | b'\'' | b'`' | b'$' | b'(' | b'!' | b'[' | b'{' | b':'
        )
    }) || margin.ends_with(b"sudo")
        || margin.ends_with(b" -c")
}

fn is_statement_start(before: &[u8]) -> bool {
    let margin = before.iter().rev().find(|byte| !matches!(byte, b' ' | b'\t'));
    margin.is_none_or(|byte| matches!(byte, b';' | b'\n' | b'"' | b'\'' | b':' | b'('))
}

fn pipes_into_interpreter(line: &[u8]) -> bool {
    line.split(|&byte| byte == b'|').skip(1).any(|stage| {
        let mut words =
            stage.split(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-')));
        words.find(|word| !word.is_empty() && !word.eq_ignore_ascii_case(b"sudo")).is_some_and(|word| {
            let name = word.rsplit(|&byte| byte == b'/').next().unwrap_or(word);
            INTERPRETERS.iter().any(|shell| name.eq_ignore_ascii_case(shell.as_bytes()))
        })
    })
}

/// What a pipe may end in to run what comes through it.
const INTERPRETERS: &[&str] = &[
    "sh",
    "bash",
    "zsh",
    "dash",
    "ksh",
    "ash",
    "fish",
    "python",
    "python3",
    "python2",
    "perl",
    "ruby",
    "node",
    "php",
    "iex",
    "powershell",
    "pwsh",
    "cmd",
];

/// What turns a call of `eval` or `exec` into the running of hidden text.
const DYNAMIC: &[&str] = &[
    "b64decode",
    "decode(",
    "compile(",
    "__import__",
    "urlopen",
    "requests.",
    "open(",
    "fromhex",
    "codecs.",
    "zlib.",
    "marshal.",
    "os.",
    "subprocess",
    "socket",
    "input(",
    "chr(",
    "getattr(",
];

/// What a shell started with `-c` must carry to be more than a mention.
const SHELL_ARGUMENTS: &[&str] = &[
    "curl", "wget", "/dev/tcp", "nc ", "ncat", "base64", "eval", "rm -", "chmod", "python", "http://",
    "https://",
];

const fn command(text: &'static str, when: When, severity: Severity, what: &'static str) -> Pattern {
    Pattern { text, when, rule: &METADATA_COMMAND, severity, what }
}

const fn code(text: &'static str, when: When, severity: Severity, what: &'static str) -> Pattern {
    Pattern { text, when, rule: &METADATA_CODE, severity, what }
}

const fn markup(text: &'static str, when: When, what: &'static str) -> Pattern {
    Pattern { text, when, rule: &METADATA_MARKUP, severity: Severity::Medium, what }
}

use Severity::{High, Low, Medium};
use When::{Anywhere, AsValue, Call, Command, InTag, LineHas, Margin, PipedIntoShell, Statement, Word};

/// Matched without regard to case.
static PATTERNS: &[Pattern] = &[
    command("curl ", PipedIntoShell, High, "a download piped into an interpreter"),
    command("wget ", PipedIntoShell, High, "a download piped into an interpreter"),
    command("base64 -d", PipedIntoShell, High, "encoded text piped into an interpreter"),
    command("base64 --decode", PipedIntoShell, High, "encoded text piped into an interpreter"),
    command("curl ", Command, Medium, "a download command"),
    command("wget ", Command, Medium, "a download command"),
    command("curl http", Word, Medium, "a download command"),
    command("wget http", Word, Medium, "a download command"),
    command("bash -c", LineHas(SHELL_ARGUMENTS), High, "a shell started on a dangerous command"),
    command("sh -c", LineHas(SHELL_ARGUMENTS), High, "a shell started on a dangerous command"),
    command("bash -c", Word, Medium, "a shell command"),
    command("sh -c", Word, Medium, "a shell command"),
    command("bash -i", LineHas(&[">&", "/dev/"]), High, "a reverse shell"),
    command("/bin/sh", LineHas(&["-i", "-c", "|", ">&"]), High, "a shell command"),
    command("/bin/bash", LineHas(&["-i", "-c", "|", ">&"]), High, "a shell command"),
    command("/dev/tcp/", Anywhere, High, "a reverse shell"),
    command("nc -e", Word, High, "a reverse shell"),
    command("nc -c", Word, High, "a reverse shell"),
    command("ncat -e", Word, High, "a reverse shell"),
    command("nc -l", Word, Medium, "a listening shell"),
    command("socat ", LineHas(&["exec:", "system:"]), High, "a reverse shell"),
    command("mkfifo ", LineHas(&["nc ", "sh", "telnet"]), High, "a reverse shell"),
    command("rm -rf /", Command, Medium, "a recursive delete"),
    command("rm -rf ", Command, Medium, "a recursive delete"),
    command("rm -fr ", Command, Medium, "a recursive delete"),
    command("chmod +x", Word, Medium, "a command that makes a file executable"),
    command("chmod 777", Word, Medium, "a command that opens a file to everyone"),
    command(
        "powershell",
        LineHas(&[" -e ", " -en", " -ec", "hidden", "downloadstring", "iex", "-nop"]),
        High,
        "a hidden or downloading PowerShell command",
    ),
    command("powershell", LineHas(&[" -c", ".ps1"]), Medium, "a PowerShell command"),
    command("invoke-expression", Word, High, "a PowerShell evaluation"),
    command("downloadstring(", Anywhere, High, "a PowerShell download"),
    command("invoke-webrequest", Word, Medium, "a PowerShell download"),
    command("cmd.exe /c", Word, High, "a Windows command"),
    command("cmd /c", Word, High, "a Windows command"),
    command("certutil", LineHas(&["-urlcache", "-decode"]), High, "a download through a system tool"),
    command("bitsadmin", LineHas(&["/transfer"]), High, "a download through a system tool"),
    command(
        "mshta ",
        LineHas(&["http", "javascript:", "vbscript:"]),
        High,
        "a script run through a system tool",
    ),
    command("regsvr32 ", LineHas(&["/i:", "scrobj"]), High, "a script run through a system tool"),
    command("python -c", Word, Medium, "an interpreter started on code"),
    command("python3 -c", Word, Medium, "an interpreter started on code"),
    command("perl -e", Word, Medium, "an interpreter started on code"),
    command("ruby -e", Word, Medium, "an interpreter started on code"),
    command("crontab -", Command, Medium, "a command that installs a schedule"),
    command(">> ~/.ssh/authorized_keys", Anywhere, High, "a command that adds a login key"),
    command(">> ~/.bashrc", Anywhere, High, "a command that changes the login shell"),
    command(":(){ :|:& };:", Anywhere, High, "a fork bomb"),
    command("${jndi:", Anywhere, High, "a Log4j lookup"),
    code("os.system(", Word, High, "a call that runs a command"),
    code("os.popen(", Word, High, "a call that runs a command"),
    code("os.execv", Word, High, "a call that replaces the process"),
    code("os.execl", Word, High, "a call that replaces the process"),
    code("os.spawn", Word, High, "a call that starts a process"),
    code("posix.system", Word, High, "a call that runs a command"),
    code("nt.system(", Word, High, "a call that runs a command"),
    code("subprocess.popen(", Word, High, "a call that starts a process"),
    code("subprocess.run(", Word, High, "a call that starts a process"),
    code("subprocess.call(", Word, High, "a call that starts a process"),
    code("subprocess.check_", Word, High, "a call that starts a process"),
    code("subprocess.getoutput(", Word, High, "a call that starts a process"),
    code("pty.spawn(", Word, High, "a call that starts a shell"),
    code("runtime.getruntime().exec", Anywhere, High, "a Java call that runs a command"),
    code("child_process", LineHas(&["exec", "spawn"]), High, "a Node.js call that runs a command"),
    code("os.execute(", Word, High, "a Lua call that runs a command"),
    code("io.popen(", Word, High, "a Lua call that runs a command"),
    code("__import__(", Anywhere, High, "a hidden import"),
    code("importlib.import_module(", Word, Medium, "a dynamic import"),
    code("eval(", LineHas(DYNAMIC), High, "an evaluation of built text"),
    code("exec(", LineHas(DYNAMIC), High, "an execution of built text"),
    code("eval(", Call, Medium, "an evaluation"),
    code("exec(", Call, Medium, "an execution"),
    code("pickle.loads(", Word, High, "an unpickling"),
    code("marshal.loads(", Word, High, "a loading of bytecode"),
    code("ctypes.", LineHas(&["cdll", "windll", "pythonapi"]), High, "a call into native code"),
    code("socket.socket(", Word, Medium, "a network connection"),
    code("urllib.request.urlopen(", Word, Medium, "a download"),
    code("urllib.request.urlretrieve(", Word, Medium, "a download"),
    code("requests.get(", LineHas(&["http", "exec", "eval"]), Medium, "a download"),
    code("requests.post(", LineHas(&["http"]), Medium, "an upload"),
    code("import os", Statement, Medium, "an import of operating-system functions"),
    code("import subprocess", Statement, Medium, "an import of process functions"),
    code("import socket", Statement, Medium, "an import of network functions"),
    code("import ctypes", Statement, Medium, "an import of native-code functions"),
    code("import pty", Statement, Medium, "an import of terminal functions"),
    code("from os import", Margin, Medium, "an import of operating-system functions"),
    code("from subprocess import", Margin, Medium, "an import of process functions"),
    code("__globals__", Anywhere, High, "a sandbox escape"),
    code("__subclasses__", Anywhere, High, "a sandbox escape"),
    code("__builtins__", Anywhere, High, "a sandbox escape"),
    code("__mro__", Anywhere, High, "a sandbox escape"),
    code("__reduce__", Anywhere, Medium, "a pickle hook"),
    code("shell=true", Word, Low, "an argument that starts a shell"),
    markup("<script", Anywhere, "a script element"),
    markup("<iframe", Anywhere, "a frame element"),
    markup("javascript:", AsValue, "a script address"),
    markup("vbscript:", AsValue, "a script address"),
    markup("data:text/html", AsValue, "a document address"),
    markup("onerror=", InTag, "an event handler"),
    markup("onload=", InTag, "an event handler"),
    markup("onclick=", InTag, "an event handler"),
    markup("onfocus=", InTag, "an event handler"),
    markup("onmouseover=", InTag, "an event handler"),
    markup("ontoggle=", InTag, "an event handler"),
    markup("document.cookie", Word, "a script that reads cookies"),
    markup("document.location", Word, "a script that leaves the page"),
    markup("<!entity", Anywhere, "an XML entity declaration"),
];

/// The texts of all patterns.
pub(super) fn texts() -> impl Iterator<Item = &'static str> {
    PATTERNS.iter().map(|pattern| pattern.text)
}

/// For each pattern, all whose text is the same, in their order.
static ALIKE: LazyLock<Vec<Vec<usize>>> = LazyLock::new(|| {
    let alike = |text: &str| {
        let numbered = texts().enumerate().filter(|(_, other)| other.eq_ignore_ascii_case(text));
        numbered.map(|(index, _)| index).collect()
    };
    texts().map(alike).collect()
});

/// For texts that are longer than those whose signs are known.
static AUTOMATON: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| folding().build(texts()).ok());

/// What makes an automaton in which capitals count as small letters. A table of all its states would take longer to make than most
/// scans to read.
pub(super) fn folding() -> aho_corasick::AhoCorasickBuilder {
    let mut builder = AhoCorasick::builder();
    builder.ascii_case_insensitive(true).kind(Some(AhoCorasickKind::ContiguousNFA));
    builder
}
