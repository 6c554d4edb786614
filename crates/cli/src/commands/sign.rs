//! `bartizan sign`: a signature over every file of a model.

use crate::arguments::SignArguments;
use crate::commands::scan::write_whole;
use crate::commands::scan_beside::Beside;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Bar;
use crate::settings::Trust;
use crate::{keyfile, terminal};
use bartizan_evidence::keys::{Signer as _, Verifier as _, certificate_key, certificates_from_pem};
use bartizan_evidence::manifest::{DigestCache, Digesting, Progress, Silent};
use bartizan_evidence::oms::{Bundle, Material, SignError, SignOptions, SigningIdentity, sign};
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Runs the command.
///
/// # Errors
/// [`Failure`] when key or model cannot be read or the signature cannot be written.
pub(crate) fn run(arguments: &SignArguments) -> Result<Exit, Failure> {
    let key = keyfile::signing_key(&arguments.key, &arguments.passphrase)?;
    let mut chain = Vec::new();
    for path in &arguments.certificate {
        let certificates = certificates_from_pem(&keyfile::key_text(path)?);
        chain.extend(certificates.map_err(|error| Failure::Certificate { path: path.clone(), error })?);
    }
    let identity =
        if chain.is_empty() { SigningIdentity::Key(&key) } else { SigningIdentity::Certified(&key, chain) };
    let signature = signature_file(&arguments.path, arguments.signature.as_deref());
    let in_use = std::iter::once(&arguments.key).chain(&arguments.certificate).map(PathBuf::as_path);
    may_replace_by(&signature, in_use, Some(&key.key_id()), arguments.force)?;
    if let (Ok(key), Ok(model)) = (arguments.key.canonicalize(), arguments.path.canonicalize())
        && key.starts_with(&model)
    {
        return Err(Failure::KeyInModel { key: arguments.key.clone(), model: arguments.path.clone() });
    }
    let scanned = arguments.scan.scan.then(|| {
        let digests = (arguments.hash, arguments.shard_size);
        Beside::scan(&arguments.path, &arguments.scan, arguments.reading.jobs, Trust::Folder, digests)
    });
    let scanned = scanned.transpose()?;
    if let Some(scanned) = &scanned
        && (scanned.is_bad() || scanned.is_incomplete())
    {
        return refused(scanned);
    }
    let cache = (!arguments.reading.no_cache && scanned.is_none()).then(digest_cache).flatten();
    let bar = io::stderr().is_terminal().then(|| Bar::new(0));
    let options = SignOptions {
        digesting: Digesting {
            algorithm: arguments.hash,
            jobs: jobs(arguments.reading.jobs),
            progress: bar.as_ref().map_or(&Silent as &dyn Progress, |bar| bar),
            cache: cache.as_ref(),
            gathered: scanned.as_ref().map(|scanned| &scanned.gathered),
            live: None,
        },
        shard_bytes: arguments.shard_size,
        ignore_paths: &arguments.ignore_path,
        allow_symlinks: arguments.allow_symlinks,
        valid_at: (!arguments.allow_expired).then(since_1970),
        signature_file: Some(&signature),
        strict_spec: arguments.strict_spec,
    };
    let signed = sign(&arguments.path, &identity, options);
    if let Some(bar) = &bar {
        bar.clear();
    }
    remember(cache.as_ref());
    let signed =
        signed.map_err(|error| Failure::Sign { path: arguments.path.clone(), error: Box::new(error) })?;
    write_whole(&signature, |out| out.write_all(&signed.bundle))?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "signed     {} ({} files, {} bytes)",
        arguments.path.display(),
        signed.files,
        signed.bytes
    )?;
    if let Some(scanned) = &scanned {
        writeln!(out, "scanned    {}", scanned.summary())?;
    }
    writeln!(out, "root       {}", signed.root)?;
    writeln!(out, "key id     {}", key.key_id())?;
    writeln!(out, "signature  {}", signature.display())?;
    out.flush()?;
    for note in &signed.notes {
        terminal::remark(note);
    }
    if !key.algorithm().name().starts_with("ecdsa") {
        let algorithm = key.algorithm();
        terminal::remark(&format!("other tools for model signatures read ECDSA keys only, not {algorithm}"));
    }
    Ok(Exit::Done)
}

/// Says what the scan found, and that nothing was signed for it.
fn refused(scanned: &Beside) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    scanned.write_table(&mut out)?;
    out.flush()?;
    let (exit, flag) = if scanned.is_bad() {
        (Exit::Found, "--allow-findings")
    } else {
        (Exit::Incomplete, "--allow-incomplete")
    };
    terminal::remark(&format!("not signed: {}; {flag} signs it all the same", scanned.summary()));
    Ok(exit)
}

/// Refuses to put a signature in the place of anything but an older signature: the key or a certificate in use, a file of the
/// model, or any other file with content.
///
/// # Errors
/// [`Failure::Overwritten`].
pub(crate) fn may_replace<'a>(
    target: &Path,
    in_use: impl IntoIterator<Item = &'a Path>,
) -> Result<(), Failure> {
    may_replace_by(target, in_use, None, false)
}

