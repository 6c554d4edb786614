//! Every check: one line each.

use super::checks::{ChecksError, Files, Made};
use super::policy::Policy;
use bartizan_core::Rule;

/// Makes a check if the policy wants it.
pub(crate) type Make = fn(&Policy, Files<'_>) -> Result<Made, ChecksError>;

/// In the order in which they judge.
pub(crate) static REGISTRY: &[Make] = &[
    super::budget::make,
    super::request_schema::make,
    super::media::make,
    super::injection::make,
    super::topics::make,
    super::sensitive::make,
    super::canary::make,
    super::prompt_leak::make,
    super::corpus::make,
    super::links::make,
    super::markup::make,
    super::dangerous_code::make,
    super::answer_schema::make,
    super::tools::make,
    super::taint::make,
];

/// Every rule of the checks.
pub static RULES: &[&Rule] = &[
    &super::budget::OVER_BUDGET,
    &super::request_schema::REQUEST_SCHEMA,
    &super::media::UNREAD_MEDIA,
    &super::injection::PROMPT_INJECTION,
    &super::topics::BANNED_TOPIC,
    &super::sensitive::SECRET,
    &super::sensitive::PERSONAL_DATA,
    &super::canary::CANARY,
    &super::prompt_leak::PROMPT_LEAK,
    &super::corpus::REGURGITATION,
    &super::links::EXFILTRATION,
    &super::markup::ACTIVE_MARKUP,
    &super::dangerous_code::DANGEROUS_CODE,
    &super::answer_schema::ANSWER_SCHEMA,
    &super::tools::TOOL_POLICY,
    &super::taint::TAINTED_ARGUMENT,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_name_of_its_own_and_a_page() {
        let mut ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), RULES.len());
        for rule in RULES {
            assert!(rule.id.starts_with("guard/"), "{}", rule.id);
            for heading in ["What it finds", "Why it matters", "Example", "How to fix", "References"] {
                assert!(rule.docs.contains(&format!("## {heading}")), "{}: {heading}", rule.id);
            }
        }
    }
}
