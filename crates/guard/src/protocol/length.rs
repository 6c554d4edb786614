//! How much a request asks for: the longest answer it allows, and how many answers.
//!
//! Sources: the references of OpenAI's, Anthropic's and Ollama's APIs; vLLM's extra parameters; the API of Text Generation Inference.

use super::json::{Node, Value};

/// Members that bound an answer, in tokens.
const LENGTHS: [&str; 9] = [
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "max_new_tokens",
    "max_tokens_to_sample",
    "maxOutputTokens",
    "maxTokens",
    "num_predict",
    "n_predict",
];
/// Members that hold such members.
const WITHIN: [&str; 6] =
    ["options", "parameters", "generation_config", "generationConfig", "sampling_params", "inferenceConfig"];
/// Members that say how many answers to each prompt are to be made.
const ANSWERS: [&str; 5] = ["n", "best_of", "num_return_sequences", "candidateCount", "candidate_count"];

/// The most tokens that each answer may have, and how many answers are asked for, where that is more than one. Of a batch, whose requests
/// each have their own, it is what all of them may have together, as one answer.
pub(super) fn asked(root: Node<'_, '_>) -> (Option<u64>, Option<u64>) {
    let own = one(root);
    // A batch stands in the body, or in a file of it, a request a line.
    let files = root.children().flat_map(|(_, member)| member.all("content"));
    let all = root.all("requests").chain(files).flat_map(Node::items);
    let requests = all.flat_map(|item| REQUESTS.iter().flat_map(move |name| item.all(name)));
    let mut all = requests.filter(|inner| inner.is_object()).map(one).peekable();
    if all.peek().is_none() {
        return own;
    }
    let (mut length, mut answers) = (None, 0_u64);
    for (each, count) in all.chain([own]) {
        let count = count.unwrap_or(1);
        answers = answers.saturating_add(count);
        if let Some(each) = each {
            length = Some(each.saturating_mul(count).saturating_add(length.unwrap_or(0)));
        }
    }
    if length.is_some() {
        (length, None)
    } else {
        (None, Some(answers.saturating_sub(1)).filter(|count| *count > 1))
    }
}

/// Members of a batch's item that hold its request: Anthropic's, and OpenAI's.
const REQUESTS: [&str; 2] = ["params", "body"];

/// What one request asks for. Which of several members a reader takes is its own choice: the largest is judged.
fn one(root: Node<'_, '_>) -> (Option<u64>, Option<u64>) {
    let most = |names: &[&str]| {
        let inner = WITHIN.iter().flat_map(|name| root.all(name));
        let all = std::iter::once(root).chain(inner);
        all.flat_map(|node| names.iter().flat_map(move |name| node.all(name))).filter_map(number).max()
    };
    let thinking = root.all("thinking").flat_map(|node| node.all("budget_tokens")).filter_map(number).max();
    let length = most(&LENGTHS).max(thinking);
    // Completions answer each prompt of a list.
    let prompts = root.all("prompt").map(|node| node.items().filter(|item| item.is_string()).count()).max();
    let prompts = prompts.map_or(1, |count| count.max(1) as u64);
    let answers = most(&ANSWERS).unwrap_or(1).saturating_mul(prompts);
    (length, Some(answers).filter(|answers| *answers > 1))
}

/// A number that is counted, also where it stands in a string, as many readers take it; one that is no whole number counts as more
/// than any. Below nought nothing is asked for.
fn number(node: Node<'_, '_>) -> Option<u64> {
    let text = match node.value() {
        Value::Number(text) => text.to_string(),
        Value::String(text) => text.trim().trim_start_matches('+').replace('_', ""),
        _ => return None,
    };
    if text.is_empty() || text.starts_with('-') {
        return None;
    }
    let whole = text.parse().ok();
    Some(whole.or_else(|| text.strip_suffix(".0").and_then(|whole| whole.parse().ok())).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Json, JsonLimits};

    fn read(body: &str) -> (Option<u64>, Option<u64>) {
        asked(Json::read(body.as_bytes(), JsonLimits::default()).unwrap().root())
    }

    #[test]
    fn lengths_are_read_under_every_name_and_in_strings() {
        for body in [
            r#"{"max_tokens":51}"#,
            r#"{"max_tokens":10,"max_tokens":"51"}"#,
            r#"{"max_completion_tokens":" +51.0"}"#,
            r#"{"options":{"num_predict":51},"max_tokens":40}"#,
            r#"{"parameters":{"max_new_tokens":51}}"#,
            r#"{"max_tokens":9,"thinking":{"type":"enabled","budget_tokens":51}}"#,
        ] {
            assert_eq!(read(body).0, Some(51), "{body}");
        }
        assert_eq!(read(r#"{"max_tokens":"inf"}"#).0, Some(u64::MAX));
        assert_eq!(read(r#"{"max_tokens":1.5}"#).0, Some(u64::MAX));
        assert_eq!(read(r#"{"max_tokens":-1,"options":[],"n":null}"#), (None, None));
    }

    #[test]
    fn what_the_requests_of_a_batch_ask_for_is_added_up() {
        let batch = r#"{"requests":[{"custom_id":"a","params":{"max_tokens":30}},{"params":{"max_tokens":"20","n":2}}]}"#;
        assert_eq!(read(batch), (Some(70), None));
        let lines = r#"{"purpose":"batch","file":{"content":[{"url":"/v1/responses","body":{"max_output_tokens":40}},{"body":{"max_tokens":5}}]}}"#;
        assert_eq!(read(lines), (Some(45), None));
        assert_eq!(read(r#"{"requests":[{"params":{}},{"body":{"n":3}}]}"#), (None, Some(4)));
        assert_eq!(read(r#"{"max_tokens":7,"requests":[]}"#), (Some(7), None));
    }

    #[test]
    fn answers_are_counted_by_choices_and_prompts() {
        assert_eq!(read(r#"{"n":3,"best_of":"5"}"#).1, Some(5));
        assert_eq!(read(r#"{"n":3,"prompt":["a","b"]}"#).1, Some(6));
        assert_eq!(read(r#"{"n":1,"prompt":"a"}"#).1, None);
    }
}
