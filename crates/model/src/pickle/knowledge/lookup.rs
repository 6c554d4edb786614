//! [`standing`]: from a module and a name to what is known of it.
//!
//! Order: the exact path; an attribute path that goes through a module (`torch.serialization.os.system` is `os.system`)
//! or through an object's internals; then the longest rule for a package. Cost: a few hash look-ups per dot of the path.

use super::names::{canonical, heads};
use super::{GadgetClass, Standing, gadgets, is_stdlib, safe};
use bartizan_core::Severity;
use std::collections::HashMap;
use std::sync::LazyLock;

/// What is known of the object `name` of `module`. `name` may be dotted (`path.join`); `module` may be a submodule, a
/// Python-2 name or an accelerator (`posix`, `_pickle`).
pub fn standing(module: &str, name: &str) -> Standing {
    if module.len().saturating_add(name.len()) > LONGEST_PATH {
        return Standing::Unknown;
    }
    let path = canonical(&if module.is_empty() { name.to_owned() } else { format!("{module}.{name}") });
    let module_parts = module.split('.').count();
    if let Some(&known) = TABLES.exact.get(path.as_str()) {
        return known;
    }
    // A method of a gadget (`os.system.__call__`) is the gadget.
    if let Some(&known) = heads(&path).find_map(|head| TABLES.exact.get(head))
        && matches!(known, Standing::Gadget { .. })
    {
        return known;
    }
    if let Some(through) = through_module(&path, module_parts) {
        return through;
    }
    if let Some(inside) = through_internals(&path) {
        return inside;
    }
    let last = path.rsplit('.').next().unwrap_or_default();
    for head in heads(&path) {
        if let Some(&rule) = TABLES.packages.get(head) {
            return match rule {
                Standing::Safe { .. } if !is_class_path(path.get(head.len()..).unwrap_or_default()) => {
                    by_method(&path, last)
                }
                rule => rule,
            };
        }
    }
    by_method(&path, last)
}

/// Longest path looked at, in bytes; Python's own longest is far below.
const LONGEST_PATH: usize = 1024;

struct Tables {
    exact: HashMap<Box<str>, Standing>,
    packages: HashMap<&'static str, Standing>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut tables = Tables { exact: HashMap::new(), packages: HashMap::new() };
    for group in safe::TABLES.iter().copied().flatten() {
        let standing = Standing::Safe { family: group.family };
        for name in group.names {
            if *name == safe::CLASSES {
                tables.packages.insert(group.module, standing);
            } else {
                tables.exact.insert(format!("{}.{name}", group.module).into(), standing);
            }
        }
    }
    for group in gadgets::TABLES.iter().copied().flatten() {
        let standing = group.standing();
        for name in group.names {
            if *name == gadgets::ALL {
                tables.packages.insert(group.module, standing);
            } else {
                tables.exact.insert(format!("{}.{name}", group.module).into(), standing);
            }
        }
    }
    tables
});

/// Modules that lead to anything when a path goes through them or ends in them, by their last name.
static GATEWAYS: &[&str] = &[
    "asyncio",
    "builtins",
    "code",
    "codeop",
    "commands",
    "ctypes",
    "ftplib",
    "gc",
    "imp",
    "importlib",
    "inspect",
    "marshal",
    "multiprocessing",
    "operator",
    "os",
    "pdb",
    "pickle",
    "pkgutil",
    "platform",
    "popen2",
    "posix",
    "pty",
    "pydoc",
    "requests",
    "runpy",
    "shutil",
    "signal",
    "site",
    "smtplib",
    "socket",
    "socketserver",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "timeit",
    "types",
    "urllib",
    "webbrowser",
    "zipimport",
];

