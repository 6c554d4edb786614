//! What speaks against a lineage: origins that lead back to themselves, and digests that cannot all be true of the same bytes.

use super::cycles::cycles;
use super::graph::Contradiction;
use super::node::{NodeId, Relation};
use crate::digest::Digest;
use crate::store::{EdgeRow, NodeKey, StatementKey, StatementRow};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Most statements told in one contradiction.
const MOST_TOLD: usize = 4;

/// So many nodes lead back to themselves, in words.
pub(super) fn led_back(nodes: usize) -> String {
    if nodes == 1 {
        "a node leads back to itself".to_owned()
    } else {
        format!("{nodes} nodes lead back to themselves")
    }
}

/// Cycles, and digests that statements tie to different bytes.
pub(super) fn doubts(
    edges: &[EdgeRow],
    names: &BTreeMap<NodeKey, NodeId>,
    statements: &BTreeMap<StatementKey, StatementRow>,
) -> (Vec<Vec<NodeId>>, Vec<Contradiction>) {
    let mut places = Places::default();
    for edge in edges {
        if relation(edge) == Some(Relation::SameAs) {
            places.join(edge.from, edge.to);
        }
    }
    // Which statements tie what is one place.
    let mut ties: HashMap<NodeKey, BTreeSet<&Digest>> = HashMap::new();
    for edge in edges.iter().filter(|edge| relation(edge) == Some(Relation::SameAs)) {
        if let Some(row) = statements.get(&edge.statement) {
            ties.entry(places.root(edge.from)).or_default().insert(&row.envelope);
        }
    }
    let mut contradictions = Vec::new();
    for members in places.groups() {
        let ids = members.iter().filter_map(|key| names.get(key));
        let mut by_algorithm: BTreeMap<String, Vec<&NodeId>> = BTreeMap::new();
        for (digest, id) in ids.filter_map(|id| Some((id.digest()?, id))) {
            by_algorithm.entry(digest.algorithm().to_owned()).or_default().push(id);
        }
        for (algorithm, ids) in by_algorithm {
            if let [first, .., last] = ids.as_slice() {
                let said = members.first().and_then(|key| ties.get(&places.root(*key)));
                contradictions.push(Contradiction {
                    subject: (*first).clone(),
                    message: format!(
                        "statements tie {} different {algorithm} digests to the same bytes, {last} among them: one of \
                         them is wrong or forged; they are {}",
                        ids.len(),
                        listed(said.into_iter().flatten().copied())
                    ),
                });
            }
        }
    }
    let mut own_origins: BTreeMap<NodeKey, BTreeSet<&NodeId>> = BTreeMap::new();
    for edge in edges.iter().filter(|edge| relation(edge).is_some_and(cannot_lead_back)) {
        let place = places.root(edge.from);
        let ends = [names.get(&edge.from), names.get(&edge.to)].into_iter().flatten();
        if place == places.root(edge.to) && ends.clone().all(|id| id.algorithm().is_some()) {
            own_origins.entry(place).or_default().extend(ends);
        }
    }
    let mut numbers = HashMap::new();
    let mut keys: Vec<NodeKey> = Vec::new();
    let mut targets: Vec<Vec<usize>> = Vec::new();
    for edge in edges.iter().filter(|edge| relation(edge) != Some(Relation::SameAs)) {
        let mut number = |key: NodeKey| {
            let root = places.root(key);
            *numbers.entry(root).or_insert_with(|| {
                keys.push(root);
                targets.push(Vec::new());
                keys.len() - 1
            })
        };
        let (from, to) = (number(edge.from), number(edge.to));
        if let Some(list) = targets.get_mut(from) {
            list.push(to);
        }
    }
    let in_words = |component: Vec<usize>| {
        let ids = component.into_iter().filter_map(|at| names.get(keys.get(at)?).cloned());
        let mut ids: Vec<NodeId> = ids.collect();
        ids.sort();
        ids
    };
    let components = cycles(&targets).into_iter().filter(|component| {
        let members: HashSet<NodeKey> = component.iter().filter_map(|at| keys.get(*at).copied()).collect();
        !is_update_in_place(edges, &members, &places)
    });
    let mut found: Vec<Vec<NodeId>> = components.map(in_words).collect();
    found.extend(own_origins.into_values().map(|ids| ids.into_iter().cloned().collect()));
    found.sort();
    contradictions.sort();
    contradictions.dedup();
    (found, contradictions)
}

/// Statements by their digests, the first few.
fn listed<'a>(statements: impl IntoIterator<Item = &'a Digest>) -> String {
    let all: Vec<String> = statements.into_iter().map(Digest::to_string).collect();
    let shown: Vec<&str> = all.iter().take(MOST_TOLD).map(String::as_str).collect();
    match all.len().saturating_sub(MOST_TOLD) {
        0 => shown.join(" and "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Whether bytes cannot stand in this relation to themselves. A folder of one file may have that file's bytes, and a copy has those of
/// what it was made from; neither says where they came from.
fn cannot_lead_back(relation: Relation) -> bool {
    !matches!(relation, Relation::SameAs | Relation::PartOf | Relation::UsedBy)
}

/// Whether one run alone read and wrote what is in a cycle: a file left as it was, a table added to. No contradiction.
fn is_update_in_place(edges: &[EdgeRow], members: &HashSet<NodeKey>, places: &Places) -> bool {
    let mut runs = HashSet::new();
    for edge in edges {
        let (from, to) = (places.root(edge.from), places.root(edge.to));
        if from == to || !members.contains(&from) || !members.contains(&to) {
            continue;
        }
        match relation(edge) {
            Some(Relation::Input) => runs.insert(to),
            Some(Relation::Output | Relation::Byproduct) => runs.insert(from),
            Some(Relation::SameAs) => false,
            _ => return false,
        };
    }
    runs.len() == 1
}

/// Nodes that are the same bytes, as a forest.
#[derive(Default)]
struct Places(BTreeMap<NodeKey, NodeKey>);

impl Places {
    fn root(&self, mut key: NodeKey) -> NodeKey {
        while let Some(above) = self.0.get(&key).filter(|above| **above != key) {
            key = *above;
        }
        key
    }

    fn join(&mut self, one: NodeKey, two: NodeKey) {
        let (one, two) = (self.root(one), self.root(two));
        // The smaller number is the root: paths lead downwards and end.
        self.0.insert(one.max(two), one.min(two));
        self.0.insert(one.min(two), one.min(two));
    }

    fn groups(&self) -> Vec<Vec<NodeKey>> {
        let mut groups: BTreeMap<NodeKey, Vec<NodeKey>> = BTreeMap::new();
        for key in self.0.keys() {
            groups.entry(self.root(*key)).or_default().push(*key);
        }
        groups.into_values().collect()
    }
}

/// What the edge says, when it is a relation that is known.
pub(super) fn relation(edge: &EdgeRow) -> Option<Relation> {
    Relation::ALL.get(usize::from(edge.relation)).copied()
}
