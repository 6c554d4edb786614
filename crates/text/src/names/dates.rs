//! Dates, times and ages (ISO 8601, day and month with marks, names of months and days, ages in words for them).

use super::lexicon::Senses;
use super::reading::Reading;
use super::tokens::Sort;
use crate::hit::{Class, Kind};

static DATE: Kind = Kind { id: "DATE_TIME", name: "a date or time", class: Class::Named };
static AGE: Kind = Kind { id: "AGE", name: "an age", class: Class::Named };

/// Finds dates, times and ages.
pub(super) fn read(reading: &mut Reading<'_>) {
    let mut at = 0;
    while at < reading.tokens.len() {
        at = date(reading, at).or_else(|| age(reading, at)).unwrap_or(at + 1);
    }
}

/// A date at the token, and the token behind it.
fn date(reading: &mut Reading<'_>, at: usize) -> Option<usize> {
    let token = *reading.tokens.get(at)?;
    match token.sort {
        Sort::Number => {
            digits(reading, at).or_else(|| day_of_month(reading, at)).or_else(|| year(reading, at))
        }
        Sort::Title if token.senses.any(Senses::MONTH) => month(reading, at),
        Sort::Title if token.senses.any(Senses::DAY) => {
            reading.mark(at, at + 1, &DATE, 0.6, "the name of a day");
            Some(at + 1)
        }
        _ => None,
    }
}

/// A date or time in digits.
fn digits(reading: &mut Reading<'_>, at: usize) -> Option<usize> {
    let start = reading.tokens.get(at)?.start;
    let before = reading.text.as_bytes().get(start.checked_sub(1).unwrap_or(usize::MAX)).copied();
    if before.is_some_and(|byte| b"-/.:".contains(&byte)) {
        return None;
    }
    let rest = reading.text.as_bytes().get(start..)?;
    let length =
        calendar(rest).map_or_else(|| clock(rest, reading.word(at.wrapping_sub(1)) == "at"), Some)?;
    let next = rest.get(length).copied();
    if next.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-/".contains(&byte)) {
        return None;
    }
    Some(reading.mark_bytes(at, start + length, &DATE, 0.8, "the form of a date"))
}

/// The length of a calendar date, with a time behind it.
fn calendar(rest: &[u8]) -> Option<usize> {
    let mut numbers = [(0_u32, 0_usize); 3];
    let (mut at, mut mark) = (0, None);
    for (index, slot) in numbers.iter_mut().enumerate() {
        let run = rest.get(at..)?.iter().take(5).take_while(|byte| byte.is_ascii_digit()).count();
        let value = rest.get(at..at + run)?.iter().fold(0, |value, byte| value * 10 + u32::from(byte - b'0'));
        *slot = (value, run);
        at += run;
        if index < 2 {
            let byte = *rest.get(at)?;
            if !b"-/.".contains(&byte) || mark.is_some_and(|mark| mark != byte) {
                return None;
            }
            mark = Some(byte);
            at += 1;
        }
    }
    let [(a, a_length), (b, b_length), (c, c_length)] = numbers;
    let year = |value: u32, length: usize| length == 4 && (1800..2200).contains(&value);
    let small =
        |value: u32, length: usize, most: u32| (1..=2).contains(&length) && (1..=most).contains(&value);
    let ordered = year(a, a_length) && small(b, b_length, 12) && small(c, c_length, 31);
    let reversed = (year(c, c_length) || c_length == 2 && mark == Some(b'/'))
        && (small(a, a_length, 31) && small(b, b_length, 12)
            || small(a, a_length, 12) && small(b, b_length, 31));
    (ordered || reversed).then_some(())?;
    let gap = usize::from(matches!(rest.get(at), Some(b' ' | b'T')));
    Some(
        rest.get(at + gap..)
            .and_then(|rest| clock(rest, true))
            .filter(|_| gap == 1)
            .map_or(at, |time| at + gap + time),
    )
}

/// The length of a time of day; without `told` it needs its half of the day.
fn clock(rest: &[u8], told: bool) -> Option<usize> {
    let digit = |at: usize| rest.get(at).is_some_and(u8::is_ascii_digit);
    let hours = usize::from(digit(0)) + usize::from(digit(1));
    (hours > 0 && !digit(2) && rest.get(hours) == Some(&b':') && digit(hours + 1) && digit(hours + 2))
        .then_some(())?;
    let mut at = hours + 3;
    if rest.get(at) == Some(&b':') && digit(at + 1) && digit(at + 2) {
        at += 3;
    }
    let gap = usize::from(rest.get(at) == Some(&b' '));
    let half =
        rest.get(at + gap..at + gap + 2).is_some_and(|half| matches!(half, b"am" | b"pm" | b"AM" | b"PM"));
    if half {
        return Some(at + gap + 2);
    }
    told.then_some(at)
}

