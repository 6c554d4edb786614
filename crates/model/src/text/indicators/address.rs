//! Addresses and paths in metadata: where they lead, and whether they climb out.

use super::patterns::folding;
use super::{METADATA_PATH, METADATA_URL, Passage};
use aho_corasick::AhoCorasick;
use bartizan_core::Severity;
use bartizan_text::trie::Occurrence;
use std::net::Ipv4Addr;
use std::sync::LazyLock;

/// Judges every address and path of the passage; `signs` are what the text is known to hold of [`signs`], numbered from `first`.
pub(super) fn judge(passage: &mut Passage<'_>, signs: Option<&[Occurrence]>, first: usize) {
    let text = passage.text;
    let whole = !text.trim().contains(char::is_whitespace);
    for (count, (at, _)) in text.match_indices("://").enumerate() {
        let longest = if count < MANY_ADDRESSES { ADDRESS_BYTES } else { CROWDED_BYTES };
        let head = text.get(..at).unwrap_or_default();
        let scheme_start = head.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |last| {
            last.saturating_add(
                head.get(last..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8),
            )
        });
        let scheme = head.get(scheme_start..).unwrap_or_default().to_ascii_lowercase();
        let rest = text.get(at.saturating_add(3)..).unwrap_or_default();
        let rest = rest.get(..rest.floor_char_boundary(longest)).unwrap_or(rest);
        let end = rest.find(|c: char| c.is_whitespace() || "\"'<>`)]},|\\".contains(c)).unwrap_or(rest.len());
        let address = rest.get(..end).unwrap_or_default();
        let is_value = whole && scheme_start == text.len().saturating_sub(text.trim_start().len());
        if let Some((severity, what)) = address_verdict(&scheme, address, is_value) {
            passage.mark(&METADATA_URL, severity, scheme_start, what);
        }
    }
    if let Some(at) = text.find("../../").or_else(|| text.find("..\\..\\")) {
        passage.mark(&METADATA_PATH, Severity::Medium, at, "a path that climbs out of its folder");
    }
    let sensitive = match signs {
        Some(signs) => {
            let first = first.saturating_add(OTHER_SIGNS.len());
            let paths = first..first.saturating_add(SENSITIVE_PATHS.len());
            signs.iter().find(|sign| paths.contains(&sign.pattern)).map(|sign| sign.start)
        }
        None => SENSITIVE.as_ref().and_then(|sensitive| sensitive.find(text)).map(|found| found.start()),
    };
    if let Some(at) = sensitive {
        passage.mark(&METADATA_PATH, Severity::Medium, at, "the path of a file that holds secrets");
    }
}

/// What [`judge`] looks for, every one of them.
pub(super) fn signs() -> impl Iterator<Item = &'static str> {
    OTHER_SIGNS.into_iter().chain(SENSITIVE_PATHS.iter().copied())
}

/// What [`judge`] looks for beside [`SENSITIVE_PATHS`].
const OTHER_SIGNS: [&str; 3] = ["://", "../../", "..\\..\\"];

/// For texts that are longer than those whose signs are known.
static SENSITIVE: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| folding().build(SENSITIVE_PATHS).ok());

/// Whether `path` names a file that holds secrets or steers the system, wherever it stands in the text.
pub fn is_sensitive_path(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    SENSITIVE_PATHS.iter().chain(SYSTEM_PATHS).any(|known| lower.contains(known))
}

