//! Headers on their way: those of one connection stay with it, the others pass as they are.
//!
//! Source: RFC 9110, section 7.6.1.

use hyper::HeaderMap;
use hyper::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, ETAG, EXPECT, HOST,
    HeaderName, HeaderValue, IF_RANGE, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, RANGE, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};

/// Says which decision an answer came with.
pub(super) const DECISION: HeaderName = HeaderName::from_static("bartizan-decision");

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const TENSORS: HeaderName = HeaderName::from_static("inference-header-content-length");
const AZURE_KEY: HeaderName = HeaderName::from_static("api-key");
/// Digests of a body, wrong once it is changed.
const DIGESTS: [HeaderName; 4] = [
    ETAG,
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-digest"),
];

/// What of a message's headers goes on: all but those of the connection, and those that it names as such.
pub(super) fn onward(headers: &HeaderMap) -> HeaderMap {
    let mut hops: Vec<HeaderName> = Vec::new();
    for value in headers.get_all(CONNECTION) {
        let names = value.to_str().unwrap_or_default().split(',');
        hops.extend(names.filter_map(|name| name.trim().parse::<HeaderName>().ok()));
    }
    let mut out = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let is_ours = [
            CONNECTION,
            KEEP_ALIVE,
            PROXY_CONNECTION,
            PROXY_AUTHENTICATE,
            PROXY_AUTHORIZATION,
            TE,
            TRAILER,
            TRANSFER_ENCODING,
            UPGRADE,
            CONTENT_LENGTH,
        ]
        .contains(name);
        if !is_ours && !hops.contains(name) {
            out.append(name.clone(), value.clone());
        }
    }
    out
}

/// The headers of a request to an upstream.
pub(super) fn to_upstream(
    headers: &HeaderMap,
    credential: Option<&(HeaderName, HeaderValue)>,
    keys_are_ours: bool,
    judged: bool,
) -> HeaderMap {
    let mut out = onward(headers);
    out.remove(HOST);
    out.remove(EXPECT);
    if judged {
        // What cannot be read, and read as a whole, cannot be judged.
        out.remove(RANGE);
        out.remove(IF_RANGE);
        out.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    if keys_are_ours || credential.is_some() {
        for known in [AUTHORIZATION, API_KEY, AZURE_KEY] {
            out.remove(known);
        }
    }
    if let Some((name, value)) = credential {
        out.insert(name.clone(), value.clone());
    }
    out
}

/// How long the JSON of a body is that has tensors behind it (KServe's extension for binary data); one that cannot be is longer than any.
pub(super) fn head_of_tensors(headers: &HeaderMap) -> Option<usize> {
    let mut values = headers.get_all(TENSORS).iter();
    let length = values.next()?.to_str().ok().and_then(|text| text.trim().parse().ok());
    Some(length.filter(|_| values.next().is_none()).unwrap_or(usize::MAX))
}

/// Takes away what is no longer true of a body that was changed, and says how long its JSON is where tensors stand behind it.
pub(super) fn changed(headers: &mut HeaderMap, head: Option<usize>) {
    if let Some(head) = head {
        headers.insert(TENSORS, HeaderValue::from(head));
    }
    headers.remove(CONTENT_ENCODING);
    for name in DIGESTS {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn headers_of_the_connection_stay_and_the_rest_passes() {
        let out = onward(&headers(&[
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("transfer-encoding", "chunked"),
            ("content-length", "3"),
            ("x-odd", "\u{e9} a, b"),
            ("authorization", "Bearer k"),
        ]));
        let names: Vec<_> = out.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["x-odd", "authorization"]);
        assert_eq!(out.get("x-odd").unwrap().as_bytes(), "\u{e9} a, b".as_bytes());
    }

    #[test]
    fn our_credential_takes_the_place_of_the_clients() {
        let given = headers(&[("authorization", "Bearer client"), ("x-api-key", "client"), ("host", "us")]);
        let ours = (API_KEY, HeaderValue::from_static("ours"));
        let out = to_upstream(&given, Some(&ours), false, true);
        assert_eq!(out.get("x-api-key").unwrap(), "ours");
        assert!(!out.contains_key(AUTHORIZATION) && !out.contains_key(HOST));
        assert_eq!(out.get(ACCEPT_ENCODING).unwrap(), "identity");
        let part = headers(&[("range", "bytes=0-9"), ("if-range", "x")]);
        assert!(!to_upstream(&part, None, false, true).contains_key(RANGE));
        assert!(to_upstream(&part, None, false, false).contains_key(RANGE));
        assert_eq!(to_upstream(&given, None, false, false).get(AUTHORIZATION).unwrap(), "Bearer client");
        assert!(!to_upstream(&given, None, true, false).contains_key(AUTHORIZATION));
    }
}
