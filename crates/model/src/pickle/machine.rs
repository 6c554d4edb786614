//! The abstract machine: follows one pickle as CPython's C unpickler would, on symbolic values, calling nothing.
//!
//! Source: CPython `Modules/_pickle.c`. Every call, import and attribute change goes to the [`Judge`] when the opcode
//! that makes it is met, so what ran before a broken opcode is judged as run. Time is linear in the stream, memory
//! constant: the stack collapses plain values far below its top, the memo and the arena are bounded.

mod calls;
mod containers;
mod described;
mod literals;
mod stack;

pub(crate) use described::described;

use super::judge::Judge;
use super::lines::integer_line;
use super::memo::Memo;
use super::opcodes::{self as op, Instruction, LexError, lex};
use super::store::{Folded, Store};
use super::stream::Storage;
use super::value::{Kind, Value};
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
    /// Arrays passed over: from, to.
    pub(super) skips: Vec<(usize, usize)>,
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
    /// Spare buffer for the stack while it collapses.
    collapsed: Vec<Value>,
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
            skips: Vec::new(),
            bytes,
            stack: Vec::new(),
            deep: Self::DEEP,
            marks: Vec::new(),
            memo: Memo::new(pinned),
            at: start,
            frame_end: usize::MAX,
            start,
            above: Vec::new(),
            collapsed: Vec::new(),
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

    /// Notes that the bytes from `from` to `to` are no instructions.
    pub(super) fn skip(&mut self, from: usize, to: usize) {
        if self.skips.len() < Self::SKIPS {
            self.skips.push((from, to));
        }
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
            let (after, place) = (at.wrapping_add(1), at as u64);
            // The opcodes that fill big pickles are read here; what is cut short or rare goes to the general lexer.
            let is_bare = match code {
                op::BININT1 => {
                    if let Some(&number) = bytes.get(after) {
                        self.push(Value::Int(i64::from(number)));
                        self.at = at.wrapping_add(2);
                        continue;
                    }
                    false
                }
                op::BININT2 => {
                    if let Some(&[_, low, high]) = bytes.get(at..).and_then(<[u8]>::first_chunk::<3>) {
                        self.push(Value::Int(i64::from(u16::from_le_bytes([low, high]))));
                        self.at = at.wrapping_add(3);
                        continue;
                    }
                    false
                }
                op::BININT => {
                    if let Some(&[_, a, b, c, d]) = bytes.get(at..).and_then(<[u8]>::first_chunk::<5>) {
                        self.push(Value::Int(i64::from(i32::from_le_bytes([a, b, c, d]))));
                        self.at = at.wrapping_add(5);
                        continue;
                    }
                    false
                }
                op::BINFLOAT if bytes.len().saturating_sub(at) > 8 => {
                    self.push(Value::Plain);
                    self.at = at.wrapping_add(9);
                    continue;
                }
                op::SHORT_BINUNICODE | op::SHORT_BINBYTES | op::SHORT_BINSTRING => {
                    if let Some(&length) = bytes.get(after) {
                        let from = at.wrapping_add(2);
                        if self.short_string(code, from, length) {
                            self.at = from.wrapping_add(usize::from(length));
                            continue;
                        }
                    }
                    false
                }
                op::BINUNICODE => {
                    if let Some(&[_, length, 0, 0, 0]) = bytes.get(at..).and_then(<[u8]>::first_chunk::<5>) {
                        let from = at.wrapping_add(5);
                        if self.short_string(code, from, length) {
                            self.at = from.wrapping_add(usize::from(length));
                            continue;
                        }
                    }
                    false
                }
                op::BINPUT => {
                    if let Some(&slot) = bytes.get(after) {
                        let value = self.top("BINPUT")?;
                        self.memo.put(u64::from(slot), value, &mut self.store);
                        self.at = at.wrapping_add(2);
                        continue;
                    }
                    false
                }
                op::LONG_BINPUT => {
                    if let Some(&[_, a, b, c, d]) = bytes.get(at..).and_then(<[u8]>::first_chunk::<5>) {
                        self.put(u64::from(u32::from_le_bytes([a, b, c, d])), at)?;
                        self.at = at.wrapping_add(5);
                        continue;
                    }
                    false
                }
                op::BINGET => {
                    if let Some(&slot) = bytes.get(after) {
                        self.get(u64::from(slot))?;
                        self.at = at.wrapping_add(2);
                        continue;
                    }
                    false
                }
                op::LONG_BINGET => {
                    if let Some(&[_, a, b, c, d]) = bytes.get(at..).and_then(<[u8]>::first_chunk::<5>) {
                        self.get(u64::from(u32::from_le_bytes([a, b, c, d])))?;
                        self.at = at.wrapping_add(5);
                        continue;
                    }
                    false
                }
                op::BUILD => {
                    // A block that joblib wrote behind the object is read from there.
                    self.at = after;
                    match self.build(place) {
                        Ok(None) => continue,
                        Ok(end) => return Ok(end),
                        Err(error) => {
                            self.at = at;
                            return Err(error);
                        }
                    }
                }
                op::MEMOIZE => {
                    let value = self.top("MEMOIZE")?;
                    self.memo.push(value, &mut self.store);
                    true
                }
                op::NONE => {
                    self.push(Value::None);
                    true
                }
                op::NEWTRUE | op::NEWFALSE => {
                    self.push(Value::Bool(code == op::NEWTRUE));
                    true
                }
                op::POP => {
                    self.discard()?;
                    true
                }
                op::MARK => {
                    self.mark()?;
                    true
                }
                op::EMPTY_TUPLE => {
                    self.empty(Kind::Tuple);
                    true
                }
                op::EMPTY_LIST => {
                    self.empty(Kind::List);
                    true
                }
                op::EMPTY_DICT => {
                    self.empty(Kind::Dict);
                    true
                }
                op::EMPTY_SET => {
                    self.empty(Kind::Set);
                    true
                }
                op::TUPLE1 => {
                    self.tuple::<1>(place, "TUPLE1")?;
                    true
                }
                op::TUPLE2 => {
                    self.tuple::<2>(place, "TUPLE2")?;
                    true
                }
                op::TUPLE3 => {
                    self.tuple::<3>(place, "TUPLE3")?;
                    true
                }
                op::LIST => {
                    self.gather(Kind::List, place, "LIST")?;
                    true
                }
                op::TUPLE => {
                    self.gather(Kind::Tuple, place, "TUPLE")?;
                    true
                }
                op::DICT => {
                    self.gather(Kind::Dict, place, "DICT")?;
                    true
                }
                op::FROZENSET => {
                    self.gather(Kind::Set, place, "FROZENSET")?;
                    true
                }
                op::APPEND => {
                    self.append_one(place)?;
                    true
                }
                op::APPENDS => {
                    self.append_above(place, "APPENDS")?;
                    true
                }
                op::ADDITEMS => {
                    self.append_above(place, "ADDITEMS")?;
                    true
                }
                op::SETITEM => {
                    self.set_item(place)?;
                    true
                }
                op::SETITEMS => {
                    self.append_above(place, "SETITEMS")?;
                    true
                }
                op::NEWOBJ => {
                    self.new_object(place)?;
                    true
                }
                op::REDUCE => {
                    self.reduce(place)?;
                    true
                }
                _ => false,
            };
            if is_bare {
                self.at = after;
                continue;
            }
            let instruction = lex(bytes, at)?;
            if let Some(end) = self.step(&instruction)? {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    /// One instruction of those that [`Machine::burst`] does not read itself.
    #[inline(never)]
    fn step(&mut self, read: &Instruction<'a>) -> Result<Option<End>, Break> {
        let place = read.at as u64;
        self.at = read.end;
        let outcome: Step = match read.code {
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
            op::FLOAT | op::NEXT_BUFFER => {
                self.push(Value::Plain);
                Ok(())
            }
            op::INT => self.int_line(read.data),
            op::LONG => {
                self.push(integer_line(read.data).map_or(Value::Plain, Value::Int));
                Ok(())
            }
            op::LONG1 | op::LONG4 => {
                self.long(read);
                Ok(())
            }
            op::STRING => self.string(read),
            op::UNICODE => self.unicode(read),
            op::BINSTRING | op::BINUNICODE | op::BINUNICODE8 => {
                self.counted(read, true);
                Ok(())
            }
            op::BINBYTES | op::BINBYTES8 | op::BYTEARRAY8 => {
                self.counted(read, false);
                Ok(())
            }
            op::READONLY_BUFFER => self.top("READONLY_BUFFER").map(drop),
            op::PROTO => self.proto(u8::try_from(read.number).unwrap_or(u8::MAX), place),
            op::FRAME => {
                self.frame(read);
                Ok(())
            }
            op::PUT => match integer_line(read.data).and_then(|slot| u64::try_from(slot).ok()) {
                Some(slot) => self.put(slot, read.at),
                None => Err(Break::Argument("PUT")),
            },
            op::GET => match integer_line(read.data).and_then(|slot| u64::try_from(slot).ok()) {
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
            op::NEWOBJ_EX => self.new_object_with_keywords(place),
            op::INST => self.inst(read, place),
            op::OBJ => self.obj(place),
            code => Err(Break::Argument(op::opcode(code).map_or("an opcode", |opcode| opcode.name))),
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

    /// Opcodes between two looks at the clock.
    const BURST: u32 = 1 << 20;
    /// Newest protocol (PEP 574).
    const HIGHEST_PROTOCOL: u8 = 5;
    /// Arrays noted.
    const SKIPS: usize = 64 << 10;
    /// DUPs from which on they are reported; serialisers write none.
    const DUPLICATES: u64 = 64;
}
