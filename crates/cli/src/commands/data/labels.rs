//! `bartizan data labels`: which labels are probably wrong, by the probabilities of a model that has not seen the rows, or by
//! models fitted here to the other rows.

use super::budget::Budget;
use super::matrix::{self, Matrix};
use super::rows;
use crate::arguments::{LabelArguments, RowFormat};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::values::Size;
use bartizan_core::printable;
use bartizan_data::labels::{Column, held_out_probabilities};
use bartizan_stats::labels::{Filter, Labelled, Quality};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Rows shown to people.
const SHOWN: usize = 20;
/// Bytes of working memory for each byte of the dataset's values.
const HELD: u64 = 8;
/// Bytes of working memory for each byte of the numbers of arrays: 635 MB for five million rows of ten classes.
const HELD_OF_ARRAYS: u64 = 2;

/// Labels, and what models that have not seen a row say of it.
struct Judged {
    path: PathBuf,
    labels: Vec<u32>,
    /// Row-major `(rows, classes)`.
    probabilities: Vec<f64>,
    classes: usize,
    /// How the classes are written in the dataset; their numbers where there is none.
    names: Vec<String>,
}

impl Judged {
    /// A class as the dataset writes it.
    fn name(&self, class: usize) -> Value {
        self.names.get(class).map_or_else(|| json!(class), |name| json!(name))
    }
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when a file cannot be read, arrays do not fit each other, or there is nothing to learn from.
pub(crate) fn run(arguments: &LabelArguments) -> Result<Exit, Failure> {
    let judged = match (&arguments.labels, &arguments.probabilities, &arguments.file) {
        (Some(labels), Some(probabilities), _) => {
            let limit = arguments.memory_limit.map(Size::bytes);
            arrays(labels, probabilities, &mut Budget::new(probabilities, limit, HELD_OF_ARRAYS))?
        }
        (.., Some(file)) => dataset(file, arguments)?,
        _ => return Ok(Exit::Done),
    };
    let failed = |problem: String| Failure::Array { path: judged.path.clone(), problem };
    let table = Labelled::new(&judged.labels, &judged.probabilities, judged.classes)
        .map_err(|error| failed(error.to_string()))?;
    let quality = table.quality(Quality::NormalizedMargin);
    let issues = table.suspects(Filter::PruneByNoiseRate).map_err(|error| failed(error.to_string()))?;
    let mut order: Vec<usize> = (0..judged.labels.len()).collect();
    let of = |row: usize| quality.get(row).copied().unwrap_or(1.0);
    order.sort_by(|left, right| of(*left).total_cmp(&of(*right)).then(left.cmp(right)));
    let count = issues.iter().filter(|issue| **issue).count();
    let mut out = BufWriter::new(io::stdout().lock());
    let shown = if arguments.format == RowFormat::Table { count.min(SHOWN) } else { order.len() };
    for row in order.into_iter().take(shown) {
        let probabilities =
            judged.probabilities.chunks_exact(judged.classes.max(1)).nth(row).unwrap_or_default();
        let predicted = (0..probabilities.len())
            .max_by(|left, right| {
                let of = |class: &usize| probabilities.get(*class).copied().unwrap_or(0.0);
                of(left).total_cmp(&of(right)).then(right.cmp(left))
            })
            .unwrap_or(0);
        let label = judged.labels.get(row).copied().unwrap_or(0) as usize;
        let issue = issues.get(row).copied().unwrap_or(false);
        let (label, predicted) = (judged.name(label), judged.name(predicted));
        match arguments.format {
            RowFormat::Jsonl => {
                let line = json!({"row": row, "score": 1.0 - of(row), "quality": of(row), "label": label,
                                  "predicted": predicted, "issue": issue});
                writeln!(out, "{line}")?;
            }
            RowFormat::Table => {
                writeln!(
                    out,
                    "{:.3}  row {row}: labelled {}, the model says {}",
                    of(row),
                    written(&label),
                    written(&predicted)
                )?;
            }
        }
    }
    if arguments.format == RowFormat::Table {
        writeln!(
            out,
            "{}{} labels read: {count} are probably wrong",
            if count > 0 { "\n" } else { "" },
            judged.labels.len()
        )?;
    }
    out.flush()?;
    Ok(if count > 0 { Exit::Found } else { Exit::Done })
}

fn written(class: &Value) -> String {
    class.as_str().map_or_else(|| class.to_string(), |name| printable(name, 40))
}

fn arrays(labels: &Path, probabilities: &Path, budget: &mut Budget) -> Result<Judged, Failure> {
    let given = matrix::read(labels, budget)?;
    let Matrix { values, columns, .. } = matrix::read(probabilities, budget)?;
    Ok(Judged {
        path: labels.to_path_buf(),
        labels: matrix::classes(&given, labels)?,
        probabilities: values,
        classes: columns,
        names: Vec::new(),
    })
}

/// Reads a dataset and judges its labels by models of its other rows.
fn dataset(path: &Path, arguments: &LabelArguments) -> Result<Judged, Failure> {
    let (label, wanted) = (arguments.label.as_str(), arguments.column.as_slice());
    let mut budget = Budget::new(path, arguments.memory_limit.map(Size::bytes), HELD);
    let mut columns: Vec<Column> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut given: Vec<String> = Vec::new();
    let mut labelled = false;
    let mut known: Vec<String> = Vec::new();
    rows::each(path, &mut |row, cells| {
        let row = usize::try_from(row).unwrap_or(usize::MAX);
        given.push(String::new());
        let mut bytes = size_of::<String>() as u64;
        for cell in cells {
            bytes = bytes.saturating_add((cell.value.len() + size_of::<String>()) as u64);
            if known.len() < 1000 && !known.contains(&cell.column) {
                known.push(cell.column.clone());
            }
            if cell.column == label {
                labelled = true;
                if let Some(slot) = given.last_mut() {
                    slot.clone_from(&cell.value);
                }
            } else if wanted.is_empty() || wanted.contains(&cell.column) {
                let place = *places.entry(cell.column.clone()).or_insert_with(|| {
                    columns.push(Column { name: cell.column.clone(), values: Vec::new() });
                    columns.len().saturating_sub(1)
                });
                if let Some(column) = columns.get_mut(place) {
                    column.values.resize(row, String::new());
                    column.values.push(cell.value.clone());
                }
            }
        }
        budget.take(row, bytes)
    })?;
    budget.settled()?;
    if given.is_empty() {
        let problem = "holds no row; there is nothing to judge".to_owned();
        return Err(Failure::Array { path: path.to_path_buf(), problem });
    }
    let missing = wanted.iter().find(|column| !places.contains_key(*column));
    if let Some(column) = missing.cloned().or_else(|| (!labelled).then(|| label.to_owned())) {
        return Err(Failure::NoColumn { path: path.to_path_buf(), column, known });
    }
    for column in &mut columns {
        column.values.resize(given.len(), String::new());
    }
    let mut classes: BTreeMap<&str, u32> = given.iter().map(|label| (label.as_str(), 0)).collect();
    for (class, number) in classes.values_mut().zip(0..) {
        *class = number;
    }
    let labels: Vec<u32> =
        given.iter().map(|label| classes.get(label.as_str()).copied().unwrap_or_default()).collect();
    let names: Vec<String> = classes.keys().map(|name| (*name).to_owned()).collect();
    let probabilities = held_out_probabilities(&columns, &labels, names.len())
        .map_err(|error| Failure::Array { path: path.to_path_buf(), problem: error.to_string() })?;
    Ok(Judged { path: path.to_path_buf(), labels, probabilities, classes: names.len(), names })
}
