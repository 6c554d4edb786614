//! A streamed answer, judged as it comes: [`Screen`], bytes in and bytes out.
//!
//! An event leaves when everything in it may: its bytes as they came where nothing in it changed. Events leave in the order they
//! came, so what stands behind a held one waits with it. Calls of tools are put together and judged before any part of them
//! leaves.

mod alive;
mod endpoint;
mod growing;
mod items;
mod leaving;

use super::exchange::Refused;
use super::judging::{Asked, Outcome, judged};
use crate::check::{Action, Edit, Judgement, Reason};
use crate::exchange::ToolCall;
use crate::protocol::{
    AGAIN, Delta, Deltas, Event, Events, Framing, Json, Mark, Of, Protocol, Refusal, RefusalKind, Usage,
    deltas_of, message_id, quoted, spliced, unquoted,
};
use bytes::BytesMut;
use growing::Run;
use items::Items;
use std::borrow::Cow;
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
    /// Judges of the texts, each of those that readers join.
    runs: BTreeMap<String, Box<Run>>,
    calls: BTreeMap<String, Call>,
    /// Names of the calls that were judged, by key: a protocol may tell their arguments once more.
    called: BTreeMap<String, String>,
    /// What has left.
    sent: Sent,
    head: String,
    /// What the answer has said of itself so far.
    usage: Usage,
    begun: BTreeSet<u64>,
    items: Items,
    /// How often the stream said where to post messages.
    endpoints: usize,
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

/// What has left of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sent {
    Nothing,
    AsItCame,
    /// Something that is not what came: what repeats it in other form is left out from then on.
    Changed,
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
    /// Strings that say texts again that came piece by piece, and what the names of those begin with.
    told: Vec<(Range<usize>, String)>,
    marks: Vec<Mark>,
    /// Changes of texts that are whole in it.
    edits: Vec<Edit>,
    /// One of those may not leave at all.
    stops: bool,
    /// Texts that it ends: before it they leave to their end.
    waits: Vec<String>,
}

