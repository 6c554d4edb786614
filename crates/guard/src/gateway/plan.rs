//! A configuration made ready to serve: [`Plan`].

use super::Gateway;
use super::error::GatewayError;
use super::identity::{Identities, Ledger};
use super::shared::Shared;
use super::upstream::{Endpoint, Upstream, connector};
use crate::check::{Checks, Policy};
use crate::protocol::{JsonLimits, Protocol, Speakers};
use crate::settings::{
    CounterOptions, Enforcement, GuardOptions, LimitOptions, OnFailure, RouteOptions, TlsOptions,
    UpstreamOptions,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;

/// What a plan may ask of the machine.
pub struct Surroundings<'s> {
    /// Reads a file that the configuration names.
    pub files: &'s dyn Fn(&Path) -> io::Result<Vec<u8>>,
    /// The value of an environment variable.
    pub environment: &'s dyn Fn(&str) -> Option<String>,
    /// The root certificates of this machine, in DER; asked for when an upstream needs them.
    pub roots: &'s dyn Fn() -> Vec<Vec<u8>>,
    /// The digests of a file or folder that is served as a model, read anew.
    pub digests: Digests,
}

/// The digests of a file or folder, by any of which it may have been admitted; why there are none, for people.
pub type Digests = Arc<dyn Fn(&Path) -> Result<Vec<String>, String> + Send + Sync>;

/// A configuration made ready to serve.
pub struct Plan {
    pub(super) limits: LimitOptions,
    routes: Vec<Route>,
    pub(super) identities: Identities,
    pub(super) tls: Option<TlsAcceptor>,
    /// SHA-256 of the configuration, in hexadecimal digits. Credentials are no part of it.
    pub(super) digest: String,
    pub(super) shared: Option<Arc<Shared>>,
    upstreams: Vec<Arc<Upstream>>,
    digests: Digests,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Plan")
            .field("digest", &self.digest)
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}

/// One kind of request, made ready.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) name: String,
    path: String,
    protocol: Option<Protocol>,
    pub(super) mode: Enforcement,
    pub(super) on_failure: OnFailure,
    pub(super) policy: Arc<NamedPolicy>,
    pub(super) shadow: Option<Arc<NamedPolicy>>,
    /// Whether WebSockets pass where what cannot be judged does not.
    pub(super) websocket: bool,
    /// Who speaks where in JSON of any form.
    pub(super) speakers: Arc<Speakers>,
    upstreams: Vec<Arc<Upstream>>,
    turn: AtomicU64,
}

/// A policy with its checks.
#[derive(Debug)]
pub(super) struct NamedPolicy {
    pub(super) name: String,
    /// SHA-256 of the policy and of the digests of the files that it names, in hexadecimal digits.
    pub(super) digest: String,
    pub(super) checks: Checks,
}

