//! Telephone numbers: international (ITU-T E.164), and as national plans write them (ITU-T E.123).

use super::number::is_near;
use crate::bytes::{self, DIGITS, WORD, span};
use crate::hit::{Class, Kind, Raw};

static PHONE: Kind = Kind { id: "PHONE_NUMBER", name: "a telephone number", class: Class::Pattern };

/// A telephone number: international (ITU-T E.164) or in the groups of a country's own writing.
pub(super) fn phone(text: &[u8], start: usize) -> Option<Raw> {
    let before = bytes::before(text, start);
    if before.is_some_and(|byte| WORD.has(byte) || b"+.-/(".contains(&byte)) {
        return None;
    }
    // The tail of a longer number is no number of its own.
    if before.is_some_and(|byte| b" -".contains(&byte))
        && start.checked_sub(2).and_then(|at| bytes::at(text, at)).is_some_and(|byte| DIGITS.has(byte))
    {
        return None;
    }
    let tail = span(text, start, start + 32);
    let (mut count, mut end, mut marks, mut groups, mut fresh) = (0, 0, 0, 0, true);
    for (at, &byte) in tail.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                count += 1;
                end = at + 1;
                groups += usize::from(fresh);
                fresh = false;
            }
            b' ' | b'-' | b'.' | b'(' | b')' | b'/' => {
                let last = at.checked_sub(1).and_then(|at| bytes::at(tail, at));
                if last == Some(byte) {
                    break;
                }
                marks += 1;
                fresh = true;
            }
            b'+' if at == 0 => {}
            b'x' if count >= 9 => {
                let digits = DIGITS.run(tail.get(at + 1..)?, 6);
                if digits > 0 {
                    end = at + 1 + digits;
                }
                break;
            }
            _ => break,
        }
        if count > 15 {
            return None;
        }
    }
    let number = tail.get(..end)?;
    if bytes::at(text, start + end).is_some_and(|next| WORD.has(next)) {
        return None;
    }
    let international = number.starts_with(b"+") && (8..=15).contains(&count);
    // A short or overlong run can be none, so the words near it are not looked for.
    if !international && (!(7..=15).contains(&count) || continues(text, start + end) || is_other(number)) {
        return None;
    }
    let near = is_near(
        text,
        start,
        start + end,
        &[
            "phone",
            "call",
            "tel",
            "mobile",
            "cell",
            "fax",
            "my number",
            "number is",
            "office",
            "answering",
            "messages to",
            "reach me",
            "reach him",
            "reach her",
            "registered",
            "voicemail",
            "contact",
            "dial",
            "whatsapp",
            "sms",
            "☎",
        ],
    );
    if !international && is_near(text, start, start + end, OTHERS) {
        return None;
    }
    let local = (9..=13).contains(&count) && marks >= 1 && (2..=6).contains(&groups);
    let score = match (international, local, near) {
        (true, ..) => 0.85,
        (_, true, true) => 0.75,
        (_, true, false) if is_national(number) => 0.5,
        (_, false, true) if (7..=15).contains(&count) => 0.5,
        (..) => return None,
    };
    let why = if international { "international form (E.164)" } else { "grouped as telephone numbers are" };
    Some(Raw::new(&PHONE, start, start + end, score, why))
}

/// Words of numbers that are no telephone numbers.
const OTHERS: &[&str] = &[
    "ssn",
    "social security",
    "license",
    "licence",
    "card",
    "passport",
    "iban",
    "account number",
    "invoice",
    "order number",
    "tax id",
];

/// How labels begin that stand behind a number with a hyphen: `-Fax`.
const LABELS: [&[u8]; 7] = [b"fax", b"off", b"mob", b"hom", b"wor", b"cel", b"tel"];

/// Whether what stands at `end` makes the number part of something longer: a mark with a letter or digit behind it.
fn continues(text: &[u8], end: usize) -> bool {
    let label = span(text, end + 1, end + 4).to_ascii_lowercase();
    !LABELS.contains(&label.as_slice())
        && bytes::at(text, end).is_some_and(|byte| b"-./:@=".contains(&byte))
        && bytes::at(text, end + 1).is_some_and(|next| WORD.has(next))
}

/// Whether digits with marks are rather a decimal, a date (ISO 8601 or day, month and year) or an IPv4 address.
fn is_other(number: &[u8]) -> bool {
    let groups: Vec<&[u8]> = number.split(|byte| !DIGITS.has(*byte)).collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let dots = number.split(|byte| *byte == b'.').count().saturating_sub(1);
    match lengths.as_slice() {
        [_, _] => dots == 1,
        [4, 1 | 2, 1 | 2, ..] => {
            groups.first().is_some_and(|year| year.starts_with(b"19") || year.starts_with(b"20"))
        }
        [1 | 2, 1 | 2, 4] => {
            groups.last().is_some_and(|year| year.starts_with(b"19") || year.starts_with(b"20"))
        }
        [1..=3, 1..=3, 1..=3, 1..=3] => dots == 3,
        _ => false,
    }
}

/// Whether a number without a country's code is written as a national plan has it: with the trunk prefix 0 (ITU-T E.123),
/// or as ten digits of the North American plan, whose area and exchange both begin with 2 to 9.
fn is_national(number: &[u8]) -> bool {
    let number = number.split(|byte| *byte == b'x').next().unwrap_or_default();
    let digits: Vec<u8> = number.iter().copied().filter(|&byte| DIGITS.has(byte)).collect();
    if digits.first() == Some(&b'0') {
        return (9..=14).contains(&digits.len()) && digits.get(1..3).is_some_and(|next| next != b"00");
    }
    let plan = digits.strip_prefix(b"1").filter(|rest| rest.len() == 10).unwrap_or(&digits);
    let groups: Vec<usize> =
        number.split(|byte| !DIGITS.has(*byte)).map(<[u8]>::len).filter(|&length| length > 0).collect();
    plan.len() == 10
        && groups.ends_with(&[3, 4])
        && [0, 3].iter().all(|&at| plan.get(at).is_some_and(|byte| (b'2'..=b'9').contains(byte)))
}

#[cfg(test)]
mod tests {
    use super::phone;

    fn is_phone(text: &str) -> bool {
        phone(text.as_bytes(), 0).is_some()
    }

    #[test]
    fn a_number_of_a_national_plan_is_a_telephone_number() {
        assert!(is_phone("(212) 555-0187"));
        assert!(is_phone("020 7946 0958"));
        assert!(is_phone("+49 30 901820"));
    }

    #[test]
    fn a_date_a_decimal_and_the_head_of_an_identifier_are_none() {
        assert!(!is_phone("2024-01-02 10"));
        assert!(!is_phone("212555.0187"));
        assert!(!is_phone("212-555-0187-ab"));
        assert!(!is_phone("112-155-0187"));
    }
}
