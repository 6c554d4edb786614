//! Lineage as a drawing: SVG that needs no font, script or file of others.
//!
//! Layout in layers, after Sugiyama, Tagawa and Toda, *Methods for Visual Understanding of Hierarchical System Structures*
//! (1981): every node one layer after the last of what it came from, the order within a layer by the mean place of its
//! neighbours, a few sweeps. Cycles are broken where the walk meets them.

use super::drawing::{basis, caption, color};
use crate::lineage::{Lineage, Relation};
use std::collections::HashMap;
use std::io::{self, Write};

/// Most nodes drawn; a picture of more shows nothing.
pub const MOST_DRAWN: usize = 2_000;
/// Sweeps over the layers; crossings hardly fall after four.
const SWEEPS: usize = 4;
/// Sizes in user units.
const BOX: (f64, f64) = (190.0, 46.0);
const GAP: (f64, f64) = (90.0, 18.0);
const MARGIN: f64 = 24.0;
/// Characters that fit into a box at 12 units.
const FITTING: usize = 27;

/// Writes a drawing.
///
/// # Errors
/// When writing fails; [`io::ErrorKind::InvalidInput`] for more than [`MOST_DRAWN`] nodes.
pub fn svg(lineage: &Lineage, out: &mut dyn Write) -> io::Result<()> {
    if lineage.nodes.len() > MOST_DRAWN {
        let message = format!(
            "{} nodes are too many to draw; up to {MOST_DRAWN} are, use --depth",
            lineage.nodes.len()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let layout = Layout::of(lineage);
    let (width, height) = layout.size();
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" font-family=\"system-ui, sans-serif\" font-size=\"12\">"
    )?;
    writeln!(out, "<title>Lineage</title>")?;
    writeln!(
        out,
        "<defs><marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#556\"/></marker></defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
    )?;
    let places: HashMap<_, _> =
        lineage.nodes.iter().zip(&layout.at).map(|(node, at)| (&node.id, *at)).collect();
    for edge in &lineage.edges {
        let (Some(from), Some(to)) = (places.get(&edge.from), places.get(&edge.to)) else { continue };
        let (x1, y1) = (from.0 + BOX.0, from.1 + BOX.1 / 2.0);
        let (x2, y2) = (to.0, to.1 + BOX.1 / 2.0);
        let bend = ((x2 - x1).abs() / 2.0).max(GAP.0 / 2.0);
        let dash = if edge.proven { "" } else { " stroke-dasharray=\"5 4\"" };
        let head = if edge.relation == Relation::SameAs { "" } else { " marker-end=\"url(#a)\"" };
        writeln!(
            out,
            "<path d=\"M{x1:.1} {y1:.1}C{:.1} {y1:.1} {:.1} {y2:.1} {x2:.1} {y2:.1}\" fill=\"none\" stroke=\"#556\"{dash}{head}>\
             <title>{}: {}</title></path>",
            x1 + bend,
            x2 - bend,
            edge.relation,
            xml(&basis(edge), 400)
        )?;
    }
    for (node, (x, y)) in lineage.nodes.iter().zip(&layout.at) {
        let edge_color = if lineage.start.contains(&node.id) { "#c02" } else { "#889" };
        writeln!(
            out,
            "<g><title>{}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"{}\" \
             stroke=\"{edge_color}\"/><text x=\"{:.1}\" y=\"{:.1}\">{}</text><text x=\"{:.1}\" y=\"{:.1}\" \
             font-size=\"10\" fill=\"#445\">{}</text></g>",
            xml(node.id.as_str(), 400),
            BOX.0,
            BOX.1,
            color(node.kind),
            x + 8.0,
            y + 19.0,
            xml(&node.label(), FITTING),
            x + 8.0,
            y + 36.0,
            xml(&caption(node), FITTING + 6)
        )?;
    }
    writeln!(out, "</svg>")
}

struct Layout {
    /// Upper left corner of every node.
    at: Vec<(f64, f64)>,
}

impl Layout {
    fn of(lineage: &Lineage) -> Self {
        let count = lineage.nodes.len();
        let places: HashMap<_, _> =
            lineage.nodes.iter().enumerate().map(|(place, node)| (&node.id, place)).collect();
        let mut above = vec![Vec::new(); count];
        let mut below = vec![Vec::new(); count];
        for edge in lineage.edges.iter().filter(|edge| edge.from != edge.to) {
            if let (Some(from), Some(to)) = (places.get(&edge.from), places.get(&edge.to)) {
                if let Some(list) = below.get_mut(*from) {
                    list.push(*to);
                }
                if let Some(list) = above.get_mut(*to) {
                    list.push(*from);
                }
            }
        }
        let layer = layers(&above, &below);
        let mut rows: Vec<Vec<usize>> = vec![Vec::new(); layer.iter().max().map_or(0, |last| last + 1)];
        for (node, layer) in layer.iter().enumerate() {
            if let Some(row) = rows.get_mut(*layer) {
                row.push(node);
            }
        }
        let mut rank = vec![0.0; count];
        for row in &rows {
            number(row, &mut rank);
        }
        for sweep in 0..SWEEPS {
            let forward = sweep % 2 == 0;
            let neighbours = if forward { &above } else { &below };
            let order: Vec<usize> =
                if forward { (0..rows.len()).collect() } else { (0..rows.len()).rev().collect() };
            for place in order {
                let Some(row) = rows.get_mut(place) else { continue };
                let mean = |node: &usize| {
                    let list = neighbours.get(*node).map(Vec::as_slice).unwrap_or_default();
                    let sum: f64 = list.iter().filter_map(|next| rank.get(*next)).sum();
                    if list.is_empty() {
                        rank.get(*node).copied().unwrap_or_default()
                    } else {
                        sum / list.len() as f64
                    }
                };
                row.sort_by(|a, b| mean(a).total_cmp(&mean(b)).then(a.cmp(b)));
                number(row, &mut rank);
            }
        }
        let tallest = rows.iter().map(Vec::len).max().unwrap_or_default();
        let mut at = vec![(MARGIN, MARGIN); count];
        for (column, row) in rows.iter().enumerate() {
            // Short layers stand in the middle of the tall ones.
            let top = (tallest - row.len()) as f64 / 2.0;
            for (line, node) in row.iter().enumerate() {
                if let Some(place) = at.get_mut(*node) {
                    let y = MARGIN + (top + line as f64) * (BOX.1 + GAP.1);
                    *place = (MARGIN + column as f64 * (BOX.0 + GAP.0), y);
                }
            }
        }
        Self { at }
    }

    fn size(&self) -> (f64, f64) {
        let far = |part: fn(&(f64, f64)) -> f64| self.at.iter().map(part).fold(0.0, f64::max);
        (far(|at| at.0) + BOX.0 + MARGIN, far(|at| at.1) + BOX.1 + MARGIN)
    }
}

fn number(row: &[usize], rank: &mut [f64]) {
    // Places are spread over the same span in every layer, so that means compare.
    let span = 1.0 / row.len().max(1) as f64;
    for (place, node) in row.iter().enumerate() {
        if let Some(rank) = rank.get_mut(*node) {
            *rank = (place as f64 + 0.5) * span;
        }
    }
}

/// The longest way to each node, over edges in the order of a depth-first walk; edges that close a cycle do not count.
fn layers(above: &[Vec<usize>], below: &[Vec<usize>]) -> Vec<usize> {
    let count = above.len();
    let mut state = vec![0_u8; count];
    let mut order = Vec::with_capacity(count);
    let roots = (0..count).filter(|node| above.get(*node).is_some_and(Vec::is_empty)).chain(0..count);
    for root in roots {
        if state.get(root) != Some(&0) {
            continue;
        }
        let mut work = vec![(root, 0_usize)];
        while let Some((node, at)) = work.pop() {
            if let Some(state) = state.get_mut(node) {
                *state = 1;
            }
            if let Some(next) = below.get(node).and_then(|list| list.get(at)) {
                work.push((node, at + 1));
                if state.get(*next) == Some(&0) {
                    work.push((*next, 0));
                }
            } else {
                if let Some(state) = state.get_mut(node) {
                    *state = 2;
                }
                order.push(node);
            }
        }
    }
    order.reverse();
    let mut place = vec![0_usize; count];
    for (at, node) in order.iter().enumerate() {
        if let Some(place) = place.get_mut(*node) {
            *place = at;
        }
    }
    let mut layer = vec![0_usize; count];
    for node in &order {
        let here = layer.get(*node).copied().unwrap_or_default();
        for next in below.get(*node).into_iter().flatten() {
            if place.get(*next) > place.get(*node)
                && let Some(next) = layer.get_mut(*next)
            {
                *next = (*next).max(here + 1);
            }
        }
    }
    layer
}

fn xml(text: &str, most: usize) -> String {
    let short: String = if text.chars().count() > most {
        text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
    } else {
        text.to_owned()
    };
    let mut escaped = String::new();
    for character in bartizan_core::printable(&short, 4 * most).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::testing::line;

    fn drawn(lineage: &Lineage) -> String {
        let mut out = Vec::new();
        svg(lineage, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn it_is_well_formed_and_shows_every_node_and_edge() {
        let mut lineage = line(&["data", "run", "model"]);
        lineage.nodes[0].names = vec!["<script>&\"".to_owned()];
        lineage.edges[0].proven = false;
        let text = drawn(&lineage);
        let mut reader = quick_xml::Reader::from_str(&text);
        let mut boxes = 0;
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Start(element) if element.name().as_ref() == "g" => boxes += 1,
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!((boxes, text.matches("marker-end").count(), text.matches("dasharray").count()), (3, 2, 1));
        assert!(
            !text.contains("<script>") && !text.contains("http://") || text.matches("http://").count() == 1
        );
    }

    #[test]
    fn what_came_later_stands_further_right_and_boxes_never_overlap() {
        let lineage = line(&["a", "b", "c", "d"]);
        let layout = Layout::of(&lineage);
        assert!(layout.at.windows(2).all(|pair| pair[0].0 + BOX.0 < pair[1].0));
        let mut corners: Vec<String> = layout.at.iter().map(|at| format!("{at:?}")).collect();
        corners.sort();
        corners.dedup();
        assert_eq!(corners.len(), 4);
    }

    #[test]
    fn a_ring_is_drawn_and_a_crowd_refused() {
        let mut ring = line(&["a", "b", "c"]);
        let mut back = ring.edges[0].clone();
        back.from = ring.nodes[2].id.clone();
        back.to = ring.nodes[0].id.clone();
        ring.edges.push(back);
        assert!(drawn(&ring).contains("</svg>"));
        let mut crowd = line(&["a"]);
        crowd.nodes = vec![crowd.nodes[0].clone(); MOST_DRAWN + 1];
        assert!(svg(&crowd, &mut Vec::new()).is_err());
    }
}
