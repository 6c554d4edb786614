//! Nodes that lead back to themselves: strongly connected components, without recursion.
//!
//! Source: Tarjan, *Depth-first search and linear graph algorithms* (1972), with an explicit stack.

/// Components of more than one node in the graph whose `edges` lead from each place to others. Places are numbered from 0;
/// edges to places that do not exist are passed over. Every component and the list are sorted.
pub(super) fn cycles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let count = edges.len();
    let mut order = vec![UNSEEN; count];
    let mut low = vec![0; count];
    let mut open = vec![false; count];
    let mut path = Vec::new();
    let mut next = 0;
    let mut found = Vec::new();
    for root in 0..count {
        if order.get(root).copied() != Some(UNSEEN) {
            continue;
        }
        let mut work = vec![(root, 0)];
        while let Some((node, at)) = work.pop() {
            if at == 0 {
                set(&mut order, node, next);
                set(&mut low, node, next);
                set(&mut open, node, true);
                next += 1;
                path.push(node);
            }
            let targets = edges.get(node).map(Vec::as_slice).unwrap_or_default();
            if let Some(&target) = targets.get(at) {
                work.push((node, at + 1));
                match order.get(target) {
                    Some(&UNSEEN) => work.push((target, 0)),
                    Some(&seen) if open.get(target) == Some(&true) => lower(&mut low, node, seen),
                    _ => {}
                }
                continue;
            }
            let reach = low.get(node).copied().unwrap_or_default();
            if let Some(&(parent, _)) = work.last() {
                lower(&mut low, parent, reach);
            }
            if order.get(node) == Some(&reach) {
                let mut component = Vec::new();
                while let Some(member) = path.pop() {
                    set(&mut open, member, false);
                    component.push(member);
                    if member == node {
                        break;
                    }
                }
                if component.len() > 1 {
                    component.sort_unstable();
                    found.push(component);
                }
            }
        }
    }
    found.sort();
    found
}

fn set<T>(list: &mut [T], at: usize, value: T) {
    if let Some(place) = list.get_mut(at) {
        *place = value;
    }
}

fn lower(list: &mut [usize], at: usize, value: usize) {
    if let Some(place) = list.get_mut(at) {
        *place = value.min(*place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_none_and_a_ring_is_one() {
        assert!(cycles(&[vec![1], vec![2], vec![]]).is_empty());
        assert_eq!(cycles(&[vec![1], vec![2], vec![0], vec![0]]), [[0, 1, 2]]);
        assert_eq!(cycles(&[vec![1], vec![0], vec![3], vec![2]]), [vec![0, 1], vec![2, 3]]);
    }

    #[test]
    fn a_diamond_is_no_cycle_and_a_missing_target_no_panic() {
        assert!(cycles(&[vec![1, 2], vec![3], vec![3], vec![9]]).is_empty());
    }

    #[test]
    fn a_very_long_ring_needs_no_stack() {
        let ring: Vec<Vec<usize>> = (0..200_000).map(|at| vec![(at + 1) % 200_000]).collect();
        assert_eq!(cycles(&ring).first().map(Vec::len), Some(200_000));
    }

    proptest::proptest! {
        #[test]
        fn members_of_a_cycle_reach_each_other(edges in proptest::collection::vec(proptest::collection::vec(0usize..8, 0..4), 1..8)) {
            let reaches = |from: usize, to: usize| {
                let (mut seen, mut work) = (vec![false; 8], edges[from].clone());
                while let Some(at) = work.pop() {
                    if at == to { return true; }
                    if at < edges.len() && !std::mem::replace(&mut seen[at], true) { work.extend(&edges[at]); }
                }
                false
            };
            let found = cycles(&edges);
            for one in 0..edges.len() {
                for two in 0..edges.len() {
                    let together = found.iter().any(|cycle| cycle.contains(&one) && cycle.contains(&two));
                    if one != two {
                        proptest::prop_assert_eq!(together, reaches(one, two) && reaches(two, one));
                    }
                }
            }
        }
    }
}
