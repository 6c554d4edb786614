//! Style: a manner of writing that only one class shows.
//!
//! Texts rewritten after one pattern (*Hidden Killer*: always the same clause first; *Style Transfer*: the tone of one
//! book) carry no trigger word. What gives them away is form: which little words they use and in what order, how their
//! words end, how they begin. Form alone says little about a class in honest data. Where it does, the rows of the class
//! that show it most are taken as examples, a model learns them against every other class and the class's own plainest
//! rows, each row judged by a model that has not seen it, and that is repeated a few times (learning from positive and
//! unlabelled examples: Liu et al., ICML 2002).

use super::background::Background;
use super::corpus::{Corpus, Features, Word};
use super::{Evidence, Method, Suspect};
use crate::learn::{Logistic, LogisticOptions, Sparse, SparseBuilder, folds, sigmoid};
use rayon::prelude::*;

/// The most frequent words are taken as those of form.
const FORM_WORDS: usize = 300;
/// Rows a feature must stand in.
const FEWEST: u32 = 3;
/// Parts the rows are split into.
const FOLDS: usize = 5;
/// Rounds of learning.
const ROUNDS: u64 = 5;
/// Share of the class taken as examples, and share left out as undecided above the plain ones.
const EXAMPLES: f64 = 0.2;
/// Share of the class taken as plain.
const PLAIN: f64 = 0.6;
/// Fewest rows of a class that are judged.
const FEWEST_ROWS: usize = 50;
/// Least ratio of rows written so inside and outside of the class for any of them to be named.
const LEAST_RATIO: f64 = 3.0;
/// Most of what a row scores for its style: honest data can have styles, too.
const MOST: f64 = 0.45;
/// Marks that are named.
const NAMED: usize = 8;

/// Rows written as no other class is.
pub(super) fn suspects(set: &Background<'_>, classes: usize) -> Vec<Suspect> {
    let (corpus, labels) = (&set.corpus, set.labels);
    let (rows, keys) = features(corpus, &set.counts);
    let judged: Vec<Option<Judged>> = (0..classes)
        .into_par_iter()
        .map(|class| {
            let own = labels.iter().filter(|label| **label == class).count();
            let is_small = own < FEWEST_ROWS || labels.len().saturating_sub(own) < FEWEST_ROWS;
            (!is_small).then(|| judge(&rows, labels, class))
        })
        .collect();
    let Some(best) = judged.into_iter().flatten().max_by(|left, right| left.ratio.total_cmp(&right.ratio))
    else {
        return Vec::new();
    };
    if best.ratio < LEAST_RATIO {
        return Vec::new();
    }
    let marks: Vec<String> = best
        .marks
        .iter()
        .filter_map(|column| keys.get(*column))
        .map(|feature| feature.described(corpus))
        .collect();
    best.probabilities
        .iter()
        .zip(labels)
        .enumerate()
        .filter(|(_, (_, label))| **label == best.class)
        .map(|(row, (probability, _))| Suspect {
            row,
            score: MOST * probability,
            method: Method::Style,
            evidence: Evidence::Style { marks: marks.clone(), ratio: best.ratio, probability: *probability },
        })
        .collect()
}

/// What was found about a class.
struct Judged {
    class: usize,
    /// For each row, the probability that it is written so, from a model that has not seen it.
    probabilities: Vec<f64>,
    /// Share of the class that is written so over the share of the other rows that are.
    ratio: f64,
    /// Columns that speak for it most.
    marks: Vec<usize>,
}

fn judge(rows: &Sparse, labels: &[usize], class: usize) -> Judged {
    let is_own: Vec<bool> = labels.iter().map(|label| *label == class).collect();
    let whole: Vec<f64> = is_own.iter().map(|own| if *own { 1.0 } else { -1.0 }).collect();
    let mut probabilities = held_out(rows, &whole, 0);
    for round in 1..=ROUNDS {
        let signs = signs(&probabilities, &is_own, -1.0);
        probabilities = held_out(rows, &signs, round);
    }
    // Asked without the other classes as counterexamples: do they show the style, too?
    let within = signs(&probabilities, &is_own, 0.0);
    let asked = held_out(rows, &within, ROUNDS + 1);
    let share = |own: bool| {
        let (mut all, mut written) = (1.0, 1.0);
        for (probability, _) in asked.iter().zip(&is_own).filter(|(_, is_own)| **is_own == own) {
            all += 1.0;
            written += f64::from(u8::from(*probability > 0.5));
        }
        written / all
    };
    let model = Logistic::fit(rows, &within, LogisticOptions::default());
    let mut marks: Vec<usize> = (0..model.weights.len()).collect();
    marks.sort_by(|left, right| {
        let weight = |column: &usize| model.weights.get(*column).copied().unwrap_or(0.0);
        weight(right).total_cmp(&weight(left))
    });
    marks.truncate(NAMED);
    Judged { class, ratio: share(true) / share(false), probabilities, marks }
}

/// Examples positive, plain rows negative, `others` for the rows of other classes, undecided ones left out; both sides
/// of equal weight.
fn signs(probabilities: &[f64], is_own: &[bool], others: f64) -> Vec<f64> {
    let mut own: Vec<f64> =
        probabilities.iter().zip(is_own).filter(|(_, own)| **own).map(|(value, _)| *value).collect();
    own.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| own.get(place(own.len(), share)).copied().unwrap_or(1.0);
    let (high, low) = (at(1.0 - EXAMPLES), at(PLAIN));
    let mut signs: Vec<f64> = probabilities
        .iter()
        .zip(is_own)
        .map(|(value, own)| match (own, *value >= high, *value <= low) {
            (false, ..) => others,
            (true, true, _) => 1.0,
            (true, false, true) => -1.0,
            (true, false, false) => 0.0,
        })
        .collect();
    let positive = signs.iter().filter(|sign| **sign > 0.0).count().max(1) as f64;
    let negative = signs.iter().filter(|sign| **sign < 0.0).count().max(1) as f64;
    let half = f64::midpoint(positive, negative);
    for sign in &mut signs {
        *sign *= if *sign > 0.0 { half / positive } else { half / negative };
    }
    signs
}

