//! Where the values of a program come from: [`Origins`].
//!
//! Followed are what a model chose for a tool, what a user sent, and what a model answered, through declarations, members,
//! templates, sums of texts, loops and the functions that are handed to them, and through the program's own functions ([`called`]). What any
//! other function makes of a value is its own: it is not followed, and a check by a function of the program ends it.
//!
//! The steps taken are counted, and end at a multiple of the program's length ([`STEPS`]): a file takes linear time whatever it
//! nests or repeats, and one that would take more is said to be followed in part.

mod called;
mod functions;
mod names;

use super::lexer::Kind;
use super::program::{Call, EXPRESSION, Program};
use functions::Functions;
pub(super) use functions::{Given, Made};
use names::{Function, GOES_THROUGH, named};
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

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
    /// Functions by name; methods of classes with `true`.
    named: HashMap<(bool, &'a str), Function>,
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
    /// Whether parameters are marked, to see what is handed on, and nothing else counts.
    marking: Cell<bool>,
}

impl<'p, 'a> Origins<'p, 'a> {
    /// Reads where the values of `program` come from; `calls` are its calls in order, `given` what functions of other modules make.
    pub(super) fn of(program: &'p Program<'a>, calls: &[Call], given: Option<Arc<Given>>) -> Self {
        let steps = program.tokens.len().saturating_mul(STEPS).saturating_add(STEPS_ALWAYS);
        let mut origins = Self {
            program,
            bindings: HashMap::new(),
            named: named(program),
            left: Cell::new(steps),
            ended: Cell::new(None),
            depth: Cell::new(0),
            until: Cell::new(usize::MAX),
            functions: Functions::of(program, given),
            marking: Cell::new(false),
        };
        for call in calls {
            origins.handlers(call);
        }
        origins.declarations();
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
        let known = self.bindings.entry(name).or_default();
        let place = known.partition_point(|other| other.scope.start <= scope.start);
        known.insert(place, Binding { origin, scope, checked });
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
            if program.word(target) == "}" {
                let Some(open) = program.tokens.get(target).and_then(|token| token.pair) else { continue };
                for (name, key) in self.pattern(open) {
                    let origin = origin.filter(|_| !is_plain(key, origin));
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
        while let Some(open) = inside.filter(|open| self.spend(*open, 1)) {
            if self.program.word(open) == "{" {
                return self.program.past(open);
            }
            inside = self.program.tokens.get(open).and_then(|token| token.inside);
        }
        self.program.tokens.len()
    }

    /// Who had a hand in the value of an expression, or of expressions with commas between.
    pub(super) fn of_expression(&self, range: &Range<usize>) -> Option<Origin> {
        let depth = self.depth.get();
        if depth >= DEPTH {
            return self.of_any(range);
        }
        self.depth.set(depth.saturating_add(1));
        let origin = self.of_branches(range);
        self.depth.set(depth);
        origin
    }

    /// Who had a hand in any name of a range, whatever is done with it.
    fn of_any(&self, range: &Range<usize>) -> Option<Origin> {
        let program = self.program;
        range.clone().take(EXPRESSION).take_while(|at| self.spend(*at, 1)).fold(None, |worst, at| {
            let before = at.checked_sub(2).map_or("", |before| program.word(before));
            let bound = Some(at).filter(|at| program.is_variable(*at));
            let bound = bound.and_then(|at| self.binding(program.word(at), at)?.origin);
            worst.max(bound).max(self.source(of_members(&[before], program.word(at))))
        })
    }

    /// The mark at `at`; empty for what is none.
    fn mark(&self, at: usize) -> &'a str {
        if self.program.is(at, Kind::Mark) { self.program.word(at) } else { "" }
    }

    /// The index behind what begins at `at` on its level: behind a bracket's other, and behind the types in `name<A | B>(`.
    fn behind(&self, at: usize) -> usize {
        let program = self.program;
        if self.mark(at) == "<" && !self.is_spaced(at) {
            let types = at..at.saturating_add(PARTS);
            let closed = types.into_iter().find(|close| {
                self.mark(*close) == ">" && matches!(self.mark(close.saturating_add(1)), "(" | "." | "`")
            });
            if let Some(closed) = closed {
                return closed.saturating_add(1);
            }
        }
        program.past(at)
    }

    /// Whether the sign at `at` has spaces around it, as one that compares has.
    fn is_spaced(&self, at: usize) -> bool {
        let span = self.program.span(&(at..at.saturating_add(1)));
        let bytes = self.program.text.as_bytes();
        let blank = |index: usize| bytes.get(index).is_none_or(u8::is_ascii_whitespace);
        span.start.checked_sub(1).is_none_or(blank) && blank(span.end)
    }

    /// The condition of `a ? b : c` and what `a = b` replaces are no part of the value.
    fn of_branches(&self, range: &Range<usize>) -> Option<Origin> {
        let limit = range.end.min(range.start.saturating_add(EXPRESSION));
        let (mut from, mut at) = (range.start, range.start);
        let mut worst = None;
        let mut condition: Option<Range<usize>> = None;
        while self.spend(at, 1) {
            let sign = if at < limit { self.mark(at) } else { "," };
            match sign {
                "?" | "=" | ":" | "," => {
                    let piece = from..at.min(limit);
                    let counts = matches!(sign, ":" | ",")
                        && !condition.is_some_and(|condition| self.is_listed(&condition, &piece));
                    if counts {
                        worst = worst.max(self.of_choice(&piece));
                    }
                    condition = (sign == "?").then_some(piece);
                    if at >= limit {
                        break;
                    }
                    at = at.saturating_add(1);
                    from = at;
                }
                // A function is no text of anyone.
                "=>" => {
                    at = self.past_arrow(at, limit);
                    from = at;
                    condition = None;
                }
                _ => at = self.behind(at),
            }
        }
        worst
    }

    /// Whether a condition says that `piece` is one of a list: `LIST.includes(piece)`.
    fn is_listed(&self, condition: &Range<usize>, piece: &Range<usize>) -> bool {
        let program = self.program;
        let short = condition.len() <= PARTS && piece.len() <= PARTS && !piece.is_empty();
        if !short || self.mark(condition.start) == "!" || condition.clone().any(|at| self.mark(at) == "||") {
            return false;
        }
        condition.clone().any(|at| {
            let open = at.saturating_add(1);
            matches!(program.word(at), "includes" | "has" | "hasOwn")
                && self.mark(open) == "("
                && program.parts(open).iter().any(|given| self.is_same(given, piece))
        })
    }

    fn is_same(&self, one: &Range<usize>, other: &Range<usize>) -> bool {
        let word = |at: usize| self.program.word(at);
        one.len() == other.len() && one.clone().map(word).eq(other.clone().map(word))
    }

    /// `a || b` and `a ?? b` are one of the two; `a && b` is `b` where it is a text.
    fn of_choice(&self, range: &Range<usize>) -> Option<Origin> {
        let (mut from, mut at) = (range.start, range.start);
        let mut worst = None;
        while at < range.end && self.spend(at, 1) {
            let sign = self.mark(at);
            if matches!(sign, "||" | "??" | "&&") {
                if sign != "&&" {
                    worst = worst.max(self.of_sum(&(from..at)));
                }
                at = at.saturating_add(1);
                from = at;
            } else {
                at = self.behind(at);
            }
        }
        worst.max(self.of_sum(&(from..range.end)))
    }

    /// What compares gives a truth, what counts a number; only `+` puts texts together.
    fn of_sum(&self, range: &Range<usize>) -> Option<Origin> {
        let program = self.program;
        let (mut from, mut at, mut end) = (range.start, range.start, range.end);
        let mut worst = None;
        // Whether the summand that is read gives a number or a truth.
        let mut plain = false;
        while at < end && self.spend(at, 1) {
            let (sign, word) = (self.mark(at), program.word(at));
            let begins = at == from;
            let named = program.is(at, Kind::Word) && !begins;
            if named && matches!(word, "as" | "satisfies") {
                end = at;
                break;
            }
            if named && matches!(word, "in" | "instanceof") {
                return None;
            }
            at = match sign {
                "!" | "+" | "-" | "~" | "++" | "--" if begins => {
                    plain = true;
                    at.saturating_add(1)
                }
                "..." if begins => at.saturating_add(1),
                // `<T>x`
                "<" if begins => {
                    let closed = (at..end.min(at.saturating_add(PARTS))).find(|at| self.mark(*at) == ">");
                    closed.unwrap_or(at).saturating_add(1)
                }
                "==" | "===" | "!=" | "!==" | "<=" | ">=" | "|" | "&" | "^" => return None,
                "<" | ">" if self.is_spaced(at) => return None,
                "+" => {
                    worst = worst.max(if plain { None } else { self.of_operand(&(from..at)) });
                    plain = false;
                    at.saturating_add(1)
                }
                "-" => {
                    worst = None;
                    plain = true;
                    at.saturating_add(1)
                }
                "*" | "/" | "%" | "**" => {
                    plain = true;
                    at.saturating_add(1)
                }
                _ if begins && matches!(word, "typeof" | "void" | "delete") => {
                    plain = true;
                    at.saturating_add(1)
                }
                _ if begins && matches!(word, "await" | "new" | "yield" | "return" | "async") => {
                    at.saturating_add(1)
                }
                _ => {
                    at = self.behind(at);
                    continue;
                }
            };
            from = at;
        }
        if plain { worst } else { worst.max(self.of_operand(&(from..end))) }
    }

    /// Texts, templates, lists, objects and names, each with its members.
    fn of_operand(&self, range: &Range<usize>) -> Option<Origin> {
        let program = self.program;
        let mut at = range.start;
        let mut worst = None;
        while at < range.end && self.spend(at, 1) {
            let past = program.past(at);
            let inner = at.saturating_add(1)..past.saturating_sub(1);
            let (origin, next) = match (self.mark(at), program.word(at)) {
                ("`", _) => self.members("", None, self.of_holes(&inner), past),
                ("(" | "[" | "{", _) => self.members("", None, self.of_expression(&inner), past),
                ("", "function" | "class") if program.is(at, Kind::Word) => {
                    let body = (at..range.end).find(|index| program.word(*index) == "{");
                    (None, body.map_or(range.end, |body| program.past(body)))
                }
                ("", _) if program.is(at, Kind::Word) => self.chain(at),
                ("", _) => self.members("", None, None, past),
                _ => (None, past),
            };
            worst = worst.max(origin);
            at = next.max(at.saturating_add(1));
        }
        worst
    }

    /// Who had a hand in what the holes of a template put into it.
    fn of_holes(&self, range: &Range<usize>) -> Option<Origin> {
        let mut at = range.start;
        let mut worst = None;
        while at < range.end && self.spend(at, 1) {
            let past = self.program.past(at);
            if self.mark(at) == "${" {
                worst = worst.max(self.of_expression(&(at.saturating_add(1)..past.saturating_sub(1))));
            }
            at = past;
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
        self.members(name, found, found.and_then(|binding| binding.origin), at.saturating_add(1))
    }

    /// Goes on from `name`, or from a value without one, through the members and calls from `index` on.
    fn members(
        &self,
        name: &'a str,
        found: Option<&Binding<'a>>,
        mut origin: Option<Origin>,
        mut index: usize,
    ) -> (Option<Origin>, usize) {
        let program = self.program;
        let mut members: Vec<&str> = vec![name];
        let mut first = true;
        while members.len() < PARTS && index < self.until.get() && self.spend(index, 1) {
            match program.word(index) {
                "!" if program.is(index, Kind::Mark) => index = index.saturating_add(1),
                "." | "?." if program.is(index.saturating_add(1), Kind::Word) => {
                    let member = program.word(index.saturating_add(1));
                    let bounded = first && found.is_some_and(|binding| binding.checked.contains(member));
                    if bounded || is_plain(member, origin) {
                        origin = None;
                    }
                    origin = origin.max(self.source(of_members(&members, member)));
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
                    if let Some(made) = self.made_by(&members, index) {
                        origin = self.of_made(made, index);
                    } else if is_read(&members) {
                        origin = origin.max(self.source(Some(Origin::Request)));
                    } else if answers(&path) || self.asks_model(&members) || self.asks_service(&path, index) {
                        origin = origin.max(self.source(Some(Origin::Answer)));
                    } else if matches!(last, "map" | "flatMap") && members.len() > 1 {
                        origin = origin.and_then(|_| self.of_mapped(index, origin));
                    } else if PASSING.contains(&last) || matches!(last, "replace" | "replaceAll") {
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

    /// A source of values, unless only parameters count.
    fn source(&self, origin: Option<Origin>) -> Option<Origin> {
        origin.filter(|_| !self.marking.get())
    }

    /// Whether the call of `path` whose `(` is at `open` asks a model's API by its address, or by a command of Bedrock's client.
    fn asks_service(&self, path: &str, open: usize) -> bool {
        let program = self.program;
        if path.rsplit_once('.').is_some_and(|(_, name)| name == "send") {
            let command = open.saturating_add(2);
            return program.word(open.saturating_add(1)) == "new"
                && ["InvokeModel", "Converse"].iter().any(|begin| program.word(command).starts_with(begin));
        }
        super::sinks::asks(path)
            && program.parts(open).first().is_some_and(|address| {
                address.clone().take(PARTS).any(|at| {
                    let piece = Some(program.word(at)).filter(|_| program.is(at, Kind::Piece));
                    program
                        .content(at)
                        .or(piece)
                        .is_some_and(|text| SERVICES.iter().any(|service| text.contains(service)))
                })
            })
    }

    fn of_arguments(&self, open: usize) -> Option<Origin> {
        self.program.parts(open).iter().filter_map(|argument| self.of_expression(argument)).max()
    }

    /// Who had a hand in what the function in the `(` at `open` makes of each part of a list of `origin`.
    fn of_mapped(&self, open: usize, origin: Option<Origin>) -> Option<Origin> {
        let program = self.program;
        let first = program.parts(open).into_iter().next()?;
        let Some((parameters, body)) = program.function(&first) else {
            // What another function makes of it is its own.
            return origin.filter(|_| first.len() == 1 && program.word(first.start) == "String");
        };
        let names: Vec<&str> = if self.mark(parameters.start) == "{" {
            self.pattern(parameters.start).into_iter().map(|(name, _)| name).collect()
        } else {
            vec![program.word(parameters.start)]
        };
        let held = body
            .clone()
            .take(EXPRESSION)
            .take_while(|at| self.spend(*at, 1))
            .any(|at| program.is_variable(at) && names.contains(&program.word(at)));
        if held { origin } else { self.of_expression(&body) }
    }

    fn binding(&self, name: &str, at: usize) -> Option<&Binding<'a>> {
        let known = self.bindings.get(name)?;
        let before = known.partition_point(|binding| binding.scope.start <= at);
        let before = known.get(..before)?.iter().rev().take_while(|_| self.spend(at, 1));
        before.into_iter().find(|binding| binding.scope.contains(&at))
    }

    /// Whether a condition between where a value was bound and `at` looks at one of the names of `range`. A name that the program
    /// does not bind, as `req`, is looked at in the function around `at`, and only with all of its members: `req.query.s`.
    pub(super) fn is_looked_at(&self, range: &Range<usize>, at: usize) -> bool {
        let program = self.program;
        let variables: Vec<usize> =
            range.clone().take(PARTS).filter(|index| program.is_variable(*index)).collect();
        let begin = variables
            .iter()
            .filter_map(|name| Some(self.binding(program.word(*name), at)?.scope.start))
            .min();
        let names: Vec<&str> = variables.iter().map(|index| program.word(*index)).collect();
        let chains: Vec<Range<usize>> = variables
            .iter()
            .filter(|index| self.binding(program.word(**index), at).is_none())
            .map(|index| *index..self.chain(*index).1)
            .filter(|chain| chain.len() > 1 && chain.len() <= PARTS)
            .collect();
        if begin.is_none() && chains.is_empty() {
            return false;
        }
        let bound = begin.is_some();
        let begin = begin.unwrap_or_else(|| self.begin_of_function(at));
        (begin.max(at.saturating_sub(EXPRESSION))..at).take_while(|index| self.spend(*index, 1)).any(
            |index| {
                if program.word(index) != "if" || program.word(index.saturating_add(1)) != "(" {
                    return false;
                }
                let condition = index.saturating_add(2)
                    ..program
                        .past(index.saturating_add(1))
                        .min(index.saturating_add(2).saturating_add(PARTS));
                let looks = condition.clone().any(|inner| LOOKS.contains(&program.word(inner)));
                let speaks = |inner: usize| {
                    if bound {
                        program.is(inner, Kind::Word) && names.contains(&program.word(inner))
                    } else {
                        chains
                            .iter()
                            .any(|chain| self.is_same(chain, &(inner..inner.saturating_add(chain.len()))))
                    }
                };
                looks && self.spend(index, PARTS) && condition.into_iter().any(speaks)
            },
        )
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
                    matches!(program.word(head), "if" | "for" | "while" | "switch" | "catch" | "with")
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
    // Source: URL standard, "URL class": what stands behind the `?` of an address.
    if member == "searchParams"
        && before.iter().any(|name| matches!(*name, "req" | "request" | "nextUrl" | "url"))
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

/// Whether the chain that is called reads what a request sent: `req.json()`, `c.req.query("q")`.
///
/// Source: Fetch standard, "Body mixin"; Hono documentation, "HonoRequest".
fn is_read(members: &[&str]) -> bool {
    let [.., request, read] = members else { return false };
    matches!(*request, "req" | "request")
        && matches!(
            *read,
            "json"
                | "text"
                | "formData"
                | "query"
                | "queries"
                | "param"
                | "parseBody"
                | "valid"
                | "arrayBuffer"
        )
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
        || matches!(
            path,
            "ai.generateText"
                | "ai.generateObject"
                | "ai.streamText"
                | "ai.streamObject"
                | "ollama.chat"
                | "ollama.generate"
                | "cohere.chat"
                | "cohere.generate"
                | "replicate.run"
                | "hf.textGeneration"
                | "hf.chatCompletion"
        )
}

/// Parts of the addresses at which models are asked.
const SERVICES: &[&str] = &[
    "/chat/completions",
    "/v1/completions",
    "/v1/messages",
    "/v1/responses",
    "/api/generate",
    "/api/chat",
    ":generateContent",
    "api.openai.com",
    "api.anthropic.com",
    "generativelanguage.googleapis.com",
    "api.mistral.ai",
    "api.cohere.",
    "api.groq.com",
    "openrouter.ai/api",
];

/// Steps that may be taken for each token of a program.
const STEPS: usize = 200;
/// Steps that may be taken in any program.
const STEPS_ALWAYS: usize = 100_000;
/// Most expressions within one another of which each part is judged by what is done with it.
const DEPTH: usize = 60;
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
    "entries",
    "values",
    "keys",
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
/// Whether `member` holds nothing of whoever the value is of: numbers, and what the service says of its own answer. What a request calls
/// `id` its sender chose.
fn is_plain(member: &str, origin: Option<Origin>) -> bool {
    PLAIN.contains(&member)
        && (origin == Some(Origin::Answer) || matches!(member, "length" | "size" | "signal"))
}

/// Members of an answer that hold nothing that the model wrote, and numbers.
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
