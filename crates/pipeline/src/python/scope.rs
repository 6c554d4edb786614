//! Names and what they hold, with branches that are walked one after the other and joined: [`Scope`].

use super::value::{Known, Taint, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// The names of a module, class or function.
#[derive(Debug, Default)]
pub(super) struct Scope {
    names: HashMap<Arc<str>, Value>,
    /// What was bound in each open branch, with what the name held before it.
    branches: Vec<Vec<(Arc<str>, Option<Value>)>>,
}

/// What one branch bound: name, what it held before, what it holds at the branch's end.
pub(super) type Changes = Vec<(Arc<str>, Option<Value>, Value)>;

/// Who decides which of some branches is taken.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Decided {
    /// Whoever starts the program, or its environment.
    pub(super) by: Taint,
    /// The branch that is taken unless they say otherwise; the number after the last is none of them.
    pub(super) unless: Option<usize>,
}

impl Decided {
    /// Who has to choose the branch numbered `branch` for it to be taken.
    fn chooses(self, branch: usize) -> Taint {
        if self.unless == Some(branch) { Taint::default() } else { self.by }
    }
}

impl Scope {
    /// What `name` holds here.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.names.get(name)
    }

    /// All names with what they hold.
    pub(super) fn names(&self) -> impl Iterator<Item = (Arc<str>, Value)> + '_ {
        self.names.iter().map(|(name, value)| (Arc::clone(name), value.clone()))
    }

    /// Makes `name` hold `value`.
    pub(super) fn bind(&mut self, name: &str, value: Value) {
        let (name, before) = match self.names.get_key_value(name) {
            Some((name, _)) => (Arc::clone(name), self.names.get(name.as_ref()).cloned()),
            None => (Arc::from(name), None),
        };
        if let Some(branch) = self.branches.last_mut() {
            branch.push((Arc::clone(&name), before));
        }
        self.names.insert(name, value);
    }

    /// Begins a branch.
    pub(super) fn enter(&mut self) {
        self.branches.push(Vec::new());
    }

    /// Ends the branch begun last: names hold again what they held before it.
    pub(super) fn leave(&mut self) -> Changes {
        let mut changes: Changes = Vec::new();
        for (name, before) in self.branches.pop().unwrap_or_default().into_iter().rev() {
            let after = match &before {
                Some(before) => self.names.insert(Arc::clone(&name), before.clone()),
                None => self.names.remove(&name),
            };
            // Undone backwards: the first value seen is the branch's last, the last `before` its first.
            match changes.iter_mut().find(|(known, ..)| *known == name) {
                Some(change) => change.1 = before,
                None => changes.push((name, before, after.unwrap_or_default())),
            }
        }
        changes
    }

    /// After branches of which one was taken: each name holds what it does at the end of any; `or_none` when it may be
    /// that none was taken.
    pub(super) fn join(&mut self, branches: Vec<Changes>, or_none: bool, decided: Decided) {
        let count = branches.len();
        let mut joined: Vec<(Arc<str>, Option<Value>, Value, usize)> = Vec::new();
        let numbered = branches.into_iter().enumerate();
        for (at, (name, before, after)) in
            numbered.flat_map(|(at, changes)| changes.into_iter().map(move |change| (at, change)))
        {
            let after = after.chosen_by(decided.chooses(at), before.as_ref());
            match joined.iter_mut().find(|(known, ..)| *known == name) {
                Some((_, _, value, times)) => {
                    *value = either(std::mem::take(value), &after);
                    *times = times.saturating_add(1);
                }
                None => joined.push((name, before, after, 1)),
            }
        }
        for (name, before, value, times) in joined {
            let value = match before {
                Some(before) if or_none || times < count => {
                    either(value, &before.chosen_by(decided.chooses(count), None))
                }
                _ => value,
            };
            self.bind(&name, value);
        }
    }
}

/// What a name holds that was given one of two values; `None` stands for "not yet".
pub(super) fn either(value: Value, other: &Value) -> Value {
    match (&value.known, &other.known) {
        (Known::Bool(_) | Known::Text(_), Known::Null) => value.or(other),
        (_, Known::Null) => value.tainted(other.taint),
        (Known::Null, _) => other.clone().tainted(value.taint),
        _ => value.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_undone_and_joined() {
        let mut scope = Scope::default();
        scope.bind("a", Value::text("1"));
        scope.enter();
        scope.bind("a", Value::text("2"));
        scope.bind("a", Value::text("3"));
        scope.bind("b", Value::text("new"));
        let changes = scope.leave();
        assert_eq!(scope.get("a").and_then(Value::as_text), Some("1"));
        assert_eq!(scope.get("b"), None);
        scope.join(vec![changes], true, Decided::default());
        assert_eq!(scope.get("a").map(|value| value.alternatives().len()), Some(2));
        assert_eq!(scope.get("b").and_then(Value::as_text), Some("new"));
    }

    #[test]
    fn branches_that_agree_are_certain_and_none_is_not_yet() {
        let mut scope = Scope::default();
        scope.bind("a", Known::Null.into());
        let mut both = Vec::new();
        for _ in 0..2 {
            scope.enter();
            scope.bind("a", Value::text("x"));
            both.push(scope.leave());
        }
        scope.join(both, false, Decided::default());
        assert_eq!(scope.get("a").and_then(Value::as_text), Some("x"));
        scope.enter();
        scope.bind("a", Known::Null.into());
        let changes = scope.leave();
        scope.join(vec![changes], true, Decided::default());
        assert_eq!(scope.get("a").and_then(Value::as_text), Some("x"));
    }
}
