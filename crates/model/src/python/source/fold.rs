//! What is known of a Python value without running anything.

use crate::python::strings::{self, Argument, Folded, MOST_BYTES, codecs, formatted, interpolated};
use std::sync::Arc;

/// Most list items folded.
const MOST_ITEMS: usize = 65_536;
/// Most values within one, however often each is in it, and how deep they lie.
const MOST_NODES: usize = MOST_ITEMS * 2;
const DEEPEST: usize = 32;

/// The abstract value of one expression, and where it comes from.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about where a value comes from")]
pub(super) struct Value {
    pub(super) known: Known,
    /// Came out of a decoder, decompressor or unmarshaller.
    pub(super) decoded: bool,
    /// Came from the network.
    pub(super) downloaded: bool,
    /// A function or module got at by a look-up that hides its name from a reader: `__import__`, `getattr`.
    pub(super) disguised: bool,
    /// Holds a file of credentials or the whole environment.
    pub(super) secret: bool,
    /// Holds the variable of the environment of this name, which speaks of a credential.
    pub(super) credential: Option<String>,
}

/// What a value is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Known {
    #[default]
    Nothing,
    Text(String),
    Bytes(Vec<u8>),
    Integer(i64),
    Items(Arc<[Known]>),
    /// A module, class or function by its full path: `os.system`, `builtins.eval`.
    Path(String),
    /// A function made from another: calling it calls that one.
    Getter(String),
}

impl From<Known> for Value {
    fn from(known: Known) -> Self {
        Self { known, ..Self::default() }
    }
}

impl Value {
    pub(super) fn path(&self) -> Option<&str> {
        match &self.known {
            Known::Path(path) => Some(path),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        self.known.text()
    }

    /// Where this and `other` come from, taken together; what it is, is not known.
    pub(super) fn with(mut self, other: &Self) -> Self {
        self.decoded |= other.decoded;
        self.downloaded |= other.downloaded;
        self.disguised |= other.disguised;
        self.secret |= other.secret;
        if self.credential.is_none() {
            self.credential.clone_from(&other.credential);
        }
        self
    }

    /// As where it comes from, with another content.
    pub(super) fn but(&self, known: Known) -> Self {
        Self { known, ..self.clone_sources() }
    }

    pub(super) fn clone_sources(&self) -> Self {
        Self {
            known: Known::Nothing,
            decoded: self.decoded,
            downloaded: self.downloaded,
            disguised: self.disguised,
            secret: self.secret,
            credential: self.credential.clone(),
        }
    }
}

impl Known {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Some(bytes.clone()),
            Self::Text(text) => Some(text.as_bytes().to_vec()),
            _ => None,
        }
    }

    /// The items of a list, or the characters or bytes of a text.
    pub(super) fn items(&self) -> Option<Vec<Self>> {
        match self {
            Self::Items(items) => Some(items.to_vec()),
            Self::Text(text) => {
                Some(text.chars().take(MOST_ITEMS).map(|c| Self::Text(c.to_string())).collect())
            }
            Self::Bytes(bytes) => {
                Some(bytes.iter().take(MOST_ITEMS).map(|&b| Self::Integer(i64::from(b))).collect())
            }
            _ => None,
        }
    }

    fn argument(&self) -> Option<Argument<'_>> {
        match self {
            Self::Text(text) => Some(Argument::Text(text.into())),
            Self::Integer(value) => Some(Argument::Integer(*value)),
            _ => None,
        }
    }

    /// A list; not known when there is too much in it. Each line may double what a name holds (`d = [d, d]`).
    pub(super) fn list(items: Vec<Self>) -> Self {
        Self::Items(items.into()).bounded()
    }

    fn bounded(self) -> Self {
        let size = match &self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        if size > MOST_BYTES || !self.fits(&mut MOST_NODES.clone(), 0) { Self::Nothing } else { self }
    }

    fn fits(&self, left: &mut usize, depth: usize) -> bool {
        let Some(rest) = left.checked_sub(1).filter(|_| depth <= DEEPEST) else { return false };
        *left = rest;
        match self {
            Self::Items(items) => items.iter().all(|item| item.fits(left, depth.saturating_add(1))),
            _ => true,
        }
    }
}

/// `left + right`
pub(super) fn add(left: &Known, right: &Known) -> Known {
    match (left, right) {
        (Known::Text(a), Known::Text(b)) => Known::Text([a.as_str(), b].concat()),
        (Known::Bytes(a), Known::Bytes(b)) => Known::Bytes([a.as_slice(), b].concat()),
        (Known::Integer(a), Known::Integer(b)) => a.checked_add(*b).map_or(Known::Nothing, Known::Integer),
        (Known::Items(a), Known::Items(b)) if a.len() < MOST_ITEMS => Known::Items([&**a, b].concat().into()),
        _ => Known::Nothing,
    }
    .bounded()
}

/// `left * right`
pub(super) fn multiply(left: &Known, right: &Known) -> Known {
    match (left, right) {
        (Known::Text(text), Known::Integer(count)) | (Known::Integer(count), Known::Text(text)) => {
            let count = usize::try_from(*count).unwrap_or(0);
            if text.len().saturating_mul(count) > MOST_BYTES {
                Known::Nothing
            } else {
                Known::Text(text.repeat(count))
            }
        }
        (Known::Integer(a), Known::Integer(b)) => a.checked_mul(*b).map_or(Known::Nothing, Known::Integer),
        _ => Known::Nothing,
    }
}

