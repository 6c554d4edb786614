//! Numbers of people, cards, accounts and things, each with the check its issuer defines.
//!
//! A number is judged without its separators. One with a strong check stands alone; a weak one counts where a word for it
//! stands near, or where the text is nothing but the number.

use crate::bytes::{ALPHA, DIGITS, HEX, UPPER};
use crate::checksum::{alphanumeric, digit, digit_at, luhn, remainder, verhoeff, weighted};
use crate::hit::{Class, Kind};

/// A kind of number.
#[derive(Debug)]
pub(super) struct Number {
    pub(super) kind: Kind,
    /// Shortest and longest, in characters without separators.
    pub(super) lengths: (usize, usize),
    /// Whether the characters, in capitals, can be one.
    pub(super) check: fn(&[u8]) -> bool,
    /// Score without a word near it; below 0.5 it needs one.
    pub(super) alone: f32,
    /// Words near it, in small letters.
    pub(super) context: &'static [&'static str],
    /// How it may be grouped, as group lengths; empty for any way.
    pub(super) groups: &'static [&'static [usize]],
}

const fn number(
    id: &'static str,
    name: &'static str,
    lengths: (usize, usize),
    check: fn(&[u8]) -> bool,
    alone: f32,
    context: &'static [&'static str],
) -> Number {
    Number { kind: Kind { id, name, class: Class::Pattern }, lengths, check, alone, context, groups: &[] }
}

impl Number {
    const fn grouped(mut self, groups: &'static [&'static [usize]]) -> Self {
        self.groups = groups;
        self
    }
}

