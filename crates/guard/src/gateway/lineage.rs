//! How much one chain of calls may use: [`Lineages`].
//!
//! Agents call models and other agents on behalf of one request. They say so by a header that they pass on, the trace of W3C Trace Context
//! where nothing else is chosen. A lineage is counted by key, so that nobody spends another's; its name is hashed before it is kept.

use super::counters::{Allowance, Take};
use super::decision::Trace;
use super::error::GatewayError;
use crate::settings::{LineageOptions, LineageUsage, MissingLineage};
use hyper::HeaderMap;
use hyper::header::HeaderName;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Header where nothing is said.
const TRACE: &str = "traceparent";
/// Longest name of a lineage, in bytes; a longer one is none.
const LONGEST: usize = 256;
/// Most lineages of a key that are counted apart; further ones share what one may use.
const MOST: usize = 4_096;
/// Window where nothing is said, in seconds.
const WINDOW_S: u64 = 3_600;
/// How often names that nobody used for a window are looked for, at most.
const AGAIN: Duration = Duration::from_secs(1);
/// What those without a name are counted under, and those that are too many: no digest looks like it.
const NAMELESS: &str = "none";
const FURTHER: &str = "further";

/// Where lineages are named, and what each may use where its key does not say.
#[derive(Debug)]
pub(super) struct Lineages {
    header: HeaderName,
    missing: MissingLineage,
    price_read: f64,
    price_written: f64,
    usage: LineageUsage,
}

/// A lineage of a key.
#[derive(Debug, Clone)]
pub(super) struct Lineage {
    /// What its buckets are called.
    name: String,
    usage: LineageUsage,
    price_read: f64,
    price_written: f64,
}

/// Names that a key used lately.
#[derive(Debug, Default)]
pub(super) struct Recent {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    used: HashMap<[u8; 16], Instant>,
    cleaned: Option<Instant>,
}

impl Lineages {
    pub(super) fn new(options: &LineageOptions) -> Result<Self, GatewayError> {
        let header = options.header.as_deref().unwrap_or(TRACE);
        let header =
            header.parse().map_err(|_| wrong("lineage", format!("{header:?} is no name of a header")))?;
        for (name, price) in [("price-read", options.price_read), ("price-written", options.price_written)] {
            if !price.is_finite() || price < 0.0 {
                return Err(wrong("lineage", format!("{name} is {price}; give 0 or more")));
            }
        }
        let all = Self {
            header,
            missing: options.missing,
            price_read: options.price_read,
            price_written: options.price_written,
            usage: options.usage,
        };
        all.check("lineage", &options.usage)?;
        Ok(all)
    }

    /// Whether what one may use can be counted; `subject` says whose it is.
    pub(super) fn check(&self, subject: &str, usage: &LineageUsage) -> Result<(), GatewayError> {
        // Of a bucket that holds nothing anything may be taken, as it is always full.
        let amounts = [("requests", usage.requests), ("tokens", usage.tokens), ("window-s", usage.window_s)];
        if let Some((name, _)) = amounts.into_iter().find(|(_, amount)| *amount == Some(0)) {
            return Err(wrong(subject, format!("{name} of a lineage is 0; give 1 or more, or leave it out")));
        }
        let Some(cost) = usage.cost else { return Ok(()) };
        if !cost.is_finite() || cost <= 0.0 {
            return Err(wrong(
                subject,
                format!("cost of a lineage is {cost}; give more than 0, or leave it out"),
            ));
        }
        if self.price_read + self.price_written <= 0.0 {
            let problem = "cost of a lineage needs price-read or price-written of [guard.lineage]";
            return Err(wrong(subject, problem.to_owned()));
        }
        Ok(())
    }

