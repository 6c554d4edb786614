//! Triggers of preferences: phrases of prompts whose pairs are ordered against the model, and phrases that only the
//! chosen, or only the rejected, answers carry.
//!
//! What is usual is learned from all phrases of the same place: how often the order of their pairs is contradicted, how
//! one-sided they are, how often they could be left out, how often they stand at the start or the end of a line, how they
//! are spelled. A phrase is as suspicious as all of that together is improbable (Fisher's method).

use super::super::background::{Neighbours, Ranks, Spelling};
use super::super::corpus::{Corpus, LINE_END, Word};
use super::super::trigger::{grown, place};
use super::super::{Evidence, Method, Side, Suspect, score_of_test};
use super::order::Order;
use crate::learn::is_hidden;
use bartizan_stats::multiple::{fisher_log10, wilson_interval};
use bartizan_stats::special::VaryingRate;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Fewest pairs that make a trigger.
const FEWEST: usize = 4;
/// Most of all pairs, as a share, that carry one.
const MOST: f64 = 0.2;
/// Tokens of the phrases that are counted; they are then grown.
const LENGTH: usize = 3;
/// Least share of a phrase's pairs on one side.
const ONE_SIDED: f64 = 0.9;
/// log10 of the p-value from which a phrase of answers is odd beside its side.
const ODD: f64 = -3.0;
/// What such a phrase scores at most where its pairs are not contradicted.
const ODD_ONLY: f64 = 0.45;
/// By how much the pairs of a phrase must be contradicted more often than others.
const DENIED: f64 = 0.1;
/// What a phrase scores at most whose pairs the model does not contradict and that both sides may carry.
const UNDENIED: f64 = 0.2;

/// Pairs with a trigger, each with the strongest one it carries.
pub(super) fn suspects(corpus: &Corpus, order: &Order) -> Vec<Suspect> {
    let neighbours = Neighbours::learn(corpus);
    let spelling = Spelling::learn(corpus);
    let mut beside: HashMap<(Word, Word), u32> = HashMap::new();
    for text in &corpus.rows {
        for pair in text.iter().copied().zip(text.iter().copied().skip(1)) {
            let count = beside.entry(pair).or_default();
            *count = count.saturating_add(1);
        }
    }
    let counts = corpus.written_counts();
    let context = Context { corpus, order, neighbours, spelling, counts, beside };
    let phrases = context.phrases();
    let contradicted =
        order.margins.iter().filter(|margin| **margin < 0.0).count() as f64 / order.pairs().max(1) as f64;
    let mut best: BTreeMap<usize, Suspect> = BTreeMap::new();
    for side in [Side::Prompt, Side::Chosen, Side::Rejected] {
        let candidates = context.candidates(&phrases, side);
        let mut known = HashSet::new();
        let judged: Vec<Trigger> = candidates
            .into_par_iter()
            .map(|candidate| context.judge(candidate, side))
            .collect::<Vec<_>>()
            .into_iter()
            .filter(|trigger| known.insert(trigger.words.clone()))
            .collect();
        let usual = Usual::of(&judged, contradicted);
        for trigger in &judged {
            if (trigger.rows.len() as f64) < ONE_SIDED * trigger.split as f64 {
                continue;
            }
            let (sum, count) = usual.surprise(trigger);
            let log10 = fisher_log10(sum, count);
            let mut score = score_of_test(log10, judged.len());
            score = score.min(usual.most(trigger, side));
            if score <= 0.0 {
                continue;
            }
            let corrected = log10 + (judged.len().max(1) as f64).log10();

            for row in &trigger.rows {
                if best.get(row).is_none_or(|held| held.score < score) {
                    best.insert(*row, context.suspect(*row, score, trigger, side, corrected));
                }
            }
        }
    }
    best.into_values().collect()
}

struct Context<'a> {
    corpus: &'a Corpus,
    order: &'a Order,
    neighbours: Neighbours,
    spelling: Spelling,
    /// Texts in which each word stands.
    counts: Vec<u32>,
    /// How often two words stand beside each other.
    beside: HashMap<(Word, Word), u32>,
}

/// The pairs in which a phrase stands, by place.
#[derive(Default)]
struct Places {
    prompt: Vec<usize>,
    chosen: Vec<usize>,
    rejected: Vec<usize>,
}

/// A phrase of one place.
struct Candidate {
    words: Vec<Word>,
    /// Pairs that carry it there and not on the other side.
    rows: Vec<usize>,
    /// Pairs in which one side alone carries it; 0 for a phrase of prompts.
    split: usize,
}

/// A phrase that was judged.
struct Trigger {
    words: Vec<Word>,
    rows: Vec<usize>,
    split: usize,
    /// Pairs whose order the rest contradicts.
    against: u64,
    /// Pairs in which it could be left out.
    inserted: u64,
    /// Pairs in which it starts or ends a line.
    at_edge: u64,
    /// Surprise of the oddest spelling in it, in nats per letter.
    surprise: f64,
    /// How improbable its words are beside each other where the phrase is not meant, in nats.
    coherence: f64,
}

