//! Names, paths and texts that tell what a call is for.

use crate::python::source::fold::Known;
use std::net::IpAddr;

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
    // Settings of tokenizers and limits in tokens hold none.
    if name.contains("TOKENIZ") || name.ends_with("TOKENS") {
        return false;
    }
    ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "API_KEY", "ACCESS_KEY", "PRIVATE_KEY", "CREDENTIAL"]
        .iter()
        .any(|word| name.contains(word))
}

/// Whether the service that gave out the credential in the variable `name` is known and lies elsewhere than at `address`;
/// an empty address lies elsewhere.
pub(super) fn goes_elsewhere(name: &str, address: &str) -> bool {
    let (name, host) = (name.to_ascii_uppercase(), host(address));
    let issuer = ISSUERS.iter().find(|(begin, _)| name.starts_with(begin));
    !is_near(&host) && issuer.is_some_and(|(_, domains)| !is_below(&host, domains))
}

/// Whether a word of the variable's `name` stands in the machine's name, as in `STRIPE_API_KEY` and
/// `https://api.stripe.com`.
pub(super) fn goes_home(name: &str, address: &str) -> bool {
    let host = host(address);
    let general = ["api", "key", "token", "secret", "access", "password", "auth", "client", "private", "the"];
    is_near(&host)
        || name
            .to_ascii_lowercase()
            .split('_')
            .any(|word| word.len() >= 3 && !general.contains(&word) && host.contains(word))
}

/// The name of the machine in `address`, in lower case, without user and port.
fn host(address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = if host.starts_with('[') { host } else { host.split(':').next().unwrap_or_default() };
    host.to_ascii_lowercase()
}

/// Whether `host` is this machine or one of a private network.
fn is_near(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_private(),
        Ok(IpAddr::V6(address)) => address.is_loopback(),
        Err(_) => is_below(host, &["localhost", "local", "internal"]),
    }
}

/// Whether `host` is one of `domains` or lies below one.
fn is_below(host: &str, domains: &[&str]) -> bool {
    domains.iter().any(|domain| {
        host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

/// How the variables begin that hold credentials of widespread services, and the domains of those.
/// Services that many run on machines of their own (GitLab) are not among them.
static ISSUERS: &[(&str, &[&str])] = &[
    ("AWS_", &["amazonaws.com", "amazonaws.com.cn", "amazon.com", "aws.dev", "api.aws"]),
    (
        "AZURE_",
        &["azure.com", "azure.net", "azure.us", "microsoft.com", "microsoftonline.com", "windows.net"],
    ),
    ("ANTHROPIC_", &["anthropic.com", "claude.ai", "claude.com"]),
    ("CLOUDFLARE_", &["cloudflare.com"]),
    ("DOCKER_", &["docker.com", "docker.io"]),
    ("GH_", &["github.com", "githubusercontent.com", "ghcr.io"]),
    ("GITHUB_", &["github.com", "githubusercontent.com", "ghcr.io"]),
    ("GOOGLE_APPLICATION", &["google.com", "googleapis.com"]),
    ("GCP_", &["google.com", "googleapis.com"]),
    ("HF_", &["huggingface.co", "hf.co", "hf.space", "huggingface.cloud"]),
    ("HUGGING", &["huggingface.co", "hf.co", "hf.space", "huggingface.cloud"]),
    ("KAGGLE_", &["kaggle.com"]),
    ("NPM_", &["npmjs.org", "npmjs.com"]),
    ("OPENAI_", &["openai.com", "azure.com"]),
    ("PYPI_", &["pypi.org", "pythonhosted.org"]),
    ("TWINE_", &["pypi.org", "pythonhosted.org"]),
    ("WANDB_", &["wandb.ai"]),
];

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
