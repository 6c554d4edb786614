//! What the storages of a PyTorch file hold: the types that `data.pkl` names for them.
//!
//! PyTorch refers to a storage by the persistent id `('storage', torch.FloatStorage, key, device, count)`. The pickle is
//! followed just as far as that needs: texts, globals, tuples and the memo; everything else is a value of no interest.
//! Nothing is called or imported. Source: `torch/serialization.py` (`persistent_id`); Python's `pickletools.py`.

use super::Kind;
use std::collections::{BTreeMap, HashMap};

/// Most values on the stack or in the memo.
const MOST_VALUES: usize = 4_000_000;

/// A value as far as it matters.
#[derive(Debug, Clone)]
enum Value {
    Mark,
    Text(String),
    Class(String),
    /// The type and key of a storage.
    Storage(String, String),
    Other,
}

/// The types by key; what cannot be followed to the end gives what was found until then.
pub(super) fn kinds(pickle: &[u8]) -> BTreeMap<String, Kind> {
    let mut machine =
        Machine { rest: pickle, stack: Vec::new(), memo: HashMap::new(), found: BTreeMap::new() };
    while machine.step().is_some() {}
    machine.found
}

fn kind(class: &str) -> Option<Kind> {
    Some(match class {
        "DoubleStorage" => Kind::Float(8),
        "FloatStorage" => Kind::Float(4),
        "HalfStorage" => Kind::Float(2),
        "BFloat16Storage" => Kind::BrainFloat,
        "LongStorage" => Kind::Signed(8),
        "IntStorage" => Kind::Signed(4),
        "ShortStorage" => Kind::Signed(2),
        "CharStorage" => Kind::Signed(1),
        "ByteStorage" => Kind::Unsigned(1),
        "BoolStorage" => Kind::Bool,
        _ => return None,
    })
}

struct Machine<'a> {
    rest: &'a [u8],
    stack: Vec<Value>,
    memo: HashMap<u32, Value>,
    found: BTreeMap<String, Kind>,
}

