//! Folds what a code object computes from constants: joined, reversed and decoded strings, modules and attributes
//! fetched by constant names. Payloads hide behind exactly these.

use super::flow::{Follower, Frame, LONGEST_TEXT, MOST_KEPT, Value};

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
            ("bytes.fromhex" | "binascii.unhexlify" | "bytearray.fromhex", [Value::Text(text)]) => {
                self.folded(unhex(text).map_or(Value::Unknown, |bytes| Value::Bytes(bytes.into())))
            }
            (
                "base64.b64decode"
                | "base64.standard_b64decode"
                | "base64.urlsafe_b64decode"
                | "base64.decodebytes"
                | "binascii.a2b_base64",
                [Value::Text(text), ..],
            ) => self
                .folded(unbase64(text.as_bytes()).map_or(Value::Unknown, |bytes| Value::Bytes(bytes.into()))),
            (
                "base64.b64decode"
                | "base64.standard_b64decode"
                | "base64.urlsafe_b64decode"
                | "base64.decodebytes"
                | "binascii.a2b_base64",
                [Value::Bytes(bytes), ..],
            ) => self.folded(unbase64(bytes).map_or(Value::Unknown, |bytes| Value::Bytes(bytes.into()))),
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

/// Hexadecimal digits, with white space between bytes, into bytes.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).map(|d| d as u8))
        .collect::<Option<_>>()?;
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |value, digit| value << 4 | digit)).collect())
}

/// Base64, standard or URL-safe alphabet, white space and padding ignored.
pub(super) fn unbase64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity((text.len() / 4).saturating_mul(3));
    let (mut held, mut bits) = (0u32, 0u32);
    for &character in text {
        let value = match character {
            b'A'..=b'Z' => character.wrapping_sub(b'A'),
            b'a'..=b'z' => character.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => character.wrapping_sub(b'0').wrapping_add(52),
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' | b'\n' | b'\r' | b' ' => continue,
            _ => return None,
        };
        held = held << 6 | u32::from(value);
        bits = bits.wrapping_add(6);
        if bits >= 8 {
            bits = bits.wrapping_sub(8);
            bytes.push((held >> bits & 0xff) as u8);
        }
    }
    Some(bytes)
}
