//! Credentials and personal data in the names and arguments of calls.

use super::Action;
use super::checks::Caller;
use super::disguised::Disguised;
use super::findings::{Findings, Place, changed, quoted};
use super::judgement::Reason;
use super::look::{Look, Way, reason};
use super::policy::Handling;
use super::session::Session;
use crate::exchange::ToolCall;
use crate::protocol::{Json, JsonLimits, unquoted};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// Shortest arguments that can hold a token in disguise, in bytes.
const SHORTEST_DISGUISED: usize = 20;

/// Judges the arguments of calls as they stand.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) look: Arc<Look>,
}

impl Caller for Arguments {
    fn call(&self, call: &ToolCall<'_>, findings: &mut Findings) {
        self.look.find(call.arguments.as_bytes(), Way::Out, |hit, handling| {
            findings.reason(reason(&hit, handling, &call.pointer));
            if handling == Handling::Redact {
                findings.change(Place::Call(0), hit.start..hit.end, format!("[{}]", hit.kind.id));
            }
        });
        self.look.strings(call, Place::Call(0), Way::Out, None, findings);
        self.look.name(call, Way::Out, findings);
    }
}

impl Look {
    /// Finds what counts in the name of a tool that is called: nothing can be taken out of it.
    pub(crate) fn name(self: &Arc<Self>, call: &ToolCall<'_>, way: Way, findings: &mut Findings) {
        let mut any = false;
        self.find(call.name.as_bytes(), way, |hit, handling| {
            any = true;
            let handling = if handling == Handling::Flag { handling } else { Handling::Block };
            findings.reason(reason(&hit, handling, &call.pointer));
        });
        for one in Disguised::hidden(self, &call.name, way).into_iter().filter(|_| !any) {
            let action = if one.replacement.is_some() { Action::Block } else { one.reason.action };
            findings.reason(Reason { pointer: call.pointer.clone(), action, ..one.reason });
        }
    }

