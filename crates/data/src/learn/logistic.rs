//! Logistic regression on sparse rows, by Newton's method with conjugate gradients.
//!
//! Source: Lin, Weng, Keerthi, *Trust region Newton method for large-scale logistic regression* (JMLR 9, 2008); here
//! with a backtracking line search in place of the trust region. No randomness: the same rows give the same weights.

use super::sparse::Sparse;

/// How a model is fitted.
#[derive(Debug, Clone, Copy)]
pub struct LogisticOptions {
    /// Cost of an error against the size of the weights: `C` in `½‖w‖² + C Σ sᵢ ln(1 + e^(−yᵢ(w·xᵢ + b)))`; > 0.
    pub cost: f64,
    /// Newton steps at most.
    pub steps: usize,
}

impl Default for LogisticOptions {
    fn default() -> Self {
        Self { cost: 1.0, steps: 12 }
    }
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Logistic {
    /// One weight for each column, in log-odds.
    pub weights: Vec<f64>,
    /// Log-odds of a row without features.
    pub bias: f64,
}

/// Conjugate-gradient steps inside one Newton step.
const INNER_STEPS: usize = 25;
/// A gradient this much smaller than the first one ends the fit.
const TOLERANCE: f64 = 1e-3;

impl Logistic {
    /// Fits a model that gives the rows with a positive sign more than those with a negative one.
    ///
    /// `signs` has shape `(rows,)`: each row's class as +1 or −1 times the weight of that row; 0 leaves the row out.
    /// Cost: `O(steps × entries)` time, `O(rows + width)` memory.
    pub fn fit(rows: &Sparse, signs: &[f64], options: LogisticOptions) -> Self {
        let problem = Problem { rows, signs, cost: options.cost };
        // The last place is the bias.
        let mut at = vec![0.0; rows.width().saturating_add(1)];
        let mut margins = problem.margins(&at);
        let mut loss = problem.loss(&at, &margins);
        let mut first = None;
        for _ in 0..options.steps {
            let gradient = problem.gradient(&at, &margins);
            let size = dot(&gradient, &gradient).sqrt();
            if size <= TOLERANCE * *first.get_or_insert(size) {
                break;
            }
            let step = problem.newton_step(&gradient, &margins);
            let slope = dot(&gradient, &step);
            let mut scale = 1.0;
            let moved = loop {
                let next: Vec<f64> = at.iter().zip(&step).map(|(at, step)| at + scale * step).collect();
                let next_margins = problem.margins(&next);
                let next_loss = problem.loss(&next, &next_margins);
                if next_loss <= loss + 1e-4 * scale * slope {
                    break Some((next, next_margins, next_loss));
                }
                scale *= 0.5;
                if scale < 1e-6 {
                    break None;
                }
            };
            let Some((next, next_margins, next_loss)) = moved else { break };
            (at, margins, loss) = (next, next_margins, next_loss);
        }
        let bias = at.pop().unwrap_or(0.0);
        Self { weights: at, bias }
    }

    /// Log-odds that a row belongs to the positive class.
    pub fn margin(&self, rows: &Sparse, row: usize) -> f64 {
        rows.dot(row, &self.weights) + self.bias
    }
}

/// `1 / (1 + e^−x)`.
pub fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// `ln(p / (1 − p))`, with `p` held within `1e-6` of 0 and 1.
pub fn log_odds(probability: f64) -> f64 {
    let held = probability.clamp(1e-6, 1.0 - 1e-6);
    (held / (1.0 - held)).ln()
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

struct Problem<'a> {
    rows: &'a Sparse,
    signs: &'a [f64],
    cost: f64,
}

impl Problem<'_> {
    fn margins(&self, at: &[f64]) -> Vec<f64> {
        let bias = at.last().copied().unwrap_or(0.0);
        (0..self.rows.rows()).map(|row| self.rows.dot(row, at) + bias).collect()
    }

    fn loss(&self, at: &[f64], margins: &[f64]) -> f64 {
        let errors: f64 = margins
            .iter()
            .zip(self.signs)
            .map(|(margin, sign)| {
                let agreed = margin * sign.signum();
                // ln(1 + e^−a) without overflow.
                let error = (-agreed.abs()).exp().ln_1p() + (-agreed).max(0.0);
                sign.abs() * error
            })
            .sum();
        0.5 * self.regularised(at).map(|weight| weight * weight).sum::<f64>() + self.cost * errors
    }

