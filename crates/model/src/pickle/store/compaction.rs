//! Compaction of the arena: what the stack reaches stays, and of what only the memo reaches, that which could do harm.

use super::{Global, Spare, Store};
use crate::pickle::knowledge::Standing;
use crate::pickle::value::{Extent, Node, Value};
use std::collections::BTreeMap;

impl Store<'_> {
    /// Compacts: keeps what `stack` reaches and, of what `memo` reaches, that which could do harm.
    ///
    /// Memo slots whose value goes become [`Value::Lost`]. When the live data still fill most of the arena,
    /// containers are shortened step by step, and in the end emptied of harmless containers.
    pub(in crate::pickle) fn compact(
        &mut self,
        stack: &mut [Value],
        memo: &mut [Value],
        far: &mut BTreeMap<u64, Value>,
    ) {
        let steps = [self.held, 512, 32, 4];
        for (step, held) in steps.into_iter().enumerate() {
            self.held = self.held.min(held);
            let harmless_goes = step == steps.len().saturating_sub(1);
            self.copy(stack, memo, far, harmless_goes);
            if self.nodes.len() < Self::NODES / 2
                && self.items.len() < Self::ITEMS / 2
                && self.extents.len() < Self::EXTENTS / 2
            {
                return;
            }
        }
        // Even what could do harm outgrows the arena. Reported by the machine; start over.
        self.overflowed = true;
        let forget = |value: &mut Value| {
            if matches!(value, Value::Node(_)) {
                *value = Value::Plain;
            }
        };
        stack.iter_mut().for_each(forget);
        memo.iter_mut().for_each(forget);
        far.retain(|_, value| !matches!(value, Value::Node(_)));
        self.nodes.clear();
        self.items.clear();
        self.extents.clear();
        self.empty_tuple = None;
    }

    fn copy(
        &mut self,
        stack: &mut [Value],
        memo: &mut [Value],
        far: &mut BTreeMap<u64, Value>,
        harmless_goes: bool,
    ) {
        let Spare { mut nodes, mut items, mut forward } = std::mem::take(&mut self.spare);
        nodes.clear();
        items.clear();
        forward.clear();
        forward.resize(self.nodes.len(), Extent::NONE);
        let mut moving = Moving { from: &self.nodes, globals: &self.globals, forward, nodes, harmless_goes };
        for value in stack.iter_mut() {
            *value = moving.forward(*value);
        }
        for (slot, value) in memo.iter_mut().enumerate() {
            if let Value::Node(_) = *value {
                *value = moving.forward_if_harmful(*value).unwrap_or(Value::Lost(slot as u64));
            }
        }
        for value in far.values_mut() {
            *value = moving.forward_if_harmful(*value).unwrap_or(Value::Plain);
        }
        let mut done = 0usize;
        while let Some(&node) = moving.nodes.get(done) {
            let start = items.len();
            let mut extent = node.first;
            let mut place = 0u64;
            loop {
                let first = extent.start as usize;
                let held =
                    self.items.get(first..first.saturating_add(extent.length as usize)).unwrap_or_default();
                for &item in held {
                    // A call's callee, arguments and state come first and few, so they always stay.
                    if place < self.held || moving.is_harmful(item) {
                        items.push(moving.forward(item));
                    }
                    place = place.saturating_add(1);
                }
                match self.extents.get(extent.next as usize) {
                    Some(&next) => extent = next,
                    None => break,
                }
            }
            if let Some(node) = moving.nodes.get_mut(done) {
                let length = items.len().saturating_sub(start) as u32;
                node.first = Extent { start: start as u32, length, next: Extent::NONE };
                node.last = Extent::NONE;
            }
            done = done.saturating_add(1);
        }
        let Moving { forward, nodes, .. } = moving;
        self.empty_tuple = self
            .empty_tuple
            .and_then(|index| forward.get(index as usize).copied())
            .filter(|&moved| moved != Extent::NONE);
        self.spare = Spare {
            nodes: std::mem::replace(&mut self.nodes, nodes),
            items: std::mem::replace(&mut self.items, items),
            forward,
        };
        self.extents.clear();
    }
}

/// One compaction under way.
struct Moving<'n> {
    from: &'n [Node],
    globals: &'n [Global],
    forward: Vec<u32>,
    nodes: Vec<Node>,
    harmless_goes: bool,
}

impl Moving<'_> {
    fn forward(&mut self, value: Value) -> Value {
        let Value::Node(index) = value else { return value };
        let Some(node) = self.from.get(index as usize) else { return Value::Plain };
        if self.harmless_goes && !node.keep {
            return Value::Plain;
        }
        let Some(forward) = self.forward.get_mut(index as usize) else { return Value::Plain };
        if *forward == Extent::NONE {
            *forward = self.nodes.len() as u32;
            self.nodes.push(*node);
        }
        Value::Node(*forward)
    }

    /// Forwards a node that could do harm or was forwarded already; `None` for the rest.
    fn forward_if_harmful(&mut self, value: Value) -> Option<Value> {
        let Value::Node(index) = value else { return Some(value) };
        let moved = self.forward.get(index as usize).is_some_and(|&forward| forward != Extent::NONE);
        (moved || self.is_harmful(value)).then(|| self.forward(value))
    }

    fn is_harmful(&self, value: Value) -> bool {
        match value {
            Value::Node(index) => self.from.get(index as usize).is_some_and(|node| node.keep),
            Value::Global(index) => self
                .globals
                .get(index as usize)
                .is_some_and(|global| matches!(global.standing, Standing::Gadget { .. })),
            Value::Folded(_) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pickle::value::Kind;

    #[test]
    fn compaction_keeps_the_stack_and_what_could_do_harm() {
        let mut store = Store::new(b"");
        let harmless = store.node(Kind::Tuple, &[Value::Int(1)]);
        let gadget = store.global("os", "system", 0, "");
        let harmful = store.node(Kind::Tuple, &[gadget]);
        let list = store.node(Kind::List, &[]);
        let Value::Node(index) = list else { panic!("a node") };
        store.extend(index, &[Value::Int(7)]);
        let _between = store.node(Kind::Tuple, &[Value::Int(0)]);
        store.extend(index, &[Value::Int(8)]);
        let (mut stack, mut memo) = ([list], [harmless, harmful, list]);
        store.compact(&mut stack, &mut memo, &mut BTreeMap::new());
        assert_eq!(store.contents(stack[0]).unwrap(), (vec![Value::Int(7), Value::Int(8)], true));
        assert_eq!(memo[0], Value::Lost(0));
        assert_eq!(store.contents(memo[1]).unwrap().0, vec![gadget]);
        assert_eq!(memo[2], stack[0]);
    }

    #[test]
    fn a_container_that_reaches_itself_survives_compaction() {
        let mut store = Store::new(b"");
        let list = store.node(Kind::List, &[]);
        let Value::Node(index) = list else { panic!("a node") };
        store.extend(index, &[list, Value::Bool(true)]);
        let mut stack = [list];
        store.compact(&mut stack, &mut [], &mut BTreeMap::new());
        assert_eq!(store.contents(stack[0]).unwrap().0, vec![stack[0], Value::Bool(true)]);
    }
}
