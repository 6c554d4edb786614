//! Lasting jumps of level or spread in a series.
//!
//! Source: Killick, Fearnhead, Eckley, "Optimal detection of changepoints with a linear computational cost", JASA 107
//! (2012): PELT, with the cost of a normal law whose mean and variance both change. The series is first clipped at three
//! robust standard deviations around a running median, so that single spikes make no jump.

use crate::StatsError;
use crate::anomaly::{median, median_absolute_deviation};

/// A change that lasts.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Jump {
    /// The first value of the new regime.
    pub at: usize,
    /// Median of the stretch before.
    pub level_before: f64,
    /// Median of the stretch after.
    pub level_after: f64,
    /// Robust standard deviation (1.4826 · MAD) of the stretch before.
    pub spread_before: f64,
    /// The same of the stretch after.
    pub spread_after: f64,
}

/// Fewest values of a regime.
pub const SHORTEST: usize = 8;
/// Most points that are searched; a longer series is first taken in blocks, each by its median.
const MOST_POINTS: usize = 4_000;
/// Penalty of a jump in units of ln n. The likelihood needs 3 parameters per regime; the rest guards against heavy tails.
const PENALTY: f64 = 8.0;
/// Values on either side that the running median takes.
const REACH: usize = 3;

/// The jumps of a series in its order; none when it is shorter than two regimes. A series of more than 4,000 values is
/// searched in blocks, and a jump then lies within one block of where it is said to be.
///
/// `O(n)` when jumps are many, `O(min(n, 4000)²)` at most, and `O(n)` memory.
///
/// # Errors
/// [`StatsError::NotFinite`].
pub fn jumps(values: &[f64]) -> Result<Vec<Jump>, StatsError> {
    crate::error::finite("values", values)?;
    let block = values.len().div_ceil(MOST_POINTS).max(1);
    let points: Vec<f64> = values.chunks(block).map(|chunk| median(chunk).unwrap_or(0.0)).collect();
    if points.len() < 2 * SHORTEST {
        return Ok(Vec::new());
    }
    let clipped = clipped(&points);
    let starts = pelt(&clipped);
    let bounds: Vec<usize> =
        std::iter::once(0).chain(starts.iter().map(|start| start * block)).chain([values.len()]).collect();
    let stretch = |place: usize| &values[bounds[place]..bounds[place + 1]];
    let spread = |values: &[f64]| 1.4826 * median_absolute_deviation(values).unwrap_or(0.0);
    Ok((1..bounds.len() - 1)
        .map(|place| {
            let (before, after) = (stretch(place - 1), stretch(place));
            Jump {
                at: bounds[place],
                level_before: median(before).unwrap_or(0.0),
                level_after: median(after).unwrap_or(0.0),
                spread_before: spread(before),
                spread_after: spread(after),
            }
        })
        .collect())
}

/// The series within three robust standard deviations of its running median.
fn clipped(points: &[f64]) -> Vec<f64> {
    let running: Vec<f64> = (0..points.len())
        .map(|at| {
            let window = &points[at.saturating_sub(REACH)..(at + REACH + 1).min(points.len())];
            median(window).unwrap_or(points[at])
        })
        .collect();
    let rest: Vec<f64> = points.iter().zip(&running).map(|(value, level)| value - level).collect();
    // Spread may change, too: taken over a wide window, and never below a hundredth of that of the whole.
    let whole = 1.4826 * median(&rest.iter().map(|value| value.abs()).collect::<Vec<_>>()).unwrap_or(0.0);
    (0..points.len())
        .map(|at| {
            let window = &rest[at.saturating_sub(4 * REACH)..(at + 4 * REACH + 1).min(rest.len())];
            let sizes: Vec<f64> = window.iter().map(|value| value.abs()).collect();
            let limit = 3.0 * (1.4826 * median(&sizes).unwrap_or(0.0)).max(whole / 100.0);
            running[at] + rest[at].clamp(-limit, limit)
        })
        .collect()
}

