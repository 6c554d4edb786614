//! Traces and metrics for OpenTelemetry, sent by a thread of its own: [`Telemetry`].
//!
//! Source: OTLP 1.5 over HTTP in its JSON encoding (trace and span ids in hexadecimal digits, 64-bit integers as strings), and the
//! semantic conventions for generative AI of OpenTelemetry. Where a request has a `traceparent` (W3C Trace Context), its span is a
//! child of that; else the decision's name is the name of the trace.

use super::Clock;
use super::decision::Decision;
use super::error::GatewayError;
use super::metrics::Metrics;
use super::plan::Surroundings;
use super::upstream::{Endpoint, Upstream};
use crate::settings::{OnFailure, TelemetryOptions};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Method};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Most decisions that wait; further ones are lost and counted.
const LONGEST_QUEUE: usize = 16_384;
/// Most spans of one message.
const LARGEST_BATCH: usize = 512;
/// How long a span waits for others.
const GATHERING: Duration = Duration::from_secs(1);
/// How often metrics are sent where nothing is said.
const INTERVAL: Duration = Duration::from_secs(15);
/// Longest time that a message may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Upper bounds of durations, in seconds, as the conventions give them for `gen_ai.client.operation.duration`.
const BOUNDS: [f64; 14] =
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

/// Takes decisions and sends them.
#[derive(Debug)]
pub struct Telemetry {
    sender: Option<SyncSender<Box<Decision>>>,
    thread: Option<JoinHandle<()>>,
}

impl Telemetry {
    /// Telemetry that is sent where the options say.
    ///
    /// # Errors
    /// [`GatewayError`] when the address or the credential cannot be used, or there can be no thread.
    pub fn new(
        options: &TelemetryOptions,
        surroundings: &Surroundings<'_>,
        clock: Clock,
        metrics: Arc<Metrics>,
    ) -> Result<Self, GatewayError> {
        let subject = "telemetry";
        if options.credential_header.is_some() && options.credential_env.is_none() {
            return Err(GatewayError::Value {
                subject: subject.to_owned(),
                problem: "credential-header carries a credential, and there is none; credential-env names its variable"
                    .to_owned(),
            });
        }
        let credential = options
            .credential_env
            .as_ref()
            .map(|variable| {
                (surroundings.environment)(variable).ok_or_else(|| GatewayError::Credential {
                    subject: subject.to_owned(),
                    variable: variable.clone(),
                })
            })
            .transpose()?;
        let machine_roots =
            if options.endpoint.starts_with("https:") { (surroundings.roots)() } else { Vec::new() };
        let collector = Upstream::new(&Endpoint {
            name: subject,
            url: &options.endpoint,
            weight: 1,
            credential,
            credential_header: options.credential_header.as_deref(),
            roots: None,
            machine_roots: &machine_roots,
            connect: PATIENCE,
            model: None,
            on_failure: OnFailure::Closed,
        })?;
        let failed = |error| GatewayError::Serve { place: subject.to_owned(), error };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let exporter = Exporter {
            collector,
            runtime,
            interval: options.interval_s.map_or(INTERVAL, |seconds| Duration::from_secs(seconds.max(1))),
            began: clock(),
            clock,
            metrics,
            counts: Counts::default(),
        };
        let (sender, receiver) = sync_channel(LONGEST_QUEUE);
        let thread = std::thread::Builder::new()
            .name("telemetry".to_owned())
            .spawn(move || exporter.run(&receiver))
            .map_err(failed)?;
        Ok(Self { sender: Some(sender), thread: Some(thread) })
    }

