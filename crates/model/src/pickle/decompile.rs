//! A pickle as the program that loading it runs, written as Python. Nothing is run.
//!
//! Source: CPython `Modules/_pickle.c`. Every call, import and change becomes a line, in the order the loader makes
//! them; values that are shared become variables. What cannot be said in Python is written as near to it as possible:
//! `persistent_load(…)`, `extension(…)`, `next(buffers)`, and `…` for what is left out of long strings and containers.
//! Bounded in instructions, lines and bytes; it is a view for people, [`scan`](crate::scan) is what reads everything.

mod expression;
mod imports;
mod statements;

use super::lines::{integer_line, string_line, unicode_line};
use super::machine::Break;
use super::opcodes::{self as op, Instruction, LexError, lex};
use expression::{Expression, Node};
use imports::Imports;
use std::collections::{HashMap, HashSet};

/// The program of one pickle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Path of the member that holds it, `None` for the file itself.
    pub member: Option<String>,
    /// Offset of its first byte in that member.
    pub offset: u64,
    /// Its protocol; 0 when it does not say.
    pub protocol: u8,
    /// The lines, without line ends. They hold no control characters.
    pub lines: Vec<String>,
    /// Why it is not whole, `None` when it is.
    pub cut: Option<String>,
}

/// Stretches of other data inside a pickle: from here, to there.
pub(super) type Skips = [(usize, usize)];

/// The program of the pickle at `start`; joblib's arrays lie in `skips`.
pub(super) fn decompile(bytes: &[u8], start: usize, skips: &Skips) -> Program {
    let mut decompiler = Decompiler {
        bytes,
        skips,
        at: start,
        protocol: 0,
        shared: read_slots(bytes, start, skips),
        nodes: Vec::new(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        imports: Imports::default(),
        variables: 0,
        lines: Vec::new(),
        written: 0,
    };
    let cut = decompiler.run();
    if let Some(reason) = &cut {
        decompiler.lines.push(format!("# {reason}"));
    }
    Program {
        member: None,
        offset: start as u64,
        protocol: decompiler.protocol,
        lines: decompiler.lines,
        cut,
    }
}

/// The memo slots that the pickle reads: what lies in them is shared.
fn read_slots(bytes: &[u8], start: usize, skips: &Skips) -> HashSet<u64> {
    let mut slots = HashSet::new();
    let mut at = start;
    for _ in 0..INSTRUCTIONS {
        at = past_skip(skips, at);
        let Ok(read) = lex(bytes, at) else { break };
        let slot = match read.code {
            op::BINGET | op::LONG_BINGET => u64::try_from(read.number).ok(),
            op::GET => integer_line(read.data).and_then(|slot| u64::try_from(slot).ok()),
            op::STOP => break,
            _ => None,
        };
        slots.extend(slot);
        at = read.end;
    }
    slots
}

fn past_skip(skips: &Skips, at: usize) -> usize {
    match skips.binary_search_by_key(&at, |&(from, _)| from) {
        Ok(index) => skips.get(index).map_or(at, |&(_, to)| to.max(at)),
        Err(_) => at,
    }
}

struct Decompiler<'a> {
    bytes: &'a [u8],
    skips: &'a Skips,
    at: usize,
    protocol: u8,
    /// Slots whose values become variables.
    shared: HashSet<u64>,
    nodes: Vec<Node<'a>>,
    stack: Vec<Expression<'a>>,
    marks: Vec<usize>,
    memo: HashMap<u64, Expression<'a>>,
    imports: Imports,
    variables: u32,
    lines: Vec<String>,
    /// Bytes of all lines together.
    written: usize,
}

impl<'a> Decompiler<'a> {
    /// Writes the program; gives why it is cut, if it is.
    fn run(&mut self) -> Option<String> {
        for _ in 0..INSTRUCTIONS {
            if self.lines.len() >= LINES || self.written >= BYTES {
                return Some(format!("cut here: the program is longer than {LINES} lines or {BYTES} bytes"));
            }
            let behind = past_skip(self.skips, self.at);
            if behind > self.at {
                self.say(format!("# {} bytes that are no pickle: an array", behind.saturating_sub(self.at)));
                self.at = behind;
            }
            let step = lex(self.bytes, self.at).map_err(Break::from).and_then(|read| {
                self.at = read.end;
                self.step(&read)
            });
            match step {
                Ok(true) => return None,
                Ok(false) => {}
                Err(Break::Lex(LexError::End)) => {
                    return Some("the loader fails here: the stream ends".to_owned());
                }
                Err(error) => return Some(format!("the loader fails here: {error}")),
            }
        }
        Some(format!("cut here: {INSTRUCTIONS} instructions were read"))
    }

