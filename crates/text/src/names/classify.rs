//! Runs of capital words, and what they name: a person, a place or an organisation.
//!
//! The last word, the words before and after, and the lists decide, in that order; a run nothing speaks for is a person if it
//! is two or three words that are none of the language, and nothing where it begins a sentence alone.

use super::addresses::{PLACE, postcode_behind};
use super::lexicon::Senses;
use super::organisations::ORGANIZATION;
use super::reading::Reading;
use super::tokens::{Sort, Token};
use crate::hit::{Class, Kind};

pub(super) static PERSON: Kind = Kind { id: "PERSON", name: "the name of a person", class: Class::Named };
/// Longest run looked at, in tokens.
const LONGEST: usize = 8;

/// A verdict on a run: what it names, how surely and why.
type Verdict = (&'static Kind, f32, &'static str);

/// Finds names.
pub(super) fn read(reading: &mut Reading<'_>) {
    let mut at = 0;
    while at < reading.tokens.len() {
        if !reading.free(at).is_some_and(|token| token.is_capital() || is_name_in_small_letters(reading, at))
        {
            at += 1;
            continue;
        }
        let end = run(reading, at);
        at = listed(reading, at, end).unwrap_or_else(|| {
            split(reading, at, end);
            end
        });
    }
}

/// A given name in small letters directly behind words that ask for one.
fn is_name_in_small_letters(reading: &Reading<'_>, at: usize) -> bool {
    reading.tokens.get(at).is_some_and(|token| {
        token.sort == Sort::Lower && token.senses.any(Senses::GIVEN) && !token.senses.any(Senses::COMMON)
    }) && is_announced(reading, at)
}

/// The end of the run of capital words at the token, initials and particles between them.
fn run(reading: &Reading<'_>, from: usize) -> usize {
    let (mut end, mut at) = (from + 1, from + 1);
    while at < from + LONGEST {
        let Some(token) = reading.free(at) else { break };
        let initial = reading.word(at.wrapping_sub(1)).chars().count() == 1;
        match token.sort {
            Sort::Title | Sort::Upper | Sort::Mixed => end = at + 1,
            Sort::Mark('.') if initial => {}
            Sort::Mark('&') => {}
            Sort::Lower
                if token.senses.any(Senses::PARTICLE)
                    && !matches!(reading.word(at), "the" | "of" | "a" | "en" | "et" | "e" | "y" | "u") => {}
            _ => break,
        }
        at += 1;
    }
    end
}

/// `Mayer, Smith and Jones`: three family names as one organisation, or names of people one by one. Gives the end.
fn listed(reading: &mut Reading<'_>, at: usize, end: usize) -> Option<usize> {
    let one = |reading: &Reading<'_>, at: usize| {
        reading.free(at).is_some_and(|token| {
            token.sort == Sort::Title && !token.senses.any(Senses::COMMON.or(Senses::LABEL))
        })
    };
    let next_is_name =
        |reading: &Reading<'_>, at: usize| reading.tokens.get(at).is_some_and(Token::is_capital);
    let shape = end == at + 1
        && one(reading, at)
        && reading.is(end, ',')
        && one(reading, end + 1)
        && reading.word(end + 2) == "and"
        && one(reading, end + 3)
        && !next_is_name(reading, end + 4)
        && !reading.is(at.wrapping_sub(1), ',')
        && !reading.is(at.wrapping_sub(1), ':');
    let family = [at, end + 1, end + 3]
        .iter()
        .filter(|&&at| reading.tokens.get(at).is_some_and(|token| token.senses.any(Senses::FAMILY)))
        .count();
    let given = [at, end + 1, end + 3].iter().any(|&at| {
        reading
            .tokens
            .get(at)
            .is_some_and(|token| token.senses.any(Senses::GIVEN) && !token.senses.any(Senses::FAMILY))
    });
    (shape && family >= 1 && !given).then(|| {
        reading.mark(at, end + 4, &ORGANIZATION, 0.6, "three family names joined");
        end + 4
    })
}

/// Cuts a run where words of the language stand in it, and judges the parts.
fn split(reading: &mut Reading<'_>, from: usize, to: usize) {
    let last = to - 1;
    let lead = leading(reading, from, to);
    let lead = if lead == last && last > from && reading.word(last - 1).len() > 4 { last - 1 } else { lead };
    if last > lead
        && reading.tokens.get(last).is_some_and(|token| token.senses.any(Senses::ORGANIZATION))
        && to - lead <= 6
        && !reading.tokens.get(last).is_some_and(|token| token.senses.any(Senses::GIVEN))
    {
        let stop = to + usize::from(reading.word(last) == "Inc" && reading.is(to, '.'));
        reading.mark(lead, stop, &ORGANIZATION, 0.75, "a word for organisations at its end");
        return;
    }
    let mut start = lead;
    for at in lead..=to {
        let cut =
            at == to || reading.tokens.get(at).is_some_and(|token| is_cut(reading, *token, at, lead, to));
        if cut {
            if at > start {
                judge(reading, start, at);
            }
            start = at + 1;
        }
    }
}

