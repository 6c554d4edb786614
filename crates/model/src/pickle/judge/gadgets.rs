//! Calls of callables that the knowledge base calls dangerous.

use super::changes::{sets_label, sets_own_attribute};
use super::functions::builds_code;
use super::{Judge, Purpose};
use crate::pickle::knowledge::GadgetClass;
use crate::pickle::machine::Machine;
use crate::pickle::rules::{
    CODE_EXECUTION, DANGEROUS_CALL, EMBEDDED_CODE, FILE_ACCESS, HIDDEN_CALL, IMPORT, NATIVE, NESTED, NETWORK,
    REFLECTION,
};
use crate::pickle::value::Value;
use crate::pickle::{fold, nested, render};
use bartizan_core::{Finding, Rule, Severity};

impl Judge {
    pub(super) fn called_gadget(
        machine: &mut Machine<'_>,
        target: Value,
        (arguments, keywords): (Value, Option<Value>),
        folded: Option<Value>,
        place: u64,
        (class, severity, why): (GadgetClass, Severity, &'static str),
        assembled: &str,
    ) {
        let Some(global) = machine.store.global_mut(target) else { return };
        global.judged = global.judged.saturating_add(1);
        let path = global.path();
        let is_code = builds_code(&path);
        let mut name_in_code = None;
        // However many there are, each code object and each decoded string is looked into.
        if is_code {
            name_in_code = Self::built_function(machine, target, arguments, place);
        } else if class == GadgetClass::Codec
            && let Some(bytes) = folded.and_then(|result| machine.store.raw(result))
            && bytes.len() >= nested::SHORTEST
            && nested::is_candidate(bytes)
        {
            let bytes = bytes.to_vec();
            machine.judge.payload_bytes(place, &bytes);
        }
        let mut severity = severity;
        if folded.is_some() {
            match class {
                // What the look-up gives is judged when it is used, or at the end as a reference.
                GadgetClass::Reflection if !is_reported_folded(&path) => return,
                GadgetClass::Import if fold::is_attribute_import(&path) => return,
                GadgetClass::Codec => severity = severity.min(Severity::Medium),
                _ => {}
            }
        }
        if class == GadgetClass::NestedPickle && !is_given_bytes(machine, arguments) {
            // The serialisers that nest pickles write the inner one as a byte string beside the call.
            severity = severity.max(Severity::High);
        }
        if path == "builtins.setattr"
            && (sets_own_attribute(machine, arguments) || sets_label(machine, arguments))
        {
            severity = severity.min(Severity::Low);
        }
        if path.ends_with("._eval_repr") && is_singleton(machine, arguments) {
            severity = severity.min(Severity::Low);
        }
        let is_own_import = is_serialisers_own(&path);
        if is_own_import {
            severity = severity.min(Severity::Medium);
        }
        let purpose = match class {
            GadgetClass::CodeExecution | GadgetClass::Debugger => Some(Purpose::Source),
            GadgetClass::Marshal => Some(Purpose::Marshal),
            GadgetClass::NestedPickle => Some(Purpose::Pickle),
            _ => None,
        };
        if let Some(purpose) = purpose.filter(|_| !is_own_import) {
            for given in [Some(arguments), keywords].into_iter().flatten() {
                machine.hand_over(given, purpose, place);
            }
        }
        if is_code {
            severity = if name_in_code.is_some() { Severity::High } else { severity.min(Severity::Medium) };
        }
        if !Self::is_shown(machine, target, severity) {
            return;
        }
        let shown = render::call_with(machine, target, arguments, keywords);
        if let Some(name) = name_in_code {
            let message = format!(
                "Loading rebuilds a function from bytecode in the stream that uses `{name}`: `{shown}`."
            );
            let finding = Finding::new(&EMBEDDED_CODE, message);
            machine.judge.report(finding.severity(severity).at(place).evidence(&shown));
            return;
        }
        let rule = match class {
            _ if is_code => &EMBEDDED_CODE,
            _ if is_own_import => &IMPORT,
            class => rule_for(class),
        };
        let mut message = format!("Loading calls `{shown}`, which {why}.");
        if !assembled.is_empty() {
            message = format!("Loading calls `{shown}`, which {why}; the callable is hidden: {assembled}.");
            machine.judge.report(
                Finding::new(&HIDDEN_CALL, format!("`{}` is {assembled}.", render::clip(&path)))
                    .severity(severity.min(Severity::High))
                    .at(place)
                    .evidence(&shown),
            );
        }
        machine.judge.report(Finding::new(rule, message).severity(severity).at(place).evidence(&shown));
    }
}

pub(super) fn rule_for(class: GadgetClass) -> &'static Rule {
    match class {
        GadgetClass::CodeExecution
        | GadgetClass::Process
        | GadgetClass::PackageInstall
        | GadgetClass::Debugger => &CODE_EXECUTION,
        GadgetClass::Import => &IMPORT,
        GadgetClass::File => &FILE_ACCESS,
        GadgetClass::Network => &NETWORK,
        GadgetClass::Reflection => &REFLECTION,
        GadgetClass::Native => &NATIVE,
        GadgetClass::Marshal => &EMBEDDED_CODE,
        GadgetClass::NestedPickle => &NESTED,
        GadgetClass::Codec
        | GadgetClass::Environment
        | GadgetClass::Persistence
        | GadgetClass::DenialOfService => &DANGEROUS_CALL,
    }
}

/// Look-ups that are reported even when their result is known, since no serialiser makes them.
fn is_reported_folded(path: &str) -> bool {
    matches!(path, "builtins.globals" | "builtins.locals" | "builtins.vars")
}

/// Import functions that cloudpickle and dill write for modules that their functions use.
fn is_serialisers_own(path: &str) -> bool {
    (path.starts_with("cloudpickle.") || path.starts_with("dill."))
        && (path.ends_with("subimport")
            || path.ends_with("_import_module")
            || path.ends_with("_dynamic_module"))
}

/// Whether the first argument is a byte string of the stream.
fn is_given_bytes(machine: &Machine<'_>, arguments: Value) -> bool {
    let first = machine.store.get(arguments).and_then(|node| machine.store.items(node, 1).first().copied());
    first.is_some_and(|first| machine.store.byte_string(first).is_some())
}

/// Whether the only argument is the name of one of the objects that dill stores by evaluating their name.
fn is_singleton(machine: &Machine<'_>, arguments: Value) -> bool {
    let Some(node) = machine.store.get(arguments) else { return false };
    let [only] = machine.store.items(node, 2)[..] else { return false };
    machine
        .store
        .text(only)
        .is_some_and(|name| matches!(&*name, "NotImplemented" | "Ellipsis" | "None" | "True" | "False"))
}
