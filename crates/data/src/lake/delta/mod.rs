//! Delta Lake: the log of a table, replayed to the files of its newest version.
//!
//! Source: Delta Transaction Log Protocol, sections "Delta Log Entries", "Checkpoints", "Action Reconciliation".

mod actions;
mod log;
mod replay;
mod schema;

pub use actions::Action;
pub use log::{Segment, segment};
pub use replay::Replay;

use super::place::Root;
use super::{LakeError, Table};
use serde_json::Value;
use std::path::Path;

/// The folder of the log.
pub const LOG: &str = "_delta_log";

/// Reads the rows of a checkpoint in Parquet as JSON objects: what Delta writes as columns are the fields of its actions.
pub type CheckpointRows<'a> =
    dyn FnMut(&Path, &mut dyn FnMut(Value) -> Result<(), LakeError>) -> Result<(), LakeError> + 'a;

/// Whether a folder is a Delta table.
pub fn is_table(folder: &Path) -> bool {
    folder.join(LOG).is_dir()
}

/// The newest version of the table in `folder`; `checkpoint` reads Parquet.
///
/// Cost: the newest checkpoint and the commits after it are read once; memory for the files that the table has.
///
/// # Errors
/// [`LakeError`] when the log is not whole, is damaged, or uses what is not read.
pub fn open(folder: &Path, checkpoint: &mut CheckpointRows<'_>) -> Result<Table, LakeError> {
    let root = Root::new(folder)?;
    let segment = segment(&folder.join(LOG))?;
    let mut replay = Replay::new(folder.join(LOG));
    for part in &segment.checkpoint {
        read(part, &root, checkpoint, &mut replay)?;
    }
    for sidecar in replay.take_sidecars() {
        let path = root.file(&format!("{LOG}/_sidecars/{sidecar}"), &folder.join(LOG))?;
        read(&path, &root, checkpoint, &mut replay)?;
    }
    for commit in &segment.commits {
        log::commit(commit, &mut |action| replay.apply(action, commit))?;
    }
    replay.table(&root, segment.version)
}

fn read(
    part: &Path,
    root: &Root,
    checkpoint: &mut CheckpointRows<'_>,
    replay: &mut Replay,
) -> Result<(), LakeError> {
    // A link may lead out of the table.
    let below = part.strip_prefix(root.folder()).unwrap_or(part);
    root.file(&below.to_string_lossy(), part)?;
    if part.extension().is_some_and(|ending| ending == "json") {
        return log::commit(part, &mut |action| replay.apply(action, part));
    }
    checkpoint(part, &mut |row| {
        for action in Action::all(row).map_err(|reason| LakeError::malformed(part, "", reason))? {
            replay.apply(action, part)?;
        }
        Ok(())
    })
}
