//! Values of Helm charts.

use super::{command_issues, containers, environment_issues, kubernetes, models};
use crate::ci::github::gaps;
use crate::pin::Pinning;
use crate::rules::{self, EXPOSED_SERVICE, INSECURE_TRANSPORT, NO_AUTHENTICATION, SECRET, UNPINNED_MODEL};
use crate::shell::inspect;
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, image, issue, variable};
use bartizan_core::{Confidence, Kind, Rule, Severity};

/// `values.yaml` and its variants.
#[derive(Debug)]
pub(crate) struct HelmValues;

impl Reader for HelmValues {
    fn id(&self) -> &'static str {
        "helm-values"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        let name = text.file_name();
        let named =
            name.starts_with("values") || name.ends_with("values.yaml") || name.ends_with("values.yml");
        named
            && matches!(text.extension(), "yaml" | "yml")
            && [
                "image",
                "repository",
                "modelSpec",
                "executor",
                "password",
                "Password",
                "Key:",
                "token",
                "Token",
                "auth",
            ]
            .iter()
            .any(|part| text.content.contains(part))
            && !text.content.contains("apiVersion:")
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        for node in yaml.nodes().filter(|node| node.is_mapping()) {
            if notes.out_of_time() {
                return;
            }
            issue::report(text, notes, image_of(node));
            models::inspect(text, notes, node);
            for key in ["args", "extraArgs", "command"] {
                if let Some(list) = node.get(key).filter(|list| list.is_sequence()) {
                    command_issues(text, notes, &[list]);
                }
            }
            for key in ["env", "extraEnv", "environment", "extraEnvVars"] {
                environment_issues(text, notes, node.get(key));
            }
            issue::report(text, notes, model_of(node));
            issue::report(text, notes, containers::rights(node));
            issue::report(text, notes, reachable(text.content, node));
            issue::report(text, notes, unencrypted(node));
            issue::report(text, notes, kubernetes::plain(node.get("annotations")));
            issue::report(text, notes, open(node));
            for entry in node.entries() {
                let (Some(value), name) = (entry.value.as_str(), snake(entry.name())) else { continue };
                if variable::is_secret_name(&name) {
                    issue::report(text, notes, variable::issues(&name, value, &entry.value.span()));
                    // What a chart is installed with where nobody changes it.
                    let known = variable::known_password(&name, value).map(|what| {
                        let message = format!("`{}` is {} where nobody changes it", entry.name(), what.name);
                        let issue = Issue::new(&SECRET, entry.value.span(), message).severity(what.severity);
                        issue.confidence(what.confidence)
                    });
                    issue::report(text, notes, known);
                } else if let Some(what) = variable::credential(&name, value) {
                    let message = format!("`{}` holds {} in the open", entry.name(), what.name);
                    let issue = Issue::new(&SECRET, entry.value.span(), message).severity(what.severity);
                    issue::report(text, notes, [issue.confidence(what.confidence)]);
                }
            }
            // Airflow's settings, which its chart hands over as variables: `config: {api: {auth_backends: …}}`.
            for section in node.get("config").map(Node::entries).unwrap_or_default() {
                for entry in section.value.entries() {
                    let name = format!("AIRFLOW__{}__{}", section.name(), entry.name());
                    let value = entry.value.as_str().unwrap_or_default();
                    issue::report(text, notes, variable::issues(&name, value, &entry.value.span()));
                }
            }
        }
    }
}

/// A service that the whole network reaches. What answers with a model, or runs jobs, and is given no key counts for more.
fn reachable(content: &str, node: Node<'_>) -> Option<Issue> {
    let service = node.get("service");
    let kind = service.and_then(|service| service.get("type")).or_else(|| node.get("serviceType"))?;
    if !matches!(kind.as_str(), Some("LoadBalancer" | "NodePort")) {
        return None;
    }
    let message = "the service is reachable from outside the cluster";
    let issue = Issue::new(&EXPOSED_SERVICE, kind.span(), message);
    // Some load balancers and sources are those of the network itself.
    let annotations =
        service.and_then(|service| service.get("annotations")).map(Node::entries).unwrap_or_default();
    let inside = annotations
        .iter()
        .any(|entry| entry.name().contains("internal") || entry.value.as_str() == Some("internal"))
        || service.is_some_and(|service| {
            service.get("loadBalancerSourceRanges").is_some_and(|ranges| ranges.items().next().is_some())
        });
    let severity =
        if !inside && kubernetes::answers_everyone(content) { Severity::Medium } else { Severity::Low };
    Some(issue.severity(severity).confidence(Confidence::Low))
}

