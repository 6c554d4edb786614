//! Postal addresses: a house number beside the name of a street, parts of a house, post boxes, and the lines behind them.
//!
//! Inside a sentence an address is one span to its end; in a block of lines each line is its own: the street, the town, the
//! country, the postcode.

use super::lexicon::Senses;
use super::reading::Reading;
use super::tokens::{Sort, Token};
use crate::hit::{Class, Kind};

static ADDRESS: Kind = Kind { id: "STREET_ADDRESS", name: "a postal address", class: Class::Named };
static POSTCODE: Kind = Kind { id: "ZIP_CODE", name: "a postcode", class: Class::Named };
pub(super) static PLACE: Kind = Kind { id: "GPE", name: "a country, region or town", class: Class::Named };

/// Longest street part, in tokens.
const STREET: usize = 12;
/// Longest rest of an address in a sentence, in tokens.
const REST: usize = 14;
/// Lines of a block behind its street.
const LINES: usize = 5;

/// Finds addresses and postcodes.
pub(super) fn read(reading: &mut Reading<'_>) {
    let mut at = 0;
    while at < reading.tokens.len() {
        at = address(reading, at).or_else(|| postcode(reading, at)).unwrap_or(at + 1);
    }
}

/// An address that begins at the token, and the token behind it.
fn address(reading: &mut Reading<'_>, at: usize) -> Option<usize> {
    let token = reading.free(at)?;
    let fits = match token.sort {
        Sort::Number => is_house_number(reading, at),
        _ => token.is_capital(),
    };
    fits.then_some(())?;
    let end = street(reading, at)?;
    let inline = !token.leads && !labelled_line(reading, at);
    if inline || reading.before(at).eq_ignore_ascii_case("address") {
        let end = rest(reading, end);
        reading.mark(at, end, &ADDRESS, 0.75, "a house number, a street and what follows them");
        return Some(end);
    }
    reading.mark(at, end, &ADDRESS, 0.75, "a house number and a street");
    Some(block(reading, end))
}

/// Whether the line begins with a name and the address stands behind it.
fn labelled_line(reading: &Reading<'_>, at: usize) -> bool {
    let mut back = at;
    while let Some(before) = back.checked_sub(1).and_then(|back| reading.tokens.get(back)) {
        if before.sort == Sort::Line {
            break;
        }
        if !(before.is_capital() || before.is('.')) {
            return false;
        }
        back -= 1;
    }
    back < at && reading.tokens.iter().skip(at).any(|token| token.sort == Sort::Line)
}

/// A number that can be that of a house: digits with a letter at most, not a price, a part or a decimal.
fn is_house_number(reading: &Reading<'_>, at: usize) -> bool {
    let Some(token) = reading.tokens.get(at) else { return false };
    let word = reading.word(at);
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let glued = |at: usize, start: usize| {
        reading.tokens.get(at).is_some_and(|before| before.end == start && before.sort != Sort::Line)
    };
    let before = at.checked_sub(1).filter(|&before| glued(before, token.start));
    let marked = before.is_some_and(|before| !reading.is(before, '>') && !reading.is(before, '('));
    (1..=6).contains(&digits) && word.len() <= digits + 1 && !marked
}

/// The end of a street part at the token, if there is one.
fn street(reading: &Reading<'_>, at: usize) -> Option<usize> {
    if let Some(end) = unit(reading, at) {
        // A part of a house, with the number and street behind it.
        return Some(street_after(reading, end).unwrap_or(end));
    }
    let first = reading.tokens.get(at)?;
    let (mut end, mut words, mut numbers, mut kinds) = (at, 0, 0, 0);
    let mut cursor = at;
    while cursor < at + STREET {
        let Some(token) = reading.free(cursor) else { break };
        match token.sort {
            Sort::Number if is_house_number(reading, cursor) => {
                numbers += 1;
                cursor += 1;
                end = cursor;
                // A name, its number: the street ends here, but for a second number before any name.
                if words > 0 {
                    break;
                }
            }
            Sort::Title | Sort::Upper | Sort::Mixed => {
                if is_prose(token) && !(words > 0 && token.senses.any(Senses::STREET)) {
                    break;
                }
                kinds += usize::from(
                    token.senses.any(Senses::STREET) && !(token.senses.any(Senses::COMMON) && words == 0),
                );
                words += 1;
                cursor += 1;
                end = cursor;
            }
            Sort::Lower => {
                let street = token.senses.any(Senses::STREET) && !token.senses.any(Senses::COMMON);
                let particle = token.senses.any(Senses::PARTICLE) && words > 0
                    || ["u", "utca", "út"].contains(&reading.word(cursor));
                if !(street || particle) {
                    break;
                }
                kinds += usize::from(street);
                cursor += 1;
                if street {
                    words += 1;
                    end = cursor;
                }
            }
            Sort::Mark('.')
                if words > 0
                    && reading.tokens.get(cursor + 1).is_some_and(|next| next.sort == Sort::Number) =>
            {
                cursor += 1;
            }
            Sort::Mark('\'' | '’' | '-' | '/') => cursor += 1,
            _ => break,
        }
    }
    let unit = unit_across_line(reading, end);
    let led = ["at", "address", "to", "live", "lives", "in", "is", "on", "with"]
        .iter()
        .any(|word| reading.before(at).eq_ignore_ascii_case(word));
    let numbered_first = first.sort == Sort::Number;
    let enough = match (numbered_first, numbers) {
        (true, 1) => words > 0 && (kinds > 0 || unit.is_some() || (led && words <= 4 && words >= 2)),
        (true, _) => words > 0,
        (false, 0) => false,
        (false, _) => words > 0 && (kinds > 0 || unit.is_some()) && words <= 5,
    };
    enough.then_some(())?;
    Some(unit.unwrap_or(end))
}

