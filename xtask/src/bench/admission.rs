//! `bench admission`: 200 reviews a second to the webhook, over TLS, each timed from the moment it was due.
//!
//! The evidence is that of `bench gate`. Eight connections take turns, so that one slow answer does not hold up the next question; what
//! comes late because the machine was busy counts as late. One review in a hundred asks about a digest that was never asked about, the
//! others about one that was: a cluster starts the same images again and again.

use super::gate::{project, quantile};
use super::release_program_with;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// Reviews a second, and for how long.
const RATE: u64 = 200;
const SECONDS: u64 = 15;
/// Connections that take turns.
const CONNECTIONS: u64 = 8;
/// One of so many reviews asks about a digest that is new.
const NEW_IN: u64 = 100;
/// What 99 of 100 answers may take, in milliseconds.
const BAR_MS: f64 = 20.0;

/// Runs and prints what was measured.
///
/// # Errors
/// When nothing can be served, or an answer is not what it has to be.
pub(crate) fn run() -> Result<(), String> {
    let program = release_program_with(&["gateway"])?;
    let project = project(&program)?;
    let (mut server, address, client) = serve(&program, &project)?;
    let outcome = load(&project, &address, &client);
    let _ = server.kill();
    let _ = server.wait();
    let Times { known, new, late } = outcome?;
    let all: Vec<f64> = known.iter().chain(&new).copied().collect();
    println!(
        "{RATE} reviews a second for {SECONDS} s, {CONNECTIONS} connections, TLS 1.3, {} answers\n",
        all.len()
    );
    println!("| reviews | count | p50 ms | p99 ms | slowest ms | bar ms |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for (name, times) in [("all", &all), ("digest asked before", &known), ("new digest", &new)] {
        println!(
            "| {name} | {} | {:.2} | {:.2} | {:.2} | {BAR_MS} |",
            times.len(),
            quantile(times, 0.5),
            quantile(times, 0.99),
            quantile(times, 1.0)
        );
    }
    println!(
        "\nquestions left late, since the asking thread was not woken in time: p50 {:.2} ms, p99 {:.2} ms, slowest {:.2} ms",
        quantile(&late, 0.5),
        quantile(&late, 0.99),
        quantile(&late, 1.0)
    );
    Ok(())
}

/// What was measured, in milliseconds.
#[derive(Default)]
struct Times {
    /// From due to answered, about digests asked about before.
    known: Vec<f64>,
    /// The same about new ones.
    new: Vec<f64>,
    /// From due to asked: what the machine adds before the server knows of it.
    late: Vec<f64>,
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn serve(program: &Path, project: &Path) -> Result<(Child, String, Arc<ClientConfig>), String> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).map_err(said)?;
    let pem = |label: &str, der: &[u8]| {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", base64(der))
    };
    fs::write(project.join("tls.crt"), pem("CERTIFICATE", made.cert.der())).map_err(said)?;
    fs::write(project.join("tls.key"), pem("PRIVATE KEY", &made.signing_key.serialize_der()))
        .map_err(said)?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(made.cert.der().to_vec())).map_err(said)?;
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let client = builder.map_err(said)?.with_root_certificates(roots).with_no_client_auth();
    let mut server = Command::new(program)
        .args([
            "server",
            "--admission",
            "--listen",
            "127.0.0.1:0",
            "--tls-cert",
            "tls.crt",
            "--tls-key",
            "tls.key",
        ])
        .args(["--trust", "bartizan.pub", "--trust-log", ".bartizan/log.vkey"])
        .current_dir(project)
        .stderr(Stdio::piped())
        .spawn()
        .map_err(said)?;
    let mut lines = BufReader::new(server.stderr.take().ok_or("no standard error")?);
    let mut line = String::new();
    while !line.contains("https://") {
        line.clear();
        if lines.read_line(&mut line).map_err(said)? == 0 {
            return Err("the server ended".to_owned());
        }
    }
    let address = line.split("https://").nth(1).and_then(|rest| rest.split('/').next());
    let address = address.ok_or("it does not say where it is")?.to_owned();
    std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
    Ok((server, address, Arc::new(client)))
}

