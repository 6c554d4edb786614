//! The first bad version between a good and a bad one: [`candidates`] and [`first_bad`].
//!
//! Versions are the artifacts on the ways from the good one down to the bad one, in an order in which everything stands after
//! what it was made of. As with any bisection, what is found is the first bad one if badness is handed on; where it is not, it
//! is one that is bad right after one that is good.

use super::graph::Lineage;
use super::node::{Kind, NodeId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What a check says of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    /// It is as it should be.
    Good,
    /// It is not.
    Bad,
    /// It cannot be told.
    Untestable,
}

/// Why there is no first bad version.
#[derive(Debug, thiserror::Error)]
pub enum BisectError {
    /// The bad one does not come from the good one.
    #[error("no way leads from {good} down to {bad}; name a good version that the bad one was made from")]
    Unrelated {
        /// The good one.
        good: NodeId,
        /// The bad one.
        bad: NodeId,
    },
    /// The ends are not what they were said to be.
    #[error("the check calls {0} {1}, which is named as the other; nothing lies between two of a kind")]
    WrongEnd(NodeId, &'static str),
    /// A check could not be run.
    #[error("the check could not be run: {0}")]
    Check(#[from] std::io::Error),
}

/// What a bisection found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The first bad version.
    pub first_bad: NodeId,
    /// The last good one before it.
    pub last_good: NodeId,
    /// Versions between the two that could not be told.
    pub untestable: Vec<NodeId>,
    /// How many checks were made.
    pub checks: usize,
}

/// Versions on the ways from `good` to `bad`, both included, in order. `ancestry` is the lineage above `bad`.
///
/// # Errors
/// [`BisectError::Unrelated`].
pub fn candidates(ancestry: &Lineage, good: &NodeId, bad: &NodeId) -> Result<Vec<NodeId>, BisectError> {
    let mut down: BTreeMap<&NodeId, Vec<&NodeId>> = BTreeMap::new();
    let mut above: BTreeMap<&NodeId, Vec<&NodeId>> = BTreeMap::new();
    for edge in ancestry.edges.iter().filter(|edge| edge.from != edge.to) {
        down.entry(&edge.from).or_default().push(&edge.to);
        above.entry(&edge.to).or_default().push(&edge.from);
    }
    let between: BTreeSet<&NodeId> =
        reached(good, &down).intersection(&reached(bad, &above)).copied().collect();
    if !between.contains(good) || !between.contains(bad) {
        return Err(BisectError::Unrelated { good: good.clone(), bad: bad.clone() });
    }
    // Kahn's algorithm; members of a cycle come last, in order of their names.
    let waits = |node: &NodeId| {
        above.get(node).map_or(0, |list| list.iter().filter(|id| between.contains(*id)).count())
    };
    let mut open: BTreeMap<&NodeId, usize> = between.iter().map(|node| (*node, waits(node))).collect();
    let mut ready: VecDeque<&NodeId> =
        open.iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
    let mut order = Vec::new();
    while let Some(node) = ready.pop_front() {
        open.remove(node);
        order.push(node);
        for next in down.get(node).into_iter().flatten() {
            if let Some(count) = open.get_mut(*next) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.push_back(next);
                }
            }
        }
    }
    order.extend(open.keys());
    let is_version = |id: &NodeId| {
        let kind = ancestry.node(id).map_or(Kind::Artifact, |node| node.kind);
        !matches!(kind, Kind::Run | Kind::Job | Kind::Check | Kind::Verdict)
    };
    Ok(order.into_iter().filter(|id| *id == good || *id == bad || is_version(id)).cloned().collect())
}

fn reached<'a>(start: &'a NodeId, edges: &BTreeMap<&'a NodeId, Vec<&'a NodeId>>) -> BTreeSet<&'a NodeId> {
    let mut seen = BTreeSet::from([start]);
    let mut work = vec![start];
    while let Some(node) = work.pop() {
        for next in edges.get(node).into_iter().flatten() {
            if seen.insert(next) {
                work.push(next);
            }
        }
    }
    seen
}

