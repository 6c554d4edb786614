//! Why a model is refused: each way in which files and signature can disagree has its own message.

use super::bundle::BundleError;
use super::keyless::KeylessError;
use super::manifest::ManifestError;
use crate::keys::CertificateError;
use std::borrow::Cow;

/// One reason to refuse.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The signature file is not as it should be.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The statement is not as it should be.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The envelope holds something else.
    #[error("the envelope holds `{0}`, not an in-toto statement")]
    PayloadType(String),
    /// By another key.
    #[error(
        "the signature is not by the given key {given}; it names key {named}: if you believe whoever holds that one, give its public \
         half with --key, and have the model signed anew if not"
    )]
    KeyMismatch {
        /// What was given.
        given: String,
        /// What the bundle says.
        named: String,
    },
    /// Not by this key over this statement.
    #[error(
        "the signature does not verify: it is not by {0}, or the statement was changed after signing; get model and signature anew from \
         whoever signed"
    )]
    Signature(String),
    /// The kind of signature needs another kind of trust.
    #[error("{signed}; {remedy}")]
    Method {
        /// How the model was signed.
        signed: &'static str,
        /// What to give.
        remedy: &'static str,
    },
    /// The certificate is not believed.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The keyless signature is not believed.
    #[error(transparent)]
    Keyless(#[from] KeylessError),
    /// A folder was signed and a file given, or the other way round.
    #[error("the signature is over {signed}, and {given} was given")]
    Shape {
        /// What was signed.
        signed: &'static str,
        /// What was given.
        given: &'static str,
    },
    /// Other content.
    #[error("changed: `{name}` holds {found}, not the signed {expected}")]
    Changed {
        /// The file.
        name: String,
        /// The signed digest.
        expected: String,
        /// What it holds.
        found: String,
    },
    /// Content that was signed under another name.
    #[error("swapped: `{name}` holds what was signed as `{origin}`")]
    Swapped {
        /// The file.
        name: String,
        /// Where its content belongs.
        origin: String,
    },
    /// Longer or shorter.
    #[error("changed: `{name}` has {found} bytes, {expected} were signed")]
    Resized {
        /// The file.
        name: String,
        /// Bytes signed.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// Not there.
    #[error("missing: `{0}` was signed and is not there")]
    Missing(String),
    /// Not signed.
    #[error("added: `{0}` is not signed")]
    Added(String),
    /// Under another name.
    #[error("renamed: `{from}` was signed, its content now lies in `{to}`")]
    Renamed {
        /// The signed name.
        from: String,
        /// The name found.
        to: String,
    },
    /// Under a name that differs in case only.
    #[error(
        "renamed in case only: `{found}` lies where `{signed}` was signed; on a system that ignores case one takes the other's place"
    )]
    Case {
        /// The signed name.
        signed: String,
        /// The name found.
        found: String,
    },
    /// A link where links were not allowed.
    #[error("link: `{0}` is a symbolic link and the signer allowed none; --allow-symlinks follows it")]
    Link(String),
    /// A link out of the model.
    #[error("link: `{name}` leads out of the model, to {target}; --allow-symlinks follows it")]
    Escape {
        /// The link.
        name: String,
        /// Where it leads.
        target: String,
    },
    /// A link to a folder elsewhere, whose files are not signed.
    #[error("link: `{name}` leads to the folder {target} outside the model, whose files are not signed")]
    FolderLink {
        /// The link.
        name: String,
        /// Where it leads.
        target: String,
    },
    /// A link to nothing.
    #[error("link: `{0}` leads nowhere, or in a circle")]
    BrokenLink(String),
    /// A pipe, socket or device.
    #[error("added: `{0}` is a pipe, socket or device, which cannot be signed")]
    Special(String),
    /// No UTF-8 in its name.
    #[error("added: `{0}` has a name that is no UTF-8, which cannot be signed")]
    Unnameable(String),
    /// Something dangerous where the signature does not look.
    #[error(
        "hidden: `{name}` is not signed ({why}) and is dangerous: {what}; remove it, or --allow-unsigned"
    )]
    Hidden {
        /// The file.
        name: String,
        /// Why it is not signed.
        why: &'static str,
        /// What it could do.
        what: Cow<'static, str>,
    },
    /// A file that cannot be read.
    #[error("unreadable: {0}")]
    Unreadable(String),
}

impl Refusal {
    /// The kind of reason in one word, for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bundle(_) => "bundle",
            Self::Manifest(_) | Self::PayloadType(_) => "statement",
            Self::KeyMismatch { .. } | Self::Signature(_) | Self::Method { .. } => "signature",
            Self::Certificate(_) => "certificate",
            Self::Keyless(_) => "keyless",
            Self::Shape { .. } => "shape",
            Self::Changed { .. } | Self::Resized { .. } => "changed",
            Self::Swapped { .. } => "swapped",
            Self::Missing(_) => "missing",
            Self::Added(_) | Self::Special(_) | Self::Unnameable(_) => "added",
            Self::Renamed { .. } => "renamed",
            Self::Case { .. } => "case",
            Self::Link(_) | Self::Escape { .. } | Self::FolderLink { .. } | Self::BrokenLink(_) => "link",
            Self::Hidden { .. } => "hidden",
            Self::Unreadable(_) => "unreadable",
        }
    }
}
