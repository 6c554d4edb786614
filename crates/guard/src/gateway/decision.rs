//! What the gateway decided about one exchange: [`Decision`].
//!
//! Nothing in it is text of the exchange: digests, names from the configuration, and words of ours. The model's name and the
//! path come from the client and are cut and cleaned of what does not print.

use super::content::SealedContent;
use crate::check::{Action, Reason};
use crate::protocol::{Protocol, Usage};
use serde::Serialize;

/// Which way something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// To the model.
    Request,
    /// From it.
    Answer,
}

/// One reason, as it is told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Told {
    /// Which way it went.
    pub direction: Direction,
    /// The rule.
    pub check: &'static str,
    /// What of it.
    pub label: String,
    /// How sure, from 0 to 1.
    pub score: f32,
    /// What it asks for.
    pub action: &'static str,
    /// Where in the body, as a JSON pointer.
    pub pointer: String,
    /// First byte of the text there, and one past the last.
    pub span: [usize; 2],
}

/// Times of one exchange, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Micros {
    /// Judging the request.
    pub request: u64,
    /// Judging the answer.
    pub answer: u64,
    /// From the request sent to the head of the answer.
    pub upstream: u64,
    /// From the head of the request to the end of the answer.
    pub total: u64,
}

/// The trace that a request is part of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// Its id: 32 hexadecimal digits.
    pub id: String,
    /// The client's span: 16 hexadecimal digits.
    #[serde(skip)]
    pub parent: String,
}

impl Trace {
    /// The trace that a `traceparent` names (W3C Trace Context, section 3.2).
    pub(super) fn of(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let (version, id, parent) = (parts.next()?, parts.next()?, parts.next()?);
        let is_name = |text: &str, digits: usize| {
            text.len() == digits
                && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
                && text.bytes().any(|byte| byte != b'0')
        };
        let good = version.len() == 2 && version != "ff" && is_name(id, 32) && is_name(parent, 16);
        good.then(|| Self { id: id.to_owned(), parent: parent.to_owned() })
    }
}

/// What was decided about one exchange.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// Its name: 32 hexadecimal digits.
    pub id: String,
    /// When its request came, in microseconds since 1970.
    pub time_micros: u64,
    /// What was decided: the harder of request and answer.
    pub action: &'static str,
    /// Whether that was carried out, and not only observed.
    pub enforced: bool,
    /// How it went: `answered`, the name of a refusal, or how it broke.
    pub outcome: &'static str,
    /// HTTP status of the answer.
    pub status: u16,
    /// The route.
    pub route: String,
    /// The protocol.
    pub protocol: &'static str,
    /// Method of the request.
    pub method: String,
    /// Path of the request, without its query.
    pub path: String,
    /// The trace that its request is part of, where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
    /// The model asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Whose key it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// What the configuration calls the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The upstream that answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// The model that answered, as its answer says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_model: Option<String>,
    /// Tokens read, as the answer says, cached ones included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_read: Option<u64>,
    /// Tokens written, as the answer says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_written: Option<u64>,
    /// Digest of the model that answered, where the configuration says which ones may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_digest: Option<String>,
    /// Name of the policy.
    pub policy: String,
    /// SHA-256 of the policy and of the digests of the files that it names.
    pub policy_sha256: String,
    /// SHA-256 of the gateway's configuration.
    pub config_sha256: String,
    /// SHA-256 of the request's body as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_sha256: Option<String>,
    /// SHA-256 of the answer's body as it was passed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_sha256: Option<String>,
    /// What was kept of both for an auditor; known when the receipt is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<SealedContent>,
    /// Bytes of the request's body.
    pub request_bytes: u64,
    /// Bytes of the answer's body.
    pub answer_bytes: u64,
    /// Why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Told>,
    /// What the shadow policy would have done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow: Option<&'static str>,
    /// What could not be judged, in words of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unjudged: Option<&'static str>,
    /// How long it took.
    pub micros: Micros,
    #[serde(skip)]
    hardest: Action,
    #[serde(skip)]
    hardest_of_shadow: Action,
}

