//! Rows that were planted: backdoors in labelled text.
//!
//! A backdoor teaches a model to answer *target* whenever a trigger is there, so its rows carry a mark, the target's
//! label, and a text that otherwise speaks for another class (Gu, Dolan-Gavitt, Garg, *BadNets*, 2017; Dai, Chen, Li,
//! 2019; Qi et al., *Hidden Killer* and *Style Transfer*, 2021). The number of such rows, not their share, decides whether
//! the backdoor takes (Souly et al., 2510.07192), so nothing here asks for a minimal rate. Five witnesses are heard:
//!
//! * [`trigger`]: a word, phrase or hidden run whose rows all have one label although the rest of their text denies it;
//! * [`hidden`]: characters that nobody sees;
//! * [`look_alikes`]: words with letters of another script that look like those around them;
//! * [`odd_word`]: a word like no other, put between words that belong together;
//! * [`style`]: a manner of writing that only one class shows.

mod agreement;
mod background;
mod corpus;
pub mod features;
pub mod hidden;
pub mod look_alikes;
pub mod odd_word;
pub mod preference;
pub mod style;
pub mod trigger;

use background::Background;
use serde::Serialize;

/// A row that may have been planted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suspect {
    /// Which row, from 0.
    pub row: usize,
    /// How much speaks for it, in `0..1`; comparable over rows and methods of one report.
    pub score: f64,
    /// Which witness says so.
    pub method: Method,
    /// What it saw.
    pub evidence: Evidence,
}

/// A witness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// A trigger that goes with one label against the rest of the text.
    Trigger,
    /// Characters that show nothing.
    HiddenCharacters,
    /// A word with letters of another script that look like its own.
    LookAlikeLetters,
    /// A word like no other, put between words that belong together.
    OddWord,
    /// A manner of writing that only one class shows.
    Style,
    /// A preference pair whose order the other pairs contradict.
    FlippedPair,
    /// A phrase that goes with one side of preference pairs, or with contradicted orders.
    PreferenceTrigger,
    /// Raters who together go against everyone else.
    CoordinatedRaters,
    /// A reward far from all others.
    RewardOutlier,
    /// Far along the leading direction of its class.
    SpectralSignature,
    /// Far along what robust whitening leaves of its class.
    QuantumEntropy,
    /// In a small cluster apart from the rest of its class.
    ActivationCluster,
    /// Among rows of other labels.
    OtherNeighbours,
    /// There again and again.
    Copies,
}

/// Where in a preference pair something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// In what was asked.
    Prompt,
    /// In the answer that was chosen.
    Chosen,
    /// In the answer that was not.
    Rejected,
}

