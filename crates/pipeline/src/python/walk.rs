//! Follows a module statement by statement with an abstract value for each name: [`Walk`]. Expressions are in [`super::evaluate`], calls
//! in [`super::called`], functions and classes in [`super::declare`].
//!
//! Module level first, quietly for what it binds and then for what it does; then the bodies of functions, each once, when
//! they are called or at the end. Branches are walked one after the other and joined. A function's summary says what it
//! gives back and which parameters reach a sink, so that a call hands both on. Cost: linear in the source.

use super::call::{Argument, Call};
use super::declare::{Class, Function, Part, Summary};
use super::evaluate::{element, operation};
use super::exports::Adopted;
use super::module::{Module, Sink, SinkKind};
use super::names::canonical;
use super::neighbours::{Modules, key_of};
use super::rules;
use super::scope::{Changes, Decided, Scope, either};
use super::value::{Known, Taint, Value};
use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Most sinks remembered of one function.
const MOST_SINKS: usize = 32;
/// Most names of PyYAML remembered.
const YAML_NAMES: usize = 64;

/// What outlives one window of the source.
#[derive(Debug)]
pub(super) struct State {
    pub(super) scopes: Vec<Scope>,
    pub(super) functions: Vec<Function>,
    pub(super) classes: Vec<Class>,
    /// Numbers of functions and classes by the place of their definition.
    pub(super) defined: HashMap<usize, usize>,
    /// Defaults of the program's arguments, by the attribute they are read from.
    pub(super) arguments: HashMap<Arc<str>, Known>,
    /// Modules of the same tree, by the path under which this one knows them.
    pub(super) modules: Modules,
    /// Functions that hand a state on to each other.
    pub(super) nodes: Vec<usize>,
    /// Files that were written with somebody else's word.
    pub(super) written: super::written::Written,
    /// What was taken over of them.
    pub(super) adopted: Adopted,
    /// Whether an attribute or element was compared with a list: see [`super::guard`].
    pub(super) narrowed: bool,
    pub(super) module: Module,
}

impl Default for State {
    fn default() -> Self {
        Self {
            scopes: vec![Scope::default()],
            functions: Vec::new(),
            classes: Vec::new(),
            defined: HashMap::new(),
            arguments: HashMap::new(),
            modules: Modules::new(),
            nodes: Vec::new(),
            written: super::written::Written::default(),
            adopted: Adopted::new(),
            narrowed: false,
            module: Module::default(),
        }
    }
}

/// The walk through one window.
#[expect(clippy::struct_excessive_bools, reason = "independent facts about where it is")]
pub(super) struct Walk<'a, 's> {
    /// Text of the window.
    pub(super) source: &'a str,
    /// Where the window begins in the whole.
    pub(super) base: usize,
    pub(super) state: &'s mut State,
    /// Bodies not walked yet, by number.
    pub(super) bodies: HashMap<usize, &'a ast::StmtFunctionDef>,
    /// Whether only bindings count.
    pub(super) quiet: bool,
    /// Whether the rounds of a comprehension are gone through.
    pub(super) unrolling: bool,
    pub(super) depth: usize,
    /// What the functions being walked give back and reach, innermost last.
    pub(super) frames: Vec<Summary>,
    /// The functions being walked, innermost last.
    pub(super) inside: Vec<usize>,
    /// The class whose body is being walked.
    pub(super) class: Option<usize>,
    /// The name under which the function being walked gets keywords of any name, to hand them on.
    pub(super) keywords: Option<&'a str>,
    /// The name of the function being walked.
    pub(super) function: &'a str,
    /// Whether what the function being walked gives back is run by a shell.
    pub(super) returns_command: bool,
    /// Whether what the function being walked gives back is shown by a browser.
    pub(super) returns_page: bool,
}

impl<'a, 's> Walk<'a, 's> {
    /// A walk through `source`, which begins at `base` of the whole.
    pub(super) fn new(source: &'a str, base: usize, state: &'s mut State) -> Self {
        Self {
            source,
            base,
            state,
            bodies: HashMap::new(),
            quiet: false,
            unrolling: false,
            depth: 0,
            frames: Vec::new(),
            inside: Vec::new(),
            class: None,
            keywords: None,
            function: "",
            returns_command: false,
            returns_page: false,
        }
    }

