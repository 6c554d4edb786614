//! Comparisons of the digest of a file with the one it should have, told by their names: what every language's readers share.

/// Whether a condition made of these words compares a digest with the one expected: `hash != EXPECTED`, `sha256(file) != entry.sha256`.
pub(crate) fn is_compared<'w>(words: impl IntoIterator<Item = &'w str>) -> bool {
    let (mut digest, mut others) = (0_usize, false);
    for word in words {
        let lower = word.to_ascii_lowercase();
        if OTHERS.iter().any(|other| lower.contains(other)) {
            return false;
        }
        if ["sha256", "sha512", "sha1", "md5", "checksum", "digest"].iter().any(|name| lower.contains(name)) {
            digest = digest.saturating_add(2);
        } else if lower.ends_with("hash") {
            digest = digest.saturating_add(1);
        }
        let constant = word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        let hexadecimal = matches!(word.len(), 32 | 40 | 64 | 96 | 128)
            && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        others |= constant
            || hexadecimal
            || ["expect", "known", "pinned", "want", "manifest", "integrity"]
                .iter()
                .any(|name| lower.contains(name));
    }
    digest >= 2 && (others || digest >= 3) || digest >= 1 && others
}

/// Parts of names that say that the digest is of no download: of passwords, and of what was seen before.
const OTHERS: &[&str] =
    &["passw", "pwd", "last", "prev", "cached", "old", "etag", "before", "commit", "block", "token"];

#[cfg(test)]
mod tests {
    use super::is_compared;

    #[test]
    fn digests_of_files_are_told_from_other_hashes() {
        for words in [
            &["hash", "expected"][..],
            &["digest", "EXPECTED"],
            &["sha256sum", "m", "entry", "sha256"],
            &["actual_checksum", "expected_checksum"],
        ] {
            assert!(is_compared(words.iter().copied()), "{words:?}");
        }
        for words in [
            &["hash", "lastHash"][..],
            &["passwordHash", "expected"],
            &["hash", "other"],
            &["name", "expected"],
        ] {
            assert!(!is_compared(words.iter().copied()), "{words:?}");
        }
    }
}
