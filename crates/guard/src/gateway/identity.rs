//! Who asks, and how much they may: [`Identities`].
//!
//! Keys are long and random, so one SHA-256 is enough to keep them: nobody can try them all (compare NIST SP 800-63B, 5.1.2.2 for
//! look-up secrets of 112 bits and more). They are compared by digest, which tells nothing about how near a guess was.

use super::counters::{Allowance, Counters, Take};
use super::error::GatewayError;
use super::lineage::{Lineage, Lineages, Recent};
use super::shared::{Lease, Shared};
use crate::settings::{GuardOptions, LineageUsage, OnFailure, UsageOptions};
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderValue};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Seconds of a day, over which budgets of tokens fill again.
const DAY: f64 = 86_400.0;
/// Headers that hold a key, beside `authorization`.
const HEADERS: [&str; 2] = ["x-api-key", "api-key"];

/// Everybody who may ask.
#[derive(Debug, Default)]
pub(super) struct Identities {
    keys: BTreeMap<[u8; 32], Arc<Identity>>,
    /// Where chains of calls are told apart.
    pub(super) lineages: Option<Lineages>,
}

/// Somebody who asks.
#[derive(Debug)]
pub(super) struct Identity {
    name: String,
    pub(super) tenant: String,
    routes: Vec<String>,
    usage: UsageOptions,
    tenant_usage: UsageOptions,
    lineage_usage: Option<LineageUsage>,
    lineages: Recent,
}

/// A request in progress, counted until it ends.
#[derive(Debug)]
pub(super) struct Admitted {
    identity: Arc<Identity>,
    /// Those in progress of the same key.
    in_progress: Arc<AtomicUsize>,
    /// The chain of calls that it is part of.
    lineage: Option<Lineage>,
    /// Its place among those of all gateways, kept until this is dropped.
    lease: Option<Lease>,
}

/// Where it is counted: in memory, or in a server for all gateways.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    pub(super) memory: Arc<Counters>,
    pub(super) shared: Option<Arc<Shared>>,
}

