//! The licence that a model declares: whether it is one, and what it does not allow.
//!
//! Source: SPDX specification, annex D (licence expressions); the model card documentation of the Hugging Face hub.
//! Says what is declared and nothing about what is lawful. Linear in the text.

use super::licence_list::{EXCEPTIONS, HUB, LICENCES};
use crate::Scan;
use bartizan_core::{Confidence, Finding, Location, Severity, cwe, printable, rule};

rule! {
    /// ## What it finds
    /// A licence in a model card, a configuration or metadata that is no identifier of SPDX or of the model hubs.
    /// ## Why it matters
    /// Tools and people that gate on licences cannot tell what it allows; often it is a misspelling of one they would refuse.
    /// ## Example
    /// `license: apache2` in a model card; the identifier is `apache-2.0`.
    /// ## How to fix
    /// Use the SPDX identifier, or `other` with `license_name` and `license_link`.
    /// ## References
    /// - <https://spdx.org/licenses/>
    /// - <https://huggingface.co/docs/hub/repositories-licenses>
    pub const LICENCE_UNKNOWN: Rule = Rule {
        id: "model/licence-unknown",
        title: "a licence that nobody lists",
        severity: Severity::Low,
        remedy: "Declare the licence by its SPDX identifier, or as `other` with a name and a link.",
        taxonomies: &[cwe(1059)],
    };

    /// ## What it finds
    /// A declared licence that limits what the model may be used for: no commercial use, research only, rules of use
    /// (RAIL), or a licence of one publisher with conditions of its own.
    /// ## Why it matters
    /// A deployment may break it. The finding is information for a policy, not a defect of the model.
    /// ## Example
    /// `license: cc-by-nc-4.0`.
    /// ## How to fix
    /// Have the terms read by whoever decides about them; deny this rule in the policy where they are not acceptable.
    /// ## References
    /// - <https://huggingface.co/docs/hub/repositories-licenses>
    pub const LICENCE_RESTRICTED: Rule = Rule {
        id: "model/licence-restricted",
        title: "a licence that limits the use of the model",
        severity: Severity::Info,
        remedy: "Have the terms read before the model is deployed; a policy can deny this rule.",
        taxonomies: &[cwe(1059)],
    };

    /// ## What it finds
    /// A model card with settings but without a licence, or with an empty one.
    /// ## Why it matters
    /// Without a licence nobody but the author may use the model. The finding is information for a policy.
    /// ## Example
    /// A `README.md` whose head names `base_model` and no `license`.
    /// ## How to fix
    /// Ask the publisher for a licence, and have it declared in the card.
    /// ## References
    /// - <https://huggingface.co/docs/hub/model-cards>
    pub const LICENCE_MISSING: Rule = Rule {
        id: "model/licence-missing",
        title: "a model card without a licence",
        severity: Severity::Info,
        remedy: "Ask the publisher for a licence, and have it declared in the card.",
        taxonomies: &[cwe(1059)],
    };
}

/// Rules of this room.
pub(crate) const RULES: &[&bartizan_core::Rule] = &[&LICENCE_UNKNOWN, &LICENCE_RESTRICTED, &LICENCE_MISSING];

/// Longest declaration read, in bytes; a longer one is the text of a licence.
const DECLARATION_BYTES: usize = 200;
/// Longest identifier shown, in characters.
const SHOWN: usize = 80;

