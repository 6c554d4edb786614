//! Check digits and checksums, each by the standard that defines it. All take the bytes of the number without separators.

/// Whether digits pass the Luhn test (ISO/IEC 7812-1, annex B).
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let mut sum = 0_u32;
    for (at, &byte) in digits.iter().rev().enumerate() {
        let Some(digit) = digit(byte) else { return false };
        let doubled = if at % 2 == 1 { digit * 2 } else { digit };
        sum += if doubled > 9 { doubled - 9 } else { doubled };
    }
    !digits.is_empty() && sum.is_multiple_of(10)
}

/// Whether digits pass the Verhoeff test (J. Verhoeff, 1969): the dihedral group D5.
pub(crate) fn verhoeff(digits: &[u8]) -> bool {
    let mut state = 0_u8;
    for (at, &byte) in digits.iter().rev().enumerate() {
        let Some(mut digit) = digit(byte) else { return false };
        for _ in 0..at % 8 {
            digit = match digit {
                0 => 1,
                1 => 5,
                2 => 7,
                3 => 6,
                4 => 2,
                5 => 8,
                6 => 3,
                7 => 0,
                8 => 9,
                _ => 4,
            };
        }
        state = dihedral(state, digit as u8);
    }
    !digits.is_empty() && state == 0
}

/// The product in the dihedral group of order ten, elements 0–4 turns and 5–9 reflections.
fn dihedral(a: u8, b: u8) -> u8 {
    match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + (b - 5)) % 5 + 5,
        (false, true) => (a - 5 + 5 - b) % 5 + 5,
        (false, false) => (a - 5 + 5 - (b - 5)) % 5,
    }
}

/// Sum of digits times weights; nothing if a byte is no digit or the lengths differ.
pub(crate) fn weighted(digits: &[u8], weights: &[u32]) -> Option<u32> {
    if digits.len() != weights.len() {
        return None;
    }
    digits.iter().zip(weights).try_fold(0_u32, |sum, (&byte, weight)| Some(sum + digit(byte)? * weight))
}

/// The remainder of a long number modulo `modulus`, letters counting as 10 to 35 (ISO/IEC 7064, used by IBAN mod 97).
pub(crate) fn remainder(value: impl IntoIterator<Item = u8>, modulus: u32) -> Option<u32> {
    value.into_iter().try_fold(0_u32, |rest, byte| {
        let number = alphanumeric(byte)?;
        Some(if number >= 10 { (rest * 100 + number) % modulus } else { (rest * 10 + number) % modulus })
    })
}

/// A digit's number.
pub(crate) fn digit(byte: u8) -> Option<u32> {
    byte.is_ascii_digit().then(|| u32::from(byte - b'0'))
}

/// The number of the digit at `at`.
pub(crate) fn digit_at(digits: &[u8], at: usize) -> Option<u32> {
    digit(*digits.get(at)?)
}

/// A digit's number, or 10 to 35 for letters.
pub(crate) fn alphanumeric(byte: u8) -> Option<u32> {
    match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'A'..=b'Z' => Some(u32::from(byte - b'A') + 10),
        b'a'..=b'z' => Some(u32::from(byte - b'a') + 10),
        _ => None,
    }
}

/// CRC-32 of ISO 3309, bit by bit: tokens are short.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

/// Whether the last six characters are the CRC-32 of `body` in Base62, as GitHub and npm tokens carry it.
pub(crate) fn crc32_base62(body: &[u8], check: &[u8]) -> bool {
    let mut value = 0_u64;
    for &byte in check {
        let number = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            b'a'..=b'z' => byte - b'a' + 36,
            _ => return false,
        };
        value = value.saturating_mul(62).saturating_add(u64::from(number));
    }
    value == u64::from(crc32(body))
}

/// Decodes Base58 (Bitcoin alphabet) of at most 128 characters.
pub(crate) fn base58(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() > 128 {
        return None;
    }
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    for &byte in text {
        let mut carry = BASE58.iter().position(|&member| member == byte)?;
        for slot in &mut bytes {
            carry += usize::from(*slot) * 58;
            *slot = (carry & 0xFF) as u8;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push((carry & 0xFF) as u8);
            carry >>= 8;
        }
    }
    bytes.extend(text.iter().take_while(|&&byte| byte == b'1').map(|_| 0));
    bytes.reverse();
    Some(bytes)
}

/// Whether Base58Check text carries the right checksum: the first four bytes of a double SHA-256.
pub(crate) fn base58check(text: &[u8]) -> Option<Vec<u8>> {
    use sha2::{Digest as _, Sha256};
    let bytes = base58(text)?;
    let (payload, check) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
    let digest = Sha256::digest(Sha256::digest(payload));
    digest.starts_with(check).then(|| payload.to_vec())
}

/// Whether text is valid Bech32 or Bech32m (BIP 173, BIP 350).
pub(crate) fn bech32(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    if lower != text && text.to_ascii_uppercase() != text {
        return false;
    }
    let Some(separator) = lower.iter().rposition(|&byte| byte == b'1') else { return false };
    let (Some(prefix), Some(data)) = (lower.get(..separator), lower.get(separator + 1..)) else {
        return false;
    };
    if prefix.is_empty() || data.len() < 6 {
        return false;
    }
    let mut state = 1_u32;
    let mut step = |value: u32| {
        let top = state >> 25;
        state = ((state & 0x01FF_FFFF) << 5) ^ value;
        for (bit, generator) in
            [0x3B6A_57B2_u32, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3].into_iter().enumerate()
        {
            if (top >> bit) & 1 == 1 {
                state ^= generator;
            }
        }
    };
    for &byte in prefix {
        step(u32::from(byte >> 5));
    }
    step(0);
    for &byte in prefix {
        step(u32::from(byte & 31));
    }
    for byte in data {
        let Some(value) = BECH32.iter().position(|member| member == byte) else { return false };
        step(value as u32);
    }
    matches!(state, 1 | 0x2BC8_30A3)
}

const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BECH32: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luhn_and_verhoeff_tell_the_published_examples_apart() {
        assert!(luhn(b"79927398713"));
        assert!(!luhn(b"79927398710"));
        assert!(verhoeff(b"2363"));
        assert!(!verhoeff(b"2364"));
    }

    #[test]
    fn crc32_has_its_check_value() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn bech32_takes_the_vectors_of_bip_173_and_350() {
        assert!(bech32(b"A12UEL5L"));
        assert!(bech32(b"A1LQFN3A"));
        assert!(!bech32(b"A1G7SGD8"));
        assert!(bech32(b"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"));
    }

    #[test]
    fn base58check_takes_the_first_address_and_no_other() {
        assert!(base58check(b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa").is_some());
        assert!(base58check(b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb").is_none());
    }

    #[test]
    fn remainder_reads_letters_as_two_digits() {
        assert_eq!(remainder(*b"3214282912345698765432161182", 97), Some(1));
    }
}
