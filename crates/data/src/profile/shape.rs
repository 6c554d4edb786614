//! The shape of a text: which classes of characters follow each other.

/// Characters looked at; what follows is shown as `…`.
const LOOKED_AT: usize = 64;

/// `text` with runs of letters as `a+` (lower) and `A+` (upper case), digits as `9{n}`, blanks as one blank; punctuation
/// stands for itself and other characters are `¤`.
///
/// A single letter or digit has no count: `AB-7` has the shape `A+-9`.
pub fn shape(text: &str) -> String {
    let mut shown = String::new();
    let mut characters = text.chars().take(LOOKED_AT).peekable();
    while let Some(first) = characters.next() {
        let class = class(first);
        let mut run = 1_u32;
        while characters.next_if(|next| self::class(*next) == class && repeats(class)).is_some() {
            run = run.saturating_add(1);
        }
        shown.push(class);
        match class {
            'a' | 'A' | '¤' if run > 1 => shown.push('+'),
            '9' if run > 1 => {
                shown.push('{');
                shown.push_str(&run.to_string());
                shown.push('}');
            }
            _ => {}
        }
    }
    if text.chars().nth(LOOKED_AT).is_some() {
        shown.push('…');
    }
    shown
}

fn repeats(class: char) -> bool {
    matches!(class, 'a' | 'A' | '9' | ' ' | '¤')
}

fn class(character: char) -> char {
    if character.is_ascii_digit() {
        '9'
    } else if character.is_uppercase() {
        'A'
    } else if character.is_alphabetic() {
        'a'
    } else if character.is_whitespace() {
        ' '
    } else if character.is_ascii_punctuation() {
        character
    } else {
        '¤'
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_show_classes_and_counts_of_digits() {
        for (text, expected) in [
            ("", ""),
            ("2024-01-31", "9{4}-9{2}-9{2}"),
            ("Ärger, AB-7", "Aa+, A+-9"),
            ("a@b.example", "a@a.a+"),
            ("..  !", ".. !"),
            ("\u{1F600}\u{1F600}", "¤+"),
        ] {
            assert_eq!(shape(text), expected);
        }
        assert_eq!(shape(&"x".repeat(65)), "a+…");
    }
}