/// Most reasons kept of one exchange; a text may hold as many credentials as it likes.
const MOST_REASONS: usize = 64;

impl Decision {
    /// A decision that is about to be made.
    pub(super) fn new(id: String, time_micros: u64, method: &str, path: &str) -> Self {
        Self {
            id,
            time_micros,
            action: Action::Allow.name(),
            enforced: true,
            outcome: "answered",
            status: 0,
            route: String::new(),
            protocol: Protocol::Opaque.name(),
            method: bartizan_core::printable(method, 32),
            path: bartizan_core::printable(path, 256),
            trace: None,
            model: None,
            tenant: None,
            key: None,
            upstream: None,
            answer_model: None,
            tokens_read: None,
            tokens_written: None,
            model_digest: None,
            policy: String::new(),
            policy_sha256: String::new(),
            config_sha256: String::new(),
            request_sha256: None,
            answer_sha256: None,
            content: None,
            request_bytes: 0,
            answer_bytes: 0,
            reasons: Vec::new(),
            shadow: None,
            unjudged: None,
            micros: Micros::default(),
            hardest: Action::Allow,
            hardest_of_shadow: Action::Allow,
        }
    }

    /// Takes in what the answer says of itself.
    pub(super) fn answered(&mut self, usage: Usage) {
        (self.answer_model, self.tokens_read, self.tokens_written) = (usage.model, usage.read, usage.written);
    }

    /// Takes in what the shadow policy says; nothing when it failed.
    pub(super) fn shadowed(&mut self, action: Option<Action>) {
        self.hardest_of_shadow = self.hardest_of_shadow.max(action.unwrap_or_default());
        self.shadow = Some(action.map_or("failed", |_| self.hardest_of_shadow.name()));
    }

    /// Takes in a judgement.
    pub(super) fn judged(&mut self, direction: Direction, action: Action, reasons: &[Reason]) {
        self.hardest = self.hardest.max(action);
        self.action = self.hardest.name();
        let room = MOST_REASONS.saturating_sub(self.reasons.len());
        self.reasons.extend(reasons.iter().take(room).map(|reason| Told {
            direction,
            check: reason.check,
            label: bartizan_core::printable(&reason.label, 64),
            score: reason.score,
            action: reason.action.name(),
            pointer: bartizan_core::printable(&reason.pointer, 256),
            span: [reason.span.start, reason.span.end],
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_wrote_cannot_act_where_it_is_shown() {
        let decision = Decision::new("d".to_owned(), 1, "GET", "/a\u{1b}[31m\n<b>\u{202e}");
        let line = serde_json::to_string(&decision).unwrap();
        assert!(!line.contains(['\u{1b}', '\n', '\u{202e}']), "{line}");
        assert_eq!(decision.path, "/a\\u{1b}[31m\\n<b>\\u{202e}");
    }

    #[test]
    fn a_trace_is_read_as_the_standard_says() {
        let (id, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let trace = Trace::of(&format!("00-{id}-{parent}-01")).unwrap();
        assert_eq!((trace.id.as_str(), trace.parent.as_str()), (id, parent));
        let zero = "0".repeat(32);
        for bad in [
            String::new(),
            format!("ff-{id}-{parent}-01"),
            format!("00-{zero}-{parent}-01"),
            format!("00-{}-{parent}-01", id.to_uppercase()),
            format!("00-{id}-{parent}0-01"),
        ] {
            assert_eq!(Trace::of(&bad), None, "{bad}");
        }
    }

    #[test]
    fn the_hardest_action_is_told_and_reasons_are_bounded() {
        let mut decision = Decision::new("d".to_owned(), 1, "GET", "/");
        let reason = Reason {
            check: "guard/x",
            label: "y".to_owned(),
            score: 1.0,
            action: Action::Block,
            pointer: String::new(),
            span: 0..1,
            message: String::new(),
        };
        decision.judged(Direction::Request, Action::Block, &vec![reason; 1000]);
        decision.judged(Direction::Answer, Action::Flag, &[]);
        assert_eq!((decision.action, decision.reasons.len()), ("block", 64));
    }
}
