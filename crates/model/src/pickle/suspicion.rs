//! What the arguments of an unknown callable say about it: commands, code, addresses, paths.

use super::machine::Machine;
use super::value::{Kind, Value};
use crate::python::source;

/// Something in an argument that data of a model seldom hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Suspicion {
    /// A path outside the model's folder.
    Path,
    /// An address.
    Address,
    /// A shell command.
    Command,
    /// Python source.
    Code,
}

impl Suspicion {
    /// The words used in messages.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Path => "a file path",
            Self::Address => "a network address",
            Self::Command => "a shell command",
            Self::Code => "Python code",
        }
    }
}

/// The worst suspicion among the strings reachable from `value`.
pub(super) fn of(machine: &Machine<'_>, value: Value) -> Option<Suspicion> {
    let mut worst = None;
    let mut open = vec![(value, 0u32)];
    let mut seen = 0usize;
    while let Some((value, depth)) = open.pop() {
        seen = seen.saturating_add(1);
        if seen > VALUES {
            break;
        }
        if let Some(raw) = machine.store.raw(value) {
            let head = raw.get(..LONGEST).unwrap_or(raw);
            worst = worst.max(of_text(&String::from_utf8_lossy(head)));
        } else if depth < DEPTH
            && let Some(node) = machine.store.get(value)
        {
            let items = machine.store.items(node, ITEMS);
            if let [host, Value::Int(port)] = items.as_slice()
                && node.kind == Kind::Tuple
                && (1..=0xffff).contains(port)
                && machine.store.text(*host).is_some_and(|host| is_host(&host))
            {
                worst = worst.max(Some(Suspicion::Address));
            }
            open.extend(items.into_iter().map(|item| (item, depth.saturating_add(1))));
        }
    }
    worst
}

/// Whether one of the `arguments` themselves is an address, or a file by which whoever writes it takes over an account.
pub(super) fn names_target(machine: &Machine<'_>, arguments: Value) -> bool {
    let Some(node) = machine.store.get(arguments) else { return false };
    machine.store.items(node, ITEMS).into_iter().any(|item| {
        let Some(text) = machine.store.text(item) else { return false };
        let is_one_word = text.len() < 2048 && !text.contains(char::is_whitespace);
        let is_address = ADDRESSES.iter().any(|mark| text.starts_with(mark));
        is_one_word && (is_address || TAKEN_OVER.iter().any(|mark| text.contains(mark)))
    })
}

/// Parts of paths that logging in, starting a shell or the scheduler reads.
static TAKEN_OVER: &[&str] = &[
    "/.ssh/",
    "/.bashrc",
    "/.bash_profile",
    "/.profile",
    "/.zshrc",
    "/.aws/",
    "/.kube/",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/cron",
    "/etc/sudoers",
    "/etc/ld.so.preload",
    "/etc/profile",
    "/etc/systemd/",
    "/var/spool/cron",
];

/// Whether a string among `arguments` is Python source that would do harm if it were run. Counts what it reads.
pub(super) fn is_harmful_source(machine: &mut Machine<'_>, arguments: Value) -> bool {
    let mut open = vec![(arguments, 0u32)];
    let mut seen = 0usize;
    while let Some((value, depth)) = open.pop() {
        seen = seen.saturating_add(1);
        if seen > VALUES {
            break;
        }
        if let Some(text) = machine.store.text(value) {
            // Only source that calls or imports something can do harm.
            let could_harm = text.len() <= LONGEST && (text.contains('(') || text.contains("import "));
            if could_harm {
                let is_harmful = source::is_harmful(&text);
                machine.judge.sources_read = machine.judge.sources_read.saturating_add(1);
                if is_harmful {
                    return true;
                }
            }
        } else if depth < DEPTH
            && let Some(node) = machine.store.get(value)
        {
            let items = machine.store.items(node, ITEMS);
            open.extend(items.into_iter().map(|item| (item, depth.saturating_add(1))));
        }
    }
    false
}

/// Values looked at for one call.
const VALUES: usize = 64;
/// Items looked at in one container.
const ITEMS: usize = 16;
/// Nesting looked at.
const DEPTH: u32 = 4;
/// Bytes looked at in one string.
const LONGEST: usize = 4096;

/// What one string looks like.
pub(super) fn of_text(text: &str) -> Option<Suspicion> {
    if text.len() < 2 {
        return None;
    }
    if CODE.iter().any(|mark| text.contains(mark)) {
        return Some(Suspicion::Code);
    }
    if COMMANDS.iter().any(|mark| text.contains(mark)) || is_bare_command(text) {
        return Some(Suspicion::Command);
    }
    if ADDRESSES.iter().any(|mark| text.contains(mark)) {
        return Some(Suspicion::Address);
    }
    let is_path = text.len() < 300
        && (PATHS.iter().any(|mark| text.starts_with(mark)) || text.contains("../") || text.contains("..\\"));
    is_path.then_some(Suspicion::Path)
}

/// Text that only Python source holds.
static CODE: &[&str] = &[
    "__import__(",
    "import os",
    "import subprocess",
    "import socket",
    "import sys;",
    "os.system",
    "os.popen",
    "subprocess.",
    "socket.socket",
    "exec(",
    "eval(",
    "__subclasses__",
    "__globals__",
    "builtins__",
];

/// Text that only commands hold.
static COMMANDS: &[&str] = &[
    "/bin/sh",
    "/bin/bash",
    "sh -c",
    "bash -i",
    "bash -c",
    "cmd.exe",
    "cmd /c",
    "powershell",
    "curl ",
    "wget ",
    "rm -rf",
    "chmod +x",
    "nc -e",
    "ncat ",
    "mkfifo ",
    "/dev/tcp/",
    "| sh",
    "|sh",
    "| bash",
    "python -c",
    "python3 -c",
    "base64 -d",
    ">/dev/null",
    "> /tmp/",
    "crontab ",
];

static ADDRESSES: &[&str] =
    &["http://", "https://", "ftp://", "file://", "ldap://", "smb://", "ws://", "wss://"];

static PATHS: &[&str] =
    &["/etc/", "/tmp/", "/root/", "/home/", "/var/", "/proc/", "/dev/", "/usr/", "~/", "C:\\", "\\\\"];

/// A whole string that is one well-known command, with at most a few words behind it.
fn is_bare_command(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default();
    let rest = words.count();
    match first {
        "id" | "whoami" | "uname" | "hostname" | "ifconfig" | "ipconfig" | "calc" | "calc.exe" => rest <= 2,
        "ls" | "cat" | "touch" | "rm" | "cp" | "mv" | "ping" | "nslookup" | "dig" | "kill" | "sh"
        | "bash" | "echo" | "printenv" | "chmod" | "chown" | "sudo" => (1..=6).contains(&rest),
        _ => false,
    }
}

fn is_host(text: &str) -> bool {
    text == "localhost"
        || (text.contains('.')
            && text.len() < 254
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_code_addresses_and_paths_are_told_apart() {
        assert_eq!(of_text("curl x | sh"), Some(Suspicion::Command));
        assert_eq!(of_text("id"), Some(Suspicion::Command));
        assert_eq!(of_text("import os; os.listdir()"), Some(Suspicion::Code));
        assert_eq!(of_text("https://example.com/a"), Some(Suspicion::Address));
        assert_eq!(of_text("/etc/passwd"), Some(Suspicion::Path));
    }

    #[test]
    fn hyper_parameters_are_not_suspicious() {
        for text in ["gini", "idf", "l2", "echo", "layer.0.weight", "gpt2", "a/b", "identity"] {
            assert_eq!(of_text(text), None, "{text}");
        }
    }
}
