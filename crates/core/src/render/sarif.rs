//! SARIF 2.1.0 (OASIS Standard), for code scanning services and editors.
//!
//! Each rule carries its page as help; each finding carries its taxa, a fingerprint by content and, in binary files,
//! a byte offset. What could not be read is a notification of the invocation, which then did not succeed; findings
//! held back are results with a suppression.

use super::escape::place;
use crate::report::{Report, Reported, Snippet, SubjectGap, Suppressed, SuppressedBy};
use crate::{Finding, Rule, Severity, Subject, Taxonomy};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Write};

/// Writes `report` as one SARIF log.
///
/// # Errors
/// When writing fails.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &log(report))?;
    writeln!(out)
}

fn log(report: &Report) -> Value {
    let rules = report.rules();
    let index: HashMap<&str, usize> = rules.iter().enumerate().map(|(at, rule)| (rule.id, at)).collect();
    let artifacts: HashMap<&str, usize> =
        report.subjects.iter().enumerate().map(|(at, subject)| (subject.uri.as_str(), at)).collect();
    let writer = Writer { index, artifacts, compared: report.compared_with_baseline };
    let open = report.findings.iter().map(|reported| writer.result(reported, None));
    let held = report.suppressed.iter().map(|held| writer.result(&held.reported, Some(held)));
    let taxonomies = taxonomies(&rules);
    let supported: Vec<Value> = taxonomies.keys().map(|name| json!({ "name": name })).collect();
    let notifications: Vec<Value> = report.gaps.iter().map(|gap| writer.notification(gap)).collect();
    let told = report.advisories.as_ref().and_then(crate::report::Advisories::told);
    let configuration: Vec<Value> = told
        .map(|told| {
            json!({ "descriptor": { "id": ADVISORIES }, "level": "warning", "message": { "text": told } })
        })
        .into_iter()
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": report.tool.name,
                "semanticVersion": report.tool.version,
                "rules": rules.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
                "supportedTaxonomies": supported,
                "notifications": [{
                    "id": INCOMPLETE,
                    "shortDescription": { "text": "A part of a file was not analysed." },
                }, {
                    "id": ADVISORIES,
                    "shortDescription": { "text": "Known vulnerabilities were not, or not lately, looked up." },
                }],
            }},
            "invocations": [{
                "executionSuccessful": !report.is_incomplete(),
                "startTimeUtc": report.started.to_string(),
                "endTimeUtc": report.finished.to_string(),
                "toolExecutionNotifications": notifications,
                "toolConfigurationNotifications": configuration,
            }],
            "properties": { "advisories": report.advisories },
            "artifacts": report.subjects.iter().map(artifact).collect::<Vec<_>>(),
            "results": open.chain(held).collect::<Vec<_>>(),
            "taxonomies": taxonomies.into_iter().map(|(name, ids)| taxonomy(name, &ids)).collect::<Vec<_>>(),
            "columnKind": "unicodeCodePoints",
        }],
    })
}

struct Writer<'a> {
    index: HashMap<&'a str, usize>,
    artifacts: HashMap<&'a str, usize>,
    compared: bool,
}

