//! How a finding is mended in place: [`Fix`], and [`apply`], which writes fixes into a text.

use crate::pin::Asked;
use std::ops::Range;

/// A change of the text that mends one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What is replaced, in bytes of the text.
    pub edits: Vec<Edit>,
    /// Whether it can change what the program does for honest input.
    pub safety: Safety,
    /// What it does, as a person would say it: "pass `weights_only=True`".
    pub title: String,
    /// What has to be known first; it cannot be applied until it is [answered](Fix::answered).
    pub asks: Option<Asked>,
}

/// One replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes replaced; empty to insert.
    pub span: Range<usize>,
    /// What stands there afterwards.
    pub replacement: String,
}

/// How far a fix can be applied unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Safety {
    /// What worked on honest input works the same.
    Safe,
    /// May stop what relied on the weakness; to be looked at.
    Unsafe,
}

/// A fix and the finding it mends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Id of the finding's rule.
    pub rule: &'static str,
    /// Byte offset of the finding.
    pub offset: usize,
    /// The change.
    pub fix: Fix,
}

/// `content` with `fixes` written in, and how many of them were; one that overlaps an earlier one, or does not lie on
/// character boundaries, is left for the next round; so is one that still asks something. A replacement that several of them make is made
/// once.
pub fn apply(content: &str, fixes: &[&Fix]) -> (String, usize) {
    let mut taken: Vec<Edit> = Vec::new();
    let mut count: usize = 0;
    for fix in fixes.iter().filter(|fix| fix.asks.is_none()) {
        let fits = fix.edits.iter().all(|edit| {
            content.get(edit.span.clone()).is_some()
                && taken.iter().all(|other| edit == other || !overlap(&edit.span, &other.span))
        });
        if fits {
            count = count.saturating_add(1);
            let new: Vec<Edit> = fix.edits.iter().filter(|edit| !taken.contains(edit)).cloned().collect();
            taken.extend(new);
        }
    }
    taken.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut out = String::with_capacity(content.len());
    let mut at = 0;
    for edit in taken {
        out.push_str(content.get(at..edit.span.start).unwrap_or_default());
        out.push_str(&edit.replacement);
        at = edit.span.end;
    }
    out.push_str(content.get(at..).unwrap_or_default());
    (out, count)
}

/// Whether two replacements cannot both be made: they share a byte, or insert at the same place.
fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a == b || (a.start < b.end && b.start < a.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fix(span: Range<usize>, replacement: &str) -> Fix {
        let edit = Edit { span, replacement: replacement.to_owned() };
        Fix { edits: vec![edit], safety: Safety::Safe, title: String::new(), asks: None }
    }

    #[test]
    fn edits_are_written_in_their_places_whatever_their_order() {
        let (late, early) = (fix(4..7, "C"), fix(0..0, "> "));
        assert_eq!(apply("a b cde", &[&late, &early]), ("> a b C".to_owned(), 2));
    }

    #[test]
    fn of_two_that_overlap_the_first_is_written_and_the_same_twice_counts_as_done() {
        let (a, b) = (fix(0..3, "x"), fix(2..4, "y"));
        assert_eq!(apply("abcd", &[&a, &b]), ("xd".to_owned(), 1));
        assert_eq!(apply("abcd", &[&a, &a]), ("xd".to_owned(), 2));
        assert_eq!(apply("é", &[&fix(1..2, "")]), ("é".to_owned(), 0));
        let both = |own: Range<usize>| {
            let mut both = fix(0..0, "> ");
            both.edits.extend(fix(own, "x").edits);
            both
        };
        assert_eq!(apply("a b", &[&both(0..1), &both(2..3)]), ("> x x".to_owned(), 2));
    }
}
