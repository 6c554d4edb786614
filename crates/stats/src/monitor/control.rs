//! Control charts: Page–Hinkley, CUSUM and the drift detection method for error rates.
//!
//! Sources: Page, Biometrika 41 (1954); Hinkley, Biometrika 58 (1971); Gama, Medas, Castillo & Rodrigues, "Learning with
//! Drift Detection", SBIA 2004. Conventions for DDM follow river, whose golden alarms it reproduces.

/// What a detector says after a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Signal {
    /// Nothing to report.
    Stable,
    /// A change may be under way.
    Warning,
    /// The stream changed; the detector has begun anew.
    Drift,
}

/// Page–Hinkley over the running mean, for rises: alarm when m_t − min m > threshold.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PageHinkley {
    delta: f64,
    threshold: f64,
    least_values: u64,
    count: u64,
    mean: f64,
    sum: f64,
    lowest: f64,
}

impl PageHinkley {
    /// `delta`: tolerated rise per value, in its unit; `threshold` λ; no alarm before `least_values`.
    pub fn new(delta: f64, threshold: f64, least_values: u64) -> Self {
        Self { delta, threshold, least_values, count: 0, mean: 0.0, sum: 0.0, lowest: 0.0 }
    }

    /// Takes a value; starts anew after an alarm.
    pub fn update(&mut self, value: f64) -> Signal {
        self.count += 1;
        self.mean += (value - self.mean) / self.count as f64;
        self.sum += value - self.mean - self.delta;
        self.lowest = self.lowest.min(self.sum);
        if self.count >= self.least_values && self.sum - self.lowest > self.threshold {
            *self = Self::new(self.delta, self.threshold, self.least_values);
            return Signal::Drift;
        }
        Signal::Stable
    }
}

/// Two-sided CUSUM about a known target: alarm when either S = max(0, S ± (x − target) − slack) > threshold.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Cusum {
    target: f64,
    slack: f64,
    threshold: f64,
    up: f64,
    down: f64,
}

impl Cusum {
    /// `slack` is half the shift to be found quickly; all three in the unit of the values.
    pub fn new(target: f64, slack: f64, threshold: f64) -> Self {
        Self { target, slack, threshold, up: 0.0, down: 0.0 }
    }

    /// Takes a value; starts anew after an alarm.
    pub fn update(&mut self, value: f64) -> Signal {
        self.up = (self.up + value - self.target - self.slack).max(0.0);
        self.down = (self.down + self.target - value - self.slack).max(0.0);
        if self.up.max(self.down) > self.threshold {
            (self.up, self.down) = (0.0, 0.0);
            return Signal::Drift;
        }
        Signal::Stable
    }
}

/// DDM over a stream of errors: warning and drift when p + s exceeds its minimum by 2 and 3 of the s there.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Ddm {
    warm_up: u64,
    warning: f64,
    drift: f64,
    count: u64,
    rate: f64,
    least: Option<(f64, f64)>,
}

impl Default for Ddm {
    fn default() -> Self {
        Self { warm_up: 30, warning: 2.0, drift: 3.0, count: 0, rate: 0.0, least: None }
    }
}

impl Ddm {
    /// Takes whether the prediction was wrong; starts anew after a drift.
    pub fn update(&mut self, wrong: bool) -> Signal {
        self.count += 1;
        let n = self.count as f64;
        self.rate += (f64::from(u8::from(wrong)) - self.rate) / n;
        let (p, s) = (self.rate, (self.rate * (1.0 - self.rate) / n).sqrt());
        if self.count <= self.warm_up {
            return Signal::Stable;
        }
        let (least_p, least_s) = match self.least {
            Some((a, b)) if p + s > a + b => (a, b),
            _ => (p, s),
        };
        self.least = Some((least_p, least_s));
        if p + s > least_p + self.drift * least_s {
            *self =
                Self { warm_up: self.warm_up, warning: self.warning, drift: self.drift, ..Self::default() };
            return Signal::Drift;
        }
        if p + s > least_p + self.warning * least_s { Signal::Warning } else { Signal::Stable }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_is_reported_and_a_level_stream_is_not() {
        let mut detector = PageHinkley::new(0.005, 10.0, 30);
        assert!((0..1_000).all(|_| detector.update(0.5) == Signal::Stable));
        let at = (0..100).position(|_| detector.update(1.5) == Signal::Drift);
        assert!(at.is_some_and(|at| (9..13).contains(&at)), "{at:?}");
        let mut chart = Cusum::new(0.0, 0.5, 5.0);
        assert!((0..1_000).all(|_| chart.update(0.4) == Signal::Stable));
        assert_eq!((0..100).position(|_| chart.update(-1.5) == Signal::Drift), Some(5));
    }

    #[test]
    fn a_growing_error_rate_warns_before_it_drifts() {
        let mut detector = Ddm::default();
        for i in 0..1_000 {
            detector.update(i % 10 == 0);
        }
        let signals: Vec<Signal> = (0..200).map(|i| detector.update(i % 2 == 0)).collect();
        let warning = signals.iter().position(|s| *s == Signal::Warning).unwrap();
        let drift = signals.iter().position(|s| *s == Signal::Drift).unwrap();
        assert!(warning < drift);
    }
}
