//! How well scores tell attacks from the rest.

/// Area under the ROC curve, ties counted half.
pub(crate) fn auc(scores: &[(f32, bool)]) -> f64 {
    let mut sorted = scores.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut sum, mut attacks) = (0.0_f64, 0.0_f64, 0.0_f64);
    let mut at = 0;
    while at < sorted.len() {
        let tied = sorted[at..].iter().take_while(|entry| entry.0.total_cmp(&sorted[at].0).is_eq()).count();
        let positive = sorted[at..at + tied].iter().filter(|entry| entry.1).count() as f64;
        let negative = tied as f64 - positive;
        sum += positive * (below + negative / 2.0);
        below += negative;
        attacks += positive;
        at += tied;
    }
    if attacks == 0.0 || below == 0.0 { f64::NAN } else { sum / (attacks * below) }
}

/// The lowest score that at most `rate` of the harmless exceed or reach.
pub(crate) fn threshold(scores: &[(f32, bool)], rate: f64) -> f32 {
    let mut harmless: Vec<f32> = scores.iter().filter(|entry| !entry.1).map(|entry| entry.0).collect();
    harmless.sort_by(|a, b| b.total_cmp(a));
    let count = harmless.len() as f64;
    let allowed = (0..harmless.len()).find(|at| *at as f64 + 1.0 > count * rate).unwrap_or(0);
    harmless.get(allowed).copied().unwrap_or(0.0) + 1e-4
}

/// Slope and shift of the logistic curve that turns margins into probabilities with both sides equally likely: Platt
/// (1999), by Newton's method.
pub(crate) fn calibrate(scores: &[(f32, bool)]) -> (f32, f32) {
    let attacks = scores.iter().filter(|entry| entry.1).count() as f64;
    let others = scores.len() as f64 - attacks;
    let (mut slope, mut shift) = (1.0_f64, 0.0_f64);
    for _ in 0..50 {
        let (mut pull, mut push, mut curve_slope, mut curve_both, mut curve_shift) =
            (0.0, 0.0, 1e-9, 0.0, 1e-9);
        for (margin, attack) in scores {
            let x = f64::from(*margin);
            let weight = if *attack { 1.0 / attacks } else { 1.0 / others };
            let p = 1.0 / (1.0 + (-(slope * x + shift)).exp());
            let error = (p - f64::from(u8::from(*attack))) * weight;
            let curve = p * (1.0 - p) * weight;
            pull += error * x;
            push += error;
            curve_slope += curve * x * x;
            curve_both += curve * x;
            curve_shift += curve;
        }
        let det = curve_slope * curve_shift - curve_both * curve_both;
        let (da, db) =
            ((pull * curve_shift - push * curve_both) / det, (push * curve_slope - pull * curve_both) / det);
        slope -= da.clamp(-1.0, 1.0);
        shift -= db.clamp(-1.0, 1.0);
        if da.abs() + db.abs() < 1e-9 {
            break;
        }
    }
    (slope as f32, shift as f32)
}
