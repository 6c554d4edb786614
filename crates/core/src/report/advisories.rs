//! Whether dependencies were looked up among known vulnerabilities: [`Advisories`]. Not having looked is not having found nothing.

use serde::Serialize;

/// What a scan that met files of dependencies had to look them up in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advisories {
    /// How far the answer holds.
    pub state: AdvisoryState,
    /// Files of dependencies that were met.
    pub files: u64,
    /// Day of the import, as the database says.
    pub imported: Option<String>,
    /// Days since then.
    pub age_days: Option<u64>,
    /// Digest of the database.
    pub sha256: Option<String>,
}

/// How far a database of advisories holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AdvisoryState {
    /// Looked up in a recent one.
    Fresh,
    /// Looked up in an old one: what became known since is missing.
    Stale,
    /// Not looked up: none was imported.
    Absent,
    /// Not looked up: there is one that cannot be used.
    Unusable,
}

impl Advisories {
    /// What a person has to know of it; `None` when it was looked up in a recent one.
    pub fn told(&self) -> Option<String> {
        let files = crate::render::measure::count(self.files, "file");
        match self.state {
            AdvisoryState::Fresh => None,
            AdvisoryState::Stale => Some(format!(
                "known vulnerabilities of {files} of dependencies looked up in a database that is {} days old: what became known \
                 since is missing; import a newer one with `bartizan db import`",
                self.age_days.unwrap_or_default()
            )),
            AdvisoryState::Absent => Some(format!(
                "known vulnerabilities of {files} of dependencies NOT looked up: no database was imported; `bartizan db import` brings one"
            )),
            AdvisoryState::Unusable => Some(format!(
                "known vulnerabilities of {files} of dependencies NOT looked up: the database cannot be used; `bartizan db status` says why"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_recent_database_needs_no_word() {
        let of =
            |state| Advisories { state, files: 2, imported: None, age_days: Some(40), sha256: None }.told();
        assert_eq!(of(AdvisoryState::Fresh), None);
        assert!(
            of(AdvisoryState::Absent)
                .unwrap()
                .starts_with("known vulnerabilities of 2 files of dependencies NOT looked up")
        );
        assert!(of(AdvisoryState::Stale).unwrap().contains("40 days old"));
        assert!(of(AdvisoryState::Unusable).unwrap().contains("NOT looked up"));
    }
}
