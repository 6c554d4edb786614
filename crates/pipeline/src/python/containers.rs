//! What methods and statements change in lists and dicts. Part of [`Walk`].

use super::call::Call;
use super::evaluate::{MOST_ITEMS, subscript};
use super::value::{Known, Value};
use super::walk::Walk;
use ruff_python_ast::Expr;
use std::sync::Arc;

impl<'a> Walk<'a, '_> {
    /// `del owner[key]`, `del name`.
    pub(super) fn delete(&mut self, target: &'a Expr) {
        match target {
            Expr::Subscript(subscript) => {
                let owner = self.quietly(&subscript.value);
                let key = self.evaluate(&subscript.slice);
                if matches!(owner.known, Known::Entries(_)) {
                    self.put(&subscript.value, without(&owner, &key));
                }
            }
            Expr::Tuple(targets) => targets.elts.iter().for_each(|target| self.delete(target)),
            _ => {}
        }
    }

    /// Lets what is written `owner` hold `value`.
    pub(super) fn put(&mut self, owner: &'a Expr, value: Value) {
        match owner {
            Expr::Name(name) => self.scope().bind(name.id.as_str(), value),
            Expr::Attribute(attribute) => self.keep(attribute, &value),
            _ => {}
        }
    }

    /// Methods that change the list or dict they belong to, or take something out of it.
    pub(super) fn container_method(&mut self, call: &Call<'a>, name: &str, owner: &'a Expr) -> Option<Value> {
        if let ("get", Known::Path(path), Some("authorization" | "Authorization")) =
            (name, &call.receiver.known, call.positional.first().and_then(|key| key.value.as_text()))
            && (path.ends_with("headers") || path.ends_with("headers()"))
        {
            return Some(subscript(&call.receiver, &Value::text("authorization")));
        }
        if let ("get", Known::Path(path), Some(key)) = (name, &call.receiver.known, call.positional.first())
            && matches!(path.as_ref(), "builtins.globals()" | "builtins.locals()")
        {
            return Some(subscript(&call.receiver, &key.value));
        }
        if let ("get" | "pop", Known::Entries(_), Some(key)) =
            (name, &call.receiver.known, call.positional.first())
        {
            let found = subscript(&call.receiver, &key.value);
            let (sure, unsure) = held(&call.receiver, &key.value);
            let found = match call.positional.get(1) {
                // It was never put in, or in some branch only.
                Some(default) if !sure && unsure => found.or(&default.value),
                Some(default) if !sure && default.value.is_switch() => {
                    default.value.clone().tainted(found.taint)
                }
                Some(default) if matches!(found.known, Known::Nothing) => {
                    found.tainted(default.value.all_taint())
                }
                _ => found,
            };
            if name == "pop" {
                self.put(owner, without(&call.receiver, &key.value));
            }
            return Some(found);
        }
        if let ("clear" | "popitem", Known::Entries(entries)) = (name, &call.receiver.known) {
            let last = entries.last().and_then(|(name, value)| Some((name.as_ref()?, value)));
            let sure = entries.iter().all(|(name, value)| name.is_some() && !value.may_be_absent());
            let left = match (name, last) {
                ("clear", _) => Known::Entries([].into()).into(),
                (_, Some((last, _))) if sure => without(&call.receiver, &Value::text(last)),
                _ => without(&call.receiver, &Value::default()),
            };
            self.put(owner, left.tainted(call.receiver.taint));
            let value = last.map(|(_, value)| value.all_taint()).unwrap_or_default();
            return Some(Value::from_taint(value.and(call.receiver.taint)));
        }
        if let ("copy", Known::Entries(_) | Known::Items(_)) = (name, &call.receiver.known) {
            return Some(call.receiver.clone());
        }
        if let ("values" | "items", Known::Entries(entries)) = (name, &call.receiver.known) {
            let listed = entries.iter().map(|(key, value)| match (name, key) {
                ("values", _) => value.clone(),
                (_, Some(key)) => Known::Items([Value::text(key), value.clone()].into()).into(),
                (_, None) => Known::Items([Value::default(), value.clone()].into()).into(),
            });
            return Some(Value {
                known: Known::items(listed.collect::<Vec<_>>()),
                taint: call.receiver.taint,
            });
        }
        if !matches!(name, "append" | "extend" | "insert" | "add" | "update" | "setdefault" | "write") {
            return None;
        }
        let before = call.receiver.clone();
        if matches!(before.known, Known::Path(ref path) if path.starts_with("os.environ")) {
            return None;
        }
        let taint = call.taint();
        let known = match (&before.known, name) {
            // What it holds already stays; what else it may hold, whoever made it decides.
            (Known::Entries(_) | Known::Nothing, "setdefault")
                if let [key, default] = call.positional.as_slice()
                    && let Some(name) = key.value.as_text() =>
            {
                let (sure, maybe) = held(&before, &key.value);
                let known = before.entry(name).map(|_| subscript(&before, &key.value).given());
                let value = match known {
                    Some(known) if sure => known,
                    Some(known) => known.or(&default.value),
                    None if maybe && default.value.is_switch() => {
                        super::called::switch_unless(&default.value, taint)
                    }
                    None => default.value.clone(),
                };
                let updated = super::walk::with_entry(before.clone(), &key.value, value.clone());
                self.put(owner, updated);
                return Some(value);
            }
            (Known::Items(items), "append") if items.len() < MOST_ITEMS => {
                let added =
                    call.positional.first().map(|argument| argument.value.clone()).unwrap_or_default();
                Known::items(items.iter().cloned().chain([added]).collect::<Vec<_>>())
            }
            (Known::Entries(entries), "update") if entries.len() < MOST_ITEMS => {
                let mut entries = entries.to_vec();
                match call.positional.first().map(|argument| &argument.value.known) {
                    Some(Known::Entries(inner)) => entries.extend(inner.iter().take(MOST_ITEMS).cloned()),
                    Some(_) => entries.push((None, Value::default())),
                    None => {}
                }
                entries.extend(
                    call.named
                        .iter()
                        .map(|(name, argument)| (Some(Arc::clone(name)), argument.value.clone())),
                );
                Known::entries(entries)
            }
            (Known::Nothing, "update") => {
                let given = call.positional.first().map(|argument| &argument.value.known);
                let inner = match given {
                    Some(Known::Entries(inner)) => inner.iter().take(MOST_ITEMS).cloned().collect(),
                    _ => Vec::new(),
                };
                let named = call.named.iter().map(|(name, argument)| {
                    (Some(Arc::clone(name)).filter(|name| !name.starts_with('*')), argument.value.clone())
                });
                let all: Vec<_> = inner.into_iter().chain(named).collect();
                // Nothing that is known by a name is in it: a set, or what is handed on as it came.
                if all.iter().all(|(name, _)| name.is_none()) {
                    Known::Nothing
                } else {
                    let unknown = (None, Value::from_taint(before.taint));
                    Known::entries(std::iter::once(unknown).chain(all).collect::<Vec<_>>())
                }
            }
            (Known::Path(_), _) => before.known.clone(),
            _ => Known::Nothing,
        };
        let is_container = matches!(before.known, Known::Items(_) | Known::Entries(_) | Known::Nothing);
        if is_container || !taint.is_none() {
            let value = Value { known, taint: before.taint.and(taint) };
            match owner {
                Expr::Name(owner) => self.scope().bind(owner.id.as_str(), value),
                Expr::Attribute(attribute) => self.keep(attribute, &value),
                _ => return None,
            }
        }
        is_container.then(Value::default)
    }
}

