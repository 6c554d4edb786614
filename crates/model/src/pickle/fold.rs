//! Constant folding: what harmless builtins would return, so that a name put together by calls is seen.
//!
//! Only pure functions of strings, bytes, integers and sequences are folded, and attribute look-ups on modules. Each
//! result is bounded by [`MOST_BYTES`], each call by the size of its arguments.

mod functions;
mod methods;

use super::machine::Machine;
use super::names;
use super::store::Folded;
use super::stream::Storage;
use super::value::{Kind, Value};
use crate::python::strings::{MOST_BYTES, slice};
use functions::function;
use methods::method;

/// Items of a sequence that are folded.
const SEQUENCE: usize = 4096;
/// Nesting of partial and getter calls.
const DEPTH: u32 = 8;

/// The global that STACK_GLOBAL finds for the values `module` and `name`; `None` when the loader fails.
pub(super) fn import(machine: &mut Machine<'_>, module: Value, name: Value, place: u64) -> Option<Value> {
    for value in [module, name] {
        if let Value::Lost(slot) = value {
            machine.want(slot);
            return Some(Value::Plain);
        }
    }
    let store = &machine.store;
    if let (Some(module_text), Some(name_text)) = (store.text(module), store.text(name)) {
        let (module_text, name_text) = (module_text.into_owned(), name_text.into_owned());
        let assembled = if store.is_assembled(module) || store.is_assembled(name) {
            "its name is put together by calls in the stream"
        } else {
            ""
        };
        let (module_text, name_text) = names::modern(&module_text, &name_text);
        return Some(machine.store.global(&module_text, &name_text, place, assembled));
    }
    let could_be_text = |value: Value| {
        store.text(value).is_some()
            || matches!(value, Value::Plain | Value::Run(_) | Value::Folded(_))
            || store.get(value).is_some_and(|node| matches!(node.kind, Kind::Call | Kind::Persistent))
    };
    if could_be_text(module) && could_be_text(name) {
        let shown = super::render::import(machine, module, name);
        machine.judge.hidden_name(&shown, place);
        return Some(Value::Plain);
    }
    None
}

/// The torch storage that a persistent id of the form `('storage', class, key, location, elements, …)` names.
pub(super) fn torch_storage(machine: &Machine<'_>, id: Value) -> Option<Storage> {
    let (items, _) = machine.store.contents(id)?;
    let [tag, class, key, location, elements, ..] = items.get(..)? else { return None };
    if machine.store.text(*tag)? != "storage" {
        return None;
    }
    let class = machine.store.global_of(*class)?;
    let _: String = machine.store.text(*location)?.into_owned();
    let elements = match *elements {
        Value::Int(elements) => u64::try_from(elements).ok()?,
        _ => return None,
    };
    Some(Storage { class: class.name.clone(), key: machine.store.text(*key)?.into_owned(), elements })
}

/// What calling `callee` with the tuple `arguments` gives, when that can be known.
pub(super) fn call(machine: &mut Machine<'_>, callee: Value, arguments: Value, place: u64) -> Option<Value> {
    let may_fold = match callee {
        Value::Global(_) => machine.store.global_of(callee).is_some_and(|global| global.folds),
        Value::Node(_) => machine
            .store
            .get(callee)
            .is_some_and(|node| matches!(node.kind, Kind::Attribute | Kind::Partial | Kind::Getter)),
        _ => false,
    };
    if !may_fold {
        return None;
    }
    let arguments = sequence(machine, arguments)?;
    apply(machine, callee, &arguments, place, 0)
}

/// Whether functions of `module` are folded.
pub(super) fn folds(module: &str) -> bool {
    matches!(
        module,
        "builtins"
            | "operator"
            | "_operator"
            | "functools"
            | "_functools"
            | "codecs"
            | "_codecs"
            | "base64"
            | "binascii"
            | "zlib"
            | "gzip"
            | "bz2"
            | "importlib"
            | "importlib._bootstrap"
            | "pkgutil"
            | "sys"
            | "itertools"
            | "string"
            | "copy"
            | "types"
            | "numpy.core"
            | "numpy._core"
    ) || module.starts_with("cloudpickle")
        || module.starts_with("dill")
}

