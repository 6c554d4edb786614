//! Which model an upstream serves, and whether it is one that was admitted: [`ServedModel`].
//!
//! What is served is looked at when the gateway begins, before another configuration is taken up, and at an interval. Until it is known,
//! and while it is another, the upstream is asked nothing.

use super::error::GatewayError;
use super::plan::Digests;
use super::upstream::Upstream;
use crate::settings::{OnFailure, ServedModelOptions};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::header::{ACCEPT, HeaderName, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Method};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often it is looked at where nothing is said.
const INTERVAL: Duration = Duration::from_mins(1);
/// Longest that an upstream may take to say what it serves.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer to that question, in bytes.
const LONGEST: usize = 4 << 20;
/// Hexadecimal digits of a SHA-256.
const DIGITS: usize = 64;

/// Which model an upstream may serve, and what is known about the one it does.
#[derive(Debug)]
pub(super) struct ServedModel {
    admitted: Vec<String>,
    source: Source,
    pub(super) interval: Duration,
    on_failure: OnFailure,
    known: Mutex<Known>,
    /// Held while it is looked at.
    looking: tokio::sync::Mutex<()>,
}

/// Where the digest of the served model comes from.
#[derive(Debug)]
enum Source {
    /// A file or folder on this machine, digested here.
    Path(PathBuf),
    /// A reference that holds it.
    Image(Option<String>),
    /// The upstream says it.
    Endpoint(PathAndQuery, Place),
}

/// Where in the upstream's answer it stands.
#[derive(Debug)]
enum Place {
    Pointer(String),
    Header(HeaderName),
}

/// What is known about the served model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing yet.
    Nothing,
    /// It is this one, which was admitted.
    Admitted(String),
    /// It is none that was admitted, or cannot be told; why, in words of ours.
    Refused(String),
}

impl ServedModel {
    pub(super) fn new(
        upstream: &str,
        options: &ServedModelOptions,
        on_failure: OnFailure,
    ) -> Result<Self, GatewayError> {
        let wrong = |problem: String| GatewayError::Value {
            subject: format!("the model of upstream {upstream}"),
            problem,
        };
        let mut admitted = Vec::new();
        for one in &options.admitted {
            let digest = digest_in(one);
            admitted.push(digest.ok_or_else(|| {
                wrong(format!("{one} is no digest; give sha256: or dirHash: and 64 hexadecimal digits"))
            })?);
        }
        if admitted.is_empty() {
            return Err(wrong("admitted names no digest; without one nothing could be served".to_owned()));
        }
        let source = match (&options.path, &options.image, &options.endpoint) {
            (Some(path), None, None) => Source::Path(path.clone()),
            (None, Some(image), None) => {
                Source::Image(image.rsplit_once('@').and_then(|(_, digest)| digest_in(digest)))
            }
            (None, None, Some(endpoint)) => {
                let path = endpoint.parse().ok().filter(|_| endpoint.starts_with('/'));
                let path = path.ok_or_else(|| wrong(format!("the endpoint {endpoint} is no path")))?;
                let place = match (&options.pointer, &options.header) {
                    (Some(pointer), None) if pointer.is_empty() || pointer.starts_with('/') => {
                        Place::Pointer(pointer.clone())
                    }
                    (None, Some(header)) => Place::Header(
                        header.parse().map_err(|_| wrong(format!("{header} is no name of a header")))?,
                    ),
                    _ => return Err(wrong("beside endpoint give either pointer or header".to_owned())),
                };
                Source::Endpoint(path, place)
            }
            _ => return Err(wrong("give one of path, image and endpoint".to_owned())),
        };
        let interval = options.interval_s.map_or(INTERVAL, |seconds| Duration::from_secs(seconds.max(1)));
        Ok(Self {
            admitted,
            source,
            interval,
            on_failure,
            known: Mutex::new(Known::Nothing),
            looking: tokio::sync::Mutex::new(()),
        })
    }

