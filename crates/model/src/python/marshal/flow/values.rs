//! What constants, names and calls are as values, within a budget of bytes copied.

use super::{
    Call, DEEPEST_STACK, Follower, Frame, Id, Instruction, LONGEST_NAME, LONGEST_TEXT, MOST_COPIED,
    MOST_KEPT, Object, Value,
};
use std::rc::Rc;

impl Follower<'_, '_> {
    /// Where a jump goes: `forward` jumps have always been relative, the others since 3.11.
    pub(super) fn target(&self, instruction: Instruction, forward: bool) -> usize {
        let unit = if self.version >= 310 { 2 } else { 1 };
        let distance = instruction.argument.saturating_mul(unit);
        if forward || self.version >= 311 { instruction.next.saturating_add(distance) } else { distance }
    }

    /// Pushes a callable with the empty or receiver slot that a call expects beside it.
    pub(super) fn push_callable(&self, frame: &mut Frame, value: Value, with_slot: bool) {
        if with_slot && self.version < 313 {
            frame.push(Value::Slot);
        }
        frame.push(value);
        if with_slot && self.version >= 313 {
            frame.push(Value::Slot);
        }
    }

    /// Takes the two places a callable fills, in either order.
    pub(super) fn pop_callable(frame: &mut Frame) -> Value {
        let upper = frame.pop();
        let lower = frame.pop();
        if matches!(lower, Value::Slot | Value::Unknown) { upper } else { lower }
    }

    /// A call before 3.6: positional count in the low byte, keyword pairs in the next, `extra` starred arguments.
    pub(super) fn old_call(&mut self, frame: &mut Frame, argument: usize, extra: usize) {
        let starred = frame.pop_many(extra);
        let keywords = frame.pop_many((argument >> 8 & 0xff).saturating_mul(2));
        let mut arguments = frame.pop_many(argument & 0xff);
        arguments.extend(keywords);
        for value in starred {
            match value {
                Value::Sequence(values) if spend(&mut self.copied, values.len().saturating_mul(16)) => {
                    arguments.extend(values.iter().cloned());
                }
                other => arguments.push(other),
            }
        }
        let callee = frame.pop();
        self.call(frame, &callee, arguments);
    }

    pub(super) fn make_function(&mut self, frame: &mut Frame, argument: usize, closures: usize) {
        // 3.3 to 3.12 push the qualified name above the code.
        if (303..311).contains(&self.version)
            || (self.version == 300 && matches!(frame.stack.last(), Some(Value::Text(_))))
        {
            frame.pop();
        }
        let code = frame.pop();
        let extras = match self.version {
            313.. => 0,
            306.. => (argument & 15).count_ones() as usize,
            _ => (argument & 0xff)
                .saturating_add((argument >> 8 & 0xff).saturating_mul(2))
                .saturating_add(argument >> 16 & 0x7fff),
        };
        frame.pop_many(extras.saturating_add(closures));
        frame.push(code);
    }

    pub(super) fn constant(&mut self, id: Id) -> Value {
        if let Some(known) = self.constants.get(&id) {
            return known.clone();
        }
        let value = match self.marshalled.get(Some(id)) {
            Some(Object::Sequence(items)) => {
                // One level is enough for arguments and import lists.
                let item = |&id: &Id| match self.marshalled.get(Some(id)) {
                    Some(Object::Sequence(_)) => Value::Unknown,
                    _ => self.scalar(id),
                };
                Value::Sequence(Rc::new(items.iter().take(DEEPEST_STACK).map(item).collect()))
            }
            _ => self.scalar(id),
        };
        let value = if spend(&mut self.copied, size(&value)) { value } else { Value::Unknown };
        self.constants.insert(id, value.clone());
        value
    }

    pub(super) fn scalar(&self, id: Id) -> Value {
        match self.marshalled.get(Some(id)) {
            Some(Object::None) => Value::None,
            Some(Object::Int(value)) => Value::Int(*value),
            Some(Object::Bool(value)) => Value::Int(i64::from(*value)),
            Some(Object::Text(text)) if text.len() <= LONGEST_TEXT => {
                Value::Text(String::from_utf8_lossy(text).into())
            }
            Some(Object::Bytes(bytes)) if bytes.len() <= LONGEST_TEXT => {
                match (self.version < 300, std::str::from_utf8(bytes)) {
                    (true, Ok(text)) => Value::Text(text.into()),
                    _ => Value::Bytes((*bytes).into()),
                }
            }
            Some(Object::Code(_)) => Value::Code(id),
            _ => Value::Unknown,
        }
    }

    pub(super) fn load(&mut self, frame: &Frame, name: &str) -> Value {
        let known = frame.variables.get(name).or_else(|| self.globals.get(name)).cloned();
        match known {
            Some(Value::Unknown) => Value::Unknown,
            Some(value) => value,
            None => {
                self.refer(name);
                Value::Path(name.to_owned())
            }
        }
    }

    pub(in super::super) fn attribute(&mut self, object: Value, name: &str) -> Value {
        match object {
            Value::Path(path) if path.len() < 1024 && name.len() <= LONGEST_NAME => {
                let path = format!("{path}.{name}");
                self.refer(&path);
                Value::Path(path)
            }
            value @ (Value::Text(_) | Value::Bytes(_)) => Value::Method(Box::new(value), name.to_owned()),
            _ => Value::Unknown,
        }
    }

    pub(in super::super) fn refer(&mut self, path: &str) {
        if self.flow.references.len() < MOST_KEPT {
            self.flow.references.push(path.to_owned());
        }
    }

    pub(in super::super) fn import(&mut self, module: String) {
        if module.len() <= LONGEST_NAME && self.flow.imports.len() < MOST_KEPT {
            self.flow.imports.push(module);
        }
    }

    pub(super) fn keep_call(&mut self, callee: &str, arguments: Vec<Value>, frame: &Frame) {
        if self.flow.calls.len() < MOST_KEPT {
            let within = frame.within.clone();
            self.flow.calls.push(Call { callee: callee.to_owned(), arguments, within });
        }
    }

    /// Books the copying of `bytes`; `false` when the budget is used up.
    pub(in super::super) fn spend(&mut self, bytes: usize) -> bool {
        spend(&mut self.copied, bytes)
    }

    /// Calls `callee`: keeps the call, and pushes what it gives as far as that is known.
    pub(super) fn call(&mut self, frame: &mut Frame, callee: &Value, arguments: Vec<Value>) {
        let result = match callee {
            Value::Path(path) => {
                let result = self.result(path, &arguments);
                let path = path.clone();
                self.keep_call(&path, arguments, frame);
                result
            }
            Value::Method(object, name) => self.method(object, name, &arguments),
            // A function object called where it is made: a decorator or a class body.
            _ => Value::Unknown,
        };
        frame.push(result);
    }
}

/// Books `bytes` of copying; `false` when the budget is used up.
pub(super) fn spend(copied: &mut usize, bytes: usize) -> bool {
    *copied = copied.saturating_add(bytes);
    *copied <= MOST_COPIED
}

/// Bytes held by a value.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Sequence(values) => values.iter().map(|value| size(value).saturating_add(16)).sum(),
        _ => 0,
    }
}

/// A value as an item of a sequence: sequences of sequences are let go, so that nothing nests deeply.
pub(super) fn shallow(value: Value) -> Value {
    match &value {
        Value::Sequence(values) if values.iter().any(|item| matches!(item, Value::Sequence(_))) => {
            Value::Unknown
        }
        _ => value,
    }
}
