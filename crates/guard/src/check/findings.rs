//! What the checks found in one body, and the verdict that follows.

use super::judgement::{Action, Edit, Judgement, Reason};
use super::session::restored;
use crate::exchange::Exchange;
use crate::protocol::{Json, JsonLimits};
use std::collections::BTreeMap;
use std::ops::Range;

/// A text of an exchange that can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// A part, by its number.
    Part(usize),
    /// The arguments of a call, by its number.
    Call(usize),
}

/// Collects reasons and changes.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    reasons: Vec<Reason>,
    /// Values to put back where their tokens stand in arguments.
    values: BTreeMap<String, String>,
    /// The same as they stand inside a string of JSON.
    inner: BTreeMap<String, String>,
    changes: BTreeMap<Place, Vec<(Range<usize>, String)>>,
    /// Changes to what is no text.
    edits: Vec<Edit>,
}

impl Findings {
    /// Takes a reason.
    pub(crate) fn reason(&mut self, reason: Reason) {
        self.reasons.push(reason);
    }

    /// Takes a change to what is no text.
    pub(crate) fn edit(&mut self, edit: Edit) {
        self.edits.push(edit);
    }

    /// Takes a change to the unescaped text at a place.
    pub(crate) fn change(&mut self, place: Place, span: Range<usize>, replacement: String) {
        self.changes.entry(place).or_default().push((span, replacement));
    }

    /// Changes at a place, by where they begin.
    pub(crate) fn changes_at(&self, place: Place) -> Vec<(Range<usize>, String)> {
        let mut changes = self.changes.get(&place).cloned().unwrap_or_default();
        changes.sort_by_key(|(span, _)| span.start);
        changes
    }

    /// The same as [`Self::change`], with values put back where arguments hold their tokens.
    pub(crate) fn restoring(mut self, values: &BTreeMap<String, String>) -> Self {
        // A value stands inside a JSON string.
        let inner = |value: &String| {
            let quoted = quoted(value);
            quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
        };
        self.inner = values.iter().map(|(token, value)| (token.clone(), inner(value))).collect();
        self.values.clone_from(values);
        self.changes.entry(Place::Call(0)).or_default();
        self
    }

    /// The verdict: the severest action, and the changes as edits of the body unless it is stopped.
    pub(crate) fn judgement(mut self, exchange: &Exchange<'_>) -> Judgement {
        let mut edits = std::mem::take(&mut self.edits);
        for (place, changes) in std::mem::take(&mut self.changes) {
            match place {
                Place::Part(number) => {
                    if let Some(part) = exchange.parts.get(number) {
                        let text = changed(&part.text, changes);
                        edits.push(Edit { span: part.span.clone(), replacement: quoted(&text) });
                    }
                }
                Place::Call(number) => self.change_call(exchange, number, changes, &mut edits),
            }
        }
        edits.sort_by_key(|edit| edit.span.start);
        let action = self.reasons.iter().map(|reason| reason.action).max().unwrap_or_default();
        if action == Action::Block {
            edits.clear();
        }
        Judgement { action, reasons: self.reasons, edits }
    }

    /// Arguments with values put back where their tokens stand in strings with escapes, which are written anew.
    fn unescaped(&self, arguments: String) -> String {
        if self.values.is_empty() || !arguments.contains('\\') {
            return arguments;
        }
        let Ok(json) = Json::read(arguments.as_bytes(), JsonLimits::default()) else { return arguments };
        let mut changes = Vec::new();
        for (span, text) in json.strings() {
            let read = restored(&text, &self.values);
            if read != text {
                changes.push((span, quoted(&read)));
            }
        }
        changed(&arguments, changes)
    }

    /// Arguments must still be JSON after a change; where they are not, the call is stopped.
    fn change_call(
        &mut self,
        exchange: &Exchange<'_>,
        number: usize,
        changes: Vec<(Range<usize>, String)>,
        edits: &mut Vec<Edit>,
    ) {
        let Some(call) = exchange.calls.get(number) else { return };
        let text = self.unescaped(restored(&changed(&call.arguments, changes), &self.inner));
        if text == call.arguments {
            return;
        }
        let was_json = serde_json::from_str::<serde::de::IgnoredAny>(&call.arguments).is_ok();
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        if is_json || (call.encoded && !was_json) {
            let replacement = if call.encoded { quoted(&text) } else { text };
            edits.push(Edit { span: call.span.clone(), replacement });
        } else {
            for reason in &mut self.reasons {
                if reason.pointer == call.pointer && reason.action == Action::Redact {
                    reason.action = Action::Block;
                }
            }
        }
    }
}

/// `text` with the spans replaced. Of two that overlap, the first to begin says what is put there, and takes in both.
pub(crate) fn changed(text: &str, mut changes: Vec<(Range<usize>, String)>) -> String {
    changes.sort_by(|(a, _), (b, _)| a.start.cmp(&b.start).then(b.end.cmp(&a.end)));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let mut changes = changes.into_iter().peekable();
    while let Some((span, replacement)) = changes.next() {
        let start = text.floor_char_boundary(span.start).max(at);
        let mut end = span.end;
        while let Some((next, _)) = changes.next_if(|(next, _)| next.start < end) {
            end = end.max(next.end);
        }
        let end = text.ceil_char_boundary(end).max(start);
        out.push_str(text.get(at..start).unwrap_or_default());
        out.push_str(&replacement);
        at = end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// A text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_that_overlap_are_one_change() {
        let changes = vec![(6..9, "C".to_owned()), (2..5, "A".to_owned()), (4..7, "B".to_owned())];
        assert_eq!(changed("0123456789", changes), "01A9");
        assert_eq!(changed("zażółć", vec![(3..5, "_".to_owned())]), "za_łć");
    }

    #[test]
    fn a_text_is_quoted_as_json() {
        assert_eq!(quoted("a\"\n\u{1}"), "\"a\\\"\\n\\u0001\"");
    }
}
