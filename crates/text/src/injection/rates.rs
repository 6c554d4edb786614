//! From which score on how many harmless texts are taken for attacks: [`score_at`].
//!
//! Measured by training, on harmless texts of collections that the models had not seen (`docs/src/measured/guard.md`). It is the rate of
//! those collections: other traffic is told as it is, more or less often.

use thiserror::Error;

/// Which stages give the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stages {
    /// Words alone.
    Words,
    /// The meaning too, where the words leave doubt ([`super::judge::DOUBT`]).
    Doubt,
    /// Words and meaning, for every text.
    Both,
}

/// Scores at one rate.
#[derive(Debug)]
struct Row {
    /// Share of harmless texts that reach the scores, from 0 to 1.
    rate: f64,
    /// Log odds of the score: by words alone, with the meaning in doubt, and always.
    words: f64,
    doubt: f64,
    both: f64,
}

impl Row {
    fn log_odds(&self, stages: Stages) -> f64 {
        match stages {
            Stages::Words => self.words,
            Stages::Doubt => self.doubt,
            Stages::Both => self.both,
        }
    }
}

/// Greatest rate first. `cargo xtask train injection` prints the rows.
const TABLE: [Row; 7] = [
    Row { rate: 0.05, words: 0.3347, doubt: 0.3359, both: 0.3359 },
    Row { rate: 0.03, words: 0.6823, doubt: 0.6818, both: 0.6818 },
    Row { rate: 0.02, words: 0.9402, doubt: 0.9514, both: 0.9514 },
    Row { rate: 0.01, words: 1.3853, doubt: 1.3811, both: 1.3811 },
    Row { rate: 0.005, words: 1.9453, doubt: 1.9044, both: 1.9044 },
    Row { rate: 0.002, words: 2.6843, doubt: 2.5521, both: 2.5521 },
    Row { rate: 0.001, words: 3.0776, doubt: 3.0019, both: 3.0019 },
];

/// Share of the measured harmless texts that is flagged where nothing else is said, and share that is blocked, from 0 to 1.
///
/// At 1 % more innocents with an attack's words and more texts about security are flagged than people bear with (3.9 % of the made ones).
pub const FLAGGED: f64 = 0.005;
/// See [`FLAGGED`].
pub const BLOCKED: f64 = 0.002;

/// A rate for which there is no score.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error(
    "a rate of false positives of {rate} was not measured; give one from {} to {}, or a score",
    lowest(),
    greatest()
)]
pub struct RateError {
    /// The rate, from 0 to 1.
    pub rate: f64,
}

/// The lowest rate that was measured, as a share from 0 to 1.
pub fn lowest() -> f64 {
    TABLE.last().map_or(0.0, |row| row.rate)
}

/// The greatest rate that was measured, as a share from 0 to 1.
pub fn greatest() -> f64 {
    TABLE.first().map_or(0.0, |row| row.rate)
}

/// The score, from 0 to 1, that a share of `rate` of the measured harmless texts reaches. Between two measured rates it lies on the
/// straight line between their log odds, over the log odds of the rates.
///
/// # Errors
/// [`RateError`] if the rate lies outside of what was measured.
pub fn score_at(rate: f64, stages: Stages) -> Result<f32, RateError> {
    let segment = TABLE.windows(2).find_map(|pair| match pair {
        [above, below] if (below.rate..=above.rate).contains(&rate) => Some((above, below)),
        _ => None,
    });
    let (above, below) = segment.ok_or(RateError { rate })?;
    let share = (logit(above.rate) - logit(rate)) / (logit(above.rate) - logit(below.rate));
    let (from, to) = (above.log_odds(stages), below.log_odds(stages));
    let log_odds = from + share * (to - from);
    Ok((1.0 / (1.0 + (-log_odds).exp())) as f32)
}

fn logit(share: f64) -> f64 {
    (share / (1.0 - share)).ln()
}

#[cfg(test)]
mod tests {
    use super::super::judge::calibrated;
    use super::*;

    #[test]
    fn the_table_is_that_of_the_shipped_weights() {
        for (stages, calibrated) in [Stages::Words, Stages::Both].into_iter().zip(calibrated()) {
            for (rate, expected) in [0.01, 0.002].into_iter().zip(calibrated) {
                let score = score_at(rate, stages).unwrap_or_default();
                assert!((score - expected).abs() < 1e-4, "{stages:?} at {rate}: {score}, not {expected}");
            }
        }
    }

    #[test]
    fn fewer_false_positives_need_a_higher_score() {
        let rates = [0.05, 0.04, 0.03, 0.02, 0.014, 0.01, 0.007, 0.005, 0.003, 0.002, 0.0015, 0.001];
        for stages in [Stages::Words, Stages::Doubt, Stages::Both] {
            let scores: Vec<f32> = rates.iter().filter_map(|rate| score_at(*rate, stages).ok()).collect();
            assert!(scores.len() == rates.len() && scores.is_sorted_by(|a, b| a < b), "{scores:?}");
        }
    }

    #[test]
    fn a_rate_that_was_not_measured_has_no_score_and_says_which_have() {
        for rate in [0.0, 0.0009, 0.051, 1.0, -1.0, f64::NAN] {
            assert!(score_at(rate, Stages::Words).is_err(), "{rate}");
        }
        let said = score_at(0.5, Stages::Words).map_err(|error| error.to_string());
        assert!(said.is_err_and(|said| said.contains("from 0.001 to 0.05")));
    }
}
