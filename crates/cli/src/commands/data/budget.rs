//! How much memory a verb that holds its rows may take: it says so beforehand rather than being killed.

use crate::failure::Failure;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Share of what is free that is taken at most, where no limit is given.
const SHARE: u64 = 80;
/// The limit where the system does not say what is free, in bytes.
const UNKNOWN: u64 = 4 << 30;

/// Bytes that rows may take, and what they take by now.
#[derive(Debug)]
pub(super) struct Budget {
    path: PathBuf,
    limit: u64,
    held: u64,
    /// The first row that did not fit.
    over: Option<usize>,
    /// Bytes of working memory for each byte that is read, as measured on large sets.
    factor: u64,
}

impl Budget {
    /// For the rows of `path`, which take `factor` times their own bytes while they are judged; `limit` in bytes, 80 % of what
    /// is free if left out.
    pub(super) fn new(path: &Path, limit: Option<u64>, factor: u64) -> Self {
        let limit = limit.or_else(|| Some(free()? / 100 * SHARE)).unwrap_or(UNKNOWN);
        Self { path: path.to_path_buf(), limit, held: 0, over: None, factor }
    }

    /// Takes memory for `bytes` more of the row `row`; breaks reading off when that is more than may be had, as [`Budget::settled`] says.
    pub(super) fn take(&mut self, row: usize, bytes: u64) -> ControlFlow<()> {
        self.held = self.held.saturating_add(bytes.saturating_mul(self.factor));
        if self.held <= self.limit {
            return ControlFlow::Continue(());
        }
        self.over.get_or_insert(row);
        ControlFlow::Break(())
    }

    /// Takes memory for `rows` rows of `bytes` each, whose number is known beforehand.
    ///
    /// # Errors
    /// [`Failure::Memory`] names the first row that does not fit.
    pub(super) fn take_all(&mut self, rows: u64, bytes: u64) -> Result<(), Failure> {
        let each = bytes.saturating_mul(self.factor);
        let fitting = self.limit.saturating_sub(self.held).checked_div(each).unwrap_or(u64::MAX);
        if fitting < rows {
            self.over.get_or_insert(usize::try_from(fitting).unwrap_or(usize::MAX));
        }
        self.held = self.held.saturating_add(each.saturating_mul(rows));
        self.settled()
    }

    /// Whether all that was asked for could be had.
    ///
    /// # Errors
    /// [`Failure::Memory`] names the first row that did not fit.
    pub(super) fn settled(&self) -> Result<(), Failure> {
        match self.over {
            None => Ok(()),
            Some(row) => Err(Failure::Memory { path: self.path.clone(), row: row as u64, limit: self.limit }),
        }
    }
}

/// Bytes that the system can give without swapping, where it says.
fn free() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = told.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_beyond_the_limit_is_named() {
        let mut budget = Budget::new(Path::new("a.csv"), Some(100), 3);
        assert_eq!([budget.take(0, 20), budget.take(1, 13)], [ControlFlow::Continue(()); 2]);
        budget.settled().unwrap();
        assert_eq!([budget.take(2, 1), budget.take(3, 1)], [ControlFlow::Break(()); 2]);
        assert!(matches!(budget.settled(), Err(Failure::Memory { row: 2, limit: 100, .. })));
        let mut budget = Budget::new(Path::new("a.npy"), Some(100), 3);
        budget.take_all(2, 8).unwrap();
        assert!(matches!(budget.take_all(3, 8), Err(Failure::Memory { row: 2, .. })));
    }
}
