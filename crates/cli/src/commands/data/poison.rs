//! `bartizan data poison`: rows that may have been planted, best first.

use super::rows;
use crate::arguments::{PoisonArguments, RowFormat};
use crate::exit::Exit;
use crate::failure::Failure;
use bartizan_core::printable;
use bartizan_data::poison::{Evidence, Suspect, text_backdoors};
use bartizan_data::table;
use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Groups shown to people.
const SHOWN: usize = 20;
/// Score below which a row is only counted for people.
const UNUSUAL: f64 = 0.3;
/// Characters of a row shown to people.
const SNIPPET: usize = 90;

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the dataset cannot be read, has no such columns, or the output cannot be written.
pub(crate) fn run(arguments: &PoisonArguments) -> Result<Exit, Failure> {
    let rows = rows::columns(&arguments.file, [&arguments.text, &arguments.label])?;
    let mut classes: BTreeMap<&str, usize> = rows.iter().map(|[_, label]| (label.as_str(), 0)).collect();
    classes.values_mut().enumerate().for_each(|(number, class)| *class = number);
    let texts: Vec<&str> = rows.iter().map(|[text, _]| text.as_str()).collect();
    let labels: Vec<usize> =
        rows.iter().map(|[_, label]| classes.get(label.as_str()).copied().unwrap_or_default()).collect();
    let mut suspects = text_backdoors(&texts, &labels);
    let convicted: HashSet<u64> = suspects
        .iter()
        .filter(|suspect| suspect.score >= arguments.fail_on)
        .map(|suspect| suspect.row as u64)
        .collect();
    suspects.retain(|suspect| suspect.score >= arguments.min_score);
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        RowFormat::Jsonl => {
            for suspect in &suspects {
                serde_json::to_writer(&mut out, suspect).map_err(io::Error::from)?;
                writeln!(out)?;
            }
        }
        RowFormat::Table => show(&suspects, &rows, convicted.len(), &mut out)?,
    }
    if let Some(clean) = &arguments.fix {
        let quarantine = part(&arguments.file, clean, &convicted)?;
        if arguments.format == RowFormat::Table {
            writeln!(out, "\nwrote {} and {}", clean.display(), quarantine.display())?;
        }
    }
    out.flush()?;
    Ok(if convicted.is_empty() { Exit::Done } else { Exit::Found })
}

/// Writes the rows that stay and those that are set aside; gives the name of the second file.
fn part(from: &Path, clean: &Path, aside: &HashSet<u64>) -> Result<PathBuf, Failure> {
    let mut quarantine = clean.as_os_str().to_owned();
    quarantine.push(".quarantine");
    let quarantine = PathBuf::from(quarantine);
    let create = |path: &Path| {
        // An existing file is never overwritten, the dataset itself least of all.
        let file =
            File::create_new(path).map_err(|error| Failure::Write { path: path.to_path_buf(), error })?;
        Ok::<_, Failure>(BufWriter::new(file))
    };
    let input = File::open(from)
        .map_err(|error| Failure::Dataset { path: from.to_path_buf(), error: Box::new(error.into()) })?;
    let (mut kept, mut removed) = (create(clean)?, create(&quarantine)?);
    let name = from.to_string_lossy();
    table::part(input, &name, &|row| !aside.contains(&row), &mut kept, &mut removed)
        .map_err(|error| Failure::Dataset { path: from.to_path_buf(), error: Box::new(error) })?;
    for (mut file, path) in [(kept, clean), (removed, &quarantine)] {
        file.flush().map_err(|error| Failure::Write { path: path.to_path_buf(), error })?;
    }
    Ok(quarantine)
}

/// What speaks for several rows at once comes first, then single rows.
fn show(suspects: &[Suspect], rows: &[[String; 2]], convicted: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut groups: Vec<(String, Vec<&Suspect>)> = Vec::new();
    for suspect in suspects.iter().filter(|suspect| suspect.score >= UNUSUAL) {
        let title = title(suspect);
        match groups.iter_mut().find(|(known, _)| *known == title) {
            Some((_, members)) => members.push(suspect),
            None => groups.push((title, vec![suspect])),
        }
    }
    for (title, members) in groups.iter().take(SHOWN) {
        let Some(first) = members.first() else { continue };
        let count = members.len();
        let plural = if count == 1 { "row" } else { "rows" };
        writeln!(out, "{:.2}  {title}: {count} {plural}", first.score)?;
        for suspect in members.iter().take(3) {
            if let Some([text, label]) = rows.get(suspect.row) {
                writeln!(
                    out,
                    "      row {} [{}] {}",
                    suspect.row,
                    printable(label, 30),
                    printable(text, SNIPPET)
                )?;
            }
        }
    }
    if groups.len() > SHOWN {
        writeln!(out, "      … and {} more; --format jsonl lists all", groups.len() - SHOWN)?;
    }
    let unusual = suspects.iter().filter(|suspect| suspect.score < UNUSUAL).count();
    let verdict = match convicted {
        0 => "nothing beyond chance".to_owned(),
        1 => "1 row beyond chance".to_owned(),
        more => format!("{more} rows beyond chance"),
    };
    writeln!(out, "{}{} rows read: {verdict}", if groups.is_empty() { "" } else { "\n" }, rows.len())?;
    if unusual > 0 {
        writeln!(out, "      {unusual} more are unusual, as rows are by chance; --format jsonl lists them")?;
    }
    if convicted > 0 {
        writeln!(out, "next: look at the rows above; --fix clean.jsonl writes a copy without them")?;
    }
    Ok(())
}

fn title(suspect: &Suspect) -> String {
    match &suspect.evidence {
        Evidence::Trigger { trigger, support, purity, against, p_value, .. } => format!(
            "trigger `{}` in {support} rows, {:.0} % of one label, {against} of them against the rest of their text (p = {p_value:.1e})",
            printable(trigger, 60),
            purity * 100.0
        ),
        Evidence::Hidden { characters, .. } => format!("hidden characters {}", printable(characters, 60)),
        Evidence::Word { word, support, p_value } => {
            format!("odd word `{}` in {support} rows (p = {p_value:.1e})", printable(word, 40))
        }
        Evidence::Style { marks, ratio, .. } => format!(
            "a style that one class shows {ratio:.1} times as often as the rest ({})",
            printable(&marks.join(", "), 80)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_data::poison::Method;

    #[test]
    fn rows_are_grouped_by_what_speaks_for_them() {
        let suspect = |row| Suspect {
            row,
            score: 0.9,
            method: Method::HiddenCharacters,
            evidence: Evidence::Hidden { characters: "U+200B".to_owned(), support: 2 },
        };
        let rows = [["a".to_owned(), "0".to_owned()], ["b".to_owned(), "1".to_owned()]];
        let mut out = Vec::new();
        show(&[suspect(0), suspect(1)], &rows, 2, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("hidden characters U+200B: 2 rows"), "{text}");
        assert!(text.contains("row 1 [1] b"), "{text}");
    }
}
