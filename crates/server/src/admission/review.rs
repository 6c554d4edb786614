//! `AdmissionReview`, version `admission.k8s.io/v1`: [`Review`] in, [`Answer`] out.

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The one version that is spoken.
pub const API_VERSION: &str = "admission.k8s.io/v1";
/// Largest review that is read unless the caller says otherwise, in bytes: an object and the one before, each up to the 1.5 MiB that
/// etcd keeps, and what stands around them.
pub const LARGEST_REVIEW: usize = 4 << 20;
/// Longest `uid`; Kubernetes gives UUIDs of 36 characters.
const LONGEST_UID: usize = 256;
/// Longest message of an answer, in characters: it is shown on one screen of `kubectl`.
const LONGEST_MESSAGE: usize = 4_000;
/// Longest warning, in characters, and most of them: Kubernetes cuts longer ones, and warns when all together pass 4,096.
const LONGEST_WARNING: usize = 250;
const MOST_WARNINGS: usize = 16;

/// Why a body is no review that can be answered.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// Not JSON, or not of the shape of a review.
    #[error("the body is no AdmissionReview: {0}")]
    Json(#[from] serde_json::Error),
    /// Another version, or another kind of object.
    #[error(
        "the body is a {kind} of {version}; an AdmissionReview of {API_VERSION} is expected: set admissionReviewVersions: [\"v1\"] in \
         the webhook's configuration"
    )]
    Version {
        /// What it says.
        version: String,
        /// What it is.
        kind: String,
    },
    /// Nothing to decide.
    #[error("the AdmissionReview holds no request")]
    NoRequest,
    /// No name to answer to.
    #[error("the request's uid is empty or longer than {LONGEST_UID} bytes")]
    Uid,
}

/// What is done to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// It is new.
    Create,
    /// It takes the place of another.
    Update,
    /// It goes.
    Delete,
    /// Anything else.
    Other,
}

/// A request to let an object in.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// The name that the answer repeats.
    pub uid: String,
    /// What is done.
    pub operation: Operation,
    /// Kind of the object: `Pod`, `Deployment`, …
    pub kind: String,
    /// Its namespace; empty where it has none.
    pub namespace: String,
    /// Its name; empty while the server has not made one up.
    pub name: String,
    /// The object; null when it goes.
    pub object: Value,
    /// The object before, when it changes.
    pub old_object: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    request: Option<WireRequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRequest {
    #[serde(default)]
    uid: String,
    #[serde(default)]
    operation: String,
    kind: Option<WireKind>,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    object: Value,
    #[serde(default)]
    old_object: Value,
}

#[derive(Deserialize)]
struct WireKind {
    #[serde(default)]
    kind: String,
}

impl Review {
    /// Reads a review.
    ///
    /// # Errors
    /// [`ReviewError`], whichever way the body is none.
    pub fn parse(body: &[u8]) -> Result<Self, ReviewError> {
        let wire: Wire = serde_json::from_slice(body)?;
        if wire.api_version != API_VERSION || wire.kind != "AdmissionReview" {
            return Err(ReviewError::Version {
                version: bartizan_core::printable(&wire.api_version, 100),
                kind: bartizan_core::printable(&wire.kind, 100),
            });
        }
        let request = wire.request.ok_or(ReviewError::NoRequest)?;
        if request.uid.is_empty() || request.uid.len() > LONGEST_UID {
            return Err(ReviewError::Uid);
        }
        Ok(Self {
            uid: request.uid,
            operation: match request.operation.as_str() {
                "CREATE" => Operation::Create,
                "UPDATE" => Operation::Update,
                "DELETE" => Operation::Delete,
                _ => Operation::Other,
            },
            kind: bartizan_core::printable(&request.kind.map(|kind| kind.kind).unwrap_or_default(), 100),
            namespace: request.namespace.unwrap_or_default(),
            name: bartizan_core::printable(&request.name.unwrap_or_default(), 300),
            object: request.object,
            old_object: request.old_object,
        })
    }
}

/// The answer to a review.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The request's name.
    pub uid: String,
    /// Whether the object is let in.
    pub allowed: bool,
    /// Why not; nothing when it is.
    pub message: String,
    /// Shown to whoever deploys it, whatever is decided.
    pub warnings: Vec<String>,
    /// Kept in the cluster's audit log, below the webhook's name.
    pub annotations: BTreeMap<String, String>,
}

impl Answer {
    /// The answer as an `AdmissionReview`.
    pub fn to_json(&self) -> Value {
        let warnings: Vec<String> = self
            .warnings
            .iter()
            .take(MOST_WARNINGS)
            .map(|text| bartizan_core::printable(text, LONGEST_WARNING))
            .collect();
        let mut response = json!({ "uid": self.uid, "allowed": self.allowed });
        if let Some(members) = response.as_object_mut() {
            if !self.allowed {
                // Names come from whoever asks, and are shown in terminals.
                let seen =
                    |c: char| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c };
                let message: String = self.message.chars().take(LONGEST_MESSAGE).map(seen).collect();
                members.insert(
                    "status".to_owned(),
                    json!({ "status": "Failure", "code": 403, "reason": "Forbidden", "message": message }),
                );
            }
            if !warnings.is_empty() {
                members.insert("warnings".to_owned(), json!(warnings));
            }
            if !self.annotations.is_empty() {
                members.insert("auditAnnotations".to_owned(), json!(self.annotations));
            }
        }
        json!({ "apiVersion": API_VERSION, "kind": "AdmissionReview", "response": response })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(version: &str, request: &Value) -> Vec<u8> {
        json!({"apiVersion": version, "kind": "AdmissionReview", "request": request}).to_string().into_bytes()
    }

    #[test]
    fn a_review_of_version_one_is_read_and_any_other_version_is_named() {
        let request = json!({"uid": "u", "operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "namespace": "n", "name": "p", "object": {"spec": {}}, "oldObject": null, "dryRun": true});
        let review = Review::parse(&body(API_VERSION, &request)).unwrap();
        assert_eq!(
            (review.uid.as_str(), review.operation, review.kind.as_str(), review.name.as_str()),
            ("u", Operation::Create, "Pod", "p")
        );
        let error = Review::parse(&body("admission.k8s.io/v1beta1", &request)).unwrap_err();
        assert!(
            error.to_string().contains("v1beta1") && error.to_string().contains("admissionReviewVersions")
        );
        assert!(matches!(Review::parse(&body(API_VERSION, &Value::Null)), Err(ReviewError::NoRequest)));
        assert!(matches!(Review::parse(&body(API_VERSION, &json!({"uid": ""}))), Err(ReviewError::Uid)));
        assert!(matches!(Review::parse(b"[1,"), Err(ReviewError::Json(_))));
    }

    #[test]
    fn an_answer_repeats_the_uid_and_says_why_not() {
        let answer = Answer {
            uid: "u".to_owned(),
            message: "no scan".to_owned(),
            warnings: vec!["a\nb".to_owned()],
            ..Answer::default()
        };
        let json = answer.to_json();
        assert_eq!(json["response"]["uid"], "u");
        assert_eq!(json["response"]["allowed"], false);
        assert_eq!(json["response"]["status"]["message"], "no scan");
        assert!(!json["response"]["warnings"][0].as_str().unwrap().contains('\n'));
        let allowed = Answer { allowed: true, ..answer }.to_json();
        assert!(allowed["response"].get("status").is_none());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_review_or_an_error(bytes: Vec<u8>, text: String) {
            let _ = Review::parse(&bytes);
            let _ = Review::parse(&body(API_VERSION, &json!({"uid": text, "operation": text, "kind": {"kind": text}})));
        }
    }
}
