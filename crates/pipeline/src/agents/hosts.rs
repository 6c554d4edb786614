//! Whose machine an address names: [`addresses`] finds them, [`Host`] says what is known of each by its form alone.

use std::net::Ipv4Addr;
use std::ops::Range;

/// What the name of a machine tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Host {
    /// This machine, a private network, or a name reserved for examples.
    Local,
    /// An installer that most developers know by name.
    KnownInstaller,
    /// A public name.
    Named,
    /// A bare address.
    Bare,
    /// A place where anyone leaves or collects data without a name: pastes, request bins, tunnels, shorteners, chat hooks.
    Anonymous,
}

/// An address in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address<'t> {
    /// Scheme to end.
    pub(crate) span: Range<usize>,
    /// The machine's name, in lower case as the text is.
    pub(crate) host: &'t str,
    /// What follows it.
    pub(crate) path: &'t str,
    /// Whether it is fetched without TLS.
    pub(crate) plain: bool,
}

/// Every `http` and `https` address in `folded`, a text in lower case.
pub(crate) fn addresses(folded: &str) -> Vec<Address<'_>> {
    let mut found = Vec::new();
    for at in memchr::memmem::find_iter(folded.as_bytes(), "http") {
        let Some(rest) = folded.get(at..) else { continue };
        let (plain, scheme) = if rest.starts_with("https://") {
            (false, 8)
        } else if rest.starts_with("http://") {
            (true, 7)
        } else {
            continue;
        };
        let rest = rest.get(scheme..).unwrap_or_default();
        let end =
            rest.find(|c: char| c.is_whitespace() || "\"'`<>|\\^)]},;".contains(c)).unwrap_or(rest.len());
        let whole = rest.get(..end).unwrap_or_default();
        let authority_end = whole.find(['/', '?', '#']).unwrap_or(whole.len());
        let authority = whole.get(..authority_end).unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        let host = host.split(':').next().unwrap_or_default();
        if host.is_empty() {
            continue;
        }
        let path = whole.get(authority_end..).unwrap_or_default();
        found.push(Address { span: at..at.saturating_add(scheme).saturating_add(end), host, path, plain });
    }
    found
}

impl Address<'_> {
    /// What the name tells.
    pub(crate) fn sort(&self) -> Host {
        let hook = (self.host.ends_with("discord.com") || self.host.ends_with("discordapp.com"))
            && self.path.strip_prefix("/api/webhooks/").is_some_and(|hook| !hook.is_empty())
            || self.host == "api.telegram.org" && self.path.starts_with("/bot") && !self.is_given()
            || self.host == "gist.githubusercontent.com"
            || self.host == "gist.github.com";
        let scripts = self.host == "raw.githubusercontent.com"
            && INSTALL_SCRIPTS.iter().any(|repository| self.path.starts_with(repository));
        match (hook, scripts) {
            (true, _) => Host::Anonymous,
            (false, true) => Host::KnownInstaller,
            (false, false) => sort(self.host),
        }
    }

    /// Whether the secret part of the address comes from the environment, so that it is the user's own.
    fn is_given(&self) -> bool {
        ["{os.environ", "{os.getenv", "${process.env", "/bot$"]
            .iter()
            .any(|variable| self.path.contains(variable))
    }

    /// Whether what is sent there can be read by someone without a name: not a paste or a short name, which only give.
    pub(crate) fn collects(&self) -> bool {
        let gives = [
            "gist.",
            "pastebin",
            "paste.",
            "hastebin",
            "glot.",
            "rentry.",
            "bit.ly",
            "tinyurl",
            "goo.gl",
            "t.ly",
            "is.gd",
            "mega.nz",
            "mediafire",
        ];
        self.sort() == Host::Anonymous
            && !gives.iter().any(|part| self.host.starts_with(part) || self.host.ends_with(part))
    }

    /// Whether `subject`, what a skill says it is about, names who this machine or repository belongs to.
    pub(crate) fn belongs_to(&self, subject: &str) -> bool {
        let owner = if matches!(self.host, "github.com" | "raw.githubusercontent.com" | "gitlab.com") {
            let mut parts = self.path.trim_start_matches('/').split('/');
            return parts.by_ref().take(2).any(|part| part.len() >= 3 && subject.contains(part));
        } else {
            let mut labels = self.host.rsplit('.');
            labels.next();
            labels.next().unwrap_or(self.host)
        };
        owner.len() >= 3
            && (subject.contains(owner)
                || owner.len() >= 5 && squeezed(subject).contains(owner)
                // What makers add to their name where it was taken.
                || ["hq", "app", "dev", "labs", "inc", "cdn", "io", "get"].iter().any(|more| {
                    owner
                        .strip_suffix(more)
                        .is_some_and(|name| name.len() >= 5 && squeezed(subject).contains(name))
                }))
    }
}

/// `text` without white space and hyphens.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '-' && *c != '_').collect()
}

/// Whether `host` is one of the domains `names` or lies below one.
pub(crate) fn is_below(host: &str, names: &[&str]) -> bool {
    names
        .iter()
        .any(|name| host.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.')))
}

/// What the name of the machine `host` tells.
pub(crate) fn sort(host: &str) -> Host {
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        let local = address.is_loopback()
            || address.is_private()
            || address.is_unspecified()
            || address.is_link_local();
        return if local { Host::Local } else { Host::Bare };
    }
    let ends = |names: &[&str]| is_below(host, names);
    if host == "localhost" || ends(&["localhost", "local", "internal"]) || host.contains(['{', '$', '<', '['])
    {
        Host::Local
    } else if ends(ANONYMOUS)
        || host.rsplit('.').next() == Some("onion")
        || host.starts_with("paste.")
        || host.starts_with("pastes.")
        || bodes_ill(host)
    {
        Host::Anonymous
    } else if ends(INSTALLERS) {
        Host::KnownInstaller
    } else {
        Host::Named
    }
}

