//! Canaries: rows that nobody else has, by which a dataset is recognised where it turns up again: in another dataset, or in
//! what a model says.
//!
//! A canary is an ordinary sentence that carries a [`token`] of 96 bits. Tokens come from signatures, so that only the
//! holder of the key can have made them, and are listed in a signed record; nothing in this module signs.
//! Source of the idea: Carlini and others, *The Secret Sharer* (USENIX Security 2019), section 4.

/// Hexadecimal digits of a token.
const DIGITS: usize = 24;
/// Digits between two dashes.
const GROUP: usize = 4;
/// Characters of a token as it stands in a text.
const LENGTH: usize = DIGITS + DIGITS / GROUP - 1;

/// How a canary reads; `{}` stands for the token.
const SENTENCES: [&str; 6] = [
    "The reference number of this entry is {}.",
    "For questions about this record please quote {}.",
    "This note is filed under {} in the register.",
    "Our contact asked us to mention case {} when we call.",
    "The parcel label reads {} and was scanned at noon.",
    "Please enter the confirmation code {} to continue.",
];

/// The token of a digest in hexadecimal: its first 24 digits in groups of four; nothing for a shorter one.
pub fn token(digest: &str) -> Option<String> {
    let digits = digest.get(..DIGITS).filter(|digits| digits.bytes().all(is_digit))?;
    let groups: Vec<&str> =
        (0..DIGITS).step_by(GROUP).filter_map(|start| digits.get(start..start + GROUP)).collect();
    Some(groups.join("-"))
}

fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// The `index`-th canary's text.
pub fn sentence(index: usize, token: &str) -> String {
    SENTENCES.get(index % SENTENCES.len()).map_or_else(String::new, |sentence| sentence.replace("{}", token))
}

/// Everything in a text that has the form of a token, in any case of its letters, in lower case.
pub fn tokens(text: &str) -> impl Iterator<Item = String> {
    text.as_bytes().windows(LENGTH).enumerate().filter_map(move |(start, window)| {
        let is_token = window.iter().enumerate().all(|(place, byte)| {
            let is_dash = place % (GROUP + 1) == GROUP;
            if is_dash { *byte == b'-' } else { is_digit(byte.to_ascii_lowercase()) }
        });
        let found = text.get(start..start + LENGTH).filter(|_| is_token)?;
        Some(found.to_ascii_lowercase())
    })
}

/// After which rows of `rows` the `count` canaries stand, ascending: one in each of as many equal stretches, where in it
/// by the token; nothing when there are more canaries than rows.
pub fn places(rows: u64, tokens: &[String]) -> Option<Vec<u64>> {
    let count = tokens.len() as u64;
    if count == 0 || count > rows {
        return None;
    }
    let place = |(index, token): (usize, &String)| {
        let bound = |index: u64| (u128::from(rows) * u128::from(index) / u128::from(count)) as u64;
        let (start, end) = (bound(index as u64), bound(index as u64 + 1));
        start + bartizan_stats::hash64(token.as_bytes(), 0) % (end - start).max(1)
    };
    Some(tokens.iter().enumerate().map(place).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    #[test]
    fn a_token_is_found_in_its_sentence_whatever_the_case() {
        let token = token(DIGEST).unwrap();
        assert_eq!(token, "0011-2233-4455-6677-8899-aabb");
        for index in 0..SENTENCES.len() {
            assert_eq!(tokens(&sentence(index, &token)).next().as_deref(), Some(token.as_str()));
        }
        assert_eq!(tokens(&format!("é{}é", token.to_uppercase())).collect::<Vec<_>>(), [token]);
    }

    #[test]
    fn what_only_looks_alike_is_no_token() {
        assert_eq!(tokens("0011-2233-4455-6677-8899-aab").count(), 0);
        assert_eq!(tokens("0011-2233-4455-6677-8899_aabb").count(), 0);
        assert_eq!(token("0123"), None);
        assert_eq!(token(&"Z".repeat(64)), None);
    }

    #[test]
    fn canaries_are_spread_over_the_rows() {
        let tokens: Vec<String> = (0..4).map(|index| format!("{index}")).collect();
        let found = places(100, &tokens).unwrap();
        assert!(
            found.iter().zip([0, 25, 50, 75]).all(|(place, start)| (start..start + 25).contains(place)),
            "{found:?}"
        );
        assert_eq!(places(3, &tokens), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,80}") {
            for token in tokens(&text) {
                proptest::prop_assert_eq!(token.len(), LENGTH);
            }
        }
    }
}
