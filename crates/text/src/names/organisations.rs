//! Organisations told by how they are written: a legal form, a head such as `University of`, partners joined, a sentence that
//! says what something is, and the line between a name and its address.
//!
//! Legal forms are those of the company acts of about forty countries, as registers abbreviate them.

use super::classify::PERSON;
use super::lexicon::Senses;
use super::reading::Reading;
use super::tokens::{Sort, Token};
use crate::hit::{Class, Kind};

pub(super) static ORGANIZATION: Kind =
    Kind { id: "ORGANIZATION", name: "the name of an organisation", class: Class::Named };

/// Longest name, in tokens.
const LONGEST: usize = 8;

/// Legal forms that are no word of a language, also in small letters.
const FORMS: [&str; 19] = [
    "inc",
    "llc",
    "llp",
    "ltd",
    "plc",
    "gmbh",
    "kgaa",
    "mbh",
    "ohg",
    "sarl",
    "srl",
    "oyj",
    "kft",
    "zrt",
    "bhd",
    "pty",
    "corp",
    "incorporated",
    "corporation",
];
/// Legal forms that are told from words by their capitals.
const CAPITAL_FORMS: [&str; 16] =
    ["AG", "KG", "SE", "SA", "SAS", "NV", "BV", "AB", "Oy", "ASA", "ApS", "KK", "SpA", "Pte", "SL", "Lda"];
/// Legal forms with full stops.
const DOTTED_FORMS: [&str; 12] = [
    "S.A.",
    "S.p.A.",
    "S.r.l.",
    "S.A.S.",
    "N.V.",
    "B.V.",
    "K.K.",
    "L.L.C.",
    "P.L.C.",
    "s.r.o.",
    "d.o.o.",
    "Sp. z o.o.",
];

/// Heads behind which `of` or `for` leads to the rest of a name.
const HEADS: [&str; 18] = [
    "University",
    "Bank",
    "Ministry",
    "Department",
    "Institute",
    "Institution",
    "Church",
    "College",
    "Academy",
    "Bureau",
    "Museum",
    "Society",
    "Association",
    "Federation",
    "Chamber",
    "Council",
    "Embassy",
    "Foundation",
];

/// Words that, joined to a name by `and`, make a firm of it.
const PARTNERS: [&str; 12] = [
    "Sons",
    "Son",
    "Daughters",
    "Brothers",
    "Bros",
    "Partners",
    "Associates",
    "Co",
    "Company",
    "Cie",
    "Söhne",
    "Hijos",
];

/// What organisations are said to be.
const SORTS: [&str; 25] = [
    "company",
    "bank",
    "agency",
    "firm",
    "corporation",
    "business",
    "startup",
    "start-up",
    "organisation",
    "organization",
    "nonprofit",
    "non-profit",
    "charity",
    "manufacturer",
    "retailer",
    "publisher",
    "provider",
    "conglomerate",
    "supplier",
    "insurer",
    "airline",
    "brewery",
    "consultancy",
    "cooperative",
    "subsidiary",
];

/// What organisations have and people do not.
const BELONGINGS: [&str; 12] = [
    "website",
    "resignation",
    "headquarters",
    "office",
    "offices",
    "spokesperson",
    "spokesman",
    "spokeswoman",
    "subsidiary",
    "shareholders",
    "employees",
    "franchise",
];

/// Words that begin a sentence or lead to a name and are no part of it.
const FUNCTION_WORDS: [&str; 34] = [
    "the", "a", "an", "at", "from", "in", "on", "by", "for", "with", "to", "of", "and", "or", "but", "if",
    "when", "our", "my", "your", "his", "her", "its", "their", "this", "that", "these", "those", "is", "was",
    "are", "as", "while", "during",
];

