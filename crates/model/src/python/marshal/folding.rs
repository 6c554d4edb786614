//! Folds what a code object computes from constants: joined, reversed and decoded strings, modules and attributes
//! fetched by constant names. Payloads hide behind exactly these.

use super::flow::{Follower, Frame, LONGEST_TEXT, MOST_KEPT, Value};
use crate::python::strings::{Folded, codecs};

impl Follower<'_, '_> {
    /// What calling the named function gives, for those through which names and payloads travel.
    pub(super) fn result(&mut self, path: &str, arguments: &[Value]) -> Value {
        let length = match arguments.first() {
            Some(Value::Text(text)) => text.len(),
            Some(Value::Bytes(bytes)) => bytes.len(),
            _ => 0,
        };
        if !self.spend(length) {
            return Value::Unknown;
        }
        match (path, arguments) {
            (
                "__import__" | "builtins.__import__" | "importlib.import_module" | "importlib.__import__",
                [Value::Text(module), ..],
            ) => {
                self.import(module.to_string());
                let from_list = arguments.len() > 3 || path.ends_with("import_module");
                let bound = if from_list { &**module } else { module.split('.').next().unwrap_or_default() };
                Value::Path(bound.to_owned())
            }
            ("getattr" | "builtins.getattr", [object, Value::Text(name), ..]) => {
                self.attribute(object.clone(), name)
            }
            ("vars" | "builtins.vars", [module @ Value::Path(_)]) => module.clone(),
            ("globals" | "locals", []) => Value::Path("globals".to_owned()),
            ("chr" | "builtins.chr", [Value::Int(code)]) => u32::try_from(*code)
                .ok()
                .and_then(char::from_u32)
                .map_or(Value::Unknown, |character| Value::Text(character.to_string().into())),
            ("str" | "bytes", [value @ (Value::Text(_) | Value::Bytes(_)), ..]) => value.clone(),
            (_, [given, ..]) => match decoded(path, given) {
                Some(value) => self.folded(value),
                None => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    pub(super) fn method(&mut self, object: &Value, name: &str, arguments: &[Value]) -> Value {
        let length = match object {
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        if !self.spend(length) {
            return Value::Unknown;
        }
        match (object, name, arguments) {
            (Value::Text(separator), "join", [Value::Sequence(values)]) => self.join(separator, values),
            (Value::Bytes(bytes), "decode", _) => {
                self.folded(Value::Text(String::from_utf8_lossy(bytes).into()))
            }
            (Value::Text(text), "encode", _) => Value::Bytes(text.as_bytes().into()),
            (Value::Text(text), "lower", []) => Value::Text(text.to_lowercase().into()),
            (Value::Text(text), "strip", []) => Value::Text(text.trim().into()),
            (Value::Text(text), "replace", [Value::Text(from), Value::Text(to), ..])
                if to.len() <= from.len() && !from.is_empty() =>
            {
                self.folded(Value::Text(text.replace(&**from, to).into()))
            }
            _ => Value::Unknown,
        }
    }

    /// Keeps a folded value for the search of payloads; lets it go once the budget of copies is used up.
    fn folded(&mut self, value: Value) -> Value {
        let length = match &value {
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            _ => return value,
        };
        if !self.spend(length) {
            return Value::Unknown;
        }
        if self.flow.folded.len() < MOST_KEPT {
            self.flow.folded.push(value.clone());
        }
        value
    }

    pub(super) fn join(&mut self, separator: &str, values: &[Value]) -> Value {
        let mut joined = String::new();
        for (index, value) in values.iter().enumerate() {
            let Value::Text(text) = value else { return Value::Unknown };
            if !self.spend(text.len().saturating_add(separator.len())) {
                return Value::Unknown;
            }
            if index > 0 {
                joined.push_str(separator);
            }
            joined.push_str(text);
            if joined.len() > LONGEST_TEXT {
                return Value::Unknown;
            }
        }
        self.folded(Value::Text(joined.into()))
    }

    pub(super) fn add(&mut self, frame: &mut Frame) {
        let (right, left) = (frame.pop(), frame.pop());
        let sum = match (left, right) {
            (Value::Text(left), Value::Text(right))
                if left.len().saturating_add(right.len()) <= LONGEST_TEXT / 16 =>
            {
                self.folded(Value::Text([&*left, &*right].concat().into()))
            }
            (Value::Bytes(left), Value::Bytes(right))
                if left.len().saturating_add(right.len()) <= LONGEST_TEXT / 16 =>
            {
                self.folded(Value::Bytes([&*left, &*right].concat().into()))
            }
            _ => Value::Unknown,
        };
        frame.push(sum);
    }

    pub(super) fn subscript(&mut self, frame: &mut Frame) {
        let (index, container) = (frame.pop(), frame.pop());
        let value = match (container, index) {
            // `text[::-1]`
            (Value::Text(text), Value::Sequence(slice))
                if matches!(slice.as_slice(), [Value::None, Value::None, Value::Int(-1)]) =>
            {
                if self.spend(text.len()) {
                    self.folded(Value::Text(text.chars().rev().collect::<String>().into()))
                } else {
                    Value::Unknown
                }
            }
            (Value::Path(path), Value::Text(name)) if path == "globals" || path == "sys.modules" => {
                self.refer(&name);
                Value::Path(if &*name == "__builtins__" { "builtins".to_owned() } else { name.to_string() })
            }
            (Value::Path(path), Value::Text(name))
                if path.ends_with("__dict__") || path.ends_with("__builtins__") =>
            {
                self.attribute(Value::Path(path.trim_end_matches(".__dict__").to_owned()), &name)
            }
            // `vars(module)["name"]`
            (path @ Value::Path(_), Value::Text(name)) => self.attribute(path, &name),
            (Value::Sequence(values), Value::Int(index)) => usize::try_from(index)
                .ok()
                .and_then(|index| values.get(index))
                .cloned()
                .unwrap_or(Value::Unknown),
            _ => Value::Unknown,
        };
        frame.push(value);
    }
}

/// What the decoder at `path` makes of `given`.
fn decoded(path: &str, given: &Value) -> Option<Value> {
    let codec = match path {
        "bytes.fromhex" | "bytearray.fromhex" => "hex",
        path => codecs::by_function(path)?,
    };
    let given = match given {
        Value::Text(text) => Folded::Text(text.to_string()),
        Value::Bytes(bytes) => Folded::Bytes(bytes.to_vec()),
        _ => return None,
    };
    Some(match codecs::decode(&given, codec)? {
        Folded::Text(text) => Value::Text(text.into()),
        Folded::Bytes(bytes) => Value::Bytes(bytes.into()),
    })
}
