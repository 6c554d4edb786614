//! The verdict: what a stream would call, with what, and how bad that is.
//!
//! [`Judge`] is told of every call, import and change as the machine meets it and keeps findings until the last pass
//! over the stream is done. Grades come from the knowledge base for known names, from place and arguments for
//! unknown ones; a dangerous callable counts wherever it is handed, stored or called.

use super::knowledge::{self, GadgetClass, Standing};
use super::machine::Machine;
use super::rules::{
    BROKEN_STREAM, CODE_EXECUTION, DANGEROUS_CALL, DANGEROUS_REFERENCE, EMBEDDED_CODE, EXPANSION,
    EXTENSION_REGISTRY, FILE_ACCESS, FRAME_DESYNC, HIDDEN_CALL, IMPORT, MODULE_TAMPERING, NATIVE, NESTED,
    NETWORK, PERSISTENT_ID, REFLECTION, UNKNOWN_CALLABLE,
};
use super::suspicion::{self, Suspicion};
use super::value::{Kind, Value};
use super::{fold, nested, render};
use bartizan_core::{Confidence, Finding, Rule, Severity};
use std::collections::HashMap;

/// What a name is known for, as the machine asks it.
pub(super) fn standing_of(module: &str, name: &str) -> Standing {
    let top = module.split('.').next().unwrap_or_default();
    if SCANNERS.contains(&top) {
        return Standing::Gadget {
            class: GadgetClass::Environment,
            severity: Severity::High,
            why: "belongs to a security scanner and can switch its checks off",
            sole_reference: Severity::High,
        };
    }
    if name.is_empty() {
        // A module as such; what is taken from it is judged then.
        return Standing::Unknown;
    }
    knowledge::standing(module, name)
}

/// Packages that guard the loading of models; no model refers to them.
static SCANNERS: &[&str] = &["bartizan", "fickling", "modelaudit", "modelscan", "picklescan"];

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
    unknown: HashMap<Value, usize>,
    once: HashMap<&'static str, u64>,
    /// Whether the stream carried a call graded high or worse.
    pub(super) is_dangerous: bool,
}

/// Data inside a string, to be scanned on their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Payload {
    /// Where the string lies.
    pub(super) place: u64,
    /// The data.
    pub(super) data: PayloadData,
    /// What the stream does with them.
    pub(super) purpose: Purpose,
}

/// Where the data of a payload are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PayloadData {
    /// So many bytes of the stream, at the payload's place.
    InStream(u64),
    /// Decoded or folded.
    Owned(Vec<u8>),
}