/// Finds them, before names are told by their words.
pub(super) fn read(reading: &mut Reading<'_>) {
    lines(reading);
    let mut at = 0;
    while at < reading.tokens.len() {
        let found = legal_form(reading, at)
            .map(|span| (span, 0.8, "a legal form"))
            .or_else(|| headed(reading, at).map(|span| (span, 0.7, "a head of names of organisations")))
            .or_else(|| partners(reading, at).map(|span| (span, 0.7, "partners joined")))
            .or_else(|| described(reading, at).map(|span| (span, 0.6, "said to be an organisation")))
            .or_else(|| owner(reading, at).map(|span| (span, 0.55, "what only organisations have")));
        at = match found {
            Some(((from, to), score, why)) => {
                reading.mark(from, to, &ORGANIZATION, score, why);
                to.max(at + 1)
            }
            None => at + 1,
        };
    }
}

fn is_function_word(word: &str) -> bool {
    FUNCTION_WORDS.iter().any(|function| word.eq_ignore_ascii_case(function))
}

/// The first token of the name that ends before `end`: capital words, what joins them, and a number at its head.
fn head_of(reading: &Reading<'_>, end: usize) -> usize {
    let mut from = end;
    let mut at = end;
    while at > end.saturating_sub(LONGEST) {
        let Some(before) = at.checked_sub(1) else { break };
        let Some(token) = reading.free(before) else { break };
        match token.sort {
            Sort::Title | Sort::Upper | Sort::Mixed => from = before,
            Sort::Number if from == before + 1 && from < end => {
                return before;
            }
            Sort::Mark('&') => {}
            Sort::Mark('.') if reading.word(before.wrapping_sub(1)).chars().count() == 1 => {}
            Sort::Mark(',') if before + 1 == end => {}
            Sort::Lower
                if matches!(reading.word(before), "of" | "and" | "und" | "et" | "y" | "de" | "for") =>
            {
                // Only between capital words.
                if from != before + 1
                    || from == end
                    || !before.checked_sub(1).is_some_and(|at| is_capital(reading, at))
                {
                    break;
                }
            }
            _ => break,
        }
        at = before;
    }
    while from < end && is_function_word(reading.word(from)) {
        from += 1;
    }
    from
}

fn is_capital(reading: &Reading<'_>, at: usize) -> bool {
    reading.free(at).is_some_and(|token| token.is_capital())
}

/// A name that ends in the legal form at the token.
fn legal_form(reading: &Reading<'_>, at: usize) -> Option<(usize, usize)> {
    let token = reading.free(at)?;
    let word = reading.word(at);
    let small = FORMS.iter().any(|form| word.eq_ignore_ascii_case(form));
    let rest = reading.text.get(token.start..)?;
    let dotted = DOTTED_FORMS.iter().find(|form| rest.starts_with(**form));
    if !small && dotted.is_none() && !CAPITAL_FORMS.contains(&word) {
        return None;
    }
    let from = head_of(reading, at);
    let to = if let Some(form) = dotted {
        let end = token.start + form.len();
        at + reading.tokens.iter().skip(at).take_while(|token| token.start < end).count()
    } else {
        let second = FORMS.iter().any(|form| reading.word(at + 1).eq_ignore_ascii_case(form));
        let last = at + usize::from(second);
        last + 1 + usize::from((small || second) && reading.is(last + 1, '.'))
    };
    if from < at {
        let lone = from + 1 == at && !small && dotted.is_none();
        // "Mr AB", "the SE": one short word does not make a name of what stands before it.
        return (!lone || reading.word(from).len() > 3).then_some((from, to));
    }
    (small && token.sort == Sort::Lower).then_some(())?;
    let unknown = |at: usize| {
        reading.free(at).is_some_and(|token| {
            token.sort == Sort::Lower
                && !token.senses.any(Senses::COMMON.or(Senses::VERB).or(Senses::PARTICLE).or(Senses::LABEL))
                && !is_function_word(reading.word(at))
        })
    };
    let words = (1..=3).take_while(|back| at.checked_sub(*back).is_some_and(unknown)).count();
    (words > 0).then(|| (at - words, to))
}

