//! `bartizan gate oci://…` and `--watch`: a real registry on this machine where there is one, and one that lies.

use crate::gate::project;
use crate::support::{Ran, Workplace, good_pickle, good_safetensors};
use bartizan_evidence::digest::Digest;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

/// Sends one request to a server on this machine and gives status, head and body of the answer.
fn ask(host: &str, method: &str, path: &str, kind: &str, body: &[u8]) -> (u16, String, Vec<u8>) {
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head, answer[end + 4..].to_vec())
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Digest::sha256(bytes).to_string()
}

pub(crate) fn layer(name: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": "application/vnd.cncf.model.weight.v1.raw", "digest": sha256(bytes), "size": bytes.len(),
        "annotations": {"org.cncf.model.filepath": name}})
}

/// A manifest as ModelPack writes it.
pub(crate) fn manifest(layers: &[Value]) -> Vec<u8> {
    json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.cncf.model.manifest.v1+json",
        "config": {"mediaType": "application/vnd.cncf.model.config.v1+json", "digest": sha256(b"{}"), "size": 2},
        "layers": layers})
    .to_string()
    .into_bytes()
}

/// A registry that serves until it is dropped.
pub(crate) struct Serving {
    process: Child,
    pub(crate) host: String,
}

impl Serving {
    /// The registry of the distribution project, as Debian packages it; none where it is not installed.
    pub(crate) fn start(place: &Workplace) -> Option<Self> {
        let program =
            std::env::var_os("BARTIZAN_REGISTRY_PROGRAM").unwrap_or_else(|| "docker-registry".into());
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = place.path().join("registry");
        let configuration = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:{port}\n",
            folder.display()
        );
        let configuration = place.write("registry.yml", configuration);
        let process = Command::new(program)
            .args(["serve", configuration.to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut serving = Self { process, host: format!("127.0.0.1:{port}") };
        while TcpStream::connect(&serving.host).is_err() {
            if serving.process.try_wait().unwrap().is_some() {
                return None;
            }
            std::thread::yield_now();
        }
        Some(serving)
    }

    pub(crate) fn blob(&self, bytes: &[u8]) {
        let (status, head, _) = ask(&self.host, "POST", "/v2/team/model/blobs/uploads/", "text/plain", b"");
        assert_eq!(status, 202, "{head}");
        let place = head.lines().find_map(|line| line.strip_prefix("Location: ")).unwrap();
        let path = place.trim_start_matches("http://").trim_start_matches(self.host.as_str());
        let separator = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{separator}digest={}", sha256(bytes));
        assert_eq!(ask(&self.host, "PUT", &path, "application/octet-stream", bytes).0, 201);
    }

    pub(crate) fn manifest(&self, tag: &str, bytes: &[u8]) {
        let kind = "application/vnd.oci.image.manifest.v1+json";
        assert_eq!(ask(&self.host, "PUT", &format!("/v2/team/model/manifests/{tag}"), kind, bytes).0, 201);
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn an_artifact_is_pulled_by_digest_from_a_real_registry_and_decided_about() {
    let place = project();
    let Some(registry) = Serving::start(&place) else {
        eprintln!("skipped: no docker-registry on the search path; BARTIZAN_REGISTRY_PROGRAM may name one");
        return;
    };
    let (list, weights) = (good_pickle(), good_safetensors());
    for bytes in [&list, &weights, &b"{}".to_vec()] {
        registry.blob(bytes);
    }
    let good = manifest(&[layer("list.pkl", &list), layer("weights.safetensors", &weights)]);
    registry.manifest("v1", &good);
    let name = format!("oci://{}/team/model", registry.host);
    let gate = |what: &str| place.run(&["gate", what, "--signature", "model.sig", "--format", "json"]);
    let ran = gate(&format!("{name}@{}", sha256(&good)));
    let decision: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error} {ran:?}"));
    assert_eq!((ran.code, &decision["verdict"]), (0, &json!("allow")), "{decision}");
    assert_eq!(decision["artifact"]["path"], format!("{name}@{}", sha256(&good)));
    assert_eq!(decision["artifact"]["files"], 2);
    // The same name, one byte more.
    let other = [&weights[..], &[0]].concat();
    registry.blob(&other);
    let bad = manifest(&[layer("list.pkl", &list), layer("weights.safetensors", &other)]);
    registry.manifest("v2", &bad);
    assert_eq!(gate(&format!("{name}@{}", sha256(&bad))).code, 1);
    let tag = gate(&format!("{name}:v1"));
    assert!(tag.code == 2 && tag.err.contains("add @sha256"), "{tag:?}");
    let gone = gate(&format!("{name}@{}", sha256(b"gone")));
    assert!(gone.code == 2 && gone.err.contains("404"), "{gone:?}");
    // Both tags, each with a verdict; nothing is signed beside a pulled folder, so both are denied.
    let watched = place.run(&["gate", "--watch", &name, "--looks", "2", "--every-ms", "10"]);
    let lines: Vec<Value> = watched.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((watched.code, lines.len()), (1, 2), "{watched:?}");
    assert_eq!(lines[0]["artifact"], format!("{name}:v1@{}", sha256(&good)));
    let rules = |line: &Value| -> Vec<String> {
        line["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| each["rule"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(rules(&lines[0]), ["evidence/signature"]);
    assert_eq!(rules(&lines[1]), ["evidence/scan", "evidence/signature"]);
}

/// Answers by path, whatever a registry should; writes down what it is shown.
pub(crate) fn lying(answers: Vec<(String, String, Vec<u8>)>) -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = String::new();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            while !head.ends_with("\r\n\r\n") && lines.read_line(&mut head).is_ok_and(|read| read > 0) {}
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let _ = sender.send(head);
            let found = answers.iter().find(|(known, _, _)| path.starts_with(known));
            let (head, body) = found.map_or(("404 Not Found", &b""[..]), |(_, head, body)| (head, body));
            let _ = write!(
                stream,
                "HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(body);
        }
    });
    (host, receiver)
}

fn gate(place: &Workplace, what: &str) -> Ran {
    let host = what.trim_start_matches("oci://").split('/').next().unwrap();
    gate_with(place, what, &[("BARTIZAN_REGISTRY_HOST", host), ("BARTIZAN_REGISTRY_USER", "ana")])
}

/// With a password in the environment.
fn gate_with(place: &Workplace, what: &str, variables: &[(&str, &str)]) -> Ran {
    let mut program = place.program(&["gate", what, "--signature", "model.sig"]);
    program.envs(variables.iter().copied()).env("BARTIZAN_REGISTRY_PASSWORD", "hunter22");
    Ran::of(&program.output().unwrap())
}

#[test]
fn a_registry_that_lies_is_caught_and_credentials_go_nowhere_else() {
    let place = project();
    let list = good_pickle();
    let good = manifest(&[layer("list.pkl", &list)]);
    let blob = format!("/v2/m/blobs/{}", sha256(&list));
    let at = |bytes: &[u8]| format!("/v2/m/manifests/{}", sha256(bytes));
    let ok = || "200 OK".to_owned();
    // Another manifest than the one that was asked for.
    let (host, _) = lying(vec![("/v2/m/manifests/".to_owned(), ok(), b"{\"layers\":[]}".to_vec())]);
    let ran = gate(&place, &format!("oci://{host}/m@{}", sha256(&good)));
    assert!(ran.code == 2 && ran.err.contains("is damaged, or lies"), "{ran:?}");
    // Another blob, a longer one, a path that leads out.
    let mut other = list.clone();
    *other.last_mut().unwrap() ^= 1;
    for (bytes, told) in [(other, "is damaged, or lies"), ([&list[..], &[0]].concat(), "gives more than")] {
        let (host, _) = lying(vec![(at(&good), ok(), good.clone()), (blob.clone(), ok(), bytes)]);
        let ran = gate(&place, &format!("oci://{host}/m@{}", sha256(&good)));
        assert!(ran.code == 2 && ran.err.contains(told), "{ran:?}");
    }
    let out = manifest(&[layer("../../out.pkl", &list)]);
    let (host, _) = lying(vec![(at(&out), ok(), out.clone())]);
    let ran = gate(&place, &format!("oci://{host}/m@{}", sha256(&out)));
    assert!(ran.code == 2 && ran.err.contains("../../out.pkl"), "{ran:?}");
    // Sent elsewhere: what shows who asks stays here, and the signature in the address is not told.
    let (elsewhere, seen) = lying(vec![("/".to_owned(), "403 Forbidden".to_owned(), Vec::new())]);
    let moved = format!("307 Temporary Redirect\r\nlocation: http://{elsewhere}/x?sig=s3cret");
    let (host, asked) = lying(vec![
        (at(&good), "401 Unauthorized\r\nwww-authenticate: Basic realm=\"r\"".to_owned(), Vec::new()),
        (blob.clone(), moved.clone(), Vec::new()),
    ]);
    let ran = gate(&place, &format!("oci://{host}/m@{}", sha256(&good)));
    assert!(ran.code == 2 && ran.err.contains("answers 401"), "{ran:?}");
    let shown: Vec<String> = asked.try_iter().collect();
    assert!(!shown[0].contains("authorization") && shown[1].contains("authorization: Basic"), "{shown:?}");
    let (host, _) = lying(vec![(at(&good), ok(), good.clone()), (blob, moved, Vec::new())]);
    let ran = gate(&place, &format!("oci://{host}/m@{}", sha256(&good)));
    assert!(ran.code == 2 && ran.err.contains("answers 403") && !ran.err.contains("s3cret"), "{ran:?}");
    assert!(!seen.recv().unwrap().contains("authorization"));
    assert!(!ran.err.contains("hunter22") && !ran.out.contains("hunter22"));
    // Another host is not told, and a password without its host is told to nobody.
    let asks = "401 Unauthorized\r\nwww-authenticate: Basic realm=\"r\"".to_owned();
    let (host, asked) = lying(vec![(at(&good), asks, Vec::new())]);
    let name = format!("oci://{host}/m@{}", sha256(&good));
    let user = ("BARTIZAN_REGISTRY_USER", "ana");
    let ran = gate_with(&place, &name, &[("BARTIZAN_REGISTRY_HOST", "registry.example"), user]);
    assert!(ran.code == 2 && ran.err.contains("answers 401"), "{ran:?}");
    assert!(asked.try_iter().all(|head| !head.contains("authorization")));
    let ran = gate_with(&place, &name, &[user]);
    assert!(ran.code == 2 && ran.err.contains("set BARTIZAN_REGISTRY_HOST"), "{ran:?}");
    // What docker keeps for that host is shown to it.
    place.write(
        "docker/config.json",
        format!(r#"{{"auths": {{"{host}": {{"auth": "YW5hOnRvcHNlY3JldA=="}}}}}}"#),
    );
    let mut program = place.program(&["gate", &name, "--signature", "model.sig"]);
    let ran = Ran::of(&program.env("DOCKER_CONFIG", place.path().join("docker")).output().unwrap());
    assert!(
        ran.code == 2 && asked.try_iter().any(|head| head.contains("Basic YW5hOnRvcHNlY3JldA==")),
        "{ran:?}"
    );
    // A password in the name is refused, and not repeated as a host that does not answer.
    assert_eq!(gate(&place, "oci://ana:hunter22@localhost/m").code, 2);
}