/// Judges a declared licence: an identifier, or an SPDX expression of several.
pub(crate) fn inspect(declared: &str, place: &Location, scan: &mut Scan<'_>) {
    let declared = declared.trim();
    if declared.is_empty() || declared.len() > DECLARATION_BYTES {
        return;
    }
    // Prose and links are no identifiers, and not meant as such.
    let is_expression = declared.split_whitespace().enumerate().all(|(index, word)| {
        index % 2 == 0 || ["and", "or", "with"].contains(&word.to_ascii_lowercase().as_str())
    });
    if declared.contains("://") || !is_expression && declared.contains(char::is_whitespace) {
        return;
    }
    let mut is_exception = false;
    for word in
        declared.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | ',' | '"' | '\''))
    {
        let id = word.to_ascii_lowercase();
        match id.as_str() {
            "" | "and" | "or" => continue,
            "with" => {
                is_exception = true;
                continue;
            }
            _ => {}
        }
        let exception = std::mem::take(&mut is_exception);
        let bare = id.strip_suffix('+').unwrap_or(&id);
        if let Some(limit) = limit(&id) {
            let message = format!("the licence `{}` {limit}", printable(word, SHOWN));
            scan.report(Finding::new(&LICENCE_RESTRICTED, message).located(place).evidence(declared));
        } else if !(exception && has(EXCEPTIONS, bare)
            || has(LICENCES, bare)
            || HUB.contains(&id.as_str())
            || bare.starts_with("licenseref-")
            || bare.starts_with("documentref-")
            || NO_IDENTIFIER.contains(&bare))
        {
            let message = format!(
                "the licence `{}` is no identifier of SPDX or of a model hub",
                printable(word, SHOWN)
            );
            let finding = Finding::new(&LICENCE_UNKNOWN, message).confidence(Confidence::Medium);
            scan.report(finding.located(place).evidence(declared));
        }
    }
}

/// What says that a licence is declared elsewhere, or that none is.
const NO_IDENTIFIER: &[&str] =
    &["other", "unknown", "none", "noassertion", "proprietary", "unlicensed", "custom"];

/// Whether `list`, which is in order, holds `id`.
fn has(list: &[&str], id: &str) -> bool {
    list.binary_search(&id).is_ok()
}

/// What the licence `id` does not allow, if it limits use.
fn limit(id: &str) -> Option<&'static str> {
    let has_part = |wanted: &str| id.split(['-', '_', '.']).any(|part| part == wanted);
    if has_part("nc") || id.contains("noncommercial") || id.contains("non-commercial") {
        return Some("allows no commercial use");
    }
    if id.contains("research") {
        return Some("allows research only");
    }
    if id.contains("rail") {
        return Some("sets rules of use that pass on to whatever is made with the model");
    }
    let publishers =
        ["llama", "gemma", "qwen", "tongyi", "deepseek", "grok", "deepfloyd", "apple-amlr", "nvidia"];
    publishers
        .iter()
        .any(|publisher| id.starts_with(publisher))
        .then_some("is one publisher's own, with conditions on use")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::{Limits, MonotonicClock};

    fn found(declared: &str) -> Vec<&'static str> {
        let (limits, clock) = (Limits::default(), MonotonicClock::start());
        let mut scan = Scan::new(&limits, &clock);
        inspect(declared, &Location::default(), &mut scan);
        scan.findings().iter().map(|finding| finding.rule.id).collect()
    }

    #[test]
    fn the_lists_are_in_order() {
        assert!(LICENCES.is_sorted() && EXCEPTIONS.is_sorted() && HUB.is_sorted());
    }

    #[test]
    fn open_licences_and_expressions_of_them_are_silent() {
        for declared in [
            "apache-2.0",
            "MIT",
            "MIT OR Apache-2.0",
            "GPL-2.0-or-later WITH Classpath-exception-2.0",
            "other",
            "LicenseRef-Mine",
            "https://a.b/LICENSE",
            "see the file LICENSE",
        ] {
            assert_eq!(found(declared), Vec::<&str>::new(), "{declared}");
        }
    }

    #[test]
    fn limits_are_told_and_misspellings_are_unknown() {
        for declared in ["cc-by-nc-4.0", "creativeml-openrail-m", "llama3.1", "gemma", "qwen-research"] {
            assert_eq!(found(declared), [LICENCE_RESTRICTED.id], "{declared}");
        }
        assert_eq!(found("apache2"), [LICENCE_UNKNOWN.id]);
        assert_eq!(found("MIT AND cc-by-nc-4.0"), [LICENCE_RESTRICTED.id]);
    }
}
