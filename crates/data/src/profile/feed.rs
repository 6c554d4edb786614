//! Filling the state of a column, batch by batch.
//!
//! A batch of few different values is tallied, and each is measured once with how often it occurs. Any other goes through
//! passes over the whole batch, one per sketch, and no value is turned into text unless a sketch keeps it.

use super::column::{ColumnState, FREQUENT};
use super::kind::Parts;
use super::shape::shape_into;
use bartizan_stats::sketch::{Moments, Repeat, finite_range, tally};
use bartizan_stats::{hash64, hash64_ascii, mix64};
use std::collections::BTreeMap;

/// Rows after which only one in [`STRIDE`] is looked at for its shape, unless the batch holds few different texts.
const SHAPED_WHOLE: u64 = 1 << 14;
/// See [`SHAPED_WHOLE`].
const STRIDE: usize = 32;
/// A batch of at most so many different values is measured value by value, each with how often it occurs.
const FEW: usize = 2 * FREQUENT;
/// Lengths of texts below this are counted rather than listed.
const SHORT: usize = 256;
impl ColumnState {
    /// Adds values as numbers: numbers, times in seconds, lengths of lists.
    ///
    /// `hashes` tells the values apart ([`hash_number`]) and `text` writes the value at a place of the batch.
    pub fn add_numbers(
        &mut self,
        values: &[f64],
        hashes: &[u64],
        parts: Parts,
        text: impl Fn(usize) -> String,
    ) {
        if let Some(repeats) = self.few(hashes) {
            let number = |repeat: &Repeat| values.get(repeat.place as usize).copied();
            let counted: Vec<(f64, u64)> = repeats
                .iter()
                .filter_map(|repeat| number(repeat).map(|value| (value, u64::from(repeat.count))))
                .collect();
            self.measure_repeated(&counted, parts.ranks);
            self.identify_repeated(&repeats, parts, text);
            return;
        }
        self.measure(values, parts.ranks);
        self.identify(hashes, parts, text);
    }

    /// Adds `no` times false and `yes` times true.
    pub fn add_booleans(&mut self, no: u64, yes: u64, parts: Parts) {
        let mut counted = vec![(0.0, no), (1.0, yes)];
        counted.retain(|(_, count)| *count > 0);
        self.measure_repeated(&counted, parts.ranks);
        let repeats: Vec<Repeat> = counted
            .iter()
            .zip(0_u32..)
            .map(|((value, count), place)| Repeat {
                hash: hash_number(*value),
                count: u32::try_from(*count).unwrap_or(u32::MAX),
                place,
            })
            .collect();
        self.identify_repeated(&repeats, parts, |place| {
            counted.get(place).is_some_and(|(value, _)| *value > 0.5).to_string()
        });
    }

