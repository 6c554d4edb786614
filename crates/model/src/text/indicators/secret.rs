//! Credentials in the formats of their issuers, as `bartizan-text` knows them.

use super::{METADATA_CREDENTIAL, Passage};
use bartizan_core::Severity;
use bartizan_text::{Detector, Hit, Subjects, rules};
use std::sync::LazyLock;

/// Least score of a hit that is reported: a format whose issuer documents it, with entropy or a checksum behind it.
const SURE: f32 = 0.85;
/// Less sure by their form, and reported all the same.
const ALSO: &[&str] = &["openai-style-key"];
/// Sure by their form, but common in documents and by themselves no way in.
const COMMON: &[&str] =
    &["json-web-token", "http-authorization", "password-hash", "address-with-password", "age-recipient"];

static DETECTOR: LazyLock<Option<Detector>> = LazyLock::new(|| {
    Detector::new(Subjects { patterns: false, names: false, characters: false, ..Subjects::ALL }).ok()
});

/// Looks for credentials told by their format; in a record of a dataset under the rule for texts.
pub(super) fn judge(passage: &mut Passage<'_>) {
    let Some(detector) = &*DETECTOR else { return };
    let rule = if passage.record { &rules::SECRET } else { &METADATA_CREDENTIAL };
    detector.scan(passage.text, &mut |hit: Hit| {
        let sure = hit.score >= SURE || ALSO.contains(&hit.kind.id);
        if sure && !COMMON.contains(&hit.kind.id) {
            passage.mark(rule, Severity::Medium, hit.start, hit.kind.name);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::tests::{seen, seen_in_record};
    use super::*;

    /// Joined, so that no scanner of this repository takes the fixture for a real key.
    fn token() -> String {
        format!("TOKEN={}{}", "ghp_", "a8F3kd92LsQ0pZx7Vb6Nm1Wc4Ey5Ru2Ti9Oq")
    }

    #[test]
    fn a_token_is_a_credential_and_a_placeholder_is_not() {
        assert_eq!(seen(&token()), [(METADATA_CREDENTIAL.id, Severity::Medium)]);
        assert_eq!(seen(&format!("TOKEN=ghp_{}", "x".repeat(36))), []);
    }

    #[test]
    fn a_record_of_a_dataset_is_judged_under_the_rule_for_texts() {
        assert_eq!(seen_in_record(&token()), [(rules::SECRET.id, Severity::Low)]);
    }

    #[test]
    fn a_key_of_the_wrong_length_is_not_a_credential() {
        assert_eq!(seen("AKIA1234"), []);
    }

    #[test]
    fn a_password_of_a_configuration_is_left_to_the_search_for_leaks() {
        assert_eq!(seen("password = \"hunter2!x\""), []);
    }
}
