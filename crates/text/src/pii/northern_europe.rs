//! Numbers of Denmark, Finland, Norway and Sweden.

use super::number::{Number, all_digits, date, digits, number, pair};
use crate::checksum::{digit, luhn, weighted};

/// The kinds of this family.
pub(super) static NUMBERS: &[Number] = &[
    number(
        "SE_PERSONNUMMER",
        "a Swedish personal number (Luhn)",
        (10, 12),
        swedish,
        0.4,
        &["personnummer", "swedish"],
    )
    .grouped(&[&[6, 4], &[8, 4], &[10], &[12]]),
    number(
        "SE_ORGANISATIONSNUMMER",
        "a Swedish organisation number (Luhn)",
        (10, 10),
        |n| all_digits(n) && luhn(n) && n.get(2).is_some_and(|third| *third >= b'2'),
        0.4,
        &["organisationsnummer", "orgnummer", "org.nr"],
    )
    .grouped(&[&[6, 4], &[10]]),
    number(
        "NO_FODSELSNUMMER",
        "a Norwegian birth number (mod 11)",
        (11, 11),
        norwegian,
        0.5,
        &["fødselsnummer", "personnummer"],
    ),
    number(
        "DK_CPR",
        "a Danish CPR number",
        (10, 10),
        |n| all_digits(n) && date(n, 0, 2),
        0.2,
        &["cpr", "personnummer"],
    )
    .grouped(&[&[6, 4], &[10]]),
    number(
        "FI_PERSONAL_IDENTITY_CODE",
        "a Finnish identity code (mod 31)",
        (10, 11),
        finnish,
        0.7,
        &["henkilötunnus", "hetu"],
    )
    .written(|written| {
        matches!(
            written.text.get(6),
            Some(b'-' | b'+' | b'A'..=b'F' | b'a'..=b'f' | b'U'..=b'Y' | b'u'..=b'y')
        )
    }),
];

fn swedish(n: &[u8]) -> bool {
    let tail = if n.len() == 12 { n.get(2..).unwrap_or_default() } else { n };
    let century = n.len() != 12 || n.starts_with(b"19") || n.starts_with(b"20");
    tail.len() == 10
        && century
        && all_digits(n)
        && luhn(tail)
        && (date(tail, 4, 2) || pair(tail, 4).is_some_and(|day| (61..=91).contains(&day)))
}

fn norwegian(n: &[u8]) -> bool {
    digits(n)
        && date(n, 0, 2)
        && weighted(n, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1, 0]).is_some_and(|sum| sum.is_multiple_of(11))
        && weighted(n, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_some_and(|sum| sum.is_multiple_of(11))
}

fn finnish(n: &[u8]) -> bool {
    let number: Vec<u8> = match n.len() {
        10 => n.get(..9).unwrap_or_default().to_vec(),
        _ => n.get(..6).into_iter().chain(n.get(7..10)).flatten().copied().collect(),
    };
    let century = n.len() == 10 || n.get(6).is_some_and(|sign| b"ABCDEFYXWVU".contains(sign));
    let value = number.iter().try_fold(0_u32, |sum, &byte| Some(sum * 10 + digit(byte)?));
    century
        && number.len() == 9
        && date(&number, 0, 2)
        && value
            .is_some_and(|value| b"0123456789ABCDEFHJKLMNPRSTUVWXY".get((value % 31) as usize) == n.last())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_check_digits_decide() {
        assert!(swedish(b"8112189876") && !swedish(b"8112189875") && !swedish(b"8113189876"));
        assert!(norwegian(b"01010750160") && !norwegian(b"01010750161"));
        assert!(finnish(b"131052308T") && finnish(b"010594Y9032"));
        assert!(!finnish(b"310289211C") && !finnish(b"131052308U"));
    }
}
