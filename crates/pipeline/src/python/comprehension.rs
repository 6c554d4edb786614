//! What comprehensions make. Part of [`Walk`].

use super::evaluate::element;
use super::scope::Scope;
use super::value::{Known, Taint, Value};
use super::walk::Walk;
use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::Ranged;
use std::sync::Arc;

/// Most items for each of which the parts of a comprehension are evaluated.
const MOST_ROUNDS: usize = 64;

impl<'a> Walk<'a, '_> {
    pub(super) fn comprehension(
        &mut self,
        generators: &'a [ast::Comprehension],
        parts: &[&'a Expr],
    ) -> Value {
        self.state.scopes.push(Scope::default());
        for generator in generators {
            let items = self.evaluate(&generator.iter);
            let element = element(&items);
            self.assign(&generator.target, element, self.span(generator.range));
            for condition in &generator.ifs {
                self.evaluate(condition);
            }
        }
        let mut taint = Taint::default();
        for part in parts {
            taint = taint.and(self.evaluate(part).all_taint());
        }
        self.state.scopes.pop();
        Value::from_taint(taint)
    }

    /// What `{name: value for … in … if …}` makes: a dict whose entries are known where what it goes through is.
    ///
    /// Cost: [`MOST_ROUNDS`] times its parts at most, those of one within it once.
    pub(super) fn dict_comprehension(&mut self, comprehension: &'a ast::ExprDictComp) -> Value {
        let mut parts: Vec<&'a Expr> = Vec::new();
        parts.extend(comprehension.key.as_deref());
        parts.push(&comprehension.value);
        let judged = self.comprehension(&comprehension.generators, &parts);
        let ([generator], Some(key), false) =
            (comprehension.generators.as_slice(), comprehension.key.as_deref(), self.unrolling)
        else {
            return judged;
        };
        let was = (std::mem::replace(&mut self.quiet, true), std::mem::replace(&mut self.unrolling, true));
        let made = self.entries_of(generator, key, &comprehension.value);
        (self.quiet, self.unrolling) = was;
        match made {
            Some(known) => Value { known, taint: judged.taint },
            None => judged,
        }
    }

    fn entries_of(
        &mut self,
        generator: &'a ast::Comprehension,
        key: &'a Expr,
        value: &'a Expr,
    ) -> Option<Known> {
        let items: Vec<Value> = match self.evaluate(&generator.iter).known {
            Known::Items(items) => items.to_vec(),
            Known::Entries(entries) => {
                let names =
                    entries.iter().map(|(name, _)| name.as_deref().map_or_else(Value::default, Value::text));
                names.collect()
            }
            _ => return None,
        };
        if items.len() > MOST_ROUNDS {
            return None;
        }
        let mut entries: Vec<(Option<Arc<str>>, Value)> = Vec::new();
        self.state.scopes.push(Scope::default());
        for item in items {
            self.assign(&generator.target, item, self.span(generator.range()));
            let tests: Vec<Option<bool>> =
                generator.ifs.iter().map(|test| self.evaluate(test).truth()).collect();
            if tests.contains(&Some(false)) {
                continue;
            }
            let name = self.evaluate(key).as_text().map(Arc::from);
            let value = self.evaluate(value);
            let sure = name.is_none() || !tests.contains(&None);
            entries.push((name, if sure { value } else { value.or_absent() }));
        }
        self.state.scopes.pop();
        Some(Known::entries(entries))
    }
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{High, Medium};

    #[test]
    fn what_a_comprehension_leaves_out_is_not_given() {
        let tls = |made: &str| {
            severities(
                &format!(
                    "import requests\nkw = {{'verify': False, 'timeout': 3}}\nkw = {made}\nrequests.get(u, **kw)"
                ),
                "pipeline/tls-disabled",
            )
        };
        for made in [
            "{k: v for k, v in kw.items() if k != 'verify'}",
            "{k: v for k, v in kw.items() if k not in ('verify', 'cert')}",
            "{k: kw[k] for k in kw if k != 'verify'}",
            "{k: v for k, v in kw.items() if v}",
        ] {
            assert_eq!(tls(made), [], "{made}");
        }
        assert_eq!(tls("{k: v for k, v in kw.items() if k != 'timeout'}"), [High]);
        assert_eq!(tls("{k: v for k, v in kw.items() if v is not None}"), [High]);
        assert_eq!(tls("{k: v for k, v in kw.items() if wanted(k)}"), [Medium]);
    }
}
