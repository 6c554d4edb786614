//! Judging what passes: [`Asked`] holds the request while its answer is judged against it.

use super::decision::{Decision, Direction};
use super::exchange::Refused;
use super::plan::NamedPolicy;
use super::reading::{Given, Reading};
use crate::check::{Action, Edit, Judgement, Prepared, Reason, ResponseJudge, Session};
use crate::exchange::Exchange;
use crate::protocol::{Echoes, Json, JsonLimits, Protocol, RefusalKind, Speakers, Usage, spliced};
use bytes::Bytes;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Bodies from this size on are judged where they do not hold up others, in bytes.
const LARGE: usize = 64 << 10;

/// A request, and whom it is judged by.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// What is spoken, as the route says or the path.
    pub(super) protocol: Protocol,
    /// Whether neither says it for certain, so that the shape of a body may tell that it is a message of tools.
    pub(super) goes_by_shape: bool,
    /// Whether it did: what is said then is judged both ways, as such a message and as what else it may be.
    pub(super) is_message: bool,
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
    /// What of it its answer may say again.
    pub(super) echoes: Arc<Echoes>,
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
        let (is_message, outcome) = aside(self.takes_long() || self.body.len() >= LARGE, || {
            self.with_request(|exchange, json, reading| {
                let what = exchange.unread.map(|what| format!("{what} cannot be judged"));
                let unread = || self.policy.checks.unread(exchange).map(str::to_owned);
                if let Some(message) = what.or_else(unread) {
                    return Err(Refused::new(RefusalKind::Unsupported, message));
                }
                let model = exchange.model.as_deref().map(|model| bartizan_core::printable(model, 128));
                decision.model = model;
                let is_message = self.goes_by_shape && Protocol::has_message(json);
                let by = |policy: &Arc<NamedPolicy>| {
                    let to_tools = |exchange: &Exchange<'_>| {
                        judged(|| {
                            let mut judgement = policy.checks.request(exchange, &self.session);
                            with_calls(policy, exchange, &self.session, &mut judgement);
                            judgement
                        })
                    };
                    if self.protocol.answers_a_model() {
                        return to_tools(exchange);
                    }
                    let first = judged(|| policy.checks.request(exchange, &self.session))?;
                    if !is_message {
                        return Ok(first);
                    }
                    let again = |body: &[u8], json: &Json<'_>| to_tools(&Protocol::Mcp.request(body, json));
                    self.then(first, exchange.body, json, again)
                };
                let outcome = self.both(Direction::Request, by, exchange.body, reading, decision)?;
                Ok((is_message, outcome))
            })?
        })?;
        self.is_message = is_message;
        if self.protocol == Protocol::OpenaiResponses {
            let mut echoes = Echoes::default();
            // What is sent is what came where nothing is enforced.
            for body in [Some(&*self.body), outcome.changed.as_deref()].into_iter().flatten() {
                if let Ok(json) = Json::read(body, self.limits) {
                    echoes.add(&json);
                }
            }
            self.echoes = Arc::new(echoes);
        }
        Ok(outcome)
    }

    /// What is spoken, as it is told and refused.
    pub(super) fn spoken(&self) -> Protocol {
        if self.is_message { Protocol::Mcp } else { self.protocol }
    }

    /// A second judgement of what is left of a body after a first: the harder of both, and the changes of both.
    fn then(
        &self,
        first: Judgement,
        body: &[u8],
        json: &Json<'_>,
        again: impl Fn(&[u8], &Json<'_>) -> Result<Judgement, Refused>,
    ) -> Result<Judgement, Refused> {
        let changed =
            if first.edits.is_empty() { None } else { Some(spliced(body, &first.edits).ok_or_else(failed)?) };
        let second = match &changed {
            Some(changed) => again(changed, &Json::read(changed, self.limits).map_err(|_| failed())?)?,
            None => again(body, json)?,
        };
        let Judgement { mut action, mut reasons, mut edits } = first;
        action = action.max(second.action);
        let is_new = |reason: &Reason| {
            let same = |other: &Reason| {
                (other.check, &*other.label, &*other.pointer)
                    == (reason.check, &*reason.label, &*reason.pointer)
                    && other.action >= reason.action
            };
            !reasons.iter().any(same)
        };
        let more: Vec<Reason> = second.reasons.into_iter().filter(is_new).collect();
        reasons.extend(more);
        match changed {
            _ if action == Action::Block => edits.clear(),
            None => edits = second.edits,
            Some(changed) if !second.edits.is_empty() => {
                let whole = spliced(&changed, &second.edits).and_then(|whole| String::from_utf8(whole).ok());
                edits = vec![Edit { span: 0..body.len(), replacement: whole.ok_or_else(failed)? }];
            }
            Some(_) => {}
        }
        Ok(Judgement { action, reasons, edits })
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
        let takes_long = self.spoken().answers_a_model() && self.takes_long();
        aside(takes_long || body.len() >= LARGE, || {
            // Servers of tools say in a text that a message was taken.
            let is_loose = self.protocol == Protocol::Json || self.spoken().answers_a_model();
            let any_text = error || self.protocol == Protocol::Torchserve || is_loose && is_text(kind);
            let head = head.filter(|_| self.protocol == Protocol::Kserve).map(|head| (head, "outputs"));
            let given = Given { kind, any_text, any_bytes: false, any_parts: false, head };
            Reading::read(body, given, self.limits, |json, body, reading| {
                let by = |policy: &Arc<NamedPolicy>| self.answer_by(policy, body, json, reading.is_foreign());
                decision.answered(Usage::of(self.protocol, json));
                self.both(Direction::Answer, by, body, reading, decision)
            })?
        })
    }

    /// Judges an answer by a policy: what is given to a model as what is asked of one, what is said by one as that, and what may be both as
    /// both. `foreign` says that it is not of the protocol's own form.
    fn answer_by(
        &self,
        policy: &Arc<NamedPolicy>,
        body: &[u8],
        json: &Json<'_>,
        foreign: bool,
    ) -> Result<Judgement, Refused> {
        let given = |body: &[u8], json: &Json<'_>| {
            let answer =
                if foreign { Protocol::Json.request(body, json) } else { Protocol::Mcp.response(body, json) };
            judged(|| policy.checks.request(&answer, &self.session))
        };
        let said = |body: &[u8], json: &Json<'_>| {
            let protocol = if foreign { Protocol::Json } else { self.protocol };
            let mut answer = protocol.response(body, json);
            self.seat(&mut answer);
            if self.protocol == Protocol::OpenaiResponses {
                self.echoes.leave_out(&mut answer);
            }
            let prepared = self.prepared(policy)?;
            judged(|| prepared.response(&answer))
        };
        if self.protocol.answers_a_model() {
            given(body, json)
        } else if self.answers_tools(json) {
            self.then(given(body, json)?, body, json, said)
        } else {
            said(body, json)
        }
    }

    /// Judges one message of a stream that is given to a model.
    pub(super) fn message(&self, body: &[u8]) -> Result<Outcome, Refused> {
        aside(self.takes_long() || body.len() >= LARGE, || {
            Reading::read(body, Given::default(), self.limits, |json, body, reading| {
                let judgement = self.answer_by(&self.policy, body, json, false)?;
                outcome(judgement, body, reading, self.limits)
            })?
        })
    }

    /// Whether an answer, or an event of one, goes from a server of tools to a model, as far as its shape tells.
    pub(super) fn answers_tools(&self, json: &Json<'_>) -> bool {
        self.is_message && Protocol::is_message(json)
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
        (self.spoken() == Protocol::Mcp).then(|| crate::protocol::message_id(&self.body))
    }

    /// A refusal that names the request, in the words of its protocol.
    pub(super) fn named(&self, refused: Refused) -> Refused {
        Refused { id: self.id(), protocol: Some(self.spoken()), ..refused }
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

    /// What is known of the answer before it comes.
    pub(super) fn prepared(&self, policy: &Arc<NamedPolicy>) -> Result<Arc<Prepared>, Refused> {
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
        act: impl FnOnce(&Exchange<'_>, &Json<'_>, &Reading<'_>) -> T,
    ) -> Result<T, Refused> {
        let any_bytes = self.protocol == Protocol::Torchserve;
        let any_text = any_bytes || self.protocol == Protocol::Json && self.kind.starts_with("text/");
        let head = self.head.filter(|_| self.protocol == Protocol::Kserve).map(|head| (head, "inputs"));
        let any_parts = matches!(self.protocol, Protocol::Json | Protocol::Torchserve);
        let given = Given { kind: &self.kind, any_text, any_bytes, any_parts, head };
        Reading::read(&self.body, given, self.limits, |json, body, reading| {
            let mut exchange = self.protocol.request(body, json);
            reading.tell(&mut exchange);
            self.seat(&mut exchange);
            act(&exchange, json, reading)
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
        let written = spliced(body, &judgement.edits).and_then(|body| reading.written(body, limits));
        match written {
            Some((body, length)) => (changed, head) = (Some(body), length),
            // What is to be taken out and has no place of its own in the body (a coded part of a mail) leaves with none of it.
            None if judgement.action == Action::Redact => {
                let reasons = judgement.reasons;
                return Ok(Outcome { action: Action::Block, check, changed: None, head: None, reasons });
            }
            None => return Err(failed()),
        }
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
