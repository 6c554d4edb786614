//! Follows the value stack through a code object far enough to say which names and constants meet in which call.
//!
//! Flow goes forward once through each code object; where paths join, the state saved by the jump is taken up again.
//! Names keep the last value bound to them. Strings built from constants are folded. Nothing loops: cost is linear in
//! the bytecode up to a budget of steps and of bytes copied; constants are shared, not copied, and nest two levels.

mod frame;
mod values;

pub(super) use frame::Frame;
use values::{shallow, spend};

use super::disassembly::{Instruction, disassemble};
use super::opcodes::{Op, Version};
use super::reader::{Code, Id, Marshalled, Object};
use std::collections::HashMap;
use std::rc::Rc;

/// A value as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Nothing is known.
    Unknown,
    /// The empty slot, or the receiver, beside a callable.
    Slot,
    None,
    Int(i64),
    Text(Rc<str>),
    Bytes(Rc<[u8]>),
    /// A module, or an attribute reached from one or from a built-in: `os.system`, `eval`.
    Path(String),
    /// A method of a text or byte constant: the constant, and the method's name.
    Method(Box<Value>, String),
    Sequence(Rc<Vec<Value>>),
    Code(Id),
}

/// A call whose callee has a name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    /// Dotted path of what is called.
    pub(super) callee: String,
    /// Positional arguments as far as they are known, keyword values after them.
    pub(super) arguments: Vec<Value>,
    /// Name of the function it stands in.
    pub(super) within: String,
}

/// What following all code objects gave.
#[derive(Debug, Default)]
pub(super) struct Flow {
    pub(super) calls: Vec<Call>,
    /// Modules imported, dotted, in order.
    pub(super) imports: Vec<String>,
    /// Dotted paths that were loaded, called or not.
    pub(super) references: Vec<String>,
    /// Strings that were put together from constants.
    pub(super) folded: Vec<Value>,
    /// Whether some bytecode could not be followed.
    pub(super) partial: bool,
    /// How often the stack ran out, had another depth where paths join, or a block was reached
    /// by nothing: signs of the wrong version.
    pub(super) faults: usize,
}

/// Longest stack followed.
const DEEPEST_STACK: usize = 512;
/// Longest folded string, in bytes.
pub(super) const LONGEST_TEXT: usize = 1 << 20;
/// Most states kept for jumps not yet reached.
const MOST_STATES: usize = 256;
/// Most calls, imports and references kept.
pub(super) const MOST_KEPT: usize = 4096;
/// Most steps in all code objects together.
const MOST_STEPS: usize = 1 << 21;
/// Most bytes copied out of constants and into folded strings.
const MOST_COPIED: usize = 32 << 20;
/// Longest name followed, in bytes; no real one comes near.
const LONGEST_NAME: usize = 256;

/// Follows every code object, outer before inner, with one set of global names.
pub(super) fn follow(marshalled: &Marshalled<'_>, version: Version) -> Flow {
    follow_first(marshalled, version, usize::MAX)
}

/// As [`follow`], for the first `count` code objects.
pub(super) fn follow_first(marshalled: &Marshalled<'_>, version: Version, count: usize) -> Flow {
    let mut follower = Follower {
        marshalled,
        version,
        globals: HashMap::new(),
        constants: HashMap::new(),
        flow: Flow::default(),
        steps: 0,
        copied: 0,
    };
    for code in marshalled.codes().take(count) {
        follower.code(code);
    }
    follower.flow
}

pub(super) struct Follower<'a, 'b> {
    marshalled: &'a Marshalled<'b>,
    version: Version,
    globals: HashMap<String, Value>,
    /// Constants already turned into values.
    constants: HashMap<Id, Value>,
    pub(super) flow: Flow,
    steps: usize,
    copied: usize,
}