    /// Every weight but the bias.
    fn regularised<'b>(&self, at: &'b [f64]) -> impl Iterator<Item = &'b f64> {
        at.iter().take(self.rows.width())
    }

    fn gradient(&self, at: &[f64], margins: &[f64]) -> Vec<f64> {
        let pull: Vec<f64> = margins
            .iter()
            .zip(self.signs)
            .map(|(margin, sign)| -self.cost * sign * sigmoid(-margin * sign.signum()))
            .collect();
        let mut gradient = self.transposed(&pull);
        for (slot, weight) in gradient.iter_mut().zip(self.regularised(at)) {
            *slot += weight;
        }
        gradient
    }

    /// `Xᵀ pull`, the sum of `pull` last.
    fn transposed(&self, pull: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.rows.width().saturating_add(1)];
        for (row, pull) in pull.iter().enumerate().filter(|(_, pull)| **pull != 0.0) {
            for (column, value) in self.rows.row(row) {
                if let Some(sum) = sums.get_mut(*column as usize) {
                    *sum += pull * f64::from(*value);
                }
            }
        }
        if let Some(last) = sums.last_mut() {
            *last = pull.iter().sum();
        }
        sums
    }

    /// Solves `H step = −gradient` well enough.
    fn newton_step(&self, gradient: &[f64], margins: &[f64]) -> Vec<f64> {
        let curvature: Vec<f64> = margins
            .iter()
            .zip(self.signs)
            .map(|(margin, sign)| self.cost * sign.abs() * sigmoid(*margin) * sigmoid(-margin))
            .collect();
        let mut step = vec![0.0; gradient.len()];
        let mut residual: Vec<f64> = gradient.iter().map(|value| -value).collect();
        let mut direction = residual.clone();
        let mut size = dot(&residual, &residual);
        let enough = size * 1e-2;
        for _ in 0..INNER_STEPS {
            if size <= enough || size == 0.0 {
                break;
            }
            let bent = self.bend(&direction, &curvature);
            let along = dot(&direction, &bent);
            if along <= 0.0 {
                break;
            }
            let rate = size / along;
            for ((step, residual), (direction, bent)) in
                step.iter_mut().zip(&mut residual).zip(direction.iter().zip(&bent))
            {
                *step += rate * direction;
                *residual -= rate * bent;
            }
            let next = dot(&residual, &residual);
            let keep = next / size;
            for (direction, residual) in direction.iter_mut().zip(&residual) {
                *direction = residual + keep * *direction;
            }
            size = next;
        }
        step
    }

    /// `H direction`.
    fn bend(&self, direction: &[f64], curvature: &[f64]) -> Vec<f64> {
        let bias = direction.last().copied().unwrap_or(0.0);
        let pull: Vec<f64> = curvature
            .iter()
            .enumerate()
            .map(
                |(row, curvature)| {
                    if *curvature == 0.0 { 0.0 } else { curvature * (self.rows.dot(row, direction) + bias) }
                },
            )
            .collect();
        let mut bent = self.transposed(&pull);
        for (slot, weight) in bent.iter_mut().zip(self.regularised(direction)) {
            *slot += weight;
        }
        bent
    }
}

#[cfg(test)]
mod tests {
    use super::super::sparse::SparseBuilder;
    use super::*;

    fn rows() -> (Sparse, Vec<f64>) {
        let mut builder = SparseBuilder::default();
        let mut signs = Vec::new();
        for row in 0..200u32 {
            let good = row % 2 == 0;
            // Feature 0 or 1 tells the class nine times of ten; 2..6 tell nothing.
            let told = u32::from(good != row.is_multiple_of(7));
            builder.push(vec![told, 2 + row % 5]);
            signs.push(if good { 1.0 } else { -1.0 });
        }
        (builder.build(1).0, signs)
    }

    #[test]
    fn the_gradient_vanishes_at_the_fit() {
        let (rows, signs) = rows();
        let options = LogisticOptions { cost: 2.0, steps: 50 };
        let model = Logistic::fit(&rows, &signs, options);
        let problem = Problem { rows: &rows, signs: &signs, cost: options.cost };
        let mut at = model.weights.clone();
        at.push(model.bias);
        let gradient = problem.gradient(&at, &problem.margins(&at));
        let start = problem.gradient(&vec![0.0; at.len()], &vec![0.0; rows.rows()]);
        assert!(dot(&gradient, &gradient) <= dot(&start, &start) * TOLERANCE * TOLERANCE);
    }

    #[test]
    fn what_tells_the_class_gets_the_weight() {
        let (rows, signs) = rows();
        let model = Logistic::fit(&rows, &signs, LogisticOptions::default());
        assert!(model.weights[1] > 1.0 && model.weights[0] < -1.0, "{:?}", model.weights);
        assert!(model.weights[2..].iter().all(|weight| weight.abs() < 0.5), "{:?}", model.weights);
        assert!(model.margin(&rows, 2) > 0.0 && model.margin(&rows, 1) < 0.0);
    }

    #[test]
    fn a_row_of_weight_zero_changes_nothing() {
        let (rows, mut signs) = rows();
        signs[0] = 0.0;
        let without = Logistic::fit(&rows, &signs, LogisticOptions::default());
        signs[0] = -0.0;
        assert_eq!(without, Logistic::fit(&rows, &signs, LogisticOptions::default()));
    }
}