/// `May 1st, 1977`, `June 2004`, `in May`.
fn month(reading: &mut Reading<'_>, at: usize) -> Option<usize> {
    let day = reading.number(at + 1).filter(|&(value, _)| (1..=31).contains(&value)).map(|_| at + 2);
    let comma = day.filter(|&next| reading.is(next, ',')).map_or(day.unwrap_or(at + 1), |next| next + 1);
    let year = reading.number(comma).filter(|&(value, length)| length == 4 && (1000..2200).contains(&value));
    let end = match (day, year) {
        (_, Some(_)) => comma + 1,
        (Some(day), None) => day,
        (None, None) => {
            let led = ["in", "since", "until", "of", "last", "next", "this", "by", "during", "from"];
            led.contains(&reading.word(at.wrapping_sub(1))).then_some(at + 1)?
        }
    };
    reading.mark(at, end, &DATE, 0.7, "a month with its day or year");
    Some(end)
}

/// `1st of May 1977`, `12 June`.
fn day_of_month(reading: &mut Reading<'_>, at: usize) -> Option<usize> {
    reading.number(at).filter(|&(value, length)| length <= 2 && (1..=31).contains(&value))?;
    let month = if reading.word(at + 1) == "of" { at + 2 } else { at + 1 };
    let named = reading.tokens.get(month)?;
    (named.sort == Sort::Title && named.senses.any(Senses::MONTH)).then_some(())?;
    let year =
        reading.number(month + 1).is_some_and(|(value, length)| length == 4 && (1000..2200).contains(&value));
    let end = month + 1 + usize::from(year);
    reading.mark(at, end, &DATE, 0.7, "a month with its day or year");
    Some(end)
}

/// A year where a word announces one, or all the text is one.
fn year(reading: &mut Reading<'_>, at: usize) -> Option<usize> {
    reading.number(at).filter(|&(value, length)| length == 4 && (1850..2100).contains(&value))?;
    let before = reading.word(at.wrapping_sub(1));
    let led = [
        "in", "since", "until", "year", "of", "by", "during", "from", "after", "before", "early", "late",
        "circa",
    ];
    let alone = reading.tokens.len() == 1;
    let capital = reading.tokens.get(at + 1).is_some_and(super::tokens::Token::is_capital);
    ((led.contains(&before) && !capital) || alone).then_some(())?;
    reading.mark(at, at + 1, &DATE, 0.6, "a year where one is spoken of");
    Some(at + 1)
}

/// An age: `79 year old`, `aged 31`, `turned 50`.
fn age(reading: &mut Reading<'_>, at: usize) -> Option<usize> {
    reading.number(at).filter(|&(value, length)| length <= 3 && (1..=120).contains(&value))?;
    let (back, further) = (reading.word(at.wrapping_sub(1)), reading.word(at.wrapping_sub(2)));
    let skip = usize::from(reading.is(at + 1, '-'));
    let next = reading.word(at + 1 + skip);
    let old = matches!(next, "year-old" | "years-old")
        || matches!(next, "year" | "years" | "yr" | "yrs")
            && ["old", "of"]
                .contains(&reading.word(at + 2 + skip + usize::from(reading.is(at + 2 + skip, '-'))));
    let led = matches!(back, "aged" | "turned" | "turn" | "turns" | "age")
        || (matches!(back, "of" | "is") && further == "age")
        || (reading.is(at.wrapping_sub(1), ':') && further.eq_ignore_ascii_case("age"));
    let ends = reading
        .tokens
        .get(at + 1)
        .is_none_or(|next| matches!(next.sort, Sort::Mark('.' | ',' | '!' | '?') | Sort::Line));
    let said = matches!(back, "I'm" | "am" | "He's" | "She's" | "he's" | "she's") && ends;
    (old || led || said).then_some(())?;
    reading.mark(at, at + 1, &AGE, 0.7, "a number of years with a word for age");
    Some(at + 1)
}

#[cfg(test)]
mod tests {
    use super::super::testing::found;

    #[test]
    fn dates_are_found_in_digits_and_words() {
        assert_eq!(found("on 1992-11-12 07:04:41."), [("DATE_TIME", "1992-11-12 07:04:41")]);
        assert_eq!(found("It's 11/3/1995"), [("DATE_TIME", "11/3/1995")]);
        assert_eq!(found("bought on May 1st, 1977"), [("DATE_TIME", "May 1st, 1977")]);
        assert_eq!(found("bought in 1972."), [("DATE_TIME", "1972")]);
    }

    #[test]
    fn versions_and_plain_numbers_are_no_dates() {
        assert_eq!(found("release 10.2.33 of it"), []);
        assert_eq!(found("there were 1972 of them"), []);
        assert_eq!(found("you may go"), []);
    }

    #[test]
    fn an_age_needs_a_word_for_it() {
        assert_eq!(found("a 79 year old female"), [("AGE", "79")]);
        assert_eq!(found("my brother turned 53"), [("AGE", "53")]);
        assert_eq!(found("it took 53 minutes"), []);
    }
}
