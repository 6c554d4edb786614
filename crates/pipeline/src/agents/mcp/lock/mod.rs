//! What was agreed to of MCP servers: every tool, the set of tools and what starts a server, pinned by digests.
//!
//! Digests are SHA-256 over canonical JSON (RFC 8785 for what tools hold: sorted members, no blanks, numbers as written).
//! A tool has two: of all of it, and of all but its name, so that a renamed tool is known again. Values of environment
//! variables are no part of a server's identity, their names are. Nothing is started or fetched.

mod canonical;
mod diff;
mod gather;

pub use diff::{Change, Uncompared, What, diff, uncompared};
pub use gather::{add_config, add_tools};

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use thiserror::Error;

/// The content of `mcp.lock`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// `bartizan.mcp-lock/1`.
    pub schema: String,
    /// Who agreed to what, oldest first.
    #[serde(default, rename = "approval", skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Approval>,
    /// By name.
    #[serde(default, rename = "server", skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<Server>,
}

/// One agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Who.
    pub by: String,
    /// Why.
    pub why: String,
    /// When, RFC 3339.
    pub at: String,
    /// Digest of the servers agreed to.
    pub servers: String,
    /// What changed, in words.
    pub changes: Vec<String>,
}

/// One server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// What the client calls it.
    pub name: String,
    /// What starts it, or where it is.
    #[serde(default)]
    pub launch: String,
    /// Digest of what starts it, without its name and without values of variables; empty when no configuration was read.
    #[serde(default)]
    pub identity: String,
    /// Digest of the set of tools; empty when none were read.
    #[serde(default)]
    pub toolset: String,
    /// By name.
    #[serde(default, rename = "tool", skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
}

/// One tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// What it is called.
    pub name: String,
    /// Digest of all of it.
    pub digest: String,
    /// Digest of all but its name.
    pub content: String,
    /// Digest of its description.
    pub description: String,
    /// Names of its parameters, sorted; `!` behind those that must be given.
    pub parameters: Vec<String>,
    /// What its texts ask of the agent that a description should not; not kept in the lock.
    #[serde(skip)]
    pub asks: Vec<String>,
}

/// Why a lock cannot be made or read.
#[derive(Debug, Error)]
pub enum LockError {
    /// Neither JSON nor, by its name, TOML.
    #[error("{} is neither JSON nor TOML ({reason}); save the server's answer to tools/list, or name a client's configuration", path.display())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// JSON without what was looked for.
    #[error("{} holds {what}; save the server's answer to tools/list, or name a client's configuration", path.display())]
    Nothing {
        /// Which file.
        path: PathBuf,
        /// What it does not hold.
        what: &'static str,
    },
    /// Not a lock.
    #[error("{} is no lock of this version ({reason}); make it anew with `bartizan mcp lock`", path.display())]
    Lock {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl Lock {
    /// A lock of nothing.
    pub fn new() -> Self {
        Self { schema: SCHEMA.to_owned(), ..Self::default() }
    }

    /// Reads the text of the lock at `path`.
    ///
    /// # Errors
    /// [`LockError::Lock`].
    pub fn read(text: &str, path: &std::path::Path) -> Result<Self, LockError> {
        let wrong = |reason: String| LockError::Lock { path: path.to_path_buf(), reason };
        let lock: Self = toml::from_str(text).map_err(|error| wrong(error.message().to_owned()))?;
        if lock.schema != SCHEMA {
            return Err(wrong(format!("its schema is `{}`", bartizan_core::printable(&lock.schema, 60))));
        }
        Ok(lock)
    }

    /// Its text.
    ///
    /// # Errors
    /// [`LockError::Lock`] when a value cannot be written, which no lock of ours holds.
    pub fn write(&self, path: &std::path::Path) -> Result<String, LockError> {
        let body = toml::to_string(self)
            .map_err(|error| LockError::Lock { path: path.to_path_buf(), reason: error.to_string() })?;
        Ok(format!(
            "# What was agreed to of MCP servers and their tools. Written by `bartizan mcp lock` and `approve`.\n{body}"
        ))
    }

    /// Digest of all servers.
    pub fn digest(&self) -> String {
        let parts: Vec<String> = self
            .servers
            .iter()
            .map(|server| format!("{}\0{}\0{}", server.name, server.identity, server.toolset))
            .collect();
        canonical::digest_of_text(&parts.join("\n"))
    }

    /// The server `name`, made when there is none.
    fn server(&mut self, name: &str) -> &mut Server {
        let at = match self.servers.binary_search_by(|server| server.name.as_str().cmp(name)) {
            Ok(at) => at,
            Err(at) => {
                self.servers.insert(at, Server { name: name.to_owned(), ..Server::default() });
                at
            }
        };
        // The place was found or filled just above.
        #[expect(clippy::indexing_slicing, reason = "an element was found or put at this place above")]
        &mut self.servers[at]
    }
}

const SCHEMA: &str = "bartizan.mcp-lock/1";
