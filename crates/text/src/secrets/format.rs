//! The shape of a token as its issuer documents it: a fixed start and runs of characters of known sets and lengths.
//!
//! A shape is matched from its start in one pass, each run taken as long as it can be, so a token costs its own length and
//! nothing is ever tried twice.

use crate::bytes::{self, ALNUM, HEX, Set, WORD};
use crate::hit::{Class, Kind};
use crate::randomness::{is_reference, is_stand_in, measure};

/// One format of one issuer.
#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) kind: Kind,
    /// Fixed texts one of which every such token holds; the prefilter looks for them.
    pub(crate) starts: &'static [&'static str],
    /// What stands before that text inside the token: the set, and how many bytes at least and at most.
    pub(crate) back: Option<(Set, usize, usize)>,
    /// What follows that text.
    pub(crate) parts: &'static [Part],
    /// Judges the whole token.
    pub(crate) check: Check,
    /// The score of a token whose form is right and whose checksum, if it has one, was not confirmed.
    pub(crate) score: f32,
}

/// A step of a shape.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    /// Exactly this text.
    Text(&'static str),
    /// A run of a set, at least and at most so long.
    Run(Set, usize, usize),
    /// The next step is optional: taken if the text stands there, with the run behind it.
    Maybe(&'static str, Set, usize, usize),
}

/// The text form of a UUID (RFC 9562).
pub(crate) const UUID: &[Part] = &[
    Part::Run(HEX, 8, 8),
    Part::Text("-"),
    Part::Run(HEX, 4, 4),
    Part::Text("-"),
    Part::Run(HEX, 4, 4),
    Part::Text("-"),
    Part::Run(HEX, 4, 4),
    Part::Text("-"),
    Part::Run(HEX, 12, 12),
];

/// Judges a token that has the right form: nothing if it cannot be one, else how sure and why.
/// Gets the token and where the fixed text in it ends.
pub(crate) type Check = fn(&[u8], usize) -> Option<(Option<f32>, &'static str)>;

/// A format whose token begins with one of `starts`.
pub(crate) const fn format(
    id: &'static str,
    name: &'static str,
    starts: &'static [&'static str],
    parts: &'static [Part],
) -> Format {
    Format {
        kind: Kind { id, name, class: Class::Secret },
        starts,
        back: None,
        parts,
        check: drawn,
        score: 0.9,
    }
}

impl Format {
    /// With a run before the fixed text.
    pub(crate) const fn after(mut self, set: Set, least: usize, most: usize) -> Self {
        self.back = Some((set, least, most));
        self
    }

    /// With a check of its own.
    pub(crate) const fn checked(mut self, check: Check) -> Self {
        self.check = check;
        self
    }

    /// With another score.
    pub(crate) const fn scored(mut self, score: f32) -> Self {
        self.score = score;
        self
    }

    /// The span and score of a token around a fixed text at `start..end`.
    pub(crate) fn at(
        &self,
        text: &[u8],
        start: usize,
        end: usize,
    ) -> Option<(usize, usize, f32, &'static str)> {
        // What follows fails sooner than what stands before: most full stops end a sentence.
        let stop = self.follow(text, end)?;
        let first = match self.back {
            Some((set, least, most)) => {
                let head = text.get(start.saturating_sub(most.saturating_add(1))..start)?;
                let run = head.iter().rev().take_while(|&&byte| set.has(byte)).count();
                if run < least || run > most {
                    return None;
                }
                start.checked_sub(run)?
            }
            None => start,
        };
        if !stands_free(text, first) || is_file_name(text, first, stop) {
            return None;
        }
        let token = text.get(first..stop)?;
        let (score, why) = (self.check)(token, end.saturating_sub(first))?;
        Some((first, stop, score.unwrap_or(self.score), why))
    }

    fn follow(&self, text: &[u8], mut at: usize) -> Option<usize> {
        let mut ends_in_run = false;
        for part in self.parts {
            match *part {
                Part::Text(wanted) => {
                    text.get(at..)?.starts_with(wanted.as_bytes()).then_some(())?;
                    at = at.checked_add(wanted.len())?;
                    ends_in_run = false;
                }
                Part::Run(set, least, most) => {
                    at = run(text, at, set, least, most)?;
                    ends_in_run = true;
                }
                Part::Maybe(wanted, set, least, most) => {
                    if text.get(at..)?.starts_with(wanted.as_bytes())
                        && let Some(end) = run(text, at.checked_add(wanted.len())?, set, least, most)
                    {
                        at = end;
                        ends_in_run = true;
                    }
                }
            }
        }
        (!ends_in_run || !bytes::at(text, at).is_some_and(|next| ALNUM.has(next))).then_some(at)
    }
}

fn run(text: &[u8], at: usize, set: Set, least: usize, most: usize) -> Option<usize> {
    let length = set.run(text.get(at..)?, most);
    (length >= least).then(|| at.saturating_add(length))
}

/// Whether nothing before `at` belongs to the same word; an escape such as `\n` in source code does not count.
pub(crate) fn stands_free(text: &[u8], at: usize) -> bool {
    match bytes::before(text, at) {
        Some(byte) if WORD.has(byte) => {
            matches!(byte, b'n' | b't' | b'r')
                && at.checked_sub(2).and_then(|at| bytes::at(text, at)) == Some(b'\\')
        }
        _ => true,
    }
}

/// Whether the token is a piece of a file's name: a full stop or slash before it, an extension behind it.
fn is_file_name(text: &[u8], first: usize, stop: usize) -> bool {
    let tail = bytes::span(text, stop, stop + 6);
    matches!(bytes::before(text, first), Some(b'.' | b'/'))
        && tail.first() == Some(&b'.')
        && (2..=4).contains(&tail.iter().skip(1).take_while(|byte| byte.is_ascii_lowercase()).count())
}

/// The usual check: what follows the fixed text is neither a stand-in nor monotonous.
pub(crate) fn drawn(token: &[u8], fixed: usize) -> Option<(Option<f32>, &'static str)> {
    let body = token.get(fixed..).filter(|body| body.len() >= 8).unwrap_or(token);
    if is_stand_in(body) || is_reference(body) || token.ends_with(b"EXAMPLE") {
        return None;
    }
    let measured = measure(body);
    let bar = if measured.length >= 16 { 2.4 } else { 1.8 };
    (measured.entropy >= bar).then_some((None, "the issuer's format"))
}

/// No judgement beyond the form.
#[expect(clippy::unnecessary_wraps, reason = "has the type of every check")]
pub(crate) fn form(_: &[u8], _: usize) -> Option<(Option<f32>, &'static str)> {
    Some((None, "the issuer's format"))
}

#[cfg(test)]
mod tests {
    use super::*;

    static SAMPLE: Format =
        format("sample", "a sample", &["smp_"], &[Part::Run(HEX, 16, 16), Part::Maybe("-", HEX, 2, 2)]);

    fn spans(text: &str) -> Option<(usize, usize)> {
        let at = text.find("smp_")?;
        SAMPLE.at(text.as_bytes(), at, at + 4).map(|(start, end, ..)| (start, end))
    }

    #[test]
    fn a_token_is_taken_whole_and_stands_free() {
        assert_eq!(spans("k=smp_0f3a9c71d2e48b56;"), Some((2, 22)));
        assert_eq!(spans("k=smp_0f3a9c71d2e48b56-7f"), Some((2, 25)));
        assert_eq!(spans("\\nsmp_0f3a9c71d2e48b56"), Some((2, 22)));
        assert_eq!(spans("xsmp_0f3a9c71d2e48b56"), None);
    }

    #[test]
    fn a_token_too_long_too_short_or_monotonous_is_none() {
        assert_eq!(spans("smp_0f3a9c71d2e48b567"), None);
        assert_eq!(spans("smp_0f3a9c71d2e48b5"), None);
        assert_eq!(spans("smp_0000000000000000"), None);
    }
}