    /// Adds `count` texts, given by their places: their lengths in characters, shapes, distinct and frequent values.
    pub fn add_texts<'a>(&mut self, count: usize, value: impl Fn(usize) -> &'a str, parts: Parts) {
        let mut ascii = true;
        let mut hashes = Vec::with_capacity(count);
        if parts.distinct || parts.frequent || parts.shapes {
            for place in 0..count {
                let (hash, is_ascii) = hash64_ascii(value(place).as_bytes(), 0);
                hashes.push(hash);
                ascii &= is_ascii;
            }
            if let Some(repeats) = self.few(&hashes) {
                let counted: Vec<(&str, Repeat)> =
                    repeats.into_iter().map(|repeat| (value(repeat.place as usize), repeat)).collect();
                self.add_repeated_texts(&counted, parts);
                return;
            }
        } else {
            ascii = false;
        }
        self.measure_lengths((0..count).map(|place| length(value(place), ascii)), parts.ranks);
        if parts.shapes {
            let step = if self.rows > SHAPED_WHOLE { STRIDE } else { 1 };
            self.add_shapes((0..count).step_by(step).map(|place| (value(place), 1)));
        }
        self.identify(&hashes, parts, |place| value(place).to_owned());
    }

    /// Adds texts with how often each occurs; of each, the hash is that of [`hash_text`] and the place counts for nothing.
    pub fn add_repeated_texts(&mut self, values: &[(&str, Repeat)], parts: Parts) {
        let lengths: Vec<(f64, u64)> = values
            .iter()
            .map(|(text, repeat)| (length(text, false) as f64, u64::from(repeat.count)))
            .collect();
        let empty: u64 = lengths.iter().filter(|(length, _)| *length < 0.5).map(|(_, count)| count).sum();
        self.empty = self.empty.saturating_add(empty);
        self.measure_repeated(&lengths, parts.ranks);
        if parts.shapes {
            self.add_shapes(values.iter().map(|(text, repeat)| (*text, repeat.count)));
        }
        let repeats: Vec<Repeat> =
            values.iter().zip(0_u32..).map(|((_, repeat), place)| Repeat { place, ..*repeat }).collect();
        let text = |place: usize| values.get(place).map_or_else(String::new, |(text, _)| (*text).to_owned());
        self.identify_repeated(&repeats, parts, text);
    }

    /// The different values of a batch, while all values of the column were few.
    fn few(&self, hashes: &[u64]) -> Option<Vec<Repeat>> {
        let still = !hashes.is_empty() && self.frequent.shortfall() == 0;
        still.then(|| tally(hashes, FEW)).flatten()
    }

    fn add_shapes<'a>(&mut self, texts: impl Iterator<Item = (&'a str, u32)>) {
        let mut shape = String::new();
        let mut different: BTreeMap<u64, (Repeat, String)> = BTreeMap::new();
        for (text, count) in texts {
            shape.clear();
            shape_into(text, &mut shape);
            let hash = hash_text(&shape);
            let (repeat, _) =
                different.entry(hash).or_insert_with(|| (Repeat { hash, count: 0, place: 0 }, shape.clone()));
            repeat.count = repeat.count.saturating_add(count);
        }
        let (mut repeats, shapes): (Vec<Repeat>, Vec<String>) = different.into_values().unzip();
        for (repeat, place) in repeats.iter_mut().zip(0..) {
            repeat.place = place;
        }
        self.shapes.insert_repeats(&repeats, |place| shapes.get(place).cloned().unwrap_or_default());
    }

    fn measure(&mut self, values: &[f64], ranks: bool) {
        let Some((low, high)) = finite_range(values) else {
            let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
            let odd = values.len().saturating_sub(finite.len()) as u64;
            let nan = values.iter().filter(|value| value.is_nan()).count() as u64;
            self.nan = self.nan.saturating_add(nan);
            self.infinite = self.infinite.saturating_add(odd.saturating_sub(nan));
            if !finite.is_empty() {
                self.measure(&finite, ranks);
            }
            return;
        };
        self.widen(low, high);
        self.moments = self.moments.merged(&Moments::of(values));
        if ranks {
            self.ranks.extend(values);
        }
    }

    /// The same for values with how often each occurs.
    fn measure_repeated(&mut self, values: &[(f64, u64)], ranks: bool) {
        let mut finite = Vec::with_capacity(values.len());
        for (value, count) in values {
            if value.is_finite() {
                self.widen(*value, *value);
                finite.push((*value, *count));
            } else if value.is_nan() {
                self.nan = self.nan.saturating_add(*count);
            } else {
                self.infinite = self.infinite.saturating_add(*count);
            }
        }
        self.moments = self.moments.merged(&Moments::of_repeated(&finite));
        if ranks {
            for (value, count) in finite {
                self.ranks.insert_repeated(value, count);
            }
        }
    }

    /// The same for lengths of texts: most are short, and of short ones there are few.
    fn measure_lengths(&mut self, lengths: impl Iterator<Item = usize>, ranks: bool) {
        let mut counts = [0_u64; SHORT];
        let mut long = Vec::new();
        for length in lengths {
            match counts.get_mut(length) {
                Some(count) => *count = count.wrapping_add(1),
                None => long.push(length as f64),
            }
        }
        let short: Vec<(f64, u64)> = (0_u32..)
            .zip(counts)
            .filter(|(_, count)| *count > 0)
            .map(|(length, count)| (f64::from(length), count))
            .collect();
        self.empty = self.empty.saturating_add(counts.first().copied().unwrap_or(0));
        self.measure_repeated(&short, ranks);
        if !long.is_empty() {
            self.measure(&long, ranks);
        }
    }

    fn widen(&mut self, low: f64, high: f64) {
        self.range = Some(self.range.map_or((low, high), |(a, b)| (a.min(low), b.max(high))));
    }

    fn identify_repeated(&mut self, repeats: &[Repeat], parts: Parts, text: impl Fn(usize) -> String) {
        if parts.distinct {
            for repeat in repeats {
                self.distinct.insert(repeat.hash);
            }
        }
        if parts.frequent {
            self.frequent.insert_repeats(repeats, text);
        }
    }

    fn identify(&mut self, hashes: &[u64], parts: Parts, text: impl Fn(usize) -> String) {
        if parts.distinct {
            self.distinct.extend(hashes);
        }
        if parts.frequent {
            self.frequent.insert(hashes, text);
        }
    }
}

/// Characters of a text; as many as bytes where all are ASCII, which `ascii` says to be so.
fn length(text: &str, ascii: bool) -> usize {
    if ascii || text.is_ascii() { text.len() } else { text.chars().count() }
}

