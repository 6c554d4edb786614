//! What a gateway does now, from its metrics: two scrapes make a frame for a terminal: [`frame`].
//!
//! Nothing here opens a connection; whoever shows frames brings the scrapes, over TLS with [`secured`].

mod secured;

pub use secured::{Secured, SecuredError, secured};

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Most lines of metrics that are read.
const MOST_LINES: usize = 100_000;
/// Routes, upstreams and checks shown at most.
const SHOWN: usize = 20;
/// Longest name that is shown, in characters.
const LONGEST_NAME: usize = 28;

/// Metrics at one moment: name and labels, as they are written, and value.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scrape(BTreeMap<String, Vec<Sample>>);

/// Labels and value.
type Sample = (BTreeMap<String, String>, f64);

impl Scrape {
    /// Reads the text format of Prometheus; what is no sample is passed over.
    pub fn read(text: &str) -> Self {
        let mut all: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for line in text.lines().take(MOST_LINES).filter(|line| !line.starts_with('#')) {
            if let Some((name, labels, value)) = sample(line) {
                all.entry(name.to_owned()).or_default().push((labels, value));
            }
        }
        Self(all)
    }

    /// Whether there is anything of a gateway in it.
    pub fn is_of_a_gateway(&self) -> bool {
        self.0.contains_key("bartizan_guard_in_flight")
    }

    fn samples(&self, name: &str) -> &[Sample] {
        self.0.get(&format!("bartizan_guard_{name}")).map_or(&[], Vec::as_slice)
    }

    /// The sum of the samples whose labels are these.
    fn sum(&self, name: &str, wanted: &[(&str, &str)]) -> f64 {
        let fits = |labels: &BTreeMap<String, String>| {
            wanted.iter().all(|(key, value)| labels.get(*key).is_some_and(|held| held == value))
        };
        // An empty sum of floating-point numbers is minus nothing.
        let found = self.samples(name).iter().filter(|(labels, _)| fits(labels));
        found.fold(0.0, |sum, (_, value)| sum + value)
    }

