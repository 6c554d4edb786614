//! Payloads inside the strings of a pickle: raw, base64, hexadecimal, compressed, several layers deep.
//!
//! [`is_candidate`] looks at the first bytes only, so that tens of millions of strings cost next to nothing; what it
//! lets through is decoded within limits and scanned as a member of its own.

use super::format::PICKLE;
use super::judge::{Payload, PayloadData, Purpose};
use super::rules::NESTED;
use super::stream::is_plausible;
use crate::Scan;
use crate::python::marshal::{self, Setting};
use crate::python::source;
use crate::python::strings::codecs::{self, Wrapper};
use bartizan_core::{Finding, Location, Severity};
use std::borrow::Cow;

/// Shortest string looked at, in bytes: the shortest pickle that does harm, `cos\nsystem\n(S'w'\ntR.`, is longer.
pub(super) const SHORTEST: usize = 16;

/// Whether `data` begin like something to scan on its own.
pub(super) fn is_candidate(data: &[u8]) -> bool {
    match data.first() {
        Some(_) if magic(data).is_some() => true,
        Some(b'c' | b'i' | b'(' | b']' | b'}') if is_text_pickle(data) => true,
        // Only a text byte can begin an encoding.
        Some(first) if first.is_ascii_alphanumeric() => {
            decoded_head(data).is_some_and(|head| magic(&head).is_some() || is_text_pickle_head(&head))
        }
        _ => false,
    }
}

