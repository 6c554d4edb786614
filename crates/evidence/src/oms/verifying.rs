//! Verifying a model: first who signed, then every file against what was signed, [`verify`].
//!
//! Nothing of the statement is looked at before its signature is believed. Files are then compared by name and digest; whatever
//! differs is told file by file, and whatever the signature leaves no room for is told as well.

use super::bundle::{Bundle, Material};
use super::compatible;
use super::difference::Refusal;
use super::keyless::{self, Identity};
use super::manifest::{DIGESTS_V0_1, ModelManifest, Resource};
use super::names::{DEFAULT_IGNORED, SINGLE_FILE, covers, ignored_path};
use super::signing::name_below;
use super::unsigned::{Unsigned, Why, hidden};
use crate::digest::hex;
use crate::dsse::pre_authentication_encoding;
use crate::keys::{PublicKey, RevocationLists, Verifier as _, certificate_key, verify_chain_against};
use crate::manifest::{Digesting, Entry, HashAlgorithm, Kind, Listing, ListingError, Work, digest_all, list};
use crate::statement::PAYLOAD_TYPE;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// Who is believed.
#[derive(Debug, Clone)]
pub enum Trust {
    /// Whoever holds one of these keys.
    Keys(Vec<PublicKey>),
    /// Whoever has a certificate from one of these roots; DER.
    Roots(Vec<Vec<u8>>),
    /// Whoever could log in as this identity.
    Identity {
        /// The identity.
        expected: Identity,
        /// A trust root in Sigstore's JSON, instead of Sigstore's own.
        trust_root: Option<String>,
    },
}

/// How to verify.
#[derive(Clone, Copy)]
pub struct VerifyOptions<'a> {
    /// Who is believed.
    pub trust: &'a Trust,
    /// Lists against which certificates are held; nothing is asked when there is none.
    pub revoked: &'a RevocationLists,
    /// How files are digested; the algorithm comes from the signature.
    pub digesting: Digesting<'a>,
    /// The time, since 1970, at which certificates must be valid.
    pub now: Duration,
    /// Where the signature lies; it does not sign itself.
    pub signature_file: Option<&'a Path>,
    /// More paths to leave out, relative to the model.
    pub ignore_paths: &'a [String],
    /// Follow links to files, even if the signer did not: a cache of downloads may hold links for files.
    pub allow_symlinks: bool,
    /// Take files that the signature does not mention.
    pub ignore_unsigned_files: bool,
    /// Take dangerous files in paths that the signature ignores.
    pub allow_unsigned: bool,
}

