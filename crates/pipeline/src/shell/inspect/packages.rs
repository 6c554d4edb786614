//! Packages installed by name on a command line.

use super::Site;
use crate::Issue;
use crate::address::is_commit;
use crate::rules::{ADHOC_PACKAGE, DEPENDENCY_CONFUSION, UNPINNED_PACKAGE};
use crate::shell::{Argument, Invocation};
use bartizan_core::{Confidence, Severity};

pub(super) fn command(site: &Site<'_>, issues: &mut Vec<Issue>) {
    let invocation = &site.invocation;
    let Some(installer) = INSTALLERS.iter().find(|installer| installer.is(invocation)) else { return };
    indices(site, installer, issues);
    if invocation.option(&["--require-hashes", "--help", "-h", "--dry-run"]).is_some() {
        return;
    }
    let operands = invocation.operands(installer.valued);
    let packages: Vec<Argument<'_>> = operands.into_iter().skip(installer.verbs(invocation)).collect();
    let constrained =
        invocation.value(&["-c", "--constraint", "--constraints"]).is_some() && installer.name == "pip";
    let versioned =
        invocation.value(&["--version", "-v", "--tag", "--rev"]).is_some() && installer.name != "pip";
    let listed = invocation.values(&["-r", "--requirement"]);
    if let Some((list, argument)) =
        listed.into_iter().find(|(list, _)| list.contains("://") && installer.name == "pip")
        && !list.split('/').any(is_commit)
    {
        let message = format!("pip installs what `{list}` lists at that moment");
        issues.push(Issue::new(&UNPINNED_PACKAGE, argument.word.span.clone(), message));
    }
    let mut unpinned: Vec<String> = Vec::new();
    let mut is_source = false;
    let mut known = true;
    for package in &packages {
        let text = site.resolved(package.text);
        match judged(installer.pin, &text) {
            Package::Local | Package::Unknown => {}
            Package::Pinned => known = true,
            Package::Unpinned if constrained || versioned => {}
            Package::Unpinned => unpinned.push(text),
            Package::Source => {
                is_source = true;
                unpinned.push(text);
            }
        }
    }
    if !unpinned.is_empty() {
        let shown = unpinned.iter().take(6).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let bootstrap = unpinned
            .iter()
            .all(|name| BOOTSTRAP.contains(&name.split(['[', '>', '=', '<']).next().unwrap_or(name)));
        let bounded = unpinned.iter().all(|name| name.contains(",<") || name.contains("~="));
        let severity = if bootstrap || bounded { Severity::Low } else { installer.severity };
        let message = if is_source {
            format!("{} installs {shown} from where the content can change", installer.name)
        } else {
            format!("{} installs {shown} without a version", installer.name)
        };
        issues.push(Issue::new(&UNPINNED_PACKAGE, site.span(), message).severity(severity));
        return;
    }
    if known && is_lock_free_install(invocation) {
        let message = format!("{} installs a package outside the project's lock file", installer.name);
        issues.push(Issue::new(&ADHOC_PACKAGE, site.span(), message).confidence(Confidence::High));
    }
}

/// Whether the command installs named packages where the ecosystem has lock files.
fn is_lock_free_install(invocation: &Invocation<'_>) -> bool {
    let Some(installer) = INSTALLERS.iter().find(|installer| installer.is(invocation)) else { return false };
    let named = invocation
        .operands(installer.valued)
        .into_iter()
        .skip(installer.verbs(invocation))
        .any(|package| !matches!(judged(installer.pin, package.text), Package::Local));
    installer.has_lock && named && invocation.option(&["--help", "-h"]).is_none()
}

