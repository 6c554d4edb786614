//! `bartizan data sources`: may this data be used, and is it still what was reviewed?

use crate::arguments::{
    SourcesArguments, SourcesCheckArguments, SourcesCommand, SourcesPinArguments, TextOrJson,
};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::keyfile;
use bartizan_core::printable;
use bartizan_data::sources::{MOST_BYTES, Problem, SourceReport, Sources, check, matching, pins};
use bartizan_evidence::keys::RevocationLists;
use bartizan_evidence::manifest::{Digesting, HashAlgorithm, Silent};
use bartizan_evidence::oms::{LONGEST_BUNDLE, Trust, VerifyOptions, verify};
use serde_json::json;
use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the list cannot be read.
pub(crate) fn run(arguments: &SourcesArguments) -> Result<Exit, Failure> {
    match &arguments.command {
        SourcesCommand::Check(arguments) => run_check(arguments),
        SourcesCommand::Pin(arguments) => run_pin(arguments),
    }
}

fn run_check(arguments: &SourcesCheckArguments) -> Result<Exit, Failure> {
    let path = &arguments.sources;
    let text = read(path, "list of sources", MOST_BYTES)?;
    let failed = |error| Failure::Sources { path: path.clone(), error };
    let text = String::from_utf8(text)
        .map_err(|error| Failure::Place { place: path.display().to_string(), problem: error.to_string() })?;
    let sources = Sources::from_toml(&text).map_err(failed)?;
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let mut only = Vec::new();
    let mut unlisted: Vec<Problem> = Vec::new();
    for place in &arguments.paths {
        match matching(&sources, &folder, place, arguments.origin.as_deref()) {
            Ok(dataset) => only.push(dataset.name.clone()),
            Err(problem) => unlisted.push(*problem),
        }
    }
    // With paths named and none of them listed, no dataset is looked at.
    let mut report = if only.is_empty() && !arguments.paths.is_empty() {
        SourceReport::default()
    } else {
        check(&sources, &folder, &only, &signature_stands)
    };
    report.problems.extend(unlisted);
    if report.datasets == 0 && report.problems.is_empty() {
        return Err(Failure::Place {
            place: path.display().to_string(),
            problem: "lists no dataset; `bartizan data sources pin PATH --from URL` prints the table of one"
                .to_owned(),
        });
    }
    write(&report, arguments.format)?;
    Ok(if report.problems.is_empty() { Exit::Done } else { Exit::Found })
}

fn write(report: &SourceReport, format: TextOrJson) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    if format == TextOrJson::Json {
        let allowed = report.problems.is_empty();
        let document = json!({"schema": "bartizan.sources-check/1", "allowed": allowed, "report": report});
        writeln!(out, "{document:#}")?;
        return out.flush();
    }
    for problem in &report.problems {
        let file =
            problem.file.as_deref().map(|file| format!(" {}", printable(file, 200))).unwrap_or_default();
        let dataset = printable(&problem.dataset, 80);
        writeln!(out, "{:<10} {dataset}{file}: {}", problem.kind, printable(&problem.message, 400))?;
    }
    writeln!(
        out,
        "{}{} dataset(s), {} files ({} bytes) digested: {}",
        if report.problems.is_empty() { "" } else { "\n" },
        report.datasets,
        report.files,
        report.bytes,
        match report.problems.len() {
            0 => "all as listed".to_owned(),
            count => format!("{count} problem(s)"),
        }
    )?;
    out.flush()
}

/// Whether the holder of `key` signed the files at `path`, all of them.
fn signature_stands(path: &Path, key: &Path, signature: &Path) -> Result<(), String> {
    let key = keyfile::public_key(key).map_err(|failure| failure.to_string())?;
    let bundle =
        read(signature, "signature", LONGEST_BUNDLE as u64).map_err(|failure| failure.to_string())?;
    let options = VerifyOptions {
        trust: &Trust::Keys(vec![key]),
        revoked: &RevocationLists::default(),
        digesting: Digesting {
            algorithm: HashAlgorithm::Sha256,
            jobs: std::thread::available_parallelism().unwrap_or(std::num::NonZeroUsize::MIN),
            progress: &Silent,
            cache: None,
            gathered: None,
            live: None,
        },
        now: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO),
        signature_file: Some(signature),
        ignore_paths: &[],
        allow_symlinks: false,
        ignore_unsigned_files: false,
        allow_unsigned: false,
    };
    let found = verify(path, &bundle, options).map_err(|error| error.to_string())?;
    if let Some(refusal) = found.refusals.first() {
        return Err(refusal.to_string());
    }
    // A file that the signature leaves out is not what was signed, whatever it holds.
    match found.unsigned.first() {
        Some(unsigned) => Err(format!("`{}` is not signed ({})", unsigned.name, unsigned.why.as_str())),
        None => Ok(()),
    }
}

fn run_pin(arguments: &SourcesPinArguments) -> Result<Exit, Failure> {
    let path = &arguments.path;
    let pinned = pins(path).map_err(|error| Failure::Read { what: "dataset", path: path.clone(), error })?;
    let named = || path.file_name().map(|name| name.to_string_lossy().into_owned());
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut out = BufWriter::new(io::stdout().lock());
    writeln!(out, "[[dataset]]")?;
    let name = arguments.name.clone().or_else(named).unwrap_or_else(|| "dataset".to_owned());
    writeln!(out, "name = {}", quoted(&name))?;
    writeln!(out, "path = {}", quoted(&path.to_string_lossy()))?;
    writeln!(out, "from = {}", quoted(&arguments.from))?;
    if let Some(licence) = &arguments.licence {
        writeln!(out, "licence = {}", quoted(licence))?;
    }
    writeln!(out, "[dataset.shards]")?;
    for (file, digest) in &pinned {
        writeln!(out, "{} = {}", quoted(file), quoted(digest))?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn read(path: &Path, what: &'static str, most: u64) -> Result<Vec<u8>, Failure> {
    let failed = |error| Failure::Read { what, path: path.to_owned(), error };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > most {
        return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, format!("longer than {most} bytes"))));
    }
    Ok(bytes)
}
