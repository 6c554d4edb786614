//! `bartizan log witness`: cosign other people's logs; and asking witnesses to cosign ours.

use super::{note_key, note_signer, now};
use crate::arguments::{CheckpointArguments, WitnessArguments};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::place::Place;
use crate::{keyfile, terminal};
use bartizan_evidence::log::checkpoint::SignedCheckpoint;
use bartizan_evidence::log::storage::Disk;
#[cfg(feature = "cloud")]
use bartizan_evidence::log::witness::attach_in;
use bartizan_evidence::log::witness::{
    TlsIdentity, TlsRoots, Witness, WitnessClient, WitnessError, attach, serve,
};
use bartizan_evidence::log::{LogError, LogReader, NoteKey, NoteSigner};
use std::io::{self, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;

/// Runs the command; it ends with the process.
///
/// # Errors
/// [`Failure`] when it cannot listen, or a key cannot be read.
pub(super) fn run(arguments: &WitnessArguments) -> Result<Exit, Failure> {
    let logs = arguments.log.iter().map(|key| note_key(key)).collect::<Result<Vec<NoteKey>, _>>()?;
    let key = keyfile::signing_key(&arguments.signer.key, &arguments.signer.passphrase)?;
    let signer = NoteSigner::for_witness(&arguments.name, Box::new(key)).map_err(LogError::from)?;
    let tls = match (&arguments.tls_certificate, &arguments.tls_key) {
        (Some(certificate), Some(key)) => {
            let (chain, secret) = (keyfile::key_text(certificate)?, keyfile::key_text(key)?);
            Some(
                TlsIdentity::from_pem(&chain, &secret)
                    .map_err(|error| Failure::Witness(error.to_string()))?,
            )
        }
        _ => None,
    };
    let listener = TcpListener::bind(arguments.listen)
        .map_err(|error| Failure::Listen { address: arguments.listen.to_string(), error })?;
    let address = listener.local_addr()?;
    if crate::place::is_object_store(&arguments.memory) {
        return Err(Failure::Place {
            place: arguments.memory.display().to_string(),
            problem: "a witness remembers in a folder of its own machine".to_owned(),
        });
    }
    let witness = Witness::new(signer, logs, Arc::new(Disk::new(&arguments.memory)));
    writeln!(io::stdout().lock(), "{}", witness.key())?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    terminal::remark(&format!("listening at {scheme}://{address}"));
    serve(witness, listener, Arc::new(now), tls.as_ref())?;
    Ok(Exit::Done)
}

/// Has the checkpoint cosigned by every witness that is named.
///
/// # Errors
/// [`Failure`] when one of them does not.
pub(super) fn cosign(arguments: &CheckpointArguments) -> Result<(), Failure> {
    if arguments.witness.len() != arguments.witness_key.len() {
        return Err(Failure::NotLogged {
            path: arguments.folder.clone(),
            problem: "give one --witness-key for each --witness, in the same order".to_owned(),
        });
    }
    let Some(key) = &arguments.key else {
        return Err(Failure::NotLogged {
            path: arguments.folder.clone(),
            problem: "cosigning needs the log's own key as well, with --key".to_owned(),
        });
    };
    let place = Place::of(&arguments.folder)?;
    let (checkpoint, note) = super::unverified_checkpoint(place.files())?;
    let log = note_signer(&checkpoint.origin, key, &arguments.passphrase)?.key().clone();
    let signed = SignedCheckpoint::open(note.to_string().as_bytes(), &[&log])
        .map_err(|error| LogError::Checkpoint { place: arguments.folder.display().to_string(), error })?;
    let reader = LogReader::at(place.files(), signed);
    let over_tls = arguments.witness.iter().any(|url| url.starts_with("https:"));
    let roots = if over_tls { Some(believed(&arguments.witness_root)?) } else { None };
    for (url, key) in arguments.witness.iter().zip(&arguments.witness_key) {
        let failed = |error: WitnessError| Failure::Witness(error.to_string());
        let client = WitnessClient::new(url, note_key(key)?, roots.as_ref()).map_err(failed)?;
        let signatures = client.cosign(&reader).map_err(failed)?;
        let cosigned = &reader.checkpoint().note;
        let attached = match &place {
            Place::Folder(disk) => attach(&**disk, &log, cosigned, signatures)?,
            #[cfg(feature = "cloud")]
            Place::Objects(cloud) => attach_in(&**cloud, &log, cosigned, &signatures)?,
        };
        if !attached {
            return Err(Failure::Witness(
                "the log grew while the witness was asked; run the command again".to_owned(),
            ));
        }
    }
    Ok(())
}

/// The roots that were named, or those of this machine.
fn believed(files: &[PathBuf]) -> Result<TlsRoots, Failure> {
    let certificates = if files.is_empty() {
        // What cannot be read there is passed over; if nothing can, that is told.
        rustls_native_certs::load_native_certs().certs.into_iter().map(|each| each.to_vec()).collect()
    } else {
        super::timestamps::roots(files)?
    };
    TlsRoots::new(certificates).map_err(|error| Failure::Witness(error.to_string()))
}
