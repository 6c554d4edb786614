//! Files of settings whose values are scripts: Taskfiles, tasks of SkyPilot and dstack.
//!
//! Source: Task, "Schema Reference"; SkyPilot, "Task YAML"; dstack, "`.dstack.yml`".

use super::inspect::{self, Setting};
use super::reader::by_hand;
use crate::ci::github::gaps;
use crate::serving::environment_issues;
use crate::yaml::{Node, Yaml};
use crate::{Notes, Reader, Text, image, issue, rules};
use bartizan_core::{Kind, Rule};

/// A file of tasks.
#[derive(Debug)]
pub(crate) struct TaskFile;

impl Reader for TaskFile {
    fn id(&self) -> &'static str {
        "task-file"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        is_taskfile(text) || is_sky(text) || is_dstack(text)
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        for root in yaml.documents() {
            if is_taskfile(text) {
                environment_issues(text, notes, root.get("env"));
                for task in root.get("tasks").map(Node::entries).into_iter().flatten() {
                    if notes.out_of_time() {
                        return;
                    }
                    tasks(text, notes, task.value);
                }
                continue;
            }
            for key in ["setup", "run", "commands", "init"] {
                let scripts = root.get(key).into_iter().flat_map(Node::items_or_self);
                for script in scripts.take(COMMANDS) {
                    report(text, notes, script);
                }
            }
            for key in ["env", "envs"] {
                environment_issues(text, notes, root.get(key));
            }
            for place in [&["image"][..], &["resources", "image_id"]] {
                let Some(node) = root.path(place) else { continue };
                let written = node.as_str().unwrap_or_default();
                // SkyPilot's other images are those of clouds.
                let reference =
                    written.strip_prefix("docker:").or_else(|| (place.len() == 1).then_some(written));
                if let Some(reference) = reference.filter(|reference| !reference.is_empty()) {
                    issue::report(text, notes, image::issue(reference, node.span(), "the image"));
                }
            }
        }
    }
}

/// The commands of one task: a text, a list of texts or of `cmd`, `cmds` of these.
fn tasks(text: &Text<'_>, notes: &mut Notes<'_>, task: Node<'_>) {
    environment_issues(text, notes, task.get("env"));
    let commands = task.get("cmds").or_else(|| task.get("cmd")).unwrap_or(task);
    for command in commands.items_or_self().into_iter().take(COMMANDS) {
        report(text, notes, command.get("cmd").unwrap_or(command));
    }
}

fn report(text: &Text<'_>, notes: &mut Notes<'_>, script: Node<'_>) {
    if let Some(written) = script.as_str() {
        let issues = inspect::script(written, Setting::Other).into_iter().map(by_hand);
        issue::report_in(text, notes, script, issues);
    }
}

fn is_yaml(text: &Text<'_>) -> bool {
    matches!(text.extension(), "yml" | "yaml")
}

fn is_taskfile(text: &Text<'_>) -> bool {
    is_yaml(text)
        && text.file_name().to_ascii_lowercase().starts_with("taskfile.")
        && text.has_key(&["tasks", "version"])
}

fn is_sky(text: &Text<'_>) -> bool {
    is_yaml(text) && text.has_key(&["resources"]) && text.has_key(&["run", "setup"])
}

fn is_dstack(text: &Text<'_>) -> bool {
    let typed = ["task", "service", "dev-environment"];
    is_yaml(text)
        && text
            .content
            .lines()
            .any(|line| line.strip_prefix("type:").is_some_and(|kind| typed.contains(&kind.trim())))
        && text.has_key(&["commands", "init", "ide"])
}

/// Most commands of one task.
const COMMANDS: usize = 1_000;

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn tasks_are_judged_as_scripts() {
        let task = "version: '3'\nenv:\n  PYTHONHTTPSVERIFY: \"0\"\ntasks:\n  serve:\n    cmds:\n      - vllm serve /m --trust-remote-code\n      - cmd: curl -k https://x.dev/a\n  one: jupyter lab --ServerApp.token=''\n";
        let found = [(3, "tls-disabled"), (7, "remote-code"), (8, "tls-disabled"), (9, "no-authentication")];
        assert_eq!(lines("Taskfile.yml", task), found);
        let sky = "resources:\n  image_id: docker:acme/net:latest\nsetup: |\n  set -e\n  pip install vllm\nrun: |\n  vllm serve /m --trust-remote-code\n";
        assert_eq!(
            lines("sky.yaml", sky),
            [(2, "unpinned-image"), (5, "unpinned-package"), (7, "remote-code")]
        );
        let dstack =
            "type: service\nimage: acme/net:latest\ncommands:\n  - vllm serve /m --trust-remote-code\n";
        assert_eq!(lines("serve.dstack.yml", dstack), [(2, "unpinned-image"), (4, "remote-code")]);
    }

    #[test]
    fn other_files_with_such_keys_are_none() {
        for other in [
            "resources:\n  - a.yaml\nnamePrefix: run\n",
            "type: service\nname: a\nimage: a:latest\n",
            "version: 3\ntasks:\n  a: curl -k https://x.dev/a\n",
        ] {
            assert_eq!(lines("other.yaml", other), [], "{other}");
        }
        assert_eq!(
            lines("Taskfile.yml", "version: '3'\ntasks:\n  a: echo \"curl -k https://x.dev/a\"\n"),
            []
        );
    }
}
