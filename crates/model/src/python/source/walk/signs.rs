//! Names, paths and texts that tell what a call is for.

use crate::python::source::fold::Known;

pub(super) fn spelt(known: &Known) -> String {
    match known {
        Known::Text(text) => text.clone(),
        Known::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Known::Items(items) => items.iter().filter_map(Known::text).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    }
}

/// Whether a command fetches something and runs it.
pub(super) fn fetches_and_runs(command: &str) -> bool {
    let fetches =
        ["curl ", "wget ", "fetch ", "Invoke-WebRequest", "DownloadString", "certutil", "bitsadmin", "iwr "]
            .iter()
            .any(|tool| command.contains(tool));
    let runs = [
        "| sh", "|sh", "| bash", "|bash", "| python", "|python", "&& sh", "&& bash", "; sh", "; bash",
        "chmod +x", "IEX", "iex ", "&& ./", "; ./", ".exe", ".sh",
    ]
    .iter()
    .any(|run| command.contains(run));
    (fetches && runs) || command.contains("powershell -e") || command.contains("-EncodedCommand")
}

/// Whether a command connects a shell to the network.
pub(super) fn opens_shell(command: &str) -> bool {
    command.contains("/dev/tcp/")
        || command.contains("bash -i")
        || command.contains("nc -e")
        || command.contains("ncat -e")
        || (command.contains("mkfifo") && command.contains("nc "))
}

pub(super) fn names_credential_file(path: &str) -> bool {
    [
        ".ssh/",
        "id_rsa",
        "id_ed25519",
        ".aws/credentials",
        ".netrc",
        ".git-credentials",
        "/etc/shadow",
        ".kube/config",
        ".docker/config.json",
        ".pypirc",
        ".npmrc",
        "Login Data",
        ".gnupg",
        ".huggingface/token",
        "huggingface/token",
    ]
    .iter()
    .any(|name| path.contains(name))
}

pub(super) fn runs_at_start(path: &str) -> bool {
    [
        ".bashrc",
        ".bash_profile",
        ".profile",
        ".zshrc",
        "/etc/cron",
        "crontab",
        "/etc/rc.local",
        "authorized_keys",
        "systemd/",
        "LaunchAgents",
        "LaunchDaemons",
        "Start Menu/Programs/Startup",
        "sitecustomize.py",
        "usercustomize.py",
        ".pth",
        "/etc/ld.so.preload",
        "/etc/profile",
    ]
    .iter()
    .any(|name| path.ends_with(name) || (path.contains(name) && !name.starts_with(".p")))
}

pub(super) fn names_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "API_KEY", "ACCESS_KEY", "PRIVATE_KEY", "CREDENTIAL"]
        .iter()
        .any(|word| name.contains(word))
}

pub(super) fn is_builtin(name: &str) -> bool {
    matches!(
        name,
        "eval"
            | "exec"
            | "compile"
            | "open"
            | "getattr"
            | "setattr"
            | "delattr"
            | "hasattr"
            | "vars"
            | "globals"
            | "locals"
            | "dir"
            | "__import__"
            | "input"
            | "breakpoint"
            | "chr"
            | "ord"
            | "bytes"
            | "bytearray"
            | "str"
            | "list"
            | "tuple"
            | "dict"
            | "map"
            | "filter"
            | "reversed"
            | "repr"
            | "memoryview"
            | "type"
            | "object"
            | "print"
            | "exit"
            | "quit"
            | "help"
            | "super"
            | "id"
            | "execfile"
            | "reload"
    )
}

/// Names that `from module import *` may bring in and that matter.
pub(super) const STAR_NAMES: &[&str] = &[
    "system",
    "popen",
    "Popen",
    "run",
    "call",
    "check_output",
    "check_call",
    "spawn",
    "execv",
    "execve",
    "execl",
    "remove",
    "unlink",
    "rmtree",
    "loads",
    "load",
    "urlopen",
    "urlretrieve",
    "socket",
    "import_module",
    "CDLL",
];

/// Calls that fetch data from the network.
pub(super) const NETWORK: &[&str] = &[
    "requests.",
    "urllib.request.",
    "urllib2.",
    "urllib.urlopen",
    "httpx.",
    "aiohttp.",
    "http.client.",
    "urllib3.",
    "ftplib.",
    "smtplib.",
    "socket.",
    "paramiko.",
];
