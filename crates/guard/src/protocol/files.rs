//! What of a body is a picture, a sound, a film or another file: in it, or elsewhere and referred to.
//!
//! Source: RFC 2397 (addresses of the scheme `data`), and the blocks of the protocols themselves.

use super::json::Node;
use super::names::is_base64;
use crate::exchange::MediaKind;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// The kind of what a member refers to that is elsewhere: by an address or by the name of a file that was sent before.
pub(super) fn referred(key: &str, child: Node<'_, '_>) -> Option<MediaKind> {
    const KEYS: [&str; 6] = ["image_url", "video_url", "audio_url", "file_url", "file_id", "source"];
    if !KEYS.contains(&key) {
        return None;
    }
    // Where it is in an object, it stands under `url`, or the object says that it is elsewhere.
    let elsewhere = |node: Node<'_, '_>| node.as_str().is_some_and(|text| data_kind(&text).is_none());
    let is_referred = match key {
        "source" => {
            child.get("type").and_then(Node::as_str).is_some_and(|kind| matches!(&*kind, "url" | "file"))
        }
        _ => elsewhere(child) || child.all("url").any(elsewhere),
    };
    is_referred.then(|| MediaKind::of(key))
}

/// The kind of a string that is a picture, a sound or another file in base64 and no text: an address of the scheme `data` (RFC 2397),
/// all of it.
pub(super) fn data_kind(text: &str) -> Option<MediaKind> {
    const FILES: [&str; 7] = [
        "image/",
        "audio/",
        "video/",
        "application/pdf",
        "application/octet-stream",
        "application/zip",
        "application/vnd.",
    ];
    if !text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) {
        return None;
    }
    let (head, data) = text.split_once(',')?;
    let head = head.to_ascii_lowercase();
    let kind = head.strip_prefix("data:").and_then(|head| head.strip_suffix(";base64"))?;
    let is_file = FILES.iter().any(|file| kind.starts_with(file)) && !is_written(kind) && is_base64(data);
    (is_file && !is_text(data)).then(|| MediaKind::of(kind))
}

/// Whether what base64 says begins as a text does, whatever it is called. A file of Adobe's begins so, and goes on otherwise.
pub(super) fn is_text(data: &str) -> bool {
    /// Signs that are looked at, of four each; and fewest bytes that say something.
    const HEAD: usize = 1 << 10;
    const LEAST: usize = 16;
    let head = data.get(..data.len().min(HEAD)).unwrap_or_default();
    let Ok(said) = STANDARD_NO_PAD.decode(head.trim_end_matches('=')) else { return false };
    let said = match std::str::from_utf8(&said) {
        Ok(text) => text,
        // The last character may be cut.
        Err(error) if error.error_len().is_none() => said
            .get(..error.valid_up_to())
            .and_then(|said| std::str::from_utf8(said).ok())
            .unwrap_or_default(),
        Err(_) => return false,
    };
    said.len() >= LEAST
        && !said.starts_with("%PDF")
        && !said.chars().any(|one| one.is_control() && !one.is_whitespace())
}

/// Whether a media type is that of a text, whatever it belongs to.
fn is_written(kind: &str) -> bool {
    kind.starts_with("text/")
        || ["xml", "json", "html", "script", "yaml"].iter().any(|form| kind.contains(form))
}

/// The kind of an object's data, as it says of itself.
pub(super) fn kind_of(node: Node<'_, '_>) -> MediaKind {
    let named = ["media_type", "mimeType", "type", "format"].into_iter().flat_map(|name| node.all(name));
    let kinds = named.filter_map(Node::as_str).map(|name| MediaKind::of(&name));
    kinds.filter(|kind| *kind != MediaKind::File).min().unwrap_or(MediaKind::File)
}

/// Whether an object says of itself that its data are no text.
pub(super) fn is_binary(node: Node<'_, '_>) -> bool {
    let is = |name, words: &[&str]| {
        node.get(name)
            .and_then(Node::as_str)
            .is_some_and(|value| words.iter().any(|word| value.starts_with(word)))
    };
    let written = |name| {
        node.get(name).and_then(Node::as_str).is_some_and(|kind| is_written(&kind.to_ascii_lowercase()))
    };
    if written("media_type") || written("mimeType") {
        return false;
    }
    is("type", &["base64", "image", "audio", "input_image", "input_audio", "input_file"])
        || is("media_type", &["image/", "audio/", "video/", "application/pdf"])
        || is("mimeType", &["image/", "audio/", "video/", "application/octet"])
        || node.get("format").and_then(Node::as_str).is_some_and(|format| matches!(&*format, "wav" | "mp3"))
}