    /// One instruction; `true` when it is the last.
    fn step(&mut self, read: &Instruction<'a>) -> Result<bool, Break> {
        let name = op::opcode(read.code).map_or("an opcode", |opcode| opcode.name);
        match read.code {
            op::PROTO => self.protocol = u8::try_from(read.number).unwrap_or(u8::MAX),
            op::FRAME => {}
            op::STOP => {
                let result = self.pop(name)?;
                let shown = self.shown(result);
                self.say(format!("result = {shown}"));
                return Ok(true);
            }
            op::MARK => self.marks.push(self.stack.len()),
            op::POP if self.marks.last() == Some(&self.stack.len()) => drop(self.marks.pop()),
            op::POP => drop(self.pop(name)?),
            op::POP_MARK => drop(self.above_mark(name)?),
            op::DUP => {
                let top = self.name_shared(name)?;
                self.stack.push(top);
            }
            op::NONE => self.stack.push(Expression::None),
            op::NEWTRUE | op::NEWFALSE => self.stack.push(Expression::Bool(read.code == op::NEWTRUE)),
            op::BININT | op::BININT1 | op::BININT2 => self.stack.push(Expression::Int(read.number)),
            op::INT if matches!(read.data, b"00" | b"01") => {
                self.stack.push(Expression::Bool(read.data == b"01"));
            }
            op::INT | op::LONG | op::FLOAT => self.number(read.data),
            op::LONG1 | op::LONG4 => self.long(read.data),
            op::BINFLOAT => {
                let bits = read.data.iter().fold(0u64, |bits, &byte| (bits << 8) | u64::from(byte));
                self.stack.push(Expression::Float(f64::from_bits(bits)));
            }
            op::STRING => {
                let text = string_line(read.data).ok_or(Break::Argument(name))?;
                let node = match String::from_utf8(text) {
                    Ok(text) => Node::Text(text),
                    Err(error) => Node::Bytes(error.into_bytes()),
                };
                self.push(node);
            }
            op::UNICODE => {
                let text = unicode_line(read.data).ok_or(Break::Argument(name))?;
                self.push(Node::Text(text));
            }
            op::BINSTRING | op::SHORT_BINSTRING | op::BINUNICODE | op::SHORT_BINUNICODE | op::BINUNICODE8 => {
                self.stack.push(Expression::Text(read.data));
            }
            op::BINBYTES | op::SHORT_BINBYTES | op::BINBYTES8 => {
                self.stack.push(Expression::Bytes(read.data));
            }
            op::BYTEARRAY8 => {
                let shown = self.shown(Expression::Bytes(read.data));
                self.push(Node::Written(format!("bytearray({shown})")));
            }
            op::NEXT_BUFFER => self.assign("next(buffers)"),
            op::READONLY_BUFFER => {
                let buffer = self.pop(name)?;
                let shown = self.shown(buffer);
                self.assign(&format!("memoryview({shown}).toreadonly()"));
            }
            op::EMPTY_LIST => self.push(Node::list()),
            op::EMPTY_TUPLE => self.push(Node::tuple(Vec::new())),
            op::EMPTY_DICT => self.push(Node::dict()),
            op::EMPTY_SET => self.push(Node::set()),
            op::LIST | op::DICT | op::TUPLE | op::FROZENSET => {
                let items = self.above_mark(name)?;
                self.push(match read.code {
                    op::LIST => Node::list().with(items),
                    op::DICT => Node::dict().with(items),
                    op::FROZENSET => Node::frozen_set(items),
                    _ => Node::tuple(items),
                });
            }
            op::TUPLE1 => self.tuple(1, name)?,
            op::TUPLE2 => self.tuple(2, name)?,
            op::TUPLE3 => self.tuple(3, name)?,
            op::APPEND => {
                let item = self.pop(name)?;
                self.add(vec![item], read.code, name)?;
            }
            op::SETITEM => {
                let value = self.pop(name)?;
                let key = self.pop(name)?;
                self.add(vec![key, value], read.code, name)?;
            }
            op::APPENDS | op::ADDITEMS | op::SETITEMS => {
                let items = self.above_mark(name)?;
                self.add(items, read.code, name)?;
            }
            op::MEMOIZE => self.put(self.memo.len() as u64, name)?,
            op::BINPUT | op::LONG_BINPUT => self.put(read.number.cast_unsigned(), name)?,
            op::PUT => self.put(slot(read.data).ok_or(Break::Argument(name))?, name)?,
            op::BINGET | op::LONG_BINGET => self.get(read.number.cast_unsigned())?,
            op::GET => self.get(slot(read.data).ok_or(Break::Argument(name))?)?,
            _ => self.act(read, name)?,
        }
        Ok(false)
    }

