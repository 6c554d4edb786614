//! Functions and classes of a module: what is known of them by how they are declared, and the walk through their bodies. Part of
//! [`Walk`].

use super::module::Sink;
use super::rules;
use super::scope::Scope;
use super::value::{Known, Taint, Value};
use super::waiting::Waiting;
use super::walk::{MOST_ENTRIES, Walk};
use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::Ranged;
use std::collections::HashMap;
use std::sync::Arc;

/// How many calls deep bodies of functions are walked on demand.
const MOST_CALLS: usize = 5;

/// A function of the module.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) parameters: Vec<Arc<str>>,
    pub(super) class: Option<usize>,
    pub(super) given: Given,
    /// How often what its class holds had become known as someone else's word when it was walked.
    pub(super) seen: u32,
    pub(super) summary: Option<Summary>,
    pub(super) running: bool,
}

/// What is known of a function by how it is declared.
#[derive(Debug, Default, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about how it is declared")]
pub(super) struct Given {
    /// What its parameters hold.
    pub(super) taint: Taint,
    /// Whether a shell runs what it gives back.
    pub(super) is_command: bool,
    /// Whether a browser shows what it gives back.
    pub(super) is_page: bool,
    /// Whether reading it as an attribute calls it.
    pub(super) is_property: bool,
    /// Whether an orchestrator hands it what a run was started with, under names of its own.
    pub(super) is_task: bool,
}

/// What a call of a function amounts to.
#[derive(Debug, Default, Clone)]
pub(super) struct Summary {
    pub(super) returns: Value,
    /// Whether it gives anything back on some way.
    pub(super) returned: bool,
    pub(super) sinks: Vec<Sink>,
    /// Calls that a parameter decides about.
    pub(super) waiting: Vec<Waiting>,
}

/// An attribute that a method makes of its parameters.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// The method, by number.
    pub(super) method: usize,
    /// The attribute.
    pub(super) name: Arc<str>,
    /// The parameters.
    pub(super) parameters: Taint,
    /// Whether it is the parameter as it was given.
    pub(super) plain: bool,
}

/// A class of the module.
#[derive(Debug, Default)]
pub(super) struct Class {
    pub(super) attributes: HashMap<Arc<str>, Value>,
    pub(super) methods: HashMap<Arc<str>, usize>,
    /// Names of its fields in the order in which they are declared: what a constructor made by a decorator takes.
    pub(super) fields: Vec<Arc<str>>,
    /// Classes of this module that it derives from, by number.
    pub(super) parents: Vec<usize>,
    /// Paths of what it derives from.
    pub(super) bases: Vec<Arc<str>>,
    /// Whether it is an unpickler that loads whatever class a pickle names.
    pub(super) unpickles: bool,
    /// Whose word its fields are that a constructor made by a decorator fills, by field; `**` stands for all of them.
    pub(super) filled: HashMap<Arc<str>, Taint>,
    /// Which parameters of which method an attribute is made of.
    pub(super) parts: Vec<Part>,
    /// How often what an attribute holds became known as someone else's word.
    pub(super) grown: u32,
}

