//! The classifier of a topic from examples: [`TopicTrainer`].
//!
//! The order of the examples does not matter. What is told of the classifier is measured on texts that it had not seen: examples are
//! dealt over [`FOLDS`] by their words, or by their groups, and each fold is judged by a classifier trained on the others, as the guard
//! judges: by the window that speaks most of the topic.

use super::features::{self, Reading, SPACE};
use super::model::{LONGEST_WORD, MOST_WORDS, TopicModel, TopicRate};
use super::regression::{Example, calibrated, fit};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use thiserror::Error;

/// Parts that the examples are dealt over.
pub const FOLDS: usize = 5;
/// Fewest texts of the topic.
const FEWEST_BANNED: usize = 20;
/// Fewest others: what one in a hundred can be told by.
const FEWEST_HARMLESS: usize = 100;
/// Most words of one example that are read.
const LONGEST_EXAMPLE: usize = 4096;
/// Most words of all examples; about a hundred bytes of memory each.
const MOST_EXAMPLE_WORDS: usize = 16 << 20;
/// Words of the short stretches that an example is also learnt from, so that short prompts are told.
const SHORT: usize = 32;
/// What all windows of an example count together, and all its short stretches: the inverse of the penalty.
const COST: f64 = 5.0;
/// Windows that a feature must stand in to count.
const FEWEST_WINDOWS: u32 = 2;
/// Texts of the topic that a word must stand in to be known by name.
const FEWEST_TEXTS: u32 = 3;
/// Rates of false positives that are told, one in so many, as far as there are texts to tell them by.
const RATES: [u16; 9] = [10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 20];

/// Of so many of the topic's texts one is given up so that fewer harmless ones are taken for it than were asked for.
const SPARED: usize = 100;

/// Why no classifier is made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TopicTrainingError {
    /// There are too few examples.
    #[error(
        "{banned} different texts of the topic and {harmless} others are too few; give at least {FEWEST_BANNED} and {FEWEST_HARMLESS}"
    )]
    TooFew {
        /// Texts of the topic.
        banned: usize,
        /// Others.
        harmless: usize,
    },
    /// There are too many.
    #[error("the examples have more than {MOST_EXAMPLE_WORDS} words together; give fewer")]
    TooMany,
    /// All examples of a kind are in one group, so that nothing can be measured.
    #[error(
        "all examples of the topic, or all others, are of one group; give examples of at least two groups of each"
    )]
    OneGroup,
}

/// An example.
#[derive(Debug)]
struct Known {
    is_banned: bool,
    /// Whether it is given both as banned and as harmless.
    is_contradicted: bool,
    group: u64,
    /// Features of each of its words, and where they end.
    features: Vec<u32>,
    ends: Vec<u32>,
}

/// Takes examples and makes a classifier.
#[derive(Debug, Default)]
pub struct TopicTrainer {
    /// By the hash of their words.
    known: BTreeMap<u64, Known>,
    /// In how many different texts of the topic each word stands.
    named: BTreeMap<String, u32>,
    words: usize,
    repeated: usize,
}

/// A classifier, and what happened to its examples.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// The classifier.
    pub model: TopicModel,
    /// Examples left out because they differ from another in nothing but marks and blanks.
    pub repeated: usize,
    /// Texts left out because they are given both as banned and as harmless.
    pub contradicted: usize,
}

/// A window of an example, as training takes it.
struct Window {
    example: usize,
    vector: Vec<(u32, f32)>,
    weight: f64,
}

