//! Who says what in a JSON of one's own form, as a route tells it: [`Speakers`].
//!
//! Source: RFC 6901 (JSON pointers); `*` in place of a name stands for any one.

use crate::exchange::{Exchange, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Whose a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Speaker {
    /// The operator's, who may give instructions.
    System,
    /// That of the person in front of the model.
    User,
    /// The model's.
    Assistant,
    /// A tool's, to the model.
    ToolResult,
    /// A document's that was retrieved.
    Document,
    /// Nobody's: it is no text and is not judged.
    Nobody,
}

/// Pointers, and who speaks where they lead and in everything below.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Speakers {
    /// The longest first.
    places: Vec<(Vec<String>, Speaker)>,
}

/// A pointer that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no JSON pointer; it begins with `/` (RFC 6901)")]
pub struct PointerError(pub String);

impl Speakers {
    /// Speakers by pointer.
    ///
    /// # Errors
    /// [`PointerError`] names the one that is no pointer.
    pub fn new(pointers: &BTreeMap<String, Speaker>) -> Result<Self, PointerError> {
        let mut places = Vec::new();
        for (pointer, speaker) in pointers {
            let names = pointer.strip_prefix('/').ok_or_else(|| PointerError(pointer.clone()))?;
            places.push((names.split('/').map(str::to_owned).collect::<Vec<_>>(), *speaker));
        }
        places.sort_by_key(|(names, _)| {
            (std::cmp::Reverse(names.len()), names.iter().filter(|name| *name == "*").count())
        });
        Ok(Self { places })
    }

    /// Whether nothing is told of anybody.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Gives every text that a pointer leads to its speaker; texts that are nobody's are left out.
    pub fn seat(&self, exchange: &mut Exchange<'_>) {
        exchange.parts.retain_mut(|part| {
            let role = match self.of(&part.pointer) {
                None => return true,
                Some(Speaker::System) => Role::System,
                Some(Speaker::User) => Role::User,
                Some(Speaker::Assistant) => Role::Assistant,
                Some(Speaker::ToolResult) => Role::ToolResult,
                Some(Speaker::Document) => Role::Document,
                Some(Speaker::Nobody) => return false,
            };
            part.role = role;
            true
        });
    }

    fn of(&self, pointer: &str) -> Option<Speaker> {
        let names: Vec<&str> = pointer.split('/').skip(1).collect();
        let leads = |place: &[String]| {
            place.len() <= names.len()
                && place.iter().zip(&names).all(|(wanted, name)| wanted == "*" || wanted == name)
        };
        self.places.iter().find(|(place, _)| leads(place)).map(|(_, speaker)| *speaker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Json, JsonLimits, Protocol};

    #[test]
    fn pointers_tell_who_speaks_and_the_longest_counts() {
        let pointers = [
            ("/setup", Speaker::System),
            ("/turns/*/found", Speaker::Document),
            ("/turns/*/found/0", Speaker::ToolResult),
            ("/thumbnail", Speaker::Nobody),
            ("/a~1b", Speaker::Assistant),
        ];
        let pointers = pointers.map(|(pointer, speaker)| (pointer.to_owned(), speaker)).into_iter().collect();
        let body = r#"{"setup":{"x":"s"},"turns":[{"said":"u","found":["t","d"]}],"thumbnail":"n","a/b":"a","setups":"u"}"#;
        let json = Json::read(body.as_bytes(), JsonLimits::default()).unwrap();
        let mut exchange = Protocol::Json.request(body.as_bytes(), &json);
        Speakers::new(&pointers).unwrap().seat(&mut exchange);
        let seats: Vec<_> = exchange.parts.iter().map(|part| (&*part.text, part.role)).collect();
        assert_eq!(
            seats,
            [
                ("s", Role::System),
                ("u", Role::User),
                ("t", Role::ToolResult),
                ("d", Role::Document),
                ("a", Role::Assistant),
                ("u", Role::User),
            ]
        );
    }

    #[test]
    fn what_is_no_pointer_is_told() {
        let pointers = [("prompt".to_owned(), Speaker::User)].into_iter().collect();
        assert_eq!(Speakers::new(&pointers), Err(PointerError("prompt".to_owned())));
    }
}
