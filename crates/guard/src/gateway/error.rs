//! Why the gateway cannot be set up: [`GatewayError`].

use crate::check::ChecksError;
use std::io;
use std::path::PathBuf;

/// Why the gateway cannot serve under a configuration.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// Nowhere to send anything.
    #[error("there is no upstream; name one with --upstream URL or [[guard.upstream]]")]
    NoUpstream,
    /// An address that is none.
    #[error("upstream {name}: {url} cannot be called: {problem}")]
    Url {
        /// The upstream.
        name: String,
        /// What was given.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A route or list names what is not there.
    #[error("{subject} names the {kind} {name}, which is not configured")]
    Unknown {
        /// Who names it.
        subject: String,
        /// What is named.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// Two things of one name.
    #[error("there are two of the {kind} {name}; give each its own name")]
    Twice {
        /// What they are.
        kind: &'static str,
        /// Their name.
        name: String,
    },
    /// A value that cannot be.
    #[error("{subject}: {problem}")]
    Value {
        /// Where it stands.
        subject: String,
        /// What is wrong.
        problem: String,
    },
    /// A policy that cannot be used.
    #[error("policy {policy}: {error}")]
    Policy {
        /// Its name.
        policy: String,
        /// What is wrong.
        #[source]
        error: ChecksError,
    },
    /// A file that is named cannot be read.
    #[error("{subject}: {} cannot be read: {error}", path.display())]
    File {
        /// Who names it.
        subject: String,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// A credential that is not there.
    #[error("{subject}: the environment variable {variable} is not set; it is to hold the credential")]
    Credential {
        /// Who names it.
        subject: String,
        /// The variable.
        variable: String,
    },
    /// TLS cannot be used.
    #[error("{subject}: {problem}")]
    Tls {
        /// For what.
        subject: String,
        /// What is wrong.
        problem: String,
    },
    /// The machine does not give what is needed to serve.
    #[error("the gateway cannot serve at {place}: {error}")]
    Serve {
        /// Where.
        place: String,
        /// What the system said.
        #[source]
        error: io::Error,
    },
}
