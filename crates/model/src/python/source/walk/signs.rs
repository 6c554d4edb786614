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
    // Settings of tokenizers and limits in tokens hold none.
    if name.contains("TOKENIZ") || name.ends_with("TOKENS") {
        return false;
    }
    ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "API_KEY", "ACCESS_KEY", "PRIVATE_KEY", "CREDENTIAL"]
        .iter()
        .any(|word| name.contains(word))
}

/// Whether the service that gave out the credential in the variable `name` is known and lies elsewhere than at `address`.
pub(super) fn goes_elsewhere(name: &str, address: &str) -> bool {
    let (name, address) = (name.to_ascii_uppercase(), address.to_ascii_lowercase());
    let issuer = ISSUERS.iter().find(|(begin, _)| name.starts_with(begin));
    !is_near(&address) && issuer.is_some_and(|(_, hosts)| !hosts.iter().any(|host| address.contains(host)))
}

/// Whether a word of the variable's `name` stands in `address`, as in `STRIPE_API_KEY` and `https://api.stripe.com`.
pub(super) fn goes_home(name: &str, address: &str) -> bool {
    let address = address.to_ascii_lowercase();
    let general = ["api", "key", "token", "secret", "access", "password", "auth", "client", "private", "the"];
    is_near(&address)
        || name
            .to_ascii_lowercase()
            .split('_')
            .any(|word| word.len() >= 3 && !general.contains(&word) && address.contains(word))
}

/// Whether `address`, in lower case, is this machine's or a private network's.
fn is_near(address: &str) -> bool {
    ["localhost", "//127.", "//10.", "//192.168.", "//[::1]", ".local", ".internal"]
        .iter()
        .any(|near| address.contains(near))
}

/// How the variables begin that hold credentials of widespread services, and parts of the names of their machines.
static ISSUERS: &[(&str, &[&str])] = &[
    ("AWS_", &["amazonaws.", "aws."]),
    ("AZURE_", &["azure.", "microsoft", "windows.net"]),
    ("ANTHROPIC_", &["anthropic", "claude"]),
    ("CLOUDFLARE_", &["cloudflare"]),
    ("DOCKER_", &["docker"]),
    ("GH_", &["github", "ghcr.io"]),
    ("GITHUB_", &["github", "ghcr.io"]),
    ("GITLAB_", &["gitlab"]),
    ("GOOGLE_APPLICATION", &["google"]),
    ("GCP_", &["google"]),
    ("HF_", &["huggingface", "hf.co", "hf.space"]),
    ("HUGGING", &["huggingface", "hf.co", "hf.space"]),
    ("KAGGLE_", &["kaggle"]),
    ("NPM_", &["npmjs"]),
    ("OPENAI_", &["openai"]),
    ("PYPI_", &["pypi", "pythonhosted"]),
    ("TWINE_", &["pypi", "pythonhosted"]),
    ("WANDB_", &["wandb"]),
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
