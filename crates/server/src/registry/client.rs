//! Asking a registry: [`Registry`].

use super::challenge::{escaped, members, next_page};
use super::manifest::{LARGEST_MANIFEST, Manifest, ManifestError};
use super::reference::{Named, OciReference};
use crate::web::{Client, Got, MOST_REDIRECTS, PATIENCE, Place, Roots, WebError, broke_off, redirected};
use http_body_util::BodyExt as _;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{LINK, WWW_AUTHENTICATE};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

/// What is asked for: an artifact's manifest, or the index that says which there are.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
                         application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json";
/// Where a registry says what digest its answer has.
const DIGEST: &str = "docker-content-digest";
/// Slowest registry that is waited for, in bytes a second: a trickle never falls silent.
const SLOWEST: u64 = 64 << 10;
/// Largest list of tags and largest answer of a token service, in bytes.
const LARGEST_ANSWER: usize = 4 << 20;
/// Most pages of tags that are read.
const MOST_PAGES: usize = 100;

/// A name and a password for one registry. They are sent to it, and to the token service that it names over TLS, and nowhere else.
#[derive(Clone)]
pub struct Credentials {
    /// The registry, as references name it: `HOST` or `HOST:PORT`.
    pub host: String,
    /// The name.
    pub user: String,
    /// The password, or a token in its place.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Credentials")
    }
}

/// Why a registry does not give what is asked for.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The registry gives nothing.
    #[error(transparent)]
    Web(#[from] WebError),
    /// An answer that says no.
    #[error("{place} answers {status}{}", hint(*status))]
    Status {
        /// Host, and path.
        place: String,
        /// The status.
        status: u16,
    },
    /// Other bytes than their digest names.
    #[error("{place} gave bytes with the digest {found}, not {expected}: it is damaged, or lies")]
    Digest {
        /// Host, and path.
        place: String,
        /// What came.
        found: String,
        /// What was asked for.
        expected: String,
    },
    /// More than the caller wants.
    #[error("the artifact has {bytes} bytes; up to {most} are pulled")]
    TooLarge {
        /// What the manifest says.
        bytes: u64,
        /// The bound.
        most: u64,
    },
    /// A manifest that cannot be used.
    #[error("{reference}: {error}")]
    Manifest {
        /// The artifact.
        reference: String,
        /// What is wrong.
        #[source]
        error: ManifestError,
    },
    /// No artifact in particular was named.
    #[error("{0} names no artifact: add @sha256:…, since what a tag stands for can change")]
    NoDigest(String),
    /// The disk says no.
    #[error("cannot write {path}: {error}")]
    Disk {
        /// Where.
        path: String,
        /// What the system said.
        #[source]
        error: io::Error,
    },
}

fn hint(status: u16) -> &'static str {
    match status {
        401 | 403 => {
            "; set BARTIZAN_REGISTRY_HOST, BARTIZAN_REGISTRY_USER and BARTIZAN_REGISTRY_PASSWORD, or log in with docker, podman or oras"
        }
        404 => "; there is no such artifact",
        _ => "",
    }
}

/// What was pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// Its files, as the manifest names them.
    pub manifest: Manifest,
    /// Digest of the manifest.
    pub digest: String,
}

/// A registry that is asked, one question at a time.
pub struct Registry {
    web: Client,
    credentials: Vec<Credentials>,
    /// Tokens by host and repository.
    tokens: BTreeMap<String, String>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Registry")
    }
}

