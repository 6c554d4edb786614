//! A streamed answer, judged as it comes: [`Screen`], bytes in and bytes out.
//!
//! An event leaves when everything in it may: its bytes as they came where nothing in it changed. Events leave in the order they
//! came, so what stands behind a held one waits with it. Calls of tools are put together and judged before any part of them
//! leaves.

use super::exchange::Refused;
use super::judging::{Asked, Outcome, judged};
use crate::check::{Action, Edit, Judgement, Reason, Release, ResponseJudge};
use crate::exchange::ToolCall;
use crate::protocol::{
    AGAIN, Delta, Deltas, Event, Events, Framing, Json, Mark, Of, Protocol, Refusal, RefusalKind, Usage,
    closing, closing_line, deltas, message_id, quoted, spliced, unquoted,
};
use bytes::BytesMut;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

/// A streamed answer on its way.
pub(super) struct Screen {
    asked: Asked,
    /// Whether what is found is acted on.
    enforced: bool,
    /// Whether what cannot be judged passes.
    open: bool,
    /// Most bytes that wait.
    most: usize,
    events: Events,
    queue: VecDeque<Held>,
    held: usize,
    /// In boxes: a node of the tree has room for eleven.
    channels: BTreeMap<String, Box<Channel>>,
    calls: BTreeMap<String, Call>,
    /// Names of the calls that were judged, by key: a protocol may tell their arguments once more.
    called: BTreeMap<String, String>,
    /// Something that left is not what came: what repeats it in other form is left out from then on.
    changed: bool,
    head: String,
    /// What the answer has said of itself so far.
    usage: Usage,
    begun: BTreeSet<u64>,
    /// Why the stream is to end, in words for the client.
    stopping: Option<String>,
    state: State,
}

/// Most texts that one stream may have: each is judged by itself, as it grows.
const MOST_TEXTS: usize = 4_096;

/// How far a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Going,
    /// Everything passes: something could not be judged, and the route is open.
    Passing,
    /// Nothing more is taken or given.
    Over,
}

/// What a piece of a stream comes to.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// What leaves.
    pub(super) out: BytesMut,
    /// What was found.
    pub(super) reasons: Vec<Reason>,
    /// The stream ends here, whatever the upstream still says.
    pub(super) over: bool,
    /// Something could not be judged.
    pub(super) unjudged: Option<&'static str>,
}

/// An event that waits.
struct Held {
    event: Event,
    pieces: Vec<Piece>,
    repeats: Vec<Range<usize>>,
    marks: Vec<Mark>,
    /// Changes of texts that are whole in it.
    edits: Vec<Edit>,
    /// One of those may not leave at all.
    stops: bool,
}

impl Held {
    /// An event in which nothing is judged.
    fn plain(event: Event) -> Self {
        Self {
            event,
            pieces: Vec::new(),
            repeats: Vec::new(),
            marks: Vec::new(),
            edits: Vec::new(),
            stops: false,
        }
    }
}

/// What becomes of a text that is whole in its event.
enum Left {
    AsItCame,
    Changed(Edit),
    Stopped,
}

struct Piece {
    channel: String,
    span: Range<usize>,
    text: String,
    /// Whether it is JSON itself.
    bare: bool,
}

impl Piece {
    /// Other text in its place, as it is to stand there.
    fn replaced(&self, text: &str) -> Edit {
        let replacement = if self.bare { text.to_owned() } else { quoted_text(text) };
        Edit { span: self.span.clone(), replacement }
    }
}

/// One text that grows.
struct Channel {
    judge: Option<ResponseJudge>,
    /// What may leave and has not.
    out: String,
    /// Nothing more comes.
    complete: bool,
    /// What leaves is no longer what came.
    changed: bool,
    carrier: Option<Carrier>,
}

/// An event that carried a piece of a text, to carry what is left of it; and which of its texts that one is.
struct Carrier {
    carried: Arc<Carried>,
    ours: usize,
}

/// An event that left, for all the texts in it.
struct Carried {
    event: Event,
    /// The places of its texts that grow.
    spans: Vec<Range<usize>>,
    /// What else is changed in it.
    edits: Vec<Edit>,
}

/// A call of a tool while it is put together.
#[derive(Default)]
struct Call {
    name: (String, String),
    arguments: (String, String),
}

impl Screen {
    pub(super) fn new(asked: Asked, framing: Framing, enforced: bool, open: bool, most: usize) -> Self {
        Self {
            asked,
            enforced,
            open,
            most,
            events: Events::new(framing),
            queue: VecDeque::new(),
            held: 0,
            channels: BTreeMap::new(),
            calls: BTreeMap::new(),
            called: BTreeMap::new(),
            changed: false,
            head: String::new(),
            usage: Usage::default(),
            begun: BTreeSet::new(),
            stopping: None,
            state: State::Going,
        }
    }

