//! The form of a file, told by its first bytes, then by its name.

use crate::error::EngineError;
use bartizan_data::table::Form as TextForm;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes looked at.
const HEAD: u64 = 64 << 10;

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC, file or stream.
    Arrow,
    /// Apache Avro.
    Avro,
    /// Values parted by a delimiter, with a header line.
    Delimited(u8),
    /// One JSON object a line.
    JsonLines,
    /// One JSON array of objects.
    JsonArray,
}

impl Form {
    /// The word used in profiles.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::Avro => "avro",
            Self::Delimited(b'\t') => "tsv",
            Self::Delimited(_) => "csv",
            Self::JsonLines => "json-lines",
            Self::JsonArray => "json",
        }
    }
}

/// How a text form is compressed as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not.
    None,
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
}

impl Compression {
    /// By the first bytes.
    fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            _ => Self::None,
        }
    }

    /// The engine's name for it.
    pub fn engine(self) -> FileCompressionType {
        match self {
            Self::None => FileCompressionType::UNCOMPRESSED,
            Self::Gzip => FileCompressionType::GZIP,
            Self::Zstd => FileCompressionType::ZSTD,
            Self::Bzip2 => FileCompressionType::BZIP2,
            Self::Xz => FileCompressionType::XZ,
        }
    }
}

/// Whether a name found in a folder is that of a table.
pub(super) fn is_table_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = [".gz", ".zst", ".bz2", ".xz"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    ["parquet", "pq", "csv", "tsv", "json", "jsonl", "ndjson", "arrow", "ipc", "feather", "avro"]
        .iter()
        .any(|ending| name.rsplit_once('.').is_some_and(|(_, found)| found == *ending))
}

/// The form and compression of a file.
///
/// # Errors
/// [`EngineError::Read`], [`EngineError::EmptyFile`], [`EngineError::Form`], [`EngineError::Data`] when the compression is
/// damaged.
pub(super) fn recognise(path: &Path) -> Result<(Form, Compression), EngineError> {
    let read = |error| EngineError::Read { path: path.to_owned(), error };
    let file = || File::open(path).map_err(read);
    let mut head = Vec::new();
    file()?.take(HEAD).read_to_end(&mut head).map_err(read)?;
    if head.is_empty() {
        return Err(EngineError::EmptyFile(path.to_owned()));
    }
    let compression = Compression::of(&head);
    if compression != Compression::None {
        let damaged = |error: &dyn std::fmt::Display| EngineError::Data {
            path: path.to_owned(),
            place: String::new(),
            reason: format!("its compression is damaged: {error}"),
        };
        let plain = compression.engine().convert_read(file()?).map_err(|error| damaged(&error))?;
        head.clear();
        plain.take(HEAD).read_to_end(&mut head).map_err(|error| damaged(&error))?;
    }
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let inner = [".gz", ".zst", ".bz2", ".xz"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    let form = match head.as_slice() {
        [b'P', b'A', b'R', b'1' | b'E', ..] => Form::Parquet,
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] | [0xff, 0xff, 0xff, 0xff, ..] => Form::Arrow,
        [b'O', b'b', b'j', 1, ..] => Form::Avro,
        // A file named so and damaged in its first bytes is refused by its own reader, with that reader's reason.
        _ if inner.ends_with(".parquet") || inner.ends_with(".pq") => Form::Parquet,
        _ => match TextForm::recognise(&head, inner) {
            TextForm::JsonLines => Form::JsonLines,
            TextForm::JsonArray => Form::JsonArray,
            TextForm::Delimited(delimiter) => Form::Delimited(delimiter),
            TextForm::Lines => return Err(EngineError::Form(path.to_owned())),
        },
    };
    Ok((form, compression))
}
