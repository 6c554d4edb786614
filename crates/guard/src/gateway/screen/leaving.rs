//! What leaves of a stream, when, and how a stream ends early.

use super::{Carried, Carrier, Channel, Held, Piece, Screen, Sent, State, Step, quoted_text};
use crate::check::Edit;
use crate::protocol::{Framing, Mark, Protocol, added, closing, closing_line, spliced, unquoted};
use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::Arc;

impl Screen {
    /// Lets go what may leave.
    pub(super) fn drain(&mut self, step: &mut Step) {
        while self.queue.front().is_some_and(|held| self.is_free(held)) {
            if let Some(held) = self.queue.pop_front() {
                self.held = self.held.saturating_sub(held.event.raw.len());
                self.let_go(held, step);
            }
        }
    }

    /// Whether everything in an event may leave.
    fn is_free(&self, held: &Held) -> bool {
        let is_complete = |name: &String| self.channels.get(name).is_none_or(|channel| channel.complete);
        if !held.waits.iter().all(is_complete) {
            return false;
        }
        // What is left of each text behind the pieces before; nothing where something else leaves in its place.
        let mut rests: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        held.pieces.iter().all(|piece| {
            let Some(channel) = self.channels.get(&piece.channel) else { return true };
            // Or it is certain that nothing more comes.
            if channel.changed || channel.complete {
                return true;
            }
            let rest = rests.entry(&piece.channel).or_insert(Some(&channel.out));
            let Some(left) = *rest else { return true };
            // What came may leave; or something else does in its place.
            *rest = left.strip_prefix(piece.text.as_str());
            rest.is_some() || !piece.text.starts_with(left)
        })
    }

    fn let_go(&mut self, held: Held, step: &mut Step) {
        let mut edits = held.edits.clone();
        let mut carried = None;
        // What begins a block of messages can add nothing to it later.
        let begins = self.asked.protocol == Protocol::AnthropicMessages
            && held.marks.iter().any(|mark| matches!(mark, Mark::Open(_)));
        for (place, piece) in held.pieces.iter().enumerate() {
            let Some(channel) = self.channels.get_mut(&piece.channel) else { continue };
            if !channel.changed && channel.out.starts_with(piece.text.as_str()) {
                channel.out.drain(..piece.text.len());
                channel.leaves(&piece.text, self.most);
            } else {
                channel.changed = true;
                let text = std::mem::take(&mut channel.out);
                channel.leaves(&text, self.most);
                if text != piece.text {
                    edits.push(piece.replaced(&text));
                }
            }
            if channel.carrier.is_none() && !begins {
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
            || held.event.data.trim() == "[DONE]"
            || !held.waits.is_empty()
            || !held.told.is_empty();
        if ends {
            self.let_go_rest(&held.pieces, step);
        }
        self.tell_again(&held, &mut edits);
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
        self.sent = self.sent.max(if edits.is_empty() { Sent::AsItCame } else { Sent::Changed });
        if edits.is_empty() && (self.sent != Sent::Changed || held.repeats.is_empty()) {
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

    /// Where an event says texts again of which something else left, it says what left.
    fn tell_again(&self, held: &Held, edits: &mut Vec<Edit>) {
        for (span, name) in &held.told {
            let Some(left) = self.left_of(name) else { continue };
            // What it has for itself would be redacted where it stands beside others; it left as it is.
            edits.retain(|edit| edit.span != *span);
            if unquoted(held.event.data.get(span.clone()).unwrap_or_default()) != left {
                edits.push(Edit { span: span.clone(), replacement: quoted_text(left) });
            }
        }
    }

    /// What left of the text whose name begins so, where something changed; nothing where it is not known which text that is, or what left.
    fn left_of(&self, name: &str) -> Option<&str> {
        let begin = |name| self.channels.range::<str, _>((Bound::Included(name), Bound::Unbounded));
        let of = |prefix| -> Vec<&Channel> {
            let all = begin(prefix).take_while(|(name, _)| name.starts_with(prefix));
            all.map(|(_, channel)| &**channel).filter(|channel| !channel.is_call).collect()
        };
        let is_changed = |texts: &[&Channel]| texts.iter().any(|channel| channel.changed);
        match &*of(name) {
            // Parts may be counted otherwise than they stand.
            [] => is_changed(&of(name.split_inclusive('/').next()?)).then_some(""),
            [one] if one.changed => Some(one.left.as_deref().unwrap_or_default()),
            [one] if self.sent == Sent::Changed => one.left.as_deref(),
            texts => is_changed(texts).then_some(""),
        }
    }

    /// Lets go what complete texts have left when no event that waits carries it.
    pub(super) fn let_go_rest(&mut self, now: &[Piece], step: &mut Step) {
        for (name, channel) in &mut self.channels {
            let mut waiting = self.queue.iter().flat_map(|held| &held.pieces).chain(now);
            let carried = waiting.any(|piece| piece.channel == *name);
            if carried || channel.out.is_empty() || !channel.complete {
                continue;
            }
            channel.changed = true;
            let rest = std::mem::take(&mut channel.out);
            channel.leaves(&rest, self.most);
            if let Some(Carrier { carried, ours }) = &channel.carrier {
                let Carried { event, spans, edits } = &**carried;
                let texts = spans.iter().enumerate().map(|(place, span)| {
                    let text = if place == *ours { rest.as_str() } else { "" };
                    Edit { span: span.clone(), replacement: quoted_text(text) }
                });
                let mut edits: Vec<Edit> = texts.chain(edits.iter().cloned()).collect();
                edits.sort_by_key(|edit| edit.span.start);
                if let Some(data) = spliced(event.data.as_bytes(), &edits) {
                    step.out.extend_from_slice(&event.with_data(&data));
                }
            } else if self.asked.protocol == Protocol::AnthropicMessages
                && let Some((index, kind)) = name.split_once('/')
            {
                let added = added(index, kind, &quoted_text(&rest));
                step.out.extend_from_slice(added.as_bytes());
            }
        }
    }

    /// Something cannot be judged: the stream ends, or goes on as it is.
    pub(super) fn give_up(&mut self, step: &mut Step) {
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
    pub(super) fn close(&mut self, message: &str, step: &mut Step) {
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
                self.channels.get(&piece.channel).is_some_and(|one| one.is_call && !one.complete)
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
