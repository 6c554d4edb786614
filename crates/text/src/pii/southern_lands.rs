//! Numbers of Australia, Brazil and South Africa.

use super::number::{Number, all_digits, date, digits, is_uniform, number};
use crate::checksum::{digit_at, luhn, weighted};

/// The kinds of this family.
pub(super) static NUMBERS: &[Number] = &[
    number("AU_TFN", "an Australian tax file number (mod 11)", (9, 9), tfn, 0.45, &["tfn", "tax file"])
        .grouped(&[&[3, 3, 3], &[9]])
        .written(is_uniform),
    number(
        "AU_ABN",
        "an Australian business number (mod 89)",
        (11, 11),
        abn,
        0.6,
        &["abn", "business number"],
    )
    .grouped(&[&[2, 3, 3, 3], &[11]])
    .written(is_uniform),
    number("AU_ACN", "an Australian company number (mod 10)", (9, 9), acn, 0.4, &["acn", "company number"])
        .grouped(&[&[3, 3, 3], &[9]])
        .written(is_uniform),
    number("AU_MEDICARE", "an Australian Medicare number (mod 10)", (10, 11), medicare, 0.4, &["medicare"])
        .grouped(&[&[4, 5, 1], &[10], &[4, 5, 1, 1], &[11]])
        .written(is_uniform),
    number("BR_CPF", "a Brazilian CPF (two check digits)", (11, 11), cpf, 0.5, &["cpf"]),
    number("BR_CNPJ", "a Brazilian CNPJ (two check digits)", (14, 14), cnpj, 0.6, &["cnpj"]),
    number(
        "ZA_ID_NUMBER",
        "a South African identity number (Luhn)",
        (13, 13),
        |n| {
            all_digits(n)
                && luhn(n)
                && date(n, 4, 2)
                && n.get(10).is_some_and(|status| b"012".contains(status))
        },
        0.5,
        &["south africa", "id number"],
    ),
];

fn tfn(n: &[u8]) -> bool {
    digits(n) && weighted(n, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_some_and(|sum| sum.is_multiple_of(11))
}

fn abn(n: &[u8]) -> bool {
    n.first().is_some_and(|first| (b'1'..=b'9').contains(first))
        && weighted(n, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19])
            .is_some_and(|sum| sum >= 10 && (sum - 10).is_multiple_of(89))
}

fn acn(n: &[u8]) -> bool {
    n.split_at_checked(8).is_some_and(|(body, check)| {
        weighted(body, &[8, 7, 6, 5, 4, 3, 2, 1])
            .is_some_and(|sum| digit_at(check, 0) == Some((10 - sum % 10) % 10))
    })
}

fn medicare(n: &[u8]) -> bool {
    n.first().is_some_and(|first| (b'2'..=b'6').contains(first))
        && all_digits(n)
        && n.get(..8)
            .and_then(|body| weighted(body, &[1, 3, 7, 9, 1, 3, 7, 9]))
            .is_some_and(|sum| digit_at(n, 8) == Some(sum % 10))
}

/// A check digit mod 11 where ten and eleven give zero, as Brazil reckons it.
fn brazilian(n: &[u8], weights: &[u32]) -> bool {
    n.get(..weights.len()).and_then(|body| weighted(body, weights)).is_some_and(|sum| {
        let rest = sum % 11;
        digit_at(n, weights.len()) == Some(if rest < 2 { 0 } else { 11 - rest })
    })
}

fn cpf(n: &[u8]) -> bool {
    digits(n)
        && brazilian(n, &[10, 9, 8, 7, 6, 5, 4, 3, 2])
        && brazilian(n, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
}

fn cnpj(n: &[u8]) -> bool {
    digits(n)
        && brazilian(n, &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
        && brazilian(n, &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn australian_sums_decide() {
        assert!(abn(b"51824753556") && !abn(b"51824753557"));
        assert!(acn(b"005499981") && !acn(b"005499982"));
        assert!(tfn(b"876543210") && !tfn(b"876543211"));
        assert!(medicare(b"2123456701") && !medicare(b"2123456711"));
    }

    #[test]
    fn brazilian_check_digits_decide() {
        assert!(cpf(b"11144477735") && !cpf(b"11144477736"));
        assert!(cnpj(b"11222333000181") && !cnpj(b"11222333000182"));
    }
}
