//! Trains the weights of the injection judge and says how well they do on sources they have not seen.
//!
//! `train_injection FOLDER HARMLESS ATTACKS WORDS MEANING HARM UNSEEN`: FOLDER holds `train.jsonl` (objects with `text`, `label`,
//! `source`), to learn from, and `dev.jsonl`, which is only ever scored. HARMLESS and ATTACKS hold more texts to learn from, which
//! `collect.py` and `collect_attacks.py` gather. WORDS, MEANING and HARM receive the models. UNSEEN is what `train_injection score
//! FOLDER HARMLESS ATTACKS TUNED UNSEEN` made with the encoders and heads that `tune.py` left in TUNED. Same input, same weights.
//! `train_injection export FOLDER HARMLESS ATTACKS WINDOWS` writes the texts that encoders are tuned on as pieces of words, for
//! `tune.py`; `train_injection words FOLDER HARMLESS ATTACKS MARGINS` writes what models of words that have not seen a text's family
//! make of it, and `train_injection measure FOLDER HARMLESS ATTACKS` says how well they do.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a tool for the terminal over rows of known shape"
)]

mod beside;
mod bounds;
mod carriers;
mod conduct;
mod corpus;
mod duties;
mod evaluate;
mod export;
mod harm;
mod innocents;
mod kinds;
mod learner;
mod orders;
mod quotes;
mod semantics;
mod slots;
mod tongues;
mod variety;
mod wares;

use bartizan_text::encoder;
use bartizan_text::injection::judge::{DOUBT, Judge, Role};
use bartizan_text::injection::meaning::Meaning;
use bartizan_text::injection::weights::Weights;
use corpus::Corpus;
use evaluate::{auc, calibrate, threshold};
use learner::fit;
use rayon::prelude::*;
use semantics::{Unseen, join, weigh};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Probabilities by words alone that may be taken for doubt.
const DOUBTS: [RangeInclusive<f32>; 5] = [0.02..=0.98, 0.2..=0.98, 0.3..=0.98, 0.4..=0.98, 0.3..=0.9];