    /// Hands over a decision; never waits.
    pub(super) fn take(&self, decision: Box<Decision>, metrics: &Metrics) {
        let sent = self.sender.as_ref().map(|sender| sender.try_send(decision));
        if let Some(Err(TrySendError::Full(_) | TrySendError::Disconnected(_))) = sent {
            metrics.telemetry_lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Telemetry {
    /// Sends what waits.
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Exporter {
    collector: Upstream,
    runtime: tokio::runtime::Runtime,
    interval: Duration,
    clock: Clock,
    /// When counting began, in microseconds since 1970.
    began: u64,
    metrics: Arc<Metrics>,
    counts: Counts,
}

impl Exporter {
    fn run(mut self, decisions: &Receiver<Box<Decision>>) {
        let mut due = Instant::now() + self.interval;
        loop {
            let patience = due.saturating_duration_since(Instant::now());
            let first = decisions.recv_timeout(patience);
            let over = matches!(first, Err(RecvTimeoutError::Disconnected));
            if let Ok(first) = first {
                let mut batch = vec![first];
                let until = Instant::now() + GATHERING;
                while batch.len() < LARGEST_BATCH {
                    match decisions.recv_timeout(until.saturating_duration_since(Instant::now())) {
                        Ok(next) => batch.push(next),
                        Err(_) => break,
                    }
                }
                for decision in &batch {
                    self.counts.add(decision);
                }
                self.send("/v1/traces", &traces(&batch), batch.len() as u64);
            }
            if over || Instant::now() >= due {
                due = Instant::now() + self.interval;
                let message = self.counts.message(self.began, (self.clock)());
                self.send("/v1/metrics", &message, 0);
            }
            if over {
                return;
            }
        }
    }

    /// Posts a message; what it holds is lost when nobody takes it, and counted.
    fn send(&self, path: &'static str, message: &Value, decisions: u64) {
        let sent =
            self.runtime.block_on(async { tokio::time::timeout(PATIENCE, self.post(path, message)).await });
        if !matches!(sent, Ok(Some(()))) {
            self.metrics.telemetry_lost.fetch_add(decisions, Ordering::Relaxed);
        }
    }

    async fn post(&self, path: &'static str, message: &Value) -> Option<()> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // Nobody watches a kept connection between two messages, so none is kept.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        if let Some((name, value)) = self.collector.credential() {
            headers.insert(name.clone(), value.clone());
        }
        let (path, body) = (PathAndQuery::from_static(path), Bytes::from(message.to_string()));
        let response = self.collector.call(&Method::POST, &path, &headers, &body).await.ok()?;
        let well = response.status().is_success();
        let _ = response.into_body().collect().await;
        well.then_some(())
    }
}

/// What metrics are made of.
#[derive(Debug, Default)]
struct Counts {
    decisions: BTreeMap<(String, &'static str, &'static str), u64>,
    durations: BTreeMap<(&'static str, &'static str, &'static str), Times>,
    judging: BTreeMap<&'static str, Times>,
}

#[derive(Debug, Default)]
struct Times {
    buckets: [u64; BOUNDS.len() + 1],
    sum: f64,
}

impl Times {
    fn add(&mut self, micros: u64) {
        let seconds = micros as f64 / 1e6;
        let place = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        if let Some(bucket) = self.buckets.get_mut(place) {
            *bucket = bucket.saturating_add(1);
        }
        self.sum += seconds;
    }

    fn point(&self, began: u64, now: u64, attributes: &[Value]) -> Value {
        let count: u64 = self.buckets.iter().sum();
        json!({
            "startTimeUnixNano": nanoseconds(began), "timeUnixNano": nanoseconds(now),
            "count": count.to_string(), "sum": self.sum, "explicitBounds": BOUNDS,
            "bucketCounts": self.buckets.iter().map(u64::to_string).collect::<Vec<_>>(),
            "attributes": attributes,
        })
    }
}

impl Counts {
    fn add(&mut self, decision: &Decision) {
        let labels = (decision.route.clone(), decision.action, decision.outcome);
        let count = self.decisions.entry(labels).or_default();
        *count = count.saturating_add(1);
        let (operation, provider) = operation(decision.protocol).unwrap_or_default();
        let error = if decision.outcome == "answered" { "" } else { decision.outcome };
        self.durations.entry((operation, provider, error)).or_default().add(decision.micros.total);
        for (name, micros) in [("request", decision.micros.request), ("answer", decision.micros.answer)] {
            if micros > 0 {
                self.judging.entry(name).or_default().add(micros);
            }
        }
    }

    /// The message of metrics: sums since the beginning.
    fn message(&self, began: u64, now: u64) -> Value {
        let decisions: Vec<Value> = self
            .decisions
            .iter()
            .map(|((route, action, outcome), count)| {
                json!({
                    "startTimeUnixNano": nanoseconds(began), "timeUnixNano": nanoseconds(now), "asInt": count.to_string(),
                    "attributes": [
                        text("bartizan.route", route), text("bartizan.action", action), text("bartizan.outcome", outcome),
                    ],
                })
            })
            .collect();
        let durations: Vec<Value> = self
            .durations
            .iter()
            .map(|((operation, provider, error), times)| {
                let named = [
                    ("gen_ai.operation.name", *operation),
                    ("gen_ai.provider.name", *provider),
                    ("error.type", *error),
                ];
                let named = named.into_iter().filter(|(_, value)| !value.is_empty());
                let named: Vec<Value> = named.map(|(name, value)| text(name, value)).collect();
                times.point(began, now, &named)
            })
            .collect();
        let judging: Vec<Value> = self
            .judging
            .iter()
            .map(|(direction, times)| times.point(began, now, &[text("bartizan.direction", direction)]))
            .collect();
        let metrics = json!([
            {"name": "bartizan.guard.decisions", "unit": "{decision}",
             "sum": {"aggregationTemporality": 2, "isMonotonic": true, "dataPoints": decisions}},
            {"name": "gen_ai.client.operation.duration", "unit": "s",
             "histogram": {"aggregationTemporality": 2, "dataPoints": durations}},
            {"name": "bartizan.guard.judging.duration", "unit": "s",
             "histogram": {"aggregationTemporality": 2, "dataPoints": judging}},
        ]);
        json!({"resourceMetrics": [{"resource": resource(), "scopeMetrics": [{"scope": scope(), "metrics": metrics}]}]})
    }
}

/// The message of traces: a span for each decision.
fn traces(decisions: &[Box<Decision>]) -> Value {
    let spans: Vec<Value> = decisions.iter().map(|decision| span(decision)).collect();
    json!({"resourceSpans": [{"resource": resource(), "scopeSpans": [{"scope": scope(), "spans": spans}]}]})
}

fn span(decision: &Decision) -> Value {
    let mut attributes = vec![
        text("http.request.method", &decision.method),
        text("url.path", &decision.path),
        whole("http.response.status_code", u64::from(decision.status)),
        text("bartizan.decision", &decision.id),
        text("bartizan.action", decision.action),
        text("bartizan.route", &decision.route),
        text("bartizan.policy.name", &decision.policy),
        text("bartizan.policy.sha256", &decision.policy_sha256),
        whole("bartizan.request.bytes", decision.request_bytes),
        whole("bartizan.answer.bytes", decision.answer_bytes),
        whole("bartizan.judging.request.micros", decision.micros.request),
        whole("bartizan.judging.answer.micros", decision.micros.answer),
    ];
    let mut name = format!("guard {}", decision.route);
    if let Some((operation, provider)) = operation(decision.protocol) {
        attributes.push(text("gen_ai.operation.name", operation));
        if !provider.is_empty() {
            attributes.push(text("gen_ai.provider.name", provider));
        }
        operation.clone_into(&mut name);
        if let Some(model) = &decision.model {
            attributes.push(text("gen_ai.request.model", model));
            name = format!("{operation} {model}");
        }
    }
    if let Some(model) = &decision.answer_model {
        attributes.push(text("gen_ai.response.model", model));
    }
    for (name, tokens) in [
        ("gen_ai.usage.input_tokens", decision.tokens_read),
        ("gen_ai.usage.output_tokens", decision.tokens_written),
    ] {
        attributes.extend(tokens.map(|tokens| whole(name, tokens)));
    }
    if let Some(digest) = &decision.model_digest {
        attributes.push(text("bartizan.model.digest", digest));
    }
    for (name, called) in [("bartizan.tenant", &decision.tenant), ("bartizan.key", &decision.key)] {
        attributes.extend(called.as_deref().map(|called| text(name, called)));
    }
    if let Some(upstream) = &decision.upstream {
        attributes.push(text("bartizan.upstream", upstream));
    }
    let answered = decision.outcome == "answered";
    if !answered {
        attributes.push(text("error.type", decision.outcome));
    }
    let end = decision.time_micros.saturating_add(decision.micros.total);
    let events: Vec<Value> = decision
        .reasons
        .iter()
        .map(|reason| {
            json!({"name": "bartizan.reason", "timeUnixNano": nanoseconds(end), "attributes": [
                text("bartizan.check", reason.check), text("bartizan.label", &reason.label),
                text("bartizan.action", reason.action), text("bartizan.pointer", &reason.pointer),
                json!({"key": "bartizan.score", "value": {"doubleValue": reason.score}}),
            ]})
        })
        .collect();
    let trace = decision.trace.as_ref();
    json!({
        "traceId": trace.map_or(decision.id.as_str(), |trace| trace.id.as_str()),
        "spanId": decision.id.get(..16).unwrap_or_default(),
        "parentSpanId": trace.map_or("", |trace| trace.parent.as_str()),
        "name": name, "kind": 3,
        "startTimeUnixNano": nanoseconds(decision.time_micros), "endTimeUnixNano": nanoseconds(end),
        "attributes": attributes, "events": events,
        "status": if answered { json!({}) } else { json!({"code": 2, "message": decision.outcome}) },
    })
}

/// The operation and the provider's form, by protocol.
fn operation(protocol: &str) -> Option<(&'static str, &'static str)> {
    Some(match protocol {
        "openai-chat" | "openai-responses" => ("chat", "openai"),
        "openai-completions" => ("text_completion", "openai"),
        "openai-embeddings" => ("embeddings", "openai"),
        "anthropic-messages" => ("chat", "anthropic"),
        "mcp" => ("execute_tool", ""),
        "kserve" | "torchserve" => ("generate_content", ""),
        _ => return None,
    })
}

fn resource() -> Value {
    json!({"attributes": [text("service.name", "bartizan-guard"), text("service.version", env!("CARGO_PKG_VERSION"))]})
}

fn scope() -> Value {
    json!({"name": "bartizan.guard", "version": env!("CARGO_PKG_VERSION")})
}

fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

fn whole(key: &str, value: u64) -> Value {
    json!({"key": key, "value": {"intValue": value.to_string()}})
}

fn nanoseconds(micros: u64) -> String {
    u128::from(micros).saturating_mul(1_000).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::decision::Trace;

    fn decision() -> Decision {
        let mut decision = Decision::new(
            "0123456789abcdef0123456789abcdef".to_owned(),
            2_000_000,
            "POST",
            "/v1/chat/completions",
        );
        decision.protocol = "openai-chat";
        decision.route = "/".to_owned();
        decision.model = Some("m".to_owned());
        (decision.answer_model, decision.tokens_read) = (Some("m-2026".to_owned()), Some(9));
        decision.micros.total = 30_000;
        decision.micros.request = 100;
        decision
    }

    /// The value of an attribute.
    fn attribute<'v>(span: &'v Value, key: &str) -> Option<&'v Value> {
        span["attributes"].as_array()?.iter().find(|one| one["key"] == key).map(|one| &one["value"])
    }

    #[test]
    fn a_decision_is_a_span_with_the_names_of_the_conventions() {
        let message = traces(&[Box::new(decision())]);
        let span = &message["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
        assert_eq!((&span["name"], &span["kind"]), (&json!("chat m"), &json!(3)));
        assert_eq!(
            (&span["startTimeUnixNano"], &span["endTimeUnixNano"]),
            (&json!("2000000000"), &json!("2030000000"))
        );
        assert_eq!(span["traceId"], "0123456789abcdef0123456789abcdef");
        assert_eq!(span["spanId"], "0123456789abcdef");
        assert_eq!(attribute(span, "gen_ai.request.model"), Some(&json!({"stringValue": "m"})));
        assert_eq!(attribute(span, "gen_ai.response.model"), Some(&json!({"stringValue": "m-2026"})));
        assert_eq!(attribute(span, "gen_ai.usage.input_tokens"), Some(&json!({"intValue": "9"})));
        assert_eq!(attribute(span, "gen_ai.usage.output_tokens"), None);
        assert_eq!(attribute(span, "bartizan.judging.request.micros"), Some(&json!({"intValue": "100"})));
        assert_eq!(span["status"], json!({}));
    }

    #[test]
    fn a_span_is_the_child_of_the_clients_and_a_refusal_is_an_error() {
        let mut refused = decision();
        refused.trace = Trace::of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        refused.outcome = "content_policy_violation";
        let span = span(&refused);
        assert_eq!(span["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(span["parentSpanId"], "00f067aa0ba902b7");
        assert_eq!(span["status"]["code"], 2);
        assert_eq!(attribute(&span, "error.type"), Some(&json!({"stringValue": "content_policy_violation"})));
    }

    #[test]
    fn metrics_are_sums_since_the_beginning() {
        let mut counts = Counts::default();
        counts.add(&decision());
        counts.add(&decision());
        let message = counts.message(1_000_000, 5_000_000);
        let metrics = &message["resourceMetrics"][0]["scopeMetrics"][0]["metrics"];
        assert_eq!(metrics[0]["sum"]["dataPoints"][0]["asInt"], "2");
        let duration = &metrics[1]["histogram"]["dataPoints"][0];
        assert_eq!((&duration["count"], &duration["bucketCounts"][2]), (&json!("2"), &json!("2")));
        assert_eq!(metrics[1]["name"], "gen_ai.client.operation.duration");
        assert_eq!(duration["explicitBounds"].as_array().map(Vec::len), Some(14));
        assert_eq!(duration["bucketCounts"].as_array().map(Vec::len), Some(15));
    }
}
