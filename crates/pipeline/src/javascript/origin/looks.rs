//! Conditions that look at a value before it is used: [`Conditions`].

use super::{Origins, PARTS, Program};
use crate::javascript::lexer::Kind;
use crate::javascript::program::EXPRESSION;
use std::collections::HashMap;
use std::ops::Range;

/// The conditions of a program that look at something, by each word in them: the `if`, and the word.
#[derive(Debug, Default)]
pub(super) struct Conditions<'a> {
    words: HashMap<&'a str, Vec<(usize, usize)>>,
}

impl<'a> Conditions<'a> {
    /// The conditions of `program`. Cost: one look at each token, and at most [`PARTS`] behind each `if`.
    pub(super) fn of(program: &Program<'a>) -> Self {
        let mut words: HashMap<&'a str, Vec<(usize, usize)>> = HashMap::new();
        for at in 0..program.tokens.len() {
            let open = at.saturating_add(1);
            if program.word(at) != "if" || program.word(open) != "(" {
                continue;
            }
            let begin = open.saturating_add(1);
            let condition = begin..program.past(open).min(begin.saturating_add(PARTS));
            // A name may be spelt like a method: `if (match)`.
            let looks = |inner: usize| {
                let word = program.word(inner);
                let called = inner.checked_sub(1).is_some_and(|dot| matches!(program.word(dot), "." | "?."));
                LOOKS.contains(&word) && (called || word == "in")
            };
            if !condition.clone().any(looks) {
                continue;
            }
            for inner in condition.filter(|inner| program.is(*inner, Kind::Word)) {
                words.entry(program.word(inner)).or_default().push((at, inner));
            }
        }
        Self { words }
    }

    /// Where `word` stands in conditions whose `if` is in `range`: the `if`, and the word.
    fn with(&self, word: &str, range: &Range<usize>) -> impl Iterator<Item = (usize, usize)> {
        let known = self.words.get(word).map(Vec::as_slice).unwrap_or_default();
        let from = known.partition_point(|(condition, _)| *condition < range.start);
        let end = range.end;
        known.iter().skip(from).copied().take_while(move |(condition, _)| *condition < end)
    }
}

impl Origins<'_, '_> {
    /// Whether a condition between where a value was bound and `at` looks at one of the names of `range`. A name that the program
    /// does not bind, as `req`, is looked at in the function around `at`, and only with all of its members: `req.query.s`.
    pub(in crate::javascript) fn is_looked_at(&self, range: &Range<usize>, at: usize) -> bool {
        let program = self.program;
        let variables: Vec<usize> =
            range.clone().take(PARTS).filter(|index| program.is_variable(*index)).collect();
        let begin = variables
            .iter()
            .filter_map(|name| Some(self.binding(program.word(*name), at)?.scope.start))
            .min();
        let before = |begin: usize| begin.max(at.saturating_sub(EXPRESSION))..at;
        if let Some(begin) = begin {
            let mut names = variables.iter().map(|index| program.word(*index));
            return names.any(|name| self.conditions.with(name, &before(begin)).next().is_some());
        }
        let chains: Vec<Range<usize>> = variables
            .iter()
            .map(|index| *index..self.chain(*index).1)
            .filter(|chain| chain.len() > 1 && chain.len() <= PARTS)
            .collect();
        if chains.is_empty() {
            return false;
        }
        let before = before(self.begin_of_function(at));
        chains.iter().any(|chain| {
            self.conditions
                .with(program.word(chain.start), &before)
                .take_while(|(_, inner)| self.spend(*inner, 1))
                .any(|(_, inner)| self.is_same(chain, &(inner..inner.saturating_add(chain.len()))))
        })
    }

    /// Whether a condition before `at` looks at one of the names of `range` in a way that bounds what is run: one of a list, of a form.
    /// What a text begins with or holds chooses it (`if (line.startsWith("$ "))`), and bounds nothing, unless it is refused for that.
    pub(in crate::javascript) fn is_bounded(&self, range: &Range<usize>, at: usize) -> bool {
        if !self.is_looked_at(range, at) {
            return false;
        }
        let program = self.program;
        let variables = range.clone().take(PARTS).filter(|index| program.is_variable(*index));
        let from = self.begin_of_function(at).max(at.saturating_sub(EXPRESSION));
        let names: Vec<&str> = variables.map(|index| program.word(index)).collect();
        let within = from..at;
        let mut conditions = names
            .iter()
            .flat_map(|name| self.conditions.with(name, &within))
            .take_while(|(_, inner)| self.spend(*inner, 1))
            .peekable();
        conditions.peek().is_none()
            || conditions.any(|(condition, inner)| !self.only_chooses(condition, inner, at))
    }

    /// Whether the condition of the `if` at `condition` only chooses by the text named at `name` what is done with it at `at`.
    fn only_chooses(&self, condition: usize, name: usize, at: usize) -> bool {
        let program = self.program;
        let mut end = name.saturating_add(1);
        while matches!(program.word(end), "." | "?.") && end < name.saturating_add(PARTS) {
            end = end.saturating_add(2);
            if program.word(end) == "(" {
                let method = program.word(end.saturating_sub(1));
                if matches!(method, "startsWith" | "endsWith" | "includes" | "indexOf") {
                    let denied = name.checked_sub(1).is_some_and(|not| program.word(not) == "!");
                    let body = program.past(condition.saturating_add(1));
                    let behind = if program.word(body) == "{" {
                        program.past(body)
                    } else {
                        program.expression(body).end
                    };
                    let inside = at < behind;
                    return inside != denied;
                }
                end = program.past(end);
            }
        }
        false
    }

    /// Whether two ranges are written alike.
    pub(super) fn is_same(&self, one: &Range<usize>, other: &Range<usize>) -> bool {
        let word = |at: usize| self.program.word(at);
        one.len() == other.len() && one.clone().map(word).eq(other.clone().map(word))
    }
}

/// Words of a condition that looks at a value.
pub(super) const LOOKS: &[&str] = &[
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

#[cfg(test)]
mod tests {
    use crate::testing::found;
    use bartizan_core::Severity::{Critical, Low};

    #[test]
    fn what_a_text_begins_with_chooses_it_and_bounds_nothing() {
        let graded = |body: &str| {
            let code = format!(
                "import {{ execSync }} from 'child_process';\nconst r = await client.responses.create({{}});\nfor (const line of r.output_text.split('\\n')) {{ {body} }}\n"
            );
            found("a.mjs", &code).into_iter().map(|(.., severity)| severity).collect::<Vec<_>>()
        };
        for body in [
            "if (line.startsWith('$ ')) { execSync(line.slice(2)); }",
            "if (!line.startsWith('$ ')) continue; execSync(line.slice(2));",
            "const match = /RUN (.*)/.exec(line); if (match) execSync(match[1]);",
        ] {
            assert_eq!(graded(body), [Critical], "{body}");
        }
        for body in [
            "if (ALLOWED.has(line)) { execSync(line); }",
            "if (!/^[a-z]+$/.test(line)) continue; execSync(line);",
            "if (line.includes(';')) continue; execSync(line);",
        ] {
            assert_eq!(graded(body), [Low], "{body}");
        }
    }
}
