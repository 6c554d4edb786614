//! Numbers out of files: NumPy arrays, and the columns of a table.

use super::budget::Budget;
use super::rows;
use crate::failure::Failure;
use bartizan_core::Source;
use bartizan_evidence::reproduce::tensors;
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::path::Path;

/// Largest array file, in bytes.
const LARGEST: u64 = 64 << 30;
/// A column with more values than this that are no numbers is not read as a set of categories.
const MOST_CATEGORIES: usize = 1_000;

/// Numbers in rows.
#[derive(Default)]
pub(super) struct Matrix {
    /// Row-major.
    pub(super) values: Vec<f64>,
    /// Values in a row.
    pub(super) columns: usize,
    /// Names of the columns, as far as they have any.
    pub(super) names: Vec<String>,
    /// Columns of free text, most of whose values have three words or more.
    pub(super) texts: Vec<String>,
}

/// An array of one or two dimensions from `.npy`; from `.npz` the one called `X`, else the first that has two.
///
/// # Errors
/// [`Failure::Source`], [`Failure::Array`], and [`Failure::Memory`] when its numbers would take more than `budget` allows.
pub(super) fn read(path: &Path, budget: &mut Budget) -> Result<Matrix, Failure> {
    let source = Source::open(path, LARGEST)?;
    let failed = |problem: String| Failure::Array { path: path.to_path_buf(), problem };
    let tensors = tensors::tensors(source.bytes()).map_err(&failed)?;
    let named = tensors.iter().find(|(name, _)| name.trim_end_matches(".npy") == "X");
    let first =
        || tensors.iter().find(|(_, tensor)| tensor.shape.len() == 2).or_else(|| tensors.iter().next());
    let (_, tensor) = named.or_else(first).ok_or_else(|| failed("holds no array".to_owned()))?;
    let whole = |length: u64| usize::try_from(length).unwrap_or(usize::MAX);
    // Rows that lie column after column are held twice while they are turned.
    let (rows, width) = match *tensor.shape.as_slice() {
        [rows, columns, 1] => (rows, columns.saturating_mul(2)),
        [rows, ref more @ ..] => {
            (rows, more.iter().fold(1_u64, |width, length| width.saturating_mul(*length)))
        }
        [] => (1, 1),
    };
    budget.take_all(rows, width.saturating_mul(size_of::<f64>() as u64))?;
    let values: Vec<f64> = tensor.values().collect();
    let (columns, values) = match *tensor.shape.as_slice() {
        [_] => (1, values),
        [_, columns] => (whole(columns), values),
        // Column after column: the reader marks that order with one more dimension of length one.
        [rows, columns, 1] => (whole(columns), transposed(&values, whole(rows), whole(columns))),
        ref shape => return Err(failed(format!("has {} dimensions; one or two are expected", shape.len()))),
    };
    Ok(Matrix { values, columns, names: Vec::new(), texts: Vec::new() })
}

/// Labels as classes.
///
/// # Errors
/// [`Failure::Array`] at the first that is no whole number from 0.
pub(super) fn classes(labels: &Matrix, path: &Path) -> Result<Vec<u32>, Failure> {
    labels
        .values
        .iter()
        .enumerate()
        .map(|(row, label)| {
            let whole = *label >= 0.0 && label.fract() == 0.0 && *label < f64::from(u32::MAX);
            #[expect(clippy::cast_sign_loss, reason = "checked to be a whole number that fits")]
            let class = *label as u32;
            whole.then_some(class).ok_or_else(|| Failure::Array {
                path: path.to_path_buf(),
                problem: format!("row {row} holds {label}; labels are whole numbers from 0"),
            })
        })
        .collect()
}

/// A table of the values, all finite.
///
/// # Errors
/// [`Failure::Array`] that names row and column of the first value that is not.
pub(super) fn finite<'a>(
    matrix: &'a Matrix,
    path: &Path,
) -> Result<bartizan_stats::anomaly::Table<'a>, Failure> {
    bartizan_stats::anomaly::Table::new(&matrix.values, matrix.columns).map_err(|error| {
        let problem = match error {
            bartizan_stats::StatsError::NotFinite { index, .. } => {
                let columns = matrix.columns.max(1);
                let (row, column) = (index / columns, index % columns);
                format!("row {row}, column {column} is not a finite number; drop or impute it first")
            }
            other => other.to_string(),
        };
        Failure::Array { path: path.to_path_buf(), problem }
    })
}

