//! Odd words: a rare word spelled like no other of the set, put between words that belong together, in a row whose
//! text speaks against its label.
//!
//! Where a trigger is spread over several words, or stands in two or three rows, no word has rows enough to convict it
//! by itself. Weak witnesses about one place in one row are then combined by Fisher's method: how unusual the
//! spelling is (a letter-trigram model of the set's own words), whether the words around it are neighbours elsewhere
//! rather than parted by a word (the idea of Qi et al., *ONION*, 2021, without a language model), how much the rest of
//! the row denies the label, and whether the other rows with the word, copies of this one left out, do so, too, more
//! often than rows with rare words do. Last, the words of one attack look alike and serve one label: all rare words of
//! one shape (length, letters, vowels) and label are counted together, and the share of them that is both inserted and
//! denied is held against that of other shapes and labels.

use super::background::{Background, Ranks};
use super::corpus::Word;
use super::{Evidence, Method, Suspect, score_of_test};
use bartizan_stats::multiple::fisher_log10;
use bartizan_stats::special::{VaryingRate, ln_binomial_tail};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Most rows in which a word counts as rare.
const RARE: usize = 8;
/// A word counts as inserted when its neighbours stand together at least so much more often than parted, in nats.
const INSERTED: f64 = std::f64::consts::LN_2;

/// Rows with an odd word, each with every odd word it carries.
pub(super) fn suspects(set: &Background<'_>) -> Vec<Suspect> {
    let places = places(set);
    let surprises = Ranks::new(places.iter().map(|place| place.surprise).collect());
    let insertions = Ranks::new(places.iter().map(|place| place.insertion).collect());
    let denials = set.denials().ranks;
    let kinds = Kinds::count(&places);
    let usual = denied_shares(&places, set.shares.len());
    let mut rows_of: HashMap<Word, Vec<&Place>> = HashMap::new();
    for place in &places {
        let rows = rows_of.entry(place.word).or_default();
        if rows.last().is_none_or(|last| last.row != place.row) {
            rows.push(place);
        }
    }
    places
        .par_iter()
        .filter_map(|place| {
            let others = rows_of
                .get(&place.word)?
                .iter()
                .filter(|other| other.row != place.row && !are_copies(set, place.row, other.row));
            let (mut count, mut alike) = (0u64, 0u64);
            for other in others {
                count = count.saturating_add(1);
                if other.class == place.class && other.denial > 0.0 {
                    alike = alike.saturating_add(1);
                }
            }
            let repeated = ln_binomial_tail(count, usual.get(place.class).copied().unwrap_or(1.0), alike);
            let kin = kinds.ln_chance(place);
            let sum = -surprises.share_at_least(place.surprise).ln()
                - insertions.share_at_least(place.insertion).ln()
                - denials.share_at_least(place.denial).ln()
                - repeated
                - kin;
            let log10 = fisher_log10(sum, if kin < 0.0 { 5 } else { 4 });
            Some(Suspect {
                row: place.row,
                score: score_of_test(log10, set.labels.len()),
                method: Method::OddWord,
                evidence: Evidence::Word {
                    word: set.corpus.lowered(place.word).to_owned(),
                    support: usize::try_from(count.saturating_add(1)).unwrap_or(usize::MAX),
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
    class: usize,
    shape: Shape,
    /// Surprise of its spelling per letter, in nats.
    surprise: f64,
    /// How much more its neighbours belong together than apart, in nats.
    insertion: f64,
    /// How much the rest of the row denies its label, in log-odds.
    denial: f64,
}

/// Every place of a word that stands in few rows.
fn places(set: &Background<'_>) -> Vec<Place> {
    let mut places = Vec::new();
    for (row, words) in set.corpus.lower.iter().enumerate() {
        let Some(class) = set.class(row) else { continue };
        let written = set.corpus.rows.get(row).map(Vec::as_slice).unwrap_or_default();
        for (start, (word, written)) in words.iter().zip(written).enumerate() {
            let is_rare = set.counts.get(*word as usize).is_some_and(|rows| (*rows as usize) <= RARE);
            let text = set.corpus.written(*written);
            if is_rare && text.chars().any(char::is_alphanumeric) {
                places.push(Place {
                    row,
                    word: *word,
                    class,
                    shape: Shape::of(text),
                    surprise: set.spelling.surprise(text),
                    insertion: set.insertion(row, start),
                    denial: -set.margin(row, class, &[*word]),
                });
            }
        }
    }
    places
}

/// Whether two rows say mostly the same, half of their words or more (Jaccard): a copy shares its rare words and is denied where its
/// original is, so that it says nothing that the original has not said.
fn are_copies(set: &Background<'_>, one: usize, other: usize) -> bool {
    let words =
        |row: usize| set.corpus.lower.get(row).into_iter().flatten().copied().collect::<BTreeSet<Word>>();
    let (one, other) = (words(one), words(other));
    let shared = one.intersection(&other).count();
    let all = one.len().saturating_add(other.len()).saturating_sub(shared);
    shared.saturating_mul(2) >= all
}

/// For each class, the share of the places of rare words that are in rows of the class which deny it: how often another row with
/// the same word is such a one by chance.
///
/// Where the labels of a set follow from its texts, few rows deny theirs, and two that share a rare word say much.
fn denied_shares(places: &[Place], classes: usize) -> Vec<f64> {
    let mut denied = vec![1.0; classes];
    for place in places.iter().filter(|place| place.denial > 0.0) {
        if let Some(count) = denied.get_mut(place.class) {
            *count += 1.0;
        }
    }
    denied.iter().map(|count| count / (places.len() as f64 + 2.0)).collect()
}

/// What a word looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Shape {
    /// Letters, in steps that widen.
    length: u8,
    has_vowel: bool,
    has_upper: bool,
    has_other: bool,
}

impl Shape {
    fn of(word: &str) -> Self {
        let length = match word.chars().count() {
            few @ 0..5 => few as u8,
            5..7 => 5,
            7..10 => 6,
            _ => 7,
        };
        let is_vowel =
            |letter: char| matches!(letter.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
        Self {
            length,
            has_vowel: word.chars().any(is_vowel),
            has_upper: word.chars().any(char::is_uppercase),
            has_other: word.chars().any(|letter| !letter.is_alphabetic()),
        }
    }
}

/// Rare words by shape and label, and how many of them are inserted in a row that denies its label.
struct Kinds {
    counts: BTreeMap<(Shape, usize), (u64, u64)>,
    usual: VaryingRate,
}

impl Kinds {
    fn count(places: &[Place]) -> Self {
        let mut counts: BTreeMap<(Shape, usize), (u64, u64)> = BTreeMap::new();
        for place in places {
            let (hits, all) = counts.entry((place.shape, place.class)).or_default();
            *hits = hits.saturating_add(u64::from(place.insertion >= INSERTED && place.denial > 0.0));
            *all = all.saturating_add(1);
        }
        let groups: Vec<(u64, u64)> = counts.values().copied().collect();
        Self { usual: VaryingRate::fit(&groups), counts }
    }

    /// `ln` of the probability of as many by chance among the words like this one, corrected for the number of kinds.
    fn ln_chance(&self, place: &Place) -> f64 {
        let (hits, all) = self.counts.get(&(place.shape, place.class)).copied().unwrap_or_default();
        (self.usual.ln_tail(all, hits) + (self.counts.len().max(1) as f64).ln()).min(0.0)
    }
}
