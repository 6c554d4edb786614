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
        let stop = self.follow(text, end, false)?;
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

    /// Whether the fixed text `start` is enough to tell whose token this is: what begins with it and has another form is no
    /// token of theirs, and of nobody else.
    pub(crate) fn claims(&self, start: &str) -> bool {
        const ANYBODYS: [&str; 5] = ["live_", "test_", "web_", "mobile_", "server_"];
        self.back.is_none()
            && start.len() >= 5
            && start.ends_with(['-', '_', '.'])
            && !ANYBODYS.contains(&start)
    }

    /// Where the token ends whose fixed text ends at `at`; `any_case` takes a letter for the other of its case.
    pub(super) fn follow(&self, text: &[u8], mut at: usize, any_case: bool) -> Option<usize> {
        let mut ends_in_run = false;
        for part in self.parts {
            match *part {
                Part::Text(wanted) => {
                    begins(text.get(at..)?, wanted, any_case).then_some(())?;
                    at = at.checked_add(wanted.len())?;
                    ends_in_run = false;
                }
                Part::Run(set, least, most) => {
                    at = run(text, at, (set, least, most), any_case)?;
                    ends_in_run = true;
                }
                Part::Maybe(wanted, set, least, most) => {
                    if begins(text.get(at..)?, wanted, any_case)
                        && let Some(end) =
                            run(text, at.checked_add(wanted.len())?, (set, least, most), any_case)
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

fn begins(text: &[u8], wanted: &str, any_case: bool) -> bool {
    text.get(..wanted.len()).is_some_and(|head| {
        head == wanted.as_bytes() || any_case && head.eq_ignore_ascii_case(wanted.as_bytes())
    })
}

fn run(text: &[u8], at: usize, (set, least, most): (Set, usize, usize), any_case: bool) -> Option<usize> {
    let tail = text.get(at..)?;
    let length = if any_case {
        let has = |byte: &u8| set.has(byte.to_ascii_lowercase()) || set.has(byte.to_ascii_uppercase());
        tail.iter().take(most).take_while(|byte| has(byte)).count()
    } else {
        set.run(tail, most)
    };
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

/// Bodies of keys that the issuer's own documentation shows to everyone, whose account is nobody's: Stripe's API reference.
const DOCUMENTED: [&[u8]; 2] = [b"4eC39HqLyjWDarjtT1zdp7dc", b"BQokikJOvBiI2HlWgH4olfQ2"];

/// The usual check: what follows the fixed text is neither a stand-in nor monotonous.
pub(crate) fn drawn(token: &[u8], fixed: usize) -> Option<(Option<f32>, &'static str)> {
    let body = token.get(fixed..).filter(|body| body.len() >= 8).unwrap_or(token);
    if is_stand_in(body) || is_reference(body) || token.ends_with(b"EXAMPLE") || DOCUMENTED.contains(&body) {
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
pub(super) mod testing {
    use super::*;

    /// Characters of a drawn token, of every class in turn.
    const DRAWN: &[u8] = b"a7Kd2Qx9Lm4Zt8Rv3Bn6Wc5Yp1Hs0GfEujIoTkFbA";

    fn drawn_from(set: Set, length: usize, offset: usize) -> Vec<u8> {
        let members: Vec<u8> = DRAWN.iter().copied().filter(|&byte| set.has(byte)).collect();
        (0..length)
            .filter_map(|at| members.get((offset + at * 7 + at / 5) % members.len().max(1)).copied())
            .collect()
    }

    /// A token of the shortest form around a fixed text, with one character less in its last run where `short`.
    fn token(format: &Format, start: &str, short: bool) -> (Vec<u8>, usize) {
        let mut token = format.back.map_or_else(Vec::new, |(set, least, _)| drawn_from(set, least, 3));
        let fixed = token.len();
        token.extend(start.bytes());
        let last = format.parts.iter().rposition(|part| matches!(part, Part::Run(..)));
        for (at, part) in format.parts.iter().enumerate() {
            match *part {
                Part::Text(text) => token.extend(text.bytes()),
                Part::Run(set, length, _) => {
                    token.extend(drawn_from(set, length - usize::from(short && Some(at) == last), at));
                }
                Part::Maybe(..) => {}
            }
        }
        (token, fixed)
    }

    fn finds(format: &Format, start: &str, token: &[u8], fixed: usize) -> bool {
        let text = [b"k ", token, b" ."].concat();
        format
            .at(&text, 2 + fixed, 2 + fixed + start.len())
            .is_some_and(|(from, to, ..)| (from, to) == (2, 2 + token.len()))
    }

    /// Every format takes a drawn token of its form, and neither one that is a character short nor one within a word.
    pub(in super::super) fn tokens_are_taken_and_near_misses_are_not(formats: &[Format]) {
        for format in formats {
            for start in format.starts {
                let (mut whole, fixed) = token(format, start, false);
                if !finds(format, start, &whole, fixed) {
                    // Some end in padding.
                    let length = whole.len();
                    whole.splice(length.saturating_sub(2).., *b"AA");
                }
                let shown = || String::from_utf8_lossy(&whole).into_owned();
                if !format.parts.iter().any(|part| matches!(part, Part::Maybe("", ..))) {
                    assert!(finds(format, start, &whole, fixed), "{} {}", format.kind.id, shown());
                }
                let (short, fixed) = token(format, start, true);
                if format.parts.iter().any(|part| matches!(part, Part::Run(..))) {
                    assert!(!finds(format, start, &short, fixed), "{} {}", format.kind.id, shown());
                }
                let inside = [b"Q", whole.as_slice()].concat();
                let at = 1 + fixed;
                let longer = format.back.is_some_and(|(set, least, most)| set.has(b'Q') && least < most);
                let free = format.at(&inside, at, at + start.len()).is_none();
                assert!(
                    free || longer || !WORD.has(whole.first().copied().unwrap_or(b' ')),
                    "{} {}",
                    format.kind.id,
                    shown()
                );
            }
        }
    }
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
    fn only_a_long_mark_at_the_front_tells_an_issuer() {
        assert!(format("a", "a", &[], &[]).claims("smp_live_"));
        assert!(!format("a", "a", &[], &[]).claims("key-"));
        assert!(!format("a", "a", &[], &[]).claims("AKIA2"));
        assert!(!format("a", "a", &[], &[]).claims("live_"));
        assert!(!format("a", "a", &[], &[]).after(HEX, 3, 3).claims("smp_live_"));
    }

    #[test]
    fn a_token_too_long_too_short_or_monotonous_is_none() {
        assert_eq!(spans("smp_0f3a9c71d2e48b567"), None);
        assert_eq!(spans("smp_0f3a9c71d2e48b5"), None);
        assert_eq!(spans("smp_0000000000000000"), None);
    }
}
