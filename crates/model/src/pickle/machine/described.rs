//! Calls that other formats describe, followed on the same values and judged by the same judge as those of a stream.

use super::Machine;
use crate::Scan;
use crate::call::{Argument, Call, How, Name};
use crate::pickle::judge::Judge;
use crate::pickle::store::Folded;
use crate::pickle::value::{Kind, Node, Value};
use crate::pickle::{fold, names, nested};
use bartizan_core::Finding;
use std::collections::HashSet;

/// The findings on `call`, described at offset `place`. What its arguments hide is reported to `scan`.
pub(crate) fn described(call: &Call, place: u64, scan: &mut Scan<'_>) -> Vec<Finding> {
    let mut machine = Machine::new(&[], 0, HashSet::new(), false);
    machine.describe(call, place);
    let findings = std::mem::take(&mut machine.judge.findings);
    let payloads = std::mem::take(&mut machine.judge.payloads);
    drop(machine);
    for payload in &payloads {
        nested::inspect(&[], payload, scan);
    }
    findings
}

impl Machine<'_> {
    fn describe(&mut self, call: &Call, place: u64) {
        let callee = self.named(&call.callee, place);
        if call.how == How::Named {
            Judge::finish(self, false);
            return;
        }
        let arguments = self.sequence(Kind::Tuple, &call.arguments, place, 0);
        let keywords = (!call.keywords.is_empty()).then(|| self.keywords(&call.keywords, place, 0));
        let state = call.state.as_ref().map(|state| self.argument(state, place, 0));
        let how = if call.how == How::Made { "NEWOBJ" } else { "REDUCE" };
        self.call(callee, arguments, keywords, place, how);
        let Ok(result) = self.pop("a described call") else { return };
        if let Some(state) = state {
            Judge::built(self, result, state, place);
        }
        let is_container = self.store.get(result).is_some_and(Node::is_container);
        if is_container || matches!(result, Value::Global(_)) {
            // A look-up that was followed: what it gives, and nothing has called yet, counts.
            Judge::finish(self, false);
        }
    }

    fn named(&mut self, name: &Name, place: u64) -> Value {
        let (module, name) = names::modern(&name.module, &name.name);
        self.store.global(&module, &name, place, "")
    }

    fn argument(&mut self, argument: &Argument, place: u64, depth: u32) -> Value {
        if depth > Self::DESCRIBED_DEPTH {
            return Value::Plain;
        }
        let deeper = depth.saturating_add(1);
        match argument {
            Argument::Unknown => Value::Plain,
            Argument::None => Value::None,
            Argument::Bool(value) => Value::Bool(*value),
            Argument::Int(number) => Value::Int(*number),
            Argument::Text(text) => self.store.decoded(Folded::Text(text.clone())),
            Argument::Sequence(items) => self.sequence(Kind::List, items, place, deeper),
            Argument::Mapping(pairs) => {
                let mut items = Vec::with_capacity(pairs.len().saturating_mul(2));
                for (key, value) in pairs {
                    items.push(self.argument(key, place, deeper));
                    items.push(self.argument(value, place, deeper));
                }
                self.store.node(Kind::Dict, &items)
            }
            Argument::Name(name) => self.named(name, place),
            Argument::Result(call) => {
                let callee = self.named(&call.callee, place);
                let arguments = self.sequence(Kind::Tuple, &call.arguments, place, deeper);
                // What it calls is judged where it stands; here only what it gives counts.
                let folded =
                    if call.keywords.is_empty() { fold::call(self, callee, arguments, place) } else { None };
                folded.unwrap_or_else(|| self.store.node(Kind::Call, &[callee, arguments]))
            }
        }
    }

    fn sequence(&mut self, kind: Kind, items: &[Argument], place: u64, depth: u32) -> Value {
        let items: Vec<Value> = items.iter().map(|item| self.argument(item, place, depth)).collect();
        self.store.node(kind, &items)
    }

    fn keywords(&mut self, pairs: &[(String, Argument)], place: u64, depth: u32) -> Value {
        let mut items = Vec::with_capacity(pairs.len().saturating_mul(2));
        for (key, value) in pairs {
            items.push(self.store.decoded(Folded::Text(key.clone())));
            items.push(self.argument(value, place, depth));
        }
        self.store.node(Kind::Dict, &items)
    }

    /// Nesting of described arguments that is followed.
    const DESCRIBED_DEPTH: u32 = 24;
}
