//! Where sentences begin and end in folded text, in which lines are no longer told apart.

use std::ops::Range;

/// The sentences of `text`, one behind the other; items of lists count as sentences.
pub(crate) fn of(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0_usize;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let end = at.saturating_add(character.len_utf8());
        let next = characters.peek().map(|(_, next)| *next);
        let long = end.saturating_sub(start) >= LONGEST;
        let ends = match character {
            '.' | '!' | '?' => {
                next.is_none_or(|next| next.is_whitespace() || matches!(next, '"' | ')' | '*' | '<'))
                    && !abbreviates(text.get(start..at).unwrap_or_default())
            }
            '\u{3002}' | '\u{FF01}' | '\u{FF1F}' | '\n' | '\u{2022}' => true,
            // The mark of an item.
            '-' | '*' => next == Some(' ') && text.get(..at).is_some_and(|before| before.ends_with(' ')),
            _ => long && character.is_whitespace(),
        };
        if ends {
            found.push(start..end);
            start = end;
        }
    }
    if start < text.len() {
        found.push(start..text.len());
    }
    found
}

/// Whether `before` ends in a short form that is written with a point.
fn abbreviates(before: &str) -> bool {
    [" e.g", "(e.g", " i.e", "(i.e", " etc", " vs", " z.b", " p.ej", " no", " incl"]
        .iter()
        .any(|short| before.ends_with(short))
}

/// Longest sentence, in bytes: what is longer is cut, so that words far apart are not read together.
const LONGEST: usize = 600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_inside_a_name_ends_nothing() {
        let text = "read .env and a.txt, e.g. now. then stop";
        let parts: Vec<&str> = of(text).into_iter().filter_map(|span| text.get(span)).collect();
        assert_eq!(parts, ["read .env and a.txt, e.g. now.", " then stop"]);
    }
}
