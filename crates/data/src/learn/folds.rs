//! Which rows are held out together.

use std::collections::HashMap;

/// A fold in `0..count` for each of `classes`, every class spread evenly, the same for the same `seed`.
///
/// `classes` has shape `(rows,)`. Rows of a class are dealt in an order that depends on `seed` and on their position
/// alone, so that neighbours in a sorted file do not end up together.
pub fn folds(classes: &[usize], count: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<(usize, u64, usize)> =
        classes.iter().enumerate().map(|(row, class)| (*class, mix(seed ^ mix(row as u64)), row)).collect();
    order.sort_unstable();
    let mut of_row = vec![0; classes.len()];
    for (place, (_, _, row)) in order.into_iter().enumerate() {
        if let Some(fold) = of_row.get_mut(row) {
            *fold = place % count.max(1);
        }
    }
    of_row
}

/// As [`folds`], rows of the same group always in the same fold; `groups` has shape `(rows,)`.
///
/// A row whose equal is among those that a model learned from tells what that one's class was, not what its own is. Where every
/// row is a group of its own, these are the folds of [`folds`]; a group goes where its first row goes, so that folds are as even
/// as groups are small.
pub fn grouped_folds(classes: &[usize], groups: &[u64], count: usize, seed: u64) -> Vec<usize> {
    let mut first_of: HashMap<u64, usize> = HashMap::new();
    let firsts: Vec<usize> =
        groups.iter().enumerate().map(|(row, group)| *first_of.entry(*group).or_insert(row)).collect();
    let class = |row: &usize| classes.get(*row).copied().unwrap_or_default();
    let leaders: Vec<usize> =
        firsts.iter().enumerate().filter(|(row, first)| row == *first).map(|(row, _)| row).collect();
    let mut order: Vec<(usize, u64, usize)> =
        leaders.iter().map(|row| (class(row), mix(seed ^ mix(*row as u64)), *row)).collect();
    order.sort_unstable();
    let dealt: HashMap<usize, usize> =
        order.into_iter().enumerate().map(|(place, (_, _, row))| (row, place % count.max(1))).collect();
    firsts.iter().map(|first| dealt.get(first).copied().unwrap_or_default()).collect()
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood, *Fast Splittable Pseudorandom Number Generators*, OOPSLA 2014).
fn mix(seed: u64) -> u64 {
    let mut value = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_spread_evenly() {
        let classes: Vec<usize> = (0..100).map(|row| usize::from(row < 20)).collect();
        let of_row = folds(&classes, 5, 7);
        for fold in 0..5 {
            let ones =
                of_row.iter().zip(&classes).filter(|(held, class)| **held == fold && **class == 1).count();
            assert_eq!(ones, 4);
        }
        assert_eq!(of_row, folds(&classes, 5, 7));
        assert_ne!(of_row, folds(&classes, 5, 8));
    }

    #[test]
    fn equal_rows_are_held_out_together_and_others_as_ever() {
        let classes: Vec<usize> = (0..100).map(|row| usize::from(row < 20)).collect();
        let alone: Vec<u64> = (0..100).collect();
        assert_eq!(grouped_folds(&classes, &alone, 5, 7), folds(&classes, 5, 7));
        let groups: Vec<u64> = (0..100).map(|row| row % 25).collect();
        let of_row = grouped_folds(&classes, &groups, 5, 7);
        assert!((0..100).all(|row| of_row[row] == of_row[row % 25]));
        let sizes = (0..5).map(|fold| of_row.iter().filter(|held| **held == fold).count());
        assert!(sizes.into_iter().all(|size| size == 20), "{of_row:?}");
    }
}
