//! Where the values of a program come from: [`Origins`].
//!
//! Followed are what a model chose for a tool, what a user sent, and what a model answered, through declarations, members,
//! templates and sums of texts. What another function makes of a value is its own: it is not followed, so that a check by a
//! function of the program ends it.

use super::lexer::Kind;
use super::program::{Call, EXPRESSION, Program};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Who had a hand in a value. In order of weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
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
            Self::Request => "what a user sent",
            Self::Answer => "what a language model wrote",
            Self::Tool => "what a language model chose for a tool",
        }
    }
}

/// A name that holds a value of others, where it does.
#[derive(Debug)]
struct Binding<'a> {
    origin: Option<Origin>,
    /// Tokens in which the name is this one.
    scope: Range<usize>,
    /// Members that can only be what a schema lists.
    checked: HashSet<&'a str>,
}

/// The names of a program that hold values of others.
pub(super) struct Origins<'p, 'a> {
    program: &'p Program<'a>,
    bindings: HashMap<&'a str, Vec<Binding<'a>>>,
}

impl<'p, 'a> Origins<'p, 'a> {
    /// Reads where the values of `program` come from; `calls` are its calls in order.
    pub(super) fn of(program: &'p Program<'a>, calls: &[Call]) -> Self {
        let mut origins = Self { program, bindings: HashMap::new() };
        for call in calls {
            origins.handlers(call);
        }
        origins.declarations();
        origins
    }

    /// Functions that the call registers as tools: their first parameter is what a model chose.
    fn handlers(&mut self, call: &Call) {
        let program = self.program;
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
        let schema: Vec<Range<usize>> = call.arguments.clone();
        for argument in &call.arguments {
            let function = program.function(argument).or_else(|| {
                ["execute", "func", "handler", "invoke", "run", "cb"].iter().find_map(|key| {
                    let value = program.value(argument.start, key).and_then(|value| program.function(&value));
                    value.or_else(|| program.method(argument.start, key))
                })
            });
            if let Some((parameters, body)) = function {
                let checked = self.checked(&schema);
                self.parameters(&parameters, &body, Origin::Tool, &checked);
            }
        }
    }

    /// Names of a schema whose values can only be numbers, truths, or texts of a list or form.
    fn checked(&self, schema: &[Range<usize>]) -> HashSet<&'a str> {
        let program = self.program;
        let mut checked = HashSet::new();
        for range in schema.iter().filter(|range| program.function(range).is_none()) {
            for at in range.clone().take(EXPRESSION) {
                let key = program.is(at, Kind::Word) && program.word(at.saturating_add(1)) == ":";
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
            for name in self.pattern(first) {
                let origin = Some(origin).filter(|_| !checked.contains(name.1));
                self.bind(name.0, origin, body.clone(), HashSet::new());
            }
        } else if self.program.is(first, Kind::Word) {
            let name = self.program.word(first);
            self.bind(name, Some(origin), body.clone(), checked.clone());
        }
    }

    /// The names that the pattern at `open` binds, each with the member it takes.
    fn pattern(&self, open: usize) -> Vec<(&'a str, &'a str)> {
        let program = self.program;
        let parts = program.parts(open).into_iter().take(PARTS);
        parts
            .filter(|part| program.is(part.start, Kind::Word))
            .map(|part| {
                let key = program.word(part.start);
                let renamed = program.word(part.start.saturating_add(1)) == ":"
                    && program.is(part.start.saturating_add(2), Kind::Word);
                (if renamed { program.word(part.start.saturating_add(2)) } else { key }, key)
            })
            .collect()
    }

    fn bind(
        &mut self,
        name: &'a str,
        origin: Option<Origin>,
        scope: Range<usize>,
        checked: HashSet<&'a str>,
    ) {
        self.bindings.entry(name).or_default().push(Binding { origin, scope, checked });
    }

