//! Manifests and locks of JavaScript in JSON and YAML, and `Pipfile.lock`.

use crate::dependencies::{Dependencies, Dependency, Ecosystem, Pin, Purpose};
use crate::rules::{
    CURL_PIPE_SHELL, HOOKS_SKIPPED, INSECURE_TRANSPORT, NO_AUTHENTICATION, REMOTE_CODE, RISKY_TOOL_GRANT,
    SECRET, TLS_DISABLED,
};
use crate::shell::inspect::{self, Setting};
use crate::yaml::{Node, Yaml};
use crate::{Issue, Text, address};

fn with(text: &Text<'_>, purpose: Purpose, gather: impl Fn(Node<'_>, &mut Dependencies)) -> Dependencies {
    let mut found = Dependencies::new(purpose);
    let yaml = Yaml::read(text.content);
    found.stops.extend(yaml.stops.iter().map(|stop| (stop.offset, stop.reason.clone())));
    if let Some(root) = yaml.root() {
        gather(root, &mut found);
    }
    found
}

/// What is told of the scripts of a package.
const TOLD: &[&str] = &[
    CURL_PIPE_SHELL.id,
    TLS_DISABLED.id,
    INSECURE_TRANSPORT.id,
    REMOTE_CODE.id,
    RISKY_TOOL_GRANT.id,
    HOOKS_SKIPPED.id,
    SECRET.id,
    NO_AUTHENTICATION.id,
];

/// Reads a `package.json`.
pub(super) fn package(text: &Text<'_>) -> Dependencies {
    with(text, Purpose::Manifest, |root, found| {
        for script in root.get("scripts").map(Node::entries).unwrap_or_default() {
            let offsets = script.value.offsets();
            let issues = inspect::script(script.value.as_str().unwrap_or_default(), Setting::Other);
            let fetched = issues.into_iter().filter(|issue| TOLD.contains(&issue.rule.id));
            found
                .issues
                .extend(fetched.map(|issue| Issue { span: offsets.range(issue.span.clone()), ..issue }));
        }
        for place in ["dependencies", "devDependencies", "optionalDependencies", "resolutions", "overrides"] {
            for entry in root.get(place).map(Node::entries).unwrap_or_default() {
                let Some(written) = entry.value.as_str() else { continue };
                let span = entry.span();
                found.dependencies.push(Dependency {
                    ecosystem: Ecosystem::Npm,
                    name: entry.name().to_owned(),
                    span,
                    pin: asked(written),
                    hashed: false,
                });
            }
        }
    })
}

fn asked(written: &str) -> Pin {
    let written = written.trim();
    let exact = written.strip_prefix('=').unwrap_or(written);
    if matches!(written, "" | "*" | "latest" | "x") {
        Pin::None
    } else if written.starts_with("file:")
        || written.starts_with("link:")
        || written.starts_with("workspace:")
    {
        Pin::Local
    } else if written.starts_with("git")
        || written.starts_with("bitbucket:")
        || written.rsplit('.').next() == Some("git")
        || written.contains(".git#")
    {
        let fixed = written.rsplit_once('#').is_some_and(|(_, revision)| address::is_commit(revision));
        if fixed { Pin::Commit } else { Pin::Moving }
    } else if written.contains("://") {
        Pin::Address(false)
    } else if exact.starts_with(|c: char| c.is_ascii_digit())
        && exact.matches('.').count() == 2
        && !exact.contains([' ', 'x', '*', '|'])
    {
        Pin::Exact(exact.to_owned())
    } else if written.contains('/') && !written.starts_with("npm:") {
        // `owner/repository` is one of GitHub.
        let fixed = written.rsplit_once('#').is_some_and(|(_, revision)| address::is_commit(revision));
        if fixed { Pin::Commit } else { Pin::Moving }
    } else {
        Pin::Range(written.to_owned())
    }
}

