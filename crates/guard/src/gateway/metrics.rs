//! Counters and times in the text format of Prometheus: [`Metrics`].
//!
//! Labels come from the configuration and from names of ours; nothing a client sends becomes one.

use super::decision::Decision;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Upper bounds of the times, in microseconds.
const BOUNDS: [u64; 14] =
    [25, 50, 100, 150, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 250_000, 1_000_000, 10_000_000];

/// What is counted.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Connections that are open.
    pub(super) connections: AtomicI64,
    /// Requests in progress.
    pub(super) in_flight: AtomicI64,
    /// Streams that are open.
    pub(super) streams: AtomicI64,
    /// WebSockets that are open.
    pub(super) websockets: AtomicI64,
    /// Decisions that no collector took.
    pub(super) telemetry_lost: AtomicU64,
    /// Lines of the access log that nobody could write.
    pub(super) lines_lost: AtomicU64,
    /// Decisions whose receipts were written.
    pub(super) receipts: AtomicU64,
    /// Decisions whose receipts nobody could write.
    pub(super) receipts_lost: AtomicU64,
    /// Whether receipts cannot be written now: 1, or 0.
    pub(super) receipts_failing: AtomicI64,
    /// Exchanges whose content was encrypted to the auditor.
    pub(super) contents: AtomicU64,
    /// Those of them that there was no room in memory to keep as much of as is kept.
    pub(super) contents_short: AtomicU64,
    by_labels: Mutex<Families>,
    request: Times,
    answer: Times,
    upstream: Times,
    total: Times,
}

#[derive(Debug, Default)]
struct Families {
    exchanges: BTreeMap<(String, &'static str, &'static str, &'static str), u64>,
    times: BTreeMap<String, Times>,
    reasons: BTreeMap<(&'static str, &'static str), u64>,
    upstreams: BTreeMap<(String, u16), u64>,
}

#[derive(Debug, Default)]
struct Times {
    buckets: [AtomicU64; BOUNDS.len()],
    count: AtomicU64,
    sum: AtomicU64,
}

impl Times {
    fn add(&self, micros: u64) {
        if let Some(bucket) =
            BOUNDS.iter().position(|bound| micros <= *bound).and_then(|at| self.buckets.get(at))
        {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(micros, Ordering::Relaxed);
    }

    fn write(&self, name: &str, help: &str, out: &mut String) {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} histogram");
        self.write_samples(name, "", out);
    }

    /// The samples under a label, which is written with its comma, or none.
    fn write_samples(&self, name: &str, label: &str, out: &mut String) {
        let mut below = 0_u64;
        for (bound, bucket) in BOUNDS.iter().zip(&self.buckets) {
            below = below.saturating_add(bucket.load(Ordering::Relaxed));
            let _ = writeln!(out, "{name}_bucket{{{label}le=\"{}\"}} {below}", seconds(*bound));
        }
        let (count, sum) = (self.count.load(Ordering::Relaxed), seconds(self.sum.load(Ordering::Relaxed)));
        let _ = writeln!(out, "{name}_bucket{{{label}le=\"+Inf\"}} {count}");
        let braced = label.strip_suffix(',').map_or_else(String::new, |label| format!("{{{label}}}"));
        let _ = writeln!(out, "{name}_sum{braced} {sum}\n{name}_count{braced} {count}");
    }
}

impl Metrics {
    /// Takes in a decision that was made.
    pub(super) fn decided(&self, decision: &Decision) {
        self.total.add(decision.micros.total);
        if decision.micros.request > 0 {
            self.request.add(decision.micros.request);
        }
        if decision.micros.answer > 0 {
            self.answer.add(decision.micros.answer);
        }
        let mut families = self.by_labels.lock().unwrap_or_else(PoisonError::into_inner);
        match families.times.get(&decision.route) {
            Some(times) => times.add(decision.micros.total),
            None => families.times.entry(decision.route.clone()).or_default().add(decision.micros.total),
        }
        let labels = (decision.route.clone(), decision.protocol, decision.action, decision.outcome);
        add(&mut families.exchanges, labels);
        for reason in &decision.reasons {
            add(&mut families.reasons, (reason.check, reason.action));
        }
        if let Some(upstream) = &decision.upstream {
            self.upstream.add(decision.micros.upstream);
            add(&mut families.upstreams, (upstream.clone(), decision.status));
        }
    }