/// As [`may_replace`], for a signature by the key that `signer` names: a model's signature by another one is kept as well.
/// With `force` only what is in use is.
///
/// # Errors
/// [`Failure::Overwritten`].
pub(crate) fn may_replace_by<'a>(
    target: &Path,
    in_use: impl IntoIterator<Item = &'a Path>,
    signer: Option<&str>,
    force: bool,
) -> Result<(), Failure> {
    let refuse = |what: &str, remedy| {
        Err(Failure::Overwritten { path: target.to_owned(), what: what.to_owned(), remedy })
    };
    let Ok(real) = target.canonicalize() else { return Ok(()) };
    if in_use.into_iter().any(|path| path.canonicalize().is_ok_and(|path| path == real)) {
        return refuse("the key or certificate in use", "name another file");
    }
    let is_file = std::fs::metadata(&real).is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0);
    if !is_file || force {
        return Ok(());
    }
    let remedy = "name another file, move that one away, or replace it with --force";
    let mut bytes = Vec::new();
    let older = std::fs::File::open(&real).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes));
    if older.is_err() || !is_signature(&bytes) {
        return refuse("a file that is no signature", remedy);
    }
    match (signer, Bundle::from_json(&bytes).ok().and_then(|bundle| key_of(&bundle))) {
        (Some(signer), Some(other)) if signer != other => {
            let other = bartizan_core::printable(&other, 64);
            refuse(&format!("a signature by another key, {other}"), remedy)
        }
        _ => Ok(()),
    }
}

/// Whether a file is a bundle or an envelope: a JSON object with the members that either has.
fn is_signature(bytes: &[u8]) -> bool {
    let members = serde_json::from_slice::<serde_json::Value>(bytes).ok();
    let has = |name| members.as_ref().is_some_and(|members| members.get(name).is_some());
    has("dsseEnvelope") || has("payloadType") && has("signatures")
}

/// The id of the key that a bundle names, which nobody has checked.
fn key_of(bundle: &Bundle) -> Option<String> {
    match &bundle.material {
        Material::Key { hint } => hint.clone(),
        Material::Certificates(chain) => Some(certificate_key(chain.first()?).ok()?.0.key_id()),
        Material::Keyless => None,
    }
}

/// The time by this machine's clock.
fn since_1970() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO)
}

/// Longest signature looked at before it is replaced, in bytes.
const LONGEST: u64 = 256 << 20;

/// Where the signature of a model lies when nothing is said: beside it, `.sig` behind its name.
pub(crate) fn signature_file(model: &Path, given: Option<&Path>) -> PathBuf {
    if let Some(given) = given {
        return given.to_owned();
    }
    // `.` and `..` have no name to put anything behind.
    let named =
        if model.file_name().is_some() { model.to_owned() } else { model.canonicalize().unwrap_or_default() };
    let mut name = named.file_name().unwrap_or_default().to_owned();
    name.push(".sig");
    named.with_file_name(name)
}

/// Files read at a time.
pub(crate) fn jobs(given: Option<NonZeroUsize>) -> NonZeroUsize {
    given.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
}

/// Digests remembered in the user's own folder for such things; none when there is no such folder.
pub(crate) fn digest_cache() -> Option<DigestCache> {
    let own = |name, below: &str| {
        let folder = std::env::var_os(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
        folder.map(|folder| folder.join(below))
    };
    let folder = own("XDG_CACHE_HOME", "bartizan").or_else(|| own("HOME", ".cache/bartizan"))?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(DigestCache::open(folder.join("digests"), now))
}

/// Writes what was learnt. A cache that cannot be written costs time on the next run, nothing else.
pub(crate) fn remember(cache: Option<&DigestCache>) {
    if let Some(Err(error)) = cache.map(DigestCache::save) {
        terminal::remark(&format!("digests are not remembered: {error}"));
    }
}

impl Progress for Bar {
    fn read(&self, bytes: u64) {
        bartizan_core::sweep::Progress::read(self, bytes);
    }

    fn done(&self, path: &Path) {
        bartizan_core::sweep::Progress::done(self, &path.to_string_lossy());
    }
}

/// What to do about a model that cannot be signed.
pub(crate) fn help(error: &SignError) -> Option<String> {
    matches!(error, SignError::Empty(_))
        .then(|| "check the path; `.git` and ignored paths are left out".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_signature_is_replaced_by_a_signature() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let key = file("key", "{\"dsseEnvelope\":{}}");
        assert!(matches!(may_replace(&key, [key.as_path()]), Err(Failure::Overwritten { .. })));
        let model = file("a.txt", "weights");
        assert!(matches!(may_replace(&model, [key.as_path()]), Err(Failure::Overwritten { .. })));
        for older in [
            file("old.sig", "{\"dsseEnvelope\":{}}"),
            file("old.dsse", "{\"payloadType\":\"\",\"signatures\":[]}"),
            file("empty", ""),
            folder.path().join("new"),
        ] {
            assert!(may_replace(&older, [key.as_path()]).is_ok(), "{}", older.display());
        }
    }

    #[test]
    fn a_signature_lies_beside_its_model() {
        assert_eq!(signature_file(Path::new("a/model"), None), Path::new("a/model.sig"));
        assert_eq!(signature_file(Path::new("a/m.safetensors"), None), Path::new("a/m.safetensors.sig"));
        assert_eq!(signature_file(Path::new("a"), Some(Path::new("b"))), Path::new("b"));
    }
}
