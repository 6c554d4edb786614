//! Numbers out of files: NumPy arrays, and the columns of a table.

use super::rows;
use crate::failure::Failure;
use bartizan_core::Source;
use bartizan_evidence::reproduce::tensors;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

/// Largest array file, in bytes.
const LARGEST: u64 = 64 << 30;
/// A column with more values than this that are no numbers is not read as a set of categories.
const MOST_CATEGORIES: usize = 1_000;

/// Numbers in rows.
pub(super) struct Matrix {
    /// Row-major.
    pub(super) values: Vec<f64>,
    /// Values in a row.
    pub(super) columns: usize,
    /// Names of the columns, as far as they have any.
    pub(super) names: Vec<String>,
}

/// An array of one or two dimensions from `.npy`; from `.npz` the one called `X`, else the first that has two.
///
/// # Errors
/// [`Failure::Source`] and [`Failure::Array`].
pub(super) fn read(path: &Path) -> Result<Matrix, Failure> {
    let source = Source::open(path, LARGEST)?;
    let failed = |problem: String| Failure::Array { path: path.to_path_buf(), problem };
    let tensors = tensors::tensors(source.bytes()).map_err(&failed)?;
    let named = tensors.iter().find(|(name, _)| name.trim_end_matches(".npy") == "X");
    let first =
        || tensors.iter().find(|(_, tensor)| tensor.shape.len() == 2).or_else(|| tensors.iter().next());
    let (_, tensor) = named.or_else(first).ok_or_else(|| failed("holds no array".to_owned()))?;
    let whole = |length: u64| usize::try_from(length).unwrap_or(usize::MAX);
    let values: Vec<f64> = tensor.values().collect();
    let (columns, values) = match *tensor.shape.as_slice() {
        [_] => (1, values),
        [_, columns] => (whole(columns), values),
        // Column after column: the reader marks that order with one more dimension of length one.
        [rows, columns, 1] => (whole(columns), transposed(&values, whole(rows), whole(columns))),
        ref shape => return Err(failed(format!("has {} dimensions; one or two are expected", shape.len()))),
    };
    Ok(Matrix { values, columns, names: Vec::new() })
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

/// A dataset as numbers: columns of numbers as they are, other columns by how rare each value is (`−ln` of its share),
/// columns of free text left out. A missing number is the middle of its column.
///
/// # Errors
/// [`Failure`] when the file cannot be read, or holds nothing that is a number or a category.
pub(super) fn of_table(path: &Path, wanted: &[String]) -> Result<Matrix, Failure> {
    let is_array = path.extension().is_some_and(|ending| ending == "npy" || ending == "npz");
    if is_array {
        return read(path);
    }
    let mut columns: BTreeMap<String, Vec<(u64, String)>> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    let count = rows::each(path, &mut |row, cells| {
        for cell in cells.iter().filter(|cell| wanted.is_empty() || wanted.contains(&cell.column)) {
            if !columns.contains_key(&cell.column) {
                order.push(cell.column.clone());
            }
            columns.entry(cell.column.clone()).or_default().push((row, cell.value.clone()));
        }
        ControlFlow::Continue(())
    })?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let (mut names, mut read) = (Vec::new(), Vec::new());
    for name in order {
        let Some(values) = columns.remove(&name).and_then(|cells| numbers(&cells, count)) else { continue };
        names.push(name);
        read.push(values);
    }
    if read.is_empty() || count == 0 {
        return Err(Failure::Array {
            path: path.to_path_buf(),
            problem: "has no column of numbers or categories".to_owned(),
        });
    }
    let mut values = Vec::with_capacity(count.saturating_mul(read.len()));
    for row in 0..count {
        values.extend(read.iter().map(|column| column.get(row).copied().unwrap_or(0.0)));
    }
    Ok(Matrix { values, columns: names.len(), names })
}

/// The cells of a column as one number for each row; none for free text and for columns that never change.
fn numbers(cells: &[(u64, String)], rows: usize) -> Option<Vec<f64>> {
    let parsed: Vec<Option<f64>> = cells
        .iter()
        .map(|(_, text)| text.trim().parse::<f64>().ok().filter(|value| value.is_finite()))
        .collect();
    let numeric = parsed.iter().flatten().count();
    let given = cells.iter().filter(|(_, text)| !text.trim().is_empty()).count();
    let (values, missing): (Vec<Option<f64>>, f64) =
        if numeric > 0 && numeric.saturating_mul(10) >= given.saturating_mul(9) {
            let mut sorted: Vec<f64> = parsed.iter().flatten().copied().collect();
            sorted.sort_unstable_by(f64::total_cmp);
            let middle = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
            (parsed, middle)
        } else {
            let mut shares: BTreeMap<&str, f64> = BTreeMap::new();
            for (_, text) in cells {
                *shares.entry(text.trim()).or_default() += 1.0 / rows.max(1) as f64;
            }
            if shares.len() > MOST_CATEGORIES || shares.len().saturating_mul(2) > cells.len() {
                return None;
            }
            let rarity = |text: &str| shares.get(text.trim()).map(|share| -share.ln());
            (cells.iter().map(|(_, text)| rarity(text)).collect(), 0.0)
        };
    let mut column = vec![missing; rows];
    for ((row, _), value) in cells.iter().zip(values) {
        if let (Some(slot), Some(value)) =
            (usize::try_from(*row).ok().and_then(|row| column.get_mut(row)), value)
        {
            *slot = value;
        }
    }
    let first = column.first().copied()?;
    column.iter().any(|value| (value - first).abs() > 0.0).then_some(column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(values: &[&str]) -> Vec<(u64, String)> {
        values.iter().enumerate().map(|(row, value)| (row as u64, (*value).to_owned())).collect()
    }

    #[test]
    fn an_array_that_lies_column_after_column_is_turned() {
        assert_eq!(transposed(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3, 2), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }

    #[test]
    fn numbers_stay_categories_become_rarity_and_text_is_left_out() {
        assert_eq!(numbers(&cells(&["1", "2.5", "4", "", "3"]), 5), Some(vec![1.0, 2.5, 4.0, 3.0, 3.0]));
        let rarity = numbers(&cells(&["a", "a", "a", "b"]), 4).unwrap();
        assert!((rarity[0] + 0.75f64.ln()).abs() < 1e-12 && (rarity[3] + 0.25f64.ln()).abs() < 1e-12);
        assert_eq!(numbers(&cells(&["one text", "another", "a third", "more"]), 4), None);
        assert_eq!(numbers(&cells(&["7", "7", "7"]), 3), None);
    }
}