impl<'a> Machine<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<usize> {
        let digits = self.take(bytes)?.iter().rev();
        usize::try_from(digits.fold(0u64, |number, digit| number << 8 | u64::from(*digit))).ok()
    }

    fn line(&mut self) -> Option<String> {
        let end = self.rest.iter().position(|byte| *byte == b'\n')?;
        let line = String::from_utf8_lossy(self.take(end)?).into_owned();
        self.take(1)?;
        Some(line)
    }

    fn text(&mut self, length_bytes: usize) -> Option<Value> {
        let length = self.number(length_bytes)?;
        Some(Value::Text(String::from_utf8_lossy(self.take(length)?).into_owned()))
    }

    fn skip(&mut self, length_bytes: usize) -> Option<Value> {
        let length = self.number(length_bytes)?;
        self.take(length)?;
        Some(Value::Other)
    }

    fn since_mark(&mut self) -> Option<Vec<Value>> {
        let mark = self.stack.iter().rposition(|value| matches!(value, Value::Mark))?;
        let values = self.stack.split_off(mark.checked_add(1)?);
        self.stack.pop();
        Some(values)
    }

    fn last(&mut self, count: usize) -> Option<Vec<Value>> {
        Some(self.stack.split_off(self.stack.len().checked_sub(count)?))
    }

    /// One opcode; none at the end.
    fn step(&mut self) -> Option<()> {
        if self.stack.len() > MOST_VALUES || self.memo.len() > MOST_VALUES {
            return None;
        }
        let pushed = match *self.take(1)?.first()? {
            b'(' => Value::Mark,
            // Frames and the protocol.
            0x80 => return self.take(1).map(|_| ()),
            0x95 => return self.take(8).map(|_| ()),
            b'X' => self.text(4)?,
            0x8c => self.text(1)?,
            0x8d => self.text(8)?,
            b'V' => Value::Text(self.line()?),
            b'U' | b'C' | 0x8a => self.skip(1)?,
            b'T' | b'B' | 0x8b => self.skip(4)?,
            0x8e | 0x96 => self.skip(8)?,
            b'c' => {
                self.line()?;
                Value::Class(self.line()?)
            }
            0x93 => match self.last(2)?.pop()? {
                Value::Text(name) => Value::Class(name),
                _ => Value::Other,
            },
            // Numbers and other values by themselves.
            b'K' => self.take(1).map(|_| Value::Other)?,
            b'M' => self.take(2).map(|_| Value::Other)?,
            b'J' => self.take(4).map(|_| Value::Other)?,
            b'G' => self.take(8).map(|_| Value::Other)?,
            b'I' | b'L' | b'F' | b'S' => self.line().map(|_| Value::Other)?,
            b'N' | 0x88 | 0x89 | b']' | b'}' | b')' | 0x8f => Value::Other,
            // Memo.
            b'q' => return self.remember(1),
            b'r' => return self.remember(4),
            0x94 => {
                let place = u32::try_from(self.memo.len()).ok()?;
                self.memo.insert(place, self.stack.last()?.clone());
                return Some(());
            }
            b'h' => self.recall(1)?,
            b'j' => self.recall(4)?,
            // What takes values together.
            b't' => tuple(&self.since_mark()?),
            0x85 => tuple(&self.last(1)?),
            0x86 => tuple(&self.last(2)?),
            0x87 => tuple(&self.last(3)?),
            b'l' | b'd' | 0x91 => self.since_mark().map(|_| Value::Other)?,
            b'e' | b'u' | 0x90 => return self.since_mark().map(|_| ()),
            b'a' | b'b' | b'0' => return self.last(1).map(|_| ()),
            b's' => return self.last(2).map(|_| ()),
            b'1' => return self.since_mark().map(|_| ()),
            b'2' => self.stack.last()?.clone(),
            b'R' | 0x81 => self.last(2).map(|_| Value::Other)?,
            0x92 => self.last(3).map(|_| Value::Other)?,
            b'Q' => {
                if let Value::Storage(class, key) = self.stack.pop()?
                    && let Some(kind) = kind(&class)
                {
                    self.found.insert(key, kind);
                }
                Value::Other
            }
            // The end, and what nobody knows.
            _ => return None,
        };
        self.stack.push(pushed);
        Some(())
    }

    fn remember(&mut self, bytes: usize) -> Option<()> {
        let place = u32::try_from(self.number(bytes)?).ok()?;
        self.memo.insert(place, self.stack.last()?.clone());
        Some(())
    }

    fn recall(&mut self, bytes: usize) -> Option<Value> {
        let place = u32::try_from(self.number(bytes)?).ok()?;
        self.memo.get(&place).cloned()
    }
}

fn tuple(values: &[Value]) -> Value {
    match values {
        [Value::Text(word), Value::Class(class), Value::Text(key), ..] if word == "storage" => {
            Value::Storage(class.clone(), key.clone())
        }
        _ => Value::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_storages_are_found_also_through_the_memo() {
        let mut pickle = b"\x80\x02}q\x00(".to_vec();
        pickle.extend(b"X\x07\x00\x00\x00storageq\x01ctorch\nFloatStorage\nq\x02X\x01\x00\x00\x000q\x03");
        // The first tuple is made from a mark, the second from the memo.
        let first = b"(h\x01h\x02h\x03X\x03\x00\x00\x00cpuK\x04tQ".to_vec();
        let second = b"(h\x01ctorch\nBFloat16Storage\nX\x01\x00\x00\x001X\x03\x00\x00\x00cpuK\x04tQ".to_vec();
        pickle.extend([first, second, b"u.".to_vec()].concat());
        let expected = BTreeMap::from([("0".to_owned(), Kind::Float(4)), ("1".to_owned(), Kind::BrainFloat)]);
        assert_eq!(kinds(&pickle), expected);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_end(bytes: Vec<u8>) {
            let _ = kinds(&bytes);
        }
    }
}
