//! Lineage for people: a tree of what leads where, a card for one artifact, a comparison.

use anstyle::{AnsiColor, Style};
use bartizan_core::printable;
use bartizan_evidence::lineage::diff::Difference;
use bartizan_evidence::lineage::{Edge, Kind, Lineage, Node, NodeId, Relation};
use bartizan_evidence::store::{Direction, StatementRow};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Write};

/// Lines of a tree written; a longer one is for programs.
const MOST_LINES: usize = 1_000;
/// Levels that are indented; deeper ones stay there.
const DEEPEST: usize = 24;
/// Parts of an environment that are listed one by one; more of them become one line.
const MOST_PARTS: usize = 3;
/// Columns of a name.
const NAME: usize = 60;

/// One line of a tree.
enum Line<'a> {
    /// A node, and the edge that reached it.
    Node(&'a NodeId, Option<&'a Edge>),
    /// What the environment of a run holds, in one line.
    Environment(String),
}

/// Writes the nodes below or above the start, each once, under the one that reached it first. Upwards the packages of a run
/// become one line, unless `all` are wanted.
pub(super) fn tree(
    lineage: &Lineage,
    direction: Direction,
    all: bool,
    color: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let paint =
        |style: Style, text: &str| if color { format!("{style}{text}{style:#}") } else { text.to_owned() };
    let nodes: HashMap<&NodeId, &Node> = lineage.nodes.iter().map(|node| (&node.id, node)).collect();
    let mut children: BTreeMap<&NodeId, Vec<(&Edge, &NodeId)>> = BTreeMap::new();
    let mut placed: HashSet<&NodeId> = HashSet::new();
    for edge in &lineage.edges {
        // Digests of the same bytes lead both ways.
        for (near, far) in [(&edge.from, &edge.to), (&edge.to, &edge.from)] {
            let (Some(a), Some(b)) = (nodes.get(near), nodes.get(far)) else { continue };
            if a.depth + 1 == b.depth && placed.insert(far) {
                children.entry(near).or_default().push((edge, far));
            }
        }
    }
    let mut lines = 0;
    let roots = lineage.nodes.iter().filter(|node| node.depth == 0);
    for root in roots {
        let mut work: Vec<(Line<'_>, String, bool)> = vec![(Line::Node(&root.id, None), String::new(), true)];
        while let Some((line, indent, last)) = work.pop() {
            lines += 1;
            if lines > MOST_LINES {
                break;
            }
            let (id, edge) = match line {
                Line::Node(id, edge) => (id, edge),
                Line::Environment(text) => {
                    writeln!(out, "{indent}{} {}", branch(last), paint(Style::new().dimmed(), &text))?;
                    continue;
                }
            };
            let Some(node) = nodes.get(id) else { continue };
            let label = printable(&node.label(), NAME);
            let kind = paint(Style::new().fg_color(Some(AnsiColor::Cyan.into())), node.kind.name());
            let short = paint(Style::new().dimmed(), &node.short_id());
            match edge {
                None => writeln!(out, "{} {kind} {short}", paint(Style::new().bold(), &label))?,
                Some(edge) => {
                    let mark = if edge.proven {
                        let entry =
                            edge.support.log_index.map_or_else(String::new, |entry| format!(" log {entry}"));
                        paint(Style::new().fg_color(Some(AnsiColor::Green.into())), &format!("proven{entry}"))
                    } else {
                        let style = Style::new().fg_color(Some(AnsiColor::Yellow.into()));
                        paint(style, &format!("unproven: {}", edge.unproven.join("; ")))
                    };
                    writeln!(
                        out,
                        "{indent}{} {} {} {kind} {short}  {mark}",
                        branch(last),
                        edge.relation,
                        paint(Style::new().bold(), &label)
                    )?;
                }
            }
            let below = children.get(id).map(Vec::as_slice).unwrap_or_default();
            let is_part = |(edge, child): &(&Edge, &NodeId)| {
                let kind = nodes.get(child).map(|node| node.kind);
                edge.relation == Relation::Input
                    && matches!(kind, Some(Kind::Environment | Kind::Component))
                    && !children.contains_key(child)
            };
            let parts = below.iter().filter(|each| is_part(each)).count();
            let in_one = direction == Direction::Up && !all && parts > MOST_PARTS;
            let deep = indent.chars().count() >= 3 * DEEPEST;
            let inner = match edge {
                None => String::new(),
                Some(_) if deep => indent,
                Some(_) => format!("{indent}{}", if last { "   " } else { "│  " }),
            };
            let unproven = below.iter().filter(|each| is_part(each) && !each.0.proven).count();
            let summary = in_one.then(|| {
                Line::Environment(format!(
                    "environment: {parts} inputs, {unproven} unproven; --all lists them"
                ))
            });
            let shown = below.iter().filter(|each| !in_one || !is_part(each));
            let shown = shown.map(|(edge, child)| Line::Node(child, Some(edge)));
            let lines_below: Vec<Line<'_>> = shown.chain(summary).collect();
            let count = lines_below.len();
            for (place, line) in lines_below.into_iter().enumerate().rev() {
                work.push((line, inner.clone(), place + 1 == count));
            }
        }
    }
    let totals = lineage.totals();
    if lines > MOST_LINES {
        writeln!(out, "… more than {MOST_LINES} lines; --format json writes all")?;
    }
    let kinds: Vec<String> = totals.kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let what = match direction {
        Direction::Down => "came of it",
        Direction::Up => "it came of",
    };
    writeln!(
        out,
        "\n{} reached ({}), {} edges from {} statements, {} unproven",
        if totals.nodes == 1 { format!("nothing {what}; 1 node") } else { format!("{} nodes", totals.nodes) },
        kinds.join(", "),
        totals.edges,
        totals.statements,
        totals.unproven
    )
}

fn branch(last: bool) -> &'static str {
    if last { "└─" } else { "├─" }
}

