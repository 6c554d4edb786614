//! What a module gives to those that import it: [`Exports`]; and how an importer takes it over, as part of [`Walk`].

use super::declare::{Class, Function, Given, Part, Summary};
use super::module::Sink;
use super::value::{Known, Partial, Taint, Value};
use super::walk::{State, Walk};
use std::collections::HashMap;
use std::sync::Arc;

/// Most names taken of one module.
const MOST_NAMES: usize = 1024;
/// How deep values are taken over, in containers and classes.
const MOST_DEPTH: usize = 6;

/// Names of a module with what they hold, and its functions and classes by number.
#[derive(Debug, Default)]
pub(super) struct Exports {
    names: HashMap<Arc<str>, Value>,
    functions: Vec<Function>,
    classes: Vec<Class>,
}

impl Exports {
    /// What `state` gives after the walk through `text`, the module called `file`.
    pub(super) fn of(mut state: State, text: &str, file: &str) -> Self {
        let names =
            state.scopes.first().map(|scope| scope.names().take(MOST_NAMES).collect()).unwrap_or_default();
        let breaks: Vec<usize> = memchr::memchr_iter(b'\n', text.as_bytes()).collect();
        for function in &mut state.functions {
            let Some(summary) = &mut function.summary else { continue };
            let place = |start: usize| -> Option<Arc<str>> {
                let line = breaks.partition_point(|&end| end < start).saturating_add(1);
                Some(format!("{file}:{line}").into())
            };
            for sink in &mut summary.sinks {
                sink.elsewhere = place(sink.span.start);
            }
            for waiting in &mut summary.waiting {
                waiting.elsewhere = place(waiting.start);
            }
        }
        Self { names, functions: state.functions, classes: state.classes }
    }

    /// Whether it gives `name`.
    pub(super) fn gives(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }
}

/// What was taken over already: number here, by module, kind and number there.
pub(super) type Adopted = HashMap<(usize, bool, usize), usize>;

impl Walk<'_, '_> {
    /// What the module known as `key` gives under `name`.
    pub(super) fn imported(&mut self, key: &str, name: &str) -> Option<Value> {
        let module = Arc::clone(self.state.modules.get(key)?);
        let value = module.names.get(name)?;
        let taken = self.adopt(&module, value, MOST_DEPTH);
        // What is unknown there is better known by its path.
        let unknown = matches!(taken.known, Known::Nothing) && taken.taint.is_none();
        (!unknown).then_some(taken)
    }

    /// All names that the module known as `key` gives, without those that begin with an underscore.
    pub(super) fn names_of(&self, key: &str) -> Vec<Arc<str>> {
        let names = self.state.modules.get(key).map(|module| module.names.keys());
        let mut names: Vec<Arc<str>> =
            names.into_iter().flatten().filter(|name| !name.starts_with('_')).cloned().collect();
        names.sort();
        names
    }

    fn adopt(&mut self, module: &Arc<Exports>, value: &Value, depth: usize) -> Value {
        let Some(depth) = depth.checked_sub(1) else { return Value::from_taint(value.taint.sources()) };
        let known = match &value.known {
            Known::Function(number) => {
                self.adopt_function(module, *number, depth).map_or(Known::Nothing, Known::Function)
            }
            Known::Choice(numbers) => Known::Choice(
                numbers.iter().filter_map(|number| self.adopt_function(module, *number, depth)).collect(),
            ),
            Known::Class(number) => {
                self.adopt_class(module, *number, depth).map_or(Known::Nothing, Known::Class)
            }
            Known::Instance(number) => {
                self.adopt_class(module, *number, depth).map_or(Known::Nothing, Known::Instance)
            }
            Known::Items(items) => {
                Known::Items(items.iter().map(|item| self.adopt(module, item, depth)).collect())
            }
            Known::Entries(entries) => Known::Entries(
                entries
                    .iter()
                    .map(|(name, value)| (name.clone(), self.adopt(module, value, depth)))
                    .collect(),
            ),
            Known::Partial(partial) => Known::Partial(Arc::new(Partial {
                callee: self.adopt(module, &partial.callee, depth),
                positional: partial.positional.iter().map(|value| self.adopt(module, value, depth)).collect(),
                named: partial
                    .named
                    .iter()
                    .map(|(name, value)| (Arc::clone(name), self.adopt(module, value, depth)))
                    .collect(),
            })),
            Known::Either(all) => {
                Known::Either(all.iter().map(|value| self.adopt(module, value, depth)).collect())
            }
            Known::Not(value) => Value::opposite_of(value).known,
            known => known.clone(),
        };
        // Parameters are those of functions over there.
        Value { known, taint: value.taint.sources() }
    }