    /// What the answer has said of itself.
    pub(super) fn usage(&self) -> &Usage {
        &self.usage
    }

    /// Takes the next piece of the stream.
    pub(super) fn push(&mut self, piece: &[u8]) -> Step {
        let mut step = Step::default();
        if self.state == State::Over {
            step.over = true;
            return step;
        }
        if !self.enforced || self.state == State::Passing {
            step.out.extend_from_slice(piece);
        }
        if self.state == State::Passing {
            return step;
        }
        self.events.push(piece);
        while self.state == State::Going
            && let Some(event) = self.events.next_event()
        {
            self.take(event, &mut step);
        }
        if self.state == State::Going && self.held.saturating_add(self.events.waiting()) > self.most {
            step.unjudged = Some("too_large");
            self.give_up(&mut step);
        }
        step.over = self.state == State::Over;
        step
    }

    /// Says that the upstream has ended, and gives what still waits.
    pub(super) fn finish(&mut self) -> Step {
        let mut step = Step::default();
        if self.state == State::Going
            && let Some(event) = self.events.rest()
        {
            self.take(event, &mut step);
        }
        if self.state == State::Going {
            self.complete("", &mut step);
            self.settle(&mut step);
        }
        if self.state == State::Going {
            self.let_go_rest(&[], &mut step);
        }
        self.state = State::Over;
        step.over = true;
        step
    }

    fn take(&mut self, event: Event, step: &mut Step) {
        let data = event.data.trim();
        if data.is_empty() || data == "[DONE]" {
            if data == "[DONE]" {
                self.complete("", step);
            }
            self.hold(Held::plain(event));
            return self.settle(step);
        }
        if self.asked.protocol.answers_a_model() {
            return self.take_message(event, step);
        }
        let text = event.data.clone();
        let Ok(json) = Json::read(text.as_bytes(), self.asked.limits) else {
            step.unjudged = Some("malformed");
            if self.open {
                self.hold(Held::plain(event));
            }
            return self.give_up(step);
        };
        self.usage.join(Usage::of(self.asked.protocol, &json));
        let Deltas { pieces, complete, repeats, marks } = deltas(self.asked.protocol, &json);
        let mut held = Held { repeats, marks, ..Held::plain(event) };
        for piece in pieces {
            if piece.of == Of::Whole {
                match self.whole(&piece, step) {
                    Ok(Left::Changed(edit)) => held.edits.push(edit),
                    Ok(Left::Stopped) => held.stops = true,
                    Ok(Left::AsItCame) => {}
                    Err(_) => return self.fail(held, step),
                }
                continue;
            }
            if self.feed(&piece, step).is_err() {
                return self.fail(held, step);
            }
            held.pieces.push(Piece {
                channel: piece.channel,
                span: piece.span,
                text: piece.text.into_owned(),
                bare: piece.bare,
            });
        }
        if self.channels.len() > MOST_TEXTS {
            step.unjudged = Some("too_large");
            return self.give_up(step);
        }
        self.hold(held);
        for name in complete {
            self.complete(&name, step);
        }
        self.settle(step);
    }

    /// A message that is whole in its event: it leaves, is changed, or an error takes its place and the stream goes on.
    fn take_message(&mut self, event: Event, step: &mut Step) {
        let Ok(Outcome { action, check, changed, reasons }) = self.asked.message(event.data.as_bytes())
        else {
            step.unjudged = Some("malformed");
            self.hold(Held::plain(event));
            return if self.open { self.drain(step) } else { self.give_up(step) };
        };
        step.reasons.extend(reasons);
        if !self.enforced {
            return;
        }
        if action == Action::Block {
            let refusal = Refusal {
                kind: RefusalKind::Policy,
                message: format!("the answer was stopped by {check}"),
                decision: String::new(),
                id: Some(message_id(event.data.as_bytes())),
            };
            step.out.extend_from_slice(&event.with_data(refusal.body(self.asked.protocol).as_bytes()));
        } else if let Some(data) = changed {
            step.out.extend_from_slice(&event.with_data(&data));
        } else {
            step.out.extend_from_slice(&event.raw);
        }
    }

    /// Lets go what may leave, and ends the stream when it is to end.
    fn settle(&mut self, step: &mut Step) {
        if self.state != State::Going {
            return;
        }
        match self.stopping.take() {
            Some(message) if self.enforced => self.close(&message, step),
            _ => self.drain(step),
        }
    }

    fn hold(&mut self, held: Held) {
        // What passes anyway need not be kept.
        if !self.enforced {
            return;
        }
        self.held = self.held.saturating_add(held.event.raw.len());
        self.queue.push_back(held);
    }

    /// An event could not be judged.
    fn fail(&mut self, held: Held, step: &mut Step) {
        step.unjudged = Some("unavailable");
        if self.open {
            self.hold(held);
        }
        self.give_up(step);
    }

