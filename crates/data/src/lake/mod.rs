//! Tables that are more than their files: Delta Lake and Apache Iceberg, from a folder to the files of the current version.
//!
//! Only metadata is read here, bounded and without recursion on its depth; what changes the answer and is not understood (row deletions,
//! features with unknown names) is refused by name, so that rows which the table has dropped never pass for its rows.
//!
//! Sources: Delta Transaction Log Protocol (delta-io/delta, `PROTOCOL.md`); Iceberg Table Spec, versions 1 and 2.

mod avro;
pub mod delta;
mod error;
pub mod iceberg;
mod place;

pub use avro::records;
pub use error::LakeError;

use std::path::PathBuf;

/// Most files of the current version of a table.
pub const MOST_FILES: usize = 100_000;
/// Longest document of a table's metadata, in bytes.
pub const MOST_METADATA: u64 = 256 << 20;
/// How deep types may nest.
pub const DEEPEST: usize = 32;

/// The current version of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// `delta` or `iceberg`.
    pub format: &'static str,
    /// The version of the log, or the id of the snapshot.
    pub version: String,
    /// The columns, in the table's order.
    pub columns: Vec<Column>,
    /// The files, by path.
    pub files: Vec<DataFile>,
}

/// A column, or a field of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name that the table gives it.
    pub name: String,
    /// The name that files give it.
    pub stored: String,
    /// The number that files know it by, where names do not decide.
    pub id: Option<i32>,
    /// Its type.
    pub kind: Kind,
}

/// The type of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Boolean,
    /// Whole numbers of so many bytes.
    Integer(u8),
    /// Floating point of four bytes.
    Float,
    /// Floating point of eight bytes.
    Double,
    /// Decimal digits, and how many of them after the point.
    Decimal(u8, i8),
    /// Days since 1970.
    Date,
    /// Microseconds since midnight.
    Time,
    /// Microseconds since 1970, in UTC or without a zone.
    Timestamp {
        /// Whether the zone is UTC.
        utc: bool,
    },
    /// Text.
    Text,
    /// Bytes.
    Binary,
    /// So many bytes.
    Fixed(i32),
    /// Fields by name.
    Struct(Vec<Column>),
    /// Values one after the other.
    List(Box<Column>),
    /// Values by key.
    Map(Box<Column>, Box<Column>),
}

/// A file of the current version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DataFile {
    /// Where it lies: within the table's folder.
    pub path: PathBuf,
    /// Its size in bytes: as the table says, and as it is.
    pub bytes: u64,
    /// Values of columns that the file itself may lack, by the column's name.
    pub constants: Vec<(String, Constant)>,
}

/// The value of a column for all rows of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Constant {
    /// Missing.
    Missing,
    /// As text, whatever the type of the column.
    Text(String),
    /// As the whole number that stands for it.
    Whole(i64),
}

/// The type `decimal(P,S)`, as both formats write it: 1 to 38 digits, 0 to 38 of them behind the point.
fn decimal(name: &str) -> Option<Kind> {
    let (precision, scale) = name.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
    let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    ((1..=38).contains(&precision) && (0..=38).contains(&scale)).then_some(Kind::Decimal(precision, scale))
}

#[cfg(test)]
mod tests {
    use super::delta::{Action, Replay};
    use super::iceberg::Metadata;
    use std::path::{Path, PathBuf};

    const COMMIT: &str = include_str!("../../../../fuzz/seeds/data-tables/commit.json");
    const METADATA: &str = include_str!("../../../../fuzz/seeds/data-tables/v1.metadata.json");

    /// The columns that the lines of a commit give.
    fn columns(commit: &[u8]) -> Option<usize> {
        let mut replay = Replay::new(PathBuf::from("_delta_log"));
        for line in commit.split(|byte| *byte == b'\n') {
            let Ok(row) = serde_json::from_slice(line) else { continue };
            for action in Action::all(row).unwrap_or_default() {
                replay.apply(action, Path::new("0.json")).ok()?;
            }
        }
        replay.columns().ok().map(|columns| columns.len())
    }

    #[test]
    fn the_seeds_are_tables() {
        assert_eq!(columns(COMMIT.as_bytes()), Some(2));
        assert_eq!(Metadata::parse(METADATA.as_bytes(), Path::new("v1")).unwrap().snapshot, Some(7));
    }

    proptest::proptest! {
        #[test]
        fn any_damage_gives_a_table_or_an_error(at in 0_usize..1_000, byte in proptest::num::u8::ANY, cut in 0_usize..1_000) {
            for text in [COMMIT, METADATA] {
                let mut bytes = text.as_bytes().to_vec();
                let place = at % bytes.len();
                bytes[place] = byte;
                bytes.truncate(bytes.len().saturating_sub(cut));
                let _ = columns(&bytes);
                let _ = Metadata::parse(&bytes, Path::new("v1"));
            }
        }

        #[test]
        fn types_nest_no_deeper_than_is_read(depth in 1_usize..200) {
            let list = (0..depth).fold("\"int\"".to_owned(), |inner, at| {
                format!("{{\"type\":\"list\",\"element-id\":{},\"element\":{inner}}}", at + 2)
            });
            let text = METADATA.replace(
                r#"{"type":"map","key-id":2,"key":"string","value-id":3,"value":"fixed[4]"}"#,
                &list,
            );
            let parsed = Metadata::parse(text.as_bytes(), Path::new("v1"));
            proptest::prop_assert_eq!(parsed.is_ok(), depth < super::DEEPEST);
        }
    }
}
