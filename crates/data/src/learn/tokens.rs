//! Text as tokens: words, single marks, and runs of what nobody sees.

/// The tokens of a text, in order: runs of letters, digits, `_` and inner apostrophes; runs of characters that show
/// nothing; every other visible character alone. White space separates and is no token.
pub fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|character: char| character.is_whitespace() && !is_hidden(character));
        let first = rest.chars().next()?;
        let is_same: fn(char) -> bool = if is_hidden(first) {
            is_hidden
        } else if is_word(first) {
            is_word
        } else {
            let (token, after) = rest.split_at(first.len_utf8());
            rest = after;
            return Some(token);
        };
        let end = rest.find(|character| !is_same(character)).unwrap_or(rest.len());
        let (token, after) = rest.split_at(end);
        rest = after;
        Some(token)
    })
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Whether a character takes no room on a page although it is there: zero-width and joining characters, marks of
/// direction, tags, variation selectors, controls other than tab and line ends.
///
/// Source: Unicode 16.0, general category Cf and `Default_Ignorable_Code_Point`, less the soft hyphen, which text
/// carries innocently.
pub fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{180e}'
        | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || (character.is_control() && !matches!(character, '\t' | '\n' | '\r' | '\u{c}'))
}

/// A token in lower case, allocated only when that differs.
pub fn lower_case(token: &str) -> std::borrow::Cow<'_, str> {
    if token.chars().any(char::is_uppercase) { token.to_lowercase().into() } else { token.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_marks_and_hidden_runs_are_told_apart() {
        let found: Vec<&str> = tokens("Wo n't  <SUDO> a\u{200b}\u{200c}b, x_1\u{e0041}!").collect();
        assert_eq!(
            found,
            [
                "Wo",
                "n",
                "'",
                "t",
                "<",
                "SUDO",
                ">",
                "a",
                "\u{200b}\u{200c}",
                "b",
                ",",
                "x_1",
                "\u{e0041}",
                "!"
            ]
        );
        assert_eq!(tokens(" \t\n").count(), 0);
    }

    #[test]
    fn plain_letters_are_not_hidden() {
        assert!(!"aé漢 \t\n-".chars().any(is_hidden));
    }

    proptest::proptest! {
        #[test]
        fn tokens_are_the_text_without_white_space(text in "\\PC{0,60}") {
            let joined: String = tokens(&text).collect();
            let expected: String =
                text.chars().filter(|character| !character.is_whitespace() || is_hidden(*character)).collect();
            proptest::prop_assert_eq!(joined, expected);
        }
    }
}
