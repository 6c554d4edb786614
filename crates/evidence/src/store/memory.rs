//! The index of one process: [`MemoryIndex`].
//!
//! Who believes nothing but log and blobs reads them into an index of its own, and throws it away at the end. Nobody else sees it, so it
//! needs neither a file nor a language for questions: numbers are places in tables, and what is asked by is a map.

use super::index::{
    CONTENTS, Direction, EdgeRow, Gap, Index, IndexError, Indexed, LabelRow, NodeKey, Position, RowHash,
    Size, StatementKey, StatementRow, TableDigest, label_columns,
};
use crate::digest::Digest;
use crate::lineage::{Kind, NodeId, Relation};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

/// An index that lives as long as its process.
///
/// Cost: constant time for each node, statement and edge that is added or found; memory for all of them.
#[derive(Debug, Default)]
pub struct MemoryIndex {
    position: Position,
    gaps: BTreeMap<u64, String>,
    nodes: Vec<Node>,
    by_name: HashMap<NodeId, usize>,
    statements: Vec<StatementRow>,
    by_envelope: HashMap<Digest, usize>,
    /// Of the statements with one payload the one with the first envelope.
    by_payload: HashMap<Digest, usize>,
    edges: u64,
}

/// What is known of a node.
#[derive(Debug)]
struct Node {
    id: NodeId,
    subject_of: Vec<StatementKey>,
    labels: Vec<Label>,
    down: Vec<EdgeRow>,
    up: Vec<EdgeRow>,
}

/// What a statement calls a node.
#[derive(Debug, PartialEq)]
struct Label {
    statement: StatementKey,
    kind: Option<Kind>,
    name: Option<String>,
}

impl MemoryIndex {
    fn intern(&mut self, id: &NodeId) -> usize {
        let next = self.nodes.len();
        match self.by_name.entry(id.clone()) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                self.nodes.push(Node {
                    id: id.clone(),
                    subject_of: Vec::new(),
                    labels: Vec::new(),
                    down: Vec::new(),
                    up: Vec::new(),
                });
                *place.insert(next)
            }
        }
    }

    fn known(&self, key: NodeKey) -> Option<&Node> {
        self.nodes.get(usize::try_from(key).ok()?)
    }

    fn statement(&self, key: StatementKey) -> Option<&StatementRow> {
        self.statements.get(usize::try_from(key).ok()?)
    }

    /// Takes a statement in. The same envelope says the same again; its first entry counts.
    fn add(&mut self, said: &Indexed) {
        let place = self.statements.len();
        match self.by_envelope.entry(said.envelope.clone()) {
            Entry::Occupied(known) => {
                if let Some(row) = self.statements.get_mut(*known.get()) {
                    row.entry = row.entry.or(said.entry);
                }
                return;
            }
            Entry::Vacant(free) => free.insert(place),
        };
        let named = self.by_payload.entry(said.payload.clone()).or_insert(place);
        if self.statements.get(*named).is_some_and(|row| said.envelope < row.envelope) {
            *named = place;
        }
        self.statements.push(StatementRow {
            envelope: said.envelope.clone(),
            payload: said.payload.clone(),
            predicate_type: said.predicate_type.clone(),
            entry: said.entry,
            signers: said.signers.clone(),
        });
        self.add_facts(said, key_of(place));
    }

    fn add_facts(&mut self, said: &Indexed, statement: StatementKey) {
        for subject in &said.subjects {
            let place = self.intern(subject);
            let Some(node) = self.nodes.get_mut(place) else { continue };
            // What one statement says of a node stands at the end.
            if node.subject_of.last() != Some(&statement) {
                node.subject_of.push(statement);
            }
        }
        let mut labels = HashSet::new();
        for fact in &said.facts.nodes {
            let place = self.intern(&fact.id);
            let (kind, name) = label_columns(fact);
            if !labels.insert((place, kind, name)) {
                continue;
            }
            let name = (!name.is_empty()).then(|| name.to_owned());
            if let Some(node) = self.nodes.get_mut(place) {
                node.labels.push(Label { statement, kind: fact.kind, name });
            }
        }
        let mut edges = HashSet::new();
        for edge in &said.facts.edges {
            let (from, to) = (self.intern(&edge.from), self.intern(&edge.to));
            let row =
                EdgeRow { from: key_of(from), to: key_of(to), relation: edge.relation as u8, statement };
            if !edges.insert(row) {
                continue;
            }
            self.edges += 1;
            if let Some(node) = self.nodes.get_mut(from) {
                node.down.push(row);
            }
            if let Some(node) = self.nodes.get_mut(to) {
                node.up.push(row);
            }
        }
    }

    /// The lines of a table, as the queries of the databases give them, in any order.
    fn lines(&self, table: &str) -> Vec<String> {
        let envelope = |key| self.statement(key).map(|row| row.envelope.to_string()).unwrap_or_default();
        let name = |key| self.known(key).map_or("", |node| node.id.as_str());
        match table {
            "node" => self.nodes.iter().map(|node| node.id.as_str().to_owned()).collect(),
            "statement" => {
                let entry = |row: &StatementRow| row.entry.map_or("-".to_owned(), |entry| entry.to_string());
                let line = |row: &StatementRow| {
                    let StatementRow { envelope, payload, predicate_type, signers, .. } = row;
                    format!("{envelope} {payload} {predicate_type} {} {}", entry(row), signers.join(" "))
                };
                self.statements.iter().map(line).collect()
            }
            "subject" => {
                let lines = |node: &Node| -> Vec<String> {
                    let line = |key: &i64| format!("{} {}", node.id.as_str(), envelope(*key));
                    node.subject_of.iter().map(line).collect()
                };
                self.nodes.iter().flat_map(lines).collect()
            }
            "label" => {
                let line = |node: &Node, label: &Label| {
                    let (kind, called) = (label.kind.map_or("", Kind::name), label.name.as_deref());
                    let called = called.unwrap_or_default();
                    format!("{} {kind} {called} {}", node.id.as_str(), envelope(label.statement))
                };
                let labels = |node: &Node| -> Vec<String> {
                    node.labels.iter().map(|label| line(node, label)).collect()
                };
                self.nodes.iter().flat_map(labels).collect()
            }
            _ => {
                let line = |edge: &EdgeRow| {
                    let (from, to) = (name(edge.from), name(edge.to));
                    format!("{from} {to} {} {}", edge.relation, envelope(edge.statement))
                };
                self.nodes.iter().flat_map(|node| node.down.iter().map(line)).collect()
            }
        }
    }
}

