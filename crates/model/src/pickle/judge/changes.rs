//! What a stream changes: state given to objects, items put into foreign containers, attributes set.

use super::objects::class_of;
use super::{Judge, Purpose};
use crate::pickle::knowledge::{GadgetClass, Standing};
use crate::pickle::machine::Machine;
use crate::pickle::rules::{CODE_EXECUTION, MODULE_TAMPERING};
use crate::pickle::store::Global;
use crate::pickle::value::{Kind, Node, Value};
use crate::pickle::{distribution, render};
use bartizan_core::{Finding, Severity};
use std::borrow::Cow;

impl Judge {
    /// BUILD gives `state` to `target`.
    pub(in crate::pickle) fn built(machine: &mut Machine<'_>, target: Value, state: Value, place: u64) {
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
                Self::given_template(machine, target, state, place);
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

    /// A SciPy distribution gets its state, of which it executes the template.
    fn given_template(machine: &mut Machine<'_>, target: Value, state: Value, place: u64) {
        let is_home = class_of(machine, target).is_some_and(|(module, _)| distribution::is_home(&module));
        let template = template_of(machine, state);
        if let Some(Value::Lost(slot)) = template {
            machine.want(slot);
            return;
        }
        let text = template.and_then(|template| machine.store.text(template)).map(Cow::into_owned);
        let (severity, message) = match text {
            Some(text) if distribution::is_scipys_own(&text) => return,
            Some(text) => {
                machine.judge.payload_for(place, text.as_bytes(), Purpose::Source);
                let severity = if is_home { Severity::Critical } else { Severity::High };
                (severity, "a template that is not SciPy's, which rebuilding the distribution executes")
            }
            // A template that calls give, or a state that is no dictionary of the stream's own.
            None if template.is_some() || (is_home && !is_whole_dictionary(machine, state)) => (
                Severity::Medium,
                "a state out of sight, of which rebuilding the distribution executes a part",
            ),
            None => return,
        };
        let shown = render::value(machine, target);
        machine.judge.report_some("distribution template", || {
            Finding::new(&CODE_EXECUTION, format!("Loading gives `{shown}` {message}."))
                .severity(severity)
                .at(place)
                .evidence(format!("{shown}.{} = …", distribution::KEY))
        });
    }

    /// APPEND, ADDITEMS or SETITEM on something that is no container of the stream's own.
    pub(in crate::pickle) fn added(
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

    pub(super) fn tampered(machine: &mut Machine<'_>, target: Value, shown: &str, place: u64) {
        let path = machine.store.global_of(target).map(Global::path).unwrap_or_default();
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
}

/// Whether `setattr` gives an ordinary attribute to an object that the stream itself made, as dill does for classes.
pub(super) fn sets_own_attribute(machine: &Machine<'_>, arguments: Value) -> bool {
    let Some((items, _)) = machine.store.contents(arguments) else { return false };
    let [object, name, value] = items.as_slice() else { return false };
    let is_own = machine.store.get(*object).is_some_and(|node| node.kind == Kind::Call);
    let is_ordinary = machine.store.text(*name).is_some_and(|name| !INTERNAL_KEYS.contains(&name.as_ref()));
    is_own && is_ordinary && !machine.matters(*value)
}

/// Whether `setattr` only gives a class of the program another label, as dill does after rebuilding an enumeration.
pub(super) fn sets_label(machine: &Machine<'_>, arguments: Value) -> bool {
    let Some((items, _)) = machine.store.contents(arguments) else { return false };
    let [object, name, value] = items.as_slice() else { return false };
    let is_own = machine.store.global_of(*object).is_some_and(|global| global.module == "__main__");
    let is_label =
        machine.store.text(*name).is_some_and(|name| matches!(name.as_ref(), "__qualname__" | "__doc__"));
    is_own && is_label && machine.store.text(*value).is_some()
}

/// The imported object that a call of the function at `path` changes.
pub(super) fn changed_by(machine: &Machine<'_>, path: &str, arguments: Value) -> Option<Value> {
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
    if !is_change || (path == "builtins.setattr" && sets_label(machine, arguments)) {
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

/// The template in the state of a distribution.
fn template_of(machine: &Machine<'_>, state: Value) -> Option<Value> {
    let node = machine.store.get(state).filter(|node| node.kind == Kind::Dict)?;
    let head = machine.store.head(node);
    let is_whole = head.len() as u64 == node.count;
    let all = if is_whole { Vec::new() } else { machine.store.items(node, 512) };
    let items = if is_whole { head } else { &all };
    items.chunks_exact(2).take(256).find_map(|pair| match *pair {
        [Value::Text { length, .. }, _] if length as usize != distribution::KEY.len() => None,
        [key, value] => (machine.store.raw(key)? == distribution::KEY.as_bytes()).then_some(value),
        _ => None,
    })
}

fn is_whole_dictionary(machine: &Machine<'_>, state: Value) -> bool {
    machine.store.get(state).is_some_and(|node| node.kind == Kind::Dict)
        && machine.store.contents(state).is_some_and(|(_, is_whole)| is_whole)
}

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

fn internal_key_of(machine: &Machine<'_>, node: &Node) -> Option<String> {
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