/// Whether a label of the name is a word that no honest service calls itself.
fn bodes_ill(host: &str) -> bool {
    host.split(['.', '-']).any(|label| ILL.contains(&label))
}

/// Words by which those who write about attacks, and some who carry them out, name the other end.
static ILL: &[&str] = &[
    "attacker",
    "evil",
    "malicious",
    "exfil",
    "exfiltrate",
    "c2",
    "stealer",
    "keylogger",
    "malware",
    "hacker",
    "phish",
    "rat",
    "botnet",
];

/// Services that take or give anything from anyone.
static ANONYMOUS: &[&str] = &[
    "webhook.site",
    "requestbin.com",
    "requestbin.net",
    "requestcatcher.com",
    "pipedream.net",
    "beeceptor.com",
    "hookbin.com",
    "ngrok.io",
    "ngrok.app",
    "ngrok.dev",
    "ngrok-free.app",
    "ngrok-free.dev",
    "trycloudflare.com",
    "loca.lt",
    "localtunnel.me",
    "serveo.net",
    "localhost.run",
    "burpcollaborator.net",
    "oastify.com",
    "oast.fun",
    "oast.live",
    "oast.me",
    "oast.online",
    "oast.pro",
    "oast.site",
    "interact.sh",
    "interactsh.com",
    "dnslog.cn",
    "ceye.io",
    "canarytokens.com",
    "pastebin.com",
    "paste.ee",
    "hastebin.com",
    "ghostbin.com",
    "dpaste.com",
    "dpaste.org",
    "rentry.co",
    "rentry.org",
    "glot.io",
    "termbin.com",
    "controlc.com",
    "ix.io",
    "sprunge.us",
    "paste.rs",
    "0bin.net",
    "privatebin.net",
    "pastie.org",
    "bpa.st",
    "transfer.sh",
    "file.io",
    "0x0.st",
    "gofile.io",
    "anonfiles.com",
    "catbox.moe",
    "mediafire.com",
    "mega.nz",
    "temp.sh",
    "bashupload.com",
    "tmpfiles.org",
    "oshi.at",
    "filebin.net",
    "bit.ly",
    "tinyurl.com",
    "is.gd",
    "t.ly",
    "cutt.ly",
    "rb.gy",
    "shorturl.at",
    "goo.gl",
    "tiny.cc",
    "ow.ly",
    "v.gd",
];

/// Repositories whose install script the makers of widespread tools have people run, in lower case.
static INSTALL_SCRIPTS: &[&str] = &[
    "/homebrew/install/",
    "/nvm-sh/nvm/",
    "/ohmyzsh/ohmyzsh/",
    "/helm/helm/",
    "/golangci/golangci-lint/",
    "/k3d-io/k3d/",
    "/rancher/k3d/",
    "/junegunn/vim-plug/",
    "/tfutils/tfenv/",
    "/aquasecurity/trivy/",
    "/anchore/syft/",
    "/anchore/grype/",
];

/// Machines from which the makers of widespread tools have them installed.
static INSTALLERS: &[&str] = &[
    "astral.sh",
    "sh.rustup.rs",
    "rustup.rs",
    "bun.sh",
    "deno.land",
    "get.docker.com",
    "brew.sh",
    "nodesource.com",
    "get.pnpm.io",
    "ollama.com",
    "ollama.ai",
    "install.python-poetry.org",
    "bootstrap.pypa.io",
    "get.helm.sh",
    "get.k3s.io",
    "cli.github.com",
    "sdk.cloud.google.com",
    "fly.io",
    "nixos.org",
    "determinate.systems",
    "claude.ai",
    "cursor.com",
    "starship.rs",
    "mise.run",
    "volta.sh",
    "foundry.paradigm.xyz",
    "pixi.sh",
    "awscli.amazonaws.com",
    "aka.ms",
    "micro.mamba.pm",
    "repo.anaconda.com",
    "just.systems",
    "get.sdkman.io",
    "opencode.ai",
    "hf.co",
    "huggingface.co",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_and_sorted_by_their_machine() {
        let text = "see https://docs.acme.io/a, http://45.12.3.4:80/x (https://webhook.site/1) http://127.0.0.1/ https://astral.sh/uv/install.sh";
        let sorts: Vec<(&str, Host, bool)> =
            addresses(text).iter().map(|address| (address.host, address.sort(), address.plain)).collect();
        assert_eq!(
            sorts,
            [
                ("docs.acme.io", Host::Named, false),
                ("45.12.3.4", Host::Bare, true),
                ("webhook.site", Host::Anonymous, false),
                ("127.0.0.1", Host::Local, true),
                ("astral.sh", Host::KnownInstaller, false),
            ]
        );
        assert_eq!(sort("notwebhook.site"), Host::Named);
    }

    #[test]
    fn a_machine_belongs_to_the_subject_that_names_its_owner() {
        let found = addresses("https://cli.acme.io/i.sh https://github.com/acme/tool https://other.io/x");
        let belong: Vec<bool> = found.iter().map(|address| address.belongs_to("acme deployments")).collect();
        assert_eq!(belong, [true, true, false]);
    }
}
