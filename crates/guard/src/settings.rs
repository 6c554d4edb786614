//! The `[guard]` table of `bartizan.toml`.

use crate::check::Policy;
use crate::protocol::{Protocol, Speaker};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The gateway, as `bartizan.toml` sets it up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct GuardOptions {
    /// Address and port to listen at [default: 127.0.0.1:8080].
    pub listen: Option<String>,
    /// Address and port of `/metrics` and `/healthz`; without it they are served at `listen`, to this machine only.
    pub admin: Option<String>,
    /// Speak TLS to clients; without it connections are in the clear.
    pub tls: Option<TlsOptions>,
    /// Threads that serve; without it one for each processor.
    pub threads: Option<usize>,
    /// What a judgement does, where a route does not say.
    pub mode: Enforcement,
    /// What happens to traffic that cannot be judged, where a route does not say.
    pub on_failure: OnFailure,
    /// What is checked, where a route names no policy.
    pub checks: Policy,
    /// Further policies by name.
    pub policies: BTreeMap<String, Policy>,
    /// Bounds on what is read and how long is waited.
    pub limits: LimitOptions,
    /// Keys that clients ask with. Without any, everybody may ask.
    pub key: Vec<KeyOptions>,
    /// How much each tenant may use, by name.
    pub tenant: BTreeMap<String, UsageOptions>,
    /// How much one chain of calls may use that agents make on behalf of one another; without it chains are not told apart.
    pub lineage: Option<LineageOptions>,
    /// Counters of rates, budgets and concurrency that several gateways share; without it each counts in its own memory.
    pub counters: Option<CounterOptions>,
    /// Signed receipts of decisions.
    pub receipts: ReceiptOptions,
    /// Traces and metrics for OpenTelemetry.
    pub telemetry: Option<TelemetryOptions>,
    /// Model endpoints behind the gateway.
    pub upstream: Vec<UpstreamOptions>,
    /// Which requests go where, under which policy. Without any, all go to all upstreams.
    pub route: Vec<RouteOptions>,
}

impl GuardOptions {
    /// Keeps of a configuration that is read again what only a start takes up, as it was then, and names what it would have been another
    /// in: where is listened, how many threads and connections there are, and what decisions are written to.
    pub fn keep_until_start(&mut self, started: &Self) -> Vec<&'static str> {
        fn kept<T: Clone + PartialEq>(now: &mut T, then: &T) -> bool {
            let is_another = now != then;
            now.clone_from(then);
            is_another
        }
        let settings = [
            ("listen", kept(&mut self.listen, &started.listen)),
            ("admin", kept(&mut self.admin, &started.admin)),
            ("threads", kept(&mut self.threads, &started.threads)),
            ("limits.connections", kept(&mut self.limits.connections, &started.limits.connections)),
            ("receipts", kept(&mut self.receipts, &started.receipts)),
            ("telemetry", kept(&mut self.telemetry, &started.telemetry)),
        ];
        settings.into_iter().filter(|(_, is_another)| *is_another).map(|(name, _)| name).collect()
    }
}

/// What a judgement does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Enforcement {
    /// Nothing is stopped or changed; what would have been is told.
    Observe,
    /// What is blocked is stopped, what is redacted is changed.
    #[default]
    Enforce,
}

/// What happens to traffic that cannot be judged: a body that cannot be read as its protocol, a coding nobody knows, a check that
/// fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// It is refused.
    #[default]
    Closed,
    /// It passes as it is, and is told.
    Open,
}

/// What is shown to clients over TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TlsOptions {
    /// File with the certificate of the gateway and those above it, in PEM.
    pub certificate: PathBuf,
    /// File with its private key, in PEM without a passphrase.
    pub key: PathBuf,
}

/// A key that a client asks with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KeyOptions {
    /// What logs call it.
    pub name: String,
    /// Whose it is [default: its name].
    #[serde(default)]
    pub tenant: Option<String>,
    /// SHA-256 of the key in hexadecimal digits; `bartizan guard key` makes a key and its digest.
    pub sha256: String,
    /// Names of the routes it is for; all when empty.
    #[serde(default)]
    pub routes: Vec<String>,
    /// How much it may use.
    #[serde(default)]
    pub usage: UsageOptions,
    /// How much each lineage of it may use, in place of what `[guard.lineage]` says.
    #[serde(default)]
    pub lineage: Option<LineageUsage>,
}

/// Chains of calls that agents make on behalf of one another, by the name that a header gives them. Each is counted by key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct LineageOptions {
    /// Header that names the lineage, in at most 256 bytes [default: traceparent, of which the id of the trace is taken].
    pub header: Option<String>,
    /// What becomes of calls without such a name.
    pub missing: MissingLineage,
    /// Price of a million tokens read.
    pub price_read: f64,
    /// Price of a million tokens written.
    pub price_written: f64,
    /// How much each lineage may use, where its key does not say.
    pub usage: LineageUsage,
}