impl TopicTrainer {
    /// Takes an example. Those of one group (a source, an author, a conversation) are measured together, as texts that are alike.
    ///
    /// # Errors
    /// [`TopicTrainingError::TooMany`] when there is no room for more.
    pub fn add(
        &mut self,
        text: &str,
        is_banned: bool,
        group: Option<&str>,
    ) -> Result<(), TopicTrainingError> {
        let reading = Reading::of(text);
        let words = reading.len().min(LONGEST_EXAMPLE);
        if words == 0 {
            return Ok(());
        }
        let hash = reading.hash();
        let group = group.map_or(hash, |group| Reading::of(group).hash());
        if let Some(known) = self.known.get_mut(&hash) {
            self.repeated = self.repeated.saturating_add(1);
            known.is_contradicted |= known.is_banned != is_banned;
            known.group = known.group.min(group);
            return Ok(());
        }
        self.words = self.words.saturating_add(words);
        if self.words > MOST_EXAMPLE_WORDS {
            return Err(TopicTrainingError::TooMany);
        }
        let (mut all, mut ends) = (Vec::new(), Vec::new());
        for number in 0..words {
            reading.each_feature(number, None, |place| all.push(place));
            ends.push(u32::try_from(all.len()).unwrap_or(u32::MAX));
        }
        if is_banned {
            let different: BTreeSet<&str> = (0..words).map(|number| reading.word(number)).collect();
            for word in different.into_iter().filter(|word| is_name(word)) {
                let count = self.named.entry(word.to_owned()).or_default();
                *count = count.saturating_add(1);
            }
        }
        self.known.insert(hash, Known { is_banned, is_contradicted: false, group, features: all, ends });
        Ok(())
    }

    /// Makes the classifier, on at most so many threads: the same whatever their number.
    ///
    /// # Errors
    /// [`TopicTrainingError`] when the examples are too few.
    pub fn train(self, threads: usize) -> Result<Trained, TopicTrainingError> {
        let contradicted = self.known.values().filter(|one| one.is_contradicted).count();
        let known: Vec<&Known> = self.known.values().filter(|one| !one.is_contradicted).collect();
        let banned = known.iter().filter(|one| one.is_banned).count();
        let harmless = known.len().saturating_sub(banned);
        if banned < FEWEST_BANNED || harmless < FEWEST_HARMLESS {
            return Err(TopicTrainingError::TooFew { banned, harmless });
        }
        let folds = dealt(&known)?;
        let shared = shared(&known);
        let windows: Vec<Window> =
            known.iter().enumerate().flat_map(|(example, one)| one.windows(example, &shared)).collect();
        // Each fold left out in turn, and none.
        let lines = side_by_side(FOLDS.saturating_add(1), threads, |left_out| {
            let is_taken = |window: &&Window| folds.get(window.example).is_some_and(|fold| *fold != left_out);
            let taken: Vec<&Window> = windows.iter().filter(is_taken).collect();
            let scales = scales(&taken);
            let examples: Vec<Example<'_>> = taken
                .iter()
                .map(|window| Example {
                    vector: &window.vector,
                    is_positive: known.get(window.example).is_some_and(|one| one.is_banned),
                    weight: window.weight,
                })
                .collect();
            fit(&examples, &scales)
        });
        let (mut positive, mut negative) = (Vec::new(), Vec::new());
        for (one, fold) in known.iter().zip(&folds) {
            let Some((weights, bias)) = lines.get(*fold) else { continue };
            let margin = one.margin(weights, *bias);
            if one.is_banned { positive.push(margin) } else { negative.push(margin) }
        }
        let (weights, bias) = lines.into_iter().next_back().unwrap_or_default();
        let (slope, shift) = calibrated(&positive, &negative);
        negative.sort_by(|one, other| other.total_cmp(one));
        let largest = weights.iter().fold(1e-6_f32, |most, weight| most.max(weight.abs()));
        let step = largest / f32::from(i16::MAX);
        let mut model = TopicModel {
            banned: u32::try_from(banned).unwrap_or(u32::MAX),
            harmless: u32::try_from(harmless).unwrap_or(u32::MAX),
            auc: area(&positive, &negative),
            rates: rates(&positive, &negative),
            words: Vec::new(),
            bias,
            slope,
            shift,
            step,
            weights: weights.iter().map(|weight| (weight / step).round() as i16).collect(),
        };
        model.words = strongest(&model, &self.named);
        Ok(Trained { model, repeated: self.repeated, contradicted })
    }
}

impl Known {
    fn of(&self, words: &Range<usize>) -> &[u32] {
        let end = |words: usize| {
            let last = words.checked_sub(1).and_then(|last| self.ends.get(last));
            last.map_or(0, |end| *end as usize)
        };
        self.features.get(end(words.start)..end(words.end)).unwrap_or_default()
    }