    /// Judges a text that is whole.
    fn whole(&mut self, piece: &Delta<'_>, step: &mut Step) -> Result<Left, Refused> {
        let mut judge = self.asked.judge()?;
        let mut release = judged(|| judge.push(&piece.text))?;
        let rest = judged(|| judge.finish())?;
        release.text.push_str(&rest.text);
        step.reasons.extend(release.reasons.into_iter().chain(rest.reasons));
        if let Some(reason) = release.blocked.or(rest.blocked) {
            self.stopping.get_or_insert_with(|| format!("the answer was stopped by {}", reason.check));
            step.reasons.push(reason);
            return Ok(Left::Stopped);
        }
        if release.text == piece.text {
            return Ok(Left::AsItCame);
        }
        Ok(Left::Changed(Edit { span: piece.span.clone(), replacement: quoted_text(&release.text) }))
    }

    /// Gives a piece to whoever judges it.
    fn feed(&mut self, piece: &Delta<'_>, step: &mut Step) -> Result<(), Refused> {
        let judge = match &piece.of {
            Of::Text if !self.channels.contains_key(&piece.channel) => Some(self.asked.judge()?),
            _ => None,
        };
        let channel = self.channels.entry(piece.channel.clone()).or_insert_with(|| {
            Box::new(Channel { judge, out: String::new(), complete: false, changed: false, carrier: None })
        });
        match &piece.of {
            Of::Text => {
                if let Some(judge) = &mut channel.judge {
                    let release = judge.push(&piece.text);
                    self.released(&piece.channel, release, step);
                }
            }
            Of::Whole => {}
            Of::CallName(key) => {
                let call = self.calls.entry(key.clone()).or_default();
                call.name.0.clone_from(&piece.channel);
                call.name.1.push_str(&piece.text);
            }
            Of::CallArguments(key) => {
                let call = self.calls.entry(key.clone()).or_default();
                call.arguments.0.clone_from(&piece.channel);
                call.arguments.1.push_str(&piece.text);
            }
        }
        Ok(())
    }

    fn released(&mut self, name: &str, release: Release, step: &mut Step) {
        if let Some(channel) = self.channels.get_mut(name) {
            channel.out.push_str(&release.text);
        }
        step.reasons.extend(release.reasons);
        if let Some(reason) = release.blocked {
            self.stopping.get_or_insert_with(|| format!("the answer was stopped by {}", reason.check));
            step.reasons.push(reason);
        }
    }

    /// Texts and calls whose names begin so are complete: nothing of them is held any longer.
    fn complete(&mut self, prefix: &str, step: &mut Step) {
        let names: Vec<String> =
            self.channels.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
        for name in names {
            let Some(channel) = self.channels.get_mut(&name) else { continue };
            if channel.complete {
                continue;
            }
            if let Some(judge) = &mut channel.judge {
                let release = judge.finish();
                channel.complete = true;
                self.released(&name, release, step);
            }
        }
        let keys: Vec<String> = self.calls.keys().filter(|key| key.starts_with(prefix)).cloned().collect();
        for key in keys {
            let Some(call) = self.calls.remove(&key) else { continue };
            self.judge_call(&key, call, step);
        }
    }

    fn judge_call(&mut self, key: &str, mut call: Call, step: &mut Step) {
        let first = key.split_once(AGAIN).map(|(_, first)| first);
        let name = first.filter(|_| call.name.1.is_empty()).and_then(|first| self.called.get(first));
        let told_again = name.cloned();
        if let Some(name) = &told_again {
            call.name.1.clone_from(name);
        } else if self.asked.protocol == Protocol::OpenaiResponses {
            self.called.insert(key.to_owned(), call.name.1.clone());
        }
        let mut body = Vec::new();
        quoted(&call.arguments.1, &mut body);
        let judged = self.asked.judge().and_then(|judge| {
            let whole = ToolCall {
                name: call.name.1.as_str().into(),
                arguments: call.arguments.1.as_str().into(),
                pointer: format!("/{}", key.trim_end_matches('/')),
                span: 0..body.len(),
                encoded: true,
                after: 0,
            };
            judged(|| judge.call(&whole))
        });
        let Ok(Judgement { action, reasons, edits }) = judged else {
            step.unjudged = Some("unavailable");
            return self.give_up(step);
        };
        let check = reasons.iter().find(|reason| reason.action == action).map(|reason| reason.check);
        step.reasons.extend(reasons);
        if action == Action::Block {
            let check = check.unwrap_or("a check");
            self.stopping.get_or_insert_with(|| format!("a call of a tool was stopped by {check}"));
            return;
        }
        let arguments = spliced(&body, &edits)
            .and_then(|body| String::from_utf8(body).ok())
            .map_or(call.arguments.1, |text| unquoted(&text).into_owned());
        for (name, text) in [(call.name.0, call.name.1), (call.arguments.0, arguments)] {
            if let Some(channel) = self.channels.get_mut(&name) {
                channel.out.push_str(&text);
                channel.complete = true;
            }
        }
    }