/// Whether the function at `path` gives one name of a module it imports, so that its result says all of the call.
pub(super) fn is_attribute_import(path: &str) -> bool {
    matches!(path, "numpy.core._ufunc_reconstruct" | "numpy._core._ufunc_reconstruct")
}

/// Whether `value` is an `operator.methodcaller`.
pub(super) fn is_method_caller(machine: &Machine<'_>, value: Value) -> bool {
    let getter = machine.store.get(value).and_then(|node| machine.store.first(node));
    getter
        .and_then(|getter| machine.store.global_of(getter))
        .is_some_and(|getter| getter.name == "methodcaller")
}

fn apply(
    machine: &mut Machine<'_>,
    callee: Value,
    arguments: &[Value],
    place: u64,
    depth: u32,
) -> Option<Value> {
    if depth > DEPTH {
        return None;
    }
    if let Some(global) = machine.store.global_of(callee) {
        let path = global.path();
        return function(machine, &path, arguments, place, depth);
    }
    let (inner, extra) = unwrap(machine, callee)?;
    match machine.store.get(callee)?.kind {
        Kind::Attribute => {
            let name = machine.store.text(*extra.first()?)?.into_owned();
            method(machine, inner, &name, arguments, place)
        }
        Kind::Partial => {
            let all: Vec<Value> = extra.iter().chain(arguments).copied().collect();
            apply(machine, inner, &all, place, depth.saturating_add(1))
        }
        Kind::Getter => {
            let getter = machine.store.global_of(inner)?.name.clone();
            let (&first, rest) = extra.split_first()?;
            let &object = arguments.first()?;
            match getter.as_str() {
                "attrgetter" | "itemgetter" => {
                    let mut taken = Vec::with_capacity(extra.len());
                    for &wanted in extra.iter().take(SEQUENCE) {
                        taken.push(if getter == "itemgetter" {
                            item(machine, object, wanted, place)?
                        } else {
                            let path = machine.store.text(wanted)?.into_owned();
                            path.split('.')
                                .try_fold(object, |object, name| attribute(machine, object, name, place))?
                        });
                    }
                    match taken.as_slice() {
                        [one] => Some(*one),
                        many => Some(machine.store.node(Kind::Tuple, many)),
                    }
                }
                _ => {
                    let name = machine.store.text(first)?.into_owned();
                    let bound = attribute(machine, object, &name, place)?;
                    apply(machine, bound, rest, place, depth.saturating_add(1))
                }
            }
        }
        _ => None,
    }
}

/// The object behind an attribute, partial or getter, and what it was given.
fn unwrap(machine: &Machine<'_>, callee: Value) -> Option<(Value, Vec<Value>)> {
    let (items, complete) = machine.store.contents(callee)?;
    let (&inner, extra) = items.split_first()?;
    complete.then(|| (inner, extra.to_vec()))
}

/// The call that `callee(*arguments)` really makes: partials, method callers and `operator.call` unwrapped.
pub(super) fn effective(
    machine: &mut Machine<'_>,
    callee: Value,
    arguments: Value,
    place: u64,
) -> (Value, Value) {
    let (mut callee, mut given) = (callee, arguments);
    for _ in 0..DEPTH {
        let kind = machine.store.get(callee).map(|node| node.kind);
        let path = machine.store.global_of(callee).map(super::store::Global::path);
        let next = match (kind, path.as_deref()) {
            (Some(Kind::Partial), _) => unwrap(machine, callee).and_then(|(inner, extra)| {
                let more = sequence(machine, given)?;
                Some((inner, extra.into_iter().chain(more).collect::<Vec<_>>()))
            }),
            (Some(Kind::Getter), _) => unwrap(machine, callee).and_then(|(inner, extra)| {
                let is_method = machine.store.global_of(inner)?.name == "methodcaller";
                let (&name, rest) = extra.split_first()?;
                let name = machine.store.text(name)?.into_owned();
                let &object = sequence(machine, given)?.first()?;
                let bound = attribute(machine, object, &name, place)?;
                is_method.then(|| (bound, rest.to_vec()))
            }),
            (_, Some("operator.call" | "_operator.call")) => sequence(machine, given).and_then(|all| {
                let (&inner, rest) = all.split_first()?;
                Some((inner, rest.to_vec()))
            }),
            _ => None,
        };
        let Some((inner, all)) = next else { break };
        callee = inner;
        given = machine.store.node(Kind::Tuple, &all);
    }
    (callee, given)
}