    /// What training takes of it: windows side by side, and where it is longer short stretches.
    fn windows(&self, example: usize, shared: &[bool]) -> Vec<Window> {
        let mut all = Vec::new();
        let lengths = if self.ends.len() > SHORT { &[features::WINDOW, SHORT][..] } else { &[SHORT] };
        for length in lengths {
            let taken: Vec<_> = features::pieces(self.ends.len(), *length, *length).collect();
            let weight = 2.0 * COST / (lengths.len() as f64 * taken.len().max(1) as f64);
            let window = |words| Window { example, vector: self.vector(words, shared), weight };
            all.extend(taken.iter().map(window));
        }
        all
    }

    fn vector(&self, words: &Range<usize>, shared: &[bool]) -> Vec<(u32, f32)> {
        let is_shared = |place: &u32| shared.get(*place as usize).is_some_and(|shared| *shared);
        let mut places: Vec<u32> = self.of(words).iter().copied().filter(is_shared).collect();
        places.sort_unstable();
        let scale = features::scale(words.len());
        let same = places.chunk_by(|one, other| one == other);
        same.filter_map(|same| Some((*same.first()?, same.len() as f32 * scale))).collect()
    }

    /// The greatest margin of its windows, as [`TopicModel::best`] takes it.
    fn margin(&self, weights: &[f32], bias: f32) -> f32 {
        let weight = |place: &u32| f64::from(weights.get(*place as usize).copied().unwrap_or(0.0));
        let margins = features::windows(self.ends.len()).map(|words| {
            let sum: f64 = self.of(&words).iter().map(weight).sum();
            bias + (sum * f64::from(features::scale(words.len()))) as f32
        });
        margins.fold(f32::NEG_INFINITY, f32::max)
    }
}

/// The fold of each example: groups, in the order of their hashes, go round.
fn dealt(known: &[&Known]) -> Result<Vec<usize>, TopicTrainingError> {
    let mut folds = vec![0; known.len()];
    // The topic's first, so that each fold has its share of them; a group that has both goes with those.
    let mut fold_of: BTreeMap<u64, usize> = BTreeMap::new();
    let mut next = 0_usize;
    for wanted in [true, false] {
        let groups: BTreeSet<u64> =
            known.iter().filter(|one| one.is_banned == wanted).map(|one| one.group).collect();
        if groups.len() < 2 {
            return Err(TopicTrainingError::OneGroup);
        }
        for group in groups {
            fold_of.entry(group).or_insert_with(|| {
                next = next.wrapping_add(1);
                next % FOLDS
            });
        }
    }
    for (one, fold) in known.iter().zip(&mut folds) {
        *fold = fold_of.get(&one.group).copied().unwrap_or_default();
    }
    Ok(folds)
}

/// Which features stand in more than one text: what stands in one alone says nothing of others.
fn shared(known: &[&Known]) -> Vec<bool> {
    // The text a feature stood in last, counted from one, and whether it stood in another before.
    let mut last = vec![(0_u32, false); SPACE];
    for (text, one) in (1_u32..).zip(known) {
        for place in &one.features {
            if let Some(seen) = last.get_mut(*place as usize) {
                *seen = (text, seen.1 || (seen.0 != 0 && seen.0 != text));
            }
        }
    }
    last.into_iter().map(|(_, shared)| shared).collect()
}

/// What each feature counts: the square of the logarithm of how rare it is among the windows; nothing if it stands in one alone.
fn scales(windows: &[&Window]) -> Vec<f32> {
    let mut counts = vec![0_u32; SPACE];
    for (place, _) in windows.iter().flat_map(|window| &window.vector) {
        if let Some(count) = counts.get_mut(*place as usize) {
            *count = count.saturating_add(1);
        }
    }
    let all = windows.len() as f32;
    let scale =
        |count: &u32| if *count < FEWEST_WINDOWS { 0.0 } else { (all / *count as f32).ln().powi(2) / 16.0 };
    counts.iter().map(scale).collect()
}

/// Does so many jobs on at most so many threads and gives what they gave, in order.
fn side_by_side<T: Send>(jobs: usize, threads: usize, job: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, jobs.max(1)) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= jobs {
                        break;
                    }
                    let made = job(number);
                    done.lock().unwrap_or_else(PoisonError::into_inner).insert(number, made);
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

