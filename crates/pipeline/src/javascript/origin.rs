//! Where the values of a program come from: [`Origins`].
//!
//! Followed are what a model chose for a tool, what a user sent, and what a model answered, through declarations, members,
//! templates, sums of texts, loops and the functions that are handed to them, and through the program's own functions ([`called`]). What any
//! other function makes of a value is its own: it is not followed, and a check by a function of the program ends it.
//!
//! The steps taken are counted, and end at a multiple of the program's length ([`STEPS`]): a file takes linear time whatever it
//! nests or repeats, and one that would take more is said to be followed in part.

mod bindings;
mod called;
mod clients;
mod expression;
mod functions;
mod looks;
mod names;
mod sources;

use super::lexer::Kind;
use super::program::{Call, EXPRESSION, Program};
use bindings::{Binding, Bindings};
use clients::Clients;
use expression::is_plain;
use functions::Functions;
pub(super) use functions::{Given, Made};
use looks::Conditions;
use names::GOES_THROUGH;
pub(super) use sources::answers;
use std::cell::Cell;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

/// Who had a hand in a value. In order of weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// Whoever calls an exported function gave it.
    Parameter,
    /// It stands in the folder that an editor has open.
    Opened,
    /// A server of others answered it.
    Page,
    /// Another page sent it as a message.
    Message,
    /// A user of a service sent it.
    Request,
    /// A model answered it.
    Answer,
    /// A model chose it as the argument of a tool.
    Tool,
}

impl Origin {
    /// Who, for a message.
    pub(super) fn who(self) -> &'static str {
        match self {
            Self::Parameter => "what its caller gave it",
            Self::Opened => "what the opened folder holds",
            Self::Message => "what any other page may send",
            Self::Page => "what a server answered",
            Self::Request => "what a user sent",
            Self::Answer => "what a language model wrote",
            Self::Tool => "what a language model chose for a tool",
        }
    }
}

/// The names of a program that hold values of others.
pub(super) struct Origins<'p, 'a> {
    program: &'p Program<'a>,
    bindings: Bindings<'a>,
    /// Conditions that look at values.
    conditions: Conditions<'a>,
    /// Steps left.
    left: Cell<usize>,
    /// The token at which none were left.
    ended: Cell<Option<usize>>,
    /// How many expressions within one another are looked at.
    depth: Cell<usize>,
    /// The token at which members of a value are no longer followed.
    until: Cell<usize>,
    /// What the functions of the program make of values.
    functions: Functions<'a>,
    /// Whether the body of a function was judged before what is declared in it.
    again: Cell<bool>,
    /// What addresses are asked with.
    clients: Clients<'a>,
    /// Whether parameters are marked, to see what is handed on, and nothing else counts.
    marking: Cell<bool>,
}

impl<'p, 'a> Origins<'p, 'a> {
    /// Reads where the values of `program` come from; `calls` are its calls in order, `given` what functions of other modules make.
    pub(super) fn of(program: &'p Program<'a>, calls: &[Call], given: Option<Arc<Given>>) -> Self {
        let steps = program.tokens.len().saturating_mul(STEPS).saturating_add(STEPS_ALWAYS);
        let mut origins = Self {
            program,
            bindings: Bindings::default(),
            conditions: Conditions::of(program),
            left: Cell::new(steps),
            ended: Cell::new(None),
            depth: Cell::new(0),
            until: Cell::new(usize::MAX),
            functions: Functions::of(program, given),
            clients: Clients::of(program),
            again: Cell::new(false),
            marking: Cell::new(false),
        };
        origins.entered(calls);
        origins.declared_all();
        origins.functions(calls);
        origins
    }

    /// Takes `steps` at the token `at`; `false` when there are not that many left.
    pub(super) fn spend(&self, at: usize, steps: usize) -> bool {
        let left = self.left.get().checked_sub(steps);
        if left.is_none() && self.ended.get().is_none() {
            self.ended.set(Some(at));
        }
        self.left.set(left.unwrap_or(0));
        left.is_some()
    }

    /// The token at which following ended early.
    pub(super) fn ended(&self) -> Option<usize> {
        self.ended.get()
    }

