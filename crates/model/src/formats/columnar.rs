//! Columnar datasets: Apache Parquet and Arrow IPC files. The frame is checked, the metadata judged, the data skipped.
//!
//! Source: Parquet format 2.10 (`PAR1`, footer length), Arrow columnar format 1.4 (`ARROW1`). Cost: the footer.

use super::malformed::{MALFORMED_STRUCTURE, broken};
use crate::text::printable::inspect_runs;
use crate::wire::base64;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Cursor, Finding, Kind, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

/// Parquet files.
pub static PARQUET: Parquet = Parquet;
/// Arrow IPC files.
pub static ARROW: Arrow = Arrow;

/// See [`PARQUET`].
#[derive(Debug, Clone, Copy)]
pub struct Parquet;

/// See [`ARROW`].
#[derive(Debug, Clone, Copy)]
pub struct Arrow;

rule! {
    /// ## What it finds
    /// A column of a Parquet or Arrow file with the extension type `arrow.py_extension_type`.
    /// ## Why it matters
    /// PyArrow 0.14 to 14.0.0 unpickles the type's description as soon as the file is opened (CVE-2023-47248): whoever
    /// wrote the dataset runs code in the training job.
    /// ## Example
    /// A field whose `ARROW:extension:metadata` is the pickle of `os.system`.
    /// ## How to fix
    /// Do not open the file with PyArrow before 14.0.1; drop the column.
    /// ## References
    /// - <https://nvd.nist.gov/vuln/detail/CVE-2023-47248>
    pub const ARROW_PICKLED_TYPE: Rule = Rule {
        id: "model/arrow-pickled-type",
        title: "a dataset column whose type is a pickle",
        severity: Severity::High,
        remedy: "Do not open the file with PyArrow before 14.0.1; drop the column.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), owasp_llm("LLM04"), owasp_ml("ML06")],
    };
}

const PARQUET_MAGIC: &[u8] = b"PAR1";
const ARROW_MAGIC: &[u8] = b"ARROW1";
/// Extension type that PyArrow resolves by unpickling.
const PICKLED_TYPE: &[u8] = b"arrow.py_extension_type";
/// Key under which Parquet keeps the Arrow schema, base64 behind it.
const ARROW_SCHEMA: &[u8] = b"ARROW:schema";
/// Largest footer judged, in bytes; wide tables with statistics reach some 100 MB, most of it numbers.
const LARGEST_FOOTER: usize = 64 << 20;

/// Judges a footer or schema found at `base`.
fn judge(footer: &[u8], base: usize, scan: &mut Scan<'_>) {
    if let Some(at) = memchr::memmem::find(footer, PICKLED_TYPE) {
        let message = "a column has the type `arrow.py_extension_type`, whose description PyArrow unpickles";
        scan.report(Finding::new(&ARROW_PICKLED_TYPE, message).at(base.saturating_add(at) as u64));
        let rest = footer.get(at..).unwrap_or_default();
        let before = footer.get(..at).unwrap_or_default();
        // The pickle stands behind or in front of the name, in the order the writer chose.
        for part in [rest, before] {
            let start = part.windows(2).position(|pair| matches!(pair, [0x80, 2..=5]));
            if let Some(pickle) = start.and_then(|start| part.get(start..)) {
                scan.nested("extension type", |scan| crate::pickle::follow(pickle, 0, scan));
            }
        }
    }
    inspect_runs(footer, base, scan);
}

/// The Arrow schema a Parquet footer carries.
fn arrow_schema(footer: &[u8]) -> Option<Vec<u8>> {
    let at = memchr::memmem::find(footer, ARROW_SCHEMA)?.saturating_add(ARROW_SCHEMA.len());
    let rest = footer.get(at..)?;
    let start = rest.iter().position(u8::is_ascii_alphanumeric)?;
    let text = rest.get(start..)?;
    let end = text
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')))
        .unwrap_or(text.len());
    base64::decode(std::str::from_utf8(text.get(..end)?).ok()?)
}

