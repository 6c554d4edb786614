//! What a predicate of a known type must look like: [`check`], which names the field that does not fit.
//!
//! The types of this crate read leniently, as the in-toto parsing rules ask; whoever writes a statement wants to hear of a
//! mistake before it is signed and logged for good. Fields that no table names are allowed, as `spec/v1/README.md` of the in-toto
//! attestation framework demands.

use super::tables::shape_of;
use crate::digest::Digest;
use serde_json::Value;

/// Where a predicate is not what its type asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pointer}` {problem}, in a predicate of type {kind}")]
pub struct Misfit {
    /// The type.
    pub kind: String,
    /// The field, as a JSON pointer (RFC 6901); `/` for the predicate itself.
    pub pointer: String,
    /// What is wrong with it.
    pub problem: String,
}

/// Checks a predicate against its type. A type that is not known allows anything.
///
/// # Errors
/// The first field that does not fit.
pub fn check(kind: &str, predicate: &Value) -> Result<(), Misfit> {
    let Some(shape) = shape_of(kind) else { return Ok(()) };
    let mut path = Vec::new();
    shape.check(predicate, &mut path).map_err(|problem| {
        let escaped = path.iter().map(|part: &String| part.replace('~', "~0").replace('/', "~1"));
        let pointer = format!("/{}", escaped.collect::<Vec<_>>().join("/"));
        Misfit { kind: kind.to_owned(), pointer, problem }
    })
}