/// The items of a list, tuple or set that is known to the end.
fn sequence(machine: &mut Machine<'_>, value: Value) -> Option<Vec<Value>> {
    if let Value::Lost(slot) = value {
        machine.want(slot);
        return None;
    }
    if let Some(text) = machine.store.text(value) {
        let characters: Vec<String> = text.chars().take(SEQUENCE).map(String::from).collect();
        return Some(characters.into_iter().map(|one| machine.store.assembled(Folded::Text(one))).collect());
    }
    if let Some(bytes) = machine.store.byte_string(value) {
        return Some(bytes.iter().take(SEQUENCE).map(|&byte| Value::Int(i64::from(byte))).collect());
    }
    let kind = machine.store.get(value)?.kind;
    let (items, complete) = machine.store.contents(value)?;
    if !complete || !matches!(kind, Kind::List | Kind::Tuple | Kind::Set) {
        return None;
    }
    for item in &items {
        if let Value::Lost(slot) = *item {
            machine.want(slot);
        }
    }
    Some(items)
}

/// `getattr(object, name)`.
fn attribute(machine: &mut Machine<'_>, object: Value, name: &str, place: u64) -> Option<Value> {
    if let Value::Lost(slot) = object {
        machine.want(slot);
        return None;
    }
    if let Some(global) = machine.store.global_of(object) {
        let (module, inner) = (global.module.clone(), global.name.clone());
        let path = if inner.is_empty() { name.to_owned() } else { format!("{inner}.{name}") };
        let how = format!("reached as attribute `{}` of `{}`", super::render::clip(name), global.path());
        return Some(machine.store.global(&module, &path, place, &how));
    }
    if name == "__class__" {
        let class = match object {
            _ if machine.store.text(object).is_some() => "str",
            _ if machine.store.byte_string(object).is_some() => "bytes",
            Value::Int(_) | Value::Long { .. } => "int",
            _ => match machine.store.get(object).map(|node| node.kind) {
                Some(Kind::List) => "list",
                Some(Kind::Tuple) => "tuple",
                Some(Kind::Dict) => "dict",
                Some(Kind::Set) => "set",
                _ => "object",
            },
        };
        return Some(machine.store.global("builtins", class, place, "reached through `__class__`"));
    }
    let name = machine.store.assembled(Folded::Text(name.to_owned()));
    Some(machine.store.node(Kind::Attribute, &[object, name]))
}

