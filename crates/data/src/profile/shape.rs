//! The shape of a text: which classes of characters follow each other.

/// Characters looked at; what follows is shown as `…`.
const LOOKED_AT: usize = 64;

/// `text` with runs of letters as `a+` (lower) and `A+` (upper case), digits as `9{n}`, blanks as one blank; punctuation
/// stands for itself and other characters are `¤`.
///
/// A single letter or digit has no count: `AB-7` has the shape `A+-9`.
pub fn shape(text: &str) -> String {
    let mut shown = String::new();
    shape_into(text, &mut shown);
    shown
}

/// [`shape`], written behind what `shown` holds already.
pub(super) fn shape_into(text: &str, shown: &mut String) {
    let mut characters = text.chars();
    let mut next = characters.next().map(class);
    let mut looked_at = 0;
    while let Some(class) = next {
        let mut run = 0_u32;
        while next == Some(class) && looked_at < LOOKED_AT {
            run = run.saturating_add(1);
            looked_at += 1;
            next = characters.next().map(self::class);
            if !repeats(class) {
                break;
            }
        }
        if run == 0 {
            shown.push('…');
            return;
        }
        shown.push(class);
        match class {
            'a' | 'A' | '¤' if run > 1 => shown.push('+'),
            '9' if run > 1 => {
                shown.push('{');
                if run >= 10 {
                    shown.push(digit(run / 10));
                }
                shown.push(digit(run % 10));
                shown.push('}');
            }
            _ => {}
        }
    }
}

/// The last digit of a number.
fn digit(number: u32) -> char {
    char::from_digit(number % 10, 10).unwrap_or('0')
}

fn repeats(class: char) -> bool {
    matches!(class, 'a' | 'A' | '9' | ' ' | '¤')
}

#[inline]
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
