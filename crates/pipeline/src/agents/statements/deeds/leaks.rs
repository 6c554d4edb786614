//! What brings something to somebody else: [`leaks`].

use super::super::lexicon::Class;
use super::super::places::{Place, place};
use super::super::purpose::Purpose;
use super::super::said::Said;
use super::super::tokens::Token;
use super::{Deed, Done, REACH};

/// How private what a sentence speaks of is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Object {
    Work,
    Machine,
    Private,
}

/// The most private thing in `said`, with its place.
fn object(said: &Said<'_>) -> Option<(Object, usize)> {
    let things = said.tokens.iter().enumerate().filter(|(index, _)| !said.negated(*index));
    let graded = things.filter_map(|(index, token)| {
        // "What the person asked".
        let spoken = token.is(Class::People)
            && said.before(index, 2).any(|word| word.any_of("what whatever everything anything all"))
            && said.behind(index, 2).any(|word| {
                word.any_of("asked asks said says typed types wrote writes told tells entered enters answers answered")
            });
        let object = if spoken || is_private(said, index, token) {
            Object::Private
        } else if token.is(Class::Machine) && !token.is(Class::Work) {
            Object::Machine
        } else if token.is(Class::Work) || token.any_of("all whatever what") {
            Object::Work
        } else {
            return None;
        };
        Some((object, index))
    });
    graded.max_by_key(|(object, index)| (*object, std::cmp::Reverse(*index)))
}

/// Whether the word at `index` is of something that belongs to a person or opens doors, and no part of a form or program.
fn is_private(said: &Said<'_>, index: usize, token: &Token<'_>) -> bool {
    // Words that mean other things as often count with one beside them that says whose they are or how many.
    let often = token.any_of(
        "key keys hash pin name names number address location photo photos contact contacts card private \
                personal message messages session sessions question questions context prompt prompts \
                instruction chat thread said exchange token bank health birth login types typed customer \
                customers seed memory history certificate cert log recipients parent parents child children \
                diary booking phone patient patients medical cookie cookies profile",
    );
    if !(token.is(Class::Credential) || token.is(Class::Personal) || token.is(Class::Talk)) {
        return false;
    }
    // Of some there are many that are nobody's, however many of them are meant.
    let counted = token.any_of(
        "session sessions memory instruction context question questions prompt prompts name names number address key keys message messages",
    );
    let mut near = said.before(index, 4).chain(said.behind(index, 3));
    let mut owned = || {
        near.any(|word| {
            word.is(Class::People)
                || word.is(Class::Credential) && word.text != token.text
                || word.any_of(
                    "earlier previous private personal access api secret real home mail phone card bank browser publishing reference \
                     surname sign login salaries person's user's",
                )
                || !counted && word.any_of("full whole complete entire all each every last first environment machine session")
        })
    };
    !often || owned()
}

/// Something is brought to an address, a party, into what is passed on, or where all can read.
pub(super) fn leaks(
    before: Option<&Said<'_>>,
    said: &Said<'_>,
    behind: Option<&Said<'_>>,
    purpose: &Purpose<'_>,
) -> Option<Done> {
    let filled = filled_picture(said, purpose);
    let (led, place, at) = led(said, purpose).or_else(|| filled.map(|at| (at, Place::Address, at)))?;
    let here = object(said).filter(|(_, index)| *index != at).map(|found| found.0);
    let there = before.and_then(object).filter(|_| refers_back(said)).map(|found| found.0);
    let later = behind
        .and_then(object)
        .map(|found| found.0)
        .filter(|object| *object == Object::Private && place == Place::Carrier);
    let thing = here.into_iter().chain(there).chain(later).max();
    // A secret in a header to the service it is for is how one signs in.
    let signs_in = said.says(&[
        "authorization",
        "bearer",
        "authenticate",
        "sign in",
        "log in",
        "x-api-key",
        "credentials for",
        "header",
    ]);
    let weight = match (place, thing) {
        (Place::Address, _) if signs_in => 1,
        _ if signs_in => 0,
        (Place::Address | Place::Public, Some(Object::Private))
            if purpose.network && !is_grave(said, before) =>
        {
            2
        }
        (Place::Address | Place::Public | Place::Carrier, Some(Object::Private)) => 3,
        (Place::Address | Place::Party, Some(Object::Machine)) if !purpose.network => 2,
        (Place::Carrier, Some(Object::Machine)) if !purpose.network => 1,
        (Place::Address, Some(Object::Work)) if !purpose.network => 2,
        (Place::Party, Some(Object::Private)) if !purpose.network => 2,
        (Place::Address, _) => 1,
        (Place::Party, Some(Object::Private | Object::Work)) if !purpose.network => 1,
        _ => 0,
    };
    let weight = if filled.is_some() { weight.max(2) } else { weight };
    (weight > 0).then(|| Done {
        deed: Deed::Leaks,
        weight,
        back: here < thing && there == thing,
        span: said.span(led, at),
    })
}