impl Follower<'_, '_> {
    fn code(&mut self, code: &Code) {
        let marshalled = self.marshalled;
        let Some(Object::Bytes(bytecode)) = marshalled.get(code.bytecode) else { return };
        // Code objects may share their fields, so that many small ones cost as much as many large ones.
        let fields = [code.names, code.locals, code.cells, code.free, code.consts];
        let items: usize = fields.iter().map(|&field| marshalled.items(field).len()).sum();
        let cost = bytecode.len().saturating_add(items.saturating_mul(4)) / 2;
        self.steps = self.steps.saturating_add(cost);
        if self.steps > MOST_STEPS {
            self.flow.partial = true;
            return;
        }
        let (instructions, covered) = disassemble(bytecode, self.version);
        self.flow.partial |= covered < bytecode.len();
        let texts = |id| -> Vec<String> {
            marshalled.items(id).iter().map(|&item| name_text(marshalled, Some(item))).collect()
        };
        let mut derefs = texts(code.cells);
        derefs.extend(texts(code.free));
        let locals = texts(code.locals);
        if self.version >= 311 {
            derefs.clone_from(&locals);
        }
        let mut frame = Frame {
            names: texts(code.names),
            locals,
            derefs,
            consts: marshalled.items(code.consts).to_vec(),
            variables: HashMap::new(),
            stack: Vec::new(),
            sure: true,
            faults: 0,
            within: name_text(marshalled, code.name),
        };
        let mut saved: HashMap<usize, Vec<Value>> = HashMap::new();
        let mut alive = true;
        for instruction in &instructions {
            let state = saved.remove(&instruction.offset);
            if !alive {
                frame.sure = state.is_some();
                // A block that nothing leads to is a handler, or was compiled for other jumps.
                frame.faults = frame.faults.saturating_add(usize::from(!frame.sure));
                frame.stack = state.unwrap_or_default();
            } else if state.is_some_and(|state| frame.sure && state.len() != frame.stack.len()) {
                frame.faults = frame.faults.saturating_add(1);
            }
            alive = self.step(&mut frame, *instruction, &mut saved);
        }
        self.flow.faults = self.flow.faults.saturating_add(frame.faults);
    }

