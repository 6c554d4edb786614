//! A file of pickles: how it is told from other content, and its scan.

use super::stream::{follow_all, is_plausible};
use super::{opcodes as op, rules};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Kind, Rule};

/// One or more pickle streams.
#[derive(Debug, Clone, Copy)]
pub struct Pickle;

/// The format, for members that their container says are pickles.
pub(super) static PICKLE: Pickle = Pickle;

impl Format for Pickle {
    fn id(&self) -> &'static str {
        "pickle"
    }

    fn name(&self) -> &'static str {
        "Python pickle"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &[
            "pkl",
            "pickle",
            "p",
            "pck",
            "pcl",
            "pickled",
            "dill",
            "cloudpickle",
            "joblib",
            "jbl",
            "pt",
            "pth",
            "bin",
            "dat",
            "data",
            "ckpt",
            "model",
            "mdl",
            "sav",
            "save",
            "obj",
            "db",
            "cache",
            "state",
            "weights",
            "params",
            "vec",
            "emb",
            "pdparams",
            "pdopt",
            "pdiparams",
            "npy",
        ]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let bytes = input.bytes;
        match bytes {
            [op::PROTO, 0..=5, code, ..] if op::opcode(*code).is_some() => return Recognition::Certain,
            [] => return Recognition::No,
            _ => {}
        }
        let says_pickle = matches!(
            input.extension().as_ref(),
            "pkl" | "pickle" | "p" | "pck" | "pcl" | "pickled" | "dill" | "cloudpickle" | "joblib" | "jbl"
        );
        if is_text_program(bytes) {
            return Recognition::Certain;
        }
        if says_pickle { Recognition::Weak } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        if input.bytes.is_empty() {
            scan.gap(0, "the pickle is empty");
            return;
        }
        follow_all(input.bytes, 0, scan);
    }
}

/// Whether `bytes` are a pickle without a header. Text must not pass: the program has to work out on the stack, and
/// to import, or build something and stop where the content ends or another program begins.
fn is_text_program(bytes: &[u8]) -> bool {
    let starts_well = matches!(
        bytes.first(),
        Some(
            &(op::MARK
                | op::GLOBAL
                | op::EMPTY_DICT
                | op::EMPTY_LIST
                | op::EMPTY_TUPLE
                | op::STRING
                | op::UNICODE
                | op::INT
                | op::LONG
                | op::FLOAT
                | op::BINUNICODE
                | op::SHORT_BINUNICODE
                | op::SHORT_BINSTRING
                | op::BINSTRING
                | op::BININT
                | op::BININT1
                | op::BININT2
                | op::NONE
                | op::LONG1
                | op::FRAME
                | op::INST
                | op::SHORT_BINBYTES
                | op::BINBYTES
                | op::EMPTY_SET
                | op::PERSID)
        )
    );
    starts_well && is_plausible(bytes, 0) && is_program(bytes)
}

/// Whether the first instructions import a callable, or stop with nothing but pickles behind.
fn is_program(bytes: &[u8]) -> bool {
    let mut at = 0usize;
    for seen in 0..LOOKED_AT {
        let Ok(read) = op::lex(bytes, at) else { return false };
        at = read.end;
        match read.code {
            op::GLOBAL | op::INST | op::STACK_GLOBAL => return true,
            op::STOP => return seen > 1 && at == bytes.len(),
            _ => {}
        }
    }
    // Long enough that no text of another kind parses so far.
    true
}

/// Instructions read to tell a program from text.
const LOOKED_AT: usize = 200;
