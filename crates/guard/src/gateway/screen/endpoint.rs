//! Where a server of tools of the older transport wants to be posted to: the first event of its stream, which is no message.
//!
//! Source: MCP specification, revision 2024-11-05, transport "HTTP with SSE"; the address is relative to the stream's, or of the same origin.

use super::Screen;
use crate::protocol::{Event, Framing, Protocol};
use bytes::Bytes;
use hyper::Uri;

/// Longest address, in bytes.
const LONGEST: usize = 2_048;

impl Screen {
    /// Whether an event says where to post messages. Where nothing else said what is spoken, its stream is one of messages from then on. Of a
    /// whole address only what leads back through here is left.
    pub(super) fn takes_endpoint(&mut self, event: &mut Event) -> bool {
        let may_come = matches!(self.asked.protocol, Protocol::Mcp | Protocol::Json) && self.endpoints == 0;
        if !may_come || event.framing != Framing::Events || event.name() != Some("endpoint") {
            return false;
        }
        let Some(path) = path_of(event.data.trim()) else { return false };
        if path != event.data {
            event.raw = event.with_data(&path);
        }
        self.endpoints = 1;
        self.asked.is_message |= self.asked.protocol == Protocol::Json;
        true
    }
}

/// Path and query of an address, where it is one and nothing else.
fn path_of(address: &str) -> Option<Bytes> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%".contains(&byte);
    if address.is_empty() || address.len() > LONGEST || !address.bytes().all(is_plain) {
        return None;
    }
    // Without a scheme two slashes begin a host.
    let full = if address.starts_with("//") { format!("http:{address}") } else { address.to_owned() };
    let uri: Uri = full.parse().ok()?;
    match uri.scheme_str() {
        Some("http" | "https") => Some(Bytes::from(uri.path_and_query()?.as_str().to_owned())),
        Some(_) => None,
        None => address.starts_with('/').then(|| Bytes::from(address.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn an_address_leads_back_through_the_gateway_or_is_none() {
        for (given, path) in [
            ("/messages/?session_id=0a1b", Some("/messages/?session_id=0a1b")),
            ("http://127.0.0.1:9/messages?s=1", Some("/messages?s=1")),
            ("//evil.example/x", Some("/x")),
            ("ftp://a/b", None),
            ("/\\evil.example", None),
            ("javascript:alert(1)", None),
            ("messages", None),
            ("/a b", None),
            ("", None),
        ] {
            assert_eq!(path_of(given).as_deref(), path.map(str::as_bytes), "{given}");
        }
    }
}
