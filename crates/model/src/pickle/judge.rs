//! The verdict: what a stream would call, with what, and how bad that is.
//!
//! [`Judge`] is told of every call, import and change as the machine meets it and keeps findings until the last pass
//! over the stream is done. Grades come from the knowledge base for known names, from place and arguments for
//! unknown ones; a dangerous callable counts wherever it is handed, stored or called.

mod changes;
mod constructors;
mod functions;
mod gadgets;
mod objects;
mod payloads;
mod references;
mod structure;
mod unknown;

pub(super) use payloads::{Payload, PayloadData, Purpose};

use super::knowledge::{self, GadgetClass, Standing};
use super::machine::Machine;
use super::rules::{HIDDEN_CALL, UNKNOWN_CALLABLE};
use super::suspicion::{self, Suspicion};
use super::value::Value;
use super::{distribution, fold, indirect, render};
use bartizan_core::{Confidence, Finding, Severity};
use changes::changed_by;
use functions::Function;
pub(super) use functions::makes_code_object;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What a name is known for, as the machine asks it.
pub(super) fn standing_of(module: &str, name: &str) -> Standing {
    if name.is_empty() {
        // A module as such; what is taken from it is judged then.
        return Standing::Unknown;
    }
    knowledge::standing(module, name)
}

/// Collects what is found in one pickle.
#[derive(Default)]
pub(super) struct Judge {
    /// Findings so far.
    pub(super) findings: Vec<Finding>,
    /// Strings to look into once the stream is done.
    pub(super) payloads: Vec<Payload>,
    /// Payloads beyond the cap.
    pub(super) payloads_dropped: u64,
    /// Findings beyond the cap.
    pub(super) dropped: u64,
    payload_bytes: usize,
    /// Strings of the stream noted as used, by place and purpose.
    payloads_used: HashSet<(u64, u8)>,
    /// Payloads before this one all are in use by the stream.
    payloads_kept: usize,
    unknown: HashMap<Value, usize>,
    once: HashMap<&'static str, (u64, Severity)>,
    /// Names in functions rebuilt from bytecode, to be held against the modules that the stream imports, each with the
    /// first function that uses it.
    names_in_code: BTreeMap<String, Function>,
    /// How deep calls made by callables are being followed.
    indirection: u32,
    /// Strings given to unknown callables that were read as Python source.
    pub(super) sources_read: u32,
    /// Whether the stream carried a call graded high or worse.
    pub(super) is_dangerous: bool,
}

impl Judge {
    fn report(&mut self, finding: Finding) {
        self.is_dangerous |= finding.severity >= Severity::High;
        if self.findings.len() < Self::FINDINGS {
            self.findings.push(finding);
            return;
        }
        self.dropped = self.dropped.saturating_add(1);
        let mildest = self.findings.iter_mut().min_by_key(|kept| kept.severity);
        if let Some(mildest) = mildest.filter(|mildest| mildest.severity < finding.severity) {
            *mildest = finding;
        }
    }

    /// Reports an oddity of the kind `key` a few times over, after that only when it is worse than all before.
    fn report_some(&mut self, key: &'static str, finding: impl FnOnce() -> Finding) {
        let finding = finding();
        let (count, worst) = self.once.entry(key).or_insert((0, finding.severity));
        *count = count.saturating_add(1);
        if *count <= Self::REPEATS || finding.severity > *worst {
            *worst = finding.severity.max(*worst);
            self.report(finding);
        }
    }

    /// Whether one more finding on `target`, of `severity`, is worth showing: one of the first, or worse than all before.
    fn is_shown(machine: &mut Machine<'_>, target: Value, severity: Severity) -> bool {
        let Some(global) = machine.store.global_mut(target) else { return true };
        global.shown = global.shown.saturating_add(1);
        let is_worse = global.worst.is_none_or(|worst| severity > worst);
        if is_worse {
            global.worst = Some(severity);
        }
        is_worse || global.shown <= Self::CALLS_SHOWN
    }

    /// `callee(*arguments)` runs.
    pub(super) fn called(
        machine: &mut Machine<'_>,
        callee: Value,
        arguments: Value,
        keywords: Option<Value>,
        folded: Option<Value>,
        place: u64,
        how: &'static str,
    ) {
        if let Some(global) = machine.store.global_mut(callee) {
            global.calls = global.calls.saturating_add(1);
            let is_safe = matches!(global.standing, Standing::Safe { .. });
            let first_calls = global.calls <= super::store::Store::CALLS_READ;
            let acts = global.constructor.is_some() && !how.starts_with("NEWOBJ");
            if is_safe
                && !acts
                && !global.is_trampoline
                && !machine.matters(arguments)
                && !keywords.is_some_and(|keywords| machine.matters(keywords))
            {
                if first_calls {
                    Self::odd_arguments(machine, callee, arguments, place);
                }
                return;
            }
        }
        let (target, given) = fold::effective(machine, callee, arguments, place);
        if target != callee
            && let Some(global) = machine.store.global_mut(target)
        {
            global.calls = global.calls.saturating_add(1);
        }
        match target {
            Value::Global(_) => Self::called_global(machine, target, given, keywords, folded, place, how),
            Value::Node(_) => Self::called_object(machine, target, given, folded, place, how),
            Value::Plain | Value::Run(_) | Value::Lost(_) => {
                let shown = render::call(machine, target, given);
                machine.judge.report_some("call of a hidden value", || {
                    Finding::new(
                        &HIDDEN_CALL,
                        format!(
                            "Loading calls something whose name cannot be read off the stream: `{shown}`."
                        ),
                    )
                    .at(place)
                    .evidence(&shown)
                });
            }
            _ => {}
        }
    }

