//! Dangerous callables that are not called by the stream itself: handed to other callables, stored, only named.

use super::Judge;
use crate::pickle::knowledge::{GadgetClass, Standing};
use crate::pickle::machine::Machine;
use crate::pickle::render;
use crate::pickle::rules::{DANGEROUS_REFERENCE, UNKNOWN_CALLABLE};
use crate::pickle::store::Global;
use crate::pickle::value::{Kind, Value};
use bartizan_core::{Confidence, Finding, Severity};

impl Judge {
    /// Dangerous callables among what `target` is given.
    pub(super) fn handed(machine: &mut Machine<'_>, target: Value, given: &[Option<Value>], place: u64) {
        let mut open: Vec<(Value, u32)> = given.iter().flatten().map(|&value| (value, 0)).collect();
        let mut looked = 0usize;
        while let Some((value, depth)) = open.pop() {
            looked = looked.saturating_add(1);
            if looked > Self::VALUES {
                return;
            }
            if let Some(global) = machine.store.global_mut(value) {
                let Standing::Gadget { class, severity, sole_reference, why } = global.standing else {
                    continue;
                };
                // Passing `getattr` or `partial` around is how serialisers store bound methods.
                let grade = match class {
                    GadgetClass::Reflection | GadgetClass::Codec => sole_reference,
                    _ if severity >= Severity::High => Severity::High.min(severity).max(sole_reference),
                    _ => sole_reference,
                };
                if grade < Severity::Medium {
                    continue;
                }
                global.judged = global.judged.saturating_add(1);
                let name = render::clip(&global.path());
                let grade = grade.min(Severity::High);
                if !Self::is_shown(machine, value, grade) {
                    continue;
                }
                let to = render::callee(machine, target);
                let message = format!("Loading hands `{name}`, which {why}, to `{to}`, which may call it.");
                machine.judge.report(
                    Finding::new(&DANGEROUS_REFERENCE, message)
                        .severity(grade)
                        .at(place)
                        .evidence(format!("{to}({name}, …)")),
                );
            } else if depth < Self::DEPTH
                && machine.matters(value)
                && let Some(node) = machine.store.get(value)
                && node.kind != Kind::Call
            {
                let items = machine.store.items(node, Self::VALUES);
                open.extend(
                    items
                        .into_iter()
                        .filter(|&item| machine.matters(item))
                        .map(|item| (item, depth.saturating_add(1))),
                );
            }
        }
    }

    /// The stream is done: what it refers to without calling it. Of one that `broke` nobody knows what it would have
    /// called, so that a name which is dangerous to call counts as much as the call.
    pub(in crate::pickle) fn finish(machine: &mut Machine<'_>, broke: bool) {
        Self::functions_with_modules(machine);
        let references: Vec<(Value, Global)> = machine
            .store
            .globals()
            .filter(|(_, global)| global.calls == 0 && global.judged == 0)
            .map(|(value, global)| (value, global.clone()))
            .collect();
        let mut unknown = 0u64;
        for (_, global) in references {
            let path = render::clip(&global.path());
            match global.standing {
                Standing::Gadget { why, sole_reference, severity: called, .. } => {
                    let mut message =
                        format!("The stream refers to `{path}`, which {why}, without calling it.");
                    let mut severity = sole_reference;
                    if broke && called >= Severity::High {
                        message = format!(
                            "The stream refers to `{path}`, which {why}, and breaks before it ends: what it would do with it cannot be told."
                        );
                        severity = severity.max(Severity::High);
                    }
                    if !global.assembled.is_empty() {
                        message =
                            format!("The stream reaches `{path}`, which {why}; it is {}.", global.assembled);
                        severity = severity.max(Severity::Medium);
                    }
                    machine.judge.report(
                        Finding::new(&DANGEROUS_REFERENCE, message)
                            .severity(severity)
                            .at(global.at)
                            .evidence(&path),
                    );
                }
                Standing::Unknown if !global.name.is_empty() => {
                    unknown = unknown.saturating_add(1);
                    if unknown <= Self::REPEATS {
                        machine.judge.report(
                            Finding::new(
                                &UNKNOWN_CALLABLE,
                                format!("The stream refers to `{path}`, which nobody has vetted."),
                            )
                            .severity(Severity::Low)
                            .confidence(Confidence::Low)
                            .at(global.at)
                            .evidence(&path),
                        );
                    }
                }
                _ => {}
            }
        }
    }

    /// Values looked through for dangerous callables in one call.
    const VALUES: usize = 4096;
    /// Nesting looked through.
    const DEPTH: u32 = 16;
}