    /// What is known.
    pub(super) fn known(&self) -> Known {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The digest of the model, when it was admitted.
    ///
    /// # Errors
    /// Why the upstream is not asked.
    pub(super) fn admitted(&self) -> Result<String, String> {
        match self.known() {
            Known::Admitted(digest) => Ok(digest),
            Known::Refused(why) => Err(why),
            Known::Nothing => Err("which model it serves is not known yet".to_owned()),
        }
    }

    /// Looks at what is served. When that cannot be told, what was known stays where `on-failure` is open.
    pub(super) async fn look(&self, upstream: &Upstream, digests: &Digests) {
        let Ok(_alone) = self.looking.try_lock() else { return };
        let known = match self.digests(upstream, digests).await {
            Ok(found) => self.judged(&found),
            Err(why) if self.on_failure == OnFailure::Open && self.admitted().is_ok() => {
                let _ = why;
                return;
            }
            Err(why) => Known::Refused(why),
        };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }

    /// Whether an answer says that it comes from another model; what is known follows it.
    pub(super) fn is_belied_by(&self, headers: &HeaderMap) -> bool {
        let Source::Endpoint(_, Place::Header(name)) = &self.source else { return false };
        // Where it is said more than once, every time counts.
        let mut said = headers
            .get_all(name)
            .iter()
            .map(|value| self.judged(value.to_str().ok().and_then(digest_in).as_slice()));
        let Some(first) = said.next() else { return false };
        let known =
            said.fold(first, |worst, next| if matches!(worst, Known::Refused(_)) { worst } else { next });
        let belied = matches!(known, Known::Refused(_));
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
        belied
    }

    fn judged(&self, found: &[String]) -> Known {
        match found.iter().find(|digest| self.admitted.contains(digest)) {
            Some(digest) => Known::Admitted(digest.clone()),
            None => Known::Refused(match found.first() {
                Some(digest) => format!("it serves the model {digest}, which was not admitted"),
                None => "it names no digest of the model it serves".to_owned(),
            }),
        }
    }

    /// Names of the served model; more than one where the same content has several.
    async fn digests(&self, upstream: &Upstream, digests: &Digests) -> Result<Vec<String>, String> {
        match &self.source {
            Source::Image(digest) => Ok(digest.iter().cloned().collect()),
            Source::Path(path) => {
                let (path, digests) = (path.clone(), Digests::clone(digests));
                let read = tokio::task::spawn_blocking(move || digests(&path)).await;
                let read = read.unwrap_or_else(|_| Err("the model could not be digested".to_owned()))?;
                Ok(read.iter().filter_map(|digest| digest_in(digest)).collect())
            }
            Source::Endpoint(path, place) => {
                let unsaid = || "it cannot be asked which model it serves".to_owned();
                let asked = asked(upstream, path);
                let (headers, body) =
                    tokio::time::timeout(PATIENCE, asked).await.map_err(|_| unsaid())?.ok_or_else(unsaid)?;
                let text = match place {
                    Place::Header(name) => {
                        headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
                    }
                    Place::Pointer(pointer) => {
                        let json: serde_json::Value = serde_json::from_slice(&body).map_err(|_| unsaid())?;
                        json.pointer(pointer).and_then(serde_json::Value::as_str).map(str::to_owned)
                    }
                };
                Ok(text.as_deref().and_then(digest_in).into_iter().collect())
            }
        }
    }
}

/// Head and body of the upstream's answer, when it is a good one.
async fn asked(upstream: &Upstream, path: &PathAndQuery) -> Option<(HeaderMap, Bytes)> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some((name, value)) = upstream.credential() {
        headers.insert(name.clone(), value.clone());
    }
    let response = upstream.call(&Method::GET, path, &headers, &Bytes::new()).await;
    let response = response.ok().filter(|response| response.status().is_success())?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, LONGEST).collect().await.ok()?;
    Some((head.headers, body.to_bytes()))
}

/// A digest in normal form: of `sha256:HEX` or `dirHash:HEX`, of bare digits, and of what stands behind the `@` of a reference.
fn digest_in(text: &str) -> Option<String> {
    let text = text.trim().rsplit('@').next().unwrap_or_default();
    let (kind, digits) = match text.split_once(':') {
        Some((kind, digits)) if kind.eq_ignore_ascii_case("sha256") => ("sha256", digits),
        Some((kind, digits)) if kind.eq_ignore_ascii_case("dirhash") => ("dirHash", digits),
        Some(_) => return None,
        None => ("sha256", text),
    };
    let is_digest = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then(|| format!("{kind}:{}", digits.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(toml: &str) -> Result<ServedModel, GatewayError> {
        ServedModel::new("u", &toml::from_str(toml).unwrap(), OnFailure::Closed)
    }

    #[test]
    fn a_digest_is_one_however_it_is_written() {
        let digits = "ab".repeat(32);
        let whole = format!("sha256:{digits}");
        for text in [
            digits.clone(),
            digits.to_uppercase(),
            whole.clone(),
            format!(" registry.example/llm/qwen:7b@SHA256:{digits}\n"),
        ] {
            assert_eq!(digest_in(&text).as_deref(), Some(whole.as_str()), "{text}");
        }
        assert_eq!(digest_in(&format!("dirHash:{digits}")), Some(format!("dirHash:{digits}")));
        for text in ["", "latest", "sha256:abc", "sha512:00", &digits[1..], &format!("{digits}0")] {
            assert_eq!(digest_in(text), None, "{text}");
        }
    }

    #[test]
    fn a_table_that_could_admit_nothing_or_anything_is_refused() {
        let admitted = format!("admitted = ['sha256:{}']\n", "0".repeat(64));
        let error = |rest: &str| options(&format!("{admitted}{rest}")).unwrap_err().to_string();
        assert!(error("").contains("one of path, image and endpoint"));
        assert!(error("path = 'a'\nimage = 'b'").contains("one of"));
        assert!(error("endpoint = '/v1/models'").contains("either pointer or header"));
        assert!(error("endpoint = 'v1'\npointer = '/a'").contains("no path"));
        assert!(options("path = 'a'").unwrap_err().to_string().contains("names no digest"));
        assert!(options("admitted = ['latest']\npath = 'a'").unwrap_err().to_string().contains("latest"));
    }

    #[test]
    fn an_answer_that_names_another_model_belies_it_and_one_that_names_none_does_not() {
        let admitted = "0".repeat(64);
        let model =
            options(&format!("admitted = ['{admitted}']\nendpoint = '/'\nheader = 'x-model'")).unwrap();
        let headers = |value: &str| {
            HeaderMap::from_iter([(HeaderName::from_static("x-model"), value.parse().unwrap())])
        };
        assert!(model.admitted().unwrap_err().contains("not known yet"));
        assert!(!model.is_belied_by(&headers(&admitted)) && model.admitted().is_ok());
        assert!(!model.is_belied_by(&HeaderMap::new()) && model.admitted().is_ok());
        assert!(model.is_belied_by(&headers(&"1".repeat(64))));
        assert!(model.admitted().unwrap_err().contains("was not admitted"));
        assert!(model.is_belied_by(&headers("latest")));
        let mut twice = headers(&admitted);
        twice.extend(headers(&"1".repeat(64)));
        let one = twice.keys().next().cloned().unwrap();
        twice.append(one, admitted.parse().unwrap());
        assert!(model.is_belied_by(&twice));
    }
}
