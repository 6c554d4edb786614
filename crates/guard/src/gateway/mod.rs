//! The gateway: one process in front of model endpoints that judges every exchange.
//!
//! | file | subject |
//! | --- | --- |
//! | `plan` | a configuration made ready to serve |
//! | `server` | connections: accepting, bounding, draining |
//! | `exchange` | one request on its way: read, judged, passed on |
//! | `answer` | the answer on its way back |
//! | `stream`, `screen` | the answer as it streams |
//! | `judging` | both, by the policy of their route |
//! | `body`, `reading`, `query`, `headers`, `health`, `upstream` | what these are made of |
//! | `http1` | HTTP/1.1 itself |
//! | `model` | which model an upstream serves, and whether it was admitted |
//! | `identity`, `lineage`, `counters`, `shared` | who asks, on whose behalf, and how much they may, alone or with other gateways |
//! | `resp` | the protocol of Redis |
//! | `receipts`, `content` | decisions as signed statements, and what passed, for an auditor alone |
//! | `replay` | kept exchanges, judged again |
//! | `websocket` | what is passed on and only counted |
//! | `decision`, `access`, `metrics`, `ocsf`, `otlp` | what is told about it, in whose words |
//! | `top` | metrics as a frame for a terminal |
//! | `mock` | an upstream that is no model, to try the gateway with |

mod access;
mod answer;
mod body;
mod content;
mod counters;
mod decision;
mod error;
mod exchange;
mod headers;
mod health;
pub mod http1;
mod identity;
mod judging;
mod lineage;
mod metrics;
pub mod mock;
mod model;
mod ocsf;
mod otlp;
mod plan;
mod query;
mod reading;
mod receipts;
mod recording;
mod replay;
mod resp;
mod screen;
mod server;
mod shared;
mod stream;
pub mod top;
mod upstream;
mod warming;
mod websocket;

pub use access::{AccessLog, Form};
pub use content::{Content, KeptBody, MOST_OF_A_BODY, SealedContent, auditor, opened, sealed_content};
pub use decision::{Decision, Direction, Micros, Told};
pub use error::GatewayError;
pub use metrics::Metrics;
pub use otlp::Telemetry;
pub use plan::{Digests, Plan, Surroundings};
pub use receipts::{Alarm, DECISIONS_V1, Decisions, Receipt, ReceiptError, Receipts, verified};
pub use replay::replayed;
pub use resp::{Reply, RespError};
pub use server::{Reload, Reloaded, Stop, serve};

use crate::settings::ReceiptContent;
use counters::Counters;
use health::Retries;
use sha2::{Digest as _, Sha256};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// The time in microseconds since 1970, as the caller knows it.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// 32 bytes from the system's randomness, for [`Gateway::new`].
///
/// # Errors
/// [`GatewayError::Tls`] when the system gives none.
pub fn secret() -> Result<[u8; 32], GatewayError> {
    let mut secret = [0; 32];
    let provider = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider();
    provider.secure_random.fill(&mut secret).map_err(|_| GatewayError::Tls {
        subject: "names of decisions".to_owned(),
        problem: "the system gives no randomness".to_owned(),
    })?;
    Ok(secret)
}

/// Where decisions go, besides metrics.
#[derive(Debug, Default)]
pub struct Outputs {
    /// Lines of a log.
    pub access: Option<AccessLog>,
    /// Signed statements.
    pub receipts: Option<Receipts>,
    /// What is told of bodies.
    pub content: ReceiptContent,
    /// A collector of OpenTelemetry.
    pub telemetry: Option<Telemetry>,
}

/// A gateway: the plan in force, and what it tells about what it does.
pub struct Gateway {
    plan: RwLock<Arc<Plan>>,
    metrics: Arc<Metrics>,
    outputs: Outputs,
    counters: Arc<Counters>,
    retries: Retries,
    clock: Clock,
    secret: [u8; 32],
    count: AtomicU64,
}

impl Gateway {
    /// A gateway under a plan. `secret` is 32 random bytes of this process: names of decisions and of hidden values come from it.
    pub fn new(plan: Plan, secret: [u8; 32], clock: Clock, metrics: Arc<Metrics>, outputs: Outputs) -> Self {
        Self {
            plan: RwLock::new(Arc::new(plan)),
            metrics,
            outputs,
            counters: Arc::default(),
            retries: Retries::default(),
            clock,
            secret,
            count: AtomicU64::new(0),
        }
    }

    /// Serves under another plan from now on; requests in progress end under theirs.
    pub fn replan(&self, plan: Plan) {
        *self.plan.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(plan);
    }

    /// The plan in force.
    pub fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// All that is counted, as a scraper reads it, with which upstreams serve an admitted model.
    fn metrics_text(&self) -> String {
        let models: Vec<(String, bool)> =
            self.plan().models().map(|(name, known)| (name.to_owned(), known.is_ok())).collect();
        let mut text = self.metrics.text();
        metrics::write_models(&models, &mut text);
        if let Some(shared) = &self.plan().shared {
            shared.write_metrics(&mut text);
        }
        text
    }

    /// The name of the next decision; nobody can guess one.
    fn next_name(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let digest = self.derived(b"decision", &count.to_be_bytes());
        bartizan_core::hex(digest.get(..16).unwrap_or_default())
    }

    /// 32 bytes that only this process can know, for a purpose and a subject.
    fn derived(&self, purpose: &[u8], subject: &[u8]) -> [u8; 32] {
        let mut digest = Sha256::new_with_prefix(self.secret);
        digest.update((purpose.len() as u64).to_be_bytes());
        digest.update(purpose);
        digest.update(subject);
        digest.finalize().into()
    }
}
