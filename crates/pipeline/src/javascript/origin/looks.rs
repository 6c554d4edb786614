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
            if !condition.clone().any(|inner| LOOKS.contains(&program.word(inner))) {
                continue;
            }
            for inner in condition.filter(|inner| program.is(*inner, Kind::Word)) {
                words.entry(program.word(inner)).or_default().push((at, inner));
            }
        }
        Self { words }
    }

    /// Where `word` stands in conditions whose `if` is in `range`.
    fn with(&self, word: &str, range: &Range<usize>) -> impl Iterator<Item = usize> {
        let known = self.words.get(word).map(Vec::as_slice).unwrap_or_default();
        let from = known.partition_point(|(condition, _)| *condition < range.start);
        let end = range.end;
        known.iter().skip(from).take_while(move |(condition, _)| *condition < end).map(|(_, inner)| *inner)
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
                .take_while(|inner| self.spend(*inner, 1))
                .any(|inner| self.is_same(chain, &(inner..inner.saturating_add(chain.len()))))
        })
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
