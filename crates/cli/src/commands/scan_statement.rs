//! `bartizan scan --attest`: the result of a scan as an in-toto statement about the digests it read.
//!
//! Source: in-toto `spec/predicates/test-result.md`, v0.1. A subject that could not be read to its end has no digest and is
//! named among the warned tests instead; a scan that is incomplete never passes.

use crate::arguments::ScanArguments;
use crate::commands::scan::{TOOL, all_rules};
use crate::failure::Failure;
use crate::{keyfile, project, terminal};
use bartizan_core::render::{Format, table};
use bartizan_core::report::Report;
use bartizan_core::{Severity, Status};
use bartizan_evidence::digest::Digest;
use bartizan_evidence::predicate::TEST_RESULT_V0_1;
use bartizan_evidence::statement::{ResourceDescriptor, Statement};
use serde_json::{Value, json};

/// Signs the result, keeps it and logs it. The whole report is kept as well, and named by the statement.
///
/// # Errors
/// [`Failure`] when nothing was read, or the statement cannot be signed or kept.
pub(crate) fn attest(report: &Report, arguments: &ScanArguments, fail_on: Severity) -> Result<(), Failure> {
    let key = keyfile::signing_key(&arguments.key, &arguments.passphrase)?;
    let mut json = Vec::new();
    Format::Json.write(report, &table::Options::default(), &mut json)?;
    let store = project::for_signing(None, &key)?;
    let kept = store.put(&json)?;
    let statement = statement(report, fail_on, kept).ok_or_else(|| Failure::Node {
        text: "--attest".to_owned(),
        reason: "has nothing to speak about: no file was read to its end".to_owned(),
    })?;
    let (receipt, _) = project::record(&store, &statement, &key)?;
    let place =
        receipt.entry.map_or_else(|| "not logged".to_owned(), |entry| format!("entry {entry} of the log"));
    terminal::remark(&format!("attested: {} ({place})", receipt.envelope));
    Ok(())
}

/// The statement; none when no subject has a digest.
fn statement(report: &Report, fail_on: Severity, kept: Digest) -> Option<Statement<Value>> {
    let mut subjects = Vec::new();
    let (mut passed, mut warned, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for group in report.by_subject() {
        let subject = group.subject;
        let digest = subject.digest.sha256.as_deref().and_then(|value| Digest::new("sha256", value).ok());
        if let Some(digest) = digest {
            subjects.push(ResourceDescriptor::named(&subject.uri, digest));
        }
        for reported in &group.findings {
            let test = format!("{}: {}", reported.finding.rule.id, subject.uri);
            if reported.finding.severity >= fail_on { failed.push(test) } else { warned.push(test) }
        }
        match subject.status {
            Status::Clean => passed.push(format!("scan: {}", subject.uri)),
            Status::Incomplete => warned.push(format!("incomplete: {}", subject.uri)),
            Status::Unsupported => warned.push(format!("unsupported: {}", subject.uri)),
            Status::Findings => {}
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
    Some(Statement::new(subjects, TEST_RESULT_V0_1, predicate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::scan::plain;

    fn of(content: &[u8]) -> Value {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.pkl");
        std::fs::write(&path, content).unwrap();
        let report = plain(&path).unwrap();
        let statement = statement(&report, Severity::High, Digest::sha256(b"report")).unwrap();
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
    fn what_is_cut_short_never_passes() {
        assert_ne!(of(b"\x80\x04\x95\xff\xff")["result"], json!("PASSED"));
    }
}
