//! The walk: [`trace`], breadth first over an [`Index`], so that every node is reached by the fewest steps.
//!
//! Its cost grows with what is reached, not with what is known. Two rules go beyond following edges. Digests of the same bytes
//! are one place. And a bundle where the walk begins stands for its files (downwards), as a file stands for the bundles it is in
//! (upwards): whoever used one shard used a part of the data set. Further on that rule would make siblings of strangers.

use super::doubts::{doubts, led_back, relation};
use super::graph::{Contradiction, Edge, Lineage, Node, Support};
use super::node::{Kind, NodeId, Relation};
use crate::digest::Digest;
use crate::store::{Direction, EdgeRow, Index, IndexError, LabelRow, NodeKey, StatementKey, StatementRow};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Most nodes reached unless the caller says otherwise.
pub const MOST_NODES: usize = 1_000_000;
/// Most names shown for one node.
const MOST_NAMES: usize = 8;

/// What to walk.
#[derive(Debug, Clone)]
pub struct TraceRequest {
    /// Where to begin.
    pub start: Vec<NodeId>,
    /// Which way.
    pub direction: Direction,
    /// Most steps from the beginning; none for all the way.
    pub depth: Option<u32>,
    /// Most nodes reached; the result says when there were more.
    pub most_nodes: usize,
}

/// Why there is nothing to walk.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// No statement names it.
    #[error("no statement in the store names {0}")]
    Unknown(NodeId),
    /// The index does not answer.
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// Walks from the nodes asked for.
///
/// # Errors
/// [`TraceError::Unknown`] when a node is in no statement: an empty blast radius would be a false comfort.
pub fn trace(index: &mut dyn Index, request: &TraceRequest) -> Result<Lineage, TraceError> {
    let mut walk = Walk::default();
    for id in &request.start {
        let key = match index.node(id)? {
            Some(key) => key,
            // A run may also be named by the envelope that records it.
            None => match index_of_statement(index, id)? {
                Some(key) => key,
                None => return Err(TraceError::Unknown(id.clone())),
            },
        };
        walk.reach(key, 0);
    }
    walk.widen(index, request.direction)?;
    let mut step = 0;
    while !walk.frontier.is_empty() {
        if request.depth.is_some_and(|depth| step >= depth) {
            break;
        }
        step += 1;
        let frontier = std::mem::take(&mut walk.frontier);
        for part in frontier.chunks(FRONTIER) {
            let known = walk.edges.len();
            index.edges(part, request.direction, &mut walk.edges)?;
            for at in known..walk.edges.len() {
                let Some(edge) = walk.edges.get(at).copied() else { break };
                walk.reach(edge.from, step);
                walk.reach(edge.to, step);
            }
            if walk.depths.len() > request.most_nodes {
                walk.truncated = true;
                walk.frontier.clear();
                break;
            }
        }
    }
    walk.finish(index, request.start.clone())
}

/// The whole graph, for exports.
///
/// # Errors
/// [`TraceError::Index`].
pub fn whole(index: &mut dyn Index, most_edges: usize) -> Result<Lineage, TraceError> {
    let mut walk = Walk { edges: index.all_edges(most_edges.saturating_add(1))?, ..Walk::default() };
    if walk.edges.len() > most_edges {
        walk.edges.truncate(most_edges);
        walk.truncated = true;
    }
    for at in 0..walk.edges.len() {
        let Some(edge) = walk.edges.get(at).copied() else { break };
        walk.reach(edge.from, 0);
        walk.reach(edge.to, 0);
    }
    walk.finish(index, Vec::new())
}

fn index_of_statement(index: &mut dyn Index, id: &NodeId) -> Result<Option<NodeKey>, IndexError> {
    let Some(digest) = id.digest() else { return Ok(None) };
    let Some(row) = index.statement_called(&digest)? else { return Ok(None) };
    index.node(&NodeId::of_digest(&row.payload))
}

/// Nodes asked for at a time.
const FRONTIER: usize = 4_096;

#[derive(Default)]
struct Walk {
    depths: HashMap<NodeKey, u32>,
    frontier: Vec<NodeKey>,
    edges: Vec<EdgeRow>,
    truncated: bool,
}

impl Walk {
    fn reach(&mut self, node: NodeKey, depth: u32) {
        if let std::collections::hash_map::Entry::Vacant(place) = self.depths.entry(node) {
            place.insert(depth);
            self.frontier.push(node);
        }
    }