    fn adopt_function(&mut self, module: &Arc<Exports>, number: usize, depth: usize) -> Option<usize> {
        let key = (Arc::as_ptr(module) as usize, true, number);
        if let Some(known) = self.state.adopted.get(&key) {
            return Some(*known);
        }
        let function = module.functions.get(number)?;
        let here = self.state.functions.len();
        self.state.adopted.insert(key, here);
        let summary = function.summary.clone().unwrap_or_default();
        self.state.functions.push(Function {
            parameters: function.parameters.clone(),
            class: None,
            given: Given { is_property: function.given.is_property, ..Given::default() },
            seen: 0,
            summary: Some(Summary {
                returns: Value::default(),
                returned: summary.returned,
                sinks: summary.sinks,
                waiting: summary.waiting,
            }),
            running: false,
        });
        let class = function.class.and_then(|class| self.adopt_class(module, class, depth));
        let parameters = summary.returns.taint;
        let mut returns = self.adopt(module, &summary.returns, depth);
        // What it gives back of its parameters is decided by its callers.
        returns.taint = parameters;
        if let Some(function) = self.state.functions.get_mut(here) {
            function.class = class;
            if let Some(summary) = &mut function.summary {
                summary.returns = returns;
            }
        }
        Some(here)
    }

    fn adopt_class(&mut self, module: &Arc<Exports>, number: usize, depth: usize) -> Option<usize> {
        let key = (Arc::as_ptr(module) as usize, false, number);
        if let Some(known) = self.state.adopted.get(&key) {
            return Some(*known);
        }
        let depth = depth.checked_sub(1)?;
        let class = module.classes.get(number)?;
        let here = self.state.classes.len();
        self.state.adopted.insert(key, here);
        self.state.classes.push(Class {
            attributes: HashMap::new(),
            methods: HashMap::new(),
            fields: class.fields.clone(),
            parents: Vec::new(),
            bases: class.bases.clone(),
            unpickles: class.unpickles,
            filled: class.filled.clone(),
            parts: Vec::new(),
            grown: class.grown,
        });
        let attributes = class
            .attributes
            .iter()
            .map(|(name, value)| (Arc::clone(name), self.adopt(module, value, depth)))
            .collect();
        let methods = class
            .methods
            .iter()
            .filter_map(|(name, method)| {
                Some((Arc::clone(name), self.adopt_function(module, *method, depth)?))
            })
            .collect();
        let parts = class
            .parts
            .iter()
            .filter_map(|part| {
                Some(Part { method: self.adopt_function(module, part.method, depth)?, ..part.clone() })
            })
            .collect();
        let parents =
            class.parents.iter().filter_map(|parent| self.adopt_class(module, *parent, depth)).collect();
        if let Some(class) = self.state.classes.get_mut(here) {
            class.attributes = attributes;
            class.methods = methods;
            class.parts = parts;
            class.parents = parents;
        }
        Some(here)
    }
}

/// A sink that lies in another module, as it is reached by a call here.
pub(super) fn reached_elsewhere(
    sink: &Sink,
    place: &str,
    call: &super::call::Call<'_>,
    taint: Taint,
) -> Sink {
    let inner = sink.callee.rsplit("` → `").next().unwrap_or(&sink.callee);
    let inner = inner.split("` in `").next().unwrap_or(inner);
    let outer: String = call.spelling.chars().take(60).collect();
    Sink {
        kind: sink.kind,
        span: call.span.clone(),
        callee: format!("{outer}` → `{inner}` in `{place}"),
        taint,
        varies: sink.varies,
        elsewhere: None,
    }
}