/// Shares of harmless texts whose scores are told, greatest first.
const RATES: [f64; 7] = [0.05, 0.03, 0.02, 0.01, 0.005, 0.002, 0.001];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [task, folder, harmless, attacks, windows] if task == "export" => {
            return export::write(&Corpus::gather(folder, harmless, attacks)?, windows);
        }
        [task, folder, harmless, attacks, margins] if task == "words" => {
            return export::words(&Corpus::gather(folder, harmless, attacks)?, margins);
        }
        [task, folder, harmless, attacks] if task == "measure" => {
            measure(&Corpus::gather(folder, harmless, attacks)?);
            return Ok(());
        }
        [task, folder, harmless, attacks, tuned, unseen] if task == "score" => {
            return Unseen::score(&Corpus::gather(folder, harmless, attacks)?, tuned, unseen);
        }
        _ => {}
    }
    let [folder, harmless, attacks, words_file, meaning_file, harm_file, unseen_file] = arguments.as_slice()
    else {
        return Err("usage: train_injection FOLDER HARMLESS ATTACKS WORDS MEANING HARM UNSEEN; or score, export, words or measure before FOLDER HARMLESS ATTACKS".into());
    };
    let corpus = Corpus::gather(folder, harmless, attacks)?;
    let examples = &corpus.examples[..corpus.scored];
    println!("{} texts, {} windows", examples.len(), examples.iter().map(|e| e.runs.len()).sum::<usize>());

    let by_encoders = Unseen::read(&corpus, unseen_file)?;

    // Every family of sources scored by models that have not seen it.
    let mut margins = vec![(f32::NAN, f32::NAN); examples.len()];
    for ((pair, words), meaning) in margins.iter_mut().zip(unseen_words(&corpus)).zip(&by_encoders.margins) {
        *pair = (words, *meaning);
    }
    let unseen: Vec<usize> = (0..corpus.train).filter(|at| examples[*at].family < corpus.read).collect();
    // One join for all, as the shipped judge has: two shares and a shift over margins that are all of unseen families.
    let keys: Vec<(&str, bool)> =
        unseen.iter().map(|at| (examples[*at].source.as_str(), examples[*at].attack)).collect();
    let pairs: Vec<semantics::Pair> = unseen
        .iter()
        .zip(weigh(&keys))
        .map(|(at, weight)| (margins[*at].0, margins[*at].1, examples[*at].attack, weight))
        .collect();
    let shares = join(&pairs);
    let joint: Vec<f32> =
        margins.iter().map(|(words, meaning)| shares[0] * words + shares[1] * meaning + shares[2]).collect();
    let words: Vec<f32> = margins.iter().map(|pair| pair.0).collect();
    let meanings: Vec<f32> = margins.iter().map(|pair| pair.1).collect();
    report("words alone", &corpus, &unseen, &words);
    report("meaning alone", &corpus, &unseen, &meanings);
    let (flag, block) = report("both", &corpus, &unseen, &joint);

    for (name, scores) in [("words alone", &words), ("both", &joint)] {
        report_beside(name, &corpus, &unseen, scores);
    }

    let scored = |scores: &[f32]| -> Vec<(f32, bool)> {
        unseen.iter().map(|at| (scores[*at], examples[*at].attack)).collect()
    };
    let others = |scores: &[f32]| -> Vec<(f32, bool)> {
        unseen
            .iter()
            .filter(|at| !examples[**at].operator)
            .map(|at| (scores[*at], examples[*at].attack))
            .collect()
    };
    let mut weights = fit(&examples[..corpus.train], |example| example.for_words);
    (weights.slope, weights.shift) = calibrate(&scored(&words));
    (weights.flag, weights.block) = (threshold(&others(&words), 0.01), threshold(&others(&words), 0.002));
    let bytes = weights.write();
    let weights = Weights::read(&bytes)?;
    std::fs::write(words_file, bytes)?;

    let mut meaning = by_encoders.head;
    meaning.joint = shares;
    let (slope, shift) = calibrate(&scored(&joint));
    (meaning.curve, meaning.flag, meaning.block) = ([slope, shift], flag, block);
    println!(
        "join: words {:.3}, meaning {:.3}, shift {:.3}",
        meaning.joint[0], meaning.joint[1], meaning.joint[2]
    );
    std::fs::write(meaning_file, meaning.write())?;
    let harm = harm::train(&corpus)?;
    std::fs::write(harm_file, harm.write())?;
    doubt(&corpus, &unseen, &margins, &weights, &meaning);
    rates(&corpus, &unseen, &margins, &weights, &meaning);
    dev(&corpus, &weights, &meaning)?;
    speed(weights, meaning, &format!("{folder}/dev.jsonl"))
}

/// For each row to train on or to score, what a model of words makes of it that has not seen its family.
fn unseen_words(corpus: &Corpus) -> Vec<f32> {
    let found = corpus.held_out().into_par_iter().map(|family| {
        let words = corpus.words_without(family);
        corpus.judged(family).map(|at| (at, corpus.examples[at].margin(&words))).collect::<Vec<_>>()
    });
    let mut margins = vec![f32::NAN; corpus.scored];
    for (at, margin) in found.collect::<Vec<_>>().into_iter().flatten() {
        margins[at] = margin;
    }
    margins
}

/// Prints how well words alone do on unseen families.
fn measure(corpus: &Corpus) {
    let margins = unseen_words(corpus);
    let unseen: Vec<usize> =
        (0..corpus.train).filter(|at| corpus.examples[*at].family < corpus.read).collect();
    report("words alone", corpus, &unseen, &margins);
    report_beside("words alone", corpus, &unseen, &margins);
}

fn share(margins: &[f32], at: f32) -> f64 {
    margins.iter().filter(|margin| **margin >= at).count() as f64 / margins.len().max(1) as f64
}