impl Writer<'_> {
    fn result(&self, reported: &Reported, held: Option<&Suppressed>) -> Value {
        let finding = &reported.finding;
        let mut result = json!({
            "ruleId": finding.rule.id,
            "ruleIndex": self.index.get(finding.rule.id),
            "level": level(finding.severity),
            "message": { "text": message(finding) },
            "locations": [self.location(reported)],
            "partialFingerprints": { "bartizan/v1": reported.fingerprint },
            "rank": rank(finding),
            "taxa": finding.rule.taxonomies.iter().map(|taxon| reference(*taxon)).collect::<Vec<_>>(),
            "properties": {
                "severity": finding.severity,
                "confidence": finding.confidence,
                "remediation": finding.remedy,
                "evidence": finding.evidence,
            },
        });
        let Some(fields) = result.as_object_mut() else { return result };
        if self.compared {
            let known = held.is_some_and(|held| held.by == SuppressedBy::Baseline);
            fields.insert("baselineState".into(), json!(if known { "unchanged" } else { "new" }));
        }
        if let Some(held) = held {
            let suppression =
                json!({ "kind": "external", "status": "accepted", "justification": held.reason });
            fields.insert("suppressions".into(), json!([suppression]));
        }
        result
    }

    fn location(&self, reported: &Reported) -> Value {
        let at = &reported.finding.location;
        let mut physical = json!({
            "artifactLocation": { "uri": uri(&reported.subject), "index": self.artifacts.get(reported.subject.as_str()) },
        });
        if let Some(region) = region(reported)
            && let Some(fields) = physical.as_object_mut()
        {
            fields.insert("region".into(), region);
        }
        let mut location = json!({
            "physicalLocation": physical,
            "message": { "text": place(&reported.subject, at) },
        });
        let names = [("member", at.member.as_deref()), ("object", at.pointer.as_deref())];
        let logical: Vec<Value> = names
            .into_iter()
            .filter_map(|(kind, name)| Some(json!({ "fullyQualifiedName": name?, "kind": kind })))
            .collect();
        if !logical.is_empty()
            && let Some(fields) = location.as_object_mut()
        {
            fields.insert("logicalLocations".into(), logical.into());
        }
        location
    }

    fn notification(&self, SubjectGap { subject, gap }: &SubjectGap) -> Value {
        let text = match &gap.member {
            Some(member) => format!("{member}: {}", gap.reason),
            None => gap.reason.clone(),
        };
        let mut physical = json!({
            "artifactLocation": { "uri": uri(subject), "index": self.artifacts.get(subject.as_str()) },
        });
        // An offset inside a member is not one of the file.
        if let (Some(offset), None) = (gap.offset.filter(|offset| fits(*offset)), &gap.member)
            && let Some(fields) = physical.as_object_mut()
        {
            fields.insert("region".into(), json!({ "byteOffset": offset, "byteLength": 0 }));
        }
        json!({
            "descriptor": { "id": INCOMPLETE },
            "level": "error",
            "message": { "text": text },
            "locations": [{ "physicalLocation": physical }],
        })
    }
}

/// The region of the file itself; none inside an archive member, whose lines and offsets are not the file's.
fn region(reported: &Reported) -> Option<Value> {
    let at = &reported.finding.location;
    if at.member.is_some() {
        return None;
    }
    let mut region = Map::new();
    if let Some(line) = at.line.filter(|line| *line > 0) {
        region.insert("startLine".into(), line.into());
        if let Some(column) = at.column.filter(|column| *column > 0) {
            region.insert("startColumn".into(), column.into());
        }
    } else if let Some(offset) = at.offset.filter(|offset| fits(*offset)) {
        region.insert("byteOffset".into(), offset.into());
        region.insert("byteLength".into(), 0.into());
    } else {
        return None;
    }
    match &reported.snippet {
        Some(Snippet::Text { text, .. }) => {
            region.insert("snippet".into(), json!({ "text": text }));
        }
        Some(Snippet::Bytes { bytes, .. }) => {
            region.insert("snippet".into(), json!({ "binary": base64(bytes) }));
        }
        None => {}
    }
    Some(region.into())
}

/// SARIF numbers are JSON numbers that consumers read as signed 64-bit.
fn fits(offset: u64) -> bool {
    i64::try_from(offset).is_ok()
}

