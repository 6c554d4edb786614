//! CircleCI and Bitbucket Pipelines.

use super::github::gaps;
use super::script::Script;
use crate::rules::{self, TEMPLATE_INJECTION, UNPINNED_INCLUDE};
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, image, issue, variable};
use bartizan_core::{Kind, Rule, Severity};

/// `.circleci/config.yml`.
#[derive(Debug)]
pub(crate) struct CircleConfig;

/// `bitbucket-pipelines.yml`.
#[derive(Debug)]
pub(crate) struct BitbucketPipeline;

impl Reader for CircleConfig {
    fn id(&self) -> &'static str {
        "circleci-config"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        matches!(text.extension(), "yml" | "yaml")
            && text.name.contains(".circleci/")
            && text.has_key(&["jobs", "version", "orbs"])
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        let Some(root) = yaml.root() else { return };
        for orb in root.get("orbs").map(Node::entries).unwrap_or_default() {
            let reference = orb.value.as_str().unwrap_or_default();
            let version = reference.split_once('@').map_or("", |(_, version)| version);
            if orb.value.as_str().is_some() && version.matches('.').count() < 2 {
                let severity = if version.starts_with(|c: char| c.is_ascii_digit()) {
                    Severity::Low
                } else {
                    Severity::Medium
                };
                let message = format!("the orb `{reference}` is not pinned to a version");
                issue::report(
                    text,
                    notes,
                    [Issue::new(&UNPINNED_INCLUDE, orb.value.span(), message).severity(severity)],
                );
            }
        }
        for node in yaml.nodes().filter(|node| node.is_mapping()) {
            if notes.out_of_time() {
                return;
            }
            for image in
                node.get("docker").into_iter().flat_map(Node::items).filter_map(|one| one.get("image"))
            {
                issue::report(
                    text,
                    notes,
                    image::issue(image.as_str().unwrap_or_default(), image.span(), "the image"),
                );
            }
            environment(text, notes, node.get("environment"));
            let Some(run) = node.get("run") else { continue };
            let command = run.get("command").unwrap_or(run);
            if let Some(value) = command.as_str() {
                let approved = text.content.contains("type: approval");
                Script::of([command])
                    .masked(without_templates)
                    .approved(approved)
                    .check(text, notes, &outsider);
                issue::report_in(text, notes, command, filled(value, root));
            }
        }
    }
}

impl Reader for BitbucketPipeline {
    fn id(&self) -> &'static str {
        "bitbucket-pipeline"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        text.file_name().starts_with("bitbucket-pipelines") && text.has_key(&["pipelines"])
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        for node in yaml.nodes().filter(|node| node.is_mapping()) {
            if notes.out_of_time() {
                return;
            }
            if let Some(image) = node.get("image").map(|image| image.get("name").unwrap_or(image)) {
                issue::report(
                    text,
                    notes,
                    image::issue(image.as_str().unwrap_or_default(), image.span(), "the image"),
                );
            }
            if let Some(script) = node.get("script") {
                Script::of([script]).check(text, notes, &outsider);
                for pipe in script.items().filter_map(|item| item.get("pipe")) {
                    let reference = pipe.as_str().unwrap_or_default();
                    let unpinned = reference
                        .rsplit_once(':')
                        .is_none_or(|(_, version)| version.matches('.').count() < 2);
                    let issue = unpinned.then(|| {
                        Issue::new(
                            &UNPINNED_INCLUDE,
                            pipe.span(),
                            format!("the pipe `{reference}` is not pinned to a version"),
                        )
                    });
                    issue::report(text, notes, issue);
                }
            }
            environment(text, notes, node.get("variables"));
        }
    }
}

fn environment(text: &Text<'_>, notes: &mut Notes<'_>, environment: Option<Node<'_>>) {
    for entry in environment.map(Node::entries).unwrap_or_default() {
        issue::report(
            text,
            notes,
            variable::issues(entry.name(), entry.value.as_str().unwrap_or_default(), &entry.value.span()),
        );
    }
}

fn outsider(name: &str) -> Option<Severity> {
    match name {
        "CIRCLE_BRANCH" | "CIRCLE_PR_USERNAME" | "CIRCLE_PR_REPONAME" | "BITBUCKET_BRANCH" => {
            Some(Severity::High)
        }
        "CIRCLE_TAG" | "BITBUCKET_TAG" | "CIRCLE_USERNAME" => Some(Severity::Medium),
        _ => None,
    }
}