/// Share of pairs of a text of the topic and another in which the topic's has the greater margin. `negative` falls.
fn area(positive: &[f32], negative: &[f32]) -> f32 {
    let below = |margin: &f32| {
        let above = negative.partition_point(|other| other > margin);
        let level = negative.partition_point(|other| other >= margin).saturating_sub(above);
        (negative.len().saturating_sub(above)) as f64 - level as f64 / 2.0
    };
    let pairs = positive.len() as f64 * negative.len() as f64;
    (positive.iter().map(below).sum::<f64>() / pairs) as f32
}

/// The margins at the rates for which there are texts enough. `negative` falls. Where the kinds are far apart, a rate would be reached
/// only among the harmless; no margin is lower than what all but one in [`SPARED`] of the topic's texts reach.
fn rates(positive: &[f32], negative: &[f32]) -> Vec<TopicRate> {
    let mut rising = positive.to_vec();
    rising.sort_by(f32::total_cmp);
    let lowest = rising.get(rising.len() / SPARED).copied().unwrap_or(f32::NEG_INFINITY);
    let at = |one_in: u16| {
        let allowed = negative.len() / usize::from(one_in);
        let margin = negative.get(allowed).filter(|_| allowed > 0)?.next_up().max(lowest);
        let found = positive.iter().filter(|other| **other >= margin).count();
        let recall = found as f32 / positive.len().max(1) as f32;
        Some(TopicRate { rate: f32::from(one_in).recip(), margin, recall })
    };
    RATES.into_iter().filter_map(at).collect()
}

/// Whether a word of an example may be kept and shown: letters alone, so that no number that names somebody is.
fn is_name(word: &str) -> bool {
    word.len() <= LONGEST_WORD && word.chars().all(char::is_alphabetic) && word.chars().nth(1).is_some()
}

