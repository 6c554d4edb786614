//! Code objects that a stream describes part by part, as arguments of `types.CodeType`, written as marshal would.
//!
//! Source: CPython `Objects/codeobject.c` (`code_new`), 2.7 to 3.14; cloudpickle and dill call it with the same order,
//! dill with the line table once more in front. The parts are found by their types, because each version adds some.

use super::judge::makes_code_object;
use super::machine::Machine;
use super::value::{Kind, Value};

/// A code object in marshal's format.
pub(super) struct Marshalled {
    /// What `marshal.dumps` would give; constants that no check reads are left out of it.
    pub(super) bytes: Vec<u8>,
    /// Whether nothing of it was out of sight.
    pub(super) is_whole: bool,
}

/// The code object that `callee(*arguments)` makes; `None` when the arguments do not describe one.
pub(super) fn of_call(machine: &mut Machine<'_>, callee: Value, arguments: Value) -> Option<Marshalled> {
    if !makes_code_object(&machine.store.global_of(callee)?.path()) {
        return None;
    }
    let mut writer = Writer { bytes: Vec::new(), is_whole: true, left: VALUES };
    writer.code(machine, arguments, 0)?;
    Some(Marshalled { bytes: writer.bytes, is_whole: writer.is_whole })
}

/// The code objects among the values reachable from `value`: those that a function built by the stream runs.
pub(super) fn within(machine: &mut Machine<'_>, value: Value) -> Vec<Marshalled> {
    let mut found = Vec::new();
    let mut open = vec![(value, 0u32)];
    let mut looked = 0usize;
    while let Some((value, depth)) = open.pop() {
        looked = looked.saturating_add(1);
        if looked > SEARCHED || found.len() >= FOUND {
            break;
        }
        if let Value::Lost(slot) = value {
            machine.want(slot);
        }
        let Some(node) = machine.store.get(value) else { continue };
        let (kind, items) = (node.kind, machine.store.items(node, SEARCHED));
        if let (Kind::Call, [callee, arguments, ..]) = (kind, items.as_slice())
            && let Some(code) = of_call(machine, *callee, *arguments)
        {
            found.push(code);
        } else if depth < DEPTH {
            open.extend(items.into_iter().map(|item| (item, depth.saturating_add(1))));
        }
    }
    found
}

struct Writer {
    bytes: Vec<u8>,
    is_whole: bool,
    /// Values that may still be written.
    left: usize,
}

impl Writer {
    /// Writes the code object with these constructor arguments.
    fn code(&mut self, machine: &mut Machine<'_>, arguments: Value, depth: u32) -> Option<()> {
        let (parts, is_whole) = machine.store.contents(arguments)?;
        self.is_whole &= is_whole;
        for &part in &parts {
            if let Value::Lost(slot) = part {
                machine.want(slot);
                self.is_whole = false;
            }
        }
        let is_tuple = |value: Value| {
            machine.store.get(value).is_some_and(|node| matches!(node.kind, Kind::Tuple | Kind::List))
        };
        // Bytecode, constants, names and locals stand together in every version.
        let at = parts.windows(4).position(|window| {
            matches!(window, [code, consts, names, locals] if machine.store.byte_string(*code).is_some()
                && [*consts, *names, *locals].into_iter().all(is_tuple))
        })?;
        let (before, from) = parts.split_at_checked(at)?;
        let [code, consts, names, locals, filename, name, rest @ ..] = from else { return None };
        let numbers = before.iter().rev().take_while(|value| matches!(value, Value::Int(_))).count();
        let qualified = rest.first().copied().filter(|&value| machine.store.text(value).is_some());
        // The cells are the last parts; a constructor may be called without them.
        let tuples: Vec<Value> = rest.iter().copied().filter(|&value| is_tuple(value)).collect();
        let (free, cells) = (tuples.first().copied(), tuples.get(1).copied());
        // Counts and flags say nothing that is judged.
        let counts: usize = match (qualified, numbers) {
            (None, 6..) => 6,
            (Some(_), _) | (None, 5) => 5,
            (None, _) => 4,
        };
        self.bytes.push(b'c');
        self.bytes.resize(self.bytes.len().saturating_add(counts.saturating_mul(4)), 0);
        self.value(machine, *code, depth)?;
        self.value(machine, *consts, depth)?;
        self.value(machine, *names, depth)?;
        if qualified.is_some() {
            // One table of locals, cells and free variables, and one of what each is.
            let mut all = Vec::new();
            for table in [Some(*locals), cells, free].into_iter().flatten() {
                let (names, is_whole) = machine.store.contents(table)?;
                self.is_whole &= is_whole;
                all.extend(names);
            }
            self.sequence(machine, b'(', &all, depth)?;
            self.string(b's', &vec![0; all.len()])?;
        } else {
            self.value(machine, *locals, depth)?;
            for table in [free, cells] {
                match table {
                    Some(table) => self.value(machine, table, depth)?,
                    None => self.sequence(machine, b'(', &[], depth)?,
                }
            }
        }
        self.text(machine, *filename)?;
        self.text(machine, *name)?;
        if let Some(qualified) = qualified {
            self.text(machine, qualified)?;
        }
        self.bytes.extend([0; 4]);
        let tables = if qualified.is_some() { 2 } else { 1 };
        for _ in 0..tables {
            self.string(b's', b"")?;
        }
        Some(())
    }

