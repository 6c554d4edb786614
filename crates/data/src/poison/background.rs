//! What every witness is asked against: the texts, how their words are spelled and stand, and what they say of labels.

use super::agreement::Agreement;
use super::corpus::{Corpus, Word};
use crate::learn::log_odds;
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};

/// Rows a word must stand in for its spelling to count as usual.
const USUAL: u32 = 3;
/// Start and end of a row.
pub(super) const EDGE: Word = Word::MAX;

/// A labelled text set, read once.
pub(super) struct Background<'a> {
    /// The texts.
    pub(super) corpus: Corpus,
    /// The class of each row.
    pub(super) labels: &'a [usize],
    /// The share of each class.
    pub(super) shares: Vec<f64>,
    /// Rows in which each lower-case word stands.
    pub(super) counts: Vec<u32>,
    /// How words are spelled.
    pub(super) spelling: Spelling,
    agreement: Agreement,
    neighbours: Neighbours,
}

impl<'a> Background<'a> {
    pub(super) fn read<T: AsRef<str>>(texts: &[T], labels: &'a [usize], classes: usize) -> Self {
        let corpus = Corpus::read(texts);
        let agreement = Agreement::fit(&corpus, labels, classes);
        let counts = corpus.lower_counts();
        let spelling = Spelling::learn(&corpus);
        let neighbours = Neighbours::learn(&corpus);
        let mut shares = vec![0.0; classes];
        for label in labels {
            if let Some(share) = shares.get_mut(*label) {
                *share += 1.0 / labels.len().max(1) as f64;
            }
        }
        Self { corpus, labels, shares, counts, spelling, agreement, neighbours }
    }

    /// The class of a row.
    pub(super) fn class(&self, row: usize) -> Option<usize> {
        self.labels.get(row).copied()
    }

    /// The share of a class.
    pub(super) fn share(&self, class: usize) -> f64 {
        self.shares.get(class).copied().unwrap_or(0.0)
    }

    /// How much a row speaks for a class beyond the share of that class, in log-odds, when nothing is said by `words`.
    pub(super) fn margin(&self, row: usize, class: usize, words: &[Word]) -> f64 {
        self.agreement.without(row, class, words) - log_odds(self.share(class))
    }

    /// How much each row denies its label, among all rows.
    pub(super) fn denials(&self) -> Denials {
        let own: Vec<f64> = (0..self.labels.len())
            .into_par_iter()
            .map(|row| self.class(row).map_or(0.0, |class| -self.margin(row, class, &[])))
            .collect();
        Denials { ranks: Ranks::new(own.clone()), own }
    }

    /// As [`Neighbours::insertion`], of a place in a row.
    pub(super) fn insertion(&self, row: usize, start: usize) -> f64 {
        self.corpus.lower.get(row).map_or(0.0, |words| self.neighbours.insertion(words, start))
    }

    /// As [`Neighbours::is_inserted`], of a stretch of a row.
    pub(super) fn is_inserted(&self, row: usize, start: usize, length: usize) -> bool {
        self.corpus.lower.get(row).is_some_and(|words| self.neighbours.is_inserted(words, start, length))
    }
}

/// Which words stand beside each other.
pub(super) struct Neighbours {
    pairs: HashMap<(Word, Word), u32>,
    /// Words with one other between them.
    apart: HashMap<(Word, Word), u32>,
}

impl Neighbours {
    pub(super) fn learn(corpus: &Corpus) -> Self {
        Self { pairs: pairs(corpus, 1), apart: pairs(corpus, 2) }
    }

    /// How much more often the words on both sides of a word are neighbours than parted by one other word, in nats.
    ///
    /// High where the word was put between words that belong together; an adjective or a name stands between words
    /// that are often parted by one. The place itself is not counted.
    pub(super) fn insertion(&self, words: &[Word], start: usize) -> f64 {
        let Some(beside) = beside(words, start, 1) else { return 0.0 };
        let count = |of: &HashMap<(Word, Word), u32>| of.get(&beside).copied().unwrap_or(0);
        let apart = count(&self.apart).saturating_sub(1);
        ((f64::from(count(&self.pairs)) + 0.5) / (f64::from(apart) + 0.5)).ln()
    }

    /// Whether the words on both sides of a stretch of a row are neighbours in some row: it could be left out.
    pub(super) fn is_inserted(&self, words: &[Word], start: usize, length: usize) -> bool {
        beside(words, start, length).is_some_and(|beside| self.pairs.contains_key(&beside))
    }
}

/// The words before and after a stretch of a row.
fn beside(words: &[Word], start: usize, length: usize) -> Option<(Word, Word)> {
    let before = start.checked_sub(1).map_or(Some(EDGE), |before| words.get(before).copied())?;
    Some((before, words.get(start.saturating_add(length)).copied().unwrap_or(EDGE)))
}