/// What the first bytes are the magic of.
fn magic(data: &[u8]) -> Option<Magic> {
    Some(match data {
        [0x80, 2..=5, ..] => Magic::Pickle,
        [0x1f, 0x8b, 8, ..] => Magic::Gzip,
        [b'x', 0x01 | 0x5e | 0x9c | 0xda, ..] => Magic::Zlib,
        [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', b'Y', ..]
        | [0xfd, b'7', b'z', b'X', b'Z', 0, ..]
        | [b'P', b'K', 3, 4, ..]
        | [0x7f, b'E', b'L', b'F', ..]
        | [b'M', b'Z', 0x90 | 0x78 | 0x80, 0, ..] => Magic::File,
        [0xe3, ..] => Magic::Marshal,
        _ => return None,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Magic {
    Pickle,
    Gzip,
    Zlib,
    File,
    Marshal,
}

/// Whether `data` are a pickle of protocol 0 or 1 that imports something.
fn is_text_pickle(data: &[u8]) -> bool {
    is_text_pickle_head(data) && is_plausible(data, 0)
}

/// Whether a protocol 0 pickle that imports something could begin like this.
fn is_text_pickle_head(head: &[u8]) -> bool {
    let head = match head {
        [b'(' | b']' | b'}', rest @ ..] => rest,
        head => head,
    };
    let Some((&(b'c' | b'i'), name)) = head.split_first() else { return false };
    let length =
        name.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')).count();
    length > 0 && name.get(length).is_none_or(|&byte| byte == b'\n') && name.len() > 2
}

/// The first bytes of what base64 or hexadecimal text decodes to.
fn decoded_head(data: &[u8]) -> Option<Vec<u8>> {
    let head = data.get(..HEAD)?;
    if head.iter().all(u8::is_ascii_hexdigit)
        && let Some(bytes) = codecs::hex(head)
        && (magic(&bytes).is_some() || is_text_pickle_head(&bytes))
    {
        return Some(bytes);
    }
    codecs::base64(head)
}

/// Looks into `payload` of the stream `bytes`.
pub(super) fn inspect(bytes: &[u8], payload: &Payload, scan: &mut Scan<'_>) {
    let data: &[u8] = match &payload.data {
        PayloadData::InStream(length) => {
            let start = payload.place as usize;
            let end = start.saturating_add(usize::try_from(*length).unwrap_or(usize::MAX)).min(bytes.len());
            bytes.get(start..end).unwrap_or_default()
        }
        PayloadData::Owned(data) => data,
    };
    let place = Location { offset: Some(payload.place), ..Location::default() };
    match payload.purpose {
        Purpose::Source => {
            if let Ok(text) = std::str::from_utf8(data) {
                source::inspect(text, source::Role::Embedded, &place, scan);
            }
            open(data, payload.place, false, scan);
        }
        Purpose::Marshal => {
            marshal::inspect(data, &place, scan);
        }
        Purpose::Function => {
            marshal::inspect_in(data, Setting::Function, &place, scan);
        }
        Purpose::CalledFunction => {
            marshal::inspect_in(data, Setting::Payload, &place, scan);
        }
        Purpose::Pickle => {
            if magic(data) == Some(Magic::Pickle) || (magic(data).is_none() && is_plausible(data, 0)) {
                let name = format!("pickle in a string at {:#x}", payload.place);
                scan.member_as(&PICKLE, &name, data);
            } else {
                open(data, payload.place, true, scan);
            }
        }
        Purpose::Data => open(data, payload.place, true, scan),
    }
}

/// Takes layers off `data` until something recognisable appears, and scans that.
fn open(data: &[u8], place: u64, reports: bool, scan: &mut Scan<'_>) {
    let mut layers: Vec<&'static str> = Vec::new();
    let mut data = Cow::Borrowed(data);
    let limit = usize::try_from(scan.limits().member_bytes).unwrap_or(usize::MAX).min(LAYER_BYTES);
    for _ in 0..scan.limits().depth {
        let next = match magic(&data) {
            Some(Magic::Gzip) => codecs::inflate(&data, Wrapper::Gzip, limit).map(|bytes| ("gzip", bytes)),
            Some(Magic::Zlib) => codecs::inflate(&data, Wrapper::Zlib, limit).map(|bytes| ("zlib", bytes)),
            Some(Magic::Marshal) => {
                let location = Location { offset: Some(place), ..Location::default() };
                marshal::inspect(&data, &location, scan);
                return;
            }
            Some(Magic::Pickle) => {
                if is_plausible(&data, 0) {
                    member(&layers, &data, place, reports, scan);
                    return;
                }
                None
            }
            Some(Magic::File) => {
                member(&layers, &data, place, reports, scan);
                return;
            }
            None if is_text_pickle(&data) => {
                member(&layers, &data, place, reports, scan);
                return;
            }
            None => decode(&data),
        };
        let Some((layer, bytes)) = next else { return };
        if !scan.expand(bytes.len() as u64) {
            return;
        }
        layers.push(layer);
        data = Cow::Owned(bytes);
    }
    if is_candidate(&data) {
        scan.gap(place, "a string is encoded in more layers than --max-depth allows");
    }
}

fn decode(data: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let capped = data.get(..LAYER_BYTES).unwrap_or(data);
    let head = capped.get(..HEAD)?;
    if head.iter().all(u8::is_ascii_hexdigit)
        && let Some(bytes) = codecs::hex(capped.trim_ascii_end())
        && is_candidate(&bytes)
    {
        return Some(("hexadecimal", bytes));
    }
    let head = codecs::base64(head)?;
    if magic(&head).is_none() && !is_text_pickle_head(&head) && codecs::base64(&head).is_none() {
        return None;
    }
    codecs::base64(capped).filter(|bytes| is_candidate(bytes)).map(|bytes| ("base64", bytes))
}

fn member(layers: &[&str], data: &[u8], place: u64, reports: bool, scan: &mut Scan<'_>) {
    let is_pickle = !matches!(magic(data), Some(Magic::File));
    let sort = if is_pickle { "pickle" } else { "file" };
    let wrapped =
        if layers.is_empty() { String::new() } else { format!(", wrapped in {}", layers.join(" in ")) };
    if reports {
        let severity = if layers.is_empty() { Severity::Low } else { Severity::Medium };
        scan.report(
            Finding::new(&NESTED, format!("A string holds a {sort} of its own{wrapped}."))
                .severity(severity)
                .at(place),
        );
    }
    let name = format!("{sort} in a string at {place:#x}");
    if is_pickle {
        scan.member_as(&PICKLE, &name, data);
    } else {
        scan.member(&name, data);
    }
}

/// Bytes of encoded text that are enough to know what is encoded.
const HEAD: usize = 16;
/// Most bytes of one layer.
const LAYER_BYTES: usize = 256 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_and_raw_pickles_are_candidates_and_words_are_not() {
        assert!(is_candidate(b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x02os"));
        assert!(is_candidate(b"gASVHQAAAAAAAACMBXBvc2l4lIwGc3lzdGVt"));
        assert!(is_candidate(b"80049510000000000000008c026f73"));
        assert!(is_candidate(b"cos\nsystem\n(S'id'\ntR."));
        assert!(!is_candidate(b"classification report of the model"));
        assert!(!is_candidate(b"model.layers.0.self_attn.q_proj.weight"));
    }
}
