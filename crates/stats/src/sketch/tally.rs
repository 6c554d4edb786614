//! Which values of a batch are different, and how often each occurs, as long as they are few.

/// A value of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeat {
    /// The hash that tells it apart.
    pub hash: u64,
    /// How often it occurs, from 1.
    pub count: u32,
    /// The place in the batch at which it occurs first.
    pub place: u32,
}

/// The different values among `hashes` in the order in which they occur first; nothing when there are more than `most`.
///
/// A batch of too many is refused as soon as the count passes `most`. O(hashes) time for hashes whose upper bits are spread
/// evenly, O(hashes · most) for any; memory for 2 to 4 times `most` entries of 16 bytes.
pub fn tally(hashes: &[u64], most: usize) -> Option<Vec<Repeat>> {
    let most = most.clamp(1, 1 << 24);
    let size = (2 * most).next_power_of_two();
    let shift = 64 - size.trailing_zeros();
    let mut slots = vec![Repeat { hash: 0, count: 0, place: 0 }; size];
    let mut found = 0;
    for (hash, place) in hashes.iter().zip(0_u32..) {
        let mut at = (hash >> shift) as usize;
        loop {
            let slot = &mut slots[at];
            if slot.count == 0 {
                if found == most {
                    return None;
                }
                found += 1;
                *slot = Repeat { hash: *hash, count: 1, place };
                break;
            }
            if slot.hash == *hash {
                slot.count += 1;
                break;
            }
            at = (at + 1) & (size - 1);
        }
    }
    slots.retain(|slot| slot.count > 0);
    slots.sort_unstable_by_key(|slot| slot.place);
    Some(slots)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix64;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_value_is_counted_where_it_first_occurs(values in prop::collection::vec(0_u64..40, 0..200), most in 1_usize..60) {
            // Half of the hashes share their upper bits, so that slots collide.
            let hashes: Vec<u64> = values.iter().map(|v| if v % 2 == 0 { *v } else { mix64(*v) }).collect();
            let mut expected: Vec<Repeat> = Vec::new();
            for (hash, place) in hashes.iter().zip(0..) {
                match expected.iter_mut().find(|repeat| repeat.hash == *hash) {
                    Some(repeat) => repeat.count += 1,
                    None => expected.push(Repeat { hash: *hash, count: 1, place }),
                }
            }
            let found = tally(&hashes, most);
            prop_assert_eq!(found, (expected.len() <= most).then_some(expected));
        }
    }
}