/// `National Bank of Greece`: a head, `of` or `for`, and words with capitals.
fn headed(reading: &Reading<'_>, at: usize) -> Option<(usize, usize)> {
    let token = reading.free(at)?;
    (token.sort == Sort::Title && HEADS.contains(&reading.word(at))).then_some(())?;
    matches!(reading.word(at + 1), "of" | "for").then_some(())?;
    let first = at + 2 + usize::from(reading.word(at + 2) == "the");
    is_capital(reading, first).then_some(())?;
    let mut end = first + 1;
    let mut next = end;
    while next < at + LONGEST {
        if is_capital(reading, next) {
            end = next + 1;
        } else if !matches!(reading.word(next), "of" | "and" | "the" | "for") {
            break;
        }
        next += 1;
    }
    Some((head_of(reading, at).min(at), end))
}

/// `Thomas & Sons`.
fn partners(reading: &Reading<'_>, at: usize) -> Option<(usize, usize)> {
    let joined = reading.is(at, '&') || reading.word(at) == "and";
    (joined && is_capital(reading, at + 1) && PARTNERS.contains(&reading.word(at + 1))).then_some(())?;
    let from = head_of(reading, at);
    (from < at).then_some((from, at + 2))
}

/// A capital run at the head of a sentence that is said to be an organisation; the verb stands at the token.
fn described(reading: &Reading<'_>, at: usize) -> Option<(usize, usize)> {
    matches!(reading.word(at), "is" | "was").then_some(())?;
    let from = head_of(reading, at);
    (from < at && reading.begins(from)).then_some(())?;
    if reading.word(at + 1) == "the" && reading.word(at + 2) == "brainchild" {
        return Some((from, at));
    }
    matches!(reading.word(at + 1), "a" | "an").then_some(())?;
    for place in at + 2..at + 11 {
        let token = reading.tokens.get(place)?;
        match token.sort {
            Sort::Line | Sort::Mark('.' | '!' | '?' | ';') => return None,
            Sort::Number if reading.word(place) == "501" => return Some((from, at)),
            Sort::Lower if SORTS.contains(&reading.word(place)) => {
                let follows = reading.tokens.get(place + 1);
                let closed = follows.is_none_or(|next| {
                    matches!(next.sort, Sort::Mark(_) | Sort::Line)
                        || matches!(
                            reading.word(place + 1),
                            "based"
                                | "that"
                                | "which"
                                | "in"
                                | "from"
                                | "of"
                                | "for"
                                | "with"
                                | "headquartered"
                                | "founded"
                        )
                });
                if closed {
                    return Some((from, at));
                }
            }
            _ => {}
        }
    }
    None
}

/// `the Acme website`: a capital run before what only organisations have.
fn owner(reading: &Reading<'_>, at: usize) -> Option<(usize, usize)> {
    let token = reading.free(at)?;
    (token.sort == Sort::Lower && BELONGINGS.contains(&reading.word(at))).then_some(())?;
    let from = head_of(reading, at);
    let first = reading.tokens.get(from).filter(|_| from < at)?;
    let named = reading.word(from.wrapping_sub(1)) == "the";
    let other = Senses::GIVEN
        .or(Senses::COMMON)
        .or(Senses::LABEL)
        .or(Senses::PLACE)
        .or(Senses::COUNTRY)
        .or(Senses::PEOPLE)
        .or(Senses::OCCUPATION)
        .or(Senses::GEOGRAPHIC);
    (named && !first.senses.any(Senses::COMMON.or(Senses::PLACE).or(Senses::COUNTRY))
        || !first.senses.any(other))
    .then_some((from, at))
}

/// A line of a text without the marks that quote it.
#[derive(Debug, Clone, Copy)]
struct Line {
    from: usize,
    to: usize,
}