/// What a token service answers.
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Registry {
    /// A registry of any host. `roots` vouch for those with TLS; of `credentials` the first with its host is shown to it.
    ///
    /// # Errors
    /// [`RegistryError::Machine`].
    pub fn new(roots: Roots, credentials: Vec<Credentials>) -> Result<Self, RegistryError> {
        Ok(Self { web: Client::new(roots)?, credentials, tokens: BTreeMap::new() })
    }

    /// The tags of a repository, each with the digest it stands for now; in order of tag.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn tags(&mut self, repository: &OciReference) -> Result<Vec<(String, String)>, RegistryError> {
        #[derive(Deserialize)]
        struct Tags {
            #[serde(default)]
            tags: Option<Vec<String>>,
        }
        let mut path = format!("/v2/{}/tags/list?n=1000", repository.name);
        let mut tags = Vec::new();
        for page in 0.. {
            let place = at(repository, path);
            if page == MOST_PAGES {
                let problem = format!("has more than {MOST_PAGES} pages of tags");
                return Err(WebError::Answer { place: place.shown(), problem }.into());
            }
            let response = self.get(repository, &place, "application/json")?;
            let next = response.headers().get(LINK).and_then(|link| link.to_str().ok()).and_then(next_page);
            let body = self.web.body(response, &place, LARGEST_ANSWER)?;
            let read: Tags = serde_json::from_slice(&body).map_err(|error| WebError::Answer {
                place: place.shown(),
                problem: format!("gives no list of tags: {error}"),
            })?;
            tags.extend(read.tags.unwrap_or_default());
            let Some(next) = next else { break };
            // Tags that cannot be looked at are not left out in silence.
            let next = place.next(&next).filter(|next| next.authority == place.authority);
            path = next
                .ok_or_else(|| WebError::Answer {
                    place: place.shown(),
                    problem: "names a next page of tags that is not its own".to_owned(),
                })?
                .path;
        }
        tags.sort();
        tags.dedup();
        let mut found = Vec::new();
        for tag in tags {
            let named: OciReference = match format!("{repository}:{tag}").parse() {
                Ok(named) => named,
                // What is no tag cannot be pulled by it.
                Err(_) => continue,
            };
            let (_, digest) = self.manifest(&named)?;
            found.push((tag, digest));
        }
        Ok(found)
    }

    /// A manifest's bytes and their digest, held against the one that was asked for.
    fn manifest(&mut self, reference: &OciReference) -> Result<(Bytes, String), RegistryError> {
        let which = match &reference.named {
            Named::Digest(digest) => digest,
            Named::Tag(tag) => tag,
            Named::Repository => return Err(RegistryError::NoDigest(reference.to_string())),
        };
        let place = at(reference, format!("/v2/{}/manifests/{which}", reference.name));
        let response = self.get(reference, &place, MANIFESTS)?;
        let said = response.headers().get(DIGEST).and_then(|said| said.to_str().ok()).map(str::to_owned);
        let bytes = self.web.body(response, &place, LARGEST_MANIFEST)?;
        let mut hashing = Sha256::new();
        hashing.update(&bytes);
        let found = digest_of(hashing);
        if let Some(expected) = said.filter(|said| said.starts_with("sha256:") && *said != found) {
            return Err(RegistryError::Digest { place: place.shown(), found, expected });
        }
        match &reference.named {
            Named::Digest(expected) if *expected != found => {
                Err(RegistryError::Digest { place: place.shown(), found, expected: expected.clone() })
            }
            _ => Ok((bytes, found)),
        }
    }

    /// The digest that a reference stands for now, computed over the manifest or index that the registry gives for it; what the registry says
    /// the digest is has to be the same.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn digest(&mut self, reference: &OciReference) -> Result<String, RegistryError> {
        let (bytes, digest) = self.manifest(reference)?;
        // A page of somebody on the way has a digest as well.
        Manifest::is_one(&bytes)
            .map_err(|error| RegistryError::Manifest { reference: reference.to_string(), error })?;
        Ok(digest)
    }

    /// Pulls an artifact that is named by digest into an empty folder. A file is there under its name only when it has its digest.
    ///
    /// # Errors
    /// [`RegistryError`]; what was written until then stays.
    pub fn pull(
        &mut self,
        reference: &OciReference,
        folder: &Path,
        most_bytes: u64,
    ) -> Result<Pulled, RegistryError> {
        if !matches!(reference.named, Named::Digest(_)) {
            return Err(RegistryError::NoDigest(reference.to_string()));
        }
        let (bytes, digest) = self.manifest(reference)?;
        let manifest = Manifest::parse(&bytes)
            .map_err(|error| RegistryError::Manifest { reference: reference.to_string(), error })?;
        if manifest.bytes() > most_bytes {
            return Err(RegistryError::TooLarge { bytes: manifest.bytes(), most: most_bytes });
        }
        for file in &manifest.files {
            let place = at(reference, format!("/v2/{}/blobs/{}", reference.name, file.digest));
            let mut response = self.get(reference, &place, "*/*")?;
            let path = folder.join(&file.name);
            let failed = |error| RegistryError::Disk { path: path.display().to_string(), error };
            if let Some(above) = path.parent() {
                fs::create_dir_all(above).map_err(failed)?;
            }
            let mut out = fs::File::create_new(&path).map_err(failed)?;
            let mut hashing = Sha256::new();
            let mut left = file.size;
            let most_s = PATIENCE.as_secs().saturating_add(file.size / SLOWEST);
            let end = Instant::now().checked_add(Duration::from_secs(most_s));
            while let Some(frame) = self.web.waited(&place, response.body_mut().frame())? {
                let frame = frame.map_err(|error| broke_off(&place, &error))?;
                let Some(bytes) = frame.data_ref() else { continue };
                left = left.checked_sub(bytes.len() as u64).ok_or_else(|| WebError::Answer {
                    place: place.shown(),
                    problem: format!("gives more than the {} bytes that the manifest says", file.size),
                })?;
                hashing.update(bytes);
                out.write_all(bytes).map_err(failed)?;
                if end.is_some_and(|end| Instant::now() > end) {
                    return Err(WebError::Connection {
                        place: place.shown(),
                        problem: format!("it gives {} bytes no faster than in {most_s} seconds", file.size),
                    }
                    .into());
                }
            }
            let found = digest_of(hashing);
            if found != file.digest {
                drop(out);
                // Bytes that nobody named are not left under a name.
                let _ = fs::remove_file(&path);
                return Err(RegistryError::Digest {
                    place: place.shown(),
                    found,
                    expected: file.digest.clone(),
                });
            }
        }
        Ok(Pulled { manifest, digest })
    }

    /// Asks, shows who asks where that is wanted, and follows where it is sent.
    fn get(&mut self, reference: &OciReference, place: &Place, accept: &str) -> Result<Got, RegistryError> {
        let key = format!("{}/{}", reference.host, reference.name);
        let mut here = place.clone();
        let (mut challenged, mut redirects) = (false, 0);
        loop {
            let own = here.authority == place.authority && here.plain == place.plain;
            // To another host goes nothing that says who asks.
            let shown = own.then(|| self.tokens.get(&key).cloned()).flatten();
            let response = self.web.once(&here, accept, shown.as_deref())?;
            let status = response.status();
            if status == StatusCode::UNAUTHORIZED && own && !challenged {
                challenged = true;
                let challenge =
                    response.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
                if let Some(answer) = self.answered(reference, &here, challenge.unwrap_or_default())? {
                    self.tokens.insert(key.clone(), answer);
                    continue;
                }
            }
            if status.is_redirection() && redirects < MOST_REDIRECTS {
                redirects += 1;
                here = redirected(&response, &here)?;
                continue;
            }
            if status == StatusCode::OK {
                return Ok(response);
            }
            return Err(RegistryError::Status { place: here.shown(), status: status.as_u16() });
        }
    }

    /// What to show to a registry that asks who is there; none when there is nothing to show.
    fn answered(
        &self,
        reference: &OciReference,
        place: &Place,
        challenge: &str,
    ) -> Result<Option<String>, RegistryError> {
        let own = self.credentials.iter().find(|each| each.host.eq_ignore_ascii_case(&reference.host));
        let basic = own.map(|credentials| {
            format!("Basic {}", base64(format!("{}:{}", credentials.user, credentials.password).as_bytes()))
        });
        let (scheme, rest) = challenge.split_once(' ').unwrap_or((challenge, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Ok(basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Ok(None);
        }
        // Source: distribution specification of Docker, "Token Authentication".
        let members = members(rest);
        let member =
            |name: &str| members.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let Some(realm) = member("realm") else { return Ok(None) };
        let Some(mut service) = place.next(realm) else {
            return Err(WebError::Answer {
                place: place.shown(),
                problem: "names a token service without TLS, which is not asked".to_owned(),
            }
            .into());
        };
        let mut separator = if service.path.contains('?') { '&' } else { '?' };
        for name in ["service", "scope"] {
            if let Some(value) = member(name) {
                service.path.push_str(&format!("{separator}{name}={}", escaped(value)));
                separator = '&';
            }
        }
        let response = self.web.once(&service, "application/json", basic.as_deref())?;
        if response.status() != StatusCode::OK {
            return Err(RegistryError::Status { place: service.shown(), status: response.status().as_u16() });
        }
        let body = self.web.body(response, &service, LARGEST_ANSWER)?;
        // What is wrong with it is not repeated: it may be the token.
        let token = serde_json::from_slice::<Token>(&body).ok();
        Ok(token.and_then(|token| token.token.or(token.access_token)).map(|token| format!("Bearer {token}")))
    }
}

/// A path at the registry of an artifact.
fn at(reference: &OciReference, path: String) -> Place {
    Place { plain: reference.is_local(), authority: reference.host.clone(), path }
}

fn digest_of(hashing: Sha256) -> String {
    format!("sha256:{}", bartizan_core::hex(&hashing.finalize()))
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
