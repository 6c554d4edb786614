//! Credentials and personal data, on the way to the model.

use super::bounds;
use super::canary;
use super::checks::{Caller, Check, ChecksError, Files, Made, Request};
use super::disguised::Disguised;
use super::findings::{Findings, Place};
use super::judgement::Reason;
use super::look::{Look, Way, reason};
use super::policy::{Handling, Policy};
use super::seams::{Joint, joints};
use super::sensitive_calls::Arguments;
use super::sensitive_stream::SensitiveReader;
use super::session::Session;
use super::stream::Reader;
use crate::exchange::{Part, Role};
use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};
use bartizan_text::{Class, Detector, Hit, Subjects};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

rule! {
    /// ## What it finds
    /// A credential in a message, whoever writes it, a document, a tool's description, answer or arguments, or in the answer of
    /// the model, also in disguise (encoded, backwards, in pieces, between tags): a token in the format of its issuer, a
    /// private key, a password in an address or beside a user name.
    /// ## Why it matters
    /// What is sent to a model leaves the house, is logged and may be trained on; what a model says reaches whoever asked.
    /// ## Example
    /// A stack trace pasted into a chat, with the connection string of the database in it.
    /// ## How to fix
    /// Revoke the credential if it left already; let the guard redact it or replace it by a token.
    /// ## References
    /// - <https://genai.owasp.org/llmrisk/llm022025-sensitive-information-disclosure/>
    pub const SECRET: Rule = Rule {
        id: "guard/secret",
        title: "a credential in what is said",
        severity: Severity::High,
        remedy: "Redact it or replace it by a token; revoke it if it left already.",
        taxonomies: &[atlas("AML.T0057"), cwe(200), cwe(522), owasp_llm("LLM02")],
    };

    /// ## What it finds
    /// Personal data told by its form and check digits in what is said to a model or by it: mail addresses, telephone and
    /// card numbers, IBANs, national identity, tax and health numbers; names and addresses where the policy asks for them.
    /// ## Why it matters
    /// Data about people may be passed on only with a reason, and an answer must not hand one customer's data to another.
    /// ## Example
    /// A support case that quotes a card number.
    /// ## How to fix
    /// Redact it, or replace it by a token that is undone in the answer.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/359.html>
    pub const PERSONAL_DATA: Rule = Rule {
        id: "guard/personal-data",
        title: "personal data in what is said",
        severity: Severity::Medium,
        remedy: "Redact it, or replace it by a token that is undone in the answer.",
        taxonomies: &[atlas("AML.T0057"), cwe(359), owasp_llm("LLM02")],
    };
}

/// Credentials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SecretsPolicy {
    /// What to do about them on the way to the model.
    pub input: Handling,
    /// What to do about them in its answer.
    pub output: Handling,
    /// How sure the detector must be, from 0 to 1.
    pub score: f32,
    /// Kinds that are left alone, by their names.
    pub except: Vec<String>,
    /// Whether the operator's own messages, descriptions of tools and members that choose how is answered are judged too: any client
    /// may write them.
    pub system: bool,
}

impl Default for SecretsPolicy {
    fn default() -> Self {
        Self {
            input: Handling::Redact,
            output: Handling::Redact,
            score: 0.55,
            except: Vec::new(),
            system: true,
        }
    }
}

/// Personal data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PersonalDataPolicy {
    /// What to do about it on the way to the model.
    pub input: Handling,
    /// What to do about it in its answer.
    pub output: Handling,
    /// How sure the detector must be, from 0 to 1.
    pub score: f32,
    /// Kinds that are left alone, by their names. Left out: addresses of the web and of machines.
    pub except: Vec<String>,
    /// Whether names of people, places and dates are looked for as well.
    pub names: bool,
    /// Whether the operator's own messages and descriptions of tools are judged too.
    pub system: bool,
}

impl Default for PersonalDataPolicy {
    fn default() -> Self {
        let except = ["URL", "DOMAIN_NAME", "IP_ADDRESS", "MAC_ADDRESS", "DATE_TIME"];
        Self {
            input: Handling::Flag,
            output: Handling::Flag,
            score: 0.6,
            except: except.map(str::to_owned).to_vec(),
            names: false,
            system: false,
        }
    }
}

