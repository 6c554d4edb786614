//! One OSV record as advisories for each package it affects.

use super::{Advisory, Interval, score};
use crate::dependencies::Ecosystem;
use bartizan_core::{Severity, printable};
use serde_json::Value;

/// The advisories of `record` by ecosystem and name; none when it is withdrawn or no record.
pub(super) fn advisories(record: &Value) -> Vec<((String, String), Advisory)> {
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let id = text(record, "id");
    if id.is_empty() || record.get("withdrawn").is_some_and(|withdrawn| !withdrawn.is_null()) {
        return Vec::new();
    }
    let strings = |value: Option<&Value>| -> Vec<String> {
        value
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect()
    };
    let mut summary = text(record, "summary");
    if summary.is_empty() {
        summary = text(record, "details");
    }
    let summary = printable(summary.lines().next().unwrap_or_default(), SUMMARY_CHARS);
    let mut found = Vec::new();
    for affected in record.get("affected").and_then(Value::as_array).into_iter().flatten() {
        let Some(package) = affected.get("package") else { continue };
        let Some(ecosystem) = ecosystem(&text(package, "ecosystem")) else { continue };
        let name = ecosystem.normal(&text(package, "name"));
        let mut ranges = Vec::new();
        for range in affected.get("ranges").and_then(Value::as_array).into_iter().flatten() {
            if text(range, "type") != "GIT" {
                ranges.extend(intervals(range));
            }
        }
        let advisory = Advisory {
            id: id.clone(),
            aliases: strings(record.get("aliases")),
            summary: summary.clone(),
            severity: if id.starts_with("MAL-") { Severity::Critical } else { severity(record, affected) },
            ranges,
            versions: strings(affected.get("versions")),
        };
        found.push(((ecosystem.osv().to_owned(), name), advisory));
    }
    found
}

fn ecosystem(name: &str) -> Option<Ecosystem> {
    // A suffix such as `:11` names a release of the ecosystem.
    let bare = name.split(':').next().unwrap_or(name);
    [Ecosystem::PyPi, Ecosystem::Npm, Ecosystem::Crates].into_iter().find(|known| known.osv() == bare)
}

/// The intervals between the events of a range, in the order in which they are written.
fn intervals(range: &Value) -> Vec<Interval> {
    let mut found = Vec::new();
    let mut open: Option<Interval> = None;
    for event in range.get("events").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| event.get(key).and_then(Value::as_str);
        if let Some(introduced) = text("introduced") {
            found.extend(open.take());
            let low = (introduced != "0").then(|| (introduced.to_owned(), true));
            open = Some(Interval { low, high: None });
        } else if let Some(fixed) = text("fixed").or_else(|| text("limit")) {
            if let Some(mut interval) = open.take() {
                interval.high = Some((fixed.to_owned(), false));
                found.push(interval);
            }
        } else if let Some(last) = text("last_affected")
            && let Some(mut interval) = open.take()
        {
            interval.high = Some((last.to_owned(), true));
            found.push(interval);
        }
    }
    found.extend(open);
    found
}

/// The severity that the record names in words, or its CVSS vector gives.
fn severity(record: &Value, affected: &Value) -> Severity {
    let worded = [record, affected].iter().find_map(|holder| {
        let inside = ["database_specific", "ecosystem_specific"]
            .iter()
            .find_map(|key| holder.get(key)?.get("severity")?.as_str());
        word(inside?)
    });
    let vectors =
        [record, affected].into_iter().filter_map(|holder| holder.get("severity")?.as_array()).flatten();
    worded
        .or_else(|| vectors.filter_map(|rating| score::severity(rating.get("score")?.as_str()?)).max())
        .unwrap_or(Severity::Medium)
}

/// A severity by its word.
pub(super) fn word(word: &str) -> Option<Severity> {
    Some(match word.to_ascii_uppercase().as_str() {
        "CRITICAL" => Severity::Critical,
        "HIGH" => Severity::High,
        "MODERATE" | "MEDIUM" => Severity::Medium,
        "LOW" => Severity::Low,
        _ => return None,
    })
}

/// Longest summary kept, in characters.
const SUMMARY_CHARS: usize = 160;