/// `object[key]`.
fn item(machine: &mut Machine<'_>, object: Value, key: Value, place: u64) -> Option<Value> {
    if let Some(global) = machine.store.global_of(object) {
        let key = machine.store.text(key)?.into_owned();
        let path = global.path();
        let module = global.module.clone();
        if path == "sys.modules" {
            return Some(machine.store.global(&key, "", place, "taken from `sys.modules`"));
        }
        let inner = global.name.strip_suffix("__dict__").or_else(|| global.name.strip_suffix("__builtins__"));
        if let Some(inner) = inner {
            let how = format!("taken from `{path}`");
            // `__builtins__` of any module is the builtins module or its dictionary.
            let module = if global.name.ends_with("__builtins__") { "builtins".to_owned() } else { module };
            let inner = if module == "builtins" { "" } else { inner };
            return Some(machine.store.global(&module, &format!("{inner}{key}"), place, &how));
        }
        // The names of the module that a function was written in: mostly that of the function.
        let is_namespace = ["__globals__", "func_globals", "f_globals"];
        if is_namespace.iter().any(|end| global.name.rsplit('.').next() == Some(end)) {
            return Some(machine.store.global(&module, &key, place, &format!("taken from `{path}`")));
        }
        return None;
    }
    if let Some((items, _)) = machine.store.contents(object) {
        let kind = machine.store.get(object)?.kind;
        return match (kind, key) {
            (Kind::List | Kind::Tuple, Value::Int(index)) => {
                let length = i64::try_from(items.len()).ok()?;
                let index = if index < 0 { index.saturating_add(length) } else { index };
                items.get(usize::try_from(index).ok()?).copied()
            }
            (Kind::Dict, _) => {
                let wanted = machine.store.text(key)?.into_owned();
                let mut pairs = items.chunks_exact(2).rev();
                pairs.find_map(|pair| match *pair {
                    [key, value] => (machine.store.text(key)? == wanted).then_some(value),
                    _ => None,
                })
            }
            _ => None,
        };
    }
    let folded = text(machine, object)?;
    if let Value::Int(index) = key {
        let from_end = |length: usize| {
            let index = if index < 0 {
                index.saturating_add(i64::try_from(length).unwrap_or(i64::MAX))
            } else {
                index
            };
            usize::try_from(index).ok()
        };
        return match folded {
            Folded::Text(text) => {
                let characters: Vec<char> = text.chars().collect();
                let one = characters.get(from_end(characters.len())?)?;
                Some(machine.store.assembled(Folded::Text(one.to_string())))
            }
            Folded::Bytes(bytes) => Some(Value::Int(i64::from(*bytes.get(from_end(bytes.len())?)?))),
        };
    }
    let (parts, _) = machine.store.contents(key)?;
    let [callee, bounds] = parts.get(..2)? else { return None };
    if machine.store.global_of(*callee)?.path() != "builtins.slice" {
        return None;
    }
    let bounds: Vec<Option<i64>> = sequence(machine, *bounds)?
        .into_iter()
        .map(|bound| if let Value::Int(bound) = bound { Some(bound) } else { None })
        .collect();
    let (from, to, step) = match bounds.as_slice() {
        [to] => (None, *to, None),
        [from, to] => (*from, *to, None),
        [from, to, step] => (*from, *to, *step),
        _ => return None,
    };
    let result = match folded {
        Folded::Text(text) => {
            Folded::Text(slice(&text.chars().collect::<Vec<_>>(), from, to, step)?.into_iter().collect())
        }
        Folded::Bytes(bytes) => Folded::Bytes(slice(&bytes, from, to, step)?),
    };
    Some(machine.store.assembled(result))
}

/// The text or bytes `value` stands for, short enough to fold.
fn text(machine: &mut Machine<'_>, value: Value) -> Option<Folded> {
    if let Value::Lost(slot) = value {
        machine.want(slot);
        return None;
    }
    if let Some(text) = machine.store.text(value) {
        return (text.len() <= MOST_BYTES).then(|| Folded::Text(text.into_owned()));
    }
    let bytes = machine.store.byte_string(value)?;
    (bytes.len() <= MOST_BYTES).then(|| Folded::Bytes(bytes.to_vec()))
}

fn string(machine: &mut Machine<'_>, value: Value) -> Option<String> {
    match text(machine, value)? {
        Folded::Text(text) => Some(text),
        Folded::Bytes(_) => None,
    }
}

/// The text or bytes as bytes, as decoders take them.
fn octets(machine: &mut Machine<'_>, value: Value) -> Option<Vec<u8>> {
    Some(match text(machine, value)? {
        Folded::Text(text) => text.into_bytes(),
        Folded::Bytes(bytes) => bytes,
    })
}

fn keep(machine: &mut Machine<'_>, folded: Folded) -> Option<Value> {
    let size = match &folded {
        Folded::Text(text) => text.len(),
        Folded::Bytes(bytes) => bytes.len(),
    };
    (size <= MOST_BYTES).then(|| machine.store.assembled(folded))
}
