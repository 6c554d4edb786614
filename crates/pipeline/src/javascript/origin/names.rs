//! Names that get a value otherwise than by `=`: what is added to a text, the parts of what a loop or a function goes through.

use super::bindings::Binding;
use super::{Origin, Origins, PARTS, is_plain};
use crate::javascript::lexer::Kind;
use std::collections::HashSet;
use std::ops::Range;

/// Parameters and body of a function, as tokens.
type Function = (Range<usize>, Range<usize>);

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
            return self.known(own, at);
        }
        // `handlers.read`
        let member = behind.saturating_add(1);
        if !own && program.word(behind) == "." && member.saturating_add(1) == range.end {
            let index = self.function_named(&[program.word(at), program.word(member)], at);
            let function = self.functions.list.get(index?)?;
            return Some((function.parameters.clone(), function.body.clone()));
        }
        if program.word(behind) == "(" && program.past(behind) == range.end {
            let parts = program.parts(behind);
            return parts.iter().take(PARTS).find_map(|part| {
                program.function(part).or_else(|| self.known(false, part.start).filter(|_| part.len() == 1))
            });
        }
        None
    }

    /// The function of the name at `at`: one of the class or object around it when that is its `own`.
    fn known(&self, own: bool, at: usize) -> Option<Function> {
        let name = self.program.word(at);
        let index = if own { self.method_named(name, at) } else { self.function_named(&[name], at) };
        let function = self.functions.list.get(index?)?;
        Some((function.parameters.clone(), function.body.clone()))
    }

    /// `name += value`: what was added stays in it wherever the name is read from then on.
    pub(super) fn added(&mut self, at: usize) {
        let program = self.program;
        let value = program.expression(at.saturating_add(1));
        let target = at.checked_sub(1).filter(|target| program.is_variable(*target));
        let (Some(target), Some(origin)) = (target, self.of_expression(&value)) else { return };
        let scope = value.end..self.end_of_function(at);
        let markup = self.is_markup(&value) || self.is_markup(&(target..at));
        self.keep(
            program.word(target),
            Binding { origin: Some(origin), scope, checked: HashSet::new(), markup },
        );
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
    pub(super) fn bind_target(&mut self, target: usize, origin: Origin, scope: &Range<usize>) {
        let program = self.program;
        match program.word(target) {
            "{" => {
                for (name, key) in program.pattern(target) {
                    let origin = Some(origin).filter(|_| !is_plain(key, Some(origin)));
                    self.bind(name, origin, scope.clone(), HashSet::new());
                }
            }
            "[" => {
                for part in program.parts(target).into_iter().take(PARTS) {
                    let rest = usize::from(program.word(part.start) == "...");
                    let name = part.start.saturating_add(rest);
                    if program.is(name, Kind::Word) {
                        self.bind(program.word(name), Some(origin), scope.clone(), HashSet::new());
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

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    #[test]
    fn handlers_of_tools_are_known_by_their_names_and_places() {
        for handler in ["run", "handlers.run"] {
            let text = format!(
                "import {{ McpServer }} from '@modelcontextprotocol/sdk/server/mcp.js';\nimport {{ exec }} from 'child_process';\nconst server = new McpServer({{}});\nasync function run({{ command }}) {{\n  exec(command);\n}}\nconst handlers = {{ run: async ({{ command }}) => {{\n  exec(command);\n}} }};\nserver.tool('run', {{ command: z.string() }}, {handler});\n"
            );
            let line = if handler == "run" { 5 } else { 8 };
            assert!(lines("a.ts", &text).contains(&(line, "model-output-executed")), "{handler}");
        }
    }
}
