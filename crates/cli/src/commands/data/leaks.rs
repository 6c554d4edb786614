//! `bartizan data leaks`: credentials, personal data and deceptive characters in the values of a dataset.

use super::crowd::Crowd;
use super::{redaction, rows};
use crate::arguments::{FailOn, LeakArguments, RowFormat};
use crate::exit::Exit;
use crate::failure::Failure;
use bartizan_core::printable;
use bartizan_text::{Class, Detector, Hit, Subjects};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;

/// Places of each kind shown to people.
const SHOWN: usize = 3;

/// Score from which a credential makes the exit code 1: names of tenants and buckets stay below.
const OPENS: f32 = 0.55;

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the dataset cannot be read to its end, or the output not be written.
pub(crate) fn run(arguments: &LeakArguments) -> Result<Exit, Failure> {
    let subjects = if arguments.only.is_empty() {
        Subjects::ALL
    } else {
        let wants = |class| arguments.only.contains(&class);
        Subjects {
            secrets: wants(crate::arguments::LeakClass::Secrets),
            patterns: wants(crate::arguments::LeakClass::Pii) || wants(crate::arguments::LeakClass::Patterns),
            names: wants(crate::arguments::LeakClass::Pii) || wants(crate::arguments::LeakClass::Names),
            characters: wants(crate::arguments::LeakClass::Characters),
        }
    };
    let detector = Detector::new(subjects).map_err(|_| Failure::Defect)?;
    let mut out = BufWriter::new(io::stdout().lock());
    if arguments.redact.is_some() && arguments.file.as_os_str() == "-" {
        return Err(Failure::Place {
            place: "-".to_owned(),
            problem: "standard input cannot be read twice; write it to a file before it is redacted"
                .to_owned(),
        });
    }
    let mut failed = None;
    let mut kinds: BTreeMap<&'static str, Kind> = BTreeMap::new();
    let mut hits: Vec<Hit> = Vec::new();
    let mut crowd = Crowd::new(&arguments.quasi);
    let mut opens = false;
    let rows = rows::each(&arguments.file, &mut |row, cells| {
        crowd.add(cells);
        for cell in cells {
            if !arguments.column.is_empty() && !arguments.column.contains(&cell.column) {
                continue;
            }
            hits.clear();
            detector.scan(&cell.value, &mut hits);
            for hit in hits.iter().filter(|hit| f64::from(hit.score) >= arguments.min_score) {
                let kind = kinds.entry(hit.kind.id).or_insert_with(|| Kind::new(hit));
                kind.count = kind.count.saturating_add(1);
                opens |= hit.kind.class == Class::Secret && hit.score >= OPENS;
                if arguments.format == RowFormat::Jsonl {
                    if let Err(error) = write_line(&mut out, row, &cell.column, hit) {
                        failed = Some(error);
                        return ControlFlow::Break(());
                    }
                } else if kind.places.len() < SHOWN {
                    kind.places
                        .push(format!("row {row}, {} {}..{}", cell.column, hit.char_start, hit.char_end));
                }
            }
        }
        ControlFlow::Continue(())
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    let small = crowd.report(arguments, &mut out)?;
    if arguments.format == RowFormat::Table {
        show(&kinds, rows, &mut out)?;
    }
    if let Some(copy) = &arguments.redact {
        let places = redaction::write(arguments, &detector, copy)?;
        if arguments.format == RowFormat::Table {
            writeln!(out, "wrote {} with {places} places replaced", copy.display())?;
        }
    }
    out.flush()?;
    let fails = match arguments.fail_on {
        FailOn::Secret => opens || small,
        FailOn::Any => !kinds.is_empty() || small,
        FailOn::Never => false,
    };
    Ok(if fails { Exit::Found } else { Exit::Done })
}

/// What was found of one kind.
struct Kind {
    name: &'static str,
    class: Class,
    count: u64,
    places: Vec<String>,
}

impl Kind {
    fn new(hit: &Hit) -> Self {
        Self { name: hit.kind.name, class: hit.kind.class, count: 0, places: Vec::new() }
    }
}

fn write_line(out: &mut impl Write, row: u64, column: &str, hit: &Hit) -> io::Result<()> {
    let line = json!({
        "row": row, "column": column, "start": hit.char_start, "end": hit.char_end,
        "type": hit.kind.id, "score": f64::from((hit.score * 1e4).round()) / 1e4, "evidence": hit.evidence,
    });
    writeln!(out, "{line}")
}

fn show(kinds: &BTreeMap<&'static str, Kind>, rows: u64, out: &mut dyn Write) -> io::Result<()> {
    let mut ordered: Vec<(&&str, &Kind)> = kinds.iter().collect();
    ordered.sort_by_key(|(_, kind)| (kind.class, std::cmp::Reverse(kind.count)));
    for (id, kind) in ordered {
        writeln!(out, "{:>7}  {id}: {}", kind.count, kind.name)?;
        for place in &kind.places {
            writeln!(out, "         {}", printable(place, 120))?;
        }
    }
    let total: u64 = kinds.values().map(|kind| kind.count).sum();
    writeln!(out, "{}{rows} rows read: {total} places", if kinds.is_empty() { "" } else { "\n" })?;
    if total > 0 {
        writeln!(out, "next: --format jsonl gives every place; revoke credentials before you remove them")?;
    }
    Ok(())
}