/// The hash of a number: the same for 3 and 3.0, and for both zeros.
#[inline]
pub fn hash_number(value: f64) -> u64 {
    // Adding and taking away 1.5 · 2⁵² rounds to a whole number, whose low bits then stand in the sum's; below 2⁵¹ only.
    const SHIFT: f64 = 6_755_399_441_055_744.0;
    const NEAR: f64 = 2_251_799_813_685_248.0;
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    let shifted = value + SHIFT;
    if value.abs() < NEAR {
        let is_whole = (shifted - SHIFT).to_bits() == (value + 0.0).to_bits();
        let whole = shifted.to_bits().wrapping_sub(SHIFT.to_bits());
        return mix64(if is_whole { whole } else { value.to_bits() });
    }
    if value.abs() < WHOLE && value.fract() == 0.0 {
        mix64((value as i64).cast_unsigned())
    } else {
        mix64(value.to_bits())
    }
}

/// The hash of a text.
#[inline]
pub fn hash_text(value: &str) -> u64 {
    hash64(value.as_bytes(), 0)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::kind::ValueKind;
    use super::*;

    /// The state of a column of these numbers.
    pub(in super::super) fn numbers(values: &[f64]) -> ColumnState {
        let mut state = ColumnState::new(ValueKind::Float).unwrap();
        state.add_rows(values.len() as u64, 0);
        let hashes: Vec<u64> = values.iter().map(|value| hash_number(*value)).collect();
        state.add_numbers(values, &hashes, Parts::ALL, |place| values[place].to_string());
        state
    }

    #[test]
    fn numbers_that_are_not_finite_are_counted_and_left_out() {
        let state = numbers(&[1.0, f64::NAN, 3.0, f64::INFINITY, f64::NEG_INFINITY]);
        assert_eq!((state.not_finite(), state.range()), ((1, 2), Some((1.0, 3.0))));
        assert!((state.moments().mean() - 2.0).abs() < 1e-12);
        assert_eq!(state.ranks().count(), 2);
    }

    #[test]
    fn texts_are_measured_in_characters() {
        let mut state = ColumnState::new(ValueKind::Text).unwrap();
        let texts = ["", "né", "abc"];
        state.add_rows(4, 1);
        state.add_texts(texts.len(), |place| texts[place], Parts::ALL);
        assert_eq!((state.range(), state.empty(), state.missing()), (Some((0.0, 3.0)), 1, 1));
        assert!((state.distinct() - 3.0).abs() < 0.1);
        assert_eq!(state.shapes().top(1)[0].value, "a+");
    }

    #[test]
    fn a_number_has_the_hash_of_the_whole_number_it_is() {
        let slow = |value: f64| {
            let whole = value.abs() < 2_f64.powi(53) && value.fract() == 0.0;
            mix64(if whole { (value as i64).cast_unsigned() } else { value.to_bits() })
        };
        let large =
            [2_f64.powi(51), 2_f64.powi(52) + 0.5, 2_f64.powi(53), 2_f64.powi(60), f64::MAX, f64::INFINITY];
        let small = [0.0, 0.5, 1.0, 1.5, 0.1, 1e-300, 3.0, 1e6, 1e15, 1_700_000_000.25, f64::NAN];
        for value in large.into_iter().chain(small).flat_map(|value| [value, -value, value.next_down()]) {
            assert_eq!(hash_number(value), slow(value), "{value}");
        }
    }

    #[test]
    fn few_values_are_measured_like_many() {
        let texts = ["a", "bb", "", "né", "2024-01-31"];
        let many: Vec<&str> = (0..3_000).map(|place| texts[place % 7 % 5]).collect();
        let (mut whole, mut parts) =
            (ColumnState::new(ValueKind::Text).unwrap(), ColumnState::new(ValueKind::Text).unwrap());
        whole.add_rows(3_000, 0);
        whole.add_texts(many.len(), |place| many[place], Parts::ALL);
        for text in &many {
            parts.add_rows(1, 0);
            parts.add_texts(1, |_| *text, Parts::ALL);
        }
        assert_eq!(
            (whole.range(), whole.empty(), whole.rows()),
            (parts.range(), parts.empty(), parts.rows())
        );
        assert_eq!(whole.frequent().top(9), parts.frequent().top(9));
        assert_eq!(whole.shapes().top(9), parts.shapes().top(9));
        assert_eq!(whole.distinct, parts.distinct);
        assert!((whole.moments().mean() - parts.moments().mean()).abs() < 1e-9);
        assert!((whole.moments().variance() - parts.moments().variance()).abs() < 1e-9);
    }

    #[test]
    fn booleans_are_counted() {
        let mut state = ColumnState::new(ValueKind::Boolean).unwrap();
        state.add_rows(10, 0);
        state.add_booleans(7, 3, Parts::ALL);
        assert_eq!((state.range(), state.moments().count()), (Some((0.0, 1.0)), 10));
        assert!((state.moments().mean() - 0.3).abs() < 1e-12 && (state.distinct() - 2.0).abs() < 0.1);
        let top: Vec<(String, u64)> =
            state.frequent().top(2).into_iter().map(|item| (item.value, item.lower)).collect();
        assert_eq!(top, [("false".to_owned(), 7), ("true".to_owned(), 3)]);
    }
}
