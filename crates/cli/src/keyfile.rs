//! Keys from files, with the passphrase from where the user said: variable, file or terminal.

use crate::arguments::PassphraseArguments;
use crate::failure::Failure;
use bartizan_evidence::keys::{KeyError, LONGEST_PEM, PublicKey, SigningKey, is_encrypted};
use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;
use zeroize::Zeroizing;

/// Variable that holds the passphrase when no flag says otherwise.
const PASSPHRASE_VARIABLE: &str = "BARTIZAN_PASSPHRASE";

/// Reads a private key, asking for its passphrase when it has one.
///
/// # Errors
/// [`Failure::Read`], [`Failure::Key`] and [`Failure::Passphrase`].
pub(crate) fn signing_key(path: &Path, passphrase: &PassphraseArguments) -> Result<SigningKey, Failure> {
    let text = key_text(path)?;
    let failure = |error| Failure::Key { path: path.to_owned(), error };
    let secret = if is_encrypted(&text).map_err(failure)? {
        match passphrase.given()? {
            Some(given) => Some(given),
            None if io::stdin().is_terminal() => Some(ask(&format!("Passphrase of {}: ", path.display()))?),
            None => None,
        }
    } else {
        None
    };
    SigningKey::from_pem(&text, secret.as_deref().map(String::as_str)).map_err(failure)
}

/// Reads a public key: PEM, or a key file of securesystemslib.
///
/// # Errors
/// [`Failure::Read`] and [`Failure::Key`].
pub(crate) fn public_key(path: &Path) -> Result<PublicKey, Failure> {
    let text = key_text(path)?;
    let read = if text.trim_start().starts_with('{') {
        PublicKey::from_securesystemslib(text.as_bytes()).map(|(key, _)| key)
    } else {
        PublicKey::from_pem(&text)
    };
    read.map_err(|error| Failure::Key { path: path.to_owned(), error })
}

/// Warns of a private key that others may read or write, as ssh does; public halves are for everybody.
fn warn_of_others(path: &Path, file: &File) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata().map_or(0, |found| found.permissions().mode());
        if mode & 0o077 != 0 && path.extension().is_some_and(|ending| ending == "key") {
            crate::terminal::remark(&format!(
                "{} may be read or written by others (mode {:o}); chmod 600 keeps it yours",
                path.display(),
                mode & 0o777
            ));
        }
    }
    #[cfg(not(unix))]
    let _ = (path, file);
}

/// The text of a key file, wiped when dropped.
///
/// # Errors
/// [`Failure::Read`] and [`Failure::Key`].
pub(crate) fn key_text(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let unreadable = |error| Failure::Read { what: "key", path: path.to_owned(), error };
    let damaged = |error| Failure::Key { path: path.to_owned(), error };
    // Room for all of it at once: growing would leave copies behind that are not wiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(8 << 10));
    let file = File::open(path).map_err(unreadable)?;
    warn_of_others(path, &file);
    file.take(LONGEST_PEM as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| damaged(KeyError::NoKey("the file is not text; keys are read as PEM".to_owned())))?;
    Ok(Zeroizing::new(text.to_owned()))
}

impl PassphraseArguments {
    /// The passphrase from variable or file; none when neither is named nor set.
    ///
    /// # Errors
    /// [`Failure::Passphrase`] and [`Failure::Read`].
    pub(crate) fn given(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        let passphrase =
            if let Some(path) = &self.passphrase_file {
                let text = std::fs::read_to_string(path)
                    .map(Zeroizing::new)
                    .map_err(|error| Failure::Read { what: "passphrase", path: path.clone(), error })?;
                Zeroizing::new(text.lines().next().unwrap_or_default().to_owned())
            } else if let Some(name) = &self.passphrase_env {
                Zeroizing::new(std::env::var(name).map_err(|_| {
                    Failure::Passphrase(format!("the environment variable {name} is not set"))
                })?)
            } else {
                match std::env::var(PASSPHRASE_VARIABLE) {
                    Ok(value) => Zeroizing::new(value),
                    Err(_) => return Ok(None),
                }
            };
        if passphrase.is_empty() {
            return Err(Failure::Passphrase("the passphrase is empty".to_owned()));
        }
        Ok(Some(passphrase))
    }

    /// A new passphrase, typed twice.
    ///
    /// # Errors
    /// [`Failure::Passphrase`] when there is no terminal, or the two differ.
    pub(crate) fn ask_new() -> Result<Zeroizing<String>, Failure> {
        let first = ask("New passphrase: ")?;
        if first.is_empty() {
            return Err(Failure::Passphrase("the passphrase is empty".to_owned()));
        }
        if *ask("The same again: ")? != *first {
            return Err(Failure::Passphrase("the two passphrases differ".to_owned()));
        }
        Ok(first)
    }
}

fn ask(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    rpassword::prompt_password(prompt)
        .map(Zeroizing::new)
        .map_err(|error| Failure::Passphrase(format!("no passphrase can be asked for: {error}")))
}
