//! Signing a model: every file listed, digested and named in one statement, [`sign`].
//!
//! What is written is what both the specification (OMS 1.0) and its reference implementation accept: resources in order of code
//! points with the root digest over that order, `shard_size` as an integer, an empty `keyid`, an empty list of log entries. Two
//! points have no form that suits both: see [`SignOptions::strict_spec`].

use super::bundle::{Bundle, BundleError, Material};
use super::manifest::{Predicate, SIGNATURE_V1, Serialization, WireResource, root_digest, sharded_name};
use super::names::{DEFAULT_IGNORED, NameError, SINGLE_FILE, check, covers, ignored_path};
use crate::digest::{Digest, hex};
use crate::dsse::{Envelope, EnvelopeError, Signature};
use crate::keys::{CertificateError, Signer, certificate_key, check_dates};
use crate::manifest::{
    DigestError, Digesting, Entry, HashAlgorithm, Kind, Listing, ListingError, Range, Work, digest_all, list,
};
use crate::statement::{PAYLOAD_TYPE, ResourceDescriptor, Statement, StatementError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How to sign.
#[derive(Clone, Copy)]
pub struct SignOptions<'a> {
    /// How files are digested.
    pub digesting: Digesting<'a>,
    /// Bytes in a shard, to sign files in parts.
    pub shard_bytes: Option<u64>,
    /// Paths to leave out, relative to the model.
    pub ignore_paths: &'a [String],
    /// Follow links to files.
    pub allow_symlinks: bool,
    /// The time, since 1970, at which the signer's certificates must be valid; none takes them whatever their dates.
    pub valid_at: Option<Duration>,
    /// Where the signature will be written; it is left out of what it signs.
    pub signature_file: Option<&'a Path>,
    /// Write what the specification asks where the reference implementation demands another form: the name of a model that is
    /// one file (its own, rather than `.`), and the algorithm of a shard (`sha256`, rather than `sha256-sharded-N`).
    pub strict_spec: bool,
}

/// Who signs, and what stands in the bundle for that.
pub enum SigningIdentity<'a> {
    /// A key alone.
    Key(&'a dyn Signer),
    /// A key and its certificate, with the chain above it, as DER.
    Certified(&'a dyn Signer, Vec<Vec<u8>>),
}

/// A signature, ready to be written.
#[derive(Debug)]
pub struct Signed {
    /// The bundle as JSON.
    pub bundle: Vec<u8>,
    /// How many files are signed.
    pub files: usize,
    /// How many bytes they hold.
    pub bytes: u64,
    /// The root digest, the model's name in other statements.
    pub root: Digest,
    /// What the signer should know: names that collide, links that leave the model.
    pub notes: Vec<String>,
}

/// Why a model cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// It cannot be listed.
    #[error(transparent)]
    Listing(#[from] ListingError),
    /// A file cannot be read.
    #[error(transparent)]
    Digest(#[from] DigestError),
    /// No file is left to sign.
    #[error("{0} holds no file to sign")]
    Empty(PathBuf),
    /// A link, and links are not allowed.
    #[error("`{0}` is a symbolic link; --allow-symlinks signs what it leads to, --ignore-path leaves it out")]
    Link(String),
    /// A link to a folder elsewhere, which the reference implementation would not look into.
    #[error(
        "`{0}` is a link to a folder outside the model; copy the folder into the model, or leave it out with --ignore-path"
    )]
    FolderLink(String),
    /// A link to nothing.
    #[error(
        "`{0}` is a link that leads nowhere, or in a circle; remove it, or leave it out with --ignore-path"
    )]
    BrokenLink(String),
    /// A pipe, socket or device.
    #[error("`{0}` is a pipe, socket or device, which cannot be signed; leave it out with --ignore-path")]
    Special(String),
    /// No UTF-8 in its name.
    #[error("`{0}` has a name that is no UTF-8, which no signature can name; rename it")]
    Unnameable(String),
    /// A name that no verifier would accept.
    #[error("a file cannot be signed under its name: {0}")]
    Name(#[from] NameError),
    /// A path to leave out that is none of the model's.
    #[error("`{0}` is no path below the model; ignored paths are relative to it, without `..` and wildcards")]
    IgnoredPath(String),
    /// Shards of nothing.
    #[error("a shard must have at least one byte")]
    ShardSize,
    /// BLAKE3 in shards, which the reference implementation cannot verify.
    #[error("BLAKE3 reads one file with many threads by itself; leave out --shard-size")]
    ShardedTree,
    /// The certificate is not the key's.
    #[error("the certificate is for another key; give the certificate of the key that signs")]
    OtherKey,
    /// The certificate cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A certificate that no verifier would believe today.
    #[error(
        "the certificate of `{subject}` is {valid}, so whoever verifies would refuse the signature; sign with a valid one, or with \
         --allow-expired for verifiers that judge it by a timestamp"
    )]
    Dates {
        /// Whose.
        subject: String,
        /// Until or from when it is valid.
        valid: String,
    },
    /// The statement cannot be written.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The key cannot sign.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The bundle cannot be written.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

