//! Bytecode into instructions, and the version of CPython it was compiled for.

use super::flow::follow_first;
use super::opcodes::{Op, Version, cache_entries, table};
use super::reader::{Code, Layout, Marshalled, Object};

/// One instruction, its argument widened by the prefixes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instruction {
    pub(super) offset: usize,
    /// Offset of the instruction after it, past cache entries.
    pub(super) next: usize,
    pub(super) op: Op,
    pub(super) argument: usize,
}

/// Longest bytecode of one code object followed, in bytes.
pub(super) const MOST_BYTECODE: usize = 1 << 20;

/// The instructions of `bytecode` as `version` reads it, up to the first opcode it does not have, and how many bytes
/// that covered.
pub(super) fn disassemble(bytecode: &[u8], version: Version) -> (Vec<Instruction>, usize) {
    let table = table(version);
    let bytecode = bytecode.get(..MOST_BYTECODE).unwrap_or(bytecode);
    let mut instructions: Vec<Instruction> = Vec::new();
    let (mut offset, mut extended) = (0usize, 0usize);
    while let Some(&number) = bytecode.get(offset) {
        let Some(op) = table.get(usize::from(number)).copied().flatten() else {
            return (instructions, offset);
        };
        let has_argument = version >= 306 || number >= HAVE_ARGUMENT;
        let width = match (version >= 306, has_argument) {
            (true, _) => 2,
            (false, true) => 3,
            (false, false) => 1,
        };
        let low = bytecode.get(offset.saturating_add(1)).copied().map_or(0, usize::from);
        let argument = match (version >= 306, has_argument) {
            (true, _) => extended << 8 | low,
            (false, true) => {
                let high = bytecode.get(offset.saturating_add(2)).copied().map_or(0, usize::from);
                extended << 16 | high << 8 | low
            }
            (false, false) => 0,
        };
        let start = offset;
        offset = offset.saturating_add(width);
        if op == Op::Extended {
            extended = argument & 0x00ff_ffff;
            continue;
        }
        extended = 0;
        // Cache entries are zero words; 3.10 and earlier have no opcode 0 that could be mistaken for one.
        if version >= 311 && number == 0 {
            if let Some(last) = instructions.last_mut() {
                last.next = offset;
            }
            continue;
        }
        instructions.push(Instruction { offset: start, next: offset, op, argument });
    }
    (instructions, offset.min(bytecode.len()))
}

/// First opcode that takes an argument, before 3.6.
const HAVE_ARGUMENT: u8 = 90;

/// The version whose opcodes fit the code objects best: a version marshal does not tell, but opcodes that do not
/// exist, indices out of range, cache entries that do not match and a stack that runs out do.
pub(super) fn version(marshalled: &Marshalled<'_>) -> Version {
    let candidates: &[Version] = match marshalled.layout {
        Layout::Python2 => &[207],
        Layout::Python30 => &[307, 306, 305, 304, 300],
        Layout::Python38 => &[310, 309, 308],
        Layout::Python311 => &[314, 313, 312, 311],
    };
    let mut bytes = 0usize;
    let within = |code: &&Code| {
        bytes = bytes.saturating_add(match marshalled.get(code.bytecode) {
            Some(Object::Bytes(bytecode)) => bytecode.len(),
            _ => 0,
        });
        bytes <= BYTECODE_JUDGED
    };
    let judged = marshalled.codes().take(CODES_JUDGED).take_while(within).count().max(1);
    let faults = |version: Version| -> usize {
        let opcodes: usize =
            marshalled.codes().take(judged).map(|code| faults(marshalled, code, version)).sum();
        opcodes.saturating_mul(4).saturating_add(follow_first(marshalled, version, judged).faults)
    };
    candidates.iter().copied().min_by_key(|&version| faults(version)).unwrap_or(207)
}

/// How many code objects vote on the version.
const CODES_JUDGED: usize = 512;
/// How much bytecode votes on the version, in bytes, beyond the first code object.
const BYTECODE_JUDGED: usize = 256 << 10;

/// How much of `code` makes no sense under `version`.
fn faults(marshalled: &Marshalled<'_>, code: &Code, version: Version) -> usize {
    let Some(Object::Bytes(bytecode)) = marshalled.get(code.bytecode) else { return 0 };
    let (instructions, covered) = disassemble(bytecode, version);
    let constants = marshalled.items(code.consts).len();
    let names = marshalled.items(code.names).len();
    let locals = marshalled.items(code.locals).len();
    let mut faults = bytecode.len().min(MOST_BYTECODE).saturating_sub(covered);
    for instruction in &instructions {
        let argument = instruction.argument;
        let fits = match instruction.op {
            Op::Const => argument < constants,
            Op::Name | Op::StoreName | Op::Import | Op::ImportFrom | Op::Method => argument < names,
            Op::Global => (if version >= 311 { argument >> 1 } else { argument }) < names,
            Op::Attr => (if version >= 312 { argument >> 1 } else { argument }) < names,
            Op::Fast | Op::StoreFast => argument < locals,
            _ => true,
        };
        let words = instruction.next.saturating_sub(instruction.offset) / 2;
        let cached = version < 311
            || cache_entries(version, instruction.op).is_none_or(|count| words == count.saturating_add(1));
        faults = faults.saturating_add(usize::from(!fits)).saturating_add(usize::from(!cached));
    }
    // Wordcode ends in a return, a raise or a jump back.
    let ends =
        instructions.last().is_none_or(|last| matches!(last.op, Op::Return | Op::End | Op::JumpAbsolute));
    faults.saturating_add(usize::from(!ends))
}