fn indices(site: &Site<'_>, installer: &Installer, issues: &mut Vec<Issue>) {
    if installer.name != "pip" && installer.name != "uv" {
        return;
    }
    for (index, argument) in site.invocation.values(&["--extra-index-url", "--index", "--find-links"]) {
        let is_index =
            argument.text.starts_with("--extra") || site.invocation.option(&["--extra-index-url"]).is_some();
        if !is_index || index.starts_with('-') {
            continue;
        }
        let public = PUBLIC_INDICES.iter().any(|known| index.contains(known));
        let severity = if public { Severity::Low } else { Severity::Medium };
        let message = format!("a second package index, {index}, answers for every name");
        issues
            .push(Issue::new(&DEPENDENCY_CONFUSION, argument.word.span.clone(), message).severity(severity));
        break;
    }
    if site.invocation.value(&["--index-strategy"]).is_some_and(|(value, _)| value.starts_with("unsafe")) {
        issues.push(Issue::new(&DEPENDENCY_CONFUSION, site.span(), "the best version of any index is taken"));
    }
}

pub(super) enum Package {
    Local,
    Unknown,
    Pinned,
    Unpinned,
    Source,
}

/// How far `text`, a package as a command names it, is tied down.
pub(super) fn judged(pin: Pin, text: &str) -> Package {
    if text.is_empty()
        || text.starts_with(['.', '/', '~', '-'])
        || [".txt"].iter().any(|end| text.ends_with(end))
        || [".whl", ".tar.gz"].iter().any(|end| text.ends_with(end)) && !text.contains("://")
    {
        return Package::Local;
    }
    if text.ends_with(".tar.gz") && !text.contains("://")
        || text == "requirements"
        || text.starts_with("file:")
    {
        return Package::Local;
    }
    if text.contains("git+") || text.starts_with("git@") || text.starts_with("github:") {
        let revision =
            text.split('#').next().unwrap_or(text).rsplit_once('@').map_or("", |(_, revision)| revision);
        return if is_commit(revision) {
            Package::Pinned
        } else if revision.contains('$') {
            Package::Unknown
        } else {
            Package::Source
        };
    }
    if text.contains("://") {
        return if text.contains("sha256=") || text.contains("@sha256") {
            Package::Pinned
        } else {
            Package::Source
        };
    }
    if text.starts_with(['$', '%', '{', '*', '"', '\'', '`']) || text.contains("$(") || text.contains("{{") {
        return Package::Unknown;
    }
    let pinned = match pin {
        Pin::Equals => {
            text.contains("==") && !text.contains("==*") && !text.ends_with(".*") || text.contains("===")
        }
        Pin::Single => text.split_once('=').is_some_and(|(name, version)| {
            !name.ends_with(['>', '<', '!', '~'])
                && version.trim_start_matches('=').starts_with(|c: char| c.is_ascii_digit() || c == '$')
        }),
        Pin::At => {
            let version = text.get(1..).and_then(|rest| rest.rsplit_once('@')).map(|(_, version)| version);
            version.is_some_and(|version| {
                version.starts_with(|c: char| c.is_ascii_digit() || c == 'v' || c == '$')
                    && !version.contains(".x")
            })
        }
        Pin::Gem => text.contains([':', '@']),
        Pin::EqualsOrAt => {
            let at = |text: &str| {
                text.rsplit_once('@')
                    .is_some_and(|(_, version)| version.starts_with(|c: char| c.is_ascii_digit() || c == '$'))
            };
            text.contains("==") && !text.ends_with(".*") || at(text)
        }
    };
    if pinned { Package::Pinned } else { Package::Unpinned }
}

/// How a version is written.
#[derive(Clone, Copy)]
pub(super) enum Pin {
    /// `name==1.2`.
    Equals,
    /// `name=1.2`.
    Single,
    /// `name@1.2`.
    At,
    /// `name:1.2`.
    Gem,
    /// `name==1.2` or `name@1.2`.
    EqualsOrAt,
}

struct Installer {
    name: &'static str,
    programs: &'static [&'static str],
    /// Any of these first arguments; each may be more than one word.
    verbs: &'static [&'static [&'static str]],
    valued: &'static [&'static str],
    pin: Pin,
    has_lock: bool,
    severity: Severity,
}

impl Installer {
    fn is(&self, invocation: &Invocation<'_>) -> bool {
        if !self.programs.contains(&invocation.program.as_str()) {
            return false;
        }
        self.verbs.is_empty() || self.verbs.iter().any(|verb| invocation.does(verb))
    }

