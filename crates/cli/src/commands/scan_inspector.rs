//! What a scan asks about each file: everything that any crate knows of, as [`WholeInspector`].

use crate::commands::db::Known;
use bartizan_core::report::Advisories;
use bartizan_core::sweep::{File, Inspection, Inspector};
use bartizan_core::{Clock, Finding, Gap, Limits};
use bartizan_data::quick::DatasetInspector;
use bartizan_model::ModelInspector;
use bartizan_pipeline::dependencies::advisories::vulnerabilities;
use bartizan_pipeline::registry::RUN_BY_SYSTEMS;
use bartizan_pipeline::{PipelineInspector, Place, Surroundings, decoded};
use bartizan_text::rules::SECRET;
use bartizan_text::{Hit, credentials, credentials_among};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

/// Looks into model files and into what builds and serves them.
#[derive(Debug)]
pub(crate) struct WholeInspector<'a> {
    /// Bounds for each file.
    pub(crate) limits: &'a Limits,
    /// What is known of the vulnerabilities of packages.
    pub(crate) known: &'a Known,
    /// What is remembered of folders.
    pub(crate) around: Surroundings,
    /// Whether dependencies that nobody could look up leave their file incomplete.
    pub(crate) require_advisories: bool,
    /// Files of dependencies met so far.
    pub(crate) dependency_files: AtomicU64,
}

impl Inspector for WholeInspector<'_> {
    fn inspect(&self, file: &File<'_>, bytes: &[u8], clock: &dyn Clock) -> Inspection {
        let inspector = PipelineInspector { limits: self.limits, around: &self.around };
        let (pipeline, learnt) = inspector.inspect_judging(file, bytes, clock);
        let is_run = pipeline.format.is_some_and(|format| RUN_BY_SYSTEMS.contains(&format));
        let left_out = if is_run { SAID_OF_METADATA } else { &[] };
        let mut whole = ModelInspector { limits: self.limits, left_out }.inspect(file, bytes, clock);
        leave_to_the_exact(&mut whole.findings, &learnt.judged, pipeline.format);
        if let Some(format) = pipeline.format {
            // The more exact of two names: a workflow is YAML as well.
            whole.format = Some(format);
            whole.kind = pipeline.kind;
            // A model's card begins with its fields; any other page shows commands to people.
            if format == "markdown" && !bytes.trim_ascii_start().starts_with(b"---") {
                whole.findings.retain(|finding| !SHOWN_TO_PEOPLE.contains(&finding.rule.id));
            }
        }
        if whole.format == Some("notebook")
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            bartizan_pipeline::place_in_file(text, &mut whole.findings);
        }
        whole.findings.extend(pipeline.findings);
        whole.gaps.extend(pipeline.gaps);
        self.advisories(file, bytes, &mut whole);
        let data = DatasetInspector { limits: self.limits }.inspect(file, bytes, clock);
        whole.gaps.extend(data.gaps);
        if !data.findings.is_empty() {
            // The look at the rows says it of each kind once, with the count.
            let said: Vec<&str> = data.findings.iter().map(|finding| finding.rule.id).collect();
            whole.findings.retain(|finding| finding.rule.id != SECRET.id || !said.contains(&SECRET.id));
            whole.kind = data.kind;
            whole.findings.extend(data.findings);
        }
        number_lines(file.uri, &mut whole.findings, bytes);
        once_per_credential(&mut whole.findings);
        whole.credentials = repeatable(&whole, bytes, learnt.hits.as_deref());
        whole
    }
}

/// What commands, addresses and templates show in the metadata of a model, and say nothing of in a text that is made of
/// them: its own reader judges those.
const SAID_OF_METADATA: &[&str] = &[
    "model/config-code",
    "model/metadata-active-markup",
    "model/metadata-code",
    "model/metadata-command",
    "model/metadata-path",
    "model/metadata-url",
    "model/template-malformed",
    "model/template-text-injection",
];