/// What verification found.
#[derive(Debug)]
pub struct Verification {
    /// Who signed, once that is sure.
    pub signer: Option<Signatory>,
    /// The statement that was signed, once that is sure.
    pub statement: Option<Value>,
    /// Why the model is refused; nothing when it is valid.
    pub refusals: Vec<Refusal>,
    /// What lies in the model and is not signed.
    pub unsigned: Vec<Unsigned>,
    /// What the user should know and is no reason to refuse.
    pub notes: Vec<String>,
    /// How many files were compared.
    pub files: usize,
    /// How many bytes they hold.
    pub bytes: u64,
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signatory {
    /// The holder of a key.
    Key(PublicKey),
    /// The holder of a certificate.
    Certificate {
        /// The certificate's key.
        key: PublicKey,
        /// Its subject.
        subject: String,
        /// The root that vouches for it.
        root: String,
    },
    /// An identity that Sigstore vouches for.
    Identity(Identity),
}

/// Why nothing could be verified, for want of a model.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The model cannot be listed.
    #[error(transparent)]
    Listing(#[from] ListingError),
}

/// Verifies the model at `path` against a bundle.
///
/// # Errors
/// [`VerifyError`] when there is no model to look at. Everything that is wrong with model or signature is a
/// [`Refusal`] in the result.
pub fn verify(path: &Path, bundle: &[u8], options: VerifyOptions<'_>) -> Result<Verification, VerifyError> {
    let listing = list(path)?;
    let mut found = Verification {
        signer: None,
        statement: None,
        refusals: Vec::new(),
        unsigned: Vec::new(),
        notes: Vec::new(),
        files: 0,
        bytes: 0,
    };
    let believed = match believe(bundle, options) {
        Ok(believed) => believed,
        Err(refusal) => {
            found.refusals.push(refusal);
            return Ok(found);
        }
    };
    found.signer = Some(believed.signer);
    found.notes.extend(believed.note);
    found.statement = serde_json::from_slice(&believed.payload).ok();
    match ModelManifest::from_payload(&believed.payload) {
        Err(error) => found.refusals.push(error.into()),
        Ok(manifest) => {
            Comparison { manifest: &manifest, listing: &listing, options, found: &mut found }.run();
        }
    }
    Ok(found)
}

/// How the files of a model were digested, as its bundle says: the algorithm, and the bytes in a shard. Nobody has checked yet who
/// signed it; none when it cannot be read.
pub fn claimed_digests(bundle: &[u8]) -> Option<(HashAlgorithm, Option<u64>)> {
    let bundle = Bundle::from_json(bundle).ok()?;
    let manifest = ModelManifest::from_payload(&bundle.envelope.payload).ok()?;
    Some((manifest.algorithm, manifest.shard_bytes))
}

struct Believed {
    signer: Signatory,
    payload: Vec<u8>,
    /// What in the bundle counted for nothing.
    note: Option<String>,
}

/// Who signed the bundle, if it is somebody who is trusted.
fn believe(json: &[u8], options: VerifyOptions<'_>) -> Result<Believed, Refusal> {
    let bundle = Bundle::from_json(json)?;
    let Bundle { material, envelope } = bundle;
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(Refusal::PayloadType(envelope.payload_type.chars().take(200).collect()));
    }
    let signature = envelope.signatures.first().map_or(&[][..], |signature| signature.value.as_slice());
    let signed_by = |key: &PublicKey| {
        let encoding = pre_authentication_encoding(&envelope.payload_type, &envelope.payload);
        key.verify(&encoding, signature).is_ok()
            || is_v0_1(&envelope.payload)
                && compatible::verifies(key, &envelope.payload_type, &envelope.payload, signature)
    };
    let mut note = None;
    let signer = match (options.trust, &material) {
        (Trust::Keys(keys), Material::Key { hint }) => {
            let ids = || keys.iter().map(PublicKey::key_id).collect::<Vec<_>>().join(", ");
            let named: Vec<&PublicKey> =
                keys.iter().filter(|key| hint.as_ref().is_none_or(|hint| is_hint_at(hint, key))).collect();
            if let (true, Some(hint)) = (named.is_empty(), hint) {
                let named = hint.chars().take(200).collect();
                return Err(Refusal::KeyMismatch { given: ids(), named });
            }
            let key = named.into_iter().find(|key| signed_by(key));
            Signatory::Key(key.ok_or_else(|| Refusal::Signature(format!("key {}", ids())))?.clone())
        }
        // A key that is trusted by itself needs no chain.
        (Trust::Keys(keys), Material::Certificates(chain)) => {
            let certified = chain.first().and_then(|leaf| certificate_key(leaf).ok()).map(|(key, _)| key);
            let key = keys.iter().find(|key| Some(*key) == certified.as_ref());
            let key = key.filter(|key| signed_by(key)).ok_or(Refusal::Method {
                signed: "the model is signed with a certificate, and not by the given key",
                remedy: "give the root that issued it with --certificate-chain FILE",
            })?;
            let many = if chain.len() == 1 { "certificate" } else { "certificates" };
            note = Some(format!(
                "the key was believed by itself: {} {many} in the bundle (dates, issuer, revocation) counted for nothing; \
                 --certificate-chain FILE judges them",
                chain.len()
            ));
            Signatory::Key(key.clone())
        }
        (Trust::Roots(roots), Material::Certificates(chain)) => {
            let certified = verify_chain_against(chain, roots, options.revoked, options.now)?;
            if !signed_by(&certified.key) {
                return Err(Refusal::Signature(format!("the certificate of `{}`", certified.subject)));
            }
            Signatory::Certificate { key: certified.key, subject: certified.subject, root: certified.root }
        }
        (Trust::Identity { expected, trust_root }, Material::Keyless) => {
            Signatory::Identity(keyless::check(json, &envelope.payload, expected, trust_root.as_deref())?)
        }
        (_, Material::Keyless) => {
            return Err(Refusal::Method {
                signed: "the model is signed keyless, through Sigstore",
                remedy: "say who is expected with --identity NAME --issuer URL",
            });
        }
        (_, Material::Key { .. }) => {
            return Err(Refusal::Method {
                signed: "the model is signed with a key",
                remedy: "give its public half with --key FILE",
            });
        }
        (Trust::Identity { .. }, Material::Certificates(_)) => {
            return Err(Refusal::Method {
                signed: "the model is signed with a certificate",
                remedy: "give the root that issued it with --certificate-chain FILE",
            });
        }
    };
    Ok(Believed { signer, payload: envelope.payload, note })
}