    /// Binds what is handed in from outside: the parameters of exported functions, of tools, and of handlers of messages.
    pub(super) fn entered(&mut self, calls: &[Call]) {
        let exported: Vec<(&'a str, Range<usize>)> = (0..self.functions.list.len())
            .filter(|index| self.functions.is_exported(*index))
            .flat_map(|index| self.functions.parameters(index).map(|(_, name, scope)| (name, scope)))
            .collect();
        for (name, scope) in exported {
            self.bind(name, Some(Origin::Parameter), scope, HashSet::new());
        }
        self.described();
        for call in calls {
            self.handlers(call);
        }
        for (parameters, body) in super::messages::unchecked(self.program, calls) {
            self.parameters(&parameters, &body, Origin::Message, &HashSet::new());
        }
    }

    /// Tools that are written as objects: what stands beside a description for a model and a schema is called with what the model chose.
    fn described(&mut self) {
        let program = self.program;
        for at in 0..program.tokens.len() {
            let runs = program.is(at, Kind::Word) && RUNS_A_TOOL.contains(&program.word(at));
            let behind = program.word(at.saturating_add(1));
            let open = program.tokens.get(at).and_then(|token| token.inside);
            let Some(open) =
                open.filter(|open| runs && matches!(behind, ":" | "(") && program.word(*open) == "{")
            else {
                continue;
            };
            if !self.spend(at, program.past(open).saturating_sub(open)) {
                return;
            }
            let has = |keys: &[&str]| keys.iter().any(|key| program.value(open, key).is_some());
            if !has(&["description"]) || !has(SCHEMAS) {
                continue;
            }
            let key = program.word(at);
            let value = program.value(open, key).and_then(|value| self.function_of(&value));
            if let Some((parameters, body)) = value.or_else(|| program.method(open, key)) {
                self.parameters(&parameters, &body, Origin::Tool, &HashSet::new());
            }
        }
    }

    /// Functions that the call registers as tools: their first parameter is what a model chose.
    fn handlers(&mut self, call: &Call) {
        let program = self.program;
        if call.name() == "on" {
            self.messages(call);
            return;
        }
        let named = match call.name() {
            "setRequestHandler" => call
                .arguments
                .first()
                .is_some_and(|first| first.clone().take(8).any(|at| program.word(at).contains("CallTool"))),
            name => REGISTERS.contains(&name),
        };
        if !named {
            return;
        }
        let mut checked = None;
        for argument in &call.arguments {
            let function = self.function_of(argument).or_else(|| {
                ["execute", "func", "handler", "invoke", "run", "cb"].iter().find_map(|key| {
                    let value = program.value(argument.start, key).and_then(|value| self.function_of(&value));
                    value.or_else(|| program.method(argument.start, key))
                })
            });
            if let Some((parameters, body)) = function {
                let checked = checked.get_or_insert_with(|| self.checked(&call.arguments)).clone();
                if !self.spend(call.begin, checked.len()) {
                    return;
                }
                self.parameters(&parameters, &body, Origin::Tool, &checked);
            }
        }
    }

    /// A function that is given the messages of whoever connects: `socket.on("message", (data) => …)` of `ws` and Socket.IO.
    ///
    /// Source: `ws`, "Event: 'message'"; Socket.IO documentation, "Listening to events".
    fn messages(&mut self, call: &Call) {
        let program = self.program;
        let event = call.arguments.first().and_then(|event| program.constant(event));
        let of_socket = |module: &str| {
            program.imports_of(|path| path == module || path.starts_with(&format!("{module}.")))
        };
        let receives = match event {
            Some("message") => of_socket("ws") || of_socket("socket.io"),
            Some(
                "connection" | "connect" | "disconnect" | "error" | "close" | "listening" | "data" | "exit",
            )
            | None => false,
            Some(_) => call.receiver().ends_with("socket") && of_socket("socket.io"),
        };
        let process = ["process", "worker", "child"].iter().any(|own| call.receiver().ends_with(own));
        let function = call.arguments.get(1).and_then(|handler| self.function_of(handler));
        if let Some((parameters, body)) = function.filter(|_| receives && !process) {
            self.parameters(&parameters, &body, Origin::Request, &HashSet::new());
        }
    }

    /// Names of a schema whose values can only be numbers, truths, or texts of a list or form.
    fn checked(&self, schema: &[Range<usize>]) -> HashSet<&'a str> {
        let program = self.program;
        let mut checked = HashSet::new();
        for range in schema.iter().filter(|range| program.function(range).is_none()) {
            for at in range.clone().take(EXPRESSION) {
                let key = program.is(at, Kind::Word) && program.word(at.saturating_add(1)) == ":";
                if !self.spend(at, 1) {
                    return checked;
                }
                if !key {
                    continue;
                }
                let value = program.expression(at.saturating_add(2));
                // Of an object's own keys: those of objects in it have their own.
                let bounded = value.clone().take(PARTS).any(|inner| {
                    let member = inner.checked_sub(1).is_some_and(|dot| program.word(dot) == ".");
                    member && BOUNDED.contains(&program.word(inner))
                });
                let opens = program.word(value.start) == "{";
                if bounded && !opens {
                    checked.insert(program.word(at));
                }
            }
        }
        checked
    }

