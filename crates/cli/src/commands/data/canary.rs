//! `bartizan data canary`: rows by which a dataset is recognised where it turns up again.

use super::rows::{self, Opened};
use crate::arguments::{
    CanaryArguments, CanaryCheckArguments, CanaryCommand, CanaryListArguments, CanaryPlantArguments,
    RowFormat,
};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::unfinished::Unfinished;
use crate::{keyfile, project};
use bartizan_data::{canary, table};
use bartizan_evidence::digest::Digest;
use bartizan_evidence::dsse::Envelope;
use bartizan_evidence::keys::{Signer as _, Verifier};
use bartizan_evidence::predicate::CANARIES_V1;
use bartizan_evidence::statement::{PAYLOAD_TYPE, Statement};
use bartizan_evidence::store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashMap;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Largest record, in bytes.
const LARGEST_RECORD: usize = 64 << 20;

/// The predicate of a record.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    /// The column the canaries stand in.
    column: String,
    /// The canaries, in the order of their rows.
    canaries: Vec<Canary>,
}

/// One canary.
#[derive(Debug, Serialize, Deserialize)]
struct Canary {
    /// Its row in the copy, from 0.
    row: u64,
    /// What it is recognised by.
    token: String,
    /// The whole text.
    text: String,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when something cannot be read, signed, believed or written.
pub(super) fn run(arguments: &CanaryArguments) -> Result<Exit, Failure> {
    match &arguments.command {
        CanaryCommand::Plant(plant) => self::plant(plant),
        CanaryCommand::List(list) => self::list(list),
        CanaryCommand::Check(check) => self::check(check),
    }
}

fn plant(arguments: &CanaryPlantArguments) -> Result<Exit, Failure> {
    let dataset = |error| Failure::Dataset { path: arguments.file.clone(), error: Box::new(error) };
    let mut seen = 0u64;
    let total = rows::each(&arguments.file, &mut |_, _| {
        seen = seen.saturating_add(1);
        ControlFlow::Continue(())
    })?;
    let key = project::key(&arguments.key)?;
    // What is signed names the dataset, so that two of them never share a canary.
    let original = file_digest(&arguments.file)?;
    let tokens: Vec<String> = (0..arguments.count)
        .map(|index| {
            let message = format!("bartizan canary v1\n{original}\n{index}\n");
            let signature = key
                .sign(message.as_bytes())
                .map_err(|error| Failure::Key { path: arguments.key.key.clone(), error })?;
            canary::token(Digest::sha256(&signature).value()).ok_or(Failure::Defect)
        })
        .collect::<Result<_, _>>()?;
    let places = canary::places(total, &tokens).ok_or_else(|| Failure::Array {
        path: arguments.file.clone(),
        problem: format!("has {total} rows; no more canaries than rows can be planted"),
    })?;
    let texts: Vec<(u64, String)> = places
        .iter()
        .zip(&tokens)
        .enumerate()
        .map(|(index, (place, token))| (*place, canary::sentence(index, token)))
        .collect();
    let record_path = arguments.record.clone().unwrap_or_else(|| {
        let mut path = arguments.output.as_os_str().to_owned();
        path.push(".canaries.json");
        PathBuf::from(path)
    });
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |error| Failure::Write { path, error }
    };
    // An existing file is never overwritten, the dataset itself least of all.
    let (unfinished, copy) = Unfinished::create(&arguments.output).map_err(failed(&arguments.output))?;
    let mut copy = BufWriter::new(copy);
    let (unfinished_record, mut record_file) =
        Unfinished::create(&record_path).map_err(failed(&record_path))?;
    let Opened { input, name } = rows::open(&arguments.file)?;
    table::plant(input, &name, &arguments.text, &texts, &mut copy).map_err(dataset)?;
    copy.flush().map_err(failed(&arguments.output))?;
    let canaries = texts
        .into_iter()
        .zip(tokens)
        .enumerate()
        // Each canary before this one moved the rows after it by one.
        .map(|(index, ((after, text), token))| Canary { row: after + 1 + index as u64, token, text })
        .collect();
    let record = Record { column: arguments.text.clone(), canaries };
    let subjects = project::subjects(&arguments.output.to_string_lossy())?;
    let payload = Statement::new(subjects, CANARIES_V1, record).to_payload().map_err(StoreError::from)?;
    let envelope = Envelope::sign(payload, PAYLOAD_TYPE, &key).map_err(StoreError::from)?;
    record_file.write_all(&envelope.to_json().map_err(StoreError::from)?).map_err(failed(&record_path))?;
    // A copy without its record would have canaries that nobody knows.
    unfinished.finish();
    unfinished_record.finish();
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "wrote {} with {} canaries, and their record {}\nnext: keep the record and the key from whoever gets the dataset",
        arguments.output.display(),
        arguments.count,
        record_path.display()
    )?;
    Ok(Exit::Done)
}

