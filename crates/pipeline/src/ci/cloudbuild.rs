//! Builds of clouds: Google Cloud Build's `cloudbuild.yaml`, AWS CodeBuild's `buildspec.yml`.
//!
//! Source: Google Cloud, "Build configuration file schema"; AWS, "Build specification reference for CodeBuild".

use super::github::gaps;
use super::script::Script;
use crate::rules;
use crate::serving::{argument_issues, command_issues, environment_issues, words};
use crate::shell::Word;
use crate::shell::inspect::{self, Setting};
use crate::yaml::{Node, Yaml};
use crate::{Notes, Reader, Text, image, issue, variable};
use bartizan_core::{Kind, Rule};

/// A build of Google Cloud Build.
#[derive(Debug)]
pub(crate) struct CloudBuild;

impl Reader for CloudBuild {
    fn id(&self) -> &'static str {
        "cloud-build"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        matches!(text.extension(), "yml" | "yaml" | "json")
            && (text.file_name().starts_with("cloudbuild") || text.content.contains("gcr.io/cloud-builders/"))
            && text.content.contains("steps")
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        for step in yaml.root().and_then(|root| root.get("steps")).into_iter().flat_map(Node::items) {
            if notes.out_of_time() {
                return;
            }
            if let Some(name) = step.get("name").filter(|name| name.as_str().is_some()) {
                let reference = name.as_str().unwrap_or_default();
                issue::report(text, notes, image::issue(reference, name.span(), "the image"));
            }
            let lists: Vec<Node<'_>> =
                ["entrypoint", "args"].iter().filter_map(|key| step.get(key)).collect();
            // The program stands in a text of its own before the list of its arguments.
            let (program, arguments) = match lists.as_slice() {
                [program, arguments] if program.as_str().is_some() => (program.as_str(), Some(*arguments)),
                [arguments] => (None, Some(*arguments)),
                _ => (None, None),
            };
            if let Some(arguments) = arguments {
                let parts: Vec<Node<'_>> = arguments.items_or_self();
                let flag = parts.iter().position(|part| matches!(part.as_str(), Some("-c" | "-ec" | "-lc")));
                let script = flag.and_then(|flag| parts.get(flag.saturating_add(1)));
                match (program, script) {
                    (Some(program), Some(script)) if program.ends_with("sh") => {
                        let written = script.as_str().unwrap_or_default();
                        issue::report_in(text, notes, *script, inspect::script(written, Setting::Pipeline));
                    }
                    (Some(program), _) => {
                        let at = arguments.span().start;
                        let mut all =
                            vec![Word { text: program.to_owned(), span: at..at, ..Word::default() }];
                        all.extend(words(arguments));
                        issue::report(text, notes, argument_issues(all));
                    }
                    _ => command_issues(text, notes, &[arguments]),
                }
            }
            if let Some(script) = step.get("script") {
                let written = script.as_str().unwrap_or_default();
                issue::report_in(text, notes, script, inspect::script(written, Setting::Pipeline));
            }
            environment_issues(text, notes, step.get("env"));
        }
        for entry in
            yaml.root().and_then(|root| root.get("substitutions")).map(Node::entries).unwrap_or_default()
        {
            let name = entry.name().trim_start_matches('_');
            let value = entry.value.as_str().unwrap_or_default();
            issue::report(text, notes, variable::issues(name, value, &entry.value.span()));
        }
    }
}

/// A build of AWS CodeBuild.
#[derive(Debug)]
pub(crate) struct BuildSpec;

impl Reader for BuildSpec {
    fn id(&self) -> &'static str {
        "codebuild"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        matches!(text.extension(), "yml" | "yaml")
            && text.has_key(&["phases"])
            && (text.file_name().contains("buildspec") || text.has_key(&["version"]))
            && text.content.contains("commands:")
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        let Some(root) = yaml.root() else { return };
        environment_issues(text, notes, root.path(&["env", "variables"]));
        let mut lines = Vec::new();
        for phase in root.get("phases").map(Node::entries).unwrap_or_default() {
            for key in ["commands", "finally"] {
                lines.extend(phase.value.get(key).into_iter().flat_map(Node::items_or_self));
            }
        }
        // All phases run on one machine, one after the other.
        Script::of(lines).check(text, notes, &|_| None);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn steps_of_cloud_build_are_judged_as_containers() {
        let text = "steps:\n- name: gcr.io/cloud-builders/docker:latest\n  entrypoint: bash\n  args: [\"-c\", \"curl -s https://x.dev/i.sh | bash\"]\n- name: python@sha256:aa\n  args: [pip, install, torch]\n  env: [\"HF_TOKEN=hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567\"]\n- name: a@sha256:aa\n  script: curl -k https://x.dev/a\n";
        assert_eq!(
            lines("cloudbuild.yaml", text),
            [
                (2, "unpinned-image"),
                (4, "curl-pipe-shell"),
                (6, "unpinned-package"),
                (7, "secret"),
                (9, "tls-disabled")
            ]
        );
        let named = "steps:\n- name: python@sha256:aa\n  entrypoint: pip\n  args: [install, torch]\n- name: a@sha256:aa\n  entrypoint: curl\n  args: [-k, \"https://x.dev/i.json\"]\n";
        assert_eq!(lines("cloudbuild.yaml", named), [(4, "unpinned-package"), (7, "tls-disabled")]);
        let fine = "steps:\n- name: gcr.io/cloud-builders/docker@sha256:aa\n  args: [build, -t, acme/train, .]\n- name: a@sha256:aa\n  entrypoint: bash\n  args: [-c, make test]\n  secretEnv: [HF_TOKEN]\n";
        assert_eq!(lines("cloudbuild.yaml", fine), []);
    }

    #[test]
    fn phases_of_codebuild_are_one_script() {
        let text = "version: 0.2\nenv:\n  variables:\n    DB_PASSWORD: Vz9kQm27LpXr\nphases:\n  install:\n    commands:\n    - curl -s https://x.dev/i.sh | bash\n  build:\n    commands:\n    - make\n";
        assert_eq!(lines("buildspec.yml", text), [(4, "secret"), (8, "curl-pipe-shell")]);
        let fine = "version: 0.2\nenv:\n  parameter-store:\n    DB_PASSWORD: /prod/db/password\nphases:\n  build:\n    commands:\n    - make\n";
        assert_eq!(lines("buildspec.yml", fine), []);
    }
}
