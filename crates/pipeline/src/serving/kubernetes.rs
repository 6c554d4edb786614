//! Kubernetes manifests, with the resources of model servers and workflow engines.

use super::{containers, exposed, kustomize, models, ray, workflows};
use crate::ci::github::gaps;
use crate::python::embedded;
use crate::rules::{self, EXCESSIVE_PERMISSIONS, INSECURE_TRANSPORT, NO_AUTHENTICATION, SECRET};
use crate::shell::inspect::{self, Setting};
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, issue};
use bartizan_core::{Confidence, Kind, Rule, Severity};

/// Manifests: every document with `apiVersion` and `kind`, and pipelines compiled by Kubeflow.
#[derive(Debug)]
pub(crate) struct Manifest;

impl Reader for Manifest {
    fn id(&self) -> &'static str {
        "kubernetes-manifest"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        if !matches!(text.extension(), "yml" | "yaml" | "json" | "tpl") {
            return false;
        }
        let content = text.content;
        let resource = (content.contains("apiVersion") && content.contains("kind"))
            && (text.has_key(&["apiVersion", "\"apiVersion\"", "- apiVersion"])
                || content.trim_start().starts_with('{'));
        let kubeflow = text.has_key(&["deploymentSpec", "pipelineInfo"])
            || (text.has_key(&["implementation"]) && content.contains("container:"));
        resource || kubeflow || is_kustomization(text)
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        for document in yaml.documents() {
            if document.text_of("kind") == Some("Kustomization") || is_kustomization(text) {
                issue::report(text, notes, kustomize::issues(document));
            }
            resource(text, notes, document);
        }
        for node in yaml.nodes() {
            if !node.is_mapping() {
                continue;
            }
            if notes.out_of_time() {
                return;
            }
            containers::inspect(text, notes, node);
            models::inspect(text, notes, node);
            ray::inspect(text, notes, node);
            workflows::inspect(text, notes, node);
        }
    }
}

/// Whether a file is a Kustomization by its name, which needs to say no more.
fn is_kustomization(text: &Text<'_>) -> bool {
    matches!(text.file_name(), "kustomization.yaml" | "kustomization.yml")
}

/// What a resource says by its kind.
fn resource(text: &Text<'_>, notes: &mut Notes<'_>, document: Node<'_>) {
    let kind = document.text_of("kind").unwrap_or_default();
    let mut issues = Vec::new();
    issues.extend(unasked(document));
    match kind {
        "Secret" => issues.extend(secret(document)),
        "Service" => issues.extend(exposed::service(document, text.content)),
        "ClusterRoleBinding" | "RoleBinding" => issues.extend(everything(document)),
        "ClusterRole" | "Role" => issues.extend(every_right(document, kind == "ClusterRole")),
        "Ingress" => {
            issues.extend(plain(document.path(&["metadata", "annotations"])));
            issues.extend(exposed::ingress(document));
        }
        "ConfigMap" => {
            for entry in document.get("data").map(Node::entries).unwrap_or_default() {
                configured(text, notes, entry.name(), entry.value);
            }
        }
        _ => {}
    }
    issue::report(text, notes, issues);
}

/// An account that may do everything in the cluster, or in its namespace.
fn everything(document: Node<'_>) -> Option<Issue> {
    let role = document.path(&["roleRef", "name"]).filter(|role| role.as_str() == Some("cluster-admin"))?;
    let names: Vec<&str> = document
        .get("subjects")
        .into_iter()
        .flat_map(Node::items)
        .map(|subject| subject.text_of("name").unwrap_or_default())
        .collect();
    if names.iter().all(|name| is_of_system(name)) {
        return None;
    }
    let whole = document.text_of("kind") == Some("ClusterRoleBinding");
    let (reach, severity) =
        if whole { ("in the cluster", Severity::Medium) } else { ("in its namespace", Severity::Low) };
    // What has no account of its own runs as this one.
    let shared = document.get("subjects").into_iter().flat_map(Node::items).any(|subject| {
        subject.text_of("kind") == Some("ServiceAccount") && subject.text_of("name") == Some("default")
    });
    let severity = if shared && whole { Severity::High } else { severity };
    let broad = names.iter().find_map(|name| BROAD.iter().find(|(known, _)| known == name));
    let (who, severity) = broad
        .map_or(("whatever runs as this account", severity), |(_, everyone)| (*everyone, Severity::High));
    let message = format!("{who} may do everything {reach}");
    let issue = Issue::new(&EXCESSIVE_PERMISSIONS, role.span(), message).severity(severity);
    Some(issue.remedy("Bind a role with the verbs and resources that the pipeline uses."))
}

