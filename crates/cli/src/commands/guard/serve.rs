//! The gateway as a command: configuration in, requests served until a signal ends it.

use crate::arguments::{GuardServeArguments, MockArguments, PassphraseArguments, ReplayArguments};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::file::ConfigurationFile;
use crate::terminal;
use crate::{keyfile, project};
use bartizan_evidence::keys::Signer as _;
use bartizan_guard::gateway::{
    AccessLog, Alarm, Clock, Decision, Digests, Form, Gateway, GatewayError, Metrics, Outputs, Plan,
    Receipts, Reload, Reloaded, Stop, Surroundings, Telemetry, auditor, mock, replayed, secret, serve,
};
use bartizan_guard::settings::{Enforcement, GuardOptions, UpstreamOptions};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, BufWriter, Read as _, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Where the gateway listens when nobody says.
const LISTEN: &str = "127.0.0.1:8080";
/// Longest file of exchanges, in bytes.
const LONGEST_REPLAY: usize = 1 << 30;
/// Longest file that a configuration may name, in bytes.
const LONGEST_FILE: u64 = 64 << 20;

/// Serves until a signal ends it.
///
/// # Errors
/// [`Failure`] when the configuration cannot be used or nothing can listen.
pub(super) fn run(arguments: &GuardServeArguments) -> Result<Exit, Failure> {
    let Gathered { options, folder, file } = gathered(arguments)?;
    let named = Named::default();
    let plan = plan(&options, &folder, &named)?;
    let metrics = Arc::new(Metrics::default());
    let receipts = receipts(&options, &folder, Arc::clone(&metrics))?;
    let access = access(arguments, Arc::clone(&metrics))?;
    let clock: Clock =
        Arc::new(|| u64::try_from(jiff::Timestamp::now().as_microsecond()).unwrap_or_default());
    let telemetry = options.telemetry.as_ref().map(|telemetry| {
        with_surroundings(&folder, |surroundings| {
            Telemetry::new(telemetry, surroundings, Arc::clone(&clock), Arc::clone(&metrics))
        })
    });
    let content = options.receipts.content;
    let outputs = Outputs { access, receipts, content, telemetry: telemetry.transpose()? };
    let guarded = plan.upstream_names().join(", ");
    let gateway = Arc::new(Gateway::new(plan, secret().map_err(failed)?, clock, metrics, outputs));
    let listener = listen(options.listen.as_deref().unwrap_or(LISTEN))?;
    let admin = options.admin.as_deref().map(listen).transpose()?;
    let mode = match options.mode {
        Enforcement::Observe => "observing",
        Enforcement::Enforce => "enforcing",
    };
    let scheme = if options.tls.is_some() { "https" } else { "http" };
    terminal::remark(&format!("guarding {guarded}, {mode}, at {scheme}://{}", listener.local_addr()?));
    let threads = options.threads;
    let reload = file.map(|path| reload(arguments.clone(), path, named, options));
    serve(&gateway, listener, admin, threads, reload, &Stop::default()).map_err(failed)?;
    Ok(Exit::Done)
}

/// Serves as an upstream that is no model.
///
/// # Errors
/// [`Failure`] when nothing can listen.
pub(super) fn mock(arguments: &MockArguments) -> Result<Exit, Failure> {
    let listener = listen(&arguments.listen)?;
    terminal::remark(&format!(
        "a mock, no model: it repeats the last message, at http://{}",
        listener.local_addr()?
    ));
    mock::serve(listener, &Stop::default()).map_err(failed)?;
    Ok(Exit::Done)
}

#[expect(clippy::needless_pass_by_value, reason = "used where an error is mapped")]
fn failed(error: GatewayError) -> Failure {
    Failure::Guard(error.to_string())
}

