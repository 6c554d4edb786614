//! Templates of Azure's Resource Manager, and what Bicep compiles to: stores and workspaces that everyone may reach.
//!
//! Source: Azure, ARM template reference (`Microsoft.Storage/storageAccounts`, `Microsoft.MachineLearningServices/workspaces`,
//! `Microsoft.CognitiveServices/accounts`, `Microsoft.Network/networkSecurityGroups`).

use crate::Issue;
use crate::hcl::reached_between;
use crate::rules::{EXPOSED_SERVICE, INSECURE_TRANSPORT};
use crate::yaml::Node;
use bartizan_core::{Confidence, Severity};

/// What is wrong with `node` when it is a resource of a template.
pub(super) fn resource(node: Node<'_>) -> Vec<Issue> {
    let Some(kind) = node.text_of("type").and_then(|kind| kind.strip_prefix("Microsoft.")) else {
        return Vec::new();
    };
    let Some(properties) = node.get("properties") else { return Vec::new() };
    let mut issues = Vec::new();
    let told = |key: &str, value: &str| {
        properties
            .entry(key)
            .filter(|entry| entry.value.as_str().is_some_and(|written| written.eq_ignore_ascii_case(value)))
    };
    if let Some(entry) = told("allowBlobPublicAccess", "true") {
        let message = "containers of the account may be opened to everyone";
        issues.push(Issue::new(&EXPOSED_SERVICE, entry.span(), message).severity(Severity::High));
    }
    if let Some(entry) = told("supportsHttpsTrafficOnly", "false") {
        issues.push(Issue::new(
            &INSECURE_TRANSPORT,
            entry.span(),
            "the account is reached without encryption as well",
        ));
    }
    let holds_models =
        ["MachineLearningServices/", "CognitiveServices/", "Search/", "DocumentDB/", "ContainerRegistry/"]
            .iter()
            .any(|begin| kind.starts_with(begin));
    if let Some(entry) = told("publicNetworkAccess", "Enabled").filter(|_| holds_models) {
        let limited =
            properties.path(&["networkAcls", "defaultAction"]).and_then(Node::as_str) == Some("Deny");
        let message = "it is reached from the internet, and not by its private network alone";
        let issue = Issue::new(&EXPOSED_SERVICE, entry.span(), message).confidence(Confidence::Medium);
        issues.push(if limited { issue.severity(Severity::Low) } else { issue });
    }
    issues.extend(opened(properties));
    for rule in properties.get("securityRules").into_iter().flat_map(Node::items) {
        issues.extend(rule.get("properties").and_then(opened));
    }
    issues
}

/// A rule of a network that lets the whole internet in.
fn opened(rule: Node<'_>) -> Option<Issue> {
    let inward = rule.text_of("direction") == Some("Inbound") && rule.text_of("access") == Some("Allow");
    let source = rule
        .entry("sourceAddressPrefix")
        .filter(|entry| matches!(entry.value.as_str(), Some("*" | "0.0.0.0/0" | "Internet" | "::/0")))?;
    let ports = rule.text_of("destinationPortRange").filter(|_| inward)?;
    let (from, to) = ports.split_once('-').unwrap_or((ports, ports));
    let range =
        if ports == "*" { Some((0, 65535)) } else { from.trim().parse().ok().zip(to.trim().parse().ok()) };
    let (what, severity) = range.and_then(|(from, to)| reached_between(from, to))?;
    let message = format!("the whole internet may reach {what}");
    Some(Issue::new(&EXPOSED_SERVICE, source.span(), message).severity(severity))
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    fn found(kind: &str, properties: &str) -> Vec<(u32, &'static str)> {
        let text = format!(
            "{{\"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\", \"resources\": [{{\n\"type\": \"Microsoft.{kind}\",\n\"properties\": {{\n{properties}}}}}]}}"
        );
        lines("template.json", &text)
    }

    #[test]
    fn what_everyone_may_reach_is_found() {
        let store = "Storage/storageAccounts";
        assert_eq!(
            found(store, "\"allowBlobPublicAccess\": true,\n\"supportsHttpsTrafficOnly\": false"),
            [(4, "exposed-service"), (5, "insecure-transport")]
        );
        assert_eq!(found(store, "\"allowBlobPublicAccess\": false,\n\"supportsHttpsTrafficOnly\": true"), []);
        let workspace = "MachineLearningServices/workspaces";
        assert_eq!(found(workspace, "\"publicNetworkAccess\": \"Enabled\""), [(4, "exposed-service")]);
        assert_eq!(found(workspace, "\"publicNetworkAccess\": \"Disabled\""), []);
        let rule = |port: &str, source: &str| {
            found(
                "Network/networkSecurityGroups/securityRules",
                &format!(
                    "\"direction\": \"Inbound\", \"access\": \"Allow\", \"destinationPortRange\": \"{port}\",\n\"sourceAddressPrefix\": \"{source}\""
                ),
            )
        };
        assert_eq!(rule("8888", "*"), [(5, "exposed-service")]);
        assert_eq!(rule("443", "*"), []);
        assert_eq!(rule("8888", "10.0.0.0/8"), []);
    }
}
