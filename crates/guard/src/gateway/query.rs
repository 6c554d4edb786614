//! What the query of a request says: some servers of models take a prompt from there.
//!
//! Names and values are read as forms are (WHATWG URL, section 5.1: `+` is a blank, percent-encodings are undone). A value that is one
//! short word names something; the rest is judged, as a JSON object of its own.

use crate::protocol::quoted;

/// Longest word that says nothing by itself, in bytes.
const LONGEST_WORD: usize = 64;

/// A JSON object of the members of a query that say something; none where none does.
pub(super) fn said(query: &str) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let (name, value) = (decoded(name), decoded(value));
        let is_said = !is_word(&value) || !is_word(&name);
        if is_said {
            body.push(if body.is_empty() { b'{' } else { b',' });
            quoted(&name, &mut body);
            body.push(b':');
            quoted(&value, &mut body);
        }
    }
    if body.is_empty() {
        return None;
    }
    body.push(b'}');
    Some(body)
}

fn is_word(text: &str) -> bool {
    text.len() <= LONGEST_WORD && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digit = |at: usize| {
            let digit = tail.get(at).and_then(|byte| char::from(*byte).to_digit(16));
            digit.and_then(|digit| u8::try_from(digit).ok())
        };
        rest = tail;
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high << 4 | low);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', ..) => bytes.push(b' '),
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(query: &str) -> Option<String> {
        said(query).map(|body| String::from_utf8(body).unwrap())
    }

    #[test]
    fn what_is_more_than_a_name_is_said() {
        assert_eq!(of("api-version=2024-10-21&key=AIzaSyA&limit=20&beta"), None);
        assert_eq!(of("").as_deref(), None);
        assert_eq!(of("k=1&prompt=say+%22hi%22%20%C3%A9").as_deref(), Some(r#"{"prompt":"say \"hi\" é"}"#));
        assert_eq!(of("tell%20me&a=%zz+%4").as_deref(), Some(r#"{"":"tell me","a":"%zz %4"}"#));
        assert!(of(&format!("p={}", "x".repeat(65))).is_some());
    }

    proptest::proptest! {
        #[test]
        fn any_query_is_json_or_nothing(query in "([a-z%+&=é0-9\"\\\\]{0,4}(%[0-9a-fA-F]{2})?){0,12}") {
            if let Some(body) = said(&query) {
                proptest::prop_assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
            }
        }
    }
}
