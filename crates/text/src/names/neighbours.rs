//! What stands beside an organisation in a list is one, and so is what a person is said to be of.

use super::lexicon::Senses;
use super::organisations::ORGANIZATION;
use super::reading::Reading;
use super::tokens::Token;

/// Highest score of a person that a neighbour may overrule: a guess by capitals alone.
const GUESS: f32 = 0.55;

/// Looks beside what was found.
pub(super) fn read(reading: &mut Reading<'_>) {
    let mut spans: Vec<(usize, usize, bool)> = reading
        .found
        .iter()
        .filter(|hit| hit.score >= 0.5)
        .filter_map(|hit| match hit.kind.id {
            "ORGANIZATION" => Some((hit.start, hit.end, true)),
            "PERSON" => Some((hit.start, hit.end, false)),
            _ => None,
        })
        .collect();
    spans.sort_unstable();
    let mut guesses: Guesses = reading
        .found
        .iter()
        .enumerate()
        .filter(|(_, hit)| hit.kind.id == "PERSON" && hit.score <= GUESS)
        .map(|(place, hit)| (hit.start, (hit.end, place)))
        .collect();
    let mut gone = Vec::new();
    for (start, end, organisation) in spans {
        let first = reading.tokens.partition_point(|token| token.start < start);
        let mut next = reading.tokens.partition_point(|token| token.start < end);
        if organisation {
            // Up to eight more of a list, to the right and to the left.
            for _ in 0..8 {
                let joined =
                    if reading.is(next, ',') || reading.word(next) == "and" { next + 1 } else { break };
                let joined = joined + usize::from(reading.is(next, ',') && reading.word(joined) == "and");
                let Some(end) = run(reading, &guesses, joined) else { break };
                take(reading, &mut guesses, &mut gone, (joined, end), "in a list with an organisation");
                next = end;
            }
            let mut from = first;
            for _ in 0..8 {
                let Some(joint) = from.checked_sub(1) else { break };
                if !(reading.is(joint, ',') || reading.word(joint) == "and") {
                    break;
                }
                let Some(begin) = run_before(reading, &guesses, joint) else { break };
                take(reading, &mut guesses, &mut gone, (begin, joint), "in a list with an organisation");
                from = begin;
            }
        } else if reading.word(next) == "of"
            && let Some(end) = run(reading, &guesses, next + 1)
        {
            take(reading, &mut guesses, &mut gone, (next + 1, end), "what a person is of");
        }
    }
    gone.sort_unstable();
    for place in gone.into_iter().rev() {
        reading.found.remove(place);
    }
}

/// Whether a token may belong to a name that nothing else speaks for.
fn is_open(reading: &Reading<'_>, guesses: &Guesses, at: usize) -> bool {
    let known = Senses::COUNTRY
        .or(Senses::PLACE)
        .or(Senses::GIVEN)
        .or(Senses::GEOGRAPHIC)
        .or(Senses::MONTH)
        .or(Senses::DAY);
    reading.tokens.get(at).is_some_and(|token: &Token| {
        token.is_capital()
            && !token.senses.any(known)
            && (!reading.is_taken(at) || guess(reading, guesses, at).is_some())
    })
}

/// Guesses at people: where each begins, where it ends and its place in what was found.
type Guesses = std::collections::BTreeMap<usize, (usize, usize)>;

/// The guess that covers the token: where it begins, and its place in what was found.
fn guess(reading: &Reading<'_>, guesses: &Guesses, at: usize) -> Option<(usize, usize)> {
    let start = reading.tokens.get(at)?.start;
    guesses
        .range(..=start)
        .next_back()
        .filter(|(_, (end, _))| start < *end)
        .map(|(begin, (_, place))| (*begin, *place))
}

fn run(reading: &Reading<'_>, guesses: &Guesses, from: usize) -> Option<usize> {
    let words = (from..from + 5).take_while(|&at| is_open(reading, guesses, at)).count();
    let end = from + words;
    let whole = !reading.tokens.get(end).is_some_and(Token::is_capital);
    (words > 0 && whole).then_some(end)
}

fn run_before(reading: &Reading<'_>, guesses: &Guesses, end: usize) -> Option<usize> {
    let words = (1..=5)
        .take_while(|&back| end.checked_sub(back).is_some_and(|at| is_open(reading, guesses, at)))
        .count();
    let begin = end - words;
    let whole = !begin.checked_sub(1).and_then(|at| reading.tokens.get(at)).is_some_and(Token::is_capital);
    (words > 0 && whole && (!reading.begins(begin) || reading.is(begin.wrapping_sub(1), ':')))
        .then_some(begin)
}

/// Makes an organisation of the tokens, in place of a guess, whose place in what was found is noted.
fn take(
    reading: &mut Reading<'_>,
    guesses: &mut Guesses,
    gone: &mut Vec<usize>,
    (from, to): (usize, usize),
    why: &'static str,
) {
    for at in from..to {
        if let Some((begin, place)) = guess(reading, guesses, at) {
            guesses.remove(&begin);
            gone.push(place);
        }
    }
    reading.mark(from, to, &ORGANIZATION, 0.5, why);
}

#[cfg(test)]
mod tests {
    use super::super::testing::found;

    #[test]
    fn lists_are_of_one_sort() {
        let organisations: Vec<_> = found("We buy from Brightpath Ltd, Zentrivo and Quellstein.")
            .into_iter()
            .filter(|(kind, _)| *kind == "ORGANIZATION")
            .map(|(_, text)| text)
            .collect();
        assert_eq!(organisations, ["Brightpath Ltd", "Zentrivo", "Quellstein"]);
    }

    #[test]
    fn what_a_person_is_of_is_an_organisation_unless_it_is_a_place() {
        assert!(found("Anna Kowalska of Zentrivo spoke.").contains(&("ORGANIZATION", "Zentrivo")));
        assert!(!found("Anna Kowalska of France spoke.").iter().any(|(kind, _)| *kind == "ORGANIZATION"));
    }
}