/// Every kind: one line each.
pub(super) static NUMBERS: &[Number] = &[
    number(
        "CREDIT_CARD",
        "a payment card number (ISO/IEC 7812: issuer range and Luhn)",
        (12, 19),
        card,
        0.9,
        &["card", "credit", "visa", "mastercard", "amex", "debit"],
    ),
    number("IBAN_CODE", "an IBAN (ISO 13616: country, length and mod 97)", (15, 34), iban, 0.95, &["iban"]),
    number("US_SSN", "a US social security number", (9, 9), ssn, 0.2, &["ssn", "social security", "social"])
        .grouped(&[&[3, 2, 4], &[9]]),
    number("US_ITIN", "a US taxpayer number", (9, 9), itin, 0.2, &["itin", "taxpayer", "tax id"])
        .grouped(&[&[3, 2, 4], &[9]]),
    number("US_EIN", "a US employer number", (9, 9), digits, 0.1, &["ein", "employer identification"])
        .grouped(&[&[2, 7]]),
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
    number("US_PASSPORT", "a US passport number", (9, 9), passport_us, 0.1, &["passport"]).grouped(&[&[9]]),
    number(
        "US_DRIVER_LICENSE",
        "a US driving licence number",
        (6, 14),
        licence,
        0.1,
        &["driver", "license", "licence", "permit", "dl#", "lic"],
    ),
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
    number("UK_NHS", "a UK NHS number (mod 11)", (10, 10), nhs, 0.5, &["nhs", "health service", "health"])
        .grouped(&[&[3, 3, 4], &[10]]),
    number(
        "UK_NINO",
        "a UK national insurance number",
        (9, 9),
        nino,
        0.7,
        &["national insurance", "nino", "ni number"],
    ),
    number("UK_PASSPORT", "a UK passport number", (9, 9), passport_uk, 0.2, &["passport"]).grouped(&[&[9]]),
    number(
        "ES_NIF",
        "a Spanish tax number (mod 23 letter)",
        (9, 9),
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
        |n| shape(n, b"AA9999999A"),
        0.3,
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
    number("PL_PESEL", "a Polish PESEL (weighted check digit)", (11, 11), pesel, 0.5, &["pesel"])
        .grouped(&[&[11]]),
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
        "a Singaporean entity number",
        (9, 10),
        |n| shape(n, b"99999999A") || shape(n, b"999999999A") || shape(n, b"T99AA9999A"),
        0.3,
        &["uen", "unique entity", "acra"],
    ),
    number("AU_TFN", "an Australian tax file number (mod 11)", (9, 9), tfn, 0.45, &["tfn", "tax file"])
        .grouped(&[&[3, 3, 3], &[9]]),
    number(
        "AU_ABN",
        "an Australian business number (mod 89)",
        (11, 11),
        abn,
        0.6,
        &["abn", "business number"],
    )
    .grouped(&[&[2, 3, 3, 3], &[11]]),
    number("AU_ACN", "an Australian company number (mod 10)", (9, 9), acn, 0.4, &["acn", "company number"])
        .grouped(&[&[3, 3, 3], &[9]]),
    number("AU_MEDICARE", "an Australian Medicare number (mod 10)", (10, 11), medicare, 0.4, &["medicare"])
        .grouped(&[&[4, 5, 1], &[10], &[4, 5, 1, 1], &[11]]),
    number(
        "IN_AADHAAR",
        "an Indian Aadhaar number (Verhoeff)",
        (12, 12),
        |n| all_digits(n) && n.first().is_some_and(|&first| first >= b'2') && verhoeff(n) && !palindrome(n),
        0.6,
        &["aadhaar", "uidai"],
    ),
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
        &["voter", "epic", "elector"],
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
        "DE_TAX_ID",
        "a German tax number (ISO 7064 mod 11, 10)",
        (11, 11),
        german_tax,
        0.4,
        &["steuer", "idnr", "tin"],
    ),
    number(
        "FR_NIR",
        "a French social security number (mod 97)",
        (15, 15),
        nir,
        0.7,
        &["sécurité sociale", "nir", "insee"],
    ),
    number("NL_BSN", "a Dutch citizen number (11-test)", (9, 9), bsn, 0.3, &["bsn", "burgerservice", "sofi"]),
    number("BR_CPF", "a Brazilian CPF (two check digits)", (11, 11), cpf, 0.5, &["cpf"]),
    number("BR_CNPJ", "a Brazilian CNPJ (two check digits)", (14, 14), cnpj, 0.6, &["cnpj"]),
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
        "KR_RRN",
        "a Korean resident number (mod 11)",
        (13, 13),
        korean,
        0.5,
        &["resident", "rrn", "주민"],
    ),
    number("TH_TNIN", "a Thai identity number (mod 11)", (13, 13), thai, 0.5, &["thai", "เลขประจำตัวประชาชน"]),
    number(
        "TR_NATIONAL_ID",
        "a Turkish identity number",
        (11, 11),
        turkish,
        0.5,
        &["tc kimlik", "tckn", "kimlik"],
    ),
    number(
        "CH_AHV",
        "a Swiss AHV number (EAN-13)",
        (13, 13),
        |n| n.starts_with(b"756") && ean(n),
        0.8,
        &["ahv", "avs"],
    ),
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
    number(
        "BE_NRN",
        "a Belgian national number (mod 97)",
        (11, 11),
        belgian,
        0.4,
        &["rijksregister", "registre national"],
    ),
    number(
        "CA_SIN",
        "a Canadian social insurance number (Luhn)",
        (9, 9),
        |n| all_digits(n) && luhn(n) && !n.starts_with(b"0") && !n.starts_with(b"8"),
        0.3,
        &["sin", "social insurance"],
    )
    .grouped(&[&[3, 3, 3], &[9]]),
    number(
        "CN_ID",
        "a Chinese identity number (ISO 7064 mod 11, 2)",
        (18, 18),
        chinese,
        0.7,
        &["身份证", "identity"],
    ),
    number(
        "FI_PERSONAL_IDENTITY_CODE",
        "a Finnish identity code (mod 31)",
        (10, 11),
        finnish,
        0.7,
        &["henkilötunnus", "hetu"],
    ),
    number(
        "DE_VAT_ID",
        "a German VAT number",
        (11, 11),
        |n| n.starts_with(b"DE") && n.get(2..).is_some_and(all_digits),
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
    ),
    number("DE_PASSPORT", "a German passport number", (9, 10), german_document, 0.3, &["reisepass", "pass"]),
    number(
        "DE_BSNR",
        "a German practice number",
        (9, 9),
        digits,
        0.1,
        &["bsnr", "betriebsstätte", "betriebsstaette"],
    ),
    number("DE_PLZ", "a German postcode", (5, 5), all_digits, 0.1, &["plz", "postleitzahl", "postal"]),
    number(
        "ES_PASSPORT",
        "a Spanish passport number",
        (9, 9),
        |n| shape(n, b"AAA999999"),
        0.3,
        &["pasaporte", "passport"],
    ),
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
    ),
    number(
        "KR_BRN",
        "a Korean business number",
        (10, 10),
        korean_business,
        0.5,
        &["사업자", "business registration"],
    ),
    number(
        "SE_ORGANISATIONSNUMMER",
        "a Swedish organisation number (Luhn)",
        (10, 10),
        |n| all_digits(n) && luhn(n) && n.get(2).is_some_and(|third| *third >= b'2'),
        0.4,
        &["organisationsnummer", "org"],
    ),
    number("PH_TIN", "a Philippine taxpayer number", (9, 12), digits, 0.1, &["tin", "bir", "taxpayer"]),
    number(
        "IN_VEHICLE_REGISTRATION",
        "an Indian vehicle registration",
        (8, 10),
        |n| {
            ["AA99A9999", "AA99AA9999", "AA9AA9999", "AA999999", "99BH9999AA"]
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
        (6, 8),
        |n| {
            pair(n, 0).is_some_and(|province| (1..=81).contains(&province))
                && ["99A9999", "99A99999", "99AA999", "99AA9999", "99AAA99", "99AAA999"]
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
        &["vehicle", "registration", "plate", "dvla"],
    ),
    number(
        "DE_KFZ",
        "a German number plate",
        (5, 9),
        |n| {
            n.first().is_some_and(|byte| UPPER.has(*byte))
                && n.last().is_some_and(|byte| DIGITS.has(*byte) || b"EH".contains(byte))
        },
        0.1,
        &["kennzeichen", "kfz"],
    ),
    number("IMEI", "an IMEI (Luhn)", (15, 15), |n| all_digits(n) && luhn(n), 0.3, &["imei", "device"]),
    number(
        "VIN",
        "a vehicle identification number (ISO 3779 check)",
        (17, 17),
        vin,
        0.5,
        &["vin", "vehicle", "chassis"],
    ),
];

fn all_digits(n: &[u8]) -> bool {
    !n.is_empty() && n.iter().all(|&byte| DIGITS.has(byte))
}

fn digits(n: &[u8]) -> bool {
    all_digits(n) && n.iter().any(|byte| Some(byte) != n.first())
}

fn palindrome(n: &[u8]) -> bool {
    n.iter().eq(n.iter().rev())
}

/// `A` a letter, `9` a digit, `X` either.
fn shape(n: &[u8], shape: &[u8]) -> bool {
    n.len() == shape.len()
        && n.iter().zip(shape).all(|(&byte, wanted)| match wanted {
            b'A' => UPPER.has(byte),
            b'9' => DIGITS.has(byte),
            _ => byte.is_ascii_alphanumeric(),
        })
}

/// Two digits as a number.
fn pair(n: &[u8], at: usize) -> Option<u32> {
    Some(digit_at(n, at)? * 10 + digit_at(n, at + 1)?)
}

/// Whether day and month stand at those places.
fn date(n: &[u8], day: usize, month: usize) -> bool {
    pair(n, day).is_some_and(|day| (1..=31).contains(&day))
        && pair(n, month).is_some_and(|month| (1..=12).contains(&month))
}

fn card(n: &[u8]) -> bool {
    let issuer = match n {
        [b'4', ..] => matches!(n.len(), 13 | 16 | 19),
        [b'2', b'2'..=b'7', ..] => n.len() == 16,
        [b'3', ..] => matches!(n.len(), 14..=16),
        [b'5' | b'6', ..] => matches!(n.len(), 12..=19),
        [b'1', b'8', ..] => n.len() == 15,
        _ => false,
    };
    issuer && all_digits(n) && luhn(n)
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

fn routing(n: &[u8]) -> bool {
    pair(n, 0).is_some_and(|district| matches!(district, 1..=12 | 21..=32 | 61..=72 | 80))
        && weighted(n, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_some_and(|sum| sum.is_multiple_of(10))
}

fn passport_us(n: &[u8]) -> bool {
    digits(n) || shape(n, b"A99999999")
}

fn passport_uk(n: &[u8]) -> bool {
    digits(n) || shape(n, b"AA9999999")
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

fn control_letter(number: &[u8]) -> Option<u8> {
    let value = number.iter().try_fold(0_usize, |sum, &byte| Some(sum * 10 + digit(byte)? as usize))?;
    b"TRWAGMYFPDXBNJZSQVHLCKE".get(value % 23).copied()
}

fn nif(n: &[u8]) -> bool {
    n.split_at_checked(8).is_some_and(|(number, letter)| control_letter(number).as_ref() == letter.first())
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

fn pesel(n: &[u8]) -> bool {
    let month = pair(n, 2).map(|month| month % 20);
    digits(n)
        && month.is_some_and(|month| (1..=12).contains(&month))
        && pair(n, 4).is_some_and(|day| (1..=31).contains(&day))
        && weighted(n, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_some_and(|sum| sum.is_multiple_of(10))
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

fn german_tax(n: &[u8]) -> bool {
    if !digits(n) || n.starts_with(b"0") {
        return false;
    }
    let mut product = 10;
    for &byte in n.iter().take(10) {
        let sum = (digit(byte).unwrap_or(0) + product) % 10;
        product = (if sum == 0 { 10 } else { sum }) * 2 % 11;
    }
    digit_at(n, 10) == Some((11 - product) % 10)
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

fn korean(n: &[u8]) -> bool {
    all_digits(n)
        && date(n, 4, 2)
        && n.get(..12)
            .and_then(|body| weighted(body, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]))
            .is_some_and(|sum| digit_at(n, 12) == Some((11 - sum % 11) % 10))
}

fn thai(n: &[u8]) -> bool {
    digits(n)
        && !n.starts_with(b"0")
        && n.get(..12)
            .and_then(|body| weighted(body, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]))
            .is_some_and(|sum| digit_at(n, 12) == Some((11 - sum % 11) % 10))
}

fn turkish(n: &[u8]) -> bool {
    let Some(odd) = weighted(n, &[1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0]) else { return false };
    let Some(even) = weighted(n, &[0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 0]) else { return false };
    let all = weighted(n, &[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
    !n.starts_with(b"0")
        && digit_at(n, 9) == Some((odd * 7 + 90 - even) % 10)
        && all.map(|sum| sum % 10) == digit_at(n, 10)
}

fn ean(n: &[u8]) -> bool {
    weighted(n, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_some_and(|sum| sum.is_multiple_of(10))
}

fn belgian(n: &[u8]) -> bool {
    let Some((body, key)) = n.split_at_checked(9) else { return false };
    let later: Vec<u8> = b"2".iter().chain(body).copied().collect();
    let fits = |value: &[u8]| {
        remainder(value.iter().copied(), 97).zip(pair(key, 0)).is_some_and(|(rest, key)| 97 - rest == key)
    };
    all_digits(n) && date(n, 4, 2) && (fits(body) || fits(&later))
}

fn chinese(n: &[u8]) -> bool {
    n.get(..17)
        .and_then(|body| weighted(body, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]))
        .is_some_and(|sum| b"10X98765432".get((sum % 11) as usize) == n.last())
        && date(n, 12, 10)
}

/// The current style with its age identifier, and the two before it; I, Q and Z are not given out (DVLA INF104).
fn british_plate(n: &[u8]) -> bool {
    let letters = !n.iter().any(|byte| b"IQ".contains(byte));
    let current = shape(n, b"AA99AAA") && pair(n, 2).is_some_and(|age| matches!(age, 2..=29 | 51..=79));
    let older = shape(n, b"A999AAA") || shape(n, b"AAA999A");
    letters && (current || older)
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

/// The machine-readable document number of ICAO 9303: weights 7, 3, 1.
fn german_document(n: &[u8]) -> bool {
    let members = n.iter().all(|byte| b"0123456789CFGHJKLMNPRTVWXYZ".contains(byte));
    let check = n
        .iter()
        .take(9)
        .enumerate()
        .try_fold(0_u32, |sum, (at, &byte)| Some(sum + alphanumeric(byte)? * [7, 3, 1].get(at % 3)?));
    members
        && n.first().is_some_and(|first| UPPER.has(*first))
        && n.iter().filter(|byte| DIGITS.has(**byte)).count() >= 3
        && (n.len() == 9 || check.map(|sum| sum % 10) == digit_at(n, 9))
}

fn korean_business(n: &[u8]) -> bool {
    let Some(sum) = n.get(..9).and_then(|body| weighted(body, &[1, 3, 7, 1, 3, 7, 1, 3, 5])) else {
        return false;
    };
    let carry = digit_at(n, 8).unwrap_or(0) * 5 / 10;
    digits(n) && digit_at(n, 9) == Some((10 - (sum + carry) % 10) % 10)
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
    fn published_examples_pass_and_a_changed_digit_does_not() {
        assert!(iban(b"GB82WEST12345698765432") && !iban(b"GB82WEST12345698765433"));
        assert!(card(b"4111111111111111") && !card(b"4111111111111112"));
        assert!(abn(b"51824753556") && !abn(b"51824753557"));
        assert!(nif(b"12345678Z") && !nif(b"12345678A"));
        assert!(pesel(b"44051401359") && !pesel(b"44051401358"));
        assert!(vin(b"1M8GDM9AXKP042788") && !vin(b"1M8GDM9A1KP042788"));
        assert!(nhs(b"9434765919") && !nhs(b"9434765918"));
        assert!(cnpj(b"11222333000181") && !cnpj(b"11222333000182"));
    }
}
