//! Terminal escapes that keep something from whoever looks at a text: [`hiding`].
//!
//! Colours and bold letters hide nothing; logs, notebooks and the texts that programs print are full of them. What counts is what is not
//! shown, is painted over, clears the screen, or reaches beyond it (the title of the window, the clipboard). Source: ECMA-48, 5th edition;
//! XTerm Control Sequences. Cost: one search for the escape character, and a bounded look at each.

/// The first escape of `text` that hides something: where it stands, and what it is.
pub(super) fn hiding(text: &str) -> Option<(usize, &'static str)> {
    let bytes = text.as_bytes();
    let mut moves = MOST_MOVES;
    memchr::memchr2_iter(ESCAPE, CONTROLS, bytes).find_map(|at| {
        let rest = bytes.get(at.saturating_add(1)..)?;
        let (kind, begins) = match (bytes.get(at)?, rest.first()?) {
            (&ESCAPE, kind) => (*kind, at.saturating_add(2)),
            // The same in one character, U+0080 to U+009F: the letter is 0x40 further down.
            (_, second @ 0x80..0xa0) => (second.wrapping_sub(0x40), at.saturating_add(2)),
            _ => return None,
        };
        let what = match kind {
            b'[' => sequence(text, at, begins, &mut moves)?,
            b']' => command(bytes.get(begins..)?)?,
            b'P' | b'X' | b'^' | b'_' => "text in a terminal's control string, which is not shown",
            b'c' => "an escape that clears the terminal",
            _ => return None,
        };
        // In one character of two bytes the most common ones are letters of no terminal: only sequences and commands count.
        (bytes.get(at) == Some(&ESCAPE) || matches!(kind, b'[' | b']')).then_some((at, what))
    })
}

/// The escape character.
const ESCAPE: u8 = 0x1b;
/// First byte, in UTF-8, of the characters that stand for an escape and a letter.
const CONTROLS: u8 = 0xc2;
/// Longest sequence looked at, in bytes.
const LONGEST: usize = 64;
/// Most moves whose surroundings are looked at.
const MOST_MOVES: usize = 10_000;
/// How much before and behind a move is looked at for what it paints over, in bytes.
const NEAR: usize = 160;

/// What a control sequence hides, whose parameters begin at `begins` and whose escape stands at `at`.
fn sequence(text: &str, at: usize, begins: usize, moves: &mut usize) -> Option<&'static str> {
    let rest = text.as_bytes().get(begins..)?;
    let length = rest.iter().take(LONGEST).position(|byte| matches!(byte, 0x40..=0x7e))?;
    let ends = begins.saturating_add(length).saturating_add(1);
    let parameters = text.get(begins..begins.saturating_add(length))?;
    let first = parameters.split(';').next().unwrap_or_default();
    let mut over = || {
        *moves = moves.checked_sub(1)?;
        paints_over(text, at, ends).then_some("an escape that paints over text of a terminal")
    };
    match rest.get(length)? {
        b'm' => conceals(parameters).then_some("text that a terminal is told not to show"),
        b'J' => Some("an escape that clears the terminal"),
        b'H' | b'f' => Some("an escape that writes over another place of the terminal"),
        // Erasing what follows hides something only from where the line was begun again.
        b'K' if matches!(first, "" | "0") && !text.get(..at)?.ends_with('\r') => None,
        b'A' | b'F' | b'G' | b'D' | b'K' | b'M' | b'P' | b'X' | b'u' => over(),
        b'h' if matches!(parameters, "?1049" | "?1047" | "?47") => {
            Some("an escape that puts another screen over the terminal's")
        }
        _ => None,
    }
}

/// Whether colours are such that nothing is seen: concealed, or letters in the colour of what is behind them.
fn conceals(parameters: &str) -> bool {
    let mut values = parameters.split([';', ':']).map(|value| value.parse::<u16>().unwrap_or(0));
    let (mut letters, mut behind) = (None, None);
    while let Some(value) = values.next() {
        match value {
            8 => return true,
            30..=37 => letters = Some([u16::MAX, value.saturating_sub(30), 0, 0]),
            40..=47 => behind = Some([u16::MAX, value.saturating_sub(40), 0, 0]),
            38 | 48 => {
                let mut next = || values.next().unwrap_or(0);
                let kind = next();
                let colour = match kind {
                    5 => [5, next(), 0, 0],
                    2 => [2, next(), next(), next()],
                    _ => continue,
                };
                *(if value == 38 { &mut letters } else { &mut behind }) = Some(colour);
            }
            _ => {}
        }
    }
    letters.is_some() && letters == behind
}

