//! Names that get a value otherwise than by `=`: what is added to a text, the parts of what a loop or a function goes through, and functions
//! that are known by their names.

use super::{Origin, Origins, PARTS, Program, is_plain};
use crate::javascript::lexer::Kind;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Parameters and body of a function, as tokens.
pub(super) type Function = (Range<usize>, Range<usize>);

/// The functions of a program by name; methods of classes as `this.name`. Where two have one name, the first counts.
///
/// Cost: one look at each token, and a bounded one behind each sign that gives a value.
pub(super) fn named<'a>(program: &Program<'a>) -> HashMap<(bool, &'a str), Function> {
    let mut found = HashMap::new();
    let count = program.tokens.len();
    for at in 0..count {
        let mut keep = |own: bool, name: usize, function: Option<Function>| {
            if let Some(function) = function.filter(|_| program.is(name, Kind::Word)) {
                found.entry((own, program.word(name))).or_insert(function);
            }
        };
        if program.is(at, Kind::Word) {
            match (program.word(at), program.word(at.saturating_add(1))) {
                ("function", "*") => keep(false, at.saturating_add(2), program.function(&(at..count))),
                ("function", "(") => {}
                ("function", _) => keep(false, at.saturating_add(1), program.function(&(at..count))),
                (_, "(") => keep(true, at, method(program, at)),
                _ => {}
            }
        } else if program.word(at) == "=" && program.is(at, Kind::Mark) {
            let value = program.expression(at.saturating_add(1));
            let Some(target) = at.checked_sub(1) else { continue };
            let function = program.function(&value);
            // `name: Type = (…) => …`
            let typed = function.is_some().then(|| {
                (target.saturating_sub(8)..target).rev().find(|declared| {
                    matches!(program.word(*declared), "const" | "let" | "var")
                        && program.word(declared.saturating_add(2)) == ":"
                })
            });
            keep(false, typed.flatten().map_or(target, |declared| declared.saturating_add(1)), function);
        }
    }
    found
}

/// The method of a class that begins with the name at `at`: `name(parameters) { body }` where a statement could not be called so.
fn method(program: &Program<'_>, at: usize) -> Option<Function> {
    let before = at.checked_sub(1).map_or("", |before| program.word(before));
    let begins =
        matches!(before, "{" | "}" | ";" | "async" | "private" | "public" | "protected" | "static" | "*")
            || program.breaks(at);
    if !begins
        || matches!(
            program.word(at),
            "if" | "for" | "while" | "switch" | "catch" | "with" | "function" | "return"
        )
    {
        return None;
    }
    let open = at.saturating_add(1);
    let close = program.tokens.get(open)?.pair?;
    let behind = close.saturating_add(1);
    let body = if program.word(behind) == ":" {
        (behind..behind.saturating_add(PARTS)).find(|index| program.word(*index) == "{")?
    } else {
        behind
    };
    (program.word(body) == "{" && program.is(body, Kind::Mark))
        .then(|| (open.saturating_add(1)..close, body.saturating_add(1)..program.past(body)))
}

impl Origins<'_, '_> {
    /// The function that an expression is or names: also `this.name`, `name.bind(…)`, and one that is handed to the only call that the
    /// expression is, as in `guarded(async (args) => …)`.
    pub(super) fn function_of(&self, range: &Range<usize>) -> Option<Function> {
        let program = self.program;
        if let Some(function) = program.function(range) {
            return Some(function);
        }
        let own = program.word(range.start) == "this" && program.word(range.start.saturating_add(1)) == ".";
        let at = if own { range.start.saturating_add(2) } else { range.start };
        if !program.is(at, Kind::Word) {
            return None;
        }
        let behind = at.saturating_add(1);
        let bound = program.word(behind) == "." && program.word(behind.saturating_add(1)) == "bind";
        if behind == range.end || bound {
            return self.named.get(&(own, program.word(at))).cloned();
        }
        if program.word(behind) == "(" && program.past(behind) == range.end {
            let parts = program.parts(behind);
            return parts.iter().take(PARTS).find_map(|part| {
                let named =
                    (part.len() == 1).then(|| self.named.get(&(false, program.word(part.start))).cloned());
                program.function(part).or_else(|| named.flatten())
            });
        }
        None
    }