/// An ingress that is switched on and has no certificate.
fn unencrypted(node: Node<'_>) -> Option<Issue> {
    let ingress =
        node.get("ingress").filter(|ingress| ingress.get("enabled").and_then(Node::as_bool) == Some(true))?;
    let entry = ingress.entry("tls")?;
    let empty = entry.value.as_bool() == Some(false)
        || entry.value.is_sequence() && entry.value.items().next().is_none();
    let message = "the interface is served without encryption: its ingress has no certificate";
    let issue = Issue::new(&INSECURE_TRANSPORT, entry.span(), message).severity(Severity::Low);
    empty.then(|| issue.confidence(Confidence::Medium))
}

/// Authentication that a chart offers and these values switch off: `auth: {enabled: false}`.
fn open(node: Node<'_>) -> Option<Issue> {
    // Grafana's settings: `auth.anonymous: {enabled: true}`.
    let anonymous = node.get("auth.anonymous").and_then(|anonymous| anonymous.entry("enabled"));
    if let Some(entry) = anonymous.filter(|entry| entry.value.as_bool() == Some(true)) {
        let message = "whoever reaches the dashboards may look at them without a login";
        return Some(Issue::new(&NO_AUTHENTICATION, entry.span(), message).severity(Severity::Medium));
    }
    let asked = ["auth", "authentication", "basicAuth"].iter().find_map(|key| node.get(key))?;
    let entry = asked.entry("enabled").filter(|entry| entry.value.as_bool() == Some(false))?;
    let message = "authentication is switched off";
    Some(
        Issue::new(&NO_AUTHENTICATION, entry.span(), message)
            .severity(Severity::Medium)
            .confidence(Confidence::Medium),
    )
}

/// `rootPassword` as `root_password`.
pub(crate) fn snake(name: &str) -> String {
    name.chars().fold(String::with_capacity(name.len()), |mut shown, c| {
        if c.is_ascii_uppercase()
            && !shown.is_empty()
            && !shown.ends_with('_')
            && !shown.ends_with(|last: char| last.is_ascii_uppercase())
        {
            shown.push('_');
        }
        shown.push(c.to_ascii_lowercase());
        shown
    })
}

/// The model that values name by its repository: `model: {id, revision}`, `modelId`, `huggingface: {repo}`.
fn model_of(node: Node<'_>) -> Vec<Issue> {
    let revision = ["revision", "modelRevision", "commit"].iter().find_map(|key| node.text_of(key));
    let named = |key: &str| node.get(key).filter(|value| value.as_str().is_some_and(inspect::is_repository));
    let direct = ["modelId", "model_id", "modelID", "hfModelId", "huggingfaceModel", "modelURL", "modelUrl"]
        .iter()
        .find_map(|key| named(key));
    let nested = ["model", "huggingface", "llm"].iter().filter_map(|key| node.get(key)).find_map(|model| {
        let value = ["id", "name", "repo", "repository", "repoId"]
            .iter()
            .filter_map(|key| model.get(key))
            .find(|value| value.as_str().is_some_and(inspect::is_repository))?;
        Some((value, ["revision", "commit"].iter().find_map(|key| model.text_of(key))))
    });
    let judged = |value: Node<'_>, revision: Option<&str>| {
        let why = inspect::moves(revision.filter(|revision| !revision.is_empty()))?;
        let message = format!("the model `{}` is served {why}", value.as_str().unwrap_or_default());
        Some(Issue::new(&UNPINNED_MODEL, value.span(), message).confidence(Confidence::Medium))
    };
    let direct = direct.and_then(|value| judged(value, revision));
    direct.into_iter().chain(nested.and_then(|(value, revision)| judged(value, revision))).collect()
}

/// The issue of `image: {repository, tag}` or `image: name:tag`.
fn image_of(node: Node<'_>) -> Option<Issue> {
    if let Some(image) =
        node.get("image").filter(|image| image.as_str().is_some_and(|text| text.contains(['/', ':'])))
    {
        return image::issue(image.as_str()?, image.span(), "the image");
    }
    let repository = node.get("repository").and_then(Node::as_str)?;
    if node.text_of("digest").is_some_and(|digest| digest.contains("sha256")) || repository.contains("://") {
        return None;
    }
    let tag = node.get("tag")?;
    let written = tag.as_str().filter(|tag| !tag.is_empty())?;
    let reference = format!("{repository}:{written}");
    let issue = image::issue(&reference, tag.span(), "the image")?;
    // Charts write `repository:tag`: the digest goes with the tag, which the registry then passes over.
    Some(issue.pinned(Pinning::image(&reference).behind(written)))
}

