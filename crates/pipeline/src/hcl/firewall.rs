//! Firewalls of clouds that let the whole internet in.

use super::known::Known;
use super::tree::{Body, Value};
use crate::Issue;
use crate::rules::EXPOSED_SERVICE;
use bartizan_core::{Confidence, Severity};

/// Ports of interfaces that run code or show everything, as firewalls name them, and how bad it is that the internet reaches them:
/// what asks for a login of its own is graded below what does not.
const OPEN_PORTS: &[(u32, &str, Severity)] = &[
    (8265, "the Ray dashboard", Severity::High),
    (10001, "the Ray client", Severity::High),
    (8888, "Jupyter", Severity::High),
    (5000, "MLflow", Severity::High),
    (6006, "TensorBoard", Severity::Medium),
    (8787, "the Dask dashboard", Severity::High),
    (8081, "TorchServe's management", Severity::High),
    (11434, "Ollama", Severity::High),
    (2375, "Docker", Severity::High),
    (22, "SSH", Severity::Medium),
    (3389, "remote desktops", Severity::Medium),
    (5432, "PostgreSQL", Severity::Medium),
    (3306, "MySQL", Severity::Medium),
    (6379, "Redis", Severity::High),
    (27017, "MongoDB", Severity::High),
    (9200, "Elasticsearch", Severity::High),
    (6333, "Qdrant", Severity::High),
    (19530, "Milvus", Severity::High),
];
/// Ports on which model servers answer.
const SERVING_PORTS: &[u32] = &[8000, 8001, 8002, 8501, 7860, 9000, 30000];

/// A firewall's rule in `body` that lets the whole internet reach an interface which runs code, a store or a model server, unless a name
/// that it is written with is given another value.
pub(super) fn opened(body: &Body, known: &Known<'_>) -> Option<Issue> {
    let everyone = [
        "cidr_blocks",
        "source_ranges",
        "cidr_ipv4",
        "cidr",
        "source_address_prefix",
        "ipv6_cidr_blocks",
        "cidr_ipv6",
    ]
    .iter()
    .filter_map(|name| body.get(name))
    .find(|attribute| {
        let whole = |text: &String| matches!(text.as_str(), "0.0.0.0/0" | "::/0");
        let listed = matches!(attribute.value, Value::List(_));
        let any = |text: &String| !listed && matches!(text.as_str(), "*" | "Internet");
        known.texts(attribute).iter().any(|text| whole(text) || any(text))
    })?;
    let span = everyone.key.start..everyone.span.end;
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    let number = |name: &str| {
        let texts = known.texts(body.get(name)?);
        texts.first().and_then(|text| text.trim_matches('"').parse::<u32>().ok())
    };
    let (from, to) = (number("from_port"), number("to_port"));
    ranges.extend(from.or(to).zip(to.or(from)));
    let written = |text: &str| {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        from.trim().parse().ok().zip(to.trim().parse().ok())
    };
    ranges.extend(body.text("destination_port_range").and_then(written));
    let allowed = body.blocks("allow").filter_map(|block| match &block.body.get("ports")?.value {
        Value::List(ports) => Some(ports.iter().filter_map(|(port, _)| written(port)).collect::<Vec<_>>()),
        _ => None,
    });
    ranges.extend(allowed.flatten());
    let every = ["protocol", "ip_protocol"].iter().any(|name| body.text(name) == Some("-1"))
        || body.blocks("allow").any(|block| block.body.text("protocol") == Some("all"))
        || body.text("destination_port_range") == Some("*")
        || ranges.iter().any(|(from, to)| *from <= 1 && *to >= 65535);
    let within = |port: u32| ranges.iter().any(|(from, to)| (*from..=*to).contains(&port));
    let what = if every { Some(EVERY) } else { worst(within) };
    if let Some((what, severity)) = what {
        let issue = Issue::new(&EXPOSED_SERVICE, span, format!("the whole internet may reach {what}"));
        return Some(issue.severity(severity));
    }
    let answering = SERVING_PORTS.iter().filter(|port| within(**port)).count();
    (answering > 0).then(|| {
        let message = "the whole internet may reach a port on which model servers answer";
        // Any program may listen on one of them.
        let sure = answering > 1 || known.serves_models();
        let severity = if sure { Severity::Medium } else { Severity::Low };
        Issue::new(&EXPOSED_SERVICE, span, message).severity(severity).confidence(Confidence::Medium)
    })
}

/// What servers of models are called.
pub(crate) const MODEL_SERVERS: &[&str] = &[
    "triton",
    "vllm",
    "sglang",
    "torchserve",
    "tensorflow-serving",
    "tf-serving",
    "text-generation",
    "text-embeddings",
    "tgi-",
    "inference",
    "llm",
    "gradio",
    "ollama",
    "bentoml",
    "kserve",
    "seldon",
    "model-server",
    "model_server",
    "model server",
    "model-serving",
    "model_serving",
];

/// What it is when no port is left out.
const EVERY: (&str, Severity) = ("every port", Severity::High);

/// The worst of the known interfaces whose port is `within` what is open.
fn worst(within: impl Fn(u32) -> bool) -> Option<(&'static str, Severity)> {
    let open = OPEN_PORTS.iter().filter(|(port, ..)| within(*port));
    let mut found: Option<(&'static str, Severity)> = None;
    for (_, what, severity) in open {
        if found.is_none_or(|(_, worst)| *severity > worst) {
            found = Some((what, *severity));
        }
    }
    found
}

/// What is known to answer between two ports, and how bad it is that the internet reaches it.
pub(crate) fn between(from: u32, to: u32) -> Option<(&'static str, Severity)> {
    // Both ends at nothing, or at the ends of what there is, leave no port out.
    if from <= 1 && (to == 0 || to >= 65535) {
        return Some(EVERY);
    }
    worst(|port| (from..=to).contains(&port))
}

#[cfg(test)]
mod tests {
    use crate::testing::graded;
    use bartizan_core::Severity::{High, Low, Medium};

    #[test]
    fn what_the_internet_may_reach_is_told_by_its_port() {
        let rule = |port: &str, blocks: &str, more: &str| {
            let text = format!(
                "resource \"aws_security_group_rule\" \"a\" {{\n  type = \"ingress\"\n  from_port = {port}\n  to_port = {port}\n  cidr_blocks = [\"{blocks}\"]\n{more}}}\n"
            );
            graded("main.tf", &text, "pipeline/exposed-service")
        };
        assert_eq!(rule("8888", "0.0.0.0/0", ""), [High]);
        assert_eq!(rule("22", "0.0.0.0/0", ""), [Medium]);
        assert_eq!(rule("8000", "0.0.0.0/0", ""), [Low]);
        assert_eq!(rule("8000", "0.0.0.0/0", "  description = \"vLLM\"\n"), [Medium]);
        assert_eq!(rule("8001", "10.0.0.0/8", "  description = \"Triton\"\n"), []);
        assert_eq!(rule("0", "0.0.0.0/0", "  protocol = \"-1\"\n"), [High]);
        assert_eq!(rule("443", "0.0.0.0/0", ""), []);
        assert_eq!(rule("22", "10.0.0.0/8", ""), []);
        let out = "resource \"aws_security_group\" \"a\" {\n  egress {\n    from_port = 0\n    to_port = 0\n    protocol = \"-1\"\n    cidr_blocks = [\"0.0.0.0/0\"]\n  }\n}\n";
        assert_eq!(graded("main.tf", out, "pipeline/exposed-service"), []);
        let inside = out.replace("egress", "ingress");
        assert_eq!(graded("main.tf", &inside, "pipeline/exposed-service"), [High]);
    }
}
