//! Playbooks of Ansible, told by their shape: what they run, start and fetch on machines.
//!
//! Source: Ansible, "Playbook keywords" and the modules of `ansible.builtin` and `community.docker`.

use super::environment_issues;
use crate::address::fetched;
use crate::ci::github::gaps;
use crate::docker::rights;
use crate::rules::{self, TLS_DISABLED};
use crate::shell::inspect::{self, Setting};
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, image, issue};
use bartizan_core::{Kind, Rule};

/// A playbook.
#[derive(Debug)]
pub(crate) struct Playbook;

impl Reader for Playbook {
    fn id(&self) -> &'static str {
        "ansible-playbook"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        let listed = |key: &str| {
            text.content.lines().any(|line| {
                line.strip_prefix('-').is_some_and(|rest| rest.trim_start().starts_with(key))
                    || line.strip_prefix("  ").is_some_and(|rest| rest.starts_with(key))
            })
        };
        matches!(text.extension(), "yml" | "yaml")
            && listed("hosts:")
            && ["tasks:", "roles:", "pre_tasks:", "handlers:"].iter().any(|key| listed(key))
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        for node in yaml.nodes().filter(|node| node.is_mapping()) {
            if notes.out_of_time() {
                return;
            }
            environment_issues(text, notes, node.get("environment"));
            for entry in node.entries() {
                let module = entry.name().rsplit('.').next().unwrap_or_default();
                task(text, notes, module, entry.value);
            }
        }
    }
}

fn task(text: &Text<'_>, notes: &mut Notes<'_>, module: &str, given: Node<'_>) {
    let mut issues = Vec::new();
    match module {
        "shell" | "command" | "raw" | "script" => {
            let script = given.get("cmd").or_else(|| given.get("_raw_params")).unwrap_or(given);
            if let Some(written) = script.as_str() {
                issue::report_in(text, notes, script, inspect::script(written, Setting::Other));
            }
        }
        "docker_container" | "podman_container" | "docker_image" => {
            if let Some((node, reference)) = given.get("image").and_then(|node| Some((node, node.as_str()?)))
            {
                issues.extend(image::issue(reference, node.span(), "the image"));
            }
            issues.extend(rights(given));
            environment_issues(text, notes, given.get("env"));
        }
        "get_url" | "uri" | "unarchive" | "git" | "apt_repository" | "yum_repository" => {
            for key in ["url", "src", "repo", "baseurl"] {
                let Some(value) = given.get(key) else { continue };
                let written = value.as_str().unwrap_or_default();
                issues.extend(fetched(written, value.span()));
            }
        }
        _ => {}
    }
    for key in ["validate_certs", "sslverify"] {
        let off = given
            .entry(key)
            .filter(|entry| entry.value.as_bool() == Some(false) || entry.value.as_str() == Some("no"));
        issues.extend(off.map(|entry| {
            Issue::new(&TLS_DISABLED, entry.span(), format!("`{key}` switches certificate checks off"))
        }));
    }
    issue::report(text, notes, issues);
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn tasks_are_judged_by_their_modules() {
        let text = "- hosts: gpu\n  tasks:\n  - ansible.builtin.get_url:\n      url: http://m.acme.dev/a.gguf\n      dest: /models\n      validate_certs: false\n  - community.docker.docker_container:\n      name: a\n      image: ollama/ollama:latest\n      privileged: true\n  - shell: vllm serve /m --trust-remote-code\n";
        assert_eq!(
            lines("site.yml", text),
            [
                (4, "insecure-transport"),
                (6, "tls-disabled"),
                (9, "unpinned-image"),
                (10, "privileged-container"),
                (11, "remote-code")
            ]
        );
        let fine = "- hosts: gpu\n  tasks:\n  - get_url:\n      url: https://m.acme.dev/a.gguf\n      validate_certs: true\n  - docker_container:\n      image: a@sha256:aa\n  - command: uptime\n";
        assert_eq!(lines("site.yml", fine), []);
        assert_eq!(
            lines("hosts.yml", "- hosts: a\n  image: a:latest\n  shell: vllm serve /m --trust-remote-code\n"),
            []
        );
    }
}
