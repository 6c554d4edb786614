//! Follows pickles in a file: one ([`follow`]), or all that lie one after another ([`follow_all`]).
//!
//! A stream is followed again, at most [`PASSES`] times, when values that the memo did not keep turn out to matter.
//! Cost: linear in the bytes, times the passes needed.

use super::decompile::decompile;
use super::judge::{Judge, PayloadData};
use super::machine::{Break, End, Machine};
use super::nested;
use super::opcodes::{self as op, lex};
use super::rules::{BROKEN_STREAM, DANGEROUS_REFERENCE, HIDDEN_CALL, TRAILING};
use super::store::Store;
use super::value::{Kind, Value};
use crate::Scan;
use bartizan_core::{Confidence, Finding, Severity};
use std::collections::HashSet;

/// Where one pickle ended, and what a container needs to know of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Followed {
    /// Offset in `bytes` just past the last byte the loader would have read.
    pub end: usize,
    /// Whether it ended by STOP; if not the loader fails at `end`.
    pub stopped: bool,
    /// The object it gives, as far as containers look at it.
    pub result: Literal,
    /// Torch storages it refers to by persistent id, in stream order.
    pub storages: Vec<Storage>,
}

/// A result simple enough to compare.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Literal {
    /// Anything else.
    #[default]
    Other,
    /// An integer of at most 128 bits.
    Int(i128),
    /// A string.
    Text(String),
    /// A list or tuple of strings, as the key list of a legacy torch file.
    TextList(Vec<String>),
}

/// A `('storage', class, key, location, elements)` persistent id as `torch.save` writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// Class name without module, for example `FloatStorage`.
    pub class: String,
    /// Key, which names the member or the storage.
    pub key: String,
    /// Number of elements.
    pub elements: u64,
}

/// Follows the pickle that starts at `start`, reports to `scan` with offsets from the start of `bytes`, and gives
/// where it ended. Raw array blocks that joblib writes into the stream are skipped on the way.
///
/// Only the one pickle is read: the caller decides what follows it.
pub fn follow(bytes: &[u8], start: usize, scan: &mut Scan<'_>) -> Followed {
    let mut skips = Vec::new();
    let followed = follow_within(bytes, start, true, &mut skips, scan);
    if scan.wants_programs() {
        scan.program(decompile(bytes, start, &skips));
    }
    followed
}

/// Follows the pickle at `start`; the arrays passed over go into `skips`.
fn follow_within(
    bytes: &[u8],
    start: usize,
    array_blocks: bool,
    skips: &mut Vec<(usize, usize)>,
    scan: &mut Scan<'_>,
) -> Followed {
    let mut pinned = HashSet::new();
    for pass in 1..=PASSES {
        let mut machine = Machine::new(bytes, start, pinned.clone(), array_blocks);
        let mut end = machine.run(scan);
        while end == End::ObjectBlock {
            // joblib reads an array of objects with a plain unpickler at this very place.
            let inner = follow_within(bytes, machine.position(), false, &mut Vec::new(), scan);
            machine.skip(machine.position(), inner.end);
            machine.resume_at(inner.end);
            end = if inner.stopped {
                machine.run(scan)
            } else {
                End::Broken(Break::Argument("an object array"))
            };
        }
        let fresh = machine.wanted.difference(&pinned).count();
        if fresh > 0 && pass < PASSES && end != End::OutOfTime {
            pinned.extend(machine.wanted);
            continue;
        }
        if fresh > 0 {
            scan.report(
                Finding::new(
                    &HIDDEN_CALL,
                    "Names or arguments are spread over more memo generations than can be followed.",
                )
                .at(start as u64),
            );
            scan.gap(start as u64, "memo references nest too deep to resolve; treat the pickle as hostile");
        }
        *skips = std::mem::take(&mut machine.skips);
        return finish(machine, end, start, scan);
    }
    Followed { end: start, ..Followed::default() }
}

/// Passes over one stream at most.
const PASSES: u32 = 6;

fn finish(mut machine: Machine<'_>, end: End, start: usize, scan: &mut Scan<'_>) -> Followed {
    Judge::finish(&mut machine, matches!(end, End::Broken(_)));
    let bytes = machine.store.bytes;
    let position = machine.position();
    for finding in std::mem::take(&mut machine.judge.findings) {
        scan.report(finding);
    }
    if machine.judge.dropped > 0 {
        scan.gap(start as u64, format!("{} further findings in one pickle left out", machine.judge.dropped));
    }
    if machine.judge.payloads_dropped > 0 {
        let dropped = machine.judge.payloads_dropped;
        scan.gap(
            start as u64,
            format!("{dropped} further strings that look like payloads were not looked into"),
        );
    }
    let (stopped, result) = match end {
        End::Stopped(value) => (true, literal(&machine.store, value)),
        End::Broken(error) => {
            broken(bytes, start, position, error, machine.judge.is_dangerous, scan);
            (false, Literal::Other)
        }
        End::OutOfTime | End::ObjectBlock => (false, Literal::Other),
    };
    let payloads = std::mem::take(&mut machine.judge.payloads);
    let storages = std::mem::take(&mut machine.storages);
    // The machine's memory goes before nested pickles take theirs.
    drop(machine);
    let mut done = HashSet::new();
    for payload in &payloads {
        // Several decoded strings may come of one opcode.
        let decoded = match &payload.data {
            PayloadData::Owned(data) => Some(data),
            PayloadData::InStream(_) => None,
        };
        if done.insert((payload.place, payload.purpose as u8, decoded)) {
            nested::inspect(bytes, payload, scan);
        }
    }
    Followed { end: position, stopped, result, storages }
}

