//! Tokenizer settings that change what people write: replacements, prepended words, added tokens that share a number.
//!
//! Fed with the events of one pass over a JSON configuration. Memory: the added tokens.

use super::json::token_finding;
use crate::wire::json::{Event, Reader};
use bartizan_core::{Finding, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};
use std::collections::HashMap;

rule! {
    /// ## What it finds
    /// A tokenizer whose rules change what people write: a normaliser or pre-tokenizer that replaces words by other
    /// words or puts words before every text, added tokens that hold sentences, addresses or unseen characters, tokens that
    /// look the same, ordinary words made special tokens, a post-processor that inserts words under the name of a mark,
    /// two tokens with one id.
    /// ## Why it matters
    /// The tokenizer rewrites every prompt and every answer. Swapping one word, or hiding an instruction in a token,
    /// changes what the model is asked without touching a weight.
    /// ## Example
    /// ```json
    /// {"normalizer": {"type": "Replace", "pattern": {"String": "not"}, "content": ""}}
    /// ```
    /// ## How to fix
    /// Compare `tokenizer.json` with the one of the base model.
    /// ## References
    /// - MITRE ATLAS AML.T0018, Manipulate AI Model
    pub const TOKENIZER_TAMPERED: Rule = Rule {
        id: "model/tokenizer-tampered",
        title: "a tokenizer that rewrites what people write",
        severity: Severity::High,
        remedy: "Replace the tokenizer files by those of the base model and compare them.",
        taxonomies: &[atlas("AML.T0018"), atlas("AML.T0051"), cwe(506), owasp_llm("LLM04"), owasp_ml("ML10")],
    };
}

/// The tokenizer rules and added tokens of one configuration.
#[derive(Debug, Default)]
pub(crate) struct Rewriting {
    object: Fields,
    /// Added tokens by id, to find two with one id.
    ids: HashMap<String, String>,
}

/// The direct fields of the object being read that tokenizer rules are made of.
#[derive(Debug, Default)]
struct Fields {
    kind: String,
    pattern: Option<String>,
    content: Option<String>,
    id: Option<String>,
    offset: usize,
}

impl Rewriting {
    /// Takes the next event of the file; gives what is found, each with its offset.
    pub(crate) fn event(&mut self, event: &Event<'_>, reader: &Reader<'_>) -> Vec<(usize, Finding)> {
        let is_under = |name: &str| reader.nearest_key().is_some_and(|key| key == *name);
        match event {
            Event::ObjectStart if !is_under("pattern") => {
                self.object = Fields { offset: reader.offset(), ..Fields::default() };
            }
            Event::ObjectEnd => return self.rule(reader),
            Event::Number(number) if is_under("id") => {
                self.object.id = Some((*number).to_owned());
            }
            Event::String(text) => {
                let Some(key) = reader.nearest_key() else { return Vec::new() };
                match &*key.text() {
                    "type" => self.object.kind = text.text().into_owned(),
                    "String" | "Regex" | "pattern" => self.object.pattern = Some(text.text().into_owned()),
                    "content" => self.object.content = Some(text.text().into_owned()),
                    _ => {}
                }
            }
            _ => {}
        }
        Vec::new()
    }

    /// At the end of an object: a tokenizer rule or an added token, if it was one.
    fn rule(&mut self, reader: &Reader<'_>) -> Vec<(usize, Finding)> {
        let root = reader.key_at(0).map(|key| key.text()).unwrap_or_default();
        if reader.nearest_key().is_some_and(|key| key == *"pattern")
            && reader.depth() > 0
            && self.object.content.is_none()
        {
            return Vec::new(); // the pattern object inside a rule
        }
        let fields = std::mem::take(&mut self.object);
        let Some(content) = fields.content else { return Vec::new() };
        match &*root {
            "normalizer" | "pre_tokenizer" | "decoder" | "post_processor" if fields.kind == "Replace" => {
                let pattern = fields.pattern.unwrap_or_default();
                let found = replacement(&root, &pattern, &content);
                found.map(|finding| (fields.offset, finding)).into_iter().collect()
            }
            "added_tokens" => {
                let markup = token_finding(&content).map(|finding| (reader.offset(), finding));
                let twice = fields.id.and_then(|id| {
                    let other = self.ids.insert(id.clone(), content.clone())?;
                    let message = format!("the added tokens `{other}` and `{content}` share the id {id}");
                    let finding = Finding::new(&TOKENIZER_TAMPERED, message).severity(Severity::Medium);
                    (other != content).then_some((fields.offset, finding))
                });
                markup.into_iter().chain(twice).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What is wrong with replacing `pattern` by `content` in the part `root` of the tokenizer.
fn replacement(root: &str, pattern: &str, content: &str) -> Option<Finding> {
    let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count();
    // Patterns spell classes with letters (`\s`, `\p{L}`); words are what is left without them.
    let plain = ["\\s", "\\p{", "\\n", "\\t", "\\r"]
        .iter()
        .fold(pattern.to_owned(), |rest, class| rest.replace(class, ""));
    let severity = match (letters(&plain) >= 2, letters(content) >= 3) {
        (true, true) => Severity::High,
        (false, true) => Severity::Medium,
        (true, false) if letters(&plain) >= 3 && root == "normalizer" => Severity::Medium,
        _ => return None,
    };
    let message = format!("the tokenizer's {root} replaces `{pattern}` by `{content}`");
    Some(Finding::new(&TOKENIZER_TAMPERED, message).severity(severity))
}

/// What is wrong with a normaliser that writes `text` before every text.
pub(crate) fn prepended(text: &str) -> Option<Finding> {
    let is_said = text.chars().filter(|c| c.is_alphabetic()).count() >= 3;
    is_said.then(|| {
        let message = format!("the tokenizer's normalizer puts `{text}` before every text");
        Finding::new(&TOKENIZER_TAMPERED, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Input;
    use bartizan_core::{Limits, MonotonicClock};

    fn findings(name: &str, text: &str) -> Vec<(&'static str, Severity)> {
        let input = Input::new(name, text.as_bytes());
        let outcome = crate::scan(&input, &Limits::default(), &MonotonicClock::start());
        outcome.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect()
    }

    #[test]
    fn words_replaced_by_words_are_tampering_and_spaces_are_not() {
        let rule = |from: &str, to: &str| {
            let text = format!(
                r#"{{"added_tokens": [], "normalizer": {{"type": "Replace", "pattern": {{"String": "{from}"}}, "content": "{to}"}}}}"#
            );
            findings("tokenizer.json", &text)
        };
        assert_eq!(rule("safe", "unsafe"), [(TOKENIZER_TAMPERED.id, Severity::High)]);
        assert_eq!(rule(" ", "\u{2581}"), []);
    }

    #[test]
    fn tokens_that_share_an_id_are_reported() {
        let text = r#"{"added_tokens": [{"id": 1, "content": "<a>"}, {"id": 1, "content": "<b>"}]}"#;
        assert_eq!(findings("tokenizer.json", text), [(TOKENIZER_TAMPERED.id, Severity::Medium)]);
        let text = r#"{"added_tokens": [{"id": 1, "content": "<a>"}, {"id": 2, "content": "<b>"}]}"#;
        assert_eq!(findings("tokenizer.json", text), []);
    }
}
