//! Compose files.

use crate::ci::github::gaps;
use crate::hcl::reached_between as between;
use crate::rules::{self, EXPOSED_SERVICE, HOST_ACCESS, PRIVILEGED_CONTAINER, ROOT_USER};
use crate::serving::{command_issues_of, environment_issues};
use crate::yaml::{Node, Yaml};
use crate::{Issue, Notes, Reader, Text, image, issue, mount};
use bartizan_core::{Confidence, Kind, Rule, Severity};

/// `docker-compose.yml`, `compose.yaml`, their overrides, and what has their shape under any name (`stack.yml`, `qdrant.yml`).
#[derive(Debug)]
pub(crate) struct ComposeFile;

impl Reader for ComposeFile {
    fn id(&self) -> &'static str {
        "compose"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        let yaml = matches!(text.extension(), "yml" | "yaml");
        yaml && text.has_key(&["services"])
            && (text.file_name().contains("compose") || holds_services(text.content))
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let yaml = Yaml::read(text.content);
        gaps(&yaml, notes);
        let Some(services) = yaml.root().and_then(|root| root.get("services")) else { return };
        for service in services.entries() {
            if notes.out_of_time() {
                return;
            }
            service_in(text, notes, service.value);
        }
    }
}

/// Whether the mapping `services` holds one with an image or a build. Pipelines have lists of that name, frameworks classes.
fn holds_services(content: &str) -> bool {
    let has = |key: &str| {
        content.lines().any(|line| line.starts_with([' ', '\t']) && line.trim_start().starts_with(key))
    };
    if content.contains("apiVersion:") || !(has("image:") || has("build:")) {
        return false;
    }
    let yaml = Yaml::read(content);
    let services = yaml.root().and_then(|root| root.get("services"));
    services.is_some_and(|services| {
        services.entries().iter().take(MOST_ASKED).any(|service| {
            service.value.get("image").is_some_and(|image| image.as_str().is_some())
                || service.value.get("build").is_some()
        })
    })
}

/// Most services of which it is asked whether a file has the shape of Compose.
const MOST_ASKED: usize = 50;

fn service_in(text: &Text<'_>, notes: &mut Notes<'_>, service: Node<'_>) {
    let built = service.get("build").is_some();
    if let Some((node, reference)) = service.get("image").and_then(|node| Some((node, node.as_str()?))) {
        let reference = default_of(reference);
        issue::report(text, notes, image::issue(&reference, node.span(), "the image").filter(|_| !built));
    }
    environment_issues(text, notes, service.get("environment"));
    let published_at =
        service.get("ports").into_iter().flat_map(Node::items).any(|port| everywhere(port).is_some());
    if let Some(place) = service.get("environment").filter(|_| published_at).and_then(listens_to_all) {
        let message =
            "Ollama, which lets whoever reaches it pull and replace models, is published to everyone";
        issue::report(text, notes, [Issue::new(&EXPOSED_SERVICE, place, message)]);
    }
    for key in ["command", "entrypoint"] {
        if let Some(node) = service.get(key) {
            let program = service.text_of("image").filter(|_| service.get("entrypoint").is_none());
            let program = program.and_then(crate::image_program::program_of);
            command_issues_of(text, notes, &[node], program);
        }
    }
    let mut issues = Vec::new();
    if let Some(node) = service.entry("privileged").filter(|entry| entry.value.as_bool() == Some(true)) {
        issues.push(Issue::new(
            &PRIVILEGED_CONTAINER,
            node.span(),
            "the container has all rights of the machine",
        ));
    }
    for capability in service.get("cap_add").into_iter().flat_map(Node::items) {
        if matches!(
            capability.as_str(),
            Some("ALL" | "SYS_ADMIN" | "SYS_PTRACE" | "SYS_MODULE" | "NET_ADMIN")
        ) {
            issues.push(Issue::new(
                &PRIVILEGED_CONTAINER,
                capability.span(),
                "the container gets a capability of the machine",
            ));
        }
    }
    for option in service.get("security_opt").into_iter().flat_map(Node::items) {
        let value = option.as_str().unwrap_or_default().replace('=', ":");
        if matches!(value.as_str(), "seccomp:unconfined" | "apparmor:unconfined" | "label:disable") {
            let message = format!("the container may make every call of the machine's kernel (`{value}`)");
            issues.push(Issue::new(&PRIVILEGED_CONTAINER, option.span(), message).severity(Severity::Medium));
        }
    }
    issues.extend(published(service));
    for (key, value) in [("network_mode", "host"), ("pid", "host"), ("ipc", "host"), ("userns_mode", "host")]
    {
        if let Some(node) = service.entry(key).filter(|entry| entry.value.as_str() == Some(value)) {
            let severity = if key == "ipc" { Severity::Low } else { Severity::Medium };
            issues.push(
                Issue::new(
                    &HOST_ACCESS,
                    node.span(),
                    format!("the container shares the machine's namespace (`{key}`)"),
                )
                .severity(severity),
            );
        }
    }
    for volume in service.get("volumes").into_iter().flat_map(Node::items) {
        let source = volume.as_str().or_else(|| volume.text_of("source")).unwrap_or_default();
        issues.extend(mount::issue(source, volume.span()));
    }
    if let Some(user) = service.entry("user").filter(|entry| {
        entry.value.as_str().is_some_and(|user| matches!(user.split(':').next(), Some("0" | "root")))
    }) {
        let issue = Issue::new(&ROOT_USER, user.span(), "the container is told to run as root");
        issues.push(issue.severity(Severity::Medium));
    }
    issue::report(text, notes, issues);
}