    /// The values of a label.
    fn values(&self, name: &str, label: &str) -> Vec<String> {
        let mut all: Vec<String> =
            self.samples(name).iter().filter_map(|(labels, _)| labels.get(label).cloned()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Counts of a histogram by upper bound in seconds, those of lower bounds included.
    fn buckets(&self, name: &str, wanted: &[(&str, &str)]) -> BTreeMap<u64, f64> {
        let mut all = BTreeMap::new();
        for (labels, value) in self.samples(&format!("{name}_bucket")) {
            let fits = wanted.iter().all(|(key, value)| labels.get(*key).is_some_and(|held| held == value));
            let bound = labels.get("le").and_then(|bound| bound.parse::<f64>().ok());
            if let (true, Some(bound)) = (fits, bound) {
                let micros = micros(bound);
                *all.entry(micros).or_insert(0.0) += value;
            }
        }
        all
    }
}

/// Seconds as whole microseconds; what has no end is the most there is.
#[expect(clippy::cast_sign_loss, reason = "less than nothing is nothing")]
fn micros(seconds: f64) -> u64 {
    if seconds.is_finite() { (seconds.max(0.0) * 1e6).round() as u64 } else { u64::MAX }
}

/// Name, labels and value of a line.
fn sample(line: &str) -> Option<(&str, BTreeMap<String, String>, f64)> {
    let (name, labels, rest) = match line.split_once('{') {
        None => {
            let (name, rest) = line.split_once(' ')?;
            (name, BTreeMap::new(), rest)
        }
        Some((name, rest)) => {
            let (labels, rest) = labels(rest)?;
            (name, labels, rest)
        }
    };
    let value = rest.split_ascii_whitespace().next()?.parse().ok()?;
    Some((name, labels, value))
}

/// Labels up to their closing brace, and what stands behind it.
fn labels(mut rest: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut all = BTreeMap::new();
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(behind) = rest.strip_prefix('}') {
            return Some((all, behind));
        }
        let (key, value) = rest.split_once("=\"")?;
        let mut text = String::new();
        let mut characters = value.char_indices();
        let end = loop {
            match characters.next()? {
                (at, '"') => break at,
                (_, '\\') => text.push(match characters.next()?.1 {
                    'n' => '\n',
                    other => other,
                }),
                (_, other) => text.push(other),
            }
        };
        all.insert(key.to_owned(), text);
        rest = value.get(end.saturating_add(1)..)?;
    }
}

/// What happened up to `now`: since `before`, so many seconds ago, or since the gateway began.
pub fn frame(before: Option<(&Scrape, f64)>, now: &Scrape) -> String {
    let empty = Scrape::default();
    let (before, seconds) =
        before.map_or((&empty, None), |(scrape, seconds)| (scrape, Some(seconds.max(1e-3))));
    let view = View { before, now, seconds };
    let mut out = String::new();
    let exchanges = view.grown("exchanges_total", &[]);
    let _ = writeln!(
        out,
        "exchanges {:>10.0}  {:>9}   in progress {:.0}   streams {:.0}   WebSockets {:.0}   connections {:.0}",
        now.sum("exchanges_total", &[]),
        view.rate(exchanges),
        now.sum("in_flight", &[]),
        now.sum("streams", &[]),
        now.sum("websockets", &[]),
        now.sum("connections", &[]),
    );
    let mut line = String::new();
    for action in ["block", "redact", "flag"] {
        let grown = view.grown("exchanges_total", &[("action", action)]);
        let _ = write!(
            line,
            "{action} {:.0} ({})   ",
            now.sum("exchanges_total", &[("action", action)]),
            view.rate(grown)
        );
    }
    let _ = writeln!(out, "{}", line.trim_end());
    for (what, name) in [
        ("whole exchange", "exchange_seconds"),
        ("judging requests", "request_judging_seconds"),
        ("judging answers", "answer_judging_seconds"),
        ("upstreams", "upstream_seconds"),
    ] {
        let (middle, late) = view.quantiles(name, &[]);
        let _ = writeln!(out, "{what:<18} p50 {middle:>9}   p99 {late:>9}");
    }
    let _ = writeln!(
        out,
        "\n{:<28} {:>10} {:>9} {:>8} {:>8} {:>8} {:>8} {:>9} {:>9}",
        "ROUTE", "EXCHANGES", "NOW", "BLOCKED", "REDACTED", "FLAGGED", "FAILED", "P50", "P99"
    );
    let (routes, more) = busiest(now, "exchanges_total", "route");
    for route in &routes {
        let of = |action: &str| now.sum("exchanges_total", &[("route", route), ("action", action)]);
        let all = now.sum("exchanges_total", &[("route", route)]);
        let answered = now.sum("exchanges_total", &[("route", route), ("outcome", "answered")]);
        let stopped =
            now.sum("exchanges_total", &[("route", route), ("outcome", "content_policy_violation")]);
        let (middle, late) = view.quantiles("route_seconds", &[("route", route)]);
        let _ = writeln!(
            out,
            "{:<28} {all:>10.0} {:>9} {:>8.0} {:>8.0} {:>8.0} {:>8.0} {middle:>9} {late:>9}",
            shown(route),
            view.rate(view.grown("exchanges_total", &[("route", route)])),
            of("block"),
            of("redact"),
            of("flag"),
            (all - answered - stopped).max(0.0),
        );
    }
    out.push_str(&more);
    let _ = writeln!(out, "\n{:<28} {:>10} {:>9} {:>8}  MODEL", "UPSTREAM", "ANSWERS", "NOW", "5XX");
    let (upstreams, more) = busiest(now, "upstream_answers_total", "upstream");
    for upstream in &upstreams {
        let wanted = [("upstream", upstream.as_str())];
        let failed: f64 = (500..600)
            .map(|status: u32| {
                now.sum("upstream_answers_total", &[wanted[0], ("status", &status.to_string())])
            })
            .sum();
        let model =
            now.samples("model_admitted").iter().find(|(labels, _)| labels.get("upstream") == Some(upstream));
        let model = model.map_or("any", |(_, value)| if *value > 0.0 { "admitted" } else { "NOT ADMITTED" });
        let _ = writeln!(
            out,
            "{:<28} {:>10.0} {:>9} {failed:>8.0}  {model}",
            shown(upstream),
            now.sum("upstream_answers_total", &wanted),
            view.rate(view.grown("upstream_answers_total", &wanted)),
        );
    }
    out.push_str(&more);
    let mut checks: Vec<(String, f64)> = now
        .values("reasons_total", "check")
        .into_iter()
        .map(|check| {
            let found = now.sum("reasons_total", &[("check", &check)]);
            (check, found)
        })
        .collect();
    checks.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let _ = writeln!(out, "\n{:<28} {:>10} {:>9}", "CHECK", "FOUND", "NOW");
    for (check, found) in checks.iter().take(SHOWN) {
        let grown = view.grown("reasons_total", &[("check", check)]);
        let _ = writeln!(out, "{:<28} {found:>10.0} {:>9}", shown(check), view.rate(grown));
    }
    for (name, what) in [
        ("receipts_failing", "receipts cannot be written"),
        ("shared_counters_failing", "the shared counters cannot be reached"),
    ] {
        if now.sum(name, &[]) > 0.0 {
            let _ = writeln!(out, "\n! {what}");
        }
    }
    out
}

/// The values of a label in the order of their names; of too many those that count most, and a line that says how many more there are.
fn busiest(now: &Scrape, name: &str, label: &str) -> (Vec<String>, String) {
    let mut all = now.values(name, label);
    let more = all.len().saturating_sub(SHOWN);
    if more == 0 {
        return (all, String::new());
    }
    let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
    for (labels, value) in now.samples(name) {
        if let Some(held) = labels.get(label) {
            *counts.entry(held).or_default() += value;
        }
    }
    let count = |value: &String| counts.get(value.as_str()).copied().unwrap_or_default();
    all.sort_by(|one, other| count(other).total_cmp(&count(one)));
    all.truncate(SHOWN);
    all.sort_unstable();
    (all, format!("… {more} more with less\n"))
}

/// Two scrapes, and the time between them.
struct View<'s> {
    before: &'s Scrape,
    now: &'s Scrape,
    seconds: Option<f64>,
}

