//! Short pseudo-Python for calls and their arguments, as findings show them. Bounded in depth and length.

use super::machine::Machine;
use super::store::Store;
use super::value::{Kind, Value};
use bartizan_core::printable;

/// Longest rendering of a call, in bytes.
const LONGEST: usize = 300;
/// Longest string shown inside a call, in characters.
const LONGEST_STRING: usize = 120;
/// Items shown of one container.
const ITEMS: usize = 8;
/// Nesting shown.
const DEPTH: u32 = 4;

/// `callee(arguments)`.
pub(super) fn call(machine: &Machine<'_>, callee: Value, arguments: Value) -> String {
    call_with(machine, callee, arguments, None)
}

/// `callee(arguments, key=value)`.
pub(super) fn call_with(
    machine: &Machine<'_>,
    callee: Value,
    arguments: Value,
    keywords: Option<Value>,
) -> String {
    let mut shown = String::new();
    write_callee(&machine.store, callee, &mut shown, 0);
    shown.push('(');
    match machine.store.get(arguments) {
        Some(node) if node.kind == Kind::Tuple => {
            let items = machine.store.items(node, ITEMS);
            write_items(&machine.store, &items, node.count, &mut shown, 1);
        }
        _ => {
            shown.push('*');
            write_value(&machine.store, arguments, &mut shown, 1);
        }
    }
    if let Some(named) = keywords.and_then(|keywords| machine.store.get(keywords)) {
        let items = machine.store.items(named, ITEMS.saturating_mul(2));
        for pair in items.chunks_exact(2) {
            let &[key, value] = pair else { continue };
            if !shown.ends_with('(') {
                shown.push_str(", ");
            }
            shown.push_str(&clip(&machine.store.text(key).unwrap_or_default()));
            shown.push('=');
            write_value(&machine.store, value, &mut shown, 1);
        }
    }
    shown.push(')');
    cut(shown)
}

/// One value.
pub(super) fn value(machine: &Machine<'_>, value: Value) -> String {
    let mut shown = String::new();
    write_value(&machine.store, value, &mut shown, 0);
    cut(shown)
}

/// What a callee is called in a message.
pub(super) fn callee(machine: &Machine<'_>, callee: Value) -> String {
    let mut shown = String::new();
    write_callee(&machine.store, callee, &mut shown, 0);
    cut(shown)
}

/// An import whose names are values.
pub(super) fn import(machine: &Machine<'_>, module: Value, name: Value) -> String {
    cut(format!("import {} . {}", value(machine, module), value(machine, name)))
}

/// A short name made safe to show.
pub(super) fn clip(text: &str) -> String {
    printable(text, LONGEST_STRING)
}

fn cut(mut shown: String) -> String {
    if shown.len() > LONGEST {
        let end = shown.floor_char_boundary(LONGEST);
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

fn write_callee(store: &Store<'_>, value: Value, shown: &mut String, depth: u32) {
    match (store.global_of(value), store.get(value)) {
        (Some(global), _) => shown.push_str(&clip(&global.path())),
        (_, Some(node)) if node.kind == Kind::Attribute => {
            let items = store.items(node, 2);
            write_value(
                store,
                items.first().copied().unwrap_or(Value::Plain),
                shown,
                depth.saturating_add(1),
            );
            shown.push('.');
            let name = items.get(1).and_then(|&name| store.text(name)).unwrap_or_default();
            shown.push_str(&clip(&name));
        }
        _ => write_value(store, value, shown, depth.saturating_add(1)),
    }
}

fn write_items(store: &Store<'_>, items: &[Value], count: u64, shown: &mut String, depth: u32) {
    for (index, &item) in items.iter().enumerate() {
        if shown.len() > LONGEST {
            shown.push('…');
            return;
        }
        if index > 0 {
            shown.push_str(", ");
        }
        write_value(store, item, shown, depth);
    }
    if count > items.len() as u64 {
        shown.push_str(if items.is_empty() { "…" } else { ", …" });
    }
}

fn write_value(store: &Store<'_>, value: Value, shown: &mut String, depth: u32) {
    if depth > DEPTH || shown.len() > LONGEST {
        shown.push('…');
        return;
    }
    let deeper = depth.saturating_add(1);
    match value {
        Value::Plain | Value::Run(_) | Value::Lost(_) | Value::Absent | Value::Long { .. } => shown.push('?'),
        Value::None => shown.push_str("None"),
        Value::Bool(true) => shown.push_str("True"),
        Value::Bool(false) => shown.push_str("False"),
        Value::Int(number) => shown.push_str(&number.to_string()),
        Value::Text { .. } | Value::Bytes { .. } | Value::Folded(_) => {
            if store.text(value).is_none() {
                shown.push('b');
            }
            let raw = store.raw(value).unwrap_or_default();
            let head = raw.get(..LONGEST_STRING.saturating_mul(4)).unwrap_or(raw);
            shown.push('"');
            shown.push_str(&clip(&String::from_utf8_lossy(head)));
            shown.push('"');
        }
        Value::Global(_) => write_callee(store, value, shown, depth),
        Value::Node(_) => {
            let Some(node) = store.get(value) else { return };
            let items = store.items(node, ITEMS);
            match node.kind {
                Kind::List => {
                    shown.push('[');
                    write_items(store, &items, node.count, shown, deeper);
                    shown.push(']');
                }
                Kind::Tuple => {
                    shown.push('(');
                    write_items(store, &items, node.count, shown, deeper);
                    shown.push_str(if items.len() == 1 { ",)" } else { ")" });
                }
                Kind::Dict => {
                    shown.push('{');
                    for (index, pair) in items.chunks(2).enumerate() {
                        if index > 0 {
                            shown.push_str(", ");
                        }
                        write_items(store, pair.get(..1).unwrap_or_default(), 1, shown, deeper);
                        shown.push_str(": ");
                        write_items(store, pair.get(1..).unwrap_or_default(), 1, shown, deeper);
                    }
                    if node.count > items.len() as u64 {
                        shown.push_str(", …");
                    }
                    shown.push('}');
                }
                Kind::Set => {
                    shown.push_str("set(");
                    write_items(store, &items, node.count, shown, deeper);
                    shown.push(')');
                }
                Kind::Call => {
                    let mut parts = items.iter().copied();
                    write_callee(store, parts.next().unwrap_or(Value::Plain), shown, deeper);
                    let arguments = parts.next().unwrap_or(Value::Plain);
                    let given = store.get(arguments);
                    shown.push('(');
                    if let Some(given) = given {
                        write_items(store, &store.items(given, ITEMS), given.count, shown, deeper);
                    } else {
                        shown.push('…');
                    }
                    shown.push(')');
                }
                Kind::Attribute => write_callee(store, value, shown, deeper),
                Kind::Partial | Kind::Getter => {
                    shown.push_str(if node.kind == Kind::Partial { "functools.partial(" } else { "getter(" });
                    write_items(store, &items, node.count, shown, deeper);
                    shown.push(')');
                }
                Kind::Persistent => {
                    shown.push_str("persistent(");
                    write_items(store, &items, node.count, shown, deeper);
                    shown.push(')');
                }
            }
        }
    }
}
