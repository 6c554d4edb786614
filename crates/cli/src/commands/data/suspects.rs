//! Suspects as they are printed and set aside, whatever found them.

use super::rows::{self, Opened};
use crate::arguments::{PoisonArguments, RowFormat};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::remark;
use crate::unfinished::Unfinished;
use bartizan_core::printable;
use bartizan_data::poison::{Evidence, Side, Suspect};
use bartizan_data::table;
use std::collections::{HashMap, HashSet};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Groups shown to people.
const SHOWN: usize = 20;
/// Groups of what is not beyond chance shown to people.
const WEAK: usize = 5;
/// Score below which a row is only counted for people.
const UNUSUAL: f64 = 0.3;
/// Characters of a row shown to people.
const SNIPPET: usize = 90;

/// What was found, and how a row is shown to people: its label, and its text.
pub(super) struct Report<'a> {
    /// Best first.
    pub(super) suspects: Vec<Suspect>,
    /// Rows that were read.
    pub(super) rows: usize,
    /// Why not all was looked for, if so: then nothing found is no pass.
    pub(super) partial: Option<String>,
    /// A row's label and text.
    pub(super) shown: &'a dyn Fn(usize) -> Option<(String, String)>,
}

impl Report<'_> {
    /// Prints the suspects, and parts the file where that is asked for.
    ///
    /// # Errors
    /// [`Failure`] when the output or one of the parts cannot be written.
    pub(super) fn write(mut self, arguments: &PoisonArguments) -> Result<Exit, Failure> {
        let convicted: HashSet<u64> = self
            .suspects
            .iter()
            .filter(|suspect| suspect.score >= arguments.fail_on)
            .map(|suspect| suspect.row as u64)
            .collect();
        self.suspects.retain(|suspect| suspect.score >= arguments.min_score);
        let mut out = BufWriter::new(io::stdout().lock());
        match arguments.format {
            RowFormat::Jsonl => {
                for suspect in &self.suspects {
                    serde_json::to_writer(&mut out, suspect).map_err(io::Error::from)?;
                    writeln!(out)?;
                }
            }
            RowFormat::Table => self.show(convicted.len(), arguments.fail_on, &mut out)?,
        }
        if let Some(clean) = &arguments.fix {
            if arguments.file.is_none() {
                return Err(Failure::Array {
                    path: clean.clone(),
                    problem: "cannot be written: name the dataset whose rows --fix parts before the options"
                        .to_owned(),
                });
            }
            let quarantine = part(arguments.dataset(), clean, &convicted)?;
            if arguments.format == RowFormat::Table {
                writeln!(out, "\nwrote {} and {}", clean.display(), quarantine.display())?;
            }
        }
        out.flush()?;
        Ok(match self.partial {
            _ if !convicted.is_empty() => Exit::Found,
            Some(why) => {
                remark(&why);
                Exit::Incomplete
            }
            None => Exit::Done,
        })
    }

    /// What is beyond chance, by what speaks for it, and one line for each of what is weaker.
    fn show(&self, convicted: usize, fail_on: f64, out: &mut dyn Write) -> io::Result<()> {
        let groups = grouped(self.suspects.iter().filter(|suspect| suspect.score >= fail_on));
        for (title, members) in groups.iter().take(SHOWN) {
            let Some(first) = members.first() else { continue };
            let count = members.len();
            let plural = if count == 1 { "row" } else { "rows" };
            writeln!(out, "{:.2}  {title}: {count} {plural}", first.score)?;
            for suspect in members.iter().take(3) {
                if let Some((label, text)) = (self.shown)(suspect.row) {
                    writeln!(
                        out,
                        "      row {} [{}] {}",
                        suspect.row,
                        printable(&label, 30),
                        printable(&text, SNIPPET)
                    )?;
                }
            }
        }
        if groups.len() > SHOWN {
            writeln!(out, "      … and {} more; --format jsonl lists all", groups.len() - SHOWN)?;
        }
        let weak = grouped(
            self.suspects.iter().filter(|suspect| suspect.score < fail_on && suspect.score >= UNUSUAL),
        );
        if !weak.is_empty() {
            let gap = if groups.is_empty() { "" } else { "\n" };
            writeln!(out, "{gap}weaker, as chance shows it too:")?;
            for (title, members) in weak.iter().take(WEAK) {
                let first = members.first().map_or(0.0, |suspect| suspect.score);
                writeln!(out, "{first:.2}  {title}: {} rows", members.len())?;
            }
        }
        let unusual = self.suspects.iter().filter(|suspect| suspect.score < UNUSUAL).count();
        let verdict = match convicted {
            0 if self.partial.is_some() => "not all could be looked for".to_owned(),
            0 => "nothing beyond chance".to_owned(),
            1 => "1 row beyond chance".to_owned(),
            more => format!("{more} rows beyond chance"),
        };
        writeln!(
            out,
            "{}{} rows read: {verdict}",
            if groups.is_empty() && weak.is_empty() { "" } else { "\n" },
            self.rows
        )?;
        if unusual > 0 {
            writeln!(
                out,
                "      {unusual} more are unusual, as rows are by chance; --format jsonl lists them"
            )?;
        }
        if convicted > 0 {
            writeln!(out, "next: look at the rows above; --fix clean.jsonl writes a copy without them")?;
        }
        Ok(())
    }
}