/// Whether a hint names a key: SHA-256 over its PEM, as the reference writes, or over its DER, as others do.
fn is_hint_at(hint: &str, key: &PublicKey) -> bool {
    let der = crate::digest::Digest::sha256(key.spki());
    hint.eq_ignore_ascii_case(&key.key_id()) || hint.eq_ignore_ascii_case(der.value())
}

/// Whether a payload says to be of the release whose signatures are over another text.
fn is_v0_1(payload: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Kind {
        #[serde(rename = "predicateType")]
        predicate_type: String,
    }
    serde_json::from_slice::<Kind>(payload).is_ok_and(|kind| kind.predicate_type == DIGESTS_V0_1)
}

/// Files on one side, what was signed on the other.
struct Comparison<'a> {
    manifest: &'a ModelManifest,
    listing: &'a Listing,
    options: VerifyOptions<'a>,
    found: &'a mut Verification,
}

impl<'a> Comparison<'a> {
    fn run(mut self) {
        let Some(signed) = self.signed_by_name() else { return };
        let follow = self.manifest.allow_symlinks || self.options.allow_symlinks;
        let mut present: Vec<(&Entry, &[Resource])> = Vec::new();
        let mut added: Vec<&Entry> = Vec::new();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let listing = self.listing;
        for entry in &listing.entries {
            let Some(resources) = signed.get(entry.name.as_str()) else {
                self.not_signed(entry, follow, &mut added);
                continue;
            };
            seen.insert(&entry.name);
            if self.may_read(entry, follow) {
                present.push((entry, resources));
            }
        }
        let missing: Vec<&str> = signed.keys().copied().filter(|name| !seen.contains(name)).collect();
        self.compare(&present, &signed);
        self.tell_missing_and_added(&missing, &added, &signed);
    }

    /// What was signed, under the names that the files have here; none when one side is a file and the other a folder.
    fn signed_by_name(&mut self) -> Option<BTreeMap<&'a str, &'a [Resource]>> {
        let manifest = self.manifest;
        let mut signed: BTreeMap<&str, &[Resource]> =
            manifest.files.iter().map(|(name, parts)| (name.as_str(), parts.as_slice())).collect();
        if self.listing.is_file {
            // By a dot, as the reference writes, or by its name, as the specification does.
            let parts = signed.remove(SINGLE_FILE).or_else(|| signed.remove(self.listing.name.as_str()));
            let Some(parts) = parts.filter(|_| manifest.files.len() == 1) else {
                let signed = if manifest.files.len() == 1 {
                    "a file of another name, or a folder"
                } else {
                    "a folder"
                };
                self.found.refusals.push(Refusal::Shape { signed, given: "a single file" });
                return None;
            };
            return Some(BTreeMap::from([(SINGLE_FILE, parts)]));
        }
        if manifest.is_file {
            self.found.refusals.push(Refusal::Shape { signed: "a single file", given: "a folder" });
            return None;
        }
        Some(signed)
    }