/// The digest of a file, read in pieces.
fn file_digest(path: &Path) -> Result<String, Failure> {
    let source = bartizan_core::Source::open(path, u64::MAX)?;
    Ok(Digest::sha256(source.bytes()).value().to_owned())
}

/// Reads a record that the key has signed.
fn record(path: &Path, public_key: &Path) -> Result<Record, Failure> {
    let json = project::document("canary record", path, LARGEST_RECORD)?;
    let believed = keyfile::public_key(public_key)?;
    let problem = |problem: String| Failure::Array { path: path.to_path_buf(), problem };
    let envelope =
        Envelope::from_json(&json).map_err(|error| problem(format!("is no signed record: {error}")))?;
    let verifiers: [&dyn Verifier; 1] = [&believed];
    envelope.verify(&verifiers).map_err(|error| problem(format!("is not to be believed: {error}")))?;
    let payload = envelope.payload_of(PAYLOAD_TYPE).map_err(|error| problem(error.to_string()))?;
    let statement: Statement<Record> = serde_json::from_slice(payload)
        .map_err(|error| problem(format!("is no record of canaries: {error}")))?;
    match statement.predicate {
        Some(record) if statement.predicate_type == CANARIES_V1 => Ok(record),
        _ => Err(problem(format!("is a statement of another kind: {}", statement.predicate_type))),
    }
}

fn list(arguments: &CanaryListArguments) -> Result<Exit, Failure> {
    let record = record(&arguments.record, &arguments.public_key)?;
    let mut out = BufWriter::new(io::stdout().lock());
    for canary in &record.canaries {
        match arguments.format {
            RowFormat::Jsonl => writeln!(out, "{}", serde_json::to_string(canary).map_err(io::Error::from)?)?,
            RowFormat::Table => writeln!(out, "row {:>8}  {}", canary.row, canary.text)?,
        }
    }
    if arguments.format == RowFormat::Table {
        writeln!(out, "\n{} canaries in column {}", record.canaries.len(), record.column)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn check(arguments: &CanaryCheckArguments) -> Result<Exit, Failure> {
    let record = record(&arguments.record, &arguments.public_key)?;
    let known: HashMap<&str, u64> =
        record.canaries.iter().map(|canary| (canary.token.as_str(), canary.row)).collect();
    let mut out = BufWriter::new(io::stdout().lock());
    let mut failed = None;
    let mut found = 0u64;
    let rows = rows::each(&arguments.file, &mut |row, cells| {
        for cell in cells {
            for token in canary::tokens(&cell.value) {
                let Some(planted) = known.get(token.as_str()) else { continue };
                found = found.saturating_add(1);
                let column = &cell.column;
                let written = match arguments.format {
                    RowFormat::Jsonl => writeln!(
                        out,
                        "{}",
                        json!({"row": row, "column": column, "token": token, "planted_row": planted})
                    ),
                    RowFormat::Table => writeln!(
                        out,
                        "row {row}, {}: canary {token}, planted in row {planted}",
                        bartizan_core::printable(column, 40)
                    ),
                };
                if let Err(error) = written {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    if arguments.format == RowFormat::Table {
        writeln!(out, "{}{rows} rows read: {found} canaries", if found > 0 { "\n" } else { "" })?;
    }
    out.flush()?;
    Ok(if found > 0 { Exit::Found } else { Exit::Done })
}
