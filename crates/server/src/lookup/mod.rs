//! What a name that moves stands for now: [`Lookup`] asks git servers and hubs of models.
//!
//! | file | subject |
//! | --- | --- |
//! | `references` | the list of tags and branches that a git server gives |
//! | `hub` | the commit that the Hugging Face hub gives |
//!
//! Source: gitprotocol-http(5) ("Smart Clients", "Discovering References") and gitprotocol-pack(5) ("Reference Discovery"); Hugging Face
//! Hub API, `GET /api/models/NAME/revision/REVISION`. Images are asked of their [`registry`](crate::registry). An answer is believed as
//! far as its form goes: whole ids of commits, and nothing else, come out of here.

mod hub;
mod references;

pub use references::{Found, ReferenceError, References};

use crate::web::{Client, Place, Roots, WebError};
use std::collections::BTreeMap;

/// Largest list of tags and branches that is read, in bytes: the largest public repositories have some tens of thousands.
const LARGEST_LIST: usize = 32 << 20;
/// Largest answer of a hub, in bytes: it lists the files of a repository.
const LARGEST_HUB_ANSWER: usize = 8 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The server gives nothing.
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
    /// An address that is not asked.
    #[error("`{0}` is not asked: only https:// addresses without a name or password are")]
    Address(String),
    /// The list holds nothing of that name, or several things.
    #[error("{place}: {error}")]
    Reference {
        /// Host, and path.
        place: String,
        /// What is wrong.
        #[source]
        error: ReferenceError,
    },
    /// A hub's answer without the id of a commit.
    #[error("{0} gives no commit")]
    NoCommit(String),
}

impl LookupError {
    /// Whether nobody answers at all: asking the same server again is of no use.
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::Web(WebError::Connection { .. } | WebError::Machine(_)))
    }
}

fn hint(status: u16) -> &'static str {
    match status {
        401 | 403 => {
            "; it does not show this to everyone, and GITHUB_TOKEN or HF_TOKEN are shown to their own servers alone"
        }
        404 => "; there is none of that name, or it is not for everyone",
        429 => "; it has been asked too often, try again later",
        _ => "",
    }
}

/// A token for one server. It is sent to it over TLS, or on this machine, and nowhere else.
#[derive(Clone)]
pub struct Token {
    /// Address of the server.
    pub address: String,
    /// The token.
    pub token: String,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Token")
    }
}

/// Who asks git servers and hubs, each list once.
pub struct Lookup {
    web: Client,
    git: Option<Token>,
    hub: Option<Token>,
    lists: BTreeMap<String, References>,
}

impl std::fmt::Debug for Lookup {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Lookup")
    }
}

impl Lookup {
    /// Asks servers that `roots` vouch for, and shows each its token.
    ///
    /// # Errors
    /// [`LookupError::Web`] when the machine gives no connections.
    pub fn new(roots: Roots, git: Option<Token>, hub: Option<Token>) -> Result<Self, LookupError> {
        Ok(Self { web: Client::new(roots)?, git, hub, lists: BTreeMap::new() })
    }

    /// The commit that a tag or branch of the repository at `address` names now, of its default branch when `reference` is none.
    ///
    /// # Errors
    /// [`LookupError`].
    pub fn commit(&mut self, address: &str, reference: Option<&str>) -> Result<Found, LookupError> {
        let address = address.trim_end_matches('/');
        let place =
            Place::of(address).ok_or_else(|| LookupError::Address(bartizan_core::printable(address, 200)))?;
        let found = |error| LookupError::Reference { place: place.shown(), error };
        if let Some(list) = self.lists.get(address) {
            return list.commit(reference).map_err(found);
        }
        let end = if address.strip_suffix(".git").is_some() { "" } else { ".git" };
        let asked = place.below(&format!("{end}/info/refs?service=git-upload-pack"));
        let shown = self.git.as_ref().filter(|token| is_of(token, &place)).map(|token| {
            // Source: GitHub Docs, "Authenticating as an installation": any name, and the token as password.
            format!("Basic {}", crate::registry::base64(format!("x-access-token:{}", token.token).as_bytes()))
        });
        let body = self.asked(&asked, "*/*", shown.as_deref(), LARGEST_LIST)?;
        let list = References::parse(&body).map_err(found)?;
        let commit = list.commit(reference).map_err(found);
        self.lists.insert(address.to_owned(), list);
        commit
    }

    /// The commit of a repository of the hub at `address`. `kind` is `models` or `datasets`.
    ///
    /// # Errors
    /// [`LookupError`].
    pub fn hub(
        &self,
        address: &str,
        kind: &str,
        name: &str,
        revision: Option<&str>,
    ) -> Result<String, LookupError> {
        let place =
            Place::of(address).ok_or_else(|| LookupError::Address(bartizan_core::printable(address, 200)))?;
        let asked = place.below(&hub::path(kind, name, revision.unwrap_or("main")));
        let shown = self
            .hub
            .as_ref()
            .filter(|token| is_of(token, &place))
            .map(|token| format!("Bearer {}", token.token));
        let body = self.asked(&asked, "application/json", shown.as_deref(), LARGEST_HUB_ANSWER)?;
        hub::commit(&body).ok_or_else(|| LookupError::NoCommit(asked.shown()))
    }

    fn asked(
        &self,
        place: &Place,
        accept: &str,
        shown: Option<&str>,
        most: usize,
    ) -> Result<hyper::body::Bytes, LookupError> {
        let (response, here) = self.web.followed(place, accept, shown)?;
        if response.status() != hyper::StatusCode::OK {
            return Err(LookupError::Status { place: here.shown(), status: response.status().as_u16() });
        }
        Ok(self.web.body(response, &here, most)?)
    }
}

fn is_of(token: &Token, place: &Place) -> bool {
    Place::of(&token.address).is_some_and(|own| own.authority == place.authority && own.plain == place.plain)
}
