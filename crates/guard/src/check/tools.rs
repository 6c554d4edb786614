//! Which tools the model may call, and with what arguments.

use super::checks::{Caller, Check, ChecksError, Files, Made, Request};
use super::findings::Findings;
use super::judgement::Reason;
use super::policy::{Mode, Policy};
use super::schema::Schema;
use crate::exchange::{Role, ToolCall};
use bartizan_core::{Severity, atlas, cwe, owasp_agentic, owasp_llm, rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

rule! {
    /// ## What it finds
    /// A call of a tool that the policy does not allow or the request did not offer, or whose arguments do not keep to their
    /// schema.
    /// ## Why it matters
    /// A model that was steered calls what it can; what it cannot call does no harm.
    /// ## Example
    /// An assistant for reading mail that calls `delete_email`.
    /// ## How to fix
    /// Offer the model only the tools its task needs.
    /// ## References
    /// - <https://genai.owasp.org/llmrisk/llm062025-excessive-agency/>
    pub const TOOL_POLICY: Rule = Rule {
        id: "guard/tool-policy",
        title: "a call that the policy does not allow",
        severity: Severity::High,
        remedy: "Offer the model only the tools its task needs.",
        taxonomies: &[atlas("AML.T0053"), cwe(863), owasp_llm("LLM06"), owasp_agentic("ASI02")],
    };
}

/// Calls of tools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ToolsPolicy {
    /// What to do about calls that are not allowed.
    pub mode: Mode,
    /// Tools that may be called; `*` stands for any letters. Left out: all.
    pub allow: Vec<String>,
    /// Tools that may not, allowed or not.
    pub deny: Vec<String>,
    /// What to do about tools that the request did not offer.
    pub unoffered: Mode,
    /// What to do about arguments that break their schema.
    pub arguments: Mode,
    /// Files with schemas of arguments by tool, in the place of what the request offers.
    pub schemas: BTreeMap<String, PathBuf>,
    /// What to do about arguments that come from what tools answered: see the chapter on taint.
    pub taint: Mode,
    /// Tools that act; `*` stands for any letters. Left out: all but those whose names begin with a word for reading.
    pub effects: Vec<String>,
}

impl Default for ToolsPolicy {
    fn default() -> Self {
        Self {
            mode: Mode::Block,
            allow: Vec::new(),
            deny: Vec::new(),
            unoffered: Mode::Flag,
            arguments: Mode::Flag,
            schemas: BTreeMap::new(),
            taint: Mode::Block,
            effects: Vec::new(),
        }
    }
}

/// The check, if it is on.
///
/// # Errors
/// [`ChecksError::File`] or [`ChecksError::Schema`] if a schema cannot be read.
pub(crate) fn make(policy: &Policy, files: Files<'_>) -> Result<Made, ChecksError> {
    let policy = policy.tools.clone();
    let mut schemas = BTreeMap::new();
    for (tool, path) in &policy.schemas {
        let text = files(path).map_err(|error| ChecksError::File { path: path.clone(), error })?;
        let schema = Schema::compile(&text)
            .map_err(|error| ChecksError::Schema { subject: path.display().to_string(), error })?;
        schemas.insert(tool.clone(), schema);
    }
    Ok(Some(Box::new(Tools { shared: Arc::new(Shared { policy, schemas }) })))
}

#[derive(Debug)]
struct Tools {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    policy: ToolsPolicy,
    schemas: BTreeMap<String, Schema>,
}

impl Check for Tools {
    fn caller(&self, request: &Request<'_>) -> Option<Box<dyn Caller>> {
        let tools = &request.exchange.tools;
        // A message to a server of tools is a call by itself: what that server offers was told before, in another message.
        let speaks = request.exchange.parts.iter().any(|part| part.role != Role::ToolDescription);
        let is_call = !request.exchange.calls.is_empty() && tools.is_empty() && !speaks;
        let offered =
            tools.iter().map(|tool| (tool.name.to_string(), tool.schema.as_deref().map(str::to_owned)));
        Some(Box::new(ToolCaller { shared: Arc::clone(&self.shared), offered: offered.collect(), is_call }))
    }
}

#[derive(Debug)]
struct ToolCaller {
    shared: Arc<Shared>,
    /// Schemas by tool, as the request offers them.
    offered: BTreeMap<String, Option<String>>,
    /// Whether the request itself is the call.
    is_call: bool,
}

