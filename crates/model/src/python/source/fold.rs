//! What is known of a Python value without running anything.

use flate2::read::ZlibDecoder;
use std::io::Read as _;

/// Longest text or bytes folded.
const MOST_BYTES: usize = 1 << 20;
/// Most list items folded.
const MOST_ITEMS: usize = 65_536;

/// The abstract value of one expression, and where it comes from.
#[derive(Debug, Clone, Default)]
pub(super) struct Value {
    pub(super) known: Known,
    /// Came out of a decoder, decompressor or unmarshaller.
    pub(super) decoded: bool,
    /// Came from the network.
    pub(super) downloaded: bool,
    /// Holds a credential or the whole environment.
    pub(super) secret: bool,
}

/// What a value is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Known {
    #[default]
    Nothing,
    Text(String),
    Bytes(Vec<u8>),
    Integer(i64),
    Items(Vec<Known>),
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
        self.secret |= other.secret;
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
            secret: self.secret,
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
            Self::Items(items) => Some(items.clone()),
            Self::Text(text) => {
                Some(text.chars().take(MOST_ITEMS).map(|c| Self::Text(c.to_string())).collect())
            }
            Self::Bytes(bytes) => {
                Some(bytes.iter().take(MOST_ITEMS).map(|&b| Self::Integer(i64::from(b))).collect())
            }
            _ => None,
        }
    }

    fn bounded(self) -> Self {
        let size = match &self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Items(items) => items.len(),
            _ => 0,
        };
        if size > MOST_BYTES { Self::Nothing } else { self }
    }
}

/// `left + right`
pub(super) fn add(left: &Known, right: &Known) -> Known {
    match (left, right) {
        (Known::Text(a), Known::Text(b)) => Known::Text([a.as_str(), b].concat()),
        (Known::Bytes(a), Known::Bytes(b)) => Known::Bytes([a.as_slice(), b].concat()),
        (Known::Integer(a), Known::Integer(b)) => a.checked_add(*b).map_or(Known::Nothing, Known::Integer),
        (Known::Items(a), Known::Items(b)) if a.len() < MOST_ITEMS => {
            Known::Items([a.as_slice(), b].concat())
        }
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
        Known::Items(items) => items.clone(),
        other => vec![other.clone()],
    };
    let mut values = values.iter();
    let mut shown = String::new();
    let mut letters = template.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            shown.push(letter);
            continue;
        }
        let piece = match letters.next() {
            Some('%') => Some("%".to_owned()),
            Some('c') => {
                values.next().and_then(|value| character(value).or_else(|| value.text().map(str::to_owned)))
            }
            Some('s' | 'd' | 'i' | 'r') => values.next().and_then(spelling),
            _ => None,
        };
        match piece {
            Some(piece) => shown.push_str(&piece),
            None => return Known::Nothing,
        }
    }
    Known::Text(shown).bounded()
}