/// The check, if it looks for anything.
///
/// # Errors
/// [`ChecksError::Setting`] if a score or a kind is none, [`ChecksError::File`] if the file of canaries cannot be read, [`ChecksError::Text`] if the
/// detector cannot be built.
pub(crate) fn make(policy: &Policy, files: Files<'_>) -> Result<Made, ChecksError> {
    let (secrets, personal) = (policy.secrets.clone(), policy.personal_data.clone());
    bounds::score("secrets.score", secrets.score)?;
    bounds::score("personal-data.score", personal.score)?;
    bounds::kinds("secrets.except", &secrets.except, false)?;
    bounds::kinds("personal-data.except", &personal.except, true)?;
    let off = |one: Handling, other: Handling| one == Handling::Off && other == Handling::Off;
    let subjects = Subjects {
        secrets: !off(secrets.input, secrets.output),
        patterns: !off(personal.input, personal.output),
        names: personal.names && !off(personal.input, personal.output),
        characters: false,
    };
    if !subjects.secrets && !subjects.patterns {
        return Ok(None);
    }
    let planted = canary::tokens(policy, files)?.into_iter().collect();
    let look = Arc::new(Look { detector: Detector::new(subjects)?, secrets, personal, planted });
    Ok(Some(Box::new(Sensitive { look })))
}

#[derive(Debug)]
struct Sensitive {
    look: Arc<Look>,
}

impl Check for Sensitive {
    fn request(&self, request: &Request<'_>, findings: &mut Findings) {
        for (number, part) in request.exchange.parts.iter().enumerate() {
            let whose = Whose::of(part);
            if self.look.judges(whose) {
                let place = Place::Part(number);
                self.look.request(&part.text, whose, &part.pointer, place, request.session, findings);
            }
        }
        for joint in joints(&request.exchange.parts) {
            self.look.joint(&joint, request, findings);
        }
        for (number, call) in request.exchange.calls.iter().enumerate() {
            let place = Place::Call(number);
            let whose = Whose::Anybody;
            self.look.request(&call.arguments, whose, &call.pointer, place, request.session, findings);
            self.look.name(call, Way::In, findings);
            self.look.strings(call, Place::Call(number), Way::In, Some(request.session), findings);
        }
    }

    fn reader(&self, _: &Request<'_>) -> Option<Box<dyn Reader>> {
        self.look
            .reads_answers()
            .then(|| Box::new(SensitiveReader::new(Arc::clone(&self.look))) as Box<dyn Reader>)
    }

    fn caller(&self, _: &Request<'_>) -> Option<Box<dyn Caller>> {
        self.look
            .reads_answers()
            .then(|| Box::new(Arguments { look: Arc::clone(&self.look) }) as Box<dyn Caller>)
    }
}

/// Whose text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// Of somebody who may write what comes to mind.
    Anybody,
    /// The operator's, or that of whoever offers tools.
    Operator,
    /// What a provider needs to reach a server of tools: credentials that are meant for it.
    Provider,
}

impl Whose {
    fn of(part: &Part<'_>) -> Self {
        const MEANT: [&str; 3] = ["authorization", "authorization_token", "headers"];
        match part.role {
            Role::ToolDescription if part.pointer.split('/').any(|name| MEANT.contains(&name)) => {
                Self::Provider
            }
            Role::System | Role::ToolDescription => Self::Operator,
            _ => Self::Anybody,
        }
    }
}

impl Look {
    /// Whether anything is looked for in such texts.
    fn judges(&self, whose: Whose) -> bool {
        match whose {
            Whose::Anybody => true,
            Whose::Operator => self.secrets.system || self.personal.system,
            Whose::Provider => false,
        }
    }

    /// Finds what goes from one text of a request into the next. It is replaced where it begins, and taken out where it goes on.
    fn joint(&self, joint: &Joint, request: &Request<'_>, findings: &mut Findings) {
        self.find(joint.text.as_bytes(), Way::In, |hit, handling| {
            let places = joint.places(&(hit.start..hit.end));
            let [(first, span), others @ ..] = places.as_slice() else { return };
            let part = request
                .exchange
                .parts
                .get(*first)
                .filter(|part| self.counts(hit.kind.class, Whose::of(part)));
            let Some(part) = part.filter(|_| !others.is_empty()) else { return };
            findings.reason(Reason { span: span.clone(), ..reason(&hit, handling, &part.pointer) });
            let value = joint.text.get(hit.start..hit.end).unwrap_or_default();
            if let Some(replacement) = replacement(&hit, value, handling, request.session) {
                findings.change(Place::Part(*first), span.clone(), replacement);
                for (part, span) in others {
                    findings.change(Place::Part(*part), span.clone(), String::new());
                }
            }
        });
    }