impl View<'_> {
    /// How much a counter grew; one that is less than before began anew.
    fn grown(&self, name: &str, wanted: &[(&str, &str)]) -> f64 {
        let (before, now) = (self.before.sum(name, wanted), self.now.sum(name, wanted));
        if now >= before { now - before } else { now }
    }

    fn rate(&self, grown: f64) -> String {
        self.seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{:.1}/s", grown / seconds))
    }

    /// Median and 99th percentile of what a histogram took in since before, or in all where that is nothing.
    fn quantiles(&self, name: &str, wanted: &[(&str, &str)]) -> (String, String) {
        let (before, mut buckets) = (self.before.buckets(name, wanted), self.now.buckets(name, wanted));
        let total = |buckets: &BTreeMap<u64, f64>| buckets.get(&u64::MAX).copied().unwrap_or_default();
        let grown = total(&buckets) - total(&before);
        if grown > 0.0 {
            for (bound, count) in &mut buckets {
                *count -= before.get(bound).copied().unwrap_or_default();
            }
        }
        let of = |share: f64| {
            let wanted = total(&buckets) * share;
            let found = buckets.iter().find(|(_, count)| **count >= wanted && wanted > 0.0);
            found.map_or_else(|| "-".to_owned(), |(bound, _)| duration(*bound))
        };
        (of(0.5), of(0.99))
    }
}

/// An upper bound in microseconds, for people.
fn duration(micros: u64) -> String {
    match micros {
        u64::MAX => "> 10 s".to_owned(),
        1_000_000.. => format!("≤ {} s", micros / 1_000_000),
        1_000.. => format!("≤ {} ms", micros as f64 / 1e3),
        _ => format!("≤ {micros} µs"),
    }
}