    /// `name += value`: what was added stays in it wherever the name is read from then on.
    pub(super) fn added(&mut self, at: usize) {
        let program = self.program;
        let value = program.expression(at.saturating_add(1));
        let target = at.checked_sub(1).filter(|target| program.is_variable(*target));
        let (Some(target), Some(origin)) = (target, self.of_expression(&value)) else { return };
        let scope = value.end..self.end_of_function(at);
        self.bind(program.word(target), Some(origin), scope, HashSet::new());
    }

    /// `for (const part of list) …`: the parts are of whoever the list is.
    pub(super) fn looped(&mut self, at: usize) {
        let program = self.program;
        let mut open = at.saturating_add(1);
        if program.word(open) == "await" {
            open = open.saturating_add(1);
        }
        let Some(close) =
            program.tokens.get(open).filter(|_| program.word(open) == "(").and_then(|open| open.pair)
        else {
            return;
        };
        let mut target = open.saturating_add(1);
        if matches!(program.word(target), "const" | "let" | "var") {
            target = target.saturating_add(1);
        }
        let of = program.past(target);
        if program.word(of) != "of" || !program.is(of, Kind::Word) {
            return;
        }
        let Some(origin) = self.of_expression(&(of.saturating_add(1)..close)) else { return };
        let begin = close.saturating_add(1);
        let end =
            if program.word(begin) == "{" { program.past(begin) } else { program.expression(begin).end };
        self.bind_target(target, origin, &(begin..end));
    }

    /// `list.forEach(part => …)`, `answer.then(text => …)`: the parameter is of whoever the list or the answer is.
    pub(super) fn called_back(&mut self, at: usize) {
        let program = self.program;
        let open = at.saturating_add(1);
        let Some(dot) = at.checked_sub(1).filter(|dot| matches!(program.word(*dot), "." | "?.")) else {
            return;
        };
        let Some(call) = program.call(open) else { return };
        let Some((parameters, body)) = call.arguments.first().and_then(|first| self.function_of(first))
        else {
            return;
        };
        self.until.set(dot);
        let origin = self.of_expression(&(call.begin..dot));
        self.until.set(usize::MAX);
        let Some(origin) = origin else { return };
        // What was gathered so far comes before the part.
        let second = matches!(program.word(at), "reduce" | "reduceRight");
        let mut target = parameters.start;
        if second {
            target = program.past(target).saturating_add(1);
        }
        if target < parameters.end {
            self.bind_target(target, origin, &body);
        }
    }

    /// Binds the name or the pattern at `target` in `scope`.
    fn bind_target(&mut self, target: usize, origin: Origin, scope: &Range<usize>) {
        let program = self.program;
        match program.word(target) {
            "{" => {
                for (name, key) in self.pattern(target) {
                    let origin = Some(origin).filter(|_| !is_plain(key, Some(origin)));
                    self.bind(name, origin, scope.clone(), HashSet::new());
                }
            }
            "[" => {
                for part in program.parts(target).into_iter().take(PARTS) {
                    if program.is(part.start, Kind::Word) {
                        self.bind(program.word(part.start), Some(origin), scope.clone(), HashSet::new());
                    }
                }
            }
            name if program.is(target, Kind::Word) => {
                self.bind(name, Some(origin), scope.clone(), HashSet::new());
            }
            _ => {}
        }
    }

    /// Where the function around the token at `at` ends.
    pub(super) fn end_of_function(&self, at: usize) -> usize {
        let begin = self.begin_of_function(at);
        if self.program.word(begin) == "{" && begin > 0 {
            self.program.past(begin)
        } else {
            self.program.tokens.len()
        }
    }
}

/// Methods whose function is given what the list, or the answer, before them holds.
pub(super) const GOES_THROUGH: &[&str] =
    &["forEach", "map", "flatMap", "filter", "find", "some", "every", "reduce", "reduceRight", "then"];
