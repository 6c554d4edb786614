//! Numbers of Germany, Switzerland and Poland.

use super::number::{Number, all_digits, digits, number, pair};
use crate::bytes::UPPER;
use crate::checksum::{alphanumeric, digit, weighted};

/// The kinds of this family.
pub(super) static NUMBERS: &[Number] = &[
    number(
        "DE_TAX_ID",
        "a German tax number (ISO 7064 mod 11, 10)",
        (11, 11),
        german_tax,
        0.4,
        &["steuer", "idnr", "tin:"],
    ),
    number(
        "DE_VAT_ID",
        "a German VAT number (ISO 7064 mod 11, 10)",
        (11, 11),
        german_vat,
        0.6,
        &["ust", "vat", "umsatzsteuer"],
    ),
    number(
        "DE_ID_CARD",
        "a German identity card number",
        (9, 10),
        german_document,
        0.3,
        &["personalausweis", "ausweis", "identity", "id card"],
    )
    .grouped(&[&[9], &[10]]),
    number(
        "DE_PASSPORT",
        "a German passport number (ICAO 9303 check digit)",
        (9, 9),
        |n| german_document(n) && n.first().is_some_and(|kind| b"CFGHJKLPRTVWXYZ".contains(kind)),
        0.3,
        &["reisepass", "pass-nr", "passnummer"],
    )
    .grouped(&[&[9]]),
    number(
        "DE_BSNR",
        "a German practice number",
        (9, 9),
        digits,
        0.1,
        &["bsnr", "betriebsstätte", "betriebsstaette"],
    ),
    number("DE_PLZ", "a German postcode", (5, 5), postcode, 0.1, &["plz", "postleitzahl", "postal"]),
    number(
        "CH_AHV",
        "a Swiss AHV number (EAN-13)",
        (13, 13),
        |n| n.starts_with(b"756") && ean(n),
        0.8,
        &["ahv", "avs"],
    ),
    number("PL_PESEL", "a Polish PESEL (weighted check digit)", (11, 11), pesel, 0.5, &["pesel"])
        .grouped(&[&[11]]),
];

fn german_tax(n: &[u8]) -> bool {
    let most = (b'0'..=b'9').map(|digit| n.iter().take(10).filter(|&&byte| byte == digit).count()).max();
    digits(n) && !n.starts_with(b"0") && most <= Some(3) && iso_7064_11_10(n)
}

/// A VAT number: nine digits, the last of them the check digit of ISO 7064 mod 11, 10.
fn german_vat(n: &[u8]) -> bool {
    n.strip_prefix(b"DE")
        .is_some_and(|number| digits(number) && !number.starts_with(b"0") && iso_7064_11_10(number))
}

/// Whether the last digit is the check digit of the others (ISO/IEC 7064 mod 11, 10).
fn iso_7064_11_10(n: &[u8]) -> bool {
    let Some((last, body)) = n.split_last() else { return false };
    let mut product = 10;
    for &byte in body {
        let sum = (digit(byte).unwrap_or(0) + product) % 10;
        product = (if sum == 0 { 10 } else { sum }) * 2 % 11;
    }
    digit(*last) == Some((11 - product) % 10)
}

/// A postcode: five digits from 01001 to 99998.
fn postcode(n: &[u8]) -> bool {
    all_digits(n) && n > b"01000".as_slice() && n < b"99999".as_slice()
}

/// The document number of ICAO 9303, weights 7, 3, 1: nine characters of which the last is the check digit, ten with the
/// check digit behind, or T and eight digits of the cards before 2010.
fn german_document(n: &[u8]) -> bool {
    let Some((last, body)) = n.split_last() else { return false };
    let members = n.iter().all(|byte| b"0123456789CFGHJKLMNPRTVWXYZ".contains(byte));
    let check = body
        .iter()
        .enumerate()
        .try_fold(0_u32, |sum, (at, &byte)| Some(sum + alphanumeric(byte)? * [7, 3, 1].get(at % 3)?));
    let old = n.len() == 9 && n.first() == Some(&b'T') && n.iter().skip(1).all(u8::is_ascii_digit);
    let checked = n.len() == 9 && check.map(|sum| sum % 10) == digit(*last);
    members && n.first().is_some_and(|first| UPPER.has(*first)) && (old || checked)
}

fn ean(n: &[u8]) -> bool {
    weighted(n, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_some_and(|sum| sum.is_multiple_of(10))
}

fn pesel(n: &[u8]) -> bool {
    let month = pair(n, 2).map(|month| month % 20);
    digits(n)
        && month.is_some_and(|month| (1..=12).contains(&month))
        && pair(n, 4).is_some_and(|day| (1..=31).contains(&day))
        && weighted(n, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_some_and(|sum| sum.is_multiple_of(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn german_numbers_keep_their_checks() {
        assert!(german_tax(b"12345678903") && !german_tax(b"12345678901") && !german_tax(b"11111111111"));
        assert!(german_vat(b"DE136695976") && !german_vat(b"DE136695977"));
        assert!(
            german_document(b"L01X00T44") && !german_document(b"L01X00T45") && german_document(b"T22000129")
        );
        assert!(postcode(b"10115") && !postcode(b"01000") && !postcode(b"99999"));
    }

    #[test]
    fn swiss_and_polish_numbers_keep_theirs() {
        assert!(ean(b"7569217076985") && !ean(b"7569217076986"));
        assert!(pesel(b"44051401359") && !pesel(b"44051401358"));
    }
}
