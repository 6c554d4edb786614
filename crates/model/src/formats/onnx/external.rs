//! References from a model to data in files beside it, and whether they stay there.

use super::{EXTERNAL_DATA_ESCAPE, ONNX_MALFORMED};
use crate::text::indicators::{is_sensitive_path, path_escape};
use crate::wire::protobuf;
use crate::{Input, Scan};
use bartizan_core::{Confidence, Finding, Location, Severity};

/// Reports a reference that leaves the model's folder. Gives whether it stays.
///
/// `what` names what refers, for example ``initializer `w` ``.
pub(crate) fn check_path(path: &str, what: &str, place: &Location, scan: &mut Scan<'_>) -> bool {
    if let Some(reason) = path_escape(path) {
        let reads = if is_sensitive_path(path) { "; loading it reads a system file" } else { "" };
        let message =
            format!("{what} refers to `{}`, which {reason}{reads}", bartizan_core::printable(path, 120));
        scan.report(Finding::new(&EXTERNAL_DATA_ESCAPE, message).located(place).evidence(path));
        return false;
    }
    if path.split(['/', '\\']).any(|part| part == "..") {
        let message = format!(
            "{what} refers to `{}`, which steps out of a folder and back in; checks on the raw text disagree with the system about it",
            bartizan_core::printable(path, 120)
        );
        let finding = Finding::new(&EXTERNAL_DATA_ESCAPE, message).located(place).evidence(path);
        scan.report(finding.severity(Severity::Medium));
    }
    true
}

/// Checks a file that stays in the folder: there, no link out, and at least `needed` bytes long.
pub(crate) fn check_sibling(
    input: &Input<'_>,
    path: &str,
    needed: u64,
    what: &str,
    place: &Location,
    scan: &mut Scan<'_>,
) {
    // Without a folder nothing is known of any sibling, not even of the model itself.
    let Some(own) = input.siblings.look_up(input.file_name()) else { return };
    let shown = bartizan_core::printable(path, 120);
    let plain: Vec<&str> = path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect();
    let Some(sibling) = input.siblings.look_up(&plain.join("/")) else {
        let reason =
            format!("{what} refers to `{shown}`, which is not there; scan it together with the model");
        return scan.gap(place.offset, reason);
    };
    if sibling.is_symlink {
        // In a download cache every file is a link into a blob store; a lone link is somebody's doing.
        let (severity, confidence) = if own.is_symlink {
            (Severity::Info, Confidence::Low)
        } else {
            (Severity::Medium, Confidence::Medium)
        };
        let message = format!("{what} refers to `{shown}`, which is a symbolic link");
        let finding = Finding::new(&EXTERNAL_DATA_ESCAPE, message).located(place).evidence(path);
        scan.report(finding.severity(severity).confidence(confidence));
    }
    if sibling.size < needed {
        let message =
            format!("{what} reads `{shown}` up to byte {needed}, and the file ends at byte {}", sibling.size);
        scan.report(Finding::new(&ONNX_MALFORMED, message).located(place));
    }
}

/// Checks the `external_data` entries of one tensor.
pub(super) fn check_tensor(
    entries: &[&[u8]],
    input: &Input<'_>,
    what: &str,
    place: &Location,
    scan: &mut Scan<'_>,
) {
    let (mut location, mut offset, mut length) = (None, 0u64, 0u64);
    for entry in entries {
        let (key, value) = key_value(entry);
        match key.as_ref() {
            "location" => location = Some(value),
            "offset" | "length" => {
                let number = value.trim().parse::<u64>();
                match number {
                    Ok(number) if key == "offset" => offset = number,
                    Ok(number) => length = number,
                    Err(_) => {
                        let message = format!(
                            "{what} has the external {key} `{}`",
                            bartizan_core::printable(&value, 60)
                        );
                        scan.report(Finding::new(&ONNX_MALFORMED, message).located(place).evidence(value));
                    }
                }
            }
            "basepath" => drop(check_path(&value, what, place, scan)),
            "checksum" => {}
            key if key.starts_with("prepacked") => {}
            key => {
                // onnx sets each key as an attribute of a Python object without looking at it.
                let severity = if key.starts_with('_') { Severity::High } else { Severity::Low };
                let message = format!(
                    "{what} has the unknown external data key `{}`",
                    bartizan_core::printable(key, 60)
                );
                scan.report(
                    Finding::new(&ONNX_MALFORMED, message).located(place).severity(severity).evidence(value),
                );
            }
        }
    }
    match location {
        Some(path) if !path.is_empty() => {
            if check_path(&path, what, place, scan) {
                check_sibling(input, &path, offset.saturating_add(length), what, place, scan);
            }
        }
        _ => {
            let message = format!("{what} has external data without a location");
            scan.report(Finding::new(&ONNX_MALFORMED, message).located(place).severity(Severity::Low));
        }
    }
}

/// Key and value of a `StringStringEntryProto`; bytes that are not UTF-8 are replaced.
pub(super) fn key_value(entry: &[u8]) -> (String, String) {
    let (mut key, mut value) = (String::new(), String::new());
    for field in protobuf::fields(entry).flatten() {
        match (field.number, field.bytes()) {
            (1, Some(bytes)) => key = String::from_utf8_lossy(bytes).into_owned(),
            (2, Some(bytes)) => value = String::from_utf8_lossy(bytes).into_owned(),
            _ => {}
        }
    }
    (key, value)
}

/// Searches bytes no protobuf reader gets through for paths that leave the folder.
///
/// A strict loader refuses the file; a tolerant or repaired one would read what stands there.
pub(super) fn sweep(bytes: &[u8], base: u64, scan: &mut Scan<'_>) {
    let swept = bytes.get(..SWEPT_BYTES).unwrap_or(bytes);
    let mut at = 0usize;
    for run in swept.split(|byte| !(b' '..=b'~').contains(byte)) {
        let start = at;
        at = at.saturating_add(run.len()).saturating_add(1);
        let Ok(text) = std::str::from_utf8(run) else { continue };
        if text.len() < 5 || text.len() > LONGEST_PATH || text.contains(char::is_whitespace) {
            continue;
        }
        let climbs = text.contains("../") || text.contains("..\\");
        let absolute =
            text.find(['/', '\\']).and_then(|slash| text.get(slash..)).is_some_and(is_sensitive_path);
        if climbs || absolute {
            let message = format!(
                "the part that cannot be parsed names the path `{}`, which leaves the model's folder",
                bartizan_core::printable(text, 120)
            );
            let finding = Finding::new(&EXTERNAL_DATA_ESCAPE, message).at(base.saturating_add(start as u64));
            scan.report(finding.confidence(Confidence::Medium).evidence(text));
        }
    }
}

/// How much of an unparseable part is swept, in bytes.
const SWEPT_BYTES: usize = 1 << 20;
/// Longest text that is taken for a path, in bytes.
const LONGEST_PATH: usize = 512;