    /// Whether a hit counts in a text, by whose that is.
    fn counts(&self, class: Class, whose: Whose) -> bool {
        let of_operator = if class == Class::Secret { self.secrets.system } else { self.personal.system };
        match whose {
            Whose::Anybody => true,
            Whose::Operator => of_operator,
            Whose::Provider => false,
        }
    }

    fn request(
        self: &Arc<Self>,
        text: &str,
        whose: Whose,
        pointer: &str,
        place: Place,
        session: &Session,
        findings: &mut Findings,
    ) {
        let mut known: Vec<Range<usize>> = Vec::new();
        self.find(text.as_bytes(), Way::In, |hit, handling| {
            if hit.kind.class == Class::Secret {
                known.push(hit.start..hit.end);
            }
            if !self.counts(hit.kind.class, whose) {
                return;
            }
            let value = text.get(hit.start..hit.end).unwrap_or_default();
            let replacement = replacement(&hit, value, handling, session);
            findings.reason(reason(&hit, handling, pointer));
            if let Some(replacement) = replacement {
                findings.change(place, hit.start..hit.end, replacement);
            }
        });
        for one in Disguised::hidden(self, text, Way::In) {
            let span = one.reason.span.clone();
            let is_known = known.iter().any(|known| known.start < span.end && span.start < known.end);
            if is_known || !self.counts(class_of(&one.reason), whose) {
                continue;
            }
            let value = text.get(span.clone()).unwrap_or_default();
            let replacement = one.replacement.map(|shown| {
                if self.handles_by_tokens(&one.reason) {
                    session.token(&one.reason.label, value)
                } else {
                    shown
                }
            });
            findings.reason(Reason { pointer: pointer.to_owned(), ..one.reason });
            if let Some(replacement) = replacement {
                findings.change(place, span, replacement);
            }
        }
    }

    /// Whether tokens stand for what was found on the way to the model.
    pub(crate) fn handles_by_tokens(&self, reason: &Reason) -> bool {
        let input = match class_of(reason) {
            Class::Secret => self.secrets.input,
            _ => self.personal.input,
        };
        input == Handling::Tokens
    }
}

/// What was found: a credential or personal data.
fn class_of(reason: &Reason) -> Class {
    if reason.check == SECRET.id { Class::Secret } else { Class::Pattern }
}

