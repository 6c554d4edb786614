//! Containers and pods in a manifest, told by their keys wherever they stand.

use super::{command_issues_of, environment_issues};
use crate::python::embedded;
use crate::rules::{EXCESSIVE_PERMISSIONS, EXPOSED_SERVICE, HOST_ACCESS, PRIVILEGED_CONTAINER, ROOT_USER};
use crate::shell::inspect::{self, Setting};
use crate::yaml::Node;
use crate::{Issue, Notes, Text, image, issue};
use bartizan_core::{Confidence, Severity};

/// Judges `node`, a mapping, as a container, a pod, a security context, a volume or Ray's parameters.
pub(super) fn inspect(text: &Text<'_>, notes: &mut Notes<'_>, node: Node<'_>) {
    let lists: Vec<Node<'_>> = ["command", "args"].iter().filter_map(|key| node.get(key)).collect();
    let image = node.get("image").filter(|image| image.as_str().is_some());
    let is_container = image.is_some()
        && (!lists.is_empty()
            || ["name", "env", "source", "script", "resources", "ports", "envFrom", "volumeMounts"]
                .iter()
                .any(|key| node.get(key).is_some()));
    if let Some(image) = image.filter(|_| is_container || node.entries().len() == 1) {
        let reference = image.as_str().unwrap_or_default();
        // A name without a registry, repository or tag may be anything.
        if looks_like_image(reference) {
            issue::report(text, notes, image::issue(reference, image.span(), "the image"));
        }
    }
    let is_model = ["storageUri", "modelUri", "modelFormat"].iter().any(|key| node.get(key).is_some());
    if is_container
        || is_model
        || (node.get("name").is_some() && node.get("args").is_some_and(Node::is_sequence))
    {
        // A command of the container's own stands before the image's.
        let own = node.get("command").is_some();
        let program =
            image.and_then(Node::as_str).filter(|_| !own).and_then(crate::image_program::program_of);
        command_issues_of(text, notes, &lists, program);
        environment_issues(text, notes, node.get("env").filter(|env| env.is_sequence() || is_container));
    }
    for key in ["source", "script"] {
        let script = node.get(key).filter(|script| is_container && script.as_str().is_some());
        if let Some(script) = script {
            let value = script.as_str().unwrap_or_default();
            let issues = match interpreter(node, value) {
                Interpreter::Shell => inspect::script(value, Setting::Other),
                Interpreter::Python => embedded::issues(value),
                Interpreter::Other => Vec::new(),
            };
            issue::report_in(text, notes, script, issues);
        }
    }
    issue::report(text, notes, crate::docker::on_a_host_port(node));
    issue::report(text, notes, rights(node));
}

fn looks_like_image(reference: &str) -> bool {
    !reference.is_empty()
        && !reference.contains(' ') | reference.contains("{{")
        && !reference.ends_with([':', '/'])
}

/// What reads a script.
enum Interpreter {
    Shell,
    Python,
    Other,
}

/// What reads a script: its first line or its container's command says so, else a shell does.
fn interpreter(node: Node<'_>, script: &str) -> Interpreter {
    let named = |name: &str| {
        if name.contains("python") {
            Interpreter::Python
        } else if name.ends_with("sh") {
            Interpreter::Shell
        } else {
            Interpreter::Other
        }
    };
    if embedded::is_script(script) {
        return Interpreter::Python;
    }
    if let Some(line) = script.lines().next().filter(|line| line.starts_with("#!")) {
        return if line.contains("sh") { Interpreter::Shell } else { Interpreter::Other };
    }
    let first = node.get("command").and_then(|command| command.items().next()).and_then(Node::as_str);
    first.map_or(Interpreter::Shell, named)
}

/// A pod or a workflow that runs as an account named after the role of administrators: such names are given by who binds them so.
fn administrator(node: Node<'_>) -> Option<Issue> {
    let entry = ["serviceAccountName", "serviceAccount"].iter().find_map(|key| node.entry(key))?;
    let name = entry.value.as_str().filter(|name| is_administrator(name))?;
    let message = format!("what runs here is `{name}`, which may do everything in the cluster");
    let issue = Issue::new(&EXCESSIVE_PERMISSIONS, entry.span(), message).severity(Severity::High);
    Some(
        issue
            .confidence(Confidence::Medium)
            .remedy("Run it as an account of its own with a role of its own."),
    )
}

/// `cluster-admin`, also as a part of a longer name: `team-cluster-admin`, `clusteradmin-sa`; `not-cluster-admin` says that it is none.
fn is_administrator(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(['-', '_', '.']).collect();
    let joined = words.concat();
    let denied = words.iter().any(|word| matches!(*word, "not" | "no" | "non" | "without" | "never"));
    joined.contains("clusteradmin") && !joined.contains("nonclusteradmin") && !denied
}