/// Whether `name` is that of the system's own administrators or of a component of it, which every installer binds so.
fn is_of_system(name: &str) -> bool {
    name == "system:masters" || name.starts_with("system:kube-") || name.starts_with("system:node")
}

/// Names that the system gives to everyone, or to every account, and whom they mean.
const BROAD: &[(&str, &str)] = &[
    ("system:anonymous", "whoever reaches the cluster, without a login,"),
    ("system:unauthenticated", "whoever reaches the cluster, without a login,"),
    ("system:authenticated", "whoever has a login of any kind"),
    ("system:serviceaccounts", "whatever runs in the cluster"),
];

/// A rule of a role with every verb on every resource of every group.
fn every_right(document: Node<'_>, whole: bool) -> Option<Issue> {
    let all = |rule: Node<'_>, key: &str| {
        rule.get(key).into_iter().flat_map(Node::items).any(|item| item.as_str() == Some("*"))
    };
    // The system's own role of administrators has this shape.
    let of_system = document.path(&["metadata", "name"]).and_then(Node::as_str) == Some("cluster-admin");
    let rules = document.get("rules").into_iter().flat_map(Node::items);
    let mut open = rules.filter(|rule| ["apiGroups", "resources", "verbs"].iter().all(|key| all(*rule, key)));
    let rule = open.next().filter(|_| !of_system)?;
    let place = rule.entry("apiGroups").map_or(rule.span(), |entry| entry.span());
    let (reach, severity) =
        if whole { ("in the cluster", Severity::Medium) } else { ("in its namespace", Severity::Low) };
    let message = format!("whatever is bound to this role may do everything {reach}");
    let issue = Issue::new(&EXCESSIVE_PERMISSIONS, place, message).severity(severity);
    Some(issue.remedy("List the verbs and resources that are used."))
}

/// An annotation by which an interface is served without encryption as well.
pub(super) fn plain(annotations: Option<Node<'_>>) -> Option<Issue> {
    let entry = annotations.map(Node::entries).unwrap_or_default().into_iter().find(|entry| {
        matches!(
            entry.name(),
            "nginx.ingress.kubernetes.io/ssl-redirect" | "nginx.ingress.kubernetes.io/force-ssl-redirect"
        ) && (entry.value.as_str() == Some("false") || entry.value.as_bool() == Some(false))
    })?;
    let message = "who asks without encryption is answered without it";
    let issue = Issue::new(&INSECURE_TRANSPORT, entry.span(), message).severity(Severity::Low);
    Some(issue.confidence(Confidence::Medium))
}

/// Whether `content` starts a server of models or of jobs, and nothing in it speaks of a key or a login before it.
pub(super) fn answers_everyone(content: &str) -> bool {
    const SERVERS: &[&str] = &[
        "vllm/vllm",
        "tritonserver",
        "text-generation-inference",
        "text-embeddings-inference",
        "ollama/ollama",
        "rayproject/ray",
        "lmsysorg/sglang",
        "pytorch/torchserve",
        "tensorflow/serving",
        "localai/localai",
        "vllm serve",
        "vllm.entrypoints",
    ];
    SERVERS.iter().any(|server| content.contains(server)) && !asks_for_key(content)
}

/// Whether anything in `content` speaks of a key or a login.
pub(super) fn asks_for_key(content: &str) -> bool {
    const ASKED: &[&str] = &[
        "api-key",
        "api_key",
        "apikey",
        "apiKey",
        "API_KEY",
        "auth:",
        "auth-",
        "uthentication",
        "uthorization",
        "oauth",
        "oidc",
        "restricted-",
        "NetworkPolicy",
    ];
    // The group of roles speaks of rights in the cluster.
    let of_roles = content.matches("rbac.authorization.k8s.io").count();
    ASKED.iter().any(|asked| match *asked {
        "uthorization" => content.matches(asked).count() > of_roles,
        asked => content.contains(asked),
    })
}

