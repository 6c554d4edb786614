//! Counters that several gateways share, in a server of the Redis protocol: [`Shared`].
//!
//! Every change is one Lua script, which the server runs whole: no gateway sees half of another's. The time is the server's, so gateways
//! need not agree on it. Needed is version 5 of Redis or any Valkey; one server, no cluster.

use super::counters::Take;
use super::error::GatewayError;
use super::resp::{Reply, RespError, command};
use crate::settings::{CounterOptions, OnFailure};
use hyper::Uri;
use rustls_pki_types::ServerName;
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Longest that the server may take, connecting included, where nothing is said.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long the server is left alone after it failed.
const AGAIN: Duration = Duration::from_secs(1);
/// Most connections without a command that are kept.
const MOST_KEPT: usize = 64;
/// How long a place among the requests in progress is kept when its gateway says no more, in seconds.
const LEASE_S: u64 = 60;
/// How often gateways say that their requests are still in progress.
const RENEWAL: Duration = Duration::from_secs(20);
/// Where the keys begin when nothing is said.
const PREFIX: &str = "bartizan:guard:";

/// Takes from every bucket or from none. Gives how long to wait, in seconds; a key that ran out is a full bucket.
const TAKE: &str = "\
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local wait, levels, ends = 0, {}, {}
for i, key in ipairs(KEYS) do
  local rate, most, amount = tonumber(ARGV[3*i-1]), tonumber(ARGV[3*i]), tonumber(ARGV[3*i+1])
  local held = redis.call('HMGET', key, 'level', 'at')
  local level, at = tonumber(held[1] or most), tonumber(held[2] or now)
  level = math.min(most, level + math.max(0, now - at) * rate)
  local need = math.min(amount, most)
  if ARGV[1] ~= '1' and level < need then wait = math.max(wait, (need - level) / rate) end
  levels[i] = level - amount
  ends[i] = math.min(100000000, math.ceil((most - levels[i]) / rate) + 60)
end
if wait == 0 then
  for i, key in ipairs(KEYS) do
    redis.call('HSET', key, 'level', string.format('%.17g', levels[i]), 'at', string.format('%.6f', now))
    redis.call('EXPIRE', key, ends[i])
  end
end
return string.format('%.6f', wait)";

/// Takes a place among those in progress, or keeps it: 1 when there is one.
const LEASE: &str = "\
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.6f', now))
local held = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not held and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], string.format('%.6f', now + tonumber(ARGV[3])), ARGV[1])
redis.call('EXPIRE', KEYS[1], tonumber(ARGV[3]) + 60)
return 1";

/// Why the server did not count.
#[derive(Debug, thiserror::Error)]
pub(super) enum SharedError {
    /// It cannot be reached, or hung up.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It does not speak the protocol.
    #[error(transparent)]
    Resp(#[from] RespError),
    /// It did not answer in time, or failed a moment ago.
    #[error("the server of the counters is left alone for a moment")]
    Down,
    /// It refused.
    #[error("the server of the counters said: {0}")]
    Said(String),
}

/// A server of counters.
pub(super) struct Shared {
    host: String,
    port: u16,
    tls: Option<TlsConnector>,
    /// What is said first on a connection.
    greeting: Vec<Vec<Vec<u8>>>,
    prefix: String,
    patience: Duration,
    /// What happens while it cannot be reached.
    pub(super) on_failure: OnFailure,
    idle: Mutex<Vec<Connection>>,
    down_until: Mutex<Option<Instant>>,
    failing: AtomicBool,
    failures: AtomicU64,
    /// Places held, by key; their names are this gateway's own.
    leases: Mutex<BTreeMap<u64, String>>,
    renewing: AtomicBool,
    name: String,
    count: AtomicU64,
}

/// A place among the requests in progress of a key, given back when dropped.
#[derive(Debug)]
pub(super) struct Lease {
    shared: Arc<Shared>,
    number: u64,
    key: String,
    /// Whether it is, or may be, held.
    is_held: bool,
}

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

struct Connection {
    wire: Box<dyn Wire>,
    read: Vec<u8>,
    /// Names of the two scripts on this server.
    scripts: [Vec<u8>; 2],
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Connection")
    }
}

