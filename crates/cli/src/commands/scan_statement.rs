//! `bartizan scan --attest`: the result of a scan as an in-toto statement about the digests it read.
//!
//! Source: in-toto `spec/predicates/test-result.md`, v0.1. A subject that could not be read to its end has no digest and is
//! named among the warned tests instead; a scan that is incomplete never passes.
//!
//! The statement says everything that was found, whatever was asked for and held back: an ignore file, a baseline and a configuration
//! file may have come with what is scanned, and whoever reads the statement later sees none of them. What such settings do leave out,
//! files and the severity that fails, is the statement's [`Selection`].

use crate::arguments::ScanArguments;
use crate::commands::scan::{TOOL, all_rules};
use crate::commands::scan_media::MEDIA;
use crate::commands::scan_parts::{Parts, UNSCANNED_PARTS};
use crate::failure::Failure;
use crate::settings::{FAIL_ON, Origin, Settings};
use crate::{keyfile, project, terminal};
use bartizan_core::render::{Format, table};
use bartizan_core::report::{Report, SubjectReport};
use bartizan_core::{Severity, Status};
use bartizan_evidence::digest::Digest;
use bartizan_evidence::predicate::TEST_RESULT_V0_1;
use bartizan_evidence::statement::{ResourceDescriptor, Statement};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

/// Which part of what could be said a statement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    /// From which severity on a finding is a failed test.
    fail_on: Severity,
    /// Patterns of paths, and how many files and folders they left out.
    excluded: (Vec<String>, u64),
}

impl Selection {
    /// Of a scan with `settings`, which left `excluded` files and folders out. A file that may have come with what is scanned has no
    /// say in what fails.
    pub(crate) fn of(settings: &Settings, excluded: u64) -> Self {
        let of_file = settings
            .shown
            .iter()
            .any(|shown| shown.name == "fail-on" && matches!(shown.origin, Origin::File { .. }));
        let fail_on = if of_file { FAIL_ON } else { settings.fail_on };
        let patterns = if excluded > 0 { settings.exclude.clone() } else { Vec::new() };
        Self { fail_on, excluded: (patterns, excluded) }
    }

    /// What it leaves out, as the statement says it; none when nothing.
    fn narrowed(&self) -> Option<Value> {
        let mut narrowed = serde_json::Map::new();
        if self.fail_on > FAIL_ON {
            narrowed.insert("failOn".to_owned(), json!(self.fail_on.as_str()));
        }
        let (patterns, entries) = &self.excluded;
        if *entries > 0 {
            narrowed.insert("exclude".to_owned(), json!({"patterns": patterns, "entries": entries}));
        }
        (!narrowed.is_empty()).then_some(Value::Object(narrowed))
    }
}

/// What a statement is about.
pub(crate) struct Stated<'a> {
    /// Everything that was found.
    pub(crate) report: &'a Report,
    /// What stands for others among the subjects.
    pub(crate) parts: Parts,
    /// Names of those that nobody read and that are no models: pictures and their like.
    pub(crate) media: BTreeSet<String>,
    /// Which part of it is stated.
    pub(crate) selection: Selection,
}

/// Signs the result, keeps it and logs it. The report of everything that was found is kept as well, and named by the statement;
/// `unshown` of the findings were not shown to whoever scanned.
///
/// # Errors
/// [`Failure`] when nothing was read, or the statement cannot be signed or kept.
pub(crate) fn attest(stated: &Stated<'_>, unshown: usize, arguments: &ScanArguments) -> Result<(), Failure> {
    let key = keyfile::signing_key(&arguments.key, &arguments.passphrase)?;
    let mut json = Vec::new();
    Format::Json.write(stated.report, &table::Options::default(), &mut json)?;
    let store = project::for_signing(None, &key)?;
    let kept = store.put(&json)?;
    let statement = statement(stated, kept).ok_or_else(|| Failure::Node {
        text: "--attest".to_owned(),
        reason: "has nothing to speak about: no file was read to its end".to_owned(),
    })?;
    let (receipt, _) = project::record(&store, &statement, &key)?;
    let place =
        receipt.entry.map_or_else(|| "not logged".to_owned(), |entry| format!("entry {entry} of the log"));
    terminal::remark(&format!("attested: {} ({place})", receipt.envelope));
    if unshown > 0 {
        let findings = if unshown == 1 { "1 finding".to_owned() } else { format!("{unshown} findings") };
        terminal::remark(&format!(
            "the statement says {findings} more than the report shows: what is held back or not asked for is stated all the same"
        ));
    }
    if stated.selection.narrowed().is_some() {
        terminal::remark(
            "the statement says that the scan left something out (exclude, fail-on); the shipped policies take that for missing evidence",
        );
    }
    Ok(())
}

