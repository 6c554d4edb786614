//! `bartizan server --admission`: files and flags in, a webhook out.

use super::judge::StoreJudge;
use crate::arguments::{AskedOfImages, ServerArguments};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal;
use bartizan_server::admission::{
    Digests, Identity, Images, Limits, Options, ServeError, Serving, Webhook, identity, serve,
};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, UNIX_EPOCH};

/// Largest certificate, key or file of digests, in bytes.
const LARGEST_FILE: u64 = 16 << 20;

/// Serves until a signal ends it.
///
/// # Errors
/// [`Failure`] when policy, keys, certificate or address cannot be used.
pub(super) fn run(arguments: &ServerArguments) -> Result<Exit, Failure> {
    let judge = StoreJudge::new(&arguments.basis)?;
    let policies = judge.policies().join(" + ");
    let digests = digests(arguments.digests.as_deref())?;
    let shown = shown(arguments)?;
    let options = Options {
        images: match arguments.images {
            AskedOfImages::Judged => Images::Judged,
            AskedOfImages::Pinned => Images::Pinned,
            AskedOfImages::Ignored => Images::Ignored,
        },
        audit: arguments.audit,
        remembered_ms: arguments.remember_s.saturating_mul(1_000),
    };
    let began = Instant::now();
    let clock = Arc::new(move || u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
    let webhook = Arc::new(Webhook::new(Box::new(judge), options, digests, clock));
    let listener = TcpListener::bind(&arguments.listen)
        .map_err(|error| Failure::Listen { address: arguments.listen.clone(), error })?;
    let mode = if arguments.audit { "auditing" } else { "admitting" };
    terminal::remark(&format!("{mode} by {policies}, at https://{}/validate", listener.local_addr()?));
    let (cert, key) = (arguments.tls_cert.clone(), arguments.tls_key.clone());
    let named = arguments.digests.clone();
    let stamp = {
        let (cert, key, named) = (cert.clone(), key.clone(), named.clone());
        move || {
            let files = [Some(&cert), Some(&key), named.as_ref()];
            files.into_iter().flatten().map(|path| changed(path)).fold(0, u64::wrapping_add)
        }
    };
    let reloaded = Arc::clone(&webhook);
    let reload = move || {
        let digests = self::digests(named.as_deref()).map_err(|error| error.to_string())?;
        let identity = pair(&cert, &key).map_err(|error| error.to_string())?;
        reloaded.know(digests);
        Ok(identity)
    };
    let limits = Limits {
        body_bytes: usize::try_from(arguments.max_review_bytes).unwrap_or(usize::MAX),
        ..Limits::default()
    };
    let serving = Serving {
        webhook,
        identity: shown,
        limits,
        stamp: Box::new(stamp),
        reload: Box::new(reload),
        tell: Box::new(terminal::remark),
    };
    serve(serving, listener).map_err(failed)?;
    Ok(Exit::Done)
}

fn shown(arguments: &ServerArguments) -> Result<Identity, Failure> {
    pair(&arguments.tls_cert, &arguments.tls_key)
}

fn pair(cert: &Path, key: &Path) -> Result<Identity, Failure> {
    identity(&bytes("certificate", cert)?, &bytes("private key", key)?).map_err(failed)
}

#[expect(clippy::needless_pass_by_value, reason = "used where an error is mapped")]
fn failed(error: ServeError) -> Failure {
    Failure::Server(error.to_string())
}

fn digests(path: Option<&Path>) -> Result<Digests, Failure> {
    let Some(path) = path else { return Ok(Digests::default()) };
    let text = String::from_utf8_lossy(&bytes("file of digests", path)?).into_owned();
    Digests::parse(&text).map_err(|(line, problem)| Failure::Read {
        what: "file of digests",
        path: path.to_owned(),
        error: io::Error::new(io::ErrorKind::InvalidData, format!("line {line}: {problem}")),
    })
}

fn bytes(what: &'static str, path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error| Failure::Read { what, path: path.to_owned(), error };
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(LARGEST_FILE).read_to_end(&mut bytes)).map_err(failed)?;
    Ok(bytes)
}

/// Another number when a file is another. Kubernetes swaps the link that a mounted secret is behind, so what the link leads to is asked.
fn changed(path: &Path) -> u64 {
    let Ok(metadata) = fs::metadata(path) else { return 0 };
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let nanoseconds = modified.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or_default());
    nanoseconds.wrapping_mul(31).wrapping_add(metadata.len())
}
