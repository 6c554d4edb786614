//! The verdict: what a stream would call, with what, and how bad that is.
//!
//! [`Judge`] is told of every call, import and change as the machine meets it and keeps findings until the last pass
//! over the stream is done. Grades come from the knowledge base for known names, from place and arguments for
//! unknown ones; a dangerous callable counts wherever it is handed, stored or called.

mod changes;
mod constructors;
mod functions;
mod payloads;
mod references;
mod structure;

pub(super) use payloads::{Payload, PayloadData, Purpose};

use super::knowledge::{self, GadgetClass, Standing};
use super::machine::Machine;
use super::rules::{
    CODE_EXECUTION, DANGEROUS_CALL, EMBEDDED_CODE, FILE_ACCESS, HIDDEN_CALL, IMPORT, NATIVE, NESTED, NETWORK,
    REFLECTION, UNKNOWN_CALLABLE,
};
use super::suspicion::{self, Suspicion};
use super::value::{Kind, Value};
use super::{distribution, fold, indirect, nested, render};
use bartizan_core::{Confidence, Finding, Rule, Severity};
use changes::{changed_by, sets_label, sets_own_attribute};
pub(super) use functions::makes_code_object;
use functions::{Function, builds_code};
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

    fn called_gadget(
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

    /// Something that is no plain import is called: a bound method, or what another call gave.
    fn called_object(
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

    /// An unknown callable runs: graded by where it lives and what it is given.
    fn unknown(
        machine: &mut Machine<'_>,
        target: Value,
        (arguments, keywords): (Value, Option<Value>),
        place: u64,
        how: &'static str,
    ) {
        let Some(global) = machine.store.global_of(target) else { return };
        let is_instance = how.starts_with("NEWOBJ");
        let module = global.module.clone();
        let name = global.name.clone();
        let is_assembled = !global.assembled.is_empty();
        let last = name.rsplit('.').next().unwrap_or_default();
        let looks_like_class =
            last.trim_start_matches('_').starts_with(|first: char| first.is_ascii_uppercase());
        let is_stdlib = knowledge::is_stdlib(&module);
        let given = all_given(machine, arguments, keywords);
        let mut suspicion = suspicion::of(machine, given);
        if suspicion < Some(Suspicion::Command)
            && machine.judge.sources_read < Self::SOURCES
            && suspicion::is_harmful_source(machine, given)
        {
            suspicion = Some(Suspicion::Code);
        }
        let is_own = module == "__main__" || module == "__mp_main__";
        let base = match () {
            () if is_own => Severity::Low,
            () if is_stdlib && !is_instance => Severity::Medium,
            () if looks_like_class => Severity::Low,
            () => Severity::Medium,
        };
        let raised = match suspicion {
            Some(Suspicion::Code | Suspicion::Command) if is_instance || is_own => Severity::Medium,
            Some(Suspicion::Code | Suspicion::Command) => Severity::High,
            Some(Suspicion::Address) if is_stdlib && !is_instance => Severity::High,
            // A function, no class: it does something with the address or file, there and then.
            Some(Suspicion::Address | Suspicion::Path)
                if !is_instance
                    && !is_own
                    && !looks_like_class
                    && suspicion::names_target(machine, given) =>
            {
                Severity::High
            }
            Some(_) => Severity::Medium,
            None => Severity::Info,
        };
        let mut severity = base.max(raised);
        if is_assembled && !is_own {
            severity = severity.max(Severity::Medium);
        }
        let known = machine.judge.unknown.get(&target).copied();
        let better =
            known.and_then(|index| machine.judge.findings.get(index)).map(|finding| finding.severity);
        if better.is_some_and(|better| better >= severity) {
            return;
        }
        let shown = render::call_with(machine, target, arguments, keywords);
        let with = suspicion.map(|found| format!(" with {}", found.as_str())).unwrap_or_default();
        let verb = if is_instance { "makes an object of" } else { "calls" };
        let what = render::callee(machine, target);
        let message = format!("Loading {verb} `{what}`{with}, which nobody has vetted: `{shown}`.");
        let finding = Finding::new(&UNKNOWN_CALLABLE, message)
            .severity(severity)
            .confidence(if suspicion.is_some() { Confidence::Medium } else { Confidence::Low })
            .at(place)
            .evidence(&shown);
        let judge = &mut machine.judge;
        judge.is_dangerous |= severity >= Severity::High;
        match known.and_then(|index| judge.findings.get_mut(index)) {
            Some(slot) if slot.rule.id == UNKNOWN_CALLABLE.id => *slot = finding,
            _ => {
                if judge.findings.len() < Self::FINDINGS {
                    judge.unknown.insert(target, judge.findings.len());
                }
                judge.report(finding);
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

/// Positional arguments and the values of keyword arguments as one tuple.
fn all_given(machine: &mut Machine<'_>, arguments: Value, keywords: Option<Value>) -> Value {
    let Some(named) = keywords.and_then(|keywords| machine.store.contents(keywords)) else {
        return arguments;
    };
    let mut given = machine.store.contents(arguments).map(|(items, _)| items).unwrap_or_default();
    given.extend(named.0.chunks_exact(2).filter_map(|pair| pair.last().copied()));
    machine.store.node(Kind::Tuple, &given)
}

fn rule_for(class: GadgetClass) -> &'static Rule {
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

/// Whether the first argument is a byte string of the stream.
fn is_given_bytes(machine: &Machine<'_>, arguments: Value) -> bool {
    let first = machine.store.get(arguments).and_then(|node| machine.store.items(node, 1).first().copied());
    first.is_some_and(|first| machine.store.byte_string(first).is_some())
}

/// The module and class of an instance that the stream made.
fn class_of(machine: &Machine<'_>, object: Value) -> Option<(String, String)> {
    let node = machine.store.get(object).filter(|node| node.kind == Kind::Call)?;
    let callee = machine.store.items(node, 1).first().copied()?;
    let class = machine.store.global_of(callee)?;
    Some((class.module.clone(), class.name.clone()))
}
