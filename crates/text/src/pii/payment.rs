//! Payment cards and bank accounts.

use super::number::{Number, all_digits, digits, is_uniform, number, pair};
use crate::checksum::{luhn, remainder, weighted};

/// The kinds of this family.
pub(super) static NUMBERS: &[Number] = &[
    number(
        "CREDIT_CARD",
        "a payment card number (ISO/IEC 7812: issuer range and Luhn)",
        (12, 19),
        card,
        0.9,
        &["card", "credit", "visa", "mastercard", "amex", "debit"],
    )
    .written(is_uniform),
    number("IBAN_CODE", "an IBAN (ISO 13616: country, length and mod 97)", (15, 34), iban, 0.95, &["iban"]),
    number(
        "ABA_ROUTING_NUMBER",
        "a US bank routing number (weights 3, 7, 1)",
        (9, 9),
        routing,
        0.3,
        &["aba", "routing", "bank"],
    ),
    number(
        "US_BANK_NUMBER",
        "a US bank account number",
        (8, 17),
        digits,
        0.1,
        &["bank account", "account number", "account #", "acct"],
    )
    .grouped(&[&[8], &[9], &[10], &[11], &[12], &[13], &[14], &[15], &[16], &[17]]),
];

fn card(n: &[u8]) -> bool {
    let issuer = match n {
        [b'4', ..] => matches!(n.len(), 13 | 16 | 19),
        [b'2', b'1', b'3', b'1', ..] | [b'1', b'8', b'0', b'0', ..] | [b'1', b'2', b'2', ..] => n.len() == 15,
        [b'2', b'2'..=b'7', ..] => n.len() == 16,
        [b'3', ..] => matches!(n.len(), 14..=16),
        [b'5' | b'6', ..] => matches!(n.len(), 12..=19),
        _ => false,
    };
    issuer && all_digits(n) && luhn(n) && !(n.len() == 13 && is_article(n))
}

/// Whether a number of 13 digits is that of an article on sale, of which every tenth has the check digit of a card as well.
///
/// Source: GS1 General Specifications, section 7.9 (GTIN-13).
fn is_article(n: &[u8]) -> bool {
    let weighed = n.iter().enumerate().map(|(at, digit)| {
        let digit = usize::from(digit.saturating_sub(b'0'));
        if at % 2 == 0 { digit } else { digit * 3 }
    });
    weighed.sum::<usize>() % 10 == 0
}

/// Lengths by country: ISO 13616 registry.
const IBAN_LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NL", 18),
    (b"NO", 15),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"SA", 24),
    (b"SC", 31),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
];

fn iban(n: &[u8]) -> bool {
    IBAN_LENGTHS.iter().any(|(country, length)| n.starts_with(*country) && n.len() == *length)
        && n.split_at_checked(4)
            .is_some_and(|(head, body)| remainder(body.iter().chain(head).copied(), 97) == Some(1))
}

fn routing(n: &[u8]) -> bool {
    pair(n, 0).is_some_and(|district| matches!(district, 1..=12 | 21..=32 | 61..=72 | 80))
        && weighted(n, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_some_and(|sum| sum.is_multiple_of(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_on_sale_are_no_cards() {
        assert!(!card(b"4006381333931"));
        assert!(card(b"4222222222222"));
    }

    #[test]
    fn a_card_needs_an_issuer_and_its_check_digit() {
        assert!(card(b"4111111111111111") && !card(b"4111111111111112"));
        assert!(card(b"371449635398431") && !card(b"9111111111111111"));
    }

    #[test]
    fn an_account_needs_its_country_length_and_remainder() {
        assert!(iban(b"GB82WEST12345698765432") && !iban(b"GB82WEST12345698765433"));
        assert!(!iban(b"GB82WEST1234569876543"));
        assert!(routing(b"021000021") && !routing(b"021000022"));
    }
}
