//! `bartizan data anomalies`: how strange each row of a table is among the others.

use super::budget::Budget;
use super::matrix::{self, Matrix};
use super::odd_texts::OddTexts;
use super::rows;
use crate::arguments::{AnomalyArguments, RowFormat};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::values::Size;
use bartizan_core::printable;
use bartizan_data::tricks::{Trick, tricks};
use bartizan_stats::anomaly::{mid_ranks, robust_z, strangeness};
use bartizan_stats::monitor::{Jump, jumps};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;

/// Rows shown to people.
const SHOWN: usize = 20;
/// Least score of a row whose columns are named for programs.
const EXPLAINED: f64 = 0.95;
/// Columns named as reasons.
const REASONS: usize = 3;
/// Least score of a row at which a column jumps.
const JUMPED: f64 = 0.9;
/// Bytes of working memory for each byte of numbers that is read.
const HELD: u64 = 4;

/// Runs the command. Strange rows are no finding: every table has some.
///
/// # Errors
/// [`Failure`] when the table cannot be read, or holds neither numbers, categories nor texts.
pub(crate) fn run(arguments: &AnomalyArguments) -> Result<Exit, Failure> {
    let refused = |problem: String| Failure::Array { path: arguments.file.clone(), problem };
    if is_array(&arguments.file) && (!arguments.column.is_empty() || arguments.time.is_some()) {
        return Err(refused("is an array, whose columns have no names for --column and --time".to_owned()));
    }
    let limit = arguments.memory_limit.map(Size::bytes);
    let mut budget = Budget::new(&arguments.file, limit, HELD);
    let read = matrix::of_table(&arguments.file, &arguments.column, &mut budget)?;
    let texts = Texts::read(&arguments.file, &arguments.column, arguments.time.as_deref())?;
    if read.columns == 0 && texts.rows == 0 {
        return Err(refused("holds no row; there is nothing to judge".to_owned()));
    }
    let mut odd = OddTexts::judge(&arguments.file, &read.texts, texts.rows, arguments.seed, &mut budget)?;
    let (mut scores, deviations) = ranked(&read, &odd, texts.rows, arguments)?;
    let jumped = texts.jumps(&read, arguments)?;
    let worst = |row: usize| {
        let told = texts
            .tricks
            .get(&row)
            .map_or(0.0, |found| found.iter().map(|(_, trick)| trick.kind.weight()).fold(0.0, f64::max));
        if jumped.contains_key(&row) { JUMPED.max(told) } else { told }
    };
    for (row, score) in scores.iter_mut().enumerate() {
        *score = score.max(worst(row));
    }
    let explained = explained(&scores, arguments.format);
    OddTexts::explain(&mut odd, &arguments.file, &explained)?;
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        RowFormat::Jsonl => {
            for (row, score) in scores.iter().enumerate() {
                let mut line = serde_json::Map::new();
                line.insert("row".to_owned(), json!(row));
                line.insert("score".to_owned(), json!(score));
                if *score >= EXPLAINED && !deviations.is_empty() {
                    let far = farthest(&deviations, row).into_iter();
                    let told = far.map(|(value, column)| match read.names.get(column) {
                        Some(name) => json!({"column": name, "deviation": value}),
                        None => json!({"column": column, "deviation": value}),
                    });
                    line.insert("columns".to_owned(), told.collect());
                }
                if *score >= EXPLAINED && !odd.is_empty() {
                    let told = odd.iter().filter_map(|odd| odd.reason(row));
                    line.insert("texts".to_owned(), told.collect());
                }
                if let Some(found) = texts.tricks.get(&row) {
                    let told = found.iter().map(|(column, trick)| trick_json(column, trick));
                    line.insert("tricks".to_owned(), told.collect());
                }
                if let Some(found) = jumped.get(&row) {
                    let told = found.iter().map(|(column, jump)| jump_json(column, jump));
                    line.insert("jumps".to_owned(), told.collect());
                }
                let line = Value::Object(line);
                writeln!(out, "{line}")?;
            }
        }
        RowFormat::Table => {
            let of = |row: usize| scores.get(row).copied().unwrap_or(0.0);
            for row in strangest(&scores).into_iter().take(SHOWN).filter(|row| of(*row) > 0.0) {
                let mut why: Vec<String> = Vec::new();
                for (column, jump) in jumped.get(&row).into_iter().flatten() {
                    why.push(format!(
                        "{} jumps from {:.4} ± {:.4} to {:.4} ± {:.4}",
                        printable(column, 40),
                        jump.level_before,
                        jump.spread_before,
                        jump.level_after,
                        jump.spread_after
                    ));
                }
                for (column, trick) in texts.tricks.get(&row).into_iter().flatten() {
                    let kind = json!(trick.kind);
                    why.push(format!(
                        "{} {}: {}",
                        kind.as_str().unwrap_or_default(),
                        printable(column, 40),
                        printable(&trick.evidence, 60)
                    ));
                }
                why.extend(odd.iter().filter_map(|odd| odd.told(row)));
                if why.is_empty() {
                    why.push(reasons(&deviations, &read.names, row));
                }
                why.retain(|why| !why.is_empty());
                if why.is_empty() {
                    why.push("no column of it stands out by itself".to_owned());
                }
                writeln!(out, "{:.3}  row {row}: {}", of(row), why.join("; "))?;
            }
            writeln!(
                out,
                "\n{} rows read, {} columns of numbers, {} of free text; {} rows with deceptive text; --format jsonl gives every row's score",
                scores.len(),
                read.columns,
                odd.len(),
                texts.tricks.len()
            )?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn trick_json(column: &str, trick: &Trick) -> Value {
    json!({"column": column, "kind": trick.kind, "evidence": trick.evidence})
}

fn jump_json(column: &str, jump: &Jump) -> Value {
    json!({
        "column": column, "level_before": jump.level_before, "level_after": jump.level_after,
        "spread_before": jump.spread_before, "spread_after": jump.spread_after,
    })
}

/// A score for every row by its numbers and texts, and by column of numbers how far each row is from the middle.
fn ranked(
    read: &Matrix,
    odd: &[OddTexts],
    rows: usize,
    arguments: &AnomalyArguments,
) -> Result<(Vec<f64>, Vec<Vec<f64>>), Failure> {
    if read.columns == 0 {
        let mut sums = vec![0.0; rows];
        for odd in odd {
            sums.iter_mut().zip(&odd.scores).for_each(|(sum, score)| *sum += score);
        }
        let scores = if odd.is_empty() { sums } else { mid_ranks(&sums) };
        return Ok((scores, Vec::new()));
    }
    let deviations = {
        let table = matrix::finite(read, &arguments.file)?;
        (0..read.columns).map(|column| robust_z(&table.column(column)).unwrap_or_default()).collect()
    };
    // How strange its texts are is one more column of a row for each of them.
    if !odd.is_empty() {
        let columns: Vec<Vec<f64>> = odd.iter().map(|odd| odd.column().collect()).collect();
        let mut wider = Vec::with_capacity(rows.saturating_mul(read.columns.saturating_add(columns.len())));
        for (row, values) in read.values.chunks_exact(read.columns).enumerate() {
            wider.extend_from_slice(values);
            wider.extend(columns.iter().map(|column| column.get(row).copied().unwrap_or(0.0)));
        }
        let wide = Matrix {
            columns: read.columns.saturating_add(columns.len()),
            values: wider,
            ..Matrix::default()
        };
        let table = matrix::finite(&wide, &arguments.file)?;
        return Ok((mid_ranks(&strangeness(&table, arguments.seed)), deviations));
    }
    let table = matrix::finite(read, &arguments.file)?;
    Ok((mid_ranks(&strangeness(&table, arguments.seed)), deviations))
}

/// The rows, strangest first.
fn strangest(scores: &[f64]) -> Vec<usize> {
    let of = |row: usize| scores.get(row).copied().unwrap_or(0.0);
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|left, right| of(*right).total_cmp(&of(*left)).then(left.cmp(right)));
    order
}

/// The rows whose texts are explained.
fn explained(scores: &[f64], format: RowFormat) -> BTreeSet<usize> {
    match format {
        RowFormat::Jsonl => {
            let told = scores.iter().enumerate().filter(|(_, score)| **score >= EXPLAINED);
            told.map(|(row, _)| row).collect()
        }
        RowFormat::Table => strangest(scores).into_iter().take(SHOWN).collect(),
    }
}

/// Whether a file is a NumPy array by its name.
pub(super) fn is_array(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "npy" || ending == "npz")
}