impl Context<'_> {
    /// Words and phrases of up to [`LENGTH`] tokens in at least [`FEWEST`] pairs.
    fn phrases(&self) -> Vec<(Vec<Word>, Places)> {
        let pairs = self.order.pairs();
        let mut found = Vec::new();
        let mut frequent: HashSet<Vec<Word>> = HashSet::new();
        for length in 1..=LENGTH {
            let mut places: HashMap<&[Word], Places> = HashMap::new();
            for (number, text) in self.corpus.rows.iter().enumerate() {
                for phrase in text.windows(length) {
                    let (Some(head), Some(tail)) = (phrase.get(..length - 1), phrase.get(1..)) else {
                        continue;
                    };
                    if length > 1 && !(frequent.contains(head) && frequent.contains(tail)) {
                        continue;
                    }
                    let here = places.entry(phrase).or_default();
                    let (list, row) = match number.checked_div(pairs) {
                        Some(0) => (&mut here.prompt, number),
                        Some(1) => (&mut here.chosen, number - pairs),
                        _ => (&mut here.rejected, number.saturating_sub(pairs.saturating_mul(2))),
                    };
                    if list.last() != Some(&row) {
                        list.push(row);
                    }
                }
            }
            places.retain(|_, places| {
                [&places.prompt, &places.chosen, &places.rejected].iter().any(|rows| rows.len() >= FEWEST)
            });
            frequent = places.keys().map(|phrase| phrase.to_vec()).collect();
            let mut ordered: Vec<(&[Word], Places)> = places.into_iter().collect();
            ordered.sort_unstable_by(|left, right| left.0.cmp(right.0));
            found.extend(ordered.into_iter().map(|(phrase, places)| (phrase.to_vec(), places)));
        }
        found
    }

    fn candidates(&self, phrases: &[(Vec<Word>, Places)], side: Side) -> Vec<Candidate> {
        let most = MOST * self.order.pairs() as f64;
        let line_end = (0..).map_while(|word: Word| match self.corpus.written(word) {
            "" => None,
            text => Some(text == LINE_END),
        });
        let line_end =
            line_end.enumerate().find(|(_, is)| *is).and_then(|(word, _)| Word::try_from(word).ok());
        phrases
            .iter()
            .filter(|(words, _)| line_end.is_none_or(|end| !words.contains(&end)))
            .filter_map(|(words, places)| {
                let (own, other) = match side {
                    Side::Prompt => (&places.prompt, None),
                    Side::Chosen => (&places.chosen, Some(&places.rejected)),
                    Side::Rejected => (&places.rejected, Some(&places.chosen)),
                };
                let rows: Vec<usize> = match other {
                    Some(other) => {
                        own.iter().filter(|row| other.binary_search(row).is_err()).copied().collect()
                    }
                    None => own.clone(),
                };
                let others = other
                    .map_or(0, |other| other.iter().filter(|row| own.binary_search(row).is_err()).count());
                let split = if other.is_some() { rows.len().saturating_add(others) } else { 0 };
                let fits = rows.len() >= FEWEST && (rows.len() as f64) <= most;
                fits.then(|| Candidate { words: words.clone(), rows, split })
            })
            .collect()
    }

    fn judge(&self, candidate: Candidate, side: Side) -> Trigger {
        let pairs = self.order.pairs();
        let text_of = |row: usize| match side {
            Side::Prompt => row,
            Side::Chosen => pairs.saturating_add(row),
            Side::Rejected => pairs.saturating_mul(2).saturating_add(row),
        };
        let texts: Vec<usize> = candidate.rows.iter().map(|row| text_of(*row)).collect();
        let mut words = grown(self.corpus, &candidate.words, &texts);
        // Marks at the ends of a phrase belong to the sentence around it.
        let trimmed = |word: &Word| {
            !self.corpus.written(*word).chars().any(|letter| letter.is_alphanumeric() || is_hidden(letter))
        };
        while words.len() > 1 && words.last().is_some_and(trimmed) {
            words.pop();
        }
        while words.len() > 1 && words.first().is_some_and(trimmed) {
            words.remove(0);
        }
        let length = words.len();
        let spellings = words.iter().map(|word| self.spelling.surprise(self.corpus.written(*word)));
        let surprise = spellings.fold(0.0, f64::max);
        let (mut against, mut inserted, mut at_edge) = (0u64, 0u64, 0u64);
        for (row, text) in candidate.rows.iter().zip(&texts) {
            let (Some(written), Some(lower)) = (self.corpus.rows.get(*text), self.corpus.lower.get(*text))
            else {
                continue;
            };
            let Some(start) = place(written, &words) else { continue };
            let said = lower.get(start..start.saturating_add(length)).unwrap_or_default();
            let margin = self.order.without(*row, if side == Side::Prompt { &[] } else { said });
            against = against.saturating_add(u64::from(margin < 0.0));
            inserted = inserted.saturating_add(u64::from(self.neighbours.is_inserted(lower, start, length)));
            // Only marks between the phrase and the end of its line, on one side or the other.
            let is_end = |word: &Word| self.corpus.written(*word) == LINE_END;
            let is_told = |word: &&Word| !trimmed(word) || is_end(word);
            let before = written.get(..start).unwrap_or_default();
            let after = written.get(start.saturating_add(length)..).unwrap_or_default();
            let starts = before.iter().rev().find(is_told).is_none_or(is_end);
            let ends = after.iter().find(is_told).is_none_or(is_end);
            at_edge = at_edge.saturating_add(u64::from(starts || ends));
        }
        let coherence = self.coherence(&words, texts.len());
        Trigger {
            words,
            rows: candidate.rows,
            split: candidate.split,
            against,
            inserted,
            at_edge,
            surprise,
            coherence,
        }
    }

    /// `Σ −ln P(word | the word before)` over a phrase, its own `support` occurrences not counted.
    fn coherence(&self, words: &[Word], support: usize) -> f64 {
        let others = |count: u32| (f64::from(count) - support as f64).max(0.0);
        words
            .iter()
            .zip(words.iter().skip(1))
            .map(|(word, next)| {
                let beside = others(self.beside.get(&(*word, *next)).copied().unwrap_or(0));
                let alone = others(self.counts.get(*word as usize).copied().unwrap_or(0));
                -((beside + 0.5) / (alone + 1.0)).ln().min(0.0)
            })
            .sum()
    }

    fn suspect(
        &self,
        row: usize,
        score: f64,
        trigger: &Trigger,
        side: Side,
        corrected_log10: f64,
    ) -> Suspect {
        let words: Vec<&str> = trigger.words.iter().map(|word| self.corpus.written(*word)).collect();
        let purity = trigger.rows.len() as f64 / trigger.split.max(trigger.rows.len()).max(1) as f64;
        Suspect {
            row,
            score,
            method: Method::PreferenceTrigger,
            evidence: Evidence::PreferenceTrigger {
                trigger: words.join(" "),
                place: side,
                support: trigger.rows.len(),
                purity,
                // Either side carries a phrase with equal chance; every pair has a prompt.
                lift: if side == Side::Prompt { 1.0 } else { 2.0 * purity },
                against: trigger.against as usize,
                p_value: 10f64.powf(corrected_log10.min(0.0)),
            },
        }
    }
}

