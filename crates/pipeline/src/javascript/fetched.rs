//! Models that a program fetches from a hub as they are today, and addresses of services and models without encryption.

use super::program::{Call, Program};
use super::sinks;
use crate::address::{self, Clear, Reach};
use crate::rules::{INSECURE_TRANSPORT, UNPINNED_MODEL};
use crate::{Issue, python};
use bartizan_core::{Confidence, Severity};
use std::ops::Range;

/// Models of Transformers.js that no commit pins.
///
/// Source: Transformers.js documentation, `pipeline` and `PretrainedModel.from_pretrained`, option `revision`: `main` by default.
pub(super) fn unpinned(program: &Program<'_>, call: &Call, issues: &mut Vec<Issue>) {
    let Some(rest) = MODULES.iter().find_map(|module| call.path.strip_prefix(module)?.strip_prefix('.'))
    else {
        return;
    };
    let place = match rest {
        "pipeline" => 1,
        _ if rest.ends_with(".from_pretrained") => 0,
        _ => return,
    };
    let Some(named) = call.arguments.get(place) else { return };
    let Some(name) = program.constant(named).filter(|name| is_repository(name)) else { return };
    let options = call.arguments.get(place.saturating_add(1));
    let mut shown = named.clone();
    if let Some(options) = options {
        // Options that are put together elsewhere may pin it.
        if program.word(options.start) != "{" || options.clone().any(|at| program.word(at) == "...") {
            return;
        }
        if let Some(revision) = program.value(options.start, "revision") {
            if program.constant(&revision).is_none_or(address::is_commit) {
                return;
            }
            shown = revision;
        }
        if program
            .value(options.start, "local_files_only")
            .is_some_and(|local| program.word(local.start) == "true")
        {
            return;
        }
    }
    let name = bartizan_core::printable(name, 80);
    let message = format!("the model `{name}` is fetched as it is today");
    let remedy = "Pass `revision` with the commit that was reviewed.";
    issues.push(Issue::new(&UNPINNED_MODEL, program.span(&shown), message).remedy(remedy));
}

/// Whether `name` is that of a repository of a hub: `organisation/name`.
fn is_repository(name: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphanumeric())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
    };
    name.split_once('/')
        .is_some_and(|(owner, model)| part(owner) && part(model) && !python::is_local_folder(owner))
}

/// Addresses without encryption that are asked.
pub(super) fn transport(program: &Program<'_>, call: &Call, issues: &mut Vec<Issue>) {
    let asked = sinks::asks(&call.path)
        || matches!(
            call.name(),
            "WebSocket" | "EventSource" | "SSEClientTransport" | "StreamableHTTPClientTransport"
        );
    let Some(first) = call.arguments.first().filter(|_| asked) else { return };
    // `new URL("http://…")` around it says the same.
    let inner = (program.word(first.start) == "new" && program.word(first.start.saturating_add(1)) == "URL")
        .then(|| program.call(first.start.saturating_add(2))?.arguments.first().cloned())
        .flatten();
    let given = inner.or_else(|| program.value(first.start, "url")).unwrap_or_else(|| first.clone());
    let begin = spelt(program.beginning(&given));
    // A host that a hole goes on is known at run time only.
    let whole = begin.split_once("://").is_some_and(|(_, rest)| rest.contains('/'))
        || program.constant(&given).is_some();
    let Some(clear) = clear(&begin).filter(|_| whole) else { return };
    let shown = bartizan_core::printable(program.beginning(&given), 100);
    let message = format!("`{}` asks {shown} without encryption", call.name());
    if let Some(issue) = graded(clear, address::is_artifact(clear.address), program.span(&given), &message) {
        issues.push(issue);
    }
}

/// Addresses without encryption that clients are made for, or models are fetched from: `baseURL: "http://…"`, `env.remoteHost = "http://…"`;
/// `at` is the sign between name and value.
pub(super) fn base(program: &Program<'_>, name: &str, at: usize, issues: &mut Vec<Issue>) {
    let models = name == "remoteHost";
    if !models && !matches!(name, "baseURL" | "baseUrl" | "basePath" | "azureEndpoint" | "apiBase") {
        return;
    }
    let value = program.expression(at.saturating_add(1));
    let Some(written) = program.constant(&value) else { return };
    let Some(clear) = clear(written) else { return };
    let shown = bartizan_core::printable(clear.address, 100);
    let message = format!("`{name}` leads to {shown} without encryption");
    let Some(issue) = graded(clear, models, program.span(&value), &message) else { return };
    // What is sent there besides questions is only a client's key.
    let open = program.tokens.get(at).and_then(|token| token.inside);
    let told = open.is_some_and(|open| {
        ["apiKey", "headers", "token", "auth"].iter().any(|key| program.value(open, key).is_some())
    });
    let light = !models && !told;
    issues.push(if light { issue.severity(Severity::Low).confidence(Confidence::Medium) } else { issue });
}

/// The address without encryption that `text` is.
fn clear(text: &str) -> Option<Clear<'_>> {
    address::clear(text).filter(|clear| text.starts_with(clear.address))
}

