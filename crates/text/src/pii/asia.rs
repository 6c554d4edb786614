//! Numbers of Asia.

use super::number::{Number, all_digits, date, digits, is_uniform, number, pair, shape};
use crate::checksum::{digit_at, verhoeff, weighted};

/// The kinds of this family.
pub(super) static NUMBERS: &[Number] = &[
    number(
        "IN_AADHAAR",
        "an Indian Aadhaar number (Verhoeff)",
        (12, 12),
        |n| all_digits(n) && n.first().is_some_and(|&first| first >= b'2') && verhoeff(n) && !palindrome(n),
        0.6,
        &["aadhaar", "uidai"],
    )
    .written(is_uniform),
    number(
        "IN_PAN",
        "an Indian PAN",
        (10, 10),
        |n| shape(n, b"AAAAA9999A") && n.get(3).is_some_and(|kind| b"ABCFGHJLPT".contains(kind)),
        0.6,
        &["pan", "permanent account"],
    ),
    number(
        "IN_VOTER",
        "an Indian voter number",
        (10, 10),
        |n| shape(n, b"AAA9999999"),
        0.4,
        &["vote", "epic", "elector"],
    ),
    number(
        "IN_PASSPORT",
        "an Indian passport number",
        (8, 8),
        |n| shape(n, b"A9999999") && n.get(1) != Some(&b'0') && n.last() != Some(&b'0'),
        0.2,
        &["passport"],
    ),
    number(
        "IN_GSTIN",
        "an Indian GST number",
        (15, 15),
        |n| shape(n, b"99AAAAA9999AXXX") && n.get(13) == Some(&b'Z'),
        0.7,
        &["gst"],
    ),
    number(
        "SG_NRIC_FIN",
        "a Singaporean NRIC or FIN (check letter)",
        (9, 9),
        nric,
        0.7,
        &["nric", "fin", "singapore"],
    ),
    number(
        "SG_UEN",
        "a Singaporean entity number (check letter)",
        (9, 10),
        entity,
        0.6,
        &["uen", "unique entity", "acra"],
    )
    .grouped(&[&[9], &[10]]),
    number(
        "KR_RRN",
        "a Korean resident number (date and sex)",
        (13, 13),
        korean,
        0.35,
        &["resident", "rrn", "주민"],
    )
    .grouped(&[&[6, 7], &[13]])
    .written(|written| written.text.get(6) != Some(&b'+')),
    number(
        "KR_PASSPORT",
        "a Korean passport number",
        (9, 9),
        |n| {
            n.first().is_some_and(|kind| b"MSRODG".contains(kind))
                && (shape(n, b"A99999999") || shape(n, b"A999A9999"))
        },
        0.3,
        &["passport", "여권"],
    )
    .grouped(&[&[9]]),
    number(
        "KR_BRN",
        "a Korean business number",
        (10, 10),
        korean_business,
        0.3,
        &["사업자", "business registration", "brn"],
    )
    .grouped(&[&[3, 2, 5], &[10]]),
    number("TH_TNIN", "a Thai identity number (mod 11)", (13, 13), thai, 0.5, &["thai", "เลขประจำตัวประชาชน"]),
    number(
        "CN_ID",
        "a Chinese identity number (ISO 7064 mod 11, 2)",
        (18, 18),
        chinese,
        0.7,
        &["身份证", "identity"],
    ),
    number(
        "PH_TIN",
        "a Philippine taxpayer number (mod 11)",
        (9, 12),
        philippine,
        0.2,
        &["tin", "bir", "taxpayer", "tax id"],
    )
    .grouped(&[&[3, 3, 3, 3], &[9], &[12], &[3, 3, 3]]),
];

fn palindrome(n: &[u8]) -> bool {
    n.iter().eq(n.iter().rev())
}

