//! What the rules that decide say: [`Outcome`].

use super::packages::stem;
use crate::PolicyError;
use serde_json::Value;

/// Longest value shown in an error, in characters.
const LONGEST_SHOWN: usize = 200;

/// What a policy's package says of an input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Entries of `deny`, `deny_…`, `violation` and `violation_…`, each with the rule it came from.
    pub deny: Vec<(String, Value)>,
    /// Entries of `warn` and `warn_…`.
    pub warn: Vec<(String, Value)>,
    /// Entries of `missing` and `missing_…`.
    pub missing: Vec<(String, Value)>,
    /// What `allow` says; none when the package has no such rule.
    pub allow: Option<bool>,
    /// What the policy printed.
    pub prints: Vec<String>,
    /// Whether the package has any of these rules but `allow`.
    pub(crate) decides: bool,
}

impl Outcome {
    /// Adds what another package says: all must agree.
    pub(super) fn join(&mut self, other: Self) {
        self.deny.extend(other.deny);
        self.warn.extend(other.warn);
        self.missing.extend(other.missing);
        self.prints.extend(other.prints);
        self.decides |= other.decides;
        self.allow = match (self.allow, other.allow) {
            (Some(one), Some(two)) => Some(one && two),
            (one, two) => one.or(two),
        };
    }
}

/// Reads the answers of the rules that decide, each in a list that is empty where the rule is undefined.
pub(super) fn read(answers: &Value) -> Result<Outcome, PolicyError> {
    let mut outcome = Outcome::default();
    for (rule, answer) in answers.as_object().into_iter().flatten() {
        let Some(value) = answer.get(0) else { continue };
        if rule == "allow" {
            outcome.allow = Some(value.as_bool().ok_or_else(|| shape(rule, value, "true or false"))?);
            continue;
        }
        let into = match stem(rule) {
            "warn" => &mut outcome.warn,
            "missing" => &mut outcome.missing,
            _ => &mut outcome.deny,
        };
        outcome.decides = true;
        match value {
            Value::Bool(false) => {}
            Value::Bool(true) => into.push((rule.clone(), Value::String(format!("the rule {rule} is true")))),
            // A set; JSON has none, so it comes as a list.
            Value::Array(entries) => into.extend(entries.iter().map(|entry| (rule.clone(), entry.clone()))),
            // `deny[message] if …` in version 1: an object whose keys are the messages.
            Value::Object(entries) => {
                for (key, value) in entries {
                    match value {
                        Value::Bool(true) => into.push((rule.clone(), Value::String(key.clone()))),
                        Value::Bool(false) => {}
                        _ => return Err(shape(rule, value, "a set, or keys with true")),
                    }
                }
            }
            other => return Err(shape(rule, other, "a set of objects or texts, or true or false")),
        }
    }
    Ok(outcome)
}

fn shape(rule: &str, found: &Value, expected: &'static str) -> PolicyError {
    PolicyError::Shape {
        rule: rule.to_owned(),
        found: bartizan_core::printable(&found.to_string(), LONGEST_SHOWN),
        expected,
    }
}

#[cfg(test)]
mod tests {
    use crate::evaluate::asked;
    use serde_json::json;

    #[test]
    fn sets_objects_and_truths_of_the_deciding_rules_are_read() {
        let outcome = asked(
            "package bartizan.gate\n\
             deny contains {\"rule\": \"a/b\", \"message\": input.x} if input.x\n\
             deny_size contains \"large\" if input.size > 3\n\
             warn contains \"look\"\n\
             missing contains {\"kind\": \"scan\"}\n\
             default allow := false\n",
            &json!({"x": "y", "size": 4}),
        )
        .unwrap();
        assert_eq!(
            outcome.deny,
            [
                ("deny".to_owned(), json!({"rule": "a/b", "message": "y"})),
                ("deny_size".to_owned(), json!("large"))
            ]
        );
        assert_eq!((outcome.warn.len(), outcome.missing.len(), outcome.allow), (1, 1, Some(false)));
    }

    #[test]
    fn an_allow_that_is_undefined_is_false() {
        let undefined = asked("package bartizan.gate\nallow if input.x\n", &json!({}));
        assert_eq!(undefined.unwrap().allow, Some(false));
        let beside =
            asked("package bartizan.gate\nallow if input.x\ndeny contains \"a\" if input.y\n", &json!({}));
        assert_eq!(beside.unwrap().allow, Some(false));
        let given = asked("package bartizan.gate\nallow if input.x\n", &json!({"x": true}));
        assert_eq!(given.unwrap().allow, Some(true));
    }
}
