//! Who decides for the webhook: the gate, over a store that stays open.

use crate::arguments::BasisArguments;
use crate::commands::gate::{Basis, State};
use crate::failure::Failure;
use bartizan_policy::decide::{Decision, Verdict as Decided};
use bartizan_server::admission::{Judge, Ruling, Verdict};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long the state of the evidence is taken to be what it was. What changes is seen this much later.
const LOOK: Duration = Duration::from_secs(1);
/// How long a state that somebody looks for anew still holds for the others.
const LONGEST_LOOK: Duration = Duration::from_secs(5);
/// How long a store stays open. What is erased from it since is noticed when it is opened anew.
const OPEN: Duration = Duration::from_mins(10);

/// The gate over one store.
pub(super) struct StoreJudge {
    basis: BasisArguments,
    open: Mutex<Open>,
    seen: Mutex<Option<(Instant, String)>>,
    /// Whether somebody looks for the state.
    looking: AtomicBool,
    /// How often the state could not be told.
    unknown: AtomicU64,
    policies: Vec<String>,
}

/// What was opened, and in which state.
struct Open {
    basis: Basis,
    state: State,
    since: Instant,
}

impl StoreJudge {
    /// Reads policy, keys and store.
    ///
    /// # Errors
    /// [`Failure`] when one of them cannot be used.
    pub(super) fn new(arguments: &BasisArguments) -> Result<Self, Failure> {
        // The state first: what changes in between is read again, where the other way round it would be missed.
        let state = Basis::state(arguments, ".")?;
        let basis = Basis::open(arguments, ".")?;
        let policies = basis.policy().names.clone();
        Ok(Self {
            basis: arguments.clone(),
            open: Mutex::new(Open { basis, state, since: Instant::now() }),
            seen: Mutex::new(None),
            looking: AtomicBool::new(false),
            unknown: AtomicU64::new(0),
            policies,
        })
    }

    /// Names of the policies in force.
    pub(super) fn policies(&self) -> &[String] {
        &self.policies
    }
}

impl Judge for StoreJudge {
    fn state(&self) -> String {
        let known = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // One looks, the others go on with what was seen last: a store may be far away. Not for long: who looks may hang.
        let looking = self.looking.swap(true, Ordering::Relaxed);
        let patience = if looking { LONGEST_LOOK } else { LOOK };
        if let Some((_, state)) = known.filter(|(at, _)| at.elapsed() < patience) {
            if !looking {
                self.looking.store(false, Ordering::Relaxed);
            }
            return state;
        }
        // A state that cannot be told is one of its own: nothing that was decided before holds in it.
        let state = match Basis::state(&self.basis, ".") {
            Ok(State { rules, checkpoint }) => format!("{rules}\n{checkpoint}"),
            Err(error) => {
                let looks = self.unknown.fetch_add(1, Ordering::Relaxed);
                format!("unknown for the {looks}. time: {error}")
            }
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), state.clone()));
        self.looking.store(false, Ordering::Relaxed);
        state
    }

    fn judge(&self, digest: &str) -> Result<Ruling, String> {
        let told = |error: Failure| error.to_string();
        let state = Basis::state(&self.basis, ".").map_err(told)?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.state.rules != state.rules || open.since.elapsed() > OPEN {
            open.basis = Basis::open(&self.basis, ".").map_err(told)?;
            open.since = Instant::now();
        } else if open.state.checkpoint != state.checkpoint {
            open.basis.catch_up().map_err(told)?;
        }
        open.state = state;
        let (decision, _) = open.basis.decide(digest, None).map_err(told)?;
        Ok(ruling(&decision))
    }
}

fn ruling(decision: &Decision) -> Ruling {
    let heavy = decision.reasons.iter().filter(|reason| reason.effect == Decided::Deny);
    let light = decision.reasons.iter().filter(|reason| reason.effect != Decided::Deny);
    let missing = decision.missing.iter().map(|each| format!("{} ({})", each.message, each.rule));
    let told = |reason: &bartizan_policy::decide::Reason| format!("{} ({})", reason.message, reason.rule);
    let waived = decision.waived.iter().map(|each| {
        format!("waived by {} until {}: {} ({})", each.owner, each.expires, each.message, each.rule)
    });
    Ruling {
        verdict: match decision.verdict {
            Decided::Allow => Verdict::Allow,
            Decided::Warn => Verdict::Warn,
            Decided::Deny => Verdict::Deny,
        },
        reasons: heavy.map(told).chain(missing).chain(light.map(told)).chain(waived).collect(),
        holds_ms: decision.waived.iter().map(|each| left_ms(&each.expires)).min(),
    }
}

/// How long it is until a waiver ends, in milliseconds. One whose end cannot be read is over.
fn left_ms(expires: &str) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let end = bartizan_policy::waiver::seconds(expires).and_then(|end| u64::try_from(end).ok()).unwrap_or(0);
    end.saturating_mul(1_000).saturating_sub(u64::try_from(now).unwrap_or(u64::MAX))
}
