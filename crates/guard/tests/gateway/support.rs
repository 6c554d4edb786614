//! A gateway in front of an upstream, both on loopback, and a client that writes and reads bytes.

use bartizan_guard::gateway::{
    AccessLog, Clock, Form, Gateway, Metrics, Outputs, Plan, Receipts, Stop, Surroundings, Telemetry, mock,
    serve,
};
use bartizan_guard::settings::{GuardOptions, UpstreamOptions};
use serde_json::Value;
use std::io::{self, Read as _, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A gateway that serves until it is dropped.
pub(crate) struct Guarded {
    pub(crate) address: SocketAddr,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) stop: Stop,
    lines: Mutex<Receiver<Value>>,
    threads: Vec<JoinHandle<()>>,
}

impl Guarded {
    /// In front of the mock, under the options in TOML.
    pub(crate) fn before_mock(toml: &str) -> Self {
        let (listener, stop) = (loopback(), Stop::default());
        let upstream = listener.local_addr().unwrap();
        let theirs = stop.clone();
        let thread = std::thread::spawn(move || mock::serve(listener, &theirs).unwrap());
        Self::start(toml, &[("mock", format!("http://{upstream}"))], stop, vec![thread], None)
    }

    /// In front of an upstream of the test's own.
    pub(crate) fn before(toml: &str, upstream: SocketAddr) -> Self {
        Self::start(toml, &[("own", format!("http://{upstream}"))], Stop::default(), Vec::new(), None)
    }

    /// In front of an upstream of the test's own, with receipts.
    pub(crate) fn with_receipts(toml: &str, upstream: SocketAddr, receipts: Receipts) -> Self {
        let url = format!("http://{upstream}");
        Self::start(toml, &[("own", url)], Stop::default(), Vec::new(), Some(receipts))
    }

    /// Ends it, after what is in progress and waits to be written.
    pub(crate) fn end(mut self) {
        self.stop.stop();
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }

    fn start(
        toml: &str,
        upstreams: &[(&str, String)],
        stop: Stop,
        mut threads: Vec<JoinHandle<()>>,
        receipts: Option<Receipts>,
    ) -> Self {
        let mut options: GuardOptions = toml::from_str(toml).unwrap();
        for (name, url) in upstreams {
            options.upstream.push(UpstreamOptions {
                name: (*name).to_owned(),
                url: url.clone(),
                ..toml::from_str("name = ''\nurl = ''").unwrap()
            });
        }
        let plan = plan(&options);
        let metrics = Arc::new(Metrics::default());
        let (sender, received) = channel();
        let lines: Box<dyn Write + Send> = Box::new(Lines(sender, Vec::new()));
        let log =
            AccessLog::new(vec![(Form::Decisions, lines)], Arc::clone(&metrics), Box::new(|_| {})).unwrap();
        let clock: Clock = Arc::new(|| 1);
        let telemetry = options.telemetry.as_ref().map(|telemetry| {
            let surroundings = surroundings();
            Telemetry::new(telemetry, &surroundings, Arc::clone(&clock), Arc::clone(&metrics)).unwrap()
        });
        let outputs = Outputs { access: Some(log), receipts, telemetry, content: options.receipts.content };
        let gateway = Arc::new(Gateway::new(plan, [7; 32], clock, metrics, outputs));
        let listener = loopback();
        let address = listener.local_addr().unwrap();
        let (ours, theirs) = (Arc::clone(&gateway), stop.clone());
        threads.push(std::thread::spawn(move || {
            serve(&ours, listener, None, Some(2), None, &theirs).unwrap();
        }));
        Self { address, gateway, stop, lines: Mutex::new(received), threads }
    }

    /// Sends bytes on a connection of their own, and reads to its end.
    pub(crate) fn exchange(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        // Whoever refuses early need not read all.
        let _ = stream.write_all(bytes);
        Answer::read(&mut stream)
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Posts JSON.
    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        self.exchange(post(path, "application/json", body.as_bytes()).as_slice())
    }

    /// The next line of the access log.
    pub(crate) fn decision(&self) -> Value {
        self.lines.lock().unwrap().recv_timeout(PATIENCE).expect("a line of the access log")
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.stop.stop();
        for thread in self.threads.drain(..) {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking());
        }
    }
}

/// A plan on a machine that has files and nothing else.
pub(crate) fn plan(options: &GuardOptions) -> Plan {
    Plan::new(options, &surroundings()).unwrap()
}

fn surroundings() -> Surroundings<'static> {
    Surroundings {
        files: &|path| std::fs::read(path),
        environment: &|_| None,
        roots: &Vec::new,
        digests: Arc::new(|path| {
            let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
            Ok(vec![bartizan_evidence::digest::Digest::sha256(&bytes).to_string()])
        }),
    }
}

/// A request.
pub(crate) fn post(path: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "POST {path} HTTP/1.1\r\nhost: guard\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Reads a connection to its end; status 0 when nothing came.
    pub(crate) fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let at = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
        let head = String::from_utf8_lossy(&bytes[..at]).to_lowercase();
        let mut body = bytes[at..].to_vec();
        if head.contains("transfer-encoding: chunked") {
            body = unchunked(&body);
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Self { status, head, body }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(at) = body.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&body[..at]).unwrap().trim(), 16).unwrap();
        let end = (at + 2 + size).min(body.len());
        out.extend_from_slice(&body[at + 2..end]);
        body = body.get(end + 2..).unwrap_or_default();
        if size == 0 {
            break;
        }
    }
    out
}

pub(crate) fn loopback() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

/// An upstream that keeps what it reads and answers every connection with the same bytes.
pub(crate) struct Recorded {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Recorded {
    /// Answers with `answer` once a request is whole, then closes.
    pub(crate) fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let (listener, answer) = (loopback(), answer.into());
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                let request = whole_request(&mut stream);
                kept.lock().unwrap().push(request);
                let _ = stream.write_all(&answer);
            }
        });
        Self { address, requests }
    }

    /// The requests that came, as they came.
    pub(crate) fn requests(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
    }
}

/// Reads one request with a length.
pub(crate) fn whole_request(stream: &mut TcpStream) -> Vec<u8> {
    let (mut bytes, mut block) = (Vec::new(), [0; 4096]);
    loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..at]).to_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            if bytes.len() >= at + 4 + length {
                return bytes;
            }
        }
        match stream.read(&mut block) {
            Ok(0) | Err(_) => return bytes,
            Ok(read) => bytes.extend_from_slice(&block[..read]),
        }
    }
}

/// An answer of JSON.
/// It says that the connection ends with it, as it does: an upstream that closes without a word races with the next request.
pub(crate) fn json_answer(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-kept: as it is\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

struct Lines(Sender<Value>, Vec<u8>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.extend_from_slice(bytes);
        while let Some(at) = self.1.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.1.drain(..=at).collect();
            let _ = self.0.send(serde_json::from_slice(&line).map_err(io::Error::other)?);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