    /// Lets go what may leave.
    fn drain(&mut self, step: &mut Step) {
        while self.queue.front().is_some_and(|held| self.is_free(held)) {
            if let Some(held) = self.queue.pop_front() {
                self.held = self.held.saturating_sub(held.event.raw.len());
                self.let_go(held, step);
            }
        }
    }

    /// Whether everything in an event may leave.
    fn is_free(&self, held: &Held) -> bool {
        held.pieces.iter().all(|piece| {
            let Some(channel) = self.channels.get(&piece.channel) else { return true };
            // What came may leave; or something else does in its place, or it is certain that nothing more comes.
            channel.changed
                || channel.complete
                || channel.out.starts_with(&piece.text)
                || !piece.text.starts_with(&channel.out)
        })
    }

    fn let_go(&mut self, held: Held, step: &mut Step) {
        let mut edits = held.edits.clone();
        let mut carried = None;
        for (place, piece) in held.pieces.iter().enumerate() {
            let Some(channel) = self.channels.get_mut(&piece.channel) else { continue };
            if !channel.changed && channel.out.starts_with(piece.text.as_str()) {
                channel.out.drain(..piece.text.len());
            } else {
                channel.changed = true;
                let text = std::mem::take(&mut channel.out);
                if text != piece.text {
                    edits.push(piece.replaced(&text));
                }
            }
            if channel.carrier.is_none() {
                let carried = carried.get_or_insert_with(|| {
                    // What it repeats is not said once more.
                    let left_out = held.repeats.iter().map(|span| left_out(span.clone()));
                    Arc::new(Carried {
                        event: held.event.clone(),
                        spans: held.pieces.iter().map(|piece| piece.span.clone()).collect(),
                        edits: held.edits.iter().cloned().chain(left_out).collect(),
                    })
                });
                channel.carrier = Some(Carrier { carried: Arc::clone(carried), ours: place });
            }
        }
        // Before a text ends, what is left of it leaves.
        let ends = held.marks.iter().any(|mark| matches!(mark, Mark::Close(_)))
            || held.event.data.trim() == "[DONE]";
        if ends {
            self.let_go_rest(&held.pieces, step);
        }
        for mark in &held.marks {
            match mark {
                Mark::Open(index) => {
                    self.begun.insert(*index);
                }
                Mark::Close(index) => {
                    self.begun.remove(index);
                }
                Mark::Head(members) => self.head.clone_from(members),
            }
        }
        self.changed = self.changed || !edits.is_empty();
        if edits.is_empty() && (!self.changed || held.repeats.is_empty()) {
            step.out.extend_from_slice(&held.event.raw);
        } else {
            edits.extend(held.repeats.into_iter().map(left_out));
            edits.sort_by_key(|edit| edit.span.start);
            match spliced(held.event.data.as_bytes(), &edits) {
                Some(data) => step.out.extend_from_slice(&held.event.with_data(&data)),
                None => step.unjudged = Some("unavailable"),
            }
        }
    }

    /// Lets go what complete texts have left when no event that waits carries it.
    fn let_go_rest(&mut self, now: &[Piece], step: &mut Step) {
        for (name, channel) in &mut self.channels {
            let mut waiting = self.queue.iter().flat_map(|held| &held.pieces).chain(now);
            let carried = waiting.any(|piece| piece.channel == *name);
            if carried || channel.out.is_empty() || !channel.complete {
                continue;
            }
            if let Some(Carrier { carried, ours }) = &channel.carrier {
                let Carried { event, spans, edits } = &**carried;
                let text = std::mem::take(&mut channel.out);
                let texts = spans.iter().enumerate().map(|(place, span)| {
                    let text = if place == *ours { text.as_str() } else { "" };
                    Edit { span: span.clone(), replacement: quoted_text(text) }
                });
                let mut edits: Vec<Edit> = texts.chain(edits.iter().cloned()).collect();
                edits.sort_by_key(|edit| edit.span.start);
                if let Some(data) = spliced(event.data.as_bytes(), &edits) {
                    step.out.extend_from_slice(&event.with_data(&data));
                }
            }
        }
    }

    /// Something cannot be judged: the stream ends, or goes on as it is.
    fn give_up(&mut self, step: &mut Step) {
        if !self.enforced {
            return;
        }
        if self.open {
            for held in self.queue.drain(..) {
                step.out.extend_from_slice(&held.event.raw);
            }
            self.held = 0;
            if let Some(rest) = self.events.rest() {
                step.out.extend_from_slice(&rest.raw);
            }
            self.state = State::Passing;
            return;
        }
        self.close("the answer could not be judged", step);
    }