fn nric(n: &[u8]) -> bool {
    let Some((first, number, last)) =
        n.first().zip(n.get(1..8)).zip(n.get(8)).map(|((first, number), last)| (first, number, last))
    else {
        return false;
    };
    let Some(sum) = weighted(number, &[2, 7, 6, 5, 4, 3, 2]) else { return false };
    let (offset, letters): (u32, &[u8]) = match first {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        b'M' => (3, b"XWUTRQPNJLK"),
        _ => return false,
    };
    letters.get(((sum + offset) % 11) as usize) == Some(last)
}

/// A business (eight digits), a local company (year and five digits) or another entity (T, S or R, year, type).
fn entity(n: &[u8]) -> bool {
    let Some((last, body)) = n.split_last() else { return false };
    let checked = |weights: &[u32], letters: &[u8]| {
        weighted(body, weights).is_some_and(|sum| letters.get((sum % 11) as usize) == Some(last))
    };
    checked(&[10, 4, 9, 3, 8, 2, 7, 1], b"XMKECAWLJDB")
        || checked(&[10, 8, 6, 4, 9, 7, 5, 3, 1], b"ZKCMDNERGWH")
        || (shape(n, b"A99AA9999A") && matches!(n.first(), Some(b'R' | b'S' | b'T')))
}

/// Six digits of the date, then the sex and century digit of a citizen; since 2020 the rest is drawn.
fn korean(n: &[u8]) -> bool {
    all_digits(n) && date(n, 4, 2) && n.get(6).is_some_and(|sex| (b'1'..=b'4').contains(sex))
}

fn korean_business(n: &[u8]) -> bool {
    let Some(sum) = n.get(..9).and_then(|body| weighted(body, &[1, 3, 7, 1, 3, 7, 1, 3, 5])) else {
        return false;
    };
    let carry = digit_at(n, 8).unwrap_or(0) * 5 / 10;
    digits(n) && digit_at(n, 9) == Some((10 - (sum + carry) % 10) % 10)
}

/// First digit the kind of person, the next two the province, the last the check digit.
fn thai(n: &[u8]) -> bool {
    let province = pair(n, 1).is_some_and(
        |code| matches!(code, 10..=27 | 30..=49 | 50..=58 | 60..=67 | 70..=77 | 80..=86 | 90..=96),
    );
    digits(n)
        && n.first().is_some_and(|kind| (b'1'..=b'8').contains(kind))
        && province
        && n.get(..12)
            .and_then(|body| weighted(body, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]))
            .is_some_and(|sum| digit_at(n, 12) == Some((11 - sum % 11) % 10))
}

fn chinese(n: &[u8]) -> bool {
    n.get(..17)
        .and_then(|body| weighted(body, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]))
        .is_some_and(|sum| b"10X98765432".get((sum % 11) as usize) == n.last())
        && date(n, 12, 10)
}

/// Nine digits of which the last is the sum of the others by 9 to 2, mod 11; three more name the branch.
fn philippine(n: &[u8]) -> bool {
    digits(n)
        && matches!(n.len(), 9 | 12)
        && n.get(..8)
            .and_then(|body| weighted(body, &[9, 8, 7, 6, 5, 4, 3, 2]))
            .is_some_and(|sum| digit_at(n, 8) == Some(sum % 11))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_letters_and_digits_decide() {
        assert!(nric(b"S1234567D") && !nric(b"S1234567A"));
        assert!(entity(b"53125226D") && entity(b"201434292D") && !entity(b"53125226A"));
        assert!(thai(b"1234567890121") && !thai(b"1234567890123") && !thai(b"1284567890124"));
        assert!(chinese(b"11010519491231002X") && !chinese(b"110105194912310021"));
        assert!(philippine(b"000123456000") && !philippine(b"000123457000"));
        assert!(korean_business(b"1048656659") && !korean_business(b"1048656658"));
    }

    #[test]
    fn a_resident_number_has_a_date_and_the_sex_of_a_citizen() {
        assert!(korean(b"9601211234567") && !korean(b"0013321234567") && !korean(b"9603030021413"));
        assert!(palindrome(b"12344321") && !palindrome(b"12345678"));
    }
}