impl<'a> Walk<'a, '_> {
    pub(super) fn define(&mut self, function: &'a ast::StmtFunctionDef) {
        let place = self.base.saturating_add(function.range.start().to_usize());
        for decorator in &function.decorator_list {
            self.evaluate(&decorator.expression);
        }
        for parameter in function.parameters.iter_non_variadic_params() {
            if let Some(default) = &parameter.default {
                let value = self.evaluate(default);
                self.note_secret_name(parameter.parameter.name.as_str(), &value, &self.span(default.range()));
            }
        }
        let number = if let Some(number) = self.state.defined.get(&place) {
            *number
        } else {
            let given = self.given(function);
            let parameters =
                function.parameters.iter().map(|parameter| Arc::from(parameter.name().as_str())).collect();
            let class = self.class.filter(|_| self.frames.is_empty());
            let number = self.state.functions.len();
            self.state.functions.push(Function {
                parameters,
                class,
                given,
                seen: 0,
                summary: None,
                running: false,
            });
            self.state.defined.insert(place, number);
            number
        };
        let name = function.name.as_str();
        if let Some(class) = self.class.filter(|_| self.frames.is_empty()) {
            if let Some(class) = self.state.classes.get_mut(class) {
                class.methods.insert(name.into(), number);
            }
        } else {
            self.scope().bind(name, Known::Function(number).into());
        }
        if self.frames.is_empty() {
            self.bodies.entry(number).or_insert(function);
        } else if self.state.functions.get(number).is_some_and(|known| known.summary.is_none()) {
            // A function inside a function sees its names as they are here.
            self.walk_body(number, function);
        }
    }

    /// What the parameters of `function` hold because of its decorators or class, and whether a shell
    /// runs or a browser shows what it gives back.
    fn given(&mut self, function: &'a ast::StmtFunctionDef) -> Given {
        let mut given = Taint::default();
        let (mut is_command, mut is_page, mut is_task) = (false, false, false);
        let is_property = function.decorator_list.iter().any(|decorator| match &decorator.expression {
            Expr::Name(name) => matches!(name.id.as_str(), "property" | "cached_property"),
            Expr::Attribute(attribute) => attribute.attr.as_str() == "cached_property",
            _ => false,
        });
        let was = std::mem::replace(&mut self.quiet, true);
        for decorator in &function.decorator_list {
            let callee = match &decorator.expression {
                Expr::Call(call) => {
                    // FastAPI's routes say what they answer with.
                    let answers = call.arguments.find_keyword("response_class");
                    let answers = answers.map(|keyword| self.evaluate(&keyword.value));
                    is_page |= answers.is_some_and(|kind| {
                        kind.as_path().is_some_and(|path| path.ends_with("HTMLResponse"))
                    });
                    self.evaluate(&call.func)
                }
                other => self.evaluate(other),
            };
            if let Some(path) = callee.as_path() {
                given = given.and(rules::given_by_decorator(path));
                is_page |= rules::shows_page(path);
                is_command |= path.starts_with("airflow.") && path.ends_with(".bash");
                is_task |= rules::is_task(path);
            }
        }
        self.quiet = was;
        if let Some(class) = self.class.and_then(|class| self.state.classes.get(class)) {
            for base in &class.bases {
                given = given.and(rules::given_by_base(base, function.name.as_str()));
            }
        }
        Given { taint: given, is_command, is_page, is_property, is_task }
    }

    pub(super) fn define_class(&mut self, class: &'a ast::StmtClassDef) {
        let place = self.base.saturating_add(class.range.start().to_usize());
        for decorator in &class.decorator_list {
            self.evaluate(&decorator.expression);
        }
        let (mut bases, mut parents) = (Vec::new(), Vec::new());
        if let Some(arguments) = &class.arguments {
            for base in &arguments.args {
                let value = self.evaluate(base);
                match &value.known {
                    Known::Path(path) => bases.push(Arc::clone(path)),
                    Known::Class(parent) => parents.push(*parent),
                    _ => {}
                }
            }
        }
        let unpickles =
            bases.iter().any(|base| base.ends_with("pickle.Unpickler") || **base == *"dill.Unpickler")
                && self.finds_any_class(class);
        let number = if let Some(number) = self.state.defined.get(&place) {
            *number
        } else {
            let number = self.state.classes.len();
            self.state.classes.push(Class { parents, bases, unpickles, ..Class::default() });
            self.state.defined.insert(place, number);
            number
        };
        if let Some(known) = self.state.classes.get_mut(number).filter(|known| known.fields.is_empty()) {
            known.fields = fields(class);
        }
        self.scope().bind(class.name.as_str(), Known::Class(number).into());
        let outer = self.class.replace(number);
        let frames = std::mem::take(&mut self.frames);
        self.state.scopes.push(Scope::default());
        self.body(&class.body);
        self.state.scopes.pop();
        self.frames = frames;
        self.class = outer;
    }

    /// Whether an unpickler lets through every class: it has no `find_class` of its own, or one that refuses nothing.
    fn finds_any_class(&self, class: &'a ast::StmtClassDef) -> bool {
        let own = class.body.iter().find_map(|statement| match statement {
            Stmt::FunctionDef(function) if function.name.as_str() == "find_class" => Some(function),
            _ => None,
        });
        own.is_none_or(|function| {
            let body: String =
                function.body.iter().map(|statement| self.written(statement.range())).collect();
            let hands_on = ["find_class(", "getattr(", "import_module(", "__import__("];
            !body.contains("raise ") && hands_on.iter().any(|part| body.contains(part))
        })
    }

    /// Walks the body of the function `number`, unless that was done.
    pub(super) fn examine(&mut self, number: usize) {
        if self.quiet || self.depth >= MOST_CALLS {
            return;
        }
        let idle =
            self.state.functions.get(number).is_some_and(|known| known.summary.is_none() && !known.running);
        if let Some(function) = self.bodies.get(&number).copied().filter(|_| idle) {
            let locals = self.state.scopes.split_off(1);
            let frames = std::mem::take(&mut self.frames);
            let class = self.class.take();
            self.walk_body(number, function);
            self.class = class;
            self.frames = frames;
            self.state.scopes.extend(locals);
        }
    }

    fn walk_body(&mut self, number: usize, function: &'a ast::StmtFunctionDef) {
        let Some(known) = self.state.functions.get_mut(number) else { return };
        known.running = true;
        let (class, given) = (known.class, known.given);
        let returns_command = std::mem::replace(&mut self.returns_command, given.is_command);
        let keywords = function.parameters.kwarg.as_ref().map(|parameter| parameter.name.as_str());
        let keywords = std::mem::replace(&mut self.keywords, keywords);
        let returns_page = std::mem::replace(&mut self.returns_page, given.is_page);
        let outer = std::mem::replace(&mut self.function, function.name.as_str());
        let mut scope = Scope::default();
        let options = self.options(function);
        let served = class.is_some()
            && function.parameters.iter().any(|parameter| parameter.name().as_str() == "context");
        for (index, parameter) in function.parameters.iter().enumerate() {
            let name = parameter.name().as_str();
            let value = if index == 0 && class.is_some() {
                let number = class.unwrap_or_default();
                if name == "cls" { Known::Class(number).into() } else { Known::Instance(number).into() }
            } else {
                let given_default = parameter.default().map(|default| self.quietly(default).known);
                let option =
                    options.iter().find(|(option, _)| option == name).map(|(_, value)| value.clone());
                let known = option.or(given_default).filter(|known| is_telling_default(name, known));
                let value = match known {
                    Some(known) => known.into(),
                    // What frameworks hand to those who answer requests is called so.
                    None if name == "request" && parameter.annotation().is_none() => {
                        Value::path(super::sources::REQUEST_BY_NAME)
                    }
                    None => self.parameter(parameter.annotation()),
                };
                // What a caller sends to a service of gRPC: `def Predict(self, request, context)`.
                let value = if name == "request" && served { value.tainted(Taint::REQUEST) } else { value };
                // Frameworks hand over what fits the annotation: a number or one of a list carries no text.
                let narrow = parameter.annotation().is_some_and(|annotation| self.is_narrow(annotation));
                let handed = given.is_task && rules::names_run(name);
                let given = if narrow {
                    Taint::default()
                } else if handed {
                    given.taint.and(Taint::OPERATOR).and(Taint::TRIGGER)
                } else {
                    given.taint
                };
                value.tainted(Taint::parameter(index)).tainted(given)
            };
            scope.bind(name, value);
        }
        self.state.scopes.push(scope);
        self.frames.push(Summary::default());
        self.inside.push(number);
        self.depth = self.depth.saturating_add(1);
        self.body(&function.body);
        self.returns_command = returns_command;
        self.returns_page = returns_page;
        self.function = outer;
        self.keywords = keywords;
        self.depth = self.depth.saturating_sub(1);
        self.state.scopes.pop();
        self.inside.pop();
        let summary = self.frames.pop().unwrap_or_default();
        let grown = class.and_then(|class| self.state.classes.get(class)).map_or(0, |class| class.grown);
        if let Some(known) = self.state.functions.get_mut(number) {
            known.running = false;
            known.seen = grown;
            known.summary = Some(summary);
        }
    }

    /// Defaults of the command line's options that decorators of `function` declare (`click.option`), by parameter.
    fn options(&mut self, function: &'a ast::StmtFunctionDef) -> Vec<(String, Known)> {
        let mut found = Vec::new();
        for decorator in &function.decorator_list {
            let Expr::Call(call) = &decorator.expression else { continue };
            let callee = self.quietly(&call.func);
            if !callee
                .as_path()
                .is_some_and(|path| matches!(path.as_ref(), "click.option" | "click.argument"))
            {
                continue;
            }
            let names = call.arguments.args.iter().filter_map(|argument| match argument {
                Expr::StringLiteral(text) => Some(text.value.to_str()),
                _ => None,
            });
            let Some(name) = names.max_by_key(|name| (!name.starts_with('-'), name.len())) else { continue };
            let Some(default) = call.arguments.find_keyword("default") else { continue };
            let known = self.quietly(&default.value).known;
            found.push((attribute_of(name), known));
        }
        found
    }

    /// What a parameter of the annotated type holds.
    fn parameter(&mut self, annotation: Option<&'a Expr>) -> Value {
        let Some(annotation @ (Expr::Name(_) | Expr::Attribute(_))) = annotation else {
            return Value::default();
        };
        let class = self.quietly(annotation);
        match &class.known {
            Known::Path(path) if !path.starts_with("builtins.") && !path.starts_with("typing.") => {
                let known = class.step("()");
                let taint = match &known {
                    Known::Path(path) => super::sources::of_path(path),
                    _ => Taint::default(),
                };
                Value { known, taint }
            }
            Known::Class(number) => Known::Instance(*number).into(),
            _ => Value::default(),
        }
    }
}

/// The annotated names of a class, in order.
fn fields(class: &ast::StmtClassDef) -> Vec<Arc<str>> {
    let named = class.body.iter().filter_map(|statement| match statement {
        Stmt::AnnAssign(field) => match field.target.as_ref() {
            Expr::Name(name) => Some(Arc::from(name.id.as_str())),
            _ => None,
        },
        _ => None,
    });
    named.take(MOST_ENTRIES).collect()
}

/// The name under which the value of the command line's option `option` is read: `--model-id` is `model_id`.
pub(super) fn attribute_of(option: &str) -> String {
    option.split('/').next().unwrap_or(option).trim_start_matches('-').replace('-', "_")
}

/// Whether a default says what happens unless someone decides otherwise: a text or a switch. A path's default names a
/// place of the machine, whatever it looks like.
pub(super) fn is_telling_default(name: &str, known: &Known) -> bool {
    let lower = name.to_ascii_lowercase();
    let place = ["path", "dir", "folder", "file", "ckpt", "checkpoint", "root", "output"];
    match known {
        Known::Bool(_) => true,
        Known::Text(text) => !text.is_empty() && !place.iter().any(|word| lower.contains(word)),
        _ => false,
    }
}
