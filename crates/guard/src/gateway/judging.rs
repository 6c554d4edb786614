//! Judging what passes: [`Asked`] holds the request while its answer is judged against it.

use super::decision::{Decision, Direction};
use super::exchange::Refused;
use super::plan::NamedPolicy;
use crate::check::{Action, Judgement, Prepared, Reason, ResponseJudge, Session};
use crate::exchange::Exchange;
use crate::protocol::{Json, JsonLimits, Protocol, RefusalKind, Speakers, Usage, quoted, spliced, unquoted};
use bytes::Bytes;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Bodies from this size on are judged where they do not hold up others, in bytes.
const LARGE: usize = 64 << 10;

/// A request, and whom it is judged by.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) protocol: Protocol,
    pub(super) policy: Arc<NamedPolicy>,
    pub(super) shadow: Option<Arc<NamedPolicy>>,
    /// Who speaks where, if any JSON is spoken.
    pub(super) speakers: Arc<Speakers>,
    pub(super) session: Arc<Session>,
    pub(super) limits: JsonLimits,
    /// The body, its content coding undone.
    pub(super) body: Bytes,
    /// Its media type.
    pub(super) kind: String,
    /// What is known of its answer before that comes, by policy.
    pub(super) prepared: Vec<(Arc<NamedPolicy>, Arc<Prepared>)>,
}

/// What a judgement comes to.
pub(super) struct Outcome {
    pub(super) action: Action,
    /// The check that asks for it.
    pub(super) check: &'static str,
    /// The body as it is to be, when it is redacted.
    pub(super) changed: Option<Vec<u8>>,
    /// What was found.
    pub(super) reasons: Vec<Reason>,
}

impl Asked {
    /// Judges the request.
    pub(super) fn request(&self, decision: &mut Decision) -> Result<Outcome, Refused> {
        aside(self.takes_long() || self.body.len() >= LARGE, || {
            self.with_request(|exchange, wrapped| {
                if let Some(what) = exchange.unread {
                    let message = format!("{what} cannot be judged");
                    return Err(Refused::new(RefusalKind::Unsupported, message));
                }
                let model = exchange.model.as_deref().map(|model| bartizan_core::printable(model, 128));
                decision.model = model;
                let by = |policy: &Arc<NamedPolicy>| {
                    judged(|| {
                        let mut judgement = policy.checks.request(exchange, &self.session);
                        if self.protocol.answers_a_model() {
                            with_calls(policy, exchange, &self.session, &mut judgement);
                        }
                        judgement
                    })
                };
                self.both(Direction::Request, by, exchange.body, wrapped, decision)
            })?
        })
    }

    /// Judges what the query of the request says. It is sent on as it came or not at all: what would be redacted is told.
    pub(super) fn query(&self, said: &[u8], decision: &mut Decision) -> Result<Outcome, Refused> {
        aside(self.takes_long(), || {
            self.read(said, false, &mut |json, body, _| {
                let exchange = Protocol::Json.request(body, json);
                let by = |policy: &Arc<NamedPolicy>| {
                    let mut judgement = judged(|| policy.checks.request(&exchange, &self.session))?;
                    judgement.edits.clear();
                    judgement.action = judgement.action.unless_redacted();
                    for reason in &mut judgement.reasons {
                        reason.action = reason.action.unless_redacted();
                        reason.pointer = reason.pointer.replacen('/', "?", 1);
                    }
                    Ok(judgement)
                };
                self.both(Direction::Request, by, body, false, decision)
            })?
        })
    }

