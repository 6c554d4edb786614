//! The texts of a server's source that a model will read: [`told`].

use super::lexer::Kind;
use super::program::Program;
use std::ops::Range;

/// Bytes of the texts in `code` that describe tools to a model: strings among the arguments of what registers a tool, behind
/// `description`, and in `.describe(…)`. `markup` says whether `code` may hold JSX.
pub(crate) fn told(code: &str, markup: bool) -> Vec<Range<usize>> {
    let program = Program::read(code, markup);
    let mut found = Vec::new();
    let mut seen = vec![0; program.tokens.len()];
    for at in 0..program.tokens.len() {
        match program.word(at) {
            "(" => {
                let before = at.checked_sub(1).map_or("", |before| program.word(before));
                let member = at.checked_sub(2).is_some_and(|dot| matches!(program.word(dot), "." | "?."));
                if member && REGISTERS.contains(&before) {
                    for argument in program.parts(at) {
                        texts(&program, argument, &mut seen, &mut found);
                    }
                }
            }
            ":" if at.checked_sub(1).is_some_and(|key| {
                program.word(key) == "description" || program.content(key) == Some("description")
            }) =>
            {
                texts(&program, program.expression(at.saturating_add(1)), &mut seen, &mut found);
            }
            _ => {}
        }
    }
    found.sort_by_key(|span| span.start);
    found.dedup();
    found
}

/// Adds the strings and pieces of templates that an expression is made of, not those of what it calls.
/// `seen` holds for each token up to where an earlier walk went on from it: nothing is walked twice.
fn texts(program: &Program<'_>, range: Range<usize>, seen: &mut [usize], found: &mut Vec<Range<usize>>) {
    let mut at = range.start;
    while at < range.end {
        let (Some(token), Some(walked)) = (program.tokens.get(at), seen.get_mut(at)) else { return };
        if *walked >= range.end {
            return;
        }
        *walked = range.end;
        match token.kind {
            Kind::Text if token.span.len() > 2 => {
                found.push(token.span.start.saturating_add(1)..token.span.end.saturating_sub(1));
            }
            Kind::Piece => found.push(token.span.clone()),
            _ => {}
        }
        // A template is looked into, any other bracket is not.
        at = if program.word(at) == "`" { at.saturating_add(1) } else { program.past(at) };
    }
}

/// Functions among whose arguments the descriptions of tools, prompts and parameters stand.
const REGISTERS: &[&str] = &[
    "tool",
    "registerTool",
    "addTool",
    "prompt",
    "registerPrompt",
    "resource",
    "registerResource",
    "describe",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_found_where_they_stand_and_other_texts_are_not() {
        let code = "server.tool('a', `Adds ${n} numbers`, { x: z.string().describe('first') }, async ({ x }) => f('no'));\nserver.registerTool('b', { description: 'Takes ' + 'two', inputSchema: s }, g('no'));\nlog('no')";
        let found: Vec<&str> = told(code, false).into_iter().map(|span| &code[span]).collect();
        assert_eq!(found, ["a", "Adds ", " numbers", "first", "b", "Takes ", "two"]);
    }

    #[test]
    fn a_long_row_of_descriptions_is_walked_once() {
        let code = format!("x = {}'z'", "a ? description : 'b' + ".repeat(40_000));
        assert_eq!(told(&code, false).len(), 40_001);
    }
}