/// Starts of every regime but the first.
fn pelt(points: &[f64]) -> Vec<usize> {
    let n = points.len();
    let centre = median(points).unwrap_or(0.0);
    let (mut sums, mut squares) = (vec![0.0; n + 1], vec![0.0; n + 1]);
    for (at, value) in points.iter().enumerate() {
        let moved = value - centre;
        sums[at + 1] = sums[at] + moved;
        squares[at + 1] = squares[at] + moved * moved;
    }
    // Below this a variance is rounding.
    let floor = (squares[n] / n as f64) * 1e-6 + f64::MIN_POSITIVE;
    let cost = |start: usize, end: usize| {
        let length = (end - start) as f64;
        let mean = (sums[end] - sums[start]) / length;
        let variance = ((squares[end] - squares[start]) / length - mean * mean).max(floor);
        length * (variance.ln() + 1.0)
    };
    let penalty = PENALTY * (n as f64).ln();
    let mut best = vec![f64::INFINITY; n + 1];
    let mut from = vec![0; n + 1];
    best[0] = -penalty;
    let mut open = vec![0];
    for end in SHORTEST..=n {
        let mut reached: Vec<(usize, f64)> = Vec::with_capacity(open.len());
        for start in &open {
            let value = best[*start] + cost(*start, end) + penalty;
            if value < best[end] {
                best[end] = value;
                from[end] = *start;
            }
            reached.push((*start, value));
        }
        // A start that is behind by more than a jump costs never catches up.
        open = reached
            .into_iter()
            .filter(|(_, value)| value - penalty <= best[end])
            .map(|(start, _)| start)
            .collect();
        let next = (end + 1).saturating_sub(SHORTEST);
        if next >= SHORTEST && best[next].is_finite() {
            open.push(next);
        }
    }
    let mut starts = Vec::new();
    let mut at = from[n];
    while at > 0 {
        starts.push(at);
        at = from[at];
    }
    starts.reverse();
    starts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Random;

    fn series(of: impl Fn(usize) -> (f64, f64)) -> Vec<f64> {
        let mut random = Random::new(8);
        (0..600)
            .map(|at| {
                let (level, spread) = of(at);
                level + spread * random.normal()
            })
            .collect()
    }

    #[test]
    fn a_jump_of_level_is_found_where_it_is() {
        let found = jumps(&series(|at| (if at < 250 { 0.0 } else { 5.0 }, 1.0))).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].at.abs_diff(250) <= 2 && (found[0].level_after - 5.0).abs() < 0.3, "{found:?}");
    }

    #[test]
    fn a_jump_of_spread_is_found_where_it_is() {
        let found = jumps(&series(|at| (1.0, if at < 400 { 1.0 } else { 6.0 }))).unwrap();
        assert!(
            found
                .iter()
                .any(|jump| jump.at.abs_diff(400) <= 8 && jump.spread_after > 3.0 * jump.spread_before),
            "{found:?}"
        );
    }

    #[test]
    fn noise_and_single_spikes_make_no_jump() {
        let mut values = series(|_| (2.0, 1.0));
        values[100] = 90.0;
        values[333] = -70.0;
        assert_eq!(jumps(&values).unwrap(), []);
        assert_eq!(jumps(&[3.0; 500]).unwrap(), []);
        assert_eq!(jumps(&values[..10]).unwrap(), []);
        assert!(jumps(&[f64::NAN; 40]).is_err());
    }

    #[test]
    fn a_long_series_is_taken_in_blocks() {
        let mut random = Random::new(2);
        let values: Vec<f64> =
            (0..40_000).map(|at| random.normal() + if at < 10_000 { 0.0 } else { 4.0 }).collect();
        let found = jumps(&values).unwrap();
        assert!(found.len() == 1 && found[0].at.abs_diff(10_000) <= 10, "{found:?}");
    }
}
