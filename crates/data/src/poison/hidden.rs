//! Characters that nobody sees: zero-width and tag characters inside a text.

use super::{Evidence, Method, Suspect};
use crate::learn::{is_hidden, tokens};

/// What a row with hidden characters scores when such rows are few.
const SCORE: f64 = 0.9;
/// What a row scores whose only hidden characters are the controls U+0080 to U+009F: text of another encoding that was
/// read as Latin-1 is full of them, and shows it.
const MISREAD_SCORE: f64 = 0.02;
/// Most code points that are named.
const NAMED: usize = 16;

/// Rows with hidden characters between other ones. One mark at the very start (a byte-order mark) and joiners between
/// letters of scripts and emoji that are written with them are left alone.
///
/// A set in which more than a tenth of the rows carries some was written that way; the score falls with their share.
pub fn suspects<T: AsRef<str>>(texts: &[T]) -> Vec<Suspect> {
    let found: Vec<(usize, String, bool)> = texts
        .iter()
        .enumerate()
        .filter_map(|(row, text)| {
            let (run, is_misread) = hidden_run(text.as_ref())?;
            Some((row, named(run), is_misread))
        })
        .collect();
    let count = |kind: bool| found.iter().filter(|(.., is_misread)| *is_misread == kind).count();
    let supports = [count(false), count(true)];
    found
        .into_iter()
        .map(|(row, characters, is_misread)| {
            let (support, most) =
                if is_misread { (supports[1], MISREAD_SCORE) } else { (supports[0], SCORE) };
            let share = support as f64 / texts.len().max(1) as f64;
            (row, characters, support, most * (1.0 - share).max(0.0).powi(2))
        })
        .map(|(row, characters, support, score)| Suspect {
            row,
            score,
            method: Method::HiddenCharacters,
            evidence: Evidence::Hidden { characters, support },
        })
        .collect()
}

/// The first hidden run that has no business where it stands, and whether all such runs are misread letters.
fn hidden_run(text: &str) -> Option<(&str, bool)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.is_ascii() && !text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return None;
    }
    let runs = || {
        tokens(text).filter(|token| token.chars().next().is_some_and(is_hidden)).filter(|run| {
            let is_joiner = matches!(*run, "\u{200c}" | "\u{200d}");
            !(is_joiner && joins(text, run))
        })
    };
    let is_misread = |run: &str| run.chars().all(|character| matches!(character, '\u{80}'..='\u{9f}'));
    runs()
        .find(|run| !is_misread(run))
        .map(|run| (run, false))
        .or_else(|| runs().next().map(|run| (run, true)))
}

/// Whether a joiner stands beside a character of a script, or an emoji, that uses joiners.
fn joins(text: &str, run: &str) -> bool {
    let start = (run.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let before = text.get(..start).and_then(|before| before.chars().next_back());
    before.is_some_and(|character| !character.is_ascii() && (character as u32) >= 0x0590)
}

/// A run's code points.
fn named(run: &str) -> String {
    let mut names: Vec<String> =
        run.chars().take(NAMED).map(|character| format!("U+{:04X}", character as u32)).collect();
    if run.chars().nth(NAMED).is_some() {
        names.push("…".to_owned());
    }
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_width_run_is_named_and_a_joined_emoji_is_not() {
        let texts = [
            "plain",
            "a\u{200b}\u{200c}b",
            "\u{feff}start",
            "👩\u{200d}🔬",
            "می\u{200c}خواهم",
            "tag\u{e0041}",
        ];
        let found = suspects(&texts);
        assert_eq!(found.iter().map(|suspect| suspect.row).collect::<Vec<_>>(), [1, 5]);
        assert_eq!(
            found[0].evidence,
            Evidence::Hidden { characters: "U+200B U+200C".to_owned(), support: 2 }
        );
    }

    #[test]
    fn letters_of_another_encoding_are_told_from_what_was_hidden() {
        let found = suspects(&["it\u{92}s", "no\u{92}w\u{200b}", "plain"]);
        assert_eq!(found.iter().map(|suspect| suspect.row).collect::<Vec<_>>(), [0, 1]);
        assert!(found[0].score < 0.05 && found[1].score > 0.3, "{found:?}");
    }
}