/// `<< pipeline.git.branch >>` in a command is filled in before the shell reads it.
fn filled(script: &str, root: Node<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    for (at, _) in script.match_indices("<<").take(1_000) {
        let near = script.get(at..).unwrap_or_default();
        let Some(length) = near.get(..near.floor_char_boundary(256)).and_then(|near| near.find(">>")) else {
            continue;
        };
        let name = near.get(2..length).unwrap_or_default().trim();
        let severity = match name {
            "pipeline.git.branch" | "pipeline.trigger_parameters.github_app.commit_message" => Severity::High,
            "pipeline.git.tag" => Severity::Medium,
            // Whoever starts the pipeline chooses a text.
            _ if name.strip_prefix("pipeline.parameters.").is_some_and(|name| {
                root.path(&["parameters", name, "type"]).and_then(Node::as_str) == Some("string")
            }) =>
            {
                Severity::Medium
            }
            _ if name.starts_with("pipeline.parameters.") || name.starts_with("parameters.") => Severity::Low,
            _ => continue,
        };
        let end = at.saturating_add(length).saturating_add(2);
        issues.push(
            Issue::new(&TEMPLATE_INJECTION, at..end, format!("`{name}` is filled into a script"))
                .severity(severity),
        );
    }
    issues
}

/// `script` with `<< name >>` as a word of the same length: a shell would take it for the begin of a here-document.
fn without_templates(script: &str) -> String {
    let mut out = String::with_capacity(script.len());
    let mut rest = script;
    while let Some(at) = rest.find("<<") {
        let from = rest.get(at..).unwrap_or_default();
        let name = from.get(2..).and_then(|inner| inner.split_once(">>")).map(|(name, _)| name);
        let is_name = |name: &str| {
            !name.trim().is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'.' | b'_' | b'-'))
                && name.contains('.')
        };
        out.push_str(rest.get(..at).unwrap_or_default());
        let length = if let Some(name) = name.filter(|name| is_name(name)) {
            let length = name.len().saturating_add("<<>>".len());
            out.extend(std::iter::repeat_n('x', length));
            length
        } else {
            out.push_str("<<");
            2
        };
        rest = from.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn what_follows_a_template_is_read_and_texts_that_anybody_may_give_count_for_more() {
        use bartizan_core::Severity::{Low, Medium};
        let config = |kind: &str| {
            format!(
                "version: 2.1\nparameters:\n  net: {{type: {kind}, default: a}}\njobs:\n  a:\n    steps:\n    - run: |\n        python t.py --net << pipeline.parameters.net >>\n        curl https://x.dev/i.sh | sh\n        cat << EOF\n        curl -k https://x.dev/\n        EOF\n"
            )
        };
        let found = [(8, "template-injection"), (9, "curl-pipe-shell")];
        assert_eq!(lines(".circleci/config.yml", &config("string")), found);
        let graded = |kind| {
            crate::testing::graded(".circleci/config.yml", &config(kind), "pipeline/template-injection")
        };
        assert_eq!((graded("string"), graded("integer")), (vec![Medium], vec![Low]));
    }

    #[test]
    fn orbs_pipes_images_and_branches_are_judged() {
        let text = "version: 2.1\norbs:\n  a: acme/a@volatile\n  b: acme/b@1.2.3\njobs:\n  t:\n    docker:\n    - image: cimg/python:latest\n    steps:\n    - run: echo << pipeline.git.branch >>\n    - run: {command: eval $CIRCLE_BRANCH}\n";
        assert_eq!(
            lines(".circleci/config.yml", text),
            [
                (3, "unpinned-include"),
                (8, "unpinned-image"),
                (10, "template-injection"),
                (11, "template-injection")
            ]
        );
        let text = "image: python@sha256:aa\npipelines:\n  default:\n  - step:\n      script:\n      - pip install torch\n      - pipe: acme/p:1\n      - pipe: acme/p:1.2.3\n";
        assert_eq!(
            lines("bitbucket-pipelines.yml", text),
            [(6, "unpinned-package"), (7, "unpinned-include")]
        );
    }
}