/// Judges a path with a gateway module on the way by what lies behind the last one.
///
/// Only a component that is an attribute of the named module, or one that a package has no business having as a
/// submodule, counts as a gateway: `transformers.utils.logging` is a submodule and stays what it is.
fn through_module(path: &str, module_parts: usize) -> Option<Standing> {
    let starts = std::iter::once(0).chain(path.match_indices('.').map(|(dot, _)| dot.saturating_add(1)));
    let starts: Vec<usize> = starts.collect();
    for (index, &start) in starts.iter().enumerate().skip(1).rev() {
        let tail = path.get(start..)?;
        let component = tail.split('.').next()?;
        let plain = match component {
            "__builtins__" => "builtins",
            other => other.trim_start_matches('_'),
        };
        let is_attribute = index >= module_parts;
        let is_gateway = GATEWAYS.binary_search(&plain).is_ok();
        let has_more = tail.len() > component.len();
        let leads_on = is_gateway || (is_attribute && has_more && is_stdlib(plain));
        if !leads_on {
            continue;
        }
        if !has_more {
            // The module object itself: an attribute of it is one getattr or BUILD away.
            let is_member =
                heads(path).any(|head| matches!(TABLES.packages.get(head), Some(Standing::Gadget { .. })));
            let reached = is_attribute && is_gateway && !TYPES_LIKE.contains(&plain) && !is_member;
            return reached.then_some(Standing::Gadget {
                class: GadgetClass::Reflection,
                severity: Severity::High,
                why: "hands out a module from which any of its functions can be taken",
                sole_reference: Severity::Medium,
            });
        }
        let rest = tail.get(component.len()..)?;
        let target = canonical(&format!("{plain}{rest}"));
        if let Some(&known) = TABLES.exact.get(target.as_str())
            && (is_attribute || matches!(known, Standing::Gadget { .. }))
        {
            return Some(known);
        }
        if let Some(&rule) = heads(&target).find_map(|head| TABLES.packages.get(head))
            && (is_attribute || matches!(rule, Standing::Gadget { .. }))
            && is_own_submodule(path, start).is_none()
        {
            return Some(rule);
        }
    }
    None
}

/// Gateway names that are also ordinary attribute or submodule names, so that ending in them says nothing.
static TYPES_LIKE: &[&str] = &["code", "operator", "platform", "site", "signal", "types", "requests"];

/// A package with a rule of its own that covers the path past `start` (`torch.multiprocessing`, `asyncio.subprocess`).
fn is_own_submodule(path: &str, start: usize) -> Option<()> {
    heads(path)
        .take_while(|head| head.len() > start)
        .find(|head| TABLES.packages.contains_key(head))
        .map(|_| ())
}

/// Attributes through which Python code escapes from an object to the interpreter.
static INTERNALS: &[&str] = &[
    "__base__",
    "__bases__",
    "__builtins__",
    "__class__",
    "__closure__",
    "__code__",
    "__dict__",
    "__func__",
    "__getattribute__",
    "__globals__",
    "__import__",
    "__loader__",
    "__mro__",
    "__reduce__",
    "__reduce_ex__",
    "__self__",
    "__spec__",
    "__subclasses__",
    "cr_frame",
    "f_back",
    "f_builtins",
    "f_globals",
    "f_locals",
    "func_code",
    "func_globals",
    "gi_code",
    "gi_frame",
    "load_module",
    "mro",
    "tb_frame",
];

fn through_internals(path: &str) -> Option<Standing> {
    let mut components = path.split('.').skip(1);
    components.any(|component| INTERNALS.binary_search(&component).is_ok()).then_some(Standing::Gadget {
        class: GadgetClass::Reflection,
        severity: Severity::High,
        why: "reaches the interpreter's internals through an object's attributes",
        sole_reference: Severity::Medium,
    })
}

/// Whether what stands below a package is a class by Python's naming convention, or a class inside a class.
fn is_class_path(below: &str) -> bool {
    below.rsplit('.').next().is_some_and(|name| {
        let name = name.trim_start_matches('_');
        name.starts_with(|first: char| first.is_ascii_uppercase())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// Methods whose name alone says what they do, whichever class they belong to, and unpicklers wherever they are copied.
fn by_method(path: &str, name: &str) -> Standing {
    let is_vendored =
        || path.split('.').any(|part| matches!(part, "cloudpickle" | "dill" | "joblib" | "cloudpickle_fast"));
    let (class, severity, why) = match name {
        "load" | "loads" | "Unpickler" if is_vendored() => {
            (GadgetClass::NestedPickle, Severity::Critical, "unpickles its argument")
        }
        "to_csv" | "to_excel" | "to_feather" | "to_hdf" | "to_parquet" | "to_pickle" | "to_stata"
        | "tofile" => (GadgetClass::File, Severity::High, "writes the file its argument names"),
        "from_pretrained" | "load_from_checkpoint" | "read_pickle" | "load_model" | "torch_load" => {
            (GadgetClass::NestedPickle, Severity::High, "loads a model file or a model from the network")
        }
        _ => return Standing::Unknown,
    };
    Standing::Gadget { class, severity, why, sole_reference: Severity::Low }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_for_binary_search() {
        assert!(GATEWAYS.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(INTERNALS.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