/// What a value must be.
pub(super) enum Shape {
    Any,
    Truth,
    /// A whole number from 0.
    Count,
    /// A text that is not empty.
    Text,
    /// RFC 3339.
    Time,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A text of a kind of its own.
    Named(&'static Named),
    /// A map from algorithms to values.
    Digests,
    Object(&'static [Field]),
    List(&'static Shape),
    /// One of them, or a list.
    OneOrMany(&'static Shape),
    /// An object under that name, or without it.
    MaybeUnder(&'static str, &'static Shape),
}

/// Texts of one kind.
pub(super) struct Named {
    /// Whether a text is one.
    pub(super) takes: fn(&str) -> bool,
    /// What it is called.
    pub(super) what: &'static str,
    /// Every one of them, where they can be listed; else nothing.
    pub(super) all: fn() -> Vec<&'static str>,
    /// A regular expression (ECMA-262) that matches them, where they cannot.
    pub(super) pattern: &'static str,
}

/// A field of an object.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) shape: Shape,
    /// What it says, for its schema.
    pub(super) about: &'static str,
}

impl Field {
    /// With what it says.
    pub(super) const fn about(self, about: &'static str) -> Self {
        // A constant function cannot drop the old one.
        let Self { name, required, shape, about: _ } = self;
        Self { name, required, shape, about }
    }
}

/// A field that must be there.
pub(super) const fn must(name: &'static str, shape: Shape) -> Field {
    Field { name, required: true, shape, about: "" }
}

/// A field that may be there.
pub(super) const fn may(name: &'static str, shape: Shape) -> Field {
    Field { name, required: false, shape, about: "" }
}

impl Shape {
    /// Checks a value; `path` leads to what is wrong. The depth is that of the tables, whatever the value's own.
    fn check(&self, value: &Value, path: &mut Vec<String>) -> Result<(), String> {
        let expected = |what: &str| Err(format!("must be {what}, and is {}", describe(value)));
        match self {
            Self::Any => Ok(()),
            Self::Truth if value.is_boolean() => Ok(()),
            Self::Truth => expected("true or false"),
            Self::Count if value.is_u64() => Ok(()),
            Self::Count => expected("a whole number from 0"),
            Self::Text if value.as_str().is_some_and(|text| !text.is_empty()) => Ok(()),
            Self::Text => expected("a text that is not empty"),
            Self::Time if value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()) => {
                Ok(())
            }
            Self::Time => expected("a time as in RFC 3339, such as 2026-01-31T12:00:00Z"),
            Self::Word(words) if value.as_str().is_some_and(|text| words.contains(&text)) => Ok(()),
            Self::Word(words) => expected(&words.join(" or ")),
            Self::Named(named) if value.as_str().is_some_and(named.takes) => Ok(()),
            Self::Named(named) => expected(named.what),
            Self::Digests => digests(value, path),
            Self::Object(fields) => object(fields, value, path),
            Self::List(shape) => match value.as_array() {
                Some(list) => each(shape, list, path),
                None => expected("a list"),
            },
            Self::OneOrMany(shape) => match value.as_array() {
                Some(list) => each(shape, list, path),
                None => shape.check(value, path),
            },
            Self::MaybeUnder(name, shape) => match value.get(*name) {
                Some(inner) => {
                    path.push((*name).to_owned());
                    shape.check(inner, path)?;
                    path.pop();
                    Ok(())
                }
                None => shape.check(value, path),
            },
        }
    }
}

fn each(shape: &Shape, list: &[Value], path: &mut Vec<String>) -> Result<(), String> {
    for (place, value) in list.iter().enumerate() {
        path.push(place.to_string());
        shape.check(value, path)?;
        path.pop();
    }
    Ok(())
}

fn object(fields: &[Field], value: &Value, path: &mut Vec<String>) -> Result<(), String> {
    let Some(members) = value.as_object() else {
        return Err(format!("must be an object, and is {}", describe(value)));
    };
    for field in fields {
        path.push(field.name.to_owned());
        match members.get(field.name) {
            Some(value) => field.shape.check(value, path)?,
            None if field.required => return Err("is missing".to_owned()),
            None => {}
        }
        path.pop();
    }
    Ok(())
}

/// Algorithms whose values are hexadecimal and of one length (in-toto `spec/v1/digest_set.md`).
pub(super) const HEXADECIMAL: [&str; 6] = ["sha1", "sha224", "sha256", "sha384", "sha512", "md5"];

fn digests(value: &Value, path: &mut Vec<String>) -> Result<(), String> {
    let Some(members) = value.as_object() else {
        return Err(format!("must map algorithms to digests, and is {}", describe(value)));
    };
    for (algorithm, value) in members {
        path.push(algorithm.clone());
        let Some(text) = value.as_str().filter(|text| !text.is_empty()) else {
            return Err(format!("must be a digest as text, and is {}", describe(value)));
        };
        if HEXADECIMAL.contains(&algorithm.as_str()) {
            Digest::new(algorithm, text).map_err(|error| format!("must be a digest: {error}"))?;
        }
        path.pop();
    }
    Ok(())
}

/// A value in a few words.
fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) => format!("`{}`", bartizan_core::printable(text, 60)),
        other => bartizan_core::printable(&other.to_string(), 60),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tables::{CHECKED, is_known};
    use super::*;
    use crate::lineage::{LINEAGE_V1, PROVENANCE_V0_2, USE_V1};
    use crate::predicate::{
        AttributeReport, BuildDefinition, BuildMetadata, Builder, Outcome, PROVENANCE_V1, Provenance,
        RunDetails, SCAI_V0_3, TEST_RESULT_V0_1, TestResult, VSA_V1, VULNS_V0_1,
    };
    use crate::statement::ResourceDescriptor;
    use serde_json::json;

    fn misfit(kind: &str, predicate: &Value) -> (String, String) {
        let misfit = check(kind, predicate).unwrap_err();
        (misfit.pointer, misfit.problem)
    }

    #[test]
    fn what_the_types_write_fits() {
        let input = ResourceDescriptor::named("data.csv", Digest::sha256(b"data"));
        let provenance = Provenance {
            build_definition: BuildDefinition {
                build_type: "https://example.com/train".to_owned(),
                resolved_dependencies: vec![input.clone()],
                ..BuildDefinition::default()
            },
            run_details: RunDetails {
                builder: Builder { id: "https://example.com/ci".to_owned(), ..Builder::default() },
                metadata: Some(BuildMetadata {
                    started_on: Some("2026-01-31T12:00:00Z".to_owned()),
                    ..BuildMetadata::default()
                }),
                byproducts: Vec::new(),
            },
        };
        assert_eq!(check(PROVENANCE_V1, &json!(provenance)), Ok(()));
        let result = TestResult {
            result: Outcome::Warned,
            configuration: vec![input],
            url: None,
            passed_tests: vec!["a".to_owned()],
            warned_tests: Vec::new(),
            failed_tests: Vec::new(),
        };
        assert_eq!(check(TEST_RESULT_V0_1, &json!(result)), Ok(()));
        assert_eq!(check(SCAI_V0_3, &json!(AttributeReport::default())), Ok(()));
    }