/// Why a path that a file names for one beside it does not stay beside it, `None` when it does.
///
/// The path is judged as text on every platform's rules at once, since nobody knows where the file will be loaded.
/// `a/../b` stays inside and is not an escape; whether it is worth a remark is the caller's to say.
pub fn path_escape(path: &str) -> Option<&'static str> {
    let bytes = path.as_bytes();
    if path.contains('\0') {
        return Some("holds a NUL byte, which ends the path for the system but not for a check");
    }
    if path.contains("://") {
        return Some("is an address, not a file name");
    }
    if matches!(bytes, [b'/' | b'\\', b'/' | b'\\', ..]) {
        return Some("is a network path");
    }
    if matches!(bytes, [b'/' | b'\\', ..]) {
        return Some("is an absolute path");
    }
    if matches!(bytes, [drive, b':', ..] if drive.is_ascii_alphabetic()) {
        return Some("names a drive");
    }
    if bytes.first() == Some(&b'~') && matches!(bytes.get(1), None | Some(b'/' | b'\\')) {
        return Some("starts in the home directory");
    }
    let mut depth = 0i64;
    for part in path.split(['/', '\\']) {
        match part.trim_end_matches(' ') {
            "" | "." => {}
            ".." => depth = depth.saturating_sub(1),
            _ => depth = depth.saturating_add(1),
        }
        if depth < 0 {
            return Some("climbs out of the model's folder");
        }
    }
    let encoded = path.to_ascii_lowercase();
    if encoded.contains("%2e%2e") || encoded.contains("..%2f") || encoded.contains("..%5c") {
        return Some("climbs out of the model's folder once percent-decoded");
    }
    None
}

/// How bad an address is, and what it is.
fn address_verdict(scheme: &str, address: &str, is_value: bool) -> Option<(Severity, &'static str)> {
    match scheme {
        "http" | "https" | "ftp" | "ftps" | "ws" | "wss" => {}
        "file" | "smb" | "gopher" | "dict" | "ldap" | "rmi" | "phar" => {
            return Some((Severity::Medium, "an address of a local or internal resource"));
        }
        _ => return None,
    }
    let authority = address.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let path = address.get(authority.len()..).unwrap_or_default().to_ascii_lowercase();
    let is_of = |domain: &&&str| {
        host.strip_suffix(**domain).is_some_and(|front| front.is_empty() || front.ends_with('.'))
    };
    if TUNNELS.iter().any(|domain| is_of(&domain)) {
        return Some((Severity::Medium, "the address of a tunnel or request catcher"));
    }
    let hook = (host.ends_with("discord.com") || host.ends_with("discordapp.com"))
        && path.starts_with("/api/webhooks")
        || host == "api.telegram.org" && path.starts_with("/bot")
        || host == "hooks.slack.com";
    if hook {
        return Some((Severity::Medium, "the address of a chat hook that takes messages from anyone"));
    }
    if SHORTENERS.iter().any(|domain| is_of(&domain)) {
        return Some((Severity::Low, "a shortened address, which hides where it leads"));
    }
    if let Ok(ip) = host.parse::<Ipv4Addr>() {
        let here = ip.is_loopback() || ip.is_unspecified();
        if ip.octets() == [169, 254, 169, 254] {
            return Some((Severity::Medium, "the address of a cloud's credential service"));
        }
        return (!here).then_some((Severity::Low, "a bare IP address")).map(|verdict| {
            if is_runnable(&path) || path.split('/').count() <= 2 && !ip.is_private() {
                (Severity::Medium, verdict.1)
            } else {
                verdict
            }
        });
    }
    let known = KNOWN_HOSTS.iter().any(|domain| is_of(&domain));
    if is_runnable(&path) && !known {
        return Some((Severity::Medium, "the address of a program or script"));
    }
    if PASTES.iter().any(|domain| is_of(&domain)) {
        return Some((Severity::Low, "the address of an anonymous paste or file drop"));
    }
    (is_value && !known && host.contains('.')).then_some((
        Severity::Info,
        "nothing but the address of a host that models are not usually published on",
    ))
}

/// Whether the file an address ends in runs when opened.
fn is_runnable(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let Some((_, extension)) = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')) else {
        return false;
    };
    RUNNABLE.contains(&extension)
}

