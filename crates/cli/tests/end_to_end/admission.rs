//! `bartizan server --admission`: a real process behind TLS, asked as an API server asks.

use crate::gate::project;
use crate::support::Workplace;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::Arc;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// A webhook that serves until it is dropped, and whoever asks it.
struct Cluster {
    place: Workplace,
    process: Child,
    address: String,
    client: Arc<ClientConfig>,
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// Writes a certificate for `localhost` that signs itself, and gives a client that believes it.
fn certificate(place: &Workplace) -> Arc<ClientConfig> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    place.write("tls.crt", pem("CERTIFICATE", made.cert.der()));
    place.write("tls.key", pem("PRIVATE KEY", &made.signing_key.serialize_der()));
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(made.cert.der().to_vec())).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

impl Cluster {
    fn start(more: &[&str]) -> Self {
        let place = project();
        let client = certificate(&place);
        let head = ["server", "--admission", "--listen", "127.0.0.1:0"];
        let files = ["--tls-cert", "tls.crt", "--tls-key", "tls.key"];
        let mut program = place.program(&[&head[..], &files, more].concat());
        let mut process = program.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("https://") {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "it ended: {more:?}");
        }
        let address = line.split("https://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        // What it says later is read away, so that it never waits for a reader.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Self { place, process, address, client }
    }

    /// Status and body of the answer to a request.
    fn ask(&self, head: &str, body: &[u8]) -> (u16, String) {
        self.try_ask(&self.client, head, body).unwrap()
    }

    fn try_ask(&self, client: &Arc<ClientConfig>, head: &str, body: &[u8]) -> std::io::Result<(u16, String)> {
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Arc::clone(client), name).unwrap();
        let mut stream = StreamOwned::new(connection, TcpStream::connect(&self.address)?);
        write!(
            stream,
            "{head} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )?;
        // A server that refuses a body early may stop reading it.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        if let Err(error) = stream.read_to_end(&mut answer)
            && answer.is_empty()
        {
            return Err(error);
        }
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        Ok((head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned()))
    }