/// An annotation by which a platform puts no authentication before a model.
fn unasked(document: Node<'_>) -> Option<Issue> {
    let annotations = document.path(&["metadata", "annotations"]).map(Node::entries).unwrap_or_default();
    let entry = annotations.into_iter().find(|entry| {
        matches!(entry.name(), "security.opendatahub.io/enable-auth" | "enable-auth")
            && (entry.value.as_str().is_some_and(|value| value.eq_ignore_ascii_case("false"))
                || entry.value.as_bool() == Some(false))
    })?;
    let message = "the platform asks nobody who they are before the model";
    Some(Issue::new(&NO_AUTHENTICATION, entry.value.span(), message).severity(Severity::Medium))
}

/// What a value of a ConfigMap is to whoever mounts it: settings of a server, a script or a program by the ending of its key, or a
/// variable by its name.
fn configured(text: &Text<'_>, notes: &mut Notes<'_>, name: &str, value: Node<'_>) {
    let written = value.as_str().unwrap_or_default();
    issue::report_in(text, notes, value, super::properties::issues(written));
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    let found = match end {
        "sh" | "bash" => inspect::script(written, Setting::Other),
        "py" => embedded::issues(written),
        "" => crate::variable::issues(name, written, &(0..written.len())),
        "yaml" | "yml" | "json" | "toml" | "ini" | "cfg" | "conf" => {
            crate::settings_passwords::passwords(&Text::new(name, written))
        }
        _ => Vec::new(),
    };
    issue::report_in(text, notes, value, found);
}