/// The number of what stands at a place.
fn key_of(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}

impl Index for MemoryIndex {
    fn position(&mut self) -> Result<Position, IndexError> {
        Ok(self.position.clone())
    }

    fn apply(&mut self, from: u64, to: u64, statements: &[Indexed]) -> Result<bool, IndexError> {
        if self.position.next_entry != from {
            return Ok(false);
        }
        statements.iter().for_each(|statement| self.add(statement));
        self.position.next_entry = to;
        Ok(true)
    }

    fn add_gaps(&mut self, gaps: &[Gap]) -> Result<(), IndexError> {
        self.gaps.extend(gaps.iter().map(|gap| (gap.entry, gap.reason.clone())));
        Ok(())
    }

    fn gaps(&mut self) -> Result<Vec<Gap>, IndexError> {
        Ok(self.gaps.iter().map(|(entry, reason)| Gap { entry: *entry, reason: reason.clone() }).collect())
    }

    fn clear(&mut self, trust: &str) -> Result<(), IndexError> {
        *self = Self::default();
        trust.clone_into(&mut self.position.trust);
        Ok(())
    }

    fn abandon_filling(&mut self) {
        // Half of it is nothing: whoever asks next fills it anew.
        *self = Self::default();
    }

    fn node(&mut self, id: &NodeId) -> Result<Option<NodeKey>, IndexError> {
        Ok(self.by_name.get(id).map(|place| key_of(*place)))
    }

    fn nodes_like(&mut self, prefix: &str, most: usize) -> Result<Vec<NodeId>, IndexError> {
        let named = self.nodes.iter().filter(|node| node.id.as_str().starts_with(prefix));
        let mut found: Vec<NodeId> = named.map(|node| node.id.clone()).collect();
        found.sort_unstable();
        found.truncate(most);
        Ok(found)
    }