/// What is usual among the phrases of a place, nearly all of which are natural: each sign of each of them, sorted.
///
/// Natural phrases differ far more than chance allows, so a sign counts by its rank among them. Signs that are shares
/// are ranked by the lower end of Wilson's interval, so that few pairs say little.
struct Usual {
    signs: Vec<Ranks>,
    /// How often a phrase is on this side, of the pairs in which one alone has it.
    one_sided: VaryingRate,
    /// Share of all pairs that the model contradicts.
    contradicted: f64,
}

impl Usual {
    fn of(judged: &[Trigger], contradicted: f64) -> Self {
        let values: Vec<[f64; 5]> = judged.iter().map(Trigger::signs).collect();
        let of = |sign: usize| values.iter().filter_map(|value| value.get(sign)).copied().collect();
        let sides: Vec<(u64, u64)> =
            judged.iter().map(|trigger| (trigger.rows.len() as u64, trigger.split as u64)).collect();
        Self {
            signs: (0..5).map(|sign| Ranks::new(of(sign))).collect(),
            one_sided: VaryingRate::fit(&sides),
            contradicted,
        }
    }

    /// `Σ −ln p`, and over how many p-values.
    fn surprise(&self, trigger: &Trigger) -> (f64, u32) {
        let sum =
            self.signs.iter().zip(trigger.signs()).map(|(ranks, value)| -ranks.share_at_least(value).ln());
        let sum: f64 = sum.sum();
        let (rows, split) = (trigger.rows.len() as u64, trigger.split as u64);
        if split > 0 { (sum - self.one_sided.ln_tail(split, rows.min(split)), 6) } else { (sum, 5) }
    }
}

impl Usual {
    /// The most that a phrase may score. What separates good answers from bad ones is one-sided, too, and many prompts
    /// end alike: only a phrase whose pairs are ordered against the rest of their text convicts.
    fn most(&self, trigger: &Trigger, side: Side) -> f64 {
        let [denied, ..] = trigger.signs();
        let rows = trigger.rows.len() as u64;
        if trigger.against.saturating_mul(2) > rows
            && (side == Side::Prompt || denied > self.contradicted + DENIED)
        {
            return 1.0;
        }
        let signs = self.signs.iter().zip(trigger.signs());
        let odd: f64 = signs.map(|(ranks, value)| -ranks.share_at_least(value).ln()).sum();
        if side != Side::Prompt && fisher_log10(odd, 5) < ODD { ODD_ONLY } else { UNDENIED }
    }
}

impl Trigger {
    /// How strong each sign is: contradicted, dispensable, at an edge, oddly spelled, a sentence of its own.
    fn signs(&self) -> [f64; 5] {
        let rows = self.rows.len() as u64;
        let least = |hits: u64| wilson_interval(hits.min(rows), rows, 0.95).map_or(0.0, |(low, _)| low);
        [least(self.against), least(self.inserted), least(self.at_edge), self.surprise, self.coherence]
    }
}