    /// Binds what `const`, `let`, `var` and plain assignments give a name.
    fn declarations(&mut self) {
        let program = self.program;
        for at in 0..program.tokens.len() {
            if program.word(at) != "=" || !program.is(at, Kind::Mark) {
                continue;
            }
            let Some(target) = at.checked_sub(1) else { continue };
            let value = program.expression(at.saturating_add(1));
            let origin = self.of_expression(&value);
            let scope = value.end..self.end_of_block(at);
            if program.word(target) == "}" {
                let Some(open) = program.tokens.get(target).and_then(|token| token.pair) else { continue };
                for (name, key) in self.pattern(open) {
                    let origin = origin.filter(|_| !PLAIN.contains(&key));
                    self.bind(name, origin, scope.clone(), HashSet::new());
                }
                continue;
            }
            let name = self.declared(target);
            // A name that is known to be harmless needs no binding unless it hides another.
            if let Some(name) = name.filter(|name| origin.is_some() || self.bindings.contains_key(name)) {
                self.bind(name, origin, scope, HashSet::new());
            }
        }
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

    /// Where the block around the token at `at` ends.
    fn end_of_block(&self, at: usize) -> usize {
        let mut inside = self.program.tokens.get(at).and_then(|token| token.inside);
        while let Some(open) = inside {
            if self.program.word(open) == "{" {
                return self.program.past(open);
            }
            inside = self.program.tokens.get(open).and_then(|token| token.inside);
        }
        self.program.tokens.len()
    }

    /// Who had a hand in the value of an expression.
    pub(super) fn of_expression(&self, range: &Range<usize>) -> Option<Origin> {
        let program = self.program;
        // The condition of `a ? b : c` is no part of its value.
        let mut at = range.start;
        let mut seen = 0_usize;
        while at < range.end && seen < EXPRESSION {
            if program.word(at) == "?" && program.is(at, Kind::Mark) {
                let branches = at.saturating_add(1)..range.end;
                return self.of_parts(&branches);
            }
            at = program.past(at);
            seen = seen.saturating_add(1);
        }
        self.of_parts(range)
    }

    fn of_parts(&self, range: &Range<usize>) -> Option<Origin> {
        let program = self.program;
        let mut worst = None;
        let mut at = range.start;
        let limit = range.end.min(range.start.saturating_add(EXPRESSION));
        while at < limit {
            let word = program.word(at);
            if !program.is(at, Kind::Word) {
                // A comparison gives a truth.
                at = at.saturating_add(1);
                continue;
            }
            if matches!(word, "function" | "class") {
                let body = (at..limit).find(|index| program.word(*index) == "{");
                at = body.map_or(limit, |body| program.past(body));
                continue;
            }
            if program.word(at.saturating_add(1)) == "=>" {
                at = self.past_arrow(at.saturating_add(1), limit);
                continue;
            }
            let (origin, next) = self.chain(at);
            worst = worst.max(origin);
            at = next.max(at.saturating_add(1));
        }
        worst
    }

    /// The index behind the body of the arrow at `arrow`.
    fn past_arrow(&self, arrow: usize, limit: usize) -> usize {
        let body = arrow.saturating_add(1);
        if self.program.word(body) == "{" { self.program.past(body) } else { limit }
    }

    /// Who had a hand in the value of the chain of members and calls that begins with the name at `at`, and the index behind it.
    fn chain(&self, at: usize) -> (Option<Origin>, usize) {
        let program = self.program;
        if !program.is_variable(at) {
            return (None, at.saturating_add(1));
        }
        let name = program.word(at);
        let found = self.binding(name, at);
        let mut origin = found.and_then(|binding| binding.origin);
        let mut index = at.saturating_add(1);
        let mut members: Vec<&str> = vec![name];
        let mut first = true;
        while members.len() < PARTS {
            match program.word(index) {
                "!" if program.is(index, Kind::Mark) => index = index.saturating_add(1),
                "." | "?." if program.is(index.saturating_add(1), Kind::Word) => {
                    let member = program.word(index.saturating_add(1));
                    let bounded = first && found.is_some_and(|binding| binding.checked.contains(member));
                    if bounded || PLAIN.contains(&member) {
                        origin = None;
                    }
                    origin = origin.max(of_members(&members, member));
                    members.push(member);
                    first = false;
                    index = index.saturating_add(2);
                }
                "?." => index = index.saturating_add(1),
                "[" => {
                    let key = program.content(index.saturating_add(1));
                    if first
                        && key.is_some_and(|key| found.is_some_and(|binding| binding.checked.contains(key)))
                    {
                        origin = None;
                    }
                    first = false;
                    index = program.past(index);
                }
                "(" => {
                    let (last, whole) = (members.last().copied().unwrap_or_default(), members.join("."));
                    let path =
                        program.imported(name).map_or(whole.clone(), |meant| whole.replacen(name, meant, 1));
                    if answers(&path) {
                        origin = origin.max(Some(Origin::Answer));
                    } else if PASSING.contains(&last) {
                        let inner = index.saturating_add(1)..program.past(index).saturating_sub(1);
                        if members.len() < 8 && inner.len() < EXPRESSION {
                            origin = origin.max(self.of_arguments(index));
                        }
                    } else if members.len() == 1
                        || TRUTHS.contains(&last)
                        || !OWN.contains(&last) && origin != Some(Origin::Answer)
                    {
                        // What another function makes of it is its own.
                        origin = None;
                    }
                    first = false;
                    index = program.past(index);
                }
                _ => break,
            }
        }
        (origin, index)
    }

    fn of_arguments(&self, open: usize) -> Option<Origin> {
        self.program.parts(open).iter().filter_map(|argument| self.of_expression(argument)).max()
    }

    fn binding(&self, name: &str, at: usize) -> Option<&Binding<'a>> {
        let known = self.bindings.get(name)?;
        known.iter().filter(|binding| binding.scope.contains(&at)).max_by_key(|binding| binding.scope.start)
    }

