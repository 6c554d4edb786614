//! Morse code: ITU-R M.1677.

use super::hidden::{Hidden, Veil, put};
use super::runs::{MORSE, is, long_run};

/// Runs of Morse code of at least five letters.
pub(super) fn pieces(text: &str, found: &mut Vec<Hidden>) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some((at, length)) = long_run(bytes, from, 20, is(MORSE)) {
        let end = at.saturating_add(length);
        from = end;
        let run = text.get(at..end).unwrap_or_default();
        let letters: Option<String> = run
            .split_inclusive([' ', '/'])
            .filter_map(|sign| match sign.trim_matches([' ', '/']) {
                "" => sign.contains('/').then_some(Some(' ')),
                code => Some(morse_letter(code)),
            })
            .collect();
        if let Some(text) = letters.filter(|text| text.len() >= 5) {
            put(found, Hidden { veil: Veil::Morse, start: at, end, text });
        }
    }
}

fn morse_letter(code: &str) -> Option<char> {
    const CODES: [&str; 36] = [
        ".-", "-...", "-.-.", "-..", ".", "..-.", "--.", "....", "..", ".---", "-.-", ".-..", "--", "-.",
        "---", ".--.", "--.-", ".-.", "...", "-", "..-", "...-", ".--", "-..-", "-.--", "--..", "-----",
        ".----", "..---", "...--", "....-", ".....", "-....", "--...", "---..", "----.",
    ];
    let at = u8::try_from(CODES.iter().position(|known| *known == code)?).ok()?;
    Some(char::from(if at < 26 { b'a'.saturating_add(at) } else { (b'0' - 26).saturating_add(at) }))
}