fn message(finding: &Finding) -> String {
    let end = if finding.message.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{end} {}", finding.message, finding.remedy)
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// Priority among results, 0 to 100: severity first, then confidence.
fn rank(finding: &Finding) -> f64 {
    let severity = Severity::ALL.iter().position(|each| *each == finding.severity).unwrap_or_default();
    let confidence =
        crate::Confidence::ALL.iter().position(|each| *each == finding.confidence).unwrap_or_default();
    severity as f64 * 20.0 + confidence as f64 * 10.0
}

fn descriptor(rule: &Rule) -> Value {
    let help = rule.page();
    let relationships: Vec<Value> = rule
        .taxonomies
        .iter()
        .map(|taxon| json!({ "target": reference(*taxon), "kinds": ["relevant"] }))
        .collect();
    let mut tags = vec!["security".to_owned()];
    tags.extend(rule.taxonomies.iter().filter_map(|taxon| match taxon {
        Taxonomy::Cwe(number) => Some(format!("external/cwe/cwe-{number:03}")),
        _ => None,
    }));
    json!({
        "id": rule.id,
        "name": name(rule.id),
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.first_sentence("What it finds").unwrap_or_else(|| rule.title.to_owned()) },
        "help": { "text": rule.remedy, "markdown": help },
        "defaultConfiguration": { "level": level(rule.severity) },
        "relationships": relationships,
        "properties": { "tags": tags, "security-severity": score(rule.severity), "precision": "high" },
    })
}

/// `model/pickle-code-execution` as `PickleCodeExecution`, which SARIF wants of a rule name.
fn name(id: &str) -> String {
    let kebab = id.rsplit('/').next().unwrap_or_default();
    let words = kebab.split('-').filter_map(|word| {
        let mut characters = word.chars();
        Some(characters.next()?.to_ascii_uppercase().to_string() + characters.as_str())
    });
    words.collect()
}

/// The score GitHub sorts security results by: above 9.0 critical, above 7.0 high, above 4.0 medium.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Info => "0.0",
    }
}

fn artifact(subject: &Subject) -> Value {
    let mut artifact = json!({
        "location": { "uri": uri(&subject.uri) },
        "properties": { "format": subject.format, "kind": subject.kind, "status": subject.status },
    });
    if let Some(fields) = artifact.as_object_mut() {
        if fits(subject.size) {
            fields.insert("length".into(), subject.size.into());
        }
        if let Some(digest) = &subject.digest.sha256 {
            fields.insert("hashes".into(), json!({ "sha-256": digest }));
        }
    }
    artifact
}

fn taxonomies(rules: &[&Rule]) -> BTreeMap<&'static str, BTreeSet<Taxonomy>> {
    let mut taxonomies: BTreeMap<&str, BTreeSet<Taxonomy>> = BTreeMap::new();
    for taxon in rules.iter().flat_map(|rule| rule.taxonomies) {
        taxonomies.entry(component(*taxon)).or_default().insert(*taxon);
    }
    taxonomies
}

fn taxonomy(name: &str, taxa: &BTreeSet<Taxonomy>) -> Value {
    let (organization, full, address) = match name {
        "CWE" => ("MITRE", "Common Weakness Enumeration", "https://cwe.mitre.org/"),
        "ATLAS" => ("MITRE", "Adversarial Threat Landscape for AI Systems", "https://atlas.mitre.org/"),
        "OWASP-LLM" => ("OWASP", "Top 10 for LLM Applications 2025", "https://genai.owasp.org/llm-top-10/"),
        "OWASP-ML" => (
            "OWASP",
            "Machine Learning Security Top 10 2023",
            "https://owasp.org/www-project-machine-learning-security-top-10/",
        ),
        _ => ("OWASP", "Top 10 for Agentic Applications 2026", "https://genai.owasp.org/"),
    };
    let taxa: Vec<Value> =
        taxa.iter().map(|taxon| json!({ "id": id(*taxon), "helpUri": help(*taxon, address) })).collect();
    json!({
        "name": name,
        "organization": organization,
        "informationUri": address,
        "shortDescription": { "text": full },
        "isComprehensive": false,
        "taxa": taxa,
    })
}

fn reference(taxon: Taxonomy) -> Value {
    json!({ "id": id(taxon), "toolComponent": { "name": component(taxon) } })
}

fn component(taxon: Taxonomy) -> &'static str {
    match taxon {
        Taxonomy::Atlas(_) => "ATLAS",
        Taxonomy::Cwe(_) => "CWE",
        Taxonomy::OwaspLlm(_) => "OWASP-LLM",
        Taxonomy::OwaspMl(_) => "OWASP-ML",
        Taxonomy::OwaspAgentic(_) => "OWASP-AGENTIC",
    }
}