    /// A name as people know it: a model of one file goes by a dot in the signature, and by its name here.
    fn shown(&self, name: &str) -> String {
        if self.listing.is_file { self.listing.name.clone() } else { name.to_owned() }
    }

    /// Whether a signed entry may be read here; says why not.
    fn may_read(&mut self, entry: &Entry, follow: bool) -> bool {
        let name = || self.shown(&entry.name);
        let refusal = match &entry.kind {
            Kind::File { .. } => return true,
            Kind::FileLink { inside, target, .. } if follow => {
                if !inside {
                    let note = format!("`{}` leads out of the model, to {}", entry.name, target.display());
                    self.found.notes.push(note);
                }
                return true;
            }
            Kind::FileLink { inside: true, .. } => Refusal::Link(name()),
            Kind::FileLink { target, .. } => {
                Refusal::Escape { name: name(), target: target.display().to_string() }
            }
            Kind::FolderLink { target, .. } => {
                Refusal::FolderLink { name: name(), target: target.display().to_string() }
            }
            Kind::BrokenLink => Refusal::BrokenLink(name()),
            Kind::Special => Refusal::Special(name()),
            Kind::Unnameable => Refusal::Unnameable(name()),
        };
        self.found.refusals.push(refusal);
        false
    }

    /// Sorts an entry that was not signed: left out, allowed, or added.
    fn not_signed(&mut self, entry: &'a Entry, follow: bool, added: &mut Vec<&'a Entry>) {
        let own = self.options.signature_file.and_then(|file| name_below(&self.listing.root, file));
        if own.as_deref() == Some(entry.name.as_str()) {
            return;
        }
        if let Some(why) = self.left_out(&entry.name) {
            let danger = hidden(entry).filter(|_| why != Why::Verifier);
            if let Some(what) = danger.clone().filter(|_| !self.options.allow_unsigned) {
                self.found.refusals.push(Refusal::Hidden {
                    name: entry.name.clone(),
                    why: why.as_str(),
                    what,
                });
            }
            self.found.unsigned.push(Unsigned { name: entry.name.clone(), why, hidden: danger });
            return;
        }
        if self.manifest.shard_bytes.is_some() && matches!(entry.kind, Kind::File { size: 0, .. }) {
            self.found.unsigned.push(Unsigned { name: entry.name.clone(), why: Why::Empty, hidden: None });
            return;
        }
        // Its files are signed under their own names, and the reference implementation does not look into it.
        if follow && matches!(entry.kind, Kind::FolderLink { inside: true, .. }) {
            self.found.notes.push(format!("`{}` is a link to a folder of the model", entry.name));
            return;
        }
        if self.options.ignore_unsigned_files {
            let unsigned = Unsigned { name: entry.name.clone(), why: Why::Allowed, hidden: hidden(entry) };
            self.found.unsigned.push(unsigned);
            return;
        }
        if matches!(entry.kind, Kind::File { .. }) || (follow && matches!(entry.kind, Kind::FileLink { .. }))
        {
            added.push(entry);
        } else {
            self.may_read(entry, false);
        }
    }

    fn left_out(&self, name: &str) -> Option<Why> {
        let by = |paths: &[String]| {
            paths.iter().filter_map(|path| ignored_path(path)).any(|path| covers(&path, name))
        };
        if self.listing.is_file {
            None
        } else if by(self.options.ignore_paths) {
            Some(Why::Verifier)
        } else if DEFAULT_IGNORED.iter().any(|path| covers(path, name)) {
            Some(Why::Git)
        } else {
            by(&self.manifest.ignore_paths).then_some(Why::Signer)
        }
    }