/// The line between the line of a name and that of an address, or between a name and the same name again.
fn lines(reading: &mut Reading<'_>) {
    let lines = split(reading);
    let known = Known::of(reading);
    let mut found: Vec<Line> = Vec::new();
    let mut people: Vec<Line> = Vec::new();
    for (place, line) in lines.iter().enumerate().skip(1) {
        let (Some(before), Some(after)) = (lines.get(place - 1), lines.get(place + 1)) else { continue };
        if !is_title_line(reading, *line)
            || !(is_person_line(reading, &known, *before) || is_occupation(reading, &known, *before))
        {
            continue;
        }
        if found.last().is_some_and(|last| last.from == before.from) {
            continue;
        }
        let again = words(reading, *before) == words(reading, *after);
        let address = starts_address(reading, &known, *after);
        let deeper = !is_occupation(reading, &known, *before)
            || place
                .checked_sub(2)
                .and_then(|at| lines.get(at))
                .is_some_and(|line| is_person_line(reading, &known, *line));
        if (again || address) && deeper && words(reading, *before) != words(reading, *line) {
            found.push(*line);
            people.extend([Some(*before), again.then_some(*after)].into_iter().flatten());
        }
    }
    for line in people {
        let tokens = tokens_of(reading, line);
        let capital = tokens.iter().all(|token| token.is_capital() || token.is('.'));
        if capital && (line.from..line.to).all(|at| !reading.is_taken(at)) {
            reading.mark(
                line.from,
                line.to,
                &PERSON,
                0.6,
                "the line of a name above an organisation and an address",
            );
        }
    }
    for line in found {
        reading.mark(line.from, line.to, &ORGANIZATION, 0.6, "the line between a name and its address");
    }
}

fn split(reading: &Reading<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut from = 0;
    for at in 0..=reading.tokens.len() {
        if reading.tokens.get(at).is_none_or(|token| token.sort == Sort::Line) {
            let quoted = reading
                .tokens
                .get(from..at)
                .unwrap_or_default()
                .iter()
                .take_while(|token| matches!(token.sort, Sort::Mark('>' | '?' | '•' | '*' | '|' | '-')))
                .count();
            if from + quoted < at {
                lines.push(Line { from: from + quoted, to: at });
            }
            from = at + 1;
        }
    }
    lines
}

fn words<'t>(reading: &Reading<'t>, line: Line) -> &'t str {
    let (first, last) =
        (reading.tokens.get(line.from), line.to.checked_sub(1).and_then(|at| reading.tokens.get(at)));
    first.zip(last).and_then(|(first, last)| reading.text.get(first.start..last.end)).unwrap_or_default()
}

fn tokens_of<'r>(reading: &'r Reading<'_>, line: Line) -> &'r [Token] {
    reading.tokens.get(line.from..line.to).unwrap_or_default()
}

/// Whether a line may be the name of an organisation: up to six words, none taken, all with capitals or none.
fn is_title_line(reading: &Reading<'_>, line: Line) -> bool {
    let tokens = tokens_of(reading, line);
    let free = (line.from..line.to).all(|at| !reading.is_taken(at));
    let fits = tokens.iter().all(|token| {
        token.is_capital()
            || matches!(token.sort, Sort::Lower | Sort::Number | Sort::Mark('&' | '.' | ',' | '-'))
    });
    let place = Senses::COUNTRY.or(Senses::PLACE).or(Senses::STREET).or(Senses::UNIT);
    let named = tokens.iter().any(|token| !token.senses.any(place) && token.sort != Sort::Number);
    let numbers = tokens.iter().filter(|token| token.sort == Sort::Number).count();
    let labels = tokens.first().is_some_and(|token| token.senses.any(Senses::LABEL)) && tokens.len() <= 2;
    free && fits && named && numbers <= 1 && tokens.len() <= 6 && !labels
}

