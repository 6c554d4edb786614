//! The abstract machine: follows one pickle as CPython's C unpickler would, on symbolic values, calling nothing.
//!
//! Source: CPython `Modules/_pickle.c`. Every call, import and attribute change goes to the [`Judge`] when the opcode
//! that makes it is met, so what ran before a broken opcode is judged as run. Time is linear in the stream, memory
//! constant: the stack collapses plain values far below its top, the memo and the arena are bounded.

use super::fold;
use super::judge::Judge;
use super::names;
use super::opcodes::{self as op, Instruction, LexError, lex};
use super::store::{Folded, Store};
use super::stream::Storage;
use super::value::{Kind, Node, Value};
use super::{array_block, memo::Memo, nested};
use crate::Scan;
use std::collections::HashSet;

/// One pickle being followed.
pub(super) struct Machine<'a> {
    /// What values refer to.
    pub(super) store: Store<'a>,
    /// What was found so far.
    pub(super) judge: Judge,
    /// Torch storages named by persistent ids.
    pub(super) storages: Vec<Storage>,
    /// Memo slots whose lost values matter; another pass pins them.
    pub(super) wanted: HashSet<u64>,
    bytes: &'a [u8],
    stack: Vec<Value>,
    /// Stack height from which plain values far below the top collapse.
    deep: usize,
    marks: Vec<u32>,
    memo: Memo,
    at: usize,
    frame_end: usize,
    start: usize,
    /// Spare buffer for the items above a mark.
    above: Vec<Value>,
    /// DUPs seen.
    duplicates: u64,
    /// Whether joblib's array blocks may lie in the stream.
    array_blocks: bool,
}

/// How following one pickle ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// STOP, with the value it gives.
    Stopped(Value),
    /// The loader fails here.
    Broken(Break),
    /// The scan's time is used up.
    OutOfTime,
    /// An array block of objects begins here; follow the pickle there, then resume past it.
    ObjectBlock,
}