    /// Does one instruction; `false` when the next one is not reached from it.
    fn step(
        &mut self,
        frame: &mut Frame,
        instruction: Instruction,
        saved: &mut HashMap<usize, Vec<Value>>,
    ) -> bool {
        let Instruction { op, argument, .. } = instruction;
        let mut save = |target: usize, stack: &[Value]| {
            if saved.len() < MOST_STATES && target > instruction.offset && stack.len() <= 64 {
                saved.entry(target).or_insert_with(|| stack.to_vec());
            }
        };
        match op {
            Op::Nop | Op::Extended | Op::KwNames => {}
            Op::Const => {
                let value = frame.consts.get(argument).map_or(Value::Unknown, |&id| self.constant(id));
                frame.push(value);
            }
            Op::SmallInt => frame.push(Value::Int(i64::try_from(argument).unwrap_or_default())),
            Op::Name | Op::NameOver => {
                if op == Op::NameOver {
                    frame.pop();
                }
                let value = self.load(frame, &frame.name(argument));
                frame.push(value);
            }
            Op::Global => {
                let (index, with_null) =
                    if self.version >= 311 { (argument >> 1, argument & 1 == 1) } else { (argument, false) };
                let value = self.load(frame, &frame.name(index));
                self.push_callable(frame, value, with_null);
            }
            Op::Attr | Op::Method => {
                let split = self.version >= 312 && op == Op::Attr;
                let (index, with_slot) =
                    if split { (argument >> 1, argument & 1 == 1) } else { (argument, op == Op::Method) };
                let object = frame.pop();
                let value = self.attribute(object, &frame.name(index));
                self.push_callable(frame, value, with_slot);
            }
            Op::SuperAttr => {
                frame.pop_many(3);
                let method = argument & 1 == 1;
                self.push_callable(frame, Value::Unknown, method);
            }
            Op::Special => {
                frame.pop();
                frame.push(Value::Unknown);
                frame.push(Value::Slot);
            }
            Op::Fast => {
                let value = frame.local(argument);
                frame.push(value);
            }
            Op::FastFast => {
                let (first, second) = (frame.local(argument >> 4), frame.local(argument & 15));
                frame.push(first);
                frame.push(second);
            }
            Op::StoreFast => {
                let value = frame.pop();
                frame.bind(argument, value);
            }
            Op::StoreFastLoadFast => {
                let value = frame.pop();
                frame.bind(argument >> 4, value);
                let value = frame.local(argument & 15);
                frame.push(value);
            }
            Op::StoreFastStoreFast => {
                let value = frame.pop();
                frame.bind(argument >> 4, value);
                let value = frame.pop();
                frame.bind(argument & 15, value);
            }
            Op::Deref => {
                let name = frame.derefs.get(argument).cloned().unwrap_or_default();
                let value = frame.variables.get(&name).or_else(|| self.globals.get(&name)).cloned();
                frame.push(value.unwrap_or(Value::Unknown));
            }
            Op::StoreDeref | Op::StoreName => {
                let names = if op == Op::StoreDeref { &frame.derefs } else { &frame.names };
                let name = names.get(argument).cloned().unwrap_or_default();
                let value = frame.pop();
                // Inner functions see the names of outer ones.
                if self.globals.len() < MOST_KEPT {
                    self.globals.insert(name.clone(), value.clone());
                }
                frame.variables.insert(name, value);
            }
            Op::Import => {
                let from = frame.pop();
                frame.pop();
                let module = frame.name(argument);
                let bound = match from {
                    Value::Sequence(_) => module.clone(),
                    _ => module.split('.').next().unwrap_or_default().to_owned(),
                };
                self.import(module);
                frame.push(Value::Path(bound));
            }
            Op::ImportFrom => {
                let module = frame.stack.last().cloned().unwrap_or(Value::Unknown);
                let value = self.attribute(module, &frame.name(argument));
                frame.push(value);
            }
            Op::PushNull => frame.push(Value::Slot),
            Op::Call => {
                if self.version >= 311 {
                    let arguments = frame.pop_many(argument);
                    let callee = Self::pop_callable(frame);
                    self.call(frame, &callee, arguments);
                } else if self.version >= 306 {
                    let arguments = frame.pop_many(argument);
                    let callee = frame.pop();
                    self.call(frame, &callee, arguments);
                } else {
                    self.old_call(frame, argument, 0);
                }
            }
            Op::CallKw => {
                frame.pop();
                let arguments = frame.pop_many(argument);
                let callee = if self.version >= 313 { Self::pop_callable(frame) } else { frame.pop() };
                self.call(frame, &callee, arguments);
            }
            Op::CallMethod => {
                let arguments = frame.pop_many(argument);
                let callee = Self::pop_callable(frame);
                self.call(frame, &callee, arguments);
            }
            Op::CallEx => {
                if argument & 1 == 1 || self.version >= 314 {
                    frame.pop();
                }
                let arguments = frame.pop();
                let callee = match self.version {
                    311.. => Self::pop_callable(frame),
                    _ => frame.pop(),
                };
                let arguments = match arguments {
                    Value::Sequence(values) if spend(&mut self.copied, values.len().saturating_mul(16)) => {
                        values.to_vec()
                    }
                    other => vec![other],
                };
                self.call(frame, &callee, arguments);
            }
            Op::CallStar => self.old_call(frame, argument, 1),
            Op::CallStarStar => self.old_call(frame, argument, 2),
            Op::Exec => {
                frame.pop_many(2);
                let source = frame.pop();
                self.keep_call("exec", vec![source], frame);
            }
            Op::Add => self.add(frame),
            Op::Operator => match argument {
                // 0 is +, 13 is +=, 26 is the subscript of 3.14.
                0 | 13 => self.add(frame),
                26 => self.subscript(frame),
                _ => binary(frame),
            },
            Op::Binary => binary(frame),
            Op::Subscript => self.subscript(frame),
            Op::Slice3 => {
                frame.pop_many(3);
                frame.push(Value::Unknown);
            }
            Op::Unary => {
                frame.pop();
                frame.push(Value::Unknown);
            }
            Op::Under => {
                let top = frame.pop();
                frame.pop();
                frame.push(top);
            }
            Op::Build => {
                let values = frame.pop_many(argument);
                let values = values.into_iter().map(shallow).collect();
                frame.push(Value::Sequence(Rc::new(values)));
            }
            Op::Extend => {
                let more = frame.pop();
                let index = frame.stack.len().checked_sub(argument.max(1));
                if let (Some(Value::Sequence(list)), Value::Sequence(more)) =
                    (index.and_then(|index| frame.stack.get_mut(index)), more)
                    && list.len().saturating_add(more.len()) <= MOST_KEPT
                    && spend(&mut self.copied, list.len().saturating_add(more.len()).saturating_mul(16))
                {
                    Rc::make_mut(list).extend(more.iter().cloned().map(shallow));
                }
            }
            Op::BuildString => {
                let values = frame.pop_many(argument);
                let joined = self.join("", &values);
                frame.push(joined);
            }
            Op::BuildMap => {
                if self.version >= 305 {
                    frame.pop_many(argument.saturating_mul(2));
                }
                frame.push(Value::Unknown);
            }
            Op::BuildConstKeyMap => {
                frame.pop_many(argument.saturating_add(1));
                frame.push(Value::Unknown);
            }
            Op::Format => {
                if argument & 4 != 0 {
                    frame.pop();
                }
                if !matches!(frame.stack.last(), Some(Value::Text(_))) {
                    frame.pop();
                    frame.push(Value::Unknown);
                }
            }
            Op::MakeFunction => self.make_function(frame, argument, 0),
            Op::MakeClosure => self.make_function(frame, argument, 1),
            Op::Push => frame.push(Value::Unknown),
            Op::Pop => drop(frame.pop()),
            Op::Pop2 => drop(frame.pop_many(2)),
            Op::Pop3 => drop(frame.pop_many(3)),
            Op::Dup => {
                let top = frame.stack.last().cloned().unwrap_or(Value::Unknown);
                frame.push(top);
            }
            Op::Dup2 => {
                let pair = frame.pop_many(2);
                frame.stack.extend(pair.iter().cloned().chain(pair.clone()));
                frame.stack.truncate(DEEPEST_STACK);
            }
            Op::CopyAt => {
                let index = frame.stack.len().checked_sub(argument.max(1));
                let value = index.and_then(|index| frame.stack.get(index)).cloned().unwrap_or(Value::Unknown);
                frame.push(value);
            }
            Op::Swap => {
                let top = frame.stack.len().saturating_sub(1);
                if let Some(other) = frame.stack.len().checked_sub(argument.max(1)) {
                    frame.stack.swap(top.max(other), other);
                }
            }
            Op::Rot2 => rotate(frame, 2),
            Op::Rot3 => rotate(frame, 3),
            Op::Rot4 => rotate(frame, 4),
            Op::Unpack => {
                let values = match frame.pop() {
                    Value::Sequence(values) if values.len() == argument => values.to_vec(),
                    _ => vec![Value::Unknown; argument.min(DEEPEST_STACK)],
                };
                for value in values.into_iter().rev() {
                    frame.push(value);
                }
            }
            Op::CondJump => {
                frame.pop();
                save(self.target(instruction, false), &frame.stack);
            }
            Op::JumpOrPop => {
                save(self.target(instruction, false), &frame.stack);
                frame.pop();
            }
            Op::ForIter => {
                let below = frame.stack.len().saturating_sub(usize::from(self.version < 312));
                save(self.target(instruction, true), frame.stack.get(..below).unwrap_or_default());
                frame.push(Value::Unknown);
            }
            Op::JumpForward => {
                save(self.target(instruction, true), &frame.stack);
                return false;
            }
            Op::JumpAbsolute => {
                save(self.target(instruction, false), &frame.stack);
                return false;
            }
            Op::Return => {
                frame.pop();
                return false;
            }
            Op::End => return false,
            Op::Reset => {
                frame.stack.clear();
                frame.sure = false;
            }
        }
        true
    }
}

/// A name of a code object; one that is too long to be real is empty.
pub(super) fn name_text(marshalled: &Marshalled<'_>, id: Option<Id>) -> String {
    match marshalled.get(id) {
        Some(Object::Text(text) | Object::Bytes(text)) if text.len() <= LONGEST_NAME => {
            String::from_utf8_lossy(text).into_owned()
        }
        _ => String::new(),
    }
}

fn binary(frame: &mut Frame) {
    frame.pop_many(2);
    frame.push(Value::Unknown);
}

fn rotate(frame: &mut Frame, count: usize) {
    let mut values = frame.pop_many(count);
    values.rotate_right(1);
    frame.stack.extend(values);
    frame.stack.truncate(DEEPEST_STACK);
}