/// Prints how well `scores` tell attacks of unseen families, and which share of each source, of made innocents and of gathered
/// attacks is told; gives the thresholds for 1 % and 0.2 % false positives.
fn report(name: &str, corpus: &Corpus, unseen: &[usize], scores: &[f32]) -> (f32, f32) {
    let examples = &corpus.examples;
    let rows: Vec<(f32, bool)> = unseen.iter().map(|at| (scores[*at], examples[*at].attack)).collect();
    // What an operator wrote gives orders by right and is judged as such: thresholds are for everybody else's texts.
    let others: Vec<(f32, bool)> =
        unseen.iter().zip(&rows).filter(|(at, _)| !examples[**at].operator).map(|(_, row)| *row).collect();
    let (one, tenth) = (threshold(&others, 0.01), threshold(&others, 0.002));
    let attacks: Vec<f32> = rows.iter().filter(|row| row.1).map(|row| row.0).collect();
    println!(
        "{name}: unseen families: AUC {:.3}, without operators' prompts {:.3}; recall {:.3} at 1 % false positives, {:.3} at 0.2 %",
        auc(&rows),
        auc(&others),
        share(&attacks, one),
        share(&attacks, tenth)
    );
    let mut by_source: BTreeMap<(&str, bool), Vec<f32>> = BTreeMap::new();
    let rest = (0..corpus.train)
        .filter(|at| examples[*at].family == corpus.read || corpus.gathered(examples[*at].family));
    for at in unseen.iter().copied().chain(rest) {
        by_source.entry((&examples[at].source, examples[at].attack)).or_default().push(scores[at]);
    }
    for ((source, attack), margins) in &by_source {
        println!(
            "  {source:28} {} {:5} reached {:.3}",
            if *attack { "attack" } else { "harmless" },
            margins.len(),
            share(margins, one)
        );
    }
    (one, tenth)
}

/// Prints how many texts reach the thresholds for 1 % and 0.2 % false positives with something harmless beside them, and how many of
/// the same texts by themselves.
fn report_beside(name: &str, corpus: &Corpus, unseen: &[usize], scores: &[f32]) {
    let examples = &corpus.examples;
    let others: Vec<(f32, bool)> = unseen
        .iter()
        .filter(|at| !examples[**at].operator)
        .map(|at| (scores[*at], examples[*at].attack))
        .collect();
    let limits = [threshold(&others, 0.01), threshold(&others, 0.002)];
    for attack in [true, false] {
        let rows: Vec<usize> =
            (corpus.train..corpus.scored).filter(|at| examples[*at].attack == attack).collect();
        let beside: Vec<f32> = rows.iter().map(|at| scores[*at]).collect();
        let alone: Vec<f32> = rows.iter().map(|at| scores[corpus.alone[at - corpus.train]]).collect();
        println!(
            "{name}: {} {} with something harmless beside them: {:.3} and {:.3} reached, by themselves {:.3} and {:.3}",
            rows.len(),
            if attack { "attacks" } else { "harmless texts" },
            share(&beside, limits[0]),
            share(&beside, limits[1]),
            share(&alone, limits[0]),
            share(&alone, limits[1])
        );
    }
}

/// Prints what is gained when the meaning is asked only where the words leave doubt, and how often that is.
fn doubt(corpus: &Corpus, unseen: &[usize], margins: &[(f32, f32)], weights: &Weights, meaning: &Meaning) {
    for band in DOUBTS {
        let (mut asked, mut all) = ([0_usize; 2], [0_usize; 2]);
        let mut flagged = [0_usize; 2];
        let mut rows = Vec::new();
        for at in unseen {
            let (words, by_meaning) = margins[*at];
            let (alone, example) = (weights.probability(words), &corpus.examples[*at]);
            let doubtful = band.contains(&alone);
            let joint = meaning.join(words, by_meaning);
            let score = if doubtful { meaning.probability(joint) } else { alone };
            let reached = if doubtful { joint >= meaning.flag } else { words >= weights.flag };
            rows.push((score, example.attack, example.operator));
            flagged[usize::from(example.attack)] += usize::from(reached);
            all[usize::from(example.attack)] += 1;
            asked[usize::from(example.attack)] += usize::from(doubtful);
        }
        let others: Vec<(f32, bool)> = rows.iter().filter(|row| !row.2).map(|row| (row.0, row.1)).collect();
        let every: Vec<(f32, bool)> = rows.iter().map(|row| (row.0, row.1)).collect();
        let attacks: Vec<f32> = rows.iter().filter(|row| row.1).map(|row| row.0).collect();
        println!(
            "doubt from {} to {}: asked for {:.3} of the harmless and {:.3} of the attacks; AUC {:.3}, recall {:.3} at 1 % and {:.3} at 0.2 %; \
             at the thresholds {:.3} of the harmless and {:.3} of the attacks",
            band.start(),
            band.end(),
            asked[0] as f64 / all[0].max(1) as f64,
            asked[1] as f64 / all[1].max(1) as f64,
            auc(&every),
            share(&attacks, threshold(&others, 0.01)),
            share(&attacks, threshold(&others, 0.002)),
            flagged[0] as f64 / all[0].max(1) as f64,
            flagged[1] as f64 / all[1].max(1) as f64
        );
    }
}