/// What the stream does with a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Holds it.
    Data,
    /// Runs it as Python source.
    Source,
    /// Loads it as marshalled code.
    Marshal,
    /// Unpickles it.
    Pickle,
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

    /// Reports `rule` unless `key` already was, a few times over.
    fn report_some(&mut self, key: &'static str, finding: impl FnOnce() -> Finding) {
        let count = self.once.entry(key).or_default();
        *count = count.saturating_add(1);
        if *count <= Self::REPEATS {
            self.report(finding());
        }
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
            if is_safe
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
        if let Some(changed) = changed_by(machine, &path, arguments) {
            Self::tampered(machine, changed, &render::call(machine, target, arguments), place);
        }
        match standing {
            Standing::Safe { .. } => Self::handed(machine, target, &[Some(arguments), keywords], place),
            Standing::Gadget { class, severity, why, .. } => {
                Self::called_gadget(
                    machine,
                    target,
                    arguments,
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
                Self::unknown(machine, target, arguments, place, how);
                Self::handed(machine, target, &[Some(arguments), keywords], place);
            }
        }
    }

    fn called_gadget(
        machine: &mut Machine<'_>,
        target: Value,
        arguments: Value,
        folded: Option<Value>,
        place: u64,
        (class, severity, why): (GadgetClass, Severity, &'static str),
        assembled: &str,
    ) {
        let Some(global) = machine.store.global_mut(target) else { return };
        global.judged = global.judged.saturating_add(1);
        if global.judged > Self::CALLS_SHOWN {
            return;
        }
        let path = global.path();
        let mut severity = severity;
        if let Some(result) = folded {
            match class {
                // What the look-up gives is judged when it is used, or at the end as a reference.
                GadgetClass::Reflection if !is_reported_folded(&path) => return,
                GadgetClass::Codec => {
                    if let Some(bytes) = machine.store.raw(result)
                        && bytes.len() >= nested::SHORTEST
                        && nested::is_candidate(bytes)
                    {
                        let bytes = bytes.to_vec();
                        machine.judge.payload_bytes(place, &bytes);
                    }
                    severity = severity.min(Severity::Medium);
                }
                _ => {}
            }
        }
        if class == GadgetClass::NestedPickle && !is_given_bytes(machine, arguments) {
            // The serialisers that nest pickles write the inner one as a byte string beside the call.
            severity = severity.max(Severity::High);
        }
        if path == "builtins.setattr" && sets_own_attribute(machine, arguments) {
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
            machine.hand_over(arguments, purpose, place);
        }
        let shown = render::call(machine, target, arguments);
        let is_code = builds_code(&path);
        if is_code {
            severity = severity.min(Severity::Medium);
            if let Some(name) = dangerous_name(machine, arguments) {
                let message = format!(
                    "Loading rebuilds a function from bytecode in the stream that uses `{name}`: `{shown}`."
                );
                machine.judge.report(
                    Finding::new(&EMBEDDED_CODE, message).severity(Severity::High).at(place).evidence(&shown),
                );
                return;
            }
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
                Self::handed(machine, target, &[Some(arguments)], place);
                let severity = match machine.store.global_of(origin).map(|global| global.standing) {
                    Some(Standing::Safe { .. }) => Severity::Low,
                    Some(Standing::Gadget { severity, .. }) => severity.min(Severity::High),
                    Some(Standing::Unknown) => Severity::Medium,
                    None => Severity::High,
                };
                let severity = match suspicion::of(machine, arguments) {
                    Some(Suspicion::Code | Suspicion::Command) => Severity::High,
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
            _ => {}
        }
    }

    /// An unknown callable runs: graded by where it lives and what it is given.
    fn unknown(machine: &mut Machine<'_>, target: Value, arguments: Value, place: u64, how: &'static str) {
        let Some(global) = machine.store.global_of(target) else { return };
        let is_instance = how.starts_with("NEWOBJ");
        let module = global.module.clone();
        let name = global.name.clone();
        let is_assembled = !global.assembled.is_empty();
        let last = name.rsplit('.').next().unwrap_or_default();
        let looks_like_class =
            last.trim_start_matches('_').starts_with(|first: char| first.is_ascii_uppercase());
        let is_stdlib = knowledge::is_stdlib(&module);
        let suspicion = suspicion::of(machine, arguments);
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
        let shown = render::call(machine, target, arguments);
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

    /// Dangerous callables among what `target` is given.
    fn handed(machine: &mut Machine<'_>, target: Value, given: &[Option<Value>], place: u64) {
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
                if grade < Severity::Medium || global.judged > Self::CALLS_SHOWN {
                    continue;
                }
                global.judged = global.judged.saturating_add(1);
                let name = render::clip(&global.path());
                let to = render::callee(machine, target);
                let message = format!("Loading hands `{name}`, which {why}, to `{to}`, which may call it.");
                machine.judge.report(
                    Finding::new(&DANGEROUS_REFERENCE, message)
                        .severity(grade.min(Severity::High))
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

    /// BUILD gives `state` to `target`.
    pub(super) fn built(machine: &mut Machine<'_>, target: Value, state: Value, place: u64) {
        match target {
            Value::Global(_) => {
                let shown = format!(
                    "{}.__setstate__({})",
                    render::callee(machine, target),
                    render::value(machine, state)
                );
                if let Some(global) = machine.store.global_mut(target) {
                    global.calls = global.calls.saturating_add(1);
                }
                Self::tampered(machine, target, &shown, place);
            }
            Value::Node(_) => {
                let Some(node) = machine.store.get(target) else { return };
                if node.kind == Kind::Attribute {
                    let shown =
                        format!("{} <- {}", render::callee(machine, target), render::value(machine, state));
                    Self::tampered(machine, target, &shown, place);
                    return;
                }
                let Some(key) = internal_key(machine, state) else { return };
                let shown = render::value(machine, target);
                machine.judge.report_some("internal attribute", || {
                    Finding::new(
                        &MODULE_TAMPERING,
                        format!("Loading overwrites the attribute `{key}` of `{shown}`, which redirects its behaviour."),
                    )
                    .at(place)
                    .evidence(format!("{shown}.{key} = …"))
                });
            }
            Value::Lost(slot) if machine.matters(state) || internal_key(machine, state).is_some() => {
                machine.want(slot);
            }
            _ => {}
        }
    }

    /// APPEND, ADDITEMS or SETITEM on something that is no container of the stream's own.
    pub(super) fn added(
        machine: &mut Machine<'_>,
        target: Value,
        items: &[Value],
        place: u64,
        how: &'static str,
    ) {
        let is_foreign = match target {
            Value::Global(_) => true,
            Value::Node(_) => machine.store.get(target).is_some_and(|node| match node.kind {
                Kind::Attribute => true,
                Kind::Call => {
                    let callee = machine.store.items(node, 1).first().copied();
                    let callee = callee.and_then(|callee| machine.store.global_of(callee));
                    callee.is_some_and(|callee| {
                        matches!(
                            callee.standing,
                            Standing::Gadget { class: GadgetClass::Reflection | GadgetClass::Import, .. }
                        )
                    })
                }
                _ => false,
            }),
            _ => false,
        };
        if !is_foreign {
            return;
        }
        if let Some(global) = machine.store.global_mut(target) {
            global.calls = global.calls.saturating_add(1);
        }
        let shown: Vec<String> = items.iter().take(4).map(|&item| render::value(machine, item)).collect();
        let shown = format!("{} <- {how}({})", render::callee(machine, target), shown.join(", "));
        Self::tampered(machine, target, &shown, place);
    }

    fn tampered(machine: &mut Machine<'_>, target: Value, shown: &str, place: u64) {
        let path = machine.store.global_of(target).map(super::store::Global::path).unwrap_or_default();
        let is_global_table =
            path == "sys.modules" || path.contains("__builtins__") || path.starts_with("builtins");
        let severity = if is_global_table { Severity::Critical } else { Severity::High };
        let what = render::callee(machine, target);
        machine.judge.report_some("tampering", || {
            Finding::new(&MODULE_TAMPERING, format!("Loading changes `{what}` itself: `{shown}`."))
                .severity(severity)
                .at(place)
                .evidence(shown)
        });
    }

    /// A name that cannot be read off the stream is imported.
    pub(super) fn hidden_name(&mut self, shown: &str, place: u64) {
        self.report_some("import of a hidden name", || {
            Finding::new(
                &HIDDEN_CALL,
                format!("Loading imports a name that calls or buried values give: `{shown}`."),
            )
            .at(place)
            .evidence(shown)
        });
    }

    /// A persistent id of an unknown kind.
    pub(super) fn persistent(&mut self, place: u64) {
        self.report_some("persistent id", || {
            Finding::new(&PERSISTENT_ID, "A persistent id that only the loading application can resolve.")
                .at(place)
        });
    }

    /// An extension code.
    pub(super) fn extension(&mut self, code: i64, place: u64) {
        self.report_some("extension code", || {
            Finding::new(
                &EXTENSION_REGISTRY,
                format!("Loading takes number {code} from the extension registry; the file does not show what it is."),
            )
            .at(place)
        });
    }

    /// A frame that the two loaders read differently.
    pub(super) fn frame(&mut self, place: u64, what: &str) {
        self.report_some("frame", || {
            Finding::new(&FRAME_DESYNC, format!("Frames do not fit: {what}.")).at(place)
        });
    }

    /// PROTO where no serialiser writes it.
    pub(super) fn misplaced_protocol(&mut self, place: u64) {
        self.report_some("protocol", || {
            Finding::new(&FRAME_DESYNC, "PROTO stands in the middle of the stream.")
                .severity(Severity::Low)
                .at(place)
        });
    }

    /// DUP, which no serialiser writes, again and again.
    pub(super) fn duplicates(&mut self, place: u64) {
        self.report(
            Finding::new(&EXPANSION, "DUP copies values many times over, which no serialiser does.")
                .severity(Severity::Low)
                .at(place),
        );
    }

    /// A container that holds itself.
    pub(super) fn cycle(&mut self, place: u64) {
        self.report_some("cycle", || {
            Finding::new(&EXPANSION, "A container is put into itself; walking it never ends.")
                .severity(Severity::Low)
                .confidence(Confidence::Low)
                .at(place)
        });
    }

    /// Values left behind when the stream stops.
    pub(super) fn left_over(&mut self, values: usize, place: u64) {
        self.report_some("left over", || {
            Finding::new(
                &BROKEN_STREAM,
                format!(
                    "The stream stops with {values} values or marks left over, which no serialiser does."
                ),
            )
            .severity(Severity::Low)
            .at(place)
        });
    }

    /// A memo slot far beyond those in use.
    pub(super) fn sparse_memo(&mut self, slot: u64, place: u64) {
        self.report_some("memo slot", || {
            Finding::new(
                &EXPANSION,
                format!(
                    "Memo slot {slot} is written although few are in use; the loader allocates all below it."
                ),
            )
            .at(place)
        });
    }

    /// An integer whose decoding takes minutes.
    pub(super) fn absurd_integer(&mut self, length: u64, place: u64) {
        self.report_some("integer", || {
            Finding::new(&EXPANSION, format!("An integer of {length} bytes, which only serves to exhaust."))
                .at(place)
        });
    }

    /// A container that stands for too many values.
    pub(super) fn expansion(&mut self, values: u64, place: u64) {
        self.report_some("expansion", || {
            Finding::new(&EXPANSION, format!("Shared containers stand for {values} values.")).at(place)
        });
    }

    /// More of `what` than any model has; names may have been lost to it.
    pub(super) fn flood(&mut self, place: u64, what: &str) {
        self.report_some("flood", || {
            Finding::new(
                &EXPANSION,
                format!("The stream keeps more {what} than any model has, as if to exhaust a scanner."),
            )
            .severity(Severity::High)
            .at(place)
        });
    }

    /// A joblib array whose size the stream does not tell.
    pub(super) fn unknown_array_block(&mut self, place: u64) {
        self.report_some("array block", || {
            Finding::new(
                &BROKEN_STREAM,
                "An array follows whose type or shape cannot be read off the stream.",
            )
            .at(place)
        });
    }

    /// Notes a string of the stream to look into.
    pub(super) fn payload_at(&mut self, place: u64, length: u64) {
        self.payload(Payload { place, data: PayloadData::InStream(length), purpose: Purpose::Data });
    }

    /// Notes a decoded string to look into.
    pub(super) fn payload_bytes(&mut self, place: u64, data: &[u8]) {
        self.payload_for(place, data, Purpose::Data);
    }

    /// Notes a decoded string that the stream uses for `purpose`.
    pub(super) fn payload_for(&mut self, place: u64, data: &[u8], purpose: Purpose) {
        let total = self.payload_bytes.saturating_add(data.len());
        if total > Self::PAYLOAD_BYTES {
            self.payloads_dropped = self.payloads_dropped.saturating_add(1);
            return;
        }
        self.payload_bytes = total;
        self.payload(Payload { place, data: PayloadData::Owned(data.to_vec()), purpose });
    }

    /// Notes a payload.
    pub(super) fn payload(&mut self, payload: Payload) {
        if self.payloads.len() >= Self::PAYLOADS {
            self.payloads_dropped = self.payloads_dropped.saturating_add(1);
        } else {
            self.payloads.push(payload);
        }
    }

    /// The stream is done: what it refers to without calling it.
    pub(super) fn finish(machine: &mut Machine<'_>) {
        let references: Vec<(Value, super::store::Global)> = machine
            .store
            .globals()
            .filter(|(_, global)| global.calls == 0 && global.judged == 0)
            .map(|(value, global)| (value, global.clone()))
            .collect();
        let mut unknown = 0u64;
        for (_, global) in references {
            let path = render::clip(&global.path());
            match global.standing {
                Standing::Gadget { why, sole_reference, .. } => {
                    let mut message =
                        format!("The stream refers to `{path}`, which {why}, without calling it.");
                    let mut severity = sole_reference;
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

    /// Findings kept of one pickle; further ones replace milder ones.
    const FINDINGS: usize = 512;
    /// How often one kind of oddity is reported.
    const REPEATS: u64 = 16;
    /// Calls of one gadget that are reported.
    const CALLS_SHOWN: u32 = 32;
    /// Values looked through for dangerous callables in one call.
    const VALUES: usize = 4096;
    /// Nesting looked through.
    const DEPTH: u32 = 16;
    /// Strings looked into.
    const PAYLOADS: usize = 1 << 14;
    /// Bytes of decoded strings kept to look into.
    const PAYLOAD_BYTES: usize = 8 << 20;
}

impl Machine<'_> {
    /// Notes every string reachable from `arguments` as used for `purpose`.
    fn hand_over(&mut self, arguments: Value, purpose: Purpose, place: u64) {
        let mut open = vec![(arguments, 0u32)];
        let mut looked = 0u32;
        while let Some((value, depth)) = open.pop() {
            looked = looked.saturating_add(1);
            if looked > 64 {
                return;
            }
            if let Value::Lost(slot) = value {
                self.want(slot);
            }
            if let Value::Text { length, at } | Value::Bytes { length, at } = value {
                let data = PayloadData::InStream(u64::from(length));
                self.judge.payload(Payload { place: at, data, purpose });
            } else if let Some(raw) = self.store.raw(value) {
                let raw = raw.to_vec();
                self.judge.payload_for(place, &raw, purpose);
            } else if depth < 3
                && let Some((items, _)) = self.store.contents(value)
            {
                open.extend(items.into_iter().take(64).map(|item| (item, depth.saturating_add(1))));
            }
        }
    }
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

/// Whether the callable turns bytecode or parts of it into functions, as dill and cloudpickle do.
fn builds_code(path: &str) -> bool {
    matches!(path, "types.CodeType" | "types.FunctionType")
        || ((path.starts_with("cloudpickle.") || path.starts_with("dill."))
            && ["_make_function", "_make_skel_func", "_fill_function", "_create_code", "_create_function"]
                .iter()
                .any(|name| path.ends_with(name)))
}

/// Whether the first argument is a byte string of the stream.
fn is_given_bytes(machine: &Machine<'_>, arguments: Value) -> bool {
    let first = machine.store.get(arguments).and_then(|node| machine.store.items(node, 1).first().copied());
    first.is_some_and(|first| machine.store.byte_string(first).is_some())
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

/// Whether `setattr` gives an ordinary attribute to an object that the stream itself made, as dill does for classes.
fn sets_own_attribute(machine: &Machine<'_>, arguments: Value) -> bool {
    let Some((items, _)) = machine.store.contents(arguments) else { return false };
    let [object, name, value] = items.as_slice() else { return false };
    let is_own = machine.store.get(*object).is_some_and(|node| node.kind == Kind::Call);
    let is_ordinary = machine.store.text(*name).is_some_and(|name| !INTERNAL_KEYS.contains(&name.as_ref()));
    is_own && is_ordinary && !machine.matters(*value)
}

/// The module and class of an instance that the stream made.
fn class_of(machine: &Machine<'_>, object: Value) -> Option<(String, String)> {
    let node = machine.store.get(object).filter(|node| node.kind == Kind::Call)?;
    let callee = machine.store.items(node, 1).first().copied()?;
    let class = machine.store.global_of(callee)?;
    Some((class.module.clone(), class.name.clone()))
}

/// The imported object that a call of the function at `path` changes.
fn changed_by(machine: &Machine<'_>, path: &str, arguments: Value) -> Option<Value> {
    let is_change = matches!(
        path,
        "builtins.setattr"
            | "builtins.delattr"
            | "builtins.object.__setattr__"
            | "builtins.object.__delattr__"
            | "builtins.type.__setattr__"
            | "operator.setitem"
            | "operator.delitem"
            | "_operator.setitem"
            | "_operator.delitem"
            | "operator.iadd"
            | "operator.ior"
            | "operator.iconcat"
            | "_operator.iadd"
            | "_operator.ior"
            | "_operator.iconcat"
    ) || CONTAINER_CHANGES.iter().any(|change| {
        [
            "builtins.dict.",
            "builtins.list.",
            "builtins.set.",
            "collections.OrderedDict.",
            "collections.deque.",
        ]
        .iter()
        .any(|class| path.strip_prefix(class) == Some(*change))
    });
    if !is_change {
        return None;
    }
    let (items, _) = machine.store.contents(arguments)?;
    let first = items.first().copied()?;
    let is_foreign = matches!(first, Value::Global(_))
        || machine.store.get(first).is_some_and(|node| node.kind == Kind::Attribute);
    is_foreign.then_some(first)
}

/// Methods that change the container they are given first.
static CONTAINER_CHANGES: &[&str] = &[
    "update",
    "__setitem__",
    "__delitem__",
    "setdefault",
    "pop",
    "clear",
    "append",
    "extend",
    "insert",
    "remove",
    "add",
    "discard",
    "__ior__",
    "__iadd__",
];

/// A key of a state dictionary that redirects an object's behaviour.
fn internal_key(machine: &Machine<'_>, state: Value) -> Option<String> {
    let node = machine.store.get(state)?;
    match node.kind {
        Kind::Dict => internal_key_of(machine, node),
        Kind::Tuple => machine.store.head(node).iter().take(4).find_map(|&part| {
            internal_key_of(machine, machine.store.get(part).filter(|node| node.kind == Kind::Dict)?)
        }),
        _ => None,
    }
}

fn internal_key_of(machine: &Machine<'_>, node: &super::value::Node) -> Option<String> {
    let head = machine.store.head(node);
    let is_whole = head.len() as u64 == node.count;
    let all = if is_whole { Vec::new() } else { machine.store.items(node, 512) };
    let items = if is_whole { head } else { &all };
    items.iter().step_by(2).take(512).find_map(|&key| {
        let raw = machine.store.raw(key)?;
        if !raw.starts_with(b"__") {
            return None;
        }
        let key = machine.store.text(key)?;
        INTERNAL_KEYS.contains(&key.as_ref()).then(|| key.into_owned())
    })
}

/// Attributes that decide how an object or everything in its module behaves.
static INTERNAL_KEYS: &[&str] = &[
    "__builtins__",
    "__class__",
    "__code__",
    "__getattr__",
    "__getattribute__",
    "__globals__",
    "__import__",
    "__loader__",
    "__reduce__",
    "__reduce_ex__",
    "__setstate__",
    "__subclasshook__",
];
