//! Patterns of names of files, as a shell fills them in.
//!
//! Source: POSIX.1-2024 XCU 2.14 (Pattern Matching Notation).

/// Longest pattern that is read.
const LONGEST: usize = 128;
/// Longest set of characters between brackets.
const LONGEST_SET: usize = 64;

/// Whether a word is a pattern.
pub(super) fn is_pattern(word: &str) -> bool {
    word.contains(['*', '?', '['])
}

/// Whether a part of a path stands for all names, or all hidden ones: `*`, `.*`, `.[!.]*`, `?*`.
pub(super) fn takes_all(part: &str) -> bool {
    part.contains('*') && part.bytes().all(|byte| b"*?.![]^".contains(&byte))
}

/// Whether a name matches a pattern, in which no sign but a slash itself stands for a slash. In the worst case the product of both lengths.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    if pattern.len() > LONGEST || name.len() > LONGEST {
        return false;
    }
    let (mut at, mut place) = (0_usize, 0_usize);
    // Behind the last star, and where in the name it ends so far.
    let mut star: Option<(usize, usize)> = None;
    loop {
        let rest = pattern.get(at..).unwrap_or_default();
        let byte = name.get(place).copied();
        if rest.is_empty() && byte.is_none() {
            return true;
        }
        if rest.first() == Some(&b'*') {
            at = at.saturating_add(1);
            star = Some((at, place));
        } else if let Some(length) = byte.and_then(|byte| one(rest, byte)) {
            at = at.saturating_add(length);
            place = place.saturating_add(1);
        } else if let Some((after, end)) =
            star.filter(|(_, end)| name.get(*end).is_some_and(|byte| *byte != b'/'))
        {
            (at, place) = (after, end.saturating_add(1));
            star = Some((at, place));
        } else {
            return false;
        }
    }
}

/// How long the sign is with which a pattern begins, if it stands for this byte.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern.first()? {
        b'?' => (byte != b'/').then_some(1),
        b'[' => {
            let inner = pattern.get(1..)?;
            let turned = matches!(inner.first(), Some(b'!' | b'^'));
            let set = inner.get(usize::from(turned)..)?;
            // A bracket right behind the first is one of the set.
            let length =
                set.iter().take(LONGEST_SET).skip(1).position(|byte| *byte == b']')?.saturating_add(1);
            let set = set.get(..length)?;
            let is_in = set.contains(&byte)
                || set
                    .windows(3)
                    .any(|three| matches!(three, [from, b'-', to] if (*from..=*to).contains(&byte)));
            (is_in != turned && byte != b'/')
                .then_some(length.saturating_add(usize::from(turned)).saturating_add(2))
        }
        other => (*other == byte).then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_stand_for_what_a_shell_takes_them_for() {
        for (pattern, name) in [
            ("r?", "rm"),
            ("/b*n", "/bin"),
            ("/???", "/usr"),
            ("r[a-n]", "rm"),
            ("[!a]m", "rm"),
            ("[]r]m", "rm"),
            ("*", ""),
            ("/*/*n", "/usr/bin"),
            ("a*b*c", "a--b-bc"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("r?", "r"),
            ("/*", "/usr/bin"),
            ("[!r]m", "rm"),
            ("r[m", "rm"),
            ("/?sr", "//sr"),
            ("a*b", "abc"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_name_matches_itself_with_any_letters_left_out(name in "[a-z]{1,12}", places in proptest::collection::vec(0..12_usize, 0..4)) {
            let pattern: String = name
                .char_indices()
                .map(|(at, one)| if places.contains(&at) { '?' } else { one })
                .collect();
            proptest::prop_assert!(matches(&pattern, &name));
            let starred = format!("*{}", pattern.get(1..).unwrap_or_default());
            proptest::prop_assert!(matches(&starred, &name));
            let longer = format!("{pattern}?");
            proptest::prop_assert!(!matches(&longer, &name));
        }

        #[test]
        fn any_pattern_ends(pattern in "[*?\\[\\]!a/-]{0,24}", name in "[ab/-]{0,24}") {
            matches(&pattern, &name);
        }
    }
}