/// The credentials that what is said of a file could repeat: those around its findings, and those in what is said itself, which
/// may come from inside an archive. `hits` are those of the whole file, where it was searched.
///
/// Cost: one pass over a file of up to [`WHOLE`] bytes that has findings; of a larger one, over what lies around each finding.
fn repeatable(inspection: &Inspection, bytes: &[u8], hits: Option<&[Hit]>) -> Vec<String> {
    let findings = &inspection.findings;
    if findings.is_empty() && inspection.gaps.is_empty() {
        return Vec::new();
    }
    let said = findings.iter().flat_map(|finding| {
        // What a rule advises is ours and the same for every file.
        let remedy = Some(&finding.remedy).filter(|remedy| *remedy != finding.rule.remedy);
        [Some(&finding.message), Some(&finding.evidence), remedy].into_iter().flatten()
    });
    let said = said.chain(inspection.gaps.iter().map(|gap| &gap.reason));
    // Many findings say the same, and each search has a price of its own.
    let said: BTreeSet<&str> = said.map(String::as_str).collect();
    let mut found = credentials(said.into_iter().collect::<Vec<_>>().join("\n").as_bytes());
    if let Some(hits) = hits {
        found.extend(credentials_among(bytes, hits));
        return found;
    }
    if bytes.len() <= WHOLE {
        let text = decoded(bytes);
        found.extend(credentials(text.as_deref().map_or(bytes, str::as_bytes)));
        return found;
    }
    let offsets = findings.iter().filter(|finding| finding.location.member.is_none());
    let mut offsets: Vec<usize> = offsets
        .filter_map(|finding| finding.location.offset)
        .filter_map(|offset| usize::try_from(offset).ok())
        .collect();
    offsets.sort_unstable();
    let mut read = 0usize;
    for offset in offsets {
        let from = offset.saturating_sub(AROUND).max(read);
        let to = offset.saturating_add(AROUND).min(bytes.len());
        if let Some(part) = bytes.get(from..to) {
            found.extend(credentials(part));
            read = to;
        }
    }
    found
}

/// Largest file that is searched for credentials as a whole, in bytes.
const WHOLE: usize = 4 << 20;
/// Bytes before and after a finding that are searched in a larger file: more than a report shows.
const AROUND: usize = 16 << 10;

/// What a page for people may show, as an example of what to do or not to do.
const SHOWN_TO_PEOPLE: &[&str] = &["model/metadata-code", "model/metadata-command", "model/metadata-path"];

/// Leaves out what both crates say of the same credential: the one that knows the format it stands in says more.
fn once_per_credential(findings: &mut Vec<Finding>) {
    let lines: Vec<u32> = findings
        .iter()
        .filter(|finding| finding.rule.id == "pipeline/secret")
        .filter_map(|finding| finding.location.line)
        .collect();
    findings.retain(|finding| match finding.rule.id {
        _ if lines.is_empty() || finding.location.member.is_some() => true,
        "model/metadata-credential" => !finding.location.line.is_some_and(|line| lines.contains(&line)),
        // Said of the whole file, once.
        "text/secret" => !finding.location.line.is_none_or(|line| line == 1 || lines.contains(&line)),
        _ => true,
    });
}

/// Drops what was found by a call's name alone where the call was judged by its arguments, and credentials of a
/// notebook, which its reader reports with their line.
fn leave_to_the_exact(findings: &mut Vec<Finding>, judged: &BTreeSet<Place>, format: Option<&str>) {
    findings.retain(|finding| {
        let location = &finding.location;
        let by_name = finding.rule.id == "model/python-dangerous-call"
            && location.member.is_none()
            && location
                .line
                .zip(location.column)
                .is_some_and(|(line, column)| judged.contains(&(location.pointer.clone(), line, column)));
        let credential = finding.rule.id == "model/metadata-credential" && format == Some("notebook");
        !(by_name || credential)
    });
}

