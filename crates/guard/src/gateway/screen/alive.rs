//! What only keeps a connection alive: comments, empty lines and pings. It leaves at once, before what is held: clients wait only so long for a
//! sign of life.
//!
//! Source: WHATWG HTML, section 9.2.6, where a comment is nothing to a reader; Anthropic's streaming messages, in which pings come anywhere.

use super::{Screen, Sent, Step};
use crate::protocol::{Deltas, Event, Json, Node, Protocol};

impl Screen {
    /// Whether an event only keeps the connection alive. Before anything has left, a message has not begun for the client.
    pub(super) fn is_ping(&self, event: &Event, json: &Json<'_>, deltas: &Deltas<'_>) -> bool {
        let Deltas { pieces, complete, repeats, told: _, lone: _, marks } = deltas;
        let says_nothing = pieces.is_empty() && complete.is_empty() && repeats.is_empty() && marks.is_empty();
        says_nothing
            && self.sent != Sent::Nothing
            && matches!(self.asked.protocol, Protocol::AnthropicMessages | Protocol::Json)
            && event.name().is_none_or(|name| name == "ping")
            && json.root().get("type").and_then(Node::as_str).as_deref() == Some("ping")
    }

    /// Lets an event go before what is held.
    pub(super) fn pass_by(&self, event: &Event, step: &mut Step) {
        if self.enforced {
            step.out.extend_from_slice(&event.raw);
        }
    }
}