    /// Walks everything.
    pub(super) fn run(&mut self, statements: &'a [Stmt]) {
        self.quiet = true;
        self.body(statements);
        self.quiet = false;
        self.body(statements);
        let mut waiting: Vec<usize> = self.bodies.keys().copied().collect();
        waiting.sort_unstable();
        for function in &waiting {
            self.examine(*function);
        }
        // What a method put into its object after another had read it.
        for number in waiting {
            let Some(function) = self.state.functions.get(number) else { continue };
            let class = function.class.and_then(|class| self.state.classes.get(class));
            if class.is_none_or(|class| class.grown <= function.seen) {
                continue;
            }
            if let Some(function) = self.state.functions.get_mut(number) {
                function.summary = None;
            }
            self.examine(number);
        }
    }

    /// Where `range` lies in the whole.
    pub(super) fn span(&self, range: TextRange) -> Range<usize> {
        self.base.saturating_add(range.start().to_usize())..self.base.saturating_add(range.end().to_usize())
    }

    /// What stands at `range`.
    pub(super) fn written(&self, range: TextRange) -> &'a str {
        self.source.get(range.start().to_usize()..range.end().to_usize()).unwrap_or_default()
    }

    pub(super) fn scope(&mut self) -> &mut Scope {
        let last = self.state.scopes.len().saturating_sub(1);
        if self.state.scopes.is_empty() {
            self.state.scopes.push(Scope::default());
        }
        #[expect(clippy::indexing_slicing, reason = "never empty: filled above")]
        &mut self.state.scopes[last]
    }

    pub(super) fn body(&mut self, statements: &'a [Stmt]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn branch(&mut self, statements: &'a [Stmt]) -> Changes {
        self.scope().enter();
        self.body(statements);
        self.scope().leave()
    }

    /// A branch in which the names of `within` hold one of what their condition lets through.
    fn branch_where(&mut self, statements: &'a [Stmt], within: &[(Arc<str>, Value)]) -> Changes {
        self.scope().enter();
        for (name, value) in within {
            self.scope().bind(name, value.clone());
        }
        self.body(statements);
        let mut changes = self.scope().leave();
        changes
            .retain(|(name, _, after)| !within.iter().any(|(known, value)| known == name && value == after));
        changes
    }

    fn statement(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(import) => self.import(import),
            Stmt::ImportFrom(import) => self.import_from(import),
            Stmt::Assign(assign) => {
                let value = self.evaluate(&assign.value);
                self.note_fallback(&assign.targets, &assign.value);
                self.note_cut(&assign.targets, &assign.value);
                for target in &assign.targets {
                    self.note_opened(target, &assign.value);
                    self.assign(target, value.clone(), self.span(assign.range));
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    let value = self.evaluate(value);
                    self.assign(&assign.target, value, self.span(assign.range));
                }
            }
            Stmt::AugAssign(assign) => {
                let left = self.quietly(&assign.target);
                let right = self.evaluate(&assign.value);
                let value = operation(assign.op, &left, &right);
                self.assign(&assign.target, value, self.span(assign.range));
            }
            Stmt::Expr(expression) => {
                self.evaluate(&expression.value);
            }
            Stmt::Return(give) => {
                let value =
                    give.value.as_ref().map_or_else(|| Known::Null.into(), |value| self.evaluate(value));
                if self.returns_page && !self.quiet && rules::sinks::is_markup(&value) {
                    let span = self.span(give.range);
                    self.state.module.sink(SinkKind::Html, &span, "return", &value);
                    for sink in std::mem::take(&mut self.state.module.sinks) {
                        self.reach(sink);
                    }
                }
                if self.returns_command && !self.quiet {
                    self.command_returned(&value, self.span(give.range));
                }
                let value = self.credential_returned(give, value);
                if let Some(frame) = self.frames.last_mut() {
                    let taint = frame.returns.taint;
                    let first = !frame.returned && taint.is_none();
                    frame.returned = true;
                    frame.returns =
                        if first { value } else { either(std::mem::take(&mut frame.returns), &value) };
                }
            }
            Stmt::FunctionDef(function) => self.define(function),
            Stmt::ClassDef(class) => self.define_class(class),
            Stmt::If(choice) => self.choose(choice),
            Stmt::For(repeat) => {
                let items = self.evaluate(&repeat.iter);
                let element = element(&items);
                self.assign(&repeat.target, element, self.span(repeat.iter.range()));
                let changes = self.branch(&repeat.body);
                self.kept_by_test(&repeat.body);
                self.scope().join(vec![changes], true, Decided::default());
                self.body(&repeat.orelse);
            }
            Stmt::While(repeat) => {
                self.evaluate(&repeat.test);
                let changes = self.branch(&repeat.body);
                self.kept_by_test(&repeat.body);
                self.scope().join(vec![changes], true, Decided::default());
                self.body(&repeat.orelse);
            }
            Stmt::With(with) => {
                for item in &with.items {
                    let value = self.evaluate(&item.context_expr);
                    if let Some(target) = &item.optional_vars {
                        self.note_opened(target, &item.context_expr);
                        self.assign(target, value, self.span(item.range));
                    }
                }
                self.body(&with.body);
            }
            Stmt::Try(attempt) => {
                self.body(&attempt.body);
                let mut handlers = Vec::new();
                for ast::ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                    handlers.push(self.branch(&handler.body));
                }
                self.scope().join(handlers, true, Decided::default());
                self.body(&attempt.orelse);
                self.body(&attempt.finalbody);
            }
            Stmt::Match(choice) => {
                let by = self.evaluate(&choice.subject).taint.deciders();
                let mut cases = Vec::new();
                for case in &choice.cases {
                    if let Some(guard) = &case.guard {
                        self.evaluate(guard);
                    }
                    cases.push(self.branch(&case.body));
                }
                let catches_all =
                    choice.cases.iter().any(|case| case.guard.is_none() && case.pattern.is_irrefutable());
                self.scope().join(cases, !catches_all, Decided { by, unless: None });
            }
            Stmt::Raise(raise) => {
                if let Some(raised) = &raise.exc {
                    self.evaluate(raised);
                }
            }
            Stmt::Assert(assert) => {
                self.evaluate(&assert.test);
            }
            Stmt::Delete(delete) => {
                for target in &delete.targets {
                    self.delete(target);
                }
            }
            Stmt::TypeAlias(_)
            | Stmt::Global(_)
            | Stmt::Nonlocal(_)
            | Stmt::Pass(_)
            | Stmt::Break(_)
            | Stmt::Continue(_) => {}
            Stmt::IpyEscapeCommand(escape) => {
                let span = self.span(escape.range);
                self.escape(escape.kind, &escape.value, span);
            }
        }
    }

    fn choose(&mut self, choice: &'a ast::StmtIf) {
        let test = self.evaluate(&choice.test);
        self.digest_only_told(choice);
        let mut by = test.taint.deciders();
        let within = self.allowed(&choice.test, true);
        let mut branches = vec![self.branch_where(&choice.body, &within)];
        let mut or_none = true;
        for clause in &choice.elif_else_clauses {
            match &clause.test {
                Some(test) => by = by.and(self.evaluate(test).taint.deciders()),
                None => or_none = false,
            }
            branches.push(self.branch(&clause.body));
        }
        // A switch is as it is written down unless somebody sets it otherwise.
        let unless = match test.known {
            Known::Bool(true) => Some(0),
            Known::Bool(false) if branches.len() == 1 || branches.len() == 2 && !or_none => Some(1),
            _ => None,
        };
        if unless.is_some() && by.is_none() {
            by = Taint::OPERATOR;
        }
        self.scope().join(branches, or_none, Decided { by, unless });
        if super::guard::ends(&choice.body) {
            for (name, value) in self.allowed(&choice.test, false) {
                self.scope().bind(&name, value);
            }
        }
    }

    fn import(&mut self, import: &'a ast::StmtImport) {
        for alias in &import.names {
            let full = alias.name.as_str();
            let (bound, path) = if let Some(name) = &alias.asname {
                (name.as_str(), full)
            } else {
                let top = full.split('.').next().unwrap_or(full);
                (top, top)
            };
            self.scope().bind(bound, Value::path(&canonical(path)));
        }
    }

    fn import_from(&mut self, import: &'a ast::StmtImportFrom) {
        let module = import.module.as_ref().map_or("", |module| module.as_str());
        for alias in &import.names {
            let name = alias.name.as_str();
            let bound = alias.asname.as_ref().map_or(name, |name| name.as_str());
            let key = key_of(import.level, module);
            // One in a branch or a function, behind spaces, may not have run where another name is needed.
            let before = self.source.get(..import.range.start().to_usize()).unwrap_or_default();
            let at_top = before.is_empty() || before.ends_with(['\n', '\r']);
            let kept = at_top && self.state.module.yaml_names.len() < YAML_NAMES;
            if module == "yaml" && import.level == 0 && kept {
                let place = self.span(alias.range());
                self.state.module.yaml_names.push((name.to_owned(), bound.to_owned(), place));
            }
            let value = if let Some(value) = self.imported(&key, name) {
                value
            } else if import.level > 0 {
                Value::path(&format!("{key}.{name}"))
            } else {
                let path = canonical(&format!("{module}.{name}"));
                let taint = super::sources::of_path(&path);
                Value::path(&path).tainted(taint)
            };
            if name == "*" {
                for known in self.names_of(&key) {
                    if let Some(value) = self.imported(&key, &known) {
                        self.scope().bind(&known, value);
                    }
                }
                for known in rules::star_names(module) {
                    self.scope().bind(known, Value::path(&canonical(&format!("{module}.{known}"))));
                }
            } else {
                self.scope().bind(bound, value);
            }
        }
    }

    /// What a function gives back whose result an orchestrator hands to a shell.
    fn command_returned(&mut self, value: &Value, span: Range<usize>) {
        if let Some(text) = value.as_pieces() {
            rules::command::judge(text, &span, &mut self.state.module);
        }
        self.state.module.sink(super::module::SinkKind::Shell, &span, "return", value);
        for sink in std::mem::take(&mut self.state.module.sinks) {
            self.reach(sink);
        }
    }

    /// Binds `target`, wherever it is, to `value`.
    pub(super) fn assign(&mut self, target: &'a Expr, value: Value, span: Range<usize>) {
        match target {
            Expr::Name(name) => {
                if let Some(class) = self.class.filter(|_| self.frames.is_empty() || self.depth == 0) {
                    self.set_attribute(class, name.id.as_str(), &value);
                }
                self.note_secret_name(name.id.as_str(), &value, &span);
                self.scope().bind(name.id.as_str(), value);
            }
            Expr::Tuple(ast::ExprTuple { elts, .. }) | Expr::List(ast::ExprList { elts, .. }) => {
                for (index, part) in elts.iter().enumerate() {
                    let item = match &value.known {
                        Known::Items(items) if items.len() == elts.len() => {
                            items.get(index).cloned().unwrap_or_default()
                        }
                        _ => element(&value),
                    };
                    self.assign(part, item, span.clone());
                }
            }
            Expr::Starred(starred) => self.assign(&starred.value, Value::from_taint(value.taint), span),
            Expr::Attribute(attribute) => {
                if self.narrowed(target).is_some() {
                    let written = self.written(target.range());
                    self.scope().bind(written, value.clone());
                }
                let owner = self.evaluate(&attribute.value);
                self.note_secret_name(attribute.attr.as_str(), &value, &span);
                match &owner.known {
                    Known::Instance(class) | Known::Class(class) => {
                        self.set_attribute(*class, attribute.attr.as_str(), &value);
                    }
                    Known::Path(path) => {
                        let path = format!("set:{path}.{}", attribute.attr.as_str());
                        self.event(&path, target, vec![value], span);
                    }
                    // A namespace.
                    Known::Entries(_) if owner.entry(attribute.attr.as_str()).is_some() => {
                        let updated = with_entry(owner, &Value::text(attribute.attr.as_str()), value);
                        self.put(&attribute.value, updated);
                    }
                    _ => {
                        let path = format!("set:?.{}", attribute.attr.as_str());
                        self.event(&path, target, vec![value], span);
                    }
                }
            }
            Expr::Subscript(subscript) => {
                if self.narrowed(target).is_some() {
                    let written = self.written(target.range());
                    self.scope().bind(written, value.clone());
                }
                let owner = self.evaluate(&subscript.value);
                let key = self.evaluate(&subscript.slice);
                if let Some(name) = key.as_text() {
                    self.note_secret_name(name, &value, &span);
                }
                if let Some(path) = owner.as_path() {
                    let path = format!("set:{path}");
                    self.event(&path, target, vec![key.clone(), value.clone()], span.clone());
                }
                match subscript.value.as_ref() {
                    Expr::Name(name) => {
                        if self.keywords == Some(name.id.as_str()) && !self.quiet {
                            rules::channel::handed_on(&key, &value, &span, &mut self.state.module);
                        }
                        let updated = with_entry(owner, &key, value);
                        self.scope().bind(name.id.as_str(), updated);
                    }
                    Expr::Attribute(attribute) => {
                        let updated = with_entry(owner, &key, value);
                        self.keep(attribute, &updated);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// `setattr(owner, name, value)`, written as `call`: the same as an assignment.
    pub(super) fn set_member(&mut self, owner: &Value, name: &str, value: &Value, call: &Call<'_>) {
        match &owner.known {
            Known::Instance(class) | Known::Class(class) => self.set_attribute(*class, name, value),
            known => {
                let of = if let Known::Path(path) = known { path.as_ref() } else { "?" };
                let argument = Argument { value: value.clone(), span: call.span.clone(), written: "" };
                let path = Arc::from(format!("set:{of}.{name}"));
                let receiver = Value::default();
                self.check(&Call {
                    path,
                    receiver,
                    positional: vec![argument],
                    named: Vec::new(),
                    open: false,
                    ..call.clone()
                });
            }
        }
    }

    /// What a function gives back that is called as one that makes a credential. It is told once: here, and not where it is called.
    fn credential_returned(&mut self, give: &'a ast::StmtReturn, value: Value) -> Value {
        if value.taint.chances().is_none() {
            return value;
        }
        let named = matches!(give.value.as_deref(), Some(Expr::Name(name)) if rules::predictable::is_named(name.id.as_str()));
        if named || rules::predictable::is_named(self.function) {
            if !named && !self.quiet {
                let span = self.span(give.range);
                rules::predictable::named(self.function, &value, &span, &mut self.state.module);
            }
            let taint = value.taint.without_chances();
            return Value { taint, ..value };
        }
        value
    }

    /// Lets the attribute of an object of this module hold `value`.
    pub(super) fn keep(&mut self, attribute: &'a ast::ExprAttribute, value: &Value) {
        let owner = self.quietly(&attribute.value);
        if let Known::Instance(class) | Known::Class(class) = owner.known {
            self.set_attribute(class, attribute.attr.as_str(), value);
        }
    }

    /// What is written down behind `or` is what holds unless the environment says otherwise: `TOKEN = os.environ.get("TOKEN") or "…"`.
    fn note_fallback(&mut self, targets: &'a [Expr], value: &'a Expr) {
        let Expr::BoolOp(either) = value else { return };
        let (Some(last @ Expr::StringLiteral(_)), ast::BoolOp::Or) = (either.values.last(), either.op) else {
            return;
        };
        let value = self.quietly(last);
        for target in targets {
            if let Expr::Name(ast::ExprName { id: name, .. })
            | Expr::Attribute(ast::ExprAttribute { attr: ast::Identifier { id: name, .. }, .. }) = target
            {
                self.note_secret_name(name.as_str(), &value, &self.span(last.range()));
            }
        }
    }

    /// Data of which a test set is cut off: `train, test = rows[:n], rows[n:]`.
    fn note_cut(&mut self, targets: &'a [Expr], value: &'a Expr) {
        if self.quiet {
            return;
        }
        for target in targets {
            let parts: Vec<(&'a Expr, &'a Expr)> = match (target, value) {
                (
                    Expr::Tuple(ast::ExprTuple { elts: names, .. }),
                    Expr::Tuple(ast::ExprTuple { elts: values, .. }),
                ) => names.iter().zip(values).collect(),
                _ => vec![(target, value)],
            };
            for (name, part) in parts {
                let (Expr::Name(name), Expr::Subscript(part)) = (name, part) else { continue };
                let cut =
                    matches!((part.slice.as_ref(), part.value.as_ref()), (Expr::Slice(_), Expr::Name(_)));
                if cut && rules::leakage::is_test_name(&name.id.as_str().to_ascii_lowercase()) {
                    let (span, written) = (self.span(part.value.range()), self.written(part.value.range()));
                    let data = Argument { value: self.quietly(&part.value), span, written };
                    rules::leakage::cut(&data, &mut self.state.module);
                }
            }
        }
    }

    pub(super) fn note_secret_name(&mut self, name: &str, value: &Value, span: &Range<usize>) {
        if !self.quiet {
            rules::secret::named(name, value, span, &mut self.state.module);
            rules::remote_code::named(name, value, span, &mut self.state.module);
            rules::transport::named(name, value, span, &mut self.state.module);
            rules::channel::named(name, value, span, &mut self.state.module);
            rules::training::named(name, value, span, &mut self.state.module);
            rules::deserialization::named(name, value, span, &mut self.state.module);
            rules::predictable::named(name, value, span, &mut self.state.module);
        }
    }

    /// Tells the rules of an assignment that acts like a call.
    fn event(&mut self, path: &str, target: &'a Expr, values: Vec<Value>, span: Range<usize>) {
        if self.quiet {
            return;
        }
        let call = Call {
            path: path.into(),
            spelling: self.written(target.range()),
            receiver: Value::default(),
            positional: values
                .into_iter()
                .map(|value| Argument { value, span: span.clone(), written: "" })
                .collect(),
            named: Vec::new(),
            open: false,
            closing: span.end,
            last_end: None,
            span,
        };
        self.check(&call);
    }

    /// Lets the rules judge `call`, and hands on what reaches a sink.
    pub(super) fn check(&mut self, call: &Call<'_>) {
        self.check_each(call, &[]);
    }

    /// The same of a call of one of `callees`.
    pub(super) fn check_each(&mut self, call: &Call<'_>, callees: &[Arc<str>]) {
        if self.quiet {
            return;
        }
        let reported = self.state.module.reports.len();
        super::cases::judge(call, callees, &mut self.state.module);
        self.wait(call, reported);
        for sink in std::mem::take(&mut self.state.module.sinks) {
            self.reach(sink);
        }
    }

    /// A value has reached a sink: judged by its sources, and remembered for the callers by its parameters.
    pub(super) fn reach(&mut self, sink: Sink) {
        rules::flow::judge(&sink, &mut self.state.module);
        self.remember(sink);
    }

    pub(super) fn remember(&mut self, sink: Sink) {
        if sink.taint.parameters() != 0
            && let Some(frame) = self.frames.last_mut()
            && frame.sinks.len() < MOST_SINKS
        {
            frame.sinks.push(sink);
        }
    }

    pub(super) fn set_attribute(&mut self, class: usize, name: &str, value: &Value) {
        let method = self.inside.last().copied();
        let Some(class) = self.state.classes.get_mut(class) else { return };
        // Parameters are those of the method that sets it; another reads it.
        let parameters = value.all_taint().parameters_alone();
        let plain = value.as_parameter().is_some() && !matches!(value.known, Known::Not(_));
        let value = value.without_parameters();
        if let Some(method) = method.filter(|_| !parameters.is_none() && class.parts.len() < MOST_ENTRIES)
            && !class.parts.iter().any(|part| part.method == method && part.name.as_ref() == name)
        {
            class.parts.push(Part { method, name: name.into(), parameters, plain });
        }
        let known = class.attributes.get(name).map(Value::all_taint).unwrap_or_default();
        if known.sources() != known.and(value.all_taint()).sources() {
            class.grown = class.grown.saturating_add(1);
        }
        match class.attributes.get_mut(name) {
            Some(known) if !matches!(known.known, Known::Null) && *known != value => {
                *known = std::mem::take(known).or(&value);
            }
            Some(known) => *known = value,
            None => {
                class.attributes.insert(name.into(), value);
            }
        }
    }

    /// The value of `expression` without telling the rules.
    pub(super) fn quietly(&mut self, expression: &'a Expr) -> Value {
        let was = std::mem::replace(&mut self.quiet, true);
        let value = self.evaluate(expression);
        self.quiet = was;
        value
    }
}

/// `owner` after `owner[key] = value`.
pub(super) fn with_entry(owner: Value, key: &Value, value: Value) -> Value {
    let taint = owner.taint;
    match (&owner.known, key.as_text()) {
        (Known::Entries(entries), name) if entries.len() < MOST_ENTRIES => {
            let mut entries = entries.to_vec();
            entries.push((name.map(Arc::from), value));
            Value { known: Known::entries(entries), taint }
        }
        // What else is in it is not known: `**options` of a function.
        (Known::Nothing, Some(name)) => {
            let entries = [(None, Value::from_taint(taint)), (Some(Arc::from(name)), value)];
            Value { known: Known::entries(entries), taint }
        }
        _ => {
            let added = value.all_taint();
            owner.tainted(added)
        }
    }
}

/// Most entries followed of one dict.
pub(super) const MOST_ENTRIES: usize = 256;