    /// The response to a review of an object.
    fn review(&self, kind: &str, object: &Value) -> Value {
        let body = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "operation": "CREATE",
            "kind": {"group": "", "version": "v1", "kind": kind}, "object": object}});
        let (status, answer) = self.ask("POST /validate", body.to_string().as_bytes());
        assert_eq!(status, 200, "{answer}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["response"]["uid"], "705ab4f5-6393-11e8-b7cc-42010a800002");
        answer["response"].clone()
    }

    fn digest(&self, file: &str) -> String {
        let input: Value =
            serde_json::from_str(&self.place.run(&["gate", file, "--show-input"]).out).unwrap();
        input["artifact"]["files"][0]["digest"].as_str().unwrap().to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn pod(image: &str) -> Value {
    json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": image}]}})
}

#[test]
fn a_scanned_digest_is_let_in_as_image_volume_and_model_and_anything_else_is_not() {
    let cluster = Cluster::start(&[]);
    let digest = cluster.digest("model/list.pkl");
    assert_eq!(cluster.review("Pod", &pod(&format!("r.example/m@{digest}")))["allowed"], true);
    let template = json!({"spec": {"template": pod(&format!("r.example/m@{digest}"))}});
    for kind in ["Deployment", "StatefulSet", "DaemonSet", "Job"] {
        assert_eq!(cluster.review(kind, &template)["allowed"], true, "{kind}");
    }
    let cron = json!({"spec": {"jobTemplate": template}});
    assert_eq!(cluster.review("CronJob", &cron)["allowed"], true);
    let service = |uri: &str, annotation: &str| {
        json!({"metadata": {"annotations": {"bartizan.dev/model-digest": annotation}},
            "spec": {"predictor": {"model": {"storageUri": uri, "modelFormat": {"name": "sklearn"}}}}})
    };
    assert_eq!(cluster.review("InferenceService", &service("s3://b/m", &digest))["allowed"], true);
    let denied = cluster.review("InferenceService", &service("s3://b/m", ""));
    let message = denied["status"]["message"].as_str().unwrap();
    assert_eq!((&denied["allowed"], &denied["status"]["code"]), (&json!(false), &json!(403)));
    assert!(message.contains("`s3://b/m`") && message.contains("bartizan.dev/model-digest"), "{message}");
    let denied = cluster.review("Pod", &pod("nginx:1.27"));
    assert!(denied["status"]["message"].as_str().unwrap().contains("NAME@sha256"), "{denied}");
    let unknown = format!("r.example/m@sha256:{}", "0".repeat(64));
    let denied = cluster.review("Pod", &pod(&unknown));
    assert!(denied["status"]["message"].as_str().unwrap().contains("no scan that stands"), "{denied}");
    assert_eq!(cluster.review("Service", &json!({"spec": {}}))["allowed"], false);
}

#[test]
fn what_is_no_review_is_refused_by_status_and_the_server_goes_on() {
    let cluster = Cluster::start(&["--max-review-bytes", "20000"]);
    let old =
        json!({"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview", "request": {"uid": "u"}});
    let (status, body) = cluster.ask("POST /validate", old.to_string().as_bytes());
    assert!(status == 400 && body.contains("v1beta1"), "{status} {body}");
    for hostile in ["", "{", "[]", "nul", "\"a\"", "{\"apiVersion\":7}", "\u{0}"] {
        assert_eq!(cluster.ask("POST /validate", hostile.as_bytes()).0, 400, "{hostile}");
    }
    let deep = format!("{}{}", "[".repeat(9_000), "]".repeat(9_000));
    assert_eq!(cluster.ask("POST /validate", deep.as_bytes()).0, 400);
    assert_eq!(cluster.ask("POST /validate", &vec![b' '; 20_001]).0, 413);
    assert_eq!(cluster.ask("GET /validate", b"").0, 405);
    assert_eq!(cluster.ask("GET /other", b"").0, 404);
    // Shapes that no API server sends are denied, not answered by a crash.
    for object in
        [json!(null), json!(3), json!({"spec": {"containers": {"image": ["x"]}}}), json!({"metadata": []})]
    {
        assert_eq!(cluster.review("Pod", &object)["allowed"], false, "{object}");
    }
    assert_eq!(cluster.ask("GET /healthz", b"").0, 200);
    let (_, metrics) = cluster.ask("GET /metrics", b"");
    assert!(metrics.contains("bartizan_admission_reviews_total{verdict=\"deny\"} 4"), "{metrics}");
}

#[test]
fn an_audit_lets_in_with_warnings_and_a_file_of_digests_names_models() {
    let mut audit = Cluster::start(&["--audit"]);
    let answer = audit.review("Pod", &pod("nginx:1.27"));
    assert_eq!(answer["allowed"], true);
    assert!(
        answer["warnings"][0].as_str().unwrap().contains("would be denied: image `nginx:1.27`"),
        "{answer}"
    );
    #[cfg(unix)]
    {
        let process = nix::unistd::Pid::from_raw(i32::try_from(audit.process.id()).unwrap());
        nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM).unwrap();
        assert_eq!(audit.process.wait().unwrap().code(), Some(0));
    }
    drop(audit);
    let place = project();
    let bad = place.write("digests.txt", "s3://b/m sha256:12\n");
    certificate(&place);
    let files = ["--tls-cert", "tls.crt", "--tls-key", "tls.key", "--listen", "127.0.0.1:0"];
    let ran =
        place.run(&[&["server", "--admission", "--digests", bad.to_str().unwrap()], &files[..]].concat());
    assert!(ran.code == 2 && ran.err.contains("line 1"), "{ran:?}");
    let ran = place.run(&["server", "--admission", "--tls-cert", "tls.key", "--tls-key", "tls.key"]);
    assert!(ran.code == 2 && ran.err.contains("certificate"), "{ran:?}");
}

#[test]
fn new_evidence_and_a_new_certificate_are_taken_up_while_it_serves() {
    let cluster = Cluster::start(&[]);
    cluster.place.write("other.pkl", b"\x80\x02]q\x00(K\x01K\x03e.");
    let digest = cluster.digest("other.pkl");
    let other = pod(&format!("r.example/m@{digest}"));
    assert_eq!(cluster.review("Pod", &other)["allowed"], false);
    assert_eq!(cluster.place.run(&["scan", "other.pkl", "--attest", "-q"]).code, 0);
    while cluster.review("Pod", &other)["allowed"] == false {
        std::thread::yield_now();
    }
    let certified = certificate(&cluster.place);
    // Both are looked for each second; the old client is turned away once the new certificate is shown.
    while cluster.try_ask(&certified, "GET /healthz", b"").is_err() {
        std::thread::yield_now();
    }
    assert!(cluster.try_ask(&cluster.client, "GET /healthz", b"").is_err());
}