    /// Ends the stream in the protocol's own way, after what may still leave.
    fn close(&mut self, message: &str, step: &mut Step) {
        let choices = matches!(self.asked.protocol, Protocol::OpenaiChat | Protocol::OpenaiCompletions);
        for held in &self.queue {
            for mark in &held.marks {
                match mark {
                    Mark::Head(head) if self.head.is_empty() => self.head.clone_from(head),
                    // A choice needs no beginning to end.
                    Mark::Open(index) if choices => {
                        self.begun.insert(*index);
                    }
                    _ => {}
                }
            }
        }
        self.drain_last(step);
        self.queue.clear();
        let mut begun: Vec<u64> = self.begun.iter().copied().collect();
        if begun.is_empty() && self.asked.protocol != Protocol::AnthropicMessages {
            begun.push(0);
        }
        let end = match self.events.framing() {
            Framing::Events => closing(self.asked.protocol, &self.head, &begun, message),
            Framing::Lines => closing_line(self.asked.protocol, &self.head, message),
        };
        step.out.extend_from_slice(end.as_bytes());
        self.state = State::Over;
        step.over = true;
    }

    /// What was released before a block, in the event that it begins.
    fn drain_last(&mut self, step: &mut Step) {
        let mut queue = std::mem::take(&mut self.queue);
        while let Some(held) = queue.pop_front() {
            let whole = held.pieces.iter().all(|piece| {
                self.channels
                    .get(&piece.channel)
                    .is_none_or(|one| !one.changed && one.out.starts_with(&piece.text))
            });
            let calls = held.pieces.iter().any(|piece| {
                self.channels.get(&piece.channel).is_some_and(|one| one.judge.is_none() && !one.complete)
            });
            let ends = held.marks.iter().any(|mark| matches!(mark, Mark::Close(_)));
            if calls || held.stops || ends && !whole {
                return;
            }
            self.let_go(held, step);
            if !whole {
                return;
            }
        }
    }
}

/// Nothing in the place of what repeats a text.
fn left_out(span: Range<usize>) -> Edit {
    Edit { span, replacement: "null".to_owned() }
}