/// A street part behind a part of a house in the same line.
fn street_after(reading: &Reading<'_>, at: usize) -> Option<usize> {
    let at = if reading.is(at, ',') { at + 1 } else { at };
    (reading.tokens.get(at)?.sort == Sort::Number && unit(reading, at).is_none()).then_some(())?;
    street(reading, at)
}

/// `Apt. 12`, `Suite 4B`, `P.O. Box 9`, `PSC 12, Box 9`, `Unit 7`.
fn unit(reading: &Reading<'_>, at: usize) -> Option<usize> {
    let number =
        |at: usize| reading.tokens.get(at).filter(|token| token.sort == Sort::Number).map(|_| at + 1);
    let word = reading.word(at);
    let token = reading.free(at)?;
    if word == "P"
        && reading.is(at + 1, '.')
        && reading.word(at + 2) == "O"
        && reading.is(at + 3, '.')
        && reading.word(at + 4) == "Box"
    {
        return number(at + 5);
    }
    if word == "PO" && reading.word(at + 1) == "Box" {
        return number(at + 2);
    }
    if matches!(word, "PSC" | "Unit" | "CMR") {
        let next = number(at + 1)?;
        let comma = next + usize::from(reading.is(next, ','));
        return Some(if reading.word(comma) == "Box" { number(comma + 1).unwrap_or(next) } else { next });
    }
    (token.senses.any(Senses::UNIT) && token.is_capital()).then_some(())?;
    let stop = at + 1 + usize::from(reading.is(at + 1, '.'));
    number(stop)
}

/// A part of a house behind a comma or in the next line.
fn unit_across_line(reading: &Reading<'_>, at: usize) -> Option<usize> {
    let mut next = at;
    while next < at + 2 && (reading.is(next, ',') || reading.is(next, '.') || is_line(reading, next)) {
        next += 1;
    }
    // In a block the next line is its own.
    (next == at || !is_line(reading, next - 1)).then(|| unit(reading, next)).flatten()
}

fn is_line(reading: &Reading<'_>, at: usize) -> bool {
    reading.tokens.get(at).is_some_and(|token| token.sort == Sort::Line)
}

/// Whether a capital word is one of the language that begins a sentence, and no part of a name of places.
fn is_prose(token: Token) -> bool {
    token.senses.any(Senses::COMMON.or(Senses::LABEL))
        && !token.senses.any(
            Senses::PLACE
                .or(Senses::COUNTRY)
                .or(Senses::GEOGRAPHIC)
                .or(Senses::GIVEN)
                .or(Senses::FAMILY)
                .or(Senses::STREET),
        )
}

/// The end of what belongs to an address in a sentence: town, country, postcode, over line ends.
fn rest(reading: &Reading<'_>, from: usize) -> usize {
    let (mut end, mut at) = (from, from);
    while at < from + REST {
        let Some(token) = reading.free(at) else { break };
        match token.sort {
            Sort::Number if is_house_number(reading, at) || reading.word(at).len() <= 8 => end = at + 1,
            Sort::Title | Sort::Upper | Sort::Mixed if !is_prose(token) => end = at + 1,
            Sort::Lower if token.senses.any(Senses::PARTICLE) || reading.word(at) == "nan" => {}
            Sort::Mark(',' | '-' | '.' | '\'' | '(' | ')' | '/') => {
                let sentence =
                    token.is('.') && reading.tokens.get(at + 1).is_none_or(|next| next.start > token.end);
                if sentence
                    && !reading.tokens.get(at + 1).is_some_and(|next| next.sort == Sort::Number)
                    && !is_unit(reading, at)
                {
                    break;
                }
            }
            Sort::Line if !is_line(reading, at + 1) => {}
            _ => break,
        }
        at += 1;
    }
    end
}

/// Whether the full stop at a token belongs to a part of a house.
fn is_unit(reading: &Reading<'_>, at: usize) -> bool {
    at.checked_sub(1)
        .and_then(|word| reading.tokens.get(word))
        .is_some_and(|word| word.senses.any(Senses::UNIT.or(Senses::STREET)))
}

