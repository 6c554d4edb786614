//! TensorFlow graphs in protobuf's text format (`saved_model.pbtxt`, `graph.pbtxt`), which loaders take as well.
//!
//! Only the names of operations and the strings beside them are read: linear, nothing is built.
//!
//! Source: Protocol Buffers documentation, *Text Format*.

use super::{judge_name, rules};
use crate::text::indicators;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Finding, Kind, Rule, Severity, printable};
use std::collections::HashSet;

/// TensorFlow in the text encoding.
pub struct TensorFlowText;

/// The format, for the registry.
pub static TENSORFLOW_TEXT: TensorFlowText = TensorFlowText;

/// Fields a TensorFlow text begins with.
const FIRST_FIELDS: &[&str] = &[
    "node",
    "library",
    "versions",
    "meta_info_def",
    "graph_def",
    "saved_model_schema_version",
    "meta_graphs",
    "saver_def",
];

impl Format for TensorFlowText {
    fn id(&self) -> &'static str {
        "tensorflow-text"
    }

    fn name(&self) -> &'static str {
        "TensorFlow graph (text)"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["pbtxt", "prototxt"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = input.head(HEAD_BYTES);
        let text = head.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let line = text
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with('#'))
            .unwrap_or_default();
        let name = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap_or_default();
        let after = line.get(name.len()..).unwrap_or_default().trim_start();
        let begins = FIRST_FIELDS.contains(&name) && after.starts_with(['{', ':', '<']);
        if begins && (text.contains("op:") || text.contains("meta_graphs") || text.contains("graph_def")) {
            Recognition::Certain
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let text = String::from_utf8_lossy(input.bytes);
        let mut told = HashSet::new();
        for (number, line) in text.lines().enumerate() {
            if number % 65_536 == 0 && scan.out_of_time() {
                return;
            }
            // Several fields may share a line; each is a name, a colon and a quoted text.
            for (at, _) in line.match_indices(':') {
                let name = line.get(..at).unwrap_or_default().trim_end();
                let name = name
                    .rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                    .next()
                    .unwrap_or_default();
                let Some(value) = line.get(at.saturating_add(1)..).and_then(quoted) else { continue };
                let line_number = u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
                field(name, value, line_number, &mut told, scan);
            }
        }
    }
}

fn field<'a>(name: &str, value: &'a str, line: u32, told: &mut HashSet<&'a str>, scan: &mut Scan<'_>) {
    let finding = match name {
        "op" => {
            let Some((rule, severity, what)) = judge_name(value) else { return };
            if severity < Severity::Medium && !told.insert(value) {
                return;
            }
            Finding::new(rule, format!("a node {what}")).severity(severity).evidence(value)
        }
        "filename" => {
            let Some(why) = indicators::path_escape(value) else { return };
            Finding::new(&rules::TF_ASSET, format!("the asset `{}` {why}", printable(value, 160)))
                .evidence(value)
        }
        "s" if value.starts_with("file:") || value.starts_with("grpc:") => Finding::new(
            &rules::TF_OP,
            format!("a node sends what it is given to `{}`", printable(value, 160)),
        )
        .severity(Severity::Medium)
        .evidence(value),
        _ => return,
    };
    scan.report(finding.at_line(line, 1));
}

/// The text in the quotes that come next.
fn quoted(rest: &str) -> Option<&str> {
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    rest.get(1..)?.split(quote).next()
}

/// Bytes of the head that recognition looks at.
const HEAD_BYTES: usize = 8 << 10;
