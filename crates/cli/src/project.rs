//! The store of the project that a command works in: where it is, whom it believes, which key signs.

use crate::arguments::KeyChoice;
use crate::believed::Believed;
use crate::commands::scan::write_whole;
use crate::failure::Failure;
use crate::place::{self, Place};
use crate::{keyfile, terminal};
use bartizan_evidence::digest::Digest;
use bartizan_evidence::dsse::Envelope;
use bartizan_evidence::keys::{KeyAlgorithm, Signer as _, SigningKey};
use bartizan_evidence::lineage::NodeId;
use bartizan_evidence::log::checkpoint::CHECKPOINT_FILE;
use bartizan_evidence::log::{Clock, Log, LogError, LoggedStatements, NoteKey, NoteSigner, WriterOptions};
use bartizan_evidence::statement::{PAYLOAD_TYPE, ResourceDescriptor, Statement};
use bartizan_evidence::store::{
    Index, MemoryIndex, Receipt, SqliteIndex, StatementLog, Store, StoreError, TRUSTED, Trust,
    read_bounded_text,
};
use rayon::prelude::*;
use serde::Serialize;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Most files taken as subjects of one statement.
const MOST_SUBJECTS: usize = 1_000_000;

/// Opens the store that is there.
///
/// # Errors
/// [`Failure::Store`] when there is none, or it does not open.
pub(crate) fn existing(given: Option<&Path>) -> Result<Store, Failure> {
    let root = match given {
        Some(root) if root.is_dir() => root.to_owned(),
        Some(root) => {
            return Err(Failure::Store(StoreError::NoStore(root.to_owned()).into()));
        }
        None => Store::find(&here())?,
    };
    open(&root)
}

/// Opens the store, or makes one beside `bartizan.toml`. The first key that signs in it is believed.
///
/// # Errors
/// [`Failure::Store`].
pub(crate) fn for_signing(given: Option<&Path>, key: &SigningKey) -> Result<Store, Failure> {
    let root = match given {
        Some(root) => root.to_owned(),
        None => Store::find(&here()).unwrap_or_else(|_| Store::place(&here())),
    };
    if !root.join(TRUSTED).exists() {
        let path = believe(&root, &key.public_key())?;
        Believed::of_user().add_key(&key.public_key())?;
        terminal::remark(&format!("a new store, which believes the key {}", path.display()));
    }
    open_to_append(&root)
}

/// Believes a key in the store at `root`, and says in which file.
///
/// # Errors
/// [`Failure::Write`].
pub(crate) fn believe(root: &Path, key: &bartizan_evidence::keys::PublicKey) -> Result<PathBuf, Failure> {
    use bartizan_evidence::keys::Verifier as _;
    let folder = root.join(TRUSTED);
    let path = folder.join(format!("{}.pem", key.key_id()));
    let failed = |error| Failure::Write { path: path.clone(), error };
    fs::create_dir_all(&folder).map_err(failed)?;
    write_whole(&path, |out| out.write_all(key.to_pem().as_bytes()))?;
    Ok(path)
}

/// The keys that a store trusts and this user has confirmed; says what is not. A log whose key is not confirmed may have
/// left things out, so nothing it holds counts as proven.
fn confirmed(root: &Path) -> Result<Trust, Failure> {
    let believed = Believed::of_user();
    let mut trust = Trust::of_store(root)?;
    let foreign = trust.restrict(&|id| believed.has_key(id));
    if let Some(first) = foreign.first() {
        terminal::remark(&format!(
            "{} of the keys that this store trusts were never confirmed on this machine, so what they signed counts as \
             unproven; if you know whose key it is: bartizan lineage trust {}",
            foreign.len(),
            root.join(TRUSTED).join(format!("{first}.pem")).display()
        ));
    }
    if let Ok(verifier) = read_bounded_text(&root.join(VERIFIER_KEY), LONGEST_VERIFIER)
        && !believed.has_log(&verifier)
        && !trust.is_empty()
    {
        terminal::remark(&format!(
            "the log of this store, {}, was never confirmed on this machine, so nothing in it counts as proven; \
             `bartizan lineage trust KEY` confirms it with a key",
            verifier.split('+').next().unwrap_or_default()
        ));
        trust.restrict(&|_| false);
    }
    Ok(trust)
}

