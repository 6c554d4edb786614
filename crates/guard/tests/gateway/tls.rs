//! TLS on both sides: a gateway that clients reach over it, behind one that reaches it so.

use crate::support::{Guarded, Recorded, json_answer};
use bartizan_guard::gateway::{Plan, Surroundings};
use bartizan_guard::settings::GuardOptions;
use std::io;
use std::path::Path;
use std::sync::Arc;

const CHAT: &str = r#"{"messages":[{"role":"user","content":"hello"}]}"#;

pub(crate) fn pem(kind: &str, der: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n").into_bytes()
}

#[test]
fn requests_pass_over_tls_to_whom_the_roots_vouch_for_and_to_nobody_else() {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = |path: &Path| match path.to_str() {
        Some("own.pem") => Ok(pem("CERTIFICATE", certified.cert.der())),
        Some("own.key") => Ok(pem("PRIVATE KEY", &certified.signing_key.serialize_der())),
        Some("other.pem") => Ok(pem("CERTIFICATE", other.cert.der())),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    let plan = |toml: &str| {
        let options: GuardOptions = toml::from_str(toml).unwrap();
        Plan::new(
            &options,
            &Surroundings {
                files: &files,
                environment: &|_| None,
                roots: &Vec::new,
                digests: Arc::new(|_| Ok(Vec::new())),
            },
        )
        .unwrap()
    };
    let upstream = Recorded::answering(json_answer("{\"choices\":[]}"));
    let inner = Guarded::before("", upstream.address);
    inner.gateway.replan(plan(&format!(
        "tls = {{ certificate = 'own.pem', key = 'own.key' }}\n[[upstream]]\nname = 'u'\nurl = 'http://{}'",
        upstream.address
    )));
    let outer = Guarded::before("", upstream.address);
    let over = |roots: &str| {
        let port = inner.address.port();
        plan(&format!("[[upstream]]\nname = 'tls'\nurl = 'https://localhost:{port}'\nroots = '{roots}'"))
    };
    outer.gateway.replan(over("own.pem"));
    let answer = outer.post("/v1/chat/completions", CHAT);
    assert_eq!((answer.status, answer.text().as_str()), (200, "{\"choices\":[]}"));
    // Both spoke HTTP/2 in between, and the upstream got the request whole.
    assert!(upstream.requests()[0].ends_with(CHAT));
    outer.gateway.replan(over("other.pem"));
    assert_eq!(outer.post("/v1/chat/completions", CHAT).status, 502);
    // In the clear there is no answer.
    assert_eq!(inner.post("/v1/chat/completions", CHAT).status, 0);
    assert_eq!(upstream.requests().len(), 1);
}