/// What becomes of calls that name no lineage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MissingLineage {
    /// Those of a key are one lineage.
    #[default]
    Shared,
    /// They are refused.
    Refused,
}

/// How much one lineage may use. What is left out is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct LineageUsage {
    /// Requests in a window.
    pub requests: Option<u64>,
    /// Tokens read and written in a window, estimated.
    pub tokens: Option<u64>,
    /// Cost of those tokens, in the unit of the prices.
    pub cost: Option<f64>,
    /// The window, in seconds: what was used comes back evenly over it [default: 3600].
    pub window_s: Option<u64>,
}

/// How much may be used. What is left out is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct UsageOptions {
    /// Requests a second, in the long run.
    pub requests_per_s: Option<f64>,
    /// Requests at once after a pause [default: those of a second].
    pub burst: Option<u32>,
    /// Requests in progress at a time; of a key, not of a tenant.
    pub concurrency: Option<usize>,
    /// Tokens read and written a day, estimated; they come back evenly over the day.
    pub tokens_per_day: Option<u64>,
}

/// Counters that several gateways share, in one server of the Redis protocol: Redis 5 and later, or Valkey; no cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CounterOptions {
    /// Where it is: `redis://HOST:PORT/DATABASE`, or `rediss://` over TLS.
    pub url: String,
    /// Whom it is to know us as, beside the password.
    #[serde(default)]
    pub username: Option<String>,
    /// Environment variable that holds the password.
    #[serde(default)]
    pub password_env: Option<String>,
    /// File that holds the password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// File with the root certificates it is believed by, in PEM; without it those of this machine.
    #[serde(default)]
    pub roots: Option<PathBuf>,
    /// What the names of its keys begin with [default: bartizan:guard:].
    #[serde(default)]
    pub prefix: Option<String>,
    /// Longest time that a request waits for it, in milliseconds [default: 250].
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// What happens while it cannot be reached: whoever is limited is refused, or each gateway counts in its own memory.
    #[serde(default)]
    pub on_failure: OnFailure,
}

/// Where traces and metrics are sent: OTLP over HTTP, in JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TelemetryOptions {
    /// The collector, without `/v1/traces`: `http://127.0.0.1:4318`.
    pub endpoint: String,
    /// Environment variable that holds a credential for it.
    #[serde(default)]
    pub credential_env: Option<String>,
    /// Header that carries the credential [default: authorization, as a bearer token].
    #[serde(default)]
    pub credential_header: Option<String>,
    /// How often metrics are sent, in seconds [default: 15].
    #[serde(default)]
    pub interval_s: Option<u64>,
}

/// Signed receipts of decisions, in the evidence log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReceiptOptions {
    /// Whether decisions are written down.
    pub enabled: bool,
    /// Private key that signs them [default: bartizan.key].
    pub key: Option<PathBuf>,
    /// The store they go to [default: .bartizan].
    pub store: Option<PathBuf>,
    /// What happens when they cannot be written, a full disk for one: requests are refused, or served without.
    pub on_failure: OnFailure,
    /// What they hold of the bodies that passed.
    pub content: ReceiptContent,
    /// Public key as PEM, ECDSA on P-256, that content is encrypted to. Whoever has its private half can read what passed: a key for
    /// this alone, made and kept on another machine than the gateway's.
    pub auditor: Option<PathBuf>,
}

/// What is told of the bodies that passed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReceiptContent {
    /// Nothing, and no digest either: in receipts, the access log and findings.
    Off,
    /// The SHA-256 of request and answer.
    #[default]
    Hashed,
    /// The same, and up to 1 MiB of each body encrypted to the auditor's key, in the store beside the log.
    Encrypted,
}

/// Bounds on what is read and how long is waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct LimitOptions {
    /// Most connections at a time.
    pub connections: usize,
    /// Bytes of the head of a request.
    pub header_bytes: usize,
    /// Header lines of a request.
    pub headers: usize,
    /// Bytes of the body of a request, as it comes and decompressed.
    pub request_bytes: usize,
    /// Bytes of the body of an answer that is no stream, as it comes and decompressed.
    pub answer_bytes: usize,
    /// Most bytes of a stream that wait for a judgement.
    pub held_bytes: usize,
    /// How many times its size a body may decompress to, beyond 1 MiB.
    pub expansion_ratio: usize,
    /// How deep JSON may nest.
    pub nesting: usize,
    /// How many values one JSON document may have.
    pub values: usize,
    /// Longest time for the head of a request, and for a connection without one, in milliseconds.
    pub head_ms: u64,
    /// Longest time for the body of a request, in milliseconds.
    pub body_ms: u64,
    /// Longest time to connect to an upstream, in milliseconds.
    pub connect_ms: u64,
    /// Longest time until an upstream begins to answer, in milliseconds.
    pub answer_ms: u64,
    /// Longest silence of an upstream within an answer, in milliseconds.
    pub silence_ms: u64,
    /// Longest time that requests in progress have when the gateway is told to stop, in milliseconds.
    pub drain_ms: u64,
}

