//! Dependabot's configuration.

use super::reader::gaps;
use crate::rules::{DEPENDENCY_COOLDOWN, DEPENDENCY_EXECUTION, SECRET};
use crate::yaml::{Node, Yaml, edit};
use crate::{Issue, Notes, Reader, Safety, Text, issue};
use bartizan_core::{Kind, Rule};

/// `.github/dependabot.yml`.
#[derive(Debug)]
pub(crate) struct DependabotFile;

/// Days within which most malicious releases are found.
const DAYS: i64 = 7;

impl Reader for DependabotFile {
    fn id(&self) -> &'static str {
        "dependabot"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&DEPENDENCY_COOLDOWN, &DEPENDENCY_EXECUTION, &SECRET]
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        matches!(text.file_name(), "dependabot.yml" | "dependabot.yaml") && text.has_key(&["updates"])
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        let Some(root) = yaml.root() else { return };
        for update in root.get("updates").into_iter().flat_map(Node::items) {
            issue::report(text, notes, judge(text, update));
        }
        for registry in root.get("registries").map(Node::entries).unwrap_or_default() {
            for name in ["password", "token", "key"] {
                let written = registry.value.get(name).filter(|node| {
                    node.as_str().is_some_and(|value| !value.contains("${{") && value.len() > 2)
                });
                let issue = written.map(|node| {
                    Issue::new(
                        &SECRET,
                        node.span(),
                        "the credential of a registry is written in the configuration",
                    )
                });
                issue::report(text, notes, issue);
            }
        }
    }
}

fn judge(text: &Text<'_>, update: Node<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    let ecosystem = update.text_of("package-ecosystem").unwrap_or_default();
    if let Some(entry) =
        update.entry("insecure-external-code-execution").filter(|entry| entry.value.as_str() == Some("allow"))
    {
        issues.push(Issue::new(
            &DEPENDENCY_EXECUTION,
            entry.key.span(),
            "packages may run their code while updates are looked for",
        ));
    }
    let at = update.entry("package-ecosystem").map_or(update.span(), |entry| entry.key.span());
    match update.entry("cooldown") {
        None => {
            let message = format!("updates of {ecosystem} are taken the day they appear");
            let ends = update.entry("package-ecosystem").map(|entry| entry.value.span().end);
            let block = ["cooldown:", "  default-days: 7"];
            let fix = ends
                .filter(|_| {
                    !text.content.get(update.span().start..).is_some_and(|rest| rest.starts_with('{'))
                })
                .and_then(|end| {
                    edit::nested(text.content, at.start, end, &block, "wait seven days", Safety::Safe)
                });
            issues.push(Issue::new(&DEPENDENCY_COOLDOWN, at, message).fix(fix));
        }
        Some(cooldown) => match cooldown.value.entry("default-days") {
            None => issues.push(Issue::new(
                &DEPENDENCY_COOLDOWN,
                cooldown.key.span(),
                "the cooldown has no `default-days`",
            )),
            Some(days) => {
                if days.value.as_int().is_some_and(|days| days < DAYS) {
                    let message = format!("a cooldown of less than {DAYS} days");
                    issues.push(Issue::new(&DEPENDENCY_COOLDOWN, days.key.span(), message));
                }
            }
        },
    }
    issues
}

#[cfg(test)]
mod tests {
    use crate::{Text, examine};
    use bartizan_core::{Limits, MonotonicClock};

    #[test]
    fn what_can_be_mended_is_mended_and_then_quiet() {
        let cases = [
            (
                ".github/dependabot.yml",
                "version: 2\nupdates:\n  - package-ecosystem: pip\n    directory: /\n",
            ),
            (
                ".github/workflows/w.yml",
                "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: actions/checkout@0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012 # v4\n      - uses: actions/checkout@0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012\n        with:\n          fetch-depth: 0\n  b:\n    runs-on: x\n    steps: [{run: ls}]\n",
            ),
        ];
        for (name, content) in cases {
            let read = |content: &str| {
                examine(&Text::new(name, content), &Limits::default(), &MonotonicClock::start())
            };
            let before = read(content);
            let fixes: Vec<&crate::Fix> = before.fixes.iter().map(|proposal| &proposal.fix).collect();
            assert!(!fixes.is_empty());
            let (mended, count) = crate::apply(content, &fixes);
            assert_eq!(count, fixes.len());
            let after = read(&mended);
            assert_eq!((after.gaps.len(), after.findings.len()), (0, 0), "{mended}");
        }
    }

    #[test]
    fn updates_want_a_cooldown_and_no_execution() {
        let text = "version: 2\nupdates:\n  - package-ecosystem: pip\n    insecure-external-code-execution: allow\n  - package-ecosystem: npm\n    cooldown: {default-days: 7}\n";
        let outcome =
            examine(&Text::new(".github/dependabot.yml", text), &Limits::default(), &MonotonicClock::start());
        let mut found: Vec<(&str, Option<u32>)> =
            outcome.findings.iter().map(|one| (one.rule.id, one.location.line)).collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [("pipeline/dependency-cooldown", Some(3)), ("pipeline/dependency-execution", Some(4))]
        );
    }
}