    /// Judges an answer that is there as a whole; one that tells of an error may have any form.
    pub(super) fn answer(
        &self,
        body: &[u8],
        kind: &str,
        error: bool,
        decision: &mut Decision,
    ) -> Result<Outcome, Refused> {
        let takes_long = self.protocol.answers_a_model() && self.takes_long();
        aside(takes_long || body.len() >= LARGE, || {
            let any_text = error || self.protocol == Protocol::Json && is_text(kind);
            self.read(body, any_text, &mut |json, body, wrapped| {
                let mut answer = match (wrapped, self.protocol.answers_a_model()) {
                    (false, _) => self.protocol.response(body, json),
                    (true, false) => Protocol::Json.response(body, json),
                    // What a model is given is judged as what is asked of one.
                    (true, true) => Protocol::Json.request(body, json),
                };
                self.seat(&mut answer);
                let by = |policy: &Arc<NamedPolicy>| {
                    if self.protocol.answers_a_model() {
                        return judged(|| policy.checks.request(&answer, &self.session));
                    }
                    let prepared = self.prepared(policy)?;
                    judged(|| prepared.response(&answer))
                };
                decision.answered(Usage::of(self.protocol, json));
                self.both(Direction::Answer, by, body, wrapped, decision)
            })?
        })
    }

    /// Judges one message of a stream that is given to a model.
    pub(super) fn message(&self, body: &[u8]) -> Result<Outcome, Refused> {
        aside(self.takes_long() || body.len() >= LARGE, || {
            self.read(body, false, &mut |json, body, wrapped| {
                let answer = self.protocol.response(body, json);
                let judgement = judged(|| self.policy.checks.request(&answer, &self.session))?;
                outcome(judgement, body, wrapped)
            })?
        })
    }

    fn takes_long(&self) -> bool {
        self.policy.checks.takes_long()
            || self.shadow.as_ref().is_some_and(|shadow| shadow.checks.takes_long())
    }

    fn seat(&self, exchange: &mut Exchange<'_>) {
        if self.protocol == Protocol::Json && !self.speakers.is_empty() {
            self.speakers.seat(exchange);
        }
    }

    /// The `id` of the request, where the protocol has one.
    pub(super) fn id(&self) -> Option<String> {
        (self.protocol == Protocol::Mcp).then(|| crate::protocol::message_id(&self.body))
    }

    /// A refusal that names the request.
    pub(super) fn named(&self, refused: Refused) -> Refused {
        Refused { id: self.id(), ..refused }
    }

    /// A judge of one text of the answer, as it comes.
    pub(super) fn judge(&self) -> Result<ResponseJudge, Refused> {
        let prepared = self.prepared(&self.policy)?;
        judged(|| prepared.judge())
    }

    /// Does what can be done before the answer comes, so that it need not wait for that. The request is not needed any longer then.
    pub(super) fn prepare(&mut self) {
        if self.protocol.answers_a_model() || self.protocol == Protocol::Opaque {
            return;
        }
        let prepared = aside(self.body.len() >= LARGE, || {
            let policies = std::iter::once(&self.policy).chain(&self.shadow);
            policies
                .map(|policy| Ok((Arc::clone(policy), self.prepared(policy)?)))
                .collect::<Result<Vec<_>, Refused>>()
        });
        // What failed is tried again when it is needed, and told then.
        if let Ok(prepared) = prepared {
            self.prepared = prepared;
            self.body = Bytes::new();
        }
    }

    fn prepared(&self, policy: &Arc<NamedPolicy>) -> Result<Arc<Prepared>, Refused> {
        if let Some((_, prepared)) = self.prepared.iter().find(|(whose, _)| Arc::ptr_eq(whose, policy)) {
            return Ok(Arc::clone(prepared));
        }
        self.with_request_or_none(|request| judged(|| policy.checks.prepared(request, &self.session)))
    }

    /// By the policy, and by the shadow policy beside it.
    fn both(
        &self,
        direction: Direction,
        by: impl Fn(&Arc<NamedPolicy>) -> Result<Judgement, Refused>,
        body: &[u8],
        wrapped: bool,
        decision: &mut Decision,
    ) -> Result<Outcome, Refused> {
        let judgement = by(&self.policy)?;
        decision.judged(direction, judgement.action, &judgement.reasons);
        if let Some(shadow) = &self.shadow {
            let theirs = by(shadow).map(|one| one.action).ok();
            decision.shadowed(theirs);
        }
        outcome(judgement, body, wrapped)
    }

