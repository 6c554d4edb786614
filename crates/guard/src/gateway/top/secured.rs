//! Asking a gateway that speaks TLS for its metrics: [`secured`], and what to do where that fails.

use crate::gateway::upstream::client;
use rustls_pki_types::ServerName;
use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use tokio_rustls::rustls::{CertificateError, ClientConnection, Error, InvalidMessage, StreamOwned};

/// A connection in TLS.
pub type Secured = StreamOwned<ClientConnection, TcpStream>;

/// Why no connection in TLS can be had, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum SecuredError {
    /// Nobody is believed.
    #[error("{0}; give the certificate of whoever issued the gateway's with --ca FILE, in PEM")]
    Roots(String),
    /// No name of a host.
    #[error("{0} is no name of a host and no address")]
    Host(String),
    /// Its certificate is by somebody who is not believed.
    #[error(
        "its certificate is by nobody that is believed here; give the certificate of whoever issued it with --ca FILE, in PEM"
    )]
    Issuer,
    /// Its certificate is another's.
    #[error("its certificate is not for {0}; ask by a name that stands in it")]
    Name(String),
    /// Its certificate is not valid now.
    #[error("its certificate is not valid now: renew it there, or set the clock of this machine")]
    Time,
    /// It speaks something else.
    #[error("it does not speak TLS there; ask with http://")]
    Clear,
    /// Anything else.
    #[error(transparent)]
    Other(io::Error),
}

/// Begins to speak TLS to a host: believed is whom the certificates in `ca` (PEM) vouch for, or where there are none those of this machine
/// (DER).
///
/// # Errors
/// [`SecuredError`] says what to do.
pub fn secured(
    mut stream: TcpStream,
    host: &str,
    ca: Option<&[u8]>,
    machine_roots: &[Vec<u8>],
) -> Result<Secured, SecuredError> {
    let config = client("the certificates", ca, machine_roots, &[b"http/1.1"]);
    let config = config.map_err(|_| {
        SecuredError::Roots(
            if ca.is_some() {
                "the file holds no certificate that can be used"
            } else {
                "this machine believes nobody"
            }
            .to_owned(),
        )
    })?;
    let name = ServerName::try_from(host.to_owned()).map_err(|_| SecuredError::Host(host.to_owned()))?;
    let told = |error: Error| match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            SecuredError::Issuer
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => SecuredError::Name(host.to_owned()),
        Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => SecuredError::Time,
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => SecuredError::Clear,
        other => SecuredError::Other(io::Error::other(other)),
    };
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(told)?;
    while connection.is_handshaking() {
        if let Err(error) = connection.complete_io(&mut stream) {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).cloned();
            return Err(inner.map_or(SecuredError::Other(error), told));
        }
    }
    Ok(StreamOwned::new(connection, stream))
}
