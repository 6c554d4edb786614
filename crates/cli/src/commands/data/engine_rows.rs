//! Rows that only the engine reads (Parquet, Arrow, Avro, folders, globs, Delta and Iceberg tables), as the JSON Lines that it writes.

use super::engine;
use crate::failure::Failure;
use crate::unfinished::Running;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// Longest message of the engine that is passed on, in bytes.
const LONGEST_MESSAGE: u64 = 16 << 10;
/// First bytes of the forms that are no text: Parquet, plain and encrypted, Arrow file and stream, Avro, Zstandard, bzip2, xz.
const FORMS: [&[u8]; 8] = [
    b"PAR1",
    b"PARE",
    b"ARROW1",
    b"\xff\xff\xff\xff",
    b"Obj\x01",
    b"\x28\xb5\x2f\xfd",
    b"BZh",
    b"\xfd7zXZ\0",
];

/// Whether a place is read by the engine.
///
/// # Errors
/// What the system says of a file that is there and cannot be read.
pub(super) fn is_needed(place: &Path) -> io::Result<bool> {
    match fs::metadata(place) {
        Ok(metadata) if metadata.is_dir() => Ok(true),
        Ok(_) => {
            let mut head = Vec::new();
            File::open(place)?.take(8).read_to_end(&mut head)?;
            // A metadata file of Iceberg stands for its table.
            let is_metadata = bartizan_data::lake::iceberg::table_of(place).is_some();
            // A file of no byte that is named so was cut off: it is no table without rows.
            let is_cut = head.is_empty() && is_named_so(place);
            Ok(is_metadata || is_cut || FORMS.iter().any(|form| head.starts_with(form)))
        }
        Err(_) => Ok(place.to_string_lossy().contains(['*', '?', '[', '{'])),
    }
}

/// Whether a file has the name of a form that is never empty: a table of columns, or a compressed one.
fn is_named_so(place: &Path) -> bool {
    let endings = ["parquet", "pq", "arrow", "ipc", "feather", "avro", "gz", "zst", "bz2", "xz"];
    place.extension().is_some_and(|found| endings.iter().any(|ending| found.eq_ignore_ascii_case(ending)))
}

/// The engine's rows of a place, as they are read.
pub(super) struct EngineRows {
    place: PathBuf,
    child: Child,
    rows: ChildStdout,
    _running: Running,
}

impl EngineRows {
    /// Starts the engine.
    ///
    /// # Errors
    /// [`Failure::NoEngine`] when there is none, [`Failure::Start`] when it does not start.
    pub(super) fn of(place: &Path) -> Result<Self, Failure> {
        let program = engine::program()
            .ok_or_else(|| Failure::NoEngine("… (Parquet, Arrow, Avro, folders, tables)".to_owned()))?;
        let failed = |error| Failure::Start { command: program.display().to_string(), error };
        let mut command = Command::new(&program);
        command.arg("rows").arg("--").arg(place);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (mut child, running) = Running::start(&mut command).map_err(failed)?;
        let rows = child.stdout.take().ok_or_else(|| failed(io::ErrorKind::BrokenPipe.into()))?;
        Ok(Self { place: place.to_owned(), child, rows, _running: running })
    }
}

impl Read for EngineRows {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.rows.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        // The end of the rows is the end of the dataset only if the engine says so.
        let mut message = Vec::new();
        if let Some(stderr) = self.child.stderr.take() {
            stderr.take(LONGEST_MESSAGE).read_to_end(&mut message)?;
        }
        if self.child.wait()?.success() {
            return Ok(0);
        }
        let message = String::from_utf8_lossy(&message);
        let message = message.trim().trim_start_matches("error: ");
        // The failure that is shown begins with the place itself.
        let own = self.place.to_string_lossy();
        let message = message.strip_prefix(own.as_ref()).unwrap_or(message);
        Err(io::Error::other(
            if message.is_empty() { "the engine was ended" } else { message.trim_start_matches(':') }
                .trim()
                .to_owned(),
        ))
    }
}

impl Drop for EngineRows {
    fn drop(&mut self) {
        // Whoever stopped reading wants no more; a process that has ended needs no ending.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_here_and_the_rest_by_the_engine() {
        let folder = tempfile::tempdir().unwrap();
        let of = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            is_needed(&path).unwrap()
        };
        assert!(of("a.dat", b"PAR1\x15\x04") && of("b", b"Obj\x01\x04") && of("c.zst", b"\x28\xb5\x2f\xfd"));
        assert!(!of("d.csv", b"a,b\n") && !of("e.jsonl.gz", b"\x1f\x8b") && !of("empty", b""));
        assert!(of("cut.parquet", b"") && of("cut.csv.gz", b"") && !of("empty.csv", b""));
        assert!(is_needed(folder.path()).unwrap() && is_needed(&folder.path().join("*.csv")).unwrap());
        assert!(!is_needed(&folder.path().join("none.csv")).unwrap());
    }
}
