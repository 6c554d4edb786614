//! ADWIN: a window that grows while its mean is steady and drops its past when it is not.
//!
//! Source: Bifet & Gavaldà, "Learning from Time-Changing Data with Adaptive Windowing", SDM 2007: exponential
//! histogram, cut bound of section 4 with variance.

use std::collections::VecDeque;

#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
struct Bucket {
    count: f64,
    sum: f64,
    squares: f64,
}

/// Buckets of one size before two are joined.
const PER_SIZE: usize = 5;

/// The adaptive window; memory O(log n).
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Adwin {
    delta: f64,
    every: u64,
    seen: u64,
    /// Oldest first.
    buckets: VecDeque<Bucket>,
}

impl Adwin {
    /// `delta`: chance of a false cut at one look (0.002); cuts are looked for at every 32nd value.
    pub fn new(delta: f64) -> Self {
        Self { delta, every: 32, seen: 0, buckets: VecDeque::new() }
    }

    /// Values in the window.
    pub fn width(&self) -> f64 {
        self.buckets.iter().map(|b| b.count).sum()
    }

    /// Mean of the window; 0 when empty.
    pub fn mean(&self) -> f64 {
        let width = self.width();
        if width > 0.0 { self.buckets.iter().map(|b| b.sum).sum::<f64>() / width } else { 0.0 }
    }

    /// Takes a value; true when the past was dropped.
    pub fn update(&mut self, value: f64) -> bool {
        self.seen += 1;
        self.buckets.push_back(Bucket { count: 1.0, sum: value, squares: 0.0 });
        self.compress();
        let mut changed = false;
        if self.seen.is_multiple_of(self.every) {
            while self.cut() {
                self.buckets.pop_front();
                changed = true;
            }
        }
        changed
    }

    fn compress(&mut self) {
        // Sizes never grow towards the back: join the two oldest of any size that has too many.
        let mut end = self.buckets.len();
        while end > 0 {
            let size = self.buckets[end - 1].count;
            let start = self.buckets.iter().take(end).rposition(|b| b.count > size).map_or(0, |i| i + 1);
            if end - start <= PER_SIZE {
                return;
            }
            let (a, b) = (self.buckets[start], self.buckets[start + 1]);
            let gap = a.sum / a.count - b.sum / b.count;
            self.buckets[start + 1] = Bucket {
                count: a.count + b.count,
                sum: a.sum + b.sum,
                squares: a.squares + b.squares + gap * gap * a.count * b.count / (a.count + b.count),
            };
            self.buckets.remove(start);
            end = start + 1;
        }
    }

    /// Whether some split of the window has means too far apart.
    fn cut(&self) -> bool {
        let width = self.width();
        if width < 10.0 {
            return false;
        }
        let total: f64 = self.buckets.iter().map(|b| b.sum).sum();
        let mean = total / width;
        let squares: f64 =
            self.buckets.iter().map(|b| b.squares + b.count * (b.sum / b.count - mean).powi(2)).sum();
        let variance = squares / width;
        let log = (2.0 * width.ln() / self.delta).ln();
        let (mut n0, mut sum0) = (0.0, 0.0);
        for bucket in &self.buckets {
            n0 += bucket.count;
            sum0 += bucket.sum;
            let n1 = width - n0;
            if n0 < 5.0 || n1 < 5.0 {
                continue;
            }
            let m = 1.0 / (n0 - 4.0) + 1.0 / (n1 - 4.0);
            let bound = (2.0 * m * variance * log).sqrt() + 2.0 / 3.0 * log * m;
            if (sum0 / n0 - (total - sum0) / n1).abs() > bound {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_drops_the_past_after_a_step_and_keeps_it_otherwise() {
        let mut window = Adwin::new(0.002);
        let mut random = crate::Random::new(8);
        let steady = (0..5_000).filter(|_| window.update(random.uniform())).count();
        assert_eq!(steady, 0);
        assert!((window.width() - 5_000.0).abs() < 1e-9);
        let at = (0..1_000).position(|_| window.update(random.uniform() + 0.5)).unwrap();
        assert!(at < 200);
        (0..2_000).for_each(|_| {
            window.update(random.uniform() + 0.5);
        });
        assert!((window.mean() - 1.0).abs() < 0.03);
    }
}