fn id(taxon: Taxonomy) -> String {
    match taxon {
        Taxonomy::Cwe(number) => number.to_string(),
        Taxonomy::Atlas(id) | Taxonomy::OwaspLlm(id) | Taxonomy::OwaspMl(id) | Taxonomy::OwaspAgentic(id) => {
            id.to_owned()
        }
    }
}

fn help(taxon: Taxonomy, address: &str) -> String {
    match taxon {
        Taxonomy::Cwe(number) => format!("https://cwe.mitre.org/data/definitions/{number}.html"),
        Taxonomy::Atlas(id) => format!("https://atlas.mitre.org/techniques/{id}"),
        _ => address.to_owned(),
    }
}

/// `path` as a URI reference (RFC 3986): `/` stays, everything but unreserved characters is percent-encoded.
fn uri(path: &str) -> String {
    let mut shown = String::with_capacity(path.len() + 8);
    if path.starts_with('/') {
        shown.push_str("file://");
    }
    for &byte in path.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            shown.push(char::from(byte));
        } else {
            shown.push('%');
            shown.push_str(&crate::hex(&[byte]).to_ascii_uppercase());
        }
    }
    shown
}

/// Standard base64 with padding (RFC 4648 §4), for the few bytes of a snippet.
pub(super) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut shown = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at| u32::from(chunk.get(at).copied().unwrap_or_default());
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let sextet = (group >> (18 - 6 * place)) & 0x3f;
            let letter = ALPHABET.get(sextet as usize).copied().unwrap_or(b'=');
            shown.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    shown
}

/// Id of the notification for a gap.
const INCOMPLETE: &str = "core/incomplete";
/// Id of the notification that known vulnerabilities were not looked up.
const ADVISORIES: &str = "advisories";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::sample;

    #[test]
    fn a_gap_is_a_notification_and_the_invocation_did_not_succeed() {
        let log = log(&sample());
        let invocation = &log["runs"][0]["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], false);
        let notification = &invocation["toolExecutionNotifications"][0];
        assert!(
            notification["message"]["text"].as_str().unwrap().starts_with("archive/data.pkl: the file ends")
        );
    }

    #[test]
    fn a_finding_in_a_file_has_its_byte_offset_and_one_in_a_member_has_not() {
        let log = log(&sample());
        let region =
            |n: usize| log["runs"][0]["results"][n]["locations"][0]["physicalLocation"]["region"].clone();
        assert_eq!(region(0)["byteOffset"], 2);
        assert_eq!(region(0)["snippet"]["binary"], "Y29zCnN5c3RlbQooUydl");
        assert_eq!(region(1)["startLine"], 3);
        assert_eq!(region(2), Value::Null);
    }

    #[test]
    fn a_finding_held_back_carries_its_suppression() {
        let log = log(&sample());
        let suppression = &log["runs"][0]["results"][3]["suppressions"][0];
        assert_eq!(suppression["justification"], "known padding");
    }

    #[test]
    fn rules_refer_to_their_taxa() {
        let log = log(&sample());
        let run = &log["runs"][0];
        assert_eq!(run["results"][0]["ruleIndex"], 0);
        assert_eq!(run["tool"]["driver"]["rules"][0]["name"], "CallsOnLoad");
        let names: Vec<_> = run["taxonomies"].as_array().unwrap().iter().map(|t| t["name"].clone()).collect();
        assert_eq!(names, ["ATLAS", "CWE", "OWASP-LLM"]);
    }

    #[test]
    fn paths_become_uri_references() {
        assert_eq!(uri("a b/ü%.pt"), "a%20b/%C3%BC%25.pt");
        assert_eq!(uri("/x/y"), "file:///x/y");
        assert_eq!(uri("c:x"), "c%3Ax");
    }

    #[test]
    fn base64_agrees_with_the_rfc() {
        let shown: Vec<_> = ["", "f", "fo", "foo", "foob"].map(|text| base64(text.as_bytes())).into();
        assert_eq!(shown, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
    }
}