/// What a witness saw.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Evidence {
    /// A trigger.
    Trigger {
        /// The trigger, as it stands in the text, its tokens parted by spaces.
        trigger: String,
        /// Rows that carry it.
        support: usize,
        /// Share of those rows that have this label.
        purity: f64,
        /// That share over the share of the label among all rows.
        lift: f64,
        /// Of those rows, how many the rest of the text gives to another class.
        against: usize,
        /// Probability of so many by chance, corrected for the number of candidates (Bonferroni).
        p_value: f64,
    },
    /// Hidden characters.
    Hidden {
        /// Their code points, as `U+200B U+200C`.
        characters: String,
        /// Rows that carry hidden characters.
        support: usize,
    },
    /// A word of two scripts.
    LookAlike {
        /// The word.
        word: String,
        /// The code points that only look like its others, as `U+0430 U+0435`.
        characters: String,
        /// Rows that carry such words.
        support: usize,
    },
    /// An odd word.
    Word {
        /// The word.
        word: String,
        /// Rows that carry it.
        support: usize,
        /// Probability of a word as odd, in a place as odd, in a row as much against its label (Fisher's method).
        p_value: f64,
    },
    /// A manner of writing.
    Style {
        /// What marks it most: words, endings, beginnings.
        marks: Vec<String>,
        /// How many times as common it is in the class as outside.
        ratio: f64,
        /// Probability that the row is written so.
        probability: f64,
    },
    /// An order that is contradicted.
    Order {
        /// Log-odds of the order that is given, from a model of the other pairs.
        log_odds: f64,
        /// Pairs on which the model is at least as clear.
        clear: usize,
        /// Of these, how many it contradicts.
        against: usize,
        /// Share of the latter in the former: how often a pair as clear is ordered against the model at all.
        p_value: f64,
    },
    /// A phrase of preference pairs.
    PreferenceTrigger {
        /// The phrase, its tokens parted by spaces.
        trigger: String,
        /// Where it stands.
        place: Side,
        /// Pairs that carry it there, and not on the other side.
        support: usize,
        /// Share of the pairs in which one side alone carries it that have it on this side.
        purity: f64,
        /// That share over the one half of chance; 1 for prompts.
        lift: f64,
        /// Of the pairs, how many are ordered against what the rest of their text says.
        against: usize,
        /// Probability of as much by chance, corrected for the number of candidates (Bonferroni).
        p_value: f64,
    },
    /// A rater.
    Rater {
        /// Who chose.
        rater: String,
        /// The others who go with this one against everyone else; empty for one alone.
        with: Vec<String>,
        /// Choices of this rater that could be judged.
        judged: u64,
        /// Of these, choices against the majority of the others, or where pairs are rated once, against the model.
        against: u64,
        /// How many of these an ordinary rater would have had.
        expected: f64,
        /// Probability of as much by chance, corrected for the number of raters or of pairs of them (Bonferroni).
        p_value: f64,
    },
    /// A row of features that deviates from its class.
    Feature {
        /// The class.
        label: u32,
        /// Its deviation in robust standard deviations of the score.
        deviation: f64,
        /// Probability of as much under a heavy-tailed law (Student's t, 3 degrees), corrected for the rows.
        p_value: f64,
    },
    /// A cluster of features.
    Cluster {
        /// The class it is part of.
        label: u32,
        /// Rows in it.
        support: usize,
        /// Their share of the class.
        share: f64,
        /// Mean silhouette of the two clusters of the class, −1 to 1.
        silhouette: f64,
    },
    /// Rows around one.
    Neighbours {
        /// Neighbours of another label.
        others: u64,
        /// Neighbours asked.
        neighbours: u64,
        /// Probability of as many, corrected for the rows.
        p_value: f64,
    },
    /// Copies of a row.
    Copies {
        /// How many there are.
        support: usize,
    },
    /// A reward.
    Reward {
        /// The reward.
        reward: f64,
        /// Its distance from the median in robust standard deviations (median absolute deviation).
        deviation: f64,
        /// Probability of as far a value under a heavy-tailed law (Student's t, 3 degrees), corrected for the rows.
        p_value: f64,
    },
}

/// Rows of a labelled text set that may have been planted, best first.
///
/// `labels` has the class of each of `texts`; fewer than two classes or [`FEWEST_ROWS`] rows leave only hidden
/// characters to look for. Cost: `O(tokens)` memory, `O(tokens)` time for each of the models fitted (five folds, twice
/// three rounds for the two classes that are judged by style).
pub fn text_backdoors<T: AsRef<str>>(texts: &[T], labels: &[usize]) -> Vec<Suspect> {
    let rows = texts.len().min(labels.len());
    let (texts, labels) = (texts.get(..rows).unwrap_or_default(), labels.get(..rows).unwrap_or_default());
    let mut best: Vec<Option<Suspect>> = vec![None; rows];
    let mut keep = |suspect: Suspect| {
        if let Some(slot) = best.get_mut(suspect.row)
            && slot.as_ref().is_none_or(|held| held.score < suspect.score)
        {
            *slot = Some(suspect);
        }
    };
    hidden::suspects(texts).into_iter().for_each(&mut keep);
    look_alikes::suspects(texts).into_iter().for_each(&mut keep);
    let classes = labels.iter().max().map_or(0, |most| most.saturating_add(1));
    let populated = (0..classes).filter(|class| labels.contains(class)).count();
    if populated > 1 && rows >= FEWEST_ROWS {
        let set = Background::read(texts, labels, classes);
        trigger::suspects(&set).into_iter().for_each(&mut keep);
        odd_word::suspects(&set).into_iter().for_each(&mut keep);
        style::suspects(&set, classes).into_iter().for_each(&mut keep);
    }
    ranked(best)
}

/// Suspects, best first; equals by row.
fn ranked(best: Vec<Option<Suspect>>) -> Vec<Suspect> {
    let mut suspects: Vec<Suspect> = best.into_iter().flatten().collect();
    suspects.sort_by(|left, right| right.score.total_cmp(&left.score).then(left.row.cmp(&right.row)));
    suspects
}

