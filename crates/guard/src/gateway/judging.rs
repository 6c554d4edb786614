//! Judging what passes: [`Asked`] holds the request while its answer is judged against it.

use super::decision::{Decision, Direction};
use super::exchange::Refused;
use super::plan::NamedPolicy;
use super::reading::{Given, Reading};
use crate::check::{Action, Judgement, Prepared, Reason, ResponseJudge, Session};
use crate::exchange::Exchange;
use crate::protocol::{Json, JsonLimits, Protocol, RefusalKind, Speakers, Usage, spliced};
use bytes::Bytes;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Bodies from this size on are judged where they do not hold up others, in bytes.
const LARGE: usize = 64 << 10;

/// A request, and whom it is judged by.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) protocol: Protocol,
    /// Whether the route says so; else the shape of the request may be that of another.
    pub(super) is_said: bool,
    /// Whether its shape told the protocol.
    pub(super) by_shape: bool,
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
    /// How long its JSON is, where tensors stand behind it.
    pub(super) head: Option<usize>,
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
    /// How long the JSON of that is, where tensors stand behind it.
    pub(super) head: Option<usize>,
    /// What was found.
    pub(super) reasons: Vec<Reason>,
}

impl Asked {
    /// Judges the request.
    pub(super) fn request(&mut self, decision: &mut Decision) -> Result<Outcome, Refused> {
        let (protocol, outcome) = aside(self.takes_long() || self.body.len() >= LARGE, || {
            self.with_request(|exchange, protocol, reading| {
                if let Some(what) = exchange.unread {
                    let message = format!("{what} cannot be judged");
                    return Err(Refused::new(RefusalKind::Unsupported, message));
                }
                let model = exchange.model.as_deref().map(|model| bartizan_core::printable(model, 128));
                decision.model = model;
                let by = |policy: &Arc<NamedPolicy>| {
                    judged(|| {
                        let mut judgement = policy.checks.request(exchange, &self.session);
                        if protocol.answers_a_model() {
                            with_calls(policy, exchange, &self.session, &mut judgement);
                        }
                        judgement
                    })
                };
                let outcome = self.both(Direction::Request, by, exchange.body, reading, decision)?;
                Ok((protocol, outcome))
            })?
        })?;
        self.by_shape = protocol != self.protocol;
        self.protocol = protocol;
        Ok(outcome)
    }

    /// Judges what the query of the request says. It is sent on as it came or not at all: what would be redacted is told.
    pub(super) fn query(&self, said: &[u8], decision: &mut Decision) -> Result<Outcome, Refused> {
        aside(self.takes_long(), || {
            Reading::read(said, Given::default(), self.limits, |json, body, reading| {
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
                self.both(Direction::Request, by, body, reading, decision)
            })?
        })
    }

    /// Judges an answer that is there as a whole; one that tells of an error may have any form. `head` is how long its JSON is, where
    /// tensors stand behind it.
    pub(super) fn answer(
        &self,
        body: &[u8],
        kind: &str,
        head: Option<usize>,
        error: bool,
        decision: &mut Decision,
    ) -> Result<Outcome, Refused> {
        let takes_long = self.protocol.answers_a_model() && self.takes_long();
        aside(takes_long || body.len() >= LARGE, || {
            let is_loose = self.protocol == Protocol::Json || self.by_shape;
            let any_text = error || self.protocol == Protocol::Torchserve || is_loose && is_text(kind);
            let head = head.filter(|_| self.protocol == Protocol::Kserve).map(|head| (head, "outputs"));
            let given = Given { kind, any_text, any_bytes: false, head };
            Reading::read(body, given, self.limits, |json, body, reading| {
                let protocol = if self.by_shape { self.protocol.of_answer(json) } else { self.protocol };
                let to_model = protocol.answers_a_model();
                let mut answer = match (reading.is_foreign(), to_model) {
                    (false, _) => protocol.response(body, json),
                    (true, false) => Protocol::Json.response(body, json),
                    // What a model is given is judged as what is asked of one.
                    (true, true) => Protocol::Json.request(body, json),
                };
                self.seat(&mut answer);
                let by = |policy: &Arc<NamedPolicy>| {
                    if to_model {
                        return judged(|| policy.checks.request(&answer, &self.session));
                    }
                    let prepared = self.prepared(policy)?;
                    judged(|| prepared.response(&answer))
                };
                decision.answered(Usage::of(protocol, json));
                self.both(Direction::Answer, by, body, reading, decision)
            })?
        })
    }