/// The words that weigh most, of those that stand in several texts of the topic.
fn strongest(model: &TopicModel, named: &BTreeMap<String, u32>) -> Vec<String> {
    let mut all: Vec<(f64, &str)> = named
        .iter()
        .filter(|(_, texts)| **texts >= FEWEST_TEXTS)
        .map(|(word, _)| (model.of_word(&Reading::of(word), 0, None), word.as_str()))
        .filter(|(weight, _)| *weight > 0.0)
        .collect();
    all.sort_by(|(one, a), (other, b)| other.total_cmp(one).then(a.cmp(b)));
    all.into_iter().take(MOST_WORDS).map(|(_, word)| word.to_owned()).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::sync::OnceLock;

    const TABLES: [&str; 8] =
        ["roulette", "blackjack", "poker", "baccarat", "craps", "slots", "keno", "bingo"];
    const DEEDS: [&str; 6] = ["bet on", "wager at", "win against", "count cards for", "play", "gamble with"];
    const DISHES: [&str; 8] =
        ["soup", "bread", "risotto", "dumplings", "omelette", "noodles", "curry", "salad"];
    const STEPS: [&str; 6] = ["cook", "season", "serve", "bake", "taste", "prepare"];
    const ENDS: [&str; 7] = [
        "tonight",
        "for friends",
        "without mistakes",
        "on a budget",
        "at home",
        "in an hour",
        "like a master",
    ];

    /// Sentences of a grammar: of games, or of food.
    fn sentences(deeds: &[&str], things: &[&str]) -> Vec<String> {
        let mut all = Vec::new();
        for deed in deeds {
            for thing in things {
                for end in ENDS {
                    all.push(format!("Tell me how to {deed} {thing} {end}, please."));
                }
            }
        }
        all
    }

    fn trainer(order: impl Fn(&mut Vec<(String, bool)>)) -> TopicTrainer {
        let mut all: Vec<(String, bool)> =
            sentences(&DEEDS, &TABLES).into_iter().map(|text| (text, true)).collect();
        all.extend(sentences(&STEPS, &DISHES).into_iter().map(|text| (text, false)));
        order(&mut all);
        let mut trainer = TopicTrainer::default();
        for (text, is_banned) in &all {
            trainer.add(text, *is_banned, None).unwrap();
        }
        trainer
    }

    /// A classifier of games of chance.
    pub(crate) fn trained() -> TopicModel {
        static MODEL: OnceLock<TopicModel> = OnceLock::new();
        MODEL.get_or_init(|| trainer(|_| ()).train(2).unwrap().model).clone()
    }

    #[test]
    fn what_was_never_seen_is_told_by_its_words() {
        let model = trained();
        assert_eq!((model.banned, model.harmless), (336, 336));
        assert!(model.auc > 0.999, "{}", model.auc);
        let found =
            model.strongest("My uncle wants to gamble: should he bet on the ROULÉTTE wheel?").unwrap();
        assert!(found.score > 0.9 && found.words.contains(&"roulette".to_owned()), "{found:?}");
        let other = model.strongest("Should I bake the bread before the soup?").unwrap();
        assert!(other.score < 0.1, "{other:?}");
        assert_eq!(model.strongest("…"), None);
    }

    #[test]
    fn one_window_of_a_long_text_is_enough_and_is_named() {
        let model = trained();
        let filler = "we serve the soup and bake the bread at home for friends ".repeat(120);
        let inside =
            "play poker and bet on roulette, then wager at blackjack and win against baccarat ".repeat(12);
        let text = format!("{filler}{inside}{filler}");
        let found = model.strongest(&text).unwrap();
        assert!(found.score > 0.5, "{found:?}");
        let middle = filler.len()..filler.len() + inside.len();
        assert!(found.span.start < middle.end && middle.start < found.span.end, "{found:?}");
        assert!(found.span.len() < 4000);
    }

    #[test]
    fn neither_the_order_of_examples_nor_the_number_of_threads_matters() {
        let one = trainer(|_| ()).train(1).unwrap();
        let other = trainer(|all| all.reverse()).train(4).unwrap();
        assert_eq!(one.model.write(), other.model.write());
    }

    #[test]
    fn what_is_given_twice_counts_once_and_what_is_contradicted_not_at_all() {
        let mut trainer = trainer(|_| ());
        trainer.add("tell me how to PLAY bingo at home please", true, None).unwrap();
        trainer.add("Tell me how to play keno at home, please.", false, None).unwrap();
        let made = trainer.train(2).unwrap();
        assert_eq!((made.repeated, made.contradicted, made.model.banned), (2, 1, 335));
    }

    #[test]
    fn too_few_examples_and_a_single_group_are_refused() {
        let mut trainer = TopicTrainer::default();
        trainer.add("play poker", true, None).unwrap();
        let error = trainer.train(1).unwrap_err();
        assert_eq!(error, TopicTrainingError::TooFew { banned: 1, harmless: 0 });
        let mut trainer = TopicTrainer::default();
        for text in sentences(&DEEDS, &TABLES) {
            trainer.add(&text, true, Some("one source")).unwrap();
        }
        for text in sentences(&STEPS, &DISHES) {
            trainer.add(&text, false, None).unwrap();
        }
        assert_eq!(trainer.train(1).unwrap_err(), TopicTrainingError::OneGroup);
    }

    #[test]
    fn rates_are_told_as_far_as_there_are_texts_for_them() {
        let negative: Vec<f32> = (0..200_u8).rev().map(f32::from).collect();
        let found = rates(&[0.5, 198.5, 199.5], &negative);
        assert_eq!(found.iter().map(|one| one.rate).collect::<Vec<_>>(), [0.005, 0.01, 0.02, 0.05]);
        // One in 200 may reach it: 199 does and 198 not.
        let first = found.first().unwrap();
        assert!(first.margin > 198.0 && first.margin < 198.5);
        assert!((first.recall - 2.0 / 3.0).abs() < 1e-6);
        // Far apart: all of the topic's texts are found, and no margin is among the harmless.
        assert!(rates(&[250.0, 300.0], &negative).iter().all(|one| one.margin > 249.0 && one.recall > 0.999));
        assert!((area(&[150.0, 250.0], &negative) - f32::midpoint(150.5 / 200.0, 1.0)).abs() < 1e-6);
    }
}