    /// Compares every file that is there.
    fn compare(&mut self, present: &[(&Entry, &[Resource])], signed: &BTreeMap<&str, &[Resource]>) {
        let mut work = Vec::new();
        let mut wanted = Vec::new();
        for (entry, resources) in present {
            let size = entry.kind.size().unwrap_or(0);
            if let Some(range) = resources.last().and_then(|resource| resource.range.as_ref())
                && range.end != size
            {
                let (name, expected) = (self.shown(&entry.name), range.end);
                self.found.refusals.push(Refusal::Resized { name, expected, found: size });
                continue;
            }
            for resource in *resources {
                work.push(Work { path: entry.path.as_path(), size, range: resource.range.clone() });
                wanted.push((entry.name.as_str(), resource));
            }
        }
        self.found.files = present.len();
        let digesting = Digesting { algorithm: self.manifest.algorithm, ..self.options.digesting };
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for ((name, resource), digested) in wanted.into_iter().zip(digest_all(&work, digesting)) {
            let (digest, size) = match digested {
                Ok(digested) => digested,
                Err(error) => {
                    self.found.refusals.push(Refusal::Unreadable(error.to_string()));
                    continue;
                }
            };
            self.found.bytes += size;
            if digest == resource.digest || !told.insert(name) {
                continue;
            }
            let algorithm = self.manifest.algorithm;
            self.found.refusals.push(match origin(&digest, signed) {
                Some(origin) => Refusal::Swapped { name: self.shown(name), origin: origin.to_owned() },
                None => Refusal::Changed {
                    name: self.shown(name),
                    expected: format!("{algorithm}:{}", hex(&resource.digest)),
                    found: format!("{algorithm}:{}", hex(&digest)),
                },
            });
        }
    }

    /// Tells what is missing and what was added; a missing file whose content was added elsewhere was renamed.
    fn tell_missing_and_added(
        &mut self,
        missing: &[&str],
        added: &[&Entry],
        signed: &BTreeMap<&str, &[Resource]>,
    ) {
        let mut new_names: BTreeMap<&str, &str> = BTreeMap::new();
        if !missing.is_empty() && self.manifest.shard_bytes.is_none() {
            let digesting = Digesting { algorithm: self.manifest.algorithm, ..self.options.digesting };
            let work: Vec<Work<'_>> = added
                .iter()
                .map(|entry| Work {
                    path: entry.path.as_path(),
                    size: entry.kind.size().unwrap_or(0),
                    range: None,
                })
                .collect();
            for (entry, digested) in added.iter().zip(digest_all(&work, digesting)) {
                let Ok((digest, _)) = digested else { continue };
                let from = missing.iter().copied().find(|name| {
                    !new_names.contains_key(name)
                        && signed.get(name).is_some_and(|parts| is_whole(parts, &digest))
                });
                if let Some(from) = from {
                    new_names.insert(from, &entry.name);
                }
            }
        }
        let other_case = |one: &str, two: &str| one != two && one.to_lowercase() == two.to_lowercase();
        for name in missing {
            let case = added.iter().find(|entry| other_case(&entry.name, name));
            self.found.refusals.push(match (case, new_names.get(name)) {
                (Some(entry), _) => Refusal::Case { signed: (*name).to_owned(), found: entry.name.clone() },
                (None, Some(to)) => Refusal::Renamed { from: (*name).to_owned(), to: (*to).to_owned() },
                (None, None) => Refusal::Missing((*name).to_owned()),
            });
        }
        for entry in added {
            let explained = new_names.values().any(|to| *to == entry.name)
                || missing.iter().any(|name| other_case(&entry.name, name));
            if explained {
                continue;
            }
            let twin = signed.keys().find(|name| other_case(&entry.name, name));
            self.found.refusals.push(match twin {
                Some(twin) => Refusal::Case { signed: (*twin).to_owned(), found: entry.name.clone() },
                None => Refusal::Added(entry.name.clone()),
            });
        }
    }
}

/// The signed file, signed as a whole, that has this digest.
fn origin<'s>(digest: &[u8], signed: &BTreeMap<&'s str, &[Resource]>) -> Option<&'s str> {
    signed.iter().find(|(_, parts)| is_whole(parts, digest)).map(|(name, _)| *name)
}

fn is_whole(parts: &[Resource], digest: &[u8]) -> bool {
    matches!(parts, [part] if part.range.is_none() && part.digest == digest)
}