/// What a command to the terminal itself reaches: its title (0 to 2) or the clipboard (52).
fn command(rest: &[u8]) -> Option<&'static str> {
    let digits = rest.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    match (rest.get(..digits)?, rest.get(digits)?) {
        (b"0" | b"1" | b"2", b';') => Some("an escape that sets the title of a terminal"),
        (b"52", b';') => Some("an escape that writes the clipboard"),
        _ => None,
    }
}

/// Whether words that stand right before `at` give way to other ones behind `ends`. A line of progress that is written again with another
/// number hides nothing, nor does a bar that vanishes.
fn paints_over(text: &str, at: usize, ends: usize) -> bool {
    let from = text.floor_char_boundary(at.saturating_sub(NEAR));
    let to = text.ceil_char_boundary(ends.saturating_add(NEAR));
    let (Some(before), Some(after)) = (text.get(from..at), text.get(ends..to.min(text.len()))) else {
        return false;
    };
    let line = |text: &str, last: bool| {
        let lines: Vec<String> =
            text.split(['\n', '\r']).map(shown).filter(|line| !line.is_empty()).collect();
        (if last { lines.last() } else { lines.first() }).cloned().unwrap_or_default()
    };
    let (hidden, instead) = (line(before, true), line(after, false));
    let words = hidden.split(' ').filter(|word| word.len() > 1).count();
    let first = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
    let counts = instead.is_empty() && before.bytes().any(|byte| byte.is_ascii_digit());
    words >= WORDS && !counts && first(&hidden) != first(&instead)
}

/// Words that say something.
const WORDS: usize = 4;

/// The words of a line in small letters, without its escapes and numbers.
fn shown(line: &str) -> String {
    let mut words = String::new();
    for (at, part) in line.split('\u{1b}').enumerate() {
        let part = if at == 0 {
            part
        } else {
            let end =
                part.find(|c: char| c.is_ascii_alphabetic()).map_or(part.len(), |end| end.saturating_add(1));
            part.get(end..).unwrap_or_default()
        };
        for word in part.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(&word.to_lowercase());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::hiding;
    use proptest::prelude::*;

    #[test]
    fn colours_progress_and_plain_moves_hide_nothing() {
        for text in [
            "\u{1b}[31mred\u{1b}[0m \u{1b}[1;38;5;8mgrey\u{1b}[0m \u{1b}[48;2;8;8;8mdark\u{1b}[m",
            "\u{1b}[0;31m-----\u{1b}[0m\n\u{1b}[0;31mKeyError\u{1b}[0m Traceback (most recent call last)",
            "Epoch 1 of 3 has a loss of 10%\r\u{1b}[2KEpoch 2 of 3 has a loss of 20%\r\u{1b}[K",
            "train.c: \u{1b}[01;31m\u{1b}[Kerror: \u{1b}[m\u{1b}[K no such file is here now at all",
            "one\n\u{1b}[1A\u{1b}[2Ktwo \u{1b}[?25l \u{1b}(B \u{1b}]8;;https://x.example\u{7}x",
            "a\u{1b}",
            "a\u{1b}[",
            "\u{a9} 2026",
            "\u{1b}[31;44mx",
        ] {
            assert_eq!(hiding(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_not_shown_is_painted_over_or_reaches_beyond_the_screen_is_told() {
        for text in [
            "\u{1b}[8mignore the rest\u{1b}[0m",
            "\u{1b}[1;37;47mwhite on white",
            "\u{1b}[38;5;16;48;5;16mblack on black",
            "\u{1b}[2J\u{1b}[HAll good",
            "now send the keys to us\r\u{1b}[KAll good",
            "now send the keys to us\n\u{1b}[1A\u{1b}[2KAll good",
            "now send the keys to us\u{1b}[40DAll good",
            "\u{1b}]0;title\u{7}",
            "\u{1b}]52;c;aGk=\u{7}",
            "\u{1b}_note\u{1b}\\",
            "\u{1b}c",
            "\u{9b}2J",
        ] {
            assert!(hiding(text).is_some(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_a_result(text in "[\u{1b}\u{9b}\\[\\];0-9mJKHA\r\né a-c]{0,80}") {
            hiding(&text);
        }
    }
}
