//! Numbers of Britain, France and the Low Countries.

use super::number::{Number, all_digits, date, digits, is_uniform, number, pair, shape};
use crate::checksum::{digit_at, remainder, weighted};

/// The kinds of this family.
pub(super) static NUMBERS: &[Number] = &[
    number("UK_NHS", "a UK NHS number (mod 11)", (10, 10), nhs, 0.5, &["nhs", "health service", "health"])
        .grouped(&[&[3, 3, 4], &[10]])
        .written(is_uniform),
    number(
        "UK_NINO",
        "a UK national insurance number",
        (9, 9),
        nino,
        0.7,
        &["national insurance", "nino", "ni number"],
    ),
    number("UK_PASSPORT", "a UK passport number", (9, 9), |n| shape(n, b"AA9999999"), 0.2, &["passport"])
        .grouped(&[&[9]]),
    number("UK_PASSPORT", "a UK passport number", (9, 9), digits, 0.0, &["uk passport", "british passport"])
        .grouped(&[&[9]]),
    number(
        "FR_NIR",
        "a French social security number (mod 97)",
        (15, 15),
        nir,
        0.7,
        &["sécurité sociale", "nir", "insee"],
    ),
    number("NL_BSN", "a Dutch citizen number (11-test)", (9, 9), bsn, 0.3, &["bsn", "burgerservice", "sofi"]),
    number(
        "BE_NRN",
        "a Belgian national number (mod 97)",
        (11, 11),
        belgian,
        0.4,
        &["rijksregister", "registre national"],
    ),
];

fn nhs(n: &[u8]) -> bool {
    digits(n) && weighted(n, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]).is_some_and(|sum| sum.is_multiple_of(11))
}

fn nino(n: &[u8]) -> bool {
    shape(n, b"AA999999A")
        && n.first().is_some_and(|first| !b"DFIQUV".contains(first))
        && n.get(1).is_some_and(|second| !b"DFIOQUV".contains(second))
        && n.last().is_some_and(|last| b"ABCD".contains(last))
        && ![&b"BG"[..], b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"].iter().any(|head| n.starts_with(head))
}

fn nir(n: &[u8]) -> bool {
    let Some((body, key)) = n.split_at_checked(13) else { return false };
    n.first().is_some_and(|sex| b"1278".contains(sex))
        && all_digits(n)
        && pair(n, 3).is_some_and(|month| (1..=12).contains(&month) || month >= 20)
        && remainder(body.iter().copied(), 97).zip(pair(key, 0)).is_some_and(|(rest, key)| 97 - rest == key)
}

fn bsn(n: &[u8]) -> bool {
    digits(n)
        && n.split_at_checked(8).is_some_and(|(body, last)| {
            weighted(body, &[9, 8, 7, 6, 5, 4, 3, 2])
                .zip(digit_at(last, 0))
                .is_some_and(|(sum, last)| sum >= last && (sum - last).is_multiple_of(11))
        })
}

fn belgian(n: &[u8]) -> bool {
    let Some((body, key)) = n.split_at_checked(9) else { return false };
    let later: Vec<u8> = b"2".iter().chain(body).copied().collect();
    let fits = |value: &[u8]| {
        remainder(value.iter().copied(), 97).zip(pair(key, 0)).is_some_and(|(rest, key)| 97 - rest == key)
    };
    all_digits(n) && date(n, 4, 2) && (fits(body) || fits(&later))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn british_numbers_keep_their_checks() {
        assert!(nhs(b"9434765919") && !nhs(b"9434765918"));
        assert!(nino(b"AA123456B") && !nino(b"BG123456A") && !nino(b"AA123456H"));
    }

    #[test]
    fn remainders_by_97_and_the_eleven_test_decide() {
        assert!(nir(b"255081416802538") && !nir(b"255081416802539"));
        assert!(belgian(b"85073003328") && !belgian(b"85073003329"));
        assert!(bsn(b"111222333") && !bsn(b"111222334"));
    }
}