impl std::fmt::Debug for Shared {
    /// Without what is said to the server, which holds the password.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = (self.host.as_str(), self.port);
        formatter.debug_struct("Shared").field("place", &place).finish_non_exhaustive()
    }
}

impl Shared {
    /// `name` is this gateway's own, unlike those of all others; `tls` is given for addresses of `rediss:`.
    pub(super) fn new(
        options: &CounterOptions,
        password: Option<&str>,
        name: String,
        tls: impl FnOnce() -> Result<TlsConnector, GatewayError>,
    ) -> Result<Self, GatewayError> {
        let wrong = |problem: &'static str| GatewayError::Url {
            name: "counters".to_owned(),
            url: options.url.clone(),
            problem,
        };
        let uri: Uri = options.url.parse().map_err(|_| wrong("it is no address"))?;
        let over_tls = match uri.scheme_str() {
            Some("redis") => false,
            Some("rediss") => true,
            _ => return Err(wrong("give redis:// or rediss:// before the host")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("an address holds no password; use password-env or password-file"));
        }
        let mut greeting: Vec<Vec<Vec<u8>>> = Vec::new();
        if let Some(password) = password {
            let words = [Some("AUTH"), options.username.as_deref(), Some(password)];
            greeting.push(words.into_iter().flatten().map(|word| word.as_bytes().to_vec()).collect());
        }
        let database = uri.path().trim_matches('/');
        if !database.is_empty() {
            let number: u32 = database.parse().map_err(|_| wrong("the path is no number of a database"))?;
            greeting.push(vec![b"SELECT".to_vec(), number.to_string().into_bytes()]);
        }
        Ok(Self {
            host: authority.host().trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: authority.port_u16().unwrap_or(6379),
            tls: over_tls.then(tls).transpose()?,
            greeting,
            prefix: options.prefix.clone().unwrap_or_else(|| PREFIX.to_owned()),
            patience: options.timeout_ms.map_or(PATIENCE, |ms| Duration::from_millis(ms.max(1))),
            on_failure: options.on_failure,
            idle: Mutex::default(),
            down_until: Mutex::default(),
            failing: AtomicBool::new(false),
            failures: AtomicU64::new(0),
            leases: Mutex::default(),
            renewing: AtomicBool::new(false),
            name,
            count: AtomicU64::new(0),
        })
    }

    /// Takes from all buckets or, when one has too little, from none; then how long to wait.
    pub(super) async fn take(&self, takes: &[Take], anyway: bool) -> Result<Option<Duration>, SharedError> {
        let keys: Vec<String> = takes.iter().map(|take| format!("{}{}", self.prefix, take.name)).collect();
        let mut words = vec![u8::from(anyway).to_string()];
        for take in takes {
            let rate = take.allowance.rate.max(1e-9);
            words.extend([rate.to_string(), take.allowance.most.to_string(), take.amount.to_string()]);
        }
        match self.run(0, &keys, &words).await? {
            Reply::Bulk(seconds) => {
                let seconds = std::str::from_utf8(&seconds)
                    .ok()
                    .and_then(|text| text.parse::<f64>().ok())
                    .filter(|seconds| seconds.is_finite());
                let seconds = seconds.ok_or_else(|| SharedError::Said("no number".to_owned()))?;
                let wait = Duration::from_secs_f64(seconds.clamp(0.001, 86_400.0));
                Ok((seconds > 0.0).then_some(wait))
            }
            other => Err(unexpected(&other)),
        }
    }

    /// A place among the requests in progress under a name, when there is one.
    pub(super) async fn lease(
        self: &Arc<Self>,
        name: &str,
        most: usize,
    ) -> Result<Option<Lease>, SharedError> {
        let key = format!("{}{name}", self.prefix);
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let words = [self.named(number), most.to_string(), LEASE_S.to_string()];
        // A place may be given to whoever no longer waits for it: it goes back in any case.
        let mut lease = Lease { shared: Arc::clone(self), number, key: key.clone(), is_held: true };
        match self.run(1, std::slice::from_ref(&key), &words).await? {
            Reply::Integer(1) => {
                self.leases.lock().unwrap_or_else(PoisonError::into_inner).insert(number, key);
                if !self.renewing.swap(true, Ordering::Relaxed) {
                    tokio::spawn(renew(Arc::downgrade(self)));
                }
                Ok(Some(lease))
            }
            Reply::Integer(_) => {
                lease.is_held = false;
                Ok(None)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Lines of metrics: whether it fails now, and how often it did.
    pub(super) fn write_metrics(&self, out: &mut String) {
        let failing = u8::from(self.failing.load(Ordering::Relaxed));
        let failures = self.failures.load(Ordering::Relaxed);
        out.push_str(&format!(
            "# HELP bartizan_guard_shared_counters_failing 1 while the server of the counters cannot be reached.\n# TYPE bartizan_guard_shared_counters_failing gauge\nbartizan_guard_shared_counters_failing {failing}\n# HELP bartizan_guard_shared_counters_failures_total Times that it did not count.\n# TYPE bartizan_guard_shared_counters_failures_total counter\nbartizan_guard_shared_counters_failures_total {failures}\n"
        ));
    }

    fn named(&self, number: u64) -> String {
        format!("{}/{number}", self.name)
    }

    /// Runs one of the scripts.
    async fn run(&self, script: usize, keys: &[String], words: &[String]) -> Result<Reply, SharedError> {
        {
            let mut down = self.down_until.lock().unwrap_or_else(PoisonError::into_inner);
            match *down {
                Some(until) if Instant::now() < until => {
                    self.failures.fetch_add(1, Ordering::Relaxed);
                    return Err(SharedError::Down);
                }
                _ => *down = None,
            }
        }
        let asking = self.asked(Asking::Script { script, keys, words });
        let outcome = match tokio::time::timeout(self.patience, asking).await {
            Ok(outcome) => outcome,
            Err(_) => Err(SharedError::Io(io::ErrorKind::TimedOut.into())),
        };
        self.failing.store(outcome.is_err(), Ordering::Relaxed);
        if outcome.is_err() {
            self.failures.fetch_add(1, Ordering::Relaxed);
            let until = Instant::now() + AGAIN;
            *self.down_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        }
        outcome
    }

    async fn asked(&self, asking: Asking<'_>) -> Result<Reply, SharedError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let kept = idle.is_some();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let mut outcome = connection.run(asking).await;
        // A connection that was kept may have been closed since, and a server that began anew knows no script.
        let stale = match &outcome {
            Err(_) => kept,
            Ok(Reply::Error(text)) => text.starts_with("NOSCRIPT"),
            Ok(_) => false,
        };
        if stale {
            connection = self.connect().await?;
            outcome = connection.run(asking).await;
        }
        let reply = outcome?;
        if let Reply::Error(text) = reply {
            return Err(SharedError::Said(text));
        }
        self.keep(connection);
        Ok(reply)
    }

    /// Keeps a connection on which nothing is left to read: what nobody asked for would be taken for the next answer.
    fn keep(&self, connection: Connection) {
        if !connection.read.is_empty() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_KEPT {
            idle.push(connection);
        }
    }

    async fn connect(&self) -> Result<Connection, SharedError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        let wire: Box<dyn Wire> = match &self.tls {
            None => Box::new(stream),
            Some(tls) => {
                let name = ServerName::try_from(self.host.clone()).map_err(io::Error::other)?;
                Box::new(tls.connect(name, stream).await?)
            }
        };
        let mut connection = Connection { wire, read: Vec::new(), scripts: Default::default() };
        for words in &self.greeting {
            let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
            if let Reply::Error(text) = connection.ask(&words).await? {
                return Err(SharedError::Said(text));
            }
        }
        for (place, text) in [TAKE, LEASE].into_iter().enumerate() {
            match connection.ask(&[b"SCRIPT", b"LOAD", text.as_bytes()]).await? {
                Reply::Bulk(name) => {
                    if let Some(slot) = connection.scripts.get_mut(place) {
                        *slot = name;
                    }
                }
                other => return Err(unexpected(&other)),
            }
        }
        Ok(connection)
    }

    /// Gives a place back; one that cannot be given back runs out by itself.
    async fn release(&self, key: String, number: u64) {
        let words = ["ZREM".to_owned(), key, self.named(number)];
        let _ = tokio::time::timeout(self.patience, self.asked(Asking::Words(&words))).await;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.shared.leases.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
        if let (true, Ok(runtime)) = (self.is_held, tokio::runtime::Handle::try_current()) {
            let (shared, number) = (Arc::clone(&self.shared), self.number);
            let key = std::mem::take(&mut self.key);
            runtime.spawn(async move { shared.release(key, number).await });
        }
    }
}

/// What is asked of the server.
#[derive(Debug, Clone, Copy)]
enum Asking<'a> {
    /// To run one of the scripts.
    Script { script: usize, keys: &'a [String], words: &'a [String] },
    /// A command.
    Words(&'a [String]),
}

impl Connection {
    async fn run(&mut self, asking: Asking<'_>) -> Result<Reply, SharedError> {
        match asking {
            Asking::Script { script, keys, words } => {
                let name = self.scripts.get(script).cloned().unwrap_or_default();
                let count = keys.len().to_string();
                let mut all: Vec<&[u8]> = vec![b"EVALSHA", &name, count.as_bytes()];
                all.extend(keys.iter().chain(words).map(String::as_bytes));
                self.ask(&all).await
            }
            Asking::Words(words) => {
                let all: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
                self.ask(&all).await
            }
        }
    }

    async fn ask(&mut self, words: &[&[u8]]) -> Result<Reply, SharedError> {
        self.wire.write_all(&command(words)).await?;
        self.wire.flush().await?;
        loop {
            if let Some((reply, length)) = Reply::read(&self.read)? {
                self.read.drain(..length);
                return Ok(reply);
            }
            if self.wire.read_buf(&mut self.read).await? == 0 {
                return Err(SharedError::Io(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }
}

/// Says of the requests in progress that they still are, as long as anybody counts.
async fn renew(shared: Weak<Shared>) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        let Some(shared) = shared.upgrade() else { return };
        let held = shared.leases.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (number, key) in held {
            let words = [shared.named(number), usize::MAX.to_string(), LEASE_S.to_string()];
            if shared.run(1, std::slice::from_ref(&key), &words).await.is_err() {
                break;
            }
        }
    }
}

fn unexpected(reply: &Reply) -> SharedError {
    SharedError::Said(match reply {
        Reply::Error(text) => text.clone(),
        _ => "something else than was asked".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(toml: &str) -> Result<Shared, GatewayError> {
        let options = toml::from_str(toml).unwrap();
        let none = || Err(GatewayError::NoUpstream);
        Shared::new(&options, Some("p"), "g".to_owned(), none)
    }

    #[test]
    fn an_address_gives_host_port_and_database_and_a_bad_one_says_why() {
        let one = shared("url = 'redis://counters.example/3'\nusername = 'u'").unwrap();
        assert_eq!((one.host.as_str(), one.port), ("counters.example", 6379));
        let said: Vec<String> =
            one.greeting.iter().map(|words| String::from_utf8(words.join(&b' ')).unwrap()).collect();
        assert_eq!(said, ["AUTH u p", "SELECT 3"]);
        assert_eq!(format!("{one:?}"), r#"Shared { place: ("counters.example", 6379), .. }"#);
        for (url, problem) in [
            ("http://a", "redis://"),
            ("redis://:pw@a", "no password"),
            ("redis://a/b", "number of a database"),
        ] {
            let error = shared(&format!("url = '{url}'")).unwrap_err().to_string();
            assert!(error.contains(problem), "{url}: {error}");
        }
    }
}