/// Standard base64 (RFC 4648), which one certificate needs.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut number = 0_u32;
        for place in 0..3 {
            number = (number << 8) | u32::from(chunk.get(place).copied().unwrap_or_default());
        }
        for place in 0..4_usize {
            let digit = DIGITS.get((number >> (18 - 6 * place) & 63) as usize).copied().unwrap_or(b'=');
            text.push(if place > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

/// Asks at the rate, and times each answer.
fn load(project: &Path, address: &str, client: &Arc<ClientConfig>) -> Result<Times, String> {
    use sha2::Digest as _;
    let model = fs::read(project.join("model/list.pkl")).map_err(said)?;
    let known = bartizan_core::hex(&sha2::Sha256::digest(model));
    // Asked about once, as it would be by the first of many Pods.
    let mut first = Asking::connect(address, client)?;
    if !first.ask(&known)? {
        return Err("the model with all the evidence was not let in".to_owned());
    }
    let began = Instant::now();
    let threads = (0..CONNECTIONS).map(|turn| {
        let (address, client, known) = (address.to_owned(), Arc::clone(client), known.clone());
        std::thread::spawn(move || -> Result<Times, String> {
            let mut asking = Asking::connect(&address, &client)?;
            let mut times = Times::default();
            let mut number = turn;
            while number < RATE * SECONDS {
                let due = began + Duration::from_micros(number * 1_000_000 / RATE);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                times.late.push(due.elapsed().as_secs_f64() * 1_000.0);
                let is_new = number % NEW_IN == NEW_IN - 1;
                let allowed =
                    if is_new { asking.ask(&format!("{number:064x}"))? } else { asking.ask(&known)? };
                if allowed == is_new {
                    return Err(format!("review {number} was answered with {allowed}"));
                }
                let took = due.elapsed().as_secs_f64() * 1_000.0;
                if is_new {
                    times.new.push(took);
                } else {
                    times.known.push(took);
                }
                number += CONNECTIONS;
            }
            Ok(times)
        })
    });
    let threads: Vec<_> = threads.collect();
    let mut all = Times::default();
    for thread in threads {
        let theirs = thread.join().map_err(|_| "a connection broke".to_owned())??;
        all.known.extend(theirs.known);
        all.new.extend(theirs.new);
        all.late.extend(theirs.late);
    }
    Ok(all)
}

/// One connection that asks again and again.
struct Asking(StreamOwned<ClientConnection, TcpStream>);

impl Asking {
    fn connect(address: &str, client: &Arc<ClientConfig>) -> Result<Self, String> {
        let name = ServerName::try_from("localhost").map_err(said)?;
        let connection = ClientConnection::new(Arc::clone(client), name).map_err(said)?;
        let stream = TcpStream::connect(address).map_err(said)?;
        stream.set_nodelay(true).map_err(said)?;
        Ok(Self(StreamOwned::new(connection, stream)))
    }

    /// Whether a Pod with that image is let in.
    fn ask(&mut self, digits: &str) -> Result<bool, String> {
        let body = serde_json::json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "operation": "CREATE",
            "kind": {"group": "", "version": "v1", "kind": "Pod"}, "namespace": "default", "name": "server-0",
            "object": {"metadata": {"name": "server-0", "labels": {"app": "server"}}, "spec": {"containers": [
                {"name": "server", "image": format!("registry.example/server@sha256:{digits}"), "ports": [{"containerPort": 8080}]}]}}}})
        .to_string();
        let head = format!(
            "POST /validate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.0.write_all(format!("{head}{body}").as_bytes()).map_err(said)?;
        let mut answer = Vec::new();
        let mut piece = [0_u8; 4096];
        loop {
            let read = self.0.read(&mut piece).map_err(said)?;
            if read == 0 {
                return Err("the server hung up".to_owned());
            }
            answer.extend(piece.iter().take(read));
            let text = String::from_utf8_lossy(&answer);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok()
            });
            if length.is_some_and(|length| body.len() >= length) {
                return Ok(body.contains("\"allowed\":true"));
            }
        }
    }
}