impl Caller for ToolCaller {
    fn call(&self, call: &ToolCall<'_>, findings: &mut Findings) {
        let policy = &self.shared.policy;
        let name = call.name.as_ref();
        let mut tell = |mode: Mode, label: &str, message: String| {
            if mode != Mode::Off {
                findings.reason(Reason {
                    check: TOOL_POLICY.id,
                    label: label.to_owned(),
                    score: 1.0,
                    action: mode.action(),
                    pointer: call.pointer.clone(),
                    span: 0..call.arguments.len(),
                    message: bartizan_core::printable(&message, 300),
                });
            }
        };
        if policy.deny.iter().any(|pattern| fits(pattern, name)) {
            tell(policy.mode, "denied", format!("the policy denies calls of {name}"));
        } else if !policy.allow.is_empty() && !policy.allow.iter().any(|pattern| fits(pattern, name)) {
            tell(policy.mode, "not-allowed", format!("the policy does not allow calls of {name}"));
        }
        // A provider's own tool is offered as `shell` and called as `shell_call`.
        let offered = |name: &str| self.offered.contains_key(name);
        if !self.is_call && !offered(name) && !name.strip_suffix("_call").is_some_and(offered) {
            tell(policy.unoffered, "not-offered", format!("the request offers no tool {name}"));
        }
        if policy.arguments == Mode::Off {
            return;
        }
        let own = self.shared.schemas.get(name);
        let offered = self.offered.get(name).and_then(Option::as_deref).filter(|_| own.is_none());
        let offered = offered.and_then(|text| Schema::compile(text.as_bytes()).ok());
        let Some(schema) = own.or(offered.as_ref()) else { return };
        match serde_json::from_str(&call.arguments) {
            Err(_) => tell(policy.arguments, "arguments", format!("the arguments of {name} are no JSON")),
            Ok(value) => {
                if let Some(breach) = schema.breach(&value) {
                    let place =
                        format!("the arguments of {name} break {} at {:?}", breach.keyword, breach.pointer);
                    tell(policy.arguments, "arguments", place);
                }
            }
        }
    }
}

/// Whether a name fits a pattern in which `*` stands for any letters.
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let Some(last) = pattern.rsplit_once('*').map(|(_, last)| last) else { return rest.is_empty() };
    let middle = pattern.matches('*').count().saturating_sub(1);
    for piece in pieces.take(middle) {
        let Some(at) = rest.find(piece) else { return false };
        rest = rest.get(at.saturating_add(piece.len())..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::super::checks::tests::{call, checks, exchange};
    use super::*;
    use crate::check::{Action, Session};
    use crate::exchange::ToolSpec;
    use std::borrow::Cow;

    fn labels(toml: &str, name: &str, arguments: &str) -> (Action, Vec<String>) {
        let mut request = exchange(&[]);
        request.tools.push(ToolSpec {
            name: Cow::Borrowed("send_email"),
            schema: Some(Cow::Borrowed(
                r#"{"type":"object","properties":{"to":{"type":"string"}},"required":["to"]}"#,
            )),
            pointer: String::new(),
            span: 0..0,
        });
        let made = call(name, arguments);
        let judgement = checks(toml).answer(&request, &Session::new([0; 32])).call(&made.calls[0]);
        (judgement.action, judgement.reasons.into_iter().map(|one| one.label).collect())
    }

    #[test]
    fn a_call_outside_the_lists_is_stopped() {
        let call = |toml| labels(toml, "send_email", r#"{"to":"a"}"#);
        assert_eq!(call(""), (Action::Allow, vec![]));
        assert_eq!(call("[tools]\nallow = ['read_*']"), (Action::Block, vec!["not-allowed".to_owned()]));
        assert_eq!(call("[tools]\nallow = ['*mail']"), (Action::Allow, vec![]));
        assert_eq!(call("[tools]\ndeny = ['send_*']"), (Action::Block, vec!["denied".to_owned()]));
    }

    #[test]
    fn tools_nobody_offered_and_arguments_outside_their_schema_are_told() {
        assert_eq!(labels("", "wipe", "{}"), (Action::Flag, vec!["not-offered".to_owned()]));
        assert_eq!(labels("", "send_email", "{}"), (Action::Flag, vec!["arguments".to_owned()]));
        assert_eq!(labels("[tools]\narguments = 'block'", "send_email", "{").0, Action::Block);
    }

    #[test]
    fn stars_stand_for_any_letters() {
        assert!(fits("a*c*e", "abcde") && fits("*", "") && fits("ab", "ab") && fits("a*", "a"));
        assert!(!fits("a*c*e", "abdce_") && !fits("ab", "abc") && !fits("a*a", "a"));
    }
}