/// What stands in the place of a value of a request.
fn replacement(hit: &Hit, value: &str, handling: Handling, session: &Session) -> Option<String> {
    match handling {
        Handling::Tokens => Some(session.token(hit.kind.id, value)),
        Handling::Redact => Some(format!("[{}]", hit.kind.id)),
        Handling::Off | Handling::Flag | Handling::Block => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::tests::{checks, exchange, with_edits};
    use super::*;
    use crate::check::{Action, Judgement};

    const KEY: &str = "sk-ant-api03-Qd7xW2mLk9TzRv4bNc8YpHs1GfEuJoIaB3x5VtKwMq6ZrDnXyUeCgSjPhLbFoTiAk0mQvRs8WdYz2NcB4xK7pA-J9dLeAAA";

    fn judged(toml: &str, role: Role, text: &str) -> (Judgement, String) {
        let exchange = exchange(&[(role, text)]);
        let judgement = checks(toml).request(&exchange, &Session::new([1; 32]));
        let after = with_edits(&exchange, &judgement);
        (judgement, after)
    }

    #[test]
    fn a_secret_is_redacted_and_its_value_is_in_no_reason() {
        let text = format!("my key is {KEY}, why \"401\"?");
        let (judgement, after) = judged("", Role::User, &text);
        assert_eq!(judgement.action, Action::Redact);
        assert!(after.contains("my key is [anthropic") && after.contains("why \\\"401\\\"?"), "{after}");
        assert!(!format!("{:?}", judgement.reasons).contains("Qd7xW2"));
    }

    /// A message of blocks.
    fn blocks(texts: &[&str]) -> crate::exchange::Exchange<'static> {
        let texts: Vec<_> = texts.iter().map(|text| (Role::User, *text)).collect();
        let mut exchange = exchange(&texts);
        for (number, part) in exchange.parts.iter_mut().enumerate() {
            part.pointer = format!("/messages/0/content/{number}/text");
        }
        exchange
    }

    #[test]
    fn a_secret_that_is_cut_over_blocks_goes_from_all_of_them() {
        let checks = checks("");
        for cuts in [[20, 30], [1, 90], [50, 50]] {
            let (first, rest) = KEY.split_at(cuts[0]);
            let (second, third) = rest.split_at(cuts[1] - cuts[0]);
            let request = blocks(&[&format!("my key is {first}"), second, &format!("{third}, why?")]);
            let judgement = checks.request(&request, &Session::new([1; 32]));
            let after = with_edits(&request, &judgement);
            assert_eq!(after, r#"["my key is [anthropic-api-key]","",", why?",0]"#, "{cuts:?}");
            let reason = &judgement.reasons[0];
            assert_eq!((&*reason.pointer, reason.span.start), ("/messages/0/content/0/text", 10));
        }
        let (session, toml) = (Session::new([1; 32]), "[personal-data]\ninput = 'tokens'");
        let request = blocks(&["write to jo.doe@mail.exam", "ple.org now"]);
        let after =
            with_edits(&request, &super::super::checks::tests::checks(toml).request(&request, &session));
        assert!(
            after.starts_with(r#"["write to [EMAIL_ADDRESS_"#) && after.ends_with(r#"]"," now",0]"#),
            "{after}"
        );
        assert!(session.values().values().any(|value| value == "jo.doe@mail.example.org"));
        // Messages are set apart.
        let mut apart = blocks(&["it is 41111111", "11111111 now"]);
        apart.parts[1].pointer = "/messages/1/content/0/text".to_owned();
        assert_eq!(checks.request(&apart, &session).reasons, []);
    }

    #[test]
    fn personal_data_is_flagged_unless_told_otherwise() {
        let text = "write to jo.doe@mail.example.org";
        let (judgement, after) = judged("", Role::User, text);
        assert_eq!((judgement.action, judgement.edits.len()), (Action::Flag, 0));
        assert!(after.contains("jo.doe"));
        assert_eq!(judged("[personal-data]\ninput = 'block'", Role::User, text).0.action, Action::Block);
        assert_eq!(judged("[personal-data]\ninput = 'off'", Role::User, text).0.action, Action::Allow);
        let except = "[personal-data]\nexcept = ['EMAIL_ADDRESS']";
        assert_eq!(judged(except, Role::User, text).0.action, Action::Allow);
    }

    #[test]
    fn a_token_stands_for_the_value_in_all_parts() {
        let text = "jo.doe@mail.example.org and jo.doe@mail.example.org";
        let (judgement, after) = judged("[personal-data]\ninput = 'tokens'", Role::ToolResult, text);
        let token = Session::new([1; 32]).token("EMAIL_ADDRESS", "jo.doe@mail.example.org");
        assert_eq!(judgement.action, Action::Redact);
        assert_eq!(after.matches(&token).count(), 2, "{after}");
    }

    #[test]
    fn credentials_are_looked_for_whoever_writes_them_and_personal_data_if_asked_for() {
        let text = format!("key {KEY}, or ask jo.doe@mail.example.org");
        for role in [Role::System, Role::ToolDescription] {
            let (judgement, after) = judged("", role, &text);
            assert_eq!((judgement.action, judgement.reasons.len()), (Action::Redact, 1));
            assert!(!after.contains("Qd7xW2") && after.contains("jo.doe"), "{after}");
            assert_eq!(judged("[secrets]\nsystem = false", role, &text).0.action, Action::Allow);
            let all = "[personal-data]\nsystem = true\ninput = 'redact'";
            assert!(!judged(all, role, &text).1.contains("jo.doe"));
        }
    }

    #[test]
    fn what_a_provider_needs_for_a_server_of_tools_is_left_to_it() {
        let mut offered = exchange(&[(Role::ToolDescription, KEY), (Role::ToolDescription, KEY)]);
        offered.parts[0].pointer = "/tools/0/headers/Authorization".to_owned();
        offered.parts[1].pointer = "/tools/0/description".to_owned();
        let judgement = checks("").request(&offered, &Session::new([1; 32]));
        let told: Vec<&str> = judgement.reasons.iter().map(|one| one.pointer.as_str()).collect();
        assert_eq!(told, ["/tools/0/description"]);
    }
}
