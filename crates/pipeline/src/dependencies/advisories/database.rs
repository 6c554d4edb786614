//! The database as a file: one header line, then one line for each package, sorted, so that a look-up needs no parsing
//! of the rest.

use super::{Advisory, AdvisoryError};
use crate::dependencies::Ecosystem;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// What a database says about itself: its first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// `bartizan.advisories/1`.
    pub schema: String,
    /// Day of the import, `YYYY-MM-DD`.
    pub imported: String,
    /// How many advisories.
    pub advisories: usize,
    /// How many packages.
    pub packages: usize,
    /// SHA-256 of everything after this line, lower-case hex.
    pub sha256: String,
}

/// A database that was loaded and found whole.
#[derive(Debug)]
pub struct Database {
    /// What it says about itself.
    pub header: Header,
    body: String,
    /// Where each line of `body` begins.
    starts: Vec<usize>,
}

impl Database {
    /// Its text, from advisories by ecosystem and name (`*` for products whose ecosystem is not known).
    pub(super) fn write(packages: &BTreeMap<(String, String), Vec<Advisory>>, imported: &str) -> String {
        let mut body = String::new();
        for ((ecosystem, name), advisories) in packages {
            let listed = serde_json::to_string(advisories).unwrap_or_default();
            body.push_str(&format!("{ecosystem}\t{name}\t{listed}\n"));
        }
        let header = Header {
            schema: SCHEMA.to_owned(),
            imported: imported.to_owned(),
            advisories: packages.values().map(Vec::len).sum(),
            packages: packages.len(),
            sha256: bartizan_core::hex(&Sha256::digest(body.as_bytes())),
        };
        format!("{}\n{body}", serde_json::to_string(&header).unwrap_or_default())
    }

    /// Loads what [`import`](super::import) wrote.
    ///
    /// # Errors
    /// [`AdvisoryError::Damaged`] when header or digest do not fit.
    pub fn load(text: &str) -> Result<Self, AdvisoryError> {
        let damaged = |reason| AdvisoryError::Damaged { reason };
        let (header, body) = text.split_once('\n').ok_or_else(|| damaged("it has no header"))?;
        let header: Header =
            serde_json::from_str(header).map_err(|_| damaged("its header cannot be read"))?;
        if header.schema != SCHEMA {
            return Err(damaged("it is of another version"));
        }
        if bartizan_core::hex(&Sha256::digest(body.as_bytes())) != header.sha256 {
            return Err(damaged("its content does not have the digest that its header names"));
        }
        let ends = memchr::memchr_iter(b'\n', body.as_bytes()).map(|at| at.saturating_add(1));
        let starts = std::iter::once(0).chain(ends).filter(|start| *start < body.len()).collect();
        Ok(Self { header, body: body.to_owned(), starts })
    }

    /// What is known of the package `name`, as the ecosystem compares names.
    pub fn advisories(&self, ecosystem: Ecosystem, name: &str) -> Vec<Advisory> {
        self.under(ecosystem.osv(), name)
    }

    /// What is known of a product whose name, without case and separators, is `name`.
    pub(super) fn products(&self, name: &str) -> Vec<Advisory> {
        self.under("*", name)
    }

    fn under(&self, ecosystem: &str, name: &str) -> Vec<Advisory> {
        let wanted = (ecosystem, name);
        let at =
            self.starts.partition_point(|&start| self.key(start).is_some_and(|key| (key.0, key.1) < wanted));
        let Some((found, called, listed)) = self.starts.get(at).and_then(|&start| self.key(start)) else {
            return Vec::new();
        };
        if (found, called) != wanted {
            return Vec::new();
        }
        serde_json::from_str(listed).unwrap_or_default()
    }

    /// Ecosystem, name and advisories of the line that begins at `start`.
    fn key(&self, start: usize) -> Option<(&str, &str, &str)> {
        let line = self.body.get(start..)?.split('\n').next()?;
        let mut parts = line.splitn(3, '\t');
        Some((parts.next()?, parts.next()?, parts.next()?))
    }
}

const SCHEMA: &str = "bartizan.advisories/1";
