//! Pipelines of Drone and of Woodpecker, which came out of it.
//!
//! Source: Drone documentation, *Docker Pipelines*, *Environment Reference*; Woodpecker documentation, *Workflow syntax*.

use super::github::gaps;
use super::script::Script;
use crate::docker::rights;
use crate::rules::{self, HOST_ACCESS};
use crate::serving::environment_issues;
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, image, issue, variable};
use bartizan_core::{Kind, Rule, Severity};

/// `.drone.yml`, `.woodpecker.yml` and the files of `.woodpecker/`.
#[derive(Debug)]
pub(crate) struct DronePipeline;

impl Reader for DronePipeline {
    fn id(&self) -> &'static str {
        "drone-pipeline"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        let name = text.file_name();
        let named = name.starts_with(".drone.")
            || name.starts_with(".woodpecker.")
            || text.name.contains(".woodpecker/");
        matches!(text.extension(), "yml" | "yaml") && named && text.has_key(&["steps", "pipeline", "kind"])
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        for node in yaml.nodes().filter(|node| node.is_mapping()) {
            if notes.out_of_time() {
                return;
            }
            step(text, notes, node);
        }
    }
}

/// A step, a service or a volume.
fn step(text: &Text<'_>, notes: &mut Notes<'_>, node: Node<'_>) {
    let lines = ["commands", "command"].iter().filter_map(|key| node.get(key)).flat_map(Node::items_or_self);
    let lines: Vec<Node<'_>> = lines.collect();
    Script::of(lines).check(text, notes, &outsider);
    if let Some(image) = node.get("image").filter(|image| image.as_str().is_some()) {
        let reference = image.as_str().unwrap_or_default();
        issue::report(text, notes, image::issue(reference, image.span(), "the image"));
    }
    issue::report(text, notes, rights(node));
    environment_issues(text, notes, node.get("environment"));
    // What a plugin is given stands under `settings`.
    for entry in node.get("settings").map(Node::entries).unwrap_or_default() {
        let value = entry.value.as_str().unwrap_or_default();
        issue::report(text, notes, variable::issues(entry.name(), value, &entry.value.span()));
    }
    if let Some(path) = node.path(&["host", "path"]) {
        let name = path.as_str().unwrap_or_default();
        let whole = crate::mount::is_the_machine(name);
        let message = format!("`{name}` of the machine is mounted");
        let severity = if whole { Severity::High } else { Severity::Medium };
        issue::report(text, notes, [Issue::new(&HOST_ACCESS, path.span(), message).severity(severity)]);
    }
}

/// Variables that whoever commits or opens a pull request fills.
fn outsider(name: &str) -> Option<Severity> {
    let name = name.strip_prefix("DRONE_").or_else(|| name.strip_prefix("CI_"))?;
    match name {
        "COMMIT_MESSAGE"
        | "COMMIT_AUTHOR"
        | "COMMIT_AUTHOR_NAME"
        | "COMMIT_AUTHOR_EMAIL"
        | "COMMIT_BRANCH"
        | "COMMIT_SOURCE_BRANCH"
        | "COMMIT_REF"
        | "BRANCH"
        | "SOURCE_BRANCH"
        | "PULL_REQUEST_TITLE" => Some(Severity::High),
        "TAG" | "COMMIT_TAG" | "COMMIT_PULL_REQUEST_LABELS" => Some(Severity::Medium),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    fn found(text: &str) -> Vec<(u32, &'static str)> {
        lines(".drone.yml", text)
    }

    #[test]
    fn steps_are_judged_by_what_they_run_and_what_they_are_given() {
        let text = "kind: pipeline\nsteps:\n- name: a\n  image: acme/train\n  privileged: true\n  environment:\n    HF_TOKEN: hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567\n  commands:\n  - make\n  - eval \"$DRONE_COMMIT_MESSAGE\"\nvolumes:\n- name: s\n  host:\n    path: /var/run/docker.sock\n";
        assert_eq!(
            found(text),
            [
                (4, "unpinned-image"),
                (5, "privileged-container"),
                (7, "secret"),
                (10, "template-injection"),
                (14, "host-access")
            ]
        );
        let fine = "kind: pipeline\nsteps:\n- name: a\n  image: acme/train@sha256:aa\n  environment:\n    HF_TOKEN:\n      from_secret: hf\n  commands:\n  - make\n  - echo \"$DRONE_COMMIT_MESSAGE\"\nvolumes:\n- name: s\n  temp: {}\n";
        assert_eq!(found(fine), []);
    }
}