/// Signs the model at `path`.
///
/// # Errors
/// Each variant of [`SignError`].
pub fn sign(
    path: &Path,
    identity: &SigningIdentity<'_>,
    options: SignOptions<'_>,
) -> Result<Signed, SignError> {
    let algorithm = options.digesting.algorithm;
    match options.shard_bytes {
        Some(0) => return Err(SignError::ShardSize),
        Some(_) if algorithm == HashAlgorithm::Blake3 => return Err(SignError::ShardedTree),
        _ => {}
    }
    let (signer, material) = identity.material()?;
    if let (Some(now), Material::Certificates(chain)) = (options.valid_at, &material) {
        check_dates(chain, now).map_err(|error| match error {
            CertificateError::Expired { subject, expired } => {
                SignError::Dates { subject, valid: format!("valid until {expired} only") }
            }
            CertificateError::NotYetValid { subject, from } => {
                SignError::Dates { subject, valid: format!("not valid before {from}") }
            }
            other => other.into(),
        })?;
    }
    let listing = list(path)?;
    let ignored = ignored_paths(&listing, options)?;
    let (chosen, notes) = choose(&listing, &ignored, options.allow_symlinks)?;
    let parts = parts(&chosen, &listing, options)?;
    if parts.is_empty() {
        return Err(SignError::Empty(path.to_owned()));
    }
    let work: Vec<Work<'_>> = parts.iter().map(|(_, work)| work.clone()).collect();
    let named = match options.shard_bytes {
        Some(size) if !options.strict_spec => sharded_name(algorithm, size),
        _ => algorithm.name().to_owned(),
    };
    let mut bytes = 0;
    let mut resources = Vec::with_capacity(parts.len());
    let mut digests = Vec::with_capacity(parts.len());
    for ((name, _), digested) in parts.into_iter().zip(digest_all(&work, options.digesting)) {
        let (digest, size) = digested?;
        bytes += size;
        resources.push(WireResource { name, algorithm: named.clone(), digest: hex(&digest) });
        digests.push(digest);
    }
    let root = root_digest(digests.iter().map(Vec::as_slice));
    let root = Digest::new(crate::digest::SHA256, &root).map_err(|_| SignError::Empty(path.to_owned()))?;
    let serialization = Serialization {
        method: if options.shard_bytes.is_some() { "shards" } else { "files" }.to_owned(),
        hash_type: algorithm.name().to_owned(),
        shard_size: options.shard_bytes.map(serde_json::Number::from),
        allow_symlinks: options.allow_symlinks,
        ignore_paths: ignored,
    };
    let subject = ResourceDescriptor::named(listing.name.as_str(), root.clone());
    let statement = Statement::new(vec![subject], SIGNATURE_V1, Predicate { serialization, resources });
    let mut envelope = Envelope::sign(statement.to_payload()?, PAYLOAD_TYPE, signer)?;
    // As the reference writes it: who signed stands in the verification material.
    envelope.signatures =
        envelope.signatures.into_iter().map(|signature| Signature { key_id: None, ..signature }).collect();
    let bundle = Bundle { material, envelope }.to_json()?;
    Ok(Signed { bundle, files: chosen.len(), bytes, root, notes })
}

impl<'a> SigningIdentity<'a> {
    fn material(&self) -> Result<(&'a dyn Signer, Material), SignError> {
        match self {
            Self::Key(signer) => Ok((*signer, Material::Key { hint: Some(signer.key_id()) })),
            Self::Certified(signer, chain) => {
                let leaf = chain.first().ok_or(CertificateError::NoLeaf)?;
                let (key, _) = certificate_key(leaf)?;
                if key != signer.public_key() {
                    return Err(SignError::OtherKey);
                }
                Ok((*signer, Material::Certificates(chain.clone())))
            }
        }
    }
}

