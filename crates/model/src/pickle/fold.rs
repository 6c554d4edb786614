//! Constant folding: what harmless builtins would return, so that a name put together by calls is seen.
//!
//! Only pure functions of strings, bytes, integers and sequences are folded, and attribute look-ups on modules. Each
//! result is bounded by [`FOLDED_BYTES`], each call by the size of its arguments.

use super::codecs;
use super::knowledge::Standing;
use super::machine::Machine;
use super::names;
use super::store::Folded;
use super::stream::Storage;
use super::value::{Kind, Value};

/// Longest folded text, in bytes.
pub(super) const FOLDED_BYTES: usize = 1 << 20;
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

/// `items[from:to:step]` as Python defines it.
fn slice<T: Copy>(items: &[T], from: Option<i64>, to: Option<i64>, step: Option<i64>) -> Option<Vec<T>> {
    let length = i64::try_from(items.len()).ok()?;
    let step = step.unwrap_or(1);
    if step == 0 {
        return None;
    }
    let (low, high) = if step > 0 { (0, length) } else { (-1, length.saturating_sub(1)) };
    let place = |bound: i64| {
        let bound = if bound < 0 { bound.saturating_add(length) } else { bound };
        bound.clamp(low, high)
    };
    let (first, last) = if step > 0 {
        (from.map_or(0, place), to.map_or(length, place))
    } else {
        (from.map_or(length.saturating_sub(1), place), to.map_or(-1, place))
    };
    let mut index = first;
    let mut taken = Vec::new();
    while if step > 0 { index < last } else { index > last } {
        taken.push(*items.get(usize::try_from(index).ok()?)?);
        index = index.saturating_add(step);
    }
    Some(taken)
}

/// The text or bytes `value` stands for, short enough to fold.
fn text(machine: &mut Machine<'_>, value: Value) -> Option<Folded> {
    if let Value::Lost(slot) = value {
        machine.want(slot);
        return None;
    }
    if let Some(text) = machine.store.text(value) {
        return (text.len() <= FOLDED_BYTES).then(|| Folded::Text(text.into_owned()));
    }
    let bytes = machine.store.byte_string(value)?;
    (bytes.len() <= FOLDED_BYTES).then(|| Folded::Bytes(bytes.to_vec()))
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
    (size <= FOLDED_BYTES).then(|| machine.store.assembled(folded))
}