/// Whether `owner`, a dict, holds something under `key` for sure, and whether it may.
fn held(owner: &Value, key: &Value) -> (bool, bool) {
    let (Known::Entries(entries), Some(key)) = (&owner.known, key.as_text()) else { return (false, true) };
    let found = entries.iter().rev().find(|(name, _)| name.as_deref() == Some(key));
    let others = entries.iter().any(|(name, _)| name.is_none());
    found.map_or((false, others), |(_, value)| (!value.may_be_absent(), true))
}

/// The dict `owner` without what it holds under `key`; any of its entries may be gone when that is not known.
fn without(owner: &Value, key: &Value) -> Value {
    let Known::Entries(entries) = &owner.known else { return owner.clone() };
    let entries: Vec<(Option<Arc<str>>, Value)> = if let Some(key) = key.as_text() {
        entries.iter().filter(|(name, _)| name.as_deref() != Some(key)).cloned().collect()
    } else {
        let unsure = entries.iter().map(|(name, value)| match name {
            Some(_) => (name.clone(), value.clone().or_absent()),
            None => (None, value.clone()),
        });
        unsure.collect()
    };
    Value { known: Known::entries(entries), taint: owner.taint }
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{High, Medium};

    #[test]
    fn what_is_taken_out_of_a_dict_is_not_given() {
        let tls = |code: &str| {
            let code = format!(
                "import requests\nkw = {{'timeout': 3, 'verify': False}}\n{code}\nrequests.get(u, **kw)"
            );
            severities(&code, "pipeline/tls-disabled")
        };
        assert_eq!(tls(""), [High]);
        for code in [
            "del kw['verify']",
            "del kw['timeout'], kw['verify']",
            "kw.pop('verify')",
            "kw.pop('verify', None)",
            "kw.clear()",
            "kw.popitem()",
            "kw = kw.copy()\nkw.pop('verify')",
        ] {
            assert_eq!(tls(code), [], "{code}");
        }
        assert_eq!(tls("if x:\n    del kw['verify']"), [Medium]);
        assert_eq!(tls("kw.pop(name)"), [Medium]);
        assert_eq!(tls("del kw['timeout']"), [High]);
        assert_eq!(tls("other = kw.copy()\ndel other['verify']"), [High]);
        let attribute = "class A:\n    def __init__(self):\n        self.kw = {'verify': False}\n    def get(self):\n        del self.kw['verify']\n";
        assert_eq!(tls(&format!("{attribute}kw = {{}}")), []);
    }

    #[test]
    fn what_is_looked_up_with_a_default_may_be_the_default() {
        let tls = |code: &str| severities(&format!("import requests\n{code}"), "pipeline/tls-disabled");
        assert_eq!(tls("c = {'a': 1}\nrequests.get(u, verify=c.get('verify', False))"), [High]);
        assert_eq!(tls("c = {'verify': True}\nrequests.get(u, verify=c.get('verify', False))"), []);
        assert_eq!(tls("def f(**kw):\n    return requests.get(u, verify=kw.get('verify', False))"), [Medium]);
        assert_eq!(tls("def f(**kw):\n    return requests.get(u, verify=kw.get('verify', True))"), []);
    }
}
