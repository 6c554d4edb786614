//! What of a text nobody may repeat: [`credentials`], the bytes of the credentials in it without what stands around them.

use crate::detector::{Detector, Subjects};
use crate::hit::Hit;
use std::sync::LazyLock;

/// Least score of a hit that counts: below stand names of tenants and buckets.
const LEAST: f32 = 0.5;

static DETECTOR: LazyLock<Option<Detector>> = LazyLock::new(|| {
    Detector::new(Subjects { patterns: false, names: false, characters: false, ..Subjects::ALL }).ok()
});

/// Makes what the search for credentials needs, so that the first text need not wait for it.
pub fn prepare() {
    let _ = credentials(b"");
}

/// The credentials in `text`, each once and as it is written: of an address its password, of a header its last word.
///
/// Linear in the text. Bytes that are not UTF-8 become replacement characters.
pub fn credentials(text: &[u8]) -> Vec<String> {
    let mut hits: Vec<Hit> = Vec::new();
    if let Some(detector) = &*DETECTOR {
        detector.scan(text, &mut hits);
    }
    credentials_among(text, &hits)
}

/// The same, where `hits` are all the credentials that a detector found in `text`.
pub fn credentials_among(text: &[u8], hits: &[Hit]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for hit in hits.iter().filter(|hit| hit.score >= LEAST) {
        let written = String::from_utf8_lossy(text.get(hit.start..hit.end).unwrap_or_default());
        let secret = match hit.kind.id {
            "address-with-password" => password_of_address(&written),
            "http-authorization" => written.split_whitespace().next_back().unwrap_or_default(),
            _ => &written,
        };
        if hit.kind.id == "private-key" {
            found.extend(key_material(&written).map(str::to_owned));
        } else {
            found.push(secret.to_owned());
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The lines of a key in its armour. One that does not end is found with whatever follows it.
fn key_material(armoured: &str) -> impl Iterator<Item = &str> {
    const LINE: usize = 16;
    let pieces =
        armoured.split(|mark: char| mark.is_whitespace() || matches!(mark, '"' | '\'' | '\\' | ',' | '-'));
    // `\n` in a string leaves its letter in front of the line.
    let pieces =
        pieces.map(|piece| piece.strip_prefix('n').filter(|rest| rest.len() % 4 == 0).unwrap_or(piece));
    pieces.filter(|piece| {
        piece.len() >= LINE
            && piece.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
            && piece.bytes().any(|byte| byte.is_ascii_digit())
    })
}

/// The password in `scheme://user:password@host`, all of it where it has another form.
fn password_of_address(address: &str) -> &str {
    let login = address.split_once("://").map_or(address, |(_, rest)| rest);
    let login = login.rsplit_once('@').map_or(login, |(login, _)| login);
    login.split_once(':').map_or(login, |(_, password)| password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_key_its_lines_count_and_nothing_that_follows() {
        let (one, two) =
            ("MIIEugIBADANBgkqhkiG9w0BAQEFAASCBKQwggSgAgEA", "AoIBAQDKx81Zq3Vw7fLtB2nRz9mXcQ0sYyP4hGdUoE6i");
        let key = format!("-----BEGIN {0}-----\n{one}\n{two}\n", "PRIVATE KEY");
        let mut lines = [one.to_owned(), two.to_owned()];
        lines.sort_unstable();
        let more = "Revoke it, and take it from a secret store at run time.";
        assert_eq!(credentials(format!("{key}{more}").as_bytes()), lines);
        let escaped = key.replace('\n', "\\n");
        assert_eq!(credentials(format!("\"{escaped}\", {more}").as_bytes()), lines);
    }

    #[test]
    fn of_an_address_and_a_header_only_the_secret_counts() {
        let text = b"db = postgresql://ml:Sup3rS3cret9@db/m\nmore = postgresql://ml:Sup3rS3cret9@db/n\n";
        assert_eq!(credentials(text), ["Sup3rS3cret9"]);
        assert_eq!(credentials(b"nothing = \"to see\"\n"), [] as [&str; 0]);
    }
}