/// The first token of a run that is not a word of the language at the head of a sentence.
fn leading(reading: &Reading<'_>, from: usize, to: usize) -> usize {
    let mut at = from;
    while at < to
        && reading.tokens.get(at).is_some_and(|token| {
            token.senses.any(Senses::COMMON.or(Senses::LABEL))
                && !(token.senses.any(Senses::GEOGRAPHIC.or(Senses::GIVEN)) && at + 1 < to)
        })
    {
        at += 1;
    }
    at
}

/// Whether a word ends a name: a word of the language that is no name itself, or one that people and places do not share.
fn is_cut(reading: &Reading<'_>, token: Token, at: usize, from: usize, to: usize) -> bool {
    let name = Senses::GIVEN.or(Senses::PLACE).or(Senses::COUNTRY);
    let family = token.senses.any(Senses::FAMILY)
        && at > from
        && reading.tokens.get(at - 1).is_some_and(|before| {
            before.senses.any(Senses::GIVEN) || before.end - before.start == 1 || before.is('.')
        });
    let geographic = token.senses.any(Senses::GEOGRAPHIC) && at + 1 < to;
    let honorific = at > from && token.senses.any(Senses::HONORIFIC);
    token.senses.any(Senses::COMMON.or(Senses::LABEL)) && !token.senses.any(name) && !family && !geographic
        || honorific
}

/// Judges a run without words of the language, and takes it.
fn judge(reading: &mut Reading<'_>, from: usize, to: usize) {
    let Some((kind, score, why)) = verdict(reading, from, to) else { return };
    reading.mark(from, to, kind, score, why);
    if kind.id == PLACE.id {
        postcode_behind(reading, to);
    }
}

/// Verbs of going and being somewhere, behind which `to` and `from` lead to places.
const MOTION: [&str; 22] = [
    "moved",
    "move",
    "flew",
    "fly",
    "travel",
    "travelled",
    "traveled",
    "travelling",
    "traveling",
    "going",
    "go",
    "went",
    "trip",
    "here",
    "come",
    "came",
    "comes",
    "born",
    "live",
    "lives",
    "flight",
    "drive",
];