#[cfg(test)]
mod tests {
    use crate::testing::{graded, lines};
    use bartizan_core::Severity::{Low, Medium};

    const IMAGE: &str = "image: {repository: acme/a, tag: \"1.2.3\", digest: \"sha256:aa\"}\n";

    fn found(values: &str) -> Vec<(u32, &'static str)> {
        lines("values.yaml", &format!("{IMAGE}{values}"))
    }

    #[test]
    fn names_of_keys_of_a_secret_are_none() {
        for values in [
            "auth:\n  existingSecret: net-auth\n  existingSecretKey: api-key\n",
            "tokenSecretKey: hf-token\n",
            "secretKey: redis-password\n",
            "hf:\n  existingSecretTokenKey: HF_TOKEN\n",
            "apiKey: \"\"\n",
            "apiKeySecretKey: api-key\n",
        ] {
            assert_eq!(found(values), [], "{values}");
        }
        for values in [
            "secretKey: k8Jq2xPz77Lm\n",
            "existingToken: ''\nhfToken: q8Zr1vXkT4mLpN7c\n",
            "password: my-password-9\n",
        ] {
            assert!(found(values).iter().any(|(_, rule)| *rule == "secret"), "{values}");
        }
    }

    #[test]
    fn keys_and_settings_of_airflow_are_judged() {
        let airflow = |values: &str| lines("values.yaml", &format!("executor: KubernetesExecutor\n{values}"));
        assert_eq!(
            airflow(
                "fernetKey: cJ8hQ2xTn0vR6yLk3mWpZs5dFgB7aUe9iXo1NtYqHwE=\nwebserverSecretKey: q8Zr1vXkT4mLpN7c\n"
            ),
            [(2, "secret"), (3, "secret")]
        );
        assert_eq!(
            airflow(
                "config:\n  api:\n    auth_backends: airflow.api.auth.backend.default\n  core:\n    enable_xcom_pickling: \"True\"\n  webserver:\n    expose_config: \"True\"\n"
            ),
            [(4, "no-authentication"), (6, "unsafe-model-format"), (8, "exposed-service")]
        );
        assert_eq!(
            airflow(
                "fernetKeySecretName: a\nconfig:\n  api:\n    auth_backends: airflow.api.auth.backend.session\n  core:\n    enable_xcom_pickling: \"False\"\n  webserver:\n    expose_config: non-sensitive-only\n"
            ),
            []
        );
    }

    #[test]
    fn what_pods_of_a_chart_share_with_the_machine_is_found() {
        assert_eq!(found("hostIPC: true\nhostPID: true\n"), [(2, "host-access"), (3, "host-access")]);
        assert_eq!(found("hostNetwork: false\n"), []);
        assert_eq!(
            found("securityContext:\n  privileged: true\n  runAsUser: 0\n"),
            [(3, "privileged-container"), (4, "root-user")]
        );
    }

    #[test]
    fn interfaces_without_encryption_or_login_are_found() {
        assert_eq!(
            found("ingress:\n  enabled: true\n  hosts: [a.example]\n  tls: []\n"),
            [(5, "insecure-transport")]
        );
        assert_eq!(found("ingress:\n  enabled: false\n  tls: []\n"), []);
        assert_eq!(found("ingress:\n  enabled: true\n  tls: [{secretName: a}]\n"), []);
        let annotated = |value: &str| {
            found(&format!(
                "ingress:\n  annotations:\n    nginx.ingress.kubernetes.io/ssl-redirect: \"{value}\"\n"
            ))
        };
        assert_eq!((annotated("false"), annotated("true")), (vec![(4, "insecure-transport")], vec![]));
        let grafana =
            |value: &str| found(&format!("grafana.ini:\n  auth.anonymous:\n    enabled: {value}\n"));
        assert_eq!((grafana("true"), grafana("false")), (vec![(4, "no-authentication")], vec![]));
    }

    #[test]
    fn a_model_server_without_a_key_that_everyone_reaches_is_more_than_a_service() {
        let exposed = |values: &str| graded("values.yaml", values, "pipeline/exposed-service");
        let server = "image: vllm/vllm-openai@sha256:aa\nservice:\n  type: LoadBalancer\n";
        assert_eq!(exposed(server), [Medium]);
        assert_eq!(exposed(&format!("{server}extraArgs: [--api-key, $(KEY)]\n")), [Low]);
        assert_eq!(exposed(&server.replace("vllm/vllm-openai", "acme/shop")), [Low]);
        let inside = format!(
            "{server}  annotations: {{service.beta.kubernetes.io/azure-load-balancer-internal: \"true\"}}\n"
        );
        assert_eq!(exposed(&inside), [Low]);
    }
}
