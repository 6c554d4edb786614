//! Phrases in words that are written so that a filter does not read them.

use super::lexicon::{Concept, Lexicon, Occurrence};
use super::runs::{LETTER, is, long_run};
use super::tokens::Tokens;
use std::cmp::Reverse;

/// Finds phrases in words whose letters are set apart (`i g n o r e`, `i-g-n-o-r-e`, `in-struct-ions`), written together
/// (`ignoreallrules`) or replaced by digits and signs (`1gn0re`) in a folded text, adds them in order and says whether there
/// were any.
pub(super) fn disguised(
    lexicon: &Lexicon,
    text: &str,
    tokens: &Tokens,
    occurrences: &mut Vec<Occurrence>,
) -> bool {
    let mut added = Vec::new();
    if tokens.apart {
        apart(lexicon, text, &mut added);
    }
    if tokens.longest >= LONGEST_WORD {
        together(lexicon, text, &mut added);
    }
    replaced(lexicon, text, tokens, &mut added);
    if added.is_empty() {
        return false;
    }
    added.sort_by_key(|found: &Occurrence| (found.start, Reverse(found.end)));
    let mut taken = 0_usize;
    added.retain(|found| {
        let free = found.start >= taken;
        taken = taken.max(found.end);
        free
    });
    // None overlaps another now, so only the last that begins no later can hold a known one.
    occurrences.retain(|known| {
        let behind = added.partition_point(|new| new.start <= known.start);
        let last = behind.checked_sub(1).and_then(|last| added.get(last));
        last.is_none_or(|new| known.end > new.end)
    });
    occurrences.extend(added);
    occurrences.sort_by_key(|found| (found.start, found.end));
    true
}

/// Words with signs inside them or digits for letters.
fn replaced(lexicon: &Lexicon, text: &str, tokens: &Tokens, added: &mut Vec<Occurrence>) {
    let mut plain = String::new();
    for chunk in &tokens.odd {
        let mut at = chunk.start as usize;
        for word in text.get(at..chunk.end as usize).unwrap_or_default().split(' ') {
            if let Some(trimmed) = may_be_replaced(word)
                && let Some(concept) = replaced_word(lexicon, trimmed, &mut plain)
            {
                let start = at + word.find(trimmed).unwrap_or(0);
                added.push(Occurrence { concept, start, end: start + trimmed.len() });
            }
            at += word.len() + 1;
        }
    }
}

/// A word without the marks around it, if it has letters enough and something else among them.
fn may_be_replaced(word: &str) -> Option<&str> {
    if is_ordinary(word.as_bytes()) {
        return None;
    }
    let trimmed = word.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '@' | '$' | '!'));
    let odd = |byte: u8| !(byte.is_ascii_alphabetic() || byte == b'\'' || byte >= 0x80);
    let letters = || trimmed.bytes().filter(u8::is_ascii_alphabetic).count();
    ((4..=40).contains(&trimmed.len()) && trimmed.bytes().any(odd) && letters() >= 2).then_some(trimmed)
}

/// What a word means when it is read as one of its plain forms, if it does not mean the same as it stands.
fn replaced_word(lexicon: &Lexicon, word: &str, plain: &mut String) -> Option<Concept> {
    let means = |plain: &str| {
        let concept = (plain.len() >= 4).then(|| lexicon.word(plain)).flatten();
        concept.filter(|concept| lexicon.word(word) != Some(*concept))
    };
    // A word that only lacks its hyphen in the lexicon, such as a compound, is no disguise when a part is long.
    plain.clear();
    plain.extend(word.chars().filter(|c| c.is_alphabetic()));
    let longest = word.split(|c: char| !c.is_alphanumeric()).map(str::len).max().unwrap_or(0);
    if (longest + 2 < plain.len() || longest <= 4)
        && let Some(concept) = means(plain)
    {
        return Some(concept);
    }
    ['i', 'l'].into_iter().find_map(|one| {
        plain.clear();
        plain.extend(word.chars().filter_map(|c| letter(c, one)));
        means(plain)
    })
}

/// The letter that a character of a word is read as; `one` is what a 1 stands for.
fn letter(character: char, one: char) -> Option<char> {
    match character {
        '0' => Some('o'),
        '1' | '!' => Some(one),
        '3' => Some('e'),
        '4' | '@' => Some('a'),
        '5' | '$' => Some('s'),
        '7' => Some('t'),
        '8' => Some('b'),
        c if c.is_alphabetic() => Some(c),
        _ => None,
    }
}

/// Whether a word can be no disguise: it is too short, or plain letters with at most marks around them.
fn is_ordinary(word: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'\'';
    let Some(sign) = word.iter().position(|byte| !plain(byte)) else { return true };
    if word.len() < 4 {
        return true;
    }
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'$' | b'!');
    let (Some(first), Some(last)) = (word.iter().position(inside), word.iter().rposition(inside)) else {
        return word.is_ascii();
    };
    // Where it begins and ends with another script, letters are told by their characters.
    let around = word.iter().take(first).chain(word.iter().skip(last + 1));
    let inner = word.get(first.max(sign)..=last).unwrap_or_default();
    around.clone().all(u8::is_ascii) && inner.iter().all(plain)
}

