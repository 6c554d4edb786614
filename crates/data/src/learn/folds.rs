//! Which rows are held out together.

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
}