    fn edges(
        &mut self,
        nodes: &[NodeKey],
        direction: Direction,
        into: &mut Vec<EdgeRow>,
    ) -> Result<(), IndexError> {
        let same = Relation::SameAs as u8;
        for node in nodes.iter().filter_map(|key| self.known(*key)) {
            let (along, against) = match direction {
                Direction::Down => (&node.down, &node.up),
                Direction::Up => (&node.up, &node.down),
            };
            into.extend(along);
            // And the same bytes under another digest, written the other way round.
            into.extend(against.iter().filter(|edge| edge.relation == same));
        }
        Ok(())
    }

    fn names(&mut self, nodes: &[NodeKey]) -> Result<BTreeMap<NodeKey, NodeId>, IndexError> {
        Ok(nodes.iter().filter_map(|key| Some((*key, self.known(*key)?.id.clone()))).collect())
    }

    fn labels(&mut self, nodes: &[NodeKey]) -> Result<Vec<LabelRow>, IndexError> {
        let mut rows = Vec::new();
        for key in nodes {
            let labels = self.known(*key).map_or(&[][..], |node| &node.labels);
            rows.extend(labels.iter().map(|label| LabelRow {
                node: *key,
                statement: label.statement,
                kind: label.kind,
                name: label.name.clone(),
            }));
        }
        Ok(rows)
    }

    fn statements(
        &mut self,
        keys: &[StatementKey],
    ) -> Result<BTreeMap<StatementKey, StatementRow>, IndexError> {
        Ok(keys.iter().filter_map(|key| Some((*key, self.statement(*key)?.clone()))).collect())
    }

    fn about(&mut self, node: NodeKey) -> Result<Vec<StatementKey>, IndexError> {
        Ok(self.known(node).map(|node| node.subject_of.clone()).unwrap_or_default())
    }

    fn statement_called(&mut self, digest: &Digest) -> Result<Option<StatementRow>, IndexError> {
        let called = [&self.by_envelope, &self.by_payload].into_iter().filter_map(|names| names.get(digest));
        let rows = called.filter_map(|place| self.statements.get(*place));
        Ok(rows.min_by(|one, other| one.envelope.cmp(&other.envelope)).cloned())
    }

    fn size(&mut self) -> Result<Size, IndexError> {
        Ok(Size {
            statements: self.statements.len() as u64,
            nodes: self.nodes.len() as u64,
            edges: self.edges,
        })
    }

    fn all_edges(&mut self, most: usize) -> Result<Vec<EdgeRow>, IndexError> {
        Ok(self.nodes.iter().flat_map(|node| &node.down).take(most).copied().collect())
    }