    /// Finds what arguments hold only once the escapes of their strings are read, as whoever is called reads them, and what strings hold in
    /// disguise; in what a client sends that was looked for in the arguments as they stand. What is changed is written anew.
    pub(crate) fn strings(
        self: &Arc<Self>,
        call: &ToolCall<'_>,
        place: Place,
        way: Way,
        session: Option<&Session>,
        findings: &mut Findings,
    ) {
        let has_escapes = call.arguments.contains('\\');
        if !has_escapes && (way == Way::In || call.arguments.len() < SHORTEST_DISGUISED) {
            return;
        }
        let json = Json::read(call.arguments.as_bytes(), JsonLimits::default());
        let escaped =
            |span: &Range<usize>| call.arguments.get(span.clone()).is_some_and(|text| text.contains('\\'));
        // What is no JSON may be read all the same, by whoever is not strict.
        let strict = json.is_ok();
        let texts: Vec<(Range<usize>, Cow<'_, str>)> = if let Ok(json) = &json {
            json.strings().filter(|(span, _)| way == Way::Out || escaped(span)).collect()
        } else {
            let text = unquoted(&format!("\"{}\"", call.arguments)).into_owned();
            vec![(0..call.arguments.len(), Cow::Owned(text))]
        };
        let before = findings.changes_at(place);
        for (span, text) in texts {
            // What was found as it stands is to go from what is written anew as well.
            let from = before.partition_point(|(inner, _)| inner.start < span.start);
            let told: Vec<(String, &str)> = before
                .get(from..)
                .unwrap_or_default()
                .iter()
                .take_while(|(inner, _)| inner.start < span.end)
                .filter(|(inner, _)| inner.end <= span.end)
                .map(|(inner, replacement)| {
                    let value = call.arguments.get(inner.clone()).unwrap_or_default();
                    (unquoted(&format!("\"{value}\"")).into_owned(), replacement.as_str())
                })
                .collect();
            let mut changes = Vec::new();
            let look_again = escaped(&span) || !strict;
            let hidden = match way {
                Way::Out => Disguised::all(self, &text, way),
                Way::In if look_again => Disguised::hidden(self, &text, way),
                Way::In => Vec::new(),
            };
            for one in hidden {
                let span = one.reason.span.clone();
                let value = text.get(span.clone()).unwrap_or_default();
                if told.iter().any(|(known, _)| known == value) {
                    continue;
                }
                let shown = |shown| match session.filter(|_| self.handles_by_tokens(&one.reason)) {
                    Some(session) => session.token(&one.reason.label, value),
                    None => shown,
                };
                changes.extend(one.replacement.map(shown).map(|replacement| (span, replacement)));
                findings.reason(Reason {
                    pointer: call.pointer.clone(),
                    span: 0..call.arguments.len(),
                    ..one.reason
                });
            }
            let text_as_read = if look_again { text.as_bytes() } else { &[] };
            self.find(text_as_read, way, |hit, handling| {
                let value = text.get(hit.start..hit.end).unwrap_or_default();
                if told.iter().all(|(known, _)| known != value) {
                    findings.reason(reason(&hit, handling, &call.pointer));
                }
                match (handling, session) {
                    (Handling::Tokens, Some(session)) => {
                        changes.push((hit.start..hit.end, session.token(hit.kind.id, value)));
                    }
                    (Handling::Redact | Handling::Tokens, _) => {
                        changes.push((hit.start..hit.end, format!("[{}]", hit.kind.id)));
                    }
                    _ => {}
                }
            });
            if !changes.is_empty() {
                for (value, replacement) in &told {
                    let places = text.match_indices(value.as_str());
                    changes.extend(
                        places.map(|(at, _)| (at..at.saturating_add(value.len()), (*replacement).to_owned())),
                    );
                }
            }
            if !changes.is_empty() {
                let text = changed(&text, changes);
                findings.change(place, span, if strict { quoted(&text) } else { text });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::tests::{call, checks, exchange};
    use crate::check::{Action, Session};

    #[test]
    fn what_strings_hold_in_disguise_is_taken_out() {
        use base64::Engine as _;
        let key = "ghp_x7Kd2Qx9Lm4Zt8Rv3Bn6Wc5Yp1Hs0GfEujIo";
        let apart: String = key.chars().flat_map(|one| [one, ' ']).collect();
        for dressed in [
            base64::engine::general_purpose::STANDARD.encode(key),
            key.chars().rev().collect(),
            apart.trim_end().to_owned(),
        ] {
            let arguments = serde_json::json!({ "body": format!("take {dressed} now"), "n": 1 }).to_string();
            let made = call("send", &arguments);
            let checks = checks("[tools]\nunoffered = 'off'");
            let judged = checks.answer(&exchange(&[]), &Session::new([0; 32])).call(&made.calls[0]);
            assert_eq!(judged.action, Action::Redact, "{dressed}");
            assert_eq!(judged.edits[0].replacement, r#"{"body":"take [github-token] now","n":1}"#);
        }
    }

    #[test]
    fn a_name_that_is_a_credential_stops_the_request_that_repeats_its_call() {
        let made = call("ghp_0123456789abcdefghijABCDEFGHIJ012345", "{}");
        let judged = checks("").request(&made, &Session::new([0; 32]));
        assert_eq!(judged.action, Action::Block);
    }

    #[test]
    fn arguments_stay_json_or_the_call_is_stopped() {
        let toml = "[personal-data]\ninput = 'redact'";
        let text = exchange_of_call(toml, r#"{"to": "jo.doe@mail.example.org"}"#);
        assert_eq!(text, (Action::Redact, r#"{"to": "[EMAIL_ADDRESS]"}"#.to_owned()));
        let number = exchange_of_call(toml, r#"{"card": 4111111111111111}"#);
        assert_eq!(number.0, Action::Block);
    }

    #[test]
    fn escapes_of_arguments_are_read_before_they_are_looked_through() {
        let key = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
        let letters: Vec<String> =
            key.chars().map(|letter| format!("\\u{:04x}", u32::from(letter))).collect();
        let escaped = letters.concat();
        for arguments in [
            format!(r#"{{"a":"{escaped}"}}"#),
            format!(r#"{{"a":"{}"}}"#, key.replacen('g', "\\u0067", 1)),
            format!(r#"{{"a":"first\n{key}"}}"#),
            format!(r#"{{"{escaped}":1}}"#),
        ] {
            let (action, after) = exchange_of_call("", &arguments);
            assert_eq!(action, Action::Redact, "{arguments}");
            let read: serde_json::Value = serde_json::from_str(&after).unwrap();
            assert!(!read.to_string().contains(key) && after.contains("[github-token]"), "{after}");
        }
        let both = format!(r#"{{"a":"say {key} and {escaped} \u00e9"}}"#);
        assert_eq!(exchange_of_call("", &both).1, r#"{"a":"say [github-token] and [github-token] é"}"#);
        let cut = format!(r#"{{"a":"{escaped}"#);
        assert_eq!(exchange_of_call("", &cut).0, Action::Block);
        assert_eq!(exchange_of_call("", r#"{"a":"line\nline \u00e9"}"#), (Action::Allow, String::new()));
    }

    #[test]
    fn a_name_that_is_a_credential_stops_its_call() {
        let made = call("ghp_0123456789abcdefghijABCDEFGHIJ012345", "{}");
        let checks = checks("[tools]\nunoffered = 'off'");
        let judged = checks.answer(&exchange(&[]), &Session::new([0; 32])).call(&made.calls[0]);
        assert_eq!(judged.action, Action::Block);
    }

    fn exchange_of_call(toml: &str, arguments: &str) -> (Action, String) {
        let exchange = call("send", arguments);
        let judgement = checks(toml).request(&exchange, &Session::new([1; 32]));
        (judgement.action, judgement.edits.first().map(|edit| edit.replacement.clone()).unwrap_or_default())
    }
}
