//! Joins the margin of the words with that of the meaning: a logistic model of two margins, both from models that had not
//! seen the text's family.

use std::collections::BTreeMap;

/// Windows of a text that are trained on and measured at most.
pub(crate) const MOST_WINDOWS: usize = 4;

/// A text as the join sees it: margin of the words, margin of the meaning, whether it is an attack, what it counts.
pub(crate) type Pair = (f32, f32, bool, f32);

/// Shares of both margins and the shift that tell attacks best, by Newton's method with a slight pull to equal shares.
pub(crate) fn join(pairs: &[Pair]) -> [f32; 3] {
    let mut shares = [0.5_f64, 0.5, 0.0];
    for _ in 0..40 {
        let mut slope = [1e-4 * (shares[0] - 0.5), 1e-4 * (shares[1] - 0.5), 0.0];
        let mut curve = [[1e-4, 0.0, 0.0], [0.0, 1e-4, 0.0], [0.0, 0.0, 1e-9]];
        for (words, meaning, attack, weight) in pairs {
            let row = [f64::from(*words), f64::from(*meaning), 1.0];
            let margin: f64 = row.iter().zip(&shares).map(|(x, share)| x * share).sum();
            let p = 1.0 / (1.0 + (-margin).exp());
            let error = (p - f64::from(u8::from(*attack))) * f64::from(*weight);
            let bend = p * (1.0 - p) * f64::from(*weight);
            for i in 0..3 {
                slope[i] += error * row[i];
                for j in 0..3 {
                    curve[i][j] += bend * row[i] * row[j];
                }
            }
        }
        let moved = solve(curve, slope);
        for (share, moved) in shares.iter_mut().zip(moved) {
            *share -= moved.clamp(-1.0, 1.0);
        }
    }
    shares.map(|share| share as f32)
}

/// Solves three equations by Cramer's rule.
fn solve(a: [[f64; 3]; 3], b: [f64; 3]) -> [f64; 3] {
    let det = |m: &[[f64; 3]; 3]| -> f64 {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    let whole = det(&a);
    std::array::from_fn(|column| {
        let mut replaced = a;
        for (row, value) in replaced.iter_mut().zip(b) {
            row[column] = value;
        }
        det(&replaced) / whole
    })
}

/// Half of the weight to either side; within a side a source counts by the root of its size.
pub(crate) fn weigh(sources: &[(&str, bool)]) -> Vec<f32> {
    let mut counts: BTreeMap<(&str, bool), f32> = BTreeMap::new();
    for key in sources {
        *counts.entry(*key).or_insert(0.0) += 1.0;
    }
    let raw: Vec<f32> = sources.iter().map(|key| 1.0 / counts[key].sqrt()).collect();
    let total = |attack: bool| -> f32 {
        sources.iter().zip(&raw).filter(|(key, _)| key.1 == attack).map(|(_, raw)| raw).sum()
    };
    let totals = [total(false), total(true)];
    sources.iter().zip(&raw).map(|(key, raw)| raw / totals[usize::from(key.1)].max(1e-9)).collect()
}