impl Default for LimitOptions {
    fn default() -> Self {
        Self {
            connections: 16_384,
            header_bytes: 64 << 10,
            headers: 100,
            request_bytes: 32 << 20,
            answer_bytes: 32 << 20,
            held_bytes: 1 << 20,
            expansion_ratio: 100,
            nesting: 64,
            values: 1 << 20,
            head_ms: 10_000,
            body_ms: 60_000,
            connect_ms: 5_000,
            answer_ms: 600_000,
            silence_ms: 120_000,
            drain_ms: 30_000,
        }
    }
}

/// One model endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct UpstreamOptions {
    /// What routes call it.
    pub name: String,
    /// Where it is: scheme, host, port, and perhaps a path that stands before those of requests.
    pub url: String,
    /// Its share of requests among the upstreams of a route [default: 1]; with 0 it is asked only when others cannot be reached.
    #[serde(default)]
    pub weight: Option<u32>,
    /// Environment variable that holds its credential. The client's own is not passed on then.
    #[serde(default)]
    pub credential_env: Option<String>,
    /// File that holds its credential.
    #[serde(default)]
    pub credential_file: Option<PathBuf>,
    /// Header that carries the credential [default: authorization, as a bearer token; x-api-key for Anthropic's].
    #[serde(default)]
    pub credential_header: Option<String>,
    /// File with the root certificates it is believed by, in PEM; without it those of this machine.
    #[serde(default)]
    pub roots: Option<PathBuf>,
    /// The models that it may serve. It is asked nothing while it serves another, or while that is not known.
    #[serde(default)]
    pub model: Option<ServedModelOptions>,
}

/// Which models an upstream may serve, and how it is told which one it does: by one of `path`, `image` and `endpoint`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ServedModelOptions {
    /// Digests of the models that were admitted, as `bartizan gate` prints them: `sha256:…` of a file, `dirHash:…` of a folder, or as
    /// the upstream reports them.
    pub admitted: Vec<String>,
    /// The file or folder that is served, where it is on this machine: it is digested here.
    pub path: Option<PathBuf>,
    /// The OCI reference that is served, with its digest: `registry/name@sha256:…`.
    pub image: Option<String>,
    /// A path of the upstream that says which model is served.
    pub endpoint: Option<String>,
    /// Where in the JSON at `endpoint` the digest stands: a JSON pointer (RFC 6901).
    pub pointer: Option<String>,
    /// The header of the answer at `endpoint` that holds the digest. Any other answer that has it is held to it as well.
    pub header: Option<String>,
    /// How often it is looked at, in seconds [default: 60].
    pub interval_s: Option<u64>,
}

/// One kind of request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RouteOptions {
    /// Name in logs, metrics and receipts [default: the path].
    pub name: Option<String>,
    /// What the path begins with; the longest that fits is taken.
    pub path: String,
    /// What is spoken there; without it the path tells.
    pub protocol: Option<Protocol>,
    /// Upstreams that answer; without it all of them.
    pub upstream: Vec<String>,
    /// What a judgement does.
    pub mode: Option<Enforcement>,
    /// What happens to what cannot be judged.
    pub on_failure: Option<OnFailure>,
    /// The policy, by name.
    pub policy: Option<String>,
    /// A second policy that is judged by and told about, and never stops anything.
    pub shadow: Option<String>,
    /// Whether WebSockets pass where what cannot be judged is refused: nothing in them is judged.
    pub websocket: bool,
    /// Who speaks where, by JSON pointer (RFC 6901; `*` stands for any one name), where any JSON is spoken: what a pointer leads to and
    /// everything below. A text that none leads to is judged as what people write.
    pub speakers: BTreeMap<String, Speaker>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_a_start_takes_up_is_kept_and_named() {
        let of = |toml: &str| toml::from_str::<GuardOptions>(toml).unwrap();
        let started = of("listen = '127.0.0.1:1'\non-failure = 'closed'");
        let mut same = of("listen = '127.0.0.1:1'\non-failure = 'open'");
        assert_eq!(same.keep_until_start(&started), [""; 0]);
        assert_eq!(same.on_failure, OnFailure::Open);
        let mut other = of(
            "admin = '127.0.0.1:2'\nthreads = 3\nmode = 'observe'\n[limits]\nconnections = 7\nnesting = 9\n\
            [receipts]\ncontent = 'off'\n[telemetry]\nendpoint = 'http://a'",
        );
        assert_eq!(
            other.keep_until_start(&started),
            ["listen", "admin", "threads", "limits.connections", "receipts", "telemetry"]
        );
        let mut wanted = started;
        (wanted.mode, wanted.on_failure, wanted.limits.nesting) =
            (Enforcement::Observe, OnFailure::Closed, 9);
        assert_eq!(other, wanted);
    }
}