    /// Binds the names of the first parameter in `body`.
    fn parameters(
        &mut self,
        parameters: &Range<usize>,
        body: &Range<usize>,
        origin: Origin,
        checked: &HashSet<&'a str>,
    ) {
        let first = parameters.start;
        if self.program.word(first) == "{" {
            for name in self.program.pattern(first) {
                let origin = Some(origin).filter(|_| !checked.contains(name.1));
                self.bind(name.0, origin, body.clone(), HashSet::new());
            }
        } else if self.program.is(first, Kind::Word) {
            let name = self.program.word(first);
            self.bind(name, Some(origin), body.clone(), checked.clone());
        }
    }

    fn bind(
        &mut self,
        name: &'a str,
        origin: Option<Origin>,
        scope: Range<usize>,
        checked: HashSet<&'a str>,
    ) {
        self.keep(name, Binding { origin, scope, checked, markup: false });
    }

    fn keep(&mut self, name: &'a str, binding: Binding<'a>) {
        let at = binding.scope.start;
        if self.spend(at, 1) {
            let steps = self.bindings.insert(name, binding);
            self.spend(at, steps / INSERTS);
        }
    }

    fn binding(&self, name: &str, at: usize) -> Option<&Binding<'a>> {
        self.bindings.find(name, at).filter(|_| self.spend(at, 1))
    }

    /// Binds all names; twice where what stands in a function that is handed to a call was judged before its own names were known.
    fn declared_all(&mut self) {
        self.declarations();
        if self.again.get() {
            self.declarations();
        }
    }

    /// Binds what `const`, `let`, `var` and plain assignments give a name.
    fn declarations(&mut self) {
        let program = self.program;
        for at in 0..program.tokens.len() {
            match (program.is(at, Kind::Mark), program.word(at)) {
                (true, "=") => {}
                (true, "+=") if self.spend(at, 1) => {
                    self.added(at);
                    continue;
                }
                (false, "for") if self.spend(at, 1) => {
                    self.looped(at);
                    continue;
                }
                (false, name) if GOES_THROUGH.contains(&name) && self.spend(at, 1) => {
                    self.called_back(at);
                    continue;
                }
                _ => continue,
            }
            let Some(target) = at.checked_sub(1).filter(|_| self.spend(at, 1)) else { continue };
            let value = program.expression(at.saturating_add(1));
            let origin = self.of_expression(&value);
            // What a name of an outer block is given in an inner one stays in it behind that.
            let begins = at.checked_sub(2).map_or("", |before| program.word(before));
            let declares = program.word(target) == "}" || matches!(begins, "const" | "let" | "var");
            let outlives = origin.is_some()
                && !declares
                && self.declared(target).is_some_and(|name| name == program.word(target));
            let end = if outlives { self.end_of_function(at) } else { self.end_of_block(at) };
            let scope = value.end..end;
            if program.component && origin.is_some() {
                self.shown_in_template(target, origin, declares);
            }
            if let Some(field) = origin.and_then(|_| self.field(target)) {
                let scope = self.class_around(at);
                self.keep(field, Binding { origin, scope, checked: HashSet::new(), markup: false });
                continue;
            }
            if program.word(target) == "}" {
                let Some(open) = program.tokens.get(target).and_then(|token| token.pair) else { continue };
                for (name, key) in self.program.pattern(open) {
                    let origin = origin.filter(|_| !is_plain(key, origin));
                    self.bind(name, origin, scope.clone(), HashSet::new());
                }
                continue;
            }
            let list = program.tokens.get(target).and_then(|token| token.pair);
            if let Some(open) = list.filter(|_| program.word(target) == "]")
                && let Some(origin) = origin
                && open
                    .checked_sub(1)
                    .is_some_and(|word| matches!(program.word(word), "const" | "let" | "var"))
            {
                self.bind_target(open, origin, &scope);
                continue;
            }
            let name = self.declared(target);
            // A name that is known to be harmless needs no binding unless it hides another.
            let text = program.is(value.start, Kind::Text) || program.word(value.start) == "`";
            let looked_at = (origin.is_some() || text) && self.spend(at, value.len().min(EXPRESSION));
            let markup = looked_at && self.is_markup(&value);
            if let Some(name) = name.filter(|name| origin.is_some() || markup || self.bindings.know(name)) {
                self.keep(name, Binding { origin, scope, checked: HashSet::new(), markup });
            }
        }
    }

    /// Whether a text is put together as markup, here or where the name that it is was bound.
    pub(super) fn is_markup(&self, range: &Range<usize>) -> bool {
        let named = range.len() == 1 && self.program.is_variable(range.start);
        let bound = || self.binding(self.program.word(range.start), range.start);
        self.program.is_markup(range) || named && bound().is_some_and(|binding| binding.markup)
    }

    /// The name before `=`, also behind its type: `const a: string =`.
    fn declared(&self, target: usize) -> Option<&'a str> {
        let program = self.program;
        let declares = |at: usize| {
            at.checked_sub(1).is_some_and(|before| matches!(program.word(before), "const" | "let" | "var"))
        };
        let typed = (target.saturating_sub(8)..target).rev().find(|at| declares(*at));
        let at = typed.filter(|at| program.word(at.saturating_add(1)) == ":").unwrap_or(target);
        program.is_variable(at).then(|| program.word(at))
    }

    /// Binds what a template reads: `name.value = …` of Vue's `ref`, `this.name = …`, `name = …`, and what a script declares outside of
    /// its functions.
    fn shown_in_template(&mut self, target: usize, origin: Option<Origin>, declares: bool) {
        let program = self.program;
        let member = target.checked_sub(2).filter(|_| program.word(target.saturating_sub(1)) == ".");
        let at = match member {
            Some(owner) if program.word(target) == "value" => owner,
            Some(owner) if program.word(owner) != "this" => return,
            _ => target,
        };
        let inside = program.tokens.get(target).is_some_and(|token| token.inside.is_some());
        if program.is(at, Kind::Word) && !(declares && inside) {
            let scope = 0..program.tokens.len();
            self.keep(program.word(at), Binding { origin, scope, checked: HashSet::new(), markup: false });
        }
    }

    /// The field `this.name` whose name is at `at`, as written.
    pub(super) fn field(&self, at: usize) -> Option<&'a str> {
        let program = self.program;
        let this = at.checked_sub(2).filter(|this| {
            program.word(*this) == "this"
                && program.word(this.saturating_add(1)) == "."
                && program.is(at, Kind::Word)
        })?;
        let written = program.text.get(program.span(&(this..at.saturating_add(1))))?;
        (written.len() == program.word(at).len().saturating_add("this.".len())).then_some(written)
    }

    /// The braces of the class around the token at `at`; without one, the block.
    fn class_around(&self, at: usize) -> Range<usize> {
        let program = self.program;
        let mut around = program.tokens.get(at).and_then(|token| token.inside);
        while let Some(open) = around.filter(|open| self.spend(*open, 1)) {
            if functions::owner(program, open).is_some() {
                return open..program.past(open);
            }
            around = program.tokens.get(open).and_then(|token| token.inside);
        }
        at..self.end_of_block(at)
    }

    /// Where the block around the token at `at` ends.
    fn end_of_block(&self, at: usize) -> usize {
        let mut inside = self.program.tokens.get(at).and_then(|token| token.inside);
        while let Some(open) = inside.filter(|open| self.spend(*open, 1)) {
            if self.program.word(open) == "{" {
                return self.program.past(open);
            }
            inside = self.program.tokens.get(open).and_then(|token| token.inside);
        }
        self.program.tokens.len()
    }

    /// Where the body of the function around the token at `at` begins; the first token outside of any.
    fn begin_of_function(&self, at: usize) -> usize {
        let program = self.program;
        let inside = |at: usize| program.tokens.get(at).and_then(|token| token.inside);
        let mut around = inside(at);
        while let Some(open) = around.filter(|open| self.spend(*open, 1)) {
            let before = open.checked_sub(1).unwrap_or(open);
            let headed = program.tokens.get(before).and_then(|token| token.pair?.checked_sub(1));
            let function = match self.mark(before) {
                "=>" => true,
                ")" => !headed.is_some_and(|head| {
                    matches!(
                        program.word(head),
                        "if" | "for" | "while" | "switch" | "catch" | "with" | "await"
                    )
                }),
                _ => false,
            };
            if function && self.mark(open) == "{" {
                return open;
            }
            around = inside(open);
        }
        0
    }
}

