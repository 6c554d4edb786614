//! A score of each label between 0 (surely wrong) and 1 (surely right), to rank by.

use super::{ClassConfidence, Labelled};

/// How a label is scored; p is the row of probabilities, k the given label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    /// p(k).
    SelfConfidence,
    /// (p(k) − max over j ≠ k of p(j) + 1) / 2.
    NormalizedMargin,
    /// ln(e + 1) / e with e = H(p) / (ln K · p(k)): certainty elsewhere than at k scores low.
    ConfidenceWeightedEntropy,
    /// The normalized margin after dividing each p(j) by the class's threshold t_j (section 3.1 of the paper) and
    /// renormalising: a model's over- or under-confidence in a whole class no longer decides the order.
    CalibratedMargin,
}

const SMALLEST: f64 = 1e-6;

impl Labelled<'_> {
    /// The score of every row, shape `(n,)`; lower is more likely wrong.
    pub fn quality(&self, method: Quality) -> Vec<f64> {
        match method {
            Quality::SelfConfidence => self.rows().map(|(label, row)| row[label]).collect(),
            Quality::NormalizedMargin => self
                .rows()
                .map(|(label, row)| f64::midpoint(row[label] - largest_other(label, row), 1.0))
                .collect(),
            Quality::ConfidenceWeightedEntropy => {
                let scale = (self.classes as f64).ln();
                let score = |(label, row): (usize, &[f64])| {
                    let entropy: f64 = row.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
                    let weighted = entropy / scale / row[label].max(SMALLEST);
                    weighted.ln_1p() / weighted.max(SMALLEST)
                };
                self.rows().map(score).collect()
            }
            Quality::CalibratedMargin => {
                let mut confidence = ClassConfidence::new(self.classes);
                confidence.observe(self);
                let thresholds = confidence.thresholds();
                let mut scaled = vec![0.0; self.classes];
                let mut scores = Vec::with_capacity(self.len());
                for (label, row) in self.rows() {
                    let mut total = 0.0;
                    for ((to, p), threshold) in scaled.iter_mut().zip(row).zip(&thresholds) {
                        *to = p / threshold;
                        total += *to;
                    }
                    let margin =
                        (scaled[label] - largest_other(label, &scaled)) / total.max(f64::MIN_POSITIVE);
                    scores.push(f64::midpoint(margin, 1.0));
                }
                scores
            }
        }
    }
}

fn largest_other(label: usize, row: &[f64]) -> f64 {
    row.iter().enumerate().filter(|(class, _)| *class != label).fold(f64::NEG_INFINITY, |m, (_, p)| m.max(*p))
}
