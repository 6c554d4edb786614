//! Opcodes whose argument is the value: integers, text and bytes.

use super::{Break, Machine, Step};
use crate::pickle::opcodes::{self as op, Instruction};
use crate::pickle::store::Folded;
use crate::pickle::value::Value;
use crate::pickle::{lines, nested};

impl<'a> Machine<'a> {
    pub(super) fn int_line(&mut self, line: &[u8]) -> Step {
        let value = match line {
            b"00" => Value::Bool(false),
            b"01" => Value::Bool(true),
            _ => match lines::integer_line(line) {
                Some(number) => Value::Int(number),
                None if line
                    .iter()
                    .all(|byte| byte.is_ascii_hexdigit() || b"+-xXoObBL_ \t\r".contains(byte)) =>
                {
                    Value::Plain
                }
                None => return Err(Break::Argument("INT")),
            },
        };
        self.push(value);
        Ok(())
    }

    pub(super) fn long(&mut self, read: &Instruction<'a>) {
        let value = match read.data.len() {
            0 => Value::Int(0),
            1..=8 => {
                let negative = read.data.last().is_some_and(|byte| byte & 0x80 != 0);
                let fill: i64 = if negative { -1 } else { 0 };
                Value::Int(read.data.iter().rev().fold(fill, |value, &byte| (value << 8) | i64::from(byte)))
            }
            length => {
                if length > Self::LONGEST_INTEGER {
                    self.judge.absurd_integer(length as u64, read.at as u64);
                }
                Value::Long { length: length as u32, at: read.data_at() as u64 }
            }
        };
        self.push(value);
    }

    pub(super) fn string(&mut self, read: &Instruction<'a>) -> Step {
        let bytes = lines::string_line(read.data).ok_or(Break::Argument("STRING"))?;
        let place = (read.at as u64).saturating_add(2);
        let inner = read.data.get(1..read.data.len().saturating_sub(1)).unwrap_or_default();
        if inner.len() >= nested::SHORTEST {
            self.payload_decoded(&bytes, place);
        }
        let value = if bytes == inner {
            Value::Text { length: bytes.len() as u32, at: place }
        } else if bytes.is_ascii() {
            self.store.decoded(Folded::Text(String::from_utf8_lossy(&bytes).into_owned()))
        } else {
            self.store.decoded(Folded::Bytes(bytes))
        };
        self.push(value);
        Ok(())
    }

    pub(super) fn unicode(&mut self, read: &Instruction<'a>) -> Step {
        let place = (read.at as u64).saturating_add(1);
        let value = if read.data.is_ascii() && memchr::memchr(b'\\', read.data).is_none() {
            if read.data.len() >= nested::SHORTEST {
                self.payload(read.data, place);
            }
            Value::Text { length: u32::try_from(read.data.len()).unwrap_or(u32::MAX), at: place }
        } else {
            let text = lines::unicode_line(read.data).ok_or(Break::Argument("UNICODE"))?;
            if text.len() >= nested::SHORTEST {
                self.payload_decoded(text.as_bytes(), place);
            }
            self.store.decoded(Folded::Text(text))
        };
        self.push(value);
        Ok(())
    }

    /// Pushes the string of `length` bytes at `from`; `false` when the stream ends before.
    #[inline]
    pub(super) fn short_string(&mut self, code: u8, from: usize, length: u8) -> bool {
        let Some(data) = self.bytes.get(from..from.wrapping_add(usize::from(length))) else { return false };
        let (length, at) = (u32::from(length), from as u64);
        if data.len() >= nested::SHORTEST {
            self.payload(data, at);
        }
        self.push(match code {
            op::SHORT_BINBYTES => Value::Bytes { length, at },
            _ => Value::Text { length, at },
        });
        true
    }

    pub(super) fn counted(&mut self, read: &Instruction<'a>, is_text: bool) {
        let at = read.data_at() as u64;
        let length = u32::try_from(read.data.len()).unwrap_or(u32::MAX);
        if read.data.len() >= nested::SHORTEST {
            self.payload(read.data, at);
        }
        self.push(if is_text { Value::Text { length, at } } else { Value::Bytes { length, at } });
    }

    /// Notes data that look like something to scan on its own.
    #[inline]
    pub(super) fn payload(&mut self, data: &[u8], place: u64) {
        if nested::is_candidate(data) {
            self.judge.payload_at(place, data.len() as u64);
        }
    }

    /// As [`Machine::payload`] for data that had to be decoded.
    pub(super) fn payload_decoded(&mut self, data: &[u8], place: u64) {
        if nested::is_candidate(data) {
            self.judge.payload_bytes(place, data);
        }
    }

    /// Bytes of one integer beyond which decoding it takes the loader minutes (quadratic conversion).
    const LONGEST_INTEGER: usize = 1 << 20;
}
