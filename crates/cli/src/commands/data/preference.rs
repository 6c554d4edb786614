//! `bartizan data poison --chosen … --rejected …`: preference pairs that may have been planted.

use super::budget::Budget;
use super::poison::HELD;
use super::{rows, suspects};
use crate::arguments::PoisonArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::values::Size;
use bartizan_data::poison::preference::{About, FEWEST_PAIRS, Pair, preference_poison};
use std::collections::BTreeSet;

/// Judges the pairs of the file.
///
/// # Errors
/// [`Failure`] when the dataset cannot be read, lacks a column, or has a reward that is no finite number.
pub(super) fn run(arguments: &PoisonArguments, chosen: &str, rejected: &str) -> Result<Exit, Failure> {
    let wanted: Vec<&str> = [Some(chosen), Some(rejected)]
        .into_iter()
        .chain([&arguments.prompt, &arguments.rater, &arguments.reward].map(|name| name.as_deref()))
        .flatten()
        .collect();
    let limit = arguments.memory_limit.map(Size::bytes);
    let mut budget = Budget::new(arguments.dataset(), limit, HELD);
    let read = conversations(arguments.dataset(), &wanted, &mut budget)?;
    let column = |name: Option<&str>| {
        let place = wanted.iter().position(|wanted| Some(*wanted) == name)?;
        read.get(place)
    };
    let empty = Vec::new();
    let of = |name: &str| column(Some(name)).unwrap_or(&empty);
    let prompts = column(arguments.prompt.as_deref());
    let pairs: Vec<Pair<'_>> = of(chosen)
        .iter()
        .zip(of(rejected))
        .enumerate()
        .map(|(row, (chosen, rejected))| Pair {
            prompt: prompts.and_then(|prompts| prompts.get(row)).map_or("", String::as_str),
            chosen,
            rejected,
        })
        .collect();
    let rewards = match (column(arguments.reward.as_deref()), &arguments.reward) {
        (Some(values), Some(name)) => Some(numbers(arguments, name, values)?),
        _ => None,
    };
    let about =
        About { raters: column(arguments.rater.as_deref()).map(Vec::as_slice), rewards: rewards.as_deref() };
    let report = suspects::Report {
        suspects: preference_poison(&pairs, about),
        rows: pairs.len(),
        partial: (pairs.len() < FEWEST_PAIRS).then(|| {
            format!(
                "{} pairs are fewer than {FEWEST_PAIRS}: triggers and flipped orders were not looked for",
                pairs.len()
            )
        }),
        shown: &|row| {
            let pair = pairs.get(row)?;
            // The end of an answer tells it from the other one; its beginning they may share.
            let tail: String = pair.chosen.chars().rev().take(80).collect();
            Some(("chosen".to_owned(), tail.chars().rev().collect()))
        },
    };
    report.write(arguments)
}

/// The values of columns in every row, column by column. A conversation in messages, `[{"role", "content"}, …]`, is read
/// as one text, its messages parted by blank lines.
fn conversations(
    path: &std::path::Path,
    wanted: &[&str],
    budget: &mut Budget,
) -> Result<Vec<Vec<String>>, Failure> {
    let mut read: Vec<Vec<String>> = vec![Vec::new(); wanted.len()];
    let mut seen = vec![false; wanted.len()];
    let mut known = BTreeSet::new();
    rows::each(path, &mut |row, cells| {
        let mut bytes = 0_u64;
        for ((values, seen), name) in read.iter_mut().zip(&mut seen).zip(wanted) {
            let mut whole = String::new();
            for cell in cells {
                let below = cell.column.strip_prefix(name).and_then(|rest| match rest.strip_prefix('.') {
                    Some(below) => Some(below),
                    None => rest.is_empty().then_some(""),
                });
                let Some(below) = below else { continue };
                *seen = true;
                let leaf = below.rsplit('.').next().unwrap_or(below);
                if !matches!(leaf, "" | "content" | "text" | "value") && leaf.parse::<u32>().is_err() {
                    continue;
                }
                if !whole.is_empty() {
                    whole.push_str("\n\n");
                }
                whole.push_str(&cell.value);
            }
            bytes = bytes.saturating_add((whole.len() + size_of::<String>()) as u64);
            values.push(whole);
        }
        for cell in cells {
            if known.len() < 1000 && !known.contains(&cell.column) {
                known.insert(cell.column.clone());
            }
        }
        budget.take(usize::try_from(row).unwrap_or(usize::MAX), bytes)
    })?;
    budget.settled()?;
    match seen.iter().zip(wanted).find(|(seen, _)| !**seen) {
        Some((_, name)) => Err(Failure::NoColumn {
            path: path.to_path_buf(),
            column: (*name).to_owned(),
            known: known.into_iter().collect(),
        }),
        None => Ok(read),
    }
}

/// Rewards as numbers.
fn numbers(arguments: &PoisonArguments, column: &str, values: &[String]) -> Result<Vec<f64>, Failure> {
    values
        .iter()
        .enumerate()
        .map(|(row, value)| {
            let number = value.trim().parse::<f64>().ok().filter(|number| number.is_finite());
            number.ok_or_else(|| Failure::Array {
                path: arguments.dataset().to_path_buf(),
                problem: format!(
                    "row {row}, column `{column}`: `{}` is no finite number; a reward is needed in every row",
                    bartizan_core::printable(value, 40)
                ),
            })
        })
        .collect()
}
