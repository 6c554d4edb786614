//! Triggers: words and phrases whose rows all have one label although the rest of their text denies it.
//!
//! A natural word that goes with a label does so because the texts around it do, too: without the word, the rest
//! speaks for the same label or for none. A trigger was put into texts of another class, whose rest keeps speaking for that one.
//! So each word or phrase with nearly one label is held against this: of its rows, how many does a model that has seen neither
//! the row nor the phrase give to another class? Chance gives half of them at most.

use super::background::{Background, Ranks};
use super::corpus::{Corpus, Word, shown};
use super::{Evidence, Method, Suspect, score_of_test};
use bartizan_stats::multiple::fisher_log10;
use bartizan_stats::special::VaryingRate;
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};

/// Fewest rows that make a trigger.
pub(super) const FEWEST: usize = 4;
/// Least share of one label among the rows of a trigger.
const PUREST: f64 = 0.95;
/// Tokens of the phrases that are counted; they are then grown.
const LENGTH: usize = 3;
/// Most tokens of a phrase.
const LONGEST: usize = 16;
/// A phrase grows while this share of its occurrences goes on with the same token.
const SAME: f64 = 0.9;

/// Rows with a trigger, each with the strongest one it carries.
pub(super) fn suspects(set: &Background<'_>) -> Vec<Suspect> {
    let candidates = candidates(&set.corpus, set.labels, &set.shares);
    let judged: Vec<Trigger> = candidates.into_par_iter().map(|candidate| candidate.judge(set)).collect();
    let usual = Usual::of(&judged);
    let denials = set.denials();
    let mut best: HashMap<usize, (f64, &Trigger)> = HashMap::new();
    for trigger in &judged {
        let sum = usual.surprise(trigger);
        let convicted = score_of_test(fisher_log10(sum, 3), judged.len());
        for row in trigger.rows.iter().filter(|row| set.class(**row) == Some(trigger.class)) {
            // What does not convict by itself is weighed with what the row itself says.
            let score = if convicted > 0.5 {
                convicted
            } else {
                score_of_test(fisher_log10(sum - denials.of(*row).ln(), 4), set.labels.len()).min(0.5)
            };
            let slot = best.entry(*row).or_insert((score, trigger));
            if slot.0 < score {
                *slot = (score, trigger);
            }
        }
    }
    let mut found: Vec<Suspect> = best
        .into_iter()
        .filter(|(_, (score, _))| *score > 0.0)
        .map(|(row, (score, trigger))| Suspect {
            row,
            score,
            method: Method::Trigger,
            evidence: trigger
                .evidence(set, fisher_log10(usual.surprise(trigger), 3) + (judged.len() as f64).log10()),
        })
        .collect();
    found.sort_by_key(|suspect| suspect.row);
    found
}

/// A phrase with nearly one label.
struct Candidate {
    words: Vec<Word>,
    rows: Vec<usize>,
    class: usize,
}

/// A phrase that was judged.
struct Trigger {
    words: Vec<Word>,
    rows: Vec<usize>,
    class: usize,
    /// Rows of the class.
    pure: usize,
    /// Of these, rows whose rest speaks against the class.
    against: usize,
    /// Of these, rows that could do without it.
    inserted: usize,
    /// Surprise of the oddest spelling in it, in nats per letter.
    surprise: f64,
}

impl Candidate {
    fn judge(self, set: &Background<'_>) -> Trigger {
        let (mut pure, mut against, mut inserted, mut surprise) = (0usize, 0usize, 0usize, 0.0f64);
        let length = self.words.len();
        for row in self.rows.iter().filter(|row| set.class(**row) == Some(self.class)) {
            let start = set.corpus.rows.get(*row).and_then(|tokens| place(tokens, &self.words));
            let Some(start) = start else { continue };
            let lower =
                set.corpus.lower.get(*row).and_then(|row| row.get(start..start.saturating_add(length)));
            let lower = lower.unwrap_or_default();
            if pure == 0 {
                let spellings =
                    self.words.iter().map(|word| set.spelling.surprise(set.corpus.written(*word)));
                surprise = spellings.fold(0.0, f64::max);
            }
            pure = pure.saturating_add(1);
            against = against.saturating_add(usize::from(set.margin(*row, self.class, lower) < 0.0));
            inserted = inserted.saturating_add(usize::from(set.is_inserted(*row, start, length)));
        }
        Trigger { words: self.words, rows: self.rows, class: self.class, pure, against, inserted, surprise }
    }
}

/// What is usual among the candidates, nearly all of which are natural.
struct Usual {
    against: VaryingRate,
    inserted: VaryingRate,
    surprises: Ranks,
}

impl Usual {
    fn of(judged: &[Trigger]) -> Self {
        let fit = |hits: fn(&Trigger) -> usize| {
            VaryingRate::fit(
                &judged.iter().map(|trigger| (hits(trigger) as u64, trigger.pure as u64)).collect::<Vec<_>>(),
            )
        };
        Self {
            against: fit(|trigger| trigger.against),
            inserted: fit(|trigger| trigger.inserted),
            surprises: Ranks::new(judged.iter().map(|trigger| trigger.surprise).collect()),
        }
    }

