//! Titles before names, occupations, and names of peoples, faiths and parties.

use super::lexicon::Senses;
use super::reading::Reading;
use super::tokens::Sort;
use crate::hit::{Class, Kind};

static TITLE: Kind = Kind { id: "TITLE", name: "a title or an occupation", class: Class::Named };
static PEOPLE: Kind = Kind { id: "NRP", name: "a people, faith or party", class: Class::Named };

/// Finds them.
pub(super) fn read(reading: &mut Reading<'_>) {
    for at in 0..reading.tokens.len() {
        let Some(token) = reading.free(at) else { continue };
        if token.senses.any(Senses::HONORIFIC) && token.sort == Sort::Title {
            let end = at + 1 + usize::from(reading.is(at + 1, '.'));
            if reading
                .tokens
                .get(end)
                .is_some_and(|next| next.is_capital() && !next.senses.any(Senses::HONORIFIC))
            {
                reading.mark(at, end, &TITLE, 0.85, "a title before a name");
            }
        } else if token.senses.any(Senses::PEOPLE) && is_people(reading, at) {
            reading.mark(at, at + 1, &PEOPLE, 0.7, "the name of a people");
        } else if token.senses.any(Senses::OCCUPATION) {
            occupation(reading, at);
        }
    }
}

/// Names of peoples are written with a capital in English; in small letters only long ones are no other word.
fn is_people(reading: &Reading<'_>, at: usize) -> bool {
    let Some(token) = reading.tokens.get(at) else { return false };
    let other = token.senses.any(Senses::GIVEN.or(Senses::FAMILY));
    match token.sort {
        Sort::Title => !other || reading.tokens.get(at + 1).is_some_and(|next| next.sort == Sort::Lower),
        Sort::Lower => {
            token.end - token.start >= 6
                && !other
                && !token.senses.any(Senses::COMMON)
                && reading.word(at) != "polish"
        }
        _ => false,
    }
}

/// An occupation that a label or `as` announces, or a title of several words in which it is the last.
fn occupation(reading: &mut Reading<'_>, at: usize) {
    let capital = reading.tokens.get(at).is_some_and(super::tokens::Token::is_capital);
    let mut from = at;
    // Back to the capital that begins it: `Network and computer systems administrator`.
    for back in (at.saturating_sub(5)..at).rev().take_while(|_| !capital) {
        let Some(token) = reading.free(back) else { break };
        match token.sort {
            Sort::Lower | Sort::Title => from = back,
            _ => break,
        }
        if token.is_capital() {
            break;
        }
    }
    let before = reading.before(from);
    let lower = ["as", "a", "an"];
    let labelled = ["occupation", "job", "title", "profession", "position"]
        .iter()
        .any(|label| before.eq_ignore_ascii_case(label));
    let begins = reading.tokens.get(from).is_some_and(super::tokens::Token::is_capital);
    let ends = reading.tokens.get(at + 1).is_none_or(|next| matches!(next.sort, Sort::Mark(_) | Sort::Line));
    let line = reading.tokens.get(from).is_some_and(|token| token.leads);
    if begins
        && (labelled || (line && ends && at > from) || (capital && lower.contains(&before) && before == "as"))
    {
        reading.mark(from, at + 1, &TITLE, 0.6, "an occupation");
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::found;

    #[test]
    fn titles_and_peoples_are_found() {
        assert_eq!(found("Mrs. Schwarz is here"), [("TITLE", "Mrs."), ("PERSON", "Schwarz")]);
        assert_eq!(found("a German place downtown"), [("NRP", "German")]);
        assert_eq!(found("work as Singer, but"), [("TITLE", "Singer")]);
    }

    #[test]
    fn a_doctor_without_a_name_and_polish_for_shoes_are_none() {
        assert_eq!(found("see the dr. about it"), []);
        assert_eq!(found("some polish on it"), []);
    }
}
