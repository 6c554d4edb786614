//! The head of a model card: settings in YAML between two lines of `---` at the start of a `README.md`.
//!
//! Read are keys at the margin with a value or a list of values; everything else in the head is left to the check of texts.
//! Source: the model card documentation of the Hugging Face hub. Linear in the head.

use super::declared;
use super::licence::{self, LICENCE_MISSING};
use crate::{Input, Scan};
use bartizan_core::{Finding, Location};

/// Longest head read, in bytes.
const HEAD: usize = 64 << 10;
/// Settings that only cards of models have.
const OF_MODELS: &[&str] =
    &["base_model", "pipeline_tag", "library_name", "model-index", "base_model_relation"];

/// Judges the licence and the names in the head of the card, if `input` is one.
pub(crate) fn inspect_card(input: &Input<'_>, scan: &mut Scan<'_>) {
    if !input.file_name().eq_ignore_ascii_case("readme.md") {
        return;
    }
    let Some(head) = head(input.bytes) else { return };
    let (mut is_model, mut has_licence) = (false, false);
    for (line, key, value) in settings(head) {
        let place = Location { line: Some(line), ..Location::default() };
        is_model |= OF_MODELS.contains(&key);
        match key {
            "license" | "licence" => {
                has_licence = true;
                licence::inspect(value, &place, scan);
            }
            "base_model" => declared(value, &place, scan),
            _ => {}
        }
    }
    if is_model && !has_licence {
        let place = Location { line: Some(1), ..Location::default() };
        scan.report(Finding::new(&LICENCE_MISSING, "the model card declares no licence").located(&place));
    }
}

/// The lines between the first two marks.
fn head(bytes: &[u8]) -> Option<&str> {
    let bytes = bytes.get(..HEAD).unwrap_or(bytes);
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => bytes.get(..error.valid_up_to()).and_then(|bytes| std::str::from_utf8(bytes).ok())?,
    };
    let text = valid.strip_prefix('\u{feff}').unwrap_or(valid);
    let rest = text.strip_prefix("---")?.trim_start_matches([' ', '\t', '\r']).strip_prefix('\n')?;
    rest.split_once("\n---").map(|(head, _)| head)
}

/// Line, key and value of each setting at the margin; once for each item of a list.
fn settings(head: &str) -> impl Iterator<Item = (u32, &str, &str)> {
    let mut key = "";
    head.lines().zip(2u32..).filter_map(move |(line, number)| {
        let value = if let Some(item) = line.trim_start().strip_prefix("- ") {
            item
        } else if line.starts_with([' ', '\t', '#']) {
            return None;
        } else {
            let (name, value) = line.split_once(':')?;
            key = name.trim();
            value
        };
        let value = value.trim().trim_matches(['"', '\'']);
        (!value.is_empty()).then_some((number, key, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::{Limits, MonotonicClock, Severity};
    use proptest::prelude::*;

    fn found(card: &str) -> Vec<(&'static str, Severity, Option<u32>)> {
        let input = Input::new("README.md", card.as_bytes());
        let outcome = crate::scan(&input, &Limits::default(), &MonotonicClock::start());
        outcome.findings.iter().map(|found| (found.rule.id, found.severity, found.location.line)).collect()
    }

    #[test]
    fn an_open_licence_and_a_known_base_are_silent() {
        assert_eq!(found("---\nlicense: apache-2.0\nbase_model: google/bert\ntags:\n- a\n---\n# Card\n"), []);
        assert_eq!(found("# No head\nlicense: nonsense\n"), []);
    }

    #[test]
    fn a_missing_a_limited_and_an_unknown_licence_are_told_with_their_line() {
        assert_eq!(
            found("---\npipeline_tag: text-generation\n---\n# Card\n"),
            [("model/licence-missing", Severity::Info, Some(1))]
        );
        assert_eq!(
            found("---\nlibrary_name: x\nlicense: \"cc-by-nc-4.0\"\n---\n"),
            [("model/licence-restricted", Severity::Info, Some(3))]
        );
        assert_eq!(
            found("---\nlicense:\n- mit\n- apache2\n---\n"),
            [("model/licence-unknown", Severity::Low, Some(4))]
        );
    }

    #[test]
    fn a_base_model_of_an_imitated_owner_is_told() {
        assert_eq!(
            found("---\nlicense: mit\nbase_model:\n- mistraIai/Mistral-7B\n---\n"),
            [("model/name-squatting", Severity::Medium, Some(4))]
        );
    }

    proptest! {
        #[test]
        fn any_head_is_read(text in "(---\n)?[-a-z:\n \"']{0,80}(\n---)?") {
            found(&text);
        }
    }
}
