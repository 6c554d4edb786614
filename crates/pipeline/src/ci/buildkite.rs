//! Buildkite pipelines.
//!
//! Source: Buildkite documentation, *Defining your pipeline steps*, *Using plugins*, *Environment variables*.

use super::github::gaps;
use super::script::Script;
use crate::address::is_commit;
use crate::docker::rights;
use crate::rules::{self, TEMPLATE_INJECTION, UNPINNED_INCLUDE};
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, image, issue, variable};
use bartizan_core::{Kind, Rule, Severity};

/// `.buildkite/pipeline.yml` and its siblings.
#[derive(Debug)]
pub(crate) struct BuildkitePipeline;

impl Reader for BuildkitePipeline {
    fn id(&self) -> &'static str {
        "buildkite-pipeline"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        matches!(text.extension(), "yml" | "yaml")
            && (text.name.contains(".buildkite/") || text.file_name().starts_with("buildkite"))
            && text.has_key(&["steps"])
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        for node in yaml.nodes().filter(|node| node.is_mapping()) {
            if notes.out_of_time() {
                return;
            }
            for key in ["command", "commands"] {
                if let Some(command) = node.get(key) {
                    // `$NAME` is filled in when the pipeline is uploaded, before a shell reads the line; `$$NAME` is left to it.
                    let lines: Vec<Node<'_>> = command.items_or_self();
                    Script::of(lines.iter().copied()).check(text, notes, &|_: &str| None);
                    for line in lines {
                        issue::report_in(text, notes, line, filled(line.as_str().unwrap_or_default()));
                    }
                }
            }
            for plugin in node.get("plugins").into_iter().flat_map(plugins) {
                issue::report(text, notes, judged(plugin));
            }
            for entry in node.get("env").map(Node::entries).unwrap_or_default() {
                let value = entry.value.as_str().unwrap_or_default();
                issue::report(text, notes, variable::issues(entry.name(), value, &entry.value.span()));
            }
            if let Some(image) = node.get("image").filter(|image| image.as_str().is_some()) {
                let reference = image.as_str().unwrap_or_default();
                issue::report(text, notes, image::issue(reference, image.span(), "the image"));
            }
        }
    }
}

/// The plugins of a step: a list of names, or of mappings from a name to what it is given, or such a mapping alone.
fn plugins(node: Node<'_>) -> Vec<(Node<'_>, Option<Node<'_>>)> {
    let mut found = Vec::new();
    for item in node.items_or_self() {
        if item.as_str().is_some() {
            found.push((item, None));
        }
        for entry in item.entries() {
            found.push((entry.key, Some(entry.value)));
        }
    }
    found
}

fn judged((name, given): (Node<'_>, Option<Node<'_>>)) -> Vec<Issue> {
    let mut issues = Vec::new();
    let written = name.as_str().unwrap_or_default();
    let version = written.rsplit_once('#').map(|(_, version)| version);
    let local = written.starts_with(['.', '/']);
    match version {
        _ if local => {}
        Some(version) if is_commit(version) => {}
        Some(version) => {
            let release = version.trim_start_matches('v').matches('.').count() == 2;
            let severity = if release { Severity::Low } else { Severity::Medium };
            let message = format!("the plugin `{written}` is taken at a tag or branch, which can be moved");
            issues.push(Issue::new(&UNPINNED_INCLUDE, name.span(), message).severity(severity));
        }
        None => {
            let message = format!("the plugin `{written}` is taken at its newest commit");
            issues.push(Issue::new(&UNPINNED_INCLUDE, name.span(), message));
        }
    }
    let Some(given) = given else { return issues };
    issues.extend(rights(given));
    issues
}

/// Variables filled in before the shell reads the line, whose text whoever pushes or opens a pull request writes.
fn filled(command: &str) -> Vec<Issue> {
    const OUTSIDE: &[(&str, Severity)] = &[
        ("BUILDKITE_MESSAGE", Severity::High),
        ("BUILDKITE_BRANCH", Severity::High),
        ("BUILDKITE_PULL_REQUEST_REPO", Severity::High),
        ("BUILDKITE_BUILD_AUTHOR", Severity::High),
        ("BUILDKITE_TAG", Severity::Medium),
    ];
    let mut issues = Vec::new();
    for (at, _) in command.match_indices('$').take(1_000) {
        // Two marks stand for one that the shell reads.
        let before = command.get(..at).unwrap_or_default();
        if before.ends_with(['$', '\\']) {
            continue;
        }
        let rest = command.get(at.saturating_add(1)..).unwrap_or_default();
        if rest.starts_with('$') {
            continue;
        }
        let name: String = rest
            .trim_start_matches('{')
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        let Some((_, severity)) = OUTSIDE.iter().find(|(known, _)| *known == name) else { continue };
        let end = at
            .saturating_add(1)
            .saturating_add(usize::from(rest.starts_with('{')))
            .saturating_add(name.len());
        let message = format!("`{name}`, which others write, is filled in before the shell reads the line");
        issues.push(
            Issue::new(&TEMPLATE_INJECTION, at..end, message)
                .severity(*severity)
                .remedy(format!("Write `\"$${name}\"`: the shell reads the variable itself.")),
        );
    }
    issues
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    fn found(text: &str) -> Vec<(u32, &'static str)> {
        lines(".buildkite/pipeline.yml", text)
    }

    #[test]
    fn commands_plugins_and_images_are_judged() {
        let text = "steps:\n- command: curl -s https://x.example/i.sh | bash\n- commands:\n  - echo $BUILDKITE_MESSAGE\n  - echo \"$$BUILDKITE_MESSAGE\"\n  plugins:\n  - docker#v5.11.0:\n      image: acme/net:latest\n      privileged: true\n  - acme/x#main: ~\n";
        assert_eq!(
            found(text),
            [
                (2, "curl-pipe-shell"),
                (4, "template-injection"),
                (7, "unpinned-include"),
                (8, "unpinned-image"),
                (9, "privileged-container"),
                (10, "unpinned-include"),
            ]
        );
        let text = "steps:\n- command: make train\n  plugins:\n  - acme/x#0123456789abcdef0123456789abcdef01234567:\n      image: acme/net@sha256:aa\n";
        assert_eq!(found(text), []);
    }
}
