//! k-anonymity (L. Sweeney, 2002): whether every combination of quasi-identifiers is shared by at least `k` rows.
//!
//! A quasi-identifier names nobody by itself, as birth date, sex and postcode do not; together they single people out.

use std::collections::HashMap;

/// The classes of rows that agree in all quasi-identifiers.
#[derive(Debug, Default)]
pub struct Anonymity {
    classes: HashMap<String, u32>,
    sizes: Vec<u64>,
    rows: Vec<u32>,
}

impl Anonymity {
    /// Adds the next row by its values, in one order for all rows. Blanks around a value do not count; an absent value is
    /// one of its own. Memory grows with rows (four bytes each) and with classes.
    pub fn add<'v>(&mut self, values: impl IntoIterator<Item = &'v str>) {
        let mut key = String::new();
        for value in values {
            let value = value.trim();
            // Lengths keep ("ab", "c") apart from ("a", "bc").
            key.push_str(&value.len().to_string());
            key.push(':');
            key.push_str(value);
        }
        let next = u32::try_from(self.sizes.len()).unwrap_or(u32::MAX);
        let class = *self.classes.entry(key).or_insert(next);
        if class == next {
            self.sizes.push(0);
        }
        if let Some(size) = self.sizes.get_mut(class as usize) {
            *size = size.saturating_add(1);
        }
        self.rows.push(class);
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.sizes.len()
    }

    /// The size of the smallest class: the `k` that the table has; nothing without rows.
    pub fn smallest(&self) -> Option<u64> {
        self.sizes.iter().copied().min()
    }

    /// Rows in classes smaller than `k`, each with the size of its class. One over that size is the chance to single the
    /// row out for someone who knows that it is there (the prosecutor's risk).
    pub fn below(&self, k: u64) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.rows.iter().enumerate().filter_map(move |(row, class)| {
            let size = *self.sizes.get(*class as usize)?;
            (size < k).then_some((row as u64, size))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_small_classes_are_given_with_their_size() {
        let mut table = Anonymity::default();
        for row in [["1970", "f"], ["1970", "f "], ["1970", "f"], ["1980", "m"], ["1980", "f"], ["1980", "m"]]
        {
            table.add(row);
        }
        assert_eq!((table.classes(), table.smallest()), (3, Some(1)));
        assert_eq!(table.below(3).collect::<Vec<_>>(), [(3, 2), (4, 1), (5, 2)]);
        assert_eq!(table.below(1).count(), 0);
    }

    #[test]
    fn values_are_not_run_together() {
        let mut table = Anonymity::default();
        table.add(["ab", "c"]);
        table.add(["a", "bc"]);
        assert_eq!(table.classes(), 2);
    }
}
