//! The memo: dense while it is small, then only what could matter, so that its size does not follow the stream's.
//!
//! A value that was not kept reads as [`Value::Lost`]; whoever needs it asks for another pass in which its slot is
//! pinned.

use super::store::Store;
use super::value::Value;
use std::collections::{BTreeMap, HashSet};

/// The slots a stream writes and reads.
pub(super) struct Memo {
    /// Slots below [`Memo::DENSE`].
    pub(super) dense: Vec<Value>,
    /// Kept slots from there on.
    pub(super) far: BTreeMap<u64, Value>,
    /// Slots from [`Memo::DENSE`] up to here were all written.
    contiguous: u64,
    /// Slots written, as `MEMOIZE` counts them.
    count: u64,
    /// Some written slots beyond `contiguous` are no longer known.
    vague: bool,
    pinned: HashSet<u64>,
}

impl Memo {
    /// An empty memo that keeps the slots in `pinned` whatever they hold.
    pub(super) fn new(pinned: HashSet<u64>) -> Self {
        Self {
            dense: Vec::new(),
            far: BTreeMap::new(),
            contiguous: Self::DENSE,
            count: 0,
            vague: false,
            pinned,
        }
    }

    /// Writes the next free slot, as `MEMOIZE` does.
    #[inline]
    pub(super) fn push(&mut self, value: Value, store: &mut Store<'_>) {
        if (self.dense.len() as u64) == self.count && self.count < Self::DENSE && self.pinned.is_empty() {
            self.dense.push(value);
            self.count = self.count.saturating_add(1);
            return;
        }
        self.put(self.count, value, store);
    }

    /// Writes slot `slot`.
    #[inline]
    pub(super) fn put(&mut self, slot: u64, value: Value, store: &mut Store<'_>) {
        let is_pinned = !self.pinned.is_empty() && self.pinned.contains(&slot);
        if is_pinned {
            store.pin(value);
        }
        if slot < Self::DENSE {
            let index = slot as usize;
            let is_new = self.dense.get(index).is_none_or(|held| matches!(held, Value::Absent));
            self.count = self.count.saturating_add(u64::from(is_new));
            if let Some(held) = self.dense.get_mut(index) {
                *held = value;
            } else {
                self.dense.resize(index, Value::Absent);
                self.dense.push(value);
            }
            return;
        }
        let keeps = is_pinned
            || match value {
                Value::Global(_) | Value::Folded(_) => true,
                Value::Node(_) => store.get(value).is_some_and(|node| node.keep),
                _ => false,
            };
        if slot == self.contiguous {
            self.contiguous = self.contiguous.saturating_add(1);
            // An earlier stray write to this slot was counted then.
            if self.far.is_empty() || self.far.remove(&slot).is_none() {
                self.count = self.count.saturating_add(1);
            }
            if keeps {
                self.keep(slot, value);
            }
        } else {
            let known = self.far.remove(&slot).is_some() || slot < self.contiguous;
            if !known {
                self.count = self.count.saturating_add(1);
            }
            if keeps || slot > self.contiguous {
                self.keep(slot, if keeps { value } else { Value::Lost(slot) });
            }
        }
    }

    fn keep(&mut self, slot: u64, value: Value) {
        if self.far.len() < Self::FAR || self.pinned.contains(&slot) {
            self.far.insert(slot, value);
        } else {
            self.vague = true;
        }
    }

    /// Reads slot `slot`; `None` when it was never written, where the loader fails.
    #[inline]
    pub(super) fn get(&self, slot: u64) -> Option<Value> {
        if let Some(&value) = self.dense.get(usize::try_from(slot).ok()?) {
            return (!matches!(value, Value::Absent)).then_some(value);
        }
        match self.far.get(&slot) {
            Some(&value) => Some(value),
            None if (slot >= Self::DENSE && slot < self.contiguous) || self.vague => Some(Value::Lost(slot)),
            None => None,
        }
    }

    /// Slots written so far.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Slots held whatever they hold: 8 MB of values.
    pub(super) const DENSE: u64 = 512 << 10;
    /// Slots held beyond those.
    const FAR: usize = 128 << 10;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_global_far_into_the_memo_is_kept_and_plain_data_are_lost_but_known() {
        let mut store = Store::new(b"");
        let gadget = store.global("os", "system", 0, "");
        let mut memo = Memo::new(HashSet::new());
        for _ in 0..Memo::DENSE {
            memo.push(Value::Int(1), &mut store);
        }
        memo.push(gadget, &mut store);
        memo.push(Value::Int(2), &mut store);
        assert_eq!(memo.get(Memo::DENSE), Some(gadget));
        assert_eq!(memo.get(Memo::DENSE + 1), Some(Value::Lost(Memo::DENSE + 1)));
        assert_eq!(memo.get(Memo::DENSE + 2), None);
    }

    #[test]
    fn an_overwritten_slot_gives_the_new_value_and_counts_once() {
        let mut store = Store::new(b"");
        let mut memo = Memo::new(HashSet::new());
        memo.put(5, Value::Int(1), &mut store);
        memo.put(5, Value::Int(2), &mut store);
        assert_eq!((memo.get(5), memo.get(4), memo.count()), (Some(Value::Int(2)), None, 1));
    }

    #[test]
    fn a_pinned_slot_is_kept_whatever_it_holds() {
        let mut store = Store::new(b"");
        let mut memo = Memo::new(HashSet::from([Memo::DENSE + 9]));
        memo.put(Memo::DENSE + 9, Value::Int(3), &mut store);
        assert_eq!(memo.get(Memo::DENSE + 9), Some(Value::Int(3)));
    }
}
