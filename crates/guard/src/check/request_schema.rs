//! The form that a request must have.

use super::checks::{Check, ChecksError, Files, Made, Request};
use super::findings::Findings;
use super::judgement::Reason;
use super::policy::{Mode, Policy};
use super::schema::Schema;
use bartizan_core::{Severity, cwe, rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

rule! {
    /// ## What it finds
    /// A request whose body does not keep to the JSON Schema that the policy names.
    /// ## Why it matters
    /// Parameters nobody thought of change what a model does and costs: other models, log probabilities, hidden tools.
    /// ## Example
    /// A request with `logprobs` and `logit_bias`, from which the weights of an output layer can be read.
    /// ## How to fix
    /// Send only what the schema allows.
    /// ## References
    /// - <https://json-schema.org/draft/2020-12/json-schema-core>
    pub const REQUEST_SCHEMA: Rule = Rule {
        id: "guard/request-schema",
        title: "a form that the policy does not allow",
        severity: Severity::Medium,
        remedy: "Send only what the schema allows.",
        taxonomies: &[cwe(20)],
    };
}

/// The form of requests.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RequestSchemaPolicy {
    /// A file with a JSON Schema for whole request bodies.
    pub file: Option<PathBuf>,
    /// What to do about another form.
    pub mode: Mode,
}

/// The check, if there is a schema.
///
/// # Errors
/// [`ChecksError::File`] or [`ChecksError::Schema`] if it cannot be read.
pub(crate) fn make(policy: &Policy, files: Files<'_>) -> Result<Made, ChecksError> {
    let Some(path) = policy.request_schema.file.as_ref().filter(|_| policy.request_schema.mode != Mode::Off)
    else {
        return Ok(None);
    };
    let text = files(path).map_err(|error| ChecksError::File { path: path.clone(), error })?;
    let schema = Schema::compile(&text)
        .map_err(|error| ChecksError::Schema { subject: path.display().to_string(), error })?;
    Ok(Some(Box::new(RequestSchema { schema, mode: policy.request_schema.mode })))
}

#[derive(Debug)]
struct RequestSchema {
    schema: Schema,
    mode: Mode,
}

impl Check for RequestSchema {
    fn request(&self, request: &Request<'_>, findings: &mut Findings) {
        let (pointer, message) = match serde_json::from_slice(request.exchange.body) {
            Err(_) => (String::new(), "the body is no JSON".to_owned()),
            Ok(value) => match self.schema.breach(&value) {
                None => return,
                Some(breach) => (breach.pointer, format!("the schema's {} is not met", breach.keyword)),
            },
        };
        findings.reason(Reason {
            check: REQUEST_SCHEMA.id,
            label: "schema".to_owned(),
            score: 1.0,
            action: self.mode.action(),
            pointer,
            span: 0..0,
            message: bartizan_core::printable(&message, 300),
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::check::{Action, Checks, Session};
    use crate::exchange::Exchange;

    fn judged(body: &[u8]) -> (Action, String) {
        let policy = toml::from_str("[request-schema]\nfile = 'chat.json'").unwrap();
        let schema = br#"{"properties": {"logprobs": false, "n": {"maximum": 1}}}"#;
        let checks = Checks::new(&policy, &|_| Ok(schema.to_vec())).unwrap();
        let judgement = checks.request(&Exchange { body, ..Exchange::default() }, &Session::new([0; 32]));
        (judgement.action, judgement.reasons.first().map(|one| one.pointer.clone()).unwrap_or_default())
    }

    #[test]
    fn a_body_outside_the_schema_is_stopped_where_it_leaves_it() {
        assert_eq!(judged(br#"{"n": 1}"#), (Action::Allow, String::new()));
        assert_eq!(judged(br#"{"n": 2}"#), (Action::Block, "/n".to_owned()));
        assert_eq!(judged(br#"{"logprobs": true}"#), (Action::Block, "/logprobs".to_owned()));
        assert_eq!(judged(b"{").0, Action::Block);
    }
}
