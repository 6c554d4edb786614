//! An S3 server for tests: SeaweedFS, which `cargo xtask test` installs. It keeps to the conditions of puts.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest time until the server answers.
const PATIENCE: Duration = Duration::from_secs(40);
/// Whom the server knows.
const ACCESS_KEY: &str = "bartizan";
/// And by what.
const SECRET: &str = "bartizan-for-tests";

/// A server on the loopback with everything in a folder of its own, stopped when dropped.
pub(crate) struct S3Server {
    folder: tempfile::TempDir,
    process: Child,
    port: u16,
    filer: u16,
}

impl S3Server {
    /// Starts one and waits until it answers. None, and a line that says so, when it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let Some(program) = find() else {
            eprintln!("skipped: no S3 server (SeaweedFS, `weed`); `cargo xtask test` installs one");
            return None;
        };
        let mut said = String::new();
        for _ in 0..5 {
            // Someone else may have taken a port that was free a moment ago.
            let mut server = Self::launch(&program);
            if server.is_ready() {
                return Some(server);
            }
            said = std::fs::read_to_string(server.folder.path().join("output")).unwrap_or_default();
        }
        panic!("the S3 server {} does not answer: {said}", program.display());
    }

    fn launch(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identities = format!(
            r#"{{"identities":[{{"name":"tests","credentials":[{{"accessKey":"{ACCESS_KEY}","secretKey":"{SECRET}"}}],"actions":["Admin","Read","Write","List"]}}]}}"#
        );
        let configuration = folder.path().join("s3.json");
        std::fs::write(&configuration, identities).unwrap();
        let listeners: Vec<TcpListener> = (0..8).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports: Vec<u16> = listeners.iter().map(|each| each.local_addr().unwrap().port()).collect();
        drop(listeners);
        let names = [
            "master.port",
            "master.port.grpc",
            "volume.port",
            "volume.port.grpc",
            "filer.port",
            "filer.port.grpc",
        ];
        let mut command = Command::new(program);
        command.arg("server").args(["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", "-s3.autoCreateBucket"]);
        command.args(["-s3.port.iceberg=0", "-s3.port.lance=0"]);
        command.args(["-master.volumeSizeLimitMB=64", "-volume.max=40", "-master.telemetry=false"]);
        for (name, port) in names.iter().zip(&ports) {
            command.arg(format!("-{name}={port}"));
        }
        command.arg(format!("-s3.port={}", ports[6])).arg(format!("-s3.port.grpc={}", ports[7]));
        command.arg(format!("-s3.config={}", configuration.display()));
        command.arg(format!("-dir={}", folder.path().display()));
        let process = command
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.path().join("output")).unwrap())
            .spawn()
            .unwrap();
        Self { folder, process, port: ports[6], filer: ports[4] }
    }

    /// Whether it comes to answer requests and to keep what is put: its front answers long before it has anywhere to
    /// write, and on a busy machine a put between the two waits for longer than any client does.
    fn is_ready(&mut self) -> bool {
        let begun = Instant::now();
        let mut is_kept = false;
        while begun.elapsed() < PATIENCE && matches!(self.process.try_wait(), Ok(None)) {
            is_kept = is_kept
                || ask(self.filer, "PUT /ready HTTP/1.1", "ready")
                    .is_some_and(|said| said.starts_with("HTTP/1.1 201"));
            if is_kept
                && ask(self.port, "GET / HTTP/1.1", "").is_some_and(|said| said.starts_with("HTTP/1.1 403"))
            {
                return true;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        false
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The settings with which it is reached at a port.
    pub(crate) fn settings_at(port: u16) -> Vec<(String, String)> {
        let endpoint = format!("http://127.0.0.1:{port}");
        [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(self.folder.path());
    }
}

/// What a port answers to a request, if it does.
fn ask(port: u16, request: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let length = body.len();
    write!(
        stream,
        "{request}\r\nHost: localhost\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

/// Beside what cargo builds, where `cargo xtask test` puts it, or on the path.
fn find() -> Option<PathBuf> {
    let installed = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?.join("tools/seaweedfs/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = vec![installed];
    folders.extend(std::env::split_paths(&path));
    folders.into_iter().map(|folder| folder.join("weed")).find(|file| file.is_file())
}
