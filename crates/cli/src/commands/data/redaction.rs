//! The copy of a dataset with everything that was found replaced.

use super::rows::{self, Opened};
use crate::arguments::{LeakArguments, Replacement};
use crate::failure::Failure;
use crate::unfinished::Unfinished;
use bartizan_data::table;
use bartizan_text::redact::{Method, redact};
use bartizan_text::{Detector, Hit};
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Writes the copy to a new file and gives how many places were replaced. Nothing stays behind when it fails.
///
/// # Errors
/// [`Failure`] when the key is none, the dataset cannot be read, or the copy exists or cannot be written.
pub(super) fn write(arguments: &LeakArguments, detector: &Detector, copy: &Path) -> Result<u64, Failure> {
    let key = match (&arguments.pseudonym_key, arguments.replace) {
        (Some(path), Replacement::Pseudonym) => key(path)?,
        _ => [0; 32],
    };
    let method = match arguments.replace {
        Replacement::Label => Method::Label,
        Replacement::Mask => Method::Mask { keep: arguments.keep },
        Replacement::Pseudonym => Method::Pseudonym { key: &key },
    };
    let failed =
        |error: table::TableError| Failure::Dataset { path: arguments.file.clone(), error: Box::new(error) };
    let unwritable = |error| Failure::Write { path: copy.to_path_buf(), error };
    let Opened { input, name } = rows::open(&arguments.file)?;
    // An existing file is never overwritten, the dataset itself least of all.
    let (unfinished, file) = Unfinished::create(copy).map_err(unwritable)?;
    let mut out = BufWriter::new(file);
    let mut places = 0_u64;
    let mut change = |_: u64, column: &str, value: &str| {
        if !arguments.column.is_empty() && !arguments.column.iter().any(|wanted| wanted == column) {
            return None;
        }
        let mut hits: Vec<Hit> = Vec::new();
        detector.scan(value, &mut hits);
        hits.retain(|hit| f64::from(hit.score) >= arguments.min_score);
        places = places.saturating_add(hits.len() as u64);
        (!hits.is_empty()).then(|| redact(value, &hits, method))
    };
    table::rewrite(input, &name, &mut change, &mut out).map_err(failed)?;
    out.flush().map_err(unwritable)?;
    unfinished.finish();
    Ok(places)
}

/// A key of 32 bytes, as they are or in hexadecimal.
fn key(path: &Path) -> Result<[u8; 32], Failure> {
    let content = fs::read(path).map_err(|error| Failure::Read {
        what: "key of pseudonyms",
        path: path.to_path_buf(),
        error,
    })?;
    parsed(&content).ok_or_else(|| Failure::Place {
        place: path.display().to_string(),
        problem: "no key of pseudonyms; it holds 32 random bytes or 64 hexadecimal digits, for example from \
                  `openssl rand -hex 32`"
            .to_owned(),
    })
}

fn parsed(content: &[u8]) -> Option<[u8; 32]> {
    if let Ok(raw) = <[u8; 32]>::try_from(content) {
        return Some(raw);
    }
    let digits = std::str::from_utf8(content).ok()?.trim();
    (digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(())?;
    let mut key = [0; 32];
    for (at, slot) in key.iter_mut().enumerate() {
        let from = at.saturating_mul(2);
        *slot = u8::from_str_radix(digits.get(from..from.saturating_add(2))?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_bytes_or_digits_and_nothing_else() {
        assert_eq!(parsed(&[7; 32]), Some([7; 32]));
        assert_eq!(parsed(format!("{}\n", "0f".repeat(32)).as_bytes()), Some([15; 32]));
        assert_eq!(parsed(b"secret"), None);
    }
}