impl Held {
    /// An event in which nothing is judged.
    fn plain(event: Event) -> Self {
        Self {
            event,
            pieces: Vec::new(),
            repeats: Vec::new(),
            told: Vec::new(),
            marks: Vec::new(),
            edits: Vec::new(),
            stops: false,
            waits: Vec::new(),
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
#[derive(Default)]
struct Channel {
    /// Whether it belongs to a call, which is judged once it is whole.
    is_call: bool,
    /// What may leave and has not.
    out: String,
    /// Nothing more comes.
    complete: bool,
    /// What leaves is no longer what came.
    changed: bool,
    /// All that has left, where events may say it again and it is not too long.
    left: Option<String>,
    carrier: Option<Carrier>,
}

impl Channel {
    /// Keeps in mind what leaves, up to so many bytes.
    fn leaves(&mut self, text: &str, most: usize) {
        let left = self.left.take().filter(|left| left.len().saturating_add(text.len()) <= most);
        self.left = left.map(|left| left + text);
    }
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
            queue: VecDeque::with_capacity(1),
            held: 0,
            channels: BTreeMap::new(),
            runs: BTreeMap::new(),
            calls: BTreeMap::new(),
            called: BTreeMap::new(),
            sent: Sent::Nothing,
            head: String::new(),
            usage: Usage::default(),
            begun: BTreeSet::new(),
            items: Items::default(),
            endpoints: 0,
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

    fn take(&mut self, mut event: Event, step: &mut Step) {
        if event.is_odd || !event.beside.is_empty() && !self.takes_beside(&mut event, step) {
            return self.cannot_read(event, step);
        }
        if event.is_comment() {
            return self.pass_by(&event, step);
        }
        let data = event.data.trim();
        if data.is_empty() || data == "[DONE]" {
            if data == "[DONE]" {
                self.complete("", step);
            }
            self.hold(Held::plain(event));
            return self.settle(step);
        }
        if self.takes_endpoint(&mut event) {
            self.hold(Held::plain(event));
            return self.settle(step);
        }
        if self.asked.protocol.answers_a_model() {
            return self.take_message(event, step);
        }
        let text = event.data.clone();
        let Ok(json) = Json::read(text.as_bytes(), self.asked.limits) else {
            return self.cannot_read(event, step);
        };
        if self.asked.answers_tools(&json) {
            return self.take_message(event, step);
        }
        // Readers differ in which of two values of a key they take, and a text that grows is one of both.
        if json.repeats_a_key() {
            step.unjudged = Some("malformed");
            if self.enforced && !self.open {
                return self.give_up(step);
            }
        }
        self.usage.join(Usage::of(self.asked.protocol, &json));
        let item = self.items.number(self.asked.protocol, json.root());
        let mut added = deltas_of(self.asked.protocol, &json, item);
        self.take_lone(&mut added);
        if self.is_ping(&event, &json, &added) {
            return self.pass_by(&event, step);
        }
        let Deltas { pieces, complete, repeats, told, lone: _, marks } = added;
        let mut repeats = repeats;
        repeats.sort_by_key(|one| one.start);
        let mut held = Held { repeats, told, marks, ..Held::plain(event) };
        let (grow, whole): (Vec<_>, Vec<_>) =
            pieces.into_iter().partition(|piece| !matches!(piece.of, Of::Whole | Of::Echo));
        let told_at: BTreeSet<usize> = held.told.iter().map(|(span, _)| span.start).collect();
        // Neither what says a text again nor one that is yet to come is something else behind it.
        let is_other = |piece: &&Delta<'_>| !piece.text.is_empty() && !told_at.contains(&piece.span.start);
        let others: Vec<&Delta<'_>> = grow.iter().chain(whole.iter().filter(is_other)).collect();
        self.end_complete(&others, step);
        for run in self.wholes(&whole) {
            let Ok(left) = self.whole(&run, step) else { return self.fail(held, step) };
            for left in left {
                match left {
                    // What repeats a text is left out where anything is changed.
                    Left::Changed(edit) if is_inside(&edit.span, &held.repeats) => self.sent = Sent::Changed,
                    Left::Changed(edit) => held.edits.push(edit),
                    Left::Stopped => held.stops = true,
                    Left::AsItCame => {}
                }
            }
        }
        for piece in grow {
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
            self.wait(&name);
        }
        self.settle(step);
    }

    /// An event that cannot be read.
    fn cannot_read(&mut self, event: Event, step: &mut Step) {
        step.unjudged = Some("malformed");
        if self.open {
            self.hold(Held::plain(event));
        }
        self.give_up(step);
    }

    /// Judges what an event says beside its data. What may not leave as it came is taken away.
    fn takes_beside(&mut self, event: &mut Event, step: &mut Step) -> bool {
        let (channel, text) = (String::new(), Cow::Borrowed(event.beside.as_str()));
        let piece = Delta { channel, span: 0..0, text, of: Of::Whole, run: None, bare: false };
        let Ok(left) = self.whole(&[&piece], step) else { return false };
        if left.iter().any(|left| !matches!(left, Left::AsItCame)) {
            event.hush();
        }
        true
    }

    /// A message that is whole in its event: it leaves, is changed, or an error takes its place and the stream goes on.
    fn take_message(&mut self, event: Event, step: &mut Step) {
        let Ok(Outcome { action, check, changed, reasons, .. }) = self.asked.message(event.data.as_bytes())
        else {
            step.unjudged = Some("malformed");
            if !self.open {
                return self.give_up(step);
            }
            self.hold(Held::plain(event));
            return self.drain(step);
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
            step.out.extend_from_slice(&event.with_data(refusal.body(Protocol::Mcp).as_bytes()));
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

    /// Gives a piece to whoever judges it.
    fn feed(&mut self, piece: &Delta<'_>, step: &mut Step) -> Result<(), Refused> {
        match &piece.of {
            Of::Text => return self.grow(piece, step),
            Of::Whole | Of::Echo => {}
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
        let call = || Box::new(Channel { is_call: true, ..Channel::default() });
        self.channels.entry(piece.channel.clone()).or_insert_with(call);
        Ok(())
    }

    /// Texts and calls whose names begin so are complete: nothing of them is held any longer, but for what the next text may go on with.
    fn complete(&mut self, prefix: &str, step: &mut Step) {
        self.complete_texts(prefix, step);
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
        } else if matches!(self.asked.protocol, Protocol::OpenaiResponses | Protocol::Json) {
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
}

/// Whether a place is in one of others, which are apart and in order.
fn is_inside(span: &Range<usize>, others: &[Range<usize>]) -> bool {
    let before = others.partition_point(|other| other.start <= span.start);
    others.get(before.wrapping_sub(1)).is_some_and(|other| span.end <= other.end)
}

fn quoted_text(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len().saturating_add(2));
    quoted(text, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests;