    /// Whether a condition between where a value was bound and `at` looks at one of the names of `range`.
    pub(super) fn is_looked_at(&self, range: &Range<usize>, at: usize) -> bool {
        let program = self.program;
        let names: Vec<&str> = range
            .clone()
            .take(PARTS)
            .filter(|index| program.is_variable(*index))
            .map(|index| program.word(index))
            .collect();
        let begin = names.iter().filter_map(|name| Some(self.binding(name, at)?.scope.start)).min();
        let Some(begin) = begin else { return false };
        (begin.max(at.saturating_sub(EXPRESSION))..at).any(|index| {
            if program.word(index) != "if" || program.word(index.saturating_add(1)) != "(" {
                return false;
            }
            let condition = index.saturating_add(2)
                ..program.past(index.saturating_add(1)).min(index.saturating_add(2).saturating_add(PARTS));
            let speaks = condition
                .clone()
                .any(|inner| program.is(inner, Kind::Word) && names.contains(&program.word(inner)));
            speaks && condition.into_iter().any(|inner| LOOKS.contains(&program.word(inner)))
        })
    }
}

/// Who had a hand in `member` of what `before` names.
fn of_members(before: &[&str], member: &str) -> Option<Origin> {
    let last = before.last().copied().unwrap_or_default();
    let request = matches!(last, "req" | "request" | "ctx" | "c") || before.ends_with(&["ctx", "request"]);
    if request
        && matches!(last, "req" | "request")
        && matches!(member, "body" | "query" | "params" | "headers" | "cookies")
    {
        return Some(Origin::Request);
    }
    if before.ends_with(&["ctx", "request"]) && matches!(member, "body" | "query") {
        return Some(Origin::Request);
    }
    let answer = before.contains(&"choices") && matches!(member, "content" | "text" | "arguments")
        || matches!(member, "output_text" | "outputText");
    answer.then_some(Origin::Answer)
}

/// Whether the result of what is called is a model's answer.
fn answers(path: &str) -> bool {
    [
        ".chat.completions.create",
        ".completions.create",
        ".messages.create",
        ".responses.create",
        ".generateContent",
        ".chat.complete",
        ".sendMessage().response.text",
    ]
    .iter()
    .any(|end| path.ends_with(end))
        || matches!(path, "ai.generateText" | "ai.generateObject" | "ollama.chat" | "ollama.generate")
}

/// What registers or makes a tool.
const REGISTERS: &[&str] =
    &["tool", "registerTool", "addTool", "createTool", "defineTool", "DynamicTool", "DynamicStructuredTool"];
/// Most names of one chain or pattern.
const PARTS: usize = 64;
/// Functions whose result holds what they are given.
const PASSING: &[&str] = &[
    "String",
    "join",
    "resolve",
    "normalize",
    "from",
    "parse",
    "safeParse",
    "stringify",
    "concat",
    "format",
    "decodeURIComponent",
    "assign",
    "fileURLToPath",
];
/// Methods of a text or list whose result holds it.
const OWN: &[&str] = &[
    "trim",
    "toString",
    "split",
    "slice",
    "substring",
    "replace",
    "replaceAll",
    "toLowerCase",
    "toUpperCase",
    "padEnd",
    "padStart",
    "at",
    "pop",
    "shift",
    "map",
    "filter",
    "find",
    "json",
    "text",
    "match",
    "reverse",
    "flat",
    "get",
    "then",
];
/// Methods whose result is a truth or a number.
const TRUTHS: &[&str] =
    &["includes", "startsWith", "endsWith", "test", "indexOf", "has", "some", "every", "findIndex"];
/// Members that hold nothing of anyone.
const PLAIN: &[&str] = &[
    "length",
    "size",
    "usage",
    "id",
    "finish_reason",
    "status",
    "method",
    "signal",
    "isError",
    "success",
    "error",
];
/// Words of a condition that looks at a value.
const LOOKS: &[&str] = &[
    "startsWith",
    "includes",
    "has",
    "test",
    "match",
    "relative",
    "isAbsolute",
    "endsWith",
    "indexOf",
    "hasOwn",
    "hasOwnProperty",
    "in",
];
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