/// Longest address looked at, in bytes.
const ADDRESS_BYTES: usize = 2048;
/// Addresses in one text after which each is looked at for [`CROWDED_BYTES`] only: they may stand inside one another.
const MANY_ADDRESSES: usize = 1000;
/// Longest address looked at in a text with very many, in bytes.
const CROWDED_BYTES: usize = 128;

/// Extensions of files that run when opened.
const RUNNABLE: &[&str] = &[
    "exe", "dll", "msi", "scr", "bat", "cmd", "ps1", "psm1", "vbs", "hta", "jar", "apk", "sh", "bash", "so",
    "dylib", "elf", "deb", "rpm", "dmg", "pkg", "pkl", "pickle", "lnk", "iso", "wsf",
];

/// Services that lead to a machine behind them or show whatever is sent to them.
const TUNNELS: &[&str] = &[
    "ngrok.io",
    "ngrok.app",
    "ngrok-free.app",
    "ngrok-free.dev",
    "ngrok.dev",
    "trycloudflare.com",
    "serveo.net",
    "localtunnel.me",
    "loca.lt",
    "localhost.run",
    "lhr.life",
    "pagekite.me",
    "tunnelto.dev",
    "bore.pub",
    "webhook.site",
    "requestbin.com",
    "requestbin.net",
    "pipedream.net",
    "requestcatcher.com",
    "beeceptor.com",
    "burpcollaborator.net",
    "oastify.com",
    "oast.fun",
    "oast.pro",
    "oast.live",
    "oast.site",
    "oast.online",
    "oast.me",
    "interact.sh",
    "interactsh.com",
    "dnslog.cn",
    "ceye.io",
    "canarytokens.com",
];

/// Services that hide where an address leads.
const SHORTENERS: &[&str] = &[
    "bit.ly",
    "tinyurl.com",
    "goo.gl",
    "t.co",
    "is.gd",
    "v.gd",
    "cutt.ly",
    "rb.gy",
    "ow.ly",
    "buff.ly",
    "rebrand.ly",
    "shorturl.at",
    "t.ly",
    "tiny.cc",
    "adf.ly",
    "s.id",
    "shorte.st",
    "bl.ink",
    "qr.ae",
    "soo.gd",
    "clck.ru",
];

/// Services where anyone may leave a file without a name.
const PASTES: &[&str] = &[
    "pastebin.com",
    "paste.ee",
    "hastebin.com",
    "ghostbin.com",
    "rentry.co",
    "dpaste.com",
    "transfer.sh",
    "file.io",
    "0x0.st",
    "termbin.com",
    "ix.io",
    "anonfiles.com",
    "gofile.io",
    "catbox.moe",
    "temp.sh",
];

/// Hosts that models, papers, licences and data sets are normally published on.
const KNOWN_HOSTS: &[&str] = &[
    "huggingface.co",
    "hf.co",
    "github.com",
    "githubusercontent.com",
    "github.io",
    "gitlab.com",
    "bitbucket.org",
    "arxiv.org",
    "doi.org",
    "openreview.net",
    "aclanthology.org",
    "acm.org",
    "ieee.org",
    "nature.com",
    "springer.com",
    "pytorch.org",
    "tensorflow.org",
    "keras.io",
    "onnx.ai",
    "openvino.ai",
    "kaggle.com",
    "modelscope.cn",
    "tfhub.dev",
    "paperswithcode.com",
    "wandb.ai",
    "mlflow.org",
    "civitai.com",
    "ollama.com",
    "lmstudio.ai",
    "replicate.com",
    "openai.com",
    "anthropic.com",
    "mistral.ai",
    "meta.com",
    "facebook.com",
    "facebookresearch.com",
    "fbaipublicfiles.com",
    "google.com",
    "googleapis.com",
    "ai.google.dev",
    "deepmind.com",
    "microsoft.com",
    "azure.com",
    "windows.net",
    "aka.ms",
    "nvidia.com",
    "intel.com",
    "amd.com",
    "apple.com",
    "ibm.com",
    "qualcomm.com",
    "amazon.com",
    "amazonaws.com",
    "apache.org",
    "gnu.org",
    "opensource.org",
    "creativecommons.org",
    "spdx.org",
    "wikipedia.org",
    "wikimedia.org",
    "w3.org",
    "ietf.org",
    "json-schema.org",
    "schema.org",
    "python.org",
    "pypi.org",
    "readthedocs.io",
    "scikit-learn.org",
    "numpy.org",
    "zenodo.org",
    "figshare.com",
    "llama.com",
    "qwen.ai",
    "qwenlm.ai",
    "deepseek.com",
    "bigscience.huggingface.co",
    "nomic.ai",
    "jina.ai",
    "cohere.com",
    "stability.ai",
    "ai21.com",
    "x.ai",
    "databricks.com",
    "unsloth.ai",
    "docker.com",
    "ghcr.io",
    "quay.io",
    "youtube.com",
    "twitter.com",
    "x.com",
    "linkedin.com",
    "medium.com",
    "discord.gg",
    "dmg.org",
    "example.com",
    "example.org",
    "localhost",
];

