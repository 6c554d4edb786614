//! A body as the JSON that is judged in its place, and back: [`Reading`].
//!
//! | body | is judged as |
//! | --- | --- |
//! | JSON | itself |
//! | JSON with tensors behind it (KServe) | the JSON, with the texts behind it in it |
//! | a form (WHATWG URL, section 5.1) | an object of its members |
//! | a form of several parts (RFC 7578) | an object of its members; files are documents |
//! | text | one string |
//! | bytes | nothing, which is told; as one string as well, where nearly all of them are text |

use super::exchange::Refused;
use super::query::{form, form_of};
use crate::exchange::{Exchange, Media, MediaKind};
use crate::protocol::{FormData, Json, JsonLimits, RefusalKind, Tensors, quoted, shown, unquoted};

/// What is known of a body before it is read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Given<'g> {
    /// Its media type.
    pub(super) kind: &'g str,
    /// Whether it may be any text.
    pub(super) any_text: bool,
    /// Whether it may be any bytes.
    pub(super) any_bytes: bool,
    /// Whether it may be a form of several parts.
    pub(super) any_parts: bool,
    /// How long its JSON is, where tensors stand behind it, and which list names them.
    pub(super) head: Option<(usize, &'static str)>,
}

/// What a body is.
#[derive(Debug)]
pub(super) enum Reading<'b> {
    /// JSON.
    Json,
    /// Text, judged as one string.
    Text,
    /// A form.
    Form,
    /// A form of several parts.
    Parts(Box<FormData<'b>>),
    /// JSON with tensors behind it.
    Tensors(Box<Tensors<'b>>),
    /// Bytes of that kind; whether they are judged as text as well.
    Bytes(MediaKind, bool),
}

impl<'b> Reading<'b> {
    /// Reads a body, and gives its JSON, the text of that, and what it is to `act`.
    ///
    /// # Errors
    /// [`Refused`] when it cannot be read.
    pub(super) fn read<T>(
        body: &'b [u8],
        given: Given<'_>,
        limits: JsonLimits,
        act: impl FnOnce(&Json<'_>, &[u8], &Self) -> T,
    ) -> Result<T, Refused> {
        let malformed = |problem: String| Refused::new(RefusalKind::Malformed, problem);
        if let Some((head, list)) = given.head {
            let tensors =
                Tensors::of(body, head, list, limits).map_err(|error| malformed(error.to_string()))?;
            let document = tensors.document.clone();
            let json = Json::read(&document, limits)
                .map_err(|error| malformed(format!("the tensors behind the body: {error}")))?;
            return Ok(act(&json, &document, &Self::Tensors(Box::new(tensors))));
        }
        let error = match Json::read(body, limits) {
            Ok(json) => return Ok(act(&json, body, &Self::Json)),
            Err(error) => error,
        };
        if given.any_parts && FormData::is_kind(given.kind) {
            let parts =
                FormData::of(given.kind, body, limits).map_err(|error| malformed(error.to_string()))?;
            let document = parts.document.clone();
            let json = Json::read(&document, limits)
                .map_err(|error| malformed(format!("what the parts of the form hold: {error}")))?;
            return Ok(act(&json, &document, &Self::Parts(Box::new(parts))));
        }
        let (document, reading) =
            Self::other(body, given).ok_or_else(|| malformed(format!("the body is no JSON: {error}")))?;
        let json = Json::read(&document, limits)
            .map_err(|error| malformed(format!("the body cannot be read as {}: {error}", reading.name())))?;
        Ok(act(&json, &document, &reading))
    }

    fn other(body: &[u8], given: Given<'_>) -> Option<(Vec<u8>, Self)> {
        let is_form = given.kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded");
        if is_form && given.any_text && body.contains(&b'=') {
            return Some((form(std::str::from_utf8(body).ok()?), Self::Form));
        }
        let (text, reading) = match std::str::from_utf8(body) {
            Ok(text) if given.any_text => (text.into(), Self::Text),
            Err(_) if given.any_bytes => {
                let (text, _) = shown(body);
                let is_judged = !text.is_empty();
                (text, Self::Bytes(MediaKind::of(given.kind), is_judged))
            }
            _ => return None,
        };
        let mut document = Vec::with_capacity(text.len().saturating_add(2));
        quoted(&text, &mut document);
        Some((document, reading))
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Text => "text",
            Self::Form => "a form",
            Self::Parts(_) => "a form of several parts",
            Self::Tensors(_) => "tensors",
            Self::Bytes(..) => "bytes",
        }
    }

    /// Whether it is no JSON of the protocol, so that nothing in it has a place of its own there.
    pub(super) fn is_foreign(&self) -> bool {
        !matches!(self, Self::Json | Self::Tensors(_))
    }

    /// Tells what of it is no text.
    pub(super) fn tell(&self, exchange: &mut Exchange<'_>) {
        let (kind, count) = match self {
            Self::Tensors(tensors) if tensors.files > 0 => (MediaKind::File, tensors.files),
            Self::Bytes(kind, _) => (*kind, 1),
            Self::Parts(parts) => return parts.tell(exchange),
            _ => return,
        };
        exchange.media.push(Media { kind, pointer: String::new(), count });
    }

    /// The body of a document that was changed, and how long its JSON is where tensors stand behind it; none where it cannot be put together.
    pub(super) fn written(&self, changed: Vec<u8>, limits: JsonLimits) -> Option<(Vec<u8>, Option<usize>)> {
        match self {
            Self::Json => Some((changed, None)),
            Self::Text | Self::Bytes(_, true) => {
                let text = std::str::from_utf8(&changed).ok()?;
                Some((unquoted(text).into_owned().into_bytes(), None))
            }
            Self::Form => Some((form_of(&Json::read(&changed, limits).ok()?), None)),
            Self::Parts(parts) => parts.written(&changed, limits).map(|body| (body, None)),
            Self::Tensors(tensors) => {
                tensors.written(&changed, limits).map(|(body, head)| (body, Some(head)))
            }
            Self::Bytes(_, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The document of a body, and the body of that document with `a` in the place of `b`.
    fn of(kind: &str, body: &[u8]) -> Result<(String, Option<Vec<u8>>), String> {
        let given = Given { kind, any_text: true, any_bytes: true, any_parts: true, head: None };
        let limits = JsonLimits::default();
        Reading::read(body, given, limits, |_, document, reading| {
            let document = String::from_utf8(document.to_vec()).unwrap();
            let changed = document.replace('b', "a").into_bytes();
            let written = reading.written(changed, limits).map(|(body, _)| body);
            (document, written)
        })
        .map_err(|refused| refused.message)
    }

    #[test]
    fn every_body_is_judged_as_what_it_is_and_goes_back_as_that() {
        let good = |kind: &str, body: &[u8]| of(kind, body).unwrap();
        assert_eq!(good("", b"[\"b\"]"), ("[\"b\"]".to_owned(), Some(b"[\"a\"]".to_vec())));
        assert_eq!(good("text/plain", b"b \"c\""), ("\"b \\\"c\\\"\"".to_owned(), Some(b"a \"c\"".to_vec())));
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        assert_eq!(
            good(form, b"data=to+b&x&%C3%A9=1%262"),
            (
                r#"{"data":"to b","x":"","é":"1&2"}"#.to_owned(),
                Some(b"dataa=".to_vec()).map(|_| "data=to+a&x=&%C3%A9=1%262".into())
            )
        );
        let picture = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01";
        assert_eq!(good("image/jpeg", picture), ("\"\"".to_owned(), None));
        let nearly = b"one bad letter \xff in all of this, no more";
        assert!(good("", nearly).0.contains("one bad letter"));
    }
}