    fn value(&mut self, machine: &mut Machine<'_>, value: Value, depth: u32) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        match value {
            Value::None => self.bytes.push(b'N'),
            Value::Bool(held) => self.bytes.push(if held { b'T' } else { b'F' }),
            Value::Int(number) => {
                self.bytes.push(b'I');
                self.bytes.extend(number.to_le_bytes());
            }
            Value::Lost(slot) => {
                machine.want(slot);
                self.is_whole = false;
                self.bytes.push(b'.');
            }
            Value::Node(_) if depth < DEPTH => {
                let deeper = depth.saturating_add(1);
                let kind = machine.store.get(value)?.kind;
                let (items, is_whole) = machine.store.contents(value)?;
                self.is_whole &= is_whole;
                match (kind, items.as_slice()) {
                    (Kind::Tuple, items) => self.sequence(machine, b'(', items, deeper)?,
                    (Kind::List, items) => self.sequence(machine, b'[', items, deeper)?,
                    (Kind::Set, items) => self.sequence(machine, b'>', items, deeper)?,
                    (Kind::Call, &[callee, arguments, ..])
                        if machine
                            .store
                            .global_of(callee)
                            .is_some_and(|callee| makes_code_object(&callee.path())) =>
                    {
                        self.code(machine, arguments, deeper)?;
                    }
                    _ => self.bytes.push(b'.'),
                }
            }
            Value::Node(_) => {
                self.is_whole = false;
                self.bytes.push(b'.');
            }
            value => {
                let is_text = machine.store.text(value).is_some();
                match machine.store.raw(value) {
                    Some(raw) => self.string(if is_text { b'u' } else { b's' }, raw)?,
                    // Floats and what a constant cannot be.
                    None => self.bytes.push(b'.'),
                }
            }
        }
        Some(())
    }

    fn sequence(&mut self, machine: &mut Machine<'_>, code: u8, items: &[Value], depth: u32) -> Option<()> {
        self.bytes.push(code);
        self.bytes.extend(u32::try_from(items.len()).ok()?.to_le_bytes());
        items.iter().try_for_each(|&item| self.value(machine, item, depth))
    }

    /// A name of the code object, empty when it is not a string.
    fn text(&mut self, machine: &Machine<'_>, value: Value) -> Option<()> {
        self.string(b'u', machine.store.raw(value).unwrap_or_default())
    }

    fn string(&mut self, code: u8, data: &[u8]) -> Option<()> {
        if self.bytes.len().saturating_add(data.len()) > BYTES {
            return None;
        }
        self.bytes.push(code);
        self.bytes.extend(u32::try_from(data.len()).ok()?.to_le_bytes());
        self.bytes.extend(data);
        Some(())
    }
}

/// Longest code object written, in bytes.
const BYTES: usize = 1 << 20;
/// Values written of one code object.
const VALUES: usize = 64 << 10;
/// Nesting of constants and of code in code.
const DEPTH: u32 = 16;
/// Values searched for code objects.
const SEARCHED: usize = 256;
/// Code objects taken from one function.
const FOUND: usize = 16;
