//! Triton's `config.pbtxt`: what a model of its repository is run by, and with which parameters.
//!
//! Source: Triton Inference Server, *Model Configuration* (`model_config.proto`) and *Python Backend*, "Creating Custom Execution
//! Environments". Read as the text form of protocol buffers, as far as names and strings go; one pass, no recursion.

use crate::address::fetched;
use crate::rules::{self, UNPINNED_MODEL, UNSAFE_MODEL_FORMAT};
use crate::shell::inspect;
use crate::{Issue, Notes, Reader, Text, issue, variable};
use bartizan_core::{Confidence, Kind, Rule, Severity, printable};
use std::ops::Range;

/// `config.pbtxt`.
#[derive(Debug)]
pub(crate) struct TritonConfig;

impl Reader for TritonConfig {
    fn id(&self) -> &'static str {
        "triton-config"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        text.extension() == "pbtxt"
            && ["backend:", "platform:", "max_batch_size", "instance_group", "ensemble_scheduling"]
                .iter()
                .any(|mark| text.content.contains(mark))
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let (fields, unfinished) = fields(text.content);
        if let Some(at) = unfinished {
            let (line, _) = text.line_column(at);
            notes
                .gap(at, format!("line {line}: a text of the configuration does not end; review it by hand"));
        }
        let mut parameter = "";
        for Field { name, value, span } in &fields {
            match name.as_str() {
                "key" => parameter = value,
                "string_value" => issue::report(text, notes, set(parameter, value, span)),
                "backend" if value == "python" => {
                    let message = "the server runs the `model.py` that lies beside the configuration";
                    let issue = Issue::new(&UNSAFE_MODEL_FORMAT, span.clone(), message);
                    issue::report(
                        text,
                        notes,
                        [issue.severity(Severity::Low).confidence(Confidence::Medium)],
                    );
                }
                _ => {}
            }
        }
    }
}

/// What the parameter `name` with `value` says.
fn set(name: &str, value: &str, span: &Range<usize>) -> Vec<Issue> {
    let mut issues = variable::issues(name, value, span);
    if issues.is_empty() {
        issues.extend(fetched(value, span.clone()));
    }
    let upper = name.to_ascii_uppercase();
    let names_model =
        matches!(upper.as_str(), "MODEL" | "MODEL_ID" | "HF_MODEL" | "HUGGINGFACE_MODEL" | "TOKENIZER");
    let owner = value.split('/').next().unwrap_or(value);
    if names_model && inspect::is_repository(value) && !crate::python::is_local_folder(owner) {
        let message = format!("the model `{}` is served at its newest commit", printable(value, 100));
        issues.push(Issue::new(&UNPINNED_MODEL, span.clone(), message).confidence(Confidence::Medium));
    }
    issues
}

/// `name: "value"`.
struct Field {
    name: String,
    value: String,
    /// The bytes between the quotes.
    span: Range<usize>,
}

/// The fields of `text` whose value is a string, and where a string does not end.
fn fields(text: &str) -> (Vec<Field>, Option<usize>) {
    let bytes = text.as_bytes();
    let (mut found, mut name, mut at) = (Vec::new(), String::new(), 0usize);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'#' => {
                at = memchr::memchr(b'\n', bytes.get(at..).unwrap_or_default())
                    .map_or(bytes.len(), |end| at.saturating_add(end));
            }
            b'"' | b'\'' => {
                let start = at.saturating_add(1);
                let mut end = start;
                while bytes.get(end).is_some_and(|&inner| inner != byte) {
                    end = end.saturating_add(if bytes.get(end) == Some(&b'\\') { 2 } else { 1 });
                }
                if end >= bytes.len() {
                    return (found, Some(at));
                }
                let value = text.get(start..end).unwrap_or_default().to_owned();
                found.push(Field { name: name.clone(), value, span: start..end });
                at = end.saturating_add(1);
            }
            _ if byte.is_ascii_alphabetic() || byte == b'_' => {
                let rest = bytes.get(at..).unwrap_or_default();
                let length =
                    rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
                text.get(at..at.saturating_add(length)).unwrap_or_default().clone_into(&mut name);
                at = at.saturating_add(length);
            }
            _ => at = at.saturating_add(1),
        }
    }
    (found, None)
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;
    use crate::{Text, examine};
    use bartizan_core::{Limits, MonotonicClock};

    #[test]
    fn parameters_and_the_python_backend_are_judged() {
        let text = "name: \"llm\"\nbackend: \"python\"\nmax_batch_size: 0\nparameters: {\n  key: \"EXECUTION_ENV_PATH\",\n  value: {string_value: \"http://envs.example/py.tar.gz\"}\n}\nparameters { key: \"trust_remote_code\" value { string_value: \"true\" } }\nparameters [ { key: 'HF_TOKEN' value: { string_value: 'hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567' } } ]\n";
        assert_eq!(
            lines("m/config.pbtxt", text),
            [(2, "unsafe-model-format"), (6, "insecure-transport"), (8, "remote-code"), (9, "secret")]
        );
    }

    #[test]
    fn a_plain_model_is_silent_and_a_cut_one_incomplete() {
        let text = "platform: \"onnxruntime_onnx\" # backend: \"python\"\nmax_batch_size: 8\nparameters { key: \"EXECUTION_ENV_PATH\" value { string_value: \"$$TRITON_MODEL_DIRECTORY/e.tar.gz\" } }\n";
        assert_eq!(lines("m/config.pbtxt", text), []);
        let outcome = examine(
            &Text::new("config.pbtxt", "backend: \"pyth"),
            &Limits::default(),
            &MonotonicClock::start(),
        );
        assert_eq!(outcome.gaps.len(), 1);
    }
}