/// Whether a line may be the name of a person: two to five words and nothing else.
fn is_person_line(reading: &Reading<'_>, known: &Known, line: Line) -> bool {
    let tokens = tokens_of(reading, line);
    let words = tokens.iter().filter(|token| token.is_capital() || token.sort == Sort::Lower).count();
    (2..=5).contains(&words)
        && tokens.iter().all(|token| {
            token.is_capital() || matches!(token.sort, Sort::Lower | Sort::Mark('.' | '\'' | '-'))
        })
        && known.kind_at(reading, line.from).is_none_or(|id| id == "TITLE")
}

fn is_occupation(reading: &Reading<'_>, known: &Known, line: Line) -> bool {
    known.kind_at(reading, line.from) == Some("TITLE") && line.to - line.from <= 6
}

/// Whether the first or second token of a line is taken as an address, or speaks of a box or unit.
fn starts_address(reading: &Reading<'_>, known: &Known, line: Line) -> bool {
    let unit = reading.tokens.get(line.from).is_some_and(|token| token.senses.any(Senses::UNIT));
    unit || known.kind_at(reading, line.from) == Some("STREET_ADDRESS")
}

/// What was found before, in order of place.
struct Known(Vec<(usize, usize, &'static str)>);

impl Known {
    fn of(reading: &Reading<'_>) -> Self {
        let mut known: Vec<_> = reading.found.iter().map(|hit| (hit.start, hit.end, hit.kind.id)).collect();
        known.sort_unstable();
        Self(known)
    }

    /// What the token at a place was taken as.
    fn kind_at(&self, reading: &Reading<'_>, at: usize) -> Option<&'static str> {
        let start = reading.tokens.get(at).filter(|_| reading.is_taken(at))?.start;
        let place = self.0.partition_point(|(begin, ..)| *begin <= start).checked_sub(1)?;
        self.0.get(place).filter(|(_, end, _)| start < *end).map(|(.., id)| *id)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::found;

    fn organisations(text: &str) -> Vec<&str> {
        found(text).into_iter().filter(|(kind, _)| *kind == "ORGANIZATION").map(|(_, text)| text).collect()
    }

    #[test]
    fn legal_forms_of_many_countries_end_a_name() {
        for name in [
            "Nordwind Logistik GmbH",
            "Fjordkraft Maritim ASA",
            "Banco Querencia S.A.",
            "Tanaka Seiki K.K.",
            "Wollongong Freight Pty Ltd",
            "Acme Widgets, Inc.",
            "3 Bright Kettles Inc.",
        ] {
            assert_eq!(organisations(&format!("She joined {name} in May.")), [name], "{name}");
        }
        assert_eq!(organisations("selma is from glowmere telemetrix inc."), ["glowmere telemetrix inc."]);
        assert_eq!(organisations("the inc. of the law"), Vec::<&str>::new());
    }

    #[test]
    fn heads_and_partners_make_a_name() {
        assert_eq!(
            organisations("He studied at the Royal Institute of Technology then."),
            ["Royal Institute of Technology"]
        );
        assert_eq!(organisations("We pay Okafor & Sons monthly."), ["Okafor & Sons"]);
        assert_eq!(organisations("a bank of snow"), Vec::<&str>::new());
    }

    #[test]
    fn what_is_said_to_be_a_company_is_one_and_who_works_in_one_is_not() {
        assert_eq!(organisations("Zentrivo is a design agency based in Lyon."), ["Zentrivo"]);
        assert_eq!(organisations("Marta is a bank manager in Lyon."), Vec::<&str>::new());
        assert_eq!(organisations("It says so on the Morgan Vale website."), ["Morgan Vale"]);
    }

    #[test]
    fn the_line_between_a_name_and_its_address_is_an_organisation() {
        assert_eq!(
            organisations("Anna Kowalska\nBrightpath Care\n12 Brixton Lane\nLeeds"),
            ["Brightpath Care"]
        );
        assert_eq!(organisations("Anna Kowalska\n12 Brixton Lane\nLeeds"), Vec::<&str>::new());
    }
}