fn secret(document: Node<'_>) -> Vec<Issue> {
    let written = |key: &str| document.get(key).map(Node::entries).unwrap_or_default();
    let holds = |value: &str| {
        value.len() > 3
            && !value.contains("{{")
            && !value.contains("${")
            && !value.contains('<')
            && !value.to_ascii_uppercase().contains("CHANGE")
    };
    let is_type = document.text_of("type").is_some_and(|kind| kind.contains("service-account-token"));
    let mut issues: Vec<Issue> = Vec::new();
    for entry in written("stringData").into_iter().chain(written("data")) {
        let named = crate::variable::is_secret_name(entry.name()) || document.get("data").is_some();
        if !is_type && named && entry.value.as_str().is_some_and(holds) {
            let message = format!("`{}` of a Secret is written in the manifest", entry.name());
            // In the open it is as bad as under any other name; what was encoded was not looked into.
            let value = entry.value.as_str().unwrap_or_default();
            let known = crate::variable::credential(entry.name(), value);
            let severity = known.map_or(Severity::Medium, |what| what.severity.max(Severity::Medium));
            issues.push(
                Issue::new(&SECRET, entry.value.span(), message)
                    .severity(severity)
                    .confidence(Confidence::Medium),
            );
        }
    }
    issues
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    fn found(text: &str) -> Vec<(u32, &'static str)> {
        lines("k.yaml", text)
    }

    #[test]
    fn pods_are_judged_by_what_they_may_do() {
        let text = "apiVersion: v1\nkind: Pod\nspec:\n  hostNetwork: true\n  containers:\n  - name: a\n    image: acme/net@sha256:aa\n    securityContext:\n      privileged: true\n      runAsUser: 0\n    command: [bash, -c]\n    args:\n    - |\n      set -e\n      curl https://x.example | sh\n  volumes:\n  - name: v\n    hostPath:\n      path: /var/run/docker.sock\n";
        assert_eq!(
            found(text),
            [
                (4, "host-access"),
                (9, "privileged-container"),
                (10, "root-user"),
                (15, "curl-pipe-shell"),
                (19, "host-access")
            ]
        );
    }

    #[test]
    fn what_a_config_map_holds_is_read_as_what_it_is() {
        let text = "apiVersion: v1\nkind: ConfigMap\ndata:\n  token: hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567\n  start.sh: |\n    set -e\n    curl https://a.example/x | sh\n  load.py: |\n    import torch\n    torch.load('a.pt', weights_only=False)\n  mode: fast\n";
        assert_eq!(found(text), [(4, "secret"), (7, "curl-pipe-shell"), (10, "unsafe-deserialization")]);
    }

    #[test]
    fn a_platform_told_to_ask_nobody_and_a_builder_that_takes_any_certificate_are_found() {
        let model = |value: &str| {
            found(&format!(
                "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata:\n  annotations:\n    security.opendatahub.io/enable-auth: \"{value}\"\n"
            ))
        };
        assert_eq!((model("false"), model("true")), (vec![(5, "no-authentication")], vec![]));
        let build = |option: &str| {
            found(&format!(
                "apiVersion: tekton.dev/v1\nkind: Task\nspec:\n  steps:\n  - name: push\n    image: a@sha256:aa\n    args: [--destination=acme/model, {option}]\n"
            ))
        };
        assert_eq!((build("--skip-tls-verify"), build("--cache=true")), (vec![(7, "tls-disabled")], vec![]));
    }

    #[test]
    fn an_account_that_may_do_everything_is_found() {
        let bound = |role: &str| {
            found(&format!(
                "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nroleRef:\n  kind: ClusterRole\n  name: {role}\nsubjects:\n- kind: ServiceAccount\n  name: trainer\n"
            ))
        };
        assert_eq!((bound("cluster-admin"), bound("view")), (vec![(5, "excessive-permissions")], vec![]));
    }

    #[test]
    fn everyone_as_administrator_is_high_and_the_systems_own_are_passed_over() {
        use bartizan_core::Severity::{High, Medium};
        let graded = |name: &str| {
            let text = format!(
                "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nroleRef:\n  kind: ClusterRole\n  name: cluster-admin\nsubjects:\n- kind: Group\n  name: {name}\n"
            );
            crate::testing::graded("k.yaml", &text, "pipeline/excessive-permissions")
        };
        for name in ["authenticated", "unauthenticated", "anonymous", "serviceaccounts"] {
            assert_eq!(graded(&format!("system:{name}")), [High], "{name}");
        }
        assert_eq!(graded("system:serviceaccounts:train"), [Medium]);
        assert_eq!(graded("system:serviceaccount:train:default"), [Medium]);
        for name in ["masters", "kube-controller-manager", "nodes", "node:a"] {
            assert_eq!(graded(&format!("system:{name}")), [], "{name}");
        }
    }

    #[test]
    fn model_addresses_formats_and_flags_are_judged() {
        let text = "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nspec:\n  predictor:\n    model:\n      modelFormat:\n        name: sklearn\n      storageUri: gs://b/m/latest\n      args: [\"--model_id=acme/net\", \"--trust_remote_code\"]\n---\napiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nspec:\n  predictor:\n    model:\n      modelFormat: {name: onnx}\n      storageUri: s3://b/m/v3\n";
        assert_eq!(
            found(text),
            [(7, "unsafe-model-format"), (8, "unpinned-model"), (9, "remote-code"), (9, "unpinned-model")]
        );
    }

    #[test]
    fn parameters_filled_into_scripts_are_told_from_parameters_given_as_arguments() {
        let text = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n  templates:\n  - name: a\n    script:\n      image: python:3.11@sha256:aa\n      command: [python]\n      source: |\n        print(\"{{workflow.name}}\")\n        x = '{{inputs.parameters.msg}}'\n  - name: b\n    container:\n      image: python:3.11@sha256:aa\n      command: [python, train.py]\n      args: [\"{{inputs.parameters.msg}}\"]\n  - name: c\n    container:\n      image: python:3.11@sha256:aa\n      command: [sh, -c]\n      args: [\"echo {{workflow.parameters.msg}}\"]\n";
        assert_eq!(found(text), [(11, "template-injection"), (21, "template-injection")]);
        let tekton = "apiVersion: tekton.dev/v1\nkind: Task\nspec:\n  params:\n  - name: x\n  steps:\n  - name: a\n    image: a@sha256:aa\n    script: |\n      #!/bin/sh\n      echo $(params.x)\n      echo $(workspaces.w.path)\n";
        assert_eq!(found(tekton), [(11, "template-injection")]);
    }

    #[test]
    fn what_a_workflow_lays_over_its_pods_and_who_it_runs_as_are_judged() {
        let flow =
            |spec: &str| found(&format!("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n{spec}"));
        let patch = "  podSpecPatch: '{\"containers\":[{\"name\":\"main\",\"securityContext\":{\"privileged\":true}}]}'\n";
        assert_eq!(flow(patch), [(4, "privileged-container")]);
        assert_eq!(
            flow("  podSpecPatch: |\n    hostNetwork: true\n    terminationGracePeriodSeconds: 5\n"),
            [(5, "host-access")]
        );
        assert_eq!(flow("  podSpecPatch: '{\"terminationGracePeriodSeconds\": 5}'\n"), []);
        assert_eq!(flow("  serviceAccountName: cluster-admin\n"), [(4, "excessive-permissions")]);
        assert_eq!(flow("  serviceAccountName: piano-cluster-admin\n"), [(4, "excessive-permissions")]);
        for name in ["trainer", "not-cluster-admin", "non-cluster-admin"] {
            assert_eq!(flow(&format!("  serviceAccountName: {name}\n")), [], "{name}");
        }
    }

    #[test]
    fn credentials_among_the_arguments_of_tasks_are_found() {
        let compiled = |name: &str, value: &str| {
            found(&format!(
                "pipelineInfo: {{name: a}}\nroot:\n  dag:\n    tasks:\n      train:\n        inputs:\n          parameters:\n            {name}:\n              runtimeValue:\n                constant: {value}\n"
            ))
        };
        assert_eq!(compiled("api_key", "q8Zr1vXkT4mLpN7cW2dY"), [(10, "secret")]);
        assert_eq!(compiled("api_key_secret", "openai-key"), []);
        assert_eq!(compiled("epochs", "3.0"), []);
        let given = |value: &str| {
            found(&format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n  arguments:\n    parameters:\n    - name: db-password\n      value: {value}\n"
            ))
        };
        assert_eq!(given("q8Zr1vXkT4mL"), [(7, "secret")]);
        assert_eq!(given("\"{{workflow.parameters.pw}}\""), []);
        let listed = "pipelineInfo: {name: a}\ndeploymentSpec:\n  executors:\n    e:\n      container:\n        image: a@sha256:aa\n        args:\n        - --executor_input\n        - '{{$}}'\n        - --api-key\n        - q8Zr1vXkT4mLpN7cW2dY\n";
        assert_eq!(found(listed), [(11, "secret")]);
    }

    #[test]
    fn services_and_secrets_in_the_open_are_found() {
        let text = "apiVersion: v1\nkind: Service\nspec:\n  type: LoadBalancer\n  ports:\n  - port: 8265\n---\napiVersion: v1\nkind: Secret\nstringData:\n  password: hunter2!\n---\napiVersion: v1\nkind: ConfigMap\ndata:\n  config.properties: |\n    inference_address=http://127.0.0.1:8080\n    disable_token_authorization=true\n";
        assert_eq!(found(text), [(4, "exposed-service"), (11, "secret"), (18, "no-authentication")]);
    }

    #[test]
    fn passwords_in_the_files_of_a_config_map_are_found() {
        let map = |value: &str| {
            found(&format!(
                "apiVersion: v1\nkind: ConfigMap\ndata:\n  app.yaml: |\n    database:\n      host: db.corp.net\n      password: {value}\n"
            ))
        };
        assert_eq!(map("Sommer-2024!"), [(7, "secret")]);
        assert_eq!(map("${DB_PASSWORD}"), []);
    }

    #[test]
    fn a_model_server_behind_a_balancer_is_told_by_its_name_or_ports() {
        use bartizan_core::Severity::{Low, Medium};
        let service = |name: &str, ports: &str, more: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  type: LoadBalancer\n  ports: [{ports}]\n{more}"
            );
            crate::testing::graded("k.yaml", &text, "pipeline/exposed-service")
        };
        assert_eq!(service("triton", "{port: 8000}", ""), [Medium]);
        assert_eq!(service("a", "{port: 8000}, {port: 8001}", ""), [Medium]);
        assert_eq!(service("shop", "{port: 8000}", ""), [Low]);
        assert_eq!(service("triton", "{port: 8000}", "  loadBalancerSourceRanges: [10.0.0.0/8]\n"), [Low]);
        assert_eq!(service("triton", "{port: 443}", ""), []);
    }

    #[test]
    fn a_role_with_every_right_and_an_interface_without_encryption_are_found() {
        let role = |verbs: &str| {
            found(&format!(
                "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: trainer}}\nrules:\n- apiGroups: [\"*\"]\n  resources: [\"*\"]\n  verbs: [{verbs}]\n"
            ))
        };
        assert_eq!((role("\"*\""), role("get, list")), (vec![(5, "excessive-permissions")], vec![]));
        let ingress = |value: &str| {
            found(&format!(
                "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  annotations:\n    nginx.ingress.kubernetes.io/ssl-redirect: \"{value}\"\n"
            ))
        };
        assert_eq!((ingress("false"), ingress("true")), (vec![(5, "insecure-transport")], vec![]));
    }
}
