//! What of a cluster is reachable from outside of it: services with a port of the network's, and routes that lead to an interface.

use super::kubernetes::{answers_everyone, asks_for_key};
use crate::Issue;
use crate::hcl::MODEL_SERVERS;
use crate::rules::EXPOSED_SERVICE;
use crate::yaml::Node;
use bartizan_core::{Confidence, Severity};

/// Ports of interfaces that run code or show everything.
pub(super) const OPEN_PORTS: &[(i64, &str)] = &[
    (8265, "the Ray dashboard"),
    (10001, "the Ray client"),
    (8888, "Jupyter"),
    (5000, "MLflow"),
    (6006, "TensorBoard"),
    (8787, "the Dask dashboard"),
    (8081, "TorchServe's management"),
    (4040, "Spark's interface"),
    (2746, "the Argo server"),
];

/// Ports on which model servers answer.
pub(super) const SERVING_PORTS: &[i64] = &[8000, 8001, 8002, 8080, 8501, 7860, 9000, 11434];

pub(super) fn service(document: Node<'_>, content: &str) -> Vec<Issue> {
    let Some(spec) = document.get("spec") else { return Vec::new() };
    let Some(kind) =
        spec.entry("type").filter(|entry| matches!(entry.value.as_str(), Some("LoadBalancer" | "NodePort")))
    else {
        return Vec::new();
    };
    let internal = document
        .path(&["metadata", "annotations"])
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .any(|entry| entry.name().contains("internal"));
    let ports = spec.get("ports").into_iter().flat_map(Node::items);
    let open: Vec<i64> = ports
        .flat_map(|port| [port.get("port"), port.get("targetPort")])
        .flatten()
        .filter_map(Node::as_int)
        .collect();
    if internal {
        return Vec::new();
    }
    let named = open.iter().find_map(|port| OPEN_PORTS.iter().find(|(known, _)| known == port));
    if let Some((_, what)) = named {
        let message = format!("{what} is reachable from outside the cluster");
        return vec![Issue::new(&EXPOSED_SERVICE, kind.value.span(), message)];
    }
    let mut answering: Vec<i64> = open.iter().copied().filter(|port| SERVING_PORTS.contains(port)).collect();
    answering.sort_unstable();
    answering.dedup();
    if !answering.is_empty() {
        let issue = Issue::new(
            &EXPOSED_SERVICE,
            kind.value.span(),
            "a model server is reachable from outside the cluster",
        );
        let limited =
            spec.get("loadBalancerSourceRanges").is_some_and(|ranges| ranges.items().next().is_some());
        // Told by its image, by the ports of several protocols, or by its name: any program may listen on one of these ports.
        let places = [&["metadata", "name"][..], &["spec", "selector"]]
            .into_iter()
            .filter_map(|path| document.path(path));
        let called = places.flat_map(|node| {
            let values = node.entries().into_iter().filter_map(|entry| entry.value.as_str());
            node.as_str().into_iter().chain(values).map(str::to_ascii_lowercase).collect::<Vec<_>>()
        });
        let is_server = answering.len() > 1
            || called.into_iter().any(|name| MODEL_SERVERS.iter().any(|server| name.contains(server)));
        let open = answers_everyone(content) || is_server && !asks_for_key(content);
        let severity = if !limited && open { Severity::Medium } else { Severity::Low };
        return vec![issue.severity(severity).confidence(Confidence::Low)];
    }
    Vec::new()
}

/// Interfaces that ask nobody who they are unless they are told to, by the names that their services go by.
///
/// Sources: MLflow, "Tracking Server", "Authentication"; Ray, "Security"; TensorBoard, README; Dask, "Dashboard"; Argo Workflows, "Argo Server
/// Auth Mode"; Spark, "Security".
const INTERFACES: &[(&str, &str)] = &[
    ("mlflow", "MLflow"),
    ("ray-dashboard", "the Ray dashboard"),
    ("tensorboard", "TensorBoard"),
    ("dask", "the Dask dashboard"),
    ("spark-ui", "Spark's interface"),
    ("torchserve-management", "TorchServe's management"),
];

