//! `bartizan data leaks`: credentials, personal data and deceptive characters in the values of a dataset.

use super::crowd::Crowd;
use super::{redaction, rows};
use crate::arguments::{FailOn, LeakArguments, RowFormat};
use crate::exit::Exit;
use crate::failure::Failure;
use bartizan_core::printable;
use bartizan_text::{Class, Detector, Hit, Subjects};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;

/// Places of each kind shown to people.
const SHOWN: usize = 3;

/// Best score from which a kind is shown with its places.
const SHOWN_SCORE: f32 = 0.6;

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
    let mut wanted = rows::Wanted::new(&arguments.column);
    let rows = rows::each(&arguments.file, &mut |row, cells| {
        crowd.add(cells);
        for cell in cells {
            if !wanted.holds(&cell.column) {
                continue;
            }
            hits.clear();
            detector.scan(&cell.value, &mut hits);
            for hit in hits.iter().filter(|hit| f64::from(hit.score) >= arguments.min_score) {
                let kind = kinds.entry(hit.kind.id).or_insert_with(|| Kind::new(hit));
                kind.count = kind.count.saturating_add(1);
                kind.best = kind.best.max(hit.score);
                if !kind.columns.contains(&cell.column) {
                    kind.columns.insert(cell.column.clone());
                }
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
    wanted.settled(&arguments.file, rows)?;
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
    /// Highest score among them.
    best: f32,
    /// Columns that hold them.
    columns: BTreeSet<String>,
    places: Vec<String>,
}

impl Kind {
    fn new(hit: &Hit) -> Self {
        Self {
            name: hit.kind.name,
            class: hit.kind.class,
            count: 0,
            best: 0.0,
            columns: BTreeSet::new(),
            places: Vec::new(),
        }
    }
}

fn write_line(out: &mut impl Write, row: u64, column: &str, hit: &Hit) -> io::Result<()> {
    let line = json!({
        "row": row, "column": column, "start": hit.char_start, "end": hit.char_end,
        "type": hit.kind.id, "score": f64::from((hit.score * 1e4).round()) / 1e4, "evidence": hit.evidence,
    });
    writeln!(out, "{line}")
}

/// What was found, worst class first; what is told by its shape alone, and what most rows hold in one column, in one line each
/// at the end.
fn show(kinds: &BTreeMap<&'static str, Kind>, rows: u64, out: &mut dyn Write) -> io::Result<()> {
    let mut ordered: Vec<(&&str, &Kind)> = kinds.iter().collect();
    ordered.sort_by_key(|(_, kind)| (kind.class, std::cmp::Reverse(kind.count)));
    let (plain, usual): (Vec<_>, Vec<_>) =
        ordered.into_iter().partition(|(_, kind)| kind.best >= SHOWN_SCORE);
    for (id, kind) in plain {
        writeln!(out, "{:>7}  {id}: {}", kind.count, kind.name)?;
        for place in &kind.places {
            writeln!(out, "         {}", printable(place, 120))?;
        }
    }
    if !usual.is_empty() {
        writeln!(out, "\nby their shape alone, with nothing around them that says so:")?;
        for (id, kind) in usual {
            let columns: Vec<String> = kind.columns.iter().map(|column| printable(column, 40)).collect();
            writeln!(out, "{:>7}  {id} in {}", kind.count, columns.join(", "))?;
        }
    }
    let total: u64 = kinds.values().map(|kind| kind.count).sum();
    writeln!(out, "{}{rows} rows read: {total} places", if kinds.is_empty() { "" } else { "\n" })?;
    if total > 0 {
        writeln!(out, "next: --format jsonl gives every place; revoke credentials before you remove them")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_by_its_shape_alone_stands_at_the_end() {
        let kind = |name, best, columns: &[&str]| Kind {
            name,
            class: Class::Pattern,
            count: 3,
            best,
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            places: vec!["row 0, text 1..2".to_owned()],
        };
        let kinds = BTreeMap::from([
            ("DE_PLZ", kind("a German postcode", 0.5, &["id"])),
            ("EMAIL_ADDRESS", kind("a mail address", 0.95, &["text"])),
        ]);
        let mut out = Vec::new();
        show(&kinds, 9, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let (strong, weak) = text.split_once("by their shape alone").unwrap();
        assert!(
            strong.contains("EMAIL_ADDRESS: a mail address") && strong.contains("row 0, text 1..2"),
            "{text}"
        );
        assert!(weak.contains("3  DE_PLZ in id") && weak.contains("9 rows read: 6 places"), "{text}");
    }
}