    /// How many operands are the verb.
    fn verbs(&self, invocation: &Invocation<'_>) -> usize {
        self.verbs
            .iter()
            .filter(|verb| invocation.does(verb))
            .map(|verb| verb.len())
            .max()
            .unwrap_or_default()
    }
}

#[rustfmt::skip] // a table
const INSTALLERS: &[Installer] = &[
    Installer { name: "pip", programs: &["pip"], verbs: &[&["install"], &["download"], &["wheel"]], valued: PIP_VALUED, pin: Pin::Equals, has_lock: false, severity: Severity::Medium },
    Installer { name: "uv", programs: &["uv"], verbs: &[&["tool", "install"], &["add"]], valued: PIP_VALUED, pin: Pin::Equals, has_lock: false, severity: Severity::Low },
    Installer { name: "pipx", programs: &["pipx"], verbs: &[&["install"]], valued: PIP_VALUED, pin: Pin::Equals, has_lock: false, severity: Severity::Medium },
    Installer { name: "conda", programs: &["conda", "mamba", "micromamba"], verbs: &[&["install"], &["create"]], valued: &["-n", "--name", "-c", "--channel", "-p", "--prefix", "-f", "--file"], pin: Pin::Single, has_lock: false, severity: Severity::Medium },
    Installer { name: "npm", programs: &["npm", "pnpm"], verbs: &[&["install"], &["i"], &["add"], &["in"], &["ins"], &["inst"], &["isntall"]], valued: &["--prefix", "--registry", "-C", "--tag", "-w", "--workspace", "--loglevel"], pin: Pin::At, has_lock: true, severity: Severity::Medium },
    Installer { name: "yarn", programs: &["yarn"], verbs: &[&["add"], &["global", "add"]], valued: &["--registry", "--cwd"], pin: Pin::At, has_lock: true, severity: Severity::Medium },
    Installer { name: "bun", programs: &["bun"], verbs: &[&["add"]], valued: &[], pin: Pin::At, has_lock: true, severity: Severity::Medium },
    Installer { name: "gem", programs: &["gem"], verbs: &[&["install"], &["i"]], valued: &["-v", "--version", "-i", "--install-dir", "-n", "--bindir"], pin: Pin::Gem, has_lock: true, severity: Severity::Low },
    Installer { name: "go", programs: &["go"], verbs: &[&["install"]], valued: &["-ldflags", "-tags"], pin: Pin::At, has_lock: false, severity: Severity::Low },
];

const PIP_VALUED: &[&str] = &[
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "-t",
    "--target",
    "-i",
    "--index-url",
    "--extra-index-url",
    "--trusted-host",
    "-f",
    "--find-links",
    "--prefix",
    "--root",
    "--python",
    "--python-version",
    "--platform",
    "--abi",
    "--implementation",
    "-e",
    "--editable",
    "--no-binary",
    "--only-binary",
    "--progress-bar",
    "--timeout",
    "--default-timeout",
    "--retries",
    "--cache-dir",
    "--log",
    "--proxy",
    "--cert",
    "--src",
    "--upgrade-strategy",
    "-d",
    "--dest",
    "--config-settings",
    "--global-option",
    "--use-feature",
    "--report",
    "--root-user-action",
    "--with",
    "--index-strategy",
    "--index",
    "-w",
    "--wheel-dir",
    "--group",
];

/// What sets the installer itself up.
const BOOTSTRAP: &[&str] = &["pip", "setuptools", "wheel", "uv", "build", "poetry", "pipenv", "virtualenv"];

/// Indices that serve one vendor's builds.
const PUBLIC_INDICES: &[&str] = &[
    "download.pytorch.org",
    "pypi.nvidia.com",
    "pypi.ngc.nvidia.com",
    "storage.googleapis.com/jax-releases",
    "data.pyg.org",
    "huggingface.github.io",
    "wheels.vllm.ai",
    "pypi.org/simple",
];