/// A route from outside to an interface that asks nobody, by the port or the name of its service. One that says who may come, by an annotation
/// of its controller, or is only for the inside, is none.
///
/// Sources: Kubernetes, `networking.k8s.io/v1`, Ingress; ingress-nginx, "Annotations", External authentication and Whitelist source range;
/// AWS Load Balancer Controller, "Ingress annotations", Authentication and `scheme`; Traefik, "Kubernetes Ingress", `router.middlewares`.
pub(super) fn ingress(document: Node<'_>) -> Option<Issue> {
    let annotations = document.path(&["metadata", "annotations"]).map(Node::entries).unwrap_or_default();
    let asks = annotations.iter().any(|entry| {
        let (name, value) = (entry.name(), entry.value.as_str().unwrap_or_default());
        ["auth", "whitelist", "allowlist", "middlewares", "source-range", "inbound-cidrs"]
            .iter()
            .any(|word| name.contains(word))
            || value == "internal"
    });
    let class = document.path(&["spec", "ingressClassName"]).and_then(Node::as_str).unwrap_or_default();
    if asks || class.contains("internal") || class.contains("private") || class == "tailscale" {
        return None;
    }
    let rules = document.path(&["spec", "rules"]).into_iter().flat_map(Node::items);
    let paths = rules.filter_map(|rule| rule.path(&["http", "paths"])).flat_map(Node::items);
    let default = document.path(&["spec", "defaultBackend"]);
    let backends = default.into_iter().chain(paths.filter_map(|path| path.get("backend")));
    let (what, place) = backends.filter_map(|backend| backend.get("service")).find_map(|service| {
        let name = service.get("name")?;
        let port = service.path(&["port", "number"]).and_then(Node::as_int);
        let called = name.as_str()?.to_ascii_lowercase();
        let by_name = INTERFACES.iter().find(|(word, _)| called.contains(word)).map(|(_, what)| *what);
        let by_port = || OPEN_PORTS.iter().find(|(known, _)| Some(*known) == port).map(|(_, what)| *what);
        Some((by_name.or_else(by_port)?, name.span()))
    })?;
    let message = format!("{what} is reachable from outside the cluster, and nothing here asks who comes");
    Some(
        Issue::new(&EXPOSED_SERVICE, place, message)
            .severity(Severity::Medium)
            .confidence(Confidence::Medium),
    )
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn routes_to_interfaces_that_ask_nobody_are_found() {
        let found = |annotations: &str, class: &str, service: &str, port: i64| {
            lines(
                "k.yaml",
                &format!(
                    "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: i\n  annotations: {{{annotations}}}\nspec:\n  \
                     ingressClassName: {class}\n  rules:\n  - host: a.acme.example\n    http:\n      paths:\n      - path: /\n        backend:\n          \
                     service:\n            name: {service}\n            port: {{number: {port}}}\n"
                ),
            )
        };
        for (service, port) in [("mlflow", 80), ("tracking", 5000), ("a-ray-dashboard", 8265), ("lab", 8888)]
        {
            assert_eq!(found("", "nginx", service, port), [(15, "exposed-service")], "{service}");
        }
        for (annotations, class, service, port) in [
            ("nginx.ingress.kubernetes.io/auth-url: 'https://login.acme.example'", "nginx", "mlflow", 5000),
            ("alb.ingress.kubernetes.io/scheme: internal", "alb", "mlflow", 5000),
            ("", "nginx-internal", "mlflow", 5000),
            ("nginx.ingress.kubernetes.io/whitelist-source-range: '10.0.0.0/8'", "nginx", "mlflow", 5000),
            ("", "nginx", "shop", 8080),
        ] {
            assert_eq!(found(annotations, class, service, port), [], "{annotations} {class} {service}");
        }
    }
}