/// What the function at `path` gives for `arguments`.
fn function(
    machine: &mut Machine<'_>,
    path: &str,
    arguments: &[Value],
    place: u64,
    depth: u32,
) -> Option<Value> {
    let first = arguments.first().copied();
    let second = arguments.get(1).copied();
    let path = path.strip_prefix('_').unwrap_or(path);
    match path {
        "builtins.getattr" | "builtins.object.__getattribute__" | "builtins.type.__getattribute__" => {
            let name = string(machine, second?)?;
            attribute(machine, first?, &name, place)
        }
        "builtins.__import__" | "importlib.__import__" | "importlib._bootstrap.__import__" => {
            let name = string(machine, first?)?;
            let from_list = arguments.get(3).is_some_and(|&list| match list {
                Value::None => false,
                list => machine.store.get(list).is_none_or(|node| node.count > 0),
            });
            let module = if from_list { name.as_str() } else { name.split('.').next()? };
            Some(machine.store.global(module, "", place, "imported by a call"))
        }
        "importlib.import_module" | "importlib._bootstrap._gcd_import" | "importlib.reload" => {
            if machine.store.global_of(first?).is_some() {
                return first;
            }
            let name = string(machine, first?)?;
            Some(machine.store.global(&name, "", place, "imported by a call"))
        }
        "pkgutil.resolve_name" => {
            let name = string(machine, first?)?;
            let (module, attribute) = match name.split_once(':') {
                Some(parts) => parts,
                None => name.rsplit_once('.').unwrap_or((&name, "")),
            };
            let (module, attribute) = names::modern(module, attribute);
            Some(machine.store.global(&module, &attribute, place, "resolved by `pkgutil.resolve_name`"))
        }
        "numpy.core._ufunc_reconstruct" | "numpy._core._ufunc_reconstruct" => {
            let (module, name) = (string(machine, first?)?, string(machine, second?)?);
            // Source: numpy/_core/__init__.py. It imports the module and takes the attribute, a universal function.
            let is_numeric = matches!(module.as_str(), "numpy" | "scipy.special" | "scipy.special._ufuncs");
            if is_numeric && matches!(super::judge::standing_of(&module, &name), Standing::Unknown) {
                return Some(Value::Plain);
            }
            Some(machine.store.global(&module, &name, place, "imported by a call"))
        }
        "builtins.vars" => attribute(machine, first?, "__dict__", place),
        "builtins.globals" | "builtins.locals" => {
            Some(machine.store.global("builtins", "__dict__", place, "reached through `globals()`"))
        }
        "operator.attrgetter" | "operator.itemgetter" | "operator.methodcaller" => {
            let name = path.strip_prefix("operator.")?;
            let getter = machine.store.global("operator", name, place, "");
            let all: Vec<Value> = std::iter::once(getter).chain(arguments.iter().copied()).collect();
            Some(machine.store.node(Kind::Getter, &all))
        }
        "functools.partial" | "functools.partialmethod" | "types.MethodType" => {
            Some(machine.store.node(Kind::Partial, arguments))
        }
        "functools.reduce" => {
            let items = sequence(machine, second?)?;
            let mut items = arguments.get(2).copied().into_iter().chain(items);
            let mut total = items.next()?;
            for item in items.take(SEQUENCE) {
                total = apply(machine, first?, &[total, item], place, depth.saturating_add(1))?;
            }
            Some(total)
        }
        "operator.call" => {
            let (&inner, rest) = arguments.split_first()?;
            apply(machine, inner, rest, place, depth.saturating_add(1))
        }
        "operator.getitem" | "operator.__getitem__" | "builtins.dict.get" | "builtins.dict.__getitem__" => {
            item(machine, first?, second?, place)
        }
        "sys.modules.get" | "sys.modules.__getitem__" | "sys.modules.setdefault" | "sys.modules.pop" => {
            let modules = machine.store.global("sys", "modules", place, "");
            item(machine, modules, first?, place)
        }
        "operator.add"
        | "operator.concat"
        | "operator.iadd"
        | "operator.iconcat"
        | "operator.__add__"
        | "operator.__concat__" => method(machine, first?, "__add__", &[second?], place),
        "operator.mod" | "operator.__mod__" => method(machine, first?, "__mod__", &[second?], place),
        "operator.mul" | "operator.__mul__" => method(machine, first?, "__mul__", &[second?], place),
        "builtins.str" => match text(machine, first.unwrap_or(Value::Plain)) {
            None if arguments.is_empty() => keep(machine, Folded::Text(String::new())),
            None => match first? {
                Value::Int(number) => keep(machine, Folded::Text(number.to_string())),
                _ => None,
            },
            Some(Folded::Text(text)) => keep(machine, Folded::Text(text)),
            Some(Folded::Bytes(_)) => method(machine, first?, "decode", arguments.get(1..)?, place),
        },
        "builtins.bytes" | "builtins.bytearray" => {
            let Some(first) = first else { return keep(machine, Folded::Bytes(Vec::new())) };
            match text(machine, first) {
                Some(Folded::Text(_)) => method(machine, first, "encode", arguments.get(1..)?, place),
                Some(Folded::Bytes(bytes)) => keep(machine, Folded::Bytes(bytes)),
                None => {
                    let bytes: Option<Vec<u8>> = sequence(machine, first)?
                        .into_iter()
                        .map(|item| if let Value::Int(byte) = item { u8::try_from(byte).ok() } else { None })
                        .collect();
                    keep(machine, Folded::Bytes(bytes?))
                }
            }
        }
        "builtins.chr" => match first? {
            Value::Int(code) => {
                let character = char::from_u32(u32::try_from(code).ok()?)?;
                keep(machine, Folded::Text(character.to_string()))
            }
            _ => None,
        },
        "builtins.ord" => match text(machine, first?)? {
            Folded::Text(text) => text.chars().next().map(|one| Value::Int(i64::from(u32::from(one)))),
            Folded::Bytes(bytes) => bytes.first().map(|&byte| Value::Int(i64::from(byte))),
        },
        "builtins.int" => match first? {
            number @ Value::Int(_) => Some(number),
            other => {
                let base = match second {
                    Some(Value::Int(base)) => {
                        u32::try_from(base).ok().filter(|base| (2..=36).contains(base))?
                    }
                    _ => 10,
                };
                i64::from_str_radix(string(machine, other)?.trim(), base).ok().map(Value::Int)
            }
        },
        "builtins.map" | "itertools.starmap" => {
            let items = sequence(machine, second?)?;
            let mut results = Vec::with_capacity(items.len());
            for item in items {
                let given = if path == "builtins.map" { vec![item] } else { sequence(machine, item)? };
                results.push(apply(machine, first?, &given, place, depth.saturating_add(1))?);
            }
            Some(machine.store.node(Kind::List, &results))
        }
        "builtins.list" | "builtins.tuple" | "builtins.iter" | "itertools.chain" => match first {
            Some(first) => {
                let items = sequence(machine, first)?;
                Some(machine.store.node(Kind::List, &items))
            }
            None => Some(machine.store.node(Kind::List, &[])),
        },
        "builtins.next" => sequence(machine, first?)?.first().copied(),
        "builtins.reversed" => {
            let mut items = sequence(machine, first?)?;
            items.reverse();
            Some(machine.store.node(Kind::List, &items))
        }
        "copy.copy" | "copy.deepcopy" => first,
        "cloudpickle.cloudpickle.builtin_type"
        | "cloudpickle.cloudpickle._builtin_type"
        | "cloudpickle.cloudpickle_fast._builtin_type"
        | "dill.dill._load_type"
        | "dill._dill._load_type" => {
            let name = string(machine, first?)?;
            let module =
                if name.ends_with("Type") || name == "SimpleNamespace" { "types" } else { "builtins" };
            Some(machine.store.global(module, &name, place, ""))
        }
        "cloudpickle.cloudpickle.subimport" | "dill.dill._import_module" | "dill._dill._import_module" => {
            let name = string(machine, first?)?;
            Some(machine.store.global(&name, "", place, ""))
        }
        "codecs.encode" | "codecs.decode" => {
            let codec = match second {
                Some(codec) => string(machine, codec)?,
                None => "utf-8".to_owned(),
            };
            let given = text(machine, first?)?;
            let result = if path == "codecs.encode" {
                codecs::encode(&given, &codec)
            } else {
                codecs::decode(&given, &codec)
            };
            keep(machine, result?)
        }
        _ => {
            if let Some(name) =
                path.strip_prefix("builtins.str.").or_else(|| path.strip_prefix("builtins.bytes."))
            {
                if name == "fromhex" {
                    let digits = octets(machine, first?)?;
                    return keep(machine, Folded::Bytes(codecs::hex(&digits)?));
                }
                return method(machine, first?, name, arguments.get(1..)?, place);
            }
            let codec = codecs::by_function(path)?;
            let given = octets(machine, first?)?;
            keep(machine, codecs::decode(&Folded::Bytes(given), codec)?)
        }
    }
}