impl Format for Parquet {
    fn id(&self) -> &'static str {
        "parquet"
    }

    fn name(&self) -> &'static str {
        "Parquet dataset"
    }

    fn kind(&self) -> Kind {
        Kind::Dataset
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["parquet", "pq"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&ARROW_PICKLED_TYPE, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if input.bytes.starts_with(PARQUET_MAGIC) { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let bytes = input.bytes;
        if input.tail(4) == b"PARE" {
            scan.gap(None, "the footer is encrypted; decrypt the file to have its metadata read");
            return;
        }
        let end = bytes.len().saturating_sub(8);
        let length = Cursor::at(bytes, end).u32_le().unwrap_or(u32::MAX) as usize;
        let footer = end.checked_sub(length).and_then(|start| Some((start, bytes.get(start..end)?)));
        let Some((start, footer)) = footer.filter(|(start, _)| input.tail(4) == PARQUET_MAGIC && *start >= 4)
        else {
            broken(scan, end, "the Parquet file has no footer where it should end");
            return;
        };
        if footer.len() > LARGEST_FOOTER {
            scan.gap(start as u64, format!("a footer of more than {LARGEST_FOOTER} bytes is not read"));
            return;
        }
        judge(footer, start, scan);
        if let Some(schema) = arrow_schema(footer) {
            scan.nested("ARROW:schema", |scan| judge(&schema, 0, scan));
        }
    }
}

impl Format for Arrow {
    fn id(&self) -> &'static str {
        "arrow"
    }

    fn name(&self) -> &'static str {
        "Arrow dataset"
    }

    fn kind(&self) -> Kind {
        Kind::Dataset
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["arrow", "feather", "ipc"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&ARROW_PICKLED_TYPE, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        // The stream format: a continuation mark, then the length of the schema message.
        let is_stream =
            self.extensions().contains(&input.extension().as_ref()) && input.bytes.starts_with(&[0xff; 4]);
        if input.bytes.starts_with(ARROW_MAGIC) || is_stream { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let bytes = input.bytes;
        if !bytes.starts_with(ARROW_MAGIC) {
            let length = Cursor::at(bytes, 4).u32_le().unwrap_or(u32::MAX) as usize;
            match bytes.get(8..8usize.saturating_add(length)).filter(|schema| schema.len() <= LARGEST_FOOTER)
            {
                Some(schema) => judge(schema, 8, scan),
                None => broken(scan, 4, "the schema of the Arrow stream is longer than the file"),
            }
            return;
        }
        let end = bytes.len().saturating_sub(10);
        let length = Cursor::at(bytes, end).u32_le().unwrap_or(u32::MAX) as usize;
        let footer = end.checked_sub(length).and_then(|start| Some((start, bytes.get(start..end)?)));
        match footer.filter(|(start, footer)| {
            input.tail(6) == ARROW_MAGIC && *start >= 8 && footer.len() <= LARGEST_FOOTER
        }) {
            Some((start, footer)) => judge(footer, start, scan),
            None => broken(scan, end, "the Arrow file has no footer where it should end"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use proptest::prelude::*;

    fn parquet(footer: &[u8]) -> Vec<u8> {
        [PARQUET_MAGIC, b"data", footer, &(footer.len() as u32).to_le_bytes(), PARQUET_MAGIC].concat()
    }

    #[test]
    fn plain_metadata_is_clean() {
        assert_eq!(rules_of(&PARQUET, &parquet(b"\x15\x02schema pandas metadata")), Vec::<&str>::new());
    }

    #[test]
    fn a_pickled_extension_type_is_high_in_both_formats() {
        assert_eq!(
            rules_of(&PARQUET, &parquet(b"..arrow.py_extension_type\x80\x04N.")),
            ["model/arrow-pickled-type"]
        );
        let footer = b"arrow.py_extension_type";
        let arrow =
            [b"ARROW1\0\0".as_slice(), footer, &(footer.len() as u32).to_le_bytes(), ARROW_MAGIC].concat();
        assert_eq!(rules_of(&ARROW, &arrow), ["model/arrow-pickled-type"]);
    }

    #[test]
    fn a_file_cut_short_is_malformed_and_incomplete() {
        let mut bytes = parquet(b"footer");
        bytes.truncate(bytes.len() - 1);
        let found = outcome(&PARQUET, &bytes);
        assert_eq!((found.findings.len(), found.gaps.len()), (1, 1));
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_result(bytes: Vec<u8>) {
            outcome(&PARQUET, &parquet(&bytes));
            outcome(&PARQUET, &[PARQUET_MAGIC, &bytes].concat());
            outcome(&ARROW, &[ARROW_MAGIC, &bytes].concat());
            outcome(&ARROW, &bytes);
        }
    }
}