/// What is left out, in the order written: the user's paths, the signature, git's own. Each once.
fn ignored_paths(listing: &Listing, options: SignOptions<'_>) -> Result<Vec<String>, SignError> {
    let mut ignored: Vec<String> = Vec::new();
    let mut add = |path: String| {
        if !ignored.contains(&path) {
            ignored.push(path);
        }
    };
    for path in options.ignore_paths {
        let plain =
            ignored_path(path).filter(|plain| plain != SINGLE_FILE && !path.contains(['*', '?', '[']));
        add(plain.ok_or_else(|| SignError::IgnoredPath(path.clone()))?);
    }
    if let Some(name) = options.signature_file.and_then(|file| name_below(&listing.root, file)) {
        add(name);
    }
    for path in DEFAULT_IGNORED {
        add(path.to_owned());
    }
    Ok(ignored)
}

/// The name that a file, there or not yet, has below `root`.
pub(super) fn name_below(root: &Path, file: &Path) -> Option<String> {
    let folder = match file.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return None,
    };
    let whole = std::fs::canonicalize(folder).ok()?.join(file.file_name()?);
    let below = whole.strip_prefix(root).ok()?;
    let parts: Option<Vec<&str>> = below.components().map(|part| part.as_os_str().to_str()).collect();
    parts.map(|parts| parts.join("/")).filter(|name| !name.is_empty())
}

/// The entries to sign, and remarks about them.
fn choose<'l>(
    listing: &'l Listing,
    ignored: &[String],
    allow_symlinks: bool,
) -> Result<(Vec<&'l Entry>, Vec<String>), SignError> {
    let mut chosen: Vec<&Entry> = Vec::new();
    let mut notes = Vec::new();
    for entry in &listing.entries {
        if ignored.iter().any(|path| covers(path, &entry.name)) {
            continue;
        }
        let name = || entry.name.clone();
        match &entry.kind {
            Kind::File { .. } => {}
            _ if !allow_symlinks && entry.kind.is_link() => return Err(SignError::Link(name())),
            Kind::FileLink { inside, target, .. } => {
                if !inside {
                    notes.push(format!("`{}` leads out of the model, to {}", entry.name, target.display()));
                }
            }
            Kind::FolderLink { inside: true, .. } => {
                notes.push(format!(
                    "`{}` is a link to a folder of the model, signed under its own name",
                    entry.name
                ));
                continue;
            }
            Kind::FolderLink { .. } => return Err(SignError::FolderLink(name())),
            Kind::BrokenLink => return Err(SignError::BrokenLink(name())),
            Kind::Special => return Err(SignError::Special(name())),
            Kind::Unnameable => return Err(SignError::Unnameable(name())),
        }
        check(&entry.name)?;
        chosen.push(entry);
    }
    let mut folded: std::collections::BTreeMap<String, &str> = std::collections::BTreeMap::new();
    for entry in &chosen {
        if let Some(other) = folded.insert(entry.name.to_lowercase(), &entry.name) {
            notes.push(format!(
                "`{other}` and `{}` differ in case only; a system that ignores case keeps one of them",
                entry.name
            ));
        }
    }
    Ok((chosen, notes))
}

/// Name and work of every resource, in order of code points.
fn parts<'l>(
    chosen: &[&'l Entry],
    listing: &Listing,
    options: SignOptions<'_>,
) -> Result<Vec<(String, Work<'l>)>, SignError> {
    let mut parts = Vec::with_capacity(chosen.len());
    for entry in chosen {
        let size = entry.kind.size().unwrap_or(0);
        let name = if listing.is_file && options.strict_spec {
            check(&listing.name)?;
            listing.name.clone()
        } else {
            entry.name.clone()
        };
        let work = |range| Work { path: entry.path.as_path(), size, range };
        let Some(shard) = options.shard_bytes else {
            parts.push((name, work(None)));
            continue;
        };
        let mut start = 0;
        while start < size {
            let range: Range = start..start.saturating_add(shard).min(size);
            parts.push((format!("{name}:{}:{}", range.start, range.end), work(Some(range.clone()))));
            start = range.end;
        }
    }
    parts.sort_by(|one, two| one.0.cmp(&two.0));
    Ok(parts)
}