/// Believes a key for this user as well, and the log of the store at `root` with it; says which log.
///
/// # Errors
/// [`Failure::Write`].
pub(crate) fn confirm(root: &Path, key: &bartizan_evidence::keys::PublicKey) -> Result<(), Failure> {
    let believed = Believed::of_user();
    believed.add_key(key)?;
    if let Ok(verifier) = read_bounded_text(&root.join(VERIFIER_KEY), LONGEST_VERIFIER) {
        believed.add_log(&verifier)?;
        terminal::remark(&format!("and the log {}", verifier.trim()));
    }
    Ok(())
}

/// Opens a store to read, with the keys that are confirmed.
fn open(root: &Path) -> Result<Store, Failure> {
    let trust = confirmed(root)?;
    assemble(root, log_to_read(root)?, trust)
}

/// Opens a store to read, with keys that the caller answers for. Unless `indexed`, the kept index is passed over for one that is read
/// from log and blobs now, and nothing is written.
///
/// # Errors
/// [`Failure::Store`], [`Failure::Log`] and [`Failure::Read`].
pub(crate) fn open_with(root: &Path, trust: Trust, indexed: bool) -> Result<Store, Failure> {
    let log = log_to_read(root)?;
    if indexed {
        return assemble(root, log, trust);
    }
    let blobs = place::blobs(&place::shared_or(root))?;
    Ok(Store::with_index(root, blobs, log, Box::<MemoryIndex>::default(), trust)?)
}

/// The verifier key of a store's log, as text; none while it has no log.
///
/// # Errors
/// [`Failure::Read`].
pub(crate) fn verifier_key(root: &Path) -> Result<Option<String>, Failure> {
    let path = root.join(VERIFIER_KEY);
    match read_bounded_text(&path, LONGEST_VERIFIER) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::Read { what: "key of the log", path, error }),
    }
}

/// The checkpoint of a store's log as it lies there now, not checked: it tells whether anything changed.
///
/// # Errors
/// [`Failure::Read`].
pub(crate) fn checkpoint(root: &Path) -> Result<String, Failure> {
    let place = Place::of(&place::shared_or(root).join(LOG))?;
    let found = place.files().read(CHECKPOINT_FILE).map_err(|error| Failure::Read {
        what: "log",
        path: place.files().place().into(),
        error,
    })?;
    Ok(String::from_utf8_lossy(&found.unwrap_or_default()).into_owned())
}

/// The log of a store: it is believed when its checkpoint is signed by the key in `log.vkey`.
fn log_to_read(root: &Path) -> Result<Option<Box<dyn StatementLog>>, Failure> {
    let Some(verifier) = verifier_key(root)? else { return Ok(None) };
    let key = verifier.parse::<NoteKey>().map_err(LogError::from)?;
    let files = Place::of(&place::shared_or(root).join(LOG))?.into_files();
    Ok(Some(Box::new(LoggedStatements::in_files(files, key))))
}

/// A store whose blobs are its own or a team's; the index is always this machine's.
fn assemble(root: &Path, log: Option<Box<dyn StatementLog>>, trust: Trust) -> Result<Store, Failure> {
    fs::create_dir_all(root).map_err(|error| Failure::Write { path: root.to_owned(), error })?;
    let blobs = place::blobs(&place::shared_or(root))?;
    Ok(Store::with_index(root, blobs, log, index(root)?, trust)?)
}

/// The store's index. Where the folder cannot be written (a read-only mount, somebody else's), one in memory for this command alone.
fn index(root: &Path) -> Result<Box<dyn Index>, Failure> {
    let opened = SqliteIndex::open(&root.join("index.sqlite"));
    if opened.is_err() && is_read_only(root) {
        terminal::remark(&format!(
            "{} cannot be written: its statements are read and checked anew for this command alone",
            root.display()
        ));
        return Ok(Box::<MemoryIndex>::default());
    }
    Ok(Box::new(opened.map_err(StoreError::from)?))
}

/// Whether no file can be made in a folder.
fn is_read_only(folder: &Path) -> bool {
    let trial = folder.join(format!(".{}.part", std::process::id()));
    match fs::OpenOptions::new().write(true).create_new(true).open(&trial) {
        Ok(_) => {
            // Made a moment ago, by us alone.
            let _ = fs::remove_file(&trial);
            false
        }
        Err(error) => {
            matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
        }
    }
}