fn verdict(reading: &Reading<'_>, from: usize, to: usize) -> Option<Verdict> {
    let tokens = reading.tokens.get(from..to)?;
    let words: Vec<&Token> =
        tokens.iter().filter(|token| token.is_capital() || token.sort == Sort::Lower).collect();
    let (first, last) = (*words.first()?, *words.last()?);
    let count = words.iter().filter(|word| word.end - word.start > 1).count();
    let before = from.checked_sub(1).map_or("", |at| reading.word(at));
    let further = from.checked_sub(2).map_or("", |at| reading.word(at));
    let titled = from.checked_sub(1).is_some_and(|at| {
        let at = if reading.is(at, '.') { at.wrapping_sub(1) } else { at };
        reading.tokens.get(at).is_some_and(|token| token.senses.any(Senses::HONORIFIC))
    });
    let given = first.senses.any(Senses::GIVEN);
    let place = |token: &Token| token.senses.any(Senses::COUNTRY.or(Senses::PLACE));
    if titled && count <= 4 {
        return Some((&PERSON, 0.85, "a name behind a title"));
    }
    if is_announced(reading, from) && count <= 4 && (given || !words.iter().all(|word| place(word))) {
        return Some((&PERSON, 0.8, "a name where one is asked for"));
    }
    let in_place = matches!(
        before,
        "in" | "near"
            | "In"
            | "around"
            | "across"
            | "outside"
            | "visit"
            | "visiting"
            | "Southern"
            | "Northern"
    ) || (matches!(before, "to" | "from" | "through" | "via" | "for")
        && (MOTION.contains(&further) || further.is_empty()));
    if words.iter().all(|word| place(word) || word.senses.any(Senses::GEOGRAPHIC))
        && words.iter().any(|word| place(word))
        && !(given && count > 1 && last.senses.any(Senses::FAMILY))
    {
        let person = given && !in_place && !matches!(before, "from" | "to" | "of" | "at");
        return Some(if person {
            (&PERSON, 0.5, "a given name")
        } else {
            (&PLACE, 0.75, "the name of a place")
        });
    }
    if in_place && !(given && count <= 3 && !first.senses.any(Senses::PLACE) && count > 1) && count <= 5 {
        return Some((&PLACE, 0.6, "a name behind a word for places"));
    }
    if given && (2..=4).contains(&count) {
        return Some((&PERSON, 0.8, "a given name and another"));
    }
    if words.iter().any(|word| is_brand(reading, word)) || first.senses.any(Senses::ORGANIZATION) && count > 1
    {
        return Some((&ORGANIZATION, 0.5, "the shape of a brand"));
    }
    if words.iter().any(|word| word.sort == Sort::Mixed && !is_scottish(reading, word)) {
        // A name in a program, or a drawn text.
        return None;
    }
    let hyphened = count == 1
        && reading.text.get(first.start..first.end).is_some_and(|word| {
            word.split_once('-').is_some_and(|(_, second)| second.starts_with(char::is_uppercase))
        });
    let hires = matches!(before, "for" | "by" | "with")
        && matches!(further, "work" | "worked" | "works" | "working" | "employed" | "hired");
    let office = [
        "office",
        "offices",
        "headquarters",
        "employees",
        "founders",
        "shares",
        "announced",
        "Orchestra",
        "stock",
    ]
    .contains(&reading.word(to));
    let arrived = before == "at"
        && matches!(further, "arrived" | "arrive" | "arrives" | "landed" | "stopped" | "stayed");
    if arrived && !given {
        return Some((&PLACE, 0.5, "a name behind a word for places"));
    }
    let led =
        matches!(before, "at" | "joined" | "join" | "acquired" | "company" | "become" | "became" | "support")
            || (matches!(before, "of")
                && matches!(
                    further,
                    "address" | "CEO" | "founder" | "CFO" | "CTO" | "president" | "employee" | "director"
                ));
    if hires || led || office || (hyphened && !given && first.sort == Sort::Title) {
        return Some((&ORGANIZATION, 0.55, "a name where organisations stand"));
    }
    if before == "from" && !reading.is(to, '\'') {
        let person = reading.is_taken(from.wrapping_sub(2));
        return Some(if person && !given {
            (&ORGANIZATION, 0.5, "a name behind a person's")
        } else if given {
            (&PERSON, 0.5, "a given name")
        } else {
            (&PLACE, 0.5, "a name behind from")
        });
    }
    if given && !(first.sort == Sort::Upper && count == 1) {
        let strength = if first.senses.any(Senses::COMMON.or(Senses::MONTH))
            && reading.begins(from)
            && !is_person_context(reading, to)
        {
            return None;
        } else {
            0.65
        };
        return Some((&PERSON, strength, "a given name"));
    }
    if last.senses.any(Senses::FAMILY) && !last.senses.any(Senses::COMMON) {
        return Some((&PERSON, 0.6, "a family name"));
    }
    unknown(reading, from, to, &words, count)
}

/// Whether a word is written as brands are, with capitals inside ("PayPal"), and not as names in programs and drawn texts are.
fn is_brand(reading: &Reading<'_>, word: &Token) -> bool {
    /// Letters and capitals inside of the longest brand believed: "PricewaterhouseCoopers", "JPMorganChase".
    const LONGEST: usize = 24;
    const MOST_INNER: usize = 3;
    if word.sort != Sort::Mixed || is_scottish(reading, word) {
        return false;
    }
    let text = reading.text.get(word.start..word.end).unwrap_or_default();
    let letters = text.chars().count();
    let inner = text.chars().skip(1).filter(|letter| letter.is_uppercase()).count();
    if letters > LONGEST || inner > MOST_INNER || text.chars().any(char::is_numeric) {
        return false;
    }
    // What programs write before and behind a name without a blank. A full stop or a colon ends a sentence, too.
    let mut behind = reading.text.get(word.end..).unwrap_or_default().chars();
    let joined = match behind.next() {
        Some('(' | '[' | '{' | '=' | '_' | '/' | '\\' | '@' | '$' | '<' | '>' | '#') => true,
        Some('.' | ':') => behind.next().is_some_and(char::is_alphanumeric),
        Some('"') => behind.next().is_some_and(|next| matches!(next, ':' | '=' | '>' | '/')),
        _ => false,
    };
    let mut before = reading.text.get(..word.start).unwrap_or_default().chars().rev();
    let led = match before.next() {
        Some('.' | '_' | '/' | '\\' | '@' | '$' | '<' | '=' | ':' | '{' | '#' | '&') => true,
        Some('"' | '\'') => before.next() == Some('='),
        _ => false,
    };
    !joined && !led
}