impl<'a> WholeInspector<'a> {
    /// One within `limits`.
    pub(crate) fn new(limits: &'a Limits, known: &'a Known, require_advisories: bool) -> Self {
        let (around, dependency_files) = (Surroundings::default(), AtomicU64::new(0));
        Self { limits, known, around, require_advisories, dependency_files }
    }

    /// What the dependencies it met were looked up in; none when it met none.
    pub(crate) fn looked_up(&self) -> Option<Advisories> {
        let files = self.dependency_files.load(Ordering::Relaxed);
        (files > 0).then(|| self.known.looked_up(files))
    }
}

impl WholeInspector<'_> {
    /// Matches a file of dependencies with the database of advisories.
    fn advisories(&self, file: &File<'_>, bytes: &[u8], whole: &mut Inspection) {
        let Some(content) = decoded(bytes) else { return };
        let text = bartizan_pipeline::Text::new(file.uri, &content);
        let Some(found) = vulnerabilities(&text, self.known.database.as_ref(), self.known.age_days) else {
            return;
        };
        if found.looked_for > 0 {
            self.dependency_files.fetch_add(1, Ordering::Relaxed);
            if self.require_advisories && self.known.database.is_none() && self.known.trouble.is_none() {
                let reason = "dependencies were not looked up among known vulnerabilities: no database was imported; bring one with \
                              `bartizan db import`";
                whole.gaps.push(Gap { member: None, offset: None, reason: reason.to_owned() });
            }
        }
        whole.findings.extend(found.findings);
        whole.gaps.extend(found.gaps);
        if let Some(trouble) = &self.known.trouble {
            whole.gaps.push(Gap { member: None, offset: None, reason: trouble.clone() });
        }
    }
}

/// Gives line and column to each finding of a text that has none: from its byte offset, from the row that its pointer names in JSON
/// lines, else the first line, which stands for the whole.
///
/// Linear in the text; columns count characters. Findings inside members and those of binary content keep their offset
/// alone.
fn number_lines(name: &str, findings: &mut [Finding], bytes: &[u8]) {
    let lacks = |finding: &Finding| finding.location.line.is_none() && finding.location.member.is_none();
    if !findings.iter().any(lacks) || bytes.contains(&0) || bytes.is_empty() || !is_text(bytes) {
        return;
    }
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let starts: Vec<usize> = std::iter::once(0).chain(ends.map(|(at, _)| at.saturating_add(1))).collect();
    let in_rows =
        [".jsonl", ".ndjson", ".jsonlines"].iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    let row_of = |finding: &Finding| {
        let row = finding.location.pointer.as_deref()?.strip_prefix('/')?.split('/').next()?;
        let row = row.parse::<usize>().ok().filter(|_| in_rows)?;
        let filled = |start: &&usize| {
            let rest = bytes.get(**start..).unwrap_or_default();
            rest.split(|byte| *byte == b'\n').next().is_some_and(|line| !line.trim_ascii().is_empty())
        };
        starts.iter().filter(filled).nth(row).copied()
    };
    for finding in findings.iter_mut().filter(|finding| lacks(finding)) {
        let offset = finding.location.offset.and_then(|offset| usize::try_from(offset).ok());
        let offset = offset.or_else(|| row_of(finding)).unwrap_or_default().min(bytes.len());
        let line = starts.partition_point(|start| *start <= offset).max(1);
        let start = starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let before = String::from_utf8_lossy(bytes.get(start..offset).unwrap_or_default());
        let number = |count: usize| Some(u32::try_from(count).unwrap_or(u32::MAX));
        finding.location.line = number(line);
        finding.location.column = number(before.chars().count().saturating_add(1));
    }
}

/// Whether bytes without a zero are a text: UTF-8, or one in another encoding that has few bytes of its own.
fn is_text(bytes: &[u8]) -> bool {
    if std::str::from_utf8(bytes).is_ok() {
        return true;
    }
    let odd =
        bytes.iter().filter(|byte| **byte >= 0x80 || (**byte < 0x20 && !byte.is_ascii_whitespace())).count();
    odd.saturating_mul(5) < bytes.len()
}