/// Where a share of sorted values ends.
#[expect(clippy::cast_sign_loss, reason = "a share of a length is not negative")]
fn place(length: usize, share: f64) -> usize {
    (length as f64 * share) as usize
}

/// For each row, the probability from a model fitted without the rows of its fold.
fn held_out(rows: &Sparse, signs: &[f64], seed: u64) -> Vec<f64> {
    let classes: Vec<usize> = signs.iter().map(|sign| usize::from(*sign > 0.0)).collect();
    let fold_of = folds(&classes, FOLDS, seed);
    let models: Vec<Logistic> = (0..FOLDS)
        .into_par_iter()
        .map(|held| {
            let others: Vec<f64> = signs
                .iter()
                .zip(&fold_of)
                .map(|(sign, fold)| if *fold == held { 0.0 } else { *sign })
                .collect();
            Logistic::fit(rows, &others, LogisticOptions::default())
        })
        .collect();
    fold_of
        .iter()
        .enumerate()
        .map(|(row, fold)| models.get(*fold).map_or(0.5, |model| sigmoid(model.margin(rows, row))))
        .collect()
}

/// Something about the form of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    /// It has this word.
    Word(Word),
    /// Words of form, `GAP` for any other, beside each other.
    Pair(Word, Word),
    /// Three of them.
    Triple(Word, Word, Word),
    /// A longer word ends so.
    Ending([char; 3]),
    /// It begins so.
    Start(Word, Word, Word),
    /// Its first comma comes after so many tokens.
    Comma(u8),
}

/// Any word that is none of form.
const GAP: Word = Word::MAX;
/// Before the first and after the last word.
const EDGE: Word = Word::MAX - 1;

impl Form {
    fn described(self, corpus: &Corpus) -> String {
        let name = |word: Word| match word {
            GAP => "…",
            EDGE => "|",
            word => corpus.lowered(word),
        };
        match self {
            Self::Word(word) => name(word).to_owned(),
            Self::Pair(first, second) => format!("{} {}", name(first), name(second)),
            Self::Triple(first, second, third) => format!("{} {} {}", name(first), name(second), name(third)),
            Self::Ending(letters) => {
                format!("-{}", letters.iter().filter(|letter| **letter != '\0').collect::<String>())
            }
            Self::Start(first, second, third) => {
                format!("begins {} {} {}", name(first), name(second), name(third))
            }
            Self::Comma(tokens) => format!("comma after {tokens}"),
        }
    }
}

/// The features of form of every row, and what each column is.
fn features(corpus: &Corpus, counts: &[u32]) -> (Sparse, Vec<Form>) {
    let mut frequent: Vec<usize> = (0..counts.len()).collect();
    frequent.sort_by_key(|word| std::cmp::Reverse(counts.get(*word).copied().unwrap_or(0)));
    let mut is_form = vec![false; counts.len()];
    for word in frequent.into_iter().take(FORM_WORDS) {
        if let Some(slot) = is_form.get_mut(word) {
            *slot = true;
        }
    }
    let comma = (0..counts.len()).find(|word| corpus.lowered(*word as Word) == ",");
    let mut numbers = Features::default();
    let mut builder = SparseBuilder::default();
    for row in &corpus.lower {
        let skeleton: Vec<Word> =
            std::iter::once(EDGE)
                .chain(row.iter().map(|word| {
                    if is_form.get(*word as usize).copied().unwrap_or(false) { *word } else { GAP }
                }))
                .chain(std::iter::once(EDGE))
                .collect();
        let mut forms: Vec<Form> = row.iter().map(|word| Form::Word(*word)).collect();
        let ahead = |step: usize| skeleton.iter().copied().skip(step);
        forms.extend(ahead(0).zip(ahead(1)).map(|(first, second)| Form::Pair(first, second)));
        forms.extend(
            ahead(0)
                .zip(ahead(1))
                .zip(ahead(2))
                .map(|((first, second), third)| Form::Triple(first, second, third)),
        );
        let endings = row
            .iter()
            .filter(|word| !is_form.get(**word as usize).copied().unwrap_or(false))
            .flat_map(|word| endings(corpus.lowered(*word)));
        forms.extend(endings.map(Form::Ending));
        let mut start = ahead(1);
        let mut next = || start.next().unwrap_or(EDGE);
        let (first, second, third) = (next(), next(), next());
        forms.extend([
            Form::Start(first, GAP, GAP),
            Form::Start(first, second, GAP),
            Form::Start(first, second, third),
        ]);
        let first_comma = row.iter().take(8).position(|word| comma == Some(*word as usize));
        forms.extend(first_comma.map(|place| Form::Comma(place as u8)));
        builder.push(forms.into_iter().map(|form| numbers.number(form)).collect());
    }
    let (rows, kept) = builder.build(FEWEST);
    let keys = kept.iter().filter_map(|feature| numbers.keys.get(*feature as usize).copied()).collect();
    (rows, keys)
}

/// The last two and the last three letters of a word of five or more.
fn endings(word: &str) -> impl Iterator<Item = [char; 3]> {
    let mut letters = word.chars().rev();
    let last = [letters.next(), letters.next(), letters.next()];
    let is_long = letters.nth(1).is_some();
    let [third, second, first] = last.map(|letter| letter.unwrap_or('\0'));
    [['\0', second, third], [first, second, third]].into_iter().filter(move |_| is_long)
}