/// What the method `name` of a string, bytes or dictionary gives.
fn method(
    machine: &mut Machine<'_>,
    object: Value,
    name: &str,
    arguments: &[Value],
    place: u64,
) -> Option<Value> {
    let first = arguments.first().copied();
    match name {
        "__getitem__" | "get" | "pop" | "setdefault" => return item(machine, object, first?, place),
        "__getattribute__" | "__getattr__" => {
            let name = string(machine, first?)?;
            return attribute(machine, object, &name, place);
        }
        "join" => {
            let parts = sequence(machine, first?)?;
            let separator = text(machine, object)?;
            let mut joined = Vec::new();
            for (index, part) in parts.into_iter().enumerate() {
                if index > 0 {
                    joined.extend(match &separator {
                        Folded::Text(text) => text.as_bytes(),
                        Folded::Bytes(bytes) => bytes,
                    });
                }
                joined.extend(octets(machine, part)?);
                if joined.len() > FOLDED_BYTES {
                    return None;
                }
            }
            return keep(
                machine,
                match separator {
                    Folded::Text(_) => Folded::Text(String::from_utf8(joined).ok()?),
                    Folded::Bytes(_) => Folded::Bytes(joined),
                },
            );
        }
        _ => {}
    }
    match text(machine, object)? {
        Folded::Bytes(bytes) => match name {
            "decode" => {
                let codec = match first {
                    Some(codec) => string(machine, codec)?,
                    None => "utf-8".to_owned(),
                };
                keep(machine, codecs::decode(&Folded::Bytes(bytes), &codec)?)
            }
            "hex" => keep(machine, Folded::Text(bartizan_core::hex(&bytes))),
            "__add__" => {
                let more = octets(machine, first?)?;
                keep(machine, Folded::Bytes([bytes, more].concat()))
            }
            "fromhex" => {
                let digits = octets(machine, first?)?;
                keep(machine, Folded::Bytes(codecs::hex(&digits)?))
            }
            "replace" => {
                let text = String::from_utf8(bytes).ok()?;
                let (old, new) = (octets(machine, first?)?, octets(machine, *arguments.get(1)?)?);
                let (old, new) = (String::from_utf8(old).ok()?, String::from_utf8(new).ok()?);
                keep(machine, Folded::Bytes(replaced(&text, &old, &new)?.into_bytes()))
            }
            "lower" => keep(machine, Folded::Bytes(bytes.to_ascii_lowercase())),
            "upper" => keep(machine, Folded::Bytes(bytes.to_ascii_uppercase())),
            _ => None,
        },
        Folded::Text(text) => {
            let result = match name {
                "__str__" => text,
                "lower" | "casefold" => text.to_lowercase(),
                "upper" => text.to_uppercase(),
                "swapcase" => {
                    text.chars()
                        .map(|one| {
                            if one.is_lowercase() {
                                one.to_ascii_uppercase()
                            } else {
                                one.to_ascii_lowercase()
                            }
                        })
                        .collect()
                }
                "strip" | "lstrip" | "rstrip" => {
                    let set: Option<String> = match first {
                        Some(set) => Some(string(machine, set)?),
                        None => None,
                    };
                    let strips = |one: char| match &set {
                        Some(set) => set.contains(one),
                        None => one.is_whitespace(),
                    };
                    let text = if name == "rstrip" { &text } else { text.trim_start_matches(strips) };
                    if name == "lstrip" { text.to_owned() } else { text.trim_end_matches(strips).to_owned() }
                }
                "removeprefix" => {
                    let prefix = string(machine, first?)?;
                    text.strip_prefix(&prefix).unwrap_or(&text).to_owned()
                }
                "removesuffix" => {
                    let suffix = string(machine, first?)?;
                    text.strip_suffix(&suffix).unwrap_or(&text).to_owned()
                }
                "replace" => {
                    let (old, new) = (string(machine, first?)?, string(machine, *arguments.get(1)?)?);
                    replaced(&text, &old, &new)?
                }
                "__add__" => {
                    let more = string(machine, first?)?;
                    text + &more
                }
                "__mul__" => match first? {
                    Value::Int(times) => {
                        let times = usize::try_from(times).unwrap_or(0);
                        if text.len().saturating_mul(times) > FOLDED_BYTES {
                            return None;
                        }
                        text.repeat(times)
                    }
                    _ => return None,
                },
                "split" => {
                    let separator = match first {
                        Some(separator) => Some(string(machine, separator)?),
                        None => None,
                    };
                    let parts: Vec<String> = match &separator {
                        Some(separator) if !separator.is_empty() => {
                            text.split(separator.as_str()).map(str::to_owned).take(SEQUENCE).collect()
                        }
                        Some(_) => return None,
                        None => text.split_whitespace().map(str::to_owned).take(SEQUENCE).collect(),
                    };
                    let parts: Vec<Value> =
                        parts.into_iter().map(|part| machine.store.assembled(Folded::Text(part))).collect();
                    return Some(machine.store.node(Kind::List, &parts));
                }
                "encode" => {
                    let codec = match first {
                        Some(codec) => string(machine, codec)?,
                        None => "utf-8".to_owned(),
                    };
                    let encoded = codecs::encode(&Folded::Text(text), &codec)?;
                    return keep(machine, encoded);
                }
                "format" | "__mod__" => {
                    let given = match (name, first) {
                        ("format", _) => arguments.to_vec(),
                        (_, Some(one)) if machine.store.text(one).is_some() => vec![one],
                        (_, Some(many)) => sequence(machine, many)?,
                        _ => return None,
                    };
                    let mut parts = Vec::with_capacity(given.len());
                    for value in given {
                        parts.push(match value {
                            Value::Int(number) => number.to_string(),
                            value => string(machine, value)?,
                        });
                    }
                    if name == "format" { formatted(&text, &parts)? } else { interpolated(&text, &parts)? }
                }
                _ => return None,
            };
            keep(machine, Folded::Text(result))
        }
    }
}

