//! Numbers of the United States and Canada.

use super::number::{Number, all_digits, digits, is_uniform, number, pair, shape};
use crate::bytes::{ALPHA, DIGITS, UPPER};
use crate::checksum::{digit_at, luhn};

/// The kinds of this family.
pub(super) static NUMBERS: &[Number] = &[
    number("US_SSN", "a US social security number", (9, 9), ssn, 0.2, &["ssn", "social security", "social"])
        .grouped(&[&[3, 2, 4], &[9], &[3, 6], &[5, 4]])
        .written(is_uniform),
    number("US_ITIN", "a US taxpayer number", (9, 9), itin, 0.2, &["itin", "taxpayer", "tax id"])
        .grouped(&[&[3, 2, 4], &[9], &[3, 6], &[5, 4]])
        .written(is_uniform),
    number("US_EIN", "a US employer number", (9, 9), digits, 0.1, &["ein", "employer identification"])
        .grouped(&[&[2, 7]]),
    number("US_PASSPORT", "a US passport number", (9, 9), passport_us, 0.1, &["passport"]).grouped(&[&[9]]),
    number(
        "US_DRIVER_LICENSE",
        "a US driving licence number",
        (6, 15),
        licence,
        0.1,
        &["driver", "driving licen", "license number", "licence number", "license no", "dl#", "dl number"],
    )
    .written(|written| matches!(written.groups, [_] | [4, 2, 4])),
    number("US_NPI", "a US provider number (Luhn behind 80840)", (10, 10), npi, 0.3, &["npi", "provider"]),
    number("US_MBI", "a US Medicare number", (11, 11), mbi, 0.5, &["mbi", "medicare"]),
    number(
        "MEDICAL_LICENSE",
        "a DEA registration (weighted check digit)",
        (9, 9),
        dea,
        0.8,
        &["dea", "medical", "certificate"],
    )
    .grouped(&[&[9]]),
    number(
        "CA_SIN",
        "a Canadian social insurance number (Luhn)",
        (9, 9),
        |n| all_digits(n) && luhn(n) && !n.starts_with(b"0") && !n.starts_with(b"8"),
        0.3,
        &["my sin", "sin:", "social insurance", "nas:"],
    )
    .grouped(&[&[3, 3, 3], &[9]])
    .written(is_uniform),
];

fn ssn(n: &[u8]) -> bool {
    digits(n)
        && !n.starts_with(b"000")
        && !n.starts_with(b"666")
        && !n.starts_with(b"9")
        && !n.ends_with(b"0000")
        && pair(n, 3) != Some(0)
        && ![&b"123456789"[..], b"078051120", b"219099999", b"987654321"].contains(&n)
}

fn itin(n: &[u8]) -> bool {
    all_digits(n)
        && n.starts_with(b"9")
        && pair(n, 3).is_some_and(|group| matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99))
}

fn passport_us(n: &[u8]) -> bool {
    digits(n) || shape(n, b"A99999999")
}

fn licence(n: &[u8]) -> bool {
    n.iter().filter(|&&byte| DIGITS.has(byte)).count() >= 5
        && n.iter().filter(|&&byte| ALPHA.has(byte)).count() <= 3
        && n.iter().skip(3).all(|&byte| DIGITS.has(byte))
}

fn npi(n: &[u8]) -> bool {
    let whole: Vec<u8> = b"80840".iter().chain(n).copied().collect();
    matches!(n.first(), Some(b'1' | b'2')) && digits(n) && luhn(&whole)
}

fn mbi(n: &[u8]) -> bool {
    let letter = |at: usize| n.get(at).is_some_and(|&byte| UPPER.has(byte) && !b"SLOIBZ".contains(&byte));
    let number = |at: usize| n.get(at).is_some_and(|&byte| DIGITS.has(byte));
    let either = |at: usize| letter(at) || number(at);
    n.first().is_some_and(|first| (b'1'..=b'9').contains(first))
        && letter(1)
        && either(2)
        && number(3)
        && letter(4)
        && either(5)
        && number(6)
        && letter(7)
        && letter(8)
        && number(9)
        && number(10)
}

fn dea(n: &[u8]) -> bool {
    let Some((letters, number)) = n.split_at_checked(2) else { return false };
    let registrant = letters.first().is_some_and(|kind| b"ABCDEFGHJKLMPRSTUX".contains(kind));
    let Some(odd) = digit_at(number, 0).zip(digit_at(number, 2)).zip(digit_at(number, 4)) else {
        return false;
    };
    let Some(even) = digit_at(number, 1).zip(digit_at(number, 3)).zip(digit_at(number, 5)) else {
        return false;
    };
    let sum = odd.0.0 + odd.0.1 + odd.1 + 2 * (even.0.0 + even.0.1 + even.1);
    registrant
        && letters.iter().all(|&byte| UPPER.has(byte) || byte == b'9')
        && number.len() == 7
        && all_digits(number)
        && digit_at(number, 6) == Some(sum % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_are_never_given_out_are_none() {
        assert!(ssn(b"536904399") && !ssn(b"666904399") && !ssn(b"536004399") && !ssn(b"078051120"));
        assert!(itin(b"911701234") && !itin(b"911891234"));
    }

    #[test]
    fn providers_and_registrants_carry_check_digits() {
        assert!(npi(b"1234567893") && !npi(b"1234567890"));
        assert!(dea(b"BB1388568") && !dea(b"BB1388569"));
        assert!(mbi(b"1EG4TE5MK73") && !mbi(b"1SG4TE5MK73"));
    }

    #[test]
    fn a_licence_is_letters_then_digits() {
        assert!(licence(b"F1628235") && passport_us(b"A12345678"));
        assert!(!licence(b"C12T345672") && !passport_us(b"AB1234567"));
    }
}
