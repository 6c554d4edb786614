//! What stands between the matrix products of a transformer: [`Step`]s, each one pass over the rows of a window, so that a row is
//! read once and stays near the processor until it is written as the integers of the next product.
//!
//! A compiler can do several values of a row at once, and each step is compiled for the widest registers that the processor may
//! have ([`rten_simd::SimdOp`]). Every step gives the same bits on every processor: no fused multiplication, sums in fixed lanes.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined into a step is not compiled for its registers"
)]

use rten_simd::ops::{BitOps as _, NumOps as _};
use rten_simd::{Isa, SimdOp};

/// Values of a row that are held against each other side by side: those of the widest register, or of two or four narrower ones.
const LANES: usize = 16;

/// Folds the values of a row into `begin`, in fixed lanes; a last block that is not full is filled with `pad`.
#[inline(always)]
fn fold<I: Isa>(
    isa: I,
    row: &[f32],
    [begin, pad]: [f32; 2],
    join: impl Fn(I::F32, I::F32) -> I::F32,
) -> [f32; LANES] {
    let registers = isa.f32();
    let size = registers.len();
    let mut held = [registers.splat(begin); LANES / 4];
    let (blocks, rest) = row.as_chunks::<LANES>();
    for block in blocks {
        for (held, part) in held.iter_mut().zip(block.chunks_exact(size)) {
            *held = join(*held, registers.load(part));
        }
    }
    if !rest.is_empty() {
        let mut block = [pad; LANES];
        block.iter_mut().zip(rest).for_each(|(to, x)| *to = *x);
        for (held, part) in held.iter_mut().zip(block.chunks_exact(size)) {
            *held = join(*held, registers.load(part));
        }
    }
    let mut folded = [begin; LANES];
    for (held, part) in held.iter().zip(folded.chunks_exact_mut(size)) {
        registers.store(*held, part);
    }
    folded
}

/// Sum of a row.
#[inline(always)]
fn sum<I: Isa>(isa: I, row: &[f32]) -> f32 {
    let registers = isa.f32();
    fold(isa, row, [0.0, 0.0], |sum, x| registers.add(sum, x)).iter().sum()
}

/// Sum of squares of how far the values of a row are from `middle`.
#[inline(always)]
fn spread<I: Isa>(isa: I, row: &[f32], middle: f32) -> f32 {
    let registers = isa.f32();
    let middles = registers.splat(middle);
    let square = |sum, x| {
        let far = registers.sub(x, middles);
        registers.add(sum, registers.mul(far, far))
    };
    fold(isa, row, [0.0, middle], square).iter().sum()
}

/// Greatest value of a row and `least`.
#[inline(always)]
fn most<I: Isa>(isa: I, row: &[f32], least: f32) -> f32 {
    let registers = isa.f32();
    let lanes = fold(isa, row, [least; 2], |most, x| registers.max(x, most));
    lanes.iter().copied().fold(least, f32::max)
}

/// Least value of a row and 0.
#[inline(always)]
fn least<I: Isa>(isa: I, row: &[f32]) -> f32 {
    let registers = isa.f32();
    fold(isa, row, [0.0; 2], |least, x| registers.min(x, least)).iter().copied().fold(0.0, f32::min)
}

/// Rounds by way of a number so large that fractions do not fit behind it.
const ROUNDER: f32 = 12_582_912.0;

/// Rows of 8-bit integers: value = (integer − zero) · scale, with the row's own scale and zero. 0 stays exact.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) integers: Vec<u8>,
    pub(super) zeros: Vec<u8>,
    pub(super) scales: Vec<f32>,
}

impl Rows {
    /// Makes room for `count` rows of `width` values.
    fn room(&mut self, count: usize, width: usize) {
        self.integers.resize(count.saturating_mul(width), 0);
        self.zeros.resize(count, 0);
        self.scales.resize(count, 0.0);
    }

    /// Each row of `width` integers with its zero and scale.
    fn rows(&mut self, width: usize) -> impl Iterator<Item = ((&mut [u8], &mut u8), &mut f32)> {
        self.integers.chunks_exact_mut(width.max(1)).zip(&mut self.zeros).zip(&mut self.scales)
    }
}

