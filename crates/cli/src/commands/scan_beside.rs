//! The scan of `sign --scan` and `verify --scan`: one reading of each file gives findings and the digests of the signature.

use crate::arguments::{ScanBeside, ScanOptions};
use crate::commands::scan;
use crate::failure::Failure;
use crate::{project, settings, terminal};
use bartizan_core::render::{Format, table};
use bartizan_core::report::Report;
use bartizan_core::sweep::{File, Inspection, Inspector};
use bartizan_core::{Clock, Severity};
use bartizan_evidence::digest::unhex;
use bartizan_evidence::dsse::Envelope;
use bartizan_evidence::lineage::NodeId;
use bartizan_evidence::manifest::{Gathered, HashAlgorithm};
use bartizan_evidence::predicate::{PROVENANCE_V1, Provenance};
use bartizan_evidence::statement::{PAYLOAD_TYPE, Statement};
use bartizan_evidence::store::{Store, StoreError};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::Path;

/// What a scan beside the digests gave.
pub(crate) struct Beside {
    /// The report.
    pub(crate) report: Report,
    /// Digests of what was scanned.
    pub(crate) gathered: Gathered,
    /// From which severity on a finding refuses.
    pub(crate) fail_on: Severity,
    /// Whether findings refuse.
    findings_refuse: bool,
    /// Whether what was not read refuses.
    gaps_refuse: bool,
}

impl Beside {
    /// Scans everything at and below `path`, and digests it by `algorithm`, whole or in shards.
    ///
    /// # Errors
    /// [`Failure`] when the scan cannot begin.
    pub(crate) fn scan(
        path: &Path,
        arguments: &ScanBeside,
        jobs: Option<NonZeroUsize>,
        trust: settings::Trust,
        (algorithm, shard_bytes): (HashAlgorithm, Option<u64>),
    ) -> Result<Self, Failure> {
        let options = ScanOptions { fail_on: arguments.fail_on, jobs, ..ScanOptions::default() };
        let gather = |paths: &[&Path]| Gathered::new(algorithm, shard_bytes, paths.iter().copied());
        let (report, gathered, fail_on) = scan::with_digests(path, &options, trust, gather)?;
        Ok(Self {
            report,
            gathered,
            fail_on,
            findings_refuse: !arguments.allow_findings,
            gaps_refuse: !arguments.allow_incomplete,
        })
    }

    /// Whether something was found that refuses.
    pub(crate) fn is_bad(&self) -> bool {
        self.findings_refuse && self.report.reaches(self.fail_on)
    }