/// What a pod, a container or a volume is given of the machine.
pub(super) fn rights(node: Node<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    let on = |key: &str| node.entry(key).filter(|entry| entry.value.as_bool() == Some(true));
    if let Some(entry) = on("privileged") {
        issues.push(Issue::new(
            &PRIVILEGED_CONTAINER,
            entry.span(),
            "the container has all rights of the machine",
        ));
    }
    if let Some(entry) = on("allowPrivilegeEscalation") {
        issues.push(
            Issue::new(&PRIVILEGED_CONTAINER, entry.span(), "the container may gain rights")
                .severity(Severity::Medium),
        );
    }
    for key in ["hostNetwork", "hostPID", "hostIPC"] {
        if let Some(entry) = on(key) {
            issues.push(Issue::new(
                &HOST_ACCESS,
                entry.span(),
                format!("the pod shares the machine's namespace (`{key}`)"),
            ));
        }
    }
    if let Some(path) = node.get("hostPath") {
        let place = path.get("path").unwrap_or(path);
        let name = place.as_str().unwrap_or_default();
        let harmless = matches!(name, "/dev/shm" | "/etc/localtime");
        let whole = name == "/"
            || name.contains("docker.sock")
            || name.contains("containerd.sock")
            || name.starts_with("/etc")
            || name.starts_with("/root");
        if !harmless {
            let severity = if whole { Severity::High } else { Severity::Medium };
            issues.push(
                Issue::new(&HOST_ACCESS, place.span(), format!("`{name}` of the machine is mounted"))
                    .severity(severity),
            );
        }
    }
    issues.extend(administrator(node));
    if let Some(entry) = node.entry("runAsUser").filter(|entry| entry.value.as_int() == Some(0)) {
        let issue = Issue::new(&ROOT_USER, entry.span(), "the container is told to run as root");
        issues.push(issue.severity(Severity::Medium));
    }
    if let Some(entry) = node.entry("runAsNonRoot").filter(|entry| entry.value.as_bool() == Some(false)) {
        issues.push(
            Issue::new(&ROOT_USER, entry.span(), "the container may run as root")
                .severity(Severity::Medium)
                .confidence(Confidence::Medium),
        );
    }
    let added = node.get("capabilities").and_then(|capabilities| capabilities.get("add"));
    for capability in added.into_iter().flat_map(Node::items) {
        if matches!(
            capability.as_str().map(|name| name.trim_start_matches("CAP_")),
            Some("ALL" | "SYS_ADMIN" | "SYS_PTRACE" | "SYS_MODULE" | "NET_ADMIN" | "DAC_READ_SEARCH" | "BPF")
        ) {
            issues.push(Issue::new(
                &PRIVILEGED_CONTAINER,
                capability.span(),
                "the container gets a capability of the machine",
            ));
        }
    }
    if let Some(dashboard) = node
        .get("rayStartParams")
        .and_then(|ray| ray.get("dashboard-host"))
        .filter(|host| host.as_str() == Some("0.0.0.0"))
    {
        // The service of the head carries the dashboard's port out of the cluster.
        let kind =
            node.get("serviceType").or_else(|| node.get("service").and_then(|service| service.get("type")));
        let outside = kind.is_some_and(|kind| matches!(kind.as_str(), Some("LoadBalancer" | "NodePort")));
        let (whom, severity) =
            if outside { ("everyone", Severity::Medium) } else { ("the whole cluster", Severity::Low) };
        let message = format!("the Ray dashboard, which runs jobs for whoever asks, listens to {whom}");
        let issue = Issue::new(&EXPOSED_SERVICE, dashboard.span(), message).severity(severity);
        issues.push(issue.confidence(Confidence::Medium));
    }
    issues
}

#[cfg(test)]
mod tests {
    use bartizan_core::Severity::Medium;

    #[test]
    fn model_servers_on_ports_of_the_machine_ask_for_a_key() {
        let graded = |image: &str, more: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n  - name: a\n    image: {image}@sha256:{}\n    ports:\n    - containerPort: 8000\n      hostPort: 8000\n{more}",
                "0f3c9b2d".repeat(8)
            );
            crate::testing::graded("pod.yaml", &text, "pipeline/exposed-service")
        };
        assert_eq!(graded("ollama/ollama", ""), [Medium]);
        assert_eq!(graded("ollama/ollama", "      hostIP: 127.0.0.1\n"), []);
        assert_eq!(graded("vllm/vllm-openai", "    args: [\"--api-key\", \"$(KEY)\"]\n"), []);
        assert_eq!(graded("acme/web", ""), []);
    }
}