/// Halves the versions until a bad one stands right after a good one. `check` is asked about both ends first.
///
/// # Errors
/// [`BisectError::WrongEnd`], and [`BisectError::Check`] as soon as a check fails to run.
pub fn first_bad(
    versions: &[NodeId],
    mut check: impl FnMut(&NodeId) -> std::io::Result<Quality>,
) -> Result<Found, BisectError> {
    let (mut low, mut high) = (0, versions.len().saturating_sub(1));
    let at = |place: usize| versions.get(place).cloned().unwrap_or_else(|| NodeId::run("none"));
    let mut checks = 2;
    if check(&at(low))? != Quality::Good {
        return Err(BisectError::WrongEnd(at(low), "bad"));
    }
    if check(&at(high))? != Quality::Bad {
        return Err(BisectError::WrongEnd(at(high), "good"));
    }
    let mut untestable = BTreeSet::new();
    while let Some(place) = middle(low, high, &untestable) {
        checks += 1;
        match check(&at(place))? {
            Quality::Good => low = place,
            Quality::Bad => high = place,
            Quality::Untestable => {
                untestable.insert(place);
            }
        }
    }
    Ok(Found {
        first_bad: at(high),
        last_good: at(low),
        untestable: (low + 1..high).map(at).collect(),
        checks,
    })
}

/// The place nearest the middle between two that can be told.
fn middle(low: usize, high: usize, untestable: &BTreeSet<usize>) -> Option<usize> {
    let middle = low.midpoint(high);
    (low + 1..high).filter(|place| !untestable.contains(place)).min_by_key(|place| place.abs_diff(middle))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::testing::line;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("v{number:03}")).collect()
    }

    #[test]
    fn the_first_bad_one_is_found_in_few_checks_wherever_it_is() {
        let names = names(100);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let lineage = line(&names);
        let ids: Vec<NodeId> = lineage.nodes.iter().map(|node| node.id.clone()).collect();
        let versions = candidates(&lineage, &ids[0], &ids[99]).unwrap();
        assert_eq!(versions, ids);
        for bad in 1..100 {
            let check = |id: &NodeId| {
                let place = ids.iter().position(|each| each == id).unwrap();
                Ok(if place >= bad { Quality::Bad } else { Quality::Good })
            };
            let found = first_bad(&versions, check).unwrap();
            assert_eq!((found.first_bad, found.last_good), (ids[bad].clone(), ids[bad - 1].clone()));
            assert!(found.checks <= 9, "{}", found.checks);
        }
    }

    #[test]
    fn what_cannot_be_told_is_passed_over_and_named() {
        let lineage = line(&["a", "b", "c", "d", "e"]);
        let ids: Vec<NodeId> = lineage.nodes.iter().map(|node| node.id.clone()).collect();
        let found = first_bad(&ids, |id| {
            let place = ids.iter().position(|each| each == id).unwrap();
            Ok(match place {
                0 => Quality::Good,
                1 | 2 => Quality::Untestable,
                _ => Quality::Bad,
            })
        })
        .unwrap();
        assert_eq!((found.first_bad, found.last_good), (ids[3].clone(), ids[0].clone()));
        assert_eq!(found.untestable, &ids[1..3]);
    }

    #[test]
    fn strangers_and_wrong_ends_are_refused() {
        let lineage = line(&["a", "b"]);
        let (a, b) = (lineage.nodes[0].id.clone(), lineage.nodes[1].id.clone());
        assert!(matches!(candidates(&lineage, &b, &a), Err(BisectError::Unrelated { .. })));
        assert!(matches!(
            first_bad(&[a.clone(), b.clone()], |_| Ok(Quality::Good)),
            Err(BisectError::WrongEnd(id, _)) if id == b
        ));
        assert!(matches!(
            first_bad(&[a.clone(), b], |_| Ok(Quality::Bad)),
            Err(BisectError::WrongEnd(id, _)) if id == a
        ));
    }

    #[test]
    fn runs_between_versions_are_not_checked() {
        let lineage = line(&["data", "run", "model"]);
        let versions = candidates(&lineage, &lineage.nodes[0].id, &lineage.nodes[2].id).unwrap();
        assert_eq!(versions, [lineage.nodes[0].id.clone(), lineage.nodes[2].id.clone()]);
    }
}