/// Suspects by what speaks for them, in the order of the best of each.
fn grouped<'s>(suspects: impl Iterator<Item = &'s Suspect>) -> Vec<(String, Vec<&'s Suspect>)> {
    let mut groups: Vec<(String, Vec<&Suspect>)> = Vec::new();
    let mut place_of: HashMap<String, usize> = HashMap::new();
    for suspect in suspects {
        let title = title(suspect);
        let place = *place_of.entry(title.clone()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, members)) => members.push(suspect),
            None => groups.push((title, vec![suspect])),
        }
    }
    groups
}

/// Writes the rows that stay and those that are set aside; gives the name of the second file.
pub(super) fn part(from: &Path, clean: &Path, aside: &HashSet<u64>) -> Result<PathBuf, Failure> {
    let mut quarantine = clean.as_os_str().to_owned();
    quarantine.push(".quarantine");
    let quarantine = PathBuf::from(quarantine);
    let create = |path: &Path| {
        // An existing file is never overwritten, the dataset itself least of all.
        let (unfinished, file) =
            Unfinished::create(path).map_err(|error| Failure::Write { path: path.to_path_buf(), error })?;
        Ok::<_, Failure>((unfinished, BufWriter::new(file)))
    };
    let Opened { input, name } = rows::open(from)?;
    let (mut kept, mut removed) = (create(clean)?, create(&quarantine)?);
    table::part(input, &name, &|row| !aside.contains(&row), &mut kept.1, &mut removed.1)
        .map_err(|error| Failure::Dataset { path: from.to_path_buf(), error: Box::new(error) })?;
    for (file, path) in [(&mut kept.1, clean), (&mut removed.1, quarantine.as_path())] {
        file.flush().map_err(|error| Failure::Write { path: path.to_path_buf(), error })?;
    }
    kept.0.finish();
    removed.0.finish();
    Ok(quarantine)
}

fn title(suspect: &Suspect) -> String {
    match &suspect.evidence {
        Evidence::Trigger { trigger, support, purity, against, p_value, .. } => format!(
            "trigger `{}` in {support} rows, {:.0} % of one label, {against} of them against the rest of their text (p = {p_value:.1e})",
            printable(trigger, 60),
            purity * 100.0
        ),
        Evidence::Hidden { characters, .. } => format!("hidden characters {}", printable(characters, 60)),
        Evidence::LookAlike { characters, .. } => {
            format!("letters of another script in a word: {}", printable(characters, 60))
        }
        Evidence::Word { word, support, p_value } => {
            format!("odd word `{}` in {support} rows (p = {p_value:.1e})", printable(word, 40))
        }
        Evidence::Style { marks, ratio, .. } => format!(
            "a style that one class shows {ratio:.1} times as often as the rest ({})",
            printable(&marks.join(", "), 80)
        ),
        Evidence::Order { log_odds, p_value, .. } => format!(
            "an order that the other pairs contradict (e^{log_odds:.1}); {:.1} % of pairs as clear go so",
            p_value * 100.0
        ),
        Evidence::PreferenceTrigger { trigger, place, support, purity, against, p_value, .. } => format!(
            "`{}` in {} {support} times, {:.0} % on that side, {against} ordered against the rest of their text (p = {p_value:.1e})",
            printable(trigger, 60),
            match place {
                Side::Prompt => "prompts",
                Side::Chosen => "chosen answers",
                Side::Rejected => "rejected answers",
            },
            purity * 100.0
        ),
        Evidence::Rater { rater, with, judged, against, expected, p_value } => format!(
            "rater {} against {} in {against} of {judged} choices, where {expected:.1} are usual (p = {p_value:.1e})",
            printable(rater, 40),
            if with.is_empty() {
                "the others".to_owned()
            } else {
                format!("everyone but {}", printable(&with.join(", "), 60))
            }
        ),
        Evidence::Feature { label, deviation, p_value } => {
            format!("features far from class {label}, {deviation:.0} robust deviations (p = {p_value:.1e})")
        }
        Evidence::Cluster { label, support, share, silhouette } => format!(
            "a cluster apart from class {label}: {support} rows, {:.1} % of it (silhouette {silhouette:.2})",
            share * 100.0
        ),
        Evidence::Neighbours { others, neighbours, .. } => {
            format!("{others} of {neighbours} neighbours have another label")
        }
        Evidence::Copies { support } => format!("the same features {support} times"),
        Evidence::Reward { deviation, .. } => {
            let side = if *deviation < 0.0 { "below" } else { "above" };
            format!("a reward far {side} the others")
        }
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
        let rows = [("0".to_owned(), "a".to_owned()), ("1".to_owned(), "b".to_owned())];
        let report = Report {
            suspects: vec![suspect(0), suspect(1)],
            rows: 2,
            partial: None,
            shown: &|row| rows.get(row).cloned(),
        };
        let mut out = Vec::new();
        report.show(2, 0.5, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("hidden characters U+200B: 2 rows"), "{text}");
        assert!(text.contains("row 1 [1] b"), "{text}");
    }
}
