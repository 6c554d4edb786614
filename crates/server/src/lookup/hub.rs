//! What the Hugging Face hub says of a repository.

use crate::registry::challenge::escaped;
use serde::Deserialize;

/// Where the hub says which commit a revision is.
pub(super) fn path(kind: &str, name: &str, revision: &str) -> String {
    let name: Vec<String> = name.split('/').map(escaped).collect();
    format!("/api/{kind}/{}/revision/{}", name.join("/"), escaped(revision))
}

/// The commit in an answer.
pub(super) fn commit(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Revision {
        sha: String,
    }
    let revision: Revision = serde_json::from_slice(body).ok()?;
    super::references::is_commit(&revision.sha).then_some(revision.sha)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_part_of_the_path_and_an_answer_names_a_whole_commit() {
        assert_eq!(
            path("models", "acme/../n?", "refs/pr/1"),
            "/api/models/acme/../n%3F/revision/refs%2Fpr%2F1"
        );
        let sha = "0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012";
        assert_eq!(commit(format!(r#"{{"id": "a/b", "sha": "{sha}"}}"#).as_bytes()).as_deref(), Some(sha));
        for body in ["{}", "", r#"{"sha": "main"}"#, r#"{"sha": "0F3C9B2D1B7F4B1D7B0F4E8E9B8E3A3BB4F9C012"}"#]
        {
            assert_eq!(commit(body.as_bytes()), None, "{body}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_answer_is_read_or_refused(bytes: Vec<u8>, name: String) {
            let _ = (commit(&bytes), path("models", &name, &name));
        }
    }
}
