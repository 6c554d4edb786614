//! Dependabot's configuration.

use super::reader::{gaps, has_key};
use crate::rules::{DEPENDENCY_COOLDOWN, DEPENDENCY_EXECUTION, SECRET};
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, issue};
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
        matches!(text.file_name(), "dependabot.yml" | "dependabot.yaml")
            && has_key(text.content, &["updates"])
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        let Some(root) = yaml.root() else { return };
        for update in root.get("updates").into_iter().flat_map(Node::items) {
            issue::report(text, notes, judge(update));
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

fn judge(update: Node<'_>) -> Vec<Issue> {
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
        None => issues.push(Issue::new(
            &DEPENDENCY_COOLDOWN,
            at,
            format!("updates of {ecosystem} are taken the day they appear"),
        )),
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
