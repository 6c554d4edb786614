//! Who asks, how much they may, and which upstream answers.

use crate::support::{Guarded, Recorded, json_answer, plan};
use bartizan_guard::settings::GuardOptions;
use serde_json::json;

const CHAT: &str = r#"{"messages":[{"role":"user","content":"hello"}]}"#;

fn digest(key: &str) -> String {
    bartizan_evidence::digest::Digest::sha256(key.as_bytes()).value().to_owned()
}

fn with_key(key: &str) -> Vec<u8> {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nconnection: close\r\nauthorization: Bearer {key}\r\ncontent-length: {}\r\n\r\n{CHAT}",
        CHAT.len()
    )
    .into_bytes()
}

#[test]
fn only_who_has_a_key_is_served_and_the_key_stays_here() {
    let upstream = Recorded::answering(json_answer("{}"));
    let toml = format!(
        "[[key]]\nname = 'a'\ntenant = 'team'\nsha256 = '{}'\nusage = {{ requests-per-s = 0.001, burst = 2 }}\n",
        digest("sesame")
    );
    let guarded = Guarded::before(&toml, upstream.address);
    let refused = guarded.post("/v1/chat/completions", CHAT);
    assert_eq!((refused.status, &refused.json()["error"]["type"]), (401, &json!("authentication_error")));
    assert_eq!(guarded.exchange(&with_key("other")).status, 401);
    assert_eq!(guarded.exchange(&with_key("sesame")).status, 200);
    assert_eq!(guarded.exchange(&with_key("sesame")).status, 200);
    let answer = guarded.exchange(&with_key("sesame"));
    assert_eq!(answer.status, 429);
    assert!(answer.head.contains("retry-after: "), "{answer:?}");
    let sent = upstream.requests();
    assert!(sent.len() == 2 && sent.iter().all(|one| !one.contains("sesame")), "{sent:?}");
    let decisions: Vec<_> = (0..5).map(|_| guarded.decision()).collect();
    let named = |name: &str| decisions.iter().map(|one| one[name].clone()).collect::<Vec<_>>();
    assert_eq!(named("tenant"), [json!(null), json!(null), json!("team"), json!("team"), json!(null)]);
    assert_eq!(named("key"), [json!(null), json!(null), json!("a"), json!("a"), json!(null)]);
}

#[test]
fn a_compressed_request_costs_what_it_says() {
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write as _;
    let upstream = Recorded::answering(json_answer("{}"));
    let toml = format!(
        "[[key]]\nname = 'a'\nsha256 = '{}'\nusage = {{ tokens-per-day = 10000 }}\n",
        digest("sesame")
    );
    let guarded = Guarded::before(&toml, upstream.address);
    let text = "The harbour office opens at nine. ".repeat(3_600);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    write!(encoder, "{}", json!({"messages": [{"role": "user", "content": text}]})).unwrap();
    let body = encoder.finish().unwrap();
    assert!(body.len() < 2_000);
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nconnection: close\r\nauthorization: Bearer sesame\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let request = [head.as_bytes(), &body].concat();
    assert_eq!((guarded.exchange(&request).status, guarded.exchange(&request).status), (200, 429));
}

#[test]
fn each_lineage_of_a_key_has_its_budget_and_one_without_a_name_may_be_refused() {
    let upstream = Recorded::answering(json_answer("{}"));
    let toml = format!(
        "[[key]]\nname = 'a'\nsha256 = '{}'\n[lineage]\nheader = 'x-task'\nmissing = 'refused'\nusage = {{ requests = 2 }}\n",
        digest("sesame")
    );
    let guarded = Guarded::before(&toml, upstream.address);
    let of = |task: &str| {
        let request = String::from_utf8(with_key("sesame")).unwrap();
        guarded.exchange(request.replacen("\r\n", &format!("\r\nx-task: {task}\r\n"), 1).as_bytes())
    };
    assert_eq!((of("one").status, of("one").status), (200, 200));
    let refused = of("one");
    assert!(refused.status == 429 && refused.head.contains("retry-after: "), "{refused:?}");
    assert_eq!(of("two").status, 200);
    let nameless = guarded.exchange(&with_key("sesame"));
    assert!(nameless.status == 400 && nameless.text().contains("x-task"), "{nameless:?}");
    // What was used is remembered under another configuration, too.
    let mut options: GuardOptions = toml::from_str(&toml).unwrap();
    options.upstream = toml::from_str::<GuardOptions>(&format!(
        "[[upstream]]\nname = 'u'\nurl = 'http://{}'",
        upstream.address
    ))
    .unwrap()
    .upstream;
    guarded.gateway.replan(plan(&options));
    assert_eq!((of("one").status, of("two").status, of("two").status), (429, 200, 429));
}

#[test]
fn another_upstream_answers_when_one_cannot_and_is_left_alone_for_a_while() {
    // Nobody listens there, and no other test can be given the port.
    let dead = "127.0.0.2:1";
    let alive = Recorded::answering(json_answer("{}"));
    let guarded = Guarded::before("", alive.address);
    let toml = format!(
        "[[upstream]]\nname = 'dead'\nurl = 'http://{dead}'\n[[upstream]]\nname = 'alive'\nurl = 'http://{}'\nweight = 0\n",
        alive.address
    );
    let options: GuardOptions = toml::from_str(&toml).unwrap();
    guarded.gateway.replan(plan(&options));
    for _ in 0..8 {
        assert_eq!(guarded.post("/v1/chat/completions", CHAT).status, 200);
        assert_eq!(guarded.decision()["upstream"], "alive");
    }
    let unwell = Recorded::answering(
        "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
    );
    let toml = toml.replace(dead, &unwell.address.to_string());
    guarded.gateway.replan(plan(&toml::from_str(&toml).unwrap()));
    for _ in 0..8 {
        assert_eq!(guarded.post("/v1/chat/completions", CHAT).status, 200);
    }
    assert_eq!(unwell.requests().len(), 5, "the circuit opens after five failures");
}

#[test]
fn what_may_have_begun_is_not_sent_twice_and_one_client_shuts_no_upstream_for_all() {
    let answering = |status: u16| {
        Recorded::answering(format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"))
    };
    let good = Recorded::answering(json_answer("{}"));
    for (status, sent_on) in [(502, false), (503, true), (504, false)] {
        let unwell = answering(status);
        let guarded = Guarded::before("", good.address);
        let toml = format!(
            "[[upstream]]\nname = 'unwell'\nurl = 'http://{}'\n[[upstream]]\nname = 'good'\nurl = 'http://{}'\nweight = 0\n",
            unwell.address, good.address
        );
        guarded.gateway.replan(plan(&toml::from_str(&toml).unwrap()));
        let answer = guarded.post("/v1/chat/completions", CHAT);
        let read = guarded.exchange(b"GET /v1/models HTTP/1.1\r\nhost: g\r\nconnection: close\r\n\r\n");
        assert_eq!((answer.status == 200, read.status), (sent_on, 200), "{status}");
    }
    let unwell = answering(503);
    let guarded = Guarded::before("", unwell.address);
    for _ in 0..8 {
        assert_eq!(guarded.post("/v1/chat/completions", CHAT).status, 503);
    }
    assert_eq!(unwell.requests().len(), 8);
}
