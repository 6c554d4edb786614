//! What the query of a request says, or a form in its body: some servers of models take a prompt from there.
//!
//! Names and values are read as forms are (WHATWG URL, section 5.1: `+` is a blank, percent-encodings are undone). A value that is one
//! short word names something; the rest is judged, as a JSON object of its own.

use crate::protocol::{Json, is_short_word, quoted};

/// A JSON object of the members of a query that say something; none where none does.
pub(super) fn said(query: &str) -> Option<Vec<u8>> {
    let pairs = query.split('&').map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        (decoded(name), decoded(value))
    });
    let mut said = pairs.filter(|(name, value)| !is_short_word(value) || !is_short_word(name)).peekable();
    said.peek().is_some().then(|| object(said))
}

/// A JSON object of the members of a form.
pub(super) fn form(text: &str) -> Vec<u8> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    object(pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    }))
}

/// The form of a JSON object, its members in the order they stand.
pub(super) fn form_of(json: &Json<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in json.root().children() {
        if !out.is_empty() {
            out.push(b'&');
        }
        encoded(&name.unwrap_or_default(), &mut out);
        out.push(b'=');
        encoded(&value.as_str().unwrap_or_default(), &mut out);
    }
    out
}

fn object(pairs: impl Iterator<Item = (String, String)>) -> Vec<u8> {
    let mut body = vec![b'{'];
    for (name, value) in pairs {
        if body.len() > 1 {
            body.push(b',');
        }
        quoted(&name, &mut body);
        body.push(b':');
        quoted(&value, &mut body);
    }
    body.push(b'}');
    body
}

fn encoded(text: &str, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'*' | b'-' | b'.' | b'_' => out.push(byte),
            _ if byte.is_ascii_alphanumeric() => out.push(byte),
            b' ' => out.push(b'+'),
            _ => {
                out.push(b'%');
                out.extend([byte >> 4, byte & 15].iter().filter_map(|half| DIGITS.get(usize::from(*half))));
            }
        }
    }
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
        fn a_form_is_written_as_it_is_read(pairs in proptest::collection::vec(("[a-zé+& ]{1,4}", "\\PC{0,6}"), 1..4)) {
            let body = object(pairs.iter().cloned());
            let json = Json::read(&body, crate::protocol::JsonLimits::default()).unwrap();
            let written = String::from_utf8(form_of(&json)).unwrap();
            proptest::prop_assert_eq!(form(&written), body);
        }

        #[test]
        fn any_query_is_json_or_nothing(query in "([a-z%+&=é0-9\"\\\\]{0,4}(%[0-9a-fA-F]{2})?){0,12}") {
            if let Some(body) = said(&query) {
                proptest::prop_assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
            }
        }
    }
}