/// What the texts of a table say, and when its rows were.
#[derive(Default)]
struct Texts {
    rows: usize,
    /// By row: the column, and the trick.
    tricks: BTreeMap<usize, Vec<(String, Trick)>>,
    /// The time of each row, as it is written.
    times: Vec<String>,
}

impl Texts {
    /// Reads the texts of a table; of an array, nothing.
    fn read(path: &Path, wanted: &[String], time: Option<&str>) -> Result<Self, Failure> {
        let mut texts = Self::default();
        if is_array(path) {
            return Ok(texts);
        }
        let (mut has_time, mut known) = (false, Vec::new());
        let mut asked = rows::Wanted::new(wanted);
        let count = rows::each(path, &mut |row, cells| {
            let row = usize::try_from(row).unwrap_or(usize::MAX);
            let mut when = String::new();
            for cell in cells {
                if time == Some(cell.column.as_str()) {
                    has_time = true;
                    when.clone_from(&cell.value);
                } else if time.is_some() && known.len() < 1000 && !known.contains(&cell.column) {
                    known.push(cell.column.clone());
                }
                if !asked.holds(&cell.column) {
                    continue;
                }
                for trick in tricks(&cell.value) {
                    texts.tricks.entry(row).or_default().push((cell.column.clone(), trick));
                }
            }
            if time.is_some() {
                texts.times.push(when);
            }
            texts.rows = row.saturating_add(1);
            ControlFlow::Continue(())
        })?;
        asked.settled(path, count)?;
        match time {
            Some(column) if !has_time => {
                Err(Failure::NoColumn { path: path.to_path_buf(), column: column.to_owned(), known })
            }
            _ => Ok(texts),
        }
    }

