//! Characters that look like letters and marks of ASCII.
//!
//! Source: Unicode Technical Standard 39 (`confusables.txt`), the letters of it that a font draws alike.

/// The character of ASCII that `c` looks like, or `c` itself.
pub(crate) fn skeleton(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    // Full-width forms stand in the order of ASCII.
    if let '\u{ff01}'..='\u{ff5e}' = c {
        let code = u32::from(c).saturating_sub(0xff01).saturating_add(0x21);
        return char::from_u32(code).unwrap_or(c);
    }
    match c {
        'а' | 'α' | 'ɑ' | 'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ā' => 'a',
        'ь' | 'Ь' => 'b',
        'с' | 'ϲ' | 'ç' | 'ć' => 'c',
        'ԁ' | 'ɗ' => 'd',
        'е' | 'ҽ' | 'é' | 'è' | 'ê' | 'ë' | 'ē' => 'e',
        'ƒ' => 'f',
        'ɡ' | 'ğ' => 'g',
        'һ' | 'հ' => 'h',
        'і' | 'ı' | 'ι' | 'í' | 'ì' | 'î' | 'ï' | 'ӏ' => 'i',
        'ј' | 'ϳ' => 'j',
        'к' | 'κ' => 'k',
        'ⅼ' | 'ł' => 'l',
        'м' | 'ⅿ' => 'm',
        'п' | 'ո' | 'ñ' => 'n',
        'о' | 'ο' | 'օ' | 'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' | 'ō' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'г' => 'r',
        'ѕ' | 'ś' | 'š' => 's',
        'т' | 'τ' => 't',
        'υ' | 'ս' | 'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' | 'ω' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' | 'ý' | 'ÿ' => 'y',
        'ᴢ' | 'ž' => 'z',
        'А' | 'Α' => 'A',
        'В' | 'Β' => 'B',
        'С' | 'Ϲ' => 'C',
        'Е' | 'Ε' => 'E',
        'Н' | 'Η' => 'H',
        'І' | 'Ι' => 'I',
        'Ј' => 'J',
        'К' | 'Κ' => 'K',
        'М' | 'Μ' => 'M',
        'Ν' => 'N',
        'О' | 'Ο' => 'O',
        'Р' | 'Ρ' => 'P',
        'Ѕ' => 'S',
        'Т' | 'Τ' => 'T',
        'Х' | 'Χ' => 'X',
        'У' | 'Υ' => 'Y',
        'Ζ' => 'Z',
        '‹' | '〈' | '⟨' | '＜' => '<',
        '›' | '〉' | '⟩' | '＞' => '>',
        '│' | '∣' | '｜' | 'ǀ' => '|',
        '‐' | '‑' | '‒' | '–' | '—' | '−' => '-',
        '＿' => '_',
        '∕' | '⁄' => '/',
        '․' => '.',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::skeleton;

    #[test]
    fn letters_of_other_scripts_become_what_they_look_like() {
        let seen: String = "gооgle／ＢＥＲＴ－x".chars().map(skeleton).collect();
        assert_eq!(seen, "google/BERT-x");
        assert_eq!(skeleton('漢'), '漢');
    }
}
