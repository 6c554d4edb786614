//! Which model is served: admitted, exchanged behind the gateway's back, unknown, and told in receipts, health and metrics.

use crate::support::{Guarded, Recorded, json_answer, plan};
use bartizan_guard::settings::GuardOptions;
use serde_json::{Value, json};
use std::net::SocketAddr;

const CHAT: &str = r#"{"messages":[{"role":"user","content":"hello"}]}"#;
const OTHER: &str = "1111111111111111111111111111111111111111111111111111111111111111";

fn digest(bytes: &[u8]) -> String {
    bartizan_evidence::digest::Digest::sha256(bytes).to_string()
}

/// A gateway whose configuration is read again with these tables, as when its file changed.
fn guarded(upstream: SocketAddr, model: &str) -> Guarded {
    let guarded = Guarded::before("", upstream);
    let toml = format!(
        "[[upstream]]\nname = 'u'\nurl = 'http://{upstream}'\nmodel = {{ {model}, interval-s = 1 }}\n"
    );
    let options: GuardOptions = toml::from_str(&toml).unwrap();
    guarded.gateway.replan(plan(&options));
    guarded
}

/// Asks until the status is this one.
fn until(guarded: &Guarded, status: u16) -> Value {
    loop {
        let answer = guarded.post("/v1/chat/completions", CHAT);
        let decision = guarded.decision();
        if answer.status == status {
            return if status == 200 { decision } else { answer.json() };
        }
        std::thread::yield_now();
    }
}

fn get(guarded: &Guarded, path: &str) -> (u16, String) {
    let answer =
        guarded.exchange(format!("GET {path} HTTP/1.1\r\nhost: g\r\nconnection: close\r\n\r\n").as_bytes());
    (answer.status, answer.text())
}

#[test]
fn a_model_that_is_exchanged_on_disk_is_no_longer_served() {
    let upstream = Recorded::answering(json_answer("{}"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    std::fs::write(&path, "weights").unwrap();
    let admitted = digest(b"weights");
    let guarded =
        guarded(upstream.address, &format!("admitted = ['{admitted}'], path = '{}'", path.display()));
    let decision = until(&guarded, 200);
    assert_eq!(decision["model_digest"], json!(admitted));
    assert_eq!(get(&guarded, "/healthz").0, 200);
    assert!(get(&guarded, "/metrics").1.contains("bartizan_guard_model_admitted{upstream=\"u\"} 1\n"));
    let asked = upstream.requests().len();
    std::fs::write(&path, "other weights").unwrap();
    let error = until(&guarded, 503);
    assert_eq!(error["error"]["code"], "model_not_admitted");
    let told = error["error"]["message"].as_str().unwrap();
    assert!(told.contains(&digest(b"other weights")) && told.contains("upstream u"), "{told}");
    let (status, text) = get(&guarded, "/healthz");
    assert!(status == 503 && text.contains("not ready"), "{text}");
    let metrics = get(&guarded, "/metrics").1;
    assert!(metrics.contains("bartizan_guard_model_admitted{upstream=\"u\"} 0\n"), "{metrics}");
    assert!(metrics.contains("outcome=\"model_not_admitted\""), "{metrics}");
    let before = upstream.requests().len();
    until(&guarded, 503);
    assert!(before >= asked && upstream.requests().len() == before, "nothing is asked of another model");
}

#[test]
fn an_upstream_says_in_json_or_in_every_answer_which_model_it_serves() {
    let admitted = digest(b"m");
    let listing =
        json_answer(&format!(r#"{{"models":[{{"name":"m","digest":"{}"}}]}}"#, &admitted["sha256:".len()..]));
    let upstream = Recorded::answering(listing);
    let in_json = format!("admitted = ['{admitted}'], endpoint = '/api/tags', pointer = '/models/0/digest'");
    until(&guarded(upstream.address, &in_json), 200);
    assert!(upstream.requests()[0].starts_with("GET /api/tags "));
    let other = in_json.replace(&admitted, &format!("sha256:{OTHER}"));
    until(&guarded(upstream.address, &other), 503);
    let head = format!(
        "HTTP/1.1 200 OK\r\nx-model-digest: {admitted}\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{{}}"
    );
    let upstream = Recorded::answering(head);
    let in_header = format!("admitted = ['{admitted}'], endpoint = '/health', header = 'x-model-digest'");
    assert_eq!(until(&guarded(upstream.address, &in_header), 200)["model_digest"], json!(admitted));
}

#[test]
fn a_reference_is_held_to_its_digest_and_another_upstream_serves_instead() {
    let upstream = Recorded::answering(json_answer("{}"));
    let image =
        |digest: &str| format!("admitted = ['sha256:{OTHER}'], image = 'registry.example/llm@{digest}'");
    until(&guarded(upstream.address, &image(&format!("sha256:{OTHER}"))), 200);
    let refusing = guarded(upstream.address, &image(&digest(b"x")));
    until(&refusing, 503);
    let toml = format!(
        "[[upstream]]\nname = 'u'\nurl = 'http://{0}'\nmodel = {{ {1} }}\n[[upstream]]\nname = 'spare'\nurl = 'http://{0}'\nweight = 0\n",
        upstream.address,
        image("latest"),
    );
    refusing.gateway.replan(plan(&toml::from_str(&toml).unwrap()));
    assert_eq!(until(&refusing, 200)["upstream"], "spare");
    assert_eq!(get(&refusing, "/healthz").0, 200);
}

#[test]
fn an_upstream_that_hangs_does_not_delay_what_is_known_of_others() {
    // It takes connections and never says a word.
    let hung = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let admitted = digest(b"m");
    let listing = json_answer(&format!(r#"{{"digest":"{admitted}"}}"#));
    let upstream = Recorded::answering(listing);
    let guarded = Guarded::before("", upstream.address);
    let model =
        format!("{{ admitted = ['{admitted}'], endpoint = '/model', pointer = '/digest', interval-s = 1 }}");
    let toml = format!(
        "[[upstream]]\nname = 'hung'\nurl = 'http://{}'\nmodel = {model}\n[[upstream]]\nname = 'u'\nurl = 'http://{}'\nmodel = {model}\n",
        hung.local_addr().unwrap(),
        upstream.address,
    );
    let begun = std::time::Instant::now();
    guarded.gateway.replan(plan(&toml::from_str(&toml).unwrap()));
    assert_eq!(until(&guarded, 200)["upstream"], "u");
    // The other is waited for ten seconds.
    assert!(begun.elapsed().as_secs() < 9, "{:?}", begun.elapsed());
}
