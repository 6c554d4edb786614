//! Logistic regression with an L2 penalty, by coordinate descent in the dual.
//!
//! Source: Yu, Huang and Lin, *Dual coordinate descent methods for logistic regression and maximum entropy models*, Machine
//! Learning 85 (2011), section 3; the step in one variable is solved in its log-odds.

/// One example.
#[derive(Debug, Clone, Copy)]
pub(super) struct Example<'v> {
    /// Places and what they count before they are scaled, each place once.
    pub(super) vector: &'v [(u32, f32)],
    /// Whether it is one of what is looked for.
    pub(super) is_positive: bool,
    /// What it counts: the bound of its dual variable.
    pub(super) weight: f64,
}

/// Passes over the examples at most.
const PASSES: usize = 12;
/// A pass in which no derivative was further from nought ends it.
const ENOUGH: f64 = 0.05;
/// Steps towards the solution in one variable at most.
const STEPS: usize = 50;
/// Log-odds that a dual variable begins with.
const BEGIN: f64 = -7.0;

/// The weights of scaled places, multiplied by the scales, and the bias. The same for the same examples in the same order.
pub(super) fn fit(examples: &[Example<'_>], scales: &[f32]) -> (Vec<f32>, f32) {
    let mut line = Line { places: scales.iter().map(|scale| [0.0, *scale]).collect(), bias: 0.0 };
    let mut odds = vec![BEGIN; examples.len()];
    let squares: Vec<f64> = examples.iter().map(|one| line.square(one.vector)).collect();
    for one in examples {
        line.change(one, one.weight * logistic(BEGIN));
    }
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..PASSES {
        shuffle(&mut order, &mut random);
        let mut furthest = 0.0_f64;
        for at in &order {
            let (Some(one), Some(odds), Some(square)) =
                (examples.get(*at), odds.get_mut(*at), squares.get(*at))
            else {
                continue;
            };
            let margin = line.margin(one.vector);
            let reached = if one.is_positive { margin } else { -margin };
            furthest = furthest.max((reached + *odds).abs());
            let old = one.weight * logistic(*odds);
            *odds = solved(one.weight, *square, reached, old, *odds);
            line.change(one, one.weight * logistic(*odds) - old);
        }
        if furthest < ENOUGH {
            break;
        }
    }
    (line.places.iter().map(|[weight, scale]| weight * scale).collect(), line.bias as f32)
}

/// Each place's weight and scale beside each other, and the bias.
struct Line {
    places: Vec<[f32; 2]>,
    bias: f64,
}

impl Line {
    fn square(&self, vector: &[(u32, f32)]) -> f64 {
        let scaled = vector.iter().map(|(place, value)| {
            self.places.get(*place as usize).map_or(0.0, |[_, scale]| f64::from(scale * value).powi(2))
        });
        1.0 + scaled.sum::<f64>()
    }

    fn margin(&self, vector: &[(u32, f32)]) -> f64 {
        let each = vector.iter().map(|(place, value)| {
            self.places.get(*place as usize).map_or(0.0, |[weight, scale]| f64::from(weight * scale * value))
        });
        self.bias + each.sum::<f64>()
    }

    fn change(&mut self, one: &Example<'_>, by: f64) {
        let by = if one.is_positive { by } else { -by };
        self.bias += by;
        for (place, value) in one.vector {
            if let Some([weight, scale]) = self.places.get_mut(*place as usize) {
                *weight += (by * f64::from(*scale * value)) as f32;
            }
        }
    }
}

/// The log-odds `t` at which `square · (bound · σ(t) − old) + reached + t` is nought. It rises by at least one, so that the root is
/// no further from `t` than the value there; Newton's steps stay within what is known of it, or halve it.
fn solved(bound: f64, square: f64, reached: f64, old: f64, mut odds: f64) -> f64 {
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    for _ in 0..STEPS {
        let share = logistic(odds);
        let value = square * (bound * share - old) + reached + odds;
        if value.abs() < 1e-6 {
            break;
        }
        if value > 0.0 {
            (low, high) = (low.max(odds - value), odds);
        } else {
            (low, high) = (odds, high.min(odds - value));
        }
        let next = odds - value / (square * bound * share * (1.0 - share) + 1.0);
        odds = if next > low && next < high { next } else { f64::midpoint(low, high) };
    }
    odds
}

/// The logistic function.
pub(super) fn logistic(odds: f64) -> f64 {
    (1.0 + (-odds).exp()).recip()
}

/// Slope and shift that make probabilities of margins.
///
/// Source: Platt, *Probabilistic outputs for support vector machines* (1999), with the targets of its section 2.2, by Newton's method.
pub(super) fn calibrated(positive: &[f32], negative: &[f32]) -> (f32, f32) {
    let (many, few) = (positive.len() as f64, negative.len() as f64);
    let targets = [(positive, (many + 1.0) / (many + 2.0)), (negative, (few + 2.0).recip())];
    let (mut slope, mut shift) = (1.0_f64, 0.0_f64);
    for _ in 0..100 {
        // The gradient, and the second derivatives with a little on the diagonal.
        let (mut by_slope, mut by_shift, mut aa, mut ab, mut bb) = (0.0, 0.0, 1e-6, 0.0, 1e-6);
        for (margins, target) in &targets {
            for margin in margins.iter().map(|margin| f64::from(*margin)) {
                let share = logistic(slope * margin + shift);
                let (off, bend) = (share - target, share * (1.0 - share));
                by_slope += off * margin;
                by_shift += off;
                aa += bend * margin * margin;
                ab += bend * margin;
                bb += bend;
            }
        }
        let determinant = aa * bb - ab * ab;
        if by_slope.abs() + by_shift.abs() < 1e-9 * (many + few) || determinant <= 0.0 {
            break;
        }
        // Steps are bounded: far from the solution the second derivatives say little.
        slope -= ((bb * by_slope - ab * by_shift) / determinant).clamp(-1.0, 1.0);
        shift -= ((aa * by_shift - ab * by_slope) / determinant).clamp(-1.0, 1.0);
        slope = slope.clamp(0.01, 100.0);
    }
    (slope as f32, shift as f32)
}

/// Fisher and Yates' shuffle by xorshift64 (Marsaglia 2003).
fn shuffle(order: &mut [usize], random: &mut u64) {
    for end in (1..order.len()).rev() {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        let other = (*random % (end as u64).saturating_add(1)) as usize;
        order.swap(end, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solution_is_where_the_derivatives_of_the_primal_are_nought() {
        let vectors: Vec<Vec<(u32, f32)>> = vec![
            vec![(0, 1.0), (1, 0.5)],
            vec![(1, 1.0)],
            vec![(0, 0.3), (2, 2.0)],
            vec![(2, 1.0), (1, 0.2)],
        ];
        let labels = [true, false, true, false];
        let examples: Vec<Example<'_>> = vectors
            .iter()
            .zip(labels)
            .map(|(vector, is_positive)| Example { vector, is_positive, weight: 3.0 })
            .collect();
        let (weights, bias) = fit(&examples, &[1.0; 3]);
        // w = Σ c · σ(−y·m) · y · x, of the bias with x = 1.
        let mut expected = [0.0_f64; 4];
        for one in &examples {
            let side = if one.is_positive { 1.0 } else { -1.0 };
            let margin: f64 = f64::from(bias)
                + one.vector.iter().map(|(at, value)| f64::from(weights[*at as usize] * value)).sum::<f64>();
            let dual = 3.0 * logistic(-side * margin) * side;
            one.vector.iter().for_each(|(at, value)| expected[*at as usize] += dual * f64::from(*value));
            expected[3] += dual;
        }
        for (found, expected) in weights.iter().chain([&bias]).zip(expected) {
            assert!((f64::from(*found) - expected).abs() < 0.05, "{weights:?} {bias} {expected:?}");
        }
    }

    #[test]
    fn one_step_is_solved_also_where_newtons_method_would_go_round() {
        for (bound, square, reached, old) in
            [(10.0, 1e5, -3.0, 9.99), (10.0, 1e5, 40.0, 0.01), (1e-3, 2.0, 0.1, 1e-4), (50.0, 1e6, 0.0, 25.0)]
        {
            for begin in [-30.0, -7.0, 0.0, 9.0, 30.0] {
                let odds = solved(bound, square, reached, old, begin);
                let value = square * (bound * logistic(odds) - old) + reached + odds;
                assert!(value.abs() < 1e-4, "{bound} {square} {begin}: {value}");
            }
        }
    }

    #[test]
    fn margins_become_the_shares_that_they_stand_for() {
        // Of margin 2 nine in ten are positive, of margin −1 one in ten.
        let (mut positive, mut negative) = (vec![2.0; 900], vec![2.0; 100]);
        positive.extend([-1.0; 100]);
        negative.extend([-1.0; 900]);
        let (slope, shift) = calibrated(&positive, &negative);
        let share = |margin: f32| logistic(f64::from(slope * margin + shift));
        assert!((share(2.0) - 0.9).abs() < 0.01 && (share(-1.0) - 0.1).abs() < 0.01, "{slope} {shift}");
    }
}