/// `template.format(*values)` for `{}`, `{0}` and names.
pub(super) fn format(template: &str, values: &[Known], named: &[(String, Known)]) -> Known {
    let mut shown = String::new();
    let mut next = 0usize;
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest.get(open..).and_then(|rest| rest.find('}')) else { return Known::Nothing };
        let close = open.saturating_add(close);
        shown.push_str(rest.get(..open).unwrap_or_default());
        let field = rest.get(open.saturating_add(1)..close).unwrap_or_default();
        let name = field.split(['!', ':']).next().unwrap_or_default();
        let value = if name.is_empty() {
            next = next.saturating_add(1);
            values.get(next.saturating_sub(1))
        } else if let Ok(index) = name.parse::<usize>() {
            values.get(index)
        } else {
            named.iter().find(|(known, _)| known == name).map(|(_, value)| value)
        };
        let piece =
            value.and_then(|value| if field.ends_with(":c") { character(value) } else { spelling(value) });
        match piece {
            Some(piece) => shown.push_str(&piece),
            None => return Known::Nothing,
        }
        rest = rest.get(close.saturating_add(1)..).unwrap_or_default();
    }
    shown.push_str(rest);
    Known::Text(shown).bounded()
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
    let Some(items) = value.items() else { return Known::Nothing };
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let clamp = |bound: i64, low: i64, high: i64| {
        (if bound < 0 { bound.saturating_add(length) } else { bound }).clamp(low, high)
    };
    let pick = |at: i64| usize::try_from(at).ok().and_then(|at| items.get(at)).cloned();
    let mut taken = Vec::new();
    if step > 0 {
        let mut at = clamp(start.unwrap_or(0), 0, length);
        let end = clamp(end.unwrap_or(length), 0, length);
        while at < end {
            taken.extend(pick(at));
            at = at.saturating_add(step);
        }
    } else if step < 0 {
        let mut at =
            start.map_or(length.saturating_sub(1), |start| clamp(start, -1, length.saturating_sub(1)));
        let end = end.map_or(-1, |end| clamp(end, -1, length));
        while at > end {
            taken.extend(pick(at));
            at = at.saturating_add(step);
        }
    }
    match value {
        Known::Text(_) => Known::Text(taken.iter().filter_map(Known::text).collect()),
        Known::Bytes(_) => Known::Bytes(
            taken.iter().filter_map(Known::integer).filter_map(|b| u8::try_from(b).ok()).collect(),
        ),
        _ => Known::Items(taken),
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

fn spelling(value: &Known) -> Option<String> {
    match value {
        Known::Text(text) => Some(text.clone()),
        Known::Integer(value) => Some(value.to_string()),
        _ => None,
    }
}

/// What the decoder at `path` makes of `input`; `None` when it is no decoder.
pub(super) fn decode(path: &str, input: &Known, codec: Option<&str>) -> Option<Known> {
    let bytes = input.bytes();
    let plain = |bytes: Option<Vec<u8>>| bytes.map_or(Known::Nothing, Known::Bytes);
    Some(match path {
        "base64.b64decode"
        | "base64.standard_b64decode"
        | "base64.urlsafe_b64decode"
        | "base64.decodebytes"
        | "base64.decodestring"
        | "binascii.a2b_base64" => plain(bytes.and_then(|bytes| base64(&bytes))),
        "base64.b16decode"
        | "binascii.unhexlify"
        | "binascii.a2b_hex"
        | "builtins.bytes.fromhex"
        | "builtins.bytearray.fromhex" => plain(bytes.and_then(|bytes| hex(&bytes))),
        "base64.b32decode"
        | "base64.b85decode"
        | "base64.a85decode"
        | "binascii.a2b_uu"
        | "lzma.decompress"
        | "bz2.decompress"
        | "gzip.decompress"
        | "marshal.loads"
        | "marshal.load"
        | "cryptography.fernet.Fernet.decrypt" => Known::Nothing,
        "zlib.decompress" => plain(bytes.and_then(|bytes| inflate(&bytes))),
        "codecs.decode" | "codecs.getdecoder" => match codec.unwrap_or_default() {
            "rot13" | "rot_13" | "rot-13" => {
                input.text().map_or(Known::Nothing, |text| Known::Text(rot13(text)))
            }
            "hex" | "hex_codec" => plain(bytes.and_then(|bytes| hex(&bytes))),
            "base64" | "base64_codec" => plain(bytes.and_then(|bytes| base64(&bytes))),
            "zlib" | "zip" | "zlib_codec" => plain(bytes.and_then(|bytes| inflate(&bytes))),
            _ => bytes
                .map_or(Known::Nothing, |bytes| Known::Text(String::from_utf8_lossy(&bytes).into_owned())),
        },
        _ => return None,
    })
}

fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bits = 0u32;
    let mut count = 0u32;
    let mut bytes = Vec::with_capacity(text.len());
    for &letter in text {
        let six = match letter {
            b'A'..=b'Z' => letter.wrapping_sub(b'A'),
            b'a'..=b'z' => letter.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => letter.wrapping_sub(b'0').wrapping_add(52),
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' | b'\n' | b'\r' | b' ' => continue,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        count = count.saturating_add(6);
        if count >= 8 {
            count = count.saturating_sub(8);
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}

fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.iter().filter(|byte| !byte.is_ascii_whitespace()).copied().collect();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
            _ => None,
        })
        .collect()
}

fn inflate(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    ZlibDecoder::new(bytes).take(MOST_BYTES as u64).read_to_end(&mut out).ok()?;
    Some(out)
}

fn rot13(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            'a'..='m' | 'A'..='M' => char::from_u32(u32::from(c).wrapping_add(13)).unwrap_or(c),
            'n'..='z' | 'N'..='Z' => char::from_u32(u32::from(c).wrapping_sub(13)).unwrap_or(c),
            _ => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(percent("%s%c", &Known::Items(vec![text("o"), Known::Integer(115)])), text("os"));
        assert_eq!(format("{}{0}", &[text("a")], &[]), text("aa"));
        assert_eq!(join(&text(""), &Known::Items(vec![text("o"), text("s")])), text("os"));
    }
}
