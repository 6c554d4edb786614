//! What each verb does: arguments in, output and exit code out.

use crate::arguments::{
    CheckArguments, CheckFormat, DriftArguments, DriftFormat, InputArguments, LearnArguments,
    ProfileArguments, ProfileFormat, RowsArguments,
};
use crate::output::{Exit, emit, keep, remark};
use crate::scratch::Scratch;
use bartizan_data::drift::{DriftSettings, joint_tests};
use bartizan_data::expect::{Confidence, Suite, import};
use bartizan_data::profile::{MOST_BYTES, Profile, SCHEMA};
use bartizan_engine::check::{CheckSettings, CheckStatus};
use bartizan_engine::input::{Shard, shards};
use bartizan_engine::{Engine, EngineError, Settings, render};
use serde_json::Value;
use std::fs;
use std::future::Future;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Runs a plan on as many threads as asked for.
fn on_threads<T>(
    input: &InputArguments,
    work: impl Future<Output = Result<T, EngineError>>,
) -> Result<T, EngineError> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = input.threads {
        builder.worker_threads(threads.into());
    }
    let runtime =
        builder.build().map_err(|error| EngineError::Argument(format!("no threads can be had: {error}")))?;
    runtime.block_on(work)
}

fn engine(input: &InputArguments, scratch: &Scratch) -> Result<Engine, EngineError> {
    Engine::new(Settings { memory: input.memory_limit, scratch: Some(scratch.path().to_owned()) })
}

/// `bartizan data profile`.
pub(crate) fn profile(arguments: &ProfileArguments, scratch: &Scratch) -> Result<Exit, EngineError> {
    let shards = shards(&arguments.places)?;
    let engine = engine(&arguments.input, scratch)?;
    let profile = on_threads(&arguments.input, engine.profile(&shards, &arguments.column))?;
    if let Some(path) = &arguments.output {
        keep(path, &profile.to_json(true).to_string())?;
    }
    emit(&match arguments.format {
        ProfileFormat::Table => render::profile_table(&profile, crate::output::width()),
        ProfileFormat::Json => format!("{:#}\n", profile.to_json(false)),
        ProfileFormat::Html => render::profile_page(&profile),
    })?;
    Ok(Exit::Done)
}

/// `bartizan data learn`.
pub(crate) fn learn(arguments: &LearnArguments, scratch: &Scratch) -> Result<Exit, EngineError> {
    let confidence = Confidence::new(arguments.confidence).ok_or_else(|| {
        EngineError::Argument("--confidence is a share between 0 and 1, such as 0.99".to_owned())
    })?;
    if let Some(output) = arguments.output.as_deref().filter(|output| output.exists()) {
        let error =
            std::io::Error::new(std::io::ErrorKind::AlreadyExists, "it exists, and may have been edited");
        return Err(EngineError::Write { path: output.to_owned(), error });
    }
    let (mut suite, comments, profile) = if let Some(path) = &arguments.import {
        let imported = import(&read(path, MOST_BYTES)?)
            .map_err(|error| EngineError::Import { path: path.clone(), error })?;
        for unmapped in &imported.unmapped {
            remark(&format!("not taken over: {unmapped}"));
        }
        (imported.suite, Vec::new(), None)
    } else {
        let shards = shards(&arguments.places)?;
        let engine = engine(&arguments.input, scratch)?;
        let learned = on_threads(&arguments.input, engine.learn(&shards, confidence))?;
        (learned.suite, learned.comments, Some(learned.profile))
    };
    if let (Some(output), Some(profile)) = (&arguments.output, &profile) {
        let beside = output.with_extension("profile.json");
        keep(&beside, &profile.to_json(true).to_string())?;
        if let Some(reference) = &mut suite.reference {
            reference.profile = beside.file_name().map(|name| name.to_string_lossy().into_owned());
        }
    }
    let path = || arguments.output.clone().unwrap_or_else(|| PathBuf::from("(standard output)"));
    let text = suite
        .to_toml(&comments)
        .map_err(|error| EngineError::Suite { path: path(), error: Box::new(error) })?;
    match &arguments.output {
        Some(output) => {
            keep(output, &text)?;
            emit(&format!("{} expectations written to {}\n", suite.expectations.len(), output.display()))?;
        }
        None => emit(&text)?,
    }
    Ok(Exit::Done)
}