/// The statement; none when no subject has a digest.
fn statement(stated: &Stated<'_>, kept: Digest) -> Option<Statement<Value>> {
    let Stated { report, parts, media, selection } = stated;
    let fail_on = selection.fail_on;
    let mut subjects = Vec::new();
    let (mut passed, mut warned, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    let (groups, by_digest) = (report.by_subject(), Parts::by_digest(report));
    let by_uri: HashMap<&str, &SubjectReport<'_>> =
        groups.iter().map(|group| (group.subject.uri.as_str(), group)).collect();
    for group in &groups {
        let subject = group.subject;
        let digest = subject.digest.sha256.as_deref().and_then(|value| Digest::new("sha256", value).ok());
        if let Some(digest) = digest {
            subjects.push(ResourceDescriptor::named(&subject.uri, digest));
        }
        let reached = parts.reached(&subject.uri, &by_digest);
        let inner = reached.iter().flat_map(|reached| &reached.subjects).filter_map(|uri| by_uri.get(uri));
        let mut clean = true;
        // What is found in a part is found in what stands for it.
        for one in std::iter::once(&group).chain(inner) {
            // Of nothing there is nothing to know.
            let is_empty = one.subject.status == Status::Unsupported && one.subject.size == 0;
            clean &= is_empty || one.subject.status == Status::Clean;
            for reported in &one.findings {
                let test = format!("{}: {}", reported.finding.rule.id, subject.uri);
                if reported.finding.severity >= fail_on { failed.push(test) } else { warned.push(test) }
            }
            match one.subject.status {
                Status::Incomplete => warned.push(format!("incomplete: {}", subject.uri)),
                Status::Unsupported if is_empty => {}
                Status::Unsupported => {
                    let what = if media.contains(&one.subject.uri) { MEDIA } else { "unsupported" };
                    warned.push(format!("{what}: {}", subject.uri));
                }
                Status::Clean | Status::Findings => {}
            }
        }
        if reached.is_some_and(|reached| reached.unscanned) {
            warned.push(format!("{UNSCANNED_PARTS}: {}", subject.uri));
            clean = false;
        }
        if clean {
            passed.push(format!("scan: {}", subject.uri));
        }
    }
    if subjects.is_empty() {
        return None;
    }
    for list in [&mut passed, &mut warned, &mut failed] {
        list.sort();
        list.dedup();
    }
    let result = if !failed.is_empty() {
        "FAILED"
    } else if warned.is_empty() {
        "PASSED"
    } else {
        "WARNED"
    };
    let rules: Vec<String> =
        all_rules().iter().map(|rule| format!("{} {}", rule.id, rule.severity.as_str())).collect();
    let mut configuration =
        ResourceDescriptor::named("bartizan-rules", Digest::sha256(rules.join("\n").as_bytes()));
    configuration.annotations.insert("tool".to_owned(), json!(format!("{} {}", TOOL.name, TOOL.version)));
    configuration.annotations.insert("failOn".to_owned(), json!(fail_on.as_str()));
    let report_descriptor = ResourceDescriptor::named("report", kept);
    let mut predicate = json!({
        "result": result, "configuration": [configuration], "passedTests": passed, "warnedTests": warned,
        "failedTests": failed, "report": report_descriptor, "finished": report.finished.to_string(),
    });
    // Beyond the predicate's own members, which it allows: a policy may ask whether dependencies were looked up at all.
    if let (Some(looked_up), Some(members)) = (&report.advisories, predicate.as_object_mut()) {
        members.insert("advisories".to_owned(), json!(looked_up));
    }
    // And what was left out of it.
    if let (Some(narrowed), Some(members)) = (selection.narrowed(), predicate.as_object_mut()) {
        members.insert("selection".to_owned(), narrowed);
    }
    Some(Statement::new(subjects, TEST_RESULT_V0_1, predicate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::ScanOptions;
    use crate::commands::scan::plain;
    use crate::settings::Trust;

    fn all() -> Selection {
        Selection { fail_on: FAIL_ON, excluded: (Vec::new(), 0) }
    }

    fn of(content: &[u8]) -> Value {
        named("model.pkl", content)
    }

    fn named(name: &str, content: &[u8]) -> Value {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let report = plain(&path).unwrap();
        let stated =
            Stated { report: &report, parts: Parts::default(), media: BTreeSet::new(), selection: all() };
        let statement = statement(&stated, Digest::sha256(b"report")).unwrap();
        assert_eq!(statement.subject[0].digest.preferred(), Some(Digest::sha256(content)));
        statement.predicate.unwrap()
    }

    #[test]
    fn what_is_clean_passes_and_what_is_dangerous_fails() {
        // Pickle opcodes: a list, and os.system called with a text.
        let clean = of(b"\x80\x04]\x94.");
        assert_eq!(
            (&clean["result"], clean["failedTests"].as_array().map(Vec::len)),
            (&json!("PASSED"), Some(0))
        );
        let dangerous = of(b"cos\nsystem\n(S'true'\ntR.");
        assert_eq!(dangerous["result"], json!("FAILED"));
        assert!(dangerous["failedTests"][0].as_str().unwrap().contains("model/"));
    }

    #[test]
    fn what_was_left_out_is_said_and_a_whole_scan_says_nothing_of_it() {
        assert_eq!((all().narrowed(), of(b"\x80\x04]\x94.").get("selection")), (None, None));
        let narrow = Selection { fail_on: Severity::Critical, excluded: (vec!["old/**".to_owned()], 3) };
        assert_eq!(
            narrow.narrowed(),
            Some(json!({"failOn": "critical", "exclude": {"patterns": ["old/**"], "entries": 3}}))
        );
        assert_eq!(Selection { fail_on: Severity::Low, ..all() }.narrowed(), None);
    }

    #[test]
    fn a_configuration_file_has_no_say_in_what_fails_and_a_flag_has() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("bartizan.toml"), "[scan]\nfail-on = \"critical\"\n").unwrap();
        let gathered = |options: &ScanOptions| {
            let settings = Settings::gather(options, None, folder.path(), Trust::Folder).unwrap();
            (settings.fail_on, Selection::of(&settings, 0).fail_on)
        };
        assert_eq!(gathered(&ScanOptions::default()), (Severity::Critical, Severity::High));
        let flag = ScanOptions { fail_on: Some(Severity::Low), ..ScanOptions::default() };
        assert_eq!(gathered(&flag), (Severity::Low, Severity::Low));
    }

    #[test]
    fn what_nobody_can_read_is_named_and_nothing_at_all_passes() {
        let unknown: Vec<u8> = (0..=255).cycle().take(4_096).collect();
        let unknown = named("weights.rkx", &unknown);
        assert_eq!(unknown["warnedTests"].as_array().map(Vec::len), Some(1), "{unknown}");
        assert!(unknown["warnedTests"][0].as_str().unwrap().starts_with("unsupported: "));
        let empty = named("weights.rkx", b"");
        let passed = empty["passedTests"].as_array().map(Vec::len);
        assert_eq!((&empty["result"], passed), (&json!("PASSED"), Some(1)), "{empty}");
    }

    #[test]
    fn what_is_cut_short_never_passes() {
        assert_ne!(of(b"\x80\x04\x95\xff\xff")["result"], json!("PASSED"));
    }
}
