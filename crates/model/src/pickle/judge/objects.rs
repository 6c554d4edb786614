//! Calls of objects that the stream made: bound methods, results of other calls, accessors.

use super::Judge;
use super::functions::{builds_code, makes_code_object};
use super::gadgets::rule_for;
use super::standing_of;
use crate::pickle::knowledge::Standing;
use crate::pickle::machine::Machine;
use crate::pickle::rules::{HIDDEN_CALL, REFLECTION, UNKNOWN_CALLABLE};
use crate::pickle::suspicion::{self, Suspicion};
use crate::pickle::value::{Kind, Value};
use crate::pickle::{fold, render};
use bartizan_core::{Confidence, Finding, Severity};

impl Judge {
    /// Something that is no plain import is called: a bound method, or what another call gave.
    pub(super) fn called_object(
        machine: &mut Machine<'_>,
        target: Value,
        arguments: Value,
        folded: Option<Value>,
        place: u64,
        how: &'static str,
    ) {
        let Some(node) = machine.store.get(target) else { return };
        let kind = node.kind;
        let items = machine.store.items(node, 2);
        let shown = render::call(machine, target, arguments);
        let origin = items.first().copied().unwrap_or(Value::Plain);
        match kind {
            Kind::Attribute => {
                let name =
                    items.get(1).and_then(|&name| machine.store.text(name)).unwrap_or_default().into_owned();
                Self::handed(machine, target, &[Some(arguments)], place);
                let class = class_of(machine, origin);
                if let Some((module, class)) = &class
                    && let Standing::Gadget { class: danger, severity, why, .. } =
                        standing_of(module, &format!("{class}.{name}"))
                {
                    let message = format!("Loading calls `{shown}`, which {why}.");
                    machine.judge.report(
                        Finding::new(rule_for(danger), message).severity(severity).at(place).evidence(&shown),
                    );
                    return;
                }
                if folded.is_some() {
                    return;
                }
                let is_internal = name.starts_with("__");
                let worst = suspicion::of(machine, arguments);
                let severity = match worst {
                    Some(Suspicion::Code | Suspicion::Command) => Severity::High,
                    _ if is_internal => Severity::High,
                    _ => Severity::Medium,
                };
                let rule = if is_internal { &REFLECTION } else { &UNKNOWN_CALLABLE };
                machine.judge.report_some("call of a method", || {
                    Finding::new(rule, format!("Loading calls the method `{shown}`."))
                        .severity(severity)
                        .confidence(Confidence::Medium)
                        .at(place)
                        .evidence(&shown)
                });
            }
            Kind::Call if how != "NEWOBJ" && how != "NEWOBJ_EX" => {
                let is_rebuilt = machine.store.global_of(origin).is_some_and(|global| {
                    let path = global.path();
                    builds_code(&path) && !makes_code_object(&path)
                });
                if is_rebuilt {
                    Self::called_function(machine, target, place);
                }
                Self::handed(machine, target, &[Some(arguments)], place);
                let severity = match machine.store.global_of(origin).map(|global| global.standing) {
                    Some(Standing::Safe { .. }) => Severity::Low,
                    Some(Standing::Gadget { severity, .. }) => severity.min(Severity::High),
                    Some(Standing::Unknown) => Severity::Medium,
                    None => Severity::High,
                };
                let severity = match suspicion::of(machine, arguments) {
                    Some(Suspicion::Code | Suspicion::Command) => Severity::High,
                    // Whoever rebuilt the function from bytecode, it runs here.
                    _ if is_rebuilt => severity.max(Severity::High),
                    _ => severity,
                };
                machine.judge.report_some("call of a result", || {
                    Finding::new(&HIDDEN_CALL, format!("Loading calls what another call gave: `{shown}`."))
                        .severity(severity)
                        .confidence(Confidence::Medium)
                        .at(place)
                        .evidence(&shown)
                });
            }
            Kind::Persistent => machine.judge.report_some("call of a persistent object", || {
                Finding::new(
                    &HIDDEN_CALL,
                    format!("Loading calls an object that only the loader knows: `{shown}`."),
                )
                .severity(Severity::Medium)
                .at(place)
                .evidence(&shown)
            }),
            Kind::Call => Self::handed(machine, target, &[Some(arguments)], place),
            Kind::Getter => {
                // An accessor whose name or object is out of sight; a plain look-up calls nothing.
                Self::handed(machine, target, &[Some(arguments)], place);
                if folded.is_none() && fold::is_method_caller(machine, target) {
                    machine.judge.report_some("call of a hidden method", || {
                        Finding::new(
                            &HIDDEN_CALL,
                            format!("Loading calls a method that cannot be read off the stream: `{shown}`."),
                        )
                        .at(place)
                        .evidence(&shown)
                    });
                }
            }
            _ => {}
        }
    }
}

/// The module and class of an instance that the stream made.
pub(super) fn class_of(machine: &Machine<'_>, object: Value) -> Option<(String, String)> {
    let node = machine.store.get(object).filter(|node| node.kind == Kind::Call)?;
    let callee = machine.store.items(node, 1).first().copied()?;
    let class = machine.store.global_of(callee)?;
    Some((class.module.clone(), class.name.clone()))
}