fn literal(store: &Store<'_>, value: Value) -> Literal {
    match value {
        Value::Int(number) => Literal::Int(i128::from(number)),
        Value::Long { length, at } if length <= 16 => {
            let start = at as usize;
            let bytes = store.bytes.get(start..start.saturating_add(length as usize)).unwrap_or_default();
            let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
            let fill: i128 = if negative { -1 } else { 0 };
            Literal::Int(bytes.iter().rev().fold(fill, |value, &byte| (value << 8) | i128::from(byte)))
        }
        Value::Node(_) => {
            let Some(node) = store.get(value).filter(|node| matches!(node.kind, Kind::List | Kind::Tuple))
            else {
                return Literal::Other;
            };
            let items = store.items(node, usize::MAX);
            let texts: Option<Vec<String>> =
                items.iter().map(|&item| Some(store.text(item)?.into_owned())).collect();
            match texts {
                Some(texts) if texts.len() as u64 == node.count => Literal::TextList(texts),
                _ => Literal::Other,
            }
        }
        value => store.text(value).map_or(Literal::Other, |text| Literal::Text(text.into_owned())),
    }
}

/// The loader fails at `position`: what lies behind is not run, but never called clean.
fn broken(
    bytes: &[u8],
    start: usize,
    position: usize,
    error: Break,
    is_dangerous: bool,
    scan: &mut Scan<'_>,
) {
    let ran = if is_dangerous { " What was found before it has run by then." } else { "" };
    scan.report(
        Finding::new(&BROKEN_STREAM, format!("The loader fails at offset {position}: {error}.{ran}"))
            .at(position as u64),
    );
    scan.gap(
        position as u64,
        format!("the pickle at offset {start} breaks here: {error}; get an intact copy"),
    );
    sweep(bytes, position, scan);
}

/// Reports dangerous names behind a break: other loaders, or other versions, may get that far.
fn sweep(bytes: &[u8], from: usize, scan: &mut Scan<'_>) {
    let mut at = from;
    let mut recent: [Option<&str>; 2] = [None, None];
    let mut errors = 0u32;
    let mut reported = 0u32;
    for _ in 0..SWEEP {
        let read = match lex(bytes, at) {
            Ok(read) => read,
            Err(op::LexError::End) => return,
            Err(_) => {
                errors = errors.saturating_add(1);
                if errors > SWEEP_ERRORS {
                    return;
                }
                at = at.saturating_add(1);
                continue;
            }
        };
        at = read.end;
        let names = match read.code {
            op::GLOBAL | op::INST => {
                std::str::from_utf8(read.data).ok().zip(std::str::from_utf8(read.second).ok())
            }
            op::STACK_GLOBAL => recent[0].zip(recent[1]),
            op::BINUNICODE | op::SHORT_BINUNICODE | op::BINUNICODE8 => {
                recent = [recent[1], std::str::from_utf8(read.data).ok()];
                None
            }
            _ => None,
        };
        let Some((module, name)) = names else { continue };
        let (module, name) = super::names::modern(module, name);
        let standing = super::judge::standing_of(&module, &name);
        if let super::knowledge::Standing::Gadget { why, sole_reference, .. } = standing
            && reported < 16
        {
            reported = reported.saturating_add(1);
            let path = super::render::clip(&format!("{module}.{name}"));
            let message = format!(
                "Behind the break the stream names `{path}`, which {why}; another loader may get there."
            );
            scan.report(
                Finding::new(&DANGEROUS_REFERENCE, message)
                    .severity(sole_reference.min(Severity::Medium))
                    .confidence(Confidence::Low)
                    .at(read.at as u64)
                    .evidence(path),
            );
        }
    }
}

/// Instructions read behind a break.
const SWEEP: u32 = 1 << 20;
/// Bytes that are no opcode before the sweep takes the rest for other data.
const SWEEP_ERRORS: u32 = 4096;