    /// A harmless callable is given a command or code, which it would only store: a sign, no danger.
    fn odd_arguments(machine: &mut Machine<'_>, callee: Value, arguments: Value, place: u64) {
        let Some(node) = machine.store.get(arguments) else { return };
        let odd = machine.store.items(node, 4).into_iter().find_map(|item| {
            let text = machine.store.text(item)?;
            let head = text.get(..text.floor_char_boundary(512)).unwrap_or_default();
            suspicion::of_text(head).filter(|found| matches!(found, Suspicion::Code | Suspicion::Command))
        });
        let Some(odd) = odd else { return };
        let shown = render::call(machine, callee, arguments);
        machine.judge.report_some("odd argument", || {
            Finding::new(
                &UNKNOWN_CALLABLE,
                format!("Loading gives {} to a harmless callable: `{shown}`.", odd.as_str()),
            )
            .severity(Severity::Low)
            .confidence(Confidence::Low)
            .at(place)
            .evidence(&shown)
        });
    }

    fn called_global(
        machine: &mut Machine<'_>,
        target: Value,
        arguments: Value,
        keywords: Option<Value>,
        folded: Option<Value>,
        place: u64,
        how: &'static str,
    ) {
        let Some(global) = machine.store.global_of(target) else { return };
        let (standing, path, assembled) = (global.standing, global.path(), global.assembled.clone());
        let (module, constructor) = (global.module.clone(), global.constructor);
        if let Some(changed) = changed_by(machine, &path, arguments) {
            Self::tampered(machine, changed, &render::call(machine, target, arguments), place);
        }
        if folded.is_none() && machine.judge.indirection < Self::INDIRECTION {
            let calls = indirect::calls(machine, &path, arguments);
            if !calls.is_empty() {
                if let Some(global) = machine.store.global_mut(target) {
                    global.judged = global.judged.saturating_add(1);
                }
                machine.judge.indirection = machine.judge.indirection.saturating_add(1);
                for (callee, given) in calls {
                    Self::called(machine, callee, given, None, None, place, "CALL");
                }
                machine.judge.indirection = machine.judge.indirection.saturating_sub(1);
                return;
            }
        }
        if machine.judge.indirection < Self::INDIRECTION {
            machine.judge.indirection = machine.judge.indirection.saturating_add(1);
            for (callee, given) in indirect::further(machine, &path, arguments) {
                Self::called(machine, callee, given, None, None, place, "CALL");
            }
            machine.judge.indirection = machine.judge.indirection.saturating_sub(1);
        }
        match standing {
            Standing::Safe { .. } => {
                if let Some(constructor) = constructor.filter(|_| !how.starts_with("NEWOBJ")) {
                    Self::constructed(machine, target, arguments, keywords, constructor, place);
                }
                Self::handed(machine, target, &[Some(arguments), keywords], place);
            }
            // A distribution executes what its state holds, which is judged when it comes.
            Standing::Gadget { .. } if how.starts_with("NEWOBJ") && distribution::is_home(&module) => {}
            // Part of a module's own names, which dill writes with a function that uses them. It imports nothing
            // until one of its methods is called, which is judged then.
            Standing::Gadget { class, .. } if how.starts_with("NEWOBJ") && is_import_record(&path) => {
                let why = "says where a module came from";
                let grade = (class, Severity::Low, why);
                Self::called_gadget(machine, target, (arguments, keywords), folded, place, grade, &assembled);
            }
            Standing::Gadget { class, severity, why, .. } => {
                let starts = matches!(class, GadgetClass::Process | GadgetClass::PackageInstall);
                let given = || [Some(arguments), keywords].into_iter().flatten();
                let fetches = starts.then(|| suspicion::downloads(machine, given())).flatten();
                let (severity, why) = fetches.map_or((severity, why), |why| (Severity::Critical, why));
                Self::called_gadget(
                    machine,
                    target,
                    (arguments, keywords),
                    folded,
                    place,
                    (class, severity, why),
                    &assembled,
                );
                let is_wrapper = matches!(class, GadgetClass::Reflection | GadgetClass::Codec);
                if is_wrapper && folded.is_none() {
                    Self::handed(machine, target, &[Some(arguments), keywords], place);
                }
            }
            Standing::Unknown => {
                Self::unknown(machine, target, (arguments, keywords), place, how);
                Self::handed(machine, target, &[Some(arguments), keywords], place);
            }
        }
    }

    /// Findings kept of one pickle; further ones replace milder ones.
    const FINDINGS: usize = 512;
    /// How often one kind of oddity is reported, unless a worse one comes.
    const REPEATS: u64 = 16;
    /// Nesting of calls that callables make (`map` over `map`).
    const INDIRECTION: u32 = 4;
    /// Strings given to unknown callables that are read as Python source.
    pub(super) const SOURCES: u32 = 2048;
    /// Calls of one gadget that are reported, unless a worse one comes. All of them are judged.
    const CALLS_SHOWN: u32 = 32;
}

/// Whether objects of the class at `path`, made without its constructor, only record how a module was found.
fn is_import_record(path: &str) -> bool {
    let is_home = ["importlib.", "_frozen_importlib."].iter().any(|home| path.starts_with(home))
        || path.starts_with("_frozen_importlib_external.");
    is_home
        && path
            .rsplit('.')
            .next()
            .is_some_and(|class| matches!(class, "ModuleSpec" | "SourceFileLoader" | "ExtensionFileLoader"))
}