/// Files that hold secrets, in lower case, with the separators of the systems they lie on.
const SENSITIVE_PATHS: &[&str] = &[
    "/etc/passwd",
    "/etc/shadow",
    "/etc/sudoers",
    "/root/.ssh",
    "/.ssh/id_",
    "~/.ssh",
    ".ssh/authorized_keys",
    ".aws/credentials",
    ".kube/config",
    ".docker/config.json",
    "/.netrc",
    "/proc/self/environ",
    "/.git-credentials",
    "\\windows\\system32\\config",
    ".huggingface/token",
    ".config/gcloud",
    "/var/run/secrets/",
];

/// Folders and files of the system that a model has no business naming.
const SYSTEM_PATHS: &[&str] = &[
    "/etc/",
    "/proc/",
    "/sys/",
    "/dev/",
    "/root/",
    "/boot/",
    "\\windows\\",
    "/windows/system32",
    "/var/run/",
    ".bashrc",
    ".ssh/",
    "/cron",
];

#[cfg(test)]
mod tests {
    use super::super::tests::seen;
    use super::*;

    #[test]
    fn an_escaping_path_is_told_from_one_that_stays() {
        for path in [
            "../w",
            "a/../../w",
            "/etc/x",
            "\\\\host\\share",
            "C:\\w",
            "a\\..\\..\\w",
            "http://h/w",
            "w\0.bin",
            "~/w",
            "..%2fw",
        ] {
            assert!(path_escape(path).is_some(), "{path}");
        }
        for path in ["w.bin", "a/../w", "./w", "a/b.c..d", "..w", "weights (1).bin", "~w"] {
            assert!(path_escape(path).is_none(), "{path}");
        }
    }

    #[test]
    fn a_tunnel_is_a_finding_but_a_name_that_only_ends_like_one_is_not() {
        assert_eq!(seen("see https://a1.ngrok.io/x for it"), [(METADATA_URL.id, Severity::Medium)]);
        assert_eq!(seen("see https://safe-ngrok.io/docs for it"), []);
        assert_eq!(seen("see https://example.com/guide?redirect=bit.ly/x for it"), []);
    }

    #[test]
    fn a_value_that_is_an_unknown_address_is_noted_and_a_known_one_is_not() {
        assert_eq!(seen("http://collector.invalid-host.net/x"), [(METADATA_URL.id, Severity::Info)]);
        assert_eq!(seen("https://huggingface.co/org/model"), []);
    }

    #[test]
    fn traversal_to_a_secret_is_a_path_finding_but_a_relative_link_is_not() {
        assert_eq!(seen("../../../etc/passwd"), [(METADATA_PATH.id, Severity::Medium)]);
        assert_eq!(seen("../data/train.csv"), []);
    }
}