/// Receipts into the store of this project, when they are asked for.
fn receipts(
    options: &GuardOptions,
    folder: &Path,
    metrics: Arc<Metrics>,
) -> Result<Option<Receipts>, Failure> {
    let auditor = with_surroundings(folder, |surroundings| auditor(&options.receipts, surroundings.files))?;
    if !options.receipts.enabled {
        return Ok(None);
    }
    let path = folder.join(options.receipts.key.as_deref().unwrap_or(Path::new("bartizan.key")));
    let passphrase = PassphraseArguments::default();
    let key = keyfile::signing_key(&path, &passphrase)?;
    let store = options.receipts.store.as_ref().map(|store| folder.join(store));
    let store = project::for_signing(store.as_deref(), &key)?;
    if auditor.as_ref().is_some_and(|auditor| auditor.key_id() == key.key_id()) {
        terminal::remark(
            "the auditor's key is the one that signs, so whoever gets at this machine can read what passed; `bartizan key generate \
             --output auditor.key` on another machine makes one for that alone",
        );
    }
    let alarm: Alarm = Box::new(terminal::remark);
    Ok(Some(Receipts::new(store, key, auditor, options.receipts.on_failure, metrics, alarm)?))
}

/// The files that a configuration names, as they were read last.
type Named = Arc<Mutex<BTreeSet<PathBuf>>>;

/// How the configuration is read again while it serves, also when a file that it names is another. What only a start takes up stays as
/// it was `started` with, so that a decision names a configuration that is in force.
fn reload(arguments: GuardServeArguments, file: PathBuf, named: Named, started: GuardOptions) -> Reload {
    let all = Arc::clone(&named);
    let stamp = move || {
        let mut hasher = DefaultHasher::new();
        let named = all.lock().unwrap_or_else(PoisonError::into_inner);
        for path in std::iter::once(&file).chain(named.iter()) {
            let metadata = fs::metadata(path).ok();
            let modified = metadata.as_ref().and_then(|metadata| metadata.modified().ok());
            (modified, metadata.map(|metadata| metadata.len())).hash(&mut hasher);
        }
        hasher.finish()
    };
    let load = move || {
        let mut gathered = gathered(&arguments).map_err(|error| error.to_string())?;
        let waiting = gathered.options.keep_until_start(&started);
        let plan = plan(&gathered.options, &gathered.folder, &named).map_err(|error| error.to_string())?;
        Ok(Reloaded { plan, waiting })
    };
    Reload { load: Box::new(load), stamp: Box::new(stamp), tell: Box::new(terminal::remark) }
}

/// Judges kept exchanges again.
///
/// # Errors
/// [`Failure`] when the configuration cannot be used or the file not be read.
pub(super) fn replay(arguments: &ReplayArguments) -> Result<Exit, Failure> {
    let serve = GuardServeArguments { config: arguments.config.clone(), ..GuardServeArguments::default() };
    let Gathered { mut options, folder, .. } = gathered(&serve)?;
    if options.upstream.is_empty() {
        // Nothing is sent anywhere.
        options.upstream.push(upstream("http://localhost"));
    }
    let plan = plan(&options, &folder, &Named::default())?;
    let text = project::document("exchanges", &arguments.file, LONGEST_REPLAY)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let (mut blocked, mut failed) = (false, false);
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        match replayed_line(&plan, line) {
            Ok(decision) => {
                blocked |= decision.action == "block";
                serde_json::to_writer(&mut out, &decision).map_err(io::Error::from)?;
            }
            Err(error) => {
                failed = true;
                write!(out, "{}", serde_json::json!({ "error": error }))?;
            }
        }
        writeln!(out)?;
    }
    out.flush()?;
    Ok(match (blocked, failed) {
        (true, _) => Exit::Found,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Done,
    })
}

/// An exchange that was kept.
#[derive(Deserialize)]
struct Kept {
    path: String,
    request: Box<RawValue>,
    answer: Option<Box<RawValue>>,
}

fn replayed_line(plan: &Plan, line: &[u8]) -> Result<Decision, String> {
    let kept: Kept = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    // A body that is kept as a string is that string; any other is what is written.
    let body = |raw: &RawValue| {
        serde_json::from_str::<String>(raw.get())
            .map_or_else(|_| raw.get().as_bytes().to_vec(), String::into_bytes)
    };
    let answer = kept.answer.as_deref().map(body);
    replayed(plan, &kept.path, &body(&kept.request), answer.as_deref())
}

/// Makes a key for a client: the key for them, its digest for the configuration.
///
/// # Errors
/// [`Failure`] when the machine gives no randomness.
pub(super) fn key() -> Result<Exit, Failure> {
    let key = format!("bzg_{}", bartizan_core::hex(&secret().map_err(failed)?));
    let digest = bartizan_evidence::digest::Digest::sha256(key.as_bytes());
    let mut out = io::stdout().lock();
    writeln!(out, "{key}\nsha256 = \"{}\"", digest.value())?;
    Ok(Exit::Done)
}