impl Plan {
    /// Makes a configuration ready.
    ///
    /// # Errors
    /// [`GatewayError`] names what of it cannot be used.
    pub fn new(options: &GuardOptions, surroundings: &Surroundings<'_>) -> Result<Self, GatewayError> {
        let upstreams = upstreams(options, surroundings)?;
        let mut policies = BTreeMap::new();
        let named = |name: &str, policy: &Policy| -> Result<Arc<NamedPolicy>, GatewayError> {
            // A file that is named decides as much as what names it.
            let named = RefCell::new(BTreeMap::new());
            let files = |path: &Path| {
                let bytes = (surroundings.files)(path)?;
                named.borrow_mut().insert(path.to_owned(), bartizan_core::hex(&Sha256::digest(&bytes)));
                Ok(bytes)
            };
            let checks = Checks::new(policy, &files)
                .map_err(|error| GatewayError::Policy { policy: name.to_owned(), error })?;
            let named = named.into_inner();
            let digest = if named.is_empty() { digest_of(policy) } else { digest_of(&(policy, &named)) };
            Ok(Arc::new(NamedPolicy { name: name.to_owned(), digest, checks }))
        };
        policies.insert("default".to_owned(), named("default", &options.checks)?);
        for (name, policy) in &options.policies {
            if policies.insert(name.clone(), named(name, policy)?).is_some() {
                return Err(GatewayError::Twice { kind: "policy", name: name.clone() });
            }
        }
        let all = [RouteOptions { path: "/".to_owned(), ..RouteOptions::default() }];
        let given = if options.route.is_empty() { &all[..] } else { &options.route };
        let mut routes = Vec::new();
        for one in given {
            routes.push(route(one, options, &upstreams, &policies)?);
        }
        routes.sort_by(|a, b| b.path.len().cmp(&a.path.len()).then(a.path.cmp(&b.path)));
        if let Some(twice) = routes.windows(2).find_map(|pair| match pair {
            [a, b] if a.path == b.path => Some(a.path.clone()),
            _ => None,
        }) {
            return Err(GatewayError::Twice { kind: "route", name: twice });
        }
        let tls = options.tls.as_ref().map(|tls| acceptor(tls, surroundings)).transpose()?;
        let identities = Identities::new(options)?;
        let digests = Arc::clone(&surroundings.digests);
        let digest = digest_of(options);
        let shared = options.counters.as_ref().map(|one| counters(one, surroundings)).transpose()?;
        Ok(Self { limits: options.limits, routes, identities, tls, digest, shared, upstreams, digests })
    }

    /// The route of a path, and the protocol spoken there.
    pub(super) fn route(&self, path: &str) -> Option<(&Route, Protocol)> {
        let path = normal(path);
        let route = self.routes.iter().find(|route| route.takes(&path))?;
        Some((route, route.protocol.or_else(|| Protocol::of_path(&path)).unwrap_or(Protocol::Json)))
    }

    /// Where is counted under this plan.
    pub(super) fn ledger(&self, gateway: &Gateway) -> Ledger {
        Ledger { memory: Arc::clone(&gateway.counters), shared: self.shared.clone() }
    }

    pub(super) fn json_limits(&self) -> JsonLimits {
        JsonLimits { depth: self.limits.nesting, values: self.limits.values }
    }

    /// Looks at which models the upstreams serve; those whose interval is over when `due` says so. Until this was done, an upstream
    /// whose model is limited is asked nothing. Each upstream is asked by itself: one that hangs delays no other, and is not asked again while it does.
    pub(super) fn look_at_models(&self, due: impl Fn(Duration) -> bool) -> JoinSet<()> {
        let mut looks = JoinSet::new();
        for upstream in &self.upstreams {
            if upstream.model.as_ref().is_some_and(|model| due(model.interval)) {
                let (upstream, digests) = (Arc::clone(upstream), Digests::clone(&self.digests));
                looks.spawn(async move {
                    if let Some(model) = &upstream.model {
                        model.look(&upstream, &digests).await;
                    }
                });
            }
        }
        looks
    }

    /// Every policy that a route judges by.
    pub(super) fn policies(&self) -> impl Iterator<Item = &Arc<NamedPolicy>> {
        self.routes.iter().flat_map(|route| std::iter::once(&route.policy).chain(&route.shadow))
    }

    /// Closes connections to upstreams that nobody needed for long.
    pub(super) fn close_idle(&self, now: Instant) {
        self.upstreams.iter().for_each(|upstream| upstream.close_idle(now));
    }

    /// Whether the models of any upstream are limited.
    pub(super) fn has_models(&self) -> bool {
        self.upstreams.iter().any(|upstream| upstream.model.is_some())
    }

    /// Upstreams whose models are limited: name, and the digest of the model, or why it is not admitted.
    pub(super) fn models(&self) -> impl Iterator<Item = (&str, Result<String, String>)> {
        self.upstreams.iter().filter_map(|one| Some((one.name.as_str(), one.model.as_ref()?.admitted())))
    }

    /// A route that no upstream can answer, because none serves a model that was admitted.
    pub(super) fn route_without_model(&self) -> Option<&str> {
        let bare = |route: &&Route| route.upstreams.iter().all(|one| !one.may_serve());
        self.routes.iter().find(bare).map(|route| route.name.as_str())
    }