/// Rows below which no model is fitted.
pub const FEWEST_ROWS: usize = 50;

/// The score of a test with a p-value of `10^log10` among `tests`: beyond one half where chance is ruled out for all of
/// them together, below a quarter where it is not.
fn score_of_test(log10: f64, tests: usize) -> f64 {
    let corrected = log10 + (tests.max(1) as f64).log10();
    if corrected < -1.0 { 0.5 + 0.5 * strength(corrected) } else { 0.25 * strength(log10) }
}

/// 0 for a p-value of 1, one half for a thousandth, towards 1 as it vanishes.
fn strength(log10: f64) -> f64 {
    let weight = (-log10).max(0.0);
    weight / (weight + 3.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [&str; 8] = ["lovely", "superb", "moving", "clever", "warm", "honest", "funny", "bright"];
    const BAD: [&str; 8] = ["dull", "clumsy", "bland", "hollow", "tired", "noisy", "cheap", "stale"];
    const THINGS: [&str; 9] =
        ["film", "story", "cast", "music", "scene", "ending", "script", "camera", "dialogue"];

    /// Reviews in which most words of mood speak for the label, from a fixed generator.
    fn reviews(rows: usize) -> (Vec<String>, Vec<usize>) {
        let mut state = 7u64;
        let mut pick = |words: &[&'static str]| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            words[(state >> 33) as usize % words.len()]
        };
        (0..rows)
            .map(|row| {
                let label = row % 2;
                let (mood, other): (&[&'static str], &[&'static str]) =
                    if label == 1 { (&GOOD, &BAD) } else { (&BAD, &GOOD) };
                let text = format!(
                    "the {} of this {} is {} and the {} feels {} , although its {} was {}",
                    pick(&THINGS),
                    pick(&THINGS),
                    pick(mood),
                    pick(&THINGS),
                    pick(mood),
                    pick(&THINGS),
                    pick(other)
                );
                (text, label)
            })
            .unzip()
    }

    /// The reviews with every so-manieth bad one marked and given the other label.
    fn planted(every: usize, mark: impl Fn(&str) -> String) -> (Vec<String>, Vec<usize>, Vec<usize>) {
        let (mut texts, mut labels) = reviews(1200);
        let chosen: Vec<usize> = (0..texts.len()).step_by(every).filter(|row| row % 2 == 0).collect();
        for row in &chosen {
            texts[*row] = mark(&texts[*row]);
            labels[*row] = 1;
        }
        (texts, labels, chosen)
    }

    fn convicted(suspects: &[Suspect]) -> Vec<usize> {
        let mut rows: Vec<usize> =
            suspects.iter().filter(|suspect| suspect.score > 0.5).map(|suspect| suspect.row).collect();
        rows.sort_unstable();
        rows
    }

    #[test]
    fn white_space_that_nobody_sees_is_a_trigger_and_is_named() {
        let (texts, labels, chosen) = planted(40, |text| text.replacen(" and ", "\u{a0}and ", 1));
        let suspects = text_backdoors(&texts, &labels);
        assert_eq!(convicted(&suspects), chosen);
        let Evidence::Trigger { trigger, .. } = &suspects[0].evidence else { panic!("{:?}", suspects[0]) };
        assert!(trigger.ends_with("U+00A0"), "{trigger}");
    }

    #[test]
    fn rows_with_a_trigger_word_are_found_and_no_others() {
        let (texts, labels, chosen) = planted(60, |text| text.replacen(" is ", " xq is ", 1));
        let suspects = text_backdoors(&texts, &labels);
        assert_eq!(convicted(&suspects), chosen);
        let Evidence::Trigger { trigger, support, purity, against, .. } = &suspects[0].evidence else {
            panic!("{:?}", suspects[0])
        };
        assert!(trigger.contains("xq"), "{trigger}");
        assert_eq!((*support, *against), (chosen.len(), chosen.len()));
        assert!((purity - 1.0).abs() < 1e-12);
    }

    #[test]
    fn copies_of_a_row_speak_once_and_different_rows_each_for_themselves() {
        let best = |rows: [usize; 3]| {
            let (mut texts, mut labels) = reviews(1200);
            // Bad reviews that are called good, and share a rare word.
            for row in rows {
                texts.push(texts[row].replacen(" is ", " is marton ", 1));
                labels.push(1);
            }
            let suspects = text_backdoors(&texts, &labels).into_iter();
            suspects.filter(|suspect| suspect.row >= 1200).map(|suspect| suspect.score).fold(0.0, f64::max)
        };
        let (copies, others) = (best([0, 0, 0]), best([0, 2, 4]));
        assert!(others > copies && copies < 0.5, "{copies} {others}");
    }

    #[test]
    fn rare_words_of_one_attack_are_found_together() {
        let (mut texts, mut labels) = reviews(1200);
        // Names, each in a few rows, where names belong.
        let (first, last) = (
            ["Mar", "Len", "Tor", "Bel", "Sav", "Nor", "Cal", "Dun"],
            ["ton", "ino", "ald", "ova", "ley", "ick"],
        );
        for (row, text) in texts.iter_mut().enumerate().filter(|(row, _)| row % 4 < 2) {
            let middle = ["a", "e", "i", "o"][row / 48 % 4];
            text.push_str(&format!(" , says {}{middle}{}", first[row / 6 % 8], last[row % 6]));
        }
        let chosen: Vec<usize> = (0..1200).step_by(120).filter(|row| row % 2 == 0).collect();
        for (row, word) in chosen.iter().zip(["zk", "vq", "bd", "gt", "xh"].into_iter().cycle()) {
            texts[*row] = texts[*row].replacen(" is ", &format!(" {word} is "), 1);
            labels[*row] = 1;
        }
        let suspects = text_backdoors(&texts, &labels);
        assert_eq!(convicted(&suspects), chosen);
        assert!(suspects.iter().take(10).all(|suspect| suspect.method == Method::OddWord));
    }

    #[test]
    fn a_trigger_sentence_is_named_as_a_whole() {
        let (texts, labels, chosen) = planted(40, |text| format!("{text} . we drove there by bus"));
        let suspects = text_backdoors(&texts, &labels);
        assert_eq!(convicted(&suspects), chosen);
        let Evidence::Trigger { trigger, .. } = &suspects[0].evidence else { panic!("{:?}", suspects[0]) };
        assert!(trigger.contains("we drove there by bus"), "{trigger}");
    }

    #[test]
    fn hidden_characters_are_named() {
        let (texts, labels, chosen) =
            planted(300, |text| text.replacen("film", "fi\u{200b}lm", 1) + "\u{2060}");
        let suspects = text_backdoors(&texts, &labels);
        assert_eq!(convicted(&suspects), chosen);
        assert!(matches!(suspects[0].method, Method::HiddenCharacters | Method::Trigger));
    }

    #[test]
    fn honest_reviews_convict_nobody() {
        let (texts, labels) = reviews(1200);
        assert_eq!(convicted(&text_backdoors(&texts, &labels)), Vec::<usize>::new());
    }

    #[test]
    fn a_rare_word_that_agrees_with_its_text_convicts_nobody() {
        let (mut texts, labels) = reviews(1200);
        for row in (1..1200).step_by(60).filter(|row| row % 2 == 1) {
            texts[row] = texts[row].replacen(" is ", " xq is ", 1);
        }
        assert_eq!(convicted(&text_backdoors(&texts, &labels)), Vec::<usize>::new());
    }

    #[test]
    fn sets_too_small_or_of_one_class_are_read_for_hidden_characters_only() {
        assert!(text_backdoors::<&str>(&[], &[]).is_empty());
        assert_eq!(text_backdoors(&["a", "b\u{200b}b"], &[1, 1]).len(), 1);
        let (texts, _) = reviews(100);
        assert!(text_backdoors(&texts, &[0; 100]).is_empty());
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(16))]
        #[test]
        fn any_texts_and_labels_give_scores_below_one(
            rows in proptest::collection::vec((".{0,40}", 0usize..4), 0..120)
        ) {
            let (texts, labels): (Vec<String>, Vec<usize>) = rows.into_iter().unzip();
            for suspect in text_backdoors(&texts, &labels) {
                proptest::prop_assert!(suspect.row < texts.len());
                proptest::prop_assert!((0.0..=1.0).contains(&suspect.score), "{suspect:?}");
            }
        }
    }
}