/// `address` with the scheme under which the rules about addresses know it: a socket's is that of its handshake.
fn spelt(address: &str) -> String {
    match address.strip_prefix("ws://") {
        Some(rest) => format!("http://{rest}"),
        None => address.to_owned(),
    }
}

/// The issue of what is asked at `clear`, as everywhere: `loaded` says whether it is then loaded or run. Services that only a cluster
/// knows are passed over.
fn graded(clear: Clear<'_>, loaded: bool, span: Range<usize>, message: &str) -> Option<Issue> {
    let severity = if loaded { clear.reach.of_source() } else { clear.reach.of_service() };
    let issue =
        Issue::new(&INSECURE_TRANSPORT, span, format!("{message}{}", clear.inside())).severity(severity);
    let issue = if severity < Severity::Medium { issue.confidence(Confidence::Medium) } else { issue };
    (loaded || clear.reach != Reach::Cluster).then_some(issue)
}

/// Modules that fetch models from a hub.
const MODULES: &[&str] = &["@huggingface/transformers", "@xenova/transformers"];

#[cfg(test)]
mod tests {
    use crate::testing::{found, lines};
    use bartizan_core::Severity::{Low, Medium};

    #[test]
    fn plain_addresses_are_graded_by_who_can_reach_their_host_as_everywhere() {
        for (address, graded) in [
            ("http://api.acme.dev/a", Some(Medium)),
            ("http://8.8.4.4/a", Some(Medium)),
            ("http://api.acme.lan/a", Some(Low)),
            ("http://vllm.internal:8000/health", Some(Low)),
            ("http://10.1.2.3:8000/v1", Some(Low)),
            ("http://192.168.1.4/a", Some(Low)),
            ("http://10.1.2.3:8000/tiny.onnx", Some(Medium)),
            ("http://vllm/tiny.onnx", Some(Low)),
            ("http://vllm:8000/v1", None),
            ("http://a.svc.cluster.local/a", None),
            ("http://localhost:8000/tiny.onnx", None),
            ("http://127.0.0.1/a", None),
            ("http://host.docker.internal:11434/api", None),
            ("https://api.acme.dev/a", None),
        ] {
            let expected: Vec<_> =
                graded.into_iter().map(|severity| ("pipeline/insecure-transport", 1, severity)).collect();
            assert_eq!(found("a.ts", &format!("await fetch('{address}');")), expected, "{address}");
            let socket = address.replacen("http", "ws", 1);
            assert_eq!(found("a.ts", &format!("new WebSocket('{socket}');")), expected, "{socket}");
        }
    }

    #[test]
    fn clients_of_plain_addresses_are_found_at_the_address() {
        let graded =
            |code: &str| found("a.ts", code).into_iter().map(|(.., severity)| severity).collect::<Vec<_>>();
        assert_eq!(
            graded("const c = new OpenAI({ baseURL: 'http://llm.acme.dev/v1', apiKey: key() });"),
            [Medium]
        );
        assert_eq!(graded("const c = axios.create({ baseURL: 'http://llm.acme.dev/v1' });"), [Low]);
        assert_eq!(graded("env.remoteHost = 'http://models.acme.dev';"), [Medium]);
        assert_eq!(graded("axios({ url: 'http://data.acme.dev/b' });"), [Medium]);
        for code in [
            "const c = new OpenAI({ baseURL: 'http://localhost:11434/v1', apiKey: key() });",
            "const c = new OpenAI({ baseURL: 'http://ollama:11434/v1', apiKey: key() });",
            "interface A { baseURL: string }",
            "const c = new OpenAI({ baseURL: url });",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }

    #[test]
    fn models_of_transformers_js_are_pinned_to_a_commit() {
        let commit = "0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012";
        let code = |call: &str| {
            format!(
                "import {{ pipeline, AutoModel }} from '@huggingface/transformers';\nconst p = await {call};\n"
            )
        };
        for call in [
            "pipeline('feature-extraction', 'acme/mini')",
            "pipeline('feature-extraction', 'acme/mini', { dtype: 'q8' })",
            "pipeline('feature-extraction', 'acme/mini', { revision: 'main' })",
            "AutoModel.from_pretrained('acme/mini')",
        ] {
            assert_eq!(lines("a.js", &code(call)), [(2, "unpinned-model")], "{call}");
        }
        for call in [
            &format!("pipeline('feature-extraction', 'acme/mini', {{ revision: '{commit}' }})") as &str,
            "pipeline('feature-extraction', 'acme/mini', options)",
            "pipeline('feature-extraction', 'acme/mini', { ...options })",
            "pipeline('feature-extraction', './models/mini')",
            "pipeline('feature-extraction', name)",
            "pipeline('feature-extraction')",
            "AutoModel.from_pretrained('acme/mini', { local_files_only: true })",
        ] {
            assert_eq!(lines("a.js", &code(call)), [], "{call}");
        }
        assert_eq!(
            lines("a.js", "import { pipeline } from 'node:stream/promises';\nawait pipeline(a, 'b/c');"),
            []
        );
    }
}