/// `template % value`
pub(super) fn percent(template: &str, value: &Known) -> Known {
    let values = match value {
        Known::Items(items) => items.iter().map(Known::argument).collect(),
        other => vec![other.argument()],
    };
    interpolated(template, &values).map_or(Known::Nothing, Known::Text)
}

/// `template.format(*values, **named)`
pub(super) fn format(template: &str, values: &[Known], named: &[(String, Known)]) -> Known {
    let values: Vec<_> = values.iter().map(Known::argument).collect();
    let named: Vec<_> = named.iter().map(|(name, value)| (name.as_str(), value.argument())).collect();
    formatted(template, &values, &named).map_or(Known::Nothing, Known::Text).bounded()
}

/// `separator.join(items)`
pub(super) fn join(separator: &Known, items: &Known) -> Known {
    let Some(items) = items.items() else { return Known::Nothing };
    match separator {
        Known::Text(separator) => {
            let parts: Option<Vec<&str>> = items.iter().map(Known::text).collect();
            parts.map_or(Known::Nothing, |parts| Known::Text(parts.join(separator))).bounded()
        }
        Known::Bytes(separator) => {
            let parts: Option<Vec<Vec<u8>>> = items.iter().map(Known::bytes).collect();
            parts.map_or(Known::Nothing, |parts| Known::Bytes(parts.join(separator.as_slice()))).bounded()
        }
        _ => Known::Nothing,
    }
}

/// `value[start:stop:step]`
pub(super) fn slice(value: &Known, start: Option<i64>, end: Option<i64>, step: i64) -> Known {
    let taken = value.items().and_then(|items| strings::slice(&items, start, end, Some(step)));
    let Some(taken) = taken else { return Known::Nothing };
    match value {
        Known::Text(_) => Known::Text(taken.iter().filter_map(Known::text).collect()),
        Known::Bytes(_) => Known::Bytes(
            taken.iter().filter_map(Known::integer).filter_map(|b| u8::try_from(b).ok()).collect(),
        ),
        _ => Known::list(taken),
    }
}

/// `chr(value)`
pub(super) fn character(value: &Known) -> Option<String> {
    value.integer().and_then(|code| u32::try_from(code).ok()).and_then(char::from_u32).map(String::from)
}

/// `bytes(items)`
pub(super) fn byte_string(value: &Known) -> Known {
    let bytes = value.items().and_then(|items| {
        items
            .iter()
            .map(|item| item.integer().and_then(|byte| u8::try_from(byte).ok()))
            .collect::<Option<Vec<u8>>>()
    });
    bytes.map_or(Known::Nothing, Known::Bytes)
}

/// What the decoder at `path` makes of `input`; `None` when it is no decoder.
pub(super) fn decode(path: &str, input: &Known, codec: Option<&str>) -> Option<Known> {
    let codec = match path {
        "codecs.decode" | "codecs.getdecoder" => codec.unwrap_or("utf-8"),
        _ => match codecs::by_function(path) {
            Some(codec) => codec,
            // Decoders whose result is not computed here.
            None if matches!(
                path,
                "base64.a85decode"
                    | "binascii.a2b_uu"
                    | "lzma.decompress"
                    | "marshal.loads"
                    | "marshal.load"
                    | "cryptography.fernet.Fernet.decrypt"
            ) =>
            {
                return Some(Known::Nothing);
            }
            None => return None,
        },
    };
    let given = match input {
        Known::Text(text) => Folded::Text(text.clone()),
        Known::Bytes(bytes) => Folded::Bytes(bytes.clone()),
        _ => return Some(Known::Nothing),
    };
    Some(match codecs::decode(&given, codec) {
        Some(Folded::Text(text)) => Known::Text(text),
        Some(Folded::Bytes(bytes)) => Known::Bytes(bytes),
        None => Known::Nothing,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_holds_itself_many_times_over_is_not_known_beyond_a_size() {
        let mut list = Known::Integer(1);
        for _ in 0..40 {
            list = Known::list(vec![list.clone(), list]);
        }
        assert!(list != Known::Integer(1));
        assert!(
            matches!(Known::list(vec![Known::Integer(7); MOST_ITEMS]), Known::Items(items) if items.len() == MOST_ITEMS)
        );
    }

    #[test]
    fn decoders_give_what_python_gives() {
        let text = |text: &str| Known::Text(text.to_owned());
        assert_eq!(decode("base64.b64decode", &text("aWQ="), None), Some(Known::Bytes(b"id".to_vec())));
        assert_eq!(decode("binascii.unhexlify", &text("6964"), None), Some(Known::Bytes(b"id".to_vec())));
        assert_eq!(decode("codecs.decode", &text("flfgrz"), Some("rot13")), Some(text("system")));
        assert_eq!(decode("os.getcwd", &text("x"), None), None);
    }

    #[test]
    fn strings_fold() {
        let text = |text: &str| Known::Text(text.to_owned());
        assert_eq!(slice(&text("metsys"), None, None, -1), text("system"));
        assert_eq!(percent("%s%c", &Known::list(vec![text("o"), Known::Integer(115)])), text("os"));
        assert_eq!(format("{}{0}", &[text("a")], &[]), text("aa"));
        assert_eq!(join(&text(""), &Known::list(vec![text("o"), text("s")])), text("os"));
    }
}