    fn push(&mut self, node: Node<'a>) {
        let index = self.nodes.len() as u32;
        self.nodes.push(node);
        self.stack.push(Expression::Node(index));
    }

    fn fence(&self) -> usize {
        self.marks.last().copied().unwrap_or_default()
    }

    fn pop(&mut self, name: &'static str) -> Result<Expression<'a>, Break> {
        if self.stack.len() <= self.fence() {
            return Err(Break::Underflow(name));
        }
        self.stack.pop().ok_or(Break::Underflow(name))
    }

    fn top(&self, name: &'static str) -> Result<Expression<'a>, Break> {
        let top = self.stack.last().copied().filter(|_| self.stack.len() > self.fence());
        top.ok_or(Break::Underflow(name))
    }

    fn above_mark(&mut self, name: &'static str) -> Result<Vec<Expression<'a>>, Break> {
        let mark = self.marks.pop().ok_or(Break::NoMark(name))?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn tuple(&mut self, count: usize, name: &'static str) -> Result<(), Break> {
        let mut items = (0..count).map(|_| self.pop(name)).collect::<Result<Vec<_>, _>>()?;
        items.reverse();
        self.push(Node::tuple(items));
        Ok(())
    }

    fn number(&mut self, line: &[u8]) {
        match integer_line(line) {
            Some(number) => self.stack.push(Expression::Int(number)),
            None => self.push(Node::Written(expression::plain(&String::from_utf8_lossy(line)))),
        }
    }

    fn long(&mut self, data: &[u8]) {
        if data.len() <= size_of::<i64>() {
            let is_negative = data.last().is_some_and(|byte| byte & 0x80 != 0);
            let fill: i64 = if is_negative { -1 } else { 0 };
            let number = data.iter().rev().fold(fill, |value, &byte| (value << 8) | i64::from(byte));
            self.stack.push(Expression::Int(number));
            return;
        }
        let shown = self.shown(Expression::Bytes(data));
        self.push(Node::Written(format!("int.from_bytes({shown}, 'little', signed=True)")));
    }

    /// The value on top, which becomes a variable if it is one that many may hold.
    fn name_shared(&mut self, name: &'static str) -> Result<Expression<'a>, Break> {
        let top = self.top(name)?;
        if let Expression::Node(index) = top
            && self.nodes.get(index as usize).is_some_and(Node::is_container)
        {
            let shown = self.shown(top);
            let variable = self.variable(&shown);
            if let Some(node) = self.nodes.get_mut(index as usize) {
                *node = Node::Written(variable);
            }
        }
        Ok(top)
    }

    fn put(&mut self, slot: u64, name: &'static str) -> Result<(), Break> {
        let top = if self.shared.contains(&slot) { self.name_shared(name)? } else { self.top(name)? };
        self.memo.insert(slot, top);
        Ok(())
    }

    fn get(&mut self, slot: u64) -> Result<(), Break> {
        let value = self.memo.get(&slot).copied().ok_or(Break::Memo(slot))?;
        self.stack.push(value);
        Ok(())
    }

    fn say(&mut self, line: String) {
        self.written = self.written.saturating_add(line.len());
        self.lines.push(line);
    }

    /// Binds `value` to a new variable and gives its name.
    fn variable(&mut self, value: &str) -> String {
        let variable = format!("v{}", self.variables);
        self.variables = self.variables.saturating_add(1);
        self.say(format!("{variable} = {value}"));
        variable
    }

    /// Pushes a new variable bound to `value`.
    fn assign(&mut self, value: &str) {
        let variable = self.variable(value);
        self.push(Node::Written(variable));
    }
}

fn slot(line: &[u8]) -> Option<u64> {
    u64::try_from(integer_line(line)?).ok()
}

/// Instructions read of one pickle. The pickle of a model of a thousand tensors has some fifty thousand.
const INSTRUCTIONS: u32 = 1 << 20;
/// Lines written of one pickle.
const LINES: usize = 100_000;
/// Bytes written of one pickle.
const BYTES: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(bytes: &[u8]) -> Vec<String> {
        decompile(bytes, 0, &[]).lines
    }

    #[test]
    fn a_call_becomes_an_import_and_an_assignment() {
        let program = decompile(b"\x80\x02cos\nsystem\nX\x02\0\0\0id\x85R.", 0, &[]);
        assert_eq!(program.lines, ["from os import system", "v0 = system('id')", "result = v0"]);
        assert_eq!((program.protocol, program.cut), (2, None));
    }

    #[test]
    fn every_way_to_call_has_its_own_line() {
        assert_eq!(lines(b"(S'id'\nios\nsystem\n.").get(1).unwrap(), "v0 = system('id')");
        assert_eq!(lines(b"(cos\nsystem\nS'id'\no.").get(1).unwrap(), "v0 = system('id')");
        assert_eq!(
            lines(b"cm\nC\n)\x81}b.").get(1..).unwrap(),
            ["v0 = C.__new__(C)", "v0.__setstate__({})", "result = v0"]
        );
        assert_eq!(lines(b"cm\nC\n)}\x92.").get(1).unwrap(), "v0 = C.__new__(C, **{})");
        assert_eq!(lines(b"cm\nC\nNR.").get(1).unwrap(), "v0 = C(*None)");
        assert_eq!(lines(b"Pid\n.").first().unwrap(), "v0 = persistent_load('id')");
        assert_eq!(lines(b"\x82\x07.").first().unwrap(), "v0 = extension(7)");
    }

    #[test]
    fn what_is_shared_is_a_variable_and_changes_of_it_are_lines() {
        // A list in a tuple twice, then filled.
        let shared = b"\x80\x04]\x94h\0\x86(h\0K\x01e0.";
        assert_eq!(lines(b"\x80\x04]\x94h\0K\x01a\x86."), ["v0 = []", "v0.append(1)", "result = (v0, v0)"]);
        assert!(lines(shared).first().unwrap().starts_with("v0 = []"));
        assert_eq!(lines(b"\x80\x04](K\x01K\x02e."), ["result = [1, 2]"]);
        let object = lines(b"ccollections\nOrderedDict\n)R(S'a'\nK\x01u.");
        assert_eq!(object.get(1..).unwrap(), ["v0 = OrderedDict()", "v0['a'] = 1", "result = v0"]);
    }

    #[test]
    fn names_that_clash_or_are_no_names_are_told_apart() {
        let two = lines(b"ca\nf\ncb\nf\n\x86.");
        assert_eq!(two, ["from a import f", "from b import f as f_1", "result = (f, f_1)"]);
        let dotted = lines(b"\x80\x04\x8c\x02os\x8c\x09path.join\x93.");
        assert_eq!(dotted, ["from os import path", "result = path.join"]);
        let odd = lines(b"\x80\x04\x8c\x03a b\x8c\x01f\x93.");
        assert_eq!(odd, ["v0 = getattr(import_module('a b'), 'f')", "result = v0"]);
        let computed = lines(b"\x80\x04cm\nf\n)R\x8c\x01f\x93.");
        assert_eq!(computed.get(2).unwrap(), "v1 = getattr(import_module(v0), 'f')");
    }

    #[test]
    fn what_is_shown_holds_no_control_characters_and_is_cut() {
        let odd = lines(b"X\x05\0\0\0\x1b[0m\n.");
        assert_eq!(odd, ["result = '\\x1b[0m\\n'"]);
        let long = [&b"B\0\x10\0\0"[..], &[7; 4096], b"."].concat();
        assert!(lines(&long).first().unwrap().len() < 2000);
        assert!(lines(&long).first().unwrap().contains("4096 bytes"));
    }

    #[test]
    fn a_broken_pickle_is_written_up_to_the_break() {
        let program = decompile(b"cos\nsystem\n(S'id'\ntR\xff", 0, &[]);
        assert_eq!(program.lines.get(1).unwrap(), "v0 = system('id')");
        assert!(program.cut.unwrap().contains("0xff"));
    }

    #[test]
    fn arrays_between_instructions_are_passed_over() {
        let program = decompile(b"N0\xff\xff\xffK\x01.", 0, &[(2, 5)]);
        assert_eq!(program.lines, ["# 3 bytes that are no pickle: an array", "result = 1"]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_written_without_panic(bytes: Vec<u8>) {
            for line in lines(&bytes) {
                prop_assert!(!line.chars().any(char::is_control));
            }
        }

        #[test]
        fn opcode_soup_is_written_without_panic(
            codes in prop::collection::vec(prop::sample::select(b"(.012NKaelt}]d)R\x85\x86\x87\x88\x8f\x90\x91\x93\x94bhqus\x81\x92o".to_vec()), 0..200)
        ) {
            for line in lines(&codes) {
                prop_assert!(!line.chars().any(char::is_control));
            }
        }
    }
}