    /// Adds what the beginning stands for: the files of a bundle, or the bundles of a file.
    fn widen(&mut self, index: &mut dyn Index, direction: Direction) -> Result<(), IndexError> {
        let against = match direction {
            Direction::Down => Direction::Up,
            Direction::Up => Direction::Down,
        };
        let mut work = self.frontier.clone();
        while !work.is_empty() {
            let mut edges = Vec::new();
            index.edges(&work, against, &mut edges)?;
            work.clear();
            for edge in edges.iter().filter(|edge| relation(edge) == Some(Relation::PartOf)) {
                let member = if direction == Direction::Down { edge.from } else { edge.to };
                if !self.depths.contains_key(&member) {
                    self.edges.push(*edge);
                    self.reach(member, 0);
                    work.push(member);
                }
            }
        }
        Ok(())
    }

    fn finish(mut self, index: &mut dyn Index, start: Vec<NodeId>) -> Result<Lineage, TraceError> {
        self.edges.sort_unstable();
        self.edges.dedup();
        // At a limit the last edges lead to nodes that are not shown.
        let mut keys: Vec<NodeKey> = self.depths.keys().copied().collect();
        keys.sort_unstable();
        let names = index.names(&keys)?;
        let labels = index.labels(&keys)?;
        let mut statement_keys: Vec<StatementKey> = self.edges.iter().map(|edge| edge.statement).collect();
        statement_keys.extend(labels.iter().map(|label| label.statement));
        statement_keys.sort_unstable();
        statement_keys.dedup();
        let statements = index.statements(&statement_keys)?;
        let supports = supports(&statements);
        let mut labels = labels_of(labels, &statements);
        // Names are compared once; after that their places in order are.
        let mut ends: Vec<(&NodeKey, &NodeId)> = names.iter().collect();
        ends.sort_unstable_by_key(|(_, id)| *id);
        let mut nodes: Vec<Node> = Vec::with_capacity(ends.len());
        let mut places: HashMap<NodeKey, End<'_>> = HashMap::with_capacity(ends.len());
        for (order, (key, id)) in ends.into_iter().enumerate() {
            let doubt = doubt_of(id);
            places.insert(*key, End { order, id, doubt });
            let (kind, names) = labels.remove(key).unwrap_or((Kind::Artifact, Vec::new()));
            let depth = self.depths.get(key).copied().unwrap_or_default();
            nodes.push(Node { id: id.clone(), kind, names, depth, has_digest: doubt.is_none() });
        }
        nodes.sort_by_key(|node| node.depth);
        let mut in_order: Vec<&EdgeRow> = self.edges.iter().collect();
        let order = |key: &NodeKey| places.get(key).map(|end| end.order);
        in_order.sort_by_cached_key(|row| (order(&row.from), order(&row.to), row.relation));
        let mut edges: Vec<Edge> =
            in_order.into_iter().filter_map(|row| edge(row, &places, &supports)).collect();
        // Only what several statements say of the same two nodes is not in order yet.
        edges.sort();
        // Whoever may write to the log could claim a cycle; only what believed keys signed speaks against a lineage.
        let believed: Vec<EdgeRow> = self
            .edges
            .iter()
            .filter(|edge| statements.get(&edge.statement).is_some_and(|row| !row.signers.is_empty()))
            .copied()
            .collect();
        let (cycles, contradictions) = doubts(&believed, &names, &statements);
        let unbelieved = if believed.len() == self.edges.len() {
            Vec::new()
        } else {
            let (claimed_cycles, claimed) = doubts(&self.edges, &names, &statements);
            let cycles = claimed_cycles.into_iter().filter(|cycle| !cycles.contains(cycle));
            let claimed = claimed.into_iter().filter(|claim| !contradictions.contains(claim));
            let in_words = cycles.filter_map(|cycle| {
                let message = led_back(cycle.len());
                cycle.into_iter().next().map(|subject| Contradiction { subject, message })
            });
            in_words.chain(claimed).collect()
        };
        let truncated = self.truncated;
        Ok(Lineage { start, nodes, edges, cycles, contradictions, unbelieved, truncated })
    }
}

type Labels = HashMap<NodeKey, (Kind, Vec<String>)>;