    /// All of it, as a scraper reads it (version 0.0.4).
    pub fn text(&self) -> String {
        let mut out = String::with_capacity(8 << 10);
        let mut plain = |name: &str, kind: &str, help: &str, value: String| {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
        };
        let load = |value: &AtomicI64| value.load(Ordering::Relaxed).to_string();
        plain("bartizan_guard_connections", "gauge", "Open connections.", load(&self.connections));
        plain("bartizan_guard_in_flight", "gauge", "Requests in progress.", load(&self.in_flight));
        plain("bartizan_guard_streams", "gauge", "Streamed answers in progress.", load(&self.streams));
        plain("bartizan_guard_websockets", "gauge", "Open WebSockets.", load(&self.websockets));
        let lost = self.telemetry_lost.load(Ordering::Relaxed).to_string();
        plain("bartizan_guard_telemetry_lost_total", "counter", "Decisions that no collector took.", lost);
        let lost = self.lines_lost.load(Ordering::Relaxed).to_string();
        plain("bartizan_guard_log_lines_lost_total", "counter", "Lines of the access log not written.", lost);
        let written = self.receipts.load(Ordering::Relaxed).to_string();
        plain("bartizan_guard_receipts_total", "counter", "Decisions with a receipt.", written);
        let lost = self.receipts_lost.load(Ordering::Relaxed).to_string();
        plain(
            "bartizan_guard_receipts_lost_total",
            "counter",
            "Decisions whose receipt could not be written.",
            lost,
        );
        let failing = load(&self.receipts_failing);
        plain("bartizan_guard_receipts_failing", "gauge", "1 while receipts cannot be written.", failing);
        let sealed = self.contents.load(Ordering::Relaxed).to_string();
        plain("bartizan_guard_contents_total", "counter", "Exchanges encrypted to the auditor.", sealed);
        let short = self.contents_short.load(Ordering::Relaxed).to_string();
        plain(
            "bartizan_guard_contents_short_total",
            "counter",
            "Exchanges encrypted to the auditor and cut for want of memory.",
            short,
        );
        {
            let families = self.by_labels.lock().unwrap_or_else(PoisonError::into_inner);
            let name = "bartizan_guard_exchanges_total";
            let _ = writeln!(out, "# HELP {name} Exchanges by what was decided.\n# TYPE {name} counter");
            for ((route, protocol, action, outcome), count) in &families.exchanges {
                let route = escaped(route);
                let _ = writeln!(
                    out,
                    "{name}{{route=\"{route}\",protocol=\"{protocol}\",action=\"{action}\",outcome=\"{outcome}\"}} {count}"
                );
            }
            let name = "bartizan_guard_route_seconds";
            let _ = writeln!(out, "# HELP {name} Exchanges by route.\n# TYPE {name} histogram");
            for (route, times) in &families.times {
                times.write_samples(name, &format!("route=\"{}\",", escaped(route)), &mut out);
            }
            let name = "bartizan_guard_reasons_total";
            let _ = writeln!(out, "# HELP {name} What checks found.\n# TYPE {name} counter");
            for ((check, action), count) in &families.reasons {
                let _ = writeln!(out, "{name}{{check=\"{check}\",action=\"{action}\"}} {count}");
            }
            let name = "bartizan_guard_upstream_answers_total";
            let _ = writeln!(out, "# HELP {name} Answers of upstreams.\n# TYPE {name} counter");
            for ((upstream, status), count) in &families.upstreams {
                let _ =
                    writeln!(out, "{name}{{upstream=\"{}\",status=\"{status}\"}} {count}", escaped(upstream));
            }
        }
        self.request.write("bartizan_guard_request_judging_seconds", "Judging a request.", &mut out);
        self.answer.write("bartizan_guard_answer_judging_seconds", "Judging an answer.", &mut out);
        self.upstream.write(
            "bartizan_guard_upstream_seconds",
            "From request sent to head of answer.",
            &mut out,
        );
        self.total.write(
            "bartizan_guard_exchange_seconds",
            "From head of request to end of answer.",
            &mut out,
        );
        out
    }
}

/// Which upstreams serve a model that was admitted, of those whose models are limited.
pub(super) fn write_models(models: &[(String, bool)], out: &mut String) {
    if models.is_empty() {
        return;
    }
    let name = "bartizan_guard_model_admitted";
    let _ =
        writeln!(out, "# HELP {name} 1 while the upstream serves an admitted model.\n# TYPE {name} gauge");
    for (upstream, admitted) in models {
        let _ = writeln!(out, "{name}{{upstream=\"{}\"}} {}", escaped(upstream), u8::from(*admitted));
    }
}

fn add<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K) {
    let count = counts.entry(key).or_insert(0);
    *count = count.saturating_add(1);
}

/// Microseconds as seconds.
fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// The value of a label, as the format asks.
fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_are_counted_and_times_add_up() {
        let metrics = Metrics::default();
        let mut decision = Decision::new("d".to_owned(), 0, "POST", "/");
        decision.route = "a\"b".to_owned();
        decision.micros.total = 120;
        metrics.decided(&decision);
        decision.micros.total = 3_000_000;
        metrics.decided(&decision);
        let text = metrics.text();
        assert!(text.contains(
            "bartizan_guard_exchanges_total{route=\"a\\\"b\",protocol=\"opaque\",action=\"allow\",outcome=\"answered\"} 2"
        ));
        assert!(text.contains("bartizan_guard_route_seconds_bucket{route=\"a\\\"b\",le=\"0.000150\"} 1\n"));
        assert!(text.contains("bartizan_guard_route_seconds_count{route=\"a\\\"b\"} 2\n"), "{text}");
        assert!(text.contains("bartizan_guard_exchange_seconds_bucket{le=\"0.000150\"} 1"));
        assert!(text.contains("bartizan_guard_exchange_seconds_bucket{le=\"+Inf\"} 2"));
        assert!(text.contains("bartizan_guard_exchange_seconds_sum 3.000120"));
    }
}