fn replaced(text: &str, old: &str, new: &str) -> Option<String> {
    let growth = text.len().checked_add(1)?.checked_mul(new.len().checked_add(1)?)?;
    (growth <= FOLDED_BYTES.saturating_mul(4)).then(|| text.replace(old, new))
}

/// `text.format(*parts)` for fields that are empty or a number.
fn formatted(text: &str, parts: &[String]) -> Option<String> {
    let mut result = String::new();
    let mut rest = text;
    let mut next = 0usize;
    while let Some(place) = rest.find(['{', '}']) {
        let (before, after) = rest.split_at_checked(place)?;
        result.push_str(before);
        if let Some(tail) = after.strip_prefix("{{").or_else(|| after.strip_prefix("}}")) {
            result.push_str(after.get(..1)?);
            rest = tail;
            continue;
        }
        let (field, tail) = after.strip_prefix('{')?.split_once('}')?;
        let field = field.split([':', '!']).next()?;
        let index = if field.is_empty() { next } else { field.parse().ok()? };
        next = next.saturating_add(1);
        result.push_str(parts.get(index)?);
        rest = tail;
        if result.len() > FOLDED_BYTES {
            return None;
        }
    }
    result.push_str(rest);
    Some(result)
}

/// `text % parts` for `%s`, `%d`, `%c` and `%%`.
fn interpolated(text: &str, parts: &[String]) -> Option<String> {
    let mut result = String::new();
    let mut parts = parts.iter();
    let mut characters = text.chars();
    while let Some(one) = characters.next() {
        if one != '%' {
            result.push(one);
            continue;
        }
        match characters.next()? {
            '%' => result.push('%'),
            's' | 'd' | 'r' | 'i' => result.push_str(parts.next()?),
            'c' => {
                let part = parts.next()?;
                match part.parse::<u32>().ok().and_then(char::from_u32) {
                    Some(character) => result.push(character),
                    None => result.push_str(part),
                }
            }
            _ => return None,
        }
        if result.len() > FOLDED_BYTES {
            return None;
        }
    }
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_follow_pythons_rules() {
        let letters: Vec<char> = "metsys".chars().collect();
        let backwards = slice(&letters, None, None, Some(-1)).unwrap();
        assert_eq!(backwards.into_iter().collect::<String>(), "system");
        assert_eq!(slice(&[1, 2, 3, 4], Some(-3), Some(-1), None).unwrap(), [2, 3]);
        assert_eq!(slice(&[1, 2], None, None, Some(0)), None);
    }

    #[test]
    fn formats_fill_positional_fields() {
        let parts = ["os".to_owned(), "system".to_owned()];
        assert_eq!(formatted("{}.{1}{{}}", &parts).unwrap(), "os.system{}");
        assert_eq!(interpolated("%s.%s%%", &parts).unwrap(), "os.system%");
        assert_eq!(formatted("{7}", &parts), None);
    }
}