    fn with_request<T>(&self, act: impl FnOnce(&Exchange<'_>, bool) -> T) -> Result<T, Refused> {
        let mut act = Some(act);
        let mut outcome = None;
        let any_text = self.protocol == Protocol::Json && self.kind.starts_with("text/");
        self.read(&self.body, any_text, &mut |json, body, wrapped| {
            let mut exchange = self.protocol.request(body, json);
            self.seat(&mut exchange);
            outcome = act.take().map(|act| act(&exchange, wrapped));
        })?;
        outcome.ok_or_else(failed)
    }

    /// A request that could not be read passed unjudged; its answer is judged as that to no request.
    fn with_request_or_none<T>(&self, mut act: impl FnMut(&Exchange<'_>) -> T) -> T {
        match self.with_request(|exchange, _| act(exchange)) {
            Ok(outcome) => outcome,
            Err(_) => act(&Exchange::default()),
        }
    }

    /// Reads a body as JSON; where any text may come, one that is none as the string it is.
    fn read<T>(
        &self,
        body: &[u8],
        any_text: bool,
        act: &mut dyn FnMut(&Json<'_>, &[u8], bool) -> T,
    ) -> Result<T, Refused> {
        let error = match Json::read(body, self.limits) {
            Ok(json) => return Ok(act(&json, body, false)),
            Err(error) => error,
        };
        let text = std::str::from_utf8(body).ok();
        let Some(text) = text.filter(|_| any_text) else {
            return Err(Refused::new(RefusalKind::Malformed, format!("the body is no JSON: {error}")));
        };
        let mut wrapped = Vec::with_capacity(text.len().saturating_add(2));
        quoted(text, &mut wrapped);
        let json = Json::read(&wrapped, self.limits).map_err(|_| failed())?;
        Ok(act(&json, &wrapped, true))
    }
}

/// Whether a media type is that of something people or models read.
pub(super) fn is_text(kind: &str) -> bool {
    const FORMS: [&str; 6] = ["json", "xml", "html", "script", "yaml", "x-www-form-urlencoded"];
    let kind = kind.to_ascii_lowercase();
    kind.is_empty() || kind.starts_with("text/") || FORMS.iter().any(|form| kind.contains(form))
}

/// What a judgement of a body comes to.
fn outcome(judgement: Judgement, body: &[u8], wrapped: bool) -> Result<Outcome, Refused> {
    let check = judgement.reasons.iter().find(|reason| reason.action == judgement.action);
    let check = check.map_or("a check", |reason| reason.check);
    // A blocked body has no edits; any other is changed where a check says so, also to put back what a token stands for.
    let mut changed = None;
    if !judgement.edits.is_empty() {
        let body = spliced(body, &judgement.edits).ok_or_else(failed)?;
        changed = Some(if wrapped {
            let text = std::str::from_utf8(&body).map_err(|_| failed())?;
            unquoted(text).into_owned().into_bytes()
        } else {
            body
        });
    }
    Ok(Outcome { action: judgement.action, check, changed, reasons: judgement.reasons })
}

/// Calls that a client sends to a server of tools are judged as those that a model makes.
fn with_calls(policy: &NamedPolicy, exchange: &Exchange<'_>, session: &Session, judgement: &mut Judgement) {
    for call in &exchange.calls {
        let called = policy.checks.answer(exchange, session).call(call);
        judgement.action = judgement.action.max(called.action);
        judgement.reasons.extend(called.reasons);
    }
    if judgement.action == Action::Block {
        judgement.edits.clear();
    }
}

/// Runs what takes long beside the threads that serve others.
fn aside<T>(takes_long: bool, work: impl FnOnce() -> T) -> T {
    if takes_long { tokio::task::block_in_place(work) } else { work() }
}

/// A defect in a check is a failure to judge, not the end of the gateway.
pub(super) fn judged<T>(judge: impl FnOnce() -> T) -> Result<T, Refused> {
    catch_unwind(AssertUnwindSafe(judge)).map_err(|_| failed())
}

fn failed() -> Refused {
    Refused::new(RefusalKind::Unavailable, "the exchange could not be judged")
}
