//! Programs that fetch a package and run it at once: `uvx`, `npx`, `pipx run`, `pnpm dlx`.
//!
//! Source: uv's, npm's, pnpm's, Yarn's, Bun's and pipx's documentation of these commands. What a project has installed itself runs
//! before anything is fetched under `npx`, `npm exec` and `bunx`, so that only what asks for the network there is judged.

use super::Site;
use super::packages::{Package, Pin, judged};
use crate::Issue;
use crate::rules::UNPINNED_PACKAGE;
use crate::shell::Invocation;
use bartizan_core::Severity;

pub(super) fn command(site: &Site<'_>, issues: &mut Vec<Issue>) {
    let Some(invocation) = Invocation::written(&site.command.words) else { return };
    let Some(runner) = RUNNERS.iter().find(|runner| {
        runner.programs.contains(&invocation.program.as_str()) && invocation.does(runner.verbs)
    }) else {
        return;
    };
    let operands = invocation.operands(runner.valued);
    let first = operands.get(runner.verbs.len());
    // What stands behind the program is an option of its own: `npx tool -p "a prompt"`.
    let ends = first.filter(|_| runner.runs_first).map_or(usize::MAX, |first| first.word.span.start);
    let before = |options: &[&str]| -> Vec<&str> {
        let given = invocation.values(options).into_iter();
        given.filter(|(_, argument)| argument.word.span.start < ends).map(|(value, _)| value).collect()
    };
    let named = before(runner.named);
    let mut packages = named.clone();
    if named.is_empty() && runner.runs_first {
        packages.extend(first.map(|operand| operand.text));
    }
    let with = before(runner.with);
    packages.extend(with.iter().flat_map(|value| value.split(',')));
    let asks = !runner.prefers_own
        || !named.is_empty()
        || invocation.arguments.iter().any(|argument| matches!(argument.text, "-y" | "--yes"))
        || packages.iter().any(|package| package.ends_with("@latest"));
    if !asks || invocation.arguments.iter().any(|argument| matches!(argument.text, "--help" | "--offline")) {
        return;
    }
    let mut moving: Vec<String> = Vec::new();
    let mut is_source = false;
    for package in packages {
        let text = site.resolved(package);
        match judged(runner.pin, &text) {
            Package::Local | Package::Unknown | Package::Pinned => {}
            Package::Unpinned => moving.push(text),
            Package::Source => {
                is_source = true;
                moving.push(text);
            }
        }
    }
    let Some(first) = moving.first() else { return };
    let message = if is_source {
        format!("`{}` runs `{first}`, whatever it holds at that moment", runner.name)
    } else {
        format!("`{}` fetches and runs whatever version of `{first}` is newest", runner.name)
    };
    let severity = if runner.runs_first { Severity::Medium } else { Severity::Low };
    issues.push(Issue::new(&UNPINNED_PACKAGE, invocation.span(), message).severity(severity));
}

struct Runner {
    name: &'static str,
    programs: &'static [&'static str],
    /// The words behind the program that make it run something.
    verbs: &'static [&'static str],
    /// Options that name the package, in the place of the first operand.
    named: &'static [&'static str],
    /// Options that name further packages.
    with: &'static [&'static str],
    /// Other options with a value.
    valued: &'static [&'static str],
    pin: Pin,
    /// Whether the first operand is the package.
    runs_first: bool,
    /// Whether what the project has installed is taken before anything is fetched.
    prefers_own: bool,
}

