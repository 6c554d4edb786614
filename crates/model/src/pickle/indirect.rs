//! Calls that a harmless callable makes for the stream: `map`, `filter`, `reduce` and their like call what they are
//! given with what they are given.
//!
//! The lazy ones count as run: whatever walks them runs them, and a stream that builds one means it to be walked.

use super::machine::Machine;
use super::value::{Kind, Value};

/// The calls `path(*arguments)` makes, as callee and arguments; the first few items of each sequence.
pub(super) fn calls(machine: &mut Machine<'_>, path: &str, arguments: Value) -> Vec<(Value, Value)> {
    let path = path.strip_prefix('_').unwrap_or(path);
    if !matches!(
        path,
        "builtins.map"
            | "builtins.filter"
            | "builtins.iter"
            | "functools.reduce"
            | "itertools.accumulate"
            | "itertools.dropwhile"
            | "itertools.filterfalse"
            | "itertools.groupby"
            | "itertools.starmap"
            | "itertools.takewhile"
            | "multiprocessing.pool.Pool.map"
    ) {
        return Vec::new();
    }
    let Some((given, _)) = machine.store.contents(arguments) else { return Vec::new() };
    let (first, second) = (given.first().copied(), given.get(1).copied());
    // What is called, and whether with the items of the second argument one by one.
    let (callee, items) = match path {
        "itertools.accumulate" | "itertools.groupby" => (second, first),
        "builtins.iter" if second.is_none() => (None, None),
        _ => (first, second),
    };
    let Some(callee) = callee.filter(|&callee| is_callable(machine, callee)) else { return Vec::new() };
    let held: Vec<Value> = items
        .and_then(|items| machine.store.contents(items))
        .map(|(items, _)| items.into_iter().take(ITEMS).collect())
        .unwrap_or_default();
    let unknown = Value::Plain;
    let argument_lists: Vec<Vec<Value>> = match path {
        "builtins.iter" => vec![Vec::new()],
        "functools.reduce" | "itertools.accumulate" => {
            let initial = if path == "functools.reduce" { given.get(2).copied() } else { None };
            let mut values = initial.into_iter().chain(held);
            vec![vec![values.next().unwrap_or(unknown), values.next().unwrap_or(unknown)]]
        }
        "itertools.starmap" => held
            .into_iter()
            .map(|item| machine.store.contents(item).map_or_else(|| vec![unknown], |(items, _)| items))
            .collect(),
        _ if held.is_empty() => vec![vec![unknown]],
        _ => held.into_iter().map(|item| vec![item]).collect(),
    };
    argument_lists.into_iter().map(|list| (callee, machine.store.node(Kind::Tuple, &list))).collect()
}

/// Whether `value` could be called: not `None`, a number or a string.
fn is_callable(machine: &Machine<'_>, value: Value) -> bool {
    match value {
        Value::Global(_) => true,
        Value::Node(_) => machine.store.get(value).is_some_and(|node| !node.is_container()),
        _ => false,
    }
}

/// Items of a sequence with which a call is followed.
const ITEMS: usize = 4;
