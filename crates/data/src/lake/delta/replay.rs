//! From actions, in their order, to the table.

use super::actions::{Action, Added, Metadata};
use super::schema;
use crate::lake::place::{Root, shown};
use crate::lake::{Column, Constant, DataFile, LakeError, MOST_FILES, Table};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

/// Most files that a log adds before it removes some.
const MOST_HELD: usize = 2_000_000;
/// What readers of version 3 may be asked to know, and is known here: none of it changes the rows of files without deletion
/// vectors, or it is looked at by itself (columnMapping, deletionVectors, v2Checkpoint).
const KNOWN: [&str; 7] = [
    "columnMapping",
    "deletionVectors",
    "timestampNtz",
    "typeWidening",
    "typeWidening-preview",
    "v2Checkpoint",
    "vacuumProtocolCheck",
];

/// The state of a table while its log is read.
#[derive(Debug)]
pub struct Replay {
    log: PathBuf,
    files: BTreeMap<(String, Option<String>), Added>,
    metadata: Option<Metadata>,
    protocol: Option<(i64, Vec<String>)>,
    sidecars: Vec<String>,
}

impl Replay {
    /// The state before the first action; `log` is the folder that errors name.
    pub fn new(log: PathBuf) -> Self {
        Self { log, files: BTreeMap::new(), metadata: None, protocol: None, sidecars: Vec::new() }
    }

    /// Takes one action in; `document` holds it.
    ///
    /// # Errors
    /// [`LakeError::Limit`] when there are too many files.
    pub fn apply(&mut self, action: Action, document: &Path) -> Result<(), LakeError> {
        match action {
            Action::Add(added) => {
                self.files.insert((added.path.clone(), added.vector.clone()), *added);
            }
            Action::Remove { path, vector } => drop(self.files.remove(&(path, vector))),
            Action::Metadata(metadata) => self.metadata = Some(*metadata),
            Action::Protocol { reader, features } => self.protocol = Some((reader, features)),
            Action::Sidecar(path) => self.sidecars.push(path),
        }
        if self.files.len() > MOST_HELD || self.sidecars.len() > MOST_FILES {
            let limit = MOST_HELD as u64;
            return Err(LakeError::Limit { path: document.to_owned(), limit, what: "files" });
        }
        Ok(())
    }

    /// The sidecars that the checkpoint names.
    pub(super) fn take_sidecars(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sidecars)
    }

    /// The table after all actions.
    pub(super) fn table(self, root: &Root, version: u64) -> Result<Table, LakeError> {
        let columns = self.columns()?;
        let metadata = self.metadata()?;
        let partitions: Vec<(&str, &str)> = metadata
            .partitions
            .iter()
            .map(|name| {
                let column = columns.iter().find(|column| column.name == *name);
                column.map(|column| (column.name.as_str(), column.stored.as_str())).ok_or_else(|| {
                    LakeError::malformed(
                        &self.log,
                        "",
                        format!("there is no column `{}` to part by", shown(name)),
                    )
                })
            })
            .collect::<Result<_, _>>()?;
        if self.files.len() > MOST_FILES {
            let limit = MOST_FILES as u64;
            return Err(LakeError::Limit {
                path: self.log.clone(),
                limit,
                what: "files in its current version",
            });
        }
        let mut seen = HashSet::new();
        let mut files = Vec::with_capacity(self.files.len());
        for added in self.files.values() {
            if added.vector.is_some() {
                return Err(self.unsupported(format!(
                    "`{}`, of which rows are deleted by a deletion vector",
                    shown(&added.path)
                )));
            }
            let named = decoded(&added.path).ok_or_else(|| {
                LakeError::malformed(&self.log, "", format!("`{}` is no encoded path", shown(&added.path)))
            })?;
            let (path, bytes) = root.data_file(&named, added.bytes, &self.log)?;
            if !seen.insert(path.clone()) {
                let reason = format!("`{}` is listed twice", shown(&added.path));
                return Err(LakeError::malformed(&self.log, "", reason));
            }
            let constants = partitions
                .iter()
                .map(|(name, stored)| {
                    let value = added.partitions.iter().find(|(key, _)| key == stored || key == name);
                    let value =
                        value.and_then(|(_, value)| value.as_deref()).filter(|value| !value.is_empty());
                    let value = value.map_or(Constant::Missing, |value| Constant::Text(value.to_owned()));
                    ((*name).to_owned(), value)
                })
                .collect();
            files.push(DataFile { path, bytes, constants });
        }
        files.sort();
        Ok(Table { format: "delta", version: version.to_string(), columns, files })
    }

    /// The columns that the actions so far give the table.
    ///
    /// # Errors
    /// [`LakeError::Malformed`] when there is no schema, or none that can be read; [`LakeError::Unsupported`] for what readers have
    /// to know and is not known here.
    pub fn columns(&self) -> Result<Vec<Column>, LakeError> {
        let (reader, features) = self.protocol.as_ref().ok_or_else(|| self.lacks("protocol"))?;
        self.supported(*reader, features)?;
        let metadata = self.metadata()?;
        if let Some(provider) = metadata.provider.as_deref().filter(|provider| *provider != "parquet") {
            return Err(self.unsupported(format!("a table of `{}` files", shown(provider))));
        }
        schema::columns(metadata).map_err(|wrong| match wrong {
            schema::Wrong::Malformed(reason) => LakeError::malformed(&self.log, " (schemaString)", reason),
            schema::Wrong::Unsupported(what) => self.unsupported(what),
        })
    }

    fn metadata(&self) -> Result<&Metadata, LakeError> {
        self.metadata.as_ref().ok_or_else(|| self.lacks("metaData"))
    }

    fn lacks(&self, what: &str) -> LakeError {
        LakeError::malformed(&self.log, "", format!("the log has no `{what}`"))
    }

    fn supported(&self, reader: i64, features: &[String]) -> Result<(), LakeError> {
        match reader {
            1 | 2 => Ok(()),
            3 => match features.iter().find(|feature| !KNOWN.contains(&feature.as_str())) {
                Some(unknown) => Err(self.unsupported(format!("the feature `{}`", shown(unknown)))),
                None => Ok(()),
            },
            other => Err(self.unsupported(format!("a table for readers of version {other}"))),
        }
    }

    fn unsupported(&self, what: String) -> LakeError {
        LakeError::Unsupported {
            path: self.log.clone(),
            what,
            remedy: "rewrite the table without it (`REORG TABLE … APPLY (PURGE)` removes deletion vectors), or export the version \
                     you mean to Parquet",
        }
    }
}

/// A path without percent encoding (RFC 3986, 2.1); `None` when what comes out is no UTF-8.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits =
            after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(digits) = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit())) {
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}