/// Whether a sentence, or the one before it, speaks of what opens doors or was said in confidence.
fn is_grave(said: &Said<'_>, before: Option<&Said<'_>>) -> bool {
    std::iter::once(said).chain(before).any(|said| {
        said.tokens.iter().enumerate().any(|(index, token)| {
            (token.is(Class::Credential) || token.is(Class::Talk)) && is_private(said, index, token)
        })
    })
}

/// The verb that brings something somewhere, where, and the place of that.
fn led(said: &Said<'_>, purpose: &Purpose<'_>) -> Option<(usize, Place, usize)> {
    let mut places: Vec<(usize, Place)> =
        (0..said.tokens.len()).filter_map(|index| Some((index, place(said, index, purpose)?))).collect();
    places.sort_by_key(|(_, place)| match place {
        Place::Address => 0,
        Place::Public => 1,
        Place::Carrier => 2,
        Place::Party => 3,
    });
    places.into_iter().find_map(|(at, place)| {
        // What comes from there is not brought there.
        let from = collected(said, at).is_none()
            && said.before(at, 3).any(|word| word.any_of("from at see by"))
            && !said.before(at, 12).any(|word| word.text == "through")
            && !said.before(at, 8).any(|word| word.is(Class::Send) && !word.is(Class::Take));
        if from || said.negated(at) {
            return None;
        }
        let toward = said.before(at, 4).any(|word| {
            word.any_of("to into onto with through against in on over under at via towards have let recipient guest as of")
        });
        let verb = said
            .before(at, REACH)
            .enumerate()
            .find(|(away, word)| {
                let index = at.saturating_sub(away.saturating_add(1));
                (word.is(Class::Send)
                    || word.is(Class::Put)
                    || word.text == "through"
                    || word.text == "load" && said.behind(index, 6).any(|next| next.text == "up"))
                    && !said.negated(index)
            })
            .map(|(away, _)| at.saturating_sub(away.saturating_add(1)))
            .or_else(|| collected(said, at))
            .or_else(|| {
                // Whatever the verb, it goes there.
                let to = said.before(at, 2).any(|word| word.any_of("to into against through onto"));
                let visits = said.before(at, 8).any(|word| {
                    word.any_of(
                        "go visit open navigate head log sign link links refer point points see redirect redirects resolve browse \
                         connect access listen listening due similar",
                    )
                });
                (place == Place::Address && to && !visits).then(|| at.saturating_sub(1))
            })
            .or_else(|| {
                // "https://… gets a copy": behind it.
                let behind = said.tokens.iter().enumerate().skip(at).take(8);
                let mut verbs = behind.filter(|(_, word)| word.is(Class::Send) && !word.is(Class::Take));
                verbs
                    .next()
                    .map(|(index, _)| index)
                    .filter(|index| place == Place::Address && !said.negated(*index))
            })?;
        let sends =
            said.at(verb).is_some_and(|word| word.is(Class::Send) || word.any_of("through load"));
        let strict = match place {
            Place::Address => sends || toward,
            Place::Public => true,
            Place::Party => {
                collected(said, at).is_some() || sends
                    && said
                        .before(at, 6)
                        .any(|word| word.any_of("to with let for into"))
            }
            Place::Carrier => {
                said.before(at, 5)
                    .any(|word| word.any_of("in into as to behind with a of"))
                    || said.says(&[
                        "ends with",
                        "end with",
                        "begins with",
                        "begin with",
                        "close every",
                        "starts with",
                    ])
            }
        };
        strict.then_some((verb, place, at))
    })
}

/// The verb by which what is named at `at` takes something up: "picked up by the agent at https://…".
fn collected(said: &Said<'_>, at: usize) -> Option<usize> {
    let by = said.before(at, 6).position(|word| word.text == "by")?;
    let by = at.checked_sub(by.saturating_add(1))?;
    let taken = |word: &Token<'_>| {
        word.is(Class::Take) && (word.text.ends_with("ed") || word.any_of("read taken found got"))
    };
    let verb = said.before(by, 7).position(taken)?;
    by.checked_sub(verb.saturating_add(1))
}

/// An address that is filled in with data where a picture of it is shown: "![](https://a.test/p.png?u=[name])".
fn filled_picture(said: &Said<'_>, purpose: &Purpose<'_>) -> Option<usize> {
    let picture = said.says(&["image", "picture", "pixel", "gif", "badge", "icon", "logo"])
        || [".png", ".gif", ".jpg", ".svg", ".ico", "!["].iter().any(|kind| said.text.contains(kind));
    let at = (0..said.tokens.len()).find(|index| place(said, *index, purpose) == Some(Place::Address))?;
    let token = said.at(at)?;
    let next = said.text.get(token.span.start..)?;
    let filled =
        ["=<", "={", "=[", "=$", "=%", "=`", "=…", "=\u{2026}"].iter().any(|mark| next.contains(mark))
            || said.text.get(token.span.end.saturating_sub(1)..).is_some_and(|rest| rest.starts_with('='));
    (picture && filled && !said.negated(at)).then_some(at)
}

/// Whether a sentence speaks of what was said before it.
fn refers_back(said: &Said<'_>) -> bool {
    said.tokens.iter().take(24).any(|word| {
        word.any_of("it them this that these those each both lot all its answer list file copy dump result")
    })
}