/// Steps that may be taken for each token of a program.
const STEPS: usize = 200;
/// Steps that may be taken in any program.
const STEPS_ALWAYS: usize = 100_000;
/// Bindings of one name that are moved to make place for another in one step.
const INSERTS: usize = 16;
/// What registers or makes a tool.
const REGISTERS: &[&str] =
    &["tool", "registerTool", "addTool", "createTool", "defineTool", "DynamicTool", "DynamicStructuredTool"];
/// Names of the function in an object that is a tool.
const RUNS_A_TOOL: &[&str] =
    &["execute", "handler", "run", "func", "invoke", "call", "callback", "fn", "implementation", "function"];
/// Names of the schema of what a tool takes.
const SCHEMAS: &[&str] =
    &["parameters", "inputSchema", "input_schema", "schema", "argsSchema", "paramsSchema"];
/// Most names of one chain or pattern.
const PARTS: usize = 64;
/// What bounds a value in a schema to a number, a truth, or a text of a list or form.
const BOUNDED: &[&str] = &[
    "number",
    "int",
    "boolean",
    "bigint",
    "date",
    "enum",
    "nativeEnum",
    "literal",
    "regex",
    "uuid",
    "datetime",
    "coerce",
    "Number",
    "Boolean",
    "Integer",
];
