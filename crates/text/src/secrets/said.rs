//! Passwords that somebody tells in a sentence: `my password is …`.

use crate::bytes::{self, ALNUM, span};
use crate::randomness::is_reference;

/// Words that stand between the word for a password and itself.
const IS: [&[u8]; 6] = [b"is", b"was", b"lautet", b"ist", b"es", b"est"];
/// Shortest and longest.
const SHORTEST: usize = 8;
const LONGEST: usize = 64;

/// Where the password stands that a sentence tells behind its word, which ends at `end`. Names of algorithms and words put together are none: it has
/// digits, and a mark that no word has or letters of either case.
pub(super) fn password(text: &[u8], end: usize) -> Option<(usize, usize)> {
    let blanks = |from: usize| span(text, from, from + 4).iter().take_while(|byte| **byte == b' ').count();
    let verb = end + blanks(end);
    let word = span(text, verb, verb + 8);
    let is = IS.iter().find(|is| {
        let head = word.get(..is.len()).is_some_and(|head| head.eq_ignore_ascii_case(is));
        head && word.get(is.len()) == Some(&b' ')
    })?;
    let behind = verb + is.len();
    if verb == end {
        return None;
    }
    let mut from = behind + blanks(behind);
    let quote = bytes::at(text, from).filter(|byte| b"\"'`".contains(byte));
    from += usize::from(quote.is_some());
    let run = span(text, from, from + LONGEST + 1);
    let stops = |byte: &u8| byte.is_ascii_whitespace() || Some(*byte) == quote;
    let value = run.get(..run.iter().position(stops).unwrap_or(run.len()))?;
    let kept = value.iter().rposition(|byte| !b".,;:!?)\"'`".contains(byte)).map_or(0, |last| last + 1);
    let value = value.get(..kept)?;
    let count = |is: fn(&u8) -> bool| value.iter().filter(|byte| is(byte)).count();
    let digits = count(u8::is_ascii_digit);
    let (small, large) = (count(u8::is_ascii_lowercase), count(u8::is_ascii_uppercase));
    let marks = value.iter().any(|byte| byte.is_ascii_punctuation() && !b"-_./:@".contains(byte));
    let is_one = digits >= 1 && small + large >= 2 && marks || digits >= 2 && small >= 1 && large >= 1;
    let is_told = (SHORTEST..=LONGEST).contains(&value.len())
        && is_one
        && value.iter().all(u8::is_ascii_graphic)
        && value.first().is_some_and(|first| ALNUM.has(*first))
        && !is_reference(value)
        && !value.iter().any(|byte| b"(){}<>=".contains(byte));
    is_told.then_some((from, from + value.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<&str> {
        let end = text.find("password").map(|at| at + 8).or(text.find("Passwort").map(|at| at + 8))?;
        password(text.as_bytes(), end).and_then(|(from, to)| text.get(from..to))
    }

    #[test]
    fn a_password_that_a_sentence_tells_is_found_and_what_is_said_about_one_is_not() {
        for (text, found) in [
            ("my login is m.brandt and my password is Sommer!2026#Kiel, maybe", "Sommer!2026#Kiel"),
            ("the password is tulip-Harbor-99.", "tulip-Harbor-99"),
            ("mein Passwort ist \"Kiel#2026x\"", "Kiel#2026x"),
        ] {
            assert_eq!(told(text), Some(found), "{text}");
        }
        for text in [
            "the password is wrong",
            "the password is OAuth2-based",
            "the password is hashed with bcrypt12",
            "the password is ${DB_PASSWORD2}",
            "the password is get_Secret2(x)",
            "password isSommer!2026",
            "the password is at least 12 characters",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }
}