/// Opens the log at a place for appending, or begins it.
fn writer(place: &Place, signer: impl Fn() -> Result<NoteSigner, Failure>) -> Result<Log, Failure> {
    let clock =
        || -> Clock { Box::new(|| u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default()) };
    let begun = place.files().read(CHECKPOINT_FILE).map_err(|error| Failure::Read {
        what: "log",
        path: place.files().place().into(),
        error,
    })?;
    if begun.is_none() {
        match place.clone().create(signer()?, clock()) {
            // Someone else began it at the same moment.
            Err(LogError::Exists { .. }) => {}
            other => return Ok(other?),
        }
    }
    Ok(place.clone().open(signer()?, clock(), WriterOptions::default())?)
}

/// Opens a store to append to. Its log is begun, with a key of its own, when there is none.
fn open_to_append(root: &Path) -> Result<Store, Failure> {
    let path = root.join(SIGNING_KEY);
    let failure = |error| Failure::Key { path: path.clone(), error };
    let place = Place::of(&place::shared_or(root).join(LOG))?;
    let begun = place.files().read(CHECKPOINT_FILE).is_ok_and(|found| found.is_some());
    if !path.exists() && !begun && !root.join(LOG).exists() {
        let key = SigningKey::generate(KeyAlgorithm::Ed25519).map_err(failure)?;
        let pem = key.to_pem(None).map_err(failure)?;
        fs::create_dir_all(root).map_err(|error| Failure::Write { path: root.to_owned(), error })?;
        // Another process may begin the same log: whoever makes the file first decides.
        match create_secret(&path, pem.as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(Failure::Write { path, error });
            }
            _ => {}
        }
        // What is secret or derived has no place in version control.
        let ignored = root.join(".gitignore");
        write_whole(&ignored, |out| out.write_all(b"log.key\nindex.sqlite*\n"))?;
    }
    let pem = keyfile::key_text(&path)?;
    let signer = || -> Result<NoteSigner, Failure> {
        let key = SigningKey::from_pem(&pem, None).map_err(failure)?;
        let name: String = key.key_id().chars().take(ORIGIN_DIGITS).collect();
        let signer = NoteSigner::for_log(&format!("bartizan.local/{name}"), Box::new(key));
        Ok(signer.map_err(LogError::from)?)
    };
    let key = signer()?.key().clone();
    let verifier = root.join(VERIFIER_KEY);
    if !verifier.exists() {
        let text = format!("{key}\n");
        Believed::of_user().add_log(&text)?;
        write_whole(&verifier, |out| out.write_all(text.as_bytes()))?;
    }
    let trust = confirmed(root)?;
    let log = writer(&place, signer)?;
    let log = LoggedStatements::of_writer(place.into_files(), key, log);
    assemble(root, Some(Box::new(log)), trust)
}

/// Writes a file that only its owner may read, unless there is one.
fn create_secret(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(content).and_then(|()| file.sync_all()).inspect_err(|_| {
        // Half a key is no key.
        let _ = fs::remove_file(path);
    })
}

/// Folder of a store that holds its log.
const LOG: &str = "log";
/// Private key of the log, which signs its checkpoints.
const SIGNING_KEY: &str = "log.key";
/// Public key of the log, as a verifier key of signed notes.
const VERIFIER_KEY: &str = "log.vkey";
/// Longest verifier key read, in bytes. One of ML-DSA-44 has about 1,800 beside its name.
const LONGEST_VERIFIER: u64 = 16 << 10;
/// Digits of the key's name in the origin of a log that got no name from its owner.
const ORIGIN_DIGITS: usize = 16;

/// The folder the user works in.
pub(crate) fn here() -> PathBuf {
    std::env::current_dir().unwrap_or_default()
}

/// Signs a statement, keeps it, and says where. The envelope is given as well.
///
/// # Errors
/// [`Failure::Key`] and [`Failure::Store`].
pub(crate) fn record<P: Serialize>(
    store: &Store,
    statement: &Statement<P>,
    key: &SigningKey,
) -> Result<(Receipt, Envelope), Failure> {
    debug_assert_eq!(fits(statement), Ok(()), "what we sign has the shape that its type promises");
    let payload = statement.to_payload().map_err(StoreError::from)?;
    let envelope = Envelope::sign(payload, PAYLOAD_TYPE, key).map_err(StoreError::from)?;
    let receipt = store.record(&envelope)?;
    Ok((receipt, envelope))
}

/// Whether the predicate is what its type asks for.
fn fits<P: Serialize>(statement: &Statement<P>) -> Result<(), bartizan_evidence::predicate::Misfit> {
    let predicate = serde_json::to_value(&statement.predicate).unwrap_or_default();
    bartizan_evidence::predicate::check(&statement.predicate_type, &predicate)
}