/// The pairs of words that stand `distance` apart, and how often.
fn pairs(corpus: &Corpus, distance: usize) -> HashMap<(Word, Word), u32> {
    let mut pairs = HashMap::new();
    for row in &corpus.lower {
        for pair in around(row).zip(around(row).skip(distance)) {
            let count: &mut u32 = pairs.entry(pair).or_default();
            *count = count.saturating_add(1);
        }
    }
    pairs
}

/// The words of a row between its edges.
fn around(row: &[Word]) -> impl Iterator<Item = Word> {
    std::iter::once(EDGE).chain(row.iter().copied()).chain(std::iter::once(EDGE))
}

/// A letter-trigram model of the usual words, interpolated with bigrams and single letters.
///
/// Source: Jelinek, Mercer, *Interpolated estimation of Markov source parameters from sparse data* (1980).
pub(super) struct Spelling {
    trigrams: HashMap<[char; 3], f64>,
    bigrams: HashMap<[char; 2], f64>,
    letters: HashMap<char, f64>,
    total: f64,
    /// The words it was learned from, each once.
    learned: HashSet<Box<str>>,
}

/// Weights of the trigram, the bigram, the letter, and any of a hundred letters.
const WEIGHTS: [f64; 4] = [0.6, 0.25, 0.1, 0.05];
/// Before the first and after the last letter of a word.
const BOUND: char = '\0';

impl Spelling {
    pub(super) fn learn(corpus: &Corpus) -> Self {
        let counts = corpus.written_counts();
        let mut model = Self {
            trigrams: HashMap::new(),
            bigrams: HashMap::new(),
            letters: HashMap::new(),
            total: 0.0,
            learned: HashSet::new(),
        };
        for (word, _) in counts.iter().enumerate().filter(|(_, rows)| **rows >= USUAL) {
            model.learned.insert(corpus.written(word as Word).into());
            for [first, second, third] in trigrams(corpus.written(word as Word)) {
                *model.trigrams.entry([first, second, third]).or_default() += 1.0;
                *model.bigrams.entry([first, second]).or_default() += 1.0;
                *model.letters.entry(third).or_default() += 1.0;
                model.total += 1.0;
            }
        }
        model
    }

    /// Mean of `−ln P(letter | two letters before)` over the letters of a word and its end, in nats; the word itself is
    /// not among those that the model was learned from.
    pub(super) fn surprise(&self, word: &str) -> f64 {
        let own: Vec<[char; 3]> =
            if self.learned.contains(word) { trigrams(word).collect() } else { Vec::new() };
        // What is left of a count without the word's own part.
        let without = |count: Option<&f64>, own: usize| (count.copied().unwrap_or(0.0) - own as f64).max(0.0);
        let share = |count: f64, of: f64| if of > 0.0 { (count / of).min(1.0) } else { 0.0 };
        let (mut sum, mut letters) = (0.0, 0.0);
        for [first, second, third] in trigrams(word) {
            let count = |is: &dyn Fn(&[char; 3]) -> bool| own.iter().filter(|held| is(held)).count();
            let three = without(
                self.trigrams.get(&[first, second, third]),
                count(&|held| *held == [first, second, third]),
            );
            let of_three =
                without(self.bigrams.get(&[first, second]), count(&|held| held[..2] == [first, second]));
            let two =
                without(self.bigrams.get(&[second, third]), count(&|held| held[..2] == [second, third]));
            let of_two = without(self.letters.get(&second), count(&|held| held[2] == second));
            let one = without(self.letters.get(&third), count(&|held| held[2] == third));
            let [weight_three, weight_two, weight_one, weight_any] = WEIGHTS;
            let chance = weight_three * share(three, of_three)
                + weight_two * share(two, of_two)
                + weight_one * share(one, self.total - own.len() as f64)
                + weight_any / 100.0;
            sum -= chance.ln();
            letters += 1.0;
        }
        if letters > 0.0 { sum / letters } else { 0.0 }
    }
}

fn trigrams(word: &str) -> impl Iterator<Item = [char; 3]> {
    let mut held = [BOUND, BOUND];
    word.chars().chain(std::iter::once(BOUND)).map(move |letter| {
        let [first, second] = held;
        held = [second, letter];
        [first, second, letter]
    })
}

/// How much rows deny their labels.
pub(super) struct Denials {
    /// Of all rows, sorted.
    pub(super) ranks: Ranks,
    own: Vec<f64>,
}

impl Denials {
    /// The share of rows that deny their label at least as much as this one.
    pub(super) fn of(&self, row: usize) -> f64 {
        self.own.get(row).map_or(1.0, |denial| self.ranks.share_at_least(*denial))
    }
}

/// The share of values that are at least as large as one.
pub(super) struct Ranks(Vec<f64>);

impl Ranks {
    pub(super) fn new(mut values: Vec<f64>) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        Self(values)
    }

    /// In `(0, 1]`, so that its logarithm is finite.
    pub(super) fn share_at_least(&self, value: f64) -> f64 {
        let below = self.0.partition_point(|held| held.total_cmp(&value).is_lt());
        let count = self.0.len().max(1);
        self.0.len().saturating_sub(below).clamp(1, count) as f64 / count as f64
    }
}