    /// The names of the upstreams, in order.
    pub fn upstream_names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.routes.iter().flat_map(|route| &route.upstreams).map(|one| one.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }
}

impl Route {
    /// Whether neither it nor the path says for certain what is spoken there.
    pub(super) fn goes_by_shape(&self, path: &str) -> bool {
        self.protocol.is_none() && Protocol::goes_by_shape(&normal(path))
    }

    fn takes(&self, path: &str) -> bool {
        let base = self.path.trim_end_matches('/');
        path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Its upstreams, the one whose turn it is first: of those that may be asked now each comes as often as its weight says, so that all
    /// of them take over what another cannot serve. Those that may not come last.
    pub(super) fn upstreams(&self, now: Instant) -> Vec<&Arc<Upstream>> {
        let may_ask = |one: &&Arc<Upstream>| one.circuit.is_due(now) && one.may_serve();
        let (mut all, others): (Vec<_>, Vec<_>) = self.upstreams.iter().partition(may_ask);
        let total: u64 = all.iter().map(|one| u64::from(one.weight)).sum();
        let mut turn = self.turn.fetch_add(1, Ordering::Relaxed).checked_rem(total).unwrap_or_default();
        let first = all.iter().position(|one| match turn.checked_sub(u64::from(one.weight)) {
            Some(rest) => {
                turn = rest;
                false
            }
            None => true,
        });
        all.rotate_left(first.unwrap_or_default());
        all.extend(others);
        all
    }
}

fn acceptor(tls: &TlsOptions, surroundings: &Surroundings<'_>) -> Result<TlsAcceptor, GatewayError> {
    let subject = || "tls".to_owned();
    let wrong = |problem: String| GatewayError::Tls { subject: subject(), problem };
    let read = |path: &Path| {
        (surroundings.files)(path).map_err(|error| GatewayError::File {
            subject: subject(),
            path: path.to_owned(),
            error,
        })
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read(&tls.certificate)?)
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(format!("the certificate cannot be read: {error}")))?;
    let key = PrivateKeyDer::from_pem_slice(&read(&tls.key)?).map_err(|error| {
        wrong(format!("the private key cannot be read: {error}; give it in PEM without a passphrase"))
    })?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| wrong(error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn counters(options: &CounterOptions, surroundings: &Surroundings<'_>) -> Result<Arc<Shared>, GatewayError> {
    let subject = || "counters".to_owned();
    let read = |path: &Path| {
        (surroundings.files)(path).map_err(|error| GatewayError::File {
            subject: subject(),
            path: path.to_owned(),
            error,
        })
    };
    let password = credential(
        &subject(),
        ("password-env", options.password_env.as_ref()),
        ("password-file", options.password_file.as_deref()),
        surroundings,
    )?;
    let mut own = [0; 16];
    let provider = aws_lc_rs::default_provider();
    provider.secure_random.fill(&mut own).map_err(|_| GatewayError::Tls {
        subject: subject(),
        problem: "the system gives no randomness".to_owned(),
    })?;
    let tls = || {
        let roots = options.roots.as_deref().map(read).transpose()?;
        let machine = if roots.is_none() { (surroundings.roots)() } else { Vec::new() };
        connector("counters", roots.as_deref(), &machine, &[])
    };
    Shared::new(options, password.as_deref(), bartizan_core::hex(&own), tls).map(Arc::new)
}

/// A secret that a variable or a file holds: one of both, each by the name of its setting.
fn credential(
    subject: &str,
    (variable_key, variable): (&str, Option<&String>),
    (file_key, file): (&str, Option<&Path>),
    surroundings: &Surroundings<'_>,
) -> Result<Option<String>, GatewayError> {
    let wrong = |problem: String| GatewayError::Value { subject: subject.to_owned(), problem };
    match (variable, file) {
        (Some(_), Some(_)) => Err(wrong(format!("{variable_key} and {file_key} are both given; keep one"))),
        (Some(variable), None) => (surroundings.environment)(variable).map(Some).ok_or_else(|| {
            GatewayError::Credential { subject: subject.to_owned(), variable: variable.clone() }
        }),
        (None, Some(path)) => {
            let bytes = (surroundings.files)(path).map_err(|error| GatewayError::File {
                subject: subject.to_owned(),
                path: path.to_owned(),
                error,
            })?;
            let text = String::from_utf8_lossy(&bytes).trim().to_owned();
            if text.is_empty() {
                return Err(wrong(format!("{file_key}: {} is empty", path.display())));
            }
            Ok(Some(text))
        }
        (None, None) => Ok(None),
    }
}

fn upstreams(
    options: &GuardOptions,
    surroundings: &Surroundings<'_>,
) -> Result<Vec<Arc<Upstream>>, GatewayError> {
    if options.upstream.is_empty() {
        return Err(GatewayError::NoUpstream);
    }
    let over_tls = |one: &UpstreamOptions| one.url.starts_with("https:") && one.roots.is_none();
    let machine_roots =
        if options.upstream.iter().any(over_tls) { (surroundings.roots)() } else { Vec::new() };
    let mut made: Vec<Arc<Upstream>> = Vec::new();
    for one in &options.upstream {
        if made.iter().any(|other| other.name == one.name) {
            return Err(GatewayError::Twice { kind: "upstream", name: one.name.clone() });
        }
        let subject = format!("upstream {}", one.name);
        let read = |path: &Path| {
            (surroundings.files)(path).map_err(|error| GatewayError::File {
                subject: subject.clone(),
                path: path.to_owned(),
                error,
            })
        };
        let wrong =
            |problem: &str| GatewayError::Value { subject: subject.clone(), problem: problem.to_owned() };
        let credential = credential(
            &subject,
            ("credential-env", one.credential_env.as_ref()),
            ("credential-file", one.credential_file.as_deref()),
            surroundings,
        )?;
        if one.credential_header.is_some() && credential.is_none() {
            return Err(wrong(
                "credential-header carries a credential, and there is none; give credential-env or credential-file",
            ));
        }
        if one.roots.is_some() && one.url.starts_with("http:") {
            return Err(wrong("roots are for https:// and the address begins with http://"));
        }
        made.push(Arc::new(Upstream::new(&Endpoint {
            name: &one.name,
            url: &one.url,
            weight: one.weight.unwrap_or(1),
            credential,
            credential_header: one.credential_header.as_deref(),
            roots: one.roots.as_deref().map(read).transpose()?,
            machine_roots: &machine_roots,
            connect: Duration::from_millis(options.limits.connect_ms),
            model: one.model.as_ref(),
            on_failure: options.on_failure,
        })?));
    }
    Ok(made)
}

fn route(
    one: &RouteOptions,
    options: &GuardOptions,
    upstreams: &[Arc<Upstream>],
    policies: &BTreeMap<String, Arc<NamedPolicy>>,
) -> Result<Route, GatewayError> {
    let name = one.name.clone().unwrap_or_else(|| one.path.clone());
    let subject = format!("route {name}");
    if !one.path.starts_with('/') {
        let problem = format!("the path {} does not begin with /", one.path);
        return Err(GatewayError::Value { subject, problem });
    }
    if let Some(protocol) =
        one.protocol.filter(|protocol| *protocol != Protocol::Json && !one.speakers.is_empty())
    {
        let problem = format!(
            "speakers tell who speaks in JSON of any form, and the protocol {} says that itself; leave them out, or give protocol = 'json'",
            protocol.name()
        );
        return Err(GatewayError::Value { subject, problem });
    }
    let policy = |named: &str| {
        policies.get(named).cloned().ok_or_else(|| GatewayError::Unknown {
            subject: subject.clone(),
            kind: "policy",
            name: named.to_owned(),
        })
    };
    let mut chosen = Vec::new();
    for named in &one.upstream {
        let found = upstreams.iter().find(|other| other.name == *named);
        chosen.push(Arc::clone(found.ok_or_else(|| GatewayError::Unknown {
            subject: subject.clone(),
            kind: "upstream",
            name: named.clone(),
        })?));
    }
    if one.upstream.is_empty() {
        chosen = upstreams.to_vec();
    }
    Ok(Route {
        path: normal(&one.path).into_owned(),
        protocol: one.protocol,
        mode: one.mode.unwrap_or(options.mode),
        on_failure: one.on_failure.unwrap_or(options.on_failure),
        policy: policy(one.policy.as_deref().unwrap_or("default"))?,
        shadow: one.shadow.as_deref().map(policy).transpose()?,
        websocket: one.websocket,
        speakers: Arc::new(
            Speakers::new(&one.speakers).map_err(|error| GatewayError::Value {
                subject: subject.clone(),
                problem: error.to_string(),
            })?,
        ),
        upstreams: chosen,
        turn: AtomicU64::new(0),
        name,
    })
}

/// A path as an upstream may read it: percent-encodings of plain characters decoded, double slashes and dots taken away. Only for
/// telling what it is; what is sent is what came.
fn normal(path: &str) -> Cow<'_, str> {
    if is_normal(path) { Cow::Borrowed(path) } else { Cow::Owned(normalised(path)) }
}

fn normalised(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (first, digit(after.first()), digit(after.get(1))) {
            bytes.push((high * 16 + low) as u8);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    let decoded = String::from_utf8_lossy(&bytes);
    let mut parts: Vec<&str> = Vec::new();
    for part in decoded.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            // Parameters of a path segment are nobody's business.
            other => parts.push(other.split(';').next().unwrap_or_default()),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Whether a path is written as [`normal`] writes it, as most are.
fn is_normal(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'/');
    path.bytes().all(plain)
        && path.starts_with('/')
        && !path.contains("//")
        && (path.len() == 1 || !path.ends_with('/'))
}

fn digest_of(value: &impl serde::Serialize) -> String {
    // Options are plain tables; they always have a JSON form.
    let json = serde_json::to_vec(value).unwrap_or_default();
    bartizan_core::hex(&Sha256::digest(json))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A plan from TOML on a machine that has nothing but the variable `KEY`.
    pub(crate) fn plan(toml: &str) -> Result<Plan, GatewayError> {
        let options: GuardOptions = toml::from_str(toml).unwrap();
        let nothing = |_: &Path| Err(io::Error::from(io::ErrorKind::NotFound));
        let environment = |name: &str| (name == "KEY").then(|| "secret".to_owned());
        let digests: Digests = Arc::new(|_: &Path| Err("there are no models here".to_owned()));
        let surroundings =
            Surroundings { files: &nothing, environment: &environment, roots: &Vec::new, digests };
        Plan::new(&options, &surroundings)
    }

    #[test]
    fn the_digest_of_a_policy_is_another_when_a_file_that_it_names_is() {
        let toml = format!("{TWO}[checks.request-schema]\nfile = 'chat.json'");
        let options: GuardOptions = toml::from_str(&toml).unwrap();
        let digest = |schema: &'static str| {
            let surroundings = Surroundings {
                files: &|_: &Path| Ok(schema.as_bytes().to_vec()),
                environment: &|_| None,
                roots: &Vec::new,
                digests: Arc::new(|_: &Path| Ok(Vec::new())),
            };
            Plan::new(&options, &surroundings).unwrap().policies().next().unwrap().digest.clone()
        };
        assert_eq!(digest("{}"), digest("{}"));
        assert_ne!(digest("{}"), digest("{\"type\": \"object\"}"));
    }

    proptest::proptest! {
        #[test]
        fn a_path_that_is_normal_is_written_as_it_is(path in "/?([a-z0-9._%;A-Z-]{0,4}/?){0,6}") {
            proptest::prop_assert!(!is_normal(&path) || normalised(&path) == path);
            proptest::prop_assert_eq!(normal(&path).into_owned(), normalised(&path));
        }
    }

    #[test]
    fn paths_of_protocols_are_normal() {
        assert!(is_normal("/v1/chat/completions") && is_normal("/") && is_normal("/v1/messages"));
        assert!(!is_normal("/v1/../x") && !is_normal("/v1//x") && !is_normal("/v1/") && !is_normal("v1"));
    }

    const TWO: &str =
        "[[upstream]]\nname='a'\nurl='http://a'\nweight=2\n[[upstream]]\nname='b'\nurl='http://b'\n";

    #[test]
    fn without_routes_everything_goes_to_all_upstreams_by_weight() {
        let plan = plan(TWO).unwrap();
        let (route, protocol) = plan.route("/v1/chat/completions").unwrap();
        assert_eq!(protocol, Protocol::OpenaiChat);
        let now = Instant::now();
        let firsts: Vec<_> = (0..6).map(|_| route.upstreams(now)[0].name.clone()).collect();
        assert_eq!(firsts, ["a", "a", "b", "a", "a", "b"]);
        assert_eq!(route.upstreams(now).len(), 2);
    }

    #[test]
    fn what_one_upstream_cannot_serve_is_shared_by_the_others_as_their_weights_say() {
        let toml = format!("{TWO}[[upstream]]\nname='c'\nurl='http://c'\nweight=3\n");
        let plan = plan(&toml).unwrap();
        let (route, _) = plan.route("/").unwrap();
        let now = Instant::now();
        (0..5).for_each(|_| route.upstreams[0].circuit.went(false, now));
        let count = |name: &str| (0..40).filter(|_| route.upstreams(now)[0].name == name).count();
        assert_eq!(["a", "b", "c"].map(count), [0, 10, 30]);
        assert_eq!(route.upstreams(now)[2].name, "a");
    }

    #[test]
    fn a_disguised_path_is_the_same_route_and_protocol() {
        let toml = format!("{TWO}[[route]]\npath='/v1'\nupstream=['b']\n[[route]]\npath='/'\n");
        let plan = plan(&toml).unwrap();
        for path in [
            "/v1/chat/completions",
            "//v1/chat//completions/",
            "/v1/chat%2Fcompletion%73",
            "/x/../v1/./chat/completions;a=b",
            "/%76%31/chat/completions",
        ] {
            let (route, protocol) = plan.route(path).unwrap();
            assert_eq!((route.name.as_str(), protocol), ("/v1", Protocol::OpenaiChat), "{path}");
        }
        assert_eq!(plan.route("/v10/chat").unwrap().0.name, "/");
        assert_eq!(plan.route("/elsewhere").unwrap().1, Protocol::Json);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let error = |toml: &str| plan(&format!("{TWO}{toml}")).unwrap_err().to_string();
        assert!(error("[[route]]\npath='/'\nupstream=['c']").contains("upstream c"));
        assert!(error("[[route]]\npath='/'\npolicy='c'").contains("policy c"));
        assert!(error("[[route]]\npath='v1'").contains("begin with /"));
        assert!(error("[[route]]\npath='/a'\n[[route]]\npath='/a/'").contains("two of the route"));
        assert!(error("[[upstream]]\nname='a'\nurl='http://c'").contains("two of the upstream a"));
        assert!(
            error("[[upstream]]\nname='c'\nurl='http://c'\ncredential-env='NONE'")
                .contains("NONE is not set")
        );
        assert!(
            error("[[route]]\npath='/'\nprotocol='openai-chat'\nspeakers={'/a'='user'}")
                .contains("speakers tell")
        );
        assert!(
            plan(&format!("{TWO}[[route]]\npath='/'\nprotocol='json'\nspeakers={{'/a'='user'}}")).is_ok()
        );
        let upstream = |rest: &str| error(&format!("[[upstream]]\nname='c'\nurl='http://c'\n{rest}"));
        assert!(upstream("credential-env='KEY'\ncredential-file='f'").contains("both given"));
        assert!(upstream("credential-header='x-key'").contains("credential-header"));
        assert!(upstream("roots='r.pem'").contains("roots"));
        assert!(plan("").unwrap_err().to_string().contains("--upstream"));
    }
}
