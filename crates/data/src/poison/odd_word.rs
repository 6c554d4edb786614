//! Odd words: a rare word spelled like no other of the set, put between words that belong together, in a row whose
//! text speaks against its label.
//!
//! Where a trigger is spread over several words, or stands in two or three rows, no word has rows enough to convict it
//! by itself. Four weak witnesses about one place in one row are then combined by Fisher's method: how unusual the
//! spelling is (a letter-trigram model of the set's own words), whether the words around it are neighbours elsewhere
//! (the idea of Qi et al., *ONION*, 2021, without a language model), how much the rest of the row denies the label, and
//! whether the other rows with the word do so, too.

use super::background::{Background, Ranks};
use super::chance::{fisher_log10, ln_binomial_tail};
use super::corpus::Word;
use super::{Evidence, Method, Suspect, score_of_test, trigger};
use rayon::prelude::*;
use std::collections::HashMap;

/// Rows with an odd word, each with every odd word it carries.
pub(super) fn suspects(set: &Background<'_>) -> Vec<Suspect> {
    let places = places(set);
    let surprises = Ranks::new(places.iter().map(|place| place.surprise).collect());
    let inserted = places.iter().filter(|place| place.is_inserted).count();
    let inserted_share = inserted.max(1) as f64 / places.len().max(1) as f64;
    let margin =
        |row: usize, words: &[Word]| set.class(row).map_or(0.0, |class| set.margin(row, class, words));
    let denials = set.denials().ranks;
    let mut rows_of: HashMap<Word, Vec<usize>> = HashMap::new();
    for place in &places {
        let rows = rows_of.entry(place.word).or_default();
        if rows.last() != Some(&place.row) {
            rows.push(place.row);
        }
    }
    places
        .par_iter()
        .filter_map(|place| {
            let class = set.class(place.row)?;
            let others = rows_of.get(&place.word)?.iter().filter(|row| **row != place.row);
            let (mut count, mut alike) = (0usize, 0usize);
            for other in others {
                count = count.saturating_add(1);
                if set.class(*other) == Some(class) && margin(*other, &[place.word]) < 0.0 {
                    alike = alike.saturating_add(1);
                }
            }
            // Of the same label by its share, and denied by the toss of a coin.
            let repeated = ln_binomial_tail(count, 0.5 * set.share(class), alike);
            let sum = -surprises.share_at_least(place.surprise).ln()
                - if place.is_inserted { inserted_share.ln() } else { 0.0 }
                - denials.share_at_least(-margin(place.row, &[place.word])).ln()
                - repeated;
            let log10 = fisher_log10(sum, 4);
            Some(Suspect {
                row: place.row,
                score: score_of_test(log10, set.labels.len()),
                method: Method::OddWord,
                evidence: Evidence::Word {
                    word: set.corpus.lowered(place.word).to_owned(),
                    support: count.saturating_add(1),
                    p_value: 10f64.powf(log10.min(0.0)),
                },
            })
        })
        .collect()
}

/// A rare word where it stands.
struct Place {
    row: usize,
    word: Word,
    /// Surprise of its spelling per letter, in nats.
    surprise: f64,
    is_inserted: bool,
}

/// Every place of a word with fewer rows than a trigger needs.
fn places(set: &Background<'_>) -> Vec<Place> {
    let mut places = Vec::new();
    for (row, words) in set.corpus.lower.iter().enumerate() {
        let written = set.corpus.rows.get(row).map(Vec::as_slice).unwrap_or_default();
        for (start, (word, written)) in words.iter().zip(written).enumerate() {
            let is_rare =
                set.counts.get(*word as usize).is_some_and(|rows| (*rows as usize) < trigger::FEWEST);
            let text = set.corpus.written(*written);
            if is_rare && text.chars().any(char::is_alphanumeric) {
                let is_inserted = set.is_inserted(row, start, 1);
                places.push(Place { row, word: *word, surprise: set.spelling.surprise(text), is_inserted });
            }
        }
    }
    places
}