    fn contents(&mut self) -> Result<BTreeMap<&'static str, TableDigest>, IndexError> {
        let digest = |table| {
            let mut lines = self.lines(table);
            lines.sort_unstable();
            let mut hash = RowHash::new();
            lines.iter().for_each(|line| hash.add(line));
            hash.finish()
        };
        Ok(CONTENTS.into_iter().map(|(table, _)| (table, digest(table))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::{EdgeFact, NodeFact};
    use crate::store::SqliteIndex;
    use crate::store::testing::statements;
    use proptest::prelude::*;

    /// Statements with few nodes, envelopes and payloads, so that all of them meet again.
    fn any_statement() -> impl Strategy<Value = Indexed> {
        let node = || (0..6_u8).prop_map(|node| NodeId::of_digest(&Digest::sha256(&[node])));
        let relation = (0..Relation::ALL.len()).prop_map(|place| Relation::ALL[place]);
        let edge =
            (node(), node(), relation).prop_map(|(from, to, relation)| EdgeFact { from, to, relation });
        let label = (node(), prop::option::of(Just(Kind::Run)), prop::option::of("[ab]?"))
            .prop_map(|(id, kind, name)| NodeFact { id, kind, name });
        (
            0..8_u8,
            prop::option::of(0..9_u64),
            prop::collection::vec(node(), 0..3),
            prop::collection::vec(label, 0..4),
            prop::collection::vec(edge, 0..5),
        )
            .prop_map(|(number, entry, subjects, nodes, edges)| Indexed {
                envelope: Digest::sha256(&[100 + number]),
                payload: Digest::sha256(&[200 + number / 3]),
                predicate_type: "urn:test".to_owned(),
                entry,
                signers: vec!["ab".to_owned(); usize::from(number % 3)],
                subjects,
                facts: crate::lineage::Facts { nodes, edges },
            })
    }

    /// What an index answers, by names instead of numbers.
    fn answers(index: &mut dyn Index) -> Vec<String> {
        let mut said = vec![format!("{:?} {:?}", index.size().unwrap(), index.position().unwrap())];
        said.push(format!("{:?} {:?}", index.gaps().unwrap(), index.nodes_like("sha256:", 3).unwrap()));
        let called = |index: &mut dyn Index, number: u8| {
            format!("{:?}", index.statement_called(&Digest::sha256(&[number])).unwrap())
        };
        said.extend((100..110).chain(200..204).map(|number| called(index, number)));
        for node in 0..6_u8 {
            let Some(key) = index.node(&NodeId::of_digest(&Digest::sha256(&[node]))).unwrap() else {
                said.push("none".to_owned());
                continue;
            };
            let about = index.about(key).unwrap();
            let mut about: Vec<_> =
                index.statements(&about).unwrap().into_values().map(|row| row.envelope).collect();
            about.sort();
            said.push(format!("{about:?}"));
            let mut told = Vec::new();
            for label in index.labels(&[key]).unwrap() {
                let by = index.statements(&[label.statement]).unwrap();
                told.push(format!("{:?} {:?} {:?}", by[&label.statement].envelope, label.kind, label.name));
            }
            for direction in [Direction::Down, Direction::Up] {
                let mut edges = Vec::new();
                index.edges(&[key], direction, &mut edges).unwrap();
                for edge in edges {
                    let names = index.names(&[edge.from, edge.to]).unwrap();
                    let by = index.statements(&[edge.statement]).unwrap();
                    let by = &by[&edge.statement].envelope;
                    told.push(format!(
                        "{:?} {:?} {} {by}",
                        names[&edge.from], names[&edge.to], edge.relation
                    ));
                }
            }
            told.sort();
            said.extend(told);
        }
        said
    }

    proptest! {
        #[test]
        fn it_answers_as_the_one_in_a_file_does(all in prop::collection::vec(any_statement(), 0..12), cut in 0..12_usize) {
            // An envelope names its content, so the same one never says two things.
            let mut first: BTreeMap<Digest, Indexed> = BTreeMap::new();
            let all: Vec<Indexed> = all
                .into_iter()
                .map(|each| {
                    let known = first.entry(each.envelope.clone()).or_insert_with(|| each.clone());
                    Indexed { entry: each.entry, ..known.clone() }
                })
                .collect();
            let folder = tempfile::tempdir().unwrap();
            let mut kept = SqliteIndex::open(&folder.path().join("index.sqlite")).unwrap();
            let mut own = MemoryIndex::default();
            let cut = cut.min(all.len());
            for index in [&mut kept as &mut dyn Index, &mut own] {
                index.clear("us").unwrap();
                prop_assert!(index.apply(0, 5, &all[..cut]).unwrap());
                prop_assert!(!index.apply(0, 5, &all[..cut]).unwrap());
                index.add_gaps(&[Gap { entry: 7, reason: "gone".to_owned() }]).unwrap();
                prop_assert!(index.apply(5, 9, &all[cut..]).unwrap());
            }
            prop_assert_eq!(own.contents().unwrap(), kept.contents().unwrap());
            prop_assert_eq!(answers(&mut own), answers(&mut kept));
            prop_assert_eq!(own.all_edges(100).unwrap().len(), kept.all_edges(100).unwrap().len());
        }
    }

    #[test]
    fn a_filling_that_is_given_up_leaves_nothing() {
        let mut index = MemoryIndex::default();
        assert!(index.begin_filling("us", false).unwrap());
        index.apply(0, 5, &statements(5)).unwrap();
        index.abandon_filling();
        assert_eq!(
            (index.position().unwrap(), index.size().unwrap()),
            (Position::default(), Size::default())
        );
        assert!(index.begin_filling("us", false).unwrap());
        index.apply(0, 5, &statements(5)).unwrap();
        index.end_filling().unwrap();
        assert!(!index.begin_filling("us", false).unwrap());
    }
}
