//! A decision as SARIF 2.1.0: a result for each reason, so that it stands beside the findings of the scan.

use super::{entries, line};
use crate::decide::Decision;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Writes a decision as one SARIF log.
///
/// # Errors
/// When writing fails.
pub fn sarif(decision: &Decision, tool: &str, version: &str, out: &mut dyn Write) -> io::Result<()> {
    let entries = entries(decision);
    let waived = decision.waived.iter().map(|each| each.rule.as_str());
    let rules: BTreeSet<&str> = entries.iter().map(|entry| entry.rule).chain(waived).collect();
    let mut results: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let level = if entry.denies { "error" } else { "warning" };
            result(decision, entry.rule, level, entry.message, entry.subject, entry.remedy)
        })
        .collect();
    for each in &decision.waived {
        let mut waived = result(decision, &each.rule, "note", &each.message, each.subject.as_deref(), None);
        let why = line(&format!("{} ({}, until {})", each.reason, each.owner, each.expires));
        if let Some(members) = waived.as_object_mut() {
            let suppression = json!([{"kind": "external", "status": "accepted", "justification": why}]);
            members.insert("suppressions".to_owned(), suppression);
        }
        results.push(waived);
    }
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": format!("{tool} gate"),
                "semanticVersion": version,
                "rules": rules.iter().map(|rule| json!({"id": line(rule)})).collect::<Vec<_>>(),
            }},
            "invocations": [{"executionSuccessful": true, "endTimeUtc": decision.decided_on}],
            "properties": {
                "verdict": decision.verdict.as_str(),
                "policyDigest": decision.policy_digest,
                "environment": line(&decision.environment),
            },
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn result(
    decision: &Decision,
    rule: &str,
    level: &str,
    message: &str,
    subject: Option<&str>,
    remedy: Option<&str>,
) -> Value {
    let root = decision.artifact.path.trim_end_matches('/');
    let uri = match subject {
        Some(file) if decision.artifact.files > 1 => format!("{root}/{file}"),
        _ => root.to_owned(),
    };
    let text = match remedy {
        Some(remedy) => format!("{} ({})", line(message), line(remedy)),
        None => line(message),
    };
    json!({
        "ruleId": line(rule),
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": encoded(&uri)}}}],
    })
}

/// A path as a relative reference (RFC 3986): whatever is not a plain character is encoded.
fn encoded(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