impl Ledger {
    /// Takes from all buckets or none. While the server of the counters cannot be reached, nobody is served, or this gateway counts by
    /// itself.
    async fn take(&self, takes: &[Take], anyway: bool, now: Instant) -> Result<(), Turned> {
        if takes.is_empty() {
            return Ok(());
        }
        let alone = || self.memory.take(takes, anyway, now).map_err(Turned::TooMuch);
        let Some(shared) = &self.shared else { return alone() };
        match shared.take(takes, anyway).await {
            Ok(None) => Ok(()),
            Ok(Some(wait)) => Err(Turned::TooMuch(wait)),
            Err(_) if shared.on_failure == OnFailure::Open => alone(),
            Err(_) => Err(Turned::Uncounted),
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.in_progress.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Why somebody is not served now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turned {
    /// No key, or one that nobody has.
    Unknown,
    /// The key is not for this route.
    Elsewhere,
    /// It must name the chain of calls that it is part of, and does not.
    Nameless,
    /// More than is allowed; how long to wait.
    TooMuch(Duration),
    /// Nobody can count.
    Uncounted,
}

impl Identities {
    pub(super) fn new(options: &GuardOptions) -> Result<Self, GatewayError> {
        let lineages = options.lineage.as_ref().map(Lineages::new).transpose()?;
        if lineages.is_some() && options.key.is_empty() {
            return Err(GatewayError::Value {
                subject: "lineage".to_owned(),
                problem: "lineages are counted by key, and there is no [[guard.key]]; `bartizan guard key` makes one"
                    .to_owned(),
            });
        }
        for (name, usage) in &options.tenant {
            let subject = format!("tenant {name}");
            if options.key.iter().all(|key| key.tenant.as_ref().unwrap_or(&key.name) != name) {
                let problem = "no key belongs to it; tenant of a [[guard.key]] names it".to_owned();
                return Err(GatewayError::Value { subject, problem });
            }
            if usage.concurrency.is_some() {
                let problem =
                    "concurrency is counted of a key, not of a tenant; usage of a [[guard.key]] limits it";
                return Err(GatewayError::Value { subject, problem: problem.to_owned() });
            }
            check(&subject, usage)?;
        }
        let mut all = BTreeMap::new();
        for key in &options.key {
            let subject = format!("key {}", key.name);
            check(&subject, &key.usage)?;
            for route in &key.routes {
                let known = options.route.iter().any(|one| one.name.as_ref().unwrap_or(&one.path) == route)
                    || options.route.is_empty() && route == "/";
                if !known {
                    let (kind, name) = ("route", route.clone());
                    return Err(GatewayError::Unknown { subject, kind, name });
                }
            }
            match (&key.lineage, &lineages) {
                (Some(usage), Some(lineages)) => lineages.check(&subject, usage)?,
                (Some(_), None) => {
                    let problem = "its lineages are told apart where there is a table [guard.lineage]";
                    return Err(GatewayError::Value { subject, problem: problem.to_owned() });
                }
                (None, _) => {}
            }
            let digest = bartizan_evidence::digest::unhex(&key.sha256)
                .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
                .ok_or_else(|| GatewayError::Value {
                    subject: subject.clone(),
                    problem:
                        "sha256 is not 64 hexadecimal digits; `bartizan guard key` makes a key and its digest"
                            .to_owned(),
                })?;
            let tenant = key.tenant.clone().unwrap_or_else(|| key.name.clone());
            let identity = Identity {
                name: key.name.clone(),
                tenant_usage: options.tenant.get(&tenant).copied().unwrap_or_default(),
                tenant,
                routes: key.routes.clone(),
                usage: key.usage,
                lineage_usage: key.lineage,
                lineages: Recent::default(),
            };
            if all.insert(digest, Arc::new(identity)).is_some() {
                return Err(GatewayError::Twice { kind: "key", name: key.name.clone() });
            }
        }
        Ok(Self { keys: all, lineages })
    }

    /// Whether anybody may ask without a key.
    pub(super) fn is_open(&self) -> bool {
        self.keys.is_empty()
    }

    /// Who sent these headers, if they may ask on the route now. Nobody when no keys are configured.
    pub(super) async fn admit(
        &self,
        headers: &HeaderMap,
        route: &str,
        ledger: &Ledger,
        now: Instant,
    ) -> Result<Option<Admitted>, Turned> {
        if self.is_open() {
            return Ok(None);
        }
        let identity = given(headers).find_map(|key| self.keys.get(&<[u8; 32]>::from(Sha256::digest(key))));
        let identity = identity.ok_or(Turned::Unknown)?;
        if !identity.routes.is_empty() && !identity.routes.iter().any(|each| each == route) {
            return Err(Turned::Elsewhere);
        }
        let lineage = match &self.lineages {
            Some(all) => {
                let named = all.of(headers, &identity.name, identity.lineage_usage, &identity.lineages, now);
                Some(named.ok_or(Turned::Nameless)?)
            }
            None => None,
        };
        let in_progress = ledger.memory.in_progress(&identity.name);
        let before = in_progress.fetch_add(1, Ordering::Relaxed);
        let mut admitted = Admitted { identity: Arc::clone(identity), in_progress, lineage, lease: None };
        if let Some(most) = identity.usage.concurrency {
            // What this gateway has in progress is counted in any case.
            if before >= most {
                return Err(Turned::TooMuch(Duration::from_secs(1)));
            }
            if let Some(shared) = &ledger.shared {
                match shared.lease(&format!("in-progress/{}", identity.name), most).await {
                    Ok(Some(lease)) => admitted.lease = Some(lease),
                    Ok(None) => return Err(Turned::TooMuch(Duration::from_secs(1))),
                    Err(_) if shared.on_failure == OnFailure::Open => {}
                    Err(_) => return Err(Turned::Uncounted),
                }
            }
        }
        let takes = identity.counted().into_iter().filter_map(|(name, usage)| {
            Some(Take { name: format!("requests/{name}"), amount: 1.0, allowance: requests(usage)? })
        });
        let takes = takes.chain(admitted.lineage.as_ref().and_then(Lineage::request));
        ledger.take(&takes.collect::<Vec<_>>(), false, now).await?;
        Ok(Some(admitted))
    }
}

impl Admitted {
    pub(super) fn tenant(&self) -> &str {
        &self.identity.tenant
    }

    /// What the configuration calls the key.
    pub(super) fn key(&self) -> &str {
        &self.identity.name
    }

    /// Takes tokens that are read from the budgets of key, tenant and lineage.
    pub(super) async fn spend(&self, ledger: &Ledger, read: u64, now: Instant) -> Result<(), Turned> {
        ledger.take(&self.tokens(read, 0), false, now).await
    }

    /// Takes tokens that were written already, also below nothing; does not wait for a server.
    pub(super) fn owe(&self, ledger: &Ledger, written: u64, now: Instant) {
        let takes = self.tokens(0, written);
        if takes.is_empty() {
            return;
        }
        match (&ledger.shared, tokio::runtime::Handle::try_current()) {
            (Some(_), Ok(runtime)) => {
                let ledger = ledger.clone();
                runtime.spawn(async move {
                    // When nobody can count it is not counted; the metrics say so.
                    let _ = ledger.take(&takes, true, now).await;
                });
            }
            _ => {
                let _ = ledger.memory.take(&takes, true, now);
            }
        }
    }

    fn tokens(&self, read: u64, written: u64) -> Vec<Take> {
        let amount = read.saturating_add(written);
        let takes = self.identity.counted().into_iter().filter_map(|(name, usage)| {
            let most = usage.tokens_per_day? as f64;
            let allowance = Allowance { rate: most / DAY, most };
            Some(Take { name: format!("tokens/{name}"), amount: amount as f64, allowance })
        });
        takes.chain(self.lineage.iter().flat_map(|lineage| lineage.tokens(read, written))).collect()
    }
}

impl Identity {
    fn counted(&self) -> [(String, &UsageOptions); 2] {
        [(format!("tenant/{}", self.tenant), &self.tenant_usage), (format!("key/{}", self.name), &self.usage)]
    }
}

/// Whether what one may use can be counted; `subject` says whose it is.
fn check(subject: &str, usage: &UsageOptions) -> Result<(), GatewayError> {
    let wrong = |problem: String| GatewayError::Value { subject: subject.to_owned(), problem };
    let UsageOptions { requests_per_s, burst, concurrency, tokens_per_day } = *usage;
    if let Some(rate) = requests_per_s.filter(|rate| !rate.is_finite() || *rate <= 0.0) {
        return Err(wrong(format!("requests-per-s is {rate}; give more than 0, or leave it out")));
    }
    if burst.is_some() && requests_per_s.is_none() {
        let problem =
            "burst says how many requests may come at once of those that requests-per-s allows; give both";
        return Err(wrong(problem.to_owned()));
    }
    let counts = [
        ("burst", burst.map(u64::from)),
        ("concurrency", concurrency.map(|most| most as u64)),
        ("tokens-per-day", tokens_per_day),
    ];
    match counts.into_iter().find(|(_, most)| *most == Some(0)) {
        Some((name, _)) => Err(wrong(format!("{name} is 0; give 1 or more, or leave it out"))),
        None => Ok(()),
    }
}

fn requests(usage: &UsageOptions) -> Option<Allowance> {
    let rate = usage.requests_per_s?;
    Some(Allowance { rate, most: usage.burst.map_or(rate.max(1.0), f64::from) })
}

/// Keys in headers, wherever clients put them.
fn given(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let bearer = headers.get_all(AUTHORIZATION).iter().filter_map(|value| {
        let value = value.as_bytes();
        let scheme = value.get(..7)?;
        scheme.eq_ignore_ascii_case(b"bearer ").then(|| value.get(7..).unwrap_or_default().trim_ascii())
    });
    bearer.chain(HEADERS.iter().flat_map(|name| headers.get_all(*name)).map(HeaderValue::as_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identities(toml: &str) -> Identities {
        made(toml).unwrap()
    }

    fn made(toml: &str) -> Result<Identities, GatewayError> {
        Identities::new(&toml::from_str(toml).unwrap())
    }

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(hyper::header::HeaderName::from_static(name), value.parse().unwrap())])
    }

    fn with_key_a(rest: &str) -> Identities {
        let digest = bartizan_core::hex(&Sha256::digest("key-a"));
        identities(&format!("[[key]]\nname = 'a'\ntenant = 't'\nsha256 = '{digest}'\n{rest}"))
    }

    /// Counts in memory, and lets a future without waiting come to its end.
    fn admit(
        all: &Identities,
        headers: &HeaderMap,
        route: &str,
        ledger: &Ledger,
    ) -> Result<Admitted, Turned> {
        at_once(all.admit(headers, route, ledger, Instant::now())).map(Option::unwrap)
    }

    fn at_once<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    fn ledger() -> Ledger {
        Ledger { memory: Arc::default(), shared: None }
    }

    #[test]
    fn a_key_is_known_wherever_it_stands_and_another_is_not() {
        let all = with_key_a("routes = ['/v1']\n[[route]]\npath = '/v1'");
        let ledger = ledger();
        let admit = |headers: &HeaderMap, route| {
            admit(&all, headers, route, &ledger).map(|who| who.tenant().to_owned())
        };
        for good in [
            headers("authorization", "bearer key-a"),
            headers("x-api-key", "key-a"),
            headers("api-key", "key-a"),
        ] {
            assert_eq!(admit(&good, "/v1").as_deref(), Ok("t"));
            assert_eq!(admit(&good, "/v2"), Err(Turned::Elsewhere));
        }
        for bad in [HeaderMap::new(), headers("x-api-key", "key-b"), headers("authorization", "Basic key-a")]
        {
            assert_eq!(admit(&bad, "/v1"), Err(Turned::Unknown));
        }
    }

    #[test]
    fn limits_that_limit_nothing_are_refused_with_their_name() {
        let digest = bartizan_core::hex(&Sha256::digest("key-a"));
        let said = |rest: &str| {
            let toml = format!("[[key]]\nname = 'a'\ntenant = 't'\nsha256 = '{digest}'\n{rest}");
            made(&toml).map(|_| ()).map_err(|error| error.to_string())
        };
        for (usage, name) in [
            ("requests-per-s = 0", "requests-per-s is 0"),
            ("requests-per-s = -1.5", "requests-per-s is -1.5"),
            ("requests-per-s = nan", "requests-per-s is NaN"),
            ("requests-per-s = inf", "requests-per-s is inf"),
            ("burst = 1", "burst says"),
            ("requests-per-s = 1\nburst = 0", "burst is 0"),
            ("tokens-per-day = 0", "tokens-per-day is 0"),
        ] {
            let of_key = said(&format!("usage = {{ {} }}", usage.replace('\n', ", "))).unwrap_err();
            assert!(of_key.contains("key a") && of_key.contains(name), "{of_key}");
            let of_tenant = said(&format!("[tenant.t]\n{usage}")).unwrap_err();
            assert!(of_tenant.contains("tenant t") && of_tenant.contains(name), "{of_tenant}");
        }
        for (rest, words) in [
            ("usage = { concurrency = 0 }", "concurrency is 0"),
            ("[tenant.t]\nconcurrency = 1", "not of a tenant"),
            ("[tenant.tt]\ntokens-per-day = 1", "tenant tt: no key belongs to it"),
            ("routes = ['nope']", "key a names the route nope"),
            ("routes = ['/']\n[[route]]\nname = 'chat'\npath = '/'", "key a names the route /"),
        ] {
            let error = said(rest).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        for good in [
            "usage = { requests-per-s = 0.5, burst = 1, concurrency = 1, tokens-per-day = 1 }",
            "routes = ['/']\n[tenant.t]\nrequests-per-s = 1",
            "routes = ['chat', '/v1']\n[[route]]\nname = 'chat'\npath = '/'\n[[route]]\npath = '/v1'",
        ] {
            assert_eq!(said(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn requests_are_bounded_by_number_and_by_how_many_go_on() {
        let all = with_key_a("usage = { requests-per-s = 0.001, burst = 3, concurrency = 2 }");
        let ledger = ledger();
        let given = headers("x-api-key", "key-a");
        let admit = || admit(&all, &given, "/", &ledger);
        let first = admit().unwrap();
        let second = admit().unwrap();
        assert!(matches!(admit(), Err(Turned::TooMuch(_))));
        drop(first);
        let _third = admit().unwrap();
        drop(second);
        assert!(matches!(admit(), Err(Turned::TooMuch(_))), "the burst is used up");
    }

    #[test]
    fn requests_in_progress_count_under_the_next_configuration_too() {
        let plans = [(); 2].map(|()| with_key_a("usage = { concurrency = 1 }"));
        let (ledger, given) = (ledger(), headers("x-api-key", "key-a"));
        let first = admit(&plans[0], &given, "/", &ledger).unwrap();
        assert!(matches!(admit(&plans[1], &given, "/", &ledger), Err(Turned::TooMuch(_))));
        drop(first);
        assert!(admit(&plans[1], &given, "/", &ledger).is_ok());
    }

    #[test]
    fn a_tenants_budget_is_shared_by_its_keys_and_owes_what_was_answered() {
        let digests = ["key-a", "key-b"].map(|key| bartizan_core::hex(&Sha256::digest(key)));
        let keys = digests
            .map(|digest| format!("[[key]]\nname = '{digest}'\ntenant = 't'\nsha256 = '{digest}'\n"))
            .concat();
        let all = identities(&format!("{keys}[tenant.t]\ntokens-per-day = 100\n"));
        let (ledger, now) = (ledger(), Instant::now());
        let of = |key: &str| admit(&all, &headers("x-api-key", key), "/", &ledger).unwrap();
        at_once(of("key-a").spend(&ledger, 60, now)).unwrap();
        of("key-a").owe(&ledger, 60, now);
        assert!(matches!(at_once(of("key-b").spend(&ledger, 1, now)), Err(Turned::TooMuch(_))));
    }

    #[test]
    fn a_lineage_spends_its_own_budget_and_nobody_elses() {
        let digests = ["key-a", "key-b"].map(|key| bartizan_core::hex(&Sha256::digest(key)));
        let [a, b] = digests.map(|digest| format!("sha256 = '{digest}'\n"));
        let all = identities(&format!(
            "[[key]]\nname = 'a'\n{a}[[key]]\nname = 'b'\n{b}lineage = {{ requests = 1 }}\n[lineage]\nheader = 'x-task'\nusage = {{ requests = 2, tokens = 100 }}\n"
        ));
        let (ledger, now) = (ledger(), Instant::now());
        let of = |key: &str, task: Option<&str>| {
            let mut given = headers("x-api-key", key);
            if let Some(task) = task {
                given.insert("x-task", task.parse().unwrap());
            }
            at_once(all.admit(&given, "/", &ledger, now)).map(Option::unwrap)
        };
        assert!(of("key-a", Some("1")).is_ok() && of("key-a", Some("1")).is_ok());
        assert!(matches!(of("key-a", Some("1")), Err(Turned::TooMuch(_))));
        // Another lineage, those without one, and the same name under another key, which says how much it may use itself.
        assert!(of("key-a", Some("2")).is_ok() && of("key-a", None).is_ok());
        assert!(of("key-b", Some("1")).is_ok() && of("key-b", Some("1")).is_err());
        let one = of("key-a", Some("3")).unwrap();
        at_once(one.spend(&ledger, 60, now)).unwrap();
        one.owe(&ledger, 60, now);
        assert!(matches!(at_once(one.spend(&ledger, 1, now)), Err(Turned::TooMuch(_))));
        at_once(of("key-a", Some("4")).unwrap().spend(&ledger, 60, now)).unwrap();
    }

    #[test]
    fn lineages_need_keys_and_a_table() {
        let error = |toml: &str| made(toml).unwrap_err().to_string();
        assert!(error("[lineage]\nusage = { requests = 1 }").contains("there is no [[guard.key]]"));
        let key = format!("[[key]]\nname = 'a'\nsha256 = '{}'\n", "0".repeat(64));
        assert!(error(&format!("{key}lineage = {{ requests = 1 }}")).contains("[guard.lineage]"));
        assert!(error(&format!("{key}lineage = {{ tokens = 0 }}\n[lineage]")).contains("key a: tokens"));
        let refusing = identities(&format!(
            "[[key]]\nname = 'a'\nsha256 = '{}'\n[lineage]\nmissing = 'refused'\n",
            bartizan_core::hex(&Sha256::digest("key-a"))
        ));
        let ledger = ledger();
        let nameless = admit(&refusing, &headers("x-api-key", "key-a"), "/", &ledger);
        assert_eq!(nameless.err(), Some(Turned::Nameless));
        assert_eq!(ledger.memory.in_progress("a").load(Ordering::Relaxed), 0);
    }
}
