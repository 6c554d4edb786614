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

/// Whether the function at `path` is a harmless one that calls what it is given, with what it is given.
pub(super) fn is_trampoline(path: &str) -> bool {
    matches!(
        path,
        "copy._reconstruct"
            | "copyreg._reconstructor"
            | "difflib.SequenceMatcher"
            | "heapq.nlargest"
            | "heapq.nsmallest"
            | "random.shuffle"
            | "torch._tensor._rebuild_from_type"
            | "torch._tensor._rebuild_from_type_v2"
            | "fastai.torch_core._fa_rebuild_tensor"
            | "fastai.torch_core._fa_rebuild_qtensor"
            | "jax._src.array._reconstruct_array"
            | "jax._src.device_array.reconstruct_device_array"
            | "sklearn.feature_extraction.text._analyze"
            | "sklearn.feature_extraction.text._preprocess"
            | "builtins.type.__call__"
            | "dill._dill._create_type"
            | "dill.dill._create_type"
            | "dill._dill._create_array"
            | "dill.dill._create_array"
    )
}

/// The calls that the trampoline at `path` makes besides what it does itself. Source: their own code.
pub(super) fn further(machine: &mut Machine<'_>, path: &str, arguments: Value) -> Vec<(Value, Value)> {
    if !is_trampoline(path) {
        return Vec::new();
    }
    let Some((given, _)) = machine.store.contents(arguments) else { return Vec::new() };
    let at = |index: usize| given.get(index).copied();
    let mut made: Vec<(Option<Value>, Vec<Value>)> = Vec::new();
    let mut with_items = |machine: &Machine<'_>, callee: Option<Value>, items: Option<Value>| {
        let held = items.and_then(|items| machine.store.contents(items)).map(|(items, _)| items);
        for item in held.unwrap_or_else(|| vec![Value::Plain]).into_iter().take(SCANNED) {
            made.push((callee, vec![item]));
        }
    };
    match path {
        "heapq.nlargest" | "heapq.nsmallest" => with_items(machine, at(2), at(1)),
        "difflib.SequenceMatcher" => with_items(machine, at(0), at(2)),
        "random.shuffle" => made.push((at(1), Vec::new())),
        "sklearn.feature_extraction.text._preprocess" => made.extend(at(0).map(|text| (at(1), vec![text]))),
        // Analyser, tokeniser, n-grams, preprocessor, decoder: each gets the document.
        "sklearn.feature_extraction.text._analyze" => {
            made.extend((1..6).filter_map(|index| Some((at(index), vec![at(0)?]))));
        }
        // A base other than `object` has its constructor run on the state.
        "copyreg._reconstructor" => {
            let base = at(1)
                .filter(|&base| machine.store.global_of(base).is_none_or(|base| base.module != "builtins"));
            made.push((base, at(2).into_iter().collect()));
        }
        "copy._reconstruct" => made.push((at(2), listed(machine, at(3)))),
        "torch._tensor._rebuild_from_type" | "torch._tensor._rebuild_from_type_v2" => {
            made.push((at(0), listed(machine, at(2))));
        }
        "jax._src.array._reconstruct_array"
        | "jax._src.device_array.reconstruct_device_array"
        | "dill._dill._create_array"
        | "dill.dill._create_array" => made.push((at(0), listed(machine, at(1)))),
        "fastai.torch_core._fa_rebuild_tensor" | "fastai.torch_core._fa_rebuild_qtensor" => {
            made.push((at(0), vec![Value::Plain]));
        }
        _ => made.push((at(0), given.iter().skip(1).copied().collect())),
    }
    let mut calls = Vec::new();
    for (callee, list) in made {
        let Some(callee) = callee.filter(|&callee| is_callable(machine, callee)) else { continue };
        calls.push((callee, machine.store.node(Kind::Tuple, &list)));
    }
    calls
}

/// The items of a sequence of arguments, or one that nobody knows.
fn listed(machine: &Machine<'_>, arguments: Option<Value>) -> Vec<Value> {
    let held = arguments.and_then(|arguments| machine.store.contents(arguments));
    held.map_or_else(|| vec![Value::Plain], |(items, _)| items)
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
/// Items of a sequence that a harmless function hands over one by one.
const SCANNED: usize = 64;
