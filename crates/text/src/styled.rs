//! Letters, digits and marks of ASCII that are written in other characters: full-width, in the styles of mathematics, enclosed, or in letters
//! of other scripts that look the same.
//!
//! Sources: Unicode normalisation form KC (UAX #15); confusable letters of UTS #39.

use crate::injection::canonical::latin_twin;
use unicode_normalization::UnicodeNormalization;

/// The character of ASCII that another one is a form of: `ｇ`, `𝐠` and `ⓖ` are a g. Nothing for ASCII itself, and for letters with accents.
pub fn plain_form(character: char) -> Option<char> {
    // What stands below is letters of Latin, Greek, Cyrillic and the like, which are none of another's form.
    if character < '\u{2010}' {
        return None;
    }
    match character {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => return Some('-'),
        // Enclosed letters without a compatibility form.
        '\u{1F150}'..='\u{1F169}' => return letter(character, '\u{1F150}'),
        '\u{1F170}'..='\u{1F189}' => return letter(character, '\u{1F170}'),
        _ => {}
    }
    let mut forms = std::iter::once(character).nfkc();
    match (forms.next(), forms.next()) {
        (Some(one), None) => Some(one).filter(char::is_ascii_graphic),
        _ => None,
    }
}

/// The capital letter that lies as far from A as `character` from `first`.
fn letter(character: char, first: char) -> Option<char> {
    let offset = u8::try_from(u32::from(character).checked_sub(u32::from(first))?).ok()?;
    Some(char::from(b'A'.checked_add(offset)?)).filter(char::is_ascii_uppercase)
}

/// The letter of Latin that a letter of another script is taken for in a word of Latin letters: `р` for a p.
pub fn latin_look(character: char) -> Option<char> {
    let mut small = character.to_lowercase();
    let (Some(one), None) = (small.next(), small.next()) else { return None };
    let twin = latin_twin(one)?;
    Some(if one == character { twin } else { twin.to_ascii_uppercase() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_ascii_are_read_and_letters_of_their_own_are_not() {
        let read: String = "ｇ𝐡𝕡＿ⓧ７ℎ🅰－".chars().filter_map(plain_form).collect();
        assert_eq!(read, "ghp_x7hA-");
        assert!("éßжαñ日ア한あ½ﬁ™".chars().all(|one| plain_form(one).is_none()));
    }

    #[test]
    fn letters_that_look_alike_keep_their_case() {
        assert_eq!(latin_look('р'), Some('p'));
        assert_eq!(latin_look('А'), Some('A'));
        assert_eq!(latin_look('ж'), None);
    }
}
