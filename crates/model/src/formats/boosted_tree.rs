//! One decision tree of a boosted ensemble, checked as a predictor would walk it: from node 0 along child indices it
//! trusts.
//!
//! Source: XGBoost `RegTree`, LightGBM `Tree`. Cost: linear in the nodes.

/// Which of the parallel arrays of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TreeArray {
    Left,
    Right,
    /// Any other array with one entry per node.
    PerNode,
}

impl TreeArray {
    /// The array XGBoost calls `name`.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "left_children" => Some(Self::Left),
            "right_children" => Some(Self::Right),
            "parents" | "split_indices" | "split_conditions" | "default_left" => Some(Self::PerNode),
            _ => None,
        }
    }

    /// Whether it holds indices of children.
    pub(super) fn is_child(self) -> bool {
        matches!(self, Self::Left | Self::Right)
    }
}

/// What was read of a tree.
#[derive(Debug, Default)]
pub(super) struct Tree {
    lengths: Vec<u64>,
    children: Vec<i64>,
}

impl Tree {
    /// Notes one item of `array`.
    pub(super) fn item(&mut self, array: TreeArray, number: i64) {
        if array.is_child() {
            self.children.push(number);
        }
    }

    /// Notes that `array` had `length` items.
    pub(super) fn ends(&mut self, _array: TreeArray, length: u64) {
        self.lengths.push(length);
    }

    /// Why a predictor would go astray, if it would.
    pub(super) fn contradiction(&self) -> Option<String> {
        let nodes = *self.lengths.first()?;
        if let Some(other) = self.lengths.iter().find(|&&length| length != nodes) {
            return Some(format!("has arrays of {nodes} and of {other} nodes"));
        }
        let mut has_parent = vec![false; self.children.len()];
        for &child in &self.children {
            if child < 0 {
                continue;
            }
            if child.cast_unsigned() >= nodes {
                return Some(format!("has {nodes} nodes and refers to node {child}"));
            }
            let slot = usize::try_from(child).ok().and_then(|child| has_parent.get_mut(child));
            match slot {
                Some(parent) if child > 0 && !*parent => *parent = true,
                // A second way to a node, or a way back to the root, lets a walk go in circles.
                _ => return Some(format!("has two ways to node {child}")),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(left: &[i64], right: &[i64]) -> Tree {
        let mut tree = Tree::default();
        for (array, items) in [(TreeArray::Left, left), (TreeArray::Right, right)] {
            for &item in items {
                tree.item(array, item);
            }
            tree.ends(array, items.len() as u64);
        }
        tree
    }

    #[test]
    fn a_tree_is_sound_and_a_loop_is_not() {
        assert_eq!(tree(&[1, -1, -1], &[2, -1, -1]).contradiction(), None);
        assert_eq!(tree(&[1, 0, -1], &[2, -1, -1]).contradiction().unwrap(), "has two ways to node 0");
        assert_eq!(tree(&[1, -1], &[2, -1]).contradiction().unwrap(), "has 2 nodes and refers to node 2");
    }
}