fn quoted_text(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len().saturating_add(2));
    quoted(text, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Checks, Policy, Session};
    use crate::gateway::plan::NamedPolicy;
    use crate::protocol::JsonLimits;
    use bytes::Bytes;
    use std::io;
    use std::sync::LazyLock;

    const SECRET: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";

    fn policy(toml: &str) -> Arc<NamedPolicy> {
        let policy: Policy = toml::from_str(toml).unwrap();
        let checks = Checks::new(&policy, &|_| Err(io::Error::from(io::ErrorKind::NotFound))).unwrap();
        Arc::new(NamedPolicy { name: String::new(), digest: String::new(), checks })
    }

    /// Checks take a while to make.
    static DEFAULT: LazyLock<Arc<NamedPolicy>> = LazyLock::new(|| policy(""));

    fn asked(protocol: Protocol, toml: &str) -> Asked {
        Asked {
            protocol,
            policy: if toml.is_empty() { Arc::clone(&DEFAULT) } else { policy(toml) },
            shadow: None,
            speakers: Arc::default(),
            session: Arc::new(Session::new([0; 32])),
            limits: JsonLimits::default(),
            body: Bytes::from_static(b"{\"messages\":[]}"),
            kind: String::new(),
            prepared: Vec::new(),
        }
    }

    /// What leaves of a stream in pieces of so many bytes, whether it was ended, and the checks that found something.
    fn through(mut screen: Screen, stream: &str, size: usize) -> (String, bool, Vec<&'static str>) {
        let (mut out, mut over, mut found) = (Vec::new(), false, Vec::new());
        for piece in stream.as_bytes().chunks(size) {
            let step = screen.push(piece);
            out.extend_from_slice(&step.out);
            found.extend(step.reasons.iter().map(|reason| reason.check));
            over = step.over;
            if over {
                break;
            }
        }
        if !over {
            let step = screen.finish();
            out.extend_from_slice(&step.out);
            found.extend(step.reasons.iter().map(|reason| reason.check));
        }
        (String::from_utf8(out).unwrap(), over, found)
    }

    fn enforcing(protocol: Protocol, toml: &str) -> Screen {
        Screen::new(asked(protocol, toml), Framing::Events, true, false, 1 << 20)
    }

    fn chunk(delta: &str, reason: &str) -> String {
        format!(
            "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{reason}}}]}}\n\n"
        )
    }

    #[test]
    fn what_repeats_a_redacted_text_leaves_neither_beside_it_nor_after_it() {
        let logprobs = format!("{{\"content\":[{{\"token\":\"{SECRET}\"}}]}}");
        let with = |delta: &str, reason: &str| {
            format!(
                "data: {{\"choices\":[{{\"index\":0,\"delta\":{delta},\"logprobs\":{logprobs},\"token_ids\":[77],\"finish_reason\":{reason}}}]}}\n\n"
            )
        };
        let say = format!("{{\"content\":\"{SECRET}\"}}");
        let beside = with(&say, "null") + &chunk("{}", "\"stop\"");
        let after = chunk(&say, "null") + &chunk("{\"content\":\" so\"}", "null") + &with("{}", "\"stop\"");
        for stream in [beside, after] {
            let (out, _, _) = through(enforcing(Protocol::OpenaiChat, ""), &stream, 40);
            assert!(!out.contains(SECRET) && !out.contains("77"), "{out}");
            assert!(out.contains("[github-token]") && out.contains("\"logprobs\":null"), "{out}");
        }
        let honest = with("{\"content\":\"hi \"}", "null") + &chunk("{}", "\"stop\"");
        assert_eq!(through(enforcing(Protocol::OpenaiChat, ""), &honest, 40).0, honest);
    }

    #[test]
    fn what_a_provider_adds_is_judged_event_by_event_and_holds_nothing() {
        let add = |note: &str| {
            format!(
                "data: {{\"provider\":\"{note}\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"word \"}}}}]}}\n\n"
            )
        };
        let mut screen = enforcing(Protocol::OpenaiChat, "");
        let notes = ["P", "P", "P", "P", SECRET, "P", "P", "P"];
        let mut out = BytesMut::new();
        for note in notes {
            out.extend_from_slice(&screen.push(add(note).as_bytes()).out);
        }
        let wanted: String =
            notes.iter().map(|note| add(if *note == SECRET { "[github-token]" } else { note })).collect();
        // The last words wait for what comes behind them, and nothing else does.
        let out = String::from_utf8_lossy(&out).into_owned();
        assert!(wanted.starts_with(&out) && out.matches("data: ").count() >= 5, "{out}");
        let image = "![a](https://x.example/p?d=c2VjcmV0IGRhdGEgdGhhdCBpcyBsb25n)";
        let step = screen.push(add(image).as_bytes());
        let out = String::from_utf8_lossy(&step.out).into_owned();
        assert!(step.over && !out.contains("x.example") && out.contains("content_filter"), "{out}");
    }

    #[test]
    fn a_call_told_only_at_its_end_is_judged_like_any_other() {
        let item = r#"{"type":"function_call","name":"evil","arguments":"{}"}"#;
        for event in [
            format!(r#"{{"type":"response.output_item.added","output_index":0,"item":{item}}}"#),
            format!(r#"{{"type":"response.output_item.done","output_index":0,"item":{item}}}"#),
            format!(r#"{{"type":"response.completed","response":{{"output":[{item}]}}}}"#),
        ] {
            let screen = enforcing(Protocol::OpenaiResponses, "[tools]\ndeny = ['evil']");
            let (out, over, _) = through(screen, &format!("data: {event}\n\n"), 50);
            assert!(over && !out.contains("evil") && out.contains("response.incomplete"), "{out}");
        }
    }

    #[test]
    fn arguments_told_again_are_those_of_the_call_they_belong_to() {
        let events = [
            r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","name":"f","arguments":""}}"#.to_owned(),
            format!(r#"{{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{{\"a\":\"{SECRET}\"}}"}}"#),
            format!(r#"{{"type":"response.function_call_arguments.done","sequence_number":1,"output_index":0,"arguments":"{{\"a\":\"{SECRET}\"}}"}}"#),
        ];
        let stream = format!("data: {}\n\n", events.join("\n\ndata: "));
        let screen = enforcing(Protocol::OpenaiResponses, "[tools]\nallow = ['f']");
        let (out, over, _) = through(screen, &stream, 60);
        assert!(!over && !out.contains(SECRET) && out.matches("[github-token]").count() == 2, "{out}");
    }

    #[test]
    fn a_stream_of_ever_more_texts_ends() {
        let chunk = |at: usize| {
            format!("data: {{\"choices\":[{{\"index\":{at},\"delta\":{{\"content\":\"a\"}}}}]}}\n\n")
        };
        let mut screen = enforcing(Protocol::OpenaiChat, "");
        let ended = (0..2 * MOST_TEXTS).position(|at| screen.push(chunk(at).as_bytes()).over);
        assert_eq!(ended, Some(MOST_TEXTS));
    }

    #[test]
    fn every_choice_is_ended_when_one_is_stopped() {
        let image = "![a](https://x.example/p?d=c2VjcmV0IGRhdGEgdGhhdCBpcyBsb25n)";
        let stream = "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"ok \"}}]}\n\n".to_owned()
            + &chunk(&format!("{{\"content\":\"{image}\"}}"), "null");
        let (out, _, _) = through(enforcing(Protocol::OpenaiChat, ""), &stream, 1_000);
        assert_eq!(out.matches("\"finish_reason\":\"content_filter\"").count(), 2, "{out}");
    }

    fn content(pieces: &[&str]) -> String {
        let mut stream = chunk("{\"role\":\"assistant\",\"content\":\"\"}", "null");
        for piece in pieces {
            stream += &chunk(&format!("{{\"content\":{}}}", serde_json::to_string(piece).unwrap()), "null");
        }
        stream + &chunk("{}", "\"stop\"") + ": bye\n\ndata: [DONE]\n\n"
    }

    /// The text that a client of chat completions puts together.
    fn text_of(stream: &str) -> String {
        let data =
            stream.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
        let chunks = data.map(|data| serde_json::from_str::<serde_json::Value>(data).unwrap());
        chunks
            .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
            .collect()
    }

    #[test]
    fn a_harmless_stream_leaves_byte_for_byte_however_it_is_cut() {
        let stream = content(&["Nor", "way's", " capital \u{e9} is", " Oslo.", ""]);
        for size in [1, 2, 7, 64, 10_000] {
            let (out, over, found) = through(enforcing(Protocol::OpenaiChat, ""), &stream, size);
            assert_eq!((out.as_str(), over, found.len()), (stream.as_str(), false, 0), "{size}");
        }
    }

    #[test]
    fn a_credential_cut_over_chunks_never_leaves() {
        for cut in [4, 11, 39] {
            let (head, tail) = SECRET.split_at(cut);
            let stream = content(&["the key is ", head, tail, " and", " that is all"]);
            let (out, over, found) = through(enforcing(Protocol::OpenaiChat, ""), &stream, 50);
            let text = text_of(&out);
            assert!(!over && !found.is_empty() && !text.contains(head) && !text.contains(tail), "{text}");
            assert!(text.starts_with("the key is ") && text.ends_with(" and that is all"), "{text}");
            assert!(out.ends_with("data: [DONE]\n\n"));
        }
    }

    #[test]
    fn a_redaction_at_the_very_end_leaves_before_the_end() {
        let stream = content(&["the key is", " ghp_0123456789abcdefghij", "ABCDEFGHIJ012345"]);
        let (out, ..) = through(enforcing(Protocol::OpenaiChat, ""), &stream, 64);
        let text = text_of(&out);
        assert!(!text.contains("ABCDEFGHIJ") && text.contains('['), "{text}");
    }

    #[test]
    fn a_block_ends_the_stream_in_the_protocols_way() {
        let stream = content(&["the key is ", SECRET, " and more"]);
        let screen = enforcing(Protocol::OpenaiChat, "[secrets]\noutput = 'block'");
        let (out, over, _) = through(screen, &stream, 64);
        assert!(over);
        assert_eq!(text_of(&out), "the key is ");
        assert!(out.ends_with("{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\ndata: [DONE]\n\n"), "{out}");
        let event = |value: &str| format!("data: {value}\n\n");
        let stream = event(r#"{"type":"message_start","message":{"content":[]}}"#)
            + &event(r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#)
            + &event(&format!(
                r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"see {SECRET} now"}}}}"#
            ));
        let screen = enforcing(Protocol::AnthropicMessages, "[secrets]\noutput = 'block'");
        let (out, ..) = through(screen, &stream, 64);
        assert!(!out.contains("ghp_"), "{out}");
        assert!(out.contains("{\"type\":\"content_block_stop\",\"index\":0}") && out.contains("refusal"));
        assert!(out.ends_with("{\"type\":\"message_stop\"}\n\n"));
    }

    fn lines(pieces: &[&str]) -> String {
        let line = |text: &str, done: bool| {
            let text = serde_json::to_string(text).unwrap();
            format!(
                "{{\"model\":\"m\",\"message\":{{\"role\":\"assistant\",\"content\":{text}}},\"done\":{done}}}\n"
            )
        };
        pieces.iter().map(|piece| line(piece, false)).collect::<String>() + &line("", true)
    }

    fn text_of_lines(stream: &str) -> String {
        let values = stream.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        values.filter_map(|value| value["message"]["content"].as_str().map(str::to_owned)).collect()
    }

    fn of_lines(toml: &str) -> Screen {
        Screen::new(asked(Protocol::OpenaiChat, toml), Framing::Lines, true, false, 1 << 20)
    }

    #[test]
    fn lines_of_ollama_leave_redacted_or_end_in_its_own_way() {
        let harmless = lines(&["Nor", "way's", " capital is", " Oslo."]);
        let (head, tail) = SECRET.split_at(11);
        let secret = lines(&["the key is ", head, tail, " and", " that is all"]);
        for size in [1, 7, 10_000] {
            assert_eq!(through(of_lines(""), &harmless, size).0, harmless);
            let text = text_of_lines(&through(of_lines(""), &secret, size).0);
            assert!(text.starts_with("the key is [") && text.ends_with(" and that is all"), "{text}");
            assert!(!text.contains(head) && !text.contains(tail), "{text}");
            let (out, over, _) = through(of_lines("[secrets]\noutput = 'block'"), &secret, size);
            assert_eq!(text_of_lines(&out), "the key is ");
            assert!(over && out.ends_with("\"done\":true,\"done_reason\":\"content_filter\"}\n"), "{out}");
        }
    }

    #[test]
    fn a_call_in_a_line_is_judged_before_it_leaves_and_stays_json() {
        let line = |arguments: &str| {
            format!(
                "{{\"message\":{{\"content\":\"\",\"tool_calls\":[{{\"function\":{{\"name\":\"save\",\"arguments\":{arguments}}}}}]}},\"done\":false}}\n"
            )
        };
        let harmless = line("{\"n\": 1, \"text\": \"hi\"}") + &lines(&[]);
        assert_eq!(through(of_lines("[tools]\nallow = ['save']"), &harmless, 9).0, harmless);
        let (out, over, _) = through(of_lines("[tools]\nallow = ['read']"), &harmless, 9);
        assert!(over && !out.contains("save"), "{out}");
        let secret = line(&format!("{{\"text\":\"{SECRET}\"}}")) + &lines(&[]);
        let (out, ..) = through(of_lines("[tools]\nallow = ['save']"), &secret, 9);
        let first: serde_json::Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
        let text = first["message"]["tool_calls"][0]["function"]["arguments"]["text"].as_str().unwrap();
        assert!(text.starts_with('[') && !out.contains(SECRET), "{out}");
    }

    #[test]
    fn a_call_leaves_only_once_it_is_whole_and_judged() {
        let call = |delta: &str| chunk(&format!("{{\"tool_calls\":[{{\"index\":0,{delta}}}]}}"), "null");
        let head = call("\"id\":\"x\",\"function\":{\"name\":\"delete\",\"arguments\":\"\"}");
        let rest = call("\"function\":{\"arguments\":\"{\\\"a\\\"\"}")
            + &call("\"function\":{\"arguments\":\":1}\"}");
        let end = chunk("{}", "\"tool_calls\"");
        let mut screen = enforcing(Protocol::OpenaiChat, "[tools]\nallow = ['delete']");
        assert!(screen.push(head.as_bytes()).out.is_empty());
        assert!(screen.push(rest.as_bytes()).out.is_empty());
        assert_eq!(String::from_utf8_lossy(&screen.push(end.as_bytes()).out), format!("{head}{rest}{end}"));
        let screen = enforcing(Protocol::OpenaiChat, "[tools]\nallow = ['read']");
        let (out, over, _) = through(screen, &format!("{head}{rest}{end}"), 64);
        assert!(over && !out.contains("delete") && out.contains("content_filter"), "{out}");
    }

    #[test]
    fn observing_changes_nothing_and_holds_nothing() {
        let stream = content(&["the key is ", SECRET, " and more"]);
        let mut screen = Screen::new(
            asked(Protocol::OpenaiChat, "[secrets]\noutput = 'block'"),
            Framing::Events,
            false,
            false,
            10,
        );
        let step = screen.push(stream.as_bytes());
        assert_eq!((&step.out[..], step.over, step.reasons.len()), (stream.as_bytes(), false, 1));
        assert!(screen.queue.is_empty());
    }

    #[test]
    fn what_cannot_be_judged_ends_a_closed_stream_and_passes_an_open_one() {
        let stream = "data: {\"id\":\"c\"}\n\ndata: {nonsense\n\ndata: {\"id\":\"d\"}\n\n";
        let (out, over, _) = through(enforcing(Protocol::OpenaiChat, ""), stream, 9);
        assert!(over && !out.contains("nonsense"), "{out}");
        let open = Screen::new(asked(Protocol::OpenaiChat, ""), Framing::Events, true, true, 1 << 20);
        assert_eq!(through(open, stream, 9).0, stream);
        let small = Screen::new(asked(Protocol::OpenaiChat, ""), Framing::Events, true, false, 100);
        let (out, over, _) = through(small, &"data: x".repeat(100), 9);
        assert!(over && !out.contains("data: x"), "{out}");
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn no_cut_changes_what_leaves(
            pieces in proptest::collection::vec("(a|the |ghp_0123456789abcdefghijABCDEFGHIJ012345| |4111 1111 1111 1111|\\.|é){0,3}", 0..8),
            size in 1..200_usize,
        ) {
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let stream = content(&pieces);
            let whole = through(enforcing(Protocol::OpenaiChat, ""), &stream, usize::MAX);
            let cut = through(enforcing(Protocol::OpenaiChat, ""), &stream, size);
            proptest::prop_assert_eq!(text_of(&whole.0), text_of(&cut.0));
            proptest::prop_assert_eq!(whole.1, cut.1);
            if whole.2.is_empty() {
                proptest::prop_assert_eq!(whole.0, stream);
            }
        }
    }
}
