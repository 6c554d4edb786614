//! What is counted: [`Metrics`], as Prometheus reads it.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// Upper ends of the buckets of durations, in microseconds. The bar is 20 ms.
const BUCKETS_US: [u64; 10] = [250, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 250_000, 1_000_000];

/// Counters of one webhook.
#[derive(Debug, Default)]
pub struct Metrics {
    pub(super) allowed: AtomicU64,
    pub(super) denied: AtomicU64,
    pub(super) audited: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) late: AtomicU64,
    pub(super) decided: AtomicU64,
    pub(super) recalled: AtomicU64,
    pub(super) connections: AtomicU64,
    buckets: [AtomicU64; 10],
    count: AtomicU64,
    sum_us: AtomicU64,
}

impl Metrics {
    pub(super) fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// One answer that took so long, in microseconds.
    pub(super) fn took(&self, duration_us: u64) {
        if let Some(bucket) = BUCKETS_US.iter().position(|end| duration_us <= *end) {
            self.buckets.iter().skip(bucket).for_each(|each| Self::add(each, 1));
        }
        Self::add(&self.count, 1);
        self.sum_us.fetch_add(duration_us, Ordering::Relaxed);
    }

    /// Everything, in the text format of Prometheus (version 0.0.4).
    pub fn text(&self) -> String {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut out = String::new();
        let mut line = |text: std::fmt::Arguments<'_>| {
            // Writing to a String cannot fail.
            let _ = out.write_fmt(text);
            out.push('\n');
        };
        line(format_args!("# HELP bartizan_admission_reviews_total Reviews answered, by what was decided."));
        line(format_args!("# TYPE bartizan_admission_reviews_total counter"));
        for (verdict, counter) in
            [("allow", &self.allowed), ("deny", &self.denied), ("audit", &self.audited), ("late", &self.late)]
        {
            line(format_args!("bartizan_admission_reviews_total{{verdict=\"{verdict}\"}} {}", read(counter)));
        }
        line(format_args!("# HELP bartizan_admission_refused_total Requests that are no review."));
        line(format_args!("# TYPE bartizan_admission_refused_total counter"));
        line(format_args!("bartizan_admission_refused_total {}", read(&self.refused)));
        line(format_args!(
            "# HELP bartizan_admission_decisions_total Digests decided about, anew or from memory."
        ));
        line(format_args!("# TYPE bartizan_admission_decisions_total counter"));
        for (from, counter) in [("evidence", &self.decided), ("memory", &self.recalled)] {
            line(format_args!("bartizan_admission_decisions_total{{from=\"{from}\"}} {}", read(counter)));
        }
        line(format_args!("# HELP bartizan_admission_connections Open connections."));
        line(format_args!("# TYPE bartizan_admission_connections gauge"));
        line(format_args!("bartizan_admission_connections {}", read(&self.connections)));
        line(format_args!("# HELP bartizan_admission_seconds Time from a whole request to its answer."));
        line(format_args!("# TYPE bartizan_admission_seconds histogram"));
        for (end, bucket) in BUCKETS_US.iter().zip(&self.buckets) {
            let seconds = *end as f64 / 1e6;
            line(format_args!("bartizan_admission_seconds_bucket{{le=\"{seconds}\"}} {}", read(bucket)));
        }
        line(format_args!("bartizan_admission_seconds_bucket{{le=\"+Inf\"}} {}", read(&self.count)));
        line(format_args!("bartizan_admission_seconds_sum {}", read(&self.sum_us) as f64 / 1e6));
        line(format_args!("bartizan_admission_seconds_count {}", read(&self.count)));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_what_is_below_their_end_and_all_those_before() {
        let metrics = Metrics::default();
        metrics.took(300);
        metrics.took(30_000);
        metrics.took(9_000_000);
        let text = metrics.text();
        for line in [
            "bartizan_admission_seconds_bucket{le=\"0.00025\"} 0",
            "bartizan_admission_seconds_bucket{le=\"0.0005\"} 1",
            "bartizan_admission_seconds_bucket{le=\"0.02\"} 1",
            "bartizan_admission_seconds_bucket{le=\"0.05\"} 2",
            "bartizan_admission_seconds_bucket{le=\"+Inf\"} 3",
            "bartizan_admission_seconds_count 3",
        ] {
            assert!(text.lines().any(|each| each == line), "{line}\n{text}");
        }
    }
}
