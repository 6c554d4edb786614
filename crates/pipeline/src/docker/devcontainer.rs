//! Development containers: the image a repository's code is opened in, with what rights.
//!
//! Source: "Dev Container metadata reference", <https://containers.dev/implementors/json_reference/>.

use crate::agents::plain_json;
use crate::ci::github::gaps;
use crate::rules::{self, HOST_ACCESS, PRIVILEGED_CONTAINER, ROOT_USER};
use crate::serving::environment_issues;
use crate::shell::Word;
use crate::shell::inspect::{self, Setting};
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, image, issue, mount};
use bartizan_core::{Kind, Rule};

/// `devcontainer.json`.
#[derive(Debug)]
pub(crate) struct DevContainer;

impl Reader for DevContainer {
    fn id(&self) -> &'static str {
        "devcontainer"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        matches!(text.file_name(), "devcontainer.json" | ".devcontainer.json")
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let content = plain_json(text.content);
        let yaml = Yaml::read(&content);
        gaps(&yaml, notes);
        let Some(root) = yaml.root() else { return };
        if let Some((node, reference)) = root.get("image").and_then(|node| Some((node, node.as_str()?))) {
            issue::report(text, notes, image::issue(reference, node.span(), "the image"));
        }
        for key in ["containerEnv", "remoteEnv"] {
            environment_issues(text, notes, root.get(key));
        }
        issue::report(text, notes, rights(root));
        // A feature is an artifact in a registry whose `install.sh` runs as root while the container is made.
        for feature in root.get("features").map(Node::entries).unwrap_or_default() {
            if feature.name().contains('/') && !feature.name().starts_with(['.', '/']) {
                issue::report(text, notes, image::issue(feature.name(), feature.span(), "the feature"));
            }
        }
        for key in [
            "initializeCommand",
            "onCreateCommand",
            "updateContentCommand",
            "postCreateCommand",
            "postStartCommand",
        ] {
            let Some(command) = root.get(key) else { continue };
            // A text, a list of words, or texts by name.
            let named = command.entries().into_iter().map(|entry| entry.value);
            for script in named.chain([command]).filter(|script| script.as_str().is_some()) {
                let issues = inspect::script(script.as_str().unwrap_or_default(), Setting::Other);
                issue::report_in(text, notes, script, issues);
            }
        }
    }
}

fn rights(root: Node<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    if let Some(entry) = root.entry("privileged").filter(|entry| entry.value.as_bool() == Some(true)) {
        issues.push(Issue::new(
            &PRIVILEGED_CONTAINER,
            entry.span(),
            "the container has all rights of the machine",
        ));
    }
    for key in ["remoteUser", "containerUser"] {
        if let Some(entry) =
            root.entry(key).filter(|entry| matches!(entry.value.as_str(), Some("root" | "0")))
        {
            issues.push(Issue::new(&ROOT_USER, entry.span(), "the container is told to run as root"));
        }
    }
    if let Some(arguments) = root.get("runArgs") {
        let at = arguments.span().start;
        // Options of `docker run`, whose image stands elsewhere.
        let word = |text: &str| Word { text: text.to_owned(), span: at..at, ..Word::default() };
        let mut words = vec![word("docker"), word("run")];
        words.extend(crate::serving::words(arguments));
        issues.extend(
            inspect::words(&words, Setting::Other)
                .into_iter()
                .filter(|found| found.rule.id == PRIVILEGED_CONTAINER.id || found.rule.id == HOST_ACCESS.id),
        );
    }
    for mount in root.get("mounts").into_iter().flat_map(Node::items) {
        let source = mount.as_str().or_else(|| mount.text_of("source")).unwrap_or_default();
        issues.extend(mount::issue(source, mount.span()));
    }
    issues
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn rights_images_and_commands_are_judged() {
        let text = "{\n  // the image\n  \"image\": \"acme/dev:latest\",\n  \"runArgs\": [\"--privileged\"],\n  \"mounts\": [\"source=/var/run/docker.sock,target=/var/run/docker.sock,type=bind\"],\n  \"postCreateCommand\": \"curl -k https://x.dev/a\"\n}";
        assert_eq!(
            lines(".devcontainer/devcontainer.json", text),
            [(3, "unpinned-image"), (4, "privileged-container"), (5, "host-access"), (6, "tls-disabled")]
        );
        let fine = "{\"image\": \"acme/dev@sha256:aa\", \"runArgs\": [\"--init\", \"--gpus=all\"], \"mounts\": [\"source=cache,target=/cache,type=volume\"], \"postCreateCommand\": [\"make\", \"dev\"]}";
        assert_eq!(lines("devcontainer.json", fine), []);
        let given = "{\n  \"features\": {\n    \"ghcr.io/acme/features/cuda\": {},\n    \"./local\": {},\n    \"ghcr.io/acme/features/git@sha256:aa\": {}\n  },\n  \"mounts\": [\n    \"source=${localEnv:HOME}/.ssh,target=/root/.ssh,type=bind\",\n    \"source=${localEnv:HOME}/.cache,target=/root/.cache,type=bind\"\n  ],\n  \"remoteUser\": \"root\"\n}";
        assert_eq!(
            lines("devcontainer.json", given),
            [(3, "unpinned-image"), (8, "host-access"), (11, "root-user")]
        );
        assert_eq!(lines("other.json", text), []);
    }
}