/// Why the loader fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Break {
    /// No instruction can be read.
    #[error("{0}")]
    Lex(#[from] LexError),
    /// An opcode takes more values than there are above the last mark.
    #[error("{0} takes more from the stack than is there")]
    Underflow(&'static str),
    /// An opcode wants a mark and there is none.
    #[error("{0} finds no mark")]
    NoMark(&'static str),
    /// A memo slot is read that was never written.
    #[error("memo slot {0} is read but never written")]
    Memo(u64),
    /// PROTO with an unknown number.
    #[error("protocol {0} does not exist")]
    Protocol(u8),
    /// A text argument that does not parse.
    #[error("the argument of {0} is malformed")]
    Argument(&'static str),
    /// Marks nest beyond what any model needs.
    #[error("marks nest deeper than {limit}", limit = Machine::MARKS)]
    Marks,
    /// An array block reaches past the end.
    #[error("an array block of {0} bytes reaches past the end")]
    ArrayBlock(u64),
}

type Step = Result<(), Break>;

impl<'a> Machine<'a> {
    /// A machine at `start`, keeping the memo slots in `pinned` whatever they hold.
    pub(super) fn new(bytes: &'a [u8], start: usize, pinned: HashSet<u64>, array_blocks: bool) -> Self {
        Self {
            store: Store::new(bytes),
            judge: Judge::default(),
            storages: Vec::new(),
            wanted: HashSet::new(),
            bytes,
            stack: Vec::new(),
            deep: Self::DEEP,
            marks: Vec::new(),
            memo: Memo::new(pinned),
            at: start,
            frame_end: usize::MAX,
            start,
            above: Vec::new(),
            duplicates: 0,
            array_blocks,
        }
    }

    /// Offset of the next opcode: after STOP past it, after a break at the opcode that fails.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Goes on at `position` after [`End::ObjectBlock`].
    pub(super) fn resume_at(&mut self, position: usize) {
        self.at = position;
    }

    /// Follows the stream until it stops, breaks or the time is over.
    pub(super) fn run(&mut self, scan: &mut Scan<'_>) -> End {
        loop {
            match self.burst() {
                Ok(None) => {
                    if scan.out_of_time() {
                        return End::OutOfTime;
                    }
                }
                Ok(Some(end)) => return end,
                Err(error) => return End::Broken(error),
            }
        }
    }

    /// Up to [`Machine::BURST`] opcodes. `None` to go on.
    fn burst(&mut self) -> Result<Option<End>, Break> {
        let bytes = self.bytes;
        for _ in 0..Self::BURST {
            let at = self.at;
            if at >= self.frame_end {
                self.leave_frame();
            }
            let Some(&code) = bytes.get(at) else { return Err(LexError::End.into()) };
            // The opcodes that fill big pickles come first and skip the general lexer.
            match code {
                op::BININT1 => {
                    if let Some(&number) = bytes.get(at.wrapping_add(1)) {
                        self.push(Value::Int(i64::from(number)));
                        self.at = at.wrapping_add(2);
                        continue;
                    }
                }
                op::BININT2 => {
                    if let Some(&[_, low, high]) = bytes.get(at..).and_then(<[u8]>::first_chunk::<3>) {
                        self.push(Value::Int(i64::from(u16::from_le_bytes([low, high]))));
                        self.at = at.wrapping_add(3);
                        continue;
                    }
                }
                op::BININT => {
                    if let Some(&[_, a, b, c, d]) = bytes.get(at..).and_then(<[u8]>::first_chunk::<5>) {
                        self.push(Value::Int(i64::from(i32::from_le_bytes([a, b, c, d]))));
                        self.at = at.wrapping_add(5);
                        continue;
                    }
                }
                op::BINFLOAT if bytes.len().saturating_sub(at) > 8 => {
                    self.push(Value::Plain);
                    self.at = at.wrapping_add(9);
                    continue;
                }
                op::SHORT_BINUNICODE | op::SHORT_BINBYTES | op::SHORT_BINSTRING => {
                    if let Some(&length) = bytes.get(at.wrapping_add(1)) {
                        let from = at.wrapping_add(2);
                        let end = from.wrapping_add(usize::from(length));
                        if let Some(data) = bytes.get(from..end) {
                            let (length, place) = (u32::from(length), from as u64);
                            if data.len() >= nested::SHORTEST {
                                self.payload(data, place);
                            }
                            self.push(match code {
                                op::SHORT_BINBYTES => Value::Bytes { length, at: place },
                                _ => Value::Text { length, at: place },
                            });
                            self.at = end;
                            continue;
                        }
                    }
                }
                op::MEMOIZE => {
                    let value = self.top("MEMOIZE")?;
                    self.memo.push(value, &mut self.store);
                    self.at = at.wrapping_add(1);
                    continue;
                }
                op::BINPUT => {
                    if let Some(&slot) = bytes.get(at.wrapping_add(1)) {
                        let value = self.top("BINPUT")?;
                        self.memo.put(u64::from(slot), value, &mut self.store);
                        self.at = at.wrapping_add(2);
                        continue;
                    }
                }
                op::LONG_BINPUT => {
                    if let Some(&[_, a, b, c, d]) = bytes.get(at..).and_then(<[u8]>::first_chunk::<5>) {
                        self.put(u64::from(u32::from_le_bytes([a, b, c, d])), at)?;
                        self.at = at.wrapping_add(5);
                        continue;
                    }
                }
                op::BINGET => {
                    if let Some(&slot) = bytes.get(at.wrapping_add(1)) {
                        self.get(u64::from(slot))?;
                        self.at = at.wrapping_add(2);
                        continue;
                    }
                }
                op::LONG_BINGET => {
                    if let Some(&[_, a, b, c, d]) = bytes.get(at..).and_then(<[u8]>::first_chunk::<5>) {
                        self.get(u64::from(u32::from_le_bytes([a, b, c, d])))?;
                        self.at = at.wrapping_add(5);
                        continue;
                    }
                }
                op::NONE => {
                    self.push(Value::None);
                    self.at = at.wrapping_add(1);
                    continue;
                }
                op::NEWTRUE | op::NEWFALSE => {
                    self.push(Value::Bool(code == op::NEWTRUE));
                    self.at = at.wrapping_add(1);
                    continue;
                }
                op::POP => {
                    self.discard()?;
                    self.at = at.wrapping_add(1);
                    continue;
                }
                _ => {}
            }
            let instruction = if op::is_bare(code) { Instruction::bare(code, at) } else { lex(bytes, at)? };
            if let Some(end) = self.step(&instruction)? {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    /// Any one instruction.
    fn step(&mut self, read: &Instruction<'a>) -> Result<Option<End>, Break> {
        let place = read.at as u64;
        let name = || op::opcode(read.code).map_or("an opcode", |opcode| opcode.name);
        if self.store.is_full() {
            self.compact();
        }
        self.at = read.end;
        let outcome: Step = match read.code {
            op::MARK => self.mark(),
            op::STOP => {
                let left_over = self.stack.len().saturating_sub(1).saturating_add(self.marks.len());
                if left_over > 0 {
                    self.judge.left_over(left_over, place);
                }
                return self
                    .pop("STOP")
                    .map(|value| Some(End::Stopped(value)))
                    .inspect_err(|_| self.at = read.at);
            }
            op::POP => self.discard(),
            op::POP_MARK => {
                let items = self.take_to_mark("POP_MARK");
                items.map(|items| self.spare(items))
            }
            op::DUP => {
                self.duplicates = self.duplicates.saturating_add(1);
                if self.duplicates == Self::DUPLICATES {
                    self.judge.duplicates(place);
                }
                self.top("DUP").map(|value| self.push(value))
            }
            op::FLOAT | op::BINFLOAT | op::NEXT_BUFFER => {
                self.push(Value::Plain);
                Ok(())
            }
            op::INT => self.int_line(read.data),
            op::LONG => {
                self.push(op::integer_line(read.data).map_or(Value::Plain, Value::Int));
                Ok(())
            }
            op::NONE => {
                self.push(Value::None);
                Ok(())
            }
            op::NEWTRUE | op::NEWFALSE => {
                self.push(Value::Bool(read.code == op::NEWTRUE));
                Ok(())
            }
            op::BININT | op::BININT1 | op::BININT2 => {
                self.push(Value::Int(read.number));
                Ok(())
            }
            op::LONG1 | op::LONG4 => {
                self.long(read);
                Ok(())
            }
            op::STRING => self.string(read),
            op::UNICODE => self.unicode(read),
            op::BINSTRING | op::SHORT_BINSTRING | op::BINUNICODE | op::SHORT_BINUNICODE | op::BINUNICODE8 => {
                self.counted(read, true);
                Ok(())
            }
            op::BINBYTES | op::SHORT_BINBYTES | op::BINBYTES8 | op::BYTEARRAY8 => {
                self.counted(read, false);
                Ok(())
            }
            op::READONLY_BUFFER => self.top("READONLY_BUFFER").map(drop),
            op::EMPTY_LIST | op::EMPTY_DICT | op::EMPTY_TUPLE | op::EMPTY_SET => {
                self.empty(match read.code {
                    op::EMPTY_LIST => Kind::List,
                    op::EMPTY_DICT => Kind::Dict,
                    op::EMPTY_TUPLE => Kind::Tuple,
                    _ => Kind::Set,
                });
                Ok(())
            }
            op::LIST => self.gather(Kind::List, place, "LIST"),
            op::TUPLE => self.gather(Kind::Tuple, place, "TUPLE"),
            op::DICT => self.gather(Kind::Dict, place, "DICT"),
            op::FROZENSET => self.gather(Kind::Set, place, "FROZENSET"),
            op::TUPLE1 => self.tuple(1, place, "TUPLE1"),
            op::TUPLE2 => self.tuple(2, place, "TUPLE2"),
            op::TUPLE3 => self.tuple(3, place, "TUPLE3"),
            op::APPEND => self.append_one(place),
            op::APPENDS => self.append_above(place, "APPENDS"),
            op::ADDITEMS => self.append_above(place, "ADDITEMS"),
            op::SETITEM => self.set_item(place),
            op::SETITEMS => self.append_above(place, "SETITEMS"),
            op::PROTO => self.proto(u8::try_from(read.number).unwrap_or(u8::MAX), place),
            op::FRAME => {
                self.frame(read);
                Ok(())
            }
            op::BINPUT | op::LONG_BINPUT => self.put(read.number.cast_unsigned(), read.at),
            op::PUT => match op::integer_line(read.data).and_then(|slot| u64::try_from(slot).ok()) {
                Some(slot) => self.put(slot, read.at),
                None => Err(Break::Argument("PUT")),
            },
            op::MEMOIZE => self.top("MEMOIZE").map(|value| self.memo.push(value, &mut self.store)),
            op::BINGET | op::LONG_BINGET => self.get(read.number.cast_unsigned()),
            op::GET => match op::integer_line(read.data).and_then(|slot| u64::try_from(slot).ok()) {
                Some(slot) => self.get(slot),
                None => Err(Break::Argument("GET")),
            },
            op::GLOBAL => self.global(read.data, read.second, place),
            op::STACK_GLOBAL => self.stack_global(place),
            op::EXT1 | op::EXT2 | op::EXT4 => {
                self.judge.extension(read.number, place);
                self.push(Value::Plain);
                Ok(())
            }
            op::PERSID => {
                let text = String::from_utf8_lossy(read.data).into_owned();
                let id = self.store.decoded(Folded::Text(text));
                self.persistent(id, place);
                Ok(())
            }
            op::BINPERSID => self.pop("BINPERSID").map(|id| self.persistent(id, place)),
            op::REDUCE => self.reduce(place),
            op::NEWOBJ => self.new_object(place),
            op::NEWOBJ_EX => self.new_object_with_keywords(place),
            op::INST => self.inst(read, place),
            op::OBJ => self.obj(place),
            op::BUILD => match self.build(place) {
                Ok(None) => Ok(()),
                Ok(Some(end)) => return Ok(Some(end)),
                Err(error) => Err(error),
            },
            _ => Err(Break::Argument(name())),
        };
        if outcome.is_err() {
            self.at = read.at;
        }
        outcome.map(|()| None)
    }

    /// Frames are transparent to the C unpickler and fences to the one in Python: data that cross one are read
    /// differently by the two.
    fn leave_frame(&mut self) {
        if self.at > self.frame_end {
            self.judge.frame(self.at as u64, "an opcode's argument crosses the end of its frame");
        } else if self.bytes.get(self.at) == Some(&op::STOP) {
            self.judge.frame(self.at as u64, "STOP stands right behind a frame instead of in it");
        }
        self.frame_end = usize::MAX;
    }

    fn frame(&mut self, read: &Instruction<'a>) {
        let left = self.bytes.len().saturating_sub(read.end) as u64;
        let length = read.number.cast_unsigned();
        if length > left {
            let text = format!("a frame says it holds {length} bytes where {left} are left");
            self.judge.frame(read.at as u64, &text);
            return;
        }
        if self.frame_end != usize::MAX && read.end < self.frame_end {
            self.judge.frame(read.at as u64, "a frame begins inside another frame");
        }
        self.frame_end = read.end.saturating_add(length as usize);
    }

    fn proto(&mut self, protocol: u8, place: u64) -> Step {
        if protocol > Self::HIGHEST_PROTOCOL {
            return Err(Break::Protocol(protocol));
        }
        if place != self.start as u64 {
            self.judge.misplaced_protocol(place);
        }
        Ok(())
    }

    #[inline]
    fn push(&mut self, value: Value) {
        if self.stack.len() >= self.deep {
            self.collapse();
        }
        self.stack.push(value);
    }

    /// Height of the stack below which the current opcode must not reach.
    #[inline]
    fn fence(&self) -> usize {
        self.marks.last().map_or(0, |&mark| mark as usize)
    }

    #[inline]
    fn pop(&mut self, name: &'static str) -> Result<Value, Break> {
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
    fn top(&self, name: &'static str) -> Result<Value, Break> {
        match self.stack.last() {
            Some(&value) if self.stack.len() > self.fence() => {
                Ok(if matches!(value, Value::Run(_)) { Value::Plain } else { value })
            }
            _ => Err(Break::Underflow(name)),
        }
    }

    /// POP: takes a value, or a mark that has nothing above it.
    fn discard(&mut self) -> Step {
        if self.marks.last().is_some_and(|&mark| mark as usize == self.stack.len()) {
            self.marks.pop();
            return Ok(());
        }
        self.pop("POP").map(drop)
    }

    fn mark(&mut self) -> Step {
        if self.marks.len() >= Self::MARKS {
            self.judge.flood(self.at as u64, "marks");
            return Err(Break::Marks);
        }
        self.marks.push(self.stack.len() as u32);
        Ok(())
    }

    /// Takes the last mark and everything above it, in the spare buffer; give that back with [`Machine::spare`].
    fn take_to_mark(&mut self, name: &'static str) -> Result<Vec<Value>, Break> {
        let mark = self.marks.pop().ok_or(Break::NoMark(name))? as usize;
        let mut above = std::mem::take(&mut self.above);
        above.clear();
        above.extend(self.stack.drain(mark.min(self.stack.len())..));
        Ok(above)
    }

    fn spare(&mut self, above: Vec<Value>) {
        self.above = above;
    }

    /// Collapses plain values in the lower part of the stack into runs, between marks.
    fn collapse(&mut self) {
        let exact_from = self.stack.len().saturating_sub(Self::EXACT);
        let mut kept: Vec<Value> = Vec::with_capacity(self.stack.len() / 2);
        let mut marks = std::mem::take(&mut self.marks);
        let mut pending = marks.iter_mut().peekable();
        let flood = self.deep >= Self::DEEPEST;
        let mut run_may_grow = false;
        for (height, &value) in self.stack.iter().enumerate() {
            while let Some(mark) = pending.next_if(|mark| **mark as usize <= height) {
                *mark = kept.len() as u32;
                run_may_grow = false;
            }
            let is_plain = match value {
                Value::Global(_) | Value::Folded(_) | Value::Lost(_) => flood,
                Value::Node(_) => flood || !self.store.get(value).is_some_and(|node| node.keep),
                _ => true,
            };
            if height >= exact_from || !is_plain {
                kept.push(value);
                run_may_grow = false;
                continue;
            }
            let length = if let Value::Run(count) = value { count } else { 1 };
            match kept.last_mut() {
                Some(Value::Run(count)) if run_may_grow => *count = count.saturating_add(length),
                _ => kept.push(Value::Run(length)),
            }
            run_may_grow = true;
        }
        for mark in pending {
            *mark = kept.len() as u32;
        }
        self.marks = marks;
        self.stack = kept;
        if self.stack.len() > (self.deep / 4).saturating_mul(3) {
            if flood {
                self.judge.flood(self.at as u64, "live values");
            }
            self.deep = self.deep.saturating_mul(2);
        }
    }

    fn compact(&mut self) {
        self.store.compact(&mut self.stack, &mut self.memo.dense, &mut self.memo.far);
        if self.store.overflowed {
            self.judge.flood(self.at as u64, "objects that hold callables");
        }
    }

    fn put(&mut self, slot: u64, at: usize) -> Step {
        let value = self.top("PUT")?;
        // The C unpickler's memo is an array sized by the highest slot.
        if slot > self.memo.count().saturating_mul(64).max(Self::SPARSE_SLOT) {
            self.judge.sparse_memo(slot, at as u64);
        }
        self.memo.put(slot, value, &mut self.store);
        Ok(())
    }

    #[inline]
    fn get(&mut self, slot: u64) -> Step {
        let value = self.memo.get(slot).ok_or(Break::Memo(slot))?;
        self.push(value);
        Ok(())
    }

    fn int_line(&mut self, line: &[u8]) -> Step {
        let value = match line {
            b"00" => Value::Bool(false),
            b"01" => Value::Bool(true),
            _ => match op::integer_line(line) {
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

    fn long(&mut self, read: &Instruction<'a>) {
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

    fn string(&mut self, read: &Instruction<'a>) -> Step {
        let bytes = op::string_line(read.data).ok_or(Break::Argument("STRING"))?;
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

    fn unicode(&mut self, read: &Instruction<'a>) -> Step {
        let place = (read.at as u64).saturating_add(1);
        let value = if read.data.is_ascii() && memchr::memchr(b'\\', read.data).is_none() {
            if read.data.len() >= nested::SHORTEST {
                self.payload(read.data, place);
            }
            Value::Text { length: u32::try_from(read.data.len()).unwrap_or(u32::MAX), at: place }
        } else {
            let text = op::unicode_line(read.data).ok_or(Break::Argument("UNICODE"))?;
            if text.len() >= nested::SHORTEST {
                self.payload_decoded(text.as_bytes(), place);
            }
            self.store.decoded(Folded::Text(text))
        };
        self.push(value);
        Ok(())
    }

    fn counted(&mut self, read: &Instruction<'a>, is_text: bool) {
        let at = read.data_at() as u64;
        let length = u32::try_from(read.data.len()).unwrap_or(u32::MAX);
        if read.data.len() >= nested::SHORTEST {
            self.payload(read.data, at);
        }
        self.push(if is_text { Value::Text { length, at } } else { Value::Bytes { length, at } });
    }

    /// Notes data that look like something to scan on its own.
    #[inline]
    fn payload(&mut self, data: &[u8], place: u64) {
        if nested::is_candidate(data) {
            self.judge.payload_at(place, data.len() as u64);
        }
    }

    /// As [`Machine::payload`] for data that had to be decoded.
    fn payload_decoded(&mut self, data: &[u8], place: u64) {
        if nested::is_candidate(data) {
            self.judge.payload_bytes(place, data);
        }
    }

    fn empty(&mut self, kind: Kind) {
        let value = self.store.node(kind, &[]);
        self.push(value);
    }

    fn gather(&mut self, kind: Kind, place: u64, name: &'static str) -> Step {
        let items = self.take_to_mark(name)?;
        let value = self.store.node(kind, &items);
        self.spare(items);
        self.expansion(value, place);
        self.push(value);
        Ok(())
    }

    fn tuple(&mut self, count: usize, place: u64, name: &'static str) -> Step {
        let mut items = [Value::Plain; 3];
        for slot in items.iter_mut().take(count).rev() {
            *slot = self.pop(name)?;
        }
        let value = self.store.node(Kind::Tuple, items.get(..count).unwrap_or_default());
        self.expansion(value, place);
        self.push(value);
        Ok(())
    }

    fn expansion(&mut self, value: Value, place: u64) {
        if let Some(node) = self.store.get(value)
            && node.expanded > Self::EXPANDED
            && node.expanded / Self::EXPANSION_RATIO > self.bytes.len() as u64
        {
            self.judge.expansion(node.expanded, place);
        }
    }

    fn append_one(&mut self, place: u64) -> Step {
        let item = self.pop("APPEND")?;
        let target = self.top("APPEND")?;
        self.add(target, &[item], place, "APPEND");
        Ok(())
    }

    fn append_above(&mut self, place: u64, name: &'static str) -> Step {
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

    fn set_item(&mut self, place: u64) -> Step {
        let value = self.pop("SETITEM")?;
        let key = self.pop("SETITEM")?;
        let target = self.top("SETITEM")?;
        self.add(target, &[key, value], place, "SETITEM");
        Ok(())
    }

    fn add(&mut self, target: Value, items: &[Value], place: u64, name: &'static str) {
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
    pub(super) fn matters(&self, value: Value) -> bool {
        match value {
            Value::Node(_) => self.store.get(value).is_some_and(|node| node.keep),
            Value::Global(_) => self
                .store
                .global_of(value)
                .is_some_and(|global| matches!(global.standing, super::knowledge::Standing::Gadget { .. })),
            _ => false,
        }
    }

    /// Asks for a pass that keeps memo slot `slot`.
    pub(super) fn want(&mut self, slot: u64) {
        if self.wanted.len() < Self::WANTED {
            self.wanted.insert(slot);
        }
    }

    fn global(&mut self, module: &[u8], name: &[u8], place: u64) -> Step {
        let (Ok(module), Ok(name)) = (std::str::from_utf8(module), std::str::from_utf8(name)) else {
            return Err(Break::Argument("GLOBAL"));
        };
        let (module, name) = names::modern(module, name);
        let value = self.store.global(&module, &name, place, "");
        self.push(value);
        Ok(())
    }

    fn stack_global(&mut self, place: u64) -> Step {
        let name = self.pop("STACK_GLOBAL")?;
        let module = self.pop("STACK_GLOBAL")?;
        let value = fold::import(self, module, name, place);
        match value {
            Some(value) => {
                self.push(value);
                Ok(())
            }
            None => Err(Break::Argument("STACK_GLOBAL")),
        }
    }

    fn persistent(&mut self, id: Value, place: u64) {
        match fold::torch_storage(self, id) {
            Some(storage) => {
                if self.storages.len() < Self::STORAGES {
                    self.storages.push(storage);
                }
            }
            None => self.judge.persistent(place),
        }
        let value = self.store.node(Kind::Persistent, &[id]);
        self.push(value);
    }

    fn reduce(&mut self, place: u64) -> Step {
        let arguments = self.pop("REDUCE")?;
        let callee = self.pop("REDUCE")?;
        self.call(callee, arguments, None, place, "REDUCE");
        Ok(())
    }

    fn new_object(&mut self, place: u64) -> Step {
        let arguments = self.pop("NEWOBJ")?;
        let class = self.pop("NEWOBJ")?;
        self.call(class, arguments, None, place, "NEWOBJ");
        Ok(())
    }

    fn new_object_with_keywords(&mut self, place: u64) -> Step {
        let keywords = self.pop("NEWOBJ_EX")?;
        let arguments = self.pop("NEWOBJ_EX")?;
        let class = self.pop("NEWOBJ_EX")?;
        self.call(class, arguments, Some(keywords), place, "NEWOBJ_EX");
        Ok(())
    }

    fn inst(&mut self, read: &Instruction<'a>, place: u64) -> Step {
        let items = self.take_to_mark("INST")?;
        let arguments = self.store.node(Kind::Tuple, &items);
        self.spare(items);
        self.global(read.data, read.second, place)?;
        let class = self.pop("INST")?;
        self.call(class, arguments, None, place, "INST");
        Ok(())
    }

    fn obj(&mut self, place: u64) -> Step {
        let items = self.take_to_mark("OBJ")?;
        let Some((&class, rest)) = items.split_first() else { return Err(Break::Underflow("OBJ")) };
        let arguments = self.store.node(Kind::Tuple, rest);
        self.spare(items);
        self.call(class, arguments, None, place, "OBJ");
        Ok(())
    }

    fn call(
        &mut self,
        callee: Value,
        arguments: Value,
        keywords: Option<Value>,
        place: u64,
        how: &'static str,
    ) {
        // What a lost slot held matters as soon as it is called.
        if let Value::Lost(slot) = callee {
            self.want(slot);
        }
        let folded = fold::call(self, callee, arguments, place);
        Judge::called(self, callee, arguments, keywords, folded, place, how);
        let value = match (folded, keywords) {
            (Some(value), _) => value,
            (None, Some(keywords)) => self.store.node(Kind::Call, &[callee, arguments, keywords]),
            (None, None) => self.store.node(Kind::Call, &[callee, arguments]),
        };
        self.push(value);
    }

    fn build(&mut self, place: u64) -> Result<Option<End>, Break> {
        let state = self.pop("BUILD")?;
        let target = self.top("BUILD")?;
        Judge::built(self, target, state, place);
        if let Value::Node(index) = target {
            self.store.extend(index, &[state]);
            if self.array_blocks && array_block::is_wrapper(self, target) {
                return self.array_block(target, state);
            }
        }
        Ok(None)
    }

    /// Moves past the array that joblib wrote behind its wrapper object.
    fn array_block(&mut self, target: Value, state: Value) -> Result<Option<End>, Break> {
        let Some(block) = array_block::describe(self, target, state) else {
            self.judge.unknown_array_block(self.at as u64);
            return Ok(None);
        };
        self.pop("BUILD")?;
        self.push(Value::Plain);
        // joblib ends the frame before it writes the array.
        if self.at == self.frame_end {
            self.frame_end = usize::MAX;
        }
        let Some(size) = block.bytes else {
            return Ok(Some(End::ObjectBlock));
        };
        let padding = match (block.is_padded, self.bytes.get(self.at)) {
            (true, Some(&padding)) => u64::from(padding).saturating_add(1),
            _ => 0,
        };
        let left = self.bytes.len().saturating_sub(self.at) as u64;
        let total = size.saturating_add(padding);
        if total > left {
            return Err(Break::ArrayBlock(size));
        }
        self.at = self.at.saturating_add(total as usize);
        Ok(None)
    }

    /// Opcodes between two looks at the clock.
    const BURST: u32 = 1 << 20;
    /// Newest protocol (PEP 574).
    const HIGHEST_PROTOCOL: u8 = 5;
    /// Stack height at which plain values below collapse for the first time: 2 MB of values.
    const DEEP: usize = 128 << 10;
    /// Values at the top of the stack that never collapse.
    const EXACT: usize = 16 << 10;
    /// Height at which even values that could matter collapse: 16 MB of values.
    const DEEPEST: usize = 1 << 20;
    /// Marks that may nest. The unpickler that nests deepest in practice, a recursive structure, stays below 10^4.
    const MARKS: usize = 1 << 20;
    /// Slots below which a gap in the memo is no waste.
    const SPARSE_SLOT: u64 = 1 << 20;
    /// Bytes of one integer beyond which decoding it takes the loader minutes (quadratic conversion).
    const LONGEST_INTEGER: usize = 1 << 20;
    /// Values a shared structure may stand for before it counts as a bomb.
    const EXPANDED: u64 = 1 << 26;
    /// And how many for each byte of the stream.
    const EXPANSION_RATIO: u64 = 64;
    /// Memo slots asked back at most.
    const WANTED: usize = 1 << 14;
    /// DUPs from which on they are reported; serialisers write none.
    const DUPLICATES: u64 = 64;
    /// Storages listed at most.
    const STORAGES: usize = 1 << 17;
}