/// A store or a model server that is published beyond the machine and asks for no key.
fn published(service: Node<'_>) -> Vec<Issue> {
    let open: Vec<(Node<'_>, bool)> = service
        .get("ports")
        .into_iter()
        .flat_map(Node::items)
        .filter_map(|port| Some((port, everywhere(port)?)))
        .collect();
    let Some((port, said)) = open.iter().max_by_key(|(_, said)| *said) else { return Vec::new() };
    let Some((name, what, keys)) = keyless(service.text_of("image").unwrap_or_default()) else {
        return opened(service).into_iter().collect();
    };
    let words = ["environment", "command", "entrypoint", "env_file", "volumes", "configs"]
        .iter()
        .filter_map(|key| service.get(key));
    // A key may as well come from a file that stands elsewhere.
    let elsewhere = service.get("env_file").is_some() || service.get("configs").is_some();
    if elsewhere || words.flat_map(spelt).any(|word| keys.iter().any(|key| word.contains(key))) {
        return Vec::new();
    }
    let runs = matches!(*name, "ray" | "ray-ml");
    // Stores that ask for nothing by default are reached by their neighbours under the same line.
    let store = matches!(*name, "redis" | "redis-stack" | "valkey" | "mongo");
    let severity = if *said || runs || !store { Severity::Medium } else { Severity::Low };
    let message = format!("{what} is published on every address of the machine and asks for no key");
    vec![Issue::new(&EXPOSED_SERVICE, port.span(), message).severity(severity).confidence(Confidence::Medium)]
}

/// The store or model server that the image `reference` is, where it answers whoever reaches it: its name, what it is, and what in its
/// settings asks for a key.
fn keyless(reference: &str) -> Option<&'static (&'static str, &'static str, &'static [&'static str])> {
    let image = reference.split('@').next().unwrap_or(reference);
    let name = image.rsplit('/').next().unwrap_or(image);
    let name = name.split(':').next().unwrap_or(name);
    KEYLESS.iter().find(|(known, ..)| *known == name)
}

/// A port of the machine that a container of a store or a model server without a key takes in Kubernetes.
pub(crate) fn on_a_host_port(container: Node<'_>) -> Option<Issue> {
    let (_, what, keys) = keyless(container.text_of("image")?)?;
    let port = container.get("ports").into_iter().flat_map(Node::items).find_map(|port| {
        let own =
            port.text_of("hostIP").is_some_and(|address| address.starts_with("127.") || address == "::1");
        port.entry("hostPort").filter(|entry| !own && entry.value.as_int().is_some_and(|port| port > 0))
    })?;
    let names = container.get("env").into_iter().flat_map(Node::items);
    let names = names.filter_map(|item| item.text_of("name")).map(str::to_ascii_uppercase);
    let words = ["command", "args"].iter().filter_map(|key| container.get(key)).flat_map(spelt);
    let asks = names.chain(words).any(|word| keys.iter().any(|key| word.contains(key)));
    let message = format!("{what} takes a port of the machine and asks for no key");
    (!asks && container.get("envFrom").is_none())
        .then(|| Issue::new(&EXPOSED_SERVICE, port.span(), message).confidence(Confidence::Medium))
}

/// A port of an interface that runs code, or of a store, which is published to every address in so many words, of a service whose settings
/// speak of no key.
fn opened(service: Node<'_>) -> Option<Issue> {
    let words = ["environment", "command", "entrypoint", "labels"].iter().filter_map(|key| service.get(key));
    let elsewhere = ["env_file", "configs", "secrets"].iter().any(|key| service.get(key).is_some());
    let asks = ["AUTH", "PASSWORD", "TOKEN", "API_KEY", "API-KEY", "REQUIREPASS", "SECRET"];
    if elsewhere || words.flat_map(spelt).any(|word| asks.iter().any(|key| word.contains(key))) {
        return None;
    }
    service.get("ports").into_iter().flat_map(Node::items).find_map(|port| {
        everywhere(port).filter(|said| *said)?;
        let inner = match port.as_str() {
            Some(written) => written.rsplit(':').next().and_then(|last| last.split('/').next()?.parse().ok()),
            None => port.get("target").and_then(Node::as_int).and_then(|port| u32::try_from(port).ok()),
        };
        let (what, severity) = inner.and_then(|inner| between(inner, inner))?;
        let message = format!("{what} is published on every address of the machine");
        let issue =
            Issue::new(&EXPOSED_SERVICE, port.span(), message).severity(severity.min(Severity::Medium));
        Some(issue.confidence(Confidence::Medium))
    })
}

/// Where `OLLAMA_HOST` is set to every address.
fn listens_to_all(environment: Node<'_>) -> Option<std::ops::Range<usize>> {
    let all = |value: &str| value.split(':').next() == Some("0.0.0.0");
    let named = environment.get("OLLAMA_HOST").filter(|value| value.as_str().is_some_and(all));
    let listed = || {
        environment
            .items()
            .find(|item| item.as_str().and_then(|item| item.strip_prefix("OLLAMA_HOST=")).is_some_and(all))
    };
    named.or_else(listed).map(Node::span)
}

/// Names and values below `node` in upper case, one level deep.
fn spelt(node: Node<'_>) -> Vec<String> {
    let entries = node.entries();
    let named = entries.iter().map(|entry| entry.name().to_ascii_uppercase());
    let items = node.items_or_self().into_iter().filter_map(Node::as_str).map(str::to_ascii_uppercase);
    named.chain(items).collect()
}

/// Whether a port is published on every address because that is written; `None` where it is kept to the machine.
fn everywhere(port: Node<'_>) -> Option<bool> {
    let address = match port.as_str() {
        Some(written) => match written.rsplit(':').count() {
            // `6333` alone is a random port of every address, `6333:6333` that port of every address.
            1 | 2 => None,
            _ => Some(written.rsplitn(3, ':').last().unwrap_or_default()),
        },
        None => port.text_of("host_ip"),
    };
    match address.map(|address| address.trim_matches(['[', ']'])) {
        None => Some(false),
        Some("0.0.0.0" | "::" | "*") => Some(true),
        Some(_) => None,
    }
}

/// Images of stores and model servers that answer whoever reaches them: name, what it is, and what in its settings asks for a key.
const KEYLESS: &[(&str, &str, &[&str])] = &[
    ("qdrant", "Qdrant", &["API_KEY", "JWT_RBAC"]),
    ("chroma", "Chroma", &["AUTHN", "AUTH_"]),
    ("weaviate", "Weaviate", &["APIKEY", "OIDC"]),
    ("milvus", "Milvus", &["AUTHORIZATION"]),
    ("ollama", "Ollama, with which whoever reaches it can replace models,", &["NOTHING ASKS"]),
    ("redis", "Redis", &["REQUIREPASS", "PASSWORD", "ACLFILE", "REDIS.CONF", "TLS"]),
    ("redis-stack", "Redis", &["REQUIREPASS", "PASSWORD", "ACLFILE", "TLS"]),
    ("valkey", "Valkey", &["REQUIREPASS", "PASSWORD", "ACLFILE", "TLS"]),
    ("mongo", "MongoDB", &["PASSWORD", "--AUTH", "KEYFILE"]),
    ("tritonserver", "Triton", &["RESTRICTED"]),
    ("vllm-openai", "vLLM", &["API_KEY", "API-KEY"]),
    ("text-generation-inference", "the model server", &["API_KEY", "API-KEY"]),
    ("text-embeddings-inference", "the model server", &["API_KEY", "API-KEY"]),
    ("sglang", "SGLang", &["API_KEY", "API-KEY"]),
    ("mlflow", "MLflow", &["AUTH", "BASIC"]),
    ("litellm", "LiteLLM, which asks models with the keys it holds,", &["MASTER_KEY"]),
    ("litellm-database", "LiteLLM, which asks models with the keys it holds,", &["MASTER_KEY"]),
    ("langflow", "Langflow, which runs code,", &["AUTO_LOGIN", "SUPERUSER"]),
    ("flowise", "Flowise, which runs code,", &["PASSWORD", "JWT"]),
    ("local-ai", "LocalAI", &["API_KEY"]),
    ("localai", "LocalAI", &["API_KEY"]),
    ("ray", "Ray, which runs jobs for whoever asks,", &["NOTHING ASKS"]),
    ("ray-ml", "Ray, which runs jobs for whoever asks,", &["NOTHING ASKS"]),
];

/// The reference with the defaults of its variables: `a:${TAG:-latest}`.
fn default_of(reference: &str) -> String {
    let mut shown = reference.to_owned();
    while let Some(at) = shown.find("${") {
        let Some(length) = shown.get(at..).and_then(|rest| rest.find('}')) else { break };
        let inner = shown.get(at.saturating_add(2)..at.saturating_add(length)).unwrap_or_default().to_owned();
        let Some((_, value)) = inner.split_once(":-").or_else(|| inner.split_once('-')) else { break };
        shown.replace_range(at..at.saturating_add(length).saturating_add(1), value);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examine;
    use bartizan_core::{Limits, MonotonicClock};

    #[test]
    fn services_are_judged_as_containers() {
        let text = "services:\n  a:\n    image: acme/net:${TAG:-latest}\n    environment:\n      - HF_TOKEN=hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567\n    command: mlflow server --host 0.0.0.0\n    volumes:\n      - /var/run/docker.sock:/var/run/docker.sock\n    privileged: true\n  b:\n    image: acme/x@sha256:aa\n    environment:\n      HF_TOKEN: ${HF_TOKEN}\n";
        let outcome =
            examine(&Text::new("docker-compose.yml", text), &Limits::default(), &MonotonicClock::start());
        let mut found: Vec<_> =
            outcome.findings.iter().map(|one| (one.location.line.unwrap(), one.rule.id)).collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                (3, "pipeline/unpinned-image"),
                (5, "pipeline/secret"),
                (6, "pipeline/exposed-service"),
                (8, "pipeline/host-access"),
                (9, "pipeline/privileged-container"),
            ]
        );
    }

    #[test]
    fn what_has_the_shape_of_compose_is_known_under_any_name() {
        use crate::testing::lines;
        let text = "services:\n  a:\n    image: acme/net:main\n    command: --model-id acme/net --trust-remote-code\n    cap_add: [SYS_ADMIN]\n    security_opt: [\"seccomp:unconfined\"]\n    environment:\n      WEBUI_AUTH: \"False\"\n";
        let found = [
            (3, "unpinned-image"),
            (4, "remote-code"),
            (4, "unpinned-model"),
            (5, "privileged-container"),
            (6, "privileged-container"),
            (8, "no-authentication"),
        ];
        for name in ["stack.yaml", "ops/net.yml", "docker-compose.yml"] {
            assert_eq!(lines(name, text), found, "{name}");
        }
        for other in [
            "services:\n- postgres:14\nbuild:\n  image: a\n",
            "services:\n  App\\Mailer:\n    class: App\\Mailer\n    arguments: ['image:latest']\n",
            "jobs:\n  a:\n    services:\n      db:\n        image: postgres\n",
        ] {
            assert_eq!(lines("x.yaml", other), [], "{other}");
        }
    }

    #[test]
    fn stores_without_a_key_that_are_published_are_found() {
        use crate::testing::graded;
        let severities = |image: &str, port: &str, more: &str| {
            let text =
                format!("services:\n  a:\n    image: {image}@sha256:aa\n    ports: [\"{port}\"]\n{more}");
            graded("compose.yml", &text, "pipeline/exposed-service")
        };
        assert_eq!(severities("qdrant/qdrant", "0.0.0.0:6333:6333", ""), [Severity::Medium]);
        assert_eq!(severities("redis", "6379:6379", ""), [Severity::Low]);
        assert_eq!(severities("nvcr.io/nvidia/tritonserver", "0.0.0.0:8000:8000", ""), [Severity::Medium]);
        assert_eq!(severities("vllm/vllm-openai", "8000:8000", ""), [Severity::Medium]);
        assert_eq!(severities("ghcr.io/berriai/litellm", "4000:4000", ""), [Severity::Medium]);
        assert_eq!(severities("rayproject/ray", "8265:8265", ""), [Severity::Medium]);
        assert_eq!(severities("acme/notebooks", "0.0.0.0:8888:8888", ""), [Severity::Medium]);
        for (image, port, more) in [
            ("qdrant/qdrant", "127.0.0.1:6333:6333", ""),
            (
                "qdrant/qdrant",
                "0.0.0.0:6333:6333",
                "    environment:\n      QDRANT__SERVICE__API_KEY: ${KEY}\n",
            ),
            ("redis", "0.0.0.0:6379:6379", "    command: redis-server --requirepass ${P}\n"),
            ("redis", "0.0.0.0:6379:6379", "    env_file: .env\n"),
            ("ghcr.io/berriai/litellm", "4000:4000", "    environment: [\"LITELLM_MASTER_KEY=${K}\"]\n"),
            ("nginx", "0.0.0.0:80:80", ""),
            ("acme/notebooks", "8888:8888", ""),
            ("acme/notebooks", "0.0.0.0:8888:8888", "    environment: [\"JUPYTER_TOKEN=${TOKEN}\"]\n"),
            ("acme/db", "0.0.0.0:5432:5432", "    environment: {POSTGRES_PASSWORD_FILE: /run/secrets/p}\n"),
        ] {
            assert_eq!(severities(image, port, more), [], "{image} {port} {more}");
        }
    }
}