    #[test]
    fn the_field_that_does_not_fit_is_named_by_its_pointer() {
        let run = json!({"buildDefinition": {"buildType": "t", "externalParameters": {}}, "runDetails": {"builder": {}}});
        assert_eq!(
            misfit(PROVENANCE_V1, &run),
            ("/runDetails/builder/id".to_owned(), "is missing".to_owned())
        );
        assert_eq!(misfit(PROVENANCE_V1, &json!([])).0, "/");
        let result = json!({"result": "passed", "configuration": []});
        let (pointer, problem) = misfit(TEST_RESULT_V0_1, &result);
        assert_eq!(
            (pointer.as_str(), problem.as_str()),
            ("/result", "must be PASSED or WARNED or FAILED, and is `passed`")
        );
        let digest = json!({"result": "PASSED", "configuration": [{}, {"digest": {"sha256": "abc"}}]});
        assert_eq!(misfit(TEST_RESULT_V0_1, &digest).0, "/configuration/1/digest/sha256");
        let summary = json!({"verifier": {"id": "v"}, "resourceUri": "r", "policy": {}, "verificationResult": "PASSED",
            "timeVerified": "yesterday"});
        assert_eq!(misfit(VSA_V1, &summary).0, "/timeVerified");
        for wrapped in [
            json!({"id": "CVE-1", "severity": {"method": "nvd"}}),
            json!({"vulnerability": {"id": "CVE-1", "severity": [{"method": "nvd"}]}}),
        ] {
            let (pointer, _) = misfit(VULNS_V0_1, &json!({"scanner": {"uri": "s", "result": [wrapped]}}));
            assert!(pointer.starts_with("/scanner/result/0/") && pointer.ends_with("/score"), "{pointer}");
        }
        assert_eq!(
            misfit(SCAI_V0_3, &json!({"attributes": [{"attribute": 1}]})).0,
            "/attributes/0/attribute"
        );
        assert_eq!(misfit("https://cyclonedx.org/bom/v1.6", &json!({"specVersion": "1.6"})).0, "/bomFormat");
        assert_eq!(misfit(USE_V1, &json!({"kind": "use", "uses": []})).0, "/kind");
        let edge = json!({"edges": [{"from": "sha256:00", "to": "?", "relation": "used-by"}]});
        assert!(misfit(LINEAGE_V1, &edge).0.starts_with("/edges/0/"));
    }

    #[test]
    fn further_fields_and_further_types_are_allowed() {
        assert_eq!(
            check(TEST_RESULT_V0_1, &json!({"result": "PASSED", "configuration": [], "later": 1})),
            Ok(())
        );
        assert_eq!(check("https://example.com/x", &json!(1)), Ok(()));
        assert!(!is_known("https://example.com/x") && !is_known("https://cyclonedx.org/bombastic"));
        assert!(CHECKED.iter().all(|kind| is_known(kind)) && is_known(PROVENANCE_V0_2));
    }

    proptest::proptest! {
        #[test]
        fn any_json_fits_or_is_told_where_it_does_not(text in "[\\[\\]{}\":,a-z0-9 ]{0,60}", place in 0..CHECKED.len()) {
            if let Ok(value) = serde_json::from_str::<Value>(&text) {
                let kind = CHECKED.get(place).copied().unwrap_or_default();
                if let Err(misfit) = check(kind, &value) {
                    proptest::prop_assert!(misfit.pointer.starts_with('/'));
                }
            }
        }
    }
}