/// Rounds a row to 8 bits; gives its zero and its scale.
#[inline(always)]
fn quantise<I: Isa>(isa: I, row: &[f32], integers: &mut [u8]) -> (u8, f32) {
    let (least, most) = (least(isa, row), most(isa, row, 0.0));
    let scale = ((most - least) / 255.0).max(1e-12);
    let factor = 1.0 / scale;
    let zero = (-least * factor + ROUNDER) - ROUNDER;
    for (integer, x) in integers.iter_mut().zip(row) {
        let rounded = x * factor + zero + ROUNDER;
        let rounded = if rounded >= ROUNDER + 255.0 { ROUNDER + 255.0 } else { rounded };
        let rounded = if rounded <= ROUNDER { ROUNDER } else { rounded };
        // The integer stands in the low bits of the sum.
        *integer = (rounded.to_bits() & 0xFF) as u8;
    }
    // Between 0 and 255, so that the low bits hold it.
    (((zero.clamp(0.0, 255.0) + ROUNDER).to_bits() & 0xFF) as u8, scale)
}

/// Moves a row to mean 0 and variance 1, then scales and shifts it (Ba et al., 2016).
#[inline(always)]
fn normalise<I: Isa>(isa: I, row: &mut [f32], scale: &[f32], shift: &[f32]) {
    /// Added to the variance, as in the model's configuration.
    const EPSILON: f32 = 1e-12;
    let width = row.len().max(1);
    let mean = sum(isa, row) / width as f32;
    let variance = spread(isa, row, mean) / width as f32;
    let factor = 1.0 / (variance + EPSILON).sqrt();
    for ((x, scale), shift) in row.iter_mut().zip(scale).zip(shift) {
        *x = (*x - mean) * factor * scale + shift;
    }
}

/// e to the power of `x`, for `x` from −87 to 88; relative error below 1e-6 (polynomial of degree 6 on ±ln 2 / 2).
#[inline(always)]
fn exponential(x: f32) -> f32 {
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUNDER;
    let whole = shifted - ROUNDER;
    let rest = x - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3F80_0000));
    let series = 1.0
        + rest
            * (1.0
                + rest
                    * (0.5
                        + rest
                            * (0.166_666_67
                                + rest * (0.041_666_668 + rest * (0.008_333_334 + rest * 0.001_388_889)))));
    power * series
}

/// The Gaussian error linear unit x · Φ(x) (Hendrycks, Gimpel, 2016), with Φ to 1.5e-7 (Abramowitz, Stegun, 7.1.26).
#[inline(always)]
fn gelu(x: f32) -> f32 {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let series =
        t * (0.254_829_6 + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152 + t * 1.061_405_4))));
    let tail = 0.5 * series * exponential(-z * z);
    if x < 0.0 { x * tail } else { x * (1.0 - tail) }
}

/// Sums of products of integers, and what makes values of them.
pub(super) struct Sums<'a> {
    /// Σ a · b, row-major.
    pub(super) totals: &'a [i32],
    /// The rows a.
    pub(super) of: &'a Rows,
    /// Σ b of each column.
    pub(super) columns: &'a [i32],
    /// Scale of each column.
    pub(super) scales: &'a [f32],
    /// Added to each column.
    pub(super) bias: &'a [f32],
}

impl Sums<'_> {
    /// Each row with its zero and scale.
    fn rows(&self) -> impl Iterator<Item = (&[i32], i32, f32)> {
        let rows = self.totals.chunks_exact(self.columns.len().max(1));
        rows.zip(&self.of.zeros)
            .zip(&self.of.scales)
            .map(|((sums, zero), scale)| (sums, i32::from(*zero), *scale))
    }

    /// Gives each value of a row to `take`, with its place: Σ (a − zero) · b = Σ a · b − zero · Σ b, scaled, and the bias.
    #[inline(always)]
    fn values(&self, (sums, zero, scale): (&[i32], i32, f32), to: &mut [f32], take: impl Fn(&mut f32, f32)) {
        let columns = self.columns.iter().zip(self.scales.iter().zip(self.bias));
        for ((to, sum), (all, (column, bias))) in to.iter_mut().zip(sums).zip(columns) {
            take(to, (sum - zero * all) as f32 * (scale * column) + bias);
        }
    }
}