/// The kind most statements give, and names: those from trusted signers first, then by how many give them.
fn labels_of(rows: Vec<LabelRow>, statements: &BTreeMap<StatementKey, StatementRow>) -> Labels {
    let mut said: HashMap<NodeKey, Said> = HashMap::new();
    for row in rows {
        let of_node = said.entry(row.node).or_default();
        if let Some(kind) = row.kind {
            *of_node.kinds.entry(kind).or_default() += 1;
        }
        if let Some(name) = row.name {
            let trusted = statements.get(&row.statement).is_some_and(|row| !row.signers.is_empty());
            let known = of_node.names.entry(name).or_default();
            *known = (known.0 || trusted, known.1.saturating_add(1));
        }
    }
    said.into_iter().map(|(node, said)| (node, said.summed_up())).collect()
}

/// What statements say of one node.
#[derive(Default)]
struct Said {
    kinds: BTreeMap<Kind, u32>,
    /// Names, whether somebody believed gives them, and how many do.
    names: BTreeMap<String, (bool, u32)>,
}

impl Said {
    fn summed_up(self) -> (Kind, Vec<String>) {
        // A general word gives way to a special one, and of two special ones the more common wins.
        let kind = self.kinds.into_iter().max_by_key(|(kind, count)| (*kind != Kind::Artifact, *count));
        let mut counted: Vec<(String, (bool, u32))> = self.names.into_iter().collect();
        // What somebody believed calls it goes before what anybody does.
        counted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let names = counted.into_iter().take(MOST_NAMES).map(|(name, _)| name).collect();
        (kind.map_or(Kind::Artifact, |(kind, _)| kind), names)
    }
}

/// An end of an edge.
struct End<'a> {
    /// Its place among the names in order.
    order: usize,
    id: &'a NodeId,
    /// Why what touches it is not proven.
    doubt: Option<&'static str>,
}

/// Why nothing that touches a node so named can be proven.
fn doubt_of(id: &NodeId) -> Option<&'static str> {
    match id.algorithm() {
        None => Some("an end has a name but no digest"),
        Some(_) if !id.is_strong() => Some("an end has a digest that can be forged"),
        Some(_) => None,
    }
}

fn edge(
    row: &EdgeRow,
    ends: &HashMap<NodeKey, End<'_>>,
    supports: &HashMap<StatementKey, Arc<Support>>,
) -> Option<Edge> {
    let (from, to) = (ends.get(&row.from)?, ends.get(&row.to)?);
    let support = supports.get(&row.statement)?;
    let mut unproven = BTreeSet::new();
    if support.log_index.is_none() {
        unproven.insert("the statement is not in the log");
    }
    if support.signers.is_empty() {
        unproven.insert("no trusted key signed the statement");
    }
    unproven.extend([from.doubt, to.doubt].into_iter().flatten());
    Some(Edge {
        from: from.id.clone(),
        to: to.id.clone(),
        relation: relation(row)?,
        proven: unproven.is_empty(),
        unproven: unproven.into_iter().collect(),
        support: Arc::clone(support),
    })
}

/// What the edges of each statement rest on.
fn supports(statements: &BTreeMap<StatementKey, StatementRow>) -> HashMap<StatementKey, Arc<Support>> {
    let of_row = |row: &StatementRow| {
        Arc::new(Support {
            statement: row.envelope.clone(),
            predicate_type: row.predicate_type.clone(),
            signers: row.signers.clone(),
            log_index: row.entry,
        })
    };
    statements.iter().map(|(key, row)| (*key, of_row(row))).collect()
}

/// Digests of the statements that a lineage rests on.
impl Lineage {
    /// The edges by which the nodes of a cycle lead back to themselves.
    pub fn closing(&self, cycle: &[NodeId]) -> Vec<&Edge> {
        let mut same: HashMap<&NodeId, Vec<&NodeId>> = HashMap::new();
        for edge in self.edges.iter().filter(|edge| edge.relation == Relation::SameAs) {
            same.entry(&edge.from).or_default().push(&edge.to);
            same.entry(&edge.to).or_default().push(&edge.from);
        }
        // A cycle names one digest of each place; edges may touch the others.
        let mut members: HashSet<&NodeId> = cycle.iter().collect();
        let mut work: Vec<&NodeId> = cycle.iter().collect();
        while let Some(node) = work.pop() {
            for other in same.get(node).into_iter().flatten() {
                if members.insert(*other) {
                    work.push(other);
                }
            }
        }
        let inside = |edge: &&Edge| members.contains(&edge.from) && members.contains(&edge.to);
        self.edges.iter().filter(|edge| edge.relation != Relation::SameAs).filter(inside).collect()
    }

