//! Vehicles, their plates, and devices.

use super::number::{Number, all_digits, number, pair, shape};
use crate::bytes::{DIGITS, HEX, UPPER};
use crate::checksum::luhn;

/// The kinds of this family.
pub(super) static NUMBERS: &[Number] = &[
    number(
        "IN_VEHICLE_REGISTRATION",
        "an Indian vehicle registration",
        (8, 10),
        |n| {
            ["AA9AAA9999", "AA99A9999", "AA99AA9999", "AA9AA9999", "AA999999", "99BH9999AA"]
                .iter()
                .any(|form| shape(n, form.as_bytes()))
        },
        0.3,
        &["vehicle", "registration", "rto"],
    ),
    number(
        "NG_VEHICLE_REGISTRATION",
        "a Nigerian vehicle registration",
        (8, 8),
        |n| shape(n, b"AAA999AA"),
        0.4,
        &["plate", "vehicle", "registration"],
    ),
    number(
        "TR_LICENSE_PLATE",
        "a Turkish number plate",
        (5, 9),
        |n| {
            pair(n, 0).is_some_and(|province| (1..=81).contains(&province))
                && [
                    "99A99",
                    "99A999",
                    "99A9999",
                    "99A99999",
                    "99AA99",
                    "99AA999",
                    "99AA9999",
                    "99AAA99",
                    "99AAA999",
                    "99AAA9999",
                ]
                .iter()
                .any(|form| shape(n, form.as_bytes()))
        },
        0.3,
        &["plaka", "plate"],
    ),
    number(
        "UK_VEHICLE_REGISTRATION",
        "a British vehicle registration",
        (5, 7),
        british_plate,
        0.2,
        &["vehicle", "registration", "plate", "dvla", "car reg"],
    ),
    number(
        "DE_KFZ",
        "a German number plate",
        (4, 9),
        |n| {
            n.first().is_some_and(|byte| UPPER.has(*byte))
                && n.last().is_some_and(|byte| DIGITS.has(*byte) || b"EH".contains(byte))
        },
        0.1,
        &["kennzeichen", "kfz"],
    )
    .written(|written| matches!(written.groups, [1..=3, 1..=2, 1..=5])),
    number(
        "VIN",
        "a vehicle identification number (ISO 3779 check)",
        (17, 17),
        vin,
        0.5,
        &["vin", "vehicle", "chassis"],
    ),
    number("IMEI", "an IMEI (Luhn)", (15, 15), |n| all_digits(n) && luhn(n), 0.3, &["imei", "device"]),
];

/// The current style with its age identifier, and the two before it with a year letter (DVLA INF104): I and Q are never
/// given out, and O, U and Z are no years.
fn british_plate(n: &[u8]) -> bool {
    let letters = !n.iter().any(|byte| b"IQ".contains(byte));
    let year = |at: Option<&u8>| at.is_some_and(|letter| !b"OUZ".contains(letter));
    let current = shape(n, b"AA99AAA") && pair(n, 2).is_some_and(|age| matches!(age, 2..=29 | 51..=79));
    let one_of = |forms: [&[u8]; 3]| forms.iter().any(|form| shape(n, form));
    let prefix = one_of([b"A9AAA", b"A99AAA", b"A999AAA"]) && year(n.first());
    let suffix = one_of([b"AAA9A", b"AAA99A", b"AAA999A"]) && year(n.last());
    letters && (current || prefix || suffix)
}

fn vin(n: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let mut sum = 0;
    for (&byte, weight) in n.iter().zip(WEIGHTS) {
        let value = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'A'..=b'H' => u32::from(byte - b'A') + 1,
            b'J'..=b'N' => u32::from(byte - b'J') + 1,
            b'P' => 7,
            b'R' => 9,
            b'S'..=b'Z' => u32::from(byte - b'S') + 2,
            _ => return false,
        };
        sum += value * weight;
    }
    let letters = n.iter().filter(|&&byte| UPPER.has(byte)).count();
    letters >= 2
        && !n.iter().all(|&byte| HEX.has(byte))
        && n.get(8) == b"0123456789X".get((sum % 11) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vehicle_number_has_its_check_digit() {
        assert!(vin(b"1M8GDM9AXKP042788") && !vin(b"1M8GDM9A1KP042788"));
    }

    #[test]
    fn a_british_plate_has_an_age_or_a_year() {
        assert!(british_plate(b"AB51ABC") && british_plate(b"K1ABC") && british_plate(b"ABC1D"));
        assert!(!british_plate(b"AB35ABC") && !british_plate(b"O123BCD") && !british_plate(b"ABC123Z"));
    }
}
