//! Words that are nothing to any reader with nothing under way, read many at once: [`Stretch`].
//!
//! Most of an answer is prose. A word of it by itself is nothing to anybody, but each reader was asked about each word; now each is asked
//! once for all of them that stand on end.

use super::any_of::{Sieve, shifted};
use super::disguised::begins_none;
use super::sensitive_stream::LONG_WORD;
use std::ops::Range;

/// Calm words on end, each a step of its own. All offsets count from the start of the answer, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Where it begins.
    pub(crate) start: usize,
    /// Where its last word but one begins; its last where there is one alone.
    pub(crate) before: usize,
    /// Where its last word begins.
    pub(crate) last: usize,
    /// One past its last byte.
    pub(crate) end: usize,
}

impl Stretch {
    /// Its bytes.
    pub(crate) fn span(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Its last two words, or one where there are no more.
    pub(crate) fn ending(&self) -> impl Iterator<Item = Range<usize>> {
        let before = (self.before < self.last).then_some(self.before..self.last);
        before.into_iter().chain(std::iter::once(self.last..self.end))
    }
}

/// The length of the calm word that bytes begin with, with the blank behind it; none where there is no such word or its end is not there.
///
/// It is of letters of ASCII, of which the first alone may be large, with marks of sentences around them at most, one blank behind it and
/// another word behind that; shorter than a value can be, begins no mark of a token, and holds nothing that readers look for in every word.
pub(super) fn calm_word(bytes: &[u8], hints: &Sieve) -> Option<usize> {
    let bytes = bytes.get(..LONG_WORD.min(bytes.len())).unwrap_or_default();
    let marks = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| is_mark(**byte)).count()
    };
    let begin = marks(0);
    let rest = bytes.get(begin..).unwrap_or_default();
    if !rest.first()?.is_ascii_alphabetic() {
        return None;
    }
    let letters = rest.iter().skip(1).take_while(|byte| byte.is_ascii_lowercase()).count().saturating_add(1);
    let end = begin.saturating_add(letters);
    let end = end.saturating_add(marks(end));
    match bytes.get(end..end.saturating_add(2)) {
        Some([b' ', next]) if next.is_ascii_graphic() => {}
        _ => return None,
    }
    let length = end.saturating_add(1);
    let (mut key, mut hinted) = (0, false);
    for byte in bytes.get(..length).unwrap_or_default() {
        key = shifted(key, *byte);
        hinted |= hints.lets_through(key);
    }
    (!hinted && begins_none(rest.get(..letters).unwrap_or_default())).then_some(length)
}

/// Whether a byte is a mark of sentences that is nothing by itself.
fn is_mark(byte: u8) -> bool {
    matches!(byte, b'.' | b',' | b':' | b';' | b'!' | b'?' | b'(' | b')')
}

#[cfg(test)]
mod tests {
    use super::super::disguised::Disguised;
    use super::super::stream::{Kinds, Tail};
    use super::*;

    /// The stretches of a text, whatever readers there are, and single steps between them.
    fn taken(text: &str) -> Vec<(Range<usize>, bool)> {
        let (mut tail, mut taken) = (Tail::default(), Vec::new());
        tail.push(text);
        loop {
            if let Some(first) = tail.calm()
                && let Some(stretch) = tail.stretch(first, usize::MAX)
            {
                taken.push((stretch.span(), true));
            } else if let Some(step) = tail.step() {
                taken.push((step.span(), false));
            } else {
                return taken;
            }
        }
    }

    #[test]
    fn prose_is_calm_and_what_may_be_something_is_not() {
        let calm = |text: &str| taken(text).iter().all(|(_, calm)| *calm);
        assert!(calm("The harbour (of Hull) was quiet; that morning, late. Gulls"));
        for text in [
            "a word",
            "pass word",
            "Rm -rf",
            "rm  word",
            "x1 word",
            "it's word",
            "word\nword",
            "ghp word",
            "<b> word",
            "`a` word",
            "thermodynamically word",
            "ONE word",
            "curl it",
            "\u{e9}t\u{e9} word",
        ] {
            assert!(!calm(text), "{text}");
        }
    }

    proptest::proptest! {
        /// Steps are the same however they are taken, and those of a stretch are prose to everybody.
        #[test]
        fn a_stretch_is_of_steps_that_are_prose(text in "(([(\"]?[A-Za-z]?[a-z]{0,7}[.,;:!?)]?|[a-z]{12,16}|rm|pass|x1|é)( |  |\n)){0,24}") {
            let (mut tail, mut steps) = (Tail::default(), Vec::new());
            tail.push(&text);
            steps.extend(std::iter::from_fn(|| tail.step()));
            let mut steps = steps.into_iter();
            for (span, calm) in taken(&text) {
                let mut at = span.start;
                while at < span.end {
                    let step = steps.next().unwrap();
                    proptest::prop_assert_eq!(step.start, at);
                    let word = &text[step.span()];
                    let other = Kinds::LINE_END.or(Kinds::HYPHEN).or(Kinds::DRESSED).or(Kinds::HINT).or(Kinds::DIGIT);
                    proptest::prop_assert!(!calm || Disguised::passes(word, step.kinds) && !step.kinds.any(other));
                    proptest::prop_assert!(!calm || word.len() < LONG_WORD);
                    at = step.end;
                }
                proptest::prop_assert_eq!(at, span.end);
            }
            proptest::prop_assert!(steps.next().is_none());
        }

        /// What is released ends at the same places whether steps were taken one by one or many at once.
        #[test]
        fn places_are_told_from_each_other_alike(text in "([a-z]{1,7}[ ,.]{1,2}){0,12}", place in 0..90_usize) {
            let (mut by_steps, mut at_once) = (Tail::default(), Tail::default());
            by_steps.push(&text);
            at_once.push(&text);
            while by_steps.step().is_some() {}
            while at_once.calm().and_then(|first| at_once.stretch(first, usize::MAX)).is_some()
                || at_once.step().is_some() {}
            proptest::prop_assert_eq!(by_steps.floor(place), at_once.floor(place));
            proptest::prop_assert_eq!(by_steps.rest().span(), at_once.rest().span());
        }
    }
}