/// The lines behind the street of a block: parts of the house, town, country with postcode.
fn block(reading: &mut Reading<'_>, from: usize) -> usize {
    let mut at = from;
    for _ in 0..LINES {
        while reading.is(at, ',') || reading.is(at, '>') {
            at += 1;
        }
        if let Some(end) = unit(reading, at).or_else(|| {
            street(reading, at)
                .filter(|_| reading.tokens.get(at).is_some_and(|token| token.sort == Sort::Number))
        }) {
            reading.mark(at, end, &ADDRESS, 0.75, "a line of an address");
            at = end;
            continue;
        }
        if is_line(reading, at) {
            at += 1;
            while reading.is(at, ',') || reading.is(at, '>') {
                at += 1;
            }
            if is_line(reading, at) {
                at += 1;
            }
        }
        if unit(reading, at).is_some() {
            continue;
        }
        let start = at;
        while let Some(token) = reading.free(at) {
            let place = match token.sort {
                Sort::Title | Sort::Upper | Sort::Mixed => !is_prose(token),
                Sort::Lower => at > start && token.senses.any(Senses::PARTICLE) || reading.word(at) == "nan",
                Sort::Mark('-' | '\'' | '(' | ')') => at > start,
                Sort::Mark('.') => {
                    at > start
                        && reading
                            .tokens
                            .get(at + 1)
                            .is_some_and(|next| next.start == token.end || next.is_capital())
                }
                _ => false,
            };
            if !place || at > start + 6 {
                break;
            }
            at += 1;
        }
        let named = reading.tokens.iter().skip(start).take(at - start).any(Token::is_capital);
        let ends = reading
            .tokens
            .get(at)
            .is_none_or(|next| matches!(next.sort, Sort::Line | Sort::Number | Sort::Mark(',')));
        if named && ends {
            reading.mark(start, at, &PLACE, 0.6, "a line of an address");
        } else if at > start {
            return start;
        }
        if reading.tokens.get(at).is_some_and(|token| token.sort == Sort::Number) {
            let end = postal(reading, at);
            let kind = if named { &ADDRESS } else { &POSTCODE };
            reading.mark(at, end, kind, 0.6, "the postcode of an address");
            at = end;
        }
        if !(is_line(reading, at) || reading.is(at, ',')) {
            break;
        }
    }
    at
}

/// The end of a postcode of one or two groups.
fn postal(reading: &Reading<'_>, at: usize) -> usize {
    let joined = at + 1 + usize::from(reading.is(at + 1, '-'));
    let group = |at: usize| {
        reading.tokens.get(at).is_some_and(|token| token.sort == Sort::Number) && reading.word(at).len() <= 4
    };
    if group(joined) { joined + 1 } else { at + 1 }
}

/// A postcode that its name announces, or that stands behind a place.
fn postcode(reading: &mut Reading<'_>, at: usize) -> Option<usize> {
    let token = reading.free(at)?;
    (token.sort == Sort::Number && (3..=7).contains(&reading.word(at).len())).then_some(())?;
    let label = reading.before(at).to_ascii_lowercase();
    matches!(label.as_str(), "zip" | "zipcode" | "postcode" | "postal" | "plz").then_some(()).or_else(
        || {
            let code = label == "code"
                && ["zip", "postal", "Zip", "ZIP", "Postal"].contains(&reading.word(at.wrapping_sub(3)));
            code.then_some(())
        },
    )?;
    let end = postal(reading, at);
    reading.mark(at, end, &POSTCODE, 0.8, "a number behind a word for postcodes");
    Some(end)
}

/// Takes the postcode behind a place that ends at the token, if one stands there.
pub(super) fn postcode_behind(reading: &mut Reading<'_>, at: usize) {
    let number = reading.free(at).is_some_and(|token| token.sort == Sort::Number);
    if number && (4..=6).contains(&reading.word(at).len()) {
        let end = postal(reading, at);
        reading.mark(at, end, &POSTCODE, 0.6, "a number behind a place");
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::found;

    #[test]
    fn an_address_in_a_sentence_is_one_span() {
        assert_eq!(
            found("Our offices are located at 6750 Koskikatu 25 Apt. 864 Tampere Finland 64677."),
            [("STREET_ADDRESS", "6750 Koskikatu 25 Apt. 864 Tampere Finland 64677")]
        );
    }

    #[test]
    fn a_block_of_lines_is_taken_line_by_line() {
        assert_eq!(
            found("William Hughes\n\n20789 Allika 46\nSuite 501\nRiisa\nEstonia 62488"),
            [
                ("PERSON", "William Hughes"),
                ("STREET_ADDRESS", "20789 Allika 46"),
                ("STREET_ADDRESS", "Suite 501"),
                ("GPE", "Riisa"),
                ("GPE", "Estonia"),
                ("STREET_ADDRESS", "62488"),
            ]
        );
    }

    #[test]
    fn post_boxes_and_postcodes_are_found_and_counts_are_not() {
        assert_eq!(found("it is on P.O. Box 104"), [("STREET_ADDRESS", "P.O. Box 104")]);
        assert_eq!(found("ZIP: 8592"), [("ZIP_CODE", "8592")]);
        assert_eq!(found("we sold 20 Songs and 3 Videos"), []);
    }
}
