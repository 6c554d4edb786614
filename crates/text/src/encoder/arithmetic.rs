//! What stands between the matrix products of a transformer, written so that a compiler can do several values at once.
//!
//! Every function here gives the same bits on every processor: no fused multiplication, sums in fixed lanes.

/// Values summed side by side.
const LANES: usize = 16;

/// Sum of `value(x)` over a row, in fixed lanes.
fn lanes(row: &[f32], value: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (blocks, rest) = row.as_chunks::<LANES>();
    for block in blocks {
        for (sum, x) in sums.iter_mut().zip(block) {
            *sum += value(*x);
        }
    }
    for (sum, x) in sums.iter_mut().zip(rest) {
        *sum += value(*x);
    }
    sums.iter().sum()
}

/// Least and greatest value of a row.
fn bounds(row: &[f32]) -> (f32, f32) {
    let (mut least, mut most) = ([0.0_f32; LANES], [0.0_f32; LANES]);
    let (blocks, rest) = row.as_chunks::<LANES>();
    let mut take = |block: &[f32]| {
        for ((low, high), x) in least.iter_mut().zip(&mut most).zip(block) {
            *low = if *x < *low { *x } else { *low };
            *high = if *x > *high { *x } else { *high };
        }
    };
    for block in blocks {
        take(block);
    }
    take(rest);
    (least.iter().copied().fold(0.0, f32::min), most.iter().copied().fold(0.0, f32::max))
}

/// Moves each row of `width` values to mean 0 and variance 1, then scales and shifts it (Ba et al., 2016).
pub(super) fn normalise(rows: &mut [f32], scale: &[f32], shift: &[f32]) {
    /// Added to the variance, as in the model's configuration.
    const EPSILON: f32 = 1e-12;
    let width = scale.len().max(1);
    for row in rows.chunks_exact_mut(width) {
        let mean = lanes(row, |x| x) / width as f32;
        let variance = lanes(row, |x| (x - mean) * (x - mean)) / width as f32;
        let factor = 1.0 / (variance + EPSILON).sqrt();
        for ((x, scale), shift) in row.iter_mut().zip(scale).zip(shift) {
            *x = (*x - mean) * factor * scale + shift;
        }
    }
}

/// Rounds by way of a number so large that fractions do not fit behind it.
const ROUNDER: f32 = 12_582_912.0;

/// Rows of 8-bit integers: value = (integer − zero) · scale, with the row's own scale and zero. 0 stays exact.
pub(super) struct Rows {
    pub(super) integers: Vec<u8>,
    pub(super) zeros: Vec<u8>,
    pub(super) scales: Vec<f32>,
}

/// Rounds each row of `width` values to 8 bits.
pub(super) fn quantise(rows: &[f32], width: usize) -> Rows {
    let count = rows.len() / width.max(1);
    let mut out = Rows {
        integers: vec![0; rows.len()],
        zeros: Vec::with_capacity(count),
        scales: Vec::with_capacity(count),
    };
    for (row, integers) in rows.chunks_exact(width).zip(out.integers.chunks_exact_mut(width)) {
        let (least, most) = bounds(row);
        let scale = ((most - least) / 255.0).max(1e-12);
        let factor = 1.0 / scale;
        let zero = (-least * factor + ROUNDER) - ROUNDER;
        for (integer, x) in integers.iter_mut().zip(row) {
            let rounded = x * factor + zero + ROUNDER;
            // The integer stands in the low bits of the sum.
            *integer = (rounded.to_bits() & 0xFF) as u8;
            if rounded >= ROUNDER + 255.0 {
                *integer = 255;
            }
            if rounded <= ROUNDER {
                *integer = 0;
            }
        }
        // Between 0 and 255, so that the low bits hold it.
        out.zeros.push(((zero.clamp(0.0, 255.0) + ROUNDER).to_bits() & 0xFF) as u8);
        out.scales.push(scale);
    }
    out
}

/// e to the power of `x`, for `x` from −87 to 88; relative error below 1e-6 (polynomial of degree 6 on ±ln 2 / 2).
pub(super) fn exponential(x: f32) -> f32 {
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
pub(super) fn gelu(x: f32) -> f32 {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let series =
        t * (0.254_829_6 + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152 + t * 1.061_405_4))));
    let tail = 0.5 * series * exponential(-z * z);
    if x < 0.0 { x * tail } else { x * (1.0 - tail) }
}

/// Turns each row of `width` values into shares that sum to 1.
pub(super) fn softmax(rows: &mut [f32], width: usize) {
    for row in rows.chunks_exact_mut(width.max(1)) {
        let most = row.iter().copied().fold(f32::MIN, |most, x| if x > most { x } else { most });
        for x in row.iter_mut() {
            *x = exponential(*x - most);
        }
        let factor = 1.0 / lanes(row, |x| x);
        for x in row.iter_mut() {
            *x *= factor;
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
        let rounded = quantise(&row, 65);
        for (x, integer) in row.iter().zip(&rounded.integers) {
            let back = (f32::from(*integer) - f32::from(rounded.zeros[0])) * rounded.scales[0];
            assert!((back - x).abs() <= rounded.scales[0] * 0.51 + 1e-6, "{x} {back}");
        }
        assert_eq!(rounded.integers[64], rounded.zeros[0]);
    }

    #[test]
    fn shares_sum_to_one_and_rows_are_normalised() {
        let mut rows = vec![1.0, 2.0, 3.0, -100.0, 0.0, 100.0];
        softmax(&mut rows, 3);
        assert!((rows[..3].iter().sum::<f32>() - 1.0).abs() < 1e-6 && (rows[2] - 0.665_240_9).abs() < 1e-6);
        assert!((rows[5] - 1.0).abs() < 1e-6);
        let mut row = vec![1.0, 3.0];
        normalise(&mut row, &[2.0, 2.0], &[0.5, 0.5]);
        assert_eq!(row, [-1.5, 2.5]);
    }
}