/// A name in its column, without anything that acts on a terminal.
fn shown(name: &str) -> String {
    bartizan_core::printable(name, LONGEST_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "# HELP x\nbartizan_guard_in_flight 1\nbartizan_guard_exchanges_total{route=\"/v1\",protocol=\"openai-chat\",action=\"allow\",outcome=\"answered\"} 10\nbartizan_guard_exchange_seconds_bucket{le=\"0.000150\"} 10\nbartizan_guard_exchange_seconds_bucket{le=\"0.002500\"} 10\nbartizan_guard_exchange_seconds_bucket{le=\"+Inf\"} 10\n";
    const SECOND: &str = "bartizan_guard_in_flight 2\nbartizan_guard_exchanges_total{route=\"/v1\",protocol=\"openai-chat\",action=\"allow\",outcome=\"answered\"} 30\nbartizan_guard_exchanges_total{route=\"/v1\",protocol=\"openai-chat\",action=\"block\",outcome=\"content_policy_violation\"} 10\nbartizan_guard_exchange_seconds_bucket{le=\"0.000150\"} 15\nbartizan_guard_exchange_seconds_bucket{le=\"0.002500\"} 39\nbartizan_guard_exchange_seconds_bucket{le=\"+Inf\"} 40\nbartizan_guard_upstream_answers_total{upstream=\"a\\\"b\",status=\"502\"} 3\nbartizan_guard_model_admitted{upstream=\"a\\\"b\"} 0\nbartizan_guard_reasons_total{check=\"guard/prompt-injection\",action=\"block\"} 10\n";

    fn line<'f>(frame: &'f str, begins: &str) -> Vec<&'f str> {
        let line = frame.lines().find(|line| line.starts_with(begins));
        line.unwrap_or_else(|| panic!("{begins}: {frame}")).split_whitespace().collect()
    }

    #[test]
    fn two_scrapes_give_rates_and_times_of_what_came_between() {
        let (first, second) = (Scrape::read(FIRST), Scrape::read(SECOND));
        let frame = frame(Some((&first, 2.0)), &second);
        assert_eq!(line(&frame, "exchanges")[..3], ["exchanges", "40", "15.0/s"]);
        assert_eq!(line(&frame, "/v1")[1..7], ["40", "15.0/s", "10", "0", "0", "0"]);
        // Of thirty new ones five took up to 150 µs, twenty-four up to 2.5 ms, one longer than any bound.
        assert_eq!(line(&frame, "whole exchange")[2..], ["p50", "≤", "2.5", "ms", "p99", ">", "10", "s"]);
        assert_eq!(line(&frame, "guard/prompt-injection")[1..], ["10", "5.0/s"]);
        assert!(frame.contains("NOT ADMITTED"), "{frame}");
    }

    #[test]
    fn one_scrape_gives_totals_without_rates() {
        let frame = frame(None, &Scrape::read(FIRST));
        assert_eq!(line(&frame, "exchanges")[..3], ["exchanges", "10", "-"]);
        assert!(Scrape::read(FIRST).is_of_a_gateway() && !Scrape::read("up 1\n").is_of_a_gateway());
    }

    #[test]
    fn of_many_routes_the_busiest_are_shown_and_the_others_counted() {
        let text = (0..50).fold(String::new(), |text, at| {
            text + &format!(
                "bartizan_guard_exchanges_total{{route=\"/r{at:02}\",outcome=\"answered\"}} {at}\n"
            )
        });
        let frame = frame(None, &Scrape::read(&text));
        assert!(!frame.contains("/r29 ") && frame.contains("/r30 ") && frame.contains("/r49 "), "{frame}");
        assert!(frame.contains("… 30 more with less"), "{frame}");
        let quiet = super::frame(None, &Scrape::read("bartizan_guard_in_flight 0\n"));
        assert!(quiet.starts_with("exchanges          0"), "{quiet}");
    }

    proptest::proptest! {
        #[test]
        fn any_text_gives_a_frame(text in r#"(bartizan_guard_(exchanges_total|reasons_total|exchange_seconds_bucket)(\{(route|le|check)="([a-z0-9+.]|\\"|\\){0,6}"?\}?)? ?-?[0-9]{0,4}\n){0,9}"#) {
            let scrape = Scrape::read(&text);
            let _ = frame(Some((&scrape, 0.0)), &scrape);
        }
    }
}