/// Writes what is known of one artifact.
pub(super) fn card(
    id: &NodeId,
    up: &Lineage,
    down: &Lineage,
    statements: &[StatementRow],
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "{id}")?;
    if let Some(node) = down.node(id) {
        writeln!(out, "  kind   {}", node.kind)?;
        for name in &node.names {
            writeln!(out, "  name   {}", printable(name, 200))?;
        }
    }
    let named = |lineage: &Lineage, id: &NodeId| {
        lineage.node(id).map_or_else(
            || id.to_string(),
            |node| format!("{} {} {}", node.kind, printable(&node.label(), NAME), node.short_id()),
        )
    };
    for edge in up.edges.iter().filter(|edge| edge.to == *id) {
        writeln!(out, "  from   {} {}{}", edge.relation, named(up, &edge.from), doubt(edge))?;
    }
    for edge in down.edges.iter().filter(|edge| edge.from == *id) {
        writeln!(out, "  to     {} {}{}", edge.relation, named(down, &edge.to), doubt(edge))?;
    }
    for row in statements {
        let place = row.entry.map_or_else(|| "not in the log".to_owned(), |entry| format!("entry {entry}"));
        let signed = if row.signers.is_empty() { "by no trusted key" } else { "by a trusted key" };
        writeln!(
            out,
            "  said   {} {} ({place}, {signed})",
            printable(&row.predicate_type, 100),
            row.envelope
        )?;
    }
    Ok(())
}

/// Writes what only one of two lineages has.
pub(super) fn difference(difference: &Difference, out: &mut dyn Write) -> io::Result<()> {
    for (mark, nodes) in [('-', &difference.only_first), ('+', &difference.only_second)] {
        for node in nodes {
            writeln!(out, "{mark} {} {} {}", node.kind, printable(&node.label(), NAME), node.short_id())?;
        }
    }
    writeln!(
        out,
        "\n{} in common, {} only in the first, {} only in the second",
        difference.common,
        difference.only_first.len(),
        difference.only_second.len()
    )
}

fn doubt(edge: &Edge) -> String {
    if edge.proven { String::new() } else { format!("  unproven: {}", edge.unproven.join("; ")) }
}
