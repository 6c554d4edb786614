//! Functions that a stream builds from bytecode.

use super::{Judge, Purpose, standing_of};
use crate::pickle::knowledge::{GadgetClass, Standing};
use crate::pickle::machine::Machine;
use crate::pickle::rules::EMBEDDED_CODE;
use crate::pickle::value::Value;
use crate::pickle::{code_object, render};
use crate::python::marshal;
use bartizan_core::{Finding, Severity};

impl Judge {
    /// `target(*arguments)` builds a code object, or a function around one, which nothing has called yet.
    ///
    /// Gives a name in the code that reaches out of the model, where the code itself cannot be disassembled.
    pub(super) fn built_function(
        machine: &mut Machine<'_>,
        target: Value,
        arguments: Value,
        place: u64,
    ) -> Option<String> {
        let Some(code) = code_object::of_call(machine, target, arguments) else {
            let codes = code_object::within(machine, arguments);
            let is_read =
                !codes.is_empty() && codes.iter().all(|code| code.is_whole && is_readable(&code.bytes));
            // What the code objects do is judged where they are made.
            return if is_read { None } else { dangerous_name(machine, arguments) };
        };
        machine.judge.payload_for(place, &code.bytes, Purpose::Function);
        let summary = marshal::summarize(&code.bytes).filter(|summary| code.is_whole && summary.complete);
        let Some(summary) = summary else { return dangerous_name(machine, arguments) };
        let known = &mut machine.judge.names_in_code;
        for name in summary.names {
            if known.len() >= Self::NAMES {
                break;
            }
            known.entry(name).or_insert_with(|| Function { name: summary.name.clone(), place });
        }
        None
    }

    /// A function built by the stream, `target`, is called while loading.
    pub(super) fn called_function(machine: &mut Machine<'_>, target: Value, place: u64) {
        for code in code_object::within(machine, target) {
            machine.judge.payload_for(place, &code.bytes, Purpose::CalledFunction);
        }
    }

    /// Functions whose global names are modules that the stream imports for them, under whatever alias.
    pub(super) fn functions_with_modules(machine: &mut Machine<'_>) {
        let names = std::mem::take(&mut machine.judge.names_in_code);
        if names.is_empty() {
            return;
        }
        let mut modules: Vec<String> = machine
            .store
            .globals()
            .filter(|(_, global)| global.name.is_empty())
            .map(|(_, global)| global.module.clone())
            .take(Self::MODULES)
            .collect();
        // However many harmless ones come first, those that have something to reach out with are looked at.
        modules.sort_by_cached_key(|module| !CODE_NAMES.iter().any(|name| reaches_out(module, name)));
        modules.truncate(Self::MODULES_HELD);
        for (name, function) in names {
            let found =
                modules.iter().find(|module| reaches_out(module, &name)).map(|module| (module, &name));
            let Some((module, name)) = found else { continue };
            let message = format!(
                "Loading rebuilds the function `{}` from bytecode that uses `{}`, and imports `{}` for it.",
                render::clip(&function.name),
                render::clip(name),
                render::clip(module)
            );
            let evidence = format!("{}.{}", render::clip(module), render::clip(name));
            machine.judge.report_some("function with a module", || {
                Finding::new(&EMBEDDED_CODE, message)
                    .severity(Severity::High)
                    .at(function.place)
                    .evidence(evidence)
            });
        }
    }

    /// Distinct names in functions that are kept.
    const NAMES: usize = 1 << 14;
    /// Imported modules looked at.
    const MODULES: usize = 4096;
    /// Imported modules that each name is held against.
    const MODULES_HELD: usize = 64;
}

/// A function rebuilt from bytecode that could be read.
pub(super) struct Function {
    name: String,
    place: u64,
}

fn is_readable(code: &[u8]) -> bool {
    marshal::summarize(code).is_some_and(|summary| summary.complete)
}

/// Whether `name` of `module` runs something outside the model.
fn reaches_out(module: &str, name: &str) -> bool {
    use GadgetClass::{CodeExecution, Debugger, Marshal, Native, PackageInstall, Process};
    matches!(
        standing_of(module, name),
        Standing::Gadget {
            class: CodeExecution | Debugger | Marshal | Native | PackageInstall | Process,
            severity: Severity::High | Severity::Critical,
            ..
        }
    )
}

/// Whether the callable makes a code object of its parts.
pub(in crate::pickle) fn makes_code_object(path: &str) -> bool {
    matches!(path, "types.CodeType" | "types.CodeType.__new__")
        || ((path.starts_with("cloudpickle.") || path.starts_with("dill.")) && path.ends_with("_create_code"))
}

/// Whether the callable turns bytecode or parts of it into functions, as dill and cloudpickle do.
pub(super) fn builds_code(path: &str) -> bool {
    makes_code_object(path)
        || path == "types.FunctionType"
        || ((path.starts_with("cloudpickle.") || path.starts_with("dill."))
            && ["_make_function", "_make_skel_func", "_fill_function", "_create_function"]
                .iter()
                .any(|name| path.ends_with(name)))
}

/// A name among the strings of a code object's parts that reaches out of the model.
fn dangerous_name(machine: &Machine<'_>, arguments: Value) -> Option<String> {
    let mut open = vec![(arguments, 0u32)];
    let mut looked = 0u32;
    while let Some((value, depth)) = open.pop() {
        looked = looked.saturating_add(1);
        if looked > 4096 {
            return None;
        }
        if let Some(text) = machine.store.text(value) {
            if CODE_NAMES.binary_search(&text.as_ref()).is_ok() {
                return Some(text.into_owned());
            }
        } else if depth < 8
            && let Some(node) = machine.store.get(value)
        {
            let items = machine.store.items(node, 256);
            open.extend(items.into_iter().map(|item| (item, depth.saturating_add(1))));
        }
    }
    None
}

/// Names that code in a model has no business using, sorted.
static CODE_NAMES: &[&str] = &[
    "Popen",
    "__import__",
    "__subclasses__",
    "check_call",
    "check_output",
    "ctypes",
    "eval",
    "exec",
    "execv",
    "execve",
    "fork",
    "getoutput",
    "marshal",
    "popen",
    "posix_spawn",
    "pty",
    "runpy",
    "socket",
    "spawn",
    "subprocess",
    "system",
    "urlopen",
    "urlretrieve",
];
