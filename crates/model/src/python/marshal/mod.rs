//! Marshalled Python code objects of any CPython version from 2.7 on, disassembled without an interpreter.
//!
//! Marshal does not say which version wrote it: the layout is found by trying, the opcodes by which table makes sense
//! of the bytecode. [`inspect`] reports what the code would do when run; [`summarize`] gives the names, constants and
//! calls to callers that judge for themselves. That code is shipped at all is for the caller to report.

mod disassembly;
mod flow;
mod folding;
mod judgement;
mod opcodes;
mod reader;
mod rules;

pub use rules::{BYTECODE_DANGEROUS_CALL, BYTECODE_IMPORT, BYTECODE_PAYLOAD, BYTECODE_UNREADABLE};

use crate::Scan;
use bartizan_core::{Location, Rule};
use flow::Value;
use reader::{Code, Id, Marshalled, Object};
use std::collections::HashSet;

/// The rules [`inspect`] may report.
pub static RULES: &[&Rule] =
    &[&BYTECODE_DANGEROUS_CALL, &BYTECODE_IMPORT, &BYTECODE_PAYLOAD, &BYTECODE_UNREADABLE];

/// Inspects `bytes` as one marshalled object (what `marshal.loads` would take, without a `.pyc` header) found at
/// `place`, and reports what its code would do. Gives `false` when the bytes are not a marshalled code object.
pub fn inspect(bytes: &[u8], place: &Location, scan: &mut Scan<'_>) -> bool {
    inspect_in(bytes, Setting::Payload, place, scan)
}

/// Where a code object stands, which decides what is normal in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Inside a model file: nothing but arithmetic is normal.
    Payload,
    /// A function that a pickle holds: nothing but arithmetic is normal, and nothing runs before it is called.
    Function,
    /// A compiled module beside a model: functions that use files and the network are normal, running them on import
    /// is not.
    Module,
}

pub(crate) fn inspect_in(bytes: &[u8], setting: Setting, place: &Location, scan: &mut Scan<'_>) -> bool {
    if !looks_marshalled(bytes) {
        return false;
    }
    let marshalled = reader::read(bytes);
    if !marshalled.codes().any(|code| code.bytecode.is_some()) {
        return false;
    }
    judgement::judge(&marshalled, setting, place, scan);
    true
}

/// Whether the first byte is that of a code object, or of a tuple or list that may hold one.
fn looks_marshalled(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| matches!(first & 0x7f, b'c' | b'(' | b')' | b'[' | b'{'))
}

/// What a marshalled code object holds, nested code included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeSummary {
    /// Version of CPython that fits the bytecode best, as `(major, minor)`.
    pub version: (u8, u8),
    /// Name of the outermost code object, for example `<lambda>`.
    pub name: String,
    /// Source file the code says it came from.
    pub filename: String,
    /// Global and attribute names, in order of use, each once.
    pub names: Vec<String>,
    /// Text constants, and byte constants that are text, each once.
    pub strings: Vec<String>,
    /// Modules imported.
    pub imports: Vec<String>,
    /// Calls of what has a name.
    pub calls: Vec<CodeCall>,
    /// Number of code objects.
    pub code_objects: usize,
    /// Whether all bytecode could be followed.
    pub complete: bool,
}

/// One call in a code object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeCall {
    /// Dotted name of the callee as the code spells it, imports resolved: `os.system`, `eval`.
    pub callee: String,
    /// Arguments as Python would write them; `…` where unknown.
    pub arguments: Vec<String>,
}

/// The names, constants and calls of a marshalled code object; `None` when the bytes hold none that reads to its end.
pub fn summarize(bytes: &[u8]) -> Option<CodeSummary> {
    if !looks_marshalled(bytes) {
        return None;
    }
    let marshalled = reader::read(bytes);
    if marshalled.error.is_some() {
        return None;
    }
    let outer = marshalled.codes().next()?;
    let version = disassembly::version(&marshalled);
    let flow = flow::follow(&marshalled, version);
    let names = distinct(&marshalled, |code| code.names).filter_map(|id| marshalled.text(Some(id))).collect();
    let strings = distinct(&marshalled, |code| code.consts)
        .filter_map(|id| match marshalled.get(Some(id))? {
            Object::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
            Object::Bytes(bytes) => std::str::from_utf8(bytes).ok().map(str::to_owned),
            _ => None,
        })
        .collect();
    Some(CodeSummary {
        version: ((version / 100) as u8, (version % 100) as u8),
        name: marshalled.text(outer.name).unwrap_or_default(),
        filename: marshalled.text(outer.filename).unwrap_or_default(),
        names: once(names),
        strings: once(strings),
        imports: once(flow.imports),
        calls: flow
            .calls
            .into_iter()
            .map(|call| CodeCall {
                callee: call.callee,
                arguments: call.arguments.iter().map(shown).collect(),
            })
            .collect(),
        code_objects: marshalled.codes().count(),
        complete: !flow.partial,
    })
}

/// The items of one field of every code object, each object once however many share it.
fn distinct<'m>(
    marshalled: &'m Marshalled<'_>,
    field: impl Fn(&Code) -> Option<Id> + 'm,
) -> impl Iterator<Item = Id> + 'm {
    let (mut fields, mut items) = (HashSet::new(), HashSet::new());
    marshalled
        .codes()
        .filter_map(move |code| field(code).filter(|&id| fields.insert(id)))
        .flat_map(|id| marshalled.items(Some(id)).iter().copied())
        .filter(move |&id| items.insert(id))
}

/// `values` without repeats, in order.
fn once(values: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    values.into_iter().filter(|value| seen.insert(value.clone())).collect()
}

/// A value as Python would write it, cut to a readable length.
fn shown(value: &Value) -> String {
    match value {
        Value::None => "None".to_owned(),
        Value::Int(value) => value.to_string(),
        Value::Text(text) => format!("'{}'", bartizan_core::printable(text, SHOWN_CHARS)),
        Value::Bytes(bytes) => {
            format!(
                "b'{}'",
                bartizan_core::printable(
                    &String::from_utf8_lossy(bytes.get(..SHOWN_CHARS).unwrap_or(bytes)),
                    SHOWN_CHARS
                )
            )
        }
        Value::Path(path) => bartizan_core::printable(path, SHOWN_CHARS),
        Value::Sequence(values) => {
            format!("[{}]", values.iter().take(SHOWN_ITEMS).map(shown).collect::<Vec<_>>().join(", "))
        }
        Value::Unknown | Value::Slot | Value::Method(..) | Value::Code(_) => "…".to_owned(),
    }
}

/// Longest constant shown, in characters.
const SHOWN_CHARS: usize = 120;
/// Most items of a sequence shown.
const SHOWN_ITEMS: usize = 8;

#[cfg(test)]
mod tests;
