//! The state inside one code object: its tables, variables and stack.

use super::{DEEPEST_STACK, Id, Value};
use std::collections::HashMap;

/// The state inside one code object.
pub(in super::super) struct Frame {
    pub(super) names: Vec<String>,
    pub(super) locals: Vec<String>,
    pub(super) derefs: Vec<String>,
    pub(super) consts: Vec<Id>,
    pub(super) variables: HashMap<String, Value>,
    pub(super) stack: Vec<Value>,
    /// Whether the depth of the stack is known: not in an exception handler.
    pub(super) sure: bool,
    pub(super) faults: usize,
    pub(super) within: String,
}

impl Frame {
    pub(in super::super) fn pop(&mut self) -> Value {
        self.stack.pop().unwrap_or_else(|| {
            self.faults = self.faults.saturating_add(usize::from(self.sure));
            Value::Unknown
        })
    }

    pub(in super::super) fn push(&mut self, value: Value) {
        if self.stack.len() < DEEPEST_STACK {
            self.stack.push(value);
        }
    }

    /// The top `count` values, deepest first.
    pub(super) fn pop_many(&mut self, count: usize) -> Vec<Value> {
        let count = count.min(DEEPEST_STACK);
        let held = count.min(self.stack.len());
        if self.sure {
            self.faults = self.faults.saturating_add(count.saturating_sub(held));
        }
        let mut values = vec![Value::Unknown; count.saturating_sub(held)];
        values.extend(self.stack.split_off(self.stack.len().saturating_sub(held)));
        values
    }

    pub(super) fn name(&self, index: usize) -> String {
        self.names.get(index).cloned().unwrap_or_default()
    }

    pub(super) fn local(&self, index: usize) -> Value {
        self.locals.get(index).and_then(|name| self.variables.get(name)).cloned().unwrap_or(Value::Unknown)
    }

    pub(super) fn bind(&mut self, index: usize, value: Value) {
        if let Some(name) = self.locals.get(index) {
            self.variables.insert(name.clone(), value);
        }
    }
}
