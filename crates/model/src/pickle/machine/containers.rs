//! Opcodes that make and fill lists, tuples, dictionaries and sets.

use super::{Machine, Step};
use crate::pickle::judge::Judge;
use crate::pickle::knowledge::Standing;
use crate::pickle::value::{Kind, Node, Value};

impl Machine<'_> {
    /// Keeps the arena from outgrowing its bounds before something goes into it.
    #[inline]
    pub(super) fn make_room(&mut self) {
        if self.store.is_full() {
            self.compact();
        }
    }

    #[inline]
    pub(super) fn empty(&mut self, kind: Kind) {
        self.make_room();
        let value = if kind == Kind::Tuple { self.store.empty_tuple() } else { self.store.node(kind, &[]) };
        self.push(value);
    }

    pub(super) fn gather(&mut self, kind: Kind, place: u64, name: &'static str) -> Step {
        self.make_room();
        let items = self.take_to_mark(name)?;
        let value = self.store.node(kind, &items);
        self.spare(items);
        self.expansion(value, place);
        self.push(value);
        Ok(())
    }

    #[inline]
    pub(super) fn tuple<const COUNT: usize>(&mut self, place: u64, name: &'static str) -> Step {
        self.make_room();
        let mut items = [Value::Plain; COUNT];
        for slot in items.iter_mut().rev() {
            *slot = self.pop(name)?;
        }
        let value = self.store.node(Kind::Tuple, &items);
        self.expansion(value, place);
        self.push(value);
        Ok(())
    }

    #[inline]
    fn expansion(&mut self, value: Value, place: u64) {
        if let Some(node) = self.store.get(value)
            && node.expanded > Self::EXPANDED
            && node.expanded / Self::EXPANSION_RATIO > self.bytes.len() as u64
        {
            self.judge.expansion(node.expanded, place);
        }
    }

    pub(super) fn append_one(&mut self, place: u64) -> Step {
        self.make_room();
        let item = self.pop("APPEND")?;
        let target = self.top("APPEND")?;
        self.add(target, &[item], place, "APPEND");
        Ok(())
    }

    pub(super) fn append_above(&mut self, place: u64, name: &'static str) -> Step {
        self.make_room();
        // Most items go into a container right below the mark: no need to move them twice.
        if let Some((&mark, lower)) = self.marks.split_last()
            && let mark = mark as usize
            && mark > lower.last().map_or(0, |&fence| fence as usize)
            && let Some(&Value::Node(index)) = mark.checked_sub(1).and_then(|below| self.stack.get(below))
            && self.store.get(Value::Node(index)).is_some_and(Node::is_container)
        {
            let items = self.stack.get(mark..).unwrap_or_default();
            if self.store.extend(index, items) {
                self.judge.cycle(place);
            }
            self.stack.truncate(mark);
            self.marks.pop();
            self.expansion(Value::Node(index), place);
            return Ok(());
        }
        let items = self.take_to_mark(name)?;
        let target = self.top(name)?;
        self.add(target, &items, place, name);
        self.spare(items);
        Ok(())
    }

    pub(super) fn set_item(&mut self, place: u64) -> Step {
        self.make_room();
        let value = self.pop("SETITEM")?;
        let key = self.pop("SETITEM")?;
        let target = self.top("SETITEM")?;
        self.add(target, &[key, value], place, "SETITEM");
        Ok(())
    }

    pub(super) fn add(&mut self, target: Value, items: &[Value], place: u64, name: &'static str) {
        match target {
            Value::Node(index) => {
                let is_container = self.store.get(target).is_some_and(Node::is_container);
                if !is_container {
                    Judge::added(self, target, items, place, name);
                }
                if self.store.extend(index, items) {
                    self.judge.cycle(place);
                }
                self.expansion(target, place);
            }
            Value::Lost(slot) => {
                // Only matters when the lost value is no plain container; what it holds is judged on its own.
                if items.iter().any(|&item| self.matters(item)) {
                    self.want(slot);
                }
            }
            _ => Judge::added(self, target, items, place, name),
        }
    }

    /// Whether something that can do harm is, or is reachable from, `value`.
    pub(in crate::pickle) fn matters(&self, value: Value) -> bool {
        match value {
            Value::Node(_) => self.store.get(value).is_some_and(|node| node.keep),
            Value::Global(_) => self
                .store
                .global_of(value)
                .is_some_and(|global| matches!(global.standing, Standing::Gadget { .. })),
            _ => false,
        }
    }

    /// Asks for a pass that keeps memo slot `slot`.
    pub(in crate::pickle) fn want(&mut self, slot: u64) {
        if self.wanted.len() < Self::WANTED {
            self.wanted.insert(slot);
        }
    }

    /// Values a shared structure may stand for before it counts as a bomb.
    const EXPANDED: u64 = 1 << 26;
    /// And how many for each byte of the stream.
    const EXPANSION_RATIO: u64 = 64;
    /// Memo slots asked back at most.
    const WANTED: usize = 1 << 14;
}
