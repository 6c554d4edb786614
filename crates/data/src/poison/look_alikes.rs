//! Letters of another script that look like those around them, put into a word.
//!
//! Source: Boucher, Shumailov, Anderson, Papernot, *Bad Characters*, 2021; Unicode Technical Standard 39, mixed-script detection.

use super::{Evidence, Method, Suspect};
use crate::learn::tokens;
use crate::tricks::{is_look_alike, is_mixed};

/// What a row with such a word scores when such rows are few.
const SCORE: f64 = 0.9;

/// Rows with a word of Latin letters and others that look like Latin ones.
///
/// As with characters that nobody sees, a set in which many rows have them was written that way; the score falls with their share.
pub fn suspects<T: AsRef<str>>(texts: &[T]) -> Vec<Suspect> {
    let found: Vec<(usize, &str)> = texts
        .iter()
        .enumerate()
        .filter(|(_, text)| !text.as_ref().is_ascii())
        .filter_map(|(row, text)| Some((row, tokens(text.as_ref()).find(|word| is_mixed(word))?)))
        .collect();
    let share = found.len() as f64 / texts.len().max(1) as f64;
    let (support, score) = (found.len(), SCORE * (1.0 - share).max(0.0).powi(2));
    let named = |word: &str| {
        let mut letters: Vec<char> = word.chars().filter(|letter| is_look_alike(*letter)).collect();
        letters.sort_unstable();
        letters.dedup();
        letters.iter().map(|letter| format!("U+{:04X}", *letter as u32)).collect::<Vec<_>>().join(" ")
    };
    found
        .into_iter()
        .map(|(row, word)| Suspect {
            row,
            score,
            method: Method::LookAlikeLetters,
            evidence: Evidence::LookAlike { word: word.to_owned(), characters: named(word), support },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_two_scripts_is_named_and_words_of_one_are_not() {
        let texts =
            ["plain words", "a gre\u{430}t film", "великий фильм", "ein großes naïves Stück", "50 µm and Ω"];
        let found = suspects(&texts);
        assert_eq!(found.iter().map(|suspect| suspect.row).collect::<Vec<_>>(), [1]);
        assert_eq!(
            found[0].evidence,
            Evidence::LookAlike {
                word: "gre\u{430}t".to_owned(),
                characters: "U+0430".to_owned(),
                support: 1
            }
        );
        let every = vec!["gre\u{430}t"; 10];
        assert!(suspects(&every).iter().all(|suspect| suspect.score < 0.05));
    }
}
