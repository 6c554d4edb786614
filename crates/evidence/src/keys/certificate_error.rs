//! Why a certificate is not believed, in words that say what to do: [`CertificateError`].

use super::KeyError;
use super::certificate::LONGEST_CHAIN;

/// Why a certificate is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not X.509, or cut short.
    #[error("a certificate is damaged: {0}")]
    Damaged(String),
    /// The file with the roots holds none.
    #[error("no certificate to trust was given; name the root's file with --certificate-chain")]
    NoRoot,
    /// The chain has no certificate.
    #[error("the signature comes without a certificate")]
    NoLeaf,
    /// Past its end.
    #[error("the certificate of `{subject}` expired on {expired}; have the model signed anew")]
    Expired {
        /// Whose.
        subject: String,
        /// When.
        expired: String,
    },
    /// Before its beginning.
    #[error("the certificate of `{subject}` is valid only from {from}; check this machine's clock")]
    NotYetValid {
        /// Whose.
        subject: String,
        /// When.
        from: String,
    },
    /// The leaf is not for signing.
    #[error(
        "the certificate of `{0}` is not for signing: neither key usage nor extended key usage allows it"
    )]
    NotForSigning(String),
    /// The leaf is not for timestamps alone.
    #[error(
        "the certificate of `{0}` is not a timestamping authority's: its extended key usage must be critical and name time \
         stamping alone"
    )]
    NotForTimeStamping(String),
    /// An issuer is no authority.
    #[error("the certificate of `{issuer}` may not issue certificates, yet it issued that of `{subject}`")]
    NotAnAuthority {
        /// The issuer.
        issuer: String,
        /// Whom it issued for.
        subject: String,
    },
    /// An issuer's extended key usage leaves out code signing.
    #[error(
        "the authority `{0}` may not vouch for signers of code: its extended key usage is for other purposes; have the \
         signer's certificate issued by an authority for code signing"
    )]
    NotForCodeSigning(String),
    /// An issuer may vouch for some names only.
    #[error(
        "the authority `{0}` has name constraints, which are not evaluated; use a chain of authorities without them"
    )]
    NameConstraints(String),
    /// More intermediates than the issuer allows.
    #[error("the authority `{0}` allows fewer authorities below itself than the chain has")]
    PathLength(String),
    /// A critical extension that is not understood.
    #[error("the certificate of `{subject}` has the critical extension {extension}, which is not understood")]
    CriticalExtension {
        /// Whose.
        subject: String,
        /// Its object identifier.
        extension: String,
    },
    /// The issuer is known by name and did not sign.
    #[error("the certificate of `{subject}` names the issuer `{issuer}`, who did not sign it")]
    NotSigned {
        /// Whose.
        subject: String,
        /// Who should have.
        issuer: String,
    },
    /// The chain does not reach a trusted root.
    #[error("the chain ends at `{issuer}`, which is not among the trusted roots ({roots})")]
    UntrustedRoot {
        /// Where it ends.
        issuer: String,
        /// Who is trusted.
        roots: String,
    },
    /// Its issuer has taken it back.
    #[error(
        "the certificate of `{subject}` was revoked by `{issuer}` on {since}: {reason}; have the model signed anew with another certificate"
    )]
    Revoked {
        /// Whose.
        subject: String,
        /// By whom.
        issuer: String,
        /// Since when.
        since: String,
        /// Why.
        reason: String,
    },
    /// Lists were given, and none of them speaks for it.
    #[error(
        "whether the certificate of `{subject}` was revoked is unknown: no list given is signed by `{issuer}`; add its list with --crl"
    )]
    UnknownRevocation {
        /// Whose.
        subject: String,
        /// Who would say.
        issuer: String,
    },
    /// The list is too old.
    #[error(
        "the list of certificates revoked by `{issuer}` expired on {expired}; fetch a newer one for --crl"
    )]
    ListExpired {
        /// Whose list.
        issuer: String,
        /// When.
        expired: String,
    },
    /// The list is from the future.
    #[error(
        "the list of certificates revoked by `{issuer}` is valid only from {from}; check this machine's clock"
    )]
    ListFromLater {
        /// Whose list.
        issuer: String,
        /// When it begins.
        from: String,
    },
    /// A file that should hold such lists.
    #[error("it is no list of revoked certificates that can be used: {0}")]
    DamagedList(String),
    /// Longer than [`LONGEST_CHAIN`], or too entangled.
    #[error("the chain of certificates is longer than {LONGEST_CHAIN} or goes in a circle")]
    TooLong,
    /// The leaf's key is of a kind that is not supported.
    #[error(transparent)]
    Key(#[from] KeyError),
}