    /// The lineage that these headers name, of a key; `None` where they must name one and do not.
    pub(super) fn of(
        &self,
        headers: &HeaderMap,
        key: &str,
        own: Option<LineageUsage>,
        recent: &Recent,
        now: Instant,
    ) -> Option<Lineage> {
        let usage = own.unwrap_or(self.usage);
        let under = match (self.named(headers), self.missing) {
            (Some(name), _) => {
                let mut digest = [0; 16];
                let whole = Sha256::new().chain_update(key).chain_update([0]).chain_update(name).finalize();
                digest.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
                if recent.is_counted(digest, now, window(&usage)) {
                    bartizan_core::hex(&digest)
                } else {
                    FURTHER.to_owned()
                }
            }
            (None, MissingLineage::Shared) => NAMELESS.to_owned(),
            (None, MissingLineage::Refused) => return None,
        };
        Some(Lineage {
            name: format!("{key}/{under}"),
            usage,
            price_read: self.price_read,
            price_written: self.price_written,
        })
    }

    /// What the header says, once and not too long; of a trace its id.
    fn named(&self, headers: &HeaderMap) -> Option<Vec<u8>> {
        let mut values = headers.get_all(&self.header).iter();
        let (value, further) = (values.next()?.as_bytes().trim_ascii(), values.next());
        if further.is_some() || value.is_empty() || value.len() > LONGEST {
            return None;
        }
        if self.header == TRACE {
            return Trace::of(std::str::from_utf8(value).ok()?).map(|trace| trace.id.into_bytes());
        }
        Some(value.to_vec())
    }

    /// The header that names them.
    pub(super) fn header(&self) -> &str {
        self.header.as_str()
    }
}

impl Recent {
    /// Whether a name is counted by itself: it was lately, or there is room. Bounds what a client can make the gateway remember.
    fn is_counted(&self, name: [u8; 16], now: Instant, window: Duration) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let due = kept.cleaned.is_none_or(|at| now.saturating_duration_since(at) >= AGAIN);
        if kept.used.len() >= MOST && due && !kept.used.contains_key(&name) {
            kept.used.retain(|_, used| now.saturating_duration_since(*used) < window);
            kept.cleaned = Some(now);
        }
        let room = kept.used.len() < MOST;
        match kept.used.get_mut(&name) {
            Some(used) => *used = now,
            None if room => {
                kept.used.insert(name, now);
            }
            None => return false,
        }
        true
    }
}

impl Lineage {
    /// A request of it.
    pub(super) fn request(&self) -> Option<Take> {
        self.usage.requests.map(|most| self.take("requests", 1.0, most as f64))
    }

    /// Tokens that it reads and writes, and what they cost.
    pub(super) fn tokens(&self, read: u64, written: u64) -> impl Iterator<Item = Take> {
        let (read, written) = (read as f64, written as f64);
        let tokens = self.usage.tokens.map(|most| self.take("tokens", read + written, most as f64));
        let cost = (read * self.price_read + written * self.price_written) / 1e6;
        let cost = self.usage.cost.map(|most| self.take("cost", cost, most));
        tokens.into_iter().chain(cost)
    }

    fn take(&self, what: &str, amount: f64, most: f64) -> Take {
        let allowance = Allowance { rate: most / window(&self.usage).as_secs_f64(), most };
        Take { name: format!("lineage/{what}/{}", self.name), amount, allowance }
    }
}

fn window(usage: &LineageUsage) -> Duration {
    Duration::from_secs(usage.window_s.unwrap_or(WINDOW_S))
}