/// One pass over the rows of a window.
pub(super) enum Step<'a> {
    /// Rounds rows of `width` values.
    Quantise(&'a [f32], usize, &'a mut Rows),
    /// Writes the values of products.
    Values(Sums<'a>, &'a mut [f32]),
    /// Adds the values of products, if there are any, to rows, normalises these by a scale and a shift, and rounds them.
    Normalise(Option<Sums<'a>>, &'a mut [f32], &'a [Vec<f32>; 2], &'a mut Rows),
    /// Rounds what the unit ([`gelu`]) makes of the values of products; the last is room for a row.
    Unit(Sums<'a>, &'a mut Rows, &'a mut [f32]),
    /// Turns each row of `width` values into shares that sum to 1.
    Softmax(&'a mut [f32], usize),
}

impl SimdOp for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        match self {
            Self::Quantise(rows, width, to) => {
                to.room(rows.len() / width.max(1), width);
                for (row, ((integers, zero), scale)) in rows.chunks_exact(width.max(1)).zip(to.rows(width)) {
                    (*zero, *scale) = quantise(isa, row, integers);
                }
            }
            Self::Values(products, to) => {
                let width = products.columns.len().max(1);
                for (sums, to) in products.rows().zip(to.chunks_exact_mut(width)) {
                    products.values(sums, to, |to, value| *to = value);
                }
            }
            Self::Normalise(products, rows, [scale, shift], to) => {
                let width = scale.len().max(1);
                to.room(rows.len() / width, width);
                let mut added = products.as_ref().map(Sums::rows);
                for (row, ((integers, zero), step)) in rows.chunks_exact_mut(width).zip(to.rows(width)) {
                    if let Some((products, sums)) =
                        products.as_ref().zip(added.as_mut().and_then(Iterator::next))
                    {
                        products.values(sums, row, |to, value| *to += value);
                    }
                    normalise(isa, row, scale, shift);
                    (*zero, *step) = quantise(isa, row, integers);
                }
            }
            Self::Unit(products, to, room) => {
                let width = products.columns.len().max(1);
                to.room(products.totals.len() / width, width);
                for (sums, ((integers, zero), scale)) in products.rows().zip(to.rows(width)) {
                    products.values(sums, room, |to, value| *to = gelu(value));
                    (*zero, *scale) = quantise(isa, room, integers);
                }
            }
            Self::Softmax(rows, width) => {
                for row in rows.chunks_exact_mut(width.max(1)) {
                    let most = most(isa, row, f32::MIN);
                    for x in row.iter_mut() {
                        *x = exponential(*x - most);
                    }
                    let factor = 1.0 / sum(isa, row);
                    for x in row.iter_mut() {
                        *x *= factor;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_within_its_bound() {
        for step in -860..880 {
            let x = step as f32 / 10.0;
            let truth = f64::from(x).exp();
            assert!((f64::from(exponential(x)) / truth - 1.0).abs() < 1e-6, "{x}");
        }
    }

    #[test]
    fn the_unit_has_its_known_values() {
        // Values of x · Φ(x) from tables of the normal distribution.
        for (x, value) in
            [(0.0, 0.0), (1.0, 0.841_344_7), (-1.0, -0.158_655_3), (3.0, 2.995_950_3), (-6.0, 0.0)]
        {
            assert!((gelu(x) - value).abs() < 2e-6, "{x}");
        }
    }

    #[test]
    fn rows_are_rounded_to_half_a_step_and_zero_is_exact() {
        let row: Vec<f32> = (0..64).map(|at| (at as f32 * 0.7).sin() * 3.0 + 1.0).chain([0.0]).collect();
        let mut rounded = Rows::default();
        Step::Quantise(&row, 65, &mut rounded).dispatch();
        for (x, integer) in row.iter().zip(&rounded.integers) {
            let back = (f32::from(*integer) - f32::from(rounded.zeros[0])) * rounded.scales[0];
            assert!((back - x).abs() <= rounded.scales[0] * 0.51 + 1e-6, "{x} {back}");
        }
        assert_eq!(rounded.integers[64], rounded.zeros[0]);
    }

    #[test]
    fn shares_sum_to_one_and_rows_are_normalised() {
        let mut rows = vec![1.0, 2.0, 3.0, -100.0, 0.0, 100.0];
        Step::Softmax(&mut rows, 3).dispatch();
        assert!((rows[..3].iter().sum::<f32>() - 1.0).abs() < 1e-6 && (rows[2] - 0.665_240_9).abs() < 1e-6);
        assert!((rows[5] - 1.0).abs() < 1e-6);
        let mut row = vec![1.0, 3.0];
        let by = [vec![2.0, 2.0], vec![0.5, 0.5]];
        Step::Normalise(None, &mut row, &by, &mut Rows::default()).dispatch();
        assert_eq!(row, [-1.5, 2.5]);
    }
}