#[rustfmt::skip] // a table
const RUNNERS: &[Runner] = &[
    Runner { name: "uvx", programs: &["uvx"], verbs: &[], named: &["--from"], with: &["--with"], valued: UV_VALUED, pin: Pin::EqualsOrAt, runs_first: true, prefers_own: false },
    Runner { name: "uv tool run", programs: &["uv"], verbs: &["tool", "run"], named: &["--from"], with: &["--with"], valued: UV_VALUED, pin: Pin::EqualsOrAt, runs_first: true, prefers_own: false },
    Runner { name: "uv run", programs: &["uv"], verbs: &["run"], named: &[], with: &["--with"], valued: UV_VALUED, pin: Pin::EqualsOrAt, runs_first: false, prefers_own: false },
    Runner { name: "pipx run", programs: &["pipx"], verbs: &["run"], named: &["--spec"], with: &["--with"], valued: &["--spec", "--with", "--python", "--index-url", "-i", "--pip-args"], pin: Pin::EqualsOrAt, runs_first: true, prefers_own: false },
    Runner { name: "npx", programs: &["npx", "pnpx"], verbs: &[], named: &["-p", "--package"], with: &[], valued: NPM_VALUED, pin: Pin::At, runs_first: true, prefers_own: true },
    Runner { name: "npm exec", programs: &["npm"], verbs: &["exec"], named: &["-p", "--package"], with: &[], valued: NPM_VALUED, pin: Pin::At, runs_first: true, prefers_own: true },
    Runner { name: "npm x", programs: &["npm"], verbs: &["x"], named: &["-p", "--package"], with: &[], valued: NPM_VALUED, pin: Pin::At, runs_first: true, prefers_own: true },
    Runner { name: "pnpm dlx", programs: &["pnpm"], verbs: &["dlx"], named: &["--package"], with: &[], valued: NPM_VALUED, pin: Pin::At, runs_first: true, prefers_own: false },
    Runner { name: "yarn dlx", programs: &["yarn"], verbs: &["dlx"], named: &["-p", "--package"], with: &[], valued: NPM_VALUED, pin: Pin::At, runs_first: true, prefers_own: false },
    Runner { name: "bunx", programs: &["bunx"], verbs: &[], named: &["-p", "--package"], with: &[], valued: NPM_VALUED, pin: Pin::At, runs_first: true, prefers_own: true },
    Runner { name: "bun x", programs: &["bun"], verbs: &["x"], named: &["-p", "--package"], with: &[], valued: NPM_VALUED, pin: Pin::At, runs_first: true, prefers_own: true },
];

const UV_VALUED: &[&str] = &[
    "--from",
    "--with",
    "--with-editable",
    "--with-requirements",
    "-p",
    "--python",
    "--index",
    "--index-url",
    "-i",
    "--extra-index-url",
    "--default-index",
    "--find-links",
    "-f",
    "--cache-dir",
    "--env-file",
    "--directory",
    "--project",
    "--config-file",
    "--index-strategy",
    "--keyring-provider",
    "--resolution",
    "--prerelease",
    "--exclude-newer",
    "--link-mode",
    "-P",
    "--upgrade-package",
    "--refresh-package",
    "--reinstall-package",
    "-c",
    "--constraints",
    "--overrides",
    "--color",
    "--extra",
    "--group",
    "--only-group",
    "--package",
];

const NPM_VALUED: &[&str] = &[
    "-p",
    "--package",
    "-c",
    "--call",
    "--registry",
    "--prefix",
    "-C",
    "--dir",
    "-w",
    "--workspace",
    "--loglevel",
    "--userconfig",
];

#[cfg(test)]
mod tests {
    use crate::shell::inspect::{Setting, script};

    fn found(text: &str) -> Vec<&'static str> {
        script(text, Setting::Pipeline).iter().map(|issue| issue.rule.id).collect()
    }

    #[test]
    fn what_is_fetched_and_run_without_a_version_is_found() {
        for text in [
            "uvx ruff check .",
            "uvx --with pandas tool==1.0",
            "uvx --from git+ssh://git@github.com/acme/tool@main tool",
            "uv tool run black --check .",
            "pipx run build --sdist",
            "npx -y create-thing@latest app",
            "npx --yes --package typescript tsc -p .",
            "npm exec -y cowsay -- hi",
            "pnpm dlx degit a/b",
            "uv run --with httpx script.py",
        ] {
            assert_eq!(found(text), ["pipeline/unpinned-package"], "{text}");
        }
    }

    #[test]
    fn what_has_a_version_or_is_the_projects_own_is_silent() {
        for text in [
            "uvx ruff@0.6.1 check .",
            "uvx --from 'tool==1.2' tool run",
            "uvx --from . tool",
            "uvx --from git+https://github.com/acme/tool@0123456789abcdef0123456789abcdef01234567 tool",
            "pipx run --spec build==1.2.1 pyproject-build",
            "npx -y some-tool@1.2.3 build all",
            "npx tsc -p .",
            "npm exec tsc",
            "bunx tsc",
            "uv run pytest -x",
            "uv run --with httpx==0.27 script.py",
            "npx -y some-tool@1.2.3 -p 'a prompt'",
            "uvx tool@1.2 --with other",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