/// The key that a command signs with.
///
/// # Errors
/// [`Failure::Read`] and [`Failure::Key`].
pub(crate) fn key(choice: &KeyChoice) -> Result<SigningKey, Failure> {
    keyfile::signing_key(&choice.key, &choice.passphrase)
}

/// What the user names: a file by its content, a digest, or every file in a folder.
///
/// # Errors
/// [`Failure::Read`], and [`Failure::Node`] for what is neither.
pub(crate) fn subjects(artifact: &str) -> Result<Vec<ResourceDescriptor>, Failure> {
    let path = Path::new(artifact);
    if path.is_dir() {
        let mut files = Vec::new();
        let mut work = vec![path.to_owned()];
        while let Some(folder) = work.pop() {
            let failed = |error| Failure::Read { what: "folder", path: folder.clone(), error };
            for entry in fs::read_dir(&folder).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let kind = entry.file_type().map_err(failed)?;
                if kind.is_dir() {
                    work.push(entry.path());
                } else if entry.path().is_file() {
                    files.push(entry.path());
                }
                if files.len() > MOST_SUBJECTS {
                    return Err(Failure::Node {
                        text: artifact.to_owned(),
                        reason: format!("holds more than {MOST_SUBJECTS} files"),
                    });
                }
            }
        }
        files.sort();
        return files
            .par_iter()
            .map(|file| Ok(ResourceDescriptor::named(file.to_string_lossy(), digest_of(file)?)))
            .collect();
    }
    if path.is_file() {
        return Ok(vec![ResourceDescriptor::named(artifact, digest_of(path)?)]);
    }
    let node: NodeId = artifact.parse().map_err(|error: bartizan_evidence::lineage::NodeIdError| {
        Failure::Node { text: artifact.to_owned(), reason: error.to_string() }
    })?;
    let digest = node.digest().ok_or_else(|| Failure::Node {
        text: artifact.to_owned(),
        reason: "is neither a file nor a digest".to_owned(),
    })?;
    Ok(vec![ResourceDescriptor { digest: digest.into(), ..ResourceDescriptor::default() }])
}

/// The node that the user names: a digest, its first digits, a file, or a name.
///
/// # Errors
/// [`Failure::Node`] when it could be several or none.
pub(crate) fn node(store: &Store, text: &str) -> Result<NodeId, Failure> {
    if Path::new(text).is_file() {
        return Ok(NodeId::of_digest(&digest_of(Path::new(text))?));
    }
    if let Ok(node) = text.parse::<NodeId>()
        && store.index().node(&node).map_err(StoreError::from)?.is_some()
    {
        return Ok(node);
    }
    let prefix = if text.contains(':') { text.to_owned() } else { format!("sha256:{text}") };
    let prefix = prefix.trim_end_matches('…');
    let found = store.index().nodes_like(prefix, 2).map_err(StoreError::from)?;
    match found.as_slice() {
        // Fewer digits than these are met by chance.
        [one] if prefix.len() >= "sha256:".len() + 4 => Ok(one.clone()),
        [_, _] => Err(Failure::Node {
            text: text.to_owned(),
            reason: "is the beginning of several names".to_owned(),
        }),
        _ => text.parse().map_err(|error: bartizan_evidence::lineage::NodeIdError| Failure::Node {
            text: text.to_owned(),
            reason: error.to_string(),
        }),
    }
}

/// The SHA-256 of a file.
///
/// # Errors
/// [`Failure::Read`].
pub(crate) fn digest_of(path: &Path) -> Result<Digest, Failure> {
    let failed = |error| Failure::Read { what: "artifact", path: path.to_owned(), error };
    let mut file = File::open(path).map_err(failed)?;
    bartizan_evidence::store::sha256_of(&mut file).map_err(failed)
}

/// Reads a document that the user named, `-` for standard input.
///
/// # Errors
/// [`Failure::Read`].
pub(crate) fn document(what: &'static str, path: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    let failed = |error| Failure::Read { what, path: path.to_owned(), error };
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        io::stdin().lock().take(most as u64 + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(most as u64 + 1).read_to_end(&mut bytes))
    };
    read.map_err(failed)?;
    if bytes.len() > most {
        let message = format!("it has more than {most} bytes");
        return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, message)));
    }
    Ok(bytes)
}