/// What a run of unknown words may be.
fn unknown(reading: &Reading<'_>, from: usize, to: usize, words: &[&Token], count: usize) -> Option<Verdict> {
    let line = reading.tokens.get(from)?.leads
        && reading.tokens.get(to).is_none_or(|next| next.sort == Sort::Line)
        && reading.tokens.iter().any(|token| token.sort == Sort::Line);
    if words.iter().any(|word| word.sort == Sort::Upper) {
        // Acronyms are no names; long words in capitals are shouted.
        return None;
    }
    if (2..=3).contains(&count) {
        return Some((&PERSON, 0.55, "words with capitals that are none of the language"));
    }
    if count >= 4 {
        return None;
    }
    let word = words.first()?;
    if word.end - word.start < 3 {
        return None;
    }
    if line {
        return Some((&ORGANIZATION, 0.4, "a line of its own"));
    }
    let person = is_person_context(reading, to);
    if reading.begins(from) {
        let speaker = reading.is(to, ':') && reading.tokens.get(from)?.leads;
        return (person || speaker).then_some((&PERSON, 0.5, "an unknown word where a person acts"));
    }
    Some((&PERSON, 0.45, "an unknown word with a capital"))
}

/// Whether what follows is done or owned by people.
fn is_person_context(reading: &Reading<'_>, to: usize) -> bool {
    reading
        .tokens
        .get(to)
        .is_some_and(|next| (next.sort == Sort::Lower && next.senses.any(Senses::VERB)) || next.is('\''))
}

/// `McDonald`, `MacArthur`, `O'Brien`, `DeVito`.
fn is_scottish(reading: &Reading<'_>, word: &Token) -> bool {
    let text = reading.text.get(word.start..word.end).unwrap_or_default();
    ["Mc", "Mac", "O'", "O’", "De", "Di", "La", "Le", "Van", "D'"].iter().any(|head| text.starts_with(head))
        || text.contains('-')
}

/// Whether the words before a token ask for or announce a name.
fn is_announced(reading: &Reading<'_>, at: usize) -> bool {
    let before = reading.before(at).to_lowercase();
    let Some(last) = at.checked_sub(1) else { return false };
    let marked = reading.is(last, ':') || reading.is(last, '?');
    let start = if marked { last.wrapping_sub(1) } else { last };
    let further = reading.word(start.wrapping_sub(1)).to_lowercase();
    let is_name = matches!(before.as_str(), "is" | "was" | "to")
        && matches!(further.as_str(), "name" | "named")
        || before == "'s" && further == "name";
    let labelled = reading.is(last, ':')
        && matches!(
            before.as_str(),
            "name" | "user" | "by" | "contact" | "attn" | "client" | "patient" | "agent"
        );
    let asked = reading.is(last, '?') && reading.word(last.wrapping_sub(1)).eq_ignore_ascii_case("name");
    let called = matches!(before.as_str(), "i'm" | "named" | "called")
        || before == "me" && further == "call"
        || before == "under" && further == "it's";
    is_name || labelled || asked || called
}

#[cfg(test)]
mod tests {
    use super::super::testing::found;

    #[test]
    fn people_are_told_by_names_titles_and_questions() {
        assert_eq!(found("Then Richard M. Nixon spoke"), [("PERSON", "Richard M. Nixon")]);
        assert_eq!(found("my name is Rubija"), [("PERSON", "Rubija")]);
        assert_eq!(found("What's your last name? Turgeon"), [("PERSON", "Turgeon")]);
        assert_eq!(found("Krisztián Szöllösy listed his songs"), [("PERSON", "Krisztián Szöllösy")]);
    }

    #[test]
    fn places_and_organisations_are_told_by_what_stands_around_them() {
        assert_eq!(found("We moved here from Kenosha"), [("GPE", "Kenosha")]);
        assert_eq!(found("He lives in New Zealand now"), [("GPE", "New Zealand")]);
        assert_eq!(
            found("I used to work for Boston Consulting Group"),
            [("ORGANIZATION", "Boston Consulting Group")]
        );
        assert_eq!(
            found("Mayer, Simpson and Hernandez is a firm"),
            [("ORGANIZATION", "Mayer, Simpson and Hernandez")]
        );
    }

    #[test]
    fn words_of_the_language_are_no_names() {
        assert_eq!(found("Please send it. What are my options? Thanks"), []);
        assert_eq!(found("Action & Adventure, Animation, Comedy"), []);
        assert_eq!(found("I need my ATM PIN ASAP"), []);
    }

    #[test]
    fn brands_are_told_from_names_in_programs() {
        assert_eq!(found("She paid with PayPal."), [("ORGANIZATION", "PayPal")]);
        assert_eq!(found("We use \"LinkedIn\" daily"), [("ORGANIZATION", "LinkedIn")]);
        for text in [
            "IceSSL.KeyFile=priv.pem",
            "s.AcceptanceTimeoutSeconds ",
            "err := sysctl.SetSysctl(name)",
            "<UserSecretsId>79a3edd0</UserSecretsId>",
            "\"credentialId\": \"B9mTcFSck2LzJO2S3ols63\",",
            "AVEncVideoMaxKeyframeDistance, 7",
            "<key name=\"SecurityIdentifier\" />",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
