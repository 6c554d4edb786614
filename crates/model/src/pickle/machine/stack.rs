//! The machine's stack, marks and memo: the unpickler's `Pdata`, with plain values far below the top collapsed.

use super::{Break, Machine, Step};
use crate::pickle::store::Store;
use crate::pickle::value::Value;

impl Machine<'_> {
    #[inline]
    pub(super) fn push(&mut self, value: Value) {
        if self.stack.len() >= self.deep {
            self.collapse();
        }
        self.stack.push(value);
    }

    /// Height of the stack below which the current opcode must not reach.
    #[inline]
    pub(super) fn fence(&self) -> usize {
        self.marks.last().map_or(0, |&mark| mark as usize)
    }

    #[inline]
    pub(super) fn pop(&mut self, name: &'static str) -> Result<Value, Break> {
        if self.stack.len() <= self.fence() {
            return Err(Break::Underflow(name));
        }
        match self.stack.last_mut() {
            Some(Value::Run(count)) if *count > 1 => {
                *count = count.saturating_sub(1);
                Ok(Value::Plain)
            }
            _ => match self.stack.pop() {
                Some(Value::Run(_)) => Ok(Value::Plain),
                Some(value) => Ok(value),
                None => Err(Break::Underflow(name)),
            },
        }
    }

    #[inline]
    pub(super) fn top(&self, name: &'static str) -> Result<Value, Break> {
        match self.stack.last() {
            Some(&value) if self.stack.len() > self.fence() => {
                Ok(if matches!(value, Value::Run(_)) { Value::Plain } else { value })
            }
            _ => Err(Break::Underflow(name)),
        }
    }

    /// POP: takes a value, or a mark that has nothing above it.
    #[inline]
    pub(super) fn discard(&mut self) -> Step {
        if self.marks.last().is_some_and(|&mark| mark as usize == self.stack.len()) {
            self.marks.pop();
            return Ok(());
        }
        self.pop("POP").map(drop)
    }

    #[inline]
    pub(super) fn mark(&mut self) -> Step {
        if self.marks.len() >= Self::MARKS {
            self.judge.flood(self.at as u64, "marks");
            return Err(Break::Marks);
        }
        self.marks.push(self.stack.len() as u32);
        Ok(())
    }

    /// Takes the last mark and everything above it, in the spare buffer; give that back with [`Machine::spare`].
    pub(super) fn take_to_mark(&mut self, name: &'static str) -> Result<Vec<Value>, Break> {
        let mark = self.marks.pop().ok_or(Break::NoMark(name))? as usize;
        let mut above = std::mem::take(&mut self.above);
        above.clear();
        above.extend(self.stack.drain(mark.min(self.stack.len())..));
        Ok(above)
    }

    pub(super) fn spare(&mut self, above: Vec<Value>) {
        self.above = above;
    }

    /// Collapses plain values in the lower part of the stack into runs, between marks.
    #[cold]
    pub(super) fn collapse(&mut self) {
        let exact_from = self.stack.len().saturating_sub(Self::EXACT);
        let flood = self.deep >= Self::DEEPEST;
        let mut kept = std::mem::take(&mut self.collapsed);
        kept.clear();
        let mut from = 0usize;
        // Between two marks, below the top, runs of plain values become one.
        for mark in &mut self.marks {
            let height = *mark as usize;
            Self::collapse_into(&self.store, &mut kept, &self.stack, (from, height.min(exact_from)), flood);
            kept.extend(self.stack.get(from.max(exact_from)..height).unwrap_or_default());
            *mark = kept.len() as u32;
            from = height;
        }
        Self::collapse_into(&self.store, &mut kept, &self.stack, (from, exact_from), flood);
        kept.extend(self.stack.get(from.max(exact_from)..).unwrap_or_default());
        self.collapsed = std::mem::replace(&mut self.stack, kept);
        if self.stack.len() > (self.deep / 4).saturating_mul(3) {
            if flood {
                self.judge.flood(self.at as u64, "live values");
            }
            self.deep = self.deep.saturating_mul(2);
        }
    }

    /// Appends the values of `stack` in `range` to `kept`, neighbouring plain ones as one run.
    fn collapse_into(
        store: &Store<'_>,
        kept: &mut Vec<Value>,
        stack: &[Value],
        (from, to): (usize, usize),
        flood: bool,
    ) {
        let mut run = 0u64;
        for &value in stack.get(from..to).unwrap_or_default() {
            let is_plain = match value {
                Value::Global(_) | Value::Folded(_) | Value::Lost(_) => flood,
                Value::Node(_) => flood || !store.get(value).is_some_and(|node| node.keep),
                _ => true,
            };
            if is_plain {
                run = run.saturating_add(if let Value::Run(count) = value { count } else { 1 });
                continue;
            }
            if run > 0 {
                kept.push(Value::Run(run));
                run = 0;
            }
            kept.push(value);
        }
        if run > 0 {
            kept.push(Value::Run(run));
        }
    }

    #[cold]
    pub(super) fn compact(&mut self) {
        self.store.compact(&mut self.stack, &mut self.memo.dense, &mut self.memo.far);
        if self.store.overflowed {
            self.judge.flood(self.at as u64, "objects that hold callables");
        }
    }

    pub(super) fn put(&mut self, slot: u64, at: usize) -> Step {
        let value = self.top("PUT")?;
        // The C unpickler's memo is an array sized by the highest slot.
        if slot > self.memo.count().saturating_mul(64).max(Self::SPARSE_SLOT) {
            self.judge.sparse_memo(slot, at as u64);
        }
        self.memo.put(slot, value, &mut self.store);
        Ok(())
    }

    #[inline]
    pub(super) fn get(&mut self, slot: u64) -> Step {
        let value = self.memo.get(slot).ok_or(Break::Memo(slot))?;
        self.push(value);
        Ok(())
    }

    /// Stack height at which plain values below collapse for the first time: 2 MB of values.
    pub(super) const DEEP: usize = 128 << 10;
    /// Values at the top of the stack that never collapse.
    const EXACT: usize = 16 << 10;
    /// Height at which even values that could matter collapse: 16 MB of values.
    const DEEPEST: usize = 1 << 20;
    /// Marks that may nest. The unpickler that nests deepest in practice, a recursive structure, stays below 10^4.
    pub(super) const MARKS: usize = 1 << 20;
    /// Slots below which a gap in the memo is no waste.
    const SPARSE_SLOT: u64 = 1 << 20;
}
