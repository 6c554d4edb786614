//! Every expression of a workflow, parsed once for all who judge expressions.

use super::expression::{Expression, parse, templates};
use super::workflow::Workflow;
use super::{conditions, secrets};
use crate::yaml::Node;
use crate::{Notes, Text};

pub(super) fn check(text: &Text<'_>, notes: &mut Notes<'_>, workflow: &Workflow<'_>) {
    let outside = secrets::outside(workflow);
    each(workflow.root, &mut |node, expression, offset| {
        secrets::expression(text, notes, (node, expression, offset), &outside);
        conditions::expression(text, notes, (node, expression, offset));
    });
}

/// Calls `visit` on every expression in the scalars below `root`, with its offset in the scalar. Each scalar once.
fn each(root: Node<'_>, visit: &mut dyn FnMut(Node<'_>, &Expression, usize)) {
    let mut pending = vec![root];
    let mut seen = 0usize;
    while let Some(node) = pending.pop() {
        seen = seen.saturating_add(1);
        // Aliases are not followed: what they name is visited where it is written.
        if node.is_alias() || seen > NODES {
            continue;
        }
        let Some(value) = node.as_str() else {
            pending.extend(node.items());
            pending.extend(node.entries().into_iter().map(|entry| entry.value));
            continue;
        };
        for range in templates(value) {
            if let Some(expression) = value.get(range.clone()).and_then(parse) {
                visit(node, &expression, range.start);
            }
        }
    }
}

/// Most nodes looked through.
const NODES: usize = 1_000_000;