    /// Judges one message of a stream that is given to a model.
    pub(super) fn message(&self, body: &[u8]) -> Result<Outcome, Refused> {
        aside(self.takes_long() || body.len() >= LARGE, || {
            Reading::read(body, Given::default(), self.limits, |json, body, reading| {
                let answer = self.protocol.response(body, json);
                let judgement = judged(|| self.policy.checks.request(&answer, &self.session))?;
                outcome(judgement, body, reading, self.limits)
            })?
        })
    }

    /// The protocol of an event of a streamed answer.
    pub(super) fn protocol_of(&self, event: &Json<'_>) -> Protocol {
        if self.by_shape { self.protocol.of_answer(event) } else { self.protocol }
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

    /// A refusal that names the request, in the words of its protocol.
    pub(super) fn named(&self, refused: Refused) -> Refused {
        Refused { id: self.id(), protocol: Some(self.protocol), ..refused }
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
        reading: &Reading<'_>,
        decision: &mut Decision,
    ) -> Result<Outcome, Refused> {
        let judgement = by(&self.policy)?;
        decision.judged(direction, judgement.action, &judgement.reasons);
        if let Some(shadow) = &self.shadow {
            let theirs = by(shadow).map(|one| one.action).ok();
            decision.shadowed(theirs);
        }
        outcome(judgement, body, reading, self.limits)
    }

    fn with_request<T>(
        &self,
        act: impl FnOnce(&Exchange<'_>, Protocol, &Reading<'_>) -> T,
    ) -> Result<T, Refused> {
        let any_bytes = self.protocol == Protocol::Torchserve;
        let any_text = any_bytes || self.protocol == Protocol::Json && self.kind.starts_with("text/");
        let head = self.head.filter(|_| self.protocol == Protocol::Kserve).map(|head| (head, "inputs"));
        let given = Given { kind: &self.kind, any_text, any_bytes, head };
        Reading::read(&self.body, given, self.limits, |json, body, reading| {
            let protocol = if self.is_said { self.protocol } else { self.protocol.of_request(json) };
            let mut exchange = protocol.request(body, json);
            reading.tell(&mut exchange);
            self.seat(&mut exchange);
            act(&exchange, protocol, reading)
        })
    }

    /// A request that could not be read passed unjudged; its answer is judged as that to no request.
    fn with_request_or_none<T>(&self, mut act: impl FnMut(&Exchange<'_>) -> T) -> T {
        match self.with_request(|exchange, _, _| act(exchange)) {
            Ok(outcome) => outcome,
            Err(_) => act(&Exchange::default()),
        }
    }
}

/// Whether a media type is that of something people or models read.
pub(super) fn is_text(kind: &str) -> bool {
    const FORMS: [&str; 6] = ["json", "xml", "html", "script", "yaml", "x-www-form-urlencoded"];
    let kind = kind.to_ascii_lowercase();
    kind.is_empty() || kind.starts_with("text/") || FORMS.iter().any(|form| kind.contains(form))
}

/// What a judgement of a body comes to.
fn outcome(
    judgement: Judgement,
    body: &[u8],
    reading: &Reading<'_>,
    limits: JsonLimits,
) -> Result<Outcome, Refused> {
    let check = judgement.reasons.iter().find(|reason| reason.action == judgement.action);
    let check = check.map_or("a check", |reason| reason.check);
    // A blocked body has no edits; any other is changed where a check says so, also to put back what a token stands for.
    let (mut changed, mut head) = (None, None);
    if !judgement.edits.is_empty() {
        let body = spliced(body, &judgement.edits).ok_or_else(failed)?;
        let (body, length) = reading.written(body, limits).ok_or_else(failed)?;
        (changed, head) = (Some(body), length);
    }
    Ok(Outcome { action: judgement.action, check, changed, head, reasons: judgement.reasons })
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