/// Words of more letters than any word has: phrases without spaces.
fn together(lexicon: &Lexicon, text: &str, added: &mut Vec<Occurrence>) {
    let mut from = 0_usize;
    while let Some((at, length)) = long_run(text.as_bytes(), from, LONGEST_WORD, is(LETTER)) {
        from = at.saturating_add(length);
        let letters = text.get(at..from).unwrap_or_default();
        added.extend(lexicon.find_joined(letters).into_iter().map(|found| Occurrence {
            start: found.start.saturating_add(at),
            end: found.end.saturating_add(at),
            ..found
        }));
    }
}

/// Letters of a word that is taken for several without spaces; longer than almost every word of prose.
const LONGEST_WORD: usize = 19;

/// Letters with a sign between each that are read as a word.
const LETTERS_APART: usize = 5;

/// Runs of single letters with the same sign between them.
fn apart(lexicon: &Lexicon, text: &str, added: &mut Vec<Occurrence>) {
    let bytes = text.as_bytes();
    let letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphabetic);
    let mut at = 0_usize;
    while at.saturating_add(2) < bytes.len() {
        let sign = bytes.get(at.saturating_add(1)).copied().unwrap_or(b'a');
        // What is seldom is asked first.
        if sign.is_ascii_alphanumeric()
            || sign >= 0x80
            || !letter(at)
            || !letter(at.saturating_add(2))
            || at != 0 && letter(at.saturating_sub(1))
        {
            at = at.saturating_add(1);
            continue;
        }
        let mut joined = String::new();
        let mut origins = Vec::new();
        let mut end = at;
        while letter(end) {
            joined.extend(bytes.get(end).copied().map(char::from));
            origins.push(end);
            if bytes.get(end.saturating_add(1)) == Some(&sign) && letter(end.saturating_add(2)) {
                end = end.saturating_add(2);
            } else {
                break;
            }
        }
        // The last letter must stand alone too; else it begins an ordinary word.
        if letter(end.saturating_add(1)) {
            joined.pop();
            origins.pop();
        }
        if joined.len() >= LETTERS_APART {
            for found in lexicon.find_joined(&joined) {
                if let (Some(start), Some(last)) =
                    (origins.get(found.start), found.end.checked_sub(1).and_then(|last| origins.get(last)))
                {
                    added.push(Occurrence {
                        concept: found.concept,
                        start: *start,
                        end: last.saturating_add(1),
                    });
                }
            }
        }
        at = end.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_ordinary_word_is_one_that_no_disguise_is_looked_for_in(
            word in "([a-z]{0,6}|[0-9@$!.,'-]|é|«|\u{661}){0,6}",
        ) {
            let trimmed = word.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '@' | '$' | '!'));
            let odd = trimmed.bytes().any(|b| !(b.is_ascii_alphabetic() || b == b'\'' || b >= 0x80));
            let letters = trimmed.bytes().filter(u8::is_ascii_alphabetic).count();
            let looked_at = (4..=40).contains(&trimmed.len()) && odd && letters >= 2;
            prop_assert_eq!(may_be_replaced(&word).is_some(), looked_at, "{:?}", word);
        }

        #[test]
        fn every_word_that_may_be_replaced_is_looked_at(
            text in "([a-z]{1,6}|[0-9@$!.,'-]|é|«|\u{661}|\u{4e2d}| ){0,20}",
        ) {
            let tokens = Tokens::of(&text, &[false; 256]);
            let odd = tokens.odd.iter().flat_map(|odd| text[odd.start as usize..odd.end as usize].split(' '));
            let seen: Vec<&str> = odd.filter_map(may_be_replaced).collect();
            let wanted: Vec<&str> = text.split(' ').filter_map(may_be_replaced).collect();
            prop_assert_eq!(seen, wanted);
        }

        #[test]
        fn letters_apart_and_together_are_missed_nowhere(
            text in "([a-z]{1,3}|[ .,'-]|[a-z] |[0-9]|é|([a-z]-){1,6}[a-z]?|([a-z]'){1,6}[a-z]?|[a-z]{19}){0,14}",
        ) {
            let bytes = text.as_bytes();
            let takes_turns = |run: &[u8]| {
                run.iter().enumerate().all(|(at, byte)| {
                    if at % 2 == 0 {
                        byte.is_ascii_alphabetic()
                    } else {
                        byte.is_ascii() && !byte.is_ascii_alphanumeric()
                    }
                })
            };
            let same = |run: &[u8]| run.iter().skip(1).step_by(2).all(|sign| Some(sign) == run.get(1));
            let wanted = bytes.windows(2 * LETTERS_APART - 1).any(|run| takes_turns(run) && same(run));
            let tokens = Tokens::of(&text, &[false; 256]);
            prop_assert!(tokens.apart || !wanted, "{text:?}");
            let together = bytes.chunk_by(|a, b| a.is_ascii_alphabetic() == b.is_ascii_alphabetic());
            let together = together.filter(|run| run[0].is_ascii_alphabetic()).any(|run| run.len() >= LONGEST_WORD);
            prop_assert!(tokens.longest >= LONGEST_WORD || !together, "{text:?}");
        }
    }
}
