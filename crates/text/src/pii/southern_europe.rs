//! Numbers of Spain, Italy and Turkey.

use super::number::{Number, digits, number, shape};
use crate::bytes::UPPER;
use crate::checksum::{alphanumeric, digit, digit_at, luhn, weighted};

/// The kinds of this family.
pub(super) static NUMBERS: &[Number] = &[
    number(
        "ES_NIF",
        "a Spanish tax number (mod 23 letter)",
        (8, 9),
        nif,
        0.7,
        &["nif", "dni", "identificación"],
    ),
    number(
        "ES_NIE",
        "a Spanish foreigner's number (mod 23 letter)",
        (9, 9),
        nie,
        0.7,
        &["nie", "extranjero"],
    ),
    number(
        "ES_PASSPORT",
        "a Spanish passport number",
        (9, 9),
        |n| shape(n, b"AAA999999"),
        0.3,
        &["pasaporte", "passport"],
    ),
    number(
        "IT_FISCAL_CODE",
        "an Italian tax code (check letter)",
        (16, 16),
        fiscal_code,
        0.8,
        &["codice fiscale", "cf", "fiscal"],
    ),
    number(
        "IT_VAT_CODE",
        "an Italian VAT number (Luhn)",
        (11, 11),
        italian_vat,
        0.4,
        &["iva", "vat", "partita"],
    ),
    number(
        "IT_PASSPORT",
        "an Italian passport number",
        (9, 9),
        |n| shape(n, b"AA9999999"),
        0.2,
        &["passaporto", "passport"],
    ),
    number(
        "IT_DRIVER_LICENSE",
        "an Italian driving licence number",
        (10, 10),
        italian_licence,
        0.5,
        &["patente", "licen"],
    ),
    number(
        "IT_IDENTITY_CARD",
        "an Italian identity card number",
        (9, 9),
        |n| shape(n, b"AA99999AA") || shape(n, b"AA9999999"),
        0.2,
        &["carta", "identità", "identity", "cie"],
    ),
    number(
        "TR_NATIONAL_ID",
        "a Turkish identity number",
        (11, 11),
        turkish,
        0.5,
        &["tc kimlik", "tckn", "kimlik"],
    ),
];

fn control_letter(number: &[u8]) -> Option<u8> {
    let value = number.iter().try_fold(0_usize, |sum, &byte| Some(sum * 10 + digit(byte)? as usize))?;
    b"TRWAGMYFPDXBNJZSQVHLCKE".get(value % 23).copied()
}

fn nif(n: &[u8]) -> bool {
    n.split_last()
        .is_some_and(|(letter, number)| number.len() >= 7 && control_letter(number).as_ref() == Some(letter))
}

fn nie(n: &[u8]) -> bool {
    let head = match n.first() {
        Some(b'X') => b'0',
        Some(b'Y') => b'1',
        Some(b'Z') => b'2',
        _ => return false,
    };
    let number: Vec<u8> = std::iter::once(head).chain(n.iter().copied().skip(1).take(7)).collect();
    control_letter(&number) == n.get(8).copied()
}

fn fiscal_code(n: &[u8]) -> bool {
    const ODD: [u32; 36] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12,
        14, 16, 10, 22, 25, 24, 23,
    ];
    if !n.iter().take(6).all(|&byte| UPPER.has(byte))
        || !n.get(8).is_some_and(|month| b"ABCDEHLMPRST".contains(month))
    {
        return false;
    }
    let mut sum = 0;
    for (at, &byte) in n.iter().take(15).enumerate() {
        let Some(value) = alphanumeric(byte) else { return false };
        sum += if at % 2 == 0 {
            ODD.get(value as usize).copied().unwrap_or(0)
        } else if value >= 10 {
            value - 10
        } else {
            value
        };
    }
    n.get(15).is_some_and(|&last| u32::from(last) == u32::from(b'A') + sum % 26)
}

fn italian_vat(n: &[u8]) -> bool {
    digits(n) && luhn(n)
}

/// Two letters, seven digits and a letter, or `U1`, seven characters without vowels and a letter.
fn italian_licence(n: &[u8]) -> bool {
    shape(n, b"AA9999999A")
        || n.strip_prefix(b"U1").is_some_and(|rest| {
            rest.split_last().is_some_and(|(last, body)| {
                body.len() == 7
                    && UPPER.has(*last)
                    && body.iter().all(|byte| b"BCDFGHJKLMNPRSTUWXYZ0123456789".contains(byte))
            })
        })
}

fn turkish(n: &[u8]) -> bool {
    let Some(odd) = weighted(n, &[1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0]) else { return false };
    let Some(even) = weighted(n, &[0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 0]) else { return false };
    let all = weighted(n, &[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
    !n.starts_with(b"0")
        && digit_at(n, 9) == Some((odd * 7 + 90 - even) % 10)
        && all.map(|sum| sum % 10) == digit_at(n, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_letters_decide() {
        assert!(nif(b"12345678Z") && !nif(b"12345678A") && nif(b"1111111G"));
        assert!(nie(b"X9613851N") && !nie(b"X9613851Q"));
        assert!(fiscal_code(b"RSSMRA85T10A562S") && !fiscal_code(b"RSSMRA85T10A562T"));
    }

    #[test]
    fn check_digits_and_forms_decide() {
        assert!(italian_vat(b"01333550323") && !italian_vat(b"01333550324"));
        assert!(
            italian_licence(b"AA0123456B")
                && italian_licence(b"U1H00B000C")
                && !italian_licence(b"U1H00A000B")
        );
        assert!(turkish(b"10000000146") && !turkish(b"10000000145"));
    }
}