    /// The rows at which a column jumps for good, by the order of time.
    fn jumps(
        &self,
        read: &Matrix,
        arguments: &AnomalyArguments,
    ) -> Result<BTreeMap<usize, Vec<(String, Jump)>>, Failure> {
        let mut found: BTreeMap<usize, Vec<(String, Jump)>> = BTreeMap::new();
        let Some(time) = &arguments.time else { return Ok(found) };
        let mut order: Vec<usize> = (0..self.times.len()).collect();
        let number = |row: &usize| self.times.get(*row).and_then(|when| when.trim().parse::<f64>().ok());
        let written = |row: &usize| self.times.get(*row).map_or("", |when| when.trim());
        if let Some(row) = order.iter().find(|row| number(row).is_none() && !is_date(written(row))) {
            return Err(Failure::Array {
                path: arguments.file.clone(),
                problem: format!(
                    "row {row}: `{}` in the column of time `{}` is neither a number nor a date as ISO 8601 writes it",
                    printable(written(row), 40),
                    printable(time, 40)
                ),
            });
        }
        if order.iter().all(|row| number(row).is_some()) {
            order.sort_by(|left, right| {
                number(left).unwrap_or(0.0).total_cmp(&number(right).unwrap_or(0.0)).then(left.cmp(right))
            });
        } else {
            // Dates as ISO 8601 writes them are in order when their texts are.
            order.sort_by(|left, right| {
                self.times.get(*left).cmp(&self.times.get(*right)).then(left.cmp(right))
            });
        }
        for (column, name) in read.names.iter().enumerate().filter(|(_, name)| *name != time) {
            let values: Vec<f64> = order
                .iter()
                .filter_map(|row| read.values.get(row.saturating_mul(read.columns).saturating_add(column)))
                .copied()
                .collect();
            let jumped = jumps(&values).map_err(|error| Failure::Array {
                path: arguments.file.clone(),
                problem: error.to_string(),
            })?;
            for jump in jumped {
                if let Some(row) = order.get(jump.at) {
                    found.entry(*row).or_default().push((name.clone(), jump));
                }
            }
        }
        Ok(found)
    }
}

/// Whether a text begins as a date of ISO 8601 does: a year of four digits, in full or with month and day behind it.
fn is_date(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    matches!((digits, text.as_bytes().get(digits)), (4, Some(b'-')) | (8, None | Some(b'T')))
}

/// The columns in which a row is farthest from the middle, in robust standard deviations, farthest first.
fn farthest(deviations: &[Vec<f64>], row: usize) -> Vec<(f64, usize)> {
    let mut far: Vec<(f64, usize)> = deviations
        .iter()
        .enumerate()
        .filter_map(|(column, values)| Some((*values.get(row)?, column)))
        .filter(|(value, _)| value.is_finite())
        .collect();
    far.sort_by(|left, right| right.0.abs().total_cmp(&left.0.abs()));
    far.truncate(REASONS);
    far
}

/// The same for people.
fn reasons(deviations: &[Vec<f64>], names: &[String], row: usize) -> String {
    farthest(deviations, row)
        .into_iter()
        .map(|(value, column)| {
            let name =
                names.get(column).map_or_else(|| format!("column {column}"), |name| printable(name, 40));
            format!("{name} {value:+.1}σ")
        })
        .collect::<Vec<_>>()
        .join(", ")
}
