//! What the parts of an attack make together, wherever in a window they stand: a source and a sink, an order and one to
//! obey it. Beside words of care the same parts are another thing.

use super::lexicon::role;
use super::places::Feature;

/// Adds the features of the parts that are bits of `roles`: how many there are, their pairs and their triples.
pub(super) fn of(roles: u16, out: &mut Vec<Feature>) {
    let care = u64::from(roles & role::CARE != 0);
    let parts = roles & ((1 << role::PARTS) - 1);
    out.push(Feature::new(18, u64::from(parts.count_ones()), care, 5));
    for one in bits(parts) {
        for two in bits(above(parts, one)) {
            out.push(Feature::new(16, one << 8 | two, care, 5));
            for three in bits(above(parts, two)) {
                out.push(Feature::new(17, one << 16 | two << 8 | three, 0, 4));
            }
        }
    }
}

/// The bits that are set, from the lowest.
fn bits(mut set: u16) -> impl Iterator<Item = u64> {
    std::iter::from_fn(move || {
        let lowest = (set != 0).then(|| set.trailing_zeros())?;
        set &= set - 1;
        Some(u64::from(lowest))
    })
}

/// Those of the bits that stand above one.
fn above(set: u16, bit: u64) -> u16 {
    set & u16::MAX.checked_shl(bit as u32 + 1).unwrap_or(0)
}
