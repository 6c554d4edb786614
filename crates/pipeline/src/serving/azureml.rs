//! Jobs, deployments, environments and data of Azure Machine Learning as YAML (CLI version 2).
//!
//! Source: Microsoft, "CLI (v2) YAML schemas", <https://learn.microsoft.com/azure/machine-learning/reference-yaml-overview>.

use super::environment_issues;
use crate::address::fetched;
use crate::ci::github::gaps;
use crate::rules::{
    self, EXPOSED_SERVICE, NO_AUTHENTICATION, NO_NETWORK_ISOLATION, UNPINNED_IMAGE, UNPINNED_MODEL,
};
use crate::shell::inspect::{self, Setting};
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, image, issue};
use bartizan_core::{Confidence, Kind, Rule, Severity};

/// What `az ml … --file` is given.
#[derive(Debug)]
pub(crate) struct AzureMl;

impl Reader for AzureMl {
    fn id(&self) -> &'static str {
        "azure-ml"
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
        // A job or deployment need not name its schema.
        let named = text.content.contains("azuremlschemas");
        let shaped = || {
            text.content.contains("azureml:")
                && text.has_key(&["environment", "model", "endpoint_name", "jobs"])
                && text.has_key(&["type", "compute", "code", "endpoint_name", "instance_type"])
        };
        named || shaped()
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        for node in yaml.nodes().filter(|node| node.is_mapping()) {
            if notes.out_of_time() {
                return;
            }
            issue::report(text, notes, judged(node));
            environment_issues(text, notes, node.get("environment_variables"));
            if let Some(command) = node.get("command").filter(|command| command.as_str().is_some()) {
                let script = command.as_str().unwrap_or_default();
                issue::report_in(text, notes, command, inspect::script(script, Setting::Other));
            }
        }
    }
}

fn judged(node: Node<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    for entry in node.entries() {
        let value = entry.value.as_str().unwrap_or_default();
        let span = entry.value.span();
        match entry.name() {
            "image" if !value.is_empty() => issues.extend(image::issue(value, span, "the image")),
            "path" | "file" | "url" | "uri" | "datastore_uri" => {
                if let Some(issue) = fetched(value, span.clone()) {
                    issues.push(issue);
                } else if moves(value) {
                    issues.push(model(value, span));
                }
            }
            "model" if moves(value) => issues.push(model(value, span)),
            "environment" if moves(value) => {
                let message = format!("the environment `{value}` is the newest at each run");
                issues.push(Issue::new(&UNPINNED_IMAGE, span, message).severity(Severity::Low));
            }
            // Keys and tokens are the choices there are; anything else leaves the endpoint to everyone.
            "auth_mode"
                if matches!(value.to_ascii_lowercase().as_str(), "none" | "anonymous" | "disabled") =>
            {
                let message = "the endpoint answers everyone and asks for neither key nor token";
                issues.push(Issue::new(&NO_AUTHENTICATION, entry.span(), message));
            }
            "egress_public_network_access" if is_enabled(entry.value) => {
                let message = "what the deployment runs may send data anywhere";
                issues.push(Issue::new(&NO_NETWORK_ISOLATION, entry.span(), message));
            }
            "public_network_access" if is_enabled(entry.value) => {
                let message = "the endpoint is reached from the whole internet";
                let issue = Issue::new(&EXPOSED_SERVICE, entry.span(), message).severity(Severity::Low);
                issues.push(issue.confidence(Confidence::Medium));
            }
            _ => {}
        }
    }
    issues
}

fn model(value: &str, span: std::ops::Range<usize>) -> Issue {
    Issue::new(&UNPINNED_MODEL, span, format!("`{value}` is whatever is registered last"))
}

/// Whether an asset (`azureml:name@label`, `azureml://…/labels/label`) is named by a label, which moves.
fn moves(value: &str) -> bool {
    value.strip_prefix("azureml:").is_some_and(|asset| {
        asset.contains("/labels/")
            || !asset.starts_with("//") && asset.rsplit_once('@').is_some_and(|(_, label)| !label.is_empty())
    })
}

fn is_enabled(node: Node<'_>) -> bool {
    node.as_bool() == Some(true) || node.as_str().is_some_and(|value| value.eq_ignore_ascii_case("enabled"))
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn jobs_and_deployments_are_judged() {
        let job = "$schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json\ncommand: >-\n  curl -k https://x.dev/a && python t.py\ninputs:\n  data:\n    path: http://data.acme.dev/x.csv\nenvironment:\n  image: mcr.microsoft.com/azureml/base:latest\nenvironment_variables:\n  TRUST_REMOTE_CODE: \"1\"\n";
        assert_eq!(
            lines("job.yml", job),
            [(3, "tls-disabled"), (6, "insecure-transport"), (8, "unpinned-image"), (10, "remote-code")]
        );
        let deployment = "name: blue\nendpoint_name: e\nmodel: azureml:rank@latest\negress_public_network_access: enabled\ninstance_type: Standard_DS3_v2\nauth_mode: none\n";
        assert_eq!(
            lines("deployment.yml", deployment),
            [(3, "unpinned-model"), (4, "no-network-isolation"), (6, "no-authentication")]
        );
    }

    #[test]
    fn fixed_versions_and_closed_endpoints_are_silent() {
        let fine = "$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json\nname: blue\nendpoint_name: e\nmodel: azureml:rank:3\negress_public_network_access: disabled\nenvironment:\n  image: mcr.microsoft.com/azureml/base@sha256:aa\nauth_mode: aad_token\ncode_configuration:\n  code: ./src\ninputs:\n  data:\n    path: azureml://datastores/a/paths/x.csv\n";
        assert_eq!(lines("deployment.yml", fine), []);
        assert_eq!(lines("other.yml", "type: command\nenvironment: prod\nauth_mode: none\n"), []);
    }
}