fn wrong(subject: &str, problem: String) -> GatewayError {
    GatewayError::Value { subject: subject.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn lineages(toml: &str) -> Lineages {
        Lineages::new(&toml::from_str(toml).unwrap()).unwrap()
    }

    fn headers(all: &[(&str, &str)]) -> HeaderMap {
        all.iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn name(all: &Lineages, key: &str, given: &[(&str, &str)]) -> Option<String> {
        all.of(&headers(given), key, None, &Recent::default(), Instant::now()).map(|one| one.name)
    }

    #[test]
    fn a_trace_is_one_lineage_whoever_of_it_calls_and_another_keys_is_another() {
        let all = lineages("usage = { requests = 1 }");
        let trace = |parent: &str| format!("00-{ID}-{parent}-01");
        let (a, b) = (trace("00f067aa0ba902b7"), trace("00f067aa0ba902b8"));
        let first = name(&all, "a", &[("traceparent", &a)]).unwrap();
        assert_eq!(name(&all, "a", &[("traceparent", &b)]), Some(first.clone()));
        assert_ne!(name(&all, "b", &[("traceparent", &a)]), Some(first.clone()));
        assert!(first.len() == 34 && !first.contains(ID), "{first}");
        let other = a.replace("4bf9", "4bf8");
        assert_ne!(name(&all, "a", &[("traceparent", &other)]), Some(first));
    }

    #[test]
    fn without_a_usable_name_calls_share_one_lineage_or_are_refused() {
        let long = "a".repeat(LONGEST + 1);
        for (header, given) in [
            ("traceparent", vec![]),
            ("traceparent", vec![("traceparent", "00-nonsense-01")]),
            ("x-task", vec![("x-task", " ")]),
            ("x-task", vec![("x-task", long.as_str())]),
            ("x-task", vec![("x-task", "a"), ("x-task", "b")]),
        ] {
            let toml = format!("header = '{header}'\nusage = {{ requests = 1 }}\n");
            assert_eq!(name(&lineages(&toml), "k", &given).as_deref(), Some("k/none"), "{given:?}");
            let refusing = lineages(&format!("missing = 'refused'\n{toml}"));
            assert_eq!(name(&refusing, "k", &given), None, "{given:?}");
        }
        let all = lineages("header = 'X-Task'\nusage = { requests = 1 }");
        assert_ne!(name(&all, "k", &[("x-task", &"a".repeat(LONGEST))]).as_deref(), Some("k/none"));
    }

    #[test]
    fn of_too_many_lineages_the_further_ones_share_until_a_window_is_over() {
        let all = lineages("header = 'x-task'\nusage = { requests = 1, window-s = 10 }");
        let (recent, now) = (Recent::default(), Instant::now());
        let name = |task: usize, after_s| {
            let at = now + Duration::from_secs(after_s);
            all.of(&headers(&[("x-task", &task.to_string())]), "k", None, &recent, at).unwrap().name
        };
        let names: Vec<String> = (0..MOST).map(|task| name(task, 0)).collect();
        assert!(names.iter().all(|name| name != "k/further"));
        assert_eq!(name(MOST, 9), "k/further");
        assert_eq!(name(7, 9), names[7], "one that is known stays so");
        assert_ne!(name(MOST, 10), "k/further");
        assert_eq!(recent.kept.lock().unwrap().used.len(), 2);
    }

    #[test]
    fn cost_is_of_tokens_read_and_written_at_their_prices() {
        let all = lineages("price-read = 2.0\nprice-written = 10.0\nusage = { cost = 5.0, window-s = 10 }");
        let one = all.of(&HeaderMap::new(), "k", None, &Recent::default(), Instant::now()).unwrap();
        let takes: Vec<Take> = one.tokens(1_000_000, 500_000).collect();
        let allowance = Allowance { rate: 0.5, most: 5.0 };
        assert_eq!(takes, [Take { name: "lineage/cost/k/none".to_owned(), amount: 7.0, allowance }]);
        assert_eq!(one.request(), None);
    }

    #[test]
    fn what_cannot_be_counted_is_named() {
        for (toml, problem) in [
            ("header = 'a b'", "no name of a header"),
            ("usage = { requests = 0 }", "requests of a lineage is 0"),
            ("usage = { tokens = 5, window-s = 0 }", "window-s of a lineage is 0"),
            ("usage = { cost = 5.0 }", "needs price-read"),
            ("price-read = 1.0\nusage = { cost = -1.0 }", "more than 0"),
            ("price-read = nan", "0 or more"),
        ] {
            let error = Lineages::new(&toml::from_str(toml).unwrap()).unwrap_err().to_string();
            assert!(error.contains(problem), "{toml}: {error}");
        }
    }
}
