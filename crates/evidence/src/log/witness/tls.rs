//! TLS around a witness: whom a client believes ([`TlsRoots`]) and what a server shows ([`TlsIdentity`]).
//!
//! TLS 1.2 and 1.3 by rustls with AWS-LC. Which roots are believed is the caller's choice: those of the machine, or a file.

use crate::keys::{CertificateError, certificates_from_pem};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use std::sync::Arc;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The one protocol spoken inside.
const HTTP: &[u8] = b"http/1.1";

/// Why TLS cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// No root can be used.
    #[error(
        "none of the {0} root certificates given can be used; name a file with the root of the witness's certificate"
    )]
    NoRoot(usize),
    /// The file with the certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The file with the key.
    #[error("the key for TLS cannot be read: {0}; expected one private key in PEM without a passphrase")]
    Key(rustls_pki_types::pem::Error),
    /// They cannot be used, or not together.
    #[error("certificate and key cannot be used for TLS: {0}")]
    Rustls(#[from] rustls::Error),
}

/// The root certificates that a client believes.
#[derive(Clone)]
pub struct TlsRoots(Arc<ClientConfig>);

impl std::fmt::Debug for TlsRoots {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TlsRoots")
    }
}

impl TlsRoots {
    /// These certificates in DER. Those that cannot be used are passed over, as machines have some of these.
    ///
    /// # Errors
    /// [`TlsError::NoRoot`] when none can be used.
    pub fn new(certificates: Vec<Vec<u8>>) -> Result<Self, TlsError> {
        let count = certificates.len();
        let mut roots = RootCertStore::empty();
        let (used, _) = roots.add_parsable_certificates(certificates.into_iter().map(CertificateDer::from));
        if used == 0 {
            return Err(TlsError::NoRoot(count));
        }
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![HTTP.to_vec()];
        Ok(Self(Arc::new(config)))
    }

    pub(super) fn connector(&self) -> TlsConnector {
        TlsConnector::from(Arc::clone(&self.0))
    }
}

/// The name under which a server is asked for; none when its certificate could not have it.
pub(super) fn server_name(host: &str) -> Option<ServerName<'static>> {
    ServerName::try_from(host.to_owned()).ok()
}

/// The certificate and the key of a server.
#[derive(Clone)]
pub struct TlsIdentity(Arc<ServerConfig>);

impl std::fmt::Debug for TlsIdentity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TlsIdentity")
    }
}

impl TlsIdentity {
    /// A chain of certificates, the server's first, and its key, both in PEM.
    ///
    /// # Errors
    /// [`TlsError`], whichever way it fails.
    pub fn from_pem(certificates: &str, key: &str) -> Result<Self, TlsError> {
        let chain: Vec<CertificateDer<'static>> =
            certificates_from_pem(certificates)?.into_iter().map(CertificateDer::from).collect();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(TlsError::Key)?;
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![HTTP.to_vec()];
        Ok(Self(Arc::new(config)))
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}