    /// Whether something was not read to its end, which refuses.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.gaps_refuse && self.report.is_incomplete()
    }

    /// One line on what was found.
    pub(crate) fn summary(&self) -> String {
        let reaching = self.reaching().count();
        let found = match self.report.findings.len() {
            0 => "nothing found".to_owned(),
            all => format!("{all} findings, {reaching} of them {} or above", self.fail_on.as_str()),
        };
        let open =
            self.report.subjects.iter().filter(|each| each.status == bartizan_core::Status::Incomplete);
        match open.count() {
            0 => format!("{} files, {found}", self.report.subjects.len()),
            open => format!("{} files, {found}, {open} not read to the end", self.report.subjects.len()),
        }
    }

    /// The findings for which the model is refused, in the words of a verdict.
    pub(crate) fn reasons(&self) -> Vec<(&'static str, String)> {
        let found = self.reaching().filter(|_| self.findings_refuse).map(|reported| {
            let finding = &reported.finding;
            let place = match &finding.location.member {
                Some(member) => format!("{}, member {member}", reported.subject),
                None => reported.subject.clone(),
            };
            (
                "finding",
                format!("{} {}: {place}: {}", finding.severity.as_str(), finding.rule.id, finding.message),
            )
        });
        let gaps = self.report.gaps.iter().filter(|_| self.gaps_refuse);
        let gaps = gaps.map(|gap| {
            ("incomplete", format!("not scanned to the end: {}: {}", gap.subject, gap.gap.reason))
        });
        found.chain(gaps).collect()
    }

    fn reaching(&self) -> impl Iterator<Item = &bartizan_core::report::Reported> {
        self.report.findings.iter().filter(|reported| reported.finding.severity >= self.fail_on)
    }

    /// The report for people.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write_table(&self, out: &mut dyn Write) -> io::Result<()> {
        let options =
            table::Options { width: terminal::width(), fail_on: self.fail_on, ..table::Options::default() };
        Format::Table.write(&self.report, &options, out)
    }

    /// The report for programs, as `scan --format json` writes it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn json(&self) -> io::Result<Value> {
        let mut text = Vec::new();
        Format::Json.write(&self.report, &table::Options::default(), &mut text)?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// What the store of the project says about who made the files: one value for each statement, its signature checked now.
    /// Nothing where there is no store.
    ///
    /// # Errors
    /// [`Failure::Store`] when the store does not answer.
    pub(crate) fn provenance(&self) -> Result<Vec<Value>, Failure> {
        let Ok(root) = Store::find(&project::here()) else { return Ok(Vec::new()) };
        let store = project::existing(Some(&root))?;
        store.catch_up()?;
        let mut found = Vec::new();
        for subject in &self.report.subjects {
            let Some(digest) = &subject.digest.sha256 else { continue };
            let Ok(digest) = bartizan_evidence::digest::Digest::new("sha256", digest) else { continue };
            let rows = {
                let mut index = store.index();
                let Some(node) = index.node(&NodeId::of_digest(&digest)).map_err(StoreError::from)? else {
                    continue;
                };
                let keys = index.about(node).map_err(StoreError::from)?;
                index.statements(&keys).map_err(StoreError::from)?
            };
            for row in rows.into_values().filter(|row| row.predicate_type == PROVENANCE_V1) {
                // The index is a file that anybody may have changed: envelope, signature and subject are read anew.
                let envelope =
                    Envelope::from_json(&store.blobs().get(&row.envelope)?).map_err(StoreError::from)?;
                let payload = envelope.payload_of(PAYLOAD_TYPE).map_err(StoreError::from)?;
                let Ok(statement) = Statement::<Provenance>::from_payload(payload) else { continue };
                let Some(predicate) = statement.predicate else { continue };
                let about = statement
                    .subject
                    .iter()
                    .any(|each| each.digest.get("sha256").is_some_and(|value| value == digest.value()));
                if !about {
                    continue;
                }
                let signers = store.trust().signers(&envelope);
                found.push(json!({
                    "subject": subject.uri,
                    "digest": digest.to_string(),
                    "statement": row.envelope.to_string(),
                    "builder": predicate.run_details.builder.id,
                    "build_type": predicate.build_definition.build_type,
                    "verified": !signers.is_empty(),
                    "signers": signers,
                    "entry": row.entry,
                }));
            }
        }
        Ok(found)
    }
}

/// An inspector that digests what it inspects.
pub(crate) struct DigestingInspector<'a> {
    /// What looks into the bytes.
    pub(crate) inner: &'a dyn Inspector,
    /// Where digests go.
    pub(crate) gathered: &'a Gathered,
}

impl Inspector for DigestingInspector<'_> {
    fn inspect(&self, file: &File<'_>, bytes: &[u8], clock: &dyn Clock) -> Inspection {
        // The sweep digests by SHA-256 itself.
        if let Some((path, _)) = file.place.filter(|_| !self.gathered.wants_sha256()) {
            self.gathered.digest(path, bytes);
        }
        self.inner.inspect(file, bytes, clock)
    }
}

/// Takes over the digests that the report holds.
pub(crate) fn keep_reported(gathered: &Gathered, path: &Path, subject: &bartizan_core::Subject) {
    if let Some(digest) = subject.digest.sha256.as_deref().and_then(unhex) {
        gathered.keep_sha256(path, subject.size, digest);
    }
}
