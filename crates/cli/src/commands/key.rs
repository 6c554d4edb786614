//! `bartizan key`: make a key pair, show what a key file holds, write a public half.

use crate::arguments::{ExportForm, KeyArguments, KeyCommand, PassphraseArguments, TextOrJson};
use crate::believed::Believed;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{keyfile, terminal};
use bartizan_evidence::digest::Digest;
use bartizan_evidence::keys::{KeyAlgorithm, PublicKey, Signer as _, SigningKey, Verifier as _, pem_blocks};
use serde_json::json;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs the command.
///
/// # Errors
/// [`Failure`] when a key cannot be read, made or written.
pub(crate) fn run(arguments: &KeyArguments) -> Result<Exit, Failure> {
    match &arguments.command {
        KeyCommand::Generate { algorithm, output, encrypt, passphrase } => {
            let passphrase =
                if *encrypt { Some(PassphraseArguments::ask_new()?) } else { passphrase.given()? };
            generate(*algorithm, output, passphrase.as_deref().map(String::as_str))
        }
        KeyCommand::Show { file, format, passphrase } => show(file, *format, passphrase),
        KeyCommand::Export { file, form, output, passphrase } => {
            let (key, _) = either_half(file, passphrase)?;
            let text = match form {
                ExportForm::Pem => key.to_pem().to_owned(),
                ExportForm::Securesystemslib => {
                    let json = key.to_securesystemslib();
                    json.map_err(|error| Failure::Key { path: file.clone(), error })? + "\n"
                }
            };
            match output {
                Some(path) => create(path, text.as_bytes(), Readers::Everyone)?,
                None => io::stdout().lock().write_all(text.as_bytes())?,
            }
            Ok(Exit::Done)
        }
    }
}

fn generate(algorithm: KeyAlgorithm, path: &Path, passphrase: Option<&str>) -> Result<Exit, Failure> {
    let failure = |error| Failure::Key { path: path.to_owned(), error };
    let public_path = public_beside(path);
    if fs::symlink_metadata(&public_path).is_ok() {
        return Err(Failure::KeyExists(public_path));
    }
    let key = SigningKey::generate(algorithm).map_err(failure)?;
    create(path, key.to_pem(passphrase).map_err(failure)?.as_bytes(), Readers::OwnerAlone)?;
    if let Err(error) = create(&public_path, key.public_key().to_pem().as_bytes(), Readers::Everyone) {
        // Without its public half the key is of no use; it has signed nothing yet.
        let _ = fs::remove_file(path);
        return Err(error);
    }
    // Whoever makes a key here believes what it signs.
    Believed::of_user().add_key(&key.public_key())?;
    let mut out = io::stdout().lock();
    writeln!(out, "private key  {}", path.display())?;
    writeln!(out, "public key   {}", public_path.display())?;
    writeln!(out, "algorithm    {algorithm}")?;
    writeln!(out, "key id       {}", key.key_id())?;
    out.flush()?;
    if passphrase.is_none() {
        terminal::remark("the private key is not encrypted; --encrypt asks for a passphrase");
    }
    if let Some(root) = unignored_in(path) {
        terminal::remark(&format!(
            "the private key {} lies in the git work tree {} and is not ignored, so `git add .` would publish it: name it in \
             .gitignore, or keep it elsewhere, such as ~/.config",
            path.display(),
            root.display()
        ));
    }
    Ok(Exit::Done)
}

/// The work tree of git that a file lies in, unless git ignores it there. Where git cannot be asked, it counts as not ignored.
fn unignored_in(path: &Path) -> Option<PathBuf> {
    let path = path.canonicalize().ok()?;
    let folder = path.parent()?;
    let root = folder.ancestors().find(|above| above.join(".git").exists())?;
    let ignored = Command::new("git")
        // The work tree's own settings start nothing.
        .args(["-c", "core.fsmonitor=false", "check-ignore", "--quiet", "--"])
        .arg(&path)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    (!ignored.is_ok_and(|status| status.success())).then(|| root.to_owned())
}

fn show(file: &Path, format: TextOrJson, passphrase: &PassphraseArguments) -> Result<Exit, Failure> {
    let (key, kind) = either_half(file, passphrase)?;
    let spki = Digest::sha256(key.spki());
    let mut out = io::stdout().lock();
    match format {
        TextOrJson::Json => {
            let value = json!({
                "kind": kind.name(),
                "encrypted": kind == Kind::Encrypted,
                "algorithm": key.algorithm().name(),
                "key_id": key.key_id(),
                "spki_sha256": spki.value(),
                "public_key": key.to_pem(),
            });
            serde_json::to_writer_pretty(&mut out, &value).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        TextOrJson::Text => {
            writeln!(out, "kind         {}", kind.name())?;
            writeln!(out, "algorithm    {}", key.algorithm())?;
            writeln!(out, "key id       {}", key.key_id())?;
            writeln!(out, "SPKI SHA-256 {}", spki.value())?;
        }
    }
    Ok(Exit::Done)
}

/// What a key file holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Private,
    Encrypted,
    Public,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Private => "private key",
            Self::Encrypted => "private key, encrypted",
            Self::Public => "public key",
        }
    }
}

/// The public half of whatever key a file holds.
fn either_half(file: &Path, passphrase: &PassphraseArguments) -> Result<(PublicKey, Kind), Failure> {
    let text = keyfile::key_text(file)?;
    if text.trim_start().starts_with('{') {
        return Ok((keyfile::public_key(file)?, Kind::Public));
    }
    let blocks =
        pem_blocks(&text).map_err(|error| Failure::Key { path: file.to_owned(), error: error.into() })?;
    match blocks.iter().find(|block| block.label.ends_with("PRIVATE KEY")) {
        Some(block) => {
            let kind = if block.label.starts_with("ENCRYPTED") { Kind::Encrypted } else { Kind::Private };
            Ok((keyfile::signing_key(file, passphrase)?.public_key(), kind))
        }
        None => Ok((keyfile::public_key(file)?, Kind::Public)),
    }
}

/// `release.key` becomes `release.pub`, anything else gets `.pub` behind it.
fn public_beside(path: &Path) -> PathBuf {
    if let Some("key" | "pem") = path.extension().and_then(|extension| extension.to_str()) {
        return path.with_extension("pub");
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Readers {
    OwnerAlone,
    Everyone,
}

/// Writes a new file; an existing one is left as it is.
fn create(path: &Path, content: &[u8], readers: Readers) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(if readers == Readers::OwnerAlone { 0o600 } else { 0o644 });
    }
    #[cfg(not(unix))]
    let _ = readers;
    let failure = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::KeyExists(path.to_owned()),
        _ => Failure::Write { path: path.to_owned(), error },
    };
    let mut file = options.open(path).map_err(failure)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(|error| {
        // Half a key is no key.
        let _ = fs::remove_file(path);
        Failure::Write { path: path.to_owned(), error }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_half_lies_beside() {
        assert_eq!(public_beside(Path::new("a/release.key")), Path::new("a/release.pub"));
        assert_eq!(public_beside(Path::new("a/release.pem")), Path::new("a/release.pub"));
        assert_eq!(public_beside(Path::new("a/v1.2")), Path::new("a/v1.2.pub"));
    }
}
