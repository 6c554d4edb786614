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

/// The most tokens that each answer may have, and how many answers are asked for, where that is more than one. Which of several
/// members a reader takes is its own choice: the largest is judged.
pub(super) fn asked(root: Node<'_, '_>) -> (Option<u64>, Option<u64>) {
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
    fn answers_are_counted_by_choices_and_prompts() {
        assert_eq!(read(r#"{"n":3,"best_of":"5"}"#).1, Some(5));
        assert_eq!(read(r#"{"n":3,"prompt":["a","b"]}"#).1, Some(6));
        assert_eq!(read(r#"{"n":1,"prompt":"a"}"#).1, None);
    }
}