/// `bartizan data check`.
pub(crate) fn check(arguments: &CheckArguments, scratch: &Scratch) -> Result<Exit, EngineError> {
    let path = &arguments.against;
    let text = String::from_utf8(read(path, MOST_BYTES)?).map_err(|error| EngineError::Data {
        path: path.clone(),
        place: format!(" (byte {})", error.utf8_error().valid_up_to()),
        reason: "is no UTF-8".to_owned(),
    })?;
    let suite = Suite::from_toml(&text)
        .map_err(|error| EngineError::Suite { path: path.clone(), error: Box::new(error) })?;
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let named = suite.reference.as_ref().and_then(|reference| reference.profile.as_ref());
    let reference = named.map(|name| stored(&folder.join(name))).transpose();
    let reference = match &reference {
        Ok(profile) => Ok(profile.as_ref()),
        Err(error) => Err(error.to_string()),
    };
    let settings = CheckSettings {
        suite_name: path.to_string_lossy().into_owned(),
        folder,
        now: arguments.now.unwrap_or_else(jiff::Timestamp::now).as_second(),
        examples: arguments.rows,
    };
    let shards = shards(&arguments.places)?;
    let engine = engine(&arguments.input, scratch)?;
    let report = on_threads(&arguments.input, engine.check(&shards, &suite, reference, &settings))?;
    if let Some(path) = &arguments.report {
        write_report(path, report.to_json(), &shards)?;
    }
    emit(&match arguments.format {
        CheckFormat::Table => render::check_table(&report),
        CheckFormat::Json => format!("{:#}\n", report.to_json()),
        CheckFormat::Junit => render::check_junit(&report),
    })?;
    Ok(if report.count(CheckStatus::Failed) > 0 {
        Exit::Found
    } else if report.count(CheckStatus::CouldNotRun) > 0 {
        Exit::Incomplete
    } else {
        Exit::Done
    })
}

/// Rows of each dataset that are compared with all columns together.
const SAMPLED: usize = 5_000;

/// `bartizan data drift`.
pub(crate) fn drift(arguments: &DriftArguments, scratch: &Scratch) -> Result<Exit, EngineError> {
    let share = |share: f64| (0.0..=1.0).contains(&share);
    if !share(arguments.level) || !share(arguments.least_effect) {
        return Err(EngineError::Argument("--level and --least-effect are shares from 0 to 1".to_owned()));
    }
    let engine = engine(&arguments.input, scratch)?;
    let profile = |place: &PathBuf| {
        if is_profile(place) {
            return stored(place);
        }
        let shards = shards(std::slice::from_ref(place))?;
        on_threads(&arguments.input, engine.profile(&shards, &[]))
    };
    let (reference, current) = (profile(&arguments.reference)?, profile(&arguments.current)?);
    for column in &arguments.column {
        if reference.column(column).is_none() && current.column(column).is_none() {
            let known: Vec<&str> =
                current.columns.iter().take(12).map(|column| column.name.as_str()).collect();
            let (path, column, known) = (arguments.current.clone(), column.clone(), known.join(", "));
            return Err(EngineError::NoColumn { path, column, known });
        }
    }
    let settings = DriftSettings {
        level: arguments.level,
        least_effect: arguments.least_effect,
        columns: arguments.column.clone(),
    };
    let mut drift = bartizan_data::drift::drift(&reference, &current, &settings)?;
    if !is_profile(&arguments.reference) && !is_profile(&arguments.current) {
        let columns: Vec<String> = drift.comparable().map(str::to_owned).collect();
        let sample = |place: &PathBuf| {
            let shards = shards(std::slice::from_ref(place))?;
            on_threads(&arguments.input, engine.sample(&shards, &columns, SAMPLED))
        };
        drift.add(joint_tests(&sample(&arguments.reference)?, &sample(&arguments.current)?))?;
    }
    if let Some(path) = &arguments.report {
        let current = &arguments.current;
        let read = if is_profile(current) { Vec::new() } else { shards(std::slice::from_ref(current))? };
        write_report(path, drift.to_json(), &read)?;
    }
    emit(&match arguments.format {
        DriftFormat::Table => render::drift_table(&drift),
        DriftFormat::Json => format!("{:#}\n", drift.to_json()),
    })?;
    Ok(if drift.is_found() { Exit::Found } else { Exit::Done })
}

/// `bartizan-data rows`.
pub(crate) fn rows(arguments: &RowsArguments, scratch: &Scratch) -> Result<Exit, EngineError> {
    let shards = shards(&arguments.places)?;
    let engine = engine(&arguments.input, scratch)?;
    let mut out = std::io::BufWriter::with_capacity(1 << 18, std::io::stdout());
    on_threads(&arguments.input, engine.rows(&shards, &mut out))?;
    Ok(Exit::Done)
}

/// Writes a report with the files it is about, so that whoever signs it can name them by their digests.
fn write_report(path: &Path, mut report: Value, read: &[Shard]) -> Result<(), EngineError> {
    let inputs: Vec<Value> = read.iter().map(|shard| shard.path.to_string_lossy().into()).collect();
    if let Some(report) = report.as_object_mut() {
        report.insert("inputs".to_owned(), Value::from(inputs));
    }
    keep(path, &format!("{report:#}\n"))
}

/// Whether a file begins as a profile does.
fn is_profile(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(200).read_to_end(&mut head));
    read.is_ok() && String::from_utf8_lossy(&head).contains(&format!("\"{SCHEMA}\""))
}

/// A profile that was kept.
fn stored(path: &Path) -> Result<Profile, EngineError> {
    Profile::from_json(&read(path, MOST_BYTES)?)
        .map_err(|error| EngineError::Profile { path: path.to_owned(), error: Box::new(error) })
}

fn read(path: &Path, most: u64) -> Result<Vec<u8>, EngineError> {
    let failed = |error| EngineError::Read { path: path.to_owned(), error };
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > most {
        let error =
            std::io::Error::new(std::io::ErrorKind::FileTooLarge, format!("longer than {most} bytes"));
        return Err(failed(error));
    }
    Ok(bytes)
}