/// Prints the rows of the table in `injection/rates.rs`: log odds of the scores that each share of the harmless texts reaches.
fn rates(corpus: &Corpus, unseen: &[usize], margins: &[(f32, f32)], weights: &Weights, meaning: &Meaning) {
    let rows: Vec<(f32, f32, bool)> = unseen
        .iter()
        .filter(|at| !corpus.examples[**at].operator)
        .map(|at| {
            let (words, by_meaning) = margins[*at];
            let joint = meaning.curve[0] * meaning.join(words, by_meaning) + meaning.curve[1];
            (weights.slope * words + weights.shift, joint, corpus.examples[*at].attack)
        })
        .collect();
    let harmless = rows.iter().filter(|row| !row.2).count();
    let of = |log_odds: &dyn Fn(&(f32, f32, bool)) -> f32, rate| {
        threshold(&rows.iter().map(|row| (log_odds(row), row.2)).collect::<Vec<_>>(), rate)
    };
    println!("rates, of {harmless} harmless texts: words alone, in doubt both, both");
    for rate in RATES {
        let doubtful = |row: &(f32, f32, bool)| {
            if DOUBT.contains(&(1.0 / (1.0 + (-row.0).exp()))) { row.1 } else { row.0 }
        };
        let (words, doubt, both) = (of(&|row| row.0, rate), of(&doubtful, rate), of(&|row| row.1, rate));
        println!("    Row {{ rate: {rate}, words: {words:.4}, doubt: {doubt:.4}, both: {both:.4} }},");
    }
}

/// Prints how the shipped models score the rows that were never trained on.
fn dev(corpus: &Corpus, weights: &Weights, meaning: &Meaning) -> Result<(), Box<dyn std::error::Error>> {
    let mut rows: BTreeMap<&str, Vec<(f32, bool)>> = BTreeMap::new();
    let mut all = Vec::new();
    let members: Vec<usize> = (corpus.scored..corpus.examples.len()).collect();
    let margins = semantics::margins(encoder::shipped()?, meaning, &corpus.texts_of(&members));
    for (at, margin) in members.into_iter().zip(margins) {
        let example = &corpus.examples[at];
        let row = (meaning.join(example.margin(weights), margin), example.attack);
        rows.entry(&example.source).or_default().push(row);
        all.push(row);
    }
    println!("dev: AUC {:.3}", auc(&all));
    for (source, scores) in rows {
        let side = |attack: bool| -> Vec<f32> {
            scores.iter().filter(|entry| entry.1 == attack).map(|entry| entry.0).collect()
        };
        println!(
            "  {source:28} AUC {:.3}, recall {:.3}, false {:.3}",
            auc(&scores),
            share(&side(true), meaning.flag),
            share(&side(false), meaning.flag)
        );
    }
    Ok(())
}

/// Says how fast texts are judged on one core, best of three rounds.
fn speed(weights: Weights, meaning: Meaning, path: &str) -> Result<(), Box<dyn std::error::Error>> {
    let mut texts = Vec::new();
    for line in std::fs::read_to_string(path)?.lines().step_by(8) {
        let row: serde_json::Value = serde_json::from_str(line)?;
        texts.extend(row["text"].as_str().map(str::to_owned));
    }
    let bytes: usize = texts.iter().map(String::len).sum();
    for (name, judge) in [
        ("words", Judge::with(weights.clone())?),
        ("words and meaning", Judge::with(weights)?.with_meaning(meaning)?),
    ] {
        let mut best = f64::MAX;
        for _ in 0..3 {
            let started = std::time::Instant::now();
            for text in &texts {
                std::hint::black_box(judge.judge(text, Role::User));
            }
            best = best.min(started.elapsed().as_secs_f64());
        }
        let (speed, kilobyte) = (bytes as f64 / 1e6 / best, best * 1e6 * 1024.0 / bytes as f64);
        println!("speed of {name}: {speed:.2} MB/s, {kilobyte:.0} µs for a kilobyte");
    }
    Ok(())
}
