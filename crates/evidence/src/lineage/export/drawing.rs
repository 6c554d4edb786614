//! Lineage as text that others draw: Mermaid, Graphviz DOT.
//!
//! Sources: Mermaid flowchart syntax; the DOT language of Graphviz. Labels are quoted and escaped: names come from documents
//! that anyone may have written.

use crate::lineage::{Edge, Kind, Lineage, Node, NodeId, Relation};
use std::collections::HashMap;
use std::io::{self, Write};

/// Writes a Mermaid flowchart.
///
/// # Errors
/// When writing fails.
pub fn mermaid(lineage: &Lineage, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "flowchart LR")?;
    let places = places(lineage);
    for (place, node) in lineage.nodes.iter().enumerate() {
        let (open, close) = mermaid_shape(node.kind);
        let label = format!("{}<br/>{}", mermaid_text(&node.label()), mermaid_text(&caption(node)));
        writeln!(out, "  n{place}{open}\"{label}\"{close}")?;
    }
    for edge in &lineage.edges {
        let (Some(from), Some(to)) = (places.get(&edge.from), places.get(&edge.to)) else { continue };
        let arrow = match (edge.relation, edge.proven) {
            (Relation::SameAs, _) => "---",
            (_, true) => "-->",
            (_, false) => "-.->",
        };
        writeln!(out, "  n{from} {arrow}|{}| n{to}", edge.relation)?;
    }
    Ok(())
}

/// Writes a Graphviz digraph.
///
/// # Errors
/// When writing fails.
pub fn dot(lineage: &Lineage, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "digraph lineage {{\n  rankdir=LR;\n  node [fontname=\"sans-serif\", style=filled];")?;
    let places = places(lineage);
    for (place, node) in lineage.nodes.iter().enumerate() {
        let shape = match node.kind {
            Kind::Run | Kind::Job | Kind::Check => "ellipse",
            Kind::Dataset | Kind::Record => "cylinder",
            _ => "box",
        };
        let label = format!("{}\n{}", node.label(), caption(node));
        writeln!(
            out,
            "  n{place} [label={}, shape={shape}, fillcolor=\"{}\", tooltip={}];",
            quoted(&label),
            color(node.kind),
            quoted(node.id.as_str())
        )?;
    }
    for edge in &lineage.edges {
        let (Some(from), Some(to)) = (places.get(&edge.from), places.get(&edge.to)) else { continue };
        let style = if edge.proven { "solid" } else { "dashed" };
        let direction = if edge.relation == Relation::SameAs { ", dir=none" } else { "" };
        writeln!(
            out,
            "  n{from} -> n{to} [label=\"{}\", style={style}{direction}, tooltip={}];",
            edge.relation,
            quoted(&basis(edge))
        )?;
    }
    writeln!(out, "}}")
}

/// What an edge rests on, in a line.
pub(super) fn basis(edge: &Edge) -> String {
    let place =
        edge.support.log_index.map_or_else(String::new, |index| format!(", entry {index} of the log"));
    let doubt = if edge.proven { String::new() } else { format!("; unproven: {}", edge.unproven.join("; ")) };
    format!("{}{place}{doubt}", edge.support.statement)
}

/// Kind and short digest, or kind alone where the label is the name already.
pub(super) fn caption(node: &Node) -> String {
    if node.names.is_empty() { node.kind.to_string() } else { format!("{} {}", node.kind, node.short_id()) }
}

/// A light colour for each part of the chain; dark text reads on all of them.
pub(super) fn color(kind: Kind) -> &'static str {
    match kind {
        Kind::Record | Kind::Dataset => "#cfe8ff",
        Kind::Source | Kind::Configuration | Kind::Environment | Kind::Component => "#e6e6ef",
        Kind::Run | Kind::Job => "#fff0c2",
        Kind::Model => "#d5f2d0",
        Kind::Artifact => "#f2f2f2",
        Kind::Check | Kind::Policy | Kind::Verdict => "#eadcf8",
        Kind::Release | Kind::Deployment => "#ffd9c7",
        Kind::Decision => "#ffc9d3",
    }
}

fn places(lineage: &Lineage) -> HashMap<&NodeId, usize> {
    lineage.nodes.iter().enumerate().map(|(place, node)| (&node.id, place)).collect()
}

fn mermaid_shape(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Run | Kind::Job | Kind::Check => ("([", "])"),
        Kind::Dataset | Kind::Record => ("[(", ")]"),
        Kind::Decision | Kind::Verdict => ("{{", "}}"),
        _ => ("[", "]"),
    }
}

/// Everything that Mermaid or the page around it could read as syntax becomes an entity.
fn mermaid_text(text: &str) -> String {
    let mut escaped = String::new();
    for character in bartizan_core::printable(text, 80).chars() {
        if character.is_alphanumeric() || " .,:/_-@=+…".contains(character) {
            escaped.push(character);
        } else {
            escaped.push_str(&format!("#{};", u32::from(character)));
        }
    }
    escaped
}

fn quoted(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| bartizan_core::printable(line, 200).replace('\\', "\\\\").replace('"', "\\\""))
        .collect();
    format!("\"{}\"", lines.join("\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::testing::line;

    fn written(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn proven_edges_are_solid_and_others_dashed() {
        let mut lineage = line(&["data", "run", "model"]);
        lineage.edges[1].proven = false;
        let text = written(|out| mermaid(&lineage, out));
        assert_eq!((text.matches("-->|").count(), text.matches("-.->|").count()), (1, 1));
        let text = written(|out| dot(&lineage, out));
        assert_eq!((text.matches("style=solid").count(), text.matches("style=dashed").count()), (1, 1));
    }

    #[test]
    fn a_name_cannot_break_out_of_its_label() {
        let mut lineage = line(&["data", "run"]);
        lineage.nodes[0].names = vec!["x\"]; click n0 \"javascript:alert(1)\"\n<script>".to_owned()];
        let mermaid_lines = written(|out| mermaid(&lineage, out));
        assert!(!mermaid_lines.contains("<script>") && !mermaid_lines.contains("click n0 \""));
        assert_eq!(mermaid_lines.lines().count(), 4);
        let text = written(|out| dot(&lineage, out));
        assert!(text.contains("x\\\"]; click") && !text.contains("\n<script>"));
    }
}
