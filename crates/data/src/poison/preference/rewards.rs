//! Rewards far from all others.

use super::super::{Evidence, Method, Suspect, score_of_test};
use bartizan_stats::anomaly::robust_z;
use bartizan_stats::special::student_t_upper;

/// Degrees of freedom of the law that rewards are held against: honest ones have heavy tails.
const DEGREES: f64 = 3.0;
/// Least deviation that is reported at all.
const LEAST: f64 = 3.0;

/// Rows whose reward lies far from the median; none where half of the rewards or more are equal.
pub(super) fn suspects(rewards: &[f64]) -> Vec<Suspect> {
    let deviations = robust_z(rewards).unwrap_or_default();
    rewards
        .iter()
        .zip(deviations)
        .enumerate()
        .filter(|(_, (_, deviation))| deviation.is_finite() && deviation.abs() >= LEAST)
        .map(|(row, (reward, deviation))| {
            let log10 = (2.0 * student_t_upper(deviation.abs(), DEGREES)).max(f64::MIN_POSITIVE).log10();
            let corrected = log10 + (rewards.len().max(1) as f64).log10();
            Suspect {
                row,
                score: score_of_test(log10, rewards.len()),
                method: Method::RewardOutlier,
                evidence: Evidence::Reward {
                    reward: *reward,
                    deviation,
                    p_value: 10f64.powf(corrected.min(0.0)),
                },
            }
        })
        .collect()
}
