//! Tables of expressions that show an [`Act`], and the matching of a whole table: [`Patterns`].

use super::acts::Act;
use regex::bytes::{Regex, RegexBuilder};
use std::ops::Range;

/// One row: the act and what shows it, over text in lower case.
pub(crate) type Row = (Act, &'static str);

/// A compiled table.
pub(crate) struct Patterns {
    rows: Vec<(Act, Regex)>,
}

impl Patterns {
    /// Compiles `rows`. A row that is no expression is left out; a test compiles every table.
    pub(crate) fn new(rows: &[Row]) -> Self {
        let rows = rows.iter().filter_map(|&(act, row)| Some((act, compile(row)?))).collect();
        Self { rows }
    }

    /// Every match in `text`, table order, at most [`Self::MATCHES`] for each row.
    pub(crate) fn matches<'p>(&'p self, text: &'p str) -> impl Iterator<Item = (Act, Range<usize>)> + 'p {
        self.rows.iter().flat_map(move |(act, row)| {
            row.find_iter(text.as_bytes()).take(Self::MATCHES).map(move |found| (*act, found.range()))
        })
    }

    /// How many rows there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Most matches of one row in one text.
    const MATCHES: usize = 32;
}

/// An expression over bytes in which `^` and `$` are the ends of lines, `\b` and the classes are those of ASCII, and `#W` is
/// a word with what separates it from the next.
pub(crate) fn compile(expression: &str) -> Option<Regex> {
    let expression = expression.replace("#W", r"(?:[a-z0-9'_./`*-]+[\s,]+)");
    RegexBuilder::new(&expression).unicode(false).multi_line(true).build().ok()
}
