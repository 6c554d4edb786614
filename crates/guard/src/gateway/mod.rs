//! The gateway: one process in front of model endpoints that judges every exchange.
//!
//! | file | subject |
//! | --- | --- |
//! | `settings`, `plan` | the configuration, and the same made ready to serve |
//! | `server` | connections: accepting, bounding, draining |
//! | `exchange` | one request on its way: read, judged, passed on |
//! | `answer` | the answer on its way back |
//! | `body`, `headers`, `upstream` | what these are made of |
//! | `decision`, `access`, `metrics` | what is told about it |
//! | `mock` | an upstream that is no model, to try the gateway with |

mod access;
mod answer;
mod body;
mod decision;
mod error;
mod exchange;
mod headers;
mod metrics;
pub mod mock;
mod plan;
mod recording;
mod server;
mod settings;
mod upstream;

pub use access::AccessLog;
pub use decision::{Decision, Direction, Micros, Told};
pub use error::GatewayError;
pub use metrics::Metrics;
pub use plan::{Plan, Surroundings};
pub use server::{Stop, serve};
pub use settings::{Enforcement, GuardOptions, LimitOptions, OnFailure, RouteOptions, UpstreamOptions};

use sha2::{Digest as _, Sha256};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// The time in microseconds since 1970, as the caller knows it.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// A gateway: the plan in force, and what it tells about what it does.
pub struct Gateway {
    plan: RwLock<Arc<Plan>>,
    metrics: Arc<Metrics>,
    access: Option<AccessLog>,
    clock: Clock,
    secret: [u8; 32],
    count: AtomicU64,
}

impl Gateway {
    /// A gateway under a plan. `secret` is 32 random bytes of this process: names of decisions and of hidden values come from it.
    pub fn new(
        plan: Plan,
        secret: [u8; 32],
        clock: Clock,
        metrics: Arc<Metrics>,
        access: Option<AccessLog>,
    ) -> Self {
        Self { plan: RwLock::new(Arc::new(plan)), metrics, access, clock, secret, count: AtomicU64::new(0) }
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