/// Reads a `package-lock.json`, versions 1 to 3.
pub(super) fn package_lock(text: &Text<'_>) -> Dependencies {
    with(text, Purpose::Lock, |root, found| {
        for entry in root.get("packages").map(Node::entries).unwrap_or_default() {
            let Some((_, name)) = entry.name().rsplit_once("node_modules/") else { continue };
            npm(name, entry.value, found);
        }
        let mut pending: Vec<(Node<'_>, usize)> = root
            .get("dependencies")
            .filter(|_| root.get("packages").is_none())
            .map(|node| (node, 0))
            .into_iter()
            .collect();
        while let Some((node, depth)) = pending.pop() {
            for entry in node.entries() {
                npm(entry.name(), entry.value, found);
                pending.extend(
                    entry.value.get("dependencies").filter(|_| depth < 64).map(|inner| (inner, depth + 1)),
                );
            }
        }
    })
}

fn npm(name: &str, node: Node<'_>, found: &mut Dependencies) {
    let Some(version) = node.get("version") else { return };
    let Some(exact) = version.as_str() else { return };
    if node.get("link").and_then(Node::as_bool) == Some(true) {
        return;
    }
    if let Some(resolved) = node.get("resolved")
        && let Some(clear) = resolved.as_str().and_then(address::clear)
    {
        let message = format!(
            "`{}` is fetched from `{}` without TLS",
            bartizan_core::printable(name, 80),
            bartizan_core::printable(clear.address, 100)
        );
        found.issues.push(clear.source_issue(resolved.span(), message));
    }
    let registry = node.text_of("resolved").is_none_or(|resolved| !resolved.starts_with("git"));
    let hashed = node.get("integrity").is_some()
        || !registry
        || node.get("bundled").is_some()
        || node.get("inBundle").is_some();
    found.dependencies.push(Dependency {
        ecosystem: Ecosystem::Npm,
        name: name.to_owned(),
        span: version.span(),
        pin: Pin::Exact(exact.to_owned()),
        hashed,
    });
}

/// Reads a `Pipfile.lock`.
pub(super) fn pipfile_lock(text: &Text<'_>) -> Dependencies {
    with(text, Purpose::Lock, |root, found| {
        for place in ["default", "develop"] {
            for entry in root.get(place).map(Node::entries).unwrap_or_default() {
                let Some(version) = entry.value.get("version") else { continue };
                let exact = version.as_str().unwrap_or_default().trim_start_matches('=').to_owned();
                let hashed = entry.value.get("hashes").is_some();
                found.dependencies.push(Dependency {
                    ecosystem: Ecosystem::PyPi,
                    name: Ecosystem::PyPi.normal(entry.name()),
                    span: version.span(),
                    pin: Pin::Exact(exact),
                    hashed,
                });
            }
        }
    })
}

/// Reads a `pnpm-lock.yaml`, versions 5 to 9.
pub(super) fn pnpm_lock(text: &Text<'_>) -> Dependencies {
    with(text, Purpose::Lock, |root, found| {
        for entry in root.get("packages").map(Node::entries).unwrap_or_default() {
            let key = entry.name().trim_start_matches('/').split('(').next().unwrap_or_default();
            let split = key.get(1..).and_then(|rest| rest.rfind('@')).map(|at| at.saturating_add(1));
            let split = split.or_else(|| key.rfind('/'));
            let Some((name, version)) =
                split.and_then(|at| Some((key.get(..at)?, key.get(at.saturating_add(1)..)?)))
            else {
                continue;
            };
            let hashed = entry.value.path(&["resolution", "integrity"]).is_some();
            let version = version.split('_').next().unwrap_or(version).to_owned();
            found.dependencies.push(Dependency {
                ecosystem: Ecosystem::Npm,
                name: name.to_owned(),
                span: entry.key.span(),
                pin: Pin::Exact(version),
                hashed,
            });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(name: &str, content: &str) -> Vec<(String, Pin)> {
        let text = Text::new(name, content);
        crate::dependencies::read(&text)
            .unwrap()
            .dependencies
            .into_iter()
            .map(|found| (found.name, found.pin))
            .collect()
    }

    #[test]
    fn each_file_of_javascript_gives_its_dependencies() {
        let exact = |version: &str| Pin::Exact(version.to_owned());
        assert_eq!(
            names(
                "package.json",
                "{\"dependencies\": {\"a\": \"^1.0.0\", \"b\": \"1.2.3\", \"c\": \"*\", \"d\": \"owner/repo\"}}"
            ),
            [
                ("a".to_owned(), Pin::Range("^1.0.0".to_owned())),
                ("b".to_owned(), exact("1.2.3")),
                ("c".to_owned(), Pin::None),
                ("d".to_owned(), Pin::Moving)
            ]
        );
        assert_eq!(
            names(
                "package-lock.json",
                "{\"packages\": {\"\": {\"version\": \"9\"}, \"node_modules/@s/a\": {\"version\": \"1.0.0\", \"integrity\": \"x\"}}}"
            ),
            [("@s/a".to_owned(), exact("1.0.0"))]
        );
        assert_eq!(
            names(
                "pnpm-lock.yaml",
                "packages:\n  '@s/a@1.0.0(b@2)':\n    resolution: {integrity: x}\n  /c/2.0.0:\n    dev: true\n"
            ),
            [("@s/a".to_owned(), exact("1.0.0")), ("c".to_owned(), exact("2.0.0"))]
        );
        assert_eq!(
            names("Pipfile.lock", "{\"default\": {\"A\": {\"version\": \"==1\"}}}"),
            [("a".to_owned(), exact("1"))]
        );
    }
}