    /// The edges that lead from a node to itself. They say nothing about where it came from, whoever signed them.
    pub fn self_edges(&self) -> Vec<&Edge> {
        self.edges.iter().filter(|edge| edge.from == edge.to).collect()
    }

    /// The same without edges from a node to itself, for formats and drawings that have no place for them.
    pub fn without_self_edges(&self) -> Cow<'_, Self> {
        if self.self_edges().is_empty() {
            return Cow::Borrowed(self);
        }
        let mut without = self.clone();
        without.edges.retain(|edge| edge.from != edge.to);
        Cow::Owned(without)
    }

    /// Artifacts that different runs say they wrote, with the edges that say so. The same bytes may come of two runs, and a
    /// reproduced model does; so this is told, and no contradiction. Only models and data: every failed run writes an empty log.
    pub fn made_twice(&self) -> Vec<(&Node, Vec<&Edge>)> {
        let mut makers: HashMap<&NodeId, Vec<&Edge>> = HashMap::new();
        for edge in self.edges.iter().filter(|edge| edge.relation == Relation::Output) {
            makers.entry(&edge.to).or_default().push(edge);
        }
        let nodes = self.nodes.iter().filter(|node| matches!(node.kind, Kind::Model | Kind::Dataset));
        let made = nodes.filter_map(|node| Some((node, makers.remove(&node.id)?)));
        made.filter(|(node, edges)| {
            let runs: HashSet<&NodeId> = edges.iter().map(|edge| &edge.from).collect();
            node.has_digest && runs.len() > 1
        })
        .collect()
    }

    /// The envelopes that its edges rest on, each once.
    pub fn statements(&self) -> BTreeSet<&Digest> {
        self.edges.iter().map(|edge| &edge.support.statement).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::{EdgeFact, Facts, NodeFact};
    use crate::store::testing::statements;
    use crate::store::{Indexed, MemoryIndex};

    fn node(text: &str) -> NodeId {
        NodeId::of_digest(&Digest::sha256(text.as_bytes()))
    }

    /// An index with one statement for each edge; a statement with `-` before its relation is neither logged nor trusted.
    fn index(edges: &[(&NodeId, &NodeId, Relation)], doubtful: bool) -> MemoryIndex {
        let mut index = MemoryIndex::default();
        let statement = |(place, (from, to, relation)): (usize, &(&NodeId, &NodeId, Relation))| Indexed {
            envelope: Digest::sha256(format!("envelope {place}").as_bytes()),
            payload: Digest::sha256(format!("payload {place}").as_bytes()),
            predicate_type: "test".to_owned(),
            entry: (!doubtful).then_some(place as u64),
            signers: if doubtful { Vec::new() } else { vec!["key".to_owned()] },
            subjects: vec![(*to).clone()],
            facts: Facts {
                nodes: vec![NodeFact {
                    id: (*to).clone(),
                    kind: Some(Kind::Model),
                    name: Some("m".to_owned()),
                }],
                edges: vec![EdgeFact { from: (*from).clone(), to: (*to).clone(), relation: *relation }],
            },
        };
        let batch: Vec<Indexed> = edges.iter().enumerate().map(statement).collect();
        index.apply(0, edges.len() as u64, &batch).unwrap();
        index
    }

    fn walk(index: &mut MemoryIndex, from: &NodeId, direction: Direction) -> Lineage {
        let request =
            TraceRequest { start: vec![from.clone()], direction, depth: None, most_nodes: MOST_NODES };
        trace(index, &request).unwrap()
    }

    #[test]
    fn down_is_what_came_of_it_and_up_what_it_came_of() {
        let mut index = MemoryIndex::default();
        index.apply(0, 3, &statements(3)).unwrap();
        let down = walk(&mut index, &node("artifact 1"), Direction::Down);
        assert_eq!((down.nodes.len(), down.edges.len()), (5, 4));
        assert!(down.edges.iter().all(|edge| edge.proven && edge.support.log_index.is_some()));
        assert_eq!(down.node(&node("artifact 3")).unwrap().depth, 4);
        let run = down.node(&node("run 1")).unwrap();
        assert_eq!((run.kind, run.names.as_slice()), (Kind::Run, ["run 1".to_owned()].as_slice()));
        let up = walk(&mut index, &node("artifact 1"), Direction::Up);
        assert_eq!((up.nodes.len(), up.edges.len()), (3, 2));
        assert!(down.is_sound() && up.is_sound());
    }

    #[test]
    fn what_nobody_speaks_of_is_an_error_not_an_empty_radius() {
        let mut index = MemoryIndex::default();
        let request = TraceRequest {
            start: vec![node("nothing")],
            direction: Direction::Down,
            depth: None,
            most_nodes: 10,
        };
        assert!(matches!(trace(&mut index, &request), Err(TraceError::Unknown(_))));
    }

    #[test]
    fn a_run_is_also_found_by_its_envelope() {
        let mut index = MemoryIndex::default();
        index.apply(0, 2, &statements(2)).unwrap();
        let envelope = node("envelope 1");
        assert_eq!(walk(&mut index, &envelope, Direction::Down).nodes.len(), 2);
    }

    #[test]
    fn unlogged_unsigned_nameless_and_weak_edges_are_marked() {
        let (a, b) = (node("a"), node("b"));
        let mut doubtful = index(&[(&a, &b, Relation::UsedBy)], true);
        assert_eq!(walk(&mut doubtful, &a, Direction::Down).edges[0].unproven.len(), 2);
        let table = NodeId::named(Kind::Dataset, "db", "table");
        let md5 = NodeId::of_digest(&Digest::new("md5", &"00".repeat(16)).unwrap());
        let mut index = index(&[(&table, &b, Relation::UsedBy), (&md5, &b, Relation::UsedBy)], false);
        let up = walk(&mut index, &b, Direction::Up);
        assert!(up.edges.iter().all(|edge| !edge.proven && edge.unproven.len() == 1));
        assert!(!up.node(&table).unwrap().has_digest && !up.node(&md5).unwrap().has_digest);
    }

    #[test]
    fn cycles_are_reported_and_not_looped_on() {
        let (a, b, c) = (node("a"), node("b"), node("c"));
        let edges = [(&a, &b, Relation::UsedBy), (&b, &c, Relation::UsedBy), (&c, &a, Relation::UsedBy)];
        let mut index = index(&edges, false);
        let lineage = walk(&mut index, &a, Direction::Down);
        assert_eq!(lineage.cycles.len(), 1);
        assert_eq!(lineage.cycles[0].len(), 3);
        assert_eq!(lineage.closing(&lineage.cycles[0]).len(), 3);
        assert!(!lineage.is_sound());
    }

    #[test]
    fn what_is_said_to_come_of_itself_is_a_cycle_unless_it_says_nothing() {
        let (model, folder, other) = (node("model"), node("folder"), node("other"));
        let md5 = NodeId::of_digest(&Digest::new("md5", &"00".repeat(16)).unwrap());
        let table = NodeId::named(Kind::Dataset, "db", "table");
        let edges = [
            (&model, &model, Relation::BaseOf),
            (&folder, &folder, Relation::PartOf),
            (&table, &table, Relation::Output),
            (&other, &md5, Relation::SameAs),
            (&md5, &other, Relation::BaseOf),
        ];
        for (start, cycles) in [(&model, 1), (&folder, 0), (&table, 0), (&other, 1)] {
            let mut index = index(&edges, false);
            for direction in [Direction::Down, Direction::Up] {
                let lineage = walk(&mut index, start, direction);
                assert_eq!(lineage.cycles.len(), cycles, "{start}");
                assert_eq!(lineage.self_edges().len(), usize::from(*start != other), "{start}");
                assert!(lineage.without_self_edges().self_edges().is_empty());
            }
        }
        // Who is not believed accuses nobody.
        let mut claimed = index(&edges, true);
        let lineage = walk(&mut claimed, &model, Direction::Down);
        assert!(lineage.is_sound() && lineage.unbelieved.len() == 1);
    }

    #[test]
    fn a_run_that_leaves_a_file_as_it_was_is_no_cycle_but_two_that_feed_each_other_are() {
        let (file, table, run, other) = (node("file"), node("table"), node("run"), node("other"));
        let edges = [
            (&file, &run, Relation::Input),
            (&run, &file, Relation::Output),
            (&table, &run, Relation::Input),
            (&run, &table, Relation::Output),
        ];
        let mut one = index(&edges, false);
        assert!(walk(&mut one, &file, Direction::Down).is_sound());
        let edges = [
            (&file, &run, Relation::Input),
            (&run, &table, Relation::Output),
            (&table, &other, Relation::Input),
            (&other, &file, Relation::Output),
        ];
        let mut two = index(&edges, false);
        assert_eq!(walk(&mut two, &file, Direction::Down).cycles.len(), 1);
    }

    #[test]
    fn digests_of_the_same_bytes_are_one_place_and_two_of_one_algorithm_a_contradiction() {
        let (a, b, c) = (node("a"), node("b"), node("c"));
        let md5 = NodeId::of_digest(&Digest::new("md5", &"00".repeat(16)).unwrap());
        let edges = [(&a, &md5, Relation::SameAs), (&md5, &c, Relation::UsedBy)];
        let mut one = index(&edges, false);
        let lineage = walk(&mut one, &a, Direction::Down);
        assert!(lineage.node(&c).is_some() && lineage.is_sound());
        let edges =
            [(&a, &md5, Relation::SameAs), (&b, &md5, Relation::SameAs), (&md5, &c, Relation::UsedBy)];
        let mut two = index(&edges, false);
        let told = walk(&mut two, &a, Direction::Down).contradictions;
        assert_eq!(told.len(), 1);
        for place in 0..2 {
            let envelope = Digest::sha256(format!("envelope {place}").as_bytes()).to_string();
            assert!(told[0].message.contains(&envelope), "{}", told[0].message);
        }
    }

    #[test]
    fn two_runs_that_say_they_wrote_the_same_model_are_told_with_their_statements() {
        let (one, two, model) = (node("one"), node("two"), node("model"));
        let edges = [(&one, &model, Relation::Output), (&two, &model, Relation::Output)];
        let mut index = index(&edges, false);
        let up = walk(&mut index, &model, Direction::Up);
        let [(node, makers)] = up.made_twice().try_into().unwrap();
        assert_eq!((&node.id, makers.len()), (&model, 2));
        assert_ne!(makers[0].support.statement, makers[1].support.statement);
        assert!(up.is_sound());
        assert!(walk(&mut index, &one, Direction::Down).made_twice().is_empty());
    }

    #[test]
    fn a_bundle_stands_for_its_files_but_a_file_not_for_its_siblings() {
        let (one, two, bundle) = (node("one"), node("two"), node("bundle"));
        let (run, other) = (node("run"), node("other"));
        let edges = [
            (&one, &bundle, Relation::PartOf),
            (&two, &bundle, Relation::PartOf),
            (&one, &run, Relation::Input),
            (&two, &other, Relation::Input),
        ];
        let mut index = index(&edges, false);
        let from_bundle = walk(&mut index, &bundle, Direction::Down);
        assert!(from_bundle.node(&run).is_some() && from_bundle.node(&other).is_some());
        let from_file = walk(&mut index, &one, Direction::Down);
        assert!(from_file.node(&run).is_some() && from_file.node(&bundle).is_some());
        assert!(from_file.node(&two).is_none() && from_file.node(&other).is_none());
    }

    #[test]
    fn a_limit_is_told() {
        let mut index = MemoryIndex::default();
        index.apply(0, 50, &statements(50)).unwrap();
        let mut request = TraceRequest {
            start: vec![node("artifact 0")],
            direction: Direction::Down,
            depth: None,
            most_nodes: 10,
        };
        assert!(trace(&mut index, &request).unwrap().truncated);
        request.most_nodes = 1_000;
        assert!(!trace(&mut index, &request).unwrap().truncated);
        request.depth = Some(2);
        assert_eq!(trace(&mut index, &request).unwrap().nodes.len(), 3);
    }

    #[test]
    fn the_whole_graph_is_every_edge() {
        let mut index = MemoryIndex::default();
        index.apply(0, 5, &statements(5)).unwrap();
        let lineage = whole(&mut index, 100).unwrap();
        assert_eq!((lineage.edges.len(), lineage.nodes.len(), lineage.truncated), (10, 11, false));
        assert!(whole(&mut index, 3).unwrap().truncated);
    }
}