/// What the configuration comes to.
struct Gathered {
    options: GuardOptions,
    /// What paths in it are relative to.
    folder: PathBuf,
    /// Where it is, when there is one.
    file: Option<PathBuf>,
}

/// The options of the file, changed by those of the command line.
fn gathered(arguments: &GuardServeArguments) -> Result<Gathered, Failure> {
    let here = project::here();
    let file = match &arguments.config {
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|error| Failure::Read {
                what: "configuration",
                path: path.clone(),
                error,
            })?;
            Some(ConfigurationFile::parse(path, &text)?)
        }
        None => ConfigurationFile::find(&here)?,
    };
    let path = file.as_ref().map(|file| here.join(&file.path));
    let folder = file.as_ref().and_then(|file| file.path.parent()).map(|above| here.join(above));
    let mut options = file.map(|file| file.guard).unwrap_or_default();
    if !arguments.upstream.is_empty() {
        options.upstream = arguments.upstream.iter().map(|url| upstream(url)).collect();
        options.route.iter_mut().for_each(|route| route.upstream.clear());
    }
    if let Some(listen) = &arguments.listen {
        options.listen = Some(listen.clone());
    }
    if arguments.observe {
        options.mode = Enforcement::Observe;
        options.route.iter_mut().for_each(|route| route.mode = None);
    }
    Ok(Gathered { options, folder: folder.unwrap_or(here), file: path })
}

fn upstream(url: &str) -> UpstreamOptions {
    UpstreamOptions { name: url.to_owned(), url: url.to_owned(), ..UpstreamOptions::default() }
}

/// The plan; `named` is then the files that were read for it, also if they could not be used.
fn plan(options: &GuardOptions, folder: &Path, named: &Named) -> Result<Plan, Failure> {
    let asked = Mutex::new(BTreeSet::new());
    let made = with_surroundings(folder, |surroundings| {
        let files = |path: &Path| {
            asked.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.join(path));
            (surroundings.files)(path)
        };
        Plan::new(
            options,
            &Surroundings { files: &files, digests: Arc::clone(&surroundings.digests), ..*surroundings },
        )
    });
    *named.lock().unwrap_or_else(PoisonError::into_inner) =
        asked.into_inner().unwrap_or_else(PoisonError::into_inner);
    made
}

/// Does what asks for this machine's files, variables and certificates.
fn with_surroundings<T>(
    folder: &Path,
    act: impl FnOnce(&Surroundings<'_>) -> Result<T, GatewayError>,
) -> Result<T, Failure> {
    let files = |path: &Path| {
        let mut bytes = Vec::new();
        fs::File::open(folder.join(path))?.take(LONGEST_FILE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LONGEST_FILE {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 64 MiB"));
        }
        Ok(bytes)
    };
    let roots = super::machine_roots;
    let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let base = folder.to_owned();
    let digests: Digests = Arc::new(move |path: &Path| {
        crate::commands::gate::digest_now(&base.join(path))
            .map(|one| vec![one])
            .map_err(|error| error.to_string())
    });
    let surroundings = Surroundings { files: &files, environment: &environment, roots: &roots, digests };
    act(&surroundings).map_err(failed)
}

fn access(arguments: &GuardServeArguments, metrics: Arc<Metrics>) -> Result<Option<AccessLog>, Failure> {
    let mut logs: Vec<(Form, Box<dyn Write + Send>)> = Vec::new();
    for (form, path) in [(Form::Decisions, &arguments.access_log), (Form::Findings, &arguments.findings)] {
        match path.as_deref() {
            None => {}
            Some(path) if path == Path::new("-") => logs.push((form, Box::new(io::stdout()))),
            Some(path) => {
                let file = OpenOptions::new().create(true).append(true).open(path);
                let file = file.map_err(|error| Failure::Write { path: path.to_owned(), error })?;
                logs.push((form, Box::new(file)));
            }
        }
    }
    Ok(if logs.is_empty() { None } else { Some(AccessLog::new(logs, metrics, Box::new(terminal::remark))?) })
}

fn listen(address: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|error| Failure::Listen { address: address.to_owned(), error })
}
