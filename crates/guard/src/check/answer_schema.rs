//! The form that an answer must have: structured output.

use super::bounds;
use super::checks::{Check, ChecksError, Files, Made, Request};
use super::judgement::Reason;
use super::policy::{Mode, Policy};
use super::schema::Schema;
use super::stream::{Reader, Seen, Step, Tail};
use bartizan_core::{Severity, cwe, owasp_llm, rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

rule! {
    /// ## What it finds
    /// An answer that is no JSON, or JSON that does not keep to the schema that the policy names or the request asked for.
    /// ## Why it matters
    /// Programs that read answers trust their form; a text in its place breaks them or is taken for what it is not.
    /// ## Example
    /// A request for `{"amount": number}`, answered with *I cannot do that*.
    /// ## How to fix
    /// Ask again, or treat the answer as failed.
    /// ## References
    /// - <https://json-schema.org/draft/2020-12/json-schema-core>
    pub const ANSWER_SCHEMA: Rule = Rule {
        id: "guard/answer-schema",
        title: "an answer outside its schema",
        severity: Severity::Medium,
        remedy: "Ask again, or treat the answer as failed.",
        taxonomies: &[cwe(20), owasp_llm("LLM05")],
    };
}

/// The form of answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct AnswerSchemaPolicy {
    /// A file with a JSON Schema for answers.
    pub file: Option<PathBuf>,
    /// Whether answers must keep to the schema that the request asks for.
    pub requested: bool,
    /// What to do about another form.
    pub mode: Mode,
    /// Whether a stream is held back until its form is known. Without it, what left cannot be taken back.
    pub hold: bool,
}

impl Default for AnswerSchemaPolicy {
    fn default() -> Self {
        Self { file: None, requested: false, mode: Mode::Flag, hold: false }
    }
}

/// Longest answer whose form is judged, in bytes.
const LONGEST: usize = 4 << 20;

/// The check, if there is a schema to be kept to.
///
/// # Errors
/// [`ChecksError::File`] or [`ChecksError::Schema`] if it cannot be read, [`ChecksError::Setting`] if answers wait for no form.
pub(crate) fn make(policy: &Policy, files: Files<'_>) -> Result<Made, ChecksError> {
    let policy = policy.answer_schema.clone();
    if policy.mode == Mode::Off {
        return Ok(None);
    }
    if policy.file.is_none() && !policy.requested {
        if policy.hold {
            let problem = "there is no form to wait for; give a file, or requested = true";
            return Err(bounds::refused("answer-schema.hold", problem));
        }
        return Ok(None);
    }
    let schema = policy.file.as_ref().map(|path| {
        let text = files(path).map_err(|error| ChecksError::File { path: path.clone(), error })?;
        Schema::compile(&text)
            .map_err(|error| ChecksError::Schema { subject: path.display().to_string(), error })
    });
    Ok(Some(Box::new(AnswerSchema { schema: schema.transpose()?.map(Arc::new), policy })))
}

#[derive(Debug)]
struct AnswerSchema {
    schema: Option<Arc<Schema>>,
    policy: AnswerSchemaPolicy,
}

impl Check for AnswerSchema {
    fn reader(&self, request: &Request<'_>) -> Option<Box<dyn Reader>> {
        let requested = request.exchange.answer_schema.as_ref().filter(|_| self.policy.requested);
        let schemas: Vec<Arc<Schema>> = self
            .schema
            .iter()
            .cloned()
            .chain(requested.and_then(|text| Schema::compile(text.as_bytes()).ok()).map(Arc::new))
            .collect();
        if schemas.is_empty() {
            return None;
        }
        Some(Box::new(FormReader {
            schemas,
            mode: self.policy.mode,
            hold: self.policy.hold,
            text: String::new(),
        }))
    }
}

#[derive(Debug, Clone)]
struct FormReader {
    schemas: Vec<Arc<Schema>>,
    mode: Mode,
    hold: bool,
    text: String,
}

impl FormReader {
    fn breach(&self) -> Option<String> {
        if self.text.len() > LONGEST {
            return Some("the answer is longer than what is judged".to_owned());
        }
        let Ok(value) = serde_json::from_str(self.text.trim()) else {
            return Some("the answer is no JSON".to_owned());
        };
        let breach = self.schemas.iter().find_map(|schema| schema.breach(&value))?;
        Some(format!("at {:?} the schema's {} is not met", breach.pointer, breach.keyword))
    }
}

impl Reader for FormReader {
    fn read(&mut self, tail: &Tail, step: &Step, last: bool, seen: &mut Vec<Seen>) -> usize {
        if self.text.len() <= LONGEST {
            self.text.push_str(tail.word(step));
        }
        if last && let Some(message) = self.breach() {
            seen.push(Seen {
                reason: Reason {
                    check: ANSWER_SCHEMA.id,
                    label: "schema".to_owned(),
                    score: 1.0,
                    action: self.mode.action(),
                    pointer: String::new(),
                    span: 0..step.end,
                    message: bartizan_core::printable(&message, 300),
                },
                replacement: None,
            });
        }
        if self.hold && !last && self.text.len() <= LONGEST { 0 } else { step.end }
    }

    fn boxed(&self) -> Box<dyn Reader> {
        Box::new(self.clone())
    }

    fn reads_arguments(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::answer::tests::streamed;
    use super::super::checks::tests::{checks, exchange};
    use crate::check::Session;
    use std::borrow::Cow;

    fn judged(toml: &str, text: &str) -> (String, Vec<String>, bool) {
        let mut request = exchange(&[]);
        request.answer_schema = Some(Cow::Borrowed(r#"{"required": ["amount"], "type": "object"}"#));
        let mut judge = checks(toml).answer(&request, &Session::new([0; 32]));
        let (out, reasons, blocked) = streamed(&mut judge, text, &[3, 9]);
        (out, reasons.into_iter().map(|one| one.message).collect(), blocked.is_some())
    }

    #[test]
    fn an_answer_outside_the_requested_schema_is_told_or_held() {
        let flag = "[answer-schema]\nrequested = true";
        assert_eq!(judged(flag, r#"{"amount": 1}"#), (r#"{"amount": 1}"#.to_owned(), vec![], false));
        assert_eq!(judged(flag, "I cannot").1, ["the answer is no JSON"]);
        assert_eq!(judged(flag, r#"{"sum": 1}"#).1, ["at \"\" the schema's /required is not met"]);
        let hold = "[answer-schema]\nrequested = true\nhold = true\nmode = 'block'";
        assert_eq!(judged(hold, r#"{"sum": 1, "x": 2}"#), (String::new(), vec![], true));
    }
}