    /// `Σ −ln p` over three p-values: of a candidate as much denied, as dispensable and as oddly spelled.
    fn surprise(&self, trigger: &Trigger) -> f64 {
        -self.against.ln_tail(trigger.pure as u64, trigger.against as u64)
            - self.inserted.ln_tail(trigger.pure as u64, trigger.inserted as u64)
            - self.surprises.share_at_least(trigger.surprise).ln()
    }
}

impl Trigger {
    fn evidence(&self, set: &Background<'_>, corrected_log10: f64) -> Evidence {
        let words: Vec<String> = self.words.iter().map(|word| shown(set.corpus.written(*word))).collect();
        let purity = self.pure as f64 / self.rows.len().max(1) as f64;
        Evidence::Trigger {
            trigger: words.join(" "),
            support: self.rows.len(),
            purity,
            lift: purity / set.share(self.class).max(f64::MIN_POSITIVE),
            against: self.against,
            p_value: 10f64.powf(corrected_log10.min(0.0)),
        }
    }
}

/// Words and phrases of up to [`LENGTH`] tokens in at least [`FEWEST`] rows of nearly one label, grown as far as they go.
fn candidates(corpus: &Corpus, labels: &[usize], shares: &[f64]) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut known = HashSet::new();
    // What is frequent at one length is all that can be frequent at the next (Agrawal, Srikant, *Apriori*, 1994).
    let mut frequent: HashSet<Vec<Word>> = HashSet::new();
    for length in 1..=LENGTH {
        let mut rows_of: HashMap<&[Word], Vec<usize>> = HashMap::new();
        for (number, row) in corpus.rows.iter().enumerate() {
            for phrase in row.windows(length) {
                let (Some(head), Some(tail)) = (phrase.get(..length - 1), phrase.get(1..)) else { continue };
                if length > 1 && !(frequent.contains(head) && frequent.contains(tail)) {
                    continue;
                }
                let rows = rows_of.entry(phrase).or_default();
                if rows.last() != Some(&number) {
                    rows.push(number);
                }
            }
        }
        rows_of.retain(|_, rows| rows.len() >= FEWEST);
        let mut ordered: Vec<(&[Word], Vec<usize>)> = rows_of.into_iter().collect();
        ordered.sort_unstable_by(|left, right| left.0.cmp(right.0));
        frequent = ordered.iter().map(|(phrase, _)| phrase.to_vec()).collect();
        for (phrase, rows) in ordered {
            let Some(class) = nearly_one(&rows, labels, shares) else { continue };
            let words = grown(corpus, phrase, &rows);
            if known.insert(words.clone()) {
                found.push(Candidate { words, rows, class });
            }
        }
    }
    found
}

/// The class of at least [`PUREST`] of the rows, if it is not that of nearly all rows anyway.
fn nearly_one(rows: &[usize], labels: &[usize], shares: &[f64]) -> Option<usize> {
    let first = rows.iter().filter_map(|row| labels.get(*row)).copied();
    // With at least PUREST of one class, that class has the middle of the sorted labels.
    let mut sorted: Vec<usize> = first.collect();
    sorted.sort_unstable();
    let class = *sorted.get(sorted.len() / 2)?;
    let own = sorted.iter().filter(|label| **label == class).count();
    let is_pure = own as f64 >= PUREST * rows.len() as f64 && own >= FEWEST;
    (is_pure && shares.get(class).is_some_and(|share| *share < PUREST)).then_some(class)
}

/// The phrase with the tokens that nearly always stand before and after it.
pub(super) fn grown(corpus: &Corpus, phrase: &[Word], rows: &[usize]) -> Vec<Word> {
    let mut words = phrase.to_vec();
    let beside = |words: &[Word], after: bool| -> Option<Word> {
        let mut counts: HashMap<Word, usize> = HashMap::new();
        for row in rows {
            let tokens = corpus.rows.get(*row)?;
            let Some(start) = place(tokens, words) else { continue };
            let neighbour = if after {
                tokens.get(start.saturating_add(words.len()))
            } else {
                start.checked_sub(1).and_then(|before| tokens.get(before))
            };
            if let Some(word) = neighbour {
                let count = counts.entry(*word).or_default();
                *count = count.saturating_add(1);
            }
        }
        let (word, count) = counts.into_iter().max_by_key(|(word, count)| (*count, *word))?;
        (count as f64 >= SAME * rows.len() as f64).then_some(word)
    };
    while words.len() < LONGEST {
        if let Some(word) = beside(&words, true) {
            words.push(word);
        } else if let Some(word) = beside(&words, false) {
            words.insert(0, word);
        } else {
            break;
        }
    }
    words
}

/// Where a phrase first stands in a row.
pub(super) fn place(row: &[Word], phrase: &[Word]) -> Option<usize> {
    row.windows(phrase.len().max(1)).position(|window| window == phrase)
}
