//! What functions of the standard library give, when nothing but their arguments decides it.

use super::{SEQUENCE, apply, attribute, item, keep, method, octets, sequence, string, text};
use crate::pickle::judge::standing_of;
use crate::pickle::knowledge::Standing;
use crate::pickle::machine::Machine;
use crate::pickle::names;
use crate::pickle::value::{Kind, Value};
use crate::python::strings::{Folded, codecs};

/// What the function at `path` gives for `arguments`.
pub(super) fn function(
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
            if is_numeric && matches!(standing_of(&module, &name), Standing::Unknown) {
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