fn transposed(values: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    let mut turned = Vec::with_capacity(values.len());
    for row in 0..rows.min(values.len()) {
        turned.extend(
            (0..columns).filter_map(|column| values.get(column.saturating_mul(rows).saturating_add(row))),
        );
    }
    turned
}

/// A dataset as numbers: columns of numbers as they are, other columns by how rare each value is (`−ln` of its share);
/// columns of free text are only named. A missing number is the middle of its column.
///
/// # Errors
/// [`Failure`] when the file cannot be read or its numbers would take more memory than `budget` allows.
pub(super) fn of_table(path: &Path, wanted: &[String], budget: &mut Budget) -> Result<Matrix, Failure> {
    if super::anomalies::is_array(path) {
        return read(path, budget);
    }
    let mut columns: Vec<Column> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let count = rows::each(path, &mut |row, cells| {
        let row = usize::try_from(row).unwrap_or(usize::MAX);
        for cell in cells.iter().filter(|cell| wanted.is_empty() || wanted.contains(&cell.column)) {
            let place = if let Some(place) = places.get(&cell.column) {
                *place
            } else {
                places.insert(cell.column.clone(), columns.len());
                columns.push(Column::new(cell.column.clone()));
                columns.len().saturating_sub(1)
            };
            let Some(column) = columns.get_mut(place) else { continue };
            budget.take(row, column.add(row, &cell.value))?;
        }
        ControlFlow::Continue(())
    })?;
    budget.settled()?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let (mut names, mut read, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for column in columns {
        let name = column.name.clone();
        match column.numbers(count) {
            Numbers::Of(values) => {
                names.push(name);
                read.push(values);
            }
            Numbers::Text => texts.push(name),
            Numbers::Nothing => {}
        }
    }
    let mut values = Vec::with_capacity(count.saturating_mul(read.len()));
    for row in 0..count {
        values.extend(read.iter().map(|column| column.get(row).copied().unwrap_or(0.0)));
    }
    Ok(Matrix { values, columns: names.len(), names, texts })
}

/// A column as it is read: its numbers, and its values by number as long as they may be categories.
struct Column {
    name: String,
    /// By row; NaN where there is no number.
    numbers: Vec<f64>,
    /// By row: one more than the number of the value; 0 where the row has none.
    categories: Vec<u32>,
    known: HashMap<Box<str>, u32>,
    counts: Vec<u32>,
    cells: usize,
    given: usize,
    numeric: usize,
    /// Words of the values, and values that have three or more.
    wordy: usize,
}

/// What a column is good for.
#[derive(Debug, PartialEq)]
enum Numbers {
    Of(Vec<f64>),
    /// All values are the same, or names that each row has of its own.
    Nothing,
    Text,
}

impl Column {
    fn new(name: String) -> Self {
        Self {
            name,
            numbers: Vec::new(),
            categories: Vec::new(),
            known: HashMap::new(),
            counts: Vec::new(),
            cells: 0,
            given: 0,
            numeric: 0,
            wordy: 0,
        }
    }

    /// Adds the value of a row; gives the bytes that it takes.
    fn add(&mut self, row: usize, value: &str) -> u64 {
        let value = value.trim();
        self.cells = self.cells.saturating_add(1);
        self.given = self.given.saturating_add(usize::from(!value.is_empty()));
        self.wordy = self.wordy.saturating_add(usize::from(value.split_whitespace().nth(2).is_some()));
        let before = self.numbers.len().saturating_add(self.categories.len());
        let number = value.parse::<f64>().ok().filter(|value| value.is_finite());
        if let Some(number) = number {
            self.numeric = self.numeric.saturating_add(1);
            self.numbers.resize(row, f64::NAN);
            self.numbers.push(number);
        }
        if self.counts.len() <= MOST_CATEGORIES {
            let category = if let Some(category) = self.known.get(value) {
                *category
            } else {
                let category = self.counts.len() as u32;
                self.known.insert(value.into(), category);
                self.counts.push(0);
                category
            };
            if let Some(count) = self.counts.get_mut(category as usize) {
                *count = count.saturating_add(1);
            }
            self.categories.resize(row, 0);
            self.categories.push(category.saturating_add(1));
        } else if !self.known.is_empty() {
            (self.known, self.categories) = (HashMap::new(), Vec::new());
        }
        let after = self.numbers.len().saturating_add(self.categories.len());
        // Eight bytes of a number, four of a category; a vector that grows has up to twice the room it needs.
        (after.saturating_sub(before) as u64).saturating_mul(16)
    }

    /// One number for each row.
    fn numbers(self, rows: usize) -> Numbers {
        let column = if self.numeric > 0 && self.numeric.saturating_mul(10) >= self.given.saturating_mul(9) {
            let mut sorted: Vec<f64> = self.numbers.iter().copied().filter(|value| !value.is_nan()).collect();
            let place = sorted.len() / 2;
            let middle = if place < sorted.len() {
                *sorted.select_nth_unstable_by(place, f64::total_cmp).1
            } else {
                0.0
            };
            let mut column = self.numbers;
            column.resize(rows, f64::NAN);
            column.iter_mut().filter(|value| value.is_nan()).for_each(|value| *value = middle);
            column
        } else {
            if self.counts.len() > MOST_CATEGORIES || self.counts.len().saturating_mul(2) > self.cells {
                return if self.wordy.saturating_mul(2) > self.given {
                    Numbers::Text
                } else {
                    Numbers::Nothing
                };
            }
            let rarity = |category: &u32| {
                let count = category.checked_sub(1).and_then(|category| self.counts.get(category as usize));
                count.map_or(0.0, |count| -(f64::from(*count) / rows.max(1) as f64).ln())
            };
            let mut column: Vec<f64> = self.categories.iter().map(rarity).collect();
            column.resize(rows, 0.0);
            column
        };
        let Some(first) = column.first().copied() else { return Numbers::Nothing };
        if column.iter().any(|value| (value - first).abs() > 0.0) {
            Numbers::Of(column)
        } else {
            Numbers::Nothing
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(values: &[&str]) -> Numbers {
        let mut column = Column::new("x".to_owned());
        values.iter().enumerate().for_each(|(row, value)| {
            column.add(row, value);
        });
        column.numbers(values.len())
    }

    #[test]
    fn an_array_that_lies_column_after_column_is_turned() {
        assert_eq!(transposed(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3, 2), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }

    #[test]
    fn numbers_stay_categories_become_rarity_and_text_is_only_named() {
        assert_eq!(numbers(&["1", "2.5", "4", "", "3"]), Numbers::Of(vec![1.0, 2.5, 4.0, 3.0, 3.0]));
        let Numbers::Of(rarity) = numbers(&["a", "a", "a", "b"]) else { panic!("no categories") };
        assert!((rarity[0] + 0.75f64.ln()).abs() < 1e-12 && (rarity[3] + 0.25f64.ln()).abs() < 1e-12);
        assert_eq!(numbers(&["one text here", "another one here", "a third one", "more"]), Numbers::Text);
        assert_eq!(numbers(&["k1", "k2", "k3", "k4"]), Numbers::Nothing);
        assert_eq!(numbers(&["7", "7", "7"]), Numbers::Nothing);
    }

    #[test]
    fn a_cell_that_a_row_lacks_is_the_middle_or_ordinary() {
        let mut column = Column::new("x".to_owned());
        for (row, value) in [(1, "5"), (3, "9"), (4, "9")] {
            column.add(row, value);
        }
        assert_eq!(column.numbers(6), Numbers::Of(vec![9.0, 5.0, 9.0, 9.0, 9.0, 9.0]));
        let mut column = Column::new("x".to_owned());
        for (row, value) in [(0, "a"), (2, "b"), (3, "a"), (5, "a")] {
            column.add(row, value);
        }
        let Numbers::Of(rarity) = column.numbers(7) else { panic!("no categories") };
        assert!(rarity[1].abs() < 1e-12 && rarity[6].abs() < 1e-12 && rarity[2] > rarity[0]);
    }
}
