//! What an answer says of itself: the model that gave it, and how many tokens were read and written: [`Usage`].
//!
//! Source: OpenAI's chat completions, completions, embeddings and responses, Anthropic's messages (version `2023-06-01`), the API of
//! Ollama; `gen_ai.usage.input_tokens` of OpenTelemetry's conventions, which counts cached tokens as read.

use super::Protocol;
use super::json::{Json, Node, Value};

/// What an answer says of itself. All of it is the upstream's word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// The model that answered.
    pub model: Option<String>,
    /// Tokens read, cached ones included.
    pub read: Option<u64>,
    /// Tokens written.
    pub written: Option<u64>,
}

/// Members that count tokens read, and those that count tokens written: of OpenAI's older endpoints, of responses and messages, of Ollama.
const READ: [&str; 3] = ["prompt_tokens", "input_tokens", "prompt_eval_count"];
const WRITTEN: [&str; 3] = ["completion_tokens", "output_tokens", "eval_count"];
/// Tokens that Anthropic's `input_tokens` leaves out.
const CACHED: [&str; 2] = ["cache_creation_input_tokens", "cache_read_input_tokens"];
/// Greatest number that is believed: what OpenTelemetry's integers hold.
const GREATEST: u64 = i64::MAX as u64;

impl Usage {
    /// Reads a whole answer, or one event of a streamed one.
    pub fn of(protocol: Protocol, json: &Json<'_>) -> Self {
        let mut all = Self::default();
        if !matches!(
            protocol,
            Protocol::OpenaiChat
                | Protocol::OpenaiCompletions
                | Protocol::OpenaiEmbeddings
                | Protocol::OpenaiResponses
                | Protocol::AnthropicMessages
        ) {
            return all;
        }
        let root = json.root();
        // Events that begin or end a stream hold the answer as it is so far.
        for answer in [Some(root), root.get("message"), root.get("response")].into_iter().flatten() {
            let model = answer.get("model").and_then(Node::as_str);
            all.model = all.model.or_else(|| model.map(|model| bartizan_core::printable(&model, 128)));
            // Ollama counts beside the answer.
            for counts in [answer.get("usage"), Some(answer)].into_iter().flatten() {
                all.read = all.read.max(read(counts));
                all.written = all.written.max(first(counts, &WRITTEN));
            }
        }
        all
    }

    /// Takes in a later event. Counts of a stream grow, so the greatest is that of the whole.
    pub fn join(&mut self, later: Self) {
        self.model = self.model.take().or(later.model);
        self.read = self.read.max(later.read);
        self.written = self.written.max(later.written);
    }
}

fn read(counts: Node<'_, '_>) -> Option<u64> {
    let cached = CACHED.iter().filter_map(|name| count(counts, name)).fold(0, u64::saturating_add);
    Some(first(counts, &READ)?.saturating_add(cached).min(GREATEST))
}

fn first(counts: Node<'_, '_>, names: &[&str]) -> Option<u64> {
    names.iter().find_map(|name| count(counts, name))
}

fn count(counts: Node<'_, '_>, name: &str) -> Option<u64> {
    match counts.get(name)?.value() {
        Value::Number(written) => written.parse().ok().filter(|count| *count <= GREATEST),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::JsonLimits;

    fn usage(protocol: Protocol, events: &[&str]) -> (Option<String>, Option<u64>, Option<u64>) {
        let mut all = Usage::default();
        for event in events {
            let json = Json::read(event.as_bytes(), JsonLimits::default()).unwrap();
            all.join(Usage::of(protocol, &json));
        }
        (all.model, all.read, all.written)
    }

    fn said(model: &str, read: u64, written: u64) -> (Option<String>, Option<u64>, Option<u64>) {
        (Some(model.to_owned()), Some(read), Some(written))
    }

    #[test]
    fn whole_answers_of_every_form_are_read() {
        let chat = r#"{"model":"m-1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}"#;
        assert_eq!(usage(Protocol::OpenaiChat, &[chat]), said("m-1", 9, 3));
        let responses = r#"{"model":"m-2","output":[],"usage":{"input_tokens":8,"output_tokens":2}}"#;
        assert_eq!(usage(Protocol::OpenaiResponses, &[responses]), said("m-2", 8, 2));
        let messages = r#"{"model":"m-3","usage":{"input_tokens":5,"cache_creation_input_tokens":100,"cache_read_input_tokens":20,"output_tokens":1}}"#;
        assert_eq!(usage(Protocol::AnthropicMessages, &[messages]), said("m-3", 125, 1));
        let ollama =
            r#"{"model":"m-4","message":{"content":"hi"},"done":true,"prompt_eval_count":7,"eval_count":4}"#;
        assert_eq!(usage(Protocol::OpenaiChat, &[ollama]), said("m-4", 7, 4));
        let embeddings = r#"{"model":"m-5","data":[],"usage":{"prompt_tokens":6,"total_tokens":6}}"#;
        assert_eq!(usage(Protocol::OpenaiEmbeddings, &[embeddings]), (Some("m-5".to_owned()), Some(6), None));
    }

    #[test]
    fn streams_say_it_in_several_events() {
        let messages = [
            r#"{"type":"message_start","message":{"model":"m","usage":{"input_tokens":5,"cache_read_input_tokens":20,"output_tokens":1}}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}"#,
            r#"{"type":"message_delta","delta":{},"usage":{"output_tokens":15}}"#,
        ];
        assert_eq!(usage(Protocol::AnthropicMessages, &messages), said("m", 25, 15));
        let chat = [
            r#"{"model":"m","choices":[{"index":0,"delta":{"content":"hi"}}],"usage":null}"#,
            r#"{"model":"m","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3}}"#,
        ];
        assert_eq!(usage(Protocol::OpenaiChat, &chat), said("m", 9, 3));
        let responses = [
            r#"{"type":"response.created","response":{"model":"m","usage":null}}"#,
            r#"{"type":"response.completed","response":{"model":"m","usage":{"input_tokens":8,"output_tokens":2}}}"#,
        ];
        assert_eq!(usage(Protocol::OpenaiResponses, &responses), said("m", 8, 2));
    }

    #[test]
    fn what_is_no_count_and_what_does_not_print_is_not_told() {
        let odd = r#"{"model":"m\u001b[31m","usage":{"prompt_tokens":-1,"completion_tokens":"3","input_tokens":1.5}}"#;
        assert_eq!(usage(Protocol::OpenaiChat, &[odd]), (Some("m\\u{1b}[31m".to_owned()), None, None));
        let large = format!(
            r#"{{"usage":{{"input_tokens":{GREATEST},"cache_read_input_tokens":9,"output_tokens":{}}}}}"#,
            u64::MAX
        );
        assert_eq!(usage(Protocol::AnthropicMessages, &[&large]), (None, Some(GREATEST), None));
        assert_eq!(
            usage(Protocol::Json, &[r#"{"model":"m","usage":{"input_tokens":1}}"#]),
            (None, None, None)
        );
    }
}