/// Follows every pickle from `start` to the end, as a program does that calls `load` until nothing is left.
///
/// Between pickles up to [`SEPARATOR`] bytes of anything are passed over for streams of any protocol; beyond that the
/// search is for the header that protocols 2 and up begin with.
pub(super) fn follow_all(bytes: &[u8], start: usize, scan: &mut Scan<'_>) {
    let mut at = start;
    let mut is_first = true;
    let mut followed = 0u32;
    while at < bytes.len() {
        if scan.out_of_time() {
            return;
        }
        if !is_first && !is_plausible(bytes, at) {
            let next = next_pickle(bytes, at);
            let end = next.unwrap_or(bytes.len());
            if bytes
                .get(at..end)
                .is_some_and(|between| between.iter().any(|byte| !byte.is_ascii_whitespace() && *byte != 0))
            {
                scan.report(
                    Finding::new(
                        &TRAILING,
                        format!("{} bytes behind the end of a pickle are no pickle.", end.saturating_sub(at)),
                    )
                    .severity(if next.is_some() { Severity::Low } else { Severity::Info })
                    .at(at as u64),
                );
            }
            match next {
                Some(next) => at = next,
                None => return,
            }
        }
        is_first = false;
        followed = followed.saturating_add(1);
        if followed > STREAMS {
            scan.gap(at as u64, format!("more than {STREAMS} pickles one after another"));
            return;
        }
        let outcome = follow(bytes, at, scan);
        at = outcome.end.max(at.saturating_add(1));
    }
}

/// Pickles followed in one file.
const STREAMS: u32 = 10_000;
/// Bytes between pickles over which streams without a header are still found.
const SEPARATOR: usize = 64;

/// Where the next pickle behind `from` begins.
fn next_pickle(bytes: &[u8], from: usize) -> Option<usize> {
    let near = from.saturating_add(SEPARATOR).min(bytes.len());
    if let Some(found) = (from..near).find(|&at| is_plausible(bytes, at) && imports_something(bytes, at)) {
        return Some(found);
    }
    let mut at = from;
    while let Some(found) = memchr::memchr(0x80, bytes.get(at..)?) {
        let start = at.saturating_add(found);
        if matches!(bytes.get(start.saturating_add(1)), Some(2..=5)) && is_plausible(bytes, start) {
            return Some(start);
        }
        at = start.saturating_add(1);
    }
    None
}

/// Whether one of the first instructions at `start` imports a name or is a protocol header.
fn imports_something(bytes: &[u8], start: usize) -> bool {
    let mut at = start;
    for _ in 0..PROBED {
        let Ok(read) = lex(bytes, at) else { return false };
        if matches!(read.code, op::GLOBAL | op::INST | op::STACK_GLOBAL | op::PROTO) {
            return true;
        }
        if read.code == op::STOP {
            return false;
        }
        at = read.end;
    }
    false
}

/// Whether the bytes at `start` read like a pickle: a header and valid opcodes, or for protocols 0 and 1 a program
/// whose stack works out to STOP or far enough. Looks at [`PROBED`] instructions at most.
pub fn is_plausible(bytes: &[u8], start: usize) -> bool {
    let mut at = start;
    let mut height = 0i64;
    let mut marks: Vec<i64> = Vec::new();
    let has_header = matches!(bytes.get(start), Some(&op::PROTO));
    // A stream that breaks after a call has made the call: what follows cannot make it text.
    let (mut has_imported, mut has_called) = (false, false);
    for seen in 0..PROBED {
        let read = match lex(bytes, at) {
            Ok(read) => read,
            // A header and a few good opcodes that run into the end are a pickle cut short.
            Err(error) => {
                let is_cut = matches!(error, op::LexError::End | op::LexError::Short { .. });
                return has_called || (has_header && seen >= 2 && is_cut);
            }
        };
        let Some(row) = op::opcode(read.code) else { return has_called };
        if read.code == op::PROTO && !(0..=5).contains(&read.number) {
            return has_called;
        }
        if matches!(read.code, op::GLOBAL | op::INST)
            && !(is_dotted_name(read.data) && is_dotted_name(read.second))
        {
            return has_called;
        }
        has_imported |= matches!(read.code, op::GLOBAL | op::INST | op::STACK_GLOBAL);
        has_called |=
            read.code == op::INST || (has_imported && matches!(read.code, op::REDUCE | op::OBJ | op::NEWOBJ));
        let fence = marks.last().copied().unwrap_or(0);
        match (read.code, row.effect.pops) {
            (op::MARK, _) => marks.push(height),
            (op::STOP, _) => return has_called || height > fence || has_header,
            (op::POP, _) if height <= fence && !marks.is_empty() => {
                marks.pop();
            }
            (_, op::Effect::TO_MARK) => match marks.pop() {
                Some(mark) => height = mark.saturating_add(i64::from(row.effect.pushes)),
                None => return has_called || (has_header && seen > 2),
            },
            (_, pops) => {
                if height.saturating_sub(fence) < i64::from(pops) {
                    return has_called || (has_header && seen > 2);
                }
                if matches!(read.code, op::MEMOIZE | op::PUT | op::BINPUT | op::LONG_BINPUT)
                    && height <= fence
                {
                    return has_called || (has_header && seen > 2);
                }
                height = height.saturating_sub(i64::from(pops)).saturating_add(i64::from(row.effect.pushes));
            }
        }
        at = read.end;
    }
    true
}

/// Instructions looked at to tell a pickle from other data.
const PROBED: usize = 256;

fn is_dotted_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name.len() < 512
        && std::str::from_utf8(name).is_ok_and(|name| {
            name.chars().all(|one| one.is_alphanumeric() || matches!(one, '_' | '.' | '<' | '>'))
        })
}
